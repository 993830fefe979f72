#include "record/merge_patch.h"

#include <stdbool.h>
#include <stdint.h>

/* jansson walks only what it might change. */
static json_t *walked(const json_t *json) {
    return (json_t *)(uintptr_t)json;
}

json_t *merge_patch(const json_t *target, const json_t *patch) {
    const char *name;
    json_t *value;
    if (!json_is_object(patch))
        return json_deep_copy(patch);
    json_t *merged = json_is_object(target) ? json_copy(walked(target)) : json_object();
    json_object_foreach(walked(patch), name, value) {
        if (json_is_null(value))
            json_object_del(merged, name);
        else
            json_object_set_new(merged, name, merge_patch(json_object_get(merged, name), value));
    }
    return merged;
}

json_t *merge_patch_between(const json_t *from, const json_t *to) {
    const char *name;
    json_t *value;
    json_t *patch = json_object();
    json_object_foreach(walked(from), name, value) {
        const json_t *other = json_object_get(to, name);
        if (!json_is_null(value) && (other == NULL || json_is_null(other)))
            json_object_set_new(patch, name, json_null());
    }
    json_object_foreach(walked(to), name, value) {
        const json_t *other = json_object_get(from, name);
        if (json_is_null(value) || (other != NULL && json_equal(walked(value), walked(other))))
            continue;
        bool deeper = json_is_object(value) && json_is_object(other);
        json_object_set_new(patch, name, deeper ? merge_patch_between(other, value) : json_deep_copy(value));
    }
    return patch;
}
