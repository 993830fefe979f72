-- 0022: what one statement makes is logged by one: creates come by the dozen.
-- admits: 1

CREATE FUNCTION onrecord.record_log_made() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO onrecord.changes (resource, record_id, operation, version, changed_by)
    SELECT TG_TABLE_NAME, id, 'insert', version, changed_by FROM made;
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION onrecord.record_log_made IS 'Writes what is made to the change log';

CREATE OR REPLACE FUNCTION onrecord.record_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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

COMMENT ON FUNCTION onrecord.record_log IS
    'Writes changes and revisions of what is changed or goes. Who makes a DELETE is in the settings onrecord.changed_by, '
    'onrecord.change_actor, onrecord.change_reason';

DO $$
DECLARE
    resource text;
BEGIN
    FOREACH resource IN ARRAY '{sources,articles,speakers,events,quotes}'::text[] LOOP
        EXECUTE format('DROP TRIGGER after_1_log ON onrecord.%I', resource);
        EXECUTE format('CREATE TRIGGER after_1_log AFTER UPDATE OR DELETE ON onrecord.%I
                        FOR EACH ROW EXECUTE FUNCTION onrecord.record_log()', resource);
        EXECUTE format('CREATE TRIGGER after_1_log_made AFTER INSERT ON onrecord.%I REFERENCING NEW TABLE AS made
                        FOR EACH STATEMENT EXECUTE FUNCTION onrecord.record_log_made()', resource);
    END LOOP;
END
$$;
