"""Peers: the same requests, answered by services as others write them, on the same PostgreSQL and with the same SQL."""

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from cases import RECORD, SPEAKER
from load import wrk
from service import TOP, Trouble, cpu_us, environment, free_port

HERE = Path(__file__).resolve().parent / "peers"
START_MAX_S = 20
# name, what starts it
KINDS = (
    ("Fastify + postgres.js", ["node", "fastify.js", "postgres"]),
    ("Fastify + pg", ["node", "fastify.js", "pg"]),
    ("FastAPI + asyncpg", ["/usr/bin/python3", "-m", "uvicorn", "asyncpg_app:app", "--loop", "uvloop", "--http", "httptools",
                           "--log-level", "error", "--no-access-log", "--workers", str(len(os.sched_getaffinity(0)))]),
)  # fmt: skip
# case, least ratio of the server's rate to the best peer's
COMPARED = (("by id, two includes", 0), ("list of 20, two includes", 2), ("search, a rare word", 1.5), ("insert", 0))


# --- the SQL ----------------------------------------------------------------------------------------------------------------


def split(text):
    """At commas that stand in no parentheses; ends at " FROM " outside of them, or with the text."""
    parts, part, depth = [], "", 0
    for i, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and text.startswith(" FROM ", i):
            break
        if depth == 0 and letter == ",":
            parts.append(part.strip())
            part = ""
        else:
            part += letter
    return [*parts, part.strip()]


def columns_of(sql):
    """Of each column of a record's statement, in their order: the alias of its table, and its name."""
    found = []
    for column in split(re.split(r"\b(?:SELECT|RETURNING) (?=t\.id\b)", sql, maxsplit=1)[1]):
        plain = re.fullmatch(r"(\w+)\.(\w+)", column)
        named = re.search(r" AS (\w+)$", column)
        found.append({"alias": plain[1], "name": plain[2]} if plain else {"alias": "t", "name": named[1] if named else column[:20]})
    return found


def statement(sql, values, places):
    """As the peers take it: all parameters are texts, as OnRecord's are; `places` says which of them a request gives."""
    sql = re.sub(r"= \$(\d+)$", r"= $\1::bigint", " ".join(sql.split()))
    return {"sql": re.sub(r"\$(\d+)\b", r"$\1::text", sql), "values": values, "places": places}


def record_statement(sql, values, places):
    """One that answers records."""
    included = [{"alias": alias, "name": table[:-1]} for table, alias in re.findall(r"JOIN onrecord\.(\w+) (j\d)", sql)]
    return statement(sql, values, places) | {"columns": columns_of(" ".join(sql.split())), "included": included}


def where(values, value):
    return [place for place, one in enumerate(values) if one == str(value)]


def statements(service, cases):
    """What PostgreSQL logged for one request of each kind."""

    def logged(name):
        return service.statements(lambda: cases[name].probe(service))

    ((one, one_values),) = logged("by id, two includes")
    ((some, some_values),) = logged("list of 20, two includes")
    service.get(f"/quotes?q={RECORD}")  # which languages there are is known then
    search, search_values = max(service.statements(lambda: service.get(f"/quotes?q={RECORD}")), key=lambda one: len(one[0]))
    (article, article_values), (insert, insert_values) = logged("insert")
    names = re.search(r"AS t \(([^)]*)\)", insert)[1].split(", ")
    given = ("article_id", "speaker_id", "kind", "cue", "text", "spans", "prefix", "suffix")
    places = {name: [names.index(name)] for name in given}
    places["article_id"] += [place for place in where(insert_values, RECORD) if place >= len(names)]
    return {
        "one": record_statement(one, one_values, {"id": [0]}),
        "list": record_statement(some, some_values, {"speaker_id": where(some_values, SPEAKER)}),
        "search": record_statement(search, search_values, {"q": where(search_values, RECORD)}),
        "insert": record_statement(insert, insert_values, places),
        "article": statement(article, article_values, {"article_id": [0]}) | {"version": 1, "body": 2},
    }  # fmt: skip


# --- the services -----------------------------------------------------------------------------------------------------------


