"""The change feed: what was changed, in the log's order, without holes or repeats: as pages, as NDJSON, as server-sent events, and
on the command line."""

import collections
import json
import os
import signal
import socket
import subprocess
import threading
import time

import names as n
import pytest
import requests
import service
from problems import expect_problem

pytestmark = pytest.mark.own_server
EVENTS = "text/event-stream"
SEEDED = 40  # changes: a row for each record of the seed
MEMBERS = ["token", "resource", "record_id", "operation", "version", "changed_at", "changed_by"]
Event = collections.namedtuple("Event", "id event data")


def now(api):
    return api.read("/changes?since=now")["token"]


def brief(changes):
    return [(c["resource"], c["record_id"], c["operation"], c["version"]) for c in changes]


def follow(api, since, want, path="/changes", seconds=10):
    """Polls until there are as many changes as wanted, or more."""
    got = []

    def enough():
        nonlocal since
        page = api.read(f"{path}{'&' if '?' in path else '?'}since={since}&limit=200")
        got.extend(page["items"])
        since = page["token"]
        return len(got) >= want

    service.until(enough, seconds, f"{want} changes")
    return got


class Listener:
    """A client of server-sent events, on a thread of its own, written after the standard of EventSource."""

    def __init__(self, api, query="", headers=None, key=None):
        headers = {"Accept": EVENTS, **(headers or {}), **({"Authorization": f"Bearer {key}"} if key else {})}
        self.answer = requests.get(f"{api.base}/changes{query}", headers=headers, stream=True, timeout=60)
        assert self.answer.status_code == 200, self.answer.text
        assert self.answer.headers["Content-Type"] == EVENTS
        self.events, self.comments, self.last_id, self.retry, self.ended = [], 0, None, None, None
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _lines(self):
        """As they come."""
        rest = b""
        for chunk in self.answer.raw.stream(1 << 16):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines

    def _read(self):
        fields = {}
        try:
            for line in map(bytes.decode, self._lines()):
                if line.startswith(":"):
                    self.comments += 1
                elif line == "":
                    self.last_id = fields.get("id", self.last_id)
                    if "data" in fields:
                        self.events.append(Event(self.last_id, fields.get("event"), json.loads(fields["data"])))
                    fields = {}
                else:
                    name, _, value = line.partition(": ")
                    if name == "retry":
                        self.retry = int(value)
                    fields[name] = value
            self.ended = "in order"
        except Exception as fault:  # whatever it is, the test looks at it
            self.ended = type(fault).__name__

    def until(self, count, seconds=10):
        service.until(lambda: len(self.events) >= count, seconds, f"{count} events (there are {len(self.events)})")
        return self.events

    def until_greeted(self):
        service.until(lambda: self.last_id, 10, "the greeting")
        return self.last_id

    def close(self):
        self.answer.raw._fp.fp.raw._sock.shutdown(2)
        self.thread.join(10)


# Pages


def test_a_page(api):
    since = now(api)
    made = api.make("sources", name="Hasht-e Subh")
    assert api.patch(f"/sources/{made['id']}", json={"country": "AF"}).status_code == 200
    assert api.delete(f"/sources/{made['id']}").status_code == 204
    follow(api, since, 3)
    answer = api.get(f"/changes?since={since}")
    page = answer.json()
    assert list(page) == ["items", "next", "token", "more"]
    assert [list(item) for item in page["items"]] == [MEMBERS] * 3
    assert brief(page["items"]) == [
        ("sources", made["id"], "insert", 1), ("sources", made["id"], "update", 2), ("sources", made["id"], "delete", 3)]  # fmt: skip
    assert page["items"][0]["changed_at"] >= made["created_at"]
    assert {item["changed_by"] for item in page["items"]} == {2}, "the key's id"
    assert page["token"] == page["items"][-1]["token"]
    assert page["next"] == f"?since={page['token']}"
    assert answer.headers["Link"] == f'<{page["next"]}>; rel="next"'
    assert page["more"] is False


