"""What makes words and names findable: folding, configurations, and that they follow what they follow from."""

import re

import pytest
from schema_database import ROOT, migration

CONFIGS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish", "nl": "dutch", "en": "english",
    "fi": "finnish", "fr": "french", "de": "german", "el": "greek", "hi": "hindi", "hu": "hungarian",
    "id": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nb": "norwegian",
    "nn": "norwegian", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish", "fa": "simple",
    "en-GB": "english", "EN": "english", "zh-Hans": "simple",
}  # fmt: skip


@pytest.mark.parametrize(("language", "config"), CONFIGS.items())
def test_a_language_has_a_configuration(seeded, language, config):
    assert seeded.value(f"SELECT onrecord.search_config('{language}')") == config
    assert seeded.value(f"SELECT to_tsvector('onrecord.{config}', 'Café') @@ 'cafe' OR '{config}' <> 'simple'") is True


def test_the_server_knows_every_configuration(seeded):
    there = seeded.values("SELECT cfgname FROM pg_ts_config WHERE cfgnamespace = 'onrecord'::regnamespace")
    source = (ROOT / "server/record/search.c").read_text(encoding="utf-8")
    listed = re.search(r"configs\[\] = \{(.*?)\};", source, re.S)[1]
    assert sorted(re.findall(r'"(\w+)"', listed)) == sorted(there)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("plain", "plain"),
        ("cafe\u0301", "cafe"),
        ("كـتاب", "كتاب"),
        ("كِتَابٌ", "كتاب"),
        ("می\u200cخواهد", "ميخواهد"),
        ("کابل ۱۲۳", "كابل 123"),
        ("أحمد إلى آخر", "احمد الي اخر"),
        ("well\u2010known", "well-known"),
        ("\U0001f600 \U00020000", "\U0001f600 \U00020000"),
    ],
)
def test_text_is_folded(seeded, text, folded):
    assert seeded.value(f"SELECT onrecord.search_fold('{text}')") == folded


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("外交部发言人", "外交 交部 部发 发言 言人"),
        ("他 said 外交 today", "他 said 外交 today"),
        ("中", "中"),
        ("x中国y", "x 中国 y"),
        ("외교부", "외교 교부"),
        ("\U00020000\U00020001\U00020002", "\U00020000\U00020001 \U00020001\U00020002"),
    ],
)
def test_what_nothing_parts_is_taken_in_pairs(seeded, text, words):
    assert seeded.value(f"SELECT onrecord.search_words('simple', '{text}')").split() == words.split()


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("ambassadors moscow", "'ambassador' & 'moscow'"),
        ('"soon appoint"', "'soon' <-> 'appoint'"),
        ("visit or -meeting", "'visit' | !'meet'"),
        ("the", ""),
        ('"', ""),
        ("& | ! ( ) :* <-> '", ""),
        ("北京会谈", "'北京' <-> '京会' <-> '会谈'"),
        ('"北京 会谈" 中', "'北京' <-> '会谈' & '中'"),
        ("-外交部", "!( '外交' <-> '交部' )"),
        ("CAFÉ", "'cafe'"),
        ("Russia - Ukraine -war", "'russia' & 'ukrain' & !'war'"),
        ("-covid-19 bar", "!( 'covid' <-> '19' ) & 'bar'"),
        ('bar -"covid-19 wave" (-tide)', "'bar' & !( 'covid' <-> '19' <-> 'wave' ) & !'tide'"),
        ('"minus -5" x -5', "'minus' <-> '5' & 'x' & !'5'"),
        ('"bar" -b"c"-d', "'bar' & !'b' & 'c' & !'d'"),
        ("S-400 -T-72", "'-400' & !'-72'"),
        ("TASS/Reuters", "( 'tass' | 't.a.s.s' ) <-> 'reuter'"),
        ("kremlin.ru or press@kremlin.ru", "'kremlin' <-> 'ru' | 'press' <-> 'kremlin' <-> 'ru'"),
        ("北京-上海", "'北京' <-> '上海'"),
        ("-北京-上海 歼-20 中-x 中国-x", "!( '北京' <-> '上海' ) & '歼' & '20' & '中' & 'x' & '中国' & 'x'"),
        ('"北京-上海', "'北京' <-> '上海'"),
        ("by-election to-do", "'by-elect' <2> 'elect' & 'to-do'"),
        ("mayor Or-Yehuda OR-2 or/and x or y", "'mayor' & 'or-yehuda' <2> 'yehuda' & '2' & 'x' | 'y'"),
        ("(foo)-bar foo|-baz", "'foo' & !'bar' & 'foo' & !'baz'"),
        ("\ue003war-5 \ue001x", "'war' <-> '5' & 'x'"),
        ('"US ambassador"', "( 'us' | 'u.s' ) <-> 'ambassador'"),
        ("U.S. us Us", "'u.s' & 'us' & 'us'"),
        ("--war -\u00a0 peace-", "!'war' & 'peac'"),
        *((sign * 250, "") for sign in ("-", "- ", '-"" ', '-"', "-!", "-&", "-|", "-<", "-(", "-*", "-\u00a0", "-\u3000", "-\u200b", '""')),
    ],
)
def test_a_query_never_fails(seeded, query, tree):
    escaped = query.replace("'", "''")
    assert seeded.value(f"SELECT coalesce(onrecord.search_query('english', '{escaped}')::text, '')") == tree


