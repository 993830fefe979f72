#include "record/body.h"

#include <stdint.h>
#include <string.h>

#include "base/json_writer.h"
#include "db/array.h"
#include "record/json_text.h"
#include "record/type.h"

bool field_is_writable(const Field *field) {
    return (field->flags & (FIELD_VIRTUAL | FIELD_READ_ONLY)) == 0;
}

bool field_is_written(const Field *field) {
    return field_is_writable(field) || (field->flags & FIELD_WRITTEN) != 0;
}

const char *pointer_join(Arena *arena, const char *pointer, const char *member) {
    Buffer out = buffer_new(arena, strlen(pointer) + strlen(member) + 8);
    buffer_add_string(&out, pointer);
    buffer_add_char(&out, '/');
    for (const char *c = member; *c != '\0'; c++)
        if (*c == '~')
            buffer_add_string(&out, "~0");
        else if (*c == '/')
            buffer_add_string(&out, "~1");
        else
            buffer_add_char(&out, *c);
    return out.data;
}

static const char *pointer_index(Arena *arena, const char *pointer, size_t index) {
    return arena_printf(arena, "%s/%zu", pointer, index);
}

static const Field *member_find(const Field *fields, const char *name) {
    for (const Field *field = fields; field->name != NULL; field++)
        if (field_is_writable(field) && strcmp(field->name, name) == 0)
            return field;
    return NULL;
}

/* ---- references ---- */

static const char *keys_of(const Resource *target) {
    bool url = field_find(target, "url", 3) != NULL;
    if (field_find(target, "name", 4) == NULL)
        return url ? "external_id or url" : "external_id";
    return url ? "external_id, url or name" : "external_id or name";
}

/* The field by which `reference` names its record; NULL unless it has exactly one member that may do so. */
static const Field *key_of(const Resource *target, json_t *reference) {
    static const char *const keys[] = {"external_id", "url", "name"};
    if (json_object_size(reference) != 1)
        return NULL;
    const char *name = json_object_iter_key(json_object_iter(reference));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (strcmp(keys[i], name) == 0)
            return field_find(target, name, strlen(name));
    return NULL;
}

/* Reads a reference by another key into `place`. */
static bool key_read(Exchange *x, const Field *field, json_t *reference, Reference *place) {
    const Resource *target = resource_find(field->target);
    place->key = key_of(target, reference);
    if (place->key == NULL) {
        problem_fault(x, FAULT_POINTER, place->pointer, "must be an id or an object with one member: %s",
                      keys_of(target));
        return false;
    }
    const char *name = place->key->name;
    Value value = type_of(place->key)->bind(x->arena, place->key, json_object_get(reference, name));
    if (value.fault != NULL)
        problem_fault(x, FAULT_POINTER, pointer_join(x->arena, place->pointer, name), "must be %s", value.fault);
    place->value = value.text;
    return value.fault == NULL;
}

static void reference_add(Exchange *x, References *found, const Field *field, json_t *reference, Reference place) {
    place.target = field->target;
    if (found->by_key ? !json_is_object(reference) : !json_is_integer(reference))
        return;
    if (found->by_key && found->count == REFERENCES_BY_KEY_MAX) {
        problem_fault(x, FAULT_POINTER, place.pointer,
                      "is one reference by another key than the id too many: at most %d", REFERENCES_BY_KEY_MAX);
        return;
    }
    place.id = json_integer_value(reference);
    if (found->by_key && !key_read(x, field, reference, &place))
        return;
    if (found->count == found->capacity) {
        size_t old = (size_t)found->capacity * sizeof *found->items;
        found->items = arena_grow(x->arena, found->items, old, 2 * old + 16 * sizeof *found->items);
        found->capacity = 2 * found->capacity + 16;
    }
    found->items[found->count++] = place;
}

