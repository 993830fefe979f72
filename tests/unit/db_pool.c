/* The pool against a PostgreSQL of its own: outcomes, shared Syncs, statements, lost connections. */
#include <signal.h>

#include "db_fixture.h"

static int setup(void **state) {
    if (cluster_setup(state) != 0 || cluster_schema() != 0)
        return -1;
    pool_start(500, 3000);
    loop_until_ready();
    Batch *made = run_one(LANE_WRITE, true,
                          "CREATE TABLE public.item (id integer PRIMARY KEY, value integer CONSTRAINT item_value_key "
                          "UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    int done = made->outcome == BATCH_DONE ? 0 : -1;
    batch_release(made);
    return done;
}

static int teardown(void **state) {
    pool_end();
    return cluster_teardown(state);
}

static void test_outcomes(void **state) {
    (void)state;
    const char *params[] = {"40", NULL};
    Batch *batch = batch_of(LANE_POINT, false, "SELECT 42");
    batch_add(batch, "SELECT $1::integer + 1, $2::text", 2, params);
    submit(batch);
    loop_run();
    assert_string_equal(first_value(batch), "42");
    assert_string_equal(result_value(batch->statements[1].result, 0, 0), "41");
    assert_null(result_value(batch->statements[1].result, 0, 1));
    batch_release(batch);

    batch = run_one(LANE_WRITE, true, "INSERT INTO public.item SELECT i, i FROM generate_series(1, 10) AS i");
    assert_int_equal(batch->outcome, BATCH_DONE);
    assert_int_equal(batch_touched(batch, 0), 10);
    batch_release(batch);

    batch = run_one(LANE_WRITE, true, "INSERT INTO public.item VALUES (1, 100)");
    assert_int_equal(batch->outcome, BATCH_FAILED);
    assert_string_equal(batch->error.sqlstate, "23505");
    assert_string_equal(batch->error.constraint, "item_pkey");
    assert_string_equal(batch->error.table, "item");
    assert_null(batch->statements[0].result);
    batch_release(batch);
}

/* What is only found out by the commit is the write's own failure. */
static void test_deferred(void **state) {
    (void)state;
    Batch *batch = run_one(LANE_WRITE, true, "INSERT INTO public.item VALUES (11, 1)");
    assert_int_equal(batch->outcome, BATCH_FAILED);
    assert_string_equal(batch->error.constraint, "item_value_key");
    batch_release(batch);
    batch = run_one(LANE_POINT, false, "SELECT count(*) FROM public.item WHERE id = 11");
    assert_string_equal(first_value(batch), "0");
    batch_release(batch);
}

static void test_one_transaction(void **state) {
    (void)state;
    Batch *batch = batch_of(LANE_WRITE, true, "INSERT INTO public.item VALUES (12, 12)");
    batch_add(batch, "SELECT 1 / (SELECT count(*) FROM public.item WHERE id = 99)", 0, NULL);
    submit(batch);
    loop_run();
    assert_int_equal(batch->outcome, BATCH_FAILED);
    assert_int_equal(batch->error.statement, 1);
    assert_string_equal(batch->error.sqlstate, "22012");
    batch_release(batch);
    batch = run_one(LANE_POINT, false, "SELECT count(*) FROM public.item WHERE id = 12");
    assert_string_equal(first_value(batch), "0");
    batch_release(batch);
}

/* Reads share a Sync; one that fails takes nobody with it. */
static void test_failure_among_others(void **state) {
    (void)state;
    enum { COUNT = 40 };
    static char texts[COUNT][48];
    Batch *batches[COUNT];
    uint64_t syncs = pool_counters(fixture_pool)->syncs;
    for (int i = 0; i < COUNT; i++) {
        snprintf(texts[i], sizeof texts[i], i % 13 == 5 ? "SELECT 1 / (%d - %d)" : "SELECT %d + 0 * %d", i, i);
        batches[i] = submit(batch_of(LANE_PAGE, false, texts[i]));
    }
    loop_run();
    for (int i = 0; i < COUNT; i++) {
        if (i % 13 == 5)
            assert_string_equal(batches[i]->error.sqlstate, "22012");
        else
            assert_int_equal(strtol(first_value(batches[i]), NULL, 10), i);
        batch_release(batches[i]);
    }
    assert_true(pool_counters(fixture_pool)->syncs - syncs < COUNT);
}

static void test_slow(void **state) {
    (void)state;
    Batch *batch = run_one(LANE_LIST, false, "SELECT 7 FROM pg_sleep(1)");
    assert_string_equal(first_value(batch), "7");
    batch_release(batch);
    batch = run_one(LANE_LIST, false, "SELECT 7 FROM pg_sleep(5)");
    assert_int_equal(batch->outcome, BATCH_FAILED);
    assert_string_equal(batch->error.sqlstate, "57014");
    batch_release(batch);
    /* What should be quick, and is when it is tried again, does not wait among the slow. */
    batch_release(run_one(LANE_WRITE, true, "CREATE SEQUENCE public.tries"));
    batch = run_one(LANE_POINT, false,
                    "SELECT current_setting('statement_timeout') FROM (SELECT nextval('public.tries') AS n) AS t, "
                    "LATERAL pg_sleep(CASE t.n WHEN 1 THEN 1 ELSE 0 END)");
    assert_string_equal(first_value(batch), "500ms");
    batch_release(batch);
    /* A search that finds much goes where it is planned. */
    batch_release(run_one(LANE_WRITE, true, "CREATE SEQUENCE public.searches"));
    batch = run_one(LANE_SEARCH, false,
                    "SELECT current_setting('plan_cache_mode') FROM (SELECT nextval('public.searches') AS n) AS t, "
                    "LATERAL pg_sleep(CASE t.n WHEN 1 THEN 0.4 ELSE 0 END)");
    assert_string_equal(first_value(batch), "force_custom_plan");
    assert_int_equal(batch->runs_in, LANE_LIST);
    batch_release(batch);
}

/* Statements that PostgreSQL no longer has, or no longer takes, are prepared anew. */
static void test_statements(void **state) {
    (void)state;
    static const char select[] = "SELECT * FROM public.item WHERE id = 1";
    batch_release(run_one(LANE_POINT, false, select));
    batch_release(run_one(LANE_POINT, false, select)); /* both connections */
    batch_release(run_one(LANE_WRITE, true, "ALTER TABLE public.item ADD COLUMN more text"));
    for (int i = 0; i < 4; i++) {
        Batch *batch = run_one(LANE_POINT, false, select);
        assert_string_equal(first_value(batch), "1");
        assert_int_equal(result_columns(batch->statements[0].result), 3);
        batch_release(batch);
        batch_release(run_one(LANE_POINT, false, "DEALLOCATE ALL"));
    }
}

/* More texts than a connection keeps. */
static void test_eviction(void **state) {
    (void)state;
    enum { COUNT = 700 };
    static char texts[COUNT][32];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < COUNT; i++) {
            snprintf(texts[i], sizeof texts[i], "SELECT %d", i);
            Batch *batch = run_one(LANE_LIST, false, texts[i]);
            assert_int_equal(strtol(first_value(batch), NULL, 10), i);
            batch_release(batch);
        }
    }
    Batch *batch = run_one(LANE_LIST, false, "SELECT count(*) <= 257 FROM pg_prepared_statements");
    assert_string_equal(first_value(batch), "t");
    batch_release(batch);
}

