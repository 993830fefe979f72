#include "record/read.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "record/feed.h"
#include "record/footprint.h"
#include "record/merged.h"
#include "record/render_json.h"
#include "record/render_jsonld.h"
#include "record/stream.h"
#include "sql.h"

/* What a read keeps between its two functions, and what its batch in flight asks for. */
typedef struct Reading {
    enum { ASKS_RECORDS, ASKS_PARENT, ASKS_TOMBSTONE } phase;
    Selection *selection; /* of a single record */
    List *list;
} Reading;

static Reading *reading_new(Exchange *x) {
    Reading *reading = arena_calloc(x->arena, 1, sizeof *reading);
    x->state = reading;
    return reading;
}

Step refuse_parameters(Exchange *x) {
    problem_set(x, PROBLEM_BAD_REQUEST, "The query has %d %s.", x->problem.fault_count,
                x->problem.fault_count == 1 ? "fault" : "faults");
    return STEP_ANSWER;
}

/* A stream is one statement: what it must know is asked before. */
static void list_begin(Exchange *x, List *list) {
    x->batch.lane = LANE_PAGE;
    if (!list->streams)
        list_queue(list, &x->batch);
    else if (!list_ask(list, &x->batch))
        stream_queue(x, list);
}

/* Whether there is another batch to run before the answer. */
static bool list_goes_on(Exchange *x, List *list) {
    if (!list->streams)
        return list_repeats(x, list);
    if (x->stream != NULL)
        return false;
    (void)list_learn(x, list);
    batch_release(&x->batch);
    stream_queue(x, list);
    return true;
}

static Step list_start(Exchange *x, const Resource *resource, const Field *by) {
    Reading *reading = reading_new(x);
    reading->list = list_read(x, resource, by, x->ids[0]);
    if (x->problem.fault_count > 0)
        return refuse_parameters(x);
    list_begin(x, reading->list);
    return STEP_QUERY;
}

Step list_plan(Exchange *x) {
    return list_start(x, x->endpoint->resource, NULL);
}

const char *body_digest(Exchange *x) {
    uint64_t digest = hash64(x->body.data, x->body.length);
    return arena_printf(x->arena, "%016llx", (unsigned long long)digest);
}

Step answer_body(Exchange *x) {
    x->status = 200;
    x->etag = body_digest(x);
    return STEP_ANSWER;
}

/* Room for the rows as JSON, which takes about what they do in memory: a buffer that grows leaves its former bytes
 * behind in the arena. */
static Buffer body_new(Exchange *x) {
    size_t size = 1024;
    for (int i = 0; i < x->batch.count; i++)
        size += result_size(x->batch.statements[i].result);
    return buffer_new(x->arena, size + size / 8);
}

/* The page as JSON. Answers the link to the next one. */
static const char *page_render(Exchange *x, const List *list) {
    JsonWriter w = json_writer_new(&x->body);
    writer_object_begin(&w);
    const char *next = list_render(list, &w, &x->batch);
    writer_object_end(&w);
    return next;
}

/* The answer with the page that has come. */
static Step list_answer(Exchange *x) {
    Reading *reading = x->state;
    if (x->stream != NULL) {
        stream_answer(x);
        return STEP_ANSWER;
    }
    footprint_list(x, reading->list);
    x->body = body_new(x);
    exchange_link_next(x, x->format == FORMAT_ATOM ? feed_render(x, reading->list, &x->batch)
                                                   : page_render(x, reading->list));
    return answer_body(x);
}

Step list_done(Exchange *x) {
    Reading *reading = x->state;
    return list_goes_on(x, reading->list) ? STEP_QUERY : list_answer(x);
}

Step relation_plan(Exchange *x) {
    const Relation *relation = x->endpoint->detail;
    const Resource *resource = resource_find(relation->resource);
    return list_start(x, resource, field_find(resource, relation->filter, strlen(relation->filter)));
}

/* A page with nothing on it: is there such a parent at all? The answer is ready, should there be one. */
static Step parent_ask(Exchange *x) {
    Sql *sql = sql_new(x->arena);
    list_answer(x);
    batch_release(&x->batch);
    x->batch.lane = LANE_POINT;
    sql_add_all(sql, "SELECT FROM ", x->endpoint->resource->table, " t WHERE t.id = ", NULL);
    sql_param(sql, arena_integer(x->arena, x->ids[0]), NULL);
    sql_queue(sql, &x->batch);
    return STEP_QUERY;
}

/* Whether the list, which is there, holds anything. */
static bool list_found(const Exchange *x, const List *list) {
    return x->stream != NULL ? x->stream->rows > 0 : batch_rows(&x->batch, list->statement) > 0;
}

Step relation_done(Exchange *x) {
    Reading *reading = x->state;
    switch (reading->phase) {
    case ASKS_RECORDS:
        if (list_goes_on(x, reading->list))
            return STEP_QUERY;
        if (list_found(x, reading->list))
            return list_answer(x);
        reading->phase = ASKS_PARENT;
        return parent_ask(x);
    case ASKS_PARENT:
        if (batch_rows(&x->batch, 0) > 0)
            return STEP_ANSWER;
        reading->phase = ASKS_TOMBSTONE;
        return missing_ask(x);
    default:
        return missing_answer(x);
    }
}

