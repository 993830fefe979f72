#include "http/connections.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

void connection_changed(void *cls, struct MHD_Connection *connection, void **context,
                        enum MHD_ConnectionNotificationCode code) {
    Worker *worker = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = client_open(&worker->clients, info->connect_fd, worker->now_us);
    } else {
        Client *client = *context;
        if (client->linger) {
            int fd = fcntl(client->fd, F_DUPFD_CLOEXEC, 0); /* MHD closes its own in a moment */
            if (fd >= 0)
                linger_add(&worker->lingers, fd, worker->now_us);
        }
        client_close(&worker->clients, client);
        atomic_fetch_sub(&worker->server->connections, 1);
        atomic_fetch_sub(&worker->load, 1);
    }
    metrics_set(worker->metrics, GAUGE_CONNECTIONS, (uint64_t)worker->clients.count);
}

/* Hands a socket to MHD; the counters have it already. */
static void connection_adopt(Worker *worker, int fd) {
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    int count = worker->clients.count;
    getpeername(fd, (struct sockaddr *)&address, &length);
    bool added = MHD_add_connection(worker->daemon, fd, (struct sockaddr *)&address, length) == MHD_YES;
    if (!added && worker->clients.count == count) {
        atomic_fetch_sub(&worker->server->connections, 1); /* MHD has closed it, and never told us of it */
        atomic_fetch_sub(&worker->load, 1);
    }
}

static void connection_refuse(Worker *worker, int fd) {
    char body[256];
    char answer[512];
    int length = snprintf(body, sizeof(body),
                          "{\"type\":\"urn:onrecord:problem:%s\",\"title\":\"%s\",\"status\":503,"
                          "\"detail\":\"The server has as many clients as it may have.\",\"instance\":\"/\"}",
                          problem_slug(PROBLEM_UNAVAILABLE), problem_title(PROBLEM_UNAVAILABLE));
    length = snprintf(answer, sizeof(answer),
                      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/problem+json\r\n"
                      "Retry-After: 1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s",
                      length, body);
    (void)!send(fd, answer, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
    linger_add(&worker->lingers, fd, worker->now_us);
    metrics_add(worker->metrics, GAUGE_REFUSED, 1);
}

void worker_give(Worker *worker, int fd) {
    Inbox *inbox = &worker->inbox;
    pthread_mutex_lock(&inbox->lock);
    if (inbox->count == inbox->capacity) {
        inbox->capacity = inbox->capacity > 0 ? inbox->capacity * 2 : 64;
        inbox->fds = memory_grown(inbox->fds, (size_t)inbox->capacity, sizeof(int));
    }
    inbox->fds[inbox->count++] = fd;
    pthread_mutex_unlock(&inbox->lock);
    worker_wake(worker);
}

void inbox_empty(Worker *worker) {
    Inbox *inbox = &worker->inbox;
    pthread_mutex_lock(&inbox->lock);
    for (int i = 0; i < inbox->count; i++)
        connection_adopt(worker, inbox->fds[i]);
    inbox->count = 0;
    pthread_mutex_unlock(&inbox->lock);
}

/* Connections stay with one worker for their life: each new one goes to whoever has the fewest. */
static Worker *least_loaded(Worker *self) {
    Server *server = self->server;
    Worker *least = self;
    int load = atomic_load_explicit(&self->load, memory_order_relaxed);
    for (int i = 0; i < server->worker_count; i++) {
        int other = atomic_load_explicit(&server->workers[i]->load, memory_order_relaxed);
        if (other < load) {
            least = server->workers[i];
            load = other;
        }
    }
    return least;
}

bool listening_set(Worker *worker, bool on) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = &worker->server->listen_fd};
    worker->listening = on;
    return epoll_ctl(worker->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, worker->server->listen_fd, &event) == 0;
}

bool connections_accept(Worker *worker, int max) {
    Server *server = worker->server;
    for (int i = 0; i < max; i++) {
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == ECONNABORTED || errno == EINTR))
            continue;
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                clients_evict(&worker->clients);
                if (worker->listening)
                    listening_set(worker, false); /* until the next sweep: the socket stays ready all the while */
                log_event(LOG_ERROR, "accept_failed", "reason", strerror(errno), NULL);
            }
            return false;
        }
        if (atomic_fetch_add(&server->connections, 1) >= server->config.config->connections_max) {
            atomic_fetch_sub(&server->connections, 1);
            clients_evict(&worker->clients);
            connection_refuse(worker, fd);
            continue;
        }
        Worker *to = least_loaded(worker);
        atomic_fetch_add(&to->load, 1);
        if (to == worker)
            connection_adopt(worker, fd);
        else
            worker_give(to, fd);
    }
    return true;
}