/* One read of a record among others of its kind. */
static Batch *submit_key(const char *sql, int key) {
    const char **params = arena_alloc(fixture_arena, sizeof *params);
    params[0] = arena_integer(fixture_arena, key);
    Batch *batch = batch_of(LANE_POINT, false, sql);
    batch->statements[0].param_count = 1;
    batch->statements[0].params = params;
    batch_gathers(batch, key);
    return submit(batch);
}

/* Reads that wait together are one statement, and each gets its own record or none. */
static void test_gathering(void **state) {
    (void)state;
    enum { COUNT = 20 };
    static const char *const texts[] = {"SELECT id, value FROM public.item WHERE id" GATHERS_BY,
                                        "SELECT id, -value FROM public.item WHERE id" GATHERS_BY};
    Batch *batches[2 * COUNT];
    uint64_t statements = pool_counters(fixture_pool)->statements;
    uint64_t gathered = pool_counters(fixture_pool)->gathered;
    for (int i = 0; i < 2 * COUNT; i++)
        batches[i] = submit_key(texts[i % 2], i / 2 == 19 ? 4 : i / 2); /* 4 twice; from 11 on there is none */
    loop_run();
    for (int i = 0; i < 2 * COUNT; i++) {
        int key = i / 2 == 19 ? 4 : i / 2;
        assert_int_equal(batches[i]->outcome, BATCH_DONE);
        assert_int_equal(batch_rows(batches[i], 0), key >= 1 && key <= 10);
        if (key >= 1 && key <= 10) {
            assert_int_equal(result_integer(batches[i]->statements[0].result, 0, 0), key);
            assert_int_equal(result_integer(batches[i]->statements[0].result, 0, 1), i % 2 ? -key : key);
        }
    }
    for (int i = 2 * COUNT - 1; i >= 0; i--)
        batch_release(batches[i]);
    uint64_t sent = pool_counters(fixture_pool)->statements - statements;
    assert_true(sent >= 4 && sent <= 8); /* 16 at most in each */
    assert_int_equal(pool_counters(fixture_pool)->gathered - gathered, 2 * COUNT - sent);
}

