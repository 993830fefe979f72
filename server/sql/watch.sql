-- What the watch looks at, and what it writes.

-- name: watch_look
-- One row: a mark that changes with the applied migrations; the key that signs cursors; the API keys that work, a line
-- each; where the log of changes stands.
SELECT (SELECT pg_catalog.md5(pg_catalog.string_agg(version || checksum, ' ' ORDER BY version))
        FROM onrecord.migrations),
       (SELECT pg_catalog.encode(cursor_key, 'hex') FROM onrecord.instance),
       (SELECT pg_catalog.string_agg(
                   id || ' ' || scope || ' '
                   || coalesce((extract(epoch FROM least(expires_at, revoked_at)) * 1000000)::bigint,
                               9223372036854775807)
                   || ' ' || pg_catalog.encode(hash, 'hex'),
                   E'\n' ORDER BY id)
        FROM onrecord.api_keys
        WHERE coalesce(least(expires_at, revoked_at) > pg_catalog.now(), true)),
       (SELECT pg_catalog.encode(pg_catalog.uuid_send(epoch), 'hex') FROM onrecord.instance),
       (SELECT changes_last FROM onrecord.instance)

-- name: watch_partitions
SELECT onrecord.ensure_partitions()

-- name: watch_retention
SELECT onrecord.drop_history($1::integer, $2::integer)

-- name: watch_keys_used
UPDATE onrecord.api_keys SET last_used_at = pg_catalog.clock_timestamp()
WHERE id = ANY ($1::bigint[])
  AND coalesce(last_used_at < pg_catalog.clock_timestamp() - interval '1 minute', true)
