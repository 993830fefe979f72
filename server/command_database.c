/* command_database.c: the database that a command beside `serve` works on. */
#include <unistd.h>

#include "commands.h"
#include "db/migrate.h"

enum { FAULT_SIZE = 1024 };

/* Beside a server, or in its place. */
static bool embedded_open(CommandDatabase *database, const Config *config) {
    char fault[FAULT_SIZE];
    database->conninfo = database->running;
    if (embedded_running(config->data_dir, database->running, sizeof database->running))
        return true;
    database->lock = folder_lock(config->data_dir, fault, sizeof fault);
    if (database->lock >= 0)
        database->embedded = embedded_start(config->data_dir, fault, sizeof fault);
    if (database->embedded == NULL) {
        command_fault(EXIT_FAILED, "%s", fault);
        return false;
    }
    database->conninfo = embedded_conninfo(database->embedded);
    return true;
}

bool database_open(CommandDatabase *database, const Config *config, const char *named) {
    *database = (CommandDatabase){.conninfo = named, .lock = -1};
    return !config->database_embedded || embedded_open(database, config);
}

bool database_check(const CommandDatabase *database, Arena *arena, const Config *config) {
    MigrationReport report = database->embedded ? migrate_run(arena, database->conninfo, config->seed, NULL)
                                                : migrate_check(arena, database->conninfo);
    if (report.state == MIGRATION_CURRENT || report.state == MIGRATION_NEWER)
        return true;
    if (report.state == MIGRATION_PENDING)
        command_fault(EXIT_FAILED, "migrations are pending: %s. Run `onrecord migrate`.", report.pending);
    else
        command_fault(EXIT_FAILED, "%s", report.message);
    return false;
}

void database_close(CommandDatabase *database) {
    if (database->embedded != NULL)
        embedded_stop(database->embedded);
    if (database->lock >= 0)
        close(database->lock);
}
