/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/slots.h"

#define DAY_MINUTES 1440
#define WEEK_MINUTES (7 * DAY_MINUTES)
#define WEEKDAYS_ALL 0x7f

/* ---- schedules ---- */

static bool hours_in_range(const struct slot_hours_row *hours)
{
    return hours->weekday >= 0 && hours->weekday <= 6 && hours->opens >= 0 && hours->opens < DAY_MINUTES &&
           hours->closes > hours->opens && hours->closes <= hours->opens + DAY_MINUTES;
}

static int week_minute(const struct slot_hours_row *hours, int minute)
{
    return hours->weekday * DAY_MINUTES + minute;
}

/* In order, each closed before the next opens, and the last before the first of the week after. */
static bool hours_disjoint(const struct schedule_row *schedule)
{
    int closed = 0;
    for (int32_t i = 0; i < schedule->hours_count; i++) {
        const struct slot_hours_row *hours = &schedule->hours[i];
        if (!hours_in_range(hours) || (i > 0 && week_minute(hours, hours->opens) < closed)) {
            return false;
        }
        closed = week_minute(hours, hours->closes);
    }
    const struct slot_hours_row *first = &schedule->hours[0];
    return closed - WEEK_MINUTES <= week_minute(first, first->opens);
}

static bool price_in_range(const struct slot_price_row *price)
{
    return price->weekdays >= 1 && price->weekdays <= WEEKDAYS_ALL && price->from >= 0 && price->to <= DAY_MINUTES &&
           price->price_minor >= 0 && price->price_minor <= AMOUNT_MAX;
}

static bool prices_check(const struct schedule_row *schedule, struct complaint *complaint)
{
    bool valid = complain_unless(complaint, schedule->price_minor >= 0 && schedule->price_minor <= AMOUNT_MAX,
                                 "price_minor", "is out of range");
    for (int32_t i = 0; valid && i < schedule->prices_count; i++) {
        const struct slot_price_row *price = &schedule->prices[i];
        valid = complain_unless(complaint, price_in_range(price), "prices", "have something out of range") &&
                complain_unless(complaint, price->from < price->to, "prices", "must have `from` before `to`");
    }
    return valid;
}

bool schedule_check(const struct schedule_row *schedule, struct complaint *complaint)
{
    bool slots = schedule->slot_minutes >= SLOT_MINUTES_LEAST && schedule->slot_minutes <= SLOT_MINUTES_MOST;
    return complain_unless(complaint, slots, "slot_minutes", "must be from 5 to 1440") &&
           complain_unless(complaint, schedule->buffer_minutes >= 0 && schedule->buffer_minutes <= DAY_MINUTES,
                           "buffer_minutes", "must be at most 1440") &&
           complain_unless(complaint, schedule->hours_count >= 1, "hours", "must name at least one time") &&
           complain_unless(complaint, hours_disjoint(schedule), "hours",
                           "must be in the order of weekday and minute, each at most a day long, and must not overlap, "
                           "the last of the week neither the first of the next") &&
           prices_check(schedule, complaint);
}

bool schedule_valid(const struct schedule_row *schedule)
{
    struct complaint unheard;
    return schedule_check(schedule, &unheard);
}

/* ---- slots ---- */

int64_t slot_price(const struct schedule_row *schedule, const struct zone *zone, int64_t starts_at_us)
{
    int weekday = zone_weekday(zone_day(zone, starts_at_us)), minute = zone_minute(zone, starts_at_us);
    for (int32_t i = 0; i < schedule->prices_count; i++) {
        const struct slot_price_row *price = &schedule->prices[i];
        if ((price->weekdays & 1 << weekday) != 0 && minute >= price->from && minute < price->to) {
            return price->price_minor;
        }
    }
    return schedule->price_minor;
}

struct slot_bounds slot_bounds(const struct resource_day_row *of, const struct resource_day_row *before,
                               const struct resource_day_row *after)
{
    struct slot_bounds bounds = SLOT_BOUNDS_NONE;
    if (of != NULL) {
        return (struct slot_bounds){ of->begins_at_us, of->ends_at_us };
    }
    if (before != NULL) {
        bounds.from_us = before->ends_at_us;
    }
    if (after != NULL) {
        bounds.to_us = after->begins_at_us;
    }
    return bounds;
}

size_t slots_of_day(const struct schedule_row *schedule, const struct zone *zone, int64_t day,
                    struct slot_bounds bounds, struct slot_span *slots)
{
    size_t count = 0;
    int64_t length_us = schedule->slot_minutes * US_PER_MINUTE;
    int64_t step_us = length_us + schedule->buffer_minutes * US_PER_MINUTE;
    int weekday = zone_weekday(day);
    for (int32_t i = 0; i < schedule->hours_count; i++) {
        const struct slot_hours_row *hours = &schedule->hours[i];
        if (hours->weekday != weekday) {
            continue;
        }
        int64_t closes_us = zone_instant(zone, day, hours->closes);
        for (int64_t at_us = zone_instant(zone, day, hours->opens); at_us + length_us <= closes_us; at_us += step_us) {
            if (at_us < bounds.from_us || at_us + length_us > bounds.to_us) {
                continue;
            }
            assert(count < SLOTS_OF_DAY_MAX);
            slots[count++] = (struct slot_span){ at_us, at_us + length_us, slot_price(schedule, zone, at_us) };
        }
    }
    return count;
}
