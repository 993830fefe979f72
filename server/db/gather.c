#include "db/gather.h"

#include <string.h>

#include "db/rows.h"

/* Those that ask what the leader asks, up to `max`; the others stay in the queue, in their order. */
static Batch *mates_take(const Batch *leader, Queue *queue, int max) {
    Queue kept = {0};
    Queue mates = {0};
    for (Batch *batch = queue_pop(queue); batch; batch = queue_pop(queue)) {
        bool fits = mates.length < max && strcmp(batch->statements[0].sql, leader->statements[0].sql) == 0;
        queue_push(fits ? &mates : &kept, batch);
    }
    *queue = kept;
    return mates.first;
}

/* `{1,2,3}` */
static const char *keys_text(const Batch *leader, const Batch *mates) {
    char text[GATHERED_MAX * 21 + 3];
    size_t length = 0;
    for (const Batch *batch = leader; batch; batch = batch == leader ? mates : batch->next) {
        const char *key = batch->statements[0].params[0];
        text[length++] = batch == leader ? '{' : ',';
        length = (size_t)(stpcpy(text + length, key) - text);
    }
    stpcpy(text + length, "}");
    return arena_strdup(leader->arena, text);
}

Batch *gather_lead(Queue *queue, int max) {
    Batch *leader = queue_pop(queue);
    if (!leader || !queue->first || max <= 1)
        return leader;
    Batch *mates = mates_take(leader, queue, max - 1);
    if (!mates)
        return leader;
    const char *sql = leader->statements[0].sql;
    int length = (int)(strlen(sql) - strlen(GATHERS_BY));
    const char **params = arena_alloc(leader->arena, sizeof *params);
    params[0] = keys_text(leader, mates);
    leader->gathering = arena_alloc(leader->arena, sizeof *leader->gathering);
    *leader->gathering =
        (Gathering){.statement = {.sql = arena_printf(leader->arena, "%.*s = ANY ($1::bigint[])", length, sql),
                                  .param_count = 1,
                                  .params = params},
                    .mates = mates};
    return leader;
}

Statement *gather_statement(Batch *batch, int index) {
    return batch->gathering ? &batch->gathering->statement : &batch->statements[index];
}

/* The row whose first column is the batch's key; none, when there is no such record. */
static Result *own_row(const Batch *batch, Result *whole, const int64_t *keys) {
    int row = 0;
    while (row < whole->rows && keys[row] != batch->key)
        row++;
    return rows_part(batch->arena, whole, row, row < whole->rows);
}

Batch *gather_part(Batch *leader) {
    Gathering *gathering = leader->gathering;
    if (!gathering)
        return NULL;
    leader->gathering = NULL;
    Result *whole = gathering->statement.result;
    if (!whole)
        return gathering->mates;
    int64_t keys[GATHERED_MAX] = {0};
    for (int i = 0; i < whole->rows; i++)
        keys[i] = result_integer(whole, i, 0);
    leader->statements[0].result = own_row(leader, whole, keys);
    for (Batch *mate = gathering->mates; mate; mate = mate->next)
        mate->statements[0].result = own_row(mate, whole, keys);
    rows_release(whole);
    return gathering->mates;
}
