/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of bookings only: places and money of one, and the waiting list. */
#ifndef LINES_LOCAL_BOOKING_INTERNAL_H
#define LINES_LOCAL_BOOKING_INTERNAL_H

#include "lines/local/booking.h"

const struct booking_row *booking_ask(struct view *view, int64_t booking_id);
/* How a booking is shown: whoever waits for a time that has come waits no more. */
void booking_show(const struct moment *at, const struct booking_row *booking, void *answer);

/* ---- who ---- */

struct booker {
    bool shop; /* the shop itself books */
    const struct shopper_row *shopper; /* NULL: somebody whom only the shop knows */
};
/* Who books at that shop: forbidden, shopper_unknown, shopper_blocked, shop_closed. */
enum refusal booker_check(struct view *view, const struct moment *at, const struct shop_row *shop, int64_t shopper_id,
                          struct booker *booker);
/* The booking's shopper or its shop; to anybody else it does not exist. `*shop`: it is the shop. */
enum refusal booking_side(struct view *view, const struct moment *at, const struct booking_row *booking, bool *shop);
/* Whether a time may be booked now: slot_closed. `day` is yyyymmdd. */
enum refusal booking_time_check(const struct resource_row *resource, const struct moment *at, int64_t starts_at_us,
                                int32_t day, bool by_shop);

/* ---- making one ---- */

/* A new row with what every booking has; state, times and places are the caller's. */
struct booking_row *booking_new(struct view *view, struct moment *at, const struct resource_row *resource,
                                const struct booker *booker, const char *note);
/* The times, slots and price that were chosen. */
void booking_slots_set(struct booking_row *booking, const struct slot_choice *choice);

struct booking_payment {
    bool pay_later, confirmed;
    const char *subject;
    int32_t hold_minutes;
};
/*
 * What it counts as, among what its shopper keeps without having paid, follows its state: to be called after each
 * change of it. Refused with the limit that it would pass.
 */
MUST_CHECK enum refusal booking_count(struct view *view, const struct moment *at, struct booking_row *booking);
/* What has its places (slot_held) is paid, secured or confirmed, as its `pay` says. */
enum refusal booking_secure(struct view *view, struct moment *at, struct booking_row *booking,
                            const struct booking_payment *payment);

/* ---- places ---- */

/* Whether all its places are free. */
bool places_free(struct view *view, const struct booking_row *booking);
/* Free places to held ones; slot_full. */
enum refusal places_hold(struct view *view, struct moment *at, const struct booking_row *booking);
/* Free places to taken ones; slot_full. */
enum refusal places_take(struct view *view, struct moment *at, const struct booking_row *booking);
/* Back from where its state has them; of a cancelled show they vanish. Its seats are free again. */
enum refusal places_give_back(struct view *view, struct moment *at, const struct booking_row *booking);
/* Marks its seats; false when one is taken. */
MUST_CHECK bool seats_mark(struct view *view, const struct booking_row *booking);

/* ---- ending one ---- */

/*
 * Ends a booking that has places or waits: the shop keeps `percent` of price or deposit, the rest goes back, as do the
 * places when `places` is set, and whoever waits for them is served.
 */
enum refusal booking_end(struct view *view, struct moment *at, struct booking_row *booking, enum booking_state state,
                         int32_t percent, bool places);
/* The whole price is the shop's, a deposit goes back; the places stay taken. */
enum refusal booking_earn(struct view *view, struct moment *at, struct booking_row *booking, enum booking_state state);
/* A part of the price goes back while the booking lives on. */
enum refusal booking_give_back(struct view *view, struct moment *at, const struct booking_row *booking,
                               int64_t amount_minor, const char *what);
/* A deposit is released; its time begins anew when the booking has another one. */
enum refusal booking_deposit_renew(struct view *view, struct moment *at, struct booking_row *booking);
/* Of a waiting or offered one at its `due_at_us`, of a confirmed one when it is over. Its state says which kind. */
void booking_timer_set(struct view *view, const struct moment *at, struct booking_row *booking);
void booking_timer_drop(struct view *view, struct booking_row *booking);

/* ---- waiting ---- */

/* Offers what is free to those who wait for it, in order. */
enum refusal bookings_serve_day(struct view *view, struct moment *at, int64_t resource_id, int32_t day);
enum refusal bookings_serve_show(struct view *view, struct moment *at, int64_t show_id);
/* Takes one off its list. */
void booking_unwait(struct view *view, const struct booking_row *booking);
/* The best seats of a show that are free, side by side: into the booking; false when there are none. */
MUST_CHECK bool seats_choose(struct view *view, const struct show_row *show, enum gap_rule rule, int32_t count,
                             struct booking_row *booking);
/* Price of the booking's seats. */
int64_t seats_price(struct view *view, const struct show_row *show, const struct booking_row *booking);

#endif
