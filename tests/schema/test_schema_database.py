"""The schema as a whole: migrations, schema.sql, partitions, the rights of a server, one-of-a-kind rows."""

import os
import re
import subprocess

import pytest
from schema_database import MIGRATIONS, ROOT, SqlError, is_seed

TABLES = ("sources", "articles", "speakers", "events", "quotes")
DUMP = ROOT / "schema/dump"


# Migrations


def test_migrations_are_numbered_without_gaps_and_say_what_they_admit():
    for number, migration in enumerate(MIGRATIONS, 1):
        assert re.match(rf"{number:04}_[a-z0-9_]+\.sql$", migration.name)
        header = re.match(r"(--.*\n)+", migration.read_text(encoding="utf-8"))[0]
        (admits,) = re.findall(r"^-- admits: (\d+)$", header, re.M)
        assert 1 <= int(admits) <= number


def test_migrations_hold_no_transaction_of_their_own():
    for migration in MIGRATIONS:
        text = migration.read_text(encoding="utf-8")
        assert not re.search(r"^(BEGIN|COMMIT|ROLLBACK|START TRANSACTION)\s*;", text, re.M), migration.name
        assert not re.search(r"^\\", text, re.M), f"{migration.name}: psql's own commands"


def test_without_the_seed_there_is_nothing(empty):
    empty.migrate(seed=False)
    tables = empty.values("""SELECT relname FROM pg_class WHERE relnamespace = 'onrecord'::regnamespace
                             AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'instance'""")
    assert set(TABLES) < set(tables)
    for table in tables:
        assert empty.value(f"SELECT count(*) FROM onrecord.{table}") == 0, table
    assert empty.value("INSERT INTO onrecord.sources (name) VALUES ('MNTV') RETURNING id") == 1


def test_the_schema_may_be_there_before(empty):
    empty.run("CREATE SCHEMA onrecord; CREATE TABLE onrecord.migrations (version integer PRIMARY KEY)")
    empty.migrate()
    assert empty.value("SELECT count(*) FROM onrecord.quotes") == 15


def test_nothing_is_put_outside_the_schema(seeded):
    assert seeded.values("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace") == []
    assert seeded.values("SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace") == []
    extensions = seeded.rows("SELECT extname, extnamespace::regnamespace AS schema FROM pg_extension ORDER BY extname")
    assert [(row["extname"], row["schema"]) for row in extensions if row["extname"] != "plpgsql"] == [
        ("pg_trgm", "onrecord"), ("unaccent", "onrecord")]  # fmt: skip


@pytest.mark.parametrize(
    "allowed",
    [
        "GRANT CREATE ON DATABASE {database} TO {owner}",
        "CREATE SCHEMA onrecord; GRANT USAGE, CREATE ON SCHEMA onrecord TO {owner}; "
        "CREATE EXTENSION pg_trgm SCHEMA onrecord; CREATE EXTENSION unaccent SCHEMA onrecord",
        # Where somebody else has them already.
        "CREATE SCHEMA onrecord; GRANT USAGE, CREATE ON SCHEMA onrecord TO {owner}; "
        "CREATE EXTENSION pg_trgm SCHEMA public; CREATE SCHEMA tools; CREATE EXTENSION unaccent SCHEMA tools; "
        "GRANT USAGE ON SCHEMA tools TO {owner}",
    ],
)
def test_a_role_without_a_superuser_s_rights_can_migrate(cluster, empty, allowed):
    owner = f"onrecord_owner_{os.getpid()}"
    cluster.maintenance(f"CREATE ROLE {owner}")
    try:
        empty.run(allowed.format(database=empty.name, owner=owner))
        empty.env["PGOPTIONS"] += f" -c role={owner}"
        empty.close()
        empty.migrate()
        assert empty.value("SELECT count(*) FROM onrecord.quotes WHERE search @@ 'russia'") == 3
        assert empty.value("SELECT onrecord.name_fold('Müller, Jośe')") == "muller jose"
        assert empty.value("SELECT count(*) FROM onrecord.speaker_names WHERE onrecord.names_alike('kabulof', rest)") > 0
    finally:
        cluster_wide = type(empty)(cluster.env, empty.name)
        cluster_wide.run(f"DROP OWNED BY {owner} CASCADE")
        cluster_wide.close()
        cluster.maintenance(f"DROP ROLE {owner}")


