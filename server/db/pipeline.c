/* pipeline.c: what goes through a connection: batches out, results in, each result to whom it belongs.
 *
 * The order of things, as PostgreSQL 15 and libpq 15 were found to keep it: each command is answered by one result and
 * a NULL; a Sync by PGRES_PIPELINE_SYNC alone. What stands between an error and its Sync comes back as
 * PGRES_PIPELINE_ABORTED; a Flush makes results come before it. An error at the Sync itself (a deferred constraint, a
 * failed commit) comes as a result of its own before PGRES_PIPELINE_SYNC. A prepared statement outlives the rollback of
 * the group that it was prepared in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/moment.h"
#include "db/connection.h"
#include "db/gather.h"
#include "db/lane.h"
#include "db/outcome.h"
#include "db/rows.h"
#include "sql.h"

enum { RING_FIRST = 64, GREETING_BEGIN = 0, GREETING_CHECK = 1, LARGE = 1024 * 1024, LOCK_BRIEF_MS = 50 };

/* ---- the ring of what is in flight ---- */

static void ring_grow(Connection *c) {
    unsigned size = c->entry_size > 0 ? 2 * c->entry_size : RING_FIRST;
    Entry *entries = memory_zeroed(size, sizeof *entries);
    for (unsigned i = c->entry_first; i != c->entry_end; i++)
        entries[i & (size - 1)] = c->entries[i & (c->entry_size - 1)];
    free(c->entries);
    c->entries = entries;
    c->entry_size = size;
}

static bool ring_empty(const Connection *c) {
    return c->entry_first == c->entry_end;
}

static Entry *ring_head(Connection *c) {
    return &c->entries[c->entry_first & (c->entry_size - 1)];
}

static void ring_pop(Connection *c) {
    c->entry_first++;
}

static void ring_push(Connection *c, Entry entry) {
    if (c->entry_end - c->entry_first == c->entry_size)
        ring_grow(c);
    if (ring_empty(c))
        c->progress_us = clock_monotonic_us();
    c->entries[c->entry_end++ & (c->entry_size - 1)] = entry;
}

/* ---- out ---- */

/* Ends a group. `write` is the batch whose fate this Sync tells; NULL for reads, which end with their last result. */
static bool send_sync(Connection *c, Batch *write) {
    ring_push(c, (Entry){.kind = ENTRY_SYNC, .slot = -1, .batch = write});
    if (write)
        write->sent = true;
    c->group++;
    c->group_size = 0;
    c->home->counters.syncs++;
    return PQpipelineSync(c->pg) == 1;
}

/* The last statement of a write, behind its own, is the proof: outcome.h. */
static bool is_proof(const Batch *batch, int index) {
    return index == batch->count;
}

static const Statement *statement_of(const Connection *c, Batch *batch, int index) {
    return is_proof(batch, index) ? &c->proof : gather_statement(batch, index);
}

/* Its results are to come before its commit is sent, so that a connection that breaks takes neither with it: without
 * commit it is not done, and with it only that is left to know. */
static bool hold(Connection *c, Batch *write) {
    c->held = write;
    return PQsendFlushRequest(c->pg) == 1;
}

/* All its results have come, or an error: the commit, or the end of what failed. */
static bool send_held(Connection *c) {
    Batch *write = c->held;
    c->held = NULL;
    return send_sync(c, write);
}

static bool send_prepare(Connection *c, Batch *batch, int index, int slot) {
    const Prepared *p = &c->statements.slots[slot];
    ring_push(c, (Entry){.kind = ENTRY_PREPARE, .index = index, .slot = slot, .number = p->number, .batch = batch});
    c->home->counters.prepared++;
    return PQsendPrepare(c->pg, p->name, p->sql, 0, NULL) == 1;
}

/* Notes that so many bytes go through the connection at once. */
static void note_size(Connection *c, size_t bytes) {
    if (bytes >= LARGE)
        c->swollen = c->home->swollen = true;
}

