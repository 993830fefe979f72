"""Idempotency-Key: a POST that is sent again is not done again, and gets the answer that it got, or would have got."""

import itertools
import time

import pytest
import service
from problems import expect_problem

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
keys = itertools.count(1)


@pytest.fixture
def api(module_api):
    """One server for all of this file: each test has keys and names of its own."""
    return module_api


@pytest.fixture
def key():
    return f"order of the day, no. {next(keys)}"


def post(api, key, path="/sources", **more):
    return api.post(path, headers={HEADER: key}, **more)


def answer_of(answer):
    """All that the second answer has in common with the first."""
    kept = ("Content-Type", "ETag", "Location", "Content-Length")
    return answer.status_code, answer.text, {name: answer.headers.get(name) for name in kept}


def repeated(api, key, path="/sources", **more):
    """Sends a request twice; its answer, which was the same."""
    first = post(api, key, path, **more)
    assert first.status_code == 201, first.text
    assert REPLAYED not in first.headers
    again = post(api, key, path, **more)
    assert answer_of(again) == answer_of(first)
    assert again.headers[REPLAYED] == "true"
    return first


def test_the_same_request_gets_the_same_answer(api, key):
    first = repeated(api, key, json={"name": "The Daily Repeat", "country": "NL"})
    assert first.headers["Location"] == f"/sources/{first.json()['id']}"
    assert first.headers["ETag"] == '"1"'
    assert len(api.ids("/sources?name=The Daily Repeat")) == 1


@pytest.mark.parametrize(
    "resource, body",
    [
        ("sources", {"name": "Full Source", "url": "https://full.example", "description": "d", "extra": {"a": [1.5, None]}}),
        ("articles", {"headline": "Full “Article”", "body": "It said:\n“yes”. 😀\t\\ \"", "source_id": {"name": "MNTV"},
                      "keywords": ["a", 'b "c"', "d,e"], "published_at": "2025-05-01T10:00:00.123456Z",
                      "via": [{"source_id": 1, "as_printed": "MNTV"}], "mentions": [{"speaker_id": 1, "as_printed": "x", "role": None}]}),
        ("speakers", {"name": "Full Speaker", "aliases": ["F. Speaker"], "same_as": ["https://www.wikidata.org/entity/Q1"],
                      "affiliations": [{"organization_id": 5, "role": "r", "start_date": "2025", "end_date": None, "article_id": 1}]}),
        ("quotes", {"article_id": 1, "text": "growing ties", "kind": "partial", "about_ids": [5], "said_on": "2025-05",
                    "confidence": 0.1, "relayed_by": {"speaker_id": 12, "as_printed": "Z", "role": None, "cue": None}}),
        ("events", {"name": "Full Event", "kind": "visit", "starts_on": "2025-05", "article_ids": [1],
                    "participants": [{"speaker_id": 5, "role": None}]}),
    ],
)  # fmt: skip
def test_every_resource_from_the_record_and_from_its_revision(api, key, resource, body):
    """Whatever became of the record since, the answer shows it as it was when it was made."""
    first = repeated(api, key, f"/{resource}", json=body)
    path = first.headers["Location"]
    assert api.patch(path, json={"external_id": f"changed {resource}"}).status_code == 200
    again = post(api, key, f"/{resource}", json=body)
    assert answer_of(again) == answer_of(first)
    assert api.delete(path).status_code == 204
    again = post(api, key, f"/{resource}", json=body)
    assert answer_of(again) == answer_of(first)
    assert api.get(path).status_code == 410


def again(api, key, path, **more):
    """What is done once: its answer, which the second one gets too."""
    first = post(api, key, path, **more)
    assert first.status_code in (200, 204), first.text
    assert REPLAYED not in first.headers
    second = post(api, key, path, **more)
    assert answer_of(second) == answer_of(first)
    assert second.headers[REPLAYED] == "true"
    assert second.headers.get("Content-Location") == first.headers.get("Content-Location")
    return first


@pytest.mark.parametrize("body", [None, {"version": 1}])
def test_a_restore_of_what_was_deleted(api, key, body):
    article = api.make("articles", headline="h", body="one, two")
    quote = api.make("quotes", article_id=article["id"], text="two")
    path = f"/articles/{article['id']}"
    assert api.delete(f"{path}?cascade=true").status_code == 204
    first = again(api, key, f"{path}/restore", json=body)
    assert [other["id"] for other in first.json()["returned" if body is None else "left"]] == [quote["id"]]
    assert api.delete(f"{path}?cascade=true").status_code == 204
    assert answer_of(post(api, key, f"{path}/restore", json=body)) == answer_of(first)
    assert api.get(path).status_code == 410, "it is not restored once more"


def test_a_restore_of_what_is_there(api, key):
    path = f"/sources/{api.make('sources', name=key)['id']}"
    api.patch(path, json={"name": f"{key} later"})
    first = again(api, key, f"{path}/restore", json={"version": 1})
    assert (first.json()["name"], first.json()["version"]) == (key, 3)
    other = f"{key} and as it is"
    unchanged = again(api, other, f"{path}/restore", json={"version": 1})
    assert unchanged.json() == first.json()
    api.patch(path, json={"name": f"{key} last"})
    for used in (key, other):
        assert post(api, used, f"{path}/restore", json={"version": 1}).json() == first.json()
    assert api.read(path)["name"] == f"{key} last"


