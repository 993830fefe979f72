/* drive.h: connections to PostgreSQL for a command that waits: it submits a batch, and goes on when that is complete.
 *
 * While PostgreSQL is away what was not run is tried again, for a minute; what was under way when the connection broke
 * is the caller's to look into. One thread. */
#ifndef ONRECORD_DRIVE_H
#define ONRECORD_DRIVE_H

#include <stdbool.h>

#include "db/batch.h"
#include "record/bulk.h"

typedef struct Drive Drive;

Drive *drive_new(const char *conninfo);
void drive_free(Drive *drive);

/* For batch_init. */
void drive_complete(Batch *batch);

/* Runs a batch whose owner is this drive, to its outcome. */
void drive_run(Drive *drive, Batch *batch);

/* Settles a bulk's chunk. */
void drive_bulk(Drive *drive, Bulk *bulk);

#endif
