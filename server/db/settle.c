#include <string.h>

#include "base/moment.h"
#include "db/gather.h"
#include "db/pool_state.h"
#include "db/rows.h"

/* Makes it as it was before it ran. */
static void batch_rewind(Pool *pool, Batch *batch) {
    for (int i = 0; i < batch->count; i++) {
        rows_release(batch->statements[i].result);
        batch->statements[i].result = NULL;
    }
    batch->outcome = BATCH_PENDING;
    batch->left_out = batch->refused = false;
    memset(&batch->error, 0, sizeof batch->error);
    pool->home.counters.retries++;
}

static void run_again(Pool *pool, Batch *batch) {
    batch_rewind(pool, batch);
    queue_push(&pool->lanes[batch->runs_in].queues[WAIT_AGAIN], batch);
}

/* It took longer than a quick lane allows: it waits its turn, and counts, in the slower one. What should not have
 * taken so long was kept from the processor, or waits for somebody: the next time tells. */
static void run_slowly(Pool *pool, Batch *batch) {
    if (lane_rules[batch->runs_in].steady && !batch->slowed) {
        batch->slowed = true;
        run_again(pool, batch);
        return;
    }
    batch_rewind(pool, batch);
    batch->runs_in = lane_rules[batch->runs_in].slower;
    batch->queued_us = clock_monotonic_us();
    queue_push(&pool->lanes[batch->runs_in].queues[WAIT_TURN], batch);
}

/* Somebody holds a lock that it needs: it waits for that behind those that need not wait, for half of the slow timeout
 * in all. Each time it gives way it gives up its claim to its Idempotency-Key, too: who sent the same meanwhile may
 * have that, and waits for the same lock. */
static bool waits_for_lock(const Pool *pool, const Batch *batch) {
    int64_t patience_us = (int64_t)pool->home.timeout_ms[TIMEOUT_SLOW] * 1000 / 2;
    const char *state = batch->error.sqlstate;
    bool waited = batch->locked_us != 0;
    bool locked = strcmp(state, "55P03") == 0 || (waited && strcmp(state, SQLSTATE_CLAIMED) == 0);
    return locked && lane_rules[batch->runs_in].locks == LOCKS_BRIEF &&
           (!waited || clock_monotonic_us() - batch->locked_us < patience_us);
}

static void wait_for_lock(Pool *pool, Batch *batch) {
    batch_rewind(pool, batch);
    batch->gathers = false;
    batch->queued_us = clock_monotonic_us();
    if (batch->locked_us == 0)
        batch->locked_us = batch->queued_us;
    queue_push(&pool->lanes[batch->runs_in].queues[WAIT_LOCK], batch);
}

static void settle_failed(Pool *pool, Batch *batch) {
    const char *state = batch->error.sqlstate;
    bool quick = lane_rules[batch->runs_in].slower != LANE_POINT;
    bool stale = strcmp(state, "26000") == 0 || strcmp(state, "0A000") == 0;
    if (stale && !batch->retried) {
        batch->retried = true;
        run_again(pool, batch);
    } else if (strcmp(state, "57014") == 0 && quick && !batch->write) {
        run_slowly(pool, batch);
    } else if (waits_for_lock(pool, batch)) {
        wait_for_lock(pool, batch);
    } else {
        pool->home.counters.errors++;
        pool_complete(pool, batch, BATCH_FAILED);
    }
}

static void settle(Pool *pool, Batch *batch, Settlement settlement) {
    switch (settlement) {
    case SETTLED_DONE:
        pool_complete(pool, batch, BATCH_DONE);
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
            pool_complete(pool, batch, BATCH_UNAVAILABLE);
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
        pool_complete(pool, batch, BATCH_UNKNOWN);
        break;
    }
}

static void settle_one_of_many(Pool *pool, Batch *batch, Settlement settlement) {
    if (settlement == SETTLED_FAILED || (settlement == SETTLED_DONE && batch->left_out)) {
        batch->gathers = false;
        run_again(pool, batch);
    } else if (settlement == SETTLED_DONE && batch->refused) {
        batch->error = (DbError){.sqlstate = SQLSTATE_REFERS,
                                 .statement = batch->count - 1,
                                 .constraint = "",
                                 .table = "",
                                 .message = "",
                                 .detail = ""};
        pool->home.counters.errors++;
        pool_complete(pool, batch, BATCH_FAILED);
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

/* Those that went out as one and failed are run again, each to its own fate; so are those that were left out, should it
 * take an inquiry to know that the others were done. */
void pool_settle(Pool *pool, Batch *batch, Settlement settlement) {
    Batch *mate = gather_part(batch);
    if (batch->gathers)
        learn(pool, &pool->lanes[batch->runs_in], settlement, mate != NULL);
    if (!mate && !batch->left_out && !batch->refused) {
        settle(pool, batch, settlement);
        return;
    }
    settle_one_of_many(pool, batch, settlement);
    for (Batch *next; mate; mate = next) {
        next = mate->next;
        settle_one_of_many(pool, mate, settlement);
    }
}
