"""Growth: what becomes of it with more quotes, with more connections, and with later pages."""

import json
import resource
import statistics
import time
from dataclasses import dataclass

from cases import reads
from load import wrk
from service import Service

SCALES = (0.01, 0.1)  # of the articles and speakers of the whole data set; the third is that itself
CONNECTIONS = (1, 16, 64, 256, 1024)
PAGES, PAGE_TIMES = (1, 100, 1000), 40
SECONDS = 3
LATER_MAX = 1.1  # times the time of the first page


@dataclass
class Row:
    label: str
    values: list  # rates, 1/s, or times, ms


def sized(service, sizes):
    """Rates of a read by id, of a list and of a search for a word that ten quotes have."""
    quotes = sizes["articles"] * 10
    chosen = [
        reads("by id, two includes", "/quotes/%d?include=speaker,article", "id", quotes),
        reads("list of 20, two includes", "/quotes?speaker_id=%d&include=speaker,article", "speaker", sizes["speakers"]),
        reads("search, a rare word", "/quotes?q=%d", "word", sizes["speakers"] - 1),
    ]
    service.warm()
    for case in chosen:
        wrk(service, case.script, case.arguments, 1, warms_up=True)
    rates = [wrk(service, case.script, case.arguments, SECONDS).rate for case in chosen]
    return Row(f"{quotes:,} quotes", rates)


def sizes_of(whole, scale):
    return {name: round(count * scale) for name, count in whole.items()}


def by_size(service, whole):
    """With three sizes of the data set."""
    for scale in SCALES:
        other = Service()
        try:
            other.load(sizes_of(whole, scale))
            yield sized(other, sizes_of(whole, scale))
        finally:
            other.remove()
    yield sized(service, whole)


def by_connections(service, whole):
    """Rate and latencies of reads by id."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    for connections in CONNECTIONS:
        sample = wrk(service, "get.lua", ["/quotes/%d?include=speaker,article", whole["articles"] * 10], SECONDS, connections=connections)
        yield Row(f"{connections:,} connection{'s' * (connections > 1)}", [sample.rate, sample.p50_ms, sample.p99_ms])


def page_queries(service):
    """Of each of the pages, walked to by their cursors."""
    query, number = "?sort=-published_at", 1
    for page in PAGES:
        for _ in range(number, page):
            query = json.loads(service.get("/quotes" + query))["next"]
        number = page
        yield query


def by_page(service):
    """Time of a page of 20, the median of many, the pages in turn."""
    queries = list(page_queries(service))
    took = {query: [] for query in queries}
    for _ in range(PAGE_TIMES):
        for query in queries:
            began = time.perf_counter()
            service.get("/quotes" + query)
            took[query].append((time.perf_counter() - began) * 1000)
    return [Row(f"page {page:,}", [statistics.median(took[query])]) for page, query in zip(PAGES, queries)]


def growth(service, whole):
    return list(by_size(service, whole)), list(by_connections(service, whole)), by_page(service)
