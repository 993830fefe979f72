/* outcome.h: what became of a write whose connection broke when its commit was on the way.
 *
 * Every write ends with a proof: which change it logged last, and when. The commit is sent only when that and all other
 * results have come (pipeline.c), so that all that is left to know is whether it was done. Once PostgreSQL answers
 * again, the old session is ended, should it still be there, and the change looked for: it is there, and the write is
 * done, with the results that it had; or it is not, and was not done. Only where PostgreSQL does not come back in time
 * nobody knows.
 *
 * Owned by a pool, and asks through it. */
#ifndef ONRECORD_DB_OUTCOME_H
#define ONRECORD_DB_OUTCOME_H

#include "db/batch.h"
#include "db/pool.h"

struct Proof {
    const char *change; /* NULL: it logged none */
    const char *began;
    const char *ended;
    int backend_pid;
};

/* Its own copy, in the arena. */
Proof *proof_copy(Arena *arena, const Proof *proof);

typedef struct Inquiry Inquiry;
typedef struct Outcomes {
    Pool *pool;
    int patience_ms; /* how long an outcome is looked for */
    Inquiry *first;  /* what is looked for */
    int count;       /* of those */
    bool ending;     /* nothing is looked for any more */
} Outcomes;

/* Looks for the outcome of a write, which has its proof; pool_settle hears it. */
void outcome_seek(Outcomes *outcomes, Batch *write);

/* When outcomes_tick wants to run; INT64_MAX: never. */
int64_t outcomes_due_us(const Outcomes *outcomes);
void outcomes_tick(Outcomes *outcomes, int64_t now_us);

/* Leaves all that is looked for unknown; for the end of the pool. */
void outcomes_end(Outcomes *outcomes);

#endif
