#include "db/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/moment.h"
#include "db/pool_state.h"
#include "db/rows.h"
#include "db/session.h"

void pool_complete(Pool *pool, Batch *batch, BatchOutcome outcome) {
    if (outcome != BATCH_DONE) {
        for (int i = 0; i < batch->count; i++) {
            rows_release(batch->statements[i].result);
            batch->statements[i].result = NULL;
        }
    }
    batch->outcome = outcome;
    pool->completed = true;
    batch->complete(batch);
}

/* ---- what became of a connection ---- */

/* Host, database and role; never the connection string, which may hold a password. No `reason`: libpq's own. */
static void log_connection(LogLevel level, const char *event, const Connection *c, const char *reason) {
    bool understood = c->pg && session_understood(c->pg);
    const char *host = understood ? PQhost(c->pg) : NULL;
    const char *database = understood ? PQdb(c->pg) : NULL;
    const char *role = understood ? PQuser(c->pg) : NULL;
    char text[512] = "";
    if (reason)
        snprintf(text, sizeof text, "%s", reason);
    else
        session_reason(c->pg, text, sizeof text);
    log_event(level, event, "host", host ? host : "", "database", database ? database : "", "role", role ? role : "",
              "lane", lane_rules[c->lane].name, "reason", text, NULL);
}

void pool_connection_ready(Pool *pool, Connection *c) {
    c->gives_way = lane_rules[c->lane].nice == 0 || !pool->home.owns_processes;
    pool->lanes[c->lane].ready++;
    pool->ready++;
    pool->home.counters.reconnects++;
    for (int i = 0; i < pool->connection_count; i++) /* PostgreSQL is back: the others need not wait either */
        if (pool->connections[i].state == CONNECTION_DOWN)
            pool->connections[i].retry_us = 0;
    if (pool->outage && pool_ready(pool)) {
        pool->outage = false;
        log_connection(LOG_INFO, "database connections are back", c, "");
    }
}

void pool_connection_fault(Pool *pool, Connection *c, bool was_ready, const char *reason) {
    LaneState *lane = &pool->lanes[c->lane];
    if (was_ready) {
        pool->ready--;
        lane->ready--;
        if (lane->ready == 0)
            lane->lost_us = clock_monotonic_us();
    }
    if (pool->outage)
        return;
    pool->outage = !c->spare;
    log_connection(LOG_WARNING, was_ready ? "database connection lost" : "no database connection", c, reason);
}

void pool_connection_renewed(Pool *pool, Connection *c) {
    LaneState *lane = &pool->lanes[c->lane];
    pool->ready--;
    if (--lane->ready == 0)
        lane->lost_us = clock_monotonic_us();
}

bool pool_has_twin(const Pool *pool, const Connection *c) {
    for (int i = 0; i < pool->connection_count; i++) {
        const Connection *other = &pool->connections[i];
        if (other != c && (other->state == CONNECTION_READY || other->state == CONNECTION_GREETING) &&
            other->backend_pid == c->backend_pid)
            return true;
    }
    return false;
}

void pool_session_shared(Pool *pool) {
    int64_t retry_us = clock_monotonic_us() + SHARED_RETRY_US;
    for (int i = 0; i < pool->connection_count; i++) {
        Connection *c = &pool->connections[i];
        if (c->state != CONNECTION_DOWN && c->state != CONNECTION_DORMANT)
            connection_lost(c, "a pooler (such as PgBouncer in transaction mode) changes the session under the "
                               "connection: use its session mode, or connect directly");
        c->retry_us = retry_us;
    }
}
/* ---- the pool ---- */

