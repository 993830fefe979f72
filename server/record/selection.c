#include "record/selection.h"

#include <string.h>

#include "record/type.h"

static const char *const aliases[NODES_MAX] = {"t",  "j1", "j2",  "j3",  "j4",  "j5",  "j6",  "j7",
                                               "j8", "j9", "j10", "j11", "j12", "j13", "j14", "j15"};

static bool is_quote(const Node *node) {
    return field_find(node->resource, "spans", 5) != NULL;
}

static void node_init(Selection *selection, int index, const Resource *resource, const Field *by, int parent) {
    Node *node = &selection->nodes[index];
    *node = (Node){.resource = resource, .by = by, .parent = parent, .alias = aliases[index], .body_column = -1};
    node->shown = UINT64_MAX;
    for (const Field *field = resource->fields; field->name != NULL; field++)
        node->field_count += field_is_column(field);
}

/* Columns are counted once the tree is known. */
static void selection_number(Selection *selection) {
    selection->columns = 0;
    for (int i = 0; i < selection->node_count; i++) {
        selection->nodes[i].column = selection->columns;
        selection->columns += selection->nodes[i].field_count;
    }
    for (int i = 0; i < selection->node_count && selection->utf16; i++)
        if (is_quote(&selection->nodes[i]))
            selection->nodes[i].body_column = selection->columns++;
}

static void selection_init(Selection *selection, const Resource *resource, bool utf16) {
    *selection = (Selection){.node_count = 1, .bare = !utf16, .utf16 = utf16};
    node_init(selection, 0, resource, NULL, -1);
    selection_number(selection);
}

Selection *selection_plain(Arena *arena, const Resource *resource, bool utf16) {
    Selection *selection = arena_alloc(arena, sizeof *selection);
    selection_init(selection, resource, utf16);
    return selection;
}

/* The reference of `resource` whose relation is called `name`. */
static const Field *relation_field(const Resource *resource, const char *name, size_t length) {
    for (const Field *field = resource->fields; field->name != NULL; field++)
        if (field->relation != NULL && strncmp(field->relation, name, length) == 0 && field->relation[length] == '\0')
            return field;
    return NULL;
}

/* The node that `by` leads to from `parent`, made if it is not there yet, with `shown` of its fields; -1 when there are
 * too many. */
static int node_reach(Selection *selection, int parent, const Field *by, uint64_t shown) {
    for (int i = 1; i < selection->node_count; i++)
        if (selection->nodes[i].parent == parent && selection->nodes[i].by == by)
            return i;
    if (selection->node_count == NODES_MAX)
        return -1;
    node_init(selection, selection->node_count, resource_find(by->target), by, parent);
    selection->nodes[selection->node_count].shown = shown;
    return selection->node_count++;
}

static Branch *branch_reach(Exchange *x, Selection *selection, const char *name, size_t length, uint64_t shown) {
    const Relation *relation = selection->nodes[0].resource->relations;
    for (int i = 0; i < selection->branch_count; i++) {
        const char *known = selection->branches[i].relation->name;
        if (strncmp(known, name, length) == 0 && known[length] == '\0')
            return &selection->branches[i];
    }
    for (; relation != NULL && relation->name != NULL; relation++)
        if (strncmp(relation->name, name, length) == 0 && relation->name[length] == '\0')
            break;
    if (relation == NULL || relation->name == NULL || selection->branch_count == BRANCHES_MAX)
        return NULL;
    if (selection->branches == NULL)
        selection->branches = arena_alloc(x->arena, BRANCHES_MAX * sizeof *selection->branches);
    Branch *branch = &selection->branches[selection->branch_count++];
    branch->relation = relation;
    selection_init(&branch->selection, resource_find(relation->resource), selection->utf16);
    branch->selection.nodes[0].shown = shown;
    return branch;
}

/* Where a dotted path leads: a node of a selection, and what is left of the path. */
typedef struct Place {
    Selection *selection;
    int node;
    const char *rest; /* "" when the whole path was steps */
} Place;

/* Follows the steps of `path` through relations, as far as they go; embeds what it passes, with `shown` of its fields.
 */