static void references_walk(Exchange *x, const Field *fields, json_t *object, const char *pointer, References *found) {
    for (const Field *field = fields; field->name != NULL; field++) {
        json_t *json = field_is_writable(field) ? json_object_get(object, field->name) : NULL;
        if (json == NULL || (field->target == NULL && field->members == NULL))
            continue;
        const char *here = pointer_join(x->arena, pointer, field->name);
        if (field->type == TYPE_REFERENCE)
            reference_add(x, found, field, json, (Reference){.pointer = here, .holder = object, .member = field->name});
        if (field->type == TYPE_OBJECT)
            references_walk(x, field->members, json, here, found);
        for (size_t i = 0; i < json_array_size(json); i++) {
            const char *at = pointer_index(x->arena, here, i);
            json_t *item = json_array_get(json, i);
            if (field->type == TYPE_REFERENCES)
                reference_add(x, found, field, item, (Reference){.pointer = at, .holder = json, .index = i});
            else if (field->type == TYPE_OBJECTS)
                references_walk(x, field->members, item, at, found);
        }
    }
}

References body_references(Exchange *x, const Resource *resource, json_t *object, const char *pointer, bool by_key) {
    References found = {.by_key = by_key};
    references_walk(x, resource->fields, object, pointer, &found);
    return found;
}

void reference_set(const Reference *reference, int64_t id) {
    if (reference->member != NULL)
        json_object_set_new(reference->holder, reference->member, json_integer(id));
    else
        json_array_set_new(reference->holder, reference->index, json_integer(id));
}

/* ---- values ---- */

static const char *scalar_value(Exchange *x, const Field *field, const json_t *json, const char *pointer) {
    if (field->type == TYPE_REFERENCE && json_is_object(json))
        return NULL;
    Value value = type_of(field)->bind(x->arena, field, json);
    if (value.fault != NULL)
        problem_fault(x, FAULT_POINTER, pointer, "must be %s", value.fault);
    return value.text;
}

static bool array_check(Exchange *x, const json_t *json, const char *pointer) {
    if (!json_is_array(json))
        problem_fault(x, FAULT_POINTER, pointer, "must be an array");
    else if (json_array_size(json) > LIST_ITEMS_MAX)
        problem_fault(x, FAULT_POINTER, pointer, "must hold at most %d items", LIST_ITEMS_MAX);
    else
        return true;
    return false;
}

static bool is_among(const char *const *items, int count, const char *text) {
    for (int i = 0; i < count; i++)
        if (strcmp(items[i], text) == 0)
            return true;
    return false;
}

/* Lists of names, URLs and ids: an array literal; a value given twice is a fault. */
static const char *list_value(Exchange *x, const Field *field, const json_t *json, const char *pointer) {
    Field item = *field;
    if (!array_check(x, json, pointer))
        return NULL;
    item.type = field->type == TYPE_REFERENCES ? TYPE_REFERENCE : field->type == TYPE_URLS ? TYPE_URL : TYPE_NAME;
    size_t count = json_array_size(json);
    const char **items = arena_alloc(x->arena, (count + 1) * sizeof *items);
    int given = 0;
    for (size_t i = 0; i < count; i++) {
        const char *here = pointer_index(x->arena, pointer, i);
        const char *text = scalar_value(x, &item, json_array_get(json, i), here);
        if (text == NULL)
            continue;
        if (is_among(items, given, text))
            problem_fault(x, FAULT_POINTER, here, "is given twice");
        else
            items[given++] = text;
    }
    return array_literal(x->arena, items, given);
}

