/* tail.h: reading the log of changes: what a client wants of it, how far it has got, and a change as text.
 *
 * A Tail goes through the log page by page (changes_page, server/sql/changes.sql), and its mark moves on with each,
 * whether or not anything on it was wanted. For JSON one page is the answer. NDJSON and server-sent events are sent
 * page by page by http/listener.c, the one until the end, the other beyond it. */
#ifndef ONRECORD_RECORD_TAIL_H
#define ONRECORD_RECORD_TAIL_H

#include "base/json_writer.h"
#include "db/change.h"
#include "record/exchange.h"

enum { TAIL_PAGE = 500, TOKEN_TEXT = 33 };

/* What is wanted: sets by number, 0: any. */
typedef struct ChangeFilter {
    unsigned resources;  /* bit n: number n of resources_all */
    unsigned operations; /* bit n: number n of change_operations */
    int64_t record_id;
} ChangeFilter;

typedef struct Tail {
    LogMark mark; /* everything up to there is done */
    ChangeFilter filter;
    Format format;
    int limit;   /* changes on a page */
    PageEnd end; /* of the page that has come last */
    const char *params[PAGE_PARAMS];
    char position[24];
} Tail;

extern const char *const change_operations[]; /* ended by NULL */

/* A place in the log as clients know it: opaque, of letters, digits, - and _. */
const char *token_encode(Arena *arena, const LogMark *mark);
/* False when the text is none. */
bool token_decode(Arena *arena, const char *token, LogMark *mark);

/* The bit of the sets above that a change is in; 0 for one that is not known. */
unsigned change_resource_bit(const char *resource);
unsigned change_operation_bit(const char *operation);

bool change_wanted(const ChangeFilter *filter, unsigned resource, unsigned operation, int64_t record_id);

/* Writes a change of the log of that epoch: as JSON; as the format has it, a line of NDJSON or an event. */
void change_render(JsonWriter *w, const uint8_t *epoch, const Change *change);
void change_write(Format format, Buffer *out, const uint8_t *epoch, const Change *change);

/* Reads the request's `since` (or Last-Event-ID), filters and, in JSON, `limit`. What is wrong is added to its faults.
 */
Tail *tail_read(Exchange *x);

/* Queues the next page. */
void tail_queue(Tail *tail, Batch *batch);

/* Takes the page that has come: moves the mark to its end. */
void tail_take(Tail *tail, const Batch *batch);

/* Writes what is wanted of the page, where the format is NDJSON or events. */
void tail_write(const Tail *tail, const Batch *batch, Buffer *out);

#endif
