#include "http/news.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void news_init(News *news) {
    pthread_mutex_init(&news->lock, NULL);
}

void event_release(Event *event) {
    if (event && --event->references == 0)
        free(event);
}

static Event *event_at(const News *news, size_t index) {
    return news->events[(news->first + index) % NEWS_EVENTS];
}

static void window_close(News *news) {
    for (size_t i = 0; i < news->count; i++)
        event_release(event_at(news, i));
    news->first = news->count = 0;
    news->open = false;
}

void news_free(News *news) {
    for (int i = 0; i < news->given; i++)
        change_news_release(news->inbox[i]);
    window_close(news);
    pthread_mutex_destroy(&news->lock);
}

void news_give(News *news, ChangeNews *given) {
    pthread_mutex_lock(&news->lock);
    bool fits = news->given < NEWS_INBOX;
    if (fits) /* else there is a gap in what is taken, which closes the window: listeners read the log themselves */
        news->inbox[news->given++] = given;
    pthread_mutex_unlock(&news->lock);
    if (!fits)
        change_news_release(given);
}

static void event_add(News *news, const LogMark *to, const Change *change) {
    Arena *arena = arena_new();
    Buffer text = buffer_new(arena, 512);
    change_write(FORMAT_EVENTS, &text, to->epoch, change);
    Event *event = memory_zeroed(1, sizeof *event + text.length);
    *event = (Event){.references = 1,
                     .pos = change->pos,
                     .resource = change_resource_bit(change->resource),
                     .operation = change_operation_bit(change->operation),
                     .record_id = change->record_id,
                     .length = text.length};
    memcpy(event->text, text.data, text.length);
    arena_free(arena);
    if (news->count == NEWS_EVENTS) {
        Event *oldest = event_at(news, 0);
        news->from = oldest->pos;
        event_release(oldest);
        news->first++;
        news->count--;
    }
    news->events[(news->first + news->count++) % NEWS_EVENTS] = event;
}

/* What does not go on from where the window ends begins another. */
static void window_extend(News *news, const ChangeNews *given) {
    bool goes_on =
        news->open && news->to.pos == given->from && memcmp(news->to.epoch, given->to.epoch, EPOCH_SIZE) == 0;
    if (!goes_on) {
        window_close(news);
        news->from = given->from;
    }
    news->open = true;
    for (int i = 0; i < given->count; i++)
        event_add(news, &given->to, &given->changes[i]);
    news->to = given->to;
}

bool news_take(News *news) {
    ChangeNews *taken[NEWS_INBOX];
    pthread_mutex_lock(&news->lock);
    int count = news->given;
    for (int i = 0; i < count; i++)
        taken[i] = news->inbox[i];
    news->given = 0;
    pthread_mutex_unlock(&news->lock);
    for (int i = 0; i < count; i++) {
        window_extend(news, taken[i]);
        change_news_release(taken[i]);
    }
    return count > 0;
}

bool news_reach(const News *news, const LogMark *mark) {
    return news->open && mark->pos >= news->from && memcmp(mark->epoch, news->to.epoch, EPOCH_SIZE) == 0;
}

Event *news_next(const News *news, int64_t pos, const ChangeFilter *filter) {
    size_t low = 0;
    size_t high = news->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (event_at(news, middle)->pos <= pos)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < news->count; low++) {
        Event *event = event_at(news, low);
        if (change_wanted(filter, event->resource, event->operation, event->record_id)) {
            event->references++;
            return event;
        }
    }
    return NULL;
}
