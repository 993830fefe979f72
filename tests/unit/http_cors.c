/* Which web origins may read the answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/cors.h"

static void the_default_follows_where_we_listen(void **state) {
    (void)state;
    assert_int_equal(cors_policy("", "127.0.0.1:8080").mode, CORS_LOOPBACK);
    assert_int_equal(cors_policy(" ", "localhost:8080").mode, CORS_LOOPBACK);
    assert_int_equal(cors_policy("", "[::1]:8080").mode, CORS_LOOPBACK);
    assert_int_equal(cors_policy("", "0.0.0.0:8080").mode, CORS_ANY);
    assert_int_equal(cors_policy("", ":8080").mode, CORS_ANY);
    assert_int_equal(cors_policy("", "[::]:8080").mode, CORS_ANY);
    assert_int_equal(cors_policy("", "192.168.1.2:8080").mode, CORS_ANY);
}

static void the_setting_decides(void **state) {
    (void)state;
    assert_int_equal(cors_policy("*", "127.0.0.1:8080").mode, CORS_ANY);
    assert_int_equal(cors_policy("https://a.example, *", "127.0.0.1:8080").mode, CORS_ANY);
    CorsPolicy list = cors_policy("https://a.example, http://b.example:8000 ,https://c.example", "0.0.0.0:80");
    assert_int_equal(list.mode, CORS_LIST);
    assert_true(cors_varies(&list));
    assert_string_equal(cors_allow(&list, "https://a.example"), "https://a.example");
    assert_string_equal(cors_allow(&list, "http://b.example:8000"), "http://b.example:8000");
    assert_string_equal(cors_allow(&list, "https://c.example"), "https://c.example");
    assert_null(cors_allow(&list, "http://a.example"));
    assert_null(cors_allow(&list, "https://a.example.evil"));
    assert_null(cors_allow(&list, "https://a.exampl"));
    assert_null(cors_allow(&list, "http://b.example"));
    assert_null(cors_allow(&list, "null"));
    assert_null(cors_allow(&list, ""));
    assert_null(cors_allow(&list, NULL));
}

static void any_is_a_star_for_everyone(void **state) {
    (void)state;
    CorsPolicy any = cors_policy("*", ":80");
    assert_false(cors_varies(&any));
    assert_string_equal(cors_allow(&any, "https://a.example"), "*");
    assert_string_equal(cors_allow(&any, NULL), "*");
}

static void loopback_is_this_machine_alone(void **state) {
    (void)state;
    static const char *const ours[] = {"http://localhost",     "http://localhost:3000", "https://LOCALHOST:1",
                                       "http://app.localhost", "http://127.0.0.1:8080", "http://127.1.2.3",
                                       "http://[::1]",         "http://[::1]:5173"};
    static const char *const others[] = {"null",
                                         "",
                                         "http://localhost.example",
                                         "http://notlocalhost",
                                         "http://127.0.0.1.example",
                                         "http://127.0.0.example",
                                         "http://128.0.0.1",
                                         "http://[::2]",
                                         "http://localhost:",
                                         "http://localhost:80x",
                                         "http://localhost/x",
                                         "http://localhost@evil.example",
                                         "file://localhost",
                                         "localhost"};
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
        assert_true(cors_is_loopback(ours[i]));
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(cors_is_loopback(others[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_follows_where_we_listen),
        cmocka_unit_test(the_setting_decides),
        cmocka_unit_test(any_is_a_star_for_everyone),
        cmocka_unit_test(loopback_is_this_machine_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
