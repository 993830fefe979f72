/* ingest_match.c: which records the descriptions in an ingest mean, and the ids of what is to be made. */
#include "resources/ingest.h"

#include <assert.h>
#include <string.h>

#include "record/json_text.h"
#include "record/names.h"
#include "record/type.h"
#include "record/write_sql.h"
#include "resources/resources.h"
#include "sql.h"

/* What can be described, by what, and the statement that finds it. */
static const struct {
    const Resource *resource;
    const char *sql;
    const char *keys[6];
} matchings[] = {
    {&source_resource, SQL_INGEST_SOURCES, {"id", "external_id", "name", "url", "country"}},
    {&speaker_resource, SQL_INGEST_SPEAKERS, {"id", "external_id", "name", "kind"}},
    {&event_resource, SQL_INGEST_EVENTS, {"id", "external_id", "name"}},
};

enum { MATCHINGS = sizeof matchings / sizeof *matchings };
enum { ROW_PIECE, ROW_ID, ROW_NAME, ROW_MATCHED_BY, ROW_COMPARED };

/* ---- asking ---- */

/* One member of a description as its column would have it. What is wrong with it is said where the record is checked;
 * of the id, which no record to be made has, here. */
static void key_write(Ingest *ingest, const Piece *piece, const char *key, json_t *asked) {
    Exchange *x = ingest->x;
    const json_t *json = json_object_get(piece->value, key);
    const Field *field = field_find(piece->resource, key, strlen(key));
    bool makes_event = piece->resource == &event_resource && !piece->must_exist && strcmp(key, "name") == 0;
    if (json == NULL || json_is_null(json) || makes_event)
        return;
    Value value = type_of(field)->bind(x->arena, field, json);
    if (value.fault != NULL && field->type == TYPE_ID)
        problem_fault(x, FAULT_POINTER, pointer_join(x->arena, piece->pointer, key), "must be %s", value.fault);
    if (value.fault == NULL)
        json_object_set_new(asked, key, json_string(value.text));
}

/* An event of the same request that is meant: by external_id or by name. */
static int event_beside(const Ingest *ingest, const Piece *piece) {
    static const char *const keys[] = {"external_id", "name"};
    for (size_t k = 0; piece->must_exist && k < sizeof keys / sizeof *keys; k++) {
        const json_t *key = json_object_get(piece->value, keys[k]);
        for (int i = 0; key != NULL && i < ingest->count; i++) {
            const Piece *other = &ingest->pieces[i];
            if (other->resource == &event_resource && !other->must_exist &&
                json_equal(key, json_object_get(other->value, keys[k])))
                return i;
        }
    }
    return -1;
}

static void match_one(Ingest *ingest, int at, const char *const *keys, json_t *list) {
    Piece *piece = &ingest->pieces[at];
    piece->same = event_beside(ingest, piece);
    if (piece->same >= 0)
        return;
    json_t *asked = json_object();
    json_object_set_new(asked, "n", json_integer(at));
    for (; *keys != NULL; keys++)
        key_write(ingest, piece, *keys, asked);
    json_array_append_new(list, asked);
}

static bool descriptions_ask(Ingest *ingest) {
    Exchange *x = ingest->x;
    bool some = false;
    for (int m = 0; m < MATCHINGS; m++) {
        json_t *list = json_array();
        for (int i = 0; i < ingest->count; i++)
            if (ingest->pieces[i].described && ingest->pieces[i].resource == matchings[m].resource)
                match_one(ingest, i, matchings[m].keys, list);
        const char **params = arena_alloc(x->arena, sizeof *params);
        params[0] = json_text(x->arena, list);
        some = some || json_array_size(list) > 0;
        batch_add(&x->batch, matchings[m].sql, 1, params);
        json_decref(list);
    }
    return some;
}

bool match_ask(Ingest *ingest) {
    Exchange *x = ingest->x;
    bool some = descriptions_ask(ingest);
    for (int i = 0; i < ingest->count; i++) {
        Piece *piece = &ingest->pieces[i];
        piece->lookups = body_references(x, piece->resource, piece->value, piece->pointer, true);
        for (int l = 0; l < piece->lookups.count; l++)
            sql_queue(lookup_sql(x->arena, &piece->lookups.items[l]), &x->batch);
        some = some || piece->lookups.count > 0;
    }
    x->batch.lane = LANE_POINT;
    return some;
}

/* ---- deciding ---- */

static void candidates_fault(Ingest *ingest, const char *pointer, const Candidate *candidates, int count,
                             const char *detail) {
    Fault *fault = problem_fault(ingest->x, FAULT_POINTER, pointer, "%s", detail);
    if (fault == NULL)
        return;
    fault->candidates = candidates;
    fault->candidate_count = count;
}

