/* If-Match and If-None-Match. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/conditional.h"

static void if_match_reads_versions(void **state) {
    (void)state;
    IfMatch match;
    assert_true(conditional_if_match(NULL, &match));
    assert_false(match.given);
    assert_true(conditional_if_match("\"7\"", &match));
    assert_true(match.given && !match.any && match.count == 1 && match.versions[0] == 7);
    assert_true(conditional_if_match("\"7-9f3c0a\", \"8-gzip\" ,\"9\"", &match));
    assert_true(match.count == 3 && match.versions[0] == 7 && match.versions[1] == 8 && match.versions[2] == 9);
    assert_true(conditional_if_match(" * ", &match));
    assert_true(match.given && match.any);
}

static void what_is_no_version_matches_nothing(void **state) {
    (void)state;
    static const char *const tags[] = {
        "W/\"7\"", "\"abc\"", "\"\"", "\"07\"", "\"7x\"", "\"-7\"", "\"99999999999999999999\""};
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        IfMatch match;
        assert_true(conditional_if_match(tags[i], &match));
        assert_true(match.given && !match.any && match.count == 0);
    }
}

static void malformed_if_match_is_refused(void **state) {
    (void)state;
    static const char *const values[] = {"7",       "\"7",      "\"7\" \"8\"", "",       ",",
                                         "w/\"7\"", "\"7\", *", "\"a b\"",     "* \"7\""};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        IfMatch match;
        assert_false(conditional_if_match(values[i], &match));
    }
}

static void if_match_is_bounded(void **state) {
    (void)state;
    IfMatch match;
    assert_true(conditional_if_match(
        "\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\"",
        &match));
    assert_int_equal(match.count, IF_MATCH_MAX);
    assert_false(conditional_if_match(
        "\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"",
        &match));
}

static bool named(const char *value, const char *etag) {
    bool gzip;
    return conditional_none_match(value, etag, &gzip);
}

static void if_none_match_compares_weakly(void **state) {
    (void)state;
    assert_true(named("\"7\"", "7"));
    assert_true(named("W/\"7\"", "7"));
    assert_true(named("\"5\", \"6\",W/\"7\"", "7"));
    assert_true(named("*", "7"));
    assert_false(named(NULL, "7"));
    assert_false(named("\"7\"", NULL));
    assert_false(named("\"70\"", "7"));
    assert_false(named("\"7-9f3c\"", "7"));
    assert_false(named("7", "7"));
}

static void the_gzip_variant_is_the_same_representation(void **state) {
    (void)state;
    bool gzip;
    assert_true(conditional_none_match("\"7-gzip\"", "7", &gzip));
    assert_true(gzip);
    assert_true(conditional_none_match("\"7-9f3c-gzip\"", "7-9f3c", &gzip));
    assert_true(gzip);
    assert_true(conditional_none_match("\"7\"", "7", &gzip));
    assert_false(gzip);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(if_match_reads_versions),       cmocka_unit_test(what_is_no_version_matches_nothing),
        cmocka_unit_test(malformed_if_match_is_refused), cmocka_unit_test(if_match_is_bounded),
        cmocka_unit_test(if_none_match_compares_weakly), cmocka_unit_test(the_gzip_variant_is_the_same_representation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
