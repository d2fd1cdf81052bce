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
    COLUMN(trade_create, expires_in_s, .least = 0, .most = TRADE_EXPIRES_MOST_S,
           .text = "Seconds until it closes unpaid."),
    COLUMN(trade_create, shopper_id, .form = FORM_id,
           .text = "Who alone may pay it, by its QR or by confirming it; left out: whoever scans it first."),
    COLUMN(trade_create, way, .form = FORM_hidden),
    COLUMN(trade_create, expires_at_us, .form = FORM_hidden),
    COLUMN(trade_create, royalty_frozen, .form = FORM_flag, .text = "Its takings may be split among others later."),
    COLUMN(trade_create, app_id, .form = FORM_hidden),
#define DETAIL(member, named, shown, words) \
    COLUMN_PART(trade_create, detail, member, named, .form = (shown), .text = (words)),
#include "till/trade_detail.def"
#undef DETAIL
};
static const struct shape create_shape = SHAPE("trade_create", trade_create, create_columns);

/* What must hold of any trade at that shop; `fresh`: it would be a new one. */
static enum refusal create_check(struct view *view, const struct moment *at, const struct trade_create *want,
                                 const struct shop_row *shop, bool fresh)
{
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    if (fresh && shop->open == 0) {
        return REFUSAL_shop_closed; /* a trade that is known is answered all the same */
    }
    if (want->terminal_id != 0 && terminal_ask(view, want->terminal_id)->shop_id != want->shop_id) {
        return REFUSAL_terminal_unknown;
    }
    if (want->currency != 0 && want->currency != shop->currency) {
        return REFUSAL_currency_differs;
    }
    bool known = want->shopper_id == 0 || row_exists(shopper_ask(view, want->shopper_id));
    return known ? REFUSAL_none : REFUSAL_shopper_unknown;
}

/* One that is kept for a shopper waits for him, and he is told. */
static enum refusal create_new(struct view *view, struct moment *at, const struct trade_terms *terms, void *answer)
{
    if (trade_number_reserved(terms->out_trade_no)) {
        return REFUSAL_trade_differs;
    }
    const struct trade_row *trade = trade_open(view, at, terms);
    timer_set(view, at->now_us, trade->expires_at_us, TIMER_trade_expire, trade->trade_id);
    if (trade->shopper_id != 0) {
        trade_notify(view, at, trade, TOPIC_trade_waiting, NULL);
    }
    memcpy(answer, trade, sizeof(*trade));
    return REFUSAL_none;
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_create *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    struct policy_row policy;

    policy_ask(view, &policy);
    const struct trade_row *trade = trade_by_number(view, shop->merchant_id, want->out_trade_no);
    bool fresh = !row_exists(trade);
    struct trade_terms terms = { .shop = shop,
                                 .terminal_id = want->terminal_id,
                                 .out_trade_no = want->out_trade_no,
                                 .subject = want->subject,
                                 .amount_minor = want->amount_minor,
                                 .way = want->way != 0 ? (enum trade_way)want->way : WAY_dynamic,
                                 .shopper_id = want->shopper_id,
                                 .app_id = want->app_id,
                                 .royalty_frozen = want->royalty_frozen,
                                 .detail = &want->detail };
    enum refusal refusal = create_check(view, at, want, shop, fresh);
    if (refusal == REFUSAL_none && fresh) {
        refusal = trade_amount_check(&policy, want->amount_minor);
    }
    if (refusal == REFUSAL_none && fresh) {
        refusal = trade_expiry(at, want->expires_at_us, want->expires_in_s, policy.pay_timeout_s, &terms.expires_at_us);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (fresh) {
        return create_new(view, at, &terms, answer);
    }
    if (trade->state == TRADE_closed) {
        return REFUSAL_trade_closed;
    }
    if (!trade_agrees(trade, &terms)) {
        return REFUSAL_trade_differs;
    }
    trade_show(view, at, trade, answer);
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
static enum refusal qr_trade(struct view *view, const struct moment *at, int64_t trade_id, int64_t shopper_id,
                             const struct trade_row **trade)
{
    *trade = trade_ask(view, trade_id);
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
    enum refusal refusal = want->qr_kind == QR_trade     ? qr_trade(view, at, want->qr_id, shopper_id, &asked)
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

/* ---- looking at it first ---- */

static const struct column scan_columns[] = {
    COLUMN(qr_scan, shopper_id, .form = FORM_id, .text = "Left out: the shopper of the token."),
    COLUMN(qr_scan, qr, .flags = COLUMN_required, .least = 1,
           .text = "What the QR of a trade says: our URL or an EMVCo payload."),
    COLUMN(qr_scan, qr_kind, .form = FORM_hidden),
    COLUMN(qr_scan, qr_id, .form = FORM_hidden),
};
static const struct shape scan_shape = SHAPE("qr_scan", qr_scan, scan_columns);

static enum refusal decide_scan(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct qr_scan *want = request;
    int64_t shopper_id = want->shopper_id != 0 ? want->shopper_id : at->caller.id;
    const struct shopper_row *shopper = shopper_ask(view, shopper_id);
    const struct trade_row *asked = NULL;

    if (!access_shopper(at, shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    if (shopper->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    enum refusal refusal =
        want->qr_kind == QR_trade ? qr_trade(view, at, want->qr_id, shopper_id, &asked) : REFUSAL_qr_invalid;
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (asked->scanned_at_us == 0) {
        if (shop_ask(view, asked->shop_id)->open == 0) {
            return REFUSAL_shop_closed; /* as for qr_pay; who has scanned it in time may still confirm */
        }
        struct trade_row *trade = view_change(view, asked);
        trade->shopper_id = shopper_id;
        trade->scanned_at_us = at->now_us;
    }
    memcpy(answer, asked, sizeof(*asked));
    return REFUSAL_none;
}

const struct command qr_scan = {
    .name = "qr_scan",
    .number = 64,
    .method = "POST",
    .route = "/v1/qr/scan",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &scan_shape,
    .answer = &trade_table.shape,
    .decide = decide_scan,
    .summary = "The shopper looks at a waiting trade that a QR names, before paying it with trade_confirm or refusing "
               "it with trade_decline. From here on nobody else can pay it.",
};
