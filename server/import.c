#include "import.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/moment.h"
#include "commands.h"
#include "db/array.h"
#include "sql.h"

enum {
    BLOCK = 256 * 1024,
    TERMINAL_US = 200 * 1000, /* between two looks at how far it is */
    LINES_US = 10 * 1000000,
    BAR_WIDTH = 24,
    PROBLEMS_MAX = 1000, /* printed; the others are counted */
    FINGERPRINT_TEXT = 2 * SHA256_SIZE + 1
};

const ImportFormat import_formats[] = {
    {"onrecord", NULL}, {"gdelt", gdelt_read}, {"quotebank", quotebank_read}, {NULL, NULL}};

/* ---- what is said ---- */

/* Takes the line of progress away, so that something else can be printed. */
static void show_clear(Import *import) {
    if (import->shown && import->terminal)
        fputs("\r\033[K", stderr);
    import->shown = false;
}

/* "[######..................] 25 %", on a terminal with the bar. */
static void show_share(const Import *import) {
    int share = (int)(import->read * 100 / import->size);
    char bar[BAR_WIDTH + 1] = "";
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < share * BAR_WIDTH / 100 ? '#' : '.';
    if (import->terminal)
        fprintf(stderr, " [%s] %d %%", bar, share);
    else
        fprintf(stderr, ", %d %%", share);
}

void import_show(Import *import, int64_t lines, bool last) {
    int64_t now = clock_monotonic_us();
    if (!last && now - import->shown_us < (import->terminal ? TERMINAL_US : LINES_US))
        return;
    double seconds = (double)(now - import->began_us) / 1e6;
    double rate = seconds > 0 ? (double)lines / seconds : 0;
    int64_t done = import->read - import->read_first;
    int64_t left = import->size - import->read;
    import->shown_us = now;
    show_clear(import);
    fprintf(stderr, "%lld lines, %.0f a second", (long long)lines, rate);
    if (import->size > 0)
        show_share(import);
    if (import->size > 0 && left > 0 && done > 0) {
        long long eta = (long long)(seconds * (double)left / (double)done);
        fprintf(stderr, ", %lld:%02lld:%02lld left", eta / 3600, eta / 60 % 60, eta % 60);
    }
    if (!import->terminal || last)
        fputc('\n', stderr);
    import->shown = !last;
}

