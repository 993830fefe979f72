/* base/buffer: bytes are added in order, and a NUL byte always follows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <limits.h>

#include "base/buffer.h"

static int arena_setup(void **state) {
    *state = arena_new();
    return 0;
}

static int arena_teardown(void **state) {
    arena_free(*state);
    return 0;
}

static void assert_holds(const Buffer *buffer, const char *wanted) {
    assert_string_equal(buffer->data, wanted);
    assert_int_equal(buffer->length, strlen(wanted));
    assert_true(buffer->length < buffer->capacity);
}

static void test_empty(void **state) {
    Buffer small = buffer_new(*state, 0);
    assert_holds(&small, "");
    Buffer one = buffer_new(*state, 1);
    assert_holds(&one, "");
}

static void test_adding(void **state) {
    Buffer buffer = buffer_new(*state, 1);
    buffer_add_char(&buffer, '[');
    assert_holds(&buffer, "[");
    buffer_add_string(&buffer, "Muttaqi");
    assert_holds(&buffer, "[Muttaqi");
    buffer_add(&buffer, ", Haqqani and more", 9);
    assert_holds(&buffer, "[Muttaqi, Haqqani");
    buffer_add(&buffer, NULL, 0);
    assert_holds(&buffer, "[Muttaqi, Haqqani");
    buffer_printf(&buffer, " %d]", 7);
    assert_holds(&buffer, "[Muttaqi, Haqqani 7]");
}

static void test_integers(void **state) {
    Buffer buffer = buffer_new(*state, 0);
    static const long long values[] = {0, 7, -7, 10, 9007199254740991, LLONG_MAX, LLONG_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        buffer_add_integer(&buffer, values[i]);
        buffer_add_char(&buffer, ' ');
    }
    assert_holds(&buffer, "0 7 -7 10 9007199254740991 9223372036854775807 -9223372036854775808 ");
}

/* printf at every distance from the end of the room that there is. */
static void test_printf_at_the_edge(void **state) {
    for (size_t room = 1; room < 40; room++) {
        Buffer buffer = buffer_new(*state, room);
        buffer_printf(&buffer, "%s", "twelve bytes");
        assert_holds(&buffer, "twelve bytes");
        buffer_printf(&buffer, "%s", "");
        assert_holds(&buffer, "twelve bytes");
    }
}

static void test_reserve_and_commit(void **state) {
    Buffer buffer = buffer_new(*state, 4);
    memcpy(buffer_reserve(&buffer, 1000), "Kabul", 5);
    buffer_commit(&buffer, 5);
    assert_holds(&buffer, "Kabul");
    memcpy(buffer_reserve(&buffer, 0), "", 0);
    buffer_commit(&buffer, 0);
    assert_holds(&buffer, "Kabul");
}

static void test_two_buffers_grow_side_by_side(void **state) {
    Buffer a = buffer_new(*state, 1), b = buffer_new(*state, 1);
    enum { COUNT = 100000 };
    for (int i = 0; i < COUNT; i++) {
        buffer_add_char(&a, (char)('a' + i % 26));
        buffer_add_char(&b, (char)('A' + i % 26));
    }
    assert_int_equal(a.length, COUNT);
    assert_int_equal(b.length, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(a.data[i], 'a' + i % 26);
        assert_int_equal(b.data[i], 'A' + i % 26);
    }
    assert_int_equal(a.data[COUNT], '\0');
    assert_int_equal(b.data[COUNT], '\0');
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_empty, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_adding, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_integers, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_printf_at_the_edge, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_reserve_and_commit, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_two_buffers_grow_side_by_side, arena_setup, arena_teardown),
    };
    return cmocka_run_group_tests_name("base/buffer", tests, NULL, NULL);
}
