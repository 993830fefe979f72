-- 0020: what signs join is found by its parts (COVID-19, TASS/Reuters, St.Petersburg, kremlin.ru), U.S. by US, and a
-- Chinese name by each of its letters.
-- admits: 1

-- PostgreSQL's parser takes "-19" for a number, "TASS/Reuters" and "left.Then" for one word each. A comma parts what it
-- stands between, and is itself no word. What stays: the hyphen between letters, whose parts the parser finds; that
-- between a single letter and a digit (S-400, T-72: such a letter is often a word that nobody looks for); the dots of
-- U.S. and of 1.5; the slash of a tag. A regular expression that looks behind itself takes thirty times as long.
CREATE FUNCTION onrecord.search_part(text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN translate(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
           replace(replace(text, '</', U&'<\E002'), '/>', U&'\E002>'),
           '(^|[^[:alnum:]])([A-Za-z\u00c0-\u052f])-(?=[0-9])', U&'\\1\\2\E001', 'g'),
           '([0-9])-|-(?=[0-9])|[/@+]', '\1,', 'g'),
           '([[:alpha:]]{2})\.(?=[[:alnum:]])', '\1,', 'g'),
           '([[:alnum:]])\.(?=[[:alpha:]]{2})', '\1,', 'g'),
           U&'\E001\E002', '-/');

COMMENT ON FUNCTION onrecord.search_part IS 'Parts what signs join; a code point stays one code point';

-- Letters that nothing parts are joined to those of other writings too: COVID in the middle of Chinese is a word.
CREATE FUNCTION onrecord.search_marking(config text, text text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN text ~ ('[-/@+\u2010\u2011' || onrecord.search_unparted() || ']|\.[^[:space:]]')
            THEN onrecord.search_part(regexp_replace(onrecord.search_fold_in(config, text),
                                                     '[' || onrecord.search_unparted() || ']', ',', 'g'))
            ELSE onrecord.search_fold_in(config, text) END;

COMMENT ON FUNCTION onrecord.search_marking IS
    'A text whose words ts_headline marks; without what nothing parts, which the server marks by itself';

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
    IF words ~ '[-/@+]|[[:alnum:]]\.[[:alnum:]]' THEN
        words := onrecord.search_part(words);
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
-- sign that joins, and in a phrase nothing. What refuses is U+E003 until the signs that join are gone.
CREATE FUNCTION onrecord.search_refusals(words text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (SELECT string_agg(CASE WHEN p.place % 2 = 1
                               THEN regexp_replace(p.part, '(^|[[:space:]()|!&])-', U&'\\1\E003', 'g')
                               ELSE p.part END, '"' ORDER BY p.place)
        FROM string_to_table(regexp_replace(words, '-(?=[-!&|<>()[:space:]\u00a0\u2000-\u200a\u202f\u205f\u3000]|$)',
                                            ' ', 'g'), '"') WITH ORDINALITY AS p (part, place));

COMMENT ON FUNCTION onrecord.search_refusals IS 'A query whose hyphens that refuse are U+E003, and whose dashes are gone';

-- US is also U.S. and UK also U.K.; who writes the dots means those. PM is not p.m., and more than some are no query.
CREATE FUNCTION onrecord.search_dotted(config regconfig, words text, wanted tsquery) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    letters text;
    plain tsquery;
BEGIN
    FOR letters IN SELECT DISTINCT m[1] FROM regexp_matches(words, '\m([A-Z]{2,4})\M', 'g') AS m
                   WHERE m[1] <> ALL ('{AM,PM,OR,AND,NOT}') LIMIT 8 LOOP
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
    unparted CONSTANT text := '[' || onrecord.search_unparted() || ']';
    words text := replace(onrecord.search_fold_in(config, translate(text, U&'\E001\E002\E003', '   ')), '""', '');
    wanted tsquery;
BEGIN
    IF words ~ '-' THEN
        words := regexp_replace(onrecord.search_refusals(words), '(' || unparted || ')-(?!' || unparted || ')', '\1,', 'g');
    END IF;
    -- A run that nothing parts, or a hyphen alone, is a phrase of its pairs.
    words := regexp_replace(words, '("[^"]*(?:"|$))|(' || unparted || '(?:-?' || unparted || ')+)', '\1"\2"', 'g');
    words := onrecord.search_words(config, replace(words, '""', ''));
    IF words ~ U&'[-/@+.\E003]' THEN
        words := translate(onrecord.search_part(words), U&'\E003', '-');
        -- OR-2 is a word with a number, though "or" and a comma are an operator.
        words := regexp_replace(words, '(^|[[:space:](])(or,)', '\1,\2', 'gi');
    END IF;
    wanted := websearch_to_tsquery(named, words);
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
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT *
               FROM (VALUES ('articles', 'language', 'headline, alternative_headline, summary, body'),
                            ('quotes', 'search_config', 'text, speaker_as_printed, role'),
                            ('events', 'search_config', 'name, place, description'),
                            ('sources', 'name', 'name, description')) AS t (name, source, texts) LOOP
        EXECUTE format('ALTER TABLE onrecord.%I DISABLE TRIGGER USER', one.name);
        EXECUTE format('UPDATE onrecord.%1$I SET %2$I = %2$I '
                       'WHERE onrecord.search_part(onrecord.search_fold(concat_ws('' '', %3$s))) '
                       '<> onrecord.search_fold(concat_ws('' '', %3$s))', one.name, one.source, one.texts);
        EXECUTE format('ALTER TABLE onrecord.%I ENABLE TRIGGER USER', one.name);
    END LOOP;
END
$$;

DELETE FROM onrecord.speaker_names AS names USING onrecord.speakers AS speaker
WHERE names.speaker_id = speaker.id
  AND array_to_string(speaker.name || speaker.aliases, ' ') ~ ('[' || onrecord.search_unparted() || ']{2}');
INSERT INTO onrecord.speaker_names
SELECT names.* FROM onrecord.speakers AS speaker,
     LATERAL onrecord.speaker_names_of(speaker.id, speaker.name, speaker.aliases) AS names
WHERE NOT EXISTS (SELECT FROM onrecord.speaker_names AS there WHERE there.speaker_id = speaker.id);
