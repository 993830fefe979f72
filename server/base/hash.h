/* hash.h: digests, random bytes and their text forms. SHA-256 and HMAC (RFC 2104) are Nettle's, which libmicrohttpd's
 * GnuTLS brings with it: libcrypto, which libpq brings, takes 2 MB more of memory once it is used. */
#ifndef ONRECORD_BASE_HASH_H
#define ONRECORD_BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum { SHA256_SIZE = 32 };

void sha256(const void *data, size_t length, uint8_t out[SHA256_SIZE]);

/* The same of what comes piece by piece; sha256_end frees it. */
typedef struct Sha256 Sha256;
Sha256 *sha256_begin(void);
void sha256_add(Sha256 *sum, const void *data, size_t length);
void sha256_so_far(const Sha256 *sum, uint8_t out[SHA256_SIZE]);
void sha256_end(Sha256 *sum, uint8_t out[SHA256_SIZE]);

void hmac_sha256(const void *key, size_t key_length, const void *data, size_t length, uint8_t out[SHA256_SIZE]);

/* A quick 64-bit hash (XXH3) for tables in memory and for ETags; not for what must resist an attacker. `more` goes on
 * from a hash: equal only where the parts are cut in the same way; or from a random seed, where others choose keys. */
uint64_t hash64(const void *data, size_t length);
uint64_t hash64_more(uint64_t hash, const void *data, size_t length);

/* `length` unpredictable bytes from the kernel. */
void random_bytes(void *out, size_t length);

/* True when equal; takes the same time wherever they differ. */
bool equal_constant_time(const void *a, const void *b, size_t length);

/* Lower-case hexadecimal; `out` has room for 2 * length + 1. */
void hex_encode(const uint8_t *data, size_t length, char *out);
/* False unless `text` is exactly 2 * length hexadecimal digits. */
bool hex_decode(const char *text, uint8_t *out, size_t length);

/* base64url without padding (RFC 4648, section 5), in the arena. */
char *base64url_encode(Arena *arena, const void *data, size_t length);
/* NULL when the text is not canonical base64url. */
uint8_t *base64url_decode(Arena *arena, const char *text, size_t length, size_t *out_length);

#endif
