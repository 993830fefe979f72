"""GET /speakers/duplicates, pairs of speakers that may be one, and POST /speakers/{id}/distinct, that they are not."""

import names as n
import pytest
from problems import expect_problem


@pytest.fixture
def api(module_api):
    """One server for all of this file: each test looks at the pairs of its own speakers."""
    return module_api


def speaker(api, name, **more):
    return api.make("speakers", name=name, **more)["id"]


def pairs(api, *ids, query=""):
    """(low, high, score, reasons) of the pairs of these speakers, in the list's order."""
    found = []
    for page in api.pages(f"/speakers/duplicates{query}", 200):
        for pair in page:
            low, high = (one["id"] for one in pair["speakers"])
            if low in ids and high in ids:
                found.append((low, high, round(pair["score"], 2), pair["reasons"]))
    return found


def test_a_pair(api):
    a, b = speaker(api, "Orsolya Kövesdi"), speaker(api, "ORSOLYA KOVESDI", external_id="b")
    pair = next(p for p in api.read("/speakers/duplicates?limit=200")["items"] if p["speakers"][0]["id"] == a)
    assert pair == {"score": 0.95, "reasons": ["name"], "speakers": [api.read(f"/speakers/{a}"), api.read(f"/speakers/{b}")]}


def test_why_and_how_likely(api):
    same, other = "https://www.wikidata.org/wiki/Q1", "https://www.wikidata.org/wiki/Q2"
    first = speaker(api, "Bhekizizwe Ntuli", same_as=[same, other])
    by_url = speaker(api, "Quite another one", same_as=[same])
    by_alias = speaker(api, "B. N.", aliases=["Bhekizizwe Ntuli"])
    alias_too = speaker(api, "Who knows", aliases=["bhekizizwe ntuli"])
    assert pairs(api, first, by_url, by_alias, alias_too) == [
        (first, by_url, 1, ["same_as"]),
        (first, by_alias, 0.9, ["alias"]),
        (first, alias_too, 0.9, ["alias"]),
        (by_alias, alias_too, 0.85, ["alias"]),
    ]
    both = speaker(api, "Bhekizizwe Ntuli", same_as=[other])
    assert pairs(api, first, both) == [(first, both, 1, ["same_as", "name"])]


@pytest.mark.parametrize(
    "one, other",
    [
        ("Sirajuddin Haqqanizade", "Serajudin Hakkanizada"),
        ("Muammar Qaddafi", "Moammar Gadhafi"),
        ("Абдул Рахим", "Abdul Rakhim"),
        ("Foreign Minister Wolde Giyorgis", "Wolde Giorgis"),
        ("Kadyrow", "Qadirov"),
    ],
)
def test_names_that_sound_alike(api, one, other):
    kind = {"kind": "organization"}  # of none in the seed
    a, b = speaker(api, one, **kind), speaker(api, other, **kind)
    found = pairs(api, a, b, query="?score.gte=0.2")
    assert [(pair[:2], pair[3]) for pair in found] in ([((a, b), ["sound"])], [((a, b), ["name"])]), found
    assert found[0][2] < 0.96


def test_who_is_not_proposed(api):
    a, b = speaker(api, "Some observers", kind="unnamed"), speaker(api, "Some observers", kind="unnamed")
    c, d = speaker(api, "Xhelal Durmishi"), speaker(api, "Uvdal Krogstad")
    e, f = speaker(api, "Sounds Ofmusik"), speaker(api, "Zounds Ofmusic", kind="organization")
    assert pairs(api, a, b, c, d, e, f, query="?score.gte=0") == []


