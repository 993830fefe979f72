/* news.h: what is new in the log of changes, as a worker's listeners get it: the last events, each written once for all
 * of them.
 *
 * The log's thread gives (news_give); all else is the worker's own. The window goes from `from`, up to which a listener
 * must have come by itself, to `to`. An Event stays as long as somebody refers to it. */
#ifndef ONRECORD_HTTP_NEWS_H
#define ONRECORD_HTTP_NEWS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "db/change_log.h"
#include "record/tail.h"

enum { NEWS_EVENTS = 2048 /* a power of two */, NEWS_INBOX = 64 };

typedef struct Event {
    int references;
    int64_t pos;
    unsigned resource; /* bits, as in a ChangeFilter */
    unsigned operation;
    int64_t record_id;
    size_t length;
    char text[];
} Event;

typedef struct News {
    pthread_mutex_t lock; /* guards the inbox */
    ChangeNews *inbox[NEWS_INBOX];
    int given;

    bool open; /* the window is one */
    LogMark to;
    int64_t from;
    Event *events[NEWS_EVENTS]; /* a ring, in order */
    size_t first;
    size_t count;
} News;

void news_init(News *news);
void news_free(News *news);

/* Takes over a reference. From any thread. */
void news_give(News *news, ChangeNews *given);

/* Moves what was given into the window. True when there was something. */
bool news_take(News *news);

/* Whether somebody who has come as far as that can go on in the window. */
bool news_reach(const News *news, const LogMark *mark);

/* The first event behind `pos` that is wanted; NULL: there is none up to `to`. A new reference is the caller's. */
Event *news_next(const News *news, int64_t pos, const ChangeFilter *filter);

void event_release(Event *event);

#endif
