/* response.h: from an exchange to bytes on the wire. */
#ifndef ONRECORD_HTTP_RESPONSE_H
#define ONRECORD_HTTP_RESPONSE_H

#include "http/request.h"

/* Queues the answer that the exchange holds: renders a problem, answers 304 where the client has it already,
 * compresses, sets the headers. False when MHD refuses; the connection is then to be closed. */
bool response_queue(Request *request);

#endif
