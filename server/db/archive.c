#include "db/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/session.h"
#include "sql.h"

enum { PART = 64 * 1024, ASK_MS = 30000 };

/* ---- programs ---- */

/* Where the programs of this major version are; "": on PATH. */
static void programs_folder(int major, char folder[PATH_MAX]) {
    static const char *const ways[][2] = {{"/usr/lib/postgresql/", "/bin/"}, {"/usr/pgsql-", "/bin/"}};
    char program[PATH_MAX];
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        snprintf(folder, PATH_MAX, "%s%d%s", ways[i][0], major, ways[i][1]);
        if (snprintf(program, sizeof program, "%spg_dump", folder) < PATH_MAX && access(program, X_OK) == 0)
            return;
    }
    folder[0] = '\0';
}

/* In the child: libpq's own variables say what the connection string does. */
static bool environment_set(const char *conninfo) {
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL);
    if (!options)
        return false;
    for (const PQconninfoOption *option = options; option->keyword; option++)
        if (option->val && option->envvar)
            setenv(option->envvar, option->val, 1);
    PQconninfoFree(options);
    return true;
}

/* Runs a program with these ends of pipes or files as its standard input and output. -1: it cannot be run. */
static pid_t program_run(const char *folder, const char *conninfo, const char *const *words, int in, int out) {
    enum { WORDS_MAX = 16 };
    char path[PATH_MAX];
    char *arguments[WORDS_MAX + 1] = {NULL};
    snprintf(path, sizeof path, "%s%s", folder, words[0]);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    for (int i = 0; i < WORDS_MAX && words[i]; i++)
        arguments[i] = strdup(words[i]);
    signal(SIGPIPE, SIG_DFL);
    if (!environment_set(conninfo) || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
        _exit(126);
    execvp(path, arguments);
    _exit(127);
}

/* True when it ended well. */
static bool program_wait(pid_t pid) {
    int status = -1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool write_all(int out, const char *data, size_t size) {
    while (size > 0) {
        ssize_t written = write(out, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data += written;
        size -= (size_t)written;
    }
    return true;
}

/* From one end to the other, up to the first one's end. False when what is read or written fails. */
static bool pump(int in, int out, ArchiveProgress *progress) {
    char part[PART];
    size_t bytes = 0;
    for (;;) {
        ssize_t got = read(in, part, sizeof part);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        if (!write_all(out, part, (size_t)got))
            return false;
        bytes += (size_t)got;
        progress(bytes);
    }
}

static bool failed(char *fault, size_t fault_size, const char *sentence) {
    snprintf(fault, fault_size, "%s", sentence);
    return false;
}

/* ---- backup ---- */

bool archive_write(const char *conninfo, int out, ArchiveProgress *progress, char *fault, size_t fault_size) {
    /* Answers to repeated requests are left out: what they are about may not be there where it is restored. */
    static const char *const words[] = {"pg_dump",
                                        "--format=custom",
                                        "--schema=onrecord",
                                        "--no-owner",
                                        "--no-privileges",
                                        "--exclude-table-data=onrecord.answers",
                                        "--exclude-table-data=onrecord.uploads",
                                        "--lock-wait-timeout=30s",
                                        "--no-password",
                                        NULL};
    char folder[PATH_MAX];
    int ends[2];
    PGconn *pg = session_open(conninfo, ASK_MS, fault, fault_size);
    if (!pg)
        return false;
    programs_folder(PQserverVersion(pg) / 10000, folder);
    PQfinish(pg);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return failed(fault, fault_size, "There is no pipe to be had.");
    pid_t pid = program_run(folder, conninfo, words, STDIN_FILENO, ends[1]);
    close(ends[1]);
    bool passed = pump(ends[0], out, progress);
    close(ends[0]);
    if (!program_wait(pid))
        return passed ? failed(fault, fault_size, "pg_dump has failed, or is not installed.")
                      : failed(fault, fault_size, "The backup cannot be written.");
    return passed || failed(fault, fault_size, "The backup cannot be written.");
}

/* ---- restore ---- */

/* The first value of the first row; "" where it is null or nothing comes. */
static bool ask(PGconn *pg, const char *sql, char *value, size_t size) {
    PGresult *result = PQexec(pg, sql);
    bool answered = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
    snprintf(value, size, "%s", answered ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    return answered;
}

/* Whether there may be a restore. The session holds the lock that keeps servers away. */
static bool may_restore(PGconn *pg, bool replace, char *fault, size_t fault_size) {
    char value[512];
    if (!ask(pg, SQL_ARCHIVE_LOCK, value, sizeof value))
        return failed(fault, fault_size, "The database does not answer.");
    if (strcmp(value, "t") != 0)
        return failed(fault, fault_size, "A server is running on this database: stop it first.");
    if (!ask(pg, SQL_ARCHIVE_SCHEMA, value, sizeof value))
        return failed(fault, fault_size, "The database does not answer.");
    if (strcmp(value, "t") != 0)
        return true;
    if (!ask(pg, SQL_ARCHIVE_RECORDS, value, sizeof value))
        return failed(fault, fault_size,
                      "The tables cannot be read: name their owner's role with ONRECORD_MIGRATE_URL.");
    if (strcmp(value, "t") == 0 && !replace)
        return failed(
            fault, fault_size,
            "There are records in this database. --replace deletes them, and puts the backup in their place.");
    if (!ask(pg, SQL_ARCHIVE_DEPENDENTS, value, sizeof value))
        return failed(fault, fault_size, "The database does not answer.");
    if (value[0] == '\0')
        return true;
    snprintf(fault, fault_size, "Others have built on the schema onrecord, and would lose it: %s.", value);
    return false;
}

static bool write_sql(int out, const char *sql) {
    return write_all(out, sql, strlen(sql)) && write_all(out, ";\n", 2);
}

/* pg_restore's script goes through us to psql, so that nothing is committed unless it came to its end. */
static bool restore_run(const char *folder, const char *conninfo, int in, ArchiveProgress *progress) {
    static const char *const reads[] = {"pg_restore",      "--schema=onrecord", "--no-owner",
                                        "--no-privileges", "--file=-",          NULL};
    static const char *const runs[] = {"psql",     "--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1",
                                       "--file=-", NULL};
    int script[2];
    int sql[2];
    if (pipe2(script, O_CLOEXEC) != 0 || pipe2(sql, O_CLOEXEC) != 0)
        return false;
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pid_t reader = program_run(folder, conninfo, reads, in, script[1]);
    pid_t runner = program_run(folder, conninfo, runs, sql[0], nowhere);
    close(script[1]);
    close(sql[0]);
    close(nowhere);
    bool passed = write_sql(sql[1], SQL_ARCHIVE_BEGIN) && pump(script[0], sql[1], progress);
    close(script[0]);
    bool whole = program_wait(reader) && passed;
    bool ended = whole && write_sql(sql[1], SQL_ARCHIVE_COMMIT);
    close(sql[1]);
    return program_wait(runner) && ended;
}

bool archive_read(const char *conninfo, int in, bool replace, ArchiveProgress *progress, char *fault,
                  size_t fault_size) {
    char folder[PATH_MAX];
    PGconn *pg = session_open(conninfo, ASK_MS, fault, fault_size);
    if (!pg)
        return false;
    bool done = may_restore(pg, replace, fault, fault_size);
    if (done) {
        programs_folder(PQserverVersion(pg) / 10000, folder);
        done = restore_run(folder, conninfo, in, progress) ||
               failed(fault, fault_size,
                      "The backup cannot be restored: it is none of OnRecord's, or not whole. Nothing was "
                      "changed.");
    }
    PQfinish(pg);
    return done;
}
