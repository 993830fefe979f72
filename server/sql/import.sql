-- What `onrecord import` keeps and asks.

-- name: import_begin
-- Where the file stands. $1 fingerprint, $2 name, $3: as if it had never been read
INSERT INTO onrecord.imports AS i (fingerprint, name)
VALUES ($1, $2)
ON CONFLICT (fingerprint) DO UPDATE
    SET name = $2,
        lines = CASE WHEN $3::boolean THEN 0 ELSE i.lines END,
        bytes = CASE WHEN $3::boolean THEN 0 ELSE i.bytes END,
        beyond = CASE WHEN $3::boolean THEN '{}' ELSE i.beyond END,
        finished_at = CASE WHEN $3::boolean THEN NULL ELSE i.finished_at END
RETURNING i.id, i.lines, i.bytes, i.beyond, i.finished_at

-- name: import_progress
UPDATE onrecord.imports
   SET lines = $2::bigint, bytes = $3::bigint, beyond = $4::bigint[], updated_at = pg_catalog.clock_timestamp(),
       finished_at = CASE WHEN $5::boolean THEN pg_catalog.clock_timestamp() END
 WHERE id = $1::bigint

-- name: import_speakers
-- Who they are. $1 names, $2 pages at Wikidata, null: unknown. A row each: null, nobody is it; 0, several may be.
SELECT k.n,
       coalesce((SELECT min(s.id) FROM onrecord.speakers AS s WHERE s.same_as @> ARRAY[k.page]),
                (SELECT CASE count(*) WHEN 0 THEN NULL WHEN 1 THEN min(f.id) ELSE 0 END
                   FROM (SELECT s.id
                           FROM onrecord.speakers AS s
                          WHERE s.name = k.name
                            AND (k.page IS NULL
                                 OR NOT EXISTS (SELECT FROM unnest(s.same_as) AS page (url)
                                                 WHERE page.url LIKE 'https://www.wikidata.org/%'))
                          LIMIT 2) AS f))
  FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (name, page, n)
