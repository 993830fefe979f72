/* sql_builder.h: one statement in the making: its text, from our own words alone, and its parameters.
 *
 * Every value of a client goes through sql_param. The texts that sql_add takes are constants of this program or names
 * from a table of fields. Lives in the arena; hand it to a batch with sql_queue. */
#ifndef ONRECORD_RECORD_SQL_BUILDER_H
#define ONRECORD_RECORD_SQL_BUILDER_H

#include "base/buffer.h"
#include "db/batch.h"

enum { SQL_PARAMS_MAX = 160 };

typedef struct Sql {
    Buffer text;
    bool many; /* see sql_many */
    int param_count;
    const char *params[SQL_PARAMS_MAX];
} Sql;

Sql *sql_new(Arena *arena);

void sql_add(Sql *sql, const char *text);

/* A statement that does for many what another does for one: in it a parameter's value is a column of `s`, to be used
 * behind what sql_rows adds. */
Sql *sql_many(Arena *arena);

/* Adds "unnest($1::text[], $2::text[]) WITH ORDINALITY AS s (p1, p2, n)": a row for each of the many, with its number
 * from 1, of the parameters that `of` has. */
void sql_rows(Sql *sql, const Sql *of);

/* Adds each text up to a NULL. */
void sql_add_all(Sql *sql, ...) __attribute__((sentinel));

/* Adds `$n` for a value (NULL: SQL null), and `::cast` unless `cast` is NULL. */
void sql_param(Sql *sql, const char *value, const char *cast);

/* Adds `$n` for a value that was added before; `number` is what sql_bind answered. */
int sql_bind(Sql *sql, const char *value);
void sql_use(Sql *sql, int number, const char *cast);

/* Adds `number` in decimal: for bounds and counts that are ours, never a client's. */
void sql_number(Sql *sql, long number);

/* Queues it; answers its index in the batch. */
int sql_queue(Sql *sql, Batch *batch);

#endif
