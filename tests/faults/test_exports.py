"""Exports under trouble: a client that goes, or takes nothing; a database that dies midway; more of them than may be."""

import contextlib
import json
import threading
import time

import load
import pytest
import requests
import service
from test_kills import GROWTH_MB
from test_limits import LOCK, Normal, connect, request, vanish

pytestmark = pytest.mark.own_server

# More than sockets hold on the way: whoever reads a part of it leaves PostgreSQL in the middle.
ROWS = 40000
FILL = ("SET session_replication_role = replica; INSERT INTO onrecord.sources (name, description) "
        f"SELECT 'm' || i, repeat('d', 1000) FROM generate_series(1, {ROWS}) AS i")  # fmt: skip
PATH = "/sources?format=ndjson"
SESSIONS = ("SELECT state FROM pg_stat_activity WHERE application_name = 'onrecord' AND datname = current_database() "
            "AND state <> 'idle' AND query LIKE '%FROM onrecord.sources t ORDER BY%'")  # fmt: skip
STALLED = SESSIONS + " AND wait_event = 'ClientWrite'"


def full(stage, **env):
    api = stage(**env)
    api.psql(FILL)
    return api


def begin(api, path=PATH):
    """A client that has read the beginning of an export, and then no more."""
    client = connect(api, receive_buffer=4096)
    client.sendall(request(api, path))
    assert client.recv(500).startswith(b"HTTP/1.1 200 ")
    service.until(lambda: api.psql(STALLED), 5, "PostgreSQL's waiting for the client")
    return client


def stopped(api):
    return api.psql(SESSIONS) == []


def expect_cut(answer):
    """The client notices that it did not get all of it."""
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ConnectionError)):
        for _ in answer.iter_content(65536):
            pass


def open_export(api, path=PATH):
    answer = requests.get(api.base + path, stream=True, timeout=30)
    assert answer.status_code == 200
    service.until(lambda: api.psql(STALLED), 5, "PostgreSQL's waiting for the client")
    return answer


def names(answer):
    return [json.loads(line)["name"] for line in answer.iter_lines()]


@pytest.mark.parametrize("goes", [vanish, lambda client: client.close()])
def test_a_client_that_goes_midway(stage, goes):
    api = full(stage)
    files = load.open_files(api)
    for _ in range(6):  # more than may be at a time
        goes(begin(api))
        service.until(lambda: stopped(api), 1, "the end of the statement")
    service.until(lambda: load.open_files(api) <= files + 4, 5, "closing of who is gone")
    assert len(names(requests.get(api.base + PATH, timeout=60))) == ROWS + 2


def test_a_client_that_goes_before_the_first_row(stage):
    """The statement waits for a lock: PostgreSQL itself would not notice before it has something to send."""
    api = stage()
    with load.held(api, LOCK):
        for _ in range(6):
            client = connect(api)
            client.sendall(request(api, PATH))
            service.until(lambda: not stopped(api), 5, "the statement")
            vanish(client)
            service.until(lambda: stopped(api), 1, "the end of the statement")
    load.back(api)
    assert api.get(PATH).status_code == 200


def test_the_database_dies_midway(stage, cluster):
    api = full(stage)
    answers = [open_export(api), open_export(api, "/sources?format=csv")]
    cluster.kill()
    for answer in answers:
        expect_cut(answer)
    load.revive(cluster)
    load.back(api, seconds=5)
    assert "export_cut" in api.server.log()
    assert "onrecord_exports_cut_total 2" in api.get("/metrics").text
    assert len(names(requests.get(api.base + PATH, timeout=60))) > ROWS


def test_one_session_is_ended_midway(stage):
    """It does not begin anew: nothing comes twice."""
    api = full(stage)
    answer = open_export(api)
    api.psql(SESSIONS.replace("SELECT state", "SELECT pg_terminate_backend(pid)"))
    expect_cut(answer)
    load.back(api)


def test_http_1_0_notices_it_too(stage, cluster):
    """There is no chunk that could be missing: the connection is reset."""
    api = full(stage)
    client = connect(api)
    client.sendall(f"GET {PATH} HTTP/1.0\r\n\r\n".encode())
    service.until(lambda: api.psql(STALLED), 5, "PostgreSQL's waiting for the client")
    api.psql(SESSIONS.replace("SELECT state", "SELECT pg_terminate_backend(pid)"))
    with pytest.raises(ConnectionResetError):
        while client.recv(65536):
            pass


