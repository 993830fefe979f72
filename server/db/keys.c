#include "db/keys.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/moment.h"
#include "db/session.h"
#include "sql.h"

enum { KEY_RANDOM = 32, TIMEOUT_MS = 10000, SECONDS_LENGTH = sizeof "2025-05-15T10:00:00" - 1 };

static const char *const scope_names[] = {
    [SCOPE_OPEN] = "open", [SCOPE_READ] = "read", [SCOPE_WRITE] = "write", [SCOPE_ADMIN] = "admin"};

bool scope_parse(const char *text, Scope *scope) {
    for (Scope s = SCOPE_READ; s <= SCOPE_ADMIN; s++) {
        if (strcmp(text, scope_names[s]) == 0) {
            *scope = s;
            return true;
        }
    }
    return false;
}

const char *scope_name(Scope scope) {
    return scope_names[scope];
}

static void key_hash(const char *text, char hex[2 * SHA256_SIZE + 1]) {
    uint8_t digest[SHA256_SIZE];
    sha256(text, strlen(text), digest);
    hex_encode(digest, sizeof digest, hex);
}

static void key_generate(Arena *arena, char text[KEY_TEXT]) {
    uint8_t random[KEY_RANDOM];
    random_bytes(random, sizeof random);
    snprintf(text, KEY_TEXT, "onr_%s", base64url_encode(arena, random, sizeof random));
}

/* A sentence for what PostgreSQL refused. */
static const char *refusal(Arena *arena, const PGconn *pg, const PGresult *result, const char *name) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state && (strcmp(state, "42P01") == 0 || strcmp(state, "3F000") == 0))
        return "The database has no schema yet: run `onrecord migrate` first.";
    if (state && strcmp(state, "23505") == 0)
        return arena_printf(arena, "There is a key named %s already: rotate or revoke it, or choose another name.",
                            name);
    char *message = arena_strdup(arena, result ? PQresultErrorMessage(result) : PQerrorMessage(pg));
    message[strcspn(message, "\n")] = '\0';
    return arena_printf(arena, "The database refuses: %s", message);
}

/* Runs one statement on a connection of its own. The result is the caller's (PQclear); NULL with `fault` set. */
static PGresult *run(Arena *arena, const char *conninfo, const char *sql, int count, const char *const *params,
                     const char **fault) {
    char reason[1024];
    PGconn *pg = session_open(conninfo, TIMEOUT_MS, reason, sizeof reason);
    if (!pg) {
        *fault = arena_strdup(arena, reason);
        return NULL;
    }
    PGresult *result = PQexecParams(pg, sql, count, NULL, params, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        *fault = refusal(arena, pg, result, count > 0 ? params[0] : "");
        PQclear(result);
        result = NULL;
    }
    PQfinish(pg);
    return result;
}

/* The same for a statement that writes; `*touched` tells whether it found what to write. */
static bool run_write(Arena *arena, const char *conninfo, const char *sql, int count, const char *const *params,
                      bool *touched, const char **fault) {
    PGresult *result = run(arena, conninfo, sql, count, params, fault);
    if (!result)
        return false;
    *touched = strcmp(PQcmdTuples(result), "0") != 0;
    PQclear(result);
    return true;
}

bool key_create(Arena *arena, const char *conninfo, const char *name, Scope scope, int64_t expires_us,
                char text[KEY_TEXT], const char **fault) {
    char hex[2 * SHA256_SIZE + 1];
    bool touched;
    key_generate(arena, text);
    key_hash(text, hex);
    const char *expires = expires_us == INT64_MAX ? NULL : arena_integer(arena, expires_us);
    const char *params[] = {name, scope_name(scope), hex, expires};
    return run_write(arena, conninfo, SQL_KEY_CREATE, 4, params, &touched, fault);
}

bool key_ensure(Arena *arena, const char *conninfo, const char *name, Scope scope, const char *text,
                const char **fault) {
    char hex[2 * SHA256_SIZE + 1];
    bool touched;
    key_hash(text, hex);
    const char *params[] = {name, scope_name(scope), hex};
    return run_write(arena, conninfo, SQL_KEY_ENSURE, 3, params, &touched, fault);
}

