"""Search: `q` on every collection, and all of them at once."""

import itertools
import json
from types import SimpleNamespace

import names as n
import pytest
from problems import expect_problem

IDLE = "The query holds nothing to look for: no word at all, or only words that nearly every text has."


def texts(api, query):
    return [item["text"] for item in api.read(f"/quotes?fields=text&{query}")["items"]]


def marked(item, field="text"):
    """The pieces of a field that are highlighted."""
    for highlight in item["highlights"]:
        if highlight["field"] == field:
            return [item[field][range_["start"] : range_["end"]] for range_ in highlight["ranges"]]
    return []


# Words


def test_a_half_remembered_phrase_finds_the_words_their_role_and_the_article(shared):
    answer = shared.read("/quotes?q=appointing+ambassadors&include=speaker,article&fields=text,role,speaker.name,article.headline")
    (item,) = answer["items"]
    assert item == {
        "text": "it will soon appoint an ambassador to Moscow",
        "role": None,
        "speaker": {"name": "Taliban-led administration"},
        "article": {"headline": "Russia and Taliban-led Afghanistan move to deepen diplomatic ties"},
        "score": item["score"],
        "highlights": [{"field": "text", "ranges": [{"start": 13, "end": 20}, {"start": 24, "end": 34}]}],
    }
    assert item["score"] > 0 and answer["next"] is None and "notice" not in answer


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("ambassador", [n.AT[88], n.AT[1786]]),
        ("AMBASSADORS", [n.AT[88], n.AT[1786]]),
        ("ambassador moscow", [n.AT[88]]),
        ("ambassador beijing", []),
        ('"an ambassador to moscow"', [n.AT[88]]),
        ('"moscow ambassador"', []),
        ("ambassador or thanked", [n.AT[88], n.AT[602], n.AT[1786]]),
        ("russia -diplomat", [n.AT[781], n.AT[2330]]),  # one of them by the speaker's role
        ("Rússia -diplomat -envoy", [n.AT[2330]]),
        ("samkani", [n.AT[1786], n.AT[1889]]),  # as printed
    ],
)
def test_web_search_syntax(shared, query, ids):
    found = shared.read("/quotes", params={"q": query, "fields": "id"})["items"]
    assert sorted(item["id"] for item in found) == ids


@pytest.mark.parametrize("query", ["", " ", "the", "of the and", "!!! ((", "&|!:*<->", '"', "' OR 1=1 --", "\\", "()", "-", '""', "🙂"])
def test_nonsense_is_no_error(shared, query):
    for path in ("articles", "quotes", "events", "speakers", "sources", "search"):
        answer = shared.get(f"/{path}", params={"q": query})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("query", ["", "the", "of the and", "(&)"])
def test_stop_words_alone_say_so(shared, query):
    answer = shared.read("/quotes", params={"q": query})
    assert answer == {"items": [], "next": None, "notice": IDLE}
    assert shared.read("/speakers", params={"q": "(&)"}) == {"items": [], "next": None, "notice": IDLE}


def test_a_query_that_finds_nothing_has_no_notice(shared):
    assert shared.read("/quotes?q=zzz") == {"items": [], "next": None}


def test_filters_and_search_go_together(shared):
    assert texts(shared, f"q=russia&speaker_id={n.ADEL}") == texts(shared, "q=russia&kind=direct")
    assert texts(shared, "q=russia&kind=direct&speaker.organization_id=1") == []
    assert shared.ids("/quotes?q=russia&article.language=en&about_id=5&sort=id") == [n.AT[602], n.AT[2330]]
    assert shared.ids(f"/speakers/{n.ADEL}/quotes?q=russia") == [n.AT[2330]]
    assert shared.ids("/articles/1/quotes?q=nothing+of+the+kind") == []
    assert shared.get("/articles/99/quotes?q=russia").status_code == 404


def test_only_what_is_confirmed_shows(api):
    quote = api.make("quotes", article_id=1, text="a heron", kind="indirect", status="proposed")
    assert api.ids("/quotes?q=heron") == []
    assert api.ids("/quotes?q=heron&status=proposed") == [quote["id"]]
    assert api.read("/search?q=heron")["quotes"]["count"] == 0


