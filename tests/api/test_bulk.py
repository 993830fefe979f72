"""Many records at once: POST of application/x-ndjson, a record a line. Each line has its own fate."""

import json
import socket
import time

import names as n
import pytest
import requests
import service
from problems import expect_problem

NDJSON = {"Content-Type": "application/x-ndjson"}
INVALID = {"type": "urn:onrecord:problem:invalid", "title": "The record is not valid", "status": 422}


def body_of(lines):
    return "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines).encode()


def send(api, path, lines, **more):
    return api.post(path, data=lines if isinstance(lines, bytes) else body_of(lines), headers={**NDJSON, **more})


def bulk(api, path, *lines, **more):
    """The report of an upload that was read to its end."""
    answer = send(api, path, lines, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json()


def bulk_all(api, path, *lines, **more):
    """The same as a line a line."""
    answer = send(api, path + ("&" if "?" in path else "?") + "report=all", lines, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def report(**counts):
    fates = ("created", "updated", "unchanged", "skipped", "failed")
    whole = {"lines": sum(counts.get(fate, 0) for fate in fates), **dict.fromkeys(fates, 0), "problems": [], "problems_more": 0}
    return {**whole, **counts}


def outcomes(lines):
    return [(line["line"], line["outcome"]) for line in lines]


def problem_of(line):
    """Its status, and what is wrong where."""
    faults = [(fault["pointer"], fault["detail"]) for fault in line["problem"].get("errors", [])]
    return line["problem"]["status"], faults or line["problem"]["detail"]


def count(api, resource):
    return int(api.psql(f"SELECT count(*) FROM onrecord.{resource}")[0][0])


# --- what is created -----------------------------------------------------------------------------------------------------


def test_a_record_a_line(api):
    assert bulk(api, "/sources", {"name": "One", "country": "AF"}, {"name": "Two"}) == report(created=2)
    assert [item["name"] for item in api.read("/sources?sort=-id&limit=2")["items"]] == ["Two", "One"]


@pytest.mark.parametrize("kind", ["application/x-ndjson", "application/ndjson", "application/jsonl", "Application/X-NDJSON; charset=utf-8"])
def test_the_names_of_the_type(api, kind):
    answer = api.post("/sources", data=b'{"name": "One"}\n{"name": "Two"}', headers={"Content-Type": kind})
    assert answer.json() == report(created=2)


def test_an_answer_for_each_line(api):
    first, second = bulk_all(api, "/speakers", {"name": "One"}, {"name": "Two", "external_id": "two"})
    assert first == {"line": 1, "outcome": "created", "id": first["id"], "version": 1}
    assert second == {"line": 2, "outcome": "created", "id": first["id"] + 1, "version": 1}
    assert api.read(f"/speakers/{second['id']}")["external_id"] == "two"


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n \t\n"])
def test_blank_lines_and_ends(api, ending):
    body = '\n{"name": "One"}\r\n\n  \n{"name": "Two"}' + ending
    answer = send(api, "/sources?report=all", body.encode())
    assert outcomes(map(json.loads, answer.text.splitlines())) == [(2, "created"), (5, "created")]


def test_nothing_at_all(api):
    for body in (b"", b"\n", b" \r\n\t\n"):
        assert send(api, "/sources", body).json() == report()
        assert send(api, "/sources?report=all", body).text == ""


def test_who_did_it_stands_in_each_row(api):
    bulk(api, "/sources", {"name": "One"}, {"name": "Two"}, **{"Change-Actor": "Ann", "Change-Reason": "night load"})
    rows = api.psql("SELECT DISTINCT changed_by IS NOT NULL, change_actor, change_reason FROM onrecord.sources WHERE id > 2")
    assert rows == [["t", "Ann", "night load"]]


def test_every_resource_with_all_that_its_fields_hold(api):
    """What single writes make of them."""
    records = {
        "sources": {"name": "Ü \"quoted\" \\ {a,b}", "url": "https://a.example/", "country": "AF", "description": "NULL",
                    "extra": {"a": [1, 2.5, None, "x\\\"y"]}},
        "speakers": {"name": "N", "kind": "organization", "aliases": ["a,b", 'c"d', "e\\f", "NULL"], "same_as": ["https://b.example/"],
                     "part_of_id": n.ADMINISTRATION,
                     "affiliations": [{"organization_id": n.RUSSIA, "role": "r\"", "start_date": "2025", "end_date": "2025-05"}]},
        "articles": {"headline": "H", "body": "First, “he came”.\nThen he left\\.", "keywords": ["x", "y z"], "language": "fa-AF",
                     "published_at": "2025-05-15T10:00:00+02:00", "via": [{"source_id": n.MNTV, "as_printed": "says"}],
                     "mentions": [{"speaker_id": n.KABULOV, "as_printed": "K"}]},
        "events": {"name": "E", "starts_on": "2025-05", "participants": [{"speaker_id": n.KABULOV, "role": "guest"}],
                   "article_ids": [1]},
        "quotes": {"article_id": 1, "text": "growing ties", "kind": "partial", "about_ids": [n.RUSSIA, n.CHINA], "confidence": 0.25,
                   "relayed_by": {"speaker_id": n.TAKAL, "cue": "told"}, "said_on": "2025-05-15", "status": "proposed"},
    }  # fmt: skip
    own = ("id", "created_at", "updated_at")
    for resource, record in records.items():
        alone = api.make(resource, **record)
        if resource == "sources":
            record = {**record, "country": "NO"}
            alone["country"] = "NO"
        (line,) = bulk_all(api, f"/{resource}", record)
        among = api.read(f"/{resource}/{line['id']}")
        assert {k: v for k, v in among.items() if k not in own} == {k: v for k, v in alone.items() if k not in own}


def test_quotes_are_found_in_their_articles(api):
    found, given, given16, lost, indirect, placeless = bulk_all(
        api, "/quotes",
        {"article_id": 1, "text": "growing ties", "kind": "partial"},
        {"article_id": 1, "text": "growing ties", "spans": [{"start": 198, "end": 210}]},
        {"article_id": 1, "text": "growing ties", "spans": [{"start": 199, "end": 211}]},
        {"article_id": 1, "text": "was never said"},
        {"article_id": 1, "text": "was never said", "kind": "indirect"},
        {"article_id": 1, "text": "was never said", "spans": []},
    )  # fmt: skip
    assert [line["outcome"] for line in (found, given, indirect, placeless)] == ["created"] * 4
    assert api.read(f"/quotes/{found['id']}")["spans"] == api.read(f"/quotes/{given['id']}")["spans"] == [{"start": 198, "end": 210}]
    assert problem_of(given16)[1][0][0] == "/spans/0"
    assert problem_of(lost)[1][0][0] == "/text"
    assert api.read(f"/quotes/{placeless['id']}")["anchor"] is None


def test_offsets_in_utf16(api):
    article = api.make("articles", headline="h", body="🎉 he said so")
    line = {"article_id": article["id"], "text": "said", "spans": [{"start": 6, "end": 10}]}
    assert bulk(api, "/quotes?offsets=utf16", line)["created"] == 1
    assert bulk(api, "/quotes", line)["failed"] == 1


def test_references_by_other_keys(api):
    lines = bulk_all(
        api, "/quotes",
        {"article_id": 1, "text": "growing ties", "kind": "partial", "speaker_id": {"name": "Zamir Kabulov"}, "about_ids": [{"name": "Russia"}, n.CHINA]},
        {"article_id": 1, "text": "growing ties", "kind": "partial", "speaker_id": {"name": "Nobody"}, "event_id": 4711, "about_ids": [n.RUSSIA, 9]},
        {"article_id": {"url": "https://nowhere.example/"}, "text": "x"},
        {"article_id": 4711, "text": "x"},
        {"article_id": -1, "text": "x", "speaker_id": {"nme": "x"}},
    )  # fmt: skip
    quote = api.read(f"/quotes/{lines[0]['id']}")
    assert (quote["speaker_id"], quote["about_ids"]) == (n.KABULOV, [n.RUSSIA, n.CHINA])
    assert problem_of(lines[1])[1][0] == ("/speaker_id", "no speaker has this name")
    assert ("/event_id", "there is no event 4711") in problem_of(lines[1])[1]
    assert problem_of(lines[2]) == (422, [("/article_id", "no article has this url")])
    assert problem_of(lines[3]) == (422, [("/article_id", "there is no article 4711")])
    assert sorted(pointer for pointer, _ in problem_of(lines[4])[1]) == ["/article_id", "/speaker_id"]


def test_ambiguous_references(api):
    api.make("speakers", name="Twin"), api.make("speakers", name="Twin")
    (line,) = bulk_all(api, "/quotes", {"article_id": 1, "text": "growing ties", "speaker_id": {"name": "Twin"}})
    assert problem_of(line)[1][0][1].startswith("is ambiguous: speakers ")


def test_a_line_may_refer_to_one_before_it(api):
    lines = bulk_all(
        api, "/speakers",
        {"name": "Whole", "external_id": "whole", "kind": "organization"},
        {"name": "Part", "external_id": "part", "part_of_id": {"external_id": "whole"}},
        {"name": "Part of part", "part_of_id": {"name": "Part"}},
        {"name": "Own part", "external_id": "own", "part_of_id": {"external_id": "own"}},
        {"name": "Too early", "part_of_id": {"external_id": "late"}},
        {"name": "Late", "external_id": "late"},
    )  # fmt: skip
    assert [line["outcome"] for line in lines] == ["created"] * 3 + ["failed", "failed", "created"]
    assert api.read(f"/speakers/{lines[2]['id']}")["part_of_id"] == lines[1]["id"]


# --- what fails ------------------------------------------------------------------------------------------------------------


def test_bad_lines_do_not_keep_the_others_back(api):
    lines = [
        {"name": "Good 1"},
        "{not json",
        '{"name": "a", "name": "b"}',
        "[" * 100 + "]" * 100,
        "[]",
        "7",
        "null",
        {},
        {"name": "  "},
        {"name": "x", "country": "XX", "nothing": 1, "version": 7},
        {"name": "NUL \u0000"},
        '{"name": "surrogate \\ud800"}',
        {"name": "Good 2"},
    ]
    answer = bulk_all(api, "/sources", *lines)
    assert [line["line"] for line in answer if line["outcome"] == "created"] == [1, 13]
    assert {line["line"]: problem_of(line)[0] for line in answer if line["outcome"] == "failed"} == {
        2: 400, 3: 400, 4: 400, 5: 422, 6: 422, 7: 422, 8: 422, 9: 422, 10: 422, 11: 400, 12: 400}  # fmt: skip
    assert answer[3]["problem"]["detail"] == "The line nests deeper than 64 levels (column 65)."
    assert answer[4]["problem"] == {**INVALID, "detail": "The line must be a JSON object."}
    assert problem_of(answer[7]) == (422, [("/name", "is required")])
    assert sorted(pointer for pointer, _ in problem_of(answer[9])[1]) == ["/country", "/nothing", "/version"]


def test_lines_that_are_no_text(api):
    answer = send(api, "/sources?report=all", b'{"name": "\xff"}\n\xef\xbb\xbf{"name": "bom"}\n\0\n{"name": "ok"}')
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["outcome"] for line in lines] == ["failed"] * 3 + ["created"]
    assert lines[0]["problem"]["detail"] == "The line is not valid UTF-8 (column 11)."
    assert lines[1]["problem"]["detail"] == "The line begins with a byte order mark, which JSON may not have (column 1)."


def test_the_report_names_the_lines_that_failed(api):
    assert bulk(api, "/sources", {"name": "Good"}, {"nam": "bad"}) == report(created=1, failed=1, problems=[
        {"line": 2, "problem": {**INVALID, "detail": "The line has 2 faults.", "errors": [
            {"pointer": "/nam", "detail": "is not a field of sources"}, {"pointer": "/name", "detail": "is required"}]}}])  # fmt: skip


def test_a_thousand_problems_are_named_and_the_others_counted(api):
    answer = bulk(api, "/sources", *["x"] * 2500, {"name": "Good"})
    assert (answer["lines"], answer["created"], answer["failed"]) == (2501, 1, 2500)
    assert [problem["line"] for problem in answer["problems"]] == list(range(1, 1001))
    assert answer["problems_more"] == 1500


@pytest.mark.own_server
def test_a_line_longer_than_a_body_may_be(api_with):
    api = api_with(ONRECORD_BODY_MAX="2048")
    long = json.dumps({"name": "x", "description": "y" * 5000})
    fits = json.dumps({"name": "fits", "description": ""})
    fits = fits[:-2] + "z" * (2048 - len(fits)) + '"}'
    lines = bulk_all(api, "/sources", {"name": "a"}, long, fits, fits[:-2] + 'z"}', long * 100, {"name": "b"})
    assert [line["outcome"] for line in lines] == ["created", "failed", "created", "failed", "failed", "created"]
    assert lines[1]["problem"] == {"type": "urn:onrecord:problem:too-large", "title": lines[1]["problem"]["title"], "status": 413,
                                   "detail": "The line may have 2048 bytes at most."}  # fmt: skip


# --- what is there already ---------------------------------------------------------------------------------------------------


def test_conflicts_name_the_record_in_the_way(api):
    source = api.make("sources", name="Taken", external_id="taken")
    article = api.make("articles", url="https://a.example/taken")
    by_id, by_name, again = bulk_all(api, "/sources", {"name": "x", "external_id": "taken"}, {"name": "Taken"}, {"id": 1, "name": "y"})
    for line, field in ((by_id, "external_id"), (by_name, "name")):
        assert line["problem"] == {
            "type": "urn:onrecord:problem:conflict", "title": "Another record is in the way", "status": 409,
            "detail": f"Source {source['id']} has this {field} already.", "errors": [{"pointer": f"/{field}", "detail": "is taken"}],
            "conflict": {"resource": "sources", "id": source["id"], "href": f"/sources/{source['id']}"}}  # fmt: skip
    assert problem_of(again) == (422, [("/id", "is read-only")])
    (line,) = bulk_all(api, "/articles", {"url": "https://a.example/taken"})
    assert line["problem"]["conflict"]["id"] == article["id"]


def test_the_same_twice_in_one_body(api):
    lines = bulk_all(api, "/sources", {"name": "A", "external_id": "a"}, {"name": "B", "external_id": "a"}, {"name": "A"})
    assert [line["outcome"] for line in lines] == ["created", "failed", "failed"]
    assert {line["problem"]["conflict"]["id"] for line in lines[1:]} == {lines[0]["id"]}


def test_skip(api):
    article = api.make("articles", url="https://a.example/1", external_id="one", headline="before")
    lines = bulk_all(api, "/articles?on_conflict=skip", {"external_id": "one", "headline": "x"}, {"url": "https://a.example/1"},
                     {"id": article["id"]}, {"url": "https://a.example/2"}, {"url": "https://a.example/2"}, {"id": 4711})  # fmt: skip
    assert outcomes(lines) == [(1, "skipped"), (2, "skipped"), (3, "skipped"), (4, "created"), (5, "skipped"), (6, "failed")]
    assert [line.get("id") for line in lines[:5]] == [article["id"]] * 3 + [lines[3]["id"]] * 2
    assert lines[5]["problem"]["detail"] == "There is no article 4711."
    assert api.read(f"/articles/{article['id']}")["headline"] == "before"


def test_update_is_a_merge_patch(api):
    source = api.make("sources", name="S", external_id="s", country="AF", description="d", extra={"a": 1, "b": {"c": 2}})
    (line,) = bulk_all(api, "/sources?on_conflict=update", {"external_id": "s", "description": None, "extra": {"b": {"c": None, "d": 3}}})
    assert line == {"line": 1, "outcome": "updated", "id": source["id"], "version": 2}
    now = api.read(f"/sources/{source['id']}")
    assert (now["name"], now["country"], now["description"], now["extra"]) == ("S", "AF", None, {"a": 1, "b": {"d": 3}})


def test_a_reviewer_decides_on_many_quotes(api):
    made = bulk_all(api, "/quotes", *[{"article_id": 1, "text": "growing ties", "kind": "partial", "status": "proposed"}] * 20)
    decisions = [{"id": line["id"], "status": "confirmed" if i % 2 else "rejected"} for i, line in enumerate(made)]
    assert bulk(api, "/quotes?on_conflict=update", *decisions) == report(updated=20)
    assert len(api.ids(f"/quotes?status=rejected&id.gte={made[0]['id']}")) == 10
    assert bulk(api, "/quotes?on_conflict=update", *decisions) == report(unchanged=20)
    assert api.psql("SELECT max(version) FROM onrecord.quotes") == [["2"]]


def test_update_makes_what_is_not_there(api):
    lines = [{"url": f"https://a.example/{i}", "headline": f"h{i}"} for i in range(5)]
    assert bulk(api, "/articles?on_conflict=update", *lines[:3]) == report(created=3)
    assert bulk(api, "/articles?on_conflict=update", *lines) == report(created=2, unchanged=3)


def test_what_changes_nothing_writes_nothing(api):
    lines = [api.read(f"/{resource}/1") for resource in ("articles", "speakers", "quotes", "events")]
    changes = count(api, "changes"), count(api, "revisions")
    for resource, line in zip(("articles", "speakers", "quotes", "events"), lines):
        assert bulk_all(api, f"/{resource}?on_conflict=update", line) == [{"line": 1, "outcome": "unchanged", "id": 1, "version": 1}]
    assert (count(api, "changes"), count(api, "revisions")) == changes


def test_later_lines_apply_to_what_earlier_ones_made(api):
    lines = [{"external_id": "a", "name": "A0"}] + [{"external_id": "a", "description": str(i)} for i in range(10)]
    answer = bulk_all(api, "/sources?on_conflict=update", *lines, {"external_id": "a", "description": "9"})
    assert [line["outcome"] for line in answer] == ["created"] + ["updated"] * 10 + ["unchanged"]
    assert answer[-1]["version"] == 11
    assert api.read(f"/sources/{answer[0]['id']}")["description"] == "9"


def test_two_keys_of_one_record(api):
    """Whatever it is called by, the lines' order counts."""
    article = api.make("articles", url="https://a.example/1", external_id="one")
    answer = bulk_all(api, "/articles?on_conflict=update", {"id": article["id"], "headline": "1"}, {"external_id": "one", "headline": "2"},
                      {"url": "https://a.example/1", "headline": "3"})  # fmt: skip
    assert [line["version"] for line in answer] == [2, 3, 4]
    assert api.read(f"/articles/{article['id']}")["headline"] == "3"


def test_faults_of_patches(api):
    lines = bulk_all(
        api, "/quotes?on_conflict=update",
        {"id": 1, "article_id": None}, {"id": 1, "version": 9}, {"id": 3, "text": "was never said"}, {"id": 4711, "status": "rejected"},
        {"id": "x", "article_id": 1}, {"id": 4, "status": "proposed"},
    )  # fmt: skip
    assert [line["outcome"] for line in lines] == ["failed"] * 5 + ["updated"]
    assert problem_of(lines[0])[1][0][0] == "/article_id"
    assert problem_of(lines[1]) == (422, [("/version", "is read-only")])
    assert problem_of(lines[2])[1][0][0] == "/text"
    assert problem_of(lines[3]) == (404, "There is no quote 4711.")


def test_unique_values_that_patches_would_take(api):
    first, second = api.make("sources", name="A", external_id="a"), api.make("sources", name="B", external_id="b")
    lines = bulk_all(api, "/sources?on_conflict=update", {"id": second["id"], "name": "A"}, {"id": first["id"], "description": "x"},
                     {"id": second["id"], "external_id": "a"}, *[{"name": f"n{i}"} for i in range(20)])  # fmt: skip
    assert [line["outcome"] for line in lines] == ["failed", "updated", "failed"] + ["created"] * 20
    assert [line["problem"]["conflict"]["id"] for line in (lines[0], lines[2])] == [first["id"]] * 2


def test_a_cycle_is_found_among_good_lines(api):
    a, b = api.make("events", name="a"), api.make("events", name="b")
    lines = [{"name": f"e{i}"} for i in range(30)]
    lines[10:10] = [{"id": a["id"], "part_of_id": b["id"]}, {"id": b["id"], "part_of_id": a["id"]}]
    answer = bulk_all(api, "/events?on_conflict=update", *lines)
    assert [line["line"] for line in answer if line["outcome"] == "failed"] == [12]
    assert problem_of(answer[11])[1][0][0] == "/part_of_id"


def test_a_new_body_moves_the_quotes(api):
    article = api.read("/articles/1")
    before = api.read("/quotes?article_id=1&limit=200")["items"]
    (line,) = bulk_all(api, "/articles?on_conflict=update", {"id": 1, "body": "xyz " + article["body"]})
    assert (line["outcome"], line["version"]) == ("updated", 2)
    after = api.read("/quotes?article_id=1&limit=200")["items"]
    assert [[s["start"] - 4 for s in q["spans"]] for q in after] == [[s["start"] for s in q["spans"]] for q in before]
    assert {q["version"] for q in after} == {2}


# --- more than a chunk ---------------------------------------------------------------------------------------------------------


def test_many_chunks(api):
    lines = [{"external_id": f"s{i}", "name": f"Speaker {i}"} for i in range(3456)]
    assert bulk(api, "/speakers", *lines) == report(created=3456)
    lines[2500]["name"] = "Other"
    assert bulk(api, "/speakers?on_conflict=update", *lines) == report(updated=1, unchanged=3455)
    assert bulk(api, "/speakers?on_conflict=skip", *lines) == report(skipped=3456)


def test_large_lines(api):
    """Each is a chunk by itself."""
    body = "words and more words. " * 20000
    lines = [{"external_id": f"a{i}", "headline": str(i), "body": f"{i} {body}"} for i in range(6)]
    assert bulk(api, "/articles", *lines) == report(created=6)
    assert bulk(api, "/articles?on_conflict=update", *[{"external_id": f"a{i}", "section": "s"} for i in range(6)]) == report(updated=6)
    quotes = [{"article_id": {"external_id": f"a{i % 6}"}, "text": "more words. words and"} for i in range(60)]
    assert bulk(api, "/quotes", *quotes) == report(created=60)


@pytest.mark.own_server
def test_chunked_transfer_and_tiny_pieces(api):
    body = body_of([{"name": f"source {i}"} for i in range(300)])

    def pieces():
        for at in range(0, len(body), 7):
            yield body[at : at + 7]

    answer = api.post("/sources", data=pieces(), headers=NDJSON)
    assert answer.json() == report(created=300)


@pytest.mark.own_server
def test_expect_100_continue(api):
    body = body_of([{"name": "One"}, {"name": "Two"}])
    head = (f"POST /sources HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.keys.write}\r\nContent-Type: application/x-ndjson\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n").encode()  # fmt: skip
    host, port = api.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 10) as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        got = b""
        while piece := connection.recv(65536):
            got += piece
    assert got.startswith(b"HTTP/1.1 200 ") and json.loads(got.split(b"\r\n\r\n")[1]) == report(created=2)


