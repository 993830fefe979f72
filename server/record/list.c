#include "record/list.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/percent.h"
#include "record/cursor.h"
#include "record/merged.h"
#include "record/ranked.h"
#include "record/render_atom.h"
#include "record/render_json.h"

/* A statement's LIMIT is a literal, so that its plan knows it; few of them, so that few statements are prepared. */
static const int limit_tiers[] = {6, 11, 21, 51, 101, LIST_LIMIT_MAX + 1};

/* Parameters that every list takes beside its filters. */
static const char *const list_parameters[] = {"q",       "limit", "cursor",  "sort",   "fields",
                                              "include", "count", "offsets", "format", NULL};

bool name_is_one_of(const char *const *names, const char *name) {
    for (const char *const *known = names; *known != NULL; known++)
        if (strcmp(*known, name) == 0)
            return true;
    return false;
}

/* A hash of one parameter; those of a query are summed up, so that their order does not matter. */
static uint64_t parameter_hash(const Parameter *parameter) {
    uint64_t hash = hash64(parameter->name, strlen(parameter->name) + 1);
    return hash64_more(hash, parameter->value, strlen(parameter->value) + 1);
}

/* A filter, or one of the `others` that somebody else reads. */
static void parameter_read(Exchange *x, List *list, const Parameter *parameter, const char *const *others) {
    if (exchange_repeats(x, (int)(parameter - x->parameters)))
        return;
    if (name_is_one_of(others, parameter->name)) {
        if (strcmp(parameter->name, "sort") == 0 || strcmp(parameter->name, "q") == 0)
            list->query += parameter_hash(parameter);
        return;
    }
    if (list->filter_count == LIST_FILTERS) {
        problem_fault(x, FAULT_PARAMETER, parameter->name, "is one filter too many: at most %d", LIST_FILTERS);
        return;
    }
    if (!filter_read(x, list->resource, parameter, &list->filters[list->filter_count])) {
        problem_fault(x, FAULT_PARAMETER, parameter->name, "is not a parameter of this list; filters are: %s",
                      field_names(x->arena, list->resource, field_filters));
        return;
    }
    list->filter_count++;
    list->query += parameter_hash(parameter);
}

/* Lists show only what the resource says, unless its field is asked for. */
static void shown_add(List *list) {
    for (const Field *field = list->resource->fields; field->name != NULL; field++) {
        bool asked = field->shown == NULL || list->filter_count > LIST_FILTERS;
        for (int i = 0; i < list->filter_count && !asked; i++)
            asked = list->filters[i].field == field && list->filters[i].step_count == 0;
        if (!asked)
            list->filters[list->filter_count++] = (Filter){.field = field};
    }
}

bool count_read(Exchange *x) {
    const char *count = exchange_parameter(x, "count");
    if (count != NULL && strcmp(count, "exact") != 0)
        problem_fault(x, FAULT_PARAMETER, "count", "must be exact, or left out");
    return count != NULL;
}

static void limit_read(Exchange *x, List *list) {
    const char *text = exchange_parameter(x, "limit");
    if (text != NULL) {
        size_t digits = strspn(text, "0123456789");
        bool whole = digits > 0 && digits < 5 && text[digits] == '\0' && text[0] != '0';
        list->limit = whole ? (int)strtol(text, NULL, 10) : 0;
        if (list->limit < 1 || list->limit > LIST_LIMIT_MAX)
            problem_fault(x, FAULT_PARAMETER, "limit", "must be a whole number from 1 to %d", LIST_LIMIT_MAX);
    }
    list->total = count_read(x);
}

static bool is_ranked(const List *list) {
    return list->search != NULL && list->search->ranked;
}

/* A stream is the whole list, or as much of its beginning as `limit` says. */
static void rows_read(Exchange *x, List *list) {
    static const char *const pages[] = {"cursor", "count", NULL};
    const char *text = exchange_parameter(x, "limit");
    if (text != NULL) {
        size_t digits = strspn(text, "0123456789");
        bool whole = digits > 0 && digits < 16 && text[digits] == '\0' && text[0] != '0';
        list->rows = whole ? strtoll(text, NULL, 10) : 0;
        if (!whole)
            problem_fault(x, FAULT_PARAMETER, "limit", "must be a whole number from 1 on");
    }
    for (const char *const *name = pages; *name != NULL; name++)
        if (exchange_parameter(x, *name) != NULL)
            problem_fault(x, FAULT_PARAMETER, *name, "is for pages, which %s has not",
                          representation_of(x->format)->media_types[0]);
}