int record_select(Exchange *x, const Resource *resource, const Selection *selection, int64_t id, Batch *batch) {
    Sql *sql = sql_new(x->arena);
    sql_add(sql, "SELECT ");
    selection_columns(selection, sql);
    sql_add_all(sql, " FROM ", resource->table, " t", NULL);
    selection_joins(selection, sql);
    sql_add(sql, " WHERE t.id");
    sql_add(sql, GATHERS_BY);
    (void)sql_bind(sql, arena_integer(x->arena, id));
    return sql_queue(sql, batch);
}

/* A single record takes no parameters but those of its representation. */
static void record_parameters(Exchange *x) {
    for (int i = 0; i < x->parameter_count; i++) {
        const char *name = x->parameters[i].name;
        bool known = strcmp(name, "include") == 0 || strcmp(name, "fields") == 0 || strcmp(name, "offsets") == 0 ||
                     strcmp(name, "count") == 0 || strcmp(name, "format") == 0;
        if (!known)
            problem_fault(x, FAULT_PARAMETER, name,
                          "is not a parameter of a single record; these are: include, fields, offsets, count, format");
        else
            (void)exchange_repeats(x, i);
    }
}

Step record_plan(Exchange *x) {
    const Resource *resource = x->endpoint->resource;
    Reading *reading = reading_new(x);
    record_parameters(x);
    reading->selection = selection_read(x, resource, true);
    if (count_read(x) && reading->selection->branch_count == 0)
        problem_fault(x, FAULT_PARAMETER, "count", "counts lists that are included, and none is");
    if (x->problem.fault_count > 0)
        return refuse_parameters(x);
    x->batch.lane = LANE_POINT;
    record_select(x, resource, reading->selection, x->ids[0], &x->batch);
    if (reading->selection->branch_count == 0)
        batch_gathers(&x->batch, x->ids[0]);
    for (int i = 0; i < reading->selection->branch_count; i++) {
        Branch *branch = &reading->selection->branches[i];
        branch->list = list_of_branch(x, resource, branch, x->ids[0]);
        list_queue(branch->list, &x->batch);
    }
    return STEP_QUERY;
}

Step record_done(Exchange *x) {
    Reading *reading = x->state;
    if (reading->phase == ASKS_TOMBSTONE)
        return missing_answer(x);
    if (batch_rows(&x->batch, 0) == 0) {
        reading->phase = ASKS_TOMBSTONE;
        return missing_ask(x);
    }
    footprint_record(x, reading->selection, x->batch.statements[0].result);
    record_answer(x, reading->selection, 200, x->batch.statements[0].result, &x->batch);
    return STEP_ANSWER;
}

int64_t record_version(const Selection *selection, const Result *rows, int row) {
    /* `version` is the last column of the record itself. */
    return result_integer(rows, row, selection->nodes[0].field_count - 1);
}

void record_answer(Exchange *x, const Selection *selection, int status, const Result *rows, const Batch *branches) {
    x->body = buffer_new(x->arena, 8000); /* with the rest of most requests, what an arena's first block holds */
    bool linked = x->format == FORMAT_JSONLD;
    JsonWriter w = json_writer_new(&x->body);
    if (linked)
        jsonld_render(&x->body, selection, rows, 0, branches, x->base);
    else
        selection_render(selection, &w, rows, 0, branches);
    bool bare = selection->bare && !linked;
    long long version = record_version(selection, rows, 0);
    x->status = status;
    x->etag = bare ? arena_integer(x->arena, version) : arena_printf(x->arena, "%lld-%s", version, body_digest(x));
}

static void address_header(Exchange *x, const char *header, const Resource *resource, int64_t id) {
    exchange_header(x, header,
                    arena_printf(x->arena, "%s/%s/%lld", x->service->public_url, resource->name, (long long)id));
}

void record_location(Exchange *x, const Resource *resource, int64_t id) {
    address_header(x, "Location", resource, id);
}

void record_content_location(Exchange *x, const Resource *resource, int64_t id) {
    address_header(x, "Content-Location", resource, id);
}

enum { DELETED_STATEMENT, MERGED_STATEMENT };

Step missing_ask(Exchange *x) {
    const char **params = arena_alloc(x->arena, 2 * sizeof *params);
    params[0] = x->endpoint->resource->name;
    params[1] = arena_integer(x->arena, x->ids[0]);
    batch_release(&x->batch);
    x->batch.lane = LANE_POINT;
    x->batch.write = false;
    batch_add(&x->batch, SQL_RECORD_DELETED, 2, params);
    if (x->endpoint->resource->merges != NULL)
        merged_ask(x, x->endpoint->resource, x->ids[0]);
    return STEP_QUERY;
}

bool missing_is_merged(const Exchange *x) {
    return x->endpoint->resource->merges != NULL && batch_rows(&x->batch, MERGED_STATEMENT) > 0;
}

Step missing_answer(Exchange *x) {
    const Resource *resource = x->endpoint->resource;
    long long id = x->ids[0];
    x->status = 0;
    x->etag = NULL;
    x->header_count = 0;
    x->stream = NULL;
    x->body.length = 0;
    if (missing_is_merged(x))
        merged_answer(x, result_integer(x->batch.statements[MERGED_STATEMENT].result, 0, 0));
    else if (batch_rows(&x->batch, DELETED_STATEMENT) > 0)
        problem_set(x, PROBLEM_GONE, "%s %lld was deleted.", resource->title, id);
    else
        problem_set(x, PROBLEM_NOT_FOUND, "There is no %s %lld.", resource->singular, id);
    return STEP_ANSWER;
}
