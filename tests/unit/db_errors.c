/* What PostgreSQL says, and what a client may hear of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "db/constraints.h"
#include "db/errors.h"

static Failure kind_of(const char *sqlstate) {
    DbError error = {.constraint = "", .table = "", .message = "", .detail = ""};
    memcpy(error.sqlstate, sqlstate, sizeof error.sqlstate);
    FailureReport report = failure_report(&error);
    assert_non_null(report.detail);
    return report.kind;
}

static void test_states(void **state) {
    (void)state;
    assert_int_equal(kind_of("57014"), FAILURE_TIMEOUT);
    assert_int_equal(kind_of("55P03"), FAILURE_TIMEOUT);
    assert_int_equal(kind_of("57P01"), FAILURE_UNAVAILABLE);
    assert_int_equal(kind_of("57P03"), FAILURE_UNAVAILABLE);
    assert_int_equal(kind_of("53100"), FAILURE_UNAVAILABLE);
    assert_int_equal(kind_of("25006"), FAILURE_UNAVAILABLE);
    assert_int_equal(kind_of("08006"), FAILURE_UNAVAILABLE);
    assert_int_equal(kind_of("40001"), FAILURE_RETRY);
    assert_int_equal(kind_of("40P01"), FAILURE_RETRY);
    assert_int_equal(kind_of("22P02"), FAILURE_INVALID);
    assert_int_equal(kind_of("22003"), FAILURE_INVALID);
    assert_int_equal(kind_of("23505"), FAILURE_INTERNAL); /* of a constraint that we do not know */
    assert_int_equal(kind_of("42P01"), FAILURE_INTERNAL);
    assert_int_equal(kind_of("42501"), FAILURE_INTERNAL);
    assert_int_equal(kind_of("XX000"), FAILURE_INTERNAL);
}

static FailureReport foreign_key(const char *constraint, const char *table, const char *message) {
    DbError error = {.sqlstate = "23503", .constraint = constraint, .table = table, .message = message, .detail = ""};
    return failure_report(&error);
}

/* In any language the server may speak. */
static void test_foreign_keys(void **state) {
    (void)state;
    FailureReport report =
        foreign_key("quotes_speaker_id_fkey", "quotes",
                    "insert or update on table \"quotes\" violates foreign key constraint \"quotes_speaker_id_fkey\"");
    assert_int_equal(report.kind, FAILURE_REFERENCE);
    assert_string_equal(report.resource, "quotes");
    assert_string_equal(report.field, "speaker_id");
    report = foreign_key("quotes_speaker_id_fkey", "quotes",
                         "Aktualisieren oder Löschen in Tabelle »speakers« verletzt Fremdschlüssel-Constraint "
                         "»quotes_speaker_id_fkey« von Tabelle »quotes«");
    assert_int_equal(report.kind, FAILURE_REFERENCED);
    assert_string_equal(report.resource, "speakers");
    assert_string_equal(report.referrer, "quotes");
    assert_string_equal(report.referrer_field, "speaker_id");
    report = foreign_key("events_part_of_id_fkey", "events",
                         "insert or update on table \"events\" violates foreign key constraint "
                         "\"events_part_of_id_fkey\"");
    assert_int_equal(report.kind, FAILURE_REFERENCE);
    report = foreign_key("events_part_of_id_fkey", "events",
                         "update or delete on table \"events\" violates foreign key constraint "
                         "\"events_part_of_id_fkey\" on table \"events\"");
    assert_int_equal(report.kind, FAILURE_REFERENCED);
    report = foreign_key("article_events_article_id_fkey", "article_events",
                         "update or delete on table \"articles\" violates foreign key constraint "
                         "\"article_events_article_id_fkey\" on table \"article_events\"");
    assert_int_equal(report.kind, FAILURE_REFERENCED);
    assert_string_equal(report.referrer, "events");
    assert_string_equal(report.referrer_field, "article_ids");
}

/* Sentences, none of which names what only we know. */
static void test_details(void **state) {
    (void)state;
    for (int i = 0; i < constraint_count; i++) {
        const ConstraintRow *row = &constraint_rows[i];
        assert_int_equal(row->detail[strlen(row->detail) - 1], '.');
        assert_null(strstr(row->detail, row->name));
        for (int j = 0; j < i; j++)
            assert_string_not_equal(row->name, constraint_rows[j].name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_states),
        cmocka_unit_test(test_foreign_keys),
        cmocka_unit_test(test_details),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
