-- 0019: apart: merged speakers come back in any order.
-- admits: 1

-- What an unmerge brings about is what there would be had that merge never been, whatever was merged and unmerged
-- since. Moves said whom a record named at the last merge, so that two merges of one place each had a move, and only
-- the last one could be taken back rightly. They say whom it named before any merge now. What a merge gave was taken
-- away with it, though another merge would have given the same.
--
-- What is not told apart: which of two speakers with one survivor an affiliation came from, where both say the same of
-- organizations that have one survivor as well, and these come back after them.

COMMENT ON TABLE onrecord.speaker_moves IS 'Where records named a merged speaker, before any merge';
COMMENT ON COLUMN onrecord.speaker_moves.dropped IS
    'The list has the same of who has its place now, by itself or by another move: one is enough';

CREATE INDEX speaker_moves_record_id_idx ON onrecord.speaker_moves (record_id, resource, field);

ALTER TABLE onrecord.speaker_merges DROP CONSTRAINT speaker_merges_check;
COMMENT ON COLUMN onrecord.speaker_merges.into_id IS
    'Who has its place now: never a merged one, but itself while it is being unmerged';
COMMENT ON COLUMN onrecord.speaker_merges.given IS
    'What whom it was merged into has by it: {aliases, same_as, affiliations, part_of_id}, lists all four';

DROP FUNCTION onrecord.speaker_return_quotes;
DROP FUNCTION onrecord.speaker_return_entries;
DROP FUNCTION onrecord.speaker_take_back;
DROP FUNCTION onrecord.entries_back;
DROP FUNCTION onrecord.lists_without;
DROP FUNCTION onrecord.list_without;


-- 1. Moves ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION onrecord.speaker_tree(merged bigint) RETURNS SETOF bigint
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH RECURSIVE tree (id) AS (
        SELECT id FROM onrecord.speaker_merges WHERE merged_into_id = merged
        UNION
        SELECT below.id FROM onrecord.speaker_merges AS below JOIN tree ON below.merged_into_id = tree.id
    )
    SELECT id FROM tree;
END;

COMMENT ON FUNCTION onrecord.speaker_tree IS 'Who was merged into it, and into those';

CREATE FUNCTION onrecord.speaker_path(merged bigint) RETURNS bigint[]
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH RECURSIVE path (id, step) AS (
        SELECT merged_into_id, 1 FROM onrecord.speaker_merges WHERE id = merged
        UNION ALL
        SELECT merge.merged_into_id, path.step + 1 FROM onrecord.speaker_merges AS merge JOIN path USING (id)
    )
    SELECT coalesce(array_agg(id ORDER BY step), '{}') FROM path;
END;

COMMENT ON FUNCTION onrecord.speaker_path IS 'Into whom it was merged, into whom that one was, and so on';

