/* explain.h: when PostgreSQL refuses a write: which record is in the way, which references lead nowhere, what still
 * refers to a record that was to be deleted. One more question, asked only then. write.c's. */
#ifndef ONRECORD_RECORD_EXPLAIN_H
#define ONRECORD_RECORD_EXPLAIN_H

#include "db/errors.h"
#include "record/write.h"

Step explain_ask(Write *write, FailureReport report);
Step explain_done(Write *write);

#endif
