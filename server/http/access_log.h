/* access_log.h: what remains of a request when it is over: its place in the metrics and, where wanted, a line in the
 * log. */
#ifndef ONRECORD_HTTP_ACCESS_LOG_H
#define ONRECORD_HTTP_ACCESS_LOG_H

#include <stdint.h>

#include "http/request.h"

/* Counts the request; logs it where the setting says so, and always when the answer is 5xx. */
void access_log(const Request *request, int64_t microseconds);

#endif
