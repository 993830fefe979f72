/* idempotency.h: a POST with an Idempotency-Key is done once, and its answer given as often as it is asked for.
 *
 * http calls endpoint_plan, endpoint_done and endpoint_failed in place of an endpoint's own functions. For a request
 * with a key they look for an answer first; where there is one it is given again, made anew from the record as it was
 * then. What an endpoint that writes has to do:
 *
 *   - queue idempotency_guard as the first statement of its writing batch: one request with the key at a time, and none
 *     after the first (409, or the first one's answer; both are seen to here);
 *   - keep what it answers in the same batch: idempotency_keep, as a statement or within one;
 *   - where its answer is more than a record: keep the rest as `detail`, and have a `replay` (endpoint.h), which goes
 * on from the Answer as `plan` would.
 *
 * Many records at a time have their own: progress.h.
 *
 * Only what was done is kept. A request that was refused changed nothing, and may be sent again with its key. An answer
 * belongs to the API key and the path; all else of the request is in its fingerprint. Without a key all this does
 * nothing. */
#ifndef ONRECORD_RECORD_IDEMPOTENCY_H
#define ONRECORD_RECORD_IDEMPOTENCY_H

#include "record/exchange.h"
#include "record/selection.h"
#include "record/sql_builder.h"

/* What was answered. `record_id` and `version` are 0 where it was no record, but the status alone. */
typedef struct Answer {
    int status;
    const Resource *resource;
    int64_t record_id;
    int64_t version;
    const char *detail; /* JSON; NULL: none */
} Answer;

/* What makes a request the same one: hex SHA-256 of its target and its body. */
const char *idempotency_fingerprint(Arena *arena, const char *path, const char *query, const void *body, size_t length);

Step endpoint_plan(Exchange *x);
Step endpoint_done(Exchange *x);
Step endpoint_failed(Exchange *x);

/* Queues the statement that lets one write with this key go on. */
void idempotency_guard(Exchange *x);

/* Adds the INSERT that keeps the answer: `status` and a record of `resource`, whose id and version are columns of
 * `from`, a table or a WITH query of one row, or of none, which keeps nothing. To be called with a key only, as the two
 * that follow. */
void idempotency_keep(const Exchange *x, Sql *sql, const char *from, int status, const Resource *resource);

/* Adds the UPDATE that keeps more with an answer that the same transaction keeps: `detail`, an expression of the type
 * jsonb. */
void idempotency_detail(const Exchange *x, Sql *sql, const char *detail);

/* Asks for the answer of an endpoint that has no `replay`: the record, or the status alone. */
Step idempotency_plain(Exchange *x, const Answer *answer);

/* Queues the record as it was answered; no row: it was erased since, and that is answered with idempotency_erased. */
void idempotency_record(Exchange *x, const Selection *selection, const Answer *answer);
Step idempotency_erased(Exchange *x);

#endif
