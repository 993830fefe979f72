/* foreign.h: lines of other people's collections as records of ours: GDELT's Global Quotation Graph, and Quotebank in
 * both of its forms. docs/import.md says what becomes of which member.
 *
 * Pure functions. Each line is one article with any number of quotes. Names of records are derived from the line alone,
 * so that the same line is always the same records. */
#ifndef ONRECORD_RECORD_FOREIGN_H
#define ONRECORD_RECORD_FOREIGN_H

#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"

typedef struct ForeignQuote {
    json_t *record;      /* but for speaker_id */
    const char *speaker; /* the name; NULL: not attributed */
    const char *page;    /* of the speaker at Wikidata; NULL: not known, or several */
} ForeignQuote;

typedef struct Foreign {
    json_t *article; /* with its url */
    int quote_count;
    ForeignQuote *quotes;
    const char *fault; /* a sentence; then there is nothing else */
} Foreign;

/* Reads a line, which is an object; `status` is the quotes'. foreign_release gives back what it holds; texts are the
 * arena's. */
typedef Foreign ForeignRead(Arena *arena, json_t *line, const char *status);

ForeignRead gdelt_read;
ForeignRead quotebank_read;

void foreign_release(Foreign *foreign);

#endif
