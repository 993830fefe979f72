/* The steps of a request with an Idempotency-Key, with answers of PostgreSQL made up. */
#include "record_fixture.h"

#include "record/idempotency.h"
#include "record/read.h"
#include "record_result.h"
#include "sql.h"

static int planned, finished, refused;

static Step plan(Exchange *x) {
    planned++;
    x->batch.lane = LANE_WRITE;
    x->batch.write = true;
    idempotency_guard(x);
    batch_add(&x->batch, "SELECT 1", 0, NULL);
    exchange_own(x, json_object());
    return STEP_QUERY;
}

static Step done(Exchange *x) {
    finished++;
    x->status = 201;
    return STEP_ANSWER;
}

static Step failed(Exchange *x) {
    refused++;
    problem_set(x, PROBLEM_INVALID, "No.");
    return STEP_ANSWER;
}

static Step replay(Exchange *x, const Answer *answer) {
    x->status = answer->status;
    assert_string_equal(answer->detail, "{\"lines\": 3}");
    assert_int_equal(answer->record_id, 0);
    return STEP_ANSWER;
}

static const Endpoint plain = {.method = METHOD_POST, .plan = plan, .done = done, .failed = failed};
static const Endpoint special = {.method = METHOD_POST, .plan = plan, .done = done, .replay = replay};

static Exchange *begin(Exchange *x, const Endpoint *endpoint, const char *key) {
    planned = finished = refused = 0;
    batch_release(&x->batch);
    x->endpoint = endpoint;
    x->path = "/sources";
    x->key_id = 7;
    x->idempotency = (Idempotency){.key = key, .fingerprint = "aa"};
    return x;
}

static void fail_with(Exchange *x, const char *sqlstate) {
    x->batch.outcome = BATCH_FAILED;
    x->batch.error = (DbError){.constraint = "", .table = "", .message = "", .detail = ""};
    snprintf(x->batch.error.sqlstate, sizeof x->batch.error.sqlstate, "%s", sqlstate);
}

static void test_without_a_key_nothing_is_asked(void **state) {
    Exchange *x = begin(*state, &plain, NULL);
    assert_int_equal(endpoint_plan(x), STEP_QUERY);
    assert_int_equal(x->batch.count, 1);
    assert_string_equal(x->batch.statements[0].sql, "SELECT 1");
    assert_int_equal(endpoint_done(x), STEP_ANSWER);
    assert_int_equal(planned + finished, 2);
}

static void test_the_first_time(void **state) {
    Exchange *x = begin(*state, &plain, "k");
    assert_int_equal(endpoint_plan(x), STEP_QUERY);
    assert_int_equal(planned, 0);
    assert_string_equal(x->batch.statements[0].sql, SQL_ANSWER_FIND);
    assert_string_equal(params_text(x->arena, 3, x->batch.statements[0].params), "$1=7 $2=/sources $3=k");
    assert_false(x->batch.write);
    result_set(x, 0, 6, 0, NULL);
    assert_int_equal(endpoint_done(x), STEP_QUERY);
    assert_int_equal(planned, 1);
    assert_string_equal(x->batch.statements[0].sql, SQL_ANSWER_GUARD);
    assert_string_equal(params_text(x->arena, 3, x->batch.statements[0].params), "$1=7 $2=/sources $3=k");
    assert_int_equal(endpoint_done(x), STEP_ANSWER);
    assert_int_equal(finished, 1);
}

static void test_another_was_first(void **state) {
    Exchange *x = begin(*state, &plain, "k");
    for (int turn = 0; turn < 40; turn++) { /* it is never more than one that is owned */
        assert_int_equal(turn == 0 ? endpoint_plan(x) : endpoint_failed(x), STEP_QUERY);
        assert_string_equal(x->batch.statements[0].sql, SQL_ANSWER_FIND);
        result_set(x, 0, 6, 0, NULL);
        assert_int_equal(endpoint_done(x), STEP_QUERY);
        fail_with(x, "IK002");
    }
    assert_int_equal(refused, 0);
    fail_with(x, "IK001");
    assert_int_equal(endpoint_failed(x), STEP_ANSWER);
    assert_int_equal(x->problem.kind, PROBLEM_UNDER_WAY);
    assert_string_equal(x->headers[0].name, "Retry-After");
    assert_int_equal(refused, 0);
    fail_with(x, "23505");
    assert_int_equal(endpoint_failed(x), STEP_ANSWER);
    assert_int_equal(refused, 1);
}

static void test_a_failure_before_the_endpoint_began(void **state) {
    Exchange *x = begin(*state, &plain, "k");
    assert_int_equal(endpoint_plan(x), STEP_QUERY);
    fail_with(x, "57014");
    assert_int_equal(endpoint_failed(x), STEP_ANSWER);
    assert_int_equal(refused, 0);
    assert_int_equal(x->problem.kind, PROBLEM_UNAVAILABLE);
}

static void test_an_answer_that_is_more_than_a_record(void **state) {
    Exchange *x = begin(*state, &special, "k");
    x->problem.kind = PROBLEM_NONE;
    assert_int_equal(endpoint_plan(x), STEP_QUERY);
    static const char *const kept[] = {"aa", "200", "sources", NULL, NULL, "{\"lines\": 3}"};
    result_set(x, 0, 6, 1, kept);
    assert_int_equal(endpoint_done(x), STEP_ANSWER);
    assert_int_equal(x->status, 200);
    assert_int_equal(planned, 0);
}

static void test_fingerprints(void **state) {
    Exchange *x = *state;
    Arena *arena = x->arena;
    const char *one = idempotency_fingerprint(arena, "/a", NULL, "body", 4);
    assert_int_equal(strlen(one), 64);
    assert_string_equal(one, idempotency_fingerprint(arena, "/a", NULL, "body", 4));
    assert_string_not_equal(one, idempotency_fingerprint(arena, "/a", "b", "body", 4));
    assert_string_not_equal(one, idempotency_fingerprint(arena, "/b", NULL, "body", 4));
    assert_string_not_equal(one, idempotency_fingerprint(arena, "/a", NULL, "bodY", 4));
    assert_string_not_equal(one, idempotency_fingerprint(arena, "/a", NULL, "body", 3));
}

static void test_what_is_kept(void **state) {
    Exchange *x = begin(*state, &plain, "k");
    Sql *sql = sql_new(x->arena);
    fixture_service.idempotency_kept_s = 60;
    idempotency_keep(x, sql, "t", 201, resource_find("sources"));
    assert_string_equal(sql->text.data,
                        "INSERT INTO onrecord.answers (key_id, path, key, fingerprint, expires_at, status, "
                        "resource, record_id, version) SELECT $1::bigint, $2::text, $3::text, decode($4::text, 'hex'), "
                        "clock_timestamp() + interval '1 second' * $5::bigint, 201, 'sources', answered.id, "
                        "answered.version FROM t answered");
    assert_string_equal(sql_params(sql), "$1=7 $2=/sources $3=k $4=aa $5=60");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(test_without_a_key_nothing_is_asked),
        unit_case(test_the_first_time),
        unit_case(test_another_was_first),
        unit_case(test_a_failure_before_the_endpoint_began),
        unit_case(test_an_answer_that_is_more_than_a_record),
        unit_case(test_fingerprints),
        unit_case(test_what_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
