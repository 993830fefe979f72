/* constraints.h: every constraint of the record's tables, and what a client hears when a write breaks it.
 *
 * A test compares this table with pg_constraint, both ways. */
#ifndef ONRECORD_DB_CONSTRAINTS_H
#define ONRECORD_DB_CONSTRAINTS_H

#include "db/errors.h"

typedef struct ConstraintRow {
    const char *name;
    Failure kind;         /* of a foreign key, FAILURE_REFERENCE; the other way is found out */
    const char *resource; /* whose field it is about; of a link table, the resource that the link was made from */
    const char *field;    /* in JSON; NULL: none */
    const char *detail;   /* a sentence */
    const char *target;   /* of a foreign key: the table referred to; else NULL */
} ConstraintRow;

extern const ConstraintRow constraint_rows[];
extern const int constraint_count;

#endif
