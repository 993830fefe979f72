/* gather.h: batches of one kind that wait together, sent as one.
 *
 * Reads of single records go out as one statement (`id = ANY ($1)`): PostgreSQL finds many rows in little more than the
 * time that it needs to begin a statement. Writes that may be joined (batch_joins) go out as one transaction in which
 * each of their statements writes for all: many records by one statement take a fraction of the time that they take by
 * one each, and share a commit.
 *
 * The first of them, the leader, goes through the pipeline for all; its mates wait for what becomes of it. */
#ifndef ONRECORD_DB_GATHER_H
#define ONRECORD_DB_GATHER_H

#include "db/queue.h"

struct Gathering {
    Statement *statements; /* of all, in place of the leader's; their results are the leader's own */
    Batch *mates;          /* linked by `next` */
    int count;             /* of batches, the leader included */
};

/* The oldest batch of the queue, taken out of it with up to `max` - 1 others that ask the same of other records. Each
 * of them is as batch_gathers or batch_joins made it. */
Batch *gather_lead(Queue *queue, int max);

/* The statement that the pipeline sends for number `index` of the batch. */
Statement *gather_statement(Batch *batch, int index);

/* Ends what gather_lead began, and answers the mates, linked by `next`; NULL when it leads none. Each gets its own rows
 * of the leader's results, where there are some; a write, too, what is known of the transaction, and whether it was
 * refused or is to be run by itself. */
Batch *gather_part(Batch *leader);

#endif
