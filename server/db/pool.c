#include "db/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/moment.h"
#include "db/connection.h"
#include "db/memory.h"
#include "db/session.h"

typedef struct Queue {
    Batch *first;
    Batch *last;
    int length;
} Queue;

/* The batches of one lane that wait, and the connections that they wait for. */
typedef struct LaneState {
    Connection *connections;
    int connection_count;
    int ready;       /* of those */
    int64_t lost_us; /* none is ready: since when */
    int queue_max;
    Queue again; /* to be run once more: goes first, and is not bounded by queue_max */
    Queue waiting;
} LaneState;

struct Pool {
    ConnectionHome home;
    Connection *connections; /* of all lanes, one after another */
    int connection_count;
    LaneState lanes[LANE_COUNT];
    int ready;      /* connections, of all lanes */
    bool completed; /* since the last flush began */
    bool outage;    /* was logged; ends when all lanes are ready */
};

static const char *const lane_names[LANE_COUNT] = {
    [LANE_POINT] = "point", [LANE_LIST] = "list", [LANE_WRITE] = "write", [LANE_SLOW] = "slow"};

enum {
    GRACE_US = 500000,        /* how long batches wait for a lane's connection while PostgreSQL serves other lanes */
    SHARED_RETRY_US = 5000000 /* a pooler that will not do may be another one tomorrow */
};

/* ---- queues ---- */

static void queue_push(Queue *queue, Batch *batch) {
    batch->next = NULL;
    *(queue->last ? &queue->last->next : &queue->first) = batch;
    queue->last = batch;
    queue->length++;
}

static Batch *queue_pop(Queue *queue) {
    Batch *batch = queue->first;
    if (!batch)
        return NULL;
    queue->first = batch->next;
    if (!queue->first)
        queue->last = NULL;
    queue->length--;
    return batch;
}

static void complete(Pool *pool, Batch *batch, BatchOutcome outcome) {
    if (outcome != BATCH_DONE) {
        for (int i = 0; i < batch->count; i++) {
            PQclear(batch->statements[i].result);
            batch->statements[i].result = NULL;
        }
    }
    batch->outcome = outcome;
    pool->completed = true;
    batch->complete(batch);
}

/* Completes all that waits there. What its owners queue meanwhile stays for the next turn. */
static void queue_complete(Pool *pool, Queue *queue, BatchOutcome outcome) {
    Queue gone = *queue;
    *queue = (Queue){0};
    for (Batch *batch = queue_pop(&gone); batch; batch = queue_pop(&gone))
        complete(pool, batch, outcome);
}

/* ---- what became of a batch ---- */

/* A lane without a connection whose batches need not wait: PostgreSQL is away, and not just one of its processes. */
static bool lane_is_down(const Pool *pool, const LaneState *lane) {
    return lane->ready == 0 && (pool->ready == 0 || clock_monotonic_us() - lane->lost_us >= GRACE_US);
}

/* Makes it as it was before it ran. */
static void batch_rewind(Pool *pool, Batch *batch) {
    for (int i = 0; i < batch->count; i++) {
        PQclear(batch->statements[i].result);
        batch->statements[i].result = NULL;
    }
    batch->outcome = BATCH_PENDING;
    memset(&batch->error, 0, sizeof batch->error);
    pool->home.counters.retries++;
}

static void run_again(Pool *pool, Batch *batch) {
    batch_rewind(pool, batch);
    queue_push(&pool->lanes[batch->runs_in].again, batch);
}

/* It took longer than a quick lane allows: it waits its turn, and counts, among the slow ones. */
static void run_slowly(Pool *pool, Batch *batch) {
    batch_rewind(pool, batch);
    batch->runs_in = LANE_SLOW;
    batch->queued_us = clock_monotonic_us();
    queue_push(&pool->lanes[LANE_SLOW].waiting, batch);
}

