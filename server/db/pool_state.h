/* pool_state.h: what a pool is, for pool.c and its parts: lanes (pool_lane.c) and what became of batches (settle.c). */
#ifndef ONRECORD_DB_POOL_STATE_H
#define ONRECORD_DB_POOL_STATE_H

#include "db/connection.h"
#include "db/lane.h"
#include "db/outcome.h"
#include "db/pool.h"
#include "db/queue.h"

/* Why a batch waits. Those that are run once more are sent first, and then by age. */
typedef enum Wait {
    WAIT_AGAIN, /* to be run once more: not bounded by queue_max */
    WAIT_TURN,
    WAIT_GATHERING, /* for others of its kind, while some are under way */
    WAIT_LOCK,      /* somebody holds a lock that it needs */
    WAIT_COUNT
} Wait;

/* The batches of one lane that wait, and the connections that they wait for. */
typedef struct LaneState {
    const LaneRules *rules;
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
    GRACE_US = 500000,        /* how long batches wait for a lane's connection while PostgreSQL serves other lanes */
    START_GRACE_US = 5000000, /* the same in lanes that sleep: what comes may need a new one, and has more time */
    GATHERED_US = 20000,      /* what has gathered waits no longer for those under way: one may wait for others */
    TOGETHER_ONE = 8,
    SHARED_RETRY_US = 5000000 /* a pooler that will not do may be another one tomorrow */
};

/* Ends the batch: it goes to its owner. */
void pool_complete(Pool *pool, Batch *batch, BatchOutcome outcome);

/* ---- pool_lane.c ---- */

/* When those that have gathered need wait no more for what went out on the connection; INT64_MAX: they do not. */
int64_t lane_gathers_us(const LaneState *lane, const Connection *c);

/* How long its batches wait for a connection, in microseconds, where others have one. */
int64_t lane_grace_us(const LaneState *lane);

/* A lane without a connection whose batches need not wait: PostgreSQL is away, and not just one of its processes. */
bool lane_is_down(const Pool *pool, const LaneState *lane);

/* Ends all that wait. */
void lane_complete(Pool *pool, LaneState *lane, BatchOutcome outcome);

/* Sends what there is room for, and refuses what is too much to wait. */
void lane_flush(Pool *pool, LaneState *lane);

#endif
