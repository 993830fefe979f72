"""The seed, row by row, against the article as it was printed (schema/article.txt)."""

import hashlib

import pytest
from schema_database import ROOT

TEXT = (ROOT / "schema/article.txt").read_text(encoding="utf-8")
HEADLINE, ALTERNATIVE_HEADLINE, BODY = TEXT.split("\n", 2)

PERSONS = [
    ("Zamir Kabulov", "Russia", "Russia’s special envoy for Afghanistan"),
    ("Amir Khan Muttaqi", "Taliban-led administration", "acting Foreign Minister"),
    ("Sirajuddin Haqqani", "Taliban-led administration", "Interior Minister"),
    ("Zia Ahmad Takal", "ministry of foreign affairs", "spokesperson for the Taliban’s ministry of foreign affairs"),
    ("Abdul Matin Qani", "Interior Ministry", "Taliban’s Interior Ministry spokesperson"),
    ("Muin Gul Samkani", None, "analyst"),
    ("Idris Mohammadi Zazai", None, "analyst"),
    ("Enayatullah Adel", None, "political analyst"),
]
ROLES = {name: role for name, _, role in PERSONS}

# start, end, kind, speaker, relayed by, cue, channel, start of what it continues, about, event
QUOTES = [
    (88, 132, "indirect", "Taliban-led administration", None, "announced", None, None, ["Russia"], 1),
    (602, 659, "indirect", "Amir Khan Muttaqi", "Zia Ahmad Takal", "thanked", None, None, ["Russia"], None),
    (682, 740, "partial", "Amir Khan Muttaqi", "Zia Ahmad Takal", "said", None, None, ["Russia"], 1),
    (781, 941, "indirect", "Zamir Kabulov", None, "confirmed", None, None, [], 4),
    (1196, 1209, "partial", "Abdul Matin Qani", None, "wrote", "social_media", None, [], None),
    (1252, 1323, "partial", "Abdul Matin Qani", None, "calling", "social_media", None, ["Russia"], None),
    (1750, 1783, "indirect", "Political observers", None, "say", None, None, [], None),
    (1786, 1843, "direct", "Muin Gul Samkani", None, "said", None, None, [], None),
    (1889, 1930, "indirect", "Muin Gul Samkani", None, "noting", None, None, ["China"], None),
    (1933, 1985, "direct", "Muin Gul Samkani", None, None, None, 1786, [], None),
    (2038, 2090, "indirect", "Idris Mohammadi Zazai", None, "emphasized", None, None, [], None),
    (2093, 2144, "direct", "Idris Mohammadi Zazai", None, "said", None, None, [], None),
    (2172, 2223, "indirect", "Idris Mohammadi Zazai", None, "suggesting", None, None, [], None),
    (2281, 2327, "indirect", "Enayatullah Adel", None, "argued", None, None, [], None),
    (2330, 2446, "direct", "Enayatullah Adel", None, "said", None, None, ["Russia"], None),
]

# kind, status, date as printed, place, part of, participants
EVENTS = [
    ("appointment", "announced", None, None, None, ["Taliban-led administration", "Russia"]),
    ("visit", "occurred", None, "Kabul", None, ["Zamir Kabulov", "Amir Khan Muttaqi", "Sirajuddin Haqqani"]),
    ("meeting", "occurred", None, None, None, ["Zamir Kabulov", "Sirajuddin Haqqani"]),
    ("other", "planned", "a meeting in May", None, 5, []),
    ("summit", "planned", None, None, None, []),
    ("ruling", "occurred", "recently", None, None, ["Supreme Court", "Taliban"]),
]


@pytest.fixture(scope="module")
def names(seeded):
    """id -> name of each speaker."""
    return {row["id"]: row["name"] for row in seeded.rows("SELECT id, name FROM onrecord.speakers")}


@pytest.fixture(scope="module")
def quotes(seeded):
    return seeded.rows("SELECT * FROM onrecord.quotes ORDER BY id")


def test_the_body_is_the_article_to_the_last_code_point(seeded):
    article = seeded.row("SELECT * FROM onrecord.articles")
    assert (article["headline"], article["alternative_headline"]) == (HEADLINE, ALTERNATIVE_HEADLINE)
    assert article["body"] == BODY
    assert len(article["body"]) == 2457
    assert seeded.value("SELECT char_length(body) FROM onrecord.articles") == 2457
    assert article["body_sha256"] == hashlib.sha256(BODY.encode()).hexdigest()
    assert not BODY.endswith("\n") and "\r" not in BODY


