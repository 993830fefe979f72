#include "db/session.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/moment.h"
#include "sql.h"

enum { SERVER_VERSION_MIN = 150000 };

/* What stands before dbname may be set otherwise by the connection string; what stands behind may not. */
static const char *const keywords[] = {"fallback_application_name",
                                       "connect_timeout",
                                       "keepalives_idle",
                                       "keepalives_interval",
                                       "keepalives_count",
                                       "tcp_user_timeout",
                                       "dbname",
                                       "client_encoding",
                                       NULL};
enum { DBNAME_AT = 6, KEYWORD_COUNT = sizeof keywords / sizeof keywords[0] };

static void parameter_values(const char *conninfo, const char *values[KEYWORD_COUNT]) {
    static const char *const defaults[KEYWORD_COUNT] = {"onrecord", "5", "15", "5", "3", "10000", NULL, "UTF8", NULL};
    memcpy(values, defaults, sizeof defaults);
    values[DBNAME_AT] = conninfo;
}

/* PostgreSQL's notices are not for our standard error. */
static void notice_ignore(void *context, const char *message) {
    (void)context;
    (void)message;
}

PGconn *session_start(const char *conninfo) {
    const char *values[KEYWORD_COUNT];
    parameter_values(conninfo, values);
    /* A host given by name is looked up in here, and blocks. */
    PGconn *pg = PQconnectStartParams(keywords, values, 1);
    if (pg)
        PQsetNoticeProcessor(pg, notice_ignore, NULL);
    return pg;
}

const char *session_server_fault(const PGconn *pg) {
    const char *encoding = PQparameterStatus(pg, "server_encoding");
    if (PQserverVersion(pg) < SERVER_VERSION_MIN)
        return "the server is older than PostgreSQL 15";
    if (encoding && strcmp(encoding, "UTF8") != 0)
        return "the database's encoding is not UTF8 (CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0 makes one)";
    return NULL;
}

/* A malformed connection string is cut at the wrong places, and what libpq then says may quote a piece of the password
 * (an @ or a / in it that should have been written %40 or %2F). */
bool session_understood(const PGconn *pg) {
    const char *host = PQhost(pg);
    const char *database = PQdb(pg);
    return host && host[0] != '\0' && !strchr(host + 1, '@') && !(database && strchr(database, '@')) &&
           strncmp(PQerrorMessage(pg), "invalid", strlen("invalid")) != 0;
}

void session_reason(const PGconn *pg, char *reason, size_t reason_size) {
    const char *text = pg ? PQerrorMessage(pg) : "out of memory";
    if (pg && !session_understood(pg))
        text = "the connection string cannot be understood";
    snprintf(reason, reason_size, "%s", text);
    reason[strcspn(reason, "\n")] = '\0';
}

PGconn *session_open(const char *conninfo, int timeout_ms, char *fault, size_t fault_size) {
    const char *values[KEYWORD_COUNT];
    parameter_values(conninfo, values);
    PGconn *pg = PQconnectdbParams(keywords, values, 1);
    if (PQstatus(pg) != CONNECTION_OK) {
        char reason[512];
        session_reason(pg, reason, sizeof reason);
        snprintf(fault, fault_size, "The database cannot be reached: %s.", reason);
        PQfinish(pg);
        return NULL;
    }
    PQsetNoticeProcessor(pg, notice_ignore, NULL);
    char timeout[16];
    snprintf(timeout, sizeof timeout, "%d", timeout_ms);
    const char *params[] = {"blocking", timeout, timeout, "auto"};
    PGresult *result = PQexecParams(pg, SQL_SESSION_BEGIN, 4, NULL, params, NULL, NULL, 0);
    bool done = PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!done)
        snprintf(fault, fault_size, "The database refuses the session's settings: %s", PQresultErrorMessage(result));
    PQclear(result);
    if (done)
        return pg;
    PQfinish(pg);
    return NULL;
}

/* Waits until the socket can be read, the time is over or `stop` can be read. True: the socket can. */
static bool socket_wait(const PGconn *pg, int stop, int64_t until_us) {
    int64_t left = until_us - clock_monotonic_us();
    struct pollfd polled[] = {{.fd = PQsocket(pg), .events = POLLIN}, {.fd = stop, .events = POLLIN}};
    if (left > 0)
        (void)poll(polled, 2, (int)(left / 1000) + 1);
    return left > 0 && !(polled[1].revents & POLLIN);
}

PGresult *session_ask(PGconn *pg, int stop, int wait_ms, bool prepared, const char *sql, int count,
                      const char *const *params) {
    int64_t until_us = clock_monotonic_us() + (int64_t)wait_ms * 1000;
    int sent = prepared ? PQsendQueryPrepared(pg, sql, count, params, NULL, NULL, 0)
                        : PQsendQueryParams(pg, sql, count, NULL, params, NULL, NULL, 0);
    bool alive = sent == 1;
    while (alive && PQisBusy(pg))
        alive = socket_wait(pg, stop, until_us) && PQconsumeInput(pg) == 1;
    PGresult *result = alive ? PQgetResult(pg) : NULL;
    for (PGresult *more; result && (more = PQgetResult(pg));)
        PQclear(more);
    if (result && PQstatus(pg) == CONNECTION_OK)
        return result;
    PQclear(result);
    return NULL;
}
