"""Lists: filters with every operator, sort, pages, limit, count."""

import itertools
import random
import string
from types import SimpleNamespace

import names as n
import pytest
from problems import expect_problem


@pytest.fixture(scope="module")
def stock(module_api):
    """Some records beside the seed's, found again by the keyword or the external_id that begins with `stock`."""
    make = module_api.make
    kabul = make("sources", name="Kabul Daily", country="AF", url="https://kabul.example/")
    oslo = make("sources", name="Oslo Avis", country="NO")
    first = make("articles", headline="first", source_id=kabul["id"], language="fa-AF", published_at="2024-12-31T23:30:00Z",
                 keywords=["stock", "diplomacy", "trade"], section="World")  # fmt: skip
    second = make("articles", headline="second", source_id=oslo["id"], language="nb", published_at="2025-05-15T08:00:00+02:00",
                  keywords=["stock", "trade"])  # fmt: skip
    third = make("articles", headline="third", keywords=["stock"])
    office = make("speakers", name="Office", kind="organization", part_of_id=n.FOREIGN_MINISTRY)
    clerk = make("speakers", name="Clerk", aliases=["The Clerk", "O’Clerk, Jr"], same_as=["https://www.wikidata.org/wiki/Q1"],
                 affiliations=[{"organization_id": office["id"]}])  # fmt: skip
    quotes = [
        make("quotes", article_id=article["id"], text=f"stock {i}", kind=kind, external_id=f"stock-{i}", **more)
        for i, (article, kind, more) in enumerate(
            [
                (first, "direct", dict(speaker_id=clerk["id"], said_on="2024", confidence=0.5, status="proposed")),
                (first, "direct", dict(speaker_id=clerk["id"], said_on="2025-05", confidence=1, role="clerk")),
                (second, "partial", dict(speaker_id=n.RUSSIA, said_on="2025-05-15", confidence=0, cue="")),
                (second, "indirect", dict(said_on="2025-06", about_ids=[clerk["id"], n.CHINA], role="")),
                (third, "indirect", dict(relayed_by={"speaker_id": clerk["id"]}, status="rejected")),
            ]
        )
    ]
    return SimpleNamespace(**{**locals(), "api": module_api})


def numbers(stock, query):
    """Which of the five stocked quotes a query finds, whatever their status; the seed's are left out."""
    ids = [quote["id"] for quote in stock.quotes]
    query += "" if "status" in query else "&status.in=proposed,confirmed,rejected"
    return [ids.index(found) for found in stock.api.ids(f"/quotes?sort=id&limit=200&{query}") if found in ids]


def headlines(stock, query):
    found = stock.api.read(f"/articles?sort=id&limit=200&{query}")["items"]
    return [article["headline"] for article in found if "stock" in article["keywords"]]


