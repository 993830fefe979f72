#include "record/anchor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/buffer.h"
#include "base/utf8.h"

enum {
    EXCERPT_POINTS = 60,    /* how much of a text a fault shows, */
    EXCERPT_LEAD = 20,      /* and how much of that before the difference */
    OCCURRENCES_MAX = 1000, /* how many occurrences of one text are weighed */
    NOTHING = 0             /* what an invisible code point folds to; texts hold no NUL */
};

ArticleBody article_body(Arena *arena, const char *text, size_t length) {
    return (ArticleBody){.arena = arena, .text = text, .length = length, .points = utf8_length(text, length)};
}

/* ---- code points and bytes ---- */

/* A place in a body, known both ways. Going forward through ordered spans with one reads the body once. */
typedef struct Place {
    size_t point;
    size_t byte;
} Place;

/* Moves to code point `point`, or to the body's end when it has no more than that; answers the byte offset. */
static size_t place_move(Place *place, const ArticleBody *body, size_t point) {
    if (point > body->points)
        point = body->points;
    if (point < place->point)
        *place = (Place){0};
    place->byte += utf8_offset(body->text + place->byte, body->length - place->byte, point - place->point);
    place->point = point;
    return place->byte;
}

/* ---- checking ---- */

static bool fault_set(SpanFault *fault, size_t segment, const char *detail) {
    *fault = (SpanFault){.segment = (int)segment, .detail = detail};
    return false;
}

static bool fault_set_whole(SpanFault *fault, const char *detail) {
    *fault = (SpanFault){.segment = -1, .detail = detail};
    return false;
}

/* Some sixty code points of a text around byte `at`, in quotation marks. */
static const char *excerpt(Arena *arena, const char *text, size_t length, size_t at) {
    const char *begin = text + at;
    for (int i = 0; i < EXCERPT_LEAD && begin > text; i++)
        utf8_previous(&begin, text);
    size_t left = length - (size_t)(begin - text);
    size_t shown = utf8_offset(begin, left, EXCERPT_POINTS);
    return arena_printf(arena, "“%s%.*s%s”", begin > text ? "…" : "", (int)shown, begin, shown < left ? "…" : "");
}

/* The code point at byte `at` by its number: what differs may look alike. */
static const char *point_name(Arena *arena, const char *text, size_t length, size_t at) {
    if (at >= length)
        return "the end";
    const char *next = text + at;
    return arena_printf(arena, "U+%04X", (unsigned)utf8_next(&next, text + length));
}

/* The first byte where two texts differ, moved back to where its code point begins in `a` (up to there they are equal).
 */
static size_t first_difference(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t at = 0;
    while (at < a_length && at < b_length && a[at] == b[at])
        at++;
    while (at > 0 && ((at < a_length && ((unsigned char)a[at] & 0xC0) == 0x80) ||
                      (at < b_length && ((unsigned char)b[at] & 0xC0) == 0x80)))
        at--;
    return at;
}

/* Each span on its own and against the one before. */
static bool check_order(const ArticleBody *body, const Span *spans, size_t count, SpanFault *fault) {
    if (count == 0)
        return fault_set_whole(fault, "there is no span");
    for (size_t i = 0; i < count; i++) {
        if (spans[i].start >= spans[i].end)
            return fault_set(fault, i, "start must be less than end");
        if (spans[i].end > body->points)
            return fault_set(fault, i, arena_printf(body->arena, "the body ends at %zu", body->points));
        if (i > 0 && spans[i].start < spans[i - 1].end)
            return fault_set(fault, i, "it begins before the span before it ends");
    }
    return true;
}

