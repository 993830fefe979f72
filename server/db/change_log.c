#include "db/change_log.h"

#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/moment.h"
#include "db/rows.h"
#include "db/session.h"
#include "sql.h"

enum {
    LOOK_US = 50 * 1000,         /* who numbers looks so often for what nobody has told of */
    IDLE_US = 250 * 1000,        /* the others: whether they may, and for news whose NOTIFY was lost */
    PAUSE_MS = 3,                /* between two looks: what is written meanwhile is numbered together */
    FULL_US = 60 * 1000 * 1000,  /* so often nothing is skipped */
    RETRY_MS = 200,              /* to connect, or when the schema is not there */
    ANSWER_MS = 3000,            /* a database that takes longer counts as gone */
    FOLLOW_US = 50 * 1000,       /* between two looks at what was touched */
    WANTED_US = 3 * 1000 * 1000, /* nobody has asked for that long: no more of them */
    NUMBERED_MAX = 10000,        /* in one transaction */
    NEWS_MAX = 1000,             /* changes told of at once */
    SUBSCRIBERS_MAX = 64
};
static const char page_name[] = "changes_page";
static const char touched_name[] = "changes_touched";
enum { TOUCHED_PARAMS = 3 };

typedef struct Subscriber {
    void (*news)(void *owner, ChangeNews *news);
    void *owner;
} Subscriber;

/* What the next look at unnumbered changes may skip: see number_changes. */
typedef struct Skip {
    int64_t above;
    int64_t seen, newest; /* of an earlier look, 0: none; once all transactions up to `newest` have ended, `above` is
                             `seen` */
    int64_t full_us;      /* when nothing is skipped again */
} Skip;

/* Who wants to hear which records are touched, and how far he has: changes_touched (server/sql/changes.sql). */
typedef struct Follower {
    ChangesTouched *touched;
    void *owner;
    const _Atomic int64_t *wanted_us;
    int64_t look_us;                /* monotonic: when to look next */
    char epoch[2 * EPOCH_SIZE + 1]; /* "": nothing was seen yet */
    int64_t pos;
    Skip skip;
    int64_t seen; /* by the last look */
} Follower;

struct ChangeLog {
    char *conninfo;
    pthread_t thread;
    int stop; /* an eventfd, readable when the thread is to end */
    int wake; /* another: something was written, or somebody listens */
    atomic_int listeners;
    atomic_bool written;
    atomic_bool followed;
    atomic_bool numbers;
    _Atomic int64_t lag_us;
    _Atomic int64_t numbered;
    pthread_mutex_t mutex; /* guards the subscribers */
    Subscriber subscribers[SUBSCRIBERS_MAX];
    int subscriber_count;

    /* the thread's own */
    PGconn *pg;
    Skip skip;
    int64_t look_us; /* monotonic: when to look next, whatever comes */
    bool telling;    /* somebody listens, and has been told where the news begin */
    LogMark told;    /* up to there */
    bool news_due;
    Follower follower; /* from `followed` on */
};

void change_news_release(ChangeNews *news) {
    if (atomic_fetch_sub(&news->references, 1) == 1)
        arena_free(news->arena);
}

/* ---- what others call ---- */

void change_log_subscribe(ChangeLog *log, void (*news)(void *owner, ChangeNews *news), void *owner) {
    pthread_mutex_lock(&log->mutex);
    if (log->subscriber_count < SUBSCRIBERS_MAX)
        log->subscribers[log->subscriber_count++] = (Subscriber){news, owner};
    pthread_mutex_unlock(&log->mutex);
}

void change_log_follow(ChangeLog *log, ChangesTouched *touched, void *owner, const _Atomic int64_t *wanted_us) {
    log->follower = (Follower){.touched = touched, .owner = owner, .wanted_us = wanted_us};
    atomic_store(&log->followed, true);
}

void change_log_listeners(ChangeLog *log, int difference) {
    if (atomic_fetch_add(&log->listeners, difference) == 0)
        (void)!eventfd_write(log->wake, 1);
}

void change_log_written(ChangeLog *log) {
    if (!atomic_exchange(&log->written, true))
        (void)!eventfd_write(log->wake, 1);
}

