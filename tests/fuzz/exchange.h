/* exchange.h: an exchange for a fuzzer, and answers of PostgreSQL made up for it. */
#ifndef ONRECORD_TESTS_FUZZ_EXCHANGE_H
#define ONRECORD_TESTS_FUZZ_EXCHANGE_H

#include "db/rows.h"
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "record/exchange.h"
#include "record/sql_builder.h"
#include "resources/resources.h"

/* Ends the run with a word on what should never be so. */
#define MUST(condition)                                                                                                \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                    \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static SearchLore fuzz_searches;
static Service fuzz_service = {
    .public_url = "", .cursor_key = "a key that nobody knows, 32 byte", .searches = &fuzz_searches};

static inline Exchange *fuzz_exchange(Arena *arena, const Endpoint *endpoint) {
    Exchange *x = arena_calloc(arena, 1, sizeof *x);
    x->arena = arena;
    x->service = &fuzz_service;
    x->endpoint = endpoint;
    x->method = endpoint->method;
    x->path = "/fuzz";
    x->ids[0] = 7;
    batch_init(&x->batch, arena, LANE_POINT, NULL, x);
    return x;
}

/* The `n`th endpoint, round and round, of those that read or those that write. */
static inline const Endpoint *fuzz_endpoint(bool reads, unsigned n) {
    int count;
    const Endpoint *all = resources_endpoints(&count);
    for (;;) {
        for (int i = 0; i < count; i++)
            if ((all[i].method == METHOD_GET) == reads && n-- == 0)
                return &all[i];
    }
}

static inline Result *fuzz_result(Arena *arena, int columns, int rows, const char *const *cells) {
    static char name[] = "column";
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    PGresAttDesc *attributes = calloc((size_t)columns, sizeof *attributes);
    MUST(result != NULL && attributes != NULL);
    for (int i = 0; i < columns; i++)
        attributes[i] = (PGresAttDesc){.name = name, .typid = 25, .typlen = -1, .atttypmod = -1};
    MUST(PQsetResultAttrs(result, columns, attributes));
    free(attributes);
    for (int i = 0; i < rows * columns; i++) {
        const char *cell = cells[i % columns];
        MUST(PQsetvalue(result, i / columns, i % columns, (char *)(uintptr_t)cell,
                        cell != NULL ? (int)strlen(cell) : -1));
    }
    return rows_all(arena, result);
}

/* A statement's text holds nothing but our own words, and every parameter that it names. */
static inline void fuzz_check_statement(const Statement *statement) {
    MUST(statement->param_count <= SQL_PARAMS_MAX);
    for (const char *c = statement->sql; *c != '\0'; c++) {
        MUST(*c > 0 && (*c >= ' ' || *c == '\n'));
        if (*c == '$') {
            long number = strtol(c + 1, NULL, 10);
            MUST(number >= 1 && number <= statement->param_count);
        }
    }
    for (int i = 0; i < statement->param_count; i++)
        MUST(statement->params[i] == NULL || utf8_valid(statement->params[i], strlen(statement->params[i])));
}

/* What is answered is JSON without a key twice. */
static inline void fuzz_check_answer(const Exchange *x) {
    Buffer problem = buffer_new(x->arena, 0);
    const Buffer *body = &x->body;
    if (x->problem.kind != PROBLEM_NONE) {
        problem_render(x, &problem);
        body = &problem;
    } else {
        MUST(x->status >= 200 && x->status < 300);
    }
    if (body->length == 0)
        return;
    json_t *json = json_loadb(body->data, body->length, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
    MUST(json != NULL);
    json_decref(json);
}

#endif
