#include "record/filter.h"

#include <assert.h>
#include <string.h>

#include "base/moment.h"
#include "base/utf8.h"
#include "db/array.h"
#include "record/names.h"

/* Follows relations from `resource` as long as the name has steps; what is left is the field's name. */
static const Field *filter_field(const Resource *resource, const char *name, size_t length, Filter *filter) {
    const Field *field = field_find(resource, name, length);
    unsigned needed = filter->step_count == 0 ? FIELD_FILTER : FIELD_PATH;
    if (field != NULL && (field->flags & needed) != 0)
        return field;
    const char *dot = memchr(name, '.', length);
    if (dot == NULL || filter->step_count == FILTER_STEPS)
        return NULL;
    size_t step = (size_t)(dot - name);
    for (const Field *by = resource->fields; by->name != NULL; by++) {
        if (by->relation == NULL || strncmp(by->relation, name, step) != 0 || by->relation[step] != '\0')
            continue;
        filter->steps[filter->step_count++] = by;
        return filter_field(resource_find(by->target), dot + 1, length - step - 1, filter);
    }
    return NULL;
}

/* The operator that the name's last part spells, and the length of what stands before it. */
static Operator operator_read(const char *name, size_t *length) {
    const char *dot = strrchr(name, '.');
    *length = strlen(name);
    for (int i = OPERATOR_EQ + 1; dot != NULL && i < OPERATOR_COUNT; i++) {
        if (strcmp(dot + 1, operator_suffixes[i]) == 0) {
            *length = (size_t)(dot - name);
            return (Operator)i;
        }
    }
    return OPERATOR_EQ;
}

static const char *operator_names(Arena *arena, const Field *field) {
    Buffer names = buffer_new(arena, 64);
    for (int i = 0; i < OPERATOR_COUNT; i++)
        if (type_allows(field, (Operator)i))
            buffer_printf(&names, "%s%s%s", names.length > 0 ? ", " : "", i == 0 ? "=" : ".", operator_suffixes[i]);
    return names.data;
}

static bool value_read(Exchange *x, const char *parameter, const Field *field, const char *text, const char **out) {
    Value value = type_of(field)->parse(x->arena, field, text);
    if (value.fault != NULL)
        problem_fault(x, FAULT_PARAMETER, parameter, "must be %s", value.fault);
    *out = value.text;
    return value.fault == NULL;
}

/* Comma-separated values as an array literal. */
static void values_read(Exchange *x, const char *parameter, Filter *filter, const char *list) {
    const char *items[FILTER_IN_MAX];
    int count = 0;
    char *rest = arena_strdup(x->arena, list);
    for (char *item = strsep(&rest, ","); item != NULL; item = strsep(&rest, ",")) {
        if (count == FILTER_IN_MAX) {
            problem_fault(x, FAULT_PARAMETER, parameter, "takes at most %d values", FILTER_IN_MAX);
            return;
        }
        if (!value_read(x, parameter, filter->field, item, &items[count++]))
            return; /* one fault says it for all */
    }
    filter->value = array_literal(x->arena, items, count);
}

bool filter_read(Exchange *x, const Resource *resource, const Parameter *parameter, Filter *filter) {
    size_t length;
    *filter = (Filter){.operator= operator_read(parameter->name, &length)};
    filter->field = filter_field(resource, parameter->name, length, filter);
    if (filter->field == NULL)
        return false;
    const Field *field = filter->field;
    if (!type_allows(field, filter->operator)) {
        problem_fault(x, FAULT_PARAMETER, parameter->name, "%s takes these operators: %s", field->name,
                      operator_names(x->arena, field));
    } else if (filter->operator== OPERATOR_NULL) {
        filter->value = parameter->value;
        if (strcmp(filter->value, "true") != 0 && strcmp(filter->value, "false") != 0)
            problem_fault(x, FAULT_PARAMETER, parameter->name, "must be true or false");
    } else if (filter->operator== OPERATOR_IN) {
        values_read(x, parameter->name, filter, parameter->value);
    } else {
        if (value_read(x, parameter->name, field, parameter->value, &filter->value) &&
            (field->flags & FIELD_VIRTUAL) != 0 && field->type != TYPE_QUERY)
            filter->value = array_literal(x->arena, &filter->value, 1);
    }
    return true;
}

Filter filter_id(Arena *arena, const Field *field, int64_t id) {
    const char *value = arena_integer(arena, id);
    if ((field->flags & FIELD_VIRTUAL) != 0)
        value = array_literal(arena, &value, 1);
    return (Filter){.field = field, .operator= OPERATOR_EQ, .value = value};
}

/* The predicate of a virtual field, with $T and $V filled in. */
static void virtual_sql(const Filter *filter, Sql *sql, const char *alias) {
    int number = sql_bind(sql, filter->value);
    sql_add(sql, "(");
    for (const char *at = filter->field->predicate; *at != '\0';) {
        size_t plain = strcspn(at, "$");
        buffer_add(&sql->text, at, plain);
        at += plain;
        if (*at == '\0')
            break;
        if (at[1] == 'T')
            sql_add(sql, alias);
        else
            sql_use(sql, number, "bigint[]");
        at += 2;
    }
    sql_add(sql, filter->operator== OPERATOR_NE ? ") IS NOT TRUE" : ")");
}

/* Dates of reduced precision stand in two columns, the first and the last day; a filter's value has two ends as well.
 */
