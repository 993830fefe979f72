/* article_body.c: what is special about writing an article: where its body changes, its quotes find their places anew,
 * in the same transaction. One that is gone keeps its text and is marked lost. */
#include "resources/resources.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "db/array.h"
#include "record/render_json.h"
#include "record/spans_text.h"
#include "record/write_sql.h"
#include "sql.h"

enum { QUOTE_ID, QUOTE_TEXT, QUOTE_SPANS, QUOTE_PREFIX, QUOTE_SUFFIX, QUOTE_ANCHOR, QUOTE_PLACE };

static bool is_given(const Write *write, const char *name) {
    const json_t *json = json_object_get(write->value, name);
    return json != NULL && !json_is_null(json);
}

void article_check(Write *write) {
    if (!is_given(write, "headline") && !is_given(write, "url"))
        write_fault(write, "/headline", "is required where there is no url");
}

bool article_look(Write *write) {
    if (write_inserts(write) || !write_changes(write, "body"))
        return false;
    const char **params = arena_alloc(write->x->arena, sizeof *params);
    params[0] = arena_integer(write->x->arena, write->x->ids[0]);
    batch_add(&write->x->batch, SQL_ARTICLE_QUOTES, 1, params);
    return true;
}

/* Where a quote stands in the new body. */
typedef struct Place {
    Span *spans;
    size_t count; /* 0: nowhere */
    const char *text;
} Place;

static SpanContext context_of(const Result *rows, int row) {
    const char *prefix = result_value(rows, row, QUOTE_PREFIX);
    const char *suffix = result_value(rows, row, QUOTE_SUFFIX);
    return (SpanContext){.prefix = prefix != NULL ? prefix : "",
                         .prefix_length = result_length(rows, row, QUOTE_PREFIX),
                         .suffix = suffix != NULL ? suffix : "",
                         .suffix_length = result_length(rows, row, QUOTE_SUFFIX)};
}

static Place place_find(Arena *arena, const ArticleBody *from, ArticleBody *to, const Result *rows, int row) {
    Place place = {.text = result_value(rows, row, QUOTE_TEXT)};
    Span *spans = spans_from_text(arena, result_value(rows, row, QUOTE_SPANS), &place.count);
    if (to->text == NULL) {
        place.count = 0;
    } else if (place.count > 0) {
        place.spans = arena_alloc(arena, place.count * sizeof *place.spans);
        if (spans_move(from, spans, place.count, to, place.spans)) {
            size_t length;
            place.text = text_of_spans(to, place.spans, place.count, &length);
        } else {
            place.count = 0;
        }
    } else {
        SpanContext near = context_of(rows, row);
        SpanMatch match;
        if (spans_find(to, place.text, result_length(rows, row, QUOTE_TEXT), &near, &match)) {
            place.spans = arena_alloc(arena, sizeof *place.spans);
            place.spans[0] = match.span;
            place.count = 1;
            place.text = match.text;
        }
    }
    return place;
}

static void spans_write(JsonWriter *w, const Span *spans, size_t count) {
    writer_array_begin(w);
    for (size_t i = 0; i < count; i++) {
        writer_int(w, (int64_t)spans[i].start);
        writer_int(w, (int64_t)spans[i].end);
    }
    writer_array_end(w);
}

static void string_write(JsonWriter *w, const char *key, const char *text) {
    writer_key(w, key);
    if (text != NULL)
        writer_string(w, text);
    else
        writer_null(w);
}

/* One element of the moves: the quote as it was and as it is to be. */
static void move_write(JsonWriter *w, const Result *rows, int row, const ArticleBody *to, const Place *place) {
    size_t was_count;
    Span *was = spans_from_text(w->out->arena, result_value(rows, row, QUOTE_SPANS), &was_count);
    SpanContext context = context_of(rows, row);
    if (place->count > 0)
        context = span_context(to, place->spans[0].start, place->spans[place->count - 1].end);
    writer_object_begin(w);
    render_number(w, "id", rows, row, QUOTE_ID);
    string_write(w, "was", result_value(rows, row, QUOTE_TEXT));
    writer_key(w, "was_spans");
    spans_write(w, was, was_count);
    string_write(w, "text", place->text);
    writer_key(w, "spans");
    spans_write(w, place->spans, place->count);
    string_write(w, "prefix", context.prefix);
    string_write(w, "suffix", context.suffix);
    string_write(w, "anchor", place->count > 0 ? "anchored" : "lost");
    writer_object_end(w);
}

/* Quotes without a place are looked for only when they had lost it, or when there was no body before. */
static bool quote_moves(const Result *rows, int row, const char *body_was) {
    return result_value(rows, row, QUOTE_ANCHOR) != NULL || body_was == NULL;
}

static const char *body_digest(Arena *arena, const char *body) {
    uint8_t digest[SHA256_SIZE];
    if (body == NULL)
        return NULL;
    char *hex = arena_alloc(arena, 2 * SHA256_SIZE + 1);
    sha256(body, strlen(body), digest);
    hex_encode(digest, SHA256_SIZE, hex);
    return hex;
}

static const char *column_array(Arena *arena, const Result *rows, int column) {
    int count = result_rows(rows);
    const char **values = arena_alloc(arena, (size_t)count * sizeof *values);
    for (int row = 0; row < count; row++)
        values[row] = result_value(rows, row, column);
    return array_literal(arena, values, count);
}

static void follower_set(Write *write, const Result *quotes, int moves, const char *moves_json) {
    Exchange *x = write->x;
    Sql *sql = sql_new(x->arena);
    const char *who[WHO_COLUMNS];
    who_texts(x, who);
    sql_add(sql, SQL_ARTICLE_REANCHOR);
    sql_bind(sql, arena_integer(x->arena, x->ids[0]));
    sql_bind(sql, body_digest(x->arena, write_text(write, "body")));
    sql_bind(sql, column_array(x->arena, quotes, QUOTE_ID));
    sql_bind(sql, column_array(x->arena, quotes, QUOTE_PLACE));
    sql_bind(sql, arena_printf(x->arena, "%d", moves));
    sql_bind(sql, moves_json);
    for (int i = 0; i < WHO_COLUMNS; i++)
        sql_bind(sql, who[i]);
    write->followers[write->follower_count++] = sql;
}

bool article_looked(Write *write) {
    Arena *arena = write->x->arena;
    const Result *rows = write->x->batch.statements[0].result;
    const char *body_was = write->was[write_index(write, "body")];
    const char *body_now = write_text(write, "body");
    ArticleBody from = article_body(arena, body_was != NULL ? body_was : "", body_was != NULL ? strlen(body_was) : 0);
    ArticleBody to = article_body(arena, body_now, body_now != NULL ? strlen(body_now) : 0);
    Buffer out = buffer_new(arena, 4096);
    JsonWriter w = json_writer_new(&out);
    int moves = 0;
    writer_array_begin(&w);
    for (int row = 0; row < result_rows(rows); row++) {
        Place place = place_find(arena, &from, &to, rows, row);
        bool anchored = result_value(rows, row, QUOTE_ANCHOR) != NULL;
        if (!quote_moves(rows, row, body_was) || (!anchored && place.count == 0))
            continue;
        move_write(&w, rows, row, &to, &place);
        moves++;
    }
    writer_array_end(&w);
    follower_set(write, rows, moves, out.data);
    return true;
}
