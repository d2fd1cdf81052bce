/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A purchase from its opening on: pieces are set aside, a trade is opened, and what becomes of the trade becomes of the
 * purchase. Paid, it has its vouchers, or waits for its group; closed unpaid, its pieces are on sale again.
 */
#include <stdio.h>

#include "base/checked.h"
#include "base/civil.h"
#include "engine/engine_rows.h"
#include "lines/local/deal_internal.h"
#include "lines/local/hoard.h"
#include "lines/local/local_internal.h"
#include "lines/local/voucher.h"

/* Pieces from the stock into purchases that are not settled, or back; nowhere when the deal has ended. */
static enum refusal pieces_hold(struct view *view, struct moment *at, const struct deal_row *deal,
                                const struct purchase_row *purchase)
{
    struct leg leg = { .from = deal_stock(deal), .to = deal_held(deal), .amount = purchase->pieces };
    if (account_free(view, leg.from) < leg.amount) {
        return REFUSAL_deal_sold_out;
    }
    return ledger_move(view, at, (struct cause){ CAUSE_purchase_hold, purchase->purchase_id }, &leg, 1, NULL);
}

static void pieces_free(struct view *view, struct moment *at, const struct deal_row *deal,
                        const struct purchase_row *purchase)
{
    if (!row_exists(deal)) {
        return; /* it will be there when this is decided again */
    }
    bool again = deal->state != DEAL_ended;
    struct leg leg = { .from = deal_held(deal),
                       .to = again ? deal_stock(deal) : deal_nowhere(deal),
                       .amount = purchase->pieces };
    struct cause cause = { CAUSE_purchase_free, purchase->purchase_id };
    bool held = account_free(view, leg.from) >= leg.amount;
    assert(view_unsure(view) || held); /* what was held is there */
    if (!held) {
        return;
    }
    enum refusal refusal = ledger_move(view, at, cause, &leg, 1, NULL);
    assert(refusal == REFUSAL_none); /* it was in the stock before */
    refusal = deal_buyer_count(view, deal, purchase->person_id, -purchase->copies);
    assert(refusal == REFUSAL_none); /* only more can be too many */
    if (again) {
        voucher_stock_back(view, at, deal, purchase->copies);
    } else {
        deal_sum_change(view, deal->deal_id)->stock_copies -= purchase->copies;
    }
}

/* ---- opening ---- */

/* The last moment at which it may be paid: while it can still be used, and with a group before the group is settled. */
static int64_t expiry_of(const struct deal_row *deal, int64_t expires_at_us)
{
    int64_t last_us = min_i64(expires_at_us, deal->valid_until_us);
    return deal->group_state == GROUP_open ? min_i64(last_us, deal->group_until_us) : last_us;
}

static struct purchase_row *row_open(struct view *view, struct moment *at, const struct purchase_terms *terms,
                                     int64_t amount_minor)
{
    const struct deal_row *deal = terms->deal;
    struct purchase_row key = { .purchase_id = moment_id(at) };
    struct purchase_row *purchase = view_new(view, &purchase_table, &key);
    purchase->deal_id = deal->deal_id;
    purchase->shop_id = deal->shop_id;
    purchase->shopper_id = terms->shopper->shopper_id;
    purchase->person_id = terms->shopper->person_id;
    purchase->copies = terms->copies;
    purchase->price_minor = terms->price_minor;
    purchase->amount_minor = amount_minor;
    purchase->pieces = terms->copies * deal->pieces_each;
    purchase->state = PURCHASE_waiting;
    purchase->created_at_us = at->now_us;
    purchase->give_id = terms->give_id;
    purchase->parts_count = deal->parts_count;
    for (int32_t i = 0; i < deal->parts_count; i++) {
        purchase->parts[i].share_minor = deal->parts[i].share_minor;
    }
    return purchase;
}

static struct trade_row *trade_of(struct view *view, struct moment *at, const struct deal_row *deal,
                                  const struct shop_row *shop, struct purchase_row *purchase, int64_t expires_at_us)
{
    char number[NUMBER_SIZE];
    snprintf(number, sizeof(number), TRADE_NUMBER_LINE "%lld", (long long)purchase->purchase_id);
    struct trade_terms terms = { .shop = shop,
                                 .out_trade_no = number,
                                 .subject = deal->title,
                                 .amount_minor = purchase->amount_minor,
                                 .way = WAY_page,
                                 .expires_at_us = expires_at_us,
                                 .shopper_id = purchase->shopper_id,
                                 .line = LINE_local,
                                 .line_kind = LOCAL_purchase,
                                 .line_id = purchase->purchase_id,
                                 .escrow = 1 };
    struct trade_row *trade = trade_open(view, at, &terms);
    purchase->trade_id = trade->trade_id;
    return trade;
}