/* What fails in one of them, or takes its time, is its own affair. */
static void test_gathering_with_one_that_fails(void **state) {
    (void)state;
    static const char fails[] = "SELECT id, 1 / (id - 5) FROM public.item WHERE id" GATHERS_BY;
    static const char lasts[] =
        "SELECT id, pg_sleep(CASE id WHEN 5 THEN 1 ELSE 0 END) FROM public.item WHERE id" GATHERS_BY;
    Batch *failing[10];
    Batch *lasting[10];
    for (int i = 0; i < 10; i++)
        failing[i] = submit_key(fails, i + 1);
    for (int i = 0; i < 10; i++)
        lasting[i] = submit_key(lasts, i + 1);
    loop_run();
    for (int i = 0; i < 10; i++) {
        if (i + 1 == 5)
            assert_string_equal(failing[i]->error.sqlstate, "22012");
        else
            assert_int_equal(strtol(first_value(failing[i]), NULL, 10), i + 1);
        assert_int_equal(strtol(first_value(lasting[i]), NULL, 10), i + 1);
        batch_release(failing[i]);
        batch_release(lasting[i]);
    }
}

static const char *item_joined(const Batch *batch, int index, void *of) {
    (void)batch, (void)index, (void)of;
    return "WITH s AS (SELECT * FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS s (p1, p2, n)), "
           "t AS (INSERT INTO public.item AS t (id, value) SELECT s.p1::integer, s.p2::integer FROM s WHERE p1 <> '666' "
           "ON CONFLICT (id) DO NOTHING RETURNING t.id) "
           "SELECT t.id, pg_current_xact_id(), s.n FROM s LEFT JOIN t ON s.p1::integer = t.id WHERE p1 <> '666'";
}

/* One write among others of its kind: `value` is to be unique, at the latest when its transaction ends. */
static Batch *submit_item(int id, int value) {
    const char **params = arena_alloc(fixture_arena, 2 * sizeof *params);
    params[0] = arena_integer(fixture_arena, id);
    params[1] = arena_integer(fixture_arena, value);
    Batch *batch =
        batch_of(LANE_WRITE, true,
                 "INSERT INTO public.item AS t (id, value) SELECT $1::integer, $2::integer WHERE $1 <> '666' "
                 "RETURNING t.id, t.xmin");
    batch->statements[0].param_count = 2;
    batch->statements[0].params = params;
    batch_joins(batch, item_joined, NULL);
    return submit(batch);
}

/* Writes that wait together are one transaction; each gets its own row. Who has none is refused; who has an empty one
 * is run by itself. */
static void test_joining(void **state) {
    (void)state;
    enum { COUNT = 12 };
    static const int ids[COUNT] = {200, 201, 666, 202, 1, 203, 204, 205, 206, 207, 208, 209}; /* 1 is there */
    Batch *batches[COUNT];
    uint64_t joined = pool_counters(fixture_pool)->joined;
    for (int i = 0; i < COUNT; i++)
        batches[i] = submit_item(ids[i], 1000 + ids[i]);
    loop_run();
    const char *transaction = result_value(batches[0]->statements[0].result, 0, 1);
    for (int i = 0; i < COUNT; i++) {
        if (ids[i] == 1 || ids[i] == 666) {
            assert_int_equal(batches[i]->outcome, BATCH_FAILED);
            assert_string_equal(batches[i]->error.sqlstate, ids[i] == 1 ? "23505" : SQLSTATE_REFERS);
            assert_string_equal(batches[i]->error.constraint, ids[i] == 1 ? "item_pkey" : "");
            continue;
        }
        assert_int_equal(batches[i]->outcome, BATCH_DONE);
        assert_int_equal(result_integer(batches[i]->statements[0].result, 0, 0), ids[i]);
        assert_string_equal(result_value(batches[i]->statements[0].result, 0, 1), transaction);
    }
    for (int i = COUNT - 1; i >= 0; i--)
        batch_release(batches[i]);
    assert_int_equal(pool_counters(fixture_pool)->joined - joined, COUNT - 1);
}

