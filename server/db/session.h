/* session.h: what every connection to PostgreSQL has in common, pipelined or blocking: how it is asked for, which
 * servers will do, and why it failed, said without a word of the connection string (it may hold a password). */
#ifndef ONRECORD_DB_SESSION_H
#define ONRECORD_DB_SESSION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

/* Begins to connect; go on with PQconnectPoll. NULL: out of memory. */
PGconn *session_start(const char *conninfo);

/* Connects (blocking; a host that does not answer is given up after 5 s) and sets the session up. `timeout_ms` bounds
 * each statement and each wait for a lock; 0: no bound. NULL with a sentence in `fault`. The caller's: PQfinish. */
PGconn *session_open(const char *conninfo, int timeout_ms, char *fault, size_t fault_size);

/* Runs a statement on a connection of session_open's and waits for its answer, `wait_ms` at the most; `stop` is a
 * descriptor that ends the waiting when it is readable (-1: none). `prepared`: `sql` is the name of a prepared one.
 * NULL when there is no answer: the connection is of no use any more. The result is the caller's: PQclear. */
PGresult *session_ask(PGconn *pg, int stop, int wait_ms, bool prepared, const char *sql, int count,
                      const char *const *params);

/* Why a server that answered is none that we can work with; NULL: it is. */
const char *session_server_fault(const PGconn *pg);

/* False when the connection string was so malformed that host, database and role are not what they seem. */
bool session_understood(const PGconn *pg);

/* Why `pg` (NULL: out of memory) has failed: one line for the log, of libpq's own or a constant. */
void session_reason(const PGconn *pg, char *reason, size_t reason_size);

#endif