@pytest.mark.parametrize(
    "query, expected",
    [
        # ids and references
        ("speaker_id={clerk}", [0, 1]),
        ("speaker_id.ne={clerk}", [2, 3, 4]),
        ("speaker.kind.ne=person", [2, 3, 4]),  # what nobody said is no person's
        ("speaker.kind.ne=organization", [0, 1, 3, 4]),
        ("speaker_id.in={clerk},5", [0, 1, 2]),
        ("speaker_id.null=true", [3, 4]),
        ("speaker_id.null=false", [0, 1, 2]),
        ("id.in={q1},{q3}", [1, 3]),
        ("id.gt={q3}", [4]),
        ("id.gte={q3}", [3, 4]),
        ("id.lt={q1}", [0]),
        ("id.lte={q1}", [0, 1]),
        ("id.ne={q1}", [0, 2, 3, 4]),
        # enums
        ("kind=direct", [0, 1]),
        ("kind.ne=direct", [2, 3, 4]),
        ("kind.in=partial,indirect", [2, 3, 4]),
        ("channel.null=true", [0, 1, 2, 3, 4]),
        # text; the empty text is one
        ("role=clerk", [1]),
        ("role=", [3]),
        ("role.ne=clerk", [0, 2, 3, 4]),
        ("role.in=clerk,", [1, 3]),
        ("role.null=false", [1, 3]),
        ("cue=&role.null=true", [2]),
        ("external_id=stock-2", [2]),
        ("external_id.in=stock-2,stock-4,nothing", [2, 4]),
        # numbers
        ("confidence=0.5", [0]),
        ("confidence.ne=0.5", [1, 2, 3, 4]),
        ("confidence.gte=0.5", [0, 1]),
        ("confidence.gt=0.5", [1]),
        ("confidence.lte=0.5", [0, 2]),
        ("confidence.lt=0.5", [2]),
        ("confidence.null=true", [3, 4]),
        # dates of reduced precision: 2024, 2025-05, 2025-05-15, 2025-06, none
        ("said_on=2025", [1, 2, 3]),
        ("said_on=2025-05", [1, 2]),
        ("said_on=2025-05-15", [1, 2]),
        ("said_on=2025-05-16", [1]),
        ("said_on.ne=2025", [0, 4]),
        ("said_on.gte=2025-05-20", [1, 3]),
        ("said_on.gt=2025-05-15", [1, 3]),
        ("said_on.gt=2025-05", [3]),
        ("said_on.lte=2025-05-10", [0, 1]),
        ("said_on.lt=2025-05", [0]),
        ("said_on.lt=2025-05-15", [0, 1]),
        ("said_on.null=true", [4]),
        ("said_on.gte=2025&said_on.lt=2025-06", [1, 2]),
        # moments, the article's
        ("published_at=2025-05-15", [2, 3]),
        ("published_at=2025", [2, 3]),
        ("published_at=2025-05-15T06:00:00Z", [2, 3]),
        ("published_at=2025-05-15T08:00:00%2B02:00", [2, 3]),
        ("published_at=2025-05-15T06:00:01Z", []),
        ("published_at.ne=2025", [0, 1, 4]),
        ("published_at.gte=2025", [2, 3]),
        ("published_at.gt=2024-12", [2, 3]),
        ("published_at.lt=2025", [0, 1]),
        ("published_at.lte=2025-05", [0, 1, 2, 3]),
        ("published_at.null=true", [4]),
        # virtual ones
        ("about_id={clerk}", [3]),
        ("about_id.ne={clerk}", [0, 1, 2, 4]),
        ("about_id.in={clerk},5", [3]),
        ("relayed_by.speaker_id={clerk}", [4]),
        ("relayed_by.speaker_id.ne={clerk}", [0, 1, 2, 3]),
        # through relations, one and two steps
        ("article.language=fa-AF", [0, 1]),
        ("article.language.in=fa-AF,nb", [0, 1, 2, 3]),
        ("article.keywords=diplomacy", [0, 1]),
        ("article.source_id={oslo}", [2, 3]),
        ("article.source.country=AF", [0, 1]),
        ("article.source.country.in=AF,NO", [0, 1, 2, 3]),
        ("source.country=NO", [2, 3]),
        ("source.name=Oslo Avis", [2, 3]),
        ("speaker.kind=person", [0, 1]),
        ("speaker.name=Russia", [2]),
        ("speaker.organization_id={office}", [0, 1]),
        ("speaker.organization_id=2", [0, 1]),
        ("speaker.organization_id=1", [0, 1]),
        ("speaker.organization_id=5", [2]),
        ("speaker.organization_id.in=1,5", [0, 1, 2]),
        # together
        ("speaker_id={clerk}&said_on.gte=2025&kind=direct", [1]),
        # status: lists show what is confirmed, unless asked
        ("status=confirmed", [1, 2, 3]),
        ("status=proposed", [0]),
        ("status.ne=confirmed", [0, 4]),
        ("status.in=proposed,rejected", [0, 4]),
    ],
)
def test_filters_of_quotes(stock, query, expected):
    ids = {f"q{i}": quote["id"] for i, quote in enumerate(stock.quotes)}
    query = query.format(clerk=stock.clerk["id"], oslo=stock.oslo["id"], office=stock.office["id"], **ids)
    assert numbers(stock, query) == expected


