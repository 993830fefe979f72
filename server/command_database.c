/* command_database.c: the database of a command that reads or writes records. */
#include <unistd.h>

#include "commands.h"
#include "db/migrate.h"

enum { FAULT_SIZE = 1024 };

static bool schema_check(Arena *arena, const CommandDatabase *database, const Config *config) {
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

bool command_database_open(CommandDatabase *database, Arena *arena, const Config *config) {
    *database = (CommandDatabase){.conninfo = config->database_url, .lock = -1};
    return (!config->database_embedded || embedded_open(database, config)) && schema_check(arena, database, config);
}

void command_database_close(CommandDatabase *database) {
    if (database->embedded != NULL)
        embedded_stop(database->embedded);
    if (database->lock >= 0)
        close(database->lock);
}
