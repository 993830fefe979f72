/* base/json_writer: commas and brackets come right, text is escaped where RFC 8259 says so and nowhere else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/json_writer.h"

static int arena_setup(void **state) {
    *state = arena_new();
    return 0;
}

static int arena_teardown(void **state) {
    arena_free(*state);
    return 0;
}

static void test_scalars(void **state) {
    Buffer out = buffer_new(*state, 0);
    JsonWriter w = json_writer_new(&out);
    writer_array_begin(&w);
    writer_int(&w, 0);
    writer_int(&w, INT64_MIN);
    writer_bool(&w, true);
    writer_bool(&w, false);
    writer_null(&w);
    writer_string(&w, "");
    writer_string_n(&w, "Moscow", 3);
    writer_raw(&w, "1.50", 4);
    writer_array_end(&w);
    assert_string_equal(out.data, "[0,-9223372036854775808,true,false,null,\"\",\"Mos\",1.50]");
    assert_int_equal(out.length, strlen(out.data));
}

static void test_nesting(void **state) {
    Buffer out = buffer_new(*state, 0);
    JsonWriter w = json_writer_new(&out);
    writer_object_begin(&w);
    writer_key(&w, "items");
    writer_array_begin(&w);
    for (int id = 1; id <= 2; id++) {
        writer_object_begin(&w);
        writer_key(&w, "id");
        writer_int(&w, id);
        writer_key(&w, "spans");
        writer_array_begin(&w);
        writer_array_end(&w);
        writer_key(&w, "extra");
        writer_object_begin(&w);
        writer_object_end(&w);
        writer_object_end(&w);
    }
    writer_array_end(&w);
    writer_key_escaped(&w, "a \"b\"\n", 6);
    writer_null(&w);
    writer_key(&w, "next");
    writer_string(&w, "?cursor=x");
    writer_object_end(&w);
    assert_string_equal(out.data,
                        "{\"items\":[{\"id\":1,\"spans\":[],\"extra\":{}},{\"id\":2,\"spans\":[],\"extra\":{}}],"
                        "\"a \\\"b\\\"\\n\":null,\"next\":\"?cursor=x\"}");
}

static void test_depth(void **state) {
    Buffer out = buffer_new(*state, 0);
    JsonWriter w = json_writer_new(&out);
    for (int i = 0; i < JSON_WRITER_DEPTH; i++)
        writer_array_begin(&w);
    writer_int(&w, 1);
    writer_int(&w, 2);
    for (int i = 0; i < JSON_WRITER_DEPTH; i++)
        writer_array_end(&w);
    assert_int_equal(out.length, 2 * JSON_WRITER_DEPTH + 3);
    json_t *parsed = json_loads(out.data, 0, NULL);
    assert_non_null(parsed);
    json_decref(parsed);
}

/* One value after another at the top: lines of NDJSON, whose breaks are the caller's. */
static void test_no_comma_at_the_top(void **state) {
    Buffer out = buffer_new(*state, 0);
    JsonWriter w = json_writer_new(&out);
    writer_int(&w, 1);
    buffer_add_char(&out, '\n');
    writer_array_begin(&w);
    writer_array_end(&w);
    assert_string_equal(out.data, "1\n[]");
}

