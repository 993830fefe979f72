#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void memory_ran_out(void) {
    fputs("onrecord: out of memory\n", stderr);
    abort();
}

void *memory_zeroed(size_t count, size_t size) {
    void *memory = calloc(count, size);
    if (!memory)
        memory_ran_out();
    return memory;
}

void *memory_grown(void *memory, size_t count, size_t size) {
    void *grown = reallocarray(memory, count, size);
    if (!grown)
        memory_ran_out();
    return grown;
}

char *memory_text(const char *text) {
    char *copy = strdup(text);
    if (!copy)
        memory_ran_out();
    return copy;
}
