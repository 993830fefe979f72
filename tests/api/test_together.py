"""Where one part of the service meets another: merges with erasure, restoring, bulk, ingest and imports; histories with requests
that are sent again."""

import json
import subprocess

import names as n
import pytest
import service
from problems import expect_problem
from test_bulk import bulk, bulk_all, outcomes, report, send

KEY = "Idempotency-Key"


@pytest.fixture
def api(module_api):
    """One server for all of this file: each test has names of its own."""
    return module_api


def speaker(api, name, **more):
    return api.make("speakers", name=name, **more)["id"]


def merge(api, id, into):
    answer = api.post(f"/speakers/{id}/merge", json={"into": into})
    assert answer.status_code == 200, answer.text
    return answer.json()


def expect_merged(answer, id, into):
    expect_problem(answer, "conflict", f"Speaker {id} was merged into speaker {into}.",
                   conflict={"resource": "speakers", "id": into, "href": f"/speakers/{into}"})  # fmt: skip


def purge(api, path):
    answer = api.delete(f"{path}?purge=true", key=api.keys.admin)
    assert answer.status_code == 204, answer.text


def dump(api):
    """All that the database holds, as text."""
    pg_dump = [str(api.cluster.bin / "pg_dump"), "--data-only", "--schema=onrecord", "-d", api.cluster.url(api.database)]
    return subprocess.run(pg_dump, capture_output=True, text=True, check=True).stdout


# --- merged speakers, erased and restored --------------------------------------------------------------------------------


@pytest.mark.own_server
def test_who_is_erased_takes_along_those_that_were_merged_into_it(api):
    """They are it: nothing of theirs is left either."""
    a, b, c = speaker(api, "Xanthippe One"), speaker(api, "Xanthippe Two", description="Xanthippe"), speaker(api, "Xanthippe Three")
    other = speaker(api, "Somebody else")
    assert api.post(f"/speakers/{b}/distinct", json={"from": other}).status_code == 204
    merge(api, c, b)
    merge(api, b, a)
    purge(api, f"/speakers/{a}")
    assert "Xanthippe" not in dump(api)
    for id in (a, b, c):
        expect_problem(api.get(f"/speakers/{id}"), "gone", f"Speaker {id} was deleted.")
    for path, title in ((f"/speakers/{b}/unmerge", b), (f"/speakers/{a}/restore", a)):
        assert api.post(path).status_code == 410, title
    assert api.read(f"/speakers/{other}")["version"] == 1
    assert api.psql("SELECT count(*) FROM onrecord.speaker_merges WHERE id = ANY(ARRAY[{b}, {c}])".format(b=b, c=c)) == [["0"]]


def test_a_merged_speaker_is_not_erased_but_who_has_its_place(api):
    a, b = speaker(api, "Stays"), speaker(api, "Goes")
    merge(api, b, a)
    answer = api.delete(f"/speakers/{b}?purge=true", key=api.keys.admin)
    expect_merged(answer, b, a)
    assert api.read(f"/speakers/{a}")["aliases"] == ["Goes"]
    api.post(f"/speakers/{b}/unmerge")
    purge(api, f"/speakers/{b}")
    assert "Goes" not in json.dumps(api.read(f"/speakers/{a}"))
    assert api.get(f"/speakers/{b}").status_code == 410


def test_a_merged_speaker_is_not_restored(api):
    """There is a way back, and it is another."""
    a, b = speaker(api, "Stays again"), speaker(api, "Goes again")
    merge(api, b, a)
    for body in (None, {"version": 1}):
        expect_merged(api.post(f"/speakers/{b}/restore", json=body), b, a)
    assert api.post(f"/speakers/{b}/unmerge").status_code == 200
    assert api.read(f"/speakers/{b}")["name"] == "Goes again"


def test_deleted_and_restored_it_still_has_the_place_of_others(api):
    a, b = speaker(api, "Deleted meanwhile"), speaker(api, "Merged before")
    merge(api, b, a)
    assert api.delete(f"/speakers/{a}").status_code == 204
    assert api.post(f"/speakers/{a}/restore").status_code == 200
    answer = api.get(f"/speakers/{b}")
    assert (answer.status_code, answer.headers["Location"]) == (308, f"/speakers/{a}")
    assert api.post(f"/speakers/{b}/unmerge").json()["name"] == "Merged before"


def test_a_quote_restored_after_a_merge_is_who_has_the_place_s(api):
    a, b = speaker(api, "Quoted now"), speaker(api, "Quoted then")
    quote = api.make("quotes", article_id=n.ARTICLE, text="t", kind="indirect", speaker_id=b)["id"]
    assert api.delete(f"/quotes/{quote}").status_code == 204
    merge(api, b, a)
    answer = api.post(f"/quotes/{quote}/restore")
    assert (answer.status_code, answer.json()["speaker_id"]) == (200, a), answer.text


# --- merged speakers in bulk, in nested articles and in files ------------------------------------------------------------


@pytest.fixture
def merged(api, request):
    """A speaker with an external_id, and who has its place."""
    a, b = speaker(api, f"{request.node.name} A"), speaker(api, f"{request.node.name} B", external_id=f"{request.node.name} b")
    merge(api, b, a)
    return a, b, f"{request.node.name} B", f"{request.node.name} b"


