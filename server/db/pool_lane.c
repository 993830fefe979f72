#include <assert.h>

#include "base/moment.h"
#include "base/priority.h"
#include "db/gather.h"
#include "db/pool_state.h"

int64_t lane_grace_us(const LaneState *lane) {
    return lane->rules->sleeps ? START_GRACE_US : GRACE_US;
}

bool lane_is_down(const Pool *pool, const LaneState *lane) {
    return lane->ready == 0 && (pool->ready == 0 || clock_monotonic_us() - lane->lost_us >= lane_grace_us(lane));
}

/* ---- what waits ---- */

/* Completes all that waits there. What its owners queue meanwhile stays for the next turn. */
static void queue_complete(Pool *pool, Queue *queue, BatchOutcome outcome) {
    Queue gone = *queue;
    *queue = (Queue){0};
    for (Batch *batch = queue_pop(&gone); batch; batch = queue_pop(&gone))
        pool_complete(pool, batch, outcome);
}

void lane_complete(Pool *pool, LaneState *lane, BatchOutcome outcome) {
    for (int wait = 0; wait < WAIT_COUNT; wait++)
        queue_complete(pool, &lane->queues[wait], outcome);
}

/* ---- what goes out ---- */

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
    assert(lane->connections != NULL);
    for (int i = 0; i < lane->connection_count && lane->rules->streams; i++)
        most += lane->connections[i].in_flight == 0;
    return most;
}

static int lane_together(const LaneState *lane) {
    return lane->together / TOGETHER_ONE;
}

int64_t lane_gathers_us(const LaneState *lane, const Connection *c) {
    return lane->rules->by_one && c->gathers > 0 ? c->gathered_us + GATHERED_US : INT64_MAX;
}

/* As long as some that have gathered are under way in a lane where they go out by one, what comes meanwhile makes up
 * the next. */
static bool lane_gathered(const LaneState *lane, int64_t now_us) {
    for (int i = 0; i < lane->connection_count && lane->rules->by_one; i++)
        if (lane->connections[i].gathers > 0 && now_us < lane_gathers_us(lane, &lane->connections[i]))
            return false;
    return lane->queues[WAIT_GATHERING].first;
}

/* Elsewhere, as long as some are under way on the connection. */
static bool gathering_is_due(const LaneState *lane, const Connection *c, int64_t now_us) {
    return lane_gathered(lane, now_us) &&
           (c->gathers == 0 || lane->queues[WAIT_GATHERING].length >= lane_together(lane));
}

/* Those that wait for locks have half of the connections at the most, so that there is one for those that need not. */
static bool locked_is_due(const LaneState *lane) {
    int waiting = 0;
    for (int i = 0; i < lane->connection_count; i++)
        waiting += lane->connections[i].held && lane->connections[i].held->locked_us != 0;
    return lane->queues[WAIT_LOCK].first && (waiting == 0 || 2 * (waiting + 1) <= lane->connection_count);
}

/* Whether there is something to be sent, should there be a connection. */
static bool lane_waits(const LaneState *lane, int64_t now_us) {
    return lane->queues[WAIT_AGAIN].first || lane->queues[WAIT_TURN].first || lane_gathered(lane, now_us) ||
           locked_is_due(lane);
}

static Batch *gathering_next(Pool *pool, LaneState *lane) {
    Batch *leader = gather_lead(&lane->queues[WAIT_GATHERING], lane_together(lane));
    int mates = leader->gathering ? leader->gathering->count - 1 : 0;
    *(leader->write ? &pool->home.counters.joined : &pool->home.counters.gathered) += (uint64_t)mates;
    return leader;
}

/* What goes out next on the connection: what is run once more, and then by age. */
static Batch *lane_next(Pool *pool, LaneState *lane, const Connection *c, int64_t now_us) {
    const bool due[WAIT_COUNT] = {[WAIT_TURN] = lane->queues[WAIT_TURN].first,
                                  [WAIT_GATHERING] = gathering_is_due(lane, c, now_us),
                                  [WAIT_LOCK] = locked_is_due(lane)};
    Wait next = WAIT_AGAIN;
    for (Wait wait = WAIT_TURN; wait < WAIT_COUNT && !lane->queues[WAIT_AGAIN].first; wait++)
        if (due[wait] &&
            (next == WAIT_AGAIN || lane->queues[wait].first->queued_us < lane->queues[next].first->queued_us))
            next = wait;
    return next == WAIT_GATHERING ? gathering_next(pool, lane) : queue_pop(&lane->queues[next]);
}

static void lane_send(const LaneState *lane, Connection *c, Batch *batch) {
    if (!c->gives_way)
        c->gives_way = priority_lower(c->backend_pid, lane->rules->nice);
    pipeline_send(c, batch);
}

void lane_flush(Pool *pool, LaneState *lane) {
    int64_t now_us = clock_monotonic_us();
    Connection *c;
    Batch *batch;
    while (lane_waits(lane, now_us) && (c = lane_connection(pool, lane, now_us)) &&
           (batch = lane_next(pool, lane, c, now_us)))
        if (batch->count == 0)
            pool_complete(pool, batch, BATCH_DONE);
        else
            lane_send(lane, c, batch);
    for (int i = 0; i < lane->connection_count; i++)
        pipeline_flush(&lane->connections[i]);
    if (lane_is_down(pool, lane)) {
        lane_complete(pool, lane, BATCH_UNAVAILABLE);
    } else {
        queue_refuse_excess(pool, &lane->queues[WAIT_TURN], lane_turn_max(lane));
        queue_refuse_excess(pool, &lane->queues[WAIT_GATHERING], lane->queue_max);
        queue_refuse_excess(pool, &lane->queues[WAIT_LOCK], lane->queue_max);
    }
}
