#include "record/merged.h"

#include <stdlib.h>
#include <string.h>

#include "db/array.h"
#include "record/list.h"

/* ---- filters ---- */

/* Whose ids the filter's value holds, if such may have been merged; else NULL. */
static const Resource *named_by(const Filter *filter, const Resource *resource) {
    const Field *field = filter->field;
    bool by_id = filter->operator== OPERATOR_EQ || filter->operator== OPERATOR_NE || filter->operator== OPERATOR_IN;
    if (filter->value == NULL || !by_id)
        return NULL;
    const Resource *named = NULL;
    if (field->target != NULL)
        named = resource_find(field->target);
    else if (field->type == TYPE_ID && filter->step_count == 0)
        named = resource;
    return named != NULL && named->merges != NULL ? named : NULL;
}

static bool holds_list(const Filter *filter) {
    return filter->operator== OPERATOR_IN ||(filter->field->flags & FIELD_VIRTUAL) != 0;
}

bool merged_filters_may_empty(const Filter *filters, int count, const Resource *resource) {
    for (int i = 0; i < count; i++)
        if (filters[i].operator== OPERATOR_EQ && named_by(&filters[i], resource) != NULL)
            return true;
    return false;
}

bool merged_filters_ask(Filter *filters, int count, const Resource *resource, bool all, Batch *batch) {
    bool asked = false;
    for (int i = 0; i < count; i++) {
        const Resource *named = named_by(&filters[i], resource);
        filters[i].asks = named != NULL && (all || filters[i].operator!= OPERATOR_EQ);
        if (!filters[i].asks)
            continue;
        const char *ids =
            holds_list(&filters[i]) ? filters[i].value : array_literal(batch->arena, &filters[i].value, 1);
        Sql *sql = sql_new(batch->arena);
        sql_add_all(sql, "SELECT m.id, m.into_id FROM ", named->merges, " m WHERE m.id = ANY (", NULL);
        sql_param(sql, ids, "bigint[]");
        sql_add(sql, ")");
        filters[i].statement = sql_queue(sql, batch);
        asked = true;
    }
    return asked;
}

/* What has the place of `id`: itself, where it was not merged. */
static const char *led_on(Arena *arena, const Result *rows, const char *id) {
    for (int row = 0; row < result_rows(rows); row++)
        if (strcmp(result_value(rows, row, 0), id) == 0)
            return arena_strdup(arena, result_value(rows, row, 1));
    return id;
}

bool merged_filters_take(Filter *filters, int count, const Batch *batch) {
    bool changed = false;
    for (int i = 0; i < count; i++) {
        Filter *filter = &filters[i];
        if (!filter->asks || batch_rows(batch, filter->statement) == 0)
            continue;
        const Result *rows = batch->statements[filter->statement].result;
        changed = true;
        if (!holds_list(filter)) {
            filter->value = led_on(batch->arena, rows, filter->value);
            continue;
        }
        const char **ids;
        int id_count = array_elements(batch->arena, filter->value, &ids);
        for (int id = 0; id < id_count; id++)
            ids[id] = led_on(batch->arena, rows, ids[id]);
        filter->value = array_literal(batch->arena, ids, id_count);
    }
    return changed;
}

/* ---- one record ---- */

int merged_ask(Exchange *x, const Resource *resource, int64_t id) {
    Sql *sql = sql_new(x->arena);
    sql_add_all(sql, "SELECT m.into_id FROM ", resource->merges, " m WHERE m.id = ", NULL);
    sql_param(sql, arena_integer(x->arena, id), "bigint");
    return sql_queue(sql, &x->batch);
}

/* The same path of another record: what stands behind the first id, and the query. */
static const char *location_of(Exchange *x, int64_t id) {
    static const char *const none[] = {NULL};
    const Resource *resource = x->endpoint->resource;
    Buffer link = buffer_new(x->arena, 128);
    const char *rest = strstr(x->endpoint->path, "{id}");
    buffer_printf(&link, "%s/%s/%lld%s", x->service->public_url, resource->name, (long long)id,
                  rest != NULL ? rest + strlen("{id}") : "");
    if (x->parameter_count == 0)
        return link.data;
    buffer_add_char(&link, '?');
    list_query_add(x, &link, none);
    link.data[--link.length] = '\0'; /* the last `&` */
    return link.data;
}

void merged_answer(Exchange *x, int64_t into) {
    const Resource *resource = x->endpoint->resource;
    if (x->method == METHOD_GET) {
        x->status = 308;
        exchange_header(x, "Location", location_of(x, into));
        return;
    }
    x->problem.conflict_resource = resource->name;
    x->problem.conflict_id = into;
    problem_set(x, PROBLEM_CONFLICT, "%s %lld was merged into %s %lld.", resource->title, (long long)x->ids[0],
                resource->singular, (long long)into);
}
