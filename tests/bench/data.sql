-- data.sql: the data set of the benchmark, made set-based in a minute: for psql, as a superuser, on an empty record.
--
-- Variables: articles, speakers, events; body (a text of some sentences). Each article has ten quotes.
--
-- An article's body is the text's sentences, begun at another one for each, and its own number; so all bodies differ,
-- compress as news do, and hold every sentence once. A quote is one sentence of its article, with its true place and
-- context. Triggers are off: what they derive is derived here.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET synchronous_commit = off;
SET maintenance_work_mem = '256MB';
SET session_replication_role = replica;
SET search_path = onrecord, pg_catalog;

CREATE FUNCTION pg_temp.spread(n bigint, below bigint) RETURNS bigint LANGUAGE sql IMMUTABLE
RETURN abs(hashint8(n)::bigint) % below;

-- Some thousand names that look like names, for searching: syllables, chosen by the number's digits.
CREATE FUNCTION pg_temp.name(n bigint) RETURNS text LANGUAGE sql IMMUTABLE
RETURN initcap((SELECT string_agg(syllables.list[1 + (pg_temp.spread(n * 7 + place, 20))] || CASE place WHEN 2 THEN ' ' ELSE '' END,
                                  '' ORDER BY place)
                FROM generate_series(1, 5) AS place,
                     (VALUES (ARRAY['ka', 'mi', 'ro', 'ta', 'len', 'da', 'shu', 'zar', 'qa', 'ni', 'bel', 'or', 'vi', 'ham', 'sa',
                                    'ghul', 'ye', 'pra', 'dun', 'lo'])) AS syllables (list)));

-- 1. Sentences, and the layouts that bodies have.

CREATE TEMP TABLE sentences AS
SELECT row_number() OVER () - 1 AS n, btrim(sentence) AS text
FROM regexp_split_to_table(:'body', E'\n|(?<=[.”]) ') AS sentence
WHERE char_length(btrim(sentence)) > 20;

-- Where each sentence starts (sentences are joined by a space) when the body begins with that of number `layout`.
CREATE TEMP TABLE places AS
SELECT layout, position, text,
       sum(char_length(text) + 1) OVER (PARTITION BY layout ORDER BY position) - char_length(text) - 1 AS start
FROM (SELECT first.n AS layout, (other.n - first.n + count) % count AS position, other.text
      FROM sentences AS first, sentences AS other, (SELECT count(*) FROM sentences) AS total (count)) AS turned;

CREATE TEMP TABLE layouts AS
SELECT layout, string_agg(text, ' ' ORDER BY position) AS body FROM places GROUP BY layout;

CREATE TEMP TABLE quotable AS
SELECT layout, position, text, start::integer AS first, (start + char_length(text))::integer AS last,
       nullif(substr(body, greatest(start::integer - 31, 1), least(start::integer, 32)), '') AS prefix,
       nullif(substr(body, start::integer + char_length(text) + 1, 32), '') AS suffix
FROM places JOIN layouts USING (layout)
WHERE position BETWEEN 1 AND 10;
CREATE INDEX ON quotable (layout);
ANALYZE layouts, quotable;

-- 2. Records.

INSERT INTO sources (id, name, url, country)
SELECT n, 'Source ' || n, 'https://source' || n || '.example.org/', chr(65 + (n % 26)::integer) || chr(65 + (n / 26 % 26)::integer)
FROM generate_series(1::bigint, 200) AS n;

-- One in twenty is an organization; the others belong to one.
INSERT INTO speakers (id, name, kind, aliases, same_as, affiliations)
SELECT n, CASE WHEN n % 20 = 0 THEN 'Organization ' || n ELSE pg_temp.name(n) END,
       CASE WHEN n % 20 = 0 THEN 'organization' ELSE 'person' END,
       ARRAY['Alias ' || n], ARRAY['https://www.wikidata.org/wiki/Q' || n],
       CASE WHEN n % 20 = 0 THEN '[]'::jsonb
            ELSE jsonb_build_array(jsonb_build_object('organization_id', n - n % 20 + 20, 'role', 'spokesperson',
                'start_date', '2024', 'end_date', NULL, 'article_id', NULL)) END
FROM generate_series(1::bigint, :speakers) AS n;

INSERT INTO articles (id, headline, source_id, url, byline, dateline, section, published_at, summary, body, body_sha256,
                      keywords, via, mentions)
SELECT n, 'Headline of the article number ' || n || ', as long as headlines are', 1 + pg_temp.spread(n, 200),
       'https://news.example.org/2025/' || n, 'By a reporter', 'KABUL, Afghanistan', (ARRAY['world', 'politics', 'business'])[1 + n % 3],
       CASE WHEN n % 50 > 0 THEN timestamptz '2020-01-01' + n * interval '25 minutes' END,
       'What the article number ' || n || ' says, in a line.', text.body,
       encode(sha256(convert_to(text.body, 'UTF8')), 'hex'), ARRAY['diplomacy', 'keyword ' || n % 1000],
       CASE WHEN n % 2 = 0 THEN jsonb_build_array(jsonb_build_object('source_id', 1 + pg_temp.spread(-n, 200),
           'as_printed', 'an agency reports')) ELSE '[]' END,
       jsonb_build_array(jsonb_build_object('speaker_id', 1 + pg_temp.spread(n + 7, :speakers), 'as_printed', 'A name',
           'role', 'minister'))
