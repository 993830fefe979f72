#include "db/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/log.h"
#include "base/moment.h"
#include "db/lane.h"
#include "db/session.h"
#include "sql.h"

enum {
    CONNECT_US = 5000000, /* an attempt that takes longer is given up */
    SILENCE_US = 5000000, /* beyond a statement's timeout: then the peer is dead */
    SETTLED_US = 50000,   /* a connection that lived shorter waits before the next attempt */
    BACKOFF_FIRST_US = 50000,
    BACKOFF_LAST_US = 500000
};

void connection_init(Connection *c, ConnectionHome *home, Lane lane, bool spare) {
    memset(c, 0, sizeof *c);
    c->home = home;
    c->lane = lane;
    c->spare = spare;
    c->fd = -1;
    statements_init(&c->statements);
    c->proof = (Statement){.sql = SQL_OUTCOME_PROOF, .param_count = 1, .params = c->proof_params};
}

int connection_timeout_ms(const Connection *c) {
    return c->home->timeout_ms[lane_rules[c->lane].timeout];
}

bool connection_wakes(const Connection *c, int64_t now_us) {
    return c->state == CONNECTION_DORMANT && now_us >= c->retry_us;
}

int connection_room(const Connection *c) {
    if (lane_rules[c->lane].streams && c->entry_first != c->entry_end)
        return 0;
    if (c->state != CONNECTION_READY || c->held)
        return 0;
    return (connection_warms(c) ? 1 : lane_rules[c->lane].room) - c->in_flight;
}

bool connection_warms(const Connection *c) {
    return c->spare && lane_rules[c->lane].room > 1 && c->state == CONNECTION_READY && !c->warm;
}

int64_t connection_stalls_us(const Connection *c) {
    return c->in_flight == 0 ? INT64_MAX : c->progress_us + lane_rules[c->lane].silence_us;
}

void connection_watch(Connection *c, uint32_t events) {
    int fd = PQsocket(c->pg);
    if (fd < 0)
        return;
    if (fd == c->fd && events == c->events && c->state != CONNECTION_CONNECTING)
        return;
    /* While it connects, libpq may have closed one socket and opened another under the same number. */
    struct epoll_event event = {.events = events, .data = {.ptr = c}};
    int done = fd == c->fd ? epoll_ctl(c->home->epoll_fd, EPOLL_CTL_MOD, fd, &event) : -1;
    if (done < 0)
        done = epoll_ctl(c->home->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    if (done < 0 && errno == EEXIST)
        done = epoll_ctl(c->home->epoll_fd, EPOLL_CTL_MOD, fd, &event);
    if (done < 0)
        log_event(LOG_ERROR, "database connection cannot be watched", "error", strerror(errno), NULL);
    c->fd = fd;
    c->events = events;
}

void connection_start(Connection *c) {
    int64_t now = clock_monotonic_us();
    c->fatal = false;
    c->swollen = false;
    c->deadline_us = now + CONNECT_US;
    c->state = CONNECTION_CONNECTING;
    c->pg = session_start(c->home->conninfo);
    if (!c->pg || PQstatus(c->pg) == CONNECTION_BAD) {
        connection_lost(c, NULL);
        return;
    }
    connection_watch(c, EPOLLOUT);
}

static void connected(Connection *c) {
    const char *fault = session_server_fault(c->pg);
    if (fault) {
        connection_lost(c, fault);
        return;
    }
    c->state = CONNECTION_GREETING;
    if (PQsetnonblocking(c->pg, 1) != 0 || !PQenterPipelineMode(c->pg)) {
        connection_lost(c, NULL);
        return;
    }
    connection_watch(c, EPOLLIN);
    if (pipeline_greet(c))
        pipeline_flush(c);
}

static void connect_go_on(Connection *c) {
    switch (PQconnectPoll(c->pg)) {
    case PGRES_POLLING_READING:
        connection_watch(c, EPOLLIN);
        break;
    case PGRES_POLLING_WRITING:
        connection_watch(c, EPOLLOUT);
        break;
    case PGRES_POLLING_OK:
        connected(c);
        break;
    default:
        connection_lost(c, NULL);
    }
}

void connection_event(Connection *c, uint32_t events) {
    if (c->state == CONNECTION_DORMANT || c->state == CONNECTION_DOWN || c->paused)
        return;
    if (c->state == CONNECTION_CONNECTING) {
        connect_go_on(c);
        return;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR | EPOLLRDHUP)) {
        c->progress_us = clock_monotonic_us();
        /* At the end of the stream libpq forgets what it waits for: first take what it has read already (a send that
         * fails reads as well), which may be PostgreSQL's last word. */
        if (!pipeline_drain(c) || c->paused)
            return;
        bool whole = PQconsumeInput(c->pg) == 1;
        if (!pipeline_drain(c))
            return;
        if (!whole || PQstatus(c->pg) == CONNECTION_BAD) {
            connection_lost(c, NULL);
            return;
        }
    }
    pipeline_flush(c);
}

