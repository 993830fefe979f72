#include "record/exchange.h"

#include <assert.h>
#include <string.h>

void exchange_header(Exchange *x, const char *name, const char *value) {
    assert(x->header_count < EXCHANGE_HEADERS);
    x->headers[x->header_count++] = (AnswerHeader){name, value};
}

void exchange_link_next(Exchange *x, const char *next) {
    if (next != NULL)
        exchange_header(x, "Link", arena_printf(x->arena, "<%s>; rel=\"next\"", next));
}

const char *exchange_parameter(const Exchange *x, const char *name) {
    for (int i = 0; i < x->parameter_count; i++)
        if (strcmp(x->parameters[i].name, name) == 0)
            return x->parameters[i].value;
    return NULL;
}

bool exchange_flag(Exchange *x, const char *name) {
    const char *value = exchange_parameter(x, name);
    bool is_true = value != NULL && strcmp(value, "true") == 0;
    if (value != NULL && !is_true && strcmp(value, "false") != 0)
        problem_fault(x, FAULT_PARAMETER, name, "must be true or false");
    return is_true;
}

bool exchange_repeats(Exchange *x, int index) {
    const char *name = x->parameters[index].name;
    for (int i = 0; i < index; i++) {
        if (strcmp(x->parameters[i].name, name) == 0) {
            problem_fault(x, FAULT_PARAMETER, name, "is given more than once");
            return true;
        }
    }
    return false;
}

json_t *exchange_own(Exchange *x, json_t *json) {
    assert(x->owned_count < EXCHANGE_OWNED);
    if (json != NULL)
        x->owned[x->owned_count++] = json;
    return json;
}

void exchange_give_back(Exchange *x, int keep) {
    batch_release(&x->batch);
    while (x->owned_count > keep)
        json_decref(x->owned[--x->owned_count]);
}

void exchange_release(Exchange *x) {
    exchange_give_back(x, 0);
}
