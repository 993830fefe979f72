#include "record/render_jsonld.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "db/array.h"
#include "record/cell.h"
#include "record/json_text.h"
#include "record/list.h"
#include "record/type.h"

/* Every word is schema.org's; some values are more than text. */
static const char context[] = "{\"@vocab\":\"https://schema.org/\","
                              "\"url\":{\"@type\":\"@id\"},"
                              "\"sameAs\":{\"@type\":\"@id\"},"
                              "\"eventStatus\":{\"@type\":\"@id\"},"
                              "\"datePublished\":{\"@type\":\"DateTime\"},"
                              "\"dateModified\":{\"@type\":\"DateTime\"},"
                              "\"dateCreated\":{\"@type\":\"Date\"},"
                              "\"startDate\":{\"@type\":\"Date\"},"
                              "\"endDate\":{\"@type\":\"Date\"}}";

/* What a Role says of the objects that are in one (https://schema.org/Role), by the names of their members. */
static const Meaning role_members[] = {
    {"role", "roleName"}, {"start_date", "startDate"}, {"end_date", "endDate"}, {NULL, NULL}};

/* A row on its way out. */
typedef struct Writing {
    JsonWriter *w;
    Row row;
    const char *base;
} Writing;

/* A property while its values are written. */
typedef struct Property {
    const Writing *to;
    const Term *term;
    int node;   /* whose property it is */
    bool many;  /* an array, even of one: it does not change its shape with the record */
    bool begun; /* its key is there */
} Property;

static void node_write(const Writing *to, int node);

/* The writer, where one value of the property may follow. */
static JsonWriter *value_begin(Property *property) {
    JsonWriter *w = property->to->w;
    if (!property->begun) {
        writer_key(w, property->term->name);
        if (property->many)
            writer_array_begin(w);
        property->begun = true;
    }
    return w;
}

static void property_end(const Property *property) {
    if (property->begun && property->many)
        writer_array_end(property->to->w);
}

static const char *meaning_find(const Meaning *meanings, const char *value) {
    for (const Meaning *one = meanings; one->value != NULL; one++)
        if (strcmp(one->value, value) == 0)
            return one->word;
    return NULL;
}

/* The member @id: the address of a record. */
static void id_write(const Writing *to, const char *resource, const char *id) {
    writer_key(to->w, "@id");
    writer_string(to->w, arena_printf(to->w->out->arena, "%s/%s/%s", to->base, resource, id));
}

static void reference_write(const Writing *to, const char *resource, const char *id) {
    writer_object_begin(to->w);
    id_write(to, resource, id);
    writer_object_end(to->w);
}

static void add_plain(Property *property, const Cell *cell) {
    const Term *term = property->term;
    const char *word = term->meanings != NULL ? meaning_find(term->meanings, cell->text) : NULL;
    if (term->meanings != NULL && word == NULL)
        return;
    JsonWriter *w = value_begin(property);
    if (term->type != NULL) {
        writer_object_begin(w);
        writer_key(w, "@type");
        writer_string(w, term->type);
        writer_key(w, term->member);
    }
    if (word != NULL)
        writer_string(w, word);
    else
        type_of(cell->field)->render(w, cell->field, cell->text, cell->length);
    if (term->type != NULL)
        writer_object_end(w);
}

static void add_reference(Property *property, const Cell *cell) {
    int embedded = cell_embedded(&property->to->row, property->node, cell->field);
    JsonWriter *w = value_begin(property);
    if (embedded < 0 || cell_id(&property->to->row, embedded) == NULL) {
        reference_write(property->to, cell->field->target, cell->text);
        return;
    }
    writer_object_begin(w);
    node_write(property->to, embedded);
    writer_object_end(w);
}

static void add_texts(Property *property, const Cell *cell) {
    const char **items;
    int count = array_elements(property->to->w->out->arena, cell->text, &items);
    for (int i = 0; i < count; i++)
        writer_string(value_begin(property), items[i]);
}

