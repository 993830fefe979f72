/* record/render_json, list_render and problem_render: rows and problems as JSON. */
#include "record_result.h"

#include <jansson.h>

#include "base/json_writer.h"
#include "record/cursor.h"
#include "record/list.h"
#include "record/read.h"
#include "record/render_csv.h"
#include "record/render_json.h"
#include "record/stream.h"

static const char *rendered(Exchange *x, const Selection *selection, const char *const *row) {
    Result *rows = result_new(x->arena, selection->columns, 1, row);
    Buffer out = buffer_new(x->arena, 0);
    JsonWriter w = json_writer_new(&out);
    selection_render(selection, &w, rows, 0, NULL);
    rows_release(rows);
    return out.data;
}

static void test_embedded_records(void **state) {
    Exchange *x = *state;
    query_set(x, "fields=id,speaker.name,article.source.name,event.id");
    Selection *s = selection_read(x, &quote_resource, false);
    const char **row = row_new(x, s);
    cell_set(row, s, 0, "id", "1");
    cell_set(row, s, 1, "id", "2");
    cell_set(row, s, 1, "name", "Ann \"A\"");
    cell_set(row, s, 2, "id", "3");
    cell_set(row, s, 3, "id", "4");
    cell_set(row, s, 3, "name", "Gazette");
    assert_string_equal(
        rendered(x, s, row),
        "{\"id\":1,\"speaker\":{\"name\":\"Ann \\\"A\\\"\"},\"article\":{\"source\":{\"name\":\"Gazette\"}},"
        "\"event\":null}");
    row[s->nodes[3].column] = NULL; /* the article has no source */
    assert_non_null(strstr(rendered(x, s, row), "\"article\":{\"source\":null}"));
    row[s->nodes[2].column] = NULL; /* and now there is none: what would stand behind it does not */
    assert_non_null(strstr(rendered(x, s, row), "\"article\":null,"));
}

