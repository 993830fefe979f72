"""ETags, If-None-Match, If-Match."""

import itertools
import threading

import names as n
import pytest
import requests
from problems import expect_problem

numbers = itertools.count(1)


@pytest.fixture
def api(module_api):
    """One server for all of this file: no test here minds the records of another."""
    return module_api


@pytest.fixture
def source(api):
    return api.make("sources", name=f"Gazette {next(numbers)}")


def test_if_none_match_on_a_record(shared):
    path = f"/sources/{n.MNTV}"
    for value in ('"1"', '"0", "1"', 'W/"1"', "*", '"1-gzip"'):
        answer = shared.get(path, headers={"If-None-Match": value})
        assert (answer.status_code, answer.content) == (304, b""), value
        assert answer.headers["ETag"] in ('"1"', '"1-gzip"')
        assert "Content-Type" not in answer.headers
        assert "Accept-Encoding" in answer.headers["Vary"]
    for value in ('"2"', '"11"', '"1-0123456789abcdef"', "1", '"', '""', "W/1"):
        assert shared.get(path, headers={"If-None-Match": value}).status_code == 200, value


def test_if_none_match_on_another_shape(shared):
    path = f"/sources/{n.MNTV}?fields=name"
    tag = shared.get(path).headers["ETag"]
    assert shared.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert shared.get(path, headers={"If-None-Match": '"1"'}).status_code == 200
    assert shared.get(f"/sources/{n.MNTV}", headers={"If-None-Match": tag}).status_code == 200


def test_if_none_match_on_lists(api):
    path = "/sources?limit=200"
    first = api.get(path)
    tag = first.headers["ETag"]
    assert len(tag) == len('"0123456789abcdef"')
    assert api.get(path, headers={"If-None-Match": tag}).status_code == 304
    assert api.head(path, headers={"If-None-Match": tag}).status_code == 304
    api.make("sources", name="Another")
    second = api.get(path, headers={"If-None-Match": tag})
    assert second.status_code == 200 and second.headers["ETag"] != tag


def test_the_etag_of_a_record_changes_with_what_it_includes(api):
    source = api.make("sources", name="Included")["id"]
    article = api.make("articles", headline="h", source_id=source)["id"]
    path = f"/articles/{article}?include=source"
    tag = api.get(path).headers["ETag"]
    api.patch(f"/sources/{source}", json={"description": "d"})
    answer = api.get(path, headers={"If-None-Match": tag})
    assert answer.status_code == 200
    assert (answer.headers["ETag"].split("-")[0], tag.split("-")[0]) == ('"1', '"1')


def test_who_reads_after_writing_sees_it(api, source):
    path = f"/sources/{source['id']}"
    for i in range(20):
        tag = api.patch(path, json={"description": f"d{i}"}).headers["ETag"]
        answer = api.get(path)
        assert (answer.headers["ETag"], answer.json()["description"]) == (tag, f"d{i}")


@pytest.mark.parametrize("value", ['"1"', "*", '"7", "1"', '"1-0123456789abcdef"', '"1-gzip"'])
def test_if_match_that_holds(api, source, value):
    path = f"/sources/{source['id']}"
    answer = api.patch(path, json={"description": "d"}, headers={"If-Match": value})
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')


@pytest.mark.parametrize("value", ['"2"', '"0"', 'W/"1"', '"abc"', '"01"', '"1.0"', '"", "3"', '"9007199254740993"'])
def test_if_match_that_does_not_hold(api, source, value):
    path = f"/sources/{source['id']}"
    detail = f"Source {source['id']} is at version 1, which If-Match does not name."
    for method, body in (("PATCH", {"description": "d"}), ("PUT", {"name": "x"}), ("DELETE", None)):
        expect_problem(api.request(method, path, json=body, headers={"If-Match": value}), "precondition-failed", detail)
    assert api.read(path) == source


@pytest.mark.parametrize("value", ["1", "", '"1', "W/1", ",", '"1" "2"', '"a b"', ", ".join(['"1"'] * 17)])
def test_if_match_that_is_malformed(api, source, value):
    answer = api.patch(f"/sources/{source['id']}", json={"description": "d"}, headers={"If-Match": value})
    expect_problem(answer, "bad-request", errors=[("If-Match:", None)])


def test_if_match_protects_put_and_delete(api, source):
    path = f"/sources/{source['id']}"
    assert api.put(path, json={"name": "Other"}, headers={"If-Match": '"1"'}).headers["ETag"] == '"2"'
    expect_problem(api.delete(path, headers={"If-Match": '"1"'}), "precondition-failed")
    assert api.delete(path, headers={"If-Match": '"2"'}).status_code == 204


def test_if_match_on_what_is_not_there(api, source):
    expect_problem(api.patch("/sources/4711", json={}, headers={"If-Match": '"1"'}), "not-found")
    api.delete(f"/sources/{source['id']}")
    expect_problem(api.patch(f"/sources/{source['id']}", json={}, headers={"If-Match": "*"}), "gone")


def test_of_many_that_hold_the_same_version_one_wins(api, source):
    path = f"/sources/{source['id']}"
    answers = []

    def write(i):
        with_key = {"Authorization": f"Bearer {api.keys.write}", "If-Match": '"1"'}
    
        answers.append(requests.patch(api.base + path, json={"description": f"d{i}"}, headers=with_key, timeout=30))

    threads = [threading.Thread(target=write, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 11
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert api.read(path) == winner.json()


def test_without_if_match_no_change_is_lost(api, source):
    # Merge patches of different members at the same time: each finds the others' changes.
    path = f"/sources/{source['id']}"

    def write(i):
    
        answer = requests.patch(api.base + path, json={"extra": {f"k{i}": i}},
                                headers={"Authorization": f"Bearer {api.keys.write}"}, timeout=30)  # fmt: skip
        assert answer.status_code in (200, 503), answer.text
        if answer.status_code == 200:
            done.append(i)

    done = []
    threads = [threading.Thread(target=write, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record = api.read(path)
    assert record["extra"] == {f"k{i}": i for i in done}
    assert record["version"] == 1 + len(done)
    assert done


@pytest.mark.own_server
def test_a_service_may_insist_on_if_match(api_with):
    api = api_with(ONRECORD_IF_MATCH_REQUIRED="1")
    source = api.make("sources", name="Gazette")
    path = f"/sources/{source['id']}"
    for method, body in (("PATCH", {"description": "d"}), ("PUT", {"name": "x"}), ("DELETE", None)):
        expect_problem(api.request(method, path, json=body), "precondition-required")
    assert api.read(path) == source
    assert api.patch(path, json={"description": "d"}, headers={"If-Match": '"1"'}).status_code == 200
    assert api.delete(path, headers={"If-Match": "*"}).status_code == 204
