#include "record/bulk_chunk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "db/array.h"
#include "record/type.h"
#include "record/write_sql.h"

/* Lines that one statement writes: all creates, or patches that change the same fields; with a guard or without. */
typedef struct Group {
    bool creates;
    bool guarded;
    uint64_t mask; /* bit n: field n is written */
    int count;
    Item **items;
} Group;

enum { GROUPS_MAX = 64 };

typedef struct Sending {
    int count;
    Group groups[GROUPS_MAX];
} Sending;

/* ---- groups ---- */

static uint64_t mask_of(const Item *item) {
    const Field *fields = item->write->resource->fields;
    uint64_t mask = 0;
    for (int i = 0; fields[i].name != NULL; i++)
        if (field_is_written(&fields[i]) && (item->present == 0 || write_changes(item->write, fields[i].name)))
            mask |= UINT64_C(1) << i;
    return mask;
}

/* NULL: there are too many groups already. */
static Group *group_of(Bulk *bulk, const Item *item) {
    Sending *sending = bulk->sending;
    Group wanted = {
        .creates = item->present == 0, .guarded = item->write->guard != NULL, .mask = mask_of(item), .count = 0};
    for (int i = 0; i < sending->count; i++) {
        Group *group = &sending->groups[i];
        if (group->creates == wanted.creates && group->guarded == wanted.guarded && group->mask == wanted.mask)
            return group;
    }
    if (sending->count == GROUPS_MAX)
        return NULL;
    Group *group = &sending->groups[sending->count++];
    *group = wanted;
    group->items = arena_alloc(bulk->arena, CHUNK_LINES * sizeof(Item *));
    return group;
}

/* Lines for which there is no group wait for the next pass. */
static void groups_make(Bulk *bulk) {
    int kept = 0;
    bulk->sending = arena_calloc(bulk->arena, 1, sizeof *bulk->sending);
    for (int i = 0; i < bulk->active_count; i++) {
        Item *item = bulk->active[i];
        if (item->present != 0 && !write_differs(item->write)) {
            item->line.version = item->write->version;
            item_settle(item, FATE_UNCHANGED);
            continue;
        }
        Group *group = group_of(bulk, item);
        if (group == NULL)
            continue;
        group->items[group->count++] = item;
        bulk->active[kept++] = item;
    }
    bulk->active_count = kept;
}

/* ---- statements ---- */

/* Adds one column of the rows: the text of each item. */
typedef const char *ItemText(const Bulk *bulk, const Item *item, int field);

static const char *field_text(const Bulk *bulk, const Item *item, int field) {
    (void)bulk;
    return item->write->texts[field];
}

static const char *id_text(const Bulk *bulk, const Item *item, int field) {
    (void)field;
    return arena_integer(bulk->arena, item->present);
}

static const char *version_text(const Bulk *bulk, const Item *item, int field) {
    (void)field;
    return arena_integer(bulk->arena, item->write->version);
}

static const char *guard_id_text(const Bulk *bulk, const Item *item, int field) {
    (void)field;
    return arena_integer(bulk->arena, item->write->guard_id);
}

static const char *guard_version_text(const Bulk *bulk, const Item *item, int field) {
    (void)field;
    return arena_integer(bulk->arena, item->write->guard_version);
}

static void column_add(const Bulk *bulk, const Group *group, Sql *sql, ItemText *text, int field) {
    const char **texts = arena_alloc(bulk->arena, (size_t)group->count * sizeof *texts);
    for (int i = 0; i < group->count; i++)
        texts[i] = text(bulk, group->items[i], field);
    sql_param(sql, array_literal(bulk->arena, texts, group->count), "text[]");
}

/* "(SELECT r.* FROM unnest($1, ...) WITH ORDINALITY AS r (headline, ..., n) ORDER BY r.n)": a row an item; `n` is its
 * place in the group, from 1. Only those whose guards hold: other records that they depend on, locked against change.
 */
