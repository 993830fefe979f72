/* render_csv.h: rows as CSV (RFC 4180), by a selection.
 *
 * A column a field that is shown, in the order of the table of fields, then those of embedded records, by their path
 * ("article.headline"). Texts are as they are; lists and objects are JSON text; null is empty, and the empty text is
 * `""`. Lines end with CR LF. */
#ifndef ONRECORD_RECORD_RENDER_CSV_H
#define ONRECORD_RECORD_RENDER_CSV_H

#include "record/selection.h"

typedef struct Csv Csv;

/* The columns of a selection, which must live as long as they do. */
Csv *csv_new(Arena *arena, const Selection *selection);

/* The line of names. */
void csv_head(const Csv *csv, Buffer *out);

void csv_row(const Csv *csv, Buffer *out, const Result *rows, int row);

/* One value that is not null, in quotes where it needs them. */
void csv_value(Buffer *out, const char *text, size_t length);

#endif
