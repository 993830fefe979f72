-- 0011: uploads: how far each body of many records came that was sent with an Idempotency-Key, so that the same body
-- sent again goes on behind what was written; and no line counts as written before it is.
-- admits: 1

-- A row is written in the transactions that write the records themselves. Like an answer, it holds nothing of them.

CREATE TABLE onrecord.uploads (
    key_id        bigint NOT NULL,
    path          text NOT NULL,
    key           text NOT NULL,
    run           bigint NOT NULL DEFAULT 1,
    lines         bigint NOT NULL DEFAULT 0,
    beyond        bigint[] NOT NULL DEFAULT '{}',
    bytes         bigint NOT NULL DEFAULT 0,
    digest        bytea,
    counts        bigint[] NOT NULL DEFAULT '{}',
    problems      text NOT NULL DEFAULT '',
    problem_count integer NOT NULL DEFAULT 0,
    problems_more bigint NOT NULL DEFAULT 0,
    updated_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    finished_at   timestamptz,
    PRIMARY KEY (key_id, path, key),
    FOREIGN KEY (key_id, path, key) REFERENCES onrecord.answers ON DELETE CASCADE
);

COMMENT ON TABLE onrecord.uploads IS
    'How far many records that came with an Idempotency-Key came. It goes when the answer of the same key expires';
COMMENT ON COLUMN onrecord.uploads.run IS 'Which request goes on with it; one of before is not to write any more';
COMMENT ON COLUMN onrecord.uploads.lines IS 'So many lines are settled';
COMMENT ON COLUMN onrecord.uploads.beyond IS 'Lines beyond those that are settled, too';
COMMENT ON COLUMN onrecord.uploads.bytes IS 'So much of the body was read by then; what was sent before is known by it';
COMMENT ON COLUMN onrecord.uploads.digest IS 'SHA-256 of those bytes';
COMMENT ON COLUMN onrecord.uploads.counts IS 'Of the lines that are settled: created, updated, unchanged, skipped, failed';
COMMENT ON COLUMN onrecord.uploads.problems IS 'What was wrong with lines, as it is answered: the members of an array';
COMMENT ON COLUMN onrecord.uploads.finished_at IS 'Null: it was broken off, or is under way';

CREATE FUNCTION onrecord.upload_begin(key_id bigint, path text, key text, fingerprint bytea, resource text, kept interval)
RETURNS SETOF onrecord.uploads
LANGUAGE plpgsql AS $$
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

COMMENT ON FUNCTION onrecord.upload_begin IS
    'Takes over where an upload with this key is, from the request that went on with it so far; no row: the key was used '
    'for something else';

CREATE FUNCTION onrecord.refuse_unless(holds boolean, code text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF NOT holds THEN
        RAISE EXCEPTION USING ERRCODE = refuse_unless.code, MESSAGE = CASE refuse_unless.code
            WHEN 'IK001' THEN 'another request goes on with this'
            ELSE 'a line was not written' END;
    END IF;
    RETURN false;
END
$$;

COMMENT ON FUNCTION onrecord.refuse_unless IS
    'False; or fails: with IK001 where another request has taken over, with IK003 where a line that is to count as '
    'written in this transaction was not';
