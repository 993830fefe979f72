#include "http/departure.h"

#include <sys/epoll.h>

void departure_watch(Departure *departure, const Worker *worker, int fd, bool on) {
    struct epoll_event event = {.events = EPOLLRDHUP, .data.ptr = departure};
    if (departure->watched == on)
        return;
    int done = epoll_ctl(worker->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, fd, &event);
    departure->watched = on && done == 0;
}
