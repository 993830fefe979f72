/* feed.h: answering with a page of a list as an Atom feed: its addresses, its title, its bytes. */
#ifndef ONRECORD_RECORD_FEED_H
#define ONRECORD_RECORD_FEED_H

#include "record/list.h"

/* Adds the page in the list's rows to x->body. Answers the link to the next page, absolute; NULL when this is the last.
 */
const char *feed_render(Exchange *x, const List *list, const Batch *batch);

#endif
