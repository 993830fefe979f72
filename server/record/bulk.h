/* bulk.h: many records of one resource at once, from lines: created, or by `on_conflict` passed over or patched.
 *
 * Lines gather to a chunk of at most 1,000 lines or a megabyte, whatever comes first, so that memory does not grow with
 * their number. A chunk is settled by a few statements for all of it: what is there, what the lines refer to, the
 * articles that quotes stand in; then all that is good is written in one transaction. Each line has its own fate: one
 * that PostgreSQL refuses is found and left out. Lines that depend on one another (the same record twice, a reference
 * to one that is made in the same chunk) are settled in their order, so that the outcome is as if they had come singly.
 *
 * A Bulk knows nothing of HTTP and waits for nothing: whoever drives it gives it bytes, submits its batch to a pool,
 * and comes back when that is complete. */
#ifndef ONRECORD_RECORD_BULK_H
#define ONRECORD_RECORD_BULK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/exchange.h"
#include "record/field.h"

typedef enum OnConflict {
    ON_CONFLICT_ERROR,  /* a line for a record that is there fails */
    ON_CONFLICT_SKIP,   /* it is passed over */
    ON_CONFLICT_UPDATE, /* it is a merge patch for that record */
    ON_CONFLICT_COUNT
} OnConflict;

extern const char *const on_conflict_names[ON_CONFLICT_COUNT + 1]; /* ended by NULL */

/* The one of that name; ON_CONFLICT_COUNT: none. */
OnConflict on_conflict_parse(const char *name);

typedef enum Fate {
    FATE_PENDING,
    FATE_SETTLED, /* by an earlier run: it is passed over, and not counted */
    FATE_CREATED,
    FATE_UPDATED,
    FATE_UNCHANGED, /* the record is as the line says already; no version, no revision */
    FATE_SKIPPED,
    FATE_FAILED,
    FATE_COUNT,
    FATE_COUNTED = FATE_CREATED /* the first of those that are */
} Fate;

extern const char *const fate_names[FATE_COUNT];

/* What became of a line. */
typedef struct BulkLine {
    int64_t number; /* from 1, blank lines included */
    int64_t end;    /* the offset behind it */
    Fate fate;
    int64_t id; /* of the record; 0: none */
    int64_t version;
    const Exchange *x; /* FATE_FAILED: whose problem it is. Valid while the line is told of. */
} BulkLine;

typedef struct BulkPlan {
    const Resource *resource;
    const Service *service;
    OnConflict on_conflict;
    bool utf16;      /* spans count UTF-16 units */
    size_t line_max; /* bytes */
    int64_t key_id;  /* who writes: as in an exchange */
    const char *actor;
    const char *reason;
    void *owner;                                      /* for what follows */
    void (*tell)(void *owner, const BulkLine *line);  /* of every line, in their order, when its chunk is settled */
    void (*accompany)(void *owner, Batch *batch);     /* NULL, or adds statements to each transaction that writes, which
                                                         then writes all of its lines or none */
    bool (*passes_over)(void *owner, int64_t number); /* NULL, or says which lines were settled in an earlier run */
    void (*complete)(Batch *batch);                   /* of its batches: as in batch_init */
    void *batch_owner;
} BulkPlan;

typedef struct BulkCounts {
    int64_t lines; /* told of */
    int64_t fates[FATE_COUNT];
} BulkCounts;

typedef struct Bulk Bulk;

/* `number` and `offset` are those of the last line that was read before; 0: none was. What the plan points to must
 * outlive it. */
Bulk *bulk_new(const BulkPlan *plan, int64_t number, int64_t offset);

/* Not while its batch is with a pool. */
void bulk_free(Bulk *bulk);

/* Takes bytes until the chunk is full; answers how many. */
size_t bulk_take(Bulk *bulk, const char *data, size_t size);

/* Takes one record instead, as the line of that number; takes over the reference. */
void bulk_add(Bulk *bulk, int64_t number, json_t *json);

/* No more bytes come: what is left is the last line. The chunk is not full. */
void bulk_end(Bulk *bulk);

/* Of the last line that was taken. */
int64_t bulk_number(const Bulk *bulk);

bool bulk_is_full(const Bulk *bulk);
bool bulk_is_empty(const Bulk *bulk);

/* Settles the chunk. STEP_QUERY: submit its batch, and call bulk_go_on when that is complete, whatever its outcome;
 * STEP_ANSWER: it is settled, and the next one may be gathered. */
Step bulk_run(Bulk *bulk);
Step bulk_go_on(Bulk *bulk);
Batch *bulk_batch(Bulk *bulk);

/* Of the lines told of so far, without those that an earlier run settled. */
const BulkCounts *bulk_counts(const Bulk *bulk);

/* Why no more lines are settled: the database is away, or nobody knows what became of a transaction. Lines that were
 * not told of may have been written in the latter case only. NULL: it goes on. */
const Problem *bulk_stopped(const Bulk *bulk);

/* For `accompany`: the number and offset of the last line before which all are settled when this transaction is, and
 * the numbers of the settled ones beyond it, as the literal of an array in ascending order. Lines that failed and were
 * not told of yet are not among them: nobody would hear of them. */
const char *bulk_settled(const Bulk *bulk, Arena *arena, int64_t *number, int64_t *offset);

/* Whether a line is among those, as they were kept: numbers as text, in ascending order. */
bool bulk_is_beyond(const char *const *beyond, int count, int64_t number);

/* The counts of the same lines. */
BulkCounts bulk_foreseen(const Bulk *bulk);

#endif
