/* record/write: the steps of a write, with answers of PostgreSQL made by hand: what is sent, and what is answered. */
#include "record_result.h"

#include <jansson.h>

#include "record/write.h"

static const char *const SOURCE[] = {
    "7", NULL, "Gazette", NULL, "AF", NULL, "{\"n\": 1}", "2025-05-15 10:00:00+00", "2025-05-15 10:00:00+00", "3"};
enum { SOURCE_COLUMNS = sizeof SOURCE / sizeof *SOURCE };

static const Endpoint *endpoint_of(Method method, const char *path) {
    int count;
    const Endpoint *all = resources_endpoints(&count);
    for (int i = 0; i < count; i++)
        if (all[i].method == method && strcmp(all[i].path, path) == 0)
            return &all[i];
    fail();
    return NULL;
}

/* Begins a write; `body` NULL: none. */
static Step begin(Exchange *x, Method method, const char *path, const char *body) {
    x->endpoint = endpoint_of(method, path);
    x->method = method;
    x->ids[0] = 7;
    x->json = body != NULL ? exchange_own(x, json_loads(body, JSON_DECODE_ANY, NULL)) : NULL;
    return x->endpoint->plan(x);
}

static Step go_on(Exchange *x) {
    batch_done_now(x);
    return x->endpoint->done(x);
}

/* Refuses the batch as PostgreSQL would. */
static Step refuse(Exchange *x, const char *sqlstate, const char *constraint, const char *table) {
    x->batch.outcome = BATCH_FAILED;
    x->batch.error = (DbError){.constraint = constraint, .table = table, .message = "secret", .detail = "secret"};
    memcpy(x->batch.error.sqlstate, sqlstate, 6);
    return x->endpoint->failed(x);
}

static const char *sql_of(Exchange *x, int statement) {
    assert_true(statement < x->batch.count);
    return x->batch.statements[statement].sql;
}

static const char *params_of(Exchange *x, int statement) {
    return params_text(x->arena, x->batch.statements[statement].param_count, x->batch.statements[statement].params);
}

static void expect_problem(Exchange *x, ProblemKind kind, const char *detail, const char *faults) {
    assert_int_equal(x->problem.kind, kind);
    assert_string_equal(x->problem.detail, detail);
    assert_string_equal(faults_text(x), faults);
}

static void test_create(void **state) {
    Exchange *x = *state;
    x->key_id = 5;
    x->actor = "Ann";
    assert_int_equal(
        begin(x, METHOD_POST, "/sources", "{\"name\":\" Gazette \",\"country\":\"AF\",\"extra\":{\"n\":1}}"),
        STEP_QUERY);
    assert_int_equal(x->batch.lane, LANE_WRITE);
    assert_true(x->batch.write);
    assert_string_equal(
        sql_of(x, 0),
        "INSERT INTO onrecord.sources AS t (external_id, name, url, country, description, extra, changed_by, "
        "change_actor, change_reason) SELECT $1::text, $2::text, $3::text, $4::text, $5::text, $6::jsonb, "
        "$7::bigint, $8::text, $9::text RETURNING t.id, t.external_id, t.name, t.url, t.country, t.description, "
        "t.extra, t.created_at, t.updated_at, t.version");
    assert_string_equal(params_of(x, 0), "$1=null $2=Gazette $3=null $4=AF $5=null $6={\"n\":1} $7=5 $8=Ann $9=null");
    result_set(x, 0, SOURCE_COLUMNS, 1, SOURCE);
    assert_int_equal(go_on(x), STEP_ANSWER);
    assert_int_equal(x->status, 201);
    assert_string_equal(x->etag, "3");
    assert_string_equal(x->headers[0].name, "Location");
    assert_string_equal(x->headers[0].value, "/sources/7");
    assert_string_equal(
        x->body.data,
        "{\"id\":7,\"external_id\":null,\"name\":\"Gazette\",\"url\":null,\"country\":\"AF\",\"description\":null,"
        "\"extra\":{\"n\":1},\"created_at\":\"2025-05-15T10:00:00.000000Z\",\"updated_at\":"
        "\"2025-05-15T10:00:00.000000Z\",\"version\":3}");
}