def test_a_sort_takes_the_place_of_the_ranking(shared):
    found = shared.read("/quotes?q=russia&sort=-id&fields=id,text")["items"]
    assert [item["id"] for item in found] == [n.AT[2330], n.AT[781], n.AT[602]]
    assert all(item["score"] is None for item in found)
    assert marked(found[0]) == ["Russia"]
    pages = list(shared.pages("/quotes?q=russia&sort=-id&fields=id", 1))
    assert [item["id"] for page in pages for item in page] == [item["id"] for item in found]


def test_the_best_come_first(api):
    best = api.make("articles", headline="Herons", body="x")["id"]
    alternative = api.make("articles", headline="x", alternative_headline="herons")["id"]
    summary = api.make("articles", headline="x", summary="a heron")["id"]
    body = api.make("articles", headline="x", body="herons")["id"]
    twin = api.make("articles", headline="x", body="herons")["id"]
    found = api.read("/articles?q=heron&fields=id")["items"]
    assert [item["id"] for item in found] == [best, alternative, summary, twin, body], "of equals the newer one"
    scores = [item["score"] for item in found]
    assert scores == sorted(scores, reverse=True) and scores[3] == scores[4]


def test_pages_of_a_ranking_neither_repeat_nor_miss(api):
    made = [api.make("articles", headline=f"heron {'heron ' * (i % 3)}", body="x")["id"] for i in range(9)]
    whole = api.ids("/articles?q=heron&fields=id")
    assert sorted(whole) == made
    pages = api.pages("/articles?q=heron&fields=id", 2)
    found = [item["id"] for item in next(pages)]
    api.make("articles", headline="heron heron heron heron")  # would come first
    found += [item["id"] for page in pages for item in page]
    assert found == whole


@pytest.mark.own_server
def test_what_lies_beyond_the_newest_thousand_is_found_as_well(api):
    api.psql("INSERT INTO onrecord.quotes (article_id, text, kind, external_id) "
             "SELECT 1, 'heron ' || n, 'indirect', 'heron ' || n FROM generate_series(0, 1004) AS n")  # fmt: skip
    pages = [[item["external_id"] for item in page] for page in api.pages("/quotes?q=heron&fields=external_id", 200)]
    assert [len(page) for page in pages] == [200] * 5 + [5]
    assert sorted(itertools.chain(*pages)) == sorted(f"heron {number}" for number in range(1005))
    assert set(pages[5]) == {f"heron {number}" for number in range(5)}
    group = api.read("/search?q=heron")["quotes"]
    assert (group["count"], group["count_is_capped"]) == (1000, True)
    assert api.read("/quotes?q=heron&limit=1&count=exact")["total"] == 1005


def heron_windows(api):
    """Five hundred that rank high, and a thousand newer ones that rank low; their names by id."""
    api.psql("INSERT INTO onrecord.quotes (article_id, text, kind, external_id) "
             "SELECT 1, CASE WHEN n < 500 THEN 'heron heron heron' ELSE 'heron among others' END, 'indirect', 'heron ' || n "
             "FROM generate_series(0, 1499) AS n")  # fmt: skip
    return {int(id): name for id, name in api.psql("SELECT id, external_id FROM onrecord.quotes WHERE external_id LIKE 'heron %'")}


@pytest.mark.own_server
def test_pages_of_a_window_from_which_records_go(api):
    there = heron_windows(api)
    pages = api.pages("/quotes?q=heron&fields=id", 199)
    found = [item["id"] for page in itertools.islice(pages, 3) for item in page]
    gone = found[:30] + [id for id in sorted(there)[500:] if id not in found][:50]
    for id in gone:
        assert api.delete(f"/quotes/{id}").status_code == 204
    found += [item["id"] for page in pages for item in page]
    assert len(found) == len(set(found)) and set(found) == set(there) - set(gone[30:])


