/* Which representation a stranger gets. The first two bytes of the input are the set that is offered; up to the first
 * line feed stands `format`, behind it Accept. Nothing may crash, and nothing is chosen that is not offered and asked
 * for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/negotiate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition)
        abort();
}

static void choose_by_name(unsigned formats, const char *name) {
    Format format = format_named(formats, name);
    require(format <= FORMAT_COUNT);
    if (format == FORMAT_COUNT)
        return;
    require(format_offered(formats, format));
    require(strcmp(representation_of(format)->name, name) == 0);
}

/* Whether `accept` names anything that could mean the format: its type, or a range. */
static bool might_mean(const char *accept, Format format) {
    const Representation *representation = representation_of(format);
    if (strchr(accept, '*') != NULL || accept[strspn(accept, " \t,")] == '\0')
        return true;
    for (int i = 0; i < MEDIA_TYPES_MAX && representation->media_types[i] != NULL; i++)
        if (strcasestr(accept, representation->media_types[i]) != NULL)
            return true;
    return false;
}

static void choose_by_accept(unsigned formats, const char *accept) {
    Format format = negotiate_format(accept, formats);
    require(format <= FORMAT_COUNT);
    if (format != FORMAT_COUNT) {
        require(format_offered(formats, format));
        require(might_mean(accept, format));
        return;
    }
    /* What takes anything is not refused, unless there is nothing to choose from. */
    const char *offers[OFFERS_MAX];
    Format stands_for[OFFERS_MAX];
    require(strcmp(accept, "*/*") != 0 || format_offers(formats, offers, stands_for) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    unsigned formats = (data[0] | (unsigned)data[1] << 8) & (FORMAT_BIT(FORMAT_COUNT) - 1);
    Arena *arena = arena_new();
    char *accept = arena_strndup(arena, (const char *)data + 2, size - 2);
    char *name = strsep(&accept, "\n");
    choose_by_name(formats, name);
    choose_by_accept(formats, accept != NULL ? accept : "");
    require(format_names(arena, formats) != NULL && format_media_types(arena, formats) != NULL);
    arena_free(arena);
    return 0;
}
