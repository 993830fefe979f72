/* What stands in the database: migrations, keys, what the watch sees, and what its refusals mean. */
#include <signal.h>

#include "db/constraints.h"
#include "db/errors.h"
#include "db/keys.h"
#include "db/migrate.h"
#include "db/watch.h"
#include "db_fixture.h"
#include "resources/resources.h"

static const char *conninfo;

static int setup(void **state) {
    if (cluster_setup(state) != 0)
        return -1;
    conninfo = embedded_conninfo(fixture_cluster);
    return 0;
}

/* The first test: the others stand on what it makes. */
static void test_migrate(void **state) {
    (void)state;
    MigrationReport report = migrate_check(fixture_arena, conninfo);
    assert_int_equal(report.state, MIGRATION_PENDING);
    assert_non_null(strstr(report.pending, "0001_record"));
    report = migrate_run(fixture_arena, conninfo, false, NULL);
    assert_int_equal(report.state, MIGRATION_CURRENT);
    assert_true(report.applied >= migrate_newest());
    report = migrate_run(fixture_arena, conninfo, true, NULL);
    assert_int_equal(report.state, MIGRATION_CURRENT);
    assert_int_equal(report.applied, 0);

    pool_start(2000, 5000);
    loop_until_ready();
    Batch *seeded = run_one(LANE_POINT, false, "SELECT count(*) FROM onrecord.articles");
    assert_string_equal(first_value(seeded), "0");
    batch_release(seeded);
}

/* How many indexes serve lists of one value of `field` in an order: on both, or, where no two have the same, on it
 * alone. */
static long indexes(const Resource *resource, const char *field, const char *order) {
    static const char sql[] = "SELECT count(*) FROM pg_indexes WHERE schemaname || '.' || tablename = '%s' "
                              "AND (indexdef ~ 'btree \\(%s, %s\\)' OR indexdef ~ 'UNIQUE.*btree \\(%s\\)')";
    Batch *batch = run_one(LANE_POINT, false, arena_printf(fixture_arena, sql, resource->table, field, order, field));
    long count = strtol(first_value(batch), NULL, 10);
    batch_release(batch);
    return count;
}

/* What the tables of fields call a walk along an index is one. */
static void test_walks_have_an_index(void **state) {
    (void)state;
    int walks = 0;
    int count;
    const Resource *const *all = resources_all(&count);
    for (int i = 0; i < count; i++) {
        for (const Field *field = all[i]->fields; field->name != NULL; field++) {
            for (const char *const *sort = field->walks; sort != NULL && *sort != NULL; sort++, walks++) {
                const char *order = strcmp(*sort, "id") == 0 ? *sort : arena_printf(fixture_arena, "%s, id", *sort);
                if (indexes(all[i], field->name, order) == 0)
                    fail_msg("there is no index for %s by %s in the order of %s", all[i]->name, field->name, order);
            }
        }
    }
    assert_true(walks > 10);
}

static MigrationState state_after(const char *sql) {
    Batch *batch = run_one(LANE_WRITE, true, sql);
    assert_int_equal(batch->outcome, BATCH_DONE);
    batch_release(batch);
    return migrate_check(fixture_arena, conninfo).state;
}

static void test_migrations_of_others(void **state) {
    (void)state;
    assert_int_equal(state_after("INSERT INTO onrecord.migrations (version, name, checksum, admits) "
                                 "VALUES (9999, '9999_later', 'x', 1)"),
                     MIGRATION_NEWER);
    assert_int_equal(state_after("UPDATE onrecord.migrations SET admits = 9999 WHERE version = 9999"),
                     MIGRATION_REFUSED);
    assert_int_equal(state_after("DELETE FROM onrecord.migrations WHERE version = 9999"), MIGRATION_CURRENT);
    assert_int_equal(state_after("UPDATE onrecord.migrations SET checksum = 'x' || checksum WHERE version = 1"),
                     MIGRATION_REFUSED);
    assert_int_equal(state_after("UPDATE onrecord.migrations SET checksum = substr(checksum, 2) WHERE version = 1"),
                     MIGRATION_CURRENT);
    assert_int_equal(migrate_check(fixture_arena, "host=/nowhere").state, MIGRATION_UNREACHABLE);
}

static const ConstraintRow *row_of(const char *name) {
    for (int i = 0; i < constraint_count; i++)
        if (strcmp(constraint_rows[i].name, name) == 0)
            return &constraint_rows[i];
    return NULL;
}

