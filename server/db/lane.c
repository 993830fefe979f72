#include "db/lane.h"

/* What may take its time has a connection to itself. */
const LaneRules lane_rules[LANE_COUNT] = {
    [LANE_POINT] = {"point", "force_generic_plan", 64, 2000, true, true},
    [LANE_PAGE] = {"page", "force_generic_plan", 32, 5000, true, true},
    [LANE_LIST] = {"list", "force_custom_plan", 32, 5000, true, true},
    [LANE_WRITE] = {"write", "auto", 16, 0, false, false},
    [LANE_SLOW] = {"slow", "force_custom_plan", 1, 0, false, false},
};
