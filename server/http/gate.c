#include "http/gate.h"

#include <string.h>

#include "base/moment.h"
#include "base/utf8.h"
#include "http/auth.h"
#include "http/conditional.h"
#include "http/cors.h"
#include "http/meta.h"
#include "http/negotiate.h"

static bool check_head(Request *request, bool http11) {
    Exchange *x = &request->exchange;
    HeadFault faults[HEAD_FAULTS_MAX];
    int count = head_faults(&request->head, http11, faults);
    for (int i = 0; i < count; i++)
        problem_fault(x, FAULT_HEADER, faults[i].header, "%s", faults[i].detail);
    if (count > 0) {
        request->framing_lost = true; /* what follows cannot be trusted to be where we think it is */
        problem_set(x, PROBLEM_BAD_REQUEST, "The request's headers are not valid.");
    }
    return count == 0;
}

/* A request and the head of its answer share what the library has for a connection: where too little is left, it would
 * send none, though a write be done. Each field takes room beside its line. */
static bool check_size(Request *request) {
    if (request->head.size <= HEAD_MAX)
        return true;
    request->framing_lost = true;
    problem_set(&request->exchange, PROBLEM_HEAD_TOO_LARGE,
                "The request line and the headers may have %d bytes at most, with %d more for each header.",
                (int)HEAD_MAX, (int)HEAD_FIELD_SIZE);
    return false;
}

/* To the same path without the slash at its end; the query stays. */
static void redirect(Request *request) {
    Exchange *x = &request->exchange;
    const Target *target = &request->target;
    const char *location = arena_printf(x->arena, "%s%.*s%s%s", x->service->public_url, (int)target->path_length - 1,
                                        target->path, target->query ? "?" : "", target->query ? target->query : "");
    x->status = 308;
    exchange_header(x, "Location", location);
}

