"""`onrecord import` and `onrecord export`: files of records, a line each, from and to the command line."""

import json
import os
import subprocess

import names as n
import pytest
import service

pytestmark = pytest.mark.own_server
PAGE = "https://www.wikidata.org/wiki/"


@pytest.fixture
def run(api, tmp_path):
    """Runs an import of lines: its exit code, and what it prints on both of its outputs."""

    def import_(lines, *options, name="file.ndjson"):
        file = tmp_path / name
        text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
        file.write_text(text, encoding="utf-8")
        done = service.command("import", str(file), *options, url=api.server.database_url, check=False)
        return done.returncode, done.stdout, done.stderr

    return import_


def counts(what, created=0, updated=0, unchanged=0, skipped=0, failed=0):
    return f"{what}: {created} created, {updated} updated, {unchanged} unchanged, {skipped} skipped, {failed} failed.\n"


def everything(api):
    """All that is on record, and how often it was changed."""
    tables = ("sources", "articles", "speakers", "events", "quotes", "revisions", "changes")
    return [api.psql(f"SELECT count(*), coalesce(sum(version), 0) FROM onrecord.{table}") for table in tables]


# --- our own records ---------------------------------------------------------------------------------------------------------


def test_a_file_of_records(api, run):
    code, out, err = run([{"name": f"Source {i}"} for i in range(2500)], "--resource", "sources")
    assert (code, out) == (0, counts("sources", created=2500))
    assert err.startswith("2500 lines, ") and err.endswith(", 100 %\n")
    assert api.read("/sources?count=exact&limit=1")["total"] == 2502


def test_a_file_that_is_fed_again_changes_nothing(api, run):
    lines = [{"name": f"Speaker {i}"} for i in range(1500)]
    assert run(lines, "--resource", "speakers")[0] == 0
    before = everything(api)
    code, out, _ = run(lines, "--resource", "speakers")
    assert code == 0 and out.endswith("file.ndjson was imported already; --again reads it once more.\n")
    code, out, _ = run(lines, "--resource", "speakers", name="other-name.ndjson")
    assert code == 0 and "imported already" in out
    assert everything(api) == before
    assert run(lines, "--resource", "speakers", "--again")[1] == counts("speakers", created=1500)
    assert run([*lines, {"name": "One more"}], "--resource", "speakers")[1] == counts("speakers", created=1501)


def test_lines_that_fail_are_named(api, run):
    code, out, err = run([{"name": "good"}, "{", {"nam": "x"}], "--resource", "sources")
    assert (code, out) == (1, counts("sources", created=1, failed=2))
    assert err.splitlines()[:2] == ["line 2: The line is not valid JSON: string or '}' expected near end of file (column 1).",
                                    "line 3: The line has 2 faults. /nam is not a field of sources. /name is required."]  # fmt: skip


def test_what_becomes_of_conflicts(api, run):
    first = [{"external_id": f"s{i}", "name": f"n{i}"} for i in range(3)]
    assert run(first, "--resource", "speakers")[0] == 0
    second = [*first[:2], {"external_id": "s2", "name": "other"}, {"external_id": "s3", "name": "new"}]
    assert run(second, "--resource", "speakers", "--again")[1] == counts("speakers", created=1, failed=3)
    assert run(second, "--resource", "speakers", "--on-conflict", "skip", "--again")[1] == counts("speakers", skipped=4)
    assert run(second, "--resource", "speakers", "--on-conflict=update", "--again")[1] == counts("speakers", updated=1, unchanged=3)


def test_who_did_it(api, run):
    assert run([{"name": "x"}], "--resource", "sources", "--actor", "Ann", "--reason", "night load")[0] == 0
    rows = api.psql("SELECT changed_by, change_actor, change_reason FROM onrecord.sources WHERE id > 2")
    assert rows == [[None, "Ann", "night load"]]


def test_standard_input(api):
    env = {**service.clean_environment(), "DATABASE_URL": api.server.database_url}
    for created in (2, 2):  # of what comes through a pipe nothing is known
        done = subprocess.run([service.BINARY, "import", "-", "--resource", "sources", "--on-conflict", "skip"], env=env,
                              input=f'{{"name": "a{created}"}}\n{{"name": "b{created}"}}'.replace("2", os.urandom(4).hex()),
                              capture_output=True, text=True, check=False)  # fmt: skip
        assert (done.returncode, done.stdout) == (0, counts("sources", created=created)), done.stderr
    assert api.psql("SELECT count(*) FROM onrecord.imports") == [["0"]]


