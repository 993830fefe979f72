"""The shape of an answer: `fields`, `include`, `offsets`."""

import names as n
import pytest
from problems import expect_problem


def test_fields_that_are_named(shared):
    assert shared.read(f"/speakers/{n.RUSSIA}?fields=id,name") == {"id": n.RUSSIA, "name": "Russia"}
    # In the order of the contract, whatever the order of naming.
    assert list(shared.read(f"/speakers/{n.RUSSIA}?fields=name,kind,id")) == ["id", "name", "kind"]


def test_fields_that_are_left_out(shared):
    whole = shared.read(f"/articles/{n.ARTICLE}")
    less = shared.read(f"/articles/{n.ARTICLE}?fields=-body,-summary")
    assert less == {name: value for name, value in whole.items() if name not in ("body", "summary")}


def test_fields_of_lists(shared):
    assert shared.read("/speakers?fields=name&limit=3")["items"] == [
        {"name": "Taliban-led administration"},
        {"name": "ministry of foreign affairs"},
        {"name": "Interior Ministry"},
    ]


def test_fields_of_related_records(shared):
    assert shared.read(f"/quotes/{n.AT[1786]}?fields=id,text,speaker.name,article.source.name") == {
        "id": n.AT[1786],
        "text": "Accepting an ambassador does not equal formal recognition",
        "article": {"source": {"name": "MNTV"}},
        "speaker": {"name": "Muin Gul Samkani"},
    }


def test_a_relation_named_in_fields_is_whole(shared):
    quote = shared.read(f"/quotes/{n.AT[1786]}?fields=id,speaker")
    assert quote == {"id": n.AT[1786], "speaker": shared.read(f"/speakers/{n.SAMKANI}")}


def test_fields_with_include(shared):
    quote = shared.read(f"/quotes/{n.AT[1786]}?include=speaker&fields=id")
    assert quote == {"id": n.AT[1786], "speaker": shared.read(f"/speakers/{n.SAMKANI}")}
    quote = shared.read(f"/quotes/{n.AT[1786]}?include=article&fields=-article.body")
    assert "text" in quote
    assert set(shared.read(f"/articles/{n.ARTICLE}")) - set(quote["article"]) == {"body"}


@pytest.mark.parametrize(
    "fields", ["nothing", "id,nothing", "id,-text", "-id,text", "", "id,", ",id", "-", "speaker.nothing", "speaker.",
               "-speaker", "via.source_id", "quotes", "about_id", "article.source.articles.id", "*"])  # fmt: skip
def test_fields_that_are_refused(shared, fields):
    expect_problem(shared.get("/quotes", params={"fields": fields}), "bad-request", errors=[("?fields", None)])


def test_include_one_step(shared):
    bare = shared.read(f"/quotes/{n.AT[88]}")
    quote = shared.read(f"/quotes/{n.AT[88]}?include=speaker,article,event,continues,source")
    assert quote == {
        **bare,
        "article": shared.read(f"/articles/{n.ARTICLE}"),
        "speaker": shared.read(f"/speakers/{n.ADMINISTRATION}"),
        "continues": None,
        "event": shared.read(f"/events/{n.APPOINTMENT}"),
        "source": shared.read(f"/sources/{n.MNTV}"),
    }


def test_include_two_steps(shared):
    quote = shared.read(f"/quotes/{n.AT[1933]}?include=article.source,continues.speaker,event.part_of")
    assert quote["article"] == {**shared.read(f"/articles/{n.ARTICLE}"), "source": shared.read(f"/sources/{n.MNTV}")}
    assert quote["continues"]["id"] == n.AT[1786]
    assert quote["continues"]["speaker"] == shared.read(f"/speakers/{n.SAMKANI}")
    assert quote["event"] is None


def test_include_in_lists(shared):
    page = shared.read("/quotes?include=speaker,article.source&fields=-article.body&sort=id&limit=3")
    assert [(q["speaker"]["name"], q["article"]["source"]["name"]) for q in page["items"]] == [
        ("Taliban-led administration", "MNTV"), ("Amir Khan Muttaqi", "MNTV"), ("Amir Khan Muttaqi", "MNTV"),
    ]  # fmt: skip
    assert shared.read(page["next"].join(["/quotes", ""]))["items"][0]["speaker"]["id"] == n.KABULOV


def test_include_of_what_belongs_to_a_record(shared):
    article = shared.read(f"/articles/{n.ARTICLE}?include=quotes,events,source&fields=id")
    quotes = shared.read(f"/articles/{n.ARTICLE}/quotes")
    events = shared.read(f"/articles/{n.ARTICLE}/events")
    source = shared.read(f"/sources/{n.MNTV}")
    assert article == {"id": n.ARTICLE, "source": source, "quotes": quotes, "events": events}


