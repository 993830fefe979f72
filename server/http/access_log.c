#include "http/access_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "http/metrics.h"

static MethodLabel method_label(const Request *request) {
    static const MethodLabel labels[METHOD_COUNT] = {
        [METHOD_GET] = LABEL_GET,     [METHOD_POST] = LABEL_POST,     [METHOD_PUT] = LABEL_PUT,
        [METHOD_PATCH] = LABEL_PATCH, [METHOD_DELETE] = LABEL_DELETE,
    };
    Method method;
    bool head;
    if (request->exchange.endpoint && !request->head_only)
        return labels[request->exchange.method];
    if (request->method == NULL)
        return LABEL_OTHER;
    if (method_parse(request->method, &method, &head))
        return head ? LABEL_HEAD : labels[method];
    return strcmp(request->method, "OPTIONS") == 0 ? LABEL_OPTIONS : LABEL_OTHER;
}

void access_log(const Request *request, int64_t microseconds) {
    const Exchange *x = &request->exchange;
    bool failed = request->status >= 500;
    metrics_request(request->worker->metrics, request->route, method_label(request), request->status, microseconds);
    if (!failed && !request->worker->server->config.config->log_requests)
        return;
    char status[16];
    char time[24];
    char bytes[24];
    char key[24];
    snprintf(status, sizeof(status), "%d", request->status);
    snprintf(time, sizeof(time), "%" PRId64, microseconds);
    snprintf(bytes, sizeof(bytes), "%zu", request->sent);
    snprintf(key, sizeof(key), "%" PRId64, x->key_id);
    log_event(failed ? LOG_WARNING : LOG_INFO, "request", "method", request->method ? request->method : "", "path",
              x->path ? x->path : "", "status", status, "us", time, "bytes", bytes, "key", key, NULL);
}
