/* bulk_chunk.h: a chunk of lines on its way into the database: bulk.h's own.
 *
 *   find      the records that the lines are about, and those that they refer to
 *   current   on_conflict=update: those records as they stand; merge
 *   check     members to columns, all faults of each line
 *   look      what the resource wants to look at besides (a quote: its article's body), some at a time
 *   send      one transaction for all that is good
 *   explain   which records stand in the way of those that were not taken
 *
 * One walk through these is a pass. It takes the lines that are pending, in their order, but for those that depend on
 * one that is not settled yet: the next pass takes them. A pass whose transaction fails is made again with half of its
 * lines, down to the one that is to blame. */
#ifndef ONRECORD_RECORD_BULK_CHUNK_H
#define ONRECORD_RECORD_BULK_CHUNK_H

#include "db/errors.h"
#include "record/bulk.h"
#include "record/lines.h"
#include "record/word_set.h"
#include "record/write.h"

enum {
    CHUNK_LINES = 1000,
    CHUNK_BYTES = 1024 * 1024,
    PASS_WEIGHT = 4 * 1024 * 1024, /* bytes of the records that one pass patches */
    LINE_ATTEMPTS = 5,
    PASS_RERUNS = 5,
    ASKED_MAX = 32,
    KEYS_MAX = 3
};

typedef enum PassPhase { PASS_FIND, PASS_CURRENT, PASS_LOOK, PASS_SEND, PASS_EXPLAIN } PassPhase;

typedef struct Item Item;
struct Item {
    BulkLine line;
    Exchange *x; /* its json is the line, and the first that it owns */
    Write *write;
    int attempts;
    References by_key;
    References by_id;
    const Field *given_id; /* the line names its record by id */
    int64_t present;       /* the record that it is about; 0: none */
    int64_t merged;        /* or rather one that was merged into that; 0: none */
    const Field *known_by; /* and the field that it is known by */
    int64_t weight;        /* bytes of that record's texts */
    int look;              /* which of the looks is its own; -1: none */
    Item *next;            /* that has the same look */
    bool goes;             /* it is in the transaction of this pass */
    bool conflicts;        /* the transaction found its place taken */
};

/* Records that lines refer to: by one key of one resource, or, without a key, by id. */
typedef struct Asked {
    const Resource *target;
    const Field *key;
    WordSet words;
    int64_t (*ids)[6]; /* by word: what was found */
    int *counts;
    int statement;
} Asked;

/* The lines of a pass by one of the keys by which their records may be known. */
typedef struct Keyed {
    const Field *field;
    int count;
    Item **items;
    const char **values;
    int statement;
} Keyed;

struct Bulk {
    BulkPlan plan;
    Exchange model; /* what the exchanges of all lines have in common */
    Lines lines;
    BulkCounts counts;
    Problem stop;
    int64_t settled_number; /* of the last line of the chunks before */
    int64_t settled_offset;

    Arena *arena; /* the chunk's */
    Batch batch;
    size_t bytes;
    int count;
    Item items[CHUNK_LINES];

    /* the pass */
    PassPhase phase;
    int limit;  /* of its lines */
    int reruns; /* of the same pass */
    int active_count;
    Item *active[CHUNK_LINES];
    const Selection *plain;
    const Selection *answers; /* says only whether spans count UTF-16 units */
    Keyed keyed[KEYS_MAX];
    Asked asked[ASKED_MAX];
    int asked_count;
    WordSet seen; /* keys of the lines so far, as "external_id=x" */
    WordSet looks;
    Item **lookers; /* by look: the first of its items */
    int look_from;
    int look_to;
    const char *look_sql;
    int look_size;
    LookPlace place;
    struct Sending *sending;
    struct Explained *explained;
    int explained_count;
};

/* bulk_find.c: begins a pass; the step of each phase answers what is next. */
Step pass_find(Bulk *bulk);
Step pass_found(Bulk *bulk);

/* bulk_check.c */
Step pass_current(Bulk *bulk);
Step pass_current_done(Bulk *bulk);
Step pass_look_done(Bulk *bulk);

/* bulk_send.c */
Step pass_send(Bulk *bulk);
Step pass_send_done(Bulk *bulk);
Step pass_explain(Bulk *bulk);
Step pass_explain_done(Bulk *bulk);

/* bulk.c: settles a line. */
void item_settle(Item *item, Fate fate);
void item_refuse(Item *item); /* by the problem in its exchange */
/* Leaves it to the next pass, or settles it when that was so too often. */
void item_again(Item *item);

/* Takes the lines that are settled out of the pass. */
void active_sift(Bulk *bulk);

/* Ready for the next statements. */
void batch_begin(Bulk *bulk, PassPhase phase);

#endif