FROM generate_series(1::bigint, :articles) AS n
JOIN layouts ON layout = n % (SELECT count(*) FROM layouts),
LATERAL (SELECT layouts.body || ' (' || n || ')' AS body) AS text;

INSERT INTO events (id, name, kind, status, starts_on, place, participants, article_ids, search_config)
SELECT n, 'Event ' || n, 'meeting', 'occurred', to_char(date '2020-01-01' + (n % 2000)::integer, 'YYYY-MM-DD'), 'Kabul',
       jsonb_build_array(jsonb_build_object('speaker_id', 1 + pg_temp.spread(n, :speakers), 'role', 'host')),
       ARRAY[1 + pg_temp.spread(n, :articles)], 'english'
FROM generate_series(1::bigint, :events) AS n;

-- The indexes of quotes are made anew behind a million rows, which takes a tenth of the time.
CREATE TEMP TABLE definitions AS
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'onrecord' AND tablename = 'quotes' AND indexname NOT IN (SELECT conname FROM pg_constraint);

DO $$
DECLARE
    definition record;
BEGIN
    FOR definition IN SELECT * FROM definitions LOOP
        EXECUTE format('DROP INDEX onrecord.%I', definition.indexname);
    END LOOP;
END
$$;

INSERT INTO quotes (id, article_id, text, kind, speaker_id, speaker_as_printed, role, spans, prefix, suffix, cue, channel,
                    said_on, about_ids, event_id, status, anchor, published_at, source_id, search_config)
SELECT number.id, article.id, place.text, 'direct', CASE WHEN number.id % 100 > 0 THEN 1 + pg_temp.spread(number.id, :speakers) END,
       'Speaker ' || pg_temp.spread(number.id, :speakers), -- a number that is a rare word
       CASE WHEN number.id % 10 = 3 THEN 'a governor of the province' ELSE 'a spokesperson of the ministry' END, ARRAY[place.first, place.last], place.prefix, place.suffix, 'said',
       (ARRAY['speech', 'interview', 'statement', NULL])[1 + number.id % 4],
       CASE WHEN number.id % 3 = 0 THEN to_char(article.published_at, 'YYYY-MM-DD') END,
       CASE WHEN number.id % 10 = 0 THEN ARRAY[1 + pg_temp.spread(-number.id, :speakers)] ELSE '{}' END,
       CASE WHEN number.id % 20 = 0 THEN 1 + pg_temp.spread(number.id, :events) END,
       CASE WHEN number.id % 50 > 0 THEN 'confirmed' ELSE 'proposed' END, 'anchored', article.published_at, article.source_id, 'english'
FROM (SELECT id, published_at, source_id FROM articles ORDER BY id) AS article
JOIN quotable AS place ON place.layout = article.id % (SELECT count(*) FROM layouts),
LATERAL (SELECT (article.id - 1) * 10 + place.position AS id) AS number;

DO $$
DECLARE
    definition record;
BEGIN
    FOR definition IN SELECT * FROM definitions LOOP
        EXECUTE definition.indexdef;
    END LOOP;
END
$$;

-- 3. What triggers would have derived.

INSERT INTO affiliations (speaker_id, position, organization_id)
SELECT id, 1, (affiliations -> 0 ->> 'organization_id')::bigint FROM speakers WHERE affiliations <> '[]';
INSERT INTO via (article_id, position, source_id)
SELECT id, 1, (via -> 0 ->> 'source_id')::bigint FROM articles WHERE via <> '[]';
INSERT INTO mentions (article_id, position, speaker_id)
SELECT id, 1, (mentions -> 0 ->> 'speaker_id')::bigint FROM articles;
INSERT INTO participants (event_id, position, speaker_id)
SELECT id, 1, (participants -> 0 ->> 'speaker_id')::bigint FROM events;
INSERT INTO article_events (event_id, position, article_id) SELECT id, 1, article_ids[1] FROM events;
INSERT INTO quote_abouts (quote_id, position, speaker_id) SELECT id, 1, about_ids[1] FROM quotes WHERE about_ids <> '{}';
INSERT INTO speaker_names SELECT names.* FROM speakers, LATERAL speaker_names_of(id, name, aliases) AS names;
INSERT INTO changes (resource, record_id, operation, version)
SELECT 'sources', id, 'insert', 1 FROM sources UNION ALL
SELECT 'speakers', id, 'insert', 1 FROM speakers UNION ALL
SELECT 'articles', id, 'insert', 1 FROM articles UNION ALL
SELECT 'events', id, 'insert', 1 FROM events UNION ALL
SELECT 'quotes', id, 'insert', 1 FROM quotes;

-- The server numbers them, which takes it a while that nothing else is to be measured in.
DO $$
BEGIN
    WHILE EXISTS (SELECT FROM changes WHERE pos IS NULL) LOOP
        PERFORM pg_sleep(0.1);
    END LOOP;
END
$$;

SELECT setval(pg_get_serial_sequence('onrecord.' || name, 'id'), newest) FROM (
    SELECT 'sources' AS name, max(id) AS newest FROM sources UNION ALL
    SELECT 'speakers', max(id) FROM speakers UNION ALL
    SELECT 'articles', max(id) FROM articles UNION ALL
    SELECT 'events', max(id) FROM events UNION ALL
    SELECT 'quotes', max(id) FROM quotes) AS tables \g /dev/null

VACUUM (ANALYZE);
CHECKPOINT;
