/* SPDX-License-Identifier: Apache-2.0 */
/* The model's bookings of slots: who has which places when, and whose the money is. */
#ifndef TESTS_MODEL_LOCAL_BOOKING_H
#define TESTS_MODEL_LOCAL_BOOKING_H

#include "model/model.h"

#define MODEL_RESOURCES 3
#define MODEL_BOOKINGS 170
#define BOOKED_SLOTS_MAX 3

/* Open day and night, in slots that begin at whole multiples of their length. */
struct local_resource {
    int shop, capacity, people_max, pay, slots_most; /* pay: as in the till */
    int64_t slot_us, price, deposit, hold_us, free_us, grace_us;
    int late_percent, missed_percent;
    bool missed_itself;
};

struct local_booking {
    int64_t id, starts_us, price, deposit, fee, due_us; /* due 0: nothing is */
    int resource, shopper, state, slots, pieces, pay;   /* state: as in the till */
    int trade;                                          /* -1: none */
    bool held; /* the deposit is set aside */
};

struct local_bookings {
    int resource_count, count;
    struct local_resource resources[MODEL_RESOURCES];
    struct local_booking of[MODEL_BOOKINGS];
};

extern struct local_bookings bookings;

struct booking_wish {
    int resource, shopper, slots, pieces, people;
    int64_t starts_us;
    bool pay_later, confirmed;
};

/* Each returns the number of a refusal, or 0. The trade that it opens, if it opens one, has this id. */
int local_book_slots(struct model *m, const struct booking_wish *want, int64_t trade_id);
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
