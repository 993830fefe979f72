"""Many records with an Idempotency-Key: a body that was broken off goes on when it is sent again, and none comes in twice."""

import contextlib
import itertools
import json
import socket

import pytest
import service
from problems import expect_problem
from test_bulk import NDJSON, body_of, bulk, bulk_all, outcomes, report, send

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
keys = itertools.count(1)


@pytest.fixture
def api(module_api):
    """One server for all of this file: each test has keys and names of its own."""
    return module_api


@pytest.fixture
def key():
    return f"night load {next(keys)}"


def speakers(key, count, start=0):
    """Lines without any key of their own: sent twice without Idempotency-Key, all would be there twice."""
    return [{"name": f"{key} {i}"} for i in range(start, start + count)]


def there(api, key):
    """How many there are, and how many of those are different."""
    rows = api.psql(f"SELECT count(*), count(DISTINCT name) FROM onrecord.speakers WHERE name LIKE '{key} %'")
    return tuple(map(int, rows[0]))


def break_off(api, key, body, at, wait_for, path="/speakers", length=None):
    """Sends the body up to a byte of it, and goes when so many are there."""
    host, port = api.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall((f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.keys.write}\r\n"
                            f"Content-Type: application/x-ndjson\r\n{HEADER}: {key}\r\n"
                            f"Content-Length: {length or len(body)}\r\n\r\n").encode())  # fmt: skip
        connection.sendall(body[:at])
        service.until(lambda: there(api, key)[0] == wait_for, 10, "lines")


def test_sent_again_when_all_was_done(api, key):
    body = body_of([*speakers(key, 3), {"name": 5}, "{", ""])
    first = send(api, "/speakers", body, **{HEADER: key})
    assert (first.status_code, REPLAYED in first.headers) == (200, False)
    assert (first.json()["created"], first.json()["failed"]) == (3, 2)
    for _ in range(2):
        again = send(api, "/speakers", body, **{HEADER: key})
        assert (again.status_code, again.headers[REPLAYED], again.text) == (200, "true", first.text)
    assert there(api, key) == (3, 3)


def test_in_lines(api, key):
    first = bulk_all(api, "/speakers", *speakers(key, 2), {"kind": "x"}, **{HEADER: key})
    assert outcomes(first) == [(1, "created"), (2, "created"), (3, "failed")]
    answer = send(api, "/speakers?report=all", [*speakers(key, 2), {"kind": "x"}], **{HEADER: key})
    assert [json.loads(line) for line in answer.text.splitlines()] == [{"line": i, "outcome": "settled"} for i in (1, 2, 3)]
    assert answer.headers[REPLAYED] == "true"


@pytest.mark.parametrize("body", [b"", b"\n\n"])
def test_nothing_at_all(api, key, body):
    for replayed in (None, "true"):
        answer = send(api, "/speakers", body, **{HEADER: key})
        assert (answer.json(), answer.headers.get(REPLAYED)) == (report(), replayed)


def test_broken_off_it_goes_on(api, key):
    body = body_of(speakers(key, 3500))
    break_off(api, key, body, len(body) - 20, 3000)
    answer = send(api, "/speakers", body, **{HEADER: key})
    assert (answer.json(), REPLAYED in answer.headers) == (report(created=3500), False)
    assert there(api, key) == (3500, 3500)
    assert send(api, "/speakers", body, **{HEADER: key}).headers[REPLAYED] == "true"


def test_broken_off_again_and_again(api, key):
    body = body_of(speakers(key, 4200))
    for done in (1000, 2000, 2000, 4000):
        break_off(api, key, body, body.index(f"{key} {done}\"".encode()) + 3, done, "/speakers?report=all")
    got = bulk_all(api, "/speakers", *speakers(key, 4200), **{HEADER: key})
    assert outcomes(got) == [(i + 1, "settled" if i < 4000 else "created") for i in range(4200)]
    assert there(api, key) == (4200, 4200)


