/* utf8.h: UTF-8 (RFC 3629), code points and UTF-16 units.
 *
 * Offsets in OnRecord are Unicode code points, 0-based, end-exclusive. All functions but utf8_valid and utf8_name take
 * text that is valid already. */
#ifndef ONRECORD_BASE_UTF8_H
#define ONRECORD_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* True for well-formed UTF-8: no overlong form, no surrogate, nothing beyond U+10FFFF. */
bool utf8_valid(const char *text, size_t length);

/* How many code points, and how many UTF-16 units, `length` bytes hold. */
size_t utf8_length(const char *text, size_t length);
size_t utf8_length_utf16(const char *text, size_t length);

/* The byte offset of code point `index`; `length` when the text has no more than `index` code points. */
size_t utf8_offset(const char *text, size_t length, size_t index);

/* From a UTF-16 unit offset to a code point offset. False when it is beyond the end or inside a surrogate pair. */
bool utf8_from_utf16(const char *text, size_t length, size_t utf16_offset, size_t *code_point);
/* From a code point offset to a UTF-16 unit offset; the text's end when `code_point` is beyond it. */
size_t utf8_to_utf16(const char *text, size_t length, size_t code_point);

/* Reads one code point at `*text` (before `end`) and moves past it. */
uint32_t utf8_next(const char **text, const char *end);
/* Reads the code point that ends at `*text` (after `begin`) and moves before it. */
uint32_t utf8_previous(const char **text, const char *begin);

/* True for Unicode white space (White_Space=yes). */
bool utf8_is_space(uint32_t code_point);
/* True for letters and decimal digits. */
bool utf8_is_letter(uint32_t code_point);

/* A name as it is stored: Unicode normal form C, without white space at its ends. NUL-terminated, in the arena. NULL
 * when the text is not valid UTF-8, or piles more than 64 combining marks on one letter. */
char *utf8_name(Arena *arena, const char *text, size_t length, size_t *out_length);

#endif
