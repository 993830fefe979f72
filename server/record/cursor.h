/* cursor.h: where a list goes on: the sort keys of the last record seen, bound to the query and signed.
 *
 * A cursor is base64url of: one byte of format, 8 bytes of hash of what it belongs to (resource, filters, sort), for
 * each key a length (2 bytes, little-endian; 0xffff: null) and its text, and 16 bytes of HMAC-SHA-256. */
#ifndef ONRECORD_RECORD_CURSOR_H
#define ONRECORD_RECORD_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

enum { CURSOR_MAX = 3000 /* characters: room for the longest name (500 code points), below the bound on a target */ };

/* NULL when the cursor would be longer than CURSOR_MAX, which the bounds of sortable fields rule out. */
const char *cursor_encode(Arena *arena, const uint8_t key[32], uint64_t query, const char *const *values, int count);

typedef enum CursorFault { CURSOR_OK, CURSOR_MALFORMED, CURSOR_OF_ANOTHER_QUERY } CursorFault;

/* Reads `count` values into `values` (in the arena; NULL: null). */
CursorFault cursor_decode(Arena *arena, const uint8_t key[32], uint64_t query, const char *cursor, const char **values,
                          int count);

#endif
