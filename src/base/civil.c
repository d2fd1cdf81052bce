/* SPDX-License-Identifier: Apache-2.0 */
#include "base/civil.h"

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t quotient = a / b;
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

/* Days since 1970-01-01 of a civil date; the era arithmetic of Howard Hinnant's chrono paper. */
static int64_t days_from_civil(int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = floor_div(y, 400);
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void civil_from_days(int64_t days, struct civil *civil)
{
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t mp = (5 * day_of_year + 2) / 153;
    civil->day = (int)(day_of_year - (153 * mp + 2) / 5 + 1);
    civil->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    civil->year = (int)(year_of_era + era * 400 + (civil->month <= 2));
}

int64_t civil_day(int64_t at_us, int zone_minutes)
{
    return floor_div(at_us + zone_minutes * US_PER_MINUTE, US_PER_DAY);
}

int32_t civil_yyyymmdd(int64_t day)
{
    struct civil civil = { 0 };
    civil_from_days(day, &civil);
    return civil.year * 10000 + civil.month * 100 + civil.day;
}

static int month_days(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool date_exists(int year, int month, int day)
{
    return year >= 1970 && year <= 9999 && month >= 1 && month <= 12 && day >= 1 &&
           day <= month_days(year, month);
}

int64_t civil_day_of_yyyymmdd(int32_t yyyymmdd)
{
    int year = yyyymmdd / 10000, month = yyyymmdd / 100 % 100, day = yyyymmdd % 100;
    return date_exists(year, month, day) ? days_from_civil(year, month, day) : -1;
}

struct civil civil_of(int64_t at_us, int zone_minutes)
{
    struct civil civil = { 0 };
    int64_t day = civil_day(at_us, zone_minutes);
    int64_t rest = at_us + zone_minutes * US_PER_MINUTE - day * US_PER_DAY;

    civil_from_days(day, &civil);
    civil.hour = (int)(rest / US_PER_HOUR);
    civil.minute = (int)(rest / US_PER_MINUTE % 60);
    civil.second = (int)(rest / US_PER_SECOND % 60);
    civil.us = (int)(rest % US_PER_SECOND);
    civil.weekday = (int)(((day + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    return civil;
}

int64_t civil_to_us(const struct civil *civil, int zone_minutes)
{
    return days_from_civil(civil->year, civil->month, civil->day) * US_PER_DAY + civil->hour * US_PER_HOUR +
           civil->minute * US_PER_MINUTE + civil->second * US_PER_SECOND + civil->us -
           zone_minutes * US_PER_MINUTE;
}

/* Exactly `count` digits. */
static char *digits_write(char *to, int value, size_t count)
{
    for (size_t i = count; i-- > 0; value /= 10) {
        to[i] = (char)('0' + value % 10);
    }
    return to + count;
}

/* Digit by digit: every answer has a few of these, and snprintf takes ten times as long. */
size_t instant_write(int64_t at_us, int zone_minutes, char *to)
{
    struct civil c = civil_of(at_us, zone_minutes);
    int zone = zone_minutes < 0 ? -zone_minutes : zone_minutes;
    char *at = digits_write(to, c.year, 4);
    *at++ = '-';
    at = digits_write(at, c.month, 2);
    *at++ = '-';
    at = digits_write(at, c.day, 2);
    *at++ = 'T';
    at = digits_write(at, c.hour, 2);
    *at++ = ':';
    at = digits_write(at, c.minute, 2);
    *at++ = ':';
    at = digits_write(at, c.second, 2);
    if (c.us != 0) {
        *at++ = '.';
        at = digits_write(at, c.us, 6);
    }
    if (zone_minutes == 0) {
        *at++ = 'Z';
    } else {
        *at++ = zone_minutes < 0 ? '-' : '+';
        at = digits_write(at, zone / 60, 2);
        *at++ = ':';
        at = digits_write(at, zone % 60, 2);
    }
    *at = '\0';
    assert(at - to < INSTANT_TEXT_SIZE);
    return (size_t)(at - to);
}

/* Reads exactly `count` digits at `*at` and moves past them; -1 when they are not all digits. */
static int digits_read(struct span text, size_t *at, size_t count)
{
    int value = 0;
    if (text.size - *at < count) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        char digit = text.bytes[*at + i];
        if (digit < '0' || digit > '9') {
            return -1;
        }
        value = value * 10 + (digit - '0');
    }
    *at += count;
    return value;
}

static bool literal_read(struct span text, size_t *at, char literal)
{
    if (*at < text.size && text.bytes[*at] == literal) {
        (*at)++;
        return true;
    }
    return false;
}

static bool date_read(struct span text, size_t *at, struct civil *civil)
{
    civil->year = digits_read(text, at, 4);
    bool dashed = literal_read(text, at, '-');
    civil->month = dashed ? digits_read(text, at, 2) : -1;
    dashed = dashed && literal_read(text, at, '-');
    civil->day = dashed ? digits_read(text, at, 2) : -1;
    return dashed && date_exists(civil->year, civil->month, civil->day);
}

static bool fraction_read(struct span text, size_t *at, struct civil *civil)
{
    size_t count = 0;
    int scale = 100000;
    if (!literal_read(text, at, '.')) {
        return true;
    }
    for (; *at < text.size && text.bytes[*at] >= '0' && text.bytes[*at] <= '9'; (*at)++, count++) {
        civil->us += (text.bytes[*at] - '0') * scale;
        scale /= 10;
    }
    return count > 0 && count <= 9;
}

static bool zone_read(struct span text, size_t *at, int *zone_minutes)
{
    if (literal_read(text, at, 'Z')) {
        *zone_minutes = 0;
        return true;
    }
    bool minus = literal_read(text, at, '-');
    if (!minus && !literal_read(text, at, '+')) {
        return false;
    }
    int hours = digits_read(text, at, 2);
    int minutes = literal_read(text, at, ':') ? digits_read(text, at, 2) : -1;
    *zone_minutes = (minus ? -1 : 1) * (hours * 60 + minutes);
    return hours >= 0 && hours <= 23 && minutes >= 0 && minutes <= 59;
}

bool instant_read(struct span text, int64_t *at_us)
{
    struct civil civil = { 0 };
    size_t at = 0;
    int zone = 0;

    if (!date_read(text, &at, &civil) || !literal_read(text, &at, 'T')) {
        return false;
    }
    civil.hour = digits_read(text, &at, 2);
    civil.minute = literal_read(text, &at, ':') ? digits_read(text, &at, 2) : -1;
    civil.second = literal_read(text, &at, ':') ? digits_read(text, &at, 2) : -1;
    bool clock = civil.hour >= 0 && civil.hour <= 23 && civil.minute >= 0 && civil.minute <= 59 &&
                 civil.second >= 0 && civil.second <= 59;
    if (!clock || !fraction_read(text, &at, &civil) || !zone_read(text, &at, &zone) || at != text.size) {
        return false;
    }
    int64_t us = civil_to_us(&civil, zone);
    if (us < 0 || us > INSTANT_MAX_US) {
        return false;
    }
    *at_us = us;
    return true;
}

bool day_read(struct span text, int64_t *day)
{
    struct civil civil = { 0 };
    size_t at = 0;
    if (!date_read(text, &at, &civil) || at != text.size) {
        return false;
    }
    *day = days_from_civil(civil.year, civil.month, civil.day);
    return true;
}