void change_log_state(ChangeLog *log, ChangeLogState *state) {
    state->numbers = atomic_load(&log->numbers);
    state->lag_us = atomic_load(&log->lag_us);
    state->numbered = atomic_load(&log->numbered);
}

/* ---- the connection ---- */

static void disconnect(ChangeLog *log) {
    PQfinish(log->pg);
    log->pg = NULL;
    log->skip = log->follower.skip = (Skip){0};
    log->follower.epoch[0] = '\0';
    log->follower.seen = 0;
    atomic_store(&log->numbers, false);
}

/* Runs a statement. NULL when there is no answer, or a refusal: the connection is closed then, and with it goes the
 * right to number. */
static PGresult *ask(ChangeLog *log, bool prepared, const char *sql, int count, const char *const *params) {
    PGresult *result = session_ask(log->pg, log->stop, ANSWER_MS, prepared, sql, count, params);
    ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return result;
    if (result)
        log_event(LOG_DEBUG, "changes cannot be numbered or read", "reason", PQresultErrorMessage(result), NULL);
    PQclear(result);
    disconnect(log);
    return NULL;
}

static bool command(ChangeLog *log, const char *sql) {
    PGresult *result = ask(log, false, sql, 0, NULL);
    PQclear(result);
    return result != NULL;
}

static bool prepare(ChangeLog *log, const char *name, const char *sql, int params) {
    PGresult *prepared = PQprepare(log->pg, name, sql, params, NULL);
    bool done = PQresultStatus(prepared) == PGRES_COMMAND_OK;
    PQclear(prepared);
    if (!done)
        disconnect(log);
    return done;
}

static bool connect_log(ChangeLog *log) {
    char fault[512];
    log->pg = session_open(log->conninfo, ANSWER_MS - 500, fault, sizeof fault);
    if (!log->pg)
        return false;
    if (!command(log, SQL_CHANGES_LISTEN) || !command(log, SQL_CHANGES_LISTEN_WRITTEN))
        return false;
    bool done = prepare(log, page_name, SQL_CHANGES_PAGE, PAGE_PARAMS) &&
                prepare(log, touched_name, SQL_CHANGES_TOUCHED, TOUCHED_PARAMS);
    log->news_due = true;
    return done;
}

/* ---- numbering ---- */

/* Whether this session numbers. */
static bool elected(ChangeLog *log) {
    if (atomic_load(&log->numbers))
        return true;
    PGresult *result = ask(log, false, SQL_CHANGES_ELECT, 0, NULL);
    if (!result)
        return false;
    bool won = PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    if (won)
        log_event(LOG_DEBUG, "this server numbers the changes", NULL);
    log->news_due = log->news_due || won;
    atomic_store(&log->numbers, won);
    return won;
}

static int64_t integer_at(const PGresult *result, int column) {
    return strtoll(PQgetvalue(result, 0, column), NULL, 10);
}

/* Takes note of what later looks may skip. */
static void skip_learn(Skip *skip, int64_t seen, int64_t oldest, int64_t newest, int64_t now_us) {
    if (now_us >= skip->full_us)
        skip->full_us = now_us + FULL_US;
    if (skip->newest != 0 && oldest > skip->newest) {
        skip->above = skip->seen;
        skip->newest = 0;
    }
    if (skip->newest == 0) {
        skip->seen = seen;
        skip->newest = newest;
    }
}

static int64_t skip_above(const Skip *skip, int64_t now_us) {
    return now_us >= skip->full_us ? 0 : skip->above;
}

/* Numbers what has become visible. False when the connection broke. */
static bool number(ChangeLog *log) {
    int64_t numbered;
    do {
        char above[24];
        char most[12];
        const char *params[] = {above, most};
        int64_t now_us = clock_monotonic_us();
        snprintf(above, sizeof above, "%lld", (long long)skip_above(&log->skip, now_us));
        snprintf(most, sizeof most, "%d", NUMBERED_MAX);
        PGresult *result = ask(log, false, SQL_CHANGES_NUMBER, 2, params);
        if (!result)
            return false;
        numbered = integer_at(result, 0);
        if (numbered > 0) {
            atomic_store(&log->lag_us, integer_at(result, 1));
            atomic_fetch_add(&log->numbered, numbered);
            log->news_due = true;
        }
        if (numbered < NUMBERED_MAX)
            skip_learn(&log->skip, integer_at(result, 2), integer_at(result, 3), integer_at(result, 4), now_us);
        PQclear(result);
    } while (numbered == NUMBERED_MAX);
    return true;
}

