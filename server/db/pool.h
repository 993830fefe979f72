/* pool.h: one worker's pipelined connections, by lane, on the worker's epoll.
 *
 * A pool belongs to one thread. Nothing here blocks: pool_submit queues, pool_flush sends what is queued, pool_event
 * reads what has come, and completed batches are handed back from pool_event, pool_flush and pool_tick (never from
 * within pool_submit). While PostgreSQL is away, what is queued and what comes is answered BATCH_UNAVAILABLE at once,
 * and the connections try again with a backoff of 50 to 500 ms. When only a lane's own connections broke, its batches
 * wait for them for half a second, those that stream for five. */
#ifndef ONRECORD_DB_POOL_H
#define ONRECORD_DB_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include "db/batch.h"
#include "db/lane.h"

typedef struct Pool Pool;

typedef struct PoolConfig {
    const char *conninfo; /* a libpq connection string or URI; "" for libpq's own PG* variables. Holds secrets. */
    int connections[LANE_COUNT]; /* at least 1; those beyond the first are made when they are needed */
    int queue_max[LANE_COUNT];   /* batches that may wait per lane beyond those in flight */
    int gather_max;              /* batches (batch_gathers, batch_joins) that go out as one; 1: each by itself */
    bool owns_processes;         /* PostgreSQL's are ours: those of slow lanes give way to the others' */
    bool tells_touched;          /* whether a write finds out what it has touched: batch.h */
    int timeout_ms[TIMEOUT_COUNT];
} PoolConfig;

/* Starts connecting at once. `epoll_fd` is the worker's; events carry a pointer that pool_event takes. */
Pool *pool_new(const PoolConfig *config, int epoll_fd);

/* Closes the connections; what is queued or in flight completes as unavailable or unknown first. */
void pool_free(Pool *pool);

void pool_submit(Pool *pool, Batch *batch);

/* A batch that streams, and whose `row` had enough, gets more in the next pool_flush. */
void pool_go_on(Pool *pool, const Batch *batch);

/* Leaves a batch that streams and has not completed: its statement is stopped, and `complete` is not called. */
void pool_leave(Pool *pool, Batch *batch);

/* Sends what was submitted; call once a turn of the loop, after MHD has run. True when batches completed meanwhile. */
bool pool_flush(Pool *pool);

/* Whether `event_data` is one of the pool's connections on which batches stream (batch_streams). */
bool pool_streams(const Pool *pool, const void *event_data);

/* True when `event_data` (epoll_event.data.ptr) is one of the pool's connections, which was then served. */
bool pool_event(Pool *pool, void *event_data, uint32_t events);

/* Milliseconds until pool_tick wants to run (reconnects, timeouts); -1: never. */
int pool_timeout_ms(const Pool *pool, int64_t now_us);
void pool_tick(Pool *pool, int64_t now_us);

/* True when each lane has a connection that is ready, or makes one when it is needed. */
bool pool_ready(const Pool *pool);

/* Batches queued or in flight, for draining and for metrics. */
int pool_load(const Pool *pool);

typedef struct PoolCounters {
    uint64_t batches, statements, prepared, errors, retries, reconnects, syncs;
    uint64_t gathered; /* reads that went out with another */
    uint64_t joined;   /* writes that did */
} PoolCounters;
const PoolCounters *pool_counters(const Pool *pool);

#endif
