/* request.h: one request from its first line to the last byte of its answer.
 *
 * A Request, with its arena, is taken from its worker's spare ones when the request line has come, and goes back when
 * MHD says that the request is over. While its batch is with PostgreSQL the connection is suspended, and MHD does not
 * end the request of a suspended connection, so that the arena outlives the query. */
#ifndef ONRECORD_HTTP_REQUEST_H
#define ONRECORD_HTTP_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/deadlines.h"
#include "http/head.h"
#include "http/router.h"
#include "http/target.h"
#include "http/worker.h"
#include "record/exchange.h"

typedef enum RequestState {
    REQUEST_LINE,     /* the request line has come */
    REQUEST_BODY,     /* the head was judged; the body comes, if there is one */
    REQUEST_WAITING,  /* with PostgreSQL; the connection is suspended */
    REQUEST_ANSWERED, /* the answer is queued */
    REQUEST_GONE      /* nobody waits for an answer any more */
} RequestState;

/* What the cache did for a request: cached.h. */
typedef enum Caching { CACHING_NONE, CACHING_HIT, CACHING_MISS, CACHING_STALE, CACHING_AROUND } Caching;

/* Where its target and its version stand, as the library found them in what it had read. */
typedef struct RequestLine {
    const char *uri;
    const char *version;
} RequestLine;

struct Request {
    Exchange exchange;
    Worker *worker;
    struct MHD_Connection *connection;
    Client *client;
    Request *next; /* among the spare or the completed ones */

    RequestState state;
    bool judged;    /* the answer is known without a handler: a problem, or a status */
    bool head_only; /* HEAD */
    bool http11;    /* or newer */
    RequestLine line;
    bool framing_lost; /* where the body ends is not known: the connection cannot be used again */
    bool suspended;
    const char *method; /* as sent */
    Head head;
    Target target;
    bool target_valid;
    const Route *route;
    bool format_named; /* `format` has chosen the representation, whatever Accept says */

    bool lines;                /* the body is records, a line each: upload.h */
    struct Upload *upload;     /* NULL: it is not, or not yet */
    struct Flow *flow;         /* flow.h; NULL: the answer goes out as a whole */
    struct Listener *listener; /* listener.h; NULL: it is none */
    const Buffer *packed;      /* the gzip form of the answer, where it is there already; NULL: not */
    struct {
        Caching result;
        const char *key; /* NULL: the answer is not to be kept */
        size_t key_length;
        uint64_t time;
        Kept *kept; /* CACHING_HIT: the answer */
    } caching;
    Buffer payload;
    int64_t started_us;
    int status;  /* of the answer */
    size_t sent; /* bytes of the answer's body */
};

/* The request that an exchange belongs to. */
Request *request_of(Exchange *x);

/* The callbacks for MHD_start_daemon; `cls` is the worker. */
void *request_begin(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result request_access(void *cls, struct MHD_Connection *connection, const char *url, const char *method,
                               const char *version, const char *data, size_t *size, void **context);
void request_completed(void *cls, struct MHD_Connection *connection, void **context,
                       enum MHD_RequestTerminationCode code);

/* Goes on with a request whose batch has ended. True when its answer is queued and it may be resumed. */
bool request_continue(Request *request);
void request_resume(Request *request);

/* Frees the spare ones. */
void requests_free(Worker *worker);

#endif
