#include "db/embedded_cluster.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/machine.h"

enum { MAJOR_MIN = 15, LOG_MAX = 10 * 1024 * 1024, SOCKET_NAME = sizeof "/.s.PGSQL.5432.lock" };

/* Of PostgreSQL's own cache, in megabytes. */
enum { BUFFERS_MIN = 128, BUFFERS_MAX = 2048, BUFFERS_SHARE = 8 };

/* What an operator may change later stands in the cluster's own file; what must hold is on the command line. With
 * max_wal_size as PostgreSQL has it, creates at full speed make a checkpoint every 12 seconds, and stall for 70 ms. */
static const char settings[] = "\n# OnRecord's own; change what you like and start it anew.\n"
                               "max_connections = 100\n"
                               "max_wal_size = 4GB\n"
                               "checkpoint_timeout = 15min\n"
                               "log_timezone = 'UTC'\n"
                               "timezone = 'UTC'\n"
                               "log_line_prefix = '%m [%p] '\n"
                               "log_checkpoints = off\n"
                               "log_min_messages = log # what clients did wrong is none of its business\n"
                               "recovery_init_sync_method = syncfs # seconds less after a crash\n"
                               "lc_messages = 'C'\n";

/* Fills a path; false when it does not fit. */
static bool path_join(char out[CLUSTER_PATH], const char *folder, const char *name) {
    return snprintf(out, CLUSTER_PATH, "%s/%s", folder, name) < CLUSTER_PATH;
}

/* ---- which PostgreSQL ---- */

static const char debian[] = "/usr/lib/postgresql/"; /* 15/bin */

/* The major version of the programs in a folder; 0: there are none. The folder's name tells it, or `postgres
 * --version`. */
static int programs_major(const char *bin) {
    char path[CLUSTER_PATH];
    char line[128] = "";
    if (!path_join(path, bin, "initdb") || access(path, X_OK) != 0 || !path_join(path, bin, "postgres") ||
        access(path, X_OK) != 0)
        return 0;
    if (strncmp(bin, debian, strlen(debian)) == 0)
        return (int)strtol(bin + strlen(debian), NULL, 10);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return 0;
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], STDOUT_FILENO);
        execl(path, "postgres", "--version", (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    ssize_t length = pid > 0 ? read(ends[0], line, sizeof line - 1) : 0;
    close(ends[0]);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    line[length > 0 ? length : 0] = '\0';
    const char *digits = strpbrk(line, "0123456789");
    return digits ? (int)strtol(digits, NULL, 10) : 0;
}

static void programs_consider(Cluster *cluster, const char *bin, int wanted) {
    int major = programs_major(bin);
    if (major < MAJOR_MIN || (wanted > 0 ? major != wanted : major <= cluster->major))
        return;
    cluster->major = major;
    snprintf(cluster->bin, sizeof cluster->bin, "%s", bin);
}

static void programs_on_path(Cluster *cluster, int wanted) {
    const char *path = getenv("PATH");
    for (const char *part = path; part && *part && cluster->major == 0;) {
        char bin[CLUSTER_PATH];
        size_t length = strcspn(part, ":");
        if (length > 0 && length < sizeof bin) {
            memcpy(bin, part, length);
            bin[length] = '\0';
            programs_consider(cluster, bin, wanted);
        }
        part += length + (part[length] == ':' ? 1 : 0);
    }
}

/* The newest, or those of the version that the data was made by. */
static void programs_find(Cluster *cluster, int wanted) {
    static const char *const patterns[] = {"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin",
                                           "/opt/homebrew/opt/postgresql@*/bin"};
    cluster->major = 0;
    for (size_t i = 0; i < sizeof patterns / sizeof patterns[0]; i++) {
        glob_t found;
        if (glob(patterns[i], 0, NULL, &found) != 0)
            continue;
        for (size_t j = 0; j < found.gl_pathc; j++)
            programs_consider(cluster, found.gl_pathv[j], wanted);
        globfree(&found);
    }
    if (cluster->major == 0)
        programs_on_path(cluster, wanted);
}

/* ---- run ---- */

/* In the child: becomes the user, tied to the parent's life, and turns into the program. */
static void become(const Cluster *cluster, pid_t parent, bool mortal) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (setsid() < 0)
        _exit(126);
    if (cluster->switches && (setgroups((size_t)cluster->group_count, cluster->groups) != 0 ||
                              setgid(cluster->gid) != 0 || setuid(cluster->uid) != 0))
        _exit(126);
    /* After setuid, which clears it. A parent that has died before is not noticed by it. */
    if (mortal && (prctl(PR_SET_PDEATHSIG, SIGINT) != 0 || getppid() != parent))
        _exit(126);
    umask(077);
}

