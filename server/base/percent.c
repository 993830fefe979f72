#include "base/percent.h"

#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"

char *percent_decode(Arena *arena, const char *text, size_t length, bool plus, const char **fault) {
    char *out = arena_alloc(arena, length + 1);
    size_t written = 0;
    for (size_t at = 0; at < length; at++) {
        char byte = text[at];
        if (byte == '%') {
            char digits[3] = {0};
            uint8_t value;
            memcpy(digits, text + at + 1, length - at > 2 ? 2 : length - at - 1);
            if (!hex_decode(digits, &value, 1)) {
                *fault = "a percent sign without two hexadecimal digits after it";
                return NULL;
            }
            byte = (char)value;
            at += 2;
        } else if (byte == '+' && plus) {
            byte = ' ';
        }
        if (byte == '\0') {
            *fault = "a NUL byte";
            return NULL;
        }
        out[written++] = byte;
    }
    out[written] = '\0';
    if (!utf8_valid(out, written)) {
        *fault = "bytes that are not UTF-8";
        return NULL;
    }
    return out;
}

static bool stays(unsigned char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           (byte != '\0' && strchr("-._~,:*@", byte) != NULL);
}

void percent_encode(Buffer *out, const char *text) {
    static const char digits[] = "0123456789ABCDEF";
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        if (stays(byte)) {
            buffer_add_char(out, *text);
        } else {
            char triplet[3] = {'%', digits[byte >> 4], digits[byte & 15]};
            buffer_add(out, triplet, sizeof triplet);
        }
    }
}
