"""POST /{resource}/{id}/restore: what was deleted comes back, what was changed goes back."""

import threading

import names as n
import pytest
import requests
from problems import expect_problem

NAMES = ["sources", "articles", "speakers", "quotes", "events"]
WHOLE = {
    "sources": {"external_id": "restored", "name": "Restored", "url": "https://a.example/", "country": "AF",
                "description": "d", "extra": {"a": [1, {"b": None}]}},
    "articles": {"external_id": "restored", "headline": "h", "source_id": n.MNTV, "url": "https://a.example/", "language": "fa",
                 "published_at": "2025-05-15T10:00:00.123456Z", "body": " One.\n", "keywords": ["k", "{}", '"'],
                 "via": [{"source_id": n.TOLONEWS, "as_printed": "p"}], "mentions": [{"speaker_id": n.RUSSIA, "role": "r"}]},
    "speakers": {"external_id": "restored", "name": "Restored", "kind": "organization", "aliases": ["a", "b"],
                 "same_as": ["https://a.example/"], "part_of_id": n.ADMINISTRATION,
                 "affiliations": [{"organization_id": n.RUSSIA, "role": "r", "start_date": "2025", "article_id": n.ARTICLE}]},
    "quotes": {"external_id": "restored", "article_id": n.ARTICLE, "text": "growing ties", "kind": "partial",
               "speaker_id": n.ADMINISTRATION, "relayed_by": {"speaker_id": n.TAKAL, "cue": "said"}, "about_ids": [n.CHINA, n.RUSSIA],
               "said_on": "2025-05", "confidence": 0.1, "event_id": n.VISIT, "continues_id": 1, "status": "proposed"},
    "events": {"external_id": "restored", "name": "Restored", "kind": "ruling", "status": "planned", "starts_on": "2025",
               "ends_on": "2025-05", "place": "p", "part_of_id": n.SUMMIT, "participants": [{"speaker_id": n.RUSSIA, "role": "r"}],
               "article_ids": [n.ARTICLE]},
}  # fmt: skip


@pytest.fixture
def api(module_api):
    """One server for all of this file: no test here minds the records of another."""
    return module_api


