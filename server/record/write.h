/* write.h: how every record is written: created, replaced, patched, deleted. The same steps for every resource.
 *
 *   current    PUT, PATCH, DELETE: read the record; compare If-Match; merge
 *   lookups    references by external_id, url or name become ids
 *   check      the body's members become the texts of columns, all faults gathered; the resource's `check` adds its own
 *   look       the resource's `look` may ask for more (a quote: the article's body), `looked` reads it
 *   send       one statement, guarded by the versions that were read, and what the resource hangs on to it
 *
 * What was read was read outside the writing transaction: where a guard is lost, the whole write starts over, unless
 * If-Match forbids that. When PostgreSQL refuses, `explain` asks once more, to name the record in the way. */
#ifndef ONRECORD_RECORD_WRITE_H
#define ONRECORD_RECORD_WRITE_H

#include "record/body.h"
#include "record/exchange.h"
#include "record/selection.h"
#include "record/sql_builder.h"

enum { WRITE_FOLLOWERS = 2, WRITE_ATTEMPTS = 5 };

typedef enum WritePhase {
    WRITE_CURRENT,
    WRITE_TOMBSTONE, /* the record is not there: was it deleted? */
    WRITE_LOOKUPS,
    WRITE_LOOK,
    WRITE_SEND,
    WRITE_EXPLAIN
} WritePhase;

/* Where `looked` keeps what it makes of the rows that it was given, for the next write that looks at the same ones. */
typedef struct LookPlace {
    Arena *arena; /* what is made lives in it, and no longer than the rows */
    void *made;   /* NULL: nothing yet */
} LookPlace;

struct Write {
    Exchange *x;
    const Resource *resource;
    Method method;
    WritePhase phase;
    int attempts;
    int owned_before;           /* what the exchange owned when the write began */
    const Selection *selection; /* how the record is answered */

    json_t *current;               /* the record as it stands; NULL on create */
    int64_t version;               /* its version */
    json_t *value;                 /* the record as it is to be */
    const char *was[FIELDS_MAX];   /* by field: the column's text now, NULL on create */
    const char *texts[FIELDS_MAX]; /* by field: the column's text to be */
    References lookups;

    /* For the resource's steps. */
    const Resource *guard; /* another record that must still be as it was read; NULL: none */
    int64_t guard_id;
    int64_t guard_version;
    LookPlace *place;
    Sql *followers[WRITE_FOLLOWERS]; /* run behind the statement, in its transaction */
    int follower_count;
    const struct FailureReport *refused; /* WRITE_EXPLAIN: what PostgreSQL said */
    References explained;
};

/* POST /{resource}; PUT, PATCH and DELETE /{resource}/{id}. */
Step write_plan(Exchange *x);
Step write_done(Exchange *x);
Step write_failed(Exchange *x);

/* For the resources' steps. */
int write_index(const Write *write, const char *field); /* its index; the field exists (asserted) */
bool write_changes(const Write *write, const char *field);
const char *write_text(const Write *write, const char *field);
void write_set(Write *write, const char *field, const char *text);

/* Answers 422 with the faults gathered. */
Step write_refuse(Exchange *x);

/* The steps by themselves, for whoever writes many records at once (bulk.h). They do not look at x->batch.
 *
 * write_current takes the record as it stands from a row of its plain selection: false, for the reason
 * `write_unreadable`, when it holds a number that no double can. lookup_take puts the id that was found for a reference
 * in its place; `found` is none, one, or more, which is as much a fault as none. write_values makes the columns' texts
 * of the record that is to be; then write_differs says whether they are other than they were. */
extern const char write_unreadable[];
bool write_current(Write *write, const Selection *plain, const Result *rows, int row);
void lookup_take(Exchange *x, const Reference *lookup, const int64_t *ids, int found);
void write_values(Write *write);
bool write_differs(const Write *write);

#endif
