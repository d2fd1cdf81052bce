/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meals by chance: many guests, waiters, cooks and couriers do whatever comes to their minds, and the books hold at
 * every moment; money is where it should be; rides make legal moves only; and the audit names each of a list of
 * corruptions of their rows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/civil.h"
#include "base/hash.h"
#include "lines/local/local.h"
#include "lines/local/meal_internal.h"
#include "lines/product.h"
#include "support/forged.h"

#define SHOPPERS 6
#define COURIER 7
#define TABLES 3
#define MONEY_MINOR 10000000
#define RECENT 5

struct stage {
    struct house house;
    int64_t tables[TABLES];
    char codes[TABLES][TABLE_CODE_SIZE];
};

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fail_msg("refused: %s", refusal_text((int)refusal)->name);
    }
}

static void kitchen_make(struct house *house, int32_t pay_first)
{
    struct kitchen_change kitchen = { .shop_id = 1,
                                      .open = 1,
                                      .latitude_e6 = 30274100,
                                      .longitude_e6 = 120155100,
                                      .pay_first = pay_first,
                                      .service_bp = 1250,
                                      .slot_minutes = 10,
                                      .slot_capacity = 60,
                                      .lead_minutes = 5,
                                      .session_minutes = 60,
                                      .delivers = 1,
                                      .delivery_radius_m = 5000,
                                      .delivery_fee_minor = 333,
                                      .stations_count = 2,
                                      .stations = { { 1, "hot" }, { 2, "bar" } } };
    must(house_call(house, house_operator, &kitchen_change, &kitchen, NULL));
}

static void menu_make(struct house *house)
{
    static const int64_t prices[] = { 1999, 333, 101, 7 };
    for (int32_t i = 0; i < 4; i++) {
        struct dish_put dish = { .merchant_id = 1,
                                 .dish_id = i + 1,
                                 .price_minor = prices[i],
                                 .minutes = 3,
                                 .station = (i + 1) % 3,
                                 .groups_count = 1,
                                 .groups = { { 1, "extra", 0, 2 } },
                                 .options_count = 2,
                                 .options = { { 1, 1, "egg", 5 }, { 2, 1, "less", -3 } } };
        snprintf(dish.name, sizeof(dish.name), "dish %d", i);
        must(house_call(house, house_operator, &dish_put, &dish, NULL));
    }
}

static int stage_open(void **state)
{
    static struct stage stage;
    struct house *house = &stage.house;
    struct merchant_create merchant = { .merchant_id = 1, .name = "Lotus" };
    struct shop_create shop = { .shop_id = 1, .merchant_id = 1, .name = "Lake" };
    house_open_memory(house, NULL);
    must(house_call(house, house_operator, &merchant_create, &merchant, NULL));
    must(house_call(house, house_operator, &shop_create, &shop, NULL));
    for (int64_t id = 1; id <= COURIER; id++) {
        struct shopper_create shopper = { .shopper_id = id };
        struct wallet_move money = { .shopper_id = id, .amount_minor = MONEY_MINOR };
        must(house_call(house, house_operator, &shopper_create, &shopper, NULL));
        if (id < COURIER) {
            must(house_call(house, house_operator, &wallet_top_up, &money, NULL));
        }
    }
    kitchen_make(house, 0);
    menu_make(house);
    for (size_t i = 0; i < TABLES; i++) {
        struct table_put want = { .shop_id = 1, .name = "T", .seed = (int64_t)i };
        struct dining_table_row table;
        must(house_call(house, house_operator, &table_put, &want, &table));
        stage.tables[i] = table.table_id;
        memcpy(stage.codes[i], table.code, sizeof(table.code));
    }
    struct courier_enlist courier = { .shop_id = 1, .courier_id = COURIER, .name = "Wu", .open_most = 4 };
    must(house_call(house, house_operator, &courier_enlist, &courier, NULL));
    *state = &stage;
    return 0;
}

static void books_check(struct house *house)
{
    static struct audit_report report;
    if (!house_audit(house, &report)) {
        fail_msg("%s", report.first.sentence);
    }
}

static int stage_close(void **state)
{
    struct stage *stage = *state;
    static struct audit_report report;
    bool holds = house_audit(&stage->house, &report);
    if (!holds) {
        print_message("# %s\n", report.first.sentence);
    }
    house_close(&stage->house);
    return holds ? 0 : 1;
}