static void edtf_sql(const Filter *filter, Sql *sql, const char *column) {
    char first[MOMENT_TEXT];
    char last[MOMENT_TEXT];
    if (!edtf_interval(filter->value, first, last))
        return;
    const char *from = arena_strdup(sql->text.arena, first);
    const char *until = arena_strdup(sql->text.arena, last);
    switch (filter->operator) {
    case OPERATOR_GT:
    case OPERATOR_GTE:
        sql_add_all(sql, column, "_last ", filter->operator== OPERATOR_GT ? "> " : ">= ", NULL);
        sql_param(sql, filter->operator== OPERATOR_GT ? until : from, "date");
        return;
    case OPERATOR_LT:
    case OPERATOR_LTE:
        sql_add_all(sql, column, "_first ", filter->operator== OPERATOR_LT ? "< " : "<= ", NULL);
        sql_param(sql, filter->operator== OPERATOR_LT ? from : until, "date");
        return;
    default: /* could be the same: the intervals overlap */
        sql_add_all(sql, filter->operator== OPERATOR_NE ? "(" : "", column, "_last >= ", NULL);
        sql_param(sql, from, "date");
        sql_add_all(sql, " AND ", column, "_first <= ", NULL);
        sql_param(sql, until, "date");
        sql_add(sql, filter->operator== OPERATOR_NE ? ") IS NOT TRUE" : "");
    }
}

static void timestamp_sql(const Filter *filter, Sql *sql, const char *column) {
    char from[MOMENT_TEXT];
    char until[MOMENT_TEXT];
    if (!timestamp_interval(filter->value, from, until))
        return;
    const char *first = arena_strdup(sql->text.arena, from);
    const char *end = arena_strdup(sql->text.arena, until);
    static const struct {
        const char *sign;
        bool by_end;
    } ends[OPERATOR_COUNT] = {
        [OPERATOR_GT] = {" >= ", true},
        [OPERATOR_GTE] = {" >= ", false},
        [OPERATOR_LT] = {" < ", false},
        [OPERATOR_LTE] = {" < ", true},
    };
    if (ends[filter->operator].sign != NULL) {
        sql_add_all(sql, column, ends[filter->operator].sign, NULL);
        sql_param(sql, ends[filter->operator].by_end ? end : first, "timestamptz");
        return;
    }
    sql_add_all(sql, filter->operator== OPERATOR_NE ? "(" : "", column, " >= ", NULL);
    sql_param(sql, first, "timestamptz");
    sql_add_all(sql, " AND ", column, " < ", NULL);
    sql_param(sql, end, "timestamptz");
    sql_add(sql, filter->operator== OPERATOR_NE ? ") IS NOT TRUE" : "");
}

/* text[] and bigint[]: what the list contains. */
static void list_sql(const Filter *filter, Sql *sql, const char *column) {
    const char *cast = type_of(filter->field)->sql;
    bool in = filter->operator== OPERATOR_IN;
    const char *value = in ? filter->value : array_literal(sql->text.arena, &filter->value, 1);
    sql_add_all(sql, filter->operator== OPERATOR_NE ? "NOT " : "", column, in ? " && " : " @> ", NULL);
    sql_param(sql, value, cast);
}

static void plain_sql(const Filter *filter, Sql *sql, const char *column) {
    static const char *const signs[OPERATOR_COUNT] = {
        [OPERATOR_EQ] = " = ",      [OPERATOR_NE] = " IS DISTINCT FROM ",
        [OPERATOR_GT] = " > ",      [OPERATOR_GTE] = " >= ",
        [OPERATOR_LT] = " < ",      [OPERATOR_LTE] = " <= ",
        [OPERATOR_IN] = " = ANY (",
    };
    const char *cast = type_of(filter->field)->sql;
    if (filter->value == NULL) {
        sql_add_all(sql, column, " = '", filter->field->shown, "'", NULL);
        return;
    }
    sql_add_all(sql, column, signs[filter->operator], NULL);
    sql_param(sql, filter->value, cast);
    if (filter->operator== OPERATOR_IN)
        sql_add(sql, "[])");
}

static void field_sql(const Filter *filter, Sql *sql, const char *alias) {
    const Field *field = filter->field;
    const char *column = arena_printf(sql->text.arena, "%s.%s", alias, field->name);
    if (filter->operator== OPERATOR_NULL)
        sql_add_all(sql, column, strcmp(filter->value, "true") == 0 ? " IS NULL" : " IS NOT NULL", NULL);
    else if (field->type == TYPE_QUERY)
        names_where(filter->value, sql, alias, NAMES_LIKELY);
    else if ((field->flags & FIELD_VIRTUAL) != 0)
        virtual_sql(filter, sql, alias);
    else if (field->type == TYPE_EDTF)
        edtf_sql(filter, sql, column);
    else if (field->type == TYPE_TIMESTAMP)
        timestamp_sql(filter, sql, column);
    else if (field->type == TYPE_NAMES || field->type == TYPE_URLS || field->type == TYPE_REFERENCES)
        list_sql(filter, sql, column);
    else
        plain_sql(filter, sql, column);
}

void filter_sql(const Filter *filter, Sql *sql, const char *alias) {
    static const char *const hops[FILTER_STEPS] = {"r1", "r2"};
    const char *from = alias;
    Filter last = *filter;
    assert(filter->step_count <= FILTER_STEPS);
    if (filter->step_count > 0 && filter->operator== OPERATOR_NE) {
        /* What refers to nobody is not that one either, as it is where the record's own field is null. */
        sql_add(sql, "NOT ");
        last.operator= OPERATOR_EQ;
    }
    for (int i = 0; i < filter->step_count; i++) {
        const Field *by = filter->steps[i];
        sql_add_all(sql, "EXISTS (SELECT FROM ", resource_find(by->target)->table, " ", hops[i], " WHERE ", hops[i],
                    ".id = ", from, ".", by->name, " AND ", NULL);
        from = hops[i];
    }
    field_sql(&last, sql, from);
    for (int i = 0; i < filter->step_count; i++)
        sql_add(sql, ")");
}
