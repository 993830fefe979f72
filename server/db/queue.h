/* queue.h: batches in the order in which they came. A batch stands in one queue at a time. */
#ifndef ONRECORD_DB_QUEUE_H
#define ONRECORD_DB_QUEUE_H

#include "db/batch.h"

typedef struct Queue {
    Batch *first;
    Batch *last;
    int length;
} Queue;

void queue_push(Queue *queue, Batch *batch);

/* The one that came first; NULL when there is none. */
Batch *queue_pop(Queue *queue);

/* Takes it out, if it is there. */
void queue_remove(Queue *queue, const Batch *batch);

#endif
