/* record/filter: from a query parameter to a predicate and its values; what a filter does not take is named. */
#include "record_fixture.h"

#include "record/filter.h"

static void expect_filter(Exchange *x, const Resource *resource, const char *query, const char *sql_wanted,
                          const char *params_wanted) {
    Filter filter;
    query_set(x, query);
    assert_true(filter_read(x, resource, &x->parameters[0], &filter));
    assert_string_equal(faults_text(x), "");
    Sql *sql = sql_new(x->arena);
    filter_sql(&filter, sql, "t");
    assert_string_equal(sql->text.data, sql_wanted);
    assert_string_equal(sql_params(sql), params_wanted);
}

static void expect_fault(Exchange *x, const Resource *resource, const char *query, const char *wanted) {
    Filter filter;
    query_set(x, query);
    assert_true(filter_read(x, resource, &x->parameters[0], &filter));
    assert_string_equal(faults_text(x), wanted);
}

static void expect_unknown(Exchange *x, const Resource *resource, const char *query) {
    Filter filter;
    query_set(x, query);
    assert_false(filter_read(x, resource, &x->parameters[0], &filter));
    assert_string_equal(faults_text(x), "");
}

static void test_ids_and_references(void **state) {
    Exchange *x = *state;
    const Resource *quotes = &quote_resource;
    expect_filter(x, quotes, "id=7", "t.id = $1::bigint", "$1=7");
    expect_filter(x, quotes, "id.ne=7", "t.id IS DISTINCT FROM $1::bigint", "$1=7");
    expect_filter(x, quotes, "id.gt=7", "t.id > $1::bigint", "$1=7");
    expect_filter(x, quotes, "id.gte=7", "t.id >= $1::bigint", "$1=7");
    expect_filter(x, quotes, "id.lt=7", "t.id < $1::bigint", "$1=7");
    expect_filter(x, quotes, "id.lte=9007199254740991", "t.id <= $1::bigint", "$1=9007199254740991");
    expect_filter(x, quotes, "id.in=7,8", "t.id = ANY ($1::bigint[])", "$1={\"7\",\"8\"}");
    expect_filter(x, quotes, "speaker_id=3", "t.speaker_id = $1::bigint", "$1=3");
    expect_filter(x, quotes, "speaker_id.null=true", "t.speaker_id IS NULL", "");
    expect_filter(x, quotes, "speaker_id.null=false", "t.speaker_id IS NOT NULL", "");
}

static void test_texts(void **state) {
    Exchange *x = *state;
    expect_filter(x, &quote_resource, "cue=", "t.cue = $1::text", "$1=");
    expect_filter(x, &quote_resource, "cue.in=said,", "t.cue = ANY ($1::text[])", "$1={\"said\",\"\"}");
    expect_filter(x, &quote_resource, "cue.in=a\"b\\", "t.cue = ANY ($1::text[])", "$1={\"a\\\"b\\\\\"}");
    expect_filter(x, &quote_resource, "role.ne='; DROP TABLE", "t.role IS DISTINCT FROM $1::text", "$1='; DROP TABLE");
    expect_filter(x, &quote_resource, "kind=direct", "t.kind = $1::text", "$1=direct");
    expect_filter(x, &speaker_resource, "name= Jose\xCC\x81 ", "t.name = $1::text", "$1=José");
    expect_filter(x, &source_resource, "country=AF", "t.country = $1::text", "$1=AF");
    expect_filter(x, &article_resource, "language=fa-AF", "t.language = $1::text", "$1=fa-AF");
    expect_filter(x, &article_resource, "url=https://a.example/?b", "t.url = $1::text", "$1=https://a.example/?b");
}

