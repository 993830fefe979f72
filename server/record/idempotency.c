#include "record/idempotency.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "db/errors.h"
#include "record/read.h"
#include "sql.h"

enum { KEY_PARAMS = 3 };

const char *idempotency_fingerprint(Arena *arena, const char *path, const char *query, const void *body,
                                    size_t length) {
    uint8_t digest[SHA256_SIZE];
    char *hex = arena_alloc(arena, 2 * SHA256_SIZE + 1);
    sha256(body, length, digest);
    hex_encode(digest, sizeof digest, hex);
    const char *all = arena_printf(arena, "%s?%s\n%s", path, query != NULL ? query : "", hex);
    sha256(all, strlen(all), digest);
    hex_encode(digest, sizeof digest, hex);
    return hex;
}

/* ---- what an endpoint queues ---- */

static const char **key_params(Exchange *x) {
    const char **params = arena_alloc(x->arena, KEY_PARAMS * sizeof *params);
    params[0] = arena_integer(x->arena, x->key_id);
    params[1] = x->path;
    params[2] = x->idempotency.key;
    return params;
}

void idempotency_guard(Exchange *x) {
    if (x->idempotency.key != NULL)
        batch_add(&x->batch, SQL_ANSWER_GUARD, KEY_PARAMS, key_params(x));
}

void idempotency_keep(const Exchange *x, Sql *sql, const char *from, int status, const Resource *resource) {
    Arena *arena = x->arena;
    sql_add(sql, "INSERT INTO onrecord.answers (key_id, path, key, fingerprint, expires_at, status, resource, "
                 "record_id, version) SELECT ");
    sql_param(sql, arena_integer(arena, x->key_id), "bigint");
    sql_add(sql, ", ");
    sql_param(sql, x->path, "text");
    sql_add(sql, ", ");
    sql_param(sql, x->idempotency.key, "text");
    sql_add(sql, ", decode(");
    sql_param(sql, x->idempotency.fingerprint, "text");
    sql_add(sql, ", 'hex'), clock_timestamp() + interval '1 second' * ");
    sql_param(sql, arena_integer(arena, x->service->idempotency_kept_s), "bigint");
    sql_add(sql, ", ");
    sql_number(sql, status);
    sql_add_all(sql, ", '", resource->name, "', answered.id, answered.version FROM ", from, " answered", NULL);
}

void idempotency_detail(const Exchange *x, Sql *sql, const char *detail) {
    sql_add_all(sql, "UPDATE onrecord.answers SET detail = ", detail, " WHERE key_id = ", NULL);
    sql_param(sql, arena_integer(x->arena, x->key_id), "bigint");
    sql_add(sql, " AND path = ");
    sql_param(sql, x->path, "text");
    sql_add(sql, " AND key = ");
    sql_param(sql, x->idempotency.key, "text");
}

/* ---- the answer once more ---- */

/* The record at that version: as it is, or from the revision that replaced it. */
void idempotency_record(Exchange *x, const Selection *selection, const Answer *answer) {
    const Resource *resource = answer->resource;
    Selection past = *selection;
    past.past = true;
    Sql *sql = sql_new(x->arena);
    int id = sql_bind(sql, arena_integer(x->arena, answer->record_id));
    int version = sql_bind(sql, arena_integer(x->arena, answer->version));
    sql_add(sql, "SELECT ");
    selection_columns(&past, sql);
    sql_add_all(sql, " FROM (SELECT r.* FROM ", resource->table, " r WHERE r.id = ", NULL);
    sql_use(sql, id, "bigint");
    sql_add(sql, " AND r.version = ");
    sql_use(sql, version, "bigint");
    sql_add_all(sql, " UNION ALL SELECT was.* FROM onrecord.revisions v, jsonb_populate_record(NULL::", resource->table,
                ", v.state) was WHERE v.state IS NOT NULL AND v.resource = '", resource->name,
                "' AND v.record_id = ", NULL);
    sql_use(sql, id, "bigint");
    sql_add(sql, " AND v.version = ");
    sql_use(sql, version, "bigint");
    sql_add(sql, " LIMIT 1) t");
    x->batch.lane = LANE_POINT;
    sql_queue(sql, &x->batch);
}

static const Selection *selection_of(Exchange *x) {
    return selection_read(x, x->idempotency.answer->resource, true);
}

