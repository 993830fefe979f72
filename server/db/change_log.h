/* change_log.h: one thread beside the workers that gives changes their positions and tells workers of new ones.
 *
 * Of all servers on a database one numbers: whose session holds an advisory lock. The others take over when that
 * session ends. Numbering begins as soon as a worker of this process has written (change_log_written), or another
 * server's (NOTIFY onrecord_written); what others commit is found within 50 ms. NOTIFY onrecord_changes, one for all
 * that was numbered together, wakes those who read.
 *
 * The log is read only while somebody listens, once for all workers of the process. The thread's connection blocks. */
#ifndef ONRECORD_DB_CHANGE_LOG_H
#define ONRECORD_DB_CHANGE_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "db/change.h"

typedef struct ChangeLog ChangeLog;

/* What the log holds behind `from` up to `to`, in order. News that do not go on from where the former ended begin
 * anew: without changes, where the log ends. Shared: give
 * it back with change_news_release. */
typedef struct ChangeNews {
    Arena *arena;
    atomic_int references;
    LogMark to;
    int64_t from;
    int count;
    Change *changes;
} ChangeNews;

void change_news_release(ChangeNews *news);

typedef struct ChangeLogState {
    bool numbers;     /* this process is the one that does */
    int64_t lag_us;   /* how old the oldest change was that the last look has numbered */
    int64_t numbered; /* changes, since the start */
} ChangeLogState;

/* Starts the thread; NULL when it cannot be started. `conninfo` is copied. */
ChangeLog *change_log_start(const char *conninfo);
void change_log_stop(ChangeLog *log);

/* From now on `news` is called, on the thread, with what is new while anybody listens; it takes over a reference. */
void change_log_subscribe(ChangeLog *log, void (*news)(void *owner, ChangeNews *news), void *owner);

/* What a look for changes has found: which records were changed since the look before ("quotes 12,articles 3", perhaps
 * some that were told of already; NULL: any). Changes that were visible when it began, `began_us` (monotonic), are told
 * of now, whether or not they are numbered. */
typedef void ChangesTouched(void *owner, int64_t began_us, const char *touched);

/* From now on `touched` is called, on the thread, some twenty times a second while `wanted_us`, when somebody has last
 * asked for it (monotonic), is less than a few seconds ago. Once, before the workers run. */
void change_log_follow(ChangeLog *log, ChangesTouched *touched, void *owner, const _Atomic int64_t *wanted_us);

/* How many listeners there are changes by so much. From any thread. */
void change_log_listeners(ChangeLog *log, int difference);

/* A write was committed. From any thread; cheap. */
void change_log_written(ChangeLog *log);

void change_log_state(ChangeLog *log, ChangeLogState *state);

#endif
