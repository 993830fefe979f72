"""Merges are taken back in any order: what is left is what there would be had the merges taken back never been."""

import json
import random

import pytest
import schema_database

FIRST = 9_000_001
SPEAKERS = range(FIRST, FIRST + 8)
PERSONS, ORGANIZATIONS = SPEAKERS[:4], SPEAKERS[4:]  # each are merged with their kind alone
ARTICLES = range(FIRST, FIRST + 3)
EVENTS = range(FIRST, FIRST + 2)
QUOTES = range(FIRST, FIRST + 6)
EMPTY = {"aliases": [], "same_as": [], "affiliations": [], "part_of_id": None}

WORLD = f"""
    SELECT jsonb_build_object(
        'merges', (SELECT jsonb_object_agg(id, jsonb_build_array(merged_into_id, into_id))
                   FROM onrecord.speaker_merges),
        'speakers', (SELECT jsonb_object_agg(id, jsonb_build_object(
                         'name', name, 'aliases', aliases, 'same_as', same_as, 'affiliations', affiliations,
                         'part_of_id', part_of_id))
                     FROM onrecord.speakers WHERE id >= {FIRST}),
        'articles', (SELECT jsonb_object_agg(id, mentions) FROM onrecord.articles WHERE id >= {FIRST}),
        'events', (SELECT jsonb_object_agg(id, participants) FROM onrecord.events WHERE id >= {FIRST}),
        'quotes', (SELECT jsonb_object_agg(id, jsonb_build_object('speaker_id', speaker_id, 'relayed_by', relayed_by,
                                                                  'about_ids', about_ids))
                   FROM onrecord.quotes WHERE id >= {FIRST})) AS world"""


APART = schema_database.migration("0019_apart")


@pytest.fixture(scope="module")
def former(cluster):
    """As it was before merges could be taken back in any order."""
    database = cluster.create()
    database.migrate(before=APART)
    yield database
    cluster.drop(database)


def literal(value):
    return "'" + json.dumps(value) + "'"


def array(values):
    return "'{" + ",".join(map(str, values)) + "}'"


def mention(id, printed=None):
    return {"speaker_id": id, "as_printed": printed, "role": None}


def affiliation(id, role):
    return {"organization_id": id, "role": role, "start_date": None, "end_date": None, "article_id": None}


def pair(chance, live):
    """Two of one kind, or None."""
    pairs = [(going, staying) for kind in (PERSONS, ORGANIZATIONS) for going in kind for staying in kind
             if going != staying and going in live and staying in live]  # fmt: skip
    return chance.choice(pairs) if pairs else None


def make_speakers(db, speakers):
    """{id: columns}; whom they belong to may come later."""
    for id in speakers:
        db.run(f"INSERT INTO onrecord.speakers (id, kind, name) OVERRIDING SYSTEM VALUE "
               f"VALUES ({id}, 'organization', 'Name {id}')")  # fmt: skip
    for id, columns in speakers.items():
        record = EMPTY | columns
        db.run(f"UPDATE onrecord.speakers SET aliases = {array(record['aliases'])}, "
               f"same_as = {array(record['same_as'])}, affiliations = {literal(record['affiliations'])}, "
               f"part_of_id = {record['part_of_id'] or 'NULL'} WHERE id = {id}")  # fmt: skip


def make_article(db, id, mentions):
    db.run(f"INSERT INTO onrecord.articles (id, source_id, headline, mentions) OVERRIDING SYSTEM VALUE "
           f"SELECT {id}, min(id), 'h', {literal(mentions)} FROM onrecord.sources")  # fmt: skip


def make_event(db, id, participants):
    db.run(f"INSERT INTO onrecord.events (id, name, participants) OVERRIDING SYSTEM VALUE "
           f"VALUES ({id}, 'e', {literal(participants)})")  # fmt: skip


def make_quote(db, id, speaker_id, relayed_by=None, about_ids=()):
    relayed = literal(relayed_by) if relayed_by else "NULL"
    db.run(f"INSERT INTO onrecord.quotes (id, article_id, text, kind, speaker_id, relayed_by, about_ids) "
           f"OVERRIDING SYSTEM VALUE SELECT {id}, min(id), 't', 'indirect', {speaker_id}, {relayed}, {array(about_ids)} "
           f"FROM onrecord.articles")  # fmt: skip


def merge(db, going, staying):
    version = f"(SELECT ARRAY[version] FROM onrecord.speakers WHERE id = {going})"
    assert db.value(f"SELECT outcome FROM onrecord.speaker_merge({going}, {staying}, {version})") == "merged"


def unmerge(db, going):
    assert db.value(f"SELECT outcome FROM onrecord.speaker_unmerge({going}, NULL)") == "unmerged"


