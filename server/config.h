/* config.h: one table of settings: name, environment variable, default, check and help. `--help` and docs come from it.
 *
 * A setting comes from the command line (`--listen HOST:PORT`), else from its environment variable, else, for a secret,
 * from the file that `<VARIABLE>_FILE` names, else from its default. Secrets cannot be given on the command line. */
#ifndef ONRECORD_CONFIG_H
#define ONRECORD_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

typedef enum Reads { READS_OPEN, READS_KEY } Reads;

typedef struct Config {
    const char *listen;       /* ONRECORD_LISTEN, 127.0.0.1:8080; [::1]:8080 works; port 0: any free one */
    const char *data_dir;     /* ONRECORD_DATA_DIR */
    const char *database_url; /* DATABASE_URL; "" with PGHOST or PGSERVICE set: libpq's own variables */
    bool database_embedded;   /* nothing names a database: run our own */
    const char *migrate_url;  /* ONRECORD_MIGRATE_URL: the owner's role; "" : database_url */
    bool auto_migrate;        /* ONRECORD_AUTO_MIGRATE (always on for the embedded database) */
    bool seed;                /* ONRECORD_SEED, 1 */
    const char *admin_key;    /* ONRECORD_ADMIN_KEY: a secret; this key is made when it is not there */
    const char *public_url;   /* ONRECORD_PUBLIC_URL */
    const char *cors_origins; /* ONRECORD_CORS_ORIGINS: comma-separated, `*`, or "" for the default */
    Reads reads;              /* ONRECORD_READS: open, key */
    bool if_match_required;   /* ONRECORD_IF_MATCH_REQUIRED */
    int idempotency_kept_s;   /* ONRECORD_IDEMPOTENCY_KEPT_S */
    int workers;              /* ONRECORD_WORKERS: default CPUs of the cgroup, 4 at most */
    int db_connections_max;   /* ONRECORD_DB_CONNECTIONS_MAX: in total: lanes, watch, log of changes */
    int connections_max;      /* ONRECORD_CONNECTIONS_MAX: clients, in total */
    int queue_max;            /* ONRECORD_QUEUE_MAX: batches waiting per lane and worker */
    int slow_queue_max;       /* ONRECORD_SLOW_QUEUE_MAX: the same of lanes for what takes its time */
    int cache_mb;             /* ONRECORD_CACHE_MB: memory for kept answers, of all workers; 0: none are kept */
    int gather_max;           /* ONRECORD_GATHER_MAX: reads of single records, or creates, sent as one */
    int body_max;             /* ONRECORD_BODY_MAX: bytes of a JSON body */
    int quick_timeout_ms;     /* ONRECORD_QUICK_TIMEOUT_MS */
    int slow_timeout_ms;      /* ONRECORD_SLOW_TIMEOUT_MS */
    int cascade_timeout_s;    /* ONRECORD_CASCADE_TIMEOUT_S */
    int exports_max;          /* ONRECORD_EXPORTS_MAX: under way at a time, per worker */
    int listeners_max;        /* ONRECORD_LISTENERS_MAX: of the change feed, per worker */
    int heartbeat_s;          /* ONRECORD_HEARTBEAT_S: to a listener for whom there is nothing */
    int changes_days;         /* ONRECORD_CHANGES_DAYS: how long the log of changes is kept; 0: for ever */
    int revisions_days;       /* ONRECORD_REVISIONS_DAYS: the same of former versions */
    int export_timeout_s;     /* ONRECORD_EXPORT_TIMEOUT_S: for the whole of one */
    int export_rate_min;      /* ONRECORD_EXPORT_RATE_MIN: bytes a second that its client takes at the least */
    int uploads_max;          /* ONRECORD_UPLOADS_MAX: under way at a time, per worker */
    int upload_rate_min;      /* ONRECORD_UPLOAD_RATE_MIN: bytes a second that its client sends at the least */
    int header_timeout_s;     /* ONRECORD_HEADER_TIMEOUT_S: to send all headers */
    int body_timeout_s;       /* ONRECORD_BODY_TIMEOUT_S: to send a body */
    int answer_timeout_s;     /* ONRECORD_ANSWER_TIMEOUT_S: to take an answer */
    int idle_timeout_s;       /* ONRECORD_IDLE_TIMEOUT_S: keep-alive without a request */
    int drain_timeout_s;      /* ONRECORD_DRAIN_TIMEOUT_S: after SIGTERM */
    const char *log_level;    /* ONRECORD_LOG_LEVEL: debug, info, warning, error */
    const char *log_format;   /* ONRECORD_LOG_FORMAT: auto, json, text */
    bool log_requests;        /* ONRECORD_LOG_REQUESTS: a line a request */
} Config;

typedef enum SettingType {
    SETTING_TEXT,
    SETTING_SECRET, /* from the environment or a file, never from the command line; never printed */
    SETTING_FLAG,   /* 1, true, yes, on; 0, false, no, off */
    SETTING_NUMBER, /* a whole number from `min` to `max` */
    SETTING_CHOICE, /* one of `choices`, kept as text */
    SETTING_ORDINAL /* one of `choices`, kept as its index: an enum */
} SettingType;

typedef struct Setting {
    const char *env;
    const char *option;   /* without the dashes; NULL: none, since it is a secret */
    const char *argument; /* "HOST:PORT", for --help */
    SettingType type;
    size_t offset;        /* of its member in Config */
    const char *fallback; /* the default; NULL: worked out when the program starts, as `help` says */
    int min, max;
    const char *const *choices; /* ended by NULL */
    /* A phrase saying what is allowed, or NULL when `value` is fine. */
    const char *(*check)(const char *value);
    const char *help;
} Setting;

/* All settings, in the order of their help. */
const Setting *config_settings(int *count);

/* Whether answers are kept to be given again. What needs a key never is. */
bool config_keeps_answers(const Config *config);

/* Fills `config` from arguments (argv[1] on) and environment. False with a sentence in `fault` naming the setting and
 * what is allowed. Texts live in the arena. Secrets are wiped from the environment, so that neither /proc nor a child
 * process shows them. */
bool config_load(Config *config, Arena *arena, int argc, char **argv, const char **fault);

/* Logs a warning for each environment variable that begins with ONRECORD_ and is no setting, with the nearest name. */
void config_warn(void);

/* The table as help text, and as Markdown rows for docs/settings.md, on standard output. */
void config_help(void);
void config_markdown(void);

/* The one of `names` (ended by NULL) that `name` is most likely a misspelling of; NULL when none is near. */
const char *config_nearest(const char *name, const char *const *names);

/* The role that the server's own connection string names, or NULL. */
const char *config_server_role(const Config *config, Arena *arena);

#endif
