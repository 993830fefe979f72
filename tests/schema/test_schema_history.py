"""Versions, revisions, the log of changes: what every write leaves behind."""

import pytest

TABLES = ("sources", "articles", "speakers", "events", "quotes")
WHO = "changed_by, change_actor, change_reason"


SEARCH = ("search", "search_config")  # what search needs is not the record's own


def given(row):
    """The columns of a row that are not computed by the table itself."""
    return [name for name in row if not name.endswith(("_first", "_last")) and name not in ("relayed_by_id", *SEARCH)]


def kept(row):
    """What a revision keeps of a row."""
    return {name: value for name, value in row.items() if name not in SEARCH}


def revisions(db, resource, record_id):
    return db.rows(f"""SELECT * FROM onrecord.revisions WHERE resource = '{resource}' AND record_id = {record_id}
                       ORDER BY version""")


def changes(db, resource, record_id):
    found = db.rows(f"""SELECT * FROM onrecord.changes WHERE resource = '{resource}' AND record_id = {record_id}
                        ORDER BY id""")
    return [(change["operation"], change["version"], change["changed_by"]) for change in found]


def everything(db):
    """How much history there is, of all records."""
    return db.row("""SELECT (SELECT count(*) FROM onrecord.revisions) AS revisions,
                            (SELECT count(*) FROM onrecord.changes) AS changes""")


@pytest.mark.parametrize("table", TABLES)
def test_a_change_raises_the_version_and_keeps_the_former_row_whole(db, table):
    before = db.row(f"SELECT * FROM onrecord.{table} WHERE id = 1")
    after = db.row(f"""UPDATE onrecord.{table} SET extra = '{{"a": 1}}', changed_by = 7, change_actor = 'Ann',
                       change_reason = 'why' WHERE id = 1 RETURNING *""")
    assert after["version"] == 2
    assert after["updated_at"] > before["updated_at"]
    assert after["created_at"] == before["created_at"]
    changed = ("extra", "version", "updated_at", "changed_by", "change_actor", "change_reason")
    assert {k: v for k, v in after.items() if k not in changed} == {k: v for k, v in before.items() if k not in changed}
    (revision,) = revisions(db, table, 1)
    assert revision["state"] == kept(before)
    assert (revision["version"], revision["changed_at"]) == (1, before["updated_at"])
    assert (revision["changed_by"], revision["change_actor"], revision["change_reason"]) == (None, None, "seed")
    assert changes(db, table, 1) == [("insert", 1, None), ("update", 2, 7)]


@pytest.mark.parametrize("table", TABLES)
def test_a_change_of_nothing_leaves_no_trace(db, table):
    before = db.row(f"SELECT * FROM onrecord.{table} WHERE id = 1")
    history = everything(db)
    same = ", ".join(f"{name} = {name}" for name in given(before) if name != "id" and name not in WHO)
    after = db.row(f"UPDATE onrecord.{table} SET {same}, changed_by = 9, change_actor = 'x' WHERE id = 1 RETURNING *")
    assert after == before
    assert everything(db) == history


@pytest.mark.parametrize(
    "change",
    ["said_on = '2025-05'", "relayed_by = jsonb_set(relayed_by, '{cue}', '\"via\"')", "spans = '{1,2}'",
     "about_ids = '{5,7}'", "confidence = 0.5", "text = text || ' '", "event_id = NULL"],
)  # fmt: skip
def test_each_kind_of_column_counts_as_a_change(db, change):
    assert db.value(f"UPDATE onrecord.quotes SET {change} WHERE id = 3 RETURNING version") == 2


def test_a_row_with_computed_columns_may_stay_the_same_too(db):
    db.run("""UPDATE onrecord.quotes SET said_on = '2025' WHERE id = 3;
              UPDATE onrecord.events SET starts_on = '2025', ends_on = '2026' WHERE id = 1;""")
    assert db.value("UPDATE onrecord.quotes SET said_on = '2025', text = text WHERE id = 3 RETURNING version") == 2
    assert db.value("UPDATE onrecord.events SET ends_on = '2026', name = name WHERE id = 1 RETURNING version") == 2


def test_record_update_knows_the_computed_columns_of_each_table(seeded):
    for table in TABLES:
        computed = seeded.values(f"""SELECT column_name FROM information_schema.columns WHERE table_schema = 'onrecord'
                                     AND table_name = '{table}' AND is_generated = 'ALWAYS'""")
        told = seeded.value(f"""SELECT encode(tgargs, 'escape') FROM pg_trigger
                                WHERE tgrelid = 'onrecord.{table}'::regclass AND tgname = 'before_3_update'""")
        for name in computed:
            assert f'"{name}": null' in told, f"{table}: the trigger before_3_update must be told of {name}"
        assert told.count("null") == len(computed)


