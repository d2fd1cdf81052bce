/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meals by chance: many guests, waiters, cooks and couriers do whatever comes to their minds, and the books hold at
 * every moment; money is where it should be; rides make legal moves only.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/hash.h"
#include "lines/local/meal_internal.h"
#include "local_meal_stage.h"

#define RECENT 5

/* ---- money ---- */

/* Whoever pays, and in whatever way trades are paid: the bill is paid, and its money waits. */
static void a_bill_is_paid_like_any_trade(void **state)
{
    struct stage *stage = *state;
    int64_t order_id = join(stage, 0, 1).order_id;
    add(stage, order_id, 1, 1, 2);
    of_order(stage, &meal_send, order_id);
    split(stage, order_id, BILL_whole, 0);
    struct meal_order_row order = pay(stage, order_id, 1, 0, 0);
    struct meal_bill_row bill = bill_row(stage, order_id, 1);
    assert_int_equal(bill.state, BILL_waiting);
    assert_int_equal(bill.total_minor, 3998 + 500);
    struct qr_pay scan = { .qr = "onetill", .qr_kind = 1, .qr_id = bill.trade_id, .confirmed = 1 };
    must(house_call(&stage->house, house_shopper(3), &qr_pay, &scan, NULL)); /* who does not even sit there */
    bill = bill_row(stage, order_id, 1);
    assert_int_equal(bill.state, BILL_paid);
    assert_int_equal(bill.shopper_id, 3);
    assert_int_equal(house_balance(&stage->house, bill.trade_id, PURPOSE_escrow, UNIT_CNY), 4498);
    assert_int_equal(house_balance(&stage->house, 1, PURPOSE_takings, UNIT_CNY), 0);
    struct trade_refund refund = { .trade_id = bill.trade_id, .out_request_no = "R", .amount_minor = 1 };
    assert_int_equal(house_call(&stage->house, house_shop(1), &trade_refund, &refund, NULL), REFUSAL_refund_elsewhere);
    order = of_order(stage, &meal_close, order_id);
    assert_int_equal(order.state, MEAL_done);
    assert_int_equal(order.tickets_open, 0);
    assert_int_equal(house_balance(&stage->house, 1, PURPOSE_takings, UNIT_CNY), 4498);
    assert_int_equal(house_balance(&stage->house, bill.trade_id, PURPOSE_escrow, UNIT_CNY), 0);
}

/* The last payment of a table whose dishes are all out ends the meal by itself. */
static void the_last_payment_ends_a_meal(void **state)
{
    struct stage *stage = *state;
    int64_t order_id = join(stage, 0, 1).order_id;
    join(stage, 0, 2);
    add(stage, order_id, 1, 1, 1);
    struct meal_order_row order = of_order(stage, &meal_send, order_id);
    struct ticket_mark bump = { .ticket_id = order.last_ticket_id, .action = TICKET_ACTION_bump };
    must(house_call(&stage->house, house_shop(1), &ticket_mark, &bump, NULL));
    split(stage, order_id, BILL_evenly, 2);
    assert_int_equal(pay(stage, order_id, 1, 1, 3).state, MEAL_open);
    order = pay(stage, order_id, 2, 2, 0);
    assert_int_equal(order.state, MEAL_done);
    assert_int_equal(house_balance(&stage->house, 1, PURPOSE_takings, UNIT_CNY), 1999 + 250);
    assert_int_equal(house_balance(&stage->house, 1, PURPOSE_tips, UNIT_CNY), 3);
    assert_int_not_equal(join(stage, 0, 3).order_id, order_id); /* the table is free for others */
}

