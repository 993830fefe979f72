#include "http/flow.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/memory.h"
#include "http/departure.h"
#include "http/response.h"
#include "record/stream.h"

/* A chunk is full with so many bytes; its last row goes beyond. */
enum { CHUNK_FULL = 64 * 1024, CHUNK_ROOM = CHUNK_FULL + 16 * 1024 };

typedef struct Chunk {
    Arena *arena; /* its own: given back with each chunk, so that memory does not grow with the rows */
    Buffer bytes;
} Chunk;

struct Flow {
    Departure departure; /* first: what epoll has is the flow */
    Request *request;
    Flow *next; /* among the worker's */
    bool due;   /* it stands there */
    Chunk filling;
    Chunk sending;
    size_t taken;    /* of `sending` */
    bool begun;      /* the answer */
    bool over;       /* no more rows come */
    bool failed;     /* and some are missing */
    bool gone;       /* the client is */
    int64_t left_us; /* suspended: what was left of the client's time */
};

static Chunk chunk_new(void) {
    Chunk chunk = {.arena = arena_new()};
    chunk.bytes = buffer_new(chunk.arena, CHUNK_ROOM);
    return chunk;
}

static void chunk_empty(Chunk *chunk) {
    arena_reset(chunk->arena);
    chunk->bytes = buffer_new(chunk->arena, CHUNK_ROOM);
}

static bool chunk_is_full(const Chunk *chunk) {
    return chunk->bytes.length >= CHUNK_FULL;
}

static void flow_due(Flow *flow) {
    Worker *worker = flow->request->worker;
    if (flow->due)
        return;
    flow->due = true;
    flow->next = worker->flows;
    worker->flows = flow;
}

/* --- from PostgreSQL ------------------------------------------------------------------------------------------------
 */

static bool flow_take_row(Batch *batch, const Result *row) {
    Request *request = batch->owner;
    Flow *flow = request->flow;
    stream_row(request->exchange.stream, &flow->filling.bytes, row, 0);
    bool full = chunk_is_full(&flow->filling);
    if (full || flow->begun)
        flow_due(flow);
    return !full;
}

static void flow_gone(Departure *departure);

static void flow_watch(Flow *flow, bool on) {
    departure_watch(&flow->departure, flow->request->worker, flow->request->client->fd, on);
}

void flow_start(Request *request) {
    Exchange *x = &request->exchange;
    Flow *flow = memory_zeroed(1, sizeof *flow);
    flow->departure.gone = flow_gone;
    flow->request = request;
    flow->filling = chunk_new();
    flow->sending = chunk_new();
    request->flow = flow;
    stream_head(x->stream, &flow->filling.bytes);
    batch_streams(&x->batch, flow_take_row);
    flow_watch(flow, true);
    metrics_add(request->worker->metrics, GAUGE_EXPORTS, 1);
}

bool flow_begun(const Flow *flow) {
    return flow->begun;
}

/* Wants no more rows. */
static void flow_leave(Flow *flow) {
    if (!flow->over)
        pool_leave(flow->request->worker->pool, &flow->request->exchange.batch);
    flow->over = true;
}

static void log_cut(const Request *request) {
    const Exchange *x = &request->exchange;
    bool failed = x->batch.outcome == BATCH_FAILED;
    log_event(LOG_WARNING, "export_cut", "operation", x->endpoint->operation_id, "sqlstate",
              failed ? x->batch.error.sqlstate : "", "message",
              failed && x->batch.error.message ? x->batch.error.message : "the database is not available", NULL);
}

void flow_end(Flow *flow) {
    Request *request = flow->request;
    flow->over = true;
    if (!flow->begun) {
        request->exchange.body = flow->filling.bytes;
        return;
    }
    flow->failed = request->exchange.batch.outcome != BATCH_DONE;
    if (flow->failed) {
        log_cut(request);
        metrics_add(request->worker->metrics, GAUGE_EXPORTS_CUT, 1);
    }
    flow_due(flow);
}

