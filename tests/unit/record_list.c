/* record/list: a query string as one statement: filters, order, page, count; its faults; the links to what follows. */
#include "record_fixture.h"

#include "record/cursor.h"
#include "record/list.h"

static List *read(Exchange *x, const Resource *resource, const char *query) {
    query_set(x, query);
    return list_read(x, resource, NULL, 0);
}

/* The statement of a list, without the columns that it names. */
static const char *statement(Exchange *x, List *list) {
    batch_init(&x->batch, x->arena, LANE_LIST, NULL, x);
    list_queue(list, &x->batch);
    const char *sql = x->batch.statements[0].sql;
    assert_int_equal(strncmp(sql, "SELECT t.id, ", 13), 0);
    const char *from = strstr(sql, " FROM (");
    assert_non_null(from);
    return from;
}

static const char *statement_params(Exchange *x, int index) {
    return params_text(x->arena, x->batch.statements[index].param_count, x->batch.statements[index].params);
}

static const char *cursor_for(Exchange *x, const Resource *resource, const char *query, const char *const *values,
                              int count) {
    List *list = read(x, resource, query);
    return cursor_encode(x->arena, x->service->cursor_key, list->query, values, count);
}

static void test_plain(void **state) {
    Exchange *x = *state;
    List *list = read(x, &source_resource, "");
    assert_string_equal(faults_text(x), "");
    assert_string_equal(statement(x, list),
                        " FROM (SELECT t.* FROM onrecord.sources t ORDER BY t.id LIMIT 21) t ORDER BY t.id");
    assert_int_equal(x->batch.count, 1);
}

static void test_only_what_is_confirmed_shows(void **state) {
    Exchange *x = *state;
    const char *plain = statement(x, read(x, &quote_resource, "kind=direct"));
    assert_string_equal(plain,
                        " FROM (SELECT t.* FROM onrecord.quotes t WHERE t.kind = $1::text AND t.status = 'confirmed' "
                        "ORDER BY t.id LIMIT 21) t ORDER BY t.id");
    assert_string_equal(statement_params(x, 0), "$1=direct");
    statement(x, read(x, &quote_resource, "status.ne=rejected"));
    assert_string_equal(statement_params(x, 0), "$1=rejected");
}

/* As many filters as a list takes must not push out the one that hides what is not confirmed. */
static void test_forty_filters_hide_it_too(void **state) {
    Exchange *x = *state;
    Buffer query = buffer_new(x->arena, 0);
    static const char *const names[] = {"id",           "external_id", "article_id", "speaker_id",
                                        "continues_id", "event_id",    "source_id",  "about_id"};
    static const char *const dates[] = {"said_on", "published_at", "created_at", "updated_at"};
    static const char *const operators[] = {"", ".ne", ".gt", ".gte", ".lt", ".lte"};
    for (size_t i = 0; i < 24; i++)
        buffer_printf(&query, "%s%s=2025&", dates[i / 6], operators[i % 6]);
    for (size_t i = 0; i < 16; i++)
        buffer_printf(&query, "%s%s=1&", names[i / 2], operators[i % 2]);
    buffer_add_string(&query, "sort=-published_at");
    List *list = read(x, &quote_resource, query.data);
    assert_string_equal(faults_text(x), "");
    assert_int_equal(list->filter_count, LIST_FILTERS + 1);
    assert_non_null(strstr(statement(x, list), "t.status = 'confirmed'"));
    assert_true(x->batch.statements[0].param_count <= SQL_PARAMS_MAX);
    buffer_add_string(&query, "&id.gt=1");
    read(x, &quote_resource, query.data);
    assert_string_equal(faults_text(x), "?id.gt: is one filter too many: at most 40");
}

static void test_two_ranges(void **state) {
    Exchange *x = *state;
    assert_string_equal(
        statement(x, read(x, &article_resource, "sort=-published_at&language=en")),
        " FROM ((SELECT t.* FROM onrecord.articles t WHERE t.language = $1::text AND t.published_at IS NOT NULL "
        "ORDER BY t.published_at DESC, t.id DESC LIMIT 21) UNION ALL (SELECT t.* FROM onrecord.articles t "
        "WHERE t.language = $2::text AND t.published_at IS NULL ORDER BY t.id DESC LIMIT 21) LIMIT 21) t ORDER "
        "BY t.published_at DESC NULLS LAST, t.id DESC");
    assert_string_equal(statement_params(x, 0), "$1=en $2=en");
}

