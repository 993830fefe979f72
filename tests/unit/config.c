/* Settings: where a value comes from, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config.h"

enum { ARGUMENTS_MAX = 8 };

static Arena *arena;
static Config config;
static const char *fault;

/* config_load with these arguments, ended by NULL. */
static bool load(const char *first, ...) {
    char *argv[ARGUMENTS_MAX] = {(char *)"serve"};
    int argc = 1;
    va_list rest;
    va_start(rest, first);
    for (const char *argument = first; argument; argument = va_arg(rest, const char *))
        argv[argc++] = (char *)argument;
    va_end(rest);
    return config_load(&config, arena, argc, argv, &fault);
}

static void assert_refused(const char *expected) {
    assert_non_null(fault);
    assert_string_equal(fault, expected);
}

/* None of the variables that config_load reads. The others stay: cmocka has its own. */
static void clear_variables(void) {
    static const char *const more[] = {"DATABASE_URL_FILE", "PGHOST", "PGHOSTADDR",
                                       "PGSERVICE",         "PGUSER", "XDG_STATE_HOME"};
    int count;
    const Setting *settings = config_settings(&count);
    for (int i = 0; i < count; i++)
        unsetenv(settings[i].env);
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
        unsetenv(more[i]);
    unsetenv("ONRECORD_MIGRATE_URL_FILE");
    unsetenv("ONRECORD_ADMIN_KEY_FILE");
}

static int set_up(void **state) {
    (void)state;
    clear_variables();
    setenv("HOME", "/home/reader", 1);
    arena = arena_new();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_free(arena);
    return 0;
}

static void defaults_need_nothing(void **state) {
    (void)state;
    assert_true(load(NULL));
    assert_string_equal(config.listen, "127.0.0.1:8080");
    assert_true(config.database_embedded);
    assert_true(config.seed);
    assert_false(config.auto_migrate);
    assert_int_equal(config.reads, READS_OPEN);
    assert_string_equal(config.admin_key, "");
    assert_in_range(config.workers, 1, 4);
    if (geteuid() == 0)
        assert_string_equal(config.data_dir, "/var/lib/onrecord");
    else
        assert_string_equal(config.data_dir, "/home/reader/.local/state/onrecord");
}

static void an_option_wins_over_the_environment(void **state) {
    (void)state;
    setenv("ONRECORD_LISTEN", "0.0.0.0:80", 1);
    assert_true(load(NULL));
    assert_string_equal(config.listen, "0.0.0.0:80");
    assert_true(load("--listen", "[::1]:0", NULL));
    assert_string_equal(config.listen, "[::1]:0");
    assert_true(load("--listen=localhost:9000", NULL));
    assert_string_equal(config.listen, "localhost:9000");
}

static void an_empty_variable_is_none(void **state) {
    (void)state;
    setenv("ONRECORD_SEED", "", 1);
    setenv("DATABASE_URL", "", 1);
    assert_true(load(NULL));
    assert_true(config.seed);
    assert_true(config.database_embedded);
}

static void a_database_is_named_by_url_or_by_libpq(void **state) {
    (void)state;
    setenv("DATABASE_URL", "postgresql://db/record", 1);
    assert_true(load(NULL));
    assert_false(config.database_embedded);
    assert_string_equal(config.database_url, "postgresql://db/record");
    assert_string_equal(config.migrate_url, "postgresql://db/record");

    setenv("PGSERVICE", "record", 1);
    assert_true(load(NULL));
    assert_false(config.database_embedded);
    assert_string_equal(config.database_url, "");
}

static void secrets_leave_the_environment(void **state) {
    (void)state;
    setenv("DATABASE_URL", "postgresql://u:hidden@db/record", 1);
    char *bytes = getenv("DATABASE_URL");
    assert_true(load(NULL));
    assert_null(getenv("DATABASE_URL"));
    assert_int_equal(bytes[0], '\0');
    assert_string_equal(config.database_url, "postgresql://u:hidden@db/record");
}

