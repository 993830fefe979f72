"""Reading one record: GET and HEAD /{resource}/{id}."""

import names as n
import pytest
from problems import expect_problem

RESOURCES = ("sources", "articles", "speakers", "quotes", "events")


def test_a_source(shared):
    answer = shared.get(f"/sources/{n.TOLONEWS}")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["ETag"] == '"1"'
    moment = answer.json()["created_at"]
    assert answer.json() == {
        "id": n.TOLONEWS,
        "external_id": None,
        "name": "TOLOnews",
        "url": None,
        "country": None,
        "description": None,
        "extra": {},
        "created_at": moment,
        "updated_at": moment,
        "version": 1,
    }


def test_a_speaker(shared):
    speaker = shared.read(f"/speakers/{n.SUPREME_COURT}")
    moment = speaker["created_at"]
    assert speaker == {
        "id": n.SUPREME_COURT,
        "external_id": None,
        "name": "Supreme Court",
        "kind": "organization",
        "aliases": [],
        "description": None,
        "same_as": [],
        "part_of_id": n.RUSSIA,
        "affiliations": [],
        "extra": {},
        "created_at": moment,
        "updated_at": moment,
        "version": 1,
    }


def test_a_quote(shared):
    quote = shared.read(f"/quotes/{n.AT[2330]}")
    moment = quote["created_at"]
    assert quote == {
        "id": n.AT[2330],
        "external_id": None,
        "article_id": n.ARTICLE,
        "text": "Engagement with Russia is important, but wider outreach is needed for the Islamic Emirate to gain "
        "broader legitimacy",
        "kind": "direct",
        "speaker_id": n.ADEL,
        "speaker_as_printed": "he",
        "role": "political analyst",
        "relayed_by": None,
        "spans": [{"start": 2330, "end": 2446}],
        "prefix": "ould not be limited to Moscow.\n“",
        "suffix": ",” he said.",
        "cue": "said",
        "channel": None,
        "said_on": None,
        "continues_id": None,
        "about_ids": [n.RUSSIA],
        "event_id": None,
        "status": "confirmed",
        "confidence": None,
        "anchor": "anchored",
        "published_at": None,
        "source_id": n.MNTV,
        "extra": {},
        "created_at": moment,
        "updated_at": moment,
        "version": 1,
    }


def test_an_event(shared):
    event = shared.read(f"/events/{n.COMMISSION}")
    moment = event["created_at"]
    assert event == {
        "id": n.COMMISSION,
        "external_id": None,
        "name": "Launch of a bilateral commission",
        "kind": "other",
        "status": "planned",
        "starts_on": None,
        "ends_on": None,
        "date_as_printed": "a meeting in May",
        "place": None,
        "description": None,
        "part_of_id": n.SUMMIT,
        "participants": [],
        "article_ids": [n.ARTICLE],
        "extra": {},
        "created_at": moment,
        "updated_at": moment,
        "version": 1,
    }


def test_moments_have_microseconds_and_are_in_utc(shared):
    created = shared.read(f"/articles/{n.ARTICLE}")["created_at"]
    assert len(created) == len("2025-05-15T10:00:00.000000Z") and created.endswith("Z")


def test_members_come_in_the_order_of_the_contract(shared):
    assert list(shared.read(f"/sources/{n.MNTV}")) == [
        "id", "external_id", "name", "url", "country", "description", "extra", "created_at", "updated_at", "version",
    ]  # fmt: skip


@pytest.mark.parametrize("resource", RESOURCES)
def test_what_is_not_there(shared, resource):
    singular = resource[:-1]
    expect_problem(shared.get(f"/{resource}/4711"), "not-found", f"There is no {singular} 4711.")
    expect_problem(shared.get(f"/{resource}/9007199254740991"), "not-found")


@pytest.mark.parametrize("id", ["0", "-1", "+1", "01", "1e3", "1.0", "0x1", "x", "9007199254740992", "9" * 30, "1%20"])
def test_what_is_no_id(shared, id):
    expect_problem(shared.get(f"/articles/{id}"), "not-found")


@pytest.mark.parametrize("resource", RESOURCES)
def test_what_was_deleted(api, resource):
    made = {
        "sources": dict(name="Gone Gazette"),
        "articles": dict(headline="Gone"),
        "speakers": dict(name="Gone Person"),
        "quotes": dict(article_id=n.ARTICLE, text="gone", kind="indirect"),
        "events": dict(name="Gone"),
    }[resource]
    id = api.make(resource, **made)["id"]
    assert api.delete(f"/{resource}/{id}").status_code == 204
    singular = resource[:-1].capitalize()
    expect_problem(api.get(f"/{resource}/{id}"), "gone", f"{singular} {id} was deleted.")


def test_head_is_get_without_the_body(shared):
    for path in (f"/articles/{n.ARTICLE}", "/quotes?limit=3", "/", "/livez", f"/speakers/{n.RUSSIA}/quotes"):
        get, head = shared.get(path), shared.head(path)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("Content-Type", "Content-Length", "ETag", "Link", "Vary", "Cache-Control"):
            assert head.headers.get(name) == get.headers.get(name), (path, name)
    missing = shared.head("/articles/4711")
    assert (missing.status_code, missing.content) == (404, b"")


def test_a_single_record_takes_no_filters(shared):
    answer = shared.get(f"/articles/{n.ARTICLE}?language=en&limit=3")
    expect_problem(
        answer,
        "bad-request",
        "The query has 2 faults.",
        [
            ("?language", "is not a parameter of a single record; these are: include, fields, offsets, count, format"),
            ("?limit", "is not a parameter of a single record; these are: include, fields, offsets, count, format"),
        ],
    )


