/* migrate.h: the embedded migrations (schema/migrations), forward only, one transaction each, checksummed, under an
 * advisory lock. Blocking: for the command line and the start, never for a request. */
#ifndef ONRECORD_DB_MIGRATE_H
#define ONRECORD_DB_MIGRATE_H

#include <stdbool.h>

#include "base/arena.h"

typedef enum MigrationState {
    MIGRATION_CURRENT,    /* nothing to do */
    MIGRATION_PENDING,    /* some are to be run */
    MIGRATION_NEWER,      /* the database is ahead, and still admits this server */
    MIGRATION_REFUSED,    /* the database is ahead and no longer admits this server, or a checksum differs */
    MIGRATION_UNREACHABLE /* no answer from the database */
} MigrationState;

typedef struct MigrationReport {
    MigrationState state;
    int applied;         /* how many this call has run */
    const char *pending; /* names, comma-separated; in the arena */
    const char *message; /* one sentence for an operator; never holds a secret */
} MigrationReport;

/* What is the state? Runs nothing. */
MigrationReport migrate_check(Arena *arena, const char *conninfo);

/* Runs what is pending. `seed`: false records the seed's migration as skipped. `server_role`: the role that the server
 * itself uses, granted what it needs when it is another than the owner's; may be NULL. Safe when two run at once. */
MigrationReport migrate_run(Arena *arena, const char *conninfo, bool seed, const char *server_role);

/* The number of the newest migration in this binary. */
int migrate_newest(void);

#endif
