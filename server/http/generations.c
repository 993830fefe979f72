#include "http/generations.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "record/field.h"

enum {
    BUCKETS = 4096,        /* of the records of each resource */
    WANTED_US = 500 * 1000 /* so often it is noted that looks are wanted */
};

typedef _Atomic uint64_t Time;

struct Generations {
    Time clock;
    Time everything;
    _Atomic int64_t looked_us; /* when the last look that has ended began */
    _Atomic int64_t wanted_us;
    int resource_count;
    Time resources[FOOTPRINT_RESOURCES_MAX];
    Time records[]; /* BUCKETS of each */
};

Generations *generations_new(void) {
    int count;
    (void)resources_all(&count);
    Generations *generations = memory_zeroed(1, sizeof *generations + (size_t)count * BUCKETS * sizeof(Time));
    generations->resource_count = count;
    atomic_init(&generations->looked_us, INT64_MIN / 2);
    atomic_init(&generations->wanted_us, INT64_MIN / 2);
    return generations;
}

void generations_free(Generations *generations) {
    free(generations);
}

uint64_t generations_now(const Generations *generations) {
    return atomic_load(&generations->clock);
}

/* Never back: of two that touch at once the later one counts. */
static void raise_to(Time *time, uint64_t now) {
    uint64_t was = atomic_load(time);
    while (was < now && !atomic_compare_exchange_weak(time, &was, now)) {
    }
}

static Time *bucket_of(const Generations *generations, int resource, int64_t id) {
    size_t bucket = (size_t)resource * BUCKETS + (size_t)id % BUCKETS;
    return (Time *)(uintptr_t)&generations->records[bucket];
}

/* "quotes 12": false for what is not known. */
static bool raise_record(Generations *generations, const char *text, size_t length, uint64_t now) {
    const char *space = memchr(text, ' ', length);
    int resource = space ? resource_number(text, (size_t)(space - text)) : -1;
    if (resource < 0)
        return false;
    raise_to(&generations->resources[resource], now);
    raise_to(bucket_of(generations, resource, strtoll(space + 1, NULL, 10)), now);
    return true;
}

void generations_touch(Generations *generations, const char *touched) {
    if (touched && touched[0] == '\0')
        return;
    uint64_t now = atomic_fetch_add(&generations->clock, 1) + 1;
    for (const char *at = touched; at; at = strchr(at, ',')) {
        at += *at == ',';
        if (!raise_record(generations, at, strcspn(at, ","), now))
            touched = NULL;
    }
    if (!touched)
        raise_to(&generations->everything, now);
}

void generations_looked(void *owner, int64_t began_us, const char *touched) {
    Generations *generations = owner;
    generations_touch(generations, touched);
    atomic_store(&generations->looked_us, began_us);
}

const _Atomic int64_t *generations_wanted(const Generations *generations) {
    return &generations->wanted_us;
}

bool generations_fresh(Generations *generations, int64_t now_us) {
    if (now_us - atomic_load_explicit(&generations->wanted_us, memory_order_relaxed) > WANTED_US)
        atomic_store(&generations->wanted_us, now_us);
    return now_us - atomic_load(&generations->looked_us) < GENERATIONS_LOOK_US;
}

bool generations_stand(const Generations *generations, const Footprint *footprint, uint64_t time) {
    if (atomic_load(&generations->everything) > time)
        return false;
    for (int i = 0; i < generations->resource_count && footprint->resources >> i != 0; i++)
        if ((footprint->resources >> i & 1) != 0 && atomic_load(&generations->resources[i]) > time)
            return false;
    for (int i = 0; i < footprint->record_count; i++)
        if (atomic_load(bucket_of(generations, footprint->records[i].resource, footprint->records[i].id)) > time)
            return false;
    return true;
}
