/* endpoint.h: an endpoint is one visible row: what it is called, who may call it, and its two functions.
 *
 * `plan` looks at the request and either answers (STEP_ANSWER: the answer's part of the exchange or a problem is set)
 * or fills `x->batch` (STEP_QUERY). `done` is called when that batch is BATCH_DONE, with the same choice. A batch that
 * ended otherwise never comes to `done`, unless the endpoint sets `failed`, which may turn it into a better answer; by
 * default http answers it from errors.h. */
#ifndef ONRECORD_RECORD_ENDPOINT_H
#define ONRECORD_RECORD_ENDPOINT_H

#include <stdbool.h>

#include "db/keys.h"

typedef struct Exchange Exchange;
typedef struct Resource Resource;
typedef struct Answer Answer;

typedef enum Method {
    METHOD_GET,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_COUNT
} Method; /* HEAD is GET without a body; OPTIONS is answered by the router */

typedef enum Step { STEP_ANSWER, STEP_QUERY } Step;

/* What an endpoint takes as a body. */
typedef enum Accepts {
    ACCEPTS_NOTHING, /* a body is read and ignored */
    ACCEPTS_JSON,    /* application/json */
    ACCEPTS_RECORDS, /* application/json: one record; or application/x-ndjson: any number, a line each */
    ACCEPTS_PATCH    /* application/merge-patch+json or application/json */
} Accepts;

/* The functions by themselves. */
typedef struct Steps {
    Step (*plan)(Exchange *x);
    Step (*done)(Exchange *x);
    Step (*failed)(Exchange *x);
    Step (*replay)(Exchange *x, const Answer *answer);
} Steps;

typedef struct Endpoint {
    Method method;
    const char *path; /* template: "/articles/{id}/quotes" */
    const char *operation_id;
    Scope scope;            /* SCOPE_READ is open unless the setting closes reads; SCOPE_OPEN is always open */
    const char *admin_with; /* a parameter that takes SCOPE_ADMIN where it is true; NULL: none */
    Accepts accepts;
    bool kept;        /* its answers say what they are made of (footprint.h), and may be kept */
    bool needs_query; /* without parameters it answers 400 */
    const Resource *resource;
    const void *detail; /* the endpoint's own constant, e.g. the relation of a sub-collection */
    Step (*plan)(Exchange *x);
    Step (*done)(Exchange *x);
    Step (*failed)(Exchange *x);                       /* may be NULL; x->batch.outcome is BATCH_FAILED */
    Step (*replay)(Exchange *x, const Answer *answer); /* idempotency.h; NULL: its answer is a record and no more */
    unsigned formats; /* what a read offers: a set of FORMAT_BITs; none: JSON alone, without `format` */
} Endpoint;

#endif