Pool *pool_new(const PoolConfig *config, int epoll_fd) {
    Pool *pool = memory_zeroed(1, sizeof *pool);
    for (int lane = 0; lane < LANE_COUNT; lane++)
        pool->connection_count += config->connections[lane];
    pool->connections = memory_zeroed((size_t)pool->connection_count, sizeof *pool->connections);
    pool->gather_max = config->gather_max;
    pool->home = (ConnectionHome){.pool = pool,
                                  .conninfo = memory_text(config->conninfo),
                                  .epoll_fd = epoll_fd,
                                  .owns_processes = config->owns_processes,
                                  .tells_touched = config->tells_touched};
    memcpy(pool->home.timeout_ms, config->timeout_ms, sizeof pool->home.timeout_ms);
    pool->outcomes = (Outcomes){.pool = pool, .patience_ms = config->timeout_ms[TIMEOUT_SLOW]};
    random_bytes(&pool->home.random, sizeof pool->home.random);
    Connection *c = pool->connections;
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        LaneState *state = &pool->lanes[lane];
        state->rules = &lane_rules[lane];
        state->connections = c;
        state->connection_count = config->connections[lane];
        state->queue_max = config->queue_max[lane];
        state->lost_us = clock_monotonic_us();
        state->together = config->gather_max * TOGETHER_ONE;
        for (int i = 0; i < state->connection_count; i++, c++)
            connection_init(c, &pool->home, (Lane)lane, i > 0 || lane_rules[lane].sleeps);
    }
    for (int i = 0; i < pool->connection_count; i++)
        if (!pool->connections[i].spare)
            connection_start(&pool->connections[i]);
    return pool;
}

void pool_free(Pool *pool) {
    if (!pool)
        return;
    pool->ready = 0;
    for (int lane = 0; lane < LANE_COUNT; lane++)
        pool->lanes[lane].ready = 0;
    outcomes_end(&pool->outcomes);
    for (int i = 0; i < pool->connection_count; i++)
        connection_close(&pool->connections[i]);
    while (pool_load(pool) > 0)
        for (int lane = 0; lane < LANE_COUNT; lane++)
            lane_complete(pool, &pool->lanes[lane], BATCH_UNAVAILABLE);
    free(pool->connections);
    free(pool->home.conninfo);
    free(pool);
}

void pool_submit(Pool *pool, Batch *batch) {
    batch->outcome = BATCH_PENDING;
    batch->runs_in = batch->lane;
    batch->alone = batch->retried = batch->rerun = batch->left_out = batch->refused = batch->slowed = false;
    batch->gathering = NULL;
    batch->connection = NULL;
    batch->locked_us = 0;
    batch->queued_us = clock_monotonic_us();
    for (int i = 0; i < batch->count; i++)
        batch->statements[i].result = NULL;
    bool gathers = batch->gathers && pool->gather_max > 1;
    queue_push(&pool->lanes[batch->lane].queues[gathers ? WAIT_GATHERING : WAIT_TURN], batch);
}

void pool_go_on(Pool *pool, const Batch *batch) {
    Connection *c = batch->connection;
    if (c && c->paused) {
        c->goes_on = true;
        pool->goes_on = true;
    }
}

void pool_leave(Pool *pool, Batch *batch) {
    if (batch->connection) {
        connection_leave(batch->connection);
        batch->connection = NULL;
        return;
    }
    for (int wait = 0; wait < WAIT_COUNT; wait++)
        queue_remove(&pool->lanes[batch->runs_in].queues[wait], batch);
}
/* Gives the memory of swollen connections back: one at a time, so that the others serve meanwhile. */
static void pool_slim(Pool *pool) {
    bool left = false;
    for (int i = 0; i < pool->connection_count; i++)
        if (pool->connections[i].state != CONNECTION_READY && pool->connections[i].state != CONNECTION_DORMANT)
            return;
    for (int i = 0; i < pool->connection_count; i++) {
        if (connection_renew(&pool->connections[i]))
            return;
        left = left || pool->connections[i].swollen;
    }
    pool->home.swollen = left;
}

static void pool_take_more(Pool *pool) {
    pool->goes_on = false;
    for (int i = 0; i < pool->connection_count; i++)
        if (pool->connections[i].goes_on)
            connection_go_on(&pool->connections[i]);
}