static void test_every_field_of_every_resource(void **state) {
    Exchange *x = *state;
    int count;
    const Resource *const *all = resources_all(&count);
    for (int r = 0; r < count; r++) {
        Selection *s = selection_plain(x->arena, all[r], false);
        json_t *json = json_loads(rendered(x, s, row_new(x, s)), JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        assert_int_equal(json_object_size(json), s->columns);
        json_decref(json);
    }
}

static const char *csv_of(Exchange *x, const char *text) {
    Buffer out = buffer_new(x->arena, 0);
    csv_value(&out, text, strlen(text));
    return out.data;
}

static void test_csv_values(void **state) {
    Exchange *x = *state;
    assert_string_equal(csv_of(x, "plain; text"), "plain; text");
    assert_string_equal(csv_of(x, " spaces "), " spaces ");
    assert_string_equal(csv_of(x, ""), "\"\"");
    assert_string_equal(csv_of(x, "a,b"), "\"a,b\"");
    assert_string_equal(csv_of(x, "a\nb"), "\"a\nb\"");
    assert_string_equal(csv_of(x, "a\rb"), "\"a\rb\"");
    assert_string_equal(csv_of(x, "\""), "\"\"\"\"");
    assert_string_equal(csv_of(x, "say \"a\", \"b\""), "\"say \"\"a\"\", \"\"b\"\"\"");
    assert_string_equal(csv_of(x, "“ک” 👍"), "“ک” 👍");
}

/* One row as a stream has it, in the format that the query names; behind its head. */
static const char *streamed(Exchange *x, Format format, const Selection *s, const char *const *row) {
    Stream stream = {.selection = s, .format = format, .csv = csv_new(x->arena, s)};
    Result *rows = result_new(x->arena, s->columns, 1, row);
    Buffer out = buffer_new(x->arena, 0);
    stream_head(&stream, &out);
    stream_row(&stream, &out, rows, 0);
    assert_int_equal(stream.rows, 1);
    rows_release(rows);
    return out.data;
}

static void test_rows_of_streams(void **state) {
    Exchange *x = *state;
    query_set(x, "fields=id,text,spans,about_ids,extra,published_at,confidence,speaker.name,article.source.name");
    Selection *s = selection_read(x, &quote_resource, false);
    const char **row = row_new(x, s);
    cell_set(row, s, 0, "id", "1");
    cell_set(row, s, 0, "text", "");
    cell_set(row, s, 0, "spans", "{1,3}");
    cell_set(row, s, 0, "about_ids", "{}");
    cell_set(row, s, 0, "extra", "{\"a\": \"b, c\"}");
    cell_set(row, s, 0, "published_at", "2025-05-15 08:00:00+00");
    cell_set(row, s, 1, "id", "2");
    cell_set(row, s, 1, "name", "Ann \"A\"");
    assert_string_equal(
        streamed(x, FORMAT_CSV, s, row),
        "id,text,spans,about_ids,confidence,published_at,extra,speaker.name,article.source.name\r\n"
        "1,\"\",\"[{\"\"start\"\":1,\"\"end\"\":3}]\",[],,2025-05-15T08:00:00.000000Z,\"{\"\"a\"\":\"\"b, c\"\"}\","
        "\"Ann \"\"A\"\"\",\r\n");
    assert_string_equal(streamed(x, FORMAT_NDJSON, s, row),
                        "{\"id\":1,\"text\":\"\",\"spans\":[{\"start\":1,\"end\":3}],\"about_ids\":[],"
                        "\"confidence\":null,\"published_at\":\"2025-05-15T08:00:00.000000Z\","
                        "\"extra\":{\"a\":\"b, c\"},\"speaker\":{\"name\":\"Ann \\\"A\\\"\"},\"article\":null}\n");
    query_set(x, "fields=spans&offsets=utf16");
    s = selection_read(x, &quote_resource, false);
    row = row_new(x, s);
    cell_set(row, s, 0, "spans", "{1,3}");
    row[s->nodes[0].body_column] = "a👍bc👍d";
    assert_string_equal(streamed(x, FORMAT_CSV, s, row), "spans\r\n\"[{\"\"start\"\":1,\"\"end\"\":4}]\"\r\n");
}

static void test_spans_in_utf16(void **state) {
    Exchange *x = *state;
    query_set(x, "fields=spans&offsets=utf16");
    Selection *s = selection_read(x, &quote_resource, false);
    const char **row = row_new(x, s);
    cell_set(row, s, 0, "spans", "{1,3,4,6}");
    row[s->nodes[0].body_column] = "a👍bc👍d";
    assert_string_equal(rendered(x, s, row), "{\"spans\":[{\"start\":1,\"end\":4},{\"start\":5,\"end\":8}]}");
    cell_set(row, s, 0, "spans", "{}");
    assert_string_equal(rendered(x, s, row), "{\"spans\":[]}");
    row[s->nodes[0].body_column] = NULL;
    cell_set(row, s, 0, "spans", "{1,3}");
    assert_string_equal(rendered(x, s, row), "{\"spans\":[]}");
}

/* A list of sources by id, `found` rows of them. */
static const char *list_page(Exchange *x, const char *query, int found, const char **next) {
    query_set(x, query);
    List *list = list_read(x, &source_resource, NULL, 0);
    assert_string_equal(faults_text(x), "");
    exchange_release(x);
    list_queue(list, &x->batch);
    int columns = list->selection->columns + list->sort.count;
    const char **cells = arena_calloc(x->arena, (size_t)(columns * found + 1), sizeof *cells);
    for (int i = 0; i < found; i++)
        cells[i * columns] = cells[i * columns + columns - 1] = arena_printf(x->arena, "%d", i + 1);
    result_set(x, 0, columns, found, cells);
    if (list->total)
        result_set(x, 1, 1, 1, (const char *[]){"42"});
    Buffer out = buffer_new(x->arena, 0);
    JsonWriter w = json_writer_new(&out);
    writer_object_begin(&w);
    *next = list_render(list, &w, &x->batch);
    writer_object_end(&w);
    return out.data;
}

static void test_pages(void **state) {
    Exchange *x = *state;
    const char *next;
    assert_string_equal(list_page(x, "fields=id&limit=2", 0, &next), "{\"items\":[],\"next\":null}");
    assert_string_equal(list_page(x, "fields=id&limit=2", 2, &next),
                        "{\"items\":[{\"id\":1},{\"id\":2}],\"next\":null}");
    assert_null(next);
    const char *page = list_page(x, "fields=id&limit=2&count=exact", 6, &next);
    assert_non_null(next);
    assert_string_equal(
        page, arena_printf(x->arena, "{\"items\":[{\"id\":1},{\"id\":2}],\"next\":\"%s\",\"total\":42}", next));
    assert_int_equal(strncmp(next, "?fields=id&limit=2&count=exact&cursor=", 38), 0);
    query_set(x, arena_strdup(x->arena, next + 1));
    List *list = list_read(x, &source_resource, NULL, 0);
    assert_string_equal(faults_text(x), "");
    assert_true(list->has_cursor);
    assert_string_equal(list->after[0], "2");
}

static const char *problem_text(Exchange *x) {
    Buffer out = buffer_new(x->arena, 0);
    problem_render(x, &out);
    json_t *json = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    json_decref(json);
    return out.data;
}

static void test_problems(void **state) {
    Exchange *x = *state;
    problem_set(x, PROBLEM_NOT_FOUND, "There is no %s %d.", "quote", 7);
    assert_string_equal(
        problem_text(x),
        "{\"type\":\"urn:onrecord:problem:not-found\",\"title\":\"There is nothing here\",\"status\":404,"
        "\"detail\":\"There is no quote 7.\",\"instance\":\"/quotes\"}");
    problem_fault(x, FAULT_PARAMETER, "a\"b", "is \"%s\"", "bad\n");
    problem_fault(x, FAULT_POINTER, "", "whole");
    problem_fault(x, FAULT_HEADER, "If-Match", "%s", "x");
    x->problem.conflict_resource = "articles";
    x->problem.conflict_id = 7;
    assert_non_null(strstr(problem_text(x),
                           "\"errors\":[{\"parameter\":\"a\\\"b\",\"detail\":\"is \\\"bad\\n\\\"\"},{\"pointer\":"
                           "\"\",\"detail\":\"whole\"},{\"header\":\"If-Match\",\"detail\":\"x\"}],\"conflict\":"
                           "{\"resource\":\"articles\",\"id\":7,\"href\":\"/articles/7\"}}"));
    for (int i = 0; i < 200; i++)
        problem_fault(x, FAULT_POINTER, "/x", "again");
    assert_int_equal(x->problem.fault_count, 203);
    int written = 0;
    for (const Fault *fault = x->problem.faults; fault != NULL; fault = fault->next)
        written++;
    assert_int_equal(written, 100);
    for (int kind = PROBLEM_NONE + 1; kind < PROBLEM_COUNT; kind++) {
        problem_set(x, (ProblemKind)kind, "%s", "Detail.");
        problem_text(x);
        assert_in_range(problem_status((ProblemKind)kind), 400, 503);
        assert_true(problem_slug((ProblemKind)kind) != NULL && problem_title((ProblemKind)kind) != NULL);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(test_embedded_records), unit_case(test_every_field_of_every_resource),
        unit_case(test_csv_values),       unit_case(test_rows_of_streams),
        unit_case(test_spans_in_utf16),   unit_case(test_pages),
        unit_case(test_problems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
