/* target.h: the request target as it came: its path, and its query taken apart.
 *
 * Everything is decided on the raw target: decoding first would let `%2F` and `%00` change which route is meant. */
#ifndef ONRECORD_HTTP_TARGET_H
#define ONRECORD_HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "record/exchange.h"

enum { TARGET_MAX = 4096 /* bytes of the whole target */ };

typedef struct Target {
    const char *path; /* NUL-terminated, in the arena; begins with a slash, or is "*" */
    size_t path_length;
    const char *query; /* what follows the question mark; NULL: there is none */
    const char *host;  /* of the absolute form, with its port, not looked at; NULL: it is the origin form */
} Target;

/* Takes `raw` apart (the absolute form, `http://host/path`, too). False, with the problem set in `x`, when it is too
 * long, or its path holds what no path may hold. Copies what it keeps. */
bool target_parse(Exchange *x, const char *raw, Target *target);

/* Decodes the query into x->parameters. A parameter that cannot be decoded is a fault of `x`, and false is answered. */
bool target_parameters(Exchange *x, const char *query);

#endif
