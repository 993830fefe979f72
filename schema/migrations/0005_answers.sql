-- 0005: answers that outlive a lost connection: those to an Idempotency-Key, and how a write is found to be done.
-- admits: 1


-- 1. Answers ----------------------------------------------------------------------------------------------------------

-- What was answered to writes that carry an Idempotency-Key, so that the same request gets the same answer again. A row
-- is written in the transaction of the write itself, and says which record at which version was the answer: no
-- content is kept, so that there is nothing to erase with a record. The server makes the answer anew from the record as
-- it was then.

CREATE TABLE onrecord.answers (
    key_id      bigint NOT NULL,
    path        text NOT NULL CHECK (octet_length(path) BETWEEN 1 AND 1000),
    key         text NOT NULL CHECK (char_length(key) BETWEEN 1 AND 255),
    fingerprint bytea CHECK (octet_length(fingerprint) = 32),
    status      smallint NOT NULL CHECK (status BETWEEN 200 AND 299),
    resource    text NOT NULL,
    record_id   bigint,
    version     bigint,
    detail      jsonb,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (key_id, path, key)
);

CREATE INDEX answers_expires_at_idx ON onrecord.answers (expires_at);
CREATE INDEX answers_resource_record_id_idx ON onrecord.answers (resource, record_id);

COMMENT ON TABLE onrecord.answers IS 'What was answered to writes with an Idempotency-Key; rows go when they expire';
COMMENT ON COLUMN onrecord.answers.key_id IS 'API key: nobody else''s requests are answered from here';
COMMENT ON COLUMN onrecord.answers.key IS 'Idempotency-Key';
COMMENT ON COLUMN onrecord.answers.fingerprint IS
    'SHA-256 of what was asked; null: the record was erased, and the key is used up';
COMMENT ON COLUMN onrecord.answers.record_id IS 'The record that was the answer, as it was at this version';
COMMENT ON COLUMN onrecord.answers.detail IS 'What else the answer said, for answers that are more than a record';

CREATE FUNCTION onrecord.answer_guard(key_id bigint, path text, key text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- Not a lock on the row, which is not there yet: a second insert of a key that is not committed would wait.
    IF NOT pg_try_advisory_xact_lock(
            hashtextextended(concat_ws(' ', 'onrecord.answers', answer_guard.key_id, path, key), 0)) THEN
        RAISE EXCEPTION USING ERRCODE = 'IK001', MESSAGE = 'a request with this key is under way';
    END IF;
    -- A statement of its own: it sees what was committed before the lock was free.
    DELETE FROM onrecord.answers AS answer
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

COMMENT ON FUNCTION onrecord.answer_guard IS
    'Lets one write with this key go on until its transaction ends. Fails with IK001 while another is under way, with '
    'IK002 when one was done';

CREATE FUNCTION onrecord.answers_forget(resource text, record_id bigint) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
    UPDATE onrecord.answers AS answer SET fingerprint = NULL, version = NULL, detail = NULL
    WHERE answer.resource = answers_forget.resource AND answer.record_id = answers_forget.record_id;
END;

COMMENT ON FUNCTION onrecord.answers_forget IS
    'For a record that is erased: forgets what was asked. The keys stay used until they expire, so that a request that '
    'is sent again does not bring the record back';


-- 2. Outcomes ---------------------------------------------------------------------------------------------------------

-- What proves that a transaction was committed, for a server whose connection broke meanwhile.

CREATE FUNCTION onrecord.last_change() RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
    RETURN currval('onrecord.changes_id_seq');
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RETURN NULL;
END
$$;

COMMENT ON FUNCTION onrecord.last_change IS 'The id of the change that this session logged last; null: none yet';