def test_pages_lead_to_the_end_and_on(api):
    follow(api, api.read("/changes?limit=1")["token"], SEEDED - 1)
    page = api.read("/changes?limit=15")
    sizes, items = [], []
    while True:
        sizes.append((len(page["items"]), page["more"]))
        items += page["items"]
        if not page["more"]:
            break
        page = api.read("/changes" + page["next"])
    assert sizes == [(15, True), (15, True), (10, False)]
    assert len({item["token"] for item in items}) == SEEDED
    assert brief(items) == brief(api.read("/changes?limit=200")["items"])
    empty = api.read("/changes" + page["next"])
    assert (empty["items"], empty["more"], empty["token"]) == ([], False, page["token"])
    made = api.make("sources", name="x")
    assert brief(follow(api, page["token"], 1)) == [("sources", made["id"], "insert", 1)]


def test_each_item_s_token_leads_on_behind_it(shared):
    follow(shared, shared.read("/changes?limit=1")["token"], SEEDED - 1)
    items = shared.read("/changes?limit=200")["items"]
    for i in (0, 17, SEEDED - 1):
        assert shared.read(f"/changes?limit=200&since={items[i]['token']}")["items"] == items[i + 1 :]


def test_a_poll_of_nothing_new_costs_304(shared):
    follow(shared, shared.read("/changes?limit=1")["token"], SEEDED - 1)
    path = f"/changes?since={now(shared)}"
    tag = shared.get(path).headers["ETag"]
    assert shared.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_now_is_where_the_log_ends(shared):
    follow(shared, shared.read("/changes?limit=1")["token"], SEEDED - 1)
    page = shared.read("/changes?since=now&resource=quotes")
    assert (page["items"], page["more"]) == ([], False)
    assert page["next"] == f"?resource=quotes&since={page['token']}"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("resource=quotes", lambda c: c["resource"] == "quotes"),
        ("resource.in=quotes,articles", lambda c: c["resource"] in ("quotes", "articles")),
        (f"resource=quotes&record_id={n.AT[682]}", lambda c: (c["resource"], c["record_id"]) == ("quotes", 3)),
        ("operation=insert", lambda c: c["operation"] == "insert"),
        ("operation=delete", lambda c: c["operation"] == "delete"),
        ("operation.in=update,delete&resource=sources", lambda c: c["operation"] in ("update", "delete")),
        ("resource.in=sources&operation.in=insert", lambda c: (c["resource"], c["operation"]) == ("sources", "insert")),
    ],
)  # fmt: skip
def test_filters(module_api, query, wanted):
    if not module_api.made:
        made = module_api.make("sources", name="filtered")
        module_api.patch(f"/sources/{made['id']}", json={"country": "AF"})
        module_api.delete(f"/sources/{made['id']}")
    follow(module_api, module_api.read("/changes?limit=1")["token"], SEEDED + 2)
    everything = module_api.read("/changes?limit=200")["items"]
    expected = [change for change in everything if wanted(change)]
    assert expected
    page = module_api.read(f"/changes?limit=200&{query}")
    assert page["items"] == expected
    assert page["token"] == everything[-1]["token"], "what is not wanted is passed as well"
    lines = module_api.get(f"/changes?{query}&format=ndjson").text.splitlines()
    assert [json.loads(line) for line in lines] == expected


def test_a_filtered_page_moves_on_even_when_it_found_nothing(api):
    """It looks at 2,000 changes at the most."""
    api.psql("UPDATE onrecord.sources SET description = 'x'; INSERT INTO onrecord.sources (name) "
             "SELECT 's' || i FROM generate_series(1, 4500) AS i; UPDATE onrecord.quotes SET cue = 'x' WHERE id = 3")  # fmt: skip
    service.until(lambda: api.psql("SELECT count(*) FROM onrecord.changes WHERE pos IS NULL") == [["0"]], 20, "numbering")
    page, found = api.read("/changes?operation=update&resource=quotes"), []
    seen = []
    while True:
        seen.append((len(page["items"]), page["more"]))
        found += page["items"]
        if not page["more"]:
            break
        page = api.read("/changes" + page["next"])
    assert seen == [(0, True), (0, True), (1, False)]
    assert brief(found) == [("quotes", 3, "update", 2)]
    assert len(api.get("/changes?format=ndjson").text.splitlines()) == SEEDED + 2 + 4500 + 1
    listener = Listener(api, "?operation=update&resource=quotes")
    assert brief(e.data for e in listener.until(1)) == [("quotes", 3, "update", 2)]
    listener.close()


