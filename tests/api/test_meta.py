"""What describes the service and watches over it."""

import json
import re

import names as n
import pytest
import service
import yaml
from problems import expect_problem

COLLECTIONS = ("sources", "articles", "speakers", "quotes", "events")


def test_the_index(shared):
    index = shared.read("/")
    assert index["name"] == "OnRecord"
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", index["version"])
    others = {"speakers/duplicates", "stats/speakers", "stats/sources", "stats/timeline", "changes", "livez", "readyz", "metrics",
              "openapi.json", "openapi.yaml", "docs"}  # fmt: skip
    assert set(index["links"]) == {*COLLECTIONS, *others}
    for name, link in index["links"].items():
        assert link == f"/{name}"
        assert shared.get(link).status_code == 200


def test_the_index_for_a_browser(shared):
    answer = shared.get("/", headers={"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    for name in (*COLLECTIONS, "docs"):
        assert f'href="/{name}"' in answer.text
    assert "Accept" in answer.headers["Vary"]


def test_livez(shared):
    answer = shared.get("/livez")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-cache"


def test_readyz(shared):
    assert shared.read("/readyz") == {"status": "ok"}


@pytest.mark.own_server
def test_readyz_names_what_is_pending(cluster):
    cluster.psql("postgres", "CREATE DATABASE pending")
    url = cluster.url("pending")
    server = service.Server(url, wait=False)
    try:
        api = service.Api(server.base, None)
        answer = api.get("/readyz")
        expect_problem(answer, "unavailable")
        assert answer.headers["Retry-After"]
        assert "0001_record" in answer.json()["detail"]
        expect_problem(api.get("/quotes"), "unavailable")
        assert api.read("/livez") == {"status": "ok"}
        service.command("migrate", url=url)
        service.until(lambda: server.ready() == 200, 3, "readiness after the migration")
        assert len(api.read("/quotes")["items"]) == 15
    finally:
        server.stop()


@pytest.mark.own_server
def test_serve_migrates_where_it_may(cluster):
    cluster.psql("postgres", "CREATE DATABASE auto_migrated")
    server = service.Server(cluster.url("auto_migrated"), {"ONRECORD_AUTO_MIGRATE": "1"})
    try:
        assert len(service.Api(server.base, None).read("/quotes")["items"]) == 15
    finally:
        server.stop()


def test_the_description_of_the_service(shared):
    text = shared.get("/openapi.yaml")
    assert text.headers["Content-Type"] == "application/yaml"
    as_json = shared.get("/openapi.json")
    assert as_json.headers["Content-Type"] == "application/json"
    document = as_json.json()
    assert document["openapi"].startswith("3.1")
    assert document["paths"] == json.loads(json.dumps(yaml.safe_load(text.text)["paths"], default=str))
    tag = as_json.headers["ETag"]
    assert shared.get("/openapi.json", headers={"If-None-Match": tag}).status_code == 304


def test_the_description_is_the_file(shared):
    if shared.server is None:
        pytest.skip("another build")
    assert shared.get("/openapi.yaml").text == (service.ROOT / "openapi.yaml").read_text(encoding="utf-8")


def test_the_page(shared):
    page = shared.get("/docs", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page.text), "the page asks another host"
    files = re.findall(r"""(?:src|href)=["']?/?docs/([^"'>\s]+)""", page.text)
    assert files
    for name in files:
        answer = shared.get(f"/docs/{name}")
        assert answer.status_code == 200, name
        kind = answer.headers["Content-Type"]
        ending = name.rsplit(".", 1)[-1]
        assert kind.split(";")[0] == {"js": "text/javascript", "css": "text/css", "png": "image/png"}[ending]
    expect_problem(shared.get("/docs/nothing.js"), "not-found")
    expect_problem(shared.get("/docs/..%2f..%2fetc%2fpasswd"), "not-found")
    expect_problem(shared.get("/docs/%00"), "bad-request")


def test_metrics(api):
    for _ in range(3):
        api.get(f"/articles/{n.ARTICLE}")
    api.get("/articles/4711")
    api.get("/nothing/at/all")
    answer = api.get("/metrics")
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = dict(re.findall(r"^([a-z_]+(?:\{.*\})?) ([0-9.e+-]+|NaN|\+Inf)$", answer.text, re.M))
    for line in answer.text.splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or line.rpartition(" ")[0] in samples, line
    by = {name: float(value) for name, value in samples.items() if "/articles/{id}\"" in name and "quotes" not in name}
    assert any('status="200"' in name and 'method="GET"' in name and value >= 3 for name, value in by.items()), by
    assert any('status="404"' in name and value >= 1 for name, value in by.items())
    assert "/articles/1" not in answer.text and "/nothing" not in answer.text
    assert "onrecord_uptime_seconds" in samples


def test_meta_endpoints_choose_by_accept(shared):
    for path in ("/livez", "/readyz", "/openapi.json"):
        expect_problem(shared.get(path, headers={"Accept": "text/html"}), "not-acceptable", errors=[("Accept:", None)])
    expect_problem(shared.get("/docs", headers={"Accept": "application/json"}), "not-acceptable", errors=[("Accept:", None)])


@pytest.mark.own_server
def test_a_public_url_prefixes_every_link(api_with):
    api = api_with(ONRECORD_PUBLIC_URL="https://record.example/api")
    made = api.post("/sources", json={"name": "Gazette"})
    assert made.headers["Location"] == f"https://record.example/api/sources/{made.json()['id']}"
    page = api.get("/quotes?limit=1&sort=id")
    following = page.json()["next"]
    assert following.startswith("https://record.example/api/quotes?limit=1&sort=id&cursor=")
    assert page.headers["Link"] == f'<{following}>; rel="next"'
    assert api.read("/")["links"]["quotes"] == "https://record.example/api/quotes"
    assert api.read("/openapi.json")["servers"] == [{"url": "https://record.example/api"}]
    assert yaml.safe_load(api.get("/openapi.yaml").text)["servers"] == [{"url": "https://record.example/api"}]
    taken = api.post("/sources", json={"name": "Gazette"}).json()
    assert taken["conflict"]["href"] == f"https://record.example/api/sources/{made.json()['id']}"
    assert api.get("/sources/").headers["Location"] == "https://record.example/api/sources"


@pytest.mark.own_server
def test_it_listens_where_it_is_told_and_says_so(cluster, template):
    import socket

    name, _ = template
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = service.command("serve", url=cluster.url(name), env={"ONRECORD_LISTEN": f"127.0.0.1:{port}"}, check=False)
    assert done.returncode != 0
    assert str(port) in done.stderr


@pytest.mark.own_server
@pytest.mark.parametrize("env", [{"ONRECORD_LISTEN": "nonsense"}, {"ONRECORD_WORKERS": "0"}, {"ONRECORD_READS": "maybe"},
                                 {"ONRECORD_ADMIN_KEY": "secret"}, {"ONRECORD_PUBLIC_URL": "record.example"}])  # fmt: skip
def test_settings_that_are_wrong_are_named(env):
    done = service.command("serve", url="postgresql://nowhere.invalid/", env=env, check=False)
    assert done.returncode == 2
    assert next(iter(env)) in done.stderr
