/* quote.c: quotes, the words on record: whose, in what role, where in the article. What is special about writing one
 * (its place in the article's body) is in quote_spans.c. */
#include "resources/resources.h"

static const char *const kinds[] = {"direct", "partial", "indirect", NULL};
static const char *const channels[] = {"speech", "interview", "statement", "social_media", "other", NULL};
static const char *const statuses[] = {"proposed", "confirmed", "rejected", NULL};
static const char *const anchors[] = {"anchored", "lost", NULL};

static const Field relay_members[] = {
    {.name = "speaker_id", .type = TYPE_REFERENCE, .target = "speakers"},
    {.name = "as_printed", .type = TYPE_TEXT, .max = 500},
    {.name = "role", .type = TYPE_TEXT, .max = 500},
    {.name = "cue", .type = TYPE_TEXT, .max = 200},
    {.name = NULL},
};

static const Field fields[] = {
    RECORD_HEAD,
    {.name = "article_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_REQUIRED | FIELD_FILTER,
     .target = "articles",
     .relation = "article",
     .walks = WALKS("id")},
    {.name = "text", .type = TYPE_TEXT, .flags = FIELD_REQUIRED, .max = 100000},
    {.name = "kind", .type = TYPE_ENUM, .flags = FIELD_NOT_NULL | FIELD_FILTER, .values = kinds, .fallback = "direct"},
    {.name = "speaker_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_FILTER,
     .target = "speakers",
     .relation = "speaker",
     .walks = WALKS("id", "published_at")},
    {.name = "speaker_as_printed", .type = TYPE_TEXT, .max = 500},
    {.name = "role", .type = TYPE_TEXT, .flags = FIELD_FILTER, .max = 500},
    {.name = "relayed_by", .type = TYPE_OBJECT, .members = relay_members},
    {.name = "spans", .type = TYPE_SPANS, .flags = FIELD_NOT_NULL, .fallback = "{}"},
    {.name = "prefix", .type = TYPE_TEXT, .max = 1000},
    {.name = "suffix", .type = TYPE_TEXT, .max = 1000},
    {.name = "cue", .type = TYPE_TEXT, .flags = FIELD_FILTER, .max = 200},
    {.name = "channel", .type = TYPE_ENUM, .flags = FIELD_FILTER, .values = channels},
    {.name = "said_on", .type = TYPE_EDTF, .flags = FIELD_FILTER | FIELD_SORT},
    {.name = "continues_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_FILTER,
     .target = "quotes",
     .relation = "continues",
     .walks = WALKS("id")},
    {.name = "about_ids", .type = TYPE_REFERENCES, .flags = FIELD_NOT_NULL, .target = "speakers", .fallback = "{}"},
    {.name = "event_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_FILTER,
     .target = "events",
     .relation = "event",
     .walks = WALKS("id")},
    {.name = "status",
     .type = TYPE_ENUM,
     .flags = FIELD_NOT_NULL | FIELD_FILTER,
     .values = statuses,
     .fallback = "confirmed",
     .shown = "confirmed",
     .walks = WALKS("id")},
    {.name = "confidence", .type = TYPE_FRACTION, .flags = FIELD_FILTER},
    {.name = "anchor", .type = TYPE_ENUM, .flags = FIELD_READ_ONLY | FIELD_WRITTEN | FIELD_FILTER, .values = anchors},
    {.name = "published_at", .type = TYPE_TIMESTAMP, .flags = FIELD_READ_ONLY | FIELD_FILTER | FIELD_SORT},
    {.name = "source_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_READ_ONLY | FIELD_FILTER,
     .target = "sources",
     .relation = "source",
     .walks = WALKS("id", "published_at")},
    {.name = "about_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_VIRTUAL | FIELD_FILTER,
     .target = "speakers",
     .predicate = "EXISTS (SELECT FROM onrecord.quote_abouts a WHERE a.quote_id = $T.id AND a.speaker_id = ANY ($V))"},
    {.name = "relayed_by.speaker_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_VIRTUAL | FIELD_FILTER,
     .target = "speakers",
     .predicate = "$T.relayed_by_id = ANY ($V)"},
    RECORD_TAIL,
};

static const char *const searched[] = {"text", "speaker_as_printed", "role", NULL};
static const Searching searching = {.by = SEARCH_WORDS, .fields = searched};
/* The speaker is who the article says spoke, in words that need not be all their own: spokenByCharacter, not creator.
 */
static const Term terms[] = {
    {.name = "identifier", .field = "external_id"},
    {.name = "text", .field = "text"},
    {.name = "spokenByCharacter", .field = "speaker_id"},
    {.name = "isPartOf", .field = "article_id"},
    {.name = "dateCreated", .field = "said_on"},
    {.name = "about", .field = "about_ids"},
    {.name = "about", .field = "event_id"},
    {.name = "creativeWorkStatus", .field = "status"},
    {.name = "datePublished", .field = "published_at"},
    {.name = "publisher", .field = "source_id"},
    {.name = NULL},
};

static const Thing thing = {.type = "Quotation", .terms = terms};

static const EntryRow entry[] = {
    {ENTRY_TITLE, "text", 100},           {ENTRY_AUTHOR, "speaker.name", 0}, {ENTRY_AUTHOR, "speaker_as_printed", 0},
    {ENTRY_PUBLISHED, "published_at", 0}, {ENTRY_CONTENT, "text", 0},        {ENTRY_PARTS, NULL, 0},
};

const Resource quote_resource = {
    .name = "quotes",
    .singular = "quote",
    .title = "Quote",
    .table = "onrecord.quotes",
    .fields = fields,
    .default_sort = "id",
    .searching = &searching,
    .thing = &thing,
    .entry = entry,
    .list_formats = FORMAT_BIT(FORMAT_ATOM),
    .look = quote_look,
    .looked = quote_looked,
};
