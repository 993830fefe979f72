#include "record/stats.h"

#include <string.h>

#include "record/cursor.h"
#include "record/footprint.h"
#include "record/list.h"
#include "record/read.h"
#include "record/render_json.h"

enum { INTERVALS_MAX = 5000 };

/* What both keep between their two functions. */
typedef struct Stats {
    List *list;
    int statement;              /* in the batch */
    const Field *by;            /* groups */
    const Selection *selection; /* groups: of what is counted by */
    const char *interval;       /* timeline */
} Stats;

static Stats *stats_new(Exchange *x, const char *const *parameters) {
    Stats *stats = arena_calloc(x->arena, 1, sizeof *stats);
    stats->list = list_counted(x, x->endpoint->resource, parameters);
    x->state = stats;
    x->batch.lane = LANE_LIST;
    return stats;
}

static Step stats_queue(Exchange *x, Stats *stats, Sql *sql) {
    stats->statement = sql_queue(sql, &x->batch);
    list_ask(stats->list, &x->batch);
    return STEP_QUERY;
}

/* Whether it must be asked again: list_repeats. */
static bool stats_repeats(Exchange *x, Stats *stats) {
    bool repeats = list_learn(x, stats->list);
    if (repeats)
        batch_release(&x->batch);
    return repeats;
}

/* ---- by what they refer to ---- */

/* Columns behind those of the selection. */
enum { GROUP_COUNT, GROUP_TOTAL, GROUP_WITHOUT };

static void groups_sql(const Stats *stats, Sql *sql) {
    const List *list = stats->list;
    sql_add_all(sql, "WITH g AS (SELECT t.", stats->by->name, " AS id, count(*) AS n FROM ", list->resource->table,
                " t", NULL);
    list_where(list, sql);
    sql_add_all(sql, " GROUP BY t.", stats->by->name, ") SELECT ", NULL);
    selection_columns(stats->selection, sql);
    sql_add(sql, ", p.n, a.total, a.without FROM (SELECT coalesce(sum(g.n), 0) AS total, "
                 "coalesce(sum(g.n) FILTER (WHERE g.id IS NULL), 0) AS without FROM g) a "
                 "LEFT JOIN LATERAL (SELECT g.id, g.n FROM g WHERE g.id IS NOT NULL");
    if (list->has_cursor) {
        int n = sql_bind(sql, list->after[0]);
        sql_add(sql, " AND (g.n < ");
        sql_use(sql, n, "bigint");
        sql_add(sql, " OR (g.n = ");
        sql_use(sql, n, "bigint");
        sql_add(sql, " AND g.id > ");
        sql_param(sql, list->after[1], "bigint");
        sql_add(sql, "))");
    }
    sql_add(sql, " ORDER BY g.n DESC, g.id");
    list_limit(list, sql);
    sql_add_all(sql, ") p ON true LEFT JOIN ", stats->selection->nodes[0].resource->table,
                " t ON t.id = p.id ORDER BY p.n DESC, p.id", NULL);
}

static Step groups_ask(Exchange *x, Stats *stats) {
    Sql *sql = sql_new(x->arena);
    groups_sql(stats, sql);
    return stats_queue(x, stats, sql);
}

Step stats_groups_plan(Exchange *x) {
    static const char *const parameters[] = {"q", "limit", "cursor", NULL};
    const Grouping *grouping = x->endpoint->detail;
    Stats *stats = stats_new(x, parameters);
    if (x->problem.fault_count > 0)
        return refuse_parameters(x);
    stats->by = field_find(x->endpoint->resource, grouping->by, strlen(grouping->by));
    stats->selection = selection_plain(x->arena, resource_find(stats->by->target), false);
    return groups_ask(x, stats);
}

/* The link behind the page's last group. */
static const char *groups_next(Exchange *x, const Stats *stats, const Result *rows) {
    const List *list = stats->list;
    int last = list->limit - 1;
    const char *values[] = {result_value(rows, last, stats->selection->columns + GROUP_COUNT),
                            result_value(rows, last, 0)};
    const char *cursor = cursor_encode(x->arena, list->service->cursor_key, list->query, values, 2);
    return arena_printf(x->arena, "%scursor=%s", list->link, cursor);
}

