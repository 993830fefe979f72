#include "http/pages.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/assets.h"
#include "base/hash.h"
#include "base/json_writer.h"
#include "base/version.h"
#include "http/compress.h"
#include "http/meta.h"
#include "http/request.h"

/* A file that is served. Its ETag and its gzip form are made when it is first asked for, and kept: what nobody asks for
 * is not even read into memory. */
typedef struct File {
    const char *name;
    const char *type;
    const char *data;
    size_t size;
    char etag[17]; /* "": not made yet */
    bool pack_tried;
    Buffer packed;
} File;

enum { FILES_MAX = 24 };

struct Meta {
    Arena *arena;
    const char *docs_policy; /* Content-Security-Policy of the page at /docs */
    pthread_mutex_t lock;    /* of the ETags and gzip forms */
    File files[FILES_MAX];
    int count;
};

static const char index_policy[] = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
                                   "form-action 'none'; frame-ancestors 'none'";

static const char *file_type(const char *name) {
    static const struct {
        const char *ending;
        const char *type;
    } types[] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".json", "application/json"},
        {".yaml", "application/yaml"},
        {".png", "image/png"},
        {".svg", "image/svg+xml"},
    };
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        size_t ending = strlen(types[i].ending);
        if (length > ending && strcmp(name + length - ending, types[i].ending) == 0)
            return types[i].type;
    }
    return "text/plain; charset=utf-8";
}

static void file_add(Meta *meta, const char *name, const char *data, size_t size) {
    if (meta->count == FILES_MAX)
        return;
    meta->files[meta->count++] = (File){.name = name, .type = file_type(name), .data = data, .size = size};
}

/* --- the description with the public URL ----------------------------------------------------------------------------
 */

/* The text without what stands from `from` to `to`, but with `instead`. */
static Buffer text_replace(Arena *arena, const char *text, size_t size, size_t from, size_t to, const Buffer *instead) {
    Buffer out = buffer_new(arena, size + instead->length);
    buffer_add(&out, text, from);
    buffer_add(&out, instead->data, instead->length);
    buffer_add(&out, text + to, size - to);
    return out;
}

/* Replaces the value of the first `"servers":` of the JSON form; it is an array without arrays inside. */
static Buffer json_servers(Arena *arena, const Asset *asset, const char *url) {
    Buffer servers = buffer_new(arena, 128);
    const char *key = strstr(asset->data, "\"servers\":");
    const char *end = key ? strchr(key, ']') : NULL;
    if (end == NULL)
        return text_replace(arena, asset->data, asset->size, 0, 0, &servers);
    buffer_add_string(&servers, "\"servers\": [{\"url\": ");
    JsonWriter w = json_writer_new(&servers);
    writer_string(&w, url);
    buffer_add_string(&servers, "}]");
    return text_replace(arena, asset->data, asset->size, (size_t)(key - asset->data), (size_t)(end + 1 - asset->data),
                        &servers);
}

/* Replaces the block `servers:` of the YAML form: up to the next line that is not indented, nor an item. */
static Buffer yaml_servers(Arena *arena, const Asset *asset, const char *url) {
    Buffer servers = buffer_new(arena, 128);
    const char *key = strstr(asset->data, "\nservers:");
    if (key == NULL)
        return text_replace(arena, asset->data, asset->size, 0, 0, &servers);
    const char *end = strchr(key + 1, '\n');
    while (end && end[1] && strchr(" -#\n", end[1]))
        end = strchr(end + 1, '\n');
    size_t to = end ? (size_t)(end + 1 - asset->data) : asset->size;
    buffer_add_string(&servers, "servers:\n  - url: ");
    JsonWriter w = json_writer_new(&servers);
    writer_string(&w, url); /* a JSON string is one of YAML too */
    buffer_add_char(&servers, '\n');
    return text_replace(arena, asset->data, asset->size, (size_t)(key + 1 - asset->data), to, &servers);
}

/* The page may load nothing but what this server has, and ask nobody but this server, under both of its names;
 * swagger-ui styles its elements itself. */
