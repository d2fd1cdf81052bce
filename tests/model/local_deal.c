/* SPDX-License-Identifier: Apache-2.0 */
/* The model's deals: when and where they are valid, who buys them, and groups of buyers. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "engine/refusal.h"
#include "model/local.h"
#include "model/model_internal.h"

#define DAY_US (24 * 60 * MINUTE)
#define PAGE 4
#define LIVE 1
#define PAUSED 2
#define ENDED 3
#define WAITS 1
#define PAID_FOR 2
#define ISSUED 3
#define NEVER_PAID 4
#define REFUNDED 5
#define GROUP_OPEN 1
#define GROUP_STANDS 2
#define GROUP_FAILED 3

/* ---- sums ---- */

static void sums_add(struct local_sums *to, const struct local_sums *more)
{
    to->sold_pieces += more->sold_pieces;
    to->sold_minor += more->sold_minor;
    to->redeemed_pieces += more->redeemed_pieces;
    to->redeemed_minor += more->redeemed_minor;
    to->returned_pieces += more->returned_pieces;
    to->returned_minor += more->returned_minor;
    to->lapsed_pieces += more->lapsed_pieces;
    to->lapsed_minor += more->lapsed_minor;
    to->earned_minor += more->earned_minor;
    to->commission_minor += more->commission_minor;
    to->sold_copies += more->sold_copies;
}

static void sums_of(int deal, int shop, int day, const struct local_sums *more)
{
    int i = 0;
    while (i < local.day_count &&
           (local.days[i].deal != deal || local.days[i].shop != shop || local.days[i].day != day)) {
        i++;
    }
    assert(i < LOCAL_DAYS);
    if (i == local.day_count) {
        local.days[local.day_count++] = (struct local_day){ .deal = deal, .shop = shop, .day = day };
    }
    sums_add(&local.days[i].sums, more);
}

void local_book(struct model *m, int deal, int shop, const struct local_sums *more)
{
    sums_of(deal, shop, model_date(m->now_us, m->shops[shop].zone_minutes), more);
    sums_of(deal, -1, -1, more);
}

/* ---- when and where ---- */

int local_sale_check(const struct model *m, int deal)
{
    const struct local_deal *d = &local.deals[deal];
    if (d->state == ENDED) {
        return REFUSAL_deal_ended;
    }
    if (d->state == PAUSED) {
        return REFUSAL_deal_paused;
    }
    if (m->now_us < d->sale_from_us) {
        return REFUSAL_sale_early;
    }
    return m->now_us < d->sale_until_us ? 0 : REFUSAL_sale_over;
}

int local_valid_check(const struct model *m, int deal, int part, int shop, int64_t at_us)
{
    const struct local_deal *d = &local.deals[deal];
    if ((d->parts[part].shops & 1u << shop) == 0) {
        return REFUSAL_deal_shop_differs;
    }
    if (at_us < d->valid_from_us) {
        return REFUSAL_deal_early;
    }
    bool all_day = d->minute_from == d->minute_to, over = d->minute_from > d->minute_to;
    int minute = (int)((at_us / MINUTE + m->shops[shop].zone_minutes) % (24 * 60));
    /* the small hours of a day that began the day before */
    int64_t day_us = over && minute < d->minute_to ? at_us - DAY_US : at_us;
    int weekday = (int)(((day_us / MINUTE + m->shops[shop].zone_minutes) / (24 * 60) + 3) % 7);
    if ((d->weekdays != 0 && (d->weekdays & 1 << weekday) == 0) ||
        d->closed_day == model_date(day_us, m->shops[shop].zone_minutes)) {
        return REFUSAL_deal_day_closed;
    }
    bool in = over ? minute >= d->minute_from || minute < d->minute_to
                   : minute >= d->minute_from && minute < d->minute_to;
    return all_day || in ? 0 : REFUSAL_deal_hour_closed;
}

int64_t local_valid_until(const struct model *m, int deal)
{
    const struct local_deal *d = &local.deals[deal];
    int64_t zone_us = m->shops[d->shop].zone_minutes * MINUTE;
    int64_t from_us = m->now_us > d->valid_from_us ? m->now_us : d->valid_from_us;
    int64_t midnight_us = (from_us + zone_us) / DAY_US * DAY_US - zone_us; /* at which that day began */
    if (d->valid_days == 0) {
        return d->valid_until_us;
    }
    return less(midnight_us + (d->valid_days + 1) * DAY_US, d->valid_until_us);
}

