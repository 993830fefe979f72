-- Speakers that are one, and those that are not (0007_merge.sql).

-- name: speaker_merge
-- $1 the one that goes, $2 whom it is merged into, $3 the versions that it may be at (null: any). Who does it is said before,
-- by change_actor. What came of it is known to the statements that follow in the transaction, too.
SELECT m.outcome, m.speaker, pg_catalog.set_config('onrecord.outcome', m.outcome, true)
  FROM onrecord.speaker_merge($1::bigint, $2::bigint, $3::bigint[]) AS m

-- name: speaker_unmerge
-- $1 the merged one, $2 the versions that the one that has its place may be at (null: any).
SELECT m.outcome, m.speaker, pg_catalog.set_config('onrecord.outcome', m.outcome, true)
  FROM onrecord.speaker_unmerge($1::bigint, $2::bigint[]) AS m

-- name: speaker_distinguish
-- $1 and $2 two speakers, the second perhaps merged, $3-$5 who says that they are two.
WITH one AS (
    SELECT s.id FROM onrecord.speakers s WHERE s.id = $1::bigint FOR KEY SHARE
), other AS (
    SELECT s.id FROM onrecord.speakers s WHERE s.id = (SELECT onrecord.speaker_survivor($2::bigint)) FOR KEY SHARE
), said AS (
    INSERT INTO onrecord.speaker_distinctions (low_id, high_id, changed_by, change_actor, change_reason)
    SELECT least(one.id, other.id), greatest(one.id, other.id), $3::bigint, $4, $5
      FROM one, other
     WHERE one.id <> other.id
        ON CONFLICT DO NOTHING
)
SELECT s.outcome, $2::bigint, pg_catalog.set_config('onrecord.outcome', s.outcome, true)
  FROM (SELECT CASE WHEN NOT EXISTS (SELECT FROM one) THEN 'missing'
                    WHEN NOT EXISTS (SELECT FROM other) THEN 'nowhere'
                    WHEN (SELECT id FROM one) = (SELECT id FROM other) THEN 'same'
                    ELSE 'distinct' END) AS s (outcome)

-- name: speaker_duplicates_begin
-- Nobody knows how many pairs there will be; should few be expected, a nested loop over all names would take minutes.
SELECT set_config('enable_nestloop', 'off', true)