bool spans_check(const ArticleBody *body, const Span *spans, size_t count, const char *text, size_t length,
                 SpanFault *fault) {
    if (!check_order(body, spans, count, fault))
        return false;
    Arena *arena = body->arena;
    Place place = {0};
    size_t at = 0; /* how much of the text is accounted for */
    for (size_t i = 0; i < count; i++) {
        size_t start = place_move(&place, body, spans[i].start);
        size_t size = place_move(&place, body, spans[i].end) - start;
        const char *segment = body->text + start;
        if (i > 0) {
            if (at == length)
                return fault_set(fault, i,
                                 arena_printf(arena, "the text ends before it, and the body has %s there",
                                              excerpt(arena, segment, size, 0)));
            if (text[at] != ' ')
                return fault_set(fault, i,
                                 arena_printf(arena, "one space must stand before it in the text, which has %s",
                                              excerpt(arena, text, length, at)));
            at++;
        }
        const char *rest = text + at;
        size_t left = length - at;
        if (left < size || memcmp(rest, segment, size) != 0) {
            size_t differs = first_difference(segment, size, rest, left);
            return fault_set(fault, i,
                             arena_printf(arena, "the body has %s there, the text %s: they part at %s and %s",
                                          excerpt(arena, segment, size, differs), excerpt(arena, rest, left, differs),
                                          point_name(arena, segment, size, differs),
                                          point_name(arena, rest, left, differs)));
        }
        at += size;
    }
    if (at < length)
        return fault_set_whole(
            fault, arena_printf(arena, "the text goes on after the last span: %s", excerpt(arena, text, length, at)));
    return true;
}

/* ---- reading ---- */

char *text_of_spans(const ArticleBody *body, const Span *spans, size_t count, size_t *length) {
    Buffer out = buffer_new(body->arena, 0);
    Place place = {0};
    for (size_t i = 0; i < count; i++) {
        size_t start = place_move(&place, body, spans[i].start);
        size_t end = place_move(&place, body, spans[i].end);
        if (i > 0)
            buffer_add_char(&out, ' ');
        if (end > start)
            buffer_add(&out, body->text + start, end - start);
    }
    *length = out.length;
    return out.data;
}

/* The context of what stands from byte `start` to byte `end`. */
static SpanContext context_at(const ArticleBody *body, size_t start, size_t end) {
    const char *begin = body->text + start;
    for (int i = 0; i < CONTEXT_POINTS && begin > body->text; i++)
        utf8_previous(&begin, body->text);
    const char *after = body->text + end;
    SpanContext context = {.prefix_length = (size_t)(body->text + start - begin),
                           .suffix_length = utf8_offset(after, body->length - end, CONTEXT_POINTS)};
    context.prefix = arena_strndup(body->arena, begin, context.prefix_length);
    context.suffix = arena_strndup(body->arena, after, context.suffix_length);
    return context;
}

SpanContext span_context(const ArticleBody *body, size_t start, size_t end) {
    Place place = {0};
    size_t from = place_move(&place, body, start);
    return context_at(body, from, place_move(&place, body, end));
}

/* ---- folding ---- */

typedef struct FoldRange {
    uint32_t first, last;
    char to;
} FoldRange;

/* Beyond ASCII and white space, in order. Primes, accents and modifier letters are here as typists use them. */
static const FoldRange FOLDS[] = {
    {0x00AB, 0x00AB, '"'},     {0x00AD, 0x00AD, NOTHING}, {0x00B4, 0x00B4, '"'},     {0x00BB, 0x00BB, '"'},
    {0x02B9, 0x02BD, '"'},     {0x058A, 0x058A, '-'},     {0x05BE, 0x05BE, '-'},     {0x05F3, 0x05F4, '"'},
    {0x200B, 0x200B, NOTHING}, {0x2010, 0x2015, '-'},     {0x2018, 0x201F, '"'},     {0x2032, 0x2037, '"'},
    {0x2039, 0x203A, '"'},     {0x2043, 0x2043, '-'},     {0x2060, 0x2060, NOTHING}, {0x2212, 0x2212, '-'},
    {0x275B, 0x275E, '"'},     {0x276E, 0x276F, '"'},     {0x2E3A, 0x2E3B, '-'},     {0x2E42, 0x2E42, '"'},
    {0x300C, 0x300F, '"'},     {0x301D, 0x301F, '"'},     {0xFE31, 0xFE32, '-'},     {0xFE41, 0xFE44, '"'},
    {0xFE58, 0xFE58, '-'},     {0xFE63, 0xFE63, '-'},     {0xFEFF, 0xFEFF, NOTHING}, {0xFF02, 0xFF02, '"'},
    {0xFF07, 0xFF07, '"'},     {0xFF0D, 0xFF0D, '-'},     {0xFF40, 0xFF40, '"'},     {0xFF62, 0xFF63, '"'},
    {0x1F676, 0x1F678, '"'},
};

