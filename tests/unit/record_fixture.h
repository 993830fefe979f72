/* record_fixture.h: an exchange on an arena, as http/ would make it, for tests of record/ without http/ and db/. */
#ifndef ONRECORD_TESTS_RECORD_FIXTURE_H
#define ONRECORD_TESTS_RECORD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "record/exchange.h"
#include "record/field.h"
#include "record/sql_builder.h"
#include "resources/resources.h"

static SearchLore fixture_searches;
static Service fixture_service = {
    .public_url = "", .cursor_key = "0123456789abcdef0123456789abcde", .searches = &fixture_searches};

static inline int fixture_setup(void **state) {
    Arena *arena = arena_new();
    Exchange *x = arena_calloc(arena, 1, sizeof *x);
    x->arena = arena;
    x->service = &fixture_service;
    x->path = "/quotes";
    batch_init(&x->batch, arena, LANE_POINT, NULL, x);
    *state = x;
    return 0;
}

static inline int fixture_teardown(void **state) {
    Exchange *x = *state;
    exchange_release(x);
    arena_free(x->arena);
    return 0;
}

/* The parameters of `query` ("a=b&c=d", decoded already), and no faults. */
static inline void query_set(Exchange *x, const char *query) {
    x->parameters = arena_calloc(x->arena, strlen(query) + 1, sizeof *x->parameters);
    x->parameter_count = 0;
    x->problem = (Problem){.kind = PROBLEM_NONE};
    for (char *item = arena_strdup(x->arena, query), *next; item != NULL && *item != '\0'; item = next) {
        next = strchr(item, '&');
        if (next != NULL)
            *next++ = '\0';
        char *equals = strchr(item, '=');
        if (equals != NULL)
            *equals++ = '\0';
        x->parameters[x->parameter_count++] = (Parameter){item, equals != NULL ? equals : ""};
    }
}

/* All faults as text, a line each: "place: detail". */
static inline const char *faults_text(Exchange *x) {
    static const char marks[] = {[FAULT_POINTER] = '#', [FAULT_PARAMETER] = '?', [FAULT_HEADER] = ':'};
    Buffer out = buffer_new(x->arena, 256);
    for (const Fault *fault = x->problem.faults; fault != NULL; fault = fault->next)
        buffer_printf(&out, "%s%c%s: %s", out.length > 0 ? "\n" : "", marks[fault->place], fault->where, fault->detail);
    return out.data;
}

/* "$1=a $2=null" */
static inline const char *params_text(Arena *arena, int count, const char *const *params) {
    Buffer out = buffer_new(arena, 256);
    for (int i = 0; i < count; i++)
        buffer_printf(&out, "%s$%d=%s", i > 0 ? " " : "", i + 1, params[i] != NULL ? params[i] : "null");
    return out.data;
}

static inline const char *sql_params(const Sql *sql) {
    return params_text(sql->text.arena, sql->param_count, sql->params);
}

#define unit_case(function) cmocka_unit_test_setup_teardown(function, fixture_setup, fixture_teardown)

#endif
