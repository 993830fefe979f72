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
