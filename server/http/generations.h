/* generations.h: what was touched when, shared by all workers: whether an answer that was kept still stands.
 *
 * One clock counts what is touched: each record's bucket, and each resource, has the time at which it was touched last.
 * An answer bears the time before its query was sent, and stands while nothing that it was made of (footprint.h) was
 * touched since. A write raises what it has touched before it is answered, so that who reads after it sees it, on any
 * worker. What others commit is found by looking at the log of changes (change_log.h): nothing counts as standing
 * unless a look that began less than GENERATIONS_LOOK_US ago has ended.
 *
 * Safe from any thread. */
#ifndef ONRECORD_HTTP_GENERATIONS_H
#define ONRECORD_HTTP_GENERATIONS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "record/footprint.h"

enum { GENERATIONS_LOOK_US = 250 * 1000 };

typedef struct Generations Generations;

Generations *generations_new(void);
void generations_free(Generations *generations);

/* The time before a query. */
uint64_t generations_now(const Generations *generations);

/* Raises what has been touched, in the words of the log ("quotes 12,articles 3"); NULL: everything. */
void generations_touch(Generations *generations, const char *touched);

/* The same from a look at the log that began then (monotonic); `owner` is the Generations: for change_log_follow, with
 * what is to be its `wanted_us`. */
void generations_looked(void *owner, int64_t began_us, const char *touched);
const _Atomic int64_t *generations_wanted(const Generations *generations);

/* Whether a look has ended that is recent enough at `now_us`; asks for more of them. */
bool generations_fresh(Generations *generations, int64_t now_us);

/* Whether what was made of that is still so since that time. */
bool generations_stand(const Generations *generations, const Footprint *footprint, uint64_t time);

#endif