static void cursor_read(Exchange *x, List *list) {
    const char *cursor = exchange_parameter(x, "cursor");
    int keys = is_ranked(list) ? RANKED_KEYS : list->sort.count;
    if (cursor == NULL)
        return;
    switch (cursor_decode(x->arena, x->service->cursor_key, list->query, cursor, list->after, keys)) {
    case CURSOR_OK:
        list->has_cursor = true;
        break;
    case CURSOR_MALFORMED:
        problem_fault(x, FAULT_PARAMETER, "cursor", "is not a cursor of this service; take it from `next` as it is");
        break;
    case CURSOR_OF_ANOTHER_QUERY:
        problem_fault(x, FAULT_PARAMETER, "cursor", "belongs to another list, other filters or another sort");
        break;
    }
}

void list_query_add(Exchange *x, Buffer *link, const char *const *but) {
    for (int i = 0; i < x->parameter_count; i++) {
        if (name_is_one_of(but, x->parameters[i].name))
            continue;
        percent_encode(link, x->parameters[i].name);
        buffer_add_char(link, '=');
        percent_encode(link, x->parameters[i].value);
        buffer_add_char(link, '&');
    }
}

/* The query as it came, but for its cursor. */
static const char *link_make(Exchange *x) {
    static const char *const cursor[] = {"cursor", NULL};
    Buffer link = buffer_new(x->arena, 256);
    const char *base = x->base != NULL ? x->base : x->service->public_url;
    if (base[0] != '\0') {
        buffer_add_string(&link, base);
        buffer_add_string(&link, x->path);
    }
    buffer_add_char(&link, '?');
    list_query_add(x, &link, cursor);
    if (x->format == FORMAT_ATOM && exchange_parameter(x, "format") == NULL)
        buffer_add_string(&link, "format=atom&"); /* who follows it may ask with another Accept */
    return link.data;
}

static List *list_new(Exchange *x, const Resource *resource, const Field *by, int64_t id) {
    List *list = arena_calloc(x->arena, 1, sizeof *list);
    list->resource = resource;
    list->service = x->service;
    list->limit = LIST_LIMIT_DEFAULT;
    list->query = hash64(resource->name, strlen(resource->name));
    if (by != NULL) {
        list->filters[list->filter_count++] = filter_id(x->arena, by, id);
        list->of_one = true;
        Parameter parameter = {by->name, arena_integer(x->arena, id)};
        list->query += parameter_hash(&parameter);
    }
    return list;
}

/* A feed begins with what is new. Its cursors are not those of the list in its own order. */
static const char *sort_default(Exchange *x, List *list) {
    static const Parameter newest = {"sort", "-id"};
    if (x->format != FORMAT_ATOM || exchange_parameter(x, "sort") != NULL)
        return list->resource->default_sort;
    list->query += parameter_hash(&newest);
    return newest.value;
}

List *list_read(Exchange *x, const Resource *resource, const Field *by, int64_t id) {
    List *list = list_new(x, resource, by, id);
    for (int i = 0; i < x->parameter_count; i++)
        parameter_read(x, list, &x->parameters[i], list_parameters);
    shown_add(list);
    list->sort = sort_read(x, resource, sort_default(x, list));
    Selection *selection = selection_read(x, resource, false);
    if (x->format == FORMAT_ATOM)
        atom_select(x, selection);
    list->selection = selection;
    list->search = search_read(x, resource);
    if (list->search != NULL) {
        /* Who follows a saved search in a feed reader wants what is new. */
        list->search->ranked = exchange_parameter(x, "sort") == NULL && x->format != FORMAT_ATOM;
        list->search->utf16 = selection->utf16;
    }
    list->streams = representation_of(x->format)->streams;
    if (list->streams) {
        list->asks_all = true;
        rows_read(x, list);
        return list;
    }
    limit_read(x, list);
    cursor_read(x, list);
    list->link = link_make(x);
    return list;
}

