/* config_load.c: fills a Config from the command line and the environment. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/log.h"
#include "base/machine.h"
#include "config.h"
#include "db/batch.h"

enum { SECRET_FILE_MAX = 65536, WORKERS_DEFAULT_MAX = 4, NAME_MAX_LENGTH = 63 };

/* --- one value ------------------------------------------------------------------------------------------------------
 */

static void store_text(const Setting *setting, Config *config, const char *value) {
    *(const char **)(void *)((char *)config + setting->offset) = value;
}

static void store_int(const Setting *setting, Config *config, int value) {
    *(int *)(void *)((char *)config + setting->offset) = value;
}

static bool parse_flag(const char *value, bool *flag) {
    static const char *const words[] = {"0", "1", "false", "true", "no", "yes", "off", "on"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(value, words[i]) == 0) {
            *flag = i % 2 == 1;
            return true;
        }
    }
    return false;
}

static int choice_index(const Setting *setting, const char *value) {
    for (int i = 0; setting->choices[i]; i++)
        if (strcmp(value, setting->choices[i]) == 0)
            return i;
    return -1;
}

/* What the setting allows, when `value` is none of that; NULL when it was stored. */
static const char *store(const Setting *setting, Config *config, Arena *arena, const char *value) {
    const char *allowed = setting->check ? setting->check(value) : NULL;
    if (allowed)
        return allowed;
    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_SECRET:
        store_text(setting, config, arena_strdup(arena, value));
        return NULL;
    case SETTING_FLAG:
        return parse_flag(value, (bool *)(void *)((char *)config + setting->offset))
                   ? NULL
                   : "1 or 0 (or true, false, yes, no, on, off)";
    case SETTING_CHOICE:
    case SETTING_ORDINAL: {
        int index = choice_index(setting, value);
        if (index < 0)
            break;
        if (setting->type == SETTING_CHOICE)
            store_text(setting, config, setting->choices[index]);
        else
            store_int(setting, config, index);
        return NULL;
    }
    case SETTING_NUMBER: {
        char *end;
        errno = 0;
        long number = strtol(value, &end, 10);
        bool digits = value[0] >= '0' && value[0] <= '9' && *end == '\0';
        if (!digits || errno || number < setting->min || number > setting->max)
            return arena_printf(arena, "a whole number from %d to %d", setting->min, setting->max);
        store_int(setting, config, (int)number);
        return NULL;
    }
    }
    const char *list = setting->choices[0];
    for (int i = 1; setting->choices[i]; i++)
        list = arena_printf(arena, "%s%s%s", list, setting->choices[i + 1] ? ", " : " or ", setting->choices[i]);
    return list;
}

/* "" is the default of a secret, and stands for none; it would not pass the check of one that is given. */
static const char *store_default(const Setting *setting, Config *config, Arena *arena) {
    if (setting->type != SETTING_SECRET)
        return store(setting, config, arena, setting->fallback);
    store_text(setting, config, setting->fallback);
    return NULL;
}

/* Takes `value`, which came from `origin` (a variable, a file or an option). A secret's value is never repeated. */
static const char *take(const Setting *setting, Config *config, Arena *arena, const char *value, const char *origin) {
    const char *allowed = store(setting, config, arena, value);
    if (!allowed)
        return NULL;
    if (setting->type == SETTING_SECRET)
        return arena_printf(arena, "%s has a value that it cannot have. Allowed: %s.", origin, allowed);
    return arena_printf(arena, "%s cannot be \"%s\". Allowed: %s.", origin, value, allowed);
}

/* --- misspelled names -----------------------------------------------------------------------------------------------
 */

/* How many letters must be put in, left out or exchanged to make one of the other. Longer names are cut. */
static size_t edit_distance(const char *a, const char *b) {
    size_t row[NAME_MAX_LENGTH + 1];
    size_t width = strnlen(b, NAME_MAX_LENGTH);
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 0; i < NAME_MAX_LENGTH && a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < width; j++) {
            size_t best = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            if (row[j + 1] + 1 < best)
                best = row[j + 1] + 1;
            if (row[j] + 1 < best)
                best = row[j] + 1;
            row[j + 1] = best;
        }
    }
    return row[width];
}

