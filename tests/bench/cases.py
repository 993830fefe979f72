"""What is measured: each case is a request, sent by wrk, and the SQL that it comes down to, run by pgbench."""

import json
from dataclasses import dataclass, field

from load import CONNECTIONS, pgbench_script

# Cases that limits are about as well.
COMMON_WORD, SUGGEST, INSERT = "search, a word in a tenth of all", "suggest as one types", "insert"
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
    connections: int = CONNECTIONS  # wrk's
    sql: str = ""
    variables: dict = field(default_factory=dict)

    def capture(self, service):
        self.sql, self.variables = pgbench_script(service.statements(lambda: self.probe(service)), self.random)


def reads(name, path, random, most, **more):
    """GETs of a path with one random number."""
    value = SPEAKER if "speaker_id=" in path else RECORD
    return Case(name, f"GET {path.replace('%d', '{n}')}", "get.lua", [path, most],
                lambda service: service.get(path % value), {str(value): (random, most)}, **more)  # fmt: skip


def suggests(service, name, **more):
    """Names as one types them: two to five letters of some that there are. pgbench asks for one of them."""
    names = [speaker["name"] for speaker in json.loads(service.get("/speakers?kind=person&limit=200&fields=name"))["items"]]
    prefixes = sorted({one.split()[0][:length].lower() for one in names for length in range(2, 6)})
    path = "/speakers?q=%s&limit=8&fields=id,name"
    return Case(name, f"GET {path.replace('%s', '{letters}')}", "words.lua", [path, *prefixes],
                lambda service: service.get(path % prefixes[0]), {}, **more)  # fmt: skip


def searches(name, path, **more):
    """GETs of one path."""
    return Case(name, f"GET {path}", "get.lua", [path, 1], lambda service: service.get(path), {}, **more)


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
    any_plan = (*lists, "force_generic_plan")
    return [
        reads("by id, two includes", "/quotes/%d?include=speaker,article", "id", quotes, goal=1.25),
        reads("by id", "/quotes/%d", "id", quotes),
        reads("list of 20, two includes", "/quotes?speaker_id=%d&include=speaker,article", "speaker", speakers,
              goal=0.8, plans=lists),
        reads("newest 20 of a source", "/quotes?source_id=%d&sort=-published_at", "source", 200, plans=lists),
        reads("search, a rare word", "/quotes?q=%d", "word", speakers - 1, goal=0.9, plans=any_plan),
        searches(COMMON_WORD, "/quotes?q=governor", goal=0.9, plans=any_plan),
        reads("search of articles", "/articles?q=%d&fields=-body", "word", articles, plans=any_plan),
        suggests(service, SUGGEST, connections=32, plans=lists),
        Case(INSERT, "POST /quotes", "post.lua", [articles, speakers, *map(json.dumps, quotable)], post,
             {str(RECORD): ("article", articles), str(SPEAKER): ("speaker", speakers)}, goal=1.3),
    ]  # fmt: skip