/* What a code point is to the search: quotation marks '"', dashes '-', white space ' ', line break hints NOTHING. */
static uint32_t fold_point(uint32_t c) {
    if (c == '"' || c == '\'' || c == '`')
        return '"';
    if (c > ' ' && c < 0x80)
        return c;
    if (utf8_is_space(c))
        return ' ';
    size_t low = 0, high = sizeof FOLDS / sizeof FOLDS[0];
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (c > FOLDS[middle].last)
            low = middle + 1;
        else if (c < FOLDS[middle].first)
            high = middle;
        else
            return (unsigned char)FOLDS[middle].to;
    }
    return c;
}

/* Folds the code point at `*at` into `out` (four bytes of room), moves past it and answers how many bytes it became:
 * none when it is nothing, or a further space after `before`, the byte that the step before it wrote. */
static size_t fold_step(const char **at, const char *end, char before, char *out) {
    const char *begin = *at;
    if (*begin >= '0' && *begin <= 'z' && *begin != '`') { /* most of a text: do it quickly */
        *out = *begin;
        (*at)++;
        return 1;
    }
    uint32_t c = utf8_next(at, end);
    uint32_t folded = fold_point(c);
    if (folded == NOTHING || (folded == ' ' && before == ' '))
        return 0;
    if (folded != c) {
        *out = (char)folded;
        return 1;
    }
    size_t size = (size_t)(*at - begin);
    memcpy(out, begin, size);
    return size;
}

/* Folding never makes a text longer. */
static char *fold(Arena *arena, const char *text, size_t length, size_t *folded_length) {
    char *out = arena_alloc(arena, length + 4); /* fold_step wants four bytes at its last step too */
    size_t written = 0;
    const char *end = text + length;
    while (text < end)
        written += fold_step(&text, end, written > 0 ? out[written - 1] : '\0', out + written);
    *folded_length = written;
    return out;
}

/* Which bytes of the body folded to the bytes from `from` to `to` of its folded form. */
static void unfold(const ArticleBody *body, size_t from, size_t to, size_t *start, size_t *end) {
    const char *at = body->text, *body_end = body->text + body->length;
    char out[4], before = '\0';
    for (size_t written = 0; written < to;) {
        const char *begin = at;
        size_t size = fold_step(&at, body_end, before, out);
        if (size == 0)
            continue;
        if (written == from)
            *start = (size_t)(begin - body->text);
        written += size;
        before = out[size - 1];
    }
    *end = (size_t)(at - body->text);
}

/* ---- searching ---- */

/* What is looked for, and where; all of it folded, or none. */
typedef struct Search {
    const char *body;
    size_t body_length;
    const char *text;
    size_t length;
    SpanContext near; /* empty texts when there is none */
} Search;

static bool is_word(uint32_t c) {
    if (c < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);
    return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO; /* letters, marks and numbers */
}

/* True when byte `at` stands between two characters of one word. */
static bool is_within_word(const char *text, size_t length, size_t at) {
    if (at == 0 || at == length)
        return false;
    const char *before = text + at, *after = text + at;
    return is_word(utf8_previous(&before, text)) && is_word(utf8_next(&after, text + length));
}

/* How many code points before `at` agree with the end of the prefix. */
static unsigned agree_before(const Search *s, size_t at) {
    const char *body = s->body + at, *prefix = s->near.prefix + s->near.prefix_length;
    unsigned count = 0;
    while (count < CONTEXT_POINTS && body > s->body && prefix > s->near.prefix) {
        if (fold_point(utf8_previous(&body, s->body)) != fold_point(utf8_previous(&prefix, s->near.prefix)))
            break;
        count++;
    }
    return count;
}