/* ---- telling ---- */

static void tell(ChangeLog *log, ChangeNews *news) {
    pthread_mutex_lock(&log->mutex);
    atomic_init(&news->references, log->subscriber_count + 1);
    for (int i = 0; i < log->subscriber_count; i++)
        log->subscribers[i].news(log->subscribers[i].owner, news);
    pthread_mutex_unlock(&log->mutex);
    change_news_release(news);
}

static ChangeNews *news_new(int64_t from) {
    Arena *arena = arena_new();
    ChangeNews *news = arena_calloc(arena, 1, sizeof *news);
    news->arena = arena;
    news->from = from;
    return news;
}

static void news_fill(ChangeNews *news, const Result *page) {
    Change change;
    news->changes = arena_alloc(news->arena, (size_t)result_rows(page) * sizeof *news->changes);
    for (int row = 0; row < result_rows(page); row++) {
        if (!page_change(page, row, &change))
            continue;
        change.resource = arena_strdup(news->arena, change.resource);
        change.operation = arena_strdup(news->arena, change.operation);
        change.changed_at = arena_strdup(news->arena, change.changed_at);
        news->changes[news->count++] = change;
    }
}

/* Reads one page and tells of it. `*end`: whether more follows. False when the connection broke. */
static bool tell_page(ChangeLog *log, PageEnd *end) {
    char position[24];
    char limit[12];
    const char *params[PAGE_PARAMS] = {[PAGE_POSITION] = position, [PAGE_LIMIT] = limit};
    if (!log->telling)
        log->told = (LogMark){.pos = LOG_NOW};
    snprintf(position, sizeof position, "%lld", (long long)log->told.pos);
    snprintf(limit, sizeof limit, "%d", NEWS_MAX);
    PGresult *result = ask(log, true, page_name, PAGE_PARAMS, params);
    if (!result)
        return false;
    ChangeNews *news = news_new(log->told.pos);
    Result *page = rows_all(news->arena, result);
    *end = page_end(page, NEWS_MAX, &log->told);
    bool begins = !log->telling;
    log->telling = *end != PAGE_LOST; /* of another epoch, or dropped unread: news begin anew */
    news->to = log->told;
    if (begins)
        news->from = log->told.pos;
    else if (log->telling)
        news_fill(news, page);
    rows_release(page);
    if (log->telling && (begins || news->from != news->to.pos))
        tell(log, news);
    else
        arena_free(news->arena);
    return true;
}

/* Tells of all that is new, if anybody listens. */
static bool tell_news(ChangeLog *log) {
    PageEnd end = PAGE_MORE;
    log->news_due = false;
    if (atomic_load(&log->listeners) == 0) {
        log->telling = false;
        return true;
    }
    while (end == PAGE_MORE)
        if (!tell_page(log, &end))
            return false;
    return true;
}

/* ---- who follows ---- */

static bool is_followed(const ChangeLog *log, int64_t now_us) {
    const Follower *follower = &log->follower;
    return atomic_load(&log->followed) && now_us - atomic_load(follower->wanted_us) < WANTED_US;
}

/* What an id up to that of the look before was taken by has begun before this look's snapshot: skip_learn. */
static void follower_take(Follower *follower, const PGresult *result, int64_t began_us) {
    bool goes_on = follower->epoch[0] != '\0';
    snprintf(follower->epoch, sizeof follower->epoch, "%s", PQgetvalue(result, 0, 0));
    follower->pos = integer_at(result, 1);
    if (follower->seen > 0)
        skip_learn(&follower->skip, follower->seen, integer_at(result, 3), integer_at(result, 4), began_us);
    follower->seen = integer_at(result, 2);
    follower->look_us = clock_monotonic_us() + FOLLOW_US;
    follower->touched(follower->owner, began_us,
                      goes_on && !PQgetisnull(result, 0, 5) ? PQgetvalue(result, 0, 5) : NULL);
}