/* The ranges are told apart by the column that the index is on. */
static void test_two_ranges_of_dates(void **state) {
    Exchange *x = *state;
    const char *sql = statement(x, read(x, &event_resource, "sort=starts_on"));
    assert_non_null(strstr(sql, "WHERE t.starts_on_first IS NOT NULL ORDER BY t.starts_on_first, t.id LIMIT 21"));
    assert_non_null(strstr(sql, "WHERE t.starts_on_first IS NULL ORDER BY t.id LIMIT 21"));
}

static void test_pages_of_two_ranges(void **state) {
    Exchange *x = *state;
    const char *query = "sort=-published_at";
    const char *in_first[] = {"2025-05-15 10:00:00+00", "7"}, *in_second[] = {NULL, "7"};
    const char *cursor = cursor_for(x, &article_resource, query, in_first, 2);
    const char *sql = statement(x, read(x, &article_resource, arena_printf(x->arena, "%s&cursor=%s", query, cursor)));
    assert_string_equal(faults_text(x), "");
    assert_non_null(
        strstr(sql, "t.published_at IS NOT NULL AND (t.published_at, t.id) < ($1::timestamptz, $2::bigint) ORDER BY"));
    assert_non_null(strstr(
        sql, ") UNION ALL (SELECT t.* FROM onrecord.articles t WHERE t.published_at IS NULL ORDER BY t.id DESC"));
    assert_string_equal(statement_params(x, 0), "$1=2025-05-15 10:00:00+00 $2=7");
    cursor = cursor_for(x, &article_resource, query, in_second, 2);
    sql = statement(x, read(x, &article_resource, arena_printf(x->arena, "%s&cursor=%s", query, cursor)));
    assert_string_equal(
        sql, " FROM (SELECT t.* FROM onrecord.articles t WHERE t.published_at IS NULL AND (t.id) < ($1::bigint) "
             "ORDER BY t.id DESC LIMIT 21) t ORDER BY t.published_at DESC NULLS LAST, t.id DESC");
}

static void test_limits_come_in_tiers(void **state) {
    Exchange *x = *state;
    static const int tiers[][2] = {{1, 6},   {5, 6},   {6, 11},   {10, 11},   {11, 21},   {20, 21},
                                   {21, 51}, {50, 51}, {51, 101}, {100, 101}, {101, 201}, {200, 201}};
    for (size_t i = 0; i < sizeof tiers / sizeof *tiers; i++) {
        List *list = read(x, &source_resource, arena_printf(x->arena, "limit=%d", tiers[i][0]));
        assert_int_equal(list->limit, tiers[i][0]);
        assert_non_null(strstr(statement(x, list), arena_printf(x->arena, " LIMIT %d)", tiers[i][1])));
    }
    static const char *const wrong[] = {
        "", "0", "201", "-1", "+1", "01", "1.0", "1e2", " 1", "x", "99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        read(x, &source_resource, arena_printf(x->arena, "limit=%s", wrong[i]));
        assert_string_equal(faults_text(x), "?limit: must be a whole number from 1 to 200");
    }
}

static void test_count(void **state) {
    Exchange *x = *state;
    statement(x, read(x, &quote_resource, "count=exact&speaker_id=3"));
    assert_int_equal(x->batch.count, 2);
    assert_string_equal(
        x->batch.statements[1].sql,
        "SELECT count(*) FROM onrecord.quotes t WHERE t.speaker_id = $1::bigint AND t.status = 'confirmed'");
    assert_string_equal(statement_params(x, 1), "$1=3");
    read(x, &quote_resource, "count=");
    assert_string_equal(faults_text(x), "?count: must be exact, or left out");
}

/* A list of several speakers' quotes asks at once whether one of them was merged; of one's, once it is empty. */
static void test_merged_speakers(void **state) {
    static const char asks[] = "SELECT m.id, m.into_id FROM onrecord.speaker_merges m WHERE m.id = ANY ($1::bigint[])";
    Exchange *x = *state;
    List *list = read(x, &quote_resource, "speaker_id.in=3,4&article_id=1");
    statement(x, list);
    assert_int_equal(x->batch.count, 2);
    assert_string_equal(x->batch.statements[1].sql, asks);
    assert_string_equal(statement_params(x, 1), "$1={\"3\",\"4\"}");
    list = read(x, &quote_resource, "speaker_id=3");
    statement(x, list);
    assert_int_equal(x->batch.count, 1);
    list->asks_all = true;
    statement(x, list);
    assert_int_equal(x->batch.count, 2);
    assert_string_equal(x->batch.statements[1].sql, asks);
    assert_string_equal(statement_params(x, 1), "$1={\"3\"}");
}

