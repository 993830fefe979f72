"""Answers that are kept and given again: when, to whom, and when not any more. test_cache_model.py in tests/faults looks for
stale ones."""

import re
import socket
import time

import pytest
import service

pytestmark = pytest.mark.own_server
HIT, MISS, STALE, AROUND = "hit", "fwd=uri-miss", "fwd=stale", "fwd=request"


def said(answer):
    """What Cache-Status says, without the name of who says it."""
    name, word, *stored = answer.headers["Cache-Status"].split("; ")
    assert name == "OnRecord" and stored in ([], ["stored"])
    return word


def warm(api, path, **more):
    """Reads until the answer is a kept one: the first look at the log of changes takes a moment. The hit."""
    found = []

    def hit():
        found.append(api.get(path, **more))
        return said(found[-1]) == HIT

    service.until(hit, 5, f"a hit of {path}")
    return found[-1]


@pytest.fixture
def one(api_with):
    """A server of one worker: each has a cache of its own."""
    return api_with(ONRECORD_WORKERS="1")


def test_the_second_time_it_is_the_kept_answer(one):
    first = one.get("/quotes/1?include=speaker,article")
    assert first.headers["Cache-Status"] == "OnRecord; fwd=uri-miss; stored"
    again = warm(one, "/quotes/1?include=speaker,article")
    assert again.headers["Cache-Status"] == "OnRecord; hit"
    assert again.content == first.content
    ours = ("ETag", "Vary", "Content-Type", "Cache-Control", "X-Content-Type-Options", "Content-Length")
    assert [again.headers[name] for name in ours] == [first.headers[name] for name in ours]


@pytest.mark.parametrize("path", [
    "/quotes", "/quotes?speaker_id=1&include=speaker", "/articles/1", "/articles/1/quotes", "/speakers?q=kabul",
    "/speakers/1?include=quotes,articles", "/search?q=taliban", "/quotes?q=ambassador&sort=-said_on", "/stats/speakers",
    "/stats/sources", "/stats/timeline?interval=month", "/quotes?format=atom", "/quotes/1?format=jsonld", "/events?count=exact",
])  # fmt: skip
def test_each_kind_of_read_is_kept(one, path):
    made = one.get(path)
    kept = warm(one, path)
    assert kept.content == made.content
    assert kept.headers.get("Link") == made.headers.get("Link")


@pytest.mark.parametrize("path", ["/changes", "/speakers/duplicates", "/quotes/1/revisions", "/quotes?format=csv", "/livez", "/"])
def test_what_is_not_kept_says_nothing_of_a_cache(one, path):
    for _ in range(2):
        assert "Cache-Status" not in one.get(path).headers


def test_what_is_not_there_is_not_kept(one):
    for _ in range(3):
        answer = one.get("/quotes/9999")
        assert answer.status_code == 404
        assert answer.headers["Cache-Status"] == "OnRecord; fwd=uri-miss"
    assert one.get("/quotes?nonsense=1").headers["Cache-Status"] == "OnRecord; fwd=uri-miss"


@pytest.mark.parametrize(
    "value", ["no-cache", "max-age=0", "no-store", "Max-Age=0, stale-ok", "x, NO-CACHE", 'max-age="0"', "max-age=000"])  # fmt: skip
def test_who_wants_it_made_anew_gets_it_so(one, value):
    """`request` is said where there was a kept answer to be had (RFC 9211, section 2.2)."""
    anew = {"Cache-Control": value}
    for _ in range(2):
        assert one.get("/quotes/1", headers=anew).headers["Cache-Status"] == "OnRecord; fwd=uri-miss"
    warm(one, "/quotes/1")
    assert one.get("/quotes/1", headers=anew).headers["Cache-Status"] == "OnRecord; fwd=request"
    assert said(one.get("/quotes/1", headers={"Cache-Control": "max-age=60, only-if-cached"})) == HIT
    one.patch("/quotes/1", json={"extra": {"a": 1}})
    assert one.get("/quotes/1", headers=anew).headers["Cache-Status"] == "OnRecord; fwd=stale"


@pytest.mark.parametrize("value", ["max-age=10", "max-age=01", "max-age=", "max-age", "no-cached", "s-maxage=0", '"no-cache"'])
def test_what_does_not_ask_for_that(one, value):
    warm(one, "/quotes/1")
    assert said(one.get("/quotes/1", headers={"Cache-Control": value})) == HIT


