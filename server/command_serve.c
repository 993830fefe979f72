/* command_serve.c: `onrecord serve`: starts what a server is made of, in order, watches over it, and stops it in
 * reverse.
 *
 * The main thread forks the embedded PostgreSQL (its death signal follows the thread) and takes all signals through a
 * signalfd; workers and the watch are threads that never see one. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assets.h"
#include "base/log.h"
#include "base/moment.h"
#include "base/version.h"
#include "commands.h"
#include "db/keys.h"
#include "db/migrate.h"
#include "db/watch.h"
#include "http/server.h"
#include "record/exchange.h"
#include "resources/resources.h"

enum { TICK_MS = 200, FIRST_LOOK_MS = 2000, RETRY_US = 2000000, FAULT_SIZE = 1024 };

typedef struct Serve {
    Arena *arena;
    Config config;
    const char *conninfo;
    const char *migrate_conninfo;
    bool migrating;   /* migrations are this server's to run */
    bool key_wanted;  /* an admin key is still to be made sure of */
    int64_t retry_us; /* monotonic: not before then is what failed tried again */
    int lock;
    int signals;
    Embedded *embedded;
    Watch *watch;
    ChangeLog *change_log;
    SearchLore searches;
    Service service;
    Server *server;
} Serve;

static int serve_help(void) {
    printf(
        "Usage: onrecord serve [OPTION...]\n\n"
        "Serves the record over HTTP until SIGTERM or Ctrl-C. With no database named it runs a PostgreSQL of its own,\n"
        "keeps the data in the data folder, and makes a first API key there.\n\n");
    config_help();
    return EXIT_DONE;
}

/* From here on signals wait in the descriptor. Threads and child processes made later inherit the mask. */
static bool take_signals(Serve *serve) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return false;
    serve->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return serve->signals >= 0;
}

static bool start_database(Serve *serve) {
    const Config *config = &serve->config;
    if (!config->database_embedded) {
        serve->conninfo = config->database_url;
        serve->migrate_conninfo = config->migrate_url;
        serve->migrating = config->auto_migrate;
        return true;
    }
    char fault[FAULT_SIZE];
    serve->lock = folder_lock(config->data_dir, fault, sizeof fault);
    if (serve->lock >= 0)
        serve->embedded = embedded_start(config->data_dir, fault, sizeof fault);
    if (!serve->embedded) {
        command_fault(EXIT_FAILED, "%s", fault);
        return false;
    }
    serve->conninfo = embedded_conninfo(serve->embedded);
    serve->migrate_conninfo = serve->conninfo;
    serve->migrating = true;
    return true;
}

/* Runs what is pending, or says what is. False only when this server must not run on that database. */
static bool migrate(Serve *serve) {
    const char *role = serve->embedded ? NULL : config_server_role(&serve->config, serve->arena);
    MigrationReport report = serve->migrating
                                 ? migrate_run(serve->arena, serve->migrate_conninfo, serve->config.seed, role)
                                 : migrate_check(serve->arena, serve->conninfo);
    switch (report.state) {
    case MIGRATION_CURRENT:
        if (report.applied > 0)
            log_event(LOG_INFO, "the schema was brought up to date", "migrations",
                      arena_printf(serve->arena, "%d", report.applied), NULL);
        serve->migrating = false;
        return true;
    case MIGRATION_NEWER:
        log_event(LOG_INFO, "the database is newer than this server, and admits it", NULL);
        serve->migrating = false;
        return true;
    case MIGRATION_PENDING:
        log_event(LOG_WARNING, "migrations are pending: run `onrecord migrate`", "pending", report.pending, "detail",
                  report.message, NULL);
        return true;
    case MIGRATION_REFUSED:
        command_fault(EXIT_FAILED, "%s", report.message);
        return false;
    case MIGRATION_UNREACHABLE:
        log_event(LOG_WARNING, "the database does not answer; requests get 503 until it does", "detail", report.message,
                  NULL);
        return true;
    }
    return true;
}

/* The key of the setting, or the first key of an embedded database. Tried again while the database is away. */
static void ensure_key(Serve *serve) {
    const Config *config = &serve->config;
    const char *fault = NULL;
    bool done = true;
    if (config->admin_key[0] != '\0')
        done = key_ensure(serve->arena, serve->conninfo, "admin", SCOPE_ADMIN, config->admin_key, &fault);
    else if (serve->embedded)
        done = first_key_ensure(serve->arena, config, serve->conninfo, &fault);
    if (!done)
        log_event(LOG_WARNING, "the admin key could not be made sure of; this is tried again", "detail", fault, NULL);
    serve->key_wanted = !done;
}

/* The watch takes its first look while the key is made sure of, unless that is what it is to see. */
static bool start_watch(Serve *serve) {
    const Config *config = &serve->config;
    bool known = config->admin_key[0] == '\0' && access(first_key_path(serve->arena, config), F_OK) == 0;
    if (!known)
        ensure_key(serve);
    Retention retention = {.changes_days = config->changes_days, .revisions_days = config->revisions_days};
    serve->watch = watch_start(serve->conninfo, retention);
    serve->change_log = change_log_start(serve->conninfo);
    if (!serve->watch || !serve->change_log) {
        command_fault(EXIT_FAILED, "the threads that watch the database cannot be started");
        return false;
    }
    if (known)
        ensure_key(serve);
    watch_await(serve->watch, FIRST_LOOK_MS);
    return true;
}

