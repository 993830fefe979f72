"""Who refers to whom: link tables follow the lists, and what is referred to stays."""

import json

import pytest

# record table, its list, link table, the link's columns
LISTS = [
    ("articles", "via", "via", ("article_id", "source_id")),
    ("articles", "mentions", "mentions", ("article_id", "speaker_id")),
    ("speakers", "affiliations", "affiliations", ("speaker_id", "organization_id", "article_id")),
    ("events", "participants", "participants", ("event_id", "speaker_id")),
    ("events", "article_ids", "article_events", ("event_id", "article_id")),
    ("quotes", "about_ids", "quote_abouts", ("quote_id", "speaker_id")),
]


def links(db, table, owner, record_id):
    return db.rows(f"SELECT * FROM onrecord.{table} WHERE {owner} = {record_id} ORDER BY position")


def expected(db, table, column, keys, record_id):
    """The link rows that the record's list asks for."""
    entries = db.value(f"SELECT to_jsonb({column}) FROM onrecord.{table} WHERE id = {record_id}")
    rows = []
    for position, entry in enumerate(entries, 1):
        targets = [entry] if isinstance(entry, int) else [entry[key] for key in keys[1:]]
        rows.append({keys[0]: record_id, "position": position, **dict(zip(keys[1:], targets, strict=True))})
    return rows


@pytest.mark.parametrize(("table", "column", "link", "keys"), LISTS)
def test_links_are_what_the_lists_of_the_seed_say(seeded, table, column, link, keys):
    count = 0
    for record_id in seeded.values(f"SELECT id FROM onrecord.{table}"):
        found = links(seeded, link, keys[0], record_id)
        assert found == expected(seeded, table, column, keys, record_id)
        count += len(found)
    assert count == seeded.value(f"SELECT count(*) FROM onrecord.{link}") > 0


CHANGES = [
    ("articles", "via", 1, [{"source_id": 1, "as_printed": None}, {"source_id": 2, "as_printed": "x"}]),
    ("articles", "mentions", 1, [{"speaker_id": i, "as_printed": "x", "role": None} for i in (16, 9, 16)]),
    ("speakers", "affiliations", 9, [
        {"organization_id": 5, "role": "a", "start_date": "2024", "end_date": "2025-05-15", "article_id": None},
        {"organization_id": None, "role": "b", "start_date": None, "end_date": None, "article_id": 1},
    ]),
    ("events", "participants", 1, [{"speaker_id": 7, "role": "host"}]),
    ("events", "article_ids", 1, [1, 1]),
    ("quotes", "about_ids", 1, [7, 5, 4]),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "record_id", "entries"), CHANGES)
def test_links_follow_a_list_that_changes_and_one_that_is_emptied(db, table, column, record_id, entries):
    link, keys = next((link, keys) for t, c, link, keys in LISTS if (t, c) == (table, column))
    literal = f"'{json.dumps(entries)}'" if isinstance(entries[0], dict) else f"'{{{','.join(map(str, entries))}}}'"
    nothing = "'[]'" if isinstance(entries[0], dict) else "'{}'"
    assert db.value(f"UPDATE onrecord.{table} SET {column} = {literal} WHERE id = {record_id} RETURNING version") == 2
    assert links(db, link, keys[0], record_id) == expected(db, table, column, keys, record_id)
    assert len(links(db, link, keys[0], record_id)) == len(entries)
    db.run(f"UPDATE onrecord.{table} SET {column} = {nothing} WHERE id = {record_id}")
    assert links(db, link, keys[0], record_id) == []


