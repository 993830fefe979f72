/* command_import.c: `onrecord import`: reads a file of records into the database, beside a running server or not. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "import.h"
#include "resources/resources.h"

enum { BEGINNINGS_MAX = 10 };

typedef struct ImportOptions {
    const char *file;
    const char *resource;
    const char *format;
    const char *on_conflict;
    const char *status;
    const char *actor;
    const char *reason;
    bool again;
} ImportOptions;

static int import_help(void) {
    printf(
        "Usage: onrecord import FILE|- --resource NAME [--on-conflict error|skip|update] [OPTION...]\n"
        "       onrecord import FILE|- --format gdelt|quotebank [--status proposed|confirmed] [OPTION...]\n\n"
        "Reads records, a JSON object a line, and writes a thousand at a time. Each line has its own fate; those that fail\n"
        "are named on standard error. Broken off at whatever moment, the same command goes on where it was; a file that\n"
        "was read to its end is not read again (--again: it is). That is not known of what comes through a pipe (-).\n\n"
        "  --resource NAME      sources, articles, speakers, quotes or events\n"
        "  --on-conflict WHAT   of a record that is there, by id, else external_id, else an article's url: error, skip,\n"
        "                       or update, where the line is a merge patch  [error]\n"
        "  --format FORMAT      onrecord; gdelt: the Global Quotation Graph; quotebank: by quote or by article\n"
        "  --status STATUS      of the quotes from there  [proposed]\n"
        "  --actor, --reason    kept with each change, as Change-Actor and Change-Reason are\n"
        "  --again              as if the file had never been read\n\n"
        "It exits with 1 when it was broken off or a line failed. The database is that of DATABASE_URL (or PGHOST,\n"
        "PGSERVICE), else the embedded one of the data folder (ONRECORD_DATA_DIR, --data-dir), which is started when no\n"
        "server runs.\n");
    return EXIT_DONE;
}

static bool misused(const char *sentence) {
    command_fault(EXIT_MISUSED, "%s `onrecord import --help` says more.", sentence);
    return false;
}

/* What the options ask for. False with a message. */
static bool import_read(Import *import, const ImportOptions *options) {
    const ImportFormat *format = import_formats;
    while (options->format && format->name && strcmp(format->name, options->format) != 0)
        format++;
    import->format = format;
    import->on_conflict = options->on_conflict ? on_conflict_parse(options->on_conflict) : ON_CONFLICT_ERROR;
    import->resource = options->resource ? resource_find(options->resource) : NULL;
    import->status = options->status ? options->status : "proposed";
    import->actor = options->actor;
    import->reason = options->reason;
    import->again = options->again;
    if (!options->file)
        return misused("Say which FILE, or - for standard input.");
    if (!format->name)
        return misused("--format must be onrecord, gdelt or quotebank.");
    if (format->read && (options->resource || options->on_conflict))
        return misused("--resource and --on-conflict are for the format onrecord.");
    if (!format->read && options->status)
        return misused("--status is for the formats gdelt and quotebank.");
    if (!format->read && !import->resource)
        return misused("--resource must be sources, articles, speakers, quotes or events.");
    if (import->on_conflict == ON_CONFLICT_COUNT)
        return misused("--on-conflict must be error, skip or update.");
    if (strcmp(import->status, "proposed") != 0 && strcmp(import->status, "confirmed") != 0)
        return misused("--status must be proposed or confirmed.");
    return true;
}

static bool import_open(Import *import, const char *file) {
    struct stat status;
    assert(file != NULL); /* import_read sees to it */
    import->name = file;
    import->fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
    if (import->fd < 0 || fstat(import->fd, &status) != 0 || S_ISDIR(status.st_mode)) {
        command_fault(EXIT_FAILED, "%s cannot be read: %s.", file, import->fd < 0 ? strerror(errno) : "it is a folder");
        return false;
    }
    import->size = S_ISREG(status.st_mode) && import->fd != STDIN_FILENO ? status.st_size : -1;
    if (import->size < 0 || flock(import->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        return true;
    command_fault(EXIT_FAILED, "another import reads %s at the moment.", file);
    return false;
}

static void counts_print(const char *what, const BulkCounts *counts) {
    printf("%s: %lld created, %lld updated, %lld unchanged, %lld skipped, %lld failed.\n", what,
           (long long)counts->fates[FATE_CREATED], (long long)counts->fates[FATE_UPDATED],
           (long long)counts->fates[FATE_UNCHANGED], (long long)counts->fates[FATE_SKIPPED],
           (long long)counts->fates[FATE_FAILED]);
}

static int import_report(const Import *import, ImportEnd end) {
    int64_t failed = import->faults + import->counts.fates[FATE_FAILED];
    if (end == IMPORT_KNOWN) {
        printf("%s was imported already; --again reads it once more.\n", import->name);
        return EXIT_DONE;
    }
    if (import->resource == NULL) {
        counts_print("articles", &import->articles);
        counts_print("speakers", &import->speakers);
        counts_print("quotes", &import->counts);
        failed += import->articles.fates[FATE_FAILED] + import->speakers.fates[FATE_FAILED];
        if (import->faults > 0)
            printf("%lld lines could not be read.\n", (long long)import->faults);
    } else {
        counts_print(import->resource->name, &import->counts);
    }
    return end == IMPORT_DONE && failed == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int import_file(Import *import, const Config *config) {
    CommandDatabase database;
    ImportEnd end = IMPORT_STOPPED;
    if (database_open(&database, config, config->database_url) && database_check(&database, import->arena, config)) {
        import->drive = drive_new(database.conninfo);
        for (int i = 0; i < BEGINNINGS_MAX && (i == 0 || end == IMPORT_AGAIN); i++)
            end = import_run(import);
        drive_free(import->drive);
        if (end == IMPORT_AGAIN)
            command_fault(EXIT_FAILED, "the connection to the database keeps breaking.");
    }
    database_close(&database);
    return import_report(import, end);
}

int command_import(int argc, char **argv) {
    if (command_wants_help(argc, argv))
        return import_help();
    ImportOptions options = {.file = NULL};
    const CommandOption table[] = {{"FILE", .value = &options.file},
                                   {"--resource", .value = &options.resource},
                                   {"--format", .value = &options.format},
                                   {"--on-conflict", .value = &options.on_conflict},
                                   {"--status", .value = &options.status},
                                   {"--actor", .value = &options.actor},
                                   {"--reason", .value = &options.reason},
                                   {"--again", .flag = &options.again},
                                   {.name = NULL}};
    Config config;
    int code = EXIT_MISUSED;
    Import import = {.arena = arena_new(), .fd = -1, .terminal = isatty(STDERR_FILENO) == 1};
    if (command_options(table, import.arena, &argc, argv) && import_read(&import, &options) &&
        command_config(&config, import.arena, argc, argv)) {
        import.line_max = (size_t)config.body_max;
        import.service.public_url = config.public_url;
        code = import_open(&import, options.file) ? import_file(&import, &config) : EXIT_FAILED;
    }
    if (import.fd > STDIN_FILENO)
        close(import.fd);
    arena_free(import.arena);
    return code;
}
