/* server.h: the HTTP server: one listening socket, and workers that each are a thread with a loop of its own.
 *
 * The settings, the service, the watch, the log of changes and the endpoints belong to the caller and outlive the
 * server; but the log is stopped between server_drain and server_free, since it tells the workers of what is new. */
#ifndef ONRECORD_HTTP_SERVER_H
#define ONRECORD_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "config.h"
#include "db/change_log.h"
#include "db/watch.h"
#include "record/exchange.h"

typedef struct Server Server;

typedef struct ServerConfig {
    const Config *config;
    Service *service; /* its cursor key is filled in when the watch has seen it */
    const char *conninfo;
    Watch *watch;
    ChangeLog *change_log;
    const Endpoint *endpoints; /* on records; what is about the service itself is the server's own */
    int endpoint_count;
} ServerConfig;

/* Binds, and starts the workers. NULL, with a sentence for the operator in `fault`, when that fails. */
Server *server_start(const ServerConfig *config, char *fault, size_t fault_size);

/* Where it listens, with the port that was really bound: "http://127.0.0.1:8080". Belongs to the server. */
const char *server_url(const Server *server);

/* True when all workers have their connections to PostgreSQL: from then on requests are answered, and not with 503. */
bool server_ready(const Server *server);

/* An orderly end: takes what the kernel has accepted already, answers every request with `Connection: close`, lets go
 * of who is idle, and stops; what is not done after `timeout_s` seconds is cut. Returns when all workers have ended. */
void server_drain(Server *server, int timeout_s);

/* After server_drain. */
void server_free(Server *server);

#endif
