/* record/selection: what `include`, `fields` and `offsets` make of an answer. */
#include "record_fixture.h"

#include "record/selection.h"

static Selection *read(Exchange *x, const Resource *resource, bool single, const char *query) {
    query_set(x, query);
    return selection_read(x, resource, single);
}

static const char *shown_fields(Arena *arena, const Node *node) {
    Buffer out = buffer_new(arena, 256);
    int all = 0, shown = 0;
    for (int i = 0; node->resource->fields[i].name != NULL; i++) {
        if (!field_is_column(&node->resource->fields[i]))
            continue;
        all++;
        if ((node->shown >> i & 1) == 0)
            continue;
        shown++;
        buffer_printf(&out, "%s%s", out.length > 0 ? "," : "", node->resource->fields[i].name);
    }
    return shown == all ? "*" : out.data;
}

/* "speakers(*)", "quotes(id) speaker(name) article() source(*)": each node's relation, and what it shows. */
static const char *outline(Arena *arena, const Selection *selection) {
    Buffer out = buffer_new(arena, 256);
    for (int i = 0; i < selection->node_count; i++) {
        const Node *node = &selection->nodes[i];
        buffer_printf(&out, "%s%s(%s)", i > 0 ? " " : "", node->by != NULL ? node->by->relation : node->resource->name,
                      shown_fields(arena, node));
    }
    for (int i = 0; i < selection->branch_count; i++)
        buffer_printf(&out, " [%s]", outline(arena, &selection->branches[i].selection));
    return out.data;
}

static void expect_outline(Exchange *x, const Resource *resource, bool single, const char *query, const char *wanted) {
    Selection *selection = read(x, resource, single, query);
    assert_string_equal(faults_text(x), "");
    assert_string_equal(outline(x->arena, selection), wanted);
}

static void expect_refused(Exchange *x, const Resource *resource, bool single, const char *query, const char *wanted) {
    read(x, resource, single, query);
    assert_string_equal(faults_text(x), wanted);
}

static void test_plain(void **state) {
    Exchange *x = *state;
    Selection *selection = read(x, &source_resource, false, "");
    assert_true(selection->bare);
    assert_string_equal(outline(x->arena, selection), "sources(*)");
    Sql *sql = sql_new(x->arena);
    selection_columns(selection, sql);
    selection_joins(selection, sql);
    assert_string_equal(sql->text.data,
                        "t.id, t.external_id, t.name, t.url, t.country, t.description, t.extra, t.created_at, "
                        "t.updated_at, t.version");
    assert_int_equal(selection->columns, 10);
    assert_false(read(x, &source_resource, false, "fields=id")->bare);
    assert_false(read(x, &source_resource, false, "offsets=utf16")->bare);
    assert_true(read(x, &source_resource, false, "offsets=codepoints")->bare);
}

static void test_fields(void **state) {
    Exchange *x = *state;
    expect_outline(x, &source_resource, false, "fields=id", "sources(id)");
    expect_outline(x, &source_resource, false, "fields=name,id,name", "sources(id,name)");
    expect_outline(x, &source_resource, false, "fields=-extra,-description",
                   "sources(id,external_id,name,url,country,created_at,updated_at,version)");
}

static void test_include(void **state) {
    Exchange *x = *state;
    expect_outline(x, &quote_resource, false, "include=speaker", "quotes(*) speaker(*)");
    expect_outline(x, &quote_resource, false, "include=article.source,speaker,article",
                   "quotes(*) article(*) source(*) speaker(*)");
    expect_outline(x, &quote_resource, false, "include=continues.speaker,speaker",
                   "quotes(*) continues(*) speaker(*) speaker(*)");
    expect_outline(x, &article_resource, true, "include=quotes,events,source",
                   "articles(*) source(*) [quotes(*)] [events(*)]");
    expect_outline(x, &article_resource, true, "include=quotes.speaker,quotes", "articles(*) [quotes(*) speaker(*)]");
}