static const char *docs_policy(Arena *arena, const char *public_url) {
    const char *host = strstr(public_url, "://");
    size_t origin = host ? (size_t)(host + 3 - public_url) + strcspn(host + 3, "/") : 0;
    return arena_printf(
        arena,
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'%s%.*s; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        origin > 0 ? " " : "", (int)origin, public_url);
}

Meta *meta_new(const char *public_url) {
    Arena *arena = arena_new();
    Meta *meta = arena_calloc(arena, 1, sizeof(Meta));
    meta->arena = arena;
    meta->docs_policy = docs_policy(arena, public_url);
    pthread_mutex_init(&meta->lock, NULL);
    for (int i = 0; i < asset_count; i++) {
        const Asset *asset = &assets[i];
        bool json = strcmp(asset->name, "openapi.json") == 0;
        bool yaml = strcmp(asset->name, "openapi.yaml") == 0;
        if ((json || yaml) && public_url[0]) {
            Buffer text = json ? json_servers(arena, asset, public_url) : yaml_servers(arena, asset, public_url);
            file_add(meta, asset->name, text.data, text.length);
        } else if (json || yaml || strncmp(asset->name, "docs/", 5) == 0) {
            file_add(meta, asset->name, asset->data, asset->size);
        }
    }
    return meta;
}

void meta_free(Meta *meta) {
    if (meta) {
        pthread_mutex_destroy(&meta->lock);
        arena_free(meta->arena);
    }
}

/* --- files ----------------------------------------------------------------------------------------------------------
 */

static File *file_find(Meta *meta, const char *name) {
    for (int i = 0; i < meta->count; i++)
        if (strcmp(meta->files[i].name, name) == 0)
            return &meta->files[i];
    return NULL;
}

static const char *file_etag(Meta *meta, File *file) {
    uint8_t digest[SHA256_SIZE];
    pthread_mutex_lock(&meta->lock);
    if (file->etag[0] == 0) {
        sha256(file->data, file->size, digest);
        hex_encode(digest, 8, file->etag);
    }
    pthread_mutex_unlock(&meta->lock);
    return file->etag;
}

static const Buffer *file_packed(Meta *meta, File *file) {
    pthread_mutex_lock(&meta->lock);
    if (!file->pack_tried && file->size >= COMPRESS_MIN && compressible(file->type)) {
        Compressor *compressor = compressor_new(6);
        Arena *scratch = arena_new();
        Buffer packed;
        if (compress_gzip(compressor, scratch, file->data, file->size, &packed)) {
            file->packed = buffer_new(meta->arena, packed.length);
            buffer_add(&file->packed, packed.data, packed.length);
        }
        arena_free(scratch);
        compressor_free(compressor);
    }
    file->pack_tried = true;
    pthread_mutex_unlock(&meta->lock);
    return file->packed.length > 0 ? &file->packed : NULL;
}

static Step answer_file(Exchange *x, const char *name, const char *what) {
    Request *request = request_of(x);
    Meta *meta = request->worker->server->meta;
    File *file = file_find(meta, name);
    if (file == NULL) {
        problem_set(x, PROBLEM_NOT_FOUND, "%s", what);
        return STEP_ANSWER;
    }
    x->content_type = file->type;
    x->etag = file_etag(meta, file);
    x->body = (Buffer){.arena = x->arena, .data = (char *)(uintptr_t)file->data, .length = file->size};
    request->packed = file_packed(meta, file);
    return STEP_ANSWER;
}

Step page_openapi_json(Exchange *x) {
    return answer_file(x, "openapi.json", "This server was built without its description.");
}

Step page_openapi_yaml(Exchange *x) {
    return answer_file(x, "openapi.yaml", "This server was built without its description.");
}

Step page_docs(Exchange *x) {
    exchange_header(x, "Content-Security-Policy", request_of(x)->worker->server->meta->docs_policy);
    return answer_file(x, "docs/index.html", "This server was built without its page.");
}

Step page_docs_file(Exchange *x) {
    exchange_header(x, "Content-Security-Policy", request_of(x)->worker->server->meta->docs_policy);
    return answer_file(x, x->path + 1, "The page has no such file.");
}

/* --- the index ------------------------------------------------------------------------------------------------------
 */

/* A link of the index: what can be read without an id and a query. */
static bool is_linked(const Route *route) {
    const Endpoint *get = route->endpoints[METHOD_GET];
    return get && !get->needs_query && strchr(route->path, '{') == NULL && strcmp(route->path, "/") != 0;
}

static void index_json(Exchange *x, const Router *router) {
    JsonWriter w = json_writer_new(&x->body);
    writer_object_begin(&w);
    writer_key(&w, "name");
    writer_string(&w, "OnRecord");
    writer_key(&w, "version");
    writer_string(&w, ONRECORD_VERSION);
    writer_key(&w, "links");
    writer_object_begin(&w);
    for (int i = 0; i < router_route_count(router); i++) {
        const Route *route = router_route(router, i);
        if (is_linked(route)) {
            writer_key(&w, route->path + 1);
            writer_string(&w, arena_printf(x->arena, "%s%s", x->service->public_url, route->path));
        }
    }
    writer_object_end(&w);
    writer_object_end(&w);
}

static void index_html(Exchange *x, const Router *router) {
    buffer_add_string(
        &x->body, "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width\">\n<link rel=\"icon\" href=\"data:,\">\n"
                  "<title>OnRecord</title>\n<style>body{font:1rem/1.6 system-ui,sans-serif;max-width:40rem;"
                  "margin:3rem auto;padding:0 1rem}code{background:#eee;padding:.1em .3em}"
                  "@media(prefers-color-scheme:dark){body{background:#111;color:#ddd}a{color:#8cf}"
                  "code{background:#333}}</style>\n<h1>OnRecord</h1>\n"
                  "<p>The public record: which article reported which event, who was quoted in it, in what role, in "
                  "which exact words.</p>\n<ul>\n");
    for (int i = 0; i < router_route_count(router); i++) {
        const Route *route = router_route(router, i);
        if (is_linked(route))
            buffer_printf(&x->body, "<li><a href=\"%s%s\">%s</a>\n", x->service->public_url, route->path, route->path);
    }
    buffer_add_string(&x->body, "</ul>\n<p>The API is described at <a href=\"/docs\">/docs</a>. For a program: "
                                "<code>curl -H 'Accept: application/json'</code>.</p>\n</html>\n");
}

Step page_index(Exchange *x) {
    Request *request = request_of(x);
    const Router *router = request->worker->server->router;
    uint8_t digest[SHA256_SIZE];
    char *etag = arena_alloc(x->arena, 17);
    x->body = buffer_new(x->arena, 2048);
    if (x->format == FORMAT_JSON) {
        index_json(x, router);
    } else {
        exchange_header(x, "Content-Security-Policy", index_policy);
        index_html(x, router);
    }
    sha256(x->body.data, x->body.length, digest);
    hex_encode(digest, 8, etag);
    x->etag = etag;
    return STEP_ANSWER;
}
