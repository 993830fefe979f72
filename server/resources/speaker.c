/* speaker.c: speakers, the people and organizations whose words are on record. */
#include "resources/resources.h"

static const char *const kinds[] = {"person", "organization", "unnamed", NULL};

static const Field affiliation_members[] = {
    {.name = "organization_id", .type = TYPE_REFERENCE, .target = "speakers"}, /* null: a role alone */
    {.name = "role", .type = TYPE_TEXT, .max = 500},
    {.name = "start_date", .type = TYPE_EDTF},
    {.name = "end_date", .type = TYPE_EDTF},
    {.name = "article_id", .type = TYPE_REFERENCE, .target = "articles"},
    {.name = NULL},
};

static const Field fields[] = {
    RECORD_HEAD,
    {.name = "name",
     .type = TYPE_NAME,
     .flags = FIELD_REQUIRED | FIELD_FILTER | FIELD_SORT | FIELD_PATH,
     .max = 500,
     .walks = WALKS("id")},
    {.name = "kind",
     .type = TYPE_ENUM,
     .flags = FIELD_NOT_NULL | FIELD_FILTER | FIELD_PATH,
     .values = kinds,
     .fallback = "person",
     .walks = WALKS("id")},
    {.name = "aliases", .type = TYPE_NAMES, .flags = FIELD_NOT_NULL | FIELD_FILTER, .max = 500, .fallback = "{}"},
    {.name = "description", .type = TYPE_TEXT, .max = 20000},
    {.name = "same_as", .type = TYPE_URLS, .flags = FIELD_NOT_NULL | FIELD_FILTER, .fallback = "{}"},
    {.name = "part_of_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_FILTER | FIELD_PATH,
     .target = "speakers",
     .relation = "part_of",
     .walks = WALKS("id")},
    {.name = "affiliations",
     .type = TYPE_OBJECTS,
     .flags = FIELD_NOT_NULL,
     .members = affiliation_members,
     .fallback = "[]"},
    {.name = "affiliations.organization_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_VIRTUAL | FIELD_FILTER,
     .target = "speakers",
     .predicate = "$T.id IN (SELECT a.speaker_id FROM onrecord.affiliations a WHERE a.organization_id = ANY ($V))"},
    {.name = "affiliations.article_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_VIRTUAL | FIELD_FILTER,
     .target = "articles",
     .predicate = "$T.id IN (SELECT a.speaker_id FROM onrecord.affiliations a WHERE a.article_id = ANY ($V))"},
    /* The organization, what is part of it, and who is affiliated with either. */
    {.name = "organization_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_VIRTUAL | FIELD_FILTER | FIELD_PATH | FIELD_DERIVED,
     .target = "speakers",
     .predicate = "$T.id IN (SELECT o.id FROM unnest($V) AS v (id), onrecord.organization_tree(v.id) AS o (id) UNION "
                  "SELECT a.speaker_id FROM unnest($V) AS v (id), onrecord.organization_tree(v.id) AS o (id), "
                  "onrecord.affiliations a WHERE a.organization_id = o.id)"},
    /* /quotes?speaker.q=Hakkani; a collection's own `q` is search.c's. */
    {.name = "q", .type = TYPE_QUERY, .flags = FIELD_VIRTUAL | FIELD_PATH | FIELD_DERIVED},
    RECORD_TAIL,
};

static const Relation relations[] = {
    {.name = "quotes", .resource = "quotes", .filter = "speaker_id"},
    {.name = "articles", .resource = "articles", .filter = "speaker_id"},
    {.name = "events", .resource = "events", .filter = "participants.speaker_id"},
    {.name = NULL},
};

static const char *const searched[] = {"name", NULL};
static const Searching searching = {.by = SEARCH_NAMES, .fields = searched};
/* An unnamed speaker may be one person, several or an office: "Political observers". A Thing is all that is known. */
static const Meaning types[] = {
    {"person", "Person"}, {"organization", "Organization"}, {"unnamed", "Thing"}, {NULL, NULL}};

static const Term terms[] = {
    {.name = "identifier", .field = "external_id"},
    {.name = "name", .field = "name"},
    {.name = "alternateName", .field = "aliases"},
    {.name = "description", .field = "description"},
    {.name = "sameAs", .field = "same_as"},
    {.name = "parentOrganization", .field = "part_of_id", .on = TERM_ON("Organization")},
    {.name = "memberOf",
     .field = "affiliations",
     .on = TERM_ON("Person", "Organization"),
     .by = "organization_id",
     .role = "OrganizationRole"},
    {.name = "jobTitle", .field = "affiliations", .on = TERM_ON("Person"), .by = "role", .without = "organization_id"},
    {.name = NULL},
};

static const Thing thing = {.typed_by = "kind", .types = types, .terms = terms};

const Resource speaker_resource = {
    .name = "speakers",
    .singular = "speaker",
    .title = "Speaker",
    .table = "onrecord.speakers",
    .merges = "onrecord.speaker_merges",
    .fields = fields,
    .relations = relations,
    .default_sort = "id",
    .searching = &searching,
    .thing = &thing,
};