def test_a_role_that_may_not_create_a_missing_extension_is_told(cluster, empty):
    owner = f"onrecord_owner_{os.getpid()}"
    cluster.maintenance(f"CREATE ROLE {owner}")
    try:
        empty.run(f"CREATE SCHEMA onrecord; GRANT USAGE, CREATE ON SCHEMA onrecord TO {owner}")
        empty.env["PGOPTIONS"] += f" -c role={owner}"
        empty.close()
        with pytest.raises(SqlError, match="run CREATE EXTENSION pg_trgm SCHEMA onrecord"):
            empty.migrate()
    finally:
        cluster_wide = type(empty)(cluster.env, empty.name)
        cluster_wide.run(f"DROP OWNED BY {owner} CASCADE")
        cluster_wide.close()
        cluster.maintenance(f"DROP ROLE {owner}")


def test_schema_sql_is_what_the_migrations_add_up_to(cluster):
    made = subprocess.run([DUMP, "-"], env=cluster.env, capture_output=True, text=True, check=True).stdout
    assert made == (ROOT / "schema/schema.sql").read_text(encoding="utf-8"), "run schema/dump"


def test_tables_and_what_is_not_plain_in_them_are_explained(seeded):
    bare = seeded.values("""SELECT relname FROM pg_class WHERE relnamespace = 'onrecord'::regnamespace
                            AND relkind IN ('r', 'p') AND NOT relispartition
                            AND obj_description(oid, 'pg_class') IS NULL""")
    assert bare == []


def test_functions_that_act_for_the_owner_fix_their_search_path(seeded):
    loose = seeded.values("""SELECT proname FROM pg_proc WHERE pronamespace = 'onrecord'::regnamespace AND prosecdef
                             AND NOT 'search_path=pg_catalog, pg_temp' = ANY (coalesce(proconfig, '{}'))""")
    assert loose == []


def test_record_tables_have_the_same_head_and_tail(seeded):
    common = {
        "id": "bigint", "external_id": "text", "created_at": "timestamp with time zone",
        "updated_at": "timestamp with time zone", "version": "bigint", "extra": "jsonb", "changed_by": "bigint",
        "change_actor": "text", "change_reason": "text",
    }  # fmt: skip
    for table in TABLES:
        columns = {
            row["column_name"]: row["data_type"]
            for row in seeded.rows(f"""SELECT column_name, data_type FROM information_schema.columns
                                       WHERE table_schema = 'onrecord' AND table_name = '{table}'""")
        }
        assert {name: columns.get(name) for name in common} == common
        triggers = seeded.values(f"SELECT tgname FROM pg_trigger WHERE tgrelid = 'onrecord.{table}'::regclass")
        assert {"before_1_named", "before_3_update", "after_1_log", "after_1_log_made"} <= set(triggers)


def test_gin_indexes_are_written_at_once_or_in_short_lists(seeded):
    """A long pending list makes one insert in many slow."""
    rows = seeded.rows("""SELECT relname, coalesce(reloptions, '{}') AS options FROM pg_class JOIN pg_am ON pg_am.oid = relam
                          WHERE amname = 'gin' AND relnamespace = 'onrecord'::regnamespace""")
    assert rows
    for row in rows:
        words = row["relname"].endswith("_search_idx")
        assert set(row["options"]) == ({"fastupdate=on", "gin_pending_list_limit=64"} if words else {"fastupdate=off"}), row


def pages_read(db, query):
    plan = db.run(f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) {query}")
    return int(re.search(r"Buffers: shared hit=(\d+)", plan)[1])  # of the whole, before what planning read


