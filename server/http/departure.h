/* departure.h: notices that a client is gone while its connection is suspended: the library does not look at the socket
 * then.
 *
 * A Departure is a member of what is to be told, and on the worker's epoll while it is on. */
#ifndef ONRECORD_HTTP_DEPARTURE_H
#define ONRECORD_HTTP_DEPARTURE_H

#include <stdbool.h>

#include "http/worker.h"

typedef struct Departure Departure;
struct Departure {
    void (*gone)(Departure *departure);
    bool watched;
};

/* Looks at the socket, or no longer. */
void departure_watch(Departure *departure, const Worker *worker, int fd, bool on);

#endif
