/* Where the words of a query stand in a text: from PostgreSQL's marks, and without it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "record/marks.h"

#define S "\x01"
#define E "\x02"

/* The ranges as "0-3 5-7". */
static const char *told(const Marks *marks) {
    static char text[2000];
    size_t length = 0;
    text[0] = '\0';
    for (int i = 0; i < marks->count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%zu-%zu", i > 0 ? " " : "",
                                   marks->list[i].start, marks->list[i].end);
    return text;
}

static const char *read_marks(const char *text, const char *marked) {
    static Marks marks;
    marks_read(text, strlen(text), marked, strlen(marked), &marks);
    return told(&marks);
}

static void marks_become_code_points(void **state) {
    (void)state;
    assert_string_equal(read_marks("Kabul and Kabul", S "Kabul" E " and " S "Kabul" E), "0-5 10-15");
    assert_string_equal(read_marks("\U0001F600 caf\u00e9!", "\U0001F600 " S "caf\u00e9" E "!"), "2-6");
    assert_string_equal(read_marks("nothing", "nothing"), "");
}

static void what_folding_took_out_is_counted(void **state) {
    (void)state;
    /* e and a combining acute; a tatweel within a word; a direction before it. */
    assert_string_equal(read_marks("cafe\u0301 x", S "cafe" E " x"), "0-5");
    assert_string_equal(read_marks("\u200fكـتاب", S "كتاب" E), "1-6");
}

static void a_text_may_hold_the_marks_themselves(void **state) {
    (void)state;
    assert_string_equal(read_marks(S "a b" E, S S "a" E " b" E), "1-2");
    assert_string_equal(read_marks("a" E " b", S "a" E E " b"), "0-1");
    assert_string_equal(read_marks(S E, S E), "");
}

static void the_beginning_alone_may_be_marked(void **state) {
    (void)state;
    assert_string_equal(read_marks("one two three", S "one" E " two"), "0-3");
}

static void what_does_not_fit_is_not_marked(void **state) {
    (void)state;
    assert_string_equal(read_marks("one", S "one" E " two"), "");
}

static const char *unparted(const char *text, const char *query) {
    static Marks marks;
    marks.count = 0;
    marks_add_unparted(text, strlen(text), query, &marks);
    return told(&marks);
}

static void runs_that_nothing_parts_are_looked_for_as_they_stand(void **state) {
    (void)state;
    assert_string_equal(unparted("他说外交部发言人外交部", "外交部"), "2-5 8-11");
    assert_string_equal(unparted("他说外交部发言人", "foreign 交部 发言"), "3-7");
    assert_string_equal(unparted("外交部", "-外交"), "");
    assert_string_equal(unparted("外交部", "x-外交"), "0-2");
    assert_string_equal(unparted("外交部", "-\"a 外交\" 部"), "2-3");
    assert_string_equal(unparted("aaa", "aaa"), "");
}

static const char *names(const char *name, const char *query) {
    static Marks marks;
    marks.count = 0;
    marks_add_names(name, strlen(name), query, &marks);
    return told(&marks);
}

static void names_are_marked_where_their_words_begin(void **state) {
    (void)state;
    assert_string_equal(names("Amir Khan Muttaqi", "mut"), "10-13");
    assert_string_equal(names("José Müller", "JOSE mul"), "0-4 5-8");
    assert_string_equal(names("Jose\u0301 M", "josé"), "0-4");
    assert_string_equal(names("Kabulov", "bul"), "");
    assert_string_equal(names("Zamir Kabulov", ""), "");
    assert_string_equal(names("Zamir Kabulov", "!!"), "");
}

static void a_piece_is_cut_between_words_around_the_most_marks(void **state) {
    (void)state;
    char text[2000];
    size_t length = 0;
    for (int i = 0; i < 150; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "word%02d ", i % 100);
    Marks marks = {.count = 3, .list = {{7, 13}, {700, 706}, {714, 720}}};
    Mark piece;
    assert_true(marks_piece(text, length, &marks, &piece));
    assert_true(piece.start > 640 && piece.start <= 700 && piece.end >= 720 && piece.end - piece.start <= 240);
    assert_true(text[piece.start - 1] == ' ' && text[piece.end] == ' ');
    assert_true(marks_piece("short", 5, &(Marks){.count = 1, .list = {{0, 5}}}, &piece));
    assert_int_equal(piece.start, 0);
    assert_int_equal(piece.end, 5);
    assert_false(marks_piece("short", 5, &(Marks){.count = 0}, &piece));
}

static void there_are_no_more_than_the_most(void **state) {
    (void)state;
    static char text[3000], marked[3000];
    static Marks marks;
    for (size_t i = 0; i < 300; i++) {
        memcpy(text + 2 * i, "a ", 2);
        memcpy(marked + 4 * i, S "a" E " ", 4);
    }
    marks_read(text, strlen(text), marked, strlen(marked), &marks);
    assert_int_equal(marks.count, MARKS_MAX);
    assert_int_equal(marks.list[MARKS_MAX - 1].end, 2 * MARKS_MAX - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(marks_become_code_points),
        cmocka_unit_test(what_folding_took_out_is_counted),
        cmocka_unit_test(a_text_may_hold_the_marks_themselves),
        cmocka_unit_test(the_beginning_alone_may_be_marked),
        cmocka_unit_test(what_does_not_fit_is_not_marked),
        cmocka_unit_test(runs_that_nothing_parts_are_looked_for_as_they_stand),
        cmocka_unit_test(names_are_marked_where_their_words_begin),
        cmocka_unit_test(a_piece_is_cut_between_words_around_the_most_marks),
        cmocka_unit_test(there_are_no_more_than_the_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
