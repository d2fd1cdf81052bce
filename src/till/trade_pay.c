/* SPDX-License-Identifier: Apache-2.0 */
/* The shop scans the shopper: one call, one payment. */
#include "till/paycode.h"
#include "till/trade.h"

static const struct column pay_columns[] = {
    COLUMN(trade_pay, shop_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(trade_pay, terminal_id, .form = FORM_id,
           .text = "The terminal that scanned; left out, that of the token. Wrong codes are counted on it."),
    COLUMN(trade_pay, out_trade_no, .flags = COLUMN_required, .least = 1,
           .text = "The merchant's number of the trade, unique per merchant; best in order of time."),
    COLUMN(trade_pay, subject, .text = "What is bought, as the shopper shall see it."),
    COLUMN(trade_pay, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1,
           .most = AMOUNT_MAX, .text = "Price before discounts."),
    COLUMN(trade_pay, currency, .least = 0, .most = 999, .text = "ISO 4217 number; left out: the shop's."),
    COLUMN(trade_pay, pay_code, .flags = COLUMN_required, .least = 1,
           .text = "The 18 digits on the shopper's phone."),
    COLUMN(trade_pay, code_device_id, .form = FORM_hidden),
    COLUMN(trade_pay, code_step, .form = FORM_hidden),
    COLUMN(trade_pay, expires_in_s, .least = 0, .most = TRADE_EXPIRES_MOST_S,
           .text = "Seconds until it closes when the shopper must confirm; left out: the policy's confirm_timeout_s."),
    COLUMN(trade_pay, expires_at_us, .form = FORM_hidden),
    COLUMN(trade_pay, royalty_frozen, .form = FORM_flag, .text = "Its takings may be split among others later."),
    COLUMN(trade_pay, app_id, .form = FORM_hidden),
#define DETAIL(member, named, shown, words) \
    COLUMN_PART(trade_pay, detail, member, named, .form = (shown), .text = (words)),
#include "till/trade_detail.def"
#undef DETAIL
};
static const struct shape pay_shape = SHAPE("trade_pay", trade_pay, pay_columns);

/* `fresh`: it would be a new trade. One that is known is answered also after the shop has closed. */
static enum refusal place_check(struct view *view, const struct moment *at, const struct trade_pay *want,
                                const struct shop_row *shop, const struct terminal_row *terminal, bool fresh)
{
    int64_t terminal_id = terminal != NULL ? terminal->terminal_id : 0;
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    if (fresh && shop->open == 0) {
        return REFUSAL_shop_closed;
    }
    if (terminal != NULL && (!row_exists(terminal) || terminal->shop_id != want->shop_id)) {
        return REFUSAL_terminal_unknown;
    }
    if (at->caller.kind == CALLER_terminal && terminal_id != at->caller.id) {
        return REFUSAL_forbidden; /* or its wrong codes would count on another */
    }
    return want->currency != 0 && want->currency != shop->currency ? REFUSAL_currency_differs : REFUSAL_none;
}

/* The same number again: the trade as it stands, when it is the same trade. */
static enum refusal pay_again(struct view *view, const struct moment *at, const struct trade_row *trade,
                              const struct trade_terms *terms, void *answer)
{
    if (trade->state == TRADE_closed) {
        return REFUSAL_trade_closed;
    }
    if (!trade_agrees(trade, terms)) {
        return REFUSAL_trade_differs;
    }
    trade_show(view, at, trade, answer);
    return REFUSAL_none;
}

/* The code is accepted, the trade opened and paid by whom the code named. */
static enum refusal pay_new(struct view *view, struct moment *at, const struct policy_row *policy,
                            const struct shown_code *shown, struct trade_terms *terms, void *answer)
{
    const struct device_row *device = NULL;
    int64_t expires_at_us = terms->expires_at_us;
    if (trade_number_reserved(terms->out_trade_no)) {
        return REFUSAL_trade_differs;
    }
    if (paycode_attempts_exceeded(at, policy, shown)) {
        return REFUSAL_attempts_exceeded;
    }
    enum refusal refusal = paycode_accept(view, at, shown, &device);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    const struct shopper_row *shopper = shopper_ask(view, device->shopper_id);
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    if (shopper->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    terms->expires_at_us = 0; /* it has a timer only when it must wait */
    struct trade_row *trade = trade_open(view, at, terms);
    struct payment payment = { .policy = policy,
                               .shop = terms->shop,
                               .shopper = shopper,
                               .guessed = paycode_device_exceeded(at, policy, device),
                               .expires_at_us = expires_at_us };
    refusal = trade_take(view, at, trade, &payment);
    memcpy(answer, trade, sizeof(*trade));
    return refusal;
}

static enum refusal decide(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_pay *want = request;
    int64_t terminal_id =
        want->terminal_id == 0 && at->caller.kind == CALLER_terminal ? at->caller.id : want->terminal_id;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    const struct terminal_row *terminal = terminal_id != 0 ? terminal_ask(view, terminal_id) : NULL;
    struct policy_row policy;

    policy_ask(view, &policy);
    const struct trade_row *known = trade_by_number(view, shop->merchant_id, want->out_trade_no);
    struct trade_terms terms = { .shop = shop,
                                 .terminal_id = terminal_id,
                                 .out_trade_no = want->out_trade_no,
                                 .subject = want->subject,
                                 .amount_minor = want->amount_minor,
                                 .way = WAY_scan,
                                 .app_id = want->app_id,
                                 .royalty_frozen = want->royalty_frozen,
                                 .detail = &want->detail };
    enum refusal refusal = place_check(view, at, want, shop, terminal, !row_exists(known));
    if (refusal == REFUSAL_none && row_exists(known)) {
        return pay_again(view, at, known, &terms, answer);
    }
    if (refusal == REFUSAL_none) {
        refusal = trade_amount_check(&policy, want->amount_minor);
    }
    if (refusal == REFUSAL_none) {
        refusal = trade_expiry(at, want->expires_at_us, want->expires_in_s, policy.confirm_timeout_s,
                               &terms.expires_at_us);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct shown_code shown = { .device_id = want->code_device_id,
                                .step = want->code_step,
                                .shop = shop,
                                .terminal = terminal };
    return pay_new(view, at, &policy, &shown, &terms, answer);
}

const struct command trade_pay = {
    .name = "trade_pay",
    .number = 50,
    .method = "POST",
    .route = "/v1/trades/pay",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &pay_shape,
    .answer = &trade_table.shape,
    .decide = decide,
    .summary = "Takes a payment by the shopper's scanned pay code. WAIT_BUYER_PAY: the shopper must confirm; "
               "ask again.",
};
