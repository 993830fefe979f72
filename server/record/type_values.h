/* type_values.h: how each type reads one value, from a query's text (parse) and from a body's JSON (bind). type.c's. */
#ifndef ONRECORD_RECORD_TYPE_VALUES_H
#define ONRECORD_RECORD_TYPE_VALUES_H

#include "record/type.h"

enum { REFERENCE_MAX_DIGITS = 16 };

Value value_parse_id(Arena *arena, const Field *field, const char *text);
Value value_parse_fraction(Arena *arena, const Field *field, const char *text);
Value value_parse_text(Arena *arena, const Field *field, const char *text);
Value value_parse_moment(Arena *arena, const Field *field, const char *text);

Value value_bind_id(Arena *arena, const Field *field, const json_t *json);
Value value_bind_fraction(Arena *arena, const Field *field, const json_t *json);
Value value_bind_string(Arena *arena, const Field *field, const json_t *json);
Value value_bind_timestamp(Arena *arena, const Field *field, const json_t *json);

#endif
