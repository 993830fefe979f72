/* record_result.h: results made by hand, as PostgreSQL would answer them. */
#ifndef ONRECORD_TESTS_RECORD_RESULT_H
#define ONRECORD_TESTS_RECORD_RESULT_H

#include "db/rows.h"
#include "record/selection.h"
#include "record/sort.h"
#include "record_fixture.h"

/* A result of `rows` rows; `cells` are rows * columns texts, NULL for null. */
static inline Result *result_new(Arena *arena, int columns, int rows, const char *const *cells) {
    static char name[] = "column";
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc *attributes = calloc((size_t)columns, sizeof *attributes);
    assert_non_null(result);
    assert_non_null(attributes);
    for (int i = 0; i < columns; i++)
        attributes[i] = (PGresAttDesc){.name = name, .typid = 25, .typlen = -1, .atttypmod = -1};
    assert_true(PQsetResultAttrs(result, columns, attributes));
    free(attributes);
    for (int i = 0; i < rows * columns; i++) {
        const char *cell = cells[i];
        char *text = (char *)(uintptr_t)cell;
        assert_true(PQsetvalue(result, i / columns, i % columns, text, cell != NULL ? (int)strlen(cell) : -1));
    }
    return rows_all(arena, result);
}

/* Answers one statement of the exchange's batch with that. */
static inline void result_set(Exchange *x, int statement, int columns, int rows, const char *const *cells) {
    assert_true(statement < x->batch.count);
    x->batch.statements[statement].result = result_new(x->arena, columns, rows, cells);
}

static inline void batch_done_now(Exchange *x) {
    x->batch.outcome = BATCH_DONE;
}

/* A row for a selection, every column null. */
static inline const char **row_new(Exchange *x, const Selection *selection) {
    return arena_calloc(x->arena, (size_t)selection->columns + SORT_KEYS, sizeof(const char *));
}

/* Sets one value of it, by the field's name. */
static inline void cell_set(const char **row, const Selection *selection, int node, const char *name,
                            const char *text) {
    int column = selection->nodes[node].column;
    for (const Field *field = selection->nodes[node].resource->fields; field->name != NULL; field++) {
        if (!field_is_column(field))
            continue;
        if (strcmp(field->name, name) == 0) {
            row[column] = text;
            return;
        }
        column++;
    }
    fail();
}

#endif
