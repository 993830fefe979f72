#include "db/migrations.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "db/session.h"
#include "sql.h"

static const char folder[] = "schema/migrations/";
static const char suffix[] = ".sql";

static bool is_migration(const Asset *asset) {
    size_t length = strlen(asset->name);
    return strncmp(asset->name, folder, strlen(folder)) == 0 && length > strlen(suffix) &&
           strcmp(asset->name + length - strlen(suffix), suffix) == 0;
}

static int asset_version(const Asset *asset) {
    return (int)strtol(asset->name + strlen(folder), NULL, 10);
}

int migrate_newest(void) {
    int newest = 0;
    for (int i = 0; i < asset_count; i++)
        if (is_migration(&assets[i]) && asset_version(&assets[i]) > newest)
            newest = asset_version(&assets[i]);
    return newest;
}

/* Reads the comment lines at the top. */
static void read_head(Migration *migration) {
    static const char admits[] = "-- admits: ";
    const char *line = migration->asset->data;
    while (strncmp(line, "--", 2) == 0) {
        size_t length = strcspn(line, "\n");
        if (strncmp(line, admits, strlen(admits)) == 0)
            migration->admits = (int)strtol(line + strlen(admits), NULL, 10);
        else if (length == strlen("-- seed") && strncmp(line, "-- seed", length) == 0)
            migration->seed = true;
        else if (length == strlen("-- no-transaction") && strncmp(line, "-- no-transaction", length) == 0)
            migration->no_transaction = true;
        line += length + (line[length] == '\n' ? 1 : 0);
    }
}

Migrations migrations_load(Arena *arena) {
    Migrations migrations = {.list = arena_calloc(arena, (size_t)asset_count + 1, sizeof(Migration))};
    for (int i = 0; i < asset_count; i++) {
        const Asset *asset = &assets[i];
        if (!is_migration(asset))
            continue;
        Migration *migration = &migrations.list[migrations.count++];
        const char *name = asset->name + strlen(folder);
        uint8_t digest[SHA256_SIZE];
        migration->asset = asset;
        migration->version = asset_version(asset);
        migration->admits = migration->version;
        migration->name = arena_strndup(arena, name, strlen(name) - strlen(suffix));
        sha256(asset->data, asset->size, digest);
        hex_encode(digest, sizeof digest, migration->checksum);
        read_head(migration);
    }
    return migrations;
}

MigrationReport migration_report(MigrationState state, const char *message) {
    return (MigrationReport){.state = state, .pending = "", .message = message};
}

static Migration *find(const Migrations *migrations, int version) {
    for (int i = 0; i < migrations->count; i++)
        if (migrations->list[i].version == version)
            return &migrations->list[i];
    return NULL;
}

/* Compares what was applied there with what stands here. */
static MigrationReport compare(Arena *arena, const Migrations *migrations, const PGresult *applied) {
    int newest = migrate_newest();
    int admits = 0;
    int ahead = 0;
    for (int row = 0; row < PQntuples(applied); row++) {
        int version = (int)strtol(PQgetvalue(applied, row, 0), NULL, 10);
        const char *name = PQgetvalue(applied, row, 1);
        int row_admits = (int)strtol(PQgetvalue(applied, row, 3), NULL, 10);
        Migration *migration = find(migrations, version);
        admits = row_admits > admits ? row_admits : admits;
        ahead = version > newest ? version : ahead;
        if (version > newest)
            continue;
        if (!migration)
            return migration_report(
                MIGRATION_REFUSED,
                arena_printf(arena, "The database has a migration %s that this server does not know.", name));
        if (strcmp(PQgetvalue(applied, row, 2), migration->checksum) != 0)
            return migration_report(
                MIGRATION_REFUSED,
                arena_printf(arena, "Migration %s was changed after it had been applied: its checksum differs.", name));
        migration->applied = true;
    }
    Buffer pending = buffer_new(arena, 0);
    for (int i = 0; i < migrations->count; i++)
        if (!migrations->list[i].applied)
            buffer_printf(&pending, "%s%s", pending.length > 0 ? ", " : "", migrations->list[i].name);
    MigrationReport report;
    if (ahead > 0 && admits > newest)
        report = migration_report(
            MIGRATION_REFUSED,
            arena_printf(arena,
                         "The database is at migration %d and admits no server older than migration %d; this one "
                         "knows %d. Use a newer server.",
                         ahead, admits, newest));
    else if (ahead > 0 && pending.length > 0)
        report = migration_report(
            MIGRATION_REFUSED, arena_printf(arena, "The database is ahead of this server but lacks %s.", pending.data));
    else if (ahead > 0)
        report = migration_report(MIGRATION_NEWER,
                                  arena_printf(arena, "The database is ahead of this server, and admits it."));
    else if (pending.length > 0)
        report =
            migration_report(MIGRATION_PENDING,
                             arena_printf(arena, "Migrations are pending: %s. Run `onrecord migrate`.", pending.data));
    else
        report = migration_report(MIGRATION_CURRENT, arena_printf(arena, "The schema is up to date."));
    report.pending = pending.data;
    return report;
}

static MigrationReport failed(Arena *arena, const PGconn *pg) {
    MigrationState state = PQstatus(pg) == CONNECTION_OK ? MIGRATION_REFUSED : MIGRATION_UNREACHABLE;
    const char *message = PQerrorMessage(pg);
    return migration_report(state, arena_printf(arena, "The list of applied migrations cannot be read: %.*s",
                                                (int)strcspn(message, "\n"), message));
}

MigrationReport migrations_state(Arena *arena, PGconn *pg, const Migrations *migrations) {
    const char *fault = session_server_fault(pg);
    if (fault)
        return migration_report(MIGRATION_REFUSED, arena_printf(arena, "The database will not do: %s.", fault));
    for (int i = 0; i < migrations->count; i++)
        migrations->list[i].applied = false;
    PGresult *exist = PQexec(pg, SQL_MIGRATIONS_EXIST);
    if (PQresultStatus(exist) != PGRES_TUPLES_OK) {
        PQclear(exist);
        return failed(arena, pg);
    }
    bool there = strcmp(PQgetvalue(exist, 0, 0), "t") == 0;
    PQclear(exist);
    PGresult *applied = there ? PQexec(pg, SQL_MIGRATIONS_LIST) : NULL;
    MigrationReport report =
        there && PQresultStatus(applied) != PGRES_TUPLES_OK ? failed(arena, pg) : compare(arena, migrations, applied);
    PQclear(applied);
    return report;
}
