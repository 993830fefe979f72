/* auth.h: who asks, and whether they may. Pure functions on a snapshot of the keys. */
#ifndef ONRECORD_HTTP_AUTH_H
#define ONRECORD_HTTP_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "db/keys.h"

typedef enum AuthResult {
    AUTH_OK,
    AUTH_MISSING,   /* 401: a key is needed, and none was given */
    AUTH_MALFORMED, /* 401: not `Bearer <key>` */
    AUTH_INVALID,   /* 401: not a key of ours, revoked or expired */
    AUTH_LESSER     /* 403: the key's scope does not reach */
} AuthResult;

/* Judges an Authorization header (NULL: none) for an endpoint of `scope`. A key that is given must be good even where
 * none is needed (but for SCOPE_OPEN, where it is not looked at). `*key_id` is 0 without a key. */
AuthResult auth_check(const Keyring *keyring, const char *authorization, Scope scope, bool reads_open,
                      int64_t now_wall_us, int64_t *key_id);

/* True while the key with that id works. */
bool auth_key_works(const Keyring *keyring, int64_t key_id, int64_t now_wall_us);

/* The value of WWW-Authenticate for a refusal. */
const char *auth_challenge(AuthResult result);

/* A sentence for the client. */
const char *auth_detail(AuthResult result);

#endif
