#include "db/watch.h"

#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/moment.h"
#include "db/migrations.h"
#include "db/session.h"
#include "sql.h"

enum {
    LOOK_MS = 250,
    RETRY_MS = 100,
    ANSWER_MS = 3000, /* a database that takes longer counts as gone */
    USED_MAX = 1024,  /* a power of two */
    USED_US = 60000000,
    USED_FLUSH_US = 5000000
};
#define EXPIRE_US INT64_C(60000000)
#define DAY_US INT64_C(86400000000)
#define HOUR_US INT64_C(3600000000)

/* A key that was used: a table with open addressing, by id. */
typedef struct UsedKey {
    int64_t id; /* 0: free */
    int64_t written_us;
    bool pending; /* is to be written */
} UsedKey;

struct Watch {
    char *conninfo;
    Retention retention;
    pthread_t thread;
    int stop; /* an eventfd, readable when the thread is to end */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t looked;
    bool has_looked;
    WatchState state;
    Keyring *keyring;
    UsedKey used[USED_MAX];
    int used_count;

    /* the thread's own */
    PGconn *pg;
    bool serving;  /* it says that this database is served */
    Arena *arena;  /* of one look */
    char mark[64]; /* of the migrations whose state is known; "": not known */
    char *keys;    /* the text that the keyring was made of */
    bool down;     /* was logged */
    int64_t partitions_us;
    int64_t expire_us;
    int64_t retention_us;
    int64_t flush_us;
};

/* ---- what others read ---- */

void watch_state(Watch *watch, WatchState *state) {
    pthread_mutex_lock(&watch->mutex);
    *state = watch->state;
    pthread_mutex_unlock(&watch->mutex);
}

Keyring *watch_keyring(Watch *watch) {
    pthread_mutex_lock(&watch->mutex);
    Keyring *keyring = watch->keyring;
    __atomic_add_fetch(&keyring->references, 1, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&watch->mutex);
    return keyring;
}

void keyring_release(Keyring *keyring) {
    if (keyring && __atomic_sub_fetch(&keyring->references, 1, __ATOMIC_ACQ_REL) == 0) {
        free(keyring->keys);
        free(keyring);
    }
}

static UsedKey *used_find(Watch *watch, int64_t id) {
    uint64_t at = (uint64_t)id * UINT64_C(0x9e3779b97f4a7c15) >> 54; /* 10 bits: USED_MAX */
    while (watch->used[at].id != 0 && watch->used[at].id != id)
        at = (at + 1) & (USED_MAX - 1);
    return &watch->used[at];
}

void watch_key_used(Watch *watch, int64_t key_id) {
    pthread_mutex_lock(&watch->mutex);
    UsedKey *used = used_find(watch, key_id);
    if (used->id == 0) {
        if (watch->used_count >= USED_MAX / 2) { /* forget all: some may be written once more than needed */
            memset(watch->used, 0, sizeof watch->used);
            watch->used_count = 0;
            used = used_find(watch, key_id);
        }
        watch->used_count++;
        *used = (UsedKey){.id = key_id, .pending = true};
    } else if (watch->state.seen_us - used->written_us >= USED_US) {
        used->pending = true;
    }
    pthread_mutex_unlock(&watch->mutex);
}

/* ---- the thread's own connection ---- */

static void disconnect(Watch *watch) {
    PQfinish(watch->pg);
    watch->pg = NULL;
    watch->serving = false;
    watch->mark[0] = '\0';
}

/* Runs a statement, but waits no longer than ANSWER_MS. NULL when there is no answer; the connection is closed then. */
static PGresult *ask(Watch *watch, const char *sql, int count, const char *const *params) {
    PGresult *result = session_ask(watch->pg, watch->stop, ANSWER_MS, false, sql, count, params);
    if (!result)
        disconnect(watch);
    return result;
}

static void lost(Watch *watch, const char *reason) {
    pthread_mutex_lock(&watch->mutex);
    watch->state.reachable = false;
    pthread_mutex_unlock(&watch->mutex);
    if (!watch->down)
        log_event(LOG_WARNING, "the database does not answer", "reason", reason, NULL);
    watch->down = true;
}

