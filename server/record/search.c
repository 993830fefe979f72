#include "record/search.h"

#include <stdatomic.h>
#include <string.h>

#include "base/moment.h"
#include "base/utf8.h"
#include "record/cell.h"
#include "record/marks.h"
#include "record/names.h"
#include "sql.h"

/* The text search configurations of schema onrecord (0004_search.sql): onrecord.search_config answers one of them. */
static const char *const configs[] = {
    "simple",  "arabic",     "armenian", "basque",    "catalan",    "danish",    "dutch",      "english",
    "finnish", "french",     "german",   "greek",     "hindi",      "hungarian", "indonesian", "irish",
    "italian", "lithuanian", "nepali",   "norwegian", "portuguese", "romanian",  "russian",    "serbian",
    "spanish", "swedish",    "tamil",    "turkish",   "yiddish",
};

enum { CONFIGS = sizeof configs / sizeof *configs, SIMPLE = 0 };

static bool by_names(const Search *search) {
    return search->resource->searching->by == SEARCH_NAMES;
}

/* Whether its records may have no article to take a language from. */
static bool may_lack_language(const Search *search) {
    return search->resource->searching->languageless;
}

/* What the searches before this one have learnt. */
static _Atomic uint64_t *configs_known(const Exchange *x, const Search *search) {
    return &x->service->searches->configs[may_lack_language(search)];
}

Search *search_read(Exchange *x, const Resource *resource) {
    const char *text = exchange_parameter(x, "q");
    if (text == NULL)
        return NULL;
    if (utf8_length(text, strlen(text)) > SEARCH_TEXT_MAX)
        problem_fault(x, FAULT_PARAMETER, "q", "may have %d characters at most", (int)SEARCH_TEXT_MAX);
    Search *search = arena_calloc(x->arena, 1, sizeof *search);
    search->resource = resource;
    search->text = text;
    search->configs = atomic_load_explicit(configs_known(x, search), memory_order_relaxed);
    return search;
}

/* ---- which languages there are ---- */

bool search_queue(Search *search, Batch *batch) {
    search->runs++;
    if (by_names(search))
        return false;
    const char **params = arena_alloc(batch->arena, 2 * sizeof *params);
    params[0] = search->text;
    params[1] = may_lack_language(search) ? "true" : "false";
    search->languages = batch_add(batch, SQL_SEARCH_LANGUAGES, 2, params);
    return true;
}

static uint64_t config_bit(const char *name) {
    for (int i = 0; i < CONFIGS; i++)
        if (strcmp(configs[i], name) == 0)
            return UINT64_C(1) << i;
    return 0;
}

bool search_learn(Exchange *x, Search *search) {
    if (by_names(search))
        return false;
    const Result *rows = x->batch.statements[search->languages].result;
    uint64_t there = 0;
    for (int row = 0; row < result_rows(rows); row++)
        there |= config_bit(result_value(rows, row, 0));
    if (there == 0)
        there = UINT64_C(1) << SIMPLE;
    atomic_store_explicit(configs_known(x, search), there, memory_order_relaxed);
    bool news = there != search->configs && search->runs < SEARCH_RUNS;
    search->configs = there;
    return news;
}

bool search_is_idle(const Search *search, const Batch *batch) {
    if (by_names(search))
        return !names_say_something(search->text);
    const Result *rows = batch->statements[search->languages].result;
    int64_t nodes = 0;
    for (int row = 0; row < result_rows(rows); row++)
        nodes += result_integer(rows, row, 1);
    return nodes == 0;
}

int search_cap(const Search *search) {
    return by_names(search) ? SEARCH_NAMES_MOST : SEARCH_WINDOW;
}

/* ---- which searches find much ---- */

/* A search is remembered by the upper bits of its hash; the lower ones hold the minute in which it was slow. */
enum { MINUTE_BITS = 16, SLOW_MINUTES = 10 };

static _Atomic uint64_t *slow_slot(const Service *service, uint64_t query) {
    return &service->searches->slow[query % SEARCHES_SLOW];
}

