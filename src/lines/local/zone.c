/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/zone.h"

#define OFFSET_SECONDS_MAX (24 * 3600)
#define CHANGE_SECONDS_MAX (167 * 3600)
#define SET_MINUTES_MAX 120
#define APART_DAYS_LEAST 42 /* as changes may be given up to a week beside their day */
#define CHANGE_DEFAULT_SECONDS (2 * 3600)

/* ---- reading a rule ---- */

struct cursor {
    const char *at, *end;
};

static bool cursor_take(struct cursor *cursor, char wanted)
{
    if (cursor->at == cursor->end || *cursor->at != wanted) {
        return false;
    }
    cursor->at++;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* A number of at most three digits. */
static bool number_take(struct cursor *cursor, int least, int most, int *number)
{
    int value = 0, digits = 0;
    while (cursor->at < cursor->end && is_digit(*cursor->at) && digits < 4) {
        value = value * 10 + (*cursor->at++ - '0');
        digits++;
    }
    *number = value;
    return digits > 0 && digits < 4 && value >= least && value <= most;
}

/* Three letters or more, or anything but blanks between angle brackets. */
static bool name_take(struct cursor *cursor)
{
    bool quoted = cursor_take(cursor, '<');
    int size = 0;
    while (cursor->at < cursor->end &&
           (is_letter(*cursor->at) ||
            (quoted && (is_digit(*cursor->at) || *cursor->at == '+' || *cursor->at == '-')))) {
        cursor->at++;
        size++;
    }
    return size >= 3 && (!quoted || cursor_take(cursor, '>'));
}

/* [+-]hh[:mm[:ss]] */
static bool seconds_take(struct cursor *cursor, int64_t most, int64_t *seconds)
{
    int hours = 0, minutes = 0, rest = 0;
    bool negative = cursor_take(cursor, '-');
    if (!negative) {
        (void)cursor_take(cursor, '+');
    }
    bool read = number_take(cursor, 0, 167, &hours);
    if (read && cursor_take(cursor, ':')) {
        read = number_take(cursor, 0, 59, &minutes);
        if (read && cursor_take(cursor, ':')) {
            read = number_take(cursor, 0, 59, &rest);
        }
    }
    int64_t sum = INT64_C(3600) * hours + INT64_C(60) * minutes + rest;
    *seconds = negative ? -sum : sum;
    return read && sum <= most;
}

/* POSIX counts west of Greenwich. */
static bool offset_take(struct cursor *cursor, int *minutes)
{
    int64_t seconds;
    if (!seconds_take(cursor, OFFSET_SECONDS_MAX, &seconds)) {
        return false;
    }
    *minutes = (int)(-seconds / 60);
    return seconds % 60 == 0;
}

static bool change_take(struct cursor *cursor, struct zone_change *change)
{
    bool read;
    *change = (struct zone_change){ .second = CHANGE_DEFAULT_SECONDS };
    if (cursor_take(cursor, 'M')) {
        change->kind = ZONE_month;
        read = number_take(cursor, 1, 12, &change->month) && cursor_take(cursor, '.') &&
               number_take(cursor, 1, 5, &change->week) && cursor_take(cursor, '.') &&
               number_take(cursor, 0, 6, &change->weekday);
    } else if (cursor_take(cursor, 'J')) {
        change->kind = ZONE_julian;
        read = number_take(cursor, 1, 365, &change->day);
    } else {
        change->kind = ZONE_year_day;
        read = number_take(cursor, 0, 365, &change->day);
    }
    if (read && cursor_take(cursor, '/')) {
        read = seconds_take(cursor, CHANGE_SECONDS_MAX, &change->second);
    }
    return read;
}

static bool changes_apart(const struct zone *zone);

bool zone_read(struct span text, struct zone *zone)
{
    struct cursor cursor = { text.bytes, text.bytes + text.size };
    *zone = (struct zone){ 0 };
    if (!name_take(&cursor) || !offset_take(&cursor, &zone->standard_minutes)) {
        return false;
    }
    zone->summer_minutes = zone->standard_minutes;
    if (cursor.at == cursor.end) {
        return true;
    }
    zone->changes = true;
    zone->summer_minutes += 60;
    if (!name_take(&cursor)) {
        return false;
    }
    if (cursor.at < cursor.end && *cursor.at != ',' && !offset_take(&cursor, &zone->summer_minutes)) {
        return false;
    }
    return cursor_take(&cursor, ',') && change_take(&cursor, &zone->begins) && cursor_take(&cursor, ',') &&
           change_take(&cursor, &zone->ends) && cursor.at == cursor.end && changes_apart(zone);
}

struct zone zone_fixed(int minutes)
{
    return (struct zone){ .standard_minutes = minutes, .summer_minutes = minutes };
}

/* ---- when the clock changes ---- */

int zone_weekday(int64_t day)
{
    return (int)(((day + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t year_begins(int year)
{
    int64_t before = year - 1;
    return (before * 365 + before / 4 - before / 100 + before / 400) - 719162; /* days before 1970 */
}

static int64_t month_begins(int year, int month)
{
    static const int days_before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };
    return year_begins(year) + days_before[month - 1] + (month > 2 && is_leap(year));
}

static int64_t change_day(const struct zone_change *change, int year)
{
    switch (change->kind) {
    case ZONE_month: {
        int64_t first = month_begins(year, change->month);
        int64_t next = change->month == 12 ? year_begins(year + 1) : month_begins(year, change->month + 1);
        int64_t day = first + (change->weekday - (zone_weekday(first) + 1) % 7 + 7) % 7 + 7 * (change->week - 1);
        return day < next ? day : day - 7;
    }
    case ZONE_julian:
        return year_begins(year) + change->day - 1 + (change->day >= 60 && is_leap(year));
    case ZONE_year_day:
        break;
    }
    return year_begins(year) + change->day;
}

static int64_t change_at_us(const struct zone_change *change, int year, int minutes_before)
{
    return change_day(change, year) * US_PER_DAY + change->second * US_PER_SECOND - minutes_before * US_PER_MINUTE;
}

/*
 * Whether the clock is set by two hours at most, and not twice within four weeks: what is said of the order of local
 * times holds for no others. Weekdays and leap years repeat after 28 years.
 */
static bool changes_apart(const struct zone *zone)
{
    int set = zone->summer_minutes - zone->standard_minutes;
    bool apart = set >= -SET_MINUTES_MAX && set <= SET_MINUTES_MAX;
    for (int year = 2001; apart && year <= 2028; year++) {
        int64_t days = change_day(&zone->ends, year) - change_day(&zone->begins, year);
        days = days < 0 ? -days : days;
        apart = days >= APART_DAYS_LEAST && days <= 365 - APART_DAYS_LEAST;
    }
    return apart;
}

/* The last change at that instant or before: when it was, and the offset since. */
static int64_t change_last(const struct zone *zone, int64_t at_us, int *minutes)
{
    int year = civil_of(at_us, zone->standard_minutes).year;
    int64_t last_us = INT64_MIN;
    *minutes = zone->standard_minutes;
    for (int y = year - 1; y <= year + 1; y++) {
        int64_t begins_us = change_at_us(&zone->begins, y, zone->standard_minutes);
        int64_t ends_us = change_at_us(&zone->ends, y, zone->summer_minutes);
        if (begins_us <= at_us && begins_us > last_us) {
            last_us = begins_us;
            *minutes = zone->summer_minutes;
        }
        if (ends_us <= at_us && ends_us >= last_us) {
            last_us = ends_us;
            *minutes = zone->standard_minutes;
        }
    }
    return last_us;
}

int zone_minutes(const struct zone *zone, int64_t at_us)
{
    int minutes = zone->standard_minutes;
    if (zone->changes) {
        (void)change_last(zone, at_us, &minutes);
    }
    return minutes;
}

int64_t zone_day(const struct zone *zone, int64_t at_us)
{
    return civil_day(at_us, zone_minutes(zone, at_us));
}

int zone_minute(const struct zone *zone, int64_t at_us)
{
    int minutes = zone_minutes(zone, at_us);
    int64_t day = civil_day(at_us, minutes);
    return (int)((at_us + minutes * US_PER_MINUTE - day * US_PER_DAY) / US_PER_MINUTE);
}

int64_t zone_instant(const struct zone *zone, int64_t day, int minute)
{
    int64_t local_us = day * US_PER_DAY + minute * US_PER_MINUTE;
    int east = zone->summer_minutes > zone->standard_minutes ? zone->summer_minutes : zone->standard_minutes;
    int west = zone->standard_minutes + zone->summer_minutes - east;
    int64_t early_us = local_us - east * US_PER_MINUTE, late_us = local_us - west * US_PER_MINUTE;
    int unused;
    if (zone_minutes(zone, early_us) == east) {
        return early_us;
    }
    if (zone_minutes(zone, late_us) == west) {
        return late_us;
    }
    return change_last(zone, late_us, &unused); /* jumped over */
}
