#include "record/explain.h"

#include <stdlib.h>
#include <string.h>

#include "db/array.h"
#include "record/filter.h"
#include "record/type.h"

enum { DEPENDENTS_COUNTED = 1000 };

/* ---- a unique value is taken ---- */

static void equal_sql(Write *write, Sql *sql, const Field *field) {
    const char *text = write_text(write, field->name);
    sql_add_all(sql, "t.", field->name, text == NULL ? " IS NULL" : " = ", NULL);
    if (text != NULL)
        sql_param(sql, text, type_of(field)->sql);
}

static bool conflict_ask(Write *write) {
    const char *name = write->refused->field;
    const Field *field = name != NULL ? field_find(write->resource, name, strlen(name)) : NULL;
    if (field == NULL)
        return false;
    Sql *sql = sql_new(write->x->arena);
    sql_add_all(sql, "SELECT t.id FROM ", write->resource->table, " t WHERE ", NULL);
    equal_sql(write, sql, field);
    if (field->unique_with != NULL) {
        sql_add(sql, " AND ");
        equal_sql(write, sql, field_find(write->resource, field->unique_with, strlen(field->unique_with)));
    }
    sql_add(sql, " LIMIT 1");
    sql_queue(sql, &write->x->batch);
    return true;
}

static void conflict_answer(Write *write) {
    Exchange *x = write->x;
    const Result *rows = x->batch.statements[0].result;
    const char *field = write->refused->field;
    problem_set(x, PROBLEM_CONFLICT, "%s", write->refused->detail);
    if (result_rows(rows) > 0) {
        x->problem.conflict_resource = write->resource->name;
        x->problem.conflict_id = result_integer(rows, 0, 0);
        problem_set(x, PROBLEM_CONFLICT, "%s %lld has this %s already.", write->resource->title, x->problem.conflict_id,
                    field);
    }
    write_fault(write, pointer_join(x->arena, "", field), "is taken");
}

/* ---- references that lead nowhere ---- */

/* Of a resource: those of the ids that are there, and where those lead that were merged into one that is. */
static void there_sql(Exchange *x, const Resource *resource, const char *ids) {
    Sql *sql = sql_new(x->arena);
    int number = sql_bind(sql, ids);
    sql_add_all(sql, "SELECT t.id, NULL FROM ", resource->table, " t WHERE t.id = ANY (", NULL);
    sql_use(sql, number, "bigint[]");
    sql_add(sql, ")");
    if (resource->merges != NULL) {
        sql_add_all(sql, " UNION ALL SELECT m.id, m.into_id FROM ", resource->merges, " m JOIN ", resource->table,
                    " t ON t.id = m.into_id WHERE m.id = ANY (", NULL);
        sql_use(sql, number, "bigint[]");
        sql_add(sql, ")");
    }
    sql_queue(sql, &x->batch);
}

static bool refers_to(const Write *write, const Resource *resource) {
    bool refers = false;
    for (int i = 0; i < write->explained.count && !refers; i++)
        refers = strcmp(write->explained.items[i].target, resource->name) == 0;
    return refers;
}

/* One statement for each resource that is referred to. */
static bool references_ask(Write *write) {
    Exchange *x = write->x;
    int count;
    const Resource *const *all = resources_all(&count);
    write->explained = body_references(x, write->resource, write->value, write->pointer, false);
    const char **ids = arena_alloc(x->arena, (size_t)(write->explained.count + 1) * sizeof *ids);
    for (int r = 0; r < count; r++) {
        int given = 0;
        for (int i = 0; i < write->explained.count; i++)
            if (strcmp(write->explained.items[i].target, all[r]->name) == 0)
                ids[given++] = arena_integer(x->arena, write->explained.items[i].id);
        if (given > 0)
            there_sql(x, all[r], array_literal(x->arena, ids, given));
    }
    return x->batch.count > 0;
}

/* What the statement for a resource that is referred to has answered. */
static const Result *there_result(const Write *write, const Resource *resource) {
    int count;
    int statement = 0;
    const Resource *const *all = resources_all(&count);
    for (int r = 0; all[r] != resource; r++)
        statement += refers_to(write, all[r]);
    return write->x->batch.statements[statement].result;
}

static bool rows_hold(const Result *rows, int64_t id) {
    for (int i = 0; i < result_rows(rows); i++)
        if (result_integer(rows, i, 0) == id)
            return true;
    return false;
}

/* Whether there is, or was and is led on, what the reference names. */
static bool reference_leads(const Write *write, const Reference *reference) {
    return rows_hold(there_result(write, resource_find(reference->target)), reference->id);
}

static void led_add(Arena *arena, Leads *leads, const Resource *resource, int64_t id, int64_t into) {
    size_t size = (size_t)leads->count * sizeof *leads->items;
    leads->items = arena_grow(arena, leads->items, size, size + sizeof *leads->items);
    leads->items[leads->count++] = (Led){resource->name, id, into};
}

bool explain_retries(Write *write) {
    if (write->refused->kind != FAILURE_REFERENCE)
        return false;
    int before = write->leads.count;
    int count;
    const Resource *const *all = resources_all(&count);
    for (int r = 0; r < count; r++) {
        const Result *rows = refers_to(write, all[r]) ? there_result(write, all[r]) : NULL;
        for (int i = 0; rows != NULL && i < result_rows(rows); i++)
            if (result_value(rows, i, 1) != NULL)
                led_add(write->x->arena, &write->leads, all[r], result_integer(rows, i, 0), result_integer(rows, i, 1));
    }
    bool came_back = true;
    for (int i = 0; i < write->explained.count; i++)
        came_back = came_back && reference_leads(write, &write->explained.items[i]);
    return came_back || write->leads.count > before;
}