/* errors.h must know every constraint that a client's write can break, and none that is not there. */
static void test_constraints(void **state) {
    (void)state;
    Batch *batch = run_one(
        LANE_LIST, false,
        "SELECT conname, contype, coalesce(target.relname, '') FROM pg_constraint "
        "JOIN pg_class AS class ON class.oid = conrelid "
        "LEFT JOIN pg_class AS target ON target.oid = confrelid "
        "WHERE connamespace = 'onrecord'::regnamespace AND contype IN ('c', 'f', 'p', 'u') "
        "AND class.relname !~ "
        "'^(migrations|api_keys|instance|revisions|changes|answers|uploads|imports|speaker_(merges|moves|distinctions))' "
        "AND (contype <> 'p' OR class.relname IN ('sources', 'articles', 'speakers', 'events', 'quotes'))");
    assert_int_equal(batch->outcome, BATCH_DONE);
    const Result *rows = batch->statements[0].result;
    for (int i = 0; i < result_rows(rows); i++) {
        const char *name = result_value(rows, i, 0);
        const ConstraintRow *row = row_of(name);
        if (!row)
            fail_msg("db/constraints.c has no row for %s", name);
        assert_string_equal(row->target ? row->target : "", result_value(rows, i, 2));
        assert_true((row->kind == FAILURE_CONFLICT) == (strchr("pu", result_value(rows, i, 1)[0]) != NULL));
    }
    for (int i = 0; i < constraint_count; i++) {
        bool found = strstr(constraint_rows[i].name, "_part_of_cycle") != NULL; /* a trigger's */
        for (int j = 0; j < result_rows(rows) && !found; j++)
            found = strcmp(result_value(rows, j, 0), constraint_rows[i].name) == 0;
        if (!found)
            fail_msg("db/constraints.c has a row for %s, which the schema does not have", constraint_rows[i].name);
    }
    batch_release(batch);
}

static FailureReport refusal_of(const char *sql) {
    Batch *batch = run_one(LANE_WRITE, true, sql);
    assert_int_equal(batch->outcome, BATCH_FAILED);
    return failure_report(&batch->error);
}

static void insert(const char *sql) {
    Batch *batch = run_one(LANE_WRITE, true, sql);
    assert_int_equal(batch->outcome, BATCH_DONE);
    batch_release(batch);
}

static void test_refusals(void **state) {
    (void)state;
    insert("INSERT INTO onrecord.sources (id, name) VALUES (1001, 'One')");
    insert("INSERT INTO onrecord.speakers (id, kind, name) VALUES (1001, 'organization', 'One')");
    insert("INSERT INTO onrecord.speakers (id, kind, name, part_of_id) VALUES (1002, 'organization', 'Two', 1001)");
    insert("INSERT INTO onrecord.articles (id, headline, source_id) VALUES (1001, 'One', 1001)");

    FailureReport report = refusal_of("INSERT INTO onrecord.articles (headline, source_id) VALUES ('Two', 99)");
    assert_int_equal(report.kind, FAILURE_REFERENCE);
    assert_string_equal(report.resource, "articles");
    assert_string_equal(report.field, "source_id");
    report = refusal_of("INSERT INTO onrecord.speakers (kind, name, part_of_id) VALUES ('organization', 'X', 99)");
    assert_int_equal(report.kind, FAILURE_REFERENCE);
    assert_string_equal(report.field, "part_of_id");
    report = refusal_of("DELETE FROM onrecord.sources WHERE id = 1001");
    assert_int_equal(report.kind, FAILURE_REFERENCED);
    assert_string_equal(report.resource, "sources");
    assert_string_equal(report.referrer, "articles");
    assert_string_equal(report.referrer_field, "source_id");
    report = refusal_of("DELETE FROM onrecord.speakers WHERE id = 1001");
    assert_int_equal(report.kind, FAILURE_REFERENCED);
    assert_string_equal(report.referrer, "speakers");
    report = refusal_of("INSERT INTO onrecord.sources (name) VALUES ('One')");
    assert_int_equal(report.kind, FAILURE_CONFLICT);
    assert_string_equal(report.field, "name");
    report = refusal_of("UPDATE onrecord.speakers SET part_of_id = 1002 WHERE id = 1001");
    assert_int_equal(report.kind, FAILURE_INVALID);
    assert_string_equal(report.field, "part_of_id");
    report = refusal_of("INSERT INTO onrecord.sources (name) VALUES ('')");
    assert_int_equal(report.kind, FAILURE_INVALID);
    report = refusal_of("SELECT * FROM onrecord.no_such_table");
    assert_int_equal(report.kind, FAILURE_INTERNAL);
}