@pytest.mark.parametrize("cached", ["0", "8"])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_a_304_says_nothing_of_a_body(api_with, cached, coding):
    """Some clients would wait for one of that length, although there is none."""
    api = api_with(ONRECORD_WORKERS="1", ONRECORD_CACHE_MB=cached)
    path, accepts = "/quotes?include=article", {"Accept-Encoding": coding}
    for _ in range(3):
        whole = api.get(path, headers=accepts)
        assert whole.headers.get("Content-Encoding", "identity") == coding
        for tag in (whole.headers["ETag"], api.get(path, headers={"Accept-Encoding": "gzip"}).headers["ETag"], "*"):
            same = api.get(path, headers={**accepts, "If-None-Match": tag})
            assert (same.status_code, same.content, same.headers["Content-Length"]) == (304, b"", "0")
            assert "Content-Encoding" not in same.headers and "Content-Type" not in same.headers
            assert api.get("/sources/1").status_code == 200
        time.sleep(0.3)


@pytest.mark.parametrize("slow", [("GET /sources/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n", "\r\n"),
                                  ("GET /sources/1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n\r\nab", "cde")])  # fmt: skip
def test_a_request_that_comes_slowly_is_as_old_as_its_end(one, slow):
    """Nobody else asks meanwhile, so that nobody looks at what others have changed."""
    warm(one, "/sources/1")
    host, port = one.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as client:
        client.sendall(slow[0].encode())
        time.sleep(4)
        one.psql("UPDATE onrecord.sources SET country = 'NO' WHERE id = 1")
        time.sleep(0.5)
        client.sendall(slow[1].encode())
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert b'"country":"NO"' in answer, answer


def test_a_kept_answer_is_fitted_to_each_client(one):
    path = "/quotes?include=article"
    plain = warm(one, path)
    for _ in range(2):  # the first makes the gzip form, the second gets it
        packed = one.get(path, headers={"Accept-Encoding": "gzip"})
        assert packed.headers["Content-Encoding"] == "gzip" and said(packed) == HIT
        assert packed.headers["ETag"] == plain.headers["ETag"][:-1] + '-gzip"'
        assert packed.content == plain.content
    for _ in range(2):
        for tag in (plain.headers["ETag"], packed.headers["ETag"]):
            same = one.get(path, headers={"If-None-Match": tag})
            assert (same.status_code, same.headers["ETag"], said(same)) == (304, tag, HIT)
        page = one.get(path, headers={"Origin": "http://localhost:5173"})
        assert page.headers["Access-Control-Allow-Origin"] == "http://localhost:5173" and said(page) == HIT
        assert "Access-Control-Allow-Origin" not in one.get(path).headers
        head = one.head(path)
        assert (head.content, head.headers["Content-Length"], said(head)) == (b"", str(len(plain.content)), HIT)
        assert one.get(path).content == plain.content


def test_representations_are_kept_apart(one):
    json = warm(one, "/quotes/1")
    linked = warm(one, "/quotes/1", headers={"Accept": "application/ld+json"})
    assert linked.headers["Content-Type"] == "application/ld+json" != json.headers["Content-Type"]
    assert warm(one, "/quotes/1").content == json.content
    port = one.base.rsplit(":", 1)[1]
    other = warm(one, "/quotes/1", headers={"Accept": "application/ld+json", "Host": f"other.example:{port}"})
    assert f"http://other.example:{port}/quotes/1" in other.text
    assert "other.example" not in warm(one, "/quotes/1", headers={"Accept": "application/ld+json"}).text


def test_who_writes_reads_it_on_every_worker(api_with):
    api = api_with(ONRECORD_WORKERS="4")
    others = [service.Api(api.base, api.keys) for _ in range(8)]  # connections are dealt out in turn
    for n in range(10):
        for other in others:
            other.get("/quotes/1")
            other.get("/articles/1/quotes")
        version = api.patch("/quotes/1", json={"extra": {"n": n}}).json()["version"]
        for other in others:
            assert other.read("/quotes/1")["version"] == version
            assert version in [quote["version"] for quote in other.read("/articles/1/quotes")["items"]]


def spans(quote):
    return [(span["start"], span["end"]) for span in quote["spans"]]


def test_a_write_touches_more_than_its_own_record(one):
    """A change of the article's body moves its quotes; a merge, whoever referred to the merged one."""
    quote = one.read("/quotes/1?include=article")
    body = one.read("/articles/1")["body"]
    warm(one, "/quotes/1")
    warm(one, "/quotes/1?offsets=utf16")
    one.patch("/articles/1", json={"body": "\U0001f4f0 " + body})
    assert spans(one.read("/quotes/1")) == [(a + 2, b + 2) for a, b in spans(quote)]
    assert spans(one.read("/quotes/1?offsets=utf16")) == [(a + 3, b + 3) for a, b in spans(quote)]

    made = one.make("speakers", name="Twice Named", kind="person")
    moved = one.make("quotes", article_id=1, text=quote["text"], kind="direct", speaker_id=made["id"])
    warm(one, f"/quotes/{moved['id']}")
    warm(one, f"/speakers/{made['id']}")
    warm(one, "/quotes?speaker_id=1")
    one.post(f"/speakers/{made['id']}/merge", json={"into": 1})
    assert one.read(f"/quotes/{moved['id']}")["speaker_id"] == 1
    assert one.get(f"/speakers/{made['id']}").status_code == 308
    assert moved["id"] in one.ids("/quotes?speaker_id=1&limit=200")


