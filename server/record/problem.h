/* problem.h: what is wrong with a request, as RFC 9457 problem details.
 *
 * A request gathers faults (pointer, parameter or header, each with its own detail), so that one answer names them all;
 * `problem_set` decides its kind. The kinds are a table: slug, status, title. */
#ifndef ONRECORD_RECORD_PROBLEM_H
#define ONRECORD_RECORD_PROBLEM_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

typedef struct Exchange Exchange;

typedef enum ProblemKind {
    PROBLEM_NONE,
    PROBLEM_BAD_REQUEST,           /* 400 the request's syntax or its parameters */
    PROBLEM_UNAUTHORIZED,          /* 401 */
    PROBLEM_FORBIDDEN,             /* 403 */
    PROBLEM_NOT_FOUND,             /* 404 */
    PROBLEM_METHOD_NOT_ALLOWED,    /* 405 */
    PROBLEM_NOT_ACCEPTABLE,        /* 406 */
    PROBLEM_REQUEST_TIMEOUT,       /* 408 */
    PROBLEM_CONFLICT,              /* 409 */
    PROBLEM_UNDER_WAY,             /* 409 a request with the same Idempotency-Key is */
    PROBLEM_GONE,                  /* 410 */
    PROBLEM_CHANGES_GONE,          /* 410 of the log of changes */
    PROBLEM_PRECONDITION_FAILED,   /* 412 */
    PROBLEM_TOO_LARGE,             /* 413 */
    PROBLEM_HEAD_TOO_LARGE,        /* 431 */
    PROBLEM_URI_TOO_LONG,          /* 414 */
    PROBLEM_UNSUPPORTED_TYPE,      /* 415 */
    PROBLEM_INVALID,               /* 422 the body's values */
    PROBLEM_KEY_USED,              /* 422 the Idempotency-Key was used for something else */
    PROBLEM_PRECONDITION_REQUIRED, /* 428 */
    PROBLEM_INTERNAL,              /* 500 */
    PROBLEM_UNAVAILABLE,           /* 503 with Retry-After */
    PROBLEM_OUTCOME_UNKNOWN,       /* 503 without Retry-After: a write whose fate nobody knows */
    PROBLEM_COUNT
} ProblemKind;

typedef enum FaultPlace { FAULT_POINTER, FAULT_PARAMETER, FAULT_HEADER } FaultPlace;

/* A record that may have been meant. */
typedef struct Candidate {
    int64_t id;
    const char *name;
} Candidate;

typedef struct Fault Fault;
struct Fault {
    FaultPlace place;
    const char *where; /* JSON pointer (RFC 6901), parameter or header name */
    const char *detail;
    const Candidate *candidates;
    int candidate_count; /* -1: candidates are nothing that this fault is about */
    Fault *next;
};

/* Part of an exchange, zeroed at its start. */
typedef struct Problem {
    ProblemKind kind;
    const char *detail;
    const char *conflict_resource; /* 409: the record in the way, if known */
    long long conflict_id;
    const char *report; /* JSON of what was done all the same; NULL: nothing */
    Fault *faults;
    Fault *last;
    int fault_count;
} Problem;

/* Sets the kind and the sentence; what was set before is replaced, gathered faults stay. Answers STEP_ANSWER through
 * the macro-free idiom `problem_set(...); return STEP_ANSWER;`. */
void problem_set(Exchange *x, ProblemKind kind, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Adds a fault. `where` is copied. Beyond 100 faults further ones are only counted: NULL then. */
Fault *problem_fault(Exchange *x, FaultPlace place, const char *where, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same from a list of arguments. */
Fault *problem_vfault(Exchange *x, FaultPlace place, const char *where, const char *format, va_list arguments)
    __attribute__((format(printf, 4, 0)));

/* Turns a batch that did not become BATCH_DONE into a problem (errors.h); for failures that are not the client's it
 * writes nothing of what PostgreSQL said. */
void problem_from_batch(Exchange *x);

int problem_status(ProblemKind kind);
const char *problem_slug(ProblemKind kind);
const char *problem_title(ProblemKind kind);

/* The problem document of `x` as JSON text: {type, title, status, detail, instance, errors?, conflict?}. */
void problem_render(const Exchange *x, Buffer *out);

#endif