def test_what_was_wrong_before_is_told(api, key):
    lines = speakers(key, 2100)
    lines[10] = {"name": 10}
    lines[1500] = {"name": key + " 1500", "part_of_id": 10**12}
    body = body_of(lines)
    break_off(api, key, body, len(body) - 20, 1998)
    got = bulk(api, "/speakers", *lines, **{HEADER: key})
    assert (got["lines"], got["created"], got["failed"]) == (2100, 2098, 2)
    assert [problem["line"] for problem in got["problems"]] == [11, 1501]


def test_lines_that_were_settled_out_of_their_order(api, key):
    """A line that refers to another of the same thousand is settled after it, in a transaction of its own: between the
    two the server goes."""
    lines = speakers(key, 1000)
    lines[500] = {"name": f"{key} 500", "part_of_id": {"name": f"{key} 1"}}
    body = body_of(lines)
    api.psql("CREATE FUNCTION public.late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$")
    api.psql("CREATE TRIGGER late BEFORE INSERT ON onrecord.speakers FOR EACH ROW WHEN (NEW.part_of_id IS NOT NULL) "
             "EXECUTE FUNCTION public.late()")  # fmt: skip
    break_off(api, key, body, len(body), 999, "/speakers?report=all")
    api.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'WITH r AS MATERIALIZED%' AND state = 'active' "
             "AND pid <> pg_backend_pid()")  # fmt: skip
    api.psql("DROP FUNCTION public.late CASCADE")
    assert api.psql(f"SELECT lines, cardinality(beyond) FROM onrecord.uploads WHERE key = '{key}'") == [["500", "499"]]
    got = bulk_all(api, "/speakers", *lines, **{HEADER: key})
    assert outcomes(got) == [(i + 1, "created" if i == 500 else "settled") for i in range(1000)]
    assert there(api, key) == (1000, 1000)


def expect_key_used(answer, fault="was used with another body"):
    detail = "This Idempotency-Key was used for other records."
    if fault != "was used with another body":
        detail = "This Idempotency-Key was used for another request."
    expect_problem(answer, "key-used", detail, [(f"{HEADER}:", fault)])


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines[:5], {"name": "other"}, *lines[6:]],
        lambda lines: lines[:-1],
        lambda lines: [*lines, {"name": "other"}],
        lambda lines: [],
        lambda lines: [{"name": "x"}] * 3000,
    ],
    ids=["one changed", "shorter", "longer", "none", "others"],
)
@pytest.mark.parametrize("broken_off", [False, True])
def test_another_body_is_refused_before_any_of_it_is_written(api, key, change, broken_off):
    lines = speakers(key, 1500)
    body = body_of(lines)
    if broken_off:
        break_off(api, key, body, len(body) - 20, 1000)
        lines = lines[:1000]
    else:
        assert bulk(api, "/speakers", *lines, **{HEADER: key}) == report(created=1500)
    before = api.psql("SELECT count(*) FROM onrecord.speakers")
    other = change(lines)
    if broken_off and len(other) > len(lines):
        return  # it begins as the other did, and goes on
    expect_key_used(send(api, "/speakers", other, **{HEADER: key}))
    assert api.psql("SELECT count(*) FROM onrecord.speakers") == before
    got = send(api, "/speakers", body, **{HEADER: key}).json()
    assert got == report(created=1500), "that somebody used the key for something else changes nothing"


def test_another_query_or_another_kind_of_request(api, key):
    lines = speakers(key, 2)
    bulk(api, "/speakers", *lines, **{HEADER: key})
    expect_key_used(send(api, "/speakers?on_conflict=skip", lines, **{HEADER: key}), "was used with another query or body")
    answer = api.post("/speakers", json=lines[0], headers={HEADER: key})
    expect_key_used(answer, "was used with another query or body")
    other = f"{key} alone"
    assert api.post("/speakers", json=lines[0], headers={HEADER: other}).status_code == 201
    expect_key_used(send(api, "/speakers", lines, **{HEADER: other}), "was used with another query or body")


def test_a_key_is_its_api_key_s_and_its_path_s(api, key):
    assert bulk(api, "/speakers", *speakers(key, 2), **{HEADER: key}) == report(created=2)
    assert bulk(api, "/sources", *speakers(key, 2), **{HEADER: key}) == report(created=2)
    answer = api.post("/speakers", data=body_of(speakers(key, 2)), headers={**NDJSON, HEADER: key}, key=api.keys.admin)
    assert (answer.json(), REPLAYED in answer.headers) == (report(created=2), False)