/* Called off, everything comes back, whatever it was paid with and however far the ride was. */
static void what_is_called_off_comes_back(void **state)
{
    struct stage *stage = *state;
    int64_t order_id = away(stage, 1, MEAL_delivery);
    report(stage);
    struct meal_order_row order = place(stage, order_id, 1, 40);
    assert_int_equal(house_balance(&stage->house, 1, PURPOSE_wallet, UNIT_CNY), MONEY_MINOR - 999 - 333 - 40);
    struct ride_assign assign = { .ride_id = order.ride_id };
    must(house_call(&stage->house, house_shop(1), &ride_assign, &assign, NULL));
    must(ride_to(stage, order.ride_id, RIDE_accepted));
    order = of_order(stage, &meal_cancel, order_id);
    assert_int_equal(order.returned_minor, 999 + 333 + 40);
    assert_int_equal(house_balance(&stage->house, 1, PURPOSE_wallet, UNIT_CNY), MONEY_MINOR);
    struct kitchen_slot_row slot = { .shop_id = 1,
                                     .slot_at_us = kitchen_slot_of(order.ready_by_us - 1, 10) };
    assert_true(house_row(&stage->house, &kitchen_slot_table, &slot));
    assert_int_equal(slot.minutes, 0);
    assert_int_equal(slot.orders, 0);
    struct courier_row courier = { .courier_id = COURIER };
    assert_true(house_row(&stage->house, &courier_table, &courier));
    assert_int_equal(courier.open, 0);
}

/* ---- rides ---- */

/* The moves that a ride may make, written down once more. */
static const struct {
    enum ride_state from, to;
} legal[] = {
    { RIDE_waiting, RIDE_assigned },    { RIDE_waiting, RIDE_cancelled },   { RIDE_assigned, RIDE_accepted },
    { RIDE_assigned, RIDE_waiting },    { RIDE_assigned, RIDE_cancelled },  { RIDE_accepted, RIDE_at_kitchen },
    { RIDE_accepted, RIDE_waiting },    { RIDE_accepted, RIDE_cancelled },  { RIDE_at_kitchen, RIDE_picked_up },
    { RIDE_at_kitchen, RIDE_waiting },  { RIDE_at_kitchen, RIDE_cancelled }, { RIDE_picked_up, RIDE_at_door },
    { RIDE_picked_up, RIDE_failed },    { RIDE_at_door, RIDE_delivered },   { RIDE_at_door, RIDE_failed },
    { RIDE_failed, RIDE_picked_up },    { RIDE_failed, RIDE_returned },
};

static void rides_make_legal_moves_only(void **state)
{
    (void)state;
    for (int from = -1; from <= RIDE_STATE_COUNT; from++) {
        for (int to = -1; to <= RIDE_STATE_COUNT; to++) {
            bool may = false;
            for (size_t i = 0; i < COUNT_OF(legal); i++) {
                may = may || ((int)legal[i].from == from && (int)legal[i].to == to);
            }
            assert_int_equal(ride_may((enum ride_state)from, (enum ride_state)to), may);
        }
    }
}

/* The door refuses exactly the others, from each state that a ride can be in. */
static void the_commands_make_no_others(void **state)
{
    static const enum ride_state path[] = { RIDE_accepted, RIDE_at_kitchen, RIDE_picked_up, RIDE_at_door };
    struct stage *stage = *state;
    int64_t order_id = away(stage, 1, MEAL_delivery);
    report(stage);
    struct meal_order_row order = place(stage, order_id, 1, 40);
    struct ticket_mark bump = { .ticket_id = order.last_ticket_id, .action = TICKET_ACTION_bump };
    struct ride_assign assign = { .ride_id = order.ride_id };
    must(house_call(&stage->house, house_shop(1), &ride_assign, &assign, NULL));
    must(house_call(&stage->house, house_shop(1), &ticket_mark, &bump, NULL));
    for (size_t i = 0; i <= COUNT_OF(path); i++) {
        struct ride_row ride = { .ride_id = order.ride_id };
        assert_true(house_row(&stage->house, &ride_table, &ride));
        for (int to = 1; to < RIDE_STATE_COUNT; to++) {
            if (!ride_may((enum ride_state)ride.state, (enum ride_state)to)) {
                assert_int_equal(ride_to(stage, order.ride_id, (enum ride_state)to), REFUSAL_move_illegal);
            }
        }
        if (i < COUNT_OF(path)) {
            must(ride_to(stage, order.ride_id, path[i]));
        }
    }
    must(ride_to(stage, order.ride_id, RIDE_delivered));
    assert_int_equal(house_balance(&stage->house, COURIER, PURPOSE_wallet, UNIT_CNY), 373);
    assert_int_equal(house_balance(&stage->house, 1, PURPOSE_takings, UNIT_CNY), 999);
}

