/* SPDX-License-Identifier: Apache-2.0 */
/* The model's refunds and cancels, its deposits, and what ends by itself. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "engine/refusal.h"
#include "model/model_internal.h"
#include "model/shares.h"

#define DEPOSIT_OPEN 1
#define DEPOSIT_CAPTURED 2
#define DEPOSIT_RELEASED 3
#define DEPOSIT_LAPSED 4
#define CANCEL_US (24 * 60 * MINUTE)

/* ---- giving back ---- */

static void give_back(struct model *m, struct model_trade *t, int64_t amount, struct model_refund *refund)
{
    int64_t *left[1 + 2 * MODEL_LINES], back[1 + 2 * MODEL_LINES], rest = amount;
    int count = 0;
    left[count++] = &t->paid_left;
    for (int i = 0; i < t->line_count; i++) {
        left[count++] = &t->lines[i].platform_left;
        left[count++] = &t->lines[i].merchant_left;
    }
    for (int i = 0; i < count; i++) {
        back[i] = (int64_t)((uint128)amount * (uint128)*left[i] / (uint128)t->left);
        rest -= back[i];
    }
    while (rest > 0) { /* single units, to who still has something coming */
        for (int i = 0; i < count && rest > 0; i++) {
            int next = model_canary == MODEL_CANARY_till ? count - 1 - i : i;
            if (back[next] < *left[next]) {
                back[next]++;
                rest--;
            }
        }
    }
    for (int i = 0; i < count; i++) {
        *left[i] -= back[i];
    }
    t->left -= amount;
    *model_payee(m, t) -= amount;
    m->shoppers[t->shopper].wallet += back[0];
    refund->paid = back[0];
    for (int i = 0; i < t->line_count; i++) {
        struct model_campaign *c = &m->campaigns[t->lines[i].campaign];
        struct model_use *use = &c->people[m->shoppers[t->shopper].person];
        int64_t returned = back[1 + 2 * i] + back[2 + 2 * i];
        c->platform += back[1 + 2 * i];
        c->merchant += back[2 + 2 * i];
        if (c->state == 3) { /* nobody could take it out later */
            m->bank += c->platform + c->merchant;
            c->platform = 0;
            c->merchant = 0;
        }
        c->spent -= returned;
        c->day_spent -= c->day == t->day ? less(returned, c->day_spent) : 0;
        c->shop_spent[t->shop] -= less(returned, c->shop_spent[t->shop]);
        if (t->left == 0) {
            c->uses--;
            use->uses--;
            use->day_uses -= use->day == t->day;
        }
    }
    if (t->left == 0) {
        model_end(m, t, 5);
        m->shoppers[t->shopper].payments--;
    }
}

bool model_finished(const struct model *m, int trade)
{
    const struct model_trade *t = &m->trades[trade];
    return t->state == PAID && m->now_us - t->paid_us > m->refund_days * 24 * 60 * MINUTE;
}

int model_give_back(struct model *m, struct model_trade *t, const char *number, int64_t amount,
                    const struct model_given *given)
{
    if (amount <= 0 || amount > t->left) {
        return REFUSAL_refund_exceeds;
    }
    int64_t back[MODEL_GIVEN];
    int refusal = model_split_back(m, (int)(t - m->trades), amount, given, back);
    if (refusal != 0) {
        return refusal;
    }
    if (amount > *model_payee(m, t)) {
        return REFUSAL_takings_short;
    }
    assert(t->refund_count < MODEL_REFUNDS);
    struct model_refund *refund = &t->refunds[t->refund_count++];
    snprintf(refund->number, sizeof(refund->number), "%s", number);
    refund->amount = amount;
    memcpy(refund->back, back, sizeof(refund->back));
    give_back(m, t, amount, refund);
    return 0;
}

/* What a line of business sold is given back where it was sold, when the line says so. */
static int sold_elsewhere(const struct model *m, const struct model_trade *t)
{
    return t->state == PAID && t->business != 0 ? m->business->refundable(m, t) : 0;
}

int model_refund_given(struct model *m, int trade, const char *number, int64_t amount, const struct model_given *given)
{
    struct model_trade *t = &m->trades[trade];
    for (int i = 0; i < t->refund_count; i++) {
        if (strcmp(t->refunds[i].number, number) == 0) {
            bool same = t->refunds[i].amount == amount &&
                        (given == NULL || model_split_told(m, trade, given, t->refunds[i].back));
            return same ? 0 : REFUSAL_refund_differs;
        }
    }
    if (t->state == WAITING) {
        return REFUSAL_trade_waiting;
    }
    if (t->state == CLOSED && t->paid_us == 0) {
        return REFUSAL_trade_closed;
    }
    if (model_finished(m, trade)) {
        return REFUSAL_trade_finished;
    }
    int refusal = sold_elsewhere(m, t);
    return refusal != 0 ? refusal : model_give_back(m, t, number, amount, given);
}

