/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the meals' files only. Called from decisions. */
#ifndef LINES_LOCAL_MEAL_INTERNAL_H
#define LINES_LOCAL_MEAL_INTERNAL_H

#include "lines/local/bill_split.h"
#include "lines/local/local_internal.h"
#include "lines/local/meal.h"
#include "people/people.h"

const struct kitchen_row *kitchen_ask(struct view *view, int64_t shop_id);
const struct dish_row *dish_ask(struct view *view, int64_t dish_id);
const struct dish_stock_row *dish_stock_ask(struct view *view, int64_t shop_id, int64_t dish_id);
const struct dining_table_row *dining_table_ask(struct view *view, int64_t table_id);
const struct ticket_row *ticket_ask(struct view *view, int64_t ticket_id);
const struct meal_order_row *meal_ask(struct view *view, int64_t order_id);
const struct meal_guest_row *meal_guest_ask(struct view *view, int64_t order_id, int32_t guest);
const struct meal_line_row *meal_line_ask(struct view *view, int64_t order_id, int32_t line);
const struct meal_bill_row *meal_bill_ask(struct view *view, int64_t order_id, int32_t bill);
const struct courier_row *courier_ask(struct view *view, int64_t courier_id);
const struct ride_row *ride_ask(struct view *view, int64_t ride_id);
struct kitchen_day_row *kitchen_day_change(struct view *view, const struct shop_row *shop, int64_t at_us);

/* Copies as many whole characters as fit. */
void text_fit(const char *text, char *to, size_t capacity);
/* The same at the end of what is there. */
void text_add(char *to, size_t capacity, const char *text);

/* Who speaks to an order. */
struct meal_party {
    const struct meal_order_row *order;
    bool staff;
    int32_t guest; /* 0: none of its guests */
};

/* To whom an order is not it does not exist: meal_unknown. All guests are asked for. */
enum refusal meal_find(struct view *view, const struct moment *at, int64_t order_id, struct meal_party *party);
/* meal_ended when it is done or cancelled. */
enum refusal meal_goes_on(const struct meal_order_row *order);
/* Both. */
enum refusal meal_find_open(struct view *view, const struct moment *at, int64_t order_id, struct meal_party *party);
/* The order for writing; its version grows. */
struct meal_order_row *meal_change(struct view *view, const struct meal_order_row *order);
/* Sets the instant at which its timer looks at it; 0: never again. */
void meal_look_set(struct view *view, const struct moment *at, struct meal_order_row *order, int64_t look_at_us);
/*
 * It counts for the person who began it until it is paid: a table from its first guest on, what is taken away or
 * brought from when the shopper orders it without paying. A cart keeps nothing; what staff orders counts for nobody.
 */
enum refusal meal_count(struct view *view, const struct moment *at, struct meal_order_row *order);
/* It counts no more among the unpaid meals of who began it; `unpaid`: it kept something and ended so. */
void meal_uncount(struct view *view, const struct moment *at, struct meal_order_row *order, bool unpaid);
/* Asks for all lines and bills, so that it takes one round. */
void meal_ask_all(struct view *view, const struct meal_order_row *order);
/* Whether everything that was ordered is on bills, and these are paid. */
bool meal_is_paid(const struct meal_order_row *order);

/* ---- kitchen: tickets, slots, what is left (meal_send.c, kitchen_room.c) ---- */

struct fire_terms {
    int32_t bill;      /* only lines on this bill; 0: all drafts */
    bool shared;       /* and those that bills share */
    int64_t due_at_us; /* when it is to be ready; 0: as soon as can be */
};

/* Sends drafts to the stations. dish_sold_out when something has run out, unless it was taken before. */
enum refusal meal_fire(struct view *view, struct moment *at, struct meal_order_row *order,
                       const struct fire_terms *terms);
/* Takes what all drafts need from what is left, or gives it back. */
enum refusal meal_stock_take(struct view *view, const struct moment *at, const struct meal_order_row *order);
void meal_stock_return(struct view *view, const struct moment *at, const struct meal_order_row *order);

/* Finds room in the kitchen and takes it; fills in the order's slot and promise. */
enum refusal kitchen_room_take(struct view *view, const struct moment *at, const struct kitchen_row *kitchen,
                               struct meal_order_row *order, int64_t ready_by_us);
/* Gives back what of it lies in the future. */
void kitchen_room_return(struct view *view, const struct moment *at, struct meal_order_row *order);
/* Work that nobody asks room for: it counts, and what is asked for finds less. */
void kitchen_room_add(struct view *view, const struct kitchen_row *kitchen, int64_t at_us, int32_t minutes);
/* All its tickets that are not bumped become so, or are cancelled. */
void tickets_end(struct view *view, struct moment *at, struct meal_order_row *order, enum ticket_state state);

/* ---- money (meal_pay.c, meal_end.c) ---- */

struct bill_payment {
    int64_t shopper_id; /* who pays now; 0: its trade waits */
    int64_t tip_minor;
    bool confirmed;
    bool pay_later;
};

enum refusal bill_pay(struct view *view, struct moment *at, struct meal_order_row *order,
                      const struct meal_bill_row *asked, const struct bill_payment *payment);
/* Adds a bill of food that is on none; the order's sums follow. There is room for one more. */
struct meal_bill_row *bill_add(struct view *view, const struct moment *at, struct meal_order_row *order,
                               enum bill_mode mode, const struct bill_share *share);
/* Takes a bill back that nobody is paying. */
void bill_void(struct view *view, struct meal_order_row *order, const struct meal_bill_row *asked);
/* Lines that shall be billed and are on no bill yet, as the sharing sees them; returns how many. */
size_t bill_items(struct view *view, const struct meal_order_row *order, struct bill_item items[MEAL_LINES_MAX],
                  int32_t numbers[MEAL_LINES_MAX]);
/* Food that is on no bill and of no line any more: from bills that were taken back. */
int64_t bill_loose(struct view *view, const struct meal_order_row *order);
/* Shares what is not billed: bills are made, lines are marked with them. meal_empty: there was nothing. */
enum refusal bill_share_out(struct view *view, const struct moment *at, struct meal_order_row *order,
                            const struct meal_split *want);
/* Lines that nobody sent or billed are taken off. */
void meal_drafts_drop(struct view *view, struct meal_order_row *order);
/* Done: paid bills leave their escrow, the table is free, tickets are ended. `courier_id` 0: nobody brought it. */
enum refusal meal_finish(struct view *view, struct moment *at, struct meal_order_row *order, int64_t courier_id);
/* Cancelled: nothing more is owed, what was paid is given back. */
enum refusal meal_call_off(struct view *view, struct moment *at, struct meal_order_row *order);

/* ---- rides (ride_rules.c, ride_assign.c, ride_move.c) ---- */

/* A ride for an order that is paid or cooked; a courier is looked for in time. */
void ride_begin(struct view *view, struct moment *at, struct meal_order_row *order);
/* Whether a ride may go from one state to another at all. */
bool ride_may(enum ride_state from, enum ride_state to);
/* Moves it as it may and writes the step down, which is returned; the courier's counts follow. */
struct ride_step_row *ride_go(struct view *view, const struct moment *at, struct ride_row *ride, enum ride_state to,
                              const char *reason);
struct ride_step_row *ride_step_add(struct view *view, const struct moment *at, struct ride_row *ride,
                                    enum ride_state to, const char *reason);
/* When its timer looks at it; 0: never again. */
void ride_look_set(struct view *view, const struct moment *at, struct ride_row *ride, int64_t look_at_us);
/* The courier does not want it, or did not answer. */
void ride_decline(struct ride_row *ride);

#endif
