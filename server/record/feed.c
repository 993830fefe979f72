#include "record/feed.h"

#include <string.h>

#include "record/render_atom.h"

/* Parameters that say how a page looks, not which records the list has. */
static const char *const shape[] = {"limit", "cursor", "sort", "fields", "include", "count", "offsets", "format", NULL};

/* "OnRecord: speakers/14/quotes (kind=direct)": whoever follows several lists can tell them apart. */
static const char *title_make(Exchange *x) {
    Buffer title = buffer_new(x->arena, 128);
    const char *between = " (";
    buffer_printf(&title, "OnRecord: %s", x->path + 1);
    for (int i = 0; i < x->parameter_count; i++) {
        const Parameter *parameter = &x->parameters[i];
        if (name_is_one_of(shape, parameter->name))
            continue;
        buffer_printf(&title, "%s%s=%s", between, parameter->name, parameter->value);
        between = ", ";
    }
    buffer_add_string(&title, between[0] == ',' ? ")" : "");
    return title.data;
}

/* The request's own address, but for the parameters named; `more` is added ("format=atom"), NULL: nothing. */
static const char *address_make(Exchange *x, const char *const *but, const char *more) {
    Buffer address = buffer_new(x->arena, 256);
    buffer_printf(&address, "%s%s?", x->base, x->path);
    list_query_add(x, &address, but);
    buffer_add_string(&address, more != NULL ? more : "");
    char last = address.data[address.length - 1];
    if (last == '?' || last == '&')
        address.data[address.length - 1] = '\0';
    return address.data;
}

const char *feed_render(Exchange *x, const List *list, const Batch *batch) {
    static const char *const format[] = {"format", NULL};
    static const char *const page[] = {"format", "cursor", NULL};
    const Result *rows = batch->statements[list->statement].result;
    int found = result_rows(rows);
    Feed feed = {.title = title_make(x),
                 .id = address_make(x, page, "format=atom"),
                 .self = address_make(x, format, "format=atom"),
                 .alternate = address_make(x, format, NULL),
                 .next = list_next(list, rows, x->arena),
                 .base = x->base};
    atom_render(&x->body, &feed, list->selection, rows, found < list->limit ? found : list->limit);
    return feed.next;
}