def test_the_time_for_one_is_over(stage):
    api = full(stage, ONRECORD_EXPORT_TIMEOUT_S="2")
    answer = open_export(api)
    time.sleep(2.2)
    expect_cut(answer)
    assert "57014" in api.server.log()
    with load.held(api, LOCK):
        refused = api.get(PATH)  # nothing was sent yet: this is an ordinary refusal
        assert (refused.status_code, refused.json()["type"]) == (503, load.UNAVAILABLE)
    assert api.get("/sources?format=csv&limit=1").status_code == 200


def test_only_so_many_at_a_time(stage):
    api = full(stage, ONRECORD_WORKERS="1", ONRECORD_EXPORTS_MAX="2")
    taken = [begin(api), begin(api)]
    for _ in range(3):
        begun = time.monotonic()
        refused = api.get(PATH)
        assert (refused.status_code, refused.json()["type"]) == (503, load.UNAVAILABLE)
        assert int(refused.headers["Retry-After"]) >= 1
        assert time.monotonic() - begun < 0.5 * load.patience()
    assert api.get("/sources?limit=1").status_code == 200
    assert "onrecord_exports 2" in api.get("/metrics").text
    vanish(taken[0])
    service.until(lambda: api.get("/sources?format=csv&limit=1").status_code == 200, 2, "room for another")
    taken[1].close()


def test_who_takes_nothing_is_cut_off(stage, warm):
    """Beside it others are served as ever, and what is kept for it does not grow."""
    api = full(stage, ONRECORD_ANSWER_TIMEOUT_S="2", ONRECORD_EXPORT_RATE_MIN="1000000000")
    before = warm(api)
    with Normal(api) as others:
        clients = [begin(api), begin(api)]
        most = []
        service.until(lambda: most.append(load.rss_mb(api)) or stopped(api), 6, "cutting off of who takes nothing")
    others.verify(p99=0.5)
    assert max(most) < before + GROWTH_MB
    for client in clients:
        client.close()


def test_who_takes_it_slowly_gets_all_of_it(stage):
    """It takes longer than an answer may, but never falls behind."""
    api = full(stage, ONRECORD_ANSWER_TIMEOUT_S="1", ONRECORD_EXPORT_RATE_MIN="100000")
    begun = time.monotonic()
    answer = requests.get(api.base + PATH, stream=True, timeout=30)
    got = size = 0
    for part in answer.iter_content(1 << 20):
        got += part.count(b"\n")
        size += len(part)
        time.sleep(max(0.0, size / 15e6 - (time.monotonic() - begun)))
    assert got == ROWS + 2
    assert time.monotonic() - begun > 1.5


def test_memory_stays_whatever_the_rows(stage, warm):
    api = full(stage)
    before = warm(api)
    most = []
    answers = [requests.get(f"{api.base}/sources?format={kind}", stream=True, timeout=60) for kind in ("ndjson", "csv")]

    def read(answer):
        assert sum(part.count(b"\n") for part in answer.iter_content(1 << 16)) >= ROWS

    readers = [threading.Thread(target=read, args=(answer,)) for answer in answers]
    for reader in readers:
        reader.start()
    while any(reader.is_alive() for reader in readers):
        most.append(load.rss_mb(api))
        time.sleep(0.01)
    for reader in readers:
        reader.join()
    assert max(most) < before + GROWTH_MB


def test_the_end_waits_for_exports(stage):
    api = full(stage, ONRECORD_DRAIN_TIMEOUT_S="20")
    answer = open_export(api)
    api.server.process.terminate()
    time.sleep(0.3)
    assert len(names(answer)) == ROWS + 2
    assert api.server.process.wait(10) == 0
    api.server.start()


def test_the_end_waits_no_longer_than_it_may(stage):
    api = full(stage, ONRECORD_DRAIN_TIMEOUT_S="1")
    stuck, answer = begin(api), open_export(api)
    api.server.process.terminate()
    assert api.server.process.wait(10) == 0
    expect_cut(answer)
    with contextlib.suppress(ConnectionResetError):
        while stuck.recv(65536):
            pass
    service.until(lambda: stopped(api), 2, "the end of the statements")
    api.server.start()
