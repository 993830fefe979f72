"""The source article, as the service answers it. (tests/schema compares the rows themselves with the text.)"""

import hashlib

import names as n
import pytest
import service

QUOTES = [
    # start, end, kind, speaker, relayed by, cue, channel, goes on from, about, event
    (88, 132, "indirect", n.ADMINISTRATION, None, "announced", None, None, [n.RUSSIA], n.APPOINTMENT),
    (602, 659, "indirect", n.MUTTAQI, n.TAKAL, "thanked", None, None, [n.RUSSIA], None),
    (682, 740, "partial", n.MUTTAQI, n.TAKAL, "said", None, None, [n.RUSSIA], n.APPOINTMENT),
    (781, 941, "indirect", n.KABULOV, None, "confirmed", None, None, [], n.COMMISSION),
    (1196, 1209, "partial", n.QANI, None, "wrote", "social_media", None, [], None),
    (1252, 1323, "partial", n.QANI, None, "calling", "social_media", None, [n.RUSSIA], None),
    (1750, 1783, "indirect", n.OBSERVERS, None, "say", None, None, [], None),
    (1786, 1843, "direct", n.SAMKANI, None, "said", None, None, [], None),
    (1889, 1930, "indirect", n.SAMKANI, None, "noting", None, None, [n.CHINA], None),
    (1933, 1985, "direct", n.SAMKANI, None, None, None, n.AT[1786], [], None),
    (2038, 2090, "indirect", n.ZAZAI, None, "emphasized", None, None, [], None),
    (2093, 2144, "direct", n.ZAZAI, None, "said", None, None, [], None),
    (2172, 2223, "indirect", n.ZAZAI, None, "suggesting", None, None, [], None),
    (2281, 2327, "indirect", n.ADEL, None, "argued", None, None, [], None),
    (2330, 2446, "direct", n.ADEL, None, "said", None, None, [n.RUSSIA], None),
]


def test_the_article_is_there_word_for_word(shared):
    article = shared.read(f"/articles/{n.ARTICLE}")
    body = article["body"]
    assert article["headline"] == "Russia and Taliban-led Afghanistan move to deepen diplomatic ties"
    assert article["alternative_headline"] == (
        "Taliban to appoint envoy to Moscow as Russia moves to formalize ties with Afghanistan’s interim government"
    )
    assert len(body) == 2457
    assert body.startswith("KABUL, Afghanistan (MNTV) — The Taliban-led administration")
    assert body.endswith("for the Islamic Emirate to gain broader legitimacy,” he said.")
    assert body.count("\n") == 14
    assert article["body_sha256"] == hashlib.sha256(body.encode()).hexdigest()
    assert (article["dateline"], article["language"], article["source_id"]) == ("KABUL, Afghanistan", "en", n.MNTV)
    assert article["via"] == [{"source_id": n.TOLONEWS, "as_printed": "TOLOnews reports"}]
    for name in ("url", "published_at", "modified_at", "byline", "section", "summary", "rights", "external_id"):
        assert article[name] is None


def test_eight_persons_are_named_in_it(shared):
    mentions = shared.read(f"/articles/{n.ARTICLE}")["mentions"]
    assert [(mention["speaker_id"], mention["role"]) for mention in mentions] == [
        (n.KABULOV, "Russia’s special envoy for Afghanistan"),
        (n.MUTTAQI, "acting Foreign Minister"),
        (n.HAQQANI, "Interior Minister"),
        (n.TAKAL, "spokesperson for the Taliban’s ministry of foreign affairs"),
        (n.QANI, "Taliban’s Interior Ministry spokesperson"),
        (n.SAMKANI, "analyst"),
        (n.ZAZAI, "analyst"),
        (n.ADEL, "political analyst"),
    ]


def test_fifteen_quotes_stand_where_they_should(shared):
    body = shared.read(f"/articles/{n.ARTICLE}")["body"]
    quotes = shared.read(f"/articles/{n.ARTICLE}/quotes?limit=200&sort=id")["items"]
    found = []
    for quote in quotes:
        (span,) = quote["spans"]
        start, end = span["start"], span["end"]
        assert quote["text"] == body[start:end]
        assert quote["prefix"] == body[max(0, start - 32) : start]
        assert quote["suffix"] == body[end : end + 32]
        assert (quote["status"], quote["anchor"], quote["said_on"], quote["confidence"]) == ("confirmed", "anchored", None, None)
        assert (quote["source_id"], quote["published_at"]) == (n.MNTV, None)
        relayed_by = quote["relayed_by"] and quote["relayed_by"]["speaker_id"]
        found.append((start, end, quote["kind"], quote["speaker_id"], relayed_by, quote["cue"], quote["channel"],
                      quote["continues_id"], quote["about_ids"], quote["event_id"]))  # fmt: skip
    assert found == QUOTES


