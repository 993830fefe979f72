#include "db/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/moment.h"
#include "db/connection.h"
#include "db/gather.h"
#include "db/lane.h"
#include "db/outcome.h"
#include "db/queue.h"
#include "db/rows.h"
#include "db/session.h"

/* Why a batch waits. The order is that in which they are sent. */
typedef enum Wait {
    WAIT_AGAIN, /* to be run once more: not bounded by queue_max */
    WAIT_TURN,
    WAIT_GATHERING, /* for others of its kind, while some are under way */
    WAIT_COUNT
} Wait;

/* The batches of one lane that wait, and the connections that they wait for. */
typedef struct LaneState {
    Connection *connections;
    int connection_count;
    int ready;       /* of those */
    int64_t lost_us; /* none is ready: since when */
    int queue_max;
    Queue queues[WAIT_COUNT];
    int together; /* how many go out as one at the most, in TOGETHER_ONE */
} LaneState;

struct Pool {
    ConnectionHome home;
    Connection *connections; /* of all lanes, one after another */
    int connection_count;
    LaneState lanes[LANE_COUNT];
    Outcomes outcomes;
    int ready; /* connections, of all lanes */
    int gather_max;
    bool goes_on;   /* a connection that was paused */
    bool completed; /* since the last flush began */
    bool outage;    /* was logged; ends when all lanes are ready */
};

enum {
    GRACE_US = 500000,         /* how long batches wait for a lane's connection while PostgreSQL serves other lanes */
    STREAM_GRACE_US = 5000000, /* the same for those that stream: each may need a new one, and has more time */
    TOGETHER_ONE = 8,
    SHARED_RETRY_US = 5000000 /* a pooler that will not do may be another one tomorrow */
};

/* ---- queues ---- */