const char *config_nearest(const char *name, const char *const *names) {
    const char *nearest = NULL;
    size_t least = strlen(name) / 2 + 1; /* farther than that it is another word */
    for (; *names; names++) {
        size_t distance = edit_distance(name, *names);
        if (distance < least) {
            least = distance;
            nearest = *names;
        }
    }
    return nearest;
}

/* The names of all settings, as variables or as options. */
static const char *const *setting_names(Arena *arena, bool options) {
    int count, used = 0;
    const Setting *all = config_settings(&count);
    const char **names = arena_calloc(arena, (size_t)count + 1, sizeof *names);
    for (int i = 0; i < count; i++) {
        const char *name = options ? all[i].option : all[i].env;
        if (name)
            names[used++] = name;
    }
    return names;
}

static bool is_setting(const char *variable, size_t length) {
    static const char file[] = "_FILE";
    int count;
    const Setting *all = config_settings(&count);
    for (int i = 0; i < count; i++) {
        size_t known = strlen(all[i].env);
        if (length < known || strncmp(variable, all[i].env, known) != 0)
            continue;
        if (length == known)
            return true;
        if (all[i].type == SETTING_SECRET && length == known + strlen(file) &&
            !strncmp(variable + known, file, strlen(file)))
            return true;
    }
    return false;
}

void config_warn(void) {
    Arena *arena = arena_new();
    const char *const *names = setting_names(arena, false);
    for (char **entry = environ; *entry; entry++) {
        size_t length = strcspn(*entry, "=");
        if (strncmp(*entry, "ONRECORD_", 9) != 0 || is_setting(*entry, length))
            continue;
        const char *name = arena_strndup(arena, *entry, length);
        const char *nearest = config_nearest(name, names);
        log_event(LOG_WARNING, "an environment variable is no setting and was ignored", "variable", name,
                  nearest ? "nearest" : "help", nearest ? nearest : "onrecord serve --help", NULL);
    }
    arena_free(arena);
}

/* --- where values come from -----------------------------------------------------------------------------------------
 */

/* The content of a secret's file without its closing line ends. NULL with a sentence in `fault`. */
static const char *read_secret(Arena *arena, const char *variable, const char *path, const char **fault) {
    FILE *file = fopen(path, "re");
    if (!file) {
        *fault =
            arena_printf(arena, "%s names the file %s, which cannot be read: %s.", variable, path, strerror(errno));
        return NULL;
    }
    char *text = arena_alloc(arena, SECRET_FILE_MAX + 1);
    size_t length = fread(text, 1, SECRET_FILE_MAX, file);
    bool whole = !ferror(file) && feof(file);
    fclose(file);
    while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
        length--;
    text[length] = '\0';
    if (whole && length > 0 && strlen(text) == length)
        return text;
    *fault = arena_printf(arena, "%s names the file %s, which should hold one line of text.", variable, path);
    return NULL;
}

/* Takes a setting from its variable, or from the file that `<VARIABLE>_FILE` names. An empty variable is as good as
 * none: that is what a compose file makes of one that is not set. */
static const char *take_environment(const Setting *setting, Config *config, Arena *arena) {
    char *given = getenv(setting->env);
    const char *value = given && given[0] != '\0' ? given : NULL;
    const char *origin = setting->env;
    const char *fault = NULL;
    if (setting->type == SETTING_SECRET) {
        const char *variable = arena_printf(arena, "%s_FILE", setting->env);
        const char *path = getenv(variable);
        if (path && path[0] != '\0') {
            if (value)
                return arena_printf(arena, "Both %s and %s are set; set one of them.", setting->env, variable);
            value = read_secret(arena, variable, path, &fault);
            if (!value)
                return fault;
            origin = variable;
        }
    }
    if (value)
        fault = take(setting, config, arena, value, origin);
    if (given && setting->type == SETTING_SECRET) {
        explicit_bzero(given, strlen(given));
        unsetenv(setting->env);
    }
    return fault;
}

