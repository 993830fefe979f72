"""DELETE /{resource}/{id}?cascade=true: what belongs to a record goes with it, what else refers to it lets go of it; and restoring it
brings all of that back."""

import threading

import names as n
import pytest
import requests
from problems import expect_problem

NAMES = ["sources", "articles", "speakers", "quotes", "events"]


@pytest.fixture
def api(module_api):
    """One server for all of this file: no test here minds the records of another."""
    return module_api


def cascade(api, path, **more):
    answer = api.delete(f"{path}?cascade=true", **more)
    assert (answer.status_code, answer.content) == (204, b""), answer.text


def restore(api, path, version=None):
    answer = api.post(f"{path}/restore", json={} if version is None else {"version": version})
    assert answer.status_code == 200, answer.text
    return answer.json()


def others(api, path, version=None):
    """What the answer to a restore says: what came back with it, and what did not."""
    answer = restore(api, path, version)
    return ({f"/{other['resource']}/{other['id']}" for other in answer["returned"]},
            {f"/{other['resource']}/{other['id']}" for other in answer["left"]})  # fmt: skip


def but_version(record):
    return {name: value for name, value in record.items() if name not in ("version", "updated_at")}


def an_article(api, **more):
    """An article that all sorts of things refer to: paths by what they are."""
    article = api.make("articles", headline="h", body="He said: “we came”, and “we saw”.", **more)["id"]
    quote = api.make("quotes", article_id=article, text="we came")["id"]
    second = api.make("quotes", article_id=article, text="we saw", continues_id=quote)["id"]
    elsewhere = api.make("quotes", article_id=n.ARTICLE, text="t", kind="indirect", continues_id=quote)["id"]
    event = api.make("events", name="e", article_ids=[n.ARTICLE, article])["id"]
    speaker = api.make("speakers", name="s", affiliations=[{"role": "r", "article_id": article}, {"role": "q"}])["id"]
    return {"article": f"/articles/{article}", "quote": f"/quotes/{quote}", "second": f"/quotes/{second}",
            "elsewhere": f"/quotes/{elsewhere}", "event": f"/events/{event}", "speaker": f"/speakers/{speaker}"}  # fmt: skip


def read_all(api, paths):
    return {name: but_version(api.read(path)) for name, path in paths.items()}


def test_an_article_goes_with_its_quotes(api):
    paths = an_article(api)
    cascade(api, paths["article"], headers={"Change-Actor": "Ann", "Change-Reason": "a hoax"})
    for name in ("article", "quote", "second"):
        assert api.get(paths[name]).status_code == 410
        (tombstone, _) = api.read(f"{paths[name]}/revisions")["items"]
        assert (tombstone["version"], tombstone["operation"]) == (2, "delete")
        assert (tombstone["change_actor"], tombstone["change_reason"], tombstone["changed_by"]["name"][-5:]) == ("Ann", "a hoax", "write")
    assert api.read(paths["elsewhere"])["continues_id"] is None
    assert api.read(paths["event"])["article_ids"] == [n.ARTICLE]
    assert [entry["article_id"] for entry in api.read(paths["speaker"])["affiliations"]] == [None, None]
    for name in ("elsewhere", "event", "speaker"):
        last = api.read(f"{paths[name]}/revisions")["items"][0]
        assert (last["version"], last["operation"], last["change_actor"], last["change_reason"]) == (2, "update", "Ann", "a hoax")


def test_what_went_with_an_article_comes_back_with_it(api):
    paths = an_article(api)
    before = read_all(api, paths)
    cascade(api, paths["article"])
    assert others(api, paths["article"]) == (set(paths.values()) - {paths["article"]}, set())
    assert read_all(api, paths) == before
    assert {api.read(path)["version"] for path in paths.values()} == {3}