bool pool_flush(Pool *pool) {
    pool->completed = false;
    if (pool->goes_on)
        pool_take_more(pool);
    for (int lane = 0; lane < LANE_COUNT; lane++)
        lane_flush(pool, &pool->lanes[lane]);
    if (pool->home.swollen)
        pool_slim(pool);
    return pool->completed;
}

static bool is_ours(const Pool *pool, const void *event_data) {
    const Connection *first = pool->connections;
    return (uintptr_t)event_data >= (uintptr_t)first &&
           (uintptr_t)event_data < (uintptr_t)(first + pool->connection_count);
}

bool pool_streams(const Pool *pool, const void *event_data) {
    return is_ours(pool, event_data) && lane_rules[((const Connection *)event_data)->lane].streams;
}

bool pool_event(Pool *pool, void *event_data, uint32_t events) {
    if (!is_ours(pool, event_data))
        return false;
    connection_event(event_data, events);
    return true;
}

/* Until when a batch may wait in a queue. */
static int64_t patience_ends_us(const Pool *pool, const Batch *batch) {
    return batch->queued_us + (int64_t)pool->home.timeout_ms[TIMEOUT_SLOW] * 1000 + 5000000;
}

static int64_t earlier(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* When what waits in the lane wants to be looked at. */
static int64_t lane_due_us(const Pool *pool, const LaneState *lane, int64_t now_us) {
    int64_t due = INT64_MAX;
    bool waits = false;
    for (int wait = 0; wait < WAIT_COUNT; wait++) {
        const Batch *oldest = lane->queues[wait].first;
        waits = waits || oldest;
        if (oldest)
            due = earlier(due, patience_ends_us(pool, oldest));
    }
    if (waits && lane->ready == 0)
        due = earlier(due, lane->lost_us + lane_grace_us(lane));
    for (int i = 0; waits && i < lane->connection_count; i++) {
        int64_t stalls = connection_stalls_us(&lane->connections[i]);
        int64_t gathers = lane_gathers_us(lane, &lane->connections[i]);
        due = stalls > now_us ? earlier(due, stalls) : due;
        due = gathers > now_us ? earlier(due, gathers) : due;
    }
    return due;
}

int pool_timeout_ms(const Pool *pool, int64_t now_us) {
    int64_t due = outcomes_due_us(&pool->outcomes);
    for (int i = 0; i < pool->connection_count; i++)
        due = earlier(due, connection_due_us(&pool->connections[i]));
    for (int lane = 0; lane < LANE_COUNT; lane++)
        due = earlier(due, lane_due_us(pool, &pool->lanes[lane], now_us));
    if (due == INT64_MAX)
        return -1;
    return due <= now_us ? 0 : (int)((due - now_us + 999) / 1000);
}

static void queue_tick(Pool *pool, Queue *queue, int64_t now_us) {
    while (queue->first && patience_ends_us(pool, queue->first) <= now_us)
        pool_complete(pool, queue_pop(queue), BATCH_BUSY);
}

void pool_tick(Pool *pool, int64_t now_us) {
    for (int i = 0; i < pool->connection_count; i++)
        connection_tick(&pool->connections[i], now_us);
    outcomes_tick(&pool->outcomes, now_us);
    for (int lane = 0; lane < LANE_COUNT; lane++)
        for (int wait = 0; wait < WAIT_COUNT; wait++)
            queue_tick(pool, &pool->lanes[lane].queues[wait], now_us);
}

bool pool_ready(const Pool *pool) {
    for (int lane = 0; lane < LANE_COUNT; lane++)
        if (pool->lanes[lane].ready == 0 && !lane_rules[lane].sleeps)
            return false;
    return true;
}

int pool_load(const Pool *pool) {
    int load = pool->outcomes.count;
    for (int i = 0; i < pool->connection_count; i++)
        load += pool->connections[i].in_flight;
    for (int lane = 0; lane < LANE_COUNT; lane++)
        for (int wait = 0; wait < WAIT_COUNT; wait++)
            load += pool->lanes[lane].queues[wait].length;
    return load;
}

const PoolCounters *pool_counters(const Pool *pool) {
    return &pool->home.counters;
}