def test_where_it_stands_is_kept(api, run, tmp_path):
    """As after a kill between two transactions: some lines are settled, and some beyond them."""
    lines = [{"name": f"Source {i}"} for i in range(10)]
    assert run(lines, "--resource", "sources")[0] == 0
    end_of_fourth = len("".join(json.dumps(line) + "\n" for line in lines[:4]))
    api.psql(f"UPDATE onrecord.imports SET lines = 4, bytes = {end_of_fourth}, beyond = '{{6,9}}', finished_at = NULL")
    api.psql("SET session_replication_role = replica; DELETE FROM onrecord.sources WHERE id > 2 AND name NOT IN "
             "('Source 0', 'Source 1', 'Source 2', 'Source 3', 'Source 5', 'Source 8')")  # fmt: skip
    assert run(lines, "--resource", "sources")[1] == counts("sources", created=4)
    assert api.psql("SELECT count(*) FROM onrecord.sources WHERE name LIKE 'Source %'") == [["10"]]
    assert api.psql("SELECT lines, beyond, finished_at IS NOT NULL FROM onrecord.imports") == [["10", "{}", "t"]]


@pytest.mark.parametrize(
    "options, wrong",
    [
        ((), "--resource must be"),
        (("--resource", "quote"), "--resource must be"),
        (("--resource",), "--resource needs a value"),
        (("--resource", "quotes", "--on-conflict", "replace"), "--on-conflict must be error, skip or update."),
        (("--format", "xml"), "--format must be onrecord, gdelt or quotebank."),
        (("--format", "gdelt", "--resource", "quotes"), "--resource and --on-conflict are for the format onrecord."),
        (("--resource", "quotes", "--status", "proposed"), "--status is for the formats gdelt and quotebank."),
        (("--format", "gdelt", "--status", "rejected"), "--status must be proposed or confirmed."),
        (("--resource", "quotes", "another"), '"another" is one word too many.'),
        (("--resource", "quotes", "--colour", "red"), "--colour"),
    ],
)
def test_misuse(api, run, options, wrong):
    code, out, err = run([], *options)
    assert (code, out) == (2, "") and wrong in err, err


def test_files_that_are_not_there(api, tmp_path):
    for file in (tmp_path / "nothing", tmp_path):
        done = service.command("import", str(file), "--resource", "quotes", url=api.server.database_url, check=False)
        assert done.returncode == 1 and "cannot be read" in done.stderr
    done = service.command("import", "--resource", "quotes", url=api.server.database_url, check=False)
    assert done.returncode == 2 and "Say which FILE" in done.stderr


# --- GDELT ---------------------------------------------------------------------------------------------------------------------------

GDELT = {"date": "2020-03-01T09:15:00Z", "url": "https://g.example/1", "title": "A title", "lang": "PERSIAN", "quotes": [
    {"pre": "The minister said ", "quote": "we will win", "post": " on Monday"},
    {"pre": "", "quote": "Yes", "post": "", "score": 0.5}]}  # fmt: skip


def test_gdelt(api, run):
    other = {"url": "https://g.example/2", "lang": "KLINGON", "quotes": [{"pre": "x" * 1500, "quote": "no", "post": "é" * 1500}]}
    code, out, err = run([GDELT, other], "--format", "gdelt")
    assert (code, out) == (0, counts("articles", created=2) + counts("speakers") + counts("quotes", created=3)), err
    article, second = api.read("/articles?sort=id&id.gt=1")["items"]
    assert {k: article[k] for k in ("url", "headline", "language", "published_at", "extra")} == {
        "url": "https://g.example/1", "headline": "A title", "language": "fa", "published_at": None,
        "extra": {"gdelt": {"date": "2020-03-01T09:15:00Z", "lang": "PERSIAN"}}}  # fmt: skip
    assert (second["headline"], second["language"]) == (None, "und")
    win, yes, no = api.read("/quotes?status=proposed&sort=id")["items"]
    assert (win["article_id"], win["text"], win["kind"], win["prefix"], win["suffix"]) == (
        article["id"], "we will win", "direct", "The minister said ", " on Monday")  # fmt: skip
    assert (yes["prefix"], yes["suffix"], yes["extra"]) == (None, None, {"gdelt": {"score": 0.5}})
    assert (no["prefix"], no["suffix"]) == ("x" * 1000, "é" * 1000)
    assert win["external_id"].startswith("gdelt:") and len(win["external_id"]) == 38


