-- Statements about records that the tables of fields do not make.

-- name: record_deleted
-- The tombstone of a record: one row when it was deleted, and whether nothing else is left.
SELECT r.version, r.erased
  FROM onrecord.revisions r
 WHERE r.resource = $1
   AND r.record_id = $2::bigint
   AND r.state IS NULL
 ORDER BY r.version DESC
 LIMIT 1

-- name: change_actor
-- Who deletes, and changes what goes with it: read by triggers and functions. Holds until the transaction ends.
SELECT set_config('onrecord.changed_by', coalesce($1, ''), true),
       set_config('onrecord.change_actor', coalesce($2, ''), true),
       set_config('onrecord.change_reason', coalesce($3, ''), true)

-- name: record_cascade
-- Before the DELETE of a record, in its transaction.
SELECT onrecord.record_cascade($1, $2::bigint, $3::bigint)

-- name: record_purge
-- Behind the DELETE of a record, in its transaction, or long after it.
SELECT onrecord.record_purge($1, $2::bigint, $3::boolean)

-- name: record_tombstone_lock
-- Whoever restores or erases a record goes through here one by one.
SELECT r.version
  FROM onrecord.revisions r
 WHERE r.resource = $1
   AND r.record_id = $2::bigint
   AND r.state IS NULL
 ORDER BY r.version DESC
 LIMIT 1
   FOR UPDATE

-- name: record_undo
-- Behind the INSERT that restores a record deleted as version $3: what was deleted or changed with it; whether it is back.
SELECT u.resource, u.record_id, u.returned
  FROM onrecord.act_undo($1, $2::bigint, $3::bigint) u

-- name: record_along
-- The same where it stays as it is.
SELECT DISTINCT r.resource, r.record_id, false
  FROM onrecord.revisions r
 WHERE r.act = pg_catalog.format('%s/%s/%s', $1::text, $2::bigint, $3::bigint)
   AND (r.resource, r.record_id) <> ($1, $2::bigint)
 ORDER BY 1, 2
