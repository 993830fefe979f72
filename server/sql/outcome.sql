-- What became of a write whose connection broke: db/outcome.c asks.

-- name: outcome_proof
-- The last statement of every write: the change that it logged last, and the time in which it did so. Neither a
-- transaction's id nor that of a change is enough: after a crash PostgreSQL gives out again what was not yet on disk.
--
-- And what it has touched, "quotes 12,articles 3": with $1, a change that was logged before the transaction began. It
-- may name what others have changed meanwhile as well. Null: it cannot be said, or is too much.
SELECT onrecord.last_change(), pg_catalog.now(), pg_catalog.clock_timestamp(),
       CASE WHEN $1::bigint IS NOT NULL THEN (
            SELECT CASE WHEN pg_catalog.count(*) <= 2000
                        THEN coalesce(pg_catalog.string_agg(DISTINCT c.resource || ' ' || c.record_id, ','), '') END
              FROM (SELECT changed.resource, changed.record_id
                      FROM onrecord.changes changed
                     WHERE changed.pos IS NULL AND changed.id > $1::bigint AND changed.changed_at >= pg_catalog.now()
                     LIMIT 2001) c)
       END

-- name: outcome_end
-- Ends the session that the write was under way in, which has lost its client: one row as long as it is there. One that
-- began after the write is another with the same number.
SELECT pg_catalog.pg_terminate_backend(pid)
  FROM pg_catalog.pg_stat_activity
 WHERE pid = $1::integer
   AND backend_start <= $2::timestamptz

-- name: outcome_find
-- One row when the write was committed.
SELECT FROM onrecord.changes
 WHERE id = $2::bigint
   AND changed_at BETWEEN $3::timestamptz AND $1::timestamptz
