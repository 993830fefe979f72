/* command_changes.c: `onrecord changes`: prints the log of changes as NDJSON, beside a running server or not. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "commands.h"
#include "db/change_reader.h"
#include "record/field.h"
#include "record/tail.h"

enum { FAULT_SIZE = 1024, AGAIN_MS = 1000 };
#define PAGE_SIZE 500
#define PAGE_SIZE_TEXT "500"

typedef struct ChangesRequest {
    const char *since;
    const char *resource;
    const char *record_id;
    const char *operation;
    bool follow;
    Config config;

    LogMark mark;
    int stop; /* readable when a signal says to end */
    bool lost;
} ChangesRequest;

static int changes_help(void) {
    printf(
        "Usage: onrecord changes [--since TOKEN|now] [--follow] [--resource NAME] [--record-id ID]\n"
        "                        [--operation insert|update|delete|purge]\n\n"
        "Prints what was changed, a line of JSON each, in the order of the log: from its beginning, or behind the\n"
        "token of a line that was printed before. --follow goes on with what comes, until Ctrl-C or SIGTERM.\n"
        "A token that is too old, or of another database, is refused.\n\n"
        "The database is that of DATABASE_URL (or PGHOST, PGSERVICE), else that of the server which runs on the data\n"
        "folder (ONRECORD_DATA_DIR, --data-dir).\n");
    return EXIT_DONE;
}

/* A sentence where a value is none; NULL: all are. */
static const char *changes_check(ChangesRequest *request, Arena *arena) {
    request->mark.pos = request->since ? LOG_NOW : LOG_OLDEST;
    if (request->since && strcmp(request->since, "now") != 0 && !token_decode(arena, request->since, &request->mark))
        return "--since must be the token of a line, or now.";
    if (request->resource && change_resource_bit(request->resource) == 0)
        return "--resource must be sources, articles, speakers, quotes or events.";
    if (request->operation && change_operation_bit(request->operation) == 0)
        return "--operation must be insert, update, delete or purge.";
    const char *id = request->record_id;
    if (id && (id[0] == '\0' || id[0] == '0' || strlen(id) > 16 || id[strspn(id, "0123456789")] != '\0'))
        return "--record-id must be an id.";
    if (id && !request->resource)
        return "--record-id needs --resource.";
    return NULL;
}

static bool print_page(const ChangesRequest *request, const Result *page) {
    Arena *arena = arena_new();
    Buffer lines = buffer_new(arena, 0);
    Change change;
    for (int row = 0; row < result_rows(page); row++)
        if (page_change(page, row, &change))
            change_write(FORMAT_NDJSON, &lines, request->mark.epoch, &change);
    bool written = fwrite(lines.data, 1, lines.length, stdout) == lines.length && fflush(stdout) == 0;
    arena_free(arena);
    return written;
}

static bool is_stopped(const ChangesRequest *request, int wait_ms) {
    struct pollfd stop = {.fd = request->stop, .events = POLLIN};
    return poll(&stop, 1, wait_ms) > 0;
}

/* Prints the next page. False with a sentence in `fault`: the reader is of no use, or, with `lost`, nothing can go on.
 */
static bool print_next(ChangesRequest *request, ChangeReader *reader, const char *params[PAGE_PARAMS], PageEnd *end,
                       char fault[FAULT_SIZE]) {
    char position[24];
    snprintf(position, sizeof position, "%lld", (long long)request->mark.pos);
    params[PAGE_POSITION] = request->mark.pos == LOG_OLDEST ? NULL : position;
    const Result *page = change_reader_page(reader, params, fault, FAULT_SIZE);
    if (!page)
        return false;
    *end = page_end(page, PAGE_SIZE, &request->mark);
    bool printed = *end != PAGE_LOST && print_page(request, page);
    if (!printed)
        snprintf(fault, FAULT_SIZE, "%s",
                 *end == PAGE_LOST ? "What followed this token is not kept any more, or it is of another database."
                                   : "Standard output cannot be written.");
    request->lost = !printed;
    return printed;
}

/* Prints pages until there is nothing more to print. */
static bool print_pages(ChangesRequest *request, Arena *arena, ChangeReader *reader, char fault[FAULT_SIZE]) {
    const char *params[PAGE_PARAMS] = {
        [PAGE_RESOURCES] = request->resource ? arena_printf(arena, "{%s}", request->resource) : NULL,
        [PAGE_RECORD] = request->record_id,
        [PAGE_OPERATIONS] = request->operation ? arena_printf(arena, "{%s}", request->operation) : NULL,
        [PAGE_LIMIT] = PAGE_SIZE_TEXT};
    PageEnd end = PAGE_MORE;
    while ((end == PAGE_MORE || request->follow) && !is_stopped(request, 0)) {
        if (end == PAGE_DONE)
            change_reader_wait(reader);
        if (!print_next(request, reader, params, &end, fault))
            return false;
    }
    return true;
}

/* With --follow a database that goes away is waited for. */
static int changes_print(ChangesRequest *request, Arena *arena, const char *conninfo) {
    char fault[FAULT_SIZE] = "";
    bool done = false;
    bool told = false;
    do {
        ChangeReader *reader = change_reader_open(conninfo, request->stop, fault, sizeof fault);
        done = reader && print_pages(request, arena, reader, fault);
        change_reader_close(reader);
        bool waits = !done && request->follow && !request->lost && request->mark.pos != LOG_NOW;
        if (!waits)
            break;
        if (!told)
            command_fault(EXIT_FAILED, "%s This is tried again.", fault);
        told = true;
    } while (!is_stopped(request, AGAIN_MS));
    return done || is_stopped(request, 0) ? EXIT_DONE : command_fault(EXIT_FAILED, "%s", fault);
}

int command_changes(int argc, char **argv) {
    if (command_wants_help(argc, argv))
        return changes_help();
    Arena *arena = arena_new();
    ChangesRequest request = {.since = NULL};
    const CommandOption options[] = {
        {"--since", .value = &request.since},         {"--resource", .value = &request.resource},
        {"--record-id", .value = &request.record_id}, {"--operation", .value = &request.operation},
        {"--follow", .flag = &request.follow},        {.name = NULL}};
    int code = EXIT_MISUSED;
    if (command_options(options, arena, &argc, argv) && command_config(&request.config, arena, argc, argv)) {
        const char *fault = changes_check(&request, arena);
        const char *conninfo = fault ? NULL : command_database(&request.config, arena);
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_BLOCK, &set, NULL);
        request.stop = signalfd(-1, &set, SFD_CLOEXEC);
        code = fault      ? command_fault(EXIT_MISUSED, "%s", fault)
               : conninfo ? changes_print(&request, arena, conninfo)
                          : EXIT_FAILED;
        close(request.stop);
    }
    arena_free(arena);
    return code;
}
