/* json_writer.h: writes JSON text (RFC 8259) into a buffer, commas included.
 *
 * Values follow keys inside objects and one another inside arrays; the writer sets the commas. Depth is at most
 * JSON_WRITER_DEPTH (asserted). Text is taken as valid UTF-8 and goes out as it is, but for what JSON must escape. */
#ifndef ONRECORD_BASE_JSON_WRITER_H
#define ONRECORD_BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum { JSON_WRITER_DEPTH = 60 };

typedef struct JsonWriter {
    Buffer *out;
    uint64_t begun; /* bit n: the container at depth n has a member already */
    unsigned depth;
    bool after_key;
} JsonWriter;

JsonWriter json_writer_new(Buffer *out);

void writer_object_begin(JsonWriter *w);
void writer_object_end(JsonWriter *w);
void writer_array_begin(JsonWriter *w);
void writer_array_end(JsonWriter *w);

/* A key; the next value written is its own. `key` needs no escaping (a name from one of our tables). */
void writer_key(JsonWriter *w, const char *key);
/* A key that may need escaping. */
void writer_key_escaped(JsonWriter *w, const char *key, size_t length);

void writer_string(JsonWriter *w, const char *text);
void writer_string_n(JsonWriter *w, const char *text, size_t length);
void writer_int(JsonWriter *w, int64_t value);
void writer_bool(JsonWriter *w, bool value);
void writer_null(JsonWriter *w);
/* `json` is JSON text already; goes out as it is. */
void writer_raw(JsonWriter *w, const char *json, size_t length);
/* The same, without the white space between tokens (what PostgreSQL puts into the text of a jsonb). */
void writer_raw_compact(JsonWriter *w, const char *json, size_t length);

#endif
