#include "http/deadlines.h"

#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "record/problem.h"

enum { DRAIN_IDLE_US = 200 * 1000, DRAIN_NEW_US = 1000 * 1000, TIMEOUT_BODY_MAX = 4608, SPARE_MAX = 64 };

static int64_t seconds(int count) {
    return (int64_t)count * 1000000;
}

Client *client_open(Clients *clients, int fd, int64_t now_us) {
    Client *client = clients->spare;
    if (client) {
        clients->spare = client->next;
        clients->spare_count--;
    } else {
        client = malloc(sizeof(*client));
        if (client == NULL)
            abort(); /* as in arena.h: this machine is broken */
    }
    *client = (Client){.fd = fd, .previous = clients->last};
    if (clients->last)
        clients->last->next = client;
    else
        clients->first = client;
    clients->last = client;
    clients->count++;
    client_enter(clients, client, CLIENT_NEW, now_us);
    return client;
}

void client_close(Clients *clients, Client *client) {
    if (client->previous)
        client->previous->next = client->next;
    else
        clients->first = client->next;
    if (client->next)
        client->next->previous = client->previous;
    else
        clients->last = client->previous;
    clients->count--;
    if (clients->spare_count == SPARE_MAX) {
        free(client); /* kept, each would hold a page of what a flood has left */
        return;
    }
    client->next = clients->spare;
    clients->spare = client;
    clients->spare_count++;
}

void clients_free(Clients *clients) {
    while (clients->spare) {
        Client *client = clients->spare;
        clients->spare = client->next;
        free(client);
    }
}

void client_enter(const Clients *clients, Client *client, ClientPhase phase, int64_t now_us) {
    const Config *config = clients->config;
    ClientPhase before = client->phase;
    client->phase = phase;
    client->looked_at = false;
    switch (phase) {
    case CLIENT_HEADERS:
        if (before == CLIENT_NEW)
            break; /* the time runs from the connection on */
        client->deadline_us = now_us + seconds(config->header_timeout_s);
        break;
    case CLIENT_NEW:
        client->deadline_us = now_us + seconds(config->header_timeout_s);
        break;
    case CLIENT_BODY:
    case CLIENT_UPLOAD:
        client->deadline_us = now_us + seconds(config->body_timeout_s);
        break;
    case CLIENT_WORKING:
        client->deadline_us = INT64_MAX;
        break;
    case CLIENT_ANSWER:
    case CLIENT_STREAM:
    case CLIENT_LISTEN:
        client->deadline_us = now_us + seconds(config->answer_timeout_s);
        break;
    case CLIENT_IDLE:
        client->deadline_us = now_us + seconds(config->idle_timeout_s);
        break;
    }
}

void client_handed(Client *client, size_t bytes) {
    client->handed += bytes;
}

/* What the kernel still holds for a client may be megabytes, and it asks for more only when a good part is gone: how
 * fast a client is shows in what has arrived. */
static uint64_t client_taken(const Client *client) {
    int held = 0;
    if (ioctl(client->fd, SIOCOUTQ, &held) != 0 || held < 0)
        held = 0;
    return client->handed > (uint64_t)held ? client->handed - (uint64_t)held : 0;
}

static void client_earn(const Clients *clients, Client *client, int64_t now_us) {
    uint64_t taken = client_taken(client);
    if (taken <= client->taken)
        return;
    int64_t most_us = now_us + seconds(clients->config->answer_timeout_s);
    double earned_us = (double)(taken - client->taken) * 1e6 / clients->config->export_rate_min;
    client->taken = taken;
    if ((double)(most_us - client->deadline_us) > earned_us)
        client->deadline_us += (int64_t)earned_us;
    else if (client->deadline_us < most_us)
        client->deadline_us = most_us;
}

void client_received(const Clients *clients, Client *client, size_t bytes, int64_t now_us) {
    int64_t most_us = now_us + seconds(clients->config->body_timeout_s);
    double earned_us = (double)bytes * 1e6 / clients->config->upload_rate_min;
    client->deadline_us =
        (double)(most_us - client->deadline_us) > earned_us ? client->deadline_us + (int64_t)earned_us : most_us;
}

