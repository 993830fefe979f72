/* command_health.c: `onrecord health`: asks the server that listens where the settings say whether it is ready. So a
 * container's health check needs no other program. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "commands.h"

enum { HOST_SIZE = 256, ANSWER_SIZE = 8192, TIMEOUT_S = 3 };

static int health_help(void) {
    printf(
        "Usage: onrecord health [--listen HOST:PORT]\n\n"
        "Asks /readyz of the server on this machine; exits with 0 when it answers 200. What it answers else is printed.\n");
    return EXIT_DONE;
}

/* Where a server that listens on `listen` is reached from here: a wildcard address is the loopback's. */
static void health_address(const char *listen, char host[HOST_SIZE], char port[8]) {
    const char *colon = strrchr(listen, ':');
    size_t length = (size_t)(colon - listen);
    if (listen[0] == '[') {
        listen++;
        length -= 2;
    }
    snprintf(host, HOST_SIZE, "%.*s", (int)length, listen);
    snprintf(port, 8, "%s", colon + 1);
    if (strcmp(host, "0.0.0.0") == 0)
        snprintf(host, HOST_SIZE, "127.0.0.1");
    if (strcmp(host, "::") == 0)
        snprintf(host, HOST_SIZE, "::1");
}

static int health_connect(const char *host, const char *port) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    if (getaddrinfo(host, port, &hints, &addresses) != 0) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int connected = -1;
    for (struct addrinfo *a = addresses; a && connected < 0; a = a->ai_next) {
        int s = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
        if (s < 0)
            continue;
        struct timeval timeout = {.tv_sec = TIMEOUT_S};
        (void)setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
        (void)setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        if (connect(s, a->ai_addr, a->ai_addrlen) == 0)
            connected = s;
        else
            close(s);
    }
    freeaddrinfo(addresses);
    return connected;
}

/* The whole answer as text; its length, or -1. */
static ssize_t health_ask(int s, char answer[ANSWER_SIZE]) {
    static const char request[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n"
                                  "Connection: close\r\n\r\n";
    if (send(s, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
        return -1;
    size_t length = 0;
    ssize_t received;
    while ((received = recv(s, answer + length, ANSWER_SIZE - 1 - length, 0)) > 0)
        length += (size_t)received;
    answer[length] = '\0';
    return received < 0 ? -1 : (ssize_t)length;
}

int command_health(int argc, char **argv) {
    if (command_wants_help(argc, argv))
        return health_help();
    Arena *arena = arena_new();
    Config config;
    int code = EXIT_MISUSED;
    if (command_config(&config, arena, argc, argv)) {
        char host[HOST_SIZE], port[8], answer[ANSWER_SIZE];
        health_address(config.listen, host, port);
        int s = health_connect(host, port);
        ssize_t length = s < 0 ? -1 : health_ask(s, answer);
        if (length < 0) {
            code = command_fault(EXIT_FAILED, "no answer on %s: %s", config.listen, strerror(errno));
        } else if (strncmp(answer, "HTTP/1.1 200 ", 13) == 0) {
            code = EXIT_DONE;
        } else {
            const char *body = strstr(answer, "\r\n\r\n");
            code = command_fault(EXIT_FAILED, "not ready: %s", body ? body + 4 : answer);
        }
        if (s >= 0)
            close(s);
    }
    arena_free(arena);
    return code;
}
