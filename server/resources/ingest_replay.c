/* ingest_replay.c: the answer to an ingest that is sent again with its Idempotency-Key.
 *
 * The body is the same, and so are its pieces. What became of each is kept with the answer, by ids; the records are
 * read as they were made, from their revisions where they have changed since. What was only matched, and who is alike,
 * has the name that it has now. What was erased since is left out. */
#include <stdlib.h>
#include <string.h>

#include "db/array.h"
#include "record/json_text.h"
#include "resources/ingest.h"
#include "resources/resources.h"

/* Of a piece in `detail`. */
enum { KEPT_ID, KEPT_MATCHED_BY, KEPT_SAME, KEPT_SIMILAR };

/* ---- keeping it ---- */

static json_t *piece_kept(const Piece *piece) {
    json_t *similar = json_array();
    for (int i = 0; i < piece->similar_count; i++)
        json_array_append_new(similar, json_integer(piece->similar[i].id));
    return json_pack("[I, s?, i, o]", (json_int_t)piece->id, piece->matched_by, piece->same, similar);
}

void ingest_keep(const Ingest *ingest) {
    Exchange *x = ingest->x;
    const char **linked = arena_alloc(x->arena, (size_t)ingest->count * sizeof *linked);
    int count = 0;
    json_t *pieces = json_array();
    for (int i = 0; i < ingest->count; i++) {
        json_array_append_new(pieces, piece_kept(&ingest->pieces[i]));
        if (ingest->pieces[i].linked)
            linked[count++] = arena_integer(x->arena, ingest->pieces[i].id);
    }
    Sql *sql = sql_new(x->arena);
    (void)sql_bind(sql, json_text(x->arena, pieces));
    (void)sql_bind(sql, array_literal(x->arena, linked, count));
    idempotency_detail(x, sql,
                       "jsonb_build_object('pieces', $1::jsonb, 'versions', (SELECT coalesce(jsonb_object_agg(e.id, "
                       "e.version), '{}') FROM onrecord.events e WHERE e.id = ANY ($2::bigint[])))");
    sql_queue(sql, &x->batch);
    json_decref(pieces);
}

/* ---- asking for it ---- */

static void similar_read(const Ingest *ingest, Piece *piece, const json_t *ids) {
    piece->similar_count = (int)json_array_size(ids);
    piece->similar = arena_calloc(ingest->x->arena, (size_t)piece->similar_count + 1, sizeof *piece->similar);
    for (int i = 0; i < piece->similar_count; i++)
        piece->similar[i].id = json_integer_value(json_array_get(ids, (size_t)i));
}

static void record_ask(const Ingest *ingest, Piece *piece, int64_t version) {
    Exchange *x = ingest->x;
    Write *write = piece->write = arena_calloc(x->arena, 1, sizeof *write);
    write->x = x;
    write->resource = piece->resource;
    write->selection = selection_plain(x->arena, piece->resource, ingest->utf16 && piece->resource == &quote_resource);
    piece->statement = x->batch.count;
    idempotency_record(x, write->selection,
                       &(Answer){.resource = piece->resource, .record_id = piece->id, .version = version});
}

static void piece_ask(const Ingest *ingest, Piece *piece, const json_t *kept, const json_t *versions) {
    const char *matched_by = json_string_value(json_array_get(kept, KEPT_MATCHED_BY));
    piece->id = json_integer_value(json_array_get(kept, KEPT_ID));
    piece->matched_by = matched_by != NULL ? arena_strdup(ingest->x->arena, matched_by) : NULL;
    piece->same = (int)json_integer_value(json_array_get(kept, KEPT_SAME));
    similar_read(ingest, piece, json_array_get(kept, KEPT_SIMILAR));
    int64_t version = piece_is_made(piece)
                          ? 1
                          : json_integer_value(json_object_get(versions, arena_integer(ingest->x->arena, piece->id)));
    if (version > 0 && piece->same < 0)
        record_ask(ingest, piece, version);
}

