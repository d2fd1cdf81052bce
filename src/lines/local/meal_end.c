/* SPDX-License-Identifier: Apache-2.0 */
/* How meals end: eaten, handed over, called off; what becomes of their money, and what is given back of it. */
#include <stdio.h>

#include "engine/engine_rows.h"
#include "lines/local/meal_internal.h"
#include "till/party.h"

/* ---- the money of a bill that is earned ---- */

struct earning {
    struct leg legs[4];
    size_t count;
};

static void leg_add(struct earning *earning, struct account_key from, struct account_key to, int64_t amount_minor)
{
    if (amount_minor > 0) {
        earning->legs[earning->count++] = (struct leg){ .from = from, .to = to, .amount = amount_minor };
    }
}

/* The courier gets fee and tip, unless its wallet cannot take them: then they are the shop's and its staff's. */
static enum refusal bill_earn(struct view *view, struct moment *at, const struct meal_order_row *order,
                              const struct meal_bill_row *asked, int64_t courier_id)
{
    struct earning earning = { .count = 0 };
    struct account_key escrow = { asked->trade_id, PURPOSE_escrow, order->currency };
    struct account_key takings = { order->shop_id, PURPOSE_takings, order->currency };
    struct account_key tips = { order->shop_id, PURPOSE_tips, order->currency };
    struct party courier = { PARTY_shopper, courier_id };
    int64_t courier_minor = asked->fee_left_minor + asked->tip_left_minor;
    bool brought = courier_id != 0 && courier_minor > 0 &&
                   party_may_receive(view, courier, order->currency, courier_minor) == REFUSAL_none;
    struct account_key wallet = party_account(courier, order->currency);
    leg_add(&earning, escrow, takings, asked->food_left_minor);
    leg_add(&earning, escrow, takings, asked->service_left_minor);
    leg_add(&earning, escrow, brought ? wallet : takings, asked->fee_left_minor);
    leg_add(&earning, escrow, brought ? wallet : tips, asked->tip_left_minor);
    struct meal_bill_row *bill = view_change(view, asked);
    bill->earned = 1;
    if (brought) {
        struct courier_row *row = view_change(view, courier_ask(view, courier_id));
        row->earned_minor += courier_minor;
    }
    struct cause cause = { CAUSE_meal_earn, bill->trade_id };
    return earning.count > 0
               ? ledger_move(view, at, cause, earning.legs, earning.count, &bill->earned_transfer_id)
               : REFUSAL_none;
}

/* The table is free for others, nothing is looked at any more. */
static void order_leave(struct view *view, const struct moment *at, struct meal_order_row *order,
                        enum meal_state state)
{
    const struct dining_table_row *table = dining_table_ask(view, order->table_id);
    meal_uncount(view, at, order, order->state == MEAL_waiting);
    order->state = (int32_t)state;
    order->ended_at_us = at->now_us;
    meal_look_set(view, at, order, 0);
    if (order->table_id != 0 && table->order_id == order->order_id) {
        ((struct dining_table_row *)view_change(view, table))->order_id = 0;
    }
}

/* What nobody sent or billed was not wanted. */
void meal_drafts_drop(struct view *view, struct meal_order_row *order)
{
    for (int32_t number = 1; number <= order->lines; number++) {
        const struct meal_line_row *asked = meal_line_ask(view, order->order_id, number);
        if (asked->state == MEAL_LINE_draft && asked->bill == 0) {
            struct meal_line_row *line = view_change(view, asked);
            line->state = MEAL_LINE_off;
            order->food_minor -= line->total_minor;
            order->drafts--;
        }
    }
}

enum refusal meal_finish(struct view *view, struct moment *at, struct meal_order_row *order, int64_t courier_id)
{
    enum refusal refusal = REFUSAL_none;
    tickets_end(view, at, order, TICKET_bumped);
    for (int32_t number = 1; number <= order->bills; number++) { /* all of them, so that it takes few rounds */
        const struct meal_bill_row *bill = meal_bill_ask(view, order->order_id, number);
        if (bill->state == BILL_paid && bill->earned == 0) {
            enum refusal earned = bill_earn(view, at, order, bill, courier_id);
            refusal = refusal == REFUSAL_none ? earned : refusal;
        }
    }
    order_leave(view, at, order, MEAL_done);
    return refusal;
}