class Peer:
    def __init__(self, service, name, command, file):
        self.service, self.name, self.key = service, name, service.key
        port = str(free_port())
        self.url = f"http://127.0.0.1:{port}"
        more = ["--port", port] if "uvicorn" in command else [port, file]
        host, database = service.connection()[1], service.connection()[-1]
        env = environment(PGHOST=host, PGPORT=5432, PGUSER="onrecord", PGDATABASE=database, BENCH_KEY=self.key, PEER_STATEMENTS=file,
                          NODE_ENV="production")  # fmt: skip
        folder = TOP / "build/npm-bench" if command[0] == "node" else HERE
        if command[0] == "node":
            command = [command[0], str(folder / command[1]), *command[2:]]
            (folder / "fastify.js").write_bytes((HERE / "fastify.js").read_bytes())
        self.process = subprocess.Popen([*command, *more], cwd=folder, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                        start_new_session=True)  # fmt: skip
        began = time.monotonic()
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() - began > START_MAX_S:
                self.stop()
                raise Trouble(f"{name} does not start: {self.process.stderr.read().decode()[-2000:]}")
            time.sleep(0.1)

    def ready(self):
        try:
            return self.get("/quotes/1")
        except OSError:
            return False

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.loads(answer.read())

    def server_cpu_us(self):
        """Of its processes."""
        group = subprocess.run(["pgrep", "-g", str(self.process.pid)], capture_output=True, text=True, check=False).stdout.split()
        return sum(cpu_us(f"/proc/{pid}/stat") for pid in group)

    def postgres_cpu_us(self):
        return self.service.postgres_cpu_us()

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)


def verify(service, peer):
    """It answers what the server answers, as far as its readers would look."""
    for path in (f"/quotes/{RECORD}?include=speaker,article", f"/quotes?speaker_id={SPEAKER}&include=speaker,article",
                 f"/quotes?q={RECORD}"):  # fmt: skip
        ours, theirs = json.loads(service.get(path)), peer.get(path)
        for own, other in zip(ours.get("items", [ours]), theirs.get("items", [theirs]), strict=True):
            for name in ("id", "text", "role", "article_id", "about_ids"):
                if own[name] != other[name]:
                    raise Trouble(f"{peer.name} answers {path} with {name} {other[name]!r}, not {own[name]!r}")
            for part, name in (("speaker", "name"), ("article", "headline")):
                if part in own and own[part][name] != other[part][name]:
                    raise Trouble(f"{peer.name} answers {path} with another {part}")


# --- the rounds -------------------------------------------------------------------------------------------------------------


@dataclass
class Compared:
    """The rounds of one case."""

    case: object
    goal: float
    ours: list = field(default_factory=list)
    theirs: dict = field(default_factory=dict)  # by peer

    @property
    def ratios(self):
        """To the best peer of each round."""
        return [ours.rate / max(samples[i].rate for samples in self.theirs.values()) for i, ours in enumerate(self.ours)]


def peers(service, known, folder, rounds, seconds):
    """Each case with the server and all peers, in turn."""
    cases = {case.name: case for case in known}
    service.stop()
    service.start()  # without its cache, which would ask PostgreSQL nothing
    file = str(folder / "statements.json")
    Path(file).write_text(json.dumps(statements(service, cases)), encoding="utf-8")
    found = [Compared(cases[name], goal, theirs={kind: [] for kind, _ in KINDS}) for name, goal in COMPARED]
    running = []
    try:
        for name, command in KINDS:
            running.append(Peer(service, name, command, file))
            verify(service, running[-1])
        for compared in found:
            wrk(service, compared.case.script, compared.case.arguments, seconds, connections=compared.case.connections)
        for round_ in range(rounds):
            for compared in found:
                service.warm()
                sides = [service, *running]
                for side in sides if round_ % 2 == 0 else sides[::-1]:
                    asks = (compared.case.script, compared.case.arguments)
                    wrk(side, *asks, 1, warms_up=True, connections=compared.case.connections)
                    sample = wrk(side, *asks, seconds, connections=compared.case.connections)
                    (compared.ours if side is service else compared.theirs[side.name]).append(sample)
    finally:
        for peer in running:
            peer.stop()
    return found