# --- refusals ---------------------------------------------------------------------------------------------------------------------


def test_parameters(shared):
    for query, parameter in (("on_conflict=replace", "on_conflict"), ("report=none", "report"), ("offsets=bytes", "offsets"),
                             ("fields=id", "fields"), ("report=all&report=all", "report")):  # fmt: skip
        answer = send(shared, f"/sources?{query}", [{"name": "x"}])
        expect_problem(answer, "bad-request", "The request has faults.", errors=[(f"?{parameter}", None)])
    answer = shared.post("/sources?on_conflict=skip", json={"name": "x"})
    expect_problem(answer, "bad-request", "The query has faults.", errors=[("?on_conflict", "is not a parameter of this write")])



def test_who_may_not(shared):
    assert shared.post("/sources", data=b'{"name": "x"}', headers=NDJSON, key=None).status_code == 401
    assert shared.post("/sources", data=b'{"name": "x"}', headers=NDJSON, key=shared.keys.read).status_code == 403


def test_what_takes_no_lines(shared):
    for method, path in (("PUT", "/sources/1"), ("PATCH", "/sources/1")):
        answer = shared.request(method, path, data=b"{}", headers=NDJSON)
        expect_problem(answer, "unsupported-type", errors=[("Content-Type:", None)])
    answer = send(shared, "/sources", b"x", **{"Content-Encoding": "gzip"})
    expect_problem(answer, "unsupported-type", errors=[("Content-Encoding:", None)])
    assert send(shared, "/sources", b"", Accept="text/csv").status_code == 406
    assert send(shared, "/sources?report=all", b"", Accept="application/x-ndjson").status_code == 200


