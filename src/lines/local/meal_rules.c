/* SPDX-License-Identifier: Apache-2.0 */
/* What the meals' commands share: asking for rows, who may speak to an order, its timer. */
#include "base/civil.h"
#include "engine/engine_rows.h"
#include "lines/local/hoard.h"
#include "lines/local/meal_internal.h"

const struct kitchen_row *kitchen_ask(struct view *view, int64_t shop_id)
{
    struct kitchen_row key = { .shop_id = shop_id };
    return view_ask(view, &kitchen_table, &key);
}

const struct dish_row *dish_ask(struct view *view, int64_t dish_id)
{
    struct dish_row key = { .dish_id = dish_id };
    return view_ask(view, &dish_table, &key);
}

const struct dish_stock_row *dish_stock_ask(struct view *view, int64_t shop_id, int64_t dish_id)
{
    struct dish_stock_row key = { .shop_id = shop_id, .dish_id = dish_id };
    return view_ask(view, &dish_stock_table, &key);
}

const struct dining_table_row *dining_table_ask(struct view *view, int64_t table_id)
{
    struct dining_table_row key = { .table_id = table_id };
    return view_ask(view, &dining_table_table, &key);
}

const struct ticket_row *ticket_ask(struct view *view, int64_t ticket_id)
{
    struct ticket_row key = { .ticket_id = ticket_id };
    return view_ask(view, &ticket_table, &key);
}

const struct meal_order_row *meal_ask(struct view *view, int64_t order_id)
{
    struct meal_order_row key = { .order_id = order_id };
    return view_ask(view, &meal_order_table, &key);
}

const struct meal_guest_row *meal_guest_ask(struct view *view, int64_t order_id, int32_t guest)
{
    struct meal_guest_row key = { .order_id = order_id, .guest = guest };
    return view_ask(view, &meal_guest_table, &key);
}

const struct meal_line_row *meal_line_ask(struct view *view, int64_t order_id, int32_t line)
{
    struct meal_line_row key = { .order_id = order_id, .line = line };
    return view_ask(view, &meal_line_table, &key);
}

const struct meal_bill_row *meal_bill_ask(struct view *view, int64_t order_id, int32_t bill)
{
    struct meal_bill_row key = { .order_id = order_id, .bill = bill };
    return view_ask(view, &meal_bill_table, &key);
}

const struct courier_row *courier_ask(struct view *view, int64_t courier_id)
{
    struct courier_row key = { .courier_id = courier_id };
    return view_ask(view, &courier_table, &key);
}

const struct ride_row *ride_ask(struct view *view, int64_t ride_id)
{
    struct ride_row key = { .ride_id = ride_id };
    return view_ask(view, &ride_table, &key);
}

struct kitchen_day_row *kitchen_day_change(struct view *view, const struct shop_row *shop, int64_t at_us)
{
    struct kitchen_day_row key = { .shop_id = shop->shop_id,
                                   .day = civil_yyyymmdd(civil_day(at_us, shop->zone_minutes)) };
    return view_change(view, view_ask(view, &kitchen_day_table, &key));
}

/* ---- texts of a bounded size ---- */

static bool goes_on(char byte)
{
    return ((unsigned char)byte & 0xC0u) == 0x80u; /* of a character of UTF-8, all bytes but its first */
}

void text_fit(const char *text, char *to, size_t capacity)
{
    size_t size = strlen(text);
    if (size >= capacity) {
        size = capacity - 1;
        while (size > 0 && goes_on(text[size])) {
            size--;
        }
    }
    memcpy(to, text, size);
    memset(to + size, 0, capacity - size);
}

void text_add(char *to, size_t capacity, const char *text)
{
    size_t size = strlen(to);
    text_fit(text, to + size, capacity - size);
}

/* ---- orders ---- */

enum refusal meal_find(struct view *view, const struct moment *at, int64_t order_id, struct meal_party *party)
{
    *party = (struct meal_party){ .order = meal_ask(view, order_id) };
    if (!row_exists(party->order)) {
        return REFUSAL_meal_unknown;
    }
    const struct shop_row *shop = shop_ask(view, party->order->shop_id);
    for (int32_t guest = 1; guest <= party->order->guests; guest++) {
        const struct meal_guest_row *row = meal_guest_ask(view, order_id, guest);
        if (at->caller.kind == CALLER_shopper && row->shopper_id == at->caller.id) {
            party->guest = guest;
        }
    }
    party->staff = access_shop(view, at, shop);
    return party->staff || party->guest != 0 ? REFUSAL_none : REFUSAL_meal_unknown;
}

enum refusal meal_goes_on(const struct meal_order_row *order)
{
    bool ended = order->state == MEAL_done || order->state == MEAL_cancelled;
    return ended ? REFUSAL_meal_ended : REFUSAL_none;
}

enum refusal meal_find_open(struct view *view, const struct moment *at, int64_t order_id, struct meal_party *party)
{
    enum refusal refusal = meal_find(view, at, order_id, party);
    return refusal == REFUSAL_none ? meal_goes_on(party->order) : refusal;
}

struct meal_order_row *meal_change(struct view *view, const struct meal_order_row *asked)
{
    struct meal_order_row *order = view_change(view, asked);
    order->version++;
    return order;
}

void meal_look_set(struct view *view, const struct moment *at, struct meal_order_row *order, int64_t look_at_us)
{
    if (order->look_at_us != 0) {
        timer_drop(view, order->look_at_us, TIMER_meal_look, order->order_id);
    }
    order->look_at_us = look_at_us;
    if (look_at_us != 0) {
        timer_set(view, at->now_us, look_at_us, TIMER_meal_look, order->order_id);
    }
}

enum refusal meal_count(struct view *view, const struct moment *at, struct meal_order_row *order)
{
    return hoard_add(view, at, hoard_person(view, order->shopper_id), HOARD_meal, 0, &order->counted);
}

void meal_uncount(struct view *view, const struct moment *at, struct meal_order_row *order, bool unpaid)
{
    if (order->counted == HOARD_meal) {
        hoard_take(view, at, hoard_person(view, order->shopper_id), 0, unpaid, &order->counted);
    }
}

void meal_ask_all(struct view *view, const struct meal_order_row *order)
{
    for (int32_t line = 1; line <= order->lines; line++) {
        (void)meal_line_ask(view, order->order_id, line);
    }
    for (int32_t bill = 1; bill <= order->bills; bill++) {
        (void)trade_ask(view, meal_bill_ask(view, order->order_id, bill)->trade_id);
    }
}

bool meal_is_paid(const struct meal_order_row *order)
{
    return order->billed_minor == order->food_minor && order->bills_unpaid == 0;
}

static const struct column ref_columns[] = {
    COLUMN(meal_ref, order_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("meal_ref", meal_ref, ref_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_ref *want = request;
    struct meal_party party;
    enum refusal refusal = meal_find(view, at, want->order_id, &party);
    if (refusal == REFUSAL_none) {
        memcpy(answer, party.order, sizeof(*party.order));
    }
    return refusal;
}

const struct command meal_query = {
    .name = "meal_query",
    .number = 296,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/meals/{order_id}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_query,
    .summary = "One order as it stands. Its lines, guests, bills and tickets are lists.",
};
