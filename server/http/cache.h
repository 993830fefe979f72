/* cache.h: answers to reads that are kept to be given again, of one worker: bounded in bytes, the least recently used
 * go first.
 *
 * A Kept is an answer as it left a handler, with what it was made of and when (generations.h). It belongs to the cache;
 * whoever gives it out holds it, and it stays until it is let go, even when the cache has dropped it meanwhile. */
#ifndef ONRECORD_HTTP_CACHE_H
#define ONRECORD_HTTP_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "record/exchange.h"
#include "record/footprint.h"

struct MHD_Response;

/* Forms of an answer that go out to any client alike. */
typedef enum KeptForm { KEPT_PLAIN, KEPT_GZIP, KEPT_NOT_MODIFIED, KEPT_FORMS } KeptForm;

typedef struct Kept Kept;
struct Kept {
    const char *key;
    size_t key_length;
    Footprint footprint;
    uint64_t time; /* before its query was sent */
    const char *content_type;
    const char *etag;
    int header_count;
    AnswerHeader headers[EXCHANGE_HEADERS];
    const char *body;
    size_t length;
    Buffer packed;                          /* its gzip form, once somebody has wanted it; no data: not yet */
    struct MHD_Response *forms[KEPT_FORMS]; /* made when first wanted */

    /* the cache's own */
    uint64_t hash;
    Kept *next; /* in its chain */
    Kept *newer, *older;
    size_t size;
    int holders;
};

typedef struct Cache Cache;

/* `bytes`: of everything that it keeps, its own tables apart. */
Cache *cache_new(size_t bytes);
void cache_free(Cache *cache);

/* What is kept under the key, now the most recently used, held for the caller; NULL: nothing. */
Kept *cache_find(Cache *cache, const char *key, size_t length);
void cache_let_go(Kept *kept);

/* Keeps a copy of the exchange's answer, which has x->footprint and x->etag, in place of what the key had. False where
 * it is too large to be worth it. */
bool cache_keep(Cache *cache, const char *key, size_t length, const Exchange *x, uint64_t time);

/* Drops what is kept there: it does not stand any more. */
void cache_drop(Cache *cache, Kept *kept);

/* Keeps the gzip form, too, where the answer is still kept. Answers where it stands: its own copy, or `packed`. */
const char *cache_pack(Cache *cache, Kept *kept, const Buffer *packed);

typedef struct CacheState {
    size_t bytes;
    uint64_t entries;
    uint64_t evicted; /* since the start, for want of room */
} CacheState;
CacheState cache_state(const Cache *cache);

#endif