MISSING = 4000000000
UNKNOWN = [
    ("articles", "source_id = {}", "articles_source_id_fkey"),
    ("articles", """via = '[{{"source_id": {}, "as_printed": null}}]'""", "via_source_id_fkey"),
    ("articles", """mentions = '[{{"speaker_id": {}, "as_printed": null, "role": null}}]'""",
     "mentions_speaker_id_fkey"),
    ("speakers", "part_of_id = {}", "speakers_part_of_id_fkey"),
    ("speakers", """affiliations = '[{{"organization_id": {}, "role": null, "start_date": null, "end_date": null,
                                       "article_id": null}}]'""", "affiliations_organization_id_fkey"),
    ("speakers", """affiliations = '[{{"organization_id": null, "role": null, "start_date": null, "end_date": null,
                                       "article_id": {}}}]'""", "affiliations_article_id_fkey"),
    ("events", "part_of_id = {}", "events_part_of_id_fkey"),
    ("events", """participants = '[{{"speaker_id": {}, "role": null}}]'""", "participants_speaker_id_fkey"),
    ("events", "article_ids = '{{{}}}'", "article_events_article_id_fkey"),
    ("quotes", "article_id = {}", "quotes_article_id_fkey"),
    ("quotes", "speaker_id = {}", "quotes_speaker_id_fkey"),
    ("quotes", "continues_id = {}", "quotes_continues_id_fkey"),
    ("quotes", "event_id = {}", "quotes_event_id_fkey"),
    ("quotes", """relayed_by = '{{"speaker_id": {}, "as_printed": null, "role": null, "cue": null}}'""",
     "quotes_relayed_by_id_fkey"),
    ("quotes", "about_ids = '{{{}}}'", "quote_abouts_speaker_id_fkey"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "change", "constraint"), UNKNOWN)
def test_what_is_not_there_cannot_be_referred_to(db, table, change, constraint):
    assert db.refused(f"UPDATE onrecord.{table} SET {change.format(MISSING)} WHERE id = 1") == ("23503", constraint)


# What refers to a new speaker, source, article, event or quote (id 99), and the constraint that keeps it.
REFERRERS = [
    ("speakers", "UPDATE onrecord.quotes SET speaker_id = 99 WHERE id = 1", "quotes_speaker_id_fkey"),
    ("speakers", """UPDATE onrecord.quotes SET relayed_by = jsonb_set(relayed_by, '{speaker_id}', '99') WHERE id = 2""",
     "quotes_relayed_by_id_fkey"),
    ("speakers", "UPDATE onrecord.quotes SET about_ids = '{99}' WHERE id = 1", "quote_abouts_speaker_id_fkey"),
    ("speakers", "UPDATE onrecord.speakers SET part_of_id = 99 WHERE id = 1", "speakers_part_of_id_fkey"),
    ("speakers", """UPDATE onrecord.speakers SET affiliations = jsonb_set(affiliations, '{0,organization_id}', '99')
                   WHERE id = 9""",
     "affiliations_organization_id_fkey"),
    ("speakers", """UPDATE onrecord.articles SET mentions = jsonb_set(mentions, '{0,speaker_id}', '99')""",
     "mentions_speaker_id_fkey"),
    ("speakers", """UPDATE onrecord.events SET participants = jsonb_set(participants, '{0,speaker_id}', '99')
                   WHERE id = 1""",
     "participants_speaker_id_fkey"),
    ("sources", "UPDATE onrecord.articles SET source_id = 99", "articles_source_id_fkey"),
    ("sources", """UPDATE onrecord.articles SET via = jsonb_set(via, '{0,source_id}', '99')""", "via_source_id_fkey"),
    ("articles", "UPDATE onrecord.quotes SET article_id = 99 WHERE id = 1", "quotes_article_id_fkey"),
    ("articles", "UPDATE onrecord.events SET article_ids = '{99}' WHERE id = 1", "article_events_article_id_fkey"),
    ("articles", """UPDATE onrecord.speakers SET affiliations = jsonb_set(affiliations, '{0,article_id}', '99')
                   WHERE id = 9""",
     "affiliations_article_id_fkey"),
    ("events", "UPDATE onrecord.quotes SET event_id = 99 WHERE id = 1", "quotes_event_id_fkey"),
    ("events", "UPDATE onrecord.events SET part_of_id = 99 WHERE id = 1", "events_part_of_id_fkey"),
    ("quotes", "UPDATE onrecord.quotes SET continues_id = 99 WHERE id = 1", "quotes_continues_id_fkey"),
]  # fmt: skip

