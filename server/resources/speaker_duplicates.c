/* speaker_duplicates.c: GET /speakers/duplicates: pairs of speakers that may be one. */
#include <stdlib.h>
#include <string.h>

#include "db/array.h"
#include "record/cursor.h"
#include "record/list.h"
#include "record/read.h"
#include "record/type.h"
#include "resources/resources.h"
#include "sql.h"

#define SCORE_LEAST "0.6" /* below that most are not one */

/* Columns behind those of the two speakers. */
enum { PAIR_SCORE, PAIR_REASONS };

static const char *const parameters[] = {"kind", "score.gte", "limit", "cursor", NULL};
static const Field score_field = {.name = "score", .type = TYPE_FRACTION};

typedef struct Pairs {
    List *list; /* its limit and its cursor: a score, and both ids as an array */
    Selection *low;
    Selection *high;
} Pairs;

static const char *score_read(Exchange *x) {
    const char *text = exchange_parameter(x, "score.gte");
    if (text == NULL)
        return SCORE_LEAST;
    Value value = type_of(&score_field)->parse(x->arena, &score_field, text);
    if (value.fault != NULL)
        problem_fault(x, FAULT_PARAMETER, "score.gte", "must be %s", value.fault);
    return value.text;
}

/* The same selection twice, side by side in a row. */
static void selections_make(Exchange *x, Pairs *pairs) {
    pairs->low = selection_plain(x->arena, &speaker_resource, false);
    pairs->high = selection_plain(x->arena, &speaker_resource, false);
    pairs->low->nodes[0].alias = "a";
    pairs->high->nodes[0].alias = "b";
    pairs->high->nodes[0].column = pairs->low->columns;
}

static void pairs_sql(Exchange *x, const Pairs *pairs, const char *least) {
    const List *list = pairs->list;
    Sql *sql = sql_new(x->arena);
    (void)sql_bind(sql, exchange_parameter(x, "kind"));
    (void)sql_bind(sql, least);
    (void)sql_bind(sql, list->has_cursor ? list->after[0] : NULL);
    (void)sql_bind(sql, list->has_cursor ? list->after[1] : NULL);
    (void)sql_bind(sql, arena_integer(x->arena, list->limit + 1));
    sql_add(sql, "SELECT ");
    selection_columns(pairs->low, sql);
    sql_add(sql, ", ");
    selection_columns(pairs->high, sql);
    sql_add_all(sql, ", p.score, p.reasons FROM (", SQL_SPEAKER_DUPLICATES,
                ") p JOIN onrecord.speakers a ON a.id = p.low JOIN onrecord.speakers b ON b.id = p.high "
                "ORDER BY p.score DESC, p.low, p.high",
                NULL);
    sql_queue(sql, &x->batch);
}

Step speaker_duplicates_plan(Exchange *x) {
    Pairs *pairs = arena_calloc(x->arena, 1, sizeof *pairs);
    x->state = pairs;
    for (int i = 0; i < x->parameter_count; i++)
        if (!name_is_one_of(parameters, x->parameters[i].name))
            problem_fault(x, FAULT_PARAMETER, x->parameters[i].name,
                          "is not a parameter of this list; these are: kind, score.gte, limit, cursor");
    if (x->problem.fault_count > 0)
        return refuse_parameters(x);
    pairs->list = list_counted(x, &speaker_resource, parameters + 1);
    const char *least = score_read(x);
    if (x->problem.fault_count > 0)
        return refuse_parameters(x);
    selections_make(x, pairs);
    x->batch.lane = LANE_SLOW; /* it looks at all speakers */
    batch_add(&x->batch, SQL_SPEAKER_DUPLICATES_BEGIN, 0, NULL);
    pairs_sql(x, pairs, least);
    return STEP_QUERY;
}

static void reasons_render(JsonWriter *w, const char *literal) {
    const char **reasons;
    int count = array_elements(w->out->arena, literal, &reasons);
    writer_array_begin(w);
    for (int i = 0; i < count; i++)
        writer_string(w, reasons[i]);
    writer_array_end(w);
}

static void pair_render(JsonWriter *w, const Pairs *pairs, const Result *rows, int row) {
    int behind = pairs->low->columns + pairs->high->columns;
    const char *score = result_value(rows, row, behind + PAIR_SCORE);
    writer_object_begin(w);
    writer_key(w, "score");
    writer_raw(w, score, strlen(score));
    writer_key(w, "reasons");
    reasons_render(w, result_value(rows, row, behind + PAIR_REASONS));
    writer_key(w, "speakers");
    writer_array_begin(w);
    selection_render(pairs->low, w, rows, row, NULL);
    selection_render(pairs->high, w, rows, row, NULL);
    writer_array_end(w);
    writer_object_end(w);
}

/* The link behind the page's last pair. */
static const char *pairs_next(Exchange *x, const Pairs *pairs, const Result *rows) {
    int last = pairs->list->limit - 1;
    const char *ids[] = {result_value(rows, last, 0), result_value(rows, last, pairs->low->columns)};
    const char *values[] = {result_value(rows, last, pairs->low->columns + pairs->high->columns + PAIR_SCORE),
                            array_literal(x->arena, ids, 2)};
    const char *cursor = cursor_encode(x->arena, x->service->cursor_key, pairs->list->query, values, 2);
    return arena_printf(x->arena, "%scursor=%s", pairs->list->link, cursor);
}

Step speaker_duplicates_done(Exchange *x) {
    const Pairs *pairs = x->state;
    const Result *rows = x->batch.statements[1].result;
    bool more = result_rows(rows) > pairs->list->limit;
    x->body = buffer_new(x->arena, result_size(rows) + 256);
    JsonWriter w = json_writer_new(&x->body);
    writer_object_begin(&w);
    writer_key(&w, "items");
    writer_array_begin(&w);
    for (int row = 0; row < result_rows(rows) && row < pairs->list->limit; row++)
        pair_render(&w, pairs, rows, row);
    writer_array_end(&w);
    const char *next = more ? pairs_next(x, pairs, rows) : NULL;
    next_render(&w, next);
    exchange_link_next(x, next);
    writer_object_end(&w);
    return answer_body(x);
}