# One row for each reference that there is: who refers, and what it becomes.
SPEAKER = {"name": "Clerk"}
QUOTE = {"article_id": n.ARTICLE, "text": "t", "kind": "indirect"}
REFERENCES = [
    ("sources", {"name": "S"}, "articles", lambda id: {"headline": "h", "source_id": id}, {"source_id": None}),
    ("sources", {"name": "S"}, "articles",
     lambda id: {"headline": "h", "via": [{"source_id": id}, {"source_id": n.MNTV}, {"source_id": id, "as_printed": "p"}]},
     {"via": [{"source_id": n.MNTV, "as_printed": None}]}),
    ("articles", {"headline": "h"}, "events", lambda id: {"name": "e", "article_ids": [id, n.ARTICLE]}, {"article_ids": [n.ARTICLE]}),
    ("articles", {"headline": "h"}, "speakers",
     lambda id: {"name": "s", "affiliations": [{"article_id": id, "organization_id": n.RUSSIA, "role": "r"}]},
     {"affiliations": [{"organization_id": n.RUSSIA, "role": "r", "start_date": None, "end_date": None, "article_id": None}]}),
    ("speakers", SPEAKER, "articles", lambda id: {"headline": "h", "mentions": [{"speaker_id": id}, {"speaker_id": n.RUSSIA, "role": "r"}]},
     {"mentions": [{"speaker_id": n.RUSSIA, "as_printed": None, "role": "r"}]}),
    ("speakers", SPEAKER, "speakers", lambda id: {"name": "part", "part_of_id": id}, {"part_of_id": None}),
    ("speakers", SPEAKER, "speakers",
     lambda id: {"name": "s", "affiliations": [{"role": "alone"}, {"organization_id": id, "role": "r"}]},
     {"affiliations": [{"organization_id": None, "role": "alone", "start_date": None, "end_date": None, "article_id": None}]}),
    ("speakers", SPEAKER, "events", lambda id: {"name": "e", "participants": [{"speaker_id": id, "role": "r"}]}, {"participants": []}),
    ("speakers", SPEAKER, "quotes", lambda id: {**QUOTE, "speaker_id": id, "speaker_as_printed": "p"},
     {"speaker_id": None, "speaker_as_printed": "p"}),
    ("speakers", SPEAKER, "quotes", lambda id: {**QUOTE, "relayed_by": {"speaker_id": id, "role": "r", "cue": "said"}},
     {"relayed_by": {"speaker_id": None, "as_printed": None, "role": "r", "cue": "said"}}),
    ("speakers", SPEAKER, "quotes", lambda id: {**QUOTE, "about_ids": [n.RUSSIA, id, n.CHINA]}, {"about_ids": [n.RUSSIA, n.CHINA]}),
    ("events", {"name": "e"}, "events", lambda id: {"name": "part", "part_of_id": id}, {"part_of_id": None}),
    ("events", {"name": "e"}, "quotes", lambda id: {**QUOTE, "event_id": id}, {"event_id": None}),
    ("quotes", QUOTE, "quotes", lambda id: {**QUOTE, "continues_id": id}, {"continues_id": None}),
]  # fmt: skip


@pytest.mark.parametrize("target, least, referrer, refers, becomes", REFERENCES,
                         ids=[f"{row[2]}.{next(iter(row[4]))} of {row[0]}" for row in REFERENCES])  # fmt: skip
def test_each_reference(api, target, least, referrer, refers, becomes):
    path = f"/{target}/{api.make(target, **least)['id']}"
    made = api.make(referrer, **refers(int(path.rpartition("/")[2])))
    other = f"/{referrer}/{made['id']}"
    assert api.delete(path).status_code == 409
    cascade(api, path)
    after = api.read(other)
    assert after == {**made, **becomes, "version": 2, "updated_at": after["updated_at"]}
    assert others(api, path) == ({other}, set())
    back = api.read(other)
    assert back == {**made, "version": 3, "updated_at": back["updated_at"]}
    assert api.delete(path).status_code == 409
    for one in (other, path):
        assert api.delete(one).status_code == 204


@pytest.mark.own_server
def test_every_reference_has_a_row_here(api):
    """And one in the schema's table of rules, by which the server goes."""
    rules = {(row[0], row[1], row[2]) for row in api.psql("SELECT target, resource, field FROM onrecord.reference_rules()")}
    assert rules == {(row[0], row[2], next(iter(row[4]))) for row in REFERENCES} | {("articles", "quotes", "article_id")}


def test_several_references_of_one_record_are_one_change(api):
    speaker = api.make("speakers", name="Clerk")["id"]
    made = api.make("quotes", **QUOTE, speaker_id=speaker, relayed_by={"speaker_id": speaker, "cue": "said"}, about_ids=[speaker])
    cascade(api, f"/speakers/{speaker}")
    after = api.read(f"/quotes/{made['id']}")
    assert (after["version"], after["speaker_id"], after["relayed_by"]["speaker_id"], after["about_ids"]) == (2, None, None, [])
    restore(api, f"/speakers/{speaker}")
    assert but_version(api.read(f"/quotes/{made['id']}")) == but_version(made)


def test_a_record_that_refers_to_itself(api):
    id = api.make("speakers", name="Office")["id"]
    made = api.patch(f"/speakers/{id}", json={"affiliations": [{"organization_id": id, "role": "r"}]}).json()
    cascade(api, f"/speakers/{id}")
    assert others(api, f"/speakers/{id}") == (set(), set())
    assert but_version(api.read(f"/speakers/{id}")) == but_version(made)


