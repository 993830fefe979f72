/* record/body: a body's members as the texts of columns; every fault of it at once, each where it stands. */
#include "record_fixture.h"

#include <jansson.h>

#include "record/body.h"

static json_t *parse(Exchange *x, const char *text) {
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    return exchange_own(x, json);
}

static const Field *field_of(const Resource *resource, const char *name) {
    const Field *field = field_find(resource, name, strlen(name));
    assert_non_null(field);
    return field;
}

static const char *value_of(Exchange *x, const Resource *resource, const char *name, const char *json) {
    exchange_release(x);
    x->problem = (Problem){.kind = PROBLEM_NONE};
    return body_value(x, field_of(resource, name), parse(x, json), pointer_join(x->arena, "", name));
}

static void expect_text(Exchange *x, const Resource *resource, const char *name, const char *json, const char *wanted) {
    const char *value = value_of(x, resource, name, json);
    assert_string_equal(faults_text(x), "");
    if (wanted == NULL)
        assert_null(value);
    else
        assert_string_equal(value, wanted);
}

static void expect_faults(Exchange *x, const Resource *resource, const char *name, const char *json,
                          const char *wanted) {
    value_of(x, resource, name, json);
    assert_string_equal(faults_text(x), wanted);
}

static void test_scalars(void **state) {
    Exchange *x = *state;
    expect_text(x, &quote_resource, "article_id", "7", "7");
    expect_text(x, &quote_resource, "speaker_id", "null", NULL);
    expect_text(x, &quote_resource, "text", "\" as it\\tcame \"", " as it\tcame ");
    expect_text(x, &quote_resource, "kind", "\"partial\"", "partial");
    expect_text(x, &quote_resource, "confidence", "0.1", "0.10000000000000001");
    expect_text(x, &quote_resource, "said_on", "\"2025-05\"", "2025-05");
    expect_text(x, &speaker_resource, "name", "\" A \"", "A");
    expect_text(x, &article_resource, "published_at", "\"2025-05-15T10:00:00Z\"", "2025-05-15T10:00:00.000000Z");
    expect_faults(x, &quote_resource, "article_id", "null", "#/article_id: must not be null");
    expect_faults(x, &quote_resource, "status", "null", "#/status: must not be null");
    expect_faults(x, &quote_resource, "text", "\"\"", "#/text: must be a string that is not empty");
    expect_faults(x, &quote_resource, "kind", "7", "#/kind: must be one of direct, partial, indirect");
    expect_faults(x, &quote_resource, "speaker_id", "\"7\"",
                  "#/speaker_id: must be a whole number from 1 to 9007199254740991");
}

static void test_lists(void **state) {
    Exchange *x = *state;
    expect_text(x, &speaker_resource, "aliases", "[]", "{}");
    expect_text(x, &speaker_resource, "aliases", "[\" a \", \"b,c\", \"NULL\", \"\\\"\", \"\\\\\"]",
                "{\"a\",\"b,c\",\"NULL\",\"\\\"\",\"\\\\\"}");
    expect_text(x, &speaker_resource, "same_as", "[\"https://a.example/\"]", "{\"https://a.example/\"}");
    expect_text(x, &quote_resource, "about_ids", "[3, 1]", "{\"3\",\"1\"}");
    expect_faults(x, &speaker_resource, "aliases", "\"a\"", "#/aliases: must be an array");
    expect_faults(x, &speaker_resource, "aliases", "{}", "#/aliases: must be an array");
    expect_faults(x, &speaker_resource, "aliases", "[\"a\", null, \" a\", 3, \"\"]",
                  "#/aliases/1: must be a string\n#/aliases/2: is given twice\n#/aliases/3: must be a string\n"
                  "#/aliases/4: must be text that is more than white space");
    expect_faults(x, &speaker_resource, "same_as", "[\"ftp://a\"]",
                  "#/same_as/0: must be an absolute http or https URL of at most 2048 bytes");
    expect_faults(x, &quote_resource, "about_ids", "[1, \"x\", 0, 1]",
                  "#/about_ids/1: must be a whole number from 1 to 9007199254740991\n"
                  "#/about_ids/2: must be a whole number from 1 to 9007199254740991\n#/about_ids/3: is given twice");
}

static void test_lists_have_a_bound(void **state) {
    Exchange *x = *state;
    Buffer json = buffer_new(x->arena, 0);
    buffer_add_string(&json, "[1");
    for (int i = 2; i <= 1000; i++)
        buffer_printf(&json, ",%d", i);
    assert_non_null(value_of(x, &quote_resource, "about_ids", arena_printf(x->arena, "%s]", json.data)));
    assert_string_equal(faults_text(x), "");
    expect_faults(x, &quote_resource, "about_ids", arena_printf(x->arena, "%s,1001]", json.data),
                  "#/about_ids: must hold at most 1000 items");
}