pid_t cluster_run(const Cluster *cluster, const char *program, char *arguments[], int input, bool mortal) {
    static char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL};
    char path[CLUSTER_PATH];
    if (!path_join(path, cluster->bin, program))
        return -1;
    int log = open(cluster->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    int empty = open("/dev/null", O_RDWR | O_CLOEXEC);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        dup2(input >= 0 ? input : empty, STDIN_FILENO);
        dup2(log >= 0 ? log : empty, STDOUT_FILENO);
        dup2(log >= 0 ? log : empty, STDERR_FILENO);
        close_range(STDERR_FILENO + 1, ~0U, 0);
        become(cluster, parent, mortal);
        arguments[0] = path; /* by which PostgreSQL's programs find one another */
        if (chdir("/") == 0)
            execve(path, arguments, environment);
        _exit(127);
    }
    if (log >= 0)
        close(log);
    if (empty >= 0)
        close(empty);
    return pid;
}

static bool run_and_wait(const Cluster *cluster, const char *program, char *arguments[], int input) {
    int status = -1;
    pid_t pid = cluster_run(cluster, program, arguments, input, true);
    if (pid < 0)
        return false;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return false;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- the data folder ---- */

/* The major version that the data was made by; 0: there is no cluster. */
static int data_major(const Cluster *cluster) {
    char path[CLUSTER_PATH];
    char text[16] = "";
    FILE *file = path_join(path, cluster->data, "PG_VERSION") ? fopen(path, "re") : NULL;
    if (!file)
        return 0;
    bool read = fgets(text, sizeof text, file) != NULL;
    fclose(file);
    return read ? (int)strtol(text, NULL, 10) : 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

/* Pages that are logged whole, as each is once after a checkpoint, are half of what it takes to write a record when
 * they are compressed by PostgreSQL's own method; by lz4, which not every build of it has, it is hardly noticed. The
 * bodies of articles are read so in two thirds of the time. */
static const char *compression(const Cluster *cluster, char *data) {
    char *asks[] = {"postgres", "-D", data, "-C", "wal_compression", "-c", "wal_compression=lz4", NULL};
    return run_and_wait(cluster, "postgres", asks, -1) ? "wal_compression = lz4\ndefault_toast_compression = lz4\n"
                                                       : "wal_compression = on\n";
}

/* A share of the memory that there is. With too little, who writes a record has to make room first, by writing what
 * others have changed: a fifth of PostgreSQL's time for a create, with its own 128 MB and a million quotes. */
static const char *buffers(char text[64]) {
    long long share = machine_memory() / BUFFERS_SHARE / (1024 * 1024);
    if (share < BUFFERS_MIN)
        share = BUFFERS_MIN;
    snprintf(text, 64, "shared_buffers = %lldMB\n", share > BUFFERS_MAX ? BUFFERS_MAX : share);
    return text;
}

static bool append_settings(const char *data, const char *text) {
    char path[CLUSTER_PATH];
    int file = path_join(path, data, "postgresql.conf") ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (file < 0)
        return false;
    bool written = write(file, text, strlen(text)) == (ssize_t)strlen(text) && fsync(file) == 0;
    close(file);
    return written;
}

/* The server's own database, made while nobody is connected. */
static bool make_database(const Cluster *cluster, char *data) {
    static const char sql[] = "CREATE DATABASE onrecord;\n";
    char *arguments[] = {"postgres", "--single", "-F", "-D", data, "template1", NULL};
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    bool done = write(ends[1], sql, strlen(sql)) == (ssize_t)strlen(sql);
    close(ends[1]);
    done = done && run_and_wait(cluster, "postgres", arguments, ends[0]);
    close(ends[0]);
    return done;
}

/* Makes all of a folder durable, and its own name in the folder that it is in. */
static bool folder_sync(const char *folder) {
    int opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = opened >= 0 && syncfs(opened) == 0;
    if (opened >= 0)
        close(opened);
    return synced;
}

/* What was broken off before: as much of it as can be removed. */
static void remove_remains(const Cluster *cluster) {
    char pattern[CLUSTER_PATH];
    glob_t found;
    if ((size_t)snprintf(pattern, sizeof pattern, "%s.new-*", cluster->data) >= sizeof pattern ||
        glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        nftw(found.gl_pathv[i], remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    globfree(&found);
}

/* Makes the cluster beside, and gives it its name when it is whole: one that was broken off is begun anew, under
 * another name, since an initdb whose parent was killed may still be cleaning up. */
static bool data_make(const Cluster *cluster, char *fault, size_t fault_size) {
    char beside[CLUSTER_PATH];
    uint8_t random[4];
    char suffix[2 * sizeof random + 1];
    random_bytes(random, sizeof random);
    hex_encode(random, sizeof random, suffix);
    remove_remains(cluster);
    bool fits = (size_t)snprintf(beside, sizeof beside, "%s.new-%s", cluster->data, suffix) < sizeof beside;
    if (!fits || mkdir(beside, 0700) != 0 || (cluster->switches && chown(beside, cluster->uid, cluster->gid) != 0)) {
        snprintf(fault, fault_size, "The folder %s cannot be made: %s.", beside, strerror(errno));
        return false;
    }
    char *arguments[] = {"initdb",
                         "-D",
                         beside,
                         "-U",
                         "onrecord",
                         "--encoding=UTF8",
                         "--locale=C.UTF-8",
                         "--auth-local=trust",
                         "--auth-host=reject",
                         "--no-instructions",
                         "--no-sync",
                         NULL};
    log_event(LOG_INFO, "making the database", "folder", cluster->data, NULL);
    char room[64];
    if (!run_and_wait(cluster, "initdb", arguments, -1) || !append_settings(beside, settings) ||
        !append_settings(beside, buffers(room)) || !append_settings(beside, compression(cluster, beside)) ||
        !make_database(cluster, beside)) {
        snprintf(fault, fault_size, "PostgreSQL's data could not be made in %s: %s says why.", cluster->data,
                 cluster->log);
        return false;
    }
    /* All at once, which takes a tenth of the time of file by file. The new name as well: were it lost in a power cut,
     * the next start would begin anew over what has been written since. */
    if (folder_sync(beside) && rename(beside, cluster->data) == 0 && folder_sync(cluster->data))
        return true;
    snprintf(fault, fault_size, "The folder %s cannot be named %s: %s.", beside, cluster->data, strerror(errno));
    return false;
}

/* ---- the socket's folder ---- */

/* A folder that is ours alone; made when there is none. */
static bool private_folder(const Cluster *cluster, const char *path) {
    struct stat status;
    bool made = mkdir(path, 0700) == 0;
    if (made && cluster->switches && chown(path, cluster->uid, cluster->gid) != 0)
        return false;
    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == cluster->uid &&
           (status.st_mode & 077) == 0;
}

/* The same for the same data folder, so that `psql` finds it where it was. */
static bool socket_folder(Cluster *cluster, const char *data_dir, char *fault, size_t fault_size) {
    const char *runtime = cluster->switches ? "/run" : getenv("XDG_RUNTIME_DIR");
    unsigned long long hash = hash64(cluster->data, strlen(cluster->data)) & 0xffffffff;
    char *path = cluster->socket;
    /* As root first where sockets belong: a data folder that is mounted into a container may not bear them. */
    for (int try = 0; try < 2; try++) {
        bool in_runtime = (try == 0) == cluster->switches;
        int length = in_runtime ? snprintf(path, CLUSTER_PATH, "%s/onrecord-%08llx", runtime ? runtime : "", hash)
                                : snprintf(path, CLUSTER_PATH, "%s/socket", data_dir);
        if ((!in_runtime || (runtime && runtime[0] == '/')) && length + SOCKET_NAME <= SOCKET_PATH_MAX &&
            private_folder(cluster, path))
            return true;
    }
    snprintf(path, CLUSTER_PATH, "/tmp/onrecord-%u-%08llx", (unsigned)cluster->uid, hash);
    if (private_folder(cluster, path))
        return true;
    snprintf(fault, fault_size, "No folder for PostgreSQL's socket: %s is there, and is not ours alone.", path);
    return false;
}

/* ---- all of it ---- */

static bool choose_user(Cluster *cluster, char *fault, size_t fault_size) {
    cluster->uid = geteuid();
    cluster->gid = getegid();
    cluster->switches = cluster->uid == 0;
    if (!cluster->switches)
        return true;
    const struct passwd *user = getpwnam("postgres");
    if (!user || user->pw_uid == 0) {
        snprintf(fault, fault_size,
                 "PostgreSQL does not run as root, and there is no user named postgres. Install "
                 "PostgreSQL, run as another user, or name a database with DATABASE_URL.");
        return false;
    }
    cluster->uid = user->pw_uid;
    cluster->gid = user->pw_gid;
    cluster->group_count = GROUPS_MAX;
    if (getgrouplist("postgres", cluster->gid, cluster->groups, &cluster->group_count) < 0)
        cluster->group_count = GROUPS_MAX; /* the first ones will do */
    return true;
}

static bool choose_programs(Cluster *cluster, char *fault, size_t fault_size) {
    int made_by = data_major(cluster);
    programs_find(cluster, made_by);
    if (cluster->major > 0)
        return true;
    int there = made_by;
    programs_find(cluster, 0);
    if (there > 0 && cluster->major > 0)
        snprintf(
            fault, fault_size,
            "%s was made by PostgreSQL %d; what is installed is %d. Install PostgreSQL %d beside it, or bring the data "
            "over with pg_upgrade (or pg_dumpall from %d, and restore).",
            cluster->data, there, cluster->major, there, there);
    else
        snprintf(fault, fault_size,
                 "PostgreSQL %d or newer is not installed (apt-get install postgresql). Or name a database with "
                 "DATABASE_URL.",
                 there > 0 ? there : MAJOR_MIN);
    return false;
}

/* Keeps one older log. It is made by us and written by PostgreSQL's user. */
static void turn_log(const Cluster *cluster) {
    struct stat status;
    char older[CLUSTER_PATH];
    if (stat(cluster->log, &status) == 0 && status.st_size > LOG_MAX &&
        (size_t)snprintf(older, sizeof older, "%s.1", cluster->log) < sizeof older)
        (void)!rename(cluster->log, older);
}

/* As root the data's user has to pass through the folders above. */
static bool reachable(const Cluster *cluster, const char *data_dir, char *fault, size_t fault_size) {
    if (!cluster->switches)
        return true;
    char part[CLUSTER_PATH];
    struct stat status;
    snprintf(part, sizeof part, "%s", data_dir);
    for (char *end = part + strlen(part); end > part; *end = '\0') {
        if (stat(part, &status) == 0 && !(status.st_mode & S_IXOTH) && status.st_uid != cluster->uid &&
            !(status.st_gid == cluster->gid && status.st_mode & S_IXGRP)) {
            snprintf(
                fault, fault_size,
                "User postgres may not pass through %s to the data (mode %o): chmod o+x %s, or set ONRECORD_DATA_DIR.",
                part, status.st_mode & 07777, part);
            return false;
        }
        end = strrchr(part, '/');
        if (!end)
            break;
    }
    return true;
}

bool cluster_prepare(Cluster *cluster, const char *data_dir, char *fault, size_t fault_size) {
    char folder[CLUSTER_PATH];
    memset(cluster, 0, sizeof *cluster);
    if (!realpath(data_dir, folder) || !path_join(cluster->data, folder, "postgres") ||
        !path_join(cluster->log, folder, "postgres.log")) {
        snprintf(fault, fault_size, "The data folder %s cannot be used: %s.", data_dir, strerror(errno));
        return false;
    }
    if (!choose_user(cluster, fault, fault_size) || !reachable(cluster, folder, fault, fault_size) ||
        !choose_programs(cluster, fault, fault_size))
        return false;
    turn_log(cluster);
    return (data_major(cluster) > 0 || data_make(cluster, fault, fault_size)) &&
           socket_folder(cluster, folder, fault, fault_size);
}
