"""Counts: of quotes by speaker and by time, of articles by source."""

import collections
from types import SimpleNamespace

import names as n
import pytest
from problems import expect_problem


@pytest.fixture(scope="module")
def stock(module_api):
    """Quotes of three speakers and of nobody, in two articles of one source and one of none; found again by the role."""
    make = module_api.make
    source = make("sources", name="Counted Daily")
    dated = make("articles", headline="dated", source_id=source["id"], published_at="2025-03-31T23:30:00-02:00", keywords=["counted"])
    undated = make("articles", headline="undated", source_id=source["id"], keywords=["counted"])
    loose = make("articles", headline="loose", keywords=["counted"])
    a, b, c = (make("speakers", name=f"Counted {name}")["id"] for name in "abc")
    for article, speaker, said_on, status in [
        (dated, a, None, "confirmed"),  # in April, by UTC
        (dated, a, "2024-12-30", "confirmed"),
        (dated, b, "2025", "confirmed"),  # from January on
        (undated, b, "2025-01", "confirmed"),
        (undated, a, None, "confirmed"),
        (loose, None, "2025-01-05", "confirmed"),
        (loose, c, "2025-01-05", "confirmed"),
        (loose, c, "2025-01-05", "proposed"),
    ]:
        make("quotes", article_id=article["id"], text="counted", kind="indirect", speaker_id=speaker, said_on=said_on,
             status=status, role="counted")  # fmt: skip
    return SimpleNamespace(**locals(), api=module_api)


def by_speaker(answer):
    return [(item["speaker"]["id"], item["quotes"]) for item in answer["items"]]


def test_speakers(stock):
    answer = stock.api.read("/stats/speakers?role=counted")
    assert by_speaker(answer) == [(stock.a, 3), (stock.b, 2), (stock.c, 1)]
    assert answer["items"][0]["speaker"] == stock.api.read(f"/speakers/{stock.a}")
    assert (answer["next"], answer["total"], answer["without_speaker"]) == (None, 7, 1)


def test_filters_choose_what_is_counted(stock):
    def counted(query):
        return by_speaker(stock.api.read(f"/stats/speakers?role=counted&{query}"))

    assert counted("said_on.gte=2025") == [(stock.b, 2), (stock.c, 1)]
    assert counted(f"source_id={stock.source['id']}") == [(stock.a, 3), (stock.b, 2)]
    assert counted("status=proposed") == [(stock.c, 1)]
    assert counted("article.keywords=nothing") == []
    assert stock.api.read("/stats/speakers?role=nobody") == {"items": [], "next": None, "total": 0, "without_speaker": 0}


def test_pages(stock):
    """Ties are told apart by the id; the totals are those of all pages."""
    found, target = [], "/stats/speakers?limit=2"
    while target:
        answer = stock.api.get(target)
        page = answer.json()
        assert len(page["items"]) <= 2 and page["total"] >= 22
        found += by_speaker(page)
        assert (f'<{page["next"]}>; rel="next"' == answer.headers.get("Link")) == (page["next"] is not None)
        target = page["next"] and "/stats/speakers" + page["next"]
    quotes = stock.api.read("/quotes?limit=200")["items"]
    wanted = collections.Counter(quote["speaker_id"] for quote in quotes if quote["speaker_id"])
    assert found == sorted(wanted.items(), key=lambda item: (-item[1], item[0]))


def test_sources(stock):
    answer = stock.api.read("/stats/sources?keywords=counted")
    assert [(item["source"]["name"], item["articles"]) for item in answer["items"]] == [("Counted Daily", 2)]
    assert (answer["next"], answer["total"], answer["without_source"]) == (None, 3, 1)


def timeline(stock, query):
    answer = stock.api.read(f"/stats/timeline?role=counted&{query}")
    return {item["start"]: item["quotes"] for item in answer["items"]}, answer


def test_months_without_holes(stock):
    found, answer = timeline(stock, "")
    assert found == {"2024-12-01": 1, "2025-01-01": 4, "2025-02-01": 0, "2025-03-01": 0, "2025-04-01": 1}
    assert list(found) == sorted(found)
    assert (answer["interval"], answer["total"], answer["undated"]) == ("month", 7, 1)


def test_years_weeks_and_days(stock):
    assert timeline(stock, "interval=year")[0] == {"2024-01-01": 1, "2025-01-01": 5}
    weeks = timeline(stock, "interval=week&said_on.lte=2025-01-05")[0]
    assert weeks == {"2024-12-30": 5}  # Monday to Sunday, over the turn of the year
    days = timeline(stock, "interval=day&said_on.lte=2025-01-05")[0]
    assert len(days) == 7 and days["2024-12-30"] == 1 and days["2025-01-03"] == 0 and days["2025-01-05"] == 2
    assert sum(days.values()) == 5


def test_the_seed_says_nowhere_when(api):
    assert api.read(f"/stats/timeline?speaker_id={n.SAMKANI}") == {"interval": "month", "items": [], "total": 3, "undated": 3}


def test_more_intervals_than_anybody_reads(stock):
    for year in ("1066", "2025"):
        stock.api.make("quotes", article_id=stock.loose["id"], text="long ago", kind="indirect", said_on=year, role="spread")
    answer = stock.api.get("/stats/timeline?role=spread&interval=day")
    expect_problem(answer, "bad-request", "The query has 1 fault.", [("?interval", None)])
    assert len(stock.api.read("/stats/timeline?role=spread&interval=year")["items"]) == 960


@pytest.mark.parametrize(
    "target, places",
    [
        ("/stats/timeline?interval=hour", ["?interval"]),
        ("/stats/timeline?limit=3", ["?limit"]),
        ("/stats/timeline?interval=day&interval=day", ["?interval"]),
        ("/stats/speakers?interval=day", ["?interval"]),
        ("/stats/speakers?sort=id", ["?sort"]),
        ("/stats/speakers?limit=0&speaker_id=x&cursor=abc", ["?speaker_id", "?limit", "?cursor"]),
        ("/stats/sources?speaker_id.gt=3", ["?speaker_id.gt"]),
    ],
)
def test_what_they_do_not_take(shared, target, places):
    expect_problem(shared.get(target), "bad-request", None, [(place, None) for place in places])


def test_cursors_of_other_lists(stock):
    cursor = stock.api.read("/quotes?limit=1&sort=published_at")["next"].split("cursor=")[1]
    expect_problem(stock.api.get(f"/stats/speakers?cursor={cursor}"), "bad-request", None, [("?cursor", None)])
    cursor = stock.api.read("/stats/speakers?limit=1")["next"].split("cursor=")[1]
    expect_problem(stock.api.get(f"/stats/speakers?limit=1&kind=direct&cursor={cursor}"), "bad-request", None, [("?cursor", None)])


def test_an_unchanged_count_is_not_sent_again(stock):
    first = stock.api.get("/stats/speakers?role=counted")
    again = stock.api.get("/stats/speakers?role=counted", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304 and again.content == b""
