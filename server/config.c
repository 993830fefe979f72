#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/batch.h"

enum { WORKERS_MAX = 64 };

static const char *const reads_choices[] = {"open", "key", NULL};
static const char *const level_choices[] = {"debug", "info", "warning", "error", NULL};
static const char *const format_choices[] = {"auto", "json", "text", NULL};

/* --- checks of single values ----------------------------------------------------------------------------------------
 */

static const char *check_listen(const char *value) {
    static const char allowed[] = "HOST:PORT, such as 127.0.0.1:8080, 0.0.0.0:80 or [::1]:8080 (port 0: any free one)";
    const char *colon = strrchr(value, ':');
    if (!colon || colon == value || colon[1] == '\0' || strlen(colon) > 6)
        return allowed;
    if (colon[1 + strspn(colon + 1, "0123456789")] != '\0' || strtol(colon + 1, NULL, 10) > 65535)
        return allowed;
    size_t host = (size_t)(colon - value);
    bool brackets = value[0] == '[' && colon[-1] == ']';
    if (!brackets && (memchr(value, ':', host) || memchr(value, '[', host)))
        return allowed;
    if (strcspn(value, " \t/@") < host)
        return allowed;
    return NULL;
}

/* `scheme://authority` of http or https; `rest` is what may follow. */
static bool is_origin(const char *value, size_t length, bool path_allowed) {
    size_t scheme = length > 7 && strncmp(value, "http://", 7) == 0    ? 7
                    : length > 8 && strncmp(value, "https://", 8) == 0 ? 8
                                                                       : 0;
    if (scheme == 0 || value[scheme] == '/')
        return false;
    for (size_t i = scheme; i < length; i++) {
        unsigned char byte = (unsigned char)value[i];
        if (byte <= ' ' || byte >= 0x7f || strchr("\"<>\\^`{|}?#@", byte) || (byte == '/' && !path_allowed))
            return false;
    }
    return true;
}

static const char *check_public_url(const char *value) {
    if (value[0] == '\0' || is_origin(value, strlen(value), true))
        return NULL;
    return "an address such as https://record.example.org or https://example.org/record";
}

static const char *check_origins(const char *value) {
    static const char allowed[] = "`*`, or origins such as https://app.example.org, with commas between them";
    if (value[0] == '\0' || strcmp(value, "*") == 0)
        return NULL;
    while (true) {
        value += strspn(value, " ");
        size_t length = strcspn(value, ", ");
        if (!is_origin(value, length, false))
            return allowed;
        value += length + strspn(value + length, " ");
        if (*value == '\0')
            return NULL;
        if (*value++ != ',')
            return allowed;
    }
}

static const char *check_key(const char *value) {
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if (strncmp(value, "onr_", 4) == 0 && strlen(value) == 47 && strspn(value + 4, alphabet) == 43)
        return NULL;
    return "`onr_` and 43 characters of base64url; `onrecord key generate` prints one";
}

/* --- the table ------------------------------------------------------------------------------------------------------
 */

#define MEMBER(member) offsetof(Config, member)

