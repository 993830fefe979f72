-- 0016: truncate: records are not emptied past their history.
-- admits: 1

-- TRUNCATE calls no trigger of a row: what it takes away would stand in no history and no log of changes, and servers
-- would go on giving the answers that they have kept. Who knows that and wants it sets session_replication_role.
CREATE FUNCTION onrecord.record_not_truncated() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'onrecord.% is not truncated: that would leave no history', TG_TABLE_NAME
        USING ERRCODE = 'object_not_in_prerequisite_state',
              HINT = 'DELETE keeps one. For an empty record, drop the schema onrecord and migrate.';
END
$$;

CREATE TRIGGER before_0_truncate BEFORE TRUNCATE ON onrecord.sources EXECUTE FUNCTION onrecord.record_not_truncated();
CREATE TRIGGER before_0_truncate BEFORE TRUNCATE ON onrecord.articles EXECUTE FUNCTION onrecord.record_not_truncated();
CREATE TRIGGER before_0_truncate BEFORE TRUNCATE ON onrecord.speakers EXECUTE FUNCTION onrecord.record_not_truncated();
CREATE TRIGGER before_0_truncate BEFORE TRUNCATE ON onrecord.events EXECUTE FUNCTION onrecord.record_not_truncated();
CREATE TRIGGER before_0_truncate BEFORE TRUNCATE ON onrecord.quotes EXECUTE FUNCTION onrecord.record_not_truncated();
