/* head.h: the head of a request: which headers it has, and what is wrong with them.
 *
 * The HTTP library accepts much that RFC 9112 forbids; what could make two servers read one request differently is
 * refused here. Pure functions: a Head borrows the texts it is given. */
#ifndef ONRECORD_HTTP_HEAD_H
#define ONRECORD_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum {
    HEAD_MAX = 10 * 1024, /* bytes of a request line with its headers, and HEAD_FIELD_SIZE for each of these */
    HEAD_FIELD_SIZE = 72, /* what libmicrohttpd notes of a header takes of the same memory */
};

/* The headers that mean something here. */
typedef enum HeadField {
    HEAD_HOST,
    HEAD_CONTENT_LENGTH,
    HEAD_TRANSFER_ENCODING,
    HEAD_CONTENT_TYPE,
    HEAD_CONTENT_ENCODING,
    HEAD_ACCEPT,
    HEAD_ACCEPT_ENCODING,
    HEAD_AUTHORIZATION,
    HEAD_IF_MATCH,
    HEAD_IF_NONE_MATCH,
    HEAD_ORIGIN,
    HEAD_EXPECT,
    HEAD_CHANGE_ACTOR,
    HEAD_CHANGE_REASON,
    HEAD_IDEMPOTENCY_KEY,
    HEAD_CORS_METHOD,
    HEAD_LAST_EVENT_ID,
    HEAD_CACHE_CONTROL,
    HEAD_FIELD_COUNT
} HeadField;

typedef struct Head {
    Arena *arena;
    const char *values[HEAD_FIELD_COUNT]; /* NULL: not given. A list header given twice is joined by ", " */
    unsigned repeated;                    /* bit per HeadField that was given twice and may not be */
    bool bad_line;                        /* a line is none that HTTP allows; whoever reads the lines may set it, too */
    size_t size;                          /* as HEAD_MAX counts; whoever reads the lines sets it */
    const char *bad_value;                /* the name of the first header with a control character, or NULL */
} Head;

typedef struct HeadFault {
    const char *header;
    const char *detail;
} HeadFault;

enum { HEAD_FAULTS_MAX = 8 };

/* An empty head; joined values go to `arena`. */
Head head_new(Arena *arena);

/* Takes one header line; white space after the value is not part of it. */
void head_add(Head *head, const char *name, size_t name_length, const char *value, size_t value_length);

/* The header's name as it is written in messages. */
const char *head_field_name(HeadField field);

/* Writes what is wrong into `faults`; answers how many. `http11`: the request is HTTP/1.1, which must name a host. */
int head_faults(const Head *head, bool http11, HeadFault faults[HEAD_FAULTS_MAX]);

/* The announced length of the body: 0 without one, -1 when it comes in chunks. */
int64_t head_body_length(const Head *head);

/* True for a plain host with or without a port ("a.example:8080", "[::1]"), which is safe to repeat in an address (RFC
 * 3986, section 3.2, without percent-encoding). */
bool head_is_host(const char *host);

/* True for `Expect: 100-continue`. */
bool head_expects_continue(const Head *head);

#endif
