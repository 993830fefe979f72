/* ingest_answer.c: what an ingest answers: all that was made, and what each description was taken for. */
#include "resources/ingest.h"

#include "resources/resources.h"

static void record_render(const Ingest *ingest, const Piece *piece, JsonWriter *w) {
    const Selection *selection =
        piece->write != NULL ? piece->write->selection : selection_plain(ingest->x->arena, piece->resource, false);
    selection_render(selection, w, ingest->x->batch.statements[piece->statement].result, 0, NULL);
}

/* The records of a resource that were made or written to, in the order of the body. */
static void records_render(const Ingest *ingest, const Resource *resource, JsonWriter *w) {
    writer_key(w, resource->name);
    writer_array_begin(w);
    for (int i = 0; i < ingest->count; i++)
        if (ingest->pieces[i].resource == resource && ingest->pieces[i].statement >= 0)
            record_render(ingest, &ingest->pieces[i], w);
    writer_array_end(w);
}

static void similar_render(const Piece *piece, JsonWriter *w) {
    writer_key(w, "similar");
    writer_array_begin(w);
    for (int i = 0; i < piece->similar_count; i++) {
        writer_object_begin(w);
        writer_key(w, "id");
        writer_int(w, piece->similar[i].id);
        writer_key(w, "name");
        writer_string(w, piece->similar[i].name);
        writer_object_end(w);
    }
    writer_array_end(w);
}

static void match_render(const Ingest *ingest, Piece *piece, JsonWriter *w) {
    const Piece *root = piece_root(ingest, piece);
    const char *name = root->name != NULL ? root->name : write_text(root->write, "name");
    writer_object_begin(w);
    writer_key(w, "pointer");
    writer_string(w, piece->pointer);
    writer_key(w, "resource");
    writer_string(w, piece->resource->name);
    writer_key(w, "id");
    writer_int(w, root->id);
    writer_key(w, "name");
    writer_string(w, name);
    writer_key(w, "matched_by");
    root->matched_by != NULL ? writer_string(w, root->matched_by) : writer_null(w);
    similar_render(root, w);
    writer_object_end(w);
}

void ingest_render(const Ingest *ingest, JsonWriter *w) {
    writer_object_begin(w);
    writer_key(w, "dry_run");
    writer_bool(w, ingest->dry_run);
    writer_key(w, "article");
    record_render(ingest, &ingest->pieces[0], w);
    records_render(ingest, &quote_resource, w);
    records_render(ingest, &event_resource, w);
    records_render(ingest, &speaker_resource, w);
    records_render(ingest, &source_resource, w);
    writer_key(w, "matches");
    writer_array_begin(w);
    for (int i = 0; i < ingest->count; i++)
        if (ingest->pieces[i].described)
            match_render(ingest, &ingest->pieces[i], w);
    writer_array_end(w);
    writer_object_end(w);
}
