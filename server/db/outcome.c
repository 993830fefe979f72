#include "db/outcome.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/moment.h"
#include "db/connection.h"
#include "sql.h"

enum { PAUSE_US = 20000, STATEMENT_END = 0, STATEMENT_FIND = 1 };

struct Inquiry {
    Outcomes *outcomes;
    Inquiry *next;
    Batch *write;
    Arena *arena;
    Batch question;
    const char *params[4];
    bool asked;      /* and not answered yet */
    int64_t next_us; /* when to ask again */
    int64_t give_up_us;
};

static const char *copy(Arena *arena, const char *text) {
    return text ? arena_strdup(arena, text) : NULL;
}

Proof *proof_copy(Arena *arena, const Proof *proof) {
    Proof *own = arena_alloc(arena, sizeof *own);
    *own = (Proof){.change = copy(arena, proof->change),
                   .began = copy(arena, proof->began),
                   .ended = copy(arena, proof->ended),
                   .backend_pid = proof->backend_pid};
    return own;
}

/* The write goes on from here, or ends. */
static void inquiry_settle(Inquiry *inquiry, Settlement settlement) {
    static const char *const words[] = {
        [SETTLED_DONE] = "done", [SETTLED_NOT_RUN] = "not done", [SETTLED_UNKNOWN] = "unknown"};
    Outcomes *outcomes = inquiry->outcomes;
    Batch *write = inquiry->write;
    for (Inquiry **at = &outcomes->first; *at; at = &(*at)->next) {
        if (*at == inquiry) {
            *at = inquiry->next;
            break;
        }
    }
    outcomes->count--;
    batch_release(&inquiry->question);
    arena_free(inquiry->arena);
    free(inquiry);
    log_event(settlement == SETTLED_UNKNOWN ? LOG_WARNING : LOG_INFO, "write cut off", "outcome", words[settlement],
              NULL);
    pool_settle(outcomes->pool, write, settlement);
}

static void inquiry_answered(Batch *question) {
    Inquiry *inquiry = question->owner;
    int64_t now_us = clock_monotonic_us();
    inquiry->asked = false;
    if (question->outcome == BATCH_DONE && batch_rows(question, STATEMENT_END) == 0)
        inquiry_settle(inquiry, batch_rows(question, STATEMENT_FIND) > 0 ? SETTLED_DONE : SETTLED_NOT_RUN);
    else if (inquiry->outcomes->ending || now_us >= inquiry->give_up_us)
        inquiry_settle(inquiry, SETTLED_UNKNOWN);
    else
        inquiry->next_us = now_us + PAUSE_US;
}

/* Two statements: what was committed before the session was gone is seen by the second. */
static void inquiry_ask(Inquiry *inquiry) {
    Batch *question = &inquiry->question;
    batch_release(question);
    batch_add(question, SQL_OUTCOME_END, 2, inquiry->params);
    batch_add(question, SQL_OUTCOME_FIND, 3, inquiry->params + 1);
    inquiry->asked = true;
    pool_submit(inquiry->outcomes->pool, question);
}

void outcome_seek(Outcomes *outcomes, Batch *write) {
    int64_t now_us = clock_monotonic_us();
    Inquiry *inquiry = memory_zeroed(1, sizeof *inquiry);
    inquiry->outcomes = outcomes;
    inquiry->next = outcomes->first;
    inquiry->write = write;
    inquiry->arena = arena_new();
    inquiry->next_us = now_us;
    inquiry->give_up_us = now_us + (int64_t)outcomes->patience_ms * 1000;
    inquiry->params[0] = arena_integer(inquiry->arena, write->proof->backend_pid);
    inquiry->params[1] = write->proof->ended;
    inquiry->params[2] = write->proof->change;
    inquiry->params[3] = write->proof->began;
    batch_init(&inquiry->question, inquiry->arena, LANE_POINT, inquiry_answered, inquiry);
    outcomes->first = inquiry;
    outcomes->count++;
}

int64_t outcomes_due_us(const Outcomes *outcomes) {
    int64_t due = INT64_MAX;
    for (const Inquiry *inquiry = outcomes->first; inquiry; inquiry = inquiry->next)
        if (!inquiry->asked && inquiry->next_us < due)
            due = inquiry->next_us;
    return due;
}

void outcomes_tick(Outcomes *outcomes, int64_t now_us) {
    for (Inquiry *inquiry = outcomes->first; inquiry; inquiry = inquiry->next)
        if (!inquiry->asked && inquiry->next_us <= now_us)
            inquiry_ask(inquiry);
}

void outcomes_end(Outcomes *outcomes) {
    outcomes->ending = true;
    for (Inquiry *inquiry = outcomes->first, *next; inquiry; inquiry = next) {
        next = inquiry->next;
        if (!inquiry->asked)
            inquiry_settle(inquiry, SETTLED_UNKNOWN);
    }
}
