#include "base/hash.h"

#include <errno.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#include "base/memory.h"

static _Noreturn void fail(const char *message) {
    fprintf(stderr, "onrecord: %s\n", message);
    abort();
}

struct Sha256 {
    struct sha256_ctx context;
};

void sha256(const void *data, size_t length, uint8_t out[SHA256_SIZE]) {
    struct sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, length, data);
    sha256_digest(&context, SHA256_SIZE, out);
}

Sha256 *sha256_begin(void) {
    Sha256 *sum = memory_zeroed(1, sizeof *sum);
    sha256_init(&sum->context);
    return sum;
}

void sha256_add(Sha256 *sum, const void *data, size_t length) {
    sha256_update(&sum->context, length, data);
}

void sha256_so_far(const Sha256 *sum, uint8_t out[SHA256_SIZE]) {
    struct sha256_ctx copy = sum->context;
    sha256_digest(&copy, SHA256_SIZE, out);
}

void sha256_end(Sha256 *sum, uint8_t out[SHA256_SIZE]) {
    sha256_digest(&sum->context, SHA256_SIZE, out);
    free(sum);
}

void hmac_sha256(const void *key, size_t key_length, const void *data, size_t length, uint8_t out[SHA256_SIZE]) {
    struct hmac_sha256_ctx context;
    hmac_sha256_set_key(&context, key_length, key);
    hmac_sha256_update(&context, length, data);
    hmac_sha256_digest(&context, SHA256_SIZE, out);
    explicit_bzero(&context, sizeof context);
}

uint64_t hash64(const void *data, size_t length) {
    return XXH3_64bits(data, length);
}

uint64_t hash64_more(uint64_t hash, const void *data, size_t length) {
    return XXH3_64bits_withSeed(data, length, hash);
}

void random_bytes(void *out, size_t length) {
    char *at = out;
    while (length > 0) {
        ssize_t got = getrandom(at, length, 0);
        if (got < 0 && errno != EINTR)
            fail("the kernel gives no random bytes");
        if (got > 0) {
            at += got;
            length -= (size_t)got;
        }
    }
}

bool equal_constant_time(const void *a, const void *b, size_t length) {
    return memeql_sec(a, b, length) != 0;
}

void hex_encode(const uint8_t *data, size_t length, char *out) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        *out++ = digits[data[i] >> 4];
        *out++ = digits[data[i] & 15];
    }
    *out = '\0';
}

/* The digit's value, -1 when it is none. */
static int hex_value(char digit) {
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

bool hex_decode(const char *text, uint8_t *out, size_t length) {
    for (size_t i = 0; i < length; i++) {
        int high = hex_value(text[2 * i]);
        int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);
        if (low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return text[2 * length] == '\0';
}

static const char BASE64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

char *base64url_encode(Arena *arena, const void *data, size_t length) {
    const uint8_t *bytes = data;
    char *text = arena_alloc(arena, length / 3 * 4 + 4);
    char *out = text;
    uint32_t bits = 0;
    unsigned held = 0; /* how many low bits of `bits` are not written yet */
    for (size_t i = 0; i < length; i++) {
        bits = bits << 8 | bytes[i];
        for (held += 8; held >= 6; held -= 6)
            *out++ = BASE64URL[bits >> (held - 6) & 63];
    }
    if (held > 0)
        *out++ = BASE64URL[bits << (6 - held) & 63];
    *out = '\0';
    return text;
}

static int base64url_value(char digit) {
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9')
        return digit - '0' + 52;
    return digit == '-' ? 62 : digit == '_' ? 63 : -1;
}

uint8_t *base64url_decode(Arena *arena, const char *text, size_t length, size_t *out_length) {
    uint8_t *data = arena_alloc(arena, length / 4 * 3 + 3);
    uint8_t *out = data;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < length; i++) {
        int value = base64url_value(text[i]);
        if (value < 0)
            return NULL;
        bits = bits << 6 | (uint32_t)value;
        held += 6;
        if (held >= 8) {
            held -= 8;
            *out++ = (uint8_t)(bits >> held);
        }
    }
    /* What is left must be the zero bits that fill the last digit: every other text would be a second name of the same
     * bytes. */
    if (held >= 6 || (bits & ((1u << held) - 1)) != 0)
        return NULL;
    *out_length = (size_t)(out - data);
    return data;
}
