/* rows.h: what a Result is, for db alone: some of the rows of one of libpq's results, which it may share with others.
 */
#ifndef ONRECORD_DB_ROWS_H
#define ONRECORD_DB_ROWS_H

#include <libpq-fe.h>

#include "base/arena.h"
#include "db/result.h"

struct Result {
    PGresult *pg;
    int first;
    int rows;
    int *users; /* how many have a part of `pg`; NULL: it is this one's alone */
};

/* All rows of `pg`, which it takes over. The Result itself lives in the arena; give the rows back with rows_release. */
Result *rows_all(Arena *arena, PGresult *pg);

/* `rows` rows from `first` on of what `whole` has; to be released, as the whole is, which becomes one of many users. */
Result *rows_part(Arena *arena, Result *whole, int first, int rows);

/* Takes NULL as well. */
void rows_release(Result *result);

#endif
