-- Answers to writes with an Idempotency-Key: record/idempotency.c says how they are kept.

-- name: answer_find
-- One row when a request with this key was answered; the fingerprint is null where its record was erased.
SELECT pg_catalog.encode(fingerprint, 'hex'), status, resource, record_id, version, detail
  FROM onrecord.answers
 WHERE key_id = $1::bigint
   AND path = $2
   AND key = $3
   AND expires_at > pg_catalog.clock_timestamp()

-- name: answer_guard
SELECT onrecord.answer_guard($1::bigint, $2, $3)

-- name: answer_guard_joined
-- Of many writes in one transaction.
SELECT onrecord.answer_guard(s.key_id::bigint, s.path, s.key)
  FROM unnest($1::text[], $2::text[], $3::text[]) AS s (key_id, path, key)

-- name: answer_expire
-- Some of those whose time is over; other servers do the same.
DELETE FROM onrecord.answers
 WHERE ctid = ANY (ARRAY(
           SELECT ctid
             FROM onrecord.answers
            WHERE expires_at <= pg_catalog.clock_timestamp()
            ORDER BY expires_at
            LIMIT 5000
              FOR UPDATE SKIP LOCKED))
