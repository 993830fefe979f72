/* record/anchor: how quotes stand in a body: checked, found, moved with it, and counted in UTF-16 units. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <time.h>

#include "base/utf8.h"
#include "record/anchor.h"

/* The wording of a real report: curly marks, a dash without spaces, commas within the marks. */
static const char ARTICLE[] =
    "KABUL, Afghanistan (MNTV) — The Taliban-led administration in Afghanistan has announced it will soon appoint an "
    "ambassador to Moscow.\n"
    "Muttaqi thanked Russia for accepting a Taliban-appointed diplomat and said Kabul would “soon introduce a "
    "representative at the ambassadorial level” to Moscow.\n"
    "The Taliban’s Interior Ministry spokesperson, Abdul Matin Qani, wrote on social media that both parties agreed to "
    "expand engagement to the “embassy level,” calling Moscow’s diplomatic overture a “significant step toward "
    "acknowledging Afghanistan’s political realities.”\n"
    "Russia’s Supreme Court recently suspended the classification of the Taliban as a banned organization, effectively "
    "clearing a legal path for deeper official contact—though full recognition remains off the table for now.\n"
    "“Accepting an ambassador does not equal formal recognition,” said analyst Muin Gul Samkani, noting that China had "
    "previously taken a similar step.\n"
    "“But it shows that ties are becoming more structured.”\n"
    "“Engagement with Russia is important, but wider outreach is needed for the Islamic Emirate to gain broader "
    "legitimacy,” he said.";

static int arena_setup(void **state) {
    *state = arena_new();
    return 0;
}

static int arena_teardown(void **state) {
    arena_free(*state);
    return 0;
}

/* A body in memory of its exact size: reading past it is caught. */
static ArticleBody body_of(Arena *arena, const char *text) {
    size_t length = strlen(text);
    void *copy = memcpy(arena_alloc(arena, length), text, length);
    return article_body(arena, copy, length);
}

static SpanContext context_of(const char *prefix, const char *suffix) {
    return (SpanContext){prefix, strlen(prefix), suffix, strlen(suffix)};
}

/* ---- spans_check ---- */