def test_only_confirmed_quotes_show_unless_asked(stock):
    ids = [quote["id"] for quote in stock.quotes]
    assert stock.api.ids(f"/quotes?external_id.in={','.join(f'stock-{i}' for i in range(5))}&sort=id") == ids[1:4]
    assert stock.api.ids(f"/articles/{stock.first['id']}/quotes") == [ids[1]]
    assert stock.api.ids(f"/articles/{stock.first['id']}/quotes?status=proposed") == [ids[0]]


@pytest.mark.parametrize(
    "query, expected",
    [
        ("keywords=trade", ["first", "second"]),
        ("keywords.ne=trade", ["third"]),
        ("keywords.in=diplomacy,nothing", ["first"]),
        ("language=nb", ["second"]),
        ("language.ne=en", ["first", "second"]),
        ("section=World", ["first"]),
        ("section.null=true", ["second", "third"]),
        ("source.country=NO", ["second"]),
        ("source.name.in=Kabul Daily,Oslo Avis", ["first", "second"]),
        ("source_id.null=true", ["third"]),
        ("speaker_id={clerk}", ["first"]),
        ("speaker_id={clerk}&speaker_id.ne=5", ["first"]),
        ("speaker_id=5", ["second"]),
        ("published_at.gte=2025-05-15", ["second"]),
    ],
)
def test_filters_of_articles(stock, query, expected):
    assert headlines(stock, query.format(clerk=stock.clerk["id"])) == expected


def test_filters_of_articles_by_who_is_named(shared):
    for query in (f"mentions.speaker_id={n.HAQQANI}", f"speaker_id={n.HAQQANI}", f"via.source_id={n.TOLONEWS}",
                  f"event_id={n.SUMMIT}"):  # fmt: skip
        assert shared.ids(f"/articles?{query}") == [n.ARTICLE]
    for query in (f"mentions.speaker_id={n.CHINA}", f"via.source_id={n.MNTV}", f"via.source_id.ne={n.TOLONEWS}"):
        assert shared.ids(f"/articles?{query}") == []


def test_filters_of_speakers(stock):
    found = lambda query: stock.api.ids(f"/speakers?limit=200&sort=id&{query}")  # noqa: E731
    clerk, office = stock.clerk["id"], stock.office["id"]
    assert found("aliases=The Clerk") == [clerk]
    assert found("aliases.in=The Clerk,nothing") == [clerk]
    assert found("same_as=https://www.wikidata.org/wiki/Q1") == [clerk]
    assert found("part_of_id=2") == [office]
    assert found("part_of.part_of_id=1") == [office]
    assert found("part_of.name=Russia") == [n.SUPREME_COURT]
    assert found("part_of.part_of.name=Taliban-led administration") == [office]
    assert found("kind=unnamed") == [n.OBSERVERS]
    assert found("name=Russia") == [n.RUSSIA]
    assert found(f"organization_id={n.RUSSIA}") == [n.RUSSIA, n.SUPREME_COURT, n.KABULOV]
    assert found(f"organization_id={n.ADMINISTRATION}&kind=organization") == [1, 2, 3, office]
    assert found(f"organization_id={n.ADMINISTRATION}&kind=person") == [n.MUTTAQI, n.HAQQANI, n.TAKAL, n.QANI, clerk]
    assert found(f"organization_id.ne={n.ADMINISTRATION}&kind=person") == [n.KABULOV, n.SAMKANI, n.ZAZAI, n.ADEL]


def test_filters_of_events(shared):
    found = lambda query: shared.ids(f"/events?limit=200&sort=id&{query}")  # noqa: E731
    assert found(f"participants.speaker_id={n.KABULOV}") == [n.VISIT, n.SEPARATE_MEETING]
    assert found("status=planned") == [n.COMMISSION, n.SUMMIT]
    assert found("part_of.kind=summit") == [n.COMMISSION]
    assert found("place=Kabul") == [n.VISIT]
    assert found("starts_on.null=true") == [1, 2, 3, 4, 5, 6]
    assert found(f"article_id={n.ARTICLE}") == [1, 2, 3, 4, 5, 6]
    assert found(f"article_id.ne={n.ARTICLE}") == []


