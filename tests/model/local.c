/* SPDX-License-Identifier: Apache-2.0 */
/* The model's local line as the till sees it: whose trade it is, and what ends first. */
#include "model/local.h"

#include <string.h>

#include "base/base.h"
#include "engine/refusal.h"
#include "model/local_booking.h"
#include "model/local_give.h"
#include "model/local_meal.h"
#include "model/local_packet.h"

struct local local;

static int payable(const struct model *m, const struct model_trade *t, int shopper)
{
    if (t->business == SOLD_meal) {
        return meal_model_payable(m, t);
    }
    return t->business == SOLD_purchase ? local_purchase_payable(m, t, shopper) : 0;
}

static void paid(struct model *m, struct model_trade *t)
{
    if (t->business == SOLD_purchase) {
        local_purchase_paid(m, t);
    } else if (t->business == SOLD_meal) {
        meal_model_paid(m, t);
    } else {
        local_booking_paid(m, t);
    }
}

static void ended(struct model *m, const struct model_trade *t)
{
    if (t->business == SOLD_purchase) {
        local_purchase_ended(m, t);
    } else if (t->business == SOLD_meal) {
        meal_model_ended(m, t);
    } else {
        local_booking_ended(m, t);
    }
}

static int refundable(const struct model *m, const struct model_trade *t)
{
    (void)m;
    (void)t;
    return REFUSAL_refund_elsewhere;
}

/* What of the line ends first: which kind of thing, and which of them. */
static int64_t first_due(const struct model *m, int *kind, int *which)
{
    int index = 0;
    int64_t first_us = INT64_MAX, due_us[] = { packet_model_due(m, &index), local_deal_due(&index),
                                               local_voucher_due(&index), local_gift_due(&index),
                                               local_booking_due(&index), meal_model_due(m, &index) };
    for (int i = 0; i < (int)COUNT_OF(due_us); i++) {
        if (due_us[i] < first_us) {
            first_us = due_us[i];
            *kind = i;
        }
    }
    if (first_us != INT64_MAX) {
        first_us = *kind == 0   ? packet_model_due(m, which)
                   : *kind == 1 ? local_deal_due(which)
                   : *kind == 2 ? local_voucher_due(which)
                   : *kind == 3 ? local_gift_due(which)
                   : *kind == 4 ? local_booking_due(which)
                                : meal_model_due(m, which);
    }
    return first_us;
}

static int64_t due(const struct model *m)
{
    int kind, which;
    return first_due(m, &kind, &which);
}

static void expire(struct model *m)
{
    int kind = 0, which = 0;
    first_due(m, &kind, &which);
    if (kind == 0) {
        packet_model_return(m, which);
    } else if (kind == 1) {
        local_deal_due_now(m, which);
    } else if (kind == 2) {
        local_voucher_end(m, which);
    } else if (kind == 3) {
        local_gift_draw(m, which);
    } else if (kind == 4) {
        local_booking_due_now(m, which);
    } else {
        meal_model_due_now(m, which);
    }
}

static const struct model_business business = { payable, paid, ended, refundable, due, expire };

void local_begin(struct model *m)
{
    m->business = &business;
    memset(&local, 0, offsetof(struct local, deals));
    packets.count = 0;
    gifts.count = 0;
    bookings.count = bookings.resource_count = bookings.show_count = 0;
    meals_begin();
}
