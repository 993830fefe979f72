"""`onrecord backup` and `onrecord restore`: all that is on record goes to a file and comes back, whole or not at all."""

import contextlib
import os
import pathlib
import subprocess
import tempfile

import pytest
import service

pytestmark = pytest.mark.own_server
TABLES = ["sources", "articles", "speakers", "quotes", "events", "via", "mentions", "affiliations", "participants",
          "article_events", "quote_abouts", "revisions", "changes", "api_keys", "migrations"]  # fmt: skip


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="onrecord-backup-") as made:
        yield pathlib.Path(made)


@pytest.fixture
def database(cluster):
    """A maker of databases, empty ones, which are gone afterwards."""
    made = []

    def make():
        made.append(f"restored_{os.getpid()}_{next(service.numbers)}")
        cluster.psql("postgres", f"CREATE DATABASE {made[-1]}")
        return made[-1]

    yield make
    for name in made:
        cluster.psql("postgres", f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def written(api):
    """A record with some history."""
    source = api.make("sources", name="Backed Up", extra={"a": ["\u2028", "\\", "\t"]})
    assert api.patch(f"/sources/{source['id']}", json={"country": "NL"}).status_code == 200
    gone = api.make("speakers", name="Gone")
    assert api.delete(f"/speakers/{gone['id']}").status_code == 204
    api.post("/speakers", json={"name": "Keyed"}, headers={"Idempotency-Key": "k"})
    return api


def contents(cluster, database):
    """All rows of all tables, and what stands behind them."""
    rows = {table: cluster.psql(database, f"SELECT to_jsonb(t) - 'last_used_at' FROM onrecord.{table} AS t ORDER BY 1")
            for table in TABLES}  # fmt: skip
    rows["cursor_key"] = cluster.psql(database, "SELECT cursor_key FROM onrecord.instance")
    rows["sequences"] = cluster.psql(database, "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'onrecord' "
                                               "ORDER BY 1")  # fmt: skip
    return rows


def epoch(cluster, database):
    return cluster.psql(database, "SELECT epoch FROM onrecord.instance")


def restore(cluster, database, *arguments, **more):
    return service.command("restore", *map(str, arguments), url=cluster.url(database), **more)


def refused(done, words):
    assert done.returncode == 1, done.stderr
    assert words in done.stderr
    return done


def test_round_trip(written, cluster, folder, database):
    """Beside a running server into an empty database, and served from there."""
    file = folder / "record.dump"
    service.command("backup", str(file), url=cluster.url(written.database))
    assert [path.name for path in folder.iterdir()] == ["record.dump"]
    assert file.stat().st_mode & 0o777 == 0o600
    name = database()
    restore(cluster, name, file)
    assert contents(cluster, name) == contents(cluster, written.database)
    assert epoch(cluster, name) != epoch(cluster, written.database)
    assert cluster.psql(name, "SELECT count(*) FROM onrecord.answers") == [["0"]]
    server = service.Server(cluster.url(name))
    try:
        api = service.Api(server.base, written.keys, server, cluster, name)
        for path in ("/sources/3", "/quotes/3?include=speaker", "/speakers?q=Hakkani", "/search?q=russia"):
            assert api.read(path) == written.read(path)
        assert api.get("/speakers/18").status_code == written.get("/speakers/18").status_code
        assert api.make("sources", name="Afterwards")["id"] == 4
        assert service.command("migrate", url=cluster.url(name)).stdout == "The schema is up to date; nothing to do.\n"
    finally:
        server.stop()


def test_through_a_pipe(written, cluster, database):
    url = cluster.url(written.database)
    env = {**service.clean_environment(), "DATABASE_URL": url}
    made = subprocess.run([str(service.BINARY), "backup", "-"], env=env, capture_output=True, check=True)
    assert made.stdout.startswith(b"PGDMP")
    name = database()
    env["DATABASE_URL"] = cluster.url(name)
    subprocess.run([str(service.BINARY), "restore", "-"], env=env, input=made.stdout, capture_output=True, check=True)
    assert contents(cluster, name) == contents(cluster, written.database)


def test_it_replaces_nothing_unless_told_to(written, cluster, folder, database):
    file = folder / "record.dump"
    service.command("backup", str(file), url=cluster.url(written.database))
    name = database()
    service.command("migrate", url=cluster.url(name))
    before, was = contents(cluster, name), epoch(cluster, name)
    refused(restore(cluster, name, file, check=False), "There are records in this database. --replace deletes them")
    assert (contents(cluster, name), epoch(cluster, name)) == (before, was)
    assert "NOTICE" not in restore(cluster, name, file, "--replace").stderr
    assert contents(cluster, name) == contents(cluster, written.database)


def test_a_schema_without_records_is_filled(written, cluster, folder, database):
    file = folder / "record.dump"
    service.command("backup", str(file), url=cluster.url(written.database))
    name = database()
    service.command("migrate", url=cluster.url(name), env={"ONRECORD_SEED": "0"})
    restore(cluster, name, file)
    assert contents(cluster, name) == contents(cluster, written.database)


def test_what_is_cut_or_no_backup_changes_nothing(written, cluster, folder, database):
    file = folder / "record.dump"
    service.command("backup", str(file), url=cluster.url(written.database))
    whole = file.read_bytes()
    name = database()
    service.command("migrate", url=cluster.url(name))
    before, was = contents(cluster, name), epoch(cluster, name)
    wrong = [whole[: len(whole) * part // 10] for part in range(10)] + [whole[:-1], b"", b"nonsense", b"PGDMP", b"SELECT 1;\n"]
    for data in wrong:
        file.write_bytes(data)
        refused(restore(cluster, name, file, "--replace", check=False), "Nothing was changed.")
    assert (contents(cluster, name), epoch(cluster, name)) == (before, was)
    assert cluster.psql(name, "SELECT count(*) FROM pg_namespace WHERE nspname = 'onrecord'") == [["1"]]


def test_another_schemas_dump_changes_nothing(cluster, folder, database):
    name = database()
    cluster.psql(name, "CREATE TABLE public.mine (id integer)")
    file = folder / "other.dump"
    subprocess.run([str(cluster.bin / "pg_dump"), "-Fc", "-f", str(file), cluster.url(name)], check=True)
    service.command("migrate", url=cluster.url(name))
    before = contents(cluster, name)
    refused(restore(cluster, name, file, "--replace", check=False), "Nothing was changed.")
    assert contents(cluster, name) == before


def test_not_beside_a_running_server(written, cluster, folder):
    file = folder / "record.dump"
    service.command("backup", str(file), url=cluster.url(written.database))
    refused(restore(cluster, written.database, file, "--replace", check=False), "A server is running on this database: stop it first.")
    assert written.read("/sources/3")["name"] == "Backed Up"


def test_what_others_have_built_is_not_torn_down(written, cluster, folder, database):
    file = folder / "record.dump"
    service.command("backup", str(file), url=cluster.url(written.database))
    name = database()
    service.command("migrate", url=cluster.url(name))
    cluster.psql(name, "CREATE VIEW public.spoken AS SELECT text FROM onrecord.quotes")
    done = refused(restore(cluster, name, file, "--replace", check=False), "Others have built on the schema onrecord")
    assert "public.spoken" in done.stderr
    cluster.psql(name, "DROP VIEW public.spoken; CREATE TABLE public.names (name text); "
                       "CREATE INDEX names_idx ON public.names USING gin (name onrecord.gin_trgm_ops)")  # fmt: skip
    done = refused(restore(cluster, name, file, "--replace", check=False), "Others have built on the schema onrecord")
    assert "public.names_idx" in done.stderr
    cluster.psql(name, "DROP INDEX public.names_idx")
    restore(cluster, name, file, "--replace")


def test_two_roles(written, cluster, folder, database):
    """The owner's role restores, and the server's own may serve what it finds."""
    file = folder / "record.dump"
    service.command("backup", str(file), url=cluster.url(written.database))
    name = database()
    for role in ("backup_owner", "backup_server"):
        cluster.psql("postgres", f"DROP ROLE IF EXISTS {role}; CREATE ROLE {role} LOGIN")
    cluster.psql("postgres", f"ALTER DATABASE {name} OWNER TO backup_owner")
    owner, own = (cluster.url(name).replace("onrecord@", f"{role}@") for role in ("backup_owner", "backup_server"))
    try:
        service.command("restore", str(file), env={"DATABASE_URL": own, "ONRECORD_MIGRATE_URL": owner})
        again = folder / "again.dump"
        service.command("backup", str(again), env={"DATABASE_URL": own, "ONRECORD_MIGRATE_URL": owner})
        assert again.stat().st_size > 10000
        server = service.Server(own)
        try:
            api = service.Api(server.base, written.keys, server, cluster, name)
            assert api.read("/sources/3") == written.read("/sources/3")
            api.make("sources", name="By the lesser role")
        finally:
            server.stop()
    finally:
        cluster.psql(name, "DROP SCHEMA onrecord CASCADE")
        cluster.psql("postgres", f"ALTER DATABASE {name} OWNER TO onrecord; DROP ROLE backup_owner; DROP ROLE backup_server")


def test_a_backup_that_fails_leaves_the_earlier_one(cluster, folder, database):
    file = folder / "record.dump"
    file.write_bytes(b"the one before")
    done = service.command("backup", str(file), url=cluster.url(database()), check=False)
    refused(done, "pg_dump has failed")
    assert [path.name for path in folder.iterdir()] == ["record.dump"]
    assert file.read_bytes() == b"the one before"
    done = service.command("backup", str(folder / "none" / "x"), url=cluster.url(database()), check=False)
    refused(done, "cannot be written: No such file or directory.")


def children(pid):
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError):
            if entry.name.isdigit() and int((entry / "stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[1]) == pid:
                yield entry


def test_no_secret_in_an_argument(cluster, database, folder):
    """A password goes to pg_dump in its environment, which other users cannot read."""
    name = database()
    service.command("migrate", url=cluster.url(name))
    url = cluster.url(name).replace("onrecord@", "onrecord:s3cret@")
    psql = [str(cluster.bin / "psql"), "-X", "-q", "-d", cluster.url(name)]
    with subprocess.Popen(psql, stdin=subprocess.PIPE, text=True) as other:
        other.stdin.write("BEGIN; LOCK TABLE onrecord.sources IN ACCESS EXCLUSIVE MODE;\n")
        other.stdin.flush()
        service.until(lambda: cluster.psql(name, "SELECT 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted "
                                                 "AND relation = 'onrecord.sources'::regclass"), 5, "the lock")  # fmt: skip
        env = {**service.clean_environment(), "DATABASE_URL": url}
        with subprocess.Popen([str(service.BINARY), "backup", str(folder / "x")], env=env) as made:
            dumps = lambda: [one for one in children(made.pid) if b"--schema=onrecord" in (one / "cmdline").read_bytes()]  # noqa: E731
            dump = service.until(dumps, 10, "pg_dump")[0]
            for process in (dump, pathlib.Path(f"/proc/{made.pid}")):
                assert b"s3cret" not in (process / "cmdline").read_bytes()
            assert b"PGPASSWORD=s3cret" in (dump / "environ").read_bytes().split(b"\0")
            other.stdin.write("ROLLBACK;\n\\q\n")
            other.stdin.flush()
            assert made.wait(60) == 0


@pytest.mark.parametrize("arguments, words", [
    (["backup"], "say which FILE; `-` is standard output."),
    (["restore"], "say which FILE; `-` is standard input."),
    (["restore", ""], "say which FILE"),
    (["backup", "a", "b"], '"b" is one word too many.'),
    (["backup", "a", "--replace"], "--replace"),
    (["restore", "a", "--nonsense=1"], "--nonsense"),
])  # fmt: skip
def test_misuse(arguments, words):
    done = service.command(*arguments, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr


@pytest.mark.parametrize("name", ["backup", "restore"])
def test_help(name):
    assert service.command(name, "--help").stdout.startswith(f"Usage: onrecord {name} FILE")
    assert f"  {name}" in service.command("help").stdout


def test_a_file_that_is_not_there(cluster, database):
    refused(restore(cluster, database(), "/nowhere/record.dump", check=False),
            "/nowhere/record.dump cannot be read: No such file or directory.")  # fmt: skip


def test_the_embedded_database(folder):
    """Beside its server, and while there is none: it is started for that."""
    env = {"ONRECORD_DATA_DIR": str(folder / "one")}
    folder.chmod(0o755)
    file = folder / "record.dump"
    service.command("migrate", env=env)
    service.command("backup", str(file), env=env)
    other = {"ONRECORD_DATA_DIR": str(folder / "two")}
    service.command("restore", str(file), env=other)
    refused(service.command("restore", str(file), env=other, check=False), "--replace")
    service.command("restore", str(file), "--replace", env=other)
    key = service.command("key", "list", env=other, check=False)
    assert "no server runs on the data folder" in key.stderr
