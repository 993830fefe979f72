#include "record/write_sql.h"

#include <string.h>

#include "record/type.h"
#include "sql.h"

/* The columns, beside those of the fields, that say who made the present version. */
static const char *const who_columns[WHO_COLUMNS] = {"changed_by", "change_actor", "change_reason"};

void who_texts(const Exchange *x, const char *texts[WHO_COLUMNS]) {
    texts[0] = x->key_id != 0 ? arena_integer(x->arena, x->key_id) : NULL;
    texts[1] = x->actor;
    texts[2] = x->reason;
}

static void who_param(Sql *sql, const char *const *texts, int column) {
    sql_param(sql, texts[column], column == 0 ? "bigint" : "text");
}

static bool is_written(const Field *field) {
    return field_is_writable(field) || (field->flags & FIELD_WRITTEN) != 0;
}

/* The other record that the write depends on, locked against change; a table of one row, or of none. */
static void guard_sql(const Write *write, Sql *sql) {
    if (write->guard == NULL)
        return;
    sql_add_all(sql, " FROM (SELECT FROM ", write->guard->table, " g WHERE g.id = ", NULL);
    sql_param(sql, arena_integer(write->x->arena, write->guard_id), "bigint");
    sql_add(sql, " AND g.version = ");
    sql_param(sql, arena_integer(write->x->arena, write->guard_version), "bigint");
    sql_add(sql, " FOR SHARE) g");
}

static void returning_sql(const Write *write, Sql *sql) {
    sql_add(sql, " RETURNING ");
    selection_columns(write->selection, sql);
}

Sql *insert_sql(Write *write) {
    Sql *sql = sql_new(write->x->arena);
    const char *comma = "";
    const char *who[WHO_COLUMNS];
    who_texts(write->x, who);
    sql_add_all(sql, "INSERT INTO ", write->resource->table, " AS t (", NULL);
    for (const Field *field = write->resource->fields; field->name != NULL; field++) {
        if (!is_written(field))
            continue;
        sql_add_all(sql, comma, field->name, NULL);
        comma = ", ";
    }
    for (int i = 0; i < WHO_COLUMNS; i++)
        sql_add_all(sql, ", ", who_columns[i], NULL);
    sql_add(sql, ") SELECT ");
    comma = "";
    for (int i = 0; write->resource->fields[i].name != NULL; i++) {
        if (!is_written(&write->resource->fields[i]))
            continue;
        sql_add(sql, comma);
        sql_param(sql, write->texts[i], type_of(&write->resource->fields[i])->sql);
        comma = ", ";
    }
    for (int i = 0; i < WHO_COLUMNS; i++) {
        sql_add(sql, ", ");
        who_param(sql, who, i);
    }
    guard_sql(write, sql);
    returning_sql(write, sql);
    return sql;
}

/* Only the columns that change: fewer keys to check, and no large text written anew. */
Sql *update_sql(Write *write) {
    Sql *sql = sql_new(write->x->arena);
    const char *who[WHO_COLUMNS];
    who_texts(write->x, who);
    sql_add_all(sql, "UPDATE ", write->resource->table, " AS t SET ", NULL);
    for (int i = 0; write->resource->fields[i].name != NULL; i++) {
        const Field *field = &write->resource->fields[i];
        if (!is_written(field) || !write_changes(write, field->name))
            continue;
        sql_add_all(sql, field->name, " = ", NULL);
        sql_param(sql, write->texts[i], type_of(field)->sql);
        sql_add(sql, ", ");
    }
    for (int i = 0; i < WHO_COLUMNS; i++) {
        sql_add_all(sql, i > 0 ? ", " : "", who_columns[i], " = ", NULL);
        who_param(sql, who, i);
    }
    guard_sql(write, sql);
    sql_add(sql, " WHERE t.id = ");
    sql_param(sql, arena_integer(write->x->arena, write->x->ids[0]), "bigint");
    sql_add(sql, " AND t.version = ");
    sql_param(sql, arena_integer(write->x->arena, write->version), "bigint");
    returning_sql(write, sql);
    return sql;
}

void delete_sql(Write *write, Batch *batch) {
    Exchange *x = write->x;
    const char **who = arena_alloc(x->arena, WHO_COLUMNS * sizeof *who);
    who_texts(x, who);
    batch->lane = LANE_WRITE;
    batch->write = true;
    batch_add(batch, SQL_CHANGE_ACTOR, WHO_COLUMNS, who);
    Sql *sql = sql_new(x->arena);
    sql_add_all(sql, "DELETE FROM ", write->resource->table, " t WHERE t.id = ", NULL);
    sql_param(sql, arena_integer(x->arena, x->ids[0]), "bigint");
    sql_add(sql, " AND t.version = ");
    sql_param(sql, arena_integer(x->arena, write->version), "bigint");
    sql_add(sql, " RETURNING t.id");
    sql_queue(sql, batch);
}

Sql *lookup_sql(Arena *arena, const Reference *lookup) {
    const Resource *target = resource_find(lookup->target);
    const char *key = lookup->key->name;
    Sql *sql = sql_new(arena);
    int value = sql_bind(sql, lookup->value);
    sql_add_all(sql, "SELECT t.id FROM ", target->table, " t WHERE t.", key, " = ", NULL);
    sql_use(sql, value, "text");
    if (target->merges != NULL) { /* nobody has it: did one that was merged? */
        sql_add_all(sql, " UNION SELECT m.into_id FROM ", target->merges, " m WHERE m.", key, " = ", NULL);
        sql_use(sql, value, "text");
        sql_add_all(sql, " AND NOT EXISTS (SELECT FROM ", target->table, " t WHERE t.", key, " = ", NULL);
        sql_use(sql, value, "text");
        sql_add(sql, ")");
    }
    sql_add_all(sql, " ORDER BY ", target->merges != NULL ? "id" : "t.id", " LIMIT ", NULL);
    sql_number(sql, LOOKUP_CANDIDATES + 1);
    return sql;
}