@pytest.mark.own_server
def test_pages_of_a_window_whose_rest_is_gone(api):
    """The older ones are still to come."""
    there = heron_windows(api)
    pages = api.pages("/quotes?q=heron&fields=id", 199)
    found = [item["id"] for page in itertools.islice(pages, 5) for item in page]
    for id in [id for id in sorted(there)[500:] if id not in found]:
        assert api.delete(f"/quotes/{id}").status_code == 204
    found += [item["id"] for page in pages for item in page]
    assert sorted(found) == sorted({*found, *sorted(there)[:500]}) and len(found) == 995 + 500


@pytest.mark.own_server
def test_pages_of_a_window_into_which_records_come(api):
    there = heron_windows(api)
    others = [api.make("quotes", article_id=1, text="nothing yet", kind="indirect")["id"] for _ in range(3)]
    api.psql("UPDATE onrecord.quotes SET text = 'heron, the last' WHERE external_id = 'heron 1499'")
    pages = api.pages("/quotes?q=heron&fields=id", 199)
    found = [item["id"] for item in next(pages)]
    assert api.delete(f"/quotes/{found[0]}").status_code == 204
    for id in others:
        api.patch(f"/quotes/{id}", json={"text": "heron and others, and many more words that make it rank low"})
    found += [item["id"] for page in pages for item in page]
    assert len(found) == len(set(found)) and set(found) - set(others) == set(there)


def test_what_a_query_refuses_is_not_marked(api):
    article = api.make("articles", headline="x", language="en")["id"]
    api.make("quotes", article_id=article, text="the heron, Storks, the egret", kind="indirect")
    (item,) = api.read("/quotes", params={"q": "heron or egret -stork"})["items"]
    assert marked(item) == ["heron", "egret"]
    (item,) = api.read("/quotes", params={"q": "heron - stork - egret"})["items"]
    assert marked(item) == ["heron", "Storks", "egret"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("covid-19", ["COVID", "19"]),
        ("reuters", ["Reuters"]),
        ("-tass", None),
        ("US envoy", ["U.S", "envoy"]),
        ("envoy -S-300", ["envoy"]),
        ("S-400 petersburg", ["-400", "Petersburg"]),
    ],
)
def test_what_signs_join_is_marked_by_its_parts(api, query, words):
    article = api.make("articles", headline="x", language="en")["id"]
    text = "😀 a <b>U.S.</b> envoy told TASS/Reuters of COVID-19 and the S-400 in St.Petersburg\u2010East"
    quote = api.make("quotes", article_id=article, text=text, kind="indirect")
    there = [item for item in api.read("/quotes", params={"q": query})["items"] if item["id"] == quote["id"]]
    assert [marked(item) for item in there] == ([] if words is None else [words])


def test_highlights_and_snippet_of_an_article(shared):
    (item,) = shared.read("/articles?q=analyst+diplomatic")["items"]
    assert marked(item, "headline") == ["diplomatic"]
    assert marked(item, "body") == ["diplomatic", "diplomat", "diplomatic", "analyst", "analyst", "analyst"]
    snippet = item["snippet"]
    assert item["body"][snippet["start"] : snippet["end"]] == snippet["text"]
    pieces = [snippet["text"][r["start"] : r["end"]].lower() for r in snippet["ranges"]]
    assert pieces == ["analyst", "analyst"]
    assert len(snippet["text"]) <= 240
    hidden = shared.read("/articles?q=analyst&fields=headline")["items"][0]
    assert hidden["highlights"] == [] and hidden["snippet"]["text"], "ranges of what is shown; a snippet always"
    assert shared.read("/articles?q=deepen+ties&fields=headline")["items"][0]["highlights"] != []