def test_updates_go_on_too(api, key):
    made = bulk_all(api, "/speakers", *speakers(key, 1500))
    lines = [{"id": line["id"], "description": f"of {line['id']}"} for line in made]
    body = body_of(lines)
    host, port = api.base.removeprefix("http://").split(":")
    described = f"SELECT count(*) FROM onrecord.speakers WHERE name LIKE '{key} %' AND description IS NOT NULL"
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall((f"POST /speakers?on_conflict=update HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.keys.write}\r\n"
                            f"Content-Type: application/x-ndjson\r\n{HEADER}: {key}\r\nContent-Length: {len(body)}\r\n\r\n").encode()
                           + body[:-10])  # fmt: skip
        service.until(lambda: api.psql(described) == [["1000"]], 10, "lines")
    assert api.patch(f"/speakers/{made[0]['id']}", json={"description": "by hand"}).status_code == 200
    assert bulk(api, "/speakers?on_conflict=update", *lines, **{HEADER: key}) == report(updated=1500)
    assert api.read(f"/speakers/{made[0]['id']}")["description"] == "by hand", "what was settled is not done again"
    assert api.psql(described) == [["1500"]]


def test_the_later_request_goes_on_and_the_earlier_stops(api, key):
    body = body_of(speakers(key, 3000))
    host, port = api.base.removeprefix("http://").split(":")
    cut = body.index(f"{key} 1500\"".encode())
    with socket.create_connection((host, int(port)), 30) as connection:
        connection.sendall((f"POST /speakers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.keys.write}\r\n"
                            f"Content-Type: application/x-ndjson\r\n{HEADER}: {key}\r\n"
                            f"Content-Length: {len(body)}\r\n\r\n").encode() + body[:cut])  # fmt: skip
        service.until(lambda: there(api, key)[0] == 1000, 10, "lines")
        assert send(api, "/speakers", body, **{HEADER: key}).json() == report(created=3000)
        connection.sendall(body[cut:])
        answer = b""
        with contextlib.suppress(TimeoutError):
            while b"problems_more" not in answer:
                answer += connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 409 ")
    assert b"urn:onrecord:problem:under-way" in answer
    assert there(api, key) == (3000, 3000)


def test_a_line_that_is_left_out_does_not_count_as_written(api, key):
    """Lines count as settled by their number, so that none may be missing of those that a transaction wrote: what is
    left out without a word is found, and has its own fate."""
    api.psql("CREATE FUNCTION public.leave_out() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$")
    api.psql(f"CREATE TRIGGER leave_out BEFORE INSERT ON onrecord.speakers FOR EACH ROW WHEN (NEW.name = '{key} 7') "
             "EXECUTE FUNCTION public.leave_out()")  # fmt: skip
    got = bulk(api, "/speakers", *speakers(key, 20), **{HEADER: key})
    api.psql("DROP FUNCTION public.leave_out CASCADE")
    assert (got["created"], got["failed"]) == (19, 1)
    assert [(problem["line"], problem["problem"]["status"]) for problem in got["problems"]] == [(8, 503)]
    assert there(api, key) == (19, 19)


def test_the_faults_of_a_key(api):
    for value in ("", "x" * 256):
        expect_problem(send(api, "/speakers", [{"name": "Never"}], **{HEADER: value}), "bad-request", "The request is not valid.",
                       [(f"{HEADER}:", "must have 1 to 255 printable characters of ASCII")])  # fmt: skip


def test_it_goes_when_its_time_is_over(api, key):
    assert bulk(api, "/speakers", *speakers(key, 2), **{HEADER: key}) == report(created=2)
    api.psql(f"UPDATE onrecord.answers SET expires_at = now() - interval '1 s' WHERE key = '{key}'")
    answer = send(api, "/speakers", speakers(key, 2), **{HEADER: key})
    assert (answer.json(), REPLAYED in answer.headers) == (report(created=2), False)
    assert there(api, key) == (4, 2)
    assert api.psql(f"SELECT count(*) FROM onrecord.uploads WHERE key = '{key}'") == [["1"]]