static const Setting settings[] = {
    {"ONRECORD_LISTEN", "listen", "HOST:PORT", SETTING_TEXT, MEMBER(listen), "127.0.0.1:8080", .check = check_listen,
     .help = "Where to listen. Port 0 takes any free one; the start prints which."},
    {"ONRECORD_DATA_DIR", "data-dir", "FOLDER", SETTING_TEXT, MEMBER(data_dir),
     .help = "Where the embedded database and the first API key are kept. Default: /var/lib/onrecord for root, else "
             "$XDG_STATE_HOME/onrecord (~/.local/state/onrecord)."},
    {"DATABASE_URL", NULL, "URL", SETTING_SECRET, MEMBER(database_url), "",
     .help = "PostgreSQL to use, as a URL or a libpq connection string. When neither this nor PGHOST, PGHOSTADDR or "
             "PGSERVICE is set, the server runs a PostgreSQL of its own in the data folder."},
    {"ONRECORD_MIGRATE_URL", NULL, "URL", SETTING_SECRET, MEMBER(migrate_url), "",
     .help = "The same for migrations, with the role that owns the schema. Default: DATABASE_URL."},
    {"ONRECORD_AUTO_MIGRATE", "auto-migrate", "0|1", SETTING_FLAG, MEMBER(auto_migrate), "0",
     .help = "Run pending migrations at the start. Always on for the embedded database."},
    {"ONRECORD_SEED", "seed", "0|1", SETTING_FLAG, MEMBER(seed), "1",
     .help = "Whether a new database begins with the example article and its quotes."},
    {"ONRECORD_ADMIN_KEY", NULL, "KEY", SETTING_SECRET, MEMBER(admin_key), "", .check = check_key,
     .help = "An API key of scope admin that is made at the start when it is not there yet. Not set: with the embedded "
             "database the first start makes one and keeps it in `api-key` in the data folder."},
    {"ONRECORD_PUBLIC_URL", "public-url", "URL", SETTING_TEXT, MEMBER(public_url), "", .check = check_public_url,
     .help = "The address that clients see; prefixes every link. Default: links are relative."},
    {"ONRECORD_CORS_ORIGINS", "cors-origins", "ORIGINS", SETTING_TEXT, MEMBER(cors_origins), "", .check = check_origins,
     .help =
         "Web origins whose pages may call the API: a comma-separated list, or `*`. Default: loopback origins of any "
         "port while listening on loopback, else `*`."},
    {"ONRECORD_READS", "reads", "open|key", SETTING_ORDINAL, MEMBER(reads), "open", .choices = reads_choices,
     .help = "Whether reading is open to all, or needs a key."},
    {"ONRECORD_IF_MATCH_REQUIRED", "if-match-required", "0|1", SETTING_FLAG, MEMBER(if_match_required), "0",
     .help = "Whether PUT, PATCH, DELETE, merges and restoring what is there are refused with 428 without If-Match."},
    {"ONRECORD_IDEMPOTENCY_KEPT_S", "idempotency-kept-s", "S", SETTING_NUMBER, MEMBER(idempotency_kept_s), "86400", 1,
     31536000, .help = "How long a POST with an Idempotency-Key is answered again as it was the first time."},
    {"ONRECORD_WORKERS", "workers", "N", SETTING_NUMBER, MEMBER(workers), .min = 1, .max = WORKERS_MAX,
     .help = "Threads that serve requests. Default: the CPUs that this process may use, 4 at most."},
    {"ONRECORD_DB_CONNECTIONS_MAX", "db-connections-max", "N", SETTING_NUMBER, MEMBER(db_connections_max), "48", 11,
     1000, .help = "Connections to PostgreSQL, in total. Few are made; more, when those do not suffice."},
    {"ONRECORD_CONNECTIONS_MAX", "connections-max", "N", SETTING_NUMBER, MEMBER(connections_max), "8192", 8, 1000000,
     .help = "Clients connected at a time, in total."},
    {"ONRECORD_QUEUE_MAX", "queue-max", "N", SETTING_NUMBER, MEMBER(queue_max), "1024", 1, 1000000,
     .help = "Requests that may wait for PostgreSQL, per worker and lane; beyond that the answer is 503."},
    {"ONRECORD_SLOW_QUEUE_MAX", "slow-queue-max", "N", SETTING_NUMBER, MEMBER(slow_queue_max), "64", 1, 1000000,
     .help = "The same for each lane of requests that take their time: slow reads, uploads, merges, cascades."},
    {"ONRECORD_GATHER_MAX", "gather-max", "N", SETTING_NUMBER, MEMBER(gather_max), "32", 1, GATHERED_MAX,
     .help =
         "Reads of single records, or creates, that may be sent to PostgreSQL as one where they wait for it; 1: each by "
         "itself."},
    {"ONRECORD_CACHE_MB", "cache-mb", "MB", SETTING_NUMBER, MEMBER(cache_mb), "32", 0, 65536,
     .help =
         "Memory in which answers to reads are kept to be given again, as long as nothing of what they were made of "
         "has changed. 0, or ONRECORD_READS=key: none are kept."},
    {"ONRECORD_BODY_MAX", "body-max", "BYTES", SETTING_NUMBER, MEMBER(body_max), "8388608", 1024, 1 << 30,
     .help = "Bytes of a request's body, or of a line of an upload; beyond that the answer is 413."},
    {"ONRECORD_QUICK_TIMEOUT_MS", "quick-timeout-ms", "MS", SETTING_NUMBER, MEMBER(quick_timeout_ms), "100", 10, 60000,
     .help = "How long a read may take before it is run again among the slow ones."},
    {"ONRECORD_SLOW_TIMEOUT_MS", "slow-timeout-ms", "MS", SETTING_NUMBER, MEMBER(slow_timeout_ms), "10000", 100, 600000,
     .help =
         "How long a write or a slow read may take before the answer is 503; half of it, where a write waits for a lock."},
    {"ONRECORD_CASCADE_TIMEOUT_S", "cascade-timeout-s", "S", SETTING_NUMBER, MEMBER(cascade_timeout_s), "600", 1, 86400,
     .help =
         "The same of a write that takes any number of other records with it: a merge, a deletion with cascade=true, "
         "the restoring of what was deleted."},
    {"ONRECORD_EXPORTS_MAX", "exports-max", "N", SETTING_NUMBER, MEMBER(exports_max), "2", 1, 100,
     .help = "Exports (NDJSON, CSV) that may be under way at a time, per worker, as far as ONRECORD_DB_CONNECTIONS_MAX "
             "has room; beyond that the answer is 503."},
    {"ONRECORD_EXPORT_TIMEOUT_S", "export-timeout-s", "S", SETTING_NUMBER, MEMBER(export_timeout_s), "3600", 1, 86400,
     .help = "How long an export may take from its first row to its last before it is cut."},
    {"ONRECORD_EXPORT_RATE_MIN", "export-rate-min", "BYTES", SETTING_NUMBER, MEMBER(export_rate_min), "16384", 1,
     1 << 30,
     .help = "Bytes a second that the client of an export must take on average; who falls behind by more than "
             "ONRECORD_ANSWER_TIMEOUT_S is cut off."},
    {"ONRECORD_UPLOADS_MAX", "uploads-max", "N", SETTING_NUMBER, MEMBER(uploads_max), "2", 1, 100,
     .help =
         "Uploads of many records (NDJSON) that may be under way at a time, per worker; beyond that the answer is 503."},
    {"ONRECORD_UPLOAD_RATE_MIN", "upload-rate-min", "BYTES", SETTING_NUMBER, MEMBER(upload_rate_min), "1024", 1,
     1 << 30,
     .help = "Bytes a second that the client of an upload must send on average; who falls behind by more than "
             "ONRECORD_BODY_TIMEOUT_S is cut off."},
    {"ONRECORD_LISTENERS_MAX", "listeners-max", "N", SETTING_NUMBER, MEMBER(listeners_max), "1000", 1, 100000,
     .help =
         "Clients that may follow /changes at a time, per worker; beyond that the answer is 503. Who takes nothing of "
         "what waits for it for ONRECORD_ANSWER_TIMEOUT_S is let go."},
    {"ONRECORD_HEARTBEAT_S", "heartbeat-s", "S", SETTING_NUMBER, MEMBER(heartbeat_s), "15", 1, 3600,
     .help = "How often who follows /changes hears that the connection is alive while nothing changes."},
    {"ONRECORD_CHANGES_DAYS", "changes-days", "DAYS", SETTING_NUMBER, MEMBER(changes_days), "0", 0, 36500,
     .help = "How long the log that /changes reads is kept: whole months that are older go. 0: for ever."},
    {"ONRECORD_REVISIONS_DAYS", "revisions-days", "DAYS", SETTING_NUMBER, MEMBER(revisions_days), "0", 0, 36500,
     .help = "The same for former versions of records. That a record was deleted stays known. 0: for ever."},
    {"ONRECORD_HEADER_TIMEOUT_S", "header-timeout-s", "S", SETTING_NUMBER, MEMBER(header_timeout_s), "10", 1, 3600,
     .help = "How long a client may take to send a request's headers."},
    {"ONRECORD_BODY_TIMEOUT_S", "body-timeout-s", "S", SETTING_NUMBER, MEMBER(body_timeout_s), "60", 1, 3600,
     .help = "How long a client may take to send a body."},
    {"ONRECORD_ANSWER_TIMEOUT_S", "answer-timeout-s", "S", SETTING_NUMBER, MEMBER(answer_timeout_s), "60", 1, 3600,
     .help = "How long a client may take to receive an answer."},
    {"ONRECORD_IDLE_TIMEOUT_S", "idle-timeout-s", "S", SETTING_NUMBER, MEMBER(idle_timeout_s), "60", 1, 3600,
     .help = "How long a connection is kept without a request."},
    {"ONRECORD_DRAIN_TIMEOUT_S", "drain-timeout-s", "S", SETTING_NUMBER, MEMBER(drain_timeout_s), "10", 0, 3600,
     .help = "How long requests under way may still take after SIGTERM."},
    {"ONRECORD_LOG_LEVEL", "log-level", "LEVEL", SETTING_CHOICE, MEMBER(log_level), "info", .choices = level_choices,
     .help = "The least level that is logged: debug, info, warning or error."},
    {"ONRECORD_LOG_FORMAT", "log-format", "FORMAT", SETTING_CHOICE, MEMBER(log_format), "auto",
     .choices = format_choices, .help = "json, text, or auto: text on a terminal, else JSON."},
    {"ONRECORD_LOG_REQUESTS", "log-requests", "0|1", SETTING_FLAG, MEMBER(log_requests), "0",
     .help = "Log a line for each request."},
};

