#include "http/request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/moment.h"
#include "http/access_log.h"
#include "http/cached.h"
#include "http/flow.h"
#include "http/gate.h"
#include "http/listener.h"
#include "http/response.h"
#include "http/upload.h"
#include "record/idempotency.h"
#include "record/payload.h"

enum {
    SPARE_MAX = 256, /* requests kept for use again; more than are in flight at once, but in a flood */
    /* A body that was refused is read to its end, so that the connection can be used again, up to this size; beyond it
     * the answer goes out at once and the connection is closed. */
    SWALLOW_MAX = 4 * 1024 * 1024
};

Request *request_of(Exchange *x) {
    return (Request *)((char *)x - offsetof(Request, exchange));
}

static Request *request_take(Worker *worker) {
    Request *request = worker->spare;
    Arena *arena;
    if (request) {
        worker->spare = request->next;
        worker->spare_count--;
        arena = request->exchange.arena;
    } else {
        request = malloc(sizeof(*request));
        if (request == NULL)
            abort(); /* as in arena.h: this machine is broken */
        arena = arena_new();
    }
    memset(request, 0, sizeof(*request));
    request->exchange.arena = arena;
    request->exchange.service = worker->server->config.service;
    request->worker = worker;
    request->head = head_new(arena);
    worker->in_flight++;
    metrics_set(worker->metrics, GAUGE_IN_FLIGHT, (uint64_t)worker->in_flight);
    return request;
}

static void request_give_back(Request *request) {
    Worker *worker = request->worker;
    flow_free(request);
    upload_free(request);
    listener_free(request);
    cached_release(request);
    exchange_release(&request->exchange);
    worker->in_flight--;
    metrics_set(worker->metrics, GAUGE_IN_FLIGHT, (uint64_t)worker->in_flight);
    if (worker->spare_count >= SPARE_MAX) {
        arena_free(request->exchange.arena);
        free(request);
        return;
    }
    arena_reset(request->exchange.arena);
    request->next = worker->spare;
    worker->spare = request;
    worker->spare_count++;
}

void requests_free(Worker *worker) {
    while (worker->spare) {
        Request *request = worker->spare;
        worker->spare = request->next;
        arena_free(request->exchange.arena);
        free(request);
    }
}

/* A batch has ended: the request waits for its turn in the loop. */
static void batch_completed(Batch *batch) {
    Request *request = batch->owner;
    Worker *worker = request->worker;
    if (batch->write && batch->outcome == BATCH_DONE)
        change_log_written(worker->server->config.change_log);
    if (batch->write && (batch->outcome == BATCH_DONE || batch->outcome == BATCH_UNKNOWN))
        generations_touch(worker->server->generations, batch->touched);
    request->next = NULL;
    if (worker->completed_last)
        worker->completed_last->next = request;
    else
        worker->completed = request;
    worker->completed_last = request;
}

void *request_begin(void *cls, const char *uri, struct MHD_Connection *connection) {
    Worker *worker = cls;
    Request *request = request_take(worker);
    Exchange *x = &request->exchange;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    request->connection = connection;
    assert(info != NULL && info->socket_context != NULL); /* connection_started sees to it */
    request->client = info->socket_context;
    request->started_us = clock_monotonic_us();
    client_enter(&worker->clients, request->client, CLIENT_HEADERS, request->started_us);
    batch_init(&x->batch, x->arena, LANE_POINT, batch_completed, request);
    request->target_valid = target_parse(x, uri ? uri : "", &request->target);
    request->line = (RequestLine){.uri = uri, .version = uri ? uri + strlen(uri) + 1 : NULL};
    request->client->path = x->path;
    if (uri) {
        /* MHD would now take the query apart itself, and answer a long one with a 431 of its own: it is ours already,
         * so hide it. The text is MHD's own buffer, which it writes to in the same way. */
        char *query = strchr(uri, '?');
        if (query)
            query[1] = 0;
    }
    return request;
}

/* The header lines, as MHD hands them out. */
typedef struct Lines {
    Head *head;
    const char *end; /* of the last one's value; NULL: there was none yet */
} Lines;

