/* SPDX-License-Identifier: Apache-2.0 */
/* Room in the kitchen: which slot an order is to be ready in, and what it takes from slots. */
#include "lines/local/meal_internal.h"

#define SLOTS_SEEN 24                       /* that are looked at for what shall be ready as soon as can be */
#define AHEAD_MAX_US (7 * US_PER_DAY)

static const struct kitchen_slot_row *work_ask(struct view *view, int64_t shop_id, int64_t slot_at_us)
{
    struct kitchen_slot_row key = { .shop_id = shop_id, .slot_at_us = slot_at_us };
    return view_ask(view, &kitchen_slot_table, &key);
}

static struct kitchen_slot_row *work_change(struct view *view, int64_t shop_id, int64_t slot_at_us)
{
    return view_change(view, work_ask(view, shop_id, slot_at_us));
}

/* What the lines of an order that count want of the kitchen. */
static int32_t minutes_of(struct view *view, const struct meal_order_row *order)
{
    int32_t minutes = 0;
    for (int32_t line = 1; line <= order->lines; line++) {
        const struct meal_line_row *row = meal_line_ask(view, order->order_id, line);
        minutes += row->state != MEAL_LINE_off ? row->minutes : 0;
    }
    return minutes;
}

/* Whether an order of so many minutes can be ready by the end of that slot; what it would take from where. */
static bool slot_fits(struct view *view, const struct moment *at, const struct kitchen_row *kitchen, int64_t slot_at_us,
                      int32_t minutes, int32_t taken[KITCHEN_SLOTS_BACK])
{
    int32_t free_minutes[KITCHEN_SLOTS_BACK];
    int64_t length_us = kitchen->slot_minutes * US_PER_MINUTE;
    int64_t first_us = kitchen_slot_of(at->now_us, kitchen->slot_minutes);
    size_t count = 0;
    for (int64_t slot_us = slot_at_us; count < KITCHEN_SLOTS_BACK && slot_us >= first_us; slot_us -= length_us) {
        free_minutes[count++] = kitchen->slot_capacity - work_ask(view, kitchen->shop_id, slot_us)->minutes;
    }
    return kitchen_take(free_minutes, count, minutes, taken);
}

static void slots_book(struct view *view, const struct kitchen_row *kitchen, struct meal_order_row *order,
                       int64_t slot_at_us, const int32_t taken[KITCHEN_SLOTS_BACK])
{
    order->slot_at_us = slot_at_us;
    order->slot_minutes = kitchen->slot_minutes;
    order->minutes = 0;
    order->taken_count = KITCHEN_SLOTS_BACK;
    work_change(view, kitchen->shop_id, slot_at_us)->orders++;
    for (int32_t i = 0; i < KITCHEN_SLOTS_BACK; i++) {
        order->taken[i].minutes = taken[i];
        order->minutes += taken[i];
        if (taken[i] > 0) {
            work_change(view, kitchen->shop_id, slot_at_us - i * kitchen->slot_minutes * US_PER_MINUTE)->minutes +=
                taken[i];
        }
    }
}

enum refusal kitchen_room_take(struct view *view, const struct moment *at, const struct kitchen_row *kitchen,
                               struct meal_order_row *order, int64_t ready_by_us)
{
    int32_t taken[KITCHEN_SLOTS_BACK];
    int zone_minutes = shop_ask(view, order->shop_id)->zone_minutes;
    int32_t minutes = minutes_of(view, order);
    int64_t length_us = kitchen->slot_minutes * US_PER_MINUTE;
    int64_t earliest_us = at->now_us + kitchen->lead_minutes * US_PER_MINUTE;
    bool soonest = ready_by_us == 0;
    int64_t slot_us = kitchen_slot_of((soonest ? earliest_us : ready_by_us) - 1, kitchen->slot_minutes);
    if (kitchen->open == 0 || (!soonest && (ready_by_us > at->now_us + AHEAD_MAX_US ||
                                            !kitchen_works(kitchen->hours, zone_minutes, ready_by_us - 1)))) {
        return REFUSAL_kitchen_closed;
    }
    if (!soonest && ready_by_us < earliest_us) {
        return REFUSAL_kitchen_busy;
    }
    for (int slot = 0; soonest && slot < SLOTS_SEEN; slot++) { /* all at once, so that it takes one round */
        (void)work_ask(view, order->shop_id, slot_us + slot * length_us);
    }
    bool worked = false;
    for (int slot = 0; slot < (soonest ? SLOTS_SEEN : 1); slot++, slot_us += length_us) {
        if (!kitchen_works(kitchen->hours, zone_minutes, slot_us + length_us - 1)) {
            continue;
        }
        worked = true;
        if (slot_fits(view, at, kitchen, slot_us, minutes, taken)) {
            slots_book(view, kitchen, order, slot_us, taken);
            order->ready_by_us = soonest ? slot_us + length_us : ready_by_us;
            return REFUSAL_none;
        }
    }
    return worked || !soonest ? REFUSAL_kitchen_busy : REFUSAL_kitchen_closed;
}

void kitchen_room_return(struct view *view, const struct moment *at, struct meal_order_row *order)
{
    int64_t length_us = order->slot_minutes * US_PER_MINUTE;
    for (int32_t i = 0; i < order->taken_count; i++) {
        int64_t slot_us = order->slot_at_us - i * length_us;
        if (order->taken[i].minutes > 0 && slot_us + length_us > at->now_us) {
            work_change(view, order->shop_id, slot_us)->minutes -= order->taken[i].minutes;
            order->minutes -= order->taken[i].minutes;
            order->taken[i].minutes = 0;
        }
    }
    if (order->slot_at_us != 0) {
        work_change(view, order->shop_id, order->slot_at_us)->orders--;
        order->slot_at_us = 0;
    }
}

void kitchen_room_add(struct view *view, const struct kitchen_row *kitchen, int64_t at_us, int32_t minutes)
{
    if (minutes > 0) {
        int64_t slot_us = kitchen_slot_of(at_us, kitchen->slot_minutes);
        work_change(view, kitchen->shop_id, slot_us)->minutes += minutes;
    }
}
