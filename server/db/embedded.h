/* embedded.h: the private PostgreSQL cluster that `serve` runs when no database is named.
 *
 * Data in `<data_dir>/postgres`, a socket in a short folder of mode 0700 and no TCP. As root the child becomes
 * `postgres`. Fork from the main thread: the child's death signal follows the thread that made it. */
#ifndef ONRECORD_DB_EMBEDDED_H
#define ONRECORD_DB_EMBEDDED_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct Embedded Embedded;

/* Makes the cluster if there is none, starts it and waits until it answers: 60 s at most without a sign of life; crash
 * recovery is waited out, and so is the end of an earlier one (20 s). `data_dir` exists, and is this process's alone
 * (see folder_lock). On failure NULL, with a sentence for the operator in `fault`. */
Embedded *embedded_start(const char *data_dir, char *fault, size_t fault_size);

/* How to reach it; belongs to `embedded`. */
const char *embedded_conninfo(const Embedded *embedded);

/* How to reach the cluster that another process runs on this data folder; false when none answers there. For the
 * command line beside a running server. */
bool embedded_running(const char *data_dir, char *conninfo, size_t size);

pid_t embedded_pid(const Embedded *embedded);

/* Call when `pid` (from waitpid) has ended: true when it was the cluster's postmaster, which is then started anew
 * without waiting for its answer. */
bool embedded_child_ended(Embedded *embedded, pid_t pid);

/* Call about every 200 ms: tries again a start that failed. */
void embedded_tick(Embedded *embedded);

/* Fast shutdown; waits for its end (30 s, then immediate shutdown) and frees. */
void embedded_stop(Embedded *embedded);

#endif
