/* payload.h: a request's body, or a line of it, as JSON.
 *
 * What JSON parsers differ about is refused rather than guessed: a byte order mark, duplicate keys, NUL, lone
 * surrogates, numbers beyond 2^63, more than PAYLOAD_DEPTH_MAX levels. */
#ifndef ONRECORD_RECORD_PAYLOAD_H
#define ONRECORD_RECORD_PAYLOAD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum { PAYLOAD_DEPTH_MAX = 64 };

/* The document, to be given back with json_decref; or NULL with a sentence in `*fault` (in the arena) that says what is
 * wrong and where. */
json_t *payload_parse(Arena *arena, const char *data, size_t length, const char **fault);

/* The same for one line of many; its fault speaks of a line. */
json_t *payload_parse_line(Arena *arena, const char *data, size_t length, const char **fault);

#endif
