/* command_database.c: the database that a command beside `serve` works on. */
#include <unistd.h>

#include "commands.h"

enum { CONNINFO_SIZE = 1024 };

const char *database_open(CommandDatabase *database, Arena *arena, const Config *config) {
    char fault[CONNINFO_SIZE];
    *database = (CommandDatabase){.lock = -1};
    if (!config->database_embedded)
        return config->migrate_url;
    char *conninfo = arena_alloc(arena, CONNINFO_SIZE);
    if (embedded_running(config->data_dir, conninfo, CONNINFO_SIZE))
        return conninfo;
    database->lock = folder_lock(config->data_dir, fault, sizeof fault);
    if (database->lock >= 0)
        database->embedded = embedded_start(config->data_dir, fault, sizeof fault);
    if (database->embedded)
        return embedded_conninfo(database->embedded);
    command_fault(EXIT_FAILED, "%s", fault);
    return NULL;
}

void database_close(CommandDatabase *database) {
    if (database->embedded)
        embedded_stop(database->embedded);
    if (database->lock >= 0)
        close(database->lock);
}