/* ---- giving back ---- */

/* A refund of a bill's trade, out of its escrow. */
static enum refusal trade_return(struct view *view, struct moment *at, int64_t trade_id, int64_t amount_minor,
                                 const char *reason)
{
    struct refund_row key = { .trade_id = trade_id };
    struct trade_row *trade = view_change(view, trade_ask(view, trade_id));
    snprintf(key.out_request_no, sizeof(key.out_request_no), TRADE_NUMBER_LINE "%lld", (long long)moment_id(at));
    struct refund_row *refund = view_new(view, &refund_table, &key);
    refund->amount_minor = amount_minor;
    text_fit(reason, refund->reason, sizeof(refund->reason));
    return trade_give_back(view, at, trade, refund, CLOSE_refunded);
}

/* The food gives first, then its service charge, the fee and the tip. */
static void lefts_lower(struct meal_bill_row *bill, int64_t amount_minor)
{
    int64_t *const lefts[] = { &bill->food_left_minor, &bill->service_left_minor, &bill->fee_left_minor,
                               &bill->tip_left_minor };
    for (size_t i = 0; i < COUNT_OF(lefts); i++) {
        int64_t taken = min_i64(*lefts[i], amount_minor);
        *lefts[i] -= taken;
        amount_minor -= taken;
    }
}

static int64_t bill_left(const struct meal_bill_row *bill)
{
    return bill->food_left_minor + bill->service_left_minor + bill->fee_left_minor + bill->tip_left_minor;
}

static enum refusal bill_return(struct view *view, struct moment *at, struct meal_order_row *order,
                                struct meal_bill_row *bill, int64_t amount_minor, const char *reason)
{
    struct account_key escrow = { bill->trade_id, PURPOSE_escrow, order->currency };
    struct account_key takings = { order->shop_id, PURPOSE_takings, order->currency };
    if (bill->earned != 0) {
        struct leg leg = { .from = takings, .to = escrow, .amount = amount_minor };
        if (account_free(view, takings) < amount_minor) {
            return REFUSAL_takings_short;
        }
        struct cause cause = { CAUSE_meal_return, bill->trade_id };
        enum refusal refusal = ledger_move(view, at, cause, &leg, 1, NULL);
        if (refusal != REFUSAL_none) {
            return refusal;
        }
    }
    lefts_lower(bill, amount_minor);
    bill->returns++;
    order->returned_minor += amount_minor;
    return trade_return(view, at, bill->trade_id, amount_minor, reason);
}

static enum refusal bill_call_off(struct view *view, struct moment *at, struct meal_order_row *order,
                                  const struct meal_bill_row *asked)
{
    const struct trade_row *trade = trade_ask(view, asked->trade_id);
    if (asked->state == BILL_waiting && row_exists(trade)) {
        trade_end(view, at, view_change(view, trade), CLOSE_cancelled); /* it says so to meal_trade_ended */
    }
    if (asked->state == BILL_open) {
        bill_void(view, order, asked);
    }
    if (asked->state != BILL_paid || bill_left(asked) == 0) {
        return REFUSAL_none;
    }
    struct meal_bill_row *bill = view_change(view, asked);
    return bill_return(view, at, order, bill, bill_left(bill), "");
}

enum refusal meal_call_off(struct view *view, struct moment *at, struct meal_order_row *order)
{
    enum refusal refusal = REFUSAL_none;
    bool begun = order->ready_at_us != 0 || order->tickets_open < order->tickets;
    order_leave(view, at, order, MEAL_cancelled);
    for (int32_t number = 1; number <= order->bills; number++) { /* all of them, so that it takes few rounds */
        enum refusal returned = bill_call_off(view, at, order, meal_bill_ask(view, order->order_id, number));
        refusal = refusal == REFUSAL_none ? returned : refusal;
    }
    if (order->slot_at_us != 0 && !begun) {
        meal_stock_return(view, at, order);
    }
    kitchen_room_return(view, at, order);
    tickets_end(view, at, order, TICKET_cancelled);
    return refusal;
}

/* ---- the commands ---- */

