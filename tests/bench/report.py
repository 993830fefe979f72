"""The figures as tables and charts, and docs/benchmarks.md."""

import json
import os
import platform
import re
import statistics
import subprocess
from pathlib import Path

from chart import bars
from load import CLIENTS, CONNECTIONS, SESSION, THREADS
from uploads import GOAL as UPLOAD_GOAL


INSTRUCTIONS = Path(__file__).resolve().parents[1] / "cost/instructions.json"
EXPORT_GOAL = 0.6  # of the speed of psql's copy


def median(samples, name):
    return statistics.median(getattr(sample, name) for sample in samples)


class Result:
    """The rounds of one case."""

    def __init__(self, case, clients, plans):
        self.case, self.clients, self.plans = case, clients, plans
        self.ours, self.theirs, self.ratios = [], [], []

    def add(self, ours, theirs):
        self.ours.append(ours)
        self.theirs.append(theirs)
        self.ratios.append(ours.rate / theirs.rate)

    @property
    def ratio(self):
        return statistics.median(self.ratios)


def busy(load):
    """Whether the load average before the run says that others were at work: then nothing is judged, for who is given
    the processors decides more than who needs them less."""
    return load >= len(os.sched_getaffinity(0)) / 4


def verdict(holds, load):
    return "not judged" if busy(load) else "pass" if holds else "**short**"


def result_row(result, load):
    case, ours = result.case, result.ours
    goal = f">= {case.goal:g} | {verdict(result.ratio >= case.goal, load)}" if case.goal else " | "
    cpu = f"{median(ours, 'server_us'):.0f} / {median(ours, 'postgres_us'):.0f}"
    return (f"| {case.name} | {median(ours, 'rate'):,.0f} | {median(result.theirs, 'rate'):,.0f} ({result.clients}) "
            f"| **{result.ratio:.2f}** ({min(result.ratios):.2f} to {max(result.ratios):.2f}) | {goal} "
            f"| {median(ours, 'p50_ms'):.2f} / {median(ours, 'p99_ms'):.1f} | {cpu} "
            f"| {median(result.theirs, 'postgres_us'):.0f} |")  # fmt: skip


def export_row(export, load):
    ratio = statistics.median(export.ratios)
    ours, theirs = statistics.median(export.ours), statistics.median(export.theirs)
    return (f"| {export.name} | {ours:.2f} ({export.size / 1e6 / ours:,.0f} MB/s) | {theirs:.2f} "
            f"| **{ratio:.2f}** ({min(export.ratios):.2f} to {max(export.ratios):.2f}) "
            f"| >= {EXPORT_GOAL:g} | {verdict(ratio >= EXPORT_GOAL, load)} |")  # fmt: skip


def upload_row(upload, load):
    ratio = statistics.median(upload.ratios)
    ours, theirs = statistics.median(upload.ours), statistics.median(upload.theirs)
    return (f"| {upload.name} | {ours:.2f} | {theirs:.2f} | **{ratio:.2f}** ({min(upload.ratios):.2f} to {max(upload.ratios):.2f}) "
            f"| >= {UPLOAD_GOAL:g} | {verdict(ratio >= UPLOAD_GOAL, load)} |")  # fmt: skip


def kept_row(case, load):
    ratio = statistics.median(case.ratios)
    return (f"| {case.name} | {median(case.ours, 'rate'):,.0f} | {median(case.theirs, 'rate'):,.0f} "
            f"| **{ratio:.2f}** ({min(case.ratios):.2f} to {max(case.ratios):.2f}) "
            f"| >= {case.goal:g} | {verdict(ratio >= case.goal, load)} "
            f"| {median(case.ours, 'p50_ms'):.2f} / {median(case.ours, 'p99_ms'):.1f} "
            f"| {median(case.ours, 'server_us'):.0f} | {median(case.theirs, 'server_us'):.0f} |")  # fmt: skip


