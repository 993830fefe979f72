"""Creating and replacing: POST /{resource}, PUT /{resource}/{id}."""

import hashlib

import names as n
import pytest
from problems import expect_problem, faults


@pytest.fixture
def api(module_api):
    """One server for all of this file: no test here minds the records of another."""
    return module_api


def test_create_a_source(api):
    answer = api.post("/sources", json={"name": "Kabul Daily", "country": "AF", "url": "https://kabul.example/"})
    assert answer.status_code == 201
    record = answer.json()
    assert answer.headers["Location"] == f"/sources/{record['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert answer.headers["Content-Type"] == "application/json"
    moment = record["created_at"]
    assert record == {
        "id": record["id"],
        "external_id": None,
        "name": "Kabul Daily",
        "url": "https://kabul.example/",
        "country": "AF",
        "description": None,
        "extra": {},
        "created_at": moment,
        "updated_at": moment,
        "version": 1,
    }
    assert api.read(answer.headers["Location"]) == record


def test_create_an_article_with_everything(api):
    given = {
        "external_id": "wire-17",
        "headline": "Headline",
        "alternative_headline": "Another",
        "source_id": n.MNTV,
        "url": "https://news.example/a?b=c#d",
        "byline": "By Somebody",
        "dateline": "KABUL",
        "section": "World",
        "language": "fa-AF",
        "published_at": "2025-05-15T12:30:00.25+04:30",
        "modified_at": "2025-05-16T00:00:00Z",
        "summary": "Two\nlines",
        "body": "\n  The body,\tas it came.  \r\n",
        "keywords": ["trade", "diplomacy"],
        "rights": "CC0",
        "via": [{"source_id": n.TOLONEWS, "as_printed": "TOLOnews reports"}, {"source_id": n.MNTV}],
        "mentions": [{"speaker_id": n.RUSSIA, "as_printed": "Moscow", "role": "a country"}, {"speaker_id": n.CHINA}],
        "extra": {"a": [1, {"b": None}], "ü": "ö"},
    }
    record = api.make("articles", **given)
    moment = record["created_at"]
    assert record == {
        **given,
        "id": record["id"],
        "published_at": "2025-05-15T08:00:00.250000Z",
        "modified_at": "2025-05-16T00:00:00.000000Z",
        "body_sha256": hashlib.sha256(given["body"].encode()).hexdigest(),
        "via": [given["via"][0], {"source_id": n.MNTV, "as_printed": None}],
        "mentions": [given["mentions"][0], {"speaker_id": n.CHINA, "as_printed": None, "role": None}],
        "created_at": moment,
        "updated_at": moment,
        "version": 1,
    }
    assert api.read(f"/articles/{record['id']}") == record
    assert api.read(f"/articles/{record['id']}?include=source")["source"]["name"] == "MNTV"


def test_create_a_speaker(api):
    record = api.make(
        "speakers",
        name="Clerk",
        aliases=["The Clerk"],
        same_as=["https://www.wikidata.org/wiki/Q1"],
        affiliations=[
            {"organization_id": n.RUSSIA, "role": "clerk", "start_date": "2024", "end_date": "2025-05", "article_id": n.ARTICLE},
            {"organization_id": n.CHINA},
        ],
    )
    assert (record["kind"], record["aliases"], record["part_of_id"]) == ("person", ["The Clerk"], None)
    assert record["affiliations"][1] == {
        "organization_id": n.CHINA, "role": None, "start_date": None, "end_date": None, "article_id": None,
    }  # fmt: skip


def test_create_an_event(api):
    record = api.make("events", name="Talks", kind="meeting", starts_on="2025-05", ends_on="2025-05-17", part_of_id=n.SUMMIT,
                      participants=[{"speaker_id": n.RUSSIA, "role": "host"}], article_ids=[n.ARTICLE])  # fmt: skip
    assert (record["status"], record["starts_on"], record["ends_on"]) == ("announced", "2025-05", "2025-05-17")
    assert api.ids(f"/articles/{n.ARTICLE}/events?limit=200&sort=-id")[0] == record["id"]
    assert api.ids("/events?starts_on=2025") == [record["id"]]


