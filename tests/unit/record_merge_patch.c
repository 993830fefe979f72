/* record/merge_patch: the test cases of RFC 7396, appendix A, and that neither side is changed. */
#include "record_fixture.h"

#include <jansson.h>

#include "record/merge_patch.h"

static json_t *parse(const char *text) {
    json_t *json = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(json);
    return json;
}

static void test_the_table_of_the_rfc(void **state) {
    (void)state;
    static const struct {
        const char *target, *patch, *result;
    } cases[] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "null", "null"},
        {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *target = parse(cases[i].target), *patch = parse(cases[i].patch), *wanted = parse(cases[i].result);
        json_t *target_was = json_deep_copy(target), *patch_was = json_deep_copy(patch);
        json_t *merged = merge_patch(target, patch);
        assert_true(json_equal(merged, wanted));
        assert_true(json_equal(target, target_was));
        assert_true(json_equal(patch, patch_was));
        json_t *all[] = {target, patch, wanted, target_was, patch_was, merged};
        for (size_t j = 0; j < sizeof all / sizeof *all; j++)
            json_decref(all[j]);
    }
}

static void test_without_a_target(void **state) {
    (void)state;
    json_t *patch = parse("{\"a\":{\"b\":null,\"c\":1},\"d\":null}"), *wanted = parse("{\"a\":{\"c\":1}}");
    json_t *merged = merge_patch(NULL, patch);
    assert_true(json_equal(merged, wanted));
    json_decref(patch);
    json_decref(wanted);
    json_decref(merged);
}

/* What is merged may be changed without a change to the patch, which a write that starts over needs again. */
static void test_the_patch_stays_as_it_came(void **state) {
    (void)state;
    json_t *target = parse("{\"list\":[1],\"same\":{\"x\":1}}"), *patch = parse("{\"deep\":{\"list\":[2]}}");
    json_t *merged = merge_patch(target, patch);
    json_array_append_new(json_object_get(json_object_get(merged, "deep"), "list"), json_integer(3));
    assert_int_equal(json_array_size(json_object_get(json_object_get(patch, "deep"), "list")), 1);
    json_decref(target);
    json_decref(patch);
    json_decref(merged);
}

static void test_the_way_back(void **state) {
    (void)state;
    static const struct {
        const char *from, *to, *patch;
    } cases[] = {
        {"{}", "{}", "{}"},
        {"{\"a\":1}", "{\"a\":1}", "{}"},
        {"{\"a\":1}", "{\"a\":1.0}", "{\"a\":1.0}"},
        {"{\"a\":1}", "{}", "{\"a\":null}"},
        {"{}", "{\"a\":{\"b\":[1,null]}}", "{\"a\":{\"b\":[1,null]}}"},
        {"{\"a\":{\"b\":1,\"c\":2}}", "{\"a\":{\"b\":1,\"d\":3}}", "{\"a\":{\"c\":null,\"d\":3}}"},
        {"{\"a\":{\"b\":1}}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"{\"a\":[1]}", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}"},
        {"{\"a\":[{\"b\":1,\"c\":2}]}", "{\"a\":[{\"b\":1}]}", "{\"a\":[{\"b\":1}]}"},
        /* null is what is missing */
        {"{\"a\":null}", "{\"a\":null}", "{}"},
        {"{\"a\":null}", "{}", "{}"},
        {"{}", "{\"a\":null}", "{}"},
        {"{\"a\":1}", "{\"a\":null}", "{\"a\":null}"},
        {"{\"a\":null}", "{\"a\":1}", "{\"a\":1}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *from = parse(cases[i].from), *to = parse(cases[i].to), *wanted = parse(cases[i].patch);
        json_t *from_was = json_deep_copy(from), *to_was = json_deep_copy(to);
        json_t *patch = merge_patch_between(from, to);
        json_t *merged = merge_patch(from, patch);
        json_t *rest = merge_patch_between(merged, to);
        assert_true(json_equal(patch, wanted));
        assert_int_equal(json_object_size(rest), 0);
        assert_true(json_equal(from, from_was));
        assert_true(json_equal(to, to_was));
        json_t *all[] = {from, to, wanted, from_was, to_was, patch, merged, rest};
        for (size_t j = 0; j < sizeof all / sizeof *all; j++)
            json_decref(all[j]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table_of_the_rfc),
        cmocka_unit_test(test_without_a_target),
        cmocka_unit_test(test_the_patch_stays_as_it_came),
        cmocka_unit_test(test_the_way_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
