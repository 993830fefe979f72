"""PostgreSQL absent, stopped, killed: 503 in the meantime, back within a second of its return."""

import threading
import time

import pytest
import requests
import service
from problems import expect_problem

pytestmark = pytest.mark.own_server


@pytest.fixture(scope="module")
def durable():
    """A cluster that is stopped and killed here, and so keeps what it was told to; with a database `record`, and keys."""
    cluster = service.Cluster(durable=True)
    cluster.start()
    cluster.psql("postgres", "CREATE DATABASE record")
    service.command("migrate", url=cluster.url("record"))
    yield cluster, service.open_keys(cluster.url("record"))
    cluster.remove()


@pytest.fixture
def own(durable):
    """A server on that cluster."""
    cluster, keys = durable
    server = service.Server(cluster.url("record"))
    yield service.Api(server.base, keys, server, cluster, "record")
    server.stop()


def expect_unavailable(api):
    for answer in (api.get("/quotes"), api.get("/quotes/1"), api.post("/sources", json={"name": "x"})):
        expect_problem(answer, "unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
    assert api.get("/readyz").status_code == 503
    assert api.get("/livez").status_code == 200


def expect_back(api):
    """Back within a second."""
    begun = time.monotonic()
    service.until(lambda: api.get("/quotes/1").status_code == 200, 10, "the return of reads")
    service.until(lambda: api.get("/readyz").status_code == 200, 10, "readiness")
    assert time.monotonic() - begun < 1 * service.slowness()
    assert api.make("sources", name=f"after {time.monotonic()}")


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_stopped_and_started(own, mode):
    first = own.make("sources", name=f"before {mode}")
    own.cluster.stop(mode)
    service.until(lambda: own.get("/quotes/1").status_code == 503, 2, "503")
    expect_unavailable(own)
    own.cluster.start()
    expect_back(own)
    assert own.read(f"/sources/{first['id']}") == first


def test_killed_under_writes_nothing_acknowledged_is_lost(own):
    acknowledged, unknown, stop = [], [], threading.Event()

    def write(worker):
        session = requests.Session()
        session.headers["Authorization"] = f"Bearer {own.keys.write}"
        for i in range(100000):
            if stop.is_set():
                return
            name = f"{worker}-{i}"
            try:
                answer = session.post(own.base + "/sources", json={"name": name}, timeout=30)
            except requests.RequestException:
                unknown.append(name)
                continue
            if answer.status_code == 201:
                acknowledged.append(name)
            else:
                assert answer.status_code == 503, answer.text
                assert answer.json()["type"] == "urn:onrecord:problem:unavailable"
                assert "Retry-After" in answer.headers
                time.sleep(0.05)

    threads = [threading.Thread(target=write, args=(worker,)) for worker in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(2):
        time.sleep(0.7)
        own.cluster.kill()
        time.sleep(0.3)
        own.cluster.start()
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join()
    expect_back(own)
    there = [row[0] for row in own.psql("SELECT name FROM onrecord.sources WHERE name ~ '^[0-9]+-[0-9]+$'")]
    assert len(acknowledged) > 50
    assert len(there) == len(set(there))
    assert set(acknowledged) <= set(there), "acknowledged writes are lost"
    assert set(there) <= set(acknowledged) | set(unknown), "refused writes were done"
    assert own.server.process.poll() is None


def test_absent_at_the_start(durable):
    cluster, keys = durable
    cluster.stop()
    server = service.Server(cluster.url("record"), wait=False)
    try:
        api = service.Api(server.base, keys)
        for path in ("/quotes", "/quotes/1", "/readyz"):
            answer = api.get(path)
            expect_problem(answer, "unavailable")
            assert answer.headers["Retry-After"]
        assert api.read("/livez") == {"status": "ok"}
        cluster.start()
        service.until(lambda: server.ready() == 200, 2, "service after PostgreSQL's start")
        assert len(api.read("/quotes")["items"]) == 15
    finally:
        server.stop()


def test_connections_cut_one_by_one(own):
    for _ in range(3):
        own.cluster.psql("postgres", "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'record'")
        expect_back(own)


def test_sigterm_answers_what_is_under_way(own):
    answers = []
    stop = threading.Event()

    def read():
        session = requests.Session()
        while not stop.is_set():
            try:
                answers.append(session.get(own.base + "/quotes?limit=200", timeout=10).status_code)
            except requests.ConnectionError as error:
                answers.append(error)
                return

    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    begun = time.monotonic()
    own.server.process.terminate()
    assert own.server.process.wait(15) == 0
    assert time.monotonic() - begun < 5
    stop.set()
    for thread in threads:
        thread.join()
    statuses = [answer for answer in answers if isinstance(answer, int)]
    assert set(statuses) <= {200, 503} and len(statuses) > 4
    # Who was cut off was cut off before a byte of an answer.
    for answer in answers:
        assert isinstance(answer, int) or "IncompleteRead" not in str(answer)