static void rows_sql(const Bulk *bulk, const Group *group, Sql *sql) {
    const Field *fields = bulk->plan.resource->fields;
    Sql *names = sql_new(bulk->arena);
    sql_add(sql, "(SELECT r.* FROM unnest(");
    for (int i = 0; fields[i].name != NULL; i++) {
        if ((group->mask & UINT64_C(1) << i) == 0)
            continue;
        column_add(bulk, group, sql, field_text, i);
        sql_add(sql, ", ");
        sql_add_all(names, fields[i].name, ", ", NULL);
    }
    if (!group->creates) {
        column_add(bulk, group, sql, version_text, 0);
        sql_add(sql, ", ");
        sql_add(names, "record_version, ");
    }
    if (group->guarded) {
        column_add(bulk, group, sql, guard_id_text, 0);
        sql_add(sql, ", ");
        column_add(bulk, group, sql, guard_version_text, 0);
        sql_add(sql, ", ");
        sql_add(names, "guard_id, guard_version, ");
    }
    /* Patches come with their records' ids; creates with nothing, in a column that keeps the list from being empty. */
    column_add(bulk, group, sql, id_text, 0);
    sql_add_all(sql, ") WITH ORDINALITY AS r (", names->text.data, "record_id, n)", NULL);
    if (group->guarded)
        sql_add_all(sql, " JOIN ", group->items[0]->write->guard->table,
                    " g ON g.id = r.guard_id::bigint AND g.version = r.guard_version::bigint", NULL);
    sql_add_all(sql, " ORDER BY r.n", group->guarded ? " FOR SHARE OF g)" : ")", NULL);
}

/* "r.headline::text": a text needs no cast. */
static void value_sql(const Field *field, Sql *sql) {
    const char *type = type_of(field)->sql;
    sql_add_all(sql, "r.", field->name, NULL);
    if (strcmp(type, "text") != 0)
        sql_add_all(sql, "::", type, NULL);
}

static void who_sql(const Bulk *bulk, Sql *sql, bool names) {
    const char *who[WHO_COLUMNS];
    who_texts(&bulk->model, who);
    for (int i = 0; i < WHO_COLUMNS; i++) {
        sql_add(sql, i > 0 ? ", " : "");
        if (names)
            sql_add_all(sql, who_column(i), " = ", NULL);
        sql_param(sql, who[i], i == 0 ? "bigint" : "text");
    }
}

/* Where lines count as written by their numbers, none may be left out: adds no row, or fails. `from` has one for each
 * that was written. */
static void all_sql(const Bulk *bulk, const Group *group, Sql *sql, const char *from) {
    if (bulk->plan.accompany == NULL)
        return;
    sql_add_all(sql, " UNION ALL SELECT NULL, NULL, NULL WHERE onrecord.refuse_unless((SELECT count(*) FROM ", from,
                ") = ", NULL);
    sql_number(sql, group->count);
    sql_add(sql, ", 'IK003')");
}

/* Ids are given out before, so that each new record is known by its own: the answer is which line got which, and then
 * which of those came in, to be joined here; PostgreSQL, which knows nothing of their number, would compare each with
 * each. A place that is taken leaves its line out, and all others as they are. */
static Sql *creates_sql(const Bulk *bulk, const Group *group) {
    const Resource *resource = bulk->plan.resource;
    Sql *sql = sql_new(bulk->arena);
    sql_add_all(sql, "WITH r AS MATERIALIZED (SELECT nextval('", resource->table,
                "_id_seq'::regclass) AS new_id, s.* FROM ", NULL);
    rows_sql(bulk, group, sql);
    sql_add_all(sql, " AS s), i AS (INSERT INTO ", resource->table, " AS t (id", NULL);
    for (const Field *field = resource->fields; field->name != NULL; field++)
        if (field_is_written(field))
            sql_add_all(sql, ", ", field->name, NULL);
    for (int i = 0; i < WHO_COLUMNS; i++)
        sql_add_all(sql, ", ", who_column(i), NULL);
    sql_add(sql, ") SELECT r.new_id");
    for (const Field *field = resource->fields; field->name != NULL; field++) {
        if (!field_is_written(field))
            continue;
        sql_add(sql, ", ");
        value_sql(field, sql);
    }
    sql_add(sql, ", ");
    who_sql(bulk, sql, false);
    sql_add(sql, " FROM r ORDER BY r.n ON CONFLICT DO NOTHING RETURNING t.id, t.version)"
                 " SELECT r.n, r.new_id, NULL FROM r UNION ALL SELECT NULL, i.id, i.version FROM i");
    all_sql(bulk, group, sql, "i");
    return sql;
}

