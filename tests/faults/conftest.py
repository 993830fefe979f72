"""A durable cluster for the session, which tests break and mend; for each test a copy of the seeded database with a server
of its own, which must live through the test, keep its memory, and end cleanly."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))
import load  # noqa: E402
import service  # noqa: E402

# Freed memory is kept by AddressSanitizer for a while, to catch its use: little of it here, where memory is measured.
SANITIZER_OPTIONS = ("abort_on_error=0:exitcode=86:quarantine_size_mb=1:thread_local_quarantine_size_kb=64:"
                     "allocator_release_to_os_interval_ms=500")  # fmt: skip


@pytest.fixture(scope="session")
def cluster():
    made = service.Cluster(durable=True)
    made.start()
    yield made
    made.remove()


@pytest.fixture
def stage(cluster, template):
    """A maker of servers, each on a copy of the database: `stage(ONRECORD_QUEUE_MAX="8")`."""
    made = []

    def make(**env):
        name, keys = template
        load.revive(cluster)
        database = service.clone(cluster, name)
        server = service.Server(cluster.url(database), {"ASAN_OPTIONS": SANITIZER_OPTIONS, **env})
        made.append(service.Api(server.base, keys, server, cluster, database))
        return made[-1]

    yield make
    load.revive(cluster)
    for api in made:
        alive = api.server.process.poll() is None
        api.server.stop()
        assert alive, "the server has ended"
        cluster.psql("postgres", f"DROP DATABASE {api.database} WITH (FORCE)")


@pytest.fixture
def warm():
    """Brings a server to its working size: `warm(api)` answers its resident memory in MB."""

    def run(api, seconds=1.0):
        with load.Load(api, name="warm") as running:
            running.over.wait(seconds)
        running.verify()
        return load.rss_mb(api)

    return run
