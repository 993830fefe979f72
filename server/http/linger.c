#include "http/linger.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGER_US = 2 * 1000 * 1000, READ_SIZE = 16384, READS_PER_EVENT = 64 };

void lingers_init(Lingers *lingers, int epoll_fd) {
    lingers->epoll_fd = epoll_fd;
    lingers->count = 0;
    for (int i = 0; i < LINGERS_MAX; i++)
        lingers->places[i].fd = -1;
}

static void linger_close(Lingers *lingers, Linger *linger) {
    close(linger->fd); /* leaves the epoll by that */
    linger->fd = -1;
    lingers->count--;
}

void linger_add(Lingers *lingers, int fd, int64_t now_us) {
    shutdown(fd, SHUT_WR);
    for (int i = 0; i < LINGERS_MAX; i++) {
        Linger *linger = &lingers->places[i];
        if (linger->fd >= 0)
            continue;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = linger};
        if (epoll_ctl(lingers->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
            break;
        *linger = (Linger){.fd = fd, .deadline_us = now_us + LINGER_US};
        lingers->count++;
        return;
    }
    close(fd);
}

bool linger_event(Lingers *lingers, void *event_data) {
    uintptr_t at = (uintptr_t)event_data;
    if (at < (uintptr_t)lingers->places || at >= (uintptr_t)(lingers->places + LINGERS_MAX))
        return false;
    Linger *linger = event_data;
    char thrown_away[READ_SIZE];
    for (int i = 0; linger->fd >= 0 && i < READS_PER_EVENT; i++) {
        ssize_t length = recv(linger->fd, thrown_away, sizeof(thrown_away), MSG_DONTWAIT);
        if (length < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (length <= 0)
            linger_close(lingers, linger);
    }
    return true;
}

void lingers_sweep(Lingers *lingers, int64_t now_us) {
    for (int i = 0; lingers->count > 0 && i < LINGERS_MAX; i++) {
        Linger *linger = &lingers->places[i];
        if (linger->fd >= 0 && linger->deadline_us <= now_us)
            linger_close(lingers, linger);
    }
}
