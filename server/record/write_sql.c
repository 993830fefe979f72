#include "record/write_sql.h"

#include <string.h>

#include "record/idempotency.h"
#include "record/restore.h"
#include "record/type.h"
#include "sql.h"

/* The columns, beside those of the fields, that say who made the present version. */
static const char *const who_columns[WHO_COLUMNS] = {"changed_by", "change_actor", "change_reason"};

const char *who_column(int index) {
    return who_columns[index];
}

void who_texts(const Exchange *x, const char *texts[WHO_COLUMNS]) {
    texts[0] = x->key_id != 0 ? arena_integer(x->arena, x->key_id) : NULL;
    texts[1] = x->actor;
    texts[2] = x->reason;
}

void who_queue(const Exchange *x, Batch *batch) {
    const char **who = arena_alloc(x->arena, WHO_COLUMNS * sizeof *who);
    who_texts(x, who);
    batch_add(batch, SQL_CHANGE_ACTOR, WHO_COLUMNS, who);
}

static void who_param(Sql *sql, const char *const *texts, int column) {
    sql_param(sql, texts[column], column == 0 ? "bigint" : "text");
}

/* A record that is restored keeps what it was known by, and its versions count on. */
static void past_columns(const Write *write, Sql *sql) {
    if (write->past != NULL)
        sql_add(sql, "id, created_at, version, ");
}

static void past_values(const Write *write, Sql *sql) {
    Arena *arena = write->x->arena;
    if (write->past == NULL)
        return;
    sql_param(sql, arena_integer(arena, write->x->ids[0]), "bigint");
    sql_add(sql, ", ");
    sql_param(sql, write->was[write_index(write, "created_at")], "timestamptz");
    sql_add(sql, ", ");
    sql_param(sql, arena_integer(arena, write->past->tombstone + 1), "bigint");
    sql_add(sql, ", ");
}

