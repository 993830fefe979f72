"""A PostgreSQL cluster for the session, a template database migrated once, and for each test (or, where it only reads, each
session) a clone of it with a server of its own.

With ONRECORD_TEST_URL and ONRECORD_TEST_KEY (scope admin) the suite runs against a server that is there already; tests
marked `own_server` are skipped then, and what the others make is deleted again.

Every answer that a test gets is compared with openapi.yaml (contract/answers.py)."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "contract"))
pytest.register_assert_rewrite("answers", "problems", "service")
import answers  # noqa: E402
import service  # noqa: E402

REMOTE = os.environ.get("ONRECORD_TEST_URL", "").rstrip("/")
TEMPLATE = "template_seeded"


def pytest_configure(config):
    config.addinivalue_line("markers", "own_server: needs a server, or a database, of its own")


    config.addinivalue_line("markers", "after_all: looks back at what the others did")
    service.Api.watchers.append(answers.RECORD.take)


def pytest_collection_modifyitems(items):
    # In each file those that put records of their own there come last: in remote mode the others would see them.
    files = list(dict.fromkeys(item.path for item in items))
    items.sort(key=lambda item: (item.get_closest_marker("after_all") is not None, files.index(item.path),
                                 "module_api" in item.fixturenames))  # fmt: skip
    for item in items:
        if REMOTE and item.get_closest_marker("own_server"):
            item.add_marker(pytest.mark.skip(reason="needs a server of its own"))


def pytest_sessionfinish():
    if not REMOTE:
        answers.RECORD.save()


# In remote mode these three are there, and nothing.


@pytest.fixture(scope="session")
def cluster():
    made = None if REMOTE else service.Cluster()
    if made:
        made.start()
    yield made
    if made:
        made.remove()


@pytest.fixture(scope="session")
def template(cluster):
    """The database that the tests' own are copies of: migrated, seeded, with a key of each scope. Its name, and the keys."""
    if cluster is None:
        return None
    cluster.psql("postgres", f"CREATE DATABASE {TEMPLATE}")
    url = cluster.url(TEMPLATE)
    service.command("migrate", url=url)
    return TEMPLATE, service.open_keys(url)


@pytest.fixture(scope="session")
def servers(cluster, template):
    made = None if REMOTE else service.Servers(cluster, *template)
    yield made
    if made:
        made.close()


def one_server(request, servers):
    """A client of a server of its own; of the one that is there already, in remote mode."""
    if servers is None:
        key = os.environ["ONRECORD_TEST_KEY"]
        api = service.Api(REMOTE, service.Keys(read=key, write=key, admin=key))
        yield api
        api.clean_up()
    else:
        api = servers.take()
        yield api
        servers.give_back(api, request.node.nodeid)


@pytest.fixture(scope="session")
def shared(request, servers):
    """A server on the seed that nobody writes to."""
    yield from one_server(request, servers)


@pytest.fixture(scope="module")
def module_api(request, servers):
    """A server on the seed, for the tests of one file, which first put there what they read."""
    yield from one_server(request, servers)


@pytest.fixture
def api(request, servers):
    """A server on the seed, for this test alone."""
    yield from one_server(request, servers)


@pytest.fixture
def api_with(request, servers):
    """A maker of servers with settings: `api_with(ONRECORD_READS="key")`. For tests marked `own_server`."""
    made = []

    def make(**env):
        made.append(servers.take(env))
        return made[-1]

    yield make
    for api in made:
        servers.give_back(api, request.node.nodeid)
