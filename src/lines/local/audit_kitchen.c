/* SPDX-License-Identifier: Apache-2.0 */
/* The kitchen's share of the audit of meals: slots, days, tables, tickets, couriers and their rides. */
#include "base/civil.h"
#include "lines/local/audit_meal.h"

enum day_sum { DAY_tickets, DAY_bumped, DAY_late, DAY_cook_us };

void audit_kitchen_order(struct audit *audit, struct audit_meals *meals, const struct meal_order_row *order)
{
    struct audit_about about = { AUDIT_answer_durable, &meal_order_table, order };
    bool ended = order->state == MEAL_done || order->state == MEAL_cancelled;
    int32_t minutes = 0;
    for (int32_t i = 0; i < order->taken_count; i++) {
        minutes += order->taken[i].minutes;
    }
    audit_expect_equal(audit, about, "minutes that it took from slots", minutes, order->minutes);
    meals->work_print -= audit_weighed(order->shop_id, 0, order->minutes);
    meals->ready_print -= order->slot_at_us != 0 ? audit_weighed(order->shop_id, 0, 1) : 0;
    meals->numbers_print -= audit_weighed(order->shop_id, order->day, (int64_t)audit_pair_print(order->number, 0));
    if (order->table_id != 0 && !ended) {
        meals->tables_print -= audit_pair_print(order->table_id, order->order_id);
    }
    if (order->ride_id != 0) {
        meals->rides_print += audit_pair_print(order->ride_id, order->order_id);
    }
}

static bool slot_each(struct audit *audit, void *state, const void *row)
{
    struct audit_meals *meals = state;
    const struct kitchen_slot_row *slot = row;
    struct audit_about about = { AUDIT_answer_durable, &kitchen_slot_table, row };
    audit_expect(audit, about, "less than nothing was taken from it", slot->minutes >= 0 && slot->orders >= 0);
    meals->work_print += audit_weighed(slot->shop_id, 0, slot->minutes);
    meals->ready_print += audit_weighed(slot->shop_id, 0, slot->orders);
    return true;
}

static uint64_t day_print(int64_t shop_id, int32_t day, enum day_sum sum, int64_t amount)
{
    return audit_weighed(shop_id, (int64_t)day * 8 + (int64_t)sum, amount);
}

static bool day_each(struct audit *audit, void *state, const void *row)
{
    struct audit_meals *meals = state;
    const struct kitchen_day_row *day = row;
    struct audit_about about = { AUDIT_answer_durable, &kitchen_day_table, row };
    audit_expect(audit, about, "its shop does not exist", audit_shop_known(audit, day->shop_id));
    for (int32_t number = 1; number <= day->orders; number++) {
        meals->numbers_print += audit_weighed(day->shop_id, day->day, (int64_t)audit_pair_print(number, 0));
    }
    meals->days_print += day_print(day->shop_id, day->day, DAY_tickets, day->tickets) +
                         day_print(day->shop_id, day->day, DAY_bumped, day->bumped) +
                         day_print(day->shop_id, day->day, DAY_late, day->late) +
                         day_print(day->shop_id, day->day, DAY_cook_us, day->cook_us);
    return true;
}

static bool table_each(struct audit *audit, void *state, const void *row)
{
    struct audit_meals *meals = state;
    const struct dining_table_row *table = row;
    struct audit_about about = { AUDIT_answer_durable, &dining_table_table, row };
    audit_expect(audit, about, "its shop does not exist", audit_shop_known(audit, table->shop_id));
    if (table->order_id != 0) {
        meals->tables_print += audit_pair_print(table->table_id, table->order_id);
    }
    return true;
}

static bool dish_each(struct audit *audit, void *state, const void *row)
{
    const struct dish_row *dish = row;
    struct audit_about about = { AUDIT_answer_durable, &dish_table, row };
    (void)state;
    audit_expect(audit, about, "its merchant does not exist", audit_merchant_known(audit, dish->merchant_id));
    audit_expect(audit, about, "its shop does not exist or is another merchant's",
                 dish->shop_id == 0 || audit_shop_merchant(audit, dish->shop_id) == dish->merchant_id);
    about.law = AUDIT_money_conserved;
    audit_expect(audit, about, "its price is negative", dish->price_minor >= 0);
    return true;
}

static bool stock_each(struct audit *audit, void *state, const void *row)
{
    const struct dish_stock_row *stock = row;
    struct audit_about about = { AUDIT_stock_kept, &dish_stock_table, row };
    (void)state;
    audit_expect(audit, about, "less than nothing is left of it", stock->pieces_left >= 0);
    about.law = AUDIT_answer_durable;
    audit_expect(audit, about, "its shop does not exist", audit_shop_known(audit, stock->shop_id));
    return true;
}

/* ---- tickets ---- */

