/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place's clock: how far it is from UTC, and when it changes to summer time and back. A zone is given as the rule of
 * POSIX's TZ: "CST-8" (China; no summer time), "CET-1CEST,M3.5.0,M10.5.0/3", "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0".
 * Changes may be given as M (month, week, weekday), J (day of the year without 29 February) or n (day of the
 * year from 0), their times from -167 to 167 hours, to the second.
 *
 * Local times are mapped to instants so that their order stays: a time that the clock jumps over is the instant of
 * the jump, one that it shows twice is the first. So what does not overlap by the clock never overlaps in fact.
 *
 * Pure functions; any thread. Offsets are minutes east of UTC.
 */
#ifndef LINES_LOCAL_ZONE_H
#define LINES_LOCAL_ZONE_H

#include "base/civil.h"

#define ZONE_SIZE 64 /* bytes of a rule, with the terminating zero */

enum zone_change_kind {
    ZONE_month = 1,    /* the `week`th `weekday` of `month`; the 5th is the last */
    ZONE_julian = 2,   /* `day` 1 to 365; 29 February is not counted */
    ZONE_year_day = 3, /* `day` 0 to 365 */
};

struct zone_change {
    enum zone_change_kind kind;
    int month, week, weekday; /* weekday 0 Sunday, as POSIX has it */
    int day;
    int64_t second; /* of that day, by the clock that is in force until then */
};

struct zone {
    int standard_minutes;
    int summer_minutes;
    bool changes; /* there is a summer time */
    struct zone_change begins, ends;
};

/*
 * False when the text is no rule, has an offset beyond 24 hours or of parts of a minute, does not say when it
 * changes, or changes by more than two hours or twice within weeks.
 */
MUST_CHECK bool zone_read(struct span text, struct zone *zone);
/* A zone whose clock never changes. */
struct zone zone_fixed(int minutes);

/* How far from UTC the clock is at that instant. */
int zone_minutes(const struct zone *zone, int64_t at_us);
/* The calendar day there, as days since 1970, and the minute of that day that the clock shows. */
int64_t zone_day(const struct zone *zone, int64_t at_us);
int zone_minute(const struct zone *zone, int64_t at_us);
/* 0 Monday .. 6 Sunday, of a day since 1970. */
int zone_weekday(int64_t day);
/* The instant at which the clock shows `minute` of `day`; minutes of 1440 and more are of the days after. */
int64_t zone_instant(const struct zone *zone, int64_t day, int minute);

#endif
