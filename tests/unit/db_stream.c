/* Batches that stream: row by row, as fast as they are taken, each on a connection to itself. */
#include "db_fixture.h"

/* What takes the rows of a stream. */
typedef struct Taker {
    int times; /* of the batch: first, as batch_completed counts */
    long rows;
    long last;      /* the first column of the last row */
    long at_a_time; /* rows until it has enough for now */
    long wanted;    /* of those: what is left */
} Taker;

static bool row_take(Batch *batch, const Result *row) {
    Taker *taker = batch->owner;
    assert_int_equal(result_rows(row), 1);
    taker->rows++;
    taker->last = strtol(result_value(row, 0, 0), NULL, 10);
    assert_true(--taker->wanted >= 0);
    return taker->wanted > 0;
}

static Batch *stream_of(const char *sql, long at_a_time) {
    Batch *batch = arena_calloc(fixture_arena, 1, sizeof *batch);
    Taker *taker = arena_calloc(fixture_arena, 1, sizeof *taker);
    taker->at_a_time = taker->wanted = at_a_time;
    batch_init(batch, fixture_arena, LANE_EXPORT, batch_completed, taker);
    batch_add(batch, sql, 0, NULL);
    batch_streams(batch, row_take);
    return submit(batch);
}

static Taker *taker_of(const Batch *batch) {
    return batch->owner;
}

static void take_more(const Batch *batch) {
    taker_of(batch)->wanted = taker_of(batch)->at_a_time;
    pool_go_on(fixture_pool, batch);
}

/* Turns until the stream's taker has enough. */
static void until_full(const Batch *batch) {
    int64_t began = clock_monotonic_us();
    while (taker_of(batch)->wanted > 0 && batch->outcome == BATCH_PENDING) {
        loop_turn();
        assert_true(clock_monotonic_us() - began < PATIENCE_US);
    }
}

/* How many sessions of ours run something, apart from the one that asks. */
static long active_count(void) {
    Batch *batch = submit(batch_of(LANE_POINT, false,
                                   "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'onrecord' AND "
                                   "state = 'active' AND pid <> pg_backend_pid()"));
    while (batch->outcome == BATCH_PENDING)
        loop_turn();
    long count = strtol(first_value(batch), NULL, 10);
    batch_release(batch);
    return count;
}

static void all_rows_come_in_order(void **state) {
    (void)state;
    Batch *batch = stream_of("SELECT i, repeat('x', 100) FROM generate_series(1, 20000) AS i", 1000000);
    loop_run();
    assert_int_equal(batch->outcome, BATCH_DONE);
    assert_int_equal(taker_of(batch)->rows, 20000);
    assert_int_equal(taker_of(batch)->last, 20000);
    assert_int_equal(batch_rows(batch, 0), 0);
    batch_release(batch);
    batch = stream_of("SELECT 1 WHERE false", 1); /* the same connection serves again */
    loop_run();
    assert_int_equal(batch->outcome, BATCH_DONE);
    assert_int_equal(taker_of(batch)->rows, 0);
    batch_release(batch);
}

static void no_more_comes_than_is_taken(void **state) {
    (void)state;
    Batch *batch = stream_of("SELECT i, repeat('x', 1000) FROM generate_series(1, 5000) AS i", 1000);
    for (long rows = 1000; rows < 5000; rows += 1000) {
        until_full(batch);
        for (int i = 0; i < 5; i++)
            loop_turn();
        assert_int_equal(taker_of(batch)->rows, rows);
        assert_int_equal(active_count(), 1); /* PostgreSQL waits, with what the socket does not hold */
        take_more(batch);
    }
    until_full(batch);
    take_more(batch);
    loop_run();
    assert_int_equal(batch->outcome, BATCH_DONE);
    assert_int_equal(taker_of(batch)->last, 5000);
    batch_release(batch);
}

/* Long before it would end by itself. */
static void what_is_left_stops(void **state) {
    (void)state;
    static const char *const texts[] = {
        "SELECT i, repeat('x', 1000) FROM generate_series(1, 1000000) AS i", /* while it sends */
        "SELECT 1 FROM pg_sleep(2.5)",                                       /* before it has anything to send */
    };
    for (int i = 0; i < 2; i++) {
        Batch *batch = stream_of(texts[i], 10);
        if (i == 0)
            until_full(batch);
        while (active_count() == 0)
            loop_turn();
        Batch *meanwhile = submit(batch_of(LANE_SLOW, false, "SELECT 1 FROM pg_sleep(1.5)"));
        while (active_count() < 2)
            loop_turn();
        pool_leave(fixture_pool, batch);
        fixture_open--;
        while (active_count() > 1)
            assert_int_equal(meanwhile->outcome, BATCH_PENDING);
        assert_int_equal(meanwhile->outcome, BATCH_PENDING);
        loop_run();
        batch_release(meanwhile);
        assert_int_equal(batch->outcome, BATCH_PENDING);
        assert_int_equal(taker_of(batch)->times, 0);
    }
    Batch *queued = stream_of("SELECT 1", 10);
    pool_leave(fixture_pool, queued);
    fixture_open--;
    Batch *next = stream_of("SELECT 7", 10);
    loop_run();
    assert_int_equal(queued->outcome, BATCH_PENDING);
    assert_int_equal(taker_of(next)->last, 7);
    batch_release(next);
}

