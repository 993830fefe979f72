"""Every operation and every status that openapi.yaml names for it is really answered. What the other tests do not happen to see is
asked for here, operation by operation."""

import pytest
import service
from answers import RECORD

pytestmark = pytest.mark.own_server
NAMES = ["sources", "articles", "speakers", "quotes", "events"]
SINGULAR = {name: name[:-1] for name in NAMES}
LEAST = {"sources": {"name": "n"}, "articles": {"headline": "h"}, "speakers": {"name": "n"}, "events": {"name": "n"},
         "quotes": {"article_id": 1, "text": "t", "kind": "indirect"}}  # fmt: skip
REFERRED_TO = {"sources": 1, "articles": 1, "speakers": 5, "quotes": 8, "events": 5}
OPERATIONS = [(path, method, operation["operationId"]) for path, method, operation in RECORD.contract.operations()]
JSON = {"Content-Type": "application/json"}


def concrete(path):
    return path.replace("{id}", "1").replace("{version}", "1").replace("{file}", "index.html") + {"/search": "?q=russia"}.get(path, "")


def with_more(path, query):
    return path + ("&" if "?" in path else "?") + query


BODIES = {"merge": {"into": 2}, "distinct": {"from": 2}, "restore": {}}  # of what is more than a record


def body_for(path, method):
    _, name, *more = path.split("?")[0].split("/")
    if method == "post" and more:
        return {"json": BODIES[more[-1]]} if more[-1] in BODIES else {}
    return {"json": LEAST[name]} if method in ("post", "put", "patch") else {}


@pytest.fixture(scope="module")
def strict(servers):
    """A server that closes reads, insists on If-Match and takes small bodies only."""
    api = servers.take({"ONRECORD_READS": "key", "ONRECORD_IF_MATCH_REQUIRED": "1", "ONRECORD_BODY_MAX": "1024"})
    yield api
    servers.give_back(api, "test_statuses.py")


@pytest.fixture(scope="module")
def cut_off(servers, cluster):
    """A server whose database lets nobody in any more."""
    api = servers.take()
    cluster.psql("postgres", f"ALTER DATABASE {api.database} ALLOW_CONNECTIONS false")
    cluster.psql("postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{api.database}'")
    service.until(lambda: api.server.ready() == 503, 5, "unreadiness")
    yield api
    servers.give_back(api, "test_statuses.py")


@pytest.fixture(scope="module")
def deleted(module_api):
    """Where records were that are deleted: {resource: path}."""
    paths = {}
    for name in NAMES:
        paths[name] = f"/{name}/{module_api.make(name, **LEAST[name])['id']}"
        assert module_api.delete(paths[name]).status_code == 204
    return paths


@pytest.fixture(scope="module")
def erased(module_api):
    """Where records were of which nothing is left: {resource: path}."""
    paths = {}
    for name in NAMES:
        paths[name] = f"/{name}/{module_api.make(name, **LEAST[name])['id']}"
        assert module_api.delete(paths[name] + "?purge=true", key=module_api.keys.admin).status_code == 204
    return paths


def statuses(path, method):
    item = RECORD.contract.document["paths"][path][method]
    return set(item["responses"])


def ask(api, path, method, **more):
    return api.request(method.upper(), path, **{**body_for(path, method), **more})


@pytest.mark.parametrize("path, method, name", OPERATIONS, ids=[name for _, _, name in OPERATIONS])
def test_refusals_that_every_operation_knows(shared, strict, cut_off, path, method, name):
    own = concrete(path)
    known = statuses(path, method)
    key = strict.keys.write
    if "400" in known:
        assert ask(shared, with_more(own, "x=%00"), method).status_code == 400
    if "401" in known:
        assert ask(strict, own, method, key=None).status_code == 401
    if "403" in known:
        assert ask(strict, own, method, key=strict.keys.read).status_code == 403
    if "406" in known:
        assert ask(shared, own, method, headers={"Accept": "image/gif"}).status_code == 406
    if "413" in known:
        assert strict.request(method.upper(), own, key=key, data=b"x" * 2000, headers=JSON).status_code == 413
    if "414" in known:
        assert ask(shared, with_more(own, "x=" + "a" * 5000), method).status_code == 414
    if "415" in known:
        assert shared.request(method.upper(), own, data=b"x", headers={"Content-Type": "text/plain"}).status_code == 415
    if "431" in known:
        assert ask(shared, own, method, headers={"X-Long": "a" * 11000}).status_code == 431
    if "428" in known:
        assert ask(strict, own, method, key=key).status_code == 428
    if "503" in known:
        assert ask(cut_off, own, method).status_code == 503


