/* quote_spans.c: a quote's place in its article's body.
 *
 * Spans that are given must hold the quote's text. Where none are given the text is looked for, and stored in the
 * body's own wording. `spans: []` says that it has no place there. What does not touch text, spans or article leaves
 * the place alone. */
#include "resources/resources.h"

#include <stdlib.h>
#include <string.h>

#include "record/spans_text.h"
#include "sql.h"

/* True when the request itself says something of spans. */
static bool spans_given(const Write *write) {
    return json_is_array(json_object_get(write->x->json, "spans"));
}

static bool place_changes(const Write *write) {
    return write->current == NULL || write_changes(write, "text") || write_changes(write, "article_id") ||
           write_changes(write, "spans") || (spans_given(write) && write->selection->utf16);
}

static bool is_anchored(const Write *write) {
    const char *anchor = write_text(write, "anchor");
    return anchor != NULL && strcmp(anchor, "anchored") == 0;
}

/* Context that was computed stays as it was computed. */
static void context_keep(Write *write) {
    static const char *const names[] = {"prefix", "suffix"};
    for (size_t i = 0; i < sizeof names / sizeof *names && is_anchored(write); i++)
        write_set(write, names[i], write->was[write_index(write, names[i])]);
}

bool quote_look(Write *write) {
    if (!place_changes(write)) {
        context_keep(write);
        return false;
    }
    const char **params = arena_alloc(write->x->arena, sizeof *params);
    params[0] = write_text(write, "article_id");
    batch_add(&write->x->batch, SQL_QUOTE_ARTICLE, 1, params);
    return true;
}

static void place_set(Write *write, const ArticleBody *body, const Span *spans, size_t count) {
    Arena *arena = write->x->arena;
    SpanContext context = span_context(body, spans[0].start, spans[count - 1].end);
    write_set(write, "spans", spans_to_text(arena, spans, count));
    write_set(write, "prefix", arena_strndup(arena, context.prefix, context.prefix_length));
    write_set(write, "suffix", arena_strndup(arena, context.suffix, context.suffix_length));
    write_set(write, "anchor", "anchored");
}

static void place_none(Write *write) {
    write_set(write, "spans", "{}");
    write_set(write, "anchor", NULL);
}

static const char *span_pointer(Arena *arena, int segment) {
    return segment < 0 ? "/spans" : arena_printf(arena, "/spans/%d", segment);
}

static void spans_take(Write *write, const ArticleBody *body, Span *spans, size_t count) {
    Exchange *x = write->x;
    const char *text = write_text(write, "text");
    SpanFault fault;
    size_t bad;
    if (write->selection->utf16 && !spans_from_utf16(body, spans, count, &bad))
        problem_fault(x, FAULT_POINTER, span_pointer(x->arena, (int)bad),
                      "is beyond the body's end or inside a surrogate pair");
    else if (!spans_check(body, spans, count, text, strlen(text), &fault))
        problem_fault(x, FAULT_POINTER, span_pointer(x->arena, fault.segment), "%s", fault.detail);
    else
        place_set(write, body, spans, count);
}

static void text_find(Write *write, ArticleBody *body) {
    const char *text = write_text(write, "text");
    const char *prefix = write_text(write, "prefix");
    const char *suffix = write_text(write, "suffix");
    SpanContext near = {.prefix = prefix != NULL ? prefix : "", .suffix = suffix != NULL ? suffix : ""};
    near.prefix_length = strlen(near.prefix);
    near.suffix_length = strlen(near.suffix);
    SpanMatch match;
    if (spans_find(body, text, strlen(text), &near, &match)) {
        write_set(write, "text", arena_strndup(write->x->arena, match.text, match.length));
        place_set(write, body, &match.span, 1);
    } else if (strcmp(write_text(write, "kind"), "indirect") == 0) {
        place_none(write);
    } else {
        problem_fault(write->x, FAULT_POINTER, "/text",
                      "does not stand in the article's body; to keep it without a place there, give \"spans\": []");
    }
}

/* The article's body, made ready once for all quotes that look at it. */
static ArticleBody *body_of(LookPlace *place, const Result *rows) {
    if (place->made == NULL) {
        ArticleBody *body = arena_alloc(place->arena, sizeof *body);
        *body = article_body(place->arena, result_value(rows, 0, 1), result_length(rows, 0, 1));
        place->made = body;
    }
    return place->made;
}

bool quote_looked(Write *write) {
    Exchange *x = write->x;
    const Result *rows = x->batch.statements[0].result;
    if (result_rows(rows) == 0) {
        place_none(write); /* PostgreSQL will refuse it, and all else that leads nowhere is named with it */
        return true;
    }
    write->guard = &article_resource;
    write->guard_id = strtoll(write_text(write, "article_id"), NULL, 10);
    write->guard_version = result_integer(rows, 0, 0);

    size_t count;
    Span *spans = spans_from_text(x->arena, write_text(write, "spans"), &count);
    const char *text = result_value(rows, 0, 1);
    if (!spans_given(write))
        count = 0;
    if (text == NULL && count > 0) {
        problem_fault(x, FAULT_POINTER, "/spans", "the article has no body that they could point into");
    } else if (text == NULL || (spans_given(write) && count == 0)) {
        place_none(write);
    } else {
        ArticleBody *body = body_of(write->place, rows);
        if (count > 0)
            spans_take(write, body, spans, count);
        else
            text_find(write, body);
    }
    return x->problem.fault_count == 0;
}
