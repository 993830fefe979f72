-- 0008: the log of changes gets its order, and history an end where the operator wants one.
-- admits: 1
--
-- Ids, and transaction ids, become visible out of order: who reads the log by them misses what commits late. So one
-- session among all servers (an advisory lock) gives what has become visible its position, and readers go by that.

ALTER TABLE onrecord.instance
    ADD COLUMN changes_last bigint NOT NULL DEFAULT 0,
    ADD COLUMN changes_dropped bigint NOT NULL DEFAULT 0;

COMMENT ON COLUMN onrecord.instance.changes_last IS 'The last position given to a change; none is given twice';
COMMENT ON COLUMN onrecord.instance.changes_dropped IS
    'The last position that is no longer kept: who has read up to here or further has missed nothing';

-- What is to be numbered; what is to be read. Each change stands in one of them.
CREATE INDEX changes_unnumbered_idx ON onrecord.changes (id) WHERE pos IS NULL;
CREATE INDEX changes_pos_idx ON onrecord.changes (pos) WHERE pos IS NOT NULL;

-- Numbers what is visible and stands above `above`, `most` rows at the most, in the order in which it was written: a
-- record's own changes are visible in that order. Commits are what makes positions visible, so the session may not do
-- anything else in the transaction, and no other session may number meanwhile.
--
-- `seen`, `oldest` and `newest` say how far later looks may skip. Whoever has taken an id up to `seen` has a transaction
-- id below `newest`, which is that of this look (0: it needed none), taken afterwards. So once a look that was not cut
-- short has an `oldest` above it, whatever stands up to `seen` is numbered, or never comes.
CREATE FUNCTION onrecord.number_changes(
    above bigint, most integer,
    OUT numbered bigint, OUT lag_us bigint, OUT seen bigint, OUT oldest bigint, OUT newest bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET enable_nestloop = off SET enable_mergejoin = off SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
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
        UPDATE onrecord.changes AS change SET pos = (SELECT counter.before FROM counter) + fresh.place
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

COMMENT ON FUNCTION onrecord.number_changes IS
    'Gives changes that have become visible their positions, and tells who listens on onrecord_changes';

-- Whole months go, so that nothing is written for it. A tombstone stays when its month goes (in the default partition):
-- a deleted record answers 410 for ever. What is not numbered yet has not been read by anybody, and stays too.
CREATE FUNCTION onrecord.drop_history(changes_days integer, revisions_days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms'
AS $$
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
$$;

COMMENT ON FUNCTION onrecord.drop_history IS
    'Drops the months of changes and of revisions that are older than so many days, 0: none; answers how many';
