#include "record/render_atom.h"

#include <string.h>

#include "base/moment.h"
#include "base/utf8.h"
#include "base/xml_text.h"
#include "db/array.h"
#include "record/cell.h"
#include "record/type.h"

/* RFC 4287 wants to know when a feed changed last, of one without entries, too. The same moment each time, so that a
 * feed does not change while nothing does. */
static const char no_moment[] = "1970-01-01T00:00:00Z";

/* And who wrote it, where an entry does not say so itself. */
static const char no_author[] = "OnRecord";

static void attribute_add(Buffer *out, const char *name, const char *value) {
    buffer_printf(out, " %s=\"", name);
    xml_add_value(out, value, strlen(value));
    buffer_add_char(out, '"');
}

/* <name>text</name> */
static void element_add(Buffer *out, const char *name, const char *text, size_t length) {
    buffer_printf(out, "<%s>", name);
    xml_add_text(out, text, length);
    buffer_printf(out, "</%.*s>", (int)strcspn(name, " "), name);
}

static void link_add(Buffer *out, const char *relation, const char *type, const char *address) {
    buffer_add_string(out, "<link");
    attribute_add(out, "rel", relation);
    if (type != NULL)
        attribute_add(out, "type", type);
    attribute_add(out, "href", address);
    buffer_add_string(out, "/>");
}

static void person_add(Buffer *out, const char *name, size_t length) {
    buffer_add_string(out, "<author>");
    element_add(out, "name", name, length);
    buffer_add_string(out, "</author>");
}

/* The text in one line: white space is one space, and what is beyond `max` code points (0: nothing is) is cut off at a
 * word. */
static Buffer line_of(Arena *arena, const char *text, size_t length, int max) {
    static const char ellipsis[] = "…";
    Buffer line = buffer_new(arena, length);
    const char *end = text + length;
    size_t word = 0; /* where the last word ended */
    int count = 0;
    bool space = false;
    while (text < end) {
        const char *from = text;
        if (utf8_is_space(utf8_next(&text, end))) {
            space = line.length > 0;
            continue;
        }
        if (space) {
            word = line.length;
            buffer_add_char(&line, ' ');
            count++;
        }
        space = false;
        if (max > 0 && count >= max) {
            line.length = word > 0 ? word : line.length;
            buffer_add(&line, ellipsis, sizeof ellipsis - 1);
            break;
        }
        buffer_add(&line, from, (size_t)(text - from));
        count++;
    }
    return line;
}

static void moment_add(Buffer *out, const char *name, const char *text) {
    char moment[MOMENT_TEXT];
    element_add(out, name, moment, timestamp_from_pg(text, moment));
}

static void add_title(Buffer *out, const EntryRow *row, const Cell *cell) {
    Buffer line = line_of(out->arena, cell->text, cell->length, row->max);
    element_add(out, "title", line.data, line.length);
}

static void add_author(Buffer *out, const EntryRow *row, const Cell *cell) {
    Buffer line = line_of(out->arena, cell->text, cell->length, row->max);
    person_add(out, line.data, line.length);
}

static void add_published(Buffer *out, const EntryRow *row, const Cell *cell) {
    (void)row;
    moment_add(out, "published", cell->text);
}

static void add_via(Buffer *out, const EntryRow *row, const Cell *cell) {
    (void)row;
    link_add(out, "via", NULL, cell->text);
}

static void add_categories(Buffer *out, const EntryRow *row, const Cell *cell) {
    (void)row;
    const char **items;
    int count = array_elements(out->arena, cell->text, &items);
    for (int i = 0; i < count; i++) {
        buffer_add_string(out, "<category");
        attribute_add(out, "term", items[i]);
        buffer_add_string(out, "/>");
    }
}

static void add_summary(Buffer *out, const EntryRow *row, const Cell *cell) {
    (void)row;
    element_add(out, "summary", cell->text, cell->length);
}

static void add_content(Buffer *out, const EntryRow *row, const Cell *cell) {
    (void)row;
    element_add(out, "content type=\"text\"", cell->text, cell->length);
}

