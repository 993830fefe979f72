#include "http/response.h"

#include <string.h>

#include "http/compress.h"
#include "http/conditional.h"
#include "http/negotiate.h"

/* The answer while it is put together. */
typedef struct Answer {
    int status;
    const char *content_type; /* NULL: no body */
    const char *data;
    size_t length;
    const char *etag; /* as in the header, with quotes; NULL: none */
    bool gzip;
    bool named_gzip; /* 304: the client has that form */
    bool cacheable;  /* an answer to GET, HEAD, or one that caches may keep by default */
} Answer;

static void answer_problem(Request *request, Answer *answer) {
    Exchange *x = &request->exchange;
    Buffer document = buffer_new(x->arena, 512);
    problem_render(x, &document);
    answer->status = problem_status(x->problem.kind);
    answer->content_type = "application/problem+json";
    answer->data = document.data;
    answer->length = document.length;
    if (x->problem.kind == PROBLEM_UNAVAILABLE)
        exchange_header(x, "Retry-After", "1");
}

/* True when the client has this representation already. MHD cannot leave the length out: it says 0, which caches do not
 * take over (RFC 9111, section 3.2). The length of the body, which RFC 9110 allows in section 8.6, has clients of some
 * parsers wait for a body (http_parser: wrk, older Node.js). */
static bool not_modified(const Request *request, Answer *answer) {
    const Exchange *x = &request->exchange;
    bool named_gzip;
    if (answer->status != 200 || x->method != METHOD_GET ||
        !conditional_none_match(request->head.values[HEAD_IF_NONE_MATCH], x->etag, &named_gzip))
        return false;
    answer->status = 304;
    answer->named_gzip = named_gzip;
    answer->etag = arena_printf(x->arena, named_gzip ? "\"%s-gzip\"" : "\"%s\"", x->etag);
    answer->content_type = NULL;
    answer->data = "";
    answer->length = 0;
    return true;
}

static void answer_compress(const Request *request, Answer *answer) {
    if (answer->length < COMPRESS_MIN || !negotiate_gzip(request->head.values[HEAD_ACCEPT_ENCODING]) ||
        !compressible(answer->content_type))
        return;
    Buffer packed;
    if (request->packed) {
        answer->data = request->packed->data;
        answer->length = request->packed->length;
        answer->gzip = true;
    } else if (compress_gzip(request->worker->compressor, request->exchange.arena, answer->data, answer->length,
                             &packed)) {
        answer->data = packed.data;
        answer->length = packed.length;
        answer->gzip = true;
        if (request->caching.kept)
            answer->data = cache_pack(request->worker->cache, request->caching.kept, &packed);
    }
}

static Answer answer_make(Request *request) {
    Exchange *x = &request->exchange;
    Answer answer = {.status = x->status ? x->status : 200, .data = "", .cacheable = x->method == METHOD_GET};
    if (x->problem.kind != PROBLEM_NONE) {
        answer_problem(request, &answer);
    } else {
        if (not_modified(request, &answer))
            return answer;
        if (x->body.length > 0 || x->stream) {
            answer.content_type = x->content_type ? x->content_type : representation_of(x->format)->content_type;
            answer.data = x->body.data;
            answer.length = x->body.length;
        }
    }
    answer_compress(request, &answer);
    if (x->etag && x->problem.kind == PROBLEM_NONE)
        answer.etag = arena_printf(x->arena, answer.gzip ? "\"%s-gzip\"" : "\"%s\"", x->etag);
    return answer;
}

static bool has_header(const Exchange *x, const char *name) {
    for (int i = 0; i < x->header_count; i++)
        if (strcmp(x->headers[i].name, name) == 0)
            return true;
    return false;
}

static void add_cors(Request *request, struct MHD_Response *response) {
    const CorsPolicy *policy = &request->worker->server->cors;
    const char *allow = cors_allow(policy, request->head.values[HEAD_ORIGIN]);
    if (allow) {
        MHD_add_response_header(response, "Access-Control-Allow-Origin", allow);
        MHD_add_response_header(response, "Access-Control-Expose-Headers", cors_exposed_headers);
    }
}

/* The request's headers that the answer depends on. */
static const char *varies_by(const Request *request, const Answer *answer) {
    bool origin = cors_varies(&request->worker->server->cors);
    if (!answer->cacheable)
        return origin ? "Origin" : "";
    if (request->format_named)
        return origin ? "Accept-Encoding, Origin" : "Accept-Encoding";
    return origin ? "Accept, Accept-Encoding, Origin" : "Accept, Accept-Encoding";
}

