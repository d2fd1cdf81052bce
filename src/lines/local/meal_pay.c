/* SPDX-License-Identifier: Apache-2.0 */
/* Bills are paid by trades; and what the till tells of these trades. */
#include <stdio.h>

#include "base/checked.h"
#include "engine/engine_rows.h"
#include "lines/local/meal_internal.h"

/* A tip is part of the bill's total and counts from then on. */
static void tip_set(struct meal_order_row *order, struct meal_bill_row *bill, int64_t tip_minor)
{
    order->tip_minor += tip_minor - bill->tip_minor;
    bill->tip_minor = tip_minor;
    bill->total_minor = bill->food_minor + bill->service_minor + bill->fee_minor + tip_minor;
}

/* What the shopper sees on the receipt: where and which. */
static void subject_write(const struct shop_row *shop, const struct meal_order_row *order, char to[NAME_SIZE])
{
    char which[64];
    snprintf(which, sizeof(which), "%s%s #%d", order->table_name[0] != '\0' ? ", " : "", order->table_name,
             order->number);
    text_fit(shop->name, to, NAME_SIZE - sizeof(which));
    text_add(to, NAME_SIZE, which);
}

static struct trade_row *bill_trade(struct view *view, struct moment *at, const struct meal_order_row *order,
                                    const struct meal_bill_row *bill, const struct bill_payment *payment,
                                    const struct policy_row *policy)
{
    char number[NUMBER_SIZE], subject[NAME_SIZE];
    const struct shop_row *shop = shop_ask(view, order->shop_id);
    bool waits = payment->shopper_id == 0 || payment->pay_later;
    snprintf(number, sizeof(number), TRADE_NUMBER_LINE "%lld", (long long)moment_id(at));
    subject_write(shop, order, subject);
    struct trade_terms terms = { .shop = shop,
                                 .out_trade_no = number,
                                 .subject = subject,
                                 .amount_minor = bill->total_minor,
                                 .way = WAY_page,
                                 .expires_at_us = waits ? at->now_us + policy->pay_timeout_s * US_PER_SECOND : 0,
                                 .shopper_id = payment->shopper_id,
                                 .line = LINE_local,
                                 .line_kind = LOCAL_meal,
                                 .line_id = order->order_id,
                                 .escrow = 1 };
    struct trade_row *trade = trade_open(view, at, &terms);
    if (waits) {
        timer_set(view, at->now_us, trade->expires_at_us, TIMER_trade_expire, trade->trade_id);
    }
    if (waits && trade->shopper_id != 0) {
        trade_notify(view, at, trade, TOPIC_trade_waiting, NULL);
    }
    return trade;
}

