#include "record/tail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/moment.h"
#include "record/field.h"
#include "record/list.h"
#include "sql.h"

enum { POSITION_SIZE = 8, TOKEN_SIZE = EPOCH_SIZE + POSITION_SIZE };

const char *const change_operations[] = {"insert", "update", "delete", "purge", NULL};

/* ---- places ---- */

const char *token_encode(Arena *arena, const LogMark *mark) {
    uint8_t bytes[TOKEN_SIZE];
    memcpy(bytes, mark->epoch, EPOCH_SIZE);
    for (int i = 0; i < POSITION_SIZE; i++)
        bytes[EPOCH_SIZE + i] = (uint8_t)((uint64_t)mark->pos >> (8 * (POSITION_SIZE - 1 - i)));
    return base64url_encode(arena, bytes, sizeof bytes);
}

bool token_decode(Arena *arena, const char *token, LogMark *mark) {
    size_t size = 0;
    size_t length = strlen(token);
    const uint8_t *bytes = length == TOKEN_TEXT - 1 ? base64url_decode(arena, token, length, &size) : NULL;
    if (bytes == NULL || size != TOKEN_SIZE || bytes[EPOCH_SIZE] >= 0x7f)
        return false;
    uint64_t position = 0;
    for (int i = 0; i < POSITION_SIZE; i++)
        position = position << 8 | bytes[EPOCH_SIZE + i];
    memcpy(mark->epoch, bytes, EPOCH_SIZE);
    mark->pos = (int64_t)position;
    return true;
}

/* ---- what is wanted ---- */

unsigned change_resource_bit(const char *resource) {
    int number = resource_number(resource, strlen(resource));
    return number < 0 ? 0 : 1U << number;
}

unsigned change_operation_bit(const char *operation) {
    for (int i = 0; change_operations[i] != NULL; i++)
        if (strcmp(change_operations[i], operation) == 0)
            return 1U << i;
    return 0;
}

bool change_wanted(const ChangeFilter *filter, unsigned resource, unsigned operation, int64_t record_id) {
    return (filter->resources == 0 || (filter->resources & resource) != 0) &&
           (filter->operations == 0 || (filter->operations & operation) != 0) &&
           (filter->record_id == 0 || filter->record_id == record_id);
}

/* ---- a change as text ---- */

void change_render(JsonWriter *w, const uint8_t *epoch, const Change *change) {
    char moment[MOMENT_TEXT];
    LogMark mark = {.pos = change->pos};
    memcpy(mark.epoch, epoch, EPOCH_SIZE);
    writer_object_begin(w);
    writer_key(w, "token");
    writer_string(w, token_encode(w->out->arena, &mark));
    writer_key(w, "resource");
    writer_string(w, change->resource);
    writer_key(w, "record_id");
    writer_int(w, change->record_id);
    writer_key(w, "operation");
    writer_string(w, change->operation);
    writer_key(w, "version");
    writer_int(w, change->version);
    writer_key(w, "changed_at");
    writer_string_n(w, moment, timestamp_from_pg(change->changed_at, moment));
    writer_key(w, "changed_by");
    if (change->changed_by != 0)
        writer_int(w, change->changed_by);
    else
        writer_null(w);
    writer_object_end(w);
}

void change_write(Format format, Buffer *out, const uint8_t *epoch, const Change *change) {
    JsonWriter w = json_writer_new(out);
    if (format == FORMAT_EVENTS) {
        LogMark mark = {.pos = change->pos};
        memcpy(mark.epoch, epoch, EPOCH_SIZE);
        buffer_printf(out, "id: %s\nevent: %s\ndata: ", token_encode(out->arena, &mark), change->operation);
    }
    change_render(&w, epoch, change);
    buffer_add_string(out, format == FORMAT_EVENTS ? "\n\n" : "\n");
}

/* ---- the request ---- */

static const char *const tail_parameters[] = {"since",        "resource", "resource.in", "record_id", "operation",
                                              "operation.in", "limit",    "format",      NULL};

static void names_read(Exchange *x) {
    for (int i = 0; i < x->parameter_count; i++) {
        const char *name = x->parameters[i].name;
        if (!name_is_one_of(tail_parameters, name))
            problem_fault(x, FAULT_PARAMETER, name,
                          "is not a parameter of the change feed; these are: since, resource, resource.in, record_id, "
                          "operation, operation.in, limit, format");
        else
            (void)exchange_repeats(x, i);
    }
}

/* A browser that connects anew says where it was; the address still says where it began. */
static void since_read(Exchange *x, Tail *tail) {
    const char *since = exchange_parameter(x, "since");
    const char *event = x->format == FORMAT_EVENTS ? x->last_event_id : NULL;
    tail->mark.pos = LOG_OLDEST;
    if (event != NULL && !token_decode(x->arena, event, &tail->mark))
        problem_fault(x, FAULT_HEADER, "Last-Event-ID", "is not a token of this service; send the `id` of an event");
    if (since == NULL)
        return;
    LogMark mark = {.pos = LOG_NOW};
    if (strcmp(since, "now") != 0 && !token_decode(x->arena, since, &mark))
        problem_fault(x, FAULT_PARAMETER, "since",
                      "is not a token of this service; take it from an answer as it is, or say now");
    if (event == NULL)
        tail->mark = mark;
}

