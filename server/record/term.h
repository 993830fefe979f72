/* term.h: a record in the words of others: as a thing of schema.org, and as an entry of an Atom feed.
 *
 * Two tables beside a resource's table of fields. What a table does not name has no word there and is left out. The
 * words are those of https://schema.org and of RFC 4287; render_jsonld.c and render_atom.c write them. */
#ifndef ONRECORD_RECORD_TERM_H
#define ONRECORD_RECORD_TERM_H

/* What a value of an enum is called there. */
typedef struct Meaning {
    const char *value;
    const char *word;
} Meaning;

/* A property of schema.org and the field that is its value. Several rows may have one name: it has all of their values.
 * How a value is written follows from the field's type: a reference as the other record's id, or as that record where
 * it is embedded; what follows here says what is special. */
typedef struct Term {
    const char *name; /* "headline"; NULL ends the table */
    const char *field;
    const char *const *on;   /* only where the record is of one of these types, ended by NULL; NULL: of any */
    const char *type;        /* the value stands in a node of this type of its own, "Place", */
    const char *member;      /* as this property of it, "name" */
    const Meaning *meanings; /* of an enum, ended by a row without a value; values without a word are left out */
    const char *by;          /* TYPE_OBJECTS: the member that is the value, and where it is null there is none */
    const char *without;     /* TYPE_OBJECTS: only those in which this member is null */
    const char *role;        /* TYPE_OBJECTS: the type of node that says in what role and when, where that is known */
} Term;

#define TERM_ON(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A resource as things of schema.org. */
typedef struct Thing {
    const char *type; /* "NewsArticle"; NULL: as `types` say of the field `typed_by` */
    const char *typed_by;
    const Meaning *types;
    const Term *terms;
} Thing;

/* What of an Atom entry a row gives, in the order in which it is written. */
typedef enum EntryPart {
    ENTRY_LANGUAGE, /* xml:lang */
    ENTRY_TITLE,
    ENTRY_AUTHOR,
    ENTRY_PUBLISHED,
    ENTRY_VIA, /* a link to where it comes from */
    ENTRY_CATEGORY,
    ENTRY_SUMMARY,
    ENTRY_CONTENT,
    ENTRY_PARTS /* their number; ends a table */
} EntryPart;

/* A part and the field that it is taken from: of several rows the first that has a value. */
typedef struct EntryRow {
    EntryPart part;
    const char *path; /* "headline", or through a relation, "source.name" */
    int max;          /* code points; what is longer is cut at a word. 0: any */
} EntryRow;

#endif
