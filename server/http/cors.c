#include "http/cors.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

const char cors_allowed_headers[] =
    "Authorization, Cache-Control, Content-Type, If-Match, If-None-Match, Idempotency-Key, Last-Event-ID, "
    "Change-Actor, Change-Reason";
const char cors_exposed_headers[] =
    "Cache-Status, Changes-Since, ETag, Idempotency-Replayed, Link, Location, Retry-After";

static bool is_ipv4_loopback(const char *host, size_t length) {
    if (length < 9 || strncmp(host, "127.", 4) != 0)
        return false;
    int dots = 0;
    for (size_t i = 0; i < length; i++)
        if (host[i] == '.')
            dots++;
        else if (host[i] < '0' || host[i] > '9')
            return false;
    return dots == 3;
}

static bool host_is_loopback(const char *host, size_t length) {
    static const char name[] = "localhost";
    const size_t name_length = sizeof(name) - 1;
    if (length >= name_length && strncasecmp(host + length - name_length, name, name_length) == 0)
        return length == name_length || host[length - name_length - 1] == '.';
    return is_ipv4_loopback(host, length) || (length == 5 && strncmp(host, "[::1]", 5) == 0);
}

/* The length of the host in `host[:port]`; `*rest` is what follows it. */
static size_t host_length(const char *text, const char **rest) {
    size_t length = text[0] == '[' ? strcspn(text, "]") : strcspn(text, ":");
    length += text[length] == ']' ? 1 : 0;
    *rest = text + length;
    return length;
}

bool cors_is_loopback(const char *origin) {
    const char *host = NULL;
    if (strncmp(origin, "http://", 7) == 0)
        host = origin + 7;
    else if (strncmp(origin, "https://", 8) == 0)
        host = origin + 8;
    else
        return false;
    const char *rest;
    size_t length = host_length(host, &rest);
    bool port = rest[0] == 0 || (rest[0] == ':' && rest[1] != 0 && rest[1 + strspn(rest + 1, "0123456789")] == 0);
    return port && host_is_loopback(host, length);
}

CorsPolicy cors_policy(const char *setting, const char *listen) {
    const char *rest;
    if (setting[strspn(setting, " ")] == 0) {
        bool loopback = host_is_loopback(listen, host_length(listen, &rest));
        return (CorsPolicy){.mode = loopback ? CORS_LOOPBACK : CORS_ANY};
    }
    for (const char *at = setting; *at; at += at[0] == ',') {
        at += strspn(at, " ");
        size_t length = strcspn(at, ", ");
        if (length == 1 && at[0] == '*')
            return (CorsPolicy){.mode = CORS_ANY};
        at += length;
        at += strspn(at, " ");
    }
    return (CorsPolicy){.mode = CORS_LIST, .origins = setting};
}

static bool list_has(const char *list, const char *origin) {
    size_t origin_length = strlen(origin);
    for (const char *at = list; *at;) {
        at += strspn(at, " ,");
        size_t length = strcspn(at, " ,");
        if (length > 0 && length == origin_length && strncasecmp(at, origin, length) == 0)
            return true;
        at += length;
    }
    return false;
}

const char *cors_allow(const CorsPolicy *policy, const char *origin) {
    if (policy->mode == CORS_ANY)
        return "*";
    if (origin == NULL)
        return NULL;
    bool allowed = policy->mode == CORS_LOOPBACK ? cors_is_loopback(origin) : list_has(policy->origins, origin);
    return allowed ? origin : NULL;
}

bool cors_varies(const CorsPolicy *policy) {
    return policy->mode != CORS_ANY;
}
