#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/moment.h"

enum {
    LINE_MAX_BYTES = 4096, /* PIPE_BUF: a pipe takes a line up to that whole, or not at all */
    LINE_END_BYTES = 4     /* kept for the end of a line that is cut: quote, brace, line feed */
};

static const char *const level_names[] = {"debug", "info", "warning", "error"};

static LogLevel threshold = LOG_INFO;
static bool as_json;
static bool to_socket;
static atomic_ulong dropped;

/* One writer at a time: lines longer than a pipe's atomic size, and lines to a file, must not mix. */
static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;

typedef struct Line {
    char text[LINE_MAX_BYTES];
    size_t length;
    bool full; /* something did not fit: no more pairs follow */
} Line;

static size_t line_room(const Line *line) {
    return sizeof line->text - LINE_END_BYTES - line->length;
}

/* Adds all of `bytes`, or nothing from the first piece on that did not fit. */
static void line_add(Line *line, const char *bytes, size_t length) {
    if (line->full || length > line_room(line)) {
        line->full = true;
        return;
    }
    memcpy(line->text + line->length, bytes, length);
    line->length += length;
}

static void line_add_string(Line *line, const char *text) {
    line_add(line, text, strlen(text));
}

/* Control characters would let a value break a line in two or paint on a terminal; both formats write them escaped. */
static void line_add_escaped(Line *line, const char *text) {
    while (*text && !line->full) {
        unsigned char byte = (unsigned char)*text;
        size_t length = 1;
        if (byte == '"' || byte == '\\') {
            char escaped[2] = {'\\', (char)byte};
            line_add(line, escaped, sizeof escaped);
        } else if (byte < 0x20 || byte == 0x7f) {
            char escaped[8];
            snprintf(escaped, sizeof escaped, "\\u%04x", byte);
            line_add_string(line, escaped);
        } else {
            while (((unsigned char)text[length] & 0xc0) == 0x80)
                length++;
            line_add(line, text, length);
        }
        text += length;
    }
}

/* A value that does not fit is cut, and its closing quote takes of the room that is kept for the line's end; a pair
 * whose name does not fit is left out whole. So a line in JSON is always JSON. */
static void line_add_pair(Line *line, const char *name, const char *value, bool quoted) {
    if (line->full || line_room(line) < strlen(name) + 8) {
        line->full = true;
        return;
    }
    line_add_string(line, as_json ? ", \"" : " ");
    line_add_string(line, name);
    line_add_string(line, as_json ? "\": \"" : quoted ? "=\"" : "=");
    line_add_escaped(line, value);
    if (quoted)
        line->text[line->length++] = '"';
}

static bool needs_quotes(const char *text) {
    if (as_json || *text == '\0')
        return true;
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == '"' || *text == '=' || *text == '\\' || *text == 0x7f)
            return true;
    return false;
}

static void line_begin(Line *line, LogLevel level, const char *event) {
    char when[MOMENT_TEXT];
    line->length = 0;
    line->full = false;
    timestamp_format(clock_wall_us(), when);
    if (as_json) {
        line_add_string(line, "{\"time\": \"");
        line_add_string(line, when);
        line_add_string(line, "\"");
        line_add_pair(line, "level", level_names[level], true);
        line_add_pair(line, "event", event, true);
    } else {
        line_add(line, when + 11, 12); /* the time of day, to the millisecond */
        line_add_string(line, level == LOG_ERROR ? " ERROR " : level == LOG_WARNING ? " WARNING " : " ");
        line_add_escaped(line, event);
    }
}

static void line_end(Line *line) {
    if (as_json)
        line->text[line->length++] = '}';
    line->text[line->length++] = '\n';
}

/* Standard error may be shared with other programs, so its O_NONBLOCK is not ours to set. A socket (journald's) can be
 * asked not to wait; else poll tells: a pipe that polls writable takes LINE_MAX_BYTES without waiting. */
static bool line_write(const Line *line) {
    if (to_socket)
        return send(STDERR_FILENO, line->text, line->length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)line->length;
    struct pollfd standard_error = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&standard_error, 1, 0) == 1 && (standard_error.revents & POLLOUT) &&
           write(STDERR_FILENO, line->text, line->length) == (ssize_t)line->length;
}

bool log_init(const char *level, const char *format) {
    size_t found = 0;
    while (found <= LOG_ERROR && strcmp(level, level_names[found]) != 0)
        found++;
    if (found > LOG_ERROR)
        return false;
    if (strcmp(format, "auto") == 0)
        as_json = !isatty(STDERR_FILENO);
    else if (strcmp(format, "json") == 0 || strcmp(format, "text") == 0)
        as_json = format[0] == 'j';
    else
        return false;
    threshold = (LogLevel)found;
    struct stat status;
    to_socket = fstat(STDERR_FILENO, &status) == 0 && S_ISSOCK(status.st_mode);
    return true;
}

bool log_enabled(LogLevel level) {
    return level >= threshold;
}

void log_event(LogLevel level, const char *event, ...) {
    if (!log_enabled(level))
        return;
    Line line;
    line_begin(&line, level, event);

    va_list pairs;
    va_start(pairs, event);
    for (const char *name = va_arg(pairs, const char *); name; name = va_arg(pairs, const char *)) {
        const char *value = va_arg(pairs, const char *);
        if (!value)
            value = "";
        line_add_pair(&line, name, value, needs_quotes(value));
    }
    va_end(pairs);
    line_end(&line);

    pthread_mutex_lock(&writing);
    if (!line_write(&line))
        atomic_fetch_add(&dropped, 1);
    pthread_mutex_unlock(&writing);
}

unsigned long log_dropped(void) {
    return atomic_load(&dropped);
}
