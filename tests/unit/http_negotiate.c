/* Accept, Accept-Encoding and Content-Type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/negotiate.h"

static int chosen(const char *accept) {
    static const char *const offers[] = {"application/json", "text/html"};
    return negotiate_accept(accept, offers, 2);
}

enum { JSON, HTML, NOTHING = -1 };

static void without_a_wish_the_first_is_chosen(void **state) {
    (void)state;
    assert_int_equal(chosen(NULL), JSON);
    assert_int_equal(chosen(""), JSON);
    assert_int_equal(chosen(" , "), JSON);
    assert_int_equal(chosen("*/*"), JSON);
    assert_int_equal(chosen("*/*;q=0.1"), JSON);
}

static void the_highest_quality_is_chosen(void **state) {
    (void)state;
    assert_int_equal(chosen("text/html"), HTML);
    assert_int_equal(chosen("text/html, application/json;q=0.9"), HTML);
    assert_int_equal(chosen("text/html;q=0.8, application/json;q=0.9"), JSON);
    assert_int_equal(chosen("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"), HTML);
    assert_int_equal(chosen("TEXT/HTML"), HTML);
    assert_int_equal(chosen("application/json; charset=utf-8"), JSON);
}

static void the_closest_range_decides(void **state) {
    (void)state;
    assert_int_equal(chosen("*/*, application/json;q=0"), HTML);
    assert_int_equal(chosen("application/json;q=0.2, application/*;q=0.9, text/html;q=0.5"), HTML);
    assert_int_equal(chosen("text/*, application/json;q=0.5"), HTML);
    assert_int_equal(chosen("text/html;level=\"1,2;q=0\", */*;q=0.1"), HTML);
}

static void what_is_not_there_is_refused(void **state) {
    (void)state;
    assert_int_equal(chosen("image/png"), NOTHING);
    assert_int_equal(chosen("*/*;q=0"), NOTHING);
    assert_int_equal(chosen("application/json;q=0.000"), NOTHING);
    assert_int_equal(chosen("application/jsonp"), NOTHING);
    assert_int_equal(chosen("appl/*"), NOTHING);
}

static void malformed_ranges_match_nothing(void **state) {
    (void)state;
    assert_int_equal(chosen("application/json;q=2"), NOTHING);
    assert_int_equal(chosen("application/json;q=x, text/html"), HTML);
    assert_int_equal(chosen(";q=1"), NOTHING);
    assert_int_equal(chosen("application/json;q=1.001"), NOTHING);
}

static void a_format_is_chosen_by_any_of_its_media_types(void **state) {
    enum { LIST = FORMAT_BIT(FORMAT_JSON) | FORMAT_BIT(FORMAT_NDJSON) | FORMAT_BIT(FORMAT_CSV) };
    (void)state;
    assert_int_equal(negotiate_format(NULL, LIST), FORMAT_JSON);
    assert_int_equal(negotiate_format("application/*", LIST), FORMAT_JSON);
    assert_int_equal(negotiate_format("text/*, */*;q=0.1", LIST), FORMAT_CSV);
    assert_int_equal(negotiate_format("application/jsonl", LIST), FORMAT_NDJSON);
    assert_int_equal(negotiate_format("application/ndjson;q=0.2, text/csv;q=0.1", LIST), FORMAT_NDJSON);
    assert_int_equal(negotiate_format("application/atom+xml", LIST), FORMAT_COUNT);
    assert_int_equal(negotiate_format("text/csv", 0), FORMAT_COUNT);
    assert_int_equal(negotiate_format(NULL, FORMAT_BIT(FORMAT_CSV)), FORMAT_CSV);
    assert_int_equal(negotiate_format("*/*", FORMAT_BIT(FORMAT_FILE)), FORMAT_COUNT);
}

static void gzip_is_sent_to_who_takes_it(void **state) {
    (void)state;
    assert_true(negotiate_gzip("gzip"));
    assert_true(negotiate_gzip("deflate, GZIP;q=0.5"));
    assert_true(negotiate_gzip("*"));
    assert_true(negotiate_gzip("br, x-gzip"));
    assert_false(negotiate_gzip(NULL));
    assert_false(negotiate_gzip(""));
    assert_false(negotiate_gzip("gzip;q=0"));
    assert_false(negotiate_gzip("gzip;q=0.000, *"));
    assert_false(negotiate_gzip("*;q=0"));
    assert_false(negotiate_gzip("br, deflate"));
    assert_false(negotiate_gzip("gzipped"));
}

static void assert_taken(bool taken, const char *type, Accepts accepts) {
    const char *fault = NULL;
    assert_int_equal(negotiate_content_type(type, accepts, &fault), taken);
    assert_true(taken == (fault == NULL));
}

static void json_bodies_are_taken(void **state) {
    (void)state;
    assert_taken(true, "application/json", ACCEPTS_JSON);
    assert_taken(true, "Application/JSON ; charset=UTF-8", ACCEPTS_JSON);
    assert_taken(true, "application/json;charset=\"utf-8\"", ACCEPTS_JSON);
    assert_taken(true, "application/json", ACCEPTS_PATCH);
    assert_taken(true, "application/merge-patch+json", ACCEPTS_PATCH);
    assert_taken(false, "application/merge-patch+json", ACCEPTS_JSON);
    assert_taken(false, "application/json-patch+json", ACCEPTS_PATCH);
    assert_taken(false, "application/json; charset=latin1", ACCEPTS_JSON);
    assert_taken(false, "application/json; boundary=x", ACCEPTS_JSON);
    assert_taken(false, "text/plain", ACCEPTS_JSON);
    assert_taken(false, "", ACCEPTS_JSON);
    assert_taken(false, NULL, ACCEPTS_JSON);
    assert_taken(true, "application/json", ACCEPTS_RECORDS);
    assert_taken(true, "application/x-ndjson; charset=utf-8", ACCEPTS_RECORDS);
    assert_taken(true, "APPLICATION/JSONL", ACCEPTS_RECORDS);
    assert_taken(false, "application/x-ndjson", ACCEPTS_JSON);
    assert_taken(false, "application/x-ndjson", ACCEPTS_PATCH);
    assert_true(negotiate_lines("application/ndjson ;charset=utf-8"));
    assert_false(negotiate_lines("application/json"));
    assert_false(negotiate_lines(""));
    assert_false(negotiate_lines(NULL));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_wish_the_first_is_chosen),
        cmocka_unit_test(the_highest_quality_is_chosen),
        cmocka_unit_test(the_closest_range_decides),
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(malformed_ranges_match_nothing),
        cmocka_unit_test(a_format_is_chosen_by_any_of_its_media_types),
        cmocka_unit_test(gzip_is_sent_to_who_takes_it),
        cmocka_unit_test(json_bodies_are_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
