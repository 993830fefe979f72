"""Requests that are wrong in every way, most of them sent byte by byte. The answer is always a problem that names the fault, and
the service goes on."""

import gzip
import json
import socket

import names as n
import pytest
from problems import expect_problem, places
from service import RawAnswer, raw, receive

pytestmark = pytest.mark.own_server  # a proxy in between may judge such requests by itself


def send(api, *lines, body=b""):
    """One request from its lines; the answer, whole."""
    data = b"\r\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\r\n\r\n" + body
    return RawAnswer(raw(api.base, data, read_all=False))


def expect_raw(answer, slug, status, errors=()):
    assert answer.status == status, (answer.status, answer.body)
    assert answer.headers["Content-Type"] == "application/problem+json"
    document = answer.json()
    assert document["type"] == f"urn:onrecord:problem:{slug}"
    assert document["status"] == status
    assert places(document) == sorted(errors), document
    return document


HOST = "Host: localhost"
JSON = "Content-Type: application/json"


@pytest.fixture(scope="module", autouse=True)
def still_alive(shared):
    yield
    assert shared.read(f"/sources/{n.MNTV}")["name"] == "MNTV"


# --- the target -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "target",
    ["/articles/%", "/articles/%2", "/articles/%zz", "/articles/1%00", "/%00", "/articles/%ff", "/articles/%c0%af",
     "/articles/%ed%a0%80", "/a\x7fb", "/a\x80", "/a\\b", "/a<b>", '/a"b', "/a^b", "/a|b", "articles"],
)  # fmt: skip
def test_paths_that_cannot_be_decoded(shared, target):
    answer = send(shared, b"GET " + target.encode("latin-1") + b" HTTP/1.1", HOST)
    expect_raw(answer, "bad-request", 400)


@pytest.mark.parametrize("target", ["/articles%2F1", "/articles/1%2Fquotes", "/%61rticles/", "/articles/%31", "/..", "/.",
                                    "/articles/../sources", "/articles//1", "/;", "/articles;x=1"])  # fmt: skip
def test_what_is_encoded_is_no_other_path(shared, target):
    answer = send(shared, f"GET {target} HTTP/1.1", HOST)
    assert answer.status in (404, 308), target
    assert answer.status == 404 or target == "/%61rticles/"


@pytest.mark.parametrize("query", ["kind=%", "kind=%2", "kind=%zz", "kind=%00", "kind=a%00b", "kind=%ff", "kind=%c0%80",
                                   "kind=%ed%a0%80", "kind=%f4%90%80%80", "%ff=1", "%00=1"])  # fmt: skip
def test_queries_that_cannot_be_decoded(shared, query):
    answer = send(shared, f"GET /quotes?{query} HTTP/1.1", HOST)
    expect_raw(answer, "bad-request", 400, ["?kind" if query.startswith("kind") else "?"])


def test_empty_parts_of_a_query_are_passed_over(shared):
    for query in ("", "&", "&&limit=1&", "limit=1&"):
        assert send(shared, f"GET /quotes?{query} HTTP/1.1", HOST).status == 200


def test_a_plus_is_a_space(shared):
    assert shared.ids("/speakers?name=Zamir+Kabulov") == [n.KABULOV]
    assert shared.ids("/speakers?name=Zamir%2BKabulov") == []


def test_the_whole_address_as_target(shared):
    assert send(shared, f"GET http://localhost/sources/{n.MNTV} HTTP/1.1", HOST).status == 200
    assert send(shared, "GET http://localhost HTTP/1.1", HOST).status == 200
    assert send(shared, "OPTIONS * HTTP/1.1", HOST).status == 204


@pytest.mark.parametrize("size", [4097, 5000, 16000])
def test_a_target_too_long(shared, size):
    for target in ("/" + "a" * (size - 1), "/quotes?cue=" + "a" * (size - 12)):
        expect_raw(send(shared, f"GET {target} HTTP/1.1", HOST), "uri-too-long", 414)


def test_a_target_just_short_enough(shared):
    target = "/quotes?cue=" + "a" * (4096 - 12)
    assert len(target) == 4096
    assert send(shared, f"GET {target} HTTP/1.1", HOST).status == 200


