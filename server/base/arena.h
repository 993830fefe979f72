/* arena.h: memory that lives as long as one request.
 *
 * An Arena hands out memory that is given back all at once. What it hands out belongs to the arena: never free() it.
 * Running out of memory ends the process with a message (request sizes are bounded, so this is a broken machine and
 * not a big request); no caller checks for NULL. */
#ifndef ONRECORD_BASE_ARENA_H
#define ONRECORD_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

typedef struct Arena Arena;

/* A new arena with one block ready. Free it with arena_free. */
Arena *arena_new(void);

/* Gives back everything handed out; keeps the first block, so that a reused arena does not allocate. */
void arena_reset(Arena *arena);

void arena_free(Arena *arena);

/* `size` bytes, aligned for any type, not zeroed. */
void *arena_alloc(Arena *arena, size_t size);

/* `count * size` bytes, zeroed; the product is checked for overflow. */
void *arena_calloc(Arena *arena, size_t count, size_t size);

/* Grows the allocation `old` of `old_size` bytes to `new_size`: in place when it is the newest, else by a copy. */
void *arena_grow(Arena *arena, void *old, size_t old_size, size_t new_size);

/* A NUL-terminated copy of `length` bytes of `text`. */
char *arena_strndup(Arena *arena, const char *text, size_t length);
char *arena_strdup(Arena *arena, const char *text);

/* A whole number in decimal. */
char *arena_integer(Arena *arena, int64_t value);

/* printf into the arena. For messages only: SQL is never made with it. */
char *arena_printf(Arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