Step idempotency_erased(Exchange *x) {
    problem_set(x, PROBLEM_KEY_USED, "What was written with this Idempotency-Key was erased since.");
    problem_fault(x, FAULT_HEADER, "Idempotency-Key", "was used for a record that was erased since");
    return STEP_ANSWER;
}

static Step answer_render(Exchange *x) {
    const Answer *answer = x->idempotency.answer;
    const Result *rows = x->batch.statements[0].result;
    if (result_rows(rows) == 0)
        return idempotency_erased(x);
    record_answer(x, selection_of(x), answer->status, rows, NULL);
    if (answer->status == 201)
        record_location(x, answer->resource, answer->record_id);
    else
        record_content_location(x, answer->resource, answer->record_id);
    return STEP_ANSWER;
}

Step idempotency_plain(Exchange *x, const Answer *answer) {
    if (answer->record_id == 0) {
        x->status = answer->status;
        return STEP_ANSWER;
    }
    x->idempotency.phase = IDEMPOTENCY_REPEATS;
    idempotency_record(x, selection_of(x), answer);
    return STEP_QUERY;
}

static Answer *answer_take(Exchange *x, const Result *rows) {
    Answer *answer = arena_calloc(x->arena, 1, sizeof *answer);
    const char *detail = result_value(rows, 0, 5);
    answer->status = (int)result_integer(rows, 0, 1);
    answer->resource = resource_find(result_value(rows, 0, 2));
    answer->record_id = result_integer(rows, 0, 3);
    answer->version = result_integer(rows, 0, 4);
    answer->detail = detail != NULL ? arena_strdup(x->arena, detail) : NULL;
    return answer;
}

static Step answer_repeat(Exchange *x) {
    const Result *rows = x->batch.statements[0].result;
    const char *fingerprint = result_value(rows, 0, 0);
    if (fingerprint == NULL)
        return idempotency_erased(x);
    if (strcmp(fingerprint, x->idempotency.fingerprint) != 0) {
        problem_set(x, PROBLEM_KEY_USED, "This Idempotency-Key was used for another request.");
        problem_fault(x, FAULT_HEADER, "Idempotency-Key", "was used with another query or body");
        return STEP_ANSWER;
    }
    const Answer *answer = x->idempotency.answer = answer_take(x, rows);
    batch_release(&x->batch);
    exchange_header(x, "Idempotency-Replayed", "true");
    return x->endpoint->replay != NULL ? x->endpoint->replay(x, answer) : idempotency_plain(x, answer);
}

/* ---- in place of the endpoint's own ---- */

static Step answer_find(Exchange *x) {
    batch_release(&x->batch);
    x->idempotency.phase = IDEMPOTENCY_LOOKS;
    x->batch.lane = LANE_POINT;
    batch_add(&x->batch, SQL_ANSWER_FIND, KEY_PARAMS, key_params(x));
    return STEP_QUERY;
}

Step endpoint_plan(Exchange *x) {
    x->idempotency.owned = x->owned_count;
    return x->idempotency.key != NULL ? answer_find(x) : x->endpoint->plan(x);
}

Step endpoint_done(Exchange *x) {
    switch (x->idempotency.phase) {
    case IDEMPOTENCY_LOOKS:
        x->idempotency.phase = IDEMPOTENCY_NONE;
        if (batch_rows(&x->batch, 0) > 0)
            return answer_repeat(x);
        batch_release(&x->batch);
        return x->endpoint->plan(x);
    case IDEMPOTENCY_REPEATS:
        return answer_render(x);
    default:
        return x->endpoint->done(x);
    }
}

Step endpoint_failed(Exchange *x) {
    Idempotency *idempotency = &x->idempotency;
    bool failed = x->batch.outcome == BATCH_FAILED && idempotency->phase == IDEMPOTENCY_NONE;
    Failure kind = failed ? failure_report(&x->batch.error).kind : FAILURE_INTERNAL;
    if (failed && kind == FAILURE_ANSWERED) {
        exchange_give_back(x, idempotency->owned);
        return answer_find(x);
    }
    if (failed && kind != FAILURE_RUNNING && x->endpoint->failed != NULL)
        return x->endpoint->failed(x);
    problem_from_batch(x);
    if (x->problem.kind == PROBLEM_UNDER_WAY)
        exchange_header(x, "Retry-After", "1");
    return STEP_ANSWER;
}
