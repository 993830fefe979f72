/* JSON bodies: what is taken, and where a fault is said to be. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "record/payload.h"

static Arena *arena;

static int setup(void **state) {
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

static void assert_taken(const char *text) {
    const char *fault = NULL;
    json_t *json = payload_parse(arena, text, strlen(text), &fault);
    assert_non_null(json);
    json_decref(json);
}

/* Refused with a message that holds `word` and `place`. */
static void assert_refused(const char *text, size_t length, const char *word, const char *place) {
    const char *fault = NULL;
    assert_null(payload_parse(arena, text, length, &fault));
    assert_non_null(fault);
    if (strstr(fault, word) == NULL || strstr(fault, place) == NULL)
        fail_msg("%s", fault);
}

#define REFUSED(text, word, place) assert_refused(text, sizeof(text) - 1, word, place)

static void json_is_taken(void **state) {
    (void)state;
    assert_taken("{}");
    assert_taken("7");
    assert_taken(" {\"a\": [1, -2.5e3, true, null, \"\\u00e9\\ud83d\\ude00\"]} \n");
    assert_taken("{\"a\": 9223372036854775807, \"b\": -9223372036854775808}");
}

static void faults_say_where_they_are(void **state) {
    (void)state;
    REFUSED("{\"a\": 1,\n \"b\" 2}", "JSON", "line 2");
    REFUSED("{\"a\": 1", "JSON", "line 1");
    REFUSED("{\"a\": 1} x", "JSON", "line 1");
    REFUSED("{\"a\": 1,}", "JSON", "line 1");
    REFUSED("  ", "JSON", "line 1");
}

static void what_parsers_differ_about_is_refused(void **state) {
    (void)state;
    REFUSED("\xEF\xBB\xBF{}", "byte order mark", "line 1, column 1");
    REFUSED("{\"a\": 1, \"a\": 2}", "duplicate", "\"a\"");
    REFUSED("{\"a\": 9223372036854775808}", "too big", "9223372036854775808");
    REFUSED("{\"a\": 1e999}", "overflow", "1e999");
    REFUSED("{\"a\": \"\\u0000\"}", "u0000", "line 1");
    REFUSED("{\"a\": \"\\ud800\"}", "D800", "line 1");
    REFUSED("{\"a\": \"\\udc00x\"}", "DC00", "line 1");
    REFUSED("{\"a\": \"\0\"}", "JSON", "line 1");
}

static void what_is_not_utf8_is_refused(void **state) {
    (void)state;
    REFUSED("{\n\"\xC3\xA9\xFF\": 1}", "UTF-8", "line 2, column 3");
    REFUSED("{\"a\": \"\xC0\xAF\"}", "UTF-8", "line 1, column 8");
    REFUSED("{\"a\": \"\xED\xA0\x80\"}", "UTF-8", "line 1, column 8");
    REFUSED("{\"a\": \"\xF0\x9F\x98", "UTF-8", "line 1, column 8");
}

static void depth_is_bounded(void **state) {
    (void)state;
    char text[2 * 10000 + 1];
    memset(text, '[', 10000);
    memset(text + 10000, ']', 10000);
    text[20000] = 0;
    assert_refused(text, 20000, "64 levels", "line 1, column 65");
    text[10000 + PAYLOAD_DEPTH_MAX] = 0;
    assert_taken(text + 10000 - PAYLOAD_DEPTH_MAX);
    assert_taken("[\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[\"]");
}

static void messages_are_whole_characters(void **state) {
    (void)state;
    Buffer text = buffer_new(arena, 1000);
    buffer_add_string(&text, "{\"a\": \"");
    for (int i = 0; i < 200; i++)
        buffer_add_string(&text, "\xE2\x80\x9C");
    buffer_add_string(&text, "\" x}");
    assert_refused(text.data, text.length, "JSON", "line 1");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_taken),
        cmocka_unit_test(faults_say_where_they_are),
        cmocka_unit_test(what_parsers_differ_about_is_refused),
        cmocka_unit_test(what_is_not_utf8_is_refused),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(messages_are_whole_characters),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
