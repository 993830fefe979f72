"""POST /speakers/{id}/merge and /unmerge: two speakers that turn out to be one, and taking that back.

A is who stays, B who goes."""

import names as n
import pytest
from problems import expect_problem


@pytest.fixture
def api(module_api):
    """One server for all of this file: each test merges speakers of its own."""
    return module_api


def merge(api, id, into, **more):
    answer = api.post(f"/speakers/{id}/merge", json={"into": into}, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def unmerge(api, id, **more):
    answer = api.post(f"/speakers/{id}/unmerge", **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def speaker(api, name, **more):
    return api.make("speakers", name=name, **more)["id"]


def quote(api, **more):
    return api.make("quotes", **{"article_id": n.ARTICLE, "text": "t", "kind": "indirect", **more})["id"]


def bare(record):
    """Without what each change changes."""
    return {key: value for key, value in record.items() if key not in ("version", "updated_at")}


def revisions(api, resource, id):
    """Who made the present version of a record, and those before: version, key, actor, reason."""
    return api.psql(
        f"SELECT version, changed_by, change_actor, change_reason FROM onrecord.{resource} WHERE id = {id} UNION ALL "
        "SELECT version, changed_by, change_actor, change_reason FROM onrecord.revisions "
        f"WHERE resource = '{resource}' AND record_id = {id} ORDER BY version"
    )


# What moves, and what is kept


def test_merge(api):
    a = speaker(api, "Zamir Kabulov the Envoy", aliases=["Kabulov Z."], same_as=["https://a.example/"])
    b = speaker(api, "Zamir Kabulof", aliases=["Kabulov Z.", "Kabuloff"], external_id="kabulof",
                same_as=["https://a.example/", "https://b.example/"], description="of B")  # fmt: skip
    said = quote(api, speaker_id=b, role="envoy")
    answer = api.post(f"/speakers/{b}/merge", json={"into": a}, headers={"If-Match": '"1"'})
    assert answer.status_code == 200
    record = answer.json()
    assert record == api.read(f"/speakers/{a}")
    assert answer.headers["ETag"] == '"2"'
    assert answer.headers["Content-Location"] == f"/speakers/{a}"
    assert record["aliases"] == ["Kabulov Z.", "Zamir Kabulof", "Kabuloff"]
    assert record["same_as"] == ["https://a.example/", "https://b.example/"]
    assert (record["description"], record["external_id"], record["version"]) == (None, None, 2)
    assert bare(api.read(f"/quotes/{said}")) | {"speaker_id": b} == bare(api.read(f"/quotes/{said}")) | {"speaker_id": b}
    moved = api.read(f"/quotes/{said}?include=speaker")
    assert (moved["speaker_id"], moved["role"], moved["version"]) == (a, "envoy", 2)
    # What was printed is never made up: B's name was never printed there, as far as anybody said.
    assert moved["speaker_as_printed"] is None
    assert moved["speaker"] == record


def test_all_that_names_it_moves_and_comes_back(api):
    a = speaker(api, "Ministry", kind="organization")
    b = speaker(api, "The ministry", kind="organization")
    clerk = speaker(api, "Clerk", affiliations=[{"organization_id": n.RUSSIA}, {"organization_id": b, "role": "clerk"}])
    office = speaker(api, "Office", kind="organization", part_of_id=b)
    article = api.make("articles", headline="h", mentions=[{"speaker_id": n.CHINA}, {"speaker_id": b, "as_printed": "it"}])["id"]
    event = api.make("events", name="e", participants=[{"speaker_id": b, "role": "host"}, {"speaker_id": n.CHINA}])["id"]
    said = quote(api, speaker_id=b, speaker_as_printed="the ministry")
    relayed = quote(api, relayed_by={"speaker_id": b, "as_printed": "its spokesman", "cue": "according to"})
    about = quote(api, about_ids=[n.CHINA, b, n.RUSSIA])
    all_of_it = quote(api, speaker_id=b, relayed_by={"speaker_id": b}, about_ids=[b])
    paths = [f"/speakers/{clerk}", f"/speakers/{office}", f"/articles/{article}", f"/events/{event}",
             *(f"/quotes/{id}" for id in (said, relayed, about, all_of_it))]  # fmt: skip
    before = {path: api.read(path) for path in paths}
    was_a, was_b = api.read(f"/speakers/{a}"), api.read(f"/speakers/{b}")

    merge(api, b, a)
    assert [e["organization_id"] for e in api.read(f"/speakers/{clerk}")["affiliations"]] == [n.RUSSIA, a]
    assert api.read(f"/speakers/{clerk}")["affiliations"][1]["role"] == "clerk"
    assert api.read(f"/speakers/{office}")["part_of_id"] == a
    assert api.read(f"/articles/{article}")["mentions"][1] == {"speaker_id": a, "as_printed": "it", "role": None}
    assert api.read(f"/events/{event}")["participants"][0] == {"speaker_id": a, "role": "host"}
    assert api.read(f"/quotes/{relayed}")["relayed_by"] == {
        "speaker_id": a, "as_printed": "its spokesman", "role": None, "cue": "according to"}  # fmt: skip
    assert api.read(f"/quotes/{about}")["about_ids"] == [n.CHINA, a, n.RUSSIA]
    whole = api.read(f"/quotes/{all_of_it}")
    assert (whole["speaker_id"], whole["relayed_by"]["speaker_id"], whole["about_ids"]) == (a, a, [a])
    for path in paths:  # once each, however often it named B
        assert api.read(path)["version"] == 2, path

    back = unmerge(api, b)
    assert bare(back) == bare(was_b)
    assert back["version"] == 3  # 2 is the tombstone's
    assert bare(api.read(f"/speakers/{a}")) == bare(was_a)
    for path in paths:
        assert bare(api.read(path)) == bare(before[path]), path
        assert api.read(path)["version"] == 3, path


def test_one_is_enough_where_both_are_named(api):
    a, b = speaker(api, "A one"), speaker(api, "B one")
    about = quote(api, about_ids=[a, n.CHINA, b])
    event = api.make("events", name="e", participants=[{"speaker_id": b}, {"speaker_id": a}, {"speaker_id": a, "role": "host"}])["id"]
    article = api.make("articles", headline="h", mentions=[{"speaker_id": b, "as_printed": "x"}, {"speaker_id": a, "as_printed": "y"},
                                                           {"speaker_id": b, "as_printed": "y"}])["id"]  # fmt: skip
    before = [bare(api.read(path)) for path in (f"/quotes/{about}", f"/events/{event}", f"/articles/{article}")]
    merge(api, b, a)
    assert api.read(f"/quotes/{about}")["about_ids"] == [a, n.CHINA]
    assert [(p["speaker_id"], p["role"]) for p in api.read(f"/events/{event}")["participants"]] == [(a, None), (a, "host")]
    # Another wording is another entry: what was printed is kept.
    assert [m["as_printed"] for m in api.read(f"/articles/{article}")["mentions"]] == ["x", "y"]
    unmerge(api, b)
    assert [bare(api.read(path)) for path in (f"/quotes/{about}", f"/events/{event}", f"/articles/{article}")] == before


def test_what_belongs_to_it(api):
    parent, org = speaker(api, "Parent", kind="organization"), speaker(api, "Org", kind="organization")
    a = speaker(api, "A two", affiliations=[{"organization_id": org, "role": "chief"}])
    b = speaker(api, "B two", affiliations=[{"organization_id": org, "role": "chief"}, {"organization_id": parent, "role": "aide"},
                                            {"organization_id": a, "role": "of A"}, {"role": "poet"}], part_of_id=parent)  # fmt: skip
    was_a, was_b = api.read(f"/speakers/{a}"), api.read(f"/speakers/{b}")
    record = merge(api, b, a)
    assert [(e["organization_id"], e["role"]) for e in record["affiliations"]] == [(org, "chief"), (parent, "aide"), (None, "poet")]
    assert record["part_of_id"] == parent  # A was part of nothing
    assert api.read(f"/speakers?organization_id={parent}&fields=id")["items"] == [{"id": parent}, {"id": a}]
    assert bare(unmerge(api, b)) == bare(was_b)
    assert bare(api.read(f"/speakers/{a}")) == bare(was_a)


def test_a_part_and_its_whole(api):
    """What who stays had to do with who goes it would have to do with itself."""
    top = speaker(api, "Top", kind="organization")
    whole = speaker(api, "Whole", kind="organization", part_of_id=top)
    part = speaker(api, "Part", kind="organization", part_of_id=whole, affiliations=[{"organization_id": whole, "role": "desk"}])
    was = api.read(f"/speakers/{part}")
    record = merge(api, whole, part)
    assert (record["part_of_id"], record["affiliations"]) == (top, [])
    unmerge(api, whole)
    assert bare(api.read(f"/speakers/{part}")) == bare(was)
    record = merge(api, part, whole)
    assert (record["part_of_id"], record["affiliations"], record["aliases"]) == (top, [], ["Part"])
    assert bare(unmerge(api, part)) == bare(was)


def test_an_organization_does_not_become_part_of_itself(api):
    top = speaker(api, "Top of all", kind="organization")
    middle = speaker(api, "Middle", kind="organization", part_of_id=top)
    bottom = speaker(api, "Bottom", kind="organization", part_of_id=middle)
    answer = api.post(f"/speakers/{top}/merge", json={"into": bottom})
    expect_problem(answer, "conflict", "An organization would become part of itself.")
    assert api.read(f"/speakers/{middle}")["part_of_id"] == top


def test_who_did_it_stands_in_every_record(api):
    a, b = speaker(api, "A three"), speaker(api, "B three")
    said = quote(api, speaker_id=b)
    who = {"Change-Actor": "Ann", "Change-Reason": "one person"}
    merge(api, b, a, headers=who)
    key = revisions(api, "quotes", said)[0][1]
    assert key is not None
    for resource, id in (("quotes", said), ("speakers", a), ("speakers", b)):
        assert revisions(api, resource, id)[-1] == ["2", key, "Ann", "one person"], resource
    unmerge(api, b, headers={"Change-Actor": "Bob"})
    for resource, id in (("quotes", said), ("speakers", a), ("speakers", b)):
        assert revisions(api, resource, id)[-1] == ["3", key, "Bob", None], resource
    log = api.psql(f"SELECT operation, version FROM onrecord.changes WHERE resource = 'speakers' AND record_id = {b} ORDER BY id")
    assert log == [["insert", "1"], ["delete", "2"], ["insert", "3"]]


# A merged id


def test_a_merged_id_leads_to_who_has_its_place(api):
    a, b = speaker(api, "A four"), speaker(api, "B four")
    said = quote(api, speaker_id=b)
    merge(api, b, a)
    for path in ("", "/quotes", "/articles", "/events"):
        answer = api.get(f"/speakers/{b}{path}?fields=id&limit=3" if path else f"/speakers/{b}?fields=id,name")
        assert answer.status_code == 308
        assert answer.headers["Location"] == (f"/speakers/{a}{path}?fields=id&limit=3" if path else f"/speakers/{a}?fields=id,name")
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.content == b""
        assert api.get(answer.headers["Location"]).status_code == 200
    assert api.get(f"/speakers/{b}").headers["Location"] == f"/speakers/{a}"
    assert api.head(f"/speakers/{b}").status_code == 308
    streamed = api.get(f"/speakers/{b}/quotes?format=csv&fields=id")
    assert (streamed.status_code, streamed.headers["Location"]) == (308, f"/speakers/{a}/quotes?format=csv&fields=id")
    assert api.ids(f"/speakers/{a}/quotes") == [said]
    linked = api.get(f"/speakers/{b}", headers={"Accept": "application/ld+json"})
    assert (linked.status_code, linked.headers["Location"]) == (308, f"/speakers/{a}")


@pytest.mark.parametrize("method, body", [("PATCH", {"name": "x"}), ("PUT", {"name": "x"}), ("DELETE", None), ("POST", {"into": 1})])
def test_a_merged_id_is_not_written_to(api, method, body):
    a, b = speaker(api, "A five"), speaker(api, "B five")
    merge(api, b, a)
    path = f"/speakers/{b}/merge" if method == "POST" else f"/speakers/{b}"
    answer = api.request(method, path, **({"json": body} if body else {}))
    expect_problem(answer, "conflict", f"Speaker {b} was merged into speaker {a}.",
                   conflict={"resource": "speakers", "id": a, "href": f"/speakers/{a}"})  # fmt: skip


def test_a_merged_id_goes_on_working_in_filters(api):
    a, b, other = speaker(api, "A six", kind="organization"), speaker(api, "B six", kind="organization"), speaker(api, "Other six")
    clerk = speaker(api, "Clerk six", affiliations=[{"organization_id": b}])
    part = speaker(api, "Part six", part_of_id=b)
    said = quote(api, speaker_id=b, text="Of an ambassador")
    of_clerk, of_other = quote(api, speaker_id=clerk), quote(api, speaker_id=other)
    about, relayed = quote(api, about_ids=[b]), quote(api, relayed_by={"speaker_id": b})
    event = api.make("events", name="e", participants=[{"speaker_id": b}])["id"]
    article = api.make("articles", headline="h", mentions=[{"speaker_id": b}])["id"]
    wanted = {
        f"/quotes?speaker_id={b}": [said],
        f"/quotes?speaker_id.in={other},{b}": [said, of_other],
        f"/quotes?speaker.organization_id={b}": [said, of_clerk],
        f"/quotes?about_id={b}": [about],
        f"/quotes?about_id.in={b},{other}": [about],
        f"/quotes?relayed_by.speaker_id={b}": [relayed],
        f"/quotes?speaker_id={b}&q=ambassador&sort=-id": [said],
        f"/quotes?speaker_id={b}&count=exact": [said],
        f"/events?participants.speaker_id={b}": [event],
        f"/articles?mentions.speaker_id={b}": [article],
        f"/speakers?part_of_id={b}": [part],
        f"/speakers?organization_id={b}": [b, clerk, part],
        f"/speakers?affiliations.organization_id={b}": [clerk],
        f"/speakers?id.in={b},{other}": [b, other],
        f"/speakers?id={b}": [b],
    }
    for path, ids in wanted.items():
        assert api.ids(path) == ids, path
    merge(api, b, a)
    for path, ids in wanted.items():
        assert sorted(api.ids(path)) == sorted(a if id == b else id for id in ids), path
    but = api.ids(f"/quotes?speaker_id.ne={b}&id.in={said},{of_other}")
    assert but == [of_other]
    assert api.read(f"/quotes?speaker_id={b}&count=exact")["total"] == 1
    assert api.get(f"/quotes?speaker_id={b}&format=csv&fields=id").text.split() == ["id", str(said)]
    assert api.get(f"/quotes?speaker_id={b}&format=atom").text.count("<entry>") == 1
    assert api.read(f"/stats/timeline?speaker_id={b}")["total"] == 1
    assert [i["speaker"]["id"] for i in api.read(f"/stats/speakers?speaker_id={b}")["items"]] == [a]


def test_pages_go_on_across_a_merge(api):
    a, b = speaker(api, "A seven"), speaker(api, "B seven")
    ids = [quote(api, speaker_id=b) for _ in range(5)]
    first = api.read(f"/quotes?speaker_id={b}&limit=2")
    merge(api, b, a)
    second = api.read("/quotes" + first["next"])
    third = api.read("/quotes" + second["next"])
    assert [item["id"] for page in (first, second, third) for item in page["items"]] == ids
    assert third["next"] is None


def test_a_merged_id_goes_on_working_in_bodies(api):
    a, b = speaker(api, "A eight"), speaker(api, "B eight", external_id="eight")
    merge(api, b, a)
    made = api.make("quotes", article_id=n.ARTICLE, text="t", kind="indirect", speaker_id=b, relayed_by={"speaker_id": b},
                    about_ids=[n.CHINA, b])  # fmt: skip
    assert (made["speaker_id"], made["relayed_by"]["speaker_id"], made["about_ids"]) == (a, a, [n.CHINA, a])
    assert api.patch(f"/quotes/{made['id']}", json={"about_ids": [a, b, n.CHINA]}).json()["about_ids"] == [a, n.CHINA]
    assert api.make("events", name="e", participants=[{"speaker_id": b}])["participants"][0]["speaker_id"] == a
    assert api.make("articles", headline="h", mentions=[{"speaker_id": b}])["mentions"][0]["speaker_id"] == a
    clerk = api.make("speakers", name="Clerk", part_of_id=b, affiliations=[{"organization_id": b}])
    assert (clerk["part_of_id"], clerk["affiliations"][0]["organization_id"]) == (a, a)
    assert api.put(f"/speakers/{clerk['id']}", json={"name": "Clerk", "part_of_id": b}).json()["part_of_id"] == a
    for key in ({"name": "B eight"}, {"external_id": "eight"}):
        again = api.patch(f"/quotes/{made['id']}", json={"speaker_id": key}).json()
        assert (again["speaker_id"], again["version"]) == (a, 2)


def test_a_name_that_somebody_has_is_theirs(api):
    """A merged speaker's name and external_id lead on only as long as nobody else has them."""
    a, b = speaker(api, "A nine"), speaker(api, "B nine", external_id="nine")
    merge(api, b, a)
    new = speaker(api, "B nine", external_id="nine")
    for key in ({"name": "B nine"}, {"external_id": "nine"}):
        assert api.patch(f"/quotes/{quote(api)}", json={"speaker_id": key}).json()["speaker_id"] == new


def test_a_merged_id_that_leads_to_nobody(api):
    a, b = speaker(api, "A ten"), speaker(api, "B ten")
    merge(api, b, a)
    assert api.delete(f"/speakers/{a}").status_code == 204
    answer = api.get(f"/speakers/{b}")
    assert answer.headers["Location"] == f"/speakers/{a}"
    expect_problem(api.get(answer.headers["Location"]), "gone")
    answer = api.post("/quotes", json={"article_id": n.ARTICLE, "text": "t", "kind": "indirect", "speaker_id": b})
    expect_problem(answer, "invalid", "The body has 1 fault.", [("/speaker_id", f"there is no speaker {b}")])
    assert unmerge(api, b)["name"] == "B ten"


# Search, linked data


def test_search_and_linked_data_follow(api):
    a = speaker(api, "Ivan Petrovsky", same_as=["https://a.example/"])
    b = speaker(api, "Vanya Zubkoff", same_as=["https://b.example/"])
    said = quote(api, speaker_id=b)
    merge(api, b, a)
    found = api.read("/speakers?q=zubkof")["items"][0]
    assert (found["id"], found["matched"]) == (a, "Vanya Zubkoff")
    assert api.ids("/quotes?speaker.q=zubkof") == [said]
    linked = api.get(f"/speakers/{a}", headers={"Accept": "application/ld+json"}).json()
    assert (linked["alternateName"], linked["sameAs"]) == (["Vanya Zubkoff"], ["https://a.example/", "https://b.example/"])
    counts = api.read(f"/stats/speakers?speaker_id.in={a},{b}")
    assert [(item["speaker"]["id"], item["quotes"]) for item in counts["items"]] == [(a, 1)]
    unmerge(api, b)
    assert api.read("/speakers?q=zubkof")["items"][0]["id"] == b


# Chains


def chain(api, name):
    """B was merged into A, A into C; each with a quote of its own."""
    a, b, c = (speaker(api, f"{letter} {name}", aliases=[f"{letter.lower()} {name}"]) for letter in "ABC")
    quotes = [quote(api, speaker_id=id) for id in (a, b, c)]
    was = [bare(api.read(f"/speakers/{id}")) for id in (a, b, c)]
    merge(api, b, a)
    merge(api, a, c)
    return a, b, c, quotes, was


def speakers_of(api, quotes):
    return [api.read(f"/quotes/{id}")["speaker_id"] for id in quotes]


def test_a_chain_is_one_step(api):
    a, b, c, quotes, _ = chain(api, "eleven")
    for id in (a, b):
        assert api.get(f"/speakers/{id}").headers["Location"] == f"/speakers/{c}"
        assert api.ids(f"/quotes?speaker_id={id}") == quotes
    assert api.read(f"/speakers/{c}")["aliases"] == ["c eleven", "A eleven", "a eleven", "B eleven", "b eleven"]


def test_the_first_of_a_chain_comes_back_with_what_came_with_it(api):
    a, b, c, quotes, was = chain(api, "twelve")
    assert bare(unmerge(api, b)) == was[1]
    assert speakers_of(api, quotes) == [c, b, c]
    assert api.read(f"/speakers/{c}")["aliases"] == ["c twelve", "A twelve", "a twelve"]
    assert bare(unmerge(api, a)) == was[0]
    assert bare(api.read(f"/speakers/{c}")) == was[2]
    assert speakers_of(api, quotes) == [a, b, c]


def test_the_second_of_a_chain_comes_back_with_the_first(api):
    a, b, c, quotes, was = chain(api, "thirteen")
    assert unmerge(api, a)["aliases"] == ["a thirteen", "B thirteen", "b thirteen"]
    assert speakers_of(api, quotes) == [a, a, c]
    assert api.get(f"/speakers/{b}").headers["Location"] == f"/speakers/{a}"
    assert bare(unmerge(api, b)) == was[1]
    assert [bare(api.read(f"/speakers/{id}")) for id in (a, b, c)] == was
    assert speakers_of(api, quotes) == [a, b, c]


def test_into_a_merged_one_is_into_who_has_its_place(api):
    a, b, c, quotes, _ = chain(api, "fourteen")
    d = speaker(api, "D fourteen")
    assert merge(api, d, b)["id"] == c
    assert api.get(f"/speakers/{d}").headers["Location"] == f"/speakers/{c}"


def test_several_into_one(api):
    a, b, d = speaker(api, "A fifteen"), speaker(api, "B fifteen"), speaker(api, "B fifteen", external_id="d")
    merge(api, b, a)
    assert merge(api, d, a)["aliases"] == ["B fifteen"]
    unmerge(api, b)
    assert api.read(f"/speakers/{a}")["aliases"] == ["B fifteen"]  # as D, which is still merged, is called so


# Unmerge takes back what is as it was left


def test_what_was_changed_since_stays(api):
    a, b, other = speaker(api, "A sixteen"), speaker(api, "B sixteen", aliases=["x", "y"]), speaker(api, "Other sixteen")
    corrected, edited, gone = (quote(api, speaker_id=b) for _ in range(3))
    about = quote(api, about_ids=[b])
    article = api.make("articles", headline="h", mentions=[{"speaker_id": b, "as_printed": "x"}])["id"]
    merge(api, b, a)
    api.patch(f"/quotes/{corrected}", json={"speaker_id": other})
    api.patch(f"/quotes/{edited}", json={"role": "poet"})
    api.patch(f"/quotes/{about}", json={"about_ids": [n.CHINA]})
    api.patch(f"/articles/{article}", json={"mentions": [{"speaker_id": n.CHINA}, {"speaker_id": a, "as_printed": "x"}]})
    api.delete(f"/quotes/{gone}")
    api.patch(f"/speakers/{a}", json={"aliases": ["new", "B sixteen", "y"], "name": "A 16"})
    new = quote(api, speaker_id=a)
    unmerge(api, b)
    assert speakers_of(api, (corrected, edited, new)) == [other, b, a]
    assert api.read(f"/quotes/{edited}")["role"] == "poet"
    assert api.read(f"/quotes/{about}")["about_ids"] == [n.CHINA]
    assert [m["speaker_id"] for m in api.read(f"/articles/{article}")["mentions"]] == [n.CHINA, b]
    record = api.read(f"/speakers/{a}")
    assert (record["name"], record["aliases"]) == ("A 16", ["new"])
    assert api.get(f"/quotes/{gone}").status_code == 410


def test_what_it_belongs_to_may_have_been_merged_since(api):
    a, b = speaker(api, "A seventeen"), None
    x, y = speaker(api, "X seventeen", kind="organization"), speaker(api, "Y seventeen", kind="organization")
    b = speaker(api, "B seventeen", part_of_id=x, affiliations=[{"organization_id": x, "role": "clerk"}])
    merge(api, b, a)
    merge(api, x, y)
    back = unmerge(api, b)
    assert (back["part_of_id"], back["affiliations"][0]["organization_id"]) == (y, y)


@pytest.mark.parametrize("what", ["part_of_id", "affiliations"])
def test_what_it_belongs_to_may_be_gone(api, what):
    a, org = speaker(api, "A eighteen"), speaker(api, "Org eighteen")
    b = speaker(api, "B eighteen", **{what: org if what == "part_of_id" else [{"organization_id": org}]})
    merge(api, b, a)
    api.patch(f"/speakers/{a}", json={"part_of_id": None, "affiliations": []})
    assert api.delete(f"/speakers/{org}").status_code == 204
    expect_problem(api.post(f"/speakers/{b}/unmerge"), "conflict", f"It belongs to speaker {org}, which was deleted.",
                   conflict={"resource": "speakers", "id": org, "href": f"/speakers/{org}"})  # fmt: skip


def test_the_article_of_an_affiliation_may_be_gone(api):
    a, article = speaker(api, "A nineteen"), api.make("articles", headline="h")["id"]
    b = speaker(api, "B nineteen", affiliations=[{"role": "poet", "article_id": article}])
    merge(api, b, a)
    api.patch(f"/speakers/{a}", json={"affiliations": []})
    assert api.delete(f"/articles/{article}").status_code == 204
    expect_problem(api.post(f"/speakers/{b}/unmerge"), "conflict", f"Its affiliations name article {article}, which was deleted.",
                   conflict={"resource": "articles", "id": article, "href": f"/articles/{article}"})  # fmt: skip


def test_its_external_id_may_be_taken(api):
    a, b = speaker(api, "A twenty"), speaker(api, "B twenty", external_id="twenty")
    merge(api, b, a)
    new = speaker(api, "New", external_id="twenty")
    expect_problem(api.post(f"/speakers/{b}/unmerge"), "conflict", f"Speaker {new} has its external_id now.",
                   conflict={"resource": "speakers", "id": new, "href": f"/speakers/{new}"})  # fmt: skip
    api.patch(f"/speakers/{new}", json={"external_id": None})
    assert unmerge(api, b)["external_id"] == "twenty"


def test_again_and_again(api):
    a, b = speaker(api, "A twenty-one"), speaker(api, "B twenty-one")
    said = quote(api, speaker_id=b)
    for turn in range(3):
        merge(api, b, a)
        assert speakers_of(api, [said]) == [a]
        assert unmerge(api, b)["version"] == 3 + 2 * turn
        assert speakers_of(api, [said]) == [b]
    assert api.patch(f"/speakers/{b}", json={"name": "x"}).json()["version"] == 8


# What is refused


def test_into_itself(api):
    a, b = speaker(api, "A twenty-two"), speaker(api, "B twenty-two")
    itself = {"resource": "speakers", "id": a, "href": f"/speakers/{a}"}
    fault = [("/into", "leads to the same speaker")]
    answer = api.post(f"/speakers/{a}/merge", json={"into": a})
    expect_problem(answer, "conflict", f"Speaker {a} cannot be merged into itself.", fault, conflict=itself)
    merge(api, b, a)
    answer = api.post(f"/speakers/{a}/merge", json={"into": b})
    expect_problem(answer, "conflict", f"Speaker {b} was merged into speaker {a} itself.", fault, conflict=itself)


def test_what_is_not_there(api):
    a, gone = speaker(api, "A twenty-three"), speaker(api, "Gone")
    api.delete(f"/speakers/{gone}")
    expect_problem(api.post("/speakers/4711/merge", json={"into": a}), "not-found", "There is no speaker 4711.")
    expect_problem(api.post("/speakers/4711/merge", json={"into": 4711}), "not-found", "There is no speaker 4711.")
    expect_problem(api.post(f"/speakers/{gone}/merge", json={"into": a}), "gone", f"Speaker {gone} was deleted.")
    for into in (4711, gone):
        answer = api.post(f"/speakers/{a}/merge", json={"into": into})
        expect_problem(answer, "invalid", "The body has 1 fault.", [("/into", f"there is no speaker {into}")])
    expect_problem(api.post("/speakers/4711/unmerge"), "not-found", "There is no speaker 4711.")
    expect_problem(api.post(f"/speakers/{gone}/unmerge"), "gone", f"Speaker {gone} was deleted.")
    expect_problem(api.post(f"/speakers/{a}/unmerge"), "conflict", f"Speaker {a} is not merged into another.",
                   conflict={"resource": "speakers", "id": a, "href": f"/speakers/{a}"})  # fmt: skip


@pytest.mark.parametrize(
    "body, faults",
    [
        ({}, [("/into", "is required")]),
        ({"into": None}, [("/into", "must not be null")]),
        ({"into": "1"}, [("/into", "must be a whole number from 1 to 9007199254740991")]),
        ({"into": 0, "x": 1}, [("/into", "must be a whole number from 1 to 9007199254740991"), ("/x", "is not a field here")]),
        ({"into": {"url": "https://a.example/"}}, [("/into", "must be an id or an object with one member: external_id or name")]),
        ({"into": {"name": "Nobody"}}, [("/into", "no speaker has this name")]),
        ({"into": [1]}, [("/into", None)]),
    ],
)
def test_bodies_that_say_nothing(shared, body, faults):
    answer = shared.post(f"/speakers/{n.CHINA}/merge", json=body)
    expect_problem(answer, "invalid", f"The body has {len(faults)} fault{'s' if len(faults) > 1 else ''}.", faults)


def test_requests_that_are_none(shared):
    expect_problem(shared.post(f"/speakers/{n.CHINA}/merge", json=[]), "invalid", "The body must be a JSON object.")
    expect_problem(shared.post(f"/speakers/{n.CHINA}/merge?x=1", json={"into": 1}), "bad-request", "The query has faults.",
                   [("?x", "is not a parameter of this write")])  # fmt: skip
    expect_problem(shared.post(f"/speakers/{n.CHINA}/unmerge?x=1"), "bad-request", "The query has faults.",
                   [("?x", "is not a parameter of this write")])  # fmt: skip
    assert shared.post(f"/speakers/{n.CHINA}/merge", json={"into": 1}, key=None).status_code == 401
    assert shared.post(f"/speakers/{n.CHINA}/unmerge", key=shared.keys.read).status_code == 403


def test_into_by_name_and_external_id(api):
    a, b, c = speaker(api, "A twenty-four", external_id="24"), speaker(api, "B twenty-four"), speaker(api, "C twenty-four")
    assert merge(api, b, {"external_id": "24"})["id"] == a
    assert merge(api, c, {"name": "B twenty-four"})["id"] == a  # as B is A


def test_if_match(api):
    a, b = speaker(api, "A twenty-five"), speaker(api, "B twenty-five")
    answer = api.post(f"/speakers/{b}/merge", json={"into": a}, headers={"If-Match": '"2"'})
    expect_problem(answer, "precondition-failed", f"Speaker {b} is at version 1, which If-Match does not name.")
    assert merge(api, b, a, headers={"If-Match": '"2", "1-abc"'})["version"] == 2
    # Of a merged one what is read is who has its place.
    answer = api.post(f"/speakers/{b}/unmerge", headers={"If-Match": '"1"'})
    expect_problem(answer, "precondition-failed",
                   f"Who has the place of speaker {b} is at version 2, which If-Match does not name.")  # fmt: skip
    assert unmerge(api, b, headers={"If-Match": '"2"'})["id"] == b
    merge(api, b, a, headers={"If-Match": "*"})
    api.delete(f"/speakers/{a}")
    answer = api.post(f"/speakers/{b}/unmerge", headers={"If-Match": '"5"'})
    expect_problem(answer, "precondition-failed", f"Who has the place of speaker {b} was deleted.")


@pytest.mark.own_server
def test_if_match_where_it_is_asked_for(api_with):
    api = api_with(ONRECORD_IF_MATCH_REQUIRED="1")
    asked = "This service asks for If-Match with every change: send the ETag read."
    expect_problem(api.post(f"/speakers/{n.CHINA}/merge", json={"into": 1}), "precondition-required", asked)
    expect_problem(api.post(f"/speakers/{n.CHINA}/unmerge"), "precondition-required", asked)
