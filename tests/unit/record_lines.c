/* record/lines: bytes in pieces of any size are the same lines; memory is bounded. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "record/lines.h"
#include "record/word_set.h"

enum { MAX = 8 };

/* The lines as "1:text|2:text|", too long ones as "3:!|". */
static const char *split(Arena *arena, const char *data, size_t size, size_t piece) {
    Buffer out = buffer_new(arena, 0);
    Lines lines = lines_new(MAX, 0, 0);
    Line line;
    for (size_t at = 0; at < size;) {
        size_t offered = size - at < piece ? size - at : piece;
        at += lines_take(&lines, data + at, offered, &line);
        if (line.text != NULL) {
            assert_int_equal(line.end, at);
            buffer_printf(&out, "%lld:%.*s%s|", (long long)line.number, (int)line.length, line.text,
                          line.too_long ? "!" : "");
        }
    }
    lines_end(&lines, &line);
    if (line.text != NULL)
        buffer_printf(&out, "%lld:%.*s%s|", (long long)line.number, (int)line.length, line.text,
                      line.too_long ? "!" : "");
    lines_end(&lines, &line);
    assert_null(line.text);
    assert_int_equal(lines.offset, size);
    lines_release(&lines);
    return out.data;
}

static void pieces_of_any_size_are_the_same_lines(void **state) {
    static const struct {
        const char *data;
        const char *lines;
    } cases[] = {
        {"", ""},
        {"a", "1:a|"},
        {"a\n", "1:a|"},
        {"a\n\nbc\r\n", "1:a|2:|3:bc\r|"},
        {"12345678\n123456789\nx", "1:12345678|2:!|3:x|"},
        {"12345678901234567890\n\n12345678", "1:!|2:|3:12345678|"},
        {"ok\n1234567890123456789012345678901234567890", "1:ok|2:!|"},
    };
    Arena *arena = arena_new();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t piece = 1; piece <= strlen(cases[i].data) + 1; piece++)
            assert_string_equal(split(arena, cases[i].data, strlen(cases[i].data), piece), cases[i].lines);
    arena_free(arena);
}

static void reading_goes_on_where_it_was(void **state) {
    Lines lines = lines_new(MAX, 41, 1000);
    Line line;
    (void)state;
    assert_int_equal(lines_take(&lines, "ab\ncd", 5, &line), 3);
    assert_int_equal(line.number, 42);
    assert_int_equal(line.end, 1003);
    lines_release(&lines);
}

static void blank_lines(void **state) {
    (void)state;
    assert_true(line_is_blank(&(Line){.text = " \t\r", .length = 3}));
    assert_true(line_is_blank(&(Line){.text = "", .length = 0}));
    assert_false(line_is_blank(&(Line){.text = "\0", .length = 1}));
    assert_false(line_is_blank(&(Line){.text = " x", .length = 2}));
    assert_false(line_is_blank(&(Line){.text = "", .length = 0, .too_long = true}));
}

static void words_have_numbers(void **state) {
    Arena *arena = arena_new();
    WordSet set = word_set_new(arena);
    (void)state;
    assert_int_equal(word_set_find(&set, "a"), -1);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(word_set_add(&set, arena_integer(arena, i)), i);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(word_set_add(&set, arena_integer(arena, i)), i);
    assert_int_equal(set.count, 1000);
    assert_int_equal(word_set_find(&set, "999"), 999);
    assert_int_equal(word_set_find(&set, "1000"), -1);
    assert_string_equal(set.words[7], "7");
    arena_free(arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_any_size_are_the_same_lines),
        cmocka_unit_test(reading_goes_on_where_it_was),
        cmocka_unit_test(blank_lines),
        cmocka_unit_test(words_have_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
