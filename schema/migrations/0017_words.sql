-- 0017: words: none too long, no sign taken for a refusal, Arabic nouns found with and without the article.
-- admits: 1

-- The taa marbuta is what Arabic's stemmer knows nouns by, with the article and without; elsewhere it is folded.
CREATE FUNCTION onrecord.search_fold_in(config text, text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN config = 'arabic'
            THEN translate(onrecord.search_fold(translate(text, 'ة', U&'\E000')), U&'\E000', 'ة')
            ELSE onrecord.search_fold(text) END;

COMMENT ON FUNCTION onrecord.search_fold_in IS 'search_fold, as articles of that configuration need it';

-- PostgreSQL looks at a word's length (2,046 bytes) before its dictionaries, and unaccent may make it longer: one that
-- grew beyond that destroyed memory. A run without a space is cut into words that stay far below, unless it is ASCII,
-- which does not grow.
CREATE FUNCTION onrecord.search_words(config text, text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    words text := onrecord.search_fold_in(config, text);
    unparted text := '[' || onrecord.search_unparted() || ']';
BEGIN
    IF words ~ unparted THEN
        words := (
            SELECT string_agg(CASE WHEN c.here AND c.behind THEN c.letter || c.following || ' '
                                   WHEN c.here AND c.before THEN ' '
                                   WHEN c.here THEN ' ' || c.letter || ' '
                                   WHEN c.behind THEN c.letter || ' '
                                   ELSE c.letter END, '' ORDER BY c.place)
            FROM (SELECT l.letter, l.place, l.letter ~ unparted AS here,
                         coalesce(lag(l.letter) OVER w ~ unparted, false) AS before,
                         coalesce(lead(l.letter) OVER w ~ unparted, false) AS behind, lead(l.letter) OVER w AS following
                  FROM string_to_table(words, NULL) WITH ORDINALITY AS l (letter, place)
                  WINDOW w AS (ORDER BY l.place)) AS c);
    END IF;
    IF octet_length(words) > char_length(words) AND words ~ '\S{255}' THEN
        words := regexp_replace(words, '(\S{255})', '\1 ', 'g');
    END IF;
    RETURN words;
END
$$;

COMMENT ON FUNCTION onrecord.search_words(text, text) IS
    'Folded text whose runs that nothing parts are pairs of neighbours';

CREATE OR REPLACE FUNCTION onrecord.search_vector(config text, text text, weight "char") RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    words text := onrecord.search_words(config, text);
    letters text;
    vector tsvector;
BEGIN
    IF words IS NULL THEN
        RETURN '';
    END IF;
    vector := to_tsvector(('onrecord.' || config)::regconfig, words);
    IF words ~ ('[' || onrecord.search_unparted() || ']') THEN
        -- Each letter by itself as well: a query may be one.
        letters := regexp_replace(onrecord.search_fold(text), '[^' || onrecord.search_unparted() || ']+', '', 'g');
        vector := vector || strip(to_tsvector('pg_catalog.simple', regexp_replace(letters, '(.)', ' \1', 'g')));
    END IF;
    RETURN setweight(vector, weight);
END
$$;

CREATE OR REPLACE FUNCTION onrecord.search_query(config text, text text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    words text := onrecord.search_fold_in(config, text);
BEGIN
    -- A hyphen refuses the word or the phrase that it stands before; before anything else it is a dash.
    words := regexp_replace(replace(words, '""', ''), '-(?=[-!&|<>()[:space:]\u00a0\u2000-\u200a\u202f\u205f\u3000]|$)',
                            ' ', 'g');
    -- A run that nothing parts is a phrase of its pairs.
    words := regexp_replace(words, '("[^"]*")|([' || onrecord.search_unparted() || ']{2,})', '\1"\2"', 'g');
    RETURN websearch_to_tsquery(('onrecord.' || config)::regconfig,
                                onrecord.search_words(config, replace(words, '""', '')));
END
$$;

DROP FUNCTION onrecord.search_words(text);

CREATE FUNCTION onrecord.search_marked(query tsquery) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    wanted text := querytree(query);
BEGIN
    RETURN CASE WHEN wanted IN ('', 'T') THEN '' ELSE wanted END::tsquery;
END
$$;

COMMENT ON FUNCTION onrecord.search_marked IS 'The query without what it refuses';

-- What is there in Arabic is found by the new words: derived columns follow those that they are derived from.
ALTER TABLE onrecord.articles DISABLE TRIGGER USER;
UPDATE onrecord.articles SET language = language WHERE search_config = 'arabic';
ALTER TABLE onrecord.articles ENABLE TRIGGER USER;
ALTER TABLE onrecord.quotes DISABLE TRIGGER USER;
UPDATE onrecord.quotes SET search_config = search_config WHERE search_config = 'arabic';
ALTER TABLE onrecord.quotes ENABLE TRIGGER USER;
