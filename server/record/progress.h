/* progress.h: how far many records came that are sent with an Idempotency-Key.
 *
 * It is kept in the transactions that write them. The same body sent again with its key goes on behind the lines that
 * are settled, whatever became of the connection or of the server before, and is answered for all of its lines; sent
 * again when all was done, it gets the answer once more. Of two requests with the same key at a time the later goes on,
 * and the earlier stops (409): it is the one whose client has given it up.
 *
 * Lines are known by their numbers, and that they are the same by the SHA-256 of all that was read when they were
 * written. That is compared before any line beyond is written. */
#ifndef ONRECORD_RECORD_PROGRESS_H
#define ONRECORD_RECORD_PROGRESS_H

#include "base/hash.h"
#include "record/bulk_report.h"

typedef struct Progress {
    int64_t run;      /* which request goes on with it */
    int64_t lines;    /* so many are settled ... */
    int beyond_count; /* ... and these beyond them */
    const char **beyond;
    int64_t bytes; /* so many had been read */
    uint8_t digest[SHA256_SIZE];
    BulkCounts counts; /* of what is settled */
    bool finished;

    Sha256 *sum; /* of this body so far */
    int64_t read;
    bool same; /* that it begins as the one before is known */
} Progress;

/* Queues what asks where it stands and takes it over. The exchange's fingerprint is that of all but the body. */
void progress_ask(Exchange *x);

/* Takes that: from the exchange's arena, to be released with progress_release; the problems of before go into the
 * report. NULL with a problem set. */
Progress *progress_take(Exchange *x, BulkReport *report);
void progress_release(Progress *progress);

/* More of the body was read. */
void progress_read(Progress *progress, const void *data, size_t size);

/* Whether a line was settled by an earlier request. */
bool progress_passes_over(const Progress *progress, int64_t number);

/* To be asked before each chunk is settled, its last line being `number`, and when the body has ended: false with a
 * problem set where the body is another one. */
bool progress_agrees(Progress *progress, Exchange *x, int64_t number, bool ended);

/* Of all requests with the key, this one's so far included. */
BulkCounts progress_counts(const Progress *progress, const BulkCounts *own);

/* Adds the statement that keeps how far it came when this transaction is done, as `accompany` of the bulk; `finished`:
 * all is done. */
void progress_keep(const Progress *progress, const Exchange *x, const Bulk *bulk, const BulkReport *report,
                   Batch *batch, bool finished);

#endif
