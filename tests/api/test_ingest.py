"""POST /articles with all that belongs to it: source, quotes, events and whoever is named, in one transaction."""

import concurrent.futures

import names as n
import pytest
from problems import expect_problem

BODY = "“We came to talk,” Kabulov said. The ministry’s spokesman wrote: “It is new.” He added it was late."
EVENT = {"name": "The talks", "kind": "meeting", "status": "occurred"}


def ingest(api, status=201, query="", **members):
    answer = api.post(f"/articles{query}", json={"headline": "Talks", "body": BODY} | members)
    assert answer.status_code == status, answer.text
    return answer.json()


def matched(tree):
    """pointer -> what it was taken for."""
    return {match["pointer"]: (match["id"], match["matched_by"]) for match in tree["matches"]}


def counts(api):
    return {name: api.read(f"/{name}?count=exact&limit=1")["total"] for name in ("sources", "articles", "speakers", "quotes", "events")}


def test_a_whole_article(api):
    answer = api.post("/articles", json={
        "headline": "Talks",
        "body": BODY,
        "source": {"name": "MNTV"},
        "via": [{"source": {"name": "Daily Star", "country": "PK"}, "as_printed": "the Daily Star"}],
        "mentions": [{"speaker": {"name": "zamír KABULOV"}, "role": "envoy"}],
        "events": [EVENT | {"participants": [{"speaker": {"name": "Zamir Kabulov"}, "role": "guest"}]}, {"id": n.SUMMIT}],
        "quotes": [
            {"text": "We came to talk", "speaker": {"name": "Zamir Kabulov"}, "about": [{"name": "Russia"}], "event": {"name": "The talks"}},
            {"text": "It is new.", "speaker": {"name": "Hamid Nazari", "affiliations": [{"organization": {"name": "Ministry of Rivers", "kind": "organization"}, "role": "spokesman"}]},
             "relayed_by": {"speaker": {"name": "Leila Amini"}, "cue": "wrote"}},
            {"text": "He added it was late", "kind": "indirect", "speaker": {"name": "HAMID NAZARI"}, "continues": {"index": 1}},
        ],
    })  # fmt: skip
    assert answer.status_code == 201
    tree = answer.json()
    article = tree["article"]
    assert answer.headers["Location"] == f"/articles/{article['id']}" and answer.headers["ETag"].startswith('"1-')
    assert tree["dry_run"] is False and article == api.read(f"/articles/{article['id']}")
    [star], [talks, summit], [nazari, amini] = tree["sources"], tree["events"], [s for s in tree["speakers"] if s["kind"] == "person"]
    [rivers] = [s for s in tree["speakers"] if s["kind"] == "organization"]
    assert (article["source_id"], article["via"][0]["source_id"]) == (n.MNTV, star["id"])
    assert article["mentions"] == [{"speaker_id": n.KABULOV, "as_printed": None, "role": "envoy"}]
    assert talks["article_ids"] == [article["id"]] and talks["participants"] == [{"speaker_id": n.KABULOV, "role": "guest"}]
    assert summit["id"] == n.SUMMIT and summit["article_ids"] == [n.ARTICLE, article["id"]] and summit["version"] == 2
    assert nazari["name"] == "Hamid Nazari"
    assert nazari["affiliations"] == [{"organization_id": rivers["id"], "role": "spokesman", "start_date": None, "end_date": None, "article_id": None}]
    first, second, third = tree["quotes"]
    assert [q["spans"] for q in tree["quotes"]] == [[{"start": 1, "end": 16}], [{"start": 66, "end": 76}], [{"start": 78, "end": 98}]]
    assert (first["speaker_id"], first["about_ids"], first["event_id"]) == (n.KABULOV, [n.RUSSIA], talks["id"])
    assert (second["speaker_id"], second["relayed_by"]["speaker_id"]) == (nazari["id"], amini["id"])
    assert (third["speaker_id"], third["continues_id"]) == (nazari["id"], second["id"])
    for quote in tree["quotes"]:
        assert quote == api.read(f"/quotes/{quote['id']}") and quote["article_id"] == article["id"]
    assert matched(tree) == {
        "/source": (n.MNTV, "name"),
        "/via/0/source": (star["id"], None),
        "/mentions/0/speaker": (n.KABULOV, "alias"),
        "/events/0": (talks["id"], None),
        "/events/0/participants/0/speaker": (n.KABULOV, "name"),
        "/events/1": (n.SUMMIT, "id"),
        "/quotes/0/speaker": (n.KABULOV, "name"),
        "/quotes/0/about/0": (n.RUSSIA, "name"),
        "/quotes/0/event": (talks["id"], None),
        "/quotes/1/speaker": (nazari["id"], None),
        "/quotes/1/speaker/affiliations/0/organization": (rivers["id"], None),
        "/quotes/1/relayed_by/speaker": (amini["id"], None),
        "/quotes/2/speaker": (nazari["id"], None),
    }


