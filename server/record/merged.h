/* merged.h: records that were merged into others: where their ids lead.
 *
 * A merged record is not there any more, and nothing refers to it. So nothing is asked ahead: a read that finds no
 * record asks why (read.c), a write whose references lead nowhere is told where they lead now (explain.c), and so is a
 * list of what refers to one record that turns out to be empty. Only a list that may hold other things as well (`.in`,
 * `.ne`) asks at once; where one of its records was merged, it is read once more. */
#ifndef ONRECORD_RECORD_MERGED_H
#define ONRECORD_RECORD_MERGED_H

#include "record/exchange.h"
#include "record/filter.h"

/* Queues the question whether filters of a list of `resource` name merged records; those by one record among them only
 * with `all`. True when there was one to ask. To be asked behind the list itself: who has seen no quote of a merged
 * speaker must hear that it was merged. */
bool merged_filters_ask(Filter *filters, int count, const Resource *resource, bool all, Batch *batch);

/* Whether there are filters by one record, which may be a merged one: then the list is empty. */
bool merged_filters_may_empty(const Filter *filters, int count, const Resource *resource);

/* Takes the batch's answer. True when it has changed a filter, which now names whoever has the place. */
bool merged_filters_take(Filter *filters, int count, const Batch *batch);

/* Queues the question where the record leads, should it be a merged one. Answers the statement's index: at most one
 * row, of one column. */
int merged_ask(Exchange *x, const Resource *resource, int64_t id);

/* Answers a request for a merged record: a read goes to the same path of the one that has its place, 308; a write is
 * 409. */
void merged_answer(Exchange *x, int64_t into);

#endif
