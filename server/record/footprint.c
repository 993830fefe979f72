#include "record/footprint.h"

#include <string.h>

#include "record/field.h"

static Footprint *footprint_of(Exchange *x) {
    if (x->footprint == NULL)
        x->footprint = arena_calloc(x->arena, 1, sizeof *x->footprint);
    return x->footprint;
}

void footprint_all(Exchange *x) {
    footprint_of(x)->resources = UINT32_MAX;
}

static void any_of(Footprint *footprint, const char *name) {
    int number = resource_number(name, strlen(name));
    footprint->resources |= number < 0 ? UINT32_MAX : UINT32_C(1) << number;
}

/* What a filter looks at beside the list's own records. A virtual one looks where its predicate says; and one by a
 * reference finds something else when that record is merged. */
static void filter_note(Footprint *footprint, const Filter *filter) {
    if ((filter->field->flags & FIELD_VIRTUAL) != 0) {
        footprint->resources = UINT32_MAX;
        return;
    }
    for (int i = 0; i < filter->step_count; i++)
        any_of(footprint, filter->steps[i]->target);
    if (filter->field->target != NULL)
        any_of(footprint, filter->field->target);
}

void footprint_list(Exchange *x, const List *list) {
    Footprint *footprint = footprint_of(x);
    any_of(footprint, list->resource->name);
    for (int i = 0; i < list->selection->node_count; i++)
        any_of(footprint, list->selection->nodes[i].resource->name);
    for (int i = 0; i < list->filter_count; i++)
        filter_note(footprint, &list->filters[i]);
    if (list->search != NULL) /* how it is understood depends on the languages of all articles */
        footprint->resources = UINT32_MAX;
    if (list->selection->utf16)
        any_of(footprint, "articles");
}

void footprint_record(Exchange *x, const Selection *selection, const Result *rows) {
    Footprint *footprint = footprint_of(x);
    for (int i = 0; i < selection->node_count; i++) {
        const Node *node = &selection->nodes[i];
        int64_t id = result_integer(rows, 0, node->column);
        if (id != 0)
            footprint->records[footprint->record_count++] = (FootprintRecord){
                .resource = resource_number(node->resource->name, strlen(node->resource->name)), .id = id};
    }
    for (int i = 0; i < selection->branch_count; i++)
        footprint_list(x, selection->branches[i].list);
    if (selection->utf16) /* offsets are counted in the article's body, which may be in none of the nodes */
        any_of(footprint, "articles");
}