static size_t params_size(const Statement *s) {
    size_t bytes = 0;
    for (int i = 0; i < s->param_count; i++)
        bytes += s->params[i] ? strlen(s->params[i]) : 0;
    return bytes;
}

static bool send_execute(Connection *c, Batch *batch, int index, int slot) {
    const Statement *s = statement_of(c, batch, index);
    if (batch->write)
        note_size(c, params_size(s));
    Entry entry = {.kind = ENTRY_EXECUTE, .index = index, .slot = slot, .batch = batch};
    c->home->counters.statements++;
    if (slot < 0) {
        ring_push(c, entry);
        bool sent = PQsendQueryParams(c->pg, s->sql, s->param_count, NULL, s->params, NULL, NULL, 0) == 1;
        return sent && (!batch->row || PQsetSingleRowMode(c->pg) == 1);
    }
    const Prepared *p = &c->statements.slots[slot];
    entry.number = p->number;
    ring_push(c, entry);
    return PQsendQueryPrepared(c->pg, p->name, s->param_count, s->params, NULL, NULL, 0) == 1;
}

static bool send_statement(Connection *c, Batch *batch, int index) {
    const char *sql = statement_of(c, batch, index)->sql;
    if (batch->row) { /* not worth a name: it takes long enough */
        batch->connection = c;
        return send_execute(c, batch, index, -1);
    }
    int slot = statements_find(&c->statements, sql);
    if (slot >= 0) {
        const Prepared *p = &c->statements.slots[slot];
        /* One that was disappointed before does not count on the PREPARE of another group again. */
        if (p->state == PREPARED_SENT && p->group != c->group && (batch->alone || batch->retried))
            slot = -1;
        return send_execute(c, batch, index, slot);
    }
    slot = statements_add(&c->statements, sql, c->group);
    return (slot < 0 || send_prepare(c, batch, index, slot)) && send_execute(c, batch, index, slot);
}

/* Before a write that has met somebody's lock already: it waits longer this time. */
static bool send_patience(Connection *c) {
    ring_push(c, (Entry){.kind = ENTRY_OPTIONAL, .slot = -1});
    return PQsendQueryParams(c->pg, SQL_SESSION_WAITS, 0, NULL, NULL, NULL, NULL, 0) == 1;
}

bool pipeline_send(Connection *c, Batch *batch) {
    bool shares = !batch->write && !batch->alone && lane_rules[c->lane].shares;
    bool ok = true;
    if (!shares && c->group_size > 0)
        ok = send_sync(c, NULL);
    if (batch->locked_us != 0)
        ok = ok && send_patience(c);
    batch->results_seen = 0;
    batch->sent = false;
    batch->skipped = false;
    c->in_flight++;
    c->gathers += batch->gathers;
    if (batch->gathers)
        c->gathered_us = clock_monotonic_us();
    c->group_size++;
    c->home->counters.batches++;
    batch->proof = NULL;
    c->proof_params[0] = c->home->tells_touched && c->last_change[0] != '\0' ? c->last_change : NULL;
    int count = batch->write ? batch->count + 1 : batch->count;
    for (int i = 0; i < count && ok; i++)
        ok = send_statement(c, batch, i);
    if (ok && batch->write)
        ok = hold(c, batch);
    else if (ok && (!shares || c->group_size == GROUP_MAX))
        ok = send_sync(c, NULL);
    if (!ok)
        connection_lost(c, NULL);
    return ok;
}

/* Gives up the names of statements that were evicted. They have a Sync of their own, so that nothing can skip them. */
static bool send_closes(Connection *c) {
    unsigned number;
    bool ok = true;
    bool some = false;
    while (ok && statements_doomed(&c->statements, &number)) {
        char sql[32];
        snprintf(sql, sizeof sql, "DEALLOCATE s%u", number);
        ring_push(c, (Entry){.kind = ENTRY_OPTIONAL, .slot = -1});
        ok = PQsendQueryParams(c->pg, sql, 0, NULL, NULL, NULL, NULL, 0) == 1;
        some = true;
    }
    return ok && (!some || send_sync(c, NULL));
}

