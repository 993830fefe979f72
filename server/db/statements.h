/* statements.h: the statements prepared on one connection: their text and the name PostgreSQL knows them by.
 *
 * Bounded: the one that was used least recently goes first, and its name is handed out by statements_doomed so that the
 * connection can deallocate it. Names are never used twice. A slot is what is kept of one text; what a result says of a
 * slot counts only while its number is still the same.
 *
 * A table belongs to its connection, and owns the copies of the texts. */
#ifndef ONRECORD_DB_STATEMENTS_H
#define ONRECORD_DB_STATEMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STATEMENTS_MAX = 256, STATEMENT_BUCKETS = 512, STATEMENT_NAME = 12 };

typedef enum PreparedState {
    PREPARED_NONE,
    PREPARED_SENT, /* its PREPARE is under way */
    PREPARED_READY
} PreparedState;

typedef struct Prepared {
    char *sql;
    uint64_t hash;
    PreparedState state;
    unsigned number; /* of its name */
    unsigned group;  /* the pipeline's group that its PREPARE went out with */
    char name[STATEMENT_NAME];
    int chain;        /* next slot in the same bucket, or -1 */
    int newer, older; /* order of use; -1 at the ends */
} Prepared;

typedef struct StatementHint {
    const char *sql;
    int slot;
} StatementHint;

typedef struct Statements {
    Prepared slots[STATEMENTS_MAX];
    int buckets[STATEMENT_BUCKETS];
    StatementHint hints[STATEMENT_BUCKETS]; /* by the text's address: a guess that is checked */
    int newest, oldest;
    int used; /* slots below were used at least once */
    int unused[STATEMENTS_MAX];
    int unused_count;
    unsigned last_number;
    unsigned doomed[STATEMENTS_MAX];
    int doomed_count;
} Statements;

/* Empty; numbers go on from where they were when the table is cleared. */
void statements_init(Statements *table);
void statements_clear(Statements *table);

/* The slot of `sql`, which becomes the one used last; -1 when there is none. */
int statements_find(Statements *table, const char *sql);

/* A new slot for `sql`, in the state PREPARED_SENT; -1 when all slots wait for their PREPARE. */
int statements_add(Statements *table, const char *sql, unsigned group);

/* PostgreSQL has prepared it. */
void statements_ready(Statements *table, int slot, unsigned number);

/* It is not prepared (its PREPARE failed or was skipped), or, with `close`, must not be used any more. */
void statements_forget(Statements *table, int slot, unsigned number, bool close);

/* The number of a statement that is to be deallocated; false when there is none. */
bool statements_doomed(Statements *table, unsigned *number);

#endif