static void test_sub_collections(void **state) {
    Exchange *x = *state;
    query_set(x, "kind=direct");
    List *list = list_read(x, &quote_resource, field_find(&quote_resource, "article_id", 10), 7);
    assert_non_null(
        strstr(statement(x, list), "WHERE t.article_id = $1::bigint AND t.kind = $2::text AND t.status = 'confirmed'"));
    assert_string_equal(statement_params(x, 0), "$1=7 $2=direct");
    /* It is the same list as the collection with that filter, and goes by the same cursors. */
    assert_true(list->query == read(x, &quote_resource, "kind=direct&article_id=7")->query);
    query_set(x, "");
    list = list_read(x, &event_resource, field_find(&event_resource, "participants.speaker_id", 23), 7);
    assert_non_null(strstr(statement(x, list), "p.speaker_id = ANY ($1::bigint[])"));
    assert_string_equal(statement_params(x, 0), "$1={\"7\"}");
}

/* A page by one filter in an order that has an index with it needs no plan of its own. */
static void test_lanes(void **state) {
    Exchange *x = *state;
    static const struct {
        const char *query;
        Lane lane;
    } cases[] = {
        {"", LANE_PAGE},
        {"sort=-published_at", LANE_PAGE},
        {"speaker_id=3", LANE_PAGE},
        {"speaker_id=3&sort=-published_at", LANE_PAGE},
        {"status=proposed", LANE_PAGE},
        {"article_id=3&include=speaker,article.source&limit=200", LANE_PAGE},
        {"article_id=3&sort=-published_at", LANE_LIST},
        {"speaker_id=3&sort=said_on", LANE_LIST},
        {"speaker_id=3&article_id=4", LANE_LIST},
        {"speaker_id.ne=3", LANE_LIST},
        {"speaker_id.in=3,4", LANE_LIST},
        {"speaker.part_of_id=3", LANE_LIST},
        {"about_id=3", LANE_LIST},
        {"kind=direct", LANE_LIST},
        {"sort=published_at,said_on", LANE_LIST},
        {"speaker_id=3&count=exact", LANE_LIST},
        {"q=rain", LANE_SEARCH},
        {"q=rain&speaker_id=3", LANE_SEARCH},
        {"q=rain&sort=-published_at", LANE_LIST},
        {"q=rain&count=exact", LANE_LIST},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        List *list = read(x, &quote_resource, cases[i].query);
        assert_string_equal(faults_text(x), "");
        batch_init(&x->batch, x->arena, LANE_POINT, NULL, x);
        list_queue(list, &x->batch);
        if (x->batch.lane != cases[i].lane)
            fail_msg("%s: lane %d", cases[i].query, x->batch.lane);
    }
}

/* A search that was too slow for its lane is known there for some time. */
static void test_what_finds_much(void **state) {
    Exchange *x = *state;
    List *list = read(x, &quote_resource, "q=rain");
    batch_init(&x->batch, x->arena, LANE_POINT, NULL, x);
    list_queue(list, &x->batch);
    assert_false(search_finds_much(&fixture_service, list->query));
    search_found_much(&fixture_service, list->query);
    assert_true(search_finds_much(&fixture_service, list->query));
    List *others[] = {read(x, &quote_resource, "q=rain&limit=3"), read(x, &quote_resource, "q=snow")};
    for (int i = 0; i < 2; i++) {
        batch_init(&x->batch, x->arena, LANE_POINT, NULL, x);
        list_queue(others[i], &x->batch);
        assert_int_equal(x->batch.lane, i == 0 ? LANE_LIST : LANE_SEARCH);
    }
    atomic_fetch_sub(&fixture_searches.slow[list->query % SEARCHES_SLOW], 10); /* minutes */
    assert_false(search_finds_much(&fixture_service, list->query));
}

