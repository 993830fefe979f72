/* The table of representations: what a set of them offers, and by which names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record/representation.h"

enum { LIST = FORMAT_BIT(FORMAT_JSON) | FORMAT_BIT(FORMAT_NDJSON) | FORMAT_BIT(FORMAT_CSV) };

static void a_name_is_found_among_what_is_offered(void **state) {
    (void)state;
    assert_int_equal(format_named(LIST, "json"), FORMAT_JSON);
    assert_int_equal(format_named(LIST, "ndjson"), FORMAT_NDJSON);
    assert_int_equal(format_named(LIST, "csv"), FORMAT_CSV);
    assert_int_equal(format_named(LIST, "atom"), FORMAT_COUNT);
    assert_int_equal(format_named(LIST, "CSV"), FORMAT_COUNT);
    assert_int_equal(format_named(LIST, ""), FORMAT_COUNT);
    assert_int_equal(format_named(LIST | FORMAT_BIT(FORMAT_ATOM), "atom"), FORMAT_ATOM);
}

static void an_empty_set_is_json(void **state) {
    const char *types[OFFERS_MAX];
    Format formats[OFFERS_MAX];
    (void)state;
    assert_true(format_offered(0, FORMAT_JSON));
    assert_false(format_offered(0, FORMAT_CSV));
    assert_int_equal(format_offers(0, types, formats), 1);
    assert_string_equal(types[0], "application/json");
}

static void offers_come_best_first_with_their_other_names(void **state) {
    static const char *const expected[] = {"application/json", "application/x-ndjson", "application/ndjson",
                                           "application/jsonl", "text/csv"};
    static const Format stand_for[] = {FORMAT_JSON, FORMAT_NDJSON, FORMAT_NDJSON, FORMAT_NDJSON, FORMAT_CSV};
    const char *types[OFFERS_MAX];
    Format formats[OFFERS_MAX];
    (void)state;
    assert_int_equal(format_offers(LIST, types, formats), 5);
    for (int i = 0; i < 5; i++) {
        assert_string_equal(types[i], expected[i]);
        assert_int_equal(formats[i], stand_for[i]);
    }
    assert_int_equal(format_offers(FORMAT_BIT(FORMAT_FILE), types, formats), 0);
    assert_true(format_offers(~0U, types, formats) <= OFFERS_MAX);
}

static void a_set_is_told_in_words(void **state) {
    Arena *arena = arena_new();
    (void)state;
    assert_string_equal(format_names(arena, LIST), "json, ndjson or csv");
    assert_string_equal(format_names(arena, FORMAT_BIT(FORMAT_JSON)), "json");
    assert_string_equal(format_names(arena, FORMAT_BIT(FORMAT_JSON) | FORMAT_BIT(FORMAT_HTML)), "json");
    assert_string_equal(format_media_types(arena, LIST), "application/json, application/x-ndjson or text/csv");
    assert_string_equal(format_media_types(arena, 0), "application/json");
    arena_free(arena);
}

static void every_format_that_has_a_name_can_be_sent(void **state) {
    (void)state;
    for (Format format = 0; format < FORMAT_FILE; format++) {
        const Representation *representation = representation_of(format);
        assert_non_null(representation->media_types[0]);
        assert_non_null(representation->content_type);
        assert_non_null(representation->extension);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_found_among_what_is_offered),         cmocka_unit_test(an_empty_set_is_json),
        cmocka_unit_test(offers_come_best_first_with_their_other_names), cmocka_unit_test(a_set_is_told_in_words),
        cmocka_unit_test(every_format_that_has_a_name_can_be_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