/* The time begins anew whenever something of what waits is taken. */
static void client_attend(const Clients *clients, Client *client, int64_t now_us) {
    uint64_t taken = client->handed == client->taken ? client->taken : client_taken(client);
    if (taken > client->taken || taken == client->handed)
        client->deadline_us = now_us + seconds(clients->config->answer_timeout_s);
    client->taken = taken > client->taken ? taken : client->taken;
}

/* Who is between requests may have sent one that we have not read yet: only the reading side is shut, so that it is
 * still read and answered. */
static void client_shut(Client *client) {
    bool between = client->phase == CLIENT_IDLE || client->phase == CLIENT_NEW;
    shutdown(client->fd, between && !client->shut ? SHUT_RD : SHUT_RDWR);
    client->shut = true;
}

/* Whoever is too slow with a request is told so. The library can send nothing before the request is complete, so this
 * goes to the socket directly; nothing else has been sent for this request. */
static void send_timeout(const Client *client) {
    char body[TIMEOUT_BODY_MAX];
    char answer[TIMEOUT_BODY_MAX + 256];
    int length = snprintf(body, sizeof(body),
                          "{\"type\":\"urn:onrecord:problem:request-timeout\",\"title\":\"%s\",\"status\":408,"
                          "\"detail\":\"The request did not arrive in time.\",\"instance\":\"%s\"}",
                          problem_title(PROBLEM_REQUEST_TIMEOUT), client->path);
    if (length < 0 || (size_t)length >= sizeof(body))
        return;
    length = snprintf(answer, sizeof(answer),
                      "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n"
                      "Connection: close\r\nContent-Length: %d\r\n\r\n%s",
                      length, body);
    (void)!send(client->fd, answer, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Whether nothing more will come from a client that we wait for. Its end may have come together with what it had sent:
 * the library, which waits for edges, may have missed that, and no other event will come. Who is between requests need
 * be looked at but once. */
static bool client_ended(Client *client) {
    char byte;
    bool between = client->phase == CLIENT_IDLE || client->phase == CLIENT_NEW;
    bool sends = client->phase == CLIENT_HEADERS || client->phase == CLIENT_BODY || client->phase == CLIENT_UPLOAD;
    if (client->shut || !(sends || (between && !client->looked_at)))
        return false;
    client->looked_at = true;
    return recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void clients_sweep(Clients *clients, int64_t now_us) {
    for (Client *client = clients->first; client; client = client->next) {
        if (client_ended(client)) {
            client_shut(client);
            continue;
        }
        if (client->phase == CLIENT_STREAM)
            client_earn(clients, client, now_us);
        else if (client->phase == CLIENT_LISTEN)
            client_attend(clients, client, now_us);
        if (client->deadline_us <= now_us) {
            if (client->phase == CLIENT_BODY || client->phase == CLIENT_UPLOAD || client->phase == CLIENT_HEADERS)
                send_timeout(client);
            client_shut(client);
        }
    }
}

void clients_drain(Clients *clients, int64_t now_us) {
    for (Client *client = clients->first; client; client = client->next) {
        bool coming = client->phase == CLIENT_NEW || client->phase == CLIENT_UPLOAD;
        int64_t grace = client->phase == CLIENT_IDLE ? DRAIN_IDLE_US : coming ? DRAIN_NEW_US : -1;
        if (grace >= 0 && client->deadline_us > now_us + grace)
            client->deadline_us = now_us + grace;
    }
}

bool clients_evict(Clients *clients) {
    Client *longest = NULL;
    for (Client *client = clients->first; client; client = client->next)
        if (client->phase == CLIENT_IDLE && !client->shut &&
            (longest == NULL || client->deadline_us < longest->deadline_us))
            longest = client;
    if (longest)
        client_shut(longest);
    return longest != NULL;
}
