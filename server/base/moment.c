#include "base/moment.h"

#include <string.h>
#include <time.h>

enum { MONTHS = 12, YEAR_MAX = 9999, HOURS = 24, MINUTES = 60, SECONDS = 60, FRACTION_DIGITS = 6 };

static const int64_t SECOND_US = 1000000;
static const int64_t DAY_US = 86400 * (int64_t)1000000;

/* Days are counted from 0001-01-01 (day 0) in the Gregorian calendar; moments are microseconds from that day. */
static const int64_t DAY_1970 = 719162;
static const int64_t DAY_END = 3652059; /* 10000-01-01 */

typedef struct Date {
    int year;
    int month; /* 0: not said */
    int day;   /* 0: not said */
} Date;

static bool is_leap(int year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int month_days(int year, int month) {
    static const int days[MONTHS] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

static int64_t year_begin(int64_t year) {
    int64_t before = year - 1;
    return before * 365 + before / 4 - before / 100 + before / 400;
}

static int64_t date_to_day(Date date) {
    int64_t day = year_begin(date.year);
    for (int month = 1; month < date.month; month++)
        day += month_days(date.year, month);
    return day + date.day - 1;
}

static Date date_from_day(int64_t day) {
    Date date = {.year = (int)(day * 400 / 146097 + 1), .month = 1};
    if (year_begin(date.year + 1) <=
        day) /* the estimate by the mean year is at most one too early, and never too late */
        date.year++;
    int rest = (int)(day - year_begin(date.year));
    while (rest >= month_days(date.year, date.month))
        rest -= month_days(date.year, date.month++);
    date.day = rest + 1;
    return date;
}

/* Reads exactly `count` digits. */
static bool take_digits(const char **text, int count, int *value) {
    *value = 0;
    for (int i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return false;
        *value = *value * 10 + (**text - '0');
    }
    return true;
}

static bool take_char(const char **text, char wanted) {
    if (**text != wanted)
        return false;
    (*text)++;
    return true;
}

static char *put_digits(char *out, int value, int count) {
    for (int i = count - 1; i >= 0; i--, value /= 10)
        out[i] = (char)('0' + value % 10);
    return out + count;
}

static char *put_date(char *out, Date date) {
    out = put_digits(out, date.year, date.year > YEAR_MAX ? 5 : 4);
    *out++ = '-';
    out = put_digits(out, date.month, 2);
    *out++ = '-';
    return put_digits(out, date.day, 2);
}

/* Reads a year, and month and day where they follow. */
static bool take_date(const char **text, Date *date) {
    *date = (Date){0};
    if (!take_digits(text, 4, &date->year) || date->year == 0)
        return false;
    if (!take_char(text, '-'))
        return true;
    if (!take_digits(text, 2, &date->month) || date->month < 1 || date->month > MONTHS)
        return false;
    if (!take_char(text, '-'))
        return true;
    return take_digits(text, 2, &date->day) && date->day >= 1 && date->day <= month_days(date->year, date->month);
}

static bool parse_edtf(const char *text, Date *date) {
    return take_date(&text, date) && *text == '\0';
}

bool edtf_valid(const char *text) {
    Date date;
    return parse_edtf(text, &date);
}

static Date date_first(Date date) {
    return (Date){date.year, date.month == 0 ? 1 : date.month, date.day == 0 ? 1 : date.day};
}

static Date date_last(Date date) {
    Date last = {date.year, date.month == 0 ? MONTHS : date.month, date.day};
    if (last.day == 0)
        last.day = month_days(last.year, last.month);
    return last;
}

bool edtf_interval(const char *text, char first[MOMENT_TEXT], char last[MOMENT_TEXT]) {
    Date date;
    if (!parse_edtf(text, &date))
        return false;
    *put_date(first, date_first(date)) = '\0';
    *put_date(last, date_last(date)) = '\0';
    return true;
}

/* `moment` lies in the years 1 to 10000. */
static size_t put_moment(char out[MOMENT_TEXT], int64_t moment) {
    int64_t in_day = moment % DAY_US;
    int seconds = (int)(in_day / SECOND_US);
    char *at = put_date(out, date_from_day(moment / DAY_US));
    *at++ = 'T';
    at = put_digits(at, seconds / 3600, 2);
    *at++ = ':';
    at = put_digits(at, seconds / 60 % MINUTES, 2);
    *at++ = ':';
    at = put_digits(at, seconds % SECONDS, 2);
    *at++ = '.';
    at = put_digits(at, (int)(in_day % SECOND_US), FRACTION_DIGITS);
    *at++ = 'Z';
    *at = '\0';
    return (size_t)(at - out);
}

/* hh:mm:ss and a fraction of up to six digits, as microseconds. */
static bool take_time(const char **text, int64_t *time) {
    int hour, minute, second;
    if (!take_digits(text, 2, &hour) || !take_char(text, ':') || !take_digits(text, 2, &minute) ||
        !take_char(text, ':') || !take_digits(text, 2, &second))
        return false;
    if (hour >= HOURS || minute >= MINUTES || second >= SECONDS)
        return false;
    *time = ((hour * 60 + minute) * 60 + second) * SECOND_US;
    if (!take_char(text, '.'))
        return true;
    int64_t unit = SECOND_US / 10;
    int digit;
    if (!take_digits(text, 1, &digit))
        return false;
    do {
        *time += digit * unit;
        unit /= 10;
    } while (unit > 0 && **text >= '0' && **text <= '9' && take_digits(text, 1, &digit));
    return true;
}

/* `Z` or the offset from UTC, in microseconds. */
static bool take_offset(const char **text, int64_t *offset) {
    *offset = 0;
    if (take_char(text, 'Z') || take_char(text, 'z'))
        return true;
    bool west = **text == '-';
    if (!west && **text != '+')
        return false;
    (*text)++;
    int hour, minute;
    if (!take_digits(text, 2, &hour) || !take_char(text, ':') || !take_digits(text, 2, &minute) || hour >= HOURS ||
        minute >= MINUTES)
        return false;
    *offset = (west ? -1 : 1) * (hour * 60 + minute) * 60 * SECOND_US;
    return true;
}

static bool parse_timestamp(const char *text, int64_t *moment) {
    Date date;
    int64_t time, offset;
    if (!take_date(&text, &date) || date.day == 0)
        return false;
    if (!take_char(&text, 'T') && !take_char(&text, 't'))
        return false;
    if (!take_time(&text, &time) || !take_offset(&text, &offset) || *text != '\0')
        return false;
    *moment = date_to_day(date) * DAY_US + time - offset;
    return *moment >= 0 && *moment < DAY_END * DAY_US;
}

bool timestamp_parse(const char *text, char utc[MOMENT_TEXT]) {
    int64_t moment;
    if (!parse_timestamp(text, &moment))
        return false;
    put_moment(utc, moment);
    return true;
}

bool timestamp_interval(const char *text, char first[MOMENT_TEXT], char end[MOMENT_TEXT]) {
    int64_t from, to;
    Date date;
    if (parse_timestamp(text, &from)) {
        to = from + 1;
    } else if (parse_edtf(text, &date)) {
        from = date_to_day(date_first(date)) * DAY_US;
        to = (date_to_day(date_last(date)) + 1) * DAY_US;
    } else {
        return false;
    }
    put_moment(first, from);
    put_moment(end, to);
    return true;
}

size_t timestamp_from_pg(const char *pg, char out[MOMENT_TEXT]) {
    enum { DATE = 10, TIME = 8, SECOND_END = DATE + 1 + TIME };
    size_t length = strnlen(pg, MOMENT_TEXT);
    if (length >= MOMENT_TEXT)
        length = MOMENT_TEXT - 1;
    if (length < SECOND_END || pg[DATE] != ' ') { /* infinity, or a year of five digits: as it is */
        memcpy(out, pg, length);
        out[length] = '\0';
        return length;
    }
    memcpy(out, pg, SECOND_END);
    out[DATE] = 'T';
    char *at = out + SECOND_END;
    *at++ = '.';
    const char *fraction = pg[SECOND_END] == '.' ? pg + SECOND_END + 1 : "";
    for (int i = 0; i < FRACTION_DIGITS; i++)
        *at++ = *fraction >= '0' && *fraction <= '9' ? *fraction++ : '0';
    *at++ = 'Z';
    *at = '\0';
    return (size_t)(at - out);
}

static int64_t clock_us(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

int64_t clock_monotonic_us(void) {
    return clock_us(CLOCK_MONOTONIC);
}

int64_t clock_wall_us(void) {
    return clock_us(CLOCK_REALTIME);
}

size_t timestamp_format(int64_t wall_us, char out[MOMENT_TEXT]) {
    int64_t lowest = -DAY_1970 * DAY_US, highest = (DAY_END - DAY_1970) * DAY_US - 1;
    if (wall_us < lowest)
        wall_us = lowest;
    if (wall_us > highest)
        wall_us = highest;
    return put_moment(out, wall_us - lowest);
}
