"""Where quotes stand in an article's body: checked, found, kept when the body changes."""

import itertools

import names as n
import pytest
from problems import expect_problem


@pytest.fixture
def api(module_api):
    """One server for all of this file: no test here minds the records of another."""
    return module_api


@pytest.fixture
def article(api):
    """A maker of articles with a body."""
    return lambda body: api.make("articles", headline="h", body=body)["id"]


def units(text):
    """Length in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def test_spans_that_fit(api, article):
    body = "“We came,” he said, “and saw.” Nobody else did."
    quote = api.make(
        "quotes", article_id=article(body), text="We came, and saw.", spans=[{"start": 1, "end": 9}, {"start": 21, "end": 29}]
    )
    assert quote["spans"] == [{"start": 1, "end": 9}, {"start": 21, "end": 29}]
    assert (quote["prefix"], quote["suffix"], quote["anchor"]) == ("“", "” Nobody else did.", "anchored")


def test_spans_that_do_not_fit_name_the_segment(api, article):
    id = article("“We came,” he said, “and saw.” Nobody else did.")
    expect_problem(
        api.post("/quotes", json={"article_id": id, "text": "We came, and won.",
                                  "spans": [{"start": 1, "end": 9}, {"start": 21, "end": 29}]}),
        "invalid",
        "The body has 1 fault.",
        [("/spans/1", None)],
    )  # fmt: skip
    for spans, pointer in (
        ([{"start": 0, "end": 7}], "/spans/0"),
        ([{"start": 40, "end": 400}], "/spans/0"),
        ([{"start": 21, "end": 29}, {"start": 1, "end": 9}], "/spans/1"),
        ([{"start": 1, "end": 9}, {"start": 8, "end": 12}], "/spans/1"),
    ):
        answer = api.post("/quotes", json={"article_id": id, "text": "We came,", "spans": spans})
        expect_problem(answer, "invalid", errors=[(pointer, None)])


def test_spans_of_an_article_without_a_body(api):
    id = api.make("articles", headline="h")["id"]
    answer = api.post("/quotes", json={"article_id": id, "text": "We", "spans": [{"start": 0, "end": 2}]})
    expect_problem(answer, "invalid", errors=[("/spans", None)])


def test_without_a_body_context_is_kept_as_given(api):
    id = api.make("articles", headline="h")["id"]
    quote = api.make("quotes", article_id=id, text="We came", prefix="before ", suffix=" after")
    assert (quote["spans"], quote["anchor"], quote["prefix"], quote["suffix"]) == ([], None, "before ", " after")


def test_a_quote_is_looked_for(api, article):
    quote = api.make("quotes", article_id=article("He said: we came. She said: we saw."), text="we saw")
    assert quote["spans"] == [{"start": 28, "end": 34}]
    assert (quote["prefix"], quote["suffix"]) == ("He said: we came. She said: ", ".")


def test_a_quote_is_found_folded_and_stored_in_the_bodys_own_words(api, article):
    body = "She wrote: it’s a “big  – huge”\nstep."
    quote = api.make("quotes", article_id=article(body), text="it's a \"big - huge\" step")
    assert quote["text"] == "it’s a “big  – huge”\nstep"
    assert quote["spans"] == [{"start": 11, "end": 36}]


def test_of_several_places_the_context_decides(api, article):
    id = article("One yes one. Two yes two. Three yes three.")
    assert api.make("quotes", article_id=id, text="yes")["spans"] == [{"start": 4, "end": 7}]
    assert api.make("quotes", article_id=id, text="yes", prefix="Three ")["spans"] == [{"start": 32, "end": 35}]
    assert api.make("quotes", article_id=id, text="yes", suffix=" two.")["spans"] == [{"start": 17, "end": 20}]


@pytest.mark.parametrize("kind", ["direct", "partial"])
def test_words_that_are_not_there(api, article, kind):
    id = article("He said: we came.")
    answer = api.post("/quotes", json={"article_id": id, "text": "we went", "kind": kind})
    expect_problem(answer, "invalid", "The body has 1 fault.", [("/text", None)])


def test_a_paraphrase_need_not_be_there(api, article):
    id = article("He said: we came.")
    quote = api.make("quotes", article_id=id, text="that they had come", kind="indirect")
    assert (quote["spans"], quote["anchor"]) == ([], None)


def test_no_spans_given_outright_are_not_looked_for(api, article):
    quote = api.make("quotes", article_id=article("He said: we came."), text="we came", spans=[])
    assert (quote["spans"], quote["anchor"]) == ([], None)


def test_astral_characters_are_one_code_point(api, article):
    body = "👍👍 “👩‍👩‍👧 says: 🎉 yes” 👍"
    start = body.index("🎉")
    quote = api.make("quotes", article_id=article(body), text="🎉 yes")
    assert quote["spans"] == [{"start": start, "end": start + 5}]
    assert body[start : start + 5] == "🎉 yes"


def test_utf16_in_a_body_that_is_sent(api, article):
    body = "👍 he said “🎉 yes 🎉” and left"
    id = article(body)
    text = "🎉 yes 🎉"
    start = units(body[: body.index(text)])
    answer = api.post(
        "/quotes?offsets=utf16",
        json={"article_id": id, "text": text, "spans": [{"start": start, "end": start + units(text)}]},
    )
    assert answer.status_code == 201
    assert answer.json()["spans"] == [{"start": start, "end": start + units(text)}]
    assert answer.headers["ETag"].startswith('"1-')
    stored = api.read(f"/quotes/{answer.json()['id']}")
    assert stored["spans"] == [{"start": body.index(text), "end": body.index(text) + len(text)}]
    inside = {"article_id": id, "text": text, "spans": [{"start": start + 1, "end": start + units(text)}]}
    expect_problem(api.post("/quotes?offsets=utf16", json=inside), "invalid", errors=[("/spans/0", None)])


def test_utf16_read_and_put_back_changes_nothing(api, article):
    body = "👍 he said “🎉 yes 🎉” and left"
    id = api.make("quotes", article_id=article(body), text="🎉 yes 🎉")["id"]
    seen = api.read(f"/quotes/{id}?offsets=utf16")
    answer = api.put(f"/quotes/{id}?offsets=utf16", json=seen)
    assert (answer.status_code, answer.json()) == (200, seen)


def test_arabic_and_combining_marks(api, article):
    body = "قال الوزير: «نحن نرحّب بالسفير الجديد» في كابل."
    text = "نحن نرحّب بالسفير الجديد"
    quote = api.make("quotes", article_id=article(body), text=text)
    start = body.index(text)
    assert quote["spans"] == [{"start": start, "end": start + len(text)}]
    assert (quote["text"], quote["suffix"]) == (text, "» في كابل.")
    # Composed or not is told apart in text: it is kept as it came.
    decomposed = "Cafe\u0301 et thé"
    quote = api.make("quotes", article_id=article(decomposed), text="Cafe\u0301", spans=[{"start": 0, "end": 5}])
    assert quote["text"] == "Cafe\u0301"


def test_spans_of_different_quotes_may_overlap(api, article):
    id = article("we came and saw")
    first = api.make("quotes", article_id=id, text="we came and saw")
    second = api.make("quotes", article_id=id, text="came and")
    assert first["spans"][0]["start"] < second["spans"][0]["start"] < first["spans"][0]["end"]


# --- the body changes -------------------------------------------------------------------------------------------------


def change(api, id, body):
    answer = api.patch(f"/articles/{id}", json={"body": body})
    assert answer.status_code == 200, answer.text


def test_quotes_move_with_the_body(api, article):
    id = article("He said: “we came”. She said: “we saw”.")
    came = api.make("quotes", article_id=id, text="we came")
    saw = api.make("quotes", article_id=id, text="we saw")
    change(api, id, "Today he said: “we came”. And she said: “we saw”. That was all.")
    after = api.read(f"/quotes/{came['id']}")
    assert after == {
        **came,
        "spans": [{"start": 16, "end": 23}],
        "prefix": "Today he said: “",
        "suffix": "”. And she said: “we saw”. That ",
        "version": 2,
        "updated_at": after["updated_at"],
    }
    assert api.read(f"/quotes/{saw['id']}")["spans"] == [{"start": 41, "end": 47}]


def test_a_quote_that_is_gone_is_lost_and_comes_back(api, article):
    id = article("He said: “we came”.")
    quote = api.make("quotes", article_id=id, text="we came")
    change(api, id, "He said nothing.")
    lost = api.read(f"/quotes/{quote['id']}")
    assert (lost["text"], lost["anchor"], lost["spans"], lost["version"]) == ("we came", "lost", [], 2)
    assert api.ids(f"/articles/{id}/quotes?anchor=lost") == [quote["id"]]
    change(api, id, "He did say: “we came”.")
    found = api.read(f"/quotes/{quote['id']}")
    assert (found["anchor"], found["spans"]) == ("anchored", [{"start": 13, "end": 20}])


def test_of_two_alike_each_stays_with_its_context(api, article):
    id = article("Ali said yes to the first plan. Later Omar said yes to the second plan.")
    first = api.make("quotes", article_id=id, text="yes", spans=[{"start": 9, "end": 12}])
    second = api.make("quotes", article_id=id, text="yes", spans=[{"start": 48, "end": 51}])
    body = "Nobody said yes at once. Later Omar said yes to the second plan. Ali said yes to the first plan."
    change(api, id, body)
    assert api.read(f"/quotes/{first['id']}")["spans"] == [{"start": body.rindex("yes"), "end": body.rindex("yes") + 3}]
    middle = body.index("yes to the second")
    assert api.read(f"/quotes/{second['id']}")["spans"] == [{"start": middle, "end": middle + 3}]


def test_quotes_that_do_not_move_keep_their_version(api, article):
    id = article("He said: “we came, and we stayed for many days in that town by the river”. The end.")
    quote = api.make("quotes", article_id=id, text="we came")
    change(api, id, "He said: “we came, and we stayed for many days in that town by the river”. No end.")
    assert api.read(f"/quotes/{quote['id']}") == quote


def test_a_body_that_goes_loses_its_quotes(api, article):
    id = article("He said: “we came”.")
    quote = api.make("quotes", article_id=id, text="we came")
    change(api, id, None)
    after = api.read(f"/quotes/{quote['id']}")
    assert (after["text"], after["anchor"], after["spans"]) == ("we came", "lost", [])
    assert api.read(f"/articles/{id}")["body_sha256"] is None


@pytest.mark.own_server
def test_the_seed_moves_too(api_with):
    api = api_with()
    body = api.read(f"/articles/{n.ARTICLE}")["body"]
    before = api.read("/quotes?sort=id")["items"]
    change(api, n.ARTICLE, "Correction. " + body)
    after = api.read("/quotes?sort=id")["items"]
    assert [q["text"] for q in after] == [q["text"] for q in before]
    assert [q["spans"][0]["start"] for q in after] == [q["spans"][0]["start"] + 12 for q in before]
    assert {q["version"] for q in after} == {2}


def test_a_place_that_was_lost_may_be_given_up(api):
    """And then no later body is looked at for it; who sends back what was read gives up nothing."""
    article = api.make("articles", headline="x", body="first we came, then we left")["id"]
    path = f"/quotes/{api.make('quotes', article_id=article, text='we came', kind='direct')['id']}"
    bodies = itertools.cycle(("nothing of it", "again we came"))
    api.patch(f"/articles/{article}", json={"body": next(bodies)})
    lost = api.read(path)
    assert lost["anchor"] == "lost"
    assert api.put(path, json=lost).json() == lost
    given_up = api.patch(path, json={"spans": []}).json()
    assert (given_up["anchor"], given_up["version"]) == (None, lost["version"] + 1)
    assert api.patch(path, json={"spans": []}).json() == given_up
    api.patch(f"/articles/{article}", json={"body": next(bodies)})
    assert api.read(path) == given_up


def test_a_version_without_a_place_comes_back_without_one(api):
    article = api.make("articles", headline="x", body="first we came, then we left")["id"]
    path = f"/quotes/{api.make('quotes', article_id=article, text='we came', kind='direct', spans=[])['id']}"
    api.patch(path, json={"spans": [{"start": 6, "end": 13}]})
    api.patch(f"/articles/{article}", json={"body": "nothing of it"})
    assert api.read(path)["anchor"] == "lost"
    assert api.post(f"{path}/restore", json={"version": 1}).json()["anchor"] is None