def test_create_a_quote(api):
    record = api.make(
        "quotes",
        article_id=n.ARTICLE,
        text="The relationship is entering a phase of interaction",
        speaker_id=n.ZAZAI,
        said_on="2025-05",
        about_ids=[n.RUSSIA, n.ADMINISTRATION],
        confidence=0.75,
        status="proposed",
        relayed_by={"as_printed": "a spokesman"},
    )
    assert record["spans"] == [{"start": 2093, "end": 2144}]
    assert (record["kind"], record["anchor"], record["confidence"]) == ("direct", "anchored", 0.75)
    assert record["relayed_by"] == {"speaker_id": None, "as_printed": "a spokesman", "role": None, "cue": None}
    assert (record["source_id"], record["published_at"]) == (n.MNTV, None)


def test_defaults_may_be_given(api):
    record = api.make("articles", headline="h", url=None, keywords=[], via=[], extra={}, language="en")
    assert (record["language"], record["keywords"], record["via"], record["mentions"]) == ("en", [], [], [])


def test_names_are_trimmed_and_composed_but_text_is_kept(api):
    source = api.make("sources", name="  Jose\u0301\u00a0 ", external_id=" x ")
    assert (source["name"], source["external_id"]) == ("José", "x")
    article = api.make("articles", headline="  e\u0301  ", body="  e\u0301  ")
    assert (article["headline"], article["body"]) == ("  e\u0301  ", "  e\u0301  ")


def test_text_of_every_kind_comes_back(api):
    text = "quote \" backslash \\ slash / tab \t line \n return \r bell \u0007 del \u007f " \
           "é ü ﷺ 中文 👩‍👩‍👧 \U0010fffd \u2028 \ufeff"  # fmt: skip
    record = api.make("articles", headline="h", body=text, summary=text, extra={text: text})
    assert api.read(f"/articles/{record['id']}") == record
    assert (record["body"], record["summary"], record["extra"]) == (text, text, {text: text})


def test_extra_holds_any_object(api):
    extra = {"big": 9223372036854775807, "small": -0.5, "deep": {"a": {"b": {"c": [[], {}, None, True]}}}, "": ""}
    assert api.make("sources", name="Extra", extra=extra)["extra"] == extra


def test_what_is_required(shared):
    expect_problem(shared.post("/sources", json={}), "invalid", "The body has 1 fault.", [("/name", "is required")])
    expect_problem(shared.post("/speakers", json={}), "invalid", errors=[("/name", "is required")])
    expect_problem(shared.post("/events", json={}), "invalid", errors=[("/name", "is required")])
    expect_problem(
        shared.post("/quotes", json={}),
        "invalid",
        "The body has 2 faults.",
        [("/article_id", "is required"), ("/text", "is required")],
    )
    expect_problem(shared.post("/articles", json={}), "invalid", errors=[("/headline", None)])


def test_an_article_may_lack_a_headline_where_it_has_a_url(api):
    record = api.make("articles", url="https://news.example/only")
    assert record["headline"] is None
    expect_problem(api.patch(f"/articles/{record['id']}", json={"url": None}), "invalid", errors=[("/headline", None)])
    assert api.patch(f"/articles/{record['id']}", json={"url": None, "headline": "h"}).status_code == 200


