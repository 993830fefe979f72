/* render_jsonld.h: a record as JSON-LD 1.1 (https://www.w3.org/TR/json-ld11/) in the words of schema.org.
 *
 * Its ids are absolute; its context stands in it, so that nobody needs the network to expand it. What is null is left
 * out, and so is what has no word there (term.h). */
#ifndef ONRECORD_RECORD_RENDER_JSONLD_H
#define ONRECORD_RECORD_RENDER_JSONLD_H

#include "record/selection.h"

/* Adds a row as a document of its own. To-one records of the selection stand where the reference does; those of its
 * branches, from that batch, and those that nothing of schema.org refers to, in `@included`. `branches` may be NULL.
 * `base` stands before "/quotes/3" in an id: a URL without a slash at its end. */
void jsonld_render(Buffer *out, const Selection *selection, const Result *rows, int row, const Batch *branches,
                   const char *base);

#endif
