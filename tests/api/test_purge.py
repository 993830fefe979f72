"""DELETE /{resource}/{id}?purge=true: erased for good. That it was there is all that is kept."""

import subprocess
import threading

import names as n
import pytest
import requests
from problems import expect_problem

pytestmark = pytest.mark.own_server
NAMES = ["sources", "articles", "speakers", "quotes", "events"]
SECRET = "Xanthippe Quodlibet"  # stands nowhere else
LEAST = {"sources": {"name": SECRET}, "articles": {"headline": SECRET}, "speakers": {"name": SECRET}, "events": {"name": SECRET},
         "quotes": {"article_id": n.ARTICLE, "text": SECRET, "kind": "indirect"}}  # fmt: skip


@pytest.fixture
def api(module_api):
    """One server for all of this file: no test here minds the records of another."""
    return module_api


def purge(api, path, **more):
    answer = api.delete(f"{path}{'&' if '?' in path else '?'}purge=true", key=api.keys.admin, **more)
    assert (answer.status_code, answer.content) == (204, b""), answer.text


def dump(api):
    """All that the database holds, as text."""
    pg_dump = [str(api.cluster.bin / "pg_dump"), "--data-only", "--schema=onrecord", "-d", api.cluster.url(api.database)]
    return subprocess.run(pg_dump, capture_output=True, text=True, check=True).stdout


def expect_erased(api, path):
    resource, id = path.strip("/").split("/")
    title = resource[:-1].capitalize()
    expect_problem(api.get(path), "gone", f"{title} {id} was deleted.")
    expect_problem(api.patch(path, json={}), "gone", f"{title} {id} was deleted.")
    expect_problem(api.delete(path), "gone", f"{title} {id} was deleted.")
    erased = f"{title} {id} was erased; nothing of it is kept."
    expect_problem(api.post(f"{path}/restore"), "gone", erased)
    expect_problem(api.post(f"{path}/restore", json={"version": 1}), "gone", erased)
    expect_problem(api.get(f"{path}/revisions"), "gone", erased)
    expect_problem(api.get(f"{path}/revisions/1"), "gone", erased)
    expect_problem(api.delete(f"{path}?purge=true", key=api.keys.admin), "gone", erased)
    (row,) = api.psql("SELECT state, changed_by, change_actor, change_reason, act, erased FROM onrecord.revisions "
                      f"WHERE resource = '{resource}' AND record_id = {id}")  # fmt: skip
    assert row == [None] * 5 + ["t"]


def changes(api, path):
    resource, id = path.strip("/").split("/")
    return [(operation, int(version), who) for operation, version, who in api.psql(
        "SELECT c.operation, c.version, k.name FROM onrecord.changes c LEFT JOIN onrecord.api_keys k ON k.id = c.changed_by "
        f"WHERE resource = '{resource}' AND record_id = {id} ORDER BY c.id")]  # fmt: skip


@pytest.mark.parametrize("resource", NAMES)
def test_nothing_of_it_is_left(api, resource):
    made = api.post(f"/{resource}", json=LEAST[resource], headers={"Change-Actor": SECRET, "Change-Reason": SECRET})
    path = made.headers["Location"]
    api.patch(path, json={"extra": {"a": SECRET}}, headers={"Change-Actor": SECRET})
    assert dump(api).count(SECRET) >= 4
    purge(api, path, headers={"Change-Reason": SECRET})
    assert SECRET not in dump(api)
    expect_erased(api, path)
    assert changes(api, path) == [("insert", 1, "test-write"), ("update", 2, "test-write"), ("delete", 3, "test-admin"),
                                  ("purge", 3, "test-admin")]  # fmt: skip


@pytest.mark.parametrize("resource", NAMES)
def test_nothing_of_what_was_deleted_before(api, resource):
    path = f"/{resource}/{api.make(resource, **LEAST[resource])['id']}"
    api.delete(path, headers={"Change-Reason": SECRET})
    api.post(f"{path}/restore", headers={"Change-Reason": SECRET})
    api.delete(path)
    purge(api, path)
    assert SECRET not in dump(api)
    expect_erased(api, path)
    assert changes(api, path)[-1] == ("purge", 4, "test-admin")


