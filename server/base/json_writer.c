#include "base/json_writer.h"

#include <assert.h>
#include <string.h>

JsonWriter json_writer_new(Buffer *out) {
    return (JsonWriter){.out = out};
}

/* The comma before a value or key that is not the first of its container. */
static void separate(JsonWriter *w) {
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    uint64_t bit = (uint64_t)1 << w->depth;
    if (w->depth > 0 && (w->begun & bit) != 0)
        buffer_add_char(w->out, ',');
    w->begun |= bit;
}

static void container_begin(JsonWriter *w, char bracket) {
    separate(w);
    assert(w->depth < JSON_WRITER_DEPTH);
    buffer_add_char(w->out, bracket);
    w->depth++;
    w->begun &= ~((uint64_t)1 << w->depth);
}

static void container_end(JsonWriter *w, char bracket) {
    assert(w->depth > 0 && !w->after_key);
    w->depth--;
    buffer_add_char(w->out, bracket);
}

void writer_object_begin(JsonWriter *w) {
    container_begin(w, '{');
}

void writer_object_end(JsonWriter *w) {
    container_end(w, '}');
}

void writer_array_begin(JsonWriter *w) {
    container_begin(w, '[');
}

void writer_array_end(JsonWriter *w) {
    container_end(w, ']');
}

/* True for the bytes that RFC 8259 wants escaped inside a string. */
static bool must_escape(unsigned char byte) {
    return byte < 0x20 || byte == '"' || byte == '\\';
}

/* Sixteen bytes that the processor compares at once; what is true of each, 0 or -1. */
typedef uint8_t Bytes __attribute__((vector_size(16)));
typedef int8_t Truths __attribute__((vector_size(16)));

/* How many bytes from `text` on go out as they are. */
static size_t plain_run(const char *text, size_t length) {
    const Bytes zero = {0};
    size_t at = 0;
    for (; length - at >= sizeof(Bytes); at += sizeof(Bytes)) {
        Bytes bytes;
        uint64_t found[2];
        memcpy(&bytes, text + at, sizeof bytes);
        Truths escaped = (bytes < zero + 0x20) | (bytes == zero + '"') | (bytes == zero + '\\');
        memcpy(found, &escaped, sizeof found);
        if ((found[0] | found[1]) != 0)
            break;
    }
    while (at < length && !must_escape((unsigned char)text[at]))
        at++;
    return at;
}

/* Writes the escape of `byte` and answers its length: 2 or 6. */
static size_t escape_write(char out[6], unsigned char byte) {
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = {
        ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    out[0] = '\\';
    if (letters[byte] != 0) {
        out[1] = letters[byte];
        return 2;
    }
    out[1] = 'u';
    out[2] = out[3] = '0';
    out[4] = digits[byte >> 4];
    out[5] = digits[byte & 15];
    return 6;
}

static void quoted_add(Buffer *out, const char *text, size_t length) {
    buffer_reserve(out, length + 2); /* enough unless something is escaped */
    buffer_add_char(out, '"');
    for (size_t at = 0;;) {
        size_t run = plain_run(text + at, length - at);
        buffer_add(out, text + at, run);
        at += run;
        if (at == length)
            break;
        buffer_commit(out, escape_write(buffer_reserve(out, 6), (unsigned char)text[at]));
        at++;
    }
    buffer_add_char(out, '"');
}

void writer_key(JsonWriter *w, const char *key) {
    assert(!w->after_key);
    separate(w);
    buffer_add_char(w->out, '"');
    buffer_add_string(w->out, key);
    buffer_add(w->out, "\":", 2);
    w->after_key = true;
}

void writer_key_escaped(JsonWriter *w, const char *key, size_t length) {
    assert(!w->after_key);
    separate(w);
    quoted_add(w->out, key, length);
    buffer_add_char(w->out, ':');
    w->after_key = true;
}

void writer_string(JsonWriter *w, const char *text) {
    writer_string_n(w, text, strlen(text));
}

void writer_string_n(JsonWriter *w, const char *text, size_t length) {
    separate(w);
    quoted_add(w->out, text, length);
}

void writer_int(JsonWriter *w, int64_t value) {
    separate(w);
    buffer_add_integer(w->out, value);
}

void writer_bool(JsonWriter *w, bool value) {
    separate(w);
    buffer_add_string(w->out, value ? "true" : "false");
}

void writer_null(JsonWriter *w) {
    separate(w);
    buffer_add(w->out, "null", 4);
}

void writer_raw(JsonWriter *w, const char *json, size_t length) {
    separate(w);
    buffer_add(w->out, json, length);
}

/* Where the string that begins at json[at] ends: behind its closing quotation mark. */
static size_t string_end(const char *json, size_t length, size_t at) {
    for (at++; at < length && json[at] != '"'; at++)
        if (json[at] == '\\')
            at++;
    return at < length ? at + 1 : length;
}

void writer_raw_compact(JsonWriter *w, const char *json, size_t length) {
    separate(w);
    char *out = buffer_reserve(w->out, length);
    size_t written = 0;
    for (size_t at = 0; at < length;) {
        if (json[at] == '"') {
            size_t end = string_end(json, length, at);
            memcpy(out + written, json + at, end - at);
            written += end - at;
            at = end;
        } else {
            char byte = json[at++];
            if (byte != ' ' && byte != '\n' && byte != '\t' && byte != '\r')
                out[written++] = byte;
        }
    }
    buffer_commit(w->out, written);
}
