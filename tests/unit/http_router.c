/* From raw paths to routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/router.h"

static const Endpoint table[] = {
    {.method = METHOD_GET, .path = "/", .scope = SCOPE_OPEN},
    {.method = METHOD_GET, .path = "/quotes", .scope = SCOPE_READ},
    {.method = METHOD_POST, .path = "/quotes", .scope = SCOPE_WRITE},
    {.method = METHOD_DELETE, .path = "/quotes/{id}", .scope = SCOPE_WRITE},
    {.method = METHOD_GET, .path = "/quotes/{id}", .scope = SCOPE_READ},
    {.method = METHOD_GET, .path = "/quotes/first", .scope = SCOPE_READ},
    {.method = METHOD_GET, .path = "/articles/{id}/quotes", .scope = SCOPE_READ},
    {.method = METHOD_GET, .path = "/articles/{id}/revisions/{version}", .scope = SCOPE_READ},
    {.method = METHOD_GET, .path = "/docs/{file}", .scope = SCOPE_OPEN},
};

static Router *router;

static int setup(void **state) {
    (void)state;
    const Endpoint *tables[] = {table};
    const int counts[] = {sizeof(table) / sizeof(table[0])};
    char fault[128];
    router = router_new(tables, counts, 1, fault, sizeof(fault));
    return router ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    router_free(router);
    return 0;
}

/* The template that the path matches; "slash" or "none" otherwise. */
static const char *route_of(const char *path, Match *match) {
    switch (router_match(router, path, strlen(path), match)) {
    case MATCH_ROUTE:
        return match->route->path;
    case MATCH_SLASH:
        return "slash";
    case MATCH_NONE:
        break;
    }
    return "none";
}

static void assert_route(const char *path, const char *expected) {
    Match match;
    assert_string_equal(route_of(path, &match), expected);
}

static void paths_find_their_routes(void **state) {
    (void)state;
    Match match;
    assert_route("/", "/");
    assert_route("/quotes", "/quotes");
    assert_route("/quotes/first", "/quotes/first");
    assert_route("/docs/swagger-ui.css", "/docs/{file}");
    assert_string_equal(route_of("/quotes/7", &match), "/quotes/{id}");
    assert_int_equal(match.ids[0], 7);
    assert_string_equal(route_of("/articles/12/revisions/9007199254740991", &match),
                        "/articles/{id}/revisions/{version}");
    assert_int_equal(match.ids[0], 12);
    assert_true(match.ids[1] == INT64_C(9007199254740991));
}

static void other_spellings_of_an_id_are_nothing(void **state) {
    (void)state;
    static const char *const ids[] = {"0",
                                      "+1",
                                      "-1",
                                      "01",
                                      "1e3",
                                      "1.0",
                                      "0x1",
                                      "%31",
                                      "1%00",
                                      "1%2F2",
                                      "1 ",
                                      "9007199254740992",
                                      "10000000000000000",
                                      "18446744073709551617",
                                      "secondly",
                                      "FIRST"};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        char path[64] = "/quotes/";
        strncat(path, ids[i], sizeof(path) - 10);
        assert_route(path, "none");
    }
}

static void what_is_not_there_is_nothing(void **state) {
    (void)state;
    static const char *const paths[] = {
        "",           "quotes",      "/quote",   "/quotesx",  "/Quotes",           "/quotes/7/8", "//quotes",
        "/quotes//7", "/quotes//",   "//",       "/docs/",    "/quotes/.",         "/./quotes",   "/x/../quotes",
        "/articles",  "/articles/7", "/docs//x", "/%71uotes", "/articles/x/quotes"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_route(paths[i], "none");
}

static void a_slash_at_the_end_is_one_too_many(void **state) {
    (void)state;
    assert_route("/quotes/", "slash");
    assert_route("/quotes/7/", "slash");
    assert_route("/articles/7/quotes/", "slash");
    assert_route("/nothing/", "none");
}

static void routes_know_their_methods(void **state) {
    (void)state;
    Match match;
    route_of("/quotes", &match);
    assert_string_equal(match.route->allow, "GET, HEAD, POST, OPTIONS");
    assert_ptr_equal(match.route->endpoints[METHOD_POST], &table[2]);
    assert_null(match.route->endpoints[METHOD_PUT]);
    route_of("/quotes/7", &match);
    assert_string_equal(match.route->allow, "GET, HEAD, DELETE, OPTIONS");
}

static void one_endpoint_for_a_method_and_path(void **state) {
    (void)state;
    const Endpoint twice[] = {{.method = METHOD_GET, .path = "/a"}, {.method = METHOD_GET, .path = "/a"}};
    const Endpoint *tables[] = {twice};
    const int counts[] = {2};
    char fault[128] = "";
    assert_null(router_new(tables, counts, 1, fault, sizeof(fault)));
    assert_string_equal(fault, "two endpoints for GET /a");
}

static void methods_are_named(void **state) {
    (void)state;
    Method method;
    bool head;
    assert_true(method_parse("PATCH", &method, &head) && method == METHOD_PATCH && !head);
    assert_true(method_parse("HEAD", &method, &head) && method == METHOD_GET && head);
    assert_false(method_parse("get", &method, &head));
    assert_false(method_parse("BREW", &method, &head));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_find_their_routes),
        cmocka_unit_test(other_spellings_of_an_id_are_nothing),
        cmocka_unit_test(what_is_not_there_is_nothing),
        cmocka_unit_test(a_slash_at_the_end_is_one_too_many),
        cmocka_unit_test(routes_know_their_methods),
        cmocka_unit_test(one_endpoint_for_a_method_and_path),
        cmocka_unit_test(methods_are_named),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