def test_a_target_of_64_kib(shared):
    assert RawAnswer(raw(shared.base, b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nHost: x\r\n\r\n")).status in (414, 431)


def test_sql_in_every_parameter(shared):
    for name in ("limit", "cursor", "sort", "fields", "include", "count", "offsets", "id", "kind", "said_on", "published_at",
                 "about_id", "speaker.organization_id", "confidence", "kind.in", "id.in", "said_on.gte"):  # fmt: skip
        for value in ("1'; DROP TABLE onrecord.quotes; --", "1 OR 1=1", "id) UNION SELECT hash FROM onrecord.api_keys --"):
            expect_problem(shared.get("/quotes", params={name: value}), "bad-request", errors=[(f"?{name}", None)])
    answer = shared.get("/quotes", params={"id; DROP TABLE onrecord.quotes": "1"})
    expect_problem(answer, "bad-request", errors=[("?id; DROP TABLE onrecord.quotes", None)])


# --- headers ----------------------------------------------------------------------------------------------------------


def test_a_host_is_needed_and_one(shared):
    expect_raw(send(shared, "GET / HTTP/1.1"), "bad-request", 400, ["Host:"])
    expect_raw(send(shared, "GET / HTTP/1.1", HOST, "Host: b"), "bad-request", 400, ["Host:"])
    assert send(shared, "GET / HTTP/1.0").status == 200


@pytest.mark.parametrize(
    "lines, place",
    [
        (["Content-Length: 2", "Content-Length: 2"], "Content-Length:"),
        (["Content-Length: 2", "Content-Length: 3"], "Content-Length:"),
        (["Content-Length: 2, 2"], "Content-Length:"),
        (["Content-Length: -1"], "Content-Length:"),
        (["Content-Length: +2"], "Content-Length:"),
        (["Content-Length: 0x2"], "Content-Length:"),
        (["Content-Length: 2", "Transfer-Encoding: chunked"], "Content-Length:"),
        (["Transfer-Encoding: gzip, chunked"], "Transfer-Encoding:"),
        (["Transfer-Encoding: identity"], "Transfer-Encoding:"),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], "Transfer-Encoding:"),
        (["Content-Length: 2", "Expect: 200-ok"], "Expect:"),
        (["Expect: 100-continue"], "Expect:"),
        (["Content-Length: 0", "Expect: 100-continue"], "Expect:"),
    ],
)
def test_bodies_whose_length_is_in_doubt(shared, lines, place):
    data = "\r\n".join(["POST /sources HTTP/1.1", HOST, JSON, *lines, "", "{}"]).encode()
    answer = RawAnswer(raw(shared.base, data))
    assert answer.status == 400
    if answer.headers.get("Content-Type") == "application/problem+json":  # else the HTTP library's own, which could not parse it
        assert place in places(answer.json())
    assert answer.headers.get("Connection", "").lower() == "close"


@pytest.mark.parametrize("line", [b"Bad Name: x", b"Na(me: x", b"X-Y : z", b": x", b"X: a\x00b", b"X: a\x01b", b"X: a\x7fb",
                                  b" folded: x", b"NoColon"])  # fmt: skip
def test_header_lines_that_are_none(shared, line):
    answer = send(shared, "GET /sources HTTP/1.1", HOST, line)
    assert answer.status == 400


@pytest.mark.parametrize("host", ["a b", "a/c@", "user@x", "x:", "x:y", '"', ""])
def test_hosts_that_are_none(shared, host):
    expect_raw(send(shared, "GET /livez HTTP/1.1", f"Host: {host}"), "bad-request", 400, ["Host:"])


@pytest.mark.parametrize("line", [b"GET\x00X /livez HTTP/1.1", b"GET /livez\x00/x HTTP/1.1", b"GET /quotes?limit=1\x00&fields=zzz HTTP/1.1",
                                  b"GET\x00 /livez HTTP/1.1", b"GET /livez\x00 HTTP/1.1", b"GET /quotes?q=a\x01b HTTP/1.1",
                                  b"GET /quotes/?q=a\x7f HTTP/1.1", b"GET /quotes?q=a b HTTP/1.1"])  # fmt: skip
def test_request_lines_that_two_servers_would_read_in_two_ways(shared, line):
    assert RawAnswer(raw(shared.base, line + b"\r\nHost: x\r\n\r\n", timeout=3)).status == 400


