-- Speakers that are one, and those that are not (0007_merge.sql).

-- name: speaker_merge
-- $1 the one that goes, $2 whom it is merged into, $3 the versions that it may be at (null: any). Who does it is said before,
-- by change_actor.
SELECT m.outcome, m.speaker
  FROM onrecord.speaker_merge($1::bigint, $2::bigint, $3::bigint[]) AS m

-- name: speaker_unmerge
-- $1 the merged one, $2 the versions that the one that has its place may be at (null: any).
SELECT m.outcome, m.speaker
  FROM onrecord.speaker_unmerge($1::bigint, $2::bigint[]) AS m

-- name: speaker_distinguish
-- $1 and $2 two speakers, $3 whether they are two, $4-$6 who says so. One row where both are there.
WITH pair AS (
    SELECT least(a.id, b.id) AS low_id, greatest(a.id, b.id) AS high_id
      FROM onrecord.speakers a, onrecord.speakers b
     WHERE a.id = $1::bigint
       AND b.id = $2::bigint
       FOR KEY SHARE
), said AS (
    INSERT INTO onrecord.speaker_distinctions (low_id, high_id, changed_by, change_actor, change_reason)
    SELECT p.low_id, p.high_id, $4::bigint, $5, $6
      FROM pair p
     WHERE $3::boolean
        ON CONFLICT DO NOTHING
), unsaid AS (
    DELETE FROM onrecord.speaker_distinctions d
     USING pair p
     WHERE NOT $3::boolean
       AND d.low_id = p.low_id
       AND d.high_id = p.high_id
)
SELECT p.low_id, p.high_id
  FROM pair p
