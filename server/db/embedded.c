#include "db/embedded.h"

#include <errno.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/moment.h"
#include "db/embedded_cluster.h"

enum {
    POLL_MS = 5,
    SILENCE_S = 60,    /* without a sign of life the start has failed */
    OTHER_GONE_S = 20, /* how long an earlier server may take to end */
    FAST_STOP_S = 30,
    IMMEDIATE_STOP_S = 5,
    LIFE_US = 2000000, /* a server that lived shorter waits before it is started anew */
    RESTART_US = 500000,
    CONNINFO_MAX = 2 * CLUSTER_PATH + 80,
    LOG_TAIL = 8192
};

struct Embedded {
    Cluster cluster;
    char conninfo[CONNINFO_MAX];
    pid_t pid; /* 0: none runs */
    int64_t started_us;
    int64_t retry_us; /* when none runs: when to start one */
};

static void wait_ms(int ms) {
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

/* A connection string's quoting. */
static void quote(char *out, size_t size, const char *text) {
    size_t length = 0;
    for (; *text && length + 3 < size; text++) {
        if (*text == '\'' || *text == '\\')
            out[length++] = '\\';
        out[length++] = *text;
    }
    out[length] = '\0';
}

static void conninfo_make(char *conninfo, size_t size, const char *socket) {
    char quoted[2 * CLUSTER_PATH];
    quote(quoted, sizeof quoted, socket);
    snprintf(conninfo, size, "host='%s' port=5432 user=onrecord dbname=onrecord connect_timeout=5", quoted);
}

/* ---- postmaster.pid ---- */

/* What the running server says of itself. */
typedef struct PidFile {
    pid_t pid;
    char socket[CLUSTER_PATH]; /* 5th line: the folder of its socket */
    char status[16];           /* 8th line: "starting", "ready", "stopping", with blanks behind */
} PidFile;

/* False: there is no file. What is not written yet is empty. */
static bool pid_file_read(const char *data, PidFile *out) {
    char path[CLUSTER_PATH + 32];
    char line[CLUSTER_PATH];
    *out = (PidFile){.pid = 0};
    snprintf(path, sizeof path, "%s/postmaster.pid", data);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    for (int number = 1; number <= 8 && fgets(line, sizeof line, file); number++) {
        line[strcspn(line, "\n")] = '\0';
        if (number == 1)
            out->pid = (pid_t)strtol(line, NULL, 10);
        if (number == 5)
            snprintf(out->socket, sizeof out->socket, "%s", line);
        if (number == 8)
            snprintf(out->status, sizeof out->status, "%.15s", line);
    }
    fclose(file);
    return true;
}

/* True when that process is a PostgreSQL server of this data: its working directory tells. */
static bool serves(pid_t pid, const char *data) {
    char path[64];
    char folder[CLUSTER_PATH];
    snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
    ssize_t length = pid > 1 ? readlink(path, folder, sizeof folder - 1) : -1;
    if (length < 0)
        return false;
    folder[length] = '\0';
    return strcmp(folder, data) == 0;
}

/* Waits for the end of an earlier server on the same data (its parent was killed, it is shutting down). */
static bool wait_for_other(const Cluster *cluster, char *fault, size_t fault_size) {
    PidFile other = {.pid = 0};
    int64_t until_us = clock_monotonic_us() + (int64_t)OTHER_GONE_S * 1000000;
    while (clock_monotonic_us() < until_us) {
        if (!pid_file_read(cluster->data, &other) || !serves(other.pid, cluster->data))
            return true;
        wait_ms(POLL_MS);
    }
    snprintf(
        fault, fault_size,
        "Another PostgreSQL server, process %d, runs on %s and does not end. Stop it (kill -INT %d) and start again.",
        (int)other.pid, cluster->data, (int)other.pid);
    return false;
}

bool embedded_running(const char *data_dir, char *conninfo, size_t conninfo_size) {
    char data[CLUSTER_PATH + 16];
    char folder[CLUSTER_PATH];
    PidFile server;
    if (!realpath(data_dir, folder))
        return false;
    snprintf(data, sizeof data, "%s/postgres", folder);
    if (!pid_file_read(data, &server) || server.socket[0] == '\0')
        return false;
    conninfo_make(conninfo, conninfo_size, server.socket);
    return PQping(conninfo) == PQPING_OK;
}

/* ---- start ---- */

static void server_launch(Embedded *e) {
    char sockets[CLUSTER_PATH + 32];
    snprintf(sockets, sizeof sockets, "unix_socket_directories=\"%s\"", e->cluster.socket);
    char *arguments[] = {"postgres",
                         "-D",
                         e->cluster.data,
                         "-c",
                         "listen_addresses=",
                         "-c",
                         "port=5432",
                         "-c",
                         sockets,
                         "-c",
                         "unix_socket_permissions=0700",
                         "-c",
                         "cluster_name=onrecord",
                         "-c",
                         "logging_collector=off",
                         "-c",
                         "log_destination=stderr",
                         "-c",
                         "restart_after_crash=on",
                         NULL};
    e->started_us = clock_monotonic_us();
    pid_t pid = cluster_run(&e->cluster, "postgres", arguments, -1, true);
    e->pid = pid > 0 ? pid : 0;
    if (pid < 0)
        e->retry_us = e->started_us + RESTART_US;
}

static off_t log_size(const Cluster *cluster) {
    struct stat status;
    return stat(cluster->log, &status) == 0 ? status.st_size : 0;
}

/* The first line with FATAL or PANIC since `from`; "" when there is none. */
static void log_reason(const Cluster *cluster, off_t from, char *reason, size_t reason_size) {
    char tail[LOG_TAIL];
    reason[0] = '\0';
    int file = open(cluster->log, O_RDONLY | O_CLOEXEC);
    ssize_t length = file >= 0 ? pread(file, tail, sizeof tail - 1, from) : 0;
    if (file >= 0)
        close(file);
    tail[length > 0 ? length : 0] = '\0';
    const char *found = strstr(tail, "FATAL:");
    found = found ? found : strstr(tail, "PANIC:");
    if (found)
        snprintf(reason, reason_size, "%.*s", (int)strcspn(found, "\n"), found);
}

/* What an earlier server may leave behind for a moment. */
static bool reason_passes(const char *reason) {
    return strstr(reason, "lock file") || strstr(reason, "pre-existing shared memory");
}

/* Waits until it takes connections. False when it has ended, or gives no sign of life. It says in its file when it is
 * ready: asking it would make it fork. */
static bool wait_for_answer(Embedded *e) {
    int64_t silent_since = clock_monotonic_us();
    while (clock_monotonic_us() - silent_since < (int64_t)SILENCE_S * 1000000) {
        PidFile server;
        bool there = pid_file_read(e->cluster.data, &server) && server.pid == e->pid;
        if (there && strncmp(server.status, "ready", 5) == 0)
            return true;
        if (there && strncmp(server.status, "starting", 8) == 0) /* maybe it recovers from a crash */
            silent_since = clock_monotonic_us();
        if (waitpid(e->pid, NULL, WNOHANG) == e->pid) {
            e->pid = 0;
            return false;
        }
        wait_ms(POLL_MS);
    }
    return false;
}

static bool server_start(Embedded *e, char *fault, size_t fault_size) {
    int64_t began_us = clock_monotonic_us();
    while (true) {
        char reason[512];
        off_t logged = log_size(&e->cluster);
        server_launch(e);
        if (e->pid > 0 && wait_for_answer(e))
            return true;
        log_reason(&e->cluster, logged, reason, sizeof reason);
        bool time_left = clock_monotonic_us() - began_us < (int64_t)OTHER_GONE_S * 1000000;
        if (e->pid == 0 && reason_passes(reason) && time_left) {
            wait_ms(100);
            continue;
        }
        snprintf(fault, fault_size, "PostgreSQL does not start (%s). Its log: %s",
                 reason[0] ? reason
                 : e->pid  ? "it does not answer"
                           : "it ended at once",
                 e->cluster.log);
        return false;
    }
}

Embedded *embedded_start(const char *data_dir, char *fault, size_t fault_size) {
    Embedded *e = memory_zeroed(1, sizeof *e);
    if (cluster_prepare(&e->cluster, data_dir, fault, fault_size) && wait_for_other(&e->cluster, fault, fault_size)) {
        conninfo_make(e->conninfo, sizeof e->conninfo, e->cluster.socket);
        if (server_start(e, fault, fault_size))
            return e;
    }
    if (e->pid > 0)
        embedded_stop(e);
    else
        free(e);
    return NULL;
}

const char *embedded_conninfo(const Embedded *embedded) {
    return embedded->conninfo;
}

pid_t embedded_pid(const Embedded *embedded) {
    return embedded->pid;
}

/* ---- while it runs ---- */

bool embedded_child_ended(Embedded *embedded, pid_t pid) {
    if (pid <= 0 || pid != embedded->pid)
        return false;
    int64_t now = clock_monotonic_us();
    embedded->pid = 0;
    if (now - embedded->started_us >= LIFE_US)
        server_launch(embedded);
    else
        embedded->retry_us = now + RESTART_US;
    return true;
}

void embedded_tick(Embedded *embedded) {
    if (embedded->pid == 0 && clock_monotonic_us() >= embedded->retry_us)
        server_launch(embedded);
}

/* ---- stop ---- */

/* Waits for the end of the server; false when the time is over. */
static bool wait_for_end(Embedded *e, int seconds) {
    int64_t until_us = clock_monotonic_us() + (int64_t)seconds * 1000000;
    while (clock_monotonic_us() < until_us) {
        pid_t ended = waitpid(e->pid, NULL, WNOHANG);
        if (ended == e->pid || (ended < 0 && errno == ECHILD))
            return true;
        wait_ms(POLL_MS);
    }
    return false;
}

void embedded_stop(Embedded *embedded) {
    static const struct {
        int signal;
        int seconds;
        const char *name;
    } ways[] = {{SIGINT, FAST_STOP_S, "fast"}, {SIGQUIT, IMMEDIATE_STOP_S, "immediate"}, {SIGKILL, 1, "kill"}};
    for (size_t i = 0; embedded->pid > 0 && i < sizeof ways / sizeof ways[0]; i++) {
        if (i > 0)
            log_event(LOG_WARNING, "PostgreSQL does not stop", "next", ways[i].name, NULL);
        kill(embedded->pid, ways[i].signal);
        if (wait_for_end(embedded, ways[i].seconds))
            embedded->pid = 0;
    }
    (void)rmdir(embedded->cluster.socket); /* empty when PostgreSQL went in order; made anew by the next start */
    free(embedded);
}
