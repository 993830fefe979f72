/* connection.h: one pipelined connection: connect, reconnect with backoff, and the queue of what is in flight.
 *
 * A connection belongs to its pool and is served on the worker's epoll. It decides nothing about a batch but what
 * became of it here: the pool hears that through pool_settle and goes on from there. connection.c keeps the connection
 * itself, pipeline.c what goes through it. */
#ifndef ONRECORD_DB_CONNECTION_H
#define ONRECORD_DB_CONNECTION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "db/pool.h"
#include "db/statements.h"

/* At most this many batches share one Sync. */
enum { GROUP_MAX = 16 };

typedef enum ConnectionState {
    CONNECTION_DORMANT,    /* a spare one that nobody has needed yet, or any more */
    CONNECTION_DOWN,       /* waits for retry_us */
    CONNECTION_CONNECTING, /* libpq shakes hands */
    CONNECTION_GREETING,   /* the session's settings are on their way */
    CONNECTION_READY
} ConnectionState;

typedef enum EntryKind { ENTRY_PREPARE, ENTRY_EXECUTE, ENTRY_SYNC, ENTRY_OPTIONAL, ENTRY_GREETING } EntryKind;

/* What the next result from PostgreSQL will be about. */
typedef struct Entry {
    EntryKind kind;  /* ENTRY_OPTIONAL: whether it works or not */
    int index;       /* the statement in its batch, or the greeting's step */
    int slot;        /* the prepared statement; -1: none */
    unsigned number; /* its number then */
    Batch *batch;    /* of ENTRY_SYNC: the write whose fate it tells */
} Entry;

/* What became of a batch on a connection. */
typedef enum Settlement {
    SETTLED_DONE,
    SETTLED_FAILED,  /* batch->error tells */
    SETTLED_SKIPPED, /* stood behind another that failed; nothing was run */
    SETTLED_NOT_RUN, /* the connection broke; nothing was changed */
    SETTLED_SENT,    /* the connection broke, and it is a write whose commit was sent */
    SETTLED_UNKNOWN  /* and nobody can tell what became of it */
} Settlement;

/* What the connections of a pool have in common. */
typedef struct ConnectionHome {
    Pool *pool;
    char *conninfo;
    int epoll_fd;
    int timeout_ms[TIMEOUT_COUNT];
    PoolCounters counters;
    uint64_t random;
    bool swollen; /* one of them is */
    bool tells_touched;
    bool owns_processes;
} ConnectionHome;

typedef struct Connection {
    ConnectionHome *home;
    Lane lane;
    bool spare; /* connects when the lane's others do not suffice, and not again by itself when it is lost */
    ConnectionState state;
    PGconn *pg;
    int fd;              /* as registered with epoll; -1: not */
    uint32_t events;     /* what epoll watches */
    int attempts;        /* since it was ready last */
    int64_t retry_us;    /* CONNECTION_DOWN, _DORMANT: when to try again at the earliest */
    int64_t deadline_us; /* CONNECTION_CONNECTING, _GREETING: when to give up */
    int64_t ready_us;    /* since when it is, or was, ready */
    int64_t progress_us; /* something in flight: when PostgreSQL was heard last, or sent to when nothing was */
    int backend_pid;     /* as the session itself says */
    char marker[24];     /* a word that only this session knows */
    bool gives_way;      /* its process has the lane's `nice`, as far as that is to be had */
    bool warm;           /* has done something since it is ready */
    bool fatal;          /* PostgreSQL has said that it ends this session */
    bool paused;         /* whoever takes the rows has enough for now: nothing is read, and epoll does not watch */
    bool goes_on;        /* but in the next flush it will be */
    bool swollen;        /* something large went through it: libpq's buffers have grown, and never shrink */
    Entry *entries;      /* a ring; its size is a power of two */
    unsigned entry_size;
    unsigned entry_first; /* grow without bound; the ring's index is what is left modulo its size */
    unsigned entry_end;
    int in_flight;       /* batches */
    int gathers;         /* of those, the ones that others may wait for: see pool_lane.c */
    int64_t gathered_us; /* when the latest of them was sent */
    unsigned group;      /* the number of the group that is being gathered */
    int group_size;
    Batch *held; /* a write whose commit waits for its results: nothing else can be sent meanwhile */
    Statements statements;
    Statement proof;             /* the last one of each write, behind its own: outcome.h */
    const char *proof_params[1]; /* last_change, where it is to tell what it touched */
    char last_change[24];        /* that this session has logged; "": none yet */
} Connection;

void connection_init(Connection *c, ConnectionHome *home, Lane lane, bool spare);

/* Begins to connect at once. */
void connection_start(Connection *c);

/* Closes; what is in flight is settled. For the end of the pool. */
void connection_close(Connection *c);

/* epoll has something to say. */
void connection_event(Connection *c, uint32_t events);

/* When connection_tick wants to run, INT64_MAX: never. */
int64_t connection_due_us(const Connection *c);
void connection_tick(Connection *c, int64_t now_us);

/* The connection is of no more use: settles what is in flight, and tries again at once or after the backoff. `reason`
 * goes to the log. */
void connection_lost(Connection *c, const char *reason);

/* Begins anew a connection that is swollen and has nothing in flight; false when it is none. */
bool connection_renew(Connection *c);

/* Closes the connection on what is in flight, which nobody wants any more and which is not settled: PostgreSQL notices
 * and stops. */
void connection_leave(Connection *c);

/* Stops reading, so that PostgreSQL stops sending; goes on. */
void connection_pause(Connection *c);
void connection_go_on(Connection *c);

/* How long a statement may take on its lane. */
int connection_timeout_ms(const Connection *c);

/* Whether it is dormant, and may be started. */
bool connection_wakes(const Connection *c, int64_t now_us);

/* How many more batches may be in flight. */
int connection_room(const Connection *c);

/* A spare one that is ready and has done nothing yet: its first batch takes many times as long as those after it, until
 * PostgreSQL's new process has its caches, so nothing is to wait behind that. */
bool connection_warms(const Connection *c);

/* When to send what comes through another connection, unless PostgreSQL is heard on this one before; INT64_MAX: nothing
 * is in flight. */
int64_t connection_stalls_us(const Connection *c);

/* Tells epoll what to watch; the socket may be another than before. */
void connection_watch(Connection *c, uint32_t events);

/* pipeline.c. Each is false when the connection broke, which is then lost already. */
bool pipeline_greet(Connection *c);
bool pipeline_send(Connection *c, Batch *batch);
/* Ends the group that is being gathered, and pushes out what libpq holds. */
bool pipeline_flush(Connection *c);
/* Takes the results that have come. */
bool pipeline_drain(Connection *c);
/* Settles all that is in flight on a connection that is gone, and empties the ring. */
void pipeline_abandon(Connection *c);

/* pool.c: what a connection tells its pool. */
void pool_settle(Pool *pool, Batch *batch, Settlement settlement);
void pool_connection_ready(Pool *pool, Connection *c);
void pool_connection_fault(Pool *pool, Connection *c, bool was_ready, const char *reason);
void pool_connection_renewed(Pool *pool, Connection *c);
/* True when another live connection of the pool has the same server process. */
bool pool_has_twin(const Pool *pool, const Connection *c);
/* Sessions are shared or changed by a pooler between: all connections are lost, and tried again in some seconds. */
void pool_session_shared(Pool *pool);

#endif
