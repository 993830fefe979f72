#include "http/cache.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/memory.h"

enum {
    TABLE_MIN = 1024,    /* chains; a power of two */
    TYPICAL_SIZE = 4096, /* of what is kept: one chain for each */
    SHARE_MAX = 8,       /* an answer may take this part of the whole */
    FORM_SIZE = 1536     /* what a form takes with its headers, about */
};

struct Cache {
    size_t limit;
    uint64_t seed; /* of hashes: whoever chooses addresses cannot choose their chain */
    CacheState state;
    size_t chains; /* a power of two */
    Kept **table;
    Kept *newest, *oldest;
};

Cache *cache_new(size_t bytes) {
    Cache *cache = memory_zeroed(1, sizeof *cache);
    cache->limit = bytes;
    random_bytes(&cache->seed, sizeof cache->seed);
    cache->chains = TABLE_MIN;
    while (cache->chains < bytes / TYPICAL_SIZE)
        cache->chains *= 2;
    cache->table = memory_zeroed(cache->chains, sizeof(Kept *));
    return cache;
}

/* ---- one answer ---- */

/* Copies a text behind the others. */
static const char *put(char **at, const char *text, size_t length) {
    char *copy = *at;
    memcpy(copy, text, length);
    copy[length] = '\0';
    *at += length + 1;
    return copy;
}

static size_t texts_size(const Exchange *x, size_t key_length) {
    size_t size = key_length + x->body.length + strlen(x->etag) + 3;
    for (int i = 0; i < x->header_count; i++)
        size += strlen(x->headers[i].value) + 1;
    return size;
}

static Kept *kept_new(const char *key, size_t length, uint64_t hash, const Exchange *x, uint64_t time) {
    size_t size = sizeof(Kept) + texts_size(x, length);
    Kept *kept = memory_zeroed(1, size);
    char *at = (char *)(kept + 1);
    kept->key = put(&at, key, length);
    kept->key_length = length;
    kept->hash = hash;
    kept->footprint = *x->footprint;
    kept->time = time;
    kept->content_type = x->content_type; /* a constant */
    kept->etag = put(&at, x->etag, strlen(x->etag));
    kept->header_count = x->header_count;
    for (int i = 0; i < x->header_count; i++)
        kept->headers[i] = (AnswerHeader){.name = x->headers[i].name, /* a constant */
                                          .value = put(&at, x->headers[i].value, strlen(x->headers[i].value))};
    kept->length = x->body.length;
    kept->body = put(&at, x->body.data, x->body.length);
    kept->size = size + FORM_SIZE;
    kept->holders = 1;
    return kept;
}

void cache_let_go(Kept *kept) {
    if (--kept->holders > 0)
        return;
    for (int i = 0; i < KEPT_FORMS; i++)
        if (kept->forms[i])
            MHD_destroy_response(kept->forms[i]);
    free(kept->packed.data);
    free(kept);
}

/* ---- the order of use ---- */

static void order_leave(Cache *cache, Kept *kept) {
    *(kept->newer ? &kept->newer->older : &cache->newest) = kept->older;
    *(kept->older ? &kept->older->newer : &cache->oldest) = kept->newer;
}

static void order_enter(Cache *cache, Kept *kept) {
    kept->newer = NULL;
    kept->older = cache->newest;
    *(cache->newest ? &cache->newest->newer : &cache->oldest) = kept;
    cache->newest = kept;
}

/* ---- the table ---- */

static Kept **chain_of(Cache *cache, uint64_t hash) {
    return &cache->table[hash & (cache->chains - 1)];
}

static Kept *lookup(Cache *cache, const char *key, size_t length, uint64_t hash) {
    Kept *kept = *chain_of(cache, hash);
    while (kept && (kept->hash != hash || kept->key_length != length || memcmp(kept->key, key, length) != 0))
        kept = kept->next;
    return kept;
}

void cache_drop(Cache *cache, Kept *kept) {
    for (Kept **at = chain_of(cache, kept->hash); *at; at = &(*at)->next) {
        if (*at == kept) {
            *at = kept->next;
            order_leave(cache, kept);
            cache->state.bytes -= kept->size;
            cache->state.entries--;
            cache_let_go(kept);
            return;
        }
    }
}

/* Makes room; what was used last stays. */
static void bound(Cache *cache) {
    for (Kept *kept = cache->oldest, *newer; cache->state.bytes > cache->limit && kept != cache->newest; kept = newer) {
        newer = kept->newer;
        cache_drop(cache, kept);
        cache->state.evicted++;
    }
}

Kept *cache_find(Cache *cache, const char *key, size_t length) {
    Kept *kept = lookup(cache, key, length, hash64_more(cache->seed, key, length));
    if (!kept)
        return NULL;
    order_leave(cache, kept);
    order_enter(cache, kept);
    kept->holders++;
    return kept;
}

bool cache_keep(Cache *cache, const char *key, size_t length, const Exchange *x, uint64_t time) {
    size_t size = sizeof(Kept) + texts_size(x, length) + FORM_SIZE;
    uint64_t hash = hash64_more(cache->seed, key, length);
    Kept *former = lookup(cache, key, length, hash);
    if (former)
        cache_drop(cache, former);
    if (size > cache->limit / SHARE_MAX)
        return false;
    Kept *kept = kept_new(key, length, hash, x, time);
    Kept **chain = chain_of(cache, kept->hash);
    kept->next = *chain;
    *chain = kept;
    order_enter(cache, kept);
    cache->state.bytes += kept->size;
    cache->state.entries++;
    bound(cache);
    return true;
}

const char *cache_pack(Cache *cache, Kept *kept, const Buffer *packed) {
    if (lookup(cache, kept->key, kept->key_length, kept->hash) != kept)
        return packed->data;
    kept->packed.data = memory_grown(NULL, 1, packed->length);
    memcpy(kept->packed.data, packed->data, packed->length);
    kept->packed.length = packed->length;
    kept->size += packed->length;
    cache->state.bytes += packed->length;
    bound(cache);
    return kept->packed.data;
}

CacheState cache_state(const Cache *cache) {
    return cache->state;
}

void cache_free(Cache *cache) {
    if (!cache)
        return;
    for (Kept *kept = cache->newest, *older; kept; kept = older) {
        older = kept->older;
        cache_let_go(kept);
    }
    free(cache->table);
    free(cache);
}
