"""Clients that write and read without a pause, and keep count: what was acknowledged, what was refused, and what nobody
told them about. Whatever breaks meanwhile, `Load.verify` compares the count with the database.

Every write carries an external_id of its own, so that each can be found again. What may become of it:

    acknowledged   201: it is there, exactly once
    refused        503 `unavailable` with Retry-After: it is not there
    untold         503 `outcome-unknown` without Retry-After: it is there once, or not at all. Only where the database stayed
                   away for so long that nobody could ask it
    unknown        a connection that closed before a byte of the answer: the same

Anything else, a cut answer among it, is a violation."""

import contextlib
import http.client
import json
import os
import subprocess
import threading
import time

import service

UNAVAILABLE = "urn:onrecord:problem:unavailable"
UNKNOWN = "urn:onrecord:problem:outcome-unknown"
PAUSE = 0.02  # after a refusal, or where nobody listens


class Cut(Exception):
    """The connection closed before a byte of the answer."""


def exchange(connection, method, path, body=None, headers=None):
    """One request, and its whole answer: status, headers, JSON. Cut, where there is none; any other exception is a
    violation of the protocol."""
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
    except http.client.RemoteDisconnected as error:
        raise Cut from error
    except (ConnectionError, http.client.CannotSendRequest) as error:
        raise Cut from error
    text = answer.read()  # IncompleteRead where it is cut short
    return answer.status, answer.headers, json.loads(text) if text else None


class Clients:
    """Threads that run while the context does: each `target` until `self.over` is set."""

    def __init__(self, targets):
        self.over = threading.Event()
        self.threads = [threading.Thread(target=target, args=arguments) for target, *arguments in targets]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


class Load(Clients):
    """`writers` and `readers` are threads with one connection each."""

    resource = "sources"  # what is written

    @staticmethod
    def body(key):
        return {"external_id": key, "name": key}

    @staticmethod
    def id_of(document):
        return document["id"]

    def __init__(self, api, writers=6, readers=2, name="load", timeout=20):
        self.api = api
        self.name = name
        self.timeout = timeout
        self.lock = threading.Lock()
        self.acknowledged = {}  # external_id -> id
        self.refused = set()
        self.unknown = set()
        self.untold = set()
        self.violations = []
        self.reads = {}  # status -> how many
        self.slowest = 0.0
        super().__init__([(self._write, n) for n in range(writers)] + [(self._read, n) for n in range(readers)])

    def _connection(self):
        host, port = self.api.base.removeprefix("http://").split(":")
        return http.client.HTTPConnection(host, int(port), timeout=self.timeout)

    def _violation(self, what):
        with self.lock:
            self.violations.append(what)

    def _turns(self, turn):
        """Calls `turn(connection, number)` until the end; a broken connection is made anew."""
        connection = self._connection()
        number = 0
        while not self.over.is_set():
            number += 1
            begun = time.monotonic()
            try:
                pause = turn(connection, number)
            except Exception as error:  # noqa: BLE001: whatever it is, it is not what the protocol allows
                self._violation(f"{type(error).__name__}: {error}")
                pause = True
            self.slowest = max(self.slowest, time.monotonic() - begun)
            if pause:
                connection.close()
                time.sleep(PAUSE)
        connection.close()

    def _write(self, worker):
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.api.keys.write}"}

        def turn(connection, number):
            key = f"{self.name}-{worker}-{number}"
            body = json.dumps(self.body(key))
            try:
                status, answered, document = exchange(connection, "POST", f"/{self.resource}", body, headers)
            except Cut:
                with self.lock:
                    self.unknown.add(key)
                return True
            return self._count(key, status, answered, document)

        self._turns(turn)

    def _count(self, key, status, headers, document):
        with self.lock:
            if status == 201:
                self.acknowledged[key] = self.id_of(document)
                return False
            if status == 503 and document["type"] == UNAVAILABLE and int(headers["Retry-After"]) >= 1:
                self.refused.add(key)
            elif status == 503 and document["type"] == UNKNOWN and "Retry-After" not in headers:
                self.untold.add(key)
            else:
                self.violations.append(f"{status} {dict(headers)} {document}")
        return True

    def _read(self, worker):
        paths = ["/sources/1", "/quotes?include=speaker&limit=5", "/sources?sort=-id&limit=3"]

        def turn(connection, number):
            try:
                status, headers, document = exchange(connection, "GET", paths[(worker + number) % len(paths)])
            except Cut:
                status, headers, document = None, {}, None
            if status == 503 and (document["type"] != UNAVAILABLE or int(headers["Retry-After"]) < 1):
                self._violation(f"a read: {dict(headers)} {document}")
            elif status not in (200, 503, None):
                self._violation(f"a read: {status} {document}")
            with self.lock:
                self.reads[status] = self.reads.get(status, 0) + 1
            return status != 200

        self._turns(turn)

    # --- afterwards

    def verify(self, least=20, unknown_may_be_there=True, untold_most=0):
        """Compares what clients were told with what is there."""
        assert self.violations == [], self.violations[:5]
        rows = self.api.psql(f"SELECT external_id, id FROM onrecord.{self.resource} WHERE external_id LIKE '{self.name}-%'")
        there = {key: int(id) for key, id in rows}
        assert len(there) == len(rows)
        lost = {key for key, id in self.acknowledged.items() if there.get(key) != id}
        assert not lost, f"{len(lost)} of {len(self.acknowledged)} acknowledged writes are lost: {sorted(lost)[:5]}"
        done = self.refused & set(there)
        assert not done, f"{len(done)} refused writes were done: {sorted(done)[:5]}"
        unknown = set(there) - set(self.acknowledged)
        assert unknown <= self.unknown | self.untold, "writes that nobody asked for"
        assert len(self.untold) <= untold_most, f"{len(self.untold)} clients were told nothing"
        assert unknown_may_be_there or not unknown, f"{len(unknown)} writes were done and not answered"
        assert len(self.acknowledged) >= least, f"only {len(self.acknowledged)} writes in all"
        twice = self.api.psql(
            f"SELECT record_id, count(*) FROM onrecord.changes c JOIN onrecord.{self.resource} s ON s.id = c.record_id "
            f"WHERE c.resource = '{self.resource}' AND s.external_id LIKE '{self.name}-%' GROUP BY 1 HAVING count(*) <> 1"
        )
        assert twice == [], f"writes with more or fewer than one entry in the log: {twice[:5]}"


