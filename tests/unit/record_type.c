/* record/type: values of each type as they are bound and rendered; array literals there and back; JSON numbers through
 * jsonb. */
#include "record_fixture.h"

#include <jansson.h>

#include "db/array.h"
#include "record/json_text.h"
#include "record/type.h"

static const Field name = {.name = "name", .type = TYPE_NAME, .max = 5};
static const Field required = {.name = "name", .type = TYPE_NAME, .flags = FIELD_REQUIRED, .max = 5};
static const Field text = {.name = "text", .type = TYPE_TEXT, .max = 5};
static const Field url = {.name = "url", .type = TYPE_URL};
static const Field language = {.name = "language", .type = TYPE_LANGUAGE};
static const Field country = {.name = "country", .type = TYPE_COUNTRY};
static const Field edtf = {.name = "said_on", .type = TYPE_EDTF};
static const Field moment = {.name = "published_at", .type = TYPE_TIMESTAMP};
static const Field fraction = {.name = "confidence", .type = TYPE_FRACTION};
static const Field id = {.name = "id", .type = TYPE_ID};

static Value bind(Exchange *x, const Field *field, const char *json_text_given) {
    json_t *json = json_loads(json_text_given, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    return type_of(field)->bind(x->arena, field, exchange_own(x, json));
}

static void expect_bound(Exchange *x, const Field *field, const char *json, const char *wanted) {
    Value value = bind(x, field, json);
    assert_null(value.fault);
    assert_string_equal(value.text, wanted);
    exchange_release(x);
}

static void expect_refused(Exchange *x, const Field *field, const char *json, const char *wanted) {
    Value value = bind(x, field, json);
    assert_non_null(value.fault);
    assert_string_equal(value.fault, wanted);
    exchange_release(x);
}

static void test_names(void **state) {
    Exchange *x = *state;
    expect_bound(x, &name, "\"Jose\\u0301\"", "José");
    expect_bound(x, &name, "\"\\u2028a b\\t\"", "a b");
    expect_refused(x, &name, "\"\"", "text that is more than white space");
    expect_refused(x, &required, "\"\"", "a string that is not empty");
    expect_refused(x, &name, "\" \\u3000 \"", "text that is more than white space");
    expect_refused(x, &name, "\"a\\nb\"", "text without control characters");
    expect_refused(x, &name, "\"abcdef\"", "at most 5 characters long");
    expect_refused(x, &name, "7", "a string");
    expect_bound(x, &name, "\"\\u0915\\u0915\\u0915\\u0915\"",
                 "क"
                 "क"
                 "क"
                 "क");
    /* U+0958 is two code points in normal form C: what fits as it came may not fit as it is stored. */
    expect_refused(x, &name, "\"\\u0958\\u0958\\u0958\"", "at most 5 characters long");
}

static void test_texts(void **state) {
    Exchange *x = *state;
    expect_bound(x, &text, "\" e\\u0301\\n\"", " e\xCC\x81\n"); /* as it came */
    expect_bound(x, &text, "\"\"", "");
    expect_bound(x, &text, "\"👍👍👍👍👍\"", "👍👍👍👍👍");
    expect_refused(x, &text, "\"123456\"", "at most 5 characters long");
    expect_refused(x, &text, "null", "a string");
}

static void test_urls(void **state) {
    Exchange *x = *state;
    static const char *const good[] = {"http://a", "HTTPS://a.example/b?c=d#e", "https://[::1]:8080/",
                                       "https://é.example/", "http://a@b:1/%20'()*,;=!$&~+"};
    static const char *const bad[] = {"",
                                      "a",
                                      "http:/a",
                                      "http://",
                                      "http:///a",
                                      "http://?a",
                                      "http://#",
                                      "http://:80",
                                      "ftp://a",
                                      "javascript:alert(1)",
                                      "https://a b",
                                      "https://a\\u007f",
                                      "https://a\\n",
                                      "https://a<b>",
                                      "https://a\\\\b",
                                      " https://a",
                                      "https://a|b",
                                      "https://a`"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect_bound(x, &url, arena_printf(x->arena, "\"%s\"", good[i]), good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refused(x, &url, arena_printf(x->arena, "\"%s\"", bad[i]),
                       "an absolute http or https URL of at most 2048 bytes");
    char longest[2100] = "http://";
    memset(longest + 7, 'a', 2048 - 7);
    expect_bound(x, &url, arena_printf(x->arena, "\"%s\"", longest), longest);
    longest[2048] = 'a';
    expect_refused(x, &url, arena_printf(x->arena, "\"%s\"", longest),
                   "an absolute http or https URL of at most 2048 bytes");
}

static void test_languages_and_countries(void **state) {
    Exchange *x = *state;
    static const char *const good[] = {"en", "fa-AF", "zh-Hant-TW", "de-1996", "sl-rozaj-biske-1994", "abcdefgh"};
    static const char *const bad[] = {"",
                                      "e",
                                      "-",
                                      "en-",
                                      "-en",
                                      "en--US",
                                      "e1",
                                      "12",
                                      "en_US",
                                      "abcdefghi",
                                      "en-abcdefghi",
                                      "en US",
                                      "é",
                                      "en-é",
                                      "aa-bb-cc-dd-ee-ff-gg-hh-ii-jj-kk-ll-m"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        expect_bound(x, &language, arena_printf(x->arena, "\"%s\"", good[i]), good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refused(x, &language, arena_printf(x->arena, "\"%s\"", bad[i]),
                       "a BCP 47 language tag, such as en or fa-AF");
    static const char *const codes[] = {"AF", "AD", "ZW", "NO", "XX", "AFG", "A", "",
                                        "af", "A ", " A", "D ", "UK", "AFF", "É", "F A"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        const char *json = arena_printf(x->arena, "\"%s\"", codes[i]);
        if (i < 4)
            expect_bound(x, &country, json, codes[i]);
        else
            expect_refused(x, &country, json, "an ISO 3166-1 alpha-2 code, such as AF");
    }
}

static void test_dates_and_moments(void **state) {
    Exchange *x = *state;
    expect_bound(x, &edtf, "\"2025-05\"", "2025-05");
    expect_refused(x, &edtf, "\"2025-13\"", "a date: 2025, 2025-05 or 2025-05-15");
    expect_refused(x, &edtf, "2025", "a string");
    expect_bound(x, &moment, "\"2025-05-15T12:00:00.5+02:00\"", "2025-05-15T10:00:00.500000Z");
    static const char *const bad[] = {"\"2025\"", "\"2025-05-15\"", "\"2025-05-15T12:00:00\"",
                                      "\"now\"",  "1747303200",     "true"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refused(x, &moment, bad[i], "an RFC 3339 timestamp, such as 2025-05-15T10:00:00Z");
}

static void test_numbers(void **state) {
    Exchange *x = *state;
    expect_bound(x, &id, "1", "1");
    expect_bound(x, &id, "9007199254740991", "9007199254740991");
    static const char *const bad_ids[] = {
        "0", "-1", "9007199254740992", "9223372036854775807", "1.0", "1e3", "\"1\"", "true", "[1]", "{}"};
    for (size_t i = 0; i < sizeof bad_ids / sizeof *bad_ids; i++)
        expect_refused(x, &id, bad_ids[i], "a whole number from 1 to 9007199254740991");
    expect_bound(x, &fraction, "0", "0");
    expect_bound(x, &fraction, "-0.0", "0");
    expect_bound(x, &fraction, "1", "1");
    expect_bound(x, &fraction, "0.25", "0.25");
    expect_bound(x, &fraction, "1e-400", "0");
    static const char *const bad[] = {"1.0000000000000002", "-1e-300", "2", "\"0.5\"", "null", "true", "1e300"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_refused(x, &fraction, bad[i], "a number from 0 to 1");
}

static void expect_rendered(Exchange *x, FieldType type, const char *pg, const char *wanted) {
    Field field = {.name = "f", .type = type};
    Buffer out = buffer_new(x->arena, 0);
    JsonWriter w = json_writer_new(&out);
    type_of(&field)->render(&w, &field, pg, strlen(pg));
    assert_string_equal(out.data, wanted);
}

static void test_rendering(void **state) {
    Exchange *x = *state;
    expect_rendered(x, TYPE_ID, "7", "7");
    expect_rendered(x, TYPE_FRACTION, "0.1", "0.1");
    expect_rendered(x, TYPE_TEXT, "a \"b\"\n", "\"a \\\"b\\\"\\n\"");
    expect_rendered(x, TYPE_TIMESTAMP, "2025-05-15 10:00:00.5+00", "\"2025-05-15T10:00:00.500000Z\"");
    expect_rendered(x, TYPE_NAMES, "{}", "[]");
    expect_rendered(x, TYPE_NAMES, "{a,\"b,c\",\"\",\"NULL\",\"q\\\"q\",\"back\\\\slash\",\"{}\"}",
                    "[\"a\",\"b,c\",\"\",\"NULL\",\"q\\\"q\",\"back\\\\slash\",\"{}\"]");
    expect_rendered(x, TYPE_REFERENCES, "{}", "[]");
    expect_rendered(x, TYPE_REFERENCES, "{1,9007199254740991}", "[1,9007199254740991]");
    expect_rendered(x, TYPE_SPANS, "{}", "[]");
    expect_rendered(x, TYPE_SPANS, "{0,5,7,12}", "[{\"start\":0,\"end\":5},{\"start\":7,\"end\":12}]");
    expect_rendered(x, TYPE_OBJECTS, "[{\"a\": \"b: c, d\", \"e\": [1, 2]}]", "[{\"a\":\"b: c, d\",\"e\":[1,2]}]");
    expect_rendered(x, TYPE_JSON, "{\"\\\" :\": \"\\\\\"}", "{\"\\\" :\":\"\\\\\"}");
}

static void test_array_literals_there_and_back(void **state) {
    Exchange *x = *state;
    const char *items[] = {"",   "NULL", "null", "\"",   "\\", "\\\"", ",",    "{",           "}",
                           "{}", "a b",  " a ",  "\n\t", "é👍", "'",    "\\\\", "a,\"b\",{c}", "trailing\\"};
    enum { COUNT = sizeof items / sizeof *items };
    for (int count = 0; count <= COUNT; count++) {
        const char **back;
        const char *literal = array_literal(x->arena, items, count);
        assert_int_equal(array_elements(x->arena, literal, &back), count);
        for (int i = 0; i < count; i++)
            assert_string_equal(back[i], items[i]);
    }
    assert_string_equal(array_literal(x->arena, items, 0), "{}");
    assert_string_equal(array_literal(x->arena, &items[5], 1), "{\"\\\\\\\"\"}");
}

/* As PostgreSQL prints them: without quotes where none are needed. */
static void test_elements_of_literals_of_postgresql(void **state) {
    Exchange *x = *state;
    const char **back;
    assert_int_equal(array_elements(x->arena, "{a,b,\"c d\",e}", &back), 4);
    assert_string_equal(back[0], "a");
    assert_string_equal(back[2], "c d");
    assert_string_equal(back[3], "e");
    assert_int_equal(array_elements(x->arena, "{x}", &back), 1);
    assert_string_equal(back[0], "x");
}

static void expect_json(Exchange *x, const char *given, const char *wanted) {
    json_t *json = json_loads(given, 0, NULL);
    assert_non_null(json);
    const char *out = json_text(x->arena, json);
    assert_string_equal(out, wanted);
    json_t *again = json_from_text(x->arena, out, strlen(out));
    assert_non_null(again);
    assert_true(json_equal(json, again));
    json_decref(json);
    json_decref(again);
}

static void test_json_numbers_stay_what_they_were(void **state) {
    Exchange *x = *state;
    expect_json(x, "{\"a\": 0.1}", "{\"a\":0.1}");
    expect_json(x, "[0.30000000000000004, 1.0, -0.5, 1e300, 1e-7, 123456789012345680.0]",
                "[0.30000000000000004,1.0,-0.5,1e+300,1e-07,1.2345678901234568e+17]");
    expect_json(x, "[9223372036854775807, -9223372036854775808, 0]", "[9223372036854775807,-9223372036854775808,0]");
    expect_json(x, "[]", "[]");
    expect_json(x, "{}", "{}");
    expect_json(x, "[[], {}, [null, true, false], {\"\": \"\"}, \"\\u00e9\\n\\\"\\\\\"]",
                "[[],{},[null,true,false],{\"\":\"\"},\"é\\n\\\"\\\\\"]");
    expect_json(x, "{\"a\\\"b\\\\\": 1}", "{\"a\\\"b\\\\\":1}");
}

/* jsonb prints 1e300 as 301 digits. */
static void test_json_of_endless_digits(void **state) {
    Exchange *x = *state;
    char digits[400] = "{\"n\": -1";
    memset(digits + strlen(digits), '0', 300);
    strncat(digits, ", \"s\": \"12345678901234567890 \\\"1\", \"m\": 1234567890123456789}", 90);
    json_t *json = json_from_text(x->arena, digits, strlen(digits));
    assert_non_null(json);
    assert_true(json_real_value(json_object_get(json, "n")) == -1e300);
    assert_string_equal(json_string_value(json_object_get(json, "s")), "12345678901234567890 \"1");
    json_decref(json);
    assert_null(json_from_text(x->arena, "[1e400]", 7));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(test_names),
        unit_case(test_texts),
        unit_case(test_urls),
        unit_case(test_languages_and_countries),
        unit_case(test_dates_and_moments),
        unit_case(test_numbers),
        unit_case(test_rendering),
        unit_case(test_array_literals_there_and_back),
        unit_case(test_elements_of_literals_of_postgresql),
        unit_case(test_json_numbers_stay_what_they_were),
        unit_case(test_json_of_endless_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
