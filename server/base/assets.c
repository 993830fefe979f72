#include "base/assets.h"

#include <stdlib.h>
#include <string.h>

static int asset_compare(const void *name, const void *asset) {
    return strcmp(name, ((const Asset *)asset)->name);
}

const Asset *asset_find(const char *name) {
    return bsearch(name, assets, (size_t)asset_count, sizeof assets[0], asset_compare);
}
