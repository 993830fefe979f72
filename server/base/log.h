/* log.h: one line an event, JSON (text on a terminal), to standard error.
 *
 * Lines go through a non-blocking writer: what a full pipe does not take is dropped and counted, never waited for.
 * Safe from any thread. Secrets are never passed in. */
#ifndef ONRECORD_BASE_LOG_H
#define ONRECORD_BASE_LOG_H

#include <stdbool.h>

typedef enum LogLevel { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR } LogLevel;

/* `format`: "auto", "json" or "text". False for a word that is none of them. */
bool log_init(const char *level, const char *format);

bool log_enabled(LogLevel level);

/* An event and pairs of name and text, ended by NULL: log_event(LOG_INFO, "serving", "url", url, NULL). */
void log_event(LogLevel level, const char *event, ...) __attribute__((sentinel));

/* How many lines were dropped so far. */
unsigned long log_dropped(void);

#endif