static void test_what_a_cursor_is_bound_to(void **state) {
    Exchange *x = *state;
    uint64_t query = read(x, &quote_resource, "kind=direct&sort=-id&cue=a")->query;
    assert_true(
        query ==
        read(x, &quote_resource, "cue=a&sort=-id&kind=direct&limit=3&fields=id&include=speaker&count=exact")->query);
    static const char *const others[] = {
        "kind=direct&sort=-id",       "kind=direct&sort=id&cue=a",     "kind=direct&cue=a",
        "kind=direct&sort=-id&cue=b", "kind.ne=direct&sort=-id&cue=a", "kind=direct&sort=-id&cue=a&role="};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_true(query != read(x, &quote_resource, others[i])->query);
    const char *values[] = {"7"};
    const char *cursor = cursor_for(x, &quote_resource, "sort=-id", values, 1);
    read(x, &quote_resource, arena_printf(x->arena, "cursor=%s", cursor));
    assert_string_equal(faults_text(x), "?cursor: belongs to another list, other filters or another sort");
    read(x, &quote_resource, "cursor=AAAA");
    assert_string_equal(faults_text(x), "?cursor: is not a cursor of this service; take it from `next` as it is");
}

static void test_links_repeat_the_query(void **state) {
    Exchange *x = *state;
    assert_string_equal(read(x, &quote_resource, "")->link, "?");
    List *list = read(x, &speaker_resource, "name.ne=a b/é%+&cursor=x&limit=3");
    assert_string_equal(list->link, "?name.ne=a%20b%2F%C3%A9%25%2B&limit=3&");
    Service abroad = fixture_service;
    abroad.public_url = "https://record.example/api";
    x->service = &abroad;
    assert_string_equal(read(x, &quote_resource, "limit=3")->link, "https://record.example/api/quotes?limit=3&");
    x->service = &fixture_service;
}

static const char *branch_link(Exchange *x, const char *query) {
    query_set(x, query);
    Selection *selection = selection_read(x, &article_resource, true);
    assert_string_equal(faults_text(x), "");
    List *list = list_of_branch(x, &article_resource, &selection->branches[0], 7);
    return list->link;
}

/* The rest of an included list is found in the shape in which it began. */
static void test_links_of_included_lists(void **state) {
    Exchange *x = *state;
    assert_string_equal(branch_link(x, "include=quotes"), "/articles/7/quotes?");
    assert_string_equal(branch_link(x, "include=quotes,source&fields=id,source.name"), "/articles/7/quotes?");
    assert_string_equal(branch_link(x, "include=source,quotes.speaker,quotes.event"),
                        "/articles/7/quotes?include=speaker,event&");
    assert_string_equal(branch_link(x, "fields=quotes.text,id,quotes.speaker.name&offsets=utf16"),
                        "/articles/7/quotes?fields=text,speaker.name&offsets=utf16&");
    assert_string_equal(branch_link(x, "include=quotes&fields=-body,-quotes.extra,-quotes.text"),
                        "/articles/7/quotes?fields=-extra,-text&");
}

static void test_an_included_list_goes_by_the_sub_collections_cursors(void **state) {
    Exchange *x = *state;
    query_set(x, "include=quotes");
    Selection *selection = selection_read(x, &article_resource, true);
    List *branch = list_of_branch(x, &article_resource, &selection->branches[0], 7);
    query_set(x, "");
    List *list = list_read(x, &quote_resource, field_find(&quote_resource, "article_id", 10), 7);
    assert_true(branch->query == list->query);
    assert_string_equal(statement(x, branch), statement(x, list));
}

/* What is new comes first, in the cursors of that order; the link says which form it leads to. */
static void test_feeds(void **state) {
    Exchange *x = *state;
    x->format = FORMAT_ATOM;
    x->base = "http://record.example";
    List *list = read(x, &quote_resource, "kind=direct");
    assert_string_equal(faults_text(x), "");
    assert_string_equal(list->link, "http://record.example/quotes?kind=direct&format=atom&");
    assert_true(list->sort.count == 1 && list->sort.keys[0].descending);
    assert_true(list->query == read(x, &quote_resource, "kind=direct&sort=-id")->query);
    assert_string_equal(read(x, &quote_resource, "format=atom&limit=3")->link,
                        "http://record.example/quotes?format=atom&limit=3&");
    assert_false(read(x, &quote_resource, "sort=id")->sort.keys[0].descending);
    const Selection *selection = read(x, &quote_resource, "")->selection;
    assert_int_equal(selection->node_count, 2);
    assert_ptr_equal(selection->nodes[1].resource, &speaker_resource);
    x->format = FORMAT_JSON;
}