static const char *spans_value(Exchange *x, const json_t *json, const char *pointer) {
    Buffer out = buffer_new(x->arena, 64);
    if (!array_check(x, json, pointer))
        return NULL;
    for (size_t i = 0; i < json_array_size(json); i++) {
        json_t *span = json_array_get(json, i);
        json_t *start = json_object_get(span, "start");
        json_t *end = json_object_get(span, "end");
        bool whole = json_is_integer(start) && json_is_integer(end) && json_object_size(span) == 2;
        if (!whole || json_integer_value(start) < 0 || json_integer_value(end) <= json_integer_value(start) ||
            json_integer_value(end) > INT32_MAX)
            problem_fault(x, FAULT_POINTER, pointer_index(x->arena, pointer, i),
                          "must be {\"start\": m, \"end\": n} with whole numbers, 0 <= m < n");
        else
            buffer_printf(&out, "%s%lld,%lld", out.length > 0 ? "," : "{", (long long)json_integer_value(start),
                          (long long)json_integer_value(end));
    }
    buffer_add_string(&out, out.length > 0 ? "}" : "{}");
    return out.data;
}

/* One member of a nested object, as JSON in the form in which it is stored. */
static void member_write(Exchange *x, const Field *field, const json_t *json, const char *pointer, JsonWriter *w) {
    const char *text = NULL;
    const char *here = pointer_join(x->arena, pointer, field->name);
    writer_key(w, field->name);
    if (json != NULL && !json_is_null(json))
        text = scalar_value(x, field, json, here);
    else if ((field->flags & FIELD_REQUIRED) != 0)
        problem_fault(x, FAULT_POINTER, here, "is required");
    if (text == NULL)
        writer_null(w);
    else if (field->type == TYPE_REFERENCE)
        writer_raw(w, text, strlen(text));
    else
        writer_string(w, text);
}

/* A nested object with all its members, null where they are not given. */
static void object_write(Exchange *x, const Field *field, const json_t *json, const char *pointer, JsonWriter *w) {
    writer_object_begin(w);
    if (json_is_object(json)) {
        body_unknown(x, field->members, json, pointer);
        for (const Field *member = field->members; member->name != NULL; member++)
            member_write(x, member, json_object_get(json, member->name), pointer, w);
    } else {
        problem_fault(x, FAULT_POINTER, pointer, "must be an object");
    }
    writer_object_end(w);
}

static const char *objects_value(Exchange *x, const Field *field, const json_t *json, const char *pointer) {
    Buffer out = buffer_new(x->arena, 256);
    JsonWriter w = json_writer_new(&out);
    if (field->type == TYPE_OBJECT) {
        object_write(x, field, json, pointer, &w);
        return out.data;
    }
    if (!array_check(x, json, pointer))
        return NULL;
    writer_array_begin(&w);
    for (size_t i = 0; i < json_array_size(json); i++)
        object_write(x, field, json_array_get(json, i), pointer_index(x->arena, pointer, i), &w);
    writer_array_end(&w);
    return out.data;
}

static const char *json_value(Exchange *x, const json_t *json, const char *pointer) {
    if (!json_is_object(json)) {
        problem_fault(x, FAULT_POINTER, pointer, "must be an object");
        return NULL;
    }
    return json_text(x->arena, json);
}

static bool is_nullable(const Field *field) {
    return (field->flags & (FIELD_REQUIRED | FIELD_NOT_NULL)) == 0;
}

const char *body_value(Exchange *x, const Field *field, const json_t *json, const char *pointer) {
    if (json_is_null(json)) {
        if (!is_nullable(field))
            problem_fault(x, FAULT_POINTER, pointer, "must not be null");
        return NULL;
    }
    switch (field->type) {
    case TYPE_NAMES:
    case TYPE_URLS:
    case TYPE_REFERENCES:
        return list_value(x, field, json, pointer);
    case TYPE_SPANS:
        return spans_value(x, json, pointer);
    case TYPE_OBJECT:
    case TYPE_OBJECTS:
        return objects_value(x, field, json, pointer);
    case TYPE_JSON:
        return json_value(x, json, pointer);
    default:
        return scalar_value(x, field, json, pointer);
    }
}

void body_unknown(Exchange *x, const Field *fields, const json_t *object, const char *pointer) {
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value) {
        if (member_find(fields, name) == NULL)
            problem_fault(x, FAULT_POINTER, pointer_join(x->arena, pointer, name), "is not a field here");
    }
}
