/* command_migrate.c: `onrecord migrate`: brings the schema up to date, or with --check says what is pending. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "db/migrate.h"

static int migrate_help(void) {
    printf(
        "Usage: onrecord migrate [--check] [OPTION...]\n\n"
        "Runs the migrations that the database lacks, one transaction each. Safe beside running servers, and when two\n"
        "run at once. ONRECORD_MIGRATE_URL names the owner's role; the role of DATABASE_URL is granted what the server\n"
        "needs. --check runs nothing; it exits with 1 when migrations are pending.\n\n"
        "The options and variables are those of `onrecord serve --help`.\n");
    return EXIT_DONE;
}

static int migrate_report(const MigrationReport *report, bool check) {
    switch (report->state) {
    case MIGRATION_CURRENT:
        if (report->applied > 0)
            printf("%d migration%s run; the schema is up to date.\n", report->applied, report->applied == 1 ? "" : "s");
        else
            printf("The schema is up to date; nothing to do.\n");
        return EXIT_DONE;
    case MIGRATION_NEWER:
        printf("The database is newer than this program, which it still admits; nothing to do.\n");
        return EXIT_DONE;
    case MIGRATION_PENDING:
        if (check) {
            printf("Pending: %s\n", report->pending);
            return EXIT_FAILED;
        }
        break;
    case MIGRATION_REFUSED:
    case MIGRATION_UNREACHABLE:
        break;
    }
    return command_fault(EXIT_FAILED, "%s", report->message);
}

static MigrationReport migrate_on(Arena *arena, const Config *config, const char *conninfo, bool check) {
    const char *role = config->database_embedded ? NULL : config_server_role(config, arena);
    return check ? migrate_check(arena, conninfo) : migrate_run(arena, conninfo, config->seed, role);
}

int command_migrate(int argc, char **argv) {
    if (command_wants_help(argc, argv))
        return migrate_help();
    bool check = false;
    const CommandOption options[] = {{"--check", .flag = &check}, {.name = NULL}};
    Arena *arena = arena_new();
    Config config;
    int code = EXIT_MISUSED;
    if (command_options(options, arena, &argc, argv) && command_config(&config, arena, argc, argv)) {
        CommandDatabase database;
        code = EXIT_FAILED;
        if (database_open(&database, &config, config.migrate_url)) {
            MigrationReport report = migrate_on(arena, &config, database.conninfo, check);
            code = migrate_report(&report, check);
        }
        database_close(&database);
    }
    arena_free(arena);
    return code;
}
