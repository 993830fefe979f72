"""The program as users run it, made to be counted: a server of its own on a copy of the seeded database, with one worker."""

import os

import pytest
import service

PROGRAM = service.ROOT / "build/onrecord"
# Valgrind is slow: nothing may be given up for that, and nothing is done by the clock that need not be.
PATIENT = {"ONRECORD_WORKERS": "1", "ONRECORD_QUICK_TIMEOUT_MS": "60000", "ONRECORD_SLOW_TIMEOUT_MS": "60000"}


@pytest.fixture
def counted(cluster, template):
    """A maker of such servers: `counted(["valgrind"], ONRECORD_CACHE_MB="0")`."""
    made = []

    def make(before, **env):
        name, keys = template
        database = service.clone(cluster, name)
        server = service.Server(cluster.url(database), {**PATIENT, **env}, command=[*before, PROGRAM])
        made.append(service.Api(server.base, keys, server, cluster, database))
        return made[-1]

    yield make
    for api in made:
        api.server.stop()
        cluster.psql("postgres", f"DROP DATABASE {api.database} WITH (FORCE)")


@pytest.fixture
def records():
    """Whether what is measured is to be recorded, and not to be compared with what was."""
    return os.environ.get("ONRECORD_RECORD_COSTS") == "1"