@pytest.mark.parametrize(
    ("query", "parameter", "detail"),
    [
        ("since=x", "since", "is not a token of this service; take it from an answer as it is, or say now"),
        ("since=", "since", "is not a token of this service; take it from an answer as it is, or say now"),
        ("since=" + "_" * 32, "since", "is not a token of this service; take it from an answer as it is, or say now"),
        ("since=now&since=now", "since", "is given more than once"),
        ("resource=quote", "resource", "must be one of: sources, articles, speakers, quotes, events"),
        ("resource=", "resource", "must be one of: sources, articles, speakers, quotes, events"),
        ("resource.in=quotes,", "resource.in", "must be among, with commas: sources, articles, speakers, quotes, events"),
        ("resource=quotes&resource.in=events", "resource.in", "goes without resource"),
        ("operation=upsert", "operation", "must be one of: insert, update, delete, purge"),
        ("operation.in=a", "operation.in", "must be among, with commas: insert, update, delete, purge"),
        ("record_id=3", "record_id", "needs `resource`, which says whose id it is"),
        ("record_id=3&resource.in=quotes,events", "record_id", "needs `resource`, which says whose id it is"),
        ("record_id=0&resource=quotes", "record_id", "must be an id"),
        ("record_id=9007199254740992&resource=quotes", "record_id", "must be an id"),
        ("limit=0", "limit", "must be a whole number from 1 to 200"),
        ("limit=201", "limit", "must be a whole number from 1 to 200"),
        ("limit=2&format=ndjson", "limit", "is for pages, which application/x-ndjson has not"),
        ("limit=2&format=sse", "limit", "is for pages, which text/event-stream has not"),
        ("format=csv", "format", "must be json, ndjson or sse"),
        ("sort=id", "sort", "is not a parameter of the change feed; these are: since, resource, resource.in, record_id, operation, "
                            "operation.in, limit, format"),
    ],
)  # fmt: skip
def test_faults(shared, query, parameter, detail):
    answer = shared.get("/changes?" + query)
    expect_problem(answer, "bad-request", "The query has 1 fault.", [("?" + parameter, detail)])


def test_all_faults_at_once(shared):
    answer = shared.get("/changes?since=x&resource=y&limit=z&format=sse", headers={"Last-Event-ID": "w"})
    places = ("Last-Event-ID:", "?since", "?resource", "?limit", "?limit")
    expect_problem(answer, "bad-request", errors=[(place, None) for place in places])


def test_what_there_is_not(shared):
    kinds = "application/json, application/x-ndjson or text/event-stream"
    expect_problem(shared.get("/changes", headers={"Accept": "text/csv"}), "not-acceptable", f"This is available as {kinds}.",
                   [("Accept:", f"must allow {kinds}")])  # fmt: skip
    expect_problem(shared.post("/changes"), "method-not-allowed")
    expect_problem(shared.get("/changes", key="onr_" + "x" * 43), "unauthorized")


# NDJSON


def test_lines_until_the_end(shared):
    follow(shared, shared.read("/changes?limit=1")["token"], SEEDED - 1)
    items = shared.read("/changes?limit=200")["items"]
    for headers, query in (({"Accept": "application/x-ndjson"}, ""), ({}, "?format=ndjson")):
        answer = shared.get("/changes" + query, headers=headers)
        assert answer.headers["Content-Type"] == "application/x-ndjson"
        assert [json.loads(line) for line in answer.text.splitlines()] == items
    assert shared.get(f"/changes?format=ndjson&since={items[-1]['token']}").text == ""
    assert shared.head("/changes?format=ndjson").headers["Content-Type"] == "application/x-ndjson"


# Server-sent events


def test_events_catch_up_and_go_on(api):
    listener = Listener(api)
    caught = listener.until(SEEDED)
    items = api.read("/changes?limit=200")["items"]
    assert [event.data for event in caught] == items
    assert [event.id for event in caught] == [item["token"] for item in items]
    assert {event.event for event in caught} == {"insert"}
    made = api.make("sources", name="x")
    api.patch(f"/sources/{made['id']}", json={"name": "y"})
    api.delete(f"/sources/{made['id']}")
    assert [event.event for event in listener.until(SEEDED + 3)[SEEDED:]] == ["insert", "update", "delete"]
    assert [event.data for event in listener.events] == api.read("/changes?limit=200")["items"]
    assert listener.retry == 2000
    assert listener.answer.headers["Cache-Control"] == "no-cache"
    listener.close()