static const char *no_such_key(Arena *arena, const char *name) {
    return arena_printf(arena, "There is no key named %s that works. `onrecord key list` shows all.", name);
}

bool key_revoke(Arena *arena, const char *conninfo, const char *name, const char **fault) {
    bool touched;
    const char *params[] = {name};
    if (!run_write(arena, conninfo, SQL_KEY_REVOKE, 1, params, &touched, fault))
        return false;
    if (!touched)
        *fault = no_such_key(arena, name);
    return touched;
}

bool key_rotate(Arena *arena, const char *conninfo, const char *name, int64_t grace_s, char text[KEY_TEXT],
                const char **fault) {
    char hex[2 * SHA256_SIZE + 1];
    bool touched;
    key_generate(arena, text);
    key_hash(text, hex);
    const char *params[] = {name, arena_integer(arena, grace_s), hex};
    if (!run_write(arena, conninfo, SQL_KEY_ROTATE, 3, params, &touched, fault))
        return false;
    if (!touched)
        *fault = no_such_key(arena, name);
    return touched;
}

/* ---- list ---- */

typedef struct Column {
    const char *name;
    const char *heading;
    bool moment;
} Column;

static const Column columns[] = {{"id", "ID", false},
                                 {"name", "NAME", false},
                                 {"scope", "SCOPE", false},
                                 {"state", "STATE", false},
                                 {"created_at", "CREATED", true},
                                 {"expires_at", "EXPIRES", true},
                                 {"revoked_at", "REVOKED", true},
                                 {"last_used_at", "LAST USED", true}};
enum { COLUMN_COUNT = sizeof columns / sizeof columns[0] };

static void list_json(Arena *arena, const PGresult *rows) {
    Buffer out = buffer_new(arena, 0);
    JsonWriter w = json_writer_new(&out);
    writer_array_begin(&w);
    for (int row = 0; row < PQntuples(rows); row++) {
        writer_object_begin(&w);
        for (int i = 0; i < COLUMN_COUNT; i++) {
            char moment[MOMENT_TEXT];
            int at = PQfnumber(rows, columns[i].name);
            const char *value = PQgetvalue(rows, row, at);
            writer_key(&w, columns[i].name);
            if (PQgetisnull(rows, row, at))
                writer_null(&w);
            else if (columns[i].moment)
                writer_string_n(&w, moment, timestamp_from_pg(value, moment));
            else if (i == 0)
                writer_raw(&w, value, strlen(value));
            else
                writer_string(&w, value);
        }
        writer_object_end(&w);
    }
    writer_array_end(&w);
    printf("%s\n", out.data);
}

/* What stands in a cell of the table: moments to the second. */
static const char *cell(Arena *arena, const PGresult *rows, int row, int column) {
    char moment[MOMENT_TEXT];
    int at = PQfnumber(rows, columns[column].name);
    if (PQgetisnull(rows, row, at))
        return "-";
    if (!columns[column].moment)
        return PQgetvalue(rows, row, at);
    timestamp_from_pg(PQgetvalue(rows, row, at), moment);
    return arena_printf(arena, "%.*sZ", SECONDS_LENGTH, moment);
}

static void list_table(Arena *arena, const PGresult *rows) {
    size_t widths[COLUMN_COUNT];
    for (int i = 0; i < COLUMN_COUNT; i++) {
        widths[i] = strlen(columns[i].heading);
        for (int row = 0; row < PQntuples(rows); row++) {
            size_t width = strlen(cell(arena, rows, row, i));
            widths[i] = width > widths[i] ? width : widths[i];
        }
    }
    for (int row = -1; row < PQntuples(rows); row++)
        for (int i = 0; i < COLUMN_COUNT; i++)
            printf("%-*s%s", i + 1 < COLUMN_COUNT ? (int)widths[i] : 0,
                   row < 0 ? columns[i].heading : cell(arena, rows, row, i), i + 1 < COLUMN_COUNT ? "  " : "\n");
}

bool key_list(Arena *arena, const char *conninfo, bool json, const char **fault) {
    PGresult *rows = run(arena, conninfo, SQL_KEY_LIST, 0, NULL, fault);
    if (!rows)
        return false;
    if (json)
        list_json(arena, rows);
    else
        list_table(arena, rows);
    PQclear(rows);
    return true;
}
