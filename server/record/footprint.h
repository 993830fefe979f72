/* footprint.h: what an answer was made of: while none of that changes, the answer would be the same.
 *
 * A single record depends on itself and the records embedded in it, by id; a list on every record of the resources that
 * it shows, filters by or follows, since any of them may come in or go out. Each change of a record is in the log of
 * changes under the record's own id, so that what touched an answer can be told from the log alone. */
#ifndef ONRECORD_RECORD_FOOTPRINT_H
#define ONRECORD_RECORD_FOOTPRINT_H

#include <stdint.h>

#include "record/list.h"

enum { FOOTPRINT_RESOURCES_MAX = 32 };

typedef struct Footprint Footprint;

typedef struct FootprintRecord {
    int resource; /* its number in resources_all */
    int64_t id;
} FootprintRecord;

struct Footprint {
    uint32_t resources; /* bit n: any record of number n of resources_all */
    int record_count;
    FootprintRecord records[NODES_MAX];
};

/* Each notes in x->footprint, which is made where there is none, what the answer depends on: any record there is; a
 * list; the record, with what is embedded in it and its lists, in the first of the rows. */
void footprint_all(Exchange *x);
void footprint_list(Exchange *x, const List *list);
void footprint_record(Exchange *x, const Selection *selection, const Result *rows);

#endif
