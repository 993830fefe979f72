-- 0001: the record: sources, articles, speakers, quotes, events; who refers to whom; their history; keys.
-- admits: 1
--
-- In reading order:
--   1. rules         functions that say what a date, a list of names, a span is, used by constraints below; a guard
--   2. the record    the five tables of records
--   3. links         who names, quotes, joins, belongs to whom: tables that follow the records' lists
--   4. history       revisions, the log of changes, their partitions
--   5. the service   API keys, and what is one of a kind
--   6. organizations what belongs to an organization; nothing is part of itself
--   7. triggers      what keeps 2 to 4 true
--
-- A record is one row. Its lists stand in it as they were given and are the truth; link tables (3) follow them by
-- trigger, and carry the foreign keys and the indexes that filters use. Every record table has the same head and tail:
-- id, external_id; created_at, updated_at, version, extra, and, not shown to clients, who made the present version:
-- changed_by (an API key's id; null for psql), change_actor, change_reason.
--
-- What a record refers to cannot be deleted; what belongs to it goes with it.
--
-- The role that serves needs to own nothing: USAGE on the schema, SELECT, INSERT, UPDATE, DELETE on its tables. Link
-- tables, history and partitions are written by SECURITY DEFINER functions, so that they come out right for everyone
-- who may write a record at all.

DO $$
BEGIN
    -- Not IF NOT EXISTS: that asks for CREATE on the database even where the schema is there.
    IF to_regnamespace('onrecord') IS NULL THEN
        CREATE SCHEMA onrecord;
    END IF;
END
$$;


-- 1. Rules ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION onrecord.edtf_first(edtf text) RETURNS date
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    month integer;
    day integer;
    first date;
BEGIN
    IF edtf !~ '^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$' OR left(edtf, 4) = '0000' THEN
        RETURN NULL;
    END IF;
    month := coalesce(nullif(substr(edtf, 6, 2), ''), '1')::integer;
    day := coalesce(nullif(substr(edtf, 9, 2), ''), '1')::integer;
    first := make_date(left(edtf, 4)::integer, month, 1) + (day - 1);
    RETURN CASE WHEN extract(month FROM first) = month THEN first END;
END
$$;

CREATE FUNCTION onrecord.edtf_last(edtf text) RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (onrecord.edtf_first(edtf)
        + CASE length(edtf) WHEN 4 THEN interval '1 year' WHEN 7 THEN interval '1 month' ELSE interval '1 day' END
       )::date - 1;

COMMENT ON FUNCTION onrecord.edtf_first IS
    'First day of a date of reduced precision (2025, 2025-05, 2025-05-15); null: not one';
COMMENT ON FUNCTION onrecord.edtf_last IS 'Last day of a date of reduced precision';

CREATE FUNCTION onrecord.texts_valid(list text[], longest integer) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cardinality(list) = 0
    OR (array_ndims(list) = 1
        AND NOT EXISTS (
            SELECT FROM unnest(list) AS item (text)
            WHERE item.text IS NULL OR char_length(item.text) NOT BETWEEN 1 AND longest));

CREATE FUNCTION onrecord.ids_valid(list bigint[]) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cardinality(list) = 0 OR (array_ndims(list) = 1 AND array_position(list, NULL) IS NULL);

COMMENT ON FUNCTION onrecord.texts_valid IS 'A flat list of texts, none null, empty or longer than that';
COMMENT ON FUNCTION onrecord.ids_valid IS 'A flat list of ids, none null';

CREATE FUNCTION onrecord.spans_valid(spans integer[]) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    count integer := cardinality(spans);
    reached integer := 0;
BEGIN
    IF count = 0 THEN
        RETURN true;
    END IF;
    IF count % 2 = 1 OR array_ndims(spans) <> 1 OR array_position(spans, NULL) IS NOT NULL THEN
        RETURN false;
    END IF;
    FOR i IN 1 .. count BY 2 LOOP
        IF spans[i] < reached OR spans[i + 1] <= spans[i] THEN
            RETURN false;
        END IF;
        reached := spans[i + 1];
    END LOOP;
    RETURN true;
END
$$;

COMMENT ON FUNCTION onrecord.spans_valid IS 'Pairs start, end, start, end ...: none empty, in order, without overlap';

CREATE FUNCTION onrecord.object_valid(item jsonb, ids text[], texts text[], dates text[] DEFAULT '{}') RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    member record;
    known boolean;
BEGIN
    IF jsonb_typeof(item) <> 'object' OR NOT item ?& (ids || texts || dates) THEN
        RETURN false;
    END IF;
    FOR member IN SELECT each.key, each.value, jsonb_typeof(each.value) AS type FROM jsonb_each(item) AS each LOOP
        known := CASE
            WHEN member.key = ANY (ids) THEN member.type = 'null'
                OR (member.type = 'number' AND member.value::numeric BETWEEN 1 AND 9007199254740991
                    AND member.value::numeric % 1 = 0)
            WHEN member.key = ANY (texts) THEN member.type = 'null'
                OR (member.type = 'string' AND char_length(member.value #>> '{}') <= 500)
            WHEN member.key = ANY (dates) THEN member.type = 'null'
                OR (member.type = 'string' AND onrecord.edtf_first(member.value #>> '{}') IS NOT NULL)
            ELSE false
        END;
        IF NOT known THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END
$$;

CREATE FUNCTION onrecord.objects_valid(list jsonb, ids text[], texts text[], dates text[] DEFAULT '{}') RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE jsonb_typeof(list)
    WHEN 'array' THEN NOT EXISTS (
        SELECT FROM jsonb_array_elements(list) AS item (value)
        WHERE NOT onrecord.object_valid(item.value, ids, texts, dates))
    ELSE false
END;

COMMENT ON FUNCTION onrecord.object_valid IS
    'An object with exactly these members: ids, texts and dates, each may be null';
COMMENT ON FUNCTION onrecord.objects_valid IS 'An array of such objects';

-- What the server read outside the transaction in which it writes must still hold in it; where it does not, the
-- transaction fails with SQLSTATE 40001 and the server starts over.
CREATE FUNCTION onrecord.guard(holds boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF holds IS NOT TRUE THEN
        RAISE serialization_failure USING MESSAGE = 'a record has changed since it was read';
    END IF;
END
$$;

COMMENT ON FUNCTION onrecord.guard IS 'Fails the transaction unless what was read before still holds';


-- 2. The record -------------------------------------------------------------------------------------------------------

CREATE TABLE onrecord.sources (
    id            bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    external_id   text UNIQUE CHECK (char_length(external_id) BETWEEN 1 AND 255),
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    url           text CHECK (octet_length(url) BETWEEN 1 AND 2048),
    country       text CHECK (country ~ '^[A-Z]{2}$'),
    description   text CHECK (char_length(description) <= 20000),
    created_at    timestamptz NOT NULL DEFAULT statement_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT statement_timestamp(),
    version       bigint NOT NULL DEFAULT 1,
    extra         jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(extra) = 'object'),
    changed_by    bigint,
    change_actor  text CHECK (char_length(change_actor) <= 500),
    change_reason text CHECK (char_length(change_reason) <= 500),
    UNIQUE NULLS NOT DISTINCT (name, country)
);

CREATE INDEX sources_name_id_idx ON onrecord.sources (name, id);
CREATE INDEX sources_created_at_id_idx ON onrecord.sources (created_at, id);
CREATE INDEX sources_updated_at_id_idx ON onrecord.sources (updated_at, id);

COMMENT ON TABLE onrecord.sources IS 'Outlets that publish articles';
COMMENT ON COLUMN onrecord.sources.country IS 'ISO 3166-1 alpha-2';

CREATE TABLE onrecord.articles (
    id                   bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    external_id          text UNIQUE CHECK (char_length(external_id) BETWEEN 1 AND 255),
    headline             text CHECK (char_length(headline) <= 2000),
    alternative_headline text CHECK (char_length(alternative_headline) <= 2000),
    source_id            bigint REFERENCES onrecord.sources,
    url                  text UNIQUE CHECK (octet_length(url) BETWEEN 1 AND 2048),
    byline               text CHECK (char_length(byline) <= 1000),
    dateline             text CHECK (char_length(dateline) <= 500),
    section              text CHECK (char_length(section) BETWEEN 1 AND 200),
    language             text NOT NULL DEFAULT 'en'
                         CHECK (char_length(language) <= 35 AND language ~ '^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$'),
    published_at         timestamptz,
    modified_at          timestamptz,
    summary              text CHECK (char_length(summary) <= 20000),
    body                 text CHECK (char_length(body) <= 2000000),
    body_sha256          text,
    keywords             text[] NOT NULL DEFAULT '{}' CHECK (onrecord.texts_valid(keywords, 200)),
    rights               text CHECK (char_length(rights) <= 2000),
    via                  jsonb NOT NULL DEFAULT '[]'
                         CHECK (via = '[]' OR onrecord.objects_valid(via, '{source_id}', '{as_printed}')),
    mentions             jsonb NOT NULL DEFAULT '[]'
                         CHECK (mentions = '[]'
                             OR onrecord.objects_valid(mentions, '{speaker_id}', '{as_printed,role}')),
    created_at           timestamptz NOT NULL DEFAULT statement_timestamp(),
    updated_at           timestamptz NOT NULL DEFAULT statement_timestamp(),
    version              bigint NOT NULL DEFAULT 1,
    extra                jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(extra) = 'object'),
    changed_by           bigint,
    change_actor         text CHECK (char_length(change_actor) <= 500),
    change_reason        text CHECK (char_length(change_reason) <= 500),
    CONSTRAINT articles_headline_or_url_check CHECK (headline IS NOT NULL OR url IS NOT NULL)
);

CREATE INDEX articles_published_at_id_idx ON onrecord.articles (published_at, id);
CREATE INDEX articles_created_at_id_idx ON onrecord.articles (created_at, id);
CREATE INDEX articles_updated_at_id_idx ON onrecord.articles (updated_at, id);
CREATE INDEX articles_source_id_id_idx ON onrecord.articles (source_id, id);
CREATE INDEX articles_section_id_idx ON onrecord.articles (section, id) WHERE section IS NOT NULL;
CREATE INDEX articles_language_id_idx ON onrecord.articles (language, id);
CREATE INDEX articles_body_sha256_idx ON onrecord.articles (body_sha256) WHERE body_sha256 IS NOT NULL;
CREATE INDEX articles_keywords_idx ON onrecord.articles USING gin (keywords) WITH (fastupdate = off);

COMMENT ON TABLE onrecord.articles IS 'What an outlet published, with its text as it came';
COMMENT ON COLUMN onrecord.articles.headline IS 'Null only where the url is known';
COMMENT ON COLUMN onrecord.articles.dateline IS 'Place and agency as printed before the text';
COMMENT ON COLUMN onrecord.articles.language IS 'BCP 47';
COMMENT ON COLUMN onrecord.articles.body IS
    'As it came: no trimming, no normal form. Spans of quotes count its code points';
COMMENT ON COLUMN onrecord.articles.body_sha256 IS 'Computed: hex of the SHA-256 of the body in UTF-8';
COMMENT ON COLUMN onrecord.articles.via IS 'Outlets it relies on: [{source_id, as_printed}]';
COMMENT ON COLUMN onrecord.articles.mentions IS 'Who is named: [{speaker_id, as_printed, role}]';

CREATE TABLE onrecord.speakers (
    id            bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    external_id   text UNIQUE CHECK (char_length(external_id) BETWEEN 1 AND 255),
    name          text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    kind          text NOT NULL DEFAULT 'person' CHECK (kind IN ('person', 'organization', 'unnamed')),
    aliases       text[] NOT NULL DEFAULT '{}' CHECK (onrecord.texts_valid(aliases, 500)),
    description   text CHECK (char_length(description) <= 20000),
    same_as       text[] NOT NULL DEFAULT '{}' CHECK (onrecord.texts_valid(same_as, 2048)),
    part_of_id    bigint REFERENCES onrecord.speakers,
    affiliations  jsonb NOT NULL DEFAULT '[]'
                  CHECK (affiliations = '[]' OR onrecord.objects_valid(
                      affiliations, '{organization_id,article_id}', '{role}', '{start_date,end_date}')),
    created_at    timestamptz NOT NULL DEFAULT statement_timestamp(),
    updated_at    timestamptz NOT NULL DEFAULT statement_timestamp(),
    version       bigint NOT NULL DEFAULT 1,
    extra         jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(extra) = 'object'),
    changed_by    bigint,
    change_actor  text CHECK (char_length(change_actor) <= 500),
    change_reason text CHECK (char_length(change_reason) <= 500)
);

CREATE INDEX speakers_name_id_idx ON onrecord.speakers (name, id);
CREATE INDEX speakers_created_at_id_idx ON onrecord.speakers (created_at, id);
CREATE INDEX speakers_updated_at_id_idx ON onrecord.speakers (updated_at, id);
CREATE INDEX speakers_kind_id_idx ON onrecord.speakers (kind, id);
CREATE INDEX speakers_part_of_id_idx ON onrecord.speakers (part_of_id, id) WHERE part_of_id IS NOT NULL;
CREATE INDEX speakers_aliases_idx ON onrecord.speakers USING gin (aliases) WITH (fastupdate = off);
CREATE INDEX speakers_same_as_idx ON onrecord.speakers USING gin (same_as) WITH (fastupdate = off);

COMMENT ON TABLE onrecord.speakers IS 'People and organizations whose words are on record';
COMMENT ON COLUMN onrecord.speakers.kind IS 'unnamed: a voice that the text does not name ("Political observers")';
COMMENT ON COLUMN onrecord.speakers.same_as IS 'URLs of the same one elsewhere, e.g. Wikidata';
COMMENT ON COLUMN onrecord.speakers.part_of_id IS 'An organization''s parent';
COMMENT ON COLUMN onrecord.speakers.affiliations IS
    'In what role for whom: [{organization_id, role, start_date, end_date, article_id}]';

CREATE TABLE onrecord.events (
    id              bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    external_id     text UNIQUE CHECK (char_length(external_id) BETWEEN 1 AND 255),
    name            text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 500),
    kind            text NOT NULL DEFAULT 'other'
                    CHECK (kind IN ('meeting', 'visit', 'appointment', 'ruling', 'summit', 'announcement', 'other')),
    status          text NOT NULL DEFAULT 'announced'
                    CHECK (status IN ('announced', 'planned', 'occurred', 'cancelled')),
    starts_on       text CONSTRAINT events_starts_on_check CHECK (starts_on IS NULL OR starts_on_first IS NOT NULL),
    ends_on         text CONSTRAINT events_ends_on_check CHECK (ends_on IS NULL OR ends_on_first IS NOT NULL),
    date_as_printed text CHECK (char_length(date_as_printed) <= 500),
    place           text CHECK (char_length(place) BETWEEN 1 AND 500),
    description     text CHECK (char_length(description) <= 20000),
    part_of_id      bigint REFERENCES onrecord.events,
    participants    jsonb NOT NULL DEFAULT '[]'
                    CHECK (participants = '[]' OR onrecord.objects_valid(participants, '{speaker_id}', '{role}')),
    article_ids     bigint[] NOT NULL DEFAULT '{}' CHECK (onrecord.ids_valid(article_ids)),
    created_at      timestamptz NOT NULL DEFAULT statement_timestamp(),
    updated_at      timestamptz NOT NULL DEFAULT statement_timestamp(),
    version         bigint NOT NULL DEFAULT 1,
    extra           jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(extra) = 'object'),
    changed_by      bigint,
    change_actor    text CHECK (char_length(change_actor) <= 500),
    change_reason   text CHECK (char_length(change_reason) <= 500),
    starts_on_first date GENERATED ALWAYS AS (onrecord.edtf_first(starts_on)) STORED,
    starts_on_last  date GENERATED ALWAYS AS (onrecord.edtf_last(starts_on)) STORED,
    ends_on_first   date GENERATED ALWAYS AS (onrecord.edtf_first(ends_on)) STORED,
    ends_on_last    date GENERATED ALWAYS AS (onrecord.edtf_last(ends_on)) STORED
);

CREATE INDEX events_name_id_idx ON onrecord.events (name, id);
CREATE INDEX events_starts_on_first_id_idx ON onrecord.events (starts_on_first, id);
CREATE INDEX events_created_at_id_idx ON onrecord.events (created_at, id);
CREATE INDEX events_updated_at_id_idx ON onrecord.events (updated_at, id);
CREATE INDEX events_part_of_id_idx ON onrecord.events (part_of_id, id) WHERE part_of_id IS NOT NULL;

COMMENT ON TABLE onrecord.events IS 'What articles report and quotes are about';
COMMENT ON COLUMN onrecord.events.status IS 'announced: no occasion named yet; planned: occasion named';
COMMENT ON COLUMN onrecord.events.starts_on IS 'EDTF date of reduced precision: 2025, 2025-05, 2025-05-15';
COMMENT ON COLUMN onrecord.events.ends_on IS 'EDTF date of reduced precision';
COMMENT ON COLUMN onrecord.events.part_of_id IS 'The event that this one is part of';
COMMENT ON COLUMN onrecord.events.participants IS 'Who takes part: [{speaker_id, role}]';
COMMENT ON COLUMN onrecord.events.article_ids IS 'The articles that report it';
COMMENT ON COLUMN onrecord.events.starts_on_first IS
    'First and last day of starts_on and ends_on, for filters and sorting';

CREATE TABLE onrecord.quotes (
    id                 bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    external_id        text UNIQUE CHECK (char_length(external_id) BETWEEN 1 AND 255),
    article_id         bigint NOT NULL REFERENCES onrecord.articles,
    text               text NOT NULL CHECK (char_length(text) BETWEEN 1 AND 100000),
    kind               text NOT NULL DEFAULT 'direct' CHECK (kind IN ('direct', 'partial', 'indirect')),
    speaker_id         bigint REFERENCES onrecord.speakers,
    speaker_as_printed text CHECK (char_length(speaker_as_printed) <= 500),
    role               text CHECK (char_length(role) <= 500),
    relayed_by         jsonb CHECK (relayed_by IS NULL
                           OR onrecord.object_valid(relayed_by, '{speaker_id}', '{as_printed,role,cue}')),
    spans              integer[] NOT NULL DEFAULT '{}' CHECK (onrecord.spans_valid(spans)),
    prefix             text CHECK (char_length(prefix) <= 1000),
    suffix             text CHECK (char_length(suffix) <= 1000),
    cue                text CHECK (char_length(cue) <= 200),
    channel            text CHECK (channel IN ('speech', 'interview', 'statement', 'social_media', 'other')),
    said_on            text CONSTRAINT quotes_said_on_check CHECK (said_on IS NULL OR said_on_first IS NOT NULL),
    continues_id       bigint REFERENCES onrecord.quotes
                       CONSTRAINT quotes_continues_id_check CHECK (continues_id <> id),
    about_ids          bigint[] NOT NULL DEFAULT '{}' CHECK (onrecord.ids_valid(about_ids)),
    event_id           bigint REFERENCES onrecord.events,
    status             text NOT NULL DEFAULT 'confirmed' CHECK (status IN ('proposed', 'confirmed', 'rejected')),
    confidence         double precision CHECK (confidence BETWEEN 0 AND 1),
    anchor             text CHECK (anchor IN ('anchored', 'lost')),
    published_at       timestamptz,
    source_id          bigint,
    created_at         timestamptz NOT NULL DEFAULT statement_timestamp(),
    updated_at         timestamptz NOT NULL DEFAULT statement_timestamp(),
    version            bigint NOT NULL DEFAULT 1,
    extra              jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(extra) = 'object'),
    changed_by         bigint,
    change_actor       text CHECK (char_length(change_actor) <= 500),
    change_reason      text CHECK (char_length(change_reason) <= 500),
    said_on_first      date GENERATED ALWAYS AS (onrecord.edtf_first(said_on)) STORED,
    said_on_last       date GENERATED ALWAYS AS (onrecord.edtf_last(said_on)) STORED,
    relayed_by_id      bigint GENERATED ALWAYS AS ((relayed_by ->> 'speaker_id')::bigint) STORED
                       REFERENCES onrecord.speakers,
    CONSTRAINT quotes_anchor_spans_check CHECK (anchor <> 'anchored' OR cardinality(spans) > 0)
);

