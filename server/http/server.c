#include "http/server.h"

#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/moment.h"
#include "http/meta.h"
#include "http/worker.h"

enum { BACKLOG = 4096 };

/* Splits host:port, `[::1]:port` or :port. */
static bool listen_split(const char *listen_at, char host[128], char port[16]) {
    const char *colon = strrchr(listen_at, ':');
    size_t length = colon ? (size_t)(colon - listen_at) : 0;
    const char *start = listen_at;
    if (colon == NULL || strlen(colon + 1) >= 16 || length >= 128)
        return false;
    if (length >= 2 && start[0] == '[' && start[length - 1] == ']') {
        start++;
        length -= 2;
    }
    memcpy(host, start, length);
    host[length] = 0;
    memcpy(port, colon + 1, strlen(colon + 1) + 1);
    return true;
}

static int socket_open(const struct addrinfo *address) {
    const int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* accepted sockets inherit it */
    if (bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, BACKLOG) != 0) {
        int error = errno;
        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

static void url_make(Server *server) {
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    char host[128];
    char port[16];
    getsockname(server->listen_fd, (struct sockaddr *)&address, &length);
    getnameinfo((struct sockaddr *)&address, length, host, sizeof(host), port, sizeof(port),
                NI_NUMERICHOST | NI_NUMERICSERV);
    bool v6 = address.ss_family == AF_INET6;
    snprintf(server->url, sizeof(server->url), "http://%s%s%s:%s", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

static bool server_listen(Server *server, char *fault, size_t fault_size) {
    const char *at = server->config.config->listen;
    char host[128];
    char port[16];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *addresses = NULL;
    if (!listen_split(at, host, port)) {
        snprintf(fault, fault_size, "cannot listen at %s: not host:port", at);
        return false;
    }
    int error = getaddrinfo(host[0] ? host : NULL, port, &hints, &addresses);
    if (error != 0) {
        snprintf(fault, fault_size, "cannot listen at %s: %s", at, gai_strerror(error));
        return false;
    }
    for (const struct addrinfo *address = addresses; address && server->listen_fd < 0; address = address->ai_next)
        server->listen_fd = socket_open(address);
    if (server->listen_fd < 0)
        snprintf(fault, fault_size, "cannot listen at %s: %s", at, strerror(errno));
    else
        url_make(server);
    freeaddrinfo(addresses);
    return server->listen_fd >= 0;
}

/* As many files as the kernel lets us have; a word when that is fewer than the setting needs. */
static void files_raise(const Config *config) {
    enum { OTHER_FILES = 64 };
    struct rlimit limit;
    rlim_t needed = (rlim_t)config->connections_max + (rlim_t)config->db_connections_max + OTHER_FILES;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed)
        return;
    limit.rlim_cur = limit.rlim_max < needed ? limit.rlim_max : needed;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur < needed) {
        char have[32];
        snprintf(have, sizeof(have), "%llu", (unsigned long long)limit.rlim_cur);
        log_event(LOG_WARNING, "few_files", "allowed", have, "hint", "ONRECORD_CONNECTIONS_MAX is more than that",
                  NULL);
    }
}

static bool server_route(Server *server, char *fault, size_t fault_size) {
    int meta_count;
    const Endpoint *meta = meta_endpoints(&meta_count);
    const Endpoint *tables[] = {meta, server->config.endpoints};
    const int counts[] = {meta_count, server->config.endpoint_count};
    server->router = router_new(tables, counts, 2, fault, fault_size);
    return server->router != NULL;
}

static bool workers_start(Server *server, char *fault, size_t fault_size) {
    int count = server->config.config->workers;
    server->metrics = calloc((size_t)count, sizeof(Metrics *));
    server->workers = calloc((size_t)count, sizeof(Worker *));
    if (server->metrics == NULL || server->workers == NULL) {
        snprintf(fault, fault_size, "no memory for workers");
        return false;
    }
    atomic_store(&server->accepting, count + 1);
    for (int i = 0; i < count; i++)
        server->metrics[i] = metrics_new(server->router);
    for (int i = 0; i < count; i++) {
        server->workers[i] = worker_new(server, i, fault, fault_size);
        if (server->workers[i] == NULL)
            return false;
    }
    server->worker_count = count;
    for (int i = 0; i < count; i++) {
        if (!worker_start(server->workers[i])) {
            snprintf(fault, fault_size, "cannot start a thread: %s", strerror(errno));
            return false;
        }
    }
    return true;
}

/* A list's answer takes some hundred kilobytes. By default malloc gives such pieces back to the kernel and fetches the
 * next ones anew, which costs more than the answer itself; what is kept here is shared by all requests of a worker.
 * What is larger still goes straight back, as it does not once malloc has learned from the first such piece. */
static void memory_keep(void) {
    enum { PIECE_MAX = 1024 * 1024, KEPT_MAX = 2 * 1024 * 1024 };
    mallopt(M_MMAP_THRESHOLD, PIECE_MAX);
    mallopt(M_TRIM_THRESHOLD, KEPT_MAX);
}

Server *server_start(const ServerConfig *config, char *fault, size_t fault_size) {
    Server *server = calloc(1, sizeof(*server));
    if (server == NULL) {
        snprintf(fault, fault_size, "no memory");
        return NULL;
    }
    size_t seed;
    random_bytes(&seed, sizeof(seed));
    json_object_seed(seed); /* once, before there are threads */
    signal(SIGPIPE, SIG_IGN);
    memory_keep();
    files_raise(config->config);
    server->config = *config;
    server->listen_fd = -1;
    server->started_us = clock_monotonic_us();
    server->generations = generations_new();
    server->cors = cors_policy(config->config->cors_origins, config->config->listen);
    atomic_store(&server->drain_deadline_us, INT64_MAX);
    pthread_mutex_init(&server->service_lock, NULL);
    server->meta = meta_new(config->config->public_url);
    if (!server_route(server, fault, fault_size) || !server_listen(server, fault, fault_size)) {
        server_free(server);
        return NULL;
    }
    if (config_keeps_answers(config->config))
        change_log_follow(config->change_log, generations_looked, server->generations,
                          generations_wanted(server->generations));
    return workers_start(server, fault, fault_size) ? server : NULL; /* what runs already ends with the process */
}

const char *server_url(const Server *server) {
    return server->url;
}

bool server_ready(const Server *server) {
    return atomic_load(&server->workers_ready) == server->worker_count && atomic_load(&server->service_ready);
}

void server_drain(Server *server, int timeout_s) {
    atomic_store(&server->drain_deadline_us, clock_monotonic_us() + (int64_t)timeout_s * 1000000);
    atomic_store_explicit(&server->draining, true, memory_order_release);
    for (int i = 0; i < server->worker_count; i++)
        worker_wake(server->workers[i]);
    for (int i = 0; i < server->worker_count; i++)
        worker_join(server->workers[i]);
}

void server_free(Server *server) {
    for (int i = 0; i < server->worker_count; i++) {
        worker_free(server->workers[i]);
        metrics_free(server->metrics[i]);
    }
    free(server->workers);
    free(server->metrics);
    router_free(server->router);
    meta_free(server->meta);
    generations_free(server->generations);
    pthread_mutex_destroy(&server->service_lock);
    free(server);
}
