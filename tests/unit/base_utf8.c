/* base/utf8: what is UTF-8 and what is not; code points, bytes and UTF-16 units; names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static int arena_setup(void **state) {
    *state = arena_new();
    return 0;
}

static int arena_teardown(void **state) {
    arena_free(*state);
    return 0;
}

static const struct {
    const char *what;
    const char *text;
    bool valid;
} VALIDITY[] = {
    {"nothing", "", true},
    {"ASCII", "Kabul", true},
    {"the last of two bytes", "\xDF\xBF", true},
    {"the first of three bytes", "\xE0\xA0\x80", true},
    {"before the surrogates", "\xED\x9F\xBF", true},
    {"after the surrogates", "\xEE\x80\x80", true},
    {"U+FFFF", "\xEF\xBF\xBF", true},
    {"the first of four bytes", "\xF0\x90\x80\x80", true},
    {"U+10FFFF", "\xF4\x8F\xBF\xBF", true},
    {"Arabic", "وزارة الخارجية", true},
    {"Chinese", "俄罗斯与阿富汗", true},
    {"a flag", "🇦🇫", true},
    {"a lone continuation", "\x80", false},
    {"a continuation too many", "\xC3\xA9\xA9", false},
    {"a cut sequence of two", "\xC3", false},
    {"a cut sequence of three", "\xE2\x80", false},
    {"a cut sequence of four", "\xF0\x9F\x87", false},
    {"a lead where a continuation belongs", "\xE2\x80\xE2\x80\x99", false},
    {"ASCII where a continuation belongs",
     "\xC3"
     "a",
     false},
    {"ASCII as the last continuation",
     "\xF0\x9F\x87"
     "a",
     false},
    {"overlong NUL", "\xC0\x80", false},
    {"overlong slash in two", "\xC0\xAF", false},
    {"overlong U+007F", "\xC1\xBF", false},
    {"overlong slash in three", "\xE0\x80\xAF", false},
    {"overlong U+07FF", "\xE0\x9F\xBF", false},
    {"overlong slash in four", "\xF0\x80\x80\xAF", false},
    {"overlong U+FFFF", "\xF0\x8F\xBF\xBF", false},
    {"the first surrogate", "\xED\xA0\x80", false},
    {"the last surrogate", "\xED\xBF\xBF", false},
    {"a pair of surrogates (CESU-8)", "\xED\xA0\xBD\xED\xB8\x80", false},
    {"U+110000", "\xF4\x90\x80\x80", false},
    {"a lead of F5", "\xF5\x80\x80\x80", false},
    {"a sequence of five", "\xF8\x88\x80\x80\x80", false},
    {"FE", "\xFE", false},
    {"FF", "\xFF", false},
    {"Latin-1", "Sim\xF3n", false},
};

/* Each case alone, and at every distance from the ASCII that is read eight bytes at a time. */
static void test_validity(void **state) {
    for (size_t i = 0; i < sizeof VALIDITY / sizeof VALIDITY[0]; i++) {
        size_t size = strlen(VALIDITY[i].text);
        for (size_t before = 0; before <= 17; before++) {
            for (size_t after = 0; after <= 9; after++) {
                size_t length = before + size + after;
                char *text = arena_alloc(*state, length);
                memset(text, 'x', length);
                memcpy(text + before, VALIDITY[i].text, size);
                if (utf8_valid(text, length) != VALIDITY[i].valid)
                    fail_msg("%s, %zu bytes in, %zu behind", VALIDITY[i].what, before, after);
            }
        }
        arena_reset(*state);
    }
    assert_true(utf8_valid("a\0b", 3));
}

