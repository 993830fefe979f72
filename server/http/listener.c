#include "http/listener.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/moment.h"
#include "http/auth.h"
#include "http/departure.h"
#include "http/response.h"
#include "record/tail.h"

enum {
    SOCKET_BUFFER = 64 * 1024, /* what the kernel keeps for one that is slow */
    RETRY_US = 1000 * 1000,    /* a page that could not be read is asked for again */
    SIGNAL_ROOM = 128          /* the longest text that is not an event */
};

struct Listener {
    Departure departure; /* first: what epoll has is the listener */
    Request *request;
    Listener *previous; /* among the worker's */
    Listener *next;
    Tail *tail;
    Arena *arena; /* of `page`; NULL: none */
    Buffer page;
    Event *event;    /* that is being sent; NULL: none */
    size_t taken;    /* of the page or the event */
    size_t touched;  /* of what MHD gave us to write to, at the most */
    bool greets;     /* the first bytes are still to be sent */
    bool beats;      /* a heartbeat is */
    bool asks;       /* a page is on its way */
    bool over;       /* ends in good order once all is sent */
    bool failed;     /* is cut */
    int64_t ask_us;  /* not before then is a page asked for again */
    int64_t sent_us; /* when something was sent last */
};

/* --- the worker's list ----------------------------------------------------------------------------------------------
 */

static void list_add(Worker *worker, Listener *listener) {
    listener->next = worker->listeners;
    if (worker->listeners)
        worker->listeners->previous = listener;
    worker->listeners = listener;
    worker->listener_count++;
    change_log_listeners(worker->server->config.change_log, 1);
    metrics_set(worker->metrics, GAUGE_LISTENERS, (uint64_t)worker->listener_count);
}

static void list_remove(Worker *worker, Listener *listener) {
    if (listener->previous)
        listener->previous->next = listener->next;
    else
        worker->listeners = listener->next;
    if (listener->next)
        listener->next->previous = listener->previous;
    worker->listener_count--;
    change_log_listeners(worker->server->config.change_log, -1);
    metrics_set(worker->metrics, GAUGE_LISTENERS, (uint64_t)worker->listener_count);
}

/* --- what there is to send ------------------------------------------------------------------------------------------
 */

static bool is_live(const Listener *listener) {
    return listener->tail->format == FORMAT_EVENTS;
}

static void page_drop(Listener *listener) {
    arena_free(listener->arena);
    listener->arena = NULL;
    listener->page = (Buffer){0};
    listener->taken = 0;
}

/* Writes the page that has come. */
static void page_take(Listener *listener) {
    Tail *tail = listener->tail;
    const Batch *batch = &listener->request->exchange.batch;
    listener->arena = arena_new();
    listener->page = buffer_new(listener->arena, 0);
    listener->taken = 0;
    tail_write(tail, batch, &listener->page);
    if (listener->page.length == 0)
        page_drop(listener);
    listener->over = listener->over || (tail->end == PAGE_DONE && !is_live(listener));
}

/* Asks for the next page, unless one is on its way. */
static void page_ask(Listener *listener) {
    Request *request = listener->request;
    Worker *worker = request->worker;
    if (listener->asks || worker->now_us < listener->ask_us)
        return;
    listener->asks = true;
    batch_release(&request->exchange.batch);
    tail_queue(listener->tail, &request->exchange.batch);
    pool_submit(worker->pool, &request->exchange.batch);
}

/* The next event; NULL when the listener must wait. Where it is behind the window, it asks for a page, if it may. */
static Event *event_find(Listener *listener, bool may_ask) {
    const News *news = &listener->request->worker->news;
    Tail *tail = listener->tail;
    if (listener->asks)
        return NULL;
    if (!is_live(listener) || tail->end == PAGE_MORE || (news->open && !news_reach(news, &tail->mark))) {
        if (may_ask)
            page_ask(listener);
        return NULL;
    }
    if (!news->open)
        return NULL;
    Event *event = news_next(news, tail->mark.pos, &tail->filter);
    if (event)
        tail->mark.pos = event->pos;
    else if (tail->mark.pos < news->to.pos)
        tail->mark.pos = news->to.pos;
    return event;
}

/* --- to the client --------------------------------------------------------------------------------------------------
 */