static void (*const adders[ENTRY_PARTS])(Buffer *out, const EntryRow *row, const Cell *cell) = {
    [ENTRY_TITLE] = add_title,     [ENTRY_AUTHOR] = add_author,       [ENTRY_PUBLISHED] = add_published,
    [ENTRY_VIA] = add_via,         [ENTRY_CATEGORY] = add_categories, [ENTRY_SUMMARY] = add_summary,
    [ENTRY_CONTENT] = add_content,
};

static bool is_blank(const char *text, size_t length) {
    const char *end = text + length;
    while (text < end)
        if (!utf8_is_space(utf8_next(&text, end)))
            return false;
    return true;
}

/* The first row for a part that has a value which `fields` lets be seen: a title and a language are always to be. */
static const EntryRow *part_find(const Row *row, EntryPart part, Cell *cell) {
    const EntryRow *rows = row->selection->nodes[0].resource->entry;
    for (const EntryRow *one = rows; one->part != ENTRY_PARTS; one++) {
        if (one->part != part)
            continue;
        *cell = cell_at(row, one->path);
        bool own = strchr(one->path, '.') == NULL;
        bool seen = cell->shown || !own || part == ENTRY_TITLE || part == ENTRY_LANGUAGE;
        if (seen && cell->text != NULL && !is_blank(cell->text, cell->length))
            return one;
    }
    return NULL;
}

static void entry_add(Buffer *out, const Row *row, const char *base) {
    const Resource *resource = row->selection->nodes[0].resource;
    const char *id = cell_id(row, 0);
    const char *address = arena_printf(out->arena, "%s/%s/%s", base, resource->name, id);
    Cell cell;
    buffer_add_string(out, "<entry");
    if (part_find(row, ENTRY_LANGUAGE, &cell) != NULL)
        attribute_add(out, "xml:lang", cell.text);
    buffer_add_char(out, '>');
    element_add(out, "id", address, strlen(address));
    moment_add(out, "updated", cell_find(row, 0, "updated_at").text);
    link_add(out, "alternate", "application/json", address);
    for (EntryPart part = ENTRY_TITLE; part < ENTRY_PARTS; part++) {
        const EntryRow *found = part_find(row, part, &cell);
        if (found != NULL)
            adders[part](out, found, &cell);
        else if (part == ENTRY_TITLE)
            buffer_printf(out, "<title>%s %s</title>", resource->title, id);
    }
    buffer_add_string(out, "</entry>\n");
}

/* When the entry that changed last did. */
static void updated_add(Buffer *out, const Selection *selection, const Result *rows, int count) {
    char newest[MOMENT_TEXT] = "";
    for (int i = 0; i < count; i++) {
        const Row row = {selection, rows, i};
        char moment[MOMENT_TEXT];
        moment[timestamp_from_pg(cell_find(&row, 0, "updated_at").text, moment)] = '\0';
        if (strcmp(moment, newest) > 0)
            memcpy(newest, moment, sizeof newest);
    }
    const char *updated = count > 0 ? newest : no_moment;
    element_add(out, "updated", updated, strlen(updated));
}

void atom_render(Buffer *out, const Feed *feed, const Selection *selection, const Result *rows, int count) {
    buffer_add_string(out,
                      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n");
    element_add(out, "id", feed->id, strlen(feed->id));
    element_add(out, "title", feed->title, strlen(feed->title));
    updated_add(out, selection, rows, count);
    person_add(out, no_author, strlen(no_author));
    link_add(out, "self", "application/atom+xml", feed->self);
    link_add(out, "alternate", "application/json", feed->alternate);
    if (feed->next != NULL)
        link_add(out, "next", "application/atom+xml", feed->next);
    buffer_add_char(out, '\n');
    for (int i = 0; i < count; i++) {
        const Row row = {selection, rows, i};
        entry_add(out, &row, feed->base);
    }
    buffer_add_string(out, "</feed>\n");
}

void atom_select(Exchange *x, Selection *selection) {
    for (const EntryRow *row = selection->nodes[0].resource->entry; row->part != ENTRY_PARTS; row++)
        if (strchr(row->path, '.') != NULL)
            selection_embed(x, selection, row->path);
}
