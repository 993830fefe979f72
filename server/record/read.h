/* read.h: the endpoints that read records: a collection, one record, a sub-collection. The same for every resource. */
#ifndef ONRECORD_RECORD_READ_H
#define ONRECORD_RECORD_READ_H

#include "record/exchange.h"
#include "record/selection.h"

/* GET /{resource} */
Step list_plan(Exchange *x);
Step list_done(Exchange *x);

/* GET /{resource}/{id}/{relation}: endpoint->detail is the Relation, endpoint->resource its owner. */
Step relation_plan(Exchange *x);
Step relation_done(Exchange *x);

/* GET /{resource}/{id} */
Step record_plan(Exchange *x);
Step record_done(Exchange *x);

/* Answers 400 with the faults of the request's parameters. */
Step refuse_parameters(Exchange *x);

/* A digest of the answer's body, for its ETag. */
const char *body_digest(Exchange *x);

/* Answers 200 with the body as it is, and a digest of it as the ETag. */
Step answer_body(Exchange *x);

/* Asks why there is no record with the path's first id: the next batch; its `missing_answer` is 404, 410 where it was
 * deleted, and what merged.h says where it was merged. */
Step missing_ask(Exchange *x);
Step missing_answer(Exchange *x);
/* Whether that says that it was merged. */
bool missing_is_merged(const Exchange *x);

/* The statement that reads one record by its id: SELECT ... FROM table t LEFT JOIN ... WHERE t.id = $1. Answers its
 * index. */
int record_select(Exchange *x, const Resource *resource, const Selection *selection, int64_t id, Batch *batch);

/* Answers 200 (or `status`) with a record in its selection, ETag included. */
void record_answer(Exchange *x, const Selection *selection, int status, const Result *rows, const Batch *branches);

/* Adds the header `Location` of a record. */
void record_location(Exchange *x, const Resource *resource, int64_t id);
/* Where the record stands that is the answer. */
void record_content_location(Exchange *x, const Resource *resource, int64_t id);

/* The version in a row of a selection's first node. */
int64_t record_version(const Selection *selection, const Result *rows, int row);

#endif
