/* upload.h: a body of any length, a record a line: from the socket to PostgreSQL, chunk by chunk.
 *
 * While a chunk is with PostgreSQL the connection is suspended, and nothing is read from it: so the client is paced,
 * and memory does not grow with the body. The answer can only come when the body was read: what it will say of each
 * line, where the client wants that, goes to a file without a name.
 *
 * An Upload belongs to its request. How many there may be at a time is a setting. */
#ifndef ONRECORD_HTTP_UPLOAD_H
#define ONRECORD_HTTP_UPLOAD_H

#include "http/request.h"

typedef struct Upload Upload;

/* Begins; false with a problem set: its parameters have faults, or there are as many already as there may be. */
bool upload_begin(Request *request);

/* Takes some of the body; `*size` is what is left of it for later. The connection may be suspended. */
void upload_take(Request *request, const char *data, size_t *size);

/* The body has ended. True when the answer can be queued, with upload_answer; else the connection is suspended. */
bool upload_end(Request *request);

/* Its batch is complete. True when the connection may be resumed: for more of the body, or with the answer queued. */
bool upload_continue(Request *request);

/* Queues the answer; false when that is not possible. */
bool upload_answer(Request *request);

void upload_free(Request *request);

#endif
