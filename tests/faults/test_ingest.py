"""Articles that come with all that belongs to them, while PostgreSQL, its connections or the server are killed."""

import random
import time

import load
import pytest
import service

pytestmark = pytest.mark.own_server


def wait_for_writes(running, more=15):
    goal = len(running.acknowledged) + more
    service.until(lambda: len(running.acknowledged) >= goal, 20, "articles under load")


def test_postgresql_and_the_server_killed(stage, cluster):
    api = stage()
    with load.Trees(api, writers=4, readers=1) as running:
        wait_for_writes(running)
        cluster.kill()
        service.until(lambda: api.get("/readyz").status_code == 503, 3, "/readyz 503")
        load.revive(cluster)
        load.back(api)
        wait_for_writes(running)
        api.server.kill()
        time.sleep(0.1)
        api.server.start()
        load.back(api)
        wait_for_writes(running)
    running.verify()


def test_connections_cut(stage):
    api = stage()
    with load.Trees(api, writers=4, readers=1) as running:
        wait_for_writes(running)
        for _ in range(15):
            api.psql("SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                     "AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1) AS one")  # fmt: skip
            time.sleep(random.uniform(0.01, 0.1))
        load.back(api)
        wait_for_writes(running)
    running.verify()
