#include "http/negotiate.h"

#include <string.h>
#include <strings.h>

typedef struct Span {
    const char *text;
    size_t length;
} Span;

static Span trim(const char *text, size_t length) {
    while (length > 0 && (text[0] == ' ' || text[0] == '\t')) {
        text++;
        length--;
    }
    while (length > 0 && (text[length - 1] == ' ' || text[length - 1] == '\t'))
        length--;
    return (Span){text, length};
}

/* Up to `separator`, heeding quoted strings; moves `*rest` past it. */
static Span next_part(const char **rest, const char *end, char separator) {
    const char *start = *rest;
    const char *at = start;
    bool quoted = false;
    while (at < end && (quoted || *at != separator)) {
        if (*at == '\\' && quoted && at + 1 < end)
            at++;
        else if (*at == '"')
            quoted = !quoted;
        at++;
    }
    *rest = at < end ? at + 1 : end;
    return trim(start, (size_t)(at - start));
}

static bool span_is(Span span, const char *text) {
    return span.length == strlen(text) && strncasecmp(span.text, text, span.length) == 0;
}

/* A quality in thousandths; -1 when it is none (RFC 9110, section 12.4.2). */
static int quality_parse(Span span) {
    if (span.length == 0 || span.length > 5 || (span.text[0] != '0' && span.text[0] != '1'))
        return -1;
    int value = (span.text[0] - '0') * 1000;
    int weight = 100;
    for (size_t i = 1; i < span.length; i++) {
        char c = span.text[i];
        if (i == 1) {
            if (c != '.')
                return -1;
            continue;
        }
        if (c < '0' || c > '9')
            return -1;
        value += (c - '0') * weight;
        weight /= 10;
    }
    return value > 1000 ? -1 : value;
}

/* Reads `range; q=0.5`; answers its quality, 1000 without one, -1 when it is malformed. */
static int element_parse(Span element, Span *range) {
    const char *rest = element.text;
    const char *end = element.text + element.length;
    int quality = 1000;
    *range = next_part(&rest, end, ';');
    while (rest < end) {
        Span parameter = next_part(&rest, end, ';');
        if (parameter.length >= 2 && (parameter.text[0] | 0x20) == 'q' && parameter.text[1] == '=')
            quality = quality_parse((Span){parameter.text + 2, parameter.length - 2});
    }
    return range->length == 0 ? -1 : quality;
}

/* How well a range fits an offer: 3 exactly, 2 by its type, 1 `*`/`*`, 0 not at all. */
static int range_fits(Span range, const char *offer) {
    if (span_is(range, offer))
        return 3;
    if (span_is(range, "*/*") || span_is(range, "*"))
        return 1;
    const char *slash = strchr(offer, '/');
    size_t type_length = slash ? (size_t)(slash - offer) + 1 : 0;
    bool same_type = type_length > 0 && range.length == type_length + 1 && range.text[type_length] == '*' &&
                     strncasecmp(range.text, offer, type_length) == 0;
    return same_type ? 2 : 0;
}

/* The quality that `accept` gives an offer: that of the range that fits it most closely. */
static int offer_quality(const char *accept, const char *offer) {
    const char *rest = accept;
    const char *end = accept + strlen(accept);
    int best_fit = 0;
    int quality = 0;
    while (rest < end) {
        Span range;
        int value = element_parse(next_part(&rest, end, ','), &range);
        int fit = value < 0 ? 0 : range_fits(range, offer);
        if (fit > best_fit) {
            best_fit = fit;
            quality = value;
        }
    }
    return quality;
}

int negotiate_accept(const char *accept, const char *const *offers, int offer_count) {
    if (accept == NULL || accept[strspn(accept, " \t,")] == 0 || strcmp(accept, "*/*") == 0)
        return 0;
    int best = -1;
    int best_quality = 0;
    for (int i = 0; i < offer_count; i++) {
        int quality = offer_quality(accept, offers[i]);
        if (quality > best_quality) {
            best = i;
            best_quality = quality;
        }
    }
    return best;
}

Format negotiate_format(const char *accept, unsigned formats) {
    const char *offers[OFFERS_MAX];
    Format stands_for[OFFERS_MAX];
    int count = format_offers(formats, offers, stands_for);
    int chosen = count > 0 ? negotiate_accept(accept, offers, count) : -1;
    return chosen >= 0 ? stands_for[chosen] : FORMAT_COUNT;
}

bool negotiate_gzip(const char *accept_encoding) {
    if (accept_encoding == NULL)
        return false;
    const char *rest = accept_encoding;
    const char *end = rest + strlen(rest);
    int gzip = -1;
    int any = -1;
    while (rest < end) {
        Span coding;
        int quality = element_parse(next_part(&rest, end, ','), &coding);
        if (span_is(coding, "gzip") || span_is(coding, "x-gzip"))
            gzip = quality;
        else if (span_is(coding, "*"))
            any = quality;
    }
    return gzip >= 0 ? gzip > 0 : any > 0;
}

const char *negotiate_taken(Accepts accepts) {
    static const char *const taken[] = {[ACCEPTS_NOTHING] = "",
                                        [ACCEPTS_JSON] = "application/json",
                                        [ACCEPTS_RECORDS] = "application/json, application/x-ndjson",
                                        [ACCEPTS_PATCH] = "application/merge-patch+json, application/json"};
    return taken[accepts];
}

static bool is_lines(Span type) {
    const char *const *media_types = representation_of(FORMAT_NDJSON)->media_types;
    for (int i = 0; i < MEDIA_TYPES_MAX && media_types[i] != NULL; i++)
        if (span_is(type, media_types[i]))
            return true;
    return false;
}

bool negotiate_lines(const char *content_type) {
    if (content_type == NULL)
        return false;
    const char *rest = content_type;
    return is_lines(next_part(&rest, content_type + strlen(content_type), ';'));
}

bool negotiate_content_type(const char *content_type, Accepts accepts, const char **fault) {
    if (content_type == NULL) {
        *fault = "is required with a body";
        return false;
    }
    const char *rest = content_type;
    const char *end = rest + strlen(rest);
    Span type = next_part(&rest, end, ';');
    bool json = span_is(type, "application/json");
    bool patch = accepts == ACCEPTS_PATCH && span_is(type, "application/merge-patch+json");
    bool lines = accepts == ACCEPTS_RECORDS && is_lines(type);
    if (!json && !patch && !lines) {
        *fault = "is not a type that is taken here";
        return false;
    }
    while (rest < end) {
        Span parameter = next_part(&rest, end, ';');
        bool charset = parameter.length > 8 && strncasecmp(parameter.text, "charset=", 8) == 0;
        Span value = charset ? (Span){parameter.text + 8, parameter.length - 8} : (Span){"", 0};
        if (charset && !span_is(value, "utf-8") && !span_is(value, "\"utf-8\"")) {
            *fault = "must have charset=utf-8, or no charset";
            return false;
        }
        if (parameter.length > 0 && !charset) {
            *fault = "may have no parameter but charset=utf-8";
            return false;
        }
    }
    return true;
}