def test_all_faults_of_a_body_at_once(shared):
    answer = shared.post(
        "/quotes",
        json={
            "article_id": "one",
            "text": "",
            "kind": "loud",
            "speaker_id": 0,
            "nothing": 1,
            "spans": [{"start": 3, "end": 3}, {"start": 0}],
            "said_on": "2025-02-30",
            "about_ids": [1, -1, 1.5],
            "relayed_by": {"role": 3, "nobody": None},
            "confidence": 1.5,
            "status": None,
            "anchor": "lost",
            "extra": [],
            "role": "r" * 501,
        },
    )
    expect_problem(
        answer,
        "invalid",
        "The body has 17 faults.",
        [
            ("/article_id", "must be a whole number from 1 to 9007199254740991"),
            ("/text", "must be a string that is not empty"),
            ("/kind", "must be one of direct, partial, indirect"),
            ("/speaker_id", "must be a whole number from 1 to 9007199254740991"),
            ("/nothing", "is not a field of quotes"),
            ("/spans/0", 'must be {"start": m, "end": n} with whole numbers, 0 <= m < n'),
            ("/spans/1", 'must be {"start": m, "end": n} with whole numbers, 0 <= m < n'),
            ("/said_on", "must be a date: 2025, 2025-05 or 2025-05-15"),
            ("/about_ids/1", "must be a whole number from 1 to 9007199254740991"),
            ("/about_ids/2", "must be a whole number from 1 to 9007199254740991"),
            ("/relayed_by/role", "must be a string"),
            ("/relayed_by/nobody", None),
            ("/confidence", "must be a number from 0 to 1"),
            ("/status", "must not be null"),
            ("/anchor", "is read-only"),
            ("/extra", "must be an object"),
            ("/role", "must be at most 500 characters long"),
        ],
    )


LONG = {
    "sources": {"name": 500, "external_id": 255, "description": 20000},
    "articles": {"headline": 2000, "alternative_headline": 2000, "byline": 1000, "dateline": 500, "section": 200,
                 "summary": 20000, "rights": 2000},
    "speakers": {"name": 500, "description": 20000},
    "events": {"name": 500, "date_as_printed": 500, "place": 500, "description": 20000},
}  # fmt: skip


@pytest.mark.parametrize("resource", LONG)
def test_limits_count_code_points(api, resource):
    longest = {name: "\U0001f389" * limit for name, limit in LONG[resource].items()}
    assert {**api.make(resource, **longest)}.items() >= longest.items()
    too_long = {name: text + "!" for name, text in longest.items()}
    expect_problem(
        api.post(f"/{resource}", json=too_long),
        "invalid",
        errors=[(f"/{name}", f"must be at most {limit} characters long") for name, limit in LONG[resource].items()],
    )


@pytest.mark.parametrize(
    "resource, name, values",
    [
        ("sources", "url", ["", "kabul.example", "ftp://a.example", "https://", "https:///x", "https://a b", "javascript:x",
                            "https://a.example/" + "a" * 2040, 1]),
        ("sources", "country", ["", "A", "AFG", "af", "XX", "A ", 4]),
        ("sources", "name", ["", " ", "\u200a", "a\nb", None, 1, True, ["a"]]),
        ("articles", "language", ["", "e", "en_US", "en-", "-en", "1n", "en-abcdefghi", None]),
        ("articles", "published_at", ["", "2025", "2025-05-15", "2025-05-15T10:00:00", "2025-05-15 10:00:00Z",
                                      "2025-02-30T10:00:00Z", "2025-05-15T24:01:00Z", "2025-05-15T10:00:00.1234567Z", 1]),
        ("articles", "keywords", ["a", [""], [1], [None], ["a", "a"], {}, [["a"]], None]),
        ("articles", "via", [{}, [1], [{}], [{"source_id": None}], [{"source_id": 1, "x": 1}], None]),
        ("articles", "body", [1, [], {}]),
        ("speakers", "kind", ["", "Person", 1, None]),
        ("speakers", "same_as", [["wikidata"], "https://a.example", [1]]),
        ("speakers", "affiliations", [[{"organization_id": 1, "start_date": "2025-13"}], [1], [{"organization_id": 1.5}]]),
        ("events", "starts_on", ["", "25", "2025-1", "2025-00", "0000", "2025-05-32", "2025-02-29", 2025]),
        ("quotes", "confidence", [-0.1, 1.1, "0.5", True, []]),
        ("quotes", "channel", ["", "tv", 0]),
        ("quotes", "spans", [None, {}, [[0, 1]], [{"start": -1, "end": 1}], [{"start": 0, "end": 1, "x": 0}],
                             [{"start": 0.0, "end": 1}], [{"start": 0, "end": 3000000000}]]),
        ("quotes", "extra", [None, [], "x", 1]),
    ],
)  # fmt: skip
def test_values_that_are_refused(shared, resource, name, values):
    least = {"sources": {"name": "n"}, "articles": {"headline": "h"}, "speakers": {"name": "n"}, "events": {"name": "n"},
             "quotes": {"article_id": n.ARTICLE, "text": "t", "kind": "indirect"}}[resource]  # fmt: skip
    for value in values:
        answer = shared.post(f"/{resource}", json={**least, name: value})
        assert answer.status_code == 422, (value, answer.text)
        pointers = [place for place, _ in faults(answer.json())]
        assert len(pointers) == 1 and pointers[0].startswith(f"/{name}"), (value, answer.text)


