/* sort.h: the order of a list: `sort=-published_at,name`, always made total by the id. */
#ifndef ONRECORD_RECORD_SORT_H
#define ONRECORD_RECORD_SORT_H

#include "record/exchange.h"
#include "record/field.h"
#include "record/sql_builder.h"

enum { SORT_KEYS = 5 /* four that a client names, and the id */ };

typedef struct SortKey {
    const Field *field;
    bool descending;
    bool nullable; /* nulls come last, in both directions */
} SortKey;

typedef struct Sort {
    int count;
    SortKey keys[SORT_KEYS];
} Sort;

/* Reads `sort`, or `fallback` where the request has none; what is wrong is added to its faults. */
Sort sort_read(Exchange *x, const Resource *resource, const char *fallback);

/* The column by which a key sorts ("t.published_at", "t.said_on_first"). */
void sort_column(const SortKey *key, Sql *sql, const char *alias);

/* Adds " ORDER BY ..." */
void sort_order(const Sort *sort, Sql *sql, const char *alias);

/* Adds the predicate for what comes after the record whose keys are `values` (NULL: null). */
void sort_after(const Sort *sort, Sql *sql, const char *alias, const char *const *values);

#endif
