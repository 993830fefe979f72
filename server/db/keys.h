/* keys.h: API keys. Only a SHA-256 of a key is stored; its text is shown once, when it is made.
 *
 * A key's text is `onr_` and 43 characters of base64url (32 random bytes). The functions that take a conninfo block:
 * they are for the command line and for the watch's own thread. */
#ifndef ONRECORD_DB_KEYS_H
#define ONRECORD_DB_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/hash.h"

typedef enum Scope { SCOPE_OPEN, SCOPE_READ, SCOPE_WRITE, SCOPE_ADMIN } Scope; /* each includes those before it */

typedef struct ApiKey {
    int64_t id;
    Scope scope;
    int64_t expires_us; /* wall clock; INT64_MAX: never */
    uint8_t hash[SHA256_SIZE];
} ApiKey;

/* A snapshot of all keys that are not revoked. Reference-counted: keyring_current takes one, keyring_release gives it
 * back. */
typedef struct Keyring {
    int count;
    ApiKey *keys;
    int references;
} Keyring;

enum { KEY_TEXT = 48 /* room for a key's text, NUL included */ };

/* Each answers true, or false with a sentence in `fault` (in the arena). */
bool key_create(Arena *arena, const char *conninfo, const char *name, Scope scope, int64_t expires_us,
                char text[KEY_TEXT], const char **fault);
/* Stores a key whose text is given (a container's secret). Does nothing when it is there already, revoked or not; else
 * it takes the place of a key of that name. */
bool key_ensure(Arena *arena, const char *conninfo, const char *name, Scope scope, const char *text,
                const char **fault);
bool key_revoke(Arena *arena, const char *conninfo, const char *name, const char **fault);
/* A new text for the same name, scope and length of life; the old one goes on working for `grace_s` seconds. */
bool key_rotate(Arena *arena, const char *conninfo, const char *name, int64_t grace_s, char text[KEY_TEXT],
                const char **fault);
/* Prints a table (or, with `json`, an array) of all keys to standard output. */
bool key_list(Arena *arena, const char *conninfo, bool json, const char **fault);

/* "read", "write", "admin"; false for another word. */
bool scope_parse(const char *text, Scope *scope);
const char *scope_name(Scope scope);

#endif