/* The page of a list that is not in the order of a `sort`. */
static void page_read(Exchange *x, List *list, int keys) {
    list->sort.count = keys;
    limit_read(x, list);
    cursor_read(x, list);
    list->link = link_make(x);
}

List *list_counted(Exchange *x, const Resource *resource, const char *const *others) {
    List *list = list_new(x, resource, NULL, 0);
    list->query += hash64(x->path, strlen(x->path)); /* no other list's cursors */
    for (int i = 0; i < x->parameter_count; i++)
        parameter_read(x, list, &x->parameters[i], others);
    shown_add(list);
    list->search = search_read(x, resource);
    list->asks_all = true;
    page_read(x, list, 2);
    return list;
}

List *list_unfiltered(Exchange *x, const Resource *resource, int keys) {
    List *list = list_new(x, resource, NULL, 0);
    list->query += hash64(x->path, strlen(x->path));
    page_read(x, list, keys);
    return list;
}

/* Those items of a parameter's list that go through the branch, as the branch's own list says them. */
static void branch_items(Exchange *x, const char *parameter, const char *branch, Buffer *link) {
    const char *list = exchange_parameter(x, parameter);
    size_t length = strlen(branch);
    Buffer items = buffer_new(x->arena, 64);
    for (const char *item = list; item != NULL; item = strchr(item, ',')) {
        item += *item == ',';
        bool minus = *item == '-';
        const char *path = item + minus;
        if (strncmp(path, branch, length) != 0 || path[length] != '.')
            continue;
        const char *rest = path + length + 1;
        buffer_add_string(&items, items.length > 0 ? "," : "");
        buffer_add_string(&items, minus ? "-" : "");
        buffer_add(&items, rest, strcspn(rest, ","));
    }
    if (items.length == 0)
        return;
    buffer_printf(link, "%s=", parameter);
    percent_encode(link, items.data);
    buffer_add_char(link, '&');
}

/* The rest of a branch is the sub-collection's list, in the same shape. */
static const char *branch_link(Exchange *x, const Resource *owner, const Branch *branch, int64_t id) {
    Buffer link = buffer_new(x->arena, 256);
    const char *name = branch->relation->name;
    buffer_printf(&link, "%s/%s/%lld/%s?", x->service->public_url, owner->name, (long long)id, name);
    branch_items(x, "include", name, &link);
    branch_items(x, "fields", name, &link);
    buffer_add_string(&link, branch->selection.utf16 ? "offsets=utf16&" : "");
    return link.data;
}

List *list_of_branch(Exchange *x, const Resource *owner, const Branch *branch, int64_t id) {
    const Resource *resource = resource_find(branch->relation->resource);
    const Field *by = field_find(resource, branch->relation->filter, strlen(branch->relation->filter));
    List *list = list_new(x, resource, by, id);
    const Field *key = field_find(resource, "id", 2);
    shown_add(list);
    list->sort = (Sort){.count = 1, .keys = {{.field = key}}};
    list->selection = &branch->selection;
    list->total = exchange_parameter(x, "count") != NULL;
    list->link = branch_link(x, owner, branch, id);
    return list;
}

void list_filters(const List *list, Sql *sql) {
    for (int i = 0; i < list->filter_count; i++) {
        sql_add(sql, i == 0 ? " WHERE " : " AND ");
        filter_sql(&list->filters[i], sql, "t");
    }
}

void list_where(const List *list, Sql *sql) {
    list_filters(list, sql);
    if (list->search != NULL) {
        sql_add(sql, list->filter_count == 0 ? " WHERE " : " AND ");
        search_where(list, sql);
    }
}

void list_limit(const List *list, Sql *sql) {
    int tier = 0;
    while (limit_tiers[tier] < list->limit + 1)
        tier++;
    sql_add(sql, " LIMIT ");
    sql_number(sql, limit_tiers[tier]);
}

/* One range in order: SELECT t.* FROM table t WHERE filters AND (extra) ORDER BY ... LIMIT n */
static void range_sql(const List *list, Sql *sql, const Sort *sort, const char *const *after, const char *condition) {
    sql_add_all(sql, "SELECT t.* FROM ", list->resource->table, " t", NULL);
    list_where(list, sql);
    const char *and = list->filter_count == 0 && list->search == NULL ? " WHERE " : " AND ";
    if (condition != NULL) {
        sql_add(sql, and);
        sort_column(&list->sort.keys[0], sql, "t");
        sql_add(sql, condition);
        and = " AND ";
    }
    if (after != NULL) {
        sql_add(sql, and);
        sort_after(sort, sql, "t", after);
    }
    sort_order(sort, sql, "t");
    list_limit(list, sql);
}

