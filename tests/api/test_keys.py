"""`onrecord key`, `migrate`, `version`: the command line."""

import json
import re
import stat

import pytest
import service

pytestmark = pytest.mark.own_server
KEY = r"onr_[A-Za-z0-9_-]{43}"


@pytest.fixture
def run(api):
    return lambda *words, check=True: service.command("key", *words, url=api.server.database_url, check=check)


def works(api, key):
    """The status of a write without a body's values: 422 when the key is good."""
    return api.post("/sources", key=key, json={}).status_code


def test_create_prints_the_key_and_nothing_else(api, run):
    done = run("create", "desk", "--scope", "write")
    assert re.fullmatch(KEY + "\n", done.stdout)
    assert done.stderr == ""
    service.until(lambda: works(api, done.stdout.strip()) == 422, 1.5, "the key's start")


def test_names_are_there_once(run):
    run("create", "desk", "--scope", "read")
    done = run("create", "desk", "--scope", "read", check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "desk" in done.stderr
    run("revoke", "desk")
    run("create", "desk", "--scope", "read")  # free again


def test_list(run):
    made = run("create", "desk", "--scope", "write", "--expires", "90d").stdout.strip()
    table = run("list").stdout
    assert "desk" in table and "write" in table and made not in table
    entry = next(key for key in json.loads(run("list", "--json").stdout) if key["name"] == "desk")
    assert entry["scope"] == "write"
    assert entry["expires_at"] is not None
    assert entry["revoked_at"] is None
    assert not any("onr_" in str(value) or "hash" in name for name, value in entry.items())


def test_revoke(api, run):
    key = run("create", "desk", "--scope", "write").stdout.strip()
    service.until(lambda: works(api, key) == 422, 1.5, "the key's start")
    run("revoke", "desk")
    service.until(lambda: works(api, key) == 401, 1, "the key's end")
    done = run("revoke", "nobody", check=False)
    assert done.returncode == 1 and "nobody" in done.stderr


def test_rotate_with_grace(api, run):
    old = run("create", "desk", "--scope", "write").stdout.strip()
    new = run("rotate", "desk", "--grace", "1h").stdout.strip()
    assert re.fullmatch(KEY, new) and new != old
    service.until(lambda: works(api, new) == 422, 1.5, "the new key's start")
    assert works(api, old) == 422
    api.psql("UPDATE onrecord.api_keys SET revoked_at = clock_timestamp() WHERE revoked_at > clock_timestamp()")
    service.until(lambda: works(api, old) == 401, 1, "the old key's end")
    assert works(api, new) == 422


def test_rotate_without_grace(api, run):
    old = run("create", "desk", "--scope", "write").stdout.strip()
    service.until(lambda: works(api, old) == 422, 1.5, "the key's start")
    new = run("rotate", "desk").stdout.strip()
    service.until(lambda: works(api, old) == 401, 1, "the old key's end")
    service.until(lambda: works(api, new) == 422, 1.5, "the new key's start")


def test_generate_stores_nothing(api, run):
    before = api.psql("SELECT count(*) FROM onrecord.api_keys")
    assert re.fullmatch(KEY + "\n", run("generate").stdout)
    assert api.psql("SELECT count(*) FROM onrecord.api_keys") == before


def test_an_admin_key_may_come_from_a_file(cluster, template, tmp_path):
    key = service.command("key", "generate").stdout
    secret = tmp_path / "key"
    secret.write_text(key)
    secret.chmod(stat.S_IRUSR)
    cluster.psql("postgres", f"CREATE DATABASE admin_key TEMPLATE {template[0]} STRATEGY file_copy")
    server = service.Server(cluster.url("admin_key"), {"ONRECORD_ADMIN_KEY_FILE": str(secret)})
    try:
        api = service.Api(server.base, service.Keys(None, key.strip(), key.strip()))
        service.until(lambda: works(api, key.strip()) == 422, 1.5, "the key's start")
        server.stop()
        server = service.Server(cluster.url("admin_key"), {"ONRECORD_ADMIN_KEY_FILE": str(secret)})  # and again
    finally:
        server.stop()


@pytest.mark.parametrize("words", [(), ("create",), ("create", "x"), ("create", "x", "--scope", "owner"), ("make", "x"),
                                   ("create", "x", "--scope"), ("create", "x", "y", "--scope", "read"), ("list", "x"),
                                   ("create", "x", "--scope", "read", "--expires", "soon"), ("create", "", "--scope", "read"),
                                   ("rotate", "x", "--grace", "-1h"), ("create", "n" * 101, "--scope", "read")])  # fmt: skip
def test_misuse_is_told(run, words):
    done = run(*words, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("onrecord: ")


def test_a_database_that_is_not_there():
    done = service.command("key", "list", url="postgresql:///nothing?host=/tmp/nowhere", check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("onrecord: ")


def test_a_database_that_knows_few_letters_is_told_of(cluster):
    for ctype, words in (("C", True), ("C.UTF-8", False)):
        cluster.psql("postgres", f"CREATE DATABASE letters LC_COLLATE 'C' LC_CTYPE '{ctype}' TEMPLATE template0")
        said = service.command("migrate", url=cluster.url("letters"))
        assert ("knows the letters of ASCII only" in said.stderr + said.stdout) == words
        cluster.psql("postgres", "DROP DATABASE letters")


def test_migrate_twice_changes_nothing(api):
    before = api.psql("SELECT * FROM onrecord.migrations ORDER BY version")
    service.command("migrate", url=api.server.database_url)
    assert api.psql("SELECT * FROM onrecord.migrations ORDER BY version") == before


def test_a_migration_that_was_altered_is_noticed(api):
    api.psql("UPDATE onrecord.migrations SET checksum = repeat('0', 64) WHERE version = 1")
    done = service.command("migrate", url=api.server.database_url, check=False)
    assert done.returncode == 1
    assert "0001_record" in done.stderr


def test_two_migrations_at_once(cluster):
    import concurrent.futures

    cluster.psql("postgres", "CREATE DATABASE migrated_twice")
    url = cluster.url("migrated_twice")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: service.command("migrate", url=url), range(4)))
    assert [one.returncode for one in done] == [0] * 4
    assert cluster.psql("migrated_twice", "SELECT count(*) FROM onrecord.quotes") == [["15"]]


def test_version_and_help():
    assert re.fullmatch(r"onrecord \d+\.\d+\.\d+\S*\n", service.command("version").stdout)
    assert "onrecord COMMAND" in service.command("help").stdout
    for name in ("serve", "migrate", "key", "describe"):
        assert service.command(name, "--help").stdout
    done = service.command("serv", check=False)
    assert done.returncode == 2 and "Did you mean `onrecord serve`?" in done.stderr