bool pipeline_flush(Connection *c) {
    if ((c->state != CONNECTION_GREETING && c->state != CONNECTION_READY) || c->paused)
        return true;
    bool ok = c->held || ((c->group_size == 0 || send_sync(c, NULL)) && send_closes(c));
    int left = ok ? PQflush(c->pg) : -1;
    if (left < 0) {
        connection_lost(c, NULL);
        return false;
    }
    connection_watch(c, left == 1 ? EPOLLIN | EPOLLOUT : EPOLLIN);
    return true;
}

/* A write that waits for a lock gives way before its statement's own time is over. */
static int lock_timeout_ms(const Connection *c) {
    switch (lane_rules[c->lane].locks) {
    case LOCKS_BRIEF:
        return LOCK_BRIEF_MS;
    case LOCKS_HALF:
        return c->home->timeout_ms[TIMEOUT_SLOW] / 2;
    default:
        return 0;
    }
}

bool pipeline_greet(Connection *c) {
    uint8_t random[10];
    char statement_timeout[16];
    char lock_timeout[16];
    random_bytes(random, sizeof random);
    hex_encode(random, sizeof random, c->marker);
    snprintf(statement_timeout, sizeof statement_timeout, "%d", connection_timeout_ms(c));
    snprintf(lock_timeout, sizeof lock_timeout, "%d", lock_timeout_ms(c));
    const char *params[] = {c->marker, statement_timeout, lock_timeout, lane_rules[c->lane].plans};

    c->last_change[0] = '\0';
    ring_push(c, (Entry){.kind = ENTRY_GREETING, .index = GREETING_BEGIN, .slot = -1});
    bool ok = PQsendQueryParams(c->pg, SQL_SESSION_BEGIN, 4, NULL, params, NULL, NULL, 0) == 1 && send_sync(c, NULL);
    if (ok && lane_rules[c->lane].streams) {
        ring_push(c, (Entry){.kind = ENTRY_OPTIONAL, .slot = -1});
        ok = PQsendQueryParams(c->pg, SQL_SESSION_LOOKS, 0, NULL, NULL, NULL, NULL, 0) == 1 && send_sync(c, NULL);
    }
    if (ok && lane_rules[c->lane].by_key) {
        ring_push(c, (Entry){.kind = ENTRY_OPTIONAL, .slot = -1});
        ok = PQsendQueryParams(c->pg, SQL_SESSION_BY_KEY, 0, NULL, NULL, NULL, NULL, 0) == 1 && send_sync(c, NULL);
    }
    if (ok) {
        ring_push(c, (Entry){.kind = ENTRY_GREETING, .index = GREETING_CHECK, .slot = -1});
        ok = PQsendQueryParams(c->pg, SQL_SESSION_CHECK, 0, NULL, NULL, NULL, NULL, 0) == 1 && send_sync(c, NULL);
    }
    if (!ok)
        connection_lost(c, NULL);
    return ok;
}

/* ---- in ---- */

static const char *error_text(const Batch *batch, const PGresult *result, int code) {
    const char *text = PQresultErrorField(result, code);
    return text ? arena_strdup(batch->arena, text) : "";
}

static void batch_fail(Batch *batch, int index, const PGresult *result) {
    if (batch->outcome == BATCH_FAILED)
        return;
    batch->outcome = BATCH_FAILED;
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    snprintf(batch->error.sqlstate, sizeof batch->error.sqlstate, "%s", sqlstate ? sqlstate : "XX000");
    batch->error.statement = index;
    batch->error.constraint = error_text(batch, result, PG_DIAG_CONSTRAINT_NAME);
    batch->error.table = error_text(batch, result, PG_DIAG_TABLE_NAME);
    batch->error.message = error_text(batch, result, PG_DIAG_MESSAGE_PRIMARY);
    batch->error.detail = error_text(batch, result, PG_DIAG_MESSAGE_DETAIL);
}

