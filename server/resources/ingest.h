/* ingest.h: POST /articles with all that belongs to it: its source, its quotes and events, and whoever is named there.
 *
 * Wherever a record has `x_id` (or `x_ids`), the body may hold `x` instead: an object that describes a source, a
 * speaker or an event (or an array of them). Each description is a Piece, as are the article, its quotes and its
 * events. Then:
 *
 *   match   what a description means: the record with that id, external_id, name or alias; else it is to be made.
 *           References by another key than the id are looked up in the same round trip, as in any write
 *   ids     of all that is to be made, so that records can refer to each other; and speakers that are alike
 *   check   every record by its table of fields, each quote's place in the body; all faults at once
 *   send    one transaction: who is named, then the article, its events, its quotes
 *
 * What is matched is left as it is. Two requests that make the same speaker at the same time take turns, and the second
 * starts over and finds it. A dry run goes all the way and is undone at its end. */
#ifndef ONRECORD_RESOURCES_INGEST_H
#define ONRECORD_RESOURCES_INGEST_H

#include "record/idempotency.h"
#include "record/write.h"

enum { INGEST_PIECES_MAX = 2000, INGEST_CANDIDATES_MAX = 10, INGEST_SIMILAR_MAX = 5 };

typedef struct Piece Piece;
struct Piece {
    const Resource *resource;
    const char *pointer; /* where it stands in the body */
    json_t *value;       /* its members; descriptions within it give way to ids */
    int parent;          /* the piece that it stands in; -1: none */
    bool described;      /* a description: it may be there already */
    bool must_exist;     /* nothing is made of it */
    json_t *holder;      /* where its id goes: the object or array ... */
    const char *member;  /* ... and the member; NULL: the index */
    size_t index;

    const char *matched_by; /* "id", "external_id", "name", "alias"; NULL: it is to be made */
    const char *name;       /* of what it was matched with */
    const char *compared;   /* its own name, as it is compared; NULL: it has none */
    int continues;          /* a quote: the piece that it goes on from; -1: none */
    int same;               /* an earlier piece that describes the same; -1: none */
    int64_t id;
    Candidate *similar; /* of a new speaker */
    int similar_count;
    int similar_statement;

    References lookups;
    Write *write; /* NULL: it is not made */
    bool linked;  /* an event that is there already: the article is added to it */
    bool placed;  /* its statement is queued */
    int statement;
};

typedef struct Ingest {
    Exchange *x;
    enum { INGEST_MATCH, INGEST_IDS, INGEST_SEND, INGEST_REPLAY, INGEST_EXPLAIN } phase;
    int owned_before;
    int attempts;
    bool dry_run;
    bool refuses_new; /* speakers */
    bool utf16;
    json_t *tree; /* the body; pieces are parts of it */
    json_t *kept; /* an array: what was taken out of the tree */
    int count;
    int capacity;
    Piece *pieces; /* [0] is the article */
    Write *refused;
    Leads leads; /* what turned out to be merged */
    int names;   /* INGEST_REPLAY: the first statement that asks for names */
} Ingest;

/* With the query's parameters read; what is wrong with them becomes faults. */
Ingest *ingest_new(Exchange *x);

/* Takes the body apart; what is wrong with its shape becomes faults. */
void tree_read(Ingest *ingest);
/* Whether a body describes more than an article. */
bool tree_is_nested(const json_t *body);
/* Whether a record is made of it: it is not there, and no earlier piece describes the same. */
bool piece_is_made(const Piece *piece);
/* The piece that stands for all that describe the same: itself, or an earlier one. */
Piece *piece_root(const Ingest *ingest, Piece *piece);
/* Puts the piece's id where it is referred to. */
void piece_refer(const Piece *piece, int64_t id);

/* Queues what is asked to match descriptions. False: there is nothing to ask. */
bool match_ask(Ingest *ingest);
/* Takes the answers; false with a problem where something is ambiguous, or is not there. */
bool match_take(Ingest *ingest);
/* Queues the ids of what is to be made, and whom new speakers may be confused with. */
void ids_ask(Ingest *ingest);
/* Takes the answers; false with a problem where new speakers are refused. */
bool ids_take(Ingest *ingest);

/* Writes the answer. */
void ingest_render(const Ingest *ingest, JsonWriter *w);

/* Queues what keeps it for an Idempotency-Key, beside the article. */
void ingest_keep(const Ingest *ingest);
/* The answer once more: asks for it; takes it, or answers false with a problem. */
Step ingest_replay(Exchange *x, const Answer *answer);
bool ingest_replayed(Ingest *ingest);

#endif