static void listener_wait(Listener *listener) {
    Request *request = listener->request;
    request->suspended = true;
    MHD_suspend_connection(request->connection);
}

static void listener_wake(Listener *listener) {
    if (listener->request->suspended)
        request_resume(listener->request);
}

static size_t part_copy(Listener *listener, const char *data, size_t length, char *out, size_t max) {
    size_t size = length - listener->taken < max ? length - listener->taken : max;
    memcpy(out, data + listener->taken, size);
    listener->taken += size;
    return size;
}

/* What is no event: how long to wait before coming again, and where the client is, which it remembers; events that it
 * does not want move that on too. */
static size_t signal_write(Listener *listener, char *out, size_t max) {
    Arena *arena = arena_new();
    Buffer text = buffer_new(arena, 128);
    buffer_printf(&text, "%s:\nid: %s\n\n", listener->greets ? "retry: 2000\n" : "",
                  token_encode(arena, &listener->tail->mark));
    bool fits = text.length <= max;
    if (fits) {
        memcpy(out, text.data, text.length);
        listener->greets = listener->beats = false;
    }
    arena_free(arena);
    return fits ? text.length : 0;
}

/* Fills `out` with as much as there is. A page is asked for only where nothing is to be sent: then the connection is
 * suspended until the page has come, and the request, which the page is written to, stays as long. */
static size_t listener_fill(Listener *listener, char *out, size_t max) {
    bool signals = (listener->greets || listener->beats) && !listener->over;
    size_t filled = 0;
    while (filled < max) {
        if (listener->arena) {
            filled += part_copy(listener, listener->page.data, listener->page.length, out + filled, max - filled);
            if (listener->taken == listener->page.length)
                page_drop(listener);
        } else if (listener->event) {
            Event *event = listener->event;
            filled += part_copy(listener, event->text, event->length, out + filled, max - filled);
            if (listener->taken == event->length) {
                event_release(event);
                listener->event = NULL;
                listener->taken = 0;
            }
        } else if (listener->over || (listener->event = event_find(listener, filled == 0 && !signals)) == NULL) {
            break;
        }
    }
    bool between = !listener->arena && !listener->event;
    if (between && signals && !listener->over && max - filled >= SIGNAL_ROOM)
        filled += signal_write(listener, out + filled, max - filled);
    return filled;
}

/* While a listener waits, what MHD has for us to write to holds nothing. The library has filled it with zeros once, and
 * page by page it would be most of what a listener takes. */
static void pages_release(Listener *listener, char *out, size_t max) {
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)out + page - 1) / page * page;
    uintptr_t end = ((uintptr_t)out + max) / page * page;
    if (first < end && (uintptr_t)out + listener->touched > first)
        (void)madvise(out + (first - (uintptr_t)out), end - first, MADV_DONTNEED);
    listener->touched = 0;
}

/* MHD asks for more of the body. */
static ssize_t listener_read(void *cls, uint64_t position, char *out, size_t max) {
    Listener *listener = cls;
    Request *request = listener->request;
    Worker *worker = request->worker;
    (void)position;
    if (listener->failed)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t size = listener_fill(listener, out, max);
    if (size > 0) {
        listener->sent_us = worker->now_us;
        listener->touched = size > listener->touched ? size : listener->touched;
        request->sent += size;
        client_handed(request->client, size);
        return (ssize_t)size;
    }
    if (listener->over)
        return MHD_CONTENT_READER_END_OF_STREAM;
    pages_release(listener, out, max);
    listener_wait(listener);
    return 0;
}

/* --- its life -------------------------------------------------------------------------------------------------------
 */

static void listener_gone(Departure *departure) {
    Listener *listener = (Listener *)departure;
    Request *request = listener->request;
    departure_watch(departure, request->worker, request->client->fd, false);
    listener->failed = true;
    shutdown(request->client->fd, SHUT_RDWR);
    if (!listener->asks) /* else when the page has come, which is written to what the request owns */
        listener_wake(listener);
}

