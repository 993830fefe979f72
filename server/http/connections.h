/* connections.h: how clients' connections come to a worker, and go.
 *
 * All workers wait at the one listening socket, and the kernel wakes one of them for each connection. Whoever takes it
 * gives it to the worker that has the fewest, where it stays. At the limit of connections, whoever has been idle
 * longest is let go, and the newcomer is told to come again. */
#ifndef ONRECORD_HTTP_CONNECTIONS_H
#define ONRECORD_HTTP_CONNECTIONS_H

#include <microhttpd.h>
#include <stdbool.h>

#include "http/worker.h"

enum { CONNECTIONS_PER_TURN = 64 };

/* MHD's word of a connection that begins or ends; `cls` is the worker. */
void connection_changed(void *cls, struct MHD_Connection *connection, void **context,
                        enum MHD_ConnectionNotificationCode code);

/* Takes up to `max` connections that the kernel has accepted. False when there are no more for now. */
bool connections_accept(Worker *worker, int max);

/* Waits at the listening socket, or no longer. */
bool listening_set(Worker *worker, bool on);

/* Takes what other workers have given. */
void inbox_empty(Worker *worker);

#endif