/* Waits until somebody pays it, in any way. */
static enum refusal wait_for(struct view *view, struct moment *at, const struct purchase_terms *terms,
                             const struct policy_row *policy, const struct shop_row *shop,
                             struct purchase_row *purchase)
{
    int64_t expires_at_us;
    enum refusal refusal = trade_expiry(at, terms->expires_at_us, 0, policy->pay_timeout_s, &expires_at_us);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    expires_at_us = expiry_of(terms->deal, expires_at_us);
    const struct trade_row *trade = trade_of(view, at, terms->deal, shop, purchase, expires_at_us);
    timer_set(view, at->now_us, expires_at_us, TIMER_trade_expire, trade->trade_id);
    trade_notify(view, at, trade, TOPIC_trade_waiting, NULL);
    return REFUSAL_none;
}

static enum refusal pay_now(struct view *view, struct moment *at, const struct purchase_terms *terms,
                            const struct policy_row *policy, const struct shop_row *shop, struct purchase_row *purchase)
{
    struct trade_row *trade = trade_of(view, at, terms->deal, shop, purchase, 0);
    struct payment payment = {
        .policy = policy,
        .shop = shop,
        .shopper = terms->shopper,
        .confirmed = terms->confirmed != 0,
        .expires_at_us = expiry_of(terms->deal, at->now_us + policy->confirm_timeout_s * US_PER_SECOND),
    };
    return trade_take(view, at, trade, &payment);
}

