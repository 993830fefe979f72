/* filter.h: one filter of a list, from a query parameter (`said_on.gte=2025`, `article.language=fa`) to SQL.
 *
 * Dates of reduced precision are intervals: `=` holds where the two could be the same, `.gte` where the record's could
 * be as late. Lists (`keywords`) are filtered by what they contain. */
#ifndef ONRECORD_RECORD_FILTER_H
#define ONRECORD_RECORD_FILTER_H

#include "record/exchange.h"
#include "record/field.h"
#include "record/sql_builder.h"
#include "record/type.h"

enum { FILTER_STEPS = 2, FILTER_IN_MAX = 100 };

typedef struct Filter {
    const Field *steps[FILTER_STEPS]; /* relations passed on the way to the field */
    int step_count;
    const Field *field;
    Operator operator;
    bool asks; /* whether it names merged records, by `statement` of the batch: merged.h */
    int statement;
    const char *value; /* checked; the array literal for OPERATOR_IN and virtual fields; "true" or "false" for
                          OPERATOR_NULL; NULL: what the field's `shown` says */
} Filter;

/* Reads one parameter; false when it names no filter of the resource (nothing is said then). A filter that exists with
 * an operator or a value that it does not take is true, with a fault added to the request. */
bool filter_read(Exchange *x, const Resource *resource, const Parameter *parameter, Filter *filter);

/* The filter `field = id`. */
Filter filter_id(Arena *arena, const Field *field, int64_t id);

/* Adds the predicate, on the record called `alias`. */
void filter_sql(const Filter *filter, Sql *sql, const char *alias);

#endif