int model_refund(struct model *m, int trade, const char *number, int64_t amount)
{
    return model_refund_given(m, trade, number, amount, NULL);
}

int model_cancel(struct model *m, int trade)
{
    struct model_trade *t = &m->trades[trade];
    if (t->state == CLOSED) {
        return 0;
    }
    if (t->state == WAITING) {
        model_end(m, t, 2);
        return 0;
    }
    if (m->now_us > t->paid_us + CANCEL_US) {
        return REFUSAL_cancel_late;
    }
    int refusal = sold_elsewhere(m, t);
    if (refusal == 0) {
        refusal = model_give_back(m, t, "onetill:cancel", t->left, NULL);
    }
    if (refusal == 0) {
        t->reason = 2;
    }
    return refusal;
}

int model_cancel_number(struct model *m, int shop, const char *number, int *trade)
{
    *trade = model_find(m, m->shops[shop].merchant, number);
    if (*trade >= 0) {
        return model_cancel(m, *trade);
    }
    model_end(m, model_open_trade(m, shop, number, 0, SCAN), 2);
    *trade = m->trade_count++;
    return 0;
}

int model_close(struct model *m, int trade)
{
    struct model_trade *t = &m->trades[trade];
    if (t->state == WAITING) {
        model_end(m, t, 3);
    }
    return t->state == CLOSED ? 0 : REFUSAL_trade_paid;
}

/* ---- deposits ---- */

int model_deposit(struct model *m, int shopper, int shop, int64_t amount, int64_t seconds)
{
    struct model_shopper *s = &m->shoppers[shopper];
    if (s->blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (!m->shops[shop].open) {
        return REFUSAL_shop_closed;
    }
    int refusal = model_amount_check(amount);
    if (refusal != 0) {
        return refusal;
    }
    refusal = model_set_aside(m, shopper, shop, amount, amount % 2 == 1); /* the calls confirm every other one */
    if (refusal != 0) {
        return refusal;
    }
    m->deposits[m->deposit_count++] = (struct model_deposit){ .shopper = shopper, .shop = shop, .state = DEPOSIT_OPEN,
                                                              .amount = amount,
                                                              .lapses_us = m->now_us + seconds * 1000000 };
    return 0;
}

/* The shop has what it took, the shopper the rest. */
static void deposit_end(struct model *m, struct model_deposit *d, int state, int64_t taken)
{
    d->state = state;
    d->captured = taken;
    m->shoppers[d->shopper].held -= d->amount;
    m->shoppers[d->shopper].wallet += d->amount - taken;
    m->shops[d->shop].takings += taken;
}

int model_capture(struct model *m, int deposit, int64_t amount)
{
    struct model_deposit *d = &m->deposits[deposit];
    if (amount <= 0) {
        return REFUSAL_amount_out_of_range;
    }
    if (d->state != DEPOSIT_OPEN) {
        return REFUSAL_hold_ended;
    }
    if (amount > d->amount) {
        return REFUSAL_amount_out_of_range;
    }
    deposit_end(m, d, DEPOSIT_CAPTURED, amount);
    return 0;
}

int model_release(struct model *m, int deposit)
{
    if (m->deposits[deposit].state != DEPOSIT_OPEN) {
        return REFUSAL_hold_ended;
    }
    deposit_end(m, &m->deposits[deposit], DEPOSIT_RELEASED, 0);
    return 0;
}

/* Ends what is due first of all that is due; false: nothing is. */
static bool expire_one(struct model *m)
{
    int64_t first_us = m->business != NULL ? m->business->due(m) : INT64_MAX;
    struct model_trade *trade = NULL;
    struct model_deposit *deposit = NULL;
    for (int i = 0; i < m->trade_count; i++) {
        struct model_trade *t = &m->trades[i];
        if (t->state == WAITING && t->expires_us != 0 && t->expires_us < first_us) {
            first_us = t->expires_us;
            trade = t;
        }
    }
    for (int i = 0; i < m->deposit_count; i++) {
        struct model_deposit *d = &m->deposits[i];
        if (d->state == DEPOSIT_OPEN && d->lapses_us < first_us) {
            first_us = d->lapses_us;
            deposit = d;
        }
    }
    if (first_us > m->now_us) {
        return false;
    }
    if (deposit != NULL) {
        deposit_end(m, deposit, DEPOSIT_LAPSED, 0);
    } else if (trade != NULL) {
        model_end(m, trade, 1);
    } else {
        m->business->expire(m);
    }
    return true;
}

void model_expire(struct model *m, int64_t now_us)
{
    int64_t before_us = m->now_us;
    m->now_us = now_us;
    while (expire_one(m)) {
    }
    m->now_us = before_us;
}