static uint16_t minute_now(void) {
    return (uint16_t)(clock_monotonic_us() / 60000000);
}

bool search_finds_much(const Service *service, uint64_t query) {
    uint64_t slow = atomic_load_explicit(slow_slot(service, query), memory_order_relaxed);
    return slow >> MINUTE_BITS == query >> MINUTE_BITS && (uint16_t)(minute_now() - (uint16_t)slow) < SLOW_MINUTES;
}

void search_found_much(const Service *service, uint64_t query) {
    uint64_t slow = query >> MINUTE_BITS << MINUTE_BITS | minute_now();
    atomic_store_explicit(slow_slot(service, query), slow, memory_order_relaxed);
}

/* ---- SQL ---- */

void search_where(const List *list, Sql *sql) {
    const Search *search = list->search;
    if (by_names(search)) {
        names_where_of(list, sql);
        return;
    }
    if (search->configs == 0) {
        sql_add(sql, "false"); /* a guess could have PostgreSQL walk through all records for nothing */
        return;
    }
    int text = sql_bind(sql, search->text);
    const char * or = "(";
    for (int i = 0; i < CONFIGS; i++) {
        if ((search->configs >> i & 1) == 0)
            continue;
        sql_add_all(sql, or, "t.search_config = '", configs[i], "' AND t.search @@ onrecord.search_query('", configs[i],
                    "', ", NULL);
        sql_use(sql, text, "text");
        sql_add(sql, ")");
        or = " OR ";
    }
    sql_add(sql, ")");
}

void search_with(const Search *search, Sql *sql) {
    if (by_names(search))
        return;
    int text = sql_bind(sql, search->text);
    uint64_t some = search->configs != 0 ? search->configs : UINT64_C(1) << SIMPLE;
    sql_add(sql, "WITH q (name, config, query, marked, words) AS MATERIALIZED ("
                 "SELECT c.name, ('onrecord.' || c.name)::regconfig, f.query, m.query, "
                 "onrecord.search_any_word(m.query) FROM (VALUES ");
    const char *comma = "('";
    for (int i = 0; i < CONFIGS; i++) {
        if ((some >> i & 1) == 0)
            continue;
        sql_add_all(sql, comma, configs[i], "')", NULL);
        comma = ", ('";
    }
    sql_add(sql, ") AS c (name), LATERAL onrecord.search_query(c.name, ");
    sql_use(sql, text, "text");
    sql_add(sql, ") AS f (query), LATERAL onrecord.search_marked(f.query) AS m (query)) ");
}

/* The text of a field, folded, with marks around the words that the query asks for; NULL when none stands there. By the
 * weights in `search` ('a' for the first of the fields) that is known without reading it. A tsvector keeps 255 places
 * of a word: where the first field has it more often, the others are not marked. */
static void headline_sql(const char *field, int place, Sql *sql) {
    const char weight[] = {(char)('a' + place), '\0'};
    sql_add_all(sql, ", CASE WHEN ts_filter(t.search, '{", weight, "}') @@ q.words ",
                "THEN ts_headline(q.config, onrecord.search_marking(q.name, left(t.", field, ", ", NULL);
    sql_number(sql, SEARCH_MARKED);
    sql_add(sql, ")), q.marked, E'HighlightAll=true,StartSel=\\x01,StopSel=\\x02') END");
}

int search_columns(Search *search, int column, const char *const *ranking, Sql *sql) {
    search->column = column;
    for (int i = 0; i < RANKING_COLUMNS; i++)
        sql_add_all(sql, ", ", ranking != NULL ? ranking[i] : "NULL", NULL);
    const char *const *fields = search->resource->searching->fields;
    int marked = 0;
    for (; !by_names(search) && fields[marked] != NULL; marked++)
        headline_sql(fields[marked], marked, sql);
    return RANKING_COLUMNS + marked;
}

void search_join(const Search *search, Sql *sql) {
    if (!by_names(search))
        sql_add(sql, " JOIN q ON q.name = t.search_config");
}