def test_gdelt_again_and_what_an_editor_has_made_of_it(api, run):
    assert run([GDELT], "--format", "gdelt")[0] == 0
    quote = api.read("/quotes?status=proposed")["items"][0]
    assert api.patch(f"/quotes/{quote['id']}", json={"status": "confirmed", "speaker_id": n.KABULOV}).status_code == 200
    before = everything(api)
    assert run([GDELT, GDELT], "--format", "gdelt")[1] == counts("articles", skipped=2) + counts("speakers") + counts("quotes", skipped=4)
    assert everything(api) == before


def test_lines_that_are_not_of_the_format(api, run):
    lines = ["{", "[]", {}, {"url": "https://g.example/", "quotes": [{"pre": "x"}]}, {"url": "no url", "quotes": [{"quote": "q"}]}, GDELT]
    code, out, err = run(lines, "--format", "gdelt")
    assert code == 1 and counts("quotes", created=2, failed=1) in out and "4 lines could not be read.\n" in out
    assert [line.split(":")[0] for line in err.splitlines()[:6]] == ["line 1", "line 2", "line 3", "line 4", "line 5", "line 5"]


# --- Quotebank -------------------------------------------------------------------------------------------------------------------------


def by_quote(number, text, speaker, *qids, **more):
    return {"quoteID": f"2020-01-01-{number:06}", "quotation": text, "speaker": speaker, "qids": list(qids),
            "date": "2020-01-01 12:00:00", "numOccurrences": 2, "probas": [[speaker, "0.75"], ["None", "0.25"]],
            "urls": [f"https://q.example/{number}", "https://q.example/other"], "phase": "E", **more}  # fmt: skip


def test_quotebank_by_quotation(api, run):
    lines = [by_quote(1, "I know", "Ann Lee", "Q42"), by_quote(2, "I do not", "None"), by_quote(3, "Both", "Bob", "Q1", "Q2")]
    code, out, err = run(lines, "--format", "quotebank", "--status", "confirmed")
    assert (code, out) == (0, counts("articles", created=3) + counts("speakers", created=2) + counts("quotes", created=3)), err
    know, not_, both = api.read("/quotes?sort=id&id.gt=15&include=speaker,article")["items"]
    assert (know["external_id"], know["confidence"], know["status"]) == ("quotebank:2020-01-01-000001", 0.75, "confirmed")
    assert (know["speaker"]["name"], know["speaker"]["same_as"]) == ("Ann Lee", [PAGE + "Q42"])
    assert know["extra"]["quotebank"] == {key: lines[0][key] for key in lines[0] if key not in ("quoteID", "quotation")}
    assert (know["article"]["url"], know["article"]["language"]) == ("https://q.example/1", "en")
    assert (not_["speaker_id"], not_["confidence"]) == (None, None)
    assert (both["speaker"]["name"], both["speaker"]["same_as"]) == ("Bob", [])


def test_speakers_that_are_there(api, run):
    known = api.make("speakers", name="A. Lee", same_as=[PAGE + "Q42"])
    namesake = api.make("speakers", name="Carl", same_as=[PAGE + "Q7"])
    twins = [api.make("speakers", name="Twin"), api.make("speakers", name="Twin")]
    lines = [by_quote(1, "a", "Ann Lee", "Q42"), by_quote(2, "b", "Zamir Kabulov"), by_quote(3, "c", "Carl", "Q8"), by_quote(4, "d", "Twin"),
             by_quote(5, "e", "Zamir Kabulov")]  # fmt: skip
    assert run(lines, "--format", "quotebank")[1].splitlines()[1] + "\n" == counts("speakers", created=1)
    a, b, c, d, e = api.read("/quotes?status=proposed&sort=id")["items"]
    assert (a["speaker_id"], b["speaker_id"], e["speaker_id"], d["speaker_id"]) == (known["id"], n.KABULOV, n.KABULOV, None)
    assert c["speaker_id"] not in (None, namesake["id"], *(twin["id"] for twin in twins))


