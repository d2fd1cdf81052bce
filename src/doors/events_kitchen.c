/* SPDX-License-Identifier: Apache-2.0 */
#include "doors/events_kitchen.h"

#include "lines/local/kitchen_rows.h"
#include "lines/local/meal_rows.h"

/* A member under the name that it has in this event. */
#define MEMBER(member, named, kind_of, ...)                                                                          \
    {                                                                                                                \
        .name = (named), .kind = (kind_of), .offset = offsetof(struct kitchen_event, member),                        \
        .size = sizeof(((struct kitchen_event *)0)->member), __VA_ARGS__                                             \
    }

static const struct column ticket_columns[] = {
    MEMBER(id, "ticket_id", COLUMN_i64, .form = FORM_id),
    COLUMN(kitchen_event, shop_id, .form = FORM_id),
    COLUMN(kitchen_event, order_id, .form = FORM_id),
    COLUMN(kitchen_event, station),
    COLUMN(kitchen_event, number),
    COLUMN(kitchen_event, state, .form = FORM_choice, .names = ticket_states),
    MEMBER(flag, "late", COLUMN_i32, .form = FORM_flag),
    COLUMN(kitchen_event, recalls),
    COLUMN(kitchen_event, prints),
};
static const struct shape ticket_shape = SHAPE("ticket_event", kitchen_event, ticket_columns);

static const struct column dish_columns[] = {
    MEMBER(id, "dish_id", COLUMN_i64, .form = FORM_id),
    COLUMN(kitchen_event, shop_id, .form = FORM_id),
    MEMBER(flag, "sold_out", COLUMN_i32, .form = FORM_flag),
    COLUMN(kitchen_event, counted, .form = FORM_flag),
    COLUMN(kitchen_event, pieces_left),
};
static const struct shape dish_shape = SHAPE("dish_event", kitchen_event, dish_columns);

static const struct column meal_columns[] = {
    COLUMN(kitchen_event, order_id, .form = FORM_id),
    COLUMN(kitchen_event, shop_id, .form = FORM_id),
    COLUMN(kitchen_event, number),
    COLUMN(kitchen_event, kind, .form = FORM_choice, .names = meal_kinds),
    COLUMN(kitchen_event, state, .form = FORM_choice, .names = meal_states),
    COLUMN(kitchen_event, version),
};
static const struct shape meal_shape = SHAPE("meal_event", kitchen_event, meal_columns);

static void ticket_add(struct event_ring *ring, const struct ticket_row *ticket)
{
    struct kitchen_event event = { .merchant_id = ticket->merchant_id,
                                   .shop_id = ticket->shop_id,
                                   .order_id = ticket->order_id,
                                   .id = ticket->ticket_id,
                                   .station = ticket->station,
                                   .number = ticket->number,
                                   .kind = ticket->kind,
                                   .state = ticket->state,
                                   .flag = ticket->late,
                                   .recalls = ticket->recalls,
                                   .prints = ticket->prints };
    event_ring_add_kitchen(ring, &event, EVENT_ticket);
}

static void dish_add(struct event_ring *ring, const struct dish_stock_row *stock)
{
    struct kitchen_event event = { .merchant_id = stock->merchant_id,
                                   .shop_id = stock->shop_id,
                                   .id = stock->dish_id,
                                   .flag = stock->sold_out,
                                   .counted = stock->counted,
                                   .pieces_left = stock->pieces_left };
    event_ring_add_kitchen(ring, &event, EVENT_dish);
}

static void meal_add_event(struct event_ring *ring, const struct meal_order_row *order)
{
    struct kitchen_event event = { .merchant_id = order->merchant_id,
                                   .shop_id = order->shop_id,
                                   .shopper_id = order->shopper_id,
                                   .order_id = order->order_id,
                                   .number = order->number,
                                   .kind = order->kind,
                                   .state = order->state,
                                   .version = order->version };
    event_ring_add_kitchen(ring, &event, EVENT_meal);
}

void events_kitchen_add(struct event_ring *ring, const struct row_change *change)
{
    if (change->table == &ticket_table) {
        ticket_add(ring, change->row);
    } else if (change->table == &dish_stock_table) {
        dish_add(ring, change->row);
    } else if (change->table == &meal_order_table) {
        meal_add_event(ring, change->row);
    }
}

bool events_kitchen_tells(const struct table *table)
{
    return table == &ticket_table || table == &dish_stock_table || table == &meal_order_table;
}

const char *event_kitchen_name(int32_t topic)
{
    return topic == EVENT_ticket ? "ticket.changed" : topic == EVENT_dish ? "dish.changed" : "meal.changed";
}

const struct shape *event_kitchen_shape(int32_t topic)
{
    return topic == EVENT_ticket ? &ticket_shape : topic == EVENT_dish ? &dish_shape : &meal_shape;
}
