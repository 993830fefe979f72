"""What is measured: each case is a request, sent by wrk, and the SQL that it comes down to, run by pgbench."""

import json
from dataclasses import dataclass, field

from load import pgbench_script

# Values of a probe that no other parameter has.
RECORD, SPEAKER = 421, 437


@dataclass
class Case:
    name: str
    title: str  # as the request reads
    script: str  # wrk's
    arguments: list
    probe: callable  # makes one such request
    random: dict  # which parameters of its SQL are random: see pgbench_script
    goal: float = 0  # least ratio of the server's rate to pgbench's; 0: none
    plans: tuple = ("auto",)  # pgbench's plan_cache_mode: the better one counts
    sql: str = ""
    variables: dict = field(default_factory=dict)

    def capture(self, service):
        self.sql, self.variables = pgbench_script(service.statements(lambda: self.probe(service)), self.random)


def reads(name, path, random, most, **more):
    """GETs of a path with one random number."""
    value = SPEAKER if "speaker_id=" in path else RECORD
    return Case(name, f"GET {path.replace('%d', '{n}')}", "get.lua", [path, most],
                lambda service: service.get(path % value), {str(value): (random, most)}, **more)  # fmt: skip


def texts(service):
    """Some of the sentences that each article holds."""
    quotes = json.loads(service.get("/quotes?article_id=1&limit=20&status=confirmed"))["items"]
    return [quote["text"] for quote in quotes]


def cases(service, sizes):
    quotable = texts(service)
    quotes, articles, speakers = sizes["articles"] * 10, sizes["articles"], sizes["speakers"]

    def post(service):
        service.post("/quotes", {"article_id": RECORD, "speaker_id": SPEAKER, "kind": "direct", "cue": "said",
                                 "text": quotable[0]})  # fmt: skip

    lists = ("auto", "force_custom_plan")
    return [
        reads("by id, two includes", "/quotes/%d?include=speaker,article", "id", quotes, goal=1.0),
        reads("by id", "/quotes/%d", "id", quotes),
        reads("list of 20, two includes", "/quotes?speaker_id=%d&include=speaker,article", "speaker", speakers,
              goal=0.8, plans=lists),
        reads("newest 20 of a source", "/quotes?source_id=%d&sort=-published_at", "source", 200, plans=lists),
        Case("insert", "POST /quotes", "post.lua", [articles, speakers, *map(json.dumps, quotable)], post,
             {str(RECORD): ("article", articles), str(SPEAKER): ("speaker", speakers)}),
    ]  # fmt: skip