@pytest.mark.parametrize("name", ["id", "created_at", "updated_at", "version", "body_sha256"])
def test_what_the_service_computes_is_not_for_new_records(shared, name):
    answer = shared.post("/articles", json={"headline": "h", name: 1})
    expect_problem(answer, "invalid", "The body has 1 fault.", [(f"/{name}", "is read-only")])


def test_virtual_filters_are_no_members(shared):
    answer = shared.post("/articles", json={"headline": "h", "speaker_id": 1, "via.source_id": 1})
    expect_problem(
        answer,
        "invalid",
        errors=[("/speaker_id", "is not a field of articles"), ("/via.source_id", "is not a field of articles")],
    )


def test_pointers_are_escaped(shared):
    answer = shared.post("/sources", json={"name": "n", "a/b": 1, "c~d": 2, "": 3, "é": 4})
    expect_problem(answer, "invalid", errors=[("/a~1b", None), ("/c~0d", None), ("/", None), ("/é", None)])


def test_lists_have_a_bound(api):
    assert len(api.make("articles", headline="h", keywords=[f"k{i}" for i in range(1000)])["keywords"]) == 1000
    answer = api.post("/articles", json={"headline": "h", "keywords": [f"k{i}" for i in range(1001)]})
    expect_problem(answer, "invalid", errors=[("/keywords", "must hold at most 1000 items")])


@pytest.mark.parametrize("body", ["[]", "1", '"text"', "null", "true"])
def test_a_body_that_is_no_object(shared, body):
    for method, path in (("POST", "/sources"), ("PUT", f"/sources/{n.MNTV}"), ("PATCH", f"/sources/{n.MNTV}")):
        answer = shared.request(method, path, data=body, headers={"Content-Type": "application/json"})
        expect_problem(answer, "invalid", "The body must be a JSON object.")


def test_no_body_at_all(shared):
    for method, path in (("POST", "/sources"), ("PUT", f"/sources/{n.MNTV}"), ("PATCH", f"/sources/{n.MNTV}")):
        answer = shared.request(method, path, headers={"Content-Type": "application/json"})
        expect_problem(answer, "invalid", "The body must be a JSON object.")


def test_types_of_bodies(api):
    body = b'{"name": "typed"}'
    for kind in ("text/plain", "application/xml", "application/json; charset=latin1", "application/merge-patch+json", ""):
        answer = api.post("/sources", data=body, headers={"Content-Type": kind})
        expect_problem(answer, "unsupported-type", errors=[("Content-Type:", None)])
        assert answer.headers["Accept"] == "application/json, application/x-ndjson"
    for kind in ("application/json", "Application/JSON", "application/json; charset=UTF-8", 'application/json;charset="utf-8"'):
        answer = api.post("/sources", data=body, headers={"Content-Type": kind})
        assert answer.status_code == 201, kind
        api.delete(answer.headers["Location"])
    answer = api.patch(f"/sources/{n.MNTV}", data=b"{}", headers={"Content-Type": "text/plain"})
    expect_problem(answer, "unsupported-type", errors=[("Content-Type:", None)])
    assert answer.headers["Accept-Patch"] == "application/merge-patch+json, application/json"


def test_writes_take_no_parameters_but_offsets(shared):
    for method, path in (("POST", "/sources"), ("PUT", f"/sources/{n.MNTV}"), ("DELETE", f"/sources/{n.MNTV}")):
        answer = shared.request(method, path + "?fields=id&dry=1", json={"name": "x"})
        expect_problem(answer, "bad-request", errors=[("?fields", None), ("?dry", None)])


# --- conflicts --------------------------------------------------------------------------------------------------------


