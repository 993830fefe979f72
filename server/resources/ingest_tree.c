/* ingest_tree.c: takes the body of an ingest apart, into pieces. */
#include "resources/ingest.h"

#include <stdlib.h>
#include <string.h>

#include "resources/resources.h"

static const Resource *const nestable[] = {&source_resource, &speaker_resource, &event_resource, NULL};

static bool is_nestable(const Field *field) {
    for (int i = 0; field->target != NULL && nestable[i] != NULL; i++)
        if (strcmp(nestable[i]->name, field->target) == 0)
            return true;
    return false;
}

/* "speaker" for "speaker_id", "about" for "about_ids". */
static const char *nested_name(Arena *arena, const Field *field) {
    size_t length = strlen(field->name) - strlen(field->type == TYPE_REFERENCES ? "_ids" : "_id");
    return arena_strndup(arena, field->name, length);
}

static const char *pointer_at(Arena *arena, const char *pointer, size_t index) {
    return arena_printf(arena, "%s/%zu", pointer, index);
}

static void fault(const Ingest *ingest, const char *pointer, const char *detail) {
    problem_fault(ingest->x, FAULT_POINTER, pointer, "%s", detail);
}

/* Takes a member out of its object, but keeps it. NULL where there is none. */
static json_t *member_take(const Ingest *ingest, json_t *object, const char *name) {
    json_t *json = json_object_get(object, name);
    if (json != NULL) {
        json_array_append(ingest->kept, json);
        json_object_del(object, name);
    }
    return json;
}

static int piece_add(Ingest *ingest, const Piece *piece) {
    if (ingest->count == INGEST_PIECES_MAX) {
        problem_fault(ingest->x, FAULT_POINTER, piece->pointer, "is one record too many: at most %d in one request",
                      INGEST_PIECES_MAX);
        return -1;
    }
    if (ingest->count == ingest->capacity) {
        size_t old = (size_t)ingest->capacity * sizeof *ingest->pieces;
        ingest->pieces = arena_grow(ingest->x->arena, ingest->pieces, old, 2 * old + 16 * sizeof *ingest->pieces);
        ingest->capacity = 2 * ingest->capacity + 16;
    }
    Piece *added = &ingest->pieces[ingest->count];
    *added = *piece;
    added->same = added->continues = added->similar_statement = added->statement = -1;
    return ingest->count++;
}

static void fields_walk(Ingest *ingest, int at, const Field *fields, json_t *object, const char *pointer);

static void piece_walk(Ingest *ingest, int at) {
    if (at < 0)
        return;
    const Piece *piece = &ingest->pieces[at];
    fields_walk(ingest, at, piece->resource->fields, piece->value, piece->pointer);
}

/* A description; its id will stand in `holder`. */
static void description_add(Ingest *ingest, int parent, const Field *field, json_t *json, Piece place) {
    if (!json_is_object(json)) {
        problem_fault(ingest->x, FAULT_POINTER, place.pointer, "must be an object that describes a %s",
                      resource_find(field->target)->singular);
        return;
    }
    place.resource = resource_find(field->target);
    place.value = json;
    place.parent = parent;
    place.described = true;
    place.must_exist = place.resource == &event_resource;
    piece_walk(ingest, piece_add(ingest, &place));
}

/* `x` in place of `x_ids`. */
static void descriptions_add(Ingest *ingest, int parent, const Field *field, json_t *object, json_t *list,
                             const char *pointer) {
    if (!json_is_array(list)) {
        fault(ingest, pointer, "must be an array");
        return;
    }
    json_t *ids = json_array();
    json_object_set_new(object, field->name, ids);
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_array_append_new(ids, json_null());
        description_add(ingest, parent, field, json_array_get(list, i),
                        (Piece){.pointer = pointer_at(ingest->x->arena, pointer, i), .holder = ids, .index = i});
    }
}

static void field_walk(Ingest *ingest, int at, const Field *field, json_t *object, const char *pointer) {
    Arena *arena = ingest->x->arena;
    const char *name = nested_name(arena, field);
    const char *here = pointer_join(arena, pointer, name);
    bool both = json_object_get(object, field->name) != NULL;
    json_t *json = member_take(ingest, object, name);
    if (json == NULL)
        return;
    if (both)
        problem_fault(ingest->x, FAULT_POINTER, here, "is given beside %s", field->name);
    else if (field->type == TYPE_REFERENCES)
        descriptions_add(ingest, at, field, object, json, here);
    else if (!json_is_null(json))
        description_add(ingest, at, field, json, (Piece){.pointer = here, .holder = object, .member = field->name});
}