def test_the_article_says_where_it_is_from_and_not_when(seeded):
    article = seeded.row("SELECT * FROM onrecord.articles")
    sources = seeded.rows("SELECT id, name, url, country, description FROM onrecord.sources ORDER BY id")
    assert [(source["id"], source["name"]) for source in sources] == [(1, "MNTV"), (2, "TOLOnews")]
    assert all(source[name] is None for source in sources for name in ("url", "country", "description"))
    assert (article["id"], article["source_id"], article["dateline"]) == (1, 1, "KABUL, Afghanistan")
    assert article["via"] == [{"source_id": 2, "as_printed": "TOLOnews reports"}]
    assert (article["language"], article["keywords"]) == ("en", [])
    for name in ("url", "published_at", "modified_at", "byline", "section", "summary", "rights"):
        assert article[name] is None, name


def test_seven_organizations_one_unnamed_eight_persons(seeded):
    speakers = seeded.rows("SELECT * FROM onrecord.speakers ORDER BY id")
    assert [(s["name"], s["kind"], s["part_of_id"]) for s in speakers[:8]] == [
        ("Taliban-led administration", "organization", None),
        ("ministry of foreign affairs", "organization", 1),
        ("Interior Ministry", "organization", 1),
        ("Taliban", "organization", None),
        ("Russia", "organization", None),
        ("Supreme Court", "organization", 5),
        ("China", "organization", None),
        ("Political observers", "unnamed", None),
    ]
    assert speakers[0]["aliases"] == ["Taliban-led government", "Afghanistan’s interim government"]
    assert [s["id"] for s in speakers] == list(range(1, 17))
    assert all(s["aliases"] == [] for s in speakers[1:])
    assert all(s["affiliations"] == [] for s in speakers[:8])
    assert all(s["description"] is None and s["same_as"] == [] for s in speakers)


def test_persons_have_their_roles_as_printed(seeded, names):
    persons = seeded.rows("SELECT name, affiliations FROM onrecord.speakers WHERE kind = 'person' ORDER BY id")
    found = []
    for person in persons:
        (affiliation,) = person["affiliations"]
        assert (affiliation["start_date"], affiliation["end_date"], affiliation["article_id"]) == (None, None, 1)
        found.append((person["name"], names.get(affiliation["organization_id"]), affiliation["role"]))
    assert found == PERSONS


def test_the_article_names_them_in_this_order(seeded, names):
    mentions = seeded.value("SELECT mentions FROM onrecord.articles")
    assert [names[mention["speaker_id"]] for mention in mentions] == list(ROLES)
    places = []
    for mention in mentions:
        assert mention["as_printed"] == names[mention["speaker_id"]]
        assert mention["role"] == ROLES[mention["as_printed"]]
        places.append(BODY.index(mention["as_printed"]))
    assert places == sorted(places)


def test_fifteen_quotes(quotes, names):
    starts = {quote["id"]: quote["spans"][0] for quote in quotes}
    found = [
        (*quote["spans"], quote["kind"], names[quote["speaker_id"]], names.get(quote["relayed_by_id"]), quote["cue"],
         quote["channel"], starts.get(quote["continues_id"]), [names[about] for about in quote["about_ids"]],
         quote["event_id"])
        for quote in quotes
    ]  # fmt: skip
    assert found == QUOTES
    assert [quote["id"] for quote in quotes] == list(range(1, 16))


def test_each_span_is_the_quote_in_the_body(quotes):
    for quote in quotes:
        start, end = quote["spans"]
        assert quote["text"] == BODY[start:end]
        assert quote["prefix"] == BODY[start - 32 : start]
        assert quote["suffix"] == BODY[end : end + 32]
        assert quote["anchor"] == "anchored"


def test_quotation_marks_stand_around_direct_and_partial_quotes_only(quotes):
    for quote in quotes:
        start, end = quote["spans"]
        opened, closed = BODY[start - 1] == "“", BODY[end:].startswith(("”", ",”", ".”"))
        quoted = quote["kind"] != "indirect"
        assert (opened, closed) == (quoted, quoted), quote["text"]
        assert not quote["text"].endswith(",")


