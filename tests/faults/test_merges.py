"""The server killed while speakers are merged and taken apart, under load: each of that is done, or not at all."""

import contextlib
import json
import threading
import time

import load
import pytest
import service

pytestmark = pytest.mark.own_server

QUOTES = 400


def whole(api, a, b):
    """Where the quotes are and whether B is there: one of the two states that there are, or the test fails."""
    rows = api.psql(f"""
        SELECT (SELECT count(*) FROM onrecord.quotes WHERE speaker_id = {a}), (SELECT count(*) FROM onrecord.quotes WHERE speaker_id = {b}),
               (SELECT count(*) FROM onrecord.speakers WHERE id = {b}), (SELECT count(*) FROM onrecord.speaker_merges WHERE id = {b}),
               (SELECT count(*) FROM onrecord.speaker_moves WHERE merged_id = {b}),
               (SELECT cardinality(aliases) FROM onrecord.speakers WHERE id = {a})""")[0]
    said_a, said_b, there, merged, moves, aliases = map(int, rows)
    assert (there, merged) in ((1, 0), (0, 1)), rows
    if merged:
        assert (said_b, moves, aliases) == (0, QUOTES, 1), rows
    else:
        assert (said_a, moves, aliases) == (0, 0, 0), rows
    return said_a + said_b, merged


def test_the_server_killed_while_it_merges(stage):
    api = stage()
    a, b = (api.make("speakers", name=name)["id"] for name in ("A", "B"))
    api.psql(f"INSERT INTO onrecord.quotes (article_id, text, kind, speaker_id) "
             f"SELECT 1, 'number ' || i, 'indirect', {b} FROM generate_series(1, {QUOTES}) AS i")  # fmt: skip
    statuses = set()
    over = threading.Event()

    def turn():
        client = service.Api(api.base, api.keys)
        while not over.is_set():
            for path, body in ((f"/speakers/{b}/merge", {"into": a}), (f"/speakers/{b}/unmerge", None)):
                with contextlib.suppress(service.requests.RequestException):
                    statuses.add(client.post(path, json=body).status_code)

    merger = threading.Thread(target=turn)
    with load.Load(api) as running:
        merger.start()
        for _ in range(4):
            seen = len(running.acknowledged)
            service.until(lambda seen=seen: len(running.acknowledged) > seen + 20, 20, "writes under load")
            api.server.kill()
            api.server.start()
            load.back(api)
            assert whole(api, a, b)[0] == QUOTES
        over.set()
        merger.join()
    running.verify()
    assert 200 in statuses and statuses <= {200, 409, 503}, statuses
    if whole(api, a, b)[1]:
        assert api.post(f"/speakers/{b}/unmerge").status_code == 200
    assert whole(api, a, b) == (QUOTES, 0)


def test_quotes_that_come_while_their_speaker_is_merged(stage):
    """Each is somebody's who is there: of a merge that they come before or after."""
    api = stage()
    a, b = (api.make("speakers", name=name)["id"] for name in ("A", "B"))
    over, made, wrong = threading.Event(), [], []

    def write():
        client = service.Api(api.base, api.keys)
        while not over.is_set():
            answer = client.post("/quotes", json={"article_id": 1, "text": "t", "kind": "indirect", "speaker_id": b, "about_ids": [b]})
            (made if answer.status_code == 201 else wrong).append(answer.text)

    writers = [threading.Thread(target=write) for _ in range(4)]
    for writer in writers:
        writer.start()
    for _ in range(6):
        assert api.post(f"/speakers/{b}/merge", json={"into": a}).status_code == 200
        time.sleep(0.1)
        assert api.post(f"/speakers/{b}/unmerge").status_code == 200
        time.sleep(0.1)
    assert api.post(f"/speakers/{b}/merge", json={"into": a}).status_code == 200
    over.set()
    for writer in writers:
        writer.join()
    assert wrong == []
    assert api.psql("SELECT speaker_id, about_ids, count(*) FROM onrecord.quotes WHERE text = 't' GROUP BY 1, 2") == [
        [str(a), f"{{{a}}}", str(len(made))]]  # fmt: skip


def test_two_that_are_merged_into_each_other_at_once(stage):
    api = stage()
    for _ in range(10):
        ids = [api.make("speakers", name=name)["id"] for name in ("A", "B")]
        answers = {}

        def merge(going, staying):
            answers[going] = service.Api(api.base, api.keys).post(f"/speakers/{going}/merge", json={"into": staying}).status_code

        both = [threading.Thread(target=merge, args=pair) for pair in (ids, ids[::-1])]
        for one in both:
            one.start()
        for one in both:
            one.join()
        assert sorted(answers.values()) == [200, 409]
        (gone,) = (id for id in ids if answers[id] == 200)
        assert api.get(f"/speakers/{gone}").status_code == 308


def test_what_changes_while_a_merge_waits_for_it(stage):
    """What is taken back later is what was moved, and not what stood there before."""
    api = stage()
    a, b = (api.make("speakers", name=name)["id"] for name in ("A", "B"))
    article = api.make("articles", headline="x", mentions=[{"speaker_id": b}])["id"]
    statuses = []
    merging = threading.Thread(target=lambda: statuses.append(api.post(f"/speakers/{b}/merge", json={"into": a}).status_code))
    entry = json.dumps([{"speaker_id": a, "as_printed": None, "role": None}])
    with load.held(api, f"UPDATE onrecord.articles SET mentions = '{entry}' WHERE id = {article}"):
        merging.start()
        time.sleep(0.3)
        assert not statuses
    merging.join()
    assert statuses == [200]
    assert service.Api(api.base, api.keys).post(f"/speakers/{b}/unmerge").status_code == 200
    assert [entry["speaker_id"] for entry in api.read(f"/articles/{article}")["mentions"]] == [a]
