/* What is wrong with a request's head: all that lets two servers read one request differently. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "http/head.h"

static Arena *arena;

static int setup(void **state) {
    (void)state;
    arena = arena_new();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

/* A head from `name: value` lines, ended by NULL. */
static Head head_of(const char *const *lines) {
    Head head = head_new(arena);
    for (; *lines; lines++) {
        const char *colon = strchr(*lines, ':');
        char *name = arena_strndup(arena, *lines, (size_t)(colon - *lines));
        head_add(&head, name, strlen(name), colon + 2, strlen(colon + 2));
    }
    return head;
}

#define LINES(...)                                                                                                     \
    (const char *const[]) {                                                                                            \
        __VA_ARGS__, NULL                                                                                              \
    }

/* The header that the only fault names; "" for none, "many" for several. */
static const char *faulty(const char *const *lines) {
    HeadFault faults[HEAD_FAULTS_MAX];
    Head head = head_of(lines);
    int count = head_faults(&head, true, faults);
    return count == 0 ? "" : count == 1 ? faults[0].header : "many";
}

static void plain_requests_are_taken(void **state) {
    (void)state;
    assert_string_equal(faulty(LINES("Host: x")), "");
    assert_string_equal(faulty(LINES("Host: x", "Content-Length: 12", "Content-Type: application/json")), "");
    assert_string_equal(faulty(LINES("host: x", "transfer-encoding: Chunked")), "");
    assert_string_equal(faulty(LINES("Host: x", "Expect: 100-Continue", "Content-Length: 1")), "");
    assert_string_equal(faulty(LINES("Host: x", "X-Tab: a\tb", "X-Latin: \xE9")), "");
}

static void host_is_required_in_http11_only(void **state) {
    (void)state;
    HeadFault faults[HEAD_FAULTS_MAX];
    Head head = head_of(LINES("Accept: */*"));
    assert_int_equal(head_faults(&head, false, faults), 0);
    assert_int_equal(head_faults(&head, true, faults), 1);
    assert_string_equal(faults[0].header, "Host");
    assert_string_equal(faulty(LINES("Host: x", "Host: y")), "Host");
}

static void framing_that_is_read_in_two_ways_is_refused(void **state) {
    (void)state;
    assert_string_equal(faulty(LINES("Host: x", "Content-Length: 2", "Content-Length: 2")), "Content-Length");
    assert_string_equal(faulty(LINES("Host: x", "Content-Length: 2", "Transfer-Encoding: chunked")), "Content-Length");
    assert_string_equal(faulty(LINES("Host: x", "Transfer-Encoding: gzip, chunked")), "Transfer-Encoding");
    assert_string_equal(faulty(LINES("Host: x", "Transfer-Encoding: identity")), "Transfer-Encoding");
    assert_string_equal(faulty(LINES("Host: x", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked")),
                        "Transfer-Encoding");
    assert_string_equal(faulty(LINES("Host: x", "Content-Length: +2")), "Content-Length");
    assert_string_equal(faulty(LINES("Host: x", "Content-Length: 2, 2")), "Content-Length");
}

static void malformed_headers_are_refused(void **state) {
    (void)state;
    Head head = head_new(arena);
    HeadFault faults[HEAD_FAULTS_MAX];
    head_add(&head, "Host", 4, "x", 1);
    head_add(&head, "X A", 3, "b", 1);
    head_add(&head, "", 0, "b", 1);
    head_add(&head, "X-B", 3, "a\001b", 3);
    assert_int_equal(head_faults(&head, true, faults), 2);
    assert_string_equal(faults[1].header, "X-B");
    assert_string_equal(faulty(LINES("Host: x", "Expect: a miracle")), "Expect");
}

static void all_faults_are_named_at_once(void **state) {
    (void)state;
    assert_string_equal(faulty(LINES("Host: x", "Host: y", "Authorization: a", "Authorization: b")), "many");
}

static void lists_are_joined(void **state) {
    (void)state;
    Head head = head_of(LINES("Host: x", "Accept: text/html", "accept: application/json"));
    assert_string_equal(head.values[HEAD_ACCEPT], "text/html, application/json");
    assert_int_equal(head.repeated, 0);
}

static void white_space_after_a_value_is_dropped(void **state) {
    (void)state;
    Head head = head_of(LINES("Host: x \t", "Authorization: Bearer onr_x ", "Content-Length: 2  ", "Accept:  "));
    assert_string_equal(head.values[HEAD_HOST], "x");
    assert_string_equal(head.values[HEAD_AUTHORIZATION], "Bearer onr_x");
    assert_string_equal(head.values[HEAD_CONTENT_LENGTH], "2");
    assert_string_equal(head.values[HEAD_ACCEPT], "");
}

static void the_length_of_a_body_is_known(void **state) {
    (void)state;
    Head none = head_of(LINES("Host: x"));
    Head some = head_of(LINES("Host: x", "Content-Length: 12"));
    Head chunks = head_of(LINES("Host: x", "Transfer-Encoding: chunked"));
    Head endless = head_of(LINES("Host: x", "Content-Length: 99999999999999999999"));
    assert_int_equal(head_body_length(&none), 0);
    assert_int_equal(head_body_length(&some), 12);
    assert_int_equal(head_body_length(&chunks), -1);
    assert_true(head_body_length(&endless) == INT64_MAX);
}

static void hosts_that_may_stand_in_an_address(void **state) {
    static const char *const good[] = {"a", "127.0.0.1:8080", "a-b.example", "on_record:80", "[::1]", "[::1]:65535"};
    static const char *const bad[] = {"",      ":80",  "a:",      "a:x",       "a:123456", "a/b",    "a b",
                                      "u@a",   "a?b",  "a\"b",    "a\xC3\xA9", "[]",       "[::1",   "[::1]a",
                                      "[g::]", "a<b>", "a:80/..", "%41",       "a#b",      "[::1]:", "::1"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(head_is_host(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(head_is_host(bad[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_requests_are_taken),
        cmocka_unit_test(host_is_required_in_http11_only),
        cmocka_unit_test(framing_that_is_read_in_two_ways_is_refused),
        cmocka_unit_test(malformed_headers_are_refused),
        cmocka_unit_test(all_faults_are_named_at_once),
        cmocka_unit_test(lists_are_joined),
        cmocka_unit_test(white_space_after_a_value_is_dropped),
        cmocka_unit_test(the_length_of_a_body_is_known),
        cmocka_unit_test(hosts_that_may_stand_in_an_address),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