SMUGGLED = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("body", [
    b"2\r\n{}\r\n0\r\n\r\n", b"2\r\n{}\r\n0\r\nA: b\r\n:\r\n", b"2\r\n{}\r\n0\r\nA: b\n\n", b"2;\nab\r\n0\r\n\r\n", b"2\n{}\r\n0\r\n\r\n",
    b"2\r\n{}\n0\r\n\r\n", b"2\r\n{}\r\n0\n\n", b"0;a\n\r\n", b"2\r\n{}\r\n0\r\nA: b\r\n c\r\n\r\n", b"2\r\n{}\r\n0\r\nA: \x00\r\n\r\n",
])  # fmt: skip
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_nothing_is_read_behind_a_chunked_body(shared, body, version):
    """Where it ends, servers do not agree: RFC 9112, sections 7.1 and 11.2."""
    head = [f"POST /sources?dry_run=true {version}", HOST, JSON, "Connection: keep-alive", "Transfer-Encoding: chunked"]
    got = raw(shared.base, "\r\n".join([*head, "", ""]).encode() + body + SMUGGLED, timeout=3)
    assert got.count(b"HTTP/1.1 ") == 1 and b'"ok"' not in got, got
    answer = RawAnswer(got)
    assert answer.status >= 400 and answer.headers["Connection"].lower() == "close"
    assert version == "HTTP/1.1" or answer.status == 400


def test_a_head_that_leaves_no_room_for_an_answer(api):
    """It is refused before anything is done."""
    for size in (9000, 10200, 11000, 14000, 15600, 15700, 15800):
        answer = RawAnswer(raw(api.base, "\r\n".join([
            "POST /sources HTTP/1.1", HOST, JSON, f"Authorization: Bearer {api.keys.write}", "X: " + "a" * size, "Connection: close",
            "Content-Length: 17", "", '{"name": "Roomy"}']).encode()))  # fmt: skip
        assert answer.status in ([201] if size < 10000 else [431] if size < 12000 else [431, None]), size
        assert api.read("/sources?name=Roomy&count=exact")["total"] == 1
    many = [f"a{n}: " for n in range(200)]
    expect_raw(send(api, "GET /sources HTTP/1.1", HOST, *many), "head-too-large", 431)
    long = "/quotes?cue=" + "a" * 4000
    assert send(api, f"GET {long} HTTP/1.1", HOST, "X: " + "a" * 5500).status == 200


def test_headers_of_64_kib(shared):
    for lines in ([b"X: " + b"a" * 65536], [b"X%d: %s" % (i, b"a" * 100) for i in range(640)]):
        answer = RawAnswer(raw(shared.base, b"\r\n".join([b"GET / HTTP/1.1", b"Host: x", *lines]) + b"\r\n\r\n"))
        assert answer.status in (400, 413, 431)


@pytest.mark.parametrize("method", ["FOO", "get", "TRACE", "CONNECT", "PROPFIND", "G" * 100])
def test_unknown_methods(shared, method):
    answer = send(shared, f"{method} /sources HTTP/1.1", HOST)
    expect_raw(answer, "method-not-allowed", 405)
    assert answer.headers["Allow"] == "GET, HEAD, POST, OPTIONS"


@pytest.mark.parametrize("line", [b"", b"GET", b"GET /", b"GET / HTTP", b"GET / HTTP/9.9", b"/ HTTP/1.1", b"\x16\x03\x01\x02",
                                  b"GET  /  HTTP/1.1", b"\x00" * 100])  # fmt: skip
def test_lines_that_are_no_request(shared, line):
    data = raw(shared.base, line + b"\r\n\r\n\r\n", read_all=True, timeout=3)
    assert data == b"" or RawAnswer(data).status in (400, 404, 405, 505), data


def test_change_headers(shared):
    long = "x" * 501
    answer = shared.post("/sources", json={}, headers={"Change-Actor": long, "Change-Reason": long})
    expect_problem(
        answer,
        "bad-request",
        errors=[("Change-Actor:", "may have 500 characters at most"), ("Change-Reason:", "may have 500 characters at most")],
    )
    answer = send(shared, "POST /sources HTTP/1.1", HOST, JSON, f"Authorization: Bearer {shared.keys.write}",
                  b"Change-Actor: \xff", "Content-Length: 2", body=b"{}")  # fmt: skip
    expect_raw(answer, "bad-request", 400, ["Change-Actor:"])


