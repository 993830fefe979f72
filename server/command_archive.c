/* command_archive.c: `onrecord backup FILE` and `onrecord restore FILE`. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/moment.h"
#include "commands.h"
#include "db/archive.h"
#include "db/migrate.h"

enum { FAULT_SIZE = 1024, PROGRESS_US = 200000 };

static int backup_help(void) {
    printf(
        "Usage: onrecord backup FILE [OPTION...]\n\n"
        "Writes all that is on record, its history and the API keys' hashes to FILE (`-`: standard output), as\n"
        "pg_dump does (custom format): one snapshot, beside running servers. FILE is replaced when it is complete.\n\n"
        "The database is that of ONRECORD_MIGRATE_URL or DATABASE_URL (or PGHOST, PGSERVICE), else the one in the data\n"
        "folder (ONRECORD_DATA_DIR, --data-dir). The options and variables are those of `onrecord serve --help`.\n");
    return EXIT_DONE;
}

static int restore_help(void) {
    printf(
        "Usage: onrecord restore FILE [--replace] [OPTION...]\n\n"
        "Puts a backup's records, history and API keys into the database: all or, where anything fails, nothing.\n"
        "FILE `-` is standard input. No server may be running on the database. Where there are records already,\n"
        "--replace deletes them. Migrations that the backup lacks are run afterwards. Clients that follow the change\n"
        "feed begin anew.\n\n"
        "The database is that of ONRECORD_MIGRATE_URL or DATABASE_URL (or PGHOST, PGSERVICE), else the one in the data\n"
        "folder (ONRECORD_DATA_DIR, --data-dir). The options and variables are those of `onrecord serve --help`.\n");
    return EXIT_DONE;
}

static void progress_show(size_t bytes) {
    static int64_t shown_us;
    int64_t now_us = clock_monotonic_us();
    if (now_us - shown_us < PROGRESS_US || !isatty(STDERR_FILENO))
        return;
    shown_us = now_us;
    fprintf(stderr, "\r%.1f MB", (double)bytes / 1e6);
}

static void progress_end(void) {
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r%20s\r", "");
}

/* ---- backup ---- */

static bool backup_write(const char *conninfo, int out) {
    char fault[FAULT_SIZE];
    bool done = archive_write(conninfo, out, progress_show, fault, sizeof fault);
    progress_end();
    if (!done)
        command_fault(EXIT_FAILED, "%s", fault);
    return done;
}

/* Beside FILE first, so that a backup that fails takes no earlier one with it. */
static int backup_to_file(Arena *arena, const char *conninfo, const char *file) {
    const char *partial = arena_printf(arena, "%s.partial", file);
    int out = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (out < 0)
        return command_fault(EXIT_FAILED, "%s cannot be written: %s.", partial, strerror(errno));
    bool done = backup_write(conninfo, out);
    if (done && (fsync(out) != 0 || rename(partial, file) != 0)) {
        command_fault(EXIT_FAILED, "%s cannot be written: %s.", file, strerror(errno));
        done = false;
    }
    close(out);
    if (!done)
        unlink(partial);
    return done ? EXIT_DONE : EXIT_FAILED;
}

static int backup(Arena *arena, const Config *config, const char *conninfo, const char *file, bool replace) {
    (void)config;
    (void)replace;
    if (strcmp(file, "-") != 0)
        return backup_to_file(arena, conninfo, file);
    if (isatty(STDOUT_FILENO))
        return command_fault(EXIT_MISUSED, "a backup is nothing for a terminal: send it to a file or a pipe.");
    return backup_write(conninfo, STDOUT_FILENO) ? EXIT_DONE : EXIT_FAILED;
}

/* ---- restore ---- */

/* What the backup lacks, and what the server's own role may do. */
static int restore_migrate(Arena *arena, const Config *config, const char *conninfo) {
    const char *role = config->database_embedded ? NULL : config_server_role(config, arena);
    MigrationReport report = migrate_run(arena, conninfo, config->seed, role);
    if (report.state == MIGRATION_CURRENT || report.state == MIGRATION_NEWER)
        return EXIT_DONE;
    return command_fault(EXIT_FAILED, "The backup is restored, but not up to date: %s", report.message);
}

static int restore(Arena *arena, const Config *config, const char *conninfo, const char *file, bool replace) {
    char fault[FAULT_SIZE];
    int in = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return command_fault(EXIT_FAILED, "%s cannot be read: %s.", file, strerror(errno));
    bool done = archive_read(conninfo, in, replace, progress_show, fault, sizeof fault);
    progress_end();
    if (in != STDIN_FILENO)
        close(in);
    return done ? restore_migrate(arena, config, conninfo) : command_fault(EXIT_FAILED, "%s", fault);
}

/* ---- */

typedef int ArchiveAction(Arena *arena, const Config *config, const char *conninfo, const char *file, bool replace);

static int archive_run(int argc, char **argv, bool may_replace, ArchiveAction *action) {
    const char *file = NULL;
    bool replace = false;
    Config config;
    Arena *arena = arena_new();
    int code = EXIT_MISUSED;
    const CommandOption options[] = {{"FILE", .value = &file},
                                     {may_replace ? "--replace" : NULL, .flag = &replace}, /* NULL ends it */
                                     {.name = NULL}};
    bool taken = command_options(options, arena, &argc, argv);
    if (taken && (file == NULL || file[0] == '\0'))
        command_fault(EXIT_MISUSED, "say which FILE; `-` is standard %s.", may_replace ? "input" : "output");
    else if (taken && command_config(&config, arena, argc, argv)) {
        CommandDatabase database;
        code = EXIT_FAILED;
        if (database_open(&database, &config, config.migrate_url))
            code = action(arena, &config, database.conninfo, file, replace);
        database_close(&database);
    }
    arena_free(arena);
    return code;
}

int command_backup(int argc, char **argv) {
    return command_wants_help(argc, argv) ? backup_help() : archive_run(argc, argv, false, backup);
}

int command_restore(int argc, char **argv) {
    return command_wants_help(argc, argv) ? restore_help() : archive_run(argc, argv, true, restore);
}
