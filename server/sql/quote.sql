-- Statements about quotes and the articles that they stand in.

-- name: quote_article
-- The article of a quote that is being written. Its end is GATHERS_BY: those of many quotes are asked for as one.
SELECT a.id, a.version, a.body
  FROM onrecord.articles a
 WHERE a.id = $1

-- name: article_quotes
-- The quotes of an article whose body changes.
SELECT q.id, q.text, q.spans, q.prefix, q.suffix, q.anchor,
       pg_catalog.md5(ROW(q.text, q.spans, q.anchor)::text) AS place
  FROM onrecord.quotes q
 WHERE q.article_id = $1::bigint
 ORDER BY q.id

-- name: article_reanchor
-- Moves the quotes of an article to their places in its new body. Behind the article's own UPDATE, in its transaction, which
-- fails as a whole unless the body is now the one that the places were found in, and its quotes, those that stay where they
-- are among them, were still those that were read, each as it was. (Who gives a quote a place locks the article.)
-- $1 article, $2 SHA-256 of the new body, $3 its quotes by id, $4 their places, $5 how many move, $6 the moves, $7-$9 who
WITH move AS (
    SELECT *
      FROM jsonb_to_recordset($6::jsonb)
           AS m (id bigint, was text, was_spans integer[], text text, spans integer[], prefix text, suffix text, anchor text)
), moved AS (
    UPDATE onrecord.quotes q
       SET text = m.text, spans = m.spans, prefix = m.prefix, suffix = m.suffix, anchor = m.anchor,
           changed_by = $7::bigint, change_actor = $8, change_reason = $9
      FROM move m
     WHERE q.id = m.id
       AND q.text = m.was
       AND q.spans = m.was_spans
    RETURNING q.id
)
SELECT onrecord.guard(
           (SELECT a.body_sha256 IS NOT DISTINCT FROM $2 FROM onrecord.articles a WHERE a.id = $1::bigint)
       AND (SELECT coalesce(array_agg(q.id ORDER BY q.id), '{}') = $3::bigint[]
               AND coalesce(array_agg(pg_catalog.md5(ROW(q.text, q.spans, q.anchor)::text) ORDER BY q.id), '{}') = $4::text[]
              FROM onrecord.quotes q WHERE q.article_id = $1::bigint)
       AND (SELECT count(*) = $5::bigint FROM moved))