-- Few, since each is paid by every quote that comes in.
CREATE INDEX quotes_article_id_id_idx ON onrecord.quotes (article_id, id);
CREATE INDEX quotes_speaker_id_id_idx ON onrecord.quotes (speaker_id, id);
CREATE INDEX quotes_source_id_id_idx ON onrecord.quotes (source_id, id);
CREATE INDEX quotes_published_at_id_idx ON onrecord.quotes (published_at, id);
CREATE INDEX quotes_said_on_first_id_idx ON onrecord.quotes (said_on_first, id);
CREATE INDEX quotes_created_at_id_idx ON onrecord.quotes (created_at, id);
CREATE INDEX quotes_updated_at_id_idx ON onrecord.quotes (updated_at, id);
CREATE INDEX quotes_event_id_idx ON onrecord.quotes (event_id, id) WHERE event_id IS NOT NULL;
CREATE INDEX quotes_relayed_by_id_idx ON onrecord.quotes (relayed_by_id, id) WHERE relayed_by_id IS NOT NULL;
CREATE INDEX quotes_continues_id_idx ON onrecord.quotes (continues_id, id) WHERE continues_id IS NOT NULL;

COMMENT ON TABLE onrecord.quotes IS 'The words on record: whose, in what role, where in the article';
COMMENT ON COLUMN onrecord.quotes.kind IS 'partial: a quoted fragment inside a paraphrase';
COMMENT ON COLUMN onrecord.quotes.speaker_id IS 'Null: unattributed';
COMMENT ON COLUMN onrecord.quotes.role IS 'As printed, at the time of the quote';
COMMENT ON COLUMN onrecord.quotes.relayed_by IS 'Who passes the words on: {speaker_id, as_printed, role, cue}';
COMMENT ON COLUMN onrecord.quotes.spans IS
    'Where in the article''s body: start, end, start, end ... in code points, end exclusive';