@pytest.mark.parametrize(("kilobytes", "beside"), [(2, False), (3, False), (6, True)])
def test_a_body_of_some_length_lies_in_its_row(db, kilobytes, beside):
    """Whoever reads it walks no second index. (Of what is compressed, the compressed length counts; this cannot be.)"""
    row = "FROM onrecord.articles WHERE id = " + str(
        db.value(f"""INSERT INTO onrecord.articles (headline, body)
                     SELECT 'Long', string_agg(md5(i::text), ' ') FROM generate_series(1, {kilobytes * 1000} / 33) AS i
                     RETURNING id"""))  # fmt: skip
    db.run(f"SELECT headline, body {row}")  # into the buffers
    assert (pages_read(db, f"SELECT length(body) {row}") > pages_read(db, f"SELECT length(headline) {row}")) == beside


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("articles WHERE published_at > now() ORDER BY published_at DESC, id DESC LIMIT 20", "articles_published_at_id_idx"),
        ("articles WHERE published_at IS NULL ORDER BY id LIMIT 20", "articles_published_at_id_idx"),
        ("articles WHERE keywords @> '{diplomacy}'", "articles_keywords_idx"),
        ("quotes WHERE speaker_id = 3 ORDER BY id LIMIT 20", "quotes_speaker_id_id_idx"),
        ("quotes WHERE article_id = 3 ORDER BY id DESC LIMIT 20", "quotes_article_id_id_idx"),
        ("quotes WHERE speaker_id = 3 AND published_at IS NOT NULL ORDER BY published_at DESC, id DESC LIMIT 20",
         "quotes_speaker_id_published_at_id_idx"),
        ("quotes WHERE status = 'proposed' ORDER BY id LIMIT 20", "quotes_status_id_idx"),
        ("quotes WHERE event_id = 3 ORDER BY id LIMIT 20", "quotes_event_id_idx"),
        ("quotes WHERE relayed_by_id = ANY ('{3}')", "quotes_relayed_by_id_idx"),
        ("quotes WHERE continues_id = ANY ('{3}')", "quotes_continues_id_idx"),
        ("quotes WHERE said_on_first IS NOT NULL ORDER BY said_on_first, id LIMIT 20", "quotes_said_on_first_id_idx"),
        ("quotes WHERE (created_at, id) > (now(), 4) ORDER BY created_at, id LIMIT 20", "quotes_created_at_id_idx"),
        ("speakers WHERE name = 'Russia'", "speakers_name_id_idx"),
        ("speakers WHERE aliases @> '{Russia}'", "speakers_aliases_idx"),
        ("mentions WHERE speaker_id = 3", "mentions_speaker_id_idx"),
        ("revisions WHERE resource = 'quotes' AND record_id = 3 ORDER BY version DESC", "revisions_default_pkey"),
    ],
)
def test_what_lists_ask_for_has_an_index(db, query, index):
    # Enough articles that a walk along the primary key costs more.
    db.run("""INSERT INTO onrecord.articles (headline, published_at)
              SELECT 'One of many', now() FROM generate_series(1, 500)""")
    db.run("SET LOCAL enable_seqscan = off")
    assert index in db.run(f"EXPLAIN SELECT * FROM onrecord.{query}")


@pytest.mark.parametrize("table", TABLES)
def test_records_are_not_emptied_past_their_history(seeded, table):
    assert seeded.refused(f"TRUNCATE onrecord.{table} CASCADE")[0] == "55000"
    assert seeded.value(f"SELECT count(*) FROM onrecord.{table}") > 0


# Partitions


def partitions(db, table):
    return db.values(f"""SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'onrecord.{table}'::regclass
                         ORDER BY 1""")


def test_there_is_a_partition_for_this_month_and_the_next_two(seeded):
    for table in ("revisions", "changes"):
        months = seeded.values("""SELECT to_char(date_trunc('month', now() AT TIME ZONE 'UTC') + i * interval '1 month',
                                                 'YYYY_MM') FROM generate_series(0, 2) AS i""")
        assert partitions(seeded, table) == [f"onrecord.{table}_{part}" for part in (*months, "default")]
    assert seeded.value("SELECT onrecord.ensure_partitions()") == 0