/* By one nullable key and the id: the records that have the key, then those that have not. */
static void two_ranges_sql(const List *list, Sql *sql) {
    Sort having = list->sort;
    Sort lacking = {.count = 1, .keys = {list->sort.keys[1]}};
    having.keys[0].nullable = false;
    bool in_second = list->has_cursor && list->after[0] == NULL;
    if (!in_second) {
        sql_add(sql, "(");
        range_sql(list, sql, &having, list->has_cursor ? list->after : NULL, " IS NOT NULL");
        sql_add(sql, ") UNION ALL (");
    }
    range_sql(list, sql, &lacking, in_second ? &list->after[1] : NULL, " IS NULL");
    if (!in_second) {
        sql_add(sql, ")");
        list_limit(list, sql);
    }
}

/* The whole SELECT, in the order of the sort's keys, which stand behind all else. */
static void sorted_sql(List *list, Sql *sql) {
    list->key_column = list->selection->columns;
    if (list->search != NULL)
        search_with(list->search, sql);
    sql_add(sql, "SELECT ");
    selection_columns(list->selection, sql);
    if (list->search != NULL)
        list->key_column += search_columns(list->search, list->selection->columns, NULL, sql);
    for (int i = 0; i < list->sort.count; i++) {
        sql_add(sql, ", ");
        sort_column(&list->sort.keys[i], sql, "t");
    }
    sql_add(sql, " FROM (");
    if (list->sort.count == 2 && list->sort.keys[0].nullable)
        two_ranges_sql(list, sql);
    else
        range_sql(list, sql, &list->sort, list->has_cursor ? list->after : NULL, NULL);
    sql_add(sql, ") t");
    selection_joins(list->selection, sql);
    if (list->search != NULL)
        search_join(list->search, sql);
    sort_order(&list->sort, sql, "t"); /* a join need not keep the order */
}

static bool filter_walks(const Filter *filter, const Field *key) {
    return filter->step_count == 0 && filter->operator== OPERATOR_EQ && filter->field->walks != NULL &&
                                      name_is_one_of(filter->field->walks, key->name);
}

/* Whether the page is a walk along an index, whatever the values are: in the order of one key and the id, of what one
 * filter chooses at most. What a list shows by itself does not count: nearly all records pass. */
static bool list_walks(const List *list) {
    const SortKey *keys = list->sort.keys;
    bool walks = !list->total && list->search == NULL &&
                 (list->sort.count == 1 || (list->sort.count == 2 && strcmp(keys[1].field->name, "id") == 0));
    int filters = 0;
    for (int i = 0; i < list->filter_count && walks; i++)
        walks = list->filters[i].value == NULL || (++filters == 1 && filter_walks(&list->filters[i], keys[0].field));
    return walks;
}

/* A search by names has one plan, unless filters come into it. */
static Lane list_lane(const List *list) {
    if (list_walks(list))
        return LANE_PAGE;
    if (!is_ranked(list) || list->total)
        return LANE_LIST;
    if (list->resource->searching->by == SEARCH_NAMES)
        return list->filter_count == 0 ? LANE_PAGE : LANE_LIST;
    return search_finds_much(list->service, list->query) ? LANE_LIST : LANE_SEARCH;
}

bool list_ask(List *list, Batch *batch) {
    bool asks = list->search != NULL && search_queue(list->search, batch);
    int own = list->of_one ? 1 : 0;
    return merged_filters_ask(list->filters + own, list->filter_count - own, list->resource, list->asks_all, batch) ||
           asks;
}

bool list_learn(Exchange *x, List *list) {
    if (x->batch.lane == LANE_SEARCH && x->batch.runs_in != LANE_SEARCH)
        search_found_much(list->service, list->query);
    bool news = list->search != NULL && search_learn(x, list->search);
    int own = list->of_one ? 1 : 0;
    return merged_filters_take(list->filters + own, list->filter_count - own, &x->batch) || news;
}