static void test_all_faults_of_a_body_at_once(void **state) {
    Exchange *x = *state;
    assert_int_equal(
        begin(x, METHOD_POST, "/quotes",
              "{\"x/y\":1,\"text\":\"\",\"kind\":\"loud\",\"speaker_id\":{\"nothing\":1},\"spans\":[7],\"id\":7,"
              "\"relayed_by\":{\"role\":7},\"about_id\":3,\"extra\":[]}"),
        STEP_ANSWER);
    expect_problem(x, PROBLEM_INVALID, "The body has 10 faults.",
                   "#/speaker_id: must be an id or an object with one member: external_id or name\n"
                   "#/x~1y: is not a field of quotes\n"
                   "#/id: is read-only\n"
                   "#/about_id: is not a field of quotes\n"
                   "#/article_id: is required\n"
                   "#/text: must be a string that is not empty\n"
                   "#/kind: must be one of direct, partial, indirect\n"
                   "#/relayed_by/role: must be a string\n"
                   "#/spans/0: must be {\"start\": m, \"end\": n} with whole numbers, 0 <= m < n\n"
                   "#/extra: must be an object");
}

static void test_what_no_write_takes(void **state) {
    Exchange *x = *state;
    static const char *const bodies[] = {"[]", "null", "7", "\"x\""};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        assert_int_equal(begin(x, METHOD_POST, "/sources", bodies[i]), STEP_ANSWER);
        expect_problem(x, PROBLEM_INVALID, "The body must be a JSON object.", "");
    }
    query_set(x, "fields=id&offsets=utf16&offsets=utf16");
    assert_int_equal(begin(x, METHOD_POST, "/sources", "{\"name\":\"x\"}"), STEP_ANSWER);
    expect_problem(x, PROBLEM_BAD_REQUEST, "The query has faults.",
                   "?fields: is not a parameter of this write\n?offsets: is given more than once");
    query_set(x, "offsets=utf16");
    assert_int_equal(begin(x, METHOD_DELETE, "/sources/{id}", NULL), STEP_ANSWER);
    assert_int_equal(x->problem.kind, PROBLEM_BAD_REQUEST);
}

/* Up to the point where the record as it stands was read. */
static Step begin_on(Exchange *x, Method method, const char *body) {
    assert_int_equal(begin(x, method, "/sources/{id}", body), STEP_QUERY);
    assert_int_equal(x->batch.lane, LANE_POINT);
    assert_false(x->batch.write);
    result_set(x, 0, SOURCE_COLUMNS, 1, SOURCE);
    return go_on(x);
}

static void test_patch(void **state) {
    Exchange *x = *state;
    assert_int_equal(begin_on(x, METHOD_PATCH, "{\"country\":null,\"extra\":{\"m\":0.1}}"), STEP_QUERY);
    assert_true(x->batch.write);
    assert_string_equal(sql_of(x, 0),
                        "UPDATE onrecord.sources AS t SET country = $1::text, extra = $2::jsonb, changed_by = "
                        "$3::bigint, change_actor = $4::text, change_reason = $5::text WHERE t.id = $6::bigint "
                        "AND t.version = $7::bigint RETURNING t.id, t.external_id, t.name, t.url, t.country, "
                        "t.description, t.extra, t.created_at, t.updated_at, t.version");
    assert_string_equal(params_of(x, 0), "$1=null $2={\"n\":1,\"m\":0.1} $3=null $4=null $5=null $6=7 $7=3");
    result_set(x, 0, SOURCE_COLUMNS, 1, SOURCE);
    assert_int_equal(go_on(x), STEP_ANSWER);
    assert_int_equal(x->status, 200);
    assert_int_equal(x->header_count, 0);
}

