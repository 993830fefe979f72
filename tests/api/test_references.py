"""References in bodies: by id, external_id, url or name."""

import names as n
import pytest
from problems import expect_problem


@pytest.fixture
def api(module_api):
    """One server for all of this file: no test here minds the records of another."""
    return module_api


def test_by_name(api):
    quote = api.make(
        "quotes",
        article_id=n.ARTICLE,
        text="t",
        kind="indirect",
        speaker_id={"name": "Zamir Kabulov"},
        about_ids=[{"name": "Russia"}, n.CHINA],
        event_id={"name": "Kazan Summit"},
        relayed_by={"speaker_id": {"name": "Zia Ahmad Takal"}},
    )
    assert (quote["speaker_id"], quote["about_ids"], quote["event_id"]) == (n.KABULOV, [n.RUSSIA, n.CHINA], n.SUMMIT)
    assert quote["relayed_by"]["speaker_id"] == n.TAKAL


def test_by_external_id_and_url(api):
    source = api.make("sources", name="Gazette", external_id="gazette", url="https://gazette.example/")
    article = api.make("articles", url="https://gazette.example/1", source_id={"external_id": "gazette"},
                       via=[{"source_id": {"url": "https://gazette.example/"}}, {"source_id": {"name": "MNTV"}}])  # fmt: skip
    assert (article["source_id"], [via["source_id"] for via in article["via"]]) == (source["id"], [source["id"], n.MNTV])
    quote = api.make("quotes", article_id={"url": "https://gazette.example/1"}, text="t", external_id="q")
    assert quote["article_id"] == article["id"]
    next_one = api.make("quotes", article_id=article["id"], text="u", continues_id={"external_id": "q"})
    assert next_one["continues_id"] == quote["id"]
    event = api.make("events", name="e", article_ids=[{"url": "https://gazette.example/1"}],
                     participants=[{"speaker_id": {"name": "Russia"}}])  # fmt: skip
    assert (event["article_ids"], event["participants"][0]["speaker_id"]) == ([article["id"]], n.RUSSIA)


def test_in_patches_too(api):
    id = api.make("quotes", article_id=n.ARTICLE, text="t", kind="indirect")["id"]
    record = api.patch(f"/quotes/{id}", json={"speaker_id": {"name": "China"}}).json()
    assert (record["speaker_id"], record["version"]) == (n.CHINA, 2)
    again = api.patch(f"/quotes/{id}", json={"speaker_id": {"name": "China"}}).json()
    assert again["version"] == 2


def test_in_replacements_too(api):
    made = api.make("speakers", name="Clerk")
    record = api.put(f"/speakers/{made['id']}", json={"name": "Clerk", "part_of_id": {"name": "Russia"}}).json()
    assert record["part_of_id"] == n.RUSSIA


def test_names_are_compared_composed_and_trimmed(api):
    id = api.make("speakers", name="José")["id"]
    assert api.make("speakers", name="part", part_of_id={"name": " Jose\u0301 "})["part_of_id"] == id


def test_references_that_lead_nowhere(shared):
    answer = shared.post(
        "/quotes",
        json={
            "article_id": {"url": "https://nowhere.example/"},
            "text": "t",
            "speaker_id": {"name": "Nobody"},
            "about_ids": [n.RUSSIA, {"external_id": "none"}],
            "relayed_by": {"speaker_id": {"name": "Nobody"}},
        },
    )
    expect_problem(
        answer,
        "invalid",
        "The body has 4 faults.",
        [
            ("/article_id", "no article has this url"),
            ("/speaker_id", "no speaker has this name"),
            ("/about_ids/1", "no speaker has this external_id"),
            ("/relayed_by/speaker_id", "no speaker has this name"),
        ],
    )


