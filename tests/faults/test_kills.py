"""PostgreSQL, its connections, the server: killed under load. What was acknowledged is there, once; what was refused is not;
service is back by itself within a second of PostgreSQL's return."""

import contextlib
import random
import threading
import time

import load
import pytest
import service

pytestmark = pytest.mark.own_server

GROWTH_MB = 24  # what the sanitizers and the allocator may keep beyond the working size


def wait_for_writes(running, more=20):
    """Until the load has had that many more writes acknowledged."""
    goal = len(running.acknowledged) + more
    service.until(lambda: len(running.acknowledged) >= goal, 10, "writes under load")


def test_postgresql_killed_and_back(stage, cluster, warm):
    api = stage()
    before = warm(api)
    with load.Load(api) as running:
        for _ in range(3):
            wait_for_writes(running)
            cluster.kill()
            service.until(lambda: api.get("/readyz").status_code == 503, 3, "/readyz 503")
            time.sleep(0.2)
            load.revive(cluster)
            load.back(api)
    running.verify()
    assert running.refused and running.reads.get(503)
    assert None not in running.reads, "readers were cut off"
    assert load.rss_mb(api) < before + GROWTH_MB


def test_postgresql_restarted_fast(stage, cluster):
    api = stage()
    with load.Load(api) as running:
        for _ in range(2):
            wait_for_writes(running)
            cluster.stop("fast")
            load.revive(cluster)
            load.back(api)
    running.verify()


def test_the_server_killed_and_back(stage):
    api = stage()
    with load.Load(api) as running:
        for _ in range(2):
            wait_for_writes(running)
            api.server.kill()
            time.sleep(0.1)
            api.server.start()
            load.back(api)
    running.verify()


def test_both_killed_and_back(stage, cluster):
    api = stage()
    with load.Load(api) as running:
        wait_for_writes(running)
        api.server.kill()
        cluster.kill()
        api.server.start(wait=False)
        service.until(lambda: api.get("/readyz").status_code == 503, 5, "/readyz 503")
        time.sleep(0.2)
        load.revive(cluster)
        load.back(api)
        wait_for_writes(running)
    running.verify()


def test_single_connections_cut_under_load(stage, cluster, warm):
    """Backends are terminated one by one, in the middle of what they do; that of the LISTEN connection among them."""
    api = stage()
    before = warm(api)
    files = load.open_files(api)
    cuts = 0
    with load.Load(api) as running:
        end = time.monotonic() + 2
        while time.monotonic() < end or cuts < 12:
            rows = api.psql(
                "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid() AND application_name <> 'psql' ORDER BY random() LIMIT 1) AS one"
            )
            cuts += len(rows)
            time.sleep(random.uniform(0.01, 0.1))
        load.back(api)
        wait_for_writes(running)
    running.verify()
    assert load.rss_mb(api) < before + GROWTH_MB
    service.until(lambda: load.open_files(api) <= files + 12, 5, "closing of what is no longer used")
    # Nobody listens to what was cut: a key that is revoked now must stop all the same.
    key = service.new_key(api.cluster.url(api.database), "short-lived", "write")
    post = lambda: api.post("/sources", json={"name": "x"}, key=key).status_code  # noqa: E731
    service.until(lambda: post() != 401, 3, "a new key's work")
    service.command("key", "revoke", "short-lived", url=api.cluster.url(api.database))
    service.until(lambda: post() == 401, 2, "a revoked key's end")


def test_all_connections_cut_at_once(stage):
    api = stage()
    with load.Load(api) as running:
        for _ in range(4):
            wait_for_writes(running, 10)
            api.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
                     "pid <> pg_backend_pid()")  # fmt: skip
            load.back(api)
    running.verify()


def test_postgresql_absent_at_the_start(cluster, template):
    name, keys = template
    database = service.clone(cluster, name)
    cluster.stop()
    server = service.Server(cluster.url(database), wait=False)
    try:
        api = service.Api(server.base, keys, server, cluster, database)
        with load.Load(api, writers=2, readers=2) as running:
            assert api.get("/livez").status_code == 200
            ready = api.get("/readyz")
            assert (ready.status_code, int(ready.headers["Retry-After"]) >= 1) == (503, True)
            time.sleep(1)
            load.revive(cluster)
            load.back(api)
            wait_for_writes(running)
        running.verify()
        assert not running.unknown
    finally:
        load.revive(cluster)
        server.stop()
        cluster.psql("postgres", f"DROP DATABASE {database} WITH (FORCE)")


def test_sigterm_under_load_leaves_nobody_without_an_answer(stage):
    """Whoever was cut off was cut off before the server took the request: none of those writes was done."""
    api = stage()
    with load.Load(api, writers=12, readers=4) as running:
        wait_for_writes(running, 100)
        begun = time.monotonic()
        api.server.process.terminate()
        assert api.server.process.wait(10) == 0
        assert time.monotonic() - begun < 5
    running.verify(unknown_may_be_there=False)
    api.server.start()


def test_sigterm_waits_for_what_is_under_way(stage):
    api = stage(ONRECORD_DRAIN_TIMEOUT_S="8")
    answers = []

    def write(number):
        answers.append(service.Api(api.base, api.keys).post("/sources", json={"name": f"late {number}"}))

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'onrecord.sources'::regclass"
    with load.held(api, "LOCK TABLE onrecord.sources IN ACCESS EXCLUSIVE MODE"):
        for writer in writers:
            writer.start()
        service.until(lambda: api.psql(waiting), 5, "writes that wait")
        time.sleep(0.3)
        api.server.process.terminate()
        time.sleep(0.5)
        assert api.server.process.poll() is None
    assert api.server.process.wait(10) == 0
    for writer in writers:
        writer.join()
    assert [answer.status_code for answer in answers] == [201] * 8
    assert api.psql("SELECT count(*) FROM onrecord.sources WHERE name LIKE 'late %'") == [["8"]]
    api.server.start()