static void test_spans(void **state) {
    Exchange *x = *state;
    expect_text(x, &quote_resource, "spans", "[]", "{}");
    expect_text(x, &quote_resource, "spans", "[{\"start\":0,\"end\":5},{\"end\":12,\"start\":7}]", "{0,5,7,12}");
    static const char *const wrong[] = {"7",
                                        "null",
                                        "{}",
                                        "[]",
                                        "{\"start\":1}",
                                        "{\"start\":5,\"end\":5}",
                                        "{\"start\":-1,\"end\":5}",
                                        "{\"start\":1,\"end\":2147483648}",
                                        "{\"start\":1,\"end\":2,\"x\":1}",
                                        "{\"start\":1.0,\"end\":2}",
                                        "{\"start\":\"1\",\"end\":2}",
                                        "{\"start\":5,\"end\":1}"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_faults(x, &quote_resource, "spans", arena_printf(x->arena, "[{\"start\":0,\"end\":1},%s]", wrong[i]),
                      "#/spans/1: must be {\"start\": m, \"end\": n} with whole numbers, 0 <= m < n");
    expect_faults(x, &quote_resource, "spans", "{\"start\":0,\"end\":1}", "#/spans: must be an array");
}

static void test_nested_objects(void **state) {
    Exchange *x = *state;
    expect_text(x, &quote_resource, "relayed_by", "null", NULL);
    expect_text(x, &quote_resource, "relayed_by", "{}",
                "{\"speaker_id\":null,\"as_printed\":null,\"role\":null,\"cue\":null}");
    expect_text(x, &quote_resource, "relayed_by", "{\"cue\":\"said \\\"so\\\"\",\"speaker_id\":7}",
                "{\"speaker_id\":7,\"as_printed\":null,\"role\":null,\"cue\":\"said \\\"so\\\"\"}");
    expect_text(x, &article_resource, "via", "[{\"source_id\":1},{\"source_id\":2,\"as_printed\":\"x\"}]",
                "[{\"source_id\":1,\"as_printed\":null},{\"source_id\":2,\"as_printed\":\"x\"}]");
    expect_text(x, &article_resource, "via", "[]", "[]");
    expect_faults(x, &quote_resource, "relayed_by", "[]", "#/relayed_by: must be an object");
    expect_faults(x, &quote_resource, "relayed_by", "{\"speaker_id\":0,\"x\":1,\"role\":7}",
                  "#/relayed_by/x: is not a field here\n#/relayed_by/speaker_id: must be a whole number from 1 to "
                  "9007199254740991\n#/relayed_by/role: must be a string");
    expect_faults(x, &article_resource, "via", "[{}, 7, {\"source_id\":null}, {\"source_id\":1,\"a/b~c\":2}]",
                  "#/via/0/source_id: is required\n#/via/1: must be an object\n#/via/2/source_id: is required\n"
                  "#/via/3/a~1b~0c: is not a field here");
    expect_faults(x, &speaker_resource, "affiliations", "[{\"organization_id\":1,\"start_date\":\"May\"}]",
                  "#/affiliations/0/start_date: must be a date: 2025, 2025-05 or 2025-05-15");
    expect_faults(x, &article_resource, "via", "null", "#/via: must not be null");
}

static void test_extra(void **state) {
    Exchange *x = *state;
    expect_text(x, &source_resource, "extra", "{}", "{}");
    expect_text(x, &source_resource, "extra", "{\"a\":{\"b\":[1,0.1,null]}}", "{\"a\":{\"b\":[1,0.1,null]}}");
    expect_faults(x, &source_resource, "extra", "[]", "#/extra: must be an object");
    expect_faults(x, &source_resource, "extra", "\"x\"", "#/extra: must be an object");
    expect_faults(x, &source_resource, "extra", "null", "#/extra: must not be null");
}

static void test_pointers_are_escaped(void **state) {
    Exchange *x = *state;
    assert_string_equal(pointer_join(x->arena, "", "a"), "/a");
    assert_string_equal(pointer_join(x->arena, "/x", "a/b~c~1"), "/x/a~1b~0c~01");
    assert_string_equal(pointer_join(x->arena, "/x", ""), "/x/");
    body_unknown(x, source_resource.fields, parse(x, "{\"a/b\":1,\"name\":1,\"~\":1,\"\":1,\"id\":1}"), "");
    assert_string_equal(faults_text(x),
                        "#/a~1b: is not a field here\n#/~0: is not a field here\n#/: is not a field here\n"
                        "#/id: is not a field here");
}

static const char *references_text(Exchange *x, const References *references) {
    Buffer out = buffer_new(x->arena, 256);
    for (int i = 0; i < references->count; i++) {
        const Reference *r = &references->items[i];
        buffer_printf(&out, "%s%s=%s ", i > 0 ? "\n" : "", r->pointer, r->target);
        if (references->by_key)
            buffer_printf(&out, "%s:%s", r->key->name, r->value);
        else
            buffer_printf(&out, "%lld", (long long)r->id);
    }
    return out.data;
}

static void test_references_by_another_key(void **state) {
    Exchange *x = *state;
    json_t *object =
        parse(x, "{\"article_id\":{\"url\":\"https://a.example/\"},\"speaker_id\":{\"name\":\" A \"},"
                 "\"about_ids\":[1,{\"external_id\":\"x\"}],\"relayed_by\":{\"speaker_id\":{\"name\":\"B\"}},"
                 "\"event_id\":4,\"continues_id\":null,\"source_id\":{\"name\":\"read-only\"}}");
    References found = body_references(x, &quote_resource, object, "", true);
    assert_string_equal(faults_text(x), "");
    assert_string_equal(references_text(x, &found),
                        "/article_id=articles url:https://a.example/\n/speaker_id=speakers name:A\n"
                        "/relayed_by/speaker_id=speakers name:B\n/about_ids/1=speakers external_id:x");
    /* Each knows where the id belongs that takes its place. */
    for (int i = 0; i < found.count; i++) {
        const Reference *r = &found.items[i];
        if (r->member != NULL)
            json_object_set_new(r->holder, r->member, json_integer(10 + i));
        else
            json_array_set_new(r->holder, r->index, json_integer(10 + i));
    }
    found = body_references(x, &quote_resource, object, "", false);
    assert_string_equal(references_text(x, &found), "/article_id=articles 10\n/speaker_id=speakers 11\n"
                                                    "/relayed_by/speaker_id=speakers 12\n/about_ids/0=speakers 1\n"
                                                    "/about_ids/1=speakers 13\n/event_id=events 4");
}

static void test_references_in_lists_of_objects(void **state) {
    Exchange *x = *state;
    json_t *object = parse(x, "{\"via\":[{\"source_id\":{\"name\":\"A\"}},7,{\"source_id\":2}],"
                              "\"mentions\":[{\"speaker_id\":{\"external_id\":\"e\"},\"role\":{\"name\":\"none\"}}],"
                              "\"extra\":{\"source_id\":{\"name\":\"none\"}}}");
    References found = body_references(x, &article_resource, object, "", true);
    assert_string_equal(references_text(x, &found), "/via/0/source_id=sources name:A\n"
                                                    "/mentions/0/speaker_id=speakers external_id:e");
    assert_string_equal(faults_text(x), "");
}

static void test_references_that_are_none(void **state) {
    Exchange *x = *state;
    json_t *object = parse(x, "{\"article_id\":{\"name\":\"articles have none\"},\"speaker_id\":{},"
                              "\"event_id\":{\"name\":\"a\",\"external_id\":\"b\"},\"continues_id\":{\"id\":7},"
                              "\"about_ids\":[{\"name\":7},{\"name\":\"\"},{\"external_id\":null}]}");
    References found = body_references(x, &quote_resource, object, "", true);
    assert_int_equal(found.count, 0);
    assert_string_equal(faults_text(x),
                        "#/article_id: must be an id or an object with one member: external_id or url\n"
                        "#/speaker_id: must be an id or an object with one member: external_id or name\n"
                        "#/continues_id: must be an id or an object with one member: external_id\n"
                        "#/about_ids/0/name: must be a string\n"
                        "#/about_ids/1/name: must be a string that is not empty\n"
                        "#/about_ids/2/external_id: must be a string\n"
                        "#/event_id: must be an id or an object with one member: external_id or name");
}

static void test_references_by_another_key_have_a_bound(void **state) {
    Exchange *x = *state;
    Buffer json = buffer_new(x->arena, 0);
    for (int i = 0; i < 101; i++)
        buffer_printf(&json, "%s{\"name\":\"s%d\"}", i > 0 ? "," : "", i);
    json_t *object = parse(x, arena_printf(x->arena, "{\"about_ids\":[%s]}", json.data));
    References found = body_references(x, &quote_resource, object, "", true);
    assert_int_equal(found.count, 100);
    assert_string_equal(faults_text(x),
                        "#/about_ids/100: is one reference by another key than the id too many: at most 100");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        unit_case(test_scalars),
        unit_case(test_lists),
        unit_case(test_lists_have_a_bound),
        unit_case(test_spans),
        unit_case(test_nested_objects),
        unit_case(test_extra),
        unit_case(test_pointers_are_escaped),
        unit_case(test_references_by_another_key),
        unit_case(test_references_in_lists_of_objects),
        unit_case(test_references_that_are_none),
        unit_case(test_references_by_another_key_have_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
