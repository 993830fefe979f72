#include "http/target.h"

#include <string.h>
#include <strings.h>

#include "base/percent.h"

/* RFC 3986: what a path may hold as it stands; the percent sign is looked at by percent_decode. */
static bool is_path_char(unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != 0 && strchr("-._~!$&'()*+,;=:@/%", c) != NULL);
}

/* Past `http://host` of the absolute form, whose host is kept; what is in the origin form stays as it is. */
static const char *authority_take(Exchange *x, const char *raw, Target *target) {
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (strncasecmp(raw, schemes[i], strlen(schemes[i])) != 0)
            continue;
        const char *host = raw + strlen(schemes[i]);
        size_t length = strcspn(host, "/?");
        target->host = arena_strndup(x->arena, host, length);
        return host + length;
    }
    return raw;
}

/* What came as it is: bytes of characters are let pass, as browsers do. */
static bool query_valid(Exchange *x, const char *query) {
    for (size_t i = 0; query != NULL && query[i] != '\0'; i++) {
        unsigned char c = (unsigned char)query[i];
        if (c <= ' ' || c == 0x7f) {
            problem_set(x, PROBLEM_BAD_REQUEST,
                        "The query holds a character that must be percent-encoded, at its byte %zu.", i);
            return false;
        }
    }
    return true;
}

static bool path_valid(Exchange *x, const char *path, size_t length) {
    for (size_t i = 0; i < length; i++) {
        if (!is_path_char((unsigned char)path[i])) {
            problem_set(x, PROBLEM_BAD_REQUEST,
                        "The path holds a character that must be percent-encoded, at its byte %zu.", i);
            return false;
        }
    }
    const char *fault = NULL;
    if (memchr(path, '%', length) && percent_decode(x->arena, path, length, false, &fault) == NULL) {
        problem_set(x, PROBLEM_BAD_REQUEST, "The path is not valid: %s.", fault);
        return false;
    }
    return true;
}

bool target_parse(Exchange *x, const char *raw, Target *target) {
    size_t length = strnlen(raw, TARGET_MAX + 1);
    *target = (Target){.path = "/", .path_length = 1};
    x->path = target->path;
    if (length > TARGET_MAX) {
        problem_set(x, PROBLEM_URI_TOO_LONG, "The request target is longer than %d bytes.", (int)TARGET_MAX);
        return false;
    }
    if (strcmp(raw, "*") == 0) {
        target->path = x->path = "*";
        return true;
    }
    const char *path = authority_take(x, raw, target);
    size_t path_length = strcspn(path, "?");
    if (path[path_length] == '?')
        target->query = arena_strdup(x->arena, path + path_length + 1);
    if (!query_valid(x, target->query))
        return false;
    if (path_length == 0 && path != raw)
        return true; /* http://host means its root */
    if (path[0] != '/') {
        problem_set(x, PROBLEM_BAD_REQUEST, "The request target must begin with a slash.");
        return false;
    }
    if (!path_valid(x, path, path_length))
        return false;
    target->path = x->path = arena_strndup(x->arena, path, path_length);
    target->path_length = path_length;
    return true;
}

static int parameter_count(const char *query) {
    int count = 1;
    for (const char *c = query; *c; c++)
        count += *c == '&';
    return count;
}

/* One `name=value`; false when it cannot be decoded. */
static bool parameter_add(Exchange *x, const char *text, size_t length) {
    const char *equals = memchr(text, '=', length);
    size_t name_length = equals ? (size_t)(equals - text) : length;
    const char *fault = NULL;
    Parameter *parameter = &x->parameters[x->parameter_count];
    parameter->name = percent_decode(x->arena, text, name_length, true, &fault);
    if (parameter->name == NULL) {
        problem_fault(x, FAULT_PARAMETER, "", "the name of a parameter cannot be decoded: %s", fault);
        return false;
    }
    parameter->value = "";
    if (equals)
        parameter->value = percent_decode(x->arena, equals + 1, length - name_length - 1, true, &fault);
    if (parameter->value == NULL) {
        problem_fault(x, FAULT_PARAMETER, parameter->name, "cannot be decoded: %s", fault);
        return false;
    }
    x->parameter_count++;
    return true;
}

bool target_parameters(Exchange *x, const char *query) {
    bool ok = true;
    if (query == NULL || query[0] == 0)
        return true;
    x->parameters = arena_alloc(x->arena, (size_t)parameter_count(query) * sizeof(Parameter));
    for (const char *rest = query; *rest;) {
        size_t length = strcspn(rest, "&");
        if (length > 0 && !parameter_add(x, rest, length))
            ok = false;
        rest += length;
        rest += *rest == '&';
    }
    if (!ok)
        problem_set(x, PROBLEM_BAD_REQUEST, "The query cannot be decoded.");
    return ok;
}
