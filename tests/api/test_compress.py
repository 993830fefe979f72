"""gzip by Accept-Encoding."""

import gzip

import names as n
import pytest
import requests

PATH = f"/articles/{n.ARTICLE}"


def encoded(shared, path, accept):
    """The answer with its body as it came over the wire, in `raw`."""
    return requests.get(shared.base + path, headers={"Accept-Encoding": accept}, stream=True, timeout=10)


@pytest.mark.parametrize("accept", ["gzip", "gzip, deflate, br", "GZIP", "*", "br;q=1, gzip;q=0.5", "x-gzip", "gzip;q=0.001"])
def test_who_takes_gzip_gets_it(shared, accept):
    plain = shared.get(PATH)
    answer = encoded(shared, PATH, accept)
    data = answer.raw.read(decode_content=False)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert int(answer.headers["Content-Length"]) == len(data) < len(plain.content)
    assert gzip.decompress(data) == plain.content
    assert answer.headers["ETag"] == '"1-gzip"'
    assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize("accept", ["identity", "", "gzip;q=0", "br", "gzip;q=0, *", "*;q=0", "gzipped", "gzip;q=2", "gzip;q=x"])
def test_who_does_not_gets_it_plain(shared, accept):
    answer = encoded(shared, PATH, accept)
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["ETag"] == '"1"'
    assert "Accept-Encoding" in answer.headers["Vary"]


def test_small_answers_stay_as_they_are(shared):
    answer = encoded(shared, f"/sources/{n.MNTV}", "gzip")
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["ETag"] == '"1"'


def test_lists_problems_and_pages_too(shared):
    for path in ("/quotes", "/openapi.json", "/openapi.yaml"):
        answer = encoded(shared, path, "gzip")
        assert answer.headers["Content-Encoding"] == "gzip", path
        assert answer.headers["ETag"].endswith('-gzip"')
        assert gzip.decompress(answer.raw.read(decode_content=False)) == shared.get(path).content


def test_the_packed_form_is_known_again(shared):
    answer = shared.get(PATH, headers={"Accept-Encoding": "gzip", "If-None-Match": '"1-gzip"'})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == '"1-gzip"'


def test_head_says_the_same(shared):
    get = encoded(shared, PATH, "gzip")
    head = shared.head(PATH, headers={"Accept-Encoding": "gzip"})
    for name in ("Content-Length", "Content-Encoding", "ETag"):
        assert head.headers[name] == get.headers[name]


def test_a_version_guards_a_write_whatever_it_was_packed_in(api):
    id = api.make("articles", headline="h", body="body " * 1000)["id"]
    tag = requests.get(f"{api.base}/articles/{id}", headers={"Accept-Encoding": "gzip"}, timeout=10).headers["ETag"]
    assert tag == '"1-gzip"'
    assert api.patch(f"/articles/{id}", json={"headline": "i"}, headers={"If-Match": tag}).status_code == 200
