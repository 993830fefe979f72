#include "http/meta.h"

#include "base/log.h"
#include "base/moment.h"
#include "base/version.h"
#include "http/pages.h"
#include "http/request.h"

typedef struct Offers {
    int count;
    const char *types[2];
} Offers;

static const Offers offers_index = {2, {"application/json", "text/html"}};
static const Offers offers_json = {1, {"application/json"}};
static const Offers offers_yaml = {1, {"application/yaml"}};
static const Offers offers_html = {1, {"text/html"}};
static const Offers offers_metrics = {1, {"text/plain"}};
static const Offers offers_file = {0, {NULL}};

static void status_ok(Exchange *x) {
    x->body = buffer_new(x->arena, 32);
    buffer_add_string(&x->body, "{\"status\":\"ok\"}");
}

static Step live(Exchange *x) {
    status_ok(x);
    return STEP_ANSWER;
}

static Step ready(Exchange *x) {
    Worker *worker = request_of(x)->worker;
    const WatchState *watch = &worker->watch;
    if (worker->draining) {
        problem_set(x, PROBLEM_UNAVAILABLE, "The server is stopping.");
    } else if (!watch->reachable) {
        problem_set(x, PROBLEM_UNAVAILABLE, "The database is not reachable.");
    } else if (!watch->migrated) {
        problem_set(x, PROBLEM_UNAVAILABLE, "The database is not migrated%s%s; `onrecord migrate` does that.",
                    watch->pending[0] ? ": pending is " : "", watch->pending);
    } else if (atomic_load(&worker->server->workers_ready) < worker->server->worker_count) {
        problem_set(x, PROBLEM_UNAVAILABLE, "The connections to the database are not there yet.");
    } else {
        status_ok(x);
    }
    return STEP_ANSWER;
}

static Step metrics(Exchange *x) {
    const Server *server = request_of(x)->worker->server;
    double uptime = (double)(clock_monotonic_us() - server->started_us) / 1e6;
    x->content_type = "text/plain; version=0.0.4; charset=utf-8";
    x->body = buffer_new(x->arena, 16384);
    metrics_render(server->metrics, server->worker_count, server->router, &x->body);
    buffer_printf(&x->body,
                  "# HELP onrecord_uptime_seconds Since the server started.\n"
                  "# TYPE onrecord_uptime_seconds gauge\nonrecord_uptime_seconds %.3f\n"
                  "# HELP onrecord_log_lines_dropped_total Log lines that nobody took in time.\n"
                  "# TYPE onrecord_log_lines_dropped_total counter\nonrecord_log_lines_dropped_total %lu\n"
                  "# HELP onrecord_build_info The version of this server.\n"
                  "# TYPE onrecord_build_info gauge\nonrecord_build_info{version=\"%s\"} 1\n",
                  uptime, log_dropped(), ONRECORD_VERSION);
    return STEP_ANSWER;
}

/* No batch is ever queued here. */
static Step never(Exchange *x) {
    problem_set(x, PROBLEM_INTERNAL, "An answer came that nobody asked for.");
    return STEP_ANSWER;
}

static const Endpoint endpoints[] = {
    {METHOD_GET, "/", "getIndex", SCOPE_OPEN, ACCEPTS_NOTHING, false, NULL, &offers_index, page_index, never, NULL},
    {METHOD_GET, "/livez", "getLiveness", SCOPE_OPEN, ACCEPTS_NOTHING, false, NULL, &offers_json, live, never, NULL},
    {METHOD_GET, "/readyz", "getReadiness", SCOPE_OPEN, ACCEPTS_NOTHING, false, NULL, &offers_json, ready, never, NULL},
    {METHOD_GET, "/metrics", "getMetrics", SCOPE_OPEN, ACCEPTS_NOTHING, false, NULL, &offers_metrics, metrics, never,
     NULL},
    {METHOD_GET, "/openapi.json", "getOpenapiJson", SCOPE_OPEN, ACCEPTS_NOTHING, false, NULL, &offers_json,
     page_openapi_json, never, NULL},
    {METHOD_GET, "/openapi.yaml", "getOpenapiYaml", SCOPE_OPEN, ACCEPTS_NOTHING, false, NULL, &offers_yaml,
     page_openapi_yaml, never, NULL},
    {METHOD_GET, "/docs", "getDocs", SCOPE_OPEN, ACCEPTS_NOTHING, false, NULL, &offers_html, page_docs, never, NULL},
    {METHOD_GET, "/docs/{file}", "getDocsFile", SCOPE_OPEN, ACCEPTS_NOTHING, false, NULL, &offers_file, page_docs_file,
     never, NULL},
};

enum { ENDPOINT_COUNT = sizeof(endpoints) / sizeof(endpoints[0]) };

const Endpoint *meta_endpoints(int *count) {
    *count = ENDPOINT_COUNT;
    return endpoints;
}

bool meta_owns(const Endpoint *endpoint) {
    return endpoint >= endpoints && endpoint < endpoints + ENDPOINT_COUNT;
}

const char *const *meta_offers(const Endpoint *endpoint, int *count) {
    if (!meta_owns(endpoint))
        return NULL;
    const Offers *offers = endpoint->detail;
    *count = offers->count;
    return offers->types;
}
