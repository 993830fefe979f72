#include "record/write.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "record/explain.h"
#include "record/idempotency.h"
#include "record/json_text.h"
#include "record/merge_patch.h"
#include "record/read.h"
#include "record/removal.h"
#include "record/restore.h"
#include "record/type.h"
#include "record/write_sql.h"
#include "sql.h"

enum { JOINED_MAX = 16384 /* bytes of a record that is written together with others */ };

/* ---- for the resources' steps ---- */

void write_fault(Write *write, const char *pointer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    (void)problem_vfault(write->x, FAULT_POINTER, arena_printf(write->x->arena, "%s%s", write->pointer, pointer),
                         format, arguments);
    va_end(arguments);
}

int write_index(const Write *write, const char *field) {
    const Field *found = field_find(write->resource, field, strlen(field));
    assert(found != NULL);
    return (int)(found - write->resource->fields);
}

const char *write_text(const Write *write, const char *field) {
    return write->texts[write_index(write, field)];
}

void write_set(Write *write, const char *field, const char *text) {
    write->texts[write_index(write, field)] = text;
}

static bool text_differs(const char *a, const char *b) {
    return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

bool write_inserts(const Write *write) {
    return write->current == NULL || (write->past != NULL && write->past->gone);
}

bool write_changes(const Write *write, const char *field) {
    int i = write_index(write, field);
    return write->current == NULL || text_differs(write->was[i], write->texts[i]);
}

Step write_refuse(Exchange *x) {
    int count = x->problem.fault_count;
    problem_set(x, PROBLEM_INVALID, "The body has %d %s.", count, count == 1 ? "fault" : "faults");
    return STEP_ANSWER;
}

/* ---- check: members to texts ---- */

/* A read-only member passes where it says what is so already. */
static void read_only_check(Write *write, const char *name, const json_t *json) {
    const json_t *present = json_object_get(write->current, name);
    if (present == NULL || !json_equal(json, present))
        problem_fault(write->x, FAULT_POINTER, pointer_join(write->x->arena, write->pointer, name), "is read-only");
}

/* A null in a patch takes a member away, and with it what there was to check; it must be one that may go. */
static void removals_check(Write *write) {
    const char *name;
    json_t *json;
    json_object_foreach(write->given, name, json) {
        if (!json_is_null(json) || json_object_get(write->value, name) != NULL)
            continue;
        const Field *field = field_find(write->resource, name, strlen(name));
        const char *pointer = pointer_join(write->x->arena, write->pointer, name);
        if (field == NULL || (field->flags & FIELD_VIRTUAL) != 0)
            problem_fault(write->x, FAULT_POINTER, pointer, "is not a field of %s", write->resource->name);
        else if (!field_is_writable(field) && !json_is_null(json_object_get(write->current, name)))
            problem_fault(write->x, FAULT_POINTER, pointer, "is read-only");
    }
}

static void members_check(Write *write) {
    const char *name;
    json_t *json;
    json_object_foreach(write->value, name, json) {
        const Field *field = field_find(write->resource, name, strlen(name));
        if (field == NULL || (field->flags & FIELD_VIRTUAL) != 0)
            problem_fault(write->x, FAULT_POINTER, pointer_join(write->x->arena, write->pointer, name),
                          "is not a field of %s", write->resource->name);
        else if (!field_is_writable(field))
            read_only_check(write, name, json);
    }
}

/* Spans in UTF-16 units may look like those in code points and mean others. */
static bool is_unchanged(const Write *write, const Field *field, const json_t *json) {
    const json_t *present = json_object_get(write->current, field->name);
    bool comparable = field->type != TYPE_SPANS || !write->selection->utf16;
    return present != NULL && comparable && json_equal(json, present);
}

static void fields_check(Write *write) {
    Exchange *x = write->x;
    for (int i = 0; write->resource->fields[i].name != NULL; i++) {
        const Field *field = &write->resource->fields[i];
        json_t *json = json_object_get(write->value, field->name);
        if (!field_is_writable(field) || (json != NULL && is_unchanged(write, field, json))) {
            write->texts[i] = write->was[i];
        } else if (json == NULL) {
            write->texts[i] = field->fallback;
            if ((field->flags & FIELD_REQUIRED) != 0)
                problem_fault(x, FAULT_POINTER, pointer_join(x->arena, write->pointer, field->name), "is required");
        } else {
            write->texts[i] = body_value(x, field, json, pointer_join(x->arena, write->pointer, field->name));
        }
    }
}

bool write_differs(const Write *write) {
    for (int i = 0; write->resource->fields[i].name != NULL; i++)
        if (text_differs(write->was[i], write->texts[i]))
            return true;
    return false;
}

void write_values(Write *write) {
    members_check(write);
    if (write->method == METHOD_PATCH)
        removals_check(write);
    fields_check(write);
    if (write->resource->check != NULL)
        write->resource->check(write);
}

static Step answer_current(Write *write) {
    write->phase = WRITE_SEND;
    if (write->x->idempotency.key != NULL) {
        write->x->batch.lane = LANE_WRITE;
        write->x->batch.write = true;
        idempotency_guard(write->x);
        write->statement = sql_queue(current_sql(write), &write->x->batch);
        return STEP_QUERY;
    }
    write->x->batch.lane = LANE_POINT;
    write->statement = record_select(write->x, write->resource, write->selection, write->x->ids[0], &write->x->batch);
    return STEP_QUERY;
}

/* Whether it goes out together with others, where they wait: a create, unless it is large. */
static bool joins(const Write *write) {
    size_t bytes = 0;
    for (int i = 0; write->resource->fields[i].name != NULL; i++)
        bytes += write->texts[i] != NULL ? strlen(write->texts[i]) : 0;
    return write->method == METHOD_POST && write->past == NULL && write->new_id == 0 && write->follower_count == 0 &&
           bytes <= JOINED_MAX;
}

/* Before the insert there is none but the guard of an Idempotency-Key. */
static const char *joined_sql(const Batch *batch, int index, void *of) {
    (void)batch;
    Write *write = of;
    return index == write->statement ? insert_joined_sql(write) : SQL_ANSWER_GUARD_JOINED;
}

static Step write_send(Write *write) {
    Exchange *x = write->x;
    if (write->phase == WRITE_LOOK && !write->resource->looked(write))
        return write_refuse(x);
    batch_release(&x->batch);
    if (!write_inserts(write) && !write_differs(write))
        return answer_current(write);
    write->phase = WRITE_SEND;
    x->batch.lane = write->past != NULL && write->past->gone ? LANE_CASCADE : LANE_WRITE;
    x->batch.write = true;
    idempotency_guard(x);
    if (write->past != NULL)
        restore_before(write);
    write->statement = sql_queue(write_inserts(write) ? insert_sql(write) : update_sql(write), &x->batch);
    if (joins(write))
        batch_joins(&x->batch, joined_sql, write);
    for (int i = 0; i < write->follower_count; i++)
        sql_queue(write->followers[i], &x->batch);
    return STEP_QUERY;
}

static Step write_check(Write *write) {
    Exchange *x = write->x;
    batch_release(&x->batch);
    write_values(write);
    if (x->problem.fault_count > 0)
        return write_refuse(x);
    x->batch.lane = LANE_POINT;
    if (write->resource->look != NULL && write->resource->look(write)) {
        write->phase = WRITE_LOOK;
        return STEP_QUERY;
    }
    return write_send(write);
}

/* ---- references to merged records ---- */

static bool array_holds(const json_t *array, int64_t id) {
    for (size_t i = 0; i < json_array_size(array); i++)
        if (json_integer_value(json_array_get(array, i)) == id)
            return true;
    return false;
}

/* From the last to the first: one that a list of ids has already goes. */
void references_lead(Exchange *x, const Resource *resource, json_t *value, const char *pointer, const Leads *leads) {
    if (leads->count == 0)
        return;
    References given = body_references(x, resource, value, pointer, false);
    for (int i = given.count - 1; i >= 0; i--) {
        const Reference *reference = &given.items[i];
        int64_t into = reference->id;
        for (int k = 0; k < leads->count; k++) /* in the order of finding: one may lead to the next */
            if (leads->items[k].id == into && strcmp(leads->items[k].target, reference->target) == 0)
                into = leads->items[k].into;
        if (into == reference->id)
            continue;
        if (reference->member == NULL && array_holds(reference->holder, into))
            json_array_remove(reference->holder, reference->index);
        else
            reference_set(reference, into);
    }
}

/* ---- lookups ---- */

Step write_lookups(Write *write) {
    Exchange *x = write->x;
    batch_release(&x->batch);
    references_lead(x, write->resource, write->value, write->pointer, &write->leads);
    write->lookups = body_references(x, write->resource, write->value, write->pointer, true);
    if (write->lookups.count == 0)
        return write_check(write);
    write->phase = WRITE_LOOKUPS;
    x->batch.lane = LANE_POINT;
    for (int i = 0; i < write->lookups.count; i++)
        sql_queue(lookup_sql(x->arena, &write->lookups.items[i]), &x->batch);
    return STEP_QUERY;
}

void lookup_take(Exchange *x, const Reference *lookup, const int64_t *found_ids, int found) {
    const Resource *target = resource_find(lookup->target);
    if (found == 0) {
        problem_fault(x, FAULT_POINTER, lookup->pointer, "no %s has this %s", target->singular, lookup->key->name);
        return;
    }
    if (found > 1) {
        Buffer ids = buffer_new(x->arena, 64);
        for (int i = 0; i < found; i++)
            buffer_printf(&ids, "%s%s", i > 0 ? ", " : "",
                          i == LOOKUP_CANDIDATES ? "..." : arena_integer(x->arena, found_ids[i]));
        problem_fault(x, FAULT_POINTER, lookup->pointer, "is ambiguous: %s %s have this %s", target->name, ids.data,
                      lookup->key->name);
        return;
    }
    reference_set(lookup, found_ids[0]);
}

void lookup_read(Exchange *x, const Reference *lookup, const Result *rows) {
    int64_t ids[LOOKUP_CANDIDATES + 1] = {0};
    for (int row = 0; row < result_rows(rows); row++)
        ids[row] = result_integer(rows, row, 0);
    lookup_take(x, lookup, ids, result_rows(rows));
}

static Step lookups_done(Write *write) {
    for (int i = 0; i < write->lookups.count; i++)
        lookup_read(write->x, &write->lookups.items[i], write->x->batch.statements[i].result);
    return write_check(write);
}

/* ---- current ---- */

static bool if_match_holds(const IfMatch *if_match, int64_t version) {
    bool holds = !if_match->given || if_match->any;
    for (int i = 0; i < if_match->count; i++)
        holds = holds || if_match->versions[i] == version;
    return holds;
}

bool write_demand(Write *write, bool is_there) {
    Exchange *x = write->x;
    long long id = x->ids[0];
    if (is_there && x->service->if_match_required && !x->if_match.given)
        problem_set(x, PROBLEM_PRECONDITION_REQUIRED,
                    "This service asks for If-Match with every change: send the ETag read.");
    else if (!is_there && x->if_match.given)
        problem_set(x, PROBLEM_PRECONDITION_FAILED, "%s %lld is deleted: it has no version that If-Match could name.",
                    write->resource->title, id);
    else if (is_there && !if_match_holds(&x->if_match, write->version))
        problem_set(x, PROBLEM_PRECONDITION_FAILED, "%s %lld is at version %lld, which If-Match does not name.",
                    write->resource->title, id, (long long)write->version);
    else
        return true;
    return false;
}

json_t *write_record(Write *write, const Result *rows, int row) {
    Exchange *x = write->x;
    Buffer text = buffer_new(x->arena, 4096);
    JsonWriter w = json_writer_new(&text);
    selection_render(selection_plain(x->arena, write->resource, false), &w, rows, row, NULL);
    json_t *record = json_from_text(x->arena, text.data, text.length);
    if (record == NULL)
        problem_set(x, PROBLEM_INTERNAL, "The record holds a number that is too large to be read.");
    return exchange_own(x, record);
}

bool write_take(Write *write, const Result *rows, int row) {
    int column = 0;
    write->current = write_record(write, rows, row);
    for (int i = 0; write->resource->fields[i].name != NULL; i++) {
        write->was[i] = NULL;
        if (!field_is_column(&write->resource->fields[i]))
            continue;
        const char *value = result_value(rows, row, column++);
        write->was[i] = value != NULL ? arena_strdup(write->x->arena, value) : NULL;
    }
    return write->current != NULL;
}

static Step current_done(Write *write) {
    Exchange *x = write->x;
    const Result *rows = x->batch.statements[0].result;
    if (result_rows(rows) == 0) {
        write->phase = WRITE_TOMBSTONE;
        return missing_ask(x);
    }
    write->version = record_version(selection_plain(x->arena, write->resource, false), rows, 0);
    if (!write_demand(write, true))
        return STEP_ANSWER;
    if (write->method == METHOD_DELETE)
        return removal_send(write);
    if (!write_take(write, rows, 0))
        return STEP_ANSWER;
    json_t *given =
        write->method == METHOD_PATCH ? merge_patch(write->current, write->given) : json_deep_copy(write->given);
    write->value = exchange_own(x, given);
    return write_lookups(write);
}

/* Begins, or begins again after a lost guard. */
Step write_begin(Write *write) {
    Exchange *x = write->x;
    exchange_give_back(x, write->owned_before);
    write->follower_count = 0;
    write->guard = NULL;
    write->place->made = NULL;
    x->batch.write = false;
    if (write->method == METHOD_POST) {
        write->value = exchange_own(x, json_deep_copy(x->json));
        return write_lookups(write);
    }
    write->phase = WRITE_CURRENT;
    if (write->past != NULL)
        return restore_ask(write);
    x->batch.lane = LANE_POINT;
    record_select(x, write->resource, selection_plain(x->arena, write->resource, false), x->ids[0], &x->batch);
    return STEP_QUERY;
}

static Step write_again(Write *write) {
    if (write->x->if_match.given && !write->x->if_match.any && write->method != METHOD_POST) {
        problem_set(write->x, PROBLEM_PRECONDITION_FAILED, "%s %lld was changed meanwhile.", write->resource->title,
                    (long long)write->x->ids[0]);
        return STEP_ANSWER;
    }
    if (++write->attempts == WRITE_ATTEMPTS) {
        problem_set(write->x, PROBLEM_UNAVAILABLE, "Others keep changing what this write depends on.");
        return STEP_ANSWER;
    }
    return write_begin(write);
}

/* ---- answers ---- */

static Step send_done(Write *write) {
    Exchange *x = write->x;
    const Result *rows = x->batch.statements[write->statement].result;
    if (result_rows(rows) == 0)
        return write_again(write);
    if (!x->batch.write && record_version(write->selection, rows, 0) != write->version)
        return write_again(write); /* nothing was to be changed, and meanwhile somebody has changed something */
    if (write->method == METHOD_DELETE) {
        x->status = 204;
        return STEP_ANSWER;
    }
    if (write->past != NULL)
        return restore_answer(write, rows);
    record_answer(x, write->selection, write->method == METHOD_POST ? 201 : 200, rows, NULL);
    if (write->method == METHOD_POST)
        record_location(x, write->resource, result_integer(rows, 0, 0));
    return STEP_ANSWER;
}

Step write_done(Exchange *x) {
    Write *write = x->state;
    switch (write->phase) {
    case WRITE_CURRENT:
        return write->past != NULL ? restore_asked(write) : current_done(write);
    case WRITE_TOMBSTONE:
        return write->removal.purge ? removal_gone(write) : missing_answer(x);
    case WRITE_LOOKUPS:
        return lookups_done(write);
    case WRITE_LOOK:
        return write_send(write);
    case WRITE_SEND:
        return send_done(write);
    case WRITE_REPLAY:
        return restore_replayed(write);
    default:
        if (explain_retries(write) && ++write->attempts < WRITE_ATTEMPTS)
            return write_begin(write);
        return explain_done(write);
    }
}

Step write_failed(Exchange *x) {
    Write *write = x->state;
    if (write->phase != WRITE_SEND) {
        problem_from_batch(x);
        return STEP_ANSWER;
    }
    FailureReport report = failure_report(&x->batch.error);
    if (report.kind == FAILURE_RETRY)
        return write_again(write);
    return explain_ask(write, report);
}

/* ---- plan ---- */

Write *write_new(Exchange *x) {
    Write *write = arena_calloc(x->arena, 1, sizeof *write);
    write->x = x;
    write->resource = x->endpoint->resource;
    write->method = x->method;
    write->pointer = "";
    write->given = x->json;
    write->keeps = true;
    write->owned_before = x->owned_count;
    write->place = arena_calloc(x->arena, 1, sizeof *write->place);
    write->place->arena = x->arena;
    x->state = write;
    if (x->method == METHOD_DELETE)
        write->removal = removal_read(x);
    for (int i = 0; i < x->parameter_count && x->method != METHOD_DELETE; i++)
        if (strcmp(x->parameters[i].name, "offsets") != 0)
            problem_fault(x, FAULT_PARAMETER, x->parameters[i].name, "is not a parameter of this write");
        else
            (void)exchange_repeats(x, i);
    write->selection = selection_read(x, write->resource, true);
    return write;
}

static bool write_may_start(Exchange *x) {
    if (x->problem.fault_count > 0)
        problem_set(x, PROBLEM_BAD_REQUEST, "The query has faults.");
    else if (x->method != METHOD_DELETE && !json_is_object(x->json))
        problem_set(x, PROBLEM_INVALID, "The body must be a JSON object.");
    else
        return true;
    return false;
}

Step write_plan(Exchange *x) {
    Write *write = write_new(x);
    return write_may_start(x) ? write_begin(write) : STEP_ANSWER;
}
