-- What the migrations add up to, for reading; made by schema/dump, never run, never edited.

-- Name: onrecord; Type: SCHEMA

CREATE SCHEMA onrecord;

-- Name: act_undo(text, bigint, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.act_undo(root_resource text, root_id bigint, root_tombstone bigint) RETURNS TABLE(resource text, record_id bigint, returned boolean)
    LANGUAGE plpgsql
    AS $_$
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
$_$;

-- Name: FUNCTION act_undo(root_resource text, root_id bigint, root_tombstone bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.act_undo(root_resource text, root_id bigint, root_tombstone bigint) IS 'Behind the INSERT that restores a record, in its transaction: brings back what was deleted or changed with it. One row for each of these: whether it is back';

-- Name: act_undo_one(text, text, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.act_undo_one(act_name text, own_resource text, own_id bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $_$
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
$_$;

-- Name: FUNCTION act_undo_one(act_name text, own_resource text, own_id bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.act_undo_one(act_name text, own_resource text, own_id bigint) IS 'Brings one record back to what it was before a cascading deletion, unless what that changed has been changed since';

-- Name: affiliations_follow(); Type: FUNCTION

CREATE FUNCTION onrecord.affiliations_follow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM onrecord.affiliations WHERE speaker_id = NEW.id;
    INSERT INTO onrecord.affiliations (speaker_id, position, organization_id, article_id)
    SELECT NEW.id, item.position, (item.value ->> 'organization_id')::bigint, (item.value ->> 'article_id')::bigint
    FROM jsonb_array_elements(NEW.affiliations) WITH ORDINALITY AS item (value, position);
    RETURN NULL;
END
$$;

-- Name: entry_rest(jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.entry_rest(entry jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN (entry - '{speaker_id,organization_id}'::text[]);

-- Name: FUNCTION entry_rest(entry jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.entry_rest(entry jsonb) IS 'What an entry of a list says, but for of whom';

-- Name: speaker_merges; Type: TABLE

CREATE TABLE onrecord.speaker_merges (
    id bigint NOT NULL,
    into_id bigint NOT NULL,
    merged_into_id bigint NOT NULL,
    name text NOT NULL,
    external_id text,
    state jsonb NOT NULL,
    given jsonb NOT NULL,
    merged_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

-- Name: TABLE speaker_merges; Type: COMMENT

COMMENT ON TABLE onrecord.speaker_merges IS 'Merged speakers. No foreign key: who has their place may be deleted, and restored';

-- Name: COLUMN speaker_merges.into_id; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_merges.into_id IS 'Who has its place now: never a merged one, but itself while it is being unmerged';

-- Name: COLUMN speaker_merges.merged_into_id; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_merges.merged_into_id IS 'Whom it was merged into, who may have been merged since';

-- Name: COLUMN speaker_merges.state; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_merges.state IS 'Its row as it was, without what was taken back from it since';

-- Name: COLUMN speaker_merges.given; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_merges.given IS 'What whom it was merged into has by it: {aliases, same_as, affiliations, part_of_id}, lists all four';

-- Name: speaker_path(bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_path(merged bigint) RETURNS bigint[]
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH RECURSIVE path(id, step) AS (
          SELECT speaker_merges.merged_into_id,
             1 AS "?column?"
            FROM onrecord.speaker_merges
           WHERE (speaker_merges.id = speaker_path.merged)
         UNION ALL
          SELECT merge.merged_into_id,
             (path_1.step + 1)
            FROM (onrecord.speaker_merges merge
              JOIN path path_1 USING (id))
         )
  SELECT COALESCE(array_agg(path.id ORDER BY path.step), '{}'::bigint[]) AS "coalesce"
    FROM path;
END;

-- Name: FUNCTION speaker_path(merged bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_path(merged bigint) IS 'Into whom it was merged, into whom that one was, and so on';

-- Name: speaker_survivor(bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_survivor(speaker bigint) RETURNS bigint
    LANGUAGE sql STABLE
    RETURN COALESCE((SELECT merge.into_id FROM onrecord.speaker_merges merge WHERE (merge.id = speaker_survivor.speaker)), speaker);

-- Name: FUNCTION speaker_survivor(speaker bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_survivor(speaker bigint) IS 'Who has the place of a merged speaker; of others, they themselves';

-- Name: affiliations_given(jsonb, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.affiliations_given(list jsonb, given jsonb) RETURNS TABLE(item jsonb, entry jsonb)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH own AS (
          SELECT each.value AS entry,
             ((each.value ->> 'organization_id'::text))::bigint AS id
            FROM jsonb_array_elements(affiliations_given.list) each(value)
         ), gift AS (
          SELECT each.value AS item,
             ((each.value ->> 'organization_id'::text))::bigint AS id
            FROM jsonb_array_elements(affiliations_given.given) each(value)
         )
  SELECT gift.item,
     own.entry
    FROM (gift
      JOIN own ON ((onrecord.entry_rest(own.entry) = onrecord.entry_rest(gift.item))))
   WHERE ((own.entry = gift.item) OR ((own.id = ANY (onrecord.speaker_path(gift.id))) AND (onrecord.speaker_survivor(own.id) = onrecord.speaker_survivor(gift.id)) AND (NOT (EXISTS ( SELECT
            FROM own same
           WHERE (same.entry = gift.item))))));
END;

-- Name: FUNCTION affiliations_given(list jsonb, given jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.affiliations_given(list jsonb, given jsonb) IS 'Which affiliations are there by items that were given: as they are, or led on when organizations were merged';

-- Name: speaker_tree(bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_tree(merged bigint) RETURNS SETOF bigint
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH RECURSIVE tree(id) AS (
          SELECT speaker_merges.id
            FROM onrecord.speaker_merges
           WHERE (speaker_merges.merged_into_id = speaker_tree.merged)
         UNION
          SELECT below.id
            FROM (onrecord.speaker_merges below
              JOIN tree tree_1 ON ((below.merged_into_id = tree_1.id)))
         )
  SELECT tree.id
    FROM tree;
END;

-- Name: FUNCTION speaker_tree(merged bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_tree(merged bigint) IS 'Who was merged into it, and into those';

-- Name: speaker_moves; Type: TABLE

CREATE TABLE onrecord.speaker_moves (
    merged_id bigint NOT NULL,
    resource text NOT NULL,
    record_id bigint NOT NULL,
    field text NOT NULL,
    "position" integer NOT NULL,
    entry jsonb,
    dropped boolean DEFAULT false NOT NULL
);

-- Name: TABLE speaker_moves; Type: COMMENT

COMMENT ON TABLE onrecord.speaker_moves IS 'Where records named a merged speaker, before any merge';

-- Name: COLUMN speaker_moves.resource; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_moves.resource IS 'The record''s table: quotes, articles, events, speakers';

-- Name: COLUMN speaker_moves."position"; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_moves."position" IS 'In a list, from 1; else 0';

-- Name: COLUMN speaker_moves.entry; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_moves.entry IS 'In a list of objects: the entry as it was';

-- Name: COLUMN speaker_moves.dropped; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_moves.dropped IS 'The list has the same of who has its place now, by itself or by another move: one is enough';

-- Name: affiliations_held(bigint, jsonb, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.affiliations_held(speaker bigint, list jsonb, leaving jsonb) RETURNS jsonb
    LANGUAGE sql
    BEGIN ATOMIC
 WITH gift AS (
          SELECT affiliations_given.item,
             (affiliations_given.item -> 'organization_id'::text) AS id,
             affiliations_given.entry,
             ((affiliations_given.entry ->> 'organization_id'::text))::bigint AS now_id
            FROM onrecord.affiliations_given(affiliations_held.list, affiliations_held.leaving) affiliations_given(item, entry)
         ), move AS (
          SELECT move.merged_id,
             move."position",
             move.dropped,
             now.entry,
             (EXISTS ( SELECT
                    FROM gift gift_1
                   WHERE ((gift_1.entry = now.entry) AND (gift_1.id = to_jsonb(move.merged_id))))) AS leaves
            FROM (( SELECT DISTINCT gift_1.entry,
                     gift_1.now_id
                    FROM gift gift_1) now
              JOIN onrecord.speaker_moves move ON (((onrecord.entry_rest(move.entry) = onrecord.entry_rest(now.entry)) AND (move.merged_id IN ( SELECT onrecord.speaker_tree(now.now_id) AS speaker_tree)) AND (onrecord.speaker_survivor(move.merged_id) = onrecord.speaker_survivor(now.now_id)))))
           WHERE ((move.resource = 'speakers'::text) AND (move.record_id = affiliations_held.speaker) AND (move.field = 'affiliations'::text))
         ), gone AS (
          DELETE FROM onrecord.speaker_moves old
            USING move
           WHERE (move.leaves AND (old.merged_id = move.merged_id) AND (old.resource = 'speakers'::text) AND (old.record_id = affiliations_held.speaker) AND (old.field = 'affiliations'::text) AND (old."position" = move."position"))
         ), held AS (
          SELECT move.merged_id,
             move."position",
             move.dropped,
             move.entry,
             move.leaves,
             row_number() OVER same AS rank,
             ((NOT bool_or((NOT move.dropped)) OVER whole) AND (NOT (EXISTS ( SELECT
                    FROM gift gift_1
                   WHERE ((gift_1.entry = move.entry) AND (NOT (EXISTS ( SELECT
                            FROM move its
                           WHERE ((its.entry = gift_1.entry) AND (gift_1.id = to_jsonb(its.merged_id))))))))))) AS by_itself
            FROM move
           WINDOW whole AS (PARTITION BY move.entry), same AS (whole ORDER BY move.leaves, move.dropped, move."position", move.merged_id)
         ), carrier AS (
          UPDATE onrecord.speaker_moves other SET dropped = false
            FROM held held_1
           WHERE ((held_1.rank = 1) AND (NOT held_1.leaves) AND (NOT held_1.by_itself) AND (other.merged_id = held_1.merged_id) AND (other.resource = 'speakers'::text) AND (other.record_id = affiliations_held.speaker) AND (other.field = 'affiliations'::text) AND (other."position" = held_1."position"))
         )
  SELECT COALESCE(jsonb_agg(gift.item), '[]'::jsonb) AS "coalesce"
    FROM (held
      JOIN gift USING (entry))
   WHERE ((held.rank = 1) AND ((NOT held.leaves) OR held.by_itself));
END;

-- Name: FUNCTION affiliations_held(speaker bigint, list jsonb, leaving jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.affiliations_held(speaker bigint, list jsonb, leaving jsonb) IS 'What of the affiliations that were given to a speaker it has by itself as well: moves carry it from now on';

-- Name: item_now(text, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.item_now(list text, item jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN CASE list WHEN 'affiliations'::text THEN (item || jsonb_build_object('organization_id', onrecord.speaker_survivor(((item ->> 'organization_id'::text))::bigint))) WHEN 'part_of_id'::text THEN to_jsonb(onrecord.speaker_survivor((item)::bigint)) ELSE item END;

-- Name: FUNCTION item_now(list text, item jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.item_now(list text, item jsonb) IS 'An item of a list of that name, as of now';

-- Name: affiliations_now(jsonb, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.affiliations_now(list jsonb, own bigint) RETURNS TABLE(place integer, entry jsonb, now jsonb, named bigint, dropped boolean)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT (item.place)::integer AS place,
     item.entry,
     item.now,
     ((item.entry ->> 'organization_id'::text))::bigint AS int8,
     ((item.entry <> item.now) AND (row_number() OVER (PARTITION BY item.now ORDER BY (item.entry <> item.now), item.place) > 1))
    FROM ( SELECT each.place,
             each.value AS entry,
                 CASE
                     WHEN ((each.value -> 'organization_id'::text) = to_jsonb(affiliations_now.own)) THEN each.value
                     ELSE onrecord.item_now('affiliations'::text, each.value)
                 END AS now
            FROM jsonb_array_elements(affiliations_now.list) WITH ORDINALITY each(value, place)) item;
END;

-- Name: FUNCTION affiliations_now(list jsonb, own bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.affiliations_now(list jsonb, own bigint) IS 'The affiliations of a speaker, and what they are now that others were merged; dropped: another says the same';

-- Name: answer_guard(bigint, text, text); Type: FUNCTION

CREATE FUNCTION onrecord.answer_guard(key_id bigint, path text, key text) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    -- Not a lock on the row, which is not there yet: a second insert of a key that is not committed would wait.
    IF NOT pg_try_advisory_xact_lock(
            hashtextextended(concat_ws(' ', 'onrecord.answers', answer_guard.key_id, path, key), 0)) THEN
        RAISE EXCEPTION USING ERRCODE = 'IK001', MESSAGE = 'a request with this key is under way';
    END IF;
    -- A statement of its own: it sees what was committed before the lock was free.
    DELETE FROM onrecord.answers answer
    WHERE answer.key_id = answer_guard.key_id AND answer.path = answer_guard.path AND answer.key = answer_guard.key
      AND answer.expires_at <= clock_timestamp();
    IF EXISTS (
        SELECT FROM onrecord.answers AS answer
        WHERE answer.key_id = answer_guard.key_id AND answer.path = answer_guard.path AND answer.key = answer_guard.key
    ) THEN
        RAISE EXCEPTION USING ERRCODE = 'IK002', MESSAGE = 'a request with this key was answered';
    END IF;
END
$$;

-- Name: FUNCTION answer_guard(key_id bigint, path text, key text); Type: COMMENT

COMMENT ON FUNCTION onrecord.answer_guard(key_id bigint, path text, key text) IS 'Lets one write with this key go on until its transaction ends. Fails with IK001 while another is under way, with IK002 when one was done';

-- Name: answers; Type: TABLE

CREATE TABLE onrecord.answers (
    key_id bigint NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    fingerprint bytea,
    status smallint NOT NULL,
    resource text NOT NULL,
    record_id bigint,
    version bigint,
    detail jsonb,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT answers_fingerprint_check CHECK ((octet_length(fingerprint) = 32)),
    CONSTRAINT answers_key_check CHECK (((char_length(key) >= 1) AND (char_length(key) <= 255))),
    CONSTRAINT answers_path_check CHECK (((octet_length(path) >= 1) AND (octet_length(path) <= 1000))),
    CONSTRAINT answers_status_check CHECK (((status >= 200) AND (status <= 299)))
);

-- Name: TABLE answers; Type: COMMENT

COMMENT ON TABLE onrecord.answers IS 'What was answered to writes with an Idempotency-Key; rows go when they expire';

-- Name: COLUMN answers.key_id; Type: COMMENT

COMMENT ON COLUMN onrecord.answers.key_id IS 'API key: nobody else''s requests are answered from here';

-- Name: COLUMN answers.key; Type: COMMENT

COMMENT ON COLUMN onrecord.answers.key IS 'Idempotency-Key';

-- Name: COLUMN answers.fingerprint; Type: COMMENT

COMMENT ON COLUMN onrecord.answers.fingerprint IS 'SHA-256 of what was asked; null: the record was erased, and the key is used up';

-- Name: COLUMN answers.record_id; Type: COMMENT

COMMENT ON COLUMN onrecord.answers.record_id IS 'The record that was the answer, as it was at this version';

-- Name: COLUMN answers.detail; Type: COMMENT

COMMENT ON COLUMN onrecord.answers.detail IS 'What else the answer said, for answers that are more than a record';

-- Name: answers_forget(text, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.answers_forget(resource text, record_id bigint) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 UPDATE onrecord.answers answer SET fingerprint = NULL::bytea, version = NULL::bigint, detail = NULL::jsonb
   WHERE ((answer.resource = answers_forget.resource) AND (answer.record_id = answers_forget.record_id));
END;

-- Name: FUNCTION answers_forget(resource text, record_id bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.answers_forget(resource text, record_id bigint) IS 'For a record that is erased: forgets what was asked. The keys stay used until they expire, so that a request that is sent again does not bring the record back';

-- Name: article_events_follow(); Type: FUNCTION

CREATE FUNCTION onrecord.article_events_follow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM onrecord.article_events WHERE event_id = NEW.id;
    INSERT INTO onrecord.article_events (event_id, position, article_id)
    SELECT NEW.id, item.position, item.article_id
    FROM unnest(NEW.article_ids) WITH ORDINALITY AS item (article_id, position);
    RETURN NULL;
END
$$;

-- Name: article_hash(); Type: FUNCTION

CREATE FUNCTION onrecord.article_hash() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.body_sha256 := encode(sha256(convert_to(NEW.body, 'UTF8')), 'hex');
    RETURN NEW;
END
$$;

-- Name: FUNCTION article_hash(); Type: COMMENT

COMMENT ON FUNCTION onrecord.article_hash() IS 'Computes body_sha256';

-- Name: article_lead_quotes(); Type: FUNCTION

CREATE FUNCTION onrecord.article_lead_quotes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION article_lead_quotes(); Type: COMMENT

COMMENT ON FUNCTION onrecord.article_lead_quotes() IS 'Passes published_at, source_id and search_config on to the article''s quotes, search_config to its events';

-- Name: drop_history(integer, integer); Type: FUNCTION

CREATE FUNCTION onrecord.drop_history(changes_days integer, revisions_days integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '500ms'
    AS $_$
DECLARE
    dropped integer := 0;
    log record;
    partition text;
    last bigint;
BEGIN
    FOR log IN
        SELECT name, key, now() - days * interval '1 day' AS until
        FROM (VALUES ('changes', 'changed_at', changes_days), ('revisions', 'replaced_at', revisions_days))
             AS log (name, key, days)
        WHERE days > 0
    LOOP
        FOR partition IN
            SELECT class.relname FROM pg_inherits JOIN pg_class AS class ON class.oid = inhrelid
            WHERE inhparent = ('onrecord.' || log.name)::regclass AND class.relname ~ ('^' || log.name || '_\d{4}_\d\d$')
              AND to_date(right(class.relname, 7), 'YYYY_MM') + interval '1 month' <= log.until
            ORDER BY class.relname
        LOOP
            EXECUTE format('LOCK TABLE onrecord.%I', log.name);
            IF log.name = 'changes' THEN
                EXECUTE format('SELECT CASE WHEN bool_and(pos IS NOT NULL) THEN max(pos) ELSE 0 END FROM onrecord.%I',
                               partition) INTO last;
                CONTINUE WHEN last = 0;
                UPDATE onrecord.instance SET changes_dropped = greatest(changes_dropped, last) WHERE last IS NOT NULL;
            END IF;
            EXECUTE format('ALTER TABLE onrecord.%I DETACH PARTITION onrecord.%I', log.name, partition);
            IF log.name = 'revisions' THEN
                EXECUTE format('INSERT INTO onrecord.revisions SELECT * FROM onrecord.%I WHERE state IS NULL', partition);
            END IF;
            EXECUTE format('DROP TABLE onrecord.%I', partition);
            dropped := dropped + 1;
        END LOOP;
    END LOOP;
    RETURN dropped;
END
$_$;

-- Name: FUNCTION drop_history(changes_days integer, revisions_days integer); Type: COMMENT

COMMENT ON FUNCTION onrecord.drop_history(changes_days integer, revisions_days integer) IS 'Drops the months of changes and of revisions that are older than so many days, 0: none; answers how many';

-- Name: entry_without(jsonb, text, bigint[]); Type: FUNCTION

CREATE FUNCTION onrecord.entry_without(entry jsonb, member text, ids bigint[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (((entry ->> member))::bigint = ANY (ids)) THEN (entry || jsonb_build_object(member, NULL::unknown)) ELSE entry END;

-- Name: FUNCTION entry_without(entry jsonb, member text, ids bigint[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.entry_without(entry jsonb, member text, ids bigint[]) IS 'The object; its member null where it is one of those ids';

-- Name: each_entry_without(jsonb, text, bigint[]); Type: FUNCTION

CREATE FUNCTION onrecord.each_entry_without(list jsonb, member text, ids bigint[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT COALESCE(jsonb_agg(onrecord.entry_without(item.entry, each_entry_without.member, each_entry_without.ids) ORDER BY item."position"), '[]'::jsonb) AS "coalesce" FROM jsonb_array_elements(each_entry_without.list) WITH ORDINALITY item(entry, "position"));

-- Name: FUNCTION each_entry_without(list jsonb, member text, ids bigint[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.each_entry_without(list jsonb, member text, ids bigint[]) IS 'The list of objects, each as by entry_without';

-- Name: edtf_first(text); Type: FUNCTION

CREATE FUNCTION onrecord.edtf_first(edtf text) RETURNS date
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
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
$_$;

-- Name: FUNCTION edtf_first(edtf text); Type: COMMENT

COMMENT ON FUNCTION onrecord.edtf_first(edtf text) IS 'First day of a date of reduced precision (2025, 2025-05, 2025-05-15); null: not one';

-- Name: edtf_last(text); Type: FUNCTION

CREATE FUNCTION onrecord.edtf_last(edtf text) RETURNS date
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (((onrecord.edtf_first(edtf) + CASE length(edtf) WHEN 4 THEN '1 year'::interval WHEN 7 THEN '1 mon'::interval ELSE '1 day'::interval END))::date - 1);

-- Name: FUNCTION edtf_last(edtf text); Type: COMMENT

COMMENT ON FUNCTION onrecord.edtf_last(edtf text) IS 'Last day of a date of reduced precision';

-- Name: ensure_partitions(); Type: FUNCTION

CREATE FUNCTION onrecord.ensure_partitions() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
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
$_$;

-- Name: FUNCTION ensure_partitions(); Type: COMMENT

COMMENT ON FUNCTION onrecord.ensure_partitions() IS 'Makes the partitions of this month and the next two; answers how many were missing';

-- Name: entries_back(jsonb, text, bigint, bigint, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.entries_back(list jsonb, member text, was bigint, now bigint, moves jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
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

-- Name: FUNCTION entries_back(list jsonb, member text, was bigint, now bigint, moves jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.entries_back(list jsonb, member text, was bigint, now bigint, moves jsonb) IS 'The list with what comes back in it: instead of what says the same of the survivor, or beside it where that stays';

-- Name: entries_move(jsonb, text, bigint, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.entries_move(list jsonb, member text, was bigint, now bigint) RETURNS TABLE("position" integer, entry jsonb, moved jsonb, dropped boolean)
    LANGUAGE sql IMMUTABLE
    BEGIN ATOMIC
 WITH item AS (
          SELECT (each.place)::integer AS "position",
             each.value AS entry,
             ((each.value -> entries_move.member) = to_jsonb(entries_move.was)) AS names_it,
                 CASE
                     WHEN ((each.value -> entries_move.member) = to_jsonb(entries_move.was)) THEN (each.value || jsonb_build_object(entries_move.member, entries_move.now))
                     ELSE each.value
                 END AS moved
            FROM jsonb_array_elements(entries_move.list) WITH ORDINALITY each(value, place)
         )
  SELECT item."position",
     item.entry,
     item.moved,
     (COALESCE(item.names_it, false) AND (EXISTS ( SELECT
            FROM item other
           WHERE ((other.moved = item.moved) AND ((other.names_it IS NOT TRUE) OR (other."position" < item."position"))))))
    FROM item;
END;

-- Name: FUNCTION entries_move(list jsonb, member text, was bigint, now bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.entries_move(list jsonb, member text, was bigint, now bigint) IS 'The entries of a list, and what they become when one speaker has another''s place; dropped: another says the same';

-- Name: entries_moved(jsonb, text, bigint, bigint, boolean); Type: FUNCTION

CREATE FUNCTION onrecord.entries_moved(list jsonb, member text, was bigint, now bigint, but boolean) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT COALESCE(jsonb_agg(item.moved ORDER BY item."position"), '[]'::jsonb) AS "coalesce" FROM onrecord.entries_move(entries_moved.list, entries_moved.member, entries_moved.was, entries_moved.now) item("position", entry, moved, dropped) WHERE ((NOT item.dropped) AND (NOT (entries_moved.but AND (item.entry <> item.moved)))));

-- Name: FUNCTION entries_moved(list jsonb, member text, was bigint, now bigint, but boolean); Type: COMMENT

COMMENT ON FUNCTION onrecord.entries_moved(list jsonb, member text, was bigint, now bigint, but boolean) IS 'The list as it becomes; "but": without what named the one that was, since its owner has that one''s place';

-- Name: entries_without(jsonb, text, bigint[]); Type: FUNCTION

CREATE FUNCTION onrecord.entries_without(list jsonb, member text, ids bigint[]) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT COALESCE(jsonb_agg(item.entry ORDER BY item."position"), '[]'::jsonb) AS "coalesce" FROM jsonb_array_elements(entries_without.list) WITH ORDINALITY item(entry, "position") WHERE ((((item.entry ->> entries_without.member))::bigint = ANY (entries_without.ids)) IS NOT TRUE));

-- Name: FUNCTION entries_without(list jsonb, member text, ids bigint[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.entries_without(list jsonb, member text, ids bigint[]) IS 'The list of objects without those whose member is one of those ids';

-- Name: event_follow_article(); Type: FUNCTION

CREATE FUNCTION onrecord.event_follow_article() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    SELECT article.search_config INTO NEW.search_config
    FROM onrecord.articles AS article WHERE article.id = NEW.article_ids[1] FOR SHARE;
    NEW.search_config := coalesce(NEW.search_config, 'simple');
    RETURN NEW;
END
$$;

-- Name: FUNCTION event_follow_article(); Type: COMMENT

COMMENT ON FUNCTION onrecord.event_follow_article() IS 'Takes search_config from the first article';

-- Name: guard(boolean); Type: FUNCTION

CREATE FUNCTION onrecord.guard(holds boolean) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF holds IS NOT TRUE THEN
        RAISE serialization_failure USING MESSAGE = 'a record has changed since it was read';
    END IF;
END
$$;

-- Name: FUNCTION guard(holds boolean); Type: COMMENT

COMMENT ON FUNCTION onrecord.guard(holds boolean) IS 'Fails the transaction unless what was read before still holds';

-- Name: id_without(bigint, bigint[]); Type: FUNCTION

CREATE FUNCTION onrecord.id_without(id bigint, ids bigint[]) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (id = ANY (ids)) THEN NULL::bigint ELSE id END;

-- Name: FUNCTION id_without(id bigint, ids bigint[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.id_without(id bigint, ids bigint[]) IS 'The id, or null where it is one of those';

-- Name: ids_back(bigint[], bigint, bigint, integer, boolean); Type: FUNCTION

CREATE FUNCTION onrecord.ids_back(list bigint[], was bigint, now bigint, place integer, dropped boolean) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN ((array_position(list, was) IS NULL) OR (array_position(list, now) IS NOT NULL)) THEN list WHEN dropped THEN (((list)[:(place - 1)] || now) || (list)[place:]) ELSE array_replace(list, was, now) END;

-- Name: FUNCTION ids_back(list bigint[], was bigint, now bigint, place integer, dropped boolean); Type: COMMENT

COMMENT ON FUNCTION onrecord.ids_back(list bigint[], was bigint, now bigint, place integer, dropped boolean) IS 'The same for a list of ids';

-- Name: ids_valid(bigint[]); Type: FUNCTION

CREATE FUNCTION onrecord.ids_valid(list bigint[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((cardinality(list) = 0) OR ((array_ndims(list) = 1) AND (array_position(list, NULL::bigint) IS NULL)));

-- Name: FUNCTION ids_valid(list bigint[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.ids_valid(list bigint[]) IS 'A flat list of ids, none null';

-- Name: ids_without(bigint[], bigint[]); Type: FUNCTION

CREATE FUNCTION onrecord.ids_without(list bigint[], ids bigint[]) RETURNS bigint[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT item.id FROM unnest(ids_without.list) WITH ORDINALITY item(id, "position") WHERE (item.id <> ALL (ids_without.ids)) ORDER BY item."position");

-- Name: FUNCTION ids_without(list bigint[], ids bigint[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.ids_without(list bigint[], ids bigint[]) IS 'The list without those ids';

-- Name: item_list(jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.item_list(item jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN (COALESCE(item, 'null'::jsonb) = 'null'::jsonb) THEN '[]'::jsonb ELSE jsonb_build_array(item) END;

-- Name: FUNCTION item_list(item jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.item_list(item jsonb) IS 'The list of that item; of null: an empty one';

-- Name: last_change(); Type: FUNCTION

CREATE FUNCTION onrecord.last_change() RETURNS bigint
    LANGUAGE plpgsql
    AS $$
BEGIN
    RETURN currval('onrecord.changes_id_seq');
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RETURN NULL;
END
$$;

-- Name: FUNCTION last_change(); Type: COMMENT

COMMENT ON FUNCTION onrecord.last_change() IS 'The id of the change that this session logged last; null: none yet';

-- Name: list_led_on(jsonb, text); Type: FUNCTION

CREATE FUNCTION onrecord.list_led_on(list jsonb, member text) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN (SELECT COALESCE(jsonb_agg((item.value || jsonb_build_object(list_led_on.member, onrecord.speaker_survivor(((item.value ->> list_led_on.member))::bigint))) ORDER BY item.place), '[]'::jsonb) AS "coalesce" FROM jsonb_array_elements(list_led_on.list) WITH ORDINALITY item(value, place));

-- Name: list_texts(jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.list_texts(list jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE
    RETURN ARRAY(SELECT each.value FROM jsonb_array_elements_text(list_texts.list) WITH ORDINALITY each(value, place) ORDER BY each.place);

-- Name: FUNCTION list_texts(list jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.list_texts(list jsonb) IS 'An array of strings as text[]';

-- Name: lists_except(jsonb, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.lists_except(lists jsonb, gone jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT jsonb_object_agg(list.key, (SELECT COALESCE(jsonb_agg(each.value ORDER BY each.place), '[]'::jsonb) AS "coalesce" FROM jsonb_array_elements(list.value) WITH ORDINALITY each(value, place) WHERE (NOT (each.value IN (SELECT jsonb_array_elements((lists_except.gone -> list.key)) AS jsonb_array_elements))))) AS jsonb_object_agg FROM jsonb_each(lists_except.lists) list(key, value));

-- Name: FUNCTION lists_except(lists jsonb, gone jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.lists_except(lists jsonb, gone jsonb) IS 'What of the lists is not in others';

-- Name: lists_joined(jsonb, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.lists_joined(lists jsonb, more jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN (SELECT jsonb_object_agg(list.key, (list.value || (lists_joined.more -> list.key))) AS jsonb_object_agg FROM jsonb_each(lists_joined.lists) list(key, value));

-- Name: FUNCTION lists_joined(lists jsonb, more jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.lists_joined(lists jsonb, more jsonb) IS 'The lists of two objects, one after the other';

-- Name: lists_now(jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.lists_now(lists jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN (SELECT jsonb_object_agg(list.key, (SELECT COALESCE(jsonb_agg(item.value ORDER BY item.place), '[]'::jsonb) AS "coalesce" FROM (SELECT onrecord.item_now(list.key, each.value) AS value, min(each.place) AS place FROM jsonb_array_elements(list.value) WITH ORDINALITY each(value, place) GROUP BY (onrecord.item_now(list.key, each.value))) item)) AS jsonb_object_agg FROM jsonb_each(lists_now.lists) list(key, value));

-- Name: FUNCTION lists_now(lists jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.lists_now(lists jsonb) IS 'The lists as of now, each item once';

-- Name: lists_without(jsonb, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.lists_without(lists jsonb, gone jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN (SELECT jsonb_object_agg(list.key, (SELECT COALESCE(jsonb_agg(each.value ORDER BY each.place), '[]'::jsonb) AS "coalesce" FROM jsonb_array_elements(list.value) WITH ORDINALITY each(value, place) WHERE (NOT (onrecord.item_now(list.key, each.value) IN (SELECT jsonb_array_elements((lists_without.gone -> list.key)) AS jsonb_array_elements))))) AS jsonb_object_agg FROM jsonb_each(lists_without.lists) list(key, value));

-- Name: FUNCTION lists_without(lists jsonb, gone jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.lists_without(lists jsonb, gone jsonb) IS 'What of the lists is not, as of now, in others that are as of now';

-- Name: mentions_follow(); Type: FUNCTION

CREATE FUNCTION onrecord.mentions_follow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM onrecord.mentions WHERE article_id = NEW.id;
    INSERT INTO onrecord.mentions (article_id, position, speaker_id)
    SELECT NEW.id, item.position, (item.value ->> 'speaker_id')::bigint
    FROM jsonb_array_elements(NEW.mentions) WITH ORDINALITY AS item (value, position)
    WHERE item.value ->> 'speaker_id' IS NOT NULL;
    RETURN NULL;
END
$$;

-- Name: name_fold(text); Type: FUNCTION

CREATE FUNCTION onrecord.name_fold(name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
BEGIN
    IF octet_length(name) = char_length(name) THEN -- ASCII, which most of what is typed is
        RETURN trim(regexp_replace(replace(lower(name), '''', ''), '[^a-z0-9]+', ' ', 'g'));
    END IF;
    RETURN trim(regexp_replace(replace(replace(onrecord.name_latin(onrecord.name_plain(name)), '''', ''), '’', ''),
                               '[^[:alnum:]]+', ' ', 'g'));
END
$$;

-- Name: FUNCTION name_fold(name text); Type: COMMENT

COMMENT ON FUNCTION onrecord.name_fold(name text) IS 'A name as it is looked for: lower case, Latin letters, no accents and apostrophes, words parted by one space';

-- Name: name_latin(text); Type: FUNCTION

CREATE FUNCTION onrecord.name_latin(name text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
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

-- Name: FUNCTION name_latin(name text); Type: COMMENT

COMMENT ON FUNCTION onrecord.name_latin(name text) IS 'Cyrillic, Greek, Arabic and Persian letters as Latin ones';

-- Name: name_likeness(text, text); Type: FUNCTION

CREATE FUNCTION onrecord.name_likeness(query text, name text) RETURNS real
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ((onrecord.word_similarity(query, name) * (0.9)::double precision) + (onrecord.similarity(query, name) * (0.1)::double precision));

-- Name: FUNCTION name_likeness(query text, name text); Type: COMMENT

COMMENT ON FUNCTION onrecord.name_likeness(query text, name text) IS '0 to 1: how like a part of the name, and the whole of it, the query is';

-- Name: search_fold(text); Type: FUNCTION

CREATE FUNCTION onrecord.search_fold(text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (text ~ '[\u00ad\u0300-\u036f\u0610-\u06ff\u200b-\u200f\u2010\u2011\u202a-\u202e\u2060-\u2069\ufeff]'::text) THEN translate(regexp_replace(text, '[\u00ad\u0300-\u036f\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+'::text, ''::text, 'g'::text), 'أإآٱىیېۍئکؤةۀەہھ٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹‐‑'::text, 'اااايييييكوههههه01234567890123456789--'::text) ELSE text END;

-- Name: FUNCTION search_fold(text text); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_fold(text text) IS 'Takes out marks, joiners and directions, and writes letters of Arabic and Persian that are one in one way; a code point otherwise stays one code point';

-- Name: name_plain(text); Type: FUNCTION

CREATE FUNCTION onrecord.name_plain(name text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN onrecord.unaccent('onrecord.unaccent'::regdictionary, lower(NORMALIZE(onrecord.search_fold(name), NFC)));

-- Name: FUNCTION name_plain(name text); Type: COMMENT

COMMENT ON FUNCTION onrecord.name_plain(name text) IS 'Lower case, without accents';

-- Name: name_sound(text); Type: FUNCTION

CREATE FUNCTION onrecord.name_sound(word text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
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
$_$;

-- Name: FUNCTION name_sound(word text); Type: COMMENT

COMMENT ON FUNCTION onrecord.name_sound(word text) IS 'Qaddafi and Gadhafi sound alike; null: too short to say anything, or not in Latin letters';

-- Name: names_alike(text, text); Type: FUNCTION

CREATE FUNCTION onrecord.names_alike(query text, name text) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    RETURN (query OPERATOR(onrecord.<%) (name COLLATE "C"));

-- Name: FUNCTION names_alike(query text, name text); Type: COMMENT

COMMENT ON FUNCTION onrecord.names_alike(query text, name text) IS 'Whether the query is like a part of the name: pg_trgm.word_similarity_threshold says how much';

-- Name: number_changes(bigint, integer); Type: FUNCTION

CREATE FUNCTION onrecord.number_changes(above bigint, most integer, OUT numbered bigint, OUT lag_us bigint, OUT seen bigint, OUT oldest bigint, OUT newest bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET jit TO 'off'
    AS $$
BEGIN
    SELECT changes_id_seq.last_value INTO seen FROM onrecord.changes_id_seq;
    oldest := pg_snapshot_xmin(pg_current_snapshot())::text::bigint;
    WITH fresh AS MATERIALIZED (
        SELECT change.id, change.changed_at, row_number() OVER (ORDER BY change.id) AS place
        FROM onrecord.changes AS change
        WHERE change.pos IS NULL AND change.id > above
        ORDER BY change.id
        LIMIT most
    ), counter AS (
        UPDATE onrecord.instance SET changes_last = changes_last + (SELECT count(*) FROM fresh)
        WHERE EXISTS (SELECT FROM fresh)
        RETURNING changes_last - (SELECT count(*) FROM fresh) AS before
    ), done AS (
        UPDATE onrecord.changes change SET pos = (SELECT counter.before FROM counter) + fresh.place
        FROM fresh
        WHERE change.pos IS NULL AND change.id > above AND change.id <= (SELECT max(fresh.id) FROM fresh)
          AND change.id = fresh.id AND change.changed_at = fresh.changed_at
        RETURNING change.changed_at
    )
    SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(done.changed_at)) * 1000000, 0)::bigint
    INTO numbered, lag_us FROM done;
    newest := coalesce(pg_current_xact_id_if_assigned()::text::bigint, 0);
    IF numbered > 0 THEN
        PERFORM pg_notify('onrecord_changes', '');
    END IF;
END
$$;

-- Name: FUNCTION number_changes(above bigint, most integer, OUT numbered bigint, OUT lag_us bigint, OUT seen bigint, OUT oldest bigint, OUT newest bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.number_changes(above bigint, most integer, OUT numbered bigint, OUT lag_us bigint, OUT seen bigint, OUT oldest bigint, OUT newest bigint) IS 'Gives changes that have become visible their positions, and tells who listens on onrecord_changes';

-- Name: object_valid(jsonb, text[], text[], text[]); Type: FUNCTION

CREATE FUNCTION onrecord.object_valid(item jsonb, ids text[], texts text[], dates text[] DEFAULT '{}'::text[]) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
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

-- Name: FUNCTION object_valid(item jsonb, ids text[], texts text[], dates text[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.object_valid(item jsonb, ids text[], texts text[], dates text[]) IS 'An object with exactly these members: ids, texts and dates, each may be null';

-- Name: objects_valid(jsonb, text[], text[], text[]); Type: FUNCTION

CREATE FUNCTION onrecord.objects_valid(list jsonb, ids text[], texts text[], dates text[] DEFAULT '{}'::text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE jsonb_typeof(list) WHEN 'array'::text THEN (NOT (EXISTS (SELECT FROM jsonb_array_elements(objects_valid.list) item(value) WHERE (NOT onrecord.object_valid(item.value, objects_valid.ids, objects_valid.texts, objects_valid.dates))))) ELSE false END;

-- Name: FUNCTION objects_valid(list jsonb, ids text[], texts text[], dates text[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.objects_valid(list jsonb, ids text[], texts text[], dates text[]) IS 'An array of such objects';

-- Name: texts_valid(text[], integer); Type: FUNCTION

CREATE FUNCTION onrecord.texts_valid(list text[], longest integer) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((cardinality(list) = 0) OR ((array_ndims(list) = 1) AND (NOT (EXISTS (SELECT FROM unnest(texts_valid.list) item(text) WHERE ((item.text IS NULL) OR ((char_length(item.text) < 1) OR (char_length(item.text) > texts_valid.longest))))))));

-- Name: FUNCTION texts_valid(list text[], longest integer); Type: COMMENT

COMMENT ON FUNCTION onrecord.texts_valid(list text[], longest integer) IS 'A flat list of texts, none null, empty or longer than that';

-- Name: speakers; Type: TABLE

CREATE TABLE onrecord.speakers (
    id bigint NOT NULL,
    external_id text,
    name text NOT NULL,
    kind text DEFAULT 'person'::text NOT NULL,
    aliases text[] DEFAULT '{}'::text[] NOT NULL,
    description text,
    same_as text[] DEFAULT '{}'::text[] NOT NULL,
    part_of_id bigint,
    affiliations jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    extra jsonb DEFAULT '{}'::jsonb NOT NULL,
    changed_by bigint,
    change_actor text,
    change_reason text,
    CONSTRAINT speakers_affiliations_check CHECK (((affiliations = '[]'::jsonb) OR onrecord.objects_valid(affiliations, '{organization_id,article_id}'::text[], '{role}'::text[], '{start_date,end_date}'::text[]))),
    CONSTRAINT speakers_aliases_check CHECK (onrecord.texts_valid(aliases, 500)),
    CONSTRAINT speakers_change_actor_check CHECK ((char_length(change_actor) <= 500)),
    CONSTRAINT speakers_change_reason_check CHECK ((char_length(change_reason) <= 500)),
    CONSTRAINT speakers_description_check CHECK ((char_length(description) <= 20000)),
    CONSTRAINT speakers_external_id_check CHECK (((char_length(external_id) >= 1) AND (char_length(external_id) <= 255))),
    CONSTRAINT speakers_extra_check CHECK ((jsonb_typeof(extra) = 'object'::text)),
    CONSTRAINT speakers_kind_check CHECK ((kind = ANY (ARRAY['person'::text, 'organization'::text, 'unnamed'::text]))),
    CONSTRAINT speakers_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 500))),
    CONSTRAINT speakers_same_as_check CHECK (onrecord.texts_valid(same_as, 2048))
);

-- Name: TABLE speakers; Type: COMMENT

COMMENT ON TABLE onrecord.speakers IS 'People and organizations whose words are on record';

-- Name: COLUMN speakers.kind; Type: COMMENT

COMMENT ON COLUMN onrecord.speakers.kind IS 'unnamed: a voice that the text does not name ("Political observers")';

-- Name: COLUMN speakers.same_as; Type: COMMENT

COMMENT ON COLUMN onrecord.speakers.same_as IS 'URLs of the same one elsewhere, e.g. Wikidata';

-- Name: COLUMN speakers.part_of_id; Type: COMMENT

COMMENT ON COLUMN onrecord.speakers.part_of_id IS 'An organization''s parent';

-- Name: COLUMN speakers.affiliations; Type: COMMENT

COMMENT ON COLUMN onrecord.speakers.affiliations IS 'In what role for whom: [{organization_id, role, start_date, end_date, article_id}]';

-- Name: organization_tree(bigint); Type: FUNCTION

CREATE FUNCTION onrecord.organization_tree(organization bigint) RETURNS SETOF bigint
    LANGUAGE sql STABLE ROWS 20 PARALLEL SAFE
    BEGIN ATOMIC
 WITH RECURSIVE tree(id) AS (
          SELECT organization_tree.organization AS organization
         UNION
          SELECT part.id
            FROM (onrecord.speakers part
              JOIN tree tree_1 ON ((part.part_of_id = tree_1.id)))
         )
  SELECT tree.id
    FROM tree;
END;

-- Name: FUNCTION organization_tree(organization bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.organization_tree(organization bigint) IS 'The organization and all that is part of it, however deep';

-- Name: part_of_check(); Type: FUNCTION

CREATE FUNCTION onrecord.part_of_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
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
$_$;

-- Name: FUNCTION part_of_check(); Type: COMMENT

COMMENT ON FUNCTION onrecord.part_of_check() IS 'Refuses a cycle, as if by a constraint <table>_part_of_cycle';

-- Name: participants_follow(); Type: FUNCTION

CREATE FUNCTION onrecord.participants_follow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM onrecord.participants WHERE event_id = NEW.id;
    INSERT INTO onrecord.participants (event_id, position, speaker_id)
    SELECT NEW.id, item.position, (item.value ->> 'speaker_id')::bigint
    FROM jsonb_array_elements(NEW.participants) WITH ORDINALITY AS item (value, position)
    WHERE item.value ->> 'speaker_id' IS NOT NULL;
    RETURN NULL;
END
$$;

-- Name: quote_abouts_follow(); Type: FUNCTION

CREATE FUNCTION onrecord.quote_abouts_follow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM onrecord.quote_abouts WHERE quote_id = NEW.id;
    INSERT INTO onrecord.quote_abouts (quote_id, position, speaker_id)
    SELECT NEW.id, item.position, item.speaker_id
    FROM unnest(NEW.about_ids) WITH ORDINALITY AS item (speaker_id, position);
    RETURN NULL;
END
$$;

-- Name: quote_follow_article(); Type: FUNCTION

CREATE FUNCTION onrecord.quote_follow_article() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    -- FOR SHARE: the article must not change between this and the commit. (Its foreign key locks it anyway.)
    SELECT article.published_at, article.source_id, article.search_config
    INTO NEW.published_at, NEW.source_id, NEW.search_config
    FROM onrecord.articles AS article WHERE article.id = NEW.article_id FOR SHARE;
    NEW.search_config := coalesce(NEW.search_config, 'simple'); -- the foreign key will refuse it
    RETURN NEW;
END
$$;

-- Name: FUNCTION quote_follow_article(); Type: COMMENT

COMMENT ON FUNCTION onrecord.quote_follow_article() IS 'Takes published_at, source_id and search_config from the article';

-- Name: record_cascade(text, bigint, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.record_cascade(root_resource text, root_id bigint, root_version bigint) RETURNS void
    LANGUAGE plpgsql
    AS $_$
DECLARE
    found bigint;
BEGIN
    EXECUTE format('SELECT version FROM onrecord.%I WHERE id = $1 FOR UPDATE', root_resource) INTO found USING root_id;
    PERFORM onrecord.guard(found = root_version);
    PERFORM set_config('onrecord.act', format('%s/%s/%s', root_resource, root_id, root_version + 1), true);
    PERFORM onrecord.references_leave(root_resource, ARRAY[root_id]);
END
$_$;

-- Name: FUNCTION record_cascade(root_resource text, root_id bigint, root_version bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.record_cascade(root_resource text, root_id bigint, root_version bigint) IS 'Before the DELETE of a record at that version, in its transaction: what depends on it goes, or lets go of it';

-- Name: record_forget(text, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.record_forget(own_resource text, own_id bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION record_forget(own_resource text, own_id bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.record_forget(own_resource text, own_id bigint) IS 'What else holds something of a record that is erased forgets it';

-- Name: record_log(); Type: FUNCTION

CREATE FUNCTION onrecord.record_log() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    who bigint;
BEGIN
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

-- Name: FUNCTION record_log(); Type: COMMENT

COMMENT ON FUNCTION onrecord.record_log() IS 'Writes changes and revisions of what is changed or goes. Who makes a DELETE is in the settings onrecord.changed_by, onrecord.change_actor, onrecord.change_reason';

-- Name: record_log_made(); Type: FUNCTION

CREATE FUNCTION onrecord.record_log_made() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO onrecord.changes (resource, record_id, operation, version, changed_by)
    SELECT TG_TABLE_NAME, id, 'insert', version, changed_by FROM made;
    RETURN NULL;
END
$$;

-- Name: FUNCTION record_log_made(); Type: COMMENT

COMMENT ON FUNCTION onrecord.record_log_made() IS 'Writes what is made to the change log';

-- Name: record_named(); Type: FUNCTION

CREATE FUNCTION onrecord.record_named() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.version := NULL; -- the sign for record_update
    RETURN NEW;
END
$$;

-- Name: FUNCTION record_named(); Type: COMMENT

COMMENT ON FUNCTION onrecord.record_named() IS 'Notes that an UPDATE says by changed_by who makes it';

-- Name: record_not_truncated(); Type: FUNCTION

CREATE FUNCTION onrecord.record_not_truncated() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'onrecord.% is not truncated: that would leave no history', TG_TABLE_NAME
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = 'DELETE keeps one. For an empty record, drop the schema onrecord and migrate.';
END
$$;

-- Name: record_purge(text, bigint, boolean); Type: FUNCTION

CREATE FUNCTION onrecord.record_purge(own_resource text, own_id bigint, along boolean) RETURNS void
    LANGUAGE plpgsql
    AS $_$
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
    DELETE FROM onrecord.revisions r
    WHERE r.resource = own_resource AND r.record_id = own_id AND r.version <> tombstone;
    UPDATE onrecord.revisions r
    SET changed_by = NULL, change_actor = NULL, change_reason = NULL, act = NULL, erased = true
    WHERE r.resource = own_resource AND r.record_id = own_id;
    INSERT INTO onrecord.changes (resource, record_id, operation, version, changed_by)
    VALUES (own_resource, own_id, 'purge', tombstone, nullif(current_setting('onrecord.changed_by', true), '')::bigint);
    PERFORM onrecord.record_forget(own_resource, own_id);
END
$_$;

-- Name: FUNCTION record_purge(own_resource text, own_id bigint, along boolean); Type: COMMENT

COMMENT ON FUNCTION onrecord.record_purge(own_resource text, own_id bigint, along boolean) IS 'Erases all that is kept of a deleted record but that it was; `along`: also of what its deletion took with it';

-- Name: record_update(); Type: FUNCTION

CREATE FUNCTION onrecord.record_update() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION record_update(); Type: COMMENT

COMMENT ON FUNCTION onrecord.record_update() IS 'Raises version and updated_at, unless nothing is changed. Who makes an UPDATE that does not set changed_by is in the settings onrecord.changed_by, onrecord.change_actor, onrecord.change_reason: it is not the former key''s';

-- Name: reference_rules(); Type: FUNCTION

CREATE FUNCTION onrecord.reference_rules() RETURNS TABLE(target text, resource text, field text, becomes text, link text, owner text, refers_by text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    BEGIN ATOMIC
 VALUES ('sources'::text,'articles'::text,'source_id'::text,'onrecord.id_without(source_id, $1)'::text,'articles'::text,'id'::text,'source_id'::text), ('sources'::text,'articles'::text,'via'::text,'onrecord.entries_without(via, ''source_id'', $1)'::text,'via'::text,'article_id'::text,'source_id'::text), ('articles'::text,'quotes'::text,'article_id'::text,NULL::text,'quotes'::text,'id'::text,'article_id'::text), ('articles'::text,'events'::text,'article_ids'::text,'onrecord.ids_without(article_ids, $1)'::text,'article_events'::text,'event_id'::text,'article_id'::text), ('articles'::text,'speakers'::text,'affiliations'::text,'onrecord.each_entry_without(affiliations, ''article_id'', $1)'::text,'affiliations'::text,'speaker_id'::text,'article_id'::text), ('speakers'::text,'articles'::text,'mentions'::text,'onrecord.entries_without(mentions, ''speaker_id'', $1)'::text,'mentions'::text,'article_id'::text,'speaker_id'::text), ('speakers'::text,'speakers'::text,'part_of_id'::text,'onrecord.id_without(part_of_id, $1)'::text,'speakers'::text,'id'::text,'part_of_id'::text), ('speakers'::text,'speakers'::text,'affiliations'::text,'onrecord.entries_without(affiliations, ''organization_id'', $1)'::text,'affiliations'::text,'speaker_id'::text,'organization_id'::text), ('speakers'::text,'events'::text,'participants'::text,'onrecord.entries_without(participants, ''speaker_id'', $1)'::text,'participants'::text,'event_id'::text,'speaker_id'::text), ('speakers'::text,'quotes'::text,'speaker_id'::text,'onrecord.id_without(speaker_id, $1)'::text,'quotes'::text,'id'::text,'speaker_id'::text), ('speakers'::text,'quotes'::text,'relayed_by'::text,'onrecord.entry_without(relayed_by, ''speaker_id'', $1)'::text,'quotes'::text,'id'::text,'relayed_by_id'::text), ('speakers'::text,'quotes'::text,'about_ids'::text,'onrecord.ids_without(about_ids, $1)'::text,'quote_abouts'::text,'quote_id'::text,'speaker_id'::text), ('events'::text,'events'::text,'part_of_id'::text,'onrecord.id_without(part_of_id, $1)'::text,'events'::text,'id'::text,'part_of_id'::text), ('events'::text,'quotes'::text,'event_id'::text,'onrecord.id_without(event_id, $1)'::text,'quotes'::text,'id'::text,'event_id'::text), ('quotes'::text,'quotes'::text,'continues_id'::text,'onrecord.id_without(continues_id, $1)'::text,'quotes'::text,'id'::text,'continues_id'::text);
END;

-- Name: FUNCTION reference_rules(); Type: COMMENT

COMMENT ON FUNCTION onrecord.reference_rules() IS 'What becomes of a resource''s field when records of the target are deleted by cascade, their ids being $1; null: the record goes with them. owner and refers_by are columns of the table link, which finds who refers';

-- Name: references_leave(text, bigint[]); Type: FUNCTION

CREATE FUNCTION onrecord.references_leave(target_name text, ids bigint[]) RETURNS void
    LANGUAGE plpgsql
    AS $_$
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
$_$;

-- Name: FUNCTION references_leave(target_name text, ids bigint[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.references_leave(target_name text, ids bigint[]) IS 'Deletes what belongs to these records, and takes them out of all else that refers to them';

-- Name: refuse_unless(boolean, text); Type: FUNCTION

CREATE FUNCTION onrecord.refuse_unless(holds boolean, code text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NOT holds THEN
        RAISE EXCEPTION USING ERRCODE = refuse_unless.code, MESSAGE = CASE refuse_unless.code
            WHEN 'IK001' THEN 'another request goes on with this'
            ELSE 'a line was not written' END;
    END IF;
    RETURN false;
END
$$;

-- Name: FUNCTION refuse_unless(holds boolean, code text); Type: COMMENT

COMMENT ON FUNCTION onrecord.refuse_unless(holds boolean, code text) IS 'False; or fails: with IK001 where another request has taken over, with IK003 where a line that is to count as written in this transaction was not';

-- Name: search_any_word(tsquery); Type: FUNCTION

CREATE FUNCTION onrecord.search_any_word(query tsquery) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
BEGIN
    -- As text: 'words' within quotes, with operators and parentheses between them.
    RETURN rtrim(regexp_replace(query::text, '[^'']*(''(?:[^'']|'''')*''(?::\*)?)[^'']*', '\1 | ', 'g'),
                 ' |')::tsquery;
END
$$;

-- Name: FUNCTION search_any_word(query tsquery); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_any_word(query tsquery) IS 'A query for any of the words of another, those that it refuses included: what ts_headline marks';

-- Name: search_config(text); Type: FUNCTION

CREATE FUNCTION onrecord.search_config(language text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE split_part(lower(language), '-'::text, 1) WHEN 'ar'::text THEN 'arabic'::text WHEN 'ca'::text THEN 'catalan'::text WHEN 'da'::text THEN 'danish'::text WHEN 'de'::text THEN 'german'::text WHEN 'el'::text THEN 'greek'::text WHEN 'en'::text THEN 'english'::text WHEN 'es'::text THEN 'spanish'::text WHEN 'eu'::text THEN 'basque'::text WHEN 'fi'::text THEN 'finnish'::text WHEN 'fr'::text THEN 'french'::text WHEN 'ga'::text THEN 'irish'::text WHEN 'hi'::text THEN 'hindi'::text WHEN 'hu'::text THEN 'hungarian'::text WHEN 'hy'::text THEN 'armenian'::text WHEN 'id'::text THEN 'indonesian'::text WHEN 'it'::text THEN 'italian'::text WHEN 'lt'::text THEN 'lithuanian'::text WHEN 'nb'::text THEN 'norwegian'::text WHEN 'ne'::text THEN 'nepali'::text WHEN 'nl'::text THEN 'dutch'::text WHEN 'nn'::text THEN 'norwegian'::text WHEN 'no'::text THEN 'norwegian'::text WHEN 'pt'::text THEN 'portuguese'::text WHEN 'ro'::text THEN 'romanian'::text WHEN 'ru'::text THEN 'russian'::text WHEN 'sr'::text THEN 'serbian'::text WHEN 'sv'::text THEN 'swedish'::text WHEN 'ta'::text THEN 'tamil'::text WHEN 'tr'::text THEN 'turkish'::text WHEN 'yi'::text THEN 'yiddish'::text ELSE 'simple'::text END;

-- Name: FUNCTION search_config(language text); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_config(language text) IS 'The text search configuration, of schema onrecord, that stems a language (BCP 47); simple: nobody stems it';

-- Name: search_dotted(regconfig, text, tsquery); Type: FUNCTION

CREATE FUNCTION onrecord.search_dotted(config regconfig, words text, wanted tsquery) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
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

-- Name: FUNCTION search_dotted(config regconfig, words text, wanted tsquery); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_dotted(config regconfig, words text, wanted tsquery) IS 'A query in which an acronym is also found with dots: US as U.S.';

-- Name: search_fold_in(text, text); Type: FUNCTION

CREATE FUNCTION onrecord.search_fold_in(config text, text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (config = 'arabic'::text) THEN translate(onrecord.search_fold(translate(text, 'ة'::text, ''::text)), ''::text, 'ة'::text) ELSE onrecord.search_fold(text) END;

-- Name: FUNCTION search_fold_in(config text, text text); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_fold_in(config text, text text) IS 'search_fold, as articles of that configuration need it';

-- Name: search_marked(tsquery); Type: FUNCTION

CREATE FUNCTION onrecord.search_marked(query tsquery) RETURNS tsquery
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

-- Name: FUNCTION search_marked(query tsquery); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_marked(query tsquery) IS 'The query without what it refuses';

-- Name: search_part(text); Type: FUNCTION

CREATE FUNCTION onrecord.search_part(text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN translate(regexp_replace(regexp_replace(regexp_replace(regexp_replace(replace(replace(text, '</'::text, '<'::text), '/>'::text, '>'::text), '(^|[^[:alnum:]])([A-Za-z\u00c0-\u052f])-(?=[0-9])'::text, '\1\2'::text, 'g'::text), '([0-9])-|-(?=[0-9])|[/@+]'::text, '\1,'::text, 'g'::text), '([[:alpha:]]{2})\.(?=[[:alnum:]])'::text, '\1,'::text, 'g'::text), '([[:alnum:]])\.(?=[[:alpha:]]{2})'::text, '\1,'::text, 'g'::text), ''::text, '-/'::text);

-- Name: FUNCTION search_part(text text); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_part(text text) IS 'Parts what signs join; a code point stays one code point';

-- Name: search_unparted(); Type: FUNCTION

CREATE FUNCTION onrecord.search_unparted() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff'::text;

-- Name: FUNCTION search_unparted(); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_unparted() IS 'Letters of Chinese, Japanese and Korean, whose words nothing parts; for a regular expression''s brackets. search_is_unparted in server/record/marks.c says the same';

-- Name: search_marking(text, text); Type: FUNCTION

CREATE FUNCTION onrecord.search_marking(config text, text text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (text ~ (('[-/@+\u2010\u2011'::text || onrecord.search_unparted()) || ']|\.[^[:space:]]'::text)) THEN onrecord.search_part(regexp_replace(onrecord.search_fold_in(config, text), (('['::text || onrecord.search_unparted()) || ']'::text), ','::text, 'g'::text)) ELSE onrecord.search_fold_in(config, text) END;

-- Name: FUNCTION search_marking(config text, text text); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_marking(config text, text text) IS 'A text whose words ts_headline marks; without what nothing parts, which the server marks by itself';

-- Name: search_query(text, text); Type: FUNCTION

CREATE FUNCTION onrecord.search_query(config text, text text) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
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
$_$;

-- Name: FUNCTION search_query(config text, text text); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_query(config text, text text) IS 'A query in web search syntax: words, "a phrase", or, -not. Never fails';

-- Name: search_refusals(text); Type: FUNCTION

CREATE FUNCTION onrecord.search_refusals(words text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN (SELECT string_agg(CASE WHEN ((p.place % (2)::bigint) = 1) THEN regexp_replace(p.part, '(^|[[:space:]()|!&])-'::text, '\1'::text, 'g'::text) ELSE p.part END, '"'::text ORDER BY p.place) AS string_agg FROM string_to_table(regexp_replace(search_refusals.words, '-(?=[-!&|<>()[:space:]\u00a0\u2000-\u200a\u202f\u205f\u3000]|$)'::text, ' '::text, 'g'::text), '"'::text) WITH ORDINALITY p(part, place));

-- Name: FUNCTION search_refusals(words text); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_refusals(words text) IS 'A query whose hyphens that refuse are U+E003, and whose dashes are gone';

-- Name: search_vector(text, text, "char"); Type: FUNCTION

CREATE FUNCTION onrecord.search_vector(config text, text text, weight "char") RETURNS tsvector
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

-- Name: search_vectors(text, text, text, text, text); Type: FUNCTION

CREATE FUNCTION onrecord.search_vectors(config text, a text, b text, c text, d text) RETURNS tsvector
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

-- Name: FUNCTION search_vectors(config text, a text, b text, c text, d text); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_vectors(config text, a text, b text, c text, d text) IS 'The words of up to four texts, each of less weight than the one before';

-- Name: search_words(text, text); Type: FUNCTION

CREATE FUNCTION onrecord.search_words(config text, text text) RETURNS text
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

-- Name: FUNCTION search_words(config text, text text); Type: COMMENT

COMMENT ON FUNCTION onrecord.search_words(config text, text text) IS 'Folded text whose runs that nothing parts are pairs of neighbours';

-- Name: spans_valid(integer[]); Type: FUNCTION

CREATE FUNCTION onrecord.spans_valid(spans integer[]) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
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

-- Name: FUNCTION spans_valid(spans integer[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.spans_valid(spans integer[]) IS 'Pairs start, end, start, end ...: none empty, in order, without overlap';

-- Name: speaker_become(bigint, jsonb, jsonb, bigint, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_become(speaker bigint, was jsonb, own jsonb, giver bigint, coming jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION speaker_become(speaker bigint, was jsonb, own jsonb, giver bigint, coming jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_become(speaker bigint, was jsonb, own jsonb, giver bigint, coming jsonb) IS 'Changes a speaker because another comes back';

-- Name: speaker_change(bigint, bigint, jsonb, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_change(speaker bigint, giver bigint, leaving jsonb, coming jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION speaker_change(speaker bigint, giver bigint, leaving jsonb, coming jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_change(speaker bigint, giver bigint, leaving jsonb, coming jsonb) IS 'Takes from a speaker what was given to it, and gives it what is coming';

-- Name: speaker_gifts(jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_gifts(state jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN jsonb_build_object('aliases', (jsonb_build_array((state -> 'name'::text)) || (state -> 'aliases'::text)), 'same_as', (state -> 'same_as'::text), 'affiliations', (state -> 'affiliations'::text), 'part_of_id', onrecord.item_list((state -> 'part_of_id'::text)));

-- Name: FUNCTION speaker_gifts(state jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_gifts(state jsonb) IS 'What a speaker gives when it is merged: its names, its addresses elsewhere, whom it belongs to';

-- Name: speaker_give(onrecord.speakers, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_give(going onrecord.speakers, staying bigint) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION speaker_give(going onrecord.speakers, staying bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_give(going onrecord.speakers, staying bigint) IS 'Gives a speaker what belongs to the one that is merged into it';

-- Name: speaker_given_again(bigint, jsonb, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_given_again(speaker bigint, lists jsonb, gone jsonb) RETURNS jsonb
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION speaker_given_again(speaker bigint, lists jsonb, gone jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_given_again(speaker bigint, lists jsonb, gone jsonb) IS 'What of what is gone from a speaker it has by others as well';

-- Name: articles; Type: TABLE

CREATE TABLE onrecord.articles (
    id bigint NOT NULL,
    external_id text,
    headline text,
    alternative_headline text,
    source_id bigint,
    url text,
    byline text,
    dateline text,
    section text,
    language text DEFAULT 'en'::text NOT NULL,
    published_at timestamp with time zone,
    modified_at timestamp with time zone,
    summary text,
    body text,
    body_sha256 text,
    keywords text[] DEFAULT '{}'::text[] NOT NULL,
    rights text,
    via jsonb DEFAULT '[]'::jsonb NOT NULL,
    mentions jsonb DEFAULT '[]'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    extra jsonb DEFAULT '{}'::jsonb NOT NULL,
    changed_by bigint,
    change_actor text,
    change_reason text,
    search_config text GENERATED ALWAYS AS (onrecord.search_config(language)) STORED NOT NULL,
    search tsvector GENERATED ALWAYS AS (onrecord.search_vectors(onrecord.search_config(language), headline, alternative_headline, summary, body)) STORED NOT NULL,
    CONSTRAINT articles_alternative_headline_check CHECK ((char_length(alternative_headline) <= 2000)),
    CONSTRAINT articles_body_check CHECK ((char_length(body) <= 2000000)),
    CONSTRAINT articles_byline_check CHECK ((char_length(byline) <= 1000)),
    CONSTRAINT articles_change_actor_check CHECK ((char_length(change_actor) <= 500)),
    CONSTRAINT articles_change_reason_check CHECK ((char_length(change_reason) <= 500)),
    CONSTRAINT articles_dateline_check CHECK ((char_length(dateline) <= 500)),
    CONSTRAINT articles_external_id_check CHECK (((char_length(external_id) >= 1) AND (char_length(external_id) <= 255))),
    CONSTRAINT articles_extra_check CHECK ((jsonb_typeof(extra) = 'object'::text)),
    CONSTRAINT articles_headline_check CHECK ((char_length(headline) <= 2000)),
    CONSTRAINT articles_headline_or_url_check CHECK (((headline IS NOT NULL) OR (url IS NOT NULL))),
    CONSTRAINT articles_keywords_check CHECK (onrecord.texts_valid(keywords, 200)),
    CONSTRAINT articles_language_check CHECK (((char_length(language) <= 35) AND (language ~ '^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$'::text))),
    CONSTRAINT articles_mentions_check CHECK (((mentions = '[]'::jsonb) OR onrecord.objects_valid(mentions, '{speaker_id}'::text[], '{as_printed,role}'::text[]))),
    CONSTRAINT articles_rights_check CHECK ((char_length(rights) <= 2000)),
    CONSTRAINT articles_section_check CHECK (((char_length(section) >= 1) AND (char_length(section) <= 200))),
    CONSTRAINT articles_summary_check CHECK ((char_length(summary) <= 20000)),
    CONSTRAINT articles_url_check CHECK (((octet_length(url) >= 1) AND (octet_length(url) <= 2048))),
    CONSTRAINT articles_via_check CHECK (((via = '[]'::jsonb) OR onrecord.objects_valid(via, '{source_id}'::text[], '{as_printed}'::text[])))
)
WITH (toast_tuple_target='4096');

-- Name: TABLE articles; Type: COMMENT

COMMENT ON TABLE onrecord.articles IS 'What an outlet published, with its text as it came';

-- Name: COLUMN articles.headline; Type: COMMENT

COMMENT ON COLUMN onrecord.articles.headline IS 'Null only where the url is known';

-- Name: COLUMN articles.dateline; Type: COMMENT

COMMENT ON COLUMN onrecord.articles.dateline IS 'Place and agency as printed before the text';

-- Name: COLUMN articles.language; Type: COMMENT

COMMENT ON COLUMN onrecord.articles.language IS 'BCP 47';

-- Name: COLUMN articles.body; Type: COMMENT

COMMENT ON COLUMN onrecord.articles.body IS 'As it came: no trimming, no normal form. Spans of quotes count its code points';

-- Name: COLUMN articles.body_sha256; Type: COMMENT

COMMENT ON COLUMN onrecord.articles.body_sha256 IS 'Computed: hex of the SHA-256 of the body in UTF-8';

-- Name: COLUMN articles.via; Type: COMMENT

COMMENT ON COLUMN onrecord.articles.via IS 'Outlets it relies on: [{source_id, as_printed}]';

-- Name: COLUMN articles.mentions; Type: COMMENT

COMMENT ON COLUMN onrecord.articles.mentions IS 'Who is named: [{speaker_id, as_printed, role}]';

-- Name: COLUMN articles.search_config; Type: COMMENT

COMMENT ON COLUMN onrecord.articles.search_config IS 'What stems its language';

-- Name: COLUMN articles.search; Type: COMMENT

COMMENT ON COLUMN onrecord.articles.search IS 'Words of headline, alternative_headline, summary and body';

-- Name: speaker_hindrance(jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_hindrance(state jsonb, OUT hindrance text, OUT hindrance_id bigint) RETURNS record
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT found.hindrance,
     found.id
    FROM ( SELECT 1 AS place,
             'taken'::text AS hindrance,
             speaker.id
            FROM onrecord.speakers speaker
           WHERE (speaker.external_id = (speaker_hindrance.state ->> 'external_id'::text))
         UNION ALL
          SELECT 2,
             'lost-speaker'::text,
             named.id
            FROM ( SELECT ((speaker_hindrance.state ->> 'part_of_id'::text))::bigint AS id
                 UNION ALL
                  SELECT ((each.value ->> 'organization_id'::text))::bigint AS int8
                    FROM jsonb_array_elements((speaker_hindrance.state -> 'affiliations'::text)) each(value)) named
           WHERE ((named.id IS NOT NULL) AND (named.id <> ((speaker_hindrance.state ->> 'id'::text))::bigint) AND (NOT (EXISTS ( SELECT
                    FROM onrecord.speakers speaker
                   WHERE (speaker.id = named.id)))))
         UNION ALL
          SELECT 3,
             'lost-article'::text,
             ((each.value ->> 'article_id'::text))::bigint AS int8
            FROM jsonb_array_elements((speaker_hindrance.state -> 'affiliations'::text)) each(value)
           WHERE (((each.value ->> 'article_id'::text) IS NOT NULL) AND (NOT (EXISTS ( SELECT
                    FROM onrecord.articles article
                   WHERE (article.id = ((each.value ->> 'article_id'::text))::bigint)))))) found
   ORDER BY found.place, found.id
  LIMIT 1;
END;

-- Name: FUNCTION speaker_hindrance(state jsonb, OUT hindrance text, OUT hindrance_id bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_hindrance(state jsonb, OUT hindrance text, OUT hindrance_id bigint) IS 'Why a merged speaker cannot come back; null: nothing keeps it';

-- Name: speaker_led_on(onrecord.speaker_merges); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_led_on(merge onrecord.speaker_merges) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 WITH item AS (
          SELECT item.named,
             'affiliations'::text AS field,
             item.place,
             item.entry,
             item.dropped
            FROM onrecord.affiliations_now(((speaker_led_on.merge).state -> 'affiliations'::text), (speaker_led_on.merge).id) item(place, entry, now, named, dropped)
           WHERE (item.entry <> item.now)
         UNION ALL
          SELECT part.id,
             'part_of_id'::text,
             0,
             NULL::jsonb,
             false
            FROM ( SELECT (((speaker_led_on.merge).state ->> 'part_of_id'::text))::bigint AS int8) part(id)
           WHERE (onrecord.speaker_survivor(part.id) <> part.id)
         ), carried AS (
          SELECT item.named,
             item.field,
             item.place,
             item.entry,
             item.dropped,
             carrier.merged_id AS carrier,
             carrier."position"
            FROM (item
              LEFT JOIN onrecord.speaker_moves carrier ON (((carrier.merged_id IN ( SELECT onrecord.speaker_tree(item.named) AS speaker_tree)) AND (NOT carrier.dropped) AND (carrier.resource = 'speakers'::text) AND (carrier.record_id = (speaker_led_on.merge).id) AND (carrier.field = item.field) AND (NOT (onrecord.entry_rest(carrier.entry) IS DISTINCT FROM onrecord.entry_rest(item.entry))))))
         ), dropped AS (
          UPDATE onrecord.speaker_moves move SET dropped = true
            FROM carried
           WHERE (carried.dropped AND (move.merged_id = carried.carrier) AND (move.resource = 'speakers'::text) AND (move.record_id = (speaker_led_on.merge).id) AND (move.field = carried.field) AND (move."position" = carried."position"))
         )
  INSERT INTO onrecord.speaker_moves (merged_id, resource, record_id, field, "position", entry, dropped)  SELECT carried.named,
             'speakers',
             (speaker_led_on.merge).id AS id,
             carried.field,
             carried.place,
             carried.entry,
             carried.dropped
            FROM carried
           WHERE (carried.carrier IS NULL);
END;

-- Name: FUNCTION speaker_led_on(merge onrecord.speaker_merges); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_led_on(merge onrecord.speaker_merges) IS 'Notes whom a speaker that comes back named, if they were merged since';

-- Name: speaker_lists(jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_lists(state jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN onrecord.lists_now(onrecord.speaker_gifts(state));

-- Name: FUNCTION speaker_lists(state jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_lists(state jsonb) IS 'The same, as of now';

-- Name: speaker_lock(bigint, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_lock(going bigint, staying bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION speaker_lock(going bigint, staying bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_lock(going bigint, staying bigint) IS 'Locks both for a merge; false: one of them is not there';

-- Name: speaker_lock_entries(bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_lock_entries(going bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION speaker_lock_entries(going bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_lock_entries(going bigint) IS 'Locks what names a speaker in lists';

-- Name: speaker_merge(bigint, bigint, bigint[]); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_merge(going bigint, target bigint, versions bigint[], OUT outcome text, OUT speaker bigint) RETURNS record
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION speaker_merge(going bigint, target bigint, versions bigint[], OUT outcome text, OUT speaker bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_merge(going bigint, target bigint, versions bigint[], OUT outcome text, OUT speaker bigint) IS 'Merges a speaker into another, or into who has that one''s place';

-- Name: affiliations; Type: TABLE

CREATE TABLE onrecord.affiliations (
    speaker_id bigint NOT NULL,
    "position" integer NOT NULL,
    organization_id bigint,
    article_id bigint
);

-- Name: TABLE affiliations; Type: COMMENT

COMMENT ON TABLE onrecord.affiliations IS 'Follows speakers.affiliations';

-- Name: events; Type: TABLE

CREATE TABLE onrecord.events (
    id bigint NOT NULL,
    external_id text,
    name text NOT NULL,
    kind text DEFAULT 'other'::text NOT NULL,
    status text DEFAULT 'announced'::text NOT NULL,
    starts_on text,
    ends_on text,
    date_as_printed text,
    place text,
    description text,
    part_of_id bigint,
    participants jsonb DEFAULT '[]'::jsonb NOT NULL,
    article_ids bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    extra jsonb DEFAULT '{}'::jsonb NOT NULL,
    changed_by bigint,
    change_actor text,
    change_reason text,
    starts_on_first date GENERATED ALWAYS AS (onrecord.edtf_first(starts_on)) STORED,
    starts_on_last date GENERATED ALWAYS AS (onrecord.edtf_last(starts_on)) STORED,
    ends_on_first date GENERATED ALWAYS AS (onrecord.edtf_first(ends_on)) STORED,
    ends_on_last date GENERATED ALWAYS AS (onrecord.edtf_last(ends_on)) STORED,
    search_config text DEFAULT 'simple'::text NOT NULL,
    search tsvector GENERATED ALWAYS AS (onrecord.search_vectors(search_config, name, place, description, NULL::text)) STORED NOT NULL,
    CONSTRAINT events_article_ids_check CHECK (onrecord.ids_valid(article_ids)),
    CONSTRAINT events_change_actor_check CHECK ((char_length(change_actor) <= 500)),
    CONSTRAINT events_change_reason_check CHECK ((char_length(change_reason) <= 500)),
    CONSTRAINT events_date_as_printed_check CHECK ((char_length(date_as_printed) <= 500)),
    CONSTRAINT events_description_check CHECK ((char_length(description) <= 20000)),
    CONSTRAINT events_ends_on_check CHECK (((ends_on IS NULL) OR (ends_on_first IS NOT NULL))),
    CONSTRAINT events_external_id_check CHECK (((char_length(external_id) >= 1) AND (char_length(external_id) <= 255))),
    CONSTRAINT events_extra_check CHECK ((jsonb_typeof(extra) = 'object'::text)),
    CONSTRAINT events_kind_check CHECK ((kind = ANY (ARRAY['meeting'::text, 'visit'::text, 'appointment'::text, 'ruling'::text, 'summit'::text, 'announcement'::text, 'other'::text]))),
    CONSTRAINT events_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 500))),
    CONSTRAINT events_participants_check CHECK (((participants = '[]'::jsonb) OR onrecord.objects_valid(participants, '{speaker_id}'::text[], '{role}'::text[]))),
    CONSTRAINT events_place_check CHECK (((char_length(place) >= 1) AND (char_length(place) <= 500))),
    CONSTRAINT events_starts_on_check CHECK (((starts_on IS NULL) OR (starts_on_first IS NOT NULL))),
    CONSTRAINT events_status_check CHECK ((status = ANY (ARRAY['announced'::text, 'planned'::text, 'occurred'::text, 'cancelled'::text])))
);

-- Name: TABLE events; Type: COMMENT

COMMENT ON TABLE onrecord.events IS 'What articles report and quotes are about';

-- Name: COLUMN events.status; Type: COMMENT

COMMENT ON COLUMN onrecord.events.status IS 'announced: no occasion named yet; planned: occasion named';

-- Name: COLUMN events.starts_on; Type: COMMENT

COMMENT ON COLUMN onrecord.events.starts_on IS 'EDTF date of reduced precision: 2025, 2025-05, 2025-05-15';

-- Name: COLUMN events.ends_on; Type: COMMENT

COMMENT ON COLUMN onrecord.events.ends_on IS 'EDTF date of reduced precision';

-- Name: COLUMN events.part_of_id; Type: COMMENT

COMMENT ON COLUMN onrecord.events.part_of_id IS 'The event that this one is part of';

-- Name: COLUMN events.participants; Type: COMMENT

COMMENT ON COLUMN onrecord.events.participants IS 'Who takes part: [{speaker_id, role}]';

-- Name: COLUMN events.article_ids; Type: COMMENT

COMMENT ON COLUMN onrecord.events.article_ids IS 'The articles that report it';

-- Name: COLUMN events.starts_on_first; Type: COMMENT

COMMENT ON COLUMN onrecord.events.starts_on_first IS 'First and last day of starts_on and ends_on, for filters and sorting';

-- Name: COLUMN events.search_config; Type: COMMENT

COMMENT ON COLUMN onrecord.events.search_config IS 'That of the first of its articles; kept so by triggers';

-- Name: COLUMN events.search; Type: COMMENT

COMMENT ON COLUMN onrecord.events.search IS 'Words of name, place and description';

-- Name: mentions; Type: TABLE

CREATE TABLE onrecord.mentions (
    article_id bigint NOT NULL,
    "position" integer NOT NULL,
    speaker_id bigint NOT NULL
);

-- Name: TABLE mentions; Type: COMMENT

COMMENT ON TABLE onrecord.mentions IS 'Follows articles.mentions';

-- Name: participants; Type: TABLE

CREATE TABLE onrecord.participants (
    event_id bigint NOT NULL,
    "position" integer NOT NULL,
    speaker_id bigint NOT NULL
);

-- Name: TABLE participants; Type: COMMENT

COMMENT ON TABLE onrecord.participants IS 'Follows events.participants';

-- Name: speaker_move_entries(bigint, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_move_entries(going bigint, staying bigint) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO onrecord.speaker_moves (merged_id, resource, record_id, field, "position", entry, dropped)  SELECT speaker_move_entries.going AS going,
             list.resource,
             list.record_id,
             list.field,
             item."position",
             item.entry,
             item.dropped
            FROM ( SELECT 'articles'::text AS resource,
                     record.id AS record_id,
                     'mentions'::text AS field,
                     record.mentions AS entries,
                     'speaker_id'::text AS member
                    FROM onrecord.articles record
                   WHERE (record.id IN ( SELECT link.article_id
                            FROM onrecord.mentions link
                           WHERE (link.speaker_id = speaker_move_entries.going)))
                 UNION ALL
                  SELECT 'events'::text,
                     record.id,
                     'participants'::text,
                     record.participants,
                     'speaker_id'::text
                    FROM onrecord.events record
                   WHERE (record.id IN ( SELECT link.event_id
                            FROM onrecord.participants link
                           WHERE (link.speaker_id = speaker_move_entries.going)))
                 UNION ALL
                  SELECT 'speakers'::text,
                     record.id,
                     'affiliations'::text,
                     record.affiliations,
                     'organization_id'::text
                    FROM onrecord.speakers record
                   WHERE ((record.id <> ALL (ARRAY[speaker_move_entries.going, speaker_move_entries.staying])) AND (record.id IN ( SELECT link.speaker_id
                            FROM onrecord.affiliations link
                           WHERE (link.organization_id = speaker_move_entries.going))))) list,
             LATERAL onrecord.entries_move(list.entries, list.member, speaker_move_entries.going, speaker_move_entries.staying) item("position", entry, moved, dropped)
           WHERE (item.entry <> item.moved);
 INSERT INTO onrecord.speaker_moves (merged_id, resource, record_id, field, "position")  SELECT speaker_move_entries.going AS going,
             'speakers',
             part.id,
             'part_of_id',
             0
            FROM onrecord.speakers part
           WHERE ((part.part_of_id = speaker_move_entries.going) AND (part.id <> speaker_move_entries.staying));
 UPDATE onrecord.articles record SET mentions = onrecord.entries_moved(record.mentions, 'speaker_id'::text, speaker_move_entries.going, speaker_move_entries.staying, false)
   WHERE (record.id IN ( SELECT move.record_id
            FROM onrecord.speaker_moves move
           WHERE ((move.merged_id = speaker_move_entries.going) AND (move.resource = 'articles'::text))));
 UPDATE onrecord.events record SET participants = onrecord.entries_moved(record.participants, 'speaker_id'::text, speaker_move_entries.going, speaker_move_entries.staying, false)
   WHERE (record.id IN ( SELECT move.record_id
            FROM onrecord.speaker_moves move
           WHERE ((move.merged_id = speaker_move_entries.going) AND (move.resource = 'events'::text))));
 UPDATE onrecord.speakers record SET affiliations = onrecord.entries_moved(record.affiliations, 'organization_id'::text, speaker_move_entries.going, speaker_move_entries.staying, false), part_of_id =
         CASE
             WHEN (record.part_of_id = speaker_move_entries.going) THEN speaker_move_entries.staying
             ELSE record.part_of_id
         END
   WHERE ((record.id <> speaker_move_entries.staying) AND (record.id IN ( SELECT move.record_id
            FROM onrecord.speaker_moves move
           WHERE ((move.merged_id = speaker_move_entries.going) AND (move.resource = 'speakers'::text)))));
END;

-- Name: FUNCTION speaker_move_entries(going bigint, staying bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_move_entries(going bigint, staying bigint) IS 'Moves mentions, participations, affiliations with it and what is part of it; not those of who stays';

-- Name: quote_abouts; Type: TABLE

CREATE TABLE onrecord.quote_abouts (
    quote_id bigint NOT NULL,
    "position" integer NOT NULL,
    speaker_id bigint NOT NULL
);

-- Name: TABLE quote_abouts; Type: COMMENT

COMMENT ON TABLE onrecord.quote_abouts IS 'Follows quotes.about_ids';

-- Name: quotes; Type: TABLE

CREATE TABLE onrecord.quotes (
    id bigint NOT NULL,
    external_id text,
    article_id bigint NOT NULL,
    text text NOT NULL,
    kind text DEFAULT 'direct'::text NOT NULL,
    speaker_id bigint,
    speaker_as_printed text,
    role text,
    relayed_by jsonb,
    spans integer[] DEFAULT '{}'::integer[] NOT NULL,
    prefix text,
    suffix text,
    cue text,
    channel text,
    said_on text,
    continues_id bigint,
    about_ids bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    event_id bigint,
    status text DEFAULT 'confirmed'::text NOT NULL,
    confidence double precision,
    anchor text,
    published_at timestamp with time zone,
    source_id bigint,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    extra jsonb DEFAULT '{}'::jsonb NOT NULL,
    changed_by bigint,
    change_actor text,
    change_reason text,
    said_on_first date GENERATED ALWAYS AS (onrecord.edtf_first(said_on)) STORED,
    said_on_last date GENERATED ALWAYS AS (onrecord.edtf_last(said_on)) STORED,
    relayed_by_id bigint GENERATED ALWAYS AS (((relayed_by ->> 'speaker_id'::text))::bigint) STORED,
    search_config text DEFAULT 'simple'::text NOT NULL,
    search tsvector GENERATED ALWAYS AS (onrecord.search_vectors(search_config, text, speaker_as_printed, role, NULL::text)) STORED NOT NULL,
    CONSTRAINT quotes_about_ids_check CHECK (onrecord.ids_valid(about_ids)),
    CONSTRAINT quotes_anchor_check CHECK ((anchor = ANY (ARRAY['anchored'::text, 'lost'::text]))),
    CONSTRAINT quotes_anchor_spans_check CHECK (((anchor <> 'anchored'::text) OR (cardinality(spans) > 0))),
    CONSTRAINT quotes_change_actor_check CHECK ((char_length(change_actor) <= 500)),
    CONSTRAINT quotes_change_reason_check CHECK ((char_length(change_reason) <= 500)),
    CONSTRAINT quotes_channel_check CHECK ((channel = ANY (ARRAY['speech'::text, 'interview'::text, 'statement'::text, 'social_media'::text, 'other'::text]))),
    CONSTRAINT quotes_confidence_check CHECK (((confidence >= (0)::double precision) AND (confidence <= (1)::double precision))),
    CONSTRAINT quotes_continues_id_check CHECK ((continues_id <> id)),
    CONSTRAINT quotes_cue_check CHECK ((char_length(cue) <= 200)),
    CONSTRAINT quotes_external_id_check CHECK (((char_length(external_id) >= 1) AND (char_length(external_id) <= 255))),
    CONSTRAINT quotes_extra_check CHECK ((jsonb_typeof(extra) = 'object'::text)),
    CONSTRAINT quotes_kind_check CHECK ((kind = ANY (ARRAY['direct'::text, 'partial'::text, 'indirect'::text]))),
    CONSTRAINT quotes_prefix_check CHECK ((char_length(prefix) <= 1000)),
    CONSTRAINT quotes_relayed_by_check CHECK (((relayed_by IS NULL) OR onrecord.object_valid(relayed_by, '{speaker_id}'::text[], '{as_printed,role,cue}'::text[]))),
    CONSTRAINT quotes_role_check CHECK ((char_length(role) <= 500)),
    CONSTRAINT quotes_said_on_check CHECK (((said_on IS NULL) OR (said_on_first IS NOT NULL))),
    CONSTRAINT quotes_spans_check CHECK (onrecord.spans_valid(spans)),
    CONSTRAINT quotes_speaker_as_printed_check CHECK ((char_length(speaker_as_printed) <= 500)),
    CONSTRAINT quotes_status_check CHECK ((status = ANY (ARRAY['proposed'::text, 'confirmed'::text, 'rejected'::text]))),
    CONSTRAINT quotes_suffix_check CHECK ((char_length(suffix) <= 1000)),
    CONSTRAINT quotes_text_check CHECK (((char_length(text) >= 1) AND (char_length(text) <= 100000)))
);

-- Name: TABLE quotes; Type: COMMENT

COMMENT ON TABLE onrecord.quotes IS 'The words on record: whose, in what role, where in the article';

-- Name: COLUMN quotes.kind; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.kind IS 'partial: a quoted fragment inside a paraphrase';

-- Name: COLUMN quotes.speaker_id; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.speaker_id IS 'Null: unattributed';

-- Name: COLUMN quotes.role; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.role IS 'As printed, at the time of the quote';

-- Name: COLUMN quotes.relayed_by; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.relayed_by IS 'Who passes the words on: {speaker_id, as_printed, role, cue}';

-- Name: COLUMN quotes.spans; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.spans IS 'Where in the article''s body: start, end, start, end ... in code points, end exclusive';

-- Name: COLUMN quotes.prefix; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.prefix IS 'The 32 code points before it';

-- Name: COLUMN quotes.suffix; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.suffix IS 'The 32 code points after it';

-- Name: COLUMN quotes.cue; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.cue IS 'The word that introduces it: said, wrote, argued';

-- Name: COLUMN quotes.said_on; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.said_on IS 'EDTF date of reduced precision';

-- Name: COLUMN quotes.continues_id; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.continues_id IS 'The quote that it goes on from';

-- Name: COLUMN quotes.about_ids; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.about_ids IS 'Speakers that the words are about';

-- Name: COLUMN quotes.event_id; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.event_id IS 'The event that the words are about';

-- Name: COLUMN quotes.status; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.status IS 'Only what is confirmed shows, unless asked for';

-- Name: COLUMN quotes.confidence; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.confidence IS '0 to 1: how sure whoever proposed it was';

-- Name: COLUMN quotes.anchor; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.anchor IS 'lost: the article''s body no longer holds the words';

-- Name: COLUMN quotes.published_at; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.published_at IS 'The article''s; kept so by triggers';

-- Name: COLUMN quotes.source_id; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.source_id IS 'The article''s; kept so by triggers';

-- Name: COLUMN quotes.said_on_first; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.said_on_first IS 'First and last day of said_on, for filters and sorting';

-- Name: COLUMN quotes.relayed_by_id; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.relayed_by_id IS 'relayed_by.speaker_id, for filters and the foreign key';

-- Name: COLUMN quotes.search_config; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.search_config IS 'The article''s; kept so by triggers';

-- Name: COLUMN quotes.search; Type: COMMENT

COMMENT ON COLUMN onrecord.quotes.search IS 'Words of text, speaker_as_printed and role';

-- Name: speaker_move_quotes(bigint, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_move_quotes(going bigint, staying bigint) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 WITH was AS (
          SELECT quote.id,
             (NOT (quote.speaker_id IS DISTINCT FROM speaker_move_quotes.going)) AS said,
             (NOT (quote.relayed_by_id IS DISTINCT FROM speaker_move_quotes.going)) AS relayed,
             array_position(quote.about_ids, speaker_move_quotes.going) AS place,
             (speaker_move_quotes.staying = ANY (quote.about_ids)) AS dropped
            FROM onrecord.quotes quote
           WHERE (quote.id IN ( SELECT said.id
                    FROM onrecord.quotes said
                   WHERE (said.speaker_id = speaker_move_quotes.going)
                 UNION ALL
                  SELECT relayed.id
                    FROM onrecord.quotes relayed
                   WHERE (relayed.relayed_by_id = speaker_move_quotes.going)
                 UNION ALL
                  SELECT about.quote_id
                    FROM onrecord.quote_abouts about
                   WHERE (about.speaker_id = speaker_move_quotes.going)))
           ORDER BY quote.id
          FOR NO KEY UPDATE OF quote
         ), moved AS (
          UPDATE onrecord.quotes quote SET speaker_id =
                 CASE
                     WHEN was.said THEN speaker_move_quotes.staying
                     ELSE quote.speaker_id
                 END, relayed_by =
                 CASE
                     WHEN was.relayed THEN (quote.relayed_by || jsonb_build_object('speaker_id', speaker_move_quotes.staying))
                     ELSE quote.relayed_by
                 END, about_ids =
                 CASE
                     WHEN (was.place IS NULL) THEN quote.about_ids
                     WHEN was.dropped THEN array_remove(quote.about_ids, speaker_move_quotes.going)
                     ELSE array_replace(quote.about_ids, speaker_move_quotes.going, speaker_move_quotes.staying)
                 END
            FROM was
           WHERE (quote.id = was.id)
           RETURNING was.id,
             was.said,
             was.relayed,
             was.place,
             was.dropped
         )
  INSERT INTO onrecord.speaker_moves (merged_id, resource, record_id, field, "position", dropped)  SELECT speaker_move_quotes.going AS going,
             'quotes',
             moved.id,
             place.field,
             place."position",
             place.dropped
            FROM moved,
             LATERAL ( VALUES ('speaker_id'::text,moved.said,0,false), ('relayed_by'::text,moved.relayed,0,false), ('about_ids'::text,(moved.place IS NOT NULL),moved.place,moved.dropped)) place(field, moves, "position", dropped)
           WHERE place.moves;
END;

-- Name: FUNCTION speaker_move_quotes(going bigint, staying bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_move_quotes(going bigint, staying bigint) IS 'Moves who said, relayed and is meant by quotes';

-- Name: speaker_named(bigint, jsonb, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_named(merged bigint, rest jsonb, named bigint) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (EXISTS (SELECT FROM onrecord.speaker_merges merge, LATERAL (SELECT NULL::jsonb AS jsonb, ((merge.state ->> 'part_of_id'::text))::bigint AS int8 UNION ALL SELECT onrecord.entry_rest(each.value) AS entry_rest, ((each.value ->> 'organization_id'::text))::bigint AS int8 FROM jsonb_array_elements((merge.state -> 'affiliations'::text)) each(value)) entry(rest, id) WHERE ((merge.id = speaker_named.merged) AND (NOT (entry.rest IS DISTINCT FROM speaker_named.rest)) AND (onrecord.speaker_survivor(entry.id) = speaker_named.named))));

-- Name: FUNCTION speaker_named(merged bigint, rest jsonb, named bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_named(merged bigint, rest jsonb, named bigint) IS 'Whether a merged speaker said, when it was merged, that it belongs to one who is that one now';

-- Name: speaker_moves_apart(bigint, bigint, text[]); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_moves_apart(merged bigint, survivor bigint, resources text[]) RETURNS TABLE(merged_id bigint, resource text, record_id bigint, field text, "position" integer, entry jsonb, back boolean, stays boolean, dropped boolean)
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH touched AS (
          SELECT DISTINCT move.resource,
             move.record_id,
             move.field
            FROM (onrecord.speaker_moves move
              JOIN onrecord.speaker_merges merge ON ((merge.id = move.merged_id)))
           WHERE ((merge.into_id = speaker_moves_apart.merged) AND (move.resource = ANY (speaker_moves_apart.resources)) AND (move.field <> ALL (ARRAY['speaker_id'::text, 'relayed_by'::text])) AND (NOT ((move.resource = 'speakers'::text) AND (onrecord.speaker_survivor(move.record_id) = speaker_moves_apart.merged))))
         ), move AS (
          SELECT move.merged_id,
             move.resource,
             move.record_id,
             move.field,
             move."position",
             move.entry,
             move.dropped,
             (merge.into_id = speaker_moves_apart.merged) AS leaves,
             (merge.id = speaker_moves_apart.merged) AS is_its
            FROM ((touched
              JOIN onrecord.speaker_moves move ON (((move.resource = touched.resource) AND (move.record_id = touched.record_id) AND (move.field = touched.field))))
              JOIN onrecord.speaker_merges merge ON ((merge.id = move.merged_id)))
           WHERE ((merge.into_id = ANY (ARRAY[speaker_moves_apart.merged, speaker_moves_apart.survivor])) AND (NOT ((move.resource = 'speakers'::text) AND onrecord.speaker_named(move.record_id, onrecord.entry_rest(move.entry), speaker_moves_apart.merged))))
         ), ranked AS (
          SELECT move.merged_id,
             move.resource,
             move.record_id,
             move.field,
             move."position",
             move.entry,
             move.dropped,
             move.leaves,
             move.is_its,
             bool_or(move.is_its) OVER same AS has_its,
             bool_or((NOT move.leaves)) OVER same AS has_others,
             bool_or((NOT move.dropped)) OVER same AS carried,
             row_number() OVER alike AS rank
            FROM move
           WINDOW same AS (PARTITION BY move.resource, move.record_id, move.field, (onrecord.entry_rest(move.entry))), alike AS (PARTITION BY move.resource, move.record_id, move.field, (onrecord.entry_rest(move.entry)), move.leaves, move.is_its ORDER BY move.dropped, move."position", move.merged_id)
         )
  SELECT ranked.merged_id,
     ranked.resource,
     ranked.record_id,
     ranked.field,
     ranked."position",
     ranked.entry,
     (ranked.is_its OR (ranked.leaves AND (NOT ranked.has_its) AND (ranked.rank = 1))),
     (ranked.has_others OR (NOT ranked.carried) OR (ranked.rank > 1)),
     (
         CASE
             WHEN ranked.leaves THEN ranked.has_its
             ELSE (NOT ranked.carried)
         END OR (ranked.rank > 1))
    FROM ranked;
END;

-- Name: FUNCTION speaker_moves_apart(merged bigint, survivor bigint, resources text[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_moves_apart(merged bigint, survivor bigint, resources text[]) IS 'The moves of the places that a speaker leaves: which come back, whether the survivor stays there, and those left';

-- Name: speaker_moves_part(bigint, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_moves_part(merged bigint, survivor bigint) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 UPDATE onrecord.speaker_moves move SET dropped = apart.dropped
    FROM onrecord.speaker_moves_apart(speaker_moves_part.merged, speaker_moves_part.survivor, '{quotes,articles,events,speakers}'::text[]) apart(merged_id, resource, record_id, field, "position", entry, back, stays, dropped)
   WHERE (((move.merged_id = apart.merged_id) AND (move.resource = apart.resource) AND (move.record_id = apart.record_id) AND (move.field = apart.field) AND (move."position" = apart."position")) AND (move.dropped <> apart.dropped));
END;

-- Name: FUNCTION speaker_moves_part(merged bigint, survivor bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_moves_part(merged bigint, survivor bigint) IS 'Makes the moves what they are when a speaker has come back';

-- Name: speaker_moves_settle(bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_moves_settle(going bigint) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 WITH carried AS (
          DELETE FROM onrecord.speaker_moves move_1
            USING onrecord.speaker_moves carrier
           WHERE ((move_1.merged_id = speaker_moves_settle.going) AND (carrier.merged_id IN ( SELECT onrecord.speaker_tree(speaker_moves_settle.going) AS speaker_tree)) AND (NOT carrier.dropped) AND ((carrier.resource = move_1.resource) AND (carrier.record_id = move_1.record_id) AND (carrier.field = move_1.field)) AND (NOT (onrecord.entry_rest(carrier.entry) IS DISTINCT FROM onrecord.entry_rest(move_1.entry))))
           RETURNING carrier.merged_id,
             carrier.resource,
             carrier.record_id,
             carrier.field,
             carrier."position",
             carrier.entry,
             carrier.dropped,
             move_1.dropped AS drops
         )
  UPDATE onrecord.speaker_moves move SET dropped = true
    FROM carried
   WHERE (carried.drops AND ((move.merged_id = carried.merged_id) AND (move.resource = carried.resource) AND (move.record_id = carried.record_id) AND (move.field = carried.field) AND (move."position" = carried."position")));
END;

-- Name: FUNCTION speaker_moves_settle(going bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_moves_settle(going bigint) IS 'Takes back the moves of a speaker where it was named only in the place of one that was merged into it before';

-- Name: speaker_names_follow(); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_names_follow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM onrecord.speaker_names WHERE speaker_id = NEW.id;
    INSERT INTO onrecord.speaker_names SELECT * FROM onrecord.speaker_names_of(NEW.id, NEW.name, NEW.aliases);
    RETURN NULL;
END
$$;

-- Name: speaker_names; Type: TABLE

CREATE TABLE onrecord.speaker_names (
    speaker_id bigint NOT NULL,
    "position" integer NOT NULL,
    word integer NOT NULL,
    rest text NOT NULL COLLATE pg_catalog."C",
    sound text COLLATE pg_catalog."C"
);

-- Name: TABLE speaker_names; Type: COMMENT

COMMENT ON TABLE onrecord.speaker_names IS 'Follows speakers.name and aliases: one row for each word that a name has';

-- Name: COLUMN speaker_names."position"; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_names."position" IS '0: the name, 1 ...: its aliases';

-- Name: COLUMN speaker_names.word; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_names.word IS 'Which word of it, from 1';

-- Name: COLUMN speaker_names.rest; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_names.rest IS 'The name from that word on, folded';

-- Name: COLUMN speaker_names.sound; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_names.sound IS 'How that word sounds';

-- Name: speaker_names_of(bigint, text, text[]); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_names_of(speaker bigint, name text, aliases text[]) RETURNS SETOF onrecord.speaker_names
    LANGUAGE sql IMMUTABLE
    BEGIN ATOMIC
 SELECT speaker_names_of.speaker AS speaker,
     ((item."position")::integer - 1),
     (part.word)::integer AS word,
     array_to_string(item.words[part.word:], ''::text) AS array_to_string,
     onrecord.name_sound(rtrim(part.text)) AS name_sound
    FROM ( SELECT list."position",
             string_to_array(regexp_replace(replace(onrecord.name_fold(list.name), ' '::text, ' '::text), (('(['::text || onrecord.search_unparted()) || '])(?=[^ ])'::text), '\1'::text, 'g'::text), ''::text) AS words
            FROM unnest(array_prepend(speaker_names_of.name, speaker_names_of.aliases)) WITH ORDINALITY list(name, "position")) item,
     LATERAL unnest(item.words) WITH ORDINALITY part(text, word)
   WHERE (part.word <= 16);
END;

-- Name: FUNCTION speaker_names_of(speaker bigint, name text, aliases text[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_names_of(speaker bigint, name text, aliases text[]) IS 'The rows of a speaker: of each name the first sixteen words';

-- Name: speaker_note_given(bigint, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_note_given(speaker bigint, given jsonb) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO onrecord.speaker_moves (merged_id, resource, record_id, field, "position", entry, dropped)  SELECT item.named,
             'speakers'::text,
             speaker_note_given.speaker AS speaker,
             'affiliations'::text,
             ((item.place)::integer + COALESCE(( SELECT max(move."position") AS max
                    FROM onrecord.speaker_moves move
                   WHERE ((move.merged_id = item.named) AND (move.resource = 'speakers'::text) AND (move.record_id = speaker_note_given.speaker) AND (move.field = 'affiliations'::text))), 0)),
             item.entry,
             (item.rank > 1)
            FROM ( SELECT ((each.value ->> 'organization_id'::text))::bigint AS named,
                     each.value AS entry,
                     each.place,
                     row_number() OVER (PARTITION BY (onrecord.item_now('affiliations'::text, each.value)) ORDER BY each.place) AS rank
                    FROM jsonb_array_elements((speaker_note_given.given -> 'affiliations'::text)) WITH ORDINALITY each(value, place)) item
           WHERE (onrecord.speaker_survivor(item.named) <> item.named)
         UNION ALL
          SELECT named.id,
             'speakers'::text,
             speaker_note_given.speaker AS speaker,
             'part_of_id'::text,
             0,
             NULL::jsonb,
             false
            FROM ( SELECT (((speaker_note_given.given -> 'part_of_id'::text) ->> 0))::bigint AS int8) named(id)
           WHERE (onrecord.speaker_survivor(named.id) <> named.id) ON CONFLICT DO NOTHING;
END;

-- Name: FUNCTION speaker_note_given(speaker bigint, given jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_note_given(speaker bigint, given jsonb) IS 'Notes whom a speaker names by what it is given, where they were merged before';

-- Name: speaker_offered_again(bigint, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_offered_again(speaker bigint, back bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION speaker_offered_again(speaker bigint, back bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_offered_again(speaker bigint, back bigint) IS 'Gives a speaker what others say of one that comes back';

-- Name: speaker_part_hidden(bigint, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_part_hidden(speaker bigint, giver bigint) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (EXISTS (SELECT FROM ((onrecord.speaker_moves move JOIN onrecord.speaker_merges whole ON ((whole.id = move.merged_id))) JOIN onrecord.speaker_merges gift ON ((gift.id = speaker_part_hidden.giver))) WHERE ((move.resource = 'speakers'::text) AND (move.record_id = speaker_part_hidden.speaker) AND (move.field = 'part_of_id'::text) AND (whole.merged_at > gift.merged_at))));

-- Name: FUNCTION speaker_part_hidden(speaker bigint, giver bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_part_hidden(speaker bigint, giver bigint) IS 'Whether a speaker was part of another when `giver` was merged into it, which has been merged into it since';

-- Name: speaker_part_is_given(bigint, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_part_is_given(speaker bigint, lists jsonb) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (((lists -> 'part_of_id'::text) = '[]'::jsonb) OR (EXISTS (SELECT FROM onrecord.speaker_merges merge WHERE ((merge.merged_into_id = speaker_part_is_given.speaker) AND ((onrecord.lists_now(merge.given) -> 'part_of_id'::text) = (speaker_part_is_given.lists -> 'part_of_id'::text))))));

-- Name: FUNCTION speaker_part_is_given(speaker bigint, lists jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_part_is_given(speaker bigint, lists jsonb) IS 'Whether a speaker with these lists is part of nothing by itself';

-- Name: speaker_pass_on(bigint, jsonb, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_pass_on(merged bigint, gone jsonb, come jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION speaker_pass_on(merged bigint, gone jsonb, come jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_pass_on(merged bigint, gone jsonb, come jsonb) IS 'Tells whom a merged speaker was merged into of changes of its lists';

-- Name: speaker_return_entries(bigint, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_return_entries(merged bigint, survivor bigint) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 WITH was AS (
          SELECT apart.record_id AS id,
             jsonb_agg(to_jsonb(apart.*)) AS moves
            FROM onrecord.speaker_moves_apart(speaker_return_entries.merged, speaker_return_entries.survivor, '{articles}'::text[]) apart(merged_id, resource, record_id, field, "position", entry, back, stays, dropped)
           WHERE apart.back
           GROUP BY apart.record_id
         )
  UPDATE onrecord.articles record SET mentions = onrecord.entries_back(record.mentions, 'speaker_id'::text, speaker_return_entries.survivor, speaker_return_entries.merged, was.moves)
    FROM was
   WHERE (record.id = was.id);
 WITH was AS (
          SELECT apart.record_id AS id,
             jsonb_agg(to_jsonb(apart.*)) AS moves
            FROM onrecord.speaker_moves_apart(speaker_return_entries.merged, speaker_return_entries.survivor, '{events}'::text[]) apart(merged_id, resource, record_id, field, "position", entry, back, stays, dropped)
           WHERE apart.back
           GROUP BY apart.record_id
         )
  UPDATE onrecord.events record SET participants = onrecord.entries_back(record.participants, 'speaker_id'::text, speaker_return_entries.survivor, speaker_return_entries.merged, was.moves)
    FROM was
   WHERE (record.id = was.id);
END;

-- Name: FUNCTION speaker_return_entries(merged bigint, survivor bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_return_entries(merged bigint, survivor bigint) IS 'So do articles and events';

-- Name: speaker_return_quotes(bigint, bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_return_quotes(merged bigint, survivor bigint) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 WITH was AS (
          SELECT place.id,
             bool_or((place.field = 'speaker_id'::text)) AS said,
             bool_or((place.field = 'relayed_by'::text)) AS relayed,
             max(place."position") FILTER (WHERE (place.field = 'about_ids'::text)) AS about,
             bool_or(place.stays) AS stays
            FROM ( SELECT move.record_id,
                     move.field,
                     0 AS "?column?",
                     false AS "?column?"
                    FROM (onrecord.speaker_moves move
                      JOIN onrecord.speaker_merges merge ON ((merge.id = move.merged_id)))
                   WHERE ((merge.into_id = speaker_return_quotes.merged) AND (move.resource = 'quotes'::text) AND (move.field <> 'about_ids'::text))
                 UNION ALL
                  SELECT apart.record_id,
                     apart.field,
                     apart."position",
                     apart.stays
                    FROM onrecord.speaker_moves_apart(speaker_return_quotes.merged, speaker_return_quotes.survivor, '{quotes}'::text[]) apart(merged_id, resource, record_id, field, "position", entry, back, stays, dropped)
                   WHERE apart.back) place(id, field, "position", stays)
           GROUP BY place.id
         )
  UPDATE onrecord.quotes quote SET speaker_id =
         CASE
             WHEN (was.said AND (quote.speaker_id = speaker_return_quotes.survivor)) THEN speaker_return_quotes.merged
             ELSE quote.speaker_id
         END, relayed_by =
         CASE
             WHEN (was.relayed AND (quote.relayed_by_id = speaker_return_quotes.survivor)) THEN (quote.relayed_by || jsonb_build_object('speaker_id', speaker_return_quotes.merged))
             ELSE quote.relayed_by
         END, about_ids =
         CASE
             WHEN (was.about IS NULL) THEN quote.about_ids
             ELSE onrecord.ids_back(quote.about_ids, speaker_return_quotes.survivor, speaker_return_quotes.merged, was.about, was.stays)
         END
    FROM was
   WHERE (quote.id = was.id);
END;

-- Name: FUNCTION speaker_return_quotes(merged bigint, survivor bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_return_quotes(merged bigint, survivor bigint) IS 'Quotes name a speaker again that comes back';

-- Name: speaker_return_speakers(bigint, bigint, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_return_speakers(merged bigint, survivor bigint, returns jsonb) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

-- Name: FUNCTION speaker_return_speakers(merged bigint, survivor bigint, returns jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_return_speakers(merged bigint, survivor bigint, returns jsonb) IS 'Brings that back';

-- Name: speaker_returns(bigint, bigint, bigint[]); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_returns(merged bigint, survivor bigint, path bigint[]) RETURNS jsonb
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH item AS (
          SELECT apart.merged_id,
             apart.resource,
             apart.record_id,
             apart.field,
             apart."position",
             apart.entry,
             apart.back,
             apart.stays,
             apart.dropped,
             ((apart.record_id = ANY (speaker_returns.path)) AND move.dropped) AS own
            FROM (onrecord.speaker_moves_apart(speaker_returns.merged, speaker_returns.survivor, '{speakers}'::text[]) apart(merged_id, resource, record_id, field, "position", entry, back, stays, dropped)
              JOIN onrecord.speaker_moves move ON (((move.merged_id = apart.merged_id) AND (move.resource = apart.resource) AND (move.record_id = apart.record_id) AND (move.field = apart.field) AND (move."position" = apart."position"))))
           WHERE apart.back
         ), was AS (
          SELECT item.record_id AS id,
             bool_or((item.field = 'part_of_id'::text)) AS part,
             COALESCE(jsonb_agg(to_jsonb(item.*)) FILTER (WHERE (item.field = 'affiliations'::text)), '[]'::jsonb) AS moves,
             COALESCE(bool_or(item.own) FILTER (WHERE (item.field = 'part_of_id'::text)), false) AS own_part
            FROM item
           GROUP BY item.record_id
         )
  SELECT COALESCE(jsonb_agg(to_jsonb(was.*) ORDER BY (cardinality(onrecord.speaker_path(was.id))), was.id), '[]'::jsonb) AS "coalesce"
    FROM was;
END;

-- Name: FUNCTION speaker_returns(merged bigint, survivor bigint, path bigint[]); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_returns(merged bigint, survivor bigint, path bigint[]) IS 'What comes back in speakers, and in merged ones';

-- Name: speaker_state(onrecord.speaker_merges); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_state(merge onrecord.speaker_merges) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN ((merge).state || jsonb_build_object('version', ((((merge).state ->> 'version'::text))::bigint + 2), 'updated_at', clock_timestamp(), 'changed_by', (NULLIF(current_setting('onrecord.changed_by'::text, true), ''::text))::bigint, 'change_actor', NULLIF(current_setting('onrecord.change_actor'::text, true), ''::text), 'change_reason', NULLIF(current_setting('onrecord.change_reason'::text, true), ''::text), 'part_of_id', NULLIF(onrecord.speaker_survivor((((merge).state ->> 'part_of_id'::text))::bigint), (merge).id), 'affiliations', (SELECT COALESCE(jsonb_agg(item.now ORDER BY item.place), '[]'::jsonb) AS "coalesce" FROM onrecord.affiliations_now(((speaker_state.merge).state -> 'affiliations'::text), (speaker_state.merge).id) item(place, entry, now, named, dropped) WHERE (NOT item.dropped))));

-- Name: FUNCTION speaker_state(merge onrecord.speaker_merges); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_state(merge onrecord.speaker_merges) IS 'What a merged speaker is when it comes back';

-- Name: speaker_store(bigint, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_store(speaker bigint, state jsonb) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 UPDATE onrecord.speakers SET aliases = onrecord.list_texts((speaker_store.state -> 'aliases'::text)), same_as = onrecord.list_texts((speaker_store.state -> 'same_as'::text)), affiliations = (speaker_store.state -> 'affiliations'::text), part_of_id = ((speaker_store.state ->> 'part_of_id'::text))::bigint
   WHERE (speakers.id = speaker_store.speaker);
 UPDATE onrecord.speaker_merges merge SET state = speaker_store.state
   WHERE ((merge.id = speaker_store.speaker) AND (merge.into_id <> merge.id));
END;

-- Name: FUNCTION speaker_store(speaker bigint, state jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_store(speaker bigint, state jsonb) IS 'Makes these the lists of a speaker, be it merged or not';

-- Name: speaker_takes(bigint, jsonb, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_takes(speaker bigint, lists jsonb, offered jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 WITH survivor(id) AS (
          SELECT onrecord.speaker_survivor(speaker_takes.speaker) AS speaker_survivor
         ), fresh(items) AS (
          SELECT onrecord.lists_without(speaker_takes.offered, speaker_takes.lists) AS lists_without
         )
  SELECT (fresh.items || jsonb_build_object('affiliations', ( SELECT COALESCE(jsonb_agg(each.value ORDER BY each.place), '[]'::jsonb) AS "coalesce"
            FROM jsonb_array_elements((fresh.items -> 'affiliations'::text)) WITH ORDINALITY each(value, place)
           WHERE (onrecord.speaker_survivor(((each.value ->> 'organization_id'::text))::bigint) IS DISTINCT FROM survivor.id)), 'part_of_id',
         CASE
             WHEN (((speaker_takes.lists -> 'part_of_id'::text) = '[]'::jsonb) AND COALESCE((NOT (onrecord.speaker_survivor((((speaker_takes.offered -> 'part_of_id'::text) ->> 0))::bigint) IN ( SELECT onrecord.organization_tree(survivor.id) AS organization_tree))), false)) THEN (speaker_takes.offered -> 'part_of_id'::text)
             ELSE '[]'::jsonb
         END))
    FROM survivor,
     fresh;
END;

-- Name: FUNCTION speaker_takes(speaker bigint, lists jsonb, offered jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_takes(speaker bigint, lists jsonb, offered jsonb) IS 'What is new of what is offered to a speaker that has these lists, and does not say that it belongs to itself';

-- Name: speaker_unmerge(bigint, bigint[]); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_unmerge(merged bigint, versions bigint[], OUT outcome text, OUT speaker bigint) RETURNS record
    LANGUAGE plpgsql
    AS $_$
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
$_$;

-- Name: FUNCTION speaker_unmerge(merged bigint, versions bigint[], OUT outcome text, OUT speaker bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_unmerge(merged bigint, versions bigint[], OUT outcome text, OUT speaker bigint) IS 'Brings a merged speaker back, with all that was moved and is still as the merge left it';

-- Name: speaker_with(jsonb, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_with(state jsonb, come jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE
    RETURN (state || jsonb_build_object('aliases', ((state -> 'aliases'::text) || (come -> 'aliases'::text)), 'same_as', ((state -> 'same_as'::text) || (come -> 'same_as'::text)), 'affiliations', ((state -> 'affiliations'::text) || (come -> 'affiliations'::text)), 'part_of_id', COALESCE(((come -> 'part_of_id'::text) -> 0), (state -> 'part_of_id'::text))));

-- Name: FUNCTION speaker_with(state jsonb, come jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_with(state jsonb, come jsonb) IS 'A speaker, and what its lists get';

-- Name: speaker_without(jsonb, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_without(state jsonb, gone jsonb) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN ((state || onrecord.lists_except(jsonb_build_object('aliases', (state -> 'aliases'::text), 'same_as', (state -> 'same_as'::text), 'affiliations', (state -> 'affiliations'::text)), (gone || jsonb_build_object('affiliations', (SELECT COALESCE(jsonb_agg(affiliations_given.entry), '[]'::jsonb) AS "coalesce" FROM onrecord.affiliations_given((speaker_without.state -> 'affiliations'::text), (speaker_without.gone -> 'affiliations'::text)) affiliations_given(item, entry)))))) || jsonb_build_object('part_of_id', CASE WHEN (onrecord.speaker_survivor(((state ->> 'part_of_id'::text))::bigint) = onrecord.speaker_survivor((((gone -> 'part_of_id'::text) ->> 0))::bigint)) THEN 'null'::jsonb ELSE (state -> 'part_of_id'::text) END));

-- Name: FUNCTION speaker_without(state jsonb, gone jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_without(state jsonb, gone jsonb) IS 'A speaker without what was given to it';

-- Name: speaker_written(bigint); Type: FUNCTION

CREATE FUNCTION onrecord.speaker_written(speaker bigint) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN COALESCE((SELECT to_jsonb(record.*) AS to_jsonb FROM onrecord.speakers record WHERE (record.id = speaker_written.speaker)), (SELECT merge.state FROM onrecord.speaker_merges merge WHERE (merge.id = speaker_written.speaker)));

-- Name: FUNCTION speaker_written(speaker bigint); Type: COMMENT

COMMENT ON FUNCTION onrecord.speaker_written(speaker bigint) IS 'A speaker; a merged one as it was then; null: deleted';

-- Name: speakers_named(text, text, text); Type: FUNCTION

CREATE FUNCTION onrecord.speakers_named(name text, kind text, external_id text) RETURNS TABLE(id bigint, matched_by text)
    LANGUAGE sql STABLE ROWS 2 PARALLEL SAFE
    BEGIN ATOMIC
 WITH named AS (
          SELECT s.id,
             s.kind,
             s.external_id,
             s.name AS given
            FROM onrecord.speakers s
           WHERE (s.name = speakers_named.name)
         UNION
          SELECT s.id,
             s.kind,
             s.external_id,
                 CASE
                     WHEN (n."position" = 0) THEN s.name
                     ELSE s.aliases[n."position"]
                 END AS aliases
            FROM (onrecord.speaker_names n
              JOIN onrecord.speakers s ON ((s.id = n.speaker_id)))
           WHERE ((n.word = 1) AND (n.rest = onrecord.name_fold(speakers_named.name)) AND (n.rest <> ''::text))
         ), matching AS (
          SELECT named.id,
             bool_or(((named.given = speakers_named.name) AND (EXISTS ( SELECT
                    FROM onrecord.speakers s
                   WHERE ((s.id = named.id) AND (s.name = named.given)))))) AS exact
            FROM named
           WHERE ((onrecord.name_plain(named.given) = onrecord.name_plain(speakers_named.name)) AND ((speakers_named.kind IS NULL) OR (named.kind = speakers_named.kind)) AND ((speakers_named.external_id IS NULL) OR (named.external_id IS NULL) OR (named.external_id = speakers_named.external_id)))
           GROUP BY named.id
         )
  SELECT matching.id,
         CASE
             WHEN matching.exact THEN 'name'::text
             ELSE 'alias'::text
         END AS "case"
    FROM matching
   WHERE (matching.exact OR (NOT (EXISTS ( SELECT
            FROM matching other
           WHERE other.exact))));
END;

-- Name: FUNCTION speakers_named(name text, kind text, external_id text); Type: COMMENT

COMMENT ON FUNCTION onrecord.speakers_named(name text, kind text, external_id text) IS 'Who has exactly that name; where nobody has, whose name or alias differs in case and accents at most. Kind and external_id, where given, must not be another one';

-- Name: state_led_on(text, jsonb); Type: FUNCTION

CREATE FUNCTION onrecord.state_led_on(resource text, state jsonb) RETURNS jsonb
    LANGUAGE plpgsql STABLE
    AS $$
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

-- Name: FUNCTION state_led_on(resource text, state jsonb); Type: COMMENT

COMMENT ON FUNCTION onrecord.state_led_on(resource text, state jsonb) IS 'A record''s former state, with those in place of speakers that these were merged into';

-- Name: uploads; Type: TABLE

CREATE TABLE onrecord.uploads (
    key_id bigint NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    run bigint DEFAULT 1 NOT NULL,
    lines bigint DEFAULT 0 NOT NULL,
    beyond bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    bytes bigint DEFAULT 0 NOT NULL,
    digest bytea,
    counts bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    problems text DEFAULT ''::text NOT NULL,
    problem_count integer DEFAULT 0 NOT NULL,
    problems_more bigint DEFAULT 0 NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamp with time zone
);

-- Name: TABLE uploads; Type: COMMENT

COMMENT ON TABLE onrecord.uploads IS 'How far many records that came with an Idempotency-Key came. It goes when the answer of the same key expires';

-- Name: COLUMN uploads.run; Type: COMMENT

COMMENT ON COLUMN onrecord.uploads.run IS 'Which request goes on with it; one of before is not to write any more';

-- Name: COLUMN uploads.lines; Type: COMMENT

COMMENT ON COLUMN onrecord.uploads.lines IS 'So many lines are settled';

-- Name: COLUMN uploads.beyond; Type: COMMENT

COMMENT ON COLUMN onrecord.uploads.beyond IS 'Lines beyond those that are settled, too';

-- Name: COLUMN uploads.bytes; Type: COMMENT

COMMENT ON COLUMN onrecord.uploads.bytes IS 'So much of the body was read by then; what was sent before is known by it';

-- Name: COLUMN uploads.digest; Type: COMMENT

COMMENT ON COLUMN onrecord.uploads.digest IS 'SHA-256 of those bytes';

-- Name: COLUMN uploads.counts; Type: COMMENT

COMMENT ON COLUMN onrecord.uploads.counts IS 'Of the lines that are settled: created, updated, unchanged, skipped, failed';

-- Name: COLUMN uploads.problems; Type: COMMENT

COMMENT ON COLUMN onrecord.uploads.problems IS 'What was wrong with lines, as it is answered: the members of an array';

-- Name: COLUMN uploads.finished_at; Type: COMMENT

COMMENT ON COLUMN onrecord.uploads.finished_at IS 'Null: it was broken off, or is under way';

-- Name: upload_begin(bigint, text, text, bytea, text, interval); Type: FUNCTION

CREATE FUNCTION onrecord.upload_begin(key_id bigint, path text, key text, fingerprint bytea, resource text, kept interval) RETURNS SETOF onrecord.uploads
    LANGUAGE plpgsql
    AS $$
BEGIN
    DELETE FROM onrecord.answers answer
    WHERE answer.key_id = upload_begin.key_id AND answer.path = upload_begin.path AND answer.key = upload_begin.key
      AND answer.expires_at <= clock_timestamp();
    INSERT INTO onrecord.answers (key_id, path, key, fingerprint, status, resource, expires_at)
    VALUES (upload_begin.key_id, upload_begin.path, upload_begin.key, upload_begin.fingerprint, 200,
            upload_begin.resource, clock_timestamp() + kept)
    ON CONFLICT DO NOTHING;
    -- This waits until a transaction of the request that goes on with it so far has ended.
    RETURN QUERY
    INSERT INTO onrecord.uploads AS upload (key_id, path, key)
    SELECT answer.key_id, answer.path, answer.key
    FROM onrecord.answers answer
    WHERE answer.key_id = upload_begin.key_id AND answer.path = upload_begin.path AND answer.key = upload_begin.key
      AND answer.fingerprint = upload_begin.fingerprint
    ON CONFLICT ON CONSTRAINT uploads_pkey DO UPDATE SET run = upload.run + 1
    RETURNING upload.*;
END
$$;

-- Name: FUNCTION upload_begin(key_id bigint, path text, key text, fingerprint bytea, resource text, kept interval); Type: COMMENT

COMMENT ON FUNCTION onrecord.upload_begin(key_id bigint, path text, key text, fingerprint bytea, resource text, kept interval) IS 'Takes over where an upload with this key is, from the request that went on with it so far; no row: the key was used for something else';

-- Name: via_follow(); Type: FUNCTION

CREATE FUNCTION onrecord.via_follow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM onrecord.via WHERE article_id = NEW.id;
    INSERT INTO onrecord.via (article_id, position, source_id)
    SELECT NEW.id, item.position, (item.value ->> 'source_id')::bigint
    FROM jsonb_array_elements(NEW.via) WITH ORDINALITY AS item (value, position)
    WHERE item.value ->> 'source_id' IS NOT NULL;
    RETURN NULL;
END
$$;

-- Name: api_keys; Type: TABLE

CREATE TABLE onrecord.api_keys (
    id bigint NOT NULL,
    name text NOT NULL,
    hash bytea NOT NULL,
    scope text NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT api_keys_hash_check CHECK ((octet_length(hash) = 32)),
    CONSTRAINT api_keys_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 100))),
    CONSTRAINT api_keys_scope_check CHECK ((scope = ANY (ARRAY['read'::text, 'write'::text, 'admin'::text])))
);

-- Name: TABLE api_keys; Type: COMMENT

COMMENT ON TABLE onrecord.api_keys IS 'Who may do what. Never deleted: revisions name them';

-- Name: COLUMN api_keys.name; Type: COMMENT

COMMENT ON COLUMN onrecord.api_keys.name IS 'Unique among keys that have no revoked_at';

-- Name: COLUMN api_keys.hash; Type: COMMENT

COMMENT ON COLUMN onrecord.api_keys.hash IS 'SHA-256 of the key; the key itself is stored nowhere';

-- Name: COLUMN api_keys.scope; Type: COMMENT

COMMENT ON COLUMN onrecord.api_keys.scope IS 'Each includes those before it: read, write, admin';

-- Name: COLUMN api_keys.revoked_at; Type: COMMENT

COMMENT ON COLUMN onrecord.api_keys.revoked_at IS 'The key works until then; after a rotation with grace that is in the future';

-- Name: api_keys_id_seq; Type: SEQUENCE

ALTER TABLE onrecord.api_keys ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME onrecord.api_keys_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: article_events; Type: TABLE

CREATE TABLE onrecord.article_events (
    event_id bigint NOT NULL,
    "position" integer NOT NULL,
    article_id bigint NOT NULL
);

-- Name: TABLE article_events; Type: COMMENT

COMMENT ON TABLE onrecord.article_events IS 'Follows events.article_ids';

-- Name: articles_id_seq; Type: SEQUENCE

ALTER TABLE onrecord.articles ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME onrecord.articles_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: changes; Type: TABLE

CREATE TABLE onrecord.changes (
    id bigint NOT NULL,
    pos bigint,
    resource text NOT NULL,
    record_id bigint NOT NULL,
    operation text NOT NULL,
    version bigint NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    changed_by bigint,
    CONSTRAINT changes_operation_check CHECK ((operation = ANY (ARRAY['insert'::text, 'update'::text, 'delete'::text, 'purge'::text])))
)
PARTITION BY RANGE (changed_at);

-- Name: TABLE changes; Type: COMMENT

COMMENT ON TABLE onrecord.changes IS 'One row for each change of a record, written in its transaction';

-- Name: COLUMN changes.id; Type: COMMENT

COMMENT ON COLUMN onrecord.changes.id IS 'In order of writing, which is not the order of commits';

-- Name: COLUMN changes.pos; Type: COMMENT

COMMENT ON COLUMN onrecord.changes.pos IS 'In order of becoming visible; null: not numbered yet';

-- Name: COLUMN changes.version; Type: COMMENT

COMMENT ON COLUMN onrecord.changes.version IS 'The record''s version after it; of a deletion, the tombstone''s';

-- Name: changes_default; Type: TABLE

CREATE TABLE onrecord.changes_default (
    id bigint NOT NULL,
    pos bigint,
    resource text NOT NULL,
    record_id bigint NOT NULL,
    operation text NOT NULL,
    version bigint NOT NULL,
    changed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    changed_by bigint,
    CONSTRAINT changes_operation_check CHECK ((operation = ANY (ARRAY['insert'::text, 'update'::text, 'delete'::text, 'purge'::text])))
);

-- Name: changes_id_seq; Type: SEQUENCE

ALTER TABLE onrecord.changes ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME onrecord.changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: events_id_seq; Type: SEQUENCE

ALTER TABLE onrecord.events ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME onrecord.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: imports; Type: TABLE

CREATE TABLE onrecord.imports (
    id bigint NOT NULL,
    fingerprint text NOT NULL,
    name text NOT NULL,
    lines bigint DEFAULT 0 NOT NULL,
    bytes bigint DEFAULT 0 NOT NULL,
    beyond bigint[] DEFAULT '{}'::bigint[] NOT NULL,
    started_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    finished_at timestamp with time zone
);

-- Name: TABLE imports; Type: COMMENT

COMMENT ON TABLE onrecord.imports IS 'Files that `onrecord import` reads. Written in the transactions that write their lines';

-- Name: COLUMN imports.fingerprint; Type: COMMENT

COMMENT ON COLUMN onrecord.imports.fingerprint IS 'SHA-256 of the file, and of what is made of its lines';

-- Name: COLUMN imports.lines; Type: COMMENT

COMMENT ON COLUMN onrecord.imports.lines IS 'So many lines are settled';

-- Name: COLUMN imports.bytes; Type: COMMENT

COMMENT ON COLUMN onrecord.imports.bytes IS 'And end there';

-- Name: COLUMN imports.beyond; Type: COMMENT

COMMENT ON COLUMN onrecord.imports.beyond IS 'Lines beyond those that are settled, too';

-- Name: COLUMN imports.finished_at; Type: COMMENT

COMMENT ON COLUMN onrecord.imports.finished_at IS 'Null: it was broken off, or is under way';

-- Name: imports_id_seq; Type: SEQUENCE

ALTER TABLE onrecord.imports ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME onrecord.imports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: instance; Type: TABLE

CREATE TABLE onrecord.instance (
    only_one boolean DEFAULT true NOT NULL,
    epoch uuid DEFAULT gen_random_uuid() NOT NULL,
    cursor_key bytea DEFAULT sha256((uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))) NOT NULL,
    changes_last bigint DEFAULT 0 NOT NULL,
    changes_dropped bigint DEFAULT 0 NOT NULL,
    CONSTRAINT instance_cursor_key_check CHECK ((octet_length(cursor_key) = 32)),
    CONSTRAINT instance_only_one_check CHECK (only_one)
);

-- Name: TABLE instance; Type: COMMENT

COMMENT ON TABLE onrecord.instance IS 'One row: what all servers on this database share';

-- Name: COLUMN instance.epoch; Type: COMMENT

COMMENT ON COLUMN onrecord.instance.epoch IS 'Changes when a backup is restored, so that tokens of the change log from before are refused';

-- Name: COLUMN instance.cursor_key; Type: COMMENT

COMMENT ON COLUMN onrecord.instance.cursor_key IS 'Signs cursors';

-- Name: COLUMN instance.changes_last; Type: COMMENT

COMMENT ON COLUMN onrecord.instance.changes_last IS 'The last position given to a change; none is given twice';

-- Name: COLUMN instance.changes_dropped; Type: COMMENT

COMMENT ON COLUMN onrecord.instance.changes_dropped IS 'The last position that is no longer kept: who has read up to here or further has missed nothing';

-- Name: quotes_id_seq; Type: SEQUENCE

ALTER TABLE onrecord.quotes ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME onrecord.quotes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: revisions; Type: TABLE

CREATE TABLE onrecord.revisions (
    resource text NOT NULL,
    record_id bigint NOT NULL,
    version bigint NOT NULL,
    state jsonb,
    changed_at timestamp with time zone NOT NULL,
    changed_by bigint,
    change_actor text,
    change_reason text,
    replaced_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    act text DEFAULT NULLIF(current_setting('onrecord.act'::text, true), ''::text),
    erased boolean DEFAULT false NOT NULL,
    CONSTRAINT revisions_erased_check CHECK (((NOT erased) OR ((state IS NULL) AND (change_reason IS NULL))))
)
PARTITION BY RANGE (replaced_at);

-- Name: TABLE revisions; Type: COMMENT

COMMENT ON TABLE onrecord.revisions IS 'Former versions of records, whole; the last one of a deleted record is its tombstone';

-- Name: COLUMN revisions.resource; Type: COMMENT

COMMENT ON COLUMN onrecord.revisions.resource IS 'The record''s table: articles, quotes ...';

-- Name: COLUMN revisions.state; Type: COMMENT

COMMENT ON COLUMN onrecord.revisions.state IS 'The row as it was; null: deleted';

-- Name: COLUMN revisions.changed_at; Type: COMMENT

COMMENT ON COLUMN onrecord.revisions.changed_at IS 'When this version came to be; by whom: the next three';

-- Name: COLUMN revisions.changed_by; Type: COMMENT

COMMENT ON COLUMN onrecord.revisions.changed_by IS 'API key; null: by SQL';

-- Name: COLUMN revisions.replaced_at; Type: COMMENT

COMMENT ON COLUMN onrecord.revisions.replaced_at IS 'When it ceased to be the present one. Months of it are partitions';

-- Name: COLUMN revisions.act; Type: COMMENT

COMMENT ON COLUMN onrecord.revisions.act IS 'The cascading deletion that replaced this version, as resource/id/version of the tombstone of what was deleted';

-- Name: COLUMN revisions.erased; Type: COMMENT

COMMENT ON COLUMN onrecord.revisions.erased IS 'A tombstone that is all that is left';

-- Name: revisions_default; Type: TABLE

CREATE TABLE onrecord.revisions_default (
    resource text NOT NULL,
    record_id bigint NOT NULL,
    version bigint NOT NULL,
    state jsonb,
    changed_at timestamp with time zone NOT NULL,
    changed_by bigint,
    change_actor text,
    change_reason text,
    replaced_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    act text DEFAULT NULLIF(current_setting('onrecord.act'::text, true), ''::text),
    erased boolean DEFAULT false NOT NULL,
    CONSTRAINT revisions_erased_check CHECK (((NOT erased) OR ((state IS NULL) AND (change_reason IS NULL))))
);

-- Name: sources; Type: TABLE

CREATE TABLE onrecord.sources (
    id bigint NOT NULL,
    external_id text,
    name text NOT NULL,
    url text,
    country text,
    description text,
    created_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    updated_at timestamp with time zone DEFAULT statement_timestamp() NOT NULL,
    version bigint DEFAULT 1 NOT NULL,
    extra jsonb DEFAULT '{}'::jsonb NOT NULL,
    changed_by bigint,
    change_actor text,
    change_reason text,
    search_config text GENERATED ALWAYS AS ('simple'::text) STORED NOT NULL,
    search tsvector GENERATED ALWAYS AS (onrecord.search_vectors('simple'::text, name, description, NULL::text, NULL::text)) STORED NOT NULL,
    CONSTRAINT sources_change_actor_check CHECK ((char_length(change_actor) <= 500)),
    CONSTRAINT sources_change_reason_check CHECK ((char_length(change_reason) <= 500)),
    CONSTRAINT sources_country_check CHECK ((country ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT sources_description_check CHECK ((char_length(description) <= 20000)),
    CONSTRAINT sources_external_id_check CHECK (((char_length(external_id) >= 1) AND (char_length(external_id) <= 255))),
    CONSTRAINT sources_extra_check CHECK ((jsonb_typeof(extra) = 'object'::text)),
    CONSTRAINT sources_name_check CHECK (((char_length(name) >= 1) AND (char_length(name) <= 500))),
    CONSTRAINT sources_url_check CHECK (((octet_length(url) >= 1) AND (octet_length(url) <= 2048)))
);

-- Name: TABLE sources; Type: COMMENT

COMMENT ON TABLE onrecord.sources IS 'Outlets that publish articles';

-- Name: COLUMN sources.country; Type: COMMENT

COMMENT ON COLUMN onrecord.sources.country IS 'ISO 3166-1 alpha-2';

-- Name: COLUMN sources.search_config; Type: COMMENT

COMMENT ON COLUMN onrecord.sources.search_config IS 'None: an outlet has a name, and no language';

-- Name: COLUMN sources.search; Type: COMMENT

COMMENT ON COLUMN onrecord.sources.search IS 'Words of name and description';

-- Name: sources_id_seq; Type: SEQUENCE

ALTER TABLE onrecord.sources ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME onrecord.sources_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: speaker_distinctions; Type: TABLE

CREATE TABLE onrecord.speaker_distinctions (
    low_id bigint NOT NULL,
    high_id bigint NOT NULL,
    made_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    changed_by bigint,
    change_actor text,
    change_reason text,
    CONSTRAINT speaker_distinctions_check CHECK ((high_id > low_id))
);

-- Name: TABLE speaker_distinctions; Type: COMMENT

COMMENT ON TABLE onrecord.speaker_distinctions IS 'Pairs of speakers who are not one, whatever their names say. No foreign key: a merged one may come back';

-- Name: COLUMN speaker_distinctions.changed_by; Type: COMMENT

COMMENT ON COLUMN onrecord.speaker_distinctions.changed_by IS 'API key; null: by SQL';

-- Name: speakers_id_seq; Type: SEQUENCE

ALTER TABLE onrecord.speakers ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME onrecord.speakers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

-- Name: via; Type: TABLE

CREATE TABLE onrecord.via (
    article_id bigint NOT NULL,
    "position" integer NOT NULL,
    source_id bigint NOT NULL
);

-- Name: TABLE via; Type: COMMENT

COMMENT ON TABLE onrecord.via IS 'Follows articles.via';

-- Name: changes_default; Type: TABLE ATTACH

ALTER TABLE ONLY onrecord.changes ATTACH PARTITION onrecord.changes_default DEFAULT;

-- Name: revisions_default; Type: TABLE ATTACH

ALTER TABLE ONLY onrecord.revisions ATTACH PARTITION onrecord.revisions_default DEFAULT;

-- Name: affiliations affiliations_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.affiliations
    ADD CONSTRAINT affiliations_pkey PRIMARY KEY (speaker_id, "position");

-- Name: answers answers_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.answers
    ADD CONSTRAINT answers_pkey PRIMARY KEY (key_id, path, key);

-- Name: api_keys api_keys_hash_key; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.api_keys
    ADD CONSTRAINT api_keys_hash_key UNIQUE (hash);

-- Name: api_keys api_keys_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (id);

-- Name: article_events article_events_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.article_events
    ADD CONSTRAINT article_events_pkey PRIMARY KEY (event_id, "position");

-- Name: articles articles_external_id_key; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.articles
    ADD CONSTRAINT articles_external_id_key UNIQUE (external_id);

-- Name: articles articles_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.articles
    ADD CONSTRAINT articles_pkey PRIMARY KEY (id);

-- Name: articles articles_url_key; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.articles
    ADD CONSTRAINT articles_url_key UNIQUE (url);

-- Name: changes changes_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.changes
    ADD CONSTRAINT changes_pkey PRIMARY KEY (id, changed_at);

-- Name: changes_default changes_default_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.changes_default
    ADD CONSTRAINT changes_default_pkey PRIMARY KEY (id, changed_at);

-- Name: events events_external_id_key; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.events
    ADD CONSTRAINT events_external_id_key UNIQUE (external_id);

-- Name: events events_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (id);

-- Name: imports imports_fingerprint_key; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.imports
    ADD CONSTRAINT imports_fingerprint_key UNIQUE (fingerprint);

-- Name: imports imports_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.imports
    ADD CONSTRAINT imports_pkey PRIMARY KEY (id);

-- Name: instance instance_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.instance
    ADD CONSTRAINT instance_pkey PRIMARY KEY (only_one);

-- Name: mentions mentions_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.mentions
    ADD CONSTRAINT mentions_pkey PRIMARY KEY (article_id, "position");

-- Name: participants participants_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.participants
    ADD CONSTRAINT participants_pkey PRIMARY KEY (event_id, "position");

-- Name: quote_abouts quote_abouts_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.quote_abouts
    ADD CONSTRAINT quote_abouts_pkey PRIMARY KEY (quote_id, "position");

-- Name: quotes quotes_external_id_key; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.quotes
    ADD CONSTRAINT quotes_external_id_key UNIQUE (external_id);

-- Name: quotes quotes_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.quotes
    ADD CONSTRAINT quotes_pkey PRIMARY KEY (id);

-- Name: revisions revisions_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.revisions
    ADD CONSTRAINT revisions_pkey PRIMARY KEY (resource, record_id, version, replaced_at);

-- Name: revisions_default revisions_default_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.revisions_default
    ADD CONSTRAINT revisions_default_pkey PRIMARY KEY (resource, record_id, version, replaced_at);

-- Name: sources sources_external_id_key; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.sources
    ADD CONSTRAINT sources_external_id_key UNIQUE (external_id);

-- Name: sources sources_name_country_key; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.sources
    ADD CONSTRAINT sources_name_country_key UNIQUE NULLS NOT DISTINCT (name, country);

-- Name: sources sources_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.sources
    ADD CONSTRAINT sources_pkey PRIMARY KEY (id);

-- Name: speaker_distinctions speaker_distinctions_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.speaker_distinctions
    ADD CONSTRAINT speaker_distinctions_pkey PRIMARY KEY (low_id, high_id);

-- Name: speaker_merges speaker_merges_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.speaker_merges
    ADD CONSTRAINT speaker_merges_pkey PRIMARY KEY (id);

-- Name: speaker_moves speaker_moves_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.speaker_moves
    ADD CONSTRAINT speaker_moves_pkey PRIMARY KEY (merged_id, resource, record_id, field, "position");

-- Name: speaker_names speaker_names_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.speaker_names
    ADD CONSTRAINT speaker_names_pkey PRIMARY KEY (speaker_id, "position", word);

-- Name: speakers speakers_external_id_key; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.speakers
    ADD CONSTRAINT speakers_external_id_key UNIQUE (external_id);

-- Name: speakers speakers_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.speakers
    ADD CONSTRAINT speakers_pkey PRIMARY KEY (id);

-- Name: uploads uploads_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.uploads
    ADD CONSTRAINT uploads_pkey PRIMARY KEY (key_id, path, key);

-- Name: via via_pkey; Type: CONSTRAINT

ALTER TABLE ONLY onrecord.via
    ADD CONSTRAINT via_pkey PRIMARY KEY (article_id, "position");

-- Name: affiliations_article_id_idx; Type: INDEX

CREATE INDEX affiliations_article_id_idx ON onrecord.affiliations USING btree (article_id, speaker_id);

-- Name: affiliations_organization_id_idx; Type: INDEX

CREATE INDEX affiliations_organization_id_idx ON onrecord.affiliations USING btree (organization_id, speaker_id);

-- Name: answers_expires_at_idx; Type: INDEX

CREATE INDEX answers_expires_at_idx ON onrecord.answers USING btree (expires_at);

-- Name: answers_resource_record_id_idx; Type: INDEX

CREATE INDEX answers_resource_record_id_idx ON onrecord.answers USING btree (resource, record_id);

-- Name: api_keys_name_key; Type: INDEX

CREATE UNIQUE INDEX api_keys_name_key ON onrecord.api_keys USING btree (name) WHERE (revoked_at IS NULL);

-- Name: article_events_article_id_idx; Type: INDEX

CREATE INDEX article_events_article_id_idx ON onrecord.article_events USING btree (article_id, event_id);

-- Name: articles_body_sha256_idx; Type: INDEX

CREATE INDEX articles_body_sha256_idx ON onrecord.articles USING btree (body_sha256) WHERE (body_sha256 IS NOT NULL);

-- Name: articles_created_at_id_idx; Type: INDEX

CREATE INDEX articles_created_at_id_idx ON onrecord.articles USING btree (created_at, id);

-- Name: articles_keywords_idx; Type: INDEX

CREATE INDEX articles_keywords_idx ON onrecord.articles USING gin (keywords) WITH (fastupdate=off);

-- Name: articles_language_id_idx; Type: INDEX

CREATE INDEX articles_language_id_idx ON onrecord.articles USING btree (language, id);

-- Name: articles_published_at_id_idx; Type: INDEX

CREATE INDEX articles_published_at_id_idx ON onrecord.articles USING btree (published_at, id);

-- Name: articles_search_idx; Type: INDEX

CREATE INDEX articles_search_idx ON onrecord.articles USING gin (search) WITH (fastupdate='on', gin_pending_list_limit='64');

-- Name: articles_section_id_idx; Type: INDEX

CREATE INDEX articles_section_id_idx ON onrecord.articles USING btree (section, id) WHERE (section IS NOT NULL);

-- Name: articles_source_id_id_idx; Type: INDEX

CREATE INDEX articles_source_id_id_idx ON onrecord.articles USING btree (source_id, id);

-- Name: articles_source_id_published_at_id_idx; Type: INDEX

CREATE INDEX articles_source_id_published_at_id_idx ON onrecord.articles USING btree (source_id, published_at, id);

-- Name: articles_updated_at_id_idx; Type: INDEX

CREATE INDEX articles_updated_at_id_idx ON onrecord.articles USING btree (updated_at, id);

-- Name: changes_unnumbered_idx; Type: INDEX

CREATE INDEX changes_unnumbered_idx ON ONLY onrecord.changes USING btree (id) WHERE (pos IS NULL);

-- Name: changes_default_id_idx; Type: INDEX

CREATE INDEX changes_default_id_idx ON onrecord.changes_default USING btree (id) WHERE (pos IS NULL);

-- Name: changes_pos_idx; Type: INDEX

CREATE INDEX changes_pos_idx ON ONLY onrecord.changes USING btree (pos) WHERE (pos IS NOT NULL);

-- Name: changes_default_pos_idx; Type: INDEX

CREATE INDEX changes_default_pos_idx ON onrecord.changes_default USING btree (pos) WHERE (pos IS NOT NULL);

-- Name: events_created_at_id_idx; Type: INDEX

CREATE INDEX events_created_at_id_idx ON onrecord.events USING btree (created_at, id);

-- Name: events_name_id_idx; Type: INDEX

CREATE INDEX events_name_id_idx ON onrecord.events USING btree (name, id);

-- Name: events_part_of_id_idx; Type: INDEX

CREATE INDEX events_part_of_id_idx ON onrecord.events USING btree (part_of_id, id) WHERE (part_of_id IS NOT NULL);

-- Name: events_search_idx; Type: INDEX

CREATE INDEX events_search_idx ON onrecord.events USING gin (search) WITH (fastupdate='on', gin_pending_list_limit='64');

-- Name: events_starts_on_first_id_idx; Type: INDEX

CREATE INDEX events_starts_on_first_id_idx ON onrecord.events USING btree (starts_on_first, id);

-- Name: events_updated_at_id_idx; Type: INDEX

CREATE INDEX events_updated_at_id_idx ON onrecord.events USING btree (updated_at, id);

-- Name: mentions_speaker_id_idx; Type: INDEX

CREATE INDEX mentions_speaker_id_idx ON onrecord.mentions USING btree (speaker_id, article_id);

-- Name: participants_speaker_id_idx; Type: INDEX

CREATE INDEX participants_speaker_id_idx ON onrecord.participants USING btree (speaker_id, event_id);

-- Name: quote_abouts_speaker_id_idx; Type: INDEX

CREATE INDEX quote_abouts_speaker_id_idx ON onrecord.quote_abouts USING btree (speaker_id, quote_id);

-- Name: quotes_article_id_id_idx; Type: INDEX

CREATE INDEX quotes_article_id_id_idx ON onrecord.quotes USING btree (article_id, id);

-- Name: quotes_continues_id_idx; Type: INDEX

CREATE INDEX quotes_continues_id_idx ON onrecord.quotes USING btree (continues_id, id) WHERE (continues_id IS NOT NULL);

-- Name: quotes_created_at_id_idx; Type: INDEX

CREATE INDEX quotes_created_at_id_idx ON onrecord.quotes USING btree (created_at, id);

-- Name: quotes_event_id_idx; Type: INDEX

CREATE INDEX quotes_event_id_idx ON onrecord.quotes USING btree (event_id, id) WHERE (event_id IS NOT NULL);

-- Name: quotes_published_at_id_idx; Type: INDEX

CREATE INDEX quotes_published_at_id_idx ON onrecord.quotes USING btree (published_at, id);

-- Name: quotes_relayed_by_id_idx; Type: INDEX

CREATE INDEX quotes_relayed_by_id_idx ON onrecord.quotes USING btree (relayed_by_id, id) WHERE (relayed_by_id IS NOT NULL);

-- Name: quotes_said_on_first_id_idx; Type: INDEX

CREATE INDEX quotes_said_on_first_id_idx ON onrecord.quotes USING btree (said_on_first, id);

-- Name: quotes_search_idx; Type: INDEX

CREATE INDEX quotes_search_idx ON onrecord.quotes USING gin (search) WITH (fastupdate='on', gin_pending_list_limit='64');

-- Name: quotes_source_id_id_idx; Type: INDEX

CREATE INDEX quotes_source_id_id_idx ON onrecord.quotes USING btree (source_id, id);

-- Name: quotes_source_id_published_at_id_idx; Type: INDEX

CREATE INDEX quotes_source_id_published_at_id_idx ON onrecord.quotes USING btree (source_id, published_at, id);

-- Name: quotes_speaker_id_id_idx; Type: INDEX

CREATE INDEX quotes_speaker_id_id_idx ON onrecord.quotes USING btree (speaker_id, id);

-- Name: quotes_speaker_id_published_at_id_idx; Type: INDEX

CREATE INDEX quotes_speaker_id_published_at_id_idx ON onrecord.quotes USING btree (speaker_id, published_at, id);

-- Name: quotes_status_id_idx; Type: INDEX

CREATE INDEX quotes_status_id_idx ON onrecord.quotes USING btree (status, id) INCLUDE (speaker_id, said_on_first, published_at);

-- Name: quotes_updated_at_id_idx; Type: INDEX

CREATE INDEX quotes_updated_at_id_idx ON onrecord.quotes USING btree (updated_at, id);

-- Name: revisions_act_idx; Type: INDEX

CREATE INDEX revisions_act_idx ON ONLY onrecord.revisions USING btree (act, resource, record_id) WHERE (act IS NOT NULL);

-- Name: revisions_default_act_resource_record_id_idx; Type: INDEX

CREATE INDEX revisions_default_act_resource_record_id_idx ON onrecord.revisions_default USING btree (act, resource, record_id) WHERE (act IS NOT NULL);

-- Name: sources_created_at_id_idx; Type: INDEX

CREATE INDEX sources_created_at_id_idx ON onrecord.sources USING btree (created_at, id);

-- Name: sources_name_id_idx; Type: INDEX

CREATE INDEX sources_name_id_idx ON onrecord.sources USING btree (name, id);

-- Name: sources_search_idx; Type: INDEX

CREATE INDEX sources_search_idx ON onrecord.sources USING gin (search) WITH (fastupdate='on', gin_pending_list_limit='64');

-- Name: sources_updated_at_id_idx; Type: INDEX

CREATE INDEX sources_updated_at_id_idx ON onrecord.sources USING btree (updated_at, id);

-- Name: speaker_merges_external_id_idx; Type: INDEX

CREATE INDEX speaker_merges_external_id_idx ON onrecord.speaker_merges USING btree (external_id);

-- Name: speaker_merges_into_id_idx; Type: INDEX

CREATE INDEX speaker_merges_into_id_idx ON onrecord.speaker_merges USING btree (into_id);

-- Name: speaker_merges_merged_into_id_idx; Type: INDEX

CREATE INDEX speaker_merges_merged_into_id_idx ON onrecord.speaker_merges USING btree (merged_into_id);

-- Name: speaker_merges_name_idx; Type: INDEX

CREATE INDEX speaker_merges_name_idx ON onrecord.speaker_merges USING btree (name);

-- Name: speaker_moves_record_id_idx; Type: INDEX

CREATE INDEX speaker_moves_record_id_idx ON onrecord.speaker_moves USING btree (record_id, resource, field);

-- Name: speaker_names_alike_idx; Type: INDEX

CREATE INDEX speaker_names_alike_idx ON onrecord.speaker_names USING gin (rest onrecord.gin_trgm_ops) WITH (fastupdate=off) WHERE (word = 1);

-- Name: speaker_names_rest_idx; Type: INDEX

CREATE INDEX speaker_names_rest_idx ON onrecord.speaker_names USING btree (rest, speaker_id) INCLUDE ("position", word);

-- Name: speaker_names_sound_idx; Type: INDEX

CREATE INDEX speaker_names_sound_idx ON onrecord.speaker_names USING btree (sound, speaker_id) WHERE (sound IS NOT NULL);

-- Name: speakers_aliases_idx; Type: INDEX

CREATE INDEX speakers_aliases_idx ON onrecord.speakers USING gin (aliases) WITH (fastupdate=off);

-- Name: speakers_created_at_id_idx; Type: INDEX

CREATE INDEX speakers_created_at_id_idx ON onrecord.speakers USING btree (created_at, id);

-- Name: speakers_kind_id_idx; Type: INDEX

CREATE INDEX speakers_kind_id_idx ON onrecord.speakers USING btree (kind, id);

-- Name: speakers_name_id_idx; Type: INDEX

CREATE INDEX speakers_name_id_idx ON onrecord.speakers USING btree (name, id);

-- Name: speakers_part_of_id_idx; Type: INDEX

CREATE INDEX speakers_part_of_id_idx ON onrecord.speakers USING btree (part_of_id, id) WHERE (part_of_id IS NOT NULL);

-- Name: speakers_same_as_idx; Type: INDEX

CREATE INDEX speakers_same_as_idx ON onrecord.speakers USING gin (same_as) WITH (fastupdate=off);

-- Name: speakers_updated_at_id_idx; Type: INDEX

CREATE INDEX speakers_updated_at_id_idx ON onrecord.speakers USING btree (updated_at, id);

-- Name: via_source_id_idx; Type: INDEX

CREATE INDEX via_source_id_idx ON onrecord.via USING btree (source_id, article_id);

-- Name: changes_default_id_idx; Type: INDEX ATTACH

ALTER INDEX onrecord.changes_unnumbered_idx ATTACH PARTITION onrecord.changes_default_id_idx;

-- Name: changes_default_pkey; Type: INDEX ATTACH

ALTER INDEX onrecord.changes_pkey ATTACH PARTITION onrecord.changes_default_pkey;

-- Name: changes_default_pos_idx; Type: INDEX ATTACH

ALTER INDEX onrecord.changes_pos_idx ATTACH PARTITION onrecord.changes_default_pos_idx;

-- Name: revisions_default_act_resource_record_id_idx; Type: INDEX ATTACH

ALTER INDEX onrecord.revisions_act_idx ATTACH PARTITION onrecord.revisions_default_act_resource_record_id_idx;

-- Name: revisions_default_pkey; Type: INDEX ATTACH

ALTER INDEX onrecord.revisions_pkey ATTACH PARTITION onrecord.revisions_default_pkey;

-- Name: articles after_1_log; Type: TRIGGER

CREATE TRIGGER after_1_log AFTER DELETE OR UPDATE ON onrecord.articles FOR EACH ROW EXECUTE FUNCTION onrecord.record_log();

-- Name: events after_1_log; Type: TRIGGER

CREATE TRIGGER after_1_log AFTER DELETE OR UPDATE ON onrecord.events FOR EACH ROW EXECUTE FUNCTION onrecord.record_log();

-- Name: quotes after_1_log; Type: TRIGGER

CREATE TRIGGER after_1_log AFTER DELETE OR UPDATE ON onrecord.quotes FOR EACH ROW EXECUTE FUNCTION onrecord.record_log();

-- Name: sources after_1_log; Type: TRIGGER

CREATE TRIGGER after_1_log AFTER DELETE OR UPDATE ON onrecord.sources FOR EACH ROW EXECUTE FUNCTION onrecord.record_log();

-- Name: speakers after_1_log; Type: TRIGGER

CREATE TRIGGER after_1_log AFTER DELETE OR UPDATE ON onrecord.speakers FOR EACH ROW EXECUTE FUNCTION onrecord.record_log();

-- Name: articles after_1_log_made; Type: TRIGGER

CREATE TRIGGER after_1_log_made AFTER INSERT ON onrecord.articles REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION onrecord.record_log_made();

-- Name: events after_1_log_made; Type: TRIGGER

CREATE TRIGGER after_1_log_made AFTER INSERT ON onrecord.events REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION onrecord.record_log_made();

-- Name: quotes after_1_log_made; Type: TRIGGER

CREATE TRIGGER after_1_log_made AFTER INSERT ON onrecord.quotes REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION onrecord.record_log_made();

-- Name: sources after_1_log_made; Type: TRIGGER

CREATE TRIGGER after_1_log_made AFTER INSERT ON onrecord.sources REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION onrecord.record_log_made();

-- Name: speakers after_1_log_made; Type: TRIGGER

CREATE TRIGGER after_1_log_made AFTER INSERT ON onrecord.speakers REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION onrecord.record_log_made();

-- Name: quotes after_2_abouts; Type: TRIGGER

CREATE TRIGGER after_2_abouts AFTER INSERT ON onrecord.quotes FOR EACH ROW WHEN ((new.about_ids <> '{}'::bigint[])) EXECUTE FUNCTION onrecord.quote_abouts_follow();

-- Name: quotes after_2_abouts_update; Type: TRIGGER

CREATE TRIGGER after_2_abouts_update AFTER UPDATE ON onrecord.quotes FOR EACH ROW WHEN ((old.about_ids <> new.about_ids)) EXECUTE FUNCTION onrecord.quote_abouts_follow();

-- Name: speakers after_2_affiliations; Type: TRIGGER

CREATE TRIGGER after_2_affiliations AFTER INSERT ON onrecord.speakers FOR EACH ROW WHEN ((new.affiliations <> '[]'::jsonb)) EXECUTE FUNCTION onrecord.affiliations_follow();

-- Name: speakers after_2_affiliations_update; Type: TRIGGER

CREATE TRIGGER after_2_affiliations_update AFTER UPDATE ON onrecord.speakers FOR EACH ROW WHEN ((old.affiliations <> new.affiliations)) EXECUTE FUNCTION onrecord.affiliations_follow();

-- Name: events after_2_articles; Type: TRIGGER

CREATE TRIGGER after_2_articles AFTER INSERT ON onrecord.events FOR EACH ROW WHEN ((new.article_ids <> '{}'::bigint[])) EXECUTE FUNCTION onrecord.article_events_follow();

-- Name: events after_2_articles_update; Type: TRIGGER

CREATE TRIGGER after_2_articles_update AFTER UPDATE ON onrecord.events FOR EACH ROW WHEN ((old.article_ids <> new.article_ids)) EXECUTE FUNCTION onrecord.article_events_follow();

-- Name: articles after_2_mentions; Type: TRIGGER

CREATE TRIGGER after_2_mentions AFTER INSERT ON onrecord.articles FOR EACH ROW WHEN ((new.mentions <> '[]'::jsonb)) EXECUTE FUNCTION onrecord.mentions_follow();

-- Name: articles after_2_mentions_update; Type: TRIGGER

CREATE TRIGGER after_2_mentions_update AFTER UPDATE ON onrecord.articles FOR EACH ROW WHEN ((old.mentions <> new.mentions)) EXECUTE FUNCTION onrecord.mentions_follow();

-- Name: speakers after_2_names; Type: TRIGGER

CREATE TRIGGER after_2_names AFTER INSERT ON onrecord.speakers FOR EACH ROW EXECUTE FUNCTION onrecord.speaker_names_follow();

-- Name: speakers after_2_names_update; Type: TRIGGER

CREATE TRIGGER after_2_names_update AFTER UPDATE ON onrecord.speakers FOR EACH ROW WHEN (((old.name <> new.name) OR (old.aliases <> new.aliases))) EXECUTE FUNCTION onrecord.speaker_names_follow();

-- Name: events after_2_participants; Type: TRIGGER

CREATE TRIGGER after_2_participants AFTER INSERT ON onrecord.events FOR EACH ROW WHEN ((new.participants <> '[]'::jsonb)) EXECUTE FUNCTION onrecord.participants_follow();

-- Name: events after_2_participants_update; Type: TRIGGER

CREATE TRIGGER after_2_participants_update AFTER UPDATE ON onrecord.events FOR EACH ROW WHEN ((old.participants <> new.participants)) EXECUTE FUNCTION onrecord.participants_follow();

-- Name: articles after_2_via; Type: TRIGGER

CREATE TRIGGER after_2_via AFTER INSERT ON onrecord.articles FOR EACH ROW WHEN ((new.via <> '[]'::jsonb)) EXECUTE FUNCTION onrecord.via_follow();

-- Name: articles after_2_via_update; Type: TRIGGER

CREATE TRIGGER after_2_via_update AFTER UPDATE ON onrecord.articles FOR EACH ROW WHEN ((old.via <> new.via)) EXECUTE FUNCTION onrecord.via_follow();

-- Name: articles after_3_quotes_update; Type: TRIGGER

CREATE TRIGGER after_3_quotes_update AFTER UPDATE ON onrecord.articles FOR EACH ROW WHEN ((((old.published_at IS DISTINCT FROM new.published_at) OR (old.source_id IS DISTINCT FROM new.source_id)) OR (old.search_config IS DISTINCT FROM new.search_config))) EXECUTE FUNCTION onrecord.article_lead_quotes();

-- Name: articles before_0_truncate; Type: TRIGGER

CREATE TRIGGER before_0_truncate BEFORE TRUNCATE ON onrecord.articles FOR EACH STATEMENT EXECUTE FUNCTION onrecord.record_not_truncated();

-- Name: events before_0_truncate; Type: TRIGGER

CREATE TRIGGER before_0_truncate BEFORE TRUNCATE ON onrecord.events FOR EACH STATEMENT EXECUTE FUNCTION onrecord.record_not_truncated();

-- Name: quotes before_0_truncate; Type: TRIGGER

CREATE TRIGGER before_0_truncate BEFORE TRUNCATE ON onrecord.quotes FOR EACH STATEMENT EXECUTE FUNCTION onrecord.record_not_truncated();

-- Name: sources before_0_truncate; Type: TRIGGER

CREATE TRIGGER before_0_truncate BEFORE TRUNCATE ON onrecord.sources FOR EACH STATEMENT EXECUTE FUNCTION onrecord.record_not_truncated();

-- Name: speakers before_0_truncate; Type: TRIGGER

CREATE TRIGGER before_0_truncate BEFORE TRUNCATE ON onrecord.speakers FOR EACH STATEMENT EXECUTE FUNCTION onrecord.record_not_truncated();

-- Name: articles before_1_named; Type: TRIGGER

CREATE TRIGGER before_1_named BEFORE UPDATE OF changed_by ON onrecord.articles FOR EACH ROW EXECUTE FUNCTION onrecord.record_named();

-- Name: events before_1_named; Type: TRIGGER

CREATE TRIGGER before_1_named BEFORE UPDATE OF changed_by ON onrecord.events FOR EACH ROW EXECUTE FUNCTION onrecord.record_named();

-- Name: quotes before_1_named; Type: TRIGGER

CREATE TRIGGER before_1_named BEFORE UPDATE OF changed_by ON onrecord.quotes FOR EACH ROW EXECUTE FUNCTION onrecord.record_named();

-- Name: sources before_1_named; Type: TRIGGER

CREATE TRIGGER before_1_named BEFORE UPDATE OF changed_by ON onrecord.sources FOR EACH ROW EXECUTE FUNCTION onrecord.record_named();

-- Name: speakers before_1_named; Type: TRIGGER

CREATE TRIGGER before_1_named BEFORE UPDATE OF changed_by ON onrecord.speakers FOR EACH ROW EXECUTE FUNCTION onrecord.record_named();

-- Name: events before_2_article; Type: TRIGGER

CREATE TRIGGER before_2_article BEFORE INSERT ON onrecord.events FOR EACH ROW EXECUTE FUNCTION onrecord.event_follow_article();

-- Name: quotes before_2_article; Type: TRIGGER

CREATE TRIGGER before_2_article BEFORE INSERT ON onrecord.quotes FOR EACH ROW EXECUTE FUNCTION onrecord.quote_follow_article();

-- Name: events before_2_article_update; Type: TRIGGER

CREATE TRIGGER before_2_article_update BEFORE UPDATE ON onrecord.events FOR EACH ROW WHEN (((old.article_ids IS DISTINCT FROM new.article_ids) OR (old.search_config IS DISTINCT FROM new.search_config))) EXECUTE FUNCTION onrecord.event_follow_article();

-- Name: quotes before_2_article_update; Type: TRIGGER

CREATE TRIGGER before_2_article_update BEFORE UPDATE ON onrecord.quotes FOR EACH ROW WHEN (((((old.article_id IS DISTINCT FROM new.article_id) OR (old.published_at IS DISTINCT FROM new.published_at)) OR (old.source_id IS DISTINCT FROM new.source_id)) OR (old.search_config IS DISTINCT FROM new.search_config))) EXECUTE FUNCTION onrecord.quote_follow_article();

-- Name: articles before_2_hash; Type: TRIGGER

CREATE TRIGGER before_2_hash BEFORE INSERT ON onrecord.articles FOR EACH ROW EXECUTE FUNCTION onrecord.article_hash();

-- Name: articles before_2_hash_update; Type: TRIGGER

CREATE TRIGGER before_2_hash_update BEFORE UPDATE ON onrecord.articles FOR EACH ROW WHEN (((old.body IS DISTINCT FROM new.body) OR (old.body_sha256 IS DISTINCT FROM new.body_sha256))) EXECUTE FUNCTION onrecord.article_hash();

-- Name: events before_2_part_of; Type: TRIGGER

CREATE TRIGGER before_2_part_of BEFORE INSERT ON onrecord.events FOR EACH ROW WHEN ((new.part_of_id IS NOT NULL)) EXECUTE FUNCTION onrecord.part_of_check();

-- Name: speakers before_2_part_of; Type: TRIGGER

CREATE TRIGGER before_2_part_of BEFORE INSERT ON onrecord.speakers FOR EACH ROW WHEN ((new.part_of_id IS NOT NULL)) EXECUTE FUNCTION onrecord.part_of_check();

-- Name: events before_2_part_of_update; Type: TRIGGER

CREATE TRIGGER before_2_part_of_update BEFORE UPDATE ON onrecord.events FOR EACH ROW WHEN (((new.part_of_id <> old.part_of_id) OR ((new.part_of_id IS NOT NULL) AND (old.part_of_id IS NULL)))) EXECUTE FUNCTION onrecord.part_of_check();

-- Name: speakers before_2_part_of_update; Type: TRIGGER

CREATE TRIGGER before_2_part_of_update BEFORE UPDATE ON onrecord.speakers FOR EACH ROW WHEN (((new.part_of_id <> old.part_of_id) OR ((new.part_of_id IS NOT NULL) AND (old.part_of_id IS NULL)))) EXECUTE FUNCTION onrecord.part_of_check();

-- Name: articles before_3_update; Type: TRIGGER

CREATE TRIGGER before_3_update BEFORE UPDATE ON onrecord.articles FOR EACH ROW EXECUTE FUNCTION onrecord.record_update('{"search": null, "search_config": null}');

-- Name: events before_3_update; Type: TRIGGER

CREATE TRIGGER before_3_update BEFORE UPDATE ON onrecord.events FOR EACH ROW EXECUTE FUNCTION onrecord.record_update('{"starts_on_first": null, "starts_on_last": null, "ends_on_first": null, "ends_on_last": null, "search": null}', 'search_config');

-- Name: quotes before_3_update; Type: TRIGGER

CREATE TRIGGER before_3_update BEFORE UPDATE ON onrecord.quotes FOR EACH ROW EXECUTE FUNCTION onrecord.record_update('{"said_on_first": null, "said_on_last": null, "relayed_by_id": null, "search": null}', 'search_config');

-- Name: sources before_3_update; Type: TRIGGER

CREATE TRIGGER before_3_update BEFORE UPDATE ON onrecord.sources FOR EACH ROW EXECUTE FUNCTION onrecord.record_update('{"search": null, "search_config": null}');

-- Name: speakers before_3_update; Type: TRIGGER

CREATE TRIGGER before_3_update BEFORE UPDATE ON onrecord.speakers FOR EACH ROW EXECUTE FUNCTION onrecord.record_update();

-- Name: affiliations affiliations_article_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.affiliations
    ADD CONSTRAINT affiliations_article_id_fkey FOREIGN KEY (article_id) REFERENCES onrecord.articles(id) DEFERRABLE;

-- Name: affiliations affiliations_organization_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.affiliations
    ADD CONSTRAINT affiliations_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES onrecord.speakers(id);

-- Name: affiliations affiliations_speaker_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.affiliations
    ADD CONSTRAINT affiliations_speaker_id_fkey FOREIGN KEY (speaker_id) REFERENCES onrecord.speakers(id) ON DELETE CASCADE;

-- Name: article_events article_events_article_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.article_events
    ADD CONSTRAINT article_events_article_id_fkey FOREIGN KEY (article_id) REFERENCES onrecord.articles(id);

-- Name: article_events article_events_event_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.article_events
    ADD CONSTRAINT article_events_event_id_fkey FOREIGN KEY (event_id) REFERENCES onrecord.events(id) ON DELETE CASCADE;

-- Name: articles articles_source_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.articles
    ADD CONSTRAINT articles_source_id_fkey FOREIGN KEY (source_id) REFERENCES onrecord.sources(id);

-- Name: events events_part_of_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.events
    ADD CONSTRAINT events_part_of_id_fkey FOREIGN KEY (part_of_id) REFERENCES onrecord.events(id);

-- Name: mentions mentions_article_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.mentions
    ADD CONSTRAINT mentions_article_id_fkey FOREIGN KEY (article_id) REFERENCES onrecord.articles(id) ON DELETE CASCADE;

-- Name: mentions mentions_speaker_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.mentions
    ADD CONSTRAINT mentions_speaker_id_fkey FOREIGN KEY (speaker_id) REFERENCES onrecord.speakers(id);

-- Name: participants participants_event_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.participants
    ADD CONSTRAINT participants_event_id_fkey FOREIGN KEY (event_id) REFERENCES onrecord.events(id) ON DELETE CASCADE;

-- Name: participants participants_speaker_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.participants
    ADD CONSTRAINT participants_speaker_id_fkey FOREIGN KEY (speaker_id) REFERENCES onrecord.speakers(id);

-- Name: quote_abouts quote_abouts_quote_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.quote_abouts
    ADD CONSTRAINT quote_abouts_quote_id_fkey FOREIGN KEY (quote_id) REFERENCES onrecord.quotes(id) ON DELETE CASCADE;

-- Name: quote_abouts quote_abouts_speaker_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.quote_abouts
    ADD CONSTRAINT quote_abouts_speaker_id_fkey FOREIGN KEY (speaker_id) REFERENCES onrecord.speakers(id);

-- Name: quotes quotes_article_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.quotes
    ADD CONSTRAINT quotes_article_id_fkey FOREIGN KEY (article_id) REFERENCES onrecord.articles(id);

-- Name: quotes quotes_continues_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.quotes
    ADD CONSTRAINT quotes_continues_id_fkey FOREIGN KEY (continues_id) REFERENCES onrecord.quotes(id);

-- Name: quotes quotes_event_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.quotes
    ADD CONSTRAINT quotes_event_id_fkey FOREIGN KEY (event_id) REFERENCES onrecord.events(id);

-- Name: quotes quotes_relayed_by_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.quotes
    ADD CONSTRAINT quotes_relayed_by_id_fkey FOREIGN KEY (relayed_by_id) REFERENCES onrecord.speakers(id);

-- Name: quotes quotes_speaker_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.quotes
    ADD CONSTRAINT quotes_speaker_id_fkey FOREIGN KEY (speaker_id) REFERENCES onrecord.speakers(id);

-- Name: speaker_moves speaker_moves_merged_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.speaker_moves
    ADD CONSTRAINT speaker_moves_merged_id_fkey FOREIGN KEY (merged_id) REFERENCES onrecord.speaker_merges(id) ON DELETE CASCADE;

-- Name: speaker_names speaker_names_speaker_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.speaker_names
    ADD CONSTRAINT speaker_names_speaker_id_fkey FOREIGN KEY (speaker_id) REFERENCES onrecord.speakers(id) ON DELETE CASCADE;

-- Name: speakers speakers_part_of_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.speakers
    ADD CONSTRAINT speakers_part_of_id_fkey FOREIGN KEY (part_of_id) REFERENCES onrecord.speakers(id);

-- Name: uploads uploads_key_id_path_key_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.uploads
    ADD CONSTRAINT uploads_key_id_path_key_fkey FOREIGN KEY (key_id, path, key) REFERENCES onrecord.answers(key_id, path, key) ON DELETE CASCADE;

-- Name: via via_article_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.via
    ADD CONSTRAINT via_article_id_fkey FOREIGN KEY (article_id) REFERENCES onrecord.articles(id) ON DELETE CASCADE;

-- Name: via via_source_id_fkey; Type: FK CONSTRAINT

ALTER TABLE ONLY onrecord.via
    ADD CONSTRAINT via_source_id_fkey FOREIGN KEY (source_id) REFERENCES onrecord.sources(id);