static void test_a_patch_that_changes_nothing(void **state) {
    Exchange *x = *state;
    assert_int_equal(begin_on(x, METHOD_PATCH, "{\"name\":\" Gazette\",\"id\":7,\"url\":null,\"extra\":{\"n\":1}}"),
                     STEP_QUERY);
    assert_false(x->batch.write);
    assert_int_equal(strncmp(sql_of(x, 0), "SELECT t.id", 11), 0);
    result_set(x, 0, SOURCE_COLUMNS, 1, SOURCE);
    assert_int_equal(go_on(x), STEP_ANSWER);
    assert_int_equal(x->status, 200);
}

static void test_what_a_patch_may_not_take_away(void **state) {
    Exchange *x = *state;
    assert_int_equal(begin_on(x, METHOD_PATCH, "{\"id\":null,\"nothing\":null,\"name\":null,\"version\":4}"),
                     STEP_ANSWER);
    expect_problem(
        x, PROBLEM_INVALID, "The body has 4 faults.",
        "#/version: is read-only\n#/id: is read-only\n#/nothing: is not a field of sources\n#/name: is required");
}

static void test_replace(void **state) {
    Exchange *x = *state;
    assert_int_equal(begin_on(x, METHOD_PUT, "{\"name\":\"Gazette\",\"version\":3}"), STEP_QUERY);
    assert_string_equal(params_of(x, 0), "$1=null $2={} $3=null $4=null $5=null $6=7 $7=3");
}

/* A number that is no longer an integer of 64 bits in jsonb must not make the record look as if it were not there. */
static void test_a_record_with_an_endless_number(void **state) {
    Exchange *x = *state;
    const char *row[SOURCE_COLUMNS];
    char extra[330] = "{\"n\": 1";
    memset(extra + strlen(extra), '0', 300);
    strncat(extra, "}", 2);
    memcpy(row, SOURCE, sizeof row);
    row[6] = extra;
    assert_int_equal(begin(x, METHOD_PATCH, "/sources/{id}", "{\"country\":null}"), STEP_QUERY);
    result_set(x, 0, SOURCE_COLUMNS, 1, row);
    assert_int_equal(go_on(x), STEP_QUERY);
    assert_string_equal(params_of(x, 0), "$1=null $2=null $3=null $4=null $5=7 $6=3");
}

static void test_if_match(void **state) {
    Exchange *x = *state;
    x->if_match = (IfMatch){.given = true, .count = 2, .versions = {1, 2}};
    assert_int_equal(begin_on(x, METHOD_PATCH, "{}"), STEP_ANSWER);
    expect_problem(x, PROBLEM_PRECONDITION_FAILED, "Source 7 is at version 3, which If-Match does not name.", "");
    x->if_match.versions[1] = 3;
    assert_int_equal(begin_on(x, METHOD_PATCH, "{\"country\":null}"), STEP_QUERY);
    result_set(x, 0, SOURCE_COLUMNS, 0, NULL); /* somebody else was quicker */
    assert_int_equal(go_on(x), STEP_ANSWER);
    expect_problem(x, PROBLEM_PRECONDITION_FAILED, "Source 7 was changed meanwhile.", "");
}

static void test_if_match_may_be_wanted(void **state) {
    Exchange *x = *state;
    Service strict = fixture_service;
    strict.if_match_required = true;
    x->service = &strict;
    assert_int_equal(begin(x, METHOD_DELETE, "/sources/{id}", NULL), STEP_QUERY);
    result_set(x, 0, SOURCE_COLUMNS, 1, SOURCE);
    assert_int_equal(go_on(x), STEP_ANSWER);
    assert_int_equal(x->problem.kind, PROBLEM_PRECONDITION_REQUIRED);
    assert_int_equal(begin(x, METHOD_POST, "/sources", "{\"name\":\"x\"}"), STEP_QUERY);
    x->service = &fixture_service;
}

static void test_a_lost_guard_starts_it_over(void **state) {
    Exchange *x = *state;
    Step step = begin_on(x, METHOD_PATCH, "{\"country\":null}");
    for (int i = 1; i < WRITE_ATTEMPTS; i++) {
        assert_int_equal(step, STEP_QUERY);
        result_set(x, 0, SOURCE_COLUMNS, 0, NULL);
        assert_int_equal(go_on(x), STEP_QUERY);
        assert_false(x->batch.write);
        result_set(x, 0, SOURCE_COLUMNS, 1, SOURCE);
        step = go_on(x);
    }
    result_set(x, 0, SOURCE_COLUMNS, 0, NULL);
    assert_int_equal(go_on(x), STEP_ANSWER);
    assert_int_equal(x->problem.kind, PROBLEM_UNAVAILABLE);
}

