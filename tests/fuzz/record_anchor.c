/* The place of a quote: what is found is there, what is moved holds, and offsets come back from UTF-16. The input is a
 * body, a text and another body, parted by bytes 0xff. */
#include "exchange.h"

#include "record/anchor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect_fit(const ArticleBody *body, const Span *spans, size_t count) {
    size_t length;
    SpanFault fault;
    char *text = text_of_spans(body, spans, count, &length);
    MUST(strlen(text) == length && utf8_valid(text, length));
    MUST(spans_check(body, spans, count, text, length, &fault));
    for (size_t i = 0; i < count; i++) {
        SpanContext context = span_context(body, spans[i].start, spans[i].end);
        MUST(utf8_valid(context.prefix, context.prefix_length) && utf8_valid(context.suffix, context.suffix_length));
        MUST(utf8_length(context.prefix, context.prefix_length) <= CONTEXT_POINTS);
        MUST(utf8_length(context.suffix, context.suffix_length) <= CONTEXT_POINTS);
    }
}

static void expect_utf16_roundtrip(const ArticleBody *body, const Span *span) {
    Span there = *span;
    size_t bad;
    MUST(spans_to_utf16(body, &there, 1, &bad));
    MUST(spans_from_utf16(body, &there, 1, &bad));
    MUST(there.start == span->start && there.end == span->end);
}

/* Two spans out of one, where it is long enough. */
static size_t cut(Span span, Span pieces[2]) {
    pieces[0] = span;
    if (span.end - span.start < 3)
        return 1;
    size_t middle = span.start + (span.end - span.start) / 2;
    pieces[0].end = middle;
    pieces[1] = (Span){middle + 1, span.end};
    return 2;
}

static void run(ArticleBody *from, const char *text, size_t length, ArticleBody *to) {
    SpanContext near = {.prefix = to->text, .prefix_length = to->length, .suffix = text, .suffix_length = length};
    SpanMatch match, plain;
    bool found = spans_find(from, text, length, NULL, &plain);
    MUST(spans_find(from, text, length, &near, &match) == found);
    if (!found)
        return;
    MUST(match.span.start < match.span.end && match.span.end <= from->points);
    MUST(strlen(match.text) == match.length);
    expect_fit(from, &match.span, 1);
    expect_utf16_roundtrip(from, &match.span);
    Span pieces[2], moved[2];
    size_t count = cut(match.span, pieces);
    expect_fit(from, pieces, count);
    if (spans_move(from, pieces, count, to, moved))
        expect_fit(to, moved, count);
    MUST(spans_move(from, &match.span, 1, from, moved)); /* pieces may trade places where a body repeats itself */
    expect_fit(from, moved, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *ends[2], *at = data, *end = data + size;
    for (int i = 0; i < 2; i++) {
        ends[i] = at < end ? memchr(at, 0xff, (size_t)(end - at)) : NULL;
        if (ends[i] == NULL)
            return 0;
        at = ends[i] + 1;
    }
    if (!utf8_valid((const char *)data, (size_t)(ends[0] - data)) ||
        !utf8_valid((const char *)ends[0] + 1, (size_t)(ends[1] - ends[0] - 1)) ||
        !utf8_valid((const char *)at, (size_t)(end - at)) || memchr(data, 0, size) != NULL)
        return 0;
    Arena *arena = arena_new();
    char *body_text = arena_strndup(arena, (const char *)data, (size_t)(ends[0] - data));
    char *text = arena_strndup(arena, (const char *)ends[0] + 1, (size_t)(ends[1] - ends[0] - 1));
    char *to_text = arena_strndup(arena, (const char *)at, (size_t)(end - at));
    ArticleBody from = article_body(arena, body_text, strlen(body_text));
    ArticleBody to = article_body(arena, to_text, strlen(to_text));
    run(&from, text, strlen(text), &to);
    arena_free(arena);
    return 0;
}