def test_who_made_it_is_in_every_row(api):
    tree = ingest(api, source={"name": "New one"}, events=[EVENT, {"id": n.SUMMIT}], quotes=[{"text": "It is new.", "speaker": {"name": "Hamid Nazari"}}])
    key = api.psql("SELECT id FROM onrecord.api_keys WHERE scope = 'write'")[0][0]
    for resource in ("sources", "speakers", "events", "quotes"):
        for record in tree[resource]:
            assert api.psql(f"SELECT changed_by FROM onrecord.{resource} WHERE id = {record['id']}") == [[key]]


def test_a_name_that_is_an_alias(api):
    tree = ingest(api, quotes=[{"text": "It is new.", "speaker": {"name": "afghanistan's INTERIM government"}}])
    assert matched(tree) == {"/quotes/0/speaker": (n.ADMINISTRATION, "alias")}
    assert tree["quotes"][0]["speaker_id"] == n.ADMINISTRATION and tree["speakers"] == []


def test_what_is_matched_is_left_as_it_is(api):
    before = api.read(f"/speakers/{n.KABULOV}")
    ingest(api, mentions=[{"speaker": {"name": "Zamir Kabulov", "description": "something else", "aliases": ["Z. K."]}}])
    assert api.read(f"/speakers/{n.KABULOV}") == before


def test_by_external_id(api):
    id = api.make("speakers", name="Leila Amini", external_id="la-1")["id"]
    tree = ingest(api, mentions=[{"speaker": {"external_id": "la-1"}}, {"speaker": {"external_id": "la-1", "name": "Another name"}},
                                 {"speaker": {"external_id": "la-2", "name": "Leila Amini"}}])  # fmt: skip
    [made] = tree["speakers"]
    assert [m["speaker_id"] for m in tree["article"]["mentions"]] == [id, id, made["id"]]
    assert made["external_id"] == "la-2" and made["name"] == "Leila Amini"
    [similar] = [m["similar"] for m in tree["matches"] if m["matched_by"] is None]
    assert similar == [{"id": id, "name": "Leila Amini"}]


def test_kind_tells_namesakes_apart(api):
    tree = ingest(api, mentions=[{"speaker": {"name": "Russia", "kind": "person"}}, {"speaker": {"name": "Russia", "kind": "organization"}}])
    assert [m["speaker_id"] for m in tree["article"]["mentions"]] == [tree["speakers"][0]["id"], n.RUSSIA]


def test_ambiguous_names(api):
    first, second = (api.make("speakers", name="John Smith")["id"] for _ in range(2))
    before = counts(api)
    answer = api.post("/articles", json={"headline": "h", "mentions": [{"speaker": {"name": "john smith"}}]})
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["detail"] == "It is not clear who or what is meant."
    assert problem["errors"] == [{"pointer": "/mentions/0/speaker", "detail": "is ambiguous: name the one that is meant by its id",
                                  "candidates": [{"id": first, "name": "John Smith"}, {"id": second, "name": "John Smith"}]}]  # fmt: skip
    assert counts(api) == before
    assert matched(ingest(api, mentions=[{"speaker": {"id": second}}])) == {"/mentions/0/speaker": (second, "id")}


def test_an_exact_name_comes_before_an_alias(api):
    exact = api.make("speakers", name="The Envoy")["id"]
    api.make("speakers", name="Somebody", aliases=["The Envoy"])
    assert matched(ingest(api, mentions=[{"speaker": {"name": "The Envoy"}}])) == {"/mentions/0/speaker": (exact, "name")}