def open_upload(api, path="/sources", length=100):
    host, port = api.base.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)), 20)
    connection.sendall((f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.keys.write}\r\n"
                        f"Content-Type: application/x-ndjson\r\nContent-Length: {length}\r\n\r\n").encode())  # fmt: skip
    return connection


@pytest.mark.own_server
def test_only_so_many_at_a_time(api_with):
    api = api_with(ONRECORD_UPLOADS_MAX="1", ONRECORD_WORKERS="1")
    body = body_of([{"name": "first"}])
    with open_upload(api, length=len(body)) as connection:
        service.until(lambda: "onrecord_uploads 1\n" in api.get("/metrics").text, 5, "the upload")
        answer = send(api, "/sources", [{"name": "second"}])
        expect_problem(answer, "unavailable", "As many uploads are under way as there may be at a time.")
        assert answer.headers["Retry-After"] == "1"
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    service.until(lambda: send(api, "/sources", [{"name": "third"}]).status_code == 200, 5, "room")


@pytest.mark.own_server
def test_slow_senders_are_let_go(api_with):
    api = api_with(ONRECORD_BODY_TIMEOUT_S="1", ONRECORD_UPLOAD_RATE_MIN="100000")
    with open_upload(api, length=10**6) as connection:
        connection.sendall(b'{"name": "x"}\n')
        got = connection.recv(65536)
    assert got.startswith(b"HTTP/1.1 408 ")


