"""What the tables refuse by themselves: the second line behind the service's own checks."""

import calendar
import datetime
import json

import pytest

LONG = "repeat('x', {})"
MENTION = {"speaker_id": 9, "as_printed": "x", "role": None}
RELAY = {"speaker_id": 9, "as_printed": "x", "role": None, "cue": None}
AFFILIATION = {"organization_id": 1, "role": None, "start_date": None, "end_date": None, "article_id": None}


def quoted(value):
    return "'" + json.dumps(value) + "'"


def without(entry, name):
    return {key: value for key, value in entry.items() if key != name}


# table, column, a value that is refused, the constraint (by default <table>_<column>_check)
REFUSED = [
    *[(table, "external_id", value, None) for table in ("sources", "articles", "speakers", "events", "quotes")
      for value in ("''", LONG.format(256))],
    *[(table, "extra", value, None) for table in ("sources", "articles", "speakers", "events", "quotes")
      for value in ("'[]'", "'1'", "'null'")],
    *[(table, column, LONG.format(501), None) for table in ("sources", "articles", "speakers", "events", "quotes")
      for column in ("change_actor", "change_reason")],
    ("sources", "name", "''", None),
    ("sources", "name", LONG.format(501), None),
    ("sources", "url", LONG.format(2049), None),
    ("sources", "country", "'gb'", None),
    ("sources", "country", "'GBR'", None),
    ("sources", "description", LONG.format(20001), None),
    ("articles", "headline", "NULL", "articles_headline_or_url_check"),
    ("articles", "headline", LONG.format(2001), None),
    ("articles", "alternative_headline", LONG.format(2001), None),
    ("articles", "url", LONG.format(2049), None),
    ("articles", "byline", LONG.format(1001), None),
    ("articles", "dateline", LONG.format(501), None),
    ("articles", "section", "''", None),
    ("articles", "section", LONG.format(201), None),
    ("articles", "language", "''", None),
    ("articles", "language", "'en_GB'", None),
    ("articles", "language", "'en-'", None),
    ("articles", "summary", LONG.format(20001), None),
    ("articles", "body", LONG.format(2000001), None),
    ("articles", "keywords", "'{\"\"}'", None),
    ("articles", "keywords", "'{NULL}'", None),
    ("articles", "keywords", "'{{a},{b}}'", None),
    ("articles", "keywords", f"ARRAY[{LONG.format(201)}]", None),
    ("articles", "rights", LONG.format(2001), None),
    ("articles", "via", "'{}'", None),
    ("articles", "via", quoted([{"source_id": 1}]), None),
    ("articles", "via", quoted([{"source_id": 1, "as_printed": 1}]), None),
    ("articles", "mentions", "'null'", None),
    ("articles", "mentions", "'[1]'", None),
    ("articles", "mentions", quoted([MENTION, without(MENTION, "role")]), None),
    ("articles", "mentions", quoted([{**MENTION, "more": None}]), None),
    ("articles", "mentions", quoted([{**MENTION, "speaker_id": "9"}]), None),
    ("articles", "mentions", quoted([{**MENTION, "speaker_id": 0}]), None),
    ("articles", "mentions", quoted([{**MENTION, "speaker_id": 1.5}]), None),
    ("articles", "mentions", quoted([{**MENTION, "speaker_id": 2**53}]), None),
    ("articles", "mentions", quoted([{**MENTION, "role": ["x"]}]), None),
    ("articles", "mentions", quoted([{**MENTION, "role": 501 * "x"}]), None),
    ("speakers", "name", "''", None),
    ("speakers", "name", LONG.format(501), None),
    ("speakers", "kind", "'people'", None),
    ("speakers", "aliases", "'{NULL}'", None),
    ("speakers", "aliases", f"ARRAY[{LONG.format(501)}]", None),
    ("speakers", "description", LONG.format(20001), None),
    ("speakers", "same_as", f"ARRAY[{LONG.format(2049)}]", None),
    ("speakers", "affiliations", "'{}'", None),
    ("speakers", "affiliations", quoted([without(AFFILIATION, "article_id")]), None),
    ("speakers", "affiliations", quoted([{**AFFILIATION, "start_date": "2025-13"}]), None),
    ("speakers", "affiliations", quoted([{**AFFILIATION, "end_date": "May"}]), None),
    ("speakers", "affiliations", quoted([{**AFFILIATION, "end_date": 2025}]), None),
    ("events", "name", "''", None),
    ("events", "kind", "'war'", None),
    ("events", "status", "'over'", None),
    ("events", "starts_on", "'2025-02-29'", None),
    ("events", "ends_on", "'soon'", None),
    ("events", "date_as_printed", LONG.format(501), None),
    ("events", "place", "''", None),
    ("events", "place", LONG.format(501), None),
    ("events", "description", LONG.format(20001), None),
    ("events", "participants", quoted([{"speaker_id": 9}]), None),
    ("events", "article_ids", "'{NULL}'", None),
    ("events", "article_ids", "'{{1},{1}}'", None),
    ("quotes", "text", "''", None),
    ("quotes", "text", LONG.format(100001), None),
    ("quotes", "kind", "'quoted'", None),
    ("quotes", "speaker_as_printed", LONG.format(501), None),
    ("quotes", "role", LONG.format(501), None),
    ("quotes", "relayed_by", "'[]'", None),
    ("quotes", "relayed_by", quoted(without(RELAY, "cue")), None),
    ("quotes", "relayed_by", quoted({**RELAY, "cue": 1}), None),
    ("quotes", "spans", "'{1}'", None),
    ("quotes", "spans", "'{1,NULL}'", None),
    ("quotes", "spans", "'{-1,4}'", None),
    ("quotes", "spans", "'{4,4}'", None),
    ("quotes", "spans", "'{5,4}'", None),
    ("quotes", "spans", "'{1,4,3,9}'", None),
    ("quotes", "spans", "'{5,9,1,4}'", None),
    ("quotes", "spans", "'{{1,4},{5,9}}'", None),
    ("quotes", "prefix", LONG.format(1001), None),
    ("quotes", "suffix", LONG.format(1001), None),
    ("quotes", "cue", LONG.format(201), None),
    ("quotes", "channel", "'radio'", None),
    ("quotes", "said_on", "'2025-5'", None),
    ("quotes", "continues_id", "1", None),
    ("quotes", "about_ids", "'{NULL}'", None),
    ("quotes", "status", "'shown'", None),
    ("quotes", "confidence", "1.01", None),
    ("quotes", "confidence", "-0.01", None),
    ("quotes", "anchor", "'found'", None),
    ("quotes", "spans", "'{}'", "quotes_anchor_spans_check"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "value", "constraint"), REFUSED)