def test_new_speakers_and_who_is_alike(api):
    tree = ingest(api, mentions=[{"speaker": {"name": "Zamir Kabulof"}}])
    [match] = tree["matches"]
    assert match["matched_by"] is None and match["similar"][0] == {"id": n.KABULOV, "name": "Zamir Kabulov"}


def test_refusing_new_speakers(api):
    before = counts(api)
    answer = api.post("/articles?new_speakers=refuse", json={"headline": "h", "mentions": [{"speaker": {"name": "Zamir Kabulof"}}, {"speaker": {"name": "China"}}]})
    assert answer.status_code == 409
    problem = answer.json()
    assert problem["detail"] == "The request makes 1 new speaker, which new_speakers=refuse forbids."
    [fault] = problem["errors"]
    assert (fault["pointer"], fault["detail"]) == ("/mentions/0/speaker", "would be a new speaker")
    assert fault["candidates"][0] == {"id": n.KABULOV, "name": "Zamir Kabulov"}
    assert counts(api) == before
    assert ingest(api, query="?new_speakers=refuse", mentions=[{"speaker": {"name": "China"}}])["speakers"] == []
    assert ingest(api, query="?new_speakers=make", mentions=[{"speaker": {"name": "Zamir Kabulof"}}])["speakers"] != []


def test_a_dry_run_leaves_nothing(api):
    before, log = counts(api), api.psql("SELECT count(*) FROM onrecord.changes")
    members = {"url": "https://news.example/1", "source": {"name": "New one"}, "events": [EVENT, {"id": n.SUMMIT}],
               "quotes": [{"text": "It is new.", "speaker": {"name": "Hamid Nazari"}}]}  # fmt: skip
    answer = api.post("/articles?dry_run=true", json={"headline": "h", "body": BODY} | members)
    assert answer.status_code == 200 and "Location" not in answer.headers
    dry = answer.json()
    assert dry["dry_run"] is True and dry["quotes"][0]["spans"] == [{"start": 66, "end": 76}]
    assert counts(api) == before and api.psql("SELECT count(*) FROM onrecord.changes") == log
    assert api.read(f"/events/{n.SUMMIT}")["version"] == 1
    wet = ingest(api, query="?dry_run=false", **members)
    assert set(matched(wet)) == set(matched(dry))
    # The connections serve on, and a dry run sees what is in the way.
    expect_problem(api.post("/articles?dry_run=true", json={"headline": "h", "url": "https://news.example/1"}), "conflict",
                   f"Article {wet['article']['id']} has this url already.", [("/url", "is taken")], {"resource": "articles", "id": wet["article"]["id"], "href": f"/articles/{wet['article']['id']}"})  # fmt: skip
    assert ingest(api, status=200, query="?dry_run=true")["article"]["headline"] == "Talks"
    assert counts(api)["articles"] == before["articles"] + 1


def test_an_ordinary_article_is_one_still(api):
    answer = api.post("/articles", json={"headline": "h", "source_id": {"name": "MNTV"}})
    assert answer.status_code == 201 and answer.json()["source_id"] == n.MNTV and answer.headers["ETag"] == '"1"'


def test_offsets_in_utf16(api):
    body = "\U0001f389 “Yes,” she said."
    tree = ingest(api, query="?offsets=utf16", body=body, quotes=[{"text": "Yes", "spans": [{"start": 4, "end": 7}]}, {"text": "Yes"}])
    assert [q["spans"] for q in tree["quotes"]] == [[{"start": 4, "end": 7}]] * 2
    assert api.read(f"/quotes/{tree['quotes'][0]['id']}")["spans"] == [{"start": 3, "end": 6}]


def test_descriptions_of_one_come_together(api):
    tree = ingest(api, mentions=[{"speaker": {"name": "Leila Amini"}}, {"speaker": {"name": "leila amini", "kind": "person", "aliases": ["L. A."]}}])
    [made] = tree["speakers"]
    assert (made["name"], made["aliases"]) == ("Leila Amini", ["L. A."])
    expect_problem(
        api.post("/articles", json={"headline": "h", "mentions": [{"speaker": {"name": "Omar Zia", "description": "a"}}, {"speaker": {"name": "Omar Zia", "description": "b"}}]}),
        "invalid", "The body has 1 fault.", [("/mentions/1/speaker/description", "differs from /mentions/0/speaker/description")])  # fmt: skip