static void add_references(Property *property, const Cell *cell) {
    const char **items;
    int count = array_elements(property->to->w->out->arena, cell->text, &items);
    for (int i = 0; i < count; i++) {
        value_begin(property);
        reference_write(property->to, cell->field->target, items[i]);
    }
}

/* Where the value of one object in a list stands: the record it names, or its text. */
static void object_value(const Writing *to, const Field *member, const json_t *value) {
    if (member->type == TYPE_REFERENCE)
        reference_write(to, member->target, arena_integer(to->w->out->arena, json_integer_value(value)));
    else
        writer_string_n(to->w, json_string_value(value), json_string_length(value));
}

static bool has_role(const json_t *object) {
    for (const Meaning *member = role_members; member->value != NULL; member++)
        if (json_is_string(json_object_get(object, member->value)))
            return true;
    return false;
}

/* The value, within a node that says in what role: {"@type": "Role", "attendee": {...}, "roleName": ...}. */
static void role_write(Property *property, const Field *member, const json_t *object) {
    const Term *term = property->term;
    JsonWriter *w = value_begin(property);
    writer_object_begin(w);
    writer_key(w, "@type");
    writer_string(w, term->role);
    writer_key(w, term->name);
    object_value(property->to, member, json_object_get(object, term->by));
    for (const Meaning *said = role_members; said->value != NULL; said++) {
        const json_t *text = json_object_get(object, said->value);
        if (json_is_string(text)) {
            writer_key(w, said->word);
            writer_string_n(w, json_string_value(text), json_string_length(text));
        }
    }
    writer_object_end(w);
}

static const Field *member_find(const Field *field, const char *name) {
    const Field *member = field->members;
    while (strcmp(member->name, name) != 0)
        member++;
    return member;
}

static bool is_given(const json_t *object, const char *member) {
    const json_t *value = json_object_get(object, member);
    return value != NULL && !json_is_null(value);
}

static void add_objects(Property *property, const Cell *cell) {
    const Term *term = property->term;
    const Field *member = member_find(cell->field, term->by);
    json_t *list = json_from_text(property->to->w->out->arena, cell->text, cell->length);
    size_t index;
    const json_t *object;
    json_array_foreach(list, index, object) {
        if (!is_given(object, term->by) || (term->without != NULL && is_given(object, term->without)))
            continue;
        if (term->role != NULL && has_role(object)) {
            role_write(property, member, object);
        } else {
            value_begin(property);
            object_value(property->to, member, json_object_get(object, term->by));
        }
    }
    json_decref(list);
}

/* How a field's value becomes values of a property; NULL: as one, the way JSON has it. */
static void (*const adders[TYPE_COUNT])(Property *property, const Cell *cell) = {
    [TYPE_REFERENCE] = add_reference,   [TYPE_NAMES] = add_texts,     [TYPE_URLS] = add_texts,
    [TYPE_REFERENCES] = add_references, [TYPE_OBJECTS] = add_objects,
};

static bool is_list(FieldType type) {
    return type == TYPE_NAMES || type == TYPE_URLS || type == TYPE_REFERENCES || type == TYPE_OBJECTS;
}

static bool is_on(const Term *term, const char *type) {
    if (term->on == NULL)
        return true;
    for (const char *const *one = term->on; *one != NULL; one++)
        if (strcmp(*one, type) == 0)
            return true;
    return false;
}

/* The values of one row of the table. A reference that `fields` does not name is there all the same when a record is
 * embedded by it. */
static void values_add(Property *property, const Term *term, const char *type) {
    Cell cell = cell_find(&property->to->row, property->node, term->field);
    if (cell.text == NULL || !is_on(term, type))
        return;
    if (!cell.shown && cell_embedded(&property->to->row, property->node, cell.field) < 0)
        return;
    property->term = term;
    if (adders[cell.field->type] != NULL)
        adders[cell.field->type](property, &cell);
    else
        add_plain(property, &cell);
}