def test_a_merge_and_an_unmerge(api, key):
    one, other = (api.make("speakers", name=f"{key} {i}")["id"] for i in range(2))
    merged = again(api, key, f"/speakers/{other}/merge", json={"into": one})
    assert merged.headers["Content-Location"] == f"/speakers/{one}"
    back = again(api, key, f"/speakers/{other}/unmerge")
    assert (back.json()["id"], back.headers["Content-Location"]) == (other, f"/speakers/{other}")
    assert answer_of(post(api, key, f"/speakers/{other}/merge", json={"into": one})) == answer_of(merged)
    assert api.read(f"/speakers/{other}")["name"] == f"{key} 1", "it is not merged once more"


def test_two_that_are_distinct(api, key):
    one, other = (api.make("speakers", name=key)["id"] for _ in range(2))
    assert again(api, key, f"/speakers/{one}/distinct", json={"from": other}).status_code == 204
    assert api.psql(f"SELECT count(*) FROM onrecord.speaker_distinctions WHERE low_id = {one}") == [["1"]]


@pytest.mark.parametrize("path, body", [("merge", {"into": 999999}), ("unmerge", None), ("distinct", {"from": 999999}),
                                        ("restore", {"version": 7})])  # fmt: skip
def test_what_is_refused_of_them_is_not_kept(api, key, path, body):
    id = api.make("speakers", name=key)["id"]
    answers = [post(api, key, f"/speakers/{id}/{path}", json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [409 if path == "unmerge" else 422] * 2
    assert api.psql(f"SELECT count(*) FROM onrecord.answers WHERE key = '{key}'") == [["0"]]


def test_offsets_are_those_that_were_asked_for(api, key):
    article = api.make("articles", headline="h", body="😀 and so on")["id"]
    body = {"article_id": article, "text": "so on"}
    quote = repeated(api, key, "/quotes?offsets=utf16", json=body)
    assert quote.json()["spans"] == [{"start": 7, "end": 12}]
    answer = post(api, key, "/quotes", json=body)
    assert answer.status_code == 422, "another query is another request"


def test_what_it_refers_to_may_be_gone(api, key):
    """The answer is looked for before the request is looked at."""
    source = api.make("sources", name="Soon Gone")
    body = {"headline": "h", "source_id": {"name": "Soon Gone"}}
    first = repeated(api, key, "/articles", json=body)
    assert api.patch(first.headers["Location"], json={"source_id": None}).status_code == 200
    assert api.delete(f"/sources/{source['id']}").status_code == 204
    assert answer_of(post(api, key, "/articles", json=body)) == answer_of(first)


def test_another_body_is_refused(api, key):
    post(api, key, json={"name": "One"})
    for body in ({"name": "Two"}, {}, []):
        answer = post(api, key, json=body)
        expect_problem(answer, "key-used", "This Idempotency-Key was used for another request.",
                       [(f"{HEADER}:", "was used with another query or body")])  # fmt: skip
        assert REPLAYED not in answer.headers
    assert api.ids("/sources?name=Two") == []
    other = api.post("/sources", headers={HEADER: key, "Content-Type": "application/json"}, data=b'{"name":"One" }')
    assert other.status_code == 422, "the body is compared byte by byte"


def test_the_key_is_the_clients_own_and_the_paths(api, key):
    first = post(api, key, json={"name": "Ours"})
    other = api.post("/sources", headers={HEADER: key}, key=api.keys.admin, json={"name": "Theirs"})
    assert (first.status_code, other.status_code) == (201, 201)
    elsewhere = post(api, key, "/speakers", json={"name": "Ours"})
    assert elsewhere.status_code == 201
    assert REPLAYED not in elsewhere.headers


def test_a_request_that_was_refused_may_be_sent_again(api, key):
    """It changed nothing: with the same key it may be put right, or be tried again when what was in its way is gone."""
    assert post(api, key, json={"country": "NL"}).status_code == 422
    taken = api.make("sources", name="Was Taken")
    assert post(api, key, json={"name": "Was Taken"}).status_code == 409
    assert post(api, key, "/sources?nonsense=1", json={"name": "Was Taken"}).status_code == 400
    assert api.delete(f"/sources/{taken['id']}").status_code == 204
    assert repeated(api, key, json={"name": "Was Taken"}).json()["id"] != taken["id"]


def test_a_write_without_a_key_is_done_each_time(api):
    first, second = (api.post("/speakers", json={"name": "Twice"}) for _ in range(2))
    assert first.json()["id"] != second.json()["id"]


@pytest.mark.parametrize("value", ["a", "0", " inner  spaces ".strip(), '"8e03978e-40d5-43dd-bc93-6894a57f9324"', "!~", "x" * 255])
def test_keys_that_work(api, value):
    repeated(api, value, "/speakers", json={"name": "Keyed"})


@pytest.mark.parametrize("value", ["", "x" * 256, "tab\there", "na\u00efve", "\u00a0"])
def test_keys_that_do_not(api, value):
    answer = api.post("/speakers", headers={HEADER: value.encode("utf-8")}, json={"name": "Never"})
    expect_problem(answer, "bad-request", "The request is not valid.",
                   [(f"{HEADER}:", "must have 1 to 255 printable characters of ASCII")])  # fmt: skip


def test_one_key_a_request(api):
    body = b'{"name":"Never"}'
    data = (f"POST /speakers HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.keys.write}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n{HEADER}: a\r\n{HEADER}: b\r\n\r\n").encode() + body  # fmt: skip
    answer = service.RawAnswer(service.raw(api.base, data, read_all=False))
    assert answer.status == 400
    assert answer.json()["errors"] == [{"header": HEADER, "detail": "may be given once only"}]


def test_other_methods_do_not_mind_it(api, key):
    """They may be sent twice as they are."""
    source = api.make("sources", name="Minded")
    path = f"/sources/{source['id']}"
    for value in (key, "x" * 256):
        headers = {HEADER: value}
        assert api.get(path, headers=headers).status_code == 200
        for name in ("Minded once", "Minded twice"):
            answer = api.patch(path, headers=headers, json={"name": name})
            assert (answer.status_code, answer.json()["name"]) == (200, name)
        assert api.put(path, headers=headers, json={"name": "Replaced"}).status_code == 200
    assert api.delete(path, headers={HEADER: key}).status_code == 204
    assert api.delete(path, headers={HEADER: key}).status_code == 410


def test_a_browser_may_send_it_and_see_the_answer(api, key):
    page = {"Origin": "http://localhost:3000"}
    ask = {**page, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": HEADER.lower()}
    assert HEADER in api.options("/sources", headers=ask).headers["Access-Control-Allow-Headers"]
    answer = api.post("/sources", headers={**page, HEADER: key}, json={"name": "From a page"})
    assert REPLAYED in answer.headers["Access-Control-Expose-Headers"]


@pytest.mark.own_server
def test_what_was_erased_is_not_brought_back(api, key):
    body = {"name": "Libel"}
    made = post(api, key, json=body).json()
    api.psql(f"SELECT onrecord.answers_forget('sources', {made['id']})")
    assert api.psql("SELECT fingerprint, version, detail FROM onrecord.answers WHERE resource = 'sources' AND "
                    f"record_id = {made['id']}") == [[None, None, None]]  # fmt: skip
    for other in (body, {"name": "Else"}):
        expect_problem(post(api, key, json=other), "key-used",
                       "What was written with this Idempotency-Key was erased since.",
                       [(f"{HEADER}:", "was used for a record that was erased since")])  # fmt: skip


@pytest.mark.own_server
def test_a_record_whose_history_is_kept_no_longer(api, key):
    made = post(api, key, json={"name": "Without history"}).json()
    assert api.delete(f"/sources/{made['id']}").status_code == 204
    api.psql(f"DELETE FROM onrecord.revisions WHERE resource = 'sources' AND record_id = {made['id']}")
    answer = post(api, key, json={"name": "Without history"})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:onrecord:problem:key-used")


@pytest.mark.own_server
def test_answers_expire(api_with, key):
    api = api_with(ONRECORD_IDEMPOTENCY_KEPT_S="2")
    first = post(api, key, json={"name": "Kept", "external_id": None})
    again = post(api, key, json={"name": "Kept", "external_id": None})
    assert again.headers[REPLAYED] == "true"
    assert answer_of(again) == answer_of(first)
    assert api.psql("SELECT expires_at - created_at BETWEEN '1.9 s' AND '2.1 s' FROM onrecord.answers") == [["t"]]
    time.sleep(2.1)
    later = post(api, key, json={"name": "Another"})
    assert (later.status_code, REPLAYED in later.headers) == (201, False)
    assert api.psql("SELECT count(*) FROM onrecord.answers") == [["1"]]


@pytest.mark.own_server
def test_what_has_expired_is_deleted(cluster, template):
    """When a server starts, and each minute."""
    database = service.clone(cluster, template[0])
    cluster.psql(database, "INSERT INTO onrecord.answers (key_id, path, key, fingerprint, status, resource, expires_at) "
                           "SELECT 1, '/sources', 'k' || n, sha256('x'), 201, 'sources', now() + n * interval '1 hour' "
                           "FROM generate_series(-6000, 2) AS n WHERE n <> 0")  # fmt: skip
    server = service.Server(cluster.url(database))
    try:
        left = lambda: cluster.psql(database, "SELECT key FROM onrecord.answers ORDER BY key") == [["k1"], ["k2"]]  # noqa: E731
        service.until(left, 5, "the end of what has expired")
    finally:
        server.stop()
        cluster.psql("postgres", f"DROP DATABASE {database} WITH (FORCE)")