def test_only_what_is_new(api):
    listener = Listener(api, "?since=now")
    start = listener.until_greeted()
    assert start == now(api)
    made = api.make("sources", name="x")
    assert brief(e.data for e in listener.until(1)) == [("sources", made["id"], "insert", 1)]
    listener.close()


def test_what_others_commit_is_told_of_too(api):
    listener = Listener(api, "?since=now")
    listener.until_greeted()
    api.psql("UPDATE onrecord.quotes SET cue = 'x' WHERE id IN (3, 4)")
    assert brief(e.data for e in listener.until(2)) == [("quotes", 3, "update", 2), ("quotes", 4, "update", 2)]
    assert listener.events[0].data["changed_by"] is None
    listener.close()


def test_each_listener_gets_what_it_wants(api):
    queries = {
        "?since=now": lambda c: True,
        "?since=now&resource=sources": lambda c: c["resource"] == "sources",
        "?since=now&operation.in=update,delete": lambda c: c["operation"] != "insert",
        "?since=now&resource=quotes&record_id=3": lambda c: (c["resource"], c["record_id"]) == ("quotes", 3),
    }
    listeners = {query: Listener(api, query) for query in queries for _ in range(2)}
    for listener in listeners.values():
        start = listener.until_greeted()
    made = [api.make("sources", name=f"s{i}") for i in range(3)]
    for source in made:
        api.patch(f"/sources/{source['id']}", json={"country": "AF"})
    api.patch("/quotes/3", json={"cue": "noted"})
    api.patch("/quotes/4", json={"cue": "noted"})
    everything = follow(api, start, 8)
    assert len(everything) == 8
    for query, wanted in queries.items():
        expected = [change for change in everything if wanted(change)]
        assert [event.data for event in listeners[query].until(len(expected))] == expected
    for listener in listeners.values():
        listener.close()


def test_who_comes_again_misses_nothing(api):
    """As EventSource does: the address says where it began, and the header where it was."""
    start = now(api)
    listener = Listener(api, f"?since={start}")
    made = [api.make("sources", name=f"s{i}")["id"] for i in range(3)]
    seen = [event.data["record_id"] for event in listener.until(3)]
    listener.close()
    made += [api.make("sources", name=f"s{i}")["id"] for i in range(3, 6)]
    again = Listener(api, f"?since={start}", {"Last-Event-ID": listener.last_id})
    made.append(api.make("sources", name="last")["id"])
    seen += [event.data["record_id"] for event in again.until(4)]
    assert seen == made
    again.close()


def test_the_header_is_for_events_alone(shared):
    follow(shared, shared.read("/changes?limit=1")["token"], SEEDED - 1)
    assert shared.read("/changes?limit=1", headers={"Last-Event-ID": now(shared)})["items"]


def test_heartbeats_tell_where_one_is(api_with):
    """Even who wants nothing of what happens need not look at it again."""
    api = api_with(ONRECORD_HEARTBEAT_S="1")
    listener = Listener(api, "?since=now&resource=events")
    start = listener.until_greeted()
    api.make("sources", name="x")
    service.until(lambda: listener.comments >= 3, 10, "heartbeats")
    assert listener.last_id != start
    assert listener.last_id == now(api)
    assert listener.events == []
    listener.close()


def test_head_of_events(shared):
    answer = shared.head("/changes?format=sse")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, EVENTS)
    assert shared.get("/livez").status_code == 200


def test_pages_of_other_origins(shared):
    asked = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "GET"}
    assert "Last-Event-ID" in shared.options("/changes", headers=asked).headers["Access-Control-Allow-Headers"]
    with requests.get(shared.base + "/changes?format=sse", headers={"Origin": "http://localhost:3000"}, stream=True, timeout=10) as answer:
        assert answer.headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    answer = shared.get("/quotes?format=ndjson&limit=1", headers={"Origin": "http://localhost:3000"})
    assert "Changes-Since" in answer.headers["Access-Control-Expose-Headers"]


