#include "db/gather.h"

#include <string.h>

#include "db/array.h"
#include "db/outcome.h"
#include "db/rows.h"

static bool asks_the_same(const Batch *a, const Batch *b) {
    bool same = a->write == b->write && a->joined == b->joined && a->count == b->count;
    for (int i = 0; i < a->count && same; i++)
        same = strcmp(a->statements[i].sql, b->statements[i].sql) == 0;
    return same;
}

/* Those that ask what the leader asks, up to `max`, counted in `taken`; the others stay, in their order. */
static Batch *mates_take(const Batch *leader, Queue *queue, int max, int *taken) {
    Queue kept = {0};
    Queue mates = {0};
    for (Batch *batch = queue_pop(queue); batch; batch = queue_pop(queue))
        queue_push(mates.length < max && asks_the_same(batch, leader) ? &mates : &kept, batch);
    *queue = kept;
    *taken = mates.length;
    return mates.first;
}

/* The leader, and then its mates. */
static Batch *batch_after(const Batch *leader, const Batch *batch) {
    return batch == leader ? leader->gathering->mates : batch->next;
}

/* ---- what is asked ---- */

/* An array with parameter `number` of statement `index` of each. */
static const char *param_of_all(Batch *leader, int index, int number) {
    const char *texts[GATHERED_MAX];
    int count = 0;
    for (const Batch *batch = leader; batch; batch = batch_after(leader, batch))
        texts[count++] = batch->statements[index].params[number];
    return array_literal(leader->arena, texts, count);
}

/* A read's text ends with GATHERS_BY. */
static const char *read_of_all(const Batch *leader, const char *sql) {
    return arena_printf(leader->arena, "%.*s = ANY ($1::bigint[])", (int)(strlen(sql) - strlen(GATHERS_BY)), sql);
}

static Statement statement_of_all(Batch *leader, int index) {
    const Statement *own = &leader->statements[index];
    const char **params = arena_alloc(leader->arena, (size_t)own->param_count * sizeof *params);
    for (int i = 0; i < own->param_count; i++)
        params[i] = param_of_all(leader, index, i);
    const char *sql =
        leader->joined != NULL ? leader->joined(leader, index, leader->joined_of) : read_of_all(leader, own->sql);
    return (Statement){.sql = sql, .param_count = own->param_count, .params = params};
}

Batch *gather_lead(Queue *queue, int max) {
    Batch *leader = queue_pop(queue);
    int taken = 0;
    Batch *mates = leader && max > 1 ? mates_take(leader, queue, max - 1, &taken) : NULL;
    if (!mates)
        return leader;
    Gathering *gathering = leader->gathering = arena_alloc(leader->arena, sizeof *gathering);
    *gathering = (Gathering){
        .statements = arena_alloc(leader->arena, (size_t)leader->count * sizeof(Statement)),
        .mates = mates,
        .count = taken + 1,
    };
    for (int i = 0; i < leader->count; i++)
        gathering->statements[i] = statement_of_all(leader, i);
    return leader;
}

Statement *gather_statement(Batch *batch, int index) {
    return batch->gathering ? &batch->gathering->statements[index] : &batch->statements[index];
}

/* ---- what came of it ---- */

/* For each of them in their order its row of a result, whose `column` holds `keys` of theirs; -1: it has none. */
static void rows_find(const Result *whole, int column, const int64_t *keys, int count, int *rows) {
    for (int i = 0; i < count; i++) {
        rows[i] = 0;
        while (rows[i] < whole->rows && result_integer(whole, rows[i], column) != keys[i])
            rows[i]++;
        if (rows[i] == whole->rows)
            rows[i] = -1;
    }
}

/* Reads are known by their key, in the first column; writes by their number, in the last. */
static void rows_share(Batch *leader, const Gathering *gathering, int index) {
    Result *whole = gathering->statements[index].result;
    int64_t keys[GATHERED_MAX];
    int rows[GATHERED_MAX];
    int count = 0;
    if (!whole)
        return;
    for (const Batch *batch = leader; batch; batch = batch == leader ? gathering->mates : batch->next, count++)
        keys[count] = leader->write ? count + 1 : batch->key;
    rows_find(whole, leader->write ? result_columns(whole) - 1 : 0, keys, count, rows);
    count = 0;
    for (Batch *batch = leader; batch; batch = batch == leader ? gathering->mates : batch->next, count++) {
        bool found = rows[count] >= 0;
        batch->statements[index].result = rows_part(batch->arena, whole, found ? rows[count] : 0, found);
        batch->refused = leader->write && !found;
        batch->left_out = leader->write && found && result_value(batch->statements[index].result, 0, 0) == NULL;
    }
    rows_release(whole);
}

/* The transaction is that of all. */
static void proof_share(const Batch *leader, Batch *mate) {
    mate->sent = leader->sent;
    mate->proof = leader->proof ? proof_copy(mate->arena, leader->proof) : NULL;
    mate->touched = leader->touched ? arena_strdup(mate->arena, leader->touched) : NULL;
}

Batch *gather_part(Batch *leader) {
    Gathering *gathering = leader->gathering;
    if (!gathering)
        return NULL;
    leader->gathering = NULL;
    for (int i = 0; i < leader->count; i++)
        rows_share(leader, gathering, i);
    for (Batch *mate = leader->write ? gathering->mates : NULL; mate; mate = mate->next)
        proof_share(leader, mate);
    return gathering->mates;
}