def test_others_keep_what_is_theirs(api):
    path = f"/speakers/{api.make('speakers', name=SECRET)['id']}"
    other = f"/speakers/{api.make('speakers', name='Another')['id']}"
    api.patch(other, json={"name": "Other"})
    api.delete(other)
    purge(api, path)
    assert len(api.read(f"{other}/revisions")["items"]) == 3
    assert api.post(f"{other}/restore").status_code == 200


def test_while_others_refer_to_it_it_stays(api):
    made = api.make("speakers", name=SECRET)
    quote = api.make("quotes", article_id=n.ARTICLE, text="t", kind="indirect", speaker_id=made["id"])["id"]
    path = f"/speakers/{made['id']}"
    expect_problem(
        api.delete(f"{path}?purge=true", key=api.keys.admin), "conflict",
        f"Speaker {made['id']} cannot be deleted: other records refer to it. With cascade=true they go with it, or let go of it.",
        [("", f"1 quote refers to it by speaker_id, /quotes/{quote} among them")],
        {"resource": "quotes", "id": quote, "href": f"/quotes/{quote}"},
    )  # fmt: skip
    assert api.read(path) == made
    purge(api, f"{path}?cascade=true")
    assert SECRET not in dump(api)
    expect_erased(api, path)
    # Who referred to it knows its id, and no more.
    assert api.read(f"/quotes/{quote}")["speaker_id"] is None
    assert api.read(f"/quotes/{quote}/revisions")["items"][0]["patch"] == {"speaker_id": made["id"]}
    expect_problem(api.post(f"/quotes/{quote}/restore", json={"version": 1}), "conflict",
                   errors=[("/speaker_id", f"there is no speaker {made['id']}")])  # fmt: skip


@pytest.mark.parametrize("deleted_before", [False, True])
def test_with_cascade_what_was_deleted_with_it_is_erased_too(api, deleted_before):
    article = f"/articles/{api.make('articles', headline=SECRET, body=f'He said: “{SECRET}”.')['id']}"
    id = int(article.rpartition("/")[2])
    quote = f"/quotes/{api.make('quotes', article_id=id, text=SECRET)['id']}"
    event = f"/events/{api.make('events', name='e', article_ids=[id])['id']}"
    if deleted_before:
        assert api.delete(f"{article}?cascade=true").status_code == 204
    purge(api, f"{article}?cascade=true")
    assert SECRET not in dump(api)
    expect_erased(api, article)
    expect_erased(api, quote)
    assert api.read(event)["article_ids"] == []
    assert [v["version"] for v in api.read(f"{event}/revisions")["items"]] == [2, 1]


def test_without_cascade_what_was_deleted_with_it_stays(api):
    article = f"/articles/{api.make('articles', headline='h')['id']}"
    quote = f"/quotes/{api.make('quotes', article_id=int(article.rpartition('/')[2]), text='t', kind='indirect')['id']}"
    assert api.delete(f"{article}?cascade=true").status_code == 204
    purge(api, article)
    expect_erased(api, article)
    assert api.read(f"{quote}/revisions/1")["text"] == "t"
    purge(api, quote)
    expect_erased(api, quote)


def test_a_quote_that_is_erased_does_not_come_back_with_its_article(api):
    article = f"/articles/{api.make('articles', headline='h')['id']}"
    id = int(article.rpartition("/")[2])
    quotes = [f"/quotes/{api.make('quotes', article_id=id, text='t', kind='indirect')['id']}" for _ in range(2)]
    assert api.delete(f"{article}?cascade=true").status_code == 204
    purge(api, quotes[0])
    answer = api.post(f"{article}/restore").json()
    assert answer["returned"] == [{"resource": "quotes", "id": int(quotes[1].rpartition("/")[2])}]
    assert answer["left"] == []
    expect_erased(api, quotes[0])


# Who may


def test_only_an_admin_may(api):
    path = f"/speakers/{api.make('speakers', name='Clerk')['id']}"
    for query in ("?purge=true", "?purge=true&cascade=true"):
        refused = api.delete(path + query)
        expect_problem(refused, "forbidden", "The key's scope does not allow this.")
        assert "insufficient_scope" in refused.headers["WWW-Authenticate"]
        expect_problem(api.delete(path + query, key=api.keys.read), "forbidden")
        expect_problem(api.delete(path + query, key=None), "unauthorized")
    assert api.get(path).status_code == 200
    assert api.delete(f"{path}?purge=false").status_code == 204
    expect_problem(api.delete(f"{path}?purge=true"), "forbidden")
    purge(api, path)


