/* record/render_jsonld: records in the words of schema.org. */
#include "record_result.h"

#include <jansson.h>

#include "record/list.h"
#include "record/render_jsonld.h"

static const char base[] = "https://record.example";

static json_t *document(Exchange *x, const Selection *selection, const char *const *row, const Batch *branches) {
    Result *rows = result_new(x->arena, selection->columns, 1, row);
    Buffer out = buffer_new(x->arena, 0);
    jsonld_render(&out, selection, rows, 0, branches, base);
    rows_release(rows);
    json_t *json = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "@context"), "@vocab")),
                        "https://schema.org/");
    json_object_del(json, "@context");
    return json;
}

/* The document without its context. */
static const char *rendered(Exchange *x, const Selection *selection, const char *const *row) {
    json_t *json = document(x, selection, row, NULL);
    char *text = json_dumps(json, JSON_COMPACT | JSON_ENCODE_ANY);
    const char *kept = arena_strdup(x->arena, text);
    free(text);
    json_decref(json);
    return kept;
}

static void test_what_is_null_is_left_out(void **state) {
    Exchange *x = *state;
    Selection *s = selection_plain(x->arena, &source_resource, false);
    const char **row = row_new(x, s);
    cell_set(row, s, 0, "id", "7");
    assert_string_equal(rendered(x, s, row),
                        "{\"@id\":\"https://record.example/sources/7\",\"@type\":\"NewsMediaOrganization\"}");
    cell_set(row, s, 0, "name", "A \"B\"");
    cell_set(row, s, 0, "country", "NO");
    cell_set(row, s, 0, "extra", "{\"name\": \"C\"}");
    assert_string_equal(
        rendered(x, s, row),
        "{\"@id\":\"https://record.example/sources/7\",\"@type\":\"NewsMediaOrganization\","
        "\"name\":\"A \\\"B\\\"\",\"address\":{\"@type\":\"PostalAddress\",\"addressCountry\":\"NO\"}}");
}

static void test_speakers_are_things_of_their_kind(void **state) {
    Exchange *x = *state;
    Selection *s = selection_plain(x->arena, &speaker_resource, false);
    const char **row = row_new(x, s);
    cell_set(row, s, 0, "id", "1");
    cell_set(row, s, 0, "aliases", "{B,\"C, D\"}");
    cell_set(row, s, 0, "same_as", "{}");
    cell_set(row, s, 0, "part_of_id", "2");
    cell_set(row, s, 0, "affiliations",
             "[{\"organization_id\": 3, \"role\": null, \"start_date\": null, \"end_date\": null, \"article_id\": 1},"
             " {\"organization_id\": 4, \"role\": \"minister\", \"start_date\": \"2021\", \"end_date\": null,"
             " \"article_id\": null},"
             " {\"organization_id\": null, \"role\": \"analyst\", \"start_date\": null, \"end_date\": null,"
             " \"article_id\": null}]");
    static const char person[] =
        "{\"@id\":\"https://record.example/speakers/1\",\"@type\":\"Person\",\"alternateName\":[\"B\",\"C, D\"],"
        "\"memberOf\":[{\"@id\":\"https://record.example/speakers/3\"},{\"@type\":\"OrganizationRole\","
        "\"memberOf\":{\"@id\":\"https://record.example/speakers/4\"},\"roleName\":\"minister\",\"startDate\":\"2021\"}],"
        "\"jobTitle\":[\"analyst\"]}";
    cell_set(row, s, 0, "kind", "person");
    assert_string_equal(rendered(x, s, row), person);
    cell_set(row, s, 0, "kind", "unnamed");
    assert_string_equal(rendered(x, s, row), "{\"@id\":\"https://record.example/speakers/1\",\"@type\":\"Thing\","
                                             "\"alternateName\":[\"B\",\"C, D\"]}");
    cell_set(row, s, 0, "kind", "organization");
    cell_set(row, s, 0, "affiliations", "[]");
    assert_string_equal(rendered(x, s, row),
                        "{\"@id\":\"https://record.example/speakers/1\",\"@type\":\"Organization\","
                        "\"alternateName\":[\"B\",\"C, D\"],"
                        "\"parentOrganization\":{\"@id\":\"https://record.example/speakers/2\"}}");
}

static void test_two_fields_of_one_word(void **state) {
    Exchange *x = *state;
    Selection *s = selection_plain(x->arena, &quote_resource, false);
    const char **row = row_new(x, s);
    cell_set(row, s, 0, "id", "1");
    cell_set(row, s, 0, "about_ids", "{5,6}");
    cell_set(row, s, 0, "event_id", "7");
    cell_set(row, s, 0, "spans", "{0,4}");
    assert_string_equal(rendered(x, s, row), "{\"@id\":\"https://record.example/quotes/1\",\"@type\":\"Quotation\","
                                             "\"about\":[{\"@id\":\"https://record.example/speakers/5\"},"
                                             "{\"@id\":\"https://record.example/speakers/6\"},"
                                             "{\"@id\":\"https://record.example/events/7\"}]}");
    cell_set(row, s, 0, "about_ids", "{}");
    assert_string_equal(rendered(x, s, row), "{\"@id\":\"https://record.example/quotes/1\",\"@type\":\"Quotation\","
                                             "\"about\":[{\"@id\":\"https://record.example/events/7\"}]}");
}

