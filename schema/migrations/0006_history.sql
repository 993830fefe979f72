-- 0006: history that can be gone back to: deletions of what belongs together, their way back, and what is erased for good.
-- admits: 1
--
-- In reading order:
--   1. revisions  know of which deletion they were a part, and that a tombstone is all that is left
--   2. rules      what becomes of a reference when what it refers to is deleted
--   3. cascade    deletes what belongs to a record, and takes it out of all that refers to it
--   4. undo       brings that back
--   5. purge      erases for good


-- 1. Revisions --------------------------------------------------------------------------------------------------------

-- All that one cascading deletion replaces bears its name, the tombstone that it was for: articles/7/3. By a default, so
-- that whatever writes a revision in that transaction has it.
ALTER TABLE onrecord.revisions
    ADD COLUMN act text DEFAULT nullif(current_setting('onrecord.act', true), ''),
    ADD COLUMN erased boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT revisions_erased_check CHECK (NOT erased OR (state IS NULL AND change_reason IS NULL));

CREATE INDEX revisions_act_idx ON onrecord.revisions (act, resource, record_id) WHERE act IS NOT NULL;

COMMENT ON COLUMN onrecord.revisions.act IS
    'The cascading deletion that replaced this version, as resource/id/version of the tombstone of what was deleted';
COMMENT ON COLUMN onrecord.revisions.erased IS 'A tombstone that is all that is left';

ALTER TABLE onrecord.changes
    DROP CONSTRAINT changes_operation_check,
    ADD CONSTRAINT changes_operation_check CHECK (operation IN ('insert', 'update', 'delete', 'purge'));


-- 2. Rules ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION onrecord.id_without(id bigint, ids bigint[]) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN id = ANY (ids) THEN NULL ELSE id END;

CREATE FUNCTION onrecord.ids_without(list bigint[], ids bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT item.id FROM unnest(list) WITH ORDINALITY AS item (id, position)
             WHERE item.id <> ALL (ids) ORDER BY item.position);

