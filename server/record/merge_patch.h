/* merge_patch.h: JSON Merge Patch (RFC 7396). */
#ifndef ONRECORD_RECORD_MERGE_PATCH_H
#define ONRECORD_RECORD_MERGE_PATCH_H

#include <jansson.h>

/* A new value: `target` with `patch` applied. Neither is changed. The caller owns what it gets; members that the patch
 * does not touch are shared with `target`, what came from the patch is a copy. */
json_t *merge_patch(const json_t *target, const json_t *patch);

/* The patch that leads from one object to another, a new value that the caller owns. Members of `to` that are null are
 * taken for missing: that is what a merge patch can say. */
json_t *merge_patch_between(const json_t *from, const json_t *to);

#endif
