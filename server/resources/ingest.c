#include "resources/ingest.h"

#include <string.h>

#include "record/explain.h"
#include "record/list.h"
#include "record/read.h"
#include "record/type.h"
#include "record/write_sql.h"
#include "resources/resources.h"
#include "sql.h"

/* An event on record, told of as one of the article's own. */
static bool is_linked(const Piece *piece) {
    return piece->resource == &event_resource && piece->matched_by != NULL && piece->holder == NULL;
}

/* ---- check ---- */

static void piece_check(Ingest *ingest, Piece *piece) {
    Write *write = arena_calloc(ingest->x->arena, 1, sizeof *write);
    write->x = ingest->x;
    write->resource = piece->resource;
    write->method = METHOD_POST;
    write->pointer = piece->pointer;
    write->given = write->value = piece->value;
    write->new_id = piece->id;
    write->keeps = piece == &ingest->pieces[0] && !ingest->dry_run;
    write->selection = selection_plain(ingest->x->arena, piece->resource, false);
    piece->write = write;
    write_values(write);
}

/* What a record says of its article and of the quote that it goes on from. */
static void piece_join(Ingest *ingest, Piece *piece) {
    const Piece *article = &ingest->pieces[0];
    if (piece->resource == &quote_resource)
        json_object_set_new(piece->value, "article_id", json_integer(article->id));
    if (piece->resource == &event_resource && piece->holder == NULL)
        json_object_set_new(piece->value, "article_ids", json_pack("[I]", (json_int_t)article->id));
    if (piece->continues >= 0)
        json_object_set_new(piece->value, "continues_id", json_integer(ingest->pieces[piece->continues].id));
}

static void quotes_place(Ingest *ingest) {
    const char *text = write_text(ingest->pieces[0].write, "body");
    ArticleBody body = {0};
    if (text != NULL)
        body = article_body(ingest->x->arena, text, strlen(text));
    for (int i = 0; i < ingest->count; i++) {
        Write *write = ingest->pieces[i].write;
        Selection *shown = selection_plain(ingest->x->arena, &quote_resource, ingest->utf16);
        if (write == NULL || write->resource != &quote_resource || write_text(write, "text") == NULL)
            continue;
        write->selection = shown;
        quote_place(write, text != NULL ? &body : NULL);
    }
}

static bool pieces_check(Ingest *ingest) {
    for (int i = 0; i < ingest->count; i++) {
        Piece *piece = &ingest->pieces[i];
        piece->linked = is_linked(piece);
        if (!piece_is_made(piece))
            continue;
        piece_join(ingest, piece);
        piece_check(ingest, piece);
    }
    if (ingest->pieces[0].write != NULL)
        quotes_place(ingest);
    if (ingest->x->problem.fault_count == 0)
        return true;
    write_refuse(ingest->x);
    return false;
}

/* ---- send ---- */

/* Adds the article to an event, which must still be there. */
static void link_send(const Ingest *ingest, Piece *piece) {
    Arena *arena = ingest->x->arena;
    const char *who[WHO_COLUMNS];
    const char **params = arena_alloc(arena, sizeof *params);
    params[0] = arena_integer(arena, piece->id);
    who_texts(ingest->x, who);
    batch_add(&ingest->x->batch, SQL_INGEST_EVENT, 1, params);
    Sql *sql = sql_new(arena);
    sql_add(sql, "UPDATE onrecord.events AS t SET article_ids = t.article_ids || ");
    sql_param(sql, arena_integer(arena, ingest->pieces[0].id), "bigint");
    sql_add(sql, ", changed_by = ");
    sql_param(sql, who[0], "bigint");
    sql_add(sql, ", change_actor = ");
    sql_param(sql, who[1], "text");
    sql_add(sql, ", change_reason = ");
    sql_param(sql, who[2], "text");
    sql_add(sql, " WHERE t.id = ");
    sql_param(sql, params[0], "bigint");
    sql_add(sql, " RETURNING ");
    selection_columns(selection_plain(arena, &event_resource, false), sql);
    piece->statement = sql_queue(sql, &ingest->x->batch);
}

static void piece_send(Ingest *ingest, Piece *piece) {
    if (piece->linked)
        link_send(ingest, piece);
    else if (piece->write != NULL)
        piece->statement = sql_queue(insert_sql(piece->write), &ingest->x->batch);
}

/* Behind all that is described within it. */
static void described_send(Ingest *ingest, int at) {
    Piece *piece = &ingest->pieces[at];
    if (piece->placed)
        return;
    piece->placed = true;
    for (int i = 0; i < ingest->count; i++)
        if (ingest->pieces[i].parent >= 0 && piece_root(ingest, &ingest->pieces[ingest->pieces[i].parent]) == piece)
            described_send(ingest, (int)(piece_root(ingest, &ingest->pieces[i]) - ingest->pieces));
    piece_send(ingest, piece);
}

