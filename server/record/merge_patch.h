/* merge_patch.h: JSON Merge Patch (RFC 7396). */
#ifndef ONRECORD_RECORD_MERGE_PATCH_H
#define ONRECORD_RECORD_MERGE_PATCH_H

#include <jansson.h>

/* A new value: `target` with `patch` applied. Neither is changed. The caller owns what it gets; members that the patch
 * does not touch are shared with `target`, what came from the patch is a copy. */
json_t *merge_patch(const json_t *target, const json_t *patch);

#endif
