/* speaker_merge.c: POST /speakers/{id}/merge, /unmerge, /distinct: two speakers that turn out to be one, taking that
 * back, and saying that they are two.
 *
 * Each is one statement (0007_merge.sql), which locks both, looks whether it may be done, and says what came of it; so
 * that nothing is asked before but where a reference names `into` by another key than the id. It may move many records,
 * and so goes where others do not wait behind it. */
#include <stdlib.h>
#include <string.h>

#include "db/array.h"
#include "db/errors.h"
#include "record/idempotency.h"
#include "record/read.h"
#include "record/write.h"
#include "record/write_sql.h"
#include "resources/resources.h"
#include "sql.h"

enum { MERGE_ATTEMPTS = 5 };

typedef struct Merge {
    enum { MERGE_LOOKS_UP, MERGE_SENT, MERGE_MISSES } phase;
    const char *sql;
    const Field *member; /* of the body: the other speaker; NULL: it has none */
    const Selection *selection;
    References lookups;
    const char *params[2 + WHO_COLUMNS];
    int param_count;
    bool changes; /* records: whose version If-Match may name */
    int attempts;
    /* In the batch that does it: the statements that say what came of it, and who has the place then. */
    int outcome;
    int shown;
} Merge;

static const Field into_fields[] = {
    {.name = "into", .type = TYPE_REFERENCE, .flags = FIELD_REQUIRED, .target = "speakers"},
    {.name = NULL},
};
static const Field from_fields[] = {
    {.name = "from", .type = TYPE_REFERENCE, .flags = FIELD_REQUIRED, .target = "speakers"},
    {.name = NULL},
};

/* ---- doing it ---- */

/* The versions in If-Match as an array; NULL: any. */
static const char *versions_of(Exchange *x) {
    const char *texts[IF_MATCH_MAX];
    if (!x->if_match.given || x->if_match.any)
        return NULL;
    for (int i = 0; i < x->if_match.count; i++)
        texts[i] = arena_integer(x->arena, x->if_match.versions[i]);
    return array_literal(x->arena, texts, x->if_match.count);
}

/* What was refused is not kept as an answer. */
static const char is_done[] = "current_setting('onrecord.outcome') = ANY (ARRAY['merged', 'unmerged', 'distinct'])";

/* Whom the answer shows: of a merge who has the place now, whoever that turns out to be. */
static int shown_sql(Exchange *x, const Merge *merge) {
    Sql *sql = sql_new(x->arena);
    sql_add(sql, "WITH t AS (SELECT s.* FROM onrecord.speakers s WHERE s.id = (SELECT onrecord.speaker_survivor(");
    sql_param(sql, merge->params[0], "bigint");
    sql_add(sql, ")))");
    if (x->idempotency.key != NULL) {
        sql_add_all(sql, ", done AS (SELECT t.id, t.version FROM t WHERE ", is_done, "), kept AS (", NULL);
        idempotency_keep(x, sql, "done", 200, &speaker_resource);
        sql_add(sql, ")");
    }
    sql_add(sql, " SELECT ");
    selection_columns(merge->selection, sql);
    sql_add(sql, " FROM t");
    return sql_queue(sql, &x->batch);
}

/* There is nothing to show but that it was done. */
static void said_sql(Exchange *x) {
    Sql *sql = sql_new(x->arena);
    if (x->idempotency.key == NULL)
        return;
    sql_add_all(sql, "WITH done (id, version) AS (SELECT NULL::bigint, NULL::bigint WHERE ", is_done, ") ", NULL);
    idempotency_keep(x, sql, "done", 204, &speaker_resource);
    sql_queue(sql, &x->batch);
}

static Step merge_send(Exchange *x, Merge *merge) {
    const char **who = arena_alloc(x->arena, WHO_COLUMNS * sizeof *who);
    who_texts(x, who);
    batch_release(&x->batch);
    merge->phase = MERGE_SENT;
    x->batch.lane = LANE_CASCADE;
    x->batch.write = true;
    idempotency_guard(x);
    batch_add(&x->batch, SQL_CHANGE_ACTOR, WHO_COLUMNS, who);
    merge->outcome = batch_add(&x->batch, merge->sql, merge->param_count, merge->params);
    if (merge->changes)
        merge->shown = shown_sql(x, merge);
    else
        said_sql(x);
    return STEP_QUERY;
}

/* ---- what came of it ---- */

static Step merge_missing(Exchange *x, Merge *merge, long long speaker) {
    (void)speaker;
    merge->phase = MERGE_MISSES;
    return missing_ask(x);
}

static Step merge_done(Exchange *x, Merge *merge, long long speaker) {
    record_answer(x, merge->selection, 200, x->batch.statements[merge->shown].result, NULL);
    record_content_location(x, &speaker_resource, speaker);
    return STEP_ANSWER;
}

