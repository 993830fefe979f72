/* list.h: a list of records: its query, its statement, its page.
 *
 * Keyset pages: each statement asks for one record more than the page holds, and the cursor is made of the last one
 * shown. A list sorted by a column that may be null is two ranges, the records that have it and then those that have
 * not, so that each is a walk along the same index. */
#ifndef ONRECORD_RECORD_LIST_H
#define ONRECORD_RECORD_LIST_H

#include "record/exchange.h"
#include "record/filter.h"
#include "record/search.h"
#include "record/selection.h"
#include "record/sort.h"

enum { LIST_FILTERS = 40, LIST_LIMIT_DEFAULT = 20, LIST_LIMIT_MAX = 200 };

typedef struct List {
    const Resource *resource;
    const Service *service;
    const Selection *selection;
    int filter_count;
    Filter filters[LIST_FILTERS + 1]; /* the client's, and what the resource shows */
    Search *search;                   /* NULL: none */
    Sort sort;                        /* not looked at where search->ranked */
    int limit;
    bool streams;                 /* it has no pages; then `rows` counts */
    int64_t rows;                 /* at most; 0: all */
    bool total;                   /* count=exact */
    const char *after[SORT_KEYS]; /* from the cursor */
    bool has_cursor;
    uint64_t query;   /* hash of resource, filters and sort: a cursor is bound to it */
    const char *link; /* what stands before "cursor=..." in `next` */
    bool asks_all;    /* of its filters, also those of which an empty list tells that they may name a merged record */
    bool of_one;      /* the first filter is a sub-collection's own: its record is not asked for in merged.h */
    int statement;    /* in the batch; the count follows it */
    int key_column;   /* in its result: the first of the sort's keys */
} List;

/* Reads the whole query string of a list; `by`, with `id`, is the filter of a sub-collection (NULL: none). What is
 * wrong is added to the request's faults. */
List *list_read(Exchange *x, const Resource *resource, const Field *by, int64_t id);

/* Whether the request has count=exact; another value is added to its faults. */
bool count_read(Exchange *x);

/* The first page of a relation of one record, in the selection given (`include=quotes`); with `count=exact` also how
 * many there are on all pages. */
List *list_of_branch(Exchange *x, const Resource *owner, const Branch *branch, int64_t id);

/* The filters and the search of a list, for counting what it would hold, with its page and cursor, which is of two
 * keys. `others` are the names of the parameters that are not filters, ended by NULL. */
List *list_counted(Exchange *x, const Resource *resource, const char *const *others);

/* A list without filters: its page and cursor, which is of so many keys, bound to the request's path. */
List *list_unfiltered(Exchange *x, const Resource *resource, int keys);

/* Adds " WHERE ..." for the filters and the search, on the record called t; the same for the filters alone; " LIMIT n"
 * for a page, and one more. */
void list_where(const List *list, Sql *sql);
void list_filters(const List *list, Sql *sql);
void list_limit(const List *list, Sql *sql);

/* True when `name` is among the names, which NULL ends. */
bool name_is_one_of(const char *const *names, const char *name);

/* Adds the request's parameters as they came ("kind=direct&"), but for those whose names are in `but`. */
void list_query_add(Exchange *x, Buffer *link, const char *const *but);

/* The link to what comes behind a page of these rows; NULL: nothing does. */
const char *list_next(const List *list, const Result *rows, Arena *arena);

/* Queues the statements, and takes the batch into their lane. */
void list_queue(List *list, Batch *batch);

/* Queues what the list must know of its search and its filters (search.h, merged.h), behind the list. True when there
 * was something to ask. */
bool list_ask(List *list, Batch *batch);

/* Takes what came of it. True when the list that was asked before must be asked once more. */
bool list_learn(Exchange *x, List *list);

/* Whether the batch that has come must be queued once more, with what was learnt from it. */
bool list_repeats(Exchange *x, List *list);

/* Queues the one statement of a list that streams. */
void list_stream(const List *list, Batch *batch);

/* Writes the member `next`: a link, or NULL where nothing follows. */
void next_render(JsonWriter *w, const char *next);

/* Writes the members `items`, `next` and, where it was asked for, `total` into an open object; for a search that has
 * nothing to look for `notice`. Answers the link to the
 * next page, NULL when this is the last. */
const char *list_render(const List *list, JsonWriter *w, const Batch *batch);

#endif