/* One that only the commit refuses takes nobody with it; what keeps failing is not joined any more, and is again when
 * it goes well. */
static void test_joining_with_one_that_fails(void **state) {
    (void)state;
    enum { COUNT = 8, ROUNDS = 5, MORE = 200 };
    Batch *more[MORE];
    for (int round = 0; round < ROUNDS; round++) {
        Batch *batches[COUNT];
        uint64_t joined = pool_counters(fixture_pool)->joined;
        for (int i = 0; i < COUNT; i++) {
            int id = 300 + round * COUNT + i;
            batches[i] = submit_item(id, i == 3 ? 1200 : id);
        }
        loop_run();
        for (int i = 0; i < COUNT; i++) {
            if (i == 3)
                assert_string_equal(batches[i]->error.constraint, "item_value_key");
            assert_int_equal(batches[i]->outcome, i == 3 ? BATCH_FAILED : BATCH_DONE);
            batch_release(batches[i]);
        }
        joined = pool_counters(fixture_pool)->joined - joined;
        if (round == 0)
            assert_int_equal(joined, COUNT - 1);
        if (round == ROUNDS - 1)
            assert_true(joined < COUNT - 1);
    }
    for (int i = 0; i < MORE; i++) {
        Batch *batch = submit_item(400 + i, 400 + i);
        if (i % 8 == 7)
            loop_run();
        more[i] = batch;
    }
    for (int i = 0; i < MORE; i++)
        batch_release(more[i]);
    uint64_t joined = pool_counters(fixture_pool)->joined;
    Batch *batches[COUNT];
    for (int i = 0; i < COUNT; i++)
        batches[i] = submit_item(700 + i, 700 + i);
    loop_run();
    for (int i = 0; i < COUNT; i++)
        batch_release(batches[i]);
    assert_int_equal(pool_counters(fixture_pool)->joined - joined, COUNT - 1);
}

/* A lane's spare connection is made when the first does not answer, and what comes then goes past it. */
static void test_spare_connection(void **state) {
    (void)state;
    pool_end();
    pool_start(500, 3000);
    loop_until_ready();
    for (int i = 0; i < 10; i++)
        batch_release(run_one(LANE_POINT, false, "SELECT 1"));
    uint64_t connections = pool_counters(fixture_pool)->reconnects;
    uint64_t awake = 0;
    for (int lane = 0; lane < LANE_COUNT; lane++)
        awake += !lane_rules[lane].sleeps;
    assert_int_equal(connections, awake);
    Batch *lasting = submit(batch_of(LANE_POINT, false, "SELECT 5 FROM pg_sleep(0.4)"));
    loop_turn();
    usleep(5000);
    Batch *behind = submit(batch_of(LANE_POINT, false, "SELECT 6"));
    while (pool_counters(fixture_pool)->reconnects == connections)
        loop_turn();
    Batch *past = submit(batch_of(LANE_POINT, false, "SELECT 7"));
    while (past->outcome == BATCH_PENDING)
        loop_turn();
    assert_int_equal(lasting->outcome, BATCH_PENDING);
    assert_string_equal(first_value(past), "7");
    loop_run();
    assert_string_equal(first_value(lasting), "5");
    assert_string_equal(first_value(behind), "6");
    batch_release(lasting);
    batch_release(behind);
    batch_release(past);
}

static void test_full_queue(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    static Batch *batches[COUNT];
    int count[BATCH_UNKNOWN + 1] = {0};
    for (int i = 0; i < COUNT; i++)
        batches[i] = submit(batch_of(LANE_POINT, false, "SELECT 1"));
    assert_int_equal(pool_load(fixture_pool), COUNT);
    loop_run();
    for (int i = 0; i < COUNT; i++) {
        count[batches[i]->outcome]++;
        batch_release(batches[i]);
    }
    assert_int_equal(count[BATCH_DONE] + count[BATCH_BUSY], COUNT);
    assert_int_equal(count[BATCH_DONE], 2 * 64 + 100); /* in flight on both connections, and the queue */
}

