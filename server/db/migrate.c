#include "db/migrate.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/log.h"
#include "base/moment.h"
#include "db/migrations.h"
#include "db/session.h"
#include "sql.h"

/* "onrecord" in ASCII: who migrates holds this advisory lock of the database. */
static const char lock_key[] = "8029464492155696740";

enum {
    LOCK_WAIT_MS = 200, /* between two tries for that lock */
    LOCK_PATIENCE_S = 600,
    TABLE_TRIES = 5, /* a table that others use longer than lock_timeout is tried again */
    TABLE_WAIT_MS = 500
};

static void wait_ms(int ms) {
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

/* True when it went well; else the SQLSTATE is in `sqlstate` ("" when the connection broke). */
static bool run(PGconn *pg, const char *sql, char sqlstate[6]) {
    PGresult *result = PQexec(pg, sql);
    ExecStatusType status = PQresultStatus(result);
    bool done = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(sqlstate, 6, "%s", state ? state : "");
    PQclear(result);
    return done;
}

static MigrationReport cannot(Arena *arena, PGconn *pg, const char *what) {
    char *message = arena_strdup(arena, PQerrorMessage(pg));
    message[strcspn(message, "\n")] = '\0';
    return migration_report(PQstatus(pg) == CONNECTION_OK ? MIGRATION_REFUSED : MIGRATION_UNREACHABLE,
                            arena_printf(arena, "%s: %s", what, message));
}

/* A word where search is worse than it could be, for no fault of ours: it goes by the database's own letters. */
static void look_at_letters(PGconn *pg) {
    PGresult *result = PQexec(pg, SQL_DATABASE_LETTERS);
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1)
        log_event(LOG_WARNING, "the database knows the letters of ASCII only", "lc_ctype", PQgetvalue(result, 0, 0),
                  "hint",
                  "search tells upper and lower case apart in other writings; CREATE DATABASE ... LC_CTYPE 'C.UTF-8' "
                  "TEMPLATE template0 makes one that does not",
                  NULL);
    PQclear(result);
}

MigrationReport migrate_check(Arena *arena, const char *conninfo) {
    char fault[1024];
    PGconn *pg = session_open(conninfo, 5000, fault, sizeof fault);
    if (!pg)
        return migration_report(MIGRATION_UNREACHABLE, arena_printf(arena, "%s", fault));
    look_at_letters(pg);
    Migrations migrations = migrations_load(arena);
    MigrationReport report = migrations_state(arena, pg, &migrations);
    PQfinish(pg);
    return report;
}

/* Tries again and again rather than to wait in PostgreSQL: the waiting statement's snapshot would be waited for by what
 * the holder may run (CREATE INDEX CONCURRENTLY). */
static bool take_lock(PGconn *pg) {
    const char *params[] = {lock_key};
    int64_t until_us = clock_monotonic_us() + (int64_t)LOCK_PATIENCE_S * 1000000;
    while (clock_monotonic_us() < until_us) {
        PGresult *result = PQexecParams(pg, SQL_MIGRATION_LOCK, 1, NULL, params, NULL, NULL, 0);
        bool answered = PQresultStatus(result) == PGRES_TUPLES_OK;
        bool taken = answered && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
        PQclear(result);
        if (!answered || taken)
            return taken;
        wait_ms(LOCK_WAIT_MS);
    }
    return false;
}

static bool record(PGconn *pg, const Migration *migration, bool skipped) {
    char version[16];
    char admits[16];
    snprintf(version, sizeof version, "%d", migration->version);
    snprintf(admits, sizeof admits, "%d", migration->admits);
    const char *params[] = {version, migration->name, migration->checksum, admits, skipped ? "true" : "false"};
    PGresult *result = PQexecParams(pg, SQL_MIGRATION_RECORD, 5, NULL, params, NULL, NULL, 0);
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return done;
}

/* A file without a transaction: statement by statement, each ending with a semicolon at the end of a line. They must
 * bear to be run again, since nothing undoes the first when the second fails. */
static bool run_apart(Arena *arena, PGconn *pg, const char *sql, char sqlstate[6]) {
    bool done = true;
    while (done && *sql) {
        const char *end = strstr(sql, ";\n");
        size_t length = end ? (size_t)(end - sql) + 1 : strlen(sql);
        done = run(pg, arena_strndup(arena, sql, length), sqlstate);
        sql += length;
    }
    return done;
}

static bool apply_once(Arena *arena, PGconn *pg, const Migration *migration, bool skip, char sqlstate[6]) {
    const char *sql = migration->asset->data;
    if (migration->no_transaction && !skip)
        return run(pg, "SET lock_timeout = '5s'", sqlstate) && run_apart(arena, pg, sql, sqlstate) &&
               record(pg, migration, skip);
    bool done = run(pg, "BEGIN", sqlstate) && run(pg, "SET LOCAL lock_timeout = '5s'", sqlstate) &&
                (skip || run(pg, sql, sqlstate)) && record(pg, migration, skip) && run(pg, "COMMIT", sqlstate);
    return done;
}