static void test_keys(void **state) {
    (void)state;
    const char *fault = NULL;
    char text[KEY_TEXT];
    char rotated[KEY_TEXT];
    assert_true(key_create(fixture_arena, conninfo, "one", SCOPE_WRITE, INT64_MAX, text, &fault));
    assert_int_equal(strlen(text), KEY_TEXT - 1);
    assert_false(key_create(fixture_arena, conninfo, "one", SCOPE_READ, INT64_MAX, rotated, &fault));
    assert_non_null(strstr(fault, "named one already"));
    assert_true(key_create(fixture_arena, conninfo, "two", SCOPE_READ, clock_wall_us() + 1000000000, text, &fault));
    assert_true(key_rotate(fixture_arena, conninfo, "two", 3600, rotated, &fault));
    assert_string_not_equal(text, rotated);
    for (int i = 0; i < 2; i++)
        assert_true(key_ensure(fixture_arena, conninfo, "admin", SCOPE_ADMIN, "a secret", &fault));
    assert_false(key_revoke(fixture_arena, conninfo, "three", &fault));
}

/* Waits until the watch has that many keys. */
static void await_keys(Watch *watch, int count) {
    int64_t until_us = clock_monotonic_us() + PATIENCE_US;
    for (int seen = -1; seen != count; usleep(10000)) {
        Keyring *keyring = watch_keyring(watch);
        seen = keyring->count;
        keyring_release(keyring);
        assert_true(clock_monotonic_us() < until_us);
    }
}

static void await_reachable(Watch *watch, bool reachable) {
    int64_t until_us = clock_monotonic_us() + PATIENCE_US;
    WatchState seen = {.reachable = !reachable};
    for (; seen.reachable != reachable; usleep(10000)) {
        watch_state(watch, &seen);
        assert_true(clock_monotonic_us() < until_us);
    }
}

/* one, both of two, admin */
static void test_watch(void **state) {
    (void)state;
    const char *fault = NULL;
    WatchState seen;
    Watch *watch = watch_start(conninfo, (Retention){0});
    watch_await(watch, 20000);
    watch_state(watch, &seen);
    assert_true(seen.reachable && seen.migrated && seen.has_cursor_key);
    assert_string_equal(seen.pending, "");
    Keyring *keyring = watch_keyring(watch);
    assert_int_equal(keyring->count, 4);
    uint8_t hash[SHA256_SIZE];
    sha256("a secret", strlen("a secret"), hash);
    int64_t id = 0;
    for (int i = 0; i < keyring->count; i++)
        if (memcmp(keyring->keys[i].hash, hash, sizeof hash) == 0 && keyring->keys[i].scope == SCOPE_ADMIN)
            id = keyring->keys[i].id;
    assert_true(id > 0);
    watch_key_used(watch, id);
    assert_true(key_revoke(fixture_arena, conninfo, "two", &fault));
    await_keys(watch, 2);
    assert_int_equal(keyring->count, 4); /* a snapshot stays as it is until it is given back */
    keyring_release(keyring);

    pid_t server = embedded_pid(fixture_cluster);
    kill(server, SIGQUIT);
    assert_int_equal(waitpid(server, NULL, 0), server);
    await_reachable(watch, false);
    assert_true(embedded_child_ended(fixture_cluster, server));
    int64_t until_us = clock_monotonic_us() + PATIENCE_US;
    do {
        usleep(20000);
        embedded_tick(fixture_cluster);
        watch_state(watch, &seen);
        assert_true(clock_monotonic_us() < until_us);
    } while (!seen.reachable);
    watch_stop(watch);

    loop_turn(); /* the pool hears of the end of its connections */
    loop_turn();
    loop_until_ready();
    Batch *used = run_one(LANE_POINT, false, "SELECT count(*) FROM onrecord.api_keys WHERE last_used_at IS NOT NULL");
    assert_string_equal(first_value(used), "1");
    batch_release(used);
    pool_end();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_migrate),
        cmocka_unit_test(test_walks_have_an_index),
        cmocka_unit_test(test_migrations_of_others),
        cmocka_unit_test(test_constraints),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_watch),
    };
    return cmocka_run_group_tests(tests, setup, cluster_teardown);
}
