/* command_export.c: `onrecord export`: writes what a list holds, as GET of it does, from one snapshot. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/moment.h"
#include "commands.h"
#include "drive.h"
#include "http/target.h"
#include "record/stream.h"
#include "resources/resources.h"

enum { BLOCK = 64 * 1024, SHOW_US = 200 * 1000 };

typedef struct Export {
    Arena *arena;
    Exchange *exchange;
    Drive *drive;
    FILE *out;
    const char *name; /* of the file */
    Buffer rows;
    Arena *rows_arena;
    int error; /* errno of what could not be written */
    int64_t began_us;
    int64_t shown_us; /* 0: nothing is shown */
} Export;

static int export_help(void) {
    printf(
        "Usage: onrecord export RESOURCE [QUERY] [--format ndjson|csv] [--output FILE] [OPTION...]\n\n"
        "Writes the records of a resource (sources, articles, speakers, quotes or events), a line each: all of them, or\n"
        "those that QUERY chooses, which is that of the API: 'status=proposed&sort=id&fields=id,text'. The rows are of one\n"
        "moment; an export that is broken off is begun anew. Without --output they go to standard output.\n\n"
        "The database is found as `onrecord import --help` says.\n");
    return EXIT_DONE;
}

static void export_show(Export *export) {
    int64_t now = clock_monotonic_us();
    if (export->shown_us == 0 || now - export->shown_us < SHOW_US)
        return;
    double seconds = (double)(now - export->began_us) / 1e6;
    long long rows = export->exchange->stream->rows;
    export->shown_us = now;
    fprintf(stderr, "\r\033[K%lld rows, %.0f a second", rows, (double)rows / seconds);
}

static void rows_write(Export *export) {
    if (export->error == 0 && fwrite(export->rows.data, 1, export->rows.length, export->out) != export->rows.length)
        export->error = errno;
    arena_reset(export->rows_arena);
    export->rows = buffer_new(export->rows_arena, BLOCK + BLOCK / 4);
    export_show(export);
}

/* The batch's owner is the drive; the export is the one that its exchange keeps. */
static bool row_take(Batch *batch, const Result *row) {
    Exchange *x = (Exchange *)((char *)batch - offsetof(Exchange, batch));
    Export *export = x->state;
    stream_row(x->stream, &export->rows, row, 0);
    if (export->rows.length >= BLOCK)
        rows_write(export);
    return true;
}

static int refused(const Exchange *x) {
    for (const Fault *fault = x->problem.faults; fault != NULL; fault = fault->next)
        command_fault(EXIT_MISUSED, "%s %s.", fault->where, fault->detail);
    return command_fault(EXIT_MISUSED, "%s", x->problem.detail);
}

/* What is asked before the rows. */
static Step ask(Export *export, Step step) {
    Exchange *x = export->exchange;
    while (step == STEP_QUERY && x->stream == NULL) {
        drive_run(export->drive, &x->batch);
        if (x->batch.outcome != BATCH_DONE) {
            problem_from_batch(x);
            return STEP_ANSWER;
        }
        step = x->endpoint->done(x);
    }
    return step;
}

static int export_rows(Export *export) {
    Exchange *x = export->exchange;
    if (ask(export, x->endpoint->plan(x)) == STEP_ANSWER)
        return refused(x);
    export->rows_arena = arena_new();
    export->rows = buffer_new(export->rows_arena, BLOCK + BLOCK / 4);
    export->began_us = clock_monotonic_us();
    export->shown_us = isatty(STDERR_FILENO) == 1 ? export->began_us : 0;
    x->state = export;
    stream_head(x->stream, &export->rows);
    batch_streams(&x->batch, row_take);
    drive_run(export->drive, &x->batch);
    rows_write(export);
    arena_free(export->rows_arena);
    if (fflush(export->out) != 0 && export->error == 0)
        export->error = errno;
    if (export->shown_us != 0)
        fputs("\r\033[K", stderr);
    if (export->error != 0)
        return command_fault(EXIT_FAILED, "%s cannot be written: %s.", export->name, strerror(export->error));
    if (x->batch.outcome != BATCH_DONE) {
        problem_from_batch(x);
        return command_fault(EXIT_FAILED, "%s What was written is not all.", x->problem.detail);
    }
    fprintf(stderr, "%lld rows\n", (long long)x->stream->rows);
    return EXIT_DONE;
}

static const Endpoint *list_of(const char *resource) {
    int count;
    const Endpoint *endpoints = resources_endpoints(&count);
    for (int i = 0; i < count; i++)
        if (endpoints[i].method == METHOD_GET && endpoints[i].path[0] == '/' &&
            strcmp(endpoints[i].path + 1, resource) == 0 && resource_find(resource) != NULL)
            return &endpoints[i];
    return NULL;
}

static int export_resource(Export *export, const Config *config, const char *resource, const char *query,
                           const char *format) {
    SearchLore *searches = arena_calloc(export->arena, 1, sizeof *searches);
    Service service = {.public_url = config->public_url, .searches = searches};
    Exchange *x = arena_calloc(export->arena, 1, sizeof *x);
    CommandDatabase database;
    int code = EXIT_FAILED;
    export->exchange = x;
    x->arena = export->arena;
    x->service = &service;
    x->endpoint = list_of(resource);
    x->path = arena_printf(export->arena, "/%s", resource);
    x->format = format_named(FORMAT_BIT(FORMAT_NDJSON) | FORMAT_BIT(FORMAT_CSV), format);
    if (x->endpoint == NULL)
        return command_fault(EXIT_MISUSED, "RESOURCE must be sources, articles, speakers, quotes or events.");
    if (x->format == FORMAT_COUNT)
        return command_fault(EXIT_MISUSED, "--format must be ndjson or csv.");
    if (!target_parameters(x, query))
        return refused(x);
    if (database_open(&database, config, config->database_url) && database_check(&database, export->arena, config)) {
        export->drive = drive_new(database.conninfo);
        batch_init(&x->batch, x->arena, LANE_POINT, drive_complete, export->drive);
        code = export_rows(export);
        exchange_release(x);
        drive_free(export->drive);
    }
    database_close(&database);
    return code;
}

int command_export(int argc, char **argv) {
    const char *resource = NULL;
    const char *query = NULL;
    const char *format = NULL;
    const char *output = NULL;
    const CommandOption options[] = {{"RESOURCE", .value = &resource},
                                     {"QUERY", .value = &query},
                                     {"--format", .value = &format},
                                     {"--output", .value = &output},
                                     {.name = NULL}};
    if (command_wants_help(argc, argv))
        return export_help();
    Export export = {.arena = arena_new(), .out = stdout};
    Config config;
    int code = EXIT_MISUSED;
    bool taken = command_options(options, export.arena, &argc, argv);
    export.name = output != NULL ? output : "standard output";
    if (taken && resource == NULL) {
        command_fault(EXIT_MISUSED, "say which RESOURCE. `onrecord export --help` says more.");
    } else if (taken && command_config(&config, export.arena, argc, argv)) {
        if (output != NULL)
            export.out = fopen(output, "we");
        code = export.out == NULL
                   ? command_fault(EXIT_FAILED, "%s cannot be written: %s.", export.name, strerror(errno))
                   : export_resource(&export, &config, resource, query != NULL ? query : "",
                                     format != NULL ? format : "ndjson");
        if (export.out != NULL && export.out != stdout && fclose(export.out) != 0 && code == EXIT_DONE)
            code = command_fault(EXIT_FAILED, "%s cannot be written: %s.", export.name, strerror(errno));
    }
    arena_free(export.arena);
    return code;
}