class Trees(Load):
    """Articles with all that belongs to them: each is there whole or not at all, and who is named in many is there once."""

    resource = "articles"

    @staticmethod
    def body(key):
        body = "“One,” she said. “Two,” he wrote."
        return {
            "external_id": key, "headline": key, "body": body, "source": {"name": f"Outlet {key[-1]}"},
            "events": [{"name": key, "external_id": key}],
            "quotes": [{"text": "One", "speaker": {"name": f"Shared {key[-1]}"}, "event": {"name": key}},
                       {"text": "Two", "speaker": {"name": f"Own {key}"}, "continues": {"index": 0}}],
        }  # fmt: skip

    @staticmethod
    def id_of(document):
        return document["article"]["id"]

    def verify(self, **more):
        super().verify(**more)
        parts = self.api.psql(
            "SELECT a.id FROM onrecord.articles a LEFT JOIN LATERAL (SELECT count(*) AS quotes, count(DISTINCT q.speaker_id) AS "
            "speakers, count(q.event_id) AS about FROM onrecord.quotes q WHERE q.article_id = a.id) q ON true LEFT JOIN "
            "onrecord.events e ON e.external_id = a.external_id AND e.article_ids = ARRAY[a.id] "
            f"WHERE a.external_id LIKE '{self.name}-%' AND (q.quotes, q.speakers, q.about, e.id IS NULL) <> (2, 2, 1, false)"
        )
        assert parts == [], f"{len(parts)} articles are not whole"
        others = self.api.psql(
            "SELECT 'event', external_id FROM onrecord.events e WHERE external_id LIKE 'load-%' AND NOT EXISTS "
            "(SELECT FROM onrecord.articles a WHERE a.external_id = e.external_id) UNION ALL "
            "SELECT 'speaker', name FROM onrecord.speakers s WHERE (name LIKE 'Own %' OR name LIKE 'Shared %') AND NOT EXISTS "
            "(SELECT FROM onrecord.quotes q WHERE q.speaker_id = s.id)"
        )
        assert others == [], f"what belongs to no article: {others[:5]}"
        twice = self.api.psql("SELECT name FROM onrecord.speakers WHERE name LIKE 'Shared %' GROUP BY 1 HAVING count(*) > 1")
        assert twice == [], f"speakers made twice: {twice}"


@contextlib.contextmanager
def held(api, sql):
    """A transaction of somebody else's that has done this and stays open."""
    command = [str(api.cluster.bin / "psql"), "-X", "-q", "-A", "-t", "-d", api.cluster.url(api.database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as other:
        other.stdin.write(f"BEGIN;\n{sql};\n\\echo done\n")
        while other.stdout.readline().strip() != "done":
            assert other.poll() is None, "psql has ended"
        yield
        other.stdin.write("COMMIT;\n\\q\n")
        other.stdin.flush()
        assert other.wait(10) == 0


def revive(cluster, seconds=15):
    """Starts PostgreSQL unless it runs, and waits until it answers; what is left of one that was killed may keep it from
    starting for a moment."""
    end = time.monotonic() + seconds
    while True:
        try:
            cluster.psql("postgres", "SELECT 1")
            return
        except RuntimeError as error:
            assert time.monotonic() < end, f"PostgreSQL does not start: {error}"
        with contextlib.suppress(RuntimeError):
            cluster.start()


def patience():
    """By how much longer than on a machine that has nothing else to do things may take here."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def back(api, seconds=1.0):
    """Reads, writes and readiness return by themselves within that time from now (with patience)."""
    begun = time.monotonic()
    found = {}
    while len(found) < 3:
        for what, ask in (("read", lambda: api.get("/quotes/1", timeout=5).status_code == 200),
                          ("readiness", lambda: api.get("/readyz", timeout=5).status_code == 200),
                          ("write", lambda: _probe(api))):  # fmt: skip
            with contextlib.suppress(service.requests.RequestException):
                if what not in found and ask():
                    found[what] = round(time.monotonic() - begun, 3)
        assert time.monotonic() - begun < 15, f"it does not come back; so far: {found}"
        time.sleep(0.01)
    assert max(found.values()) <= seconds * patience(), f"back after {found} s"


def _probe(api):
    answer = api.post("/sources", json={"name": f"probe {time.monotonic()}"}, timeout=5)
    if answer.status_code == 201:
        return True
    assert answer.status_code == 503, answer.text
    return False


def rss_mb(api):
    """Resident memory of the server."""
    with open(f"/proc/{api.server.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:")) / 1024


def open_files(api):
    """But for the connections to the database, of which there are more when there was more to do."""
    known = api.psql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'onrecord'")
    return len(os.listdir(f"/proc/{api.server.process.pid}/fd")) - int(known[0][0])
