#include "db/errors.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "db/constraints.h"

/* What is the same for a whole SQLSTATE, or, by two characters, for a class of them; the first that fits. */
typedef struct StateRow {
    const char *state;
    Failure kind;
    const char *detail;
} StateRow;

static const char unavailable[] = "The database is not available at the moment.";
static const char taken_long[] = "The database took too long to answer.";
static const char changed[] = "Others were changing the same records. Try again.";
static const char strange[] = "A value is not one that can be stored.";

static const StateRow states[] = {
    {"57014", FAILURE_TIMEOUT, taken_long},
    {"55P03", FAILURE_TIMEOUT, "Others were changing the same records, and it took too long to wait for them."},
    {"25P03", FAILURE_TIMEOUT, taken_long},
    {"57", FAILURE_UNAVAILABLE, unavailable}, /* it is shutting down, starting, or was told to end the session */
    {"08", FAILURE_UNAVAILABLE, unavailable}, /* the connection */
    {"53", FAILURE_UNAVAILABLE, unavailable}, /* disk or memory full, too many connections */
    {"58", FAILURE_UNAVAILABLE, unavailable}, /* the system below */
    {"25006", FAILURE_UNAVAILABLE, "The database takes no writes at the moment."},
    {"40", FAILURE_RETRY, changed},    /* serialization, deadlock */
    {"26000", FAILURE_RETRY, changed}, /* a prepared statement went away twice */
    {"0A000", FAILURE_RETRY, changed}, /* its result changed twice */
    {"22001", FAILURE_INVALID, "A value is too long."},
    {"22003", FAILURE_INVALID, "A number is out of range."},
    {"22007", FAILURE_INVALID, "A date or time is not one."},
    {"22008", FAILURE_INVALID, "A date or time is out of range."},
    {"22021", FAILURE_INVALID, strange}, /* bytes that are no text */
    {"22P02", FAILURE_INVALID, strange}, /* text that is no value of its type */
    {"22P05", FAILURE_INVALID, strange}, /* a character that the database does not have */
    {SQLSTATE_CLAIMED, FAILURE_RUNNING, "The first request with this Idempotency-Key is still under way."},
    {"IK002", FAILURE_ANSWERED, "The first request with this Idempotency-Key was answered."},
    {"IK003", FAILURE_CONFLICT, changed}, /* refuse_unless */
    {SQLSTATE_REFERS, FAILURE_REFERENCE, "A record that it refers to is not there."},
    {"54000", FAILURE_INVALID, "A value is too long to be looked up by."},
};

static const ConstraintRow *constraint_find(const char *name) {
    for (int i = 0; i < constraint_count; i++)
        if (strcmp(constraint_rows[i].name, name) == 0)
            return &constraint_rows[i];
    return NULL;
}

static bool is_name_character(char c) {
    return isalnum((unsigned char)c) || c == '_';
}

/* How often a name stands in a text, by itself and not as a part of a longer one. */
static int mentions(const char *text, const char *name) {
    size_t length = strlen(name);
    int count = 0;
    for (const char *at = strstr(text, name); at; at = strstr(at + length, name))
        if ((at == text || !is_name_character(at[-1])) && !is_name_character(at[length]))
            count++;
    return count;
}

/* A foreign key was broken from its far end: the record that is referred to was to go. PostgreSQL's message then names
 * that record's table beside the one that refers; its words depend on the server's language, its names do not. */
static bool is_still_referenced(const ConstraintRow *row, const DbError *error) {
    return mentions(error->message, row->target) > (strcmp(error->table, row->target) == 0 ? 1 : 0);
}

static FailureReport constraint_report(const ConstraintRow *row, const DbError *error) {
    if (!row->target)
        return (FailureReport){
            .kind = row->kind, .resource = row->resource, .field = row->field, .detail = row->detail};
    if (is_still_referenced(row, error))
        return (FailureReport){.kind = FAILURE_REFERENCED,
                               .resource = row->target,
                               .detail = "Other records refer to it.",
                               .referrer = row->resource,
                               .referrer_field = row->field};
    return (FailureReport){
        .kind = FAILURE_REFERENCE, .resource = row->resource, .field = row->field, .detail = row->detail};
}

FailureReport failure_report(const DbError *error) {
    if (strncmp(error->sqlstate, "23", 2) == 0) {
        const ConstraintRow *row = constraint_find(error->constraint);
        if (row)
            return constraint_report(row, error);
    }
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
        if (strncmp(error->sqlstate, states[i].state, strlen(states[i].state)) == 0)
            return (FailureReport){.kind = states[i].kind, .detail = states[i].detail};
    return (FailureReport){.kind = FAILURE_INTERNAL, .detail = "The service has made a mistake."};
}