def test_names_are_found_however_they_are_composed(api):
    id = api.make("speakers", name="José Müller")["id"]
    assert api.ids("/speakers", params={"name": "Jose\u0301 Mu\u0308ller"}) == [id]


# --- order ----------------------------------------------------------------------------------------------------------------


def test_sort(stock):
    base = f"/quotes?external_id.in={','.join(f'stock-{i}' for i in range(5))}&status.in=proposed,confirmed,rejected"
    ids = [quote["id"] for quote in stock.quotes]
    order = lambda sort: [ids.index(id) for id in stock.api.ids(f"{base}&sort={sort}")]  # noqa: E731
    assert order("id") == [0, 1, 2, 3, 4]
    assert order("-id") == [4, 3, 2, 1, 0]
    assert order("said_on") == [0, 1, 2, 3, 4]
    assert order("-said_on") == [3, 2, 1, 0, 4]  # what has no date comes last either way
    assert order("published_at") == [0, 1, 2, 3, 4]
    assert order("-published_at") == [3, 2, 1, 0, 4]
    assert order("-published_at,id") == [2, 3, 0, 1, 4]
    assert order("published_at,-said_on") == [1, 0, 3, 2, 4]
    assert order("created_at") == [0, 1, 2, 3, 4]


def test_names_sort_by_code_point(api):
    for name in ("b", "a", "Z", "é"):
        api.make("sources", name=f"sort {name}", country="IS")
    assert [source["name"] for source in api.read("/sources?country=IS&sort=name")["items"]] == [
        "sort Z", "sort a", "sort b", "sort é",
    ]  # fmt: skip


# --- pages ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", ["id", "-id", "said_on", "-said_on", "-published_at,id", "published_at,-said_on,created_at",
                                  "-created_at", "said_on,-published_at,-id"])  # fmt: skip
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_are_the_list_cut_up(stock, sort, limit):
    query = f"/quotes?sort={sort}&status.in=proposed,confirmed"
    whole = stock.api.read(query + "&limit=200")["items"]
    assert len(whole) == 15 + 4
    pages = list(stock.api.pages(query, limit))
    assert list(itertools.chain(*pages)) == whole
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    assert 1 <= len(pages[-1]) <= limit


def test_next_is_a_link_too_and_keeps_the_query(shared):
    answer = shared.get("/quotes?kind=direct&limit=2&sort=-id&fields=id")
    page = answer.json()
    assert [item["id"] for item in page["items"]] == [n.AT[2330], n.AT[2093]]
    assert page["next"].startswith("?kind=direct&limit=2&sort=-id&fields=id&cursor=")
    assert answer.headers["Link"] == f'<{page["next"]}>; rel="next"'
    last = shared.get("/quotes" + page["next"])
    assert last.json() == {"items": [{"id": n.AT[1933]}, {"id": n.AT[1786]}], "next": None}
    assert "Link" not in last.headers


def test_next_escapes_what_it_repeats(shared):
    page = shared.read("/speakers", params={"name.ne": "a&b=c d+é%", "limit": 1})
    assert page["next"].startswith("?name.ne=a%26b%3Dc%20d%2B%C3%A9%25&limit=1&cursor=")
    assert shared.read("/speakers" + page["next"])["items"][0]["id"] == n.FOREIGN_MINISTRY


def test_pages_are_stable_while_records_come_and_go(api):
    ids = [api.make("sources", name=f"page {i:02}", country="GL")["id"] for i in range(10)]
    first = api.read("/sources?country=GL&sort=name&limit=4")
    assert [item["name"] for item in first["items"]] == ["page 00", "page 01", "page 02", "page 03"]
    api.make("sources", name="page 00b", country="GL")  # before the cursor: is not seen, and shifts nothing
    api.make("sources", name="page 04b", country="GL")  # behind it: is seen
    api.delete(f"/sources/{ids[3]}")  # the very record that the cursor was made of
    api.delete(f"/sources/{ids[5]}")
    second = api.read("/sources" + first["next"])
    assert [item["name"] for item in second["items"]] == ["page 04", "page 04b", "page 06", "page 07"]
    third = api.read("/sources" + second["next"])
    assert [item["name"] for item in third["items"]] == ["page 08", "page 09"]
    assert third["next"] is None