static Place path_follow(Exchange *x, Selection *selection, const char *path, bool single, uint64_t shown) {
    Place place = {selection, 0, path};
    for (int steps = 0; steps < INCLUDE_STEPS && *place.rest != '\0'; steps++) {
        const char *dot = strchrnul(place.rest, '.');
        size_t length = (size_t)(dot - place.rest);
        const Field *by = relation_field(place.selection->nodes[place.node].resource, place.rest, length);
        int node = by != NULL ? node_reach(place.selection, place.node, by, shown) : -1;
        Branch *branch =
            by == NULL && single && steps == 0 ? branch_reach(x, selection, place.rest, length, shown) : NULL;
        if (node < 0 && branch == NULL)
            break;
        if (branch != NULL)
            place = (Place){&branch->selection, 0, place.rest};
        else
            place.node = node;
        place.rest = dot[0] == '.' && dot[1] != '\0' ? dot + 1 : dot; /* a dot at the end names nothing */
    }
    return place;
}

/* "speaker, article, event" */
static const char *relation_names(Arena *arena, const Resource *resource, bool single) {
    Buffer names = buffer_new(arena, 64);
    for (const Field *field = resource->fields; field->name != NULL; field++)
        if (field->relation != NULL)
            buffer_printf(&names, "%s%s", names.length > 0 ? ", " : "", field->relation);
    for (const Relation *r = resource->relations; single && r != NULL && r->name != NULL; r++)
        buffer_printf(&names, "%s%s", names.length > 0 ? ", " : "", r->name);
    return names.length > 0 ? names.data : "nothing";
}

static void include_read(Exchange *x, Selection *selection, const char *list, bool single) {
    char *rest = arena_strdup(x->arena, list);
    for (char *item = strsep(&rest, ","); item != NULL; item = strsep(&rest, ",")) {
        Place place = path_follow(x, selection, item, single, UINT64_MAX);
        if (*place.rest != '\0' || *item == '\0') {
            const Resource *at = place.selection->nodes[place.node].resource;
            bool at_start = place.selection == selection && place.node == 0;
            problem_fault(x, FAULT_PARAMETER, "include", "\"%s\" cannot be included: %s %s %s%s", item, at->name,
                          "can include", relation_names(x->arena, at, single && at_start), ", in two steps at most");
        }
    }
    selection->bare = false;
}

static int field_index(const Resource *resource, const char *name) {
    const Field *field = field_find(resource, name, strlen(name));
    return field != NULL && field_is_column(field) ? (int)(field - resource->fields) : -1;
}

/* How many nodes there are, branches and theirs included. */
static int selection_size(const Selection *selection) {
    int size = selection->node_count;
    for (int i = 0; i < selection->branch_count; i++)
        size += selection->branches[i].selection.node_count;
    return size;
}

/* One name of `fields`: a field of some node, or a relation, which shows it whole. What is only passed on the way shows
 * nothing of its own. */
static void fields_item(Exchange *x, Selection *selection, const char *item, bool exclude, bool single) {
    int size = selection_size(selection);
    Place place = path_follow(x, selection, item, single, 0);
    Node *node = &place.selection->nodes[place.node];
    if (*place.rest == '\0' && *item != '\0' && !exclude) {
        node->shown = UINT64_MAX;
        node->named = true;
        return;
    }
    int index = field_index(node->resource, place.rest);
    if (index < 0) {
        problem_fault(x, FAULT_PARAMETER, "fields", "\"%s\" is not a field; %s have: %s", item, node->resource->name,
                      field_names(x->arena, node->resource, field_is_column));
        return;
    }
    if (exclude && selection_size(selection) > size) {
        problem_fault(x, FAULT_PARAMETER, "fields", "\"%s\" is not in the answer unless it is included", item);
        return;
    }
    if (!exclude && !node->named)
        node->shown = 0;
    node->named = true;
    if (exclude)
        node->shown &= ~(1ULL << index);
    else
        node->shown |= 1ULL << index;
}

static void fields_read(Exchange *x, Selection *selection, const char *list, bool single) {
    bool exclude = list[0] == '-';
    char *rest = arena_strdup(x->arena, list);
    for (char *item = strsep(&rest, ","); item != NULL; item = strsep(&rest, ",")) {
        if ((*item == '-') != exclude) {
            problem_fault(x, FAULT_PARAMETER, "fields",
                          "name what to show (id,text) or what to leave out (-body), not both");
            return;
        }
        fields_item(x, selection, exclude ? item + 1 : item, exclude, single);
    }
    /* Only embedded fields were named: the record itself keeps none but those. */
    if (!exclude && !selection->nodes[0].named)
        selection->nodes[0].shown = 0;
    selection->bare = false;
}

