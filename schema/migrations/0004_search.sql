-- 0004: search: what makes words and names findable.
-- admits: 1
--
-- In reading order:
--   1. extensions  pg_trgm and unaccent, both trusted
--   2. words       a text search configuration a language; how text is folded before it is taken apart
--   3. records     the column `search` of all but speakers
--   4. names       how the names of speakers are folded, and the table that finds them
--
-- The columns search and search_config are not the record's own: they follow from it, show nowhere, raise no version
-- and stand in no revision.


-- 1. Extensions -------------------------------------------------------------------------------------------------------

-- Where somebody else has them already they stay where they are; else they go to our own schema. A trusted extension
-- needs CREATE on the database, and no superuser.

DO $$
DECLARE
    extension text;
BEGIN
    FOREACH extension IN ARRAY '{pg_trgm,unaccent}'::text[] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_extension WHERE extname = extension);
        IF NOT has_database_privilege(current_database(), 'CREATE') THEN
            RAISE insufficient_privilege USING MESSAGE = format(
                'the extension %s is missing, and %s may not create it: run CREATE EXTENSION %1$s SCHEMA onrecord',
                extension, current_user);
        END IF;
        EXECUTE format('CREATE EXTENSION %I SCHEMA onrecord', extension);
    END LOOP;
END
$$;


-- 2. Words ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION onrecord.search_config(language text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE split_part(lower(language), '-', 1)
    WHEN 'ar' THEN 'arabic'     WHEN 'ca' THEN 'catalan'    WHEN 'da' THEN 'danish'     WHEN 'de' THEN 'german'
    WHEN 'el' THEN 'greek'      WHEN 'en' THEN 'english'    WHEN 'es' THEN 'spanish'    WHEN 'eu' THEN 'basque'
    WHEN 'fi' THEN 'finnish'    WHEN 'fr' THEN 'french'     WHEN 'ga' THEN 'irish'      WHEN 'hi' THEN 'hindi'
    WHEN 'hu' THEN 'hungarian'  WHEN 'hy' THEN 'armenian'   WHEN 'id' THEN 'indonesian' WHEN 'it' THEN 'italian'
    WHEN 'lt' THEN 'lithuanian' WHEN 'nb' THEN 'norwegian'  WHEN 'ne' THEN 'nepali'     WHEN 'nl' THEN 'dutch'
    WHEN 'nn' THEN 'norwegian'  WHEN 'no' THEN 'norwegian'  WHEN 'pt' THEN 'portuguese' WHEN 'ro' THEN 'romanian'
    WHEN 'ru' THEN 'russian'    WHEN 'sr' THEN 'serbian'    WHEN 'sv' THEN 'swedish'    WHEN 'ta' THEN 'tamil'
    WHEN 'tr' THEN 'turkish'    WHEN 'yi' THEN 'yiddish'    ELSE 'simple'
END;

COMMENT ON FUNCTION onrecord.search_config IS
    'The text search configuration, of schema onrecord, that stems a language (BCP 47); simple: nobody stems it';

-- PostgreSQL's own, with accents taken off what is no plain ASCII word.
DO $$
DECLARE
    config text;
    schema text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'unaccent');
BEGIN
    FOREACH config IN ARRAY '{simple,arabic,armenian,basque,catalan,danish,dutch,english,finnish,french,german,greek,'
                            'hindi,hungarian,indonesian,irish,italian,lithuanian,nepali,norwegian,portuguese,romanian,'
                            'russian,serbian,spanish,swedish,tamil,turkish,yiddish}'::text[] LOOP
        EXECUTE format('CREATE TEXT SEARCH CONFIGURATION onrecord.%I (COPY = pg_catalog.%1$I)', config);
        EXECUTE format('ALTER TEXT SEARCH CONFIGURATION onrecord.%I ALTER MAPPING FOR hword, hword_part, word '
                       'WITH %s.unaccent, pg_catalog.%I',
                       config, schema, CASE config WHEN 'simple' THEN 'simple' ELSE config || '_stem' END);
    END LOOP;
END
$$;

