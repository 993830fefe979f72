/* Where the words of a query stand in a text: whatever PostgreSQL has marked, and whatever is looked for. The input's
 * lines are the query, the text as it was marked, and the text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "record/marks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition) {
    if (!condition)
        abort();
}

/* In order, within the text, none empty, and at most so many. */
static void marks_check(const char *text, const Marks *marks) {
    size_t length = utf8_length(text, strlen(text));
    size_t reached = 0;
    require(marks->count >= 0 && marks->count <= MARKS_MAX);
    for (int i = 0; i < marks->count; i++) {
        require(marks->list[i].start >= reached && marks->list[i].start < marks->list[i].end);
        reached = marks->list[i].end;
    }
    require(reached <= length);
}

static void piece_check(const char *text, const Marks *marks) {
    Mark piece;
    if (!marks_piece(text, strlen(text), marks, &piece)) {
        require(marks->count == 0);
        return;
    }
    require(piece.start <= piece.end && piece.end <= utf8_length(text, strlen(text)));
    bool whole = false; /* one mark at least stands in it, as far as it has room */
    for (int i = 0; i < marks->count; i++)
        whole = whole || (marks->list[i].start >= piece.start && marks->list[i].start < piece.end);
    require(whole);
}

static void marks_look(const char *query, const char *marked, const char *text) {
    Marks marks;
    marks_read(text, strlen(text), marked, strlen(marked), &marks);
    marks_check(text, &marks);
    marks_add_unparted(text, strlen(text), query, &marks);
    marks_check(text, &marks);
    marks_add_names(text, strlen(text), query, &marks);
    marks_check(text, &marks);
    piece_check(text, &marks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    char *input = malloc(size + 1);
    require(input != NULL);
    memcpy(input, data, size);
    input[size] = '\0';
    char *rest = input;
    const char *query = strsep(&rest, "\n");
    const char *marked = rest != NULL ? strsep(&rest, "\n") : "";
    const char *text = rest != NULL ? rest : "";
    if (utf8_valid(query, strlen(query)) && utf8_valid(marked, strlen(marked)) && utf8_valid(text, strlen(text)))
        marks_look(query, marked, text);
    free(input);
    return 0;
}