void local_take_back(struct model *m, int deal, int64_t pieces, bool whole)
{
    (void)m;
    local.deals[deal].stock += whole && local.deals[deal].state != ENDED ? pieces : 0;
}

/* ---- buying ---- */

static int64_t pieces_of(const struct local_purchase *p)
{
    return p->copies * local.deals[p->deal].pieces_each;
}

/* It never came to vouchers: the pieces are on sale again, while there is a sale. */
static void purchase_end(struct model *m, struct local_purchase *p, int state)
{
    struct local_deal *d = &local.deals[p->deal];
    p->state = state;
    d->held -= pieces_of(p);
    d->copies[m->shoppers[p->shopper].person] -= p->copies;
    d->stock += d->state == ENDED ? 0 : pieces_of(p);
    d->stock_copies -= d->state == ENDED ? p->copies : 0;
}

int local_buy(struct model *m, const struct local_want *want, int64_t trade_id, int *purchase)
{
    struct local_deal *d = &local.deals[want->deal];
    const struct model_shopper *s = &m->shoppers[want->shopper];
    int64_t amount = d->price * want->copies, now_us = m->now_us;
    if (!m->shops[d->shop].open) {
        return REFUSAL_shop_closed;
    }
    int refusal = model_amount_check(amount);
    if (refusal != 0) {
        return refusal;
    }
    int more = model_canary == MODEL_CANARY_deal;
    if (d->per_person > 0 && d->copies[s->person] + want->copies > d->per_person + more) {
        return REFUSAL_deal_limit_reached;
    }
    if (d->stock < want->copies * d->pieces_each) {
        return REFUSAL_deal_sold_out;
    }
    struct model_trade *t = model_open_trade(m, d->shop, "", amount, PAGE);
    snprintf(t->number, sizeof(t->number), "onetill:%d", local.purchase_count);
    t->id = trade_id;
    t->frozen = false;
    t->business = SOLD_purchase;
    t->sold = local.purchase_count;
    t->escrow = true;
    t->shopper = want->shopper;
    /* nobody pays for what can no longer be used, nor for a group that is over */
    int64_t last_us = d->group_state == GROUP_OPEN ? less(d->group_until_us, d->valid_until_us) : d->valid_until_us;
    assert(local.purchase_count < LOCAL_PURCHASES);
    *purchase = local.purchase_count++;
    struct local_purchase *p = &local.purchases[*purchase];
    *p = (struct local_purchase){ .deal = want->deal, .shopper = want->shopper, .copies = want->copies,
                                  .trade = m->trade_count, .state = WAITS, .amount = amount, .give = want->give };
    for (int i = 0; i < d->part_count; i++) {
        p->shares[i] = d->parts[i].minor;
    }
    d->stock -= pieces_of(p);
    d->held += pieces_of(p);
    d->copies[s->person] += want->copies;
    m->trade_count++;
    if (want->pay_later) {
        t->expires_us = less(now_us + (want->seconds == 0 ? 900 : want->seconds) * 1000000, last_us);
    } else {
        refusal = model_take(m, t, want->shopper, want->confirmed, false);
        if (t->state == WAITING) {
            t->expires_us = less(t->expires_us, last_us);
        }
    }
    if (refusal != 0) { /* as if nothing had happened */
        d->stock += pieces_of(p);
        d->held -= pieces_of(p);
        d->copies[s->person] -= want->copies;
        m->trade_count--;
        local.purchase_count--;
    }
    return refusal;
}

/* ---- groups ---- */

/* People, not purchases. */
int64_t local_buyers(const struct model *m, int deal)
{
    int64_t count = 0;
    for (int person = 0; person < MODEL_PEOPLE; person++) {
        bool joined = false;
        for (int i = 0; i < local.purchase_count; i++) {
            const struct local_purchase *p = &local.purchases[i];
            joined = joined || (p->deal == deal && p->joined && m->shoppers[p->shopper].person == person);
        }
        count += joined;
    }
    return count;
}

static void group_leave(struct model *m, struct local_purchase *p)
{
    local.deals[p->deal].awaiting_minor -= p->amount;
    local.deals[p->deal].awaiting_pieces -= pieces_of(p);
    p->joined = false;
    purchase_end(m, p, REFUNDED);
    int refusal = model_give_back(m, &m->trades[p->trade], "onetill:group", m->trades[p->trade].left, NULL);
    assert(refusal == 0);
}

