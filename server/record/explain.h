/* explain.h: when PostgreSQL refuses a write: which record is in the way, which references lead nowhere, what still
 * refers to a record that was to be deleted. One more question, asked only then. write.c's. */
#ifndef ONRECORD_RECORD_EXPLAIN_H
#define ONRECORD_RECORD_EXPLAIN_H

#include "db/errors.h"
#include "record/write.h"

Step explain_ask(Write *write, FailureReport report);

/* True when the write is to start over: some of its references lead to merged records, and `leads` says where these
 * lead now; or what they name has come back meanwhile. Else explain_done answers. */
bool explain_retries(Write *write);
Step explain_done(Write *write);

#endif
