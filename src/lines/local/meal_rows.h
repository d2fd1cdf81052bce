/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of meals: the order, who sits at it, what was ordered, how it is paid.
 *
 * Money of an order, in minor units:
 *
 *     food      sum of total_minor of its lines that were not taken off
 *     billed    sum of food_minor of its bills that are not void; never above food; of one that is done all of it, but
 *               for what was written off
 *     a bill    food + service + fee + tip = total, the price of its trade
 *
 * A paid bill's money lies in the escrow of its trade until the meal is done, then it is the shop's (food, service),
 * its staff's (tip), the courier's (fee and tip of a delivery). What is left of each part after returns is kept beside
 * it, as a trade keeps what is left of it.
 */
#ifndef LINES_LOCAL_MEAL_ROWS_H
#define LINES_LOCAL_MEAL_ROWS_H

#include "engine/row.h"
#include "lines/local/kitchen_plan.h"
#include "lines/local/kitchen_rows.h"

#define MEAL_GUESTS_MAX 16
#define MEAL_LINES_MAX 60
#define MEAL_BILLS_MAX 24
#define MEAL_PIECES_MAX 99
#define MEAL_OPTIONS_MAX 12 /* chosen for one line */
#define GUEST_NAME_SIZE 32

/* Numbers are frozen: they are in rows. */
enum meal_kind {
    MEAL_dine_in = 1,
    MEAL_take_away = 2,
    MEAL_delivery = 3,
};

enum meal_state {
    MEAL_open = 1,      /* being ordered; at a table it stays so until it is closed */
    MEAL_waiting = 2,   /* placed, and waits for its payment */
    MEAL_cooking = 3,   /* the kitchen has it */
    MEAL_ready = 4,     /* the kitchen is done with it */
    MEAL_done = 5,      /* eaten, handed over or delivered; its money is earned */
    MEAL_cancelled = 6,
};

struct meal_order_row {
    int64_t order_id;
    int64_t merchant_id;
    int64_t shop_id;
    int32_t kind;       /* enum meal_kind */
    int32_t state;      /* enum meal_state */
    int64_t table_id;   /* of what is eaten there */
    char table_name[TABLE_NAME_SIZE];
    int32_t number;     /* that people call out, of its day */
    int32_t day;        /* yyyymmdd in the shop's zone */
    int64_t shopper_id; /* who opened it; 0: the staff */
    int32_t currency;
    int32_t pay_first;  /* of the kitchen, when it was opened */
    int32_t service_bp;
    int32_t guests, lines, bills; /* how many there are: their numbers are 1 and up */
    int32_t drafts;     /* lines that the kitchen has not got yet */
    int32_t version;    /* grows with every change, also of lines, guests and bills */
    int64_t food_minor;
    int64_t billed_minor;   /* food on bills */
    int64_t service_minor;  /* on bills */
    int64_t fee_minor;      /* of the delivery */
    int64_t tip_minor;      /* on bills */
    int64_t paid_minor;     /* total of the bills that are paid */
    int64_t returned_minor; /* of it */
    int32_t bills_unpaid;
    int32_t tickets, tickets_open;
    int32_t minutes;        /* of kitchen work that it took from slots */
    int64_t slot_at_us;     /* slot in which it is to be ready; 0: it took none */
    int32_t slot_minutes;   /* how long slots were then */
    int64_t ready_by_us;    /* what was promised */
    int32_t taken_count;
    struct {
        int32_t minutes;
    } taken[KITCHEN_SLOTS_BACK]; /* from that slot and those before it */
    char note[128];
    char contact[64];       /* who gets it */
    char phone[32];
    char address[160];
    int32_t latitude_e6, longitude_e6;
    int32_t distance_m;     /* from the kitchen */
    int64_t ride_id;
    int64_t opened_at_us;
    int64_t sent_at_us;     /* when the kitchen got the first of it */
    int64_t ready_at_us;    /* when the kitchen was done with the last */
    int64_t ended_at_us;
    int64_t last_ticket_id; /* 0: the kitchen has none of it */
    int64_t look_at_us;     /* when its timer looks at it; 0: it has none */
    int32_t counted;        /* enum hoard_kind: what it counts as for who began it */
    int64_t written_off_minor; /* food that was made and that nobody pays any more */
    char written_off_reason[64];
};

/* Somebody who orders along. */
struct meal_guest_row {
    int64_t order_id;
    int32_t guest;
    int64_t shopper_id;
    char name[GUEST_NAME_SIZE];
    int64_t joined_at_us;
};

enum line_state {
    MEAL_LINE_draft = 1,
    MEAL_LINE_sent = 2,
    MEAL_LINE_made = 3,
    MEAL_LINE_off = 4, /* taken off: it counts no more */
};

#define LINE_BILL_SHARED (-1) /* on bills that share it by its amount */

struct line_option_row {
    int32_t option;
    char name[OPTION_NAME_SIZE];
    int64_t price_minor;
};

/* A dish as it was ordered: name and prices are those of then. */
struct meal_line_row {
    int64_t order_id;
    int32_t line;
    int32_t guest;      /* who ordered it; 0: it is for all */
    int64_t dish_id;
    char name[NAME_SIZE];
    int32_t station;
    int32_t pieces;
    int32_t minutes;    /* of work, all pieces */
    int64_t unit_minor; /* a piece with its options */
    int64_t total_minor;
    int32_t state;      /* enum line_state */
    int32_t bill;       /* that it is on; 0: none yet; LINE_BILL_SHARED */
    int32_t by_staff;
    int64_t ticket_id;
    char note[64];
    int32_t options_count;
    struct line_option_row options[MEAL_OPTIONS_MAX];
    int64_t added_at_us;
};

enum bill_state {
    BILL_open = 1,    /* nobody is paying it */
    BILL_waiting = 2, /* its trade waits to be paid */
    BILL_paid = 3,
    BILL_void = 4,    /* taken back before it was paid */
};

struct meal_bill_row {
    int64_t order_id;
    int32_t bill;
    int32_t mode;   /* enum bill_mode: how it came about */
    int32_t guest;  /* whose it is; 0: anybody's */
    int32_t state;  /* enum bill_state */
    int64_t food_minor, service_minor, fee_minor, tip_minor, total_minor;
    int64_t food_left_minor, service_left_minor, fee_left_minor, tip_left_minor; /* once paid, after returns */
    int64_t trade_id;    /* that pays it, or did, or was to do last */
    int64_t shopper_id;  /* who paid it */
    int32_t returns;     /* how many there were */
    int32_t earned;      /* 1: it left the escrow */
    int64_t earned_transfer_id;
    int64_t made_at_us, paid_at_us;
};

extern const struct table meal_order_table, meal_guest_table, meal_line_table, meal_bill_table;
extern const char *const meal_kinds[], *const meal_states[], *const line_states[], *const bill_modes[],
    *const bill_states[];

#endif