CREATE FUNCTION onrecord.entry_rest(entry jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN entry - '{speaker_id,organization_id}'::text[];

COMMENT ON FUNCTION onrecord.entry_rest IS 'What an entry of a list says, but for of whom';

CREATE FUNCTION onrecord.speaker_moves_settle(going bigint) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    WITH carried AS (
        DELETE FROM onrecord.speaker_moves AS move
        USING onrecord.speaker_moves AS carrier
        WHERE move.merged_id = going
          AND carrier.merged_id IN (SELECT onrecord.speaker_tree(going)) AND NOT carrier.dropped
          AND (carrier.resource, carrier.record_id, carrier.field) = (move.resource, move.record_id, move.field)
          AND onrecord.entry_rest(carrier.entry) IS NOT DISTINCT FROM onrecord.entry_rest(move.entry)
        RETURNING carrier.*, move.dropped AS drops
    )
    UPDATE onrecord.speaker_moves AS move SET dropped = true
    FROM carried
    WHERE carried.drops
      AND (move.merged_id, move.resource, move.record_id, move.field, move.position)
        = (carried.merged_id, carried.resource, carried.record_id, carried.field, carried.position);
END;

COMMENT ON FUNCTION onrecord.speaker_moves_settle IS
    'Takes back the moves of a speaker where it was named only in the place of one that was merged into it before';

CREATE FUNCTION onrecord.speaker_named(merged bigint, rest jsonb, named bigint) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (
    SELECT FROM onrecord.speaker_merges AS merge,
         LATERAL (SELECT NULL::jsonb, (merge.state ->> 'part_of_id')::bigint
                  UNION ALL
                  SELECT onrecord.entry_rest(each.value), (each.value ->> 'organization_id')::bigint
                  FROM jsonb_array_elements(merge.state -> 'affiliations') AS each (value)) AS entry (rest, id)
    WHERE merge.id = merged AND entry.rest IS NOT DISTINCT FROM speaker_named.rest
      AND onrecord.speaker_survivor(entry.id) = named);

COMMENT ON FUNCTION onrecord.speaker_named IS
    'Whether a merged speaker said, when it was merged, that it belongs to one who is that one now';

-- Of each place, its entry in a list or the speaker in a field, one of those who have the same survivor carries it: the
-- survivor by itself (then all moves are dropped), or one move.
CREATE FUNCTION onrecord.speaker_moves_apart(merged bigint, survivor bigint, resources text[])
RETURNS TABLE (merged_id bigint, resource text, record_id bigint, field text, "position" integer, entry jsonb,
               back boolean, stays boolean, dropped boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH touched AS (
        SELECT DISTINCT move.resource, move.record_id, move.field
        FROM onrecord.speaker_moves AS move JOIN onrecord.speaker_merges AS merge ON merge.id = move.merged_id
        WHERE merge.into_id = merged AND move.resource = ANY (resources)
          AND move.field NOT IN ('speaker_id', 'relayed_by')
          AND NOT (move.resource = 'speakers' AND onrecord.speaker_survivor(move.record_id) = merged)
    ), move AS (
        SELECT move.*, merge.into_id = merged AS leaves, merge.id = merged AS is_its
        FROM touched
             JOIN onrecord.speaker_moves AS move
             ON (move.resource, move.record_id, move.field) = (touched.resource, touched.record_id, touched.field)
             JOIN onrecord.speaker_merges AS merge ON merge.id = move.merged_id
        WHERE merge.into_id IN (merged, survivor)
          AND NOT (move.resource = 'speakers'
                   AND onrecord.speaker_named(move.record_id, onrecord.entry_rest(move.entry), merged))
    ), ranked AS (
        SELECT move.*, bool_or(move.is_its) OVER same AS has_its, bool_or(NOT move.leaves) OVER same AS has_others,
               bool_or(NOT move.dropped) OVER same AS carried,
               row_number() OVER alike AS rank
        FROM move
        WINDOW same AS (PARTITION BY move.resource, move.record_id, move.field, onrecord.entry_rest(move.entry)),
               alike AS (PARTITION BY move.resource, move.record_id, move.field, onrecord.entry_rest(move.entry),
                                      move.leaves, move.is_its
                         ORDER BY move.dropped, move.position, move.merged_id)
    )
    SELECT ranked.merged_id, ranked.resource, ranked.record_id, ranked.field, ranked.position, ranked.entry,
           ranked.is_its OR (ranked.leaves AND NOT ranked.has_its AND ranked.rank = 1),
           ranked.has_others OR NOT ranked.carried OR ranked.rank > 1,
           CASE WHEN ranked.leaves THEN ranked.has_its ELSE NOT ranked.carried END OR ranked.rank > 1
    FROM ranked;
END;

COMMENT ON FUNCTION onrecord.speaker_moves_apart IS
    'The moves of the places that a speaker leaves: which come back, whether the survivor stays there, and those left';

CREATE FUNCTION onrecord.speaker_moves_part(merged bigint, survivor bigint) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    UPDATE onrecord.speaker_moves AS move SET dropped = apart.dropped
    FROM onrecord.speaker_moves_apart(merged, survivor, '{quotes,articles,events,speakers}') AS apart
    WHERE (move.merged_id, move.resource, move.record_id, move.field, move.position)
        = (apart.merged_id, apart.resource, apart.record_id, apart.field, apart.position)
      AND move.dropped <> apart.dropped;
END;

COMMENT ON FUNCTION onrecord.speaker_moves_part IS 'Makes the moves what they are when a speaker has come back';

CREATE FUNCTION onrecord.entries_back(list jsonb, member text, was bigint, now bigint, moves jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
DECLARE
    move record;
    back jsonb;
    place integer;
BEGIN
    FOR move IN SELECT *
                FROM jsonb_to_recordset(moves) AS m ("position" integer, entry jsonb, stays boolean, own boolean)
                ORDER BY m.position LOOP
        back := move.entry || jsonb_build_object(member, now);
        place := (SELECT each.place FROM jsonb_array_elements(list) WITH ORDINALITY AS each (value, place)
                  WHERE onrecord.entry_rest(each.value) = onrecord.entry_rest(back)
                    AND onrecord.speaker_survivor((each.value ->> member)::bigint) = was
                  ORDER BY each.place <> move.position, each.place LIMIT 1);
        IF move.own OR (move.stays AND (place IS NOT NULL OR list @> jsonb_build_array(back))) THEN
            list := jsonb_insert(list, ARRAY[least(move.position - 1, jsonb_array_length(list))::text], back);
        ELSIF place IS NOT NULL THEN
            list := jsonb_set(list, ARRAY[(place - 1)::text], back);
        END IF;
    END LOOP;
    RETURN list;
END
$$;

COMMENT ON FUNCTION onrecord.entries_back IS
    'The list with what comes back in it: instead of what says the same of the survivor, or beside it where that stays';


-- 2. What a speaker has by those that were merged into it -------------------------------------------------------------

-- Lists come as objects of lists: {aliases, same_as, affiliations, part_of_id}; the last has one item or none. What was
-- given stays written as it was given: with the ids of organizations that may have been merged since ("as of now": with
-- the ids of who has their places).

CREATE FUNCTION onrecord.item_now(list text, item jsonb) RETURNS jsonb
LANGUAGE sql STABLE
RETURN CASE list
       WHEN 'affiliations' THEN
           item || jsonb_build_object(
               'organization_id', onrecord.speaker_survivor((item ->> 'organization_id')::bigint))
       WHEN 'part_of_id' THEN to_jsonb(onrecord.speaker_survivor(item::bigint))
       ELSE item END;

CREATE FUNCTION onrecord.item_list(item jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN coalesce(item, 'null') = 'null' THEN '[]' ELSE jsonb_build_array(item) END;

CREATE FUNCTION onrecord.lists_now(lists jsonb) RETURNS jsonb
LANGUAGE sql STABLE
RETURN (SELECT jsonb_object_agg(list.key, (
            SELECT coalesce(jsonb_agg(item.value ORDER BY item.place), '[]')
            FROM (SELECT onrecord.item_now(list.key, each.value) AS value, min(each.place) AS place
                  FROM jsonb_array_elements(list.value) WITH ORDINALITY AS each (value, place)
                  GROUP BY 1) AS item))
        FROM jsonb_each(lists) AS list);

CREATE FUNCTION onrecord.lists_without(lists jsonb, gone jsonb) RETURNS jsonb
LANGUAGE sql STABLE
RETURN (SELECT jsonb_object_agg(list.key, (
            SELECT coalesce(jsonb_agg(each.value ORDER BY each.place), '[]')
            FROM jsonb_array_elements(list.value) WITH ORDINALITY AS each (value, place)
            WHERE onrecord.item_now(list.key, each.value) NOT IN (SELECT jsonb_array_elements(gone -> list.key))))
        FROM jsonb_each(lists) AS list);

CREATE FUNCTION onrecord.lists_except(lists jsonb, gone jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN (SELECT jsonb_object_agg(list.key, (
            SELECT coalesce(jsonb_agg(each.value ORDER BY each.place), '[]')
            FROM jsonb_array_elements(list.value) WITH ORDINALITY AS each (value, place)
            WHERE each.value NOT IN (SELECT jsonb_array_elements(gone -> list.key))))
        FROM jsonb_each(lists) AS list);

CREATE FUNCTION onrecord.lists_joined(lists jsonb, more jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN (SELECT jsonb_object_agg(list.key, list.value || (more -> list.key)) FROM jsonb_each(lists) AS list);

COMMENT ON FUNCTION onrecord.item_now IS 'An item of a list of that name, as of now';
COMMENT ON FUNCTION onrecord.item_list IS 'The list of that item; of null: an empty one';
COMMENT ON FUNCTION onrecord.lists_now IS 'The lists as of now, each item once';
COMMENT ON FUNCTION onrecord.lists_without IS 'What of the lists is not, as of now, in others that are as of now';
COMMENT ON FUNCTION onrecord.lists_except IS 'What of the lists is not in others';
COMMENT ON FUNCTION onrecord.lists_joined IS 'The lists of two objects, one after the other';

CREATE FUNCTION onrecord.speaker_gifts(state jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN jsonb_build_object(
    'aliases', jsonb_build_array(state -> 'name') || (state -> 'aliases'), 'same_as', state -> 'same_as',
    'affiliations', state -> 'affiliations', 'part_of_id', onrecord.item_list(state -> 'part_of_id'));

CREATE FUNCTION onrecord.speaker_lists(state jsonb) RETURNS jsonb
LANGUAGE sql STABLE
RETURN onrecord.lists_now(onrecord.speaker_gifts(state));

COMMENT ON FUNCTION onrecord.speaker_gifts IS
    'What a speaker gives when it is merged: its names, its addresses elsewhere, whom it belongs to';
COMMENT ON FUNCTION onrecord.speaker_lists IS 'The same, as of now';

CREATE FUNCTION onrecord.speaker_takes(speaker bigint, lists jsonb, offered jsonb) RETURNS jsonb
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH survivor (id) AS (SELECT onrecord.speaker_survivor(speaker)),
         fresh (items) AS (SELECT onrecord.lists_without(offered, lists))
    SELECT fresh.items || jsonb_build_object(
        'affiliations', (
            SELECT coalesce(jsonb_agg(each.value ORDER BY each.place), '[]')
            FROM jsonb_array_elements(fresh.items -> 'affiliations') WITH ORDINALITY AS each (value, place)
            WHERE onrecord.speaker_survivor((each.value ->> 'organization_id')::bigint) IS DISTINCT FROM survivor.id),
        'part_of_id', CASE WHEN lists -> 'part_of_id' = '[]'
                            AND coalesce(onrecord.speaker_survivor((offered -> 'part_of_id' ->> 0)::bigint) NOT IN (
                                             SELECT onrecord.organization_tree(survivor.id)), false)
                           THEN offered -> 'part_of_id' ELSE '[]' END)
    FROM survivor, fresh;
END;

COMMENT ON FUNCTION onrecord.speaker_takes IS
    'What is new of what is offered to a speaker that has these lists, and does not say that it belongs to itself';

CREATE FUNCTION onrecord.affiliations_given(list jsonb, given jsonb) RETURNS TABLE (item jsonb, entry jsonb)
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH own AS (
        SELECT each.value AS entry, (each.value ->> 'organization_id')::bigint AS id
        FROM jsonb_array_elements(list) AS each (value)
    ), gift AS (
        SELECT each.value AS item, (each.value ->> 'organization_id')::bigint AS id
        FROM jsonb_array_elements(given) AS each (value)
    )
    SELECT gift.item, own.entry
    FROM gift JOIN own ON onrecord.entry_rest(own.entry) = onrecord.entry_rest(gift.item)
    WHERE own.entry = gift.item
       OR (own.id = ANY (onrecord.speaker_path(gift.id))
           AND onrecord.speaker_survivor(own.id) = onrecord.speaker_survivor(gift.id)
           AND NOT EXISTS (SELECT FROM own AS same WHERE same.entry = gift.item));
END;

COMMENT ON FUNCTION onrecord.affiliations_given IS
    'Which affiliations are there by items that were given: as they are, or led on when organizations were merged';

CREATE FUNCTION onrecord.affiliations_held(speaker bigint, list jsonb, leaving jsonb) RETURNS jsonb
LANGUAGE sql
BEGIN ATOMIC
    WITH gift AS (
        SELECT item, item -> 'organization_id' AS id, entry, (entry ->> 'organization_id')::bigint AS now_id
        FROM onrecord.affiliations_given(list, leaving)
    ), move AS (
        SELECT move.merged_id, move.position, move.dropped, now.entry,
               EXISTS (SELECT FROM gift WHERE gift.entry = now.entry AND gift.id = to_jsonb(move.merged_id)) AS leaves
        FROM (SELECT DISTINCT entry, now_id FROM gift) AS now
             JOIN onrecord.speaker_moves AS move
             ON onrecord.entry_rest(move.entry) = onrecord.entry_rest(now.entry)
                AND move.merged_id IN (SELECT onrecord.speaker_tree(now.now_id))
                AND onrecord.speaker_survivor(move.merged_id) = onrecord.speaker_survivor(now.now_id)
        WHERE move.resource = 'speakers' AND move.record_id = speaker AND move.field = 'affiliations'
    ), gone AS (
        DELETE FROM onrecord.speaker_moves AS old
        USING move
        WHERE move.leaves AND old.merged_id = move.merged_id AND old.resource = 'speakers' AND old.record_id = speaker
          AND old.field = 'affiliations' AND old.position = move.position
    ), held AS (
        SELECT move.*, row_number() OVER same AS rank,
               NOT bool_or(NOT move.dropped) OVER whole AND NOT EXISTS (
                   SELECT FROM gift
                   WHERE gift.entry = move.entry
                     AND NOT EXISTS (SELECT FROM move AS its
                                     WHERE its.entry = gift.entry AND gift.id = to_jsonb(its.merged_id))
               ) AS by_itself
        FROM move
        WINDOW whole AS (PARTITION BY move.entry),
               same AS (whole ORDER BY move.leaves, move.dropped, move.position, move.merged_id)
    ), carrier AS (
        UPDATE onrecord.speaker_moves AS other SET dropped = false
        FROM held
        WHERE held.rank = 1 AND NOT held.leaves AND NOT held.by_itself
          AND other.merged_id = held.merged_id AND other.resource = 'speakers' AND other.record_id = speaker
          AND other.field = 'affiliations' AND other.position = held.position
    )
    SELECT coalesce(jsonb_agg(gift.item), '[]')
    FROM held JOIN gift USING (entry) WHERE held.rank = 1 AND (NOT held.leaves OR held.by_itself);
END;

COMMENT ON FUNCTION onrecord.affiliations_held IS
    'What of the affiliations that were given to a speaker it has by itself as well: moves carry it from now on';

CREATE FUNCTION onrecord.speaker_with(state jsonb, come jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN state || jsonb_build_object(
    'aliases', (state -> 'aliases') || (come -> 'aliases'), 'same_as', (state -> 'same_as') || (come -> 'same_as'),
    'affiliations', (state -> 'affiliations') || (come -> 'affiliations'),
    'part_of_id', coalesce(come -> 'part_of_id' -> 0, state -> 'part_of_id'));

CREATE FUNCTION onrecord.speaker_without(state jsonb, gone jsonb) RETURNS jsonb
LANGUAGE sql STABLE
RETURN state || onrecord.lists_except(
    jsonb_build_object('aliases', state -> 'aliases', 'same_as', state -> 'same_as',
                       'affiliations', state -> 'affiliations'),
    gone || jsonb_build_object('affiliations', (
        SELECT coalesce(jsonb_agg(entry), '[]')
        FROM onrecord.affiliations_given(state -> 'affiliations', gone -> 'affiliations'))))
    || jsonb_build_object('part_of_id', CASE WHEN onrecord.speaker_survivor((state ->> 'part_of_id')::bigint)
                                                = onrecord.speaker_survivor((gone -> 'part_of_id' ->> 0)::bigint)
                                             THEN 'null' ELSE state -> 'part_of_id' END);

CREATE FUNCTION onrecord.speaker_written(speaker bigint) RETURNS jsonb
LANGUAGE sql STABLE
RETURN coalesce((SELECT to_jsonb(record) FROM onrecord.speakers AS record WHERE record.id = speaker),
                (SELECT merge.state FROM onrecord.speaker_merges AS merge WHERE merge.id = speaker));

COMMENT ON FUNCTION onrecord.speaker_written IS 'A speaker; a merged one as it was then; null: deleted';

CREATE FUNCTION onrecord.speaker_store(speaker bigint, state jsonb) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    UPDATE onrecord.speakers
    SET aliases = onrecord.list_texts(state -> 'aliases'), same_as = onrecord.list_texts(state -> 'same_as'),
        affiliations = state -> 'affiliations', part_of_id = (state ->> 'part_of_id')::bigint
    WHERE id = speaker;
    UPDATE onrecord.speaker_merges AS merge SET state = speaker_store.state WHERE id = speaker AND into_id <> id;
END;

COMMENT ON FUNCTION onrecord.speaker_with IS 'A speaker, and what its lists get';
COMMENT ON FUNCTION onrecord.speaker_without IS 'A speaker without what was given to it';
COMMENT ON FUNCTION onrecord.speaker_store IS 'Makes these the lists of a speaker, be it merged or not';

CREATE OR REPLACE FUNCTION onrecord.speaker_give(going onrecord.speakers, staying bigint) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    one jsonb := (SELECT to_jsonb(speaker) FROM onrecord.speakers AS speaker WHERE id = staying);
    given jsonb;
BEGIN
    -- What who stays had to do with the one that goes it would now have to do with itself.
    INSERT INTO onrecord.speaker_moves (merged_id, resource, record_id, field, position, entry, dropped)
    SELECT going.id, 'speakers', staying, 'affiliations', item.position, item.entry, true
    FROM onrecord.entries_move(one -> 'affiliations', 'organization_id', going.id, staying) AS item
    WHERE item.entry <> item.moved
    UNION ALL
    SELECT going.id, 'speakers', staying, 'part_of_id', 0, NULL, true WHERE one -> 'part_of_id' = to_jsonb(going.id);
    one := one || jsonb_build_object(
        'affiliations', onrecord.entries_moved(one -> 'affiliations', 'organization_id', going.id, staying, true),
        'part_of_id', nullif(one -> 'part_of_id', to_jsonb(going.id)));
    given := onrecord.speaker_takes(staying, onrecord.speaker_lists(one), onrecord.speaker_lists(to_jsonb(going)));
    PERFORM onrecord.speaker_store(staying, onrecord.speaker_with(one, given));
    RETURN given;
END
$$;

CREATE FUNCTION onrecord.speaker_note_given(speaker bigint, given jsonb) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO onrecord.speaker_moves (merged_id, resource, record_id, field, position, entry, dropped)
    SELECT item.named, 'speakers', speaker, 'affiliations', item.place::integer + coalesce(
               (SELECT max(move.position) FROM onrecord.speaker_moves AS move
                WHERE move.merged_id = item.named AND move.resource = 'speakers' AND move.record_id = speaker
                  AND move.field = 'affiliations'), 0),
           item.entry, item.rank > 1
    FROM (SELECT (each.value ->> 'organization_id')::bigint AS named, each.value AS entry, each.place,
                 row_number() OVER (PARTITION BY onrecord.item_now('affiliations', each.value)
                                    ORDER BY each.place) AS rank
          FROM jsonb_array_elements(given -> 'affiliations') WITH ORDINALITY AS each (value, place)) AS item
    WHERE onrecord.speaker_survivor(item.named) <> item.named
    UNION ALL
    SELECT named.id, 'speakers', speaker, 'part_of_id', 0, NULL, false
    FROM (SELECT (given -> 'part_of_id' ->> 0)::bigint) AS named (id)
    WHERE onrecord.speaker_survivor(named.id) <> named.id
    ON CONFLICT DO NOTHING;
END;

COMMENT ON FUNCTION onrecord.speaker_note_given IS
    'Notes whom a speaker names by what it is given, where they were merged before';

-- What others that were merged into a speaker have too of what is gone from its lists stays, given by them. Answers
-- that.
CREATE FUNCTION onrecord.speaker_given_again(speaker bigint, lists jsonb, gone jsonb) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    come jsonb := '{"aliases": [], "same_as": [], "affiliations": [], "part_of_id": []}';
    taken jsonb;
    other onrecord.speaker_merges;
BEGIN
    FOR other IN SELECT * FROM onrecord.speaker_merges WHERE merged_into_id = speaker AND into_id <> id
                 ORDER BY merged_at, id LOOP
        taken := onrecord.speaker_takes(speaker, lists, onrecord.speaker_gifts(other.state));
        taken := onrecord.lists_without(taken, onrecord.lists_except(onrecord.lists_now(taken), gone))
                 || jsonb_build_object('part_of_id', CASE WHEN gone -> 'part_of_id' <> '[]'
                                                           AND NOT onrecord.speaker_part_hidden(speaker, other.id)
                                                          THEN taken -> 'part_of_id' ELSE '[]' END);
        lists := onrecord.lists_joined(lists, onrecord.lists_now(taken));
        come := onrecord.lists_joined(come, taken);
        UPDATE onrecord.speaker_merges SET given = onrecord.lists_joined(given, taken) WHERE id = other.id;
    END LOOP;
    RETURN come;
END
$$;

CREATE FUNCTION onrecord.speaker_part_hidden(speaker bigint, giver bigint) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM onrecord.speaker_moves AS move
                    JOIN onrecord.speaker_merges AS whole ON whole.id = move.merged_id
                    JOIN onrecord.speaker_merges AS gift ON gift.id = giver
               WHERE move.resource = 'speakers' AND move.record_id = speaker AND move.field = 'part_of_id'
                 AND whole.merged_at > gift.merged_at);

COMMENT ON FUNCTION onrecord.speaker_part_hidden IS
    'Whether a speaker was part of another when `giver` was merged into it, which has been merged into it since';

-- A speaker changes because another comes back, and so does whom it is merged into: its lists were those of `was` and
-- are those of `own`, but for what others give again and for what `giver` (null: nobody) gives now.
CREATE FUNCTION onrecord.speaker_become(speaker bigint, was jsonb, own jsonb, giver bigint, coming jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    lists jsonb := onrecord.speaker_lists(own);
    come jsonb := onrecord.speaker_given_again(speaker, lists,
                                               onrecord.lists_except(onrecord.speaker_lists(was), lists));
    taken jsonb;
BEGIN
    IF giver IS NOT NULL THEN
        IF onrecord.speaker_part_hidden(speaker, giver) THEN
            coming := coming || '{"part_of_id": []}';
        END IF;
        taken := onrecord.speaker_takes(speaker, onrecord.lists_joined(lists, onrecord.lists_now(come)), coming);
        come := onrecord.lists_joined(come, taken);
        UPDATE onrecord.speaker_merges SET given = onrecord.lists_joined(given, taken) WHERE id = giver;
    END IF;
    IF EXISTS (SELECT FROM onrecord.speakers WHERE id = speaker) THEN
        PERFORM onrecord.speaker_note_given(speaker, come);
        come := onrecord.lists_now(come);
    END IF;
    own := onrecord.speaker_with(own, come);
    PERFORM onrecord.speaker_store(speaker, own);
    PERFORM onrecord.speaker_pass_on(speaker,
                                     onrecord.lists_except(onrecord.speaker_gifts(was), onrecord.speaker_gifts(own)),
                                     onrecord.lists_except(onrecord.speaker_gifts(own), onrecord.speaker_gifts(was)));
END
$$;

CREATE FUNCTION onrecord.speaker_change(speaker bigint, giver bigint, leaving jsonb, coming jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    own jsonb := onrecord.speaker_written(speaker);
BEGIN
    IF own IS NULL THEN
        RETURN; -- deleted since
    END IF;
    leaving := onrecord.lists_except(leaving, jsonb_build_object(
        'affiliations', onrecord.affiliations_held(speaker, own -> 'affiliations', leaving -> 'affiliations')));
    DELETE FROM onrecord.speaker_moves
    WHERE resource = 'speakers' AND record_id = speaker AND field = 'part_of_id'
      AND to_jsonb(merged_id) = leaving -> 'part_of_id' -> 0;
    PERFORM onrecord.speaker_become(speaker, own, onrecord.speaker_without(own, leaving), giver, coming);
END
$$;

CREATE FUNCTION onrecord.speaker_pass_on(merged bigint, gone jsonb, come jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    merge onrecord.speaker_merges;
    kept jsonb;
BEGIN
    SELECT * INTO merge FROM onrecord.speaker_merges WHERE id = merged AND into_id <> id FOR UPDATE;
    IF FOUND THEN
        kept := onrecord.lists_except(merge.given, gone);
        UPDATE onrecord.speaker_merges SET given = kept WHERE id = merged;
        PERFORM onrecord.speaker_change(merge.merged_into_id, merged, onrecord.lists_except(merge.given, kept), come);
    END IF;
END
$$;

-- What others said of the one that comes back was not given to whom it was merged into, who would have had to do with
-- itself.
CREATE FUNCTION onrecord.speaker_offered_again(speaker bigint, back bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    own jsonb := onrecord.speaker_written(speaker);
    offered jsonb := (
        SELECT coalesce(jsonb_agg(onrecord.item_now('affiliations', each.value)), '[]')
        FROM onrecord.speaker_merges AS merge, jsonb_array_elements(merge.state -> 'affiliations') AS each (value)
        WHERE merge.merged_into_id = speaker
          AND onrecord.speaker_survivor((each.value ->> 'organization_id')::bigint) = back);
BEGIN
    IF own IS NOT NULL THEN
        PERFORM onrecord.speaker_become(speaker, own || jsonb_build_object(
            'affiliations', (own -> 'affiliations') || offered,
            'part_of_id', CASE WHEN own ->> 'part_of_id' IS NULL THEN to_jsonb(back) ELSE own -> 'part_of_id' END),
            own, NULL, NULL);
    END IF;
END
$$;

COMMENT ON FUNCTION onrecord.speaker_offered_again IS 'Gives a speaker what others say of one that comes back';
COMMENT ON FUNCTION onrecord.speaker_given_again IS 'What of what is gone from a speaker it has by others as well';
COMMENT ON FUNCTION onrecord.speaker_become IS 'Changes a speaker because another comes back';
COMMENT ON FUNCTION onrecord.speaker_change IS 'Takes from a speaker what was given to it, and gives it what is coming';
COMMENT ON FUNCTION onrecord.speaker_pass_on IS 'Tells whom a merged speaker was merged into of changes of its lists';

CREATE OR REPLACE FUNCTION onrecord.speaker_merge(
    going bigint, target bigint, versions bigint[], OUT outcome text, OUT speaker bigint)
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
        PERFORM onrecord.speaker_lock_entries(going);
        PERFORM onrecord.speaker_move_entries(going, staying);
        PERFORM onrecord.speaker_moves_settle(going);
        DELETE FROM onrecord.speakers WHERE id = going;
        UPDATE onrecord.speaker_merges SET given = what WHERE id = going;
        UPDATE onrecord.speaker_merges SET into_id = staying WHERE into_id = going;
        DELETE FROM onrecord.speaker_distinctions
        WHERE low_id = least(going, staying) AND high_id = greatest(going, staying);
    END IF;
END
$$;


-- 3. Coming back ------------------------------------------------------------------------------------------------------

CREATE FUNCTION onrecord.affiliations_now(list jsonb, own bigint)
RETURNS TABLE (place integer, entry jsonb, now jsonb, named bigint, dropped boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT item.place::integer, item.entry, item.now, (item.entry ->> 'organization_id')::bigint,
           item.entry <> item.now
           AND row_number() OVER (PARTITION BY item.now ORDER BY item.entry <> item.now, item.place) > 1
    FROM (SELECT each.place, each.value AS entry,
                 CASE WHEN each.value -> 'organization_id' = to_jsonb(own) THEN each.value
                      ELSE onrecord.item_now('affiliations', each.value) END AS now
          FROM jsonb_array_elements(list) WITH ORDINALITY AS each (value, place)) AS item;
END;

COMMENT ON FUNCTION onrecord.affiliations_now IS
    'The affiliations of a speaker, and what they are now that others were merged; dropped: another says the same';

CREATE OR REPLACE FUNCTION onrecord.speaker_state(merge onrecord.speaker_merges) RETURNS jsonb
LANGUAGE sql STABLE
RETURN (merge).state || jsonb_build_object(
    'version', ((merge).state ->> 'version')::bigint + 2, -- its own, and that of its deletion
    'updated_at', clock_timestamp(),
    'changed_by', nullif(current_setting('onrecord.changed_by', true), '')::bigint,
    'change_actor', nullif(current_setting('onrecord.change_actor', true), ''),
    'change_reason', nullif(current_setting('onrecord.change_reason', true), ''),
    'part_of_id', nullif(onrecord.speaker_survivor(((merge).state ->> 'part_of_id')::bigint), (merge).id),
    'affiliations', (SELECT coalesce(jsonb_agg(item.now ORDER BY item.place), '[]')
                     FROM onrecord.affiliations_now((merge).state -> 'affiliations', (merge).id) AS item
                     WHERE NOT item.dropped));

-- Where it named speakers that were merged since, these moves are made now; but not where moves that it had before it
-- was merged say so already.
CREATE FUNCTION onrecord.speaker_led_on(merge onrecord.speaker_merges) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    WITH item AS (
        SELECT item.named, 'affiliations' AS field, item.place, item.entry, item.dropped
        FROM onrecord.affiliations_now((merge).state -> 'affiliations', (merge).id) AS item
        WHERE item.entry <> item.now
        UNION ALL
        SELECT part.id, 'part_of_id', 0, NULL, false
        FROM (SELECT ((merge).state ->> 'part_of_id')::bigint) AS part (id)
        WHERE onrecord.speaker_survivor(part.id) <> part.id
    ), carried AS (
        SELECT item.*, carrier.merged_id AS carrier, carrier.position
        FROM item LEFT JOIN onrecord.speaker_moves AS carrier
             ON carrier.merged_id IN (SELECT onrecord.speaker_tree(item.named)) AND NOT carrier.dropped
                AND carrier.resource = 'speakers' AND carrier.record_id = (merge).id AND carrier.field = item.field
                AND onrecord.entry_rest(carrier.entry) IS NOT DISTINCT FROM onrecord.entry_rest(item.entry)
    ), dropped AS (
        UPDATE onrecord.speaker_moves AS move SET dropped = true
        FROM carried
        WHERE carried.dropped AND move.merged_id = carried.carrier AND move.resource = 'speakers'
          AND move.record_id = (merge).id AND move.field = carried.field AND move.position = carried.position
    )
    INSERT INTO onrecord.speaker_moves (merged_id, resource, record_id, field, position, entry, dropped)
    SELECT carried.named, 'speakers', (merge).id, carried.field, carried.place, carried.entry, carried.dropped
    FROM carried WHERE carried.carrier IS NULL;
END;

COMMENT ON FUNCTION onrecord.speaker_led_on IS 'Notes whom a speaker that comes back named, if they were merged since';

CREATE FUNCTION onrecord.speaker_return_quotes(merged bigint, survivor bigint) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    WITH was AS ( -- together, not joined: moves that were made just now have no statistics
        SELECT place.id, bool_or(place.field = 'speaker_id') AS said, bool_or(place.field = 'relayed_by') AS relayed,
               max(place.position) FILTER (WHERE place.field = 'about_ids') AS about, bool_or(place.stays) AS stays
        FROM (SELECT move.record_id, move.field, 0, false
              FROM onrecord.speaker_moves AS move JOIN onrecord.speaker_merges AS merge ON merge.id = move.merged_id
              WHERE merge.into_id = merged AND move.resource = 'quotes' AND move.field <> 'about_ids'
              UNION ALL
              SELECT apart.record_id, apart.field, apart.position, apart.stays
              FROM onrecord.speaker_moves_apart(merged, survivor, '{quotes}') AS apart
              WHERE apart.back) AS place (id, field, position, stays)
        GROUP BY place.id
    )
    UPDATE onrecord.quotes AS quote
    SET speaker_id = CASE WHEN was.said AND quote.speaker_id = survivor THEN merged ELSE quote.speaker_id END,
        relayed_by = CASE WHEN was.relayed AND quote.relayed_by_id = survivor
                          THEN quote.relayed_by || jsonb_build_object('speaker_id', merged) ELSE quote.relayed_by END,
        about_ids = CASE WHEN was.about IS NULL THEN quote.about_ids
                         ELSE onrecord.ids_back(quote.about_ids, survivor, merged, was.about, was.stays) END
    FROM was
    WHERE quote.id = was.id;
END;

CREATE FUNCTION onrecord.speaker_part_is_given(speaker bigint, lists jsonb) RETURNS boolean
LANGUAGE sql STABLE
RETURN lists -> 'part_of_id' = '[]'
       OR EXISTS (SELECT FROM onrecord.speaker_merges AS merge
                  WHERE merge.merged_into_id = speaker
                    AND onrecord.lists_now(merge.given) -> 'part_of_id' = lists -> 'part_of_id');

COMMENT ON FUNCTION onrecord.speaker_part_is_given IS 'Whether a speaker with these lists is part of nothing by itself';

CREATE FUNCTION onrecord.speaker_return_entries(merged bigint, survivor bigint) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    WITH was AS (
        SELECT apart.record_id AS id, jsonb_agg(to_jsonb(apart)) AS moves
        FROM onrecord.speaker_moves_apart(merged, survivor, '{articles}') AS apart WHERE apart.back
        GROUP BY apart.record_id
    )
    UPDATE onrecord.articles AS record
    SET mentions = onrecord.entries_back(record.mentions, 'speaker_id', survivor, merged, was.moves)
    FROM was WHERE record.id = was.id;
    WITH was AS (
        SELECT apart.record_id AS id, jsonb_agg(to_jsonb(apart)) AS moves
        FROM onrecord.speaker_moves_apart(merged, survivor, '{events}') AS apart WHERE apart.back
        GROUP BY apart.record_id
    )
    UPDATE onrecord.events AS record
    SET participants = onrecord.entries_back(record.participants, 'speaker_id', survivor, merged, was.moves)
    FROM was WHERE record.id = was.id;
END;

-- What a speaker had to do with the one that comes back, and would have had to do with itself (`path`: into whom that
-- one was merged, and into whom those were), was taken from its lists. Answers {id, moves, part, own_part} of each
-- speaker, first those that were not merged, then those merged into them.
CREATE FUNCTION onrecord.speaker_returns(merged bigint, survivor bigint, path bigint[]) RETURNS jsonb
LANGUAGE sql STABLE
BEGIN ATOMIC
    WITH item AS (
        SELECT apart.*, apart.record_id = ANY (path) AND move.dropped AS own
        FROM onrecord.speaker_moves_apart(merged, survivor, '{speakers}') AS apart
             JOIN onrecord.speaker_moves AS move
             ON (move.merged_id, move.resource, move.record_id, move.field, move.position)
              = (apart.merged_id, apart.resource, apart.record_id, apart.field, apart.position)
        WHERE apart.back
    ), was AS (
        SELECT item.record_id AS id, bool_or(item.field = 'part_of_id') AS part,
               coalesce(jsonb_agg(to_jsonb(item)) FILTER (WHERE item.field = 'affiliations'), '[]') AS moves,
               coalesce(bool_or(item.own) FILTER (WHERE item.field = 'part_of_id'), false) AS own_part
        FROM item GROUP BY item.record_id
    )
    SELECT coalesce(jsonb_agg(to_jsonb(was) ORDER BY cardinality(onrecord.speaker_path(was.id)), was.id), '[]')
    FROM was;
END;

CREATE FUNCTION onrecord.speaker_return_speakers(merged bigint, survivor bigint, returns jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    was record;
    one jsonb;
    before jsonb;
BEGIN
    FOR was IN SELECT *
               FROM jsonb_to_recordset(returns) AS r (id bigint, moves jsonb, part boolean, own_part boolean) LOOP
        before := onrecord.speaker_written(was.id);
        CONTINUE WHEN before IS NULL; -- deleted since
        one := before || jsonb_build_object('affiliations', onrecord.entries_back(
            before -> 'affiliations', 'organization_id', survivor, merged, was.moves));
        IF was.part AND (onrecord.speaker_survivor((before ->> 'part_of_id')::bigint) = survivor
                         OR (was.own_part
                             AND onrecord.speaker_part_is_given(was.id, onrecord.speaker_lists(before)))) THEN
            one := one || jsonb_build_object('part_of_id', merged);
            UPDATE onrecord.speaker_merges SET given = given || '{"part_of_id": []}'
            WHERE was.own_part AND merged_into_id = was.id AND given -> 'part_of_id' <> jsonb_build_array(merged);
        END IF;
        PERFORM onrecord.speaker_become(was.id, before, one, NULL, NULL);
    END LOOP;
END
$$;

COMMENT ON FUNCTION onrecord.speaker_return_quotes IS 'Quotes name a speaker again that comes back';
COMMENT ON FUNCTION onrecord.speaker_return_entries IS 'So do articles and events';
COMMENT ON FUNCTION onrecord.speaker_returns IS 'What comes back in speakers, and in merged ones';
COMMENT ON FUNCTION onrecord.speaker_return_speakers IS 'Brings that back';

CREATE OR REPLACE FUNCTION onrecord.speaker_unmerge(
    merged bigint, versions bigint[], OUT outcome text, OUT speaker bigint)
LANGUAGE plpgsql AS $$
DECLARE
    merge onrecord.speaker_merges;
    survivor bigint;
    survivor_version bigint;
    state jsonb;
    returns jsonb;
    whole bigint;
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
    UPDATE onrecord.speaker_merges SET into_id = merged
    WHERE id = merged OR id IN (SELECT onrecord.speaker_tree(merged));
    PERFORM onrecord.speaker_led_on(merge);
    PERFORM onrecord.speaker_return_quotes(merged, survivor);
    PERFORM onrecord.speaker_return_entries(merged, survivor);
    returns := onrecord.speaker_returns(merged, survivor, onrecord.speaker_path(merged));
    PERFORM onrecord.speaker_moves_part(merged, survivor);
    PERFORM onrecord.speaker_return_speakers(merged, survivor, returns);
    PERFORM onrecord.speaker_change(merge.merged_into_id, NULL, merge.given, NULL);
    FOREACH whole IN ARRAY onrecord.speaker_path(merged) LOOP
        PERFORM onrecord.speaker_offered_again(whole, merged);
    END LOOP;
    DELETE FROM onrecord.speaker_merges WHERE id = merged;
    INSERT INTO onrecord.speaker_distinctions (low_id, high_id, changed_by, change_actor, change_reason)
    VALUES (least(merged, survivor), greatest(merged, survivor), (state ->> 'changed_by')::bigint,
            state ->> 'change_actor', state ->> 'change_reason')
    ON CONFLICT DO NOTHING;
END
$$;

-- 4. Moves that there are ---------------------------------------------------------------------------------------------

DO $$
DECLARE
    level bigint[] := ARRAY(SELECT id FROM onrecord.speaker_merges);
    levels bigint[] := '{}'; -- first who was merged into, last who was merged first
BEGIN
    WHILE level <> '{}' LOOP
        levels := levels || level;
        level := ARRAY(SELECT DISTINCT merged_into_id FROM onrecord.speaker_merges
                       WHERE id = ANY (level) AND merged_into_id IN (SELECT id FROM onrecord.speaker_merges));
    END LOOP;
    PERFORM onrecord.speaker_moves_settle(last.id)
    FROM (SELECT each.id, max(each.place) AS place
          FROM unnest(levels) WITH ORDINALITY AS each (id, place) GROUP BY each.id) AS last
    ORDER BY last.place;
END
$$;