def test_what_nothing_refers_to(api):
    path = f"/speakers/{api.make('speakers', name='Clerk')['id']}"
    cascade(api, path)
    assert others(api, path) == (set(), set())
    assert api.delete(f"{path}?cascade=false").status_code == 204


def test_a_source_lets_go_of_articles_and_so_of_their_quotes(api):
    source = api.make("sources", name="Paper")["id"]
    article = api.make("articles", headline="h", source_id=source)["id"]
    quote = api.make("quotes", article_id=article, text="t", kind="indirect")["id"]
    cascade(api, f"/sources/{source}")
    assert [api.read(path)["source_id"] for path in (f"/articles/{article}", f"/quotes/{quote}")] == [None, None]
    assert others(api, f"/sources/{source}") == ({f"/articles/{article}", f"/quotes/{quote}"}, set())
    assert [api.read(path)["source_id"] for path in (f"/articles/{article}", f"/quotes/{quote}")] == [source, source]


# What has changed meanwhile stays as it is


def test_what_was_changed_since_is_left(api):
    paths = an_article(api)
    cascade(api, paths["article"])
    api.patch(paths["event"], json={"article_ids": []})
    api.patch(paths["speaker"], json={"affiliations": [{"role": "new"}]})
    returned, left = others(api, paths["article"])
    assert returned == {paths["quote"], paths["second"], paths["elsewhere"]}
    assert left == {paths["event"], paths["speaker"]}
    assert api.read(paths["event"])["article_ids"] == []
    assert api.read(paths["speaker"])["affiliations"][0]["role"] == "new"


def test_other_members_may_have_changed(api):
    paths = an_article(api)
    cascade(api, paths["article"])
    api.patch(paths["event"], json={"name": "another"})
    assert others(api, paths["article"])[1] == set()
    event = api.read(paths["event"])
    assert (event["name"], event["article_ids"][0]) == ("another", n.ARTICLE)
    assert len(event["article_ids"]) == 2


def test_what_was_deleted_since_is_left(api):
    paths = an_article(api)
    cascade(api, paths["article"])
    api.delete(paths["event"])
    assert others(api, paths["article"])[1] == {paths["event"]}
    assert api.get(paths["event"]).status_code == 410


def test_what_cannot_come_back_is_left(api):
    """Its external_id is taken, or what it refers to is gone; and what goes on from it cannot either."""
    article = api.make("articles", headline="h")["id"]
    speaker = api.make("speakers", name="Clerk")["id"]
    quote = lambda **more: f"/quotes/{api.make('quotes', article_id=article, text='t', kind='indirect', **more)['id']}"  # noqa: E731
    number = lambda path: int(path.rpartition("/")[2])  # noqa: E731
    taken, gone, fine = quote(external_id="cascade"), quote(speaker_id=speaker), quote()
    after_taken, after_fine = quote(continues_id=number(taken)), quote(continues_id=number(fine))
    api.patch(fine, json={"continues_id": number(quote())})
    early = quote()
    late = quote()
    api.patch(early, json={"continues_id": number(late)})  # comes back behind what has a higher id
    cascade(api, f"/articles/{article}")
    api.make("quotes", **QUOTE, external_id="cascade")
    assert api.delete(f"/speakers/{speaker}").status_code == 204
    returned, left = others(api, f"/articles/{article}")
    assert left == {taken, gone, after_taken}
    assert {fine, after_fine, early, late} < returned
    assert api.read(early)["continues_id"] == number(late)
    restore(api, f"/speakers/{speaker}")
    assert restore(api, gone)["speaker_id"] == speaker


def test_an_older_version_comes_back_alone(api):
    paths = an_article(api)
    api.patch(paths["article"], json={"body": "Yes. He said: “we came”."})
    cascade(api, paths["article"])
    returned, left = others(api, paths["article"], 1)
    assert (returned, left) == (set(), set(paths.values()) - {paths["article"]})
    back = restore(api, paths["quote"])
    assert (back["spans"], back["anchor"]) == ([{"start": 10, "end": 17}], "anchored"), "it finds its place by itself"
    assert (back["returned"], back["left"]) == ([], [])


def test_each_deletion_has_its_own(api):
    """What went with an earlier one, or by itself, is not the last one's to bring back."""
    paths = an_article(api)
    cascade(api, paths["article"])
    restore(api, paths["article"])
    api.delete(paths["second"])
    api.patch(paths["elsewhere"], json={"continues_id": None})
    cascade(api, paths["article"])
    returned, left = others(api, paths["article"])
    assert (returned, left) == ({paths["quote"], paths["event"], paths["speaker"]}, set())
    assert api.get(paths["second"]).status_code == 410
    assert restore(api, paths["second"])["version"] == 5