static void complete(Pool *pool, Batch *batch, BatchOutcome outcome) {
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

/* Completes all that waits there. What its owners queue meanwhile stays for the next turn. */
static void queue_complete(Pool *pool, Queue *queue, BatchOutcome outcome) {
    Queue gone = *queue;
    *queue = (Queue){0};
    for (Batch *batch = queue_pop(&gone); batch; batch = queue_pop(&gone))
        complete(pool, batch, outcome);
}

static void lane_complete(Pool *pool, LaneState *lane, BatchOutcome outcome) {
    for (int wait = 0; wait < WAIT_COUNT; wait++)
        queue_complete(pool, &lane->queues[wait], outcome);
}

/* ---- what became of a batch ---- */

static bool lane_streams(const LaneState *lane) {
    return lane_rules[lane->connections[0].lane].streams;
}

static int64_t lane_grace_us(const LaneState *lane) {
    return lane_streams(lane) ? STREAM_GRACE_US : GRACE_US;
}

/* A lane without a connection whose batches need not wait: PostgreSQL is away, and not just one of its processes. */
static bool lane_is_down(const Pool *pool, const LaneState *lane) {
    return lane->ready == 0 && (pool->ready == 0 || clock_monotonic_us() - lane->lost_us >= lane_grace_us(lane));
}

/* Makes it as it was before it ran. */
static void batch_rewind(Pool *pool, Batch *batch) {
    for (int i = 0; i < batch->count; i++) {
        rows_release(batch->statements[i].result);
        batch->statements[i].result = NULL;
    }
    batch->outcome = BATCH_PENDING;
    batch->left_out = false;
    memset(&batch->error, 0, sizeof batch->error);
    pool->home.counters.retries++;
}

static void run_again(Pool *pool, Batch *batch) {
    batch_rewind(pool, batch);
    queue_push(&pool->lanes[batch->runs_in].queues[WAIT_AGAIN], batch);
}

/* It took longer than a quick lane allows: it waits its turn, and counts, among the slow ones. */
static void run_slowly(Pool *pool, Batch *batch) {
    batch_rewind(pool, batch);
    batch->runs_in = LANE_SLOW;
    batch->queued_us = clock_monotonic_us();
    queue_push(&pool->lanes[LANE_SLOW].queues[WAIT_TURN], batch);
}

static void settle_failed(Pool *pool, Batch *batch) {
    const char *state = batch->error.sqlstate;
    bool quick = lane_rules[batch->runs_in].timeout == TIMEOUT_QUICK;
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

static void settle(Pool *pool, Batch *batch, Settlement settlement) {
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
    case SETTLED_SENT:
        if (batch->proof && !pool->outcomes.ending) {
            outcome_seek(&pool->outcomes, batch);
            break;
        }
        /* fallthrough */
    case SETTLED_UNKNOWN:
        complete(pool, batch, BATCH_UNKNOWN);
        break;
    }
}

static void settle_one_of_many(Pool *pool, Batch *batch, Settlement settlement) {
    if (settlement == SETTLED_FAILED || (settlement == SETTLED_DONE && batch->left_out)) {
        batch->gathers = false;
        run_again(pool, batch);
    } else {
        settle(pool, batch, settlement);
    }
}

/* What goes wrong time and again, whatever it is, takes ever fewer with it, until each goes by itself; as many go well,
 * one by one, until two are tried again. */
static void learn(const Pool *pool, LaneState *lane, Settlement settlement, bool with_mates) {
    if (settlement == SETTLED_FAILED && with_mates)
        lane->together = lane->together > 2 * TOGETHER_ONE ? lane->together / 2 : TOGETHER_ONE;
    else if (settlement == SETTLED_DONE && lane->together < pool->gather_max * TOGETHER_ONE)
        lane->together += with_mates ? TOGETHER_ONE : 1;
}

/* Those that went out as one and failed are run again, each to its own fate. */
void pool_settle(Pool *pool, Batch *batch, Settlement settlement) {
    Batch *mate = gather_part(batch);
    if (batch->gathers)
        learn(pool, &pool->lanes[batch->runs_in], settlement, mate != NULL);
    if (!mate) {
        settle(pool, batch, settlement);
        return;
    }
    settle_one_of_many(pool, batch, settlement);
    for (Batch *next; mate; mate = next) {
        next = mate->next;
        settle_one_of_many(pool, mate, settlement);
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
              "lane", lane_rules[c->lane].name, "reason", text, NULL);
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
                                  .tells_touched = config->tells_touched};
    memcpy(pool->home.timeout_ms, config->timeout_ms, sizeof pool->home.timeout_ms);
    pool->outcomes = (Outcomes){.pool = pool, .patience_ms = config->timeout_ms[TIMEOUT_SLOW]};
    random_bytes(&pool->home.random, sizeof pool->home.random);
    Connection *c = pool->connections;
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        LaneState *state = &pool->lanes[lane];
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
    batch->alone = batch->retried = batch->rerun = batch->left_out = false;
    batch->gathering = NULL;
    batch->connection = NULL;
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

/* Starts a spare connection, unless one is on its way or is not warm yet. While PostgreSQL is away, those that try
 * already are enough. */
static void lane_reinforce(const Pool *pool, LaneState *lane, int64_t now_us) {
    Connection *spare = NULL;
    for (int i = 0; i < lane->connection_count; i++) {
        Connection *c = &lane->connections[i];
        if (c->state == CONNECTION_CONNECTING || c->state == CONNECTION_GREETING || connection_warms(c))
            return;
        if (!spare && connection_wakes(c, now_us))
            spare = c;
    }
    if (!spare || pool->ready == 0)
        return;
    if (lane->ready == 0)
        lane->lost_us = now_us; /* what waits is given the time to connect */
    connection_start(spare);
}

/* The connection for what is to be sent now: the first that answers steadily, so that few of PostgreSQL's processes are
 * kept busy: one that is woken for little costs more than it does. When none does, that with the most room; NULL when
 * none has room. */
static Connection *lane_connection(const Pool *pool, LaneState *lane, int64_t now_us) {
    Connection *best = NULL;
    int best_room = 0;
    for (int i = 0; i < lane->connection_count; i++) {
        Connection *c = &lane->connections[i];
        int room = connection_room(c);
        if (room > 0 && now_us < connection_stalls_us(c))
            return c;
        if (room > best_room) {
            best = c;
            best_room = room;
        }
    }
    lane_reinforce(pool, lane, now_us);
    return best;
}

/* The newest of those that wait beyond the bound. */
static void queue_refuse_excess(Pool *pool, Queue *queue, int most) {
    if (queue->length <= most)
        return;
    Queue kept = {0};
    Queue refused = {0};
    for (Batch *batch = queue_pop(queue); batch; batch = queue_pop(queue))
        queue_push(kept.length < most ? &kept : &refused, batch);
    *queue = kept;
    queue_complete(pool, &refused, BATCH_BUSY);
}

/* How many may wait for their turn: where each batch needs a connection to itself, no more than get one at once. */
static int lane_turn_max(const LaneState *lane) {
    int most = lane->queue_max;
    for (int i = 0; i < lane->connection_count && lane_streams(lane); i++)
        most += lane->connections[i].in_flight == 0;
    return most;
}

static int lane_together(const LaneState *lane) {
    return lane->together / TOGETHER_ONE;
}

/* As long as some that have gathered are under way in a lane where they go out by one, what comes meanwhile makes up
 * the next. */
static bool lane_gathered(const LaneState *lane) {
    int under_way = 0;
    for (int i = 0; i < lane->connection_count && lane_rules[lane->connections[0].lane].by_one; i++)
        under_way += lane->connections[i].gathers;
    return lane->queues[WAIT_GATHERING].first && under_way == 0;
}

/* Elsewhere, as long as some are under way on the connection. */
static bool gathering_is_due(const LaneState *lane, const Connection *c) {
    return lane_gathered(lane) && (c->gathers == 0 || lane->queues[WAIT_GATHERING].length >= lane_together(lane));
}

/* Whether there is something to be sent, should there be a connection. */
static bool lane_waits(const LaneState *lane) {
    return lane->queues[WAIT_AGAIN].first || lane->queues[WAIT_TURN].first || lane_gathered(lane);
}

static Batch *gathering_next(Pool *pool, LaneState *lane) {
    Batch *leader = gather_lead(&lane->queues[WAIT_GATHERING], lane_together(lane));
    int mates = leader->gathering ? leader->gathering->count - 1 : 0;
    *(leader->write ? &pool->home.counters.joined : &pool->home.counters.gathered) += (uint64_t)mates;
    return leader;
}

/* What goes out next on the connection: what is run once more, and then by age. */
static Batch *lane_next(Pool *pool, LaneState *lane, const Connection *c) {
    const Batch *turn = lane->queues[WAIT_TURN].first;
    const Batch *gathering = lane->queues[WAIT_GATHERING].first;
    if (lane->queues[WAIT_AGAIN].first)
        return queue_pop(&lane->queues[WAIT_AGAIN]);
    if (gathering_is_due(lane, c) && (!turn || gathering->queued_us < turn->queued_us))
        return gathering_next(pool, lane);
    return queue_pop(&lane->queues[WAIT_TURN]);
}

static void lane_flush(Pool *pool, LaneState *lane) {
    int64_t now_us = clock_monotonic_us();
    Connection *c;
    Batch *batch;
    while (lane_waits(lane) && (c = lane_connection(pool, lane, now_us)) && (batch = lane_next(pool, lane, c)))
        if (batch->count == 0)
            complete(pool, batch, BATCH_DONE);
        else
            pipeline_send(c, batch);
    for (int i = 0; i < lane->connection_count; i++)
        pipeline_flush(&lane->connections[i]);
    if (lane_is_down(pool, lane)) {
        lane_complete(pool, lane, BATCH_UNAVAILABLE);
    } else {
        queue_refuse_excess(pool, &lane->queues[WAIT_TURN], lane_turn_max(lane));
        queue_refuse_excess(pool, &lane->queues[WAIT_GATHERING], lane->queue_max);
    }
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
    return (int64_t)pool->home.timeout_ms[TIMEOUT_SLOW] * 1000 + 5000000;
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
        if (oldest && wait != WAIT_AGAIN)
            due = earlier(due, oldest->queued_us + patience_us(pool));
    }
    if (waits && lane->ready == 0)
        due = earlier(due, lane->lost_us + lane_grace_us(lane));
    for (int i = 0; waits && i < lane->connection_count; i++) {
        int64_t stalls = connection_stalls_us(&lane->connections[i]);
        due = stalls > now_us ? earlier(due, stalls) : due;
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
    while (queue->first && queue->first->queued_us + patience_us(pool) <= now_us)
        complete(pool, queue_pop(queue), BATCH_BUSY);
}

void pool_tick(Pool *pool, int64_t now_us) {
    for (int i = 0; i < pool->connection_count; i++)
        connection_tick(&pool->connections[i], now_us);
    outcomes_tick(&pool->outcomes, now_us);
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        queue_tick(pool, &pool->lanes[lane].queues[WAIT_TURN], now_us);
        queue_tick(pool, &pool->lanes[lane].queues[WAIT_GATHERING], now_us);
    }
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
