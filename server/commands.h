/* commands.h: what `onrecord <command>` does. main.c chooses; each answers the exit code: 0 done, 1 failed, 2 misused.
 */
#ifndef ONRECORD_COMMANDS_H
#define ONRECORD_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "config.h"
#include "db/embedded.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_MISUSED = 2 };

/* argv[0] is the command's own name. */
int command_serve(int argc, char **argv);
int command_migrate(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_restore(int argc, char **argv);
int command_key(int argc, char **argv);
int command_changes(int argc, char **argv);
int command_health(int argc, char **argv);
int command_describe(int argc, char **argv);
int command_import(int argc, char **argv);
int command_export(int argc, char **argv);

/* Prints a sentence to standard error, behind the program's name, and answers `code`. */
int command_fault(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True when one of the arguments is --help or -h. */
bool command_wants_help(int argc, char **argv);

/* What a command takes beside settings: an option with a value, an option without (`flag`), or a word. */
typedef struct CommandOption {
    const char *name; /* "--since"; a word: "FILE" */
    const char **value;
    bool *flag;
} CommandOption;

/* Takes those out of argv, words in their order; what is left are settings. False with a message printed. The table
 * ends with a NULL name. */
bool command_options(const CommandOption *options, Arena *arena, int *argc, char **argv);

/* config_load and log_init. False with a message printed. */
bool command_config(Config *config, Arena *arena, int argc, char **argv);

/* The connection string of the database that a command is about: the setting's, else that of the server which runs on
 * the data folder. NULL with a message printed. */
const char *command_database(const Config *config, Arena *arena);

/* A database for a command beside `serve`: the one that the settings name (`named`: with which role); else the embedded
 * one, of the server that runs there, or started for the while. False with a message printed; to be closed in either
 * case. */
typedef struct CommandDatabase {
    const char *conninfo;
    char running[1024];
    Embedded *embedded; /* NULL: not started here */
    int lock;
} CommandDatabase;
bool database_open(CommandDatabase *database, const Config *config, const char *named);
void database_close(CommandDatabase *database);

/* For a command that reads or writes records: brings the schema of one that was started here up to date. False, with a
 * message printed, where the schema is not as it must be. */
bool database_check(const CommandDatabase *database, Arena *arena, const Config *config);

/* The data folder, for one process at a time. `folder_lock` makes the folder when there is none and answers a
 * descriptor to keep open, -1 with a sentence in `fault`: another server runs there, or the folder cannot be made. */
int folder_lock(const char *data_dir, char *fault, size_t fault_size);

/* The first API key, kept in `<data_dir>/api-key` (mode 0600). Makes file and key where they are not there. False with
 * a sentence in `fault`. */
bool first_key_ensure(Arena *arena, const Config *config, const char *conninfo, const char **fault);
const char *first_key_path(Arena *arena, const Config *config);

#endif
