"""GET /{resource}/{id}/revisions and .../revisions/{version}: what a record was, who changed it, when and why."""

import json

import names as n
import pytest
from problems import expect_problem

NAMES = ["sources", "articles", "speakers", "quotes", "events"]
LEAST = {"sources": {"name": "History"}, "articles": {"headline": "h"}, "speakers": {"name": "n"},
         "events": {"name": "n"}, "quotes": {"article_id": n.ARTICLE, "text": "t", "kind": "indirect"}}  # fmt: skip


@pytest.fixture
def api(module_api):
    """One server for all of this file: no test here minds the records of another."""
    return module_api


def merged(target, patch):
    """RFC 7396, as it defines it."""
    if not isinstance(patch, dict):
        return patch
    made = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            made.pop(name, None)
        else:
            made[name] = merged(made.get(name), value)
    return made


def known(record):
    """What of a record a merge patch can say: members that are null are missing to it."""
    if isinstance(record, dict):
        return {name: known(value) for name, value in record.items() if value is not None}
    return record


def past(record):
    return {name: value for name, value in record.items() if name not in ("version", "updated_at")}


def history(api, path, **more):
    return api.read(f"{path}/revisions", **more)["items"]


def test_who_when_and_what(api):
    made = api.post("/speakers", json={"name": "Clerk", "aliases": ["a"]}, headers={"Change-Actor": "Ann"})
    path = f"/speakers/{made.json()['id']}"
    changed = api.patch(path, json={"name": "Secretary", "description": "d"}, key=api.keys.admin,
                        headers={"Change-Actor": "Zoë".encode(), "Change-Reason": "promoted"})  # fmt: skip
    api.delete(path, headers={"Change-Reason": "left"})
    answer = api.get(f"{path}/revisions")
    deleted, second, first = answer.json()["items"]
    key = lambda name: {"id": int(api.psql(f"SELECT id FROM onrecord.api_keys WHERE name = '{name}'")[0][0]), "name": name}  # noqa: E731
    assert answer.json()["next"] is None and "Link" not in answer.headers
    assert first == {"version": 1, "operation": "insert", "changed_at": made.json()["created_at"], "changed_by": key("test-write"),
                     "change_actor": "Ann", "change_reason": None, "patch": None}  # fmt: skip
    assert second == {"version": 2, "operation": "update", "changed_at": changed.json()["updated_at"],
                      "changed_by": key("test-admin"), "change_actor": "Zoë", "change_reason": "promoted",
                      "patch": {"name": "Clerk", "description": None}}  # fmt: skip
    assert deleted == {"version": 3, "operation": "delete", "changed_at": deleted["changed_at"], "changed_by": key("test-write"),
                       "change_actor": None, "change_reason": "left", "patch": past(changed.json())}  # fmt: skip
    assert deleted["changed_at"] > second["changed_at"]


test_who_when_and_what = pytest.mark.own_server(test_who_when_and_what)


CHANGES = {
    "sources": [{"country": "AF", "extra": {"a": {"b": 1, "c": [1]}}}, {"extra": {"a": {"c": [2]}, "d": 2.5}},
                {"country": None, "url": "https://a.example/", "extra": {}}],
    "articles": [{"body": "One.\nTwo.", "keywords": ["k"], "published_at": "2025-05-15T10:00:00Z"}, {"body": None, "via": [{"source_id": 1}]},
                 {"mentions": [{"speaker_id": 1, "role": "r"}], "keywords": [], "language": "fa"}],
    "speakers": [{"kind": "organization", "aliases": ["a", "b"]}, {"same_as": ["https://a.example/"], "aliases": ["b"]},
                 {"affiliations": [{"organization_id": 1, "start_date": "2025"}], "part_of_id": 1}],
    "quotes": [{"relayed_by": {"speaker_id": 1, "role": "r", "cue": "said"}, "confidence": 0.1},
               {"relayed_by": {"role": None}, "about_ids": [5, 1], "said_on": "2025-05", "confidence": 0.25},
               {"relayed_by": None, "text": "it will soon appoint an ambassador to Moscow", "status": "proposed"}],
    "events": [{"participants": [{"speaker_id": 1}], "starts_on": "2025"}, {"article_ids": [1], "participants": []},
               {"starts_on": None, "part_of_id": 1}],
}  # fmt: skip


