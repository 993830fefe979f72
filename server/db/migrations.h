/* migrations.h: the migrations in this binary, and how a database stands to them. For migrate and the watch. */
#ifndef ONRECORD_DB_MIGRATIONS_H
#define ONRECORD_DB_MIGRATIONS_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "base/assets.h"
#include "base/hash.h"
#include "db/migrate.h"

/* One file of schema/migrations. Its first lines of comment may say more: `-- admits: N` (the oldest server that may
 * run on the schema that it leaves, by the number of its newest migration), `-- seed`, `-- no-transaction`. */
typedef struct Migration {
    int version;
    const char *name; /* "0001_record" */
    const Asset *asset;
    int admits; /* the version itself when not said */
    bool seed;
    bool no_transaction;
    bool applied; /* set by migrations_state */
    char checksum[2 * SHA256_SIZE + 1];
} Migration;

typedef struct Migrations {
    Migration *list; /* by version; in the arena */
    int count;
} Migrations;

Migrations migrations_load(Arena *arena);

/* Compares; marks those that are applied. */
MigrationReport migrations_state(Arena *arena, PGconn *pg, const Migrations *migrations);

/* A report with nothing pending and nothing applied. */
MigrationReport migration_report(MigrationState state, const char *message);

#endif
