/* SPDX-License-Identifier: Apache-2.0 */
#include "model/local_booking.h"

#include <stdio.h>

#include "base/base.h"
#include "engine/refusal.h"
#include "model/local.h"
#include "model/model_internal.h"

#define DAY_US (24 * 60 * MINUTE)
#define PAGE 4
#define HELD 3
#define CONFIRMED 4
#define ARRIVED 5
#define MISSED 6
#define OVER 7
#define CANCELLED 8
#define LAPSED 9
#define PAY_BEFORE 1
#define PAY_DEPOSIT 2
#define HORIZON_US (60 * DAY_US)

struct local_bookings bookings;

int local_places(int resource, int64_t starts_us)
{
    int64_t slot_us = bookings.resources[resource].slot_us;
    int places = 0;
    for (int i = 0; i < bookings.count; i++) {
        const struct local_booking *b = &bookings.of[i];
        bool has = b->state >= HELD && b->state <= OVER; /* who missed it or was there had it */
        bool then = b->starts_us <= starts_us && starts_us < b->starts_us + b->slots * slot_us;
        places += b->resource == resource && has && then ? b->pieces : 0;
    }
    return places;
}

static int slots_check(const struct model *m, const struct local_resource *r, const struct booking_wish *want)
{
    int64_t zone_us = m->shops[r->shop].zone_minutes * MINUTE;
    int64_t last_us = want->starts_us + (want->slots - 1) * r->slot_us;
    bool begins = (want->starts_us + zone_us) % r->slot_us == 0;
    bool one_day = (want->starts_us + zone_us) / DAY_US == (last_us + zone_us) / DAY_US;
    if (want->slots > r->slots_most || !begins || !one_day) {
        return REFUSAL_slot_unknown;
    }
    if (want->starts_us <= m->now_us || want->starts_us > m->now_us + HORIZON_US) {
        return REFUSAL_slot_closed;
    }
    if (r->people_max > 0 && want->people > r->people_max * want->pieces) {
        return REFUSAL_party_too_large;
    }
    for (int i = 0; i < want->slots; i++) {
        int more = model_canary == MODEL_CANARY_booking;
        if (local_places(want->resource, want->starts_us + i * r->slot_us) + want->pieces > r->capacity + more) {
            return REFUSAL_slot_full;
        }
    }
    return 0;
}

static void confirm(struct model *m, struct local_booking *b)
{
    const struct local_resource *r = &bookings.resources[b->resource];
    (void)m;
    b->state = CONFIRMED;
    b->due_us = r->missed_itself ? b->starts_us + r->grace_us : b->starts_us + b->slots * r->slot_us;
}

static int pay(struct model *m, struct local_booking *b, const struct booking_wish *want, int64_t trade_id)
{
    const struct local_resource *r = &bookings.resources[b->resource];
    if (b->pay == PAY_DEPOSIT) {
        int refusal = model_set_aside(m, b->shopper, r->shop, b->deposit, want->confirmed);
        if (refusal != 0) {
            return refusal;
        }
        b->held = true;
    }
    if (b->pay != PAY_BEFORE) {
        confirm(m, b);
        return 0;
    }
    struct model_trade *t = model_open_trade(m, r->shop, "", b->price, PAGE);
    snprintf(t->number, sizeof(t->number), "onetill:b%d", bookings.count);
    t->id = trade_id;
    t->frozen = false;
    t->business = SOLD_booking;
    t->sold = bookings.count - 1;
    t->escrow = true;
    t->shopper = b->shopper;
    t->expires_us = less(m->now_us + r->hold_us, b->starts_us);
    b->trade = m->trade_count++;
    int refusal = want->pay_later ? 0 : model_take(m, t, b->shopper, want->confirmed, false);
    m->trade_count -= refusal != 0;
    return refusal;
}

