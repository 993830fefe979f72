"""Deletions that cascade, their way back, and erasures: whatever is killed meanwhile, each has happened whole or not at all, and what
was acknowledged has happened."""

import json
import time

import load
import pytest
import service

pytestmark = pytest.mark.own_server

QUOTES = 12
ARTICLES = 5

# Of each article: whether it is there, how many of its quotes are, how many events report it, how often it was deleted, how often
# its quotes were, how many of these are erased.
LOOK = """
    SELECT a.id, (SELECT count(*) FROM onrecord.articles WHERE id = a.id),
           (SELECT count(*) FROM onrecord.quotes WHERE article_id = a.id),
           (SELECT count(*) FROM onrecord.events WHERE a.id = ANY (article_ids)),
           (SELECT count(*) FROM onrecord.revisions WHERE resource = 'articles' AND record_id = a.id AND state IS NULL),
           (SELECT count(*) FROM onrecord.revisions WHERE resource = 'quotes' AND record_id = ANY (a.quotes) AND state IS NULL),
           (SELECT count(*) FROM onrecord.revisions WHERE resource = 'quotes' AND record_id = ANY (a.quotes) AND erased)
    FROM (VALUES {}) AS a (id, quotes) ORDER BY a.id"""


class Acts(load.Clients):
    """Each thread has an article with its quotes and an event, and deletes and restores it in turn."""

    def __init__(self, api):
        self.api = api
        self.articles = [self._make() for _ in range(ARTICLES)]
        self.acknowledged = 0
        self.violations = []
        super().__init__([(self._turn, article) for article in self.articles])

    def _make(self):
        id = self.api.make("articles", headline="h")["id"]
        quotes = [self.api.make("quotes", article_id=id, text="t", kind="indirect")["id"] for _ in range(QUOTES)]
        self.api.make("events", name="e", article_ids=[id])
        return {"id": id, "quotes": quotes, "there": True}

    def look(self):
        values = ", ".join(f"({a['id']}, '{{{','.join(map(str, a['quotes']))}}}'::bigint[])" for a in self.articles)
        return [tuple(map(int, row)) for row in self.api.psql(LOOK.format(values))]

    def whole(self):
        """Nobody ever sees a half of an act."""
        for id, there, quotes, events, deletions, quotes_deletions, _ in self.look():
            seen = f"article {id}: there {there}, quotes {quotes}, events {events}, deletions {deletions}, {quotes_deletions}"
            assert (quotes, events) == ((QUOTES, 1) if there else (0, 0)), seen
            assert quotes_deletions == deletions * QUOTES, seen

    def _send(self, connection, article):
        path = f"/articles/{article['id']}"
        method, path = ("DELETE", f"{path}?cascade=true") if article["there"] else ("POST", f"{path}/restore")
        status, _, document = load.exchange(connection, method, path, None, {"Authorization": f"Bearer {self.api.keys.write}"})
        return method, status, document

    def _turn(self, article):
        """`there` is what was acknowledged; None: nobody knows."""
        host, port = self.api.base.removeprefix("http://").split(":")
        connection = load.http.client.HTTPConnection(host, int(port), timeout=20)
        while not self.over.is_set():
            try:
                if article["there"] is None:
                    status, _, _ = load.exchange(connection, "GET", f"/articles/{article['id']}")
                    article["there"] = {200: True, 410: False}.get(status)
                    continue
                method, status, document = self._send(connection, article)
            except load.Cut:
                connection.close()
                article["there"] = None
                time.sleep(load.PAUSE)
                continue
            if status in (200, 204):
                article["there"] = not article["there"]
                self.acknowledged += 1
                if method == "POST" and (len(document["returned"]) != QUOTES + 1 or document["left"]):
                    self.violations.append(json.dumps(document))
            elif status == 503 and document["type"] in (load.UNAVAILABLE, load.UNKNOWN):
                article["there"] = article["there"] if document["type"] == load.UNAVAILABLE else None
                time.sleep(load.PAUSE)
            else:
                self.violations.append(f"{method} {status} {document}")
        connection.close()

    def more(self, count=15):
        goal = self.acknowledged + count
        service.until(lambda: self.acknowledged >= goal, 20, "acts under load")

    def verify(self):
        assert self.violations == [], self.violations[:3]
        self.whole()
        there = {row[0]: bool(row[1]) for row in self.look()}
        wrong = [a for a in self.articles if a["there"] is not None and a["there"] != there[a["id"]]]
        assert wrong == [], "what was acknowledged is not so"
        assert self.acknowledged > 30


def test_nobody_sees_a_half(stage):
    acts = Acts(stage())
    with acts:
        end = time.monotonic() + 2
        while time.monotonic() < end or acts.acknowledged <= 30:
            acts.whole()
    acts.verify()


def test_the_server_killed(stage):
    api = stage()
    acts = Acts(api)
    with acts:
        for _ in range(3):
            acts.more()
            api.server.kill()
            acts.whole()
            api.server.start()
            load.back(api)
        acts.more()
    acts.verify()


def test_postgresql_killed(stage, cluster):
    api = stage()
    acts = Acts(api)
    with acts:
        for _ in range(3):
            acts.more()
            cluster.kill()
            load.revive(cluster)
            acts.whole()
            load.back(api, seconds=5)
        acts.more()
    acts.verify()


def test_sessions_cut_in_the_middle(stage):
    api = stage()
    acts = Acts(api)
    with acts:
        for _ in range(12):
            acts.more(4)
            api.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND "
                     "application_name = 'onrecord' AND state = 'active'")  # fmt: skip
            acts.whole()
        load.back(api, seconds=5)
        acts.more()
    acts.verify()


def test_an_erasure_is_whole_too(stage, cluster):
    """Killed in the middle of many: what is erased is erased with all of its quotes, what is not is there with all of them."""
    api = stage()
    acts = Acts(api)
    keys = {"Authorization": f"Bearer {api.keys.admin}"}
    statuses = {}

    def erase(article):
        host, port = api.base.removeprefix("http://").split(":")
        connection = load.http.client.HTTPConnection(host, int(port), timeout=20)
        try:
            path = f"/articles/{article['id']}?purge=true&cascade=true"
            statuses[article["id"]], _, _ = load.exchange(connection, "DELETE", path, None, keys)
        except load.Cut:
            statuses[article["id"]] = None

    with load.Clients([(erase, article) for article in acts.articles]):
        service.until(lambda: api.psql("SELECT FROM onrecord.changes WHERE operation = 'purge' LIMIT 1") or 204 in statuses.values(),
                      10, "the first of them")  # fmt: skip
        cluster.kill()
    load.revive(cluster)
    load.back(api, seconds=5)
    for id, there, quotes, _, _, _, erased in acts.look():
        assert (there, quotes, erased) in ((1, QUOTES, 0), (0, 0, QUOTES)), f"{id}: {there}, {quotes}, {erased}"
        assert statuses[id] != 204 or not there