/* ---- by chance ---- */

struct chance {
    struct stage *stage;
    uint64_t random;
    int64_t orders[RECENT], tickets[RECENT], rides[RECENT]; /* some of those that were answered lately */
    uint64_t accepted, refused;
};

static int64_t below(struct chance *chance, int64_t bound)
{
    chance->random += UINT64_C(0x9e3779b97f4a7c15);
    return (int64_t)(hash_mix(chance->random) % (uint64_t)bound);
}

static void remember(int64_t *list, struct chance *chance, int64_t id)
{
    if (id != 0) {
        list[below(chance, RECENT)] = id;
    }
}

/* A call that may well be refused; what it answers of an order is remembered. */
static void try(struct chance *chance, const struct command *command, const void *request)
{
    static union {
        struct meal_order_row order;
        uint8_t bytes[ROW_SIZE_MAX];
    } answer;
    int64_t who = below(chance, 3 * SHOPPERS);
    struct caller caller = who == 0 ? house_operator : who > SHOPPERS ? house_shop(1) : house_shopper(who);
    bool keyed = (command->flags & COMMAND_unkeyed) == 0;
    memset(&answer, 0, sizeof(answer));
    if ((command->callers & 1u << (unsigned)caller.kind) == 0) {
        return;
    }
    enum refusal refusal = keyed ? house_call(&chance->stage->house, caller, command, request, &answer)
                                 : house_call_keyed(&chance->stage->house, caller, command, request, &answer, NULL);
    chance->accepted += refusal == REFUSAL_none;
    chance->refused += refusal != REFUSAL_none;
    if (refusal == REFUSAL_none && command->answer == &meal_order_table.shape) {
        remember(chance->orders, chance, answer.order.order_id);
        remember(chance->tickets, chance, answer.order.last_ticket_id);
        remember(chance->rides, chance, answer.order.ride_id);
    }
}

/* What people would do with an order as it stands: the cases of try_order. */
static int64_t sensible(struct chance *chance, const struct meal_order_row *order)
{
    bool here = order->kind == MEAL_dine_in;
    if (order->bills_unpaid > 0) {
        return 9;
    }
    if (order->drafts > 0 && below(chance, 3) > 0) {
        return here ? below(chance, 2) == 0 ? 4 : 7 : 5;
    }
    if (here && order->food_minor > order->billed_minor && below(chance, 2) == 0) {
        return 7;
    }
    return order->paid_minor > 0 && below(chance, 3) > 0 ? 15 : 0;
}