@pytest.mark.parametrize(("letter", "count"), [("Ⅷ", 512), ("Ⅷ", 5000), ("½", 5000), ("x", 5000), ("中", 2000)])
def test_no_word_is_too_long(db, letter, count):
    """One that unaccent made longer than a lexeme may be destroyed memory."""
    word = f"repeat('{letter}', {count})"
    source = db.value(f"INSERT INTO onrecord.sources (name, description) SELECT 'Long', {word} || ' heron' RETURNING id")
    assert found(db, "sources", source, "simple", "heron")
    query = f"onrecord.search_query('simple', left({word}, 255))"
    assert letter != "Ⅷ" or db.value(f"SELECT search @@ {query} FROM onrecord.sources WHERE id = {source}")


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("foo or ambassador -moscow", "'foo' | 'ambassador'"),
        ("-moscow", ""),
        ('"final act" -x', "'final' <-> 'act'"),
        ("the", ""),
        ("foo or -moscow", "'foo'"),
        ("-\"final act\" or \"foo ba''r\" or -US or x/y", "'foo' | 'ba' | 'r' | 'x' | 'y'"),
        ('-US-led or UK or -c or -"d UN e" or f', "'uk' | 'u.k' | 'f'"),
    ],
)
def test_what_a_query_refuses_is_not_marked(seeded, query, marked):
    assert seeded.value(f"SELECT onrecord.search_marked(onrecord.search_query('english', '{query}'))::text") == marked


@pytest.mark.parametrize("query", ["govern", "a & !b", "a | !b"])
def test_what_is_marked_is_told_of_nobody(seeded, query):
    """PostgreSQL has a notice for each query without words that it reads from text."""
    seeded.run("SET client_min_messages = notice")
    try:
        seeded.run(f"SELECT onrecord.search_marked('{query}'::tsquery)")
    finally:
        seeded.run("RESET client_min_messages")


def test_an_arabic_noun_is_one_with_its_article_and_without(db):
    article = db.value("INSERT INTO onrecord.articles (headline, language) VALUES ('الحكومة السياسة', 'ar') RETURNING id")
    for query in ("الحكومة", "حكومة", "سياسة", "السياسة"):
        assert found(db, "articles", article, "arabic", query), query
    assert db.value("SELECT onrecord.search_fold_in('simple', 'حكومة') = onrecord.search_fold('حكومة')")