def test_a_quote_cannot_come_back_without_its_article(api):
    paths = an_article(api)
    cascade(api, paths["article"])
    article = paths["article"].rpartition("/")[2]
    expect_problem(api.post(f"{paths['quote']}/restore"), "conflict",
                   f"Quote {paths['quote'].rpartition('/')[2]} cannot be as it was: what it referred to is gone.",
                   [("/article_id", f"there is no article {article}")])  # fmt: skip


# Refusals


def test_if_match(api):
    paths = an_article(api)
    expect_problem(api.delete(f"{paths['article']}?cascade=true", headers={"If-Match": '"2"'}), "precondition-failed")
    assert {api.read(path)["version"] for path in paths.values()} == {1}
    cascade(api, paths["article"], headers={"If-Match": '"1"'})


@pytest.mark.parametrize("resource", NAMES)
def test_what_never_was_and_what_is_deleted(api, resource):
    expect_problem(api.delete(f"/{resource}/4711?cascade=true"), "not-found", f"There is no {resource[:-1]} 4711.")


def test_faults_of_the_query(shared):
    expect_problem(
        shared.delete("/sources/1?cascade=yes&purge=&x=1&cascade=true"), "bad-request", "The query has faults.",
        [("?cascade", "must be true or false"), ("?cascade", "is given more than once"), ("?purge", "must be true or false"),
         ("?x", "is not a parameter of a deletion; these are: cascade, purge")],
    )  # fmt: skip
    assert shared.get("/sources/1").status_code == 200


# At the same time


def test_nothing_new_lands_on_what_is_being_deleted(api):
    """A quote that comes in meanwhile goes with the article, or is refused; none is left behind."""
    headers = {"Authorization": f"Bearer {api.keys.write}"}
    for _ in range(6):
        paths = an_article(api)
        article = int(paths["article"].rpartition("/")[2])
        first = int(paths["quote"].rpartition("/")[2])
        statuses = []

        def create(kind, body):
            for _ in range(6):
                statuses.append(requests.post(f"{api.base}/{kind}", json=body, headers=headers, timeout=30).status_code)

        bodies = [("quotes", {**QUOTE, "article_id": article}), ("quotes", {**QUOTE, "continues_id": first}),
                  ("events", {"name": "e", "article_ids": [article]})]  # fmt: skip
        threads = [threading.Thread(target=create, args=body) for body in bodies]
        for thread in threads:
            thread.start()
        deleted = requests.delete(f"{api.base}{paths['article']}?cascade=true", headers=headers, timeout=30)
        for thread in threads:
            thread.join()
        assert deleted.status_code == 204, deleted.text
        assert set(statuses) <= {201, 422, 409}, statuses
        assert api.ids(f"/quotes?article_id={article}&status.in=proposed,confirmed") == []
        assert api.ids(f"/quotes?continues_id={first}") == []
        assert api.ids(f"/events?article_id={article}") == []
        returned, left = others(api, paths["article"])
        assert left == set()
        assert len(returned) >= 5


def test_of_many_cascades_one_happens(api):
    paths = an_article(api)
    answers = []
    headers = {"Authorization": f"Bearer {api.keys.write}"}

    def delete():
        answers.append(requests.delete(f"{api.base}{paths['article']}?cascade=true", headers=headers, timeout=30).status_code)

    threads = [threading.Thread(target=delete) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [204] + [410] * 5
    assert others(api, paths["article"])[1] == set()


def test_whom_it_names_may_have_been_merged_since(api):
    """What comes back names whom they have become."""
    a, b = (api.make("speakers", name=name, kind="organization")["id"] for name in ("A", "B"))
    article = api.make("articles", headline="x", mentions=[{"speaker_id": b}])["id"]
    quotes = [api.make("quotes", article_id=article, text="words", kind="indirect", **more)["id"]
              for more in ({"speaker_id": b}, {"about_ids": [b, a]}, {"relayed_by": {"speaker_id": b, "role": "host"}}, {})]  # fmt: skip
    assert api.delete(f"/articles/{article}?cascade=true").status_code == 204
    assert api.post(f"/speakers/{b}/merge", json={"into": a}).status_code == 200
    back = api.post(f"/articles/{article}/restore").json()
    assert ([entry["id"] for entry in back["returned"]], back["left"]) == (quotes, [])
    first, second, third, last = (api.read(f"/quotes/{id}") for id in quotes)
    assert (first["speaker_id"], second["about_ids"], third["relayed_by"]["speaker_id"], third["relayed_by"]["role"]) == (a, [a], a, "host")
    assert (last["speaker_id"], last["about_ids"], last["relayed_by"]) == (None, [], None)
    assert api.read(f"/articles/{article}")["mentions"][0]["speaker_id"] == a
