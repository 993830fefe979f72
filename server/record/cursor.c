#include "record/cursor.h"

#include <string.h>

#include "base/buffer.h"
#include "base/hash.h"

enum { FORMAT = 1, TAG = 16, HEAD = 1 + sizeof(uint64_t), LENGTH_NULL = 0xffff };

static void value_put(Buffer *out, const char *value) {
    size_t length = value == NULL ? LENGTH_NULL : strlen(value);
    buffer_add_char(out, (char)(length & 0xff));
    buffer_add_char(out, (char)(length >> 8));
    if (value != NULL)
        buffer_add(out, value, length);
}

const char *cursor_encode(Arena *arena, const uint8_t key[32], uint64_t query, const char *const *values, int count) {
    Buffer out = buffer_new(arena, 128);
    uint8_t tag[SHA256_SIZE];
    buffer_add_char(&out, FORMAT);
    buffer_add(&out, (const char *)&query, sizeof query);
    for (int i = 0; i < count; i++) {
        if (values[i] != NULL && strlen(values[i]) > CURSOR_MAX)
            return NULL;
        value_put(&out, values[i]);
    }
    hmac_sha256(key, 32, out.data, out.length, tag);
    buffer_add(&out, (const char *)tag, TAG);
    const char *text = base64url_encode(arena, out.data, out.length);
    return strlen(text) <= CURSOR_MAX ? text : NULL;
}

/* Reads the values from a payload whose tag was right. */
static bool values_get(Arena *arena, const uint8_t *at, const uint8_t *end, const char **values, int count) {
    for (int i = 0; i < count; i++) {
        if (end - at < 2)
            return false;
        size_t length = (size_t)(at[0] | at[1] << 8);
        at += 2;
        if (length == LENGTH_NULL) {
            values[i] = NULL;
            continue;
        }
        if ((size_t)(end - at) < length)
            return false;
        values[i] = arena_strndup(arena, (const char *)at, length);
        at += length;
    }
    return at == end;
}

CursorFault cursor_decode(Arena *arena, const uint8_t key[32], uint64_t query, const char *cursor, const char **values,
                          int count) {
    size_t length = 0;
    size_t text_length = strlen(cursor);
    uint8_t tag[SHA256_SIZE];
    uint8_t *data = text_length <= CURSOR_MAX ? base64url_decode(arena, cursor, text_length, &length) : NULL;
    if (data == NULL || length < HEAD + TAG || data[0] != FORMAT)
        return CURSOR_MALFORMED;
    hmac_sha256(key, 32, data, length - TAG, tag);
    if (!equal_constant_time(tag, data + length - TAG, TAG))
        return CURSOR_MALFORMED;
    if (memcmp(data + 1, &query, sizeof query) != 0)
        return CURSOR_OF_ANOTHER_QUERY;
    return values_get(arena, data + HEAD, data + length - TAG, values, count) ? CURSOR_OK : CURSOR_MALFORMED;
}
