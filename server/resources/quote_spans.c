/* quote_spans.c: a quote's place in its article's body.
 *
 * Spans that are given must hold the quote's text. Where none are given the text is looked for, and stored in the
 * body's own wording. `spans: []` says that it has no place there. What does not touch text, spans or article leaves
 * the place alone. */
#include "resources/resources.h"

#include <stdlib.h>
#include <string.h>

#include "record/restore.h"
#include "record/spans_text.h"
#include "sql.h"

/* The columns of quote_article. */
enum { ARTICLE_ID, ARTICLE_VERSION, ARTICLE_BODY };

static int64_t article_of(const Write *write) {
    return strtoll(write_text(write, "article_id"), NULL, 10);
}

/* True when the request itself says something of spans. */
static bool spans_given(const Write *write) {
    return json_is_array(json_object_get(write->given, "spans"));
}

/* Whether a place that was lost is given up. A whole record that is sent back as it was read says nothing of that. */
static bool place_given_up(const Write *write) {
    const char *anchor = write->was[write_index(write, "anchor")];
    bool lost = anchor != NULL && strcmp(anchor, "lost") == 0;
    bool asked = write->method == METHOD_PATCH && spans_given(write);
    return lost && (write->past != NULL ? json_is_null(json_object_get(write->past->state, "anchor")) : asked);
}

static bool place_changes(const Write *write) {
    return write_inserts(write) || place_given_up(write) || write_changes(write, "text") ||
           write_changes(write, "article_id") || write_changes(write, "spans") ||
           (spans_given(write) && write->selection->utf16);
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
    batch_gathers(&write->x->batch, article_of(write));
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

static void place_lost(Write *write) {
    write_set(write, "spans", "{}");
    write_set(write, "anchor", "lost");
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
        write_fault(write, span_pointer(x->arena, (int)bad), "is beyond the body's end or inside a surrogate pair");
    else if (!spans_check(body, spans, count, text, strlen(text), &fault))
        write_fault(write, span_pointer(x->arena, fault.segment), "%s", fault.detail);
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
        write_fault(write, "/text",
                    "does not stand in the article's body; to keep it without a place there, give \"spans\": []");
    }
}

void quote_place(Write *write, ArticleBody *body) {
    size_t count;
    Span *spans = spans_from_text(write->x->arena, write_text(write, "spans"), &count);
    if (!spans_given(write))
        count = 0;
    if (body == NULL && count > 0)
        write_fault(write, "/spans", "the article has no body that they could point into");
    else if (body == NULL || (spans_given(write) && count == 0))
        place_none(write);
    else if (count > 0)
        spans_take(write, body, spans, count);
    else
        text_find(write, body);
}

/* A quote that goes back to what it was: to its place, where its words still stand there, else to where they stand now.
 * One that had none keeps none. */
static void place_restore(Write *write, const char *text, size_t length) {
    Exchange *x = write->x;
    const char *words = write_text(write, "text");
    const char *prefix = write_text(write, "prefix");
    const char *suffix = write_text(write, "suffix");
    SpanContext near = {.prefix = prefix != NULL ? prefix : "", .suffix = suffix != NULL ? suffix : ""};
    SpanFault fault;
    SpanMatch match;
    size_t count;
    near.prefix_length = strlen(near.prefix);
    near.suffix_length = strlen(near.suffix);
    if (json_is_null(json_object_get(write->past->state, "anchor"))) {
        place_none(write);
        return;
    }
    Span *spans = spans_from_text(x->arena, write_text(write, "spans"), &count);
    ArticleBody body = article_body(x->arena, arena_strndup(x->arena, text != NULL ? text : "", length), length);
    if (count > 0 && spans_check(&body, spans, count, words, strlen(words), &fault)) {
        place_set(write, &body, spans, count);
    } else if (length > 0 && spans_find(&body, words, strlen(words), &near, &match)) {
        write_set(write, "text", match.text);
        place_set(write, &body, &match.span, 1);
    } else {
        place_lost(write);
    }
}

/* The article's body, made ready once for all quotes that look at it. */
static ArticleBody *body_of(LookPlace *place, const Result *rows) {
    if (place->made == NULL) {
        ArticleBody *body = arena_alloc(place->arena, sizeof *body);
        *body = article_body(place->arena, result_value(rows, 0, ARTICLE_BODY), result_length(rows, 0, ARTICLE_BODY));
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
    write->guard_id = article_of(write);
    write->guard_version = result_integer(rows, 0, ARTICLE_VERSION);
    const char *text = result_value(rows, 0, ARTICLE_BODY);
    size_t length = result_length(rows, 0, ARTICLE_BODY);
    if (write->past != NULL) {
        place_restore(write, text, length);
        return true;
    }
    quote_place(write, text != NULL ? body_of(write->place, rows) : NULL);
    return x->problem.fault_count == 0;
}
