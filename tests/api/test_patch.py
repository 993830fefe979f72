"""JSON merge patch (RFC 7396): PATCH /{resource}/{id}."""

import names as n
import pytest
from problems import expect_problem


@pytest.fixture
def api(module_api):
    """One server for all of this file: no test here minds the records of another."""
    return module_api


def patch(api, path, **members):
    answer = api.patch(path, json=members)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_patch_changes_what_it_names(api):
    made = api.make("sources", name="Gazette", country="AF", extra={"a": 1})
    answer = api.patch(f"/sources/{made['id']}", json={"description": "daily"})
    record = answer.json()
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    assert record == {**made, "description": "daily", "version": 2, "updated_at": record["updated_at"]}
    assert record["updated_at"] > made["updated_at"]
    assert api.read(f"/sources/{made['id']}") == record


def test_both_media_types(api):
    made = api.make("sources", name="Second Gazette")
    for version, kind in ((2, "application/merge-patch+json"), (3, "application/json")):
        answer = api.patch(
            f"/sources/{made['id']}", data=b'{"description": "%d"}' % version, headers={"Content-Type": kind}
        )
        assert (answer.status_code, answer.json()["version"]) == (200, version)


def test_null_takes_a_member_back_to_its_default(api):
    made = api.make("articles", headline="h", byline="b", language="fa", keywords=["k"], extra={"a": 1},
                    published_at="2025-05-15T00:00:00Z", via=[{"source_id": n.MNTV}])  # fmt: skip
    record = patch(api, f"/articles/{made['id']}", byline=None, language=None, keywords=None, extra=None,
                   published_at=None, via=None)  # fmt: skip
    assert (record["byline"], record["language"], record["keywords"], record["extra"]) == (None, "en", [], {})
    assert (record["published_at"], record["via"]) == (None, [])


def test_null_for_what_is_required(api):
    made = api.make("speakers", name="Clerk")
    expect_problem(api.patch(f"/speakers/{made['id']}", json={"name": None}), "invalid", errors=[("/name", "is required")])


def test_extra_is_merged_to_its_depth_and_lists_are_replaced(api):
    made = api.make("speakers", name="Clerk", aliases=["a", "b"], extra={"a": {"b": 1, "c": 2}, "d": [1, 2], "e": 3})
    record = patch(api, f"/speakers/{made['id']}", aliases=["c"], extra={"a": {"b": None, "f": 4}, "d": [3], "e": None})
    assert record["extra"] == {"a": {"c": 2, "f": 4}, "d": [3]}
    assert record["aliases"] == ["c"]


def test_relayed_by_is_merged(api):
    made = api.make("quotes", article_id=n.ARTICLE, text="t", kind="indirect",
                    relayed_by={"speaker_id": n.TAKAL, "role": "spokesperson"})  # fmt: skip
    record = patch(api, f"/quotes/{made['id']}", relayed_by={"role": None, "cue": "said"})
    assert record["relayed_by"] == {"speaker_id": n.TAKAL, "as_printed": None, "role": None, "cue": "said"}
    assert patch(api, f"/quotes/{made['id']}", relayed_by=None)["relayed_by"] is None


@pytest.mark.parametrize("members", [{}, {"name": "Clerk"}, {"aliases": ["a", "b"]}, {"extra": {}}, {"name": " Clerk "},
                                     {"description": None}, {"version": 1}])  # fmt: skip
def test_a_patch_that_changes_nothing_raises_nothing(api, members):
    made = api.make("speakers", name="Clerk", aliases=["a", "b"])
    answer = api.patch(f"/speakers/{made['id']}", json=members)
    assert (answer.status_code, answer.headers["ETag"], answer.json()) == (200, '"1"', made)
    assert api.read(f"/speakers/{made['id']}") == made


def test_lists_of_what_belongs_to_a_record_raise_its_version(api):
    made = api.make("events", name="Talks")
    record = patch(api, f"/events/{made['id']}", participants=[{"speaker_id": n.RUSSIA}], article_ids=[n.ARTICLE])
    assert (record["version"], record["participants"]) == (2, [{"speaker_id": n.RUSSIA, "role": None}])
    assert api.ids(f"/speakers/{n.RUSSIA}/events?sort=-id")[0] == made["id"]
    record = patch(api, f"/events/{made['id']}", participants=[], article_ids=[])
    assert (record["version"], record["participants"], record["article_ids"]) == (3, [], [])
    assert made["id"] not in api.ids(f"/speakers/{n.RUSSIA}/events")


def test_faults_of_a_patch(api):
    made = api.make("speakers", name="Clerk")
    expect_problem(
        api.patch(f"/speakers/{made['id']}", json={"name": "", "nothing": 1, "id": 5, "kind": "robot"}),
        "invalid",
        "The body has 4 faults.",
        [
            ("/name", "must be a string that is not empty"),
            ("/nothing", "is not a field of speakers"),
            ("/id", "is read-only"),
            ("/kind", "must be one of person, organization, unnamed"),
        ],
    )
    assert api.read(f"/speakers/{made['id']}") == made


def test_a_patch_of_nobody(api):
    expect_problem(api.patch("/speakers/4711", json={"name": "x"}), "not-found", "There is no speaker 4711.")
    id = api.make("speakers", name="x")["id"]
    api.delete(f"/speakers/{id}")
    expect_problem(api.patch(f"/speakers/{id}", json={"name": "x"}), "gone", f"Speaker {id} was deleted.")


def test_quotes_follow_their_article(api):
    article = api.make("articles", headline="h", source_id=n.MNTV, published_at="2025-01-01T00:00:00Z")
    quote = api.make("quotes", article_id=article["id"], text="t", kind="indirect")
    assert (quote["source_id"], quote["published_at"]) == (n.MNTV, "2025-01-01T00:00:00.000000Z")
    patch(api, f"/articles/{article['id']}", source_id=n.TOLONEWS, published_at="2025-02-01T00:00:00Z")
    after = api.read(f"/quotes/{quote['id']}")
    assert (after["source_id"], after["published_at"], after["version"]) == (n.TOLONEWS, "2025-02-01T00:00:00.000000Z", 2)
    patch(api, f"/articles/{article['id']}", headline="another")
    assert api.read(f"/quotes/{quote['id']}")["version"] == 2


def test_a_quote_that_moves_to_another_article(api):
    first = api.make("articles", headline="h", body="One two three.")
    second = api.make("articles", headline="h", body="Zero one two three four.", source_id=n.MNTV)
    quote = api.make("quotes", article_id=first["id"], text="two")
    assert quote["spans"] == [{"start": 4, "end": 7}]
    moved = patch(api, f"/quotes/{quote['id']}", article_id=second["id"], spans=[{"start": 9, "end": 12}])
    assert (moved["source_id"], moved["prefix"], moved["suffix"]) == (n.MNTV, "Zero one ", " three four.")