def test_refused(db, table, column, value, constraint):
    more = ", changed_by = 1, extra = '{\"a\": 1}'" if column.startswith("change_") else ""  # alone they change nothing
    statement = f"UPDATE onrecord.{table} SET {column} = {value}{more} WHERE id = 1"
    assert db.refused(statement) == ("23514", constraint or f"{table}_{column}_check")


def test_every_check_of_a_record_is_tried_here(seeded):
    tables = {table for table, *_ in REFUSED}
    checks = set()
    for table in tables:
        checks |= set(seeded.values(f"""SELECT conname FROM pg_constraint
                                        WHERE contype = 'c' AND conrelid = 'onrecord.{table}'::regclass"""))
    assert {constraint or f"{table}_{column}_check" for table, column, _, constraint in REFUSED} == checks


# The most that is allowed.
TAKEN = [
    ("sources", "external_id", LONG.format(255)),
    ("sources", "name", "repeat('é', 500)"),
    ("sources", "url", LONG.format(2048)),
    ("sources", "country", "'GB'"),
    ("articles", "headline", LONG.format(2000)),
    ("articles", "language", "'zh-Hant-TW'"),
    ("articles", "body", "repeat('—', 2000000)"),
    ("articles", "keywords", f"ARRAY[{LONG.format(200)}, 'diplomacy']"),
    ("articles", "mentions", quoted([{**MENTION, "as_printed": 500 * "x", "role": ""}])),
    ("speakers", "affiliations", quoted([{**AFFILIATION, "start_date": "2024-02-29", "end_date": "2025-05"}])),
    ("events", "ends_on", "'9999-12-31'"),
    ("quotes", "text", LONG.format(100000)),
    ("quotes", "spans", "'{0,1,1,2,4,9}'"),
    ("quotes", "relayed_by", quoted({**RELAY, "speaker_id": None})),
    ("quotes", "confidence", "1"),
    ("quotes", "anchor", "'lost'"),
    ("quotes", "extra", """'{"a": [1, {"b": null}]}'"""),
]


