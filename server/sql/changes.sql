-- The log of changes: its order, and reading it.

-- name: changes_elect
-- Whether this session is now the one that numbers: it stays so until it ends.
SELECT pg_catalog.pg_try_advisory_lock(8241953772)

-- name: changes_resign
SELECT pg_catalog.pg_advisory_unlock(8241953772)

-- name: changes_number
SELECT numbered, lag_us, seen, oldest, newest FROM onrecord.number_changes($1::bigint, $2::integer)

-- name: changes_listen
LISTEN onrecord_changes

-- name: changes_listen_written
LISTEN onrecord_written

-- name: changes_written
-- For the session that numbers, which may be another server's.
NOTIFY onrecord_written

-- name: changes_touched
-- Which records were changed behind a position, or are not numbered yet: "quotes 12,articles 3"; null: it cannot be
-- said, or is too much. Before it: what the log is, its end, and what number_changes (0008_changes.sql) says of how far
-- later looks at what is not numbered may skip, with the snapshot's own end for the newest transaction.
-- $1 the epoch and $2 the position up to which all is known, $3 up to which change nothing is unnumbered
SELECT pg_catalog.encode(pg_catalog.uuid_send(log.epoch), 'hex'), log.changes_last, sequence.last_value,
       pg_catalog.pg_snapshot_xmin(now.snapshot), pg_catalog.pg_snapshot_xmax(now.snapshot),
       CASE WHEN log.epoch = $1::uuid
             AND log.changes_dropped <= $2::bigint AND touched.count <= 2000 THEN touched.records END
  FROM onrecord.instance log, onrecord.changes_id_seq sequence,
       (SELECT pg_catalog.pg_current_snapshot() AS snapshot) now,
       (SELECT pg_catalog.count(*), coalesce(pg_catalog.string_agg(DISTINCT c.resource || ' ' || c.record_id, ','), '') AS records
          FROM (SELECT changed.resource, changed.record_id FROM onrecord.changes changed
                 WHERE changed.pos IS NOT NULL AND changed.pos > $2::bigint
                UNION ALL
                SELECT changed.resource, changed.record_id FROM onrecord.changes changed
                 WHERE changed.pos IS NULL AND changed.id > $3::bigint
                LIMIT 2001) c) touched

-- name: changes_page
-- The log behind a position: what it is, and up to $5 of the next changes that are wanted. It looks at 2000 of them at
-- most; then the last of those ends the page, wanted or not. Without changes it is one row of nulls.
-- $1 the position (null: the oldest kept), $2 resources, $3 record, $4 operations (null: any)
SELECT pg_catalog.encode(pg_catalog.uuid_send(log.epoch), 'hex'), log.changes_dropped, log.changes_last,
       page.pos, page.wanted, page.place = 2000, page.resource, page.record_id, page.operation, page.version, page.changed_at,
       page.changed_by
  FROM onrecord.instance log
  LEFT JOIN LATERAL (
       SELECT looked.*
         FROM (SELECT c.pos, c.resource, c.record_id, c.operation, c.version, c.changed_at, c.changed_by,
                      ($2::text[] IS NULL OR c.resource = ANY ($2::text[]))
                      AND ($3::bigint IS NULL OR c.record_id = $3::bigint)
                      AND ($4::text[] IS NULL OR c.operation = ANY ($4::text[])) AS wanted,
                      pg_catalog.row_number() OVER (ORDER BY c.pos) AS place
                 FROM onrecord.changes c
                WHERE c.pos > coalesce($1::bigint, log.changes_dropped)
                ORDER BY c.pos
                LIMIT 2000) looked
        WHERE looked.wanted OR looked.place = 2000
        ORDER BY looked.pos
        LIMIT $5::integer) page ON true
 ORDER BY page.pos
