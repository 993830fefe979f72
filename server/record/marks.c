#include "record/marks.h"

#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"

typedef struct Range {
    uint32_t first;
    uint32_t last;
} Range;

static bool is_within(uint32_t c, const Range *ranges, size_t count) {
    for (size_t i = 0; i < count && ranges[i].first <= c; i++)
        if (c <= ranges[i].last)
            return true;
    return false;
}

bool search_is_taken_out(uint32_t code_point) {
    static const Range out[] = {
        {0x00ad, 0x00ad}, {0x0300, 0x036f}, {0x0610, 0x061a}, {0x0640, 0x0640}, {0x064b, 0x065f},
        {0x0670, 0x0670}, {0x06d6, 0x06dc}, {0x06df, 0x06e8}, {0x06ea, 0x06ed}, {0x200b, 0x200f},
        {0x202a, 0x202e}, {0x2060, 0x2069}, {0xfeff, 0xfeff},
    };
    return is_within(code_point, out, sizeof out / sizeof *out);
}

bool search_is_unparted(uint32_t code_point) {
    static const Range unparted[] = {
        {0x3005, 0x3007}, {0x3040, 0x30ff}, {0x3400, 0x4dbf},   {0x4e00, 0x9fff},
        {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0x20000, 0x3ffff},
    };
    return is_within(code_point, unparted, sizeof unparted / sizeof *unparted);
}

/* ---- what ts_headline has marked ---- */

static void mark_add(Marks *marks, size_t start, size_t end) {
    if (marks->count < MARKS_MAX && start < end)
        marks->list[marks->count++] = (Mark){start, end};
}

/* Both texts, read side by side. */
typedef struct Pair {
    const char *marked;
    const char *marked_end;
    bool open;    /* between a start and its stop */
    size_t start; /* of that */
} Pair;

/* Takes the marks that stand before the text's code point `c` (0 at its end) at `place`. A word holds no control
 * character, so that the first stop behind a start is a mark, also in a text that has some of its own. */
static void marks_take(Pair *pair, uint32_t c, size_t place, Marks *marks) {
    while (pair->marked < pair->marked_end) {
        char next = *pair->marked;
        if (next == MARK_STOP && (pair->open || c != MARK_STOP)) {
            if (pair->open)
                mark_add(marks, pair->start, place);
            pair->open = false;
        } else if (next == MARK_START && !pair->open && c != MARK_START) {
            pair->open = true;
            pair->start = place;
        } else {
            return;
        }
        pair->marked++;
    }
}

void marks_read(const char *text, size_t length, const char *marked, size_t marked_length, Marks *marks) {
    Pair pair = {.marked = marked, .marked_end = marked + marked_length};
    const char *end = text + length;
    size_t place = 0;
    marks->count = 0;
    while (text < end) {
        uint32_t c = utf8_next(&text, end);
        if (!search_is_taken_out(c)) {
            marks_take(&pair, c, place, marks);
            if (pair.marked == pair.marked_end)
                return; /* the beginning alone was marked */
            utf8_next(&pair.marked, pair.marked_end);
        }
        place++;
    }
    marks_take(&pair, 0, place, marks);
    if (pair.marked < pair.marked_end)
        marks->count = 0;
}

/* ---- what nothing parts ---- */

/* Puts a range in its place, as one with those that it touches or overlaps. */
static void mark_insert(Marks *marks, size_t start, size_t end) {
    int at = 0;
    while (at < marks->count && marks->list[at].end < start)
        at++;
    int behind = at;
    for (; behind < marks->count && marks->list[behind].start <= end; behind++) {
        start = marks->list[behind].start < start ? marks->list[behind].start : start;
        end = marks->list[behind].end > end ? marks->list[behind].end : end;
    }
    if (behind == at && marks->count == MARKS_MAX)
        return;
    memmove(&marks->list[at + 1], &marks->list[behind], (size_t)(marks->count - behind) * sizeof(Mark));
    marks->count += 1 - (behind - at);
    marks->list[at] = (Mark){start, end};
}

static void run_mark(const char *text, size_t length, const char *run, size_t run_length, Marks *marks) {
    size_t run_points = utf8_length(run, run_length);
    size_t place = 0;
    const char *counted = text;
    for (const char *at = text; marks->count < MARKS_MAX; at += run_length) {
        at = memmem(at, length - (size_t)(at - text), run, run_length);
        if (at == NULL)
            return;
        place += utf8_length(counted, (size_t)(at - counted));
        counted = at;
        mark_insert(marks, place, place + run_points);
    }
}

