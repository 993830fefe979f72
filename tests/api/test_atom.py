"""Lists of articles and of quotes as Atom feeds: RFC 4287, RFC 5005, and what a reader of feeds makes of them."""

import itertools
import re
import urllib.parse
import xml.etree.ElementTree

import feedparser
import names as n
import pytest
from problems import expect_problem

A = "{http://www.w3.org/2005/Atom}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
ACCEPT = {"Accept": "application/atom+xml"}
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
# RFC 4287, sections 4.1.1 and 4.1.2: what may be there more than once; all else once at most.
MANY = {A + name for name in ("author", "category", "contributor", "link", "entry")}
IN_FEED = MANY | {A + name for name in ("id", "title", "updated", "generator", "icon", "logo", "rights", "subtitle")}
IN_ENTRY = (MANY - {A + "entry"}) | {A + name for name in ("id", "title", "updated", "content", "published", "rights", "summary")}
FEEDS = [
    "/quotes",
    "/articles",
    f"/articles/{n.ARTICLE}/quotes",
    f"/speakers/{n.SAMKANI}/quotes",
    f"/speakers/{n.SAMKANI}/articles",
    f"/sources/{n.MNTV}/articles",
    f"/sources/{n.MNTV}/quotes",
    f"/sources/{n.TOLONEWS}/articles",
    f"/events/{n.APPOINTMENT}/articles",
    f"/events/{n.APPOINTMENT}/quotes",
]
numbers = itertools.count(1)


def texts(element, name):
    return [child.text for child in element.findall(A + name)]


def text(element, name):
    [found] = texts(element, name)
    return found


def links(element):
    """relation -> (address, media type)."""
    found = [(link.get("rel"), link.get("href"), link.get("type")) for link in element.findall(A + "link")]
    assert len({relation for relation, _, _ in found}) == len(found)
    return {relation: (address, type_) for relation, address, type_ in found}


def check_common(element, allowed):
    names = [child.tag for child in element]
    assert set(names) <= allowed
    for name in ("id", "title", "updated"):
        assert names.count(A + name) == 1
    assert all(names.count(name) == 1 for name in set(names) - MANY)
    for name in ("updated", "published"):
        assert all(RFC_3339.match(moment) for moment in texts(element, name))
    for author in element.findall(A + "author"):
        assert [child.tag for child in author] == [A + "name"] and author[0].text.strip()
    for address in [text(element, "id"), *(address for address, _ in links(element).values())]:
        parts = urllib.parse.urlsplit(address)
        assert parts.scheme in ("http", "https") and parts.netloc, address
        assert re.fullmatch(r"[!-~]+", address) and not re.search(r'[<>"{}|\\^`]', address), address
    assert all(category.get("term") for category in element.findall(A + "category"))


def check_feed(feed):
    """What RFC 4287 asks of a feed; answers its entries."""
    assert feed.tag == A + "feed"
    check_common(feed, IN_FEED)
    assert feed.find(A + "author") is not None, "entries need not have one of their own then"
    assert {"self", "alternate"} <= set(links(feed)) <= {"self", "alternate", "next"}
    tags = [child.tag for child in feed]
    entries = feed.findall(A + "entry")
    assert tags[len(tags) - len(entries):] == [A + "entry"] * len(entries)  # fmt: skip
    for entry in entries:
        check_common(entry, IN_ENTRY)
        assert set(links(entry)) in ({"alternate"}, {"alternate", "via"})
        content = entry.find(A + "content")
        assert content is None or (content.get("type"), len(content)) == ("text", 0)
    assert len({text(entry, "id") for entry in entries}) == len(entries)
    if entries:
        assert text(feed, "updated") == max(text(entry, "updated") for entry in entries)
    return entries