/* Everybody's vouchers, or everybody's money. */
static void group_settle(struct model *m, int deal)
{
    struct local_deal *d = &local.deals[deal];
    for (int i = 0; i < local.purchase_count; i++) {
        struct local_purchase *p = &local.purchases[i];
        if (p->deal != deal || p->state != PAID_FOR) {
            continue;
        }
        if (d->group_state == GROUP_FAILED) {
            group_leave(m, p);
            continue;
        }
        d->awaiting_minor -= p->amount;
        d->awaiting_pieces -= pieces_of(p);
        p->state = ISSUED;
        local_issue(m, deal, i, p->shopper, p->copies);
    }
}

int64_t local_deal_due(int *deal)
{
    int64_t first_us = INT64_MAX;
    for (int i = 0; i < local.deal_count; i++) {
        const struct local_deal *d = &local.deals[i];
        int64_t due_us = d->group_state == GROUP_OPEN ? d->group_until_us : d->settle_us;
        if (due_us != 0 && due_us < first_us) {
            first_us = due_us;
            *deal = i;
        }
    }
    return first_us;
}

void local_deal_due_now(struct model *m, int deal)
{
    if (local.deals[deal].group_state == GROUP_OPEN) { /* not enough people came */
        local_end(m, deal);
    } else {
        local.deals[deal].settle_us = 0;
        group_settle(m, deal);
    }
}

/* ---- what the till tells ---- */

int local_purchase_payable(const struct model *m, const struct model_trade *t, int shopper)
{
    (void)m;
    (void)shopper;
    return local.deals[local.purchases[t->sold].deal].group_state == GROUP_FAILED ? REFUSAL_deal_ended : 0;
}

void local_purchase_paid(struct model *m, struct model_trade *t)
{
    struct local_purchase *p = &local.purchases[t->sold];
    struct local_deal *d = &local.deals[p->deal];
    p->paid_us = m->now_us;
    if (d->group_state != GROUP_OPEN) {
        p->state = ISSUED;
        local_issue(m, p->deal, t->sold, p->shopper, p->copies);
        return;
    }
    p->state = PAID_FOR;
    p->joined = true;
    d->awaiting_minor += p->amount;
    d->awaiting_pieces += pieces_of(p);
    if (local_buyers(m, p->deal) >= d->group_least) {
        d->group_state = GROUP_STANDS;
        d->settle_us = m->now_us;
    }
}

void local_purchase_ended(struct model *m, const struct model_trade *t)
{
    purchase_end(m, &local.purchases[t->sold], NEVER_PAID);
}

/* ---- the rest of what people do ---- */

int local_purchase_cancel(struct model *m, int purchase)
{
    struct local_purchase *p = &local.purchases[purchase];
    const struct local_deal *d = &local.deals[p->deal];
    if (p->state == WAITS) {
        model_end(m, &m->trades[p->trade], 4);
    } else if (p->state == ISSUED || (p->state == PAID_FOR && d->group_state == GROUP_STANDS)) {
        return REFUSAL_purchase_issued;
    } else if (p->state == PAID_FOR && d->group_state == GROUP_OPEN) {
        group_leave(m, p);
    }
    return 0;
}

int local_pause(struct model *m, int deal, bool platform)
{
    struct local_deal *d = &local.deals[deal];
    (void)m;
    if (d->state == ENDED) {
        return REFUSAL_deal_ended;
    }
    d->state = PAUSED;
    d->stopped = d->stopped || platform;
    return 0;
}

int local_resume(struct model *m, int deal, bool platform)
{
    struct local_deal *d = &local.deals[deal];
    (void)m;
    if (d->stopped && !platform) {
        return REFUSAL_forbidden;
    }
    if (d->state == ENDED) {
        return REFUSAL_deal_ended;
    }
    d->state = LIVE;
    d->stopped = false;
    return 0;
}

void local_end(struct model *m, int deal)
{
    struct local_deal *d = &local.deals[deal];
    if (d->state == ENDED) {
        return;
    }
    d->state = ENDED;
    d->stock_copies -= d->stock / d->pieces_each;
    d->stock = 0;
    if (d->group_state == GROUP_OPEN) {
        d->group_state = GROUP_FAILED;
        d->settle_us = m->now_us;
    }
}

int local_stock_add(struct model *m, int deal, int64_t copies)
{
    struct local_deal *d = &local.deals[deal];
    (void)m;
    if (d->state == ENDED) {
        return REFUSAL_deal_ended;
    }
    d->stock += copies * d->pieces_each;
    d->stock_copies += copies;
    return 0;
}
