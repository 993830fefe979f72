-- Statements about quotes and the articles that they stand in.

-- name: quote_article
-- The article of a quote that is being written.
SELECT a.version, a.body
  FROM onrecord.articles a
 WHERE a.id = $1::bigint

-- name: article_quotes
-- The quotes of an article whose body changes.
SELECT q.id, q.text, q.spans, q.prefix, q.suffix, q.anchor
  FROM onrecord.quotes q
 WHERE q.article_id = $1::bigint
 ORDER BY q.id

-- name: article_reanchor
-- Moves the quotes of an article to their places in its new body. Behind the article's own UPDATE, in its transaction, which
-- fails as a whole unless the body is now the one that the places were found in, every quote was still as it was read, and
-- no other has come.
-- $1 article, $2 SHA-256 of the new body, $3 how many quotes it has, $4 how many move, $5 the moves, $6-$8 who
WITH move AS (
    SELECT *
      FROM jsonb_to_recordset($5::jsonb)
           AS m (id bigint, was text, was_spans integer[], text text, spans integer[], prefix text, suffix text, anchor text)
), moved AS (
    UPDATE onrecord.quotes q
       SET text = m.text, spans = m.spans, prefix = m.prefix, suffix = m.suffix, anchor = m.anchor,
           changed_by = $6::bigint, change_actor = $7, change_reason = $8
      FROM move m
     WHERE q.id = m.id
       AND q.text = m.was
       AND q.spans = m.was_spans
    RETURNING q.id
)
SELECT onrecord.guard(
           (SELECT a.body_sha256 IS NOT DISTINCT FROM $2 FROM onrecord.articles a WHERE a.id = $1::bigint)
       AND (SELECT count(*) = $3::bigint FROM onrecord.quotes q WHERE q.article_id = $1::bigint)
       AND (SELECT count(*) = $4::bigint FROM moved))