static void count_queue(const List *list, Batch *batch) {
    Sql *count = sql_new(batch->arena);
    sql_add_all(count, "SELECT count(*) FROM ", list->resource->table, " t", NULL);
    list_where(list, count);
    sql_queue(count, batch);
}

void list_queue(List *list, Batch *batch) {
    Sql *sql = sql_new(batch->arena);
    is_ranked(list) ? ranked_sql(list, sql) : sorted_sql(list, sql);
    list->statement = sql_queue(sql, batch);
    Lane lane = list_lane(list);
    if (batch->lane < lane) /* a batch goes where the slowest of its statements goes */
        batch->lane = lane;
    if (list->total)
        count_queue(list, batch);
    list_ask(list, batch);
}

static void sorted_stream(const List *list, Sql *sql) {
    sql_add(sql, "SELECT ");
    selection_columns_shown(list->selection, sql);
    sql_add_all(sql, " FROM ", list->resource->table, " t", NULL);
    selection_joins(list->selection, sql);
    list_where(list, sql);
    sort_order(&list->sort, sql, "t");
}

void list_stream(const List *list, Batch *batch) {
    Sql *sql = sql_new(batch->arena);
    is_ranked(list) ? ranked_stream(list, sql) : sorted_stream(list, sql);
    if (list->rows > 0) {
        sql_add(sql, " LIMIT ");
        sql_param(sql, arena_integer(batch->arena, list->rows), "bigint");
    }
    batch->lane = LANE_EXPORT;
    sql_queue(sql, batch);
}

/* It is empty: that may be because its filters name a merged record. Once. */
static bool list_doubts(List *list, const Batch *batch) {
    int own = list->of_one ? 1 : 0;
    if (list->asks_all || batch_rows(batch, list->statement) > 0 ||
        !merged_filters_may_empty(list->filters + own, list->filter_count - own, list->resource))
        return false;
    list->asks_all = true;
    return true;
}

bool list_repeats(Exchange *x, List *list) {
    if (!list_learn(x, list) && !list_doubts(list, &x->batch))
        return false;
    batch_release(&x->batch);
    list_queue(list, &x->batch);
    return true;
}

/* The keys of the page's last record; false when nothing follows it. */
static bool sorted_next(const List *list, const Result *rows, const char *values[SORT_KEYS]) {
    if (result_rows(rows) <= list->limit)
        return false;
    for (int i = 0; i < list->sort.count; i++)
        values[i] = result_value(rows, list->limit - 1, list->key_column + i);
    return true;
}

const char *list_next(const List *list, const Result *rows, Arena *arena) {
    const char *values[SORT_KEYS];
    bool ranked = is_ranked(list);
    if (!(ranked ? ranked_next(list, rows, arena, values) : sorted_next(list, rows, values)))
        return NULL;
    int keys = ranked ? RANKED_KEYS : list->sort.count;
    const char *cursor = cursor_encode(arena, list->service->cursor_key, list->query, values, keys);
    return cursor == NULL ? NULL : arena_printf(arena, "%scursor=%s", list->link, cursor);
}

void next_render(JsonWriter *w, const char *next) {
    writer_key(w, "next");
    if (next != NULL)
        writer_string(w, next);
    else
        writer_null(w);
}

static void item_render(const List *list, JsonWriter *w, const Result *rows, int row) {
    writer_object_begin(w);
    selection_members(list->selection, w, rows, row, NULL);
    if (list->search != NULL)
        search_render(list->search, list->selection, w, rows, row);
    writer_object_end(w);
}

const char *list_render(const List *list, JsonWriter *w, const Batch *batch) {
    const Result *rows = batch->statements[list->statement].result;
    const char *next = list_next(list, rows, w->out->arena);
    writer_key(w, "items");
    writer_array_begin(w);
    for (int row = 0; row < result_rows(rows) && row < list->limit; row++)
        item_render(list, w, rows, row);
    writer_array_end(w);
    next_render(w, next);
    if (list->total)
        render_number(w, "total", batch->statements[list->statement + 1].result, 0, 0);
    if (list->search != NULL && search_is_idle(list->search, batch)) {
        writer_key(w, "notice");
        writer_string(w, SEARCH_IDLE_NOTICE);
    }
    return next;
}