static Sql *patches_sql(const Bulk *bulk, const Group *group) {
    const Resource *resource = bulk->plan.resource;
    Sql *sql = sql_new(bulk->arena);
    sql_add_all(sql, "WITH u AS (UPDATE ", resource->table, " AS t SET ", NULL);
    for (int i = 0; resource->fields[i].name != NULL; i++) {
        if ((group->mask & UINT64_C(1) << i) == 0)
            continue;
        sql_add_all(sql, resource->fields[i].name, " = ", NULL);
        value_sql(&resource->fields[i], sql);
        sql_add(sql, ", ");
    }
    who_sql(bulk, sql, true);
    sql_add(sql, " FROM ");
    rows_sql(bulk, group, sql);
    sql_add(sql, " AS r WHERE t.id = r.record_id::bigint AND t.version = r.record_version::bigint"
                 " RETURNING r.n, t.id, t.version) SELECT * FROM u");
    all_sql(bulk, group, sql, "u");
    return sql;
}

/* ---- send ---- */

Step pass_send(Bulk *bulk) {
    groups_make(bulk);
    if (bulk->active_count == 0)
        return STEP_ANSWER;
    batch_begin(bulk, PASS_SEND);
    bulk->batch.write = true;
    for (int i = 0; i < bulk->sending->count; i++) {
        const Group *group = &bulk->sending->groups[i];
        sql_queue(group->creates ? creates_sql(bulk, group) : patches_sql(bulk, group), &bulk->batch);
    }
    for (int i = 0; i < bulk->active_count; i++) {
        Item *item = bulk->active[i];
        item->goes = true;
        for (int f = 0; f < item->write->follower_count; f++)
            sql_queue(item->write->followers[f], &bulk->batch);
    }
    if (bulk->plan.accompany != NULL)
        bulk->plan.accompany(bulk->plan.owner, &bulk->batch);
    return STEP_QUERY;
}

static void patches_take(const Group *group, const Result *rows) {
    for (int row = 0; row < result_rows(rows); row++) {
        Item *item = group->items[result_integer(rows, row, 0) - 1];
        item->line.id = item->present;
        item->line.version = result_integer(rows, row, 2);
        /* PostgreSQL may see no difference where we do. */
        item_settle(item, item->line.version == item->write->version ? FATE_UNCHANGED : FATE_UPDATED);
    }
}

static int by_id(const void *a, const void *b) {
    const Item *const *one = a;
    const Item *const *other = b;
    return ((*one)->line.id > (*other)->line.id) - ((*one)->line.id < (*other)->line.id);
}

/* First which line got which id, then which ids came in. */
static void creates_take(Bulk *bulk, const Group *group, const Result *rows) {
    Item **tried = arena_alloc(bulk->arena, (size_t)group->count * sizeof(Item *));
    int count = 0;
    int row = 0;
    for (; row < result_rows(rows) && result_value(rows, row, 0) != NULL; row++) {
        Item *item = group->items[result_integer(rows, row, 0) - 1];
        item->line.id = result_integer(rows, row, 1);
        item->conflicts = true;
        tried[count++] = item;
    }
    qsort(tried, (size_t)count, sizeof(Item *), by_id);
    for (; row < result_rows(rows); row++) {
        Item wanted = {.line.id = result_integer(rows, row, 1)};
        const Item *key = &wanted;
        Item **found = bsearch(&key, tried, (size_t)count, sizeof(Item *), by_id);
        assert(found != NULL);
        (*found)->line.version = result_integer(rows, row, 2);
        (*found)->conflicts = false;
        item_settle(*found, FATE_CREATED);
    }
    for (int i = 0; i < count; i++)
        if (tried[i]->conflicts)
            tried[i]->line.id = 0;
}