static void finish(Connection *c, Batch *batch) {
    c->in_flight--;
    c->gathers -= batch->gathers;
    c->warm = true;
    batch->connection = NULL;
    if (batch->outcome == BATCH_FAILED)
        pool_settle(c->home->pool, batch, SETTLED_FAILED);
    else
        pool_settle(c->home->pool, batch, batch->skipped ? SETTLED_SKIPPED : SETTLED_DONE);
}

/* One row of a batch that streams. */
static void take_row(Connection *c, Batch *batch, PGresult *pg) {
    const Result row = {.pg = pg, .rows = 1};
    batch->rerun = batch->retried = true;
    note_size(c, PQresultMemorySize(pg));
    if (!batch->row(batch, &row))
        connection_pause(c);
    PQclear(pg);
}

/* False, with the connection lost, when another session has a statement of that name in our server process. */
static bool take_prepare(Connection *c, Entry entry, PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (sqlstate && strcmp(sqlstate, "42P05") == 0) {
        PQclear(result);
        pool_session_shared(c->home->pool);
        return false;
    }
    if (status == PGRES_COMMAND_OK) {
        statements_ready(&c->statements, entry.slot, entry.number);
    } else {
        statements_forget(&c->statements, entry.slot, entry.number, false);
        if (status != PGRES_PIPELINE_ABORTED)
            batch_fail(entry.batch, entry.index, result);
    }
    PQclear(result);
    return true;
}

static const char *cell_text(const Batch *batch, const PGresult *result, int column) {
    return PQgetisnull(result, 0, column) ? NULL : arena_strdup(batch->arena, PQgetvalue(result, 0, column));
}

static void take_proof(Connection *c, Batch *batch, PGresult *result) {
    batch->proof = arena_alloc(batch->arena, sizeof *batch->proof);
    *batch->proof = (Proof){.change = cell_text(batch, result, 0),
                            .began = cell_text(batch, result, 1),
                            .ended = cell_text(batch, result, 2),
                            .backend_pid = c->backend_pid};
    batch->touched = cell_text(batch, result, 3);
    if (batch->proof->change)
        snprintf(c->last_change, sizeof c->last_change, "%s", batch->proof->change);
    PQclear(result);
}

static void take_execute(Connection *c, Entry entry, PGresult *result) {
    Batch *batch = entry.batch;
    switch (PQresultStatus(result)) {
    case PGRES_TUPLES_OK:
        if (is_proof(batch, entry.index)) {
            take_proof(c, batch, result);
            break;
        }
        /* fallthrough */
    case PGRES_COMMAND_OK:
        gather_statement(batch, entry.index)->result = rows_all(batch->arena, result);
        note_size(c, PQresultMemorySize(result));
        break;
    case PGRES_PIPELINE_ABORTED:
        batch->skipped = true;
        PQclear(result);
        break;
    default:
        batch_fail(batch, entry.index, result);
        /* 26000: no such statement; 0A000: its result type has changed. */
        if (entry.slot >= 0 && strcmp(batch->error.sqlstate, "26000") == 0)
            statements_forget(&c->statements, entry.slot, entry.number, false);
        if (entry.slot >= 0 && strcmp(batch->error.sqlstate, "0A000") == 0)
            statements_forget(&c->statements, entry.slot, entry.number, true);
        PQclear(result);
    }
    batch->results_seen++;
    if (batch->results_seen == batch->count && !batch->write)
        finish(c, batch);
}

static void take_sync(Connection *c, Entry entry, PGresult *result) {
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
        ring_pop(c);
        if (entry.batch)
            finish(c, entry.batch);
    } else if (entry.batch) {
        batch_fail(entry.batch, entry.batch->count - 1, result); /* its PGRES_PIPELINE_SYNC is still to come */
    }
    PQclear(result);
}

/* Two of the pool's connections have one server process, or one has two: a pooler stands between, and none of the
 * session's settings and prepared statements can be relied on. */
static bool session_is_shared(Connection *c, Entry entry, const PGresult *result) {
    int pid = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
    if (entry.index == GREETING_CHECK)
        return pid != c->backend_pid || strcmp(PQgetvalue(result, 0, 1), c->marker) != 0;
    c->backend_pid = pid;
    return pool_has_twin(c->home->pool, c);
}

