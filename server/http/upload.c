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
#include "record/idempotency.h"
#include "record/progress.h"

enum { SPOOL_BUFFER = 64 * 1024, DRAIN_US = 1000 * 1000 /* for the rest of the body after SIGTERM */ };

/* What an upload has asked PostgreSQL for. */
typedef enum UploadPhase {
    UPLOAD_BEGINS, /* how far an earlier request with the key came: before the first bytes are taken */
    UPLOAD_SETTLES,
    UPLOAD_ENDS /* that all is done is kept with the key */
} UploadPhase;

struct Upload {
    Bulk *bulk;
    BulkReport report;
    Progress *progress; /* with an Idempotency-Key, as soon as it is known */
    UploadPhase phase;
    bool all;     /* an answer a line */
    bool ended;   /* the body */
    bool taken;   /* its last chunk, too */
    bool replays; /* an earlier request has done it all */
    int spool;    /* the file for those; -1: none */
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
    if (line->fate >= FATE_COUNTED)
        metrics_add(request->worker->metrics, GAUGE_UPLOAD_LINES, 1);
    if (line->fate == FATE_FAILED)
        report_add(&upload->report, line);
    if (!upload->all)
        return;
    report_line(&upload->unspooled, line);
    if (upload->unspooled.length >= SPOOL_BUFFER)
        spool_flush(upload);
}

/* ---- with an Idempotency-Key ---- */

static bool upload_passes_over(void *owner, int64_t number) {
    const Request *request = owner;
    return progress_passes_over(request->upload->progress, number);
}

