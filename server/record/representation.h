/* representation.h: the forms in which an answer can be had: how `?format=` and `Accept` name each, and what its
 * Content-Type says. One row a form; an endpoint offers a set of them.
 *
 * Which one a client gets is settled before the endpoint runs (http/gate.c) and stands in `Exchange.format`. The texts
 * are constants. */
#ifndef ONRECORD_RECORD_REPRESENTATION_H
#define ONRECORD_RECORD_REPRESENTATION_H

#include <stdbool.h>

#include "base/arena.h"

/* In the order of preference: where a client likes several equally, it gets the first. */
typedef enum Format {
    FORMAT_JSON,
    FORMAT_NDJSON, /* a list: a record a line */
    FORMAT_CSV,    /* a list: RFC 4180 */
    FORMAT_JSONLD, /* a record, in the words of schema.org */
    FORMAT_ATOM,   /* a list, as a feed */
    FORMAT_EVENTS, /* changes, as server-sent events */
    FORMAT_HTML,
    FORMAT_YAML,
    FORMAT_TEXT,
    FORMAT_FILE, /* of whatever type it is: Accept is not looked at */
    FORMAT_COUNT
} Format;

/* A set of formats, as an endpoint offers it (`Endpoint.formats`). Without any it offers JSON, and takes no `format`.
 */
#define FORMAT_BIT(format) (1U << (format))

enum {
    FORMATS_RECORD = FORMAT_BIT(FORMAT_JSON) | FORMAT_BIT(FORMAT_JSONLD), /* of every single record */
    FORMATS_LIST = FORMAT_BIT(FORMAT_JSON) | FORMAT_BIT(FORMAT_NDJSON) | FORMAT_BIT(FORMAT_CSV), /* of every list */
    FORMATS_REPORT = FORMAT_BIT(FORMAT_JSON) | FORMAT_BIT(FORMAT_NDJSON),   /* of what became of many records */
    FORMATS_ABSOLUTE = FORMAT_BIT(FORMAT_JSONLD) | FORMAT_BIT(FORMAT_ATOM), /* whose addresses are never relative */
    MEDIA_TYPES_MAX = 3
};

typedef struct Representation {
    const char *name; /* as in `?format=`; NULL: by Accept alone */
    const char
        *media_types[MEDIA_TYPES_MAX]; /* its own, then others that mean the same; those that are left are NULL */
    const char *content_type;          /* NULL: the endpoint says itself */
    const char *extension;             /* of a file that holds it; NULL: it is not for files */
    bool streams; /* all of a list, row by row as it is found: without pages, and without a bound (stream.h) */
} Representation;

const Representation *representation_of(Format format);

/* True when the set has the format. */
bool format_offered(unsigned formats, Format format);

/* The format of the set that `name` names, as in `?format=`; FORMAT_COUNT: none. */
Format format_named(unsigned formats, const char *name);

/* Fills in the media types by which `Accept` may ask for something of the set, best first, with what each stands for;
 * answers their number, at most OFFERS_MAX. */
enum { OFFERS_MAX = FORMAT_COUNT * MEDIA_TYPES_MAX };
int format_offers(unsigned formats, const char *media_types[OFFERS_MAX], Format stands_for[OFFERS_MAX]);

/* "json, ndjson or csv"; "application/json, application/x-ndjson or text/csv". */
const char *format_names(Arena *arena, unsigned formats);
const char *format_media_types(Arena *arena, unsigned formats);

#endif