@pytest.mark.parametrize(
    ("path", "fields", "more"),
    [
        ("articles", ["headline", "alternative_headline", "summary", "body"], {}),
        ("quotes", ["text", "speaker_as_printed", "role"], {"article_id": 1, "kind": "indirect"}),
        ("events", ["name", "place", "description"], {}),
        ("sources", ["name", "description"], {}),
    ],
)
def test_each_field_is_marked_that_holds_a_word_and_no_other(api, path, fields, more):
    for number, field in enumerate(fields):
        values = {other: f"nothing {number}" for other in fields} | {field: f"the heron egret {number}"}
        made = api.make(path, **values, **more)
        for query in ("heron", "egret or gull", '"heron egret" -gull'):
            (item,) = [item for item in api.read(f"/{path}", params={"q": query})["items"] if item["id"] == made["id"]]
            assert [highlight["field"] for highlight in item["highlights"]] == [field], query


def test_an_article_found_by_its_headline_alone_has_no_snippet(api):
    api.make("articles", headline="Herons return", body="Nothing else.")
    (item,) = api.read("/articles?q=heron")["items"]
    assert item["snippet"] is None and marked(item, "headline") == ["Herons"]


def test_ranges_in_utf16(api):
    article = api.make("articles", headline="x", body="😀 a heron 😀 flew")
    body = api.read("/articles?q=heron&fields=body")["items"][0]
    wide = api.read("/articles?q=heron&fields=body&offsets=utf16")["items"][0]
    assert body["highlights"][0]["ranges"] == [{"start": 4, "end": 9}]
    assert wide["highlights"][0]["ranges"] == [{"start": 5, "end": 10}]
    assert wide["snippet"]["end"] == len(article["body"]) + 2 and wide["snippet"]["ranges"] == [{"start": 5, "end": 10}]


def test_text_with_control_characters_is_marked_right(api):
    api.make("articles", headline="\u0001heron\u0002 and \u0002\u0001heron", body="x")
    (item,) = api.read("/articles?q=heron")["items"]
    assert marked(item, "headline") == ["heron", "heron"]


def test_a_write_is_found_at_once(api):
    event = api.make("events", name="Return of the herons", article_ids=[1])
    assert api.ids("/events?q=heron") == [event["id"]]
    assert api.patch(f"/events/{event['id']}", json={"name": "Nothing"}).status_code == 200
    assert api.ids("/events?q=heron") == []
    source = api.make("sources", name="The Heron", country="GB")
    assert api.ids("/sources?q=heron") == [source["id"]]
    assert api.delete(f"/sources/{source['id']}").status_code == 204
    assert api.ids("/sources?q=heron") == []


def test_counts_of_what_is_found(shared):
    assert shared.read("/quotes?q=russia&limit=1&count=exact")["total"] == 3
    assert shared.read("/stats/timeline?q=russia")["total"] == 3
    speakers = shared.read("/stats/speakers?q=russia")
    assert speakers["total"] == 3
    assert {item["speaker"]["id"] for item in speakers["items"]} == {n.MUTTAQI, n.KABULOV, n.ADEL}
    assert shared.read("/stats/sources?q=russia")["total"] == 1


# Names


def speakers(api, query, **more):
    return [item["name"] for item in api.read("/speakers", params={"q": query, "fields": "name", **more})["items"]]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("mut", "Amir Khan Muttaqi"),
        ("amir k", "Amir Khan Muttaqi"),
        ("Kabulof", "Zamir Kabulov"),
        ("Кабулов", "Zamir Kabulov"),
        ("کابلوف", "Zamir Kabulov"),
        ("Hakkani", "Sirajuddin Haqqani"),
        ("Serajudin Hakani", "Sirajuddin Haqqani"),
        ("حقانی", "Sirajuddin Haqqani"),
        ("Motaghi", "Amir Khan Muttaqi"),
        ("adèl", "Enayatullah Adel"),
        ("muttaqi amir", "Amir Khan Muttaqi"),
        ("interim gov", "Taliban-led administration"),  # an alias
        ("SUPREME", "Supreme Court"),
    ],
)
def test_names_as_one_types_them_misspelt_or_in_another_script(shared, query, name):
    found = speakers(shared, query)
    assert found and found[0] == name