def test_ids_that_lead_nowhere(shared):
    answer = shared.post(
        "/quotes",
        json={
            "article_id": 4711,
            "text": "t",
            "kind": "indirect",
            "speaker_id": 4712,
            "about_ids": [n.RUSSIA, 4713],
            "event_id": 4714,
            "continues_id": 4715,
            "relayed_by": {"speaker_id": 4716},
        },
    )
    expect_problem(
        answer,
        "invalid",
        "The body has 6 faults.",
        [
            ("/article_id", "there is no article 4711"),
            ("/speaker_id", "there is no speaker 4712"),
            ("/about_ids/1", "there is no speaker 4713"),
            ("/event_id", "there is no event 4714"),
            ("/continues_id", "there is no quote 4715"),
            ("/relayed_by/speaker_id", "there is no speaker 4716"),
        ],
    )


@pytest.mark.parametrize(
    "resource, body, pointer, wording",
    [
        ("articles", {"headline": "h", "via": [{"source_id": 4711}]}, "/via/0/source_id", "there is no source 4711"),
        ("articles", {"headline": "h", "mentions": [{"speaker_id": 4711}]}, "/mentions/0/speaker_id",
         "there is no speaker 4711"),
        ("articles", {"headline": "h", "source_id": 4711}, "/source_id", "there is no source 4711"),
        ("speakers", {"name": "n", "affiliations": [{"organization_id": 1}, {"organization_id": 4711}]},
         "/affiliations/1/organization_id", "there is no speaker 4711"),
        ("speakers", {"name": "n", "affiliations": [{"organization_id": 1, "article_id": 4711}]},
         "/affiliations/0/article_id", "there is no article 4711"),
        ("speakers", {"name": "n", "part_of_id": 4711}, "/part_of_id", "there is no speaker 4711"),
        ("events", {"name": "n", "participants": [{"speaker_id": 4711}]}, "/participants/0/speaker_id",
         "there is no speaker 4711"),
        ("events", {"name": "n", "article_ids": [n.ARTICLE, 4711]}, "/article_ids/1", "there is no article 4711"),
    ],
)  # fmt: skip
def test_ids_in_lists_that_lead_nowhere(shared, resource, body, pointer, wording):
    expect_problem(shared.post(f"/{resource}", json=body), "invalid", "The body has 1 fault.", [(pointer, wording)])


def test_what_was_deleted_is_nowhere(api):
    id = api.make("speakers", name="Clerk")["id"]
    api.delete(f"/speakers/{id}")
    answer = api.post("/quotes", json={"article_id": n.ARTICLE, "text": "t", "kind": "indirect", "speaker_id": id})
    expect_problem(answer, "invalid", errors=[("/speaker_id", f"there is no speaker {id}")])


def test_a_name_that_several_have(api):
    first = api.make("speakers", name="Ali")["id"]
    second = api.make("speakers", name="Ali")["id"]
    answer = api.post("/quotes", json={"article_id": n.ARTICLE, "text": "t", "kind": "indirect", "speaker_id": {"name": "Ali"}})
    expect_problem(
        answer, "invalid", errors=[("/speaker_id", f"is ambiguous: speakers {first}, {second} have this name")]
    )


@pytest.mark.parametrize(
    "reference", [{}, {"id": 1}, {"name": "Russia", "external_id": "x"}, {"kind": "person"}, {"name": 1}, {"name": ""},
                  {"name": None}, "Russia", [1], True, 1.0]
)  # fmt: skip
def test_references_that_are_none(shared, reference):
    answer = shared.post("/quotes", json={"article_id": n.ARTICLE, "text": "t", "kind": "indirect", "speaker_id": reference})
    document = answer.json()
    assert answer.status_code == 422, document
    assert len(document["errors"]) == 1 and document["errors"][0]["pointer"].startswith("/speaker_id")


def test_nothing_is_part_of_itself(api):
    whole = api.make("speakers", name="whole")["id"]
    part = api.make("speakers", name="part", part_of_id=whole)["id"]
    for path, id in ((f"/speakers/{whole}", part), (f"/speakers/{whole}", whole)):
        answer = api.patch(path, json={"part_of_id": id})
        assert answer.status_code in (409, 422), answer.text
        assert answer.json()["errors"][0]["pointer"] == "/part_of_id"
    assert api.read(f"/speakers/{whole}")["part_of_id"] is None