@pytest.mark.parametrize(("table", "column", "value"), TAKEN)
def test_taken(db, table, column, value):
    assert db.values(f"UPDATE onrecord.{table} SET {column} = {value} WHERE id = 1 RETURNING version") == [2]


TWICE = [
    ("sources", "name", "'MNTV'", "sources_name_country_key"),
    ("articles", "headline, url", "'x', 'https://example.org/1'", "articles_url_key"),
    ("sources", "name, external_id", "'x', 'a'", "sources_external_id_key"),
    ("articles", "headline, external_id", "'x', 'a'", "articles_external_id_key"),
    ("speakers", "name, external_id", "'x', 'a'", "speakers_external_id_key"),
    ("events", "name, external_id", "'x', 'a'", "events_external_id_key"),
    ("quotes", "article_id, text, external_id", "1, 'x', 'a'", "quotes_external_id_key"),
]


@pytest.mark.parametrize(("table", "columns", "values", "constraint"), TWICE)
def test_taken_once_only(db, table, columns, values, constraint):
    insert = f"INSERT INTO onrecord.{table} ({columns}) VALUES ({values})"
    if constraint != "sources_name_country_key":  # the seed has that one
        db.run(insert)
    assert db.refused(insert) == ("23505", constraint)


def test_the_same_name_in_another_country_is_another_source(db):
    db.run("INSERT INTO onrecord.sources (name, country) VALUES ('MNTV', 'GB'), ('MNTV', 'MY')")
    again = db.refused("INSERT INTO onrecord.sources (name, country) VALUES ('MNTV', 'GB')")
    assert again == ("23505", "sources_name_country_key")


def test_defaults(db):
    quote = db.row("INSERT INTO onrecord.quotes (article_id, text) VALUES (1, 'Yes.') RETURNING *")
    assert (quote["kind"], quote["status"], quote["channel"], quote["anchor"]) == ("direct", "confirmed", None, None)
    assert (quote["spans"], quote["about_ids"], quote["extra"], quote["version"]) == ([], [], {}, 1)
    article = db.row("INSERT INTO onrecord.articles (url) VALUES ('https://example.org/1') RETURNING *")
    assert (article["language"], article["keywords"], article["via"], article["mentions"]) == ("en", [], [], [])
    speaker = db.row("INSERT INTO onrecord.speakers (name) VALUES ('Maria Zakharova') RETURNING *")
    assert (speaker["kind"], speaker["aliases"], speaker["same_as"], speaker["affiliations"]) == ("person", [], [], [])
    event = db.row("INSERT INTO onrecord.events (name) VALUES ('Talks') RETURNING *")
    assert (event["kind"], event["status"]) == ("other", "announced")
    assert (event["participants"], event["article_ids"]) == ([], [])


# Dates of reduced precision


def interval(text):
    year, month, day = (int(part) if part else None for part in (text.split("-") + [None, None])[:3])
    last_month = month or 12
    last_day = day or calendar.monthrange(year, last_month)[1]
    return str(datetime.date(year, month or 1, day or 1)), str(datetime.date(year, last_month, last_day))