@pytest.mark.parametrize(
    ("name", "query", "marks"),
    [
        ("习近平", "近平", ["近平"]),
        ("习近平", "平", ["平"]),
        ("김정은", "정은", ["정은"]),
        ("岸田 文雄", "文雄", ["文雄"]),
        ("Łukasz O’Neill", "lukasz oneill", ["Łukasz", "O’Neill"]),
        ("Jørgen Đinđić", "jorg", ["Jørg"]),
        ("Jørgen Đinđić", "dindic", ["Đinđić"]),
    ],
)
def test_the_words_of_a_name_that_fits_are_marked(api, name, query, marks):
    made = api.make("speakers", name=name)
    other = api.make("speakers", name="Somebody", aliases=[name])
    found = api.read("/speakers", params={"q": query})["items"]
    assert [(item["id"], item["matched"]) for item in found] == [(made["id"], name), (other["id"], name)]
    assert [marked(item, "name") for item in found] == [marks, []]


def test_a_name_has_a_score_and_says_what_fits(shared):
    (item,) = shared.read("/speakers?q=interim+gov&fields=id,name,aliases")["items"]
    assert item["id"] == n.ADMINISTRATION and 0.7 < item["score"] < 1
    assert item["matched"] == item["aliases"][1]
    assert item["highlights"] == [], "it is not the name that fits"
    (item,) = shared.read("/speakers?q=khan+mut&fields=name")["items"]
    assert marked(item, "name") == ["Khan", "Mut"] and item["matched"] == item["name"]
    assert shared.read("/speakers?q=russia&fields=name")["items"][0]["score"] == 1


def test_the_order_of_names(api):
    for name in ("Heron", "Heron Bell", "Ann Heron", "Herron", "Ann Heronbird Longname"):
        api.make("speakers", name=name)
    api.make("speakers", name="Zed", aliases=["Heron"])
    assert speakers(api, "heron") == ["Heron", "Zed", "Heron Bell", "Ann Heron", "Ann Heronbird Longname"]
    pages = list(api.pages("/speakers?q=heron&fields=name", 2))
    assert [item["name"] for page in pages for item in page] == speakers(api, "heron")


def test_names_and_filters(shared):
    assert speakers(shared, "russia", kind="person") == []
    assert speakers(shared, "ta", kind="organization")[:1] == ["Taliban"]
    assert shared.ids(f"/speakers?q=hakkani&organization_id={n.ADMINISTRATION}") == [n.HAQQANI]
    assert shared.ids(f"/speakers?q=hakkani&organization_id={n.RUSSIA}") == []
    assert shared.ids("/speakers?q=a&sort=name&limit=2") == sorted(shared.ids("/speakers?q=a&sort=name&limit=2"), key=lambda i: shared.read(f"/speakers/{i}")["name"])  # fmt: skip
    assert shared.read("/speakers?q=hakkani&count=exact")["total"] == 1


@pytest.mark.own_server
def test_a_name_that_many_have(api):
    """Nobody is missed because of others who come before in the alphabet."""
    for i in range(60):
        api.make("speakers", name=f"Aa{chr(97 + i % 26)}{chr(97 + i // 26)} Heron", kind="person")
    api.make("speakers", name="Heron Zubair", kind="person")
    watch = api.make("speakers", name="Heron Watch", kind="organization")["id"]
    many = api.make("speakers", name="Petrel Many", aliases=[f"Petrel a{i}" for i in range(60)])["name"]
    other = api.make("speakers", name="Petrel Zed")["name"]
    assert {"Heron Zubair", "Heron Watch"} <= set(speakers(api, "heron", limit=2))
    assert set(speakers(api, "petrel")) == {many, other}
    for sort in ("", "&sort=name"):
        answer = api.read(f"/speakers?q=heron&kind=organization&count=exact{sort}")
        assert ([item["id"] for item in answer["items"]], answer["total"]) == ([watch], 1)
    for (id,) in api.psql("SELECT id FROM onrecord.speakers WHERE name LIKE '%Heron%'"):
        api.make("quotes", article_id=1, text="heron", kind="indirect", speaker_id=int(id))
    assert api.read("/quotes?speaker.q=heron&count=exact")["total"] == 62
    assert api.read("/quotes?speaker.q=heron&speaker.kind=organization&count=exact")["total"] == 1