@pytest.mark.own_server
def test_others_are_served_meanwhile(api):
    lines = body_of([{"name": f"Speaker {i}", "external_id": f"s{i}"} for i in range(5000)])
    with open_upload(api, "/speakers", len(lines)) as connection:
        connection.sendall(lines[:-1])
        for _ in range(20):
            began = time.monotonic()
            assert requests.get(api.base + "/quotes/1", timeout=10).status_code == 200
            assert time.monotonic() - began < 2 * service.slowness()
        connection.sendall(lines[-1:])
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


@pytest.mark.own_server
def test_a_connection_that_breaks_leaves_what_was_committed(api):
    lines = [json.dumps({"name": f"Speaker {i}", "external_id": f"s{i}"}) + "\n" for i in range(2500)]
    with open_upload(api, "/speakers", 10**9) as connection:
        connection.sendall("".join(lines).encode())
        service.until(lambda: count(api, "speakers") >= 2016, 20, "two chunks")
    service.until(lambda: "onrecord_uploads 0\n" in api.get("/metrics").text, 10, "the end of the upload")
    assert count(api, "speakers") == 16 + 2000
    assert bulk(api, "/speakers?on_conflict=skip", *map(str.strip, lines)) == report(created=500, skipped=2000)


@pytest.mark.own_server
def test_memory_does_not_grow_with_the_lines(api_with):
    """Under the sanitizers everything takes more; but not more for more lines."""
    api = api_with(ASAN_OPTIONS="exitcode=86:quarantine_size_mb=1:thread_local_quarantine_size_kb=64")

    def resident():
        with open(f"/proc/{api.server.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024

    def upload(first, lines):
        answer = send(api, "/sources", body_of({"name": f"Source {i}"} for i in range(first, first + lines)))
        assert answer.json() == report(created=lines)

    upload(0, 5000)
    before = resident()
    upload(10000, 100000)
    assert resident() - before < 64


@pytest.mark.own_server
def test_without_a_database_it_says_how_far_it_came(api, cluster):
    lines = [{"name": f"Source {i}"} for i in range(1500)]
    body = body_of(lines)
    with open_upload(api, "/sources", len(body)) as connection:
        cut = body.index(b'"Source 1200"')
        connection.sendall(body[:cut])
        service.until(lambda: count(api, "sources") >= 1002, 20, "the first chunk")
        cluster.psql("postgres", f"ALTER DATABASE {api.database} ALLOW_CONNECTIONS false")
        cluster.psql("postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{api.database}'")
        service.until(lambda: api.server.ready() == 503, 10, "unreadiness")
        connection.sendall(body[cut:])
        got = connection.recv(65536)
    cluster.psql("postgres", f"ALTER DATABASE {api.database} ALLOW_CONNECTIONS true")
    assert got.startswith(b"HTTP/1.1 503 "), got
    problem = json.loads(got.split(b"\r\n\r\n")[1])
    assert problem["report"] == report(created=1000)
