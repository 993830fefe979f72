/* field.h: what a record is made of.
 *
 * A resource is a table of Fields. From that one table come its SELECT, filters, sort orders, sparse fields, JSON, the
 * validation of a body and the wording of its faults, INSERT and UPDATE. A new field is one row there, its migration
 * and its schema lines in openapi.yaml. */
#ifndef ONRECORD_RECORD_FIELD_H
#define ONRECORD_RECORD_FIELD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "record/endpoint.h"
#include "record/term.h"

/* The types; type.c has a row for each: how it is checked, bound, filtered and rendered. */
typedef enum FieldType {
    TYPE_ID,        /* integer, 1 to 2^53 - 1 */
    TYPE_REFERENCE, /* the id of another record; a body may give {"external_id"|"url"|"name": ...} instead */
    TYPE_INTEGER,
    TYPE_FRACTION, /* a number from 0 to 1 */
    TYPE_TEXT,     /* as it came */
    TYPE_NAME,     /* NFC, trimmed, not empty */
    TYPE_URL,      /* absolute, http or https */
    TYPE_LANGUAGE, /* BCP 47 */
    TYPE_COUNTRY,  /* ISO 3166-1 alpha-2 */
    TYPE_ENUM,
    TYPE_EDTF, /* date of reduced precision; columns <name>_first and <name>_last hold its interval */
    TYPE_TIMESTAMP,
    TYPE_NAMES, /* lists: text[] */
    TYPE_URLS,
    TYPE_REFERENCES, /* bigint[] */
    TYPE_SPANS,      /* int[] of pairs in SQL, [{start, end}] in JSON */
    TYPE_OBJECT,     /* jsonb object with the members of the field */
    TYPE_OBJECTS,    /* jsonb array of such objects */
    TYPE_JSON,       /* jsonb object, any content */
    TYPE_QUERY,      /* virtual: what names_where finds, as `q` does */
    TYPE_COUNT
} FieldType;

enum FieldFlag {
    FIELD_REQUIRED = 1 << 0,  /* must be given on create, and is never null */
    FIELD_NOT_NULL = 1 << 1,  /* has a default, and is never null */
    FIELD_READ_ONLY = 1 << 2, /* computed; in a body only its present value passes */
    FIELD_FILTER = 1 << 3,    /* with the operators of its type */
    FIELD_SORT = 1 << 4,      /* has an index (field, id) */
    FIELD_VIRTUAL = 1 << 5,   /* a filter alone: `predicate` says how; never rendered or written */
    FIELD_WRITTEN = 1 << 7,   /* read-only to clients, but computed here and written with the record */
    FIELD_PATH = 1 << 8,   /* may be filtered through a relation: ?article.language=fa; without FIELD_FILTER only so */
    FIELD_DERIVED = 1 << 9 /* a virtual filter that follows from other fields: nothing depends on it */
};

typedef struct Field {
    const char *name; /* in JSON, in the query and as the column */
    FieldType type;
    unsigned flags;
    int max;                     /* code points of a text or of each item of a list; 0: the type's own bound */
    const char *const *values;   /* TYPE_ENUM: what is allowed, ended by NULL */
    const char *fallback;        /* default, as PostgreSQL's input text; NULL: null */
    const char *target;          /* TYPE_REFERENCE(S): the resource referred to, "speakers" */
    const char *relation;        /* TYPE_REFERENCE: its name in include=, fields= and filter paths, "speaker" */
    const struct Field *members; /* TYPE_OBJECT(S): ended by a row without a name */
    const char *unique_with;     /* another field that together with this one is unique */
    const char *predicate;       /* FIELD_VIRTUAL: SQL, with $T for the record's alias and $V for an array of ids */
    const char *shown;           /* lists show only this value unless the field is filtered by */
    const char *const *walks; /* with one value of this field, and no other filter, a list is a walk along an index when
                                 it is sorted by one of these, ended by NULL: see WALKS */
} Field;

