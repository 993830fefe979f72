#include "base/xml_text.h"

#include <stdbool.h>

/* What stands for a byte below 0x80; NULL: itself. */
static const char *escape_of(unsigned char byte, bool value) {
    switch (byte) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;"; /* must be in "]]>" */
    case '"':
        return "&quot;";
    case '\r':
        return "&#13;"; /* else a parser takes it for the end of a line */
    case '\t':
        return value ? "&#9;" : NULL;
    case '\n':
        return value ? "&#10;" : NULL;
    default:
        return byte < 0x20 ? "\uFFFD" : NULL;
    }
}

/* U+FFFE or U+FFFF: EF BF BE, EF BF BF. Surrogates are not in valid UTF-8. */
static bool is_no_character(const char *text, size_t left) {
    return left >= 3 && memcmp(text, "\xEF\xBF", 2) == 0 && ((unsigned char)text[2] & 0xFE) == 0xBE;
}

static void add(Buffer *out, const char *text, size_t length, bool value) {
    size_t begin = 0;
    for (size_t at = 0; at < length;) {
        size_t size = 1;
        const char *escape = escape_of((unsigned char)text[at], value);
        if (is_no_character(text + at, length - at)) {
            escape = "\uFFFD";
            size = 3;
        }
        if (escape != NULL) {
            buffer_add(out, text + begin, at - begin);
            buffer_add_string(out, escape);
            begin = at + size;
        }
        at += size;
    }
    buffer_add(out, text + begin, length - begin);
}

void xml_add_text(Buffer *out, const char *text, size_t length) {
    add(out, text, length, false);
}

void xml_add_value(Buffer *out, const char *text, size_t length) {
    add(out, text, length, true);
}