static void settle_failed(Pool *pool, Batch *batch) {
    const char *state = batch->error.sqlstate;
    bool quick = batch->runs_in == LANE_POINT || batch->runs_in == LANE_LIST;
    bool stale = strcmp(state, "26000") == 0 || strcmp(state, "0A000") == 0;
    if (stale && !batch->retried) {
        batch->retried = true;
        run_again(pool, batch);
    } else if (strcmp(state, "57014") == 0 && quick && !batch->write) {
        run_slowly(pool, batch);
    } else {
        pool->home.counters.errors++;
        complete(pool, batch, BATCH_FAILED);
    }
}

void pool_settle(Pool *pool, Batch *batch, Settlement settlement) {
    switch (settlement) {
    case SETTLED_DONE:
        complete(pool, batch, BATCH_DONE);
        break;
    case SETTLED_FAILED:
        settle_failed(pool, batch);
        break;
    case SETTLED_SKIPPED:
        batch->alone = true;
        run_again(pool, batch);
        break;
    case SETTLED_NOT_RUN:
        if (batch->rerun || lane_is_down(pool, &pool->lanes[batch->runs_in])) {
            complete(pool, batch, BATCH_UNAVAILABLE);
        } else {
            batch->rerun = true;
            run_again(pool, batch);
        }
        break;
    case SETTLED_UNKNOWN:
        complete(pool, batch, BATCH_UNKNOWN);
        break;
    }
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
              "lane", lane_names[c->lane], "reason", text, NULL);
}

void pool_connection_ready(Pool *pool, Connection *c) {
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
    pool->outage = true;
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
        if (c->state != CONNECTION_DOWN)
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
    pool->home = (ConnectionHome){.pool = pool,
                                  .conninfo = memory_text(config->conninfo),
                                  .epoll_fd = epoll_fd,
                                  .quick_timeout_ms = config->quick_timeout_ms,
                                  .slow_timeout_ms = config->slow_timeout_ms};
    random_bytes(&pool->home.random, sizeof pool->home.random);
    Connection *c = pool->connections;
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        LaneState *state = &pool->lanes[lane];
        state->connections = c;
        state->connection_count = config->connections[lane];
        state->queue_max = config->queue_max[lane];
        state->lost_us = clock_monotonic_us();
        for (int i = 0; i < state->connection_count; i++, c++)
            connection_init(c, &pool->home, (Lane)lane);
    }
    for (int i = 0; i < pool->connection_count; i++)
        connection_start(&pool->connections[i]);
    return pool;
}

void pool_free(Pool *pool) {
    if (!pool)
        return;
    pool->ready = 0;
    for (int lane = 0; lane < LANE_COUNT; lane++)
        pool->lanes[lane].ready = 0;
    for (int i = 0; i < pool->connection_count; i++)
        connection_close(&pool->connections[i]);
    while (pool_load(pool) > 0) {
        for (int lane = 0; lane < LANE_COUNT; lane++) {
            queue_complete(pool, &pool->lanes[lane].again, BATCH_UNAVAILABLE);
            queue_complete(pool, &pool->lanes[lane].waiting, BATCH_UNAVAILABLE);
        }
    }
    free(pool->connections);
    free(pool->home.conninfo);
    free(pool);
}

void pool_submit(Pool *pool, Batch *batch) {
    batch->outcome = BATCH_PENDING;
    batch->runs_in = batch->lane;
    batch->alone = batch->retried = batch->rerun = false;
    batch->queued_us = clock_monotonic_us();
    for (int i = 0; i < batch->count; i++)
        batch->statements[i].result = NULL;
    queue_push(&pool->lanes[batch->lane].waiting, batch);
}

static Connection *connection_with_room(const LaneState *lane) {
    Connection *best = NULL;
    int best_room = 0;
    for (int i = 0; i < lane->connection_count; i++) {
        int room = connection_room(&lane->connections[i]);
        if (room > best_room) {
            best = &lane->connections[i];
            best_room = room;
        }
    }
    return best;
}

static Batch *lane_next(LaneState *lane) {
    Batch *batch = queue_pop(&lane->again);
    return batch ? batch : queue_pop(&lane->waiting);
}

/* The newest of those that wait beyond the bound. */
static void lane_refuse_excess(Pool *pool, LaneState *lane) {
    if (lane->waiting.length <= lane->queue_max)
        return;
    Queue kept = {0};
    Queue refused = {0};
    for (Batch *batch = queue_pop(&lane->waiting); batch; batch = queue_pop(&lane->waiting))
        queue_push(kept.length < lane->queue_max ? &kept : &refused, batch);
    lane->waiting = kept;
    queue_complete(pool, &refused, BATCH_BUSY);
}

