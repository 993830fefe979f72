#include "http/conditional.h"

#include <string.h>

typedef struct Tag {
    bool weak;
    const char *text; /* without quotes */
    size_t length;
} Tag;

static const char *skip_blank(const char *at) {
    return at + strspn(at, " \t");
}

/* Reads one tag and what parts it from the next. 1: read, 0: the end, -1: malformed. */
static int tag_next(const char **rest, Tag *tag) {
    const char *at = *rest + strspn(*rest, " \t,");
    if (*at == 0) {
        *rest = at;
        return 0;
    }
    tag->weak = at[0] == 'W' && at[1] == '/';
    at += tag->weak ? 2 : 0;
    if (*at != '"')
        return -1;
    at++;
    tag->text = at;
    while (*at && *at != '"') {
        unsigned char c = (unsigned char)*at;
        if (c < 0x21 || c == 0x7f)
            return -1;
        at++;
    }
    if (*at != '"')
        return -1;
    tag->length = (size_t)(at - tag->text);
    at = skip_blank(at + 1);
    if (*at != 0 && *at != ',')
        return -1;
    *rest = at;
    return 1;
}

static bool is_any(const char *value) {
    value = skip_blank(value);
    return value[0] == '*' && *skip_blank(value + 1) == 0;
}

/* `7` or `7-...`; 0 when it is not a version of ours. */
static int64_t tag_version(Tag tag) {
    int64_t version = 0;
    size_t i = 0;
    for (; i < tag.length && tag.text[i] >= '0' && tag.text[i] <= '9'; i++) {
        if (i == 18)
            return 0;
        version = version * 10 + (tag.text[i] - '0');
    }
    bool ends = i == tag.length || tag.text[i] == '-';
    return i > 0 && tag.text[0] != '0' && ends ? version : 0;
}

bool conditional_if_match(const char *value, IfMatch *match) {
    *match = (IfMatch){.given = value != NULL};
    if (value == NULL)
        return true;
    if (is_any(value)) {
        match->any = true;
        return true;
    }
    const char *rest = value;
    Tag tag;
    int read;
    int tags = 0;
    while ((read = tag_next(&rest, &tag)) == 1) {
        if (++tags > IF_MATCH_MAX)
            return false;
        int64_t version = tag.weak ? 0 : tag_version(tag);
        if (version > 0)
            match->versions[match->count++] = version;
    }
    return read == 0 && tags > 0;
}

bool conditional_none_match(const char *value, const char *etag, bool *gzip) {
    static const char suffix[] = "-gzip";
    const size_t suffix_length = sizeof(suffix) - 1;
    *gzip = false;
    if (value == NULL || etag == NULL)
        return false;
    if (is_any(value))
        return true;
    size_t length = strlen(etag);
    const char *rest = value;
    Tag tag;
    while (tag_next(&rest, &tag) == 1) {
        if (tag.length < length || memcmp(tag.text, etag, length) != 0)
            continue;
        if (tag.length == length)
            return true;
        if (tag.length == length + suffix_length && memcmp(tag.text + length, suffix, suffix_length) == 0) {
            *gzip = true;
            return true;
        }
    }
    return false;
}