static const struct {
    const char *what;
    const char *body;
    Span spans[3];
    size_t count;
    const char *text;
    int segment; /* -2: it fits */
    const char *detail;
} CHECKS[] = {
    {"the whole body", "Yes.", {{0, 4}}, 1, "Yes.", -2, NULL},
    {"a part", "He said yes.", {{8, 11}}, 1, "yes", -2, NULL},
    {"code points, not bytes", "“é😀” he said", {{1, 3}}, 1, "é😀", -2, NULL},
    {"two segments", "“We came,” he said, “and saw.”", {{1, 9}, {21, 29}}, 2, "We came, and saw.", -2, NULL},
    {"segments that touch", "abcd", {{0, 2}, {2, 4}}, 2, "ab cd", -2, NULL},
    {"three segments", "a b c", {{0, 1}, {2, 3}, {4, 5}}, 3, "a b c", -2, NULL},
    {"Arabic", "قال: نعم اليوم", {{5, 8}}, 1, "نعم", -2, NULL},
    {"Chinese", "他说：“是的。”", {{4, 7}}, 1, "是的。", -2, NULL},
    {"no spans", "Yes.", {{0, 0}}, 0, "", -1, "there is no span"},
    {"an empty span", "Yes.", {{2, 2}}, 1, "", 0, "start must be less than end"},
    {"a span backwards", "Yes.", {{3, 2}}, 1, "s", 0, "start must be less than end"},
    {"one beyond the end", "é😀", {{0, 3}}, 1, "é😀", 0, "the body ends at 2"},
    {"far beyond the end", "Yes.", {{0, SIZE_MAX}}, 1, "Yes.", 0, "the body ends at 4"},
    {"an empty body", "", {{0, 1}}, 1, "a", 0, "the body ends at 0"},
    {"the second beyond the end", "Yes.", {{0, 1}, {2, 5}}, 2, "Y s.", 1, "the body ends at 4"},
    {"overlapping", "Yes.", {{0, 2}, {1, 3}}, 2, "Ye es", 1, "it begins before the span before it ends"},
    {"out of order", "Yes.", {{2, 3}, {0, 1}}, 2, "s Y", 1, "it begins before the span before it ends"},
    {"another word",
     "He said yes.",
     {{8, 11}},
     1,
     "yea",
     0,
     "the body has “yes” there, the text “yea”: they part at U+0073 and U+0061"},
    {"another apostrophe",
     "Taliban’s",
     {{0, 9}},
     1,
     "Taliban's",
     0,
     "the body has “Taliban’s” there, the text “Taliban's”: they part at U+2019 and U+0027"},
    {"letters that share their first byte",
     "é",
     {{0, 1}},
     1,
     "è",
     0,
     "the body has “é” there, the text “è”: they part at U+00E9 and U+00E8"},
    {"letters that share three bytes",
     "x😀",
     {{0, 2}},
     1,
     "x😁",
     0,
     "the body has “x😀” there, the text “x😁”: they part at U+1F600 and U+1F601"},
    {"another normal form",
     "café",
     {{0, 4}},
     1,
     "cafe\u0301",
     0,
     "the body has “café” there, the text “cafe\u0301”: they part at U+00E9 and U+0065"},
    {"case", "Yes", {{0, 3}}, 1, "yes", 0, "the body has “Yes” there, the text “yes”: they part at U+0059 and U+0079"},
    {"a text cut short",
     "Yes.",
     {{0, 4}},
     1,
     "Yes",
     0,
     "the body has “Yes.” there, the text “Yes”: they part at U+002E and the end"},
    {"a text that goes on", "Yes.", {{0, 3}}, 1, "Yes.", -1, "the text goes on after the last span: “Yes.”"},
    {"a text with a space more", "Yes.", {{0, 4}}, 1, "Yes. ", -1, "the text goes on after the last span: “Yes. ”"},
    {"the second segment differs",
     "“We came,” he said, “and saw.”",
     {{1, 9}, {21, 29}},
     2,
     "We came, and won.",
     1,
     "the body has “and saw.” there, the text “and won.”: they part at U+0073 and U+0077"},
    {"no space between",
     "abcd",
     {{0, 2}, {2, 4}},
     2,
     "abcd",
     1,
     "one space must stand before it in the text, which has “abcd”"},
    {"two spaces between",
     "ab cd",
     {{0, 2}, {3, 5}},
     2,
     "ab  cd",
     1,
     "the body has “cd” there, the text “ cd”: they part at U+0063 and U+0020"},
    {"a line break between",
     "ab cd",
     {{0, 2}, {3, 5}},
     2,
     "ab\ncd",
     1,
     "one space must stand before it in the text, which has “ab\ncd”"},
    {"the second segment is missing",
     "ab cd",
     {{0, 2}, {3, 5}},
     2,
     "ab",
     1,
     "the text ends before it, and the body has “cd” there"},
};

static void test_check(void **state) {
    for (size_t i = 0; i < sizeof CHECKS / sizeof CHECKS[0]; i++) {
        ArticleBody body = body_of(*state, CHECKS[i].body);
        SpanFault fault = {-2, NULL};
        bool fits =
            spans_check(&body, CHECKS[i].spans, CHECKS[i].count, CHECKS[i].text, strlen(CHECKS[i].text), &fault);
        if (fits != (CHECKS[i].segment == -2) || fault.segment != CHECKS[i].segment)
            fail_msg("%s: %d, segment %d, %s", CHECKS[i].what, fits, fault.segment, fault.detail ? fault.detail : "");
        if (!fits)
            assert_string_equal(fault.detail, CHECKS[i].detail);
    }
}

/* A long quote: the fault shows the place, not all of it. */
static void test_check_shortens(void **state) {
    ArticleBody body = body_of(*state, ARTICLE);
    static const char wrong[] = "soon introduce a representative at ambassadorial level";
    static const char right[] = "soon introduce a representative at the ambassadorial level";
    SpanMatch match;
    SpanFault fault;
    assert_true(spans_find(&body, right, strlen(right), NULL, &match));
    assert_true(spans_check(&body, &match.span, 1, right, strlen(right), &fault));
    assert_false(spans_check(&body, &match.span, 1, wrong, strlen(wrong), &fault));
    assert_int_equal(fault.segment, 0);
    assert_string_equal(fault.detail, "the body has “…a representative at the ambassadorial level” there, the text "
                                      "“…a representative at ambassadorial level”: they part at U+0074 and U+0061");

    char many[1001];
    memset(many, 'a', 1000);
    many[1000] = '\0';
    body = body_of(*state, many);
    many[500] = 'b';
    assert_false(spans_check(&body, &(Span){0, 1000}, 1, many, 1000, &fault));
    assert_true(utf8_length(fault.detail, strlen(fault.detail)) < 220);
}