def test_what_others_commit_is_seen_within_a_quarter_of_a_second(one):
    other = service.Server(one.cluster.url(one.database), {"ONRECORD_WORKERS": "1"})
    try:
        there = service.Api(other.base, one.keys)
        for n in range(5):
            for path in ("/sources/1", "/sources"):
                warm(one, path)
                warm(there, path)
            if n % 2:
                one.psql(f"UPDATE onrecord.sources SET extra = jsonb_build_object('n', {n}) WHERE id = 1")
            else:
                there.patch("/sources/1", json={"extra": {"n": n}})
            time.sleep(0.25)
            for api in (one, there):
                assert api.read("/sources/1")["extra"] == {"n": n}
                assert api.read("/sources")["items"][0]["extra"] == {"n": n}
    finally:
        other.stop()


def test_what_touches_nothing_of_it_leaves_it(one):
    """A record's answer stands whatever becomes of others; a list's, of other resources."""
    paths = ("/quotes/1", "/sources", "/sources/1")
    for path in paths:
        warm(one, path)

    def all_stand():  # but where a look came too late
        one.patch("/quotes/2", json={"extra": {"at": time.monotonic()}})
        time.sleep(0.2)  # told of by the log, too
        return [said(one.get(path)) for path in paths] == [HIT] * 3

    service.until(all_stand, 5, "hits of all")


def counters(api):
    text = api.get("/metrics").text
    return {name: int(value) for name, value in re.findall(r"^onrecord_cache_(\w+?)(?:_total)? (\d+)$", text, re.M)}


def test_metrics_count_what_the_cache_does(one):
    warm(one, "/quotes/1")
    before = counters(one)
    one.get("/quotes/1")
    one.get("/quotes/1", headers={"Cache-Control": "no-cache"})
    one.get("/quotes/2")
    one.patch("/quotes/1", json={"extra": {"a": 1}})
    one.get("/quotes/1")
    after = counters(one)
    assert {name: after[name] - before[name] for name in ("hits", "misses", "stale", "around")} == {
        "hits": 1, "misses": 1, "stale": 1, "around": 1}  # fmt: skip
    service.until(lambda: counters(one)["entries"] == 2 and counters(one)["bytes"] > 2000, 5, "two that are kept")


def test_it_is_bounded_and_the_least_used_go(api_with):
    api = api_with(ONRECORD_WORKERS="1", ONRECORD_CACHE_MB="1")
    warm(api, "/quotes/1")
    for n in range(1500):
        api.get(f"/quotes?limit={n % 200 + 1}&id.gte={n // 200}")
        if n % 20 == 0:
            api.get("/quotes/1")
    assert said(api.get("/quotes/1")) in (HIT, STALE)
    service.until(lambda: counters(api)["evicted"] > 100, 5, "answers that made room")
    assert counters(api)["bytes"] <= 1024 * 1024
    assert said(api.get("/quotes?limit=1&id.gte=0")) == MISS


@pytest.mark.parametrize("settings", [{"ONRECORD_CACHE_MB": "0"}, {"ONRECORD_READS": "key"}])
def test_nothing_is_kept_where_it_is_off_or_reading_needs_a_key(api_with, settings):
    api = api_with(**settings)
    for _ in range(3):
        answer = api.get("/quotes/1", key=api.keys.read)
        assert answer.status_code == 200
        assert "Cache-Status" not in answer.headers
    api.patch("/quotes/1", json={"extra": {"a": 1}})
    assert counters(api)["hits"] == counters(api)["entries"] == 0


def test_a_purged_record_is_gone_from_the_cache(one):
    made = one.make("speakers", name="To Be Erased", kind="person")
    warm(one, f"/speakers/{made['id']}")
    warm(one, "/speakers?q=erased")
    one.delete(f"/speakers/{made['id']}?purge=true", key=one.keys.admin)
    assert one.get(f"/speakers/{made['id']}").status_code == 410
    assert one.read("/speakers?q=erased")["items"] == []


def test_a_key_that_is_none_is_refused_whatever_is_kept(one):
    warm(one, "/quotes/1")
    assert one.get("/quotes/1", key="onr_" + "x" * 43).status_code == 401
    assert said(one.get("/quotes/1", key=one.keys.read)) == HIT