# --- bodies -----------------------------------------------------------------------------------------------------------


def post(api, body, kind="application/json", **headers):
    return api.post("/sources", data=body, headers={"Content-Type": kind, **headers})


@pytest.mark.parametrize(
    "body, word",
    [
        (b"{", "line 1"),
        (b"{}{}", "line 1"),
        (b'{"name": "a",}', "line 1"),
        (b'{"name": \'a\'}', "line 1"),
        (b'\n\n{"name": nope}', "line 3"),
        (b"NaN", "not valid JSON"),
        (b'{"name": Infinity}', "not valid JSON"),
        (b'{"name": "a", "name": "b"}', "name"),
        (b'{"extra": {"a": {"b": 1, "b": 2}}}', "b"),
        (b'{"name": "a\x01b"}', "not valid JSON"),
        (b'{"name": "\\u0000"}', "not valid JSON"),
        (b'{"name": "\\ud800"}', "not valid JSON"),
        (b'{"name": "\\udc00\\ud800"}', "not valid JSON"),
        (b'{"name": "\xff"}', "UTF-8"),
        (b'{"name": "\xc0\xaf"}', "UTF-8"),
        (b'{"name": "\xed\xa0\x80"}', "UTF-8"),
        (b'{"name": "\xf4\x90\x80\x80"}', "UTF-8"),
        (b'\xef\xbb\xbf{"name": "a"}', "byte order mark"),
        (b'{"name": "a", "extra": {"n": 9223372036854775808}}', "not valid JSON"),
        (b'{"name": "a", "extra": {"n": -9223372036854775809}}', "not valid JSON"),
        (b'{"name": "a", "extra": {"n": 1e400}}', "not valid JSON"),
        (b'{"name": "a", "extra": {"n": 01}}', "not valid JSON"),
        (b'{"name": "a", "extra": {"n": +1}}', "not valid JSON"),
        (b"[" * 10000, "64 levels"),
        (b'{"extra":' * 10000, "64 levels"),
        (b'{"extra": {"a": ' + b"[" * 63 + b"]" * 63 + b"}}", "64 levels"),
        ("{\"name\": \"é\"}".encode("utf-16"), "UTF-8"),
        (gzip.compress(b"{}"), "UTF-8"),
    ],
)  # fmt: skip
def test_bodies_that_are_no_json(shared, body, word):
    document = expect_problem(post(shared, body), "bad-request")
    assert word in document["detail"], document


def test_depth_up_to_the_bound(api):
    deep = json.loads('{"a": ' * 61 + "1" + "}" * 61)
    assert api.make("sources", name="Deep", extra=deep)["extra"] == deep


@pytest.mark.parametrize("number", ["1.0", "1e0", "-1", "0", "1.5", "9007199254740992", "1e300", "true", '"1"'])
def test_ids_in_bodies(shared, number):
    answer = shared.post("/speakers", data='{"name": "n", "part_of_id": %s}' % number,
                         headers={"Content-Type": "application/json"})  # fmt: skip
    expect_problem(answer, "invalid", errors=[("/part_of_id", "must be a whole number from 1 to 9007199254740991")])


def test_gzip_sent_to_us(shared):
    answer = post(shared, gzip.compress(b'{"name": "a"}'), **{"Content-Encoding": "gzip"})
    expect_problem(answer, "unsupported-type", errors=[("Content-Encoding:", None)])
    assert answer.headers["Accept-Encoding"] == "identity"


def test_chunked_bodies(api):
    head = f"POST /sources HTTP/1.1\r\n{HOST}\r\n{JSON}\r\nAuthorization: Bearer {api.keys.write}\r\nTransfer-Encoding: chunked\r\n\r\n"
    good = RawAnswer(raw(api.base, head.encode() + b'4\r\n{"na\r\na\r\nme": "Ch"}\r\n0\r\n\r\n',
                         read_all=False))  # fmt: skip
    assert good.status == 201 and good.json()["name"] == "Ch"
    api.made.append(good.headers["Location"])
    for broken in (b"x\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"2\r\n{}}}\r\n0\r\n\r\n", b"fffffffffffffffffff\r\n{}"):
        data = raw(api.base, head.encode() + broken, timeout=3)
        assert data == b"" or RawAnswer(data).status in (400, 413), data