def test_only_so_many_listeners(api_with):
    api = api_with(ONRECORD_WORKERS="1", ONRECORD_LISTENERS_MAX="2")
    listeners = [Listener(api), Listener(api)]
    refused = api.get("/changes?format=sse")
    expect_problem(refused, "unavailable")
    assert int(refused.headers["Retry-After"]) >= 1
    assert "onrecord_listeners 2\n" in api.get("/metrics").text
    assert api.read("/changes?limit=1")["items"]
    listeners[0].close()
    service.until(lambda: "onrecord_listeners 1\n" in api.get("/metrics").text, 5, "the end of one")
    Listener(api).close()
    listeners[1].close()


def test_a_revoked_key_hears_no_more(api_with):
    api = api_with(ONRECORD_READS="key")
    expect_problem(api.get("/changes"), "unauthorized")
    key = service.new_key(api.server.database_url, "listener", "read")
    service.until(lambda: api.get("/changes", key=key).status_code == 200, 10, "the key's working")
    lasting, listener = Listener(api, key=api.keys.read), Listener(api, key=key)
    listener.until_greeted()
    service.command("key", "revoke", "listener", url=api.server.database_url)
    service.until(lambda: listener.ended == "in order", 10, "the end")
    assert lasting.ended is None
    lasting.close()


def test_the_server_s_end_is_an_orderly_one(api_with):
    api = api_with()
    listeners = [Listener(api) for _ in range(4)]
    for listener in listeners:
        listener.until(SEEDED)
    began = time.monotonic()
    api.server.process.send_signal(signal.SIGTERM)
    assert api.server.process.wait(20) == 0
    assert time.monotonic() - began < 5 * service.slowness()
    for listener in listeners:
        listener.thread.join(5)
        assert listener.ended == "in order"


# What is gone


def gone(answer):
    expect_problem(answer, "changes-gone")
    assert "Changes-Since" in answer.json()["detail"]
    assert [part.split(";")[0] for part in answer.headers["Link"].split(", ")] == [
        f"</{name}?format=ndjson>" for name in ("sources", "articles", "speakers", "quotes", "events")]  # fmt: skip
    return True


def test_a_token_of_another_epoch(api):
    """A database that was put back to an earlier state has another one."""
    token = api.make("sources", name="x") and now(api)
    listener = Listener(api, "?since=now")
    listener.until_greeted()
    api.psql("UPDATE onrecord.instance SET epoch = gen_random_uuid()")
    for query in ("", "&format=ndjson", "&format=sse"):
        gone(api.get(f"/changes?since={token}{query}"))
    gone(api.get("/changes?format=sse", headers={"Last-Event-ID": token}))
    api.make("sources", name="y")
    service.until(lambda: listener.ended == "in order", 10, "the end of who listens")
    assert listener.events == []
    assert api.read(f"/changes?since={now(api)}")["items"] == []


def test_a_token_from_beyond_the_end(api):
    """A database that was put back without a word."""
    api.make("sources", name="x")
    follow(api, api.read("/changes?limit=1")["token"], SEEDED)
    token = now(api)
    api.psql("UPDATE onrecord.instance SET changes_last = changes_last - 1")
    gone(api.get(f"/changes?since={token}"))


OLD = """
CREATE TABLE onrecord.changes_2001_01 (LIKE onrecord.changes INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
CREATE TABLE onrecord.revisions_2001_01 (LIKE onrecord.revisions INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE onrecord.changes ATTACH PARTITION onrecord.changes_2001_01 FOR VALUES FROM ('2001-01-01Z') TO ('2001-02-01Z');
ALTER TABLE onrecord.revisions ATTACH PARTITION onrecord.revisions_2001_01 FOR VALUES FROM ('2001-01-01Z') TO ('2001-02-01Z');
INSERT INTO onrecord.changes (resource, record_id, operation, version, changed_at)
SELECT 'sources', 1000 + i, 'insert', 1, '2001-01-15Z' FROM generate_series(1, 5) AS i;
INSERT INTO onrecord.revisions (resource, record_id, version, state, changed_at, replaced_at)
VALUES ('sources', 1001, 1, '{}', '2001-01-15Z', '2001-01-16Z'), ('sources', 1001, 2, NULL, '2001-01-16Z', '2001-01-16Z');
"""


