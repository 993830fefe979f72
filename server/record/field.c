#include "record/field.h"

#include <string.h>

#include "base/buffer.h"

const Field *field_find(const Resource *resource, const char *name, size_t length) {
    for (const Field *field = resource->fields; field->name != NULL; field++)
        if (strncmp(field->name, name, length) == 0 && field->name[length] == '\0')
            return field;
    return NULL;
}

bool field_is_column(const Field *field) {
    return (field->flags & FIELD_VIRTUAL) == 0;
}

bool field_filters(const Field *field) {
    return (field->flags & FIELD_FILTER) != 0;
}

bool field_sorts(const Field *field) {
    return (field->flags & FIELD_SORT) != 0;
}

const char *field_names(Arena *arena, const Resource *resource, bool (*chosen)(const Field *field)) {
    Buffer names = buffer_new(arena, 256);
    for (const Field *field = resource->fields; field->name != NULL; field++)
        if (chosen(field))
            buffer_printf(&names, "%s%s", names.length > 0 ? ", " : "", field->name);
    return names.data;
}
