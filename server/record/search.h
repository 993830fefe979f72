/* search.h: `q`: the records that a query finds by their words or their names, how well each fits, and where.
 *
 * Words: a query in web search syntax (PostgreSQL's websearch_to_tsquery) becomes one branch for each text search
 * configuration that some article's language needs. Which those are, each search asks in its own round trip; when that
 * is news, it is run once more, so that a first article in a language is found at once. The first search of a server
 * knows of none, and only asks.
 *
 * Without `sort` the best come first, by ts_rank and then the newer ones. To rank every record that holds a common word
 * would take seconds; so the newest SEARCH_WINDOW that match are ranked, then those before them, and so on. A cursor
 * holds on to its window, by its newest and its oldest id, so that pages neither repeat nor miss records when others
 * come in or go.
 *
 * What finds little is best looked up in the index of words, what finds much by a walk from the newest on; to tell them
 * apart, PostgreSQL would have to plan each search, which takes longer than most searches. So each is tried in
 * LANE_SEARCH, whose plan is the index's and whose time is short; those that took longer are known for some minutes,
 * and are planned.
 *
 * Names: those that begin with the query, also at a later word; where these are few, those that look alike (trigrams)
 * and that sound alike. */
#ifndef ONRECORD_RECORD_SEARCH_H
#define ONRECORD_RECORD_SEARCH_H

#include "record/exchange.h"
#include "record/field.h"
#include "record/selection.h"
#include "record/sql_builder.h"

enum {
    SEARCH_WINDOW = 1000,
    SEARCH_TEXT_MAX = 500,  /* code points of a query */
    SEARCH_MARKED = 100000, /* code points of a text in which matches are marked */
    SEARCH_NAMES_MOST = 50, /* names of each way to be found */
    SEARCH_FIELDS = 4,      /* of a resource's Searching */
    SEARCH_RUNS = 4         /* a set of languages that changes all the time is given up on */
};

typedef struct List List;

typedef struct Search {
    const Resource *resource;
    const char *text;
    bool utf16;       /* ranges count UTF-16 units */
    bool ranked;      /* else the list's sort rules */
    uint64_t configs; /* words: bit n for the configuration number n; none: not known yet */
    int languages;    /* the statement that asks for them */
    int runs;
    int column; /* of the result's columns: those of search_columns begin here */
} Search;

/* Reads `q` of the request; what is wrong is added to its faults. NULL: none is given. */
Search *search_read(Exchange *x, const Resource *resource);

/* Queues the question for the languages that there are. False where the search does not depend on them. */
bool search_queue(Search *search, Batch *batch);

/* Takes the answer. True when the search has to be made again with what was learnt. */
bool search_learn(Exchange *x, Search *search);

#define SEARCH_IDLE_NOTICE                                                                                             \
    "The query holds nothing to look for: no word at all, or only words that nearly every text has."

/* Whether the query holds nothing to look for: no word, or stop words alone. */
bool search_is_idle(const Search *search, const Batch *batch);

/* Whether a search with that hash (List's `query`) was too slow for LANE_SEARCH in the last minutes, in any thread. */
bool search_finds_much(const Service *service, uint64_t query);

/* Remembers that it was. */
void search_found_much(const Service *service, uint64_t query);

/* How many records RANKING_FOUND counts at the most: then there may be more. */
int search_cap(const Search *search);

/* Adds the predicate that record t is found by the list's search. */
void search_where(const List *list, Sql *sql);

/* Adds "WITH q (name, config, query, marked, words) AS (...) ", the query in each configuration, without what it
 * refuses, and one for any word of that: what search_columns and ranking read. */
void search_with(const Search *search, Sql *sql);

/* Adds the columns that search_render reads, of record t: its score and place (SQL; NULL where the list is sorted), and
 * the fields with marks (NULL without). `column` is the first of them; answers how many they are. */
int search_columns(Search *search, int column, const char *const *ranking, Sql *sql);

/* Adds the join that these columns need. */
void search_join(const Search *search, Sql *sql);

/* What search_columns begins with. */
enum {
    RANKING_SCORE,
    RANKING_TOP,   /* words: the newest id of the window; names: which name fits (0, or the alias's number) */
    RANKING_LOW,   /* the oldest id of the window */
    RANKING_FOUND, /* how many records there are in it; of names, how many were found */
    RANKING_COLUMNS
};

/* Writes score, highlights and what else a found record has into its open object. */
void search_render(const Search *search, const Selection *selection, JsonWriter *w, const Result *rows, int row);

#endif