static void upload_accompany(void *owner, Batch *batch) {
    const Request *request = owner;
    const Upload *upload = request->upload;
    progress_keep(upload->progress, &request->exchange, upload->bulk, &upload->report, batch, false);
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
    if (x->idempotency.key != NULL) {
        static const char what[] = "many records"; /* in place of the body, which comes yet; no JSON is that */
        x->idempotency.fingerprint =
            idempotency_fingerprint(x->arena, x->path, request->target.query, what, sizeof what - 1);
        plan.passes_over = upload_passes_over;
        plan.accompany = upload_accompany;
    }
    if (!bulk_parameters(x, &plan, &all)) {
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
    upload->phase = x->idempotency.key != NULL ? UPLOAD_BEGINS : UPLOAD_SETTLES;
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
    progress_release(upload->progress);
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

/* No more lines are settled: what is left of the body is read, and then answered. */
static bool upload_is_stopped(const Request *request) {
    const Upload *upload = request->upload;
    return bulk_stopped(upload->bulk) != NULL || upload->spool_full || request->exchange.problem.kind != PROBLEM_NONE;
}

/* Submits a batch, and suspends the connection meanwhile. */
static void upload_submit(Request *request, Batch *batch) {
    Worker *worker = request->worker;
    pool_submit(worker->pool, batch);
    if (request->suspended)
        return;
    request->suspended = true;
    request->upload->left_us = request->client->deadline_us - worker->now_us;
    client_enter(&worker->clients, request->client, CLIENT_WORKING, worker->now_us);
    MHD_suspend_connection(request->connection);
}

/* As the step says. True when the chunk is settled. */
static bool upload_step(Request *request, Step step) {
    Upload *upload = request->upload;
    while (step == STEP_QUERY && request->worker->pool == NULL) { /* the server ends */
        bulk_batch(upload->bulk)->outcome = BATCH_UNAVAILABLE;
        step = bulk_go_on(upload->bulk);
    }
    if (step == STEP_QUERY)
        upload_submit(request, bulk_batch(upload->bulk));
    return step == STEP_ANSWER;
}

/* Submits the request's own batch. True when it is complete already. */
static bool upload_ask(Request *request, UploadPhase phase) {
    Batch *batch = &request->exchange.batch;
    request->upload->phase = phase;
    if (request->worker->pool != NULL) {
        upload_submit(request, batch);
        return false;
    }
    batch->outcome = BATCH_UNAVAILABLE;
    return true;
}

/* Settles what has gathered. True when that is done. */
static bool upload_settle(Request *request) {
    Upload *upload = request->upload;
    if (upload->progress != NULL &&
        !progress_agrees(upload->progress, &request->exchange, bulk_number(upload->bulk), upload->ended))
        return true;
    return upload_step(request, bulk_run(upload->bulk));
}

/* How far an earlier request came. */
static void begin_done(Request *request) {
    Exchange *x = &request->exchange;
    Upload *upload = request->upload;
    upload->phase = UPLOAD_SETTLES;
    upload->progress = progress_take(x, &upload->report);
    upload->replays = upload->progress != NULL && upload->progress->finished;
    batch_release(&x->batch);
}

/* Before the first bytes are taken, with a key. True when that is known. */
static bool upload_begun(Request *request) {
    if (request->upload->phase != UPLOAD_BEGINS)
        return true;
    progress_ask(&request->exchange);
    if (!upload_ask(request, UPLOAD_BEGINS))
        return false;
    begin_done(request);
    return true;
}

void upload_take(Request *request, const char *data, size_t *size) {
    Upload *upload = request->upload;
    Worker *worker = request->worker;
    if (!upload_begun(request))
        return;
    client_received(&worker->clients, request->client, *size, worker->now_us);
    while (*size > 0 && !request->suspended) {
        if (upload_is_stopped(request)) {
            *size = 0; /* it can be answered only when it was read */
            return;
        }
        size_t taken = bulk_take(upload->bulk, data, *size);
        if (upload->progress != NULL)
            progress_read(upload->progress, data, taken);
        data += taken;
        *size -= taken;
        if (bulk_is_full(upload->bulk))
            (void)upload_settle(request);
    }
}

static void end_done(Request *request) {
    Exchange *x = &request->exchange;
    request->upload->phase = UPLOAD_SETTLES;
    if (x->batch.outcome != BATCH_DONE)
        problem_from_batch(x);
    else
        request->upload->progress->finished = true;
    batch_release(&x->batch);
}

/* The body has ended: its last chunk is settled, and that all is done is kept with the key. True when the answer is
 * known. */
static bool upload_finish(Request *request) {
    Exchange *x = &request->exchange;
    Upload *upload = request->upload;
    if (!upload_is_stopped(request) && !upload->taken) {
        upload->taken = true;
        bulk_end(upload->bulk);
        if (!upload_settle(request))
            return false;
    }
    if (upload->progress == NULL || upload->progress->finished || upload_is_stopped(request))
        return true;
    x->batch.lane = LANE_BULK;
    x->batch.write = true;
    progress_keep(upload->progress, x, upload->bulk, &upload->report, &x->batch, true);
    if (!upload_ask(request, UPLOAD_ENDS))
        return false;
    end_done(request);
    return true;
}

bool upload_end(Request *request) {
    request->upload->ended = true;
    request->state = REQUEST_WAITING;
    return upload_begun(request) && upload_finish(request);
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
    switch (upload->phase) {
    case UPLOAD_BEGINS:
        begin_done(request);
        break;
    case UPLOAD_SETTLES:
        if (!upload_step(request, bulk_go_on(upload->bulk)))
            return false;
        break;
    case UPLOAD_ENDS:
        end_done(request);
        break;
    }
    if (!upload->ended)
        upload_go_on(request);
    else if (!upload_finish(request))
        return false;
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
    else if (x->problem.kind == PROBLEM_NONE)
        problem_set(x, PROBLEM_UNAVAILABLE, "There is no room for the report.");
    if (x->problem.kind != PROBLEM_KEY_USED) /* that is about another body */
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
    BulkCounts counts = *bulk_counts(upload->bulk);
    if (upload->progress != NULL)
        counts = progress_counts(upload->progress, &counts);
    report_render(&upload->report, &counts, &report);
    if (upload_is_stopped(request)) {
        answer_stopped(request, &report);
        return response_queue(request);
    }
    if (upload->replays)
        exchange_header(x, "Idempotency-Replayed", "true");
    x->status = 200;
    request->client->handed = request->client->taken = 0;
    if (upload->all)
        return response_lines(request, upload->spooled, spool_read, request);
    x->body = report;
    return response_queue(request);
}
