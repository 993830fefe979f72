/* Cursors: none that we did not sign is taken; what we sign comes back as it was. The input is a cursor, and values
 * parted by NUL bytes (0xff alone: null). */
#include "exchange.h"

#include "record/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { VALUES_MAX = 5 };

static int values_of(Arena *arena, const uint8_t *data, size_t size, const char *values[VALUES_MAX]) {
    int count = 0;
    for (size_t at = 0; at <= size && count < VALUES_MAX; count++) {
        const char *value = arena_strndup(arena, (const char *)data + at, size - at);
        at += strlen(value) + 1;
        values[count] = strcmp(value, "\xff") == 0 ? NULL : value;
    }
    return count;
}

static void roundtrip(Arena *arena, const uint8_t *data, size_t size) {
    const char *values[VALUES_MAX], *back[VALUES_MAX];
    int count = values_of(arena, data, size, values);
    const char *cursor = cursor_encode(arena, fuzz_service.cursor_key, size, values, count);
    if (cursor == NULL)
        return;
    MUST(strlen(cursor) <= CURSOR_MAX);
    MUST(cursor_decode(arena, fuzz_service.cursor_key, size, cursor, back, count) == CURSOR_OK);
    for (int i = 0; i < count; i++)
        MUST(values[i] == NULL ? back[i] == NULL : back[i] != NULL && strcmp(values[i], back[i]) == 0);
    MUST(cursor_decode(arena, fuzz_service.cursor_key, size + 1, cursor, back, count) == CURSOR_OF_ANOTHER_QUERY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Arena *arena = arena_new();
    const char *values[VALUES_MAX];
    const char *cursor = arena_strndup(arena, (const char *)data, size);
    for (int count = 0; count <= VALUES_MAX; count++)
        MUST(cursor_decode(arena, fuzz_service.cursor_key, 0, cursor, values, count) == CURSOR_MALFORMED);
    roundtrip(arena, data, size);
    arena_free(arena);
    return 0;
}