static void who_finds_no_connection_is_refused_at_once(void **state) {
    (void)state;
    Batch *batches[3];
    for (int i = 0; i < 3; i++)
        batches[i] = stream_of("SELECT 1 FROM pg_sleep(0.5)", 10);
    loop_turn();
    assert_int_equal(batches[2]->outcome, BATCH_BUSY);
    assert_int_equal(batches[0]->outcome, BATCH_PENDING);
    Batch *late = stream_of("SELECT 1", 10);
    loop_turn();
    loop_turn();
    assert_int_equal(late->outcome, BATCH_BUSY);
    loop_run();
    assert_int_equal(batches[0]->outcome, BATCH_DONE);
    assert_int_equal(batches[1]->outcome, BATCH_DONE);
    batch_release(batches[0]);
    batch_release(batches[1]);
}

static void a_failure_midway_is_told(void **state) {
    (void)state;
    Batch *batch = stream_of("SELECT 1 / (5000 - i) FROM generate_series(1, 10000) AS i", 100000);
    loop_run();
    assert_int_equal(batch->outcome, BATCH_FAILED);
    assert_string_equal(batch->error.sqlstate, "22012");
    assert_int_equal(taker_of(batch)->rows, 4999);
    batch = stream_of("SELECT i FROM generate_series(1, 10) AS i, LATERAL pg_sleep(i * 0 + 0.4)", 100000);
    loop_run();
    assert_int_equal(batch->outcome, BATCH_FAILED);
    assert_string_equal(batch->error.sqlstate, "57014");
}

/* Nothing of a stream comes twice: it does not begin anew when it has lost its connection. */
static void a_lost_connection_ends_it(void **state) {
    (void)state;
    Batch *batch = stream_of("SELECT i, repeat('x', 1000) FROM generate_series(1, 1000000) AS i", 10);
    until_full(batch);
    Batch *end = submit(batch_of(LANE_POINT, false,
                                 "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
                                 "query LIKE '%1000000%' AND pid <> pg_backend_pid()"));
    while (end->outcome == BATCH_PENDING)
        loop_turn();
    assert_string_equal(first_value(end), "1");
    batch_release(end);
    taker_of(batch)->at_a_time = 10000000;
    take_more(batch);
    loop_run();
    assert_int_equal(batch->outcome, BATCH_UNAVAILABLE);
    assert_true(taker_of(batch)->rows < 1000000);
    assert_int_equal(taker_of(batch)->last, taker_of(batch)->rows);
}

/* Large rows make libpq's buffers grow; they go with the connection. */
static void a_large_row_passes(void **state) {
    (void)state;
    Batch *batch = stream_of("SELECT i, repeat('x', 3000000) FROM generate_series(1, 3) AS i", 1);
    for (long rows = 1; rows <= 3; rows++) {
        until_full(batch);
        assert_int_equal(taker_of(batch)->rows, rows);
        take_more(batch);
    }
    loop_run();
    assert_int_equal(batch->outcome, BATCH_DONE);
    batch_release(batch);
}

static void the_pool_ends_it(void **state) {
    (void)state;
    Batch *batch = stream_of("SELECT i, repeat('x', 1000) FROM generate_series(1, 1000000) AS i", 10);
    until_full(batch);
    pool_end();
    assert_int_equal(fixture_open, 0);
    assert_int_equal(batch->outcome, BATCH_UNAVAILABLE);
    pool_start(500, 3000);
    loop_until_ready();
}

static int setup(void **state) {
    if (cluster_setup(state) != 0 || cluster_schema() != 0)
        return -1;
    pool_start(500, 3000);
    loop_until_ready();
    return 0;
}

static int teardown(void **state) {
    pool_end();
    return cluster_teardown(state);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_rows_come_in_order),   cmocka_unit_test(no_more_comes_than_is_taken),
        cmocka_unit_test(what_is_left_stops),       cmocka_unit_test(who_finds_no_connection_is_refused_at_once),
        cmocka_unit_test(a_failure_midway_is_told), cmocka_unit_test(a_lost_connection_ends_it),
        cmocka_unit_test(a_large_row_passes),       cmocka_unit_test(the_pool_ends_it),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
