#include "record/progress.h"

#include <stdlib.h>
#include <string.h>

#include "db/array.h"
#include "sql.h"

/* Columns of upload_begin. */
enum {
    COLUMN_RUN,
    COLUMN_LINES,
    COLUMN_BEYOND,
    COLUMN_BYTES,
    COLUMN_DIGEST,
    COLUMN_COUNTS,
    COLUMN_PROBLEMS,
    COLUMN_PROBLEM_COUNT,
    COLUMN_PROBLEMS_MORE,
    COLUMN_FINISHED
};

/* ---- where it stands ---- */

void progress_ask(Exchange *x) {
    enum { PARAMS = 6 };
    Arena *arena = x->arena;
    const char **params = arena_alloc(arena, PARAMS * sizeof *params);
    params[0] = arena_integer(arena, x->key_id);
    params[1] = x->path;
    params[2] = x->idempotency.key;
    params[3] = x->idempotency.fingerprint;
    params[4] = x->endpoint->resource->name;
    params[5] = arena_integer(arena, x->service->idempotency_kept_s);
    x->batch.lane = LANE_BULK;
    x->batch.write = true;
    batch_add(&x->batch, SQL_UPLOAD_BEGIN, PARAMS, params);
}

static void counts_take(const Exchange *x, BulkCounts *counts, const char *literal) {
    const char **values;
    int count = array_elements(x->arena, literal, &values);
    for (int i = 0; i < count && FATE_COUNTED + i < FATE_COUNT; i++) {
        counts->fates[FATE_COUNTED + i] = strtoll(values[i], NULL, 10);
        counts->lines += counts->fates[FATE_COUNTED + i];
    }
}

static Progress *used(Exchange *x, const char *detail, const char *fault) {
    problem_set(x, PROBLEM_KEY_USED, "%s", detail);
    problem_fault(x, FAULT_HEADER, "Idempotency-Key", "%s", fault);
    return NULL;
}

Progress *progress_take(Exchange *x, BulkReport *report) {
    if (x->batch.outcome != BATCH_DONE) {
        problem_from_batch(x);
        return NULL;
    }
    const Result *rows = x->batch.statements[0].result;
    if (result_rows(rows) == 0)
        return used(x, "This Idempotency-Key was used for another request.", "was used with another query or body");
    Progress *progress = arena_calloc(x->arena, 1, sizeof *progress);
    const char *digest = result_value(rows, 0, COLUMN_DIGEST);
    progress->run = result_integer(rows, 0, COLUMN_RUN);
    progress->lines = result_integer(rows, 0, COLUMN_LINES);
    progress->beyond_count =
        array_elements(x->arena, arena_strdup(x->arena, result_value(rows, 0, COLUMN_BEYOND)), &progress->beyond);
    progress->bytes = result_integer(rows, 0, COLUMN_BYTES);
    progress->finished = result_value(rows, 0, COLUMN_FINISHED) != NULL;
    counts_take(x, &progress->counts, result_value(rows, 0, COLUMN_COUNTS));
    report_restore(report, result_value(rows, 0, COLUMN_PROBLEMS), (int)result_integer(rows, 0, COLUMN_PROBLEM_COUNT),
                   result_integer(rows, 0, COLUMN_PROBLEMS_MORE));
    progress->same = digest == NULL || !hex_decode(digest, progress->digest, SHA256_SIZE);
    progress->sum = sha256_begin();
    return progress;
}

void progress_release(Progress *progress) {
    uint8_t unused[SHA256_SIZE];
    if (progress != NULL)
        sha256_end(progress->sum, unused);
}

/* ---- the body ---- */

void progress_read(Progress *progress, const void *data, size_t size) {
    sha256_add(progress->sum, data, size);
    progress->read += (int64_t)size;
}

bool progress_passes_over(const Progress *progress, int64_t number) {
    return number <= progress->lines || bulk_is_beyond(progress->beyond, progress->beyond_count, number);
}

/* Chunks are cut where they were before, and each is kept as a whole: so what was read then is a number of whole
 * chunks, and all lines of those before the last are settled. */
static bool is_same(Progress *progress, int64_t number, bool ended) {
    uint8_t digest[SHA256_SIZE];
    if (progress->read < progress->bytes)
        return number <= progress->lines && !ended;
    if (progress->read > progress->bytes)
        return false;
    sha256_so_far(progress->sum, digest);
    progress->same = memcmp(digest, progress->digest, SHA256_SIZE) == 0;
    return progress->same;
}

bool progress_agrees(Progress *progress, Exchange *x, int64_t number, bool ended) {
    bool more = progress->finished && progress->read > progress->bytes;
    if (!more && (progress->same || is_same(progress, number, ended)))
        return true;
    used(x, "This Idempotency-Key was used for other records.", "was used with another body");
    return false;
}

/* ---- keeping it ---- */

BulkCounts progress_counts(const Progress *progress, const BulkCounts *own) {
    BulkCounts counts = progress->counts;
    counts.lines += own->lines;
    for (int fate = 0; fate < FATE_COUNT; fate++)
        counts.fates[fate] += own->fates[fate];
    return counts;
}

static const char *counts_literal(Arena *arena, const BulkCounts *counts) {
    const char *texts[FATE_COUNT];
    for (int fate = FATE_COUNTED; fate < FATE_COUNT; fate++)
        texts[fate - FATE_COUNTED] = arena_integer(arena, counts->fates[fate]);
    return array_literal(arena, texts, FATE_COUNT - FATE_COUNTED);
}

void progress_keep(const Progress *progress, const Exchange *x, const Bulk *bulk, const BulkReport *report,
                   Batch *batch, bool finished) {
    enum { PARAMS = 14 };
    Arena *arena = batch->arena;
    const char **params = arena_alloc(arena, PARAMS * sizeof *params);
    char *digest = arena_alloc(arena, 2 * SHA256_SIZE + 1);
    uint8_t sum[SHA256_SIZE];
    int64_t lines;
    int64_t offset;
    const char *beyond = bulk_settled(bulk, arena, &lines, &offset);
    BulkCounts own = bulk_foreseen(bulk);
    BulkCounts counts = progress_counts(progress, &own);
    sha256_so_far(progress->sum, sum);
    hex_encode(sum, SHA256_SIZE, digest);
    params[0] = arena_integer(arena, x->key_id);
    params[1] = x->path;
    params[2] = x->idempotency.key;
    params[3] = arena_integer(arena, progress->run);
    params[4] = arena_integer(arena, lines);
    params[5] = beyond;
    params[6] = arena_integer(arena, progress->read);
    params[7] = digest;
    params[8] = counts_literal(arena, &counts);
    params[9] = report->count > 0 ? report->problems.data : "";
    params[10] = arena_integer(arena, report->count);
    params[11] = arena_integer(arena, report->more);
    params[12] = finished ? "true" : "false";
    params[13] = arena_integer(arena, x->service->idempotency_kept_s);
    batch_add(batch, SQL_UPLOAD_PROGRESS, PARAMS, params);
}
