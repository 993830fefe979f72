/* metrics.h: what the server counts of itself, in the text format of Prometheus.
 *
 * Each worker has a Metrics of its own and is its only writer; whoever renders adds them up. No locks: relaxed atomics.
 */
#ifndef ONRECORD_HTTP_METRICS_H
#define ONRECORD_HTTP_METRICS_H

#include <stdint.h>

#include "base/buffer.h"
#include "http/router.h"

typedef struct Metrics Metrics;

/* The method of a request as a label. */
typedef enum MethodLabel {
    LABEL_GET,
    LABEL_HEAD,
    LABEL_POST,
    LABEL_PUT,
    LABEL_PATCH,
    LABEL_DELETE,
    LABEL_OPTIONS,
    LABEL_OTHER,
    LABEL_COUNT
} MethodLabel;

typedef enum Gauge {
    GAUGE_CONNECTIONS,
    GAUGE_IN_FLIGHT, /* requests begun and not ended */
    GAUGE_REFUSED,   /* connections turned away at the limit, since the start */
    GAUGE_BATCHES,   /* the pool's counters */
    GAUGE_STATEMENTS,
    GAUGE_GATHERED,
    GAUGE_JOINED,
    GAUGE_PREPARED,
    GAUGE_ERRORS,
    GAUGE_RETRIES,
    GAUGE_RECONNECTS,
    GAUGE_SYNCS,
    GAUGE_WAITING, /* batches queued or in flight */
    GAUGE_EXPORTS, /* under way; cut short, and bytes of all, since the start */
    GAUGE_EXPORTS_CUT,
    GAUGE_EXPORT_BYTES,
    GAUGE_UPLOADS, /* under way; lines of all that were settled, since the start */
    GAUGE_UPLOAD_LINES,
    GAUGE_LISTENERS, /* to changes; let go since the start, for they were too slow */
    GAUGE_LISTENERS_DROPPED,
    GAUGE_NUMBERS, /* the log of changes: see change_log.h */
    GAUGE_NUMBERED,
    GAUGE_LAG_US,
    GAUGE_CACHE_HITS, /* the cache of answers: cached.h */
    GAUGE_CACHE_MISSES,
    GAUGE_CACHE_STALE,
    GAUGE_CACHE_AROUND,
    GAUGE_CACHE_BYTES,
    GAUGE_CACHE_ENTRIES,
    GAUGE_CACHE_EVICTED,
    GAUGE_COUNT
} Gauge;

Metrics *metrics_new(const Router *router);
void metrics_free(Metrics *metrics);

/* Counts a request that ended. `route` NULL: none matched. */
void metrics_request(Metrics *metrics, const Route *route, MethodLabel method, int status, int64_t microseconds);

void metrics_set(Metrics *metrics, Gauge gauge, uint64_t value);
void metrics_add(Metrics *metrics, Gauge gauge, int64_t difference);

/* Adds the sum of all workers' metrics as text. */
void metrics_render(Metrics *const *all, int count, const Router *router, Buffer *out);

#endif
