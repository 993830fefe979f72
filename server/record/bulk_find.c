#include "record/bulk_chunk.h"

#include <assert.h>
#include <string.h>

#include "db/array.h"
#include "record/type.h"
#include "record/write_sql.h"

static const int64_t ID_MAX = 9007199254740991;

/* ---- a line's keys ---- */

typedef struct Key {
    const Field *field;
    const char *value;
    const char *label; /* in `seen` */
} Key;

static const char *label_of(Arena *arena, const char *field, const char *value) {
    return arena_printf(arena, "%s=%s", field, value);
}

/* Reads a key as it is stored. False: the line does not give it, or not one that is valid, which is for later to say.
 */
static bool key_read(Bulk *bulk, const Item *item, const char *name, Key *key) {
    const Resource *resource = bulk->plan.resource;
    const Field *field = name != NULL ? field_find(resource, name, strlen(name)) : NULL;
    const json_t *json = field != NULL ? json_object_get(item->x->json, name) : NULL;
    if (json == NULL || json_is_null(json))
        return false;
    Value value = type_of(field)->bind(bulk->arena, field, json);
    *key = (Key){.field = field, .value = value.text};
    if (value.fault != NULL)
        return false;
    key->label = label_of(bulk->arena, name, value.text);
    return true;
}

/* By which its record may be known, the first of which counts. */
static int keys_read(Bulk *bulk, Item *item, Key keys[KEYS_MAX]) {
    const char *const names[KEYS_MAX] = {bulk->plan.on_conflict != ON_CONFLICT_ERROR ? "id" : NULL, "external_id",
                                         bulk->plan.resource->key};
    int count = 0;
    for (int i = 0; i < KEYS_MAX; i++) {
        if (!key_read(bulk, item, names[i], &keys[count]))
            continue;
        if (i == 0) { /* who gives the id means that record and no other */
            item->given_id = keys[0].field;
            return 1;
        }
        count++;
    }
    return count;
}

static void key_ask(Bulk *bulk, Item *item, const Key *key) {
    Keyed *keyed = bulk->keyed;
    while (keyed->field != NULL && keyed->field != key->field)
        keyed++;
    if (keyed->field == NULL) {
        *keyed = (Keyed){.field = key->field};
        keyed->items = arena_alloc(bulk->arena, CHUNK_LINES * sizeof(Item *));
        keyed->values = arena_alloc(bulk->arena, CHUNK_LINES * sizeof(char *));
    }
    keyed->items[keyed->count] = item;
    keyed->values[keyed->count++] = key->value;
}

/* ---- what it refers to ---- */

static Asked *asked_of(Bulk *bulk, const Reference *reference) {
    for (int i = 0; i < bulk->asked_count; i++)
        if (bulk->asked[i].key == reference->key && strcmp(bulk->asked[i].target->name, reference->target) == 0)
            return &bulk->asked[i];
    assert(bulk->asked_count < ASKED_MAX);
    Asked *asked = &bulk->asked[bulk->asked_count++];
    *asked =
        (Asked){.target = resource_find(reference->target), .key = reference->key, .words = word_set_new(bulk->arena)};
    return asked;
}

static const char *word_of(Arena *arena, const Reference *reference) {
    return reference->key != NULL ? reference->value : arena_integer(arena, reference->id);
}

static void references_ask(Bulk *bulk, const References *references) {
    for (int i = 0; i < references->count; i++) {
        const Reference *reference = &references->items[i];
        if (reference->key != NULL || (reference->id > 0 && reference->id <= ID_MAX))
            word_set_add(&asked_of(bulk, reference)->words, word_of(bulk->arena, reference));
    }
}

/* True when one of them may be made, or changed, by a line before. */
static bool refers_to_seen(Bulk *bulk, const References *references) {
    for (int i = 0; i < references->count; i++) {
        const Reference *reference = &references->items[i];
        if (strcmp(reference->target, bulk->plan.resource->name) == 0 &&
            word_set_find(&bulk->seen, label_of(bulk->arena, reference->key->name, reference->value)) >= 0)
            return true;
    }
    return false;
}