static void test_a_deadlock_starts_it_over(void **state) {
    Exchange *x = *state;
    assert_int_equal(begin(x, METHOD_POST, "/sources", "{\"name\":\"x\"}"), STEP_QUERY);
    assert_int_equal(refuse(x, "40P01", "", ""), STEP_QUERY);
    assert_int_equal(strncmp(sql_of(x, 0), "INSERT", 6), 0);
    assert_true(x->batch.write);
}

static void test_nobody_there(void **state) {
    Exchange *x = *state;
    for (int deleted = 0; deleted <= 1; deleted++) {
        assert_int_equal(begin(x, METHOD_PATCH, "/sources/{id}", "{}"), STEP_QUERY);
        result_set(x, 0, SOURCE_COLUMNS, 0, NULL);
        assert_int_equal(go_on(x), STEP_QUERY);
        assert_string_equal(params_of(x, 0), "$1=sources $2=7");
        result_set(x, 0, 1, deleted, (const char *[]){"4"});
        assert_int_equal(go_on(x), STEP_ANSWER);
        expect_problem(x, deleted ? PROBLEM_GONE : PROBLEM_NOT_FOUND,
                       deleted ? "Source 7 was deleted." : "There is no source 7.", "");
    }
}

static void test_delete(void **state) {
    Exchange *x = *state;
    x->key_id = 5;
    x->reason = "wrong";
    assert_int_equal(begin_on(x, METHOD_DELETE, NULL), STEP_QUERY);
    assert_true(x->batch.write);
    assert_int_equal(x->batch.lane, LANE_WRITE);
    assert_string_equal(params_of(x, 0), "$1=5 $2=null $3=wrong");
    assert_string_equal(
        sql_of(x, 1),
        "DELETE FROM onrecord.sources t WHERE t.id = $1::bigint AND t.version = $2::bigint RETURNING t.id");
    result_set(x, 0, 1, 1, (const char *[]){""});
    result_set(x, 1, 1, 1, (const char *[]){"7"});
    assert_int_equal(go_on(x), STEP_ANSWER);
    assert_int_equal(x->status, 204);
}

static void test_references_become_ids(void **state) {
    Exchange *x = *state;
    const char *body = "{\"headline\":\"h\",\"source_id\":{\"name\":\"Gazette\"},"
                       "\"via\":[{\"source_id\":{\"url\":\"https://a.example/\"}}]}";
    assert_int_equal(begin(x, METHOD_POST, "/articles", body), STEP_QUERY);
    assert_int_equal(x->batch.count, 2);
    assert_string_equal(sql_of(x, 0),
                        "SELECT t.id FROM onrecord.sources t WHERE t.name = $1::text ORDER BY t.id LIMIT 6");
    assert_string_equal(params_of(x, 1), "$1=https://a.example/");
    result_set(x, 0, 1, 1, (const char *[]){"7"});
    result_set(x, 1, 1, 1, (const char *[]){"8"});
    assert_int_equal(go_on(x), STEP_QUERY);
    assert_non_null(strstr(params_of(x, 0), "=[{\"source_id\":8,\"as_printed\":null}]"));
    assert_non_null(strstr(params_of(x, 0), "$4=7 "));
    assert_int_equal(json_object_size(json_object_get(x->json, "source_id")), 1); /* the body stays as it came */
}