def test_quotes_say_whose_in_what_role_and_nothing_else(quotes, names):
    for quote in quotes:
        assert quote["role"] == ROLES.get(names[quote["speaker_id"]])
        assert (quote["article_id"], quote["source_id"], quote["published_at"]) == (1, 1, None)
        assert (quote["status"], quote["confidence"], quote["said_on"]) == ("confirmed", None, None)


def test_attributions_are_as_printed(quotes):
    printed = [quote["speaker_as_printed"] for quote in quotes]
    assert printed == [
        "The Taliban-led administration in Afghanistan", "Muttaqi", "Muttaqi", "Kabulov", "Abdul Matin Qani",
        "Abdul Matin Qani", "Political observers", "Muin Gul Samkani", "Muin Gul Samkani", None,
        "Idris Mohammadi Zazai", "he", "he", "Enayatullah Adel", "he",
    ]  # fmt: skip
    relayed = [quote["relayed_by"] for quote in quotes if quote["relayed_by"]]
    assert relayed == 2 * [
        {
            "speaker_id": 12,
            "as_printed": "Zia Ahmad Takal",
            "role": "spokesperson for the Taliban’s ministry of foreign affairs",
            "cue": "According to",
        }
    ]


def test_whatever_is_said_to_be_printed_is_printed(quotes, seeded):
    printed = []
    for quote in quotes:
        relay = quote["relayed_by"] or {}
        printed += [quote["speaker_as_printed"], quote["role"], quote["cue"]]
        printed += [relay.get("as_printed"), relay.get("role"), relay.get("cue")]
    printed = [text for text in printed if text is not None]
    assert len(printed) > 40
    printed += seeded.values("SELECT unnest(aliases) FROM onrecord.speakers")
    printed += seeded.values("SELECT name FROM onrecord.speakers")
    printed += seeded.values("SELECT date_as_printed FROM onrecord.events WHERE date_as_printed IS NOT NULL")
    printed += ["KABUL, Afghanistan", "TOLOnews reports"]
    for text in printed:
        assert text in TEXT, text


def test_six_events(seeded, names):
    events = seeded.rows("SELECT * FROM onrecord.events ORDER BY id")
    found = [
        (e["kind"], e["status"], e["date_as_printed"], e["place"], e["part_of_id"],
         [names[p["speaker_id"]] for p in e["participants"]])
        for e in events
    ]  # fmt: skip
    assert found == EVENTS
    assert [event["id"] for event in events] == list(range(1, 7))
    for event in events:
        assert event["article_ids"] == [1]
        assert (event["starts_on"], event["ends_on"], event["description"]) == (None, None, None)
        for participant in event["participants"]:
            assert participant["role"] == ROLES.get(names[participant["speaker_id"]])


def test_each_record_is_new_and_logged_once(seeded):
    for table, count in (("sources", 2), ("articles", 1), ("speakers", 16), ("events", 6), ("quotes", 15)):
        rows = seeded.rows(f"SELECT * FROM onrecord.{table}")
        assert len(rows) == count
        for row in rows:
            assert (row["version"], row["extra"], row["external_id"]) == (1, {}, None)
            assert (row["changed_by"], row["change_actor"], row["change_reason"]) == (None, None, "seed")
            assert row["created_at"] == row["updated_at"]
        changes = seeded.rows(f"SELECT * FROM onrecord.changes WHERE resource = '{table}'")
        assert sorted(change["record_id"] for change in changes) == sorted(row["id"] for row in rows)
        assert {(change["operation"], change["version"], change["pos"]) for change in changes} == {("insert", 1, None)}
    assert seeded.value("SELECT count(*) FROM onrecord.revisions") == 0


def test_the_next_record_gets_the_next_number(copy):
    assert copy.value("INSERT INTO onrecord.articles (url) VALUES ('https://example.org/2') RETURNING id") == 2
    assert copy.value("INSERT INTO onrecord.quotes (article_id, text) VALUES (2, 'Yes.') RETURNING id") == 16
    assert copy.value("INSERT INTO onrecord.events (name) VALUES ('Talks') RETURNING id") == 7
    assert copy.value("INSERT INTO onrecord.speakers (name) VALUES ('Maria Zakharova') RETURNING id") == 17
