/* result.h: rows that PostgreSQL answered with, in text format. A Result belongs to its batch. */
#ifndef ONRECORD_DB_RESULT_H
#define ONRECORD_DB_RESULT_H

#include <stddef.h>
#include <stdint.h>

typedef struct Result Result;

int result_rows(const Result *result);
int result_columns(const Result *result);
/* The value's text, NUL-terminated, valid as long as the result; NULL for SQL null. */
const char *result_value(const Result *result, int row, int column);
/* A value that is a whole number; 0 for SQL null. */
int64_t result_integer(const Result *result, int row, int column);
size_t result_length(const Result *result, int row, int column);
/* Bytes of memory that all of it takes: somewhat more than its values as text. */
size_t result_size(const Result *result);

#endif
