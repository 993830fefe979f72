/* names.h: speakers by their names: as one types them, misspelt, or in another script. search.c's.
 *
 * onrecord.speaker_names (0004_search.sql) holds each name and alias, folded, from each of its words on. A name that
 * begins so scores 0.8 to 1; where these are few, one that looks alike (pg_trgm) up to 0.8, and one whose words sound
 * alike up to 0.75. */
#ifndef ONRECORD_RECORD_NAMES_H
#define ONRECORD_RECORD_NAMES_H

#include "record/cell.h"
#include "record/list.h"
#include "record/sql_builder.h"

/* Whether a query holds anything that a name could be made of. */
bool names_say_something(const char *query);

/* Adds the predicate that the record called `alias` is found, with a score of `least` or more. */
void names_where(const char *query, Sql *sql, const char *alias, const char *least);

/* `least` for what is probably meant. */
#define NAMES_LIKELY "0.5"

/* The same of record t for the list's own query: those that it ranks. */
void names_where_of(const List *list, Sql *sql);

/* A whole statement: id and name of those who are probably meant, `most` at most, the best first. */
void names_best(const char *query, int most, Sql *sql);

/* Adds "WITH ... best (id, score, position) ...": who is found, of those that the list's filters let pass. */
void names_with(const List *list, Sql *sql);

/* Writes the member `matched`: the name or alias that fits best; `column` says which. */
void names_render_matched(const Row *row, JsonWriter *w, int column);

#endif