/* Runs one migration. False with the report filled in. */
static bool apply(Arena *arena, PGconn *pg, const Migration *migration, bool skip, MigrationReport *report) {
    for (int try = 1;; try++) {
        char sqlstate[6] = "";
        int64_t began_us = clock_monotonic_us();
        if (apply_once(arena, pg, migration, skip, sqlstate)) {
            log_event(LOG_INFO, skip ? "migration skipped" : "migration applied", "migration", migration->name, "ms",
                      arena_integer(arena, (clock_monotonic_us() - began_us) / 1000), NULL);
            return true;
        }
        bool busy = strcmp(sqlstate, "55P03") == 0 || strcmp(sqlstate, "40P01") == 0;
        *report = cannot(arena, pg, arena_printf(arena, "Migration %s failed", migration->name));
        if (busy)
            report->state = MIGRATION_PENDING;
        char ignored[6];
        run(pg, "ROLLBACK", ignored);
        if (!busy || try == TABLE_TRIES)
            return false;
        wait_ms(TABLE_WAIT_MS);
    }
}

/* Gives the server's own role what it needs, when it is not the owner's and does not have it yet. */
static bool grant(Arena *arena, PGconn *pg, const char *role, MigrationReport *report) {
    const char *params[] = {role};
    PGresult *result = PQexecParams(pg, SQL_MIGRATIONS_ROLE, 1, NULL, params, NULL, NULL, 0);
    bool known = PQresultStatus(result) == PGRES_TUPLES_OK;
    bool there = known && PQntuples(result) == 1;
    bool content = there && (*PQgetvalue(result, 0, 0) == 't' || *PQgetvalue(result, 0, 1) == 't');
    PQclear(result);
    if (content)
        return true;
    if (known && !there) {
        *report = migration_report(
            MIGRATION_REFUSED, arena_printf(arena, "There is no role %s to grant the server's privileges to.", role));
        return false;
    }
    char sqlstate[6];
    if (known && take_lock(pg) && run(pg, SQL_MIGRATIONS_GRANT, sqlstate)) {
        log_event(LOG_INFO, "the server's role was granted what it needs", "role", role, NULL);
        return true;
    }
    *report = cannot(arena, pg, "The server's role cannot be granted what it needs");
    return false;
}

static MigrationReport run_pending(Arena *arena, PGconn *pg, bool seed) {
    char sqlstate[6];
    if (!run(pg, SQL_MIGRATIONS_SCHEMA, sqlstate))
        return cannot(arena, pg, "The schema onrecord cannot be made (its owner needs CREATE on the database)");
    if (!run(pg, SQL_MIGRATIONS_CREATE, sqlstate))
        return cannot(arena, pg, "The table of migrations cannot be made");
    Migrations migrations = migrations_load(arena);
    MigrationReport report = migrations_state(arena, pg, &migrations);
    int applied = 0;
    for (int i = 0; i < migrations.count && report.state == MIGRATION_PENDING; i++) {
        const Migration *migration = &migrations.list[i];
        if (migration->applied)
            continue;
        MigrationReport fault;
        if (!apply(arena, pg, migration, migration->seed && !seed, &fault)) {
            fault.pending = report.pending;
            fault.applied = applied;
            return fault;
        }
        applied++;
    }
    if (applied > 0)
        report = migrations_state(arena, pg, &migrations);
    report.applied = applied;
    return report;
}

MigrationReport migrate_run(Arena *arena, const char *conninfo, bool seed, const char *server_role) {
    char fault[1024];
    PGconn *pg = session_open(conninfo, 0, fault, sizeof fault);
    if (!pg)
        return migration_report(MIGRATION_UNREACHABLE, arena_printf(arena, "%s", fault));
    look_at_letters(pg);
    Migrations migrations = migrations_load(arena);
    MigrationReport report = migrations_state(arena, pg, &migrations);
    if (report.state == MIGRATION_PENDING) {
        if (!take_lock(pg))
            report = cannot(arena, pg, "Another server is migrating, and does not come to an end");
        else
            report = run_pending(arena, pg, seed); /* looks again: another may have done it meanwhile */
    }
    if (report.state == MIGRATION_CURRENT && server_role) {
        MigrationReport refused;
        if (!grant(arena, pg, server_role, &refused)) {
            refused.applied = report.applied;
            report = refused;
        }
    }
    PQfinish(pg); /* gives the lock back */
    return report;
}
