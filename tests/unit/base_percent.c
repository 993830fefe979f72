/* base/percent: triplets are decoded strictly, and text survives the way there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/percent.h"

static int arena_setup(void **state) {
    *state = arena_new();
    return 0;
}

static int arena_teardown(void **state) {
    arena_free(*state);
    return 0;
}

static const char TRIPLET[] = "a percent sign without two hexadecimal digits after it";
static const char NUL[] = "a NUL byte";
static const char UTF8[] = "bytes that are not UTF-8";

static const struct {
    const char *text;
    bool plus;
    const char *decoded; /* NULL: refused */
    const char *fault;
} DECODING[] = {
    {"", true, "", NULL},
    {"speaker_id", true, "speaker_id", NULL},
    {"a%20b", true, "a b", NULL},
    {"a+b", true, "a b", NULL},
    {"a+b", false, "a+b", NULL},
    {"a%2Bb", true, "a+b", NULL},
    {"%2f%2F", true, "//", NULL},
    {"100%25", true, "100%", NULL},
    {"%2525", true, "%25", NULL}, /* once, not twice */
    {"caf%C3%A9", true, "café", NULL},
    {"%F0%9F%98%80", true, "😀", NULL},
    {"café", true, "café", NULL},
    {"%C3\xA9", true, "é", NULL},
    {"%0A%7f", true, "\n\x7f", NULL},
    {"%", true, NULL, TRIPLET},
    {"a%", true, NULL, TRIPLET},
    {"%4", true, NULL, TRIPLET},
    {"%zz", true, NULL, TRIPLET},
    {"%4z", true, NULL, TRIPLET},
    {"%z4", true, NULL, TRIPLET},
    {"%%20", true, NULL, TRIPLET},
    {"%+1", true, NULL, TRIPLET},
    {"% 1", true, NULL, TRIPLET},
    {"%0x41", true, NULL, TRIPLET},
    {"%00", true, NULL, NUL},
    {"a%00b", true, NULL, NUL},
    {"%C0%AF", true, NULL, UTF8},
    {"%C0%80", true, NULL, UTF8},
    {"%ED%A0%80", true, NULL, UTF8},
    {"%F4%90%80%80", true, NULL, UTF8},
    {"%E2%80", true, NULL, UTF8},
    {"%E9", true, NULL, UTF8},
    {"\xFF", true, NULL, UTF8},
};

static void test_decoding(void **state) {
    for (size_t i = 0; i < sizeof DECODING / sizeof DECODING[0]; i++) {
        /* A copy of the exact size: reading past it is caught. */
        size_t length = strlen(DECODING[i].text);
        char *text = arena_alloc(*state, length);
        memcpy(text, DECODING[i].text, length);
        const char *fault = NULL;
        const char *decoded = percent_decode(*state, text, length, DECODING[i].plus, &fault);
        if ((decoded != NULL) != (DECODING[i].decoded != NULL))
            fail_msg("%s", DECODING[i].text);
        if (decoded != NULL)
            assert_string_equal(decoded, DECODING[i].decoded);
        else
            assert_string_equal(fault, DECODING[i].fault);
    }
}

static void test_length_counts(void **state) {
    const char *fault = NULL;
    assert_string_equal(percent_decode(*state, "a%20b&c", 5, true, &fault), "a b");
    assert_null(percent_decode(*state, "a%20b", 3, true, &fault));
    assert_string_equal(fault, TRIPLET);
    assert_null(percent_decode(*state, "a\0b", 3, true, &fault));
    assert_string_equal(fault, NUL);
}

static const struct {
    const char *text;
    const char *encoded;
} ENCODING[] = {
    {"", ""},
    {"AZaz09-._~", "AZaz09-._~"},
    {",:*@", ",:*@"},
    {"a b+c", "a%20b%2Bc"},
    {"q=\"x\"&y#z%/?;[]", "q%3D%22x%22%26y%23z%25%2F%3F%3B%5B%5D"},
    {"!$'()<>\\^`{|}", "%21%24%27%28%29%3C%3E%5C%5E%60%7B%7C%7D"},
    {"café 😀", "caf%C3%A9%20%F0%9F%98%80"},
    {"\n\x7f", "%0A%7F"},
};

static void test_encoding(void **state) {
    for (size_t i = 0; i < sizeof ENCODING / sizeof ENCODING[0]; i++) {
        Buffer out = buffer_new(*state, 0);
        percent_encode(&out, ENCODING[i].text);
        assert_string_equal(out.data, ENCODING[i].encoded);
        const char *fault = NULL;
        assert_string_equal(percent_decode(*state, out.data, out.length, true, &fault), ENCODING[i].text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_decoding, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_length_counts, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_encoding, arena_setup, arena_teardown),
    };
    return cmocka_run_group_tests_name("base/percent", tests, NULL, NULL);
}
