#include "record/render_json.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "record/list.h"
#include "record/spans_text.h"
#include "record/type.h"

void render_spans_utf16(JsonWriter *w, const char *spans, const char *body, size_t body_length) {
    size_t count;
    Span *units = spans_from_text(w->out->arena, spans, &count);
    if (body == NULL)
        count = 0;
    for (size_t i = 0; i < count; i++) {
        units[i].start = utf8_to_utf16(body, body_length, units[i].start);
        units[i].end = utf8_to_utf16(body, body_length, units[i].end);
    }
    spans_render(w, units, count);
}

void render_field(const Node *node, const Field *field, int column, JsonWriter *w, const Result *rows, int row) {
    const char *text = result_value(rows, row, column);
    if (text == NULL)
        writer_null(w);
    else if (field->type == TYPE_SPANS && node->body_column >= 0)
        render_spans_utf16(w, text, result_value(rows, row, node->body_column),
                           result_length(rows, row, node->body_column));
    else
        type_of(field)->render(w, field, text, result_length(rows, row, column));
}

static void render_fields(const Node *node, JsonWriter *w, const Result *rows, int row) {
    int column = node->column;
    uint64_t bit = 1;
    for (const Field *field = node->resource->fields; field->name != NULL; field++, bit <<= 1) {
        if (!field_is_column(field))
            continue;
        if ((node->shown & bit) != 0) {
            writer_key(w, field->name);
            render_field(node, field, column, w, rows, row);
        }
        column++;
    }
}

static void render_node(const Selection *selection, int index, JsonWriter *w, const Result *rows, int row) {
    render_fields(&selection->nodes[index], w, rows, row);
    for (int i = index + 1; i < selection->node_count; i++) {
        const Node *child = &selection->nodes[i];
        if (child->parent != index)
            continue;
        writer_key(w, child->by->relation);
        if (result_value(rows, row, child->column) == NULL) {
            writer_null(w);
            continue;
        }
        writer_object_begin(w);
        render_node(selection, i, w, rows, row);
        writer_object_end(w);
    }
}

void selection_members(const Selection *selection, JsonWriter *w, const Result *rows, int row, const Batch *branches) {
    render_node(selection, 0, w, rows, row);
    for (int i = 0; branches != NULL && i < selection->branch_count; i++) {
        writer_key(w, selection->branches[i].relation->name);
        writer_object_begin(w);
        list_render(selection->branches[i].list, w, branches);
        writer_object_end(w);
    }
}

void selection_render(const Selection *selection, JsonWriter *w, const Result *rows, int row, const Batch *branches) {
    writer_object_begin(w);
    selection_members(selection, w, rows, row, branches);
    writer_object_end(w);
}

void render_number(JsonWriter *w, const char *name, const Result *rows, int row, int column) {
    writer_key(w, name);
    writer_raw(w, result_value(rows, row, column), result_length(rows, row, column));
}
