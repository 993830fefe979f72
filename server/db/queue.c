#include "db/queue.h"

void queue_push(Queue *queue, Batch *batch) {
    batch->next = NULL;
    *(queue->last ? &queue->last->next : &queue->first) = batch;
    queue->last = batch;
    queue->length++;
}

Batch *queue_pop(Queue *queue) {
    Batch *batch = queue->first;
    if (!batch)
        return NULL;
    queue->first = batch->next;
    if (!queue->first)
        queue->last = NULL;
    queue->length--;
    return batch;
}

void queue_remove(Queue *queue, const Batch *batch) {
    Queue kept = {0};
    for (Batch *each = queue_pop(queue); each; each = queue_pop(queue))
        if (each != batch)
            queue_push(&kept, each);
    *queue = kept;
}
