/* import_foreign.c: lines of a foreign format, some at a time: who their speakers are, then their articles, then their
 * quotes. Every record is known by its own key, so that whatever is written twice is there once. */
#include "import.h"

#include <string.h>
#include <unistd.h>

#include "db/array.h"
#include "record/lines.h"
#include "record/payload.h"
#include "record/word_set.h"
#include "resources/resources.h"
#include "sql.h"

enum { BLOCK = 256 * 1024, GROUP_LINES = 200, GROUP_QUOTES = 1000, GROUP_BYTES = 1024 * 1024 };

/* The lines that are settled together. */
typedef struct Group {
    Import *import;
    Arena *arena;
    Lines lines;
    Bulk *articles;
    Bulk *speakers;
    Bulk *quotes;
    int count;
    int quote_count;
    size_t bytes;
    int64_t end; /* of the last line that was read, and its number */
    int64_t number;
    Foreign items[GROUP_LINES];
    int64_t numbers[GROUP_LINES];
    int64_t *ids; /* of speakers, while those are made */
} Group;

/* ---- speakers ---- */

typedef struct Named {
    WordSet keys; /* pages, or names */
    const char **names;
    const char **pages;
    int64_t *ids; /* 0: nobody knows */
} Named;

static const char *key_of(const ForeignQuote *quote) {
    return quote->page != NULL ? quote->page : quote->speaker;
}

/* Those of the group whose page is known, or those whose is not. */
static Named named_gather(Group *group, bool paged) {
    Named named = {.keys = word_set_new(group->arena)};
    size_t most = (size_t)group->quote_count + 1;
    named.names = arena_calloc(group->arena, most, sizeof *named.names);
    named.pages = arena_calloc(group->arena, most, sizeof *named.pages);
    named.ids = arena_calloc(group->arena, most, sizeof *named.ids);
    for (int i = 0; i < group->count; i++) {
        for (int q = 0; q < group->items[i].quote_count; q++) {
            const ForeignQuote *quote = &group->items[i].quotes[q];
            if (quote->speaker == NULL || (quote->page != NULL) != paged)
                continue;
            int n = word_set_add(&named.keys, key_of(quote));
            named.names[n] = quote->speaker;
            named.pages[n] = quote->page;
        }
    }
    return named;
}

static void speaker_made(void *owner, const BulkLine *line) {
    Group *group = owner;
    import_tell(group->import, line);
    group->ids[line->number - 1] = line->id;
}

static json_t *speaker_record(const Named *named, int n) {
    if (named->pages[n] == NULL)
        return json_pack("{s:s}", "name", named->names[n]);
    const char *item = strrchr(named->pages[n], '/') + 1;
    json_t *record = json_pack("{s:s, s:[s]}", "name", named->names[n], "same_as", named->pages[n]);
    json_object_set_new(record, "external_id", json_sprintf("wikidata:%s", item));
    return record;
}

/* Runs a bulk's chunk. */
static bool settle(Group *group, Bulk *bulk) {
    drive_bulk(group->import->drive, bulk);
    return import_goes_on(group->import, bulk);
}

static bool asks(Group *group, Batch *batch) {
    drive_run(group->import->drive, batch);
    return batch->outcome == BATCH_DONE;
}

/* Finds out who they are, and makes those that are new. */
static bool named_find(Group *group, Named *named) {
    Batch batch;
    const char *params[2];
    bool goes_on = true;
    if (named->keys.count == 0)
        return true;
    params[0] = array_literal(group->arena, named->names, named->keys.count);
    params[1] = array_literal(group->arena, named->pages, named->keys.count);
    batch_init(&batch, group->arena, LANE_BULK, drive_complete, group->import->drive);
    batch_add(&batch, SQL_IMPORT_SPEAKERS, 2, params);
    if (!asks(group, &batch))
        return false;
    group->ids = named->ids;
    const Result *rows = batch.statements[0].result;
    for (int row = 0; goes_on && row < result_rows(rows); row++) {
        int n = (int)result_integer(rows, row, 0) - 1;
        named->ids[n] = result_integer(rows, row, 1);
        if (result_value(rows, row, 1) == NULL)
            bulk_add(group->speakers, n + 1, speaker_record(named, n));
        if (bulk_is_full(group->speakers))
            goes_on = settle(group, group->speakers);
    }
    batch_release(&batch);
    return goes_on && settle(group, group->speakers);
}

static void named_set(Group *group, const Named *named) {
    for (int i = 0; i < group->count; i++) {
        for (int q = 0; q < group->items[i].quote_count; q++) {
            const ForeignQuote *quote = &group->items[i].quotes[q];
            int n = quote->speaker != NULL ? word_set_find(&named->keys, key_of(quote)) : -1;
            if (n >= 0 && named->ids[n] != 0)
                json_object_set_new(quote->record, "speaker_id", json_integer(named->ids[n]));
        }
    }
}