/* Whether `term` is the first row of its name; `*many`: it is a list, or there are more. */
static bool is_first(const Resource *resource, const Term *term, bool *many) {
    const Term *terms = resource->thing->terms;
    for (const Term *before = terms; before < term; before++)
        if (strcmp(before->name, term->name) == 0)
            return false;
    *many = is_list(field_find(resource, term->field, strlen(term->field))->type);
    for (const Term *after = term + 1; after->name != NULL; after++)
        *many = *many || strcmp(after->name, term->name) == 0;
    return true;
}

/* What a record is: a Thing, as everything there, where no more is said. */
static const char *type_find(const Writing *to, int node) {
    const Thing *thing = to->row.selection->nodes[node].resource->thing;
    if (thing->type != NULL)
        return thing->type;
    Cell cell = cell_find(&to->row, node, thing->typed_by);
    const char *type = cell.text != NULL ? meaning_find(thing->types, cell.text) : NULL;
    return type != NULL ? type : "Thing";
}

/* The members of a record, without its braces. */
static void node_write(const Writing *to, int node) {
    const Resource *resource = to->row.selection->nodes[node].resource;
    const Thing *thing = resource->thing;
    const char *type = type_find(to, node);
    id_write(to, resource->name, cell_id(&to->row, node));
    writer_key(to->w, "@type");
    writer_string(to->w, type);
    for (const Term *term = thing->terms; term->name != NULL; term++) {
        Property property = {.to = to, .node = node};
        if (!is_first(resource, term, &property.many))
            continue;
        for (const Term *row = term; row->name != NULL; row++)
            if (strcmp(row->name, term->name) == 0)
                values_add(&property, row, type);
        property_end(&property);
    }
}

static bool has_term(const Resource *resource, const Field *field) {
    for (const Term *term = resource->thing->terms; term->name != NULL; term++)
        if (strcmp(term->field, field->name) == 0)
            return true;
    return false;
}

/* Opens `@included` before the first record in it. */
static void included_add(const Writing *to, int node, bool *begun) {
    if (!*begun) {
        writer_key(to->w, "@included");
        writer_array_begin(to->w);
        *begun = true;
    }
    writer_object_begin(to->w);
    node_write(to, node);
    writer_object_end(to->w);
}

/* The embedded records that no property leads to. */
static void unreferred_add(const Writing *to, bool *begun) {
    const Selection *selection = to->row.selection;
    for (int i = 1; i < selection->node_count; i++) {
        const Node *node = &selection->nodes[i];
        if (!has_term(selection->nodes[node->parent].resource, node->by) && cell_id(&to->row, i) != NULL)
            included_add(to, i, begun);
    }
}

static void branch_add(const Writing *to, const Branch *branch, const Batch *batch, bool *begun) {
    const List *list = branch->list;
    const Result *rows = batch->statements[list->statement].result;
    for (int row = 0; row < result_rows(rows) && row < list->limit; row++) {
        Writing one = {.w = to->w, .row = {list->selection, rows, row}, .base = to->base};
        included_add(&one, 0, begun);
        unreferred_add(&one, begun);
    }
}

void jsonld_render(Buffer *out, const Selection *selection, const Result *rows, int row, const Batch *branches,
                   const char *base) {
    JsonWriter w = json_writer_new(out);
    Writing to = {.w = &w, .row = {selection, rows, row}, .base = base};
    bool begun = false;
    writer_object_begin(&w);
    writer_key(&w, "@context");
    writer_raw(&w, context, sizeof context - 1);
    node_write(&to, 0);
    unreferred_add(&to, &begun);
    for (int i = 0; branches != NULL && i < selection->branch_count; i++)
        branch_add(&to, &selection->branches[i], branches, &begun);
    if (begun)
        writer_array_end(&w);
    writer_object_end(&w);
}