static void lane_flush(Pool *pool, LaneState *lane) {
    Connection *c;
    Batch *batch;
    while ((c = connection_with_room(lane)) && (batch = lane_next(lane))) {
        if (batch->count == 0)
            complete(pool, batch, BATCH_DONE);
        else
            pipeline_send(c, batch);
    }
    for (int i = 0; i < lane->connection_count; i++)
        pipeline_flush(&lane->connections[i]);
    if (lane_is_down(pool, lane)) {
        queue_complete(pool, &lane->again, BATCH_UNAVAILABLE);
        queue_complete(pool, &lane->waiting, BATCH_UNAVAILABLE);
    } else {
        lane_refuse_excess(pool, lane);
    }
}

/* Gives the memory of swollen connections back: one at a time, so that the others serve meanwhile. */
static void pool_slim(Pool *pool) {
    bool left = false;
    if (pool->ready < pool->connection_count)
        return;
    for (int i = 0; i < pool->connection_count; i++) {
        if (connection_renew(&pool->connections[i]))
            return;
        left = left || pool->connections[i].swollen;
    }
    pool->home.swollen = left;
}

bool pool_flush(Pool *pool) {
    pool->completed = false;
    for (int lane = 0; lane < LANE_COUNT; lane++)
        lane_flush(pool, &pool->lanes[lane]);
    if (pool->home.swollen)
        pool_slim(pool);
    return pool->completed;
}

bool pool_event(Pool *pool, void *event_data, uint32_t events) {
    Connection *first = pool->connections;
    if ((uintptr_t)event_data < (uintptr_t)first ||
        (uintptr_t)event_data >= (uintptr_t)(first + pool->connection_count))
        return false;
    connection_event(event_data, events);
    return true;
}

/* How long a batch may wait in a queue. */
static int64_t patience_us(const Pool *pool) {
    return (int64_t)pool->home.slow_timeout_ms * 1000 + 5000000;
}

int pool_timeout_ms(const Pool *pool, int64_t now_us) {
    int64_t due = INT64_MAX;
    for (int i = 0; i < pool->connection_count; i++) {
        int64_t at = connection_due_us(&pool->connections[i]);
        due = at < due ? at : due;
    }
    for (int i = 0; i < LANE_COUNT; i++) {
        const LaneState *lane = &pool->lanes[i];
        const Batch *oldest = lane->waiting.first;
        if (oldest && oldest->queued_us + patience_us(pool) < due)
            due = oldest->queued_us + patience_us(pool);
        if (lane->ready == 0 && (oldest || lane->again.first) && lane->lost_us + GRACE_US < due)
            due = lane->lost_us + GRACE_US;
    }
    if (due == INT64_MAX)
        return -1;
    return due <= now_us ? 0 : (int)((due - now_us + 999) / 1000);
}

void pool_tick(Pool *pool, int64_t now_us) {
    for (int i = 0; i < pool->connection_count; i++)
        connection_tick(&pool->connections[i], now_us);
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        Queue *waiting = &pool->lanes[lane].waiting;
        while (waiting->first && waiting->first->queued_us + patience_us(pool) <= now_us)
            complete(pool, queue_pop(waiting), BATCH_BUSY);
    }
}

bool pool_ready(const Pool *pool) {
    for (int lane = 0; lane < LANE_COUNT; lane++)
        if (pool->lanes[lane].ready == 0 && pool->lanes[lane].connection_count > 0)
            return false;
    return true;
}

int pool_load(const Pool *pool) {
    int load = 0;
    for (int i = 0; i < pool->connection_count; i++)
        load += pool->connections[i].in_flight;
    for (int lane = 0; lane < LANE_COUNT; lane++)
        load += pool->lanes[lane].again.length + pool->lanes[lane].waiting.length;
    return load;
}

const PoolCounters *pool_counters(const Pool *pool) {
    return &pool->home.counters;
}
