/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a shop lets people book: resources with slots (rooms, courts, tables) and halls with shows. Their rules, hours,
 * seat maps and shows, and the slots of a day as they stand.
 *
 * A new schedule is in force on every day on which nothing was booked yet; the others keep theirs. Hours are given by
 * the clock of the resource's zone, which stays what it was when the resource was made.
 *
 * Called from decisions. Answers of commands are the rows.
 */
#ifndef LINES_LOCAL_RESOURCE_H
#define LINES_LOCAL_RESOURCE_H

#include "engine/command.h"
#include "engine/read.h"
#include "lines/local/slots.h"

#define HORIZON_DAYS_MAX 366

/* Of resource_create and resource_change. What is left out of the rules is their default. */
struct resource_terms {
    int64_t resource_id;
    int64_t shop_id;
    char name[NAME_SIZE];
    int32_t kind;
    char zone[ZONE_SIZE];
    int32_t closed;
    int32_t capacity;
    int32_t people_max;
    int32_t pay;
    int64_t deposit_minor;
    int32_t hold_minutes;
    int32_t slots_most;
    int32_t lead_minutes;
    int32_t horizon_days;
    int32_t free_minutes;
    int32_t late_percent;
    int32_t missed_percent;
    int32_t grace_minutes;
    int32_t missed_itself;
    int32_t gap_rule;
    int32_t closed_days_count;
    struct closed_day_row closed_days[RESOURCE_CLOSED_DAYS_MAX];
};

struct schedule_set {
    int64_t resource_id;
    int32_t slot_minutes;
    int32_t buffer_minutes;
    int64_t price_minor;
    int32_t hours_count;
    struct slot_hours_row hours[SLOT_HOURS_MAX];
    int32_t prices_count;
    struct slot_price_row prices[SLOT_PRICES_MAX];
};

struct seat_map_set {
    int64_t resource_id;
    int32_t lines_count;
    struct seat_line_row lines[SEAT_LINES_MAX];
};

struct show_create {
    int64_t resource_id;
    char title[NAME_SIZE];
    int64_t starts_at_us;
    int64_t ends_at_us;
    int32_t prices_count;
    struct show_price_row prices[SEAT_PRICES_MAX];
};

/* Of resource_query, show_query and show_cancel. */
struct resource_ref {
    int64_t resource_id;
};
struct show_ref {
    int64_t show_id;
};

extern const struct command resource_create, resource_change, resource_query, schedule_set, seat_map_set;
extern const struct command show_create, show_cancel, show_query;
extern const struct command show_return; /* the timer's */

/* ---- shared by the files of bookings ---- */

const struct resource_row *resource_ask(struct view *view, int64_t resource_id);
const struct resource_day_row *resource_day_ask(struct view *view, int64_t resource_id, int64_t day);
const struct seat_map_row *seat_map_ask(struct view *view, int64_t resource_id, int32_t version);
const struct show_row *show_ask(struct view *view, int64_t show_id);
const struct show_line_row *show_line_ask(struct view *view, int64_t show_id, int32_t line);
const struct slot_row *slot_ask(struct view *view, int64_t resource_id, int64_t starts_at_us);
/* Its clock. */
struct zone resource_zone(const struct resource_row *resource);

/* Slots that follow one another on one day, as somebody wants them. */
struct slot_choice {
    const struct resource_day_row *row; /* of the day; may not exist yet */
    int64_t day;                        /* since 1970 */
    int32_t version;                    /* of the schedule */
    struct slot_bounds of_day;          /* the first slot's start and the last one's end, of all of the day */
    size_t count;
    struct slot_span slots[BOOKING_SLOTS_MAX];
};

/* The `count` slots from the one on that begins then: slot_unknown. */
enum refusal slot_choose(struct view *view, const struct resource_row *resource, int64_t starts_at_us, int32_t count,
                         struct slot_choice *choice);
/* Keeps the day as it is from now on, and gives slots that have no row theirs, with their places. */
MUST_CHECK enum refusal slots_open(struct view *view, struct moment *at, const struct resource_row *resource,
                                   const struct slot_choice *choice);

#endif