/* ---- the lines of a pass ---- */

static void item_begin(Bulk *bulk, Item *item) {
    Exchange *x = item->x;
    exchange_give_back(x, 1);
    x->problem = (Problem){0};
    item->write = arena_calloc(bulk->arena, 1, sizeof *item->write);
    item->write->x = x;
    item->write->resource = bulk->plan.resource;
    item->write->method = METHOD_POST;
    item->write->selection = bulk->answers;
    item->write->place = &bulk->place;
    item->write->pointer = "";
    item->write->given = item->write->value = x->json;
    item->given_id = item->known_by = NULL;
    item->present = item->merged = item->weight = 0;
    item->look = -1;
    item->next = NULL;
    item->conflicts = false;
}

/* True when the line may go now; what it makes or changes is noted in any case, for those behind it. */
static bool item_enters(Bulk *bulk, Item *item) {
    Key keys[KEYS_MAX];
    Key name;
    item_begin(bulk, item);
    int count = keys_read(bulk, item, keys);
    item->by_key = body_references(item->x, bulk->plan.resource, item->x->json, "", true);
    bool waits = refers_to_seen(bulk, &item->by_key);
    for (int i = 0; i < count; i++)
        waits = waits || word_set_find(&bulk->seen, keys[i].label) >= 0;
    for (int i = 0; i < count; i++)
        word_set_add(&bulk->seen, keys[i].label);
    if (key_read(bulk, item, "name", &name))
        word_set_add(&bulk->seen, name.label);
    if (waits)
        return false;
    item->by_id = body_references(item->x, bulk->plan.resource, item->x->json, "", false);
    for (int i = 0; i < count; i++)
        key_ask(bulk, item, &keys[i]);
    references_ask(bulk, &item->by_key);
    references_ask(bulk, &item->by_id);
    return true;
}

static void pass_begin(Bulk *bulk) {
    const Resource *resource = bulk->plan.resource;
    if (bulk->plain == NULL) {
        bulk->plain = selection_plain(bulk->arena, resource, false);
        bulk->answers = selection_plain(bulk->arena, resource, bulk->plan.utf16);
    }
    bulk->active_count = 0;
    bulk->asked_count = 0;
    memset(bulk->keyed, 0, sizeof bulk->keyed);
    bulk->seen = word_set_new(bulk->arena);
    for (int i = 0; i < bulk->count; i++) {
        Item *item = &bulk->items[i];
        item->goes = false;
        if (bulk->active_count < bulk->limit && item->line.fate == FATE_PENDING && item_enters(bulk, item))
            bulk->active[bulk->active_count++] = item;
    }
}

/* ---- what is asked ---- */

/* Adds the bytes of a record's large texts. */
static void weight_sql(const Resource *resource, Sql *sql) {
    enum { LARGE = 2000 };
    sql_add(sql, "0");
    for (const Field *field = resource->fields; field->name != NULL; field++)
        if (field->type == TYPE_TEXT && field->max > LARGE)
            sql_add_all(sql, " + coalesce(octet_length(t.", field->name, "), 0)", NULL);
}

/* Lines may be about a record that was merged: who has its place is there. */
static bool merged_count(const Bulk *bulk, const Field *key) {
    return bulk->plan.resource->merges != NULL && bulk->plan.on_conflict != ON_CONFLICT_ERROR &&
           (strcmp(key->name, "id") == 0 || strcmp(key->name, "external_id") == 0);
}

