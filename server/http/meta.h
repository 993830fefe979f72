/* meta.h: the endpoints about the service itself: index, health, metrics, the API's description and its page.
 *
 * None of them touches the database. A Meta holds what they answer from; it belongs to the server and is shared by all
 * workers. */
#ifndef ONRECORD_HTTP_META_H
#define ONRECORD_HTTP_META_H

#include <stdbool.h>

#include "record/exchange.h"

typedef struct Meta Meta;

/* `public_url`: what `servers` in the description says instead of its own; "" leaves it. */
Meta *meta_new(const char *public_url);
void meta_free(Meta *meta);

const Endpoint *meta_endpoints(int *count);

/* True for one of meta_endpoints. */
bool meta_owns(const Endpoint *endpoint);

#endif