/* MHD takes a line that begins with a colon for the end of the head and what follows for the next request, joins folded
 * lines to a name, ends a value at a NUL and a line at a bare LF: all of them ways to make two servers read two
 * different requests. It parses in place, so each line must begin right behind the CR LF of the one before, and the
 * head end right behind the last one and the empty line. */
static enum MHD_Result line_add(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_length,
                                const char *value, size_t value_length) {
    Lines *lines = cls;
    (void)kind;
    if (name == NULL || value == NULL || (lines->end && name != lines->end + strlen("\r\n")))
        lines->head->bad_line = true;
    else
        head_add(lines->head, name, name_length, value, value_length);
    lines->end = value ? value + value_length : lines->end;
    return MHD_YES;
}

static void head_read(Request *request) {
    Lines lines = {.head = &request->head};
    int fields = MHD_get_connection_values_n(request->connection, MHD_HEADER_KIND, line_add, &lines);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    size_t size = info ? info->header_size : 0;
    request->head.size = size + (size_t)fields * HEAD_FIELD_SIZE;
    if (lines.end && request->method + size != lines.end + strlen("\r\n\r\n"))
        request->head.bad_line = true;
}

/* The method, the target and the version follow one another in what was read; a NUL among them cuts one short, and
 * another server would read it in another way. */
static bool line_is_whole(const Request *request, const char *version) {
    const RequestLine *line = &request->line;
    return line->uri == request->method + strlen(request->method) + 1 && line->version == version;
}

/* The head is complete. An answer that is known now waits until the body was read, unless that would be long. */
static enum MHD_Result head_complete(Request *request, const char *method, const char *version) {
    Worker *worker = request->worker;
    request->method = method;
    head_read(request);
    request->head.bad_line = request->head.bad_line || !line_is_whole(request, version);
    request->http11 = strcmp(version, "HTTP/1.0") != 0;
    request->judged = !gate_pass(request, request->http11);
    if (!request->judged && request->lines)
        request->judged = !upload_begin(request);
    request->state = REQUEST_BODY;

    int64_t length = head_body_length(&request->head);
    if (length == 0 && !request->framing_lost)
        return MHD_YES; /* the answer is queued on the second call: on this one it would end the connection */
    bool early =
        request->framing_lost || request->lines || length > SWALLOW_MAX || head_expects_continue(&request->head);
    if (request->judged && early) {
        request->client->linger = true;
        return response_queue(request) ? MHD_YES : MHD_NO;
    }
    client_enter(&worker->clients, request->client, request->upload ? CLIENT_UPLOAD : CLIENT_BODY, worker->now_us);
    if (!request->judged && !request->upload && request->exchange.endpoint->accepts != ACCEPTS_NOTHING)
        request->payload = buffer_new(request->exchange.arena, length > 0 ? (size_t)length : 0);
    return MHD_YES;
}

static void body_part(Request *request, const char *data, size_t size) {
    size_t max = (size_t)request->worker->server->config.config->body_max;
    if (request->judged)
        return;
    if (request->payload.arena == NULL)
        return; /* a body that means nothing here */
    if (size > max - request->payload.length) {
        problem_set(&request->exchange, PROBLEM_TOO_LARGE, "The body may have %zu bytes at most.", max);
        request->judged = true;
        return;
    }
    buffer_add(&request->payload, data, size);
}

static bool body_parse(Request *request) {
    const char *fault = NULL;
    if (request->payload.length == 0)
        return true;
    Exchange *x = &request->exchange;
    x->json = exchange_own(x, payload_parse(x->arena, request->payload.data, request->payload.length, &fault));
    if (x->json == NULL)
        problem_set(x, PROBLEM_BAD_REQUEST, "%s", fault);
    return x->json != NULL;
}

