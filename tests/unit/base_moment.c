/* base/moment: which dates and timestamps there are, and which intervals they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/moment.h"

static const struct {
    const char *text;
    const char *first; /* NULL: refused */
    const char *last;
} DATES[] = {
    {"2025", "2025-01-01", "2025-12-31"},
    {"2025-05", "2025-05-01", "2025-05-31"},
    {"2025-04", "2025-04-01", "2025-04-30"},
    {"2025-05-15", "2025-05-15", "2025-05-15"},
    {"2025-02", "2025-02-01", "2025-02-28"},
    {"2024-02", "2024-02-01", "2024-02-29"},
    {"2000-02", "2000-02-01", "2000-02-29"},
    {"1900-02", "1900-02-01", "1900-02-28"},
    {"2024-02-29", "2024-02-29", "2024-02-29"},
    {"0001", "0001-01-01", "0001-12-31"},
    {"0004-02-29", "0004-02-29", "0004-02-29"},
    {"9999-12-31", "9999-12-31", "9999-12-31"},
    {"9999", "9999-01-01", "9999-12-31"},
    {"", NULL, NULL},
    {"0000", NULL, NULL},
    {"0000-01-01", NULL, NULL},
    {"202", NULL, NULL},
    {"20255", NULL, NULL},
    {"10000", NULL, NULL},
    {"-2025", NULL, NULL},
    {"+2025", NULL, NULL},
    {" 2025", NULL, NULL},
    {"2025 ", NULL, NULL},
    {"2025-", NULL, NULL},
    {"2025-5", NULL, NULL},
    {"2025-00", NULL, NULL},
    {"2025-13", NULL, NULL},
    {"2025-05-", NULL, NULL},
    {"2025-05-00", NULL, NULL},
    {"2025-05-32", NULL, NULL},
    {"2025-04-31", NULL, NULL},
    {"2025-02-29", NULL, NULL},
    {"1900-02-29", NULL, NULL},
    {"2025-05-1", NULL, NULL},
    {"2025-05-155", NULL, NULL},
    {"20250515", NULL, NULL},
    {"2025/05/15", NULL, NULL},
    {"2025-05-15T10:00:00Z", NULL, NULL}, /* EDTF level 0 has it, but a date field wants a date */
    {"2025-21", NULL, NULL},              /* spring: level 1 */
    {"2025?", NULL, NULL},
    {"2025-05~", NULL, NULL},
    {"202X", NULL, NULL},
    {"2025/2026", NULL, NULL},
    {"٢٠٢٥", NULL, NULL},
};

static void test_edtf(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof DATES / sizeof DATES[0]; i++) {
        char first[MOMENT_TEXT] = "", last[MOMENT_TEXT] = "";
        bool wanted = DATES[i].first != NULL;
        if (edtf_valid(DATES[i].text) != wanted || edtf_interval(DATES[i].text, first, last) != wanted)
            fail_msg("'%s'", DATES[i].text);
        assert_string_equal(first, wanted ? DATES[i].first : "");
        assert_string_equal(last, wanted ? DATES[i].last : "");
    }
}