def test_include_of_what_belongs_to_a_record_goes_on_by_next(api):
    for i in range(25):
        api.make("quotes", article_id=n.ARTICLE, text=f"more {i}", kind="indirect")
    quotes = api.read(f"/articles/{n.ARTICLE}?include=quotes&fields=id")["quotes"]
    assert len(quotes["items"]) == 20
    assert quotes["next"].startswith(f"/articles/{n.ARTICLE}/quotes?cursor=")
    rest = api.read(quotes["next"])
    assert (len(rest["items"]), rest["next"]) == (20, None)
    assert not {q["id"] for q in rest["items"]} & {q["id"] for q in quotes["items"]}


def test_include_of_quotes_shows_confirmed_ones(api):
    api.make("quotes", article_id=n.ARTICLE, text="unsure", kind="indirect", status="proposed")
    article = api.read(f"/articles/{n.ARTICLE}?include=quotes")
    assert [quote["status"] for quote in article["quotes"]["items"]] == ["confirmed"] * 15


def test_include_a_step_behind_what_belongs_to_a_record(shared):
    article = shared.read(f"/articles/{n.ARTICLE}?include=quotes.speaker&fields=id")
    first = article["quotes"]["items"][0]
    assert first["speaker"] == shared.read(f"/speakers/{n.ADMINISTRATION}")


def test_a_page_in_one_request(shared):
    """A speaker with the first page of all that is on record, and how much of it there is."""
    speaker = shared.read(f"/speakers/{n.SAMKANI}?include=quotes,articles,events&count=exact")
    assert {name: speaker[name]["total"] for name in ("quotes", "articles", "events")} == {"quotes": 3, "articles": 1, "events": 0}
    assert len(speaker["quotes"]["items"]) == 3 and speaker["quotes"]["next"] is None
    article = shared.read(f"/articles/{n.ARTICLE}?include=source,quotes.speaker,events&count=exact&fields=id")
    assert (article["quotes"]["total"], article["events"]["total"]) == (15, 6)
    assert "total" not in shared.read(f"/speakers/{n.SAMKANI}?include=quotes")["quotes"]
    expect_problem(shared.get(f"/speakers/{n.SAMKANI}?include=part_of&count=exact"), "bad-request", None,
                   [("?count", "counts lists that are included, and none is")])  # fmt: skip
    expect_problem(shared.get(f"/speakers/{n.SAMKANI}?include=quotes&count=all"), "bad-request", None,
                   [("?count", "must be exact, or left out")])  # fmt: skip



@pytest.mark.parametrize(
    "path, include",
    [
        ("/quotes", "nothing"),
        ("/quotes", "speaker_id"),
        ("/quotes", ""),
        ("/quotes", "speaker,"),
        ("/quotes", "article.source.articles"),
        ("/quotes", "continues.continues.continues"),
        ("/quotes", "article.quotes"),
        ("/articles", "quotes"),
        ("/sources", "articles"),
        (f"/articles/{n.ARTICLE}", "quotes.article.source"),
        (f"/articles/{n.ARTICLE}", "source.quotes"),
    ],
)
def test_includes_that_are_refused(shared, path, include):
    answer = shared.get(path, params={"include": include})
    document = expect_problem(answer, "bad-request", errors=[("?include", None)])
    assert "can include" in document["errors"][0]["detail"]


def test_the_etag_of_another_shape_is_another(shared):
    path = f"/sources/{n.MNTV}"
    tags = {shared.get(path + query).headers["ETag"] for query in ("", "?fields=id", "?fields=name", "?include=articles")}
    assert len(tags) == 4 and '"1"' in tags
    assert all(tag.startswith('"1-') and len(tag) == len('"1-0123456789abcdef"') for tag in tags - {'"1"'})


def test_offsets_in_utf16(api):
    body = "He said “yes” 👍 and then “🎉 no 🎉” again."
    article = api.make("articles", headline="h", body=body)
    quote = api.make("quotes", article_id=article["id"], text="🎉 no 🎉")
    assert quote["spans"] == [{"start": 26, "end": 32}]
    assert body[26:32] == "🎉 no 🎉"
    utf16 = api.read(f"/quotes/{quote['id']}?offsets=utf16")
    assert utf16["spans"] == [{"start": 27, "end": 35}]
    assert body.encode("utf-16-le")[27 * 2 : 35 * 2].decode("utf-16-le") == "🎉 no 🎉"
    assert api.read(f"/quotes/{quote['id']}?offsets=codepoints") == quote
    assert api.read(f"/articles/{article['id']}/quotes?offsets=utf16")["items"] == [utf16]
    included = api.read(f"/articles/{article['id']}?include=quotes&offsets=utf16")
    assert included["quotes"]["items"] == [utf16]
    with_article = api.read(f"/quotes/{quote['id']}?offsets=utf16&include=article")
    assert (with_article["spans"], with_article["article"]["body"]) == (utf16["spans"], body)


def test_offsets_of_the_seed_differ_not_at_all(shared):
    # Its text has no character beyond the basic plane.
    plain = shared.read("/quotes?sort=id")["items"]
    assert shared.read("/quotes?sort=id&offsets=utf16")["items"] == plain
