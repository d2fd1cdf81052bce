/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of what can be booked: rooms, courts, tables and halls, the hours and prices of their slots, the days on which
 * something was booked, the slots themselves, and the halls' seat maps and shows.
 *
 * A slot is made of the hours when it is booked for the first time. A day on which something was booked keeps the
 * hours that it was booked under, whatever the schedule says later: its slots can never overlap.
 */
#ifndef LINES_LOCAL_RESOURCE_ROWS_H
#define LINES_LOCAL_RESOURCE_ROWS_H

#include "engine/row.h"
#include "lines/local/zone.h"
#include "people/people_rows.h"

#define SLOT_CAPACITY_MAX 1000       /* places of one slot */
#define BOOKING_SLOTS_MAX 12    /* slots in a row that one booking takes */
#define SLOT_HOURS_MAX 21            /* opening hours of a week */
#define SLOT_PRICES_MAX 20      /* prices by hour and weekday */
#define SLOTS_OF_DAY_MAX 620    /* of 5 minutes, over two days and two hours that the clock is set back */
#define RESOURCE_CLOSED_DAYS_MAX 60
#define BOOKING_WAITING_MAX 24          /* on the waiting list of a day or a show */
#define SEAT_LINES_MAX 30       /* rows of a hall */
#define SEATS_OF_LINE_MAX 52  /* as many bits as a number has that every client reads */
#define SEAT_PRICES_MAX 4       /* price zones of a hall */
#define DAY_SHOWS_MAX 24        /* shows of a hall that begin on one day */
#define SHOW_US_MAX (12 * US_PER_HOUR)

enum resource_kind {
    RESOURCE_other = 0,
    RESOURCE_room = 1,
    RESOURCE_court = 2,
    RESOURCE_table = 3,
    RESOURCE_hall = 4, /* has seats and shows, and no slots */
};

/* What a shopper gives for a booking. */
enum resource_pay {
    RESOURCE_PAY_at_shop = 0,
    RESOURCE_PAY_before = 1,  /* the price, which the shop gets when the booking is over */
    RESOURCE_PAY_deposit = 2, /* set aside in the wallet, back when the shopper comes */
};

/* What may not be left beside the seats that somebody takes. */
enum gap_rule {
    GAP_any = 0,
    GAP_between = 1, /* no single seat between taken ones */
    GAP_strict = 2,  /* nor between a taken one and an aisle or the wall */
};

struct closed_day_row {
    int32_t day; /* yyyymmdd */
};

struct resource_row {
    int64_t resource_id;
    int64_t shop_id;
    int64_t merchant_id;
    char name[NAME_SIZE];
    int32_t kind;         /* enum resource_kind */
    char zone[ZONE_SIZE]; /* rule of the clock; empty: zone_minutes, always */
    int32_t zone_minutes; /* the shop's */
    int32_t open;         /* 1: may be booked */
    int32_t capacity;     /* places of a slot; a hall has its seats */
    int32_t people_max;   /* of one place; 0: no limit */
    int32_t pay;          /* enum resource_pay */
    int64_t deposit_minor; /* of one place */
    int32_t hold_minutes; /* that an unpaid booking or an offer is kept */
    int32_t slots_most;   /* in one booking */
    int32_t lead_minutes; /* before its start a slot can no longer be booked */
    int32_t horizon_days; /* ahead of which nothing can be booked */
    int32_t free_minutes; /* before its start a booking can be cancelled and moved for nothing */
    int32_t late_percent; /* of price or deposit that cancelling costs later */
    int32_t missed_percent; /* that not coming costs */
    int32_t grace_minutes;  /* after which who has not come is missing */
    int32_t missed_itself;  /* 1: who has not been seen by then is taken to be missing; 0: the shop says so */
    int32_t gap_rule;       /* enum gap_rule */
    int32_t schedule_version; /* 0: no hours yet */
    int32_t map_version;      /* of a hall; 0: no seats yet */
    int64_t created_at_us;
    int32_t closed_days_count;
    struct closed_day_row closed_days[RESOURCE_CLOSED_DAYS_MAX]; /* on which nothing more is booked */
};