/* ---- a look ---- */

/* One line: id, scope, expiry, hash. Cuts it into words. */
static bool key_parse(char *line, ApiKey *key) {
    char *rest = NULL;
    const char *id = strtok_r(line, " ", &rest);
    const char *scope = strtok_r(NULL, " ", &rest);
    const char *expires = strtok_r(NULL, " ", &rest);
    const char *hash = strtok_r(NULL, " ", &rest);
    if (!hash || !scope_parse(scope, &key->scope) || !hex_decode(hash, key->hash, SHA256_SIZE))
        return false;
    key->id = strtoll(id, NULL, 10);
    key->expires_us = strtoll(expires, NULL, 10);
    return true;
}

static Keyring *keyring_parse(const char *text) {
    Keyring *keyring = memory_zeroed(1, sizeof *keyring);
    char *lines = memory_text(text);
    size_t count = 1;
    for (const char *at = text; *at; at++)
        count += *at == '\n';
    keyring->keys = memory_zeroed(count, sizeof *keyring->keys);
    keyring->references = 1;
    char *rest = NULL;
    for (char *line = strtok_r(lines, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
        if (key_parse(line, &keyring->keys[keyring->count]))
            keyring->count++;
    free(lines);
    return keyring;
}

static void take_keys(Watch *watch, const char *text) {
    if (watch->keys && strcmp(watch->keys, text) == 0)
        return;
    free(watch->keys);
    watch->keys = memory_text(text);
    Keyring *keyring = keyring_parse(text);
    pthread_mutex_lock(&watch->mutex);
    Keyring *old = watch->keyring;
    watch->keyring = keyring;
    pthread_mutex_unlock(&watch->mutex);
    keyring_release(old);
}

/* Compares the migrations; only when something has changed there. */
static bool take_migrations(Watch *watch, const char *mark) {
    if (watch->mark[0] && strcmp(watch->mark, mark) == 0)
        return true;
    Migrations migrations = migrations_load(watch->arena);
    MigrationReport report = migrations_state(watch->arena, watch->pg, &migrations);
    if (report.state == MIGRATION_UNREACHABLE)
        return false;
    bool fits = report.state == MIGRATION_CURRENT || report.state == MIGRATION_NEWER;
    pthread_mutex_lock(&watch->mutex);
    bool changed = watch->state.migrated != fits ||
                   strncmp(watch->state.pending, report.pending, sizeof watch->state.pending - 1) != 0;
    watch->state.migrated = fits;
    snprintf(watch->state.pending, sizeof watch->state.pending, "%s", report.pending);
    pthread_mutex_unlock(&watch->mutex);
    if (changed && !fits)
        log_event(LOG_WARNING, "the schema is not one that this server may serve", "detail", report.message, NULL);
    snprintf(watch->mark, sizeof watch->mark, "%s", fits ? mark : "");
    return true;
}

static void take_cursor_key(Watch *watch, const char *hex) {
    uint8_t key[sizeof watch->state.cursor_key];
    if (!hex_decode(hex, key, sizeof key))
        return;
    pthread_mutex_lock(&watch->mutex);
    memcpy(watch->state.cursor_key, key, sizeof key);
    watch->state.has_cursor_key = true;
    pthread_mutex_unlock(&watch->mutex);
}

static void take_log(Watch *watch, const char *epoch, const char *last) {
    LogMark mark = {.pos = strtoll(last, NULL, 10)};
    if (!hex_decode(epoch, mark.epoch, sizeof mark.epoch))
        return;
    pthread_mutex_lock(&watch->mutex);
    watch->state.log = mark;
    pthread_mutex_unlock(&watch->mutex);
}

static void seen(Watch *watch) {
    pthread_mutex_lock(&watch->mutex);
    watch->state.reachable = true;
    watch->state.seen_us = clock_monotonic_us();
    pthread_mutex_unlock(&watch->mutex);
    if (watch->down)
        log_event(LOG_INFO, "the database answers", NULL);
    watch->down = false;
}

/* False when the connection broke. */
static bool look(Watch *watch) {
    PGresult *result = ask(watch, SQL_WATCH_LOOK, 0, NULL);
    if (!result)
        return false;
    bool alive;
    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        take_keys(watch, PQgetvalue(result, 0, 2));
        take_log(watch, PQgetvalue(result, 0, 3), PQgetvalue(result, 0, 4));
        take_cursor_key(watch, PQgetvalue(result, 0, 1));
        alive = take_migrations(watch, PQgetvalue(result, 0, 0));
    } else { /* the tables are not all there, or not for us to read */
        watch->mark[0] = '\0';
        alive = take_migrations(watch, "");
    }
    PQclear(result);
    if (alive)
        seen(watch);
    return alive;
}

/* ---- what it writes ---- */

static bool ensure_partitions(Watch *watch, int64_t now) {
    if (!watch->mark[0] || now < watch->partitions_us)
        return true;
    PGresult *result = ask(watch, SQL_WATCH_PARTITIONS, 0, NULL);
    if (!result)
        return false;
    bool done = PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!done) /* no harm: rows go to the default partition */
        log_event(LOG_WARNING, "partitions of the months to come cannot be made", "reason",
                  PQresultErrorMessage(result), NULL);
    PQclear(result);
    watch->partitions_us = now + (done ? DAY_US : HOUR_US);
    return true;
}