def test_a_new_alias_is_found(api):
    api.patch(f"/speakers/{n.OBSERVERS}", json={"aliases": ["The Heronry"]})
    (item,) = api.read("/speakers?q=heronr")["items"]
    assert (item["id"], item["matched"]) == (n.OBSERVERS, "The Heronry")


def test_a_misspelt_name_finds_the_words_the_role_and_the_article_in_one_request(shared):
    found = shared.read("/quotes?speaker.q=Motaghi&include=speaker,article&fields=text,role,speaker.name,article.headline")
    assert [item["text"] for item in found["items"]] == [
        "thanked Russia for accepting a Taliban-appointed diplomat",
        "soon introduce a representative at the ambassadorial level",
    ]
    assert {item["speaker"]["name"] for item in found["items"]} == {"Amir Khan Muttaqi"}
    assert found["items"][1]["role"] == "acting Foreign Minister" and found["items"][0]["article"]["headline"]
    assert shared.ids("/quotes?speaker.q=kabulof&q=commission") == [n.AT[781]]
    assert shared.ids("/quotes?speaker.q=kabulof&q=ambassador") == []
    assert shared.ids("/quotes?speaker.q=zzzz") == [] == shared.ids("/quotes?speaker.q=!")
    assert shared.ids("/speakers?part_of.q=administration&sort=id") == [n.FOREIGN_MINISTRY, n.INTERIOR_MINISTRY]
    assert shared.read("/stats/timeline?speaker.q=samkany")["total"] == 3
    expect_problem(shared.get("/quotes?speaker.q.in=a,b"), "bad-request", None, [("?speaker.q.in", None)])


# Taken away


def lines(api, target):
    answer = api.get(target)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_all_that_is_found_as_lines_or_a_table(shared):
    """The records alone, in the same order."""
    page = shared.ids("/quotes?q=russia&fields=id")
    assert lines(shared, "/quotes?q=russia&fields=id&format=ndjson") == [{"id": id_} for id_ in page]
    assert lines(shared, "/quotes?q=russia&fields=id&format=ndjson&sort=-id") == [{"id": id_} for id_ in sorted(page)[::-1]]
    assert lines(shared, "/quotes?q=russia&fields=id&format=ndjson&limit=1") == [{"id": page[0]}]
    assert shared.get("/quotes?q=russia&fields=id&format=csv").text == "".join(f"{cell}\r\n" for cell in ("id", *page))
    assert lines(shared, "/speakers?q=hakkani&fields=name&format=ndjson") == [{"name": "Sirajuddin Haqqani"}]
    assert lines(shared, "/speakers?q=hakkani&kind=organization&format=ndjson") == []
    assert lines(shared, "/quotes?q=the&format=ndjson") == []
    assert lines(shared, "/articles/1/quotes?q=zzz&format=ndjson") == []
    assert shared.get("/articles/99/quotes?q=zzz&format=ndjson").status_code == 404
    assert lines(shared, "/quotes?speaker.q=motaghi&fields=id&format=ndjson") == [{"id": n.AT[602]}, {"id": n.AT[682]}]


@pytest.mark.own_server
def test_a_stream_ranks_more_than_a_window(api):
    api.psql("INSERT INTO onrecord.quotes (article_id, text, kind) "
             "SELECT 1, CASE n WHEN 1 THEN 'heron heron heron' ELSE 'a heron and more words' END, 'indirect' "
             "FROM generate_series(1, 1500) AS n")  # fmt: skip
    found = lines(api, "/quotes?q=heron&fields=id,text&format=ndjson")
    assert len(found) == 1500 and found[0]["text"] == "heron heron heron"
    rest = [item["id"] for item in found[1:]]
    assert rest == sorted(rest, reverse=True)


def test_a_stream_finds_a_language_that_nobody_has_searched(api):
    made = api.make("articles", headline="die Häuser", language="de")["id"]
    assert lines(api, "/articles?q=haus&fields=id&format=ndjson") == [{"id": made}]


