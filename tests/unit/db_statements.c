/* The table of prepared statements of one connection, without a connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "db/statements.h"

static Statements table;

static int setup(void **state) {
    (void)state;
    statements_init(&table);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    statements_clear(&table);
    return 0;
}

static int ready(const char *sql) {
    int slot = statements_add(&table, sql, 1);
    statements_ready(&table, slot, table.slots[slot].number);
    return slot;
}

static void test_find(void **state) {
    (void)state;
    assert_int_equal(statements_find(&table, "SELECT 1"), -1);
    int slot = statements_add(&table, "SELECT 1", 7);
    assert_int_equal(table.slots[slot].state, PREPARED_SENT);
    assert_int_equal(statements_find(&table, "SELECT 1"), slot);
    char copy[] = "SELECT 1"; /* the same text at another address */
    assert_int_equal(statements_find(&table, copy), slot);
    copy[7] = '2'; /* another text at the same address */
    assert_int_equal(statements_find(&table, copy), -1);
}

static void test_results_of_others(void **state) {
    (void)state;
    int slot = statements_add(&table, "SELECT 1", 1);
    unsigned number = table.slots[slot].number;
    statements_forget(&table, slot, number, false);
    assert_int_equal(statements_find(&table, "SELECT 1"), -1);
    int again = statements_add(&table, "SELECT 2", 1);
    assert_int_equal(again, slot);
    assert_int_not_equal(table.slots[again].number, number);
    statements_forget(&table, again, number, true); /* late: of the one before */
    assert_int_equal(statements_find(&table, "SELECT 2"), again);
}

static void test_least_recently_used(void **state) {
    (void)state;
    static char texts[STATEMENTS_MAX + 1][24];
    for (int i = 0; i <= STATEMENTS_MAX; i++)
        snprintf(texts[i], sizeof texts[i], "SELECT %d", i);
    for (int i = 0; i < STATEMENTS_MAX; i++)
        ready(texts[i]);
    unsigned second = table.slots[statements_find(&table, texts[1])].number;
    for (int i = STATEMENTS_MAX - 1; i >= 0; i--)
        if (i != 1)
            statements_find(&table, texts[i]);
    ready(texts[STATEMENTS_MAX]);
    assert_int_equal(statements_find(&table, texts[1]), -1);
    assert_true(statements_find(&table, texts[0]) >= 0);
    unsigned number = 0;
    assert_true(statements_doomed(&table, &number));
    assert_int_equal(number, second);
    assert_false(statements_doomed(&table, &number));
}

static void test_full_of_unknown(void **state) {
    (void)state;
    static char texts[STATEMENTS_MAX][24];
    for (int i = 0; i < STATEMENTS_MAX; i++) {
        snprintf(texts[i], sizeof texts[i], "SELECT %d", i);
        assert_true(statements_add(&table, texts[i], 1) >= 0);
    }
    assert_int_equal(statements_add(&table, "SELECT now()", 1), -1);
    statements_clear(&table);
    int slot = statements_add(&table, "SELECT now()", 1);
    assert_string_equal(table.slots[slot].name, "s257"); /* no name twice */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_find, setup, teardown),
        cmocka_unit_test_setup_teardown(test_results_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_least_recently_used, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_of_unknown, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
