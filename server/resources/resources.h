/* resources.h: the resources and their endpoints. One file a resource; the list is in resources.c. */
#ifndef ONRECORD_RESOURCES_RESOURCES_H
#define ONRECORD_RESOURCES_RESOURCES_H

#include "record/anchor.h"
#include "record/exchange.h"
#include "record/field.h"
#include "record/write.h"

extern const Resource source_resource;
extern const Resource article_resource;
extern const Resource speaker_resource;
extern const Resource quote_resource;
extern const Resource event_resource;

/* Every endpoint on records, made from the list of resources: collection, record and sub-collections. Not thread-safe
 * on its first call. */
const Endpoint *resources_endpoints(int *count);

/* POST /articles: ingest.c */
extern const Steps article_create;

/* GET /search: search.c */
Step search_plan(Exchange *x);
Step search_done(Exchange *x);

/* GET /changes: changes.c */
Step changes_plan(Exchange *x);
Step changes_done(Exchange *x);

/* GET /speakers/duplicates: speaker_duplicates.c */
Step speaker_duplicates_plan(Exchange *x);
Step speaker_duplicates_done(Exchange *x);

/* POST /speakers/{id}/merge, /unmerge and /distinct: speaker_merge.c */
Step speaker_merge_plan(Exchange *x);
Step speaker_unmerge_plan(Exchange *x);
Step speaker_distinct_plan(Exchange *x);
Step speaker_merge_done(Exchange *x);
Step speaker_merge_failed(Exchange *x);

/* What is special about writing an article (article_body.c) and a quote (quote_spans.c); see write.h for when they run.
 */
void article_check(Write *write);
bool article_look(Write *write);
bool article_looked(Write *write);
bool quote_look(Write *write);
bool quote_looked(Write *write);

/* Finds a quote's place in its article's body (NULL: it has none). Adds faults. */
void quote_place(Write *write, ArticleBody *body);

#endif
