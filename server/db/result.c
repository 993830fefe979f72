#include "db/result.h"

#include <stdlib.h>

#include "base/memory.h"
#include "db/rows.h"

Result *rows_all(Arena *arena, PGresult *pg) {
    Result *result = arena_alloc(arena, sizeof *result);
    *result = (Result){.pg = pg, .rows = PQntuples(pg)};
    return result;
}

Result *rows_part(Arena *arena, Result *whole, int first, int rows) {
    if (!whole->users) {
        whole->users = memory_zeroed(1, sizeof *whole->users);
        *whole->users = 1;
    }
    ++*whole->users;
    Result *part = arena_alloc(arena, sizeof *part);
    *part = (Result){.pg = whole->pg, .first = first, .rows = rows, .users = whole->users};
    return part;
}

void rows_release(Result *result) {
    if (!result || (result->users && --*result->users > 0))
        return;
    free(result->users);
    PQclear(result->pg);
}

int result_rows(const Result *result) {
    return result->rows;
}

int result_columns(const Result *result) {
    return PQnfields(result->pg);
}

const char *result_value(const Result *result, int row, int column) {
    row += result->first;
    const char *value = PQgetvalue(result->pg, row, column); /* "" for a null, which is asked about last: it is rare */
    return value[0] == '\0' && PQgetisnull(result->pg, row, column) ? NULL : value;
}

int64_t result_integer(const Result *result, int row, int column) {
    return strtoll(PQgetvalue(result->pg, result->first + row, column), NULL, 10);
}

size_t result_length(const Result *result, int row, int column) {
    return (size_t)PQgetlength(result->pg, result->first + row, column);
}

size_t result_size(const Result *result) {
    return PQresultMemorySize(result->pg);
}