static void test_references_that_lead_nowhere_or_anywhere(void **state) {
    Exchange *x = *state;
    const char *body =
        "{\"name\":\"\",\"part_of_id\":{\"name\":\"A\"},\"affiliations\":[{\"organization_id\":{\"name\":\"B\"}}]}";
    assert_int_equal(begin(x, METHOD_POST, "/speakers", body), STEP_QUERY);
    result_set(x, 0, 1, 0, NULL);
    result_set(x, 1, 1, 6, (const char *[]){"1", "2", "3", "4", "5", "6"});
    assert_int_equal(go_on(x), STEP_ANSWER);
    expect_problem(x, PROBLEM_INVALID, "The body has 3 faults.",
                   "#/part_of_id: no speaker has this name\n"
                   "#/affiliations/0/organization_id: is ambiguous: speakers 1, 2, 3, 4, 5, ... have this name\n"
                   "#/name: must be a string that is not empty");
}

static void test_a_value_that_is_taken(void **state) {
    Exchange *x = *state;
    assert_int_equal(begin(x, METHOD_POST, "/sources", "{\"name\":\"Gazette\",\"external_id\":\"g\"}"), STEP_QUERY);
    assert_int_equal(refuse(x, "23505", "sources_external_id_key", "sources"), STEP_QUERY);
    assert_false(x->batch.write);
    assert_string_equal(sql_of(x, 0), "SELECT t.id FROM onrecord.sources t WHERE t.external_id = $1::text LIMIT 1");
    result_set(x, 0, 1, 1, (const char *[]){"9"});
    assert_int_equal(go_on(x), STEP_ANSWER);
    expect_problem(x, PROBLEM_CONFLICT, "Source 9 has this external_id already.", "#/external_id: is taken");
    assert_string_equal(x->problem.conflict_resource, "sources");
    assert_int_equal(x->problem.conflict_id, 9);
}

/* A source without a country is another one than that of the same name with one; two of them are the same. */
static void test_a_name_that_is_taken_where_there_is_no_country(void **state) {
    Exchange *x = *state;
    assert_int_equal(begin(x, METHOD_POST, "/sources", "{\"name\":\"Gazette\"}"), STEP_QUERY);
    assert_int_equal(refuse(x, "23505", "sources_name_country_key", "sources"), STEP_QUERY);
    assert_string_equal(sql_of(x, 0),
                        "SELECT t.id FROM onrecord.sources t WHERE t.name = $1::text AND t.country IS NULL LIMIT 1");
}

static void test_nothing_of_what_postgresql_said_gets_out(void **state) {
    Exchange *x = *state;
    assert_int_equal(begin(x, METHOD_POST, "/sources", "{\"name\":\"x\"}"), STEP_QUERY);
    assert_int_equal(refuse(x, "XX000", "secret", "secret"), STEP_ANSWER);
    assert_int_equal(x->problem.kind, PROBLEM_INTERNAL);
    assert_null(strstr(x->problem.detail, "secret"));
}

static const char *const ARTICLE_OF_QUOTE[] = {"9", "4", "He said “yes, 👍” and left."};

static void test_a_quote_is_found_in_its_article(void **state) {
    Exchange *x = *state;
    assert_int_equal(begin(x, METHOD_POST, "/quotes", "{\"article_id\":9,\"text\":\"yes, 👍\"}"), STEP_QUERY);
    assert_string_equal(params_of(x, 0), "$1=9");
    assert_true(x->batch.gathers);
    assert_int_equal(x->batch.key, 9);
    result_set(x, 0, 3, 1, ARTICLE_OF_QUOTE);
    assert_int_equal(go_on(x), STEP_QUERY);
    assert_true(x->batch.write);
    const char *params = params_of(x, 0);
    assert_non_null(strstr(params, "={9,15} "));
    assert_non_null(strstr(params, "=He said “ "));
    assert_non_null(strstr(params, "=” and left. "));
    assert_non_null(strstr(params, "=anchored "));
    assert_non_null(strstr(sql_of(x, 0), " FROM (SELECT FROM onrecord.articles g WHERE g.id = $"));
    assert_non_null(strstr(sql_of(x, 0), " FOR SHARE) g RETURNING t.id"));
}

