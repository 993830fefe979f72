"""Pages of other origins: the CORS protocol."""

import names as n
import pytest

ALLOWED = {"Authorization", "Cache-Control", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key", "Last-Event-ID", "Change-Actor",
           "Change-Reason"}  # fmt: skip
EXPOSED = {"Cache-Status", "Changes-Since", "ETag", "Idempotency-Replayed", "Link", "Location", "Retry-After"}
LOOPBACK = ["http://localhost:3000", "http://127.0.0.1:5173", "https://localhost", "http://[::1]:8000", "http://app.localhost"]


def words(header):
    return {word.strip() for word in header.split(",")}


@pytest.mark.own_server
@pytest.mark.parametrize("origin", LOOPBACK)
def test_pages_of_this_machine_may_read(shared, origin):
    for path in ("/quotes", "/quotes/4711", "/quotes?nothing=1", "/nothing", "/livez"):
        answer = shared.get(path, headers={"Origin": origin})
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert words(answer.headers["Access-Control-Expose-Headers"]) == EXPOSED
        assert "Origin" in words(answer.headers["Vary"])
        assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.own_server
@pytest.mark.parametrize("origin", ["https://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example",
                                    "null", "http://localhost:80x", "", "file://"])  # fmt: skip
def test_others_may_not_while_it_listens_on_loopback(shared, origin):
    answer = shared.get("/quotes", headers={"Origin": origin})
    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in words(answer.headers["Vary"])


@pytest.mark.own_server
def test_a_page_asks_before_it_writes(shared):
    answer = shared.options(
        f"/quotes/{n.AT[88]}",
        headers={"Origin": LOOPBACK[0], "Access-Control-Request-Method": "PATCH",
                 "Access-Control-Request-Headers": "authorization, content-type, if-match"},
    )  # fmt: skip
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == LOOPBACK[0]
    assert words(answer.headers["Access-Control-Allow-Methods"]) >= {"GET", "PUT", "PATCH", "DELETE"}
    assert words(answer.headers["Access-Control-Allow-Headers"]) == ALLOWED
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    refused = shared.options("/quotes", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
    assert refused.status_code == 204
    assert not [name for name in refused.headers if name.lower().startswith("access-control-")]


@pytest.mark.own_server
def test_answers_to_writes_and_refusals_have_it_too(api):
    origin = {"Origin": LOOPBACK[0]}
    for answer, status in (
        (api.post("/sources", json={"name": "Gazette"}, headers=origin), 201),
        (api.post("/sources", json={}, headers=origin), 422),
        (api.post("/sources", json={}, key=None, headers=origin), 401),
        (api.delete("/sources", headers=origin), 405),
    ):
        assert answer.status_code == status
        assert answer.headers["Access-Control-Allow-Origin"] == LOOPBACK[0]


@pytest.mark.own_server
def test_origins_may_be_listed(api_with):
    api = api_with(ONRECORD_CORS_ORIGINS="https://app.example, https://other.example:8443")
    for origin, allowed in (
        ("https://app.example", True), ("https://other.example:8443", True), ("https://other.example", False),
        ("http://app.example", False), ("https://app.example.evil.example", False), ("http://localhost:3000", False),
    ):  # fmt: skip
        answer = api.get("/sources", headers={"Origin": origin})
        assert answer.headers.get("Access-Control-Allow-Origin") == (origin if allowed else None)


@pytest.mark.own_server
def test_every_origin_may_be_let_in(api_with):
    api = api_with(ONRECORD_CORS_ORIGINS="*")
    answer = api.get("/sources", headers={"Origin": "https://anywhere.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Origin" not in words(answer.headers["Vary"])
    assert api.get("/sources").headers["Access-Control-Allow-Origin"] == "*"
