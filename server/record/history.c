#include "record/history.h"

#include <string.h>

#include "record/json_text.h"
#include "record/list.h"
#include "record/merge_patch.h"
#include "record/read.h"
#include "record/render_json.h"
#include "record/type.h"

/* The columns behind those of the state. */
enum { ROW_VERSION, ROW_AT, ROW_KEY, ROW_KEY_NAME, ROW_ACTOR, ROW_REASON, ROW_DELETED };

/* The statements of the batch. */
enum { ASKS_VERSIONS, ASKS_KNOWN };

typedef struct History {
    const Selection *selection;
    List *list; /* NULL: one version alone */
} History;

/* ---- statements ---- */

void states_from(Sql *sql, const Resource *resource, int name_param, int id_param) {
    sql_add_all(sql, " FROM onrecord.revisions r CROSS JOIN LATERAL jsonb_populate_record(NULL::", resource->table,
                ", r.state) t WHERE r.resource = ", NULL);
    sql_use(sql, name_param, NULL);
    sql_add(sql, " AND r.record_id = ");
    sql_use(sql, id_param, "bigint");
}

static void bound_sql(Sql *sql, const char *column, int bound_param, bool exactly) {
    if (bound_param == 0)
        return;
    sql_add_all(sql, " AND ", column, exactly ? " = " : " < ", NULL);
    sql_use(sql, bound_param, "bigint");
}

/* The versions of a record below `bound` (NULL: all), or just that one; a page of them where there is a list. */
static void versions_sql(Exchange *x, const History *history, const char *bound, Sql *sql) {
    const Resource *resource = x->endpoint->resource;
    bool exactly = history->list == NULL;
    Selection past = *history->selection;
    past.past = true;
    int id = sql_bind(sql, arena_integer(x->arena, x->ids[0]));
    int name = sql_bind(sql, resource->name);
    int at = bound != NULL ? sql_bind(sql, bound) : 0;
    void (*columns)(const Selection *, Sql *) = exactly ? selection_columns : selection_columns_shown;
    sql_add(sql, "SELECT ");
    columns(history->selection, sql);
    sql_add_all(sql, ", t.version, t.updated_at, t.changed_by, (SELECT k.name FROM onrecord.api_keys k WHERE k.id = ",
                "t.changed_by), t.change_actor, t.change_reason, false FROM ", resource->table,
                " t WHERE t.id = ", NULL);
    sql_use(sql, id, "bigint");
    bound_sql(sql, "t.version", at, exactly);
    sql_add(sql, " UNION ALL (SELECT ");
    columns(&past, sql);
    sql_add(sql, ", r.version, r.changed_at, r.changed_by, (SELECT k.name FROM onrecord.api_keys k WHERE k.id = "
                 "r.changed_by), r.change_actor, r.change_reason, r.state IS NULL");
    states_from(sql, resource, name, id);
    bound_sql(sql, "r.version", at, exactly);
    sql_add(sql, " ORDER BY r.version DESC");
    if (history->list != NULL)
        list_limit(history->list, sql);
    sql_add(sql, ") ORDER BY ");
    sql_number(sql, history->selection->columns + ROW_VERSION + 1);
    sql_add(sql, " DESC");
    if (history->list != NULL)
        list_limit(history->list, sql);
}

/* A row when the record is there, and one when it was deleted: whether it was, and whether it is erased. */
static void known_sql(Exchange *x, Sql *sql) {
    const Resource *resource = x->endpoint->resource;
    int id = sql_bind(sql, arena_integer(x->arena, x->ids[0]));
    sql_add_all(sql, "SELECT false AS deleted, false FROM ", resource->table, " t WHERE t.id = ", NULL);
    sql_use(sql, id, "bigint");
    sql_add(sql, " UNION ALL (SELECT true, r.erased FROM onrecord.revisions r WHERE r.resource = ");
    sql_param(sql, resource->name, NULL);
    sql_add(sql, " AND r.record_id = ");
    sql_use(sql, id, "bigint");
    sql_add(sql, " AND r.state IS NULL ORDER BY r.version DESC LIMIT 1) ORDER BY deleted");
}

static Step history_ask(Exchange *x, const History *history, const char *bound) {
    Sql *versions = sql_new(x->arena);
    Sql *known = sql_new(x->arena);
    versions_sql(x, history, bound, versions);
    known_sql(x, known);
    sql_queue(versions, &x->batch);
    sql_queue(known, &x->batch);
    return STEP_QUERY;
}

