/* write_sql.h: the statements of a write, made from the table of fields. write.c's. */
#ifndef ONRECORD_RECORD_WRITE_SQL_H
#define ONRECORD_RECORD_WRITE_SQL_H

#include "record/write.h"

enum { WHO_COLUMNS = 3, LOOKUP_CANDIDATES = 5 };

/* Who makes the change: key, actor and reason, as the texts of changed_by, change_actor and change_reason. */
void who_texts(const Exchange *x, const char *texts[WHO_COLUMNS]);

/* Queues that for the triggers and functions of the batch's transaction, whose statements do not say it themselves. */
void who_queue(const Exchange *x, Batch *batch);

/* The column that one of those texts goes to. */
const char *who_column(int index);

/* INSERT and UPDATE, answering the record in the write's selection: no row when a guard is lost. */
Sql *insert_sql(Write *write);
/* The same for many, with the same parameters: batch_joins in db/batch.h. For a write without a past or a known id. */
const char *insert_joined_sql(Write *write);
Sql *update_sql(Write *write);

/* The record as it stands where nothing is to be changed, kept as the answer to an Idempotency-Key; no row when it is
 * not at the write's version any more. */
Sql *current_sql(const Write *write);

/* The ids of the records that a reference by another key may mean: one more than LOOKUP_CANDIDATES at most. */
Sql *lookup_sql(Arena *arena, const Reference *lookup);

#endif