def test_takal_passes_on_what_muttaqi_said(shared):
    assert shared.read(f"/quotes/{n.AT[682]}?fields=text,role,speaker_as_printed,relayed_by") == {
        "text": "soon introduce a representative at the ambassadorial level",
        "speaker_as_printed": "Muttaqi",
        "role": "acting Foreign Minister",
        "relayed_by": {
            "speaker_id": n.TAKAL,
            "as_printed": "Zia Ahmad Takal",
            "role": "spokesperson for the Taliban’s ministry of foreign affairs",
            "cue": "According to",
        },
    }


def test_six_events(shared):
    events = shared.read("/events?limit=200&sort=id")["items"]
    found = [
        (e["kind"], e["status"], e["date_as_printed"], e["place"], e["part_of_id"],
         [p["speaker_id"] for p in e["participants"]], e["starts_on"], e["article_ids"])
        for e in events
    ]  # fmt: skip
    assert found == [
        ("appointment", "announced", None, None, None, [n.ADMINISTRATION, n.RUSSIA], None, [n.ARTICLE]),
        ("visit", "occurred", None, "Kabul", None, [n.KABULOV, n.MUTTAQI, n.HAQQANI], None, [n.ARTICLE]),
        ("meeting", "occurred", None, None, None, [n.KABULOV, n.HAQQANI], None, [n.ARTICLE]),
        ("other", "planned", "a meeting in May", None, n.SUMMIT, [], None, [n.ARTICLE]),
        ("summit", "planned", None, None, None, [], None, [n.ARTICLE]),
        ("ruling", "occurred", "recently", None, None, [n.SUPREME_COURT, n.TALIBAN], None, [n.ARTICLE]),
    ]


def test_speakers_and_where_they_belong(shared):
    speakers = shared.read("/speakers?limit=200&sort=id")["items"]
    found = [
        (s["name"], s["kind"], s["part_of_id"], [a["organization_id"] for a in s["affiliations"]]) for s in speakers
    ]
    assert found == [
        ("Taliban-led administration", "organization", None, []),
        ("ministry of foreign affairs", "organization", n.ADMINISTRATION, []),
        ("Interior Ministry", "organization", n.ADMINISTRATION, []),
        ("Taliban", "organization", None, []),
        ("Russia", "organization", None, []),
        ("Supreme Court", "organization", n.RUSSIA, []),
        ("China", "organization", None, []),
        ("Political observers", "unnamed", None, []),
        ("Zamir Kabulov", "person", None, [n.RUSSIA]),
        ("Amir Khan Muttaqi", "person", None, [n.ADMINISTRATION]),
        ("Sirajuddin Haqqani", "person", None, [n.ADMINISTRATION]),
        ("Zia Ahmad Takal", "person", None, [n.FOREIGN_MINISTRY]),
        ("Abdul Matin Qani", "person", None, [n.INTERIOR_MINISTRY]),
        ("Muin Gul Samkani", "person", None, [None]),
        ("Idris Mohammadi Zazai", "person", None, [None]),
        ("Enayatullah Adel", "person", None, [None]),
    ]
    assert speakers[0]["aliases"] == ["Taliban-led government", "Afghanistan’s interim government"]


def test_nothing_of_it_was_changed_since(shared):
    for resource in ("sources", "articles", "speakers", "quotes", "events"):
        for record in shared.read(f"/{resource}?limit=200")["items"]:
            assert (record["version"], record["extra"], record["external_id"]) == (1, {}, None), record
            assert record["created_at"] == record["updated_at"]


@pytest.mark.own_server
def test_without_the_seed_everything_is_empty(cluster):
    cluster.psql("postgres", "CREATE DATABASE unseeded")
    url = cluster.url("unseeded")
    service.command("migrate", url=url, env={"ONRECORD_SEED": "0"})
    server = service.Server(url)
    try:
        api = service.Api(server.base, None)
        for resource in ("sources", "articles", "speakers", "quotes", "events"):
            assert api.read(f"/{resource}?count=exact") == {"items": [], "next": None, "total": 0}
    finally:
        server.stop()