/* ---- parameters ---- */

static void parameters_check(Exchange *x, const char *const *names, const char *wording) {
    for (int i = 0; i < x->parameter_count; i++)
        if (!name_is_one_of(names, x->parameters[i].name))
            problem_fault(x, FAULT_PARAMETER, x->parameters[i].name, "%s", wording);
        else
            (void)exchange_repeats(x, i);
}

static History *history_new(Exchange *x) {
    History *history = arena_calloc(x->arena, 1, sizeof *history);
    Selection *selection = selection_read(x, x->endpoint->resource, false);
    if (selection->node_count > 1 && exchange_parameter(x, "include") == NULL)
        problem_fault(x, FAULT_PARAMETER, "fields", "names members of the record itself here, not of others");
    history->selection = selection;
    x->state = history;
    return history;
}

/* Whether there is such a record, or was; else the problem is set. */
static bool is_known(Exchange *x) {
    const Result *rows = x->batch.statements[ASKS_KNOWN].result;
    if (result_rows(rows) == 0)
        problem_set(x, PROBLEM_NOT_FOUND, "There is no %s %lld.", x->endpoint->resource->singular,
                    (long long)x->ids[0]);
    else if (strcmp(result_value(rows, 0, 1), "t") == 0)
        erased_answer(x);
    else
        return true;
    return false;
}

Step erased_answer(Exchange *x) {
    problem_set(x, PROBLEM_GONE, "%s %lld was erased; nothing of it is kept.", x->endpoint->resource->title,
                (long long)x->ids[0]);
    return STEP_ANSWER;
}

/* ---- the list ---- */

static bool is_deleted(const History *history, const Result *rows, int row) {
    return strcmp(result_value(rows, row, history->selection->columns + ROW_DELETED), "t") == 0;
}

/* The row of the version before; -1: it is not kept, or this is the first. */
static int row_before(const History *history, const Result *rows, int row) {
    int column = history->selection->columns + ROW_VERSION;
    bool follows =
        row + 1 < result_rows(rows) && result_integer(rows, row + 1, column) == result_integer(rows, row, column) - 1;
    return follows ? row + 1 : -1;
}

static bool same_text(const Result *rows, int a, int b, int column) {
    const char *one = result_value(rows, a, column);
    const char *other = result_value(rows, b, column);
    size_t length = result_length(rows, a, column);
    if (one == NULL || other == NULL)
        return one == other;
    return length == result_length(rows, b, column) && memcmp(one, other, length) == 0;
}

/* Objects are merged to their depth: what came since must go. False where one holds a number that cannot be read. */
static bool objects_patch(JsonWriter *w, const Result *rows, int from, int to, int column) {
    Arena *arena = w->out->arena;
    json_t *was = json_from_text(arena, result_value(rows, from, column), result_length(rows, from, column));
    json_t *is = json_from_text(arena, result_value(rows, to, column), result_length(rows, to, column));
    bool read = was != NULL && is != NULL;
    if (read) {
        json_t *patch = merge_patch_between(was, is);
        const char *text = json_text(arena, patch);
        writer_raw(w, text, strlen(text));
        json_decref(patch);
    }
    json_decref(was);
    json_decref(is);
    return read;
}

static void member_patch(const Node *node, const Field *field, JsonWriter *w, const Result *rows, int from, int to,
                         int column) {
    bool merges = (field->type == TYPE_JSON || field->type == TYPE_OBJECT) && from >= 0 &&
                  result_value(rows, from, column) != NULL && result_value(rows, to, column) != NULL;
    writer_key(w, field->name);
    if (!merges || !objects_patch(w, rows, from, to, column))
        render_field(node, field, column, w, rows, to);
}

/* The merge patch from the state in row `from` (-1: from nothing) to that in row `to`. Version and its moment are the
 * revision's own. */
static void patch_render(const History *history, JsonWriter *w, const Result *rows, int from, int to) {
    const Node *node = &history->selection->nodes[0];
    int column = node->column;
    uint64_t bit = 1;
    writer_object_begin(w);
    for (const Field *field = node->resource->fields; field->name != NULL; field++, bit <<= 1) {
        if (!field_is_column(field))
            continue;
        bool told = strcmp(field->name, "version") == 0 || strcmp(field->name, "updated_at") == 0;
        if ((node->shown & bit) != 0 && !told && (from < 0 || !same_text(rows, from, to, column)))
            member_patch(node, field, w, rows, from, to, column);
        column++;
    }
    writer_object_end(w);
}

