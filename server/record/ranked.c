#include "record/ranked.h"

#include <stdlib.h>

#include "record/names.h"

enum { AFTER_TOP, AFTER_SCORE, AFTER_ID, AFTER_LOW };

static bool by_names(const List *list) {
    return list->resource->searching->by == SEARCH_NAMES;
}

/* What both have in common: the page, cut from those found (c) by score and id. */
static void page_sql(const List *list, Sql *sql) {
    if (list->has_cursor && list->after[AFTER_SCORE] != NULL) {
        sql_add(sql, " WHERE (f.score, f.id) < (");
        sql_param(sql, list->after[AFTER_SCORE], "real");
        sql_add(sql, ", ");
        sql_param(sql, list->after[AFTER_ID], "bigint");
        sql_add(sql, ")");
    }
    sql_add(sql, " ORDER BY f.score DESC, f.id DESC");
    list_limit(list, sql);
}

/* The newest that match, up to a window's size. An id costs little; so the records themselves are fetched for the page
 * alone: from where they lie (ctid), which holds as long as the statement does. */
static void window_sql(const List *list, Sql *sql) {
    sql_add_all(sql, "SELECT t.id, t.ctid, t.search, t.search_config FROM ", list->resource->table, " t", NULL);
    list_where(list, sql);
    if (list->has_cursor && list->after[AFTER_TOP] != NULL) {
        sql_add(sql, " AND t.id <= ");
        sql_param(sql, list->after[AFTER_TOP], "bigint");
    }
    if (list->has_cursor && list->after[AFTER_LOW] != NULL) {
        sql_add(sql, " AND t.id >= ");
        sql_param(sql, list->after[AFTER_LOW], "bigint");
    }
    sql_add(sql, " ORDER BY t.id DESC LIMIT ");
    sql_number(sql, SEARCH_WINDOW);
}

static void found_sql(const List *list, Sql *sql) {
    if (by_names(list)) {
        sql_add(sql,
                "SELECT best.id, best.score, best.position AS top, NULL AS low, count(*) OVER () AS found FROM best");
        return;
    }
    sql_add(sql, "SELECT w.id, w.ctid, ts_rank(w.search, q.query, 1) AS score, max(w.id) OVER () AS top, "
                 "min(w.id) OVER () AS low, count(*) OVER () AS found FROM (");
    window_sql(list, sql);
    sql_add(sql, ") w JOIN q ON q.name = w.search_config");
}

void ranked_sql(const List *list, Sql *sql) {
    static const char *const ranking[RANKING_COLUMNS] = {"c.score", "c.top", "c.low", "c.found"};
    by_names(list) ? names_with(list, sql) : search_with(list->search, sql);
    sql_add(sql, "SELECT ");
    selection_columns(list->selection, sql);
    search_columns(list->search, list->selection->columns, ranking, sql);
    sql_add(sql, " FROM (SELECT f.* FROM (");
    found_sql(list, sql);
    sql_add(sql, ") f");
    page_sql(list, sql);
    sql_add_all(sql, ") c JOIN ", list->resource->table, " t ON ", by_names(list) ? "t.id = c.id" : "t.ctid = c.ctid",
                NULL);
    selection_joins(list->selection, sql);
    search_join(list->search, sql);
    sql_add(sql, " ORDER BY c.score DESC, c.id DESC");
}

void ranked_stream(const List *list, Sql *sql) {
    by_names(list) ? names_with(list, sql) : search_with(list->search, sql);
    sql_add(sql, "SELECT ");
    selection_columns_shown(list->selection, sql);
    sql_add_all(sql, " FROM ", list->resource->table, " t", NULL);
    selection_joins(list->selection, sql);
    if (by_names(list)) {
        sql_add(sql, " JOIN best ON best.id = t.id ORDER BY best.score DESC, t.id DESC");
        return;
    }
    search_join(list->search, sql);
    list_where(list, sql);
    sql_add(sql, " ORDER BY ts_rank(t.search, q.query, 1) DESC, t.id DESC");
}

/* The oldest id of the window that the page is from, where there may be others before it; NULL: there are none. */
static const char *window_low(const List *list, const Result *rows) {
    if (list->has_cursor && list->after[AFTER_LOW] != NULL)
        return list->after[AFTER_LOW];
    int column = list->search->column;
    bool full = result_rows(rows) > 0 && result_integer(rows, 0, column + RANKING_FOUND) >= SEARCH_WINDOW;
    return full ? result_value(rows, 0, column + RANKING_LOW) : NULL;
}

bool ranked_next(const List *list, const Result *rows, Arena *arena, const char *values[RANKED_KEYS]) {
    int count = result_rows(rows);
    int last = list->limit - 1;
    int column = list->search->column;
    const char *low = by_names(list) ? NULL : window_low(list, rows);
    if (count > list->limit) {
        values[AFTER_TOP] = by_names(list) ? NULL : result_value(rows, last, column + RANKING_TOP);
        values[AFTER_SCORE] = result_value(rows, last, column + RANKING_SCORE);
        values[AFTER_ID] = result_value(rows, last, list->selection->nodes[0].column);
        values[AFTER_LOW] = low;
        return true;
    }
    if (low == NULL)
        return false;
    values[AFTER_TOP] = arena_integer(arena, strtoll(low, NULL, 10) - 1);
    values[AFTER_SCORE] = values[AFTER_ID] = values[AFTER_LOW] = NULL;
    return true;
}