static Candidate *candidates_of(Arena *arena, const Result *rows, int first, int count, int id, int name) {
    Candidate *candidates = arena_alloc(arena, (size_t)(count + 1) * sizeof *candidates);
    for (int i = 0; i < count; i++)
        candidates[i] =
            (Candidate){result_integer(rows, first + i, id), arena_strdup(arena, result_value(rows, first + i, name))};
    return candidates;
}

/* Why nothing that is not there can be made of a description; NULL: it can. */
static const char *not_made(Ingest *ingest, const Piece *piece) {
    const json_t *id = json_object_get(piece->value, "id");
    const json_t *name = json_object_get(piece->value, "name");
    const char *singular = piece->resource->singular;
    if (id != NULL && !json_is_null(id))
        return arena_printf(ingest->x->arena, "there is no %s with this id", singular);
    if (piece->must_exist)
        return arena_printf(ingest->x->arena, "there is no such %s, neither on record nor in /events", singular);
    if (name == NULL || json_is_null(name))
        return arena_printf(ingest->x->arena, "there is no such %s, and none can be made without a name", singular);
    return NULL;
}

/* One description and the rows that it may mean. True: it is ambiguous. */
static bool match_decide(Ingest *ingest, const Result *rows, int first, int count) {
    Exchange *x = ingest->x;
    Piece *piece = &ingest->pieces[result_integer(rows, first, ROW_PIECE)];
    const char *compared = result_value(rows, first, ROW_COMPARED);
    piece->compared = compared != NULL ? arena_strdup(x->arena, compared) : NULL;
    if (result_value(rows, first, ROW_ID) == NULL) {
        const char *detail = not_made(ingest, piece);
        if (detail != NULL)
            problem_fault(x, FAULT_POINTER, piece->pointer, "%s", detail);
        return false;
    }
    if (count > 1) {
        int shown = count < INGEST_CANDIDATES_MAX ? count : INGEST_CANDIDATES_MAX;
        candidates_fault(ingest, piece->pointer, candidates_of(x->arena, rows, first, shown, ROW_ID, ROW_NAME), shown,
                         "is ambiguous: name the one that is meant by its id");
        return true;
    }
    piece->id = result_integer(rows, first, ROW_ID);
    piece->name = arena_strdup(x->arena, result_value(rows, first, ROW_NAME));
    piece->matched_by = arena_strdup(x->arena, result_value(rows, first, ROW_MATCHED_BY));
    return false;
}

static int rows_decide(Ingest *ingest, const Result *rows) {
    int ambiguous = 0;
    for (int row = 0, count; row < result_rows(rows); row += count) {
        int64_t piece = result_integer(rows, row, ROW_PIECE);
        for (count = 1; row + count < result_rows(rows) && result_integer(rows, row + count, ROW_PIECE) == piece;)
            count++;
        ambiguous += match_decide(ingest, rows, row, count);
    }
    return ambiguous;
}

/* What a later description adds to an earlier one of the same; what it says otherwise is a fault. */
static void descriptions_join(Ingest *ingest, Piece *first, const Piece *later) {
    Exchange *x = ingest->x;
    const char *name;
    json_t *json;
    json_object_foreach(later->value, name, json) {
        json_t *before = json_object_get(first->value, name);
        if (before == NULL)
            json_object_set(first->value, name, json);
        else if (!json_equal(before, json) && strcmp(name, "name") != 0)
            problem_fault(x, FAULT_POINTER, pointer_join(x->arena, later->pointer, name), "differs from %s",
                          pointer_join(x->arena, first->pointer, name));
    }
}

static bool same_text(const Piece *a, const Piece *b, const char *member) {
    const json_t *one = json_object_get(a->value, member);
    const json_t *other = json_object_get(b->value, member);
    return one == NULL || other == NULL || json_equal(one, other);
}

/* Descriptions of one that is to be made: by external_id, or by name, unless kind or external_id tell them apart. */
static bool describes_same(const Piece *a, const Piece *b) {
    const json_t *external_id = json_object_get(a->value, "external_id");
    if (external_id != NULL && json_equal(external_id, json_object_get(b->value, "external_id")))
        return true;
    return a->compared != NULL && b->compared != NULL && strcmp(a->compared, b->compared) == 0 &&
           same_text(a, b, "kind") && same_text(a, b, "external_id");
}

static void new_ones_join(Ingest *ingest) {
    for (int i = 0; i < ingest->count; i++) {
        Piece *piece = &ingest->pieces[i];
        for (int j = 0; j < i && piece->described && piece->matched_by == NULL && piece->same < 0; j++) {
            Piece *first = &ingest->pieces[j];
            if (first->described && first->resource == piece->resource && first->matched_by == NULL &&
                first->same < 0 && describes_same(first, piece)) {
                piece->same = j;
                descriptions_join(ingest, first, piece);
            }
        }
    }
}

