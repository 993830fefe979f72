/* exchange.h: one request and its answer, as far as records are concerned.
 *
 * http/ fills the request's part, calls the endpoint's `plan`, sends `batch` to PostgreSQL while the step says so,
 * calls `done` after each, and turns the answer's part into bytes on the wire. Everything in it lives in `arena`, until
 * the answer is sent. */
#ifndef ONRECORD_RECORD_EXCHANGE_H
#define ONRECORD_RECORD_EXCHANGE_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "db/batch.h"
#include "db/change.h"
#include "record/endpoint.h"
#include "record/problem.h"
#include "record/representation.h"

enum { EXCHANGE_IDS = 2, EXCHANGE_HEADERS = 12, IF_MATCH_MAX = 16, EXCHANGE_OWNED = 16 };

/* What searches have learnt of each other, in all threads: see search.c. All is 0 at first. */
enum { SEARCHES_SLOW = 1024 };
typedef struct SearchLore {
    _Atomic uint64_t configs[2];          /* which languages there are */
    _Atomic uint64_t slow[SEARCHES_SLOW]; /* which searches find much */
} SearchLore;

/* What all exchanges share: settings that records depend on. Owned by the server; constant while it runs, but for the
 * cursor key, which is filled in before the first request that needs it. */
typedef struct Service {
    const char *public_url; /* prefixes every link, no slash at its end; "" : links are relative */
    int idempotency_kept_s; /* how long the answer to an Idempotency-Key is kept */
    bool if_match_required; /* changes of what is there without If-Match answer 428 */
    uint8_t cursor_key[32];
    SearchLore *searches;
} Service;

/* A query parameter, decoded, in the order given. `name` and `value` are valid UTF-8 without NUL. */
typedef struct Parameter {
    const char *name;
    const char *value;
} Parameter;

typedef struct AnswerHeader {
    const char *name;
    const char *value;
} AnswerHeader;

/* If-Match, as versions: what stands before the `-` in each strong ETag. */
typedef struct IfMatch {
    bool given;
    bool any; /* `*` */
    int count;
    int64_t versions[IF_MATCH_MAX];
} IfMatch;

typedef enum IdempotencyPhase {
    IDEMPOTENCY_NONE,   /* the endpoint is at work */
    IDEMPOTENCY_LOOKS,  /* for an answer */
    IDEMPOTENCY_REPEATS /* the answer */
} IdempotencyPhase;

/* A POST that is to be done once: idempotency.h. */
typedef struct Idempotency {
    const char *key;         /* Idempotency-Key; NULL: none */
    const char *fingerprint; /* of the request; only with a key */
    IdempotencyPhase phase;
    int owned;            /* what the exchange owned when it began */
    const Answer *answer; /* IDEMPOTENCY_REPEATS */
} Idempotency;

typedef struct Exchange {
    /* the request */
    Arena *arena;
    const Service *service;
    const Endpoint *endpoint;
    Method method;             /* HEAD comes as METHOD_GET */
    const char *path;          /* as sent, without the query; safe to repeat in a link */
    int64_t ids[EXCHANGE_IDS]; /* the path's {id}s and {version}s, in order */
    Parameter *parameters;
    int parameter_count;
    json_t *json; /* the parsed body; NULL where there is none. Borrowed. */
    IfMatch if_match;
    int64_t key_id;    /* 0: no key */
    const char *actor; /* Change-Actor and Change-Reason; NULL where not given */
    const char *reason;
    Idempotency idempotency;
    const char *last_event_id; /* Last-Event-ID; NULL where not given */
    LogMark log;               /* where the log of changes stood when the request began, or before */
    Format format;             /* of the answer: one that the endpoint offers */
    const char *base;          /* this service's own address, no slash at its end; only for FORMATS_ABSOLUTE */

    /* the way */
    Batch batch;
    void *state;                 /* the endpoint's own */
    struct Stream *stream;       /* stream.h; NULL: the answer is no stream */
    struct Tail *tail;           /* tail.h; NULL: the answer is not sent page by page */
    struct Footprint *footprint; /* footprint.h; NULL: nothing is said of what the answer is made of */

    /* the answer: either a problem (problem.h) or this */
    int status;
    const char *content_type; /* NULL: that of `format` */
    Buffer body;
    const char *etag; /* without quotes; NULL: none */
    AnswerHeader headers[EXCHANGE_HEADERS];
    int header_count;
    Problem problem;

    json_t *owned[EXCHANGE_OWNED]; /* given back by exchange_release */
    int owned_count;
} Exchange;

/* Keeps a JSON value until the exchange ends; takes over the reference. */
json_t *exchange_own(Exchange *x, json_t *json);

/* Gives back the batch's results, and of what exchange_own took all but the first `keep`. */
void exchange_give_back(Exchange *x, int keep);

/* Gives back what is not in the arena: the batch's results and what exchange_own took. http calls it when the answer
 * was sent. */
void exchange_release(Exchange *x);

/* Adds a header to the answer; both texts must live as long as the exchange. */
void exchange_header(Exchange *x, const char *name, const char *value);

/* Adds the header `Link` for the next page; NULL: there is none. */
void exchange_link_next(Exchange *x, const char *next);

/* The parameter's value, or NULL. */
const char *exchange_parameter(const Exchange *x, const char *name);

/* Whether the parameter is given as true; what is neither true nor false becomes a fault. */
bool exchange_flag(Exchange *x, const char *name);

/* True, with a fault, when parameter `index` has the name of one before it. */
bool exchange_repeats(Exchange *x, int index);

#endif