/* New speakers take their turn, so that none is made twice. */
static void turn_send(Ingest *ingest) {
    Exchange *x = ingest->x;
    Buffer names = buffer_new(x->arena, 256);
    JsonWriter w = json_writer_new(&names);
    static const char *const keys[] = {"name", "kind", "external_id"};
    bool some = false;
    writer_array_begin(&w);
    for (int i = 0; i < ingest->count; i++) {
        const Piece *piece = &ingest->pieces[i];
        if (piece->resource != &speaker_resource || piece->write == NULL)
            continue;
        some = true;
        writer_object_begin(&w);
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            const char *given = json_string_value(json_object_get(piece->value, keys[k]));
            if (given == NULL)
                continue;
            writer_key(&w, keys[k]);
            writer_string(&w, write_text(piece->write, keys[k]));
        }
        writer_object_end(&w);
    }
    writer_array_end(&w);
    if (!some)
        return;
    const char **params = arena_alloc(x->arena, sizeof *params);
    params[0] = names.data;
    batch_add(&x->batch, SQL_INGEST_TURN, 1, params);
    batch_add(&x->batch, SQL_INGEST_GUARD, 1, params);
}

static void pieces_send(Ingest *ingest, const Resource *resource) {
    for (int i = 1; i < ingest->count; i++)
        if (ingest->pieces[i].resource == resource && ingest->pieces[i].same < 0)
            described_send(ingest, i);
}

static Step ingest_send(Ingest *ingest) {
    Exchange *x = ingest->x;
    batch_release(&x->batch);
    if (!pieces_check(ingest))
        return STEP_ANSWER;
    x->batch.lane = LANE_WRITE;
    x->batch.write = true;
    ingest->phase = INGEST_SEND;
    if (!ingest->dry_run)
        idempotency_guard(x);
    turn_send(ingest);
    pieces_send(ingest, &source_resource);
    pieces_send(ingest, &speaker_resource);
    piece_send(ingest, &ingest->pieces[0]);
    pieces_send(ingest, &event_resource);
    pieces_send(ingest, &quote_resource);
    if (!ingest->dry_run && x->idempotency.key != NULL)
        ingest_keep(ingest);
    if (ingest->dry_run) /* ends the transaction that the batch is; what was made in it was never there */
        batch_add(&x->batch, "ROLLBACK", 0, NULL);
    return STEP_QUERY;
}

/* ---- the steps ---- */

static Step ids_step(Ingest *ingest) {
    batch_release(&ingest->x->batch);
    ids_ask(ingest);
    ingest->phase = INGEST_IDS;
    return STEP_QUERY;
}

/* Begins, or begins again after somebody else has made what was to be made here. */
static Step ingest_start(Ingest *ingest) {
    Exchange *x = ingest->x;
    exchange_give_back(x, ingest->owned_before);
    x->batch.write = false;
    ingest->tree = exchange_own(x, json_deep_copy(x->json));
    ingest->kept = exchange_own(x, json_array());
    tree_read(ingest);
    for (int i = 0; i < ingest->count; i++) {
        const Piece *piece = &ingest->pieces[i];
        references_lead(x, piece->resource, piece->value, piece->pointer, &ingest->leads);
    }
    ingest->phase = INGEST_MATCH;
    if (match_ask(ingest))
        return STEP_QUERY;
    return ids_step(ingest);
}

static Step ingest_again(Ingest *ingest) {
    if (++ingest->attempts == WRITE_ATTEMPTS) {
        problem_set(ingest->x, PROBLEM_UNAVAILABLE, "Others keep making what this request makes.");
        return STEP_ANSWER;
    }
    return ingest_start(ingest);
}

/* What a record refers to is merged, or has come back: begins again with those that it leads to. */
static Step ingest_explained(Ingest *ingest) {
    Write *refused = ingest->refused;
    refused->leads = ingest->leads;
    if (!explain_retries(refused) || ingest->attempts + 1 == WRITE_ATTEMPTS)
        return explain_done(refused);
    ingest->leads = refused->leads;
    batch_release(&ingest->x->batch);
    return ingest_again(ingest);
}

static Step ingest_answer(Ingest *ingest) {
    Exchange *x = ingest->x;
    x->body = buffer_new(x->arena, 4096);
    JsonWriter w = json_writer_new(&x->body);
    ingest_render(ingest, &w);
    x->status = ingest->dry_run ? 200 : 201;
    if (ingest->dry_run)
        return STEP_ANSWER;
    x->etag = arena_printf(x->arena, "1-%s", body_digest(x)); /* of more than the article, which If-Match may mean */
    exchange_header(
        x, "Location",
        arena_printf(x->arena, "%s/articles/%lld", x->service->public_url, (long long)ingest->pieces[0].id));
    return STEP_ANSWER;
}

