#include "http/metrics.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

typedef _Atomic uint64_t Counter;

/* What this server answers with; anything else counts as the last. */
static const int statuses[] = {200, 201, 204, 304, 308, 400, 401, 403, 404, 405, 406, 408, 409,
                               410, 412, 413, 414, 415, 422, 428, 431, 500, 503, 505, 0};
enum { STATUS_COUNT = sizeof(statuses) / sizeof(statuses[0]) };

static const int64_t bounds_us[] = {500,   1000,   2500,   5000,   10000,   25000,
                                    50000, 100000, 250000, 500000, 1000000, 2500000};
static const char *const bounds_text[] = {"0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025",
                                          "0.05",   "0.1",   "0.25",   "0.5",   "1",    "2.5"};
enum { BOUND_COUNT = sizeof(bounds_us) / sizeof(bounds_us[0]) };

static const char *const label_names[LABEL_COUNT] = {"GET",   "HEAD",   "POST",    "PUT",
                                                     "PATCH", "DELETE", "OPTIONS", "other"};

typedef struct RouteCounters {
    Counter requests[LABEL_COUNT][STATUS_COUNT];
    Counter buckets[BOUND_COUNT + 1];
    Counter sum_us;
} RouteCounters;

struct Metrics {
    int route_count; /* the last is for what no route matched */
    Counter gauges[GAUGE_COUNT];
    RouteCounters routes[];
};

Metrics *metrics_new(const Router *router) {
    int count = router_route_count(router) + 1;
    Metrics *metrics = calloc(1, sizeof(Metrics) + (size_t)count * sizeof(RouteCounters));
    if (metrics == NULL)
        abort(); /* at the start only */
    metrics->route_count = count;
    return metrics;
}

void metrics_free(Metrics *metrics) {
    free(metrics);
}

static uint64_t counter_get(const Counter *counter) {
    return atomic_load_explicit(counter, memory_order_relaxed);
}

/* Only the owner writes, so no locked instruction is needed. */
static void counter_add(Counter *counter, uint64_t value) {
    atomic_store_explicit(counter, counter_get(counter) + value, memory_order_relaxed);
}

void metrics_request(Metrics *metrics, const Route *route, MethodLabel method, int status, int64_t microseconds) {
    RouteCounters *counters = &metrics->routes[route ? route->index : metrics->route_count - 1];
    int slot = 0;
    int bucket = 0;
    while (slot < STATUS_COUNT - 1 && statuses[slot] != status)
        slot++;
    while (bucket < BOUND_COUNT && bounds_us[bucket] < microseconds)
        bucket++;
    counter_add(&counters->requests[method][slot], 1);
    counter_add(&counters->buckets[bucket], 1);
    counter_add(&counters->sum_us, (uint64_t)microseconds);
}

void metrics_set(Metrics *metrics, Gauge gauge, uint64_t value) {
    atomic_store_explicit(&metrics->gauges[gauge], value, memory_order_relaxed);
}

void metrics_add(Metrics *metrics, Gauge gauge, int64_t difference) {
    counter_add(&metrics->gauges[gauge], (uint64_t)difference);
}

static const char *route_path(const Router *router, int index) {
    return index < router_route_count(router) ? router_route(router, index)->path : "unmatched";
}

static void render_requests(Metrics *const *all, int count, const Router *router, Buffer *out) {
    buffer_add_string(out, "# HELP onrecord_requests_total Requests by method, path template and status.\n"
                           "# TYPE onrecord_requests_total counter\n");
    for (int route = 0; route < all[0]->route_count; route++) {
        for (int label = 0; label < LABEL_COUNT; label++) {
            for (int slot = 0; slot < STATUS_COUNT; slot++) {
                uint64_t sum = 0;
                for (int i = 0; i < count; i++)
                    sum += counter_get(&all[i]->routes[route].requests[label][slot]);
                if (sum > 0) {
                    buffer_printf(out, "onrecord_requests_total{method=\"%s\",path=\"%s\",status=\"%d\"} %llu\n",
                                  label_names[label], route_path(router, route), statuses[slot],
                                  (unsigned long long)sum);
                }
            }
        }
    }
}

static void render_histogram(Metrics *const *all, int count, const char *path, int route, Buffer *out) {
    static const char name[] = "onrecord_request_duration_seconds";
    uint64_t cumulated = 0;
    uint64_t sum_us = 0;
    uint64_t buckets[BOUND_COUNT + 1] = {0};
    for (int i = 0; i < count; i++) {
        RouteCounters *counters = &all[i]->routes[route];
        sum_us += counter_get(&counters->sum_us);
        for (int bucket = 0; bucket <= BOUND_COUNT; bucket++) {
            buckets[bucket] += counter_get(&counters->buckets[bucket]);
            cumulated += counter_get(&counters->buckets[bucket]);
        }
    }
    if (cumulated == 0)
        return;
    cumulated = 0;
    for (int bucket = 0; bucket <= BOUND_COUNT; bucket++) {
        cumulated += buckets[bucket];
        buffer_printf(out, "%s_bucket{path=\"%s\",le=\"%s\"} %llu\n", name, path,
                      bucket < BOUND_COUNT ? bounds_text[bucket] : "+Inf", (unsigned long long)cumulated);
    }
    buffer_printf(out, "%s_sum{path=\"%s\"} %.6f\n", name, path, (double)sum_us / 1e6);
    buffer_printf(out, "%s_count{path=\"%s\"} %llu\n", name, path, (unsigned long long)cumulated);
}