def test_a_body_over_the_limit(api_with):
    api = api_with(ONRECORD_BODY_MAX="2000")
    exact = json.dumps({"name": "a", "description": "d" * 1968}).encode()
    assert len(exact) == 2000
    assert post(api, exact).status_code == 201
    expect_problem(post(api, exact + b" "), "too-large", "The body may have 2000 bytes at most.")
    assert api.read("/sources?limit=1")  # on the same connection

    def parts():
        for _ in range(100):
            yield b" " * 1000

    expect_problem(post(api, parts()), "too-large", "The body may have 2000 bytes at most.")


def test_a_body_over_the_limit_by_far(shared):
    head = [f"POST /sources HTTP/1.1", HOST, JSON, f"Authorization: Bearer {shared.keys.write}", "Content-Length: 99999999999"]
    expect_raw(send(shared, *head), "too-large", 413)
    expect_raw(send(shared, *head, body=b"x" * 100000), "too-large", 413)


def test_expect_100_continue(api):
    head = ["POST /sources HTTP/1.1", HOST, JSON, f"Authorization: Bearer {api.keys.write}", "Expect: 100-continue"]
    expect_raw(send(api, *head, "Content-Length: 99999999999"), "too-large", 413)
    expect_raw(send(api, *[line for line in head if "Bearer" not in line], "Content-Length: 14"), "unauthorized", 401)
    host, port = api.base.removeprefix("http://").split(":")
    body = b'{"name": "Ex"}'
    with socket.create_connection((host, int(port)), 5) as connection:
        connection.sendall("\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        connection.sendall(body)
        answer = RawAnswer(receive(connection, read_all=False))
    assert answer.status == 201
    api.made.append(answer.headers["Location"])


def test_refused_before_its_body_the_connection_goes_on(shared):
    # The body of a refused request is read to its end, so that the next request is found where it begins.
    with_body = f"POST /sources HTTP/1.1\r\n{HOST}\r\n{JSON}\r\nContent-Length: 1000\r\n\r\n".encode() + b"x" * 1000
    data = raw(shared.base, with_body + b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert data.startswith(b"HTTP/1.1 401 ") and b"HTTP/1.1 200 " in data


def test_several_requests_at_once_are_answered_in_order(shared):
    data = b"".join(b"GET /speakers/%d?fields=id HTTP/1.1\r\nHost: x\r\n\r\n" % id for id in range(1, 11))
    data += b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    got = raw(shared.base, data)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in got.split(b"HTTP/1.1 ")[1:]]
    assert bodies[:10] == [b'{"id":%d}' % id for id in range(1, 11)]


def test_a_client_that_leaves_in_between(shared):
    host, port = shared.base.removeprefix("http://").split(":")
    for data in (b"GET /quotes", b"GET /quotes HTTP/1.1\r\nHost: x\r\n", b"GET /quotes?limit=200 HTTP/1.1\r\nHost: x\r\n\r\n",
                 f"POST /sources HTTP/1.1\r\n{HOST}\r\n{JSON}\r\nContent-Length: 1000\r\n\r\n{{".encode()):  # fmt: skip
        for _ in range(20):
            with socket.create_connection((host, int(port)), 5) as connection:
                connection.sendall(data)


def test_nothing_of_the_database_is_told(shared):
    seen = []
    for answer in (
        shared.post("/quotes", json={"article_id": 4711, "text": "t", "kind": "indirect"}),
        shared.delete(f"/articles/{n.ARTICLE}"),
        shared.get("/quotes?id=x"),
        shared.post("/speakers", json={"name": "n", "affiliations": [{"organization_id": 4711}]}),
    ):
        assert 400 <= answer.status_code < 500
        seen.append(answer.text)
    for word in ("onrecord.", "_fkey", "_key", "_check", "SQL", "constraint", "relation ", "postgres", "pg_"):
        assert not any(word in text for text in seen), word