CREATE FUNCTION onrecord.entry_without(entry jsonb, member text, ids bigint[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (entry ->> member)::bigint = ANY (ids) THEN entry || jsonb_build_object(member, NULL) ELSE entry END;

CREATE FUNCTION onrecord.each_entry_without(list jsonb, member text, ids bigint[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(jsonb_agg(onrecord.entry_without(item.entry, member, ids) ORDER BY item.position), '[]')
        FROM jsonb_array_elements(list) WITH ORDINALITY AS item (entry, position));

CREATE FUNCTION onrecord.entries_without(list jsonb, member text, ids bigint[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT coalesce(jsonb_agg(item.entry ORDER BY item.position), '[]')
        FROM jsonb_array_elements(list) WITH ORDINALITY AS item (entry, position)
        WHERE ((item.entry ->> member)::bigint = ANY (ids)) IS NOT TRUE);

COMMENT ON FUNCTION onrecord.id_without IS 'The id, or null where it is one of those';
COMMENT ON FUNCTION onrecord.ids_without IS 'The list without those ids';
COMMENT ON FUNCTION onrecord.entry_without IS 'The object; its member null where it is one of those ids';
COMMENT ON FUNCTION onrecord.each_entry_without IS 'The list of objects, each as by entry_without';
COMMENT ON FUNCTION onrecord.entries_without IS 'The list of objects without those whose member is one of those ids';

-- The one table of what refers to what: a row for each foreign key to a record. Beside an article nothing owns anything:
-- all else is a link, and what it links to may go from it.
CREATE FUNCTION onrecord.reference_rules()
RETURNS TABLE (target text, resource text, field text, becomes text, link text, owner text, refers_by text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    VALUES
        ('sources', 'articles', 'source_id', 'onrecord.id_without(source_id, $1)', 'articles', 'id', 'source_id'),
        ('sources', 'articles', 'via', 'onrecord.entries_without(via, ''source_id'', $1)', 'via', 'article_id',
         'source_id'),
        ('articles', 'quotes', 'article_id', NULL, 'quotes', 'id', 'article_id'),
        ('articles', 'events', 'article_ids', 'onrecord.ids_without(article_ids, $1)', 'article_events', 'event_id',
         'article_id'),
        ('articles', 'speakers', 'affiliations', 'onrecord.each_entry_without(affiliations, ''article_id'', $1)',
         'affiliations', 'speaker_id', 'article_id'),
        ('speakers', 'articles', 'mentions', 'onrecord.entries_without(mentions, ''speaker_id'', $1)', 'mentions',
         'article_id', 'speaker_id'),
        ('speakers', 'speakers', 'part_of_id', 'onrecord.id_without(part_of_id, $1)', 'speakers', 'id', 'part_of_id'),
        ('speakers', 'speakers', 'affiliations', 'onrecord.entries_without(affiliations, ''organization_id'', $1)',
         'affiliations', 'speaker_id', 'organization_id'),
        ('speakers', 'events', 'participants', 'onrecord.entries_without(participants, ''speaker_id'', $1)',
         'participants', 'event_id', 'speaker_id'),
        ('speakers', 'quotes', 'speaker_id', 'onrecord.id_without(speaker_id, $1)', 'quotes', 'id', 'speaker_id'),
        ('speakers', 'quotes', 'relayed_by', 'onrecord.entry_without(relayed_by, ''speaker_id'', $1)', 'quotes', 'id',
         'relayed_by_id'),
        ('speakers', 'quotes', 'about_ids', 'onrecord.ids_without(about_ids, $1)', 'quote_abouts', 'quote_id',
         'speaker_id'),
        ('events', 'events', 'part_of_id', 'onrecord.id_without(part_of_id, $1)', 'events', 'id', 'part_of_id'),
        ('events', 'quotes', 'event_id', 'onrecord.id_without(event_id, $1)', 'quotes', 'id', 'event_id'),
        ('quotes', 'quotes', 'continues_id', 'onrecord.id_without(continues_id, $1)', 'quotes', 'id', 'continues_id');
END;

COMMENT ON FUNCTION onrecord.reference_rules IS
    'What becomes of a resource''s field when records of the target are deleted by cascade, their ids being $1; null: the '
    'record goes with them. owner and refers_by are columns of the table link, which finds who refers';


-- 3. Cascade ----------------------------------------------------------------------------------------------------------

CREATE FUNCTION onrecord.references_leave(target_name text, ids bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    rule record;
    owned bigint[];
BEGIN
    FOR rule IN SELECT * FROM onrecord.reference_rules() AS r WHERE r.target = target_name AND r.becomes IS NULL LOOP
        -- Locked before it is asked what refers to them: nobody can begin to, from here on.
        EXECUTE format('SELECT array_agg(own.id) FROM (SELECT id FROM onrecord.%I WHERE %I = ANY ($1) ORDER BY id '
                       'FOR UPDATE) AS own', rule.resource, rule.refers_by) INTO owned USING ids;
        CONTINUE WHEN owned IS NULL;
        PERFORM onrecord.references_leave(rule.resource, owned);
        EXECUTE format('DELETE FROM onrecord.%I WHERE id = ANY ($1)', rule.resource) USING owned;
    END LOOP;
    FOR rule IN
        SELECT r.resource, string_agg(format('%I = %s', r.field, r.becomes), ', ') AS changes,
               string_agg(format('SELECT %I FROM onrecord.%I WHERE %I = ANY ($1)', r.owner, r.link, r.refers_by),
                          ' UNION ') AS referring
        FROM onrecord.reference_rules() AS r
        WHERE r.target = target_name AND r.becomes IS NOT NULL
        GROUP BY r.resource ORDER BY r.resource
    LOOP
        EXECUTE format('UPDATE onrecord.%I SET %s WHERE id IN (%s) AND NOT (%L = %L AND id = ANY ($1))', rule.resource,
                       rule.changes, rule.referring, rule.resource, target_name) USING ids;
    END LOOP;
END
$$;

COMMENT ON FUNCTION onrecord.references_leave IS
    'Deletes what belongs to these records, and takes them out of all else that refers to them';

CREATE FUNCTION onrecord.record_cascade(root_resource text, root_id bigint, root_version bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    found bigint;
BEGIN
    EXECUTE format('SELECT version FROM onrecord.%I WHERE id = $1 FOR UPDATE', root_resource) INTO found USING root_id;
    PERFORM onrecord.guard(found = root_version);
    PERFORM set_config('onrecord.act', format('%s/%s/%s', root_resource, root_id, root_version + 1), true);
    PERFORM onrecord.references_leave(root_resource, ARRAY[root_id]);
END
$$;

COMMENT ON FUNCTION onrecord.record_cascade IS
    'Before the DELETE of a record at that version, in its transaction: what depends on it goes, or lets go of it';


-- 4. Undo -------------------------------------------------------------------------------------------------------------

CREATE FUNCTION onrecord.act_undo_one(act_name text, own_resource text, own_id bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
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

COMMENT ON FUNCTION onrecord.act_undo_one IS
    'Brings one record back to what it was before a cascading deletion, unless what that changed has been changed since';

CREATE FUNCTION onrecord.act_undo(root_resource text, root_id bigint, root_tombstone bigint)
RETURNS TABLE (resource text, record_id bigint, returned boolean)
LANGUAGE plpgsql AS $$
DECLARE
    act_name text := format('%s/%s/%s', root_resource, root_id, root_tombstone);
    found bigint;
    resources text[];
    ids bigint[];
    back boolean[];
    moved boolean;
BEGIN
    EXECUTE format('SELECT version FROM onrecord.%I WHERE id = $1', root_resource) INTO found USING root_id;
    PERFORM onrecord.guard(found = root_tombstone + 1);
    PERFORM FROM onrecord.revisions AS r WHERE r.act = act_name FOR UPDATE; -- a purge waits, or is over
    SELECT array_agg(one.resource), array_agg(one.record_id), array_agg(false) INTO resources, ids, back
    FROM (SELECT r.resource, r.record_id FROM onrecord.revisions AS r
          WHERE r.act = act_name AND (r.resource, r.record_id) <> (root_resource, root_id)
          GROUP BY r.resource, r.record_id
          ORDER BY array_position('{sources,speakers,articles,events,quotes}', r.resource), r.record_id) AS one;
    LOOP -- again, while it helps: one may refer to another
        moved := false;
        FOR i IN 1 .. coalesce(cardinality(ids), 0) LOOP
            CONTINUE WHEN back[i];
            back[i] := onrecord.act_undo_one(act_name, resources[i], ids[i]);
            moved := moved OR back[i];
        END LOOP;
        EXIT WHEN NOT moved;
    END LOOP;
    RETURN QUERY SELECT resources[i], ids[i], back[i] FROM generate_subscripts(ids, 1) AS i;
END
$$;

COMMENT ON FUNCTION onrecord.act_undo IS
    'Behind the INSERT that restores a record, in its transaction: brings back what was deleted or changed with it. One row '
    'for each of these: whether it is back';


-- 5. Purge ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION onrecord.record_forget(own_resource text, own_id bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM onrecord.answers_forget(own_resource, own_id);
END
$$;

COMMENT ON FUNCTION onrecord.record_forget IS 'What else holds something of a record that is erased forgets it';

CREATE FUNCTION onrecord.record_purge(own_resource text, own_id bigint, along boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    tombstone bigint;
    lives boolean;
    other record;
BEGIN
    -- Locked before it is asked whether the record is back: whoever restores it locks this first, too.
    SELECT r.version INTO tombstone FROM onrecord.revisions AS r
    WHERE r.resource = own_resource AND r.record_id = own_id AND r.state IS NULL AND NOT r.erased
    ORDER BY r.version DESC LIMIT 1 FOR UPDATE;
    EXECUTE format('SELECT EXISTS (SELECT FROM onrecord.%I WHERE id = $1)', own_resource) INTO lives USING own_id;
    PERFORM onrecord.guard(tombstone IS NOT NULL AND NOT lives);
    FOR other IN SELECT DISTINCT r.resource, r.record_id FROM onrecord.revisions AS r
                 WHERE along AND r.act = format('%s/%s/%s', own_resource, own_id, tombstone) AND r.state IS NULL
                   AND (r.resource, r.record_id) <> (own_resource, own_id)
                 ORDER BY r.resource, r.record_id LOOP
        PERFORM onrecord.record_purge(other.resource, other.record_id, false);
    END LOOP;
    DELETE FROM onrecord.revisions AS r
    WHERE r.resource = own_resource AND r.record_id = own_id AND r.version <> tombstone;
    UPDATE onrecord.revisions AS r
    SET changed_by = NULL, change_actor = NULL, change_reason = NULL, act = NULL, erased = true
    WHERE r.resource = own_resource AND r.record_id = own_id;
    INSERT INTO onrecord.changes (resource, record_id, operation, version, changed_by)
    VALUES (own_resource, own_id, 'purge', tombstone, nullif(current_setting('onrecord.changed_by', true), '')::bigint);
    PERFORM onrecord.record_forget(own_resource, own_id);
END
$$;

COMMENT ON FUNCTION onrecord.record_purge IS
    'Erases all that is kept of a deleted record but that it was; `along`: also of what its deletion took with it';