static const struct {
    const char *text;
    const char *utc; /* NULL: refused */
} TIMESTAMPS[] = {
    {"2025-05-15T10:00:00Z", "2025-05-15T10:00:00.000000Z"},
    {"2025-05-15t10:00:00z", "2025-05-15T10:00:00.000000Z"},
    {"2025-05-15T12:00:00.25+02:00", "2025-05-15T10:00:00.250000Z"},
    {"2025-05-15T14:30:00+04:30", "2025-05-15T10:00:00.000000Z"},
    {"2025-05-15T05:00:00.123456-05:00", "2025-05-15T10:00:00.123456Z"},
    {"2025-05-15T10:00:00.1Z", "2025-05-15T10:00:00.100000Z"},
    {"2025-05-15T10:00:00.000001Z", "2025-05-15T10:00:00.000001Z"},
    {"2025-05-15T10:00:00-00:00", "2025-05-15T10:00:00.000000Z"},
    {"2025-01-01T00:30:00+01:00", "2024-12-31T23:30:00.000000Z"},
    {"2024-12-31T23:30:00-01:00", "2025-01-01T00:30:00.000000Z"},
    {"2024-03-01T00:00:00+00:01", "2024-02-29T23:59:00.000000Z"},
    {"2023-03-01T00:00:00+00:01", "2023-02-28T23:59:00.000000Z"},
    {"2025-05-15T10:00:00+23:59", "2025-05-14T10:01:00.000000Z"},
    {"2025-05-15T10:00:00-23:59", "2025-05-16T09:59:00.000000Z"},
    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
    {"0001-01-01T01:00:00+01:00", "0001-01-01T00:00:00.000000Z"},
    {"0001-01-01T00:59:59.999999+01:00", NULL}, /* the year 0 in UTC */
    {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
    {"9999-12-31T22:59:59.999999-01:00", "9999-12-31T23:59:59.999999Z"},
    {"9999-12-31T23:00:00-01:00", NULL}, /* the year 10000 in UTC */
    {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
    {"2000-12-31T23:59:59Z", "2000-12-31T23:59:59.000000Z"},
    {"", NULL},
    {"2025", NULL},
    {"2025-05T10:00:00Z", NULL},
    {"2025-05-15", NULL},
    {"2025-05-15T10:00:00", NULL},
    {"2025-05-15T10:00Z", NULL},
    {"2025-05-15T10Z", NULL},
    {"2025-05-15 10:00:00Z", NULL},
    {"2025-05-15T10:00:00 Z", NULL},
    {"2025-05-15T10:00:00Z ", NULL},
    {"2025-05-15T10:00:00ZZ", NULL},
    {"2025-05-15T24:00:00Z", NULL},
    {"2025-05-15T10:60:00Z", NULL},
    {"2016-12-31T23:59:60Z", NULL}, /* a leap second that there was */
    {"2025-05-15T1:00:00Z", NULL},
    {"2025-05-15T10:00:0Z", NULL},
    {"2025-05-15T10:00:00.Z", NULL},
    {"2025-05-15T10:00:00,5Z", NULL},
    {"2025-05-15T10:00:00.1234567Z", NULL},
    {"2025-05-15T10:00:00+02", NULL},
    {"2025-05-15T10:00:00+0200", NULL},
    {"2025-05-15T10:00:00+24:00", NULL},
    {"2025-05-15T10:00:00+02:60", NULL},
    {"2025-05-15T10:00:00\u221202:00", NULL}, /* the minus sign U+2212 */
    {"2025-05-15T10:00:00+2:00", NULL},
    {"2025-05-15T10:00:00UTC", NULL},
    {"2025-02-29T10:00:00Z", NULL},
    {"2025-13-01T10:00:00Z", NULL},
    {"0000-01-01T00:00:00Z", NULL},
    {"12025-05-15T10:00:00Z", NULL},
};

static void test_timestamps(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof TIMESTAMPS / sizeof TIMESTAMPS[0]; i++) {
        char utc[MOMENT_TEXT] = "";
        if (timestamp_parse(TIMESTAMPS[i].text, utc) != (TIMESTAMPS[i].utc != NULL))
            fail_msg("'%s' gave '%s'", TIMESTAMPS[i].text, utc);
        assert_string_equal(utc, TIMESTAMPS[i].utc != NULL ? TIMESTAMPS[i].utc : "");
    }
}

static const struct {
    const char *text;
    const char *first; /* NULL: refused */
    const char *end;
} INTERVALS[] = {
    {"2025", "2025-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z"},
    {"2025-05", "2025-05-01T00:00:00.000000Z", "2025-06-01T00:00:00.000000Z"},
    {"2025-12", "2025-12-01T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z"},
    {"2024-02", "2024-02-01T00:00:00.000000Z", "2024-03-01T00:00:00.000000Z"},
    {"2025-05-15", "2025-05-15T00:00:00.000000Z", "2025-05-16T00:00:00.000000Z"},
    {"2024-02-28", "2024-02-28T00:00:00.000000Z", "2024-02-29T00:00:00.000000Z"},
    {"2025-02-28", "2025-02-28T00:00:00.000000Z", "2025-03-01T00:00:00.000000Z"},
    {"2025-12-31", "2025-12-31T00:00:00.000000Z", "2026-01-01T00:00:00.000000Z"},
    {"2025-05-15T12:00:00+02:00", "2025-05-15T10:00:00.000000Z", "2025-05-15T10:00:00.000001Z"},
    {"2025-05-15T23:59:59.999999Z", "2025-05-15T23:59:59.999999Z", "2025-05-16T00:00:00.000000Z"},
    {"0001", "0001-01-01T00:00:00.000000Z", "0002-01-01T00:00:00.000000Z"},
    {"9999", "9999-01-01T00:00:00.000000Z", "10000-01-01T00:00:00.000000Z"}, /* PostgreSQL knows it */
    {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z", "10000-01-01T00:00:00.000000Z"},
    {"2025-05-15T10:00Z", NULL, NULL},
    {"2025-05-15T10:00:00", NULL, NULL},
    {"2025-", NULL, NULL},
    {"yesterday", NULL, NULL},
    {"", NULL, NULL},
};

static void test_intervals(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof INTERVALS / sizeof INTERVALS[0]; i++) {
        char first[MOMENT_TEXT] = "", end[MOMENT_TEXT] = "";
        bool wanted = INTERVALS[i].first != NULL;
        if (timestamp_interval(INTERVALS[i].text, first, end) != wanted)
            fail_msg("'%s'", INTERVALS[i].text);
        assert_string_equal(first, wanted ? INTERVALS[i].first : "");
        assert_string_equal(end, wanted ? INTERVALS[i].end : "");
    }
}

static void test_from_postgresql(void **state) {
    (void)state;
    static const struct {
        const char *pg;
        const char *wanted;
    } cases[] = {
        {"2025-05-15 10:00:00+00", "2025-05-15T10:00:00.000000Z"},
        {"2025-05-15 10:00:00.25+00", "2025-05-15T10:00:00.250000Z"},
        {"2025-05-15 10:00:00.123456+00", "2025-05-15T10:00:00.123456Z"},
        {"2025-05-15 10:00:00.000001+00", "2025-05-15T10:00:00.000001Z"},
        {"0001-01-01 00:00:00+00", "0001-01-01T00:00:00.000000Z"},
        {"infinity", "infinity"},
        {"10000-01-01 00:00:00+00", "10000-01-01 00:00:00+00"},
        {"", ""},
        {"a text that is much longer than any timestamp is", "a text that is much longer than any tim"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[MOMENT_TEXT];
        assert_int_equal(timestamp_from_pg(cases[i].pg, out), strlen(cases[i].wanted));
        assert_string_equal(out, cases[i].wanted);
    }
}

/* One day at noon, against the C library's calendar. */
static void check_day(time_t noon) {
    struct tm parts;
    char wanted[MOMENT_TEXT], out[MOMENT_TEXT], parsed[MOMENT_TEXT];
    gmtime_r(&noon, &parts);
    snprintf(wanted, sizeof wanted, "%04d-%02d-%02dT12:00:00.000000Z", (parts.tm_year + 1900) % 10000,
             (parts.tm_mon + 1) % 100, parts.tm_mday % 100);
    assert_int_equal(timestamp_format((int64_t)noon * 1000000, out), strlen(wanted));
    assert_string_equal(out, wanted);
    assert_true(timestamp_parse(wanted, parsed));
    assert_string_equal(parsed, wanted);
}

/* The first and the last day of every month that there is. */
static void test_every_month(void **state) {
    (void)state;
    for (int year = 1; year <= 9999; year++) {
        for (int month = 0; month < 12; month++) {
            check_day(timegm(&(struct tm){.tm_year = year - 1900, .tm_mon = month, .tm_mday = 1, .tm_hour = 12}));
            check_day(timegm(&(struct tm){.tm_year = year - 1900, .tm_mon = month + 1, .tm_mday = 0, .tm_hour = 12}));
        }
    }
}

static void test_format_at_the_edges(void **state) {
    (void)state;
    static const struct {
        int64_t wall_us;
        const char *wanted;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {1747303200250000, "2025-05-15T10:00:00.250000Z"},
        {INT64_MIN, "0001-01-01T00:00:00.000000Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[MOMENT_TEXT];
        assert_int_equal(timestamp_format(cases[i].wall_us, out), 27);
        assert_string_equal(out, cases[i].wanted);
    }
}

static void test_clocks(void **state) {
    (void)state;
    int64_t before = clock_monotonic_us();
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    int64_t passed = clock_monotonic_us() - before;
    assert_true(passed >= 2000 && passed < 60 * 1000000);
    assert_true(llabs(clock_wall_us() / 1000000 - (int64_t)time(NULL)) <= 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edtf),        cmocka_unit_test(test_timestamps),
        cmocka_unit_test(test_intervals),   cmocka_unit_test(test_from_postgresql),
        cmocka_unit_test(test_every_month), cmocka_unit_test(test_format_at_the_edges),
        cmocka_unit_test(test_clocks),
    };
    return cmocka_run_group_tests_name("base/moment", tests, NULL, NULL);
}
