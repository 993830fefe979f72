/* lines.h: bytes that come in pieces, as lines.
 *
 * A line ends with LF, or where the bytes end. Memory is bounded: of a line that is longer than `max` bytes no more
 * than its number is kept. Lines is the caller's; lines_release gives back what it holds. */
#ifndef ONRECORD_RECORD_LINES_H
#define ONRECORD_RECORD_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

typedef struct Lines {
    size_t max;     /* bytes of a line, without its LF */
    int64_t number; /* of the last line that was handed out; the first is 1 */
    int64_t offset; /* bytes taken so far */
    Arena *arena;   /* for the beginning of a line whose end has not come */
    Buffer held;
    bool too_long; /* that line is, and what comes of it is dropped */
    bool handed;   /* `held` was handed out, and is to be emptied */
} Lines;

typedef struct Line {
    int64_t number;
    int64_t end;      /* offset of the byte behind its LF */
    const char *text; /* not terminated; valid until the next call. NULL: there is no whole line yet */
    size_t length;
    bool too_long; /* `text` is empty */
} Line;

/* `number` and `offset` are those of what was read before: 0 at the beginning. */
Lines lines_new(size_t max, int64_t number, int64_t offset);
void lines_release(Lines *lines);

/* Takes bytes up to the end of the first line in them; answers how many. */
size_t lines_take(Lines *lines, const char *data, size_t size, Line *line);

/* No more bytes come: hands out what is left, if there is something. */
void lines_end(Lines *lines, Line *line);

/* True when a line holds nothing but white space. */
bool line_is_blank(const Line *line);

#endif
