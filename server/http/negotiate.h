/* negotiate.h: which representation a client gets, and which kind of body it may send. Pure functions. */
#ifndef ONRECORD_HTTP_NEGOTIATE_H
#define ONRECORD_HTTP_NEGOTIATE_H

#include <stdbool.h>

#include "record/endpoint.h"
#include "record/representation.h"

/* The index of the offer that `accept` likes best (the first of equals), or -1 when it takes none. NULL or an empty
 * Accept takes anything. Offers are media types without parameters; parameters of a range other than `q` are not looked
 * at. */
int negotiate_accept(const char *accept, const char *const *offers, int offer_count);

/* Which of a set of formats `accept` likes best, by any of its media types; FORMAT_COUNT when it takes none. */
Format negotiate_format(const char *accept, unsigned formats);

/* True when `accept_encoding` takes gzip. NULL: no. */
bool negotiate_gzip(const char *accept_encoding);

/* True when a body of this Content-Type is taken; else false with a phrase in `*fault`. */
bool negotiate_content_type(const char *content_type, Accepts accepts, const char **fault);

/* True for a Content-Type of records, a line each. */
bool negotiate_lines(const char *content_type);

/* What is taken, as a header's value. */
const char *negotiate_taken(Accepts accepts);

#endif
