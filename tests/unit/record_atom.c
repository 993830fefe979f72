/* record/render_atom: pages of lists as Atom feeds. */
#include "record_result.h"

#include "record/list.h"
#include "record/render_atom.h"

static const Feed feed = {.title = "Quotes & more",
                          .id = "https://record.example/quotes?format=atom",
                          .self = "https://record.example/quotes?a=1&format=atom",
                          .alternate = "https://record.example/quotes?a=1",
                          .base = "https://record.example"};

static Selection *selection_of(Exchange *x, const Resource *resource, const char *query) {
    query_set(x, query);
    Selection *selection = selection_read(x, resource, false);
    atom_select(x, selection);
    return selection;
}

static const char *rendered(Exchange *x, const Feed *head, const Selection *s, int count, const char *const *cells) {
    Result *rows = result_new(x->arena, s->columns, count, cells);
    Buffer out = buffer_new(x->arena, 0);
    atom_render(&out, head, s, rows, count);
    rows_release(rows);
    return out.data;
}

static const char **row_begin(Exchange *x, const Selection *s) {
    const char **row = row_new(x, s);
    cell_set(row, s, 0, "id", "7");
    cell_set(row, s, 0, "updated_at", "2025-05-15 10:00:00.25+00");
    return row;
}

/* From the entry's first tag to its last. */
static const char *entry_of(Exchange *x, const Selection *s, const char *const *row) {
    const char *begin = strstr(rendered(x, &feed, s, 1, row), "<entry");
    const char *end = strstr(begin, "\n</feed>");
    assert_non_null(end);
    return arena_strndup(x->arena, begin, (size_t)(end - begin));
}

static void test_a_feed_without_entries(void **state) {
    Exchange *x = *state;
    Selection *s = selection_of(x, &quote_resource, "");
    Feed paged = feed;
    paged.next = "https://record.example/quotes?a=1&cursor=c";
    assert_string_equal(
        rendered(x, &paged, s, 0, NULL),
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<feed xmlns=\"http://www.w3.org/2005/Atom\">\n"
        "<id>https://record.example/quotes?format=atom</id><title>Quotes &amp; more</title>"
        "<updated>1970-01-01T00:00:00Z</updated><author><name>OnRecord</name></author>"
        "<link rel=\"self\" type=\"application/atom+xml\" href=\"https://record.example/quotes?a=1&amp;format=atom\"/>"
        "<link rel=\"alternate\" type=\"application/json\" href=\"https://record.example/quotes?a=1\"/>"
        "<link rel=\"next\" type=\"application/atom+xml\" href=\"https://record.example/quotes?a=1&amp;cursor=c\"/>\n"
        "</feed>\n");
    assert_null(strstr(rendered(x, &feed, s, 0, NULL), "rel=\"next\""));
}

static void test_an_article(void **state) {
    Exchange *x = *state;
    Selection *s = selection_of(x, &article_resource, "");
    assert_int_equal(s->node_count, 2);
    const char **row = row_begin(x, s);
    cell_set(row, s, 0, "language", "fa");
    cell_set(row, s, 0, "url", "https://a.example/?b=1&c=2");
    cell_set(row, s, 0, "keywords", "{one,\"two & \\\"three\\\"\"}");
    cell_set(row, s, 0, "body", "a < b\n]]>\001");
    cell_set(row, s, 0, "summary", "s");
    cell_set(row, s, 0, "published_at", "2025-05-14 08:00:00+00");
    cell_set(row, s, 1, "id", "1");
    cell_set(row, s, 1, "name", "Gazette");
    assert_string_equal(
        entry_of(x, s, row),
        "<entry xml:lang=\"fa\"><id>https://record.example/articles/7</id><updated>2025-05-15T10:00:00.250000Z</updated>"
        "<link rel=\"alternate\" type=\"application/json\" href=\"https://record.example/articles/7\"/>"
        "<title>https://a.example/?b=1&amp;c=2</title><author><name>Gazette</name></author>"
        "<published>2025-05-14T08:00:00.000000Z</published><link rel=\"via\" href=\"https://a.example/?b=1&amp;c=2\"/>"
        "<category term=\"one\"/><category term=\"two &amp; &quot;three&quot;\"/><summary>s</summary>"
        "<content type=\"text\">a &lt; b\n]]&gt;\uFFFD</content></entry>");
    cell_set(row, s, 0, "headline", " \u00A0\n"); /* blank: as if there were none */
    assert_non_null(strstr(entry_of(x, s, row), "<title>https://a.example/?b=1&amp;c=2</title>"));
    cell_set(row, s, 0, "headline", " H\n 1 ");
    cell_set(row, s, 0, "byline", "By Ann");
    const char *entry = entry_of(x, s, row);
    assert_non_null(strstr(entry, "<title>H 1</title><author><name>By Ann</name></author>"));
}

