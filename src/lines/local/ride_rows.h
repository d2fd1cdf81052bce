/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of rides: couriers, the meals that they bring to a door, and each move of a ride with its reasons. (A delivery
 * is something else here: that of a notice, till/webhook.h.)
 */
#ifndef LINES_LOCAL_RIDE_ROWS_H
#define LINES_LOCAL_RIDE_ROWS_H

#include "engine/row.h"
#include "lines/local/courier_choice.h"
#include "lines/local/kitchen_rows.h"

#define COURIER_OPEN_MAX 10     /* deliveries that one may have at once */
#define RIDE_DECLINED_MAX 8 /* couriers that are remembered to have declined it */
#define RIDE_SEARCHES_MAX 100  /* steps after which searches that find nobody are not written down any more */

/* Who brings meals: a shopper, whose wallet gets the fees, working for one shop at a time. */
struct courier_row {
    int64_t courier_id; /* the shopper's */
    int64_t shop_id;    /* 0: for none any more */
    char name[64];
    char phone[32];
    int32_t on_duty;
    int32_t open;       /* deliveries that it has */
    int32_t open_most;  /* and takes at once */
    int32_t latitude_e6, longitude_e6;
    int64_t seen_at_us; /* there; 0: never */
    int64_t idle_since_us; /* when the last one ended */
    int64_t delivered;
    int64_t earned_minor;  /* fees and tips */
    int64_t changed_at_us;
};

/* Numbers are frozen: they are in rows. */
enum ride_state {
    RIDE_waiting = 1,   /* for a courier */
    RIDE_assigned = 2,  /* one was chosen and has not said yes yet */
    RIDE_accepted = 3,
    RIDE_at_kitchen = 4,
    RIDE_picked_up = 5,
    RIDE_at_door = 6,
    RIDE_delivered = 7,
    RIDE_failed = 8,    /* nobody took it */
    RIDE_returned = 9,  /* back at the shop */
    RIDE_cancelled = 10,
    RIDE_STATE_COUNT,
};

struct ride_row {
    int64_t ride_id;
    int64_t order_id;
    int64_t shop_id;
    int32_t number;        /* of the order, on its day */
    int64_t courier_id;    /* 0: none */
    int32_t state;         /* enum ride_state */
    int32_t steps;
    int32_t attempts;      /* times that a courier was looked for */
    char contact[64];
    char phone[32];
    char address[160];
    int32_t latitude_e6, longitude_e6;
    int32_t distance_m;    /* from the kitchen */
    int64_t fee_minor;
    int64_t ready_by_us;
    int64_t created_at_us;
    int64_t accepted_at_us;
    int64_t picked_up_at_us;
    int64_t ended_at_us;
    int64_t look_at_us;    /* when its timer looks for a courier, or for the answer of one; 0: it has none */
    int32_t declined_count;
    struct id_row declined[RIDE_DECLINED_MAX];
};

/* What was thought of a courier. */
struct step_candidate_row {
    int64_t courier_id;
    int64_t distance_m;
    int32_t open;
    int64_t wait_s;
    int32_t verdict; /* enum courier_verdict */
};

/* One move of a delivery, or one search for a courier that found none. */
struct ride_step_row {
    int64_t ride_id;
    int32_t step;
    int32_t from_state, to_state;
    int64_t at_us;
    int32_t by_kind; /* enum caller_kind */
    int64_t by_id;
    int64_t courier_id;
    char reason[NAME_SIZE];
    int32_t candidates_count;
    struct step_candidate_row candidates[KITCHEN_COURIERS_MAX];
};

extern const struct table courier_table, ride_table, ride_step_table;
extern const char *const ride_states[], *const courier_verdicts[];

#endif