static bool ticket_open(const struct ticket_row *ticket)
{
    return ticket->state == TICKET_queued || ticket->state == TICKET_cooking;
}

void audit_ticket_sums(const struct ticket_row *ticket, int64_t sums[SUM_COUNT])
{
    sums[SUM_tickets] = -1;
    sums[SUM_tickets_open] = ticket_open(ticket) ? -1 : 0;
}

static bool ticket_each(struct audit *audit, void *state, const void *row)
{
    struct audit_meals *meals = state;
    const struct ticket_row *ticket = row;
    struct audit_about about = { AUDIT_answer_durable, &ticket_table, row };
    int64_t sums[SUM_COUNT] = { 0 };
    bool bumped = ticket->state == TICKET_bumped;
    int zone = (int)audit_shop_zone_minutes(audit, ticket->shop_id);
    int32_t day = civil_yyyymmdd(civil_day(ticket->fired_at_us, zone));
    audit_id_known(audit, about, ticket->ticket_id);
    audit_time_known(audit, about, ticket->fired_at_us);
    audit_expect(audit, about, "its shop does not exist", audit_shop_known(audit, ticket->shop_id));
    audit_expect(audit, about, "its state does not exist, or does not go with its times",
                 ticket->state >= TICKET_queued && ticket->state <= TICKET_cancelled &&
                     bumped == (ticket->bumped_at_us != 0));
    audit_ticket_sums(ticket, sums);
    meals->sums_print += audit_weighed(ticket->order_id, SUM_tickets, sums[SUM_tickets]) +
                         audit_weighed(ticket->order_id, SUM_tickets_open, sums[SUM_tickets_open]);
    meals->days_print -= day_print(ticket->shop_id, day, DAY_tickets, 1) +
                         day_print(ticket->shop_id, day, DAY_bumped, bumped) +
                         day_print(ticket->shop_id, day, DAY_late, ticket->late) +
                         day_print(ticket->shop_id, day, DAY_cook_us,
                                   bumped ? ticket->bumped_at_us - ticket->fired_at_us : 0);
    if (ticket->kind == MEAL_dine_in) {
        meals->work_print -= audit_weighed(ticket->shop_id, 0, ticket->minutes);
    }
    about.law = AUDIT_reservation_kept;
    if (ticket_open(ticket) && ticket->late == 0) {
        audit_timer_claim(audit, about, ticket->due_at_us, TIMER_ticket_late, ticket->ticket_id);
    }
    return true;
}

/* ---- couriers and rides ---- */

static bool kitchen_each(struct audit *audit, void *state, const void *row)
{
    struct audit_meals *meals = state;
    const struct kitchen_row *kitchen = row;
    struct audit_about about = { AUDIT_answer_durable, &kitchen_table, row };
    audit_expect(audit, about, "its shop does not exist or is another merchant's",
                 audit_shop_merchant(audit, kitchen->shop_id) == kitchen->merchant_id);
    for (int32_t i = 0; i < kitchen->couriers_count; i++) {
        meals->roster_print += audit_pair_print(kitchen->couriers[i].id, kitchen->shop_id);
    }
    return true;
}

static bool courier_each(struct audit *audit, void *state, const void *row)
{
    struct audit_meals *meals = state;
    const struct courier_row *courier = row;
    struct audit_about about = { AUDIT_answer_durable, &courier_table, row };
    audit_expect(audit, about, "it does not exist", audit_shopper_known(audit, courier->courier_id));
    if (courier->shop_id != 0) {
        meals->roster_print -= audit_pair_print(courier->courier_id, courier->shop_id);
    }
    meals->couriers_print += audit_weighed(courier->courier_id, 1, courier->open) +
                             audit_weighed(courier->courier_id, 2, courier->delivered);
    meals->fees_print += audit_weighed(courier->courier_id, 0, courier->earned_minor);
    return true;
}

static uint64_t stand_print(int64_t ride_id, int32_t state, int32_t steps)
{
    return audit_weighed(ride_id, state, steps);
}