static bool start_server(Serve *serve) {
    serve->service.searches = &serve->searches;
    serve->service.public_url = serve->config.public_url;
    serve->service.idempotency_kept_s = serve->config.idempotency_kept_s;
    serve->service.if_match_required = serve->config.if_match_required;
    ServerConfig server = {
        .config = &serve->config,
        .service = &serve->service,
        .conninfo = serve->conninfo,
        .watch = serve->watch,
        .change_log = serve->change_log,
    };
    server.endpoints = resources_endpoints(&server.endpoint_count);
    char fault[FAULT_SIZE];
    serve->server = server_start(&server, fault, sizeof fault);
    if (!serve->server)
        command_fault(EXIT_FAILED, "%s", fault);
    return serve->server != NULL;
}

/* Who reads the address and asks at once should not be told that the database is not there yet. */
static void await_ready(const Serve *serve) {
    WatchState state;
    int64_t until_us = clock_monotonic_us() + FIRST_LOOK_MS * 1000;
    watch_state(serve->watch, &state);
    while (state.reachable && state.migrated && !server_ready(serve->server) && clock_monotonic_us() < until_us)
        (void)poll(NULL, 0, 1);
}

/* How many this server opens, as http/worker.c shares them out: the workers', the watch's, the log's. */
static int database_connections(const Config *config) {
    return (config->db_connections_max - 2) / config->workers * config->workers + 2;
}

static void greet(const Serve *serve, int64_t began_us) {
    const char *url = server_url(serve->server);
    const Config *config = &serve->config;
    log_event(LOG_INFO, "serving", "url", url, "version", ONRECORD_VERSION, "workers",
              arena_printf(serve->arena, "%d", config->workers), "database_connections",
              arena_printf(serve->arena, "%d", database_connections(config)), "database",
              serve->embedded ? config->data_dir : "external", "start_ms",
              arena_printf(serve->arena, "%lld", (long long)((clock_monotonic_us() - began_us) / 1000)), NULL);
    if (!serve->embedded)
        return;
    const char *key = config->admin_key[0] != '\0'
                          ? "$ONRECORD_ADMIN_KEY"
                          : arena_printf(serve->arena, "$(cat '%s')", first_key_path(serve->arena, config));
    printf("\nOnRecord is on %s", url);
    if (asset_find("docs/index.html"))
        printf(" (documentation: %s/docs)", url);
    printf(". Read and write:\n\n"
           "  curl '%s/quotes?limit=1&include=speaker'\n\n"
           "  curl '%s/speakers' -H \"Authorization: Bearer %s\" \\\n"
           "       -H 'Content-Type: application/json' -d '{\"name\": \"Ada Lovelace\"}'\n\n"
           "Ctrl-C stops it; the data stays in %s.\n\n",
           url, url, key, config->data_dir);
    fflush(stdout);
}

/* False when it is time to stop. */
static bool take_signal(Serve *serve) {
    struct signalfd_siginfo info;
    while (read(serve->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT || info.ssi_signo == SIGHUP) {
            log_event(LOG_INFO, "stopping", "signal", strsignal((int)info.ssi_signo), NULL);
            return false;
        }
        pid_t pid;
        while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
            if (serve->embedded && embedded_child_ended(serve->embedded, pid))
                log_event(LOG_ERROR, "PostgreSQL has ended by itself and is started again", NULL);
    }
    return true;
}

/* What was not to be had at the start, because PostgreSQL was away. */
static bool catch_up(Serve *serve) {
    if ((!serve->key_wanted && !serve->migrating) || clock_monotonic_us() < serve->retry_us)
        return true;
    WatchState state;
    watch_state(serve->watch, &state);
    if (!state.reachable)
        return true;
    serve->retry_us = clock_monotonic_us() + RETRY_US;
    if (serve->migrating && !migrate(serve))
        return false;
    if (serve->key_wanted && state.migrated)
        ensure_key(serve);
    return true;
}

static int run(Serve *serve) {
    struct pollfd signals = {.fd = serve->signals, .events = POLLIN};
    while (true) {
        (void)poll(&signals, 1, TICK_MS);
        if (!take_signal(serve))
            return EXIT_DONE;
        if (serve->embedded)
            embedded_tick(serve->embedded);
        if (!catch_up(serve))
            return EXIT_FAILED;
    }
}

/* In the reverse order of the start. The lock goes last: whoever gets it may start PostgreSQL on the same files. */
static void stop(Serve *serve) {
    if (serve->server)
        server_drain(serve->server, serve->config.drain_timeout_s);
    if (serve->change_log)
        change_log_stop(serve->change_log);
    if (serve->server)
        server_free(serve->server);
    if (serve->watch)
        watch_stop(serve->watch);
    if (serve->embedded)
        embedded_stop(serve->embedded);
    if (serve->signals >= 0)
        close(serve->signals);
    if (serve->lock >= 0)
        close(serve->lock);
    if (serve->server)
        log_event(LOG_INFO, "stopped", NULL);
}

int command_serve(int argc, char **argv) {
    if (command_wants_help(argc, argv))
        return serve_help();
    int64_t began_us = clock_monotonic_us();
    Serve serve = {.arena = arena_new(), .lock = -1, .signals = -1};
    int code = EXIT_FAILED;
    if (!command_config(&serve.config, serve.arena, argc, argv)) {
        arena_free(serve.arena);
        return EXIT_MISUSED;
    }
    config_warn();
    if (!take_signals(&serve)) {
        command_fault(EXIT_FAILED, "signals cannot be taken");
    } else if (start_database(&serve) && migrate(&serve) && start_watch(&serve) && start_server(&serve)) {
        await_ready(&serve);
        greet(&serve, began_us);
        code = run(&serve);
    }
    stop(&serve);
    arena_free(serve.arena);
    return code;
}
