-- Backups: db/archive.c makes and restores them.

-- name: serving_lock
-- Every server holds it as long as it serves, all of them together; a restore needs it for itself.
SELECT pg_catalog.pg_try_advisory_lock_shared(pg_catalog.hashtextextended('onrecord.serving', 0))

-- name: archive_lock
SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended('onrecord.serving', 0))

-- name: archive_schema
SELECT pg_catalog.to_regclass('onrecord.sources') IS NOT NULL

-- name: archive_records
SELECT EXISTS (SELECT FROM onrecord.sources) OR EXISTS (SELECT FROM onrecord.articles)
    OR EXISTS (SELECT FROM onrecord.speakers) OR EXISTS (SELECT FROM onrecord.quotes)
    OR EXISTS (SELECT FROM onrecord.events)

-- name: archive_dependents
-- What other people have made of ours: views, foreign keys, indexes with our extensions. Some of it, by name.
SELECT pg_catalog.string_agg(DISTINCT dependent.type || ' ' || dependent.identity, ', ')
  FROM (
           SELECT of.type, of.identity
             FROM pg_catalog.pg_depend AS depends
             CROSS JOIN LATERAL pg_catalog.pg_identify_object(depends.refclassid, depends.refobjid, 0) AS ours
             CROSS JOIN LATERAL pg_catalog.pg_identify_object(depends.classid, depends.objid, 0) AS of
            WHERE depends.deptype IN ('n', 'a')
              AND depends.refobjid >= 16384
              AND ours.schema = 'onrecord'
              AND CASE WHEN of.schema IS NULL THEN of.identity !~ ' on onrecord[.]' AND of.identity ~ ' on '
                       ELSE of.schema NOT IN ('onrecord', 'pg_toast') END
            LIMIT 5
       ) AS dependent

-- name: archive_begin
-- What a restore runs before what is in the backup, in one transaction with it.
BEGIN;
SET LOCAL lock_timeout = '30s';
SET LOCAL client_min_messages = warning; -- what goes with the schema is no news
DROP SCHEMA IF EXISTS onrecord CASCADE;
CREATE SCHEMA onrecord;
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA onrecord;
CREATE EXTENSION IF NOT EXISTS unaccent SCHEMA onrecord;

-- name: archive_commit
-- And behind it. Tokens of the change log from before are refused from now on.
UPDATE onrecord.instance SET epoch = pg_catalog.gen_random_uuid();
COMMIT;
