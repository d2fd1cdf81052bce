/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken away or brought is ordered at once: its time in the kitchen, what is left of dishes, its payment. */
#include "lines/local/meal_internal.h"

static const struct column place_columns[] = {
    COLUMN(meal_place, order_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(meal_place, ready_by_us, .form = FORM_instant,
           .text = "When it is to be ready; left out: as soon as can be."),
    COLUMN(meal_place, tip_minor, .form = FORM_amount, .least = 0, .most = 10000000),
    COLUMN(meal_place, pay_later, .form = FORM_flag,
           .text = "Only opens the trade; it is cooked when that is paid, and cancelled when it is not."),
    COLUMN(meal_place, confirmed, .form = FORM_flag, .text = "The shopper gave a second factor on the device."),
    COLUMN(meal_place, cook_first, .form = FORM_flag, .text = "By the staff: it is cooked at once and paid later."),
};
static const struct shape place_shape = SHAPE("meal_place", meal_place, place_columns);

static enum refusal place_check(const struct moment *at, const struct meal_place *want, const struct meal_party *party,
                                const struct kitchen_row *kitchen)
{
    const struct meal_order_row *order = party->order;
    if (order->kind == MEAL_dine_in || order->state != MEAL_open) {
        return REFUSAL_move_illegal;
    }
    if (want->cook_first != 0 && !party->staff) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(kitchen)) {
        return REFUSAL_kitchen_unknown;
    }
    if (order->drafts == 0) {
        return REFUSAL_meal_empty;
    }
    if (order->kind == MEAL_delivery && (kitchen->delivers == 0 || order->food_minor < kitchen->delivery_least_minor)) {
        return REFUSAL_door_far;
    }
    if (want->tip_minor > order->food_minor + order->fee_minor) {
        return REFUSAL_amount_out_of_range;
    }
    return want->ready_by_us != 0 && want->ready_by_us <= at->now_us ? REFUSAL_kitchen_busy : REFUSAL_none;
}

/* The staff answers for it: the kitchen begins although nobody has paid. */
static enum refusal cook_now(struct view *view, struct moment *at, struct meal_order_row *order)
{
    struct fire_terms terms = { .due_at_us = order->ready_by_us };
    meal_uncount(view, at, order, false);
    enum refusal refusal = meal_fire(view, at, order, &terms);
    if (refusal == REFUSAL_none && order->kind == MEAL_delivery) {
        ride_begin(view, at, order);
    }
    return refusal;
}

static enum refusal order_place(struct view *view, struct moment *at, const struct meal_place *want,
                                struct meal_order_row *order, const struct kitchen_row *kitchen)
{
    struct meal_split whole = { .order_id = order->order_id, .mode = BILL_whole };
    struct bill_payment payment = { .shopper_id = at->caller.kind == CALLER_shopper ? at->caller.id : 0,
                                    .tip_minor = want->tip_minor,
                                    .confirmed = want->confirmed != 0,
                                    .pay_later = want->pay_later != 0 };
    enum refusal refusal = kitchen_room_take(view, at, kitchen, order, want->ready_by_us);
    if (refusal == REFUSAL_none) {
        refusal = meal_stock_take(view, at, order);
    }
    if (refusal == REFUSAL_none) {
        refusal = bill_share_out(view, at, order, &whole);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    order->state = MEAL_waiting;
    if (want->cook_first != 0) {
        refusal = cook_now(view, at, order);
    }
    if (refusal == REFUSAL_none) {
        refusal = bill_pay(view, at, order, meal_bill_ask(view, order->order_id, order->bills), &payment);
    }
    if (refusal == REFUSAL_none && order->state == MEAL_waiting && at->caller.kind == CALLER_shopper) {
        refusal = meal_count(view, at, order); /* it keeps room and dishes, and waits for money */
    }
    return refusal;
}

static enum refusal decide_place(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_place *want = request;
    struct meal_party party;
    enum refusal refusal = meal_find_open(view, at, want->order_id, &party);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    const struct kitchen_row *kitchen = kitchen_ask(view, party.order->shop_id);
    meal_ask_all(view, party.order);
    refusal = place_check(at, want, &party, kitchen);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct meal_order_row *order = meal_change(view, party.order);
    refusal = order_place(view, at, want, order, kitchen);
    memcpy(answer, order, sizeof(*order));
    return refusal;
}

const struct command meal_place = {
    .name = "meal_place",
    .number = 284,
    .method = "POST",
    .route = "/v1/meals/{order_id}/place",
    .http_status = 201,
    .callers = CALLERS_ALL,
    .request = &place_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_place,
    .summary = "Orders what is to be taken away or brought: takes room in the kitchen, makes the bill and pays it from "
               "the shopper's wallet. The kitchen gets it when it is paid.",
};