static Step merge_nowhere(Exchange *x, Merge *merge, long long speaker) {
    problem_fault(x, FAULT_POINTER, pointer_join(x->arena, "", merge->member->name), "there is no speaker %lld",
                  speaker);
    return write_refuse(x);
}

static Step conflict(Exchange *x, const Resource *resource, long long id) {
    x->problem.conflict_resource = resource->name;
    x->problem.conflict_id = id;
    return STEP_ANSWER;
}

static Step merge_itself(Exchange *x, Merge *merge, long long speaker) {
    long long id = x->ids[0];
    (void)merge;
    if (speaker == id)
        problem_set(x, PROBLEM_CONFLICT, "Speaker %lld cannot be merged into itself.", id);
    else
        problem_set(x, PROBLEM_CONFLICT, "Speaker %lld was merged into speaker %lld itself.", speaker, id);
    problem_fault(x, FAULT_POINTER, "/into", "leads to the same speaker");
    return conflict(x, &speaker_resource, id);
}

static Step distinct_same(Exchange *x, Merge *merge, long long speaker) {
    (void)merge;
    problem_set(x, PROBLEM_CONFLICT, "Speaker %lld is the same speaker as %lld.", speaker, (long long)x->ids[0]);
    problem_fault(x, FAULT_POINTER, "/from", "leads to the same speaker");
    return conflict(x, &speaker_resource, x->ids[0]);
}

static Step distinct_done(Exchange *x, Merge *merge, long long speaker) {
    (void)merge;
    (void)speaker;
    x->status = 204;
    return STEP_ANSWER;
}

static Step merge_stale(Exchange *x, Merge *merge, long long version) {
    const char *who = merge->sql == SQL_SPEAKER_MERGE ? "Speaker" : "Who has the place of speaker";
    long long id = x->ids[0];
    if (version == 0)
        problem_set(x, PROBLEM_PRECONDITION_FAILED, "%s %lld was deleted.", who, id);
    else
        problem_set(x, PROBLEM_PRECONDITION_FAILED, "%s %lld is at version %lld, which If-Match does not name.", who,
                    id, version);
    return STEP_ANSWER;
}

/* It is there, and was never merged; or it is not there at all. */
static Step unmerge_other(Exchange *x, Merge *merge, long long speaker) {
    if (batch_rows(&x->batch, merge->shown) == 0)
        return merge_missing(x, merge, speaker);
    problem_set(x, PROBLEM_CONFLICT, "Speaker %lld is not merged into another.", speaker);
    return conflict(x, &speaker_resource, speaker);
}

static Step unmerge_taken(Exchange *x, Merge *merge, long long speaker) {
    (void)merge;
    problem_set(x, PROBLEM_CONFLICT, "Speaker %lld has its external_id now.", speaker);
    return conflict(x, &speaker_resource, speaker);
}

static Step unmerge_lost_speaker(Exchange *x, Merge *merge, long long speaker) {
    (void)merge;
    problem_set(x, PROBLEM_CONFLICT, "It belongs to speaker %lld, which was deleted.", speaker);
    return conflict(x, &speaker_resource, speaker);
}

static Step unmerge_lost_article(Exchange *x, Merge *merge, long long article) {
    (void)merge;
    problem_set(x, PROBLEM_CONFLICT, "Its affiliations name article %lld, which was deleted.", article);
    return conflict(x, &article_resource, article);
}

static const struct {
    const char *name;
    Step (*answer)(Exchange *x, Merge *merge, long long speaker);
} outcomes[] = {
    {"distinct", distinct_done},
    {"same", distinct_same},
    {"merged", merge_done},
    {"unmerged", merge_done},
    {"missing", merge_missing},
    {"nowhere", merge_nowhere},
    {"itself", merge_itself},
    {"stale", merge_stale},
    {"other", unmerge_other},
    {"taken", unmerge_taken},
    {"lost-speaker", unmerge_lost_speaker},
    {"lost-article", unmerge_lost_article},
};

static Step sent_done(Exchange *x, Merge *merge) {
    const Result *rows = x->batch.statements[merge->outcome].result;
    const char *outcome = result_value(rows, 0, 0);
    for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
        if (strcmp(outcomes[i].name, outcome) == 0)
            return outcomes[i].answer(x, merge, result_integer(rows, 0, 1));
    problem_set(x, PROBLEM_INTERNAL, "The database answered what the service does not know.");
    return STEP_ANSWER;
}

static Step lookup_done(Exchange *x, Merge *merge) {
    const Reference *lookup = &merge->lookups.items[0];
    lookup_read(x, lookup, x->batch.statements[0].result);
    if (x->problem.fault_count > 0)
        return write_refuse(x);
    merge->params[1] =
        arena_integer(x->arena, json_integer_value(json_object_get(lookup->holder, merge->member->name)));
    return merge_send(x, merge);
}