static Step ingest_done(Ingest *ingest) {
    switch (ingest->phase) {
    case INGEST_MATCH:
        return match_take(ingest) ? ids_step(ingest) : STEP_ANSWER;
    case INGEST_IDS:
        return ids_take(ingest) ? ingest_send(ingest) : STEP_ANSWER;
    case INGEST_SEND:
        return ingest_answer(ingest);
    case INGEST_REPLAY:
        return ingest_replayed(ingest) ? ingest_answer(ingest) : STEP_ANSWER;
    default:
        return ingest_explained(ingest);
    }
}

static Piece *piece_refused(const Ingest *ingest) {
    for (int i = 0; i < ingest->count; i++)
        if (ingest->pieces[i].statement == ingest->x->batch.error.statement)
            return &ingest->pieces[i];
    return NULL;
}

/* Takes what is made in the same request out of what a record refers to: that is not what is missing. */
static void own_references_drop(const Ingest *ingest) {
    for (int i = 1; i < ingest->count; i++) {
        const Piece *piece = &ingest->pieces[i];
        if (piece->continues >= 0)
            json_object_del(piece->value, "continues_id");
        json_object_del(piece->value, piece->resource == &quote_resource ? "article_id" : "article_ids");
        if (piece->matched_by == NULL && piece->member != NULL)
            json_object_del(piece->holder, piece->member);
        else if (piece->matched_by == NULL && piece->holder != NULL)
            json_array_set_new(piece->holder, piece->index, json_null());
    }
}

static Step ingest_failed(Ingest *ingest) {
    Exchange *x = ingest->x;
    FailureReport report = failure_report(&x->batch.error);
    Piece *piece = ingest->phase == INGEST_SEND ? piece_refused(ingest) : NULL;
    /* What was matched has gone, or what was to be made has come: a second look tells. */
    bool stale = report.kind == FAILURE_REFERENCE || (report.kind == FAILURE_CONFLICT && piece && piece->described);
    if (ingest->phase == INGEST_SEND && (report.kind == FAILURE_RETRY || (stale && ingest->attempts == 0)))
        return ingest_again(ingest);
    if (piece == NULL || piece->write == NULL) {
        problem_from_batch(x);
        return STEP_ANSWER;
    }
    if (report.kind == FAILURE_REFERENCE)
        own_references_drop(ingest);
    ingest->refused = piece->write;
    ingest->phase = INGEST_EXPLAIN;
    return explain_ask(piece->write, report);
}

/* ---- POST /articles ---- */

static void parameters_read(Ingest *ingest) {
    static const char *const names[] = {"offsets", "dry_run", "new_speakers", NULL};
    Exchange *x = ingest->x;
    for (int i = 0; i < x->parameter_count; i++)
        if (!name_is_one_of(names, x->parameters[i].name))
            problem_fault(x, FAULT_PARAMETER, x->parameters[i].name, "is not a parameter of this write");
        else
            (void)exchange_repeats(x, i);
    const char *new_speakers = exchange_parameter(x, "new_speakers");
    ingest->refuses_new = new_speakers != NULL && strcmp(new_speakers, "refuse") == 0;
    if (new_speakers != NULL && !ingest->refuses_new && strcmp(new_speakers, "make") != 0)
        problem_fault(x, FAULT_PARAMETER, "new_speakers", "must be make or refuse");
    ingest->dry_run = exchange_flag(x, "dry_run");
    ingest->utf16 = selection_read(x, &quote_resource, true)->utf16;
}

/* Whether more is asked than to create one article. */
static bool is_ingest(const Exchange *x) {
    return exchange_parameter(x, "dry_run") != NULL || exchange_parameter(x, "new_speakers") != NULL ||
           tree_is_nested(x->json);
}

Ingest *ingest_new(Exchange *x) {
    Ingest *ingest = arena_calloc(x->arena, 1, sizeof *ingest);
    ingest->x = x;
    ingest->owned_before = x->owned_count;
    x->state = ingest;
    parameters_read(ingest);
    return ingest;
}

static Step create_plan(Exchange *x) {
    if (!is_ingest(x))
        return write_plan(x);
    Ingest *ingest = ingest_new(x);
    if (x->problem.fault_count > 0)
        problem_set(x, PROBLEM_BAD_REQUEST, "The query has faults.");
    else if (!json_is_object(x->json))
        problem_set(x, PROBLEM_INVALID, "The body must be a JSON object.");
    else
        return ingest_start(ingest);
    return STEP_ANSWER;
}

static Step create_done(Exchange *x) {
    return is_ingest(x) ? ingest_done(x->state) : write_done(x);
}

static Step create_failed(Exchange *x) {
    return is_ingest(x) ? ingest_failed(x->state) : write_failed(x);
}

/* With nothing but an article in it, it is a write like any other. */
const Steps article_create = {create_plan, create_done, create_failed, ingest_replay};