def test_a_cursor_is_good_with_another_limit_and_shape(shared):
    page = shared.read("/quotes?sort=-id&limit=2")
    cursor = page["next"].partition("cursor=")[2]
    assert shared.read(f"/quotes?sort=-id&limit=1&fields=id&cursor={cursor}")["items"] == [{"id": n.AT[2172]}]


def test_a_cursor_is_bound_to_its_list(shared):
    cursor = shared.read("/quotes?sort=-id&limit=2")["next"].partition("cursor=")[2]
    other = [("?cursor", "belongs to another list, other filters or another sort")]
    for path in (
        f"/quotes?sort=id&cursor={cursor}",
        f"/quotes?cursor={cursor}",
        f"/quotes?sort=-id&kind=direct&cursor={cursor}",
        f"/articles?sort=-id&cursor={cursor}",
        f"/articles/1/quotes?sort=-id&cursor={cursor}",
    ):
        expect_problem(shared.get(path), "bad-request", "The query has 1 fault.", other)


def test_a_cursor_that_was_altered(shared):
    cursor = shared.read("/quotes?sort=-id&limit=2")["next"].partition("cursor=")[2]
    alphabet = string.ascii_letters + string.digits + "-_"
    chance = random.Random(1)
    altered = {cursor[:-1], cursor + "A", "x", "", "AAAA", cursor + cursor, "A" * 3500, cursor[::-1]}
    for at in range(len(cursor)):
        other = chance.choice([letter for letter in alphabet if letter != cursor[at]])
        altered.add(cursor[:at] + other + cursor[at + 1 :])
    altered.discard(cursor)
    for broken in altered:
        expect_problem(shared.get(f"/quotes?sort=-id&limit=2&cursor={broken}"), "bad-request", errors=[("?cursor", None)])


def test_a_cursor_altered_by_one_bit(shared):
    cursor = shared.read("/quotes?sort=-id&limit=2")["next"].partition("cursor=")[2]
    for at in range(len(cursor)):
        for bit in range(7):
            broken = cursor[:at] + chr(ord(cursor[at]) ^ 1 << bit) + cursor[at + 1 :]
            answer = shared.get("/quotes", params={"sort": "-id", "limit": "2", "cursor": broken})
            assert answer.status_code == 400, (at, bit)


def test_limit(shared):
    assert len(shared.read("/quotes?limit=1")["items"]) == 1
    assert len(shared.read("/quotes")["items"]) == 15
    assert len(shared.read("/speakers?limit=200")["items"]) >= 16
    for limit in ("0", "201", "-1", "x", "", "1.5", "01", "99999999999999999999"):
        expect_problem(
            shared.get(f"/quotes?limit={limit}"),
            "bad-request",
            "The query has 1 fault.",
            [("?limit", "must be a whole number from 1 to 200")],
        )


def test_the_default_limit_is_20(api):
    for i in range(25):
        api.make("sources", name=f"limit {i}", country="TV")
    page = api.read("/sources?country=TV&count=exact")
    assert (len(page["items"]), page["total"]) == (20, 25)
    assert len(api.read("/sources" + page["next"])["items"]) == 5


def test_count(shared):
    assert "total" not in shared.read("/quotes")
    assert shared.read("/quotes?count=exact&kind=direct&limit=1")["total"] == 4
    assert shared.read(f"/speakers/{n.SAMKANI}/quotes?count=exact")["total"] == 3
    expect_problem(shared.get("/quotes?count=yes"), "bad-request", errors=[("?count", "must be exact, or left out")])


def test_a_total_is_of_all_pages(shared):
    page = shared.read("/quotes?count=exact&limit=10&sort=-id")
    again = shared.read("/quotes" + page["next"])
    assert (page["total"], again["total"], len(again["items"])) == (15, 15, 5)