def test_lines_that_refer_to_a_merged_speaker(api, merged):
    a, b, name, external_id = merged
    references = (b, {"name": name}, {"external_id": external_id})
    got = bulk_all(api, "/quotes", *({"article_id": n.ARTICLE, "text": "t", "kind": "indirect", "speaker_id": reference,
                                     "speaker_as_printed": name} for reference in references))  # fmt: skip
    assert outcomes(got) == [(1, "created"), (2, "created"), (3, "created")], got
    for line in got:
        quote = api.read(f"/quotes/{line['id']}")
        assert (quote["speaker_id"], quote["speaker_as_printed"]) == (a, name)


def test_lines_about_a_merged_speaker(api, merged):
    """Last night's file brings nobody back."""
    a, b, name, external_id = merged
    before = api.read(f"/speakers/{a}")
    lines = [{"external_id": external_id, "name": name}, {"id": b, "name": name}]
    assert bulk(api, "/speakers?on_conflict=skip", *lines) == report(skipped=2)
    for line in bulk_all(api, "/speakers?on_conflict=update", *lines):
        assert (line["outcome"], line["problem"]["status"]) == ("failed", 409)
        assert line["problem"]["detail"] == f"Speaker {b} was merged into speaker {a}."
        assert line["problem"]["conflict"]["id"] == a
    assert api.read(f"/speakers/{a}") == before
    assert api.ids(f"/speakers?name={name}") == []


def test_a_file_that_is_read_again_after_a_merge(api, tmp_path):
    file = tmp_path / "speakers.ndjson"
    file.write_text("".join(json.dumps({"external_id": f"again-{i}", "name": f"Read again {i}"}) + "\n" for i in range(3)))

    def read():
        return service.command("import", str(file), "--resource", "speakers", "--on-conflict", "skip", "--again",
                               url=api.server.database_url)  # fmt: skip

    assert read().returncode == 0
    ids = [api.ids(f"/speakers?external_id=again-{i}")[0] for i in range(3)]
    merge(api, ids[2], ids[0])
    before = api.psql("SELECT count(*), max(id), sum(version) FROM onrecord.speakers")
    assert read().returncode == 0
    assert api.psql("SELECT count(*), max(id), sum(version) FROM onrecord.speakers") == before


def test_an_article_that_names_a_merged_speaker(api, merged):
    a, b, name, external_id = merged
    for described, matched_by in (({"id": b}, "id"), ({"name": name}, "alias"), ({"external_id": external_id}, "external_id")):
        answer = api.post("/articles", json={"headline": "h", "body": "He said: “so”.",
                                             "quotes": [{"text": "so", "speaker": described}]})  # fmt: skip
        assert answer.status_code == 201, answer.text
        tree = answer.json()
        assert (tree["quotes"][0]["speaker_id"], tree["speakers"]) == (a, [])
        (match,) = (match for match in tree["matches"] if match["resource"] == "speakers")
        assert (match["id"], match["matched_by"]) == (a, matched_by)


# --- histories and requests that are sent again --------------------------------------------------------------------------


def test_sent_again_after_a_merge_it_is_what_was_made(api):
    body = {"name": "Made, then merged"}
    first = api.post("/speakers", json=body, headers={KEY: "merged since"})
    merge(api, first.json()["id"], speaker(api, "Has the place of who was made"))
    again = api.post("/speakers", json=body, headers={KEY: "merged since"})
    assert (again.status_code, again.text, again.headers["Idempotency-Replayed"]) == (201, first.text, "true")
    assert api.ids("/speakers?name=Made, then merged") == []


@pytest.mark.own_server
def test_sent_again_after_an_erasure(api):
    """Also where it was erased with who had its place, or with what it was restored with."""
    made = api.post("/speakers", json={"name": "Erased with another"}, headers={KEY: "erased"}).json()["id"]
    into = speaker(api, "Erased")
    merged = api.post(f"/speakers/{made}/merge", json={"into": into}, headers={KEY: "erased"})
    assert merged.status_code == 200
    purge(api, f"/speakers/{into}")
    for path, body in (("/speakers", {"name": "Erased with another"}), (f"/speakers/{made}/merge", {"into": into})):
        expect_problem(api.post(path, json=body, headers={KEY: "erased"}), "key-used",
                       "What was written with this Idempotency-Key was erased since.",
                       [(f"{KEY}:", "was used for a record that was erased since")])  # fmt: skip
    assert "Erased with another" not in dump(api)


def test_restored_and_sent_again(api):
    """A create that is sent again after its record was deleted and restored is neither."""
    body = {"name": "Deleted and restored"}
    first = api.post("/sources", json=body, headers={KEY: "restored since"})
    path = first.headers["Location"]
    api.delete(path)
    assert api.post(f"{path}/restore").status_code == 200
    again = api.post("/sources", json=body, headers={KEY: "restored since"})
    assert (again.text, again.headers["ETag"]) == (first.text, '"1"')
    assert api.read(path)["version"] == 3
    assert [item["version"] for item in api.read(f"{path}/revisions")["items"]] == [3, 2, 1]


@pytest.mark.own_server
def test_lines_that_were_erased_do_not_come_back(api):
    """An upload that is sent again is answered, and nothing of it is written."""
    lines = [{"name": "Kept line"}, {"name": "Erased line"}]
    made = bulk_all(api, "/speakers", *lines, **{KEY: "lines"})
    purge(api, f"/speakers/{made[1]['id']}")
    answer = send(api, "/speakers?report=all", lines, **{KEY: "lines"})
    assert [json.loads(line)["outcome"] for line in answer.text.splitlines()] == ["settled", "settled"]
    assert api.ids("/speakers?name=Erased line") == []
    assert "Erased line" not in dump(api)
