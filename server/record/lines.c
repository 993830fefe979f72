#include "record/lines.h"

#include <string.h>

Lines lines_new(size_t max, int64_t number, int64_t offset) {
    Lines lines = {.max = max, .number = number, .offset = offset, .arena = arena_new()};
    lines.held = buffer_new(lines.arena, 0);
    return lines;
}

void lines_release(Lines *lines) {
    arena_free(lines->arena);
    lines->arena = NULL;
}

static void held_empty(Lines *lines) {
    arena_reset(lines->arena);
    lines->held = buffer_new(lines->arena, 0);
    lines->too_long = false;
    lines->handed = false;
}

/* Keeps what has come of a line. */
static void held_add(Lines *lines, const char *data, size_t size) {
    if (lines->too_long || size > lines->max - lines->held.length) {
        held_empty(lines);
        lines->too_long = true;
        return;
    }
    buffer_add(&lines->held, data, size);
}

static void line_hand_out(Lines *lines, Line *line, const char *text, size_t length) {
    *line = (Line){
        .number = ++lines->number, .end = lines->offset, .text = text, .length = length, .too_long = lines->too_long};
}

size_t lines_take(Lines *lines, const char *data, size_t size, Line *line) {
    *line = (Line){.text = NULL};
    if (lines->handed)
        held_empty(lines);
    const char *end = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t length = end != NULL ? (size_t)(end - data) : size;
    size_t taken = end != NULL ? length + 1 : size;
    lines->offset += (int64_t)taken;
    bool whole = end != NULL && lines->held.length == 0 && !lines->too_long && length <= lines->max;
    if (whole) { /* the usual case copies nothing */
        line_hand_out(lines, line, data, length);
        return taken;
    }
    held_add(lines, data, length);
    if (end != NULL) {
        line_hand_out(lines, line, lines->held.data, lines->held.length);
        lines->handed = true;
    }
    return taken;
}

void lines_end(Lines *lines, Line *line) {
    *line = (Line){.text = NULL};
    if (lines->handed)
        held_empty(lines);
    if (lines->held.length == 0 && !lines->too_long)
        return;
    line_hand_out(lines, line, lines->held.data, lines->held.length);
    lines->handed = true;
}

bool line_is_blank(const Line *line) {
    for (size_t i = 0; i < line->length; i++)
        if (strchr(" \t\r", line->text[i]) == NULL || line->text[i] == '\0')
            return false;
    return !line->too_long;
}