COMMENT ON COLUMN onrecord.quotes.prefix IS 'The 32 code points before it';
COMMENT ON COLUMN onrecord.quotes.suffix IS 'The 32 code points after it';
COMMENT ON COLUMN onrecord.quotes.cue IS 'The word that introduces it: said, wrote, argued';
COMMENT ON COLUMN onrecord.quotes.said_on IS 'EDTF date of reduced precision';
COMMENT ON COLUMN onrecord.quotes.continues_id IS 'The quote that it goes on from';
COMMENT ON COLUMN onrecord.quotes.about_ids IS 'Speakers that the words are about';
COMMENT ON COLUMN onrecord.quotes.event_id IS 'The event that the words are about';
COMMENT ON COLUMN onrecord.quotes.status IS 'Only what is confirmed shows, unless asked for';
COMMENT ON COLUMN onrecord.quotes.confidence IS '0 to 1: how sure whoever proposed it was';
COMMENT ON COLUMN onrecord.quotes.anchor IS 'lost: the article''s body no longer holds the words';
COMMENT ON COLUMN onrecord.quotes.published_at IS 'The article''s; kept so by triggers';
COMMENT ON COLUMN onrecord.quotes.source_id IS 'The article''s; kept so by triggers';
COMMENT ON COLUMN onrecord.quotes.said_on_first IS 'First and last day of said_on, for filters and sorting';
COMMENT ON COLUMN onrecord.quotes.relayed_by_id IS 'relayed_by.speaker_id, for filters and the foreign key';


