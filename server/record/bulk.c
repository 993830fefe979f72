#include "record/bulk_chunk.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/memory.h"
#include "db/array.h"
#include "record/payload.h"

const char *const on_conflict_names[ON_CONFLICT_COUNT + 1] = {"error", "skip", "update", NULL};
const char *const fate_names[FATE_COUNT] = {"pending",   "settled", "created", "updated",
                                            "unchanged", "skipped", "failed"};

OnConflict on_conflict_parse(const char *name) {
    int found = 0;
    while (found < ON_CONFLICT_COUNT && strcmp(on_conflict_names[found], name) != 0)
        found++;
    return (OnConflict)found;
}

/* ---- lines ---- */

void item_settle(Item *item, Fate fate) {
    item->line.fate = fate;
}

void item_refuse(Item *item) {
    Exchange *x = item->x;
    int count = x->problem.fault_count;
    if (x->problem.kind == PROBLEM_NONE)
        problem_set(x, PROBLEM_INVALID, "The line has %d %s.", count, count == 1 ? "fault" : "faults");
    item_settle(item, FATE_FAILED);
}

void item_again(Item *item) {
    if (++item->attempts < LINE_ATTEMPTS)
        return;
    problem_set(item->x, PROBLEM_UNAVAILABLE, "Others keep changing what this line depends on.");
    item_refuse(item);
}

void active_sift(Bulk *bulk) {
    int kept = 0;
    for (int i = 0; i < bulk->active_count; i++)
        if (bulk->active[i]->line.fate == FATE_PENDING)
            bulk->active[kept++] = bulk->active[i];
    bulk->active_count = kept;
}

static Item *item_new(Bulk *bulk, int64_t number, int64_t end) {
    Item *item = &bulk->items[bulk->count++];
    *item = (Item){.line = {.number = number, .end = end}, .look = -1};
    item->x = arena_alloc(bulk->arena, sizeof *item->x);
    *item->x = bulk->model;
    batch_init(&item->x->batch, bulk->arena, LANE_BULK, NULL, NULL);
    item->line.x = item->x;
    return item;
}

static void item_take(Item *item, json_t *json) {
    item->x->json = exchange_own(item->x, json);
    if (!json_is_object(json)) {
        problem_set(item->x, PROBLEM_INVALID, "The line must be a JSON object.");
        item_refuse(item);
    }
}

static void line_add(Bulk *bulk, const Line *line) {
    const BulkPlan *plan = &bulk->plan;
    if (line_is_blank(line))
        return;
    const char *fault = NULL;
    Item *item = item_new(bulk, line->number, line->end);
    bulk->bytes += line->length;
    if (plan->passes_over != NULL && plan->passes_over(plan->owner, line->number)) {
        item_settle(item, FATE_SETTLED);
        return;
    }
    if (line->too_long) {
        problem_set(item->x, PROBLEM_TOO_LARGE, "The line may have %zu bytes at most.", plan->line_max);
        item_refuse(item);
        return;
    }
    json_t *json = payload_parse_line(bulk->arena, line->text, line->length, &fault);
    if (json == NULL) {
        problem_set(item->x, PROBLEM_BAD_REQUEST, "%s", fault);
        item_refuse(item);
    } else {
        item_take(item, json);
    }
}

size_t bulk_take(Bulk *bulk, const char *data, size_t size) {
    size_t taken = 0;
    while (taken < size && !bulk_is_full(bulk)) {
        Line line;
        taken += lines_take(&bulk->lines, data + taken, size - taken, &line);
        if (line.text != NULL)
            line_add(bulk, &line);
    }
    return taken;
}

void bulk_end(Bulk *bulk) {
    Line line;
    lines_end(&bulk->lines, &line);
    if (line.text != NULL)
        line_add(bulk, &line);
}

void bulk_add(Bulk *bulk, int64_t number, json_t *json) {
    item_take(item_new(bulk, number, 0), json);
}

int64_t bulk_number(const Bulk *bulk) {
    return bulk->lines.number;
}