static bool check_route(Request *request) {
    Exchange *x = &request->exchange;
    Match match;
    if (strcmp(request->target.path, "*") == 0) {
        if (strcmp(request->method, "OPTIONS") == 0) {
            x->status = 204;
            exchange_header(x, "Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        } else {
            problem_set(x, PROBLEM_BAD_REQUEST, "The request target must begin with a slash.");
        }
        return false;
    }
    MatchResult result =
        router_match(request->worker->server->router, request->target.path, request->target.path_length, &match);
    if (result == MATCH_NONE) {
        problem_set(x, PROBLEM_NOT_FOUND, "There is nothing at this path.");
        return false;
    }
    request->route = match.route;
    if (result == MATCH_SLASH) {
        redirect(request);
        return false;
    }
    memcpy(x->ids, match.ids, sizeof(x->ids));
    return true;
}

/* OPTIONS: what a path can do; for a page that asks before it sends (a preflight), what the policy lets it. */
static void answer_options(Request *request) {
    Exchange *x = &request->exchange;
    const CorsPolicy *policy = &request->worker->server->cors;
    const char *origin = request->head.values[HEAD_ORIGIN];
    x->status = 204;
    exchange_header(x, "Allow", request->route->allow);
    if (origin && request->head.values[HEAD_CORS_METHOD] && cors_allow(policy, origin)) {
        exchange_header(x, "Access-Control-Allow-Methods", request->route->allow);
        exchange_header(x, "Access-Control-Allow-Headers", cors_allowed_headers);
        exchange_header(x, "Access-Control-Max-Age", "7200");
    }
}

static bool check_method(Request *request) {
    Exchange *x = &request->exchange;
    if (strcmp(request->method, "OPTIONS") == 0) {
        answer_options(request);
        return false;
    }
    const Endpoint *endpoint = NULL;
    if (method_parse(request->method, &x->method, &request->head_only))
        endpoint = request->route->endpoints[x->method];
    if (endpoint == NULL) {
        problem_set(x, PROBLEM_METHOD_NOT_ALLOWED, "This path takes %s.", request->route->allow);
        exchange_header(x, "Allow", request->route->allow);
        return false;
    }
    x->endpoint = endpoint;
    return true;
}

static bool check_scope(Request *request, Scope scope) {
    Exchange *x = &request->exchange;
    Worker *worker = request->worker;
    const char *authorization = request->head.values[HEAD_AUTHORIZATION];
    int64_t now = authorization ? clock_wall_us() : 0;
    AuthResult result = auth_check(worker->keyring, authorization, scope,
                                   worker->server->config.config->reads == READS_OPEN, now, &x->key_id);
    if (x->key_id != 0)
        watch_key_used(worker->server->config.watch, x->key_id);
    if (result == AUTH_OK)
        return true;
    if (result == AUTH_INVALID && !worker->watch.has_cursor_key) { /* no key was read from the database yet */
        problem_set(x, PROBLEM_UNAVAILABLE, "The database is not reachable, so that the key cannot be checked.");
        return false;
    }
    problem_set(x, result == AUTH_LESSER ? PROBLEM_FORBIDDEN : PROBLEM_UNAUTHORIZED, "%s", auth_detail(result));
    exchange_header(x, "WWW-Authenticate", auth_challenge(result));
    return false;
}

static bool check_key(Request *request) {
    return check_scope(request, request->exchange.endpoint->scope);
}

/* What a parameter asks for may need more than the endpoint does. */
static bool check_admin(Request *request) {
    const Exchange *x = &request->exchange;
    const char *value = x->endpoint->admin_with != NULL ? exchange_parameter(x, x->endpoint->admin_with) : NULL;
    return value == NULL || strcmp(value, "true") != 0 || check_scope(request, SCOPE_ADMIN);
}

/* A header's text that a handler reads. */
static bool check_text_header(Request *request, HeadField field, const char **out) {
    enum { CHANGE_TEXT_MAX = 500 };
    Exchange *x = &request->exchange;
    const char *value = request->head.values[field];
    const char *fault = NULL;
    if (value == NULL)
        return true;
    size_t length = strlen(value);
    if (!utf8_valid(value, length))
        fault = "must be UTF-8";
    else if (utf8_length(value, length) > CHANGE_TEXT_MAX)
        fault = "may have 500 characters at most";
    if (fault) {
        problem_fault(x, FAULT_HEADER, head_field_name(field), "%s", fault);
        return false;
    }
    *out = length > 0 ? value : NULL;
    return true;
}

/* Only a POST needs one: whatever else changes something may be sent twice as it is. */
static bool check_idempotency_key(Request *request) {
    enum { IDEMPOTENCY_KEY_MAX = 255 };
    Exchange *x = &request->exchange;
    const char *key = x->method == METHOD_POST ? request->head.values[HEAD_IDEMPOTENCY_KEY] : NULL;
    size_t length = 0;
    if (key == NULL)
        return true;
    while (key[length] >= ' ' && key[length] <= '~')
        length++;
    x->idempotency.key = key;
    if (length > 0 && length <= IDEMPOTENCY_KEY_MAX && key[length] == '\0')
        return true;
    problem_fault(x, FAULT_HEADER, "Idempotency-Key", "must have 1 to %d printable characters of ASCII",
                  (int)IDEMPOTENCY_KEY_MAX);
    return false;
}

static bool check_body(Request *request) {
    Exchange *x = &request->exchange;
    int64_t length = head_body_length(&request->head);
    int max = request->worker->server->config.config->body_max;
    const char *encoding = request->head.values[HEAD_CONTENT_ENCODING];
    const char *fault = NULL;
    request->lines =
        x->endpoint->accepts == ACCEPTS_RECORDS && negotiate_lines(request->head.values[HEAD_CONTENT_TYPE]);
    if (length > max && !request->lines) {
        problem_set(x, PROBLEM_TOO_LARGE, "The body may have %d bytes at most.", max);
        return false;
    }
    if (length == 0 || x->endpoint->accepts == ACCEPTS_NOTHING)
        return true;
    if (encoding && encoding[0] && strcmp(encoding, "identity") != 0) {
        problem_fault(x, FAULT_HEADER, "Content-Encoding", "must be identity: a body in %s is not taken", encoding);
        problem_set(x, PROBLEM_UNSUPPORTED_TYPE, "The body's encoding is not taken.");
        exchange_header(x, "Accept-Encoding", "identity");
        return false;
    }
    if (!negotiate_content_type(request->head.values[HEAD_CONTENT_TYPE], x->endpoint->accepts, &fault)) {
        const char *taken = negotiate_taken(x->endpoint->accepts);
        problem_fault(x, FAULT_HEADER, "Content-Type", "%s; taken is %s", fault, taken);
        problem_set(x, PROBLEM_UNSUPPORTED_TYPE, "The body's type is not taken.");
        exchange_header(x, x->endpoint->accepts == ACCEPTS_PATCH ? "Accept-Patch" : "Accept", taken);
        return false;
    }
    return true;
}

/* The syntax of the query and of the headers that handlers read: all faults at once. */
static bool check_syntax(Request *request) {
    Exchange *x = &request->exchange;
    bool ok = target_parameters(x, request->target.query);
    if (!conditional_if_match(request->head.values[HEAD_IF_MATCH], &x->if_match)) {
        problem_fault(x, FAULT_HEADER, "If-Match", "must be * or up to %d entity tags, each in quotes",
                      (int)IF_MATCH_MAX);
        ok = false;
    }
    ok = check_text_header(request, HEAD_CHANGE_ACTOR, &x->actor) && ok;
    ok = check_text_header(request, HEAD_CHANGE_REASON, &x->reason) && ok;
    ok = check_idempotency_key(request) && ok;
    ok = check_text_header(request, HEAD_LAST_EVENT_ID, &x->last_event_id) && ok;
    if (!ok)
        problem_set(x, PROBLEM_BAD_REQUEST, "The request is not valid.");
    return ok;
}

/* Where `format` is a parameter of the endpoint and given: chooses by it. What is wrong with it is one of the query's
 * faults, which the endpoint answers all at once. */
static bool choose_by_name(Request *request, unsigned formats) {
    Exchange *x = &request->exchange;
    const char *name = formats != 0 && !meta_owns(x->endpoint) ? exchange_parameter(x, "format") : NULL;
    if (name == NULL)
        return false;
    Format format = format_named(formats, name);
    if (format == FORMAT_COUNT)
        problem_fault(x, FAULT_PARAMETER, "format", "must be %s", format_names(x->arena, formats));
    else
        x->format = format;
    request->format_named = true;
    return true;
}

static bool check_accept(Request *request) {
    Exchange *x = &request->exchange;
    unsigned formats = request->lines ? FORMATS_REPORT : x->endpoint->formats;
    if (choose_by_name(request, formats) || formats == FORMAT_BIT(FORMAT_FILE))
        return true;
    Format format = negotiate_format(request->head.values[HEAD_ACCEPT], formats);
    if (format != FORMAT_COUNT) {
        x->format = format;
        return true;
    }
    const char *list = format_media_types(x->arena, formats);
    problem_fault(x, FAULT_HEADER, "Accept", "must allow %s", list);
    problem_set(x, PROBLEM_NOT_ACCEPTABLE, "This is available as %s.", list);
    return false;
}

/* What has absolute addresses needs to know its own. */
static bool check_base(Request *request) {
    Exchange *x = &request->exchange;
    /* RFC 9112, section 3.2.2: where the target names a host, that is it. */
    const char *host = request->target.host != NULL ? request->target.host : request->head.values[HEAD_HOST];
    if ((FORMATS_ABSOLUTE & FORMAT_BIT(x->format)) == 0)
        return true;
    if (x->service->public_url[0] != '\0') {
        x->base = x->service->public_url;
        return true;
    }
    if (host == NULL || !head_is_host(host)) {
        if (host == request->head.values[HEAD_HOST])
            problem_fault(x, FAULT_HEADER, "Host", "must be a host, with a port where it needs one");
        problem_set(x, PROBLEM_BAD_REQUEST, "The service's own address is not known.");
        return false;
    }
    x->base = arena_printf(x->arena, "http://%s", host);
    return true;
}

/* Records can be served only when the schema is one that this server knows. */
static bool check_schema(Request *request) {
    Exchange *x = &request->exchange;
    Worker *worker = request->worker;
    if (meta_owns(x->endpoint))
        return true;
    const WatchState *watch = &worker->watch;
    if (watch->reachable && !watch->migrated) {
        problem_set(x, PROBLEM_UNAVAILABLE, "The database is not migrated%s%s; `onrecord migrate` does that.",
                    watch->pending[0] ? ": pending is " : "", watch->pending);
        return false;
    }
    if (!atomic_load_explicit(&worker->server->service_ready, memory_order_acquire) || !watch->has_cursor_key) {
        problem_set(x, PROBLEM_UNAVAILABLE, "The database is not reachable.");
        return false;
    }
    x->log = watch->log;
    return true;
}

bool gate_pass(Request *request, bool http11) {
    if ((request->target_valid && !check_size(request)) || !check_head(request, http11) || !request->target_valid)
        return false;
    return check_route(request) && check_method(request) && check_key(request) && check_body(request) &&
           check_syntax(request) && check_admin(request) && check_accept(request) && check_base(request) &&
           check_schema(request);
}
