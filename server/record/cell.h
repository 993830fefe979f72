/* cell.h: one value in a row of a selection's rows, by the name of its field. Borrowed from the result. */
#ifndef ONRECORD_RECORD_CELL_H
#define ONRECORD_RECORD_CELL_H

#include "record/selection.h"

typedef struct Row {
    const Selection *selection;
    const Result *rows;
    int row;
} Row;

typedef struct Cell {
    const Field *field; /* NULL: there is no such field, or it is no column */
    const char *text;   /* as PostgreSQL wrote it; NULL: null */
    size_t length;
    bool shown; /* `fields` lets it be seen */
} Cell;

/* The value of the field `name` of node `node`. */
Cell cell_find(const Row *row, int node, const char *name);

/* The same by a path through relations that are embedded: "headline", "source.name". */
Cell cell_at(const Row *row, const char *path);

/* The node that is embedded in `parent` by the reference `by`; -1: none. */
int cell_embedded(const Row *row, int parent, const Field *by);

/* The id of a node's record as text; NULL: there is no record. */
const char *cell_id(const Row *row, int node);

#endif
