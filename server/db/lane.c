#include "db/lane.h"

/* What is slow has a connection to itself. */
const LaneRules lane_rules[LANE_COUNT] = {
    [LANE_POINT] = {.name = "point",
                    .plans = "force_generic_plan",
                    .room = 64,
                    .silence_us = 2000,
                    .timeout = TIMEOUT_QUICK,
                    .shares = true},
    [LANE_PAGE] = {.name = "page",
                   .plans = "force_generic_plan",
                   .room = 32,
                   .silence_us = 5000,
                   .timeout = TIMEOUT_QUICK,
                   .shares = true},
    [LANE_LIST] = {.name = "list",
                   .plans = "force_custom_plan",
                   .room = 32,
                   .silence_us = 20000,
                   .timeout = TIMEOUT_QUICK,
                   .sleeps = true},
    [LANE_WRITE] =
        {.name = "write", .plans = "auto", .room = 16, .timeout = TIMEOUT_SLOW, .locks = true, .by_one = true},
    [LANE_SLOW] = {.name = "slow", .plans = "force_custom_plan", .room = 1, .timeout = TIMEOUT_SLOW, .sleeps = true},
    [LANE_EXPORT] = {.name = "export",
                     .plans = "force_custom_plan",
                     .room = 1,
                     .timeout = TIMEOUT_STREAM,
                     .sleeps = true,
                     .streams = true},
    /* Custom plans would be made anew for what triggers and foreign keys ask of each row, too: half of the time. */
    [LANE_BULK] = {.name = "bulk",
                   .plans = "force_generic_plan",
                   .room = 1,
                   .timeout = TIMEOUT_SLOW,
                   .sleeps = true,
                   .locks = true,
                   .by_key = true},
    [LANE_CASCADE] =
        {.name = "cascade", .plans = "auto", .room = 1, .timeout = TIMEOUT_CASCADE, .sleeps = true, .locks = true},
};
