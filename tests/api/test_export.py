"""NDJSON and CSV of lists: all of a list, row by row, from one snapshot."""

import csv
import gzip
import io
import json

import names as n
import pytest
import requests
import service
from problems import expect_problem

NDJSON, CSV = "application/x-ndjson", "text/csv; charset=utf-8; header=present"
COLLECTIONS = ("sources", "articles", "speakers", "quotes", "events")
SUB_COLLECTIONS = (
    f"articles/{n.ARTICLE}/quotes", f"articles/{n.ARTICLE}/events", f"speakers/{n.SAMKANI}/quotes",
    f"speakers/{n.SAMKANI}/articles", f"speakers/{n.KABULOV}/events", f"sources/{n.MNTV}/articles", f"sources/{n.MNTV}/quotes",
    f"events/{n.SUMMIT}/articles", f"events/{n.APPOINTMENT}/quotes",
)  # fmt: skip


def export(api, path, format, **more):
    answer = api.get(f"{path}{'&' if '?' in path else '?'}format={format}", **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == {"ndjson": NDJSON, "csv": CSV}[format]
    return answer.content.decode()


def lines(api, path, **more):
    text = export(api, path, "ndjson", **more)
    assert text == "" or text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def table(api, path, **more):
    """The header, and the rows as lists of text."""
    text = export(api, path, "csv", **more)
    assert text.endswith("\r\n")
    header, *rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    assert all(len(row) == len(header) for row in rows)
    return header, rows


def cell(value):
    """What CSV has for a value of JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def flat(record):
    """A record as columns, embedded ones by their path."""
    columns, embedded = {}, {}
    for name, value in record.items():
        if isinstance(value, dict) and "created_at" in value:
            embedded |= {f"{name}.{below}": text for below, text in flat(value).items()}
        else:
            columns[name] = cell(value)
    return columns | embedded


@pytest.mark.parametrize("path", [f"/{path}" for path in COLLECTIONS + SUB_COLLECTIONS])
def test_both_hold_what_pages_hold(shared, path):
    items = shared.read(path + "?limit=200")["items"]
    assert items, "nothing to compare"
    assert lines(shared, path) == items
    header, rows = table(shared, path)
    assert header == list(items[0])
    assert rows == [list(flat(item).values()) for item in items]


@pytest.mark.parametrize(
    "query",
    [
        "sort=-id",
        "sort=said_on,-id",
        "speaker_id=14&kind=direct",
        "status=proposed",
        "speaker.organization_id=1&about_id=5",
        "article.language=en&sort=-created_at",
        "fields=id,spans,text",
        "fields=-extra,-spans",
        "offsets=utf16&fields=id,spans",
        "include=speaker,article.source",
        "fields=text,speaker.name,article.source.name",
        "limit=3&sort=-id",
    ],
)
def test_a_list_is_asked_for_as_pages_are(shared, query):
    items = shared.read(f"/quotes?limit=200&{query}" if "limit" not in query else f"/quotes?{query}")["items"]
    assert lines(shared, f"/quotes?{query}") == items
    if "." not in query.partition("fields=")[2]:
        header, rows = table(shared, f"/quotes?{query}")
        if "include" not in query:
            assert [dict(zip(header, row)) for row in rows] == [flat(item) for item in items]


def test_columns_of_embedded_records_bear_their_path(shared):
    query = "/quotes?speaker.organization_id=1&about_id=5&published_at.null=true&fields=text,role,article.headline"
    assert table(shared, query)[0] == ["text", "role", "article.headline"]
    items = shared.read(query)["items"]
    assert table(shared, query)[1] == [[q["text"], q["role"] or "", q["article"]["headline"]] for q in items]
    header, rows = table(shared, "/quotes?fields=id,article.source.name,speaker.name&limit=1&include=event")
    assert [name for name in header if not name.startswith("event.")] == ["id", "article.source.name", "speaker.name"]
    row = dict(zip(header, rows[0]))
    assert (row["article.source.name"], row["speaker.name"]) == ("MNTV", "Taliban-led administration")
    assert (row["event.id"], row["event.status"]) == (str(n.APPOINTMENT), "announced")
    assert table(shared, "/quotes?fields=id,event.id&event_id.null=true&limit=1")[1][0][1] == ""


NASTY = ["plain", 'a "quote"', '"', "a,b", "line\nbreak", "carriage\r\nreturn", " space ", "", "“Кабул” کابل 👍", "=1+1", "a\tb", '""', ","]


def test_every_text_comes_back(module_api):
    made = [module_api.make("sources", name=f"s{i}", description=text, external_id=f"nasty-{i}") for i, text in enumerate(NASTY)]
    made.append(module_api.make("sources", name="s-null", external_id="nasty-null"))
    ids = ",".join(str(source["id"]) for source in made)
    assert [source["description"] for source in lines(module_api, f"/sources?id.in={ids}")] == [*NASTY, None]
    header, rows = table(module_api, f"/sources?id.in={ids}&fields=external_id,description")
    assert header == ["external_id", "description"]
    assert [row[1] for row in rows] == [*NASTY, ""]
    raw = export(module_api, f"/sources?id.in={ids}&fields=external_id,description", "csv").split("\r\n")
    assert raw[0] == "external_id,description"
    assert "nasty-0,plain" in raw and 'nasty-7,""' in raw and "nasty-null," in raw  # null is not the empty text
    assert 'nasty-1,"a ""quote"""' in raw and 'nasty-6, space ' in raw


def test_lists_and_objects_are_json(module_api):
    speaker = module_api.make("speakers", name="Ada, Countess", aliases=['The "Enchantress"', "A, L"], extra={"a": [1, None, "x,y"]})
    header, rows = table(module_api, f"/speakers?id={speaker['id']}")
    row = dict(zip(header, rows[0]))
    assert json.loads(row["aliases"]) == ['The "Enchantress"', "A, L"]
    assert json.loads(row["extra"]) == {"a": [1, None, "x,y"]}
    assert (row["same_as"], row["affiliations"], row["part_of_id"], row["name"]) == ("[]", "[]", "", "Ada, Countess")
    assert row["created_at"] == speaker["created_at"]
    quote = dict(zip(*[(h, r[0]) for h, r in [table(module_api, f"/quotes?id={n.AT[682]}")]][0]))
    assert json.loads(quote["spans"]) == [{"start": 682, "end": 740}]
    assert json.loads(quote["relayed_by"])["speaker_id"] == n.TAKAL


def test_accept_chooses(shared):
    for accept, kind in (
        (NDJSON, NDJSON), ("application/jsonl", NDJSON), ("application/ndjson", NDJSON), ("text/csv", CSV), ("text/*", CSV),
        ("application/json;q=0.5, text/csv", CSV), ("*/*", "application/json"), ("application/*", "application/json"),
    ):  # fmt: skip
        answer = shared.get("/quotes", headers={"Accept": accept})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, kind), accept
        assert answer.headers["Vary"].startswith("Accept, ")
    assert "Accept," not in shared.get("/quotes?format=csv", headers={"Accept": "image/gif"}).headers["Vary"]
    refused = shared.get("/quotes", headers={"Accept": "image/gif"})
    expect_problem(refused, "not-acceptable", "This is available as application/json, application/x-ndjson, text/csv or application/atom+xml.",
                   [("Accept:", "must allow application/json, application/x-ndjson, text/csv or application/atom+xml")])  # fmt: skip
    for path in (f"/quotes/{n.AT[88]}", "/stats/speakers"):
        expect_problem(shared.get(path, headers={"Accept": "text/csv"}), "not-acceptable", errors=[("Accept:", None)])


