#include "record/render_csv.h"

#include <string.h>

#include "record/render_json.h"
#include "record/type.h"

typedef struct CsvColumn {
    const char *name;
    const Node *node;
    const Field *field;
    int column; /* in the result */
} CsvColumn;

struct Csv {
    int count;
    CsvColumn columns[];
};

/* The columns of a node and of what is embedded in it, in the order in which JSON has them. */
static void columns_add(Csv *csv, Arena *arena, const Selection *selection, int index, const char *prefix) {
    const Node *node = &selection->nodes[index];
    int column = node->column;
    uint64_t bit = 1;
    for (const Field *field = node->resource->fields; field->name != NULL; field++, bit <<= 1) {
        if (!field_is_column(field))
            continue;
        if ((node->shown & bit) != 0)
            csv->columns[csv->count++] =
                (CsvColumn){arena_printf(arena, "%s%s", prefix, field->name), node, field, column};
        column++;
    }
    for (int i = index + 1; i < selection->node_count; i++)
        if (selection->nodes[i].parent == index)
            columns_add(csv, arena, selection, i,
                        arena_printf(arena, "%s%s.", prefix, selection->nodes[i].by->relation));
}

Csv *csv_new(Arena *arena, const Selection *selection) {
    Csv *csv = arena_alloc(arena, sizeof *csv + (size_t)selection->columns * sizeof *csv->columns);
    csv->count = 0;
    columns_add(csv, arena, selection, 0, "");
    return csv;
}

static bool needs_quotes(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (text[i] == ',' || text[i] == '"' || text[i] == '\r' || text[i] == '\n')
            return true;
    return length == 0;
}

void csv_value(Buffer *out, const char *text, size_t length) {
    if (!needs_quotes(text, length)) {
        buffer_add(out, text, length);
        return;
    }
    const char *end = text + length;
    buffer_add_char(out, '"');
    while (text < end) {
        const char *quote = memchr(text, '"', (size_t)(end - text));
        const char *stop = quote != NULL ? quote + 1 : end;
        buffer_add(out, text, (size_t)(stop - text));
        if (quote != NULL)
            buffer_add_char(out, '"');
        text = stop;
    }
    buffer_add_char(out, '"');
}

static void column_render(const CsvColumn *column, Buffer *out, const Result *rows, int row) {
    const char *text = result_value(rows, row, column->column);
    if (text == NULL)
        return;
    if (type_is_plain(column->field)) {
        csv_value(out, text, result_length(rows, row, column->column));
        return;
    }
    Buffer json = buffer_new(out->arena, 256);
    JsonWriter w = json_writer_new(&json);
    render_field(column->node, column->field, column->column, &w, rows, row);
    if (json.data[0] == '"') /* a moment, which has nothing to escape */
        csv_value(out, json.data + 1, json.length - 2);
    else
        csv_value(out, json.data, json.length);
}

void csv_head(const Csv *csv, Buffer *out) {
    for (int i = 0; i < csv->count; i++) {
        buffer_add(out, ",", i > 0);
        buffer_add_string(out, csv->columns[i].name);
    }
    buffer_add(out, "\r\n", 2);
}

void csv_row(const Csv *csv, Buffer *out, const Result *rows, int row) {
    for (int i = 0; i < csv->count; i++) {
        buffer_add(out, ",", i > 0);
        column_render(&csv->columns[i], out, rows, row);
    }
    buffer_add(out, "\r\n", 2);
}