-- 3. Links ------------------------------------------------------------------------------------------------------------

-- One row for each entry of a list, in the list's order. Nobody writes them but the triggers of part 7.

CREATE TABLE onrecord.via (
    article_id bigint NOT NULL REFERENCES onrecord.articles ON DELETE CASCADE,
    position   integer NOT NULL,
    source_id  bigint NOT NULL REFERENCES onrecord.sources,
    PRIMARY KEY (article_id, position)
);

CREATE TABLE onrecord.mentions (
    article_id bigint NOT NULL REFERENCES onrecord.articles ON DELETE CASCADE,
    position   integer NOT NULL,
    speaker_id bigint NOT NULL REFERENCES onrecord.speakers,
    PRIMARY KEY (article_id, position)
);

CREATE TABLE onrecord.affiliations (
    speaker_id      bigint NOT NULL REFERENCES onrecord.speakers ON DELETE CASCADE,
    position        integer NOT NULL,
    organization_id bigint REFERENCES onrecord.speakers,
    -- Deferrable: an article may name a speaker whose affiliation it is the source of, both new.
    article_id      bigint REFERENCES onrecord.articles DEFERRABLE,
    PRIMARY KEY (speaker_id, position)
);

CREATE TABLE onrecord.participants (
    event_id   bigint NOT NULL REFERENCES onrecord.events ON DELETE CASCADE,
    position   integer NOT NULL,
    speaker_id bigint NOT NULL REFERENCES onrecord.speakers,
    PRIMARY KEY (event_id, position)
);