def test_what_is_wrong_is_told_at_once(shared):
    expect_problem(shared.get("/quotes?format=xml"), "bad-request", errors=[("?format", "must be json, ndjson, csv or atom")])
    expect_problem(shared.get("/quotes?format=csv&limit=0&cursor=x&count=exact&fields=nothing&sort=text"), "bad-request", errors=[
        ("?limit", "must be a whole number from 1 on"), ("?cursor", "is for pages, which text/csv has not"),
        ("?count", "is for pages, which text/csv has not"), ("?fields", None), ("?sort", None)])  # fmt: skip
    for limit in ("", "-1", "+1", "01", "1.5", "x", "12345678901234567"):
        expect_problem(shared.get("/quotes", params={"format": "ndjson", "limit": limit}), "bad-request", errors=[("?limit", None)])
    expect_problem(shared.get(f"/quotes/{n.AT[88]}?format=csv"), "bad-request", errors=[("?format", "must be json or jsonld")])


def test_a_limit_has_no_maximum(shared):
    assert len(lines(shared, "/quotes?limit=2")) == 2
    assert len(lines(shared, "/quotes?limit=123456789012345")) == 15
    assert [q["id"] for q in lines(shared, "/quotes?limit=1&sort=-id")] == [n.AT[2330]]


def test_a_file_has_a_name(shared):
    for path, name in (("/quotes", "quotes"), (f"/sources/{n.MNTV}/articles", "articles")):
        for format in ("csv", "ndjson"):
            answer = shared.get(f"{path}?format={format}")
            assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.{format}"'
            assert "ETag" not in answer.headers and "Link" not in answer.headers
    assert "Content-Disposition" not in shared.get("/quotes").headers
    assert "Content-Disposition" not in shared.get("/quotes?format=csv&limit=x").headers