/* The set that `name` or `name`.in gives: `bit` knows its members. */
static unsigned set_read(Exchange *x, const char *name, unsigned (*bit)(const char *), const char *allowed) {
    const char *both[] = {name, arena_printf(x->arena, "%s.in", name)};
    unsigned sets[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        const char *value = exchange_parameter(x, both[i]);
        for (const char *item = value; item != NULL;) {
            size_t length = i == 1 ? strcspn(item, ",") : strlen(item);
            unsigned found = bit(arena_strndup(x->arena, item, length));
            if (found == 0) {
                problem_fault(x, FAULT_PARAMETER, both[i], "must be %s%s",
                              i == 1 ? "among, with commas: " : "one of: ", allowed);
                break;
            }
            sets[i] |= found;
            item = item[length] == ',' ? item + length + 1 : NULL;
        }
    }
    if (sets[0] != 0 && sets[1] != 0)
        problem_fault(x, FAULT_PARAMETER, both[1], "goes without %s", name);
    return sets[0] | sets[1];
}

/* A whole number from 1 to `most`; 0: it is none. */
static int64_t number_read(const char *text, int64_t most) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 16 || text[digits] != '\0' || text[0] == '0')
        return 0;
    int64_t number = strtoll(text, NULL, 10);
    return number <= most ? number : 0;
}

static void record_read(Exchange *x, Tail *tail) {
    const char *text = exchange_parameter(x, "record_id");
    unsigned resources = tail->filter.resources;
    if (text == NULL)
        return;
    tail->filter.record_id = number_read(text, INT64_C(9007199254740991));
    if (tail->filter.record_id == 0)
        problem_fault(x, FAULT_PARAMETER, "record_id", "must be an id");
    if (exchange_parameter(x, "resource") == NULL && (resources == 0 || (resources & (resources - 1)) != 0))
        problem_fault(x, FAULT_PARAMETER, "record_id", "needs `resource`, which says whose id it is");
}

static void limit_read(Exchange *x, Tail *tail) {
    const char *text = exchange_parameter(x, "limit");
    tail->limit = x->format == FORMAT_JSON ? LIST_LIMIT_DEFAULT : TAIL_PAGE;
    if (text == NULL)
        return;
    if (x->format != FORMAT_JSON)
        problem_fault(x, FAULT_PARAMETER, "limit", "is for pages, which %s has not",
                      representation_of(x->format)->media_types[0]);
    tail->limit = (int)number_read(text, LIST_LIMIT_MAX);
    if (tail->limit == 0)
        problem_fault(x, FAULT_PARAMETER, "limit", "must be a whole number from 1 to %d", LIST_LIMIT_MAX);
}

static const char *resource_names(Arena *arena) {
    int count;
    const Resource *const *resources = resources_all(&count);
    Buffer names = buffer_new(arena, 64);
    for (int i = 0; i < count; i++)
        buffer_printf(&names, "%s%s", i > 0 ? ", " : "", resources[i]->name);
    return names.data;
}

/* `{quotes,articles}` of a set; NULL where it is any. */
static const char *set_text(Arena *arena, unsigned set, const char *(*name)(int)) {
    Buffer text = buffer_new(arena, 64);
    for (int i = 0; set >> i != 0; i++)
        if ((set >> i & 1) != 0)
            buffer_printf(&text, "%c%s", text.length > 0 ? ',' : '{', name(i));
    buffer_add_char(&text, '}');
    return set != 0 ? text.data : NULL;
}

static const char *resource_name(int index) {
    int count;
    return resources_all(&count)[index]->name;
}

static const char *operation_name(int index) {
    return change_operations[index];
}

Tail *tail_read(Exchange *x) {
    Tail *tail = arena_calloc(x->arena, 1, sizeof *tail);
    tail->format = x->format;
    names_read(x);
    since_read(x, tail);
    tail->filter.resources = set_read(x, "resource", change_resource_bit, resource_names(x->arena));
    tail->filter.operations = set_read(x, "operation", change_operation_bit, "insert, update, delete, purge");
    record_read(x, tail);
    limit_read(x, tail);
    tail->params[PAGE_RESOURCES] = set_text(x->arena, tail->filter.resources, resource_name);
    tail->params[PAGE_OPERATIONS] = set_text(x->arena, tail->filter.operations, operation_name);
    if (tail->filter.record_id != 0)
        tail->params[PAGE_RECORD] = arena_integer(x->arena, tail->filter.record_id);
    tail->params[PAGE_LIMIT] = arena_integer(x->arena, tail->limit);
    return tail;
}

/* ---- pages ---- */

void tail_queue(Tail *tail, Batch *batch) {
    snprintf(tail->position, sizeof tail->position, "%lld", (long long)tail->mark.pos);
    tail->params[PAGE_POSITION] = tail->mark.pos == LOG_OLDEST ? NULL : tail->position;
    batch->lane = LANE_PAGE;
    batch_add(batch, SQL_CHANGES_PAGE, PAGE_PARAMS, tail->params);
}

void tail_take(Tail *tail, const Batch *batch) {
    tail->end = page_end(batch->statements[0].result, tail->limit, &tail->mark);
}

void tail_write(const Tail *tail, const Batch *batch, Buffer *out) {
    const Result *page = batch->statements[0].result;
    Change change;
    for (int row = 0; row < result_rows(page); row++)
        if (page_change(page, row, &change))
            change_write(tail->format, out, tail->mark.epoch, &change);
}