/* A file of the test's own with this content; its name goes into the variable. */
static void set_file(const char *variable, const char *content) {
    char path[] = "/tmp/onrecord-unit-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, content, strlen(content)), strlen(content));
    close(file);
    setenv(variable, path, 1);
}

static void a_secret_may_stand_in_a_file(void **state) {
    (void)state;
    set_file("DATABASE_URL_FILE", "postgresql://db/from_file\n");
    assert_true(load(NULL));
    assert_string_equal(config.database_url, "postgresql://db/from_file");

    setenv("DATABASE_URL", "postgresql://db/both", 1);
    assert_false(load(NULL));
    assert_refused("Both DATABASE_URL and DATABASE_URL_FILE are set; set one of them.");
    unlink(getenv("DATABASE_URL_FILE"));
}

static void a_secret_file_must_hold_something(void **state) {
    (void)state;
    setenv("DATABASE_URL_FILE", "/nowhere/at/all", 1);
    assert_false(load(NULL));
    assert_refused(
        "DATABASE_URL_FILE names the file /nowhere/at/all, which cannot be read: No such file or directory.");
    set_file("DATABASE_URL_FILE", "\n");
    assert_false(load(NULL));
    assert_non_null(strstr(fault, "should hold one line of text."));
    unlink(getenv("DATABASE_URL_FILE"));
}

static void a_secret_is_no_option(void **state) {
    (void)state;
    assert_false(load("--admin-key", "onr_x", NULL));
    assert_refused("--admin-key: a secret on the command line could be read by every user of this machine. Set "
                   "ONRECORD_ADMIN_KEY, or ONRECORD_ADMIN_KEY_FILE to a file that holds it.");
    assert_false(load("--database-url=postgresql://db", NULL));
    assert_non_null(strstr(fault, "Set DATABASE_URL, or DATABASE_URL_FILE"));
}

static void a_wrong_secret_is_not_repeated(void **state) {
    (void)state;
    setenv("ONRECORD_ADMIN_KEY", "hunter2", 1);
    assert_false(load(NULL));
    assert_null(strstr(fault, "hunter2"));
    assert_non_null(strstr(fault, "ONRECORD_ADMIN_KEY has a value that it cannot have."));
}

static void a_misspelled_option_names_the_nearest(void **state) {
    (void)state;
    assert_false(load("--listn", "x", NULL));
    assert_refused("There is no option --listn. Did you mean --listen?");
    assert_false(load("--zzzzzzzzzz", "x", NULL));
    assert_refused("There is no option --zzzzzzzzzz. `onrecord serve --help` lists all.");
    assert_false(load("listen", NULL));
    assert_refused("\"listen\" is not an option. `onrecord serve --help` lists all.");
    assert_false(load("--listen", NULL));
    assert_refused("--listen needs a value: --listen HOST:PORT.");
}

