/* lane.h: the rules of each lane's connections. */
#ifndef ONRECORD_DB_LANE_H
#define ONRECORD_DB_LANE_H

#include <stdbool.h>

#include "db/batch.h"

/* Which of a pool's timeouts; TIMEOUT_STREAM has the time in it that rows wait to be taken. */
typedef enum LaneTimeout {
    TIMEOUT_BRIEF,
    TIMEOUT_QUICK,
    TIMEOUT_SLOW,
    TIMEOUT_STREAM,
    TIMEOUT_CASCADE,
    TIMEOUT_COUNT
} LaneTimeout;

/* How long a statement waits for a lock. */
typedef enum LockWait {
    LOCKS_OWN,  /* for all of its own time */
    LOCKS_HALF, /* for half of the slow timeout */
    LOCKS_BRIEF /* hardly; then it is tried again behind others, for as long in all: WAIT_LOCK */
} LockWait;

typedef struct LaneRules {
    const char *name;  /* in logs */
    const char *plans; /* PostgreSQL's plan_cache_mode */
    int room;          /* batches in flight on one connection */
    int silence_us; /* a connection that has not answered for so long is passed over: at once, where many may wait for
                       the disk together */
    LaneTimeout timeout;
    Lane slower; /* where a read that takes longer runs again; LANE_POINT, the quickest: nowhere */
    bool sleeps; /* connects when something comes, not at the start: a start has no time for what may not be needed */
    LockWait locks;
    bool by_key;  /* everything is looked up by index, however small a table seems when the plan is made */
    bool by_one;  /* batches that gather go out on one connection at a time, so that many do; else on each */
    int nice;     /* of PostgreSQL's processes, where they are ours: base/priority.h */
    bool steady;  /* what runs here costs little by its nature: once too slow, it is tried there again */
    bool shares;  /* reads that go out in one turn share a Sync */
    bool streams; /* each batch needs a connection with nothing else on it, and is refused where there is none */
} LaneRules;

extern const LaneRules lane_rules[LANE_COUNT];

#endif
