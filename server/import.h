/* import.h: a file of records into the database, a line each, as `onrecord import` reads it.
 *
 * How far it came is kept in the transactions that write its lines, so that one that was broken off, at whatever
 * moment, goes on where it was; and a file that is done is known again. Both by a digest of the whole file: what has
 * grown or changed is another one. What comes through a pipe cannot be known again. */
#ifndef ONRECORD_IMPORT_H
#define ONRECORD_IMPORT_H

#include "drive.h"
#include "record/bulk.h"
#include "record/foreign.h"

typedef struct ImportFormat {
    const char *name;
    ForeignRead *read; /* NULL: our own records */
} ImportFormat;

extern const ImportFormat import_formats[]; /* ended by a row without a name */

typedef struct Import {
    /* what is asked for */
    const char *name; /* of the file; "-": standard input */
    int fd;
    const Resource *resource; /* NULL: the format's own */
    const ImportFormat *format;
    OnConflict on_conflict;
    const char *status; /* of a foreign format's quotes */
    const char *actor;
    const char *reason;
    bool again; /* as if the file had never been read */
    size_t line_max;

    /* the way */
    Arena *arena;
    Drive *drive;
    Service service;
    int64_t size; /* bytes; -1: not known, and where it stands is not kept */
    int64_t id;   /* in the table of imports */
    int64_t lines;
    int64_t bytes;
    const char **beyond; /* numbers of lines that are settled beyond those */
    int beyond_count;
    Bulk *bulk; /* the one whose transactions progress goes with */
    int64_t began_us;
    int64_t shown_us;
    int64_t read;       /* bytes so far */
    int64_t read_first; /* what was read in an earlier run */
    bool terminal;
    bool shown;

    /* what came of it */
    BulkCounts counts;   /* of the records, or of a foreign format's quotes */
    BulkCounts articles; /* of a foreign format */
    BulkCounts speakers;
    int64_t faults; /* lines that are none of the format */
    int64_t told;   /* problems printed */
    bool stopped;   /* for good, with a message */
} Import;

typedef enum ImportEnd { IMPORT_DONE, IMPORT_KNOWN, IMPORT_AGAIN, IMPORT_STOPPED } ImportEnd;

/* Reads the file from where it stands. IMPORT_AGAIN: the connection broke at a moment that leaves open what was
 * written; beginning anew finds out. IMPORT_STOPPED: a message was printed. */
ImportEnd import_run(Import *import);

/* import_foreign.c: the same for the lines of a foreign format. */
bool import_foreign(Import *import);

/* For both. */
BulkPlan import_plan(Import *import, const Resource *resource);
void import_counts(BulkCounts *to, const Bulk *bulk);
void import_problem(Import *import, int64_t line, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Of BulkPlan.tell, for what is counted: prints problems. */
void import_tell(void *owner, const BulkLine *line);
void import_show(Import *import, int64_t lines, bool last);
/* False, with a message, when the bulk has stopped for good; `*again` where it may begin anew. */
bool import_goes_on(Import *import, const Bulk *bulk);
/* Adds where the file stands to a transaction. */
void import_note(const Import *import, Batch *batch, int64_t lines, int64_t bytes, const char *beyond, bool finished);

#endif