def test_old_months_go_when_the_setting_says_so(api):
    follow(api, api.read("/changes?limit=1")["token"], SEEDED - 1)
    before = now(api)
    api.psql(OLD)
    old = follow(api, before, 5)
    made = api.make("sources", name="x")
    follow(api, before, 6)
    other = service.Server(api.server.database_url, {"ONRECORD_CHANGES_DAYS": "30", "ONRECORD_REVISIONS_DAYS": "30"})
    service.until(lambda: api.psql("SELECT to_regclass('onrecord.changes_2001_01')") == [[None]], 10, "the end of the month")
    gone(api.get(f"/changes?since={before}"))
    gone(api.get(f"/changes?since={before}&format=ndjson"))
    gone(api.get(f"/changes?since={old[-2]['token']}"))
    assert brief(api.read(f"/changes?since={old[-1]['token']}")["items"]) == [("sources", made["id"], "insert", 1)]
    assert brief(api.read("/changes")["items"]) == [("sources", made["id"], "insert", 1)], "from the oldest kept"
    expect_problem(api.get("/sources/1001"), "gone")  # its tombstone has stayed
    assert api.psql("SELECT version FROM onrecord.revisions WHERE record_id = 1001") == [["2"]]
    other.stop()


# From an export on


@pytest.mark.parametrize("format", ["ndjson", "csv"])
def test_an_export_says_from_where_to_go_on(api, format):
    """Writers are at it all the while: the export and the changes behind it are all that there is."""
    over = threading.Event()
    made = []

    def write():
        session = service.Api(api.base, api.keys)
        while not over.is_set():
            made.append(session.make("sources", name=f"n{len(made)}")["id"])

    writers = [threading.Thread(target=write)]
    for writer in writers:
        writer.start()
    for _ in range(5):
        answer = api.get(f"/sources?format={format}&fields=id")
        if format == "ndjson":
            had = {json.loads(line)["id"] for line in answer.text.splitlines()}
        else:
            had = {int(line) for line in answer.text.splitlines()[1:]}
        marker = api.make("events", name="marker")["id"]
        got, token = [], answer.headers["Changes-Since"]
        while ("events", marker) not in got:
            page = api.read(f"/changes?since={token}&limit=200")
            token = page["token"]
            got += [(change["resource"], change["record_id"]) for change in page["items"]]
        later = {record_id for resource, record_id in got if resource == "sources"}
        there = {source for (source,) in ((int(row[0]),) for row in api.psql("SELECT record_id FROM onrecord.changes "
                 f"WHERE resource = 'sources' AND pos < (SELECT pos FROM onrecord.changes WHERE resource = 'events' AND record_id = {marker})"))}  # fmt: skip
        assert there <= had | later
    over.set()
    for writer in writers:
        writer.join()


# Whatever happens, each change once and in order


WRITER = """
DO $$ BEGIN
    FOR i IN 1..{rounds} LOOP
        INSERT INTO onrecord.sources (name) VALUES ('{name}-' || i);
        PERFORM pg_sleep(random() * 0.02);
        IF random() < 0.2 THEN ROLLBACK; ELSE COMMIT; END IF;
    END LOOP;
END $$"""


ELECTED = ("SELECT application_name, pid FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE locktype = 'advisory' AND granted "
           "AND datname = current_database()")  # fmt: skip


def end_who_numbers(api, others):
    """kill -9 of that server, and another one in its place; of one that is to stay, its session ends. Answers who it was."""
    for name, pid in api.psql(ELECTED):
        if name not in others:
            api.psql(f"SELECT pg_terminate_backend({pid})")
        else:
            others[name].kill()
            os.unlink(others.pop(name).log_path)
            others[name + "'"] = other_server(api, name + "'")
        return pid


def other_server(api, name):
    return service.Server(api.server.database_url, {"ONRECORD_WORKERS": "1", "PGAPPNAME": name})