-- name: speaker_duplicates
-- Pairs of speakers that may be one, the likeliest first, and none that are known to be two. What they share stands in
-- blocks: an address, a name, how two of its words sound (or its only one). Only those that share a block are compared; of
-- a block of more than twenty, each with its first alone. Those that but sound alike are the most, and below all others:
-- they are looked for only where the others do not fill the page.
-- $1 kind (null: any), $2 the least score, $3 and $4 behind which score and pair (null: none), $5 how many
WITH known AS MATERIALIZED (
    SELECT s.id, s.kind, s.same_as
      FROM onrecord.speakers s
     WHERE s.kind <> 'unnamed'
       AND ($1::text IS NULL OR s.kind = $1)
), names AS MATERIALIZED (
    SELECT k.id, n.position, n.rest AS name
      FROM known k
      JOIN onrecord.speaker_names n ON n.speaker_id = k.id AND n.word = 1
), url_blocks AS MATERIALIZED (
    SELECT k.id, u.url, min(k.id) OVER block AS first, count(*) OVER block AS size
      FROM known k, unnest(k.same_as) AS u (url)
    WINDOW block AS (PARTITION BY u.url)
), name_blocks AS MATERIALIZED (
    SELECT n.id, n.name, min(n.position) AS position, min(n.id) OVER block AS first, count(*) OVER block AS size
      FROM names n
     GROUP BY n.id, n.name
    WINDOW block AS (PARTITION BY n.name)
), shared AS (
    SELECT a.id AS low, b.id AS high, 'same_as' AS reason, 1::real AS score
      FROM url_blocks a
      JOIN url_blocks b ON b.url = a.url AND b.id > a.id
     WHERE a.size > 1
       AND (a.size <= 20 OR a.id = a.first)
    UNION ALL
    SELECT a.id, b.id, CASE WHEN a.position = 0 AND b.position = 0 THEN 'name' ELSE 'alias' END,
           CASE least(a.position, 1) + least(b.position, 1) WHEN 0 THEN 0.95 WHEN 1 THEN 0.9 ELSE 0.85 END::real
      FROM name_blocks a
      JOIN name_blocks b ON b.name = a.name AND b.id > a.id
     WHERE a.size > 1
       AND (a.size <= 20 OR a.id = a.first)
), likely AS MATERIALIZED (
    SELECT s.low, s.high, max(s.score) AS score, array_agg(DISTINCT s.reason ORDER BY s.reason DESC) AS reasons
      FROM shared s
     GROUP BY s.low, s.high
), likely_left AS MATERIALIZED (
    SELECT l.*
      FROM likely l
     WHERE l.score >= $2::real
       AND ($3::real IS NULL OR l.score < $3 OR (l.score = $3 AND ARRAY[l.low, l.high] > $4::bigint[]))
       AND NOT EXISTS (SELECT FROM onrecord.speaker_distinctions d WHERE d.low_id = l.low AND d.high_id = l.high)
), sounds AS (
    SELECT n.speaker_id AS id, k.kind, n.position, array_agg(DISTINCT n.sound ORDER BY n.sound) AS list
      FROM onrecord.speaker_names n
      JOIN known k ON k.id = n.speaker_id
     WHERE n.sound IS NOT NULL
     GROUP BY n.speaker_id, k.kind, n.position
), sound_keys AS (
    SELECT s.id, s.position, s.list, s.kind || ' ' || a.sound || ' ' || b.sound AS key
      FROM sounds s, unnest(s.list[:6]) WITH ORDINALITY AS a (sound, place),
           unnest(s.list[:6]) WITH ORDINALITY AS b (sound, place)
     WHERE a.place < b.place
    UNION ALL
    SELECT s.id, s.position, s.list, s.kind || ' ' || s.list[1]
      FROM sounds s
     WHERE cardinality(s.list) = 1
), sound_blocks AS MATERIALIZED (
    SELECT k.*, min(k.id) OVER block AS first, count(*) OVER block AS size
      FROM sound_keys k
    WINDOW block AS (PARTITION BY k.key)
), near AS (
    SELECT DISTINCT a.id AS low, b.id AS high, a.position AS low_position, b.position AS high_position,
           CASE WHEN a.list = b.list THEN least(cardinality(a.list), 2) ELSE 0 END AS sounds -- all alike: one, or more
      FROM sound_blocks a
      JOIN sound_blocks b ON b.key = a.key AND b.id > a.id
     WHERE a.size > 1
       AND (a.size <= 20 OR a.id = a.first)
), alike AS (
    SELECT n.low, n.high,
           max((ARRAY[0, 0.5, 0.6])[n.sounds + 1]
               + (ARRAY[0.8, 0.3, 0.2])[n.sounds + 1]
               * CASE WHEN length(a.name) < length(b.name) THEN onrecord.name_likeness(a.name, b.name)
                      ELSE onrecord.name_likeness(b.name, a.name) END)::real AS score
      FROM near n
      JOIN names a ON a.id = n.low AND a.position = n.low_position
      JOIN names b ON b.id = n.high AND b.position = n.high_position
     GROUP BY n.low, n.high
), alike_left AS (
    SELECT a.low, a.high, a.score, ARRAY['sound'] AS reasons
      FROM alike a
     WHERE $2::real <= 0.8
       AND (SELECT count(*) FROM likely_left) < $5::integer
       AND a.score >= $2::real
       AND ($3::real IS NULL OR a.score < $3 OR (a.score = $3 AND ARRAY[a.low, a.high] > $4::bigint[]))
       AND NOT EXISTS (SELECT FROM onrecord.speaker_distinctions d WHERE d.low_id = a.low AND d.high_id = a.high)
       AND NOT EXISTS (SELECT FROM likely l WHERE l.low = a.low AND l.high = a.high)
)
SELECT f.low, f.high, f.score, f.reasons
  FROM (SELECT * FROM likely_left UNION ALL SELECT * FROM alike_left) f
 ORDER BY f.score DESC, f.low, f.high
 LIMIT $5::integer
