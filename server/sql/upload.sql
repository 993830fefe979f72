-- Many records with an Idempotency-Key: record/progress.c says how it goes on.

-- name: upload_begin
SELECT run, lines, beyond, bytes, pg_catalog.encode(digest, 'hex'), counts, problems, problem_count, problems_more,
       finished_at
  FROM onrecord.upload_begin($1::bigint, $2, $3, pg_catalog.decode($4, 'hex'), $5,
                             interval '1 second' * $6::bigint)

-- name: upload_progress
-- Problems that are the same as before are not written anew.
WITH kept AS (
    UPDATE onrecord.answers
       SET expires_at = pg_catalog.clock_timestamp() + interval '1 second' * $14::bigint
     WHERE key_id = $1::bigint AND path = $2 AND key = $3
), upload AS (
    UPDATE onrecord.uploads AS u
       SET lines = $5::bigint,
           beyond = $6::bigint[],
           bytes = $7::bigint,
           digest = pg_catalog.decode($8, 'hex'),
           counts = $9::bigint[],
           problems = CASE WHEN pg_catalog.octet_length(u.problems) = pg_catalog.octet_length($10)
                           THEN u.problems ELSE $10 END,
           problem_count = $11::integer,
           problems_more = $12::bigint,
           updated_at = pg_catalog.clock_timestamp(),
           finished_at = CASE WHEN $13::boolean THEN pg_catalog.clock_timestamp() END
     WHERE u.key_id = $1::bigint AND u.path = $2 AND u.key = $3 AND u.run = $4::bigint
    RETURNING u.run
)
SELECT onrecord.refuse_unless(EXISTS (SELECT FROM upload), 'IK001')