def restore(api, path, version=None, **more):
    answer = api.post(f"{path}/restore", json={} if version is None else {"version": version}, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def the_record(answer):
    return {name: value for name, value in answer.items() if name not in ("returned", "left")}


def but_version(record):
    return {name: value for name, value in record.items() if name not in ("version", "updated_at")}


@pytest.mark.parametrize("resource", NAMES)
def test_a_deleted_record_comes_back_whole(api, resource):
    made = api.make(resource, **WHOLE[resource])
    path = f"/{resource}/{made['id']}"
    api.delete(path)
    answer = api.post(f"{path}/restore", headers={"Change-Reason": "by mistake"})
    record = the_record(answer.json())
    assert answer.status_code == 200 and "Location" not in answer.headers
    assert answer.headers["ETag"].startswith('"3-')
    assert record == {**made, "version": 3, "updated_at": record["updated_at"]}
    assert record["updated_at"] > made["updated_at"]
    assert (answer.json()["returned"], answer.json()["left"]) == ([], [])
    assert api.read(path) == record
    assert api.read(f"{path}/revisions?limit=1")["items"][0]["change_reason"] == "by mistake"
    # The lists that filters look into are there again, and so are the words that searches find.
    filters = {"sources": "q=restored", "articles": f"mentions.speaker_id={n.RUSSIA}", "speakers": f"affiliations.organization_id={n.RUSSIA}",
               "quotes": f"about_id={n.CHINA}&status=proposed", "events": f"participants.speaker_id={n.RUSSIA}"}  # fmt: skip
    assert made["id"] in api.ids(f"/{resource}?{filters[resource]}&limit=200")
    assert api.delete(path, headers={"If-Match": '"3"'}).status_code == 204


@pytest.mark.parametrize("resource", NAMES)
def test_a_record_goes_back_to_an_older_version(api, resource):
    made = api.make(resource, **WHOLE[resource])
    path = f"/{resource}/{made['id']}"
    other = {"external_id": None, "extra": {"b": 2}, **{"sources": {"name": "Other", "country": None}, "articles": {"keywords": [], "source_id": None},
             "speakers": {"aliases": [], "affiliations": []}, "quotes": {"about_ids": [], "relayed_by": None, "said_on": None},
             "events": {"participants": [], "article_ids": [], "starts_on": None}}[resource]}  # fmt: skip
    changed = api.patch(path, json=other).json()
    back = restore(api, path, 1)
    assert but_version(the_record(back)) == but_version(made)
    assert back["version"] == 3
    forth = restore(api, path, 2)
    assert but_version(the_record(forth)) == but_version(changed)
    assert api.read(path) == the_record(forth)
    assert [v["operation"] for v in api.read(f"{path}/revisions")["items"]] == ["update"] * 3 + ["insert"]
    assert api.delete(path).status_code == 204


@pytest.mark.parametrize("resource", NAMES)
def test_a_deleted_record_comes_back_as_an_older_version(api, resource):
    made = api.make(resource, **WHOLE[resource])
    path = f"/{resource}/{made['id']}"
    api.patch(path, json={"extra": {"b": 2}, "external_id": None})
    api.delete(path)
    back = the_record(restore(api, path, 1))
    assert back == {**made, "version": 4, "updated_at": back["updated_at"]}
    assert api.read(path) == back
    assert api.delete(path).status_code == 204


def test_again_and_again(api):
    path = f"/speakers/{api.make('speakers', name='Clerk')['id']}"
    for version in (3, 5, 7):
        api.delete(path)
        assert restore(api, path)["version"] == version
    assert [v["operation"] for v in api.read(f"{path}/revisions")["items"]] == ["insert", "delete"] * 3 + ["insert"]


@pytest.mark.parametrize("body", [None, {}, {"version": 2}])
def test_what_is_there_and_as_it_was_raises_nothing(api, body):
    path = f"/speakers/{api.make('speakers', name='Clerk')['id']}"
    record = api.patch(path, json={"name": "Other"}).json()
    answer = api.post(f"{path}/restore", json=body)
    assert (answer.status_code, answer.json()) == (200, {**record, "returned": [], "left": []})
    assert api.read(path) == record


def test_a_version_of_the_same_state_raises_nothing(api):
    path = f"/speakers/{api.make('speakers', name='Clerk')['id']}"
    api.patch(path, json={"name": "Other"})
    api.patch(path, json={"name": "Clerk"})
    assert restore(api, path, 1)["version"] == 3


# If-Match


def test_if_match(api):
    path = f"/speakers/{api.make('speakers', name='Clerk')['id']}"
    api.patch(path, json={"name": "Other"})
    expect_problem(api.post(f"{path}/restore", json={"version": 1}, headers={"If-Match": '"1"'}), "precondition-failed",
                   f"Speaker {path.rpartition('/')[2]} is at version 2, which If-Match does not name.")  # fmt: skip
    assert restore(api, path, 1, headers={"If-Match": '"2"'})["version"] == 3
    assert restore(api, path, 2, headers={"If-Match": "*"})["version"] == 4


def test_if_match_of_what_is_deleted(api):
    id = api.make("speakers", name="Clerk")["id"]
    api.delete(f"/speakers/{id}")
    for value in ("*", '"1"', '"2"'):
        expect_problem(api.post(f"/speakers/{id}/restore", headers={"If-Match": value}), "precondition-failed",
                       f"Speaker {id} is deleted: it has no version that If-Match could name.")  # fmt: skip


@pytest.mark.own_server
def test_a_service_may_insist_on_if_match(api_with):
    api = api_with(ONRECORD_IF_MATCH_REQUIRED="1")
    path = f"/speakers/{api.make('speakers', name='Clerk')['id']}"
    expect_problem(api.post(f"{path}/restore"), "precondition-required")
    assert api.post(f"{path}/restore", headers={"If-Match": '"1"'}).status_code == 200
    api.delete(path, headers={"If-Match": '"1"'})
    assert api.post(f"{path}/restore").status_code == 200, "there is no version that it could name"


# What is in the way


@pytest.mark.parametrize(
    "resource, field, members",
    [
        *((resource, "external_id", {"external_id": "taken"}) for resource in NAMES),
        ("sources", "name", {"name": "Taken", "country": "AF"}),
        ("sources", "name", {"name": "Taken"}),
        ("articles", "url", {"url": "https://taken.example/"}),
    ],
)
def test_a_value_that_is_taken_meanwhile(api, resource, field, members):
    least = {"sources": {"name": "least"}, "articles": {"headline": "h"}, "speakers": {"name": "n"}, "events": {"name": "n"},
             "quotes": {"article_id": n.ARTICLE, "text": "t", "kind": "indirect"}}[resource]  # fmt: skip
    lost = api.make(resource, **least | members)["id"]
    api.delete(f"/{resource}/{lost}")
    title = resource[:-1].capitalize()
    taker = api.make(resource, **least | {"name": "another"} | members if "name" in least else least | members)["id"]
    expect_problem(
        api.post(f"/{resource}/{lost}/restore"), "conflict", f"{title} {taker} has this {field} already.",
        [(f"/{field}", "is taken")], {"resource": resource, "id": taker, "href": f"/{resource}/{taker}"},
    )  # fmt: skip
    assert api.get(f"/{resource}/{lost}").status_code == 410
    api.delete(f"/{resource}/{taker}")
    assert restore(api, f"/{resource}/{lost}")["version"] == 3
    api.delete(f"/{resource}/{lost}")


def test_a_value_that_is_taken_of_a_record_that_is_there(api):
    path = f"/sources/{api.make('sources', name='First')['id']}"
    api.patch(path, json={"name": "Second"})
    taker = api.make("sources", name="First")["id"]
    expect_problem(api.post(f"{path}/restore", json={"version": 1}), "conflict", f"Source {taker} has this name already.",
                   [("/name", "is taken")], {"resource": "sources", "id": taker, "href": f"/sources/{taker}"})  # fmt: skip
    assert api.read(path)["version"] == 2


def test_references_that_are_gone(api):
    speaker = api.make("speakers", name="Clerk")["id"]
    event = api.make("events", name="Talks")["id"]
    quote = api.make("quotes", article_id=n.ARTICLE, text="t", kind="indirect", speaker_id=speaker, event_id=event,
                     about_ids=[n.RUSSIA, speaker])["id"]  # fmt: skip
    api.delete(f"/quotes/{quote}")
    api.delete(f"/speakers/{speaker}")
    api.delete(f"/events/{event}")
    expect_problem(
        api.post(f"/quotes/{quote}/restore"), "conflict",
        f"Quote {quote} cannot be as it was: what it referred to is gone.",
        [("/speaker_id", f"there is no speaker {speaker}"), ("/about_ids/1", f"there is no speaker {speaker}"),
         ("/event_id", f"there is no event {event}")],
    )  # fmt: skip
    restore(api, f"/events/{event}")
    restore(api, f"/speakers/{speaker}")
    assert restore(api, f"/quotes/{quote}")["about_ids"] == [n.RUSSIA, speaker]


def test_a_reference_that_is_gone_of_a_record_that_is_there(api):
    part = api.make("speakers", name="Office")["id"]
    path = f"/speakers/{api.make('speakers', name='Clerk', part_of_id=part)['id']}"
    api.patch(path, json={"part_of_id": None})
    api.delete(f"/speakers/{part}")
    expect_problem(api.post(f"{path}/restore", json={"version": 1}), "conflict",
                   errors=[("/part_of_id", f"there is no speaker {part}")])  # fmt: skip


def test_nothing_becomes_part_of_itself(api):
    above = api.make("speakers", name="above")["id"]
    below = api.make("speakers", name="below", part_of_id=above)["id"]
    api.patch(f"/speakers/{below}", json={"part_of_id": None})
    api.patch(f"/speakers/{above}", json={"part_of_id": below})
    expect_problem(api.post(f"/speakers/{below}/restore", json={"version": 1}), "invalid",
                   errors=[("/part_of_id", "An organization cannot be part of itself.")])  # fmt: skip


# Bodies and places


def test_the_quotes_of_an_older_body_find_their_places(api):
    article = api.make("articles", headline="h", body="He said: “we came”, and “we saw”.")["id"]
    came = api.make("quotes", article_id=article, text="we came")["id"]
    saw = api.make("quotes", article_id=article, text="we saw")["id"]
    before = [api.read(f"/quotes/{id}") for id in (came, saw)]
    api.patch(f"/articles/{article}", json={"body": "Yes, he said: “we came”."})
    assert [api.read(f"/quotes/{id}")["anchor"] for id in (came, saw)] == ["anchored", "lost"]
    restore(api, f"/articles/{article}", 1, headers={"Change-Reason": "wrong correction"})
    after = [api.read(f"/quotes/{id}") for id in (came, saw)]
    assert [but_version(quote) for quote in after] == [but_version(quote) for quote in before]
    assert [quote["version"] for quote in after] == [3, 3]
    assert api.read(f"/quotes/{saw}/revisions?limit=1")["items"][0]["change_reason"] == "wrong correction"


def test_a_quote_comes_back_to_its_place(api):
    article = api.make("articles", headline="h", body="He said: “we came”.")["id"]
    quote = api.make("quotes", article_id=article, text="we came")
    api.delete(f"/quotes/{quote['id']}")
    api.patch(f"/articles/{article}", json={"body": "Yes, yes, he said: “we came”."})
    moved = restore(api, f"/quotes/{quote['id']}")
    assert (moved["spans"], moved["prefix"], moved["anchor"]) == ([{"start": 20, "end": 27}], "Yes, yes, he said: “", "anchored")


def test_a_quote_of_two_places_comes_back_to_the_one_that_it_had(api):
    article = api.make("articles", headline="h", body="First: we came. Then: we came. Last: we came.")["id"]
    quote = api.make("quotes", article_id=article, text="we came", spans=[{"start": 22, "end": 29}])
    api.delete(f"/quotes/{quote['id']}")
    api.patch(f"/articles/{article}", json={"body": "Yes. First: we came. Then: we came. Last: we came."})
    assert restore(api, f"/quotes/{quote['id']}")["spans"] == [{"start": 27, "end": 34}]


@pytest.mark.parametrize("body", ["Nothing of it.", None])
def test_a_quote_whose_place_is_gone_comes_back_lost(api, body):
    article = api.make("articles", headline="h", body="He said: “we came”.")["id"]
    quote = api.make("quotes", article_id=article, text="we came")
    api.delete(f"/quotes/{quote['id']}")
    api.patch(f"/articles/{article}", json={"body": body})
    lost = restore(api, f"/quotes/{quote['id']}")
    assert (lost["text"], lost["spans"], lost["prefix"], lost["anchor"]) == ("we came", [], quote["prefix"], "lost")
    api.patch(f"/articles/{article}", json={"body": "He said: “we came”."})
    assert api.read(f"/quotes/{quote['id']}")["spans"] == quote["spans"]


def test_a_quote_without_a_place_keeps_none(api):
    quote = api.make("quotes", article_id=n.ARTICLE, text="growing ties", spans=[], prefix="p")
    api.delete(f"/quotes/{quote['id']}")
    back = restore(api, f"/quotes/{quote['id']}")
    assert (back["spans"], back["anchor"], back["prefix"]) == ([], None, "p")


def test_an_older_text_of_a_quote(api):
    article = api.make("articles", headline="h", body="He said: “we came”, and “we saw”.")["id"]
    quote = api.make("quotes", article_id=article, text="we came")
    path = f"/quotes/{quote['id']}"
    api.patch(path, json={"text": "we saw"})
    api.patch(f"/articles/{article}", json={"body": "Yes. He said: “we came”, and “we saw”."})
    assert api.read(path)["version"] == 3
    back = restore(api, path, 1)
    assert (back["text"], back["spans"], back["anchor"], back["version"]) == ("we came", [{"start": 15, "end": 22}], "anchored", 4)


def test_utf16(api):
    article = api.make("articles", headline="h", body="😀 “we came” “we saw”")["id"]
    quote = api.make("quotes", article_id=article, text="we came")["id"]
    api.patch(f"/quotes/{quote}", json={"text": "we saw"})
    assert api.post(f"/quotes/{quote}/restore?offsets=utf16", json={"version": 1}).json()["spans"] == [{"start": 4, "end": 11}]
    assert api.post(f"/quotes/{quote}/restore?offsets=utf16", json={"version": 1}).json()["version"] == 3
    assert api.read(f"/quotes/{quote}")["spans"] == [{"start": 3, "end": 10}]


# Bad requests


def test_versions_that_it_cannot_go_back_to(api):
    id = api.make("speakers", name="Clerk")["id"]
    fault = [("/version", f"is no version of speaker {id} that it could go back to")]
    expect_problem(api.post(f"/speakers/{id}/restore", json={"version": 2}), "invalid", "The body has 1 fault.", fault)
    api.delete(f"/speakers/{id}")
    for version in (2, 3, 9007199254740993):
        expect_problem(api.post(f"/speakers/{id}/restore", json={"version": version}), "invalid", errors=fault)


@pytest.mark.parametrize("version", [0, -1, "1", 1.0, None, True, [], {}])
def test_what_is_no_version(shared, version):
    expect_problem(shared.post("/sources/1/restore", json={"version": version, "nothing": 1, "name": "x"}), "invalid",
                   "The body has 3 faults.",
                   [("/version", "must be a whole number from 1 on"), ("/nothing", "is not a member of this body; there is: version"),
                    ("/name", "is not a member of this body; there is: version")])  # fmt: skip


@pytest.mark.parametrize("body", [[], 1, "x", None])
def test_what_is_no_body(shared, body):
    answer = shared.post("/sources/1/restore", data=str(body).replace("None", "null").replace("x", '"x"'), headers={"Content-Type": "application/json"})
    expect_problem(answer, "invalid", "The body must be a JSON object.")


def test_malformed(shared):
    json = {"Content-Type": "application/json"}
    expect_problem(shared.post("/sources/1/restore", data="{", headers=json), "bad-request")
    expect_problem(shared.post("/sources/1/restore?fields=id&offsets=utf16&offsets=utf16"), "bad-request", "The query has faults.",
                   [("?fields", "is not a parameter of this write"), ("?offsets", "is given more than once")])  # fmt: skip


@pytest.mark.parametrize("resource", NAMES)
def test_what_never_was(shared, resource):
    expect_problem(shared.post(f"/{resource}/4711/restore"), "not-found", f"There is no {resource[:-1]} 4711.")


@pytest.mark.own_server
def test_what_is_no_longer_kept(api):
    id = api.make("speakers", name="Clerk")["id"]
    api.delete(f"/speakers/{id}")
    api.psql(f"DELETE FROM onrecord.revisions WHERE resource = 'speakers' AND record_id = {id} AND state IS NOT NULL")
    expect_problem(api.post(f"/speakers/{id}/restore"), "gone", f"Speaker {id} was deleted so long ago that it is not kept.")


def test_who_may(shared):
    expect_problem(shared.post("/sources/1/restore", key=None), "unauthorized")
    expect_problem(shared.post("/sources/1/restore", key=shared.keys.read), "forbidden")


# At the same time


def at_once(count, act):
    answers = []
    threads = [threading.Thread(target=lambda i=i: answers.append(act(i))) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def sent(api, path, **more):
    return requests.post(api.base + path, headers={"Authorization": f"Bearer {api.keys.write}"}, timeout=30, **more)


def test_of_many_restores_one_happens(api):
    made = api.make("speakers", name="Clerk")
    path = f"/speakers/{made['id']}"
    api.delete(path)
    answers = at_once(8, lambda _: sent(api, f"{path}/restore"))
    assert [(answer.status_code, answer.json()["version"]) for answer in answers] == [(200, 3)] * 8
    assert api.read(path)["version"] == 3
    assert len(api.read(f"{path}/revisions")["items"]) == 3


def test_a_restore_against_creates_of_the_same_value(api):
    for turn in range(5):
        lost = api.make("sources", name=f"Disputed {turn}")["id"]
        api.delete(f"/sources/{lost}")
        answers = at_once(6, lambda i, lost=lost, turn=turn: sent(api, f"/sources/{lost}/restore") if i % 2
                          else sent(api, "/sources", json={"name": f"Disputed {turn}"}))  # fmt: skip
        statuses = sorted(answer.status_code for answer in answers)
        there = api.ids(f"/sources?name=Disputed+{turn}")
        assert len(there) == 1
        assert statuses in ([200] * 3 + [409] * 3, [201] + [409] * 5), statuses
        assert (there == [lost]) == (statuses[0] == 200)
