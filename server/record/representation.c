#include "record/representation.h"

#include <stddef.h>
#include <string.h>

#include "base/buffer.h"

static const Representation representations[FORMAT_COUNT] = {
    [FORMAT_JSON] = {.name = "json",
                     .media_types = {"application/json"},
                     .content_type = "application/json",
                     .extension = "json"},
    [FORMAT_NDJSON] = {.name = "ndjson",
                       .media_types = {"application/x-ndjson", "application/ndjson", "application/jsonl"},
                       .content_type = "application/x-ndjson",
                       .extension = "ndjson",
                       .streams = true},
    [FORMAT_CSV] = {.name = "csv",
                    .media_types = {"text/csv"},
                    .content_type = "text/csv; charset=utf-8; header=present",
                    .extension = "csv",
                    .streams = true},
    [FORMAT_JSONLD] = {.name = "jsonld",
                       .media_types = {"application/ld+json"},
                       .content_type = "application/ld+json",
                       .extension = "jsonld"},
    [FORMAT_ATOM] = {.name = "atom",
                     .media_types = {"application/atom+xml"},
                     .content_type = "application/atom+xml; charset=utf-8",
                     .extension = "atom"},
    [FORMAT_EVENTS] = {.name = "sse",
                       .media_types = {"text/event-stream"},
                       .content_type = "text/event-stream",
                       .extension = "sse"},
    [FORMAT_HTML] = {.media_types = {"text/html"}, .content_type = "text/html; charset=utf-8", .extension = "html"},
    [FORMAT_YAML] = {.media_types = {"application/yaml"}, .content_type = "application/yaml", .extension = "yaml"},
    [FORMAT_TEXT] = {.media_types = {"text/plain"}, .content_type = "text/plain; charset=utf-8", .extension = "txt"},
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