# All at once


def test_one_round_trip_for_all(shared):
    answer = shared.read("/search?q=russia")
    assert list(answer) == ["articles", "quotes", "speakers", "events"]
    assert [group["count"] for group in answer.values()][:2] == [1, 3]
    assert all(not group["count_is_capped"] for group in answer.values())
    quote = answer["quotes"]["items"][0]
    assert quote["speaker"]["name"] and quote["article"]["headline"] and quote["article"]["source"]["name"] == "MNTV"
    assert "body" not in quote["article"] and "body" not in answer["articles"]["items"][0]
    assert answer["articles"]["items"][0]["snippet"]["text"]
    assert answer["speakers"]["items"][0]["name"] == "Russia"


def test_a_group_goes_on_in_its_collection(shared):
    group = shared.read("/search?q=russia&limit=1")["quotes"]
    first = [item["id"] for item in group["items"]]
    assert group["next"].startswith("/quotes?")
    page = shared.read(group["next"])
    assert page["items"][0]["speaker"]["name"] and "body" not in page["items"][0]["article"]
    rest = [item["id"] for item in page["items"]]
    while page["next"]:
        page = shared.read("/quotes" + page["next"])
        rest += [item["id"] for item in page["items"]]
    assert first + rest == shared.ids("/quotes?q=russia&include=speaker,article.source")


@pytest.mark.parametrize(
    ("target", "place"),
    [
        ("/search", "?q"),
        ("/search?q=x&limit=51", "?limit"),
        ("/search?q=x&limit=0", "?limit"),
        ("/search?q=x&limit=1.5", "?limit"),
        ("/search?q=x&sort=id", "?sort"),
        ("/search?q=x&q=y", "?q"),
        ("/search?q=x&offsets=bytes", "?offsets"),
        ("/quotes?q=x&q=y", "?q"),
        ("/quotes?q=" + "x" * 501, "?q"),
        ("/quotes/1?q=x", "?q"),
    ],
)
def test_bad_parameters(shared, target, place):
    expect_problem(shared.get(target), "bad-request", None, [(place, None)])


def test_a_cursor_belongs_to_its_query(shared):
    cursor = shared.read("/quotes?q=russia&limit=1")["next"].split("cursor=")[1]
    for other in ("q=taliban&limit=1", "limit=1", "q=russia&sort=id&limit=1", "q=russia&kind=direct&limit=1"):
        expect_problem(shared.get(f"/quotes?{other}&cursor={cursor}"), "bad-request", None, [("?cursor", None)])


# Text that is not English


@pytest.fixture
def world(api):
    """An article in each of some languages with a quote in its words."""

    def make(language, body, quote):
        article = api.make("articles", headline="x", language=language, body=body)
        start = body.index(quote)
        made = api.make("quotes", article_id=article["id"], text=quote, kind="direct")
        assert made["spans"] == [{"start": start, "end": start + len(quote)}]
        assert body[start : start + len(quote)] == made["text"] == quote
        return article, made

    return SimpleNamespace(api=api, make=make)


