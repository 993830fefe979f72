/* assets.h: files that the build puts into the binary: migrations, openapi.yaml and .json, the documentation page. */
#ifndef ONRECORD_BASE_ASSETS_H
#define ONRECORD_BASE_ASSETS_H

#include <stddef.h>

typedef struct Asset {
    const char *name; /* path from the top of the tree, or "docs/..." for the documentation page */
    const char *data; /* followed by a NUL byte that `size` does not count */
    size_t size;
} Asset;

/* Sorted by name, so that migrations come in their order. Made by the build (build/assets.c). */
extern const Asset assets[];
extern const int asset_count;

/* NULL when there is none of that name. */
const Asset *asset_find(const char *name);

#endif
