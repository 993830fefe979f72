/* linger.h: sockets that are closed slowly.
 *
 * An answer that goes out before the request was read whole (413, a refusal at the limit of connections) would be lost:
 * closing a socket with unread bytes resets the connection, and the reset may overtake the answer. So the socket is
 * kept, what still comes is thrown away, and it is closed when the client has closed, or after two seconds. A Lingers
 * belongs to one worker. */
#ifndef ONRECORD_HTTP_LINGER_H
#define ONRECORD_HTTP_LINGER_H

#include <stdbool.h>
#include <stdint.h>

enum { LINGERS_MAX = 64 };

typedef struct Linger {
    int fd; /* -1: this place is free */
    int64_t deadline_us;
} Linger;

typedef struct Lingers {
    int epoll_fd;
    int count;
    Linger places[LINGERS_MAX];
} Lingers;

void lingers_init(Lingers *lingers, int epoll_fd);

/* Takes over `fd`: ends our side and waits for the client's end. Closes it at once when all places are taken. */
void linger_add(Lingers *lingers, int fd, int64_t now_us);

/* True when `event_data` is one of the places, which was then read from. */
bool linger_event(Lingers *lingers, void *event_data);

/* Closes what has lingered long enough; all of them when `now_us` is INT64_MAX. */
void lingers_sweep(Lingers *lingers, int64_t now_us);

#endif