static void bad_values_say_what_is_allowed(void **state) {
    (void)state;
    static const struct {
        const char *option, *value, *fault;
    } cases[] = {
        {"--workers", "0", "--workers cannot be \"0\". Allowed: a whole number from 1 to 64."},
        {"--workers", "+4", "--workers cannot be \"+4\". Allowed: a whole number from 1 to 64."},
        {"--workers", "99999999999999999999",
         "--workers cannot be \"99999999999999999999\". Allowed: a whole number from 1 to 64."},
        {"--seed", "maybe", "--seed cannot be \"maybe\". Allowed: 1 or 0 (or true, false, yes, no, on, off)."},
        {"--reads", "all", "--reads cannot be \"all\". Allowed: open or key."},
        {"--log-level", "loud", "--log-level cannot be \"loud\". Allowed: debug, info, warning or error."},
        {"--public-url", "example.org",
         "--public-url cannot be \"example.org\". Allowed: an address such as https://record.example.org or "
         "https://example.org/record."},
        {"--cors-origins", "https://a.org/path",
         "--cors-origins cannot be \"https://a.org/path\". Allowed: `*`, or origins such as https://app.example.org, "
         "with commas between them."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_false(load(cases[i].option, cases[i].value, NULL));
        assert_refused(cases[i].fault);
    }
}

static void where_to_listen(void **state) {
    (void)state;
    static const char *const good[] = {"127.0.0.1:0", "0.0.0.0:65535", "[::]:80", "example.org:8080"};
    static const char *const bad[] = {"8080",     ":8080",  "host:",  "host:65536",
                                      "host:80x", "::1:80", "a b:80", "http://h:80"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(load("--listen", good[i], NULL));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(load("--listen", bad[i], NULL));
}

static void a_public_url_loses_its_last_slash(void **state) {
    (void)state;
    assert_true(load("--public-url", "https://example.org/record/", NULL));
    assert_string_equal(config.public_url, "https://example.org/record");
}

static void too_few_connections_are_refused(void **state) {
    (void)state;
    assert_false(load("--workers", "4", "--db-connections-max", "16", NULL));
    assert_refused(
        "ONRECORD_DB_CONNECTIONS_MAX is 16; 4 workers need at least 38 (9 each, and two in common). Raise it, or "
        "lower ONRECORD_WORKERS.");
    assert_true(load("--workers", "4", "--db-connections-max", "38", NULL));
}

static void the_role_of_the_server(void **state) {
    (void)state;
    static const struct {
        const char *url, *role;
    } cases[] = {
        {"postgresql://app@db/record", "app"},
        {"postgres://a%70p:p%40ss@db:5432/record", "app"},
        {"postgresql://db/record?sslmode=disable&user=app", "app"},
        {"postgresql://db/record@2", NULL},
        {"host=db user=app password=x", "app"},
        {"user = 'the app' host=db", "the app"},
        {"password='user=no' user=it\\'s", "it's"},
        {"host=db", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setenv("DATABASE_URL", cases[i].url, 1);
        assert_true(load(NULL));
        const char *role = config_server_role(&config, arena);
        if (cases[i].role)
            assert_string_equal(role, cases[i].role);
        else
            assert_null(role);
    }
    setenv("PGUSER", "from_libpq", 1);
    assert_string_equal(config_server_role(&config, arena), "from_libpq");
}

static void every_setting_is_whole(void **state) {
    (void)state;
    int count;
    const Setting *settings = config_settings(&count);
    assert_true(count > 20);
    for (int i = 0; i < count; i++) {
        const Setting *s = &settings[i];
        assert_non_null(s->argument);
        assert_true(s->help[strlen(s->help) - 1] == '.');
        assert_true((s->option == NULL) == (s->type == SETTING_SECRET));
        assert_true((s->choices != NULL) == (s->type == SETTING_CHOICE || s->type == SETTING_ORDINAL));
        if (s->type == SETTING_NUMBER)
            assert_true(s->min < s->max);
        if (s->fallback && s->check && s->fallback[0] != '\0')
            assert_null(s->check(s->fallback));
    }
}

int main(void) {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(defaults_need_nothing),
        CASE(an_option_wins_over_the_environment),
        CASE(an_empty_variable_is_none),
        CASE(a_database_is_named_by_url_or_by_libpq),
        CASE(secrets_leave_the_environment),
        CASE(a_secret_may_stand_in_a_file),
        CASE(a_secret_file_must_hold_something),
        CASE(a_secret_is_no_option),
        CASE(a_wrong_secret_is_not_repeated),
        CASE(a_misspelled_option_names_the_nearest),
        CASE(bad_values_say_what_is_allowed),
        CASE(where_to_listen),
        CASE(a_public_url_loses_its_last_slash),
        CASE(too_few_connections_are_refused),
        CASE(the_role_of_the_server),
        CASE(every_setting_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