Step speaker_merge_done(Exchange *x) {
    Merge *merge = x->state;
    switch (merge->phase) {
    case MERGE_LOOKS_UP:
        return lookup_done(x, merge);
    case MERGE_SENT:
        return sent_done(x, merge);
    default:
        return missing_answer(x);
    }
}

Step speaker_merge_failed(Exchange *x) {
    Merge *merge = x->state;
    FailureReport report = failure_report(&x->batch.error);
    bool sent = merge->phase == MERGE_SENT;
    if (sent && report.kind == FAILURE_RETRY && ++merge->attempts < MERGE_ATTEMPTS)
        return merge_send(x, merge);
    if (sent && report.kind == FAILURE_INVALID && report.field != NULL && strcmp(report.field, "part_of_id") == 0) {
        problem_set(x, PROBLEM_CONFLICT, "An organization would become part of itself.");
        return STEP_ANSWER;
    }
    problem_from_batch(x);
    return STEP_ANSWER;
}

/* ---- the request ---- */

static Merge *merge_new(Exchange *x, const char *sql, bool changes) {
    Merge *merge = arena_calloc(x->arena, 1, sizeof *merge);
    x->state = merge;
    merge->sql = sql;
    merge->changes = changes;
    merge->selection = selection_plain(x->arena, &speaker_resource, false);
    merge->params[merge->param_count++] = arena_integer(x->arena, x->ids[0]);
    for (int i = 0; i < x->parameter_count; i++)
        problem_fault(x, FAULT_PARAMETER, x->parameters[i].name, "is not a parameter of this write");
    return merge;
}

static bool merge_may_start(Exchange *x, const Merge *merge) {
    if (x->problem.fault_count > 0)
        problem_set(x, PROBLEM_BAD_REQUEST, "The query has faults.");
    else if (x->endpoint->accepts == ACCEPTS_JSON && !json_is_object(x->json))
        problem_set(x, PROBLEM_INVALID, "The body must be a JSON object.");
    else if (merge->changes && x->service->if_match_required && !x->if_match.given)
        problem_set(x, PROBLEM_PRECONDITION_REQUIRED,
                    "This service asks for If-Match with every change: send the ETag read.");
    else
        return true;
    return false;
}

/* Reads the body's only member: its id, or NULL where it is named by another key, which stands in the lookups then. */
static const char *other_read(Exchange *x, Merge *merge) {
    const Resource whole = {.name = "merges", .fields = merge->member};
    const char *pointer = pointer_join(x->arena, "", merge->member->name);
    json_t *body = exchange_own(x, json_deep_copy(x->json));
    json_t *other = json_object_get(body, merge->member->name);
    body_unknown(x, merge->member, body, "");
    merge->lookups = body_references(x, &whole, body, "", true);
    if (other == NULL)
        problem_fault(x, FAULT_POINTER, pointer, "is required");
    return other != NULL ? body_value(x, merge->member, other, pointer) : NULL;
}

/* With the other speaker, whom it asks for where the body does not give the id. */
static Step merge_begin(Exchange *x, Merge *merge) {
    if (x->problem.fault_count > 0)
        return write_refuse(x);
    if (merge->lookups.count == 0)
        return merge_send(x, merge);
    merge->phase = MERGE_LOOKS_UP;
    x->batch.lane = LANE_POINT;
    sql_queue(lookup_sql(x->arena, &merge->lookups.items[0]), &x->batch);
    return STEP_QUERY;
}

Step speaker_merge_plan(Exchange *x) {
    Merge *merge = merge_new(x, SQL_SPEAKER_MERGE, true);
    if (!merge_may_start(x, merge))
        return STEP_ANSWER;
    merge->member = into_fields;
    merge->params[merge->param_count++] = other_read(x, merge);
    merge->params[merge->param_count++] = versions_of(x);
    return merge_begin(x, merge);
}

Step speaker_distinct_plan(Exchange *x) {
    Merge *merge = merge_new(x, SQL_SPEAKER_DISTINGUISH, false);
    if (!merge_may_start(x, merge))
        return STEP_ANSWER;
    merge->member = from_fields;
    merge->params[merge->param_count++] = other_read(x, merge);
    who_texts(x, merge->params + merge->param_count);
    merge->param_count += WHO_COLUMNS;
    return merge_begin(x, merge);
}

Step speaker_unmerge_plan(Exchange *x) {
    Merge *merge = merge_new(x, SQL_SPEAKER_UNMERGE, true);
    merge->params[merge->param_count++] = versions_of(x);
    return merge_may_start(x, merge) ? merge_send(x, merge) : STEP_ANSWER;
}