@pytest.mark.parametrize("value", ["", "1", "TRUE", "yes", "true,true"])
def test_what_says_neither_yes_nor_no(api, value):
    path = f"/speakers/{api.make('speakers', name='Clerk')['id']}"
    expect_problem(api.delete(f"{path}?purge={value}", key=api.keys.admin), "bad-request", errors=[("?purge", "must be true or false")])
    assert api.get(path).status_code == 200


def test_said_twice(api):
    """Whatever is said first: who may not erase does not."""
    path = f"/speakers/{api.make('speakers', name='Clerk')['id']}"
    for query in ("?purge=true&purge=false", "?purge=false&purge=true", "?purg%65=false&%70urge=true"):
        assert api.delete(path + query).status_code in (400, 403)
        expect_problem(api.delete(path + query, key=api.keys.admin), "bad-request", errors=[("?purge", "is given more than once")])
    assert api.get(path).status_code == 200
    expect_problem(api.delete(f"{path}?%70urg%65=%74rue"), "forbidden")


def test_nobody_there(api):
    expect_problem(api.delete("/speakers/4711?purge=true", key=api.keys.admin), "not-found", "There is no speaker 4711.")


# If-Match


def test_if_match(api):
    id = api.make("speakers", name="Clerk")["id"]
    path = f"/speakers/{id}"
    refused = api.delete(f"{path}?purge=true", key=api.keys.admin, headers={"If-Match": '"2"'})
    expect_problem(refused, "precondition-failed", f"Speaker {id} is at version 1, which If-Match does not name.")
    api.delete(path, headers={"If-Match": '"1"'})
    for value in ("*", '"1"', '"2"'):
        refused = api.delete(f"{path}?purge=true", key=api.keys.admin, headers={"If-Match": value})
        expect_problem(refused, "precondition-failed", f"Speaker {id} is deleted: it has no version that If-Match could name.")
    purge(api, path)


def test_a_service_may_insist_on_if_match(api_with):
    api = api_with(ONRECORD_IF_MATCH_REQUIRED="1")
    path = f"/speakers/{api.make('speakers', name='Clerk')['id']}"
    expect_problem(api.delete(f"{path}?purge=true", key=api.keys.admin), "precondition-required")
    api.delete(path, headers={"If-Match": '"1"'})
    purge(api, path)  # there is no version that it could name


# At the same time


def test_restored_or_erased_but_not_both(api):
    headers = lambda key: {"Authorization": f"Bearer {key}"}  # noqa: E731
    ends = set()
    for _ in range(20):
        path = f"/speakers/{api.make('speakers', name=SECRET)['id']}"
        api.delete(path)
        statuses = {}

        def restore(path=path, statuses=statuses):
            statuses["restore"] = requests.post(f"{api.base}{path}/restore", headers=headers(api.keys.write), timeout=30).status_code

        def erase(path=path, statuses=statuses):
            statuses["purge"] = requests.delete(f"{api.base}{path}?purge=true", headers=headers(api.keys.admin), timeout=30).status_code

        threads = [threading.Thread(target=target) for target in (restore, erase)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ends.add((statuses["restore"], statuses["purge"]))
        assert statuses["purge"] == 204 and statuses["restore"] in (200, 410), statuses
        expect_erased(api, path)
    assert SECRET not in dump(api)
    assert ends <= {(200, 204), (410, 204)}


def test_a_change_against_an_erasure(api):
    for _ in range(10):
        path = f"/speakers/{api.make('speakers', name=SECRET)['id']}"
        answers = []
        write = {"Authorization": f"Bearer {api.keys.write}"}
        admin = {"Authorization": f"Bearer {api.keys.admin}"}
        acts = [lambda path=path: requests.patch(api.base + path, json={"description": SECRET}, headers=write, timeout=30)] * 3
        acts.append(lambda path=path: requests.delete(f"{api.base}{path}?purge=true", headers=admin, timeout=30))
        threads = [threading.Thread(target=lambda act=act: answers.append(act().status_code)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert set(answers) <= {200, 204, 410} and 204 in answers, answers
        expect_erased(api, path)
    assert SECRET not in dump(api)