static void test_fields_of_related_records(void **state) {
    Exchange *x = *state;
    expect_outline(x, &quote_resource, false, "fields=id,speaker.name", "quotes(id) speaker(name)");
    expect_outline(x, &quote_resource, false, "fields=speaker", "quotes() speaker(*)");
    expect_outline(x, &quote_resource, false, "fields=speaker,speaker.name", "quotes() speaker(*)");
    expect_outline(x, &quote_resource, false, "fields=speaker.name,speaker.id", "quotes() speaker(id,name)");
    expect_outline(x, &quote_resource, false, "include=speaker&fields=id", "quotes(id) speaker(*)");
    expect_outline(x, &quote_resource, false, "include=speaker&fields=id,speaker.name", "quotes(id) speaker(name)");
    /* What is only passed on the way shows nothing of its own; unless it was included. */
    expect_outline(x, &quote_resource, false, "fields=id,article.source.name", "quotes(id) article() source(name)");
    expect_outline(x, &quote_resource, false, "include=article&fields=id,article.source.name",
                   "quotes(id) article(*) source(name)");
    expect_outline(x, &quote_resource, false, "fields=article.source.name,article", "quotes() article(*) source(name)");
    expect_outline(x, &quote_resource, false, "fields=article.source.name,article.id",
                   "quotes() article(id) source(name)");
    expect_outline(x, &article_resource, true, "fields=quotes", "articles() [quotes(*)]");
    expect_outline(x, &article_resource, true, "fields=id,quotes.text", "articles(id) [quotes(text)]");
    expect_outline(x, &article_resource, true, "fields=quotes.speaker.name", "articles() [quotes() speaker(name)]");
    expect_outline(
        x, &quote_resource, false, "include=event&fields=-event.extra,-text",
        arena_printf(x->arena, "%s %s",
                     "quotes(id,external_id,article_id,kind,speaker_id,speaker_as_printed,role,relayed_by,spans,"
                     "prefix,suffix,cue,channel,said_on,continues_id,about_ids,event_id,status,confidence,anchor,"
                     "published_at,source_id,extra,created_at,updated_at,version)",
                     "event(id,external_id,name,kind,status,starts_on,ends_on,date_as_printed,place,description,"
                     "part_of_id,participants,article_ids,created_at,updated_at,version)"));
}

static void test_columns_of_a_tree(void **state) {
    Exchange *x = *state;
    Selection *selection = read(x, &quote_resource, false, "include=article.source&offsets=utf16");
    Sql *columns = sql_new(x->arena), *joins = sql_new(x->arena);
    selection_columns(selection, columns);
    selection_joins(selection, joins);
    assert_string_equal(joins->text.data, " LEFT JOIN onrecord.articles j1 ON j1.id = t.article_id LEFT JOIN "
                                          "onrecord.sources j2 ON j2.id = j1.source_id");
    assert_non_null(strstr(columns->text.data, ", t.version, j1.id, "));
    assert_non_null(strstr(columns->text.data, ", j1.version, j2.id, "));
    assert_non_null(strstr(columns->text.data, ", (SELECT b.body FROM onrecord.articles b WHERE b.id = t.article_id)"));
    int commas = 0;
    for (const char *c = columns->text.data; *c != '\0'; c++)
        commas += *c == ',';
    assert_int_equal(selection->columns, commas + 1);
    assert_int_equal(selection->nodes[1].column, selection->nodes[0].field_count);
    assert_int_equal(selection->nodes[0].body_column, selection->columns - 1);
    assert_int_equal(selection->nodes[1].body_column, -1);
    /* `fields` never changes the SQL. */
    Sql *fewer = sql_new(x->arena);
    selection_columns(read(x, &quote_resource, false, "include=article.source&offsets=utf16&fields=id"), fewer);
    assert_string_equal(fewer->text.data, columns->text.data);
}

static void test_every_quote_in_utf16_has_its_body(void **state) {
    Exchange *x = *state;
    Selection *selection = read(x, &quote_resource, false, "include=continues.continues&offsets=utf16");
    for (int i = 0; i < 3; i++)
        assert_int_equal(selection->nodes[i].body_column, selection->columns - 3 + i);
    selection = read(x, &article_resource, true, "include=quotes&offsets=utf16");
    assert_int_equal(selection->nodes[0].body_column, -1);
    Selection *quotes = &selection->branches[0].selection;
    assert_int_equal(quotes->nodes[0].body_column, quotes->columns - 1);
}

