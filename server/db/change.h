/* change.h: a change as the log has it, and a place in the log.
 *
 * Every write leaves a row in onrecord.changes; number_changes (change_log.h) gives it its position when it is visible.
 * Positions rise without being given twice, and what is below one that was seen never changes any more. */
#ifndef ONRECORD_DB_CHANGE_H
#define ONRECORD_DB_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "db/result.h"

enum { EPOCH_SIZE = 16 };

/* A place in the log: all changes up to `pos` had been numbered and committed. Another epoch is another log. */
typedef struct LogMark {
    uint8_t epoch[EPOCH_SIZE];
    int64_t pos;
} LogMark;

/* One row of the log. Its texts belong to whoever has read it. */
typedef struct Change {
    int64_t pos;
    const char *resource;
    int64_t record_id;
    const char *operation; /* insert, update, delete, purge */
    int64_t version;
    const char *changed_at; /* PostgreSQL's text, UTC */
    int64_t changed_by;     /* API key; 0: none */
} Change;

/* What stands for a position that is not known yet, with any epoch. */
#define LOG_OLDEST INT64_C(-1)
#define LOG_NOW INT64_MAX

/* The parameters of changes_page (server/sql/changes.sql). */
enum { PAGE_POSITION, PAGE_RESOURCES, PAGE_RECORD, PAGE_OPERATIONS, PAGE_LIMIT, PAGE_PARAMS };

/* What a page says of the place that it was asked for. */
typedef enum PageEnd {
    PAGE_LOST, /* it is not of this log, or what comes behind it is not kept any more */
    PAGE_MORE, /* there may be more behind the page */
    PAGE_DONE  /* there was not, when it was read */
} PageEnd;

/* Moves `mark`, which a page of `limit` was asked for, to the page's end. */
PageEnd page_end(const Result *page, int limit, LogMark *mark);

/* The change in a row of a page; false where there is none, or none that was asked for. Its texts are the page's. */
bool page_change(const Result *page, int row, Change *change);

#endif