/* ---- single steps ---- */

static struct meal_order_row join(struct stage *stage, size_t table, int64_t shopper_id)
{
    struct meal_join want = { .table_id = stage->tables[table] };
    struct meal_order_row order;
    memcpy(want.code, stage->codes[table], sizeof(want.code));
    must(house_call(&stage->house, house_shopper(shopper_id), &meal_join, &want, &order));
    return order;
}

static void add(struct stage *stage, int64_t order_id, int64_t shopper_id, int64_t dish_id, int32_t pieces)
{
    struct meal_add want = { .order_id = order_id, .dish_id = dish_id, .pieces = pieces };
    must(house_call(&stage->house, house_shopper(shopper_id), &meal_add, &want, NULL));
}

static struct meal_order_row of_order(struct stage *stage, const struct command *command, int64_t order_id)
{
    struct meal_ref want = { .order_id = order_id };
    struct meal_order_row order;
    must(house_call(&stage->house, house_shop(1), command, &want, &order));
    return order;
}

static void split(struct stage *stage, int64_t order_id, enum bill_mode mode, int32_t parts)
{
    struct meal_split want = { .order_id = order_id, .mode = (int32_t)mode, .parts = parts };
    must(house_call(&stage->house, house_shop(1), &meal_split, &want, NULL));
}

static struct meal_order_row pay(struct stage *stage, int64_t order_id, int32_t bill, int64_t shopper_id, int64_t tip)
{
    struct meal_pay want = { .order_id = order_id, .bill = bill, .tip_minor = tip, .confirmed = 1 };
    struct meal_order_row order;
    struct caller caller = shopper_id != 0 ? house_shopper(shopper_id) : house_shop(1);
    must(house_call(&stage->house, caller, &meal_pay, &want, &order));
    return order;
}

static struct meal_bill_row bill_row(struct stage *stage, int64_t order_id, int32_t bill)
{
    struct meal_bill_row row = { .order_id = order_id, .bill = bill };
    assert_true(house_row(&stage->house, &meal_bill_table, &row));
    return row;
}

static void report(struct stage *stage)
{
    struct courier_report want = { .courier_id = COURIER, .on_duty = 1, .latitude_e6 = 30275100,
                                   .longitude_e6 = 120155100 };
    must(house_call_keyed(&stage->house, house_shopper(COURIER), &courier_report, &want, NULL, NULL));
}

static int64_t away(struct stage *stage, int64_t shopper_id, enum meal_kind kind)
{
    struct meal_open want = { .shop_id = 1, .kind = (int32_t)kind, .address = "here", .latitude_e6 = 30284100,
                              .longitude_e6 = 120155100 };
    struct meal_order_row order;
    must(house_call(&stage->house, house_shopper(shopper_id), &meal_open, &want, &order));
    add(stage, order.order_id, shopper_id, 2, 3);
    return order.order_id;
}

static struct meal_order_row place(struct stage *stage, int64_t order_id, int64_t shopper_id, int64_t tip)
{
    struct meal_place want = { .order_id = order_id, .tip_minor = tip, .confirmed = 1 };
    struct meal_order_row order;
    must(house_call(&stage->house, house_shopper(shopper_id), &meal_place, &want, &order));
    return order;
}

static enum refusal ride_to(struct stage *stage, int64_t ride_id, enum ride_state to)
{
    struct ride_move want = { .ride_id = ride_id, .state = (int32_t)to };
    return house_call(&stage->house, house_shop(1), &ride_move, &want, NULL);
}

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
    struct meal_add more = { .order_id = order_id, .dish_id = 1 + below(chance, 5), .pieces = 1 + (int32_t)below(chance, 3),
                             .for_all = (int32_t)below(chance, 2), .options_count = (int32_t)below(chance, 2),
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

/* ---- the audit ---- */

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

static bool returns(const void *row)
{
    return ((const struct transfer_row *)row)->cause == CAUSE_meal_return;
}

static bool meal_trade(const void *row)
{
    return ((const struct trade_row *)row)->line_kind == LOCAL_meal;
}

static const struct corruption corruptions[] = {
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
    { "a ride of another order", &ride_table, NULL, ADD, "order_id", 1, AUDIT_answer_durable, "rides and their orders" },
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
        STAGED(the_audit_names_every_corruption),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
