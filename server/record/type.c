#include "record/type.h"

#include <stdlib.h>
#include <string.h>

#include "base/moment.h"
#include "base/utf8.h"
#include "db/array.h"
#include "record/spans_text.h"
#include "record/type_values.h"

const char *const operator_suffixes[OPERATOR_COUNT] = {"", "ne", "gt", "gte", "lt", "lte", "in", "null"};

enum {
    BIT_NULL = 1 << OPERATOR_NULL,
    EQUALITY = 1 << OPERATOR_EQ | 1 << OPERATOR_NE | 1 << OPERATOR_IN | BIT_NULL,
    ORDER = 1 << OPERATOR_EQ | 1 << OPERATOR_NE | 1 << OPERATOR_GT | 1 << OPERATOR_GTE | 1 << OPERATOR_LT |
            1 << OPERATOR_LTE | BIT_NULL,
    NUMBER = ORDER | 1 << OPERATOR_IN,
    MEMBERSHIP = 1 << OPERATOR_EQ | 1 << OPERATOR_NE | 1 << OPERATOR_IN,
};

static void render_plain(JsonWriter *w, const Field *field, const char *text, size_t length) {
    (void)field;
    writer_raw(w, text, length);
}

static void render_string(JsonWriter *w, const Field *field, const char *text, size_t length) {
    (void)field;
    writer_string_n(w, text, length);
}

static void render_json(JsonWriter *w, const Field *field, const char *text, size_t length) {
    (void)field;
    writer_raw_compact(w, text, length);
}

static void render_timestamp(JsonWriter *w, const Field *field, const char *text, size_t length) {
    (void)field;
    (void)length;
    char moment[MOMENT_TEXT];
    size_t written = timestamp_from_pg(text, moment);
    writer_string_n(w, moment, written);
}

static void render_texts(JsonWriter *w, const Field *field, const char *text, size_t length) {
    (void)field;
    (void)length;
    const char **items;
    int count = array_elements(w->out->arena, text, &items);
    writer_array_begin(w);
    for (int i = 0; i < count; i++)
        writer_string(w, items[i]);
    writer_array_end(w);
}

/* bigint[]: `{1,2}` is `[1,2]` but for its brackets. */
static void render_references(JsonWriter *w, const Field *field, const char *text, size_t length) {
    (void)field;
    char *json = arena_strndup(w->out->arena, text, length);
    json[0] = '[';
    json[length - 1] = ']';
    writer_raw(w, json, length);
}

static void render_spans(JsonWriter *w, const Field *field, const char *text, size_t length) {
    size_t count;
    (void)field;
    (void)length;
    Span *spans = spans_from_text(w->out->arena, text, &count);
    spans_render(w, spans, count);
}

static const Type types[TYPE_COUNT] = {
    [TYPE_ID] = {"id", "bigint", NUMBER & ~BIT_NULL, value_parse_id, value_bind_id, render_plain},
    [TYPE_REFERENCE] = {"reference", "bigint", EQUALITY, value_parse_id, value_bind_id, render_plain},
    [TYPE_INTEGER] = {"integer", "bigint", NUMBER, value_parse_id, value_bind_id, render_plain},
    [TYPE_FRACTION] = {"fraction", "float8", ORDER, value_parse_fraction, value_bind_fraction, render_plain},
    [TYPE_TEXT] = {"text", "text", EQUALITY, value_parse_text, value_bind_string, render_string},
    [TYPE_NAME] = {"name", "text", EQUALITY, value_parse_text, value_bind_string, render_string},
    [TYPE_URL] = {"url", "text", EQUALITY, value_parse_text, value_bind_string, render_string},
    [TYPE_LANGUAGE] = {"language", "text", EQUALITY, value_parse_text, value_bind_string, render_string},
    [TYPE_COUNTRY] = {"country", "text", EQUALITY, value_parse_text, value_bind_string, render_string},
    [TYPE_ENUM] = {"enum", "text", EQUALITY, value_parse_text, value_bind_string, render_string},
    [TYPE_EDTF] = {"edtf", "text", ORDER, value_parse_text, value_bind_string, render_string},
    [TYPE_TIMESTAMP] = {"timestamp", "timestamptz", ORDER, value_parse_moment, value_bind_timestamp, render_timestamp},
    [TYPE_NAMES] = {"names", "text[]", MEMBERSHIP, value_parse_text, NULL, render_texts},
    [TYPE_URLS] = {"urls", "text[]", MEMBERSHIP, value_parse_text, NULL, render_texts},
    [TYPE_REFERENCES] = {"references", "bigint[]", MEMBERSHIP, value_parse_id, NULL, render_references},
    [TYPE_SPANS] = {"spans", "integer[]", 0, NULL, NULL, render_spans},
    [TYPE_OBJECT] = {"object", "jsonb", 0, NULL, NULL, render_json},
    [TYPE_OBJECTS] = {"objects", "jsonb", 0, NULL, NULL, render_json},
    [TYPE_JSON] = {"json", "jsonb", 0, NULL, NULL, render_json},
    [TYPE_QUERY] = {"query", "text", 1U << OPERATOR_EQ, value_parse_text, NULL, NULL},
};

const Type *type_of(const Field *field) {
    return &types[field->type];
}

bool type_is_plain(const Field *field) {
    return types[field->type].render == render_plain || types[field->type].render == render_string;
}

bool type_allows(const Field *field, Operator operator) {
    if ((types[field->type].operators & 1U << operator) == 0)
        return false;
    bool nullable = (field->flags & (FIELD_REQUIRED | FIELD_NOT_NULL | FIELD_VIRTUAL)) == 0;
    return operator!= OPERATOR_NULL || nullable;
}