int local_book_slots(struct model *m, const struct booking_wish *want, int64_t trade_id)
{
    const struct local_resource *r = &bookings.resources[want->resource];
    if (m->shoppers[want->shopper].blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (!m->shops[r->shop].open) {
        return REFUSAL_shop_closed;
    }
    int refusal = slots_check(m, r, want);
    if (refusal != 0) {
        return refusal;
    }
    assert(bookings.count < MODEL_BOOKINGS);
    struct local_booking *b = &bookings.of[bookings.count++];
    *b = (struct local_booking){ .resource = want->resource, .shopper = want->shopper, .state = HELD, .trade = -1,
                                 .slots = want->slots, .pieces = want->pieces, .pay = r->pay,
                                 .starts_us = want->starts_us, .price = r->price * want->slots * want->pieces,
                                 .deposit = r->pay == PAY_DEPOSIT ? r->deposit * want->pieces : 0 };
    refusal = pay(m, b, want, trade_id);
    bookings.count -= refusal != 0;
    return refusal;
}

/* The shop keeps so much of what was paid or set aside; the rest goes back as it came. */
static void money_end(struct model *m, struct local_booking *b, int percent)
{
    struct model_shop *shop = &m->shops[bookings.resources[b->resource].shop];
    struct model_shopper *s = &m->shoppers[b->shopper];
    b->fee = (b->held ? b->deposit : b->trade >= 0 ? b->price : 0) * percent / 100;
    if (b->held) {
        s->held -= b->deposit;
        s->wallet += b->deposit - b->fee;
        shop->takings += b->fee;
        b->held = false;
    } else if (b->trade >= 0) {
        struct model_trade *t = &m->trades[b->trade];
        int refusal = b->price > b->fee ? model_give_back(m, t, "", b->price - b->fee, NULL) : 0;
        assert(refusal == 0);
        shop->takings += t->in_escrow;
        t->in_escrow = 0;
    }
}

static void finish(struct model *m, struct local_booking *b, int state, int percent)
{
    money_end(m, b, percent);
    b->state = state;
    b->due_us = 0;
}

void local_booking_paid(struct model *m, const struct model_trade *t)
{
    confirm(m, &bookings.of[t->sold]);
}

void local_booking_ended(struct model *m, const struct model_trade *t)
{
    (void)m;
    bookings.of[t->sold].state = LAPSED;
    bookings.of[t->sold].due_us = 0;
}

int local_booking_cancel(struct model *m, int booking, bool by_shop)
{
    struct local_booking *b = &bookings.of[booking];
    const struct local_resource *r = &bookings.resources[b->resource];
    if (b->state == CANCELLED) {
        return 0;
    }
    if (b->state > CONFIRMED) {
        return REFUSAL_booking_ended;
    }
    if (b->state == HELD) {
        model_end(m, &m->trades[b->trade], 2);
        b->state = CANCELLED;
        return 0;
    }
    if (!by_shop && m->now_us >= b->starts_us) {
        return REFUSAL_booking_late;
    }
    bool costs = !by_shop && m->now_us >= b->starts_us - r->free_us;
    finish(m, b, CANCELLED, costs ? r->late_percent : 0);
    return 0;
}

static int confirmed_check(const struct local_booking *b)
{
    if (b->state < CONFIRMED) {
        return REFUSAL_booking_unconfirmed;
    }
    return b->state > CONFIRMED ? REFUSAL_booking_ended : 0;
}

/* What was paid is the shop's; what was only set aside goes back. */
static void earn(struct model *m, struct local_booking *b, int state)
{
    finish(m, b, state, b->trade >= 0 ? 100 : 0);
    b->fee = 0;
}

int local_booking_arrive(struct model *m, int booking)
{
    struct local_booking *b = &bookings.of[booking];
    int refusal = confirmed_check(b);
    if (refusal == 0 && m->now_us < b->starts_us - DAY_US) {
        refusal = REFUSAL_booking_early;
    }
    if (refusal == 0) {
        earn(m, b, ARRIVED);
    }
    return refusal;
}

int local_booking_miss(struct model *m, int booking)
{
    struct local_booking *b = &bookings.of[booking];
    int refusal = confirmed_check(b);
    if (refusal == 0 && m->now_us < b->starts_us + bookings.resources[b->resource].grace_us) {
        refusal = REFUSAL_booking_early;
    }
    if (refusal == 0) {
        finish(m, b, MISSED, bookings.resources[b->resource].missed_percent);
    }
    return refusal;
}

int64_t local_booking_due(int *booking)
{
    int64_t first_us = INT64_MAX;
    for (int i = 0; i < bookings.count; i++) {
        if (bookings.of[i].due_us != 0 && bookings.of[i].due_us < first_us) {
            first_us = bookings.of[i].due_us;
            *booking = i;
        }
    }
    return first_us;
}

void local_booking_due_now(struct model *m, int booking)
{
    struct local_booking *b = &bookings.of[booking];
    const struct local_resource *r = &bookings.resources[b->resource];
    if (r->missed_itself) {
        finish(m, b, MISSED, r->missed_percent);
    } else {
        earn(m, b, OVER);
    }
}