/* The setting of an option, `name` without its dashes. NULL with a sentence in `fault`. */
static const Setting *find_option(Arena *arena, const char *name, const char **fault) {
    int count;
    const Setting *all = config_settings(&count);
    for (int i = 0; i < count; i++)
        if (all[i].option && strcmp(all[i].option, name) == 0)
            return &all[i];
    for (int i = 0; i < count; i++) {
        const char *words = strncmp(all[i].env, "ONRECORD_", 9) == 0 ? all[i].env + 9 : all[i].env;
        char *option = arena_strdup(arena, words);
        for (char *c = option; *c; c++)
            *c = *c == '_' ? '-' : (char)(*c | 0x20);
        if (!all[i].option && strcmp(option, name) == 0) {
            *fault =
                arena_printf(arena,
                             "--%s: a secret on the command line could be read by every user of this machine. Set %s, "
                             "or %s_FILE to a file that holds it.",
                             name, all[i].env, all[i].env);
            return NULL;
        }
    }
    const char *nearest = config_nearest(name, setting_names(arena, true));
    *fault = nearest ? arena_printf(arena, "There is no option --%s. Did you mean --%s?", name, nearest)
                     : arena_printf(arena, "There is no option --%s. `onrecord serve --help` lists all.", name);
    return NULL;
}

static const char *take_arguments(Config *config, Arena *arena, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--", 2) != 0 || argv[i][2] == '\0')
            return arena_printf(arena, "\"%s\" is not an option. `onrecord serve --help` lists all.", argv[i]);
        const char *fault = NULL;
        const char *name = argv[i] + 2;
        const char *equals = strchr(name, '=');
        const char *value = equals ? equals + 1 : NULL;
        if (equals)
            name = arena_strndup(arena, name, (size_t)(equals - name));
        const Setting *setting = find_option(arena, name, &fault);
        if (!setting)
            return fault;
        if (!value && i + 1 == argc)
            return arena_printf(arena, "--%s needs a value: --%s %s.", name, name, setting->argument);
        if (!value)
            value = argv[++i];
        fault = take(setting, config, arena, value, arena_printf(arena, "--%s", name));
        if (fault)
            return fault;
    }
    return NULL;
}

/* --- defaults that are worked out -----------------------------------------------------------------------------------
 */

static bool is_set(const char *variable) {
    const char *value = getenv(variable);
    return value && value[0] != '\0';
}

static const char *default_data_dir(Arena *arena) {
    if (geteuid() == 0)
        return "/var/lib/onrecord";
    if (is_set("XDG_STATE_HOME"))
        return arena_printf(arena, "%s/onrecord", getenv("XDG_STATE_HOME"));
    if (is_set("HOME"))
        return arena_printf(arena, "%s/.local/state/onrecord", getenv("HOME"));
    return NULL;
}

/* What depends on other settings and on the machine. */
static const char *complete(Config *config, Arena *arena) {
    if (!config->data_dir || config->data_dir[0] == '\0')
        config->data_dir = default_data_dir(arena);
    if (!config->data_dir)
        return "ONRECORD_DATA_DIR is not set, and there is no HOME to put the data folder into. Set one of them.";
    if (config->data_dir[0] != '/') {
        char *here = getcwd(NULL, 0);
        config->data_dir = arena_printf(arena, "%s/%s", here ? here : "", config->data_dir);
        free(here);
    }
    if (config->workers == 0) {
        int cpus = machine_cpus();
        config->workers = cpus < WORKERS_DEFAULT_MAX ? cpus : WORKERS_DEFAULT_MAX;
    }
    int least = config->workers * LANE_COUNT + 2;
    if (config->db_connections_max < least)
        return arena_printf(
            arena,
            "ONRECORD_DB_CONNECTIONS_MAX is %d; %d workers need at least %d (%d each, and two in common). "
            "Raise it, or lower ONRECORD_WORKERS.",
            config->db_connections_max, config->workers, least, LANE_COUNT);
    size_t length = strlen(config->public_url);
    while (length > 0 && config->public_url[length - 1] == '/')
        length--;
    config->public_url = arena_strndup(arena, config->public_url, length);
    config->database_embedded =
        config->database_url[0] == '\0' && !is_set("PGHOST") && !is_set("PGHOSTADDR") && !is_set("PGSERVICE");
    if (config->database_embedded && config->migrate_url[0] != '\0')
        return "ONRECORD_MIGRATE_URL is set, but no database for the server itself. Set DATABASE_URL.";
    if (config->migrate_url[0] == '\0')
        config->migrate_url = config->database_url;
    return NULL;
}