def test_an_external_id_is_there_once_in_its_resource(api):
    first = api.make("speakers", name="A", external_id="same")
    answer = api.post("/speakers", json={"name": "B", "external_id": "same"})
    expect_problem(
        answer,
        "conflict",
        f"Speaker {first['id']} has this external_id already.",
        [("/external_id", "is taken")],
        {"resource": "speakers", "id": first["id"], "href": f"/speakers/{first['id']}"},
    )
    api.make("events", name="C", external_id="same")  # another resource


def test_a_url_is_there_once_among_articles(api):
    first = api.make("articles", url="https://news.example/1")
    second = api.make("articles", url="https://news.example/2")
    conflict = {"resource": "articles", "id": first["id"], "href": f"/articles/{first['id']}"}
    for answer in (
        api.post("/articles", json={"url": "https://news.example/1"}),
        api.patch(f"/articles/{second['id']}", json={"url": "https://news.example/1"}),
        api.put(f"/articles/{second['id']}", json={"url": "https://news.example/1"}),
    ):
        expect_problem(answer, "conflict", f"Article {first['id']} has this url already.", [("/url", "is taken")], conflict)


def test_a_source_is_unique_by_name_and_country(api):
    api.make("sources", name="Times", country="GB")
    api.make("sources", name="Times", country="US")
    bare = api.make("sources", name="Times")
    expect_problem(
        api.post("/sources", json={"name": "Times"}),
        "conflict",
        errors=[("/name", "is taken")],
        conflict={"resource": "sources", "id": bare["id"], "href": f"/sources/{bare['id']}"},
    )


def test_what_was_deleted_is_not_in_the_way(api):
    first = api.make("speakers", name="A", external_id="again")
    api.delete(f"/speakers/{first['id']}")
    second = api.make("speakers", name="A", external_id="again")
    assert second["id"] > first["id"]


# --- PUT --------------------------------------------------------------------------------------------------------------


def test_put_replaces(api):
    made = api.make("speakers", name="Clerk", aliases=["x"], description="d", extra={"a": 1}, external_id="e")
    answer = api.put(f"/speakers/{made['id']}", json={"name": "Other", "kind": "organization"})
    record = answer.json()
    assert answer.status_code == 200
    assert answer.headers["ETag"] == '"2"'
    assert record == {
        **made,
        "name": "Other",
        "kind": "organization",
        "aliases": [],
        "description": None,
        "extra": {},
        "external_id": None,
        "updated_at": record["updated_at"],
        "version": 2,
    }
    assert record["updated_at"] > made["updated_at"]
    assert api.read(f"/speakers/{made['id']}") == record


def test_put_what_was_read_changes_nothing(shared):
    for path in (f"/articles/{n.ARTICLE}", f"/quotes/{n.AT[682]}", f"/speakers/{n.KABULOV}", f"/events/{n.VISIT}"):
        before = shared.get(path)
        after = shared.put(path, json=before.json())
        assert (after.status_code, after.json(), after.headers["ETag"]) == (200, before.json(), before.headers["ETag"])


def test_put_wants_what_is_required(api):
    made = api.make("speakers", name="Clerk")
    answer = api.put(f"/speakers/{made['id']}", json={"kind": "person"})
    expect_problem(answer, "invalid", errors=[("/name", "is required")])
    assert api.read(f"/speakers/{made['id']}") == made


def test_put_refuses_another_value_of_what_is_computed(api):
    made = api.make("speakers", name="Clerk")
    answer = api.put(f"/speakers/{made['id']}", json={**made, "id": 1, "version": 2, "created_at": "2020-01-01T00:00:00Z"})
    expect_problem(
        answer,
        "invalid",
        errors=[("/id", "is read-only"), ("/version", "is read-only"), ("/created_at", "is read-only")],
    )


def test_put_creates_nothing(shared):
    expect_problem(shared.put("/speakers/4711", json={"name": "x"}), "not-found", "There is no speaker 4711.")


def test_put_on_what_was_deleted(api):
    id = api.make("speakers", name="Clerk")["id"]
    api.delete(f"/speakers/{id}")
    expect_problem(api.put(f"/speakers/{id}", json={"name": "x"}), "gone", f"Speaker {id} was deleted.")
