/* response.h: from an exchange to bytes on the wire. */
#ifndef ONRECORD_HTTP_RESPONSE_H
#define ONRECORD_HTTP_RESPONSE_H

#include "http/request.h"

/* Queues the answer that the exchange holds: renders a problem, answers 304 where the client has it already,
 * compresses, sets the headers. False when MHD refuses; the connection is then to be closed. */
bool response_queue(Request *request);

/* Queues the head of an answer whose body `reader` gives, as MHD_create_response_from_callback says; of unknown length:
 * chunked, or, in HTTP/1.0 and for HEAD, up to the connection's end. */
bool response_stream(Request *request, ClientPhase phase, MHD_ContentReaderCallback reader, void *reader_cls);

/* The same for lines of `size` bytes in all that say what became of those of an upload. */
bool response_lines(Request *request, uint64_t size, MHD_ContentReaderCallback reader, void *reader_cls);

#endif