static const char *stream_statement(Exchange *x, const char *query) {
    batch_init(&x->batch, x->arena, LANE_POINT, NULL, x);
    x->format = FORMAT_CSV;
    list_stream(read(x, &quote_resource, query), &x->batch);
    x->format = FORMAT_JSON;
    assert_string_equal(faults_text(x), "");
    assert_int_equal(x->batch.count, 1);
    assert_int_equal(x->batch.lane, LANE_EXPORT);
    return strstr(x->batch.statements[0].sql, " FROM ");
}

static void test_streams(void **state) {
    Exchange *x = *state;
    assert_string_equal(stream_statement(x, ""), " FROM onrecord.quotes t WHERE t.status = 'confirmed' ORDER BY t.id");
    assert_string_equal(stream_statement(x, "include=speaker&sort=-published_at&kind=direct&limit=5000"),
                        " FROM onrecord.quotes t LEFT JOIN onrecord.speakers j1 ON j1.id = t.speaker_id WHERE "
                        "t.kind = $1::text AND t.status = 'confirmed' ORDER BY t.published_at DESC NULLS LAST, "
                        "t.id DESC LIMIT $2::bigint");
    assert_string_equal(statement_params(x, 0), "$1=direct $2=5000");
    stream_statement(x, "fields=text,spans,speaker.name&offsets=utf16");
    const char *sql = x->batch.statements[0].sql;
    assert_int_equal(strncmp(sql, "SELECT NULL, NULL, NULL, t.text, NULL, ", 39),
                     0); /* what is not shown is not read */
    assert_non_null(strstr(sql, ", t.spans, "));
    assert_non_null(strstr(sql, ", j1.id, NULL, j1.name, NULL, ")); /* the id tells whether there is a speaker */
    assert_non_null(strstr(sql, ", (SELECT b.body FROM onrecord.articles b WHERE b.id = t.article_id) FROM "));
    stream_statement(x, "fields=id&offsets=utf16");
    assert_null(strstr(x->batch.statements[0].sql, "body"));
    x->format = FORMAT_NDJSON;
    read(x, &quote_resource, "limit=0&cursor=x&count=exact");
    assert_string_equal(faults_text(x), "?limit: must be a whole number from 1 on\n"
                                        "?cursor: is for pages, which application/x-ndjson has not\n"
                                        "?count: is for pages, which application/x-ndjson has not");
}

static void test_all_faults_at_once(void **state) {
    Exchange *x = *state;
    read(x, &source_resource,
         "nothing=1&name=a&name=b&limit=0&count=no&sort=url&cursor=!&fields=x&include=y&offsets=z&country=af");
    assert_string_equal(
        faults_text(x),
        "?nothing: is not a parameter of this list; filters are: id, external_id, name, url, country, created_at, "
        "updated_at\n"
        "?name: is given more than once\n"
        "?country: must be an ISO 3166-1 alpha-2 code, such as AF\n"
        "?sort: \"url\" does not sort sources; these do: id, name, created_at, updated_at\n"
        "?offsets: must be codepoints or utf16\n"
        "?include: \"y\" cannot be included: sources can include nothing, in two steps at most\n"
        "?fields: \"x\" is not a field; sources have: id, external_id, name, url, country, description, extra, "
        "created_at, updated_at, version\n"
        "?limit: must be a whole number from 1 to 200\n"
        "?count: must be exact, or left out\n"
        "?cursor: is not a cursor of this service; take it from `next` as it is");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(test_plain),
        unit_case(test_only_what_is_confirmed_shows),
        unit_case(test_forty_filters_hide_it_too),
        unit_case(test_two_ranges),
        unit_case(test_two_ranges_of_dates),
        unit_case(test_pages_of_two_ranges),
        unit_case(test_limits_come_in_tiers),
        unit_case(test_count),
        unit_case(test_merged_speakers),
        unit_case(test_sub_collections),
        unit_case(test_lanes),
        unit_case(test_what_finds_much),
        unit_case(test_what_a_cursor_is_bound_to),
        unit_case(test_links_repeat_the_query),
        unit_case(test_links_of_included_lists),
        unit_case(test_an_included_list_goes_by_the_sub_collections_cursors),
        unit_case(test_feeds),
        unit_case(test_streams),
        unit_case(test_all_faults_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
