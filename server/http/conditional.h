/* conditional.h: If-Match and If-None-Match (RFC 9110, section 13.1). Pure functions. */
#ifndef ONRECORD_HTTP_CONDITIONAL_H
#define ONRECORD_HTTP_CONDITIONAL_H

#include <stdbool.h>

#include "record/exchange.h"

/* Reads If-Match: what stands before the `-` in each strong tag, as a version. Weak tags, and tags that are no version
 * of ours, match nothing and are left out. False when it is malformed or has more than IF_MATCH_MAX tags. */
bool conditional_if_match(const char *value, IfMatch *match);

/* True when `value` (If-None-Match) names `etag` (without quotes) or its gzip variant, weakly compared, or is `*`. A
 * malformed header names nothing. `*gzip` is set when it was the variant that was named. */
bool conditional_none_match(const char *value, const char *etag, bool *gzip);

#endif