static void test_fractions(void **state) {
    Exchange *x = *state;
    expect_filter(x, &quote_resource, "confidence=0.5", "t.confidence = $1::float8", "$1=0.5");
    expect_filter(x, &quote_resource, "confidence.gte=.25", "t.confidence >= $1::float8", "$1=0.25");
    expect_filter(x, &quote_resource, "confidence=1.", "t.confidence = $1::float8", "$1=1");
    char query[600] = "confidence=0.";
    memset(query + strlen(query), '0', 500);
    strncat(query, "1", 2); /* less than any double: PostgreSQL would refuse it */
    expect_filter(x, &quote_resource, query, "t.confidence = $1::float8", "$1=0");
    const char *fault = "?confidence: must be a number from 0 to 1";
    static const char *const wrong[] = {"",    ".",   "1.1", "-0",   "+1",    "nan", "inf",
                                        "0x1", "1e0", " 1",  "0.5 ", "0.5.5", "2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_fault(x, &quote_resource, arena_printf(x->arena, "confidence=%s", wrong[i]), fault);
}

static void test_dates_of_reduced_precision(void **state) {
    Exchange *x = *state;
    const Resource *quotes = &quote_resource;
    expect_filter(x, quotes, "said_on=2025-05", "t.said_on_last >= $1::date AND t.said_on_first <= $2::date",
                  "$1=2025-05-01 $2=2025-05-31");
    expect_filter(x, quotes, "said_on.ne=2024-02",
                  "(t.said_on_last >= $1::date AND t.said_on_first <= $2::date) IS NOT TRUE",
                  "$1=2024-02-01 $2=2024-02-29");
    expect_filter(x, quotes, "said_on.gt=2025", "t.said_on_last > $1::date", "$1=2025-12-31");
    expect_filter(x, quotes, "said_on.gte=2025", "t.said_on_last >= $1::date", "$1=2025-01-01");
    expect_filter(x, quotes, "said_on.lt=2025-05-15", "t.said_on_first < $1::date", "$1=2025-05-15");
    expect_filter(x, quotes, "said_on.lte=2025", "t.said_on_first <= $1::date", "$1=2025-12-31");
    expect_filter(x, quotes, "said_on.null=true", "t.said_on IS NULL", "");
    expect_fault(x, quotes, "said_on=2025-02-29", "?said_on: must be a date: 2025, 2025-05 or 2025-05-15");
    expect_fault(x, quotes, "said_on.in=2025",
                 "?said_on.in: said_on takes these operators: =, .ne, .gt, .gte, .lt, .lte, .null");
}

static void test_moments(void **state) {
    Exchange *x = *state;
    const Resource *quotes = &quote_resource;
    const char *may = "2025-05-01T00:00:00.000000Z", *june = "2025-06-01T00:00:00.000000Z";
    Arena *arena = x->arena;
    expect_filter(x, quotes, "published_at=2025-05",
                  "t.published_at >= $1::timestamptz AND t.published_at < $2::timestamptz",
                  arena_printf(arena, "$1=%s $2=%s", may, june));
    expect_filter(x, quotes, "published_at.ne=2025-05",
                  "(t.published_at >= $1::timestamptz AND t.published_at < $2::timestamptz) IS NOT TRUE",
                  arena_printf(arena, "$1=%s $2=%s", may, june));
    expect_filter(x, quotes, "published_at.gt=2025-05", "t.published_at >= $1::timestamptz",
                  arena_printf(arena, "$1=%s", june));
    expect_filter(x, quotes, "published_at.gte=2025-05", "t.published_at >= $1::timestamptz",
                  arena_printf(arena, "$1=%s", may));
    expect_filter(x, quotes, "published_at.lt=2025-05", "t.published_at < $1::timestamptz",
                  arena_printf(arena, "$1=%s", may));
    expect_filter(x, quotes, "published_at.lte=2025-05", "t.published_at < $1::timestamptz",
                  arena_printf(arena, "$1=%s", june));
    expect_filter(x, quotes, "published_at.gt=2025-05-15T12:00:00+02:00", "t.published_at >= $1::timestamptz",
                  "$1=2025-05-15T10:00:00.000001Z");
    expect_fault(x, quotes, "published_at=yesterday",
                 "?published_at: must be a date (2025, 2025-05, 2025-05-15) or an RFC 3339 timestamp");
}

static void test_lists(void **state) {
    Exchange *x = *state;
    expect_filter(x, &article_resource, "keywords=a,b", "t.keywords @> $1::text[]", "$1={\"a,b\"}");
    expect_filter(x, &article_resource, "keywords.ne=a", "NOT t.keywords @> $1::text[]", "$1={\"a\"}");
    expect_filter(x, &article_resource, "keywords.in=a,NULL", "t.keywords && $1::text[]", "$1={\"a\",\"NULL\"}");
    expect_fault(x, &article_resource, "keywords.null=true",
                 "?keywords.null: keywords takes these operators: =, .ne, .in");
}

static void test_virtual_ones(void **state) {
    Exchange *x = *state;
    const char *about = "(EXISTS (SELECT FROM onrecord.quote_abouts a WHERE a.quote_id = t.id AND a.speaker_id = ANY "
                        "($1::bigint[])))";
    expect_filter(x, &quote_resource, "about_id=3", about, "$1={\"3\"}");
    expect_filter(x, &quote_resource, "about_id.in=3,4", about, "$1={\"3\",\"4\"}");
    expect_filter(x, &quote_resource, "about_id.ne=3", arena_printf(x->arena, "%s IS NOT TRUE", about), "$1={\"3\"}");
    expect_filter(x, &quote_resource, "relayed_by.speaker_id=3", "(t.relayed_by_id = ANY ($1::bigint[]))",
                  "$1={\"3\"}");
    expect_fault(x, &quote_resource, "about_id.null=true",
                 "?about_id.null: about_id takes these operators: =, .ne, .in");
    expect_fault(x, &quote_resource, "about_id=x",
                 "?about_id: must be a whole number from 1 to 9007199254740991, without a sign or a leading zero");
    Filter filter = filter_id(x->arena, field_find(&event_resource, "article_id", 10), 5);
    Sql *sql = sql_new(x->arena);
    filter_sql(&filter, sql, "t");
    assert_string_equal(sql_params(sql), "$1={\"5\"}");
}

static void test_one_value_used_twice(void **state) {
    Exchange *x = *state;
    Filter filter;
    query_set(x, "speaker_id=3");
    assert_true(filter_read(x, &article_resource, &x->parameters[0], &filter));
    Sql *sql = sql_new(x->arena);
    filter_sql(&filter, sql, "t");
    assert_int_equal(sql->param_count, 1);
    assert_null(strstr(sql->text.data, "$V"));
    assert_null(strstr(sql->text.data, "$T"));
}

static void test_paths(void **state) {
    Exchange *x = *state;
    expect_filter(x, &quote_resource, "article.language=fa",
                  "EXISTS (SELECT FROM onrecord.articles r1 WHERE r1.id = t.article_id AND r1.language = $1::text)",
                  "$1=fa");
    expect_filter(x, &quote_resource, "speaker.kind.ne=person",
                  "NOT EXISTS (SELECT FROM onrecord.speakers r1 WHERE r1.id = t.speaker_id AND r1.kind = $1::text)",
                  "$1=person");
    expect_filter(x, &quote_resource, "article.source.country.in=AF,NO",
                  "EXISTS (SELECT FROM onrecord.articles r1 WHERE r1.id = t.article_id AND EXISTS (SELECT FROM "
                  "onrecord.sources r2 WHERE r2.id = r1.source_id AND r2.country = ANY ($1::text[])))",
                  "$1={\"AF\",\"NO\"}");
    expect_filter(x, &quote_resource, "article.source_id.null=true",
                  "EXISTS (SELECT FROM onrecord.articles r1 WHERE r1.id = t.article_id AND r1.source_id IS NULL)", "");
    expect_unknown(x, &quote_resource, "article.body=x");       /* no filter at all */
    expect_unknown(x, &quote_resource, "article.url=http://a"); /* a filter, but not through a relation */
    expect_unknown(x, &quote_resource, "article.source.articles.id=1");
    expect_unknown(x, &speaker_resource, "part_of.part_of.part_of.name=x"); /* three steps */
    expect_unknown(x, &quote_resource, "article=1");
    expect_unknown(x, &quote_resource, "article.=1");
    expect_unknown(x, &quote_resource, ".language=fa");
}

static void test_names_that_are_none(void **state) {
    Exchange *x = *state;
    static const char *const names[] = {"",          ".",    ".in",        "i",   "idd", "text",      "spans",  "kind.",
                                        "kind.like", "KIND", "kind.ne.in", "id;", "$1",  "about_ids", "version"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_unknown(x, &quote_resource, arena_printf(x->arena, "%s=1", names[i]));
}

static void test_operators_and_values_that_are_refused(void **state) {
    Exchange *x = *state;
    const Resource *quotes = &quote_resource;
    const char *id = "must be a whole number from 1 to 9007199254740991, without a sign or a leading zero";
    static const char *const ids[] = {
        "", "0", "+1", "-1", "01", "1e3", "1.0", " 1", "1 ", "x", "9007199254740992", "99999999999999999999", "١"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
        expect_fault(x, quotes, arena_printf(x->arena, "speaker_id=%s", ids[i]),
                     arena_printf(x->arena, "?speaker_id: %s", id));
    expect_fault(x, quotes, "speaker_id.gte=1",
                 "?speaker_id.gte: speaker_id takes these operators: =, .ne, .in, .null");
    expect_fault(x, quotes, "kind.null=true", "?kind.null: kind takes these operators: =, .ne, .in");
    expect_fault(x, quotes, "kind=loud", "?kind: must be one of direct, partial, indirect");
    expect_fault(x, quotes, "speaker_id.null=1", "?speaker_id.null: must be true or false");
    expect_fault(x, &source_resource, "country=af", "?country: must be an ISO 3166-1 alpha-2 code, such as AF");
    expect_fault(x, &source_resource, "name= ", "?name: must be text that is more than white space");
}

static void test_in_has_a_bound(void **state) {
    Exchange *x = *state;
    Buffer query = buffer_new(x->arena, 0);
    buffer_add_string(&query, "id.in=1");
    for (int i = 2; i <= 100; i++)
        buffer_printf(&query, ",%d", i);
    Filter filter;
    query_set(x, query.data);
    assert_true(filter_read(x, &quote_resource, &x->parameters[0], &filter));
    assert_string_equal(faults_text(x), "");
    buffer_add_string(&query, ",101");
    expect_fault(x, &quote_resource, query.data, "?id.in: takes at most 100 values");
    expect_fault(x, &quote_resource, "id.in=1,x,y",
                 "?id.in: must be a whole number from 1 to 9007199254740991, without a sign or a leading zero");
}

/* Every filter of every resource takes a value of its type and becomes a predicate. */
static void test_every_filter(void **state) {
    Exchange *x = *state;
    static const char *const samples[] = {"1", "0.5", "2025-05-15", "https://a.example/", "en", "AF"};
    int count;
    const Resource *const *all = resources_all(&count);
    for (int r = 0; r < count; r++) {
        for (const Field *field = all[r]->fields; field->name != NULL; field++) {
            if ((field->flags & FIELD_FILTER) == 0)
                continue;
            bool taken = false;
            for (size_t i = 0; i < sizeof samples / sizeof *samples + 1 && !taken; i++) {
                bool last = i == sizeof samples / sizeof *samples;
                if (last && field->values == NULL)
                    break;
                Filter filter;
                query_set(x, arena_printf(x->arena, "%s=%s", field->name, last ? field->values[0] : samples[i]));
                assert_true(filter_read(x, all[r], &x->parameters[0], &filter));
                taken = x->problem.fault_count == 0;
                if (!taken)
                    continue;
                assert_ptr_equal(filter.field, field);
                Sql *sql = sql_new(x->arena);
                filter_sql(&filter, sql, "t");
                assert_true(sql->param_count > 0 && strchr(sql->text.data, '$') != NULL);
            }
            assert_true(taken);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(test_ids_and_references),
        unit_case(test_texts),
        unit_case(test_fractions),
        unit_case(test_dates_of_reduced_precision),
        unit_case(test_moments),
        unit_case(test_lists),
        unit_case(test_virtual_ones),
        unit_case(test_one_value_used_twice),
        unit_case(test_paths),
        unit_case(test_names_that_are_none),
        unit_case(test_operators_and_values_that_are_refused),
        unit_case(test_in_has_a_bound),
        unit_case(test_every_filter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
