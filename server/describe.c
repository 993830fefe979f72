/* describe.c: `onrecord describe`: resources, endpoints and settings as JSON, straight from the tables that the server
 * works by. Tests compare openapi.yaml and the documentation with it. */
#include <stdio.h>
#include <string.h>

#include "base/json_writer.h"
#include "commands.h"
#include "http/meta.h"
#include "record/field.h"
#include "record/type.h"
#include "resources/resources.h"

static int describe_help(void) {
    printf(
        "Usage: onrecord describe [--settings]\n\n"
        "Prints resources, endpoints, filter operators and settings as JSON. --settings prints the settings alone, as\n"
        "the Markdown table of docs/settings.md.\n");
    return EXIT_DONE;
}

static void describe_text(JsonWriter *w, const char *key, const char *text) {
    writer_key(w, key);
    if (text)
        writer_string(w, text);
    else
        writer_null(w);
}

static void describe_flag(JsonWriter *w, const char *key, bool flag) {
    writer_key(w, key);
    writer_bool(w, flag);
}

static void describe_texts(JsonWriter *w, const char *key, const char *const *texts) {
    writer_key(w, key);
    writer_array_begin(w);
    for (; *texts; texts++)
        writer_string(w, *texts);
    writer_array_end(w);
}

static void describe_operators(JsonWriter *w, const Field *field) {
    writer_key(w, "operators");
    writer_array_begin(w);
    for (int op = OPERATOR_EQ; op < OPERATOR_COUNT; op++)
        if ((field->flags & (FIELD_FILTER | FIELD_PATH)) && type_allows(field, (Operator)op))
            writer_string(w, op == OPERATOR_EQ ? "eq" : operator_suffixes[op]);
    writer_array_end(w);
}

static void describe_field(JsonWriter *w, const Field *field) {
    unsigned flags = field->flags;
    writer_object_begin(w);
    describe_text(w, "name", field->name);
    describe_text(w, "type", type_of(field)->name);
    describe_flag(w, "required", flags & FIELD_REQUIRED);
    describe_flag(w, "nullable", !(flags & (FIELD_REQUIRED | FIELD_NOT_NULL)));
    describe_flag(w, "read_only", flags & FIELD_READ_ONLY);
    describe_flag(w, "filter", flags & FIELD_FILTER);
    describe_flag(w, "sort", flags & FIELD_SORT);
    describe_flag(w, "virtual", flags & FIELD_VIRTUAL);
    describe_flag(w, "path", flags & FIELD_PATH);
    describe_operators(w, field);
    if (field->max > 0) {
        writer_key(w, "max");
        writer_int(w, field->max);
    }
    if (field->values)
        describe_texts(w, "values", field->values);
    if (field->fallback) {
        writer_key(w, "default");
        type_of(field)->render(w, field, field->fallback, strlen(field->fallback));
    }
    if (field->shown)
        describe_text(w, "shown", field->shown);
    if (field->target)
        describe_text(w, "target", field->target);
    if (field->relation)
        describe_text(w, "relation", field->relation);
    if (field->members) {
        writer_key(w, "members");
        writer_array_begin(w);
        for (const Field *member = field->members; member->name; member++)
            describe_field(w, member);
        writer_array_end(w);
    }
    writer_object_end(w);
}

static void describe_resource(JsonWriter *w, const Resource *resource) {
    writer_object_begin(w);
    describe_text(w, "name", resource->name);
    describe_text(w, "singular", resource->singular);
    describe_text(w, "title", resource->title);
    describe_text(w, "table", resource->table);
    describe_text(w, "default_sort", resource->default_sort);
    writer_key(w, "fields");
    writer_array_begin(w);
    for (const Field *field = resource->fields; field->name; field++)
        describe_field(w, field);
    writer_array_end(w);
    writer_key(w, "relations");
    writer_array_begin(w);
    for (const Relation *relation = resource->relations; relation && relation->name; relation++) {
        writer_object_begin(w);
        describe_text(w, "name", relation->name);
        describe_text(w, "resource", relation->resource);
        describe_text(w, "filter", relation->filter);
        writer_object_end(w);
    }
    writer_array_end(w);
    writer_object_end(w);
}

