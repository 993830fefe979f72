#include "record/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json_writer.h"
#include "db/errors.h"
#include "record/exchange.h"

enum { FAULTS_MAX = 100 };

static const struct {
    int status;
    const char *slug;
    const char *title;
} kinds[PROBLEM_COUNT] = {
    [PROBLEM_NONE] = {200, "none", "No problem"},
    [PROBLEM_BAD_REQUEST] = {400, "bad-request", "The request is malformed"},
    [PROBLEM_UNAUTHORIZED] = {401, "unauthorized", "An API key is needed"},
    [PROBLEM_FORBIDDEN] = {403, "forbidden", "The API key does not allow this"},
    [PROBLEM_NOT_FOUND] = {404, "not-found", "There is nothing here"},
    [PROBLEM_METHOD_NOT_ALLOWED] = {405, "method-not-allowed", "The method is not allowed here"},
    [PROBLEM_NOT_ACCEPTABLE] = {406, "not-acceptable", "No representation is acceptable"},
    [PROBLEM_REQUEST_TIMEOUT] = {408, "request-timeout", "The request took too long to arrive"},
    [PROBLEM_CONFLICT] = {409, "conflict", "Another record is in the way"},
    [PROBLEM_UNDER_WAY] = {409, "under-way", "The same request is under way"},
    [PROBLEM_GONE] = {410, "gone", "The record was deleted"},
    [PROBLEM_CHANGES_GONE] = {410, "changes-gone", "These changes are not kept any more"},
    [PROBLEM_PRECONDITION_FAILED] = {412, "precondition-failed", "The record has changed"},
    [PROBLEM_TOO_LARGE] = {413, "too-large", "The body is too large"},
    [PROBLEM_HEAD_TOO_LARGE] = {431, "head-too-large", "The request's head is too large"},
    [PROBLEM_URI_TOO_LONG] = {414, "uri-too-long", "The target is too long"},
    [PROBLEM_UNSUPPORTED_TYPE] = {415, "unsupported-type", "The body's type is not supported"},
    [PROBLEM_INVALID] = {422, "invalid", "The record is not valid"},
    [PROBLEM_KEY_USED] = {422, "key-used", "The Idempotency-Key was used before"},
    [PROBLEM_PRECONDITION_REQUIRED] = {428, "precondition-required", "If-Match is required"},
    [PROBLEM_INTERNAL] = {500, "internal", "Something went wrong here"},
    [PROBLEM_UNAVAILABLE] = {503, "unavailable", "The service cannot answer now"},
    [PROBLEM_OUTCOME_UNKNOWN] = {503, "outcome-unknown", "It is not known whether the write was done"},
};

int problem_status(ProblemKind kind) {
    return kinds[kind].status;
}

const char *problem_slug(ProblemKind kind) {
    return kinds[kind].slug;
}

const char *problem_title(ProblemKind kind) {
    return kinds[kind].title;
}