static const struct {
    const char *text;
    const char *json;
} ESCAPES[] = {
    {"plain", "\"plain\""},
    {"say \"so\"", "\"say \\\"so\\\"\""},
    {"C:\\news", "\"C:\\\\news\""},
    {"a/b", "\"a/b\""},
    {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
    {"\x01\x02\x07\x0b\x0e\x1f", "\"\\u0001\\u0002\\u0007\\u000b\\u000e\\u001f\""},
    {"\x7f", "\"\x7f\""},
    {"“Taliban’s”", "\"“Taliban’s”\""},
    {"\u2028\u2029", "\"\u2028\u2029\""},
    {"طالبان 塔利班 🇦🇫", "\"طالبان 塔利班 🇦🇫\""},
    {"twelve bytes\"", "\"twelve bytes\\\"\""},
};

static void test_escapes(void **state) {
    for (size_t i = 0; i < sizeof ESCAPES / sizeof ESCAPES[0]; i++) {
        Buffer out = buffer_new(*state, 1);
        JsonWriter w = json_writer_new(&out);
        writer_string(&w, ESCAPES[i].text);
        assert_string_equal(out.data, ESCAPES[i].json);
    }
}

/* Every byte at every place of texts around the eight that are looked at together, read back by another parser. */
static void test_every_byte_everywhere(void **state) {
    for (int byte = 1; byte < 0x80; byte++) {
        arena_reset(*state);
        for (size_t length = 1; length <= 18; length++) {
            for (size_t at = 0; at < length; at++) {
                char text[32] = {0};
                memset(text, length % 2 == 0 ? 'x' : '\x7f', length);
                text[at] = (char)byte;
                Buffer out = buffer_new(*state, 1);
                JsonWriter w = json_writer_new(&out);
                writer_string(&w, text);
                json_t *parsed = json_loads(out.data, JSON_DECODE_ANY, NULL);
                if (parsed == NULL || strcmp(json_string_value(parsed), text) != 0)
                    fail_msg("byte %d at %zu of %zu became %s", byte, at, length, out.data);
                json_decref(parsed);
                bool escaped = byte < 0x20 || byte == '"' || byte == '\\';
                assert_int_equal(escaped, out.length > length + 2);
            }
        }
    }
}

/* Bytes of several-byte sequences look like escapes to arithmetic that forgets the top bit. */
static void test_high_bytes_go_as_they_are(void **state) {
    static const char *const texts[] = {"\u00a2\u00a2\u00a2\u00a2", "\u0700\u0722\u075c\u071f",
                                        "\u2022\u201c\u2000\u205c", "\U0001f4dc\U0001f4dc"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        Buffer out = buffer_new(*state, 0);
        JsonWriter w = json_writer_new(&out);
        writer_string(&w, texts[i]);
        assert_int_equal(out.length, strlen(texts[i]) + 2);
        assert_memory_equal(out.data + 1, texts[i], strlen(texts[i]));
    }
}

static const struct {
    const char *json;
    const char *compact;
} COMPACTS[] = {
    {"{}", "{}"},
    {"{\"a\": 1, \"b\": [1, 2, {\"c\": null}]}", "{\"a\":1,\"b\":[1,2,{\"c\":null}]}"},
    {"{\"a b\": \"c, d: e\"}", "{\"a b\":\"c, d: e\"}"},
    {"[\"say \\\"so, so\\\" \", 1]", "[\"say \\\"so, so\\\" \",1]"},
    {"[\"ends in \\\\\", 1]", "[\"ends in \\\\\",1]"},
    {" [ 1 ,\n\t2\r] ", "[1,2]"},
    {"\"only  text\"", "\"only  text\""},
    {"\"cut \\", "\"cut \\"},
    {"", ""},
};

static void test_raw_compact(void **state) {
    for (size_t i = 0; i < sizeof COMPACTS / sizeof COMPACTS[0]; i++) {
        Buffer out = buffer_new(*state, 1);
        JsonWriter w = json_writer_new(&out);
        /* A copy of the exact size: reading past it is caught. */
        size_t length = strlen(COMPACTS[i].json);
        char *json = arena_alloc(*state, length);
        memcpy(json, COMPACTS[i].json, length);
        writer_raw_compact(&w, json, length);
        assert_string_equal(out.data, COMPACTS[i].compact);
    }
    Buffer out = buffer_new(*state, 0);
    JsonWriter w = json_writer_new(&out);
    writer_array_begin(&w);
    writer_raw_compact(&w, "[1, 2]", 6);
    writer_raw_compact(&w, "{\"a\": 1}", 8);
    writer_array_end(&w);
    assert_string_equal(out.data, "[[1,2],{\"a\":1}]");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scalars, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_nesting, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_depth, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_no_comma_at_the_top, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_escapes, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_every_byte_everywhere, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_high_bytes_go_as_they_are, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_raw_compact, arena_setup, arena_teardown),
    };
    return cmocka_run_group_tests_name("base/json_writer", tests, NULL, NULL);
}