bool match_take(Ingest *ingest) {
    Exchange *x = ingest->x;
    int before = x->problem.fault_count;
    int ambiguous = 0;
    int statement = MATCHINGS;
    for (int m = 0; m < MATCHINGS; m++)
        ambiguous += rows_decide(ingest, x->batch.statements[m].result);
    for (int i = 0; i < ingest->count; i++)
        for (int l = 0; l < ingest->pieces[i].lookups.count; l++)
            lookup_read(x, &ingest->pieces[i].lookups.items[l], x->batch.statements[statement++].result);
    new_ones_join(ingest);
    for (int i = 0; i < ingest->count; i++)
        if (ingest->pieces[i].matched_by != NULL)
            piece_refer(&ingest->pieces[i], ingest->pieces[i].id);
    if (x->problem.fault_count == before)
        return true;
    if (ambiguous == x->problem.fault_count)
        problem_set(x, PROBLEM_CONFLICT, "It is not clear who or what is meant.");
    else
        problem_set(x, PROBLEM_INVALID, "The body has %d %s.", x->problem.fault_count,
                    x->problem.fault_count == 1 ? "fault" : "faults");
    return false;
}

/* ---- ids, and who is alike ---- */

static void ids_of(Ingest *ingest, const Resource *resource) {
    Exchange *x = ingest->x;
    int count = 0;
    for (int i = 0; i < ingest->count; i++)
        count += ingest->pieces[i].resource == resource && piece_is_made(&ingest->pieces[i]);
    const char **params = arena_alloc(x->arena, 2 * sizeof *params);
    params[0] = resource->table;
    params[1] = arena_integer(x->arena, count);
    batch_add(&x->batch, SQL_INGEST_IDS, 2, params);
}

static void similar_ask(Ingest *ingest, Piece *piece) {
    Exchange *x = ingest->x;
    const char *name = json_string_value(json_object_get(piece->value, "name"));
    if (piece->resource != &speaker_resource || !piece_is_made(piece) || !names_say_something(name))
        return;
    Sql *sql = sql_new(x->arena);
    names_best(name, INGEST_SIMILAR_MAX, sql);
    piece->similar_statement = sql_queue(sql, &x->batch);
}

void ids_ask(Ingest *ingest) {
    int count;
    const Resource *const *all = resources_all(&count);
    for (int r = 0; r < count; r++)
        ids_of(ingest, all[r]);
    for (int i = 0; i < ingest->count; i++)
        similar_ask(ingest, &ingest->pieces[i]);
    ingest->x->batch.lane = LANE_PAGE;
}

static void similar_take(Ingest *ingest, Piece *piece) {
    Exchange *x = ingest->x;
    if (piece->similar_statement < 0)
        return;
    const Result *rows = x->batch.statements[piece->similar_statement].result;
    piece->similar_count = result_rows(rows);
    piece->similar = candidates_of(x->arena, rows, 0, piece->similar_count, 0, 1);
}

/* Gives the ids in the order of the pieces. */
static void ids_give(Ingest *ingest) {
    int count;
    const Resource *const *all = resources_all(&count);
    for (int r = 0; r < count; r++) {
        const Result *rows = ingest->x->batch.statements[r].result;
        int row = 0;
        for (int i = 0; i < ingest->count; i++)
            if (ingest->pieces[i].resource == all[r] && piece_is_made(&ingest->pieces[i]))
                ingest->pieces[i].id = result_integer(rows, row++, 0);
    }
    for (int i = 0; i < ingest->count; i++) {
        Piece *piece = &ingest->pieces[i];
        if (piece->described && piece->matched_by == NULL)
            piece_refer(piece, piece_root(ingest, piece)->id);
    }
}

bool ids_take(Ingest *ingest) {
    Exchange *x = ingest->x;
    int refused = 0;
    for (int i = 0; i < ingest->count; i++) {
        Piece *piece = &ingest->pieces[i];
        similar_take(ingest, piece);
        if (!ingest->refuses_new || piece->resource != &speaker_resource || !piece_is_made(piece))
            continue;
        refused++;
        candidates_fault(ingest, piece->pointer, piece->similar, piece->similar_count, "would be a new speaker");
    }
    if (refused > 0) {
        problem_set(x, PROBLEM_CONFLICT, "The request makes %d new %s, which new_speakers=refuse forbids.", refused,
                    refused == 1 ? "speaker" : "speakers");
        return false;
    }
    ids_give(ingest);
    return true;
}