/* ---- spans_find ---- */

static const struct {
    const char *what;
    const char *text;
    const char *found; /* NULL: it is not there */
} FINDS[] = {
    {"as it is", "soon introduce a representative at the ambassadorial level",
     "soon introduce a representative at the ambassadorial level"},
    {"with its own marks", "“embassy level,”", "“embassy level,”"},
    {"straight marks", "\"embassy level,\"", "“embassy level,”"},
    {"guillemets", "«embassy level,»", "“embassy level,”"},
    {"low and high marks", "„embassy level,“", "“embassy level,”"},
    {"single marks", "‘embassy level,’", "“embassy level,”"},
    {"primes", "″embassy level,″", "“embassy level,”"},
    {"a straight apostrophe", "Afghanistan's political realities", "Afghanistan’s political realities"},
    {"an acute accent", "Afghanistan´s political realities", "Afghanistan’s political realities"},
    {"a modifier letter", "Afghanistan\u02BCs political realities", "Afghanistan’s political realities"},
    {"a hyphen for a dash", "deeper official contact-though", "deeper official contact—though"},
    {"an en dash", "deeper official contact–though", "deeper official contact—though"},
    {"a minus sign", "Taliban\u2212appointed diplomat", "Taliban-appointed diplomat"},
    {"a hyphen that does not break", "Taliban\u2011appointed diplomat", "Taliban-appointed diplomat"},
    {"more spaces", "Accepting  an \t ambassador", "Accepting an ambassador"},
    {"a no-break space", "Accepting\u00A0an\u202Fambassador", "Accepting an ambassador"},
    {"an ideographic space", "Accepting\u3000an ambassador", "Accepting an ambassador"},
    {"a line break in the text", "Accepting an\nambassador", "Accepting an ambassador"},
    {"a line break in the body", "a similar step. “But it shows", "a similar step.\n“But it shows"},
    {"white space around", " \n Accepting an ambassador\u00A0", "Accepting an ambassador"},
    {"a soft hyphen", "Accep\u00ADting an ambas\u00ADsador", "Accepting an ambassador"},
    {"zero width", "\uFEFFAccepting\u200B an ambassador\u2060", "Accepting an ambassador"},
    {"all at once", "'But it shows that\u00A0ties are becoming   more structured.'",
     "“But it shows that ties are becoming more structured.”"},
    {"the beginning", "KABUL", "KABUL"},
    {"the end", "he said.", "he said."},
    {"the whole", ARTICLE, ARTICLE},
    {"another case", "accepting an ambassador", NULL},
    {"a missing word", "Accepting ambassador", NULL},
    {"no space where there is one", "Acceptingan ambassador", NULL},
    {"a space where there is none", "Accept ing an ambassador", NULL},
    {"no mark where there is one", "Afghanistans political realities", NULL},
    {"a text that goes on beyond the end", "he said. And", NULL},
    {"nothing", "", NULL},
    {"white space alone", " \n ", NULL},
    {"invisible alone", "\u00AD\u200B", NULL},
    {"quotation marks alone", "\"\"", NULL},
};

static void test_find(void **state) {
    for (size_t i = 0; i < sizeof FINDS / sizeof FINDS[0]; i++) {
        ArticleBody body = body_of(*state, ARTICLE);
        SpanMatch match;
        const char *wanted = FINDS[i].found != NULL ? FINDS[i].found : "";
        bool found = spans_find(&body, FINDS[i].text, strlen(FINDS[i].text), NULL, &match);
        if (found != (FINDS[i].found != NULL))
            fail_msg("%s", FINDS[i].what);
        if (!found)
            continue;
        assert_string_equal(match.text, wanted);
        assert_int_equal(match.length, strlen(wanted));
        /* What was found passes the check, so the span and the wording are one. */
        SpanFault fault;
        if (!spans_check(&body, &match.span, 1, match.text, match.length, &fault))
            fail_msg("%s: %s", FINDS[i].what, fault.detail);
    }
}

