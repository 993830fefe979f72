"""Keys and scopes: who may do what."""

import pytest
import service
from problems import expect_problem

WRITES = [
    (method, path.format(resource=resource, id=1))
    for resource in ("sources", "articles", "speakers", "quotes", "events")
    for method, path in (
        ("POST", "/{resource}"), ("PUT", "/{resource}/{id}"), ("PATCH", "/{resource}/{id}"), ("DELETE", "/{resource}/{id}"),
    )
]  # fmt: skip
READS = ["/sources", "/articles/1", "/quotes?limit=1", "/speakers/5/quotes", "/events/4711"]
OPEN = ["/", "/livez", "/readyz", "/metrics", "/openapi.json", "/openapi.yaml"]
WRONG = "onr_" + "A" * 43


@pytest.mark.parametrize("method, path", WRITES)
def test_writes_need_a_key(shared, method, path):
    answer = shared.request(method, path, key=None, json={})
    expect_problem(answer, "unauthorized", "This needs a key: `Authorization: Bearer onr_...`.")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="onrecord"'


@pytest.mark.parametrize("method, path", WRITES)
def test_writes_need_a_right_key(shared, method, path):
    answer = shared.request(method, path, key=WRONG, json={})
    expect_problem(answer, "unauthorized", "The key is not known here, or is revoked or expired.")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="onrecord", error="invalid_token"'


@pytest.mark.own_server
@pytest.mark.parametrize("method, path", WRITES)
def test_writes_need_a_key_with_the_scope(shared, method, path):
    answer = shared.request(method, path, key=shared.keys.read, json={})
    expect_problem(answer, "forbidden", "The key's scope does not allow this.")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="onrecord", error="insufficient_scope"'


def test_admin_includes_write_and_write_includes_read(api):
    for key in (api.keys.admin, api.keys.write):
        answer = api.post("/sources", key=key, json={"name": "Gazette"})
        assert answer.status_code == 201
        assert api.get(answer.headers["Location"], key=key).status_code == 200
        assert api.delete(answer.headers["Location"], key=key).status_code == 204


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "bearer", "Token x", "onr_", "Bearerx y"]
)
def test_what_is_no_key(shared, value):
    for method, path in (("POST", "/sources"), ("GET", "/sources")):
        answer = shared.request(method, path, key=None, headers={"Authorization": value}, json={})
        expect_problem(answer, "unauthorized", "Authorization must be `Bearer` and a key.")


def test_the_scheme_is_not_case_sensitive(shared):
    answer = shared.get("/sources", headers={"Authorization": f"bearer {shared.keys.read}"})
    assert answer.status_code == 200


def test_a_key_one_letter_off(shared):
    for key in (shared.keys.write[:-1], shared.keys.write + "A", shared.keys.write[:-1] + "!", shared.keys.write.upper()):
        expect_problem(shared.post("/sources", key=key, json={}), "unauthorized")


@pytest.mark.parametrize("path", READS)
def test_reads_are_open(shared, path):
    assert shared.get(path).status_code in (200, 404)
    assert shared.get(path, key=shared.keys.read).status_code in (200, 404)
    expect_problem(shared.get(path, key=WRONG), "unauthorized")  # a key that is given must be right


@pytest.mark.parametrize("path", OPEN)
def test_what_describes_the_service_is_open_to_all(shared, path):
    for key in (None, WRONG):
        assert shared.get(path, key=key).status_code == 200


@pytest.mark.own_server
def test_reads_may_be_closed(api_with):
    api = api_with(ONRECORD_READS="key")
    for path in READS:
        expect_problem(api.get(path), "unauthorized")
        expect_problem(api.get(path, key=WRONG), "unauthorized")
        for key in api.keys:
            assert api.get(path, key=key).status_code in (200, 404)
    for path in OPEN:
        assert api.get(path).status_code == 200
    # Nothing is told to who may not ask: neither 404 nor 400.
    expect_problem(api.get("/sources/4711"), "unauthorized")
    expect_problem(api.get("/sources?nothing=1"), "unauthorized")


@pytest.mark.own_server
def test_a_revoked_key_stops_within_a_second(api):
    key = service.new_key(api.server.database_url, "leaver", "write")
    service.until(lambda: api.post("/sources", key=key, json={}).status_code == 422, 1.5, "the new key's start")
    service.command("key", "revoke", "leaver", url=api.server.database_url)
    service.until(lambda: api.post("/sources", key=key, json={}).status_code == 401, 1, "the key's end")
    assert api.make("sources", name="Gazette")  # others go on


@pytest.mark.own_server
def test_an_expired_key_stops(api):
    key = service.new_key(api.server.database_url, "short", "write", "--expires", "1h")
    service.until(lambda: api.post("/sources", key=key, json={}).status_code == 422, 1.5, "the new key's start")
    api.psql("UPDATE onrecord.api_keys SET expires_at = clock_timestamp() + interval '1 s' WHERE name = 'short'")
    service.until(lambda: api.post("/sources", key=key, json={}).status_code == 401, 3, "the key's end")


@pytest.mark.own_server
def test_secrets_are_in_no_log_and_no_command_line(api):
    api.get("/sources", key=WRONG)
    api.post("/sources", json={"name": "Gazette"})
    api.post("/sources?key=" + api.keys.write, json={"name": "x"})
    pid = api.server.process.pid
    with open(f"/proc/{pid}/cmdline", "rb") as command_line:
        assert b"onr_" not in command_line.read()
    assert WRONG not in api.server.log()
    assert api.keys.write not in api.server.log()
    rows = api.psql("SELECT * FROM onrecord.api_keys")
    assert len(rows) >= 3 and not any("onr_" in (cell or "") for row in rows for cell in row)


@pytest.mark.own_server
def test_the_last_use_of_a_key_is_noted(api):
    api.make("sources", name="Gazette")
    used = lambda: api.psql("SELECT last_used_at FROM onrecord.api_keys WHERE name = 'test-write'")[0][0]  # noqa: E731
    service.until(used, 15, "the note of its use")