/* It is restored unless somebody else has done that, though it be deleted again since, or erased it. */
static void past_guard(const Write *write, Sql *sql) {
    Arena *arena = write->x->arena;
    if (write->past == NULL)
        return;
    sql_add_all(sql, " WHERE NOT EXISTS (SELECT FROM ", write->resource->table, " l WHERE l.id = ", NULL);
    sql_param(sql, arena_integer(arena, write->x->ids[0]), "bigint");
    sql_add(sql, ") AND (SELECT (r.version, r.state IS NULL AND NOT r.erased) FROM onrecord.revisions r "
                 "WHERE r.resource = ");
    sql_param(sql, write->resource->name, NULL);
    sql_add(sql, " AND r.record_id = ");
    sql_param(sql, arena_integer(arena, write->x->ids[0]), "bigint");
    sql_add(sql, " ORDER BY r.version DESC LIMIT 1) = (");
    sql_param(sql, arena_integer(arena, write->past->tombstone), "bigint");
    sql_add(sql, ", true)");
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

/* The record is the answer to an Idempotency-Key. */
static bool is_kept(const Write *write) {
    return write->keeps && write->x->idempotency.key != NULL;
}

/* Keeps it in one statement with what writes it, the WITH query `t`: where a guard is lost there is no answer. */
static void keep_sql(const Write *write, Sql *sql) {
    int status = write->method == METHOD_POST ? 201 : 200;
    sql_add(sql, "), kept AS (");
    idempotency_keep(write->x, sql, "t", status, write->resource);
    sql_add(sql, ") SELECT ");
    selection_columns(write->selection, sql);
    sql_add(sql, " FROM t");
}

static void returning_sql(const Write *write, Sql *sql) {
    if (is_kept(write)) {
        sql_add(sql, " RETURNING t.*");
        keep_sql(write, sql);
    } else {
        sql_add(sql, " RETURNING ");
        selection_columns(write->selection, sql);
    }
}

Sql *current_sql(const Write *write) {
    Sql *sql = sql_new(write->x->arena);
    sql_add_all(sql, "WITH t AS (SELECT t.* FROM ", write->resource->table, " t WHERE t.id = ", NULL);
    sql_param(sql, arena_integer(write->x->arena, write->x->ids[0]), "bigint");
    sql_add(sql, " AND t.version = ");
    sql_param(sql, arena_integer(write->x->arena, write->version), "bigint");
    sql_add(sql, " FOR SHARE");
    keep_sql(write, sql);
    return sql;
}

/* The columns that every insert names, behind those of its own. */
static void insert_columns(const Write *write, Sql *sql) {
    const char *comma = "";
    for (const Field *field = write->resource->fields; field->name != NULL; field++) {
        if (!field_is_written(field))
            continue;
        sql_add_all(sql, comma, field->name, NULL);
        comma = ", ";
    }
    for (int i = 0; i < WHO_COLUMNS; i++)
        sql_add_all(sql, ", ", who_columns[i], NULL);
}

/* And their values. `numbers`, unless it is NULL: by field, of its parameter. */
static void insert_values(const Write *write, Sql *sql, int *numbers) {
    const char *comma = "";
    const char *who[WHO_COLUMNS];
    who_texts(write->x, who);
    for (int i = 0; write->resource->fields[i].name != NULL; i++) {
        if (!field_is_written(&write->resource->fields[i]))
            continue;
        int number = sql_bind(sql, write->texts[i]);
        if (numbers != NULL)
            numbers[i] = number;
        sql_add(sql, comma);
        sql_use(sql, number, type_of(&write->resource->fields[i])->sql);
        comma = ", ";
    }
    for (int i = 0; i < WHO_COLUMNS; i++) {
        sql_add(sql, ", ");
        who_param(sql, who, i);
    }
}

Sql *insert_sql(Write *write) {
    Sql *sql = sql_new(write->x->arena);
    sql_add_all(sql, is_kept(write) ? "WITH t AS (" : "", "INSERT INTO ", write->resource->table, " AS t (",
                write->new_id != 0 ? "id, " : "", NULL);
    past_columns(write, sql);
    insert_columns(write, sql);
    sql_add(sql, ") SELECT ");
    if (write->new_id != 0) {
        sql_param(sql, arena_integer(write->x->arena, write->new_id), "bigint");
        sql_add(sql, ", ");
    }
    past_values(write, sql);
    insert_values(write, sql, NULL);
    guard_sql(write, sql);
    past_guard(write, sql);
    returning_sql(write, sql);
    return sql;
}

/* ---- many at once ---- */

/* " AND ...": leaves out the rows that refer to what is not there. */
static void referred_sql(const Write *write, Sql *sql, const int *numbers) {
    for (int i = 0; write->resource->fields[i].name != NULL; i++) {
        const Field *field = &write->resource->fields[i];
        if (!field_is_written(field) || field->target == NULL)
            continue;
        const char *target = resource_find(field->target)->table;
        if (field->type == TYPE_REFERENCE) {
            sql_add(sql, " AND (");
            sql_use(sql, numbers[i], NULL);
            sql_add_all(sql, " IS NULL OR EXISTS (SELECT FROM ", target, " l WHERE l.id = ", NULL);
            sql_use(sql, numbers[i], "bigint");
            sql_add(sql, "))");
        } else {
            sql_add(sql, " AND NOT EXISTS (SELECT FROM unnest(");
            sql_use(sql, numbers[i], "bigint[]");
            sql_add_all(sql, ") AS a (id) WHERE NOT EXISTS (SELECT FROM ", target, " l WHERE l.id = a.id))", NULL);
        }
    }
}

/* The rows that can be written, with new ids. (Two groups could each hold what the other waits for: LANE_WRITE waits
 * for locks only so long.) */
static Sql *rows_sql(const Write *write, const Sql *values, const int *numbers, int guard) {
    Sql *sql = sql_many(write->x->arena);
    sql_add_all(sql, "WITH r AS MATERIALIZED (SELECT nextval('", write->resource->table,
                "_id_seq'::regclass) AS new_id, s.* FROM (SELECT s.* FROM ", NULL);
    sql_rows(sql, values);
    if (guard > 0) {
        sql_add_all(sql, " JOIN ", write->guard->table, " g ON g.id = ", NULL);
        sql_use(sql, guard, "bigint");
        sql_add(sql, " AND g.version = ");
        sql_use(sql, guard + 1, "bigint");
    }
    sql_add(sql, " WHERE true");
    referred_sql(write, sql, numbers);
    sql_add_all(sql, " ORDER BY s.n", guard > 0 ? " FOR SHARE OF g" : "", ") AS s), ", NULL);
    return sql;
}

const char *insert_joined_sql(Write *write) {
    Arena *arena = write->x->arena;
    int numbers[FIELDS_MAX] = {0};
    int guard = 0;
    Sql *sql = sql_many(arena);
    sql_add_all(sql, "t AS (INSERT INTO ", write->resource->table, " AS t (id, ", NULL);
    insert_columns(write, sql);
    sql_add(sql, ") SELECT s.new_id, ");
    insert_values(write, sql, numbers);
    if (write->guard != NULL) {
        guard = sql_bind(sql, arena_integer(arena, write->guard_id));
        sql_bind(sql, arena_integer(arena, write->guard_version));
    }
    sql_add(sql, " FROM r AS s ORDER BY s.n ON CONFLICT DO NOTHING RETURNING t.*)");
    if (is_kept(write)) {
        sql_add(sql, ", kept AS (");
        idempotency_keep(write->x, sql, "r AS s JOIN t", 201, write->resource);
        sql_add(sql, " ON answered.id = s.new_id)");
    }
    sql_add(sql, " SELECT ");
    selection_columns(write->selection, sql);
    sql_add(sql, ", s.n FROM r AS s LEFT JOIN t ON t.id = s.new_id");
    Sql *rows = rows_sql(write, sql, numbers, guard);
    return arena_printf(arena, "%s%s", rows->text.data, sql->text.data);
}

/* Only the columns that change: fewer keys to check, and no large text written anew. */
Sql *update_sql(Write *write) {
    Sql *sql = sql_new(write->x->arena);
    const char *who[WHO_COLUMNS];
    who_texts(write->x, who);
    sql_add_all(sql, is_kept(write) ? "WITH t AS (" : "", "UPDATE ", write->resource->table, " AS t SET ", NULL);
    for (int i = 0; write->resource->fields[i].name != NULL; i++) {
        const Field *field = &write->resource->fields[i];
        if (!field_is_written(field) || !write_changes(write, field->name))
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
