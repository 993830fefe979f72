/* body.h: a record's JSON object as the parameters of its columns, with all faults of the object at once. */
#ifndef ONRECORD_RECORD_BODY_H
#define ONRECORD_RECORD_BODY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/exchange.h"
#include "record/field.h"

enum { FIELDS_MAX = 64, LIST_ITEMS_MAX = 1000, REFERENCES_BY_KEY_MAX = 100 };

/* A reference in a body: an id, or another key: {"external_id": ...}, {"url": ...} or {"name": ...}. */
typedef struct Reference {
    const char *pointer; /* where it stands in the body */
    const char *target;  /* the resource */
    int64_t id;          /* when it is an id */
    const Field *key;    /* else: by which field it is named ... */
    const char *value;   /* ... and by what */
    json_t *holder;      /* the object or array that holds it ... */
    const char *member;  /* ... under this name, or, when NULL, */
    size_t index;        /* at this index */
} Reference;

typedef struct References {
    bool by_key; /* gathers those by another key; else the ids */
    int count;
    int capacity;
    Reference *items; /* in the arena */
} References;

/* Gathers the references in `object`, which stands at `pointer` in the body. With `by_key` malformed ones become
 * faults. */
References body_references(Exchange *x, const Resource *resource, json_t *object, const char *pointer, bool by_key);

/* Puts an id in the reference's place. */
void reference_set(const Reference *reference, int64_t id);

/* Reads one member into PostgreSQL's input text of its column (NULL: null); what is wrong becomes faults below
 * `pointer`. A reference that is still an object was reported before and is passed over. */
const char *body_value(Exchange *x, const Field *field, const json_t *json, const char *pointer);

/* True when the field is one that a client writes. */
bool field_is_writable(const Field *field);

/* Whether it stands in INSERT and UPDATE: those, and what is computed here. */
bool field_is_written(const Field *field);

/* Faults for members of `object` that are no fields. */
void body_unknown(Exchange *x, const Field *fields, const json_t *object, const char *pointer);

/* A JSON pointer's next step, escaped (RFC 6901). */
const char *pointer_join(Arena *arena, const char *pointer, const char *member);

#endif