typedef struct GaugeText {
    const char *name;
    const char *type;
    const char *help;
} GaugeText;

static const GaugeText gauge_texts[GAUGE_COUNT] = {
    [GAUGE_CONNECTIONS] = {"onrecord_connections", "gauge", "Connections of clients."},
    [GAUGE_IN_FLIGHT] = {"onrecord_requests_in_flight", "gauge", "Requests begun and not ended."},
    [GAUGE_REFUSED] = {"onrecord_connections_refused_total", "counter", "Connections turned away at the limit."},
    [GAUGE_BATCHES] = {"onrecord_db_batches_total", "counter", "Batches that the database has answered."},
    [GAUGE_STATEMENTS] = {"onrecord_db_statements_total", "counter", "Statements sent to the database."},
    [GAUGE_GATHERED] = {"onrecord_db_gathered_total", "counter", "Reads of a record that were sent with others."},
    [GAUGE_JOINED] = {"onrecord_db_joined_total", "counter", "Writes that were sent with others."},
    [GAUGE_PREPARED] = {"onrecord_db_prepared_total", "counter", "Statements prepared."},
    [GAUGE_ERRORS] = {"onrecord_db_errors_total", "counter", "Batches that the database refused."},
    [GAUGE_RETRIES] = {"onrecord_db_retries_total", "counter", "Batches that were run again."},
    [GAUGE_RECONNECTS] = {"onrecord_db_reconnects_total", "counter", "Connections to the database made anew."},
    [GAUGE_SYNCS] = {"onrecord_db_syncs_total", "counter", "Sync points of the pipelines."},
    [GAUGE_WAITING] = {"onrecord_db_waiting", "gauge", "Batches queued or in flight."},
    [GAUGE_EXPORTS] = {"onrecord_exports", "gauge", "Exports under way."},
    [GAUGE_EXPORTS_CUT] = {"onrecord_exports_cut_total", "counter", "Exports that the database failed midway."},
    [GAUGE_LISTENERS] = {"onrecord_listeners", "gauge", "Clients that follow the log of changes."},
    [GAUGE_LISTENERS_DROPPED] = {"onrecord_listeners_dropped_total", "counter",
                                 "Of those, how many were let go because they took nothing."},
    [GAUGE_NUMBERS] = {"onrecord_changes_elected", "gauge", "1 where this server numbers the changes of all."},
    [GAUGE_NUMBERED] = {"onrecord_changes_numbered_total", "counter", "Changes that this server has numbered."},
    [GAUGE_LAG_US] = {"onrecord_changes_lag_microseconds", "gauge",
                      "Age of the oldest change that was numbered last: from its write, its commit included."},
    [GAUGE_CACHE_HITS] = {"onrecord_cache_hits_total", "counter", "Answers that were kept and given again."},
    [GAUGE_CACHE_MISSES] = {"onrecord_cache_misses_total", "counter", "Reads whose answer was not kept."},
    [GAUGE_CACHE_STALE] = {"onrecord_cache_stale_total", "counter",
                           "Reads whose answer was kept, but of what has changed, or may have."},
    [GAUGE_CACHE_AROUND] = {"onrecord_cache_around_total", "counter", "Reads that asked for an answer made anew."},
    [GAUGE_CACHE_BYTES] = {"onrecord_cache_bytes", "gauge", "Memory that the kept answers take."},
    [GAUGE_CACHE_ENTRIES] = {"onrecord_cache_entries", "gauge", "Answers that are kept."},
    [GAUGE_CACHE_EVICTED] = {"onrecord_cache_evicted_total", "counter", "Answers that made room for others."},
    [GAUGE_EXPORT_BYTES] = {"onrecord_export_bytes_total", "counter", "Bytes of exports sent while rows still came."},
    [GAUGE_UPLOADS] = {"onrecord_uploads", "gauge", "Uploads of many records under way."},
    [GAUGE_UPLOAD_LINES] = {"onrecord_upload_lines_total", "counter", "Lines of uploads that were settled."},
};

void metrics_render(Metrics *const *all, int count, const Router *router, Buffer *out) {
    render_requests(all, count, router, out);
    buffer_add_string(out,
                      "# HELP onrecord_request_duration_seconds From the request line to the last byte of the answer.\n"
                      "# TYPE onrecord_request_duration_seconds histogram\n");
    for (int route = 0; route < all[0]->route_count; route++)
        render_histogram(all, count, route_path(router, route), route, out);
    for (int gauge = 0; gauge < GAUGE_COUNT; gauge++) {
        uint64_t sum = 0;
        for (int i = 0; i < count; i++)
            sum += counter_get(&all[i]->gauges[gauge]);
        const GaugeText *text = &gauge_texts[gauge];
        buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %llu\n", text->name, text->help, text->name, text->type,
                      text->name, (unsigned long long)sum);
    }
}
