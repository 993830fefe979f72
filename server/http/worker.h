/* worker.h: one thread, one epoll, one MHD daemon, its connections to PostgreSQL; and what all workers share.
 *
 * Nothing of a Worker is touched by another thread, but its inbox, its metrics and the inbox of its news. */
#ifndef ONRECORD_HTTP_WORKER_H
#define ONRECORD_HTTP_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "db/pool.h"
#include "http/cache.h"
#include "http/compress.h"
#include "http/cors.h"
#include "http/deadlines.h"
#include "http/generations.h"
#include "http/linger.h"
#include "http/meta.h"
#include "http/metrics.h"
#include "http/news.h"
#include "http/router.h"
#include "http/server.h"

typedef struct Worker Worker;
typedef struct Request Request;
struct MHD_Daemon;

/* What all workers share. */
struct Server {
    ServerConfig config;
    Router *router;
    Meta *meta;
    CorsPolicy cors;
    int64_t started_us;
    char url[160];

    int listen_fd;
    atomic_int connections; /* of all workers */
    atomic_int accepting;   /* workers that still take connections, and one: the last of them closes the socket */
    atomic_bool draining;
    _Atomic int64_t drain_deadline_us;

    pthread_mutex_t service_lock;
    atomic_bool service_ready; /* the cursor key is there */
    atomic_int workers_ready;  /* that have their connections to PostgreSQL and have seen it migrated */

    Generations *generations;
    Metrics **metrics; /* of all workers, in their order */
    Worker **workers;
    int worker_count;
};

/* Connections that another worker has accepted for this one. */
typedef struct Inbox {
    pthread_mutex_t lock;
    int *fds;
    int count;
    int capacity;
} Inbox;

struct Worker {
    Server *server;
    int index;
    pthread_t thread;
    atomic_int load; /* its connections, those in the inbox included */
    Inbox inbox;

    int epoll_fd;
    int wake_fd;
    bool listening;
    bool accepting;
    bool draining;
    struct MHD_Daemon *daemon;
    Pool *pool;
    bool counted_ready; /* among server->workers_ready */
    Compressor *compressor;
    Cache *cache; /* NULL: nothing is kept */
    Metrics *metrics;
    Clients clients;
    Lingers lingers;

    int clients_peak; /* since memory was given back last */

    int64_t now_us; /* monotonic, taken once a turn */
    int64_t sweep_us;
    int64_t look_us;
    unsigned turns;   /* of the loop */
    WatchState watch; /* as seen at most 100 ms ago */
    Keyring *keyring;

    Request *spare; /* used again */
    int spare_count;
    Request *completed; /* whose batches have ended, in order */
    Request *completed_last;
    struct Flow *flows; /* that have something to do in this turn */
    int uploads;        /* under way */
    News news;
    struct Listener *listeners;
    int listener_count;
    int in_flight; /* requests begun and not ended */
};

/* Makes a worker, connecting to PostgreSQL; NULL with a sentence in `fault`. Its thread starts when all are made. */
Worker *worker_new(Server *server, int index, char *fault, size_t fault_size);
bool worker_start(Worker *worker);

/* Makes the worker look at server->draining and its inbox. From any thread. */
void worker_wake(Worker *worker);

/* Waits for the thread's end; frees what is left. */
void worker_join(Worker *worker);
void worker_free(Worker *worker);

/* Gives a connection to the worker. From any thread. */
void worker_give(Worker *worker, int fd);

#endif
