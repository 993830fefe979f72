#include "record/representation.h"

#include <stddef.h>
#include <string.h>

#include "base/buffer.h"

static const Representation representations[FORMAT_COUNT] = {
    [FORMAT_JSON] = {"json", {"application/json"}, "application/json", "json"},
    [FORMAT_NDJSON] = {"ndjson",
                       {"application/x-ndjson", "application/ndjson", "application/jsonl"},
                       "application/x-ndjson",
                       "ndjson"},
    [FORMAT_CSV] = {"csv", {"text/csv"}, "text/csv; charset=utf-8; header=present", "csv"},
    [FORMAT_JSONLD] = {"jsonld", {"application/ld+json"}, "application/ld+json", "jsonld"},
    [FORMAT_ATOM] = {"atom", {"application/atom+xml"}, "application/atom+xml; charset=utf-8", "atom"},
    [FORMAT_HTML] = {NULL, {"text/html"}, "text/html; charset=utf-8", "html"},
    [FORMAT_YAML] = {NULL, {"application/yaml"}, "application/yaml", "yaml"},
    [FORMAT_TEXT] = {NULL, {"text/plain"}, "text/plain; charset=utf-8", "txt"},
    [FORMAT_FILE] = {NULL, {NULL}, NULL, NULL},
};

const Representation *representation_of(Format format) {
    return &representations[format];
}

bool format_offered(unsigned formats, Format format) {
    return ((formats == 0 ? FORMAT_BIT(FORMAT_JSON) : formats) & FORMAT_BIT(format)) != 0;
}

Format format_named(unsigned formats, const char *name) {
    for (Format format = 0; format < FORMAT_COUNT; format++) {
        const char *known = representations[format].name;
        if (known != NULL && format_offered(formats, format) && strcmp(known, name) == 0)
            return format;
    }
    return FORMAT_COUNT;
}

int format_offers(unsigned formats, const char *media_types[OFFERS_MAX], Format stands_for[OFFERS_MAX]) {
    int count = 0;
    for (Format format = 0; format < FORMAT_COUNT; format++) {
        if (!format_offered(formats, format))
            continue;
        for (int i = 0; i < MEDIA_TYPES_MAX && representations[format].media_types[i] != NULL; i++) {
            media_types[count] = representations[format].media_types[i];
            stands_for[count++] = format;
        }
    }
    return count;
}

/* "a, b or c" of what `text_of` says of each of the set. */
static const char *format_list(Arena *arena, unsigned formats, const char *(*text_of)(Format)) {
    Buffer list = buffer_new(arena, 64);
    const char *last = NULL;
    for (Format format = 0; format < FORMAT_COUNT; format++) {
        if (!format_offered(formats, format) || text_of(format) == NULL)
            continue;
        if (last != NULL)
            buffer_printf(&list, "%s%s", list.length > 0 ? ", " : "", last);
        last = text_of(format);
    }
    if (last != NULL)
        buffer_printf(&list, "%s%s", list.length > 0 ? " or " : "", last);
    return list.data;
}

static const char *name_of(Format format) {
    return representations[format].name;
}

static const char *media_type_of(Format format) {
    return representations[format].media_types[0];
}

const char *format_names(Arena *arena, unsigned formats) {
    return format_list(arena, formats, name_of);
}

const char *format_media_types(Arena *arena, unsigned formats) {
    return format_list(arena, formats, media_type_of);
}