/* Open from one minute of a day to another; 1440 and more are of the day after. */
struct slot_hours_row {
    int32_t weekday; /* 0 Monday .. 6 Sunday */
    int32_t opens, closes;
};

/* What a slot costs that begins within these minutes of these weekdays, by the clock; the first that fits counts. */
struct slot_price_row {
    int32_t weekdays; /* bit 0 Monday .. bit 6 Sunday */
    int32_t from, to; /* minutes of the day; `to` is not of it */
    int64_t price_minor;
};

struct schedule_row {
    int64_t resource_id;
    int32_t version;
    int32_t slot_minutes;
    int32_t buffer_minutes; /* between two slots */
    int64_t price_minor;    /* of a slot for which no other price is given */
    int64_t created_at_us;
    int32_t hours_count;
    struct slot_hours_row hours[SLOT_HOURS_MAX]; /* by weekday and minute */
    int32_t prices_count;
    struct slot_price_row prices[SLOT_PRICES_MAX];
};

struct day_show_row {
    int64_t show_id;
    int64_t starts_at_us, ends_at_us;
};

/* A day of a resource on which something was booked, or of a hall on which shows begin. */
struct resource_day_row {
    int64_t resource_id;
    int32_t day;             /* yyyymmdd, on which it opens */
    int32_t version;         /* of the schedule that is in force that day; 0: a hall */
    int64_t begins_at_us;    /* of its first slot */
    int64_t ends_at_us;      /* of its last slot */
    int32_t waiting_count;
    struct id_row waiting[BOOKING_WAITING_MAX]; /* bookings that wait for a place, first come first */
    int32_t shows_count;
    struct day_show_row shows[DAY_SHOWS_MAX];
};

/* A slot that was booked or waited for. Its places are counted by accounts of the resource; their unit is its start. */
struct slot_row {
    int64_t resource_id;
    int64_t starts_at_us;
    int64_t ends_at_us;
    int32_t day;
    int32_t capacity;
    int64_t price_minor;
};

/* A row of seats: which of them exist, and after which of them there is an aisle. Bit 0 is seat 1. */
struct seat_line_row {
    char label[4];
    int64_t seats;
    int64_t aisles;
    int32_t price; /* index into the show's prices */
};

struct seat_map_row {
    int64_t resource_id;
    int32_t version;
    int64_t created_at_us;
    int32_t seats; /* in all */
    int32_t lines_count;
    struct seat_line_row lines[SEAT_LINES_MAX];
};

enum show_state {
    SHOW_open = 1,
    SHOW_cancelled = 2,
};

struct show_price_row {
    int64_t price_minor;
};

/* Its seats are counted by accounts of the show; their unit is its start. */
struct show_row {
    int64_t show_id;
    int64_t resource_id;
    int64_t shop_id;
    int64_t merchant_id;
    char title[NAME_SIZE];
    int32_t state; /* enum show_state */
    int32_t map_version;
    int32_t seats; /* in all */
    int32_t day;
    int64_t starts_at_us;
    int64_t ends_at_us;
    int64_t last_booking_id; /* bookings are chained backwards: see booking_row.previous_id */
    int64_t return_booking_id; /* of a cancelled one: whose money goes back next */
    int64_t return_at_us;    /* when; 0: all went back */
    int64_t created_at_us;
    int32_t prices_count;
    struct show_price_row prices[SEAT_PRICES_MAX];
    int32_t waiting_count;
    struct id_row waiting[BOOKING_WAITING_MAX];
};

/* Which seats of a row are held or booked. */
struct show_line_row {
    int64_t show_id;
    int32_t line; /* index into the map's lines */
    int64_t taken;
};

extern const struct table resource_table, schedule_table, resource_day_table, slot_table;
extern const struct table seat_map_table, show_table, show_line_table;
extern const struct shape closed_day_shape, slot_hours_shape, slot_price_shape, seat_line_shape, show_price_shape;
extern const char *const resource_kinds[], *const resource_pays[], *const gap_rules[], *const show_states[];

#endif
