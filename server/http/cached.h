/* cached.h: which requests the worker's cache serves, and what it keeps of their answers.
 *
 * Reads of records and of lists, searches and statistics, as JSON, JSON-LD and Atom, where reading is open to all. What
 * needs a key is not kept, and neither is an export. `Cache-Control: no-cache`, `no-store` and `max-age=0` go around
 * the cache. Each answer of such an endpoint says what the cache did (Cache-Status, RFC 9211). */
#ifndef ONRECORD_HTTP_CACHED_H
#define ONRECORD_HTTP_CACHED_H

#include <stdbool.h>

#include "http/request.h"

/* True when the request now has its answer, which is held until cached_release; else it is to be made. */
bool cached_answer(Request *request);

/* The answer was made, and is not queued yet: keeps it where it is one to keep. */
void cached_keep(Request *request);

void cached_release(Request *request);

#endif
