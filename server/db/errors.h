/* errors.h: from what PostgreSQL said to what a client may hear.
 *
 * SQL text, table and constraint names never reach a client: a table of constraints maps each to the field it is about,
 * a phrase, and, for unique keys, the columns by which the record in the way is found. */
#ifndef ONRECORD_DB_ERRORS_H
#define ONRECORD_DB_ERRORS_H

#include "db/batch.h"

typedef enum Failure {
    FAILURE_CONFLICT,    /* a unique key is taken: 409 */
    FAILURE_REFERENCE,   /* refers to a record that is not there: 422 */
    FAILURE_REFERENCED,  /* other records refer to it: 409 */
    FAILURE_INVALID,     /* a check refused a value: 422 */
    FAILURE_TIMEOUT,     /* statement_timeout or lock_timeout: 503 */
    FAILURE_RETRY,       /* deadlock, serialization: 503, or try again */
    FAILURE_UNAVAILABLE, /* shutting down, too many connections, read-only, disk full: 503 */
    FAILURE_RUNNING,     /* the same write is under way: 409 */
    FAILURE_ANSWERED,    /* the same write was done: its answer is to be given again */
    FAILURE_INTERNAL     /* a defect of ours: 500, and logged whole */
} Failure;

typedef struct FailureReport {
    Failure kind;
    const char *resource; /* plural name of the resource whose constraint it is ("quotes"); NULL if unknown */
    const char *field;    /* JSON name of the field that it is about, or NULL */
    const char *detail;   /* a sentence for the client */
    const char *referrer; /* FAILURE_REFERENCED: the resource that refers, and by which field */
    const char *referrer_field;
} FailureReport;

/* Never fails: an unknown SQLSTATE is FAILURE_INTERNAL. The texts are constants. */
FailureReport failure_report(const DbError *error);

#endif
