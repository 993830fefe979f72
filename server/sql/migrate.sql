-- The table of migrations: made, read and written by migrate alone.

-- name: migrations_exist
SELECT pg_catalog.to_regclass('onrecord.migrations') IS NOT NULL

-- name: migrations_create
CREATE TABLE IF NOT EXISTS onrecord.migrations (
    version    integer PRIMARY KEY,
    name       text NOT NULL,
    checksum   text NOT NULL,
    admits     integer NOT NULL,
    skipped    boolean NOT NULL DEFAULT false,
    applied_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
)

-- name: migrations_list
SELECT version, name, checksum, admits FROM onrecord.migrations ORDER BY version

-- name: migration_record
INSERT INTO onrecord.migrations (version, name, checksum, admits, skipped)
VALUES ($1::integer, $2, $3, $4::integer, $5::boolean)

-- name: migration_lock
SELECT pg_catalog.pg_try_advisory_lock($1::bigint)

-- name: migrations_schema
DO $$
BEGIN
    -- Not IF NOT EXISTS: that asks for CREATE on the database even where the schema is there.
    IF pg_catalog.to_regnamespace('onrecord') IS NULL THEN
        CREATE SCHEMA onrecord;
    END IF;
END
$$

-- name: migrations_role
-- No row: no such role. Else: is it the owner's own; has it all that it needs.
SELECT role.rolname = current_user,
       pg_catalog.has_schema_privilege(role.oid, 'onrecord', 'USAGE')
       AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_class AS class
           WHERE class.relnamespace = 'onrecord'::regnamespace AND class.relkind IN ('r', 'p')
             AND class.relname <> 'migrations' AND NOT class.relispartition
             AND NOT (pg_catalog.has_table_privilege(role.oid, class.oid, 'SELECT')
                      AND pg_catalog.has_table_privilege(role.oid, class.oid, 'INSERT')
                      AND pg_catalog.has_table_privilege(role.oid, class.oid, 'UPDATE')
                      AND pg_catalog.has_table_privilege(role.oid, class.oid, 'DELETE')))
       AND pg_catalog.has_table_privilege(role.oid, 'onrecord.migrations', 'SELECT'),
       pg_catalog.set_config('onrecord.grantee', role.rolname, false)
FROM pg_catalog.pg_roles AS role
WHERE role.rolname = $1

-- name: migrations_grant
DO $$
DECLARE
    grantee text := pg_catalog.current_setting('onrecord.grantee');
BEGIN
    EXECUTE pg_catalog.format('GRANT USAGE ON SCHEMA onrecord TO %I', grantee);
    EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA onrecord TO %I', grantee);
    EXECUTE pg_catalog.format('REVOKE INSERT, UPDATE, DELETE ON onrecord.migrations FROM %I', grantee);
    EXECUTE pg_catalog.format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA onrecord TO %I', grantee);
    EXECUTE pg_catalog.format('GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA onrecord TO %I', grantee);
END
$$

-- name: database_letters
-- The database's LC_CTYPE, where it knows no letters beyond ASCII.
SELECT datctype FROM pg_catalog.pg_database
WHERE datname = pg_catalog.current_database() AND datlocprovider = 'c' AND datctype IN ('C', 'POSIX')
