#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* More marks than this on one letter are not a name; and utf8proc sorts them in quadratic time. */
enum { MARKS_MAX = 64 };

static const uint64_t EACH = 0x0101010101010101u; /* one bit in each byte of a word */

static uint64_t word_at(const char *text) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    return word;
}

/* The sum of the bytes of a word that has 0 or 1 in each. */
static size_t word_sum(uint64_t ones) {
    return (size_t)((ones * EACH) >> 56);
}

/* How many code points begin in a word: the bytes that are not 10xxxxxx. */
static size_t word_starts(uint64_t word) {
    return 8 - word_sum((word >> 7) & ~(word >> 6) & EACH);
}

/* How many code points beyond U+FFFF begin in a word: the bytes 1111xxxx. */
static size_t word_astral(uint64_t word) {
    return word_sum((word >> 7) & (word >> 6) & (word >> 5) & (word >> 4) & EACH);
}

static bool is_start(char byte) {
    return ((unsigned char)byte & 0xC0) != 0x80;
}

static bool is_astral_start(char byte) {
    return (unsigned char)byte >= 0xF0;
}

/* The length of the well-formed sequence of several bytes at `p`, 0 when it is none (RFC 3629, section 4). */
static size_t sequence_length(const unsigned char *p, size_t left) {
    unsigned char lead = p[0], low = 0x80, high = 0xBF; /* what the second byte may be */
    size_t length;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        if (lead == 0xE0)
            low = 0xA0; /* else overlong */
        if (lead == 0xED)
            high = 0x9F; /* else a surrogate */
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        if (lead == 0xF0)
            low = 0x90; /* else overlong */
        if (lead == 0xF4)
            high = 0x8F; /* else beyond U+10FFFF */
    } else {
        return 0;
    }
    if (left < length || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++)
        if (is_start((char)p[i]))
            return 0;
    return length;
}

bool utf8_valid(const char *text, size_t length) {
    for (size_t at = 0; at < length;) {
        if (length - at >= 8 && (word_at(text + at) & (EACH * 0x80)) == 0) {
            at += 8;
        } else if ((unsigned char)text[at] < 0x80) {
            at++;
        } else {
            size_t sequence = sequence_length((const unsigned char *)text + at, length - at);
            if (sequence == 0)
                return false;
            at += sequence;
        }
    }
    return true;
}

size_t utf8_length(const char *text, size_t length) {
    size_t at = 0, count = 0;
    for (; length - at >= 8; at += 8)
        count += word_starts(word_at(text + at));
    for (; at < length; at++)
        count += is_start(text[at]);
    return count;
}

size_t utf8_length_utf16(const char *text, size_t length) {
    size_t at = 0, count = 0;
    for (; length - at >= 8; at += 8) {
        uint64_t word = word_at(text + at);
        count += word_starts(word) + word_astral(word);
    }
    for (; at < length; at++)
        count += (size_t)is_start(text[at]) + (size_t)is_astral_start(text[at]);
    return count;
}

size_t utf8_offset(const char *text, size_t length, size_t index) {
    size_t at = 0;
    for (; length - at >= 8; at += 8) {
        size_t starts = word_starts(word_at(text + at));
        if (starts > index)
            break;
        index -= starts;
    }
    for (; at < length; at++)
        if (is_start(text[at]) && index-- == 0)
            return at;
    return length;
}

bool utf8_from_utf16(const char *text, size_t length, size_t utf16_offset, size_t *code_point) {
    size_t at = 0, units = 0, points = 0;
    for (; length - at >= 8; at += 8) {
        uint64_t word = word_at(text + at);
        size_t starts = word_starts(word), astral = word_astral(word);
        if (units + starts + astral > utf16_offset)
            break;
        units += starts + astral;
        points += starts;
    }
    for (; at < length && units <= utf16_offset; at++) {
        if (!is_start(text[at]))
            continue;
        if (units == utf16_offset)
            break;
        units += is_astral_start(text[at]) ? 2 : 1;
        points++;
    }
    *code_point = points;
    return units == utf16_offset;
}

size_t utf8_to_utf16(const char *text, size_t length, size_t code_point) {
    return utf8_length_utf16(text, utf8_offset(text, length, code_point));
}

uint32_t utf8_next(const char **text, const char *end) {
    const unsigned char *p = (const unsigned char *)*text;
    uint32_t lead = p[0];
    if (lead < 0x80) {
        (*text)++;
        return lead;
    }
    size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if ((size_t)(end - *text) < length)
        length = (size_t)(end - *text); /* not in valid text; never read past it all the same */
    uint32_t code_point = lead & (0xFFu >> (length + 1));
    for (size_t i = 1; i < length; i++)
        code_point = code_point << 6 | (p[i] & 0x3Fu);
    *text += length;
    return code_point;
}

uint32_t utf8_previous(const char **text, const char *begin) {
    const char *end = *text;
    do {
        (*text)--;
    } while (*text > begin && !is_start(**text));
    const char *at = *text;
    return utf8_next(&at, end);
}

bool utf8_is_letter(uint32_t code_point) {
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)code_point);
    return (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) || category == UTF8PROC_CATEGORY_ND;
}

bool utf8_is_space(uint32_t c) {
    if (c < 0x80)
        return c == ' ' || (c >= '\t' && c <= '\r');
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Moves both ends inwards past white space. */
static void trim(const char **text, size_t *length) {
    const char *begin = *text, *end = *text + *length;
    while (begin < end) {
        const char *next = begin;
        if (!utf8_is_space(utf8_next(&next, end)))
            break;
        begin = next;
    }
    while (end > begin) {
        const char *last = end;
        if (!utf8_is_space(utf8_previous(&last, begin)))
            break;
        end = last;
    }
    *text = begin;
    *length = (size_t)(end - begin);
}

/* True when all is below U+0300, where normal form C changes nothing. */
static bool is_plainly_nfc(const char *text, size_t length) {
    for (size_t at = 0; at < length; at++)
        if ((unsigned char)text[at] >= 0xCC)
            return false;
    return true;
}

static bool has_endless_marks(const char *text, size_t length) {
    const char *end = text + length;
    int marks = 0;
    while (text < end) {
        uint32_t c = utf8_next(&text, end);
        marks = utf8proc_get_property((utf8proc_int32_t)c)->combining_class == 0 ? 0 : marks + 1;
        if (marks > MARKS_MAX)
            return true;
    }
    return false;
}

char *utf8_name(Arena *arena, const char *text, size_t length, size_t *out_length) {
    if (!utf8_valid(text, length))
        return NULL;
    trim(&text, &length);
    if (length == 0 || is_plainly_nfc(text, length)) {
        *out_length = length;
        return arena_strndup(arena, text, length);
    }
    if (has_endless_marks(text, length))
        return NULL;
    utf8proc_uint8_t *composed = NULL;
    utf8proc_ssize_t size = utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)length, &composed,
                                         UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (size < 0) { /* valid text: there is no other cause */
        fputs("onrecord: out of memory\n", stderr);
        abort();
    }
    *out_length = (size_t)size;
    char *name = arena_strndup(arena, (const char *)composed, (size_t)size);
    free(composed);
    return name;
}
