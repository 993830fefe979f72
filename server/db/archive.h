/* archive.h: backups of a database's schema onrecord, made by pg_dump and restored by pg_restore and psql.
 *
 * The programs are those of the server's major version, where they are installed, else those on PATH. How to reach the
 * database goes to them in variables of their environment, so that no password stands in an argument. Their messages
 * go to standard error, for the operator.
 *
 * Blocking: for the command line. False with a sentence in `fault`. */
#ifndef ONRECORD_DB_ARCHIVE_H
#define ONRECORD_DB_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>

/* Called now and then with the bytes that have passed. */
typedef void ArchiveProgress(size_t bytes);

/* Writes a backup: one snapshot, beside running servers. */
bool archive_write(const char *conninfo, int out, ArchiveProgress *progress, char *fault, size_t fault_size);

/* Restores one, all or nothing, in one transaction, with a new epoch. Refuses beside a running server, where others'
 * objects depend on ours, and, without `replace`, where there are records. */
bool archive_read(const char *conninfo, int in, bool replace, ArchiveProgress *progress, char *fault,
                  size_t fault_size);

#endif
