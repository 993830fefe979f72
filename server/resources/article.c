/* article.c: articles, with whom they name and which outlets they rely on. */
#include "resources/resources.h"

static const Field via_members[] = {
    {.name = "source_id", .type = TYPE_REFERENCE, .flags = FIELD_REQUIRED, .target = "sources"},
    {.name = "as_printed", .type = TYPE_TEXT, .max = 500},
    {.name = NULL},
};

static const Field mention_members[] = {
    {.name = "speaker_id", .type = TYPE_REFERENCE, .flags = FIELD_REQUIRED, .target = "speakers"},
    {.name = "as_printed", .type = TYPE_TEXT, .max = 500},
    {.name = "role", .type = TYPE_TEXT, .max = 500},
    {.name = NULL},
};

static const Field fields[] = {
    RECORD_HEAD,
    {.name = "headline", .type = TYPE_TEXT, .max = 2000},
    {.name = "alternative_headline", .type = TYPE_TEXT, .max = 2000},
    {.name = "source_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_FILTER | FIELD_PATH,
     .target = "sources",
     .relation = "source",
     .walks = WALKS("id", "published_at")},
    {.name = "url", .type = TYPE_URL, .flags = FIELD_FILTER, .walks = WALKS("id")},
    {.name = "byline", .type = TYPE_TEXT, .max = 1000},
    {.name = "dateline", .type = TYPE_TEXT, .max = 500},
    {.name = "section", .type = TYPE_NAME, .flags = FIELD_FILTER, .max = 200, .walks = WALKS("id")},
    {.name = "language",
     .type = TYPE_LANGUAGE,
     .flags = FIELD_NOT_NULL | FIELD_FILTER | FIELD_PATH,
     .fallback = "en",
     .walks = WALKS("id")},
    {.name = "published_at", .type = TYPE_TIMESTAMP, .flags = FIELD_FILTER | FIELD_SORT},
    {.name = "modified_at", .type = TYPE_TIMESTAMP, .flags = FIELD_FILTER},
    {.name = "summary", .type = TYPE_TEXT, .max = 20000},
    {.name = "body", .type = TYPE_TEXT, .max = 2000000},
    {.name = "body_sha256", .type = TYPE_TEXT, .flags = FIELD_READ_ONLY | FIELD_FILTER},
    {.name = "keywords",
     .type = TYPE_NAMES,
     .flags = FIELD_NOT_NULL | FIELD_FILTER | FIELD_PATH,
     .max = 200,
     .fallback = "{}"},
    {.name = "rights", .type = TYPE_TEXT, .max = 2000},
    {.name = "via", .type = TYPE_OBJECTS, .flags = FIELD_NOT_NULL, .members = via_members, .fallback = "[]"},
    {.name = "mentions", .type = TYPE_OBJECTS, .flags = FIELD_NOT_NULL, .members = mention_members, .fallback = "[]"},
    {.name = "via.source_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_VIRTUAL | FIELD_FILTER,
     .target = "sources",
     .predicate = "EXISTS (SELECT FROM onrecord.via v WHERE v.article_id = $T.id AND v.source_id = ANY ($V))"},
    {.name = "mentions.speaker_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_VIRTUAL | FIELD_FILTER,
     .target = "speakers",
     .predicate = "EXISTS (SELECT FROM onrecord.mentions m WHERE m.article_id = $T.id AND m.speaker_id = ANY ($V))"},
    /* Quoted in it or named in it. */
    {.name = "speaker_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_VIRTUAL | FIELD_FILTER | FIELD_DERIVED,
     .target = "speakers",
     .predicate =
         "$T.id IN (SELECT m.article_id FROM onrecord.mentions m WHERE m.speaker_id = ANY ($V) UNION "
         "SELECT q.article_id FROM onrecord.quotes q WHERE q.speaker_id = ANY ($V) AND q.status = 'confirmed')"},
    {.name = "event_id",
     .type = TYPE_REFERENCE,
     .flags = FIELD_VIRTUAL | FIELD_FILTER | FIELD_DERIVED,
     .target = "events",
     .predicate =
         "EXISTS (SELECT FROM onrecord.article_events e WHERE e.article_id = $T.id AND e.event_id = ANY ($V))"},
    RECORD_TAIL,
};

static const Relation relations[] = {
    {.name = "quotes", .resource = "quotes", .filter = "article_id"},
    {.name = "events", .resource = "events", .filter = "article_id"},
    {.name = NULL},
};

static const char *const searched[] = {"headline", "alternative_headline", "summary", "body", NULL};
static const Searching searching = {.by = SEARCH_WORDS, .fields = searched, .snippet = "body"};
static const Term terms[] = {
    {.name = "identifier", .field = "external_id"},
    {.name = "headline", .field = "headline"},
    {.name = "alternativeHeadline", .field = "alternative_headline"},
    {.name = "publisher", .field = "source_id"},
    {.name = "url", .field = "url"},
    {.name = "author", .field = "byline"}, /* as printed: whose name it is is not known */
    {.name = "dateline", .field = "dateline"},
    {.name = "articleSection", .field = "section"},
    {.name = "inLanguage", .field = "language"},
    {.name = "datePublished", .field = "published_at"},
    {.name = "dateModified", .field = "modified_at"},
    {.name = "abstract", .field = "summary"},
    {.name = "articleBody", .field = "body"},
    {.name = "keywords", .field = "keywords"},
    {.name = "copyrightNotice", .field = "rights"},
    {.name = "mentions", .field = "mentions", .by = "speaker_id"},
    {.name = NULL},
};

static const Thing thing = {.type = "NewsArticle", .terms = terms};

static const EntryRow entry[] = {
    {ENTRY_LANGUAGE, "language", 0}, {ENTRY_TITLE, "headline", 0},     {ENTRY_TITLE, "url", 0},
    {ENTRY_AUTHOR, "byline", 0},     {ENTRY_AUTHOR, "source.name", 0}, {ENTRY_PUBLISHED, "published_at", 0},
    {ENTRY_VIA, "url", 0},           {ENTRY_CATEGORY, "keywords", 0},  {ENTRY_SUMMARY, "summary", 0},
    {ENTRY_CONTENT, "body", 0},      {ENTRY_PARTS, NULL, 0},
};

const Resource article_resource = {
    .name = "articles",
    .singular = "article",
    .title = "Article",
    .table = "onrecord.articles",
    .fields = fields,
    .relations = relations,
    .key = "url",
    .default_sort = "id",
    .searching = &searching,
    .thing = &thing,
    .entry = entry,
    .list_formats = FORMAT_BIT(FORMAT_ATOM),
    .create = &article_create,
    .check = article_check,
    .look = article_look,
    .looked = article_looked,
};
