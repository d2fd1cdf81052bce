/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slots of a day, made of a schedule. Slots begin when the resource opens and follow one another in elapsed time, each
 * with its buffer behind it, as long as they end before it closes: a night on which the clock is set back has an hour
 * of slots more. The slots of a schedule never overlap, over midnight and summer time neither, because opening hours
 * do not overlap by the clock and the clock keeps its order (zone.h).
 *
 * Pure functions; any thread.
 */
#ifndef LINES_LOCAL_SLOTS_H
#define LINES_LOCAL_SLOTS_H

#include "engine/command.h"
#include "lines/local/resource_rows.h"

#define SLOT_MINUTES_LEAST 5
#define SLOT_MINUTES_MOST 1440

/* Whether slots can be made of it: hours in order that do not overlap, the last of the week neither the first of the
 * next, prices within the day, figures in range. */
bool schedule_check(const struct schedule_row *schedule, struct complaint *complaint);
bool schedule_valid(const struct schedule_row *schedule);

struct slot_span {
    int64_t starts_at_us, ends_at_us;
    int64_t price_minor;
};

/* What a day's slots must stay within, because of the days beside it. */
struct slot_bounds {
    int64_t from_us, to_us;
};
#define SLOT_BOUNDS_NONE ((struct slot_bounds){ INT64_MIN, INT64_MAX })

/* The slots of a day since 1970 in their order; returns how many. `slots` holds SLOTS_OF_DAY_MAX. */
size_t slots_of_day(const struct schedule_row *schedule, const struct zone *zone, int64_t day,
                    struct slot_bounds bounds, struct slot_span *slots);
/* What the rows of a day and of the days beside it leave it; NULL: there is no such row. A day that has a row stays as
 * it is, others do not reach into those that have one. */
struct slot_bounds slot_bounds(const struct resource_day_row *of, const struct resource_day_row *before,
                               const struct resource_day_row *after);
/* What a slot costs that begins then. */
int64_t slot_price(const struct schedule_row *schedule, const struct zone *zone, int64_t starts_at_us);

#endif
