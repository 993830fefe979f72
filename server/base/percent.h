/* percent.h: percent-encoding (RFC 3986, section 2.1). */
#ifndef ONRECORD_BASE_PERCENT_H
#define ONRECORD_BASE_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

/* Decodes `length` bytes into the arena, NUL-terminated. `plus` makes a plus sign a space (queries). NULL, with
 * `*fault` set to a phrase that names the fault, for a malformed triplet, a NUL byte or what is not UTF-8. */
char *percent_decode(Arena *arena, const char *text, size_t length, bool plus, const char **fault);

/* Adds `text` with all but the unreserved characters encoded (and `,`, `:`, `*` and `@`, which a query may hold). */
void percent_encode(Buffer *out, const char *text);

#endif
