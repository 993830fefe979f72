/* base/hash: digests against the vectors of FIPS 180, RFC 4231 and XXH3; text forms against RFC 4648. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

static int arena_setup(void **state) {
    *state = arena_new();
    return 0;
}

static int arena_teardown(void **state) {
    arena_free(*state);
    return 0;
}

static void assert_digest(const uint8_t digest[SHA256_SIZE], const char *wanted) {
    char text[2 * SHA256_SIZE + 1];
    hex_encode(digest, SHA256_SIZE, text);
    assert_string_equal(text, wanted);
}

static void test_sha256(void **state) {
    static const struct {
        const char *text;
        const char *digest;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    uint8_t digest[SHA256_SIZE];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        sha256(cases[i].text, strlen(cases[i].text), digest);
        assert_digest(digest, cases[i].digest);
    }
    enum { MILLION = 1000000 };
    char *many = arena_alloc(*state, MILLION);
    memset(many, 'a', MILLION);
    sha256(many, MILLION, digest);
    assert_digest(digest, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* RFC 4231, section 4: cases 1 to 4, 6 and 7. */
static void test_hmac_sha256(void **state) {
    (void)state;
    static const struct {
        const char *key; /* hexadecimal, or one byte `repeated` times */
        size_t repeated;
        const char *data;
        const char *digest;
    } cases[] = {
        {"0b", 20, "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {"4a656665", 1, "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {"aa", 20,
         "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
         "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd",
         "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
        {"0102030405060708090a0b0c0d0e0f10111213141516171819", 1,
         "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
         "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd",
         "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
        {"aa", 131, "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {"aa", 131,
         "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
         "hashed before being used by the HMAC algorithm.",
         "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t key[131], digest[SHA256_SIZE];
        size_t length = strlen(cases[i].key) / 2;
        assert_true(hex_decode(cases[i].key, key, length));
        if (cases[i].repeated > 1)
            memset(key, key[0], length = cases[i].repeated);
        hmac_sha256(key, length, cases[i].data, strlen(cases[i].data), digest);
        assert_digest(digest, cases[i].digest);
    }
}

/* ETags that clients hold survive a restart only if the hash is the same in every process. */
static void test_hash64(void **state) {
    (void)state;
    assert_true(hash64("", 0) == 0x2d06800538d394c2u);
    assert_true(hash64("abc", 3) == 0x78af5f94892f3950u);
    assert_true(hash64("abc", 3) != hash64("abd", 3));
    assert_true(hash64("abc", 2) == hash64("ab", 2));
    uint64_t foo = hash64("foo", 3), fop = hash64("fop", 3);
    assert_true(hash64_more(foo, "bar", 3) == hash64_more(hash64("foo", 3), "bar", 3));
    assert_true(hash64_more(foo, "bar", 3) != hash64_more(foo, "baz", 3));
    assert_true(hash64_more(foo, "bar", 3) != hash64_more(fop, "bar", 3));
    assert_true(hash64_more(foo, "", 0) != hash64_more(fop, "", 0));
}

static void test_random_bytes(void **state) {
    enum { MANY = 100000 }; /* more than the kernel gives at once without a break */
    uint8_t *a = arena_calloc(*state, 1, MANY + 1), *b = arena_calloc(*state, 1, MANY + 1);
    random_bytes(a, MANY);
    random_bytes(b, MANY);
    assert_memory_not_equal(a, b, MANY);
    assert_memory_not_equal(a + MANY - 16, b + MANY - 16, 16);
    assert_int_equal(a[MANY], 0);
    size_t ones = 0;
    for (size_t i = 0; i < MANY; i++)
        ones += (size_t)__builtin_popcount(a[i]);
    assert_in_range(ones, MANY * 4 - 5000, MANY * 4 + 5000);
    uint8_t few[2][16] = {{0}, {0}};
    random_bytes(few[0], 16);
    random_bytes(few[1], 16);
    assert_memory_not_equal(few[0], few[1], 16);
    random_bytes(few[0], 0);
}

static void test_equal_constant_time(void **state) {
    (void)state;
    assert_true(equal_constant_time("abcd", "abcd", 4));
    assert_false(equal_constant_time("abcd", "abcx", 4));
    assert_false(equal_constant_time("abcd", "xbcd", 4));
    assert_true(equal_constant_time("abcd", "abcx", 3));
    assert_true(equal_constant_time("a", "b", 0));
}

static void test_hex(void **state) {
    (void)state;
    uint8_t bytes[4] = {0};
    char text[9];
    hex_encode((const uint8_t *)"\x00\x1f\xa9\xff", 4, text);
    assert_string_equal(text, "001fa9ff");
    assert_true(hex_decode("001FA9ff", bytes, 4));
    assert_memory_equal(bytes, "\x00\x1f\xa9\xff", 4);
    assert_true(hex_decode("", bytes, 0));
    static const char *const wrong[] = {"",         "0",        "001fa9f",  "001fa9ff0", "001fa9ff00",
                                        "001fa9fg", "001fa9 f", "+01fa9ff", "0x1fa9ff"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        if (hex_decode(wrong[i], bytes, 4))
            fail_msg("'%s' passed", wrong[i]);
}

static void test_base64url(void **state) {
    static const struct {
        const char *data;
        const char *text;
    } cases[] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "-_-_"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t length = strlen(cases[i].data), decoded_length = 99;
        assert_string_equal(base64url_encode(*state, cases[i].data, length), cases[i].text);
        const uint8_t *decoded = base64url_decode(*state, cases[i].text, strlen(cases[i].text), &decoded_length);
        assert_non_null(decoded);
        assert_int_equal(decoded_length, length);
        assert_memory_equal(decoded, cases[i].data, length);
    }
    static const char *const wrong[] = {
        "Zg==", "Z",    "A",     "Zm9vY", "AAAAA", /* padded, cut */
        "Zh",   "Zm9",                             /* bits beyond the last byte */
        "+/+/", "Zm 8", "Zm8\n", "Zm8=",  "Zmé",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        size_t length;
        if (base64url_decode(*state, wrong[i], strlen(wrong[i]), &length) != NULL)
            fail_msg("'%s' passed", wrong[i]);
    }
}

static void test_base64url_there_and_back(void **state) {
    for (size_t length = 0; length < 200; length++) {
        uint8_t bytes[200];
        random_bytes(bytes, length);
        const char *text = base64url_encode(*state, bytes, length);
        size_t back_length;
        const uint8_t *back = base64url_decode(*state, text, strlen(text), &back_length);
        assert_non_null(back);
        assert_int_equal(back_length, length);
        assert_memory_equal(back, bytes, length);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sha256, arena_setup, arena_teardown),
        cmocka_unit_test(test_hmac_sha256),
        cmocka_unit_test(test_hash64),
        cmocka_unit_test_setup_teardown(test_random_bytes, arena_setup, arena_teardown),
        cmocka_unit_test(test_equal_constant_time),
        cmocka_unit_test(test_hex),
        cmocka_unit_test_setup_teardown(test_base64url, arena_setup, arena_teardown),
        cmocka_unit_test_setup_teardown(test_base64url_there_and_back, arena_setup, arena_teardown),
    };
    return cmocka_run_group_tests_name("base/hash", tests, NULL, NULL);
}