static void fields_walk(Ingest *ingest, int at, const Field *fields, json_t *object, const char *pointer) {
    Arena *arena = ingest->x->arena;
    for (const Field *field = fields; field->name != NULL; field++) {
        if (!field_is_writable(field))
            continue;
        if ((field->type == TYPE_REFERENCE || field->type == TYPE_REFERENCES) && is_nestable(field)) {
            field_walk(ingest, at, field, object, pointer);
        } else if (field->members != NULL) {
            const char *here = pointer_join(arena, pointer, field->name);
            json_t *json = json_object_get(object, field->name);
            if (json_is_object(json) && field->type == TYPE_OBJECT)
                fields_walk(ingest, at, field->members, json, here);
            for (size_t i = 0; field->type == TYPE_OBJECTS && i < json_array_size(json); i++)
                if (json_is_object(json_array_get(json, i)))
                    fields_walk(ingest, at, field->members, json_array_get(json, i), pointer_at(arena, here, i));
        }
    }
}

/* The article's `quotes` or `events`; `own` is the field there that says which article. */
static void parts_add(Ingest *ingest, json_t *list, const Resource *resource, const char *own) {
    Arena *arena = ingest->x->arena;
    const char *pointer = arena_printf(arena, "/%s", resource->name);
    if (list == NULL)
        return;
    if (!json_is_array(list)) {
        fault(ingest, pointer, "must be an array");
        return;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *json = json_array_get(list, i);
        const char *here = pointer_at(arena, pointer, i);
        if (!json_is_object(json)) {
            fault(ingest, here, "must be an object");
            continue;
        }
        if (json_object_get(json, own) != NULL)
            fault(ingest, pointer_join(arena, here, own), "is the article that it stands in; leave it out");
        piece_walk(ingest, piece_add(ingest, &(Piece){.resource = resource,
                                                      .pointer = here,
                                                      .value = json,
                                                      .parent = -1,
                                                      .described = resource == &event_resource}));
    }
}

/* `continues`: {"index": n}, an earlier quote of the same list. */
static void continues_read(Ingest *ingest, Piece *piece) {
    json_t *json = member_take(ingest, piece->value, "continues");
    const char *pointer = pointer_join(ingest->x->arena, piece->pointer, "continues");
    const json_t *index = json_object_get(json, "index");
    if (json == NULL)
        return;
    if (!json_is_integer(index) || json_object_size(json) != 1 || json_integer_value(index) < 0) {
        fault(ingest, pointer, "must be {\"index\": n}, the place of an earlier quote in /quotes");
        return;
    }
    if (json_object_get(piece->value, "continues_id") != NULL) {
        fault(ingest, pointer, "is given beside continues_id");
        return;
    }
    const char *earlier = arena_printf(ingest->x->arena, "/quotes/%lld", (long long)json_integer_value(index));
    for (const Piece *other = ingest->pieces; other < piece; other++)
        if (other->resource == &quote_resource && strcmp(other->pointer, earlier) == 0)
            piece->continues = (int)(other - ingest->pieces);
    if (piece->continues < 0)
        fault(ingest, pointer, "is no earlier quote in /quotes");
}

void tree_read(Ingest *ingest) {
    json_t *quotes = member_take(ingest, ingest->tree, "quotes");
    json_t *events = member_take(ingest, ingest->tree, "events");
    ingest->count = 0;
    piece_walk(
        ingest,
        piece_add(ingest, &(Piece){.resource = &article_resource, .pointer = "", .value = ingest->tree, .parent = -1}));
    parts_add(ingest, events, &event_resource, "article_ids");
    parts_add(ingest, quotes, &quote_resource, "article_id");
    for (int i = 0; i < ingest->count; i++)
        if (ingest->pieces[i].resource == &quote_resource)
            continues_read(ingest, &ingest->pieces[i]);
}

static bool fields_nest(const Field *fields, const json_t *object) {
    for (const Field *field = fields; field->name != NULL; field++) {
        const json_t *json = json_object_get(object, field->name);
        char name[64] = "";
        if (field_is_writable(field) && is_nestable(field) && field->type == TYPE_REFERENCE)
            memcpy(name, field->name, strlen(field->name) - strlen("_id"));
        if (name[0] != '\0' && json_object_get(object, name) != NULL)
            return true;
        for (size_t i = 0; field->type == TYPE_OBJECTS && i < json_array_size(json); i++)
            if (fields_nest(field->members, json_array_get(json, i)))
                return true;
    }
    return false;
}

bool tree_is_nested(const json_t *body) {
    return json_object_get(body, "quotes") != NULL || json_object_get(body, "events") != NULL ||
           fields_nest(article_resource.fields, body);
}

bool piece_is_made(const Piece *piece) {
    return piece->matched_by == NULL && piece->same < 0;
}

Piece *piece_root(const Ingest *ingest, Piece *piece) {
    while (piece->same >= 0)
        piece = &ingest->pieces[piece->same];
    return piece;
}

void piece_refer(const Piece *piece, int64_t id) {
    if (piece->member != NULL)
        json_object_set_new(piece->holder, piece->member, json_integer(id));
    else if (json_is_array(piece->holder))
        json_array_set_new(piece->holder, piece->index, json_integer(id));
}
