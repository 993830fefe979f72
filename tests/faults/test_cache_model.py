"""No kept answer is a stale one: two servers of four workers each on one database are read at random for a minute, while both
of them and SQL from outside write: patches, articles whose body moves their quotes, quotes made and deleted, speakers merged.

What is looked at is a record's `version`, which only rises. A read must show at least the version that the same server has
acknowledged before the read was sent, and the one that anybody has committed a quarter of a second before."""

import collections
import concurrent.futures
import random
import threading
import time

import requests
import service

SECONDS = 60
BOUND = 0.25
READERS = 3  # of each server
ARTICLES, QUOTES_OF_EACH = 9, 4
SQL = "SQL"


class Model:
    """What was acknowledged: of each record, (when, by whom, version)."""

    def __init__(self):
        self.lock = threading.Lock()
        self.known = collections.defaultdict(list)

    def acknowledge(self, by, *records):
        now = time.monotonic()
        with self.lock:
            for resource, record in records:
                self.known[resource, record["id"]].append((now, by, record["version"]))

    def records(self):
        with self.lock:
            return list(self.known)

    def least(self, resource, record_id, of, began):
        """The version that a read of this server, begun then, must show; 0: none that is known."""
        with self.lock:
            acknowledged = list(self.known[resource, record_id])
        return max((version for when, by, version in acknowledged if when <= (began if by == of else began - BOUND)), default=0)


class Client:
    """One connection, so that it stays with a worker."""

    def __init__(self, api):
        self.api = api
        self.session = requests.Session()
        self.session.trust_env = False

    def send(self, method, path, json=None, anew=False):
        headers = {"Authorization": f"Bearer {self.api.keys.write}"} if method != "GET" else {}
        headers |= {"Cache-Control": "no-cache"} if anew else {}
        answer = self.session.request(method, self.api.base + path, json=json, headers=headers, timeout=30)
        assert answer.status_code in (200, 201), (method, path, answer.status_code, answer.text)
        return answer

    def anew(self, path):
        return self.send("GET", path, anew=True).json()


class Writer:
    """Writes to its own articles, their quotes and speakers of its own, so that what it knows of them is true."""

    def __init__(self, name, api, model, articles, over):
        self.name, self.model, self.articles, self.over = name, model, articles, over
        self.client = Client(api)
        self.random = random.Random(name)
        self.made = []
        self.count = 0

    def told(self, *records):
        self.model.acknowledge(self.name, *records)

    def patch(self, resource, record_id, **members):
        answer = self.client.send("PATCH", f"/{resource}/{record_id}", members)
        self.told((resource, answer.json()))

    def quotes_of(self, article):
        return self.client.anew(f"/quotes?article_id={article}&limit=200&fields=id,version")["items"]

    def move(self, article):
        """A longer body, which moves the quotes: all that is acknowledged with it is what they are then."""
        body = self.client.anew(f"/articles/{article}?fields=body,id")["body"]
        answer = self.client.send("PATCH", f"/articles/{article}", {"body": "\U0001f4f0" + body})
        self.told(("articles", answer.json()), *(("quotes", quote) for quote in self.quotes_of(article)))

    def make(self, article):
        text = self.random.choice(["the first words", "the second words"])
        self.made.append(self.client.send("POST", "/quotes", {"article_id": article, "text": text, "kind": "direct"}).json())
        self.told(("quotes", self.made[-1]))

    def merge(self, article):
        """A new speaker says a quote and is merged into another."""
        speaker = self.client.send("POST", "/speakers", {"name": f"{self.name} {self.count}", "kind": "person"}).json()
        quote = self.random.choice(self.quotes_of(article))
        self.patch("quotes", quote["id"], speaker_id=speaker["id"])
        self.client.send("POST", f"/speakers/{speaker['id']}/merge", {"into": 1})
        self.told(("quotes", self.client.anew(f"/quotes/{quote['id']}")))

    def run(self):
        while not self.over.is_set():
            self.count += 1
            article = self.random.choice(self.articles)
            if self.count % 20 == 0:
                self.move(article)
            elif self.count % 20 == 10:
                self.merge(article)
            elif self.count % 10 == 5:
                self.make(article)
            elif self.random.random() < 0.4:
                self.patch("articles", article, extra={"n": self.count})
            else:
                self.patch("quotes", self.random.choice(self.quotes_of(article))["id"], extra={"n": self.count})
            time.sleep(0.01)