def test_id_and_created_at_stay(db):
    before = db.row("SELECT id, created_at FROM onrecord.sources WHERE id = 1")
    db.run("UPDATE onrecord.sources SET id = 77, created_at = '2001-01-01', country = 'GB' WHERE id = 1")
    assert db.row("SELECT id, created_at FROM onrecord.sources WHERE country = 'GB'") == before


def test_who_is_not_taken_from_the_change_before(db):
    db.run("UPDATE onrecord.quotes SET cue = 'a', changed_by = 7, change_actor = 'Ann' WHERE id = 1")
    after = db.row(f"UPDATE onrecord.quotes SET cue = 'b' WHERE id = 1 RETURNING version, {WHO}")
    assert after == {"version": 3, "changed_by": None, "change_actor": None, "change_reason": None}
    after = db.row(f"UPDATE onrecord.quotes SET cue = 'c', changed_by = 8 WHERE id = 1 RETURNING version, changed_by")
    assert after == {"version": 4, "changed_by": 8}
    assert changes(db, "quotes", 1) == [("insert", 1, None), ("update", 2, 7), ("update", 3, None), ("update", 4, 8)]
    assert [revision["changed_by"] for revision in revisions(db, "quotes", 1)] == [None, 7, None]


def test_who_may_be_said_by_settings(db):
    db.run("""SET LOCAL onrecord.changed_by = '12'; SET LOCAL onrecord.change_actor = 'Ann';
              SET LOCAL onrecord.change_reason = 'typo';
              UPDATE onrecord.quotes SET cue = 'a' WHERE id = 1""")
    after = db.row(f"SELECT {WHO} FROM onrecord.quotes WHERE id = 1")
    assert after == {"changed_by": 12, "change_actor": "Ann", "change_reason": "typo"}


def test_a_deletion_leaves_the_row_and_a_tombstone(db):
    before = db.row("SELECT * FROM onrecord.quotes WHERE id = 15")
    db.run("""SELECT set_config('onrecord.changed_by', '5', true), set_config('onrecord.change_actor', 'Bob', true),
                     set_config('onrecord.change_reason', 'a hoax', true);
              DELETE FROM onrecord.quotes WHERE id = 15""")
    row, tombstone = revisions(db, "quotes", 15)
    assert (row["version"], row["state"], row["change_reason"]) == (1, kept(before), "seed")
    assert (tombstone["version"], tombstone["state"]) == (2, None)
    assert (tombstone["changed_by"], tombstone["change_actor"], tombstone["change_reason"]) == (5, "Bob", "a hoax")
    assert tombstone["changed_at"] > before["updated_at"]
    assert changes(db, "quotes", 15) == [("insert", 1, None), ("delete", 2, 5)]


def test_a_deletion_by_nobody_in_particular(db):
    db.run("SET LOCAL onrecord.changed_by = ''; DELETE FROM onrecord.quotes WHERE id = 15")
    tombstone = revisions(db, "quotes", 15)[-1]
    assert (tombstone["changed_by"], tombstone["change_actor"], tombstone["change_reason"]) == (None, None, None)


def test_a_revision_can_be_put_back_as_it_was(db):
    before = db.row("SELECT * FROM onrecord.quotes WHERE id = 3")
    db.run("DELETE FROM onrecord.quotes WHERE id = 3")
    columns = ", ".join(given(before))
    db.run(f"""INSERT INTO onrecord.quotes ({columns})
               SELECT {columns} FROM jsonb_populate_record(NULL::onrecord.quotes, (
                   SELECT state FROM onrecord.revisions AS r
                   WHERE r.resource = 'quotes' AND r.record_id = 3 AND r.version = 1))""")
    assert db.row("SELECT * FROM onrecord.quotes WHERE id = 3") == before


def test_what_fails_leaves_no_history(db):
    history = everything(db)
    db.run("""SAVEPOINT here; UPDATE onrecord.quotes SET cue = 'x'; DELETE FROM onrecord.quotes WHERE id = 15;
              ROLLBACK TO here""")
    assert everything(db) == history
    assert db.refused("UPDATE onrecord.quotes SET status = 'x'") == ("23514", "quotes_status_check")
    assert everything(db) == history