static void test_spans_must_hold_the_text(void **state) {
    Exchange *x = *state;
    static const struct {
        const char *query, *spans, *pointer; /* NULL: they do */
    } cases[] = {
        {"", "[{\"start\":9,\"end\":15}]", NULL},
        {"", "[{\"start\":9,\"end\":14}]", "/spans"},
        {"", "[{\"start\":9,\"end\":99}]", "/spans/0"},
        {"offsets=utf16", "[{\"start\":9,\"end\":16}]", NULL},
        {"offsets=utf16", "[{\"start\":9,\"end\":15}]", "/spans/0"},
        {"", "[]", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        query_set(x, cases[i].query);
        x->problem = (Problem){.kind = PROBLEM_NONE};
        const char *body =
            arena_printf(x->arena, "{\"article_id\":9,\"text\":\"yes, 👍\",\"spans\":%s}", cases[i].spans);
        assert_int_equal(begin(x, METHOD_POST, "/quotes", body), STEP_QUERY);
        result_set(x, 0, 3, 1, ARTICLE_OF_QUOTE);
        Step step = go_on(x);
        if (cases[i].pointer == NULL) {
            assert_int_equal(step, STEP_QUERY);
        } else {
            assert_int_equal(step, STEP_ANSWER);
            assert_int_equal(x->problem.kind, PROBLEM_INVALID);
            assert_int_equal(strncmp(x->problem.faults->where, cases[i].pointer, strlen(cases[i].pointer)), 0);
        }
        exchange_release(x);
    }
}

static void test_a_quote_that_is_nowhere(void **state) {
    Exchange *x = *state;
    assert_int_equal(begin(x, METHOD_POST, "/quotes", "{\"article_id\":9,\"text\":\"no\"}"), STEP_QUERY);
    result_set(x, 0, 3, 1, ARTICLE_OF_QUOTE);
    assert_int_equal(go_on(x), STEP_ANSWER);
    assert_string_equal(x->problem.faults->where, "/text");
    x->problem = (Problem){.kind = PROBLEM_NONE};
    assert_int_equal(begin(x, METHOD_POST, "/quotes", "{\"article_id\":9,\"text\":\"no\",\"kind\":\"indirect\"}"),
                     STEP_QUERY);
    result_set(x, 0, 3, 1, ARTICLE_OF_QUOTE);
    assert_int_equal(go_on(x), STEP_QUERY);
    assert_null(strstr(params_of(x, 0), "anchored"));
    assert_int_equal(begin(x, METHOD_POST, "/quotes", "{\"article_id\":9,\"text\":\"no\"}"), STEP_QUERY);
    result_set(x, 0, 2, 0, NULL); /* no such article: PostgreSQL refuses it, and then all that leads nowhere is named */
    assert_int_equal(go_on(x), STEP_QUERY);
    assert_int_equal(refuse(x, "23503", "quotes_article_id_fkey", "quotes"), STEP_QUERY);
    for (int i = 0; i < x->batch.count; i++)
        result_set(x, i, 1, 0, NULL);
    assert_int_equal(go_on(x), STEP_ANSWER);
    expect_problem(x, PROBLEM_INVALID, "The body has 1 fault.", "#/article_id: there is no article 9");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(test_create),
        unit_case(test_all_faults_of_a_body_at_once),
        unit_case(test_what_no_write_takes),
        unit_case(test_patch),
        unit_case(test_a_patch_that_changes_nothing),
        unit_case(test_what_a_patch_may_not_take_away),
        unit_case(test_replace),
        unit_case(test_a_record_with_an_endless_number),
        unit_case(test_if_match),
        unit_case(test_if_match_may_be_wanted),
        unit_case(test_a_lost_guard_starts_it_over),
        unit_case(test_a_deadlock_starts_it_over),
        unit_case(test_nobody_there),
        unit_case(test_delete),
        unit_case(test_references_become_ids),
        unit_case(test_references_that_lead_nowhere_or_anywhere),
        unit_case(test_a_value_that_is_taken),
        unit_case(test_a_name_that_is_taken_where_there_is_no_country),
        unit_case(test_nothing_of_what_postgresql_said_gets_out),
        unit_case(test_a_quote_is_found_in_its_article),
        unit_case(test_spans_must_hold_the_text),
        unit_case(test_a_quote_that_is_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