def found(db, table, record_id, config, query):
    return db.value(f"""SELECT search @@ onrecord.search_query('{config}', '{query}') FROM onrecord.{table}
                        WHERE id = {record_id}""")


PARTED = [
    ("COVID-19 cases", ["covid 19", "covid-19", "COVID", "19", '"covid 19 cases"']),
    ("the covid 19 wave", ["covid-19", "COVID\u201019", "covid/19"]),
    ("said TASS/Reuters/AFP", ["Reuters", "tass afp", "TASS/Reuters", '"tass reuters afp"']),
    ("the S-400 and F-16 jets", ["S-400", "F-16", "jets"]),
    ("a Boeing-737, a Su-35", ["boeing 737", "su-35", "737", "su 35"]),
    ("Су-35 и С-400", ["су 35", "СУ-35", "С-400"]),
    ("Al-Qaeda", ["al qaeda", "qaeda", "al-qaeda"]),
    ("俄罗斯S-400导弹，歼-20战机，苏-35，美U.S.军在COVID-19", ["S-400", "歼-20", "苏-35", "US", "U.S.", "covid-19", "导弹"]),
    ("俄罗斯/中国-美国", ["中国", "中国-美国", "俄罗斯"]),
    ("the U.S.-led coalition of J.K.Rowling", ["led", "US", "U.S.", "rowling", "U.S.-led"]),
    ("He left.Then St.Petersburg fell, No.10 said", ["left", "petersburg", "st.petersburg", "fell", "10"]),
    ("at https://www.kremlin.ru/events?id=5#top, press@kremlin.ru", ["kremlin", "kremlin.ru", "events", "press", "www.kremlin.ru/events", "press@kremlin.ru"]),
    ("the 2019-20 season at -5 degrees, 1.5 points, a 2-1 win", ["20", "2019-20", "5", "1.5", "2-1"]),
    ("<p>The <b>prime</b> minister.</p>R&amp;D<br/>", ['"the prime minister"', "R&D"]),
    ("kremlin.\u200bru, cafe\u0301.Then", ["kremlin.ru", "cafe\u0301.Then", "then"]),
    ("_S-400_ ב-2023", ["S-400", "2023"]),
    ("И.Иванов/П.Петров", ["Иванов", "Петров"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "queries"), PARTED)
def test_what_signs_join_is_found_by_its_parts(db, text, queries):
    source = db.value(f"INSERT INTO onrecord.sources (name) VALUES ('{text}') RETURNING id")
    for query in queries:
        assert found(db, "sources", source, "simple", query), query
    parted = f"onrecord.search_marking('simple', '{text}')"
    assert db.value(f"SELECT char_length({parted}) = char_length(onrecord.search_fold('{text}'))"), "marks are told by place"


@pytest.mark.parametrize(("text", "query"), [("the S 400", "S-400"), ("U.S. forces", "u.k."), ("COVID 20 and 19", "covid-19"), ("forces of us", "U.S."), ("1 or 5", "1.5"), ("5 p.m.", "PM"), ("the election", "by-election")])  # fmt: skip
def test_what_is_asked_for_as_one_is_found_as_one(db, text, query):
    source = db.value(f"INSERT INTO onrecord.sources (name) VALUES ('{text}') RETURNING id")
    assert not found(db, "sources", source, "simple", query)


def test_what_was_there_is_found_by_its_parts(cluster):
    db, parts = cluster.create(), migration("0020_parts")
    db.migrate(before=parts)
    db.run("""INSERT INTO onrecord.articles (id, headline, body, language) VALUES (91, 'x', 'COVID-19', 'en'), (92, 'x', 'plain', 'en');
              INSERT INTO onrecord.quotes (id, article_id, text, role) VALUES (91, 91, 'x', 'TASS/Reuters'), (92, 92, 'U.S.‐led', NULL), (93, 92, '٢٠١٩-٢٠', NULL);
              INSERT INTO onrecord.events (id, name, place) VALUES (91, 'x', 'St.Petersburg');
              INSERT INTO onrecord.sources (id, name, description) VALUES (91, 'x', 'kremlin.ru');
              INSERT INTO onrecord.speakers (id, name, aliases) VALUES (91, 'Xi Jinping', '{习近平}'), (92, '!!', '{}')""")
    wanted = [("articles", 91, "english", "covid 19"), ("quotes", 91, "english", "reuters"), ("quotes", 92, "english", "led"), ("quotes", 93, "english", "20"),
              ("events", 91, "simple", "petersburg"), ("sources", 91, "simple", "kremlin")]  # fmt: skip
    assert [found(db, *one) for one in wanted] == [False] * 2 + [True] + [False] * 3
    untouched = "SELECT xmin::text, version FROM onrecord.articles WHERE id = 92"
    before = db.row(untouched)
    changes = db.value("SELECT count(*) FROM onrecord.changes")
    names_of_others = "SELECT * FROM onrecord.speaker_names WHERE speaker_id <> 91 ORDER BY speaker_id, position, word"
    names_before = db.rows(names_of_others)
    db.close()
    db.apply(parts)
    assert [found(db, *one) for one in wanted] == [True] * 6
    assert db.rows(names_of_others) == names_before and names_before
    assert names(db, 91) == [(0, 1, "xi jinping"), (0, 2, "jinping"), (1, 1, "习近平"), (1, 2, "近平"), (1, 3, "平")]
    assert db.row(untouched) == before, "has nothing to part"
    assert db.value("SELECT count(*) FROM onrecord.changes") == changes, "the records have not changed"
    assert set(db.values("SELECT version FROM onrecord.quotes WHERE id > 90")) == {1}
    cluster.drop(db)


@pytest.mark.parametrize(
    ("query", "any_word"),
    [
        ("ambassadors moscow", "'ambassador' | 'moscow'"),
        ('"soon appoint" or visit -meeting', "'soon' | 'appoint' | 'visit' | 'meet'"),
        ("-ambassador", "'ambassador'"),
        ("北京会谈", "'北京' | '京会' | '会谈'"),
        ("the", ""),
    ],
)
def test_a_query_for_any_of_its_words(seeded, query, any_word):
    assert seeded.value(f"SELECT onrecord.search_any_word(onrecord.search_query('english', '{query}'))::text") == any_word


@pytest.mark.parametrize("lexeme", ["it's", "a''b", "back\\slash", "a & b", "' | '", "(x)", "!no"])
def test_a_word_may_hold_what_operators_are_made_of(seeded, lexeme):
    quoted = "'" + lexeme.replace("\\", "\\\\").replace("'", "''") + "'"
    query = f"({quoted}:* <2> 'b') & !{quoted}".replace("'", "''")
    same = f"({quoted}:* | 'b') | {quoted}".replace("'", "''")
    assert seeded.value(f"SELECT onrecord.search_any_word('{query}'::tsquery) = '{same}'::tsquery")
    refusing = f"!'x' | {quoted} | !( {quoted} & 'y' )".replace("'", "''")
    assert seeded.value(f"SELECT onrecord.search_marked('{refusing}'::tsquery) = '{quoted.replace(chr(39), chr(39) * 2)}'::tsquery")


def test_what_words_and_languages_go_through_is_part_of_the_statement(seeded):
    """A function in SQL that PostgreSQL does not inline is planned in each transaction."""
    plan = seeded.run("""EXPLAIN (VERBOSE, COSTS OFF) SELECT onrecord.search_marking(search_config, headline), onrecord.search_config(language)
                         FROM onrecord.articles""")
    assert "regexp_replace(" in plan and "english" in plan and not re.search(r"\bsearch_(fold\w*|marking|part|unparted|config)\(", plan), plan
    assert seeded.value("SELECT onrecord.search_fold(NULL) IS NULL")


FIELDS = {
    "articles": ["headline", "alternative_headline", "summary", "body"],
    "quotes": ["text", "speaker_as_printed", "role"],
}


@pytest.mark.parametrize("table", FIELDS)
@pytest.mark.parametrize("query", ["russia -diplomat", '"foreign minister" or kabulov', "taliban-led ties", "visit or ambassador", "Kabul's ties"])
def test_a_field_has_a_word_of_that_weight_when_it_would_be_marked(seeded, table, query):
    escaped = query.replace("'", "''")
    marked = set()
    for field, weight in zip(FIELDS[table], "abcd"):
        rows = seeded.rows(f"""
            SELECT ts_filter(search, '{{{weight}}}') @@ onrecord.search_any_word(q) AS has,
                   ts_headline('onrecord.english', onrecord.search_marking('english', {field}), q, E'HighlightAll=true,StartSel=\x01') ~ E'\x01' AS marked
            FROM onrecord.{table}, onrecord.search_marked(onrecord.search_query('english', '{escaped}')) AS q WHERE {field} IS NOT NULL""")
        assert all(row["has"] == row["marked"] for row in rows), (field, rows)
        marked |= {row["marked"] for row in rows}
    assert True in marked


def test_the_headline_weighs_more_than_the_summary_and_that_more_than_the_body(db):
    db.run("""INSERT INTO onrecord.articles (id, headline, alternative_headline, summary, body) VALUES
              (91, 'salt', 'x', 'x', 'x'), (92, 'x', 'salt', 'x', 'x'), (93, 'x', 'x', 'salt', 'x'),
              (94, 'x', 'x', 'x', 'salt')""")
    ranked = db.values("""SELECT id FROM onrecord.articles WHERE search @@ 'salt' ORDER BY ts_rank(search, 'salt') DESC""")
    assert ranked == [91, 92, 93, 94]


def test_quotes_and_events_take_their_article_s_language(db):
    db.run("""INSERT INTO onrecord.articles (id, headline, language) VALUES (91, 'x', 'de'), (92, 'x', 'en');
              INSERT INTO onrecord.quotes (id, article_id, text) VALUES (91, 91, 'die Häuser');
              INSERT INTO onrecord.events (id, name, article_ids) VALUES (91, 'die Häuser', '{91,92}'), (92, 'Häuser', '{}')""")
    for table in ("quotes", "events"):
        assert db.value(f"SELECT search_config FROM onrecord.{table} WHERE id = 91") == "german"
        assert found(db, table, 91, "german", "Haus")
    assert db.value("SELECT search_config FROM onrecord.events WHERE id = 92") == "simple"
    db.run("UPDATE onrecord.articles SET language = 'en' WHERE id = 91")
    for table in ("quotes", "events"):
        row = db.row(f"SELECT search_config, version FROM onrecord.{table} WHERE id = 91")
        assert row == {"search_config": "english", "version": 1}, "the record itself has not changed"
        assert not found(db, table, 91, "german", "Haus")
    db.run("UPDATE onrecord.events SET article_ids = '{92,91}' WHERE id = 91")
    db.run("UPDATE onrecord.articles SET language = 'fr' WHERE id = 91")
    assert db.value("SELECT search_config FROM onrecord.events WHERE id = 91") == "english"
    db.run("UPDATE onrecord.quotes SET search_config = 'russian' WHERE id = 91")
    assert db.value("SELECT search_config FROM onrecord.quotes WHERE id = 91") == "french", "nobody else's to set"


def test_a_language_comes_with_what_else_a_change_does(db):
    db.run("""INSERT INTO onrecord.articles (id, headline, language) VALUES (91, 'x', 'de');
              UPDATE onrecord.quotes SET article_id = 91, spans = '{}', anchor = NULL WHERE id = 1""")
    assert db.row("SELECT search_config, version FROM onrecord.quotes WHERE id = 1") == {
        "search_config": "german", "version": 2}  # fmt: skip


def test_a_text_of_too_many_words_is_found_by_those_that_it_begins_with(db):
    db.run("""INSERT INTO onrecord.articles (id, headline, body)
              SELECT 91, 'long', string_agg('w' || md5(n::text), ' ' ORDER BY n) FROM generate_series(1, 50000) AS n""")
    assert db.value("SELECT search @@ ('w' || md5('1'))::tsquery FROM onrecord.articles WHERE id = 91")
    assert db.value("SELECT search @@ 'long' FROM onrecord.articles WHERE id = 91")
    assert not db.value("SELECT search @@ ('w' || md5('50000'))::tsquery FROM onrecord.articles WHERE id = 91")


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        ("Amir Khan Muttaqi", "amir khan muttaqi"),
        ("  O’Brien, José-María ", "obrien jose maria"),
        ("Лавров", "lavrov"),
        ("Щукин", "shchukin"),
        ("محمود", "mhmud"),
        ("کابلوف", "kabluf"),
        ("Παπαδόπουλος", "papadopoylos"),
        ("习近平", "习近平"),
        ("!!", ""),
    ],
)
def test_a_name_is_folded(seeded, name, folded):
    assert seeded.value(f"SELECT onrecord.name_fold('{name}')") == folded


