/* selection.h: which records an answer holds, and which of their fields: what `include=` and `fields=` say.
 *
 * A Selection is a tree of nodes: the record itself, and the to-one records embedded in it, two steps deep at most. A
 * node's columns stand side by side in the result, so that one row of it is the whole tree. To-many relations of a
 * single record (`include=quotes`) are Branches: each a list of its own, asked for in the same round trip. */
#ifndef ONRECORD_RECORD_SELECTION_H
#define ONRECORD_RECORD_SELECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json_writer.h"
#include "db/result.h"
#include "record/exchange.h"
#include "record/field.h"
#include "record/sql_builder.h"

enum { NODES_MAX = 16, BRANCHES_MAX = 4, INCLUDE_STEPS = 2 };

typedef struct Node {
    const Resource *resource;
    const Field *by;   /* the reference that leads here; NULL for the record itself */
    int parent;        /* index of the node that holds `by` */
    const char *alias; /* in the SQL: "t", "j1", ... */
    int column;        /* of its first field in the result */
    int field_count;   /* that are columns */
    uint64_t shown;    /* bit n: field n is rendered */
    bool named;        /* `fields` names some of its own fields */
    int body_column;   /* offsets=utf16: where the article's body stands; -1: nowhere */
} Node;

typedef struct Branch Branch;

typedef struct Selection {
    int node_count;
    Node nodes[NODES_MAX];
    int branch_count;
    Branch *branches;
    int columns; /* of all nodes, and the bodies behind them */
    bool bare;   /* the plain record: its ETag is its version */
    bool utf16;
    bool past; /* its rows are what records were: history.h */
} Selection;

struct Branch {
    const Relation *relation;
    Selection selection;
    struct List *list; /* list.h; set when it is queued */
};

/* Reads `include`, `fields` and `offsets` of the request; what is wrong is added to its faults. `single`: one record,
 * which may have to-many includes. */
Selection *selection_read(Exchange *x, const Resource *resource, bool single);

/* The plain selection of a resource: all fields of its own; `utf16` as asked for. */
Selection *selection_plain(Arena *arena, const Resource *resource, bool utf16);

/* Embeds what `path`, a field through to-one relations ("source.name"), passes, with none of its fields shown that are
 * not already. The statement is not written yet. */
void selection_embed(Exchange *x, Selection *selection, const char *path);

/* Adds the columns of all nodes ("t.id, t.name, ..., j1.id, ..."). */
void selection_columns(const Selection *selection, Sql *sql);
/* The same in number, but with NULL for what is not shown: for a statement that is run once, and over many rows. */
void selection_columns_shown(const Selection *selection, Sql *sql);
/* Adds the LEFT JOINs that the embedded nodes need. */
void selection_joins(const Selection *selection, Sql *sql);

/* One row as a JSON object, without the branches when `branches` is NULL; else with them from that batch. And its
 * members alone, into an open object. */
void selection_render(const Selection *selection, JsonWriter *w, const Result *rows, int row, const Batch *branches);
void selection_members(const Selection *selection, JsonWriter *w, const Result *rows, int row, const Batch *branches);

#endif