static bool offsets_read(Exchange *x) {
    const char *offsets = exchange_parameter(x, "offsets");
    if (offsets == NULL || strcmp(offsets, "codepoints") == 0)
        return false;
    if (strcmp(offsets, "utf16") != 0)
        problem_fault(x, FAULT_PARAMETER, "offsets", "must be codepoints or utf16");
    return true;
}

Selection *selection_read(Exchange *x, const Resource *resource, bool single) {
    Selection *selection = selection_plain(x->arena, resource, offsets_read(x));
    const char *include = exchange_parameter(x, "include");
    const char *fields = exchange_parameter(x, "fields");
    if (include != NULL)
        include_read(x, selection, include, single);
    if (fields != NULL)
        fields_read(x, selection, fields, single);
    selection_number(selection);
    for (int i = 0; i < selection->branch_count; i++)
        selection_number(&selection->branches[i].selection);
    return selection;
}

void selection_embed(Exchange *x, Selection *selection, const char *path) {
    (void)path_follow(x, selection, path, false, 0);
    selection_number(selection);
}

/* `alias.name`; in one piece, since a read of a quote with its speaker and article names some sixty. */
static void column_add(Sql *sql, const char *alias, const char *name) {
    size_t length = strlen(alias) + 1 + strlen(name);
    char *at = buffer_reserve(&sql->text, length + 1);
    stpcpy(stpcpy(stpcpy(at, alias), "."), name);
    buffer_commit(&sql->text, length);
}

/* What is not shown may be left out, but for the id by which an embedded record is known to be there. */
static bool node_needs(const Node *node, const Field *field) {
    ptrdiff_t index = field - node->resource->fields;
    return (node->shown >> index & 1) != 0 || (node->parent >= 0 && index == 0);
}

/* The body of a quote's article. */
static void body_add(Sql *sql, const char *alias) {
    sql_add_all(sql, "(SELECT b.body FROM onrecord.articles b WHERE b.id = ", alias, ".article_id)", NULL);
}

/* That body as it was when the quote became what it was. */
static void past_body_add(Sql *sql, const char *alias) {
    sql_add_all(sql, "coalesce((SELECT p.state ->> 'body' FROM onrecord.revisions p WHERE p.resource = 'articles' AND ",
                "p.record_id = ", alias, ".article_id AND p.state IS NOT NULL AND p.replaced_at > ", alias,
                ".updated_at ORDER BY p.version LIMIT 1), ", NULL);
    body_add(sql, alias);
    sql_add(sql, ")");
}

static void columns_add(const Selection *selection, Sql *sql, bool all) {
    bool first = true;
    for (int i = 0; i < selection->node_count; i++) {
        const Node *node = &selection->nodes[i];
        for (const Field *field = node->resource->fields; field->name != NULL; field++) {
            if (!field_is_column(field))
                continue;
            if (!first)
                buffer_add(&sql->text, ", ", 2);
            if (all || node_needs(node, field))
                column_add(sql, node->alias, field->name);
            else
                sql_add(sql, "NULL");
            first = false;
        }
    }
    for (int i = 0; i < selection->node_count; i++) {
        const Node *node = &selection->nodes[i];
        if (node->body_column < 0)
            continue;
        sql_add(sql, ", ");
        if (!all && !node_needs(node, field_find(node->resource, "spans", 5)))
            sql_add(sql, "NULL");
        else if (selection->past)
            past_body_add(sql, node->alias);
        else
            body_add(sql, node->alias);
    }
}

void selection_columns(const Selection *selection, Sql *sql) {
    columns_add(selection, sql, true);
}

void selection_columns_shown(const Selection *selection, Sql *sql) {
    columns_add(selection, sql, false);
}

void selection_joins(const Selection *selection, Sql *sql) {
    for (int i = 1; i < selection->node_count; i++) {
        const Node *node = &selection->nodes[i];
        const char *from = selection->nodes[node->parent].alias;
        sql_add_all(sql, " LEFT JOIN ", node->resource->table, " ", node->alias, " ON ", node->alias, ".id = ", from,
                    ".", node->by->name, NULL);
    }
}
