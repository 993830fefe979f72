"""Lanes: what takes its time has connections, a queue and a timeout of its own, and stands before nothing else."""

import concurrent.futures
import os
import signal
import threading
import time

import load
import pytest
import service

pytestmark = pytest.mark.own_server

QUOTES = 2000


def crowd(api, speaker, article):
    """Many quotes of one speaker in one article."""
    api.psql(f"""INSERT INTO onrecord.quotes (article_id, speaker_id, text)
                 SELECT {article}, {speaker}, 'words number ' || n FROM generate_series(1, {QUOTES}) AS n""")


def count(api, where):
    return int(api.psql(f"SELECT count(*) FROM onrecord.quotes WHERE {where}")[0][0])


def longer_than(seconds, answer, status=200):
    assert answer.status_code == status, answer.text
    assert answer.elapsed.total_seconds() > seconds
    return answer


def test_a_write_that_takes_many_others_with_it_has_its_own_time(stage):
    api = stage(ONRECORD_SLOW_TIMEOUT_MS="100")
    into, speaker = (api.make("speakers", name=name)["id"] for name in ("Into", "Crowded"))
    article = api.make("articles", url="https://crowd.example/", headline="Crowd", source_id=1)["id"]
    crowd(api, speaker, article)
    longer_than(0.1, api.post(f"/speakers/{speaker}/merge", json={"into": into}))
    assert count(api, f"speaker_id={into}") == QUOTES
    longer_than(0.1, api.post(f"/speakers/{speaker}/unmerge"))
    assert count(api, f"speaker_id={speaker}") == QUOTES
    longer_than(0.1, api.delete(f"/articles/{article}?cascade=true"), 204)
    assert count(api, f"speaker_id={speaker}") == 0
    answer = longer_than(0.1, api.post(f"/articles/{article}/restore", json={}))
    assert len(answer.json()["returned"]) == QUOTES
    assert count(api, f"article_id={article}") == QUOTES


def test_beyond_that_time_nothing_is_changed(stage):
    api = stage(ONRECORD_CASCADE_TIMEOUT_S="1", ONRECORD_SLOW_TIMEOUT_MS="20000")
    with load.held(api, "SELECT FROM onrecord.quotes WHERE id = 1 FOR UPDATE"):
        answer = api.delete("/articles/1?cascade=true")
        assert (answer.status_code, answer.json()["type"]) == (503, load.UNAVAILABLE)
        assert 1 <= answer.elapsed.total_seconds() < 2 * load.patience()
    assert count(api, "article_id=1") > 0
    assert api.delete("/articles/1?cascade=true").status_code == 204


def test_a_full_lane_refuses_at_once_and_others_go_on(stage):
    """One slow read runs, two wait, as their queue may hold two; the others are told, and reads by id are not held up."""
    api = stage(ONRECORD_WORKERS="1", ONRECORD_SLOW_QUEUE_MAX="2", ONRECORD_CACHE_MB="0")
    assert api.get("/speakers/duplicates").status_code == 200  # the lane has its connection

    def ask(_):
        return service.Api(api.base, api.keys).get("/speakers/duplicates")

    with concurrent.futures.ThreadPoolExecutor(6) as clients:
        with load.held(api, "LOCK TABLE onrecord.speaker_names IN ACCESS EXCLUSIVE MODE"):
            asked = [clients.submit(ask, number) for number in range(6)]
            done, _ = concurrent.futures.wait(asked, timeout=1.5)
            begun = time.monotonic()
            assert all(api.get(f"/quotes/{1 + number % 3}").status_code == 200 for number in range(50))
            assert time.monotonic() - begun < 1.0 * load.patience()
        answers = [future.result() for future in asked]
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 503, 503, 503]
    assert {future.result().status_code for future in done} == {503} and len(done) == 3
    for answer in answers:
        if answer.status_code == 503:
            assert answer.json()["type"] == load.UNAVAILABLE and int(answer.headers["Retry-After"]) >= 1
            assert answer.elapsed.total_seconds() < 0.5 * load.patience()


@pytest.mark.parametrize("ask", [
    lambda api: api.post("/speakers", data=b'{"name": "First"}\n', headers={"Content-Type": "application/x-ndjson"}),
    lambda api: api.delete("/articles/1?cascade=true"),
    lambda api: api.get("/speakers/duplicates"),
    lambda api: api.get("/quotes?q=ties"),
])  # fmt: skip
def test_the_first_in_a_lane_waits_for_a_connection_that_comes_late(stage, cluster, ask):
    """PostgreSQL serves those that it has, and takes its time to let another in."""
    api = stage(ONRECORD_WORKERS="1")
    assert api.get("/quotes/1").status_code == 200
    postmaster = cluster.pid()
    os.kill(postmaster, signal.SIGSTOP)
    goes_on = threading.Timer(1, os.kill, (postmaster, signal.SIGCONT))
    goes_on.start()
    answer = ask(api)
    goes_on.join()
    assert answer.status_code in (200, 204), answer.text
