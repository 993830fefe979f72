/* flow.h: an answer that goes out while its rows still come: from a stream's batch to the client's socket.
 *
 * Two chunks are all that is kept: one is filled with rows while the other is sent. When both are full PostgreSQL is
 * not read any more; when both are empty the connection is suspended. The answer begins with the first full chunk: what
 * is all there before is an ordinary answer, and what fails before is a problem. What fails after that is cut off, so
 * that the client notices. A client that goes is noticed at once, and its statement stopped.
 *
 * A Flow belongs to its request, and to the worker's list of flows while it has something to do in this turn. */
#ifndef ONRECORD_HTTP_FLOW_H
#define ONRECORD_HTTP_FLOW_H

#include "http/request.h"

typedef struct Flow Flow;

/* Makes the request's batch, which is about to be submitted, a flow. */
void flow_start(Request *request);

/* True when the answer has begun: from then on the flow sees to it. */
bool flow_begun(const Flow *flow);

/* The batch has ended. When the answer has not begun, the exchange's body is what was written so far. */
void flow_end(Flow *flow);

/* Ends the request's flow, if it has one: a statement under way is stopped. */
void flow_free(Request *request);

/* Begins answers and wakes those that have something to send, of all the worker's flows that are due. */
void flows_run(Worker *worker);

#endif