@pytest.mark.parametrize(
    ("language", "body", "quote", "query", "words"),
    [
        ("ar", "وقال الوزير: «سنعيّن سفيرًا في موسكو قريبًا»، بحسب البيان.", "سنعيّن سفيرًا في موسكو قريبًا", "سفير موسكو", ["سفيرًا", "موسكو"]),
        ("ar", "وقالت الحكومة إن «السياسة الجديدة ناجحة» في كل مكان.", "السياسة الجديدة ناجحة", "سياسة جديدة", ["السياسة", "الجديدة"]),
        ("ru", "Он сказал: «Мы назначим послов в Кабуле», сообщает агентство.", "Мы назначим послов в Кабуле", "посла кабул", ["послов", "Кабуле"]),
        ("fa", "او گفت: «ما سفیر جدید را معرفی می\u200cکنیم» و رفت.", "ما سفیر جدید را معرفی می\u200cکنیم", "سفير ميكنيم", ["سفیر", "می\u200cکنیم"]),
        ("zh", "外交部发言人说：“我们将任命大使。”", "我们将任命大使。", "任命大使", ["任命大使"]),
        ("zh", "他说：“在COVID-19疫情期间，GDP增长5%。”", "在COVID-19疫情期间，GDP增长5%。", "covid-19 gdp 疫情", ["COVID", "19疫情", "GDP"]),
        ("zh", "他说：“俄罗斯S-400导弹和歼-20，中国-美国U.S.”", "俄罗斯S-400导弹和歼-20，中国-美国U.S.", "S-400 歼-20 US 中国-美国", ["S", "-400", "歼", "20", "中国", "美国U.S"]),
        ("ja", "報道官は「大使を任命する」と述べた。", "大使を任命する", "任命", ["任命"]),
        ("ko", "대변인은 “대사를 임명할 것”이라고 말했다.", "대사를 임명할 것", "대사", ["대사"]),
        ("fr", "Il a dit : « Nous nommerons des ambassadeurs à Kaboul ».", "Nous nommerons des ambassadeurs à Kaboul", "ambassadeur nommer", ["nommerons", "ambassadeurs"]),
        ("de", "Er sagte: „Wir eröffnen Botschaften in Moskau“.", "Wir eröffnen Botschaften in Moskau", "botschaft eroffnen", ["eröffnen", "Botschaften"]),
        ("en", "He said: “The 𝒻𝓁𝒶𝑔 👩‍🚀 of cafe\u0301s flew”, twice.", "The 𝒻𝓁𝒶𝑔 👩‍🚀 of cafe\u0301s flew", "café", ["cafe\u0301s"]),
    ],
)  # fmt: skip
def test_other_languages(world, language, body, quote, query, words):
    article, made = world.make(language, body, quote)
    (item,) = world.api.read("/quotes", params={"q": query})["items"]
    assert item["id"] == made["id"] and item["text"] == quote, "returned unchanged"
    assert marked(item) == words
    (found,) = world.api.read("/articles", params={"q": query})["items"]
    assert (found["id"], found["body"]) == (article["id"], body)
    assert marked(found, "body") == words
    snippet = found["snippet"]
    assert body[snippet["start"] : snippet["end"]] == snippet["text"]
    wide = world.api.read("/articles", params={"q": query, "offsets": "utf16"})["items"][0]["highlights"][0]["ranges"]
    units = body.encode("utf-16-le")
    assert [units[2 * r["start"] : 2 * r["end"]].decode("utf-16-le") for r in wide] == words


def test_one_letter_and_no_part_of_a_word_in_chinese(world):
    _, made = world.make("zh", "外交部发言人说：“我们将任命大使。”", "我们将任命大使。")
    assert world.api.ids("/quotes?q=使") == [made["id"]]
    assert world.api.ids("/quotes?q=命将") == []
    assert world.api.ids("/articles?q=外交 -大使") == []


def test_each_record_in_its_own_language(api):
    for language, text in (("en", "the die is cast"), ("de", "die Häuser"), ("nl", "die huizen"), ("xx", "die cast")):
        article = api.make("articles", headline="x", language=language)
        api.make("quotes", article_id=article["id"], text=text, kind="indirect")
    assert sorted(texts(api, "q=die")) == ["die cast", "the die is cast"], "a stop word in German and Dutch"
    assert texts(api, "q=haus") == ["die Häuser"]
    assert texts(api, "q=casting") == ["the die is cast"], "nobody stems xx"


LANGUAGES = ("ar ca da de el en es eu fi fr ga hi hu hy id it lt ne nl no pt ro ru sr sv ta tr yi fa zh").split()


def test_every_language_that_is_stemmed_is_found_at_once(api):
    """Also by a server that has never seen it."""
    for language in LANGUAGES:
        made = api.make("articles", headline="Heronxyz", language=language)["id"]
        assert made in api.ids("/articles?q=heronxyz&limit=50"), language
    assert len(api.ids("/articles?q=heronxyz&limit=50")) == len(LANGUAGES)
