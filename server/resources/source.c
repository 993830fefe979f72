/* source.c: sources, the outlets that publish articles. */
#include "resources/resources.h"

static const Field fields[] = {
    RECORD_HEAD,
    {.name = "name",
     .type = TYPE_NAME,
     .flags = FIELD_REQUIRED | FIELD_FILTER | FIELD_SORT | FIELD_PATH,
     .max = 500,
     .unique_with = "country",
     .walks = WALKS("id")},
    {.name = "url", .type = TYPE_URL, .flags = FIELD_FILTER},
    {.name = "country", .type = TYPE_COUNTRY, .flags = FIELD_FILTER | FIELD_PATH},
    {.name = "description", .type = TYPE_TEXT, .max = 20000},
    RECORD_TAIL,
};

static const Relation relations[] = {
    {.name = "articles", .resource = "articles", .filter = "source_id"},
    {.name = "quotes", .resource = "quotes", .filter = "source_id"},
    {.name = NULL},
};

static const char *const searched[] = {"name", "description", NULL};
static const Searching searching = {.by = SEARCH_WORDS, .fields = searched, .languageless = true};
static const Term terms[] = {
    {.name = "identifier", .field = "external_id"},
    {.name = "name", .field = "name"},
    {.name = "url", .field = "url"},
    {.name = "address", .field = "country", .type = "PostalAddress", .member = "addressCountry"},
    {.name = "description", .field = "description"},
    {.name = NULL},
};

static const Thing thing = {.type = "NewsMediaOrganization", .terms = terms};

const Resource source_resource = {
    .name = "sources",
    .singular = "source",
    .title = "Source",
    .table = "onrecord.sources",
    .fields = fields,
    .relations = relations,
    .default_sort = "id",
    .searching = &searching,
    .thing = &thing,
};