@pytest.mark.parametrize(
    "spellings",
    ["Kabulov Kabulof Кабулов کابلوف", "Haqqani Hakkani Haqani حقانی", "Muttaqi Motaghi متقی", "Qaddafi Gadhafi Kadafi",
     "Lavrov Lawrow Лавров لاوروف", "Mohammed Muhammad Mohamed محمد", "Hamnika Hamnica"],
)  # fmt: skip
def test_spellings_of_one_name_sound_alike(seeded, spellings):
    sounds = {seeded.value(f"SELECT onrecord.name_sound(onrecord.name_fold('{name}'))") for name in spellings.split()}
    assert len(sounds) == 1 and None not in sounds, sounds


def test_what_says_nothing_has_no_sound(seeded):
    assert seeded.values("SELECT onrecord.name_sound(w) FROM unnest('{a,li,aa,习近平,7}'::text[]) AS w") == [None] * 5


def names(db, speaker_id):
    return [(row["position"], row["word"], row["rest"]) for row in db.rows(
        f"""SELECT position, word, rest FROM onrecord.speaker_names WHERE speaker_id = {speaker_id}
            ORDER BY position, word""")]  # fmt: skip


def test_names_follow_their_speaker(db):
    db.run("INSERT INTO onrecord.speakers (id, name, aliases) VALUES (91, 'Ann Bell', '{Annie}')")
    assert names(db, 91) == [(0, 1, "ann bell"), (0, 2, "bell"), (1, 1, "annie")]
    db.run("UPDATE onrecord.speakers SET aliases = '{}' WHERE id = 91")
    assert names(db, 91) == [(0, 1, "ann bell"), (0, 2, "bell")]
    db.run("UPDATE onrecord.speakers SET name = 'Bo' WHERE id = 91")
    assert names(db, 91) == [(0, 1, "bo")]
    db.run("UPDATE onrecord.speakers SET name = '习近平', aliases = '{X 中国 y}' WHERE id = 91")
    assert names(db, 91) == [(0, 1, "习近平"), (0, 2, "近平"), (0, 3, "平"),
                             (1, 1, "x 中国 y"), (1, 2, "中国 y"), (1, 3, "国 y"), (1, 4, "y")]  # fmt: skip
    db.run("DELETE FROM onrecord.speakers WHERE id = 91")
    assert names(db, 91) == []
    assert db.value("SELECT count(DISTINCT speaker_id) = (SELECT count(*) FROM onrecord.speakers) FROM onrecord.speaker_names")
