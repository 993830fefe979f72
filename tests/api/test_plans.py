"""How PostgreSQL runs a search: by indexes, whatever is looked for. On the benchmark's data: 20,000 quotes of it, or
with ONRECORD_PLANS_SCALE=1 all of its million."""

import os
import pathlib
import re
import subprocess

import pytest
import service

SCALE = float(os.environ.get("ONRECORD_PLANS_SCALE", "0.02"))
TOP = pathlib.Path(__file__).resolve().parents[2]
LARGE = "quotes|articles|speakers|speaker_names|events"

pytestmark = pytest.mark.own_server


def fill(api):
    """The benchmark's data instead of the seed."""
    tables = "sources, articles, speakers, events, quotes, changes, revisions"
    api.psql(f"SET session_replication_role = replica; TRUNCATE {', '.join('onrecord.' + table for table in tables.split(', '))} RESTART IDENTITY CASCADE")
    body = (TOP / "schema/article.txt").read_text(encoding="utf-8").split("\n", 2)[2].rstrip("\n")
    variables = {"articles": int(100_000 * SCALE), "speakers": 10_000, "events": 5_000, "body": body}
    script = TOP / "tests/bench/data.sql"
    command = [service.postgres_folder() / "psql", "-X", "-q", "-d", api.cluster.url(api.database), "-f", script,
               *(f"--set={name}={value}" for name, value in variables.items())]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def large(servers):
    """A server on much data, whose PostgreSQL logs the plan of each statement."""
    api = servers.take({"ONRECORD_QUICK_TIMEOUT_MS": "5000"})
    fill(api)
    for setting in ("session_preload_libraries = auto_explain", "auto_explain.log_min_duration = 0"):
        api.psql(f"ALTER DATABASE {api.database} SET {setting}")
    api.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
             "WHERE datname = current_database() AND pid <> pg_backend_pid()")  # fmt: skip
    service.until(lambda: all(api.get("/quotes?q=x").status_code == 200 for _ in range(20)), what="the sessions' return")
    yield api
    servers.give_back(api, "test_plans.py")


def plans(api, path):
    """What PostgreSQL logs of the statements on records that a request makes."""
    log = api.cluster.folder / "log"
    api.read(path, headers={"Cache-Control": "no-cache"})  # what a first search learns is known then
    begin = log.stat().st_size
    api.read(path, headers={"Cache-Control": "no-cache"})

    def logged():
        text = log.read_bytes()[begin:].decode(errors="replace")
        found = [part for part in re.split(r"(?m)^\d{4}-\d\d-\d\d .*? LOG:  duration: .*? plan:$", text)[1:]
                 if "onrecord." in part and "pg_backend_pid" not in part]  # fmt: skip
        return found if any("ts_rank" in part or "speaker_names" in part or " ORDER BY " in part for part in found) else None

    return "\n".join(service.until(logged, what="a logged plan"))


@pytest.mark.parametrize(
    ("path", "index"),
    [
        ("/quotes?q=speaker+77", "quotes_search_idx"),
        ("/quotes?q=governor", "quotes_"),
        ("/quotes?q=governor+77", "quotes_search_idx"),
        ("/quotes?q=%22acting+foreign+minister%22", "quotes_"),
        ("/quotes?q=ambassador+or+governor", "quotes_"),
        ("/quotes?q=-governor", "quotes_pkey"),
        ("/quotes?q=77&speaker_id=3", "quotes_"),
        ("/quotes?q=governor&sort=-published_at", "quotes_published_at_id_idx"),
        ("/articles?q=77", "articles_search_idx"),
        ("/articles?q=ambassador", "articles_"),
        ("/speakers?q=k", "speaker_names_rest_idx"),
        ("/speakers?q=kam", "speaker_names_rest_idx"),
        ("/speakers?q=Zarxyqa", "speaker_names_alike_idx"),
        ("/speakers?q=qamiro&kind=person", "speaker_names_sound_idx"),
        ("/search?q=77", "quotes_search_idx"),
    ],
)
def test_a_search_reads_no_table_from_end_to_end(large, path, index):
    plan = plans(large, path)
    assert index in plan, plan
    whole = re.findall(rf"Seq Scan on ({LARGE})\b", plan)
    assert not whole, plan


@pytest.mark.parametrize("path", ["/quotes?q=speaker+77", "/quotes?q=governor", "/articles?q=77"])
def test_a_search_reads_what_it_shows_from_where_it_lies(large, path):
    plan = plans(large, path)
    assert re.search(r"Tid Scan on (quotes|articles) t\b", plan), plan


def test_a_plan_that_does_is_noticed(large):
    """The test above can fail."""
    begin = (large.cluster.folder / "log").stat().st_size
    large.psql("SET enable_indexscan = off; SELECT count(*) FROM onrecord.quotes WHERE text = 'x'")
    text = (large.cluster.folder / "log").read_bytes()[begin:].decode()
    assert re.search(rf"Seq Scan on ({LARGE})\b", text)
