#include "http/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum NodeKind { NODE_LITERAL, NODE_ID, NODE_TEXT } NodeKind;

/* One segment of the templates; children are what may follow it, literals before placeholders. */
typedef struct Node Node;
struct Node {
    NodeKind kind;
    const char *text; /* NODE_LITERAL: within a template, not terminated */
    size_t length;
    Node *children;
    Node *sibling;
    Route *route; /* that ends here, or NULL */
};

enum { ROUTES_MAX = 256 };

struct Router {
    Arena *arena;
    Node root;
    Route *routes[ROUTES_MAX];
    int count;
};

static const char *const method_names[METHOD_COUNT] = {
    [METHOD_GET] = "GET",     [METHOD_POST] = "POST",     [METHOD_PUT] = "PUT",
    [METHOD_PATCH] = "PATCH", [METHOD_DELETE] = "DELETE",
};

const char *method_name(Method method) {
    return method_names[method];
}

bool method_parse(const char *name, Method *method, bool *head) {
    *head = strcmp(name, "HEAD") == 0;
    if (*head) {
        *method = METHOD_GET;
        return true;
    }
    for (int i = 0; i < METHOD_COUNT; i++) {
        if (strcmp(name, method_names[i]) == 0) {
            *method = (Method)i;
            return true;
        }
    }
    return false;
}

int64_t path_id_parse(const char *text, size_t length) {
    int64_t value = 0;
    if (length == 0 || length > 16 || text[0] == '0')
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return 0;
        value = value * 10 + (text[i] - '0');
    }
    return value < (INT64_C(1) << 53) ? value : 0;
}

/* The segment that begins after the slash at `*at`; moves `*at` to the next slash or the end. */
static const char *next_segment(const char **at, const char *end, size_t *length) {
    const char *start = *at + 1;
    const char *stop = start < end ? memchr(start, '/', (size_t)(end - start)) : NULL;
    *at = stop ? stop : end;
    *length = (size_t)(*at - start);
    return start;
}

static bool is_number(const char *text, size_t length) {
    static const char *const numbers[] = {"{id}", "{version}"};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (strlen(numbers[i]) == length && memcmp(text, numbers[i], length) == 0)
            return true;
    return false;
}

static Node *child_get(Router *router, Node *parent, const char *text, size_t length) {
    NodeKind kind = NODE_LITERAL;
    if (length > 0 && text[0] == '{')
        kind = is_number(text, length) ? NODE_ID : NODE_TEXT;
    Node **place = &parent->children;
    for (; *place && (*place)->kind <= kind; place = &(*place)->sibling) {
        Node *node = *place;
        if (node->kind == kind &&
            (kind != NODE_LITERAL || (node->length == length && memcmp(node->text, text, length) == 0)))
            return node;
    }
    Node *node = arena_calloc(router->arena, 1, sizeof(Node));
    *node = (Node){.kind = kind, .text = text, .length = length, .sibling = *place};
    *place = node;
    return node;
}

static Route *route_get(Router *router, const char *path) {
    const char *at = path;
    const char *end = path + strlen(path);
    Node *node = &router->root;
    while (at < end && end - path > 1) {
        size_t length;
        const char *segment = next_segment(&at, end, &length);
        node = child_get(router, node, segment, length);
    }
    if (node->route == NULL && router->count < ROUTES_MAX) {
        Route *route = arena_calloc(router->arena, 1, sizeof(Route));
        route->path = path;
        route->index = router->count;
        router->routes[router->count++] = route;
        node->route = route;
    }
    return node->route;
}

static bool endpoint_add(Router *router, const Endpoint *endpoint, char *fault, size_t fault_size) {
    Route *route = route_get(router, endpoint->path);
    if (route == NULL) {
        snprintf(fault, fault_size, "more than %d paths", (int)ROUTES_MAX);
        return false;
    }
    if (route->endpoints[endpoint->method]) {
        snprintf(fault, fault_size, "two endpoints for %s %s", method_name(endpoint->method), endpoint->path);
        return false;
    }
    route->endpoints[endpoint->method] = endpoint;
    return true;
}

static void routes_finish(Router *router) {
    for (int i = 0; i < router->count; i++) {
        Route *route = router->routes[i];
        Buffer allow = buffer_new(router->arena, 48);
        for (int method = 0; method < METHOD_COUNT; method++)
            if (route->endpoints[method])
                buffer_printf(&allow, "%s%s, ", method_name((Method)method), method == METHOD_GET ? ", HEAD" : "");
        buffer_add_string(&allow, "OPTIONS");
        route->allow = allow.data;
    }
}

Router *router_new(const Endpoint *const *tables, const int *counts, int table_count, char *fault, size_t fault_size) {
    Arena *arena = arena_new();
    Router *router = arena_calloc(arena, 1, sizeof(Router));
    router->arena = arena;
    for (int t = 0; t < table_count; t++) {
        for (int i = 0; i < counts[t]; i++) {
            if (!endpoint_add(router, &tables[t][i], fault, fault_size)) {
                router_free(router);
                return NULL;
            }
        }
    }
    routes_finish(router);
    return router;
}

void router_free(Router *router) {
    if (router)
        arena_free(router->arena);
}

int router_route_count(const Router *router) {
    return router->count;
}

const Route *router_route(const Router *router, int index) {
    return router->routes[index];
}

static const Node *child_find(const Node *parent, const char *text, size_t length, Match *match) {
    for (const Node *node = parent->children; node; node = node->sibling) {
        if (node->kind == NODE_LITERAL) {
            if (node->length == length && memcmp(node->text, text, length) == 0)
                return node;
        } else if (node->kind == NODE_ID) {
            int64_t id = match->id_count < EXCHANGE_IDS ? path_id_parse(text, length) : 0;
            if (id > 0) {
                match->ids[match->id_count++] = id;
                return node;
            }
        } else if (length > 0) {
            return node;
        }
    }
    return NULL;
}

MatchResult router_match(const Router *router, const char *path, size_t length, Match *match) {
    const char *at = path;
    const char *end = path + length;
    *match = (Match){0};
    if (length == 0 || path[0] != '/')
        return MATCH_NONE;
    const Node *node = &router->root;
    if (length == 1) {
        match->route = node->route;
        return node->route ? MATCH_ROUTE : MATCH_NONE;
    }
    bool slash = path[length - 1] == '/';
    end -= slash ? 1 : 0;
    while (node && at < end) {
        size_t segment_length;
        const char *segment = next_segment(&at, end, &segment_length);
        node = child_find(node, segment, segment_length, match);
    }
    if (node == NULL || node->route == NULL || node == &router->root)
        return MATCH_NONE;
    match->route = node->route;
    return slash ? MATCH_SLASH : MATCH_ROUTE;
}