/* How many code points from `at` on agree with the beginning of the suffix. */
static unsigned agree_after(const Search *s, size_t at) {
    const char *body = s->body + at, *body_end = s->body + s->body_length;
    const char *suffix = s->near.suffix, *suffix_end = suffix + s->near.suffix_length;
    unsigned count = 0;
    while (count < CONTEXT_POINTS && body < body_end && suffix < suffix_end) {
        if (fold_point(utf8_next(&body, body_end)) != fold_point(utf8_next(&suffix, suffix_end)))
            break;
        count++;
    }
    return count;
}

/* How well an occurrence at byte `at` does; the greater the better. */
static unsigned occurrence_rank(const Search *s, size_t at) {
    size_t end = at + s->length;
    bool whole = !is_within_word(s->body, s->body_length, at) && !is_within_word(s->body, s->body_length, end);
    return 2 * (agree_before(s, at) + agree_after(s, end)) + (whole ? 1 : 0);
}

/* The Knuth-Morris-Pratt table: borders[n] is the length of the longest proper beginning of the text's first n bytes
 * that they end with as well. */
static const size_t *borders_of(ArticleBody *body, const char *text, size_t length) {
    if (body->borders_room < length + 1) {
        body->borders_room = 2 * (length + 1);
        body->borders = arena_alloc(body->arena, body->borders_room * sizeof *body->borders);
    }
    size_t *borders = body->borders;
    size_t border = 0;
    borders[0] = borders[1] = 0;
    for (size_t n = 1; n < length; n++) {
        while (border > 0 && text[n] != text[border])
            border = borders[border];
        if (text[n] == text[border])
            border++;
        borders[n + 1] = border;
    }
    return borders;
}

/* The best of the occurrences, overlapping ones included, from byte `first` on, where there is one. */
static size_t best_occurrence(ArticleBody *body, const Search *s, size_t first) {
    const size_t *borders = borders_of(body, s->text, s->length);
    size_t best = first, matched = 0;
    unsigned best_rank = 0;
    int seen = 0;
    for (size_t i = first; i < s->body_length && seen < OCCURRENCES_MAX; i++) {
        while (matched > 0 && s->body[i] != s->text[matched])
            matched = borders[matched];
        if (s->body[i] == s->text[matched])
            matched++;
        if (matched < s->length)
            continue;
        size_t at = i + 1 - s->length;
        unsigned rank = occurrence_rank(s, at);
        if (seen++ == 0 || rank > best_rank) {
            best = at;
            best_rank = rank;
        }
        matched = borders[matched];
    }
    return best;
}

static bool search_run(ArticleBody *body, const Search *s, size_t *at) {
    if (s->length == 0 || s->length > s->body_length)
        return false;
    const char *first = memmem(s->body, s->body_length, s->text, s->length);
    if (first == NULL)
        return false;
    *at = (size_t)(first - s->body);
    size_t next = *at + 1;
    if (memmem(s->body + next, s->body_length - next, s->text, s->length) != NULL)
        *at = best_occurrence(body, s, *at);
    return true;
}

/* Folds what is looked for, and the body if it was not before. */
static Search search_fold(ArticleBody *body, const Search *plain) {
    Arena *arena = body->arena;
    if (body->folded == NULL)
        body->folded = fold(arena, body->text, body->length, &body->folded_length);
    Search s = {.body = body->folded, .body_length = body->folded_length};
    s.text = fold(arena, plain->text, plain->length, &s.length);
    if (s.length > 0 && s.text[0] == ' ') {
        s.text++;
        s.length--;
    }
    if (s.length > 0 && s.text[s.length - 1] == ' ')
        s.length--;
    s.near.prefix = fold(arena, plain->near.prefix, plain->near.prefix_length, &s.near.prefix_length);
    s.near.suffix = fold(arena, plain->near.suffix, plain->near.suffix_length, &s.near.suffix_length);
    return s;
}