/* Nothing is read behind a chunked body: the lines between and behind its chunks are the library's to read, which ends
 * them where others do not (RFC 9112, section 11.2). */
static bool ends_connection(const Request *request) {
    return request->worker->draining || request->framing_lost || request->head.values[HEAD_TRANSFER_ENCODING] != NULL;
}

static void add_headers(Request *request, const Answer *answer, struct MHD_Response *response) {
    const Exchange *x = &request->exchange;
    const char *varies = varies_by(request, answer);
    if (answer->content_type) {
        MHD_add_response_header(response, "Content-Type", answer->content_type);
        MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    }
    if (answer->etag)
        MHD_add_response_header(response, "ETag", answer->etag);
    if (answer->gzip)
        MHD_add_response_header(response, "Content-Encoding", "gzip");
    if (answer->cacheable) {
        if (!has_header(x, "Cache-Control"))
            MHD_add_response_header(response, "Cache-Control", "no-cache");
    }
    if (varies[0])
        MHD_add_response_header(response, "Vary", varies);
    for (int i = 0; i < x->header_count; i++)
        MHD_add_response_header(response, x->headers[i].name, x->headers[i].value);
    add_cors(request, response);
    if (ends_connection(request))
        MHD_add_response_header(response, "Connection", "close");
}

/* Queues a response that has its headers. */
static bool answer_send(Request *request, const Answer *answer, ClientPhase phase, struct MHD_Response *response) {
    Worker *worker = request->worker;
    request->status = answer->status;
    request->state = REQUEST_ANSWERED;
    client_enter(&worker->clients, request->client, phase, worker->now_us);
    return MHD_queue_response(request->connection, (unsigned)answer->status, response) == MHD_YES;
}

/* Queues the head and whatever gives the body; takes over `response`. */
static bool answer_queue(Request *request, const Answer *answer, ClientPhase phase, struct MHD_Response *response) {
    if (response == NULL)
        return false;
    add_headers(request, answer, response);
    bool queued = answer_send(request, answer, phase, response);
    MHD_destroy_response(response);
    return queued;
}

/* Where a kept answer has the response that this client gets as any other would; NULL: it gets its own. */
static struct MHD_Response **shared_form(const Request *request, const Answer *answer) {
    Kept *kept = request->caching.kept;
    if (!kept || request->head.values[HEAD_ORIGIN] || ends_connection(request))
        return NULL;
    if (answer->status == 304)
        return answer->named_gzip ? NULL : &kept->forms[KEPT_NOT_MODIFIED];
    if (answer->gzip)
        return answer->data == kept->packed.data ? &kept->forms[KEPT_GZIP] : NULL;
    return &kept->forms[KEPT_PLAIN];
}

bool response_queue(Request *request) {
    Answer answer = answer_make(request);
    request->sent = request->head_only ? 0 : answer.length;
    struct MHD_Response **form = shared_form(request, &answer);
    if (form && *form)
        return answer_send(request, &answer, CLIENT_ANSWER, *form);
    /* The bytes live in the request's arena, or are held by it, until MHD says that the request is over. */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer.length, (void *)(uintptr_t)answer.data, MHD_RESPMEM_PERSISTENT);
    if (form == NULL || response == NULL)
        return answer_queue(request, &answer, CLIENT_ANSWER, response);
    add_headers(request, &answer, response);
    *form = response;
    return answer_send(request, &answer, CLIENT_ANSWER, response);
}

/* Of a body that a reader gives. There are many listeners, and each keeps its own. */
enum { BLOCK = 16 * 1024, BLOCK_OF_A_LISTENER = 512 };

bool response_stream(Request *request, ClientPhase phase, MHD_ContentReaderCallback reader, void *reader_cls) {
    size_t block = phase == CLIENT_LISTEN ? BLOCK_OF_A_LISTENER : BLOCK;
    const Exchange *x = &request->exchange;
    Answer answer = {
        .status = x->status, .content_type = representation_of(x->format)->content_type, .cacheable = true};
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, block, reader, reader_cls, NULL);
    /* MHD ends a chunked answer to HEAD with the last chunk of the body that it does not send, and the client would
     * take that for its next answer. */
    if (response && request->head_only)
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT, MHD_RO_END);
    return answer_queue(request, &answer, phase, response);
}

bool response_lines(Request *request, uint64_t size, MHD_ContentReaderCallback reader, void *reader_cls) {
    Answer answer = {.status = request->exchange.status,
                     .content_type = representation_of(FORMAT_NDJSON)->content_type};
    return answer_queue(request, &answer, CLIENT_STREAM,
                        MHD_create_response_from_callback(size, BLOCK, reader, reader_cls, NULL));
}
