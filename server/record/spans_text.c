#include "record/spans_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

Span *spans_from_text(Arena *arena, const char *text, size_t *count) {
    Span *spans = arena_alloc(arena, (strlen(text) / 4 + 1) * sizeof *spans); /* "0,1," is the shortest */
    *count = 0;
    for (const char *at = text + 1; *at >= '0' && *at <= '9';) {
        char *end;
        spans[*count].start = strtoull(at, &end, 10);
        spans[*count].end = strtoull(end + 1, &end, 10);
        ++*count;
        at = *end == ',' ? end + 1 : end;
    }
    return *count > 0 ? spans : NULL;
}

const char *spans_to_text(Arena *arena, const Span *spans, size_t count) {
    Buffer out = buffer_new(arena, 64);
    buffer_add_char(&out, '{');
    for (size_t i = 0; i < count; i++)
        buffer_printf(&out, "%s%zu,%zu", i > 0 ? "," : "", spans[i].start, spans[i].end);
    buffer_add_char(&out, '}');
    return out.data;
}

void spans_render(JsonWriter *w, const Span *spans, size_t count) {
    writer_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        writer_object_begin(w);
        writer_key(w, "start");
        writer_int(w, (int64_t)spans[i].start);
        writer_key(w, "end");
        writer_int(w, (int64_t)spans[i].end);
        writer_object_end(w);
    }
    writer_array_end(w);
}