/* A line that has no row has lost its guard. */
Step pass_send_done(Bulk *bulk) {
    bulk->reruns = 0;
    bulk->limit = bulk->limit < CHUNK_LINES / 2 ? 2 * bulk->limit : CHUNK_LINES;
    for (int g = 0; g < bulk->sending->count; g++) {
        const Group *group = &bulk->sending->groups[g];
        const Result *rows = bulk->batch.statements[g].result;
        if (group->creates)
            creates_take(bulk, group, rows);
        else
            patches_take(group, rows);
    }
    for (int i = 0; i < bulk->active_count; i++)
        if (bulk->active[i]->line.fate == FATE_PENDING)
            item_again(bulk->active[i]);
    return pass_explain(bulk);
}

/* ---- explain ---- */

typedef struct Explained {
    Item *item;
    const Field *field;
} Explained;

static void equal_sql(const Write *write, const Field *field, Sql *sql) {
    const char *text = write_text(write, field->name);
    sql_add_all(sql, "t.", field->name, text == NULL ? " IS NULL" : " = ", NULL);
    if (text != NULL)
        sql_param(sql, text, type_of(field)->sql);
}

static bool is_unique(const Resource *resource, const Field *field) {
    return field->unique_with != NULL || strcmp(field->name, "external_id") == 0 ||
           (resource->key != NULL && strcmp(field->name, resource->key) == 0);
}

/* Asks who has what must be the line's alone. */
static void item_explain(Bulk *bulk, Item *item) {
    const Resource *resource = bulk->plan.resource;
    for (const Field *field = resource->fields; field->name != NULL; field++) {
        if (!is_unique(resource, field) || write_text(item->write, field->name) == NULL)
            continue;
        Sql *sql = sql_new(bulk->arena);
        sql_add_all(sql, "SELECT t.id FROM ", resource->table, " t WHERE ", NULL);
        equal_sql(item->write, field, sql);
        if (field->unique_with != NULL) {
            sql_add(sql, " AND ");
            equal_sql(item->write, field_find(resource, field->unique_with, strlen(field->unique_with)), sql);
        }
        sql_add(sql, " AND t.id <> ");
        sql_param(sql, arena_integer(bulk->arena, item->present), "bigint");
        sql_add(sql, " LIMIT 1");
        sql_queue(sql, &bulk->batch);
        bulk->explained[bulk->explained_count++] = (Explained){item, field};
    }
}

Step pass_explain(Bulk *bulk) {
    enum { UNIQUE_MAX = 4 };
    active_sift(bulk);
    batch_begin(bulk, PASS_EXPLAIN);
    bulk->explained = arena_alloc(bulk->arena, (size_t)(bulk->active_count * UNIQUE_MAX + 1) * sizeof(Explained));
    bulk->explained_count = 0;
    for (int i = 0; i < bulk->active_count; i++) {
        Item *item = bulk->active[i];
        /* Where the place was taken meanwhile, and on_conflict knows what to do then, it does. */
        if (item->conflicts && (bulk->plan.on_conflict == ON_CONFLICT_ERROR || item->attempts > 1))
            item_explain(bulk, item);
    }
    return bulk->batch.count > 0 ? STEP_QUERY : STEP_ANSWER;
}

Step pass_explain_done(Bulk *bulk) {
    const Resource *resource = bulk->plan.resource;
    for (int i = 0; i < bulk->explained_count; i++) {
        Item *item = bulk->explained[i].item;
        const char *field = bulk->explained[i].field->name;
        if (batch_rows(&bulk->batch, i) == 0 || item->line.fate != FATE_PENDING)
            continue;
        item->x->problem.conflict_resource = resource->name;
        item->x->problem.conflict_id = result_integer(bulk->batch.statements[i].result, 0, 0);
        problem_set(item->x, PROBLEM_CONFLICT, "%s %lld has this %s already.", resource->title,
                    item->x->problem.conflict_id, field);
        problem_fault(item->x, FAULT_POINTER, arena_printf(bulk->arena, "/%s", field), "is taken");
        item_refuse(item);
    }
    return STEP_ANSWER;
}
