/* change_reader.h: reading the log of changes beside a server, or without one: for the command line. Blocking.
 *
 * Where no server numbers the changes, the reader does before each page. */
#ifndef ONRECORD_DB_CHANGE_READER_H
#define ONRECORD_DB_CHANGE_READER_H

#include <stddef.h>

#include "base/arena.h"
#include "db/change.h"

typedef struct ChangeReader ChangeReader;

/* Connects. `stop` ends all waiting when it can be read. NULL with a sentence in `fault`. */
ChangeReader *change_reader_open(const char *conninfo, int stop, char *fault, size_t fault_size);
void change_reader_close(ChangeReader *reader);

/* One page, as changes_page takes its parameters; in the arena, until the next one. NULL with a sentence in `fault`:
 * the reader is of no use any more. */
const Result *change_reader_page(ChangeReader *reader, const char *const params[PAGE_PARAMS], char *fault,
                                 size_t fault_size);

/* Waits until there may be more. */
void change_reader_wait(ChangeReader *reader);

#endif