/* What the speakers, sources and events are called that were matched or are alike. */
static void names_ask(Ingest *ingest, const Resource *resource) {
    Exchange *x = ingest->x;
    Buffer ids = buffer_new(x->arena, 256);
    Sql *sql = sql_new(x->arena);
    buffer_add_char(&ids, '{');
    for (int i = 0; i < ingest->count; i++) {
        const Piece *piece = &ingest->pieces[i];
        if (piece->resource != resource)
            continue;
        buffer_printf(&ids, "%s%lld", ids.length > 1 ? "," : "", (long long)piece->id);
        for (int s = 0; s < piece->similar_count; s++)
            buffer_printf(&ids, ",%lld", (long long)piece->similar[s].id);
    }
    buffer_add_char(&ids, '}');
    sql_add_all(sql, "SELECT t.id, t.name FROM ", resource->table, " t WHERE t.id = ANY (", NULL);
    sql_param(sql, ids.data, "bigint[]");
    sql_add(sql, ") ORDER BY t.id");
    sql_queue(sql, &x->batch);
}

static const Resource *const named[] = {&source_resource, &speaker_resource, &event_resource, NULL};

Step ingest_replay(Exchange *x, const Answer *answer) {
    if (answer->detail == NULL)
        return idempotency_plain(x, answer);
    Ingest *ingest = ingest_new(x);
    json_t *detail = exchange_own(x, json_from_text(x->arena, answer->detail, strlen(answer->detail)));
    const json_t *pieces = json_object_get(detail, "pieces");
    ingest->tree = exchange_own(x, json_deep_copy(x->json));
    ingest->kept = exchange_own(x, json_array());
    tree_read(ingest);
    for (int i = 0; i < ingest->count; i++)
        piece_ask(ingest, &ingest->pieces[i], json_array_get(pieces, (size_t)i), json_object_get(detail, "versions"));
    ingest->names = x->batch.count;
    for (int i = 0; named[i] != NULL; i++)
        names_ask(ingest, named[i]);
    ingest->phase = INGEST_REPLAY;
    return STEP_QUERY;
}

/* ---- what has come ---- */

/* NULL: it is not there any more. */
static const char *name_now(const Ingest *ingest, const Resource *resource, int64_t id) {
    for (int i = 0; named[i] != NULL; i++) {
        const Result *rows = ingest->x->batch.statements[ingest->names + i].result;
        for (int row = 0; named[i] == resource && row < result_rows(rows); row++)
            if (result_integer(rows, row, 0) == id)
                return arena_strdup(ingest->x->arena, result_value(rows, row, 1));
    }
    return NULL;
}

static void piece_take(const Ingest *ingest, Piece *piece) {
    int kept = 0;
    if (piece->statement >= 0) {
        const Result *rows = ingest->x->batch.statements[piece->statement].result;
        if (result_rows(rows) == 0)
            piece->statement = -1;
        else if (write_take(piece->write, rows, 0))
            piece->name = json_string_value(json_object_get(piece->write->current, "name"));
    } else if (piece->same < 0) {
        piece->name = name_now(ingest, piece->resource, piece->id);
    }
    for (int i = 0; i < piece->similar_count; i++) {
        piece->similar[i].name = name_now(ingest, piece->resource, piece->similar[i].id);
        if (piece->similar[i].name != NULL)
            piece->similar[kept++] = piece->similar[i];
    }
    piece->similar_count = kept;
}

bool ingest_replayed(Ingest *ingest) {
    for (int i = 0; i < ingest->count; i++)
        piece_take(ingest, &ingest->pieces[i]);
    for (int i = 0; i < ingest->count; i++) {
        Piece *piece = &ingest->pieces[i];
        piece->described = piece->described && piece_root(ingest, piece)->name != NULL;
    }
    if (ingest->pieces[0].statement >= 0)
        return true;
    (void)idempotency_erased(ingest->x);
    return false;
}