class Reader:
    def __init__(self, name, api, model, articles, over, violations):
        self.name, self.model, self.articles, self.over, self.violations = name, model, articles, over, violations
        self.clients = [Client(api) for _ in range(4)]
        self.random = random.Random()
        self.reads = 0

    def check(self, path, began, resource, record, answer):
        least = self.model.least(resource, record["id"], self.name, began)
        if record["version"] < least:
            self.violations.append((self.name, path, resource, record["id"], record["version"], least,
                                    answer.headers["Cache-Status"]))  # fmt: skip

    def read(self, path, resource):
        began = time.monotonic()
        answer = self.random.choice(self.clients).send("GET", path)
        self.reads += 1
        found = answer.json()
        for record in found.get("items", [found]):
            self.check(path, began, resource, record, answer)
            for name, of in (("article", "articles"), ("source", "sources")):
                if record.get(name):
                    self.check(path, began, of, record[name], answer)
            for nested in record.get("quotes", {}).get("items", []) if isinstance(record.get("quotes"), dict) else []:
                self.check(path, began, "quotes", nested, answer)

    def run(self):
        while not self.over.is_set():
            article = self.random.choice(self.articles)
            kind, one = self.random.choice(self.model.records())
            path, resource = self.random.choice([
                (f"/articles/{article}", "articles"),
                (f"/articles/{article}?include=source,quotes", "articles"),
                (f"/articles/{article}/quotes?limit=200", "quotes"),
                (f"/quotes?article_id={article}&include=article&limit=200", "quotes"),
                (f"/articles?limit=200&fields=id,version", "articles"),
                ("/quotes?q=words&fields=id,version&limit=200", "quotes"),
                ("/quotes?speaker_id=1&fields=id,version&limit=200", "quotes"),
                ("/sources/1", "sources"),
                *[(f"/{kind}/{one}{'?include=article' if kind == 'quotes' else ''}", kind)] * 6,
            ])  # fmt: skip
            self.read(path, resource)


def sql_writes(api, model, over):
    n = 0
    while not over.is_set():
        n += 1
        [[version]] = api.psql(f"UPDATE onrecord.sources SET extra = jsonb_build_object('n', {n}) WHERE id = 1 RETURNING version")
        model.acknowledge(SQL, ("sources", {"id": 1, "version": int(version)}))
        time.sleep(0.05)


def set_up(api):
    """Articles with quotes, said by nobody yet."""
    articles = []
    for n in range(ARTICLES):
        quotes = [{"text": text, "kind": "direct"} for text in ("the first words", "the second words", "and the third", "or a fourth")]
        body = f"Here are the first words, the second words, and the third, or a fourth of {n}."
        made = api.post("/articles", json={"headline": f"Article {n}", "source_id": 1, "body": body, "language": "en",
                                           "published_at": "2026-01-01T00:00:00Z", "quotes": quotes[:QUOTES_OF_EACH]})  # fmt: skip
        assert made.status_code == 201, made.text
        made = made.json()
        articles.append(made["article"]["id"] if "article" in made else made["id"])
    return articles


def hits(api):
    text = api.get("/metrics").text
    return int(next(line for line in text.splitlines() if line.startswith("onrecord_cache_hits_total ")).rsplit(" ", 1)[1])


def test_no_answer_is_stale(stage, cluster):
    one = stage(ONRECORD_WORKERS="4")
    server = service.Server(cluster.url(one.database), {"ONRECORD_WORKERS": "4"})
    try:
        other = service.Api(server.base, one.keys)
        articles = set_up(one)
        model, violations, over = Model(), [], threading.Event()
        servers = (("one", one), ("other", other))
        writers = [Writer(name, api, model, articles[i::2], over) for i, (name, api) in enumerate(servers)]
        for writer in writers:
            for article in writer.articles:
                writer.patch("articles", article, extra={"n": 0})
        readers = [Reader(name, api, model, articles, over, violations) for name, api in servers for _ in range(READERS)]
        with concurrent.futures.ThreadPoolExecutor(16) as threads:
            running = [threads.submit(sql_writes, one, model, over)] + [threads.submit(client.run) for client in writers + readers]
            concurrent.futures.wait(running, SECONDS, concurrent.futures.FIRST_EXCEPTION)
            over.set()
        for thread in running:
            thread.result()
        assert violations[:5] == []
        assert min(writer.count for writer in writers) > 100
        assert sum(reader.reads for reader in readers) > 2000
        for api in (one, other):
            assert hits(api) > 200
    finally:
        server.stop()
