/* A body: parsed, or refused with a message that is valid UTF-8. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "record/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Arena *arena = arena_new();
    const char *fault = NULL;
    json_t *json = payload_parse(arena, (const char *)data, size, &fault);
    if ((json == NULL) != (fault != NULL) || (fault && !utf8_valid(fault, strlen(fault))))
        abort();
    json_decref(json);
    arena_free(arena);
    return 0;
}