@pytest.mark.parametrize("resource", NAMES)
def test_each_patch_leads_to_the_version_before(api, resource):
    """In the API's own form, of every type of field."""
    states = [api.make(resource, **LEAST[resource])]
    path = f"/{resource}/{states[0]['id']}"
    for change in CHANGES[resource]:
        states.append(api.patch(path, json=change).json())
    versions = history(api, path)
    assert [v["version"] for v in versions] == [4, 3, 2, 1]
    for later, earlier, version in zip(states[:0:-1], states[-2::-1], versions, strict=False):
        assert merged(known(past(later)), version["patch"]) == known(past(earlier)), version
        same = {name for name in earlier if earlier[name] == later[name]}
        assert not same & set(version["patch"]), "it says more than what changed"
    assert api.delete(path).status_code == 204


@pytest.mark.parametrize("resource", NAMES)
def test_a_version_is_the_record_that_it_was(api, resource):
    states = [api.make(resource, **LEAST[resource])]
    path = f"/{resource}/{states[0]['id']}"
    for change in CHANGES[resource]:
        states.append(api.patch(path, json=change).json())
    assert api.delete(path).status_code == 204
    for state in states:
        answer = api.get(f"{path}/revisions/{state['version']}")
        assert (answer.status_code, answer.json()) == (200, state)
        assert answer.headers["ETag"] == f'"{state["version"]}"'
        assert api.get(f"{path}/revisions/{state['version']}", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("resource", NAMES)
def test_the_present_version_is_one_of_them(shared, resource):
    assert shared.read(f"/{resource}/1/revisions/1") == shared.read(f"/{resource}/1")
    (only,) = history(shared, f"/{resource}/1")
    assert (only["version"], only["operation"], only["changed_by"], only["change_reason"], only["patch"]) == (
        1, "insert", None, "seed", None)  # fmt: skip


def test_a_patch_sent_back_undoes_a_change(api):
    made = api.make("speakers", name="Clerk", aliases=["a"], extra={"a": {"b": 1}})
    path = f"/speakers/{made['id']}"
    api.patch(path, json={"name": "Other", "aliases": [], "description": "d", "extra": {"a": {"b": None, "c": 2}}})
    undone = api.patch(path, json=history(api, path)[0]["patch"]).json()
    assert past(undone) == past(made)
    assert undone["version"] == 3


def test_what_changed_with_another_record_is_told_too(api):
    article = api.make("articles", headline="h", body="He said: “we came”.")["id"]
    quote = api.make("quotes", article_id=article, text="we came")["id"]
    api.patch(f"/articles/{article}", json={"body": "Nothing.", "source_id": n.MNTV}, headers={"Change-Reason": "correction"})
    version = history(api, f"/quotes/{quote}")[0]
    assert version["change_reason"] == "correction"
    assert (version["patch"]["anchor"], version["patch"]["spans"]) == ("anchored", [{"start": 10, "end": 17}])
    sources = [v["patch"].get("source_id", 0) for v in history(api, f"/quotes/{quote}") if v["patch"]]
    assert None in sources


def test_a_restored_record_s_history_goes_on(api):
    path = f"/events/{api.make('events', name='n')['id']}"
    api.delete(path)
    api.post(f"{path}/restore")
    api.patch(path, json={"name": "m"})
    assert [(v["version"], v["operation"], v["patch"] and v["patch"].get("name")) for v in history(api, path)] == [
        (4, "update", "n"), (3, "insert", None), (2, "delete", "n"), (1, "insert", None)]  # fmt: skip


@pytest.mark.own_server
def test_changes_by_sql_have_no_key(api):
    path = f"/sources/{api.make('sources', name='By hand')['id']}"
    api.psql(f"UPDATE onrecord.sources SET description = 'd' WHERE name = 'By hand'")
    version = history(api, path)[0]
    assert (version["version"], version["changed_by"], version["patch"]) == (2, None, {"description": None})


@pytest.mark.own_server
def test_where_the_version_before_is_no_longer_kept(api):
    id = api.make("sources", name="Long ago")["id"]
    for text in "abc":
        api.patch(f"/sources/{id}", json={"description": text})
    api.psql(f"DELETE FROM onrecord.revisions WHERE resource = 'sources' AND record_id = {id} AND version = 2")
    assert [(v["version"], v["operation"], v["patch"]) for v in history(api, f"/sources/{id}")] == [
        (4, "update", {"description": "b"}), (3, "update", None), (1, "insert", None)]  # fmt: skip
    expect_problem(api.get(f"/sources/{id}/revisions/2"), "not-found", f"There is no version 2 of source {id}.")


# Pages


def test_pages(api):
    path = f"/speakers/{api.make('speakers', name='0')['id']}"
    for name in range(1, 10):
        api.patch(path, json={"name": str(name)})
    whole = history(api, path)
    assert [v["patch"] and v["patch"]["name"] for v in whole] == [*"876543210", None]
    for limit in (1, 2, 3, 4, 7, 9, 10, 11):
        pages = list(api.pages(f"{path}/revisions", limit))
        assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
        assert sum(pages, []) == whole, limit
    answer = api.get(f"{path}/revisions?limit=4")
    assert answer.headers["Link"] == f'<{answer.json()["next"]}>; rel="next"'


def test_pages_stay_while_versions_come(api):
    path = f"/speakers/{api.make('speakers', name='0')['id']}"
    for name in range(1, 6):
        api.patch(path, json={"name": str(name)})
    first = api.read(f"{path}/revisions?limit=2")
    api.patch(path, json={"name": "6"})
    api.delete(path)
    second = api.read(f"{path}/revisions{first['next']}")
    assert [v["version"] for v in first["items"] + second["items"]] == [6, 5, 4, 3]


def test_cursors_belong_to_one_history(api):
    paths = [f"/speakers/{api.make('speakers', name='0')['id']}" for _ in range(2)]
    for path in paths:
        api.patch(path, json={"name": "1"})
    next = api.read(f"{paths[0]}/revisions?limit=1")["next"]
    expect_problem(api.get(f"{paths[1]}/revisions{next}"), "bad-request",
                   errors=[("?cursor", "belongs to another list, other filters or another sort")])  # fmt: skip
    assert api.get(f"/speakers{next}").status_code == 400


# Shape


def test_fields(api):
    made = api.make("articles", headline="h", body="b")
    path = f"/articles/{made['id']}"
    api.patch(path, json={"headline": "i", "body": "c", "summary": "s"})
    assert history(api, path)[0]["patch"] == {"headline": "h", "summary": None, "body": "b",
                                              "body_sha256": made["body_sha256"]}  # fmt: skip
    assert api.read(f"{path}/revisions?fields=-body,-body_sha256")["items"][0]["patch"] == {"headline": "h", "summary": None}
    assert api.read(f"{path}/revisions?fields=byline,headline")["items"][0]["patch"] == {"headline": "h"}
    answer = api.get(f"{path}/revisions/1?fields=id,headline")
    assert answer.json() == {"id": made["id"], "headline": "h"}
    assert answer.headers["ETag"].startswith('"1-')


def test_utf16(api):
    """Into the body as it was then."""
    article = api.make("articles", headline="h", body="😀 “we came” 😀")["id"]
    quote = api.make("quotes", article_id=article, text="we came")["id"]
    api.patch(f"/articles/{article}", json={"body": "No face. “we came”"})
    api.patch(f"/articles/{article}", json={"body": "😀😀 “we came”"})
    api.patch(f"/articles/{article}", json={"headline": "another"})
    points = [api.read(f"/quotes/{quote}/revisions/{v}")["spans"][0]["start"] for v in (1, 2, 3)]
    units = [api.read(f"/quotes/{quote}/revisions/{v}?offsets=utf16")["spans"][0]["start"] for v in (1, 2, 3)]
    assert (points, units) == ([3, 10, 4], [4, 10, 6])
    patches = [v["patch"]["spans"][0]["start"] for v in api.read(f"/quotes/{quote}/revisions?offsets=utf16")["items"] if v["patch"]]
    assert patches == [10, 4]


def test_numbers_of_any_size_come_through(api):
    path = f"/sources/{api.make('sources', name='Numbers', extra={'a': 0.1, 'b': 2**60, 'c': 1e300})['id']}"
    api.patch(path, json={"extra": {"a": 0.2, "b": 1, "c": None}})
    assert history(api, path)[0]["patch"] == {"extra": {"a": 0.1, "b": 2**60, "c": 1e300}}
    extra = api.read(f"{path}/revisions/1")["extra"]
    assert (extra["a"], extra["b"], float(extra["c"])) == (0.1, 2**60, 1e300)


@pytest.mark.own_server
def test_a_number_that_cannot_be_read_does_not_hide_the_rest(api):
    path = f"/sources/{api.make('sources', name='Beyond')['id']}"
    api.psql("UPDATE onrecord.sources SET extra = '{\"n\": 1e400, \"m\": 1}' WHERE name = 'Beyond'")
    api.psql("UPDATE onrecord.sources SET extra = '{\"n\": 1, \"m\": 1}' WHERE name = 'Beyond'")
    text = api.get(f"{path}/revisions").text
    assert '"patch":{"extra":{"m":1,"n":1' + "0" * 400 + "}}" in text
    assert len(json.loads(text, parse_int=str)["items"]) == 3


# What is not there


@pytest.mark.parametrize("resource", NAMES)
def test_what_never_was(shared, resource):
    singular = resource[:-1]
    expect_problem(shared.get(f"/{resource}/4711/revisions"), "not-found", f"There is no {singular} 4711.")
    expect_problem(shared.get(f"/{resource}/4711/revisions/1"), "not-found", f"There is no {singular} 4711.")
    expect_problem(shared.get(f"/{resource}/1/revisions/2"), "not-found", f"There is no version 2 of {singular} 1.")


def test_a_deletion_is_a_version_without_a_state(api):
    path = f"/speakers/{api.make('speakers', name='Clerk')['id']}"
    api.delete(path)
    id = path.rpartition("/")[2]
    expect_problem(api.get(f"{path}/revisions/2"), "gone", f"Version 2 of speaker {id} is its deletion.")
    expect_problem(api.get(f"{path}/revisions/3"), "not-found", f"There is no version 3 of speaker {id}.")


@pytest.mark.parametrize("version", ["0", "01", "-1", "x", "1.0", "1e3", "9007199254740992", "+1"])
def test_what_is_no_version(shared, version):
    expect_problem(shared.get(f"/sources/1/revisions/{version}"), "not-found", "There is nothing at this path.")


def test_faults_of_the_query(shared):
    known = "is not a parameter of a history; these are: limit, cursor, fields, offsets"
    expect_problem(
        shared.get("/quotes/1/revisions?sort=id&limit=0&cursor=x&offsets=bytes&fields=nothing&kind=direct&include=speaker&limit=3"),
        "bad-request",
        "The query has 8 faults.",
        [("?sort", known), ("?kind", known), ("?include", known), ("?limit", "must be a whole number from 1 to 200"),
         ("?limit", "is given more than once"), ("?cursor", None), ("?offsets", "must be codepoints or utf16"), ("?fields", None)],
    )  # fmt: skip
    known = "is not a parameter of a revision; these are: fields, offsets"
    expect_problem(shared.get("/quotes/1/revisions/1?limit=1&fields=speaker.name"), "bad-request", "The query has 2 faults.",
                   [("?limit", known), ("?fields", "names members of the record itself here, not of others")])  # fmt: skip


def test_only_get(shared):
    for path in ("/sources/1/revisions", "/sources/1/revisions/1"):
        answer = shared.post(path, json={})
        expect_problem(answer, "method-not-allowed", "This path takes GET, HEAD, OPTIONS.")
        assert shared.head(path).status_code == 200


@pytest.mark.own_server
def test_a_service_that_closes_reads_closes_histories(api_with):
    api = api_with(ONRECORD_READS="key")
    for path in ("/sources/1/revisions", "/sources/1/revisions/1"):
        expect_problem(api.get(path), "unauthorized")
        assert api.get(path, key=api.keys.read).status_code == 200
