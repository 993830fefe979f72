#include "http/cached.h"

#include <string.h>
#include <strings.h>

static const struct {
    const char *word; /* as Cache-Status says it */
    Gauge gauge;
} results[] = {
    [CACHING_HIT] = {"hit", GAUGE_CACHE_HITS},
    [CACHING_MISS] = {"fwd=uri-miss", GAUGE_CACHE_MISSES},
    [CACHING_STALE] = {"fwd=stale", GAUGE_CACHE_STALE},
    [CACHING_AROUND] = {"fwd=request", GAUGE_CACHE_AROUND},
};

static bool concerned(const Request *request) {
    const unsigned formats = FORMAT_BIT(FORMAT_JSON) | FORMAT_BIT(FORMAT_JSONLD) | FORMAT_BIT(FORMAT_ATOM);
    const Exchange *x = &request->exchange;
    return request->worker->cache && x->endpoint->kept && (formats & FORMAT_BIT(x->format)) != 0;
}

static bool begins(const char *text, size_t length, const char *word) {
    return length >= strlen(word) && strncasecmp(text, word, strlen(word)) == 0;
}

/* One directive of a request; a number may have zeros before it, and stand in quotes. */
static bool asks_anew(const char *directive, size_t length) {
    static const char age[] = "max-age=";
    if (begins(directive, length, "no-cache") || begins(directive, length, "no-store"))
        return length == strlen("no-cache");
    if (!begins(directive, length, age) || length == strlen(age))
        return false;
    return strspn(directive + strlen(age), "\"0") >= length - strlen(age);
}

/* RFC 9111, section 5.2.1: what asks for an answer that is made now. */
static bool goes_around(const char *cache_control) {
    bool anew = false;
    for (const char *at = cache_control; at && *at && !anew;) {
        at += strspn(at, " \t,");
        size_t length = strcspn(at, " \t,");
        anew = asks_anew(at, length);
        at += length;
    }
    return anew;
}

/* All that the answer depends on, but for the records. */
static void key_make(Request *request) {
    const Exchange *x = &request->exchange;
    const Target *target = &request->target;
    Buffer key = buffer_new(x->arena, 256);
    buffer_add_char(&key, (char)('A' + (int)x->format));
    buffer_add_string(&key, (FORMATS_ABSOLUTE & FORMAT_BIT(x->format)) != 0 ? x->base : "");
    buffer_add(&key, target->path, target->path_length);
    if (target->query) {
        buffer_add_char(&key, '?');
        buffer_add_string(&key, target->query);
    }
    request->caching.key = key.data;
    request->caching.key_length = key.length;
}

/* The request is whole only now, which may be long after it began: what was so then need not be so any more. */
static Caching look(Request *request) {
    Worker *worker = request->worker;
    Generations *generations = worker->server->generations;
    request->caching.time = generations_now(generations); /* before its query, should there be one */
    key_make(request);
    bool fresh = generations_fresh(generations, worker->now_us);
    Kept *kept = cache_find(worker->cache, request->caching.key, request->caching.key_length);
    if (!kept)
        return CACHING_MISS;
    bool stands = generations_stand(generations, &kept->footprint, kept->time);
    if (fresh && stands) {
        request->caching.kept = kept;
        return CACHING_HIT;
    }
    if (!stands)
        cache_drop(worker->cache, kept);
    cache_let_go(kept);
    return CACHING_STALE;
}

static void answer_fill(Exchange *x, const Kept *kept) {
    x->status = 200;
    x->content_type = kept->content_type;
    x->etag = kept->etag;
    x->body = (Buffer){.data = (char *)(uintptr_t)kept->body, .length = kept->length};
    memcpy(x->headers, kept->headers, sizeof x->headers);
    x->header_count = kept->header_count;
}

bool cached_answer(Request *request) {
    if (!concerned(request))
        return false;
    Exchange *x = &request->exchange;
    Caching result = look(request);
    if (goes_around(request->head.values[HEAD_CACHE_CONTROL])) {
        cached_release(request);
        request->caching.key = NULL; /* nor is its answer kept */
        result = result == CACHING_HIT ? CACHING_AROUND : result;
    }
    request->caching.result = result;
    metrics_add(request->worker->metrics, results[result].gauge, 1);
    if (result != CACHING_HIT)
        return false;
    answer_fill(x, request->caching.kept);
    if (request->caching.kept->packed.data)
        request->packed = &request->caching.kept->packed;
    exchange_header(x, "Cache-Status", "OnRecord; hit");
    return true;
}

void cached_keep(Request *request) {
    Exchange *x = &request->exchange;
    Caching result = request->caching.result;
    if (result == CACHING_NONE || result == CACHING_HIT)
        return;
    bool keeps =
        request->caching.key && x->problem.kind == PROBLEM_NONE && x->status == 200 && x->footprint && x->etag &&
        cache_keep(request->worker->cache, request->caching.key, request->caching.key_length, x, request->caching.time);
    exchange_header(x, "Cache-Status",
                    arena_printf(x->arena, "OnRecord; %s%s", results[result].word, keeps ? "; stored" : ""));
}

void cached_release(Request *request) {
    if (request->caching.kept)
        cache_let_go(request->caching.kept);
    request->caching.kept = NULL;
}