def test_quotebank_by_article(api, run):
    line = {"articleID": "a1", "articleLength": 100, "date": "2020-01-01", "title": "T", "url": "https://q.example/a", "phase": "E",
            "names": [{"name": "Ann Lee", "ids": ["Q42"], "offsets": [[1, 2]]}],
            "quotations": [{"quoteID": "x", "quotation": "First", "leftContext": "before ", "rightContext": " after", "quotationOffset": 7,
                            "localTopSpeaker": "Ann Lee", "localProbas": [["Ann Lee", 0.9]], "globalTopSpeaker": "None"},
                           {"quotation": "Second", "globalTopSpeaker": "None"}]}  # fmt: skip
    for skipped in (False, True):
        code, out, err = run([line], "--format", "quotebank", "--again")
        wanted = {"skipped" if skipped else "created": 2}
        assert (code, out.splitlines()[2] + "\n") == (0, counts("quotes", **wanted)), err
    first, second = api.read("/quotes?status=proposed&sort=id&include=speaker,article")["items"]
    assert (first["text"], first["prefix"], first["suffix"], first["confidence"]) == ("First", "before ", " after", 0.9)
    assert (first["speaker"]["name"], first["article"]["headline"]) == ("Ann Lee", "T")
    assert first["article"]["extra"]["quotebank"] == {k: line[k] for k in ("articleID", "articleLength", "date", "phase", "names")}
    assert (second["text"], second["speaker_id"]) == ("Second", None)


def test_quotebank_candidates_as_objects(api, run):
    def given(number, *candidates, top="Ann Lee"):
        members = [dict(zip(("speaker", "proba", "qids"), candidate, strict=False)) for candidate in candidates]
        return {"quotation": f"words {number}", "globalTopSpeaker": top, "globalProbas": members}

    line = {"articleID": "a1", "url": "https://q.example/a",
            "names": [{"name": "Bob", "ids": "['Q7']"}, {"name": "Carl", "ids": "['Q8', 'Q9']"}],
            "quotations": [given(1, ("Bob", 0.1, ["Q7"]), ("Ann Lee", 0.8, ["Q42"])), given(2, ("Bob", 0.7), top="Bob"),
                           given(3, ("Carl", "0.6"), top="Carl"), given(4, ("Dan", 1.5, ["Q5", "Q6"]), top="Dan")]}  # fmt: skip
    code, out, err = run([line], "--format", "quotebank")
    assert (code, out.splitlines()[2] + "\n") == (0, counts("quotes", created=4)), err
    quotes = api.read("/quotes?status=proposed&sort=id&include=speaker")["items"]
    assert [(quote["speaker"]["name"], quote["speaker"]["same_as"], quote["confidence"]) for quote in quotes] == [
        ("Ann Lee", [PAGE + "Q42"], 0.8), ("Bob", [PAGE + "Q7"], 0.7), ("Carl", [], 0.6), ("Dan", [], None)]  # fmt: skip


# --- exports -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query, format", [("", "ndjson"), ("kind=direct&sort=-id&fields=id,text,speaker.name", "ndjson"),
                                           ("q=russia", "csv"), ("limit=3", "csv")])  # fmt: skip
def test_an_export_is_what_the_api_answers(api, query, format):
    done = service.command("export", "quotes", query, "--format", format, url=api.server.database_url)
    answer = api.get(f"/quotes?{query}&format={format}".replace("?&", "?")).text
    assert done.stdout == answer.replace("\r\n", "\n")  # as Python reads it
    assert done.stderr.endswith(" rows\n")


def test_an_export_comes_in_again(api, tmp_path):
    file = tmp_path / "out.ndjson"
    service.command("export", "speakers", "--output", str(file), url=api.server.database_url)
    before = everything(api)
    done = service.command("import", str(file), "--resource", "speakers", "--on-conflict", "update", url=api.server.database_url)
    assert done.stdout == counts("speakers", unchanged=16)
    assert everything(api) == before


@pytest.mark.parametrize("arguments, wrong", [((), "say which RESOURCE"), (("quote",), "RESOURCE must be"), (("quotes", "x=1"), "x is not a parameter"),
                                              (("quotes", "", "--format", "xml"), "--format must be ndjson or csv."),
                                              (("quotes", "%zz"), "query")])  # fmt: skip
def test_exports_that_are_misused(api, arguments, wrong):
    done = service.command("export", *arguments, url=api.server.database_url, check=False)
    assert done.returncode == 2 and wrong in done.stderr, done.stderr


def test_an_export_that_cannot_be_written(api):
    for output in ("/dev/full", "/nowhere/file"):
        done = service.command("export", "quotes", "--output", output, url=api.server.database_url, check=False)
        assert done.returncode == 1 and f"{output} cannot be written: " in done.stderr
