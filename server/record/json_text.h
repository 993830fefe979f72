/* json_text.h: JSON values to text and back, so that numbers come through PostgreSQL's jsonb as they were.
 *
 * jsonb keeps every decimal digit it is given and writes no exponents: 0.1 must go in as 0.1, not as what a double is
 * to 17 digits; and what went in as 1e300 comes out as 301 digits, which jansson would refuse as an integer. */
#ifndef ONRECORD_RECORD_JSON_TEXT_H
#define ONRECORD_RECORD_JSON_TEXT_H

#include <jansson.h>
#include <stddef.h>

#include "base/arena.h"

/* Compact; each real number as the shortest text that reads back as the same. NUL-terminated, in the arena. */
const char *json_text(Arena *arena, const json_t *json);

/* Reads PostgreSQL's or our own JSON text (NUL-terminated); whole numbers beyond 64 bits become reals. NULL where a
 * number is beyond a double, too. The caller owns what it gets. */
json_t *json_from_text(Arena *arena, const char *text, size_t length);

#endif