def test_every_change_once_and_in_order_whatever_happens(api):
    """Transactions of all lengths beside each other, some of them given up; three servers, of which the one that
    numbers is killed, again and again."""
    start = now(api)
    steady = Listener(api, f"?since={start}")
    others = {name: other_server(api, name) for name in ("a", "b")}
    writers = [
        subprocess.Popen([str(api.cluster.bin / "psql"), "-X", "-q", "-d", api.cluster.url(api.database), "-c",
                          WRITER.format(rounds=150, name=f"w{i}")])
        for i in range(6)
    ]  # fmt: skip
    polled, token, ended = [], start, []
    while any(writer.poll() is None for writer in writers) or len(ended) < 6:
        page = api.read(f"/changes?since={token}&limit=200")
        polled += page["items"]
        token = page["token"]
        ended += filter(None, [end_who_numbers(api, others)])
    for writer in writers:
        assert writer.wait(60) == 0
    service.until(lambda: api.psql("SELECT count(*) FROM onrecord.changes WHERE pos IS NULL") == [["0"]], 20, "numbering")
    committed = api.psql("SELECT id FROM onrecord.sources WHERE name LIKE 'w%' ORDER BY id")
    rows = api.psql("SELECT pos, record_id FROM onrecord.changes WHERE resource = 'sources' ORDER BY pos")
    assert len({pos for pos, _ in rows}) == len(rows), "no position is given twice"
    polled += follow(api, token, 0)
    expected = [int(record_id) for _, record_id in rows if [record_id] in committed]
    assert sorted(expected) == sorted(int(row[0]) for row in committed)
    assert len(expected) > 400
    assert [change["record_id"] for change in polled] == expected
    assert [event.data["record_id"] for event in steady.until(len(expected), 20)] == expected
    lines = [json.loads(line) for line in api.get(f"/changes?format=ndjson&since={start}").text.splitlines()]
    assert lines == polled
    assert len(set(ended)) > 1
    steady.close()
    for other in others.values():
        other.stop()


