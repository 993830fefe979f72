#include "db/statements.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

static size_t hint_index(const char *sql) {
    uint64_t mixed = (uint64_t)(uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(mixed >> 55); /* 9 bits: STATEMENT_BUCKETS */
}

void statements_init(Statements *table) {
    memset(table, 0, sizeof *table);
    for (int i = 0; i < STATEMENT_BUCKETS; i++)
        table->buckets[i] = -1;
    table->newest = table->oldest = -1;
}

void statements_clear(Statements *table) {
    unsigned last_number = table->last_number;
    for (int i = 0; i < table->used; i++)
        free(table->slots[i].sql);
    statements_init(table);
    table->last_number = last_number;
}

static void order_remove(Statements *table, int slot) {
    Prepared *p = &table->slots[slot];
    *(p->newer < 0 ? &table->newest : &table->slots[p->newer].older) = p->older;
    *(p->older < 0 ? &table->oldest : &table->slots[p->older].newer) = p->newer;
}

static void order_put_first(Statements *table, int slot) {
    Prepared *p = &table->slots[slot];
    p->newer = -1;
    p->older = table->newest;
    *(table->newest < 0 ? &table->oldest : &table->slots[table->newest].newer) = slot;
    table->newest = slot;
}

static int *bucket_of(Statements *table, uint64_t hash) {
    return &table->buckets[hash % STATEMENT_BUCKETS];
}

int statements_find(Statements *table, const char *sql) {
    StatementHint *hint = &table->hints[hint_index(sql)];
    int slot = -1;
    /* The address alone proves nothing: an arena may hold another text there by now. */
    if (hint->sql == sql && table->slots[hint->slot].sql && strcmp(table->slots[hint->slot].sql, sql) == 0) {
        slot = hint->slot;
    } else {
        uint64_t hash = hash64(sql, strlen(sql));
        for (slot = *bucket_of(table, hash); slot >= 0; slot = table->slots[slot].chain)
            if (table->slots[slot].hash == hash && strcmp(table->slots[slot].sql, sql) == 0)
                break;
        if (slot >= 0)
            *hint = (StatementHint){.sql = sql, .slot = slot};
    }
    if (slot >= 0 && table->newest != slot) {
        order_remove(table, slot);
        order_put_first(table, slot);
    }
    return slot;
}

static void slot_drop(Statements *table, int slot) {
    Prepared *p = &table->slots[slot];
    int *link = bucket_of(table, p->hash);
    while (*link != slot)
        link = &table->slots[*link].chain;
    *link = p->chain;
    order_remove(table, slot);
    free(p->sql);
    p->sql = NULL;
    p->state = PREPARED_NONE;
    table->unused[table->unused_count++] = slot;
}

static void doom(Statements *table, unsigned number) {
    if (table->doomed_count < STATEMENTS_MAX)
        table->doomed[table->doomed_count++] = number;
}

/* Makes room by the statement used least recently, whose name is known to exist. */
static bool evict_oldest(Statements *table) {
    int slot = table->oldest;
    while (slot >= 0 && table->slots[slot].state != PREPARED_READY)
        slot = table->slots[slot].newer;
    if (slot < 0 || table->doomed_count == STATEMENTS_MAX)
        return false;
    doom(table, table->slots[slot].number);
    slot_drop(table, slot);
    return true;
}

int statements_add(Statements *table, const char *sql, unsigned group) {
    if (table->unused_count == 0 && table->used == STATEMENTS_MAX && !evict_oldest(table))
        return -1;
    int slot = table->unused_count > 0 ? table->unused[--table->unused_count] : table->used++;
    Prepared *p = &table->slots[slot];
    p->sql = memory_text(sql);
    p->hash = hash64(sql, strlen(sql));
    p->state = PREPARED_SENT;
    p->number = ++table->last_number;
    p->group = group;
    snprintf(p->name, sizeof p->name, "s%u", p->number);
    int *bucket = bucket_of(table, p->hash);
    p->chain = *bucket;
    *bucket = slot;
    order_put_first(table, slot);
    table->hints[hint_index(sql)] = (StatementHint){.sql = sql, .slot = slot};
    return slot;
}

void statements_ready(Statements *table, int slot, unsigned number) {
    Prepared *p = &table->slots[slot];
    if (p->sql && p->number == number)
        p->state = PREPARED_READY;
    else
        doom(table, number);
}

void statements_forget(Statements *table, int slot, unsigned number, bool close) {
    Prepared *p = &table->slots[slot];
    if (!p->sql || p->number != number)
        return;
    if (close)
        doom(table, number);
    slot_drop(table, slot);
}

bool statements_doomed(Statements *table, unsigned *number) {
    if (table->doomed_count == 0)
        return false;
    *number = table->doomed[--table->doomed_count];
    return true;
}
