/* The target of a read, from the raw bytes to the answer: decoding, filters, sort, cursor, shape, rendering. The first
 * byte of the input chooses the endpoint, the rest is what follows the question mark. */
#include "exchange.h"

#include "http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COLUMNS = 600 /* more than any selection has */, ROWS = 7 };

/* The same for every statement: "{}" is text, an empty array and JSON. */
static Result *rows(Exchange *x) {
    static Result kept;
    const char *cells[COLUMNS];
    for (int i = 0; i < COLUMNS; i++)
        cells[i] = "{}";
    if (kept.pg == NULL)
        kept = *fuzz_result(x->arena, COLUMNS, ROWS, cells);
    return &kept;
}

static void answer(Exchange *x) {
    for (int i = 0; i < x->batch.count; i++) {
        fuzz_check_statement(&x->batch.statements[i]);
        x->batch.statements[i].result = rows(x);
    }
    x->batch.outcome = BATCH_DONE;
    MUST(x->endpoint->done(x) == STEP_ANSWER);
    MUST(x->problem.kind == PROBLEM_NONE);
    for (int i = 0; i < x->batch.count; i++)
        x->batch.statements[i].result = NULL; /* kept for the next run */
}

static void run(Exchange *x, const char *raw) {
    Target target;
    if (!target_parse(x, raw, &target) || !target_parameters(x, target.query)) {
        MUST(x->problem.kind != PROBLEM_NONE);
        return;
    }
    if (x->endpoint->plan(x) == STEP_QUERY) {
        MUST(x->problem.fault_count == 0);
        answer(x);
    } else {
        MUST(x->problem.kind == PROBLEM_BAD_REQUEST && x->problem.fault_count > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    Arena *arena = arena_new();
    Exchange *x = fuzz_exchange(arena, fuzz_endpoint(true, data[0]));
    run(x, arena_printf(arena, "/fuzz?%.*s", (int)size - 1, (const char *)data + 1));
    fuzz_check_answer(x);
    exchange_release(x);
    arena_free(arena);
    return 0;
}
