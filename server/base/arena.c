#include "base/arena.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer all that is not handed out is poisoned, and allocations stand apart: a read past one, or after
 * arena_reset, is caught as it would be with malloc. */
#if defined(__SANITIZE_ADDRESS__)
#define ARENA_POISON 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISON 1
#endif
#endif
#ifdef ARENA_POISON
#include <sanitizer/asan_interface.h>
enum { GAP = 16 };
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
enum { GAP = 0 };
#endif

/* Every arena keeps its first block, so it is a small one: what needs more is better shared through malloc. */
enum { FIRST_BLOCK = 16 * 1024, BLOCK_MAX = 256 * 1024, ALIGNMENT = _Alignof(max_align_t) };

typedef struct Block Block;
struct Block {
    Block *older;
    size_t size; /* of data */
    size_t used;
    _Alignas(max_align_t) char data[];
};

struct Arena {
    Block *newest;
    Block *first; /* the oldest; never given back before arena_free */
    void *last;   /* the newest allocation */
};

static _Noreturn void memory_ran_out(void) {
    fputs("onrecord: out of memory\n", stderr);
    abort();
}

/* What an allocation takes from its block. */
static size_t padded(size_t size) {
    if (size > PTRDIFF_MAX - 4096)
        memory_ran_out();
    return ((size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1)) + GAP;
}

static Block *block_new(size_t size) {
    Block *block = malloc(sizeof(Block) + size);
    if (block == NULL)
        memory_ran_out();
    block->older = NULL;
    block->size = size;
    block->used = 0;
    ASAN_POISON_MEMORY_REGION(block->data, size);
    return block;
}

static void block_free(Block *block) {
    ASAN_UNPOISON_MEMORY_REGION(block->data, block->size);
    free(block);
}

Arena *arena_new(void) {
    Arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL)
        memory_ran_out();
    arena->first = arena->newest = block_new(FIRST_BLOCK);
    return arena;
}

void arena_reset(Arena *arena) {
    while (arena->newest != arena->first) {
        Block *block = arena->newest;
        arena->newest = block->older;
        block_free(block);
    }
    arena->first->used = 0;
    ASAN_POISON_MEMORY_REGION(arena->first->data, arena->first->size);
    arena->last = NULL;
}

void arena_free(Arena *arena) {
    if (arena == NULL)
        return;
    arena_reset(arena);
    block_free(arena->first);
    free(arena);
}

/* Puts a new block with `room` free bytes on top. */
static void block_push(Arena *arena, size_t room) {
    size_t size = arena->newest->size >= BLOCK_MAX / 2 ? BLOCK_MAX : 2 * arena->newest->size;
    Block *block = block_new(size > room ? size : room);
    block->older = arena->newest;
    arena->newest = block;
}

void *arena_alloc(Arena *arena, size_t size) {
    size_t room = padded(size);
    if (arena->newest->size - arena->newest->used < room)
        block_push(arena, room);
    Block *block = arena->newest;
    void *at = block->data + block->used;
    block->used += room;
    arena->last = at;
    ASAN_UNPOISON_MEMORY_REGION(at, size);
    return at;
}

void *arena_calloc(Arena *arena, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        memory_ran_out();
    return memset(arena_alloc(arena, total), 0, total);
}

/* The newest allocation fills its block alone: let realloc find room, which for big ones moves pages and copies none.
 */
static void *block_grow(Arena *arena, size_t new_size) {
    Block *block = arena->newest;
    ASAN_UNPOISON_MEMORY_REGION(block->data, block->size);
    size_t room = padded(new_size);
    block = realloc(block, sizeof(Block) + room);
    if (block == NULL)
        memory_ran_out();
    block->size = block->used = room;
    ASAN_POISON_MEMORY_REGION(block->data + new_size, room - new_size);
    arena->newest = block;
    arena->last = block->data;
    return block->data;
}

void *arena_grow(Arena *arena, void *old, size_t old_size, size_t new_size) {
    if (old == NULL)
        return arena_alloc(arena, new_size);
    if (new_size <= old_size)
        return old;
    if (old == arena->last) {
        Block *block = arena->newest;
        size_t begin = (size_t)((char *)old - block->data);
        if (padded(new_size) <= block->size - begin) {
            block->used = begin + padded(new_size);
            ASAN_UNPOISON_MEMORY_REGION(old, new_size);
            return old;
        }
        if (begin == 0 && block != arena->first)
            return block_grow(arena, new_size);
    }
    return memcpy(arena_alloc(arena, new_size), old, old_size);
}

char *arena_strndup(Arena *arena, const char *text, size_t length) {
    char *copy = arena_alloc(arena, length + 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

char *arena_strdup(Arena *arena, const char *text) {
    return arena_strndup(arena, text, strlen(text));
}

char *arena_integer(Arena *arena, int64_t value) {
    return arena_printf(arena, "%" PRId64, value);
}

char *arena_printf(Arena *arena, const char *format, ...) {
    /* Into what is left of the block, where it mostly fits. */
    char *at = arena->newest->data + arena->newest->used;
    size_t room = arena->newest->size - arena->newest->used;
    va_list arguments;
    va_start(arguments, format);
    ASAN_UNPOISON_MEMORY_REGION(at, room);
    int length = vsnprintf(at, room, format, arguments);
    ASAN_POISON_MEMORY_REGION(at, room);
    va_end(arguments);
    if (length < 0)
        memory_ran_out(); /* the formats are ours: nothing else makes vsnprintf fail */
    char *text = arena_alloc(arena, (size_t)length + 1);
    if (text != at) {
        va_start(arguments, format);
        vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    return text;
}