static void references_answer(Write *write) {
    Exchange *x = write->x;
    for (int i = 0; i < write->explained.count; i++) {
        const Reference *reference = &write->explained.items[i];
        if (!reference_leads(write, reference))
            problem_fault(x, FAULT_POINTER, reference->pointer, "there is no %s %lld",
                          resource_find(reference->target)->singular, (long long)reference->id);
    }
    write_refuse(x);
    if (write->past != NULL)
        problem_set(x, PROBLEM_CONFLICT, "%s %lld cannot be as it was: what it referred to is gone.",
                    write->resource->title, (long long)x->ids[0]);
    if (x->problem.fault_count == 0) /* it keeps going and coming back */
        problem_set(x, PROBLEM_UNAVAILABLE, "A record that this one refers to was being changed. Try again.");
}

/* ---- what refers to a record that was to be deleted ---- */

/* Fields of any resource that refer to `target`. Virtual ones stand for members of lists. */
static bool field_depends(const Field *field, const Resource *target) {
    return field->target != NULL && strcmp(field->target, target->name) == 0 && (field->flags & FIELD_FILTER) != 0 &&
           (field->flags & (FIELD_DERIVED | FIELD_READ_ONLY)) == 0;
}

/* One row: how many refer by this field (counted up to a bound), and the first of them. */
static void dependents_sql(Write *write, const Resource *resource, const Field *field) {
    Exchange *x = write->x;
    Sql *sql = sql_new(x->arena);
    Filter filter = filter_id(x->arena, field, x->ids[0]);
    sql_add_all(sql, "SELECT count(*), min(d.id) FROM (SELECT t.id FROM ", resource->table, " t WHERE ", NULL);
    filter_sql(&filter, sql, "t");
    sql_add(sql, " LIMIT ");
    sql_number(sql, DEPENDENTS_COUNTED + 1);
    sql_add(sql, ") d");
    sql_queue(sql, &x->batch);
}

typedef void DependentVisit(Write *write, const Resource *resource, const Field *field);

static void dependents_each(Write *write, DependentVisit *visit) {
    int count;
    const Resource *const *all = resources_all(&count);
    for (int r = 0; r < count; r++) {
        for (const Field *field = all[r]->fields; field->name != NULL; field++)
            if (field_depends(field, write->resource))
                visit(write, all[r], field);
    }
}

static bool dependents_ask(Write *write) {
    dependents_each(write, dependents_sql);
    return true;
}

static void dependents_name(Write *write, const Resource *resource, const Field *field) {
    Exchange *x = write->x;
    const Result *row = x->batch.statements[write->explained.count++].result;
    long long count = result_integer(row, 0, 0);
    if (count == 0)
        return;
    long long first = result_integer(row, 0, 1);
    bool is_itself = resource == write->resource && first == x->ids[0];
    if (is_itself && count == 1)
        return;
    if (x->problem.conflict_resource == NULL) {
        x->problem.conflict_resource = resource->name;
        x->problem.conflict_id = first;
    }
    problem_fault(x, FAULT_POINTER, "", "%lld%s %s %s to it by %s, /%s/%lld among them",
                  count > DEPENDENTS_COUNTED ? DEPENDENTS_COUNTED : count, count > DEPENDENTS_COUNTED ? "+" : "",
                  count == 1 ? resource->singular : resource->name, count == 1 ? "refers" : "refer", field->name,
                  resource->name, first);
}

static void dependents_answer(Write *write) {
    write->explained.count = 0;
    dependents_each(write, dependents_name);
    problem_set(
        write->x, PROBLEM_CONFLICT,
        "%s %lld cannot be deleted: other records refer to it. With cascade=true they go with it, or let go of it.",
        write->resource->title, (long long)write->x->ids[0]);
}

/* ---- */

static const struct {
    Lane lane;
    bool (*ask)(Write *write);
    void (*answer)(Write *write);
} explanations[] = {
    [FAILURE_CONFLICT] = {LANE_LIST, conflict_ask, conflict_answer},
    [FAILURE_REFERENCE] = {LANE_POINT, references_ask, references_answer},
    [FAILURE_REFERENCED] = {LANE_LIST, dependents_ask, dependents_answer},
};

enum { EXPLANATIONS = sizeof explanations / sizeof *explanations };

Step explain_ask(Write *write, FailureReport report) {
    Exchange *x = write->x;
    FailureReport *kept = arena_alloc(x->arena, sizeof *kept);
    *kept = report;
    write->refused = kept;
    if ((int)report.kind >= EXPLANATIONS) {
        problem_from_batch(x);
        return STEP_ANSWER;
    }
    DbError error = x->batch.error;
    batch_release(&x->batch);
    x->batch.error = error;
    x->batch.lane = explanations[report.kind].lane;
    x->batch.write = false;
    write->phase = WRITE_EXPLAIN;
    if (explanations[report.kind].ask(write))
        return STEP_QUERY;
    x->batch.outcome = BATCH_FAILED;
    problem_from_batch(x);
    return STEP_ANSWER;
}

Step explain_done(Write *write) {
    explanations[write->refused->kind].answer(write);
    return STEP_ANSWER;
}
