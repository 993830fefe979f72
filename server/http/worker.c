#include "http/worker.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/moment.h"
#include "http/connections.h"
#include "http/departure.h"
#include "http/flow.h"
#include "http/listener.h"
#include "http/request.h"

enum {
    CONNECTION_MEMORY = 16 * 1024, /* HEAD_MAX of it for a request's head; the rest must do for that of its answer */
    EVENTS_MAX = 64,
    STREAMS_US = 300, /* of a turn for exports' rows */
    BRIEF_MS = 20,    /* what finds some hundreds takes less, also among others */
    SWEEP_US = 250 * 1000,
    LOOK_US = 100 * 1000
};

/* --- the loop -------------------------------------------------------------------------------------------------------
 */

/* Looks at what the watch has seen: keys, the state of the schema, the cursor key. */
static void worker_look(Worker *worker) {
    Server *server = worker->server;
    watch_state(server->config.watch,
                &worker->watch); /* before the keys: where it has the cursor key, they are there */
    Keyring *keyring = watch_keyring(server->config.watch);
    if (worker->keyring)
        keyring_release(worker->keyring);
    worker->keyring = keyring;
    if (worker->watch.has_cursor_key && !atomic_load(&server->service_ready)) {
        pthread_mutex_lock(&server->service_lock);
        if (!atomic_load(&server->service_ready)) {
            memcpy(server->config.service->cursor_key, worker->watch.cursor_key, sizeof(worker->watch.cursor_key));
            atomic_store_explicit(&server->service_ready, true, memory_order_release);
        }
        pthread_mutex_unlock(&server->service_lock);
    }
    worker->look_us = worker->now_us + LOOK_US;
}

/* The process's own: the first worker counts for all. */
static void log_gauges(Worker *worker) {
    ChangeLogState log;
    if (worker->index != 0)
        return;
    change_log_state(worker->server->config.change_log, &log);
    metrics_set(worker->metrics, GAUGE_NUMBERS, log.numbers);
    metrics_set(worker->metrics, GAUGE_NUMBERED, (uint64_t)log.numbered);
    metrics_set(worker->metrics, GAUGE_LAG_US, (uint64_t)log.lag_us);
}

static void pool_gauges(Worker *worker) {
    const PoolCounters *counters = pool_counters(worker->pool);
    metrics_set(worker->metrics, GAUGE_BATCHES, counters->batches);
    metrics_set(worker->metrics, GAUGE_STATEMENTS, counters->statements);
    metrics_set(worker->metrics, GAUGE_GATHERED, counters->gathered);
    metrics_set(worker->metrics, GAUGE_JOINED, counters->joined);
    metrics_set(worker->metrics, GAUGE_PREPARED, counters->prepared);
    metrics_set(worker->metrics, GAUGE_ERRORS, counters->errors);
    metrics_set(worker->metrics, GAUGE_RETRIES, counters->retries);
    metrics_set(worker->metrics, GAUGE_RECONNECTS, counters->reconnects);
    metrics_set(worker->metrics, GAUGE_SYNCS, counters->syncs);
    metrics_set(worker->metrics, GAUGE_WAITING, (uint64_t)pool_load(worker->pool));
}

static void cache_gauges(Worker *worker) {
    if (!worker->cache)
        return;
    CacheState state = cache_state(worker->cache);
    metrics_set(worker->metrics, GAUGE_CACHE_BYTES, state.bytes);
    metrics_set(worker->metrics, GAUGE_CACHE_ENTRIES, state.entries);
    metrics_set(worker->metrics, GAUGE_CACHE_EVICTED, state.evicted);
}

/* Milliseconds that the next epoll_wait may take. */
static int worker_timeout(const Worker *worker, int64_t now_us) {
    MHD_UNSIGNED_LONG_LONG mhd;
    if (worker->completed || worker->flows || (MHD_get_timeout(worker->daemon, &mhd) == MHD_YES && mhd == 0))
        return 0;
    int64_t next_us = worker->sweep_us < worker->look_us ? worker->sweep_us : worker->look_us;
    int64_t timeout = next_us > now_us ? (next_us - now_us + 999) / 1000 : 0;
    int pool = pool_timeout_ms(worker->pool, now_us);
    return pool >= 0 && pool < timeout ? pool : (int)timeout;
}

