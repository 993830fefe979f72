#include "record/sort.h"

#include <string.h>

#include "record/type.h"

static void key_add(Sort *sort, const Field *field, bool descending) {
    bool nullable = (field->flags & (FIELD_REQUIRED | FIELD_NOT_NULL)) == 0;
    sort->keys[sort->count++] = (SortKey){.field = field, .descending = descending, .nullable = nullable};
}

static bool key_present(const Sort *sort, const Field *field) {
    for (int i = 0; i < sort->count; i++)
        if (sort->keys[i].field == field)
            return true;
    return false;
}

static void key_read(Exchange *x, const Resource *resource, Sort *sort, const char *item) {
    bool descending = *item == '-';
    const char *name = descending ? item + 1 : item;
    const Field *field = field_find(resource, name, strlen(name));
    if (field == NULL || (field->flags & FIELD_SORT) == 0)
        problem_fault(x, FAULT_PARAMETER, "sort", "\"%s\" does not sort %s; these do: %s", name, resource->name,
                      field_names(x->arena, resource, field_sorts));
    else if (key_present(sort, field))
        problem_fault(x, FAULT_PARAMETER, "sort", "names %s twice", name);
    else if (sort->count == SORT_KEYS - 1)
        problem_fault(x, FAULT_PARAMETER, "sort", "takes at most %d fields", SORT_KEYS - 1);
    else
        key_add(sort, field, descending);
}

Sort sort_read(Exchange *x, const Resource *resource, const char *fallback) {
    Sort sort = {.count = 0};
    const char *text = exchange_parameter(x, "sort");
    char *rest = arena_strdup(x->arena, text != NULL ? text : fallback);
    for (char *item = strsep(&rest, ","); item != NULL; item = strsep(&rest, ","))
        key_read(x, resource, &sort, item);
    const Field *id = field_find(resource, "id", 2);
    if (!key_present(&sort, id)) /* in the last key's direction, so that one index serves both */
        key_add(&sort, id, sort.count > 0 && sort.keys[sort.count - 1].descending);
    return sort;
}

void sort_column(const SortKey *key, Sql *sql, const char *alias) {
    sql_add_all(sql, alias, ".", key->field->name, key->field->type == TYPE_EDTF ? "_first" : "", NULL);
}

static const char *sort_type(const SortKey *key) {
    return key->field->type == TYPE_EDTF ? "date" : type_of(key->field)->sql;
}

void sort_order(const Sort *sort, Sql *sql, const char *alias) {
    for (int i = 0; i < sort->count; i++) {
        sql_add(sql, i == 0 ? " ORDER BY " : ", ");
        sort_column(&sort->keys[i], sql, alias);
        sql_add_all(sql, sort->keys[i].descending ? " DESC" : "", sort->keys[i].nullable ? " NULLS LAST" : "", NULL);
    }
}

/* key = value, or both null. */
static void key_equal(const SortKey *key, Sql *sql, const char *alias, const char *value) {
    sort_column(key, sql, alias);
    if (value == NULL) {
        sql_add(sql, " IS NULL");
        return;
    }
    sql_add(sql, " = ");
    sql_param(sql, value, sort_type(key));
}

/* key behind value; `value` is not null. */
static void key_behind(const SortKey *key, Sql *sql, const char *alias, const char *value) {
    sql_add(sql, key->nullable ? "(" : "");
    sort_column(key, sql, alias);
    sql_add(sql, key->descending ? " < " : " > ");
    sql_param(sql, value, sort_type(key));
    if (key->nullable) {
        sql_add(sql, " OR ");
        sort_column(key, sql, alias);
        sql_add(sql, " IS NULL)");
    }
}

/* One comparison of rows, which an index on the keys starts from: all in one direction, none null. */
static bool is_row_comparable(const Sort *sort) {
    for (int i = 0; i < sort->count; i++)
        if (sort->keys[i].nullable || sort->keys[i].descending != sort->keys[0].descending)
            return false;
    return true;
}

static void row_behind(const Sort *sort, Sql *sql, const char *alias, const char *const *values) {
    for (int i = 0; i < sort->count; i++) {
        sql_add(sql, i == 0 ? "(" : ", ");
        sort_column(&sort->keys[i], sql, alias);
    }
    sql_add(sql, sort->keys[0].descending ? ") < (" : ") > (");
    for (int i = 0; i < sort->count; i++) {
        sql_add(sql, i == 0 ? "" : ", ");
        sql_param(sql, values[i], sort_type(&sort->keys[i]));
    }
    sql_add(sql, ")");
}

void sort_after(const Sort *sort, Sql *sql, const char *alias, const char *const *values) {
    if (is_row_comparable(sort)) {
        row_behind(sort, sql, alias, values);
        return;
    }
    const char * or = "(";
    for (int i = 0; i < sort->count; i++) {
        if (values[i] == NULL)
            continue; /* nothing is behind null but by a later key */
        sql_add(sql, or);
        for (int before = 0; before < i; before++) {
            key_equal(&sort->keys[before], sql, alias, values[before]);
            sql_add(sql, " AND ");
        }
        key_behind(&sort->keys[i], sql, alias, values[i]);
        or = " OR ";
    }
    sql_add(sql, ")"); /* the id is never null: at least one branch was added */
}