def test_an_article_leads_its_quotes(db):
    db.run("""UPDATE onrecord.articles SET published_at = '2025-05-15T10:00:00Z', source_id = 2, changed_by = 4,
              change_actor = 'Ann', change_reason = 'dated' WHERE id = 1""")
    quotes = db.rows(f"SELECT id, version, published_at, source_id, {WHO} FROM onrecord.quotes ORDER BY id")
    assert len(quotes) == 15
    for quote in quotes:
        assert (quote["published_at"], quote["source_id"]) == ("2025-05-15T10:00:00+00:00", 2)
        assert [quote[name] for name in ("version", *WHO.split(", "))] == [2, 4, "Ann", "dated"]
        assert changes(db, "quotes", quote["id"])[-1] == ("update", 2, 4)


def test_another_change_of_an_article_is_none_of_its_quotes(db):
    db.run("UPDATE onrecord.articles SET headline = 'x' WHERE id = 1")
    assert db.values("SELECT DISTINCT version FROM onrecord.quotes") == [1]


def test_a_quote_follows_its_article(db):
    db.run("""INSERT INTO onrecord.articles (id, url, published_at, source_id)
              VALUES (9, 'https://example.org/9', '2025-01-02Z', 2);
              INSERT INTO onrecord.quotes (id, article_id, text, published_at, source_id)
              VALUES (99, 9, 'Yes.', '1999-01-01Z', 1);
              UPDATE onrecord.quotes SET article_id = 9 WHERE id = 1;
              UPDATE onrecord.quotes SET published_at = now(), source_id = 1 WHERE id = 99""")
    followed = db.rows("""SELECT id, published_at, source_id, version FROM onrecord.quotes WHERE article_id = 9
                          ORDER BY id""")
    assert followed == [
        {"id": 1, "published_at": "2025-01-02T00:00:00+00:00", "source_id": 2, "version": 2},
        {"id": 99, "published_at": "2025-01-02T00:00:00+00:00", "source_id": 2, "version": 1},
    ]


def test_the_hash_follows_the_body(db):
    db.run("UPDATE onrecord.articles SET body = 'é' WHERE id = 1")
    sha256 = "4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c"
    assert db.value("SELECT body_sha256 FROM onrecord.articles") == sha256
    assert db.value("UPDATE onrecord.articles SET body_sha256 = 'x' WHERE id = 1 RETURNING body_sha256") == sha256
    assert db.value("UPDATE onrecord.articles SET body = NULL WHERE id = 1 RETURNING body_sha256") is None


@pytest.mark.parametrize("first", ["article", "quote"])
def test_an_article_and_its_new_quote_at_once(copy, first):
    """Whichever commits first, the quote ends up with what its article has."""
    statements = {
        "article": "UPDATE onrecord.articles SET published_at = '2025-05-15Z' WHERE id = 1",
        "quote": "INSERT INTO onrecord.quotes (article_id, text) VALUES (1, 'Yes.')",
    }
    copy.run("BEGIN")
    copy.run(statements.pop(first))
    assert copy.beside(*statements.values()) is None
    assert copy.values("SELECT DISTINCT published_at FROM onrecord.quotes") == ["2025-05-15T00:00:00+00:00"]


# What refers to what, and what becomes of it

RECORDS = "'{sources,articles,speakers,events,quotes}'::text[]"


def test_every_foreign_key_to_a_record_has_a_rule(seeded):
    """But those by which a link table belongs to the record that its entries stand in."""
    keys = seeded.rows(f"""SELECT c.confrelid::regclass::text AS target, c.conrelid::regclass::text AS link, a.attname AS refers_by
                           FROM pg_constraint AS c
                           JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
                           WHERE c.contype = 'f' AND c.connamespace = 'onrecord'::regnamespace AND c.confdeltype <> 'c'""")
    rules = seeded.rows("SELECT 'onrecord.' || target AS target, 'onrecord.' || link AS link, refers_by FROM onrecord.reference_rules()")
    assert sorted(map(str, keys)) == sorted(map(str, rules))


def test_rules_name_what_is_there(seeded):
    for rule in seeded.rows("SELECT * FROM onrecord.reference_rules()"):
        assert seeded.value(f"""SELECT count({rule['field']}) FROM onrecord.{rule['resource']} WHERE id = 1""") in (0, 1)
        found = f"SELECT {rule['owner']} FROM onrecord.{rule['link']} WHERE {rule['refers_by']} = ANY ('{{1}}')"
        becomes = (rule["becomes"] or "NULL").replace("$1", "'{1}'")
        seeded.run(f"SELECT {becomes} FROM onrecord.{rule['resource']} WHERE id IN ({found})")


def test_only_quotes_belong_to_another_record(seeded):
    owned = seeded.rows("SELECT target, resource FROM onrecord.reference_rules() WHERE becomes IS NULL")
    assert owned == [{"target": "articles", "resource": "quotes"}]


