/* stats.h: how many records there are: by what they refer to, and by time. Both take the filters of the counted
 * records' list, and are one statement each. */
#ifndef ONRECORD_RECORD_STATS_H
#define ONRECORD_RECORD_STATS_H

#include "record/exchange.h"

/* What an endpoint counts by: endpoint->detail. */
typedef struct Grouping {
    const char *by;      /* a reference of the counted resource, "speaker_id" */
    const char *without; /* the member that counts the records without one, "without_speaker" */
} Grouping;

/* GET /stats/speakers: who has how many, the most first, in pages; endpoint->resource is what is counted. */
Step stats_groups_plan(Exchange *x);
Step stats_groups_done(Exchange *x);

/* GET /stats/timeline: how many in each day, week (from Monday), month or year, without holes. A quote counts when it
 * was said (the first day that its date may mean), else when its article was published (UTC). */
Step stats_timeline_plan(Exchange *x);
Step stats_timeline_done(Exchange *x);

#endif