static bool ride_each(struct audit *audit, void *state, const void *row)
{
    struct audit_meals *meals = state;
    const struct ride_row *ride = row;
    struct audit_about about = { AUDIT_answer_durable, &ride_table, row };
    bool ended = ride->state == RIDE_delivered || ride->state == RIDE_returned || ride->state == RIDE_cancelled;
    bool looked_for = ride->state == RIDE_waiting || ride->state == RIDE_assigned;
    audit_id_known(audit, about, ride->ride_id);
    audit_time_known(audit, about, ride->created_at_us);
    audit_expect(audit, about, "its state does not exist",
                 ride->state >= RIDE_waiting && ride->state < RIDE_STATE_COUNT &&
                     (ride->steps > 0 || ride->state == RIDE_waiting));
    audit_expect(audit, about, "it is over without a time, or the other way round", ended == (ride->ended_at_us != 0));
    audit_expect(audit, about, "it waits for a courier and has one, or the other way round",
                 ride->state == RIDE_cancelled || (ride->state == RIDE_waiting) == (ride->courier_id == 0));
    meals->rides_print -= audit_pair_print(ride->ride_id, ride->order_id);
    meals->steps_print += stand_print(ride->ride_id, ride->state, ride->steps);
    if (ride->courier_id != 0) {
        meals->couriers_print -= audit_weighed(ride->courier_id, 1, !ended) +
                                 audit_weighed(ride->courier_id, 2, ride->state == RIDE_delivered);
    }
    about.law = AUDIT_reservation_kept;
    audit_expect(audit, about, "nobody looks for a courier any more, or still does",
                 looked_for == (ride->look_at_us != 0));
    if (ride->look_at_us != 0) {
        audit_timer_claim(audit, about, ride->look_at_us, TIMER_ride_look, ride->ride_id);
    }
    return true;
}

/* The last step of a ride is how it stands. */
static void steps_close(struct audit_meals *meals)
{
    if (meals->step.ride_id != 0) {
        meals->steps_print -= stand_print(meals->step.ride_id, meals->step.to_state, meals->step.step);
    }
}

static bool step_each(struct audit *audit, void *state, const void *row)
{
    struct audit_meals *meals = state;
    const struct ride_step_row *step = row;
    struct audit_about about = { AUDIT_answer_durable, &ride_step_table, row };
    bool first = step->ride_id != meals->step.ride_id;
    bool searched = step->from_state == RIDE_waiting && step->to_state == RIDE_waiting;
    audit_expect_equal(audit, about, "its number", first ? 1 : meals->step.step + 1, step->step);
    audit_expect_equal(audit, about, "where it comes from", first ? RIDE_waiting : meals->step.to_state,
                       step->from_state);
    audit_expect(audit, about, "the move is not legal",
                 searched || ride_may((enum ride_state)step->from_state, (enum ride_state)step->to_state));
    audit_expect(audit, about, "it was made before the one before it", first || step->at_us >= meals->step.at_us);
    audit_time_known(audit, about, step->at_us);
    if (first) {
        steps_close(meals);
    }
    meals->step = *step;
    return true;
}

void audit_kitchen_tables(struct audit *audit, struct audit_meals *meals)
{
    audit_scan_line(audit, &dish_table, dish_each, meals);
    audit_scan_line(audit, &dish_stock_table, stock_each, meals);
    audit_scan_line(audit, &kitchen_table, kitchen_each, meals);
    audit_scan_line(audit, &dining_table_table, table_each, meals);
    audit_scan_line(audit, &ticket_table, ticket_each, meals);
    audit_scan_line(audit, &kitchen_slot_table, slot_each, meals);
    audit_scan_line(audit, &courier_table, courier_each, meals);
    audit_scan_line(audit, &ride_table, ride_each, meals);
    audit_scan_line(audit, &ride_step_table, step_each, meals);
    audit_scan_line(audit, &kitchen_day_table, day_each, meals);
    steps_close(meals);
}

void audit_kitchen_end(struct audit *audit, const struct audit_meals *meals)
{
    struct audit_about slots = { AUDIT_answer_durable, &kitchen_slot_table, NULL };
    struct audit_about days = { AUDIT_answer_durable, &kitchen_day_table, NULL };
    struct audit_about tables = { AUDIT_answer_durable, &dining_table_table, NULL };
    struct audit_about rides = { AUDIT_answer_durable, &ride_table, NULL };
    struct audit_about couriers = { AUDIT_answer_durable, &courier_table, NULL };
    audit_expect(audit, slots, "work of slots is not that of orders and tickets", meals->work_print == 0);
    audit_expect(audit, slots, "orders of slots are not those that are to be ready", meals->ready_print == 0);
    audit_expect(audit, days, "numbers of a day are not those of its orders", meals->numbers_print == 0);
    audit_expect(audit, days, "sums of a day are not those of its tickets", meals->days_print == 0);
    audit_expect(audit, tables, "tables and the orders at them are not one to one", meals->tables_print == 0);
    audit_expect(audit, rides, "rides and their orders are not one to one", meals->rides_print == 0);
    audit_expect(audit, rides, "rides do not stand where their last steps led", meals->steps_print == 0);
    audit_expect(audit, couriers, "what couriers have and had is not what their rides say", meals->couriers_print == 0);
    audit_expect(audit, couriers, "kitchens and their couriers are not one to one", meals->roster_print == 0);
    couriers.law = AUDIT_money_conserved;
    audit_expect(audit, couriers, "what couriers earned is not what transfers moved", meals->fees_print == 0);
}