__attribute__((format(printf, 2, 0))) static const char *format_text(Arena *arena, const char *format,
                                                                     va_list arguments) {
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

void problem_set(Exchange *x, ProblemKind kind, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    x->problem.kind = kind;
    x->problem.detail = format_text(x->arena, format, arguments);
    va_end(arguments);
}

Fault *problem_vfault(Exchange *x, FaultPlace place, const char *where, const char *format, va_list arguments) {
    Problem *problem = &x->problem;
    if (++problem->fault_count > FAULTS_MAX)
        return NULL;
    Fault *fault = arena_alloc(x->arena, sizeof *fault);
    *fault = (Fault){.place = place, .where = arena_strdup(x->arena, where), .candidate_count = -1};
    fault->detail = format_text(x->arena, format, arguments);
    if (problem->last != NULL)
        problem->last->next = fault;
    else
        problem->faults = fault;
    problem->last = fault;
    return fault;
}

Fault *problem_fault(Exchange *x, FaultPlace place, const char *where, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    Fault *fault = problem_vfault(x, place, where, format, arguments);
    va_end(arguments);
    return fault;
}

static void problem_from_failure(Exchange *x) {
    FailureReport report = failure_report(&x->batch.error);
    switch (report.kind) {
    case FAILURE_CONFLICT:
    case FAILURE_REFERENCED:
        problem_set(x, PROBLEM_CONFLICT, "%s", report.detail);
        break;
    case FAILURE_REFERENCE:
    case FAILURE_INVALID:
        problem_set(x, PROBLEM_INVALID, "%s", report.detail);
        if (report.field != NULL)
            problem_fault(x, FAULT_POINTER, arena_printf(x->arena, "/%s", report.field), "%s", report.detail);
        break;
    case FAILURE_TIMEOUT:
    case FAILURE_RETRY:
    case FAILURE_UNAVAILABLE:
        problem_set(x, PROBLEM_UNAVAILABLE, "%s", report.detail);
        break;
    case FAILURE_RUNNING:
        problem_set(x, PROBLEM_UNDER_WAY, "%s", report.detail);
        break;
    case FAILURE_ANSWERED:
    case FAILURE_INTERNAL:
        problem_set(x, PROBLEM_INTERNAL, "The database refused what the service asked of it.");
        break;
    }
}

void problem_from_batch(Exchange *x) {
    switch (x->batch.outcome) {
    case BATCH_FAILED:
        problem_from_failure(x);
        break;
    case BATCH_BUSY:
        problem_set(x, PROBLEM_UNAVAILABLE, "Too many requests are waiting for the database.");
        break;
    case BATCH_UNKNOWN:
        problem_set(x, PROBLEM_OUTCOME_UNKNOWN,
                    "The connection to the database broke while the write was under way. %s",
                    x->idempotency.key != NULL ? "Send it again with the same Idempotency-Key."
                                               : "Look whether it was done before sending it again.");
        break;
    default:
        problem_set(x, PROBLEM_UNAVAILABLE, "The database cannot be reached.");
        break;
    }
}

static void candidates_render(const Fault *fault, JsonWriter *w) {
    writer_key(w, "candidates");
    writer_array_begin(w);
    for (int i = 0; i < fault->candidate_count; i++) {
        writer_object_begin(w);
        writer_key(w, "id");
        writer_int(w, fault->candidates[i].id);
        writer_key(w, "name");
        writer_string(w, fault->candidates[i].name);
        writer_object_end(w);
    }
    writer_array_end(w);
}

static void faults_render(const Problem *problem, JsonWriter *w) {
    static const char *const places[] = {
        [FAULT_POINTER] = "pointer", [FAULT_PARAMETER] = "parameter", [FAULT_HEADER] = "header"};
    writer_key(w, "errors");
    writer_array_begin(w);
    for (const Fault *fault = problem->faults; fault != NULL; fault = fault->next) {
        writer_object_begin(w);
        writer_key(w, places[fault->place]);
        writer_string(w, fault->where);
        writer_key(w, "detail");
        writer_string(w, fault->detail);
        if (fault->candidate_count >= 0)
            candidates_render(fault, w);
        writer_object_end(w);
    }
    writer_array_end(w);
}

static void conflict_render(const Exchange *x, JsonWriter *w) {
    const Problem *problem = &x->problem;
    writer_key(w, "conflict");
    writer_object_begin(w);
    writer_key(w, "resource");
    writer_string(w, problem->conflict_resource);
    writer_key(w, "id");
    writer_int(w, problem->conflict_id);
    writer_key(w, "href");
    writer_string(w, arena_printf(x->arena, "%s/%s/%lld", x->service->public_url, problem->conflict_resource,
                                  problem->conflict_id));
    writer_object_end(w);
}

void problem_render(const Exchange *x, Buffer *out) {
    const Problem *problem = &x->problem;
    JsonWriter w = json_writer_new(out);
    writer_object_begin(&w);
    writer_key(&w, "type");
    writer_string(&w, arena_printf(x->arena, "urn:onrecord:problem:%s", problem_slug(problem->kind)));
    writer_key(&w, "title");
    writer_string(&w, problem_title(problem->kind));
    writer_key(&w, "status");
    writer_int(&w, problem_status(problem->kind));
    writer_key(&w, "detail");
    writer_string(&w, problem->detail);
    if (x->path != NULL) {
        writer_key(&w, "instance");
        writer_string(&w, x->path);
    }
    if (problem->faults != NULL)
        faults_render(problem, &w);
    if (problem->conflict_resource != NULL)
        conflict_render(x, &w);
    if (problem->report != NULL) {
        writer_key(&w, "report");
        writer_raw(&w, problem->report, strlen(problem->report));
    }
    writer_object_end(&w);
}
