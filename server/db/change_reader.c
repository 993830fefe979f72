#include "db/change_reader.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "db/rows.h"
#include "db/session.h"
#include "sql.h"

enum { ANSWER_MS = 10000, LOOK_MS = 100 };

struct ChangeReader {
    PGconn *pg;
    int stop;
    Arena *arena; /* of the page */
    Result *page;
};

/* NULL where the statement was refused, or the connection broke. */
static PGresult *ask(ChangeReader *reader, const char *sql, int count, const char *const *params) {
    PGresult *result = session_ask(reader->pg, reader->stop, ANSWER_MS, false, sql, count, params);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return result;
    PQclear(result);
    return NULL;
}

ChangeReader *change_reader_open(const char *conninfo, int stop, char *fault, size_t fault_size) {
    PGconn *pg = session_open(conninfo, ANSWER_MS, fault, fault_size);
    if (!pg)
        return NULL;
    ChangeReader *reader = memory_zeroed(1, sizeof *reader);
    reader->pg = pg;
    reader->stop = stop;
    reader->arena = arena_new();
    PQclear(ask(reader, SQL_CHANGES_LISTEN, 0, NULL));
    return reader;
}

void change_reader_close(ChangeReader *reader) {
    if (!reader)
        return;
    rows_release(reader->page);
    PQfinish(reader->pg);
    arena_free(reader->arena);
    free(reader);
}

/* Numbers what is there, unless another session does that. */
static void number(ChangeReader *reader) {
    static const char *const params[] = {"0", "10000"};
    PGresult *elected = ask(reader, SQL_CHANGES_ELECT, 0, NULL);
    bool numbers = elected && PQgetvalue(elected, 0, 0)[0] == 't';
    PQclear(elected);
    for (bool more = numbers; more;) {
        PGresult *numbered = ask(reader, SQL_CHANGES_NUMBER, 2, params);
        more = numbered && PQgetvalue(numbered, 0, 0)[0] != '0';
        PQclear(numbered);
    }
    if (numbers)
        PQclear(ask(reader, SQL_CHANGES_RESIGN, 0, NULL));
}

const Result *change_reader_page(ChangeReader *reader, const char *const params[PAGE_PARAMS], char *fault,
                                 size_t fault_size) {
    rows_release(reader->page);
    reader->page = NULL;
    arena_reset(reader->arena);
    number(reader);
    PGresult *page = session_ask(reader->pg, reader->stop, ANSWER_MS, false, SQL_CHANGES_PAGE, PAGE_PARAMS, params);
    if (PQresultStatus(page) == PGRES_TUPLES_OK) {
        reader->page = rows_all(reader->arena, page);
        return reader->page;
    }
    const char *state = page ? PQresultErrorField(page, PG_DIAG_SQLSTATE) : NULL;
    snprintf(fault, fault_size, "%s",
             !state                               ? "The database does not answer."
             : state[0] == '4' && state[1] == '2' ? "The database has no such log yet: run `onrecord migrate` first."
                                                  : "The database refuses to read its log.");
    PQclear(page);
    return NULL;
}

void change_reader_wait(ChangeReader *reader) {
    struct pollfd polled[] = {{.fd = reader->stop, .events = POLLIN}, {.fd = PQsocket(reader->pg), .events = POLLIN}};
    (void)poll(polled, 2, LOOK_MS);
    PGnotify *notice;
    (void)PQconsumeInput(reader->pg);
    while ((notice = PQnotifies(reader->pg)))
        PQfreemem(notice);
}