bool config_load(Config *config, Arena *arena, int argc, char **argv, const char **fault) {
    memset(config, 0, sizeof *config);
    int count;
    const Setting *all = config_settings(&count);
    *fault = NULL;
    for (int i = 0; i < count && !*fault; i++)
        if (all[i].fallback)
            *fault = store_default(&all[i], config, arena);
    for (int i = 0; i < count && !*fault; i++)
        *fault = take_environment(&all[i], config, arena);
    if (!*fault)
        *fault = take_arguments(config, arena, argc, argv);
    if (!*fault)
        *fault = complete(config, arena);
    return !*fault;
}

/* --- the server's role ----------------------------------------------------------------------------------------------
 */

static int hex_digit(char c) {
    const char *digits = "0123456789abcdef";
    const char *found = c ? strchr(digits, c | 0x20) : NULL;
    return found && (c | 0x20) == *found ? (int)(found - digits) : -1;
}

static const char *percent_plain(Arena *arena, const char *text, size_t length) {
    char *plain = arena_strndup(arena, text, length);
    char *out = plain;
    for (const char *in = plain; *in; in++) {
        int high = in[0] == '%' ? hex_digit(in[1]) : -1;
        int low = high >= 0 ? hex_digit(in[2]) : -1;
        if (low >= 0)
            in += 2;
        *out++ = low >= 0 ? (char)(high * 16 + low) : *in;
    }
    *out = '\0';
    return plain;
}

/* `postgresql://user:password@host/database?user=...` */
static const char *role_of_uri(Arena *arena, const char *uri) {
    const char *authority = strstr(uri, "://") + 3;
    const char *query = strchr(authority, '?');
    for (const char *part = query; part; part = strchr(part, '&')) {
        part++;
        if (strncmp(part, "user=", 5) == 0)
            return percent_plain(arena, part + 5, strcspn(part + 5, "&"));
    }
    size_t before_path = strcspn(authority, "/?");
    const char *at = memchr(authority, '@', before_path);
    if (!at)
        return NULL;
    size_t length = strcspn(authority, ":@");
    return length > 0 ? percent_plain(arena, authority, length) : NULL;
}

/* One value of `name = value` pairs; it may stand in single quotes, with a backslash before a quote or backslash. */
static const char *next_value(Buffer *value, const char *text) {
    bool quoted = *text == '\'';
    text += quoted;
    for (; *text && !(quoted ? *text == '\'' : strchr(" \t\r\n", *text) != NULL); text++) {
        if (*text == '\\' && text[1])
            text++;
        buffer_add_char(value, *text);
    }
    return *text ? text + 1 : text;
}

static const char *role_of_pairs(Arena *arena, const char *text) {
    static const char space[] = " \t\r\n";
    const char *role = NULL;
    while (*(text += strspn(text, space))) {
        size_t name = strcspn(text, " \t\r\n=");
        const char *after = text + name + strspn(text + name, space);
        if (*after != '=')
            break;
        after += 1 + strspn(after + 1, space);
        Buffer value = buffer_new(arena, 0);
        bool is_user = name == 4 && strncmp(text, "user", 4) == 0;
        text = next_value(&value, after);
        if (is_user)
            role = value.data;
    }
    return role;
}

const char *config_server_role(const Config *config, Arena *arena) {
    const char *url = config->database_url;
    const char *role = NULL;
    if (strncmp(url, "postgresql://", 13) == 0 || strncmp(url, "postgres://", 11) == 0)
        role = role_of_uri(arena, url);
    else
        role = role_of_pairs(arena, url);
    if (role && role[0] != '\0')
        return role;
    return is_set("PGUSER") ? getenv("PGUSER") : NULL;
}
