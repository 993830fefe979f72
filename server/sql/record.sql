-- Statements about records that the tables of fields do not make.

-- name: record_deleted
-- The tombstone of a record: one row when it was deleted.
SELECT r.version
  FROM onrecord.revisions r
 WHERE r.resource = $1
   AND r.record_id = $2::bigint
   AND r.state IS NULL
 ORDER BY r.version DESC
 LIMIT 1

-- name: change_actor
-- Who deletes: read by the triggers that write the tombstone. Holds until the transaction ends.
SELECT set_config('onrecord.changed_by', coalesce($1, ''), true),
       set_config('onrecord.change_actor', coalesce($2, ''), true),
       set_config('onrecord.change_reason', coalesce($3, ''), true)
