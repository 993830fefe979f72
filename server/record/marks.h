/* marks.h: where in a text the words of a query stand. Pure functions.
 *
 * PostgreSQL sets marks around the words that match (ts_headline) in the text that onrecord.search_marking answers;
 * here they become ranges of code points in the text as it is. What nothing parts into words (Chinese, Japanese,
 * Korean) is looked for as it stands. */
#ifndef ONRECORD_RECORD_MARKS_H
#define ONRECORD_RECORD_MARKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum {
    MARK_START = 1, /* the code points that ts_headline is told to set */
    MARK_STOP = 2,
    MARKS_MAX = 100 /* ranges of one text; what stands behind them is not marked */
};

typedef struct Mark {
    size_t start; /* code points; end-exclusive */
    size_t end;
} Mark;

typedef struct Marks {
    int count;
    Mark list[MARKS_MAX]; /* in order, none within another */
} Marks;

/* The ranges that `marked` has marks around, in `text`. Both are UTF-8; `marked` may be the beginning alone. No ranges
 * when the two do not fit together. */
void marks_read(const char *text, size_t length, const char *marked, size_t marked_length, Marks *marks);

/* Adds the places in `text` of each run of the query that nothing parts, unless it is one that must not occur. */
void marks_add_unparted(const char *text, size_t length, const char *query, Marks *marks);

/* Adds the words of a name that begin with a word of the query, case and accents aside: as far as they are alike. */
void marks_add_names(const char *name, size_t length, const char *query, Marks *marks);

/* A piece of the text around the most marks that stand close together: its code points. Begins and ends between words
 * where it can. False when there is no mark. */
bool marks_piece(const char *text, size_t length, const Marks *marks, Mark *piece);

/* A letter that onrecord.search_fold takes out: a mark, a joiner, a direction. */
bool search_is_taken_out(uint32_t code_point);

/* A letter of a writing that nothing parts into words: onrecord.search_unparted. */
bool search_is_unparted(uint32_t code_point);

#endif
