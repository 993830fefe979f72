/* restore.h: POST /{resource}/{id}/restore: a record as it was, written as any other change of it is (write.h).
 *
 * What was deleted comes back under its id, and with it what its deletion took along (`act_undo`), unless an older
 * version is asked for. What is there gets the state of that version as a new one. */
#ifndef ONRECORD_RECORD_RESTORE_H
#define ONRECORD_RECORD_RESTORE_H

#include "record/idempotency.h"
#include "record/write.h"

/* What a restoring write goes back to. */
typedef struct Past {
    int64_t asked;     /* the version; 0: as it was last */
    json_t *state;     /* that state, as it would be read */
    bool gone;         /* the record is deleted: it is inserted again ... */
    int64_t tombstone; /* ... behind this version */
    int merged;        /* the statement that asks whether it was merged; -1: it cannot be */
    json_t *others;    /* what its deletion took along: [resource, id, whether it came back]; NULL: nothing */
} Past;

Step restore_plan(Exchange *x);

/* The write's steps: asks for the record and what it was; takes that. */
Step restore_ask(Write *write);
Step restore_asked(Write *write);

/* Queues what goes before the statement, in its transaction. */
void restore_before(Write *write);

/* Answers with the record, and what came back with it. */
Step restore_answer(Write *write, const Result *rows);

/* The answer once more: idempotency.h. */
Step restore_replay(Exchange *x, const Answer *answer);
Step restore_replayed(Write *write);

#endif