@pytest.mark.parametrize(
    "text",
    ["2025", "0001", "9999", "2025-05", "2025-12", "2024-02", "2023-02", "1999-12", "2000-02-29", "2025-05-15",
     "9999-12-31"],
)
def test_a_date_is_an_interval(db, text):
    row = db.row(f"UPDATE onrecord.quotes SET said_on = '{text}' WHERE id = 1 RETURNING *")
    assert row["said_on"] == text
    assert (row["said_on_first"], row["said_on_last"]) == interval(text)


@pytest.mark.parametrize(
    "text",
    ["", "25", "0000", "0000-01", "20255", "2025-00", "2025-13", "2025-5", "2025-05-00", "2025-05-32", "2025-04-31",
     "2023-02-29", "1900-02-29", "2025-05-15T00:00", "2025-05-15 ", " 2025", "2025\n", "-2025", "+2025", "2025/05",
     "٢٠٢٥", "2025-05-15-01"],
)  # fmt: skip
def test_what_is_not_a_date(seeded, text):
    assert seeded.value(f"SELECT onrecord.edtf_first('{text}')") is None
    assert seeded.value(f"SELECT onrecord.edtf_last('{text}')") is None


def test_both_dates_of_an_event(db):
    row = db.row("""UPDATE onrecord.events SET starts_on = '2025-05', ends_on = '2026' WHERE id = 1
                    RETURNING starts_on_first, starts_on_last, ends_on_first, ends_on_last""")
    assert list(row.values()) == ["2025-05-01", "2025-05-31", "2026-01-01", "2026-12-31"]


# Nothing is part of itself

CYCLES = [
    ("speakers", "UPDATE onrecord.speakers SET part_of_id = 1 WHERE id = 1"),
    ("speakers", "UPDATE onrecord.speakers SET part_of_id = 2 WHERE id = 1"),
    ("speakers", "INSERT INTO onrecord.speakers (id, name, part_of_id) VALUES (99, 'x', 99)"),
    ("speakers", """UPDATE onrecord.speakers SET part_of_id = 3 WHERE id = 5;
                    UPDATE onrecord.speakers SET part_of_id = 6 WHERE id = 1"""),
    ("events", "UPDATE onrecord.events SET part_of_id = 5 WHERE id = 5"),
    ("events", "UPDATE onrecord.events SET part_of_id = 4 WHERE id = 5"),
    ("events", "INSERT INTO onrecord.events (id, name, part_of_id) VALUES (99, 'x', 99)"),
]


@pytest.mark.parametrize(("table", "statement"), CYCLES)
def test_a_cycle_is_refused(db, table, statement):
    assert db.refused(statement) == ("23514", f"{table}_part_of_cycle")


def test_two_halves_of_a_cycle_at_once(copy):
    """The one that comes second waits for the first, and is refused."""
    copy.run("BEGIN; UPDATE onrecord.speakers SET part_of_id = 7 WHERE id = 4")
    refused = copy.beside("UPDATE onrecord.speakers SET part_of_id = 4 WHERE id = 7")
    assert refused == ("23514", "speakers_part_of_cycle")


def test_the_tree_of_an_organization(db):
    db.run("""INSERT INTO onrecord.speakers (id, name, kind, part_of_id)
              VALUES (101, 'a department', 'organization', 3), (102, 'an office', 'organization', 101)""")
    tree = "SELECT id FROM onrecord.organization_tree({}) AS tree (id) ORDER BY id"
    assert db.values(tree.format(1)) == [1, 2, 3, 101, 102]
    assert db.values(tree.format(3)) == [3, 101, 102]
    assert db.values(tree.format(7)) == [7]
    assert db.values(tree.format("NULL::bigint")) == [None]


def test_a_deep_tree_ends(db):
    db.run("""INSERT INTO onrecord.speakers (id, name, kind, part_of_id)
              SELECT 1000 + i, 'office ' || i, 'organization', CASE WHEN i > 1 THEN 999 + i END
              FROM generate_series(1, 60) AS i""")
    assert db.value("SELECT count(*) FROM onrecord.organization_tree(1001)") == 60
    assert db.refused("UPDATE onrecord.speakers SET part_of_id = 1060 WHERE id = 1001")[1] == "speakers_part_of_cycle"
