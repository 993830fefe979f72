#include "http/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "http/response.h"
#include "record/bulk_report.h"

enum { SPOOL_BUFFER = 64 * 1024, DRAIN_US = 1000 * 1000 /* for the rest of the body after SIGTERM */ };

struct Upload {
    Bulk *bulk;
    BulkReport report;
    bool all;   /* an answer a line */
    bool ended; /* the body */
    int spool;  /* the file for those; -1: none */
    Arena *arena;
    Buffer unspooled; /* what goes there next */
    uint64_t spooled;
    bool spool_full;
    int64_t left_us;  /* suspended: what was left of the client's time */
    int64_t drain_us; /* when the rest of the body must be there; 0: the server is not draining */
};

/* ---- the spool ---- */

/* A file that is gone with its descriptor: on disk, where there is one to write to. */
static int spool_open(void) {
    const char *folder = getenv("TMPDIR");
    int fd = open(folder != NULL ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return fd >= 0 ? fd : memfd_create("onrecord-report", MFD_CLOEXEC);
}

static void spool_flush(Upload *upload) {
    const char *data = upload->unspooled.data;
    size_t left = upload->unspooled.length;
    while (left > 0 && !upload->spool_full) {
        ssize_t written = write(upload->spool, data, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            log_event(LOG_ERROR, "report_not_spooled", "reason", strerror(errno), NULL);
            upload->spool_full = true;
            break;
        }
        data += written;
        left -= (size_t)written;
        upload->spooled += (uint64_t)written;
    }
    arena_reset(upload->arena);
    upload->unspooled = buffer_new(upload->arena, SPOOL_BUFFER + SPOOL_BUFFER / 4);
}

static void upload_tell(void *owner, const BulkLine *line) {
    Request *request = owner;
    Upload *upload = request->upload;
    metrics_add(request->worker->metrics, GAUGE_UPLOAD_LINES, 1);
    if (line->fate == FATE_FAILED)
        report_add(&upload->report, line);
    if (!upload->all)
        return;
    report_line(&upload->unspooled, line);
    if (upload->unspooled.length >= SPOOL_BUFFER)
        spool_flush(upload);
}

/* ---- begin and end ---- */

bool upload_begin(Request *request) {
    Exchange *x = &request->exchange;
    Worker *worker = request->worker;
    const Config *config = worker->server->config.config;
    bool all = false;
    BulkPlan plan = {.resource = x->endpoint->resource,
                     .service = x->service,
                     .line_max = (size_t)config->body_max,
                     .key_id = x->key_id,
                     .actor = x->actor,
                     .reason = x->reason,
                     .owner = request,
                     .tell = upload_tell,
                     .complete = x->batch.complete,
                     .batch_owner = request};
    if (x->idempotency.key != NULL)
        problem_fault(x, FAULT_HEADER, "Idempotency-Key",
                      "is not for many records: send them again with on_conflict=skip");
    if (!bulk_parameters(x, &plan, &all) || x->idempotency.key != NULL) {
        problem_set(x, PROBLEM_BAD_REQUEST, "The request has faults.");
        return false;
    }
    if (worker->uploads >= config->uploads_max) {
        problem_set(x, PROBLEM_UNAVAILABLE, "As many uploads are under way as there may be at a time.");
        return false;
    }
    Upload *upload = memory_zeroed(1, sizeof *upload);
    upload->all = all;
    upload->spool = all ? spool_open() : -1;
    upload->spool_full = all && upload->spool < 0;
    upload->arena = arena_new();
    upload->unspooled = buffer_new(upload->arena, 0);
    upload->report = report_new(x->arena);
    upload->bulk = bulk_new(&plan, 0, 0);
    request->upload = upload;
    worker->uploads++;
    metrics_set(worker->metrics, GAUGE_UPLOADS, (uint64_t)worker->uploads);
    return true;
}

void upload_free(Request *request) {
    Upload *upload = request->upload;
    Worker *worker = request->worker;
    if (upload == NULL)
        return;
    bulk_free(upload->bulk);
    report_release(&upload->report);
    arena_free(upload->arena);
    if (upload->spool >= 0)
        close(upload->spool);
    free(upload);
    request->upload = NULL;
    worker->uploads--;
    metrics_set(worker->metrics, GAUGE_UPLOADS, (uint64_t)worker->uploads);
}

/* ---- the body ---- */

/* Submits what the step says, and suspends the connection meanwhile. True when the chunk is settled. */
static bool upload_step(Request *request, Step step) {
    Worker *worker = request->worker;
    Upload *upload = request->upload;
    while (step == STEP_QUERY && worker->pool == NULL) { /* the server ends */
        bulk_batch(upload->bulk)->outcome = BATCH_UNAVAILABLE;
        step = bulk_go_on(upload->bulk);
    }
    if (step == STEP_ANSWER)
        return true;
    pool_submit(worker->pool, bulk_batch(upload->bulk));
    if (!request->suspended) {
        request->suspended = true;
        upload->left_us = request->client->deadline_us - worker->now_us;
        client_enter(&worker->clients, request->client, CLIENT_WORKING, worker->now_us);
        MHD_suspend_connection(request->connection);
    }
    return false;
}

void upload_take(Request *request, const char *data, size_t *size) {
    Upload *upload = request->upload;
    Worker *worker = request->worker;
    client_received(&worker->clients, request->client, *size, worker->now_us);
    while (*size > 0 && !request->suspended) {
        if (bulk_stopped(upload->bulk) != NULL || upload->spool_full) {
            *size = 0; /* it can be answered only when it was read */
            return;
        }
        size_t taken = bulk_take(upload->bulk, data, *size);
        data += taken;
        *size -= taken;
        if (bulk_is_full(upload->bulk))
            (void)upload_step(request, bulk_run(upload->bulk));
    }
}

bool upload_end(Request *request) {
    Upload *upload = request->upload;
    upload->ended = true;
    if (bulk_stopped(upload->bulk) != NULL || upload->spool_full)
        return true;
    bulk_end(upload->bulk);
    request->state = REQUEST_WAITING;
    return upload_step(request, bulk_run(upload->bulk));
}

/* The rest of the body may still come; after SIGTERM not for long. */
static void upload_go_on(Request *request) {
    Upload *upload = request->upload;
    Worker *worker = request->worker;
    client_enter(&worker->clients, request->client, CLIENT_UPLOAD, worker->now_us);
    request->client->deadline_us = worker->now_us + upload->left_us;
    if (!worker->draining)
        return;
    if (upload->drain_us == 0)
        upload->drain_us = worker->now_us + DRAIN_US;
    if (worker->now_us < upload->drain_us)
        return;
    log_event(LOG_WARNING, "upload_cut", "operation", request->exchange.endpoint->operation_id, "reason",
              "the server ends", NULL);
    shutdown(request->client->fd, SHUT_RDWR);
}

bool upload_continue(Request *request) {
    Upload *upload = request->upload;
    if (!upload_step(request, bulk_go_on(upload->bulk)))
        return false;
    if (!upload->ended)
        upload_go_on(request);
    else if (!upload_answer(request))
        shutdown(request->client->fd, SHUT_RDWR);
    return true;
}

/* ---- the answer ---- */

/* What was settled before it stopped stands: the problem carries the report. */
static void answer_stopped(Request *request, const Buffer *report) {
    Exchange *x = &request->exchange;
    const Problem *problem = bulk_stopped(request->upload->bulk);
    if (problem != NULL)
        problem_set(x, problem->kind, "%s", problem->detail);
    else
        problem_set(x, PROBLEM_UNAVAILABLE, "There is no room for the report.");
    x->problem.report = report->data;
}

static ssize_t spool_read(void *cls, uint64_t position, char *out, size_t max) {
    Request *request = cls;
    ssize_t got = pread(request->upload->spool, out, max, (off_t)position);
    if (got <= 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    request->sent += (size_t)got;
    client_handed(request->client, (size_t)got);
    return got;
}

bool upload_answer(Request *request) {
    Exchange *x = &request->exchange;
    Upload *upload = request->upload;
    Buffer report = buffer_new(x->arena, upload->report.problems.length + 256);
    if (upload->all)
        spool_flush(upload);
    report_render(&upload->report, bulk_counts(upload->bulk), &report);
    if (bulk_stopped(upload->bulk) != NULL || upload->spool_full) {
        answer_stopped(request, &report);
        return response_queue(request);
    }
    x->status = 200;
    request->client->handed = request->client->taken = 0;
    if (upload->all)
        return response_lines(request, upload->spooled, spool_read, request);
    x->body = report;
    return response_queue(request);
}
