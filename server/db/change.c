#include "db/change.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* The columns of changes_page. */
enum {
    COLUMN_EPOCH,
    COLUMN_DROPPED,
    COLUMN_LAST,
    COLUMN_POS,
    COLUMN_WANTED,
    COLUMN_CUT,
    COLUMN_RESOURCE,
    COLUMN_RECORD_ID,
    COLUMN_OPERATION,
    COLUMN_VERSION,
    COLUMN_CHANGED_AT,
    COLUMN_CHANGED_BY
};

static bool is_true(const Result *page, int row, int column) {
    const char *text = result_value(page, row, column);
    return text != NULL && text[0] == 't';
}

/* Whether the place is one of this log, behind which nothing is missing. */
static bool mark_holds(const LogMark *mark, const uint8_t *epoch, int64_t dropped, int64_t last) {
    return memcmp(mark->epoch, epoch, EPOCH_SIZE) == 0 && mark->pos >= dropped && mark->pos <= last;
}

PageEnd page_end(const Result *page, int limit, LogMark *mark) {
    uint8_t epoch[EPOCH_SIZE];
    int rows = result_rows(page);
    if (rows == 0 || !hex_decode(result_value(page, 0, COLUMN_EPOCH), epoch, sizeof epoch))
        return PAGE_LOST;
    int64_t last = result_integer(page, 0, COLUMN_LAST);
    if (mark->pos != LOG_OLDEST && mark->pos != LOG_NOW &&
        !mark_holds(mark, epoch, result_integer(page, 0, COLUMN_DROPPED), last))
        return PAGE_LOST;
    memcpy(mark->epoch, epoch, sizeof epoch);
    bool cut = rows == limit || is_true(page, rows - 1, COLUMN_CUT);
    int64_t reached = result_integer(page, rows - 1, COLUMN_POS); /* 0 where there is none */
    mark->pos = cut && reached > 0 ? reached : last;
    return mark->pos < last ? PAGE_MORE : PAGE_DONE;
}

bool page_change(const Result *page, int row, Change *change) {
    if (!is_true(page, row, COLUMN_WANTED))
        return false;
    *change = (Change){.pos = result_integer(page, row, COLUMN_POS),
                       .resource = result_value(page, row, COLUMN_RESOURCE),
                       .record_id = result_integer(page, row, COLUMN_RECORD_ID),
                       .operation = result_value(page, row, COLUMN_OPERATION),
                       .version = result_integer(page, row, COLUMN_VERSION),
                       .changed_at = result_value(page, row, COLUMN_CHANGED_AT),
                       .changed_by = result_integer(page, row, COLUMN_CHANGED_BY)};
    return true;
}
