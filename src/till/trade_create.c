/* SPDX-License-Identifier: Apache-2.0 */
/* Trades that are paid by QR: a dynamic code per trade, or the counter's static code with a typed amount. */
#include <stdio.h>

#include "base/civil.h"
#include "engine/engine_rows.h"
#include "till/trade.h"

static const struct column create_columns[] = {
    COLUMN(trade_create, shop_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(trade_create, terminal_id, .form = FORM_id),
    COLUMN(trade_create, out_trade_no, .flags = COLUMN_required, .least = 1,
           .text = "The merchant's number of the trade, unique per merchant."),
    COLUMN(trade_create, subject, .text = "What is bought, as the shopper shall see it."),
    COLUMN(trade_create, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1, .most = AMOUNT_MAX,
           .text = "Price before discounts."),
    COLUMN(trade_create, currency, .least = 0, .most = 999, .text = "ISO 4217 number; left out: the shop's."),
    COLUMN(trade_create, expires_in_s, .least = 0, .most = 86400, .text = "Seconds until it closes unpaid."),
};
static const struct shape create_shape = SHAPE("trade_create", trade_create, create_columns);

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_create *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    struct policy_row policy;

    policy_ask(view, &policy);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    const struct trade_row *trade = trade_by_number(view, shop->merchant_id, want->out_trade_no);
    if (!row_exists(trade) && shop->open == 0) {
        return REFUSAL_shop_closed; /* a trade that is known is answered all the same */
    }
    if (want->terminal_id != 0 && terminal_ask(view, want->terminal_id)->shop_id != want->shop_id) {
        return REFUSAL_terminal_unknown;
    }
    if (want->currency != 0 && want->currency != shop->currency) {
        return REFUSAL_currency_differs;
    }
    enum refusal refusal = row_exists(trade) ? REFUSAL_none : trade_amount_check(&policy, want->amount_minor);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    int64_t seconds = want->expires_in_s > 0 ? want->expires_in_s : policy.pay_timeout_s;
    struct trade_terms terms = { .shop = shop,
                                 .terminal_id = want->terminal_id,
                                 .out_trade_no = want->out_trade_no,
                                 .subject = want->subject,
                                 .amount_minor = want->amount_minor,
                                 .way = WAY_dynamic,
                                 .expires_at_us = at->now_us + seconds * US_PER_SECOND };
    if (!row_exists(trade) && trade_number_reserved(want->out_trade_no)) {
        return REFUSAL_trade_differs;
    }
    if (!row_exists(trade)) {
        trade = trade_open(view, at, &terms);
        timer_set(view, at->now_us, trade->expires_at_us, TIMER_trade_expire, trade->trade_id);
    } else if (trade->state == TRADE_closed) {
        return REFUSAL_trade_closed;
    } else if (!trade_agrees(trade, &terms)) {
        return REFUSAL_trade_differs;
    }
    memcpy(answer, trade, sizeof(*trade));
    return REFUSAL_none;
}

const struct command trade_create = {
    .name = "trade_create",
    .number = 51,
    .method = "POST",
    .route = "/v1/trades",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &create_shape,
    .answer = &trade_table.shape,
    .decide = decide_create,
    .summary = "Opens a trade that a shopper pays by its QR (`qr_url`, `qr_emvco`). It closes by itself when unpaid.",
};

static const struct column qr_columns[] = {
    COLUMN(qr_pay, shopper_id, .form = FORM_id, .text = "Left out: the shopper of the token."),
    COLUMN(qr_pay, qr, .flags = COLUMN_required, .least = 1, .text = "What the QR says: our URL or an EMVCo payload."),
    COLUMN(qr_pay, qr_kind, .form = FORM_hidden),
    COLUMN(qr_pay, qr_id, .form = FORM_hidden),
    COLUMN(qr_pay, amount_minor, .form = FORM_amount, .least = 0, .most = AMOUNT_MAX,
           .text = "Typed by the shopper at a counter's static code; left out for a trade's own code."),
    COLUMN(qr_pay, subject),
    COLUMN(qr_pay, confirmed, .form = FORM_flag, .text = "The shopper gave a second factor on the device."),
};
static const struct shape qr_shape = SHAPE("qr_pay", qr_pay, qr_columns);

enum qr_kind { QR_none = 0, QR_trade = 1, QR_counter = 2 };

/* The waiting trade that the QR names. */
static enum refusal qr_trade(struct view *view, const struct moment *at, const struct qr_pay *want, int64_t shopper_id,
                             const struct trade_row **trade)
{
    *trade = trade_ask(view, want->qr_id);
    if (!row_exists(*trade)) {
        return REFUSAL_trade_unknown;
    }
    if ((*trade)->shopper_id != 0 && (*trade)->shopper_id != shopper_id) {
        return REFUSAL_buyer_differs;
    }
    switch ((*trade)->state) {
    case TRADE_wait_buyer_pay:
        return trade_is_late(at, *trade) ? REFUSAL_trade_closed : REFUSAL_none;
    case TRADE_closed:
        return REFUSAL_trade_closed;
    default:
        return REFUSAL_trade_paid;
    }
}

/* A new trade of the typed amount at the counter; its number is its own id. */
static enum refusal counter_trade(struct view *view, struct moment *at, const struct qr_pay *want,
                                  const struct policy_row *policy, const struct trade_row **trade)
{
    char number[NUMBER_SIZE];
    const struct shop_row *shop = shop_ask(view, want->qr_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (shop->open == 0) {
        return REFUSAL_shop_closed;
    }
    enum refusal refusal = trade_amount_check(policy, want->amount_minor);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    snprintf(number, sizeof(number), TRADE_NUMBER_COUNTER "%lld", (long long)moment_id(at));
    struct trade_terms terms = { .shop = shop,
                                 .out_trade_no = number,
                                 .subject = want->subject,
                                 .amount_minor = want->amount_minor,
                                 .way = WAY_static };
    *trade = trade_open(view, at, &terms);
    return REFUSAL_none;
}

static enum refusal decide_qr(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct qr_pay *want = request;
    int64_t shopper_id = want->shopper_id != 0 ? want->shopper_id : at->caller.id;
    const struct shopper_row *shopper = shopper_ask(view, shopper_id);
    const struct trade_row *asked = NULL;
    struct policy_row policy;

    policy_ask(view, &policy);
    if (!access_shopper(at, shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    if (shopper->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    enum refusal refusal = want->qr_kind == QR_trade     ? qr_trade(view, at, want, shopper_id, &asked)
                           : want->qr_kind == QR_counter ? counter_trade(view, at, want, &policy, &asked)
                                                         : REFUSAL_qr_invalid;
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct trade_row *trade = view_change(view, asked);
    struct payment payment = { .policy = &policy,
                               .shop = shop_ask(view, trade->shop_id),
                               .shopper = shopper,
                               .confirmed = want->confirmed != 0 };
    if (payment.shop->open == 0) {
        return REFUSAL_shop_closed;
    }
    refusal = trade_take(view, at, trade, &payment);
    memcpy(answer, trade, sizeof(*trade));
    return refusal;
}

const struct command qr_pay = {
    .name = "qr_pay",
    .number = 52,
    .method = "POST",
    .route = "/v1/qr/pay",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &qr_shape,
    .answer = &trade_table.shape,
    .decide = decide_qr,
    .summary = "The shopper pays what a QR names: a waiting trade, or a counter with a typed amount.",
};