/* After the partitions were made: those that are too old go. */
static bool drop_history(Watch *watch, int64_t now) {
    char days[2][16];
    const Retention *keep = &watch->retention;
    if (!watch->mark[0] || now < watch->retention_us || (keep->changes_days == 0 && keep->revisions_days == 0))
        return true;
    snprintf(days[0], sizeof days[0], "%d", keep->changes_days);
    snprintf(days[1], sizeof days[1], "%d", keep->revisions_days);
    const char *params[] = {days[0], days[1]};
    PGresult *result = ask(watch, SQL_WATCH_RETENTION, 2, params);
    if (!result)
        return false;
    bool done = PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!done)
        log_event(LOG_WARNING, "old history cannot be dropped", "reason", PQresultErrorMessage(result), NULL);
    else if (strcmp(PQgetvalue(result, 0, 0), "0") != 0)
        log_event(LOG_INFO, "old history was dropped", "months", PQgetvalue(result, 0, 0), NULL);
    PQclear(result);
    watch->retention_us = now + (done ? DAY_US : HOUR_US);
    return true;
}

/* Answers to repeated requests whose time is over: as long as there are some, with each look. */
static bool expire_answers(Watch *watch, int64_t now) {
    if (!watch->mark[0] || now < watch->expire_us)
        return true;
    PGresult *result = ask(watch, SQL_ANSWER_EXPIRE, 0, NULL);
    if (!result)
        return false;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        log_event(LOG_WARNING, "answers that expired cannot be deleted", "reason", PQresultErrorMessage(result), NULL);
    if (strtol(PQcmdTuples(result), NULL, 10) == 0)
        watch->expire_us = now + EXPIRE_US;
    PQclear(result);
    return true;
}

static bool write_used(Watch *watch, int64_t now) {
    if (!watch->mark[0] || now < watch->flush_us)
        return true;
    watch->flush_us = now + USED_FLUSH_US;
    Buffer ids = buffer_new(watch->arena, 0);
    pthread_mutex_lock(&watch->mutex);
    for (int i = 0; i < USED_MAX; i++) {
        UsedKey *used = &watch->used[i];
        if (!used->pending)
            continue;
        buffer_printf(&ids, "%c%lld", ids.length > 0 ? ',' : '{', (long long)used->id);
        used->pending = false;
        used->written_us = now;
    }
    pthread_mutex_unlock(&watch->mutex);
    if (ids.length == 0)
        return true;
    buffer_add_char(&ids, '}');
    const char *params[] = {ids.data};
    PGresult *result = ask(watch, SQL_WATCH_KEYS_USED, 1, params);
    if (!result)
        return false;
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        log_event(LOG_DEBUG, "the use of keys cannot be noted", "reason", PQresultErrorMessage(result), NULL);
    PQclear(result);
    return true;
}

