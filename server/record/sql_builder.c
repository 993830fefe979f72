#include "record/sql_builder.h"

#include <assert.h>
#include <stdarg.h>

Sql *sql_new(Arena *arena) {
    Sql *sql = arena_alloc(arena, sizeof *sql);
    sql->text = buffer_new(arena, 1024);
    sql->param_count = 0;
    sql->many = false;
    return sql;
}

Sql *sql_many(Arena *arena) {
    Sql *sql = sql_new(arena);
    sql->many = true;
    return sql;
}

void sql_rows(Sql *sql, const Sql *of) {
    sql_add(sql, "unnest(");
    for (int i = 1; i <= of->param_count; i++) {
        sql_add(sql, i > 1 ? ", $" : "$");
        sql_number(sql, i);
        sql_add(sql, "::text[]");
    }
    sql_add(sql, ") WITH ORDINALITY AS s (");
    for (int i = 1; i <= of->param_count; i++) {
        sql_add(sql, "p");
        sql_number(sql, i);
        sql_add(sql, ", ");
    }
    sql_add(sql, "n)");
}

void sql_add(Sql *sql, const char *text) {
    buffer_add_string(&sql->text, text);
}

void sql_add_all(Sql *sql, ...) {
    va_list texts;
    va_start(texts, sql);
    for (const char *text = va_arg(texts, const char *); text != NULL; text = va_arg(texts, const char *))
        buffer_add_string(&sql->text, text);
    va_end(texts);
}

int sql_bind(Sql *sql, const char *value) {
    assert(sql->param_count < SQL_PARAMS_MAX);
    sql->params[sql->param_count] = value;
    return ++sql->param_count;
}

void sql_use(Sql *sql, int number, const char *cast) {
    sql_add(sql, sql->many ? "s.p" : "$");
    buffer_add_integer(&sql->text, number);
    if (cast != NULL)
        sql_add_all(sql, "::", cast, NULL);
}

void sql_param(Sql *sql, const char *value, const char *cast) {
    sql_use(sql, sql_bind(sql, value), cast);
}

void sql_number(Sql *sql, long number) {
    buffer_add_integer(&sql->text, number);
}

int sql_queue(Sql *sql, Batch *batch) {
    return batch_add(batch, sql->text.data, sql->param_count, sql->params);
}
