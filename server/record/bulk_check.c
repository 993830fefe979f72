#include "record/bulk_chunk.h"

#include <assert.h>
#include <string.h>

#include "db/array.h"
#include "record/merge_patch.h"
#include "record/read.h"

enum { LOOKS_FIRST = 4, LOOKS_MOST = 256, LOOK_BYTES = 1024 * 1024 /* what is looked at at a time, about */ };

static Step pass_check(Bulk *bulk);

/* ---- the records as they stand ---- */

/* Takes out of the pass the lines that patch a record which another one patches, or more than there is room for. */
static void active_trim(Bulk *bulk) {
    WordSet patched = word_set_new(bulk->arena);
    int64_t weight = 0;
    int kept = 0;
    for (int i = 0; i < bulk->active_count; i++) {
        Item *item = bulk->active[i];
        const char *id = item->present != 0 ? arena_integer(bulk->arena, item->present) : NULL;
        if (id != NULL && (word_set_find(&patched, id) >= 0 || (weight > 0 && weight + item->weight > PASS_WEIGHT)))
            continue;
        if (id != NULL) {
            word_set_add(&patched, id);
            weight += item->weight;
        }
        bulk->active[kept++] = item;
    }
    bulk->active_count = kept;
}

Step pass_current(Bulk *bulk) {
    active_trim(bulk);
    const char **ids = arena_alloc(bulk->arena, CHUNK_LINES * sizeof *ids);
    int count = 0;
    for (int i = 0; i < bulk->active_count; i++)
        if (bulk->active[i]->present != 0)
            ids[count++] = arena_integer(bulk->arena, bulk->active[i]->present);
    if (count == 0)
        return pass_check(bulk);
    batch_begin(bulk, PASS_CURRENT);
    Sql *sql = sql_new(bulk->arena);
    sql_add(sql, "SELECT ");
    selection_columns(bulk->plain, sql);
    sql_add(sql, ", k.n FROM unnest(");
    sql_param(sql, array_literal(bulk->arena, ids, count), "bigint[]");
    sql_add_all(sql, ") WITH ORDINALITY AS k (id, n) JOIN ", bulk->plan.resource->table, " t ON t.id = k.id", NULL);
    sql_queue(sql, &bulk->batch);
    return STEP_QUERY;
}

static void item_merge(Bulk *bulk, Item *item, const Result *rows, int row) {
    Write *write = item->write;
    write->version = record_version(bulk->plain, rows, row);
    if (!write_take(write, rows, row)) {
        item_refuse(item);
        return;
    }
    write->value = exchange_own(item->x, merge_patch(write->current, item->x->json));
}

Step pass_current_done(Bulk *bulk) {
    const Result *rows = bulk->batch.statements[0].result;
    int *row_of = arena_calloc(bulk->arena, CHUNK_LINES + 1, sizeof *row_of);
    for (int row = 0; row < result_rows(rows); row++)
        row_of[result_integer(rows, row, result_columns(rows) - 1)] = row + 1;
    int n = 0;
    int kept = 0;
    for (int i = 0; i < bulk->active_count; i++) {
        Item *item = bulk->active[i];
        int row = item->present != 0 ? row_of[++n] : 0;
        if (row > 0)
            item_merge(bulk, item, rows, row - 1);
        else if (item->present != 0)
            item_again(item); /* it was deleted meanwhile */
        if (item->present == 0 || row > 0)
            bulk->active[kept++] = item;
    }
    bulk->active_count = kept;
    active_sift(bulk);
    return pass_check(bulk);
}

/* ---- looks ---- */

/* Notes what the line wants to look at: many look at the same. */
static void item_look(Bulk *bulk, Item *item) {
    const Batch *batch = &item->x->batch;
    batch_release(&item->x->batch);
    if (bulk->plan.resource->look == NULL || !bulk->plan.resource->look(item->write))
        return;
    assert(batch->count == 1 && batch->statements[0].param_count == 1);
    bulk->look_sql = batch->statements[0].sql;
    item->look = word_set_add(&bulk->looks, batch->statements[0].params[0]);
    item->next = bulk->lookers[item->look];
    bulk->lookers[item->look] = item;
}

static Step pass_look(Bulk *bulk) {
    if (bulk->look_from == bulk->looks.count)
        return pass_send(bulk);
    batch_begin(bulk, PASS_LOOK);
    bulk->look_to = bulk->look_from + bulk->look_size;
    if (bulk->look_to > bulk->looks.count)
        bulk->look_to = bulk->looks.count;
    for (int i = bulk->look_from; i < bulk->look_to; i++)
        batch_add(&bulk->batch, bulk->look_sql, 1, &bulk->looks.words[i]);
    return STEP_QUERY;
}

/* Shows each line what it wanted to look at. */
static void lookers_see(Bulk *bulk, int look, Result *rows) {
    bulk->place.made = NULL;
    for (Item *item = bulk->lookers[look]; item != NULL; item = item->next) {
        Statement *statement = &item->x->batch.statements[0];
        statement->result = rows;
        bool fits = bulk->plan.resource->looked(item->write);
        statement->result = NULL; /* it is not the line's to give back */
        if (!fits)
            item_refuse(item);
    }
    arena_reset(bulk->place.arena);
}

Step pass_look_done(Bulk *bulk) {
    size_t bytes = 0;
    for (int i = bulk->look_from; i < bulk->look_to; i++) {
        Result *rows = bulk->batch.statements[i - bulk->look_from].result;
        bytes += result_size(rows);
        lookers_see(bulk, i, rows);
    }
    bulk->look_from = bulk->look_to;
    if (bytes > LOOK_BYTES && bulk->look_size > 1)
        bulk->look_size /= 2;
    else if (bytes < LOOK_BYTES / 2 && bulk->look_size < LOOKS_MOST)
        bulk->look_size *= 2;
    active_sift(bulk);
    return pass_look(bulk);
}

/* ---- check ---- */

static Step pass_check(Bulk *bulk) {
    bulk->looks = word_set_new(bulk->arena);
    bulk->lookers = arena_calloc(bulk->arena, CHUNK_LINES, sizeof(Item *));
    bulk->look_from = 0;
    if (bulk->look_size == 0)
        bulk->look_size = LOOKS_FIRST;
    for (int i = 0; i < bulk->active_count; i++) {
        Item *item = bulk->active[i];
        write_values(item->write);
        if (item->x->problem.fault_count > 0)
            item_refuse(item);
        else
            item_look(bulk, item);
    }
    active_sift(bulk);
    return pass_look(bulk);
}
