/* memory.h: memory that outlives requests. Running out of it ends the process, as in arena.h: what is
 * asked for here is small and bounded. Give it back with free(). */
#ifndef ONRECORD_BASE_MEMORY_H
#define ONRECORD_BASE_MEMORY_H

#include <stddef.h>

void *memory_zeroed(size_t count, size_t size) __attribute__((returns_nonnull));
/* What `memory` held (NULL: nothing), in room for `count` of `size` bytes. */
void *memory_grown(void *memory, size_t count, size_t size) __attribute__((returns_nonnull));
char *memory_text(const char *text) __attribute__((returns_nonnull));

#endif
