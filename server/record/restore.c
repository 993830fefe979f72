#include "record/restore.h"

#include <string.h>

#include "record/history.h"
#include "record/json_text.h"
#include "record/merged.h"
#include "record/read.h"
#include "record/write_sql.h"
#include "sql.h"

/* The statements that are asked first. */
enum { ASKS_LIVE, ASKS_TOMBSTONE, ASKS_LAST, ASKS_ASKED };

/* ---- the request ---- */

static int64_t version_read(Exchange *x) {
    const json_t *version = json_object_get(x->json, "version");
    const char *name;
    json_t *value;
    json_object_foreach(x->json, name, value) {
        if (value != version)
            problem_fault(x, FAULT_POINTER, pointer_join(x->arena, "", name),
                          "is not a member of this body; there is: version");
    }
    if (version == NULL)
        return 0;
    if (!json_is_integer(version) || json_integer_value(version) < 1)
        problem_fault(x, FAULT_POINTER, "/version", "must be a whole number from 1 on");
    return json_integer_value(version);
}

Step restore_plan(Exchange *x) {
    Write *write = write_new(x);
    Past *past = arena_calloc(x->arena, 1, sizeof *past);
    if (x->problem.fault_count > 0) {
        problem_set(x, PROBLEM_BAD_REQUEST, "The query has faults.");
        return STEP_ANSWER;
    }
    if (x->json != NULL && !json_is_object(x->json)) {
        problem_set(x, PROBLEM_INVALID, "The body must be a JSON object.");
        return STEP_ANSWER;
    }
    past->asked = x->json != NULL ? version_read(x) : 0;
    if (x->problem.fault_count > 0)
        return write_refuse(x);
    write->method = METHOD_PUT; /* the former state replaces the present one */
    write->past = past;
    return write_begin(write);
}

/* ---- what the record is, and was ---- */

/* The state of one version, or, without one, the last that there is among the revisions. */
static void state_ask(Write *write, const Selection *selection, int64_t version) {
    Exchange *x = write->x;
    Sql *sql = sql_new(x->arena);
    int name = sql_bind(sql, write->resource->name);
    int id = sql_bind(sql, arena_integer(x->arena, x->ids[0]));
    sql_add(sql, "SELECT ");
    selection_columns(selection, sql);
    states_from(sql, write->resource, name, id);
    sql_add(sql, " AND r.state IS NOT NULL");
    if (version != 0) {
        sql_add(sql, " AND r.version = ");
        sql_param(sql, arena_integer(x->arena, version), "bigint");
    }
    sql_add(sql, " ORDER BY r.version DESC LIMIT 1");
    sql_queue(sql, &x->batch);
}

Step restore_ask(Write *write) {
    Exchange *x = write->x;
    const Selection *plain = selection_plain(x->arena, write->resource, false);
    const char **params = arena_alloc(x->arena, 2 * sizeof *params);
    params[0] = write->resource->name;
    params[1] = arena_integer(x->arena, x->ids[0]);
    x->batch.lane = LANE_LIST;
    record_select(x, write->resource, plain, x->ids[0], &x->batch);
    batch_add(&x->batch, SQL_RECORD_DELETED, 2, params);
    state_ask(write, plain, 0);
    if (write->past->asked != 0)
        state_ask(write, plain, write->past->asked);
    write->past->merged = write->resource->merges != NULL ? merged_ask(x, write->resource, x->ids[0]) : -1;
    return STEP_QUERY;
}

/* A former state as the record to be: without what nobody writes, and without what was not known yet. */
static json_t *writable_part(const Resource *resource, const json_t *state) {
    json_t *value = json_deep_copy(state);
    for (const Field *field = resource->fields; field->name != NULL; field++) {
        bool never_null = (field->flags & (FIELD_NOT_NULL | FIELD_REQUIRED)) != 0;
        if (!field_is_writable(field) || (never_null && json_is_null(json_object_get(value, field->name))))
            json_object_del(value, field->name);
    }
    return value;
}

/* The deleted record: its last state stands for the present one. False where there is nothing to bring back. */
static bool gone_take(Write *write) {
    Exchange *x = write->x;
    const Result *tombstone = x->batch.statements[ASKS_TOMBSTONE].result;
    long long id = x->ids[0];
    int merged = write->past->merged;
    if (merged >= 0 && batch_rows(&x->batch, merged) > 0)
        merged_answer(x, result_integer(x->batch.statements[merged].result, 0, 0));
    else if (result_rows(tombstone) == 0)
        problem_set(x, PROBLEM_NOT_FOUND, "There is no %s %lld.", write->resource->singular, id);
    else if (strcmp(result_value(tombstone, 0, 1), "t") == 0)
        erased_answer(x);
    else if (batch_rows(&x->batch, ASKS_LAST) == 0)
        problem_set(x, PROBLEM_GONE, "%s %lld was deleted so long ago that it is not kept.", write->resource->title,
                    id);
    else if (write_demand(write, false)) {
        write->past->gone = true;
        write->past->tombstone = result_integer(tombstone, 0, 0);
        return write_take(write, x->batch.statements[ASKS_LAST].result, 0);
    }
    return false;
}

