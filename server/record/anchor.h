/* anchor.h: how a quote stands in an article's body.
 *
 * Spans are Unicode code points into the body, 0-based, end-exclusive. A quote has one span, or several where the
 * article breaks it off ("We came," he said, "and saw"); its text is their segments joined by one space.
 *
 * Pure functions: no database, no exchange. Text comes in as valid UTF-8; what is handed out lies in the arena of the
 * ArticleBody (or the arena given). Time is linear in the body and the text, whatever they hold. */
#ifndef ONRECORD_RECORD_ANCHOR_H
#define ONRECORD_RECORD_ANCHOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

enum { CONTEXT_POINTS = 32 /* how many code points of context stand on each side of a quote */ };

typedef struct Span {
    size_t start, end;
} Span;

/* A body made ready for any number of questions. `text` is borrowed; the members are for this module. */
typedef struct ArticleBody {
    Arena *arena;
    const char *text;
    size_t length;
    size_t points;      /* its length in code points */
    const char *folded; /* made when first needed */
    size_t folded_length;
    size_t *borders; /* scratch of the search, kept for the next one */
    size_t borders_room;
} ArticleBody;

ArticleBody article_body(Arena *arena, const char *text, size_t length);

/* What stands before and after a quote. Both are NUL-terminated. */
typedef struct SpanContext {
    const char *prefix;
    size_t prefix_length; /* in bytes */
    const char *suffix;
    size_t suffix_length;
} SpanContext;

/* Why spans do not fit. */
typedef struct SpanFault {
    int segment;        /* which span, -1: all of them together */
    const char *detail; /* a sentence without its full stop, in the arena */
} SpanFault;

/* Where a text was found. */
typedef struct SpanMatch {
    Span span;
    const char *text; /* the body's own wording, NUL-terminated */
    size_t length;    /* in bytes */
} SpanMatch;

/* True when every span has start < end within the body, they are in order without overlapping, and the segments joined
 * by one space equal `text` byte for byte. */
bool spans_check(const ArticleBody *body, const Span *spans, size_t count, const char *text, size_t length,
                 SpanFault *fault) __attribute__((warn_unused_result));

/* Looks for `text` in the body: as it is; failing that folded, where quotation marks of all kinds are one, dashes of
 * all kinds are one, any run of white space is one space, invisible hints where a line may break are passed over, and
 * white space at the text's ends does not count. Case does count. Of several occurrences that one wins whose
 * surroundings agree best with `near` (may be NULL; compared outwards from the quote, folded), then one that does not
 * begin or end within a word, then the first; beyond 1,000 occurrences no further ones are weighed. */
bool spans_find(ArticleBody *body, const char *text, size_t length, const SpanContext *near, SpanMatch *match)
    __attribute__((warn_unused_result));

/* Finds again in `to` what `spans` (that fit `from`) hold, each segment by its wording and surroundings. Writes `count`
 * spans to `moved`, which may differ in wording as far as folding goes. False when a segment is gone or they no longer
 * stand in their order. */
bool spans_move(const ArticleBody *from, const Span *spans, size_t count, ArticleBody *to, Span *moved)
    __attribute__((warn_unused_result));

/* The segments joined by one space, NUL-terminated; spans beyond the body's end hold nothing there. */
char *text_of_spans(const ArticleBody *body, const Span *spans, size_t count, size_t *length);

/* Up to CONTEXT_POINTS code points before `start` and after `end`. */
SpanContext span_context(const ArticleBody *body, size_t start, size_t end);

/* Turn offsets in UTF-16 units into code points and back, in place. False, with `*bad` the index of the span and
 * nothing changed, when an offset is beyond the end or inside a surrogate pair. */
bool spans_from_utf16(const ArticleBody *body, Span *spans, size_t count, size_t *bad)
    __attribute__((warn_unused_result));
bool spans_to_utf16(const ArticleBody *body, Span *spans, size_t count, size_t *bad)
    __attribute__((warn_unused_result));

#endif
