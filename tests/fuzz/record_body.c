/* A write, from the body's bytes to the answer: parsing, lookups, merging, checking, the place of a quote, statements.
 * The first byte of the input chooses the endpoint, the second what PostgreSQL answers, the rest is the body. */
#include "exchange.h"

#include "record/payload.h"
#include "record/selection.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    SAYS_UTF16 = 1,    /* the request has offsets=utf16 */
    SAYS_NO_BODY = 2,  /* the article has no body */
    SAYS_NONE = 4,     /* the record, or what is looked up, is not there */
    SAYS_LOST = 8,     /* a guard is lost, once */
    SAYS_REFUSED = 16, /* a foreign key is broken */
    SAYS_TAKEN = 32,   /* a unique key is taken */
    STEPS_MAX = 40
};

static const char BODY[] = "He said “yes, 👍” and left — “no”, she said. “Yes, 👍”, he wrote.";

/* A record that has something in each of its columns. */
static const char *cell_of(const Field *field) {
    switch (field->type) {
    case TYPE_ID:
    case TYPE_REFERENCE:
    case TYPE_INTEGER:
        return "7";
    case TYPE_FRACTION:
        return "0.5";
    case TYPE_ENUM:
        return field->values[0];
    case TYPE_TIMESTAMP:
        return "2025-05-15 10:00:00.5+00";
    case TYPE_EDTF:
        return "2025-05";
    case TYPE_NAMES:
    case TYPE_URLS:
        return "{\"a b\",c}";
    case TYPE_REFERENCES:
        return "{7,8}";
    case TYPE_SPANS:
        return "{9,15}";
    case TYPE_OBJECT:
        return "{\"speaker_id\": 7, \"as_printed\": null, \"role\": \"x\", \"cue\": null}";
    case TYPE_OBJECTS:
        return "[]";
    case TYPE_JSON:
        return "{\"a\": {\"b\": 100000000000000000000000000}}";
    default:
        return strcmp(field->name, "body") == 0 ? BODY : "yes, 👍";
    }
}

static Result *record_row(const Exchange *x, int count) {
    const char *cells[FIELDS_MAX + 1];
    int columns = 0;
    for (const Field *field = x->endpoint->resource->fields; field->name != NULL; field++)
        if (field_is_column(field))
            cells[columns++] = cell_of(field);
    cells[columns++] = BODY; /* offsets=utf16 asks for it */
    return fuzz_result(x->arena, columns, count, cells);
}

static Result *result_for(const Exchange *x, const char *sql, unsigned says) {
    int there = (says & SAYS_NONE) == 0;
    const char *body[] = {"7", "4", (says & SAYS_NO_BODY) != 0 ? NULL : BODY};
    static const char *const quotes[] = {"7", "yes, 👍", "{9,15}", "He said “", "” and left", "anchored", "0"};
    static const char *const ids[] = {"7", "7"};
    if (strncmp(sql, "SELECT a.id, a.version", 22) == 0)
        return fuzz_result(x->arena, 3, there, body);
    if (strncmp(sql, "SELECT q.id", 11) == 0)
        return fuzz_result(x->arena, 7, 3, quotes);
    if (strncmp(sql, "SELECT t.id, ", 13) == 0 || strncmp(sql, "INSERT", 6) == 0 || strncmp(sql, "UPDATE", 6) == 0)
        return record_row(x, (says & SAYS_LOST) == 0);
    return fuzz_result(x->arena, 2, there, ids);
}

static Step batch_answer(Exchange *x, unsigned *says) {
    bool write = x->batch.write;
    for (int i = 0; i < x->batch.count; i++)
        fuzz_check_statement(&x->batch.statements[i]);
    if (write && (*says & (SAYS_REFUSED | SAYS_TAKEN)) != 0) {
        bool taken = (*says & SAYS_TAKEN) != 0;
        const char *table = x->endpoint->resource->name;
        x->batch.outcome = BATCH_FAILED;
        x->batch.error = (DbError){
            .sqlstate = "23503", .table = table, .message = "", .detail = "", .constraint = "quotes_speaker_id_fkey"};
        if (taken) {
            memcpy(x->batch.error.sqlstate, "23505", 6);
            x->batch.error.constraint = arena_printf(x->arena, "%s_external_id_key", table);
        }
        return x->endpoint->failed(x);
    }
    for (int i = 0; i < x->batch.count; i++)
        x->batch.statements[i].result = result_for(x, x->batch.statements[i].sql, write ? *says : *says & ~8U);
    if (write)
        *says &= ~(unsigned)SAYS_LOST;
    x->batch.outcome = BATCH_DONE;
    return x->endpoint->done(x);
}

static void run(Exchange *x, unsigned says) {
    static Parameter utf16[] = {{"offsets", "utf16"}};
    if ((says & SAYS_UTF16) != 0 && x->method != METHOD_DELETE) {
        x->parameters = utf16;
        x->parameter_count = 1;
    }
    Step step = x->endpoint->plan(x);
    for (int i = 0; step == STEP_QUERY; i++) {
        MUST(i < STEPS_MAX);
        MUST(x->batch.count > 0);
        step = batch_answer(x, &says);
    }
    fuzz_check_answer(x);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 2)
        return 0;
    Arena *arena = arena_new();
    Exchange *x = fuzz_exchange(arena, fuzz_endpoint(false, data[0]));
    const char *fault = NULL;
    char *text = arena_strndup(arena, (const char *)data + 2, size - 2);
    json_t *json = payload_parse(arena, text, size - 2, &fault);
    MUST((json != NULL) != (fault != NULL));
    if (json != NULL) {
        x->json = exchange_own(x, json);
        run(x, data[1]);
    } else {
        MUST(utf8_valid(fault, strlen(fault)));
    }
    exchange_release(x);
    arena_free(arena);
    return 0;
}
