/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of bookings: who has which slots or seats, in which state, for how much. */
#ifndef LINES_LOCAL_BOOKING_ROWS_H
#define LINES_LOCAL_BOOKING_ROWS_H

#include "lines/local/resource_rows.h"

#define BOOKING_SEATS_MAX 12
#define BOOKING_REASON_SIZE 128

enum booking_state {
    BOOKING_waiting = 1,   /* on the waiting list: has no place */
    BOOKING_offered = 2,   /* from the waiting list: has a place until `due_at_us` */
    BOOKING_held = 3,      /* has a place until its trade closes unpaid */
    BOOKING_confirmed = 4,
    BOOKING_arrived = 5,   /* seen at the shop */
    BOOKING_missed = 6,    /* did not come */
    BOOKING_over = 7,      /* its time is over, and nobody said that it was missed */
    BOOKING_cancelled = 8,
    BOOKING_lapsed = 9,    /* not paid, accepted or served in time */
};

struct booking_slot_row {
    int64_t starts_at_us;
};

struct booking_seat_row {
    int32_t line; /* index into the map's lines */
    int32_t seat; /* 1 is the first place of the row */
};

struct booking_row {
    int64_t booking_id;
    int64_t resource_id;
    int64_t show_id; /* 0: slots */
    int64_t shop_id;
    int64_t merchant_id;
    int64_t shopper_id; /* 0: somebody whom only the shop knows */
    char note[NAME_SIZE];
    int32_t state; /* enum booking_state */
    int32_t pay;   /* enum resource_pay */
    int32_t day;   /* yyyymmdd, of its slots or its show */
    int32_t pieces; /* places of each slot, or seats */
    int32_t people;
    int32_t moves;  /* how often it was rescheduled */
    int64_t starts_at_us;
    int64_t ends_at_us;
    int64_t price_minor;
    int64_t deposit_minor;
    int64_t trade_id; /* 0: none */
    int64_t hold_id;  /* of the deposit; 0: none */
    int64_t fee_minor; /* what the shop kept of price or deposit when it ended early */
    int64_t due_at_us; /* of its timer; 0: none */
    int32_t free_minutes; /* the rules that it was booked under, as in resource_row */
    int32_t late_percent;
    int32_t missed_percent;
    int32_t grace_minutes;
    int32_t missed_itself;
    int64_t previous_id; /* booking of the same show before it; 0: the first */
    int64_t created_at_us;
    int64_t confirmed_at_us;
    int64_t ended_at_us;
    int32_t slots_count;
    struct booking_slot_row slots[BOOKING_SLOTS_MAX];
    int32_t seats_count;
    struct booking_seat_row seats[BOOKING_SEATS_MAX];
    int32_t counted;       /* enum hoard_kind: what it counts as among what its shopper keeps without having paid */
    int32_t returns;       /* how often the shop gave something back after it had ended */
    int64_t returned_minor; /* in all */
    char return_reason[BOOKING_REASON_SIZE]; /* the last time */
};

extern const struct table booking_table;
extern const struct shape booking_seat_shape;
extern const char *const booking_states[];

#endif
