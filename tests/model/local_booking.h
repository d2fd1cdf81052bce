/* SPDX-License-Identifier: Apache-2.0 */
/* The model's bookings of slots: who has which places when, and whose the money is. */
#ifndef TESTS_MODEL_LOCAL_BOOKING_H
#define TESTS_MODEL_LOCAL_BOOKING_H

#include "model/model.h"

#define MODEL_RESOURCES 3
#define MODEL_BOOKINGS 170
#define BOOKED_SLOTS_MAX 3
#define MODEL_SHOWS 4
#define HALL_ROWS 3
#define HALL_SEATS 12 /* of a row */
#define BOOKED_SEATS_MAX 6

/* Which seats a row has, and after which of them there is an aisle. */
struct hall_row {
    bool seat[HALL_SEATS], aisle[HALL_SEATS];
    int price; /* which of the show's */
};

/* Open day and night, in slots that begin at whole multiples of their length. */
struct local_resource {
    int shop, capacity, people_max, pay, slots_most; /* pay: as in the till */
    int64_t slot_us, price, deposit, hold_us, free_us, grace_us;
    int late_percent, missed_percent;
    bool missed_itself;
    bool hall; /* has seats and shows, and no slots */
    int gap;   /* as in the till */
    struct hall_row rows[HALL_ROWS];
};

struct local_show {
    int64_t id, starts_us, ends_us, prices[2];
    int hall;
    bool cancelled;
};

struct seat_place {
    int row, seat; /* seat 0 is the first */
};

struct local_booking {
    int64_t id, starts_us, ends_us, price, deposit, fee, due_us; /* due 0: nothing is */
    int resource, shopper, state, slots, pieces, people, pay;    /* state: as in the till */
    int rules, moves;   /* rules: the resource whose rules hold, which were those when it was made */
    int show;           /* -1: slots */
    int seat_count;
    struct seat_place seats[BOOKED_SEATS_MAX];
    int trade;                                          /* -1: none */
    bool held; /* the deposit is set aside */
};

struct local_bookings {
    int resource_count, count, show_count;
    struct local_resource resources[MODEL_RESOURCES + 1]; /* the last may be a hall */
    struct local_show shows[MODEL_SHOWS];
    struct local_booking of[MODEL_BOOKINGS];
};

extern struct local_bookings bookings;

struct booking_wish {
    int resource, shopper, slots, pieces, people;
    int64_t starts_us;
    bool pay_later, confirmed;
    bool as_long; /* however many slots it is */
};

/* Each returns the number of a refusal, or 0. The trade that it opens, if it opens one, has this id. */
int local_book_slots(struct model *m, const struct booking_wish *want, int64_t trade_id);
/* Seats that are named, or so many side by side. */
struct seats_wish {
    int show, shopper, count, seat_count;
    struct seat_place seats[BOOKED_SEATS_MAX];
    bool pay_later, confirmed;
};
int local_book_seats(struct model *m, const struct seats_wish *want, int64_t trade_id);
bool local_seat_taken(int show, int row, int seat);
int local_show_cancel(struct model *m, int show);
int local_booking_move(struct model *m, int booking, int resource, int64_t starts_us, bool by_shop);
int local_booking_cancel(struct model *m, int booking, bool by_shop);
int local_booking_arrive(struct model *m, int booking);
int local_booking_miss(struct model *m, int booking);
int64_t local_booking_due(int *booking);
void local_booking_due_now(struct model *m, int booking);
void local_booking_paid(struct model *m, const struct model_trade *t);
void local_booking_ended(struct model *m, const struct model_trade *t);
/* Places of a slot that are not free. */
int local_places(int resource, int64_t starts_us);

#endif
