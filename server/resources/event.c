/* event.c: events, what articles report and what quotes are about. */
#include "resources/resources.h"

static const char *const kinds[] = {"meeting", "visit",        "appointment", "ruling",
                                    "summit",  "announcement", "other",       NULL};
static const char *const statuses[] = {"announced", "planned", "occurred", "cancelled", NULL};

static const Field participant_members[] = {
    {.name = "speaker_id", .type = TYPE_REFERENCE, .flags = FIELD_REQUIRED, .target = "speakers"},
    {.name = "role", .type = TYPE_TEXT, .max = 500},
    {.name = NULL},
};

static const Field fields[] = {
    RECORD_HEAD,
    {.name = "name",
     .type = TYPE_NAME,
     .flags = FIELD_REQUIRED | FIELD_FILTER | FIELD_SORT,
     .max = 500,
     .walks = WALKS("id")},
    {.name = "kind",
     .type = TYPE_ENUM,
     .flags = FIELD_NOT_NULL | FIELD_FILTER | FIELD_PATH,
     .values = kinds,
     .fallback = "other"},
    {.name = "status",
     .type = TYPE_ENUM,
     .flags = FIELD_NOT_NULL | FIELD_FILTER | FIELD_PATH,
     .values = statuses,
     .fallback = "announced"},
    {.name = "starts_on", .type = TYPE_EDTF, .flags = FIELD_FILTER | FIELD_SORT},
    {.name = "ends_on", .type = TYPE_EDTF, .flags = FIELD_FILTER},
    {.name = "date_as_printed", .type = TYPE_TEXT, .max = 500},
    {.name = "place", .type = TYPE_NAME, .flags = FIELD_FILTER, .max = 500},
    {.name = "description", .type = TYPE_TEXT, .max = 20000},
    {.name = "part_of_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_FILTER | FIELD_PATH,
     .target = "events",
     .relation = "part_of",
     .walks = WALKS("id")},
    {.name = "participants",
     .type = TYPE_OBJECTS,
     .flags = FIELD_NOT_NULL,
     .members = participant_members,
     .fallback = "[]"},
    {.name = "article_ids", .type = TYPE_REFERENCES, .flags = FIELD_NOT_NULL, .target = "articles", .fallback = "{}"},
    {.name = "participants.speaker_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_VIRTUAL | FIELD_FILTER,
     .target = "speakers",
     .predicate = "EXISTS (SELECT FROM onrecord.participants p WHERE p.event_id = $T.id AND p.speaker_id = ANY ($V))"},
    {.name = "article_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_VIRTUAL | FIELD_FILTER,
     .target = "articles",
     .predicate =
         "EXISTS (SELECT FROM onrecord.article_events a WHERE a.event_id = $T.id AND a.article_id = ANY ($V))"},
    RECORD_TAIL,
};

static const Relation relations[] = {
    {.name = "articles", .resource = "articles", .filter = "event_id"},
    {.name = "quotes", .resource = "quotes", .filter = "event_id"},
    {.name = NULL},
};

static const char *const searched[] = {"name", "place", "description", NULL};
static const Searching searching = {.by = SEARCH_WORDS, .fields = searched, .languageless = true};
/* What has occurred is neither scheduled nor cancelled, and there is no word for it. */
static const Meaning event_statuses[] = {{"announced", "https://schema.org/EventScheduled"},
                                         {"planned", "https://schema.org/EventScheduled"},
                                         {"cancelled", "https://schema.org/EventCancelled"},
                                         {NULL, NULL}};

static const Term terms[] = {
    {.name = "identifier", .field = "external_id"},
    {.name = "name", .field = "name"},
    {.name = "eventStatus", .field = "status", .meanings = event_statuses},
    {.name = "startDate", .field = "starts_on"},
    {.name = "endDate", .field = "ends_on"},
    {.name = "location", .field = "place", .type = "Place", .member = "name"},
    {.name = "description", .field = "description"},
    {.name = "superEvent", .field = "part_of_id"},
    {.name = "attendee", .field = "participants", .by = "speaker_id", .role = "Role"},
    {.name = "subjectOf", .field = "article_ids"},
    {.name = NULL},
};

static const Thing thing = {.type = "Event", .terms = terms};

const Resource event_resource = {
    .name = "events",
    .singular = "event",
    .title = "Event",
    .table = "onrecord.events",
    .fields = fields,
    .relations = relations,
    .default_sort = "id",
    .searching = &searching,
    .thing = &thing,
};
