/* bulk_report.h: what a client says and hears of many records at once: its parameters, the report at the end, or a line
 * for each line. */
#ifndef ONRECORD_RECORD_BULK_REPORT_H
#define ONRECORD_RECORD_BULK_REPORT_H

#include "record/bulk.h"

enum { REPORT_PROBLEMS = 1000, REPORT_BYTES = 1024 * 1024 /* of problems, about: those beyond are counted */ };

typedef struct BulkReport {
    Buffer problems; /* the members of the array, in its arena */
    int count;       /* of those */
    int64_t more;
    Arena *scratch;
} BulkReport;

/* Reads `on_conflict`, `report` and `offsets` into the plan; true for report=all in `*all`. False with faults. */
bool bulk_parameters(Exchange *x, BulkPlan *plan, bool *all);

BulkReport report_new(Arena *arena);
void report_release(BulkReport *report);

/* Into a new one: what an earlier request noted, `problems` being the members of the array. */
void report_restore(BulkReport *report, const char *problems, int count, int64_t more);

/* Takes note of a line that failed. */
void report_add(BulkReport *report, const BulkLine *line);

/* {"lines": 3, "created": 2, ..., "problems": [...], "problems_more": 0} */
void report_render(const BulkReport *report, const BulkCounts *counts, Buffer *out);

/* One line of report=all, its LF included. */
void report_line(Buffer *out, const BulkLine *line);

#endif