void marks_add_unparted(const char *text, size_t length, const char *query, Marks *marks) {
    const char *end = query + strlen(query);
    bool refused = false; /* behind a minus: words that must not occur */
    bool quoted = false;
    uint32_t before = ' ';
    for (const char *at = query; at < end;) {
        const char *run = at;
        uint32_t c = utf8_next(&at, end);
        if (c == '"')
            quoted = !quoted;
        if (!quoted && utf8_is_space(c))
            refused = false;
        else if (!quoted && c == '-' && utf8_is_space(before))
            refused = true;
        before = c;
        if (!search_is_unparted(c))
            continue;
        const char *stop = at;
        while (at < end && search_is_unparted(utf8_next(&at, end)))
            stop = at;
        at = stop;
        if (!refused)
            run_mark(text, length, run, (size_t)(stop - run), marks);
    }
}

/* ---- names ---- */

/* Letters that are no others with a mark, for Unicode; for onrecord.unaccent they are. */
static uint32_t letter_without_stroke(uint32_t c) {
    static const struct {
        uint32_t letter;
        char plain;
    } stroked[] = {{0x00f8, 'o'}, {0x0111, 'd'}, {0x0127, 'h'}, {0x0131, 'i'}, {0x0142, 'l'}, {0x0167, 't'}};
    for (size_t i = 0; i < sizeof stroked / sizeof *stroked; i++)
        if (stroked[i].letter == c)
            return (uint32_t)stroked[i].plain;
    return c;
}

/* A letter without case and accents; 0 for what is only a mark, or an apostrophe. */
static uint32_t letter_plain(uint32_t c) {
    enum { APOSTROPHE = 0x2019 };
    utf8proc_int32_t parts[8];
    int boundary = 0;
    if (search_is_taken_out(c) || c == '\'' || c == APOSTROPHE)
        return 0;
    utf8proc_ssize_t count = utf8proc_decompose_char(
        (utf8proc_int32_t)c, parts, 8, UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK, &boundary);
    return count > 0 ? letter_without_stroke((uint32_t)parts[0]) : 0;
}

/* How many code points of the text, from its beginning, are the word; 0 when it does not begin with it. */
static size_t word_begins(const char *text, const char *text_end, const char *word, const char *word_end) {
    size_t points = 0;
    while (word < word_end) {
        uint32_t wanted = letter_plain(utf8_next(&word, word_end));
        uint32_t found = 0;
        if (wanted == 0)
            continue;
        while (found == 0 && text < text_end) {
            found = letter_plain(utf8_next(&text, text_end));
            points++;
        }
        if (found != wanted)
            return 0;
    }
    return points;
}

static void word_mark(const char *name, size_t length, const char *word, const char *word_end, Marks *marks) {
    const char *end = name + length;
    bool inside = false; /* a word of the name */
    size_t place = 0;
    for (const char *at = name; at < end; place++) {
        const char *here = at;
        uint32_t c = utf8_next(&at, end);
        size_t points = utf8_is_letter(c) && !inside ? word_begins(here, end, word, word_end) : 0;
        if (points > 0)
            mark_insert(marks, place, place + points);
        inside = utf8_is_letter(c) && !search_is_unparted(c);
    }
}

void marks_add_names(const char *name, size_t length, const char *query, Marks *marks) {
    const char *end = query + strlen(query);
    for (const char *at = query; at < end;) {
        const char *word = at;
        const char *stop = at;
        while (at < end && utf8_is_letter(utf8_next(&at, end)))
            stop = at;
        if (stop > word)
            word_mark(name, length, word, stop, marks);
    }
}

/* ---- a piece of the text ---- */

enum { PIECE = 240, PIECE_BEFORE = 60, PIECE_GIVE = 30 /* code points */ };

/* The first of the marks that have the most within a piece from there on. */
static size_t piece_anchor(const Marks *marks) {
    int best = 0;
    int most = 0;
    for (int i = 0; i < marks->count; i++) {
        int within = 0;
        while (i + within < marks->count && marks->list[i + within].end <= marks->list[i].start + PIECE - PIECE_BEFORE)
            within++;
        if (within > most) {
            most = within;
            best = i;
        }
    }
    return marks->list[best].start;
}

bool marks_piece(const char *text, size_t length, const Marks *marks, Mark *piece) {
    if (marks->count == 0)
        return false;
    size_t anchor = piece_anchor(marks);
    size_t start = anchor > PIECE_BEFORE ? anchor - PIECE_BEFORE : 0;
    const char *end = text + length;
    const char *at = text + utf8_offset(text, length, start);
    size_t place = start;
    *piece = (Mark){start, start + PIECE};
    size_t last_gap = 0;
    bool moved = start == 0;
    for (; at < end && place < start + PIECE; place++) {
        bool space = utf8_is_space(utf8_next(&at, end));
        if (space && !moved && place < anchor && place < start + PIECE_GIVE) {
            piece->start = place + 1;
            moved = true;
        }
        if (space)
            last_gap = place;
    }
    piece->end = place;
    if (at < end && last_gap > piece->end - PIECE_GIVE && last_gap > anchor)
        piece->end = last_gap;
    return true;
}
