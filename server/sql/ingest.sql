-- An article with all that belongs to it: what is there already, and the order of those who write at the same time.

-- name: ingest_speakers
-- $1: what is described, [{n, id, external_id, name, kind}]. A row for each that it may mean, or one without an id; and
-- the name as it is compared.
SELECT w.n, s.id, s.name, f.matched_by, onrecord.name_plain(w.name)
  FROM jsonb_to_recordset($1::jsonb) AS w (n integer, id bigint, external_id text, name text, kind text)
  LEFT JOIN LATERAL (
       SELECT i.id, 'id' AS matched_by FROM onrecord.speakers i WHERE i.id = onrecord.speaker_survivor(w.id)
       UNION ALL
       SELECT e.id, 'external_id' FROM onrecord.speakers e WHERE w.id IS NULL AND e.external_id = w.external_id
       UNION ALL
       SELECT k.into_id, 'external_id' FROM onrecord.speaker_merges k JOIN onrecord.speakers i ON i.id = k.into_id
        WHERE w.id IS NULL AND k.external_id = w.external_id
          AND NOT EXISTS (SELECT FROM onrecord.speakers e WHERE e.external_id = w.external_id)
       UNION ALL
       SELECT m.id, m.matched_by FROM onrecord.speakers_named(w.name, w.kind, w.external_id) m
        WHERE w.id IS NULL
          AND NOT EXISTS (SELECT FROM onrecord.speakers e WHERE e.external_id = w.external_id)
          AND NOT EXISTS (SELECT FROM onrecord.speaker_merges k WHERE k.external_id = w.external_id)
       LIMIT 11) f ON true
  LEFT JOIN onrecord.speakers s ON s.id = f.id
 ORDER BY w.n, s.id

-- name: ingest_sources
SELECT w.n, s.id, s.name, f.matched_by, w.name || coalesce('/' || w.country, '')
  FROM jsonb_to_recordset($1::jsonb) AS w (n integer, id bigint, external_id text, name text, url text, country text)
  LEFT JOIN LATERAL (
       SELECT i.id, 'id' AS matched_by FROM onrecord.sources i WHERE i.id = w.id
       UNION ALL
       SELECT e.id, 'external_id' FROM onrecord.sources e WHERE w.id IS NULL AND e.external_id = w.external_id
       UNION ALL
       SELECT m.id, 'name' FROM onrecord.sources m
        WHERE w.id IS NULL AND m.name = w.name AND (w.country IS NULL OR m.country = w.country)
          AND (w.external_id IS NULL OR m.external_id IS NULL)
          AND NOT EXISTS (SELECT FROM onrecord.sources e WHERE e.external_id = w.external_id)
       LIMIT 11) f ON true
  LEFT JOIN onrecord.sources s ON s.id = f.id
 ORDER BY w.n, s.id

-- name: ingest_events
-- $1: [{n, id, external_id, name}]; a name only where nothing is to be made of it.
SELECT w.n, s.id, s.name, f.matched_by, NULL
  FROM jsonb_to_recordset($1::jsonb) AS w (n integer, id bigint, external_id text, name text)
  LEFT JOIN LATERAL (
       SELECT i.id, 'id' AS matched_by FROM onrecord.events i WHERE i.id = w.id
       UNION ALL
       SELECT e.id, 'external_id' FROM onrecord.events e WHERE w.id IS NULL AND e.external_id = w.external_id
       UNION ALL
       SELECT m.id, 'name' FROM onrecord.events m
        WHERE w.id IS NULL AND w.external_id IS NULL AND m.name = w.name
       LIMIT 11) f ON true
  LEFT JOIN onrecord.events s ON s.id = f.id
 ORDER BY w.n, s.id

-- name: ingest_ids
-- So many ids of a table.
SELECT pg_catalog.nextval(pg_catalog.pg_get_serial_sequence($1, 'id'))
  FROM pg_catalog.generate_series(1, $2::integer)

-- name: ingest_turn
-- Whoever makes a speaker by one of these names waits here for the others who do.
SELECT pg_catalog.pg_advisory_xact_lock(turn.key)
  FROM (SELECT DISTINCT pg_catalog.hashtextextended('onrecord.speaker.' || onrecord.name_plain(w.name), 0) AS key
          FROM jsonb_to_recordset($1::jsonb) AS w (name text)
         ORDER BY key) AS turn

-- name: ingest_guard
-- Those who are to be made are still not there. $1: [{name, kind, external_id}]
SELECT onrecord.guard(NOT EXISTS (
           SELECT FROM jsonb_to_recordset($1::jsonb) AS w (name text, kind text, external_id text),
                  LATERAL onrecord.speakers_named(w.name, w.kind, w.external_id)))

-- name: ingest_event
-- An event that is to be written to is still there.
SELECT onrecord.guard((SELECT true FROM onrecord.events e WHERE e.id = $1::bigint FOR UPDATE))
