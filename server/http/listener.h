/* listener.h: an answer that follows the log of changes: from page to page to its end as NDJSON, and beyond as
 * server-sent events.
 *
 * A listener is as far as its tail's mark, and keeps nothing else: what it is behind by it reads from the log, a page
 * at a time; once it has come into the worker's window (news.h) it is sent those events, which all listeners share.
 * While there is nothing to send, its connection is suspended. Whoever takes nothing of what waits for it for
 * ONRECORD_ANSWER_TIMEOUT_S is let go, and goes on from its last event's id when it comes again.
 *
 * A Listener belongs to its request, and to the worker's list of listeners. */
#ifndef ONRECORD_HTTP_LISTENER_H
#define ONRECORD_HTTP_LISTENER_H

#include "http/request.h"

typedef struct Listener Listener;

/* Begins the answer of a request whose first page has come (exchange.tail). False when there may be no more listeners,
 * or the answer cannot be queued: then there is a problem, which is the answer. */
bool listener_begin(Request *request);

/* The next page has come, or has failed to. */
void listener_page(Listener *listener);

/* Ends the request's listener, if it has one. */
void listener_free(Request *request);

/* Takes what is new, and wakes whom it is for. */
void listeners_tell(Worker *worker);

/* Wakes those to whom nothing was sent for long; ends those whose key works no more. Call about every 250 ms. */
void listeners_sweep(Worker *worker);

/* Ends all answers in good order. */
void listeners_end(Worker *worker);

#endif