def test_the_log_goes_to_its_month(seeded):
    used = seeded.values("SELECT DISTINCT tableoid::regclass::text FROM onrecord.changes")
    assert used == [seeded.value("SELECT to_char(now() AT TIME ZONE 'UTC', '\"onrecord.changes_\"YYYY_MM')")]


def test_what_the_default_partition_caught_moves_to_its_month(db):
    this_month = db.value("SELECT to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM')")
    db.run(f"DROP TABLE onrecord.changes_{this_month}, onrecord.revisions_{this_month}")
    db.run("""INSERT INTO onrecord.changes (resource, record_id, operation, version, changed_at)
              VALUES ('quotes', 1, 'insert', 1, '2001-01-01');
              UPDATE onrecord.quotes SET cue = 'x'""")
    where = "SELECT DISTINCT tableoid::regclass::text AS t FROM onrecord.{} ORDER BY 1"
    assert db.values(where.format("changes")) == ["onrecord.changes_default"]
    assert db.values(where.format("revisions")) == ["onrecord.revisions_default"]
    db.run("SET LOCAL timezone = 'America/New_York'")
    assert db.value("SELECT onrecord.ensure_partitions()") == 2
    assert db.values(where.format("changes")) == [f"onrecord.changes_{this_month}", "onrecord.changes_default"]
    assert db.values(where.format("revisions")) == [f"onrecord.revisions_{this_month}"]
    assert db.value("SELECT count(*) FROM onrecord.changes") == 16
    db.run("UPDATE onrecord.quotes SET cue = 'y'")
    assert db.value("SELECT count(*) FROM ONLY onrecord.changes_default") == 1


# The server's own role


def test_a_server_that_owns_nothing_can_do_its_work(db):
    role = f"onrecord_server_{os.getpid()}"
    db.run(f"""CREATE ROLE {role};
               GRANT USAGE ON SCHEMA onrecord TO {role};
               GRANT SELECT ON ALL TABLES IN SCHEMA onrecord TO {role};
               GRANT INSERT, UPDATE, DELETE ON onrecord.sources, onrecord.articles, onrecord.speakers, onrecord.events,
                   onrecord.quotes, onrecord.api_keys TO {role};
               SET LOCAL ROLE {role}""")
    db.run("""INSERT INTO onrecord.sources (name) VALUES ('x');
              INSERT INTO onrecord.articles (id, url, via, mentions)
              SELECT 99, 'https://example.org/x', via, mentions FROM onrecord.articles;
              INSERT INTO onrecord.speakers (id, name, affiliations, part_of_id)
              SELECT 99, 'x', affiliations, 5 FROM onrecord.speakers WHERE id = 9;
              INSERT INTO onrecord.events (id, name, participants, article_ids)
              VALUES (99, 'x', '[{"speaker_id": 99, "role": null}]', '{99}');
              INSERT INTO onrecord.quotes (id, article_id, text, about_ids) VALUES (99, 99, 'x', '{99}');
              UPDATE onrecord.articles SET published_at = now(), mentions = '[]' WHERE id = 99;
              INSERT INTO onrecord.api_keys (name, hash, scope) VALUES ('x', sha256('x'), 'write')""")
    followed = db.row("SELECT version, published_at IS NULL AS undated FROM onrecord.quotes WHERE id = 99")
    assert followed == {"version": 2, "undated": False}
    assert db.value("SELECT count(*) FROM onrecord.changes WHERE record_id = 99") == 6
    assert db.value("SELECT count(*) FROM onrecord.mentions WHERE article_id = 99") == 0
    for table in ("quotes", "events", "articles", "speakers"):
        db.run(f"DELETE FROM onrecord.{table} WHERE id = 99")
    assert db.value("SELECT count(*) FROM onrecord.revisions WHERE record_id = 99 AND state IS NULL") == 4
    assert db.value("SELECT onrecord.ensure_partitions()") == 0
    for forged in (
        "INSERT INTO onrecord.changes (resource, record_id, operation, version) VALUES ('quotes', 1, 'insert', 1)",
        "DELETE FROM onrecord.revisions",
        "INSERT INTO onrecord.mentions VALUES (1, 9, 9)",
        "UPDATE onrecord.instance SET epoch = gen_random_uuid()",
    ):
        assert db.refused(forged)[0] == "42501"