void import_problem(Import *import, int64_t line, const char *format, ...) {
    if (import->told++ >= PROBLEMS_MAX)
        return;
    show_clear(import);
    fprintf(stderr, "line %lld: ", (long long)line);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

void import_tell(void *owner, const BulkLine *line) {
    Import *import = owner;
    if (line->fate != FATE_FAILED)
        return;
    const Problem *problem = &line->x->problem;
    Buffer text = buffer_new(line->x->arena, 256);
    buffer_add_string(&text, problem->detail);
    for (const Fault *fault = problem->faults; fault != NULL; fault = fault->next)
        buffer_printf(&text, " %s %s.", fault->where, fault->detail);
    import_problem(import, line->number, "%s", text.data);
}

bool import_goes_on(Import *import, const Bulk *bulk) {
    const Problem *problem = bulk_stopped(bulk);
    if (problem == NULL)
        return true;
    show_clear(import);
    if (problem->kind != PROBLEM_OUTCOME_UNKNOWN || import->size < 0) {
        import->stopped = true;
        command_fault(EXIT_FAILED, "%s The same command goes on from there.", problem->detail);
    }
    return false;
}

/* ---- where the file stands ---- */

void import_note(const Import *import, Batch *batch, int64_t lines, int64_t bytes, const char *beyond, bool finished) {
    enum { PARAMS = 5 };
    const char **params = arena_alloc(batch->arena, PARAMS * sizeof *params);
    params[0] = arena_integer(batch->arena, import->id);
    params[1] = arena_integer(batch->arena, lines);
    params[2] = arena_integer(batch->arena, bytes);
    params[3] = beyond;
    params[4] = finished ? "true" : "false";
    batch_add(batch, SQL_IMPORT_PROGRESS, PARAMS, params);
}

static void accompany(void *owner, Batch *batch) {
    Import *import = owner;
    int64_t lines;
    int64_t bytes;
    const char *beyond = bulk_settled(import->bulk, batch->arena, &lines, &bytes);
    import_note(import, batch, lines, bytes, beyond, false);
}

static bool passes_over(void *owner, int64_t number) {
    const Import *import = owner;
    return bulk_is_beyond(import->beyond, import->beyond_count, number);
}

/* The same for the same bytes that are made the same of. False with a message. */
static bool fingerprint(const Import *import, char text[FINGERPRINT_TEXT]) {
    char *block = arena_alloc(import->arena, BLOCK);
    uint8_t digest[SHA256_SIZE];
    const char *how = arena_printf(import->arena, "%s %s", import->format->name,
                                   import->resource != NULL ? import->resource->name : "");
    Sha256 *sum = sha256_begin();
    ssize_t got;
    sha256_add(sum, how, strlen(how) + 1);
    for (int64_t at = 0; (got = pread(import->fd, block, BLOCK, at)) > 0; at += got)
        sha256_add(sum, block, (size_t)got);
    sha256_end(sum, digest);
    if (got < 0)
        command_fault(EXIT_FAILED, "%s cannot be read: %s.", import->name, strerror(errno));
    hex_encode(digest, SHA256_SIZE, text);
    return got == 0;
}

static bool begin(Import *import, bool *known) {
    enum { PARAMS = 3 };
    char mark[FINGERPRINT_TEXT];
    Batch batch;
    if (!fingerprint(import, mark))
        return false;
    const char *params[PARAMS] = {mark, import->name, import->again ? "true" : "false"};
    batch_init(&batch, import->arena, LANE_BULK, drive_complete, import->drive);
    batch_add(&batch, SQL_IMPORT_BEGIN, PARAMS, params);
    batch.write = true;
    drive_run(import->drive, &batch);
    if (batch.outcome != BATCH_DONE) {
        command_fault(EXIT_FAILED, "the database does not answer, or is not migrated.");
        return false;
    }
    const Result *row = batch.statements[0].result;
    import->id = result_integer(row, 0, 0);
    import->lines = result_integer(row, 0, 1);
    import->bytes = result_integer(row, 0, 2);
    import->beyond_count = array_elements(import->arena, result_value(row, 0, 3), &import->beyond);
    *known = result_value(row, 0, 4) != NULL;
    batch_release(&batch);
    import->again = false; /* should it have to begin anew, it goes on */
    return true;
}

static bool finish(const Import *import) {
    Batch batch;
    batch_init(&batch, import->arena, LANE_BULK, drive_complete, import->drive);
    batch.write = true;
    import_note(import, &batch, import->lines, import->size, "{}", true);
    drive_run(import->drive, &batch);
    bool done = batch.outcome == BATCH_DONE;
    batch_release(&batch);
    return done;
}

/* ---- our own records ---- */

BulkPlan import_plan(Import *import, const Resource *resource) {
    return (BulkPlan){.resource = resource,
                      .service = &import->service,
                      .on_conflict = import->on_conflict,
                      .line_max = import->line_max,
                      .actor = import->actor,
                      .reason = import->reason,
                      .owner = import,
                      .tell = import_tell,
                      .complete = drive_complete,
                      .batch_owner = import->drive};
}

void import_counts(BulkCounts *to, const Bulk *bulk) {
    const BulkCounts *counts = bulk_counts(bulk);
    to->lines += counts->lines;
    for (int fate = 0; fate < FATE_COUNT; fate++)
        to->fates[fate] += counts->fates[fate];
}

static bool block_settle(Import *import, const char *data, size_t size) {
    while (size > 0) {
        size_t taken = bulk_take(import->bulk, data, size);
        data += taken;
        size -= taken;
        if (bulk_is_full(import->bulk))
            drive_bulk(import->drive, import->bulk);
        if (!import_goes_on(import, import->bulk))
            return false;
        import_show(import, bulk_counts(import->bulk)->lines, false);
    }
    return true;
}

static bool import_records(Import *import) {
    char *block = arena_alloc(import->arena, BLOCK);
    BulkPlan plan = import_plan(import, import->resource);
    plan.accompany = import->size >= 0 ? accompany : NULL;
    plan.passes_over = passes_over;
    import->bulk = bulk_new(&plan, import->lines, import->bytes);
    bool goes_on = true;
    ssize_t got;
    while (goes_on && (got = read(import->fd, block, BLOCK)) > 0) {
        import->read += got;
        goes_on = block_settle(import, block, (size_t)got);
    }
    if (goes_on && got < 0) {
        command_fault(EXIT_FAILED, "%s cannot be read: %s.", import->name, strerror(errno));
        import->stopped = true;
        goes_on = false;
    }
    if (goes_on) {
        bulk_end(import->bulk);
        drive_bulk(import->drive, import->bulk);
        goes_on = import_goes_on(import, import->bulk);
    }
    import_counts(&import->counts, import->bulk);
    if (goes_on)
        import->lines = bulk_number(import->bulk);
    bulk_free(import->bulk);
    return goes_on;
}

ImportEnd import_run(Import *import) {
    bool known = false;
    if (import->size >= 0 && !begin(import, &known))
        return IMPORT_STOPPED;
    if (known)
        return IMPORT_KNOWN;
    if (import->size >= 0 && lseek(import->fd, import->bytes, SEEK_SET) < 0)
        return IMPORT_STOPPED;
    import->began_us = import->shown_us = clock_monotonic_us();
    import->read = import->read_first = import->bytes;
    bool done = import->format->read != NULL ? import_foreign(import) : import_records(import);
    if (!done)
        return import->size >= 0 && !import->stopped ? IMPORT_AGAIN : IMPORT_STOPPED;
    import_show(import, import->counts.lines, true);
    return import->size < 0 || finish(import) ? IMPORT_DONE : IMPORT_STOPPED;
}