/* Looks which records were touched, where that is due. False when the connection broke. */
static bool follow(ChangeLog *log) {
    Follower *follower = &log->follower;
    int64_t began_us = clock_monotonic_us();
    char pos[24];
    char above[24];
    if (!is_followed(log, began_us) || began_us < follower->look_us)
        return true;
    const char *params[TOUCHED_PARAMS] = {follower->epoch[0] ? follower->epoch : NULL, pos, above};
    snprintf(pos, sizeof pos, "%lld", (long long)follower->pos);
    snprintf(above, sizeof above, "%lld", (long long)skip_above(&follower->skip, began_us));
    PGresult *result = ask(log, true, touched_name, TOUCHED_PARAMS, params);
    if (!result)
        return false;
    follower_take(follower, result, began_us);
    PQclear(result);
    return true;
}

/* ---- the thread ---- */

/* Takes what other sessions have told. */
static void take_notices(ChangeLog *log) {
    PGnotify *notice;
    while ((notice = PQnotifies(log->pg))) {
        if (strcmp(notice->relname, "onrecord_written") == 0)
            log->look_us = 0;
        else if (notice->be_pid != PQbackendPID(log->pg))
            log->news_due = true;
        PQfreemem(notice);
    }
}

/* What is to be done now. False when the connection broke. */
static bool step(ChangeLog *log) {
    int64_t now_us = clock_monotonic_us();
    bool written = atomic_exchange(&log->written, false);
    bool due = now_us >= log->look_us;
    if (due || written) {
        bool numbers = elected(log);
        if (!log->pg || (numbers && !number(log)))
            return false;
        if (!numbers && written && !command(log, SQL_CHANGES_WRITTEN))
            return false;
        log->look_us = clock_monotonic_us() + (numbers ? LOOK_US : IDLE_US);
    }
    bool look = due && !atomic_load(&log->numbers); /* who numbers knows what there is */
    if ((log->news_due || look || !log->telling) && !tell_news(log))
        return false;
    return follow(log);
}

/* Milliseconds until there is something to do, whatever comes. */
static int left_ms(const ChangeLog *log) {
    int64_t now_us = clock_monotonic_us();
    int64_t left_us = log->look_us - now_us;
    if (is_followed(log, now_us) && log->follower.look_us - now_us < left_us)
        left_us = log->follower.look_us - now_us;
    return log->news_due || left_us <= 0 ? 0 : (int)(left_us / 1000) + 1;
}

/* Sleeps until there is something to do. False when the thread is to end. */
static bool rest(ChangeLog *log) {
    struct pollfd polled[] = {{.fd = log->stop, .events = POLLIN},
                              {.fd = log->wake, .events = POLLIN},
                              {.fd = log->pg ? PQsocket(log->pg) : -1, .events = POLLIN}};
    if (poll(polled, 1, log->pg ? PAUSE_MS : RETRY_MS) > 0)
        return false;
    if (!log->pg)
        return true;
    take_notices(log);
    (void)poll(polled, 3, left_ms(log));
    eventfd_t count;
    if (polled[1].revents)
        (void)!eventfd_read(log->wake, &count);
    if (polled[2].revents && PQconsumeInput(log->pg) != 1)
        disconnect(log);
    else
        take_notices(log);
    return !(polled[0].revents & POLLIN);
}

static void *log_main(void *argument) {
    ChangeLog *log = argument;
    do {
        if (log->pg || connect_log(log))
            (void)step(log);
    } while (rest(log));
    return NULL;
}

ChangeLog *change_log_start(const char *conninfo) {
    ChangeLog *log = memory_zeroed(1, sizeof *log);
    log->conninfo = memory_text(conninfo);
    log->stop = eventfd(0, EFD_CLOEXEC);
    log->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&log->mutex, NULL);
    if (log->stop < 0 || log->wake < 0 || pthread_create(&log->thread, NULL, log_main, log) != 0) {
        log->thread = 0;
        change_log_stop(log);
        return NULL;
    }
    return log;
}

void change_log_stop(ChangeLog *log) {
    if (log->thread && eventfd_write(log->stop, 1) == 0)
        pthread_join(log->thread, NULL);
    if (log->pg)
        PQfinish(log->pg);
    if (log->stop >= 0)
        close(log->stop);
    if (log->wake >= 0)
        close(log->wake);
    pthread_mutex_destroy(&log->mutex);
    free(log->conninfo);
    free(log);
}