static bool speakers_settle(Group *group) {
    for (int paged = 1; paged >= 0; paged--) {
        Named named = named_gather(group, paged == 1);
        if (!named_find(group, &named))
            return false;
        named_set(group, &named);
    }
    return true;
}

/* ---- articles and quotes ---- */

static bool articles_settle(Group *group) {
    for (int i = 0; i < group->count; i++)
        bulk_add(group->articles, group->numbers[i], json_incref(group->items[i].article));
    return settle(group, group->articles);
}

static bool quotes_settle(Group *group) {
    for (int i = 0; i < group->count; i++) {
        for (int q = 0; q < group->items[i].quote_count; q++) {
            bulk_add(group->quotes, group->numbers[i], json_incref(group->items[i].quotes[q].record));
            if (bulk_is_full(group->quotes) && !settle(group, group->quotes))
                return false;
        }
    }
    return settle(group, group->quotes);
}

static bool progress_settle(Group *group) {
    Batch batch;
    if (group->import->size < 0)
        return true;
    batch_init(&batch, group->arena, LANE_BULK, drive_complete, group->import->drive);
    batch.write = true;
    import_note(group->import, &batch, group->number, group->end, "{}", false);
    bool done = asks(group, &batch);
    batch_release(&batch);
    return done;
}

static void group_empty(Group *group) {
    for (int i = 0; i < group->count; i++)
        foreign_release(&group->items[i]);
    arena_reset(group->arena);
    group->count = group->quote_count = 0;
    group->bytes = 0;
}

static bool group_settle(Group *group) {
    bool done = group->count == 0 ||
                (speakers_settle(group) && articles_settle(group) && quotes_settle(group) && progress_settle(group));
    group_empty(group);
    import_show(group->import, group->lines.number, false);
    return done;
}

/* ---- lines ---- */

static void line_read(Group *group, const Line *line) {
    Import *import = group->import;
    const char *fault = NULL;
    group->number = line->number;
    group->end = line->end;
    if (line_is_blank(line))
        return;
    group->bytes += line->length;
    json_t *json = line->too_long ? NULL : payload_parse_line(group->arena, line->text, line->length, &fault);
    Foreign foreign = {.fault = line->too_long ? "The line is too long." : fault};
    if (json_is_object(json))
        foreign = import->format->read(group->arena, json, import->status);
    else if (json != NULL)
        foreign.fault = "The line must be a JSON object.";
    json_decref(json);
    if (foreign.fault != NULL) {
        import->faults++;
        import_problem(import, line->number, "%s", foreign.fault);
        return;
    }
    group->numbers[group->count] = line->number;
    group->items[group->count++] = foreign;
    group->quote_count += foreign.quote_count;
}

static bool group_is_full(const Group *group) {
    return group->count == GROUP_LINES || group->quote_count >= GROUP_QUOTES || group->bytes >= GROUP_BYTES;
}

static bool block_read(Group *group, const char *data, size_t size) {
    for (size_t at = 0; at < size;) {
        Line line;
        at += lines_take(&group->lines, data + at, size - at, &line);
        if (line.text != NULL)
            line_read(group, &line);
        if (group_is_full(group) && !group_settle(group))
            return false;
    }
    return true;
}

static bool file_read(Group *group) {
    Import *import = group->import;
    char *block = arena_alloc(import->arena, BLOCK);
    Line line;
    ssize_t got;
    while ((got = read(import->fd, block, BLOCK)) > 0) {
        import->read += got;
        if (!block_read(group, block, (size_t)got))
            return false;
    }
    lines_end(&group->lines, &line);
    if (line.text != NULL)
        line_read(group, &line);
    return got == 0 && group_settle(group);
}

bool import_foreign(Import *import) {
    Group *group = arena_calloc(import->arena, 1, sizeof *group);
    BulkPlan plan = import_plan(import, &article_resource);
    group->import = import;
    group->arena = arena_new();
    group->lines = lines_new(import->line_max, import->lines, import->bytes);
    plan.on_conflict = ON_CONFLICT_SKIP;
    group->articles = bulk_new(&plan, 0, 0);
    plan.resource = &quote_resource;
    group->quotes = bulk_new(&plan, 0, 0);
    plan.resource = &speaker_resource;
    plan.owner = group;
    plan.tell = speaker_made;
    group->speakers = bulk_new(&plan, 0, 0);
    bool done = file_read(group);
    if (done)
        import->lines = group->lines.number;
    import_counts(&import->articles, group->articles);
    import_counts(&import->speakers, group->speakers);
    import_counts(&import->counts, group->quotes);
    group_empty(group);
    bulk_free(group->articles);
    bulk_free(group->speakers);
    bulk_free(group->quotes);
    lines_release(&group->lines);
    arena_free(group->arena);
    return done;
}