def test_a_change_that_commits_late_comes_last(api):
    """Its row has the lower id."""
    start = now(api)
    slow = subprocess.Popen(
        [str(api.cluster.bin / "psql"), "-X", "-q", "-d", api.cluster.url(api.database), "-c",
         "BEGIN; INSERT INTO onrecord.sources (id, name) VALUES (901, 'late'); SELECT pg_sleep(1.5); COMMIT"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    service.until(lambda: api.psql("SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(1.5)%' AND wait_event = 'PgSleep'"),
                  5, "the slow transaction")  # fmt: skip
    api.psql("INSERT INTO onrecord.sources (id, name) VALUES (902, 'early')")
    first = follow(api, start, 1)
    assert [c["record_id"] for c in first] == [902]
    assert slow.wait(20) == 0
    assert [c["record_id"] for c in follow(api, first[-1]["token"], 1)] == [901]
    ids = api.psql("SELECT record_id FROM onrecord.changes WHERE record_id IN (901, 902) ORDER BY id")
    assert ids == [["901"], ["902"]]


def test_who_takes_nothing_is_let_go_and_the_others_are_not(api_with):
    api = api_with(ONRECORD_WORKERS="1", ONRECORD_ANSWER_TIMEOUT_S="2")
    lasting = Listener(api, "?since=now")
    start = lasting.until_greeted()
    host, port = api.base.removeprefix("http://").split(":")
    with socket.socket() as stuck:
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.connect((host, int(port)))
        stuck.sendall(f"GET /changes?since={start} HTTP/1.1\r\nHost: x\r\nAccept: {EVENTS}\r\n\r\n".encode())
        service.until(lambda: "onrecord_listeners 2\n" in api.get("/metrics").text, 5, "two listeners")
        api.psql("INSERT INTO onrecord.sources (name) SELECT 's' || i FROM generate_series(1, 3000) AS i")
        lasting.until(3000, 30)
        service.until(lambda: "onrecord_listeners_dropped_total 1\n" in api.get("/metrics").text, 20, "letting go")
    assert "onrecord_listeners 1\n" in api.get("/metrics").text
    assert lasting.ended is None
    made = api.make("sources", name="after")
    assert lasting.until(3001)[-1].data["record_id"] == made["id"]
    lasting.close()


def test_who_falls_far_behind_reads_the_log_itself(api_with):
    """More happens at once than is kept for listeners."""
    api = api_with(ONRECORD_WORKERS="1")
    listeners = [Listener(api, "?since=now") for _ in range(3)]
    for listener in listeners:
        listener.until_greeted()
    api.psql("INSERT INTO onrecord.sources (name) SELECT 's' || i FROM generate_series(1, 12000) AS i")
    for listener in listeners:
        ids = [event.data["record_id"] for event in listener.until(12000, 60)]
        assert ids == sorted(set(ids)) and len(ids) == 12000
        listener.close()


def test_listeners_outlive_the_connection_to_the_database(api):
    listener = Listener(api, "?since=now")
    listener.until_greeted()
    made = []
    for i in range(3):
        answer = service.until(lambda: (a := api.post("/sources", json={"name": f"s{i}"})).status_code == 201 and a, 10, "a write")
        made.append(answer.json()["id"])
        api.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
        service.until(lambda: api.server.ready() == 200, 10, "readiness")
    assert [event.data["record_id"] for event in listener.until(3)] == made
    listener.close()


# The command line


def printed(api, *arguments):
    done = service.command("changes", *arguments, url=api.server.database_url)
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_the_command_prints_what_the_feed_has(api):
    follow(api, api.read("/changes?limit=1")["token"], SEEDED - 1)
    everything = api.read("/changes?limit=200")["items"]
    assert printed(api) == everything
    assert printed(api, "--since", everything[29]["token"]) == everything[30:]
    assert printed(api, "--since=now") == []
    assert printed(api, "--resource", "quotes", "--record-id", "3") == [c for c in everything if (c["resource"], c["record_id"]) == ("quotes", 3)]
    assert printed(api, "--operation", "delete") == []


def test_the_command_needs_no_server(cluster, template):
    database = service.clone(cluster, template[0])
    url = cluster.url(database)
    done = service.command("changes", url=url)
    assert len(done.stdout.splitlines()) == SEEDED
    assert cluster.psql(database, "SELECT count(DISTINCT pos), max(pos) FROM onrecord.changes") == [[str(SEEDED), str(SEEDED)]]
    cluster.psql("postgres", f"DROP DATABASE {database} WITH (FORCE)")


def test_the_command_follows(api):
    env = {**service.clean_environment(), "DATABASE_URL": api.server.database_url}
    with subprocess.Popen([str(service.BINARY), "changes", "--since", "now", "--follow"], env=env, stdout=subprocess.PIPE, text=True) as process:
        service.until(lambda: api.psql("SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%changes_last%' "
                                       "AND state = 'idle' AND query NOT LIKE '%cursor_key%'"), 10, "its first look")  # fmt: skip
        time.sleep(0.3 * service.slowness())
        for i in range(3):
            made = api.make("sources", name=f"s{i}")
            assert brief([json.loads(process.stdout.readline())]) == [("sources", made["id"], "insert", 1)]
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--since", "x"), "--since must be the token of a line, or now."),
        (("--since",), "--since needs a value. `onrecord changes --help` says more."),
        (("--resource", "x"), "--resource must be sources, articles, speakers, quotes or events."),
        (("--operation", "x"), "--operation must be insert, update, delete or purge."),
        (("--record-id", "x", "--resource", "quotes"), "--record-id must be an id."),
        (("--record-id", "1"), "--record-id needs --resource."),
        (("x",), '"x" is one word too many. `onrecord changes --help` says more.'),
    ],
)
def test_what_the_command_refuses(shared, arguments, message):
    done = service.command("changes", *arguments, url=shared.server.database_url, check=False)
    assert (done.returncode, done.stderr) == (2, f"onrecord: {message}\n")


def test_the_command_and_a_token_that_is_gone(api):
    token = api.read("/changes?limit=1")["token"]
    api.psql("UPDATE onrecord.instance SET epoch = gen_random_uuid()")
    done = service.command("changes", "--since", token, "--follow", url=api.server.database_url, check=False)
    assert (done.returncode, done.stderr) == (
        1, "onrecord: What followed this token is not kept any more, or it is of another database.\n")  # fmt: skip
