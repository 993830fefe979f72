/* watch.h: one thread beside the workers that looks at the database four times a second: API keys, migrations, the
 * instance's identity, partitions of the months to come, and of those that are no longer kept. What it saw last is read
 * without waiting.
 *
 * Its connection blocks, which is why it has a thread of its own. */
#ifndef ONRECORD_DB_WATCH_H
#define ONRECORD_DB_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "db/change.h"
#include "db/keys.h"

typedef struct Watch Watch;

/* How many days history is kept at the least; 0: for ever. */
typedef struct Retention {
    int changes_days;
    int revisions_days;
} Retention;

typedef struct WatchState {
    bool reachable;         /* the last look succeeded */
    int64_t seen_us;        /* monotonic; when it did */
    bool migrated;          /* the schema is one that this server may serve */
    char pending[256];      /* names of pending migrations, "" if none */
    uint8_t cursor_key[32]; /* onrecord.instance.cursor_key: signs cursors, the same on every instance */
    bool has_cursor_key;
    LogMark log; /* there since the cursor key is */
} WatchState;

/* Starts the thread; NULL when it cannot be started. `conninfo` is copied. */
Watch *watch_start(const char *conninfo, Retention retention);
/* Waits up to `wait_ms` for the first look, successful or not. */
void watch_await(Watch *watch, int wait_ms);
void watch_stop(Watch *watch);

/* A copy of what was seen last. */
void watch_state(Watch *watch, WatchState *state);

/* The keys as seen last (never NULL); give back with keyring_release. Cheap: a mutex held for a few instructions. */
Keyring *watch_keyring(Watch *watch);
void keyring_release(Keyring *keyring);

/* Notes that a key was used; written to api_keys.last_used_at within some seconds, at most once a minute a key. */
void watch_key_used(Watch *watch, int64_t key_id);

#endif