enum refusal purchase_open(struct view *view, struct moment *at, const struct purchase_terms *terms,
                           struct purchase *purchase)
{
    const struct deal_row *deal = terms->deal;
    const struct shop_row *shop = shop_ask(view, deal->shop_id);
    struct policy_row policy;
    policy_ask(view, &policy);
    assert(terms->copies > 0 && terms->copies <= PURCHASE_COPIES_MAX);
    assert(terms->price_minor > 0 && terms->price_minor <= AMOUNT_MAX);
    if (shop->open == 0) {
        return REFUSAL_shop_closed;
    }
    int64_t amount_minor = terms->price_minor * terms->copies; /* 20 times 10^14 */
    enum refusal refusal = trade_amount_check(&policy, amount_minor);
    if (refusal == REFUSAL_none) {
        refusal = deal_buyer_count(view, deal, terms->shopper->person_id, terms->copies);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct purchase_row *row = row_open(view, at, terms, amount_minor);
    refusal = pieces_hold(view, at, deal, row);
    if (refusal == REFUSAL_none) {
        refusal = terms->pay_later != 0 ? wait_for(view, at, terms, &policy, shop, row)
                                        : pay_now(view, at, terms, &policy, shop, row);
    }
    if (refusal == REFUSAL_none && row->state == PURCHASE_waiting && row->give_id == 0) {
        refusal = hoard_add(view, at, row->person_id, HOARD_purchase, row->copies, &row->counted);
    }
    if (refusal == REFUSAL_none) {
        purchase_fill(view, row, purchase);
    }
    return refusal;
}

void purchase_fill(struct view *view, const struct purchase_row *row, struct purchase *purchase)
{
    const struct deal_row *deal = deal_ask(view, row->deal_id);
    const struct trade_row *trade = trade_ask(view, row->trade_id);
    const struct deal_day_row *sum = deal_sum_ask(view, row->deal_id);
    purchase->row = *row;
    memcpy(purchase->title, deal->title, sizeof(purchase->title));
    purchase->trade_state = trade->state;
    purchase->discount_minor = trade->discount_minor;
    purchase->paid_minor = trade->paid_minor;
    purchase->expires_at_us = trade->state == TRADE_wait_buyer_pay ? trade->expires_at_us : 0;
    purchase->group_short = deal->group_state == GROUP_open ? deal->group_least - sum->buyers : 0;
}

/* ---- settling ---- */

enum refusal purchase_issue(struct view *view, struct moment *at, const struct deal_row *deal,
                            struct purchase_row *purchase, const struct trade_row *trade)
{
    struct voucher_order order = { .deal = deal,
                                   .purchase = purchase,
                                   .trade = trade,
                                   .shopper_id = purchase->shopper_id,
                                   .copies = purchase->copies };
    const struct voucher_row *first;
    purchase->state = PURCHASE_issued;
    enum refusal refusal = voucher_issue(view, at, &order, &first, NULL);
    purchase->voucher_id = refusal == REFUSAL_none ? first->voucher_id : 0;
    return refusal;
}

/* One person's copies of a group, which counts people. */
static void group_count(struct view *view, const struct deal_row *deal, const struct purchase_row *purchase, int sign)
{
    struct deal_buyer_row *buyer =
        view_change(view, deal_buyer_ask(view, deal->deal_id, purchase->person_id));
    struct deal_day_row *sum = deal_sum_change(view, deal->deal_id);
    bool one_of_them = buyer->group_copies > 0;
    buyer->group_copies += sign * purchase->copies;
    assert(view_unsure(view) || buyer->group_copies >= 0);
    sum->buyers += (buyer->group_copies > 0) - one_of_them;
    sum->awaiting_minor += sign * purchase->amount_minor;
    sum->awaiting_pieces += sign * purchase->pieces;
}

/* Waits for the others; whoever is the last that it takes makes the group stand. */
static void group_join(struct view *view, struct moment *at, const struct deal_row *deal, struct purchase_row *purchase)
{
    group_count(view, deal, purchase, 1);
    struct deal_day_row *sum = deal_sum_change(view, deal->deal_id);
    purchase->state = PURCHASE_paid;
    purchase->previous_id = sum->last_purchase_id;
    sum->last_purchase_id = purchase->purchase_id;
    if (sum->buyers >= deal->group_least) {
        group_settle_begin(view, at, view_change(view, deal), GROUP_stands);
    }
}

enum refusal purchase_refund(struct view *view, struct moment *at, const struct deal_row *deal,
                             struct purchase_row *purchase)
{
    struct trade_row *trade = view_change(view, trade_ask(view, purchase->trade_id));
    struct refund_row key = { .trade_id = purchase->trade_id, .out_request_no = REFUND_OF_GROUP };
    struct refund_row *refund = view_new(view, &refund_table, &key);
    assert(view_unsure(view) || (purchase->state == PURCHASE_paid && trade->state == TRADE_success));
    refund->amount_minor = trade->left_minor;
    group_count(view, deal, purchase, -1);
    purchase->state = PURCHASE_refunded;
    purchase->closed_at_us = at->now_us;
    pieces_free(view, at, deal, purchase);
    return trade_give_back(view, at, trade, refund, CLOSE_refunded);
}

/* ---- what the till tells ---- */

static enum refusal purchase_paid(struct view *view, struct moment *at, struct trade_row *trade)
{
    struct purchase_row *purchase = view_change(view, purchase_ask(view, trade->line_id));
    const struct deal_row *deal = deal_ask(view, purchase->deal_id);
    if (view_missed(view)) {
        return REFUSAL_none;
    }
    bool waits = purchase->state == PURCHASE_waiting && purchase->shopper_id == trade->shopper_id;
    assert(view_unsure(view) || waits);
    if (deal->group_state == GROUP_failed) {
        return REFUSAL_deal_ended;
    }
    purchase->paid_at_us = at->now_us;
    hoard_take(view, at, purchase->person_id, purchase->copies, false, &purchase->counted);
    if (deal->group_state == GROUP_open) {
        group_join(view, at, deal, purchase);
        return REFUSAL_none;
    }
    return purchase_issue(view, at, deal, purchase, trade);
}

static void purchase_ended(struct view *view, struct moment *at, const struct trade_row *trade)
{
    struct purchase_row *purchase = view_change(view, purchase_ask(view, trade->line_id));
    assert(view_unsure(view) || purchase->state == PURCHASE_waiting);
    purchase->state = PURCHASE_closed;
    purchase->closed_at_us = at->now_us;
    hoard_take(view, at, purchase->person_id, purchase->copies, true, &purchase->counted);
    pieces_free(view, at, deal_ask(view, purchase->deal_id), purchase);
}

/* Vouchers are returned, a group is left: the money alone is not given back. */
static enum refusal purchase_refundable(struct view *view, const struct moment *at, const struct trade_row *trade)
{
    (void)view;
    (void)at;
    (void)trade;
    return REFUSAL_refund_elsewhere;
}

const struct local_part purchase_part = {
    .paid = purchase_paid,
    .ended = purchase_ended,
    .refundable = purchase_refundable,
};
