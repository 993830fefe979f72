/* The log: one line an event, whole or not at all, and never waited for. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/log.h"

enum { LINES_SIZE = 65536 };

static int saved;
static int pipe_ends[2];
static char lines[LINES_SIZE];

/* Standard error becomes a pipe, so that the log's lines can be read. */
static int set_up(void **state) {
    (void)state;
    saved = dup(STDERR_FILENO);
    return pipe(pipe_ends) != 0 || fcntl(pipe_ends[0], F_SETFL, O_NONBLOCK) != 0 ||
           dup2(pipe_ends[1], STDERR_FILENO) < 0;
}

static int tear_down(void **state) {
    (void)state;
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
    return 0;
}

static const char *written(void) {
    ssize_t length = read(pipe_ends[0], lines, sizeof lines - 1);
    lines[length > 0 ? length : 0] = '\0';
    return lines;
}

static json_t *written_json(void) {
    json_t *line = json_loads(written(), 0, NULL);
    assert_non_null(line);
    return line;
}

static const char *text_of(json_t *line, const char *name) {
    return json_string_value(json_object_get(line, name));
}

static void a_line_is_json(void **state) {
    (void)state;
    assert_true(log_init("info", "json"));
    log_event(LOG_WARNING, "it rains", "where", "Kabul", "how", "a \"lot\"\n\\ \x1b[31m é", NULL);
    json_t *line = written_json();
    assert_string_equal(text_of(line, "level"), "warning");
    assert_string_equal(text_of(line, "event"), "it rains");
    assert_string_equal(text_of(line, "where"), "Kabul");
    assert_string_equal(text_of(line, "how"), "a \"lot\"\n\\ \x1b[31m é");
    assert_int_equal(strlen(text_of(line, "time")), strlen("2025-05-15T10:00:00.000000Z"));
    json_decref(line);
}

static void a_line_is_text(void **state) {
    (void)state;
    assert_true(log_init("info", "text"));
    log_event(LOG_INFO, "serving", "url", "http://h:1", "note", "two words", "none", "", NULL);
    assert_non_null(strstr(written(), " serving url=http://h:1 note=\"two words\" none=\"\"\n"));
    log_event(LOG_ERROR, "broken", NULL);
    assert_non_null(strstr(written(), " ERROR broken\n"));
}

static void a_long_value_is_cut_and_the_line_stays_json(void **state) {
    (void)state;
    assert_true(log_init("info", "json"));
    for (size_t extra = 0; extra < 8; extra++) {
        char value[8192];
        memset(value, 'x', extra);
        for (size_t i = extra; i + 2 < sizeof value; i += 2)
            memcpy(value + i, "\xc3\xa9", 3);
        log_event(LOG_INFO, "long", "value", value, "after", "left out", NULL);
        json_t *line = written_json();
        assert_true(strlen(lines) <= 4096);
        assert_true(strlen(text_of(line, "value")) > 3900);
        assert_null(json_object_get(line, "after"));
        json_decref(line);
    }
}

static void what_is_below_the_level_is_not_written(void **state) {
    (void)state;
    assert_true(log_init("warning", "json"));
    assert_false(log_enabled(LOG_INFO));
    log_event(LOG_INFO, "quiet", NULL);
    assert_string_equal(written(), "");
    assert_true(log_enabled(LOG_ERROR));
}

static void a_full_pipe_is_not_waited_for(void **state) {
    (void)state;
    assert_true(log_init("info", "json"));
    unsigned long before = log_dropped();
    for (int i = 0; i < 5000; i++)
        log_event(LOG_INFO, "many", "text", "a line of some length, so that the pipe fills", NULL);
    assert_true(log_dropped() > before);
    /* Every line that did go out is whole. */
    const char *all = written();
    assert_int_equal(all[strlen(all) - 1], '\n');
}

static void words_that_are_no_level_or_format(void **state) {
    (void)state;
    assert_false(log_init("loud", "json"));
    assert_false(log_init("info", "xml"));
    assert_true(log_init("debug", "auto"));
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(a_line_is_json),
        CASE(a_line_is_text),
        CASE(a_long_value_is_cut_and_the_line_stays_json),
        CASE(what_is_below_the_level_is_not_written),
        CASE(a_full_pipe_is_not_waited_for),
        CASE(words_that_are_no_level_or_format),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