static void text_render(JsonWriter *w, const char *name, const char *text) {
    writer_key(w, name);
    if (text != NULL)
        writer_string(w, text);
    else
        writer_null(w);
}

static void key_render(JsonWriter *w, const Result *rows, int row, int column) {
    writer_key(w, "changed_by");
    if (result_value(rows, row, column) == NULL) {
        writer_null(w);
        return;
    }
    writer_object_begin(w);
    render_number(w, "id", rows, row, column);
    text_render(w, "name", result_value(rows, row, column + ROW_KEY_NAME - ROW_KEY));
    writer_object_end(w);
}

static void version_render(const History *history, JsonWriter *w, const Result *rows, int row) {
    static const Field moment = {.name = "changed_at", .type = TYPE_TIMESTAMP};
    int first = history->selection->columns;
    int before = row_before(history, rows, row);
    bool deleted = is_deleted(history, rows, row);
    bool begins =
        result_integer(rows, row, first + ROW_VERSION) == 1 || (before >= 0 && is_deleted(history, rows, before));
    writer_object_begin(w);
    render_number(w, "version", rows, row, first + ROW_VERSION);
    text_render(w, "operation", deleted ? "delete" : begins ? "insert" : "update");
    writer_key(w, moment.name);
    type_of(&moment)->render(w, &moment, result_value(rows, row, first + ROW_AT),
                             result_length(rows, row, first + ROW_AT));
    key_render(w, rows, row, first + ROW_KEY);
    text_render(w, "change_actor", result_value(rows, row, first + ROW_ACTOR));
    text_render(w, "change_reason", result_value(rows, row, first + ROW_REASON));
    writer_key(w, "patch");
    if (before < 0 || begins)
        writer_null(w);
    else
        patch_render(history, w, rows, deleted ? -1 : row, before);
    writer_object_end(w);
}

Step history_plan(Exchange *x) {
    static const char *const names[] = {"limit", "cursor", "fields", "offsets", NULL};
    parameters_check(x, names, "is not a parameter of a history; these are: limit, cursor, fields, offsets");
    History *history = history_new(x);
    history->list = list_unfiltered(x, x->endpoint->resource, 1);
    history->list->key_column = history->selection->columns + ROW_VERSION;
    if (x->problem.fault_count > 0)
        return refuse_parameters(x);
    x->batch.lane = LANE_LIST;
    return history_ask(x, history, history->list->has_cursor ? history->list->after[0] : NULL);
}

Step history_done(Exchange *x) {
    const History *history = x->state;
    const Result *rows = x->batch.statements[ASKS_VERSIONS].result;
    if (!is_known(x))
        return STEP_ANSWER;
    x->body = buffer_new(x->arena, 1024 + result_size(rows));
    JsonWriter w = json_writer_new(&x->body);
    const char *next = list_next(history->list, rows, x->arena);
    writer_object_begin(&w);
    writer_key(&w, "items");
    writer_array_begin(&w);
    for (int row = 0; row < result_rows(rows) && row < history->list->limit; row++)
        version_render(history, &w, rows, row);
    writer_array_end(&w);
    next_render(&w, next);
    writer_object_end(&w);
    exchange_link_next(x, next);
    return answer_body(x);
}

/* ---- one version ---- */

Step revision_plan(Exchange *x) {
    static const char *const names[] = {"fields", "offsets", NULL};
    parameters_check(x, names, "is not a parameter of a revision; these are: fields, offsets");
    const History *history = history_new(x);
    if (x->problem.fault_count > 0)
        return refuse_parameters(x);
    x->batch.lane = LANE_LIST;
    return history_ask(x, history, arena_integer(x->arena, x->ids[1]));
}

Step revision_done(Exchange *x) {
    const History *history = x->state;
    const Result *rows = x->batch.statements[ASKS_VERSIONS].result;
    const Resource *resource = x->endpoint->resource;
    if (!is_known(x))
        return STEP_ANSWER;
    if (result_rows(rows) == 0)
        problem_set(x, PROBLEM_NOT_FOUND, "There is no version %lld of %s %lld.", (long long)x->ids[1],
                    resource->singular, (long long)x->ids[0]);
    else if (is_deleted(history, rows, 0))
        problem_set(x, PROBLEM_GONE, "Version %lld of %s %lld is its deletion.", (long long)x->ids[1],
                    resource->singular, (long long)x->ids[0]);
    else
        record_answer(x, history->selection, 200, rows, NULL);
    return STEP_ANSWER;
}