def test_distinct(api):
    a, b = speaker(api, "Two Ofaname"), speaker(api, "Two Ofaname")
    assert pairs(api, a, b) == [(a, b, 0.95, ["name"])]
    answer = api.post(f"/speakers/{b}/distinct", json={"from": a}, headers={"Change-Actor": "Ann"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert pairs(api, a, b) == []
    assert api.post(f"/speakers/{a}/distinct", json={"from": b}).status_code == 204
    assert api.psql(f"SELECT low_id, high_id, changed_by IS NULL, change_actor FROM onrecord.speaker_distinctions WHERE low_id = {a}") == [
        [str(a), str(b), "f", "Ann"]]  # fmt: skip
    assert api.read(f"/speakers/{a}")["version"] == 1
    # They may be merged all the same; and then they were one.
    assert api.post(f"/speakers/{b}/merge", json={"into": a}).status_code == 200
    assert api.psql(f"SELECT count(*) FROM onrecord.speaker_distinctions WHERE low_id = {a}") == [["0"]]


def test_what_was_taken_apart_is_not_proposed_again(api):
    a, b = speaker(api, "Merged Andback"), speaker(api, "Merged Andback")
    api.post(f"/speakers/{a}/merge", json={"into": b})
    assert pairs(api, a, b) == []
    api.post(f"/speakers/{a}/unmerge")
    assert pairs(api, a, b) == []


def test_pages_and_filters(api):
    ids = [speaker(api, "Many Ofthesame", kind=kind) for kind in ("person", "person", "organization", "organization")]
    whole = pairs(api, *ids)
    assert [pair[:2] for pair in whole] == [(low, high) for low in ids for high in ids if low < high]
    assert pairs(api, *ids, query="?kind=person") == [(ids[0], ids[1], 0.95, ["name"])]
    assert pairs(api, *ids, query="?score.gte=0.96") == []
    singly = [pair for page in api.pages("/speakers/duplicates", 1) for pair in page]
    assert singly == [pair for page in api.pages("/speakers/duplicates", 200) for pair in page]
    assert [pair["score"] for pair in singly] == sorted((pair["score"] for pair in singly), reverse=True)
    first = api.get("/speakers/duplicates?limit=1")
    assert first.headers["Link"] == f"<{first.json()['next']}>; rel=\"next\""


def test_where_many_share_a_name_each_is_paired_with_the_first(api):
    ids = [speaker(api, "Everybody Sname") for _ in range(22)]
    assert [pair[:2] for pair in pairs(api, *ids)] == [(ids[0], id) for id in ids[1:]]


def test_wrong_parameters(shared):
    answer = shared.get("/speakers/duplicates?kind=x&score.gte=2&limit=0&cursor=x")
    expect_problem(answer, "bad-request", "The query has 4 faults.", [
        ("?kind", "must be one of person, organization, unnamed"), ("?score.gte", "must be a number from 0 to 1"),
        ("?limit", "must be a whole number from 1 to 200"),
        ("?cursor", "is not a cursor of this service; take it from `next` as it is")])  # fmt: skip
    known = "is not a parameter of this list; these are: kind, score.gte, limit, cursor"
    expect_problem(shared.get("/speakers/duplicates?name=x&q=y"), "bad-request", "The query has 2 faults.",
                   [("?name", known), ("?q", known)])  # fmt: skip
    assert shared.get("/speakers/duplicates?limit=1&limit=2").status_code == 400
    assert shared.post("/speakers/duplicates", json={}).status_code == 405


def test_distinct_from_nobody(api):
    a, b, gone = speaker(api, "Aone"), speaker(api, "Btwo"), speaker(api, "Gone")
    api.delete(f"/speakers/{gone}")
    expect_problem(api.post("/speakers/4711/distinct", json={"from": a}), "not-found", "There is no speaker 4711.")
    expect_problem(api.post(f"/speakers/{gone}/distinct", json={"from": a}), "gone", f"Speaker {gone} was deleted.")
    expect_problem(api.post(f"/speakers/{a}/distinct", json={"from": gone}), "invalid", "The body has 1 fault.",
                   [("/from", f"there is no speaker {gone}")])  # fmt: skip
    expect_problem(api.post(f"/speakers/{a}/distinct", json={"into": b}), "invalid", "The body has 2 faults.",
                   [("/from", "is required"), ("/into", "is not a field here")])  # fmt: skip
    api.post(f"/speakers/{b}/merge", json={"into": a})
    expect_problem(api.post(f"/speakers/{a}/distinct", json={"from": {"name": "Btwo"}}), "conflict",
                   f"Speaker {a} is the same speaker as {a}.", [("/from", "leads to the same speaker")],
                   conflict={"resource": "speakers", "id": a, "href": f"/speakers/{a}"})  # fmt: skip
    assert api.post(f"/speakers/{b}/distinct", json={"from": n.CHINA}).status_code == 409
