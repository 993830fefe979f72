/* Who may do what with which key. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/auth.h"

enum { NOW = 1000 };

static ApiKey keys[] = {
    {.id = 1, .scope = SCOPE_READ, .expires_us = INT64_MAX},
    {.id = 2, .scope = SCOPE_WRITE, .expires_us = INT64_MAX},
    {.id = 3, .scope = SCOPE_ADMIN, .expires_us = INT64_MAX},
    {.id = 4, .scope = SCOPE_ADMIN, .expires_us = NOW},
};
static const Keyring keyring = {.count = 4, .keys = keys};

static int setup(void **state) {
    (void)state;
    sha256("onr_reader", 10, keys[0].hash);
    sha256("onr_writer", 10, keys[1].hash);
    sha256("onr_admin", 9, keys[2].hash);
    sha256("onr_old", 7, keys[3].hash);
    return 0;
}

static AuthResult asked(const char *authorization, Scope scope, bool open) {
    int64_t id;
    return auth_check(&keyring, authorization, scope, open, NOW, &id);
}

static void reads_are_open_unless_closed(void **state) {
    (void)state;
    assert_int_equal(asked(NULL, SCOPE_READ, true), AUTH_OK);
    assert_int_equal(asked(NULL, SCOPE_READ, false), AUTH_MISSING);
    assert_int_equal(asked("Bearer onr_reader", SCOPE_READ, false), AUTH_OK);
    assert_int_equal(asked(NULL, SCOPE_OPEN, false), AUTH_OK);
}

static void each_scope_includes_those_before_it(void **state) {
    (void)state;
    static const char *const bearers[] = {"Bearer onr_reader", "Bearer onr_writer", "Bearer onr_admin"};
    for (int i = 0; i < 3; i++) {
        for (int scope = SCOPE_READ; scope <= SCOPE_ADMIN; scope++) {
            AuthResult expected = SCOPE_READ + i >= scope ? AUTH_OK : AUTH_LESSER;
            assert_int_equal(asked(bearers[i], (Scope)scope, true), expected);
        }
    }
}

static void a_wrong_key_is_refused_even_where_none_is_needed(void **state) {
    (void)state;
    assert_int_equal(asked("Bearer onr_nobody", SCOPE_READ, true), AUTH_INVALID);
    assert_int_equal(asked("Bearer onr_old", SCOPE_READ, true), AUTH_INVALID);
    assert_int_equal(asked("Bearer onr_writer2", SCOPE_WRITE, true), AUTH_INVALID);
    assert_int_equal(asked("Bearer onr_write", SCOPE_WRITE, true), AUTH_INVALID);
    assert_int_equal(asked("Bearer onr_nobody", SCOPE_OPEN, true), AUTH_OK);
}

static void the_header_is_read_exactly(void **state) {
    (void)state;
    assert_int_equal(asked("bearer   onr_writer", SCOPE_WRITE, true), AUTH_OK);
    assert_int_equal(asked("Basic b25yOg==", SCOPE_WRITE, true), AUTH_MALFORMED);
    assert_int_equal(asked("Bearer", SCOPE_WRITE, true), AUTH_MALFORMED);
    assert_int_equal(asked("Bearer ", SCOPE_WRITE, true), AUTH_MALFORMED);
    assert_int_equal(asked("", SCOPE_WRITE, true), AUTH_MALFORMED);
    assert_int_equal(asked("Bearer onr_writer more", SCOPE_WRITE, true), AUTH_MALFORMED);
    assert_int_equal(asked(NULL, SCOPE_WRITE, true), AUTH_MISSING);
}

static void the_key_is_known_by_its_id(void **state) {
    (void)state;
    int64_t id;
    auth_check(&keyring, "Bearer onr_writer", SCOPE_WRITE, true, NOW, &id);
    assert_int_equal(id, 2);
    auth_check(&keyring, "Bearer onr_nobody", SCOPE_WRITE, true, NOW, &id);
    assert_int_equal(id, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_are_open_unless_closed),
        cmocka_unit_test(each_scope_includes_those_before_it),
        cmocka_unit_test(a_wrong_key_is_refused_even_where_none_is_needed),
        cmocka_unit_test(the_header_is_read_exactly),
        cmocka_unit_test(the_key_is_known_by_its_id),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