def peer_rows(compared, load):
    kinds = list(compared[0].theirs)
    yield f"| beside peers | server, 1/s | {' | '.join(kinds)} | ratio to the best (of the rounds) | goal | | p50 / p99, ms | CPU us server | best peer's |"
    yield "|---|---|" + "---|" * len(kinds) + "---|---|---|---|---|---|"
    for one in compared:
        ratio = statistics.median(one.ratios)
        rates = {kind: median(samples, "rate") for kind, samples in one.theirs.items()}
        best = max(kinds, key=rates.get)
        goal = f">= {one.goal:g} | {verdict(ratio >= one.goal, load)}" if one.goal else " | "
        yield (f"| {one.case.name} | {median(one.ours, 'rate'):,.0f} | {' | '.join(f'{rates[kind]:,.0f}' for kind in kinds)} "
               f"| **{ratio:.2f}** ({min(one.ratios):.2f} to {max(one.ratios):.2f}) | {goal} "
               f"| {median(one.ours, 'p50_ms'):.2f} / {median(one.ours, 'p99_ms'):.1f} | {median(one.ours, 'server_us'):.0f} "
               f"| {median(one.theirs[best], 'server_us'):.0f} |")  # fmt: skip


def growth_rows(sizes, connections, pages):
    yield "| with more quotes, 1/s | by id, two includes | list of 20, two includes | search, a rare word |"
    yield "|---|---|---|---|"
    for row in sizes:
        yield f"| {row.label} | " + " | ".join(f"{value:,.0f}" for value in row.values) + " |"
    yield from ("", "| by id, two includes, with more connections | 1/s | p50, ms | p99, ms |", "|---|---|---|---|")
    for row in connections:
        rate, p50, p99 = row.values
        yield f"| {row.label} | {rate:,.0f} | {p50:.2f} | {p99:.1f} |"
    yield from ("", "| a page of 20, by cursor | ms |", "|---|---|")
    for row in pages:
        yield f"| {row.label} | {row.values[0]:.2f} |"


def instruction_rows():
    yield "| instructions of the server for a request (tests/cost) | |"
    yield "|---|---|"
    for name, count in json.loads(INSTRUCTIONS.read_text(encoding="utf-8")).items():
        yield f"| {name} | {count:,} |"


def charts(results, exports, uploads, kept, compared, grown):
    """A chart for each table that there is: its file's name and its SVG."""
    if results:
        yield "cases", bars("Requests a second, beside pgbench on the same SQL", ["server", "pgbench"],
                            [(r.case.name, [median(r.ours, "rate"), median(r.theirs, "rate")]) for r in results])  # fmt: skip
    if exports or uploads:
        yield "whole", bars("Seconds, beside psql \\copy", ["server", "\\copy"],
                            [(one.name, [statistics.median(one.ours), statistics.median(one.theirs)]) for one in [*exports, *uploads]])  # fmt: skip
    if kept:
        yield "kept", bars("Kept answers: requests a second, beside nginx with the same bytes as files", ["server", "nginx"],
                           [(one.name, [median(one.ours, "rate"), median(one.theirs, "rate")]) for one in kept])  # fmt: skip
    if compared:
        kinds = list(compared[0].theirs)
        yield "peers", bars("Requests a second, beside peers on the same PostgreSQL with the same SQL", ["server", *kinds],
                            [(one.case.name, [median(one.ours, "rate"), *(median(one.theirs[kind], "rate") for kind in kinds)])
                             for one in compared])  # fmt: skip
    if grown:
        sizes, connections, pages = grown
        names = ("by id, two includes", "list of 20, two includes", "search, a rare word")
        yield "growth", bars("Requests a second, with more quotes", [row.label for row in sizes],
                             [(name, [row.values[i] for row in sizes]) for i, name in enumerate(names)])  # fmt: skip
        yield "connections", bars("Reads by id a second, with more connections", [row.label for row in connections],
                                  [("by id, two includes", [row.values[0] for row in connections])])  # fmt: skip
        yield "pages", bars("Milliseconds for a page of 20", [row.label for row in pages], [("by cursor", [row.values[0] for row in pages])])