CASCADE = "SELECT onrecord.record_cascade('articles', 1, 1); DELETE FROM onrecord.articles WHERE id = 1"


def test_who_may_write_records_may_cascade_but_not_erase(db):
    role = f"onrecord_server_{os.getpid()}"
    db.run(f"""CREATE ROLE {role};
               GRANT USAGE ON SCHEMA onrecord TO {role};
               GRANT SELECT ON ALL TABLES IN SCHEMA onrecord TO {role};
               GRANT INSERT, UPDATE, DELETE ON onrecord.sources, onrecord.articles, onrecord.speakers, onrecord.events,
                   onrecord.quotes TO {role};
               SET LOCAL ROLE {role}""")
    db.run(CASCADE)
    assert db.refused("SELECT onrecord.record_purge('articles', 1, true)")[0] == "42501"


def test_a_server_with_what_migrate_grants_can_restore_and_erase(db):
    role = f"onrecord_server_{os.getpid()}"
    db.run(f"""CREATE ROLE {role};
               GRANT USAGE ON SCHEMA onrecord TO {role};
               GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA onrecord TO {role};
               SET LOCAL ROLE {role}""")
    db.run(CASCADE)
    db.run("INSERT INTO onrecord.articles (id, headline, version) VALUES (1, 'h', 3)")
    assert db.value("SELECT bool_and(returned) FROM onrecord.act_undo('articles', 1, 2)")
    assert db.value("SELECT count(*) FROM onrecord.quotes") == 15
    db.run(CASCADE.replace("1, 1", "1, 3"))
    db.run("SELECT onrecord.record_purge('articles', 1, true)")
    assert db.value("SELECT count(*) FROM onrecord.revisions WHERE erased") == 16


# Keys, what is one of a kind, guarded writes


@pytest.mark.parametrize("lost", ["false", "NULL"])
def test_a_lost_guard_is_a_transaction_to_try_again(db, lost):
    db.run("SELECT onrecord.guard(true)")
    assert db.refused(f"SELECT onrecord.guard({lost})")[0] == "40001"


def test_a_name_is_for_one_key_that_lives(db):
    key = "INSERT INTO onrecord.api_keys (name, hash, scope) VALUES ('press', sha256('{}'), 'write')"
    db.run(key.format("a"))
    assert db.refused(key.format("b")) == ("23505", "api_keys_name_key")
    db.run("UPDATE onrecord.api_keys SET revoked_at = now() + interval '1 day' WHERE name = 'press'")
    db.run(key.format("b"))
    assert db.refused("INSERT INTO onrecord.api_keys (name, hash, scope) VALUES ('other', sha256('a'), 'read')") == (
        "23505",
        "api_keys_hash_key",
    )


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ("'', sha256('a'), 'read'", "api_keys_name_check"),
        ("repeat('x', 101), sha256('a'), 'read'", "api_keys_name_check"),
        ("'x', 'short', 'read'", "api_keys_hash_check"),
        ("'x', sha256('a'), 'root'", "api_keys_scope_check"),
    ],
)
def test_keys_that_are_refused(db, values, constraint):
    assert db.refused(f"INSERT INTO onrecord.api_keys (name, hash, scope) VALUES ({values})") == ("23514", constraint)


def test_an_instance_is_one_and_unlike_others(db, empty):
    empty.migrate(seed=False)
    mine, other = (database.row("SELECT epoch, cursor_key FROM onrecord.instance") for database in (db, empty))
    assert mine["epoch"] != other["epoch"] and mine["cursor_key"] != other["cursor_key"]
    assert len(bytes.fromhex(mine["cursor_key"].removeprefix("\\x"))) == 32
    assert db.refused("INSERT INTO onrecord.instance DEFAULT VALUES") == ("23505", "instance_pkey")
    assert db.refused("INSERT INTO onrecord.instance (only_one) VALUES (false)") == ("23514", "instance_only_one_check")