static void keyed_queue(Bulk *bulk, Keyed *keyed) {
    const Resource *resource = bulk->plan.resource;
    const char *key = keyed->field->name;
    Sql *sql = sql_new(bulk->arena);
    sql_add(sql, "WITH k (value, n) AS (SELECT v.value::");
    sql_add_all(sql, type_of(keyed->field)->sql, ", v.n FROM unnest(", NULL);
    sql_param(sql, array_literal(bulk->arena, keyed->values, keyed->count), "text[]");
    sql_add(sql, ") WITH ORDINALITY AS v (value, n)) SELECT k.n, t.id, ");
    weight_sql(resource, sql);
    sql_add_all(sql, ", NULL FROM k JOIN ", resource->table, " t ON t.", key, " = k.value", NULL);
    if (merged_count(bulk, keyed->field))
        sql_add_all(sql, " UNION ALL SELECT k.n, m.into_id, 0, m.id FROM k JOIN ", resource->merges, " m ON m.", key,
                    " = k.value WHERE NOT EXISTS (SELECT FROM ", resource->table, " t WHERE t.", key, " = k.value)",
                    NULL);
    keyed->statement = sql_queue(sql, &bulk->batch);
}

static void asked_queue(Bulk *bulk, Asked *asked) {
    Sql *sql = sql_new(bulk->arena);
    const char *words = array_literal(bulk->arena, asked->words.words, asked->words.count);
    const char *table = asked->target->table;
    if (asked->key != NULL) {
        sql_add(sql, "SELECT k.n, t.id FROM unnest(");
        sql_param(sql, words, "text[]");
        sql_add_all(sql, ") WITH ORDINALITY AS k (value, n), LATERAL (SELECT t.id FROM ", table, " t WHERE t.",
                    asked->key->name, " = k.value", NULL);
        if (asked->target->merges != NULL) /* nobody has it: did one that was merged? */
            sql_add_all(sql, " UNION SELECT m.into_id FROM ", asked->target->merges, " m WHERE m.", asked->key->name,
                        " = k.value AND NOT EXISTS (SELECT FROM ", table, " t WHERE t.", asked->key->name,
                        " = k.value)", NULL);
        sql_add(sql, " ORDER BY id LIMIT ");
        sql_number(sql, LOOKUP_CANDIDATES + 1);
        sql_add(sql, ") AS t");
    } else {
        sql_add(sql, "WITH k (id, n) AS (SELECT * FROM unnest(");
        sql_param(sql, words, "bigint[]");
        sql_add_all(sql, ") WITH ORDINALITY) SELECT k.n, t.id FROM k JOIN ", table, " t ON t.id = k.id", NULL);
        if (asked->target->merges != NULL)
            sql_add_all(sql, " UNION ALL SELECT k.n, m.into_id FROM k JOIN ", asked->target->merges,
                        " m ON m.id = k.id JOIN ", table, " t ON t.id = m.into_id", NULL);
    }
    asked->statement = sql_queue(sql, &bulk->batch);
}

Step pass_find(Bulk *bulk) {
    pass_begin(bulk);
    batch_begin(bulk, PASS_FIND);
    for (int i = 0; i < KEYS_MAX && bulk->keyed[i].field != NULL; i++)
        keyed_queue(bulk, &bulk->keyed[i]);
    for (int i = 0; i < bulk->asked_count; i++)
        asked_queue(bulk, &bulk->asked[i]);
    return bulk->batch.count > 0 ? STEP_QUERY : pass_found(bulk);
}

/* ---- what was found ---- */

static void keyed_take(Bulk *bulk, const Keyed *keyed) {
    const Result *rows = bulk->batch.statements[keyed->statement].result;
    for (int row = 0; row < result_rows(rows); row++) {
        Item *item = keyed->items[result_integer(rows, row, 0) - 1];
        if (item->present != 0)
            continue;
        item->present = result_integer(rows, row, 1);
        item->weight = result_integer(rows, row, 2);
        item->merged = result_integer(rows, row, 3);
        item->known_by = keyed->field;
    }
}