def parsed(answer):
    """A feed, checked in full, also by a reader of feeds."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/atom+xml; charset=utf-8"), answer.text
    assert answer.content.startswith(b'<?xml version="1.0" encoding="utf-8"?>\n')
    feed = xml.etree.ElementTree.fromstring(answer.content)
    entries = check_feed(feed)
    read = feedparser.parse(answer.content, response_headers={"content-type": answer.headers["Content-Type"]})
    assert (read.bozo, read.version, len(read.entries)) == (0, "atom10", len(entries)), read.get("bozo_exception")
    return feed


def read(api, path, **more):
    return parsed(api.get(path, headers=ACCEPT, **more))


def entries_of(api, path):
    return read(api, path).findall(A + "entry")


def ids(api, path):
    return [text(entry, "id").removeprefix(api.base) for entry in entries_of(api, path)]


@pytest.mark.parametrize("path", FEEDS)
def test_feeds_keep_the_rules(shared, path):
    feed = read(shared, path)
    assert text(feed, "title") == "OnRecord: " + path[1:]
    assert text(feed, "id") == f"{shared.base}{path}?format=atom"
    assert links(feed) == {
        "self": (f"{shared.base}{path}?format=atom", "application/atom+xml"),
        "alternate": (shared.base + path, "application/json"),
    }


def test_other_lists_have_no_feed(shared):
    for path in ("/speakers", "/events", "/sources", f"/articles/{n.ARTICLE}/events", f"/quotes/{n.AT[88]}"):
        expect_problem(shared.get(path, headers=ACCEPT), "not-acceptable", errors=[("Accept:", None)])
        expect_problem(shared.get(path + "?format=atom"), "bad-request", errors=[("?format", None)])


def test_a_quote(shared):
    [entry] = entries_of(shared, f"/quotes?id={n.AT[2330]}")
    quote = shared.read(f"/quotes/{n.AT[2330]}")
    assert text(entry, "id") == f"{shared.base}/quotes/{n.AT[2330]}"
    assert text(entry, "title") == (
        "Engagement with Russia is important, but wider outreach is needed for the Islamic Emirate to gain…"
    )
    assert text(entry, "content") == quote["text"]
    assert text(entry, "updated") == quote["updated_at"]
    assert entry.find(A + "author")[0].text == "Enayatullah Adel", "not the `he` that is printed"
    assert links(entry) == {"alternate": (f"{shared.base}/quotes/{n.AT[2330]}", "application/json")}
    assert entry.find(A + "published") is None, "the article does not say when"


def test_an_article(shared):
    [entry] = entries_of(shared, "/articles")
    article = shared.read(f"/articles/{n.ARTICLE}")
    assert (text(entry, "title"), text(entry, "content")) == (article["headline"], article["body"])
    assert entry.find(A + "author")[0].text == "MNTV"
    assert entry.get(LANG) == "en"
    assert texts(entry, "summary") == []


def test_an_article_that_says_all(module_api):
    made = module_api.make("articles", headline="One\nline", url="https://g.example/1?a=1&b=2", byline="By Ann", language="fa",
                           published_at="2025-05-15T10:00:00+02:00", summary="s", body="b", keywords=["x & y", "z"])  # fmt: skip
    [entry] = entries_of(module_api, f"/articles?id={made['id']}")
    assert text(entry, "title") == "One line"
    assert entry.find(A + "author")[0].text == "By Ann"
    assert text(entry, "published") == "2025-05-15T08:00:00.000000Z"
    assert links(entry)["via"] == ("https://g.example/1?a=1&b=2", None)
    assert [category.get("term") for category in entry.findall(A + "category")] == ["x & y", "z"]
    assert (text(entry, "summary"), text(entry, "content"), entry.get(LANG)) == ("s", "b", "fa")


def test_what_has_no_headline_has_its_address_as_a_title(module_api):
    id = module_api.make("articles", url=f"https://g.example/{next(numbers)}/untitled")["id"]
    [entry] = entries_of(module_api, f"/articles?id={id}")
    assert text(entry, "title").startswith("https://g.example/")
    assert entry.find(A + "author") is None and entry.find(A + "content") is None


def test_whatever_is_printed_comes_through(module_api):
    """All of what XML escapes, and what it forbids."""
    forbidden = "".join(map(chr, [*range(1, 9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]))
    body = "a < b & c > d ]]> <![CDATA[ \"x\" 'y' &amp; <!-- -->\r\nline\rline\ttab 👍 \x7f\x85" + forbidden
    headline = " ]]> & \r\n<b> \x01 👍\x0b"
    keyword = 'k<&>"\']]>'
    made = module_api.make("articles", headline=headline, body=body, summary=body, byline=headline, keywords=[keyword])
    [entry] = entries_of(module_api, f"/articles?id={made['id']}")
    readable = body.replace(forbidden, "\ufffd" * len(forbidden))
    assert text(entry, "content") == readable
    assert text(entry, "summary") == readable
    assert text(entry, "title") == entry.find(A + "author")[0].text == "]]> & <b> \ufffd 👍"
    assert entry.find(A + "category").get("term") == keyword
    quote = module_api.make("quotes", article_id=made["id"], text="&amp; <!-- -->\r\nline")
    [entry] = entries_of(module_api, f"/quotes?id={quote['id']}")
    assert (text(entry, "content"), text(entry, "title")) == (quote["text"], "&amp; <!-- --> line")


def test_filters_hold_and_are_in_the_title(shared):
    feed = read(shared, f"/quotes?speaker_id={n.SAMKANI}&kind=direct&limit=1")
    assert text(feed, "title") == f"OnRecord: quotes (speaker_id={n.SAMKANI}, kind=direct)"
    path = f"/quotes?kind=direct&speaker_id={n.SAMKANI}"
    assert ids(shared, path) == [f"/quotes/{n.AT[1933]}", f"/quotes/{n.AT[1786]}"]
    odd = shared.get("/articles?section=a%26b%3D%3C%22%C3%A9&format=atom")
    feed = parsed(odd)
    assert text(feed, "title") == 'OnRecord: articles (section=a&b=<"é)'
    assert links(feed)["self"][0] == f"{shared.base}/articles?section=a%26b%3D%3C%22%C3%A9&format=atom"
    assert shared.get(links(feed)["self"][0].removeprefix(shared.base)).content == odd.content


def test_a_feed_begins_with_what_is_new(module_api):
    before = ids(module_api, "/quotes?limit=3")
    made = module_api.make("quotes", article_id=n.ARTICLE, text="growing ties", kind="partial")
    assert ids(module_api, "/quotes?limit=3") == [f"/quotes/{made['id']}", *before[:2]]
    hidden = module_api.make("quotes", article_id=n.ARTICLE, text="bilateral commission", kind="partial", status="proposed")
    assert ids(module_api, "/quotes?limit=1") == [f"/quotes/{made['id']}"], "only what is confirmed shows"
    assert ids(module_api, "/quotes?limit=1&status=proposed") == [f"/quotes/{hidden['id']}"]


def test_a_saved_search_can_be_followed(module_api):
    """The newest first, however well they fit; what else holds the words comes on top."""
    best = module_api.make("articles", headline="kestrel kestrel kestrel")["id"]
    other = module_api.make("articles", headline="x", body="a kestrel")["id"]
    feed = module_api.get("/articles?q=kestrel&format=atom")
    root = xml.etree.ElementTree.fromstring(feed.content)
    check_feed(root)
    assert [text(entry, "id").rpartition("/")[2] for entry in root.findall(A + "entry")] == [str(other), str(best)]
    assert "kestrel" in text(root, "title")
    newest = module_api.make("articles", headline="kestrels")["id"]
    root = xml.etree.ElementTree.fromstring(module_api.get("/articles?q=kestrel&format=atom&limit=1").content)
    assert text(root.find(A + "entry"), "id").endswith(f"/{newest}")
    following = links(root)["next"][0].removeprefix(module_api.base)
    root = xml.etree.ElementTree.fromstring(module_api.get(following).content)
    assert text(root.find(A + "entry"), "id").endswith(f"/{other}")


def test_a_feed_is_as_new_as_what_changed_last(module_api):
    """Which need not be its first entry."""
    changed = module_api.patch(f"/quotes/{n.AT[88]}", json={"cue": "said"}).json()
    feed = read(module_api, "/quotes?limit=200")
    assert text(feed.findall(A + "entry")[-1], "id").endswith(f"/quotes/{n.AT[88]}")
    assert text(feed, "updated") == changed["updated_at"]


def test_the_order_may_be_another(shared):
    assert ids(shared, "/quotes?limit=2&sort=id") == ["/quotes/1", "/quotes/2"]


@pytest.mark.parametrize("accept", [True, False])
def test_pages_follow_one_another(shared, accept):
    """As RFC 5005 has it: whoever follows `next`, with whatever Accept, sees each entry once."""
    path, seen = "/quotes?limit=4" + ("" if accept else "&format=atom"), []
    feed_ids = set()
    while path is not None:
        answer = shared.get(path, headers=ACCEPT if accept and not seen else {})
        feed = parsed(answer)
        seen += [text(entry, "id") for entry in feed.findall(A + "entry")]
        feed_ids.add(text(feed, "id"))
        address, type_ = links(feed).get("next", (None, "application/atom+xml"))
        assert type_ == "application/atom+xml"
        assert answer.headers.get("Link") == (f'<{address}>; rel="next"' if address else None)
        path = address and address.removeprefix(shared.base)
        if path:
            again = links(parsed(shared.get(path)))["self"][0]
            assert sorted(urllib.parse.parse_qsl(again.partition("?")[2])) == sorted(urllib.parse.parse_qsl(path.partition("?")[2]))
    assert seen == [f"{shared.base}/quotes/{id}" for id in range(15, 0, -1)]
    assert feed_ids == {f"{shared.base}/quotes?limit=4&format=atom"}


def test_a_cursor_is_good_for_its_own_order_alone(shared):
    of_feed = urllib.parse.urlsplit(links(read(shared, "/quotes?limit=2"))["next"][0]).query.partition("cursor=")[2]
    of_list = shared.read("/quotes?limit=2")["next"].partition("cursor=")[2]
    wrong = [("?cursor", "belongs to another list, other filters or another sort")]
    expect_problem(shared.get(f"/quotes?limit=2&cursor={of_feed}"), "bad-request", errors=wrong)
    expect_problem(shared.get(f"/quotes?limit=2&format=atom&cursor={of_list}"), "bad-request", errors=wrong)
    assert shared.ids(f"/quotes?limit=2&sort=-id&cursor={of_feed}") == [13, 12]


def test_fields_leave_out_what_they_do_not_name(shared):
    [entry] = entries_of(shared, "/articles?fields=-body")
    assert entry.find(A + "content") is None
    assert text(entry, "title") and entry.find(A + "author") is not None
    [entry] = entries_of(shared, f"/quotes?id={n.AT[88]}&fields=id&include=speaker.part_of,article")
    assert {child.tag for child in entry} == {A + name for name in ("id", "title", "updated", "link", "author")}


def test_an_empty_feed_stays_as_it_is(shared):
    path = "/quotes?speaker_id=4711"
    feed = read(shared, path)
    assert (feed.findall(A + "entry"), text(feed, "updated")) == ([], "1970-01-01T00:00:00Z")
    tag = shared.get(path, headers=ACCEPT).headers["ETag"]
    assert shared.get(path, headers={**ACCEPT, "If-None-Match": tag}).status_code == 304


def test_tags_and_forms(module_api):
    path = "/articles?format=atom"
    first = module_api.get(path)
    assert len(first.headers["ETag"]) == len('"0123456789abcdef"')
    assert "Accept" not in first.headers["Vary"].split(", ")
    assert module_api.get("/articles", headers=ACCEPT).headers["Vary"].startswith("Accept, ")
    assert module_api.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    head = module_api.head(path)
    assert all(head.headers[name] == first.headers[name] for name in ("ETag", "Content-Type", "Content-Length"))
    packed = module_api.get(path, headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["Content-Encoding"], packed.content) == ("gzip", first.content)
    module_api.make("articles", headline="News", body="n")
    changed = module_api.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert changed.status_code == 200 and text(parsed(changed), "updated") > text(parsed(first), "updated")


def test_a_list_of_nobody(shared):
    for path in ("/speakers/4711/quotes", "/events/4711/articles"):
        expect_problem(shared.get(path + "?format=atom"), "not-found")


@pytest.mark.own_server
def test_the_public_address_is_the_one_in_feeds(api_with):
    api = api_with(ONRECORD_PUBLIC_URL="https://record.example/api")
    feed = parsed(api.get("/quotes?limit=1&format=atom"))
    for address, _ in links(feed).values():
        assert address.startswith("https://record.example/api/quotes?limit=1")
    assert text(feed.find(A + "entry"), "id") == "https://record.example/api/quotes/15"


def test_else_it_is_the_host_that_was_asked(shared):
    answer = shared.get("/quotes?format=atom&limit=1", headers={"Host": "record.example"})
    assert text(parsed(answer), "id") == "http://record.example/quotes?limit=1&format=atom"
    expect_problem(shared.get("/quotes?format=atom", headers={"Host": 'a"b'}), "bad-request", errors=[("Host:", None)])
