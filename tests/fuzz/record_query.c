/* The target of a read, from the raw bytes to the answer: decoding, filters, sort, cursor, shape, rendering. The first
 * byte of the input chooses the endpoint and the format of a list, the rest is what follows the question mark. */
#include "exchange.h"

#include "http/target.h"
#include "record/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
    COLUMNS = 600 /* more than any selection has */,
    ROWS = 7,
    ENDPOINT = 0x3f, /* the bits of the first byte; the others: which format */
    AS_CSV = 0x40,
    AS_NDJSON = 0x80
};

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

/* Each row is a line, of JSON or of as many values as the head names. */
static void stream(Exchange *x) {
    Buffer head = buffer_new(x->arena, 0);
    Buffer row = buffer_new(x->arena, 0);
    MUST(x->batch.count == 1 && x->batch.lane == LANE_EXPORT);
    stream_head(x->stream, &head);
    stream_row(x->stream, &row, rows(x), 0);
    if (x->format == FORMAT_CSV) {
        int commas = 0; /* what stands in quotes has none */
        for (size_t i = 0; i < head.length; i++)
            commas += head.data[i] == ',';
        for (size_t i = 0; i < row.length; i++)
            commas -= row.data[i] == ',';
        MUST(commas == 0 && strcmp(row.data + row.length - 2, "\r\n") == 0);
    } else {
        json_t *json = json_loadb(row.data, row.length, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, NULL);
        MUST(json != NULL && row.data[row.length - 1] == '\n');
        json_decref(json);
    }
}

static void answer(Exchange *x, int turns) {
    for (int i = 0; i < x->batch.count; i++) {
        fuzz_check_statement(&x->batch.statements[i]);
        x->batch.statements[i].result = rows_all(x->arena, PQcopyResult(rows(x)->pg, PG_COPYRES_TUPLES));
    }
    x->batch.outcome = BATCH_DONE;
    if (x->stream != NULL)
        stream(x);
    /* STEP_QUERY: filters that name merged records, and languages that are news, are asked once more. */
    if (x->endpoint->done(x) == STEP_QUERY) {
        MUST(turns > 0);
        answer(x, turns - 1);
        return;
    }
    MUST(x->problem.kind == PROBLEM_NONE);
    batch_release(&x->batch);
}

static void run(Exchange *x, const char *raw) {
    Target target;
    if (!target_parse(x, raw, &target) || !target_parameters(x, target.query)) {
        MUST(x->problem.kind != PROBLEM_NONE);
        return;
    }
    if (x->endpoint->plan(x) == STEP_QUERY) {
        MUST(x->problem.fault_count == 0);
        answer(x, 8);
    } else {
        MUST(x->problem.kind == PROBLEM_BAD_REQUEST && x->problem.fault_count > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    Arena *arena = arena_new();
    Exchange *x = fuzz_exchange(arena, fuzz_endpoint(true, data[0] & ENDPOINT));
    Format format = data[0] & AS_CSV ? FORMAT_CSV : data[0] & AS_NDJSON ? FORMAT_NDJSON : FORMAT_JSON;
    if (format_offered(x->endpoint->formats, format))
        x->format = format;
    run(x, arena_printf(arena, "/fuzz?%.*s", (int)size - 1, (const char *)data + 1));
    fuzz_check_answer(x);
    exchange_release(x);
    arena_free(arena);
    return 0;
}