static const struct column ref_columns[] = {
    COLUMN(meal_ref, order_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape close_shape = SHAPE("meal_close", meal_ref, ref_columns);
static const struct shape cancel_shape = SHAPE("meal_cancel", meal_ref, ref_columns);

/* What is brought ends with its ride, unless that came back. */
static bool ride_is_over(struct view *view, const struct meal_order_row *order)
{
    const struct ride_row *ride = ride_ask(view, order->ride_id);
    return order->kind != MEAL_delivery || ride->state == RIDE_returned || ride->state == RIDE_cancelled;
}

static enum refusal decide_close(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_ref *want = request;
    struct meal_party party;
    enum refusal refusal = meal_find_open(view, at, want->order_id, &party);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (!party.staff) {
        return REFUSAL_forbidden;
    }
    meal_ask_all(view, party.order);
    bool over = ride_is_over(view, party.order);
    bool placed = party.order->kind == MEAL_dine_in || party.order->state != MEAL_open;
    struct meal_order_row *order = meal_change(view, party.order);
    if (order->kind == MEAL_dine_in) {
        meal_drafts_drop(view, order);
    }
    if (order->food_minor == 0 || !placed) {
        return REFUSAL_meal_empty;
    }
    if (!meal_is_paid(order)) {
        return REFUSAL_meal_unpaid;
    }
    if (!over) {
        return REFUSAL_move_illegal;
    }
    refusal = meal_finish(view, at, order, 0);
    memcpy(answer, order, sizeof(*order));
    return refusal;
}

const struct command meal_close = {
    .name = "meal_close",
    .number = 288,
    .method = "POST",
    .route = "/v1/meals/{order_id}/close",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &close_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_close,
    .summary = "The meal is eaten, or handed over: everything is paid, the shop gets its money, the table is free.",
};

/* Guests call off what nobody has begun to make; the staff whatever has not left the house. */
static enum refusal cancel_check(struct view *view, const struct moment *at, const struct meal_party *party)
{
    const struct meal_order_row *order = party->order;
    const struct ride_row *ride = ride_ask(view, order->ride_id);
    bool untouched = order->kind == MEAL_dine_in ? order->sent_at_us == 0 && order->paid_minor == 0
                                                 : order->state == MEAL_open || order->state == MEAL_waiting;
    bool his = order->shopper_id == at->caller.id && at->caller.kind == CALLER_shopper;
    if (!party->staff && !his) {
        return REFUSAL_forbidden;
    }
    if (!party->staff && !untouched) {
        return REFUSAL_move_illegal;
    }
    bool out = ride->state == RIDE_picked_up || ride->state == RIDE_at_door || ride->state == RIDE_failed;
    return out ? REFUSAL_move_illegal : REFUSAL_none;
}

static enum refusal decide_cancel(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_ref *want = request;
    struct meal_party party;
    enum refusal refusal = meal_find_open(view, at, want->order_id, &party);
    if (refusal == REFUSAL_none) {
        meal_ask_all(view, party.order);
        refusal = cancel_check(view, at, &party);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct meal_order_row *order = meal_change(view, party.order);
    const struct ride_row *ride = ride_ask(view, order->ride_id);
    if (ride_may((enum ride_state)ride->state, RIDE_cancelled)) {
        ride_go(view, at, view_change(view, ride), RIDE_cancelled, "");
    }
    refusal = meal_call_off(view, at, order);
    memcpy(answer, order, sizeof(*order));
    return refusal;
}

const struct command meal_cancel = {
    .name = "meal_cancel",
    .number = 289,
    .method = "POST",
    .route = "/v1/meals/{order_id}/cancel",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &cancel_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_cancel,
    .summary = "Calls an order off: what was paid is given back, the kitchen's room is free again.",
};

static const struct column return_columns[] = {
    COLUMN(meal_return, order_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(meal_return, bill, .flags = COLUMN_required | COLUMN_in_path, .least = 1, .most = MEAL_BILLS_MAX),
    COLUMN(meal_return, amount_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 1, .most = AMOUNT_MAX,
           .text = "Of the bill. Once the meal is done only food and service charge can be given back."),
    COLUMN(meal_return, reason),
};
static const struct shape return_shape = SHAPE("meal_return", meal_return, return_columns);

static enum refusal return_check(struct view *view, const struct moment *at, const struct meal_bill_row *bill,
                                 int64_t amount_minor)
{
    struct policy_row policy;
    const struct trade_row *trade = trade_ask(view, bill->trade_id);
    policy_ask(view, &policy);
    if (!row_exists(bill) || bill->state == BILL_void) {
        return REFUSAL_bill_unknown;
    }
    if (bill->state != BILL_paid) {
        return REFUSAL_meal_unpaid;
    }
    if (trade_state_now(trade, &policy, at->now_us) == TRADE_finished) {
        return REFUSAL_trade_finished;
    }
    int64_t most_minor = bill->earned != 0 ? bill->food_left_minor + bill->service_left_minor : bill_left(bill);
    return amount_minor > most_minor ? REFUSAL_refund_exceeds : REFUSAL_none;
}

static enum refusal decide_return(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_return *want = request;
    struct meal_party party;
    const struct meal_bill_row *bill = meal_bill_ask(view, want->order_id, want->bill);
    enum refusal refusal = meal_find(view, at, want->order_id, &party);
    if (refusal == REFUSAL_none && !party.staff) {
        refusal = REFUSAL_forbidden;
    }
    if (refusal == REFUSAL_none) {
        refusal = return_check(view, at, bill, want->amount_minor);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct meal_order_row *order = meal_change(view, party.order);
    refusal = bill_return(view, at, order, view_change(view, bill), want->amount_minor, want->reason);
    memcpy(answer, order, sizeof(*order));
    return refusal;
}

const struct command meal_return = {
    .name = "meal_return",
    .number = 290,
    .method = "POST",
    .route = "/v1/meals/{order_id}/bills/{bill}/return",
    .http_status = 201,
    .callers = CALLERS_SHOP,
    .request = &return_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_return,
    .summary = "Gives a part of a paid bill back, as it was paid.",
};

/* ---- the timer ---- */

/* Whether nobody will end it any more, and how. What the kitchen has and is paid is taken to have been made. */
static enum meal_state end_of(struct view *view, const struct moment *at, const struct meal_order_row *order,
                              int64_t session_us)
{
    bool made = (order->state == MEAL_cooking || order->state == MEAL_ready) && meal_is_paid(order);
    switch (order->kind) {
    case MEAL_dine_in:
        if (order->sent_at_us == 0 && order->paid_minor == 0) {
            return MEAL_cancelled;
        }
        return order->food_minor > 0 && meal_is_paid(order) && order->drafts == 0 ? MEAL_done : MEAL_open;
    case MEAL_take_away:
        if (made && order->ready_by_us + session_us <= at->now_us) {
            return MEAL_done; /* nobody came */
        }
        return order->state == MEAL_open ? MEAL_cancelled : MEAL_open;
    default:
        if (ride_ask(view, order->ride_id)->state == RIDE_cancelled) {
            return MEAL_cancelled; /* it never left the house, and nobody said that it was fetched */
        }
        if (made && ride_is_over(view, order)) {
            return MEAL_done;
        }
        return order->state == MEAL_open ? MEAL_cancelled : MEAL_open;
    }
}

static enum refusal decide_look(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    const struct meal_order_row *asked = meal_ask(view, due->subject_id);
    const struct kitchen_row *kitchen = kitchen_ask(view, asked->shop_id);
    (void)answer;
    if (!row_exists(asked) || meal_goes_on(asked) != REFUSAL_none || asked->look_at_us != due->due_us) {
        return REFUSAL_none;
    }
    meal_ask_all(view, asked);
    struct meal_order_row *order = meal_change(view, asked);
    int64_t session_us = kitchen->session_minutes * US_PER_MINUTE;
    enum meal_state end = end_of(view, at, order, session_us);
    order->look_at_us = 0; /* the timer has fired */
    if (end == MEAL_done) {
        return meal_finish(view, at, order, 0);
    }
    if (end == MEAL_cancelled) {
        return meal_call_off(view, at, order);
    }
    meal_look_set(view, at, order, at->now_us + max_i64(session_us, US_PER_MINUTE));
    return REFUSAL_none;
}

const struct command meal_look = {
    .name = "meal_look",
    .number = 299,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide_look,
    .summary = "An order that nobody ended is looked at: what was forgotten is called off, what is paid is done.",
};