static void asked_take(Bulk *bulk, Asked *asked) {
    const Result *rows = bulk->batch.statements[asked->statement].result;
    asked->ids = arena_alloc(bulk->arena, (size_t)asked->words.count * sizeof *asked->ids);
    asked->counts = arena_calloc(bulk->arena, (size_t)asked->words.count, sizeof *asked->counts);
    for (int row = 0; row < result_rows(rows); row++) {
        int64_t word = result_integer(rows, row, 0) - 1;
        asked->ids[word][asked->counts[word]++] = result_integer(rows, row, 1);
    }
}

static void references_take(Bulk *bulk, Item *item) {
    for (int i = 0; i < item->by_key.count; i++) {
        const Reference *reference = &item->by_key.items[i];
        const Asked *asked = asked_of(bulk, reference);
        int word = word_set_find(&asked->words, reference->value);
        assert(asked->counts != NULL && word >= 0); /* references_ask asked for it, and asked_take took the answer */
        lookup_take(item->x, reference, asked->ids[word], asked->counts[word]);
    }
    for (int i = 0; i < item->by_id.count; i++) {
        const Reference *reference = &item->by_id.items[i];
        if (reference->id < 1 || reference->id > ID_MAX)
            continue;
        const Asked *asked = asked_of(bulk, reference);
        int word = word_set_find(&asked->words, word_of(bulk->arena, reference));
        assert(asked->counts != NULL && word >= 0);
        if (asked->counts[word] == 0)
            problem_fault(item->x, FAULT_POINTER, reference->pointer, "there is no %s %lld", asked->target->singular,
                          (long long)reference->id);
        else if (asked->ids[word][0] != reference->id)
            reference_set(reference, asked->ids[word][0]);
    }
}

/* A change of a record that was merged is refused, as any other is. */
static void item_merged(Bulk *bulk, Item *item) {
    const Resource *resource = bulk->plan.resource;
    item->line.id = 0;
    item->x->problem.conflict_resource = resource->name;
    item->x->problem.conflict_id = item->present;
    problem_set(item->x, PROBLEM_CONFLICT, "%s %lld was merged into %s %lld.", resource->title, (long long)item->merged,
                resource->singular, (long long)item->present);
    item_refuse(item);
}

/* What on_conflict says of a record that is there. */
static void item_meets(Bulk *bulk, Item *item) {
    const Resource *resource = bulk->plan.resource;
    item->line.id = item->present;
    switch (bulk->plan.on_conflict) {
    case ON_CONFLICT_ERROR:
        item->line.id = 0;
        item->x->problem.conflict_resource = resource->name;
        item->x->problem.conflict_id = item->present;
        problem_set(item->x, PROBLEM_CONFLICT, "%s %lld has this %s already.", resource->title,
                    (long long)item->present, item->known_by->name);
        problem_fault(item->x, FAULT_POINTER, arena_printf(bulk->arena, "/%s", item->known_by->name), "is taken");
        item_refuse(item);
        break;
    case ON_CONFLICT_SKIP:
        item_settle(item, FATE_SKIPPED);
        break;
    default:
        if (item->merged != 0) {
            item_merged(bulk, item);
            break;
        }
        item->write->method = METHOD_PATCH;
        item->x->ids[0] = item->present;
    }
}

Step pass_found(Bulk *bulk) {
    for (int i = 0; i < KEYS_MAX && bulk->keyed[i].field != NULL; i++)
        keyed_take(bulk, &bulk->keyed[i]);
    for (int i = 0; i < bulk->asked_count; i++)
        asked_take(bulk, &bulk->asked[i]);
    for (int i = 0; i < bulk->active_count; i++) {
        Item *item = bulk->active[i];
        if (item->present != 0) {
            item_meets(bulk, item);
        } else if (item->given_id != NULL) {
            problem_set(item->x, PROBLEM_NOT_FOUND, "There is no %s %lld.", bulk->plan.resource->singular,
                        (long long)json_integer_value(json_object_get(item->x->json, "id")));
            item_refuse(item);
        }
        if (item->line.fate == FATE_PENDING)
            references_take(bulk, item);
    }
    active_sift(bulk);
    return pass_current(bulk);
}
