-- 0020: what signs join is found by its parts (COVID-19, TASS/Reuters, St.Petersburg, kremlin.ru), U.S. by US, and a
-- Chinese name by each of its letters.
-- admits: 1

ALTER FUNCTION onrecord.search_fold_in(text, text) RENAME TO search_letters;

-- PostgreSQL's parser takes "-19" for a number, "TASS/Reuters" and "left.Then" for one word each, "<unnamed>" and
-- "&amp;" for nothing. A comma parts what it stands between, and is itself no word. What stays is the hyphen between a
-- single letter and a digit (S-400, T-72: such a letter is often a word that nobody looks for) and the dots of U.S. and
-- of 1.5. A regular expression that looks behind itself takes thirty times as long.
CREATE FUNCTION onrecord.search_part(text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(text,
           '\m([[:alpha:]])-(?=[0-9])', U&'\\1\E001', 'g'),
           '[-/<&@+]', ',', 'g'),
           '([[:alpha:]]{2})\.(?=[[:alnum:]])', '\1,', 'g'),
           '([[:alnum:]])\.(?=[[:alpha:]]{2})', '\1,', 'g'),
           U&'\E001', '-');

COMMENT ON FUNCTION onrecord.search_part IS 'Parts what signs join; a code point stays one code point';

CREATE FUNCTION onrecord.search_fold_in(config text, text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN text ~ '[-/<&@+\u2010\u2011]|[[:alnum:]]\.[[:alnum:]]'
            THEN onrecord.search_part(onrecord.search_letters(config, text))
            ELSE onrecord.search_letters(config, text) END;

-- Letters that nothing parts are joined to those of other writings too: COVID in the middle of Chinese is a word.
CREATE FUNCTION onrecord.search_marking(config text, text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(onrecord.search_fold_in(config, text), '[' || onrecord.search_unparted() || ']', ',', 'g');

COMMENT ON FUNCTION onrecord.search_letters IS 'search_fold, as articles of that configuration need it';
COMMENT ON FUNCTION onrecord.search_fold_in IS 'The text that words are taken from: search_letters, and search_part';
COMMENT ON FUNCTION onrecord.search_marking IS
    'The same without what nothing parts, which the server marks by itself: for ts_headline';

-- Of folded text, that is.
DROP FUNCTION onrecord.search_words(text, text);

CREATE FUNCTION onrecord.search_words(text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    words text := text;
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

COMMENT ON FUNCTION onrecord.search_words IS 'Folded text whose runs that nothing parts are pairs of neighbours';

CREATE OR REPLACE FUNCTION onrecord.search_vector(config text, text text, weight "char") RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    words text := onrecord.search_words(onrecord.search_fold_in(config, text));
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

-- A hyphen refuses the word or the phrase that it stands before; before anything else it is a dash, behind a letter a
-- sign that joins, and in a phrase nothing. search_part would take it for one that joins: meanwhile it is U+E002.
CREATE FUNCTION onrecord.search_refusals(words text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT string_agg(CASE WHEN p.place % 2 = 1 THEN regexp_replace(p.part, '(^|[[:space:](])-', U&'\\1\E002', 'g')
                               ELSE p.part END, '"' ORDER BY p.place)
        FROM string_to_table(regexp_replace(words, '-(?=[-!&|<>()[:space:]\u00a0\u2000-\u200a\u202f\u205f\u3000]|$)',
                                            ' ', 'g'), '"') WITH ORDINALITY AS p (part, place));

COMMENT ON FUNCTION onrecord.search_refusals IS 'A query whose hyphens that refuse are U+E002, and whose dashes are gone';

-- US is also U.S. and UK also U.K.; who writes the dots means those.
CREATE FUNCTION onrecord.search_dotted(config regconfig, words text, wanted tsquery) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    letters text;
    plain tsquery;
BEGIN
    FOR letters IN SELECT DISTINCT m[1] FROM regexp_matches(words, '\m([A-Z]{2,4})\M', 'g') AS m LOOP
        plain := plainto_tsquery(config, letters);
        wanted := ts_rewrite(wanted, plain, plain || plainto_tsquery(config, regexp_replace(letters, '(.)', '\1.', 'g')));
    END LOOP;
    RETURN wanted;
END
$$;

COMMENT ON FUNCTION onrecord.search_dotted IS 'A query in which an acronym is also found with dots: US as U.S.';

CREATE OR REPLACE FUNCTION onrecord.search_query(config text, text text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    named CONSTANT regconfig := 'onrecord.' || config;
    words text := replace(onrecord.search_letters(config, text), '""', '');
    wanted tsquery;
BEGIN
    IF words ~ '[-/<&@+.]' THEN
        words := replace(onrecord.search_part(onrecord.search_refusals(words)), U&'\E002', '-');
    END IF;
    -- A run that nothing parts is a phrase of its pairs.
    words := regexp_replace(words, '("[^"]*")|([' || onrecord.search_unparted() || ']{2,})', '\1"\2"', 'g');
    wanted := websearch_to_tsquery(named, onrecord.search_words(replace(words, '""', '')));
    RETURN CASE WHEN words ~ '\m[A-Z]{2,4}\M' THEN onrecord.search_dotted(named, words, wanted) ELSE wanted END;
END
$$;

-- "this or -that" is nothing that an index could be asked for, and querytree says so of all of it: its words are then
-- taken one by one.
CREATE OR REPLACE FUNCTION onrecord.search_marked(query tsquery) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    wanted text := querytree(query);
    words tsquery := '';
    token text;
    refused boolean := false; -- the next word, or the next parenthesis
    depth integer := 0;
    refused_depth integer; -- that of the parenthesis that is refused
BEGIN
    IF wanted NOT IN ('', 'T') THEN
        RETURN wanted;
    END IF;
    FOR token IN SELECT m[1] FROM regexp_matches(query::text, '(''(?:[^'']|'''')*''[:*A-D]*|[!()])', 'g') AS m LOOP
        IF token = '!' THEN
            refused := true;
            CONTINUE;
        ELSIF token = '(' THEN
            depth := depth + 1;
            refused_depth := coalesce(refused_depth, CASE WHEN refused THEN depth END);
        ELSIF token = ')' THEN
            refused_depth := nullif(refused_depth, depth);
            depth := depth - 1;
        ELSIF NOT refused AND refused_depth IS NULL THEN
            words := words || token::tsquery;
        END IF;
        refused := false;
    END LOOP;
    RETURN words;
END
$$;

-- Each letter that nothing parts is a word of a name: 近平 finds 习近平. U+E000 stands before each word but the first.
CREATE OR REPLACE FUNCTION onrecord.speaker_names_of(speaker bigint, name text, aliases text[])
RETURNS SETOF onrecord.speaker_names
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT speaker, item.position::integer - 1, part.word::integer,
           array_to_string(item.words[part.word:], ''), onrecord.name_sound(rtrim(part.text))
    FROM (SELECT list.position, string_to_array(
                     regexp_replace(replace(onrecord.name_fold(list.name), ' ', U&' \E000'),
                                    '([' || onrecord.search_unparted() || '])(?=[^ ])', U&'\\1\E000', 'g'),
                     U&'\E000') AS words
          FROM unnest(array_prepend(name, aliases)) WITH ORDINALITY AS list (name, position)) AS item,
         unnest(item.words) WITH ORDINALITY AS part (text, word)
    WHERE part.word <= 16;
END;

-- What is there is found by its parts: derived columns follow those that they are derived from.
ALTER TABLE onrecord.articles DISABLE TRIGGER USER;
UPDATE onrecord.articles SET language = language
 WHERE onrecord.search_part(onrecord.search_fold(concat_ws(' ', headline, alternative_headline, summary, body))) <> onrecord.search_fold(concat_ws(' ', headline, alternative_headline, summary, body));
ALTER TABLE onrecord.articles ENABLE TRIGGER USER;
ALTER TABLE onrecord.quotes DISABLE TRIGGER USER;
UPDATE onrecord.quotes SET search_config = search_config
 WHERE onrecord.search_part(onrecord.search_fold(concat_ws(' ', text, speaker_as_printed, role))) <> onrecord.search_fold(concat_ws(' ', text, speaker_as_printed, role));
ALTER TABLE onrecord.quotes ENABLE TRIGGER USER;
ALTER TABLE onrecord.events DISABLE TRIGGER USER;
UPDATE onrecord.events SET search_config = search_config
 WHERE onrecord.search_part(onrecord.search_fold(concat_ws(' ', name, place, description))) <> onrecord.search_fold(concat_ws(' ', name, place, description));
ALTER TABLE onrecord.events ENABLE TRIGGER USER;
ALTER TABLE onrecord.sources DISABLE TRIGGER USER;
UPDATE onrecord.sources SET name = name
 WHERE onrecord.search_part(onrecord.search_fold(concat_ws(' ', name, description))) <> onrecord.search_fold(concat_ws(' ', name, description));
ALTER TABLE onrecord.sources ENABLE TRIGGER USER;

DELETE FROM onrecord.speaker_names AS names USING onrecord.speakers AS speaker
WHERE names.speaker_id = speaker.id
  AND array_to_string(speaker.name || speaker.aliases, ' ') ~ ('[' || onrecord.search_unparted() || ']{2}');
INSERT INTO onrecord.speaker_names
SELECT names.* FROM onrecord.speakers AS speaker,
     LATERAL onrecord.speaker_names_of(speaker.id, speaker.name, speaker.aliases) AS names
WHERE NOT EXISTS (SELECT FROM onrecord.speaker_names AS there WHERE there.speaker_id = speaker.id);