/* Only the server's processes of this pool are ended: nobody hears of it but a write that was under way. */
static void test_backend_ends(void **state) {
    (void)state;
    Batch *write = submit(batch_of(LANE_WRITE, true, "SELECT 5 FROM pg_sleep(0.5)"));
    Batch *read = submit(batch_of(LANE_LIST, false, "SELECT 6 FROM pg_sleep(0.4)"));
    loop_turn();
    usleep(100000);
    Batch *end = submit(batch_of(LANE_SLOW, false,
                                 "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                 "WHERE application_name = 'onrecord' AND pid <> pg_backend_pid()"));
    loop_run();
    assert_true(strtol(first_value(end), NULL, 10) >= 3);
    assert_string_equal(first_value(write), "5"); /* FATAL before its Sync: nothing had been changed, so it ran again */
    assert_string_equal(first_value(read), "6");
    batch_release(end);
    batch_release(write);
    batch_release(read);
}

/* The whole server dies, without a word. */
static void test_server_dies(void **state) {
    (void)state;
    Batch *write = submit(batch_of(LANE_WRITE, true, "SELECT 5 FROM pg_sleep(2)"));
    Batch *behind = submit(batch_of(LANE_WRITE, true, "INSERT INTO public.item VALUES (77, 77)"));
    loop_turn();
    usleep(100000);
    pid_t pid = embedded_pid(fixture_cluster);
    Batch *ask = submit(batch_of(LANE_POINT, false,
                                 "SELECT pid FROM pg_stat_activity WHERE query LIKE '%pg_sleep(2)%' AND pid <> "
                                 "pg_backend_pid()"));
    while (ask->outcome == BATCH_PENDING)
        loop_turn();
    pid_t backend = (pid_t)strtol(first_value(ask), NULL, 10);
    batch_release(ask);
    kill(backend, SIGKILL); /* as if it had crashed: the postmaster ends all others, recovers, and serves again */
    loop_run();
    assert_int_equal(write->outcome, BATCH_UNAVAILABLE); /* its commit was not sent */
    assert_true(behind->outcome == BATCH_UNAVAILABLE || behind->outcome == BATCH_DONE);
    const char *expected = behind->outcome == BATCH_DONE ? "1" : "0";
    batch_release(write);
    batch_release(behind);

    Batch *away = run_one(LANE_POINT, false, "SELECT 1");
    assert_true(away->outcome == BATCH_UNAVAILABLE || away->outcome == BATCH_DONE);
    batch_release(away);
    loop_until_ready();
    assert_int_equal(embedded_pid(fixture_cluster), pid);
    Batch *again = run_one(LANE_POINT, false, "SELECT count(*) FROM public.item WHERE id = 77");
    assert_string_equal(first_value(again), expected);
    batch_release(again);
}

static void test_nobody_is_forgotten(void **state) {
    (void)state;
    Batch *in_flight = submit(batch_of(LANE_WRITE, true, "SELECT pg_sleep(1)"));
    Batch *reading = submit(batch_of(LANE_POINT, false, "SELECT pg_sleep(0.2)"));
    pool_flush(fixture_pool);
    Batch *queued = submit(batch_of(LANE_WRITE, true, "SELECT 1"));
    pool_end();
    assert_int_equal(fixture_open, 0);
    assert_int_equal(in_flight->outcome, BATCH_UNAVAILABLE);
    assert_int_equal(reading->outcome, BATCH_UNAVAILABLE);
    assert_int_equal(queued->outcome, BATCH_UNAVAILABLE);
    pool_start(500, 3000);
    Batch *early = run_one(LANE_POINT, false, "SELECT 1"); /* before any connection is ready */
    assert_int_equal(early->outcome, BATCH_UNAVAILABLE);
    loop_until_ready();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcomes),
        cmocka_unit_test(test_deferred),
        cmocka_unit_test(test_one_transaction),
        cmocka_unit_test(test_failure_among_others),
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_eviction),
        cmocka_unit_test(test_gathering),
        cmocka_unit_test(test_gathering_with_one_that_fails),
        cmocka_unit_test(test_joining),
        cmocka_unit_test(test_joining_with_one_that_fails),
        cmocka_unit_test(test_spare_connection),
        cmocka_unit_test(test_full_queue),
        cmocka_unit_test(test_backend_ends),
        cmocka_unit_test(test_server_dies),
        cmocka_unit_test(test_nobody_is_forgotten),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
