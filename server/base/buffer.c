#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_CAPACITY = 256 };

Buffer buffer_new(Arena *arena, size_t capacity) {
    Buffer buffer = {.arena = arena, .capacity = capacity == 0 ? DEFAULT_CAPACITY : capacity + 1};
    buffer.data = arena_alloc(arena, buffer.capacity);
    buffer.data[0] = '\0';
    return buffer;
}

void buffer_grow(Buffer *buffer, size_t more) {
    size_t wanted;
    if (__builtin_add_overflow(buffer->length + 1, more, &wanted))
        wanted = SIZE_MAX; /* the arena says so, and ends */
    if (wanted < 2 * buffer->capacity)
        wanted = 2 * buffer->capacity;
    buffer->data = arena_grow(buffer->arena, buffer->data, buffer->capacity, wanted);
    buffer->capacity = wanted;
}

void buffer_add_string(Buffer *buffer, const char *text) {
    buffer_add(buffer, text, strlen(text));
}

void buffer_add_integer(Buffer *buffer, long long value) {
    char digits[24]; /* written from its end */
    size_t at = sizeof digits;
    unsigned long long rest = value < 0 ? 0 - (unsigned long long)value : (unsigned long long)value;
    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (value < 0)
        digits[--at] = '-';
    buffer_add(buffer, digits + at, sizeof digits - at);
}

void buffer_printf(Buffer *buffer, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    size_t room = buffer->capacity - buffer->length;
    int length = vsnprintf(buffer->data + buffer->length, room, format, arguments);
    va_end(arguments);
    if (length < 0)
        length = 0;
    if ((size_t)length >= room) {
        char *at = buffer_reserve(buffer, (size_t)length);
        va_start(arguments, format);
        vsnprintf(at, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    buffer_commit(buffer, (size_t)length);
}
