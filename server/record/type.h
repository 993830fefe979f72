/* type.h: what each FieldType means: in SQL, to a filter, in a body and in JSON. One row a type. */
#ifndef ONRECORD_RECORD_TYPE_H
#define ONRECORD_RECORD_TYPE_H

#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/json_writer.h"
#include "record/field.h"

/* The operators of a filter; the suffix of a query parameter's name (`.gte`) names one, none is OPERATOR_EQ. */
typedef enum Operator {
    OPERATOR_EQ,
    OPERATOR_NE,
    OPERATOR_GT,
    OPERATOR_GTE,
    OPERATOR_LT,
    OPERATOR_LTE,
    OPERATOR_IN,
    OPERATOR_NULL,
    OPERATOR_COUNT
} Operator;

extern const char *const operator_suffixes[OPERATOR_COUNT]; /* "", "ne", "gt", ... */

/* A value checked: `text` is PostgreSQL's input text for it (NULL: null), or `fault` is a phrase that ends "must be
 * ...". */
typedef struct Value {
    const char *text;
    const char *fault;
} Value;

typedef struct Type {
    const char *name;   /* as `onrecord describe` prints it */
    const char *sql;    /* the column's type, for casts */
    unsigned operators; /* 1 << Operator */
    /* One value of a filter, from the query's text. */
    Value (*parse)(Arena *arena, const Field *field, const char *text);
    /* A JSON scalar from a body. NULL for the types with structure, which body.c reads itself. */
    Value (*bind)(Arena *arena, const Field *field, const json_t *json);
    /* A column's text as JSON. */
    void (*render)(JsonWriter *w, const Field *field, const char *text, size_t length);
} Type;

const Type *type_of(const Field *field);

/* True when a column's text is its value: JSON has it as it is, or as a string of just that text. */
bool type_is_plain(const Field *field);

/* True when the field's filter takes the operator (`.null` only where it may be null). */
bool type_allows(const Field *field, Operator operator);

#endif
