/* ranked.h: a page of what a search has found, the best first: its statement, and where the next one begins. list.c's.
 */
#ifndef ONRECORD_RECORD_RANKED_H
#define ONRECORD_RECORD_RANKED_H

#include "record/list.h"

/* How many values a cursor holds: the window's newest id, the score and the id behind which the page begins, and the
 * window's oldest id, where there may be others before it. */
enum { RANKED_KEYS = 4 };

/* Adds the whole SELECT. */
void ranked_sql(const List *list, Sql *sql);

/* Adds the SELECT of all that is found, the best first, without windows: a stream waits until it is sorted. */
void ranked_stream(const List *list, Sql *sql);

/* The cursor's values for what comes behind a page; false when nothing does. */
bool ranked_next(const List *list, const Result *rows, Arena *arena, const char *values[RANKED_KEYS]);

#endif
