/* spans_text.h: the spans of a quote as the text of their column, an int[]: {start,end,start,end}. */
#ifndef ONRECORD_RECORD_SPANS_TEXT_H
#define ONRECORD_RECORD_SPANS_TEXT_H

#include "base/json_writer.h"
#include "record/anchor.h"

/* From the column's text; in the arena. NULL, with a count of 0, where there are none. */
Span *spans_from_text(Arena *arena, const char *text, size_t *count);

/* [{"start": m, "end": n}, ...] */
void spans_render(JsonWriter *w, const Span *spans, size_t count);

const char *spans_to_text(Arena *arena, const Span *spans, size_t count);

#endif
