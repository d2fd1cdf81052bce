/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calendar at the edge. Inside, time is `int64_t …_us`, UTC microseconds since 1970. A shop's zone is a
 * fixed offset from UTC in minutes (480 for China, which has no daylight saving). Proleptic Gregorian
 * calendar, years 1970 to 9999.
 */
#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

#include "base/span.h"

#define US_PER_SECOND INT64_C(1000000)
#define US_PER_MINUTE (60 * US_PER_SECOND)
#define US_PER_HOUR (60 * US_PER_MINUTE)
#define US_PER_DAY (24 * US_PER_HOUR)
#define INSTANT_MAX_US INT64_C(253402300799999999) /* 9999-12-31T23:59:59.999999Z */
#define INSTANT_TEXT_SIZE 40 /* 32 bytes with microseconds and an offset, the terminating zero, and room */

struct civil {
    int year, month, day; /* month 1..12, day 1..31 */
    int hour, minute, second, us;
    int weekday; /* 0 Monday .. 6 Sunday */
};

/* Days since 1970-01-01 of the calendar day in which `at_us` falls in that zone. */
int64_t civil_day(int64_t at_us, int zone_minutes);
/* A day as a number one can read: 20141212. And back to days since 1970; -1 when there is no such day. */
int32_t civil_yyyymmdd(int64_t day);
int64_t civil_day_of_yyyymmdd(int32_t yyyymmdd);
struct civil civil_of(int64_t at_us, int zone_minutes);
int64_t civil_to_us(const struct civil *civil, int zone_minutes);

/* RFC 3339 with microseconds when there are any: 2014-12-12T10:00:00+08:00. `to` holds INSTANT_TEXT_SIZE. */
size_t instant_write(int64_t at_us, int zone_minutes, char *to);
/* RFC 3339 date-time with an offset or Z. */
MUST_CHECK bool instant_read(struct span text, int64_t *at_us);
/* 2014-12-12 to days since 1970. */
MUST_CHECK bool day_read(struct span text, int64_t *day);

#endif
