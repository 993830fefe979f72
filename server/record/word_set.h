/* word_set.h: texts, each once, numbered from 0 in the order in which they came. In an arena. */
#ifndef ONRECORD_RECORD_WORD_SET_H
#define ONRECORD_RECORD_WORD_SET_H

#include <stdbool.h>

#include "base/arena.h"

typedef struct WordSet {
    Arena *arena;
    const char **words; /* by number */
    int count;
    int capacity;
    int *slots; /* number + 1 by hash; 0: free. A power of two, more than `capacity` */
    int slot_count;
} WordSet;

WordSet word_set_new(Arena *arena);

/* The text's number; adds it where it is not there. */
int word_set_add(WordSet *set, const char *word);

/* The text's number; -1: it is not there. */
int word_set_find(const WordSet *set, const char *word);

#endif
