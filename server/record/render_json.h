/* render_json.h: rows as JSON, by a selection. */
#ifndef ONRECORD_RECORD_RENDER_JSON_H
#define ONRECORD_RECORD_RENDER_JSON_H

#include "record/selection.h"

/* The spans of a quote, from the text of an int[], as UTF-16 units into `body` (NULL: no body, no spans). */
void render_spans_utf16(JsonWriter *w, const char *spans, const char *body, size_t body_length);

/* One value: column `column` of the result, which is `field` of the node. */
void render_field(const Node *node, const Field *field, int column, JsonWriter *w, const Result *rows, int row);

/* A member whose value PostgreSQL wrote as a number. */
void render_number(JsonWriter *w, const char *name, const Result *rows, int row, int column);

#endif
