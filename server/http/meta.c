#include "http/meta.h"

#include "base/log.h"
#include "base/moment.h"
#include "base/version.h"
#include "http/pages.h"
#include "http/request.h"

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

#define META_ENDPOINT(at, name, formats_offered, run)                                                                  \
    {                                                                                                                  \
        .method = METHOD_GET, .path = (at), .operation_id = (name), .scope = SCOPE_OPEN, .plan = (run), .done = never, \
        .formats = (formats_offered)                                                                                   \
    }

static const Endpoint endpoints[] = {
    META_ENDPOINT("/", "getIndex", FORMAT_BIT(FORMAT_JSON) | FORMAT_BIT(FORMAT_HTML), page_index),
    META_ENDPOINT("/livez", "getLiveness", FORMAT_BIT(FORMAT_JSON), live),
    META_ENDPOINT("/readyz", "getReadiness", FORMAT_BIT(FORMAT_JSON), ready),
    META_ENDPOINT("/metrics", "getMetrics", FORMAT_BIT(FORMAT_TEXT), metrics),
    META_ENDPOINT("/openapi.json", "getOpenapiJson", FORMAT_BIT(FORMAT_JSON), page_openapi_json),
    META_ENDPOINT("/openapi.yaml", "getOpenapiYaml", FORMAT_BIT(FORMAT_YAML), page_openapi_yaml),
    META_ENDPOINT("/docs", "getDocs", FORMAT_BIT(FORMAT_HTML), page_docs),
    META_ENDPOINT("/docs/{file}", "getDocsFile", FORMAT_BIT(FORMAT_FILE), page_docs_file),
};

enum { ENDPOINT_COUNT = sizeof(endpoints) / sizeof(endpoints[0]) };

const Endpoint *meta_endpoints(int *count) {
    *count = ENDPOINT_COUNT;
    return endpoints;
}

bool meta_owns(const Endpoint *endpoint) {
    return endpoint >= endpoints && endpoint < endpoints + ENDPOINT_COUNT;
}
