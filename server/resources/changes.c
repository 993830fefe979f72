/* changes.c: GET /changes: the log of changes, as a page, as all of it, or as events that go on. */
#include "base/percent.h"
#include "record/list.h"
#include "record/read.h"
#include "record/tail.h"
#include "resources/resources.h"

Step changes_plan(Exchange *x) {
    Tail *tail = tail_read(x);
    x->state = tail;
    if (x->problem.fault_count > 0)
        return refuse_parameters(x);
    tail_queue(tail, &x->batch);
    return STEP_QUERY;
}

/* Who has missed something begins anew: here is all of each resource. */
static Step changes_lost(Exchange *x) {
    Buffer links = buffer_new(x->arena, 512);
    int count;
    const Resource *const *resources = resources_all(&count);
    for (int i = 0; i < count; i++)
        buffer_printf(&links, "%s<%s/%s?format=ndjson>; rel=\"alternate\"", i > 0 ? ", " : "", x->service->public_url,
                      resources[i]->name);
    problem_set(x, PROBLEM_CHANGES_GONE,
                "What followed this token is not kept any more, or it is of another database. Export anew what you "
                "need (/quotes?format=ndjson), and go on from the token in Changes-Since there.");
    exchange_header(x, "Link", links.data);
    return STEP_ANSWER;
}

/* The same question, behind this page. */
static const char *next_link(Exchange *x, const char *token) {
    static const char *const since[] = {"since", NULL};
    Buffer link = buffer_new(x->arena, 256);
    if (x->service->public_url[0] != '\0') {
        buffer_add_string(&link, x->service->public_url);
        buffer_add_string(&link, x->path);
    }
    buffer_add_char(&link, '?');
    list_query_add(x, &link, since);
    buffer_printf(&link, "since=%s", token);
    return link.data;
}

static Step changes_page(Exchange *x, const Tail *tail) {
    const Result *page = x->batch.statements[0].result;
    const char *token = token_encode(x->arena, &tail->mark);
    const char *next = next_link(x, token);
    x->body = buffer_new(x->arena, 1024);
    JsonWriter w = json_writer_new(&x->body);
    writer_object_begin(&w);
    writer_key(&w, "items");
    writer_array_begin(&w);
    Change change;
    for (int row = 0; row < result_rows(page); row++)
        if (page_change(page, row, &change))
            change_render(&w, tail->mark.epoch, &change);
    writer_array_end(&w);
    next_render(&w, next);
    writer_key(&w, "token");
    writer_string(&w, token);
    writer_key(&w, "more");
    writer_bool(&w, tail->end == PAGE_MORE);
    writer_object_end(&w);
    exchange_link_next(x, next);
    return answer_body(x);
}

Step changes_done(Exchange *x) {
    Tail *tail = x->state;
    tail_take(tail, &x->batch);
    if (tail->end == PAGE_LOST)
        return changes_lost(x);
    if (x->format == FORMAT_JSON)
        return changes_page(x, tail);
    x->tail = tail;
    x->status = 200;
    return STEP_ANSWER;
}
