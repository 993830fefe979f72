/* deadlines.h: how long a client may take: to send its headers, its body, to take its answer, and to stay without a
 * request.
 *
 * The library's own timeout starts anew with each byte, so that one byte a second holds a connection for ever. Here
 * each phase has one deadline; when it passes, the socket is shut down and the library closes the connection. A Clients
 * list and its members belong to one worker. */
#ifndef ONRECORD_HTTP_DEADLINES_H
#define ONRECORD_HTTP_DEADLINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

typedef enum ClientPhase {
    CLIENT_NEW,     /* connected, nothing has come yet */
    CLIENT_HEADERS, /* the request line has come */
    CLIENT_BODY,
    CLIENT_UPLOAD,  /* a body of any length: see client_received */
    CLIENT_WORKING, /* the request is with us: no deadline but the database's */
    CLIENT_ANSWER,
    CLIENT_STREAM, /* it takes an answer of any length: see client_handed */
    CLIENT_LISTEN, /* it waits for what comes, and takes it: the time runs while some of it is not taken */
    CLIENT_IDLE    /* between two requests */
} ClientPhase;

typedef struct Client Client;
struct Client {
    int fd;           /* the library's; not closed here */
    const char *path; /* of the request that is being sent, for the 408; it lives as long as those phases */
    ClientPhase phase;
    bool linger; /* an answer went out before the request was read: see linger.h */
    bool shut;
    bool looked_at;  /* since it entered its phase: clients_sweep */
    uint64_t handed; /* CLIENT_STREAM, CLIENT_LISTEN: bytes given to the kernel, and those of them that the client's
                        side has */
    uint64_t taken;
    int64_t deadline_us; /* monotonic */
    Client *previous;
    Client *next;
};

typedef struct Clients {
    Client *first;
    Client *last;
    Client *spare; /* a few to use again, so that a connection costs no allocation */
    int spare_count;
    int count;
    const Config *config;
} Clients;

Client *client_open(Clients *clients, int fd, int64_t now_us);
void client_close(Clients *clients, Client *client);
void clients_free(Clients *clients);

/* Enters a phase, and starts its deadline. */
void client_enter(const Clients *clients, Client *client, ClientPhase phase, int64_t now_us);

/* Takes note of so many bytes of a stream that the kernel has got. As the client takes them from there, they earn it
 * time, by the least rate that is asked of it, up to that of a whole answer. */
void client_handed(Client *client, size_t bytes);

/* Takes note of so many bytes of an upload that have come: they earn the client time, by the least rate that is asked
 * of it, up to that of a whole body. */
void client_received(const Clients *clients, Client *client, size_t bytes, int64_t now_us);

/* Shuts down whoever's deadline has passed. Call about every 250 ms. */
void clients_sweep(Clients *clients, int64_t now_us);

/* For an orderly end: who is idle, who has not sent anything, and who sends a body of any length, is let go after a
 * moment's grace. */
void clients_drain(Clients *clients, int64_t now_us);

/* Lets go of the client that has been idle longest, to make room for another. False when none is idle. */
bool clients_evict(Clients *clients);

#endif
