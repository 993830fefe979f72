-- API keys. A key works until the earlier of expires_at and revoked_at; what has no revoked_at is unique by name.

-- name: key_create
INSERT INTO onrecord.api_keys (name, scope, hash, expires_at)
VALUES ($1, $2, pg_catalog.decode($3, 'hex'), timestamptz 'epoch' + $4::bigint * interval '1 microsecond')

-- name: key_ensure
-- A key of that text stays as it is, revoked or not; else it takes the place of the one that has the name.
WITH known AS (
    SELECT FROM onrecord.api_keys WHERE hash = pg_catalog.decode($3, 'hex')
), replaced AS (
    UPDATE onrecord.api_keys SET revoked_at = pg_catalog.clock_timestamp()
    WHERE name = $1 AND revoked_at IS NULL AND NOT EXISTS (SELECT FROM known)
    RETURNING id
)
INSERT INTO onrecord.api_keys (name, scope, hash)
SELECT $1, $2, pg_catalog.decode($3, 'hex')
FROM (SELECT pg_catalog.count(*) FROM replaced) AS first
WHERE NOT EXISTS (SELECT FROM known)
ON CONFLICT DO NOTHING

-- name: key_revoke
UPDATE onrecord.api_keys SET revoked_at = pg_catalog.clock_timestamp()
WHERE name = $1 AND (revoked_at IS NULL OR revoked_at > pg_catalog.clock_timestamp())

-- name: key_rotate
-- The new one lives as long as the old one was meant to.
WITH old AS (
    UPDATE onrecord.api_keys SET revoked_at = pg_catalog.clock_timestamp() + $2::bigint * interval '1 second'
    WHERE name = $1 AND revoked_at IS NULL
    RETURNING name, scope, expires_at - created_at AS life
)
INSERT INTO onrecord.api_keys (name, scope, hash, expires_at)
SELECT name, scope, pg_catalog.decode($3, 'hex'), pg_catalog.clock_timestamp() + life FROM old

-- name: key_list
SELECT id, name, scope, created_at, expires_at, revoked_at, last_used_at,
       CASE WHEN revoked_at <= pg_catalog.clock_timestamp() THEN 'revoked'
            WHEN expires_at <= pg_catalog.clock_timestamp() THEN 'expired'
            WHEN revoked_at IS NOT NULL THEN 'ending'
            ELSE 'valid' END AS state
FROM onrecord.api_keys
ORDER BY id
