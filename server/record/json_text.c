#include "record/json_text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"

enum {
    INTEGER_DIGITS = 18 /* that always fit into 64 bits, sign or not */,
    REAL_DIGITS = 17 /* that tell any two doubles apart */
};

static void real_write(Buffer *out, double number) {
    char text[40];
    for (int digits = 15; digits <= REAL_DIGITS; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    buffer_add_string(out, text);
    if (strpbrk(text, ".e") == NULL)
        buffer_add_string(out, ".0"); /* stays a real when it is read */
}

static void string_write(Buffer *out, const char *text, size_t length) {
    JsonWriter w = json_writer_new(out);
    writer_string_n(&w, text, length);
}

static void value_write(Buffer *out, const json_t *json);

static void array_write(Buffer *out, const json_t *json) {
    for (size_t i = 0; i < json_array_size(json); i++) {
        buffer_add_char(out, i == 0 ? '[' : ',');
        value_write(out, json_array_get(json, i));
    }
    buffer_add_string(out, json_array_size(json) == 0 ? "[]" : "]");
}

static void object_write(Buffer *out, const json_t *json) {
    const char *name;
    json_t *value;
    char before = '{';
    json_object_foreach((json_t *)(uintptr_t)json, name, value) {
        buffer_add_char(out, before);
        string_write(out, name, strlen(name));
        buffer_add_char(out, ':');
        value_write(out, value);
        before = ',';
    }
    buffer_add_string(out, before == '{' ? "{}" : "}");
}

static void value_write(Buffer *out, const json_t *json) {
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        object_write(out, json);
        break;
    case JSON_ARRAY:
        array_write(out, json);
        break;
    case JSON_STRING:
        string_write(out, json_string_value(json), json_string_length(json));
        break;
    case JSON_INTEGER:
        buffer_add_integer(out, json_integer_value(json));
        break;
    case JSON_REAL:
        real_write(out, json_real_value(json));
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        buffer_add_string(out, json_is_true(json) ? "true" : "false");
        break;
    case JSON_NULL:
        buffer_add_string(out, "null");
        break;
    }
}

const char *json_text(Arena *arena, const json_t *json) {
    Buffer out = buffer_new(arena, 256);
    value_write(&out, json);
    return out.data;
}

/* What stands at `text` up to the end of a string, of a number, or one other character. */
static size_t token_length(const char *text, size_t length) {
    if (*text == '"') {
        size_t at = 1;
        while (at < length && text[at] != '"')
            at += text[at] == '\\' ? 2 : 1;
        return at < length ? at + 1 : length;
    }
    size_t at = 0;
    while (at < length && text[at] != '\0' && strchr("0123456789.eE+-", text[at]) != NULL)
        at++;
    return at > 0 ? at : 1;
}

/* `text` begins with a number of `token` characters. */
static bool is_endless(const char *text, size_t token) {
    if (token <= INTEGER_DIGITS || strcspn(text, ".eE") < token)
        return false;
    errno = 0;
    strtoll(text, NULL, 10);
    return errno == ERANGE;
}

json_t *json_from_text(Arena *arena, const char *text, size_t length) {
    Buffer out = buffer_new(arena, length);
    for (size_t at = 0; at < length;) {
        size_t token = token_length(text + at, length - at);
        buffer_add(&out, text + at, token);
        if (text[at] != '"' && is_endless(text + at, token))
            buffer_add_string(&out, "e0"); /* makes it a real */
        at += token;
    }
    return json_loadb(out.data, out.length, 0, NULL);
}
