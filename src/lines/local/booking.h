/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bookings: slots of a room, a court or a table, or seats of a show, for one shopper. A place is an account's unit with
 * floor 0, a seat a bit of its row: nothing is booked twice, whoever comes at once.
 *
 *   waiting    on the waiting list; when a place becomes free the first whom it serves gets an offer
 *   offered    has the place for hold_minutes, to accept
 *   held       has the place until its trade closes unpaid (hold_minutes)
 *   confirmed  booked: paid before into the trade's escrow, or with a deposit held in the wallet, or to be paid there
 *   arrived    seen by the shop, which has the price now; a deposit went back
 *   over       its time is over without a word: the shop has the price, a deposit went back
 *   missed     did not come: the shop keeps missed_percent, the rest goes back
 *   cancelled  before its start: for nothing until free_minutes before, later the shop keeps late_percent; by the shop
 *              always for nothing
 *
 * Percentages are of the price before discounts, or of the deposit, rounded down; money goes back as it was paid. Of
 * one that has ended the shop may give back what it has of it. What a shop books for somebody itself is paid there, and
 * counts for nobody (hoard.h). The rules of a booking are those of the resource at the time. Answers of commands are
 * the booking itself. Called from decisions.
 */
#ifndef LINES_LOCAL_BOOKING_H
#define LINES_LOCAL_BOOKING_H

#include "lines/local/booking_rows.h"
#include "lines/local/resource.h"
#include "till/trade.h"

/* Requests that tests, imports and other doors fill in. */
struct booking_create {
    int64_t resource_id;
    int64_t shopper_id; /* 0: the caller; of a shop: somebody whom only it knows */
    int64_t starts_at_us;
    int32_t slots;  /* 0: 1 */
    int32_t pieces; /* 0: 1 */
    int32_t people;
    int32_t pay_later; /* the trade waits to be paid in any way */
    int32_t confirmed; /* the shopper gave a second factor */
    char note[NAME_SIZE];
};

struct booking_seats {
    int64_t show_id;
    int64_t shopper_id;
    int32_t count; /* without seats: that many side by side, the best there are */
    int32_t pay_later;
    int32_t confirmed;
    char note[NAME_SIZE];
    int32_t seats_count;
    struct booking_seat_row seats[BOOKING_SEATS_MAX];
};

struct booking_wait {
    int64_t resource_id; /* with a time, or ... */
    int64_t show_id;     /* ... a show */
    int64_t shopper_id;
    int64_t starts_at_us;
    int32_t slots;
    int32_t pieces; /* places or seats; 0: 1 */
    int32_t people;
    char note[NAME_SIZE];
};

struct booking_accept {
    int64_t booking_id;
    int32_t pay_later;
    int32_t confirmed;
};

struct booking_reschedule {
    int64_t booking_id;
    int64_t resource_id; /* 0: the same; another one of the shop's */
    int64_t starts_at_us;
};

struct booking_return {
    int64_t booking_id;
    int64_t amount_minor;
    char reason[BOOKING_REASON_SIZE];
};

/* Of booking_query, booking_cancel, booking_arrive, booking_miss. */
struct booking_ref {
    int64_t booking_id;
};

extern const struct command booking_create, booking_seats, booking_wait, booking_accept;
extern const struct command booking_reschedule, booking_cancel, booking_arrive, booking_miss, booking_query;
extern const struct command booking_return;
extern const struct command booking_due, booking_lapse; /* the timers' */

extern const struct read resource_list, slot_list, show_list, show_seats, booking_list, booking_mine;

struct local_part;
extern const struct local_part booking_part; /* what the line tells them of their trades */

#endif
