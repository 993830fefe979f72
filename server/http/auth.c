#include "http/auth.h"

#include <string.h>
#include <strings.h>

#include "base/hash.h"

/* The text after `Bearer `, or NULL. */
static const char *bearer_token(const char *authorization) {
    static const char scheme[] = "Bearer";
    const size_t length = sizeof(scheme) - 1;
    if (strncasecmp(authorization, scheme, length) != 0 || authorization[length] != ' ')
        return NULL;
    const char *token = authorization + length;
    token += strspn(token, " ");
    return *token && token[strcspn(token, " \t")] == 0 ? token : NULL;
}

/* All keys are looked at, whichever fits: how long it takes tells nothing. */
static const ApiKey *key_find(const Keyring *keyring, const char *token) {
    uint8_t hash[SHA256_SIZE];
    const ApiKey *found = NULL;
    sha256(token, strlen(token), hash);
    for (int i = 0; i < keyring->count; i++)
        if (equal_constant_time(keyring->keys[i].hash, hash, SHA256_SIZE))
            found = &keyring->keys[i];
    return found;
}

AuthResult auth_check(const Keyring *keyring, const char *authorization, Scope scope, bool reads_open,
                      int64_t now_wall_us, int64_t *key_id) {
    *key_id = 0;
    if (scope == SCOPE_OPEN)
        return AUTH_OK;
    if (authorization == NULL)
        return scope == SCOPE_READ && reads_open ? AUTH_OK : AUTH_MISSING;
    const char *token = bearer_token(authorization);
    if (token == NULL)
        return AUTH_MALFORMED;
    const ApiKey *key = key_find(keyring, token);
    if (key == NULL || key->expires_us <= now_wall_us)
        return AUTH_INVALID;
    *key_id = key->id;
    return key->scope >= scope ? AUTH_OK : AUTH_LESSER;
}

bool auth_key_works(const Keyring *keyring, int64_t key_id, int64_t now_wall_us) {
    for (int i = 0; i < keyring->count; i++)
        if (keyring->keys[i].id == key_id)
            return keyring->keys[i].expires_us > now_wall_us;
    return false;
}

const char *auth_challenge(AuthResult result) {
    switch (result) {
    case AUTH_LESSER:
        return "Bearer realm=\"onrecord\", error=\"insufficient_scope\"";
    case AUTH_INVALID:
        return "Bearer realm=\"onrecord\", error=\"invalid_token\"";
    case AUTH_MALFORMED:
    case AUTH_MISSING:
    case AUTH_OK:
        break;
    }
    return "Bearer realm=\"onrecord\"";
}

const char *auth_detail(AuthResult result) {
    switch (result) {
    case AUTH_LESSER:
        return "The key's scope does not allow this.";
    case AUTH_INVALID:
        return "The key is not known here, or is revoked or expired.";
    case AUTH_MALFORMED:
        return "Authorization must be `Bearer` and a key.";
    case AUTH_MISSING:
    case AUTH_OK:
        break;
    }
    return "This needs a key: `Authorization: Bearer onr_...`.";
}
