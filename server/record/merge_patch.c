#include "record/merge_patch.h"

#include <stdint.h>

json_t *merge_patch(const json_t *target, const json_t *patch) {
    const char *name;
    json_t *value;
    if (!json_is_object(patch))
        return json_deep_copy(patch);
    json_t *merged = json_is_object(target) ? json_copy((json_t *)(uintptr_t)target) : json_object();
    json_object_foreach((json_t *)(uintptr_t)patch, name, value) {
        if (json_is_null(value))
            json_object_del(merged, name);
        else
            json_object_set_new(merged, name, merge_patch(json_object_get(merged, name), value));
    }
    return merged;
}
