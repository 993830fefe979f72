/* gate.h: what is answered before any handler runs: a bad head, no such path or method, no key, nothing acceptable, a
 * body of the wrong kind, a query that cannot be decoded, a database that is not ready. */
#ifndef ONRECORD_HTTP_GATE_H
#define ONRECORD_HTTP_GATE_H

#include "http/request.h"

/* Judges the head of a request. True: the endpoint may run. False: the exchange holds the answer (a problem, or a
 * status with headers). */
bool gate_pass(Request *request, bool http11);

#endif