CREATE TABLE onrecord.article_events (
    event_id   bigint NOT NULL REFERENCES onrecord.events ON DELETE CASCADE,
    position   integer NOT NULL,
    article_id bigint NOT NULL REFERENCES onrecord.articles,
    PRIMARY KEY (event_id, position)
);

CREATE TABLE onrecord.quote_abouts (
    quote_id   bigint NOT NULL REFERENCES onrecord.quotes ON DELETE CASCADE,
    position   integer NOT NULL,
    speaker_id bigint NOT NULL REFERENCES onrecord.speakers,
    PRIMARY KEY (quote_id, position)
);

CREATE INDEX via_source_id_idx ON onrecord.via (source_id, article_id);
CREATE INDEX mentions_speaker_id_idx ON onrecord.mentions (speaker_id, article_id);
CREATE INDEX affiliations_organization_id_idx ON onrecord.affiliations (organization_id, speaker_id);
CREATE INDEX affiliations_article_id_idx ON onrecord.affiliations (article_id, speaker_id);
CREATE INDEX participants_speaker_id_idx ON onrecord.participants (speaker_id, event_id);
CREATE INDEX article_events_article_id_idx ON onrecord.article_events (article_id, event_id);
CREATE INDEX quote_abouts_speaker_id_idx ON onrecord.quote_abouts (speaker_id, quote_id);

COMMENT ON TABLE onrecord.via IS 'Follows articles.via';
COMMENT ON TABLE onrecord.mentions IS 'Follows articles.mentions';
COMMENT ON TABLE onrecord.affiliations IS 'Follows speakers.affiliations';
COMMENT ON TABLE onrecord.participants IS 'Follows events.participants';
COMMENT ON TABLE onrecord.article_events IS 'Follows events.article_ids';
COMMENT ON TABLE onrecord.quote_abouts IS 'Follows quotes.about_ids';


-- 4. History ----------------------------------------------------------------------------------------------------------

CREATE TABLE onrecord.revisions (
    resource      text NOT NULL,
    record_id     bigint NOT NULL,
    version       bigint NOT NULL,
    state         jsonb,
    changed_at    timestamptz NOT NULL,
    changed_by    bigint,
    change_actor  text,
    change_reason text,
    replaced_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (resource, record_id, version, replaced_at)
) PARTITION BY RANGE (replaced_at);

CREATE TABLE onrecord.revisions_default PARTITION OF onrecord.revisions DEFAULT;

COMMENT ON TABLE onrecord.revisions IS
    'Former versions of records, whole; the last one of a deleted record is its tombstone';
COMMENT ON COLUMN onrecord.revisions.resource IS 'The record''s table: articles, quotes ...';
COMMENT ON COLUMN onrecord.revisions.state IS 'The row as it was; null: deleted';
COMMENT ON COLUMN onrecord.revisions.changed_at IS 'When this version came to be; by whom: the next three';
COMMENT ON COLUMN onrecord.revisions.changed_by IS 'API key; null: by SQL';
COMMENT ON COLUMN onrecord.revisions.replaced_at IS 'When it ceased to be the present one. Months of it are partitions';

CREATE TABLE onrecord.changes (
    id         bigint GENERATED BY DEFAULT AS IDENTITY,
    pos        bigint,
    resource   text NOT NULL,
    record_id  bigint NOT NULL,
    operation  text NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
    version    bigint NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by bigint,
    PRIMARY KEY (id, changed_at)
) PARTITION BY RANGE (changed_at);

CREATE TABLE onrecord.changes_default PARTITION OF onrecord.changes DEFAULT;

COMMENT ON TABLE onrecord.changes IS 'One row for each change of a record, written in its transaction';
COMMENT ON COLUMN onrecord.changes.id IS 'In order of writing, which is not the order of commits';
COMMENT ON COLUMN onrecord.changes.pos IS 'In order of becoming visible; null: not numbered yet';
COMMENT ON COLUMN onrecord.changes.version IS 'The record''s version after it; of a deletion, the tombstone''s';

CREATE FUNCTION onrecord.ensure_partitions() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    made integer := 0;
    log record;
    month timestamptz;
    partition text;