/* Mostly what makes sense, and often enough what does not. */
static void try_order(struct chance *chance, int64_t order_id)
{
    struct meal_ref ref = { order_id };
    struct meal_order_row order = { .order_id = order_id };
    bool ended = !house_row(&chance->stage->house, &meal_order_table, &order) || order.state >= MEAL_done;
    if (ended && below(chance, 8) > 0) {
        return;
    }
    struct meal_add more = { .order_id = order_id, .dish_id = 1 + below(chance, 5),
                             .pieces = 1 + (int32_t)below(chance, 3), .for_all = (int32_t)below(chance, 2),
                             .options_count = (int32_t)below(chance, 2),
                             .options = { { 1 + (int32_t)below(chance, 2) } } };
    struct meal_line_change change = { order_id, 1 + (int32_t)below(chance, order.lines + 1), (int32_t)below(chance, 3),
                                       "" };
    struct meal_place placed = { .order_id = order_id, .tip_minor = below(chance, 50), .confirmed = 1,
                                 .pay_later = (int32_t)below(chance, 2), .cook_first = below(chance, 4) == 0 };
    struct meal_split parts = { .order_id = order_id, .mode = 1 + (int32_t)below(chance, 4),
                                .parts = 1 + (int32_t)below(chance, 4), .lines_count = 1, .lines = { { 1 } } };
    struct meal_pay paid = { .order_id = order_id, .bill = 1 + (int32_t)below(chance, order.bills + 1), .confirmed = 1,
                             .tip_minor = below(chance, 20), .pay_later = below(chance, 5) == 0 };
    struct meal_return back = { order_id, 1 + (int32_t)below(chance, order.bills + 1), 1 + below(chance, 400), "" };
    switch (below(chance, 4) == 0 ? below(chance, 18) : sensible(chance, &order)) {
    case 0:
    case 1:
    case 2:
        try(chance, &meal_add, &more);
        break;
    case 3:
        try(chance, &meal_line_change, &change);
        break;
    case 4:
        try(chance, &meal_send, &ref);
        break;
    case 5:
    case 6:
        try(chance, &meal_place, &placed);
        break;
    case 7:
        try(chance, &meal_split, &parts);
        break;
    case 8:
        try(chance, &meal_unsplit, &ref);
        break;
    case 9:
    case 10:
    case 11:
    case 12:
    case 13:
        try(chance, &meal_pay, &paid);
        break;
    case 14:
        try(chance, &meal_return, &back);
        break;
    case 15:
        try(chance, &meal_close, &ref);
        break;
    default:
        try(chance, below(chance, 8) == 0 ? &meal_cancel : &meal_send, &ref);
        break;
    }
}

static void try_anything(struct chance *chance)
{
    struct stage *stage = chance->stage;
    size_t table = (size_t)below(chance, TABLES);
    struct meal_join sit = { .table_id = stage->tables[table], .shopper_id = 1 + below(chance, SHOPPERS) };
    struct meal_open begin = { .shop_id = 1, .kind = 2 + (int32_t)below(chance, 2), .address = "here",
                               .latitude_e6 = 30284100, .longitude_e6 = 120155100 };
    struct ticket_mark mark = { chance->tickets[below(chance, RECENT)],
                                below(chance, 3) > 0 ? TICKET_ACTION_bump : 1 + (int32_t)below(chance, 4) };
    struct ride_assign assign = { chance->rides[below(chance, RECENT)], 0 };
    struct ride_move move = { chance->rides[below(chance, RECENT)], 1 + (int32_t)below(chance, 10), "" };
    struct ride_row ride = { .ride_id = move.ride_id };
    struct dish_stock stock = { .shop_id = 1, .dish_id = 1 + below(chance, 4), .counted = (int32_t)below(chance, 2),
                                .pieces_left = below(chance, 30), .sold_out = below(chance, 20) == 0 };
    if (below(chance, 4) > 0 && house_row(&stage->house, &ride_table, &ride)) {
        move.state = ride.state == RIDE_waiting ? RIDE_assigned : ride.state + 1; /* most rides go well */
    }
    memcpy(sit.code, stage->codes[table], sizeof(sit.code));
    switch (below(chance, 30)) {
    case 0:
    case 1:
        try(chance, &meal_join, &sit);
        break;
    case 2:
        if (below(chance, 3) == 0) {
            try(chance, &meal_open, &begin);
        }
        break;
    case 3:
    case 4:
    case 5:
        try(chance, &ticket_mark, &mark);
        break;
    case 6:
        try(chance, &ride_assign, &assign);
        break;
    case 7:
    case 8:
    case 9:
        try(chance, &ride_move, &move);
        break;
    case 10:
        try(chance, &dish_stock, &stock);
        break;
    case 11:
    case 12:
    case 13:
        move.state = ride.state + 1;
        try(chance, &ride_move, &move);
        break;
    case 14:
        stage->house.now_us += below(chance, 8) == 0 ? 5 * US_PER_MINUTE : 10 * US_PER_SECOND;
        house_settle(&stage->house);
        report(stage);
        break;
    default:
        try_order(chance, chance->orders[below(chance, RECENT)]);
        break;
    }
}