-- What this takes out, search_is_taken_out in server/record/marks.c must know: marks are set in folded text, and counted
-- in the text as it is.
CREATE FUNCTION onrecord.search_fold(text text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN text ~ '[\u00ad\u0300-\u036f\u0610-\u06ff\u200b-\u200f\u2010\u2011\u202a-\u202e\u2060-\u2069\ufeff]' THEN
        translate(
            regexp_replace(
                text, '[\u00ad\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed'
                      '\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+', '', 'g'),
            'أإآٱىیېۍئکؤةۀەہھ٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹‐‑', 'اااايييييكوههههه01234567890123456789--')
    ELSE text
END;

COMMENT ON FUNCTION onrecord.search_fold IS
    'Takes out marks, joiners and directions, and writes letters of Arabic and Persian that are one in one way; a code '
    'point otherwise stays one code point';

CREATE FUNCTION onrecord.search_unparted() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff';

COMMENT ON FUNCTION onrecord.search_unparted IS
    'Letters of Chinese, Japanese and Korean, whose words nothing parts; for a regular expression''s brackets. '
    'search_is_unparted in server/record/marks.c says the same';

CREATE FUNCTION onrecord.search_words(text text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    words text := onrecord.search_fold(text);
    unparted text := '[' || onrecord.search_unparted() || ']';
BEGIN
    IF words !~ unparted THEN
        RETURN words;
    END IF;
    RETURN (
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
END
$$;

COMMENT ON FUNCTION onrecord.search_words IS 'Folded text whose runs that nothing parts are pairs of neighbours';

CREATE FUNCTION onrecord.search_vector(config text, text text, weight "char") RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    words text := onrecord.search_words(text);
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

-- A tsvector holds a megabyte. A text whose words do not go into that is found by those that it begins with.
CREATE FUNCTION onrecord.search_vectors(config text, a text, b text, c text, d text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    safe CONSTANT integer := 100000;
    longest integer := char_length(d);
BEGIN
    IF coalesce(octet_length(d), 0) < safe THEN
        RETURN onrecord.search_vector(config, a, 'A') || onrecord.search_vector(config, b, 'B')
            || onrecord.search_vector(config, c, 'C') || onrecord.search_vector(config, d, 'D');
    END IF;
    LOOP
        BEGIN
            RETURN onrecord.search_vector(config, a, 'A') || onrecord.search_vector(config, b, 'B')
                || onrecord.search_vector(config, c, 'C') || onrecord.search_vector(config, left(d, longest), 'D');
        EXCEPTION WHEN program_limit_exceeded THEN
            longest := longest / 2;
        END;
    END LOOP;
END
$$;

COMMENT ON FUNCTION onrecord.search_vectors IS 'The words of up to four texts, each of less weight than the one before';

CREATE FUNCTION onrecord.search_query(config text, text text) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    words text := onrecord.search_fold(text);
BEGIN
    -- A run that nothing parts is a phrase of its pairs.
    words := regexp_replace(words, '("[^"]*")|([' || onrecord.search_unparted() || ']{2,})', '\1"\2"', 'g');
    RETURN websearch_to_tsquery(('onrecord.' || config)::regconfig, onrecord.search_words(replace(words, '""', '')));
END
$$;

COMMENT ON FUNCTION onrecord.search_query IS 'A query in web search syntax: words, "a phrase", or, -not. Never fails';


-- 3. Records ----------------------------------------------------------------------------------------------------------

ALTER TABLE onrecord.articles
    ADD COLUMN search_config text NOT NULL GENERATED ALWAYS AS (onrecord.search_config(language)) STORED,
    ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS (onrecord.search_vectors(
        onrecord.search_config(language), headline, alternative_headline, summary, body)) STORED;

ALTER TABLE onrecord.sources
    ADD COLUMN search_config text NOT NULL GENERATED ALWAYS AS ('simple'::text) STORED,
    ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS (onrecord.search_vectors(
        'simple', name, description, NULL, NULL)) STORED;

-- Quotes and events have no language of their own: it is their article's, the first that reports the event.
ALTER TABLE onrecord.quotes ADD COLUMN search_config text NOT NULL DEFAULT 'simple';
ALTER TABLE onrecord.events ADD COLUMN search_config text NOT NULL DEFAULT 'simple';

ALTER TABLE onrecord.quotes DISABLE TRIGGER USER;
ALTER TABLE onrecord.events DISABLE TRIGGER USER;
UPDATE onrecord.quotes AS quote SET search_config = article.search_config
FROM onrecord.articles AS article WHERE article.id = quote.article_id AND article.search_config <> 'simple';
UPDATE onrecord.events AS event SET search_config = article.search_config
FROM onrecord.articles AS article WHERE article.id = event.article_ids[1] AND article.search_config <> 'simple';
ALTER TABLE onrecord.quotes ENABLE TRIGGER USER;
ALTER TABLE onrecord.events ENABLE TRIGGER USER;

ALTER TABLE onrecord.quotes ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS (onrecord.search_vectors(
    search_config, text, speaker_as_printed, role, NULL)) STORED;
ALTER TABLE onrecord.events ADD COLUMN search tsvector NOT NULL GENERATED ALWAYS AS (onrecord.search_vectors(
    search_config, name, place, description, NULL)) STORED;

CREATE INDEX articles_search_idx ON onrecord.articles USING gin (search) WITH (fastupdate = off);
CREATE INDEX quotes_search_idx ON onrecord.quotes USING gin (search) WITH (fastupdate = off);
CREATE INDEX sources_search_idx ON onrecord.sources USING gin (search) WITH (fastupdate = off);
CREATE INDEX events_search_idx ON onrecord.events USING gin (search) WITH (fastupdate = off);

COMMENT ON COLUMN onrecord.articles.search IS 'Words of headline, alternative_headline, summary and body';
COMMENT ON COLUMN onrecord.articles.search_config IS 'What stems its language';
COMMENT ON COLUMN onrecord.sources.search IS 'Words of name and description';
COMMENT ON COLUMN onrecord.sources.search_config IS 'None: an outlet has a name, and no language';
COMMENT ON COLUMN onrecord.quotes.search IS 'Words of text, speaker_as_printed and role';
COMMENT ON COLUMN onrecord.quotes.search_config IS 'The article''s; kept so by triggers';
COMMENT ON COLUMN onrecord.events.search IS 'Words of name, place and description';
COMMENT ON COLUMN onrecord.events.search_config IS 'That of the first of its articles; kept so by triggers';

CREATE OR REPLACE FUNCTION onrecord.quote_follow_article() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- FOR SHARE: the article must not change between this and the commit. (Its foreign key locks it anyway.)
    SELECT article.published_at, article.source_id, article.search_config
    INTO NEW.published_at, NEW.source_id, NEW.search_config
    FROM onrecord.articles AS article WHERE article.id = NEW.article_id FOR SHARE;
    NEW.search_config := coalesce(NEW.search_config, 'simple'); -- the foreign key will refuse it
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION onrecord.quote_follow_article IS
    'Takes published_at, source_id and search_config from the article';

CREATE FUNCTION onrecord.event_follow_article() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    SELECT article.search_config INTO NEW.search_config
    FROM onrecord.articles AS article WHERE article.id = NEW.article_ids[1] FOR SHARE;
    NEW.search_config := coalesce(NEW.search_config, 'simple');
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION onrecord.event_follow_article IS 'Takes search_config from the first article';

CREATE OR REPLACE FUNCTION onrecord.article_lead_quotes() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE onrecord.quotes
    SET published_at = NEW.published_at, source_id = NEW.source_id, search_config = NEW.search_config,
        changed_by = NEW.changed_by, change_actor = NEW.change_actor, change_reason = NEW.change_reason
    WHERE article_id = NEW.id;
    IF NEW.search_config <> OLD.search_config THEN
        UPDATE onrecord.events SET search_config = NEW.search_config
        WHERE id IN (SELECT event_id FROM onrecord.article_events WHERE article_id = NEW.id AND position = 1);
    END IF;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION onrecord.article_lead_quotes IS
    'Passes published_at, source_id and search_config on to the article''s quotes, search_config to its events';

-- As it was, but for search_config, which may change without the record's being changed.
CREATE OR REPLACE FUNCTION onrecord.record_update() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    named boolean := NEW.version IS NULL;
    same record;
BEGIN
    NEW.id := OLD.id;
    NEW.created_at := OLD.created_at;
    -- NEW as it would be had nothing been changed. Generated columns (the argument) are not computed yet.
    same := jsonb_populate_record(OLD, coalesce(TG_ARGV[0], '{}')::jsonb);
    same.version := NEW.version;
    same.updated_at := NEW.updated_at;
    same.changed_by := NEW.changed_by;
    same.change_actor := NEW.change_actor;
    same.change_reason := NEW.change_reason;
    IF TG_NARGS > 1 THEN -- the table has a search_config that is no generated column
        same.search_config := NEW.search_config;
        OLD.search_config := NEW.search_config;
    END IF;
    IF NEW IS NOT DISTINCT FROM same THEN
        RETURN OLD;
    END IF;
    NEW.version := OLD.version + 1;
    NEW.updated_at := clock_timestamp();
    IF NOT named THEN
        NEW.changed_by := nullif(current_setting('onrecord.changed_by', true), '')::bigint;
        NEW.change_actor := nullif(current_setting('onrecord.change_actor', true), '');
        NEW.change_reason := nullif(current_setting('onrecord.change_reason', true), '');
    END IF;
    RETURN NEW;
END
$$;

CREATE OR REPLACE TRIGGER before_3_update BEFORE UPDATE ON onrecord.sources
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_update('{"search": null, "search_config": null}');
CREATE OR REPLACE TRIGGER before_3_update BEFORE UPDATE ON onrecord.articles
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_update('{"search": null, "search_config": null}');
CREATE OR REPLACE TRIGGER before_3_update BEFORE UPDATE ON onrecord.events
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_update(
        '{"starts_on_first": null, "starts_on_last": null, "ends_on_first": null, "ends_on_last": null, "search": null}',
        'search_config');
CREATE OR REPLACE TRIGGER before_3_update BEFORE UPDATE ON onrecord.quotes
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_update(
        '{"said_on_first": null, "said_on_last": null, "relayed_by_id": null, "search": null}', 'search_config');
CREATE OR REPLACE TRIGGER before_2_article_update BEFORE UPDATE ON onrecord.quotes
    FOR EACH ROW WHEN ((OLD.article_id, OLD.published_at, OLD.source_id, OLD.search_config)
                       IS DISTINCT FROM (NEW.article_id, NEW.published_at, NEW.source_id, NEW.search_config))
    EXECUTE FUNCTION onrecord.quote_follow_article();
CREATE TRIGGER before_2_article BEFORE INSERT ON onrecord.events
    FOR EACH ROW EXECUTE FUNCTION onrecord.event_follow_article();
CREATE TRIGGER before_2_article_update BEFORE UPDATE ON onrecord.events
    FOR EACH ROW WHEN ((OLD.article_ids, OLD.search_config) IS DISTINCT FROM (NEW.article_ids, NEW.search_config))
    EXECUTE FUNCTION onrecord.event_follow_article();
CREATE OR REPLACE TRIGGER after_3_quotes_update AFTER UPDATE ON onrecord.articles
    FOR EACH ROW WHEN ((OLD.published_at, OLD.source_id, OLD.search_config)
                       IS DISTINCT FROM (NEW.published_at, NEW.source_id, NEW.search_config))
    EXECUTE FUNCTION onrecord.article_lead_quotes();

-- As it was, but that a revision holds the record alone.
CREATE OR REPLACE FUNCTION onrecord.record_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    who bigint;
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO onrecord.changes (resource, record_id, operation, version, changed_by)
        VALUES (TG_TABLE_NAME, NEW.id, 'insert', NEW.version, NEW.changed_by);
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.version = OLD.version THEN
        RETURN NULL;
    END IF;
    OLD := jsonb_populate_record(OLD, '{"search": null}'); -- not written out to be taken away again
    INSERT INTO onrecord.revisions (resource, record_id, version, state, changed_at, changed_by, change_actor,
                                    change_reason)
    VALUES (TG_TABLE_NAME, OLD.id, OLD.version, to_jsonb(OLD) - '{search,search_config}'::text[], OLD.updated_at,
            OLD.changed_by, OLD.change_actor, OLD.change_reason);
    IF TG_OP = 'UPDATE' THEN
        INSERT INTO onrecord.changes (resource, record_id, operation, version, changed_by)
        VALUES (TG_TABLE_NAME, NEW.id, 'update', NEW.version, NEW.changed_by);
        RETURN NULL;
    END IF;
    who := nullif(current_setting('onrecord.changed_by', true), '')::bigint;
    INSERT INTO onrecord.revisions (resource, record_id, version, state, changed_at, changed_by, change_actor,
                                    change_reason)
    VALUES (TG_TABLE_NAME, OLD.id, OLD.version + 1, NULL, clock_timestamp(), who,
            nullif(current_setting('onrecord.change_actor', true), ''),
            nullif(current_setting('onrecord.change_reason', true), ''));
    INSERT INTO onrecord.changes (resource, record_id, operation, version, changed_by)
    VALUES (TG_TABLE_NAME, OLD.id, 'delete', OLD.version + 1, who);
    RETURN NULL;
END
$$;


-- 4. Names ------------------------------------------------------------------------------------------------------------

-- Functions of the extensions are called by the name that they have where they are; nobody but us needs to know it, or
-- USAGE on their schema.
DO $$
DECLARE
    trgm text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_trgm');
    plain text := (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'unaccent');
BEGIN
    EXECUTE format($function$
        CREATE FUNCTION onrecord.name_plain(name text) RETURNS text
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN %1$s.unaccent('%1$s.unaccent'::regdictionary, lower(normalize(onrecord.search_fold(name), NFC)))
        $function$, plain);
    EXECUTE format($function$
        CREATE FUNCTION onrecord.names_alike(query text, name text) RETURNS boolean
        LANGUAGE sql STABLE STRICT PARALLEL SAFE
        RETURN query OPERATOR(%s.<%%) (name COLLATE "C") -- as the index has it
        $function$, trgm);
    EXECUTE format($function$
        CREATE FUNCTION onrecord.name_likeness(query text, name text) RETURNS real
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
        RETURN %1$s.word_similarity(query, name) * 0.9 + %1$s.similarity(query, name) * 0.1
        $function$, trgm);
END
$$;

COMMENT ON FUNCTION onrecord.name_plain IS 'Lower case, without accents';
COMMENT ON FUNCTION onrecord.names_alike IS
    'Whether the query is like a part of the name: pg_trgm.word_similarity_threshold says how much';
COMMENT ON FUNCTION onrecord.name_likeness IS '0 to 1: how like a part of the name, and the whole of it, the query is';

-- After ISO 9 and ALA-LC in their simplest, ASCII form. Short vowels that Arabic does not write are not made up.
CREATE FUNCTION onrecord.name_latin(name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    pair text[];
BEGIN
    IF name ~ '[\u0370-\u06ff]' THEN
        -- A waw before or after an open vowel is a consonant, else a vowel.
        name := regexp_replace(name, '(^|[\s\u0627])\u0648|\u0648(?=[\u0627\u064a])', '\1w', 'g');
        FOREACH pair SLICE 1 IN ARRAY '{{щ,shch},{ж,zh},{х,kh},{ц,ts},{ч,ch},{ш,sh},{ю,yu},{я,ya},{є,ye},{ї,yi},'
                                      '{چ,ch},{خ,kh},{ش,sh},{ژ,zh},{غ,gh},{ښ,sh},{څ,ts},{ځ,dz},'
                                      '{θ,th},{ψ,ps},{χ,ch}}'::text[] LOOP
            name := replace(name, pair[1], pair[2]);
        END LOOP;
        name := translate(name, 'абвгґдезийіклмнопрстуфыэўђјљњћџابپتټثجحدډذرړزږسصضطظفقكگلمنڼوهيαβγδεζηικλμνξοπρστυφωςъьعء',
                                'abvggdeziyiklmnoprstufyeudjlncjabpttsjhddzrrzgssztzfqkglmnnuhiavgdeziiklmnxoprstyfos');
    END IF;
    RETURN name;
END
$$;

COMMENT ON FUNCTION onrecord.name_latin IS 'Cyrillic, Greek, Arabic and Persian letters as Latin ones';

CREATE FUNCTION onrecord.name_fold(name text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF octet_length(name) = char_length(name) THEN -- ASCII, which most of what is typed is
        RETURN trim(regexp_replace(replace(lower(name), '''', ''), '[^a-z0-9]+', ' ', 'g'));
    END IF;
    RETURN trim(regexp_replace(replace(replace(onrecord.name_latin(onrecord.name_plain(name)), '''', ''), '’', ''),
                               '[^[:alnum:]]+', ' ', 'g'));
END
$$;

COMMENT ON FUNCTION onrecord.name_fold IS
    'A name as it is looked for: lower case, Latin letters, no accents and apostrophes, words parted by one space';

-- What is left of a folded word when spellings of one sound are one: consonants, without the letters that transcriptions
-- disagree about. Null where that would say nothing.
CREATE FUNCTION onrecord.name_sound(word text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    sound text := regexp_replace(word, '^[aeiouy]+', 'A');
BEGIN
    sound := regexp_replace(sound, 'shch|sch|tch|tsh|sh|ch', 'S', 'g');
    sound := regexp_replace(sound, 'kh|gh|ck|c(?![eiy])|[gqkx]', 'K', 'g');
    sound := regexp_replace(sound, 'zh|dzh|dj|j', 'J', 'g');
    sound := regexp_replace(sound, 'ph|[vwf]', 'F', 'g');
    sound := regexp_replace(sound, 'ts|tz|dz|[csz]', 'Z', 'g');
    sound := regexp_replace(sound, 'th|t', 'T', 'g');
    sound := regexp_replace(sound, 'dh|d', 'D', 'g');
    sound := regexp_replace(sound, '[aeiouy]|h$', '', 'g');
    sound := regexp_replace(sound, '(.)\1+', '\1', 'g');
    RETURN CASE WHEN sound ~ '^A?[^A].' AND word ~ '^[a-z]+$' THEN sound END;
END
$$;

COMMENT ON FUNCTION onrecord.name_sound IS
    'Qaddafi and Gadhafi sound alike; null: too short to say anything, or not in Latin letters';

CREATE TABLE onrecord.speaker_names (
    speaker_id bigint NOT NULL REFERENCES onrecord.speakers ON DELETE CASCADE,
    position   integer NOT NULL,
    word       integer NOT NULL,
    rest       text NOT NULL COLLATE "C",
    sound      text COLLATE "C",
    PRIMARY KEY (speaker_id, position, word)
);

-- With all that a suggestion is made of: so that the table itself is not read.
CREATE INDEX speaker_names_rest_idx ON onrecord.speaker_names (rest, speaker_id) INCLUDE (position, word);
CREATE INDEX speaker_names_sound_idx ON onrecord.speaker_names (sound, speaker_id) WHERE sound IS NOT NULL;

DO $$
BEGIN
    EXECUTE format('CREATE INDEX speaker_names_alike_idx ON onrecord.speaker_names USING gin (rest %s.gin_trgm_ops) '
                   'WITH (fastupdate = off) WHERE word = 1',
                   (SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'pg_trgm'));
END
$$;

COMMENT ON TABLE onrecord.speaker_names IS 'Follows speakers.name and aliases: one row for each word that a name has';
COMMENT ON COLUMN onrecord.speaker_names.position IS '0: the name, 1 ...: its aliases';
COMMENT ON COLUMN onrecord.speaker_names.word IS 'Which word of it, from 1';
COMMENT ON COLUMN onrecord.speaker_names.rest IS 'The name from that word on, folded';
COMMENT ON COLUMN onrecord.speaker_names.sound IS 'How that word sounds';

CREATE FUNCTION onrecord.speaker_names_of(speaker bigint, name text, aliases text[]) RETURNS SETOF onrecord.speaker_names
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT speaker, item.position::integer - 1, part.word::integer,
           array_to_string(item.words[part.word:], ' '), onrecord.name_sound(part.text)
    FROM (SELECT list.position, string_to_array(onrecord.name_fold(list.name), ' ') AS words
          FROM unnest(array_prepend(name, aliases)) WITH ORDINALITY AS list (name, position)) AS item,
         unnest(item.words) WITH ORDINALITY AS part (text, word)
    WHERE part.word <= 16;
END;

COMMENT ON FUNCTION onrecord.speaker_names_of IS 'The rows of a speaker: of each name the first sixteen words';

CREATE FUNCTION onrecord.speaker_names_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM onrecord.speaker_names WHERE speaker_id = NEW.id;
    INSERT INTO onrecord.speaker_names SELECT * FROM onrecord.speaker_names_of(NEW.id, NEW.name, NEW.aliases);
    RETURN NULL;
END
$$;

CREATE TRIGGER after_2_names AFTER INSERT ON onrecord.speakers
    FOR EACH ROW EXECUTE FUNCTION onrecord.speaker_names_follow();
CREATE TRIGGER after_2_names_update AFTER UPDATE ON onrecord.speakers
    FOR EACH ROW WHEN (OLD.name <> NEW.name OR OLD.aliases <> NEW.aliases)
    EXECUTE FUNCTION onrecord.speaker_names_follow();

INSERT INTO onrecord.speaker_names
SELECT names.* FROM onrecord.speakers AS speaker,
     LATERAL onrecord.speaker_names_of(speaker.id, speaker.name, speaker.aliases) AS names;