int64_t connection_due_us(const Connection *c) {
    switch (c->state) {
    case CONNECTION_DORMANT:
        return INT64_MAX;
    case CONNECTION_DOWN:
        return c->retry_us;
    case CONNECTION_READY:
        if (c->entry_first == c->entry_end || c->paused)
            return INT64_MAX;
        return c->progress_us + (int64_t)connection_timeout_ms(c) * 1000 + SILENCE_US;
    default:
        return c->deadline_us;
    }
}

void connection_tick(Connection *c, int64_t now_us) {
    if (now_us < connection_due_us(c))
        return;
    if (c->state == CONNECTION_DOWN)
        connection_start(c);
    else
        connection_lost(c, c->state == CONNECTION_READY ? "the server does not answer any more"
                                                        : "the server does not answer");
}

static int64_t backoff_us(Connection *c) {
    if (c->attempts == 0)
        return 0;
    int64_t delay = BACKOFF_LAST_US;
    if (c->attempts < 5)
        delay = (int64_t)BACKOFF_FIRST_US << (c->attempts - 1);
    c->home->random = c->home->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    int64_t jitter = (int64_t)(c->home->random >> 33) % (delay / 2 + 1);
    return delay + jitter < BACKOFF_LAST_US ? delay + jitter : BACKOFF_LAST_US - jitter / 2;
}

static void disconnect(Connection *c) {
    if (c->fd >= 0 && c->pg && PQsocket(c->pg) == c->fd)
        epoll_ctl(c->home->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    PQfinish(c->pg);
    c->pg = NULL;
    c->fd = -1;
    c->events = 0;
    c->paused = c->goes_on = false;
    c->state = c->spare ? CONNECTION_DORMANT : CONNECTION_DOWN;
}

void connection_lost(Connection *c, const char *reason) {
    int64_t now = clock_monotonic_us();
    bool was_ready = c->state == CONNECTION_READY;
    pool_connection_fault(c->home->pool, c, was_ready, reason);
    c->attempts = was_ready && now - c->ready_us > SETTLED_US ? 0 : c->attempts + 1;
    disconnect(c);
    c->retry_us = now + backoff_us(c);
    statements_clear(&c->statements);
    pipeline_abandon(c);
}

bool connection_renew(Connection *c) {
    if (!c->swollen || c->state != CONNECTION_READY || c->entry_first != c->entry_end || c->group_size > 0)
        return false;
    pool_connection_renewed(c->home->pool, c);
    disconnect(c);
    statements_clear(&c->statements);
    if (!c->spare)
        connection_start(c);
    return true;
}

void connection_leave(Connection *c) {
    pool_connection_renewed(c->home->pool, c);
    disconnect(c);
    statements_clear(&c->statements);
    c->entry_first = c->entry_end;
    c->in_flight = c->gathers = c->group_size = 0;
    if (!c->spare)
        connection_start(c);
}

/* Without an interest in it epoll would still tell of a peer that is gone, and again and again, since what it has sent
 * before is yet to be read. */
void connection_pause(Connection *c) {
    c->paused = true;
    if (c->fd >= 0)
        epoll_ctl(c->home->epoll_fd, EPOLL_CTL_DEL, c->fd, NULL);
    c->fd = -1;
}

void connection_go_on(Connection *c) {
    c->paused = c->goes_on = false;
    c->progress_us = clock_monotonic_us();
    if (pipeline_drain(c))
        pipeline_flush(c);
}

void connection_close(Connection *c) {
    disconnect(c);
    c->retry_us = INT64_MAX;
    statements_clear(&c->statements);
    pipeline_abandon(c);
    free(c->entries);
    c->entries = NULL;
    c->entry_size = 0;
}
