/* What is kept, under which bound, in which order; and what still stands. */
#include <stdio.h>
#include <string.h>

#include "http/cache.h"
#include "http/generations.h"
#include "record_fixture.h"

enum { LIMIT = 64 * 1024 };

/* An answer with a body of that length, all of one letter. */
static void answer_set(Exchange *x, char letter, size_t length) {
    footprint_all(x);
    x->etag = "7";
    x->header_count = 0;
    exchange_header(x, "Link", "<?cursor=abc>; rel=\"next\"");
    x->body = buffer_new(x->arena, length);
    memset(buffer_reserve(&x->body, length), letter, length);
    buffer_commit(&x->body, length);
}

static bool keep(Cache *cache, Exchange *x, const char *key, size_t length) {
    answer_set(x, key[0], length);
    return cache_keep(cache, key, strlen(key), x, 1);
}

static bool has(Cache *cache, const char *key) {
    Kept *kept = cache_find(cache, key, strlen(key));
    if (kept)
        cache_let_go(kept);
    return kept != NULL;
}

static void test_what_is_kept_is_a_copy(void **state) {
    Exchange *x = *state;
    Cache *cache = cache_new(LIMIT);
    assert_true(keep(cache, x, "key", 100));
    memset(x->body.data, '-', 100);
    Kept *kept = cache_find(cache, "key", 3);
    assert_non_null(kept);
    assert_int_equal(kept->length, 100);
    assert_int_equal(kept->body[99], 'k');
    assert_string_equal(kept->etag, "7");
    assert_string_equal(kept->headers[0].value, "<?cursor=abc>; rel=\"next\"");
    assert_false(has(cache, "ke"));
    assert_false(has(cache, "kex"));
    cache_drop(cache, kept);
    assert_false(has(cache, "key"));
    assert_int_equal(kept->body[0], 'k'); /* it is held */
    cache_let_go(kept);
    cache_free(cache);
}

static void test_the_least_recently_used_go(void **state) {
    Exchange *x = *state;
    Cache *cache = cache_new(LIMIT);
    char key[16];
    for (int i = 0; i < 100; i++) {
        snprintf(key, sizeof key, "k%d", i);
        assert_true(keep(cache, x, key, 4000));
        assert_true(has(cache, "k0")); /* used each time */
        assert_true(cache_state(cache).bytes <= LIMIT);
    }
    CacheState left = cache_state(cache);
    assert_true(left.entries > 5 && left.entries < 16);
    assert_int_equal(left.entries + left.evicted, 100);
    for (int i = 1; i < 100; i++) {
        snprintf(key, sizeof key, "k%d", i);
        assert_int_equal(has(cache, key), i > 100 - (int)left.entries);
    }
    cache_free(cache);
}

static void test_what_is_too_large_is_not_kept(void **state) {
    Exchange *x = *state;
    Cache *cache = cache_new(LIMIT);
    assert_true(keep(cache, x, "key", 100));
    assert_false(keep(cache, x, "key", LIMIT / 8));
    assert_false(has(cache, "key")); /* nor what the key had before */
    assert_int_equal(cache_state(cache).bytes, 0);
    cache_free(cache);
}

static void test_a_gzip_form_counts(void **state) {
    Exchange *x = *state;
    Cache *cache = cache_new(LIMIT);
    assert_true(keep(cache, x, "key", 100));
    size_t bytes = cache_state(cache).bytes;
    Kept *kept = cache_find(cache, "key", 3);
    Buffer packed = {.data = "packed", .length = 6};
    const char *copy = cache_pack(cache, kept, &packed);
    assert_ptr_not_equal(copy, packed.data);
    assert_memory_equal(copy, "packed", 6);
    assert_int_equal(cache_state(cache).bytes, bytes + 6);
    cache_drop(cache, kept);
    assert_int_equal(cache_state(cache).bytes, 0);
    cache_let_go(kept);

    assert_true(keep(cache, x, "key", 100));
    kept = cache_find(cache, "key", 3);
    cache_drop(cache, kept);
    assert_ptr_equal(cache_pack(cache, kept, &packed), packed.data); /* it is not kept any more */
    cache_let_go(kept);
    cache_free(cache);
}

/* ---- generations ---- */

static Footprint of_record(const char *resource, int64_t id) {
    return (Footprint){.record_count = 1, .records = {{resource_number(resource, strlen(resource)), id}}};
}

static Footprint of_all(const char *resource) {
    return (Footprint){.resources = UINT32_C(1) << resource_number(resource, strlen(resource))};
}

static void test_what_stands(void **state) {
    (void)state;
    Generations *generations = generations_new();
    Footprint quote = of_record("quotes", 5);
    Footprint quotes = of_all("quotes");
    Footprint sources = of_all("sources");
    uint64_t before = generations_now(generations);
    generations_touch(generations, "");
    generations_touch(generations, "quotes 6,articles 5");
    assert_true(generations_stand(generations, &quote, before));
    assert_true(generations_stand(generations, &sources, before));
    assert_false(generations_stand(generations, &quotes, before));
    assert_true(generations_stand(generations, &quotes, generations_now(generations)));
    generations_touch(generations, "articles 1,quotes 5");
    assert_false(generations_stand(generations, &quote, before));
    uint64_t later = generations_now(generations);
    assert_true(generations_stand(generations, &quote, later));
    generations_touch(generations, "weather 5"); /* of which nothing is known: everything */
    assert_false(generations_stand(generations, &quote, later));
    later = generations_now(generations);
    generations_touch(generations, NULL);
    assert_false(generations_stand(generations, &sources, later));
    generations_free(generations);
}

static void test_it_is_fresh_after_a_look(void **state) {
    (void)state;
    Generations *generations = generations_new();
    assert_false(generations_fresh(generations, 1000));
    assert_int_equal(atomic_load(generations_wanted(generations)), 1000);
    generations_looked(generations, 2000, "");
    assert_true(generations_fresh(generations, 2000 + GENERATIONS_LOOK_US - 1));
    assert_false(generations_fresh(generations, 2000 + GENERATIONS_LOOK_US));
    generations_free(generations);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_kept_is_a_copy, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_the_least_recently_used_go, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_what_is_too_large_is_not_kept, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(test_a_gzip_form_counts, fixture_setup, fixture_teardown),
        cmocka_unit_test(test_what_stands),
        cmocka_unit_test(test_it_is_fresh_after_a_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
