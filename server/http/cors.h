/* cors.h: which web origins may read our answers (the Fetch standard's CORS protocol).
 *
 * Nothing here rides on cookies: a key is sent by the page itself, so credentials are never allowed. */
#ifndef ONRECORD_HTTP_CORS_H
#define ONRECORD_HTTP_CORS_H

#include <stdbool.h>

typedef enum CorsMode {
    CORS_ANY,      /* every origin: `*` */
    CORS_LOOPBACK, /* pages of this machine, of any port */
    CORS_LIST      /* those that the setting names */
} CorsMode;

typedef struct CorsPolicy {
    CorsMode mode;
    const char *origins; /* CORS_LIST: comma-separated. Borrowed from the settings. */
} CorsPolicy;

/* The policy of the setting ("" : by default) for a server that listens at `listen` (host:port). */
CorsPolicy cors_policy(const char *setting, const char *listen);

/* The value of Access-Control-Allow-Origin for a request from `origin` (NULL: not from a page), or NULL for none. */
const char *cors_allow(const CorsPolicy *policy, const char *origin);

/* True when the answer depends on the origin, so that `Vary` must say so. */
bool cors_varies(const CorsPolicy *policy);

/* True for http(s) origins of this machine: localhost, names under it, 127.0.0.0/8 and [::1]. */
bool cors_is_loopback(const char *origin);

extern const char cors_allowed_headers[];
extern const char cors_exposed_headers[];

#endif
