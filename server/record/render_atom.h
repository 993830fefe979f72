/* render_atom.h: a page of a list as an Atom feed (RFC 4287), with a link to the next one (RFC 5005, paged feeds).
 *
 * What of a record stands in an entry is a table of its resource's (term.h). A resource without one has no feeds. */
#ifndef ONRECORD_RECORD_RENDER_ATOM_H
#define ONRECORD_RECORD_RENDER_ATOM_H

#include "record/selection.h"

/* What a feed says of itself. All addresses are absolute. */
typedef struct Feed {
    const char *title;
    const char *id;        /* the same on each of its pages, today and tomorrow */
    const char *self;      /* where this page is */
    const char *alternate; /* where it is as JSON */
    const char *next;      /* NULL: this is the last page */
    const char *base;      /* stands before "/quotes/3": no slash at its end */
} Feed;

/* Embeds in the selection of a list the records that its entries take something from. */
void atom_select(Exchange *x, Selection *selection);

/* Adds the feed with the first `count` rows as its entries. */
void atom_render(Buffer *out, const Feed *feed, const Selection *selection, const Result *rows, int count);

#endif