/* All code points there are: written by hand here, read back by the module. */
static void test_every_code_point(void **state) {
    (void)state;
    for (uint32_t c = 0; c <= 0x10FFFF + 1; c++) {
        unsigned char text[4];
        size_t length;
        if (c < 0x80) {
            text[0] = (unsigned char)c;
            length = 1;
        } else if (c < 0x800) {
            text[0] = (unsigned char)(0xC0 | c >> 6);
            length = 2;
        } else if (c < 0x10000) {
            text[0] = (unsigned char)(0xE0 | c >> 12);
            length = 3;
        } else {
            text[0] = (unsigned char)(0xF0 | c >> 18);
            length = 4;
        }
        for (size_t i = 1; i < length; i++)
            text[i] = (unsigned char)(0x80 | (c >> (6 * (length - 1 - i)) & 0x3F));
        const char *begin = (const char *)text, *at = begin;
        bool valid = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
        assert_int_equal(utf8_valid(begin, length), valid);
        if (!valid)
            continue;
        if (utf8_next(&at, begin + length) != c || at != begin + length)
            fail_msg("U+%04X is not read", c);
        if (utf8_previous(&at, begin) != c || at != begin)
            fail_msg("U+%04X is not read backwards", c);
        assert_int_equal(utf8_length(begin, length), 1);
        assert_int_equal(utf8_length_utf16(begin, length), c > 0xFFFF ? 2 : 1);
    }
}

/* Letters of one to four bytes, marks and pairs, long enough for whole words of memory. */
static const char MIXED[] = "The “Taliban’s” 塔利班 طالبان cafe\u0301 🇦🇫 naïve 😀😀 end";

/* What the module says against counting one code point after another. */
static void test_lengths_and_offsets(void **state) {
    size_t length = strlen(MIXED), points = 0, units = 0;
    for (size_t at = 0; at < length;) {
        for (size_t begin = 0; begin <= at; begin++) /* no matter where the text begins */
            assert_int_equal(utf8_length(MIXED + at - begin, begin), points - utf8_length(MIXED, at - begin));
        assert_int_equal(utf8_length(MIXED, at), points);
        assert_int_equal(utf8_length_utf16(MIXED, at), units);
        assert_int_equal(utf8_offset(MIXED, length, points), at);
        assert_int_equal(utf8_to_utf16(MIXED, length, points), units);
        size_t back;
        assert_true(utf8_from_utf16(MIXED, length, units, &back));
        assert_int_equal(back, points);
        const char *next = MIXED + at;
        uint32_t c = utf8_next(&next, MIXED + length);
        if (c > 0xFFFF)
            assert_false(utf8_from_utf16(MIXED, length, units + 1, &back));
        at = (size_t)(next - MIXED);
        points++;
        units += c > 0xFFFF ? 2 : 1;
    }
    size_t back;
    assert_int_equal(utf8_length(MIXED, length), points);
    assert_int_equal(utf8_length_utf16(MIXED, length), units);
    assert_true(utf8_from_utf16(MIXED, length, units, &back));
    assert_int_equal(back, points);
    assert_false(utf8_from_utf16(MIXED, length, units + 1, &back));
    assert_false(utf8_from_utf16(MIXED, length, SIZE_MAX, &back));
    assert_int_equal(utf8_offset(MIXED, length, points), length);
    assert_int_equal(utf8_offset(MIXED, length, points + 1), length);
    assert_int_equal(utf8_offset(MIXED, length, SIZE_MAX), length);
    assert_int_equal(utf8_to_utf16(MIXED, length, points + 1), units);
    (void)state;
}

static void test_known_lengths(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t points, units;
    } cases[] = {
        {"", 0, 0},
        {"Kabul", 5, 5},
        {"Taliban’s", 9, 9},
        {"e\u0301", 2, 2},
        {"😀", 1, 2},
        {"🇦🇫", 2, 4},
        {"俄罗斯与阿富汗", 7, 7},
        {"وزارة", 5, 5},
        {"\U0001F468\u200D\U0001F469\u200D\U0001F467 family", 12, 15},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = strlen(cases[i].text);
        assert_int_equal(utf8_length(cases[i].text, length), cases[i].points);
        assert_int_equal(utf8_length_utf16(cases[i].text, length), cases[i].units);
    }
}