static void worker_event(Worker *worker, const struct epoll_event *event) {
    void *what = event->data.ptr;
    if (what == worker->daemon)
        return; /* MHD_run comes in every turn */
    if (what == &worker->wake_fd) {
        eventfd_t count;
        (void)!eventfd_read(worker->wake_fd, &count);
        inbox_empty(worker);
    } else if (what == &worker->server->listen_fd) {
        if (worker->listening)
            connections_accept(worker, CONNECTIONS_PER_TURN);
    } else if (!linger_event(&worker->lingers, what) && !pool_event(worker->pool, what, event->events)) {
        Departure *departure = what;
        departure->gone(departure);
    }
}

/* What streams comes last, one after another, and only so much of it that the turn stays short: epoll tells of the rest
 * again. */
static void worker_events(Worker *worker, const struct epoll_event *events, int count) {
    for (int i = 0; i < count; i++)
        if (!pool_streams(worker->pool, events[i].data.ptr))
            worker_event(worker, &events[i]);
    int64_t end_us = clock_monotonic_us() + STREAMS_US;
    int first = count > 0 ? (int)(worker->turns++ % (unsigned)count) : 0;
    for (int i = 0; i < count && clock_monotonic_us() < end_us; i++) {
        const struct epoll_event *event = &events[(first + i) % count];
        if (pool_streams(worker->pool, event->data.ptr))
            worker_event(worker, event);
    }
}

/* Goes on with every request whose batch has ended, and resumes those that have their answer. All answers are filled
 * first: resumed requests may be freed as soon as MHD runs. */
static void worker_finish(Worker *worker) {
    Request *answered = NULL;
    while (worker->completed) {
        Request *request = worker->completed;
        worker->completed = request->next;
        worker->completed_last = worker->completed ? worker->completed_last : NULL;
        if (!request_continue(request))
            continue;
        request->next = answered;
        answered = request;
    }
    flows_run(worker);
    while (answered) {
        Request *request = answered;
        answered = request->next;
        request_resume(request);
    }
}

static void drain_begin(Worker *worker) {
    Server *server = worker->server;
    worker->draining = true;
    listeners_end(worker);
    if (worker->accepting) {
        while (connections_accept(worker, CONNECTIONS_PER_TURN)) {
        }
        if (worker->listening)
            listening_set(worker, false);
        worker->accepting = false;
        if (atomic_fetch_sub(&server->accepting, 1) == 2) {
            while (connections_accept(worker, CONNECTIONS_PER_TURN)) {
            }
            close(server->listen_fd);
            atomic_fetch_sub(&server->accepting, 1); /* from now on nobody gives connections to anybody */
        }
    }
}

/* True when the worker has nothing left to do, or may not take longer. */
static bool drain_done(Worker *worker) {
    Server *server = worker->server;
    if (worker->now_us >= atomic_load(&server->drain_deadline_us))
        return true;
    return atomic_load(&server->accepting) == 0 && atomic_load(&worker->load) == 0 && worker->lingers.count == 0;
}

/* The C library keeps what a flood of connections has left, 16 KiB each, unless it is told to give it back. */
static void memory_give_back(Worker *worker) {
    enum { WORTHWHILE = 200 };
    int count = worker->clients.count;
    if (count > worker->clients_peak) {
        worker->clients_peak = count;
    } else if (count < worker->clients_peak / 2 && worker->clients_peak - count > WORTHWHILE) {
        worker->clients_peak = count;
        malloc_trim(0);
    }
}

static void worker_sweep(Worker *worker) {
    if (worker->draining)
        clients_drain(&worker->clients, worker->now_us);
    else if (!worker->listening)
        listening_set(worker, true); /* there were no files left; perhaps there are now */
    clients_sweep(&worker->clients, worker->now_us);
    lingers_sweep(&worker->lingers, worker->now_us);
    listeners_sweep(worker);
    memory_give_back(worker);
    pool_gauges(worker);
    cache_gauges(worker);
    log_gauges(worker);
    worker->sweep_us = worker->now_us + (worker->draining ? SWEEP_US / 10 : SWEEP_US);
}