def table(results, exports, uploads, kept, compared, grown, limits, load):
    rows = ["| case | server, 1/s | pgbench, 1/s (clients) | ratio (of the rounds) | goal | | p50 / p99, ms "
            "| CPU us server / PostgreSQL | pgbench: PostgreSQL |",
            "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    rows += [result_row(result, load) for result in results]
    if exports:
        rows += ["", "| export | server, s | psql \\\\copy of the same SELECT, s | ratio (of the rounds) | goal | |", "|---|---|---|---|---|---|"]
        rows += [export_row(export, load) for export in exports]
    if uploads:
        rows += ["", "| upload | server, s | psql \\\\copy of the same rows, s | ratio (of the rounds) | goal | |", "|---|---|---|---|---|---|"]
        rows += [upload_row(upload, load) for upload in uploads]
    if kept:
        rows += ["", "| kept answers | server, 1/s | nginx, the same bytes as files, 1/s | ratio (of the rounds) | goal | "
                 "| p50 / p99, ms | CPU us server | nginx |", "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
        rows += [kept_row(case, load) for case in kept]
    if compared:
        rows += ["", *peer_rows(compared, load)]
    if grown:
        rows += ["", *growth_rows(*grown)]
    rows += ["", "| | measured | limit | |", "|---|---|---|---|"]
    rows += [f"| {name} | {value:.2f} | {limit:g} | {verdict(value <= limit, load)} |" for name, value, limit in limits]
    rows += ["", *instruction_rows()]
    return "\n".join(rows)


def load_words(load, cpus):
    """What a reader must know of the load average before the run."""
    if not busy(load):
        return f"none to speak of (load average {load:.1f} before the run)."
    return (f"**load average {load:.1f} before the run, on {cpus} processors, so that no goal is judged.**\n"
            "  Rates are lower, latencies longer and CPU times higher than on a quiet machine, and ratios tell\n"
            "  more of who was given the processors than of what the two sides need.")  # fmt: skip


def first_line(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).split("\n")[0].strip()


def machine(service):
    """What it ran on."""
    cpuinfo = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"model name\s*:\s*(.*)", cpuinfo)
    memory = int(re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))[1])
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text(encoding="utf-8"))
    cpus = len(os.sched_getaffinity(0))
    return {
        "cpus": cpus,
        "processor": f"{cpus} x {model[1] if model else platform.machine()}",
        "memory": f"{memory / 1024 / 1024:.0f} GB",
        "system": f"{system[1] if system else 'Linux'}, Linux {platform.release()}",
        "server": first_line(service.process.args[0], "version"),
        "postgres": "PostgreSQL " + service.psql("-c", "SHOW server_version"),
        "wrk": re.sub(r"\s*\[.*", "", first_line("wrk", "--version")),
        "fsync": service.psql("-c", "SELECT string_agg(name || ' = ' || setting, ', ' ORDER BY name) FROM pg_settings "
                              "WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')"),
    }  # fmt: skip


def listing(results):
    return "\n".join(f"{r.case.name}: `{r.case.title}`\n\n```sql\n{r.case.sql}```\n" for r in results)


def write(path, text, results, drawn, facts):
    """And the charts beside it, in a folder of its name."""
    sizes = facts["sizes"]
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    for name, svg in drawn.items():
        (folder / f"{name}.svg").write_text(svg, encoding="utf-8")
    shown = "\n".join(f"![{name}]({folder.name}/{name}.svg)" for name in drawn)
    path.write_text(f"""# Benchmarks

`make bench` wrote this. All of it ran on one machine at once: client, server and PostgreSQL share its processors.
Absolute figures move from run to run; the ratios of one interleaved run are what counts.

{text}

{shown}

- Other work on the machine: {load_words(facts["load"], facts["cpus"])}
- Machine: {facts["processor"]}, {facts["memory"]}, {facts["system"]};
  {facts["postgres"]}, {facts["wrk"]}.
- The server, {facts["server"]}: `onrecord serve` with its defaults and its own PostgreSQL; but for kept
  answers, and where a line says so, without its cache, so that each answer is made anew
  ({facts["fsync"]}). Metrics, ETags, validation, revisions and the change log are on.
- The peers (tests/bench/peers) run the statements that PostgreSQL logged for the server, in as many processes as there are
  processors, with eight connections each; they check a body and find the quote in its article, and do no more.
- `wrk -t{THREADS} -c{CONNECTIONS} -d{facts["seconds"]}s`, random ids; a run with any answer but 2xx counts as failed.
- `pgbench -n -M prepared` on the statements that PostgreSQL logged for one such request, with random ids; of
  {", ".join(map(str, CLIENTS))} clients as many as served it best; its sessions are set as the server's are
  ({", ".join(SESSION)});
  for lists with the better plan_cache_mode of auto and force_custom_plan.
- {facts["rounds"]} rounds; in each, one side of a case directly after the other, turns taken at who is first. Figures
  are medians.
- CPU is user and system time from /proc, in microseconds for each request; PostgreSQL's is that of all its processes.
- Data: {sizes["articles"]:,} articles, {sizes["speakers"]:,} speakers, {sizes["articles"] * 10:,} quotes
  (tests/bench/data.sql).

To run it again: `make bench`; quicker: `BENCH_SCALE=0.1 make bench`, which leaves this file alone.
`tests/bench/run` says more.

## The SQL

As pgbench got it.

{listing(results)}""", encoding="utf-8")