/* ---- the thread ---- */

/* Sleeps; wakes at once when the connection breaks. False when the thread is to end. */
static bool rest(Watch *watch, int ms) {
    struct pollfd polled[] = {{.fd = watch->stop, .events = POLLIN},
                              {.fd = watch->pg ? PQsocket(watch->pg) : -1, .events = POLLIN}};
    (void)poll(polled, 2, ms);
    if (polled[1].revents && PQconsumeInput(watch->pg) != 1) {
        disconnect(watch);
        lost(watch, "the connection broke");
    }
    return !(polled[0].revents & POLLIN);
}

/* Says that this database is served, as long as the connection lasts. False while a backup is being restored. */
static bool take_serving(Watch *watch) {
    PGresult *result = ask(watch, SQL_SERVING_LOCK, 0, NULL);
    watch->serving = result && PQresultStatus(result) == PGRES_TUPLES_OK && *PQgetvalue(result, 0, 0) == 't';
    PQclear(result);
    return watch->serving;
}

static bool turn(Watch *watch) {
    char fault[512];
    if (!watch->pg)
        watch->pg = session_open(watch->conninfo, ANSWER_MS - 500, fault, sizeof fault);
    if (!watch->pg) {
        lost(watch, fault);
        return false;
    }
    if (!watch->serving && !take_serving(watch)) {
        if (watch->pg)
            disconnect(watch);
        lost(watch, "a backup is being restored");
        return false;
    }
    int64_t now = clock_monotonic_us();
    if (look(watch) && ensure_partitions(watch, now) && drop_history(watch, now) && expire_answers(watch, now) &&
        write_used(watch, now))
        return true;
    if (watch->pg)
        disconnect(watch);
    lost(watch, "the connection broke");
    return false;
}

static void *watch_main(void *argument) {
    Watch *watch = argument;
    bool alive;
    do {
        alive = turn(watch);
        arena_reset(watch->arena);
        pthread_mutex_lock(&watch->mutex);
        watch->has_looked = true;
        pthread_cond_broadcast(&watch->looked);
        pthread_mutex_unlock(&watch->mutex);
    } while (rest(watch, alive ? LOOK_MS : RETRY_MS));
    uint64_t stopped;
    if (watch->pg && read(watch->stop, &stopped, sizeof stopped) == sizeof stopped) {
        watch->flush_us = 0;
        write_used(watch, clock_monotonic_us());
    }
    return NULL;
}

Watch *watch_start(const char *conninfo, Retention retention) {
    Watch *watch = memory_zeroed(1, sizeof *watch);
    watch->conninfo = memory_text(conninfo);
    watch->retention = retention;
    watch->stop = eventfd(0, EFD_CLOEXEC);
    watch->arena = arena_new();
    watch->keyring = keyring_parse("");
    pthread_mutex_init(&watch->mutex, NULL);
    pthread_cond_init(&watch->looked, NULL);
    if (watch->stop < 0 || pthread_create(&watch->thread, NULL, watch_main, watch) != 0) {
        watch->thread = 0;
        watch_stop(watch);
        return NULL;
    }
    return watch;
}

void watch_await(Watch *watch, int wait_ms) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&watch->mutex);
    while (!watch->has_looked && pthread_cond_timedwait(&watch->looked, &watch->mutex, &until) == 0)
        continue;
    pthread_mutex_unlock(&watch->mutex);
}

void watch_stop(Watch *watch) {
    if (watch->thread) {
        uint64_t one = 1;
        if (write(watch->stop, &one, sizeof one) == sizeof one)
            pthread_join(watch->thread, NULL);
    }
    if (watch->pg)
        PQfinish(watch->pg);
    if (watch->stop >= 0)
        close(watch->stop);
    keyring_release(watch->keyring);
    arena_free(watch->arena);
    pthread_cond_destroy(&watch->looked);
    pthread_mutex_destroy(&watch->mutex);
    free(watch->keys);
    free(watch->conninfo);
    free(watch);
}