def test_a_slash_at_the_end_leads_to_the_right_path(shared):
    for path in ("/articles/", f"/articles/{n.ARTICLE}/", f"/articles/{n.ARTICLE}/quotes/"):
        answer = shared.get(path + "?limit=1")
        assert answer.status_code == 308
        assert answer.headers["Location"] == path.rstrip("/") + "?limit=1"
        assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("path", ["/nothing", "/Articles", "/articles/1/nothing", "/articles/1/quotes/1", "/v1/articles", "//"])
def test_paths_that_do_not_exist(shared, path):
    expect_problem(shared.get(path), "not-found")


def test_methods_that_are_not_for_a_path(shared):
    for method, path, allow in (
        ("DELETE", "/articles", "GET, HEAD, POST, OPTIONS"),
        ("PATCH", "/articles", "GET, HEAD, POST, OPTIONS"),
        ("POST", f"/articles/{n.ARTICLE}", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ("POST", f"/articles/{n.ARTICLE}/quotes", "GET, HEAD, OPTIONS"),
        ("PUT", "/livez", "GET, HEAD, OPTIONS"),
    ):
        answer = shared.request(method, path)
        expect_problem(answer, "method-not-allowed")
        assert answer.headers["Allow"] == allow
    for path, allow in (
        ("/quotes", "GET, HEAD, POST, OPTIONS"),
        (f"/quotes/{n.AT[88]}", "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
    ):
        answer = shared.options(path)
        assert (answer.status_code, answer.headers["Allow"], answer.content) == (204, allow, b"")


def test_the_format_may_be_named(shared):
    """`format` wins over Accept, and Accept then decides nothing."""
    for path in ("/quotes", f"/quotes/{n.AT[88]}", f"/articles/{n.ARTICLE}/quotes"):
        plain = shared.get(path)
        assert plain.headers["Vary"].split(", ")[0] == "Accept"
        named = shared.get(path + "?format=json", headers={"Accept": "image/gif"})
        assert (named.status_code, named.headers["Content-Type"]) == (200, "application/json")
        assert named.json() == plain.json() | ({"next": None} if "items" in plain.json() else {})
        assert "Accept" not in named.headers["Vary"].split(", ")
        for value in ("", "JSON", "xml", "html"):
            expect_problem(shared.get(f"{path}?format={value}"), "bad-request", errors=[("?format", None)])
        twice = shared.get(f"{path}?format=json&format=json")
        expect_problem(twice, "bad-request", errors=[("?format", "is given more than once")])
    refused = shared.get(f"/quotes/{n.AT[88]}?format=xml&fields=nothing")
    expect_problem(refused, "bad-request", errors=[("?format", "must be json or jsonld"), ("?fields", None)])
    expect_problem(shared.get("/stats/speakers?format=json"), "bad-request", errors=[("?format", None)])


def test_pages_keep_the_format_and_their_cursors(shared):
    page = shared.read("/quotes?limit=2&format=json")
    assert "format=json" in page["next"]
    second = shared.read("/quotes" + page["next"])
    cursor = page["next"].partition("cursor=")[2]
    assert shared.read(f"/quotes?limit=2&cursor={cursor}")["items"] == second["items"]


def test_what_is_not_there_is_not_acceptable(shared):
    path = f"/articles/{n.ARTICLE}"
    for accept in ("text/csv", "application/json;q=0", "image/*", "application/x-ndjson, */*;q=0"):
        expect_problem(shared.get(path, headers={"Accept": accept}), "not-acceptable", errors=[("Accept:", None)])
    for accept in ("application/json", "*/*", "application/*", "text/html;q=0.9, application/json;q=0.1", "", "APPLICATION/JSON"):
        assert shared.get("/articles", headers={"Accept": accept}).status_code == 200, accept


def test_sub_collections_are_filtered_collections(shared):
    for path, same in (
        (f"/sources/{n.MNTV}/articles", f"/articles?source_id={n.MNTV}"),
        (f"/sources/{n.MNTV}/quotes", f"/quotes?source_id={n.MNTV}"),
        (f"/articles/{n.ARTICLE}/quotes", f"/quotes?article_id={n.ARTICLE}"),
        (f"/articles/{n.ARTICLE}/events", f"/events?article_id={n.ARTICLE}"),
        (f"/speakers/{n.SAMKANI}/quotes", f"/quotes?speaker_id={n.SAMKANI}"),
        (f"/speakers/{n.SAMKANI}/articles", f"/articles?speaker_id={n.SAMKANI}"),
        (f"/speakers/{n.KABULOV}/events", f"/events?participants.speaker_id={n.KABULOV}"),
        (f"/events/{n.VISIT}/articles", f"/articles?event_id={n.VISIT}"),
        (f"/events/{n.APPOINTMENT}/quotes", f"/quotes?event_id={n.APPOINTMENT}"),
    ):
        items = shared.read(path + "?limit=200")["items"]
        assert items == shared.read(same + "&limit=200")["items"]
        assert items


def test_sub_collections_take_filters_too(shared):
    assert shared.ids(f"/articles/{n.ARTICLE}/quotes?kind=direct&sort=-id") == [
        n.AT[2330], n.AT[2093], n.AT[1933], n.AT[1786],
    ]  # fmt: skip


def test_an_empty_sub_collection_is_not_a_missing_one(shared):
    assert shared.read(f"/sources/{n.TOLONEWS}/articles") == {"items": [], "next": None}
    expect_problem(shared.get("/sources/4711/articles"), "not-found", "There is no source 4711.")


def test_a_sub_collection_of_what_was_deleted(api):
    id = api.make("sources", name="Gone Gazette")["id"]
    api.delete(f"/sources/{id}")
    expect_problem(api.get(f"/sources/{id}/articles"), "gone", f"Source {id} was deleted.")
