#include "resources/resources.h"

#include <assert.h>
#include <string.h>

#include "record/history.h"
#include "record/read.h"
#include "record/restore.h"
#include "record/stats.h"

/* The list of resources: a new one is one line here. */
static const Resource *const all[] = {
    &source_resource, &article_resource, &speaker_resource, &quote_resource, &event_resource,
};

enum {
    RESOURCES = sizeof all / sizeof *all /* NOLINT(bugprone-sizeof-expression): pointers they are */,
    ENDPOINTS_MAX = 160
};

const Resource *const *resources_all(int *count) {
    *count = RESOURCES;
    return all;
}

int resource_number(const char *name, size_t length) {
    for (int i = 0; i < RESOURCES; i++)
        if (strncmp(all[i]->name, name, length) == 0 && all[i]->name[length] == '\0')
            return i;
    return -1;
}

const Resource *resource_find(const char *name) {
    int number = resource_number(name, strlen(name));
    return number < 0 ? NULL : all[number];
}

/* The endpoints of every resource: what stands behind its name in the path, and before its title in the operation's id.
 */
static const struct {
    const char *path;
    const char *operation;
    bool many;
    Endpoint endpoint;
} each[] = {
    {"",
     "list",
     true,
     {.method = METHOD_GET,
      .scope = SCOPE_READ,
      .kept = true,
      .plan = list_plan,
      .done = list_done,
      .formats = FORMATS_LIST}},
    {"",
     "create",
     false,
     {.method = METHOD_POST,
      .scope = SCOPE_WRITE,
      .accepts = ACCEPTS_RECORDS,
      .plan = write_plan,
      .done = write_done,
      .failed = write_failed}},
    {"/{id}",
     "get",
     false,
     {.method = METHOD_GET,
      .scope = SCOPE_READ,
      .kept = true,
      .plan = record_plan,
      .done = record_done,
      .formats = FORMATS_RECORD}},
    {"/{id}",
     "replace",
     false,
     {.method = METHOD_PUT,
      .scope = SCOPE_WRITE,
      .accepts = ACCEPTS_JSON,
      .plan = write_plan,
      .done = write_done,
      .failed = write_failed}},
    {"/{id}",
     "patch",
     false,
     {.method = METHOD_PATCH,
      .scope = SCOPE_WRITE,
      .accepts = ACCEPTS_PATCH,
      .plan = write_plan,
      .done = write_done,
      .failed = write_failed}},
    {"/{id}",
     "delete",
     false,
     {.method = METHOD_DELETE,
      .scope = SCOPE_WRITE,
      .admin_with = "purge",
      .plan = write_plan,
      .done = write_done,
      .failed = write_failed}},
    {"/{id}/revisions",
     "listRevisionsOf",
     false,
     {.method = METHOD_GET, .scope = SCOPE_READ, .plan = history_plan, .done = history_done}},
    {"/{id}/revisions/{version}",
     "getRevisionOf",
     false,
     {.method = METHOD_GET, .scope = SCOPE_READ, .plan = revision_plan, .done = revision_done}},
    {"/{id}/restore",
     "restore",
     false,
     {.method = METHOD_POST,
      .scope = SCOPE_WRITE,
      .accepts = ACCEPTS_JSON,
      .plan = restore_plan,
      .done = write_done,
      .failed = write_failed,
      .replay = restore_replay}},
};

static Endpoint endpoints[ENDPOINTS_MAX];
static int endpoint_count;

static Endpoint *endpoint_new(const Resource *resource) {
    assert(endpoint_count < ENDPOINTS_MAX);
    Endpoint *endpoint = &endpoints[endpoint_count++];
    endpoint->resource = resource;
    return endpoint;
}

static void resource_endpoints(Arena *arena, const Resource *resource) {
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        Endpoint *endpoint = endpoint_new(resource);
        *endpoint = each[i].endpoint;
        endpoint->resource = resource;
        if (endpoint->method == METHOD_POST && each[i].path[0] == '\0' && resource->create != NULL) {
            endpoint->plan = resource->create->plan;
            endpoint->done = resource->create->done;
            endpoint->failed = resource->create->failed;
            endpoint->replay = resource->create->replay;
        }
        if (endpoint->formats != 0)
            endpoint->formats |= each[i].many ? resource->list_formats : resource->record_formats;
        endpoint->path = arena_printf(arena, "/%s%s", resource->name, each[i].path);
        endpoint->operation_id =
            arena_printf(arena, "%s%s%s", each[i].operation, resource->title, each[i].many ? "s" : "");
    }
}

