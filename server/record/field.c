#include "record/field.h"

#include <string.h>

const Field *field_find(const Resource *resource, const char *name, size_t length) {
    for (const Field *field = resource->fields; field->name != NULL; field++) {
        if (strncmp(field->name, name, length) == 0 && field->name[length] == '\0')
            return field;
    }
    return NULL;
}

int resource_field_count(const Resource *resource) {
    int count = 0;
    while (resource->fields[count].name != NULL)
        count++;
    return count;
}