/* False, with the connection lost, when it is none that we can work with. */
static bool take_greeting(Connection *c, Entry entry, PGresult *result) {
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        char reason[256];
        snprintf(reason, sizeof reason, "the session's settings were refused: %s", PQresultErrorMessage(result));
        PQclear(result);
        connection_lost(c, reason);
        return false;
    }
    bool shared = session_is_shared(c, entry, result);
    PQclear(result);
    if (shared) {
        pool_session_shared(c->home->pool);
        return false;
    }
    if (entry.index == GREETING_CHECK) {
        c->state = CONNECTION_READY;
        c->attempts = 0;
        c->warm = false;
        c->ready_us = clock_monotonic_us();
        pool_connection_ready(c->home->pool, c);
    }
    return true;
}

/* PostgreSQL's last words before it ends the session; or libpq's own that the connection is gone. */
static bool ends_session(Connection *c, const PGresult *result) {
    if (PQresultStatus(result) != PGRES_FATAL_ERROR && PQresultStatus(result) != PGRES_BAD_RESPONSE)
        return false;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    c->fatal = severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0);
    return c->fatal || !PQresultErrorField(result, PG_DIAG_SQLSTATE);
}

static bool take_result(Connection *c, PGresult *result) {
    Entry entry = *ring_head(c);
    if (ends_session(c, result)) {
        const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        char reason[256];
        snprintf(reason, sizeof reason, "%s", message ? message : "the connection broke");
        PQclear(result);
        connection_lost(c, reason);
        return false;
    }
    if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
        take_row(c, entry.batch, result);
        return true;
    }
    if (entry.kind != ENTRY_SYNC)
        ring_pop(c);
    switch (entry.kind) {
    case ENTRY_PREPARE:
        return take_prepare(c, entry, result);
    case ENTRY_EXECUTE:
        take_execute(c, entry, result);
        return true;
    case ENTRY_SYNC:
        take_sync(c, entry, result);
        return true;
    case ENTRY_GREETING:
        return take_greeting(c, entry, result);
    default:
        PQclear(result);
        return true;
    }
}

bool pipeline_drain(Connection *c) {
    int nulls = 0;
    while (!ring_empty(c) && !c->paused && !PQisBusy(c->pg)) {
        PGresult *result = PQgetResult(c->pg);
        if (result) {
            nulls = 0;
            if (!take_result(c, result))
                return false;
            if (c->held && ring_empty(c) && !send_held(c)) {
                connection_lost(c, NULL);
                return false;
            }
        } else if (++nulls > 2) {
            bool broken = PQstatus(c->pg) == CONNECTION_BAD;
            connection_lost(c, broken ? NULL : "libpq and we do not agree on what is in flight");
            return false;
        }
    }
    return true;
}

void pipeline_abandon(Connection *c) {
    /* Their entries are gone before the first is settled: its owner may queue the next batch from in there. */
    Batch *first = NULL;
    Batch *last = NULL;
    const Batch *committing = !ring_empty(c) && ring_head(c)->kind == ENTRY_SYNC ? ring_head(c)->batch : NULL;
    for (; !ring_empty(c); ring_pop(c)) {
        Batch *batch = ring_head(c)->batch;
        if (!batch || batch == last)
            continue;
        batch->next = NULL;
        *(last ? &last->next : &first) = batch;
        last = batch;
    }
    c->in_flight = 0;
    c->gathers = 0;
    c->group_size = 0;
    c->held = NULL;
    bool fatal = c->fatal;
    for (Batch *batch = first, *next; batch; batch = next) {
        next = batch->next;
        batch->connection = NULL;
        /* After PostgreSQL's own last word nothing that it had not begun will be run. */
        bool run = batch->write && batch->sent && (!fatal || batch == committing);
        Settlement sent = batch->outcome == BATCH_FAILED ? SETTLED_FAILED : SETTLED_SENT;
        pool_settle(c->home->pool, batch, run ? sent : SETTLED_NOT_RUN);
    }
}
