-- 0021: the words of a text and what of a query is marked, as before and sooner. No row changes.
-- admits: 1

-- The run of 255 is looked for where there is one of 32: to look for it takes longer than all else here.
CREATE OR REPLACE FUNCTION onrecord.search_words(config text, text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
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
    IF octet_length(words) > greatest(char_length(words), 255) AND words ~ '\S{32}' AND words ~ '\S{255}' THEN
        words := regexp_replace(words, '(\S{255})', '\1 ', 'g');
    END IF;
    RETURN words;
END
$$;

-- There is nothing to fold in ASCII, and no letter that nothing parts.
CREATE OR REPLACE FUNCTION onrecord.search_vector(config text, text text, weight "char") RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    ascii CONSTANT boolean := octet_length(text) = char_length(text);
    words text := CASE WHEN ascii THEN text ELSE onrecord.search_words(config, text) END;
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
    IF NOT ascii AND words ~ ('[' || onrecord.search_unparted() || ']') THEN
        -- Each letter by itself as well: a query may be one.
        letters := regexp_replace(onrecord.search_fold(text), '[^' || onrecord.search_unparted() || ']+', '', 'g');
        vector := vector || strip(to_tsvector('pg_catalog.simple', regexp_replace(letters, '(.)', ' \1', 'g')));
    END IF;
    RETURN setweight(vector, weight);
END
$$;

-- Most quotes have one text of the four.
CREATE OR REPLACE FUNCTION onrecord.search_vectors(config text, a text, b text, c text, d text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
AS $$
DECLARE
    safe CONSTANT integer := 100000;
    longest integer := char_length(d);
    vector tsvector := onrecord.search_vector(config, a, 'A');
BEGIN
    IF b IS NOT NULL THEN
        vector := vector || onrecord.search_vector(config, b, 'B');
    END IF;
    IF c IS NOT NULL THEN
        vector := vector || onrecord.search_vector(config, c, 'C');
    END IF;
    IF d IS NULL THEN
        RETURN vector;
    ELSIF octet_length(d) < safe THEN
        RETURN vector || onrecord.search_vector(config, d, 'D');
    END IF;
    LOOP
        BEGIN
            RETURN vector || onrecord.search_vector(config, left(d, longest), 'D');
        EXCEPTION WHEN program_limit_exceeded THEN
            longest := longest / 2;
        END;
    END LOOP;
END
$$;

-- A query that refuses nothing is marked as it is. One without words is told of by PostgreSQL each time that it is read
-- from text: there is none unless nothing is left.
CREATE OR REPLACE FUNCTION onrecord.search_marked(query tsquery) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    written CONSTANT text := query::text;
    wanted text;
    words tsquery;
    token text;
    refused boolean := false; -- the next word, or the next parenthesis
    depth integer := 0;
    refused_depth integer; -- that of the parenthesis that is refused
BEGIN
    IF position('!' IN written) = 0 THEN
        RETURN search_marked.query;
    END IF;
    wanted := querytree(query);
    IF wanted NOT IN ('', 'T') THEN
        RETURN wanted;
    END IF;
    FOR token IN SELECT m[1] FROM regexp_matches(written, '(''(?:[^'']|'''')*''[:*A-D]*|[!()])', 'g') AS m LOOP
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
            words := coalesce(words || token::tsquery, token::tsquery);
        END IF;
        refused := false;
    END LOOP;
    IF words IS NULL THEN
        RETURN '';
    END IF;
    RETURN words;
END
$$;
