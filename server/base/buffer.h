/* buffer.h: bytes that grow, in an arena.
 *
 * A Buffer is a value; its bytes belong to the arena that it was made in. It is always followed by a NUL byte that
 * `length` does not count, so that `data` serves as a C string. */
#ifndef ONRECORD_BASE_BUFFER_H
#define ONRECORD_BASE_BUFFER_H

#include <stddef.h>
#include <string.h>

#include "base/arena.h"

typedef struct Buffer {
    Arena *arena;
    char *data;
    size_t length;
    size_t capacity;
} Buffer;

/* An empty buffer with room for `capacity` bytes (0: a default). */
Buffer buffer_new(Arena *arena, size_t capacity);

/* Makes room for `more` bytes beyond `length` where there is none. */
void buffer_grow(Buffer *buffer, size_t more);

/* The small ones stand here so that the compiler can merge them: a list's JSON is made of some thousand calls. */

/* Room for `more` bytes beyond `length`; answers where they begin. buffer_commit says how many of them were written. */
static inline char *buffer_reserve(Buffer *buffer, size_t more) {
    if (more >= buffer->capacity - buffer->length)
        buffer_grow(buffer, more);
    return buffer->data + buffer->length;
}

static inline void buffer_commit(Buffer *buffer, size_t written) {
    buffer->length += written;
    buffer->data[buffer->length] = '\0';
}

static inline void buffer_add_char(Buffer *buffer, char byte) {
    *buffer_reserve(buffer, 1) = byte;
    buffer_commit(buffer, 1);
}

static inline void buffer_add(Buffer *buffer, const char *bytes, size_t length) {
    if (length == 0)
        return; /* `bytes` may be NULL */
    memcpy(buffer_reserve(buffer, length), bytes, length);
    buffer_commit(buffer, length);
}

void buffer_add_string(Buffer *buffer, const char *text);
void buffer_add_integer(Buffer *buffer, long long value);
void buffer_printf(Buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
