/* stream.h: a list that is sent row by row as PostgreSQL finds it: NDJSON and CSV. It has no pages and no bound.
 *
 * A Stream says how the answer begins and how a row is written; http/flow.c gives it the rows. Where they are few, and
 * all there before the answer begins, the endpoint's `done` runs as for any other, with what was written so far as the
 * body; else it does not. */
#ifndef ONRECORD_RECORD_STREAM_H
#define ONRECORD_RECORD_STREAM_H

#include "record/list.h"

typedef struct Csv Csv;

typedef struct Stream {
    const Selection *selection;
    Format format;
    const Csv *csv;
    const char *disposition; /* Content-Disposition: what a browser calls the file */
    int64_t rows;            /* written so far */
} Stream;

/* Queues the list's statement as a stream, and makes it the exchange's. */
void stream_queue(Exchange *x, List *list);

/* Writes what stands before the first row; one row. They allocate in the buffer's arena. */
void stream_head(const Stream *stream, Buffer *out);
void stream_row(Stream *stream, Buffer *out, const Result *rows, int row);

/* Sets status and headers of the answer, whatever of its body is there. */
void stream_answer(Exchange *x);

#endif