bool bulk_is_full(const Bulk *bulk) {
    return bulk->count == CHUNK_LINES || bulk->bytes >= CHUNK_BYTES || bulk->stop.kind != PROBLEM_NONE;
}

bool bulk_is_empty(const Bulk *bulk) {
    return bulk->count == 0;
}

/* ---- the chunk ---- */

static void chunk_empty(Bulk *bulk) {
    for (int i = 0; i < bulk->count; i++)
        exchange_release(bulk->items[i].x);
    batch_release(&bulk->batch);
    arena_reset(bulk->arena);
    batch_init(&bulk->batch, bulk->arena, LANE_BULK, bulk->plan.complete, bulk->plan.batch_owner);
    bulk->count = 0;
    bulk->bytes = 0;
    bulk->limit = CHUNK_LINES;
    bulk->plain = NULL;
}

Bulk *bulk_new(const BulkPlan *plan, int64_t number, int64_t offset) {
    Bulk *bulk = memory_zeroed(1, sizeof *bulk);
    bulk->plan = *plan;
    bulk->model = (Exchange){.service = plan->service,
                             .method = METHOD_POST,
                             .key_id = plan->key_id,
                             .actor = plan->actor,
                             .reason = plan->reason};
    bulk->lines = lines_new(plan->line_max, number, offset);
    bulk->settled_number = number;
    bulk->settled_offset = offset;
    bulk->arena = arena_new();
    bulk->model.arena = bulk->arena;
    bulk->place.arena = arena_new();
    chunk_empty(bulk);
    return bulk;
}

void bulk_free(Bulk *bulk) {
    chunk_empty(bulk);
    lines_release(&bulk->lines);
    arena_free(bulk->arena);
    arena_free(bulk->place.arena);
    free(bulk);
}

Batch *bulk_batch(Bulk *bulk) {
    return &bulk->batch;
}

const BulkCounts *bulk_counts(const Bulk *bulk) {
    return &bulk->counts;
}

const Problem *bulk_stopped(const Bulk *bulk) {
    return bulk->stop.kind != PROBLEM_NONE ? &bulk->stop : NULL;
}

/* What becomes of a line when the transaction that is about to be sent is done. */
static Fate fate_foreseen(const Bulk *bulk, const Item *item) {
    if (item->line.fate != FATE_PENDING || bulk->phase != PASS_SEND)
        return item->line.fate;
    if (!item->goes)
        return FATE_PENDING;
    return item->present == 0 ? FATE_CREATED : FATE_UPDATED;
}

static bool fate_is_final(Fate fate) {
    return fate != FATE_PENDING && fate != FATE_FAILED;
}

BulkCounts bulk_foreseen(const Bulk *bulk) {
    BulkCounts counts = bulk->counts;
    for (int i = 0; i < bulk->count; i++) {
        Fate fate = fate_foreseen(bulk, &bulk->items[i]);
        if (fate >= FATE_COUNTED && fate_is_final(fate)) {
            counts.lines++;
            counts.fates[fate]++;
        }
    }
    return counts;
}

const char *bulk_settled(const Bulk *bulk, Arena *arena, int64_t *number, int64_t *offset) {
    const char **beyond = arena_alloc(arena, (size_t)(bulk->count + 1) * sizeof *beyond);
    int found = 0;
    bool before = true;
    *number = bulk->settled_number;
    *offset = bulk->settled_offset;
    for (int i = 0; i < bulk->count; i++) {
        const Item *item = &bulk->items[i];
        bool settled = fate_is_final(fate_foreseen(bulk, item));
        before = before && settled;
        if (before) {
            *number = item->line.number;
            *offset = item->line.end;
        } else if (settled) {
            beyond[found++] = arena_integer(arena, item->line.number);
        }
    }
    return array_literal(arena, beyond, found);
}

bool bulk_is_beyond(const char *const *beyond, int count, int64_t number) {
    if (count == 0 || number > strtoll(beyond[count - 1], NULL, 10))
        return false; /* as all lines are but for those of one chunk */
    for (int i = 0; i < count; i++)
        if (strtoll(beyond[i], NULL, 10) == number)
            return true;
    return false;
}