def test_an_act_is_named_by_its_tombstone(copy):
    copy.run("""BEGIN; SELECT set_config('onrecord.changed_by', '5', true); SELECT onrecord.record_cascade('articles', 1, 1);
                DELETE FROM onrecord.articles WHERE id = 1; COMMIT""")
    assert copy.values("SELECT DISTINCT act FROM onrecord.revisions") == ["articles/1/2"]
    assert copy.value("SELECT count(*) FROM onrecord.quotes") == 0
    copy.run("DELETE FROM onrecord.events WHERE id = 6")
    assert copy.values("SELECT DISTINCT act FROM onrecord.revisions WHERE resource = 'events' AND record_id = 6 AND version > 1") == [None]


def test_a_cascade_of_another_version_is_refused(db):
    assert db.refused("SELECT onrecord.record_cascade('articles', 1, 2)")[0] == "40001"
    assert db.refused("SELECT onrecord.record_cascade('articles', 99, 1)")[0] == "40001"
    assert db.value("SELECT count(*) FROM onrecord.quotes") == 15


def test_nothing_is_undone_without_the_record(db):
    db.run("SELECT onrecord.record_cascade('articles', 1, 1); DELETE FROM onrecord.articles WHERE id = 1")
    assert db.refused("SELECT * FROM onrecord.act_undo('articles', 1, 2)")[0] == "40001"


def test_what_lives_is_not_purged(db):
    assert db.refused("SELECT onrecord.record_purge('articles', 1, false)")[0] == "40001"
    db.run("DELETE FROM onrecord.quotes WHERE id = 15; SELECT onrecord.record_purge('quotes', 15, false)")
    (tombstone,) = revisions(db, "quotes", 15)
    assert (tombstone["state"], tombstone["erased"], tombstone["version"]) == (None, True, 2)
    assert changes(db, "quotes", 15)[-1] == ("purge", 2, None)
    assert db.refused("SELECT onrecord.record_purge('quotes', 15, false)")[0] == "40001"


def test_what_is_erased_has_no_state(db):
    db.run("UPDATE onrecord.quotes SET cue = 'a' WHERE id = 1")
    assert db.refused("UPDATE onrecord.revisions SET erased = true WHERE record_id = 1")[1] == "revisions_erased_check"


def test_a_column_that_an_old_state_does_not_know_gets_its_default(db):
    """A state from before a migration that added one."""
    db.run("""SELECT onrecord.record_cascade('articles', 1, 1); DELETE FROM onrecord.articles WHERE id = 1;
              INSERT INTO onrecord.articles (id, headline, version) VALUES (1, 'h', 3);
              UPDATE onrecord.revisions SET state = state - '{status,about_ids}'::text[] WHERE resource = 'quotes'""")
    assert db.value("SELECT bool_and(returned) FROM onrecord.act_undo('articles', 1, 2)")
    assert db.rows("SELECT DISTINCT status, about_ids FROM onrecord.quotes") == [{"status": "confirmed", "about_ids": []}]


def test_the_functions_that_rules_are_made_of(seeded):
    value = lambda call: seeded.value(f"SELECT onrecord.{call}")  # noqa: E731
    assert [value(f"id_without({id}, '{{1,2}}')") for id in ("1", "3", "NULL")] == [None, 3, None]
    assert value("ids_without('{3,1,4,1,5}', '{1}')") == [3, 4, 5]
    assert value("ids_without('{}', '{1}')") == []
    entry = """'{"s": %s, "r": "x"}'"""
    assert value(f"entry_without({entry % 1}, 's', '{{1,2}}')") == {"s": None, "r": "x"}
    assert value(f"entry_without({entry % 3}, 's', '{{1,2}}')") == {"s": 3, "r": "x"}
    assert value(f"entry_without({entry % 'null'}, 's', '{{1,2}}')") == {"s": None, "r": "x"}
    assert value("entry_without(NULL, 's', '{1,2}')") is None
    entries = """'[{"s": 1}, {"s": null}, {"s": 3}, {"s": 2}]'"""
    assert value(f"entries_without({entries}, 's', '{{1,2}}')") == [{"s": None}, {"s": 3}]
    assert value(f"each_entry_without({entries}, 's', '{{1,2}}')") == [{"s": None}, {"s": None}, {"s": 3}, {"s": None}]
    assert value("entries_without('[]', 's', '{1}')") == value("each_entry_without('[]', 's', '{1}')") == []
# The order of changes


def number(db, above=0, most=1000):
    return db.row(f"SELECT * FROM onrecord.number_changes({above}, {most})")