/* Queues the batch or the answer. True when the answer is queued. */
static bool request_step(Request *request, Step step) {
    Worker *worker = request->worker;
    if (step == STEP_ANSWER) {
        request->state = REQUEST_ANSWERED;
        return true;
    }
    if (request->exchange.stream && request->flow == NULL)
        flow_start(request);
    pool_submit(worker->pool, &request->exchange.batch);
    if (!request->suspended) {
        request->suspended = true;
        request->state = REQUEST_WAITING;
        client_enter(&worker->clients, request->client, CLIENT_WORKING, worker->now_us);
        MHD_suspend_connection(request->connection);
    }
    return false;
}

static enum MHD_Result upload_complete(Request *request) {
    if (!upload_end(request))
        return MHD_YES;
    return upload_answer(request) ? MHD_YES : MHD_NO;
}

static enum MHD_Result request_complete(Request *request) {
    Exchange *x = &request->exchange;
    if (request->upload)
        return upload_complete(request);
    Step step = STEP_ANSWER;
    if (!request->judged && body_parse(request)) {
        if (x->idempotency.key)
            x->idempotency.fingerprint = idempotency_fingerprint(x->arena, x->path, request->target.query,
                                                                 request->payload.data, request->payload.length);
        step = cached_answer(request) ? STEP_ANSWER : endpoint_plan(x);
    }
    if (!request_step(request, step))
        return MHD_YES;
    cached_keep(request);
    return response_queue(request) ? MHD_YES : MHD_NO;
}

enum MHD_Result request_access(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                               const char *version, const char *data, size_t *size, void **context) {
    Request *request = *context;
    (void)cls;
    (void)connection;
    (void)url;
    if (request->state == REQUEST_LINE)
        return head_complete(request, method, version);
    if (request->state == REQUEST_BODY) {
        if (*size > 0 && request->upload) {
            upload_take(request, data, size);
            return MHD_YES;
        }
        if (*size > 0) {
            body_part(request, data, *size);
            *size = 0;
            return MHD_YES;
        }
        return request_complete(request);
    }
    return request->state == REQUEST_GONE ? MHD_NO : MHD_YES;
}

/* PostgreSQL said no, or nothing. */
static Step batch_failed(Request *request) {
    Exchange *x = &request->exchange;
    Step step = endpoint_failed(x);
    if (step == STEP_ANSWER && x->problem.kind == PROBLEM_INTERNAL) {
        const DbError *error = &x->batch.error;
        log_event(LOG_ERROR, "query_failed", "operation", x->endpoint->operation_id, "sqlstate", error->sqlstate,
                  "message", error->message ? error->message : "", "detail", error->detail ? error->detail : "",
                  "constraint", error->constraint ? error->constraint : "", NULL);
    }
    return step;
}

bool request_continue(Request *request) {
    Exchange *x = &request->exchange;
    if (request->upload)
        return upload_continue(request);
    if (request->listener) {
        listener_page(request->listener);
        return false;
    }
    if (request->flow)
        flow_end(request->flow);
    if (request->flow && flow_begun(request->flow))
        return false; /* the flow goes on by itself */
    Step step = x->batch.outcome == BATCH_DONE ? endpoint_done(x) : batch_failed(request);
    if (!request_step(request, step))
        return false;
    if (x->tail && x->problem.kind == PROBLEM_NONE && listener_begin(request))
        return true;
    batch_release(&x->batch); /* the answer is in the arena; a slow reader need not keep the rows too */
    cached_keep(request);
    if (!response_queue(request))
        shutdown(request->client->fd, SHUT_RDWR); /* MHD asks again for an answer otherwise */
    return true;
}

void request_resume(Request *request) {
    request->suspended = false;
    MHD_resume_connection(request->connection);
}

void request_completed(void *cls, struct MHD_Connection *connection, void **context,
                       enum MHD_RequestTerminationCode code) {
    Worker *worker = cls;
    Request *request = *context;
    (void)code;
    if (request == NULL)
        return;
    if (request->status == 0) { /* MHD answered by itself, or nobody did */
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_HTTP_STATUS);
        request->status = info ? (int)info->http_status : 0;
    }
    access_log(request, clock_monotonic_us() - request->started_us);
    client_enter(&worker->clients, request->client, CLIENT_IDLE, worker->now_us);
    request_give_back(request);
    *context = NULL;
}