BEGIN
    FOR log IN SELECT * FROM (VALUES ('revisions', 'replaced_at'), ('changes', 'changed_at')) AS log (name, key) LOOP
        FOR i IN 0 .. 2 LOOP
            month := date_trunc('month', now()) + i * interval '1 month';
            partition := log.name || to_char(month, '_YYYY_MM');
            CONTINUE WHEN to_regclass('onrecord.' || partition) IS NOT NULL;
            -- Attached, not created in place: that would stop all writing while it waits for its lock. What the
            -- default partition holds of that month moves over.
            EXECUTE format('LOCK TABLE onrecord.%I', log.name || '_default');
            CONTINUE WHEN to_regclass('onrecord.' || partition) IS NOT NULL;
            EXECUTE format('CREATE TABLE onrecord.%I (LIKE onrecord.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                           partition, log.name);
            EXECUTE format('WITH moved AS (DELETE FROM onrecord.%I WHERE %I >= %L AND %2$I < %4$L RETURNING *) '
                           'INSERT INTO onrecord.%5$I SELECT * FROM moved',
                           log.name || '_default', log.key, month, month + interval '1 month', partition);
            EXECUTE format('ALTER TABLE onrecord.%I ATTACH PARTITION onrecord.%I FOR VALUES FROM (%L) TO (%L)',
                           log.name, partition, month, month + interval '1 month');
            made := made + 1;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

COMMENT ON FUNCTION onrecord.ensure_partitions IS
    'Makes the partitions of this month and the next two; answers how many were missing';

SELECT onrecord.ensure_partitions();


-- 5. The service ------------------------------------------------------------------------------------------------------

CREATE TABLE onrecord.api_keys (
    id           bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    name         text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    hash         bytea NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    scope        text NOT NULL CHECK (scope IN ('read', 'write', 'admin')),
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at   timestamptz,
    revoked_at   timestamptz,
    last_used_at timestamptz
);

CREATE UNIQUE INDEX api_keys_name_key ON onrecord.api_keys (name) WHERE revoked_at IS NULL;

COMMENT ON TABLE onrecord.api_keys IS 'Who may do what. Never deleted: revisions name them';
COMMENT ON COLUMN onrecord.api_keys.name IS 'Unique among keys that have no revoked_at';
COMMENT ON COLUMN onrecord.api_keys.hash IS 'SHA-256 of the key; the key itself is stored nowhere';
COMMENT ON COLUMN onrecord.api_keys.scope IS 'Each includes those before it: read, write, admin';
COMMENT ON COLUMN onrecord.api_keys.revoked_at IS
    'The key works until then; after a rotation with grace that is in the future';

CREATE TABLE onrecord.instance (
    only_one   boolean PRIMARY KEY DEFAULT true CHECK (only_one),
    epoch      uuid NOT NULL DEFAULT gen_random_uuid(),
    cursor_key bytea NOT NULL CHECK (octet_length(cursor_key) = 32)
               DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
);

INSERT INTO onrecord.instance DEFAULT VALUES;

COMMENT ON TABLE onrecord.instance IS 'One row: what all servers on this database share';
COMMENT ON COLUMN onrecord.instance.epoch IS
    'Changes when a backup is restored, so that tokens of the change log from before are refused';
COMMENT ON COLUMN onrecord.instance.cursor_key IS 'Signs cursors';


-- 6. Organizations ----------------------------------------------------------------------------------------------------

CREATE FUNCTION onrecord.organization_tree(organization bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
    WITH RECURSIVE tree (id) AS (
        SELECT organization
        UNION -- not UNION ALL: ends even if there were a cycle
        SELECT part.id FROM onrecord.speakers AS part JOIN tree ON part.part_of_id = tree.id
    )
    SELECT tree.id FROM tree;
END;

COMMENT ON FUNCTION onrecord.organization_tree IS 'The organization and all that is part of it, however deep';

CREATE FUNCTION onrecord.part_of_check() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    cycle boolean;
BEGIN
    -- One at a time: two halves of a cycle could be made side by side, each unseen by the other.
    PERFORM pg_advisory_xact_lock(hashtextextended('onrecord.' || TG_TABLE_NAME || '.part_of_id', 0));
    EXECUTE format('WITH RECURSIVE parent (id) AS (SELECT $1 UNION '
                   'SELECT above.part_of_id FROM onrecord.%I AS above JOIN parent ON above.id = parent.id) '
                   'SELECT $2 IN (SELECT id FROM parent WHERE id IS NOT NULL)', TG_TABLE_NAME)
    INTO cycle USING NEW.part_of_id, NEW.id;
    IF cycle THEN
        RAISE EXCEPTION '% cannot be part of itself', NEW.id USING ERRCODE = 'check_violation',
            SCHEMA = TG_TABLE_SCHEMA, TABLE = TG_TABLE_NAME, COLUMN = 'part_of_id',
            CONSTRAINT = TG_TABLE_NAME || '_part_of_cycle';
    END IF;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION onrecord.part_of_check IS 'Refuses a cycle, as if by a constraint <table>_part_of_cycle';


-- 7. Triggers ---------------------------------------------------------------------------------------------------------

-- Triggers of one event fire in the order of their names: hence the numbers.

-- 7a. Before: what a row computes.

CREATE FUNCTION onrecord.article_hash() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.body_sha256 := encode(sha256(convert_to(NEW.body, 'UTF8')), 'hex');
    RETURN NEW;
END
$$;

CREATE FUNCTION onrecord.quote_follow_article() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    -- FOR SHARE: the article must not change between this and the commit. (Its foreign key locks it anyway.)
    SELECT article.published_at, article.source_id INTO NEW.published_at, NEW.source_id
    FROM onrecord.articles AS article WHERE article.id = NEW.article_id FOR SHARE;
    RETURN NEW;
END
$$;

COMMENT ON FUNCTION onrecord.article_hash IS 'Computes body_sha256';
COMMENT ON FUNCTION onrecord.quote_follow_article IS 'Takes published_at and source_id from the article';

-- 7b. Before an update: versions.

CREATE FUNCTION onrecord.record_named() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := NULL; -- the sign for record_update
    RETURN NEW;
END
$$;

CREATE FUNCTION onrecord.record_update() RETURNS trigger
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

COMMENT ON FUNCTION onrecord.record_named IS 'Notes that an UPDATE says by changed_by who makes it';
COMMENT ON FUNCTION onrecord.record_update IS
    'Raises version and updated_at, unless nothing is changed. Who makes an UPDATE that does not set changed_by is in '
    'the settings onrecord.changed_by, onrecord.change_actor, onrecord.change_reason: it is not the former key''s';

-- 7c. After: the log, and the revision that a change replaced.

CREATE FUNCTION onrecord.record_log() RETURNS trigger
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
    INSERT INTO onrecord.revisions (resource, record_id, version, state, changed_at, changed_by, change_actor,
                                    change_reason)
    VALUES (TG_TABLE_NAME, OLD.id, OLD.version, to_jsonb(OLD), OLD.updated_at, OLD.changed_by, OLD.change_actor,
            OLD.change_reason);
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

COMMENT ON FUNCTION onrecord.record_log IS
    'Writes changes and revisions. Who makes a DELETE is in the settings onrecord.changed_by, onrecord.change_actor, '
    'onrecord.change_reason';

-- 7d. After: link tables, and what quotes take from their article.

CREATE FUNCTION onrecord.via_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM onrecord.via WHERE article_id = NEW.id;
    INSERT INTO onrecord.via (article_id, position, source_id)
    SELECT NEW.id, item.position, (item.value ->> 'source_id')::bigint
    FROM jsonb_array_elements(NEW.via) WITH ORDINALITY AS item (value, position)
    WHERE item.value ->> 'source_id' IS NOT NULL;
    RETURN NULL;
END
$$;

CREATE FUNCTION onrecord.mentions_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM onrecord.mentions WHERE article_id = NEW.id;
    INSERT INTO onrecord.mentions (article_id, position, speaker_id)
    SELECT NEW.id, item.position, (item.value ->> 'speaker_id')::bigint
    FROM jsonb_array_elements(NEW.mentions) WITH ORDINALITY AS item (value, position)
    WHERE item.value ->> 'speaker_id' IS NOT NULL;
    RETURN NULL;
END
$$;

CREATE FUNCTION onrecord.affiliations_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM onrecord.affiliations WHERE speaker_id = NEW.id;
    INSERT INTO onrecord.affiliations (speaker_id, position, organization_id, article_id)
    SELECT NEW.id, item.position, (item.value ->> 'organization_id')::bigint, (item.value ->> 'article_id')::bigint
    FROM jsonb_array_elements(NEW.affiliations) WITH ORDINALITY AS item (value, position);
    RETURN NULL;
END
$$;

CREATE FUNCTION onrecord.participants_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM onrecord.participants WHERE event_id = NEW.id;
    INSERT INTO onrecord.participants (event_id, position, speaker_id)
    SELECT NEW.id, item.position, (item.value ->> 'speaker_id')::bigint
    FROM jsonb_array_elements(NEW.participants) WITH ORDINALITY AS item (value, position)
    WHERE item.value ->> 'speaker_id' IS NOT NULL;
    RETURN NULL;
END
$$;

CREATE FUNCTION onrecord.article_events_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM onrecord.article_events WHERE event_id = NEW.id;
    INSERT INTO onrecord.article_events (event_id, position, article_id)
    SELECT NEW.id, item.position, item.article_id
    FROM unnest(NEW.article_ids) WITH ORDINALITY AS item (article_id, position);
    RETURN NULL;
END
$$;

CREATE FUNCTION onrecord.quote_abouts_follow() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM onrecord.quote_abouts WHERE quote_id = NEW.id;
    INSERT INTO onrecord.quote_abouts (quote_id, position, speaker_id)
    SELECT NEW.id, item.position, item.speaker_id
    FROM unnest(NEW.about_ids) WITH ORDINALITY AS item (speaker_id, position);
    RETURN NULL;
END
$$;

CREATE FUNCTION onrecord.article_lead_quotes() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE onrecord.quotes
    SET published_at = NEW.published_at, source_id = NEW.source_id,
        changed_by = NEW.changed_by, change_actor = NEW.change_actor, change_reason = NEW.change_reason
    WHERE article_id = NEW.id;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION onrecord.article_lead_quotes IS 'Passes published_at and source_id on to the article''s quotes';

-- 7e. Each table's own.

CREATE TRIGGER before_1_named BEFORE UPDATE OF changed_by ON onrecord.sources
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_named();
CREATE TRIGGER before_3_update BEFORE UPDATE ON onrecord.sources
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_update();
CREATE TRIGGER after_1_log AFTER INSERT OR UPDATE OR DELETE ON onrecord.sources
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_log();

CREATE TRIGGER before_1_named BEFORE UPDATE OF changed_by ON onrecord.articles
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_named();
CREATE TRIGGER before_2_hash BEFORE INSERT ON onrecord.articles
    FOR EACH ROW EXECUTE FUNCTION onrecord.article_hash();
CREATE TRIGGER before_2_hash_update BEFORE UPDATE ON onrecord.articles
    FOR EACH ROW WHEN ((OLD.body, OLD.body_sha256) IS DISTINCT FROM (NEW.body, NEW.body_sha256))
    EXECUTE FUNCTION onrecord.article_hash();
CREATE TRIGGER before_3_update BEFORE UPDATE ON onrecord.articles
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_update();
CREATE TRIGGER after_1_log AFTER INSERT OR UPDATE OR DELETE ON onrecord.articles
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_log();
CREATE TRIGGER after_2_via AFTER INSERT ON onrecord.articles
    FOR EACH ROW WHEN (NEW.via <> '[]') EXECUTE FUNCTION onrecord.via_follow();
CREATE TRIGGER after_2_via_update AFTER UPDATE ON onrecord.articles
    FOR EACH ROW WHEN (OLD.via <> NEW.via) EXECUTE FUNCTION onrecord.via_follow();
CREATE TRIGGER after_2_mentions AFTER INSERT ON onrecord.articles
    FOR EACH ROW WHEN (NEW.mentions <> '[]') EXECUTE FUNCTION onrecord.mentions_follow();
CREATE TRIGGER after_2_mentions_update AFTER UPDATE ON onrecord.articles
    FOR EACH ROW WHEN (OLD.mentions <> NEW.mentions) EXECUTE FUNCTION onrecord.mentions_follow();
CREATE TRIGGER after_3_quotes_update AFTER UPDATE ON onrecord.articles
    FOR EACH ROW WHEN ((OLD.published_at, OLD.source_id) IS DISTINCT FROM (NEW.published_at, NEW.source_id))
    EXECUTE FUNCTION onrecord.article_lead_quotes();

CREATE TRIGGER before_1_named BEFORE UPDATE OF changed_by ON onrecord.speakers
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_named();
CREATE TRIGGER before_2_part_of BEFORE INSERT ON onrecord.speakers
    FOR EACH ROW WHEN (NEW.part_of_id IS NOT NULL) EXECUTE FUNCTION onrecord.part_of_check();
CREATE TRIGGER before_2_part_of_update BEFORE UPDATE ON onrecord.speakers
    FOR EACH ROW WHEN (NEW.part_of_id <> OLD.part_of_id OR (NEW.part_of_id IS NOT NULL AND OLD.part_of_id IS NULL))
    EXECUTE FUNCTION onrecord.part_of_check();
CREATE TRIGGER before_3_update BEFORE UPDATE ON onrecord.speakers
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_update();
CREATE TRIGGER after_1_log AFTER INSERT OR UPDATE OR DELETE ON onrecord.speakers
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_log();
CREATE TRIGGER after_2_affiliations AFTER INSERT ON onrecord.speakers
    FOR EACH ROW WHEN (NEW.affiliations <> '[]') EXECUTE FUNCTION onrecord.affiliations_follow();
CREATE TRIGGER after_2_affiliations_update AFTER UPDATE ON onrecord.speakers
    FOR EACH ROW WHEN (OLD.affiliations <> NEW.affiliations) EXECUTE FUNCTION onrecord.affiliations_follow();

CREATE TRIGGER before_1_named BEFORE UPDATE OF changed_by ON onrecord.events
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_named();
CREATE TRIGGER before_2_part_of BEFORE INSERT ON onrecord.events
    FOR EACH ROW WHEN (NEW.part_of_id IS NOT NULL) EXECUTE FUNCTION onrecord.part_of_check();
CREATE TRIGGER before_2_part_of_update BEFORE UPDATE ON onrecord.events
    FOR EACH ROW WHEN (NEW.part_of_id <> OLD.part_of_id OR (NEW.part_of_id IS NOT NULL AND OLD.part_of_id IS NULL))
    EXECUTE FUNCTION onrecord.part_of_check();
CREATE TRIGGER before_3_update BEFORE UPDATE ON onrecord.events
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_update(
        '{"starts_on_first": null, "starts_on_last": null, "ends_on_first": null, "ends_on_last": null}');
CREATE TRIGGER after_1_log AFTER INSERT OR UPDATE OR DELETE ON onrecord.events
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_log();
CREATE TRIGGER after_2_participants AFTER INSERT ON onrecord.events
    FOR EACH ROW WHEN (NEW.participants <> '[]') EXECUTE FUNCTION onrecord.participants_follow();
CREATE TRIGGER after_2_participants_update AFTER UPDATE ON onrecord.events
    FOR EACH ROW WHEN (OLD.participants <> NEW.participants) EXECUTE FUNCTION onrecord.participants_follow();
CREATE TRIGGER after_2_articles AFTER INSERT ON onrecord.events
    FOR EACH ROW WHEN (NEW.article_ids <> '{}') EXECUTE FUNCTION onrecord.article_events_follow();
CREATE TRIGGER after_2_articles_update AFTER UPDATE ON onrecord.events
    FOR EACH ROW WHEN (OLD.article_ids <> NEW.article_ids) EXECUTE FUNCTION onrecord.article_events_follow();

CREATE TRIGGER before_1_named BEFORE UPDATE OF changed_by ON onrecord.quotes
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_named();
CREATE TRIGGER before_2_article BEFORE INSERT ON onrecord.quotes
    FOR EACH ROW EXECUTE FUNCTION onrecord.quote_follow_article();
CREATE TRIGGER before_2_article_update BEFORE UPDATE ON onrecord.quotes
    FOR EACH ROW WHEN ((OLD.article_id, OLD.published_at, OLD.source_id)
                       IS DISTINCT FROM (NEW.article_id, NEW.published_at, NEW.source_id))
    EXECUTE FUNCTION onrecord.quote_follow_article();
CREATE TRIGGER before_3_update BEFORE UPDATE ON onrecord.quotes
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_update(
        '{"said_on_first": null, "said_on_last": null, "relayed_by_id": null}');
CREATE TRIGGER after_1_log AFTER INSERT OR UPDATE OR DELETE ON onrecord.quotes
    FOR EACH ROW EXECUTE FUNCTION onrecord.record_log();
CREATE TRIGGER after_2_abouts AFTER INSERT ON onrecord.quotes
    FOR EACH ROW WHEN (NEW.about_ids <> '{}') EXECUTE FUNCTION onrecord.quote_abouts_follow();
CREATE TRIGGER after_2_abouts_update AFTER UPDATE ON onrecord.quotes
    FOR EACH ROW WHEN (OLD.about_ids <> NEW.about_ids) EXECUTE FUNCTION onrecord.quote_abouts_follow();
