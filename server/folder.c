/* folder.c: the data folder: made, locked, and the first API key in it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "commands.h"
#include "db/keys.h"

enum { KEY_RANDOM = 32 };

static const char first_key_name[] = "first";

/* Makes a folder and those above it. As root others may pass through, since PostgreSQL runs as another user in it. */
static bool folder_make(const char *path) {
    char part[PATH_MAX];
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part) {
        errno = ENAMETOOLONG;
        return false;
    }
    mode_t mode = geteuid() == 0 ? 0755 : 0700;
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST && access(part, X_OK) != 0)
            return false;
        *slash = '/';
    }
    struct stat status;
    if (mkdir(part, mode) == 0)
        return true;
    if (errno != EEXIST)
        return false;
    errno = ENOTDIR;
    return stat(part, &status) == 0 && S_ISDIR(status.st_mode);
}

int folder_lock(const char *data_dir, char *fault, size_t fault_size) {
    char path[PATH_MAX];
    if (!folder_make(data_dir) || snprintf(path, sizeof path, "%s/lock", data_dir) >= (int)sizeof path) {
        snprintf(fault, fault_size, "The data folder %s cannot be made: %s. Set ONRECORD_DATA_DIR to one that can.",
                 data_dir, strerror(errno));
        return -1;
    }
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) {
        snprintf(fault, fault_size,
                 "%s cannot be opened: %s. The data folder belongs to another user, or is read-only: set "
                 "ONRECORD_DATA_DIR to one of your own.",
                 path, strerror(errno));
        return -1;
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        char pid[32] = "";
        ssize_t length = read(lock, pid, sizeof pid - 1);
        pid[length > 0 ? strspn(pid, "0123456789") : 0] = '\0';
        snprintf(
            fault, fault_size,
            "Another server%s%s%s uses the data folder %s. Stop it first, or give this one a folder of its own with "
            "ONRECORD_DATA_DIR (and a port of its own with ONRECORD_LISTEN).",
            pid[0] ? ", process " : "", pid, pid[0] ? "," : "", data_dir);
        close(lock);
        return -1;
    }
    /* Who holds it is for the message above only: a failure to note it does no harm. */
    if (ftruncate(lock, 0) == 0)
        (void)!dprintf(lock, "%d\n", (int)getpid());
    return lock;
}

const char *first_key_path(Arena *arena, const Config *config) {
    return arena_printf(arena, "%s/api-key", config->data_dir);
}

/* The key in the file; NULL when there is no file. An unreadable or strange one is a fault. */
static const char *first_key_read(Arena *arena, const char *path, const char **fault) {
    FILE *file = fopen(path, "re");
    if (!file) {
        if (errno != ENOENT)
            *fault = arena_printf(arena, "%s cannot be read: %s.", path, strerror(errno));
        return NULL;
    }
    char text[KEY_TEXT + 8] = "";
    bool read = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    text[strcspn(text, "\r\n")] = '\0';
    if (read && strlen(text) == KEY_TEXT - 1 && strncmp(text, "onr_", 4) == 0)
        return arena_strdup(arena, text);
    *fault = arena_printf(arena, "%s does not hold an API key. Remove it, and the next start makes a new one.", path);
    return NULL;
}

static bool sync_folder(const char *path) {
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return false;
    bool synced = fsync(folder) == 0;
    close(folder);
    return synced;
}

/* Writes a new key to a file of mode 0600, whole or not at all: it is written beside, then linked to its name, which
 * fails where there is one. */
static const char *first_key_write(Arena *arena, const Config *config, const char *path, const char **fault) {
    uint8_t random[KEY_RANDOM];
    random_bytes(random, sizeof random);
    const char *text = arena_printf(arena, "onr_%s", base64url_encode(arena, random, sizeof random));
    const char *beside = arena_printf(arena, "%s.new", path);
    unlink(beside);
    int file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written = file >= 0 && dprintf(file, "%s\n", text) == KEY_TEXT && fsync(file) == 0;
    int problem = errno;
    if (file >= 0)
        close(file);
    if (written) {
        written = link(beside, path) == 0 && sync_folder(config->data_dir);
        problem = errno;
    }
    unlink(beside);
    if (written)
        return text;
    *fault = arena_printf(arena, "%s cannot be written: %s.", path, strerror(problem));
    return NULL;
}

/* The file comes first and the database second, so that a crash between them is made good by the next start. A file
 * whose key was revoked stays as it is: key_ensure gives no revoked key new life. */
bool first_key_ensure(Arena *arena, const Config *config, const char *conninfo, const char **fault) {
    const char *path = first_key_path(arena, config);
    *fault = NULL;
    const char *text = first_key_read(arena, path, fault);
    if (*fault)
        return false;
    if (!text) {
        text = first_key_write(arena, config, path, fault);
        if (!text)
            return false;
        /* The file is gone and so is the only copy of its key: whoever may make files here gets a new one in its place.
         */
        const char *none;
        (void)!key_revoke(arena, conninfo, first_key_name, &none);
    }
    return key_ensure(arena, conninfo, first_key_name, SCOPE_ADMIN, text, fault);
}