static int64_t purpose_sum(struct house *house)
{
    int64_t sum = house_balance(house, 1, PURPOSE_takings, UNIT_CNY) + house_balance(house, 1, PURPOSE_tips, UNIT_CNY);
    for (int64_t id = 1; id <= COURIER; id++) {
        sum += house_balance(house, id, PURPOSE_wallet, UNIT_CNY);
    }
    return sum;
}

struct left_over {
    int64_t ids[1000];
    size_t count;
};

static bool ride_note(void *context, const void *row)
{
    struct left_over *left = context;
    const struct ride_row *ride = row;
    if (ride->ended_at_us == 0 && left->count < COUNT_OF(left->ids)) {
        left->ids[left->count++] = ride->ride_id;
    }
    return true;
}

static bool order_note(void *context, const void *row)
{
    struct left_over *left = context;
    const struct meal_order_row *order = row;
    if (order->state < MEAL_done && left->count < COUNT_OF(left->ids)) {
        left->ids[left->count++] = order->order_id;
    }
    return true;
}

static void scan(struct stage *stage, const struct table *table, bool (*note)(void *, const void *),
                 struct left_over *left)
{
    struct reader *reader = store_reader_open(stage->house.store);
    left->count = 0;
    assert_int_equal(reader->ops->scan(reader, table, (struct span){ NULL, 0 }, note, left), STATUS_ok);
    reader->ops->close(reader);
}

/* Every ride that is not over comes back. */
static void rides_end(struct stage *stage)
{
    static struct left_over left;
    scan(stage, &ride_table, ride_note, &left);
    for (size_t i = 0; i < left.count; i++) {
        (void)ride_to(stage, left.ids[i], RIDE_cancelled);
        (void)ride_to(stage, left.ids[i], RIDE_failed);
        (void)ride_to(stage, left.ids[i], RIDE_returned);
    }
}

/* What is paid in part, or cooked and not paid, only people can end. */
static void orders_end(struct stage *stage)
{
    static struct left_over left;
    scan(stage, &meal_order_table, order_note, &left);
    for (size_t i = 0; i < left.count; i++) {
        assert_int_equal(of_order(stage, &meal_cancel, left.ids[i]).state, MEAL_cancelled);
    }
}

static void whatever_people_do_the_books_hold(void **state)
{
    struct stage *stage = *state;
    struct chance chance = { .stage = stage, .random = 13 };
    report(stage);
    for (int step = 0; step < 20000; step++) {
        if (step % 3000 == 1500) {
            kitchen_make(&stage->house, step / 3000 % 2);
        }
        try_anything(&chance);
        if (step % 400 == 0) {
            books_check(&stage->house);
        }
    }
    assert_true(chance.accepted > 1500 && chance.refused > 1500);
    /* With all couriers back everything comes to its end, and no money stays in an escrow. */
    rides_end(stage);
    for (int hour = 0; hour < 80; hour++) {
        stage->house.now_us += US_PER_HOUR;
        house_settle(&stage->house);
    }
    orders_end(stage);
    books_check(&stage->house);
    assert_int_equal(purpose_sum(&stage->house), SHOPPERS * (int64_t)MONEY_MINOR);
    /* Of everything there was something: meals that were eaten, tips, rides to the end. */
    assert_true(house_balance(&stage->house, 1, PURPOSE_takings, UNIT_CNY) > 2000);
    assert_true(house_balance(&stage->house, 1, PURPOSE_tips, UNIT_CNY) > 10);
    assert_true(house_balance(&stage->house, COURIER, PURPOSE_wallet, UNIT_CNY) > 300);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(a_bill_is_paid_like_any_trade),
        STAGED(the_last_payment_ends_a_meal),
        STAGED(what_is_called_off_comes_back),
        cmocka_unit_test(rides_make_legal_moves_only),
        STAGED(the_commands_make_no_others),
        STAGED(whatever_people_do_the_books_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
