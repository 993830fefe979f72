/* db_fixture.h: a PostgreSQL of the test's own, in a folder under /tmp that is gone afterwards; and a loop that drives
 * a pool as a worker would. */
#ifndef ONRECORD_TESTS_DB_FIXTURE_H
#define ONRECORD_TESTS_DB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/moment.h"
#include "db/embedded.h"
#include "db/pool.h"

enum { PATIENCE_US = 60000000 };

static char fixture_folder[64];
static Embedded *fixture_cluster;
static Arena *fixture_arena;
static Pool *fixture_pool;
static int fixture_epoll;
static int fixture_open; /* batches without an outcome yet */

static inline int cluster_setup(void **state) {
    (void)state;
    char fault[1024];
    log_init("error", "text");
    snprintf(fixture_folder, sizeof fixture_folder, "/tmp/onrecord-unit-XXXXXX");
    if (!mkdtemp(fixture_folder) || chmod(fixture_folder, 0755) != 0)
        return -1;
    fixture_arena = arena_new();
    fixture_cluster = embedded_start(fixture_folder, fault, sizeof fault);
    if (!fixture_cluster)
        fprintf(stderr, "%s\n", fault);
    return fixture_cluster ? 0 : -1;
}

static inline int cluster_teardown(void **state) {
    (void)state;
    char command[128];
    if (fixture_cluster)
        embedded_stop(fixture_cluster);
    arena_free(fixture_arena);
    snprintf(command, sizeof command, "rm -rf %s", fixture_folder);
    return system(command); /* NOLINT(cert-env33-c): a name of our own making */
}

/* One turn of a worker's loop. */
static inline void loop_turn(void) {
    struct epoll_event events[16];
    int timeout = pool_timeout_ms(fixture_pool, clock_monotonic_us());
    if (pool_flush(fixture_pool))
        timeout = 0;
    int count = epoll_wait(fixture_epoll, events, 16, timeout < 0 || timeout > 20 ? 20 : timeout);
    for (int i = 0; i < count; i++)
        assert_true(pool_event(fixture_pool, events[i].data.ptr, events[i].events));
    pool_tick(fixture_pool, clock_monotonic_us());
}

/* Turns until all batches have their outcome. */
static inline void loop_run(void) {
    int64_t began = clock_monotonic_us();
    while (fixture_open > 0) {
        loop_turn();
        assert_true(clock_monotonic_us() - began < PATIENCE_US);
    }
}

static inline void loop_until_ready(void) {
    int64_t began = clock_monotonic_us();
    while (!pool_ready(fixture_pool)) {
        loop_turn();
        assert_true(clock_monotonic_us() - began < PATIENCE_US);
    }
}

static inline void pool_start(int quick_timeout_ms, int slow_timeout_ms) {
    PoolConfig config = {.conninfo = embedded_conninfo(fixture_cluster),
                         .connections = {2, 1, 1, 1, 1, 2, 1},
                         .queue_max = {100, 100, 100, 100, 100, 0},
                         .gather_max = 16,
                         .quick_timeout_ms = quick_timeout_ms,
                         .slow_timeout_ms = slow_timeout_ms,
                         .export_timeout_ms = slow_timeout_ms};
    fixture_epoll = epoll_create1(EPOLL_CLOEXEC);
    fixture_pool = pool_new(&config, fixture_epoll);
}

static inline void pool_end(void) {
    pool_free(fixture_pool);
    fixture_pool = NULL;
    close(fixture_epoll);
}

static inline void batch_completed(Batch *batch) {
    int *times = batch->owner;
    assert_int_equal(++*times, 1);
    fixture_open--;
}

/* A batch of one statement in the arena; more may be added before it is submitted. */
static inline Batch *batch_of(Lane lane, bool write, const char *sql) {
    Batch *batch = arena_calloc(fixture_arena, 1, sizeof *batch);
    batch_init(batch, fixture_arena, lane, batch_completed, arena_calloc(fixture_arena, 1, sizeof(int)));
    batch->write = write;
    batch_add(batch, sql, 0, NULL);
    return batch;
}

static inline Batch *submit(Batch *batch) {
    fixture_open++;
    pool_submit(fixture_pool, batch);
    return batch;
}

/* Runs one batch alone and answers it. */
static inline Batch *run_one(Lane lane, bool write, const char *sql) {
    Batch *batch = submit(batch_of(lane, write, sql));
    loop_run();
    return batch;
}

static inline const char *first_value(const Batch *batch) {
    assert_int_equal(batch->outcome, BATCH_DONE);
    assert_true(batch_rows(batch, 0) > 0);
    return result_value(batch->statements[0].result, 0, 0);
}

#endif
