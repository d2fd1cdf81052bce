/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model's meals: what guests order, what the kitchen makes of it when, who owes what of it, who brings it. An order
 * holds all of its lines and bills; kitchens, dishes and tables are named by their index. What the till does by itself
 * at an instant that only it knows is marked `unsure` until that instant was learnt.
 */
#ifndef TESTS_MODEL_LOCAL_MEAL_H
#define TESTS_MODEL_LOCAL_MEAL_H

#include "model/model.h"

#define MODEL_DISHES 5
#define MODEL_TABLES 3
#define MODEL_ORDERS 40
#define ORDER_LINES 16
#define ORDER_BILLS 24
#define ORDER_GUESTS MODEL_PEOPLE
#define ORDER_TICKETS 16
#define MODEL_RIDES 40
#define MODEL_SLOTS 300
#define MODEL_KITCHEN_DAYS 60
#define RIDE_STEPS 60
#define SHARED (-1)

struct model_kitchen {
    bool there, open, pay_first, delivers;
    int service_bp, slot_minutes, capacity, lead, session, radius_m;
    int64_t fee, least;
    int from[7], to[7]; /* minutes of the day, Monday first */
    int couriers[MODEL_PEOPLE], courier_count; /* in the order in which they came */
    int64_t tips;
};

/* Options 1 and 2 are of a group that wants exactly one, if it is there; 3 and 4 of one that takes up to two. */
struct model_dish {
    int64_t id, price, option_price[4];
    int merchant, shop, minutes, station; /* shop -1: all of the merchant's */
    bool listed, sized;
};

struct model_stock {
    bool sold_out, counted;
    int64_t left;
    unsigned options_out; /* bits */
};

struct model_table {
    int64_t id;
    char code[16];
    int shop, order; /* order -1: it is free */
};

struct meal_line {
    int guest, dish, pieces, minutes, state, bill, ticket; /* state: as in the till; ticket -1: none */
    int64_t unit, total;
    unsigned options;
};

struct meal_bill {
    int mode, guest, state, trade, shopper, returns; /* as in the till; trade, shopper -1: none */
    bool earned;
    int64_t food, service, fee, tip;
    int64_t left[4]; /* of these, in that order, once it was paid */
};

struct meal_ticket {
    int station, state, minutes, recalls, prints, items, day; /* state: as in the till; day: when it was sent */
    bool late, unsure; /* unsure: it ended when it was about to be late, whichever was first */
    int64_t due_us, bumped_us;
};

struct meal_order {
    int64_t id;
    int shop, kind, state, table, number, shopper, ride; /* as in the till; table, shopper, ride -1: none */
    bool pay_first, ready, sent, unsure;
    int service_bp, guest_count, line_count, bill_count, ticket_count;
    int guests[ORDER_GUESTS];
    int64_t fee, distance, returned;
    int64_t slot_us, ready_by_us, look_us; /* 0: none */
    int slot_minutes, taken[4];
    struct meal_line lines[ORDER_LINES];
    struct meal_bill bills[ORDER_BILLS];
    struct meal_ticket tickets[ORDER_TICKETS];
};

struct meal_slot {
    int shop, minutes, orders;
    int64_t at_us;
};

struct meal_day {
    int shop, day, orders, tickets, bumped, late;
};

struct model_courier {
    int shop, open, open_most; /* shop -1: none */
    bool known, on_duty;
    int64_t north_e6, seen_us, idle_us, earned, delivered;
};

struct model_ride {
    int order, state, courier, steps, attempts, declined_count; /* courier -1: none */
    int declined[8];
    bool unsure;
    int64_t look_us; /* 0: never */
    int way[RIDE_STEPS]; /* the states that it went to, as far as there is room */
};

struct meal_world {
    int dish_count, table_count, order_count, ride_count, slot_count, day_count;
    struct model_kitchen kitchens[MODEL_SHOPS];
    struct model_courier couriers[MODEL_PEOPLE];
    struct model_stock stock[MODEL_SHOPS][MODEL_DISHES];
    struct model_dish dishes[MODEL_DISHES];
    struct model_table tables[MODEL_TABLES];
    struct meal_order orders[MODEL_ORDERS];
    struct model_ride rides[MODEL_RIDES];
    struct meal_slot slots[MODEL_SLOTS];
    struct meal_day days[MODEL_KITCHEN_DAYS];
};

extern struct meal_world meals;
void meals_begin(void);

/* Who speaks: the staff of the shop, or a shopper (-1: none). `platform`: it also acts for the shopper. */
struct meal_by {
    bool staff, platform;
    int shopper;
};

/* Each returns the number of a refusal, or 0. */
int meal_model_join(struct model *m, int table, int shopper, bool code_right, int *order);
/* North of the kitchen by so much, for what is brought; `address`: whether one was given. */
struct meal_opening {
    int shop, kind, table, shopper;
    int64_t north_e6;
    bool address;
};
int meal_model_open(struct model *m, struct meal_by by, const struct meal_opening *want, int *order);
int meal_model_add(struct model *m, struct meal_by by, int order, int dish, int pieces, int guest, unsigned options);
int meal_model_change(struct model *m, struct meal_by by, int order, int line, int pieces);
int meal_model_send(struct model *m, struct meal_by by, int order);

struct meal_payment {
    int shopper; /* -1: its trade waits */
    int64_t tip, trade_id;
    bool confirmed, pay_later;
};
int meal_model_place(struct model *m, struct meal_by by, int order, int64_t ready_by_us, bool cook_first,
                     const struct meal_payment *payment);
int meal_model_split(struct model *m, struct meal_by by, int order, int mode, int parts, const int *lines, int count);
int meal_model_unsplit(struct model *m, struct meal_by by, int order);
int meal_model_pay(struct model *m, struct meal_by by, int order, int bill, const struct meal_payment *payment);
int meal_model_close(struct model *m, struct meal_by by, int order);
int meal_model_cancel(struct model *m, struct meal_by by, int order);
int meal_model_return(struct model *m, struct meal_by by, int order, int bill, int64_t amount);
int meal_model_tips(struct model *m, int shop, int shopper, int64_t amount);
int meal_model_mark(struct model *m, int order, int ticket, int action);

int meal_model_assign(struct model *m, int ride, int courier); /* -1: whoever is there first */
int meal_model_move(struct model *m, struct meal_by by, int ride, int state);
int meal_model_enlist(struct model *m, int shop, int shopper, int open_most, bool gone);
int meal_model_report(struct model *m, int shopper, bool on_duty, int64_t north_e6);

/* Sums of an order as its lines, bills and tickets say. */
int64_t meal_food(const struct meal_order *o);
int64_t meal_billed(const struct meal_order *o);
int meal_drafts(const struct meal_order *o);
int meal_unpaid(const struct meal_order *o);
int meal_tickets_open(const struct meal_order *o);

/* ---- what ends by itself, and what the till tells ---- */

int64_t meal_model_due(const struct model *m, int *which);
void meal_model_due_now(struct model *m, int which);
int meal_model_payable(const struct model *m, const struct model_trade *t);
void meal_model_paid(struct model *m, struct model_trade *t);
void meal_model_ended(struct model *m, const struct model_trade *t);

#endif
