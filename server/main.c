/* main.c: the command line. Each command is a function of commands.h. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/version.h"
#include "commands.h"

typedef struct Command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} Command;

static int command_version(int argc, char **argv);
static int command_help(int argc, char **argv);

static const Command commands[] = {
    {"serve", command_serve, "serve the record over HTTP; with no database named, on a PostgreSQL of its own"},
    {"migrate", command_migrate, "bring the database's schema up to date"},
    {"backup", command_backup, "write all that is on record to a file"},
    {"restore", command_restore, "put a backup into a database"},
    {"key", command_key, "make, list, revoke and rotate API keys"},
    {"changes", command_changes, "print the log of changes, and follow it"},
    {"import", command_import, "read records from a file, a line each, into the database"},
    {"export", command_export, "write the records of a resource to a file, a line each"},
    {"health", command_health, "ask a running server whether it is ready; for container health checks"},
    {"describe", command_describe, "print resources, endpoints and settings as JSON"},
    {"version", command_version, "print the version"},
    {"help", command_help, "print this"},
};

enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static int command_version(int argc, char **argv) {
    (void)argc, (void)argv;
    printf("onrecord %s\n", ONRECORD_VERSION);
    return EXIT_DONE;
}

static int command_help(int argc, char **argv) {
    (void)argc, (void)argv;
    printf("OnRecord keeps the public record and serves it as a REST API.\n\nUsage: onrecord COMMAND [OPTION...]\n\n");
    for (int i = 0; i < COMMAND_COUNT; i++)
        printf("  %-9s %s\n", commands[i].name, commands[i].help);
    printf("\n`onrecord COMMAND --help` says more of each.\n");
    return EXIT_DONE;
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    const char *name = argc > 1 ? argv[1] : NULL;
    if (!name) {
        command_help(0, NULL);
        return EXIT_MISUSED;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    if (strcmp(name, "--version") == 0)
        name = "version";
    const char *names[COMMAND_COUNT + 1] = {NULL};
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return commands[i].run(argc - 1, argv + 1);
        names[i] = commands[i].name;
    }
    const char *nearest = config_nearest(name, names);
    if (nearest)
        return command_fault(EXIT_MISUSED, "there is no command \"%s\". Did you mean `onrecord %s`?", name, nearest);
    return command_fault(EXIT_MISUSED, "there is no command \"%s\". `onrecord help` lists all.", name);
}