Step stats_groups_done(Exchange *x) {
    Stats *stats = x->state;
    if (stats_repeats(x, stats))
        return groups_ask(x, stats);
    const Grouping *grouping = x->endpoint->detail;
    const Result *rows = x->batch.statements[stats->statement].result;
    int columns = stats->selection->columns;
    int found =
        result_value(rows, 0, 0) == NULL ? 0 : result_rows(rows); /* the totals are there without a group as well */
    x->body = buffer_new(x->arena, result_size(rows));
    JsonWriter w = json_writer_new(&x->body);
    writer_object_begin(&w);
    writer_key(&w, "items");
    writer_array_begin(&w);
    for (int row = 0; row < found && row < stats->list->limit; row++) {
        writer_object_begin(&w);
        writer_key(&w, stats->by->relation);
        selection_render(stats->selection, &w, rows, row, NULL);
        render_number(&w, stats->list->resource->name, rows, row, columns + GROUP_COUNT);
        writer_object_end(&w);
    }
    writer_array_end(&w);
    const char *next = found > stats->list->limit ? groups_next(x, stats, rows) : NULL;
    next_render(&w, next);
    exchange_link_next(x, next);
    render_number(&w, "total", rows, 0, columns + GROUP_TOTAL);
    render_number(&w, grouping->without, rows, 0, columns + GROUP_WITHOUT);
    writer_object_end(&w);
    footprint_all(x);
    return answer_body(x);
}

/* ---- by time ---- */

enum { TIME_START, TIME_COUNT, TIME_TOTAL, TIME_UNDATED };

static const char *const intervals[] = {"day", "week", "month", "year", NULL};

static const char *interval_read(Exchange *x) {
    const char *text = exchange_parameter(x, "interval");
    for (const char *const *known = intervals; *known != NULL; known++)
        if (strcmp(text != NULL ? text : "month", *known) == 0)
            return *known;
    problem_fault(x, FAULT_PARAMETER, "interval", "must be day, week, month or year");
    return NULL;
}

/* generate_series stands where it makes no more than what is asked of it. */
static void timeline_sql(const Stats *stats, Sql *sql) {
    sql_add_all(sql, "WITH d AS (SELECT date_trunc('", stats->interval,
                "', coalesce(t.said_on_first, (t.published_at AT TIME ZONE 'UTC')::date)::timestamp) AS start, "
                "count(*) AS n FROM ",
                stats->list->resource->table, " t", NULL);
    list_where(stats->list, sql);
    sql_add_all(sql,
                " GROUP BY 1) SELECT to_char(s.start, 'YYYY-MM-DD'), coalesce(d.n, 0), a.total, a.undated "
                "FROM (SELECT min(d.start) AS first, max(d.start) AS last, coalesce(sum(d.n), 0) AS total, "
                "coalesce(sum(d.n) FILTER (WHERE d.start IS NULL), 0) AS undated FROM d) a "
                "LEFT JOIN LATERAL (SELECT generate_series(a.first, a.last, interval '1 ",
                stats->interval, "') AS start LIMIT ", NULL);
    sql_number(sql, INTERVALS_MAX + 1);
    sql_add(sql, ") s ON true LEFT JOIN d ON d.start = s.start ORDER BY s.start");
}

static Step timeline_ask(Exchange *x, Stats *stats) {
    Sql *sql = sql_new(x->arena);
    timeline_sql(stats, sql);
    return stats_queue(x, stats, sql);
}

Step stats_timeline_plan(Exchange *x) {
    static const char *const parameters[] = {"q", "interval", NULL};
    Stats *stats = stats_new(x, parameters);
    stats->interval = interval_read(x);
    return x->problem.fault_count > 0 ? refuse_parameters(x) : timeline_ask(x, stats);
}

Step stats_timeline_done(Exchange *x) {
    Stats *stats = x->state;
    if (stats_repeats(x, stats))
        return timeline_ask(x, stats);
    const Result *rows = x->batch.statements[stats->statement].result;
    int found = result_value(rows, 0, TIME_START) == NULL ? 0 : result_rows(rows);
    if (found > INTERVALS_MAX) {
        problem_fault(x, FAULT_PARAMETER, "interval", "makes more than %d of it: take a longer one, or filter by date",
                      INTERVALS_MAX);
        return refuse_parameters(x);
    }
    x->body = buffer_new(x->arena, result_size(rows));
    JsonWriter w = json_writer_new(&x->body);
    writer_object_begin(&w);
    writer_key(&w, "interval");
    writer_string(&w, stats->interval);
    writer_key(&w, "items");
    writer_array_begin(&w);
    for (int row = 0; row < found; row++) {
        writer_object_begin(&w);
        writer_key(&w, "start");
        writer_string(&w, result_value(rows, row, TIME_START));
        render_number(&w, stats->list->resource->name, rows, row, TIME_COUNT);
        writer_object_end(&w);
    }
    writer_array_end(&w);
    render_number(&w, "total", rows, 0, TIME_TOTAL);
    render_number(&w, "undated", rows, 0, TIME_UNDATED);
    writer_object_end(&w);
    footprint_all(x);
    return answer_body(x);
}