enum { SETTING_COUNT = sizeof settings / sizeof settings[0] };

const Setting *config_settings(int *count) {
    *count = SETTING_COUNT;
    return settings;
}

bool config_keeps_answers(const Config *config) {
    return config->cache_mb > 0 && config->reads == READS_OPEN;
}

/* --- the table as text ----------------------------------------------------------------------------------------------
 */

/* Prints `text` in lines of at most `width` columns, each after `indent` spaces. */
static void print_wrapped(const char *text, int indent, int width) {
    while (*text) {
        size_t length = strlen(text);
        if (length > (size_t)(width - indent)) {
            length = (size_t)(width - indent);
            while (length > 0 && text[length] != ' ')
                length--;
        }
        printf("%*s%.*s\n", indent, "", (int)length, text);
        text += length;
        text += strspn(text, " ");
    }
}

void config_help(void) {
    printf("Settings, each an option or an environment variable; the option wins:\n\n");
    for (int i = 0; i < SETTING_COUNT; i++) {
        const Setting *setting = &settings[i];
        if (setting->option)
            printf("  --%s %s, %s", setting->option, setting->argument, setting->env);
        else
            printf("  %s, or a file that holds it: %s_FILE", setting->env, setting->env);
        if (setting->fallback && setting->fallback[0] != '\0')
            printf("  [%s]", setting->fallback);
        printf("\n");
        print_wrapped(setting->help, 8, 110);
    }
}

void config_markdown(void) {
    printf("| variable | option | default | |\n|---|---|---|---|\n");
    for (int i = 0; i < SETTING_COUNT; i++) {
        const Setting *setting = &settings[i];
        printf("| `%s`", setting->env);
        if (setting->option)
            printf(" | `--%s`", setting->option);
        else
            printf(", `%s_FILE` |", setting->env);
        if (setting->fallback && setting->fallback[0] != '\0')
            printf(" | `%s`", setting->fallback);
        else
            printf(" |");
        printf(" | %s |\n", setting->help);
    }
}
