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
