#include "db/batch.h"

#include <stdlib.h>
#include <string.h>

#include "db/rows.h"

enum { BATCH_CAPACITY = 4 };

void batch_init(Batch *batch, Arena *arena, Lane lane, void (*complete)(Batch *), void *owner) {
    memset(batch, 0, sizeof *batch);
    batch->arena = arena;
    batch->lane = lane;
    batch->complete = complete;
    batch->owner = owner;
}

int batch_add(Batch *batch, const char *sql, int param_count, const char *const *params) {
    if (batch->count == batch->capacity) {
        int capacity = batch->capacity > 0 ? 2 * batch->capacity : BATCH_CAPACITY;
        batch->statements =
            arena_grow(batch->arena, batch->statements, (size_t)batch->capacity * sizeof *batch->statements,
                       (size_t)capacity * sizeof *batch->statements);
        batch->capacity = capacity;
    }
    batch->statements[batch->count] =
        (Statement){.sql = sql, .param_count = param_count, .params = params, .result = NULL};
    return batch->count++;
}

void batch_gathers(Batch *batch, int64_t key) {
    batch->gathers = true;
    batch->key = key;
}

void batch_joins(Batch *batch, Joined *joined, void *of) {
    batch->gathers = true;
    batch->joined = joined;
    batch->joined_of = of;
}

void batch_streams(Batch *batch, bool (*row)(Batch *batch, const Result *row)) {
    batch->row = row;
}

void batch_release(Batch *batch) {
    for (int i = 0; i < batch->count; i++)
        rows_release(batch->statements[i].result);
    batch->count = 0;
    batch->write = false;
    batch->gathers = false;
    batch->joined = NULL;
    batch->row = NULL;
    batch->outcome = BATCH_PENDING;
    batch->touched = NULL;
    memset(&batch->error, 0, sizeof batch->error);
}

int batch_rows(const Batch *batch, int index) {
    return result_rows(batch->statements[index].result);
}

long batch_touched(const Batch *batch, int index) {
    Result *result = batch->statements[index].result;
    return result ? strtol(PQcmdTuples(result->pg), NULL, 10) : 0;
}