/* The body's own oddities fold as the text's do. */
static void test_find_in_odd_bodies(void **state) {
    static const struct {
        const char *body;
        const char *text;
        Span span;
    } cases[] = {
        {"He  said:\u00A0\u00A0\"yes\n\nno\"", "“yes no”", {11, 20}},
        {"diplo\u00ADmatic\u200B ties", "diplomatic ties", {0, 17}},
        {"x\u00ADyes\u00ADx", "x yes", {0, 0}}, /* nowhere */
        {"\u00ADyes\u00AD", "yes", {1, 4}},
        {"😀😀 “oui”", "\"oui\"", {3, 8}},
        {"  yes  ", " yes ", {1, 6}}, /* as it is comes first */
        {"a — b", "a - b", {0, 5}},
        {"العربية: «نعم، اليوم» قال", "\"نعم، اليوم\"", {9, 21}},
        {"他说：「是的」。", "“是的”", {3, 7}},
        {"Taliban's and Taliban’s", "Taliban’s", {14, 23}}, /* the exact one, though it is the second */
        {"'Tis \u2009 \u2028 so", "’Tis so", {0, 11}},
        {"", "yes", {0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ArticleBody body = body_of(*state, cases[i].body);
        SpanMatch match = {.span = {0, 0}};
        bool found = spans_find(&body, cases[i].text, strlen(cases[i].text), NULL, &match);
        if (found != (cases[i].span.end > 0) || match.span.start != cases[i].span.start ||
            match.span.end != cases[i].span.end)
            fail_msg("'%s': %d, %zu to %zu", cases[i].body, found, match.span.start, match.span.end);
    }
}

static void test_find_the_right_one(void **state) {
    static const struct {
        const char *what;
        const char *body;
        const char *text;
        const char *prefix, *suffix; /* both NULL: no context */
        size_t start;
    } cases[] = {
        {"the first, without context", "no. yes, no. yes, no.", "yes", NULL, NULL, 4},
        {"the first, with empty context", "no. yes, no. yes, no.", "yes", "", "", 4},
        {"by the prefix", "one: yes. two: yes. three: yes.", "yes", "two: ", "", 15},
        {"by the suffix", "yes, one. yes, two. yes, three.", "yes", "", ", two", 10},
        {"by both", "a yes b; a yes c; d yes c", "yes", "; a ", " c", 11},
        {"by the nearer agreement", "xx one yes. yy one yes.", "yes", "yy one ", ".", 19},
        {"by the better half when the other was edited", "he said yes now. he cried yes then", "yes", "he shouted ",
         " then", 26},
        {"folded context", "“a” yes. “b” yes.", "yes", "\"b\"\u00A0", ".", 13},
        {"in a folded search", "it's so (1). it's so (2).", "it’s so", "", " (2)", 13},
        {"by a longer prefix than counts", "p yes q yes", "yes", "a very long text that is more than any context; q ",
         "", 8},
        {"whole words first", "warned of war", "war", NULL, NULL, 10},
        {"whole words first, letters beyond ASCII", "éclats; éclat", "éclat", NULL, NULL, 8},
        {"not half a letter and its mark", "cafe\u0301, cafe", "cafe", NULL, NULL, 7},
        {"context before whole words", "warned of war", "war", "", "ned", 0},
        {"within a word when that is all", "warned", "war", NULL, NULL, 0},
        {"overlapping", "ha ha ha", "ha ha", "ha ", "", 3},
        {"Chinese, the first", "是的是的", "是", NULL, NULL, 0},
        {"Chinese, by context", "是的。是吗？", "是", "", "吗", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ArticleBody body = body_of(*state, cases[i].body);
        SpanContext near = context_of(cases[i].prefix ? cases[i].prefix : "", cases[i].suffix ? cases[i].suffix : "");
        SpanMatch match;
        assert_true(spans_find(&body, cases[i].text, strlen(cases[i].text), cases[i].prefix ? &near : NULL, &match));
        if (match.span.start != cases[i].start)
            fail_msg("%s: at %zu", cases[i].what, match.span.start);
    }
}

/* One body answers many questions, in whatever order. */
static void test_find_again(void **state) {
    ArticleBody body = body_of(*state, ARTICLE);
    for (int round = 0; round < 3; round++) {
        SpanMatch match;
        assert_true(spans_find(&body, "'embassy level,'", 16, NULL, &match));
        assert_string_equal(match.text, "“embassy level,”");
        assert_false(spans_find(&body, "consulate", 9, NULL, &match));
        assert_true(spans_find(&body, "Moscow's", 8, NULL, &match));
        assert_string_equal(match.text, "Moscow’s");
        assert_true(spans_find(&body, "Taliban", 7, NULL, &match));
        assert_int_equal(match.span.start, 32);
    }
    body = body_of(*state, "so so, and so it goes on; and so it goes on");
    SpanMatch match;
    assert_true(spans_find(&body, "so", 2, NULL, &match));
    assert_int_equal(match.span.start, 0);
    SpanContext near = context_of("; ", "");
    assert_true(spans_find(&body, "and so it goes on", 17, &near, &match));
    assert_int_equal(match.span.start, 26);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* A million characters that nearly match everywhere: quadratic work would take minutes, linear takes milliseconds (and
 * a few times more under the sanitizers). */
static void test_find_in_hostile_bodies(void **state) {
    enum { SIZE = 1000000, HALF = SIZE / 2 };
    char *many = arena_alloc(*state, SIZE + 1), *text = arena_alloc(*state, HALF + 2);
    memset(many, 'a', SIZE);
    memset(text, 'a', HALF);
    many[SIZE] = '\0';
    ArticleBody body = article_body(*state, many, SIZE);
    SpanContext near = context_of("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    SpanMatch match;
    double begin = seconds();

    text[HALF] = 'b';
    assert_false(spans_find(&body, text, HALF + 1, &near, &match)); /* exact, and folded, in vain */
    assert_true(spans_find(&body, text, HALF, &near, &match));      /* half a million occurrences */
    assert_int_equal(match.span.start, 32);
    assert_int_equal(match.length, HALF);
    assert_true(spans_find(&body, "a", 1, &near, &match)); /* a million */
    text[0] = 'b';
    text[HALF] = 'a';
    assert_false(spans_find(&body, text, HALF + 1, &near, &match));

    memset(many, ' ', SIZE);
    ArticleBody blank = article_body(*state, many, SIZE);
    assert_false(spans_find(&blank, "a  b", 4, &near, &match));
    memset(many, '\'', SIZE);
    memset(text, '"', HALF);
    ArticleBody marks = article_body(*state, many, SIZE);
    assert_true(spans_find(&marks, text, HALF, &near, &match));
    assert_int_equal(match.span.end - match.span.start, HALF);

    Span *spans = arena_calloc(*state, HALF, sizeof *spans);
    for (size_t i = 0; i < HALF; i++)
        spans[i] = (Span){2 * i, 2 * i + 1};
    size_t length, bad;
    text_of_spans(&body, spans, HALF, &length);
    assert_int_equal(length, SIZE - 1);
    for (size_t i = 0; i < HALF; i++)
        spans[i] = (Span){SIZE - i, i};
    assert_true(spans_from_utf16(&body, spans, HALF, &bad));
    assert_true(seconds() - begin < 10);
}

/* ---- spans_move ---- */

static const struct {
    const char *what;
    const char *from;
    Span spans[2];
    size_t count;
    const char *to;
    Span moved[2]; /* {0, 0}: lost */
} MOVES[] = {
    {"nothing changed", "He said yes.", {{8, 11}}, 1, "He said yes.", {{8, 11}}},
    {"moved on", "He said yes.", {{8, 11}}, 1, "Today he said yes.", {{14, 17}}},
    {"marks corrected", "He said 'it's so'.", {{8, 17}}, 1, "He said “it’s so”.", {{8, 17}}},
    {"space corrected", "He  said  so.", {{0, 13}}, 1, "Well: He said so.", {{6, 17}}},
    {"gone", "He said yes.", {{8, 11}}, 1, "He said no.", {{0, 0}}},
    {"a new body", "He said yes.", {{8, 11}}, 1, "", {{0, 0}}},
    {"the second of two", "yes, one. yes, two.", {{10, 13}}, 1, "New: yes, one. yes, two.", {{15, 18}}},
    {"the first of two, now the second", "yes, one. yes, two.", {{0, 3}}, 1, "yes, two. yes, one.", {{10, 13}}},
    {"two segments",
     "“We came,” he said, “and saw.”",
     {{1, 9}, {21, 29}},
     2,
     "Caesar: “We came,” he then said, “and saw.”",
     {{9, 17}, {34, 42}}},
    {"the second segment gone",
     "“We came,” he said, “and saw.”",
     {{1, 9}, {21, 29}},
     2,
     "“We came,” he said.",
     {{0, 0}}},
    {"segments in another order",
     "“We came,” he said, “and saw.”",
     {{1, 9}, {21, 29}},
     2,
     "“and saw.” he said, “We came,”",
     {{0, 0}}},
    {"no segments", "yes", {{0, 0}}, 0, "yes", {{0, 0}}},
};

static void test_move(void **state) {
    for (size_t i = 0; i < sizeof MOVES / sizeof MOVES[0]; i++) {
        ArticleBody from = body_of(*state, MOVES[i].from), to = body_of(*state, MOVES[i].to);
        Span moved[2];
        bool found = spans_move(&from, MOVES[i].spans, MOVES[i].count, &to, moved);
        if (found != (MOVES[i].moved[0].end > 0))
            fail_msg("%s", MOVES[i].what);
        for (size_t s = 0; found && s < MOVES[i].count; s++)
            if (moved[s].start != MOVES[i].moved[s].start || moved[s].end != MOVES[i].moved[s].end)
                fail_msg("%s: %zu to %zu", MOVES[i].what, moved[s].start, moved[s].end);
    }
}

/* ---- reading ---- */

static void test_text_of_spans(void **state) {
    ArticleBody body = body_of(*state, "“é😀,” he said, “и так.”");
    size_t length;
    assert_string_equal(text_of_spans(&body, (Span[]){{1, 4}}, 1, &length), "é😀,");
    assert_int_equal(length, strlen("é😀,"));
    assert_string_equal(text_of_spans(&body, (Span[]){{1, 4}, {16, 22}}, 2, &length), "é😀, и так.");
    assert_string_equal(text_of_spans(&body, (Span[]){{16, 22}, {1, 4}}, 2, &length), "и так. é😀,");
    assert_string_equal(text_of_spans(&body, (Span[]){{20, 1000}}, 1, &length), "к.”");
    assert_string_equal(text_of_spans(&body, (Span[]){{1000, 1001}}, 1, &length), "");
    assert_string_equal(text_of_spans(&body, NULL, 0, &length), "");
    assert_int_equal(length, 0);
}

static void assert_context(const ArticleBody *body, size_t start, size_t end, const char *prefix, const char *suffix) {
    SpanContext context = span_context(body, start, end);
    assert_string_equal(context.prefix, prefix);
    assert_string_equal(context.suffix, suffix);
    assert_int_equal(context.prefix_length, strlen(prefix));
    assert_int_equal(context.suffix_length, strlen(suffix));
}

static void test_context(void **state) {
    ArticleBody body = body_of(*state, ARTICLE);
    SpanMatch match;
    assert_true(spans_find(&body, "embassy level", 13, NULL, &match));
    assert_context(&body, match.span.start, match.span.end, "ed to expand engagement to the “",
                   ",” calling Moscow’s diplomatic o");
    assert_true(spans_find(&body, "KABUL", 5, NULL, &match));
    assert_context(&body, match.span.start, match.span.end, "", ", Afghanistan (MNTV) — The Talib");
    assert_true(spans_find(&body, "he said.", 8, NULL, &match));
    assert_context(&body, match.span.start, match.span.end, "te to gain broader legitimacy,” ", "");

    body = body_of(*state, "😀é yes é😀");
    assert_context(&body, 3, 6, "😀é ", " é😀");
    assert_context(&body, 0, 9, "", "");
    assert_context(&body, 50, 60, "😀é yes é😀", "");
    body = body_of(*state, "");
    assert_context(&body, 0, 0, "", "");
}

/* The context that a quote is stored with finds it again. */
static void test_context_finds_its_quote(void **state) {
    ArticleBody body = body_of(*state, ARTICLE);
    size_t points = utf8_length(ARTICLE, strlen(ARTICLE));
    for (size_t start = 0; start + 3 < points; start++) {
        Span span = {start, start + 3};
        size_t length;
        const char *text = text_of_spans(&body, &span, 1, &length);
        SpanContext near = span_context(&body, span.start, span.end);
        SpanMatch match;
        assert_true(spans_find(&body, text, length, &near, &match));
        if (match.span.start != start)
            fail_msg("'%s' at %zu was found at %zu", text, start, match.span.start);
    }
}

/* ---- UTF-16 ---- */

static const struct {
    const char *body;
    Span utf16[3];
    size_t count;
    Span points[3];
    int bad; /* -1: they convert */
} UTF16[] = {
    {"Kabul", {{0, 5}}, 1, {{0, 5}}, -1},
    {"Taliban’s", {{7, 9}}, 1, {{7, 9}}, -1},
    {"a😀b😀c", {{0, 1}, {1, 3}, {4, 7}}, 3, {{0, 1}, {1, 2}, {3, 5}}, -1},
    {"a😀b😀c", {{4, 7}, {0, 1}, {1, 3}}, 3, {{3, 5}, {0, 1}, {1, 2}}, -1}, /* in any order */
    {"a😀b😀c", {{3, 3}, {7, 0}}, 2, {{2, 2}, {5, 0}}, -1},
    {"😀😀😀😀😀😀😀😀", {{16, 16}, {2, 14}}, 2, {{8, 8}, {1, 7}}, -1},
    {"", {{0, 0}}, 1, {{0, 0}}, -1},
    {"yes", {{0, 0}}, 0, {{0, 0}}, -1},
    {"a😀b", {{0, 2}}, 1, {{0, 0}}, 0}, /* inside the pair */
    {"a😀b", {{0, 1}, {2, 4}}, 2, {{0, 0}}, 1},
    {"a😀b", {{0, 1}, {1, 5}}, 2, {{0, 0}}, 1}, /* beyond the end */
    {"a😀b", {{0, 9}, {2, 3}}, 2, {{0, 0}}, 0}, /* the first bad one is named */
    {"a😀b", {{2, 3}, {0, 9}}, 2, {{0, 0}}, 0},
    {"yes", {{0, SIZE_MAX}}, 1, {{0, 0}}, 0},
};

static void test_utf16(void **state) {
    for (size_t i = 0; i < sizeof UTF16 / sizeof UTF16[0]; i++) {
        ArticleBody body = body_of(*state, UTF16[i].body);
        Span spans[3];
        memcpy(spans, UTF16[i].utf16, sizeof spans);
        size_t bad = 99, size = UTF16[i].count * sizeof(Span);
        bool good = spans_from_utf16(&body, spans, UTF16[i].count, &bad);
        if (good != (UTF16[i].bad < 0))
            fail_msg("case %zu, '%s'", i, UTF16[i].body);
        if (!good) {
            assert_int_equal(bad, UTF16[i].bad);
            assert_memory_equal(spans, UTF16[i].utf16, size);
            continue;
        }
        if (size > 0 && memcmp(spans, UTF16[i].points, size) != 0)
            fail_msg("case %zu, '%s': %zu to %zu", i, UTF16[i].body, spans[0].start, spans[0].end);
        assert_true(spans_to_utf16(&body, spans, UTF16[i].count, &bad));
        if (size > 0)
            assert_memory_equal(spans, UTF16[i].utf16, size);
    }
}

static void test_to_utf16_beyond_the_end(void **state) {
    ArticleBody body = body_of(*state, "a😀b");
    Span spans[] = {{0, 3}, {1, 4}};
    size_t bad = 99;
    assert_false(spans_to_utf16(&body, spans, 2, &bad));
    assert_int_equal(bad, 1);
    assert_int_equal(spans[0].end, 3);
    assert_true(spans_to_utf16(&body, spans, 1, &bad));
    assert_int_equal(spans[0].end, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_check, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_check_shortens, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_find, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_find_in_odd_bodies, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_find_the_right_one, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_find_again, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_find_in_hostile_bodies, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_move, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_text_of_spans, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_context, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_context_finds_its_quote, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_utf16, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_to_utf16_beyond_the_end, arena_setup, arena_teardown),
    };
    return cmocka_run_group_tests_name("record/anchor", tests, NULL, NULL);
}
