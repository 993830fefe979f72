#include "record/word_set.h"

#include <string.h>

#include "base/hash.h"

enum { WORDS_FIRST = 32 };

WordSet word_set_new(Arena *arena) {
    return (WordSet){.arena = arena};
}

/* Where the word is, or would be. */
static int slot_of(const WordSet *set, const char *word) {
    unsigned mask = (unsigned)set->slot_count - 1;
    unsigned at = (unsigned)hash64(word, strlen(word)) & mask;
    while (set->slots[at] != 0 && strcmp(set->words[set->slots[at] - 1], word) != 0)
        at = (at + 1) & mask;
    return (int)at;
}

static void grow(WordSet *set) {
    int capacity = set->capacity > 0 ? 2 * set->capacity : WORDS_FIRST;
    set->words = arena_grow(set->arena, set->words, (size_t)set->capacity * sizeof *set->words,
                            (size_t)capacity * sizeof *set->words);
    set->capacity = capacity;
    set->slot_count = 2 * capacity;
    set->slots = arena_calloc(set->arena, (size_t)set->slot_count, sizeof *set->slots);
    for (int i = 0; i < set->count; i++)
        set->slots[slot_of(set, set->words[i])] = i + 1;
}

int word_set_find(const WordSet *set, const char *word) {
    return set->slot_count > 0 ? set->slots[slot_of(set, word)] - 1 : -1;
}

int word_set_add(WordSet *set, const char *word) {
    int found = word_set_find(set, word);
    if (found >= 0)
        return found;
    if (set->count == set->capacity)
        grow(set);
    set->words[set->count] = arena_strdup(set->arena, word);
    set->slots[slot_of(set, word)] = ++set->count;
    return set->count - 1;
}
