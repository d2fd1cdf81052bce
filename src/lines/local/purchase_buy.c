/* SPDX-License-Identifier: Apache-2.0 */
/* What a shopper does: buys, looks at a purchase, calls it off before there are vouchers. */
#include "lines/local/deal_internal.h"
#include "lines/local/hoard.h"
#include "till/policy.h"
#include "base/civil.h"

static const struct column buy_columns[] = {
    COLUMN(deal_buy, deal_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(deal_buy, shopper_id, .form = FORM_id, .text = "Left out: the shopper of the token."),
    COLUMN(deal_buy, copies, .least = 0, .most = PURCHASE_COPIES_MAX, .text = "Left out: one."),
    COLUMN(deal_buy, pay_later, .form = FORM_flag,
           .text = "The trade waits until the shopper pays it in any way; otherwise the wallet pays at once."),
    COLUMN(deal_buy, confirmed, .form = FORM_flag, .text = "The shopper gave a second factor on the device."),
    COLUMN(deal_buy, expires_in_s, .least = 0, .most = TRADE_EXPIRES_MOST_S,
           .text = "Seconds until it closes unpaid, when it waits; of a shopper at most what hoard_limits say."),
};
static const struct shape buy_shape = SHAPE("deal_buy", deal_buy, buy_columns);

static enum refusal buyer_check(const struct moment *at, int64_t shopper_id, const struct shopper_row *shopper)
{
    if (!access_shopper(at, shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    return shopper->blocked != 0 ? REFUSAL_shopper_blocked : REFUSAL_none;
}

static enum refusal sale_check(const struct deal_row *deal, int32_t copies, int64_t now_us)
{
    if (!row_exists(deal)) {
        return REFUSAL_deal_unknown;
    }
    enum refusal refusal = deal_sale_check(deal, now_us);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (deal->kind == DEAL_give) {
        return REFUSAL_deal_given;
    }
    return copies * deal->parts_count > PURCHASE_VOUCHERS_MAX ? REFUSAL_deal_limit_reached : REFUSAL_none;
}

/* A shopper may not ask for copies to be kept for days. */
static enum refusal wait_check(struct view *view, const struct moment *at, const struct deal_buy *want)
{
    struct hoard_limits_row limits;
    struct policy_row policy;
    if (want->pay_later == 0 || want->expires_in_s == 0 || at->caller.kind != CALLER_shopper) {
        return REFUSAL_none;
    }
    hoard_limits_ask(view, &limits);
    policy_ask(view, &policy);
    int32_t most_s = limits.unpaid_minutes * 60;
    return want->expires_in_s > most_s && want->expires_in_s > policy.pay_timeout_s ? REFUSAL_expiry_invalid
                                                                                    : REFUSAL_none;
}

static enum refusal decide_buy(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct deal_buy *want = request;
    int64_t shopper_id = want->shopper_id != 0 ? want->shopper_id : at->caller.id;
    const struct shopper_row *shopper = shopper_ask(view, shopper_id);
    const struct deal_row *deal = deal_ask(view, want->deal_id);
    int32_t copies = want->copies != 0 ? want->copies : 1;
    enum refusal refusal = buyer_check(at, shopper_id, shopper);
    if (refusal == REFUSAL_none) {
        refusal = sale_check(deal, copies, at->now_us);
    }
    if (refusal == REFUSAL_none) {
        refusal = wait_check(view, at, want);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct purchase_terms terms = {
        .deal = deal,
        .shopper = shopper,
        .price_minor = deal->price_minor,
        .copies = copies,
        .pay_later = want->pay_later,
        .confirmed = want->confirmed,
        .expires_at_us = want->expires_in_s > 0 ? at->now_us + want->expires_in_s * US_PER_SECOND : 0,
    };
    return purchase_open(view, at, &terms, answer);
}

const struct command deal_buy = {
    .name = "deal_buy",
    .number = 210,
    .method = "POST",
    .route = "/v1/deals/{deal_id}/purchases",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &buy_shape,
    .answer = &purchase_shape,
    .decide = decide_buy,
    .summary = "Buys copies of a deal. Paid, they become vouchers; those of a group when enough people have paid. What "
               "is not paid yet is set aside until its trade closes.",
};

struct purchase_ref {
    int64_t purchase_id;
};
static const struct column ref_columns[] = {
    COLUMN(purchase_ref, purchase_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("purchase_ref", purchase_ref, ref_columns);

/* Its shopper and its seller see it; to others it does not exist. */
static enum refusal purchase_find(struct view *view, const struct moment *at, int64_t purchase_id, bool seller,
                                  const struct purchase_row **purchase)
{
    *purchase = purchase_ask(view, purchase_id);
    bool mine = row_exists(*purchase) && access_shopper(at, (*purchase)->shopper_id);
    bool sold = seller && row_exists(*purchase) && access_shop(view, at, shop_ask(view, (*purchase)->shop_id));
    return mine || sold ? REFUSAL_none : REFUSAL_purchase_unknown;
}

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct purchase_ref *want = request;
    const struct purchase_row *purchase;
    enum refusal refusal = purchase_find(view, at, want->purchase_id, true, &purchase);
    if (refusal == REFUSAL_none) {
        purchase_fill(view, purchase, answer);
    }
    return refusal;
}

const struct command purchase_query = {
    .name = "purchase_query",
    .number = 211,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/purchases/{purchase_id}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &purchase_shape,
    .decide = decide_query,
    .summary = "One purchase with what became of its trade.",
};

static enum refusal decide_cancel(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct purchase_ref *want = request;
    const struct purchase_row *purchase;
    enum refusal refusal = purchase_find(view, at, want->purchase_id, false, &purchase);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    const struct deal_row *deal = deal_ask(view, purchase->deal_id);
    const struct trade_row *trade = trade_ask(view, purchase->trade_id);
    if (view_missed(view)) {
        return REFUSAL_none;
    }
    switch ((enum purchase_state)purchase->state) {
    case PURCHASE_waiting:
        trade_end(view, at, view_change(view, trade), CLOSE_declined);
        break;
    case PURCHASE_paid:
        if (deal->group_state == GROUP_stands) {
            return REFUSAL_purchase_issued; /* in a moment */
        }
        refusal = deal->group_state == GROUP_open
                      ? purchase_refund(view, at, deal, view_change(view, purchase))
                      : REFUSAL_none; /* its refund is on its way */
        break;
    case PURCHASE_issued:
        return REFUSAL_purchase_issued;
    case PURCHASE_closed:
    case PURCHASE_refunded:
        break;
    }
    purchase_fill(view, purchase, answer);
    return refusal;
}

const struct command purchase_cancel = {
    .name = "purchase_cancel",
    .number = 212,
    .flags = COMMAND_unkeyed,
    .method = "POST",
    .route = "/v1/purchases/{purchase_id}/cancel",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &ref_shape,
    .answer = &purchase_shape,
    .decide = decide_cancel,
    .summary = "Calls a purchase off before there are vouchers: unpaid it is closed, in a group that does not stand "
               "yet it is refunded.",
};
