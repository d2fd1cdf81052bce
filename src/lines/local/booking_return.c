/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the shop gives back of a booking that has ended: the guest came and was not served, or had a reason not to come.
 * Of a price as it was paid, funders of discounts included; of a deposit what the shop kept of it.
 */
#include "ledger/ledger.h"
#include "lines/local/booking_internal.h"
#include "people/people.h"
#include "till/policy.h"

#include <stdio.h>

static const struct column return_columns[] = {
    COLUMN(booking_return, booking_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(booking_return, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1, .most = AMOUNT_MAX,
           .text = "Of the price before discounts, or of what was kept of the deposit."),
    COLUMN(booking_return, reason, .flags = COLUMN_required, .least = 1, .text = "The shopper sees it."),
};
static const struct shape return_shape = SHAPE("booking_return", booking_return, return_columns);

/* What of it the shop still has. */
static int64_t shop_has(const struct booking_row *booking, const struct trade_row *trade)
{
    return booking->trade_id != 0 ? trade->left_minor : booking->fee_minor - booking->returned_minor;
}

static enum refusal return_check(struct view *view, const struct moment *at, const struct booking_row *booking,
                                 const struct trade_row *trade, int64_t amount_minor)
{
    struct policy_row policy;
    bool shop;
    policy_ask(view, &policy);
    enum refusal refusal = booking_side(view, at, booking, &shop);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (!shop) {
        return REFUSAL_forbidden;
    }
    if (booking->state <= BOOKING_confirmed) {
        return REFUSAL_booking_unconfirmed; /* cancelling gives it back */
    }
    if (amount_minor > shop_has(booking, trade)) {
        return REFUSAL_refund_exceeds;
    }
    int64_t since_us = booking->trade_id != 0 ? trade->paid_at_us : booking->ended_at_us;
    return at->now_us - since_us > policy.refund_days * US_PER_DAY ? REFUSAL_trade_finished : REFUSAL_none;
}

/* From the shop's takings back to where it was paid from. */
static enum refusal money_return(struct view *view, struct moment *at, struct booking_row *booking,
                                 const struct trade_row *trade, int64_t amount_minor)
{
    char what[32];
    int32_t unit = shop_ask(view, booking->shop_id)->currency;
    bool paid = booking->trade_id != 0;
    struct leg leg = { .from = { booking->shop_id, PURPOSE_takings, unit },
                       .to = paid ? trade_payee(trade)
                                  : (struct account_key){ booking->shopper_id, PURPOSE_wallet, unit },
                       .amount = amount_minor };
    if (account_free(view, leg.from) < amount_minor) {
        return REFUSAL_takings_short;
    }
    enum refusal refusal =
        ledger_move(view, at, (struct cause){ CAUSE_booking_return, booking->booking_id }, &leg, 1, NULL);
    if (refusal != REFUSAL_none || !paid) {
        return refusal;
    }
    snprintf(what, sizeof(what), "return-%d", booking->returns);
    return booking_give_back(view, at, booking, amount_minor, what);
}

static enum refusal decide_return(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct booking_return *want = request;
    const struct booking_row *asked = booking_ask(view, want->booking_id);
    const struct trade_row *trade = trade_ask(view, asked->trade_id);
    enum refusal refusal = return_check(view, at, asked, trade, want->amount_minor);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct booking_row *booking = view_change(view, asked);
    booking->returns++;
    booking->returned_minor += want->amount_minor;
    memcpy(booking->return_reason, want->reason, sizeof(booking->return_reason));
    refusal = money_return(view, at, booking, trade, want->amount_minor);
    memcpy(answer, booking, sizeof(*booking));
    return refusal;
}

const struct command booking_return = {
    .name = "booking_return",
    .number = 306,
    .method = "POST",
    .route = "/v1/bookings/{booking_id}/return",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &return_shape,
    .answer = &booking_table.shape,
    .decide = decide_return,
    .summary = "The shop gives something back of a booking that has ended, out of its takings: of the price as it was "
               "paid, or of what it kept of the deposit.",
};
