/* record/cursor: a cursor gives back what it was made of, to its own query alone, and nothing once it was touched. */
#include "record_fixture.h"

#include "record/cursor.h"

static const uint8_t KEY[32] = "a key of thirty-two bytes, as is";

static const char *encode(Exchange *x, uint64_t query, const char *const *values, int count) {
    const char *cursor = cursor_encode(x->arena, KEY, query, values, count);
    assert_non_null(cursor);
    return cursor;
}

static void test_roundtrip(void **state) {
    Exchange *x = *state;
    const char *values[] = {"2025-05-15 10:00:00+00", NULL, "", "é\n\"\\", "7"};
    const char *back[5];
    const char *cursor = encode(x, 42, values, 5);
    assert_int_equal(strspn(cursor, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                     strlen(cursor));
    assert_int_equal(cursor_decode(x->arena, KEY, 42, cursor, back, 5), CURSOR_OK);
    for (int i = 0; i < 5; i++)
        if (values[i] == NULL)
            assert_null(back[i]);
        else
            assert_string_equal(back[i], values[i]);
}

static void test_no_value_at_all(void **state) {
    Exchange *x = *state;
    const char *back[1];
    assert_int_equal(cursor_decode(x->arena, KEY, 1, encode(x, 1, NULL, 0), back, 0), CURSOR_OK);
}

static void test_another_count_of_values(void **state) {
    Exchange *x = *state;
    const char *values[] = {"1", "2"};
    const char *back[3];
    const char *cursor = encode(x, 1, values, 2);
    assert_int_equal(cursor_decode(x->arena, KEY, 1, cursor, back, 1), CURSOR_MALFORMED);
    assert_int_equal(cursor_decode(x->arena, KEY, 1, cursor, back, 3), CURSOR_MALFORMED);
}

static void test_another_query_and_another_key(void **state) {
    Exchange *x = *state;
    const char *values[] = {"1"};
    const char *back[1];
    uint8_t other[32] = {0};
    const char *cursor = encode(x, 1, values, 1);
    assert_int_equal(cursor_decode(x->arena, KEY, 2, cursor, back, 1), CURSOR_OF_ANOTHER_QUERY);
    assert_int_equal(cursor_decode(x->arena, other, 1, cursor, back, 1), CURSOR_MALFORMED);
}

static void test_every_single_bit_counts(void **state) {
    Exchange *x = *state;
    const char *values[] = {"Kabul", NULL, "123"};
    const char *back[3];
    char *cursor = arena_strdup(x->arena, encode(x, 7, values, 3));
    size_t length = strlen(cursor);
    for (size_t bit = 0; bit < length * 8; bit++) {
        cursor[bit / 8] = (char)(cursor[bit / 8] ^ 1 << bit % 8);
        assert_int_not_equal(cursor_decode(x->arena, KEY, 7, cursor, back, 3), CURSOR_OK);
        cursor[bit / 8] = (char)(cursor[bit / 8] ^ 1 << bit % 8);
    }
    assert_int_equal(cursor_decode(x->arena, KEY, 7, cursor, back, 3), CURSOR_OK);
}

static void test_cut_and_lengthened(void **state) {
    Exchange *x = *state;
    const char *values[] = {"Kabul"};
    const char *back[1];
    const char *cursor = encode(x, 7, values, 1);
    for (size_t length = 0; length < strlen(cursor); length++)
        assert_int_equal(cursor_decode(x->arena, KEY, 7, arena_strndup(x->arena, cursor, length), back, 1),
                         CURSOR_MALFORMED);
    for (const char *more = "A-_=. "; *more != '\0'; more++)
        assert_int_equal(cursor_decode(x->arena, KEY, 7, arena_printf(x->arena, "%s%c", cursor, *more), back, 1),
                         CURSOR_MALFORMED);
}

static void test_the_longest_name_has_room(void **state) {
    Exchange *x = *state;
    char name[500 * 4 + 1];
    for (size_t i = 0; i < 500; i++)
        memcpy(name + i * 4, "\xF0\x9F\x91\x8D", 4);
    name[sizeof name - 1] = '\0';
    const char *moment = "2025-05-15 10:00:00.123456+00";
    const char *values[] = {name, moment, moment, "2025-05-15", "9007199254740991"};
    const char *back[5];
    const char *cursor = encode(x, UINT64_MAX, values, 5);
    assert_true(strlen(cursor) <= CURSOR_MAX);
    assert_int_equal(cursor_decode(x->arena, KEY, UINT64_MAX, cursor, back, 5), CURSOR_OK);
    assert_string_equal(back[0], name);
}

static void test_too_long(void **state) {
    Exchange *x = *state;
    const char *back[1];
    char long_text[70000];
    for (size_t length = 2200; length < sizeof long_text; length += 600) {
        memset(long_text, 'a', length);
        long_text[length] = '\0';
        const char *values[] = {long_text};
        const char *cursor = cursor_encode(x->arena, KEY, 1, values, 1);
        assert_true(cursor == NULL || strlen(cursor) <= CURSOR_MAX);
        assert_int_equal(cursor_decode(x->arena, KEY, 1, long_text, back, 1), CURSOR_MALFORMED);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(test_roundtrip),
        unit_case(test_no_value_at_all),
        unit_case(test_another_count_of_values),
        unit_case(test_another_query_and_another_key),
        unit_case(test_every_single_bit_counts),
        unit_case(test_cut_and_lengthened),
        unit_case(test_the_longest_name_has_room),
        unit_case(test_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
