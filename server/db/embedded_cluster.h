/* embedded_cluster.h: the embedded database's files: which PostgreSQL there is, the data folder, initdb, the socket's
 * folder; and how a PostgreSQL program is run as the user who owns them. embedded.c keeps the running server. */
#ifndef ONRECORD_DB_EMBEDDED_CLUSTER_H
#define ONRECORD_DB_EMBEDDED_CLUSTER_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { SOCKET_PATH_MAX = 107, CLUSTER_PATH = PATH_MAX, GROUPS_MAX = 32 };

typedef struct Cluster {
    char data[CLUSTER_PATH];   /* <data_dir>/postgres */
    char socket[CLUSTER_PATH]; /* the folder of its socket */
    char log[CLUSTER_PATH];    /* <data_dir>/postgres.log */
    char bin[CLUSTER_PATH];    /* the folder of PostgreSQL's programs */
    int major;                 /* of those programs */
    bool switches;             /* we are root: its programs run as user postgres */
    uid_t uid;                 /* as whom they run */
    gid_t gid;
    gid_t groups[GROUPS_MAX]; /* looked up before the fork, where that is still safe */
    int group_count;
} Cluster;

/* Finds programs and folders, and makes the cluster if there is none. False with a sentence in `fault`. */
bool cluster_prepare(Cluster *cluster, const char *data_dir, char *fault, size_t fault_size);

/* Forks and runs one of PostgreSQL's programs in a session of its own, its output going to the log, its input coming
 * from `input` (-1: empty). With `mortal` it gets SIGINT when this thread ends. -1: fork failed. */
pid_t cluster_run(const Cluster *cluster, const char *program, char *arguments[], int input, bool mortal);

#endif