/* Keeps the count of workers that can answer: the service is ready when all are, whichever is asked. */
static void worker_count_ready(Worker *worker) {
    bool ready = pool_ready(worker->pool) && worker->watch.migrated;
    if (ready != worker->counted_ready) {
        worker->counted_ready = ready;
        atomic_fetch_add(&worker->server->workers_ready, ready ? 1 : -1);
    }
}

static void worker_turn(Worker *worker) {
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(worker->epoll_fd, events, EVENTS_MAX, worker_timeout(worker, clock_monotonic_us()));
    worker->now_us = clock_monotonic_us();
    worker_events(worker, events, count);
    if (pool_timeout_ms(worker->pool, worker->now_us) == 0)
        pool_tick(worker->pool, worker->now_us);
    worker_count_ready(worker);
    if (worker->now_us >= worker->look_us)
        worker_look(worker);
    if (!worker->draining && atomic_load_explicit(&worker->server->draining, memory_order_acquire)) {
        drain_begin(worker);
        worker->sweep_us = 0;
    }
    listeners_tell(worker);
    worker_finish(worker);
    MHD_run(worker->daemon);
    pool_flush(worker->pool);
    if (worker->now_us >= worker->sweep_us)
        worker_sweep(worker);
}

/* What is still open is cut. MHD cannot stop while a connection is suspended, so the pool ends first: it completes
 * every batch, and each request gets its answer. */
static void worker_close(Worker *worker) {
    pool_free(worker->pool);
    worker->pool = NULL;
    listeners_end(worker);
    worker_finish(worker);
    MHD_run(worker->daemon);
    MHD_stop_daemon(worker->daemon);
    lingers_sweep(&worker->lingers, INT64_MAX);
    clients_free(&worker->clients);
    requests_free(worker);
    keyring_release(worker->keyring);
    compressor_free(worker->compressor);
    cache_free(worker->cache);
}

static void *worker_main(void *argument) {
    Worker *worker = argument;
    do {
        worker_turn(worker);
    } while (!worker->draining || !drain_done(worker));
    worker_close(worker);
    return NULL;
}

/* --- start and end --------------------------------------------------------------------------------------------------
 */

/* The worker's share of the connections that the setting allows in total, two of which are the watch's and the log of
 * changes'. */
static void pool_share(const Server *server, PoolConfig *pool) {
    static const Lane order[] = {LANE_WRITE, LANE_LIST, LANE_POINT, LANE_PAGE, LANE_SEARCH};
    const Config *config = server->config.config;
    int share = (config->db_connections_max - 2) / config->workers;
    for (int lane = 0; lane < LANE_COUNT; lane++) {
        pool->connections[lane] = 1;
        pool->queue_max[lane] = lane_rules[lane].room > 1 ? config->queue_max : config->slow_queue_max;
    }
    pool->queue_max[LANE_EXPORT] = 0;
    share -= LANE_COUNT;
    for (; share > 0 && pool->connections[LANE_EXPORT] < config->exports_max; share--)
        pool->connections[LANE_EXPORT]++;
    for (int i = 0; i < share; i++)
        pool->connections[order[(size_t)i % (sizeof order / sizeof *order)]]++;
}

__attribute__((format(printf, 2, 0))) static void mhd_log(void *cls, const char *format, va_list arguments) {
    (void)cls;
    if (log_enabled(LOG_DEBUG)) {
        char message[256];
        vsnprintf(message, sizeof(message), format, arguments);
        log_event(LOG_DEBUG, "http_library", "message", message, NULL);
    }
}

/* The library's own decoding of a path is never looked at. */
static size_t no_unescape(void *cls, struct MHD_Connection *connection, char *text) {
    (void)cls;
    (void)connection;
    return strlen(text);
}