def test_changes_are_numbered_once_and_in_order(db):
    rows = db.value("SELECT count(*) FROM onrecord.changes")
    found = number(db, most=7)
    assert found["numbered"] == 7
    assert number(db)["numbered"] == rows - 7
    assert number(db)["numbered"] == 0
    assert db.values("SELECT pos FROM onrecord.changes ORDER BY id") == list(range(1, rows + 1))
    assert db.value("SELECT changes_last FROM onrecord.instance") == rows
    db.run("UPDATE onrecord.quotes SET cue = 'x' WHERE id = 3")
    assert number(db)["lag_us"] >= 0
    assert db.value("SELECT max(pos) FROM onrecord.changes") == rows + 1


def test_a_look_may_skip_what_is_done(db):
    rows = db.value("SELECT count(*) FROM onrecord.changes")
    last = db.value("SELECT max(id) FROM onrecord.changes")
    assert number(db, above=last - 2)["numbered"] == 2
    assert number(db)["numbered"] == rows - 2


def test_a_look_knows_who_may_still_come(copy):
    """Nothing may be skipped that a transaction which has begun has yet to show."""
    copy.run("BEGIN")
    copy.run("UPDATE onrecord.quotes SET cue = 'x' WHERE id = 3")
    other = type(copy)(copy.env, copy.name)
    try:
        other.run("UPDATE onrecord.quotes SET cue = 'x' WHERE id = 4")
        first = number(other)
        assert first["newest"] > 0 and first["seen"] == other.value("SELECT last_value FROM onrecord.changes_id_seq")
        second = number(other)
        assert (second["numbered"], second["newest"]) == (0, 0)
        assert second["oldest"] <= first["newest"], "it waits for the one under way"
        copy.run("COMMIT")
        third = number(other)
        assert third["numbered"] == 1
        assert third["oldest"] > first["newest"]
    finally:
        other.close()


MONTHS = """
CREATE TABLE onrecord.{log}_2001_0{month} (LIKE onrecord.{log} INCLUDING DEFAULTS INCLUDING CONSTRAINTS);
ALTER TABLE onrecord.{log} ATTACH PARTITION onrecord.{log}_2001_0{month}
    FOR VALUES FROM ('2001-0{month}-01Z') TO ('2001-0{next}-01Z');"""


def old_history(db):
    for log in ("changes", "revisions"):
        for month in (1, 2):
            db.run(MONTHS.format(log=log, month=month, next=month + 1))
    db.run("""INSERT INTO onrecord.changes (resource, record_id, operation, version, changed_at)
              VALUES ('quotes', 77, 'insert', 1, '2001-01-15Z'), ('quotes', 77, 'delete', 2, '2001-02-15Z');
              INSERT INTO onrecord.revisions (resource, record_id, version, state, changed_at, replaced_at)
              VALUES ('quotes', 77, 1, '{}', '2001-01-15Z', '2001-01-15Z'), ('quotes', 77, 2, NULL, '2001-02-15Z', '2001-02-15Z')""")


def months(db, log):
    return db.values(f"""SELECT relname FROM pg_class WHERE relname LIKE '{log}_2001%' AND relkind = 'r' ORDER BY 1""")


def days_since(date):
    return f"(current_date - '{date}'::date)"


def test_history_is_kept_unless_it_is_to_go(db):
    old_history(db)
    number(db)
    assert db.value("SELECT onrecord.drop_history(0, 0)") == 0
    assert db.value(f"SELECT onrecord.drop_history({days_since('2001-01-20')}, {days_since('2001-01-20')})") == 0
    assert months(db, "changes") == ["changes_2001_01", "changes_2001_02"]


def test_whole_months_go(db):
    old_history(db)
    number(db)
    january = db.value("SELECT max(pos) FROM onrecord.changes_2001_01")
    assert db.value(f"SELECT onrecord.drop_history({days_since('2001-02-02')}, 0)") == 1
    assert (months(db, "changes"), months(db, "revisions")) == (["changes_2001_02"], ["revisions_2001_01", "revisions_2001_02"])
    assert db.value("SELECT changes_dropped FROM onrecord.instance") == january
    assert db.value("SELECT onrecord.drop_history(0, 1)") == 2
    assert months(db, "revisions") == []
    assert [revision["version"] for revision in revisions(db, "quotes", 77)] == [2], "the tombstone stays"
    assert db.value("SELECT onrecord.drop_history(1, 1)") == 1
    assert months(db, "changes") == []


def test_what_nobody_has_read_does_not_go(db):
    old_history(db)
    assert db.value("SELECT onrecord.drop_history(1, 0)") == 0
    assert months(db, "changes") == ["changes_2001_01", "changes_2001_02"]