/* /articles/{id}/quotes: listArticleQuotes */
static void relation_endpoints(Arena *arena, const Resource *resource) {
    for (const Relation *relation = resource->relations; relation != NULL && relation->name != NULL; relation++) {
        Endpoint *endpoint = endpoint_new(resource);
        const Resource *related = resource_find(relation->resource);
        assert(related != NULL);
        *endpoint = (Endpoint){.method = METHOD_GET,
                               .scope = SCOPE_READ,
                               .kept = true,
                               .plan = relation_plan,
                               .done = relation_done,
                               .formats = FORMATS_LIST | related->list_formats};
        endpoint->resource = resource;
        endpoint->detail = relation;
        endpoint->path = arena_printf(arena, "/%s/{id}/%s", resource->name, relation->name);
        endpoint->operation_id = arena_printf(arena, "list%s%ss", resource->title, related->title);
    }
}

static const Grouping by_speaker = {.by = "speaker_id", .without = "without_speaker"};
static const Grouping by_source = {.by = "source_id", .without = "without_source"};

/* What is no collection: a search of several, counts of the quotes and of the articles, the log of changes, and what
 * only speakers can. */
static const Endpoint others[] = {
    {.method = METHOD_GET,
     .path = "/speakers/duplicates",
     .operation_id = "listSpeakerDuplicates",
     .scope = SCOPE_READ,
     .resource = &speaker_resource,
     .plan = speaker_duplicates_plan,
     .done = speaker_duplicates_done},
    {.method = METHOD_POST,
     .path = "/speakers/{id}/distinct",
     .operation_id = "distinguishSpeaker",
     .scope = SCOPE_WRITE,
     .accepts = ACCEPTS_JSON,
     .resource = &speaker_resource,
     .plan = speaker_distinct_plan,
     .done = speaker_merge_done,
     .failed = speaker_merge_failed},
    {.method = METHOD_POST,
     .path = "/speakers/{id}/merge",
     .operation_id = "mergeSpeaker",
     .scope = SCOPE_WRITE,
     .accepts = ACCEPTS_JSON,
     .resource = &speaker_resource,
     .plan = speaker_merge_plan,
     .done = speaker_merge_done,
     .failed = speaker_merge_failed},
    {.method = METHOD_POST,
     .path = "/speakers/{id}/unmerge",
     .operation_id = "unmergeSpeaker",
     .scope = SCOPE_WRITE,
     .resource = &speaker_resource,
     .plan = speaker_unmerge_plan,
     .done = speaker_merge_done,
     .failed = speaker_merge_failed},
    {.method = METHOD_GET,
     .path = "/search",
     .operation_id = "search",
     .scope = SCOPE_READ,
     .kept = true,
     .needs_query = true,
     .plan = search_plan,
     .done = search_done},
    {.method = METHOD_GET,
     .path = "/stats/speakers",
     .operation_id = "countQuotesBySpeaker",
     .scope = SCOPE_READ,
     .kept = true,
     .resource = &quote_resource,
     .detail = &by_speaker,
     .plan = stats_groups_plan,
     .done = stats_groups_done},
    {.method = METHOD_GET,
     .path = "/stats/sources",
     .operation_id = "countArticlesBySource",
     .scope = SCOPE_READ,
     .kept = true,
     .resource = &article_resource,
     .detail = &by_source,
     .plan = stats_groups_plan,
     .done = stats_groups_done},
    {.method = METHOD_GET,
     .path = "/stats/timeline",
     .operation_id = "countQuotesByTime",
     .scope = SCOPE_READ,
     .kept = true,
     .resource = &quote_resource,
     .plan = stats_timeline_plan,
     .done = stats_timeline_done},
    {.method = METHOD_GET,
     .path = "/changes",
     .operation_id = "listChanges",
     .scope = SCOPE_READ,
     .plan = changes_plan,
     .done = changes_done,
     .formats = FORMAT_BIT(FORMAT_JSON) | FORMAT_BIT(FORMAT_NDJSON) | FORMAT_BIT(FORMAT_EVENTS)},
};

const Endpoint *resources_endpoints(int *count) {
    static Arena *arena; /* as long as the process */
    if (arena == NULL) {
        arena = arena_new();
        for (int i = 0; i < RESOURCES; i++) {
            resource_endpoints(arena, all[i]);
            relation_endpoints(arena, all[i]);
        }
        for (size_t i = 0; i < sizeof others / sizeof *others; i++)
            *endpoint_new(others[i].resource) = others[i];
    }
    *count = endpoint_count;
    return endpoints;
}
