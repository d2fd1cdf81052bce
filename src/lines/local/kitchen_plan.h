/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a kitchen works and how much it can do: opening hours by weekday, and slots of some minutes that hold so many
 * minutes of work. An order takes its work out of the slot in which it is to be ready, and what does not fit there out
 * of the few slots before it, the latest first. Slots begin at whole multiples of their length since 1970 in UTC, so
 * that no zone and no change of one shifts them.
 *
 * Pure; any thread. Minutes of a day count from the midnight of the shop's zone; hours that end after midnight end
 * beyond 1440.
 */
#ifndef LINES_LOCAL_KITCHEN_PLAN_H
#define LINES_LOCAL_KITCHEN_PLAN_H

#include "base/civil.h"

#define KITCHEN_SLOTS_BACK 4  /* slots that the work of one order may be spread over */
#define DAY_MINUTES 1440
#define HOURS_END_MAX 2160    /* noon of the day after */

struct kitchen_hours {
    int32_t from_minute;
    int32_t to_minute; /* equal: closed on that day */
};

/* Whether each day's hours make sense. `hours` has seven entries, Monday first. */
bool kitchen_hours_valid(const struct kitchen_hours hours[7]);
/* Whether the kitchen works at that instant: by the hours of its day, or by those of the day before that go on. */
bool kitchen_works(const struct kitchen_hours hours[7], int zone_minutes, int64_t at_us);
/* Where the slot begins that an instant falls in. */
int64_t kitchen_slot_of(int64_t at_us, int32_t slot_minutes);
/*
 * Takes `minutes` of work out of slots: `free[0]` is what is left of the slot in which the order is to be ready,
 * `free[1]` of the one before, and so on. Fills in what each gives, and returns whether all of it found room.
 */
bool kitchen_take(const int32_t *free_minutes, size_t count, int32_t minutes, int32_t taken[KITCHEN_SLOTS_BACK]);

#endif
