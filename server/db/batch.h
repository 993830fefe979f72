/* batch.h: what a handler queues for PostgreSQL: one or more statements with one outcome.
 *
 * The statements of a batch are one transaction: they stand between two Sync messages of the pipeline, which PostgreSQL
 * runs as an implicit transaction. The outcome is known only when the Sync has been answered, so a write that is
 * BATCH_DONE is durable. A write whose connection breaks is run again, or its outcome found out (outcome.h).
 *
 * A batch, its statements and their parameters belong to the one who queued it (a request's arena) and stay untouched
 * until `complete` is called, exactly once, on the worker's own thread. The results belong to the batch; batch_release
 * gives them back.
 *
 * A batch that streams (batch_streams) has one statement, of any number of rows, and hands them over one by one as they
 * come, so that no more than one is kept; whoever takes them says when it is enough for now. */
#ifndef ONRECORD_DB_BATCH_H
#define ONRECORD_DB_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "db/result.h"

/* Where a batch runs. Each lane has its own connections, settings and bound on its queue. */
typedef enum Lane {
    LANE_POINT,   /* reads by id and others of constant cost: generic plans; many share one Sync */
    LANE_PAGE,    /* pages of lists that are a walk along an index, whatever is looked for: generic plans */
    LANE_SEARCH,  /* searches, as long as they find little: generic plans */
    LANE_LIST,    /* other lists: custom plans */
    LANE_WRITE,   /* everything that changes something */
    LANE_SLOW,    /* what may take its time; reads from other lanes that took longer than the quick timeout */
    LANE_EXPORT,  /* batches that stream, each on a connection of its own */
    LANE_BULK,    /* many records at once: what is asked before they are written, and the writing */
    LANE_CASCADE, /* writes that may take any number of records with them */
    LANE_COUNT
} Lane;

typedef struct Statement {
    const char *sql; /* text made of our own words alone: every value of a client is a parameter */
    int param_count;
    const char *const *params; /* text format; NULL is SQL null */
    Result *result;            /* set when the batch is BATCH_DONE */
} Statement;

typedef enum BatchOutcome {
    BATCH_PENDING,
    BATCH_DONE,        /* every statement ran and the transaction is committed */
    BATCH_FAILED,      /* PostgreSQL refused: see `error`; nothing was changed */
    BATCH_UNAVAILABLE, /* no connection, and nothing was sent: nothing was changed */
    BATCH_BUSY,        /* the lane's queue is full: nothing was changed */
    BATCH_UNKNOWN      /* a write whose commit was sent when the connection broke, and PostgreSQL does not come back in
                          time to tell: nobody knows */
} BatchOutcome;

/* What PostgreSQL said of a failure. For errors.h and the log; none of it may reach a client. */
typedef struct DbError {
    char sqlstate[6];
    int statement;          /* index in the batch */
    const char *constraint; /* these belong to the batch's arena; "" where PostgreSQL names none */
    const char *table;
    const char *message;
    const char *detail;
} DbError;

/* The SQLSTATE of what went out with others and refers to what is not there: ours, for PostgreSQL did not fail. */
#define SQLSTATE_REFERS "IK004"

/* The SQLSTATE of a write whose Idempotency-Key another one has claimed: answer_guard. */
#define SQLSTATE_CLAIMED "IK001"

/* How the statement of a read of one record ends that goes out together with others. */
#define GATHERS_BY " = $1"

/* The most of them that ever go out as one. */
enum { GATHERED_MAX = 64 };

typedef struct Gathering Gathering;
typedef struct Proof Proof;
typedef struct Batch Batch;

/* The text of a statement that does for many what statement `index` of the batch does: see batch_joins. */
typedef const char *Joined(const Batch *batch, int index, void *of);

struct Batch {
    Arena *arena; /* where statements grow, and where an error's texts go */
    Lane lane;
    bool write;   /* it changes something: outcome.h */
    bool gathers; /* see batch_gathers and batch_joins */
    int64_t key;
    Joined *joined; /* NULL: its statements are the same for many, with a list in place of the parameter */
    void *joined_of;
    int count;
    int capacity;
    Statement *statements;
    void (*complete)(Batch *batch);
    bool (*row)(Batch *batch, const Result *row); /* see batch_streams */
    void *owner;                                  /* for `complete` and `row` */

    BatchOutcome outcome;
    DbError error;
    const char *touched; /* of a write that is BATCH_DONE: "quotes 12,articles 3", which records it has changed, others
                            perhaps among them; NULL: not known, or too many */

    /* db's own */
    Batch *next;
    Gathering *gathering; /* it leads others: gather.h */
    Lane runs_in;         /* `lane`, or the slower one after that lane's timeout */
    int results_seen;
    Proof *proof;                  /* of a write whose results have come: outcome.h */
    bool sent;                     /* its Sync is on its way: PostgreSQL may commit it */
    bool left_out;                 /* it went out with others, which could not do it: it is to be run by itself */
    bool refused;                  /* the same, and why is known: SQLSTATE_REFERS */
    bool skipped;                  /* stood behind one that failed */
    bool alone;                    /* must not share a Sync: it was skipped once */
    bool retried;                  /* was prepared anew once (26000, 0A000) */
    bool slowed;                   /* took longer than its lane allows once, and was tried there again */
    bool rerun;                    /* has lost a connection once, or must not begin anew: some of its rows are out */
    struct Connection *connection; /* it streams: where it is under way */
    int64_t queued_us;
    int64_t locked_us; /* when it first gave way to whoever holds a lock that it needs; 0: it has not */
};

/* An empty batch on `arena`, whose outcome goes to `complete`. Reads by default: set `write` for what changes rows. */
void batch_init(Batch *batch, Arena *arena, Lane lane, void (*complete)(Batch *), void *owner);

/* Adds a statement; answers its index. `params` (param_count of them) stay the caller's and untouched until completion.
 */
int batch_add(Batch *batch, const char *sql, int param_count, const char *const *params);

/* Lets the batch go out as one statement with others that ask the same of other records. It is a read in LANE_POINT of
 * one statement, which answers one row or none, whose text ends with GATHERS_BY, and whose first column and only
 * parameter are `key`. */
void batch_gathers(Batch *batch, int64_t key);

/* Lets the write go out in one transaction with others of the same statements. For each statement `joined` gives, of
 * one of them and only where there are others, the text of one that does the same for many: its parameters are as many,
 * each an array of text with an element for each batch. Of the last statement every batch gets the row whose last
 * column, behind those of the statement's own text, is the batch's number, from 1. A batch without a row is
 * BATCH_FAILED with SQLSTATE_REFERS: what it refers to is not there, or has changed. One whose row begins with null is
 * run by itself, to learn why, as all are when something fails. */
void batch_joins(Batch *batch, Joined *joined, void *of);

/* Lets the batch, of one statement in LANE_EXPORT, stream: `row` takes each row as it comes, which is gone when it
 * returns. It may answer false to get no more until pool_go_on; it may not end the batch. `complete` comes after the
 * last, and the statement's result is then an empty one. */
void batch_streams(Batch *batch, bool (*row)(Batch *batch, const Result *row));

/* Frees the results and makes the batch empty, ready for the next statements; a read again. The lane stays. */
void batch_release(Batch *batch);

/* The rows of statement `index` of a batch that is done; how many rows a write touched. */
int batch_rows(const Batch *batch, int index);
long batch_touched(const Batch *batch, int index);

#endif
