#include "commands.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"

enum { CONNINFO_SIZE = 1024 };

int command_fault(int code, const char *format, ...) {
    fputs("onrecord: ", stderr);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\n", stderr);
    return code;
}

bool command_wants_help(int argc, char **argv) {
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

/* The option of that name, or, for a word, the first that has no value yet; NULL: none. */
static const CommandOption *option_find(const CommandOption *options, const char *name) {
    bool word = name[0] != '-' || name[1] != '-';
    while (options->name != NULL && (word ? options->value == NULL || options->name[0] == '-' || *options->value != NULL
                                          : strcmp(options->name, name) != 0))
        options++;
    return options->name != NULL ? options : NULL;
}

static bool option_fault(const char *command, const char *what, const char *detail) {
    command_fault(EXIT_MISUSED, "%s %s. `onrecord %s --help` says more.", what, detail, command);
    return false;
}

bool command_options(const CommandOption *options, Arena *arena, int *argc, char **argv) {
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        bool word = strncmp(argv[i], "--", 2) != 0;
        char *equals = word ? NULL : strchr(argv[i], '=');
        const char *name = equals != NULL ? arena_strndup(arena, argv[i], (size_t)(equals - argv[i])) : argv[i];
        const CommandOption *option = option_find(options, name);
        if (option == NULL && word)
            return option_fault(argv[0], arena_printf(arena, "\"%s\"", name), "is one word too many");
        if (option != NULL && !word && option->value != NULL && equals == NULL && i + 1 == *argc)
            return option_fault(argv[0], name, "needs a value");
        if (option != NULL && option->flag != NULL && equals != NULL)
            return option_fault(argv[0], name, "takes no value");
        if (option == NULL) {
            argv[kept++] = argv[i];
            if (equals == NULL && i + 1 < *argc)
                argv[kept++] = argv[++i];
        } else if (option->flag != NULL) {
            *option->flag = true;
        } else if (option->value != NULL) {
            *option->value = word ? argv[i] : equals != NULL ? equals + 1 : argv[++i];
        }
    }
    *argc = kept;
    return true;
}

bool command_config(Config *config, Arena *arena, int argc, char **argv) {
    const char *fault;
    if (!config_load(config, arena, argc, argv, &fault)) {
        command_fault(EXIT_MISUSED, "%s", fault);
        return false;
    }
    if (log_init(config->log_level, config->log_format))
        return true;
    command_fault(EXIT_MISUSED, "the log cannot be set up");
    return false;
}

const char *command_database(const Config *config, Arena *arena) {
    if (!config->database_embedded)
        return config->database_url;
    char *conninfo = arena_alloc(arena, CONNINFO_SIZE);
    if (embedded_running(config->data_dir, conninfo, CONNINFO_SIZE))
        return conninfo;
    command_fault(EXIT_FAILED,
                  "no server runs on the data folder %s. Start one (`onrecord serve`), or name another folder with "
                  "ONRECORD_DATA_DIR, or a database with DATABASE_URL.",
                  config->data_dir);
    return NULL;
}