static void test_event_statuses_have_words_or_none(void **state) {
    static const char *const words[][2] = {{"announced", "https://schema.org/EventScheduled"},
                                           {"planned", "https://schema.org/EventScheduled"},
                                           {"cancelled", "https://schema.org/EventCancelled"},
                                           {"occurred", NULL}};
    Exchange *x = *state;
    Selection *s = selection_plain(x->arena, &event_resource, false);
    const char **row = row_new(x, s);
    cell_set(row, s, 0, "id", "1");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        cell_set(row, s, 0, "status", words[i][0]);
        json_t *json = document(x, s, row, NULL);
        const char *word = json_string_value(json_object_get(json, "eventStatus"));
        assert_true((word == NULL) == (words[i][1] == NULL));
        if (word != NULL)
            assert_string_equal(word, words[i][1]);
        json_decref(json);
    }
}

static void test_embedded_records_stand_where_the_reference_does(void **state) {
    Exchange *x = *state;
    query_set(x, "fields=text,speaker.name,article.source.name,continues.text");
    Selection *s = selection_read(x, &quote_resource, true);
    const char **row = row_new(x, s);
    cell_set(row, s, 0, "id", "1");
    cell_set(row, s, 0, "text", "t");
    cell_set(row, s, 0, "status", "confirmed"); /* not named */
    cell_set(row, s, 0, "speaker_id", "2");
    cell_set(row, s, 0, "article_id", "3");
    cell_set(row, s, 0, "source_id", "4"); /* not named, and not embedded */
    cell_set(row, s, 0, "continues_id", "5");
    cell_set(row, s, 1, "id", "2");
    cell_set(row, s, 1, "kind", "person");
    cell_set(row, s, 1, "name", "Ann");
    cell_set(row, s, 2, "id", "3");
    cell_set(row, s, 2, "source_id", "4");
    cell_set(row, s, 3, "id", "4");
    cell_set(row, s, 3, "name", "Gazette");
    cell_set(row, s, 4, "id", "5");
    cell_set(row, s, 4, "text", "before");
    assert_string_equal(
        rendered(x, s, row),
        "{\"@id\":\"https://record.example/quotes/1\",\"@type\":\"Quotation\",\"text\":\"t\","
        "\"spokenByCharacter\":{\"@id\":\"https://record.example/speakers/2\",\"@type\":\"Person\",\"name\":\"Ann\"},"
        "\"isPartOf\":{\"@id\":\"https://record.example/articles/3\",\"@type\":\"NewsArticle\","
        "\"publisher\":{\"@id\":\"https://record.example/sources/4\",\"@type\":\"NewsMediaOrganization\","
        "\"name\":\"Gazette\"}},"
        "\"@included\":[{\"@id\":\"https://record.example/quotes/5\",\"@type\":\"Quotation\",\"text\":\"before\"}]}");
}

static void test_branches_are_included(void **state) {
    Exchange *x = *state;
    query_set(x, "include=quotes&fields=headline,quotes.text");
    Selection *s = selection_read(x, &article_resource, true);
    s->branches[0].list = list_of_branch(x, &article_resource, &s->branches[0], 1);
    list_queue(s->branches[0].list, &x->batch);
    const Selection *of_quotes = &s->branches[0].selection;
    const char **quote = row_new(x, of_quotes);
    cell_set(quote, of_quotes, 0, "id", "9");
    cell_set(quote, of_quotes, 0, "text", "t");
    const char **row = row_new(x, s);
    cell_set(row, s, 0, "id", "1");
    cell_set(row, s, 0, "headline", "h");
    result_set(x, 0, of_quotes->columns, 1, quote);
    json_t *json = document(x, s, row, &x->batch);
    const json_t *included = json_object_get(json, "@included");
    assert_int_equal(json_array_size(included), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(included, 0), "@id")),
                        "https://record.example/quotes/9");
    json_decref(json);
}

/* Each row of each table names a field that is a column, and what is said of objects fits them. */
static void test_the_tables_fit_the_fields(void **state) {
    (void)state;
    int count;
    const Resource *const *all = resources_all(&count);
    for (int i = 0; i < count; i++) {
        const Thing *thing = all[i]->thing;
        assert_non_null(thing);
        assert_true((thing->type == NULL) == (thing->typed_by != NULL && thing->types != NULL));
        for (const Term *term = thing->terms; term->name != NULL; term++) {
            const Field *field = field_find(all[i], term->field, strlen(term->field));
            assert_true(field != NULL && field_is_column(field));
            assert_true((field->type == TYPE_OBJECTS) == (term->by != NULL));
            assert_true((term->type == NULL) == (term->member == NULL));
            assert_true(field->type == TYPE_ENUM || term->meanings == NULL);
        }
        for (const Field *field = all[i]->fields; field->name != NULL && thing->types != NULL; field++)
            for (int v = 0; strcmp(field->name, thing->typed_by) == 0 && field->values[v] != NULL; v++)
                assert_string_equal(thing->types[v].value, field->values[v]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(test_what_is_null_is_left_out),
        unit_case(test_speakers_are_things_of_their_kind),
        unit_case(test_two_fields_of_one_word),
        unit_case(test_event_statuses_have_words_or_none),
        unit_case(test_embedded_records_stand_where_the_reference_does),
        unit_case(test_branches_are_included),
        unit_case(test_the_tables_fit_the_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
