#include "record/stream.h"

#include "record/render_csv.h"
#include "record/tail.h"

static void ndjson_row(const Stream *stream, Buffer *out, const Result *rows, int row) {
    JsonWriter w = json_writer_new(out);
    selection_render(stream->selection, &w, rows, row, NULL);
    buffer_add_char(out, '\n');
}

static void lines_head(const Stream *stream, Buffer *out) {
    csv_head(stream->csv, out);
}

static void lines_row(const Stream *stream, Buffer *out, const Result *rows, int row) {
    csv_row(stream->csv, out, rows, row);
}

static const struct {
    void (*head)(const Stream *stream, Buffer *out); /* NULL: it begins with the first row */
    void (*row)(const Stream *stream, Buffer *out, const Result *rows, int row);
} writers[FORMAT_COUNT] = {
    [FORMAT_NDJSON] = {NULL, ndjson_row},
    [FORMAT_CSV] = {lines_head, lines_row},
};

void stream_queue(Exchange *x, List *list) {
    Stream *stream = arena_calloc(x->arena, 1, sizeof *stream);
    stream->selection = list->selection;
    stream->format = x->format;
    stream->csv = csv_new(x->arena, list->selection);
    stream->disposition = arena_printf(x->arena, "attachment; filename=\"%s.%s\"", list->resource->name,
                                       representation_of(x->format)->extension);
    x->stream = stream;
    list_stream(list, &x->batch);
}

void stream_head(const Stream *stream, Buffer *out) {
    if (writers[stream->format].head != NULL)
        writers[stream->format].head(stream, out);
}

void stream_row(Stream *stream, Buffer *out, const Result *rows, int row) {
    writers[stream->format].row(stream, out, rows, row);
    stream->rows++;
}

void stream_answer(Exchange *x) {
    x->status = 200;
    exchange_header(x, "Content-Disposition", x->stream->disposition);
    exchange_header(x, "Changes-Since", token_encode(x->arena, &x->log));
}