/* What may be had, by the names that Accept and `format` have for it. */
static void describe_formats(JsonWriter *w, const Endpoint *endpoint) {
    const char *media_types[FORMAT_COUNT + 1] = {NULL};
    const char *names[FORMAT_COUNT + 1] = {NULL};
    int types = 0;
    int named = 0;
    for (Format format = 0; format < FORMAT_COUNT; format++) {
        const Representation *representation = representation_of(format);
        if (!format_offered(endpoint->formats, format) || representation->media_types[0] == NULL)
            continue;
        media_types[types++] = representation->media_types[0];
        if (endpoint->resource && endpoint->formats != 0 && representation->name)
            names[named++] = representation->name;
    }
    describe_texts(w, "media_types", media_types);
    describe_texts(w, "formats", names);
}

static void describe_endpoints(JsonWriter *w, const Endpoint *endpoints, int count) {
    static const char *const methods[METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    static const char *const bodies[] = {
        [ACCEPTS_NOTHING] = "nothing",
        [ACCEPTS_JSON] = "json",
        [ACCEPTS_RECORDS] = "records",
        [ACCEPTS_PATCH] = "patch",
    };
    for (int i = 0; i < count; i++) {
        const Endpoint *endpoint = &endpoints[i];
        writer_object_begin(w);
        describe_text(w, "method", methods[endpoint->method]);
        describe_text(w, "path", endpoint->path);
        describe_text(w, "operation_id", endpoint->operation_id);
        describe_text(w, "scope", endpoint->scope == SCOPE_OPEN ? "open" : scope_name(endpoint->scope));
        describe_text(w, "accepts", bodies[endpoint->accepts]);
        describe_text(w, "resource", endpoint->resource ? endpoint->resource->name : NULL);
        describe_formats(w, endpoint);
        writer_object_end(w);
    }
}

/* The operators that each type allows; whether a field has `null` too depends on the field. */
static void describe_types(JsonWriter *w) {
    writer_object_begin(w);
    for (int type = 0; type < TYPE_COUNT; type++) {
        Field field = {.name = "", .type = (FieldType)type};
        writer_key(w, type_of(&field)->name);
        writer_array_begin(w);
        for (int op = OPERATOR_EQ; op < OPERATOR_COUNT; op++)
            if (type_of(&field)->operators & 1U << op)
                writer_string(w, op == OPERATOR_EQ ? "eq" : operator_suffixes[op]);
        writer_array_end(w);
    }
    writer_object_end(w);
}

static void describe_settings(JsonWriter *w) {
    static const char *const types[] = {"text", "secret", "flag", "number", "choice", "choice"};
    int count;
    const Setting *settings = config_settings(&count);
    for (int i = 0; i < count; i++) {
        const Setting *setting = &settings[i];
        writer_object_begin(w);
        describe_text(w, "env", setting->env);
        describe_text(w, "option", setting->option);
        describe_text(w, "type", types[setting->type]);
        describe_text(w, "default", setting->fallback);
        if (setting->type == SETTING_NUMBER) {
            writer_key(w, "min");
            writer_int(w, setting->min);
            writer_key(w, "max");
            writer_int(w, setting->max);
        }
        if (setting->choices)
            describe_texts(w, "choices", setting->choices);
        describe_text(w, "help", setting->help);
        writer_object_end(w);
    }
}

static void describe_all(JsonWriter *w) {
    int count;
    writer_object_begin(w);
    writer_key(w, "resources");
    writer_array_begin(w);
    const Resource *const *resources = resources_all(&count);
    for (int i = 0; i < count; i++)
        describe_resource(w, resources[i]);
    writer_array_end(w);

    writer_key(w, "endpoints");
    writer_array_begin(w);
    const Endpoint *endpoints = resources_endpoints(&count);
    describe_endpoints(w, endpoints, count);
    endpoints = meta_endpoints(&count);
    describe_endpoints(w, endpoints, count);
    writer_array_end(w);

    writer_key(w, "filter_operators");
    describe_types(w);
    writer_key(w, "settings");
    writer_array_begin(w);
    describe_settings(w);
    writer_array_end(w);
    writer_object_end(w);
}

int command_describe(int argc, char **argv) {
    if (command_wants_help(argc, argv))
        return describe_help();
    if (argc == 2 && strcmp(argv[1], "--settings") == 0) {
        config_markdown();
        return EXIT_DONE;
    }
    if (argc > 1)
        return command_fault(EXIT_MISUSED, "`onrecord describe` takes --settings or nothing, and not \"%s\".", argv[1]);
    Arena *arena = arena_new();
    Buffer out = buffer_new(arena, 0);
    JsonWriter writer = json_writer_new(&out);
    describe_all(&writer);
    bool written = puts(out.data) >= 0 && fflush(stdout) == 0;
    arena_free(arena);
    return written ? EXIT_DONE : command_fault(EXIT_FAILED, "standard output cannot be written");
}
