/* removal.h: DELETE /{resource}/{id}, a step of a write (write.h): with what depends on the record, and for good.
 *
 * What becomes of the records that refer to it is a table in the schema, `reference_rules`. One transaction does it
 * all: what depends on the record, the record, and the erasing. */
#ifndef ONRECORD_RECORD_REMOVAL_H
#define ONRECORD_RECORD_REMOVAL_H

#include "record/write.h"

/* Reads the parameters; what is wrong is added to the request's faults. */
Removal removal_read(Exchange *x);

/* Deletes the record, which is there and at the write's version. */
Step removal_send(Write *write);

/* Erases what is deleted already: the batch that asked for its tombstone has come. */
Step removal_gone(Write *write);

#endif
