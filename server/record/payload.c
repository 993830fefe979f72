#include "record/payload.h"

#include <string.h>

#include "base/utf8.h"

/* True when brackets nest deeper than PAYLOAD_DEPTH_MAX; `*at` is where they do. Only a bound for the parser's stack:
 * what is not JSON at all is the parser's to say. */
static bool too_deep(const char *data, size_t length, size_t *at) {
    int depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        char c = data[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > PAYLOAD_DEPTH_MAX) {
                *at = i;
                return true;
            }
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return false;
}

static void position(const char *data, size_t at, size_t *line, size_t *column) {
    const char *start = data;
    *line = 1;
    for (const char *c = data; c < data + at; c++) {
        if (*c == '\n') {
            *line += 1;
            start = c + 1;
        }
    }
    *column = utf8_length(start, (size_t)(data + at - start)) + 1;
}

/* How many bytes from the beginning are valid UTF-8. */
static size_t valid_length(const char *data, size_t length) {
    size_t at = 0;
    while (at < length) {
        unsigned char lead = (unsigned char)data[at];
        size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        if (size > length - at || !utf8_valid(data + at, size))
            break;
        at += size;
    }
    return at;
}

/* The parser cuts its messages to a length, perhaps within a character. */
static const char *message_copy(Arena *arena, const char *text) {
    size_t length = strlen(text);
    while (length > 0 && !utf8_valid(text, length))
        length--;
    return arena_strndup(arena, text, length);
}

/* "The body <fault> (line 3, column 7)."; of what is one line anyway: "The line <fault> (column 7)." */
static const char *fault_at(Arena *arena, bool lines, const char *fault, size_t line, size_t column) {
    return lines ? arena_printf(arena, "The line %s (column %zu).", fault, column)
                 : arena_printf(arena, "The body %s (line %zu, column %zu).", fault, line, column);
}

static json_t *parse(Arena *arena, bool lines, const char *data, size_t length, const char **fault) {
    size_t line;
    size_t column;
    size_t at = 0;
    if (length >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) {
        *fault = fault_at(arena, lines, "begins with a byte order mark, which JSON may not have", 1, 1);
        return NULL;
    }
    if (!utf8_valid(data, length)) {
        position(data, valid_length(data, length), &line, &column);
        *fault = fault_at(arena, lines, "is not valid UTF-8", line, column);
        return NULL;
    }
    if (too_deep(data, length, &at)) {
        position(data, at, &line, &column);
        const char *deeper = arena_printf(arena, "nests deeper than %d levels", (int)PAYLOAD_DEPTH_MAX);
        *fault = fault_at(arena, lines, deeper, line, column);
        return NULL;
    }
    json_error_t error;
    json_t *json = json_loadb(data, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (json == NULL) {
        const char *wrong = arena_printf(arena, "is not valid JSON: %s", message_copy(arena, error.text));
        *fault = fault_at(arena, lines, wrong, (size_t)error.line, (size_t)error.column);
    }
    return json;
}

json_t *payload_parse(Arena *arena, const char *data, size_t length, const char **fault) {
    return parse(arena, false, data, length, fault);
}

json_t *payload_parse_line(Arena *arena, const char *data, size_t length, const char **fault) {
    return parse(arena, true, data, length, fault);
}
