/* write.h: how every record is written: created, replaced, patched, deleted, restored. The same steps for every
 * resource.
 *
 *   current    PUT, PATCH, DELETE: read the record; compare If-Match; merge
 *   lookups    references by external_id, url or name become ids
 *   check      the body's members become the texts of columns, all faults gathered; the resource's `check` adds its own
 *   look       the resource's `look` may ask for more (a quote: the article's body), `looked` reads it
 *   send       one statement, guarded by the versions that were read, and what the resource hangs on to it
 *
 * What was read was read outside the writing transaction: where a guard is lost, the whole write starts over, unless
 * If-Match forbids that. When PostgreSQL refuses, `explain` asks once more, to name the record in the way; where it was
 * a reference to a record that was merged, the write starts over with the one that has its place. */
#ifndef ONRECORD_RECORD_WRITE_H
#define ONRECORD_RECORD_WRITE_H

#include "record/body.h"
#include "record/exchange.h"
#include "record/selection.h"
#include "record/sql_builder.h"

enum { WRITE_FOLLOWERS = 2, WRITE_ATTEMPTS = 5 };

typedef struct Led {
    const char *target; /* the resource */
    int64_t id;
    int64_t into;
} Led;

typedef struct Leads {
    Led *items;
    int count;
} Leads;

typedef enum WritePhase {
    WRITE_CURRENT,
    WRITE_TOMBSTONE, /* the record is not there: was it deleted? */
    WRITE_LOOKUPS,
    WRITE_LOOK,
    WRITE_SEND,
    WRITE_REPLAY,
    WRITE_EXPLAIN
} WritePhase;

/* What DELETE is asked to do beside deleting the record. */
typedef struct Removal {
    bool cascade; /* what refers to it is deleted or changed with it */
    bool purge;   /* it is erased for good */
} Removal;

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
    Removal removal;            /* DELETE */
    struct Past *past;          /* restore.h; NULL: the write goes back to nothing */
    int statement;              /* in the batch: the one that writes the record */

    const char *pointer;           /* where the record stands in the body: "" for the body itself */
    json_t *given;                 /* what the request says of it */
    json_t *current;               /* the record as it stands; NULL on create */
    int64_t version;               /* its version */
    bool keeps;                    /* POST: the record is the answer, and kept as that: see idempotency.h */
    int64_t new_id;                /* on create: its id, where it is known before; 0: PostgreSQL gives it */
    json_t *value;                 /* the record as it is to be */
    const char *was[FIELDS_MAX];   /* by field: the column's text now, NULL on create */
    const char *texts[FIELDS_MAX]; /* by field: the column's text to be */
    References lookups;
    Leads leads; /* references that lead to merged records, and where these lead */

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

/* Has the references in a record's `value`, which stands at `pointer`, name whom those lead to that are merged. */
void references_lead(Exchange *x, const Resource *resource, json_t *value, const char *pointer, const Leads *leads);

/* For the steps of restore.h and removal.h. */
Write *write_new(Exchange *x);
Step write_begin(Write *write);
Step write_lookups(Write *write);
/* Whether what the request demands of the present version (If-Match, and that there is one where the service asks for
 * it) holds, of a record that is there or that is not; else the problem is set. */
bool write_demand(Write *write, bool is_there);
/* The record in a row of the plain selection as JSON, owned by the exchange. NULL, with the problem set, where it holds
 * a number that no double can. */
json_t *write_record(Write *write, const Result *rows, int row);
/* The same, as what the write starts from. */
bool write_take(Write *write, const Result *rows, int row);
/* Whether the record is to be inserted. */
bool write_inserts(const Write *write);

/* For the resources' steps. Adds a fault of the record, at a JSON pointer within it. */
void write_fault(Write *write, const char *pointer, const char *format, ...) __attribute__((format(printf, 3, 4)));
int write_index(const Write *write, const char *field); /* its index; the field exists (asserted) */
bool write_changes(const Write *write, const char *field);
const char *write_text(const Write *write, const char *field);
void write_set(Write *write, const char *field, const char *text);

/* Answers 422 with the faults gathered. */
Step write_refuse(Exchange *x);

/* The steps by themselves, for whoever writes many records at once (bulk.h, ingest.h). They do not look at x->batch.
 *
 * lookup_take puts the id that was found for a reference in its place; `found` is none, one, or more, which is as much
 * a fault as none. lookup_read does so with the answer to lookup_sql. write_values makes the columns' texts of the
 * record that is to be; then write_differs says whether they are other than they were. */
void lookup_take(Exchange *x, const Reference *lookup, const int64_t *ids, int found);
void lookup_read(Exchange *x, const Reference *lookup, const Result *rows);
void write_values(Write *write);
bool write_differs(const Write *write);

#endif