def test_whole_trees_of_organizations(api):
    tree = ingest(api, mentions=[{"speaker": {"name": "Desk", "kind": "organization", "part_of": {"name": "Ministry", "kind": "organization", "part_of": {"name": "State", "kind": "organization"}}}},
                                 {"speaker": {"name": "Ministry", "kind": "organization"}}])  # fmt: skip
    by_name = {s["name"]: s for s in tree["speakers"]}
    assert by_name["Desk"]["part_of_id"] == by_name["Ministry"]["id"] and by_name["Ministry"]["part_of_id"] == by_name["State"]["id"]
    assert len(tree["speakers"]) == 3


def test_nothing_is_part_of_itself(api):
    before = counts(api)
    answer = api.post("/articles", json={"headline": "h", "mentions": [{"speaker": {"name": "Ring", "kind": "organization", "part_of": {"name": "Ring", "kind": "organization"}}}]})
    assert answer.status_code == 422, answer.text
    assert counts(api) == before


FAULTS = [
    ({"quotes": {}}, [("/quotes", "must be an array")]),
    ({"quotes": [1], "events": ["x"]}, [("/quotes/0", "must be an object"), ("/events/0", "must be an object")]),
    ({"quotes": [{"text": "It is new.", "article_id": 1}]}, [("/quotes/0/article_id", "is the article that it stands in; leave it out")]),
    ({"source": "MNTV"}, [("/source", "must be an object that describes a source")]),
    ({"source": {"name": "MNTV"}, "source_id": 1}, [("/source", "is given beside source_id")]),
    ({"quotes": [{"text": "It is new.", "about": {}}]}, [("/quotes/0/about", "must be an array")]),
    ({"quotes": [{"text": "It is new.", "nothing": 1}]}, [("/quotes/0/nothing", "is not a field of quotes")]),
    ({"quotes": [{"text": "Not in it", "cue": 5}]}, [("/quotes/0/cue", "must be a string"), ("/quotes/0/text", None)]),
    ({"quotes": [{"text": "It is new.", "spans": [{"start": 0, "end": 3}]}]}, [("/quotes/0/spans/0", None)]),
    ({"quotes": [{"kind": "direct"}]}, [("/quotes/0/text", "is required")]),
    ({"quotes": [{"text": "It is new.", "continues": {"index": 0}}]}, [("/quotes/0/continues", "is no earlier quote in /quotes")]),
    ({"quotes": [{"text": "It is new.", "continues": 0}]}, [("/quotes/0/continues", 'must be {"index": n}, the place of an earlier quote in /quotes')]),
    ({"mentions": [{"speaker": {"id": 99999}}]}, [("/mentions/0/speaker", "there is no speaker with this id")]),
    ({"mentions": [{"speaker": {"external_id": "none"}}]}, [("/mentions/0/speaker", "there is no such speaker, and none can be made without a name")]),
    ({"mentions": [{"speaker": {}}]}, [("/mentions/0/speaker", "there is no such speaker, and none can be made without a name")]),
    ({"mentions": [{"speaker": {"name": "New", "nothing": 1, "kind": "god"}}]},
     [("/mentions/0/speaker/nothing", "is not a field of speakers"), ("/mentions/0/speaker/kind", None)]),
    ({"quotes": [{"text": "It is new.", "event": {"name": "No such"}}]}, [("/quotes/0/event", "there is no such event, neither on record nor in /events")]),
    ({"quotes": [{"text": "It is new.", "speaker_id": {"name": "Nobody"}}]}, [("/quotes/0/speaker_id", "no speaker has this name")]),
    ({"quotes": [{"text": "It is new.", "speaker_id": 99999}]}, [("/quotes/0/speaker_id", "there is no speaker 99999")]),
    ({"headline": None, "quotes": []}, [("/headline", "is required where there is no url")]),
    ({"events": [{"kind": "visit"}]}, [("/events/0", "there is no such event, and none can be made without a name")]),
]  # fmt: skip


