-- 0007: speakers that turn out to be one: merging them, and taking that back.
-- admits: 1
--
-- In reading order:
--   1. what is kept   who was merged into whom, what was moved, who is known to be another
--   2. lists          how the entries of a list follow, and how they go back
--   3. merge, unmerge
--   4. duplicates     pairs that may be one
--
-- A merged speaker's row is deleted like any other: it has its revisions, and its tombstone. What is kept beside that
-- leads from its id, name and external_id to who has its place, and remembers what was moved.


-- 1. What is kept -----------------------------------------------------------------------------------------------------

CREATE TABLE onrecord.speaker_merges (
    id             bigint PRIMARY KEY,
    into_id        bigint NOT NULL CHECK (into_id <> id),
    merged_into_id bigint NOT NULL,
    name           text NOT NULL,
    external_id    text,
    state          jsonb NOT NULL,
    given          jsonb NOT NULL,
    merged_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX speaker_merges_into_id_idx ON onrecord.speaker_merges (into_id);
CREATE INDEX speaker_merges_merged_into_id_idx ON onrecord.speaker_merges (merged_into_id);
CREATE INDEX speaker_merges_name_idx ON onrecord.speaker_merges (name);
CREATE INDEX speaker_merges_external_id_idx ON onrecord.speaker_merges (external_id);

COMMENT ON TABLE onrecord.speaker_merges IS
    'Merged speakers. No foreign key: who has their place may be deleted, and restored';
COMMENT ON COLUMN onrecord.speaker_merges.into_id IS 'Who has its place now: never a merged one itself';
COMMENT ON COLUMN onrecord.speaker_merges.merged_into_id IS 'Whom it was merged into, who may have been merged since';
COMMENT ON COLUMN onrecord.speaker_merges.state IS 'Its row as it was, without what was taken back from it since';
COMMENT ON COLUMN onrecord.speaker_merges.given IS
    'What whom it was merged into got from it: {aliases, same_as, affiliations, part_of_id}, lists all four';

CREATE TABLE onrecord.speaker_moves (
    merged_id bigint NOT NULL REFERENCES onrecord.speaker_merges ON DELETE CASCADE,
    resource  text NOT NULL,
    record_id bigint NOT NULL,
    field     text NOT NULL,
    position  integer NOT NULL,
    entry     jsonb,
    dropped   boolean NOT NULL DEFAULT false,
    PRIMARY KEY (merged_id, resource, record_id, field, position)
);

COMMENT ON TABLE onrecord.speaker_moves IS 'Where records named a merged speaker';
COMMENT ON COLUMN onrecord.speaker_moves.resource IS 'The record''s table: quotes, articles, events, speakers';
COMMENT ON COLUMN onrecord.speaker_moves.position IS 'In a list, from 1; else 0';
COMMENT ON COLUMN onrecord.speaker_moves.entry IS 'In a list of objects: the entry as it was';
COMMENT ON COLUMN onrecord.speaker_moves.dropped IS 'The list had the same of who has its place now: one is enough';

CREATE TABLE onrecord.speaker_distinctions (
    low_id        bigint NOT NULL,
    high_id       bigint NOT NULL CHECK (high_id > low_id),
    made_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by    bigint,
    change_actor  text,
    change_reason text,
    PRIMARY KEY (low_id, high_id)
);

COMMENT ON TABLE onrecord.speaker_distinctions IS
    'Pairs of speakers who are not one, whatever their names say. No foreign key: a merged one may come back';
COMMENT ON COLUMN onrecord.speaker_distinctions.changed_by IS 'API key; null: by SQL';


-- 2. Lists ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION onrecord.entries_move(list jsonb, member text, was bigint, now bigint)
RETURNS TABLE ("position" integer, entry jsonb, moved jsonb, dropped boolean)
LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    WITH item AS (
        SELECT each.place::integer AS position, each.value AS entry, (each.value -> member) = to_jsonb(was) AS names_it,
               CASE WHEN (each.value -> member) = to_jsonb(was)
                    THEN each.value || jsonb_build_object(member, now) ELSE each.value END AS moved
        FROM jsonb_array_elements(list) WITH ORDINALITY AS each (value, place)
    )
    SELECT item.position, item.entry, item.moved,
           coalesce(item.names_it, false)
           AND EXISTS (SELECT FROM item AS other WHERE other.moved = item.moved
                       AND (other.names_it IS NOT TRUE OR other.position < item.position))
    FROM item;
END;

COMMENT ON FUNCTION onrecord.entries_move IS
    'The entries of a list, and what they become when one speaker has another''s place; dropped: another says the same';

CREATE FUNCTION onrecord.entries_moved(list jsonb, member text, was bigint, now bigint, but boolean) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN (SELECT coalesce(jsonb_agg(item.moved ORDER BY item.position), '[]')
        FROM onrecord.entries_move(list, member, was, now) AS item
        WHERE NOT item.dropped AND NOT (but AND item.entry <> item.moved));

COMMENT ON FUNCTION onrecord.entries_moved IS
    'The list as it becomes; "but": without what named the one that was, since its owner has that one''s place';

CREATE FUNCTION onrecord.entries_back(list jsonb, member text, was bigint, now bigint, moves jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    move record;
    moved jsonb;
    place integer;
BEGIN
    FOR move IN SELECT * FROM jsonb_to_recordset(moves) AS m ("position" integer, entry jsonb, dropped boolean, own boolean)
                ORDER BY m.position LOOP
        moved := move.entry || jsonb_build_object(member, was);
        place := CASE WHEN list -> (move.position - 1) = moved THEN move.position
                      ELSE (SELECT min(each.place) FROM jsonb_array_elements(list) WITH ORDINALITY AS each (value, place)
                            WHERE each.value = moved) END;
        IF move.dropped AND (place IS NOT NULL OR move.own) THEN
            list := jsonb_insert(list, ARRAY[least(move.position - 1, jsonb_array_length(list))::text],
                                 move.entry || jsonb_build_object(member, now));
        ELSIF place IS NOT NULL THEN
            list := jsonb_set(list, ARRAY[(place - 1)::text], move.entry || jsonb_build_object(member, now));
        END IF;
    END LOOP;
    RETURN list;
END
$$;

COMMENT ON FUNCTION onrecord.entries_back IS
    'The list with its moved entries as they were, where it still has them, at their place or at another';

CREATE FUNCTION onrecord.ids_back(list bigint[], was bigint, now bigint, place integer, dropped boolean) RETURNS bigint[]
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN array_position(list, was) IS NULL OR array_position(list, now) IS NOT NULL THEN list
            WHEN dropped THEN list[:place - 1] || now || list[place:]
            ELSE array_replace(list, was, now) END;

COMMENT ON FUNCTION onrecord.ids_back IS 'The same for a list of ids';

-- Lists as sets, in the order of the first.

CREATE FUNCTION onrecord.list_without(list jsonb, gone jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN (SELECT coalesce(jsonb_agg(each.value ORDER BY each.place), '[]')
        FROM jsonb_array_elements(list) WITH ORDINALITY AS each (value, place)
        WHERE each.value NOT IN (SELECT jsonb_array_elements(gone)));

CREATE FUNCTION onrecord.list_texts(list jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE
RETURN ARRAY(SELECT each.value FROM jsonb_array_elements_text(list) WITH ORDINALITY AS each (value, place)
             ORDER BY each.place);

CREATE FUNCTION onrecord.lists_without(lists jsonb, gone jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN (SELECT jsonb_object_agg(list.key, onrecord.list_without(list.value, gone -> list.key))
        FROM jsonb_each(lists) AS list);

COMMENT ON FUNCTION onrecord.list_without IS 'What stands in one array and not in the other';
COMMENT ON FUNCTION onrecord.list_texts IS 'An array of strings as text[]';
COMMENT ON FUNCTION onrecord.lists_without IS 'The same as list_without of each member of two objects';


-- 3. Merge, unmerge ---------------------------------------------------------------------------------------------------

CREATE FUNCTION onrecord.speaker_survivor(speaker bigint) RETURNS bigint
LANGUAGE sql STABLE
RETURN coalesce((SELECT merge.into_id FROM onrecord.speaker_merges AS merge WHERE merge.id = speaker), speaker);

COMMENT ON FUNCTION onrecord.speaker_survivor IS 'Who has the place of a merged speaker; of others, they themselves';

-- Both are locked, in the order of their ids: the one that goes against everything, so that nobody comes to refer to it
-- meanwhile; the one that stays only against being changed or merged.
CREATE FUNCTION onrecord.speaker_lock(going bigint, staying bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    found_both boolean := true;
    speaker bigint;
BEGIN
    FOREACH speaker IN ARRAY ARRAY[least(going, staying), greatest(going, staying)] LOOP
        IF speaker = going THEN
            PERFORM FROM onrecord.speakers WHERE id = speaker FOR UPDATE;
        ELSE
            PERFORM FROM onrecord.speakers WHERE id = speaker FOR NO KEY UPDATE;
        END IF;
        found_both := found_both AND FOUND;
    END LOOP;
    RETURN found_both;
END
$$;

COMMENT ON FUNCTION onrecord.speaker_lock IS 'Locks both for a merge; false: one of them is not there';

CREATE FUNCTION onrecord.speaker_move_quotes(going bigint, staying bigint) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    WITH was AS (
        SELECT quote.id, quote.speaker_id IS NOT DISTINCT FROM going AS said,
               quote.relayed_by_id IS NOT DISTINCT FROM going AS relayed,
               array_position(quote.about_ids, going) AS place, staying = ANY (quote.about_ids) AS dropped
        FROM onrecord.quotes AS quote
        WHERE quote.id IN (
            SELECT said.id FROM onrecord.quotes AS said WHERE said.speaker_id = going UNION ALL
            SELECT relayed.id FROM onrecord.quotes AS relayed WHERE relayed.relayed_by_id = going UNION ALL
            SELECT about.quote_id FROM onrecord.quote_abouts AS about WHERE about.speaker_id = going)
        ORDER BY quote.id
        FOR NO KEY UPDATE
    ), moved AS (
        UPDATE onrecord.quotes AS quote
        SET speaker_id = CASE WHEN was.said THEN staying ELSE quote.speaker_id END,
            relayed_by = CASE WHEN was.relayed THEN quote.relayed_by || jsonb_build_object('speaker_id', staying)
                              ELSE quote.relayed_by END,
            about_ids = CASE WHEN was.place IS NULL THEN quote.about_ids
                             WHEN was.dropped THEN array_remove(quote.about_ids, going)
                             ELSE array_replace(quote.about_ids, going, staying) END
        FROM was
        WHERE quote.id = was.id
        RETURNING was.*
    )
    INSERT INTO onrecord.speaker_moves (merged_id, resource, record_id, field, position, dropped)
    SELECT going, 'quotes', moved.id, place.field, place.position, place.dropped
    FROM moved, LATERAL (VALUES ('speaker_id', moved.said, 0, false), ('relayed_by', moved.relayed, 0, false),
                                ('about_ids', moved.place IS NOT NULL, moved.place, moved.dropped))
                AS place (field, moves, position, dropped)
    WHERE place.moves;
END;

CREATE FUNCTION onrecord.speaker_move_entries(going bigint, staying bigint) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO onrecord.speaker_moves (merged_id, resource, record_id, field, position, entry, dropped)
    SELECT going, list.resource, list.record_id, list.field, item.position, item.entry, item.dropped
    FROM (SELECT 'articles' AS resource, record.id AS record_id, 'mentions' AS field, record.mentions AS entries,
                 'speaker_id' AS member
          FROM onrecord.articles AS record
          WHERE record.id IN (SELECT link.article_id FROM onrecord.mentions AS link WHERE link.speaker_id = going)
          UNION ALL
          SELECT 'events', record.id, 'participants', record.participants, 'speaker_id'
          FROM onrecord.events AS record
          WHERE record.id IN (SELECT link.event_id FROM onrecord.participants AS link WHERE link.speaker_id = going)
          UNION ALL
          SELECT 'speakers', record.id, 'affiliations', record.affiliations, 'organization_id'
          FROM onrecord.speakers AS record
          WHERE record.id NOT IN (going, staying)
            AND record.id IN (SELECT link.speaker_id FROM onrecord.affiliations AS link
                              WHERE link.organization_id = going)) AS list,
         LATERAL onrecord.entries_move(list.entries, list.member, going, staying) AS item
    WHERE item.entry <> item.moved;

    INSERT INTO onrecord.speaker_moves (merged_id, resource, record_id, field, position)
    SELECT going, 'speakers', part.id, 'part_of_id', 0
    FROM onrecord.speakers AS part WHERE part.part_of_id = going AND part.id <> staying;

    UPDATE onrecord.articles AS record
    SET mentions = onrecord.entries_moved(record.mentions, 'speaker_id', going, staying, false)
    WHERE record.id IN (SELECT move.record_id FROM onrecord.speaker_moves AS move
                        WHERE move.merged_id = going AND move.resource = 'articles');
    UPDATE onrecord.events AS record
    SET participants = onrecord.entries_moved(record.participants, 'speaker_id', going, staying, false)
    WHERE record.id IN (SELECT move.record_id FROM onrecord.speaker_moves AS move
                        WHERE move.merged_id = going AND move.resource = 'events');
    UPDATE onrecord.speakers AS record
    SET affiliations = onrecord.entries_moved(record.affiliations, 'organization_id', going, staying, false),
        part_of_id = CASE WHEN record.part_of_id = going THEN staying ELSE record.part_of_id END
    WHERE record.id <> staying
      AND record.id IN (SELECT move.record_id FROM onrecord.speaker_moves AS move
                        WHERE move.merged_id = going AND move.resource = 'speakers');
END;

COMMENT ON FUNCTION onrecord.speaker_move_quotes IS 'Moves who said, relayed and is meant by quotes';
COMMENT ON FUNCTION onrecord.speaker_move_entries IS
    'Moves mentions, participations, affiliations with it and what is part of it; not those of who stays';

-- Its names, its addresses elsewhere, its affiliations; what it is part of, where who stays is part of nothing. All else
-- of who stays is left as it is. Answers what was given.
CREATE FUNCTION onrecord.speaker_give(going onrecord.speakers, staying bigint) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    one onrecord.speakers;
    given jsonb;
    own jsonb;
BEGIN
    SELECT * INTO one FROM onrecord.speakers WHERE id = staying;
    -- What who stays had to do with the one that goes it would now have to do with itself.
    INSERT INTO onrecord.speaker_moves (merged_id, resource, record_id, field, position, entry, dropped)
    SELECT going.id, 'speakers', staying, 'affiliations', item.position, item.entry, true
    FROM onrecord.entries_move(one.affiliations, 'organization_id', going.id, staying) AS item
    WHERE item.entry <> item.moved
    UNION ALL
    SELECT going.id, 'speakers', staying, 'part_of_id', 0, NULL, true WHERE one.part_of_id = going.id;
    own := onrecord.entries_moved(one.affiliations, 'organization_id', going.id, staying, true);
    IF one.part_of_id = going.id THEN
        one.part_of_id := NULL;
    END IF;
    given := jsonb_build_object(
        'aliases', onrecord.list_without(to_jsonb(array_prepend(going.name, going.aliases)),
                                         to_jsonb(array_prepend(one.name, one.aliases))),
        'same_as', onrecord.list_without(to_jsonb(going.same_as), to_jsonb(one.same_as)),
        'affiliations', onrecord.list_without(
            (SELECT coalesce(jsonb_agg(each.value ORDER BY each.place), '[]')
             FROM jsonb_array_elements(going.affiliations) WITH ORDINALITY AS each (value, place)
             WHERE coalesce((each.value ->> 'organization_id')::bigint, 0) NOT IN (going.id, staying)), own),
        'part_of_id', CASE WHEN one.part_of_id IS NULL AND going.part_of_id IS NOT NULL AND NOT EXISTS (
                                    SELECT FROM onrecord.organization_tree(staying) AS part (id)
                                    WHERE part.id = going.part_of_id AND part.id <> going.id)
                           THEN jsonb_build_array(going.part_of_id) ELSE '[]' END);
    UPDATE onrecord.speakers
    SET aliases = aliases || onrecord.list_texts(given -> 'aliases'),
        same_as = same_as || onrecord.list_texts(given -> 'same_as'),
        affiliations = own || (given -> 'affiliations'),
        part_of_id = coalesce((given -> 'part_of_id' ->> 0)::bigint, one.part_of_id)
    WHERE id = staying;
    RETURN given;
END
$$;

COMMENT ON FUNCTION onrecord.speaker_give IS 'Gives a speaker what belongs to the one that is merged into it';

-- Who does it is in the settings that record_update and record_log read. `outcome`:
--
--   merged    `speaker` has its place
--   missing   there is no `speaker`, which was to be merged
--   nowhere   there is no `speaker` that it could be merged into
--   itself    it would be merged into itself; `speaker`: into whom it was to be merged, and who may be merged into it
--   stale     it is at version `speaker`, which is none of `versions` (null: any)
CREATE FUNCTION onrecord.speaker_merge(going bigint, target bigint, versions bigint[], OUT outcome text, OUT speaker bigint)
LANGUAGE plpgsql AS $$
DECLARE
    merged onrecord.speakers;
    staying bigint;
    what jsonb;
BEGIN
    LOOP
        staying := onrecord.speaker_survivor(target);
        EXIT WHEN staying = going OR onrecord.speaker_lock(going, staying);
        speaker := going;
        outcome := 'missing';
        IF NOT EXISTS (SELECT FROM onrecord.speakers WHERE id = going) THEN
            RETURN;
        END IF;
        speaker := target;
        outcome := 'nowhere';
        IF staying = onrecord.speaker_survivor(target) THEN -- else it was merged while its lock was waited for
            RETURN;
        END IF;
    END LOOP;
    SELECT * INTO merged FROM onrecord.speakers WHERE id = going;
    IF NOT FOUND THEN
        outcome := 'missing';
        speaker := going;
    ELSIF merged.version <> ALL (versions) THEN
        outcome := 'stale';
        speaker := merged.version;
    ELSIF staying = going THEN
        outcome := 'itself';
        speaker := target;
    ELSE
        outcome := 'merged';
        speaker := staying;
        INSERT INTO onrecord.speaker_merges (id, into_id, merged_into_id, name, external_id, state, given)
        VALUES (going, staying, staying, merged.name, merged.external_id, to_jsonb(merged), '{}');
        what := onrecord.speaker_give(merged, staying);
        PERFORM onrecord.speaker_move_quotes(going, staying);
        PERFORM onrecord.speaker_move_entries(going, staying);
        DELETE FROM onrecord.speakers WHERE id = going;
        UPDATE onrecord.speaker_merges SET given = what WHERE id = going;
        UPDATE onrecord.speaker_merges SET into_id = staying WHERE into_id = going;
        DELETE FROM onrecord.speaker_distinctions
        WHERE low_id = least(going, staying) AND high_id = greatest(going, staying);
    END IF;
END
$$;

COMMENT ON FUNCTION onrecord.speaker_merge IS 'Merges a speaker into another, or into who has that one''s place';

-- What was given to whom it was merged into, and from there further, is taken back: from those that were merged
-- themselves since, whose rows are kept, and from who has the place now; but for names that another merged one has as
-- well. Answers those between, if any.
CREATE FUNCTION onrecord.speaker_take_back(merge onrecord.speaker_merges) RETURNS bigint[]
LANGUAGE plpgsql AS $$
DECLARE
    between onrecord.speaker_merges;
    path bigint[] := '{}';
    gone jsonb := merge.given;
    next_id bigint := merge.merged_into_id;
BEGIN
    WHILE next_id <> merge.into_id LOOP
        SELECT * INTO STRICT between FROM onrecord.speaker_merges WHERE id = next_id FOR UPDATE;
        UPDATE onrecord.speaker_merges
        SET given = onrecord.lists_without(given, gone),
            state = state || jsonb_build_object(
                'aliases', onrecord.list_without(state -> 'aliases', gone -> 'aliases'),
                'same_as', onrecord.list_without(state -> 'same_as', gone -> 'same_as'),
                'affiliations', onrecord.list_without(state -> 'affiliations', gone -> 'affiliations'),
                'part_of_id', CASE WHEN gone -> 'part_of_id' -> 0 = state -> 'part_of_id' THEN NULL
                                   ELSE state -> 'part_of_id' END)
        WHERE id = next_id;
        gone := onrecord.lists_without(gone, onrecord.lists_without(gone, between.given)); -- what went on from there
        path := path || next_id;
        next_id := between.merged_into_id;
    END LOOP;
    gone := gone || jsonb_build_object('aliases', onrecord.list_without(gone -> 'aliases', (
        SELECT coalesce(jsonb_agg(DISTINCT each.name), '[]')
        FROM onrecord.speaker_merges AS other,
             LATERAL jsonb_array_elements(jsonb_build_array(other.name) || (other.state -> 'aliases')) AS each (name)
        WHERE other.into_id = merge.into_id AND other.id <> merge.id AND other.id <> ALL (path))));
    UPDATE onrecord.speakers
    SET aliases = onrecord.list_texts(onrecord.list_without(to_jsonb(aliases), gone -> 'aliases')),
        same_as = onrecord.list_texts(onrecord.list_without(to_jsonb(same_as), gone -> 'same_as')),
        affiliations = onrecord.list_without(affiliations, gone -> 'affiliations'),
        part_of_id = CASE WHEN to_jsonb(part_of_id) = gone -> 'part_of_id' -> 0 THEN NULL ELSE part_of_id END
    WHERE id = merge.into_id;
    RETURN path;
END
$$;

COMMENT ON FUNCTION onrecord.speaker_take_back IS 'Takes back from others what a merge gave them, where they still have it';

CREATE FUNCTION onrecord.speaker_return_quotes(merge onrecord.speaker_merges, path bigint[]) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    WITH was AS (
        SELECT move.record_id AS id, bool_or(move.field = 'speaker_id') AS said,
               bool_or(move.field = 'relayed_by') AS relayed,
               max(move.position) FILTER (WHERE move.field = 'about_ids') AS place,
               -- Who it was merged into, or was merged into after that, was there besides.
               coalesce(bool_or(move.dropped OR EXISTS (
                   SELECT FROM onrecord.speaker_moves AS other
                   WHERE other.merged_id = ANY (path) AND other.resource = 'quotes' AND other.record_id = move.record_id
                     AND other.field = 'about_ids' AND other.dropped))
                   FILTER (WHERE move.field = 'about_ids'), false) AS dropped
        FROM onrecord.speaker_moves AS move
        WHERE move.merged_id = (merge).id AND move.resource = 'quotes'
        GROUP BY move.record_id
    )
    UPDATE onrecord.quotes AS quote
    SET speaker_id = CASE WHEN was.said AND quote.speaker_id = (merge).into_id THEN (merge).id
                          ELSE quote.speaker_id END,
        relayed_by = CASE WHEN was.relayed AND quote.relayed_by_id = (merge).into_id
                          THEN quote.relayed_by || jsonb_build_object('speaker_id', (merge).id)
                          ELSE quote.relayed_by END,
        about_ids = CASE WHEN was.place IS NULL THEN quote.about_ids
                         ELSE onrecord.ids_back(quote.about_ids, (merge).into_id, (merge).id, was.place, was.dropped) END
    FROM was
    WHERE quote.id = was.id;
END;

CREATE FUNCTION onrecord.speaker_return_entries(merge onrecord.speaker_merges) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    WITH was AS (
        SELECT move.record_id AS id, jsonb_agg(to_jsonb(move)) AS moves
        FROM onrecord.speaker_moves AS move
        WHERE move.merged_id = (merge).id AND move.resource = 'articles' GROUP BY move.record_id
    )
    UPDATE onrecord.articles AS record
    SET mentions = onrecord.entries_back(record.mentions, 'speaker_id', (merge).into_id, (merge).id, was.moves)
    FROM was WHERE record.id = was.id;

    WITH was AS (
        SELECT move.record_id AS id, jsonb_agg(to_jsonb(move)) AS moves
        FROM onrecord.speaker_moves AS move
        WHERE move.merged_id = (merge).id AND move.resource = 'events' GROUP BY move.record_id
    )
    UPDATE onrecord.events AS record
    SET participants = onrecord.entries_back(record.participants, 'speaker_id', (merge).into_id, (merge).id, was.moves)
    FROM was WHERE record.id = was.id;

    WITH was AS (
        SELECT move.record_id AS id, bool_or(move.field = 'part_of_id') AS part,
               coalesce(jsonb_agg(to_jsonb(move) || jsonb_build_object('own', move.record_id = (merge).into_id))
                        FILTER (WHERE move.field = 'affiliations'), '[]') AS moves
        FROM onrecord.speaker_moves AS move
        WHERE move.merged_id = (merge).id AND move.resource = 'speakers' GROUP BY move.record_id
    )
    UPDATE onrecord.speakers AS record
    SET affiliations = onrecord.entries_back(
            record.affiliations, 'organization_id', (merge).into_id, (merge).id, was.moves),
        part_of_id = CASE WHEN was.part AND (record.part_of_id = (merge).into_id
                                             OR (record.id = (merge).into_id AND record.part_of_id IS NULL))
                          THEN (merge).id ELSE record.part_of_id END
    FROM was WHERE record.id = was.id;
END;

COMMENT ON FUNCTION onrecord.speaker_return_quotes IS 'Gives quotes back, as far as they still name who has its place';
COMMENT ON FUNCTION onrecord.speaker_return_entries IS 'The same for all else that a merge moved';

-- The row as it was, but that what it refers to may have been merged since.
CREATE FUNCTION onrecord.speaker_state(merge onrecord.speaker_merges) RETURNS jsonb
LANGUAGE sql STABLE
RETURN (merge).state || jsonb_build_object(
    'version', ((merge).state ->> 'version')::bigint + 2, -- the tombstone is between them
    'updated_at', clock_timestamp(),
    'changed_by', nullif(current_setting('onrecord.changed_by', true), '')::bigint,
    'change_actor', nullif(current_setting('onrecord.change_actor', true), ''),
    'change_reason', nullif(current_setting('onrecord.change_reason', true), ''),
    'part_of_id', nullif(onrecord.speaker_survivor(((merge).state ->> 'part_of_id')::bigint), (merge).id),
    'affiliations', (
        SELECT coalesce(jsonb_agg(each.value || jsonb_build_object('organization_id', onrecord.speaker_survivor(
                   (each.value ->> 'organization_id')::bigint)) ORDER BY each.place), '[]')
        FROM jsonb_array_elements((merge).state -> 'affiliations') WITH ORDINALITY AS each (value, place)));

COMMENT ON FUNCTION onrecord.speaker_state IS 'What a merged speaker is when it comes back';

-- The first that would keep it from coming back: its external_id is taken, or what it refers to is gone.
CREATE FUNCTION onrecord.speaker_hindrance(state jsonb, OUT hindrance text, OUT hindrance_id bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT found.hindrance, found.id
    FROM (SELECT 1 AS place, 'taken' AS hindrance, speaker.id
          FROM onrecord.speakers AS speaker WHERE speaker.external_id = state ->> 'external_id'
          UNION ALL
          SELECT 2, 'lost-speaker', named.id
          FROM (SELECT (state ->> 'part_of_id')::bigint AS id UNION ALL
                SELECT (each.value ->> 'organization_id')::bigint
                FROM jsonb_array_elements(state -> 'affiliations') AS each (value)) AS named
          WHERE named.id IS NOT NULL AND named.id <> (state ->> 'id')::bigint
            AND NOT EXISTS (SELECT FROM onrecord.speakers AS speaker WHERE speaker.id = named.id)
          UNION ALL
          SELECT 3, 'lost-article', (each.value ->> 'article_id')::bigint
          FROM jsonb_array_elements(state -> 'affiliations') AS each (value)
          WHERE each.value ->> 'article_id' IS NOT NULL AND NOT EXISTS (
              SELECT FROM onrecord.articles AS article WHERE article.id = (each.value ->> 'article_id')::bigint)
         ) AS found
    ORDER BY found.place, found.id LIMIT 1;
END;

COMMENT ON FUNCTION onrecord.speaker_hindrance IS 'Why a merged speaker cannot come back; null: nothing keeps it';

-- `outcome`:
--
--   unmerged      it is there again; `speaker` is it
--   other         it is not merged
--   stale         who has its place is at version `speaker`, which is none of `versions` (null: any)
--   taken         `speaker` has its external_id
--   lost-speaker, lost-article: it refers to one that is gone
CREATE FUNCTION onrecord.speaker_unmerge(merged bigint, versions bigint[], OUT outcome text, OUT speaker bigint)
LANGUAGE plpgsql AS $$
DECLARE
    merge onrecord.speaker_merges;
    survivor bigint;
    survivor_version bigint;
    state jsonb;
    path bigint[];
BEGIN
    LOOP -- a merge of who has its place locks that first, and then this
        outcome := 'other';
        speaker := merged;
        survivor := (SELECT into_id FROM onrecord.speaker_merges WHERE id = merged);
        IF survivor IS NULL THEN
            RETURN;
        END IF;
        survivor_version := NULL;
        SELECT version INTO survivor_version FROM onrecord.speakers WHERE id = survivor FOR NO KEY UPDATE;
        SELECT * INTO merge FROM onrecord.speaker_merges WHERE id = merged FOR UPDATE;
        EXIT WHEN merge.into_id = survivor;
    END LOOP;
    state := onrecord.speaker_state(merge);
    SELECT hindrance, hindrance_id INTO outcome, speaker FROM onrecord.speaker_hindrance(state);
    IF versions IS NOT NULL AND survivor_version = ANY (versions) IS NOT TRUE THEN
        outcome := 'stale';
        speaker := survivor_version;
    END IF;
    IF outcome IS NOT NULL THEN
        RETURN;
    END IF;
    outcome := 'unmerged';
    speaker := merged;
    EXECUTE (SELECT format('INSERT INTO onrecord.speakers (%1$s) SELECT %1$s '
                           'FROM jsonb_populate_record(NULL::onrecord.speakers, $1)',
                           string_agg(quote_ident(attname), ', '))
             FROM pg_attribute
             WHERE attrelid = 'onrecord.speakers'::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
               AND state ? attname)
    USING state;
    WITH RECURSIVE come_along (id) AS (
        SELECT id FROM onrecord.speaker_merges WHERE merged_into_id = merged
        UNION
        SELECT below.id FROM onrecord.speaker_merges AS below JOIN come_along ON below.merged_into_id = come_along.id
    )
    UPDATE onrecord.speaker_merges SET into_id = merged WHERE id IN (SELECT id FROM come_along);
    path := onrecord.speaker_take_back(merge);
    PERFORM onrecord.speaker_return_quotes(merge, path);
    PERFORM onrecord.speaker_return_entries(merge);
    DELETE FROM onrecord.speaker_merges WHERE id = merged;
    INSERT INTO onrecord.speaker_distinctions (low_id, high_id, changed_by, change_actor, change_reason)
    VALUES (least(merged, survivor), greatest(merged, survivor), (state ->> 'changed_by')::bigint,
            state ->> 'change_actor', state ->> 'change_reason')
    ON CONFLICT DO NOTHING;
END
$$;

COMMENT ON FUNCTION onrecord.speaker_unmerge IS
    'Brings a merged speaker back, with all that was moved and is still as the merge left it';


-- 4. Erasure ----------------------------------------------------------------------------------------------------------

CREATE OR REPLACE FUNCTION onrecord.record_forget(own_resource text, own_id bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    merged bigint;
BEGIN
    -- A merged speaker goes with who has its place, or not at all.
    PERFORM onrecord.guard(NOT EXISTS (
        SELECT FROM onrecord.speaker_merges WHERE own_resource = 'speakers' AND id = own_id));
    PERFORM onrecord.answers_forget(own_resource, own_id);
    DELETE FROM onrecord.speaker_moves WHERE resource = own_resource AND record_id = own_id;
    DELETE FROM onrecord.speaker_distinctions WHERE own_resource = 'speakers' AND own_id IN (low_id, high_id);
    -- Who was merged into it is the same speaker.
    FOR merged IN SELECT m.id FROM onrecord.speaker_merges AS m
                  WHERE own_resource = 'speakers' AND m.into_id = own_id LOOP
        DELETE FROM onrecord.speaker_merges WHERE id = merged;
        PERFORM onrecord.record_purge('speakers', merged, false);
    END LOOP;
END
$$;
