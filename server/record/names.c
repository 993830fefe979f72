#include "record/names.h"

#include <string.h>

#include "base/utf8.h"
#include "db/array.h"

/* Where so many begin with the query, nobody looks for those that sound alike; where one does, or so many sound alike,
 * nobody looks for those that look alike, which costs the most. And the most that are ranked. */
#define FEW "5"
#define MOST "50" /* SEARCH_NAMES_MOST */

/* Names that begin with the query are looked at in the order of the alphabet: this many. With some letters to go by,
 * the best are to be among them; a filter takes them all. */
#define LOOKED_AT "CASE WHEN char_length(q.text) < 4 THEN " MOST " ELSE 500 END"
#define LOOKED_AT_BY_FILTER "100000"

bool names_say_something(const char *query) {
    const char *end = query + strlen(query);
    while (query < end)
        if (utf8_is_letter(utf8_next(&query, end)))
            return true;
    return false;
}

/* The query, folded once; and how its words sound, which is worked out only where somebody asks. */
static void query_sql(const char *query, Sql *sql) {
    sql_add(sql, "q (text) AS MATERIALIZED (SELECT onrecord.name_fold(");
    sql_param(sql, query, "text");
    sql_add(sql, ")), said (sounds) AS MATERIALIZED (SELECT ARRAY(SELECT DISTINCT s.sound FROM q, "
                 "unnest(string_to_array(q.text, ' ')) AS w (word), LATERAL onrecord.name_sound(w.word) AS s (sound) "
                 "WHERE s.sound IS NOT NULL))");
}

/* Lets only those pass that the list's filters do. */
static void filters_sql(const List *list, Sql *sql) {
    if (list == NULL || list->filter_count == 0)
        return;
    sql_add_all(sql, " AND EXISTS (SELECT FROM ", list->resource->table, " t", NULL);
    list_filters(list, sql);
    sql_add(sql, " AND t.id = n.speaker_id)");
}

/* Those that begin with the query, at some word of a name. Not numeric: to become a real, that goes through text. */
static void starts_sql(const List *list, const char *looked_at, const char *most, Sql *sql) {
    sql_add(sql, ", beginning (id, position, score) AS (SELECT n.speaker_id, n.position, "
                 "CASE WHEN n.word > 1 THEN 0.8::float8 WHEN n.rest = (SELECT text FROM q) THEN 0.92 ELSE 0.9 END "
                 "+ 0.08::float8 * char_length((SELECT text FROM q)) / char_length(n.rest) "
                 "- CASE WHEN n.position > 0 THEN 0.01::float8 ELSE 0 END "
                 "FROM onrecord.speaker_names n WHERE (SELECT text FROM q) <> '' "
                 "AND n.rest >= (SELECT text FROM q) AND n.rest < (SELECT text || U&'\\+10FFFF' FROM q)");
    filters_sql(list, sql);
    sql_add_all(
        sql, " ORDER BY n.rest LIMIT (SELECT ", looked_at, " FROM q)), ",
        "starts (id, position, score) AS MATERIALIZED (SELECT b.* FROM (SELECT DISTINCT ON (id) * FROM beginning "
        "ORDER BY id, score DESC, position) AS b ORDER BY b.score DESC, b.id LIMIT ",
        most, ")", NULL);
}

/* Those of whose words more than half sound like words of the query. */
static void sounds_sql(const List *list, Sql *sql) {
    sql_add(sql, ", sounds (id, position, score) AS MATERIALIZED (SELECT n.speaker_id, n.position, "
                 "0.7::float8 * count(DISTINCT n.sound) / cardinality((SELECT sounds FROM said)) "
                 "+ 0.05 * onrecord.name_likeness((SELECT text FROM q), string_agg(n.rest, ' ' ORDER BY n.word)) "
                 "FROM onrecord.speaker_names n "
                 "WHERE (SELECT count(*) FROM starts) < " FEW " AND n.sound = ANY ((SELECT sounds FROM said)::text[])");
    filters_sql(list, sql);
    sql_add(sql, " GROUP BY n.speaker_id, n.position "
                 "HAVING 2 * count(DISTINCT n.sound) > cardinality((SELECT sounds FROM said)) "
                 "ORDER BY 3 DESC, 1 LIMIT " MOST ")");
}

static void alike_sql(const List *list, Sql *sql) {
    sql_add(sql, ", alike (id, position, score) AS (SELECT n.speaker_id, n.position, "
                 "0.79 * onrecord.name_likeness((SELECT text FROM q), n.rest) FROM onrecord.speaker_names n "
                 "WHERE (SELECT count(*) FROM starts) = 0 AND (SELECT count(*) FROM sounds) < " FEW " "
                 "AND n.word = 1 AND onrecord.names_alike((SELECT text FROM q), n.rest)");
    filters_sql(list, sql);
    sql_add(sql, " ORDER BY 3 DESC, 1 LIMIT " MOST ")");
}

/* best (id, score, position): one row a speaker. `list`: whose filters; NULL: none. */
static void best_sql(const char *query, const List *list, const char *looked_at, const char *most, Sql *sql) {
    query_sql(query, sql);
    starts_sql(list, looked_at, most, sql);
    sounds_sql(list, sql);
    alike_sql(list, sql);
    sql_add(sql, ", best (id, score, position) AS (SELECT DISTINCT ON (f.id) f.id, f.score::real, f.position "
                 "FROM (SELECT * FROM starts UNION ALL SELECT * FROM sounds UNION ALL SELECT * FROM alike) AS f "
                 "ORDER BY f.id, f.score DESC, f.position)");
}

void names_where(const char *query, Sql *sql, const char *alias, const char *least) {
    sql_add_all(sql, alias, ".id IN (WITH ", NULL);
    best_sql(query, NULL, LOOKED_AT_BY_FILTER, LOOKED_AT_BY_FILTER, sql);
    sql_add_all(sql, " SELECT best.id FROM best WHERE best.score >= ", least, ")", NULL);
}

void names_where_of(const List *list, Sql *sql) {
    sql_add(sql, "t.id IN (WITH ");
    best_sql(list->search->text, list, LOOKED_AT, MOST, sql);
    sql_add(sql, " SELECT best.id FROM best)");
}

void names_best(const char *query, int most, Sql *sql) {
    sql_add(sql, "WITH ");
    best_sql(query, NULL, LOOKED_AT, MOST, sql);
    sql_add(sql, " SELECT s.id, s.name FROM best JOIN onrecord.speakers s ON s.id = best.id "
                 "WHERE best.score >= " NAMES_LIKELY " ORDER BY best.score DESC, s.id LIMIT ");
    sql_number(sql, most);
}

void names_with(const List *list, Sql *sql) {
    sql_add(sql, "WITH ");
    best_sql(list->search->text, list, LOOKED_AT, MOST, sql);
    sql_add(sql, " ");
}

void names_render_matched(const Row *row, JsonWriter *w, int column) {
    writer_key(w, "matched");
    if (result_value(row->rows, row->row, column) == NULL) {
        writer_null(w);
        return;
    }
    int64_t number = result_integer(row->rows, row->row, column);
    const char **items = NULL;
    int count = number > 0 ? array_elements(w->out->arena, cell_find(row, 0, "aliases").text, &items) : 0;
    writer_string(w, number > 0 && number <= count ? items[number - 1] : cell_find(row, 0, "name").text);
}