def test_nothing_is_an_empty_file(shared):
    assert lines(shared, "/quotes?cue=never") == []
    assert export(shared, "/quotes?cue=never&fields=id,text", "csv") == "id,text\r\n"
    assert lines(shared, f"/speakers/{n.CHINA}/quotes") == []
    missing = shared.get("/speakers/4711/quotes?format=csv")
    expect_problem(missing, "not-found")
    assert "Content-Disposition" not in missing.headers


def test_the_parent_was_deleted(module_api):
    path = f"/sources/{module_api.make('sources', name='gone')['id']}"
    assert module_api.delete(path).status_code == 204
    expect_problem(module_api.get(path + "/articles?format=ndjson"), "gone")


def test_head(shared):
    for path in ("/quotes?format=csv", "/quotes?format=ndjson&cue=never", f"/articles/{n.ARTICLE}/quotes?format=ndjson"):
        get, head = shared.get(path), shared.head(path)
        assert head.status_code == 200
        for header in ("Content-Type", "Content-Disposition", "Content-Length", "Vary"):
            assert head.headers[header] == get.headers[header]
    assert shared.head("/speakers/4711/quotes?format=csv").status_code == 404


def test_short_ones_are_packed(shared):
    plain = export(shared, "/quotes", "csv")
    answer = requests.get(shared.base + "/quotes?format=csv", headers={"Accept-Encoding": "gzip"}, stream=True, timeout=10)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.raw.read(decode_content=False)).decode() == plain


# --- long ones ------------------------------------------------------------------------------------------------------------

ROWS = 20000
MANY = f"INSERT INTO onrecord.sources (name, description) SELECT 'm' || i, repeat('d', 500) FROM generate_series(1, {ROWS}) AS i"


@pytest.fixture(scope="module")
def full(module_api):
    """A list of many megabytes."""
    if not module_api.cluster:
        pytest.skip("needs a database of its own")
    module_api.psql(f"SET session_replication_role = replica; {MANY}")
    yield module_api
    module_api.psql("SET session_replication_role = replica; DELETE FROM onrecord.sources WHERE description LIKE 'ddd%'")


def open_export(api, path):
    answer = requests.get(api.base + path, stream=True, timeout=30, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200
    return answer


def test_long_ones_are_sent_as_they_are_found(full):
    for format in ("ndjson", "csv"):
        answer = open_export(full, f"/sources?format={format}")
        assert answer.headers["Transfer-Encoding"] == "chunked"
        assert "Content-Length" not in answer.headers and "Content-Encoding" not in answer.headers
        assert answer.content.count(b"d" * 500) == ROWS and answer.content.endswith(b"\n")
    records = lines(full, "/sources?sort=-id&fields=id,name")
    assert [r["name"] for r in records][:ROWS] == [f"m{i}" for i in range(ROWS, 0, -1)]
    assert [r["name"] for r in records][-2:] == ["TOLOnews", "MNTV"]
    header, rows = table(full, "/sources?fields=name,description")
    assert rows[-ROWS:] == [[f"m{i}", "d" * 500] for i in range(1, ROWS + 1)]
    assert full.read("/sources?limit=1")["items"][0]["name"] == "MNTV"  # the connection serves on


def test_head_of_a_long_one_is_a_head_alone(full):
    answer = service.raw(full.base, b"HEAD /sources?format=csv HTTP/1.1\r\nHost: test\r\n\r\n")
    head, _, after = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n") and CSV.encode() in head and b"Connection: close" in head
    assert after == b""
    assert full.read("/sources?limit=1")["items"][0]["name"] == "MNTV"


def test_all_of_it_is_one_snapshot(full):
    answer = open_export(full, "/sources?format=ndjson")
    chunks = answer.iter_content(65536)
    begun = next(chunks)
    full.psql("SET session_replication_role = replica; INSERT INTO onrecord.sources (id, name) VALUES (9999999, 'late');"
              f"UPDATE onrecord.sources SET name = 'changed' WHERE name = 'm{ROWS}';"
              f"DELETE FROM onrecord.sources WHERE name = 'm{ROWS - 1}'")  # fmt: skip
    names = [json.loads(line)["name"] for line in (begun + b"".join(chunks)).splitlines()]
    assert names[-ROWS:] == [f"m{i}" for i in range(1, ROWS + 1)]
    after = [record["name"] for record in lines(full, f"/sources?id.gt={ROWS - 2}&fields=name")]
    assert after[-2:] == ["changed", "late"] and f"m{ROWS - 1}" not in after
    full.psql("SET session_replication_role = replica; DELETE FROM onrecord.sources WHERE name IN ('late', 'changed')")


def test_http_1_0_gets_it_too(full):
    """Without chunks: up to the connection's end."""
    data = service.raw(full.base, b"GET /sources?format=csv&fields=name HTTP/1.0\r\n\r\n")
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"chunked" not in head and body.endswith(b"\r\n") and body.count(b"\r\n") > ROWS - 5