static bool live_take(Write *write) {
    Exchange *x = write->x;
    const Result *rows = x->batch.statements[ASKS_LIVE].result;
    write->past->gone = false;
    write->version = record_version(selection_plain(x->arena, write->resource, false), rows, 0);
    return write_demand(write, true) && write_take(write, rows, 0);
}

/* The state to go back to. */
static json_t *state_take(Write *write) {
    Exchange *x = write->x;
    bool present = write->past->asked == 0 || (!write->past->gone && write->past->asked == write->version);
    if (present)
        return write->current;
    const Result *rows = x->batch.statements[ASKS_ASKED].result;
    if (result_rows(rows) == 0) {
        problem_fault(x, FAULT_POINTER, "/version", "is no version of %s %lld that it could go back to",
                      write->resource->singular, (long long)x->ids[0]);
        write_refuse(x);
        return NULL;
    }
    return write_record(write, rows, 0);
}

Step restore_asked(Write *write) {
    Exchange *x = write->x;
    bool taken = batch_rows(&x->batch, ASKS_LIVE) > 0 ? live_take(write) : gone_take(write);
    json_t *state = taken ? state_take(write) : NULL;
    if (state == NULL)
        return STEP_ANSWER;
    write->past->state = state;
    write->value = exchange_own(x, writable_part(write->resource, state));
    return write_lookups(write);
}

/* ---- the transaction ---- */

/* What was deleted with it: brought back where it comes back as it was last, else only named. */
static Sql *others_sql(Write *write) {
    Exchange *x = write->x;
    bool keeps = x->idempotency.key != NULL;
    Sql *sql = sql_new(x->arena);
    (void)sql_bind(sql, write->resource->name);
    (void)sql_bind(sql, arena_integer(x->arena, x->ids[0]));
    (void)sql_bind(sql, arena_integer(x->arena, write->past->tombstone));
    sql_add(sql, keeps ? "WITH o (resource, id, returned) AS MATERIALIZED (" : "");
    sql_add(sql, write->past->asked == 0 ? SQL_RECORD_UNDO : SQL_RECORD_ALONG);
    if (keeps) {
        sql_add(sql, "), kept AS (");
        idempotency_detail(x, sql, "(SELECT jsonb_agg(jsonb_build_array(o.resource, o.id, o.returned)) FROM o)");
        sql_add(sql, ") SELECT * FROM o");
    }
    return sql;
}

void restore_before(Write *write) {
    Exchange *x = write->x;
    if (!write->past->gone)
        return;
    const char **params = arena_alloc(x->arena, 2 * sizeof *params);
    params[0] = write->resource->name;
    params[1] = arena_integer(x->arena, x->ids[0]);
    who_queue(x, &x->batch);
    batch_add(&x->batch, SQL_RECORD_TOMBSTONE_LOCK, 2, params);
    write->followers[write->follower_count++] = others_sql(write);
}

/* ---- the answer ---- */

static json_t *others_take(Exchange *x, const Result *rows) {
    json_t *others = exchange_own(x, json_array());
    for (int i = 0; i < result_rows(rows); i++)
        json_array_append_new(others,
                              json_pack("[s, I, b]", result_value(rows, i, 0), (json_int_t)result_integer(rows, i, 1),
                                        strcmp(result_value(rows, i, 2), "t") == 0));
    return others;
}

static void others_render(JsonWriter *w, const char *name, const json_t *others, bool returned) {
    size_t i;
    const json_t *other;
    writer_key(w, name);
    writer_array_begin(w);
    json_array_foreach(others, i, other) {
        if (json_is_true(json_array_get(other, 2)) != returned)
            continue;
        writer_object_begin(w);
        writer_key(w, "resource");
        writer_string(w, json_string_value(json_array_get(other, 0)));
        writer_key(w, "id");
        writer_int(w, json_integer_value(json_array_get(other, 1)));
        writer_object_end(w);
    }
    writer_array_end(w);
}

static Step answer_render(Write *write, const Result *rows) {
    Exchange *x = write->x;
    long long version = record_version(write->selection, rows, 0);
    x->body = buffer_new(x->arena, 4096);
    JsonWriter w = json_writer_new(&x->body);
    writer_object_begin(&w);
    selection_members(write->selection, &w, rows, 0, NULL);
    others_render(&w, "returned", write->past->others, true);
    others_render(&w, "left", write->past->others, false);
    writer_object_end(&w);
    answer_body(x);
    x->etag = arena_printf(x->arena, "%lld-%s", version, x->etag);
    return STEP_ANSWER;
}

Step restore_answer(Write *write, const Result *rows) {
    if (write->past->gone)
        write->past->others =
            others_take(write->x, write->x->batch.statements[write->statement + write->follower_count].result);
    return answer_render(write, rows);
}

/* ---- the answer once more ---- */

Step restore_replay(Exchange *x, const Answer *answer) {
    Write *write = write_new(x);
    write->past = arena_calloc(x->arena, 1, sizeof *write->past);
    if (answer->detail != NULL)
        write->past->others = exchange_own(x, json_from_text(x->arena, answer->detail, strlen(answer->detail)));
    write->phase = WRITE_REPLAY;
    idempotency_record(x, write->selection, answer);
    return STEP_QUERY;
}

Step restore_replayed(Write *write) {
    const Result *rows = write->x->batch.statements[0].result;
    return result_rows(rows) > 0 ? answer_render(write, rows) : idempotency_erased(write->x);
}
