/* history.h: what a record was: its versions, newest first, and each of them whole.
 *
 * The present version is the record's own row, the former ones are revisions, each a row as it was, in JSON. Both go
 * through the same table of fields: PostgreSQL makes a row of the JSON, and the record's selection does the rest. What
 * was deleted has a history as well; what was erased has none. */
#ifndef ONRECORD_RECORD_HISTORY_H
#define ONRECORD_RECORD_HISTORY_H

#include "record/exchange.h"
#include "record/selection.h"

/* GET /{resource}/{id}/revisions */
Step history_plan(Exchange *x);
Step history_done(Exchange *x);

/* GET /{resource}/{id}/revisions/{version} */
Step revision_plan(Exchange *x);
Step revision_done(Exchange *x);

/* Adds "FROM ..." for the states of a record in its revisions, as rows called t of the resource's table; `r` is the
 * revision. The parameters are the resource's name and the record's id. */
void states_from(Sql *sql, const Resource *resource, int name_param, int id_param);

/* Answers 410: nothing of the record is left. */
Step erased_answer(Exchange *x);

#endif