@pytest.mark.parametrize(("members", "errors"), FAULTS)
def test_faults(shared, members, errors):
    answer = shared.post("/articles", json={"headline": "h", "body": BODY} | members)
    expect_problem(answer, "invalid", None, errors)


def test_parameters(shared):
    for query, parameter, detail in (("dry_run=maybe", "dry_run", "must be true or false"), ("new_speakers=no", "new_speakers", "must be make or refuse"),
                                     ("dry_run=true&dry_run=true", "dry_run", "is given more than once"),
                                     ("dry_run=true&cascade=true", "cascade", "is not a parameter of this write")):  # fmt: skip
        expect_problem(shared.post(f"/articles?{query}", json={"headline": "h"}), "bad-request", "The query has faults.", [(f"?{parameter}", detail)])
    expect_problem(shared.post("/articles?dry_run=true", json=[]), "invalid", "The body must be a JSON object.")


def test_too_many_records(shared):
    quotes = [{"text": "It is new."} for _ in range(2001)]
    answer = shared.post("/articles", json={"headline": "h", "body": BODY, "quotes": quotes})
    assert answer.status_code == 422
    assert answer.json()["errors"][0] == {"pointer": "/quotes/1999", "detail": "is one record too many: at most 2000 in one request"}


def test_sent_again_it_is_done_once(api):
    before = counts(api)
    body = {"headline": "Talks", "body": BODY, "quotes": [{"text": "It is new.", "speaker": {"name": "Leila Amini"}}]}
    first, second = (api.post("/articles", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201) and second.headers["Idempotency-Replayed"] == "true"
    assert (second.text, second.headers["Location"]) == (first.text, first.headers["Location"])
    assert second.headers["ETag"] == first.headers["ETag"]
    assert counts(api) == before | {name: before[name] + 1 for name in ("articles", "quotes", "speakers")}
    for _ in range(2):  # a dry run does nothing, and can be sent as often as one likes
        assert api.post("/articles?dry_run=true", json=body, headers={"Idempotency-Key": "d"}).status_code == 200


def test_sent_again_it_answers_all_that_was_made_then(api):
    """Whatever became of it since."""
    event = api.make("events", name="Linked")["id"]
    body = {"headline": "Talks", "body": BODY + " 😀 It is new.", "source": {"name": "MNTV"},
            "quotes": [{"text": "It is new.", "speaker": {"name": "Zamir Kabulow", "affiliations": [{"organization": {"name": "New org", "kind": "organization"}}]}},
                       {"text": "It is new.", "continues": {"index": 0}, "speaker": {"name": "zamir kabulov"}, "about": [{"name": "New org", "kind": "organization"}]}],
            "events": [{"id": event}, {"name": "New event", "participants": [{"speaker": {"name": "Zamir Kabulow"}}]}]}  # fmt: skip

    def send():
        return api.post("/articles?offsets=utf16", json=body, headers={"Idempotency-Key": "tree"})

    first = send()
    assert first.status_code == 201, first.text
    tree = first.json()
    assert [len(tree[name]) for name in ("quotes", "events", "speakers", "sources", "matches")] == [2, 2, 2, 0, 8]
    assert any(match["similar"] for match in tree["matches"])
    assert send().text == first.text
    for resource in ("quotes", "speakers", "events"):
        for record in tree[resource]:
            assert api.patch(f"/{resource}/{record['id']}", json={"extra": {"since": True}}).status_code == 200
    assert api.patch(f"/articles/{tree['article']['id']}", json={"headline": "Talks go on"}).status_code == 200
    assert send().text == first.text
    assert api.delete(f"/articles/{tree['article']['id']}?cascade=true").status_code == 204
    assert (send().text, send().headers["Idempotency-Replayed"]) == (first.text, "true")


def test_sent_again_what_was_erased_is_left_out(api):
    body = {"headline": "h", "body": BODY, "quotes": [{"text": "It is new.", "speaker": {"name": "Erased since"}}]}
    tree = api.post("/articles", json=body, headers={"Idempotency-Key": "erased"}).json()
    (speaker,) = tree["speakers"]
    assert api.delete(f"/speakers/{speaker['id']}?purge=true&cascade=true", key=api.keys.admin).status_code == 204
    again = api.post("/articles", json=body, headers={"Idempotency-Key": "erased"})
    assert (again.status_code, again.json()["speakers"], again.json()["matches"]) == (201, [], [])
    assert again.json()["article"] == tree["article"]
    assert "Erased since" not in again.text
    assert api.delete(f"/articles/{tree['article']['id']}?purge=true&cascade=true", key=api.keys.admin).status_code == 204
    expect_problem(api.post("/articles", json=body, headers={"Idempotency-Key": "erased"}), "key-used",
                   "What was written with this Idempotency-Key was erased since.",
                   [("Idempotency-Key:", "was used for a record that was erased since")])  # fmt: skip


@pytest.mark.parametrize("dry_run", ["", "?dry_run=true"])
def test_an_id_of_one_who_was_merged_goes_on_working(api, dry_run):
    """Wherever it stands, also through two merges."""
    old, new, last = (api.make("speakers", name=name, kind="organization")["id"] for name in ("Old", "New", "Last"))
    for id, into in ((old, new), (new, last)):
        assert api.post(f"/speakers/{id}/merge", json={"into": into}).status_code == 200
    body = {
        "headline": "x",
        "body": "it was done and more",
        "mentions": [{"speaker_id": old}],
        "quotes": [{"text": "it was done", "about_ids": [old, last], "relayed_by": {"speaker_id": new}},
                   {"text": "and more", "speaker_id": old}],
        "events": [{"name": "Doing", "participants": [{"speaker_id": new, "role": "host"}]}],
    }  # fmt: skip
    answer = api.post(f"/articles{dry_run}", json=body)
    assert answer.status_code == (200 if dry_run else 201), answer.text
    text = answer.text
    made = answer.json()
    assert [quote["about_ids"] for quote in made["quotes"]] == [[last], []], text
    assert (made["quotes"][0]["relayed_by"]["speaker_id"], made["quotes"][1]["speaker_id"]) == (last, last)
    missing = api.post("/articles", json={**body, "quotes": [{"text": "it was done", "speaker_id": 10**9}]})
    expect_problem(missing, "invalid", errors=[("/quotes/0/speaker_id", f"there is no speaker {10**9}")])


def test_one_bad_record_leaves_nothing(api):
    before = counts(api)
    api.make("quotes", article_id=n.ARTICLE, text="t", kind="indirect", external_id="taken")
    answer = api.post("/articles", json={"headline": "h", "body": BODY, "source": {"name": "New one"}, "quotes": [
        {"text": "It is new.", "speaker": {"name": "Leila Amini"}}, {"text": "It is new.", "external_id": "taken"}]})  # fmt: skip
    id = api.ids("/quotes?external_id=taken")[0]
    expect_problem(answer, "conflict", f"Quote {id} has this external_id already.", [("/quotes/1/external_id", "is taken")],
                   {"resource": "quotes", "id": id, "href": f"/quotes/{id}"})
    assert counts(api) == before | {"quotes": before["quotes"] + 1}


def at_once(api, count, **members):
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        return list(pool.map(lambda number: ingest(api, headline=f"h{number}", **{name: make(number) for name, make in members.items()}), range(count)))


def test_many_at_once_make_each_speaker_once(api):
    """Articles that come at the same time and name the same new people, each in another order."""
    people = [f"Person {letter}" for letter in "abcdef"]
    trees = at_once(api, 36, quotes=lambda number: [{"text": "It is new.", "speaker": {"name": name}} for name in people[number % 6:] + people[:number % 6]])
    assert api.psql("SELECT count(*), count(DISTINCT name) FROM onrecord.speakers WHERE name LIKE 'Person %'") == [["6", "6"]]
    assert sum(len(tree["speakers"]) for tree in trees) == 6
    assert api.read("/quotes?speaker.name=Person%20a&count=exact")["total"] == 36


def test_many_at_once_make_each_source_once(api):
    trees = at_once(api, 24, source=lambda number: {"name": "New outlet"})
    assert api.psql("SELECT count(*) FROM onrecord.sources WHERE name = 'New outlet'") == [["1"]]
    assert sum(len(tree["sources"]) for tree in trees) == 1 and len({tree["article"]["source_id"] for tree in trees}) == 1
