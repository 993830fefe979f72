/* gather.h: reads of single records that wait together, sent as one statement (`id = ANY ($1)`): PostgreSQL finds many
 * rows in little more than the time that it needs to begin a statement.
 *
 * The first of them, the leader, goes through the pipeline for all; its mates wait for what becomes of it. */
#ifndef ONRECORD_DB_GATHER_H
#define ONRECORD_DB_GATHER_H

#include "db/queue.h"

struct Gathering {
    Statement statement; /* of all; its result is the leader's own */
    Batch *mates;        /* linked by `next` */
};

/* The oldest batch of the queue, taken out of it with up to `max` - 1 others that ask the same of other records. Each
 * of them is as batch_gathers made it. */
Batch *gather_lead(Queue *queue, int max);

/* The statement that the pipeline sends for number `index` of the batch. */
Statement *gather_statement(Batch *batch, int index);

/* Ends what gather_lead began, and answers the mates, linked by `next`; NULL when it leads none. Each gets its own rows
 * of the leader's result, where there is one. */
Batch *gather_part(Batch *leader);

#endif
