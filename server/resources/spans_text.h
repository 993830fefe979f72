/* spans_text.h: the spans of a quote as the text of their column, an int[]: {start,end,start,end}. */
#ifndef ONRECORD_RESOURCES_SPANS_TEXT_H
#define ONRECORD_RESOURCES_SPANS_TEXT_H

#include "record/anchor.h"

/* From the column's text; in the arena. NULL, with a count of 0, where there are none. */
Span *spans_from_text(Arena *arena, const char *text, size_t *count);

const char *spans_to_text(Arena *arena, const Span *spans, size_t count);

#endif
