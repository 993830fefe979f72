/* write.h: how every record is written: created, replaced, patched, deleted. The same steps for every resource.
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

typedef enum WritePhase {
    WRITE_CURRENT,
    WRITE_TOMBSTONE, /* the record is not there: was it deleted? */
    WRITE_LOOKUPS,
    WRITE_LOOK,
    WRITE_SEND,
    WRITE_EXPLAIN
} WritePhase;

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
    int led_count; /* references that lead to merged records, and where these lead */
    Led *led;

    /* For the resource's steps. */
    const Resource *guard; /* another record that must still be as it was read; NULL: none */
    int64_t guard_id;
    int64_t guard_version;
    void *special;
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

/* Puts the id that a lookup (write_sql.h) has found in the reference's place; a fault where it is none, or several. */
void lookup_take(Exchange *x, const Reference *lookup, const Result *rows);

/* Answers 422 with the faults gathered. */
Step write_refuse(Exchange *x);

#endif
