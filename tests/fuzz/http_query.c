/* A request target: taken apart, decoded and routed. Nothing may crash; what passes is valid UTF-8 and finds one route.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "http/router.h"
#include "http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const Endpoint table[] = {
    {.method = METHOD_GET, .path = "/"},
    {.method = METHOD_GET, .path = "/quotes"},
    {.method = METHOD_GET, .path = "/quotes/{id}"},
    {.method = METHOD_GET, .path = "/articles/{id}/quotes"},
    {.method = METHOD_GET, .path = "/docs/{file}"},
};

static void require(bool condition) {
    if (!condition)
        abort();
}

static void target_follow(Exchange *x, const char *raw) {
    const Endpoint *tables[] = {table};
    const int counts[] = {sizeof(table) / sizeof(table[0])};
    char fault[128];
    Target target;
    Match match;
    if (!target_parse(x, raw, &target)) {
        require(x->problem.kind != PROBLEM_NONE);
        return;
    }
    require(strlen(x->path) <= TARGET_MAX && x->path[strcspn(x->path, "\"\\<> \r\n")] == 0);
    Router *router = router_new(tables, counts, 1, fault, sizeof(fault));
    require(router != NULL);
    if (router_match(router, target.path, target.path_length, &match) != MATCH_NONE)
        require(match.route != NULL && match.id_count <= EXCHANGE_IDS);
    router_free(router);
    require(target_parameters(x, target.query) == (x->problem.kind == PROBLEM_NONE));
    for (int i = 0; i < x->parameter_count; i++) {
        require(utf8_valid(x->parameters[i].name, strlen(x->parameters[i].name)));
        require(utf8_valid(x->parameters[i].value, strlen(x->parameters[i].value)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    Arena *arena = arena_new();
    Exchange x = {.arena = arena};
    target_follow(&x, arena_strndup(arena, (const char *)data, size));
    if (x.problem.kind != PROBLEM_NONE) {
        Buffer document = buffer_new(arena, 512);
        problem_render(&x, &document);
        require(utf8_valid(document.data, document.length));
    }
    arena_free(arena);
    return 0;
}