static enum refusal payer_check(struct view *view, const struct moment *at, int64_t shopper_id)
{
    const struct shopper_row *shopper = shopper_ask(view, shopper_id);
    if (shopper_id == 0) {
        return REFUSAL_none;
    }
    if (!access_shopper(at, shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    return shopper->blocked != 0 ? REFUSAL_shopper_blocked : REFUSAL_none;
}

/* Whether the trade that somebody has begun is the one that this shopper would begin. */
static bool trade_fits(const struct moment *at, const struct trade_row *trade, const struct meal_bill_row *bill,
                       const struct bill_payment *payment)
{
    bool his = trade->shopper_id == 0 || trade->shopper_id == payment->shopper_id;
    return payment->shopper_id != 0 && !payment->pay_later && his && bill->tip_minor == payment->tip_minor &&
           trade->state == TRADE_wait_buyer_pay && !trade_is_late(at, trade);
}

enum refusal bill_pay(struct view *view, struct moment *at, struct meal_order_row *order,
                      const struct meal_bill_row *asked, const struct bill_payment *wanted)
{
    struct policy_row policy;
    const struct shop_row *shop = shop_ask(view, order->shop_id);
    const struct trade_row *known = trade_ask(view, asked->trade_id);
    policy_ask(view, &policy);
    enum refusal refusal = payer_check(view, at, wanted->shopper_id);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (shop->open == 0) {
        return REFUSAL_shop_closed;
    }
    bool waiting = asked->state == BILL_waiting;
    if (asked->state == BILL_paid || (waiting && !trade_fits(at, known, asked, wanted))) {
        return REFUSAL_bill_taken;
    }
    struct meal_bill_row *bill = view_change(view, asked);
    if (!waiting) {
        tip_set(order, bill, wanted->tip_minor);
        refusal = trade_amount_check(&policy, bill->total_minor);
        if (refusal != REFUSAL_none) {
            return refusal;
        }
        bill->state = BILL_waiting;
    }
    struct trade_row *trade = waiting ? view_change(view, known) : bill_trade(view, at, order, bill, wanted, &policy);
    bill->trade_id = trade->trade_id;
    if (wanted->shopper_id == 0 || wanted->pay_later) {
        return REFUSAL_none;
    }
    struct payment payment = { .policy = &policy,
                               .shop = shop,
                               .shopper = shopper_ask(view, wanted->shopper_id),
                               .confirmed = wanted->confirmed };
    return trade_take(view, at, trade, &payment);
}

/* ---- what the till tells ---- */

static const struct meal_bill_row *bill_by_trade(struct view *view, const struct meal_order_row *order,
                                                 int64_t trade_id)
{
    const struct meal_bill_row *found = NULL;
    for (int32_t number = 1; number <= order->bills; number++) {
        const struct meal_bill_row *bill = meal_bill_ask(view, order->order_id, number);
        found = bill->trade_id == trade_id ? bill : found;
    }
    return found;
}

/* What was paid for may be cooked now. */
static enum refusal paid_cook(struct view *view, struct moment *at, struct meal_order_row *order,
                              const struct meal_bill_row *bill)
{
    struct fire_terms terms = { .bill = bill->bill,
                                .shared = order->bills_unpaid == 0 && bill_loose(view, order) == 0,
                                .due_at_us = order->ready_by_us };
    if (order->kind == MEAL_dine_in && order->pay_first == 0) {
        return REFUSAL_none;
    }
    if (order->kind != MEAL_dine_in && order->state != MEAL_waiting) {
        return REFUSAL_none; /* it was cooked before it was paid */
    }
    enum refusal refusal = meal_fire(view, at, order, &terms);
    if (refusal == REFUSAL_none && order->kind == MEAL_delivery) {
        ride_begin(view, at, order);
    }
    return refusal;
}

static enum refusal meal_paid(struct view *view, struct moment *at, struct trade_row *trade)
{
    const struct meal_order_row *asked = meal_ask(view, trade->line_id);
    if (!row_exists(asked)) {
        return REFUSAL_meal_unknown;
    }
    meal_ask_all(view, asked);
    const struct meal_bill_row *found = bill_by_trade(view, asked, trade->trade_id);
    if (found == NULL) {
        return REFUSAL_bill_unknown;
    }
    struct meal_order_row *order = meal_change(view, asked);
    struct meal_bill_row *bill = view_change(view, found);
    bill->state = BILL_paid;
    bill->shopper_id = trade->shopper_id;
    bill->paid_at_us = at->now_us;
    bill->food_left_minor = bill->food_minor;
    bill->service_left_minor = bill->service_minor;
    bill->fee_left_minor = bill->fee_minor;
    bill->tip_left_minor = bill->tip_minor;
    order->paid_minor += bill->total_minor;
    order->bills_unpaid--;
    if (meal_is_paid(order)) {
        meal_uncount(view, at, order, false);
    }
    enum refusal refusal = paid_cook(view, at, order, bill);
    bool eaten = order->kind == MEAL_dine_in && order->pay_first == 0 && order->sent_at_us != 0 &&
                 order->drafts == 0 && order->tickets_open == 0 && meal_is_paid(order);
    return refusal == REFUSAL_none && eaten ? meal_finish(view, at, order, 0) : refusal;
}

/* Nobody paid: the bill can be paid anew; what was only to be cooked then is not wanted any more. */
static void meal_trade_ended(struct view *view, struct moment *at, const struct trade_row *trade)
{
    const struct meal_order_row *asked = meal_ask(view, trade->line_id);
    meal_ask_all(view, asked);
    const struct meal_bill_row *found = bill_by_trade(view, asked, trade->trade_id);
    if (!row_exists(asked) || found == NULL || found->state != BILL_waiting) {
        return;
    }
    struct meal_order_row *order = meal_change(view, asked);
    struct meal_bill_row *bill = view_change(view, found);
    bill->state = BILL_open;
    tip_set(order, bill, 0);
    if (order->kind != MEAL_dine_in && order->state == MEAL_waiting) {
        assert(order->paid_minor == 0 || view_unsure(view));
        if (order->paid_minor == 0) {
            (void)meal_call_off(view, at, order); /* nothing was paid that could not be given back */
        }
    }
}

/* Its refunds are made with its order. */
static enum refusal meal_refundable(struct view *view, const struct moment *at, const struct trade_row *trade)
{
    (void)view;
    (void)at;
    (void)trade;
    return REFUSAL_refund_elsewhere;
}

const struct local_part meal_part = {
    .paid = meal_paid,
    .ended = meal_trade_ended,
    .refundable = meal_refundable,
};

/* ---- the command ---- */

static const struct column pay_columns[] = {
    COLUMN(meal_pay, order_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(meal_pay, bill, .flags = COLUMN_required | COLUMN_in_path, .least = 1, .most = MEAL_BILLS_MAX),
    COLUMN(meal_pay, shopper_id, .form = FORM_id, .text = "Who pays; left out: the shopper of the token, or whoever "
                                                          "scans the trade's QR."),
    COLUMN(meal_pay, tip_minor, .form = FORM_amount, .least = 0, .most = 10000000,
           .text = "For the staff, or for the courier; at most what the bill comes to without it."),
    COLUMN(meal_pay, pay_later, .form = FORM_flag, .text = "Only opens the trade; it is paid like any other."),
    COLUMN(meal_pay, confirmed, .form = FORM_flag, .text = "The shopper gave a second factor on the device."),
};
static const struct shape pay_shape = SHAPE("meal_pay", meal_pay, pay_columns);

static enum refusal decide_pay(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_pay *want = request;
    struct meal_party party;
    const struct meal_bill_row *bill = meal_bill_ask(view, want->order_id, want->bill);
    int64_t caller_id = at->caller.kind == CALLER_shopper ? at->caller.id : 0;
    enum refusal refusal = meal_find(view, at, want->order_id, &party);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (!row_exists(bill) || bill->state == BILL_void) {
        return REFUSAL_bill_unknown;
    }
    refusal = meal_goes_on(party.order);
    if (refusal != REFUSAL_none) {
        return bill->state == BILL_paid ? REFUSAL_bill_taken : refusal;
    }
    if (want->tip_minor > bill->food_minor + bill->service_minor + bill->fee_minor) {
        return REFUSAL_amount_out_of_range;
    }
    meal_ask_all(view, party.order);
    struct meal_order_row *order = meal_change(view, party.order);
    struct bill_payment payment = { .shopper_id = want->shopper_id != 0 ? want->shopper_id : caller_id,
                                    .tip_minor = want->tip_minor,
                                    .confirmed = want->confirmed != 0,
                                    .pay_later = want->pay_later != 0 };
    refusal = bill_pay(view, at, order, bill, &payment);
    memcpy(answer, order, sizeof(*order));
    return refusal;
}

const struct command meal_pay = {
    .name = "meal_pay",
    .number = 287,
    .method = "POST",
    .route = "/v1/meals/{order_id}/bills/{bill}/pay",
    .http_status = 201,
    .callers = CALLERS_ALL,
    .request = &pay_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_pay,
    .summary = "Pays a bill from the shopper's wallet, or opens its trade for whoever scans it. What needs the "
               "shopper's confirmation waits for it.",
};
