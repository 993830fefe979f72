/* search.c: GET /search, articles, quotes, speakers and events at once: of each the best and how many there are. */
#include <stdlib.h>
#include <string.h>

#include "record/footprint.h"
#include "record/list.h"
#include "record/read.h"
#include "record/render_json.h"
#include "resources/resources.h"

enum { GROUP_LIMIT_DEFAULT = 5, GROUP_LIMIT_MAX = 50, PARAMETERS_MAX = 5 };

/* What is shown of each, as its own list's parameters say it: who reads an answer wants the words, whose they are, and
 * the article around them. */
static const struct {
    const Resource *resource;
    Parameter parameters[2];
} groups[] = {
    {&article_resource, {{"include", "source"}, {"fields", "-body"}}},
    {&quote_resource, {{"include", "speaker,article.source"}, {"fields", "-article.body"}}},
    {&speaker_resource, {{NULL, NULL}}},
    {&event_resource, {{NULL, NULL}}},
};

enum { GROUPS = sizeof groups / sizeof *groups };

typedef struct Groups {
    List *lists[GROUPS];
} Groups;

static void parameters_check(Exchange *x) {
    static const char *const known[] = {"q", "limit", "offsets", NULL};
    for (int i = 0; i < x->parameter_count; i++) {
        const char *name = x->parameters[i].name;
        if (!name_is_one_of(known, name))
            problem_fault(x, FAULT_PARAMETER, name, "is not a parameter of this search; these are: q, limit, offsets");
        else
            (void)exchange_repeats(x, i);
    }
    if (exchange_parameter(x, "q") == NULL)
        problem_fault(x, FAULT_PARAMETER, "q", "is required: what to look for");
}

static const char *limit_check(Exchange *x) {
    const char *text = exchange_parameter(x, "limit");
    if (text == NULL)
        return arena_integer(x->arena, GROUP_LIMIT_DEFAULT);
    long limit = strspn(text, "0123456789") == strlen(text) && strlen(text) < 5 ? strtol(text, NULL, 10) : 0;
    if (limit < 1 || limit > GROUP_LIMIT_MAX || text[0] == '0')
        problem_fault(x, FAULT_PARAMETER, "limit", "must be a whole number from 1 to %d", (int)GROUP_LIMIT_MAX);
    return text;
}

/* The list of one resource, read as if its own collection had been asked, where its `next` goes on. */
static List *group_read(Exchange *x, int group, const char *limit) {
    Exchange own = *x;
    Parameter *parameters = arena_alloc(x->arena, PARAMETERS_MAX * sizeof *parameters);
    int count = 0;
    parameters[count++] = (Parameter){"q", exchange_parameter(x, "q")};
    for (int i = 0; i < 2 && groups[group].parameters[i].name != NULL; i++)
        parameters[count++] = groups[group].parameters[i];
    if (exchange_parameter(x, "offsets") != NULL)
        parameters[count++] = (Parameter){"offsets", exchange_parameter(x, "offsets")};
    parameters[count++] = (Parameter){"limit", limit};
    own.parameters = parameters;
    own.parameter_count = count;
    own.path = arena_printf(x->arena, "/%s", groups[group].resource->name);
    List *list = list_read(&own, groups[group].resource, NULL, 0);
    x->problem = own.problem;
    if (list->link[0] == '?') /* relative links would begin at this path */
        list->link = arena_printf(x->arena, "%s%s", own.path, list->link);
    return list;
}

static void groups_queue(Exchange *x, Groups *all) {
    for (int i = 0; i < GROUPS; i++)
        list_queue(all->lists[i], &x->batch);
}

Step search_plan(Exchange *x) {
    Groups *all = arena_calloc(x->arena, 1, sizeof *all);
    parameters_check(x);
    const char *limit = limit_check(x);
    for (int i = 0; i < GROUPS && x->problem.fault_count == 0; i++)
        all->lists[i] = group_read(x, i, limit);
    if (x->problem.fault_count > 0)
        return refuse_parameters(x);
    x->state = all;
    groups_queue(x, all);
    return STEP_QUERY;
}

static void group_render(Exchange *x, const List *list, JsonWriter *w) {
    const Result *rows = x->batch.statements[list->statement].result;
    int64_t found = result_rows(rows) > 0 ? result_integer(rows, 0, list->search->column + RANKING_FOUND) : 0;
    int64_t cap = search_cap(list->search);
    writer_key(w, list->resource->name);
    writer_object_begin(w);
    list_render(list, w, &x->batch);
    writer_key(w, "count");
    writer_int(w, found < cap ? found : cap);
    writer_key(w, "count_is_capped");
    writer_bool(w, found >= cap);
    writer_object_end(w);
}

Step search_done(Exchange *x) {
    Groups *all = x->state;
    bool repeats = false;
    for (int i = 0; i < GROUPS; i++)
        repeats = list_learn(x, all->lists[i]) || repeats;
    if (repeats) {
        batch_release(&x->batch);
        groups_queue(x, all);
        return STEP_QUERY;
    }
    x->body = buffer_new(x->arena, 16384);
    JsonWriter w = json_writer_new(&x->body);
    writer_object_begin(&w);
    for (int i = 0; i < GROUPS; i++)
        group_render(x, all->lists[i], &w);
    writer_object_end(&w);
    footprint_all(x);
    return answer_body(x);
}