static void listener_new(Request *request) {
    Worker *worker = request->worker;
    int size = SOCKET_BUFFER;
    Listener *listener = memory_zeroed(1, sizeof *listener);
    listener->departure.gone = listener_gone;
    listener->request = request;
    listener->tail = request->exchange.tail;
    listener->greets = is_live(listener);
    listener->touched = SIZE_MAX / 2;
    listener->sent_us = worker->now_us;
    request->listener = listener;
    setsockopt(request->client->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    departure_watch(&listener->departure, worker, request->client->fd, true);
    list_add(worker, listener);
}

bool listener_begin(Request *request) {
    Exchange *x = &request->exchange;
    Worker *worker = request->worker;
    if (worker->listener_count >= worker->server->config.config->listeners_max || worker->draining) {
        problem_set(x, PROBLEM_UNAVAILABLE, "This server has as many listeners as it may have.");
        return false;
    }
    listener_new(request);
    request->client->handed = request->client->taken = 0;
    if (request->head_only)
        request->listener->over = true;
    else
        page_take(request->listener);
    batch_release(&x->batch);
    exchange_header(x, "X-Accel-Buffering", "no"); /* a proxy between us is not to wait for more */
    if (response_stream(request, CLIENT_LISTEN, listener_read, request->listener))
        return true;
    request->listener->failed = true;
    shutdown(request->client->fd, SHUT_RDWR);
    return true;
}

void listener_page(Listener *listener) {
    Request *request = listener->request;
    Batch *batch = &request->exchange.batch;
    listener->asks = false;
    if (batch->outcome == BATCH_DONE) {
        tail_take(listener->tail, batch);
        if (listener->tail->end != PAGE_LOST)
            page_take(listener);
        else if (is_live(listener))
            listener->over = true; /* when the client comes again, it is told why */
        else
            listener->failed = true;
    } else if (is_live(listener)) {
        listener->ask_us = request->worker->now_us + RETRY_US;
    } else {
        listener->failed = true;
    }
    batch_release(batch);
    listener_wake(listener);
}

void listener_free(Request *request) {
    Listener *listener = request->listener;
    if (listener == NULL)
        return;
    Worker *worker = request->worker;
    assert(!listener->asks);
    departure_watch(&listener->departure, worker, request->client->fd, false);
    list_remove(worker, listener);
    if (request->client->shut)
        metrics_add(worker->metrics, GAUGE_LISTENERS_DROPPED, 1);
    event_release(listener->event);
    arena_free(listener->arena);
    free(listener);
    request->listener = NULL;
}

/* --- all of them ----------------------------------------------------------------------------------------------------
 */

/* Whether there may be something for a listener that waits: an event, or the log itself. */
static bool has_news(Listener *listener, const News *news) {
    Tail *tail = listener->tail;
    if (!news_reach(news, &tail->mark))
        return true;
    Event *event = news_next(news, tail->mark.pos, &tail->filter);
    if (event == NULL && tail->mark.pos < news->to.pos)
        tail->mark.pos = news->to.pos;
    event_release(event);
    return event != NULL;
}

void listeners_tell(Worker *worker) {
    if (!news_take(&worker->news))
        return;
    for (Listener *listener = worker->listeners; listener; listener = listener->next)
        if (listener->request->suspended && !listener->asks && has_news(listener, &worker->news))
            listener_wake(listener);
}

/* A key that was revoked or has expired opens nothing any more. */
static bool may_listen(const Listener *listener, int64_t now_wall_us) {
    const Request *request = listener->request;
    int64_t key_id = request->exchange.key_id;
    return key_id == 0 || auth_key_works(request->worker->keyring, key_id, now_wall_us);
}

void listeners_sweep(Worker *worker) {
    int64_t beat_us = (int64_t)worker->server->config.config->heartbeat_s * 1000000;
    int64_t now_wall_us = worker->listeners ? clock_wall_us() : 0;
    for (Listener *listener = worker->listeners; listener; listener = listener->next) {
        if (!listener->request->suspended || listener->asks)
            continue;
        bool retries = listener->ask_us != 0 && worker->now_us >= listener->ask_us;
        listener->beats = is_live(listener) && worker->now_us - listener->sent_us >= beat_us;
        listener->over = listener->over || !may_listen(listener, now_wall_us);
        if (listener->beats || retries || listener->over)
            listener_wake(listener);
        listener->ask_us = retries ? 0 : listener->ask_us;
    }
}

void listeners_end(Worker *worker) {
    for (Listener *listener = worker->listeners; listener; listener = listener->next) {
        if (!is_live(listener))
            continue; /* it ends by itself */
        listener->over = true;
        if (!listener->asks)
            listener_wake(listener);
    }
}
