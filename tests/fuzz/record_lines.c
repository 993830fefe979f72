/* Lines: pieces of any size are the same lines as the whole, and each is within its bound. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition)
        abort();
}

/* What all lines come to, as one text; its pieces are as long as the bytes of `sizes` say. */
static Buffer split(Arena *arena, const char *data, size_t size, size_t max, const uint8_t *sizes, size_t size_count) {
    Buffer out = buffer_new(arena, size);
    Lines lines = lines_new(max, 0, 0);
    Line line;
    size_t n = 0;
    for (size_t at = 0; at < size; n++) {
        size_t piece = size_count > 0 ? (size_t)sizes[n % size_count] + 1 : size;
        size_t taken = lines_take(&lines, data + at, piece < size - at ? piece : size - at, &line);
        require(taken > 0);
        at += taken;
        if (line.text == NULL)
            continue;
        require(line.length <= max && line.end == (int64_t)at);
        buffer_printf(&out, "%lld %d ", (long long)line.number, line.too_long);
        buffer_add(&out, line.text, line.length);
    }
    lines_end(&lines, &line);
    if (line.text != NULL)
        buffer_add(&out, line.text, line.length);
    lines_release(&lines);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 10)
        return 0;
    Arena *arena = arena_new();
    size_t max = data[0] + 1U;
    Buffer whole = split(arena, (const char *)data + 9, size - 9, max, NULL, 0);
    Buffer pieces = split(arena, (const char *)data + 9, size - 9, max, data + 1, 8);
    require(whole.length == pieces.length && memcmp(whole.data, pieces.data, whole.length) == 0);
    arena_free(arena);
    return 0;
}
