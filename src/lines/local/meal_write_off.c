/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A meal whose guests are gone without having paid all of it: the staff ends it, what was paid is the shop's, and what
 * was eaten and not paid is written off, with who said so in the request and why in the row.
 */
#include "lines/local/meal_internal.h"

static const struct column write_off_columns[] = {
    COLUMN(meal_write_off, order_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(meal_write_off, reason, .flags = COLUMN_required, .least = 1),
};
static const struct shape write_off_shape = SHAPE("meal_write_off", meal_write_off, write_off_columns);

/* Nobody will pay it any more: its trade is closed, and it is taken back. */
static void bill_forgive(struct view *view, struct moment *at, struct meal_order_row *order,
                         const struct meal_bill_row *bill)
{
    const struct trade_row *trade = trade_ask(view, bill->trade_id);
    if (bill->state == BILL_waiting && row_exists(trade)) {
        trade_end(view, at, view_change(view, trade), CLOSE_cancelled); /* it says so to the meal */
    }
    if (bill->state == BILL_open) {
        bill_void(view, order, bill);
    }
}

static enum refusal write_off_check(struct view *view, const struct meal_party *party)
{
    const struct meal_order_row *order = party->order;
    const struct ride_row *ride = ride_ask(view, order->ride_id);
    bool away = ride->state == RIDE_returned || ride->state == RIDE_cancelled;
    if (!party->staff) {
        return REFUSAL_forbidden;
    }
    if (order->kind == MEAL_delivery ? !away : order->kind == MEAL_take_away && order->state < MEAL_cooking) {
        return REFUSAL_move_illegal; /* it is called off */
    }
    return order->sent_at_us == 0 ? REFUSAL_meal_empty : REFUSAL_none;
}

static enum refusal decide_write_off(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_write_off *want = request;
    struct meal_party party;
    enum refusal refusal = meal_find_open(view, at, want->order_id, &party);
    if (refusal == REFUSAL_none) {
        meal_ask_all(view, party.order);
        refusal = write_off_check(view, &party);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct meal_order_row *order = meal_change(view, party.order);
    for (int32_t number = 1; number <= order->bills; number++) {
        bill_forgive(view, at, order, meal_bill_ask(view, order->order_id, number));
    }
    meal_drafts_drop(view, order);
    order->written_off_minor = order->food_minor - order->billed_minor;
    memcpy(order->written_off_reason, want->reason, sizeof(order->written_off_reason));
    refusal = meal_finish(view, at, order, 0);
    memcpy(answer, order, sizeof(*order));
    return refusal;
}

const struct command meal_write_off = {
    .name = "meal_write_off",
    .number = 307,
    .method = "POST",
    .route = "/v1/meals/{order_id}/write-off",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &write_off_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_write_off,
    .summary = "The guests are gone and did not pay all of it: what was paid is the shop's, the rest is written off, "
               "the table is free.",
};