static struct MHD_Daemon *daemon_start(Worker *worker) {
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_TURBO | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG, 0,
        NULL, NULL, request_access, worker, MHD_OPTION_EXTERNAL_LOGGER, mhd_log, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)worker->server->config.config->connections_max + 1, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
        MHD_OPTION_NOTIFY_COMPLETED, request_completed, worker, MHD_OPTION_NOTIFY_CONNECTION, connection_changed,
        worker, MHD_OPTION_URI_LOG_CALLBACK, request_begin, worker, MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, NULL,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

static bool worker_open(Worker *worker, char *fault, size_t fault_size) {
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    worker->daemon = daemon_start(worker);
    if (worker->epoll_fd < 0 || worker->wake_fd < 0 || worker->daemon == NULL) {
        snprintf(fault, fault_size, "cannot start a worker: %s", strerror(errno));
        return false;
    }
    int mhd_fd = MHD_get_daemon_info(worker->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    struct epoll_event mhd = {.events = EPOLLIN, .data.ptr = worker->daemon};
    struct epoll_event wake = {.events = EPOLLIN, .data.ptr = &worker->wake_fd};
    if (epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, mhd_fd, &mhd) != 0 ||
        epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, worker->wake_fd, &wake) != 0 || !listening_set(worker, true)) {
        snprintf(fault, fault_size, "cannot start a worker: %s", strerror(errno));
        return false;
    }
    lingers_init(&worker->lingers, worker->epoll_fd);
    return true;
}

static void worker_news(void *owner, ChangeNews *given) {
    Worker *worker = owner;
    news_give(&worker->news, given);
    worker_wake(worker);
}

Worker *worker_new(Server *server, int index, char *fault, size_t fault_size) {
    const Config *config = server->config.config;
    Worker *worker = calloc(1, sizeof(*worker));
    if (worker == NULL) {
        snprintf(fault, fault_size, "no memory for a worker");
        return NULL;
    }
    worker->server = server;
    worker->index = index;
    worker->accepting = true;
    worker->metrics = server->metrics[index];
    worker->clients.config = config;
    worker->now_us = clock_monotonic_us();
    pthread_mutex_init(&worker->inbox.lock, NULL);
    if (!worker_open(worker, fault, fault_size)) {
        free(worker); /* the process ends: what was opened goes with it */
        return NULL;
    }
    PoolConfig pool = {
        .conninfo = server->config.conninfo,
        .gather_max = config->gather_max,
        .owns_processes = config->database_embedded,
        .tells_touched = config_keeps_answers(config),
        .timeout_ms = {[TIMEOUT_BRIEF] = BRIEF_MS < config->quick_timeout_ms ? BRIEF_MS : config->quick_timeout_ms,
                       [TIMEOUT_QUICK] = config->quick_timeout_ms,
                       [TIMEOUT_SLOW] = config->slow_timeout_ms,
                       [TIMEOUT_STREAM] = config->export_timeout_s * 1000,
                       [TIMEOUT_CASCADE] = config->cascade_timeout_s * 1000}};
    pool_share(server, &pool);
    worker->pool = pool_new(&pool, worker->epoll_fd);
    worker->compressor = compressor_new(1);
    if (config_keeps_answers(config))
        worker->cache = cache_new((size_t)config->cache_mb * 1024 * 1024 / (size_t)config->workers);
    worker_look(worker);
    news_init(&worker->news);
    change_log_subscribe(server->config.change_log, worker_news, worker);
    return worker;
}

bool worker_start(Worker *worker) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the main thread's */
    int error = pthread_create(&worker->thread, NULL, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error == 0;
}

void worker_wake(Worker *worker) {
    (void)!eventfd_write(worker->wake_fd, 1);
}

void worker_join(Worker *worker) {
    pthread_join(worker->thread, NULL);
}

void worker_free(Worker *worker) {
    for (int i = 0; i < worker->inbox.count; i++)
        close(worker->inbox.fds[i]);
    close(worker->epoll_fd);
    close(worker->wake_fd);
    free(worker->inbox.fds);
    pthread_mutex_destroy(&worker->inbox.lock);
    news_free(&worker->news);
    free(worker);
}
