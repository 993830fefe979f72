/* record/sort: the order of a list, and what comes behind a record in it. */
#include "record_fixture.h"

#include "record/sort.h"

static Sort sort_of(Exchange *x, const Resource *resource, const char *text) {
    query_set(x, text != NULL ? arena_printf(x->arena, "sort=%s", text) : "");
    return sort_read(x, resource, resource->default_sort);
}

static void expect_order(Exchange *x, const Resource *resource, const char *text, const char *wanted) {
    Sort sort = sort_of(x, resource, text);
    assert_string_equal(faults_text(x), "");
    Sql *sql = sql_new(x->arena);
    sort_order(&sort, sql, "t");
    assert_string_equal(sql->text.data, wanted);
}

static void expect_after(Exchange *x, const Resource *resource, const char *text, const char *const *values,
                         const char *sql_wanted, const char *params_wanted) {
    Sort sort = sort_of(x, resource, text);
    assert_string_equal(faults_text(x), "");
    Sql *sql = sql_new(x->arena);
    sort_after(&sort, sql, "t", values);
    assert_string_equal(sql->text.data, sql_wanted);
    assert_string_equal(sql_params(sql), params_wanted);
}

static void test_order(void **state) {
    Exchange *x = *state;
    expect_order(x, &quote_resource, NULL, " ORDER BY t.id");
    expect_order(x, &quote_resource, "-id", " ORDER BY t.id DESC");
    expect_order(x, &quote_resource, "said_on", " ORDER BY t.said_on_first NULLS LAST, t.id");
    expect_order(x, &quote_resource, "-published_at", " ORDER BY t.published_at DESC NULLS LAST, t.id DESC");
    expect_order(x, &quote_resource, "-published_at,id", " ORDER BY t.published_at DESC NULLS LAST, t.id");
    expect_order(x, &quote_resource, "created_at,-said_on",
                 " ORDER BY t.created_at, t.said_on_first DESC NULLS LAST, t.id DESC");
    expect_order(x, &quote_resource, "said_on,published_at,created_at,updated_at",
                 " ORDER BY t.said_on_first NULLS LAST, t.published_at NULLS LAST, t.created_at, t.updated_at, t.id");
    expect_order(x, &speaker_resource, "name", " ORDER BY t.name, t.id");
}

static void test_behind_keys_of_one_direction(void **state) {
    Exchange *x = *state;
    expect_after(x, &quote_resource, "id", (const char *[]){"7"}, "(t.id) > ($1::bigint)", "$1=7");
    expect_after(x, &quote_resource, "-id", (const char *[]){"7"}, "(t.id) < ($1::bigint)", "$1=7");
    expect_after(x, &speaker_resource, "-name", (const char *[]){"Kabul", "7"},
                 "(t.name, t.id) < ($1::text, $2::bigint)", "$1=Kabul $2=7");
}

static void test_behind_mixed_directions(void **state) {
    Exchange *x = *state;
    expect_after(x, &quote_resource, "created_at,-id", (const char *[]){"c", "7"},
                 "(t.created_at > $1::timestamptz OR t.created_at = $2::timestamptz AND t.id < $3::bigint)",
                 "$1=c $2=c $3=7");
}

static void test_behind_what_may_be_null(void **state) {
    Exchange *x = *state;
    expect_after(x, &quote_resource, "said_on", (const char *[]){"2025-05-01", "7"},
                 "((t.said_on_first > $1::date OR t.said_on_first IS NULL) OR t.said_on_first = $2::date AND t.id > "
                 "$3::bigint)",
                 "$1=2025-05-01 $2=2025-05-01 $3=7");
    expect_after(x, &quote_resource, "-said_on", (const char *[]){NULL, "7"},
                 "(t.said_on_first IS NULL AND t.id < $1::bigint)", "$1=7");
    expect_after(
        x, &quote_resource, "published_at,-said_on", (const char *[]){"p", NULL, "7"},
        "((t.published_at > $1::timestamptz OR t.published_at IS NULL) OR t.published_at = $2::timestamptz AND "
        "t.said_on_first IS NULL AND t.id < $3::bigint)",
        "$1=p $2=p $3=7");
    expect_after(x, &quote_resource, "published_at,said_on", (const char *[]){NULL, NULL, "7"},
                 "(t.published_at IS NULL AND t.said_on_first IS NULL AND t.id > $1::bigint)", "$1=7");
}

/* A null has nothing behind it in its own key: that branch is left out. Whether the predicate cuts a real list right is
 * for tests/api to say (pages are the list cut up). */
static void test_each_key_that_is_not_null_has_its_branch(void **state) {
    Exchange *x = *state;
    static const char *const keys[] = {NULL, "2025-01-01"};
    for (int i = 0; i < 4; i++) {
        const char *values[] = {keys[i / 2], keys[i % 2], "7"};
        Sort sort = sort_of(x, &quote_resource, "-published_at,said_on");
        Sql *sql = sql_new(x->arena);
        sort_after(&sort, sql, "t", values);
        const char *first = strstr(sql->text.data, "published_at < ");
        const char *second = strstr(sql->text.data, "said_on_first > ");
        assert_int_equal(first != NULL, values[0] != NULL);
        assert_int_equal(second != NULL, values[1] != NULL);
        assert_non_null(strstr(sql->text.data, "t.id > "));
    }
}

static void test_faults(void **state) {
    Exchange *x = *state;
    const char *sortable = "id, said_on, published_at, created_at, updated_at";
    static const char *const unknown[] = {"", "text", "speaker.name", "-", "--id", "+id", "ID", "about_id"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        sort_of(x, &quote_resource, unknown[i]);
        const char *name = unknown[i] + (unknown[i][0] == '-');
        assert_string_equal(faults_text(x),
                            arena_printf(x->arena, "?sort: \"%s\" does not sort quotes; these do: %s", name, sortable));
    }
    sort_of(x, &quote_resource, "id,-id");
    assert_string_equal(faults_text(x), "?sort: names id twice");
    sort_of(x, &quote_resource, "id,said_on,published_at,created_at,updated_at");
    assert_string_equal(faults_text(x), "?sort: takes at most 4 fields");
    sort_of(x, &quote_resource, "x,id,");
    assert_int_equal(x->problem.fault_count, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(test_order),
        unit_case(test_behind_keys_of_one_direction),
        unit_case(test_behind_mixed_directions),
        unit_case(test_behind_what_may_be_null),
        unit_case(test_each_key_that_is_not_null_has_its_branch),
        unit_case(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