@pytest.mark.parametrize("path, method, name", OPERATIONS, ids=[name for _, _, name in OPERATIONS])
def test_what_is_not_there_is_deleted_or_has_not_changed(shared, module_api, deleted, erased, path, method, name):
    own = concrete(path)
    known = statuses(path, method)
    resource = path.split("/")[1]
    if "404" in known:
        missing = own.replace("/1", "/4711") if "{id}" in path else own.replace("index.html", "nothing.html")
        assert ask(shared, missing, method).status_code == 404
    if "410" in known:
        below = path.removeprefix(f"/{resource}/{{id}}").replace("{version}", "1")
        other_log = "/changes?since=" + 32 * "A"
        gone = other_log if path == "/changes" else (erased if below.startswith("/re") else deleted)[resource] + below
        assert ask(module_api, gone, method).status_code == 410
    if "412" in known and name != "unmergeSpeaker":  # what is not merged has no version to name
        assert ask(shared, own, method, headers={"If-Match": '"99"'}).status_code == 412
    if "304" in known:
        tag = shared.get(own).headers["ETag"]
        assert shared.get(own, headers={"If-None-Match": tag}).status_code == 304
    if "422" in known and name != "unmergeSpeaker":  # it has no body that could be wrong
        assert shared.request(method.upper(), own, json=[]).status_code == 422


@pytest.mark.parametrize("resource", NAMES)
def test_conflicts(module_api, resource):
    named = {"name": "taken"} if "name" in LEAST[resource] else {}
    taken = module_api.make(resource, **LEAST[resource] | named | {"external_id": "taken"})
    other = module_api.make(resource, **LEAST[resource])
    body = {**LEAST[resource], "external_id": "taken"}
    for method, path in (("POST", f"/{resource}"), ("PUT", f"/{resource}/{other['id']}"), ("PATCH", f"/{resource}/{other['id']}")):
        answer = module_api.request(method, path, json=body)
        assert answer.status_code == 409
        assert answer.json()["conflict"]["id"] == taken["id"]
    assert module_api.delete(f"/{resource}/{REFERRED_TO[resource]}").status_code == 409
    assert module_api.put(f"/{resource}/{other['id']}", json=LEAST[resource]).status_code == 200
    assert module_api.patch(f"/{resource}/{other['id']}", json={}).status_code == 200
    assert module_api.delete(f"/{resource}/{other['id']}").status_code == 204
    assert module_api.delete(f"/{resource}/{taken['id']}").status_code == 204
    again = module_api.make(resource, **body)
    answer = module_api.post(f"/{resource}/{taken['id']}/restore")
    assert (answer.status_code, answer.json()["conflict"]["id"]) == (409, again["id"])
    assert module_api.delete(f"/{resource}/{again['id']}").status_code == 204
    assert module_api.post(f"/{resource}/{taken['id']}/restore").status_code == 200


def test_speakers_that_are_one(module_api):
    kept, gone = (module_api.make("speakers", name=name)["id"] for name in ("Kept", "Gone"))
    post = lambda path, **more: module_api.post(f"/speakers/{gone}/{path}", **more).status_code  # noqa: E731
    assert [post("merge", json={"into": gone}), post("distinct", json={"from": gone})] == [409, 409]
    assert post("merge", json={"into": kept}) == 200
    for path in ("", "/quotes", "/articles", "/events"):
        assert module_api.get(f"/speakers/{gone}{path}").status_code == 308
    assert post("unmerge", headers={"If-Match": '"99"'}) == 412
    key = {"Idempotency-Key": "for one request"}
    assert [post(path, headers=key) for path in ("unmerge", "unmerge", "unmerge?another")] == [200, 200, 422]


GETS = [operation for operation in OPERATIONS if operation[1] == "get"]


@pytest.mark.parametrize("path, method, name", GETS, ids=[name for _, _, name in GETS])
def test_every_read_is_answered(shared, path, method, name):
    assert shared.get(concrete(path)).status_code == 200
    assert shared.head(concrete(path)).status_code == 200


@pytest.mark.after_all
def test_every_operation_and_every_status_was_seen():
    RECORD.load()
    named = {(o["operationId"], status) for _, _, o in RECORD.contract.operations() for status in o["responses"]}
    assert sorted(named - RECORD.seen) == []