void flow_free(Request *request) {
    Flow *flow = request->flow;
    Worker *worker = request->worker;
    if (flow == NULL)
        return;
    flow_leave(flow);
    flow_watch(flow, false);
    for (Flow **at = &worker->flows; flow->due && *at; at = &(*at)->next) {
        if (*at == flow) {
            *at = flow->next;
            break;
        }
    }
    arena_free(flow->filling.arena);
    arena_free(flow->sending.arena);
    free(flow);
    request->flow = NULL;
    metrics_add(worker->metrics, GAUGE_EXPORTS, -1);
}

/* --- to the client --------------------------------------------------------------------------------------------------
 */

/* What was sent makes room for what is filled. */
static void chunks_swap(Flow *flow) {
    Chunk sent = flow->sending;
    chunk_empty(&sent);
    flow->sending = flow->filling;
    flow->filling = sent;
    flow->taken = 0;
    if (!flow->over)
        pool_go_on(flow->request->worker->pool, &flow->request->exchange.batch);
}

/* There is nothing to send yet: the time that PostgreSQL takes is not the client's. */
static void flow_wait(Flow *flow) {
    Request *request = flow->request;
    Worker *worker = request->worker;
    flow->left_us = request->client->deadline_us - worker->now_us;
    client_enter(&worker->clients, request->client, CLIENT_WORKING, worker->now_us);
    request->suspended = true;
    MHD_suspend_connection(request->connection);
}

static void flow_wake(Flow *flow) {
    Request *request = flow->request;
    Worker *worker = request->worker;
    if (!request->suspended)
        return;
    if (flow->begun) {
        client_enter(&worker->clients, request->client, CLIENT_STREAM, worker->now_us);
        request->client->deadline_us = worker->now_us + flow->left_us;
    }
    request_resume(request);
}

/* Without chunks the connection's end is the body's, and the client would take what it has for all of it: a reset tells
 * it better. MHD itself would end the connection in good order. */
static void flow_reset(const Flow *flow) {
    const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
    if (!flow->request->http11)
        (void)connect(flow->request->client->fd, &nobody, sizeof nobody);
}

/* MHD asks for more of the body. */
static ssize_t flow_read(void *cls, uint64_t position, char *out, size_t max) {
    Flow *flow = cls;
    Request *request = flow->request;
    Worker *worker = request->worker;
    (void)position;
    if (flow->taken == flow->sending.bytes.length)
        chunks_swap(flow);
    size_t size = flow->sending.bytes.length - flow->taken;
    if (size > max)
        size = max;
    if (size > 0 && !flow->gone) {
        memcpy(out, flow->sending.bytes.data + flow->taken, size);
        flow->taken += size;
        request->sent += size;
        metrics_add(worker->metrics, GAUGE_EXPORT_BYTES, (int64_t)size);
        client_handed(request->client, size);
        return (ssize_t)size;
    }
    if (flow->failed || flow->gone) {
        flow_reset(flow);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    if (flow->over)
        return MHD_CONTENT_READER_END_OF_STREAM;
    flow_wait(flow);
    return 0;
}

static void flow_begin(Flow *flow) {
    Request *request = flow->request;
    stream_answer(&request->exchange);
    flow->begun = true;
    request->client->handed = request->client->taken = 0;
    if (request->head_only)
        flow_leave(flow); /* that it begins is all that is asked */
    if (!response_stream(request, CLIENT_STREAM, flow_read, flow))
        flow_gone(&flow->departure);
    flow->left_us = request->client->deadline_us - request->worker->now_us;
}

/* The client is. */
static void flow_gone(Departure *departure) {
    Flow *flow = (Flow *)departure;
    Request *request = flow->request;
    flow_watch(flow, false);
    if (flow->over && !flow->begun)
        return; /* an ordinary answer by now */
    flow_leave(flow);
    flow->gone = true;
    if (!flow->begun)
        request->state = REQUEST_GONE;
    shutdown(request->client->fd, SHUT_RDWR); /* where MHD waits for the socket, it notices */
    flow_due(flow);
}

void flows_run(Worker *worker) {
    while (worker->flows) {
        Flow *flow = worker->flows;
        worker->flows = flow->next;
        flow->due = false;
        if (!flow->begun && !flow->over && chunk_is_full(&flow->filling))
            flow_begin(flow);
        if (flow->begun || flow->gone)
            flow_wake(flow);
    }
}