NEW = {
    "speakers": "INSERT INTO onrecord.speakers (id, name) VALUES (99, 'x')",
    "sources": "INSERT INTO onrecord.sources (id, name) VALUES (99, 'x')",
    "articles": "INSERT INTO onrecord.articles (id, url) VALUES (99, 'https://example.org/x')",
    "events": "INSERT INTO onrecord.events (id, name) VALUES (99, 'x')",
    "quotes": "INSERT INTO onrecord.quotes (id, article_id, text) VALUES (99, 1, 'x')",
}


@pytest.mark.parametrize(("table", "referring", "constraint"), REFERRERS)
def test_what_is_referred_to_stays(db, table, referring, constraint):
    db.run(NEW[table])
    db.run(f"SAVEPOINT free; DELETE FROM onrecord.{table} WHERE id = 99; ROLLBACK TO free")  # nothing refers to it yet
    db.run(referring)
    assert db.refused(f"DELETE FROM onrecord.{table} WHERE id = 99") == ("23503", constraint)


def test_these_are_all_foreign_keys(seeded):
    keys = seeded.rows("""SELECT conname AS name, confdeltype AS on_delete FROM pg_constraint
                          WHERE contype = 'f' AND connamespace = 'onrecord'::regnamespace""")
    own = {key["name"] for key in keys if key["on_delete"] == "c"}
    assert own == {f"{link}_{columns[0]}_fkey" for _, _, link, columns in LISTS} | {
        "speaker_names_speaker_id_fkey", "speaker_moves_merged_id_fkey", "uploads_key_id_path_key_fkey"}  # fmt: skip
    others = {key["name"] for key in keys if key["on_delete"] == "a"}
    assert others == {constraint for *_, constraint in REFERRERS} == {constraint for *_, constraint in UNKNOWN}
    assert len(keys) == len(own) + len(others)


def test_its_own_lists_do_not_hold_a_record(db):
    db.run("""INSERT INTO onrecord.articles (id, url, via, mentions)
              SELECT 99, 'https://example.org/x', via, mentions FROM onrecord.articles;
              INSERT INTO onrecord.speakers (id, name, affiliations)
              SELECT 99, 'x', affiliations FROM onrecord.speakers WHERE id = 9;
              INSERT INTO onrecord.events (id, name, participants, article_ids)
              SELECT 99, 'x', participants, article_ids FROM onrecord.events WHERE id = 1;
              INSERT INTO onrecord.quotes (id, article_id, text, about_ids, relayed_by)
              SELECT 99, 1, 'x', about_ids, relayed_by FROM onrecord.quotes WHERE id = 3""")
    for table, _, link, keys in LISTS:
        assert links(db, link, keys[0], 99) != []
    for table in ("articles", "speakers", "events", "quotes"):
        db.run(f"DELETE FROM onrecord.{table} WHERE id = 99")
    for table, _, link, keys in LISTS:
        assert links(db, link, keys[0], 99) == []


def test_one_who_is_affiliated_to_himself_can_go(db):
    db.run("""INSERT INTO onrecord.speakers (id, name, affiliations) VALUES (99, 'x',
              '[{"organization_id": 99, "role": null, "start_date": null, "end_date": null, "article_id": null}]');
              DELETE FROM onrecord.speakers WHERE id = 99""")


def test_every_foreign_key_has_an_index(seeded):
    """Else a deletion reads the whole referring table. Primary keys that begin with the column count."""
    bare = seeded.values("""
        SELECT conname FROM pg_constraint AS key
        WHERE contype = 'f' AND connamespace = 'onrecord'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = key.conrelid AND indkey[0] = key.conkey[1])""")
    assert bare == []
