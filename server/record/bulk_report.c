#include "record/bulk_report.h"

#include <string.h>

#include "base/json_writer.h"

static bool conflict_read(Exchange *x, BulkPlan *plan, const char *value) {
    plan->on_conflict = on_conflict_parse(value);
    if (plan->on_conflict != ON_CONFLICT_COUNT)
        return true;
    problem_fault(x, FAULT_PARAMETER, "on_conflict", "must be error, skip or update");
    return false;
}

static bool report_read(Exchange *x, bool *all, const char *value) {
    *all = strcmp(value, "all") == 0;
    if (*all || strcmp(value, "summary") == 0)
        return true;
    problem_fault(x, FAULT_PARAMETER, "report", "must be summary or all");
    return false;
}

static bool offsets_read(Exchange *x, BulkPlan *plan, const char *value) {
    plan->utf16 = strcmp(value, "utf16") == 0;
    if (plan->utf16 || strcmp(value, "codepoints") == 0)
        return true;
    problem_fault(x, FAULT_PARAMETER, "offsets", "must be codepoints or utf16");
    return false;
}

bool bulk_parameters(Exchange *x, BulkPlan *plan, bool *all) {
    bool valid = true;
    for (int i = 0; i < x->parameter_count; i++) {
        const char *name = x->parameters[i].name;
        const char *value = x->parameters[i].value;
        if (exchange_repeats(x, i)) {
            valid = false;
        } else if (strcmp(name, "on_conflict") == 0) {
            valid = conflict_read(x, plan, value) && valid;
        } else if (strcmp(name, "report") == 0) {
            valid = report_read(x, all, value) && valid;
        } else if (strcmp(name, "offsets") == 0) {
            valid = offsets_read(x, plan, value) && valid;
        } else {
            problem_fault(x, FAULT_PARAMETER, name, "is not a parameter of this write");
            valid = false;
        }
    }
    return valid;
}

BulkReport report_new(Arena *arena) {
    return (BulkReport){.problems = buffer_new(arena, 0), .scratch = arena_new()};
}

void report_restore(BulkReport *report, const char *problems, int count, int64_t more) {
    buffer_add_string(&report->problems, problems);
    report->count = count;
    report->more = more;
}

void report_release(BulkReport *report) {
    arena_free(report->scratch);
    report->scratch = NULL;
}

static void member_int(JsonWriter *w, const char *name, int64_t value) {
    writer_key(w, name);
    writer_int(w, value);
}

static void member_problem(JsonWriter *w, const Exchange *x, Arena *arena) {
    Buffer document = buffer_new(arena, 512);
    problem_render(x, &document);
    writer_key(w, "problem");
    writer_raw(w, document.data, document.length);
}

void report_add(BulkReport *report, const BulkLine *line) {
    if (report->count == REPORT_PROBLEMS || report->problems.length >= REPORT_BYTES) {
        report->more++;
        return;
    }
    Buffer text = buffer_new(report->scratch, 1024);
    JsonWriter w = json_writer_new(&text);
    writer_object_begin(&w);
    member_int(&w, "line", line->number);
    member_problem(&w, line->x, report->scratch);
    writer_object_end(&w);
    if (report->count++ > 0)
        buffer_add_char(&report->problems, ',');
    buffer_add(&report->problems, text.data, text.length);
    arena_reset(report->scratch);
}

void report_render(const BulkReport *report, const BulkCounts *counts, Buffer *out) {
    JsonWriter w = json_writer_new(out);
    writer_object_begin(&w);
    member_int(&w, "lines", counts->lines);
    for (int fate = FATE_COUNTED; fate < FATE_COUNT; fate++)
        member_int(&w, fate_names[fate], counts->fates[fate]);
    writer_key(&w, "problems");
    writer_raw(&w, "[", 1);
    buffer_add(out, report->problems.data, report->problems.length);
    buffer_add_char(out, ']');
    member_int(&w, "problems_more", report->more);
    writer_object_end(&w);
}

void report_line(Buffer *out, const BulkLine *line) {
    JsonWriter w = json_writer_new(out);
    writer_object_begin(&w);
    member_int(&w, "line", line->number);
    writer_key(&w, "outcome");
    writer_string(&w, fate_names[line->fate]);
    if (line->id != 0)
        member_int(&w, "id", line->id);
    if (line->version != 0)
        member_int(&w, "version", line->version);
    if (line->fate == FATE_FAILED)
        member_problem(&w, line->x, line->x->arena);
    writer_object_end(&w);
    buffer_add_char(out, '\n');
}
