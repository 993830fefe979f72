#include "record/removal.h"

#include <string.h>

#include "record/history.h"
#include "record/read.h"
#include "record/write_sql.h"
#include "sql.h"

Removal removal_read(Exchange *x) {
    for (int i = 0; i < x->parameter_count; i++) {
        const char *name = x->parameters[i].name;
        if (strcmp(name, "cascade") != 0 && strcmp(name, "purge") != 0)
            problem_fault(x, FAULT_PARAMETER, name, "is not a parameter of a deletion; these are: cascade, purge");
        else
            (void)exchange_repeats(x, i);
    }
    return (Removal){.cascade = exchange_flag(x, "cascade"), .purge = exchange_flag(x, "purge")};
}

static const char **identity_params(Write *write, int count) {
    const char **params = arena_calloc(write->x->arena, (size_t)count, sizeof *params);
    params[0] = write->resource->name;
    params[1] = arena_integer(write->x->arena, write->x->ids[0]);
    return params;
}

static void cascade_queue(Write *write) {
    const char **params = identity_params(write, 3);
    params[2] = arena_integer(write->x->arena, write->version);
    batch_add(&write->x->batch, SQL_RECORD_CASCADE, 3, params);
}

static int purge_queue(Write *write) {
    const char **params = identity_params(write, 3);
    params[2] = write->removal.cascade ? "true" : "false";
    return batch_add(&write->x->batch, SQL_RECORD_PURGE, 3, params);
}

static int delete_queue(Write *write) {
    Exchange *x = write->x;
    Sql *sql = sql_new(x->arena);
    sql_add_all(sql, "DELETE FROM ", write->resource->table, " t WHERE t.id = ", NULL);
    sql_param(sql, arena_integer(x->arena, x->ids[0]), "bigint");
    sql_add(sql, " AND t.version = ");
    sql_param(sql, arena_integer(x->arena, write->version), "bigint");
    sql_add(sql, " RETURNING t.id");
    return sql_queue(sql, &x->batch);
}

static void removal_begin(Write *write) {
    Exchange *x = write->x;
    batch_release(&x->batch);
    write->phase = WRITE_SEND;
    x->batch.lane = write->removal.cascade ? LANE_CASCADE : LANE_WRITE;
    x->batch.write = true;
    who_queue(x, &x->batch);
}

Step removal_send(Write *write) {
    removal_begin(write);
    if (write->removal.cascade)
        cascade_queue(write);
    write->statement = delete_queue(write);
    if (write->removal.purge)
        purge_queue(write);
    return STEP_QUERY;
}

Step removal_gone(Write *write) {
    Exchange *x = write->x;
    const Result *tombstone = x->batch.statements[0].result;
    if (result_rows(tombstone) == 0 || missing_is_merged(x))
        return missing_answer(x);
    if (strcmp(result_value(tombstone, 0, 1), "t") == 0)
        return erased_answer(x);
    if (!write_demand(write, false))
        return STEP_ANSWER;
    removal_begin(write);
    write->statement = purge_queue(write);
    return STEP_QUERY;
}
