#include "drive.h"

#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <stdlib.h>

#include "base/memory.h"
#include "base/moment.h"
#include "db/errors.h"
#include "db/pool.h"

enum { EVENTS_MAX = 16, WAIT_MS = 200, PATIENCE_US = 60 * 1000000, STATEMENT_MS = 60000, STREAM_MS = 86400000 };

struct Drive {
    Pool *pool;
    int epoll_fd;
    bool completed;
};

Drive *drive_new(const char *conninfo) {
    Drive *drive = memory_zeroed(1, sizeof *drive);
    PoolConfig config = {.conninfo = conninfo,
                         .gather_max = 1,
                         .timeout_ms = {[TIMEOUT_BRIEF] = STATEMENT_MS,
                                        [TIMEOUT_QUICK] = STATEMENT_MS,
                                        [TIMEOUT_SLOW] = STATEMENT_MS,
                                        [TIMEOUT_STREAM] = STREAM_MS,
                                        [TIMEOUT_CASCADE] = STATEMENT_MS}};
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        config.connections[lane] = 1;
        config.queue_max[lane] = 1;
    }
    drive->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    drive->pool = pool_new(&config, drive->epoll_fd);
    return drive;
}

void drive_free(Drive *drive) {
    pool_free(drive->pool);
    close(drive->epoll_fd);
    free(drive);
}

void drive_complete(Batch *batch) {
    Drive *drive = batch->owner;
    drive->completed = true;
}

static void turn(Drive *drive) {
    struct epoll_event events[EVENTS_MAX];
    pool_flush(drive->pool);
    if (drive->completed)
        return;
    int timeout = pool_timeout_ms(drive->pool, clock_monotonic_us());
    int count = epoll_wait(drive->epoll_fd, events, EVENTS_MAX, timeout < 0 || timeout > WAIT_MS ? WAIT_MS : timeout);
    for (int i = 0; i < count; i++)
        pool_event(drive->pool, events[i].data.ptr, events[i].events);
    pool_tick(drive->pool, clock_monotonic_us());
}

/* PostgreSQL was away, or went, before anything was changed; perhaps it comes back. */
static bool was_away(const Batch *batch) {
    if (batch->outcome == BATCH_FAILED)
        return failure_report(&batch->error).kind == FAILURE_UNAVAILABLE;
    return batch->outcome == BATCH_UNAVAILABLE || batch->outcome == BATCH_BUSY;
}

void drive_run(Drive *drive, Batch *batch) {
    int64_t until_us = clock_monotonic_us() + PATIENCE_US;
    bool (*row)(Batch *, const Result *) = batch->row;
    for (;;) {
        drive->completed = false;
        pool_submit(drive->pool, batch);
        while (!drive->completed)
            turn(drive);
        bool begun = row != NULL && batch->rerun; /* some of its rows are out */
        if (!was_away(batch) || begun || clock_monotonic_us() > until_us)
            return;
        drive->completed = false;
        int64_t pause_us = clock_monotonic_us() + WAIT_MS * 1000;
        while (clock_monotonic_us() < pause_us) { /* it connects meanwhile */
            struct pollfd nothing = {.fd = drive->epoll_fd, .events = POLLIN};
            (void)poll(&nothing, 1, WAIT_MS / 10);
            turn(drive);
        }
    }
}

void drive_bulk(Drive *drive, Bulk *bulk) {
    for (Step step = bulk_run(bulk); step == STEP_QUERY; step = bulk_go_on(bulk))
        drive_run(drive, bulk_batch(bulk));
}
