/* SPDX-License-Identifier: Apache-2.0 */
/* A waiting trade: its shopper confirms or declines. */
#include "till/trade.h"

static const struct column confirm_columns[] = {
    COLUMN(trade_answer_shopper, trade_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape confirm_shape = SHAPE("trade_confirm", trade_answer_shopper, confirm_columns);

/*
 * To whom it does not wait for it does not exist. Its time is up also when its timer, which closes it, comes a
 * moment later than the answer.
 */
static enum refusal waiting_check(const struct moment *at, const struct trade_row *trade)
{
    if (!row_exists(trade) || trade->shopper_id == 0 || !access_shopper(at, trade->shopper_id)) {
        return REFUSAL_trade_unknown;
    }
    switch (trade->state) {
    case TRADE_wait_buyer_pay:
        return trade_is_late(at, trade) ? REFUSAL_trade_closed : REFUSAL_none;
    case TRADE_closed:
        return REFUSAL_trade_closed;
    default:
        return REFUSAL_trade_paid;
    }
}

static enum refusal decide_confirm(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_answer_shopper *want = request;
    const struct trade_row *asked = trade_ask(view, want->trade_id);
    struct policy_row policy;

    policy_ask(view, &policy);
    enum refusal refusal = waiting_check(at, asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct trade_row *trade = view_change(view, asked);
    struct payment payment = { .policy = &policy,
                               .shop = shop_ask(view, trade->shop_id),
                               .shopper = shopper_ask(view, trade->shopper_id),
                               .confirmed = true };
    if (payment.shopper->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    refusal = trade_take(view, at, trade, &payment);
    memcpy(answer, trade, sizeof(*trade));
    return refusal;
}

const struct command trade_confirm = {
    .name = "trade_confirm",
    .number = 53,
    .method = "POST",
    .route = "/v1/trades/{trade_id}/confirm",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &confirm_shape,
    .answer = &trade_table.shape,
    .decide = decide_confirm,
    .summary = "The shopper confirms a trade that waits for it; the money moves now.",
};

static enum refusal decide_decline(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct trade_answer_shopper *want = request;
    const struct trade_row *asked = trade_ask(view, want->trade_id);
    enum refusal refusal = waiting_check(at, asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct trade_row *trade = view_change(view, asked);
    trade_end(view, at, trade, CLOSE_declined);
    memcpy(answer, trade, sizeof(*trade));
    return REFUSAL_none;
}

const struct command trade_decline = {
    .name = "trade_decline",
    .number = 54,
    .method = "POST",
    .route = "/v1/trades/{trade_id}/decline",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &confirm_shape,
    .answer = &trade_table.shape,
    .decide = decide_decline,
    .summary = "The shopper declines a trade that waits for it; it is closed.",
};
