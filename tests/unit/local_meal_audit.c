/* SPDX-License-Identifier: Apache-2.0 */
/* The audit names each of a list of corruptions of the rows of meals, kitchens and rides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/civil.h"
#include "local_meal_stage.h"
#include "support/forged.h"

static bool open_dine_in(const void *row)
{
    const struct meal_order_row *order = row;
    return order->kind == MEAL_dine_in && order->state == MEAL_open;
}

static bool taken_away(const void *row)
{
    const struct meal_order_row *order = row;
    return order->kind == MEAL_take_away;
}

static bool done(const void *row)
{
    return ((const struct meal_order_row *)row)->state == MEAL_done;
}

static bool paid_unearned(const void *row)
{
    const struct meal_bill_row *bill = row;
    return bill->state == BILL_paid && bill->earned == 0;
}

static bool paid_earned(const void *row)
{
    return ((const struct meal_bill_row *)row)->earned == 1;
}

static bool bill_waits(const void *row)
{
    return ((const struct meal_bill_row *)row)->state == BILL_waiting;
}

static bool line_sent(const void *row)
{
    return ((const struct meal_line_row *)row)->state == MEAL_LINE_sent;
}

static bool line_draft(const void *row)
{
    return ((const struct meal_line_row *)row)->state == MEAL_LINE_draft;
}

static bool ticket_queued(const void *row)
{
    return ((const struct ticket_row *)row)->state == TICKET_queued;
}

static bool ticket_bumped(const void *row)
{
    return ((const struct ticket_row *)row)->state == TICKET_bumped;
}

static bool table_taken(const void *row)
{
    return ((const struct dining_table_row *)row)->order_id != 0;
}

static bool ride_assigned(const void *row)
{
    return ((const struct ride_row *)row)->state == RIDE_assigned;
}

static bool ride_delivered(const void *row)
{
    return ((const struct ride_row *)row)->state == RIDE_delivered;
}

static bool step_pick_up(const void *row)
{
    return ((const struct ride_step_row *)row)->to_state == RIDE_picked_up;
}

static bool step_delivered(const void *row)
{
    return ((const struct ride_step_row *)row)->to_state == RIDE_delivered;
}

static bool earns(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_meal_earn;
}

static bool tips(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_meal_tips;
}

static bool returns(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_meal_return;
}

static bool meal_trade(const void *row)
{
    return ((const struct trade_row *)row)->line_kind == LOCAL_meal;
}

static const struct corruption corruptions[] = {
    { "nobody pays, and nobody says so", &meal_order_table, done, ADD, "written_off_minor", 1, AUDIT_answer_durable,
      "neither paid nor written off" },
    { "written off while they eat", &meal_order_table, open_dine_in, ADD, "written_off_minor", 1, AUDIT_answer_durable,
      "without a reason, or before it was done" },
    { "an order of more food", &meal_order_table, open_dine_in, ADD, "food_minor", 1, AUDIT_money_conserved,
      "as its lines come to" },
    { "a line of more", &meal_line_table, NULL, ADD, "total_minor", 1, AUDIT_money_conserved, "its total" },
    { "a line of more pieces", &meal_line_table, NULL, ADD, "pieces", 1, AUDIT_money_conserved, "its total" },
    { "a line is gone", &meal_line_table, line_draft, DROP, NULL, 0, AUDIT_money_conserved, "as its lines come to" },
    { "a draft that a ticket has", &meal_line_table, line_draft, ADD, "ticket_id", 1, AUDIT_answer_durable,
      "a ticket has it" },
    { "a sent line without a ticket", &meal_line_table, line_sent, ADD, "ticket_id", -INT64_MAX, AUDIT_answer_durable,
      "a ticket has it" },
    { "a draft that nobody counts", &meal_order_table, open_dine_in, ADD, "drafts", 1, AUDIT_answer_durable,
      "has not got" },
    { "an order of another shop", &meal_order_table, NULL, ADD, "shop_id", 1, AUDIT_answer_durable,
      "its shop does not exist" },
    { "an order of nobody", &meal_order_table, NULL, ADD, "shopper_id", 100, AUDIT_answer_durable,
      "its shopper does not exist" },
    { "an order in another currency", &meal_order_table, NULL, ADD, "currency", 1, AUDIT_answer_durable,
      "its currency" },
    { "an order that ended without a time", &meal_order_table, done, ADD, "ended_at_us", -INT64_MAX,
      AUDIT_answer_durable, "without a time" },
    { "more is on bills than was ordered", &meal_order_table, open_dine_in, ADD, "billed_minor", 1000000,
      AUDIT_money_conserved, "more is on bills" },
    { "nothing looks at an order", &meal_order_table, open_dine_in, ADD, "look_at_us", -INT64_MAX,
      AUDIT_reservation_kept, "nothing looks at it" },
    { "an order is looked at later", &meal_order_table, open_dine_in, ADD, "look_at_us", 1, AUDIT_reservation_kept,
      "timer" },
    { "a guest more", &meal_order_table, open_dine_in, ADD, "guests", 1, AUDIT_answer_durable, "its guests" },
    { "a guest that is nobody", &meal_guest_table, NULL, ADD, "shopper_id", 100, AUDIT_answer_durable,
      "it does not exist" },
    { "a bill of more", &meal_bill_table, NULL, ADD, "total_minor", 1, AUDIT_money_conserved, "its total" },
    { "a bill of more food", &meal_bill_table, paid_unearned, ADD, "food_minor", 1, AUDIT_money_conserved,
      "its total" },
    { "a bill is gone", &meal_bill_table, bill_waits, DROP, NULL, 0, AUDIT_money_conserved, "the food on its bills" },
    { "more is left of a bill", &meal_bill_table, paid_unearned, ADD, "food_left_minor", 1, AUDIT_money_conserved,
      "more is left of a part" },
    { "less is left of a bill", &meal_bill_table, paid_unearned, ADD, "food_left_minor", -1, AUDIT_money_conserved,
      "what was given back" },
    { "a bill of another trade", &meal_bill_table, bill_waits, ADD, "trade_id", 1, AUDIT_money_conserved,
      "bills and their trades" },
    { "a bill that was earned without moving", &meal_bill_table, paid_unearned, ADD, "earned", 1,
      AUDIT_money_conserved, "what was earned" },
    { "an earned bill of another transfer", &meal_bill_table, paid_earned, ADD, "earned_transfer_id", 1,
      AUDIT_money_conserved, "one to one" },
    { "a trade of another order", &trade_table, meal_trade, ADD, "line_id", 1, AUDIT_money_conserved,
      "bills and their trades" },
    { "a trade beside the escrow", &trade_table, meal_trade, ADD, "escrow", -1, AUDIT_answer_durable,
      "not in escrow" },
    { "earned by another trade", &transfer_table, earns, ADD, "reference_id", 1, AUDIT_money_conserved,
      "moves what no meal does" },
    { "given back by another trade", &transfer_table, returns, ADD, "reference_id", 1, AUDIT_money_conserved,
      "moves what no meal does" },
    { "tips of another shop", &transfer_table, tips, ADD, "reference_id", 1, AUDIT_money_conserved,
      "moves what no meal does" },
    { "a ticket of another order", &ticket_table, ticket_queued, ADD, "order_id", 1, AUDIT_answer_durable,
      "its tickets" },
    { "a ticket of a shop that is none", &ticket_table, NULL, ADD, "shop_id", 10, AUDIT_answer_durable,
      "its shop does not exist" },
    { "a ticket bumped without a time", &ticket_table, ticket_bumped, ADD, "bumped_at_us", -INT64_MAX,
      AUDIT_answer_durable, "does not go with its times" },
    { "a ticket due later", &ticket_table, ticket_queued, ADD, "due_at_us", 1, AUDIT_reservation_kept, "timer" },
    { "a ticket of more work", &ticket_table, ticket_queued, ADD, "minutes", 1, AUDIT_answer_durable,
      "work of slots" },
    { "a slot of more work", &kitchen_slot_table, NULL, ADD, "minutes", 1, AUDIT_answer_durable, "work of slots" },
    { "a slot of more orders", &kitchen_slot_table, NULL, ADD, "orders", 1, AUDIT_answer_durable, "orders of slots" },
    { "less than nothing in a slot", &kitchen_slot_table, NULL, ADD, "minutes", -1000, AUDIT_answer_durable,
      "less than nothing" },
    { "an order that took other minutes", &meal_order_table, taken_away, ADD, "minutes", 1, AUDIT_answer_durable,
      "minutes that it took" },
    { "two orders of one number", &meal_order_table, NULL, ADD, "number", 1, AUDIT_answer_durable,
      "numbers of a day" },
    { "a day of more tickets", &kitchen_day_table, NULL, ADD, "tickets", 1, AUDIT_answer_durable, "sums of a day" },
    { "a day of longer cooking", &kitchen_day_table, NULL, ADD, "cook_us", 1, AUDIT_answer_durable, "sums of a day" },
    { "a table of another order", &dining_table_table, table_taken, ADD, "order_id", 1, AUDIT_answer_durable,
      "tables and the orders" },
    { "a table of no shop", &dining_table_table, NULL, ADD, "shop_id", 10, AUDIT_answer_durable,
      "its shop does not exist" },
    { "a dish of another merchant", &dish_table, NULL, ADD, "merchant_id", 10, AUDIT_answer_durable,
      "its merchant does not exist" },
    { "a dish that costs less than nothing", &dish_table, NULL, ADD, "price_minor", -1000000, AUDIT_money_conserved,
      "its price is negative" },
    { "less than nothing is left", &dish_stock_table, NULL, ADD, "pieces_left", -1000, AUDIT_stock_kept,
      "less than nothing is left" },
    { "a kitchen of another merchant", &kitchen_table, NULL, ADD, "merchant_id", 10, AUDIT_answer_durable,
      "its shop does not exist" },
    { "a courier that nobody knows", &kitchen_table, NULL, ADD, "couriers.0.id", 1, AUDIT_answer_durable,
      "kitchens and their couriers" },
    { "a courier with more to bring", &courier_table, NULL, ADD, "open", 1, AUDIT_answer_durable,
      "what couriers have" },
    { "a courier that brought more", &courier_table, NULL, ADD, "delivered", 1, AUDIT_answer_durable,
      "what couriers have" },
    { "a courier that earned more", &courier_table, NULL, ADD, "earned_minor", 1, AUDIT_money_conserved,
      "what couriers earned" },
    { "a ride of another order", &ride_table, NULL, ADD, "order_id", 1, AUDIT_answer_durable,
      "rides and their orders" },
    { "a ride that nobody answers for", &ride_table, ride_assigned, ADD, "look_at_us", -INT64_MAX,
      AUDIT_reservation_kept, "nobody looks for a courier" },
    { "a ride without a courier", &ride_table, ride_assigned, ADD, "courier_id", -INT64_MAX, AUDIT_answer_durable,
      "it waits for a courier" },
    { "a ride that is elsewhere", &ride_table, ride_delivered, ADD, "state", 2, AUDIT_answer_durable,
      "do not stand where" },
    { "a ride that is over without a time", &ride_table, ride_delivered, ADD, "ended_at_us", -INT64_MAX,
      AUDIT_answer_durable, "over without a time" },
    { "a step that is not legal", &ride_step_table, step_pick_up, ADD, "to_state", 2, AUDIT_answer_durable,
      "not legal" },
    { "a step out of nowhere", &ride_step_table, step_pick_up, ADD, "from_state", -1, AUDIT_answer_durable,
      "where it comes from" },
    { "a step is missing", &ride_step_table, step_pick_up, DROP, NULL, 0, AUDIT_answer_durable, "its number" },
    { "the last step is missing", &ride_step_table, step_delivered, DROP, NULL, 0, AUDIT_answer_durable,
      "do not stand where" },
};

/* An order of each kind, in different states. */
static void books_make(struct stage *stage)
{
    struct dish_stock stock = { .shop_id = 1, .dish_id = 3, .counted = 1, .pieces_left = 10 };
    must(house_call(&stage->house, house_operator, &dish_stock, &stock, NULL));
    int64_t first = join(stage, 0, 1).order_id;
    join(stage, 0, 2);
    add(stage, first, 1, 1, 1);
    add(stage, first, 2, 2, 2);
    of_order(stage, &meal_send, first);
    split(stage, first, BILL_guests, 0);
    pay(stage, first, 1, 1, 10);
    pay(stage, first, 2, 0, 0); /* waits */
    add(stage, first, 2, 3, 1);

    int64_t second = join(stage, 1, 3).order_id;
    add(stage, second, 3, 1, 1);
    struct meal_order_row order = of_order(stage, &meal_send, second);
    struct ticket_mark bump = { .ticket_id = order.last_ticket_id, .action = TICKET_ACTION_bump };
    stage->house.now_us += US_PER_MINUTE;
    must(house_call(&stage->house, house_shop(1), &ticket_mark, &bump, NULL));
    split(stage, second, BILL_whole, 0);
    pay(stage, second, 1, 3, 10);
    struct meal_return back = { second, 1, 100, "cold" };
    must(house_call(&stage->house, house_shop(1), &meal_return, &back, NULL));
    struct tips_pay staff = { .shop_id = 1, .shopper_id = 4, .amount_minor = 5 };
    must(house_call(&stage->house, house_operator, &tips_pay, &staff, NULL));

    place(stage, away(stage, 4, MEAL_take_away), 4, 0);
    for (int i = 0; i < 2; i++) {
        report(stage);
        order = place(stage, away(stage, 5, MEAL_delivery), 5, 20);
        struct ride_assign assign = { .ride_id = order.ride_id };
        bump.ticket_id = order.last_ticket_id;
        must(house_call(&stage->house, house_shop(1), &ride_assign, &assign, NULL));
        if (i == 1) {
            break;
        }
        must(house_call(&stage->house, house_shop(1), &ticket_mark, &bump, NULL));
        must(ride_to(stage, order.ride_id, RIDE_accepted));
        must(ride_to(stage, order.ride_id, RIDE_at_kitchen));
        must(ride_to(stage, order.ride_id, RIDE_picked_up));
        must(ride_to(stage, order.ride_id, RIDE_at_door));
        must(ride_to(stage, order.ride_id, RIDE_delivered));
    }
}

static void the_audit_names_every_corruption(void **state)
{
    struct stage *stage = *state;
    static struct audit_report report;
    books_make(stage);
    if (!house_audit(&stage->house, &report)) {
        fail_msg("%s", report.first.sentence);
    }
    assert_int_equal(report.tables[meal_order_table.number].rows, 5);
    assert_int_equal(report.tables[ride_table.number].rows, 2);
    assert_int_equal(forged_missed(&stage->house, corruptions, COUNT_OF(corruptions)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_audit_names_every_corruption, stage_open, stage_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
