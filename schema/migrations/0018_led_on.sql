-- 0018: led on: what was moved is what is moved, and what comes back names whom its speakers have become.
-- admits: 1

-- Moves were noted before the records were locked: one that somebody changed meanwhile was noted as it had been. (All
-- statements of a function in SQL see what the first one sees.)
CREATE FUNCTION onrecord.speaker_lock_entries(going bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM onrecord.articles AS record
    WHERE record.id IN (SELECT link.article_id FROM onrecord.mentions AS link WHERE link.speaker_id = going)
    ORDER BY record.id FOR NO KEY UPDATE;
    PERFORM FROM onrecord.events AS record
    WHERE record.id IN (SELECT link.event_id FROM onrecord.participants AS link WHERE link.speaker_id = going)
    ORDER BY record.id FOR NO KEY UPDATE;
    PERFORM FROM onrecord.speakers AS record
    WHERE record.part_of_id = going
       OR record.id IN (SELECT link.speaker_id FROM onrecord.affiliations AS link WHERE link.organization_id = going)
    ORDER BY record.id FOR NO KEY UPDATE;
END
$$;

COMMENT ON FUNCTION onrecord.speaker_lock_entries IS 'Locks what names a speaker in lists';

CREATE OR REPLACE FUNCTION onrecord.speaker_merge(going bigint, target bigint, versions bigint[], OUT outcome text, OUT speaker bigint)
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
        DELETE FROM onrecord.speakers WHERE id = going;
        UPDATE onrecord.speaker_merges SET given = what WHERE id = going;
        UPDATE onrecord.speaker_merges SET into_id = staying WHERE into_id = going;
        DELETE FROM onrecord.speaker_distinctions
        WHERE low_id = least(going, staying) AND high_id = greatest(going, staying);
    END IF;
END
$$;

CREATE FUNCTION onrecord.list_led_on(list jsonb, member text) RETURNS jsonb
LANGUAGE sql STABLE
RETURN (SELECT coalesce(jsonb_agg(item.value || jsonb_build_object(member,
                                  onrecord.speaker_survivor((item.value ->> member)::bigint)) ORDER BY item.place), '[]')
        FROM jsonb_array_elements(list) WITH ORDINALITY AS item (value, place));

CREATE FUNCTION onrecord.state_led_on(resource text, state jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE AS $$
BEGIN
    CASE resource
    WHEN 'articles' THEN
        RETURN state || jsonb_build_object('mentions', onrecord.list_led_on(state -> 'mentions', 'speaker_id'));
    WHEN 'events' THEN
        RETURN state || jsonb_build_object('participants', onrecord.list_led_on(state -> 'participants', 'speaker_id'));
    WHEN 'speakers' THEN
        RETURN state || jsonb_build_object(
            'part_of_id', onrecord.speaker_survivor((state ->> 'part_of_id')::bigint),
            'affiliations', onrecord.list_led_on(state -> 'affiliations', 'organization_id'));
    WHEN 'quotes' THEN
        RETURN state || jsonb_build_object(
            'speaker_id', onrecord.speaker_survivor((state ->> 'speaker_id')::bigint),
            'relayed_by', CASE WHEN jsonb_typeof(state -> 'relayed_by') = 'object'
                               THEN onrecord.list_led_on(jsonb_build_array(state -> 'relayed_by'), 'speaker_id') -> 0 END,
            'about_ids', (SELECT coalesce(jsonb_agg(about.id ORDER BY about.place), '[]')
                          FROM (SELECT onrecord.speaker_survivor(each.id::bigint) AS id, min(each.place) AS place
                                FROM jsonb_array_elements_text(state -> 'about_ids') WITH ORDINALITY AS each (id, place)
                                GROUP BY 1) AS about));
    ELSE
        RETURN state;
    END CASE;
END
$$;

COMMENT ON FUNCTION onrecord.state_led_on IS 'A record''s former state, with those in place of speakers that these were merged into';

CREATE OR REPLACE FUNCTION onrecord.act_undo_one(act_name text, own_resource text, own_id bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
DECLARE
    own_columns text[] := ARRAY(
        SELECT attname::text FROM pg_attribute
        WHERE attrelid = ('onrecord.' || own_resource)::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
          AND attname <> ALL ('{updated_at,version,changed_by,change_actor,change_reason,search_config}'));
    listed text;
    former jsonb; -- as it was before
    after jsonb;  -- as the deletion left it
    live jsonb;   -- as it is
    last record;  -- what the deletion wrote last of it
BEGIN
    SELECT r.state INTO former FROM onrecord.revisions AS r
    WHERE r.act = act_name AND r.resource = own_resource AND r.record_id = own_id AND r.state IS NOT NULL
    ORDER BY r.version LIMIT 1;
    SELECT r.version, r.state INTO last FROM onrecord.revisions AS r
    WHERE r.act = act_name AND r.resource = own_resource AND r.record_id = own_id
    ORDER BY r.version DESC LIMIT 1;
    EXECUTE format('SELECT to_jsonb(t) FROM onrecord.%I AS t WHERE id = $1 FOR UPDATE', own_resource)
    INTO live USING own_id;
    IF former IS NULL THEN
        RETURN false; -- erased
    END IF;
    IF last.state IS NULL THEN
        IF live IS NOT NULL OR EXISTS (SELECT FROM onrecord.revisions AS r WHERE r.resource = own_resource
                                       AND r.record_id = own_id AND r.version > last.version) THEN
            RETURN false;
        END IF;
        former := onrecord.state_led_on(own_resource, former);
        -- Columns that there were not yet get their defaults.
        listed := (SELECT string_agg(quote_ident(name), ', ') FROM unnest(own_columns) AS name WHERE former ? name);
        EXECUTE format('INSERT INTO onrecord.%1$I (%2$s, version, changed_by, change_actor, change_reason) '
                       'SELECT %2$s, $2, nullif(current_setting(''onrecord.changed_by'', true), '''')::bigint, '
                       'nullif(current_setting(''onrecord.change_actor'', true), ''''), '
                       'nullif(current_setting(''onrecord.change_reason'', true), '''') '
                       'FROM jsonb_populate_record(NULL::onrecord.%1$I, $1)', own_resource, listed)
        USING former, last.version + 1;
        RETURN true;
    END IF;
    SELECT r.state INTO after FROM onrecord.revisions AS r
    WHERE r.resource = own_resource AND r.record_id = own_id AND r.version = last.version + 1;
    after := coalesce(after, live);
    IF live IS NULL OR EXISTS (SELECT FROM unnest(own_columns) AS name WHERE former -> name <> after -> name
                               AND live -> name <> former -> name AND live -> name <> after -> name) THEN
        RETURN false;
    END IF;
    listed := (SELECT string_agg(quote_ident(name), ', ') FROM unnest(own_columns) AS name
               WHERE former -> name <> after -> name AND live -> name <> former -> name);
    IF listed IS NOT NULL THEN
        EXECUTE format('UPDATE onrecord.%1$I SET (%2$s) = (SELECT %2$s FROM jsonb_populate_record(NULL::onrecord.%1$I, '
                       '$1)) WHERE id = $2', own_resource, listed) USING former, own_id;
    END IF;
    RETURN true;
EXCEPTION
    WHEN unique_violation OR foreign_key_violation OR check_violation THEN
        RETURN false;
END
$$;