static void chunk_tell(Bulk *bulk) {
    for (int i = 0; i < bulk->count; i++) {
        const Item *item = &bulk->items[i];
        if (item->line.fate == FATE_PENDING)
            continue; /* it has stopped before that */
        if (item->line.fate >= FATE_COUNTED) {
            bulk->counts.lines++;
            bulk->counts.fates[item->line.fate]++;
        }
        bulk->plan.tell(bulk->plan.owner, &item->line);
    }
}

static Step chunk_end(Bulk *bulk) {
    chunk_tell(bulk);
    bulk->settled_number = bulk->lines.number;
    bulk->settled_offset = bulk->lines.offset;
    chunk_empty(bulk);
    return STEP_ANSWER;
}

/* ---- passes ---- */

void batch_begin(Bulk *bulk, PassPhase phase) {
    batch_release(&bulk->batch);
    bulk->phase = phase;
}

/* As far as no query is needed, pass after pass. */
static Step passes(Bulk *bulk, Step step) {
    while (step == STEP_ANSWER) {
        bool left = false;
        for (int i = 0; i < bulk->count && !left; i++)
            left = bulk->items[i].line.fate == FATE_PENDING;
        if (!left)
            return chunk_end(bulk);
        step = pass_find(bulk);
    }
    return step;
}

Step bulk_run(Bulk *bulk) {
    return passes(bulk, STEP_ANSWER);
}

/* ---- failures ---- */

static Step stop(Bulk *bulk) {
    Exchange x = bulk->model;
    x.arena = bulk->place.arena; /* the problem outlives the chunk */
    x.batch = bulk->batch;
    problem_from_batch(&x);
    bulk->stop = x.problem;
    chunk_tell(bulk);
    chunk_empty(bulk);
    return STEP_ANSWER;
}

/* The one line that PostgreSQL refuses. */
static Step blame(Bulk *bulk, const FailureReport *report) {
    Item *item = bulk->active[0];
    Exchange *x = item->x;
    if (report->kind == FAILURE_CONFLICT) {
        item->conflicts = true;
        item_again(item);
        return pass_explain(bulk);
    }
    x->batch.outcome = BATCH_FAILED;
    x->batch.error = bulk->batch.error;
    problem_from_batch(x);
    if (report->kind == FAILURE_INTERNAL)
        log_event(LOG_ERROR, "bulk_line_failed", "resource", bulk->plan.resource->name, "sqlstate",
                  bulk->batch.error.sqlstate, "message", bulk->batch.error.message, NULL);
    item_refuse(item);
    return STEP_ANSWER;
}

static Step pass_failed(Bulk *bulk) {
    FailureReport report = failure_report(&bulk->batch.error);
    bool too_long = strcmp(bulk->batch.error.sqlstate, "57014") == 0;
    bool lost = report.kind == FAILURE_UNAVAILABLE || report.kind == FAILURE_RUNNING;
    if (bulk->batch.outcome != BATCH_FAILED || lost)
        return stop(bulk);
    bool transient = report.kind == FAILURE_RETRY || (report.kind == FAILURE_TIMEOUT && !too_long);
    if (transient && ++bulk->reruns < PASS_RERUNS)
        return STEP_ANSWER;
    bulk->reruns = 0;
    if (bulk->active_count > 1) {
        bulk->limit = bulk->active_count / 2;
        return STEP_ANSWER;
    }
    return report.kind == FAILURE_TIMEOUT ? stop(bulk) : blame(bulk, &report);
}

Step bulk_go_on(Bulk *bulk) {
    static Step (*const done[])(Bulk *) = {
        [PASS_FIND] = pass_found,     [PASS_CURRENT] = pass_current_done, [PASS_LOOK] = pass_look_done,
        [PASS_SEND] = pass_send_done, [PASS_EXPLAIN] = pass_explain_done,
    };
    if (bulk->batch.outcome != BATCH_DONE) {
        Step step = pass_failed(bulk);
        return bulk->stop.kind != PROBLEM_NONE ? STEP_ANSWER : passes(bulk, step);
    }
    return passes(bulk, done[bulk->phase](bulk));
}