#define WALKS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* A to-many relation: a sub-collection (/articles/{id}/quotes) and an include on a single record. */
typedef struct Relation {
    const char *name;     /* "quotes" */
    const char *resource; /* whose list it is, "quotes" */
    const char *filter;   /* the filter there that takes this record's id, "article_id" */
} Relation;

/* How `q` finds the records of a resource. */
typedef struct Searching {
    enum { SEARCH_WORDS, SEARCH_NAMES } by;
    const char *const *fields; /* in which matches are marked, as its `search` weighs them; ended by NULL */
    const char *snippet;       /* of those the one that a piece is shown of; NULL: none */
    bool languageless;         /* SEARCH_WORDS: a record may have no article whose language it is in */
} Searching;

typedef struct Write Write;

/* The rows that every resource's table begins and ends with. */
#define RECORD_HEAD                                                                                                    \
    {.name = "id", .type = TYPE_ID, .flags = FIELD_READ_ONLY | FIELD_NOT_NULL | FIELD_FILTER | FIELD_SORT}, {          \
        .name = "external_id", .type = TYPE_NAME, .flags = FIELD_FILTER, .max = 255, .walks = WALKS("id")              \
    }
#define RECORD_TAIL                                                                                                    \
    {.name = "extra", .type = TYPE_JSON, .flags = FIELD_NOT_NULL, .fallback = "{}"},                                   \
        {.name = "created_at",                                                                                         \
         .type = TYPE_TIMESTAMP,                                                                                       \
         .flags = FIELD_READ_ONLY | FIELD_NOT_NULL | FIELD_FILTER | FIELD_SORT},                                       \
        {.name = "updated_at",                                                                                         \
         .type = TYPE_TIMESTAMP,                                                                                       \
         .flags = FIELD_READ_ONLY | FIELD_NOT_NULL | FIELD_FILTER | FIELD_SORT},                                       \
        {.name = "version", .type = TYPE_INTEGER, .flags = FIELD_READ_ONLY | FIELD_NOT_NULL}, {                        \
        .name = NULL                                                                                                   \
    }

struct Resource {
    const char *name; /* plural: path, table and log name */
    const char *singular;
    const char *title;         /* "Article", in sentences and operationIds */
    const char *table;         /* "onrecord.articles" */
    const char *merges;        /* where those of them lead that were merged into others: a table of (id, into_id, name,
                                  external_id); NULL: none ever are */
    const Field *fields;       /* ended by a row without a name */
    const Relation *relations; /* ended by a row without a name; may be NULL */
    const char *default_sort;  /* as in ?sort= */
    const char *key;           /* a field that is unique, beside id and external_id; NULL: none */
    const Searching *searching;
    const Thing *thing;    /* what it is to schema.org */
    const EntryRow *entry; /* what it is in an Atom feed, ended by ENTRY_PARTS; NULL: it has none */
    unsigned list_formats; /* what its lists offer beside FORMATS_LIST, and each record beside FORMATS_RECORD */
    unsigned record_formats;
    const Steps *create; /* POST, where it is more than a write; NULL: it is one */
    /* Special steps of a write (write.h), or NULL. `check` adds faults of its own. `look` queues what must be read
     * first: true when it did; then `looked` takes it: false when that showed faults. */
    void (*check)(Write *write);
    bool (*look)(Write *write);
    bool (*looked)(Write *write);
};

/* All resources, and one by name (NULL: none such). */
const Resource *const *resources_all(int *count);
const Resource *resource_find(const char *name);
/* Its place among resources_all, by the first `length` bytes of `name`; -1: none such. */
int resource_number(const char *name, size_t length);
const Field *field_find(const Resource *resource, const char *name, size_t length);

bool field_is_column(const Field *field); /* it is one of the record's own; the others are filters alone */
bool field_filters(const Field *field);
bool field_sorts(const Field *field);

/* "id, name, country": the names of a resource's fields that are `chosen`, for a fault that says what is allowed. */
const char *field_names(Arena *arena, const Resource *resource, bool (*chosen)(const Field *field));

#endif
