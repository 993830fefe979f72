/* router.h: from a raw path to the route that it names.
 *
 * A route is one path template with its endpoints by method. Routes are made once from the endpoints; matching is on
 * the raw path, segment by segment, so that no encoding hides a slash. `{id}` and `{version}` match an id only
 * ([1-9][0-9]*, below 2^53); any other `{name}` matches one segment of any text. */
#ifndef ONRECORD_HTTP_ROUTER_H
#define ONRECORD_HTTP_ROUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record/exchange.h"

typedef struct Router Router;

typedef struct Route {
    const char *path; /* the template */
    int index;        /* 0 to router_route_count - 1: for counters */
    const Endpoint *endpoints[METHOD_COUNT];
    const char *allow; /* for `Allow`: "GET, HEAD, POST, OPTIONS" */
} Route;

typedef enum MatchResult {
    MATCH_ROUTE,
    MATCH_SLASH, /* would be a route without the slash at its end */
    MATCH_NONE
} MatchResult;

typedef struct Match {
    const Route *route;
    int64_t ids[EXCHANGE_IDS];
    int id_count;
} Match;

/* The endpoints are borrowed and must outlive the router. Several tables make one router. NULL, with a message in
 * `fault`, when two endpoints claim the same method and path. */
Router *router_new(const Endpoint *const *tables, const int *counts, int table_count, char *fault, size_t fault_size);
void router_free(Router *router);

int router_route_count(const Router *router);
const Route *router_route(const Router *router, int index);

MatchResult router_match(const Router *router, const char *path, size_t length, Match *match);

/* The method of that name; false for one that no endpoint has. HEAD comes as GET with `*head` set. */
bool method_parse(const char *name, Method *method, bool *head);
const char *method_name(Method method);

/* An id as it stands in a path; 0 when the text is none. */
int64_t path_id_parse(const char *text, size_t length);

#endif
