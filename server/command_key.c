/* command_key.c: `onrecord key`: makes, lists, revokes and rotates API keys, beside a running server or not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/moment.h"
#include "commands.h"
#include "db/keys.h"

enum { KEY_RANDOM = 32, KEY_NAME_MAX = 100 };

typedef struct KeyRequest {
    const char *action;
    const char *name;
    const char *scope;
    const char *expires;
    const char *grace;
    bool json;
    Config config;
} KeyRequest;

static int key_help(void) {
    printf(
        "Usage: onrecord key create NAME --scope read|write|admin [--expires 90d]\n"
        "       onrecord key list [--json]\n"
        "       onrecord key revoke NAME\n"
        "       onrecord key rotate NAME [--grace 24h]\n"
        "       onrecord key generate\n\n"
        "create and rotate print the key, once: only a hash of it is stored. A server takes notice of a change within a\n"
        "second. rotate gives NAME a new key; the old one goes on working for the time of --grace (default: none).\n"
        "generate prints a random key and stores nothing: a secret for ONRECORD_ADMIN_KEY_FILE.\n"
        "Times are numbers with s, m, h, d or w: 90d. Scopes: write includes read, admin includes both.\n\n"
        "The database is that of DATABASE_URL (or PGHOST, PGSERVICE), else that of the server which runs on the data\n"
        "folder (ONRECORD_DATA_DIR, --data-dir).\n");
    return EXIT_DONE;
}

/* Seconds of "90d"; false when it is no duration of at most ten years. */
static bool duration_parse(const char *text, int64_t *seconds) {
    static const char units[] = "smhdw";
    static const int64_t factors[] = {1, 60, 3600, 86400, 604800};
    static const int64_t longest = 3653LL * 86400;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9)
        return false;
    *seconds = strtoll(text, NULL, 10);
    if (*seconds == 0 && text[digits] == '\0')
        return true;
    const char *unit = text[digits] != '\0' && text[digits + 1] == '\0' ? strchr(units, text[digits]) : NULL;
    if (!unit)
        return false;
    *seconds *= factors[unit - units];
    return *seconds <= longest;
}

static int key_done(bool done, const char *fault) {
    return done ? EXIT_DONE : command_fault(EXIT_FAILED, "%s", fault);
}

static int key_make(const KeyRequest *request, Arena *arena) {
    Scope scope;
    if (!request->scope || !scope_parse(request->scope, &scope))
        return command_fault(EXIT_MISUSED, "--scope must be read, write or admin.");
    int64_t seconds = 0;
    int64_t expires_us = INT64_MAX;
    if (request->expires) {
        if (!duration_parse(request->expires, &seconds) || seconds == 0)
            return command_fault(EXIT_MISUSED,
                                 "--expires must be a time such as 90d (s, m, h, d, w; ten years at most).");
        expires_us = clock_wall_us() + seconds * 1000000;
    }
    const char *conninfo = command_database(&request->config, arena);
    if (!conninfo)
        return EXIT_FAILED;
    char text[KEY_TEXT];
    const char *fault = "";
    bool done = key_create(arena, conninfo, request->name, scope, expires_us, text, &fault);
    if (done)
        printf("%s\n", text);
    return key_done(done, fault);
}

static int key_renew(const KeyRequest *request, Arena *arena) {
    int64_t grace = 0;
    if (request->grace && !duration_parse(request->grace, &grace))
        return command_fault(EXIT_MISUSED, "--grace must be a time such as 24h (s, m, h, d, w), or 0.");
    const char *conninfo = command_database(&request->config, arena);
    if (!conninfo)
        return EXIT_FAILED;
    char text[KEY_TEXT];
    const char *fault = "";
    bool done = key_rotate(arena, conninfo, request->name, grace, text, &fault);
    if (done)
        printf("%s\n", text);
    return key_done(done, fault);
}

static int key_end(const KeyRequest *request, Arena *arena) {
    const char *conninfo = command_database(&request->config, arena);
    const char *fault = "";
    if (!conninfo)
        return EXIT_FAILED;
    bool done = key_revoke(arena, conninfo, request->name, &fault);
    return key_done(done, fault);
}

static int key_print(const KeyRequest *request, Arena *arena) {
    const char *conninfo = command_database(&request->config, arena);
    const char *fault = "";
    if (!conninfo)
        return EXIT_FAILED;
    bool done = key_list(arena, conninfo, request->json, &fault);
    return key_done(done, fault);
}

static int key_generate(const KeyRequest *request, Arena *arena) {
    (void)request;
    uint8_t random[KEY_RANDOM];
    random_bytes(random, sizeof random);
    printf("onr_%s\n", base64url_encode(arena, random, sizeof random));
    return EXIT_DONE;
}

typedef struct KeyAction {
    const char *name;
    bool named; /* takes the name of a key */
    int (*run)(const KeyRequest *request, Arena *arena);
} KeyAction;

static const KeyAction actions[] = {
    {"create", true, key_make},  {"list", false, key_print},        {"revoke", true, key_end},
    {"rotate", true, key_renew}, {"generate", false, key_generate},
};

enum { ACTION_COUNT = sizeof actions / sizeof actions[0] };

static int key_run(const KeyRequest *request, Arena *arena) {
    const char *names[ACTION_COUNT + 1] = {NULL};
    for (int i = 0; i < ACTION_COUNT; i++) {
        names[i] = actions[i].name;
        if (strcmp(actions[i].name, request->action) != 0)
            continue;
        if (actions[i].named != (request->name != NULL))
            return command_fault(EXIT_MISUSED, "`onrecord key %s` takes %s.", request->action,
                                 actions[i].named ? "the NAME of a key" : "no name");
        if (request->name && (request->name[0] == '\0' || strlen(request->name) > KEY_NAME_MAX))
            return command_fault(EXIT_MISUSED, "a key's name has 1 to %d bytes.", KEY_NAME_MAX);
        return actions[i].run(request, arena);
    }
    const char *nearest = config_nearest(request->action, names);
    return command_fault(EXIT_MISUSED, "there is no `onrecord key %s`. %s%s%s", request->action,
                         nearest ? "Did you mean `onrecord key " : "`onrecord key --help", nearest ? nearest : "",
                         nearest ? "`?" : "` lists what there is.");
}

int command_key(int argc, char **argv) {
    if (command_wants_help(argc, argv))
        return key_help();
    Arena *arena = arena_new();
    KeyRequest request = {.name = NULL};
    const CommandOption options[] = {{"ACTION", .value = &request.action},
                                     {"NAME", .value = &request.name},
                                     {"--scope", .value = &request.scope},
                                     {"--expires", .value = &request.expires},
                                     {"--grace", .value = &request.grace},
                                     {"--json", .flag = &request.json},
                                     {.name = NULL}};
    int code = EXIT_MISUSED;
    if (command_options(options, arena, &argc, argv)) {
        if (!request.action)
            code = command_fault(EXIT_MISUSED, "say what to do: create, list, revoke, rotate or generate. "
                                               "`onrecord key --help` says more.");
        else if (command_config(&request.config, arena, argc, argv))
            code = key_run(&request, arena);
    }
    arena_free(arena);
    return code;
}
