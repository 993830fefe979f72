/* Percent-encoding, UTF-8, names and points in time: each against its inverse or a plain way to do the same. The input
 * is one text. */
#include "exchange.h"

#include "base/moment.h"
#include "base/percent.h"
#include "db/array.h"
#include "record/json_text.h"
#include "record/type.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void percent(Arena *arena, const char *text, size_t size) {
    const char *fault = NULL;
    for (int plus = 0; plus <= 1; plus++) {
        char *decoded = percent_decode(arena, text, size, plus, &fault);
        MUST(decoded != NULL || fault != NULL);
        if (decoded == NULL)
            continue;
        MUST(utf8_valid(decoded, strlen(decoded)));
        Buffer encoded = buffer_new(arena, 0);
        percent_encode(&encoded, decoded);
        char *again = percent_decode(arena, encoded.data, encoded.length, plus, &fault);
        MUST(again != NULL && strcmp(again, decoded) == 0);
    }
}

/* Offsets the slow way: code point by code point. */
static void offsets(const char *text, size_t size) {
    size_t points = 0, units = 0;
    const char *end = text + size;
    for (const char *at = text; at < end; points++) {
        size_t point;
        MUST(utf8_offset(text, size, points) == (size_t)(at - text));
        MUST(utf8_to_utf16(text, size, points) == units);
        MUST(utf8_from_utf16(text, size, units, &point) && point == points);
        const char *next = at;
        uint32_t c = utf8_next(&next, end);
        MUST(c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF));
        const char *back = next;
        MUST(utf8_previous(&back, text) == c && back == at);
        if (c > 0xFFFF)
            MUST(!utf8_from_utf16(text, size, units + 1, &point));
        units += c > 0xFFFF ? 2 : 1;
        at = next;
    }
    MUST(utf8_length(text, size) == points && utf8_length_utf16(text, size) == units);
}

static void names(Arena *arena, const char *text, size_t size) {
    size_t length, again_length;
    char *name = utf8_name(arena, text, size, &length);
    if (name == NULL)
        return;
    MUST(utf8_valid(name, length));
    char *again = utf8_name(arena, name, length, &again_length);
    MUST(again != NULL && again_length == length && memcmp(again, name, length) == 0);
}

static void moments(const char *text) {
    char first[MOMENT_TEXT], last[MOMENT_TEXT], utc[MOMENT_TEXT], again[MOMENT_TEXT];
    bool date = edtf_interval(text, first, last);
    MUST(date == edtf_valid(text));
    if (date)
        MUST(strcmp(first, last) <= 0 && edtf_valid(first) && edtf_valid(last));
    if (timestamp_parse(text, utc)) {
        MUST(timestamp_parse(utc, again) && strcmp(utc, again) == 0);
        MUST(timestamp_interval(text, first, last));
        MUST(strcmp(first, utc) == 0);
    } else {
        MUST(timestamp_interval(text, first, last) == date);
    }
    timestamp_from_pg(text, utc);
}

static void values(Arena *arena, const char *text) {
    for (int type = 0; type < TYPE_COUNT; type++) {
        static const char *const allowed[] = {"a", "b", NULL};
        Field field = {.name = "f", .type = (FieldType)type, .values = allowed};
        if (type_of(&field)->parse == NULL)
            continue;
        Value value = type_of(&field)->parse(arena, &field, text);
        MUST((value.text != NULL) != (value.fault != NULL));
    }
    const char **items;
    const char *given[] = {text, "", text};
    MUST(array_elements(arena, array_literal(arena, given, 3), &items) == 3);
    MUST(strcmp(items[0], text) == 0 && strcmp(items[2], text) == 0);
}

static void json(Arena *arena, const char *text, size_t size) {
    json_t *value = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
    if (value == NULL)
        return;
    const char *out = json_text(arena, value);
    json_t *again = json_from_text(arena, out, strlen(out));
    MUST(again != NULL && json_equal(again, value));
    json_decref(again);
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Arena *arena = arena_new();
    char *text = arena_strndup(arena, (const char *)data, size);
    percent(arena, text, size);
    json(arena, text, strlen(text));
    if (utf8_valid(text, size)) {
        offsets(text, size);
        names(arena, text, size);
        if (strlen(text) == size) {
            moments(text);
            values(arena, text);
        }
    }
    arena_free(arena);
    return 0;
}