static void test_a_quote(void **state) {
    Exchange *x = *state;
    Selection *s = selection_of(x, &quote_resource, "");
    const char **row = row_begin(x, s);
    cell_set(row, s, 0, "text", "one\ntwo");
    assert_string_equal(entry_of(x, s, row),
                        "<entry><id>https://record.example/quotes/7</id><updated>2025-05-15T10:00:00.250000Z</updated>"
                        "<link rel=\"alternate\" type=\"application/json\" href=\"https://record.example/quotes/7\"/>"
                        "<title>one two</title><content type=\"text\">one\ntwo</content></entry>");
    cell_set(row, s, 0, "speaker_as_printed", "he");
    assert_non_null(strstr(entry_of(x, s, row), "<author><name>he</name></author>"));
    cell_set(row, s, 1, "name", "Ann");
    assert_non_null(strstr(entry_of(x, s, row), "<author><name>Ann</name></author>"));
}

/* The title that a quote's text makes. */
static const char *title_of(Exchange *x, const char *text) {
    Selection *s = selection_of(x, &quote_resource, "");
    const char **row = row_begin(x, s);
    cell_set(row, s, 0, "text", text);
    const char *begin = strstr(entry_of(x, s, row), "<title>") + strlen("<title>");
    return arena_strndup(x->arena, begin, strcspn(begin, "<"));
}

#define TEN "ж23456789 "
#define NINETY TEN TEN TEN TEN TEN TEN TEN TEN TEN

static void test_long_texts_make_short_titles(void **state) {
    Exchange *x = *state;
    assert_string_equal(title_of(x, NINETY "ж234567890"), NINETY "ж234567890"); /* 100 */
    const char *cut = title_of(x, NINETY "ж2345678901"); /* 101: the last word goes, and the space before it */
    assert_string_equal(cut, TEN TEN TEN TEN TEN TEN TEN TEN "ж23456789…");
    const char *endless = title_of(x, "ж234567890ж234567890ж234567890ж234567890ж234567890ж234567890ж234567890ж234567890"
                                      "ж234567890ж234567890ж");
    assert_string_equal(endless, "ж234567890ж234567890ж234567890ж234567890ж234567890ж234567890ж234567890ж234567890"
                                 "ж234567890ж234567890…");
}

static void test_what_fields_leaves_out(void **state) {
    Exchange *x = *state;
    Selection *s = selection_of(x, &article_resource, "fields=-body,-byline");
    const char **row = row_begin(x, s);
    cell_set(row, s, 0, "body", "b");
    cell_set(row, s, 0, "byline", "By Ann");
    cell_set(row, s, 0, "summary", "s");
    const char *entry = entry_of(x, s, row);
    assert_null(strstr(entry, "<content"));
    assert_null(strstr(entry, "<author"));
    assert_non_null(strstr(entry, "<summary>s</summary>"));
    assert_non_null(strstr(entry, "<title>Article 7</title>"));
}

static void test_a_feed_is_as_new_as_its_newest_entry(void **state) {
    static const char *const moments[] = {"2025-05-15 10:00:00+00", "2025-05-15 10:00:00.5+00",
                                          "2025-05-15 10:00:00.25+00"};
    Exchange *x = *state;
    Selection *s = selection_of(x, &quote_resource, "");
    const char **cells = arena_calloc(x->arena, (size_t)s->columns * 3, sizeof *cells);
    for (int i = 0; i < 3; i++) {
        const char **row = row_begin(x, s);
        cell_set(row, s, 0, "text", "t");
        cell_set(row, s, 0, "updated_at", moments[i]);
        memcpy(cells + i * s->columns, row, (size_t)s->columns * sizeof *cells);
    }
    const char *text = rendered(x, &feed, s, 3, cells);
    assert_non_null(strstr(text, "more</title><updated>2025-05-15T10:00:00.500000Z</updated>"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(test_a_feed_without_entries),
        unit_case(test_an_article),
        unit_case(test_a_quote),
        unit_case(test_long_texts_make_short_titles),
        unit_case(test_what_fields_leaves_out),
        unit_case(test_a_feed_is_as_new_as_its_newest_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
