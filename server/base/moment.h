/* moment.h: points in time and dates of reduced precision.
 *
 * Timestamps are RFC 3339 in UTC with microseconds. Dates follow EDTF level 0 (ISO 8601-2:2019): `2025`, `2025-05`,
 * `2025-05-15`, years 0001 to 9999. Both are intervals to a filter. */
#ifndef ONRECORD_BASE_MOMENT_H
#define ONRECORD_BASE_MOMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

enum { MOMENT_TEXT = 40 /* room for any text that this module writes, NUL included */ };

/* True for a date of EDTF level 0 that the calendar has. */
bool edtf_valid(const char *text);

/* The first and the last day of such a date as `YYYY-MM-DD`. False when it is not one. */
bool edtf_interval(const char *text, char first[MOMENT_TEXT], char last[MOMENT_TEXT]);

/* True for an RFC 3339 timestamp with an offset (`2025-05-15T10:00:00Z`, `...T12:00:00.25+02:00`); writes the same
 * moment to `utc` in UTC with six digits of fraction. More than six digits, leap second 60, and a moment outside years
 * 0001 to 9999 are refused. */
bool timestamp_parse(const char *text, char utc[MOMENT_TEXT]);

/* For filters: a timestamp, or a date of reduced precision. Writes the half-open interval [first, end) in UTC as RFC
 * 3339; a full timestamp is an interval of one microsecond. The year 9999 ends at 10000-01-01, which PostgreSQL knows.
 * False when it is neither. */
bool timestamp_interval(const char *text, char first[MOMENT_TEXT], char end[MOMENT_TEXT]);

/* PostgreSQL's text of a timestamptz (DateStyle ISO, TimeZone UTC: `2025-05-15 10:00:00.25+00`) as RFC 3339 with six
 * digits. Answers the length written, without NUL. */
size_t timestamp_from_pg(const char *pg, char out[MOMENT_TEXT]);

/* Monotonic microseconds; and the wall clock's microseconds since 1970. */
int64_t clock_monotonic_us(void);
int64_t clock_wall_us(void);
/* A wall clock moment as RFC 3339. */
size_t timestamp_format(int64_t wall_us, char out[MOMENT_TEXT]);

#endif