def sorted_lists(value):
    """Lists as sets that count: what comes back may stand elsewhere."""
    if isinstance(value, dict):
        return {key: sorted_lists(item) for key, item in value.items()}
    return sorted(value, key=json.dumps) if isinstance(value, list) else value


def world(db):
    found = db.value(WORLD)
    found["merges"] = found["merges"] or {}
    return {key: records if key == "merges" else sorted_lists(records) for key, records in found.items()}


def differences(found, wanted):
    return {f"{table} {id}": (found[table].get(id), wanted[table].get(id)) for table in wanted
            for id in {**wanted[table], **found[table]} if found[table].get(id) != wanted[table].get(id)}  # fmt: skip


def told(steps):
    return [f"{step.__name__} {', '.join(str(id - FIRST) for id in who)}" for step, *who in steps]


def some(chance, values, most=3):
    return [chance.choice(values) for _ in range(chance.randint(0, most))]


def make_world(db, chance):
    parts = {id: [None, *ORGANIZATIONS[: max(id - ORGANIZATIONS[0], 0) if id in ORGANIZATIONS else None]] for id in SPEAKERS}
    speakers = {
        id: {
            "aliases": list(dict.fromkeys(some(chance, ["x", "y", "z"]))),
            "same_as": list(dict.fromkeys(some(chance, ["https://a.example/", "https://b.example/"], 2))),
            "affiliations": [affiliation(whose, f"of {id}") for whose in dict.fromkeys(some(chance, ORGANIZATIONS))
                             if id in PERSONS],
            "part_of_id": chance.choice(parts[id]),
        }
        for id in SPEAKERS
    }
    make_speakers(db, speakers)
    roles = [None, "host"]
    for id in ARTICLES:
        make_article(db, id, [mention(chance.choice(SPEAKERS), role) for role in some(chance, roles, 5)])
    for id in EVENTS:
        make_event(db, id, [{"speaker_id": chance.choice(SPEAKERS), "role": role} for role in some(chance, roles, 5)])
    for id in QUOTES:
        relayed = mention(chance.choice(SPEAKERS)) | {"cue": None} if chance.random() < 0.5 else None
        make_quote(db, id, chance.choice(SPEAKERS), relayed, list(dict.fromkeys(some(chance, SPEAKERS, 4))))


def play(db, steps):
    """The world after these steps, from the start. None: one of them would make an organization part of itself."""
    db.run("ROLLBACK TO SAVEPOINT start")
    try:
        for step, *who in steps:
            step(db, *who)
        return world(db)
    except schema_database.SqlError as error:
        assert "part of itself" in str(error), error
        return None


def check(db, chance, merges_first, length):
    """Merges and unmerges by chance. Each unmerge is compared with the other merges alone, from the start."""
    make_world(db, chance)
    start = world(db)
    db.run("SAVEPOINT start")
    steps, merges = [], []  # all that was done; the merges of it that still are
    compared = 0
    for _ in range(length):
        two = pair(chance, [id for id in SPEAKERS if id not in [going for _, going, _ in merges]])
        if two and (not merges or (len(steps) < merges_first or chance.random() < 0.5)):
            step = (merge, *two)
            if play(db, [*steps, step]) is not None:
                steps.append(step)
                merges.append(step)
            continue
        step = (unmerge, chance.choice(merges)[1])
        others = [other for other in merges if other[1] != step[1]]
        wanted, found = play(db, others), play(db, [*steps, step])
        if wanted is None or found is None:
            assert wanted is None or found is not None, told([*steps, step])
            continue
        assert not differences(found, wanted), told([*steps, step])
        steps.append(step)
        merges = others
        compared += 1
    return steps, merges, start, compared


@pytest.mark.parametrize("seed", range(12))
def test_any_order(db, seed):
    """And all of them in some order lead to the start."""
    chance = random.Random(seed)
    steps, merges, start, compared = check(db, chance, merges_first=5 if seed % 2 else 0, length=11)
    steps += [(unmerge, going) for going in chance.sample([going for _, going, _ in merges], len(merges))]
    end = play(db, steps)
    assert end is None or not differences(end, start), told(steps)
    assert compared > 1 and end is not None


def test_merges_of_before(cluster, former):
    """Moves that were written when each merge had moves of its own."""
    for seed in range(6):
        db, chance, merged = cluster.create(former.name), random.Random(seed), []
        make_world(db, chance)
        start = world(db)
        for _ in range(6):
            going, staying = pair(chance, [id for id in SPEAKERS if id not in merged])
            try:
                merge(db, going, staying)
                merged.append(going)
            except schema_database.SqlError as error:
                assert "part of itself" in str(error), error
        db.close()
        db.apply(APART)
        order = chance.sample(merged, len(merged))
        for going in order:
            unmerge(db, going)
        assert not differences(world(db), start), (seed, order)
        cluster.drop(db)