/* ---- what was found ---- */

typedef struct Text {
    const char *text;
    size_t length;
    bool utf16;
} Text;

static void offset_render(JsonWriter *w, const char *name, const Text *text, size_t place) {
    writer_key(w, name);
    writer_int(w, (int64_t)(text->utf16 ? utf8_to_utf16(text->text, text->length, place) : place));
}

static void ranges_render(JsonWriter *w, const Text *text, const Mark *marks, int count) {
    writer_key(w, "ranges");
    writer_array_begin(w);
    for (int i = 0; i < count; i++) {
        writer_object_begin(w);
        offset_render(w, "start", text, marks[i].start);
        offset_render(w, "end", text, marks[i].end);
        writer_object_end(w);
    }
    writer_array_end(w);
}

static void highlight_render(JsonWriter *w, const char *field, const Text *text, const Marks *marks) {
    writer_object_begin(w);
    writer_key(w, "field");
    writer_string(w, field);
    ranges_render(w, text, marks->list, marks->count);
    writer_object_end(w);
}

/* The piece with its place in the whole; its own ranges count from its own beginning. */
static void snippet_render(JsonWriter *w, const Text *text, const Marks *marks) {
    Mark piece;
    writer_key(w, "snippet");
    if (!marks_piece(text->text, text->length, marks, &piece)) {
        writer_null(w);
        return;
    }
    size_t first = utf8_offset(text->text, text->length, piece.start);
    size_t last = utf8_offset(text->text, text->length, piece.end);
    Text own = {text->text + first, last - first, text->utf16};
    Mark list[MARKS_MAX];
    int count = 0;
    for (int i = 0; i < marks->count; i++)
        if (marks->list[i].start >= piece.start && marks->list[i].end <= piece.end)
            list[count++] = (Mark){marks->list[i].start - piece.start, marks->list[i].end - piece.start};
    writer_object_begin(w);
    offset_render(w, "start", text, piece.start);
    offset_render(w, "end", text, piece.end);
    writer_key(w, "text");
    writer_string_n(w, own.text, own.length);
    ranges_render(w, &own, list, count);
    writer_object_end(w);
}

static void marks_of(const Search *search, const Text *text, const Result *rows, int row, int column, Marks *marks) {
    marks->count = 0;
    if (text->text == NULL)
        return;
    if (by_names(search)) {
        marks_add_names(text->text, text->length, search->text, marks);
        return;
    }
    const char *marked = result_value(rows, row, column);
    if (marked != NULL)
        marks_read(text->text, text->length, marked, result_length(rows, row, column), marks);
    marks_add_unparted(text->text, text->length, search->text, marks);
}

void search_render(const Search *search, const Selection *selection, JsonWriter *w, const Result *rows, int row) {
    const Row at = {selection, rows, row};
    const Searching *searching = search->resource->searching;
    const char *score = result_value(rows, row, search->column + RANKING_SCORE);
    Marks marks[SEARCH_FIELDS];
    Text texts[SEARCH_FIELDS];
    writer_key(w, "score");
    score != NULL ? writer_raw(w, score, strlen(score)) : writer_null(w);
    writer_key(w, "highlights");
    writer_array_begin(w);
    for (int i = 0; searching->fields[i] != NULL; i++) {
        Cell cell = cell_find(&at, 0, searching->fields[i]);
        texts[i] = (Text){cell.text, cell.length, search->utf16};
        marks_of(search, &texts[i], rows, row, search->column + RANKING_COLUMNS + i, &marks[i]);
        if (marks[i].count > 0 && cell.shown)
            highlight_render(w, searching->fields[i], &texts[i], &marks[i]);
    }
    writer_array_end(w);
    for (int i = 0; searching->fields[i] != NULL; i++)
        if (searching->snippet != NULL && strcmp(searching->fields[i], searching->snippet) == 0)
            snippet_render(w, &texts[i], &marks[i]);
    if (by_names(search))
        names_render_matched(&at, w, search->column + RANKING_TOP);
}