# --- what is refused ------------------------------------------------------------------------------------------------------


def test_all_faults_of_a_query_at_once(shared):
    expect_problem(
        shared.get("/quotes?speaker_id=x&speaker=3&limit=0&kind=loud&said_on=2025-13&speaker_id.gte=3&sort=text&offsets=bytes"),
        "bad-request",
        "The query has 8 faults.",
        [
            ("?speaker_id", "must be a whole number from 1 to 9007199254740991, without a sign or a leading zero"),
            ("?speaker", None),
            ("?limit", "must be a whole number from 1 to 200"),
            ("?kind", "must be one of direct, partial, indirect"),
            ("?said_on", "must be a date: 2025, 2025-05 or 2025-05-15"),
            ("?speaker_id.gte", "speaker_id takes these operators: =, .ne, .in, .null"),
            ("?sort", '"text" does not sort quotes; these do: id, said_on, published_at, created_at, updated_at'),
            ("?offsets", "must be codepoints or utf16"),
        ],
    )


@pytest.mark.parametrize(
    "query, place",
    [
        ("nothing=1", "?nothing"),
        ("article.body=x", "?article.body"),
        ("article.source.url=x", "?article.source.url"),
        ("article.source.articles.id=1", "?article.source.articles.id"),
        ("text=x", "?text"),
        ("spans=1", "?spans"),
        ("kind.=direct", "?kind."),
        ("kind.like=direct", "?kind.like"),
        ("KIND=direct", "?KIND"),
        ("kind=direct&kind=partial", "?kind"),
        ("limit=1&limit=1", "?limit"),
        ("kind=", "?kind"),
        ("speaker_id=", "?speaker_id"),
        ("speaker_id.in=", "?speaker_id.in"),
        ("speaker_id.in=1,", "?speaker_id.in"),
        ("speaker_id.in=1,,2", "?speaker_id.in"),
        ("speaker_id.null=", "?speaker_id.null"),
        ("speaker_id.null=1", "?speaker_id.null"),
        ("kind.null=true", "?kind.null"),
        ("said_on=", "?said_on"),
        ("said_on=2025-02-30", "?said_on"),
        ("said_on=2025-5", "?said_on"),
        ("said_on=25", "?said_on"),
        ("said_on=0000", "?said_on"),
        ("said_on.in=2025", "?said_on.in"),
        ("published_at=2025-05-15T10:00:00", "?published_at"),
        ("published_at=yesterday", "?published_at"),
        ("confidence=1.1", "?confidence"),
        ("confidence=-0", "?confidence"),
        ("confidence=nan", "?confidence"),
        ("confidence=1e0", "?confidence"),
        ("about_id.null=true", "?about_id.null"),
        ("sort=", "?sort"),
        ("sort=id,id", "?sort"),
        ("sort=id,-id", "?sort"),
        ("sort=--id", "?sort"),
        ("sort=speaker.name", "?sort"),
        ("sort=id,said_on,published_at,created_at,updated_at", "?sort"),
        ("cursor=", "?cursor"),
        ("=1", "?"),
    ],
)
def test_parameters_that_are_refused(shared, query, place):
    answer = shared.get(f"/quotes?{query}")
    expect_problem(answer, "bad-request", "The query has 1 fault.", [(place, None)])


def test_in_takes_a_hundred_values(shared):
    hundred = ",".join(str(i) for i in range(1, 101))
    assert len(shared.ids(f"/quotes?id.in={hundred}&limit=200")) == 15
    expect_problem(
        shared.get(f"/quotes?id.in={hundred},101"), "bad-request", errors=[("?id.in", "takes at most 100 values")]
    )


def test_values_are_values_whatever_they_look_like(shared):
    for value in ("'; DROP TABLE onrecord.quotes; --", "%", "_", "\\", '"', "{}", "{1,2}", "NULL", "$1", "a,b"):
        for name in ("role", "cue", "external_id", "speaker.name", "article.keywords"):
            for operator in ("", ".in"):
                assert shared.ids("/quotes", params={name + operator: value}) == []
    assert len(shared.read("/quotes")["items"]) == 15
