/* array.h: arrays of text as PostgreSQL writes them and reads them (its manual, "Array Input and Output Syntax"). */
#ifndef ONRECORD_DB_ARRAY_H
#define ONRECORD_DB_ARRAY_H

#include "base/arena.h"

/* A PostgreSQL array literal of `count` texts; a NULL is null. */
const char *array_literal(Arena *arena, const char *const *items, int count);

/* The elements of a PostgreSQL array literal of text (no NULLs inside); answers their number. */
int array_elements(Arena *arena, const char *literal, const char ***items);

#endif
