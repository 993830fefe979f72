"""What is kept of every change, seen through psql: revisions and the change log."""

import json

import names as n
import pytest

pytestmark = pytest.mark.own_server


@pytest.fixture
def api(module_api):
    """One server for all of this file: no test here minds the records of another."""
    return module_api


def revisions(api, resource, id):
    """version, who, actor, reason, the state's `name` (None where there is no state)."""
    return [
        tuple(row)
        for row in api.psql(
            "SELECT r.version, k.name, r.change_actor, r.change_reason, r.state->>'name' FROM onrecord.revisions r "
            f"LEFT JOIN onrecord.api_keys k ON k.id = r.changed_by WHERE resource = '{resource}' AND record_id = {id} "
            "ORDER BY r.version"
        )
    ]


def changes(api, resource, id):
    return [
        (operation, int(version), who)
        for operation, version, who in api.psql(
            "SELECT c.operation, c.version, k.name FROM onrecord.changes c LEFT JOIN onrecord.api_keys k ON k.id = c.changed_by "
            f"WHERE resource = '{resource}' AND record_id = {id} ORDER BY c.id"
        )
    ]


def test_each_version_is_kept_with_who_made_it(api):
    who = lambda actor, reason: {"Change-Actor": actor, "Change-Reason": reason}  # noqa: E731
    made = api.post("/speakers", json={"name": "one"}, headers=who("Ann", "found"))
    path = made.headers["Location"]
    id = made.json()["id"]
    assert revisions(api, "speakers", id) == []
    api.patch(path, json={"name": "two"}, headers=who("Bob", "corrected"))
    api.patch(path, json={"name": "two"}, headers=who("Eve", "changes nothing"))
    api.put(path, json={"name": "three"}, key=api.keys.admin)
    assert revisions(api, "speakers", id) == [
        ("1", "test-write", "Ann", "found", "one"),
        ("2", "test-write", "Bob", "corrected", "two"),
    ]
    api.delete(path, headers=who("Eva", "asked for"))
    assert revisions(api, "speakers", id) == [
        ("1", "test-write", "Ann", "found", "one"),
        ("2", "test-write", "Bob", "corrected", "two"),
        ("3", "test-admin", None, None, "three"),
        ("4", "test-write", "Eva", "asked for", None),
    ]
    assert changes(api, "speakers", id) == [
        ("insert", 1, "test-write"), ("update", 2, "test-write"), ("update", 3, "test-admin"), ("delete", 4, "test-write"),
    ]  # fmt: skip


def test_a_state_is_the_whole_row(api):
    made = api.make("articles", headline="h", body="b", keywords=["k"], via=[{"source_id": n.MNTV}], extra={"a": [1]})
    api.patch(f"/articles/{made['id']}", json={"headline": "i"})
    state = json.loads(
        api.psql(f"SELECT state FROM onrecord.revisions WHERE resource = 'articles' AND record_id = {made['id']}")[0][0]
    )
    for name in ("id", "headline", "body", "keywords", "via", "extra", "language", "version"):
        assert state[name] == made[name], name


def test_letters_of_the_world_in_who_and_why(api):
    made = api.post("/speakers", json={"name": "one"},
                    headers={"Change-Actor": "Zoë".encode(), "Change-Reason": "گزارش".encode()})  # fmt: skip
    id = made.json()["id"]
    api.delete(f"/speakers/{id}")
    assert revisions(api, "speakers", id)[0][2:4] == ("Zoë", "گزارش")


def test_quotes_that_move_with_a_body_are_changed_by_who_changed_it(api):
    article = api.make("articles", headline="h", body="He said: “we came”.")["id"]
    quote = api.make("quotes", article_id=article, text="we came")["id"]
    api.patch(f"/articles/{article}", json={"body": "Yes, he said: “we came”."}, key=api.keys.admin,
              headers={"Change-Reason": "correction"})  # fmt: skip
    assert changes(api, "quotes", quote) == [("insert", 1, "test-write"), ("update", 2, "test-admin")]
    row = api.psql(f"SELECT version, change_reason FROM onrecord.quotes WHERE id = {quote}")
    assert row == [["2", "correction"]]


def test_changes_by_hand_are_kept_too(api):
    api.psql(f"UPDATE onrecord.sources SET description = 'by hand' WHERE id = {n.MNTV}")
    record = api.read(f"/sources/{n.MNTV}")
    assert (record["version"], record["description"]) == (2, "by hand")
    assert changes(api, "sources", n.MNTV)[-1] == ("update", 2, None)
    api.patch(f"/sources/{n.MNTV}", json={"description": "by key"})
    assert revisions(api, "sources", n.MNTV)[-1][:2] == ("2", None)


def test_refused_writes_leave_nothing(api):
    before = api.psql("SELECT count(*) FROM onrecord.changes")
    api.post("/speakers", json={"name": "n", "part_of_id": 4711})
    api.post("/sources", json={"name": "MNTV"})
    api.delete(f"/articles/{n.ARTICLE}")
    api.patch(f"/sources/{n.MNTV}", json={"description": "x"}, headers={"If-Match": '"9"'})
    assert api.psql("SELECT count(*) FROM onrecord.changes") == before


def test_every_change_is_in_the_log_once(api):
    made = [api.make("sources", name=f"s{i}")["id"] for i in range(30)]
    rows = api.psql("SELECT record_id FROM onrecord.changes WHERE resource = 'sources' AND operation = 'insert' ORDER BY id")
    assert [int(row[0]) for row in rows][-30:] == made