bool spans_find(ArticleBody *body, const char *text, size_t length, const SpanContext *near, SpanMatch *match) {
    Search plain = {.body = body->text, .body_length = body->length, .text = text, .length = length};
    plain.near = near != NULL ? *near : (SpanContext){.prefix = "", .suffix = ""};
    size_t start, end;
    if (search_run(body, &plain, &start)) {
        end = start + length;
    } else {
        Search folded = search_fold(body, &plain);
        if (!search_run(body, &folded, &start))
            return false;
        unfold(body, start, start + folded.length, &start, &end);
    }
    match->span.start = utf8_length(body->text, start);
    match->span.end = match->span.start + utf8_length(body->text + start, end - start);
    match->length = end - start;
    match->text = arena_strndup(body->arena, body->text + start, match->length);
    return true;
}

bool spans_move(const ArticleBody *from, const Span *spans, size_t count, ArticleBody *to, Span *moved) {
    Place place = {0};
    for (size_t i = 0; i < count; i++) {
        size_t start = place_move(&place, from, spans[i].start);
        size_t end = place_move(&place, from, spans[i].end);
        SpanContext near = context_at(from, start, end);
        SpanMatch match;
        if (!spans_find(to, from->text + start, end - start, &near, &match))
            return false;
        if (i > 0 && match.span.start < moved[i - 1].end)
            return false;
        moved[i] = match.span;
    }
    return count > 0;
}

/* ---- UTF-16 ---- */

/* An offset on its way from one unit to the other. */
typedef struct Offset {
    size_t value;
    size_t *target; /* in the caller's spans */
    size_t span;
    size_t result;
} Offset;

static int offset_compare(const void *a, const void *b) {
    size_t left = ((const Offset *)a)->value, right = ((const Offset *)b)->value;
    return (left > right) - (left < right);
}

typedef enum Direction { FROM_UTF16, TO_UTF16 } Direction;

/* Takes the offsets in rising order, so that the body is read once. */
static bool offsets_convert(const ArticleBody *body, Offset *offsets, size_t count, Direction direction, size_t *bad) {
    bool good = true;
    Place place = {0};
    size_t units = 0; /* UTF-16 units up to `place` */
    for (size_t i = 0; i < count; i++) {
        Offset *offset = &offsets[i];
        size_t points = 0; /* from `place` on */
        bool fits;
        if (direction == FROM_UTF16) {
            fits = utf8_from_utf16(body->text + place.byte, body->length - place.byte, offset->value - units, &points);
        } else {
            fits = offset->value <= body->points;
            points = offset->value - place.point;
        }
        if (!fits) {
            *bad = good || offset->span < *bad ? offset->span : *bad;
            good = false;
            continue;
        }
        size_t begin = place.byte;
        place_move(&place, body, place.point + points);
        units += utf8_length_utf16(body->text + begin, place.byte - begin);
        offset->result = direction == FROM_UTF16 ? place.point : units;
    }
    return good;
}

static bool spans_convert(const ArticleBody *body, Span *spans, size_t count, Direction direction, size_t *bad) {
    Offset *offsets = arena_calloc(body->arena, 2 * count, sizeof *offsets);
    bool rising = true;
    for (size_t i = 0; i < 2 * count; i++) {
        size_t *target = i % 2 == 0 ? &spans[i / 2].start : &spans[i / 2].end;
        offsets[i] = (Offset){.value = *target, .target = target, .span = i / 2};
        rising = rising && (i == 0 || offsets[i - 1].value <= *target);
    }
    if (!rising)
        qsort(offsets, 2 * count, sizeof *offsets, offset_compare);
    if (!offsets_convert(body, offsets, 2 * count, direction, bad))
        return false;
    for (size_t i = 0; i < 2 * count; i++)
        *offsets[i].target = offsets[i].result;
    return true;
}

bool spans_from_utf16(const ArticleBody *body, Span *spans, size_t count, size_t *bad) {
    return spans_convert(body, spans, count, FROM_UTF16, bad);
}

bool spans_to_utf16(const ArticleBody *body, Span *spans, size_t count, size_t *bad) {
    return spans_convert(body, spans, count, TO_UTF16, bad);
}