static void test_utf16_edges(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t unit;
        long point; /* -1: no such offset */
    } cases[] = {
        {"", 0, 0},         {"", 1, -1},         {"a", 1, 1},        {"a", 2, -1},    {"😀", 0, 0},    {"😀", 1, -1},
        {"😀", 2, 1},        {"😀", 3, -1},        {"a😀b", 1, 1},      {"a😀b", 2, -1},  {"a😀b", 3, 2},  {"a😀b", 4, 3},
        {"1234567😀", 7, 7}, {"1234567😀", 8, -1}, {"1234567😀", 9, 8}, {"😀😀😀😀", 7, -1}, {"😀😀😀😀", 8, 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t point;
        bool found = utf8_from_utf16(cases[i].text, strlen(cases[i].text), cases[i].unit, &point);
        if (found != (cases[i].point >= 0) || (found && point != (size_t)cases[i].point))
            fail_msg("unit %zu of %s", cases[i].unit, cases[i].text);
    }
}

static void test_space(void **state) {
    (void)state;
    static const uint32_t spaces[] = {'\t',   '\n',   '\v',   '\f',   '\r',   ' ',    0x85,   0xA0,   0x1680,
                                      0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008,
                                      0x2009, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
    size_t next = 0;
    for (uint32_t c = 0; c <= 0x10FFFF; c++) {
        bool wanted = next < sizeof spaces / sizeof spaces[0] && spaces[next] == c;
        if (wanted)
            next++;
        if (utf8_is_space(c) != wanted)
            fail_msg("U+%04X", c);
    }
}

static const struct {
    const char *given;
    const char *stored; /* NULL: refused */
} NAMES[] = {
    {"Zamir Kabulov", "Zamir Kabulov"},
    {"  Zamir  Kabulov \n", "Zamir  Kabulov"},
    {"\u00A0\u3000TOLOnews\u2028", "TOLOnews"},
    {"", ""},
    {" \t\u2003 ", ""},
    {"Jose\u0301", "Jos\u00E9"},
    {"Jos\u00E9", "Jos\u00E9"},
    {"Nguye\u0302\u0303n", "Nguy\u1EC5n"},
    {"Nguye\u0303\u0302n", "Nguy\u1EBD\u0302n"},
    {"q\u0307\u0323", "q\u0323\u0307"},
    {"\u1100\u1161\u11A8", "\uAC01"},
    {"\u212Bngström", "\u00C5ngström"},
    {"\uFB01ne", "\uFB01ne"},
    {"\u0627\u0653", "\u0622"},
    {"俄罗斯", "俄罗斯"},
    {"😀 \u0301", "😀 \u0301"},
    {"e\u0301 ", "\u00E9"},
    {"\u00A0é", "é"},
    {"\xED\xA0\x80", NULL},
    {"Sim\xF3n", NULL},
};

static void test_names(void **state) {
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++) {
        size_t length = 12345;
        const char *name = utf8_name(*state, NAMES[i].given, strlen(NAMES[i].given), &length);
        if (NAMES[i].stored == NULL) {
            assert_null(name);
            continue;
        }
        assert_non_null(name);
        assert_string_equal(name, NAMES[i].stored);
        assert_int_equal(length, strlen(NAMES[i].stored));
    }
}

/* Marks are sorted in quadratic time: a megabyte of them would hold a worker for minutes. */
static void test_endless_marks_are_refused(void **state) {
    enum { PAIRS = 250000 };
    static const char marks[4] = {'\xCC', '\x81', '\xCC', '\xA3'}; /* U+0301 above, U+0323 below */
    char *text = arena_alloc(*state, 1 + 4 * PAIRS);
    text[0] = 'e';
    for (size_t i = 0; i < PAIRS; i++)
        memcpy(text + 1 + 4 * i, marks, sizeof marks);
    size_t length;
    assert_null(utf8_name(*state, text, 1 + 4 * PAIRS, &length));
    assert_non_null(utf8_name(*state, text, 1 + 4 * 32, &length));
    assert_null(utf8_name(*state, text, 1 + 4 * 32 + 2, &length));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_validity, arena_setup, arena_teardown),
        cmocka_unit_test(test_every_code_point),
        cmocka_unit_test(test_lengths_and_offsets),
        cmocka_unit_test(test_known_lengths),
        cmocka_unit_test(test_utf16_edges),
        cmocka_unit_test(test_space),
        cmocka_unit_test_setup_teardown(test_names, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_endless_marks_are_refused, arena_setup, arena_teardown),
    };
    return cmocka_run_group_tests_name("base/utf8", tests, NULL, NULL);
}