static void test_includes_that_are_refused(void **state) {
    Exchange *x = *state;
    const char *quotes = "quotes can include article, speaker, continues, event, source, in two steps at most";
    static const char *const wrong[] = {"nothing", "", "speaker_id", ".speaker", "article ", "*", "quotes"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_refused(x, &quote_resource, false, arena_printf(x->arena, "include=%s", wrong[i]),
                       arena_printf(x->arena, "?include: \"%s\" cannot be included: %s", wrong[i], quotes));
    expect_refused(x, &quote_resource, false, "include=speaker,",
                   arena_printf(x->arena, "?include: \"\" cannot be included: %s", quotes));
    expect_refused(x, &quote_resource, false, "include=speaker.",
                   "?include: \"speaker.\" cannot be included: speakers can include part_of, in two steps at most");
    expect_refused(
        x, &quote_resource, false, "include=continues.continues.continues",
        arena_printf(x->arena, "?include: \"continues.continues.continues\" cannot be included: %s", quotes));
    expect_refused(x, &source_resource, false, "include=articles",
                   "?include: \"articles\" cannot be included: sources can include nothing, in two steps at most");
    expect_refused(
        x, &source_resource, true, "include=article",
        "?include: \"article\" cannot be included: sources can include articles, quotes, in two steps at most");
    /* A list within a list, or behind a record, is none. */
    expect_refused(x, &article_resource, true, "include=source.quotes",
                   "?include: \"source.quotes\" cannot be included: sources can include nothing, in two steps at most");
    expect_refused(x, &article_resource, true, "include=events.quotes",
                   "?include: \"events.quotes\" cannot be included: events can include part_of, in two steps at most");
}

static void test_too_many_includes(void **state) {
    Exchange *x = *state;
    Buffer query = buffer_new(x->arena, 0);
    static const char *const first[] = {"article", "speaker", "continues", "event", "source"};
    buffer_add_string(&query, "include=article.source,speaker.part_of,event.part_of,source");
    for (size_t i = 0; i < 5; i++)
        buffer_printf(&query, ",continues.%s", first[i]);
    Selection *selection = read(x, &quote_resource, false, query.data);
    assert_string_equal(faults_text(x), "");
    assert_int_equal(selection->node_count, 14);
    assert_true(selection->node_count <= NODES_MAX);
}

static void test_fields_that_are_refused(void **state) {
    Exchange *x = *state;
    const char *sources =
        "is not a field; sources have: id, external_id, name, url, country, description, extra, created_at, "
        "updated_at, version";
    static const char *const wrong[] = {"nothing", "", "ID", "name.", "*", ".", "articles"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_refused(x, &source_resource, false, arena_printf(x->arena, "fields=%s", wrong[i]),
                       arena_printf(x->arena, "?fields: \"%s\" %s", wrong[i], sources));
    const char *mixed = "?fields: name what to show (id,text) or what to leave out (-body), not both";
    expect_refused(x, &source_resource, false, "fields=id,-name", mixed);
    expect_refused(x, &source_resource, false, "fields=-id,name", mixed);
    expect_refused(x, &source_resource, false, "fields=-", arena_printf(x->arena, "?fields: \"\" %s", sources));
    read(x, &quote_resource, false, "fields=speaker.");
    assert_int_equal(x->problem.fault_count, 1);
    read(x, &quote_resource, false, "fields=about_id"); /* a filter alone */
    assert_int_equal(x->problem.fault_count, 1);
    read(x, &quote_resource, false, "fields=a,b,c");
    assert_int_equal(x->problem.fault_count, 3);
    expect_refused(x, &quote_resource, false, "fields=-article.body",
                   "?fields: \"article.body\" is not in the answer unless it is included");
}

static void test_offsets_that_are_refused(void **state) {
    Exchange *x = *state;
    static const char *const wrong[] = {"", "UTF16", "bytes", "utf-16"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_refused(x, &quote_resource, false, arena_printf(x->arena, "offsets=%s", wrong[i]),
                       "?offsets: must be codepoints or utf16");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(test_plain),
        unit_case(test_fields),
        unit_case(test_include),
        unit_case(test_fields_of_related_records),
        unit_case(test_columns_of_a_tree),
        unit_case(test_every_quote_in_utf16_has_its_body),
        unit_case(test_includes_that_are_refused),
        unit_case(test_too_many_includes),
        unit_case(test_fields_that_are_refused),
        unit_case(test_offsets_that_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
