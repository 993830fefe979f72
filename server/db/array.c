#include "db/array.h"

#include <string.h>

const char *array_literal(Arena *arena, const char *const *items, int count) {
    size_t room = 3;
    for (int i = 0; i < count; i++) {
        room += 5;
        for (const char *c = items[i]; c != NULL && *c != '\0'; c++)
            room += *c == '"' || *c == '\\' ? 2 : 1;
    }
    char *literal = arena_alloc(arena, room);
    char *to = literal;
    *to++ = '{';
    for (int i = 0; i < count; i++) {
        if (i > 0)
            *to++ = ',';
        if (items[i] == NULL) {
            to = stpcpy(to, "NULL");
            continue;
        }
        *to++ = '"';
        for (const char *c = items[i]; *c != '\0'; c++) {
            if (*c == '"' || *c == '\\')
                *to++ = '\\';
            *to++ = *c;
        }
        *to++ = '"';
    }
    *to++ = '}';
    *to = '\0';
    return literal;
}

/* One element at `*at`, unescaped in place; leaves `*at` behind it and its comma. */
static char *array_element(char **at) {
    char *from = *at;
    char *to = *at;
    char *start = to;
    if (*from == '"') {
        for (from++; *from != '"'; from++) {
            if (*from == '\\')
                from++;
            *to++ = *from;
        }
        from++;
    } else {
        while (*from != ',' && *from != '}')
            *to++ = *from++;
    }
    *at = *from == ',' ? from + 1 : from;
    *to = '\0';
    return start;
}

int array_elements(Arena *arena, const char *literal, const char ***items) {
    size_t length = strlen(literal);
    const char **found = arena_alloc(arena, (length / 2 + 1) * sizeof *found);
    char *copy = arena_strndup(arena, literal, length);
    char *end = copy + length - 1;
    int count = 0;
    for (char *at = copy + 1; at < end;) /* the closing brace may be overwritten: `end` stops the walk */
        found[count++] = array_element(&at);
    *items = found;
    return count;
}
