/* SPDX-License-Identifier: Apache-2.0 */
/* Meals: a table with several phones, kitchen, bills and rides; what was answered is there, whatever happened. */
#include <stdio.h>

#include "base/civil.h"
#include "lines/local/meal.h"
#include "sim/wishes.h"
#include "support/house.h"

#define SHOP INT64_C(1)
#define DISHES 2
#define COURIER INT64_C(5)
#define NORTH_E6 30274100
#define EAST_E6 120155100

/* ---- what there is ---- */

static void meals_set_up(struct world *world)
{
    struct kitchen_change kitchen = { .shop_id = SHOP, .open = 1, .latitude_e6 = NORTH_E6, .longitude_e6 = EAST_E6,
                                      .service_bp = world_pick(world, 2) * 1000, .delivers = 1,
                                      .delivery_radius_m = 3000, .delivery_fee_minor = 50, .stations_count = 2,
                                      .pay_first = world_pick(world, 2), .session_minutes = 90 };
    struct table_put table = { .shop_id = SHOP, .name = "7", .seats = 4, .seed = (int64_t)world->seed };
    struct courier_enlist courier = { .shop_id = SHOP, .courier_id = COURIER, .name = "Wang" };
    for (int32_t i = 0; i < kitchen.stations_count; i++) {
        kitchen.stations[i].station = i + 1;
        snprintf(kitchen.stations[i].name, sizeof(kitchen.stations[i].name), "station %d", i + 1);
    }
    set_up_call(world, house_operator, &kitchen_change, &kitchen, 0);
    for (int64_t i = 1; i <= DISHES; i++) {
        struct dish_put dish = { .merchant_id = 1, .dish_id = i, .name = "a dish", .price_minor = 20 + 33 * i,
                                 .minutes = 5, .station = (int32_t)i };
        set_up_call(world, house_operator, &dish_put, &dish, 0);
    }
    set_up_call(world, house_operator, &table_put, &table, 0);
    set_up_call(world, house_operator, &courier_enlist, &courier, 0);
}

/* ---- what is wanted ---- */

static bool shows_order(const struct intent *intent)
{
    return intent->command->answer == &meal_order_table.shape;
}

static bool makes_table(const struct intent *intent)
{
    return intent->command == &table_put;
}

static void wish_join(struct world *world)
{
    const struct intent *made = NULL;
    for (int i = 0; i < world->intent_count && made == NULL; i++) {
        made = makes_table(&world->intents[i]) ? &world->intents[i] : NULL;
    }
    const struct dining_table_row *table = (const void *)made->answer;
    struct meal_join want = { .table_id = table->table_id };
    struct intent *intent = intent_new(world, house_shopper(1 + world_pick(world, SHOPPERS)), &meal_join);
    memcpy(want.code, table->code, sizeof(want.code));
    memcpy(intent->request, &want, sizeof(want));
}

static void wish_open(struct world *world)
{
    bool brought = world_chance(world, 50);
    struct meal_open want = { .shop_id = SHOP, .kind = brought ? MEAL_delivery : MEAL_take_away,
                              .contact = "Han", .phone = "138" };
    if (brought) {
        snprintf(want.address, sizeof(want.address), "1 West Lake Road");
        want.latitude_e6 = NORTH_E6 + 9000;
        want.longitude_e6 = EAST_E6;
    }
    struct intent *intent = intent_new(world, house_shopper(1 + world_pick(world, SHOPPERS)), &meal_open);
    memcpy(intent->request, &want, sizeof(want));
}

/* Whoever sees it: who opened it, or the shop. */
static struct caller caller_of(struct world *world, const struct meal_order_row *order)
{
    bool staff = order->shopper_id == 0 || world_chance(world, 30);
    return staff ? house_shop(SHOP) : house_shopper(order->shopper_id);
}

static void wish_add(struct world *world)
{
    const struct intent *shown = wish_done(world, shows_order);
    if (shown == NULL) {
        wish_join(world);
        return;
    }
    const struct meal_order_row *order = (const void *)shown->answer;
    struct meal_add want = { .order_id = order->order_id, .dish_id = 1 + world_pick(world, DISHES),
                             .pieces = 1 + world_pick(world, 2), .for_all = world_pick(world, 2) };
    struct meal_line_change less = { .order_id = order->order_id, .line = 1 + world_pick(world, 3),
                                     .pieces = world_pick(world, 3) };
    bool more = world_chance(world, 80);
    struct intent *intent = intent_new(world, caller_of(world, order), more ? &meal_add : &meal_line_change);
    memcpy(intent->request, more ? (const void *)&want : (const void *)&less, intent->command->request->size);
}

/* To the kitchen; a table sends, whoever takes it along or has it brought pays with it. */
static void wish_place(struct world *world)
{
    const struct intent *shown = wish_done(world, shows_order);
    if (shown == NULL) {
        wish_open(world);
        return;
    }
    const struct meal_order_row *order = (const void *)shown->answer;
    struct meal_place want = { .order_id = order->order_id, .tip_minor = world_pick(world, 2) * 7,
                               .pay_later = world_chance(world, 25), .confirmed = 1 };
    const struct command *command = order->kind == MEAL_dine_in ? &meal_send : &meal_place;
    struct intent *intent = intent_new(world, caller_of(world, order), command);
    memcpy(intent->request, &want, command->request->size);
}

static void wish_bill(struct world *world)
{
    const struct intent *shown = wish_done(world, shows_order);
    if (shown == NULL) {
        wish_join(world);
        return;
    }
    const struct meal_order_row *order = (const void *)shown->answer;
    struct meal_split split = { .order_id = order->order_id, .mode = 1 + world_pick(world, 3), .parts = 2 };
    struct meal_pay pay = { .order_id = order->order_id, .bill = 1 + world_pick(world, 2),
                            .shopper_id = 1 + world_pick(world, SHOPPERS), .tip_minor = world_pick(world, 2) * 5,
                            .pay_later = world_chance(world, 25), .confirmed = 1 };
    struct meal_return back = { .order_id = order->order_id, .bill = 1 + world_pick(world, 2),
                                .amount_minor = 1 + world_pick(world, 40) };
    int which = world_pick(world, 20);
    const struct command *command = which < 6    ? &meal_split
                                    : which < 14 ? &meal_pay
                                    : which < 16 ? &meal_unsplit
                                                 : &meal_return;
    const void *request = command == &meal_pay      ? (const void *)&pay
                          : command == &meal_return ? (const void *)&back
                                                    : (const void *)&split;
    struct caller caller = command == &meal_pay ? house_shopper(pay.shopper_id) : caller_of(world, order);
    struct intent *intent = intent_new(world, command == &meal_return ? house_shop(SHOP) : caller, command);
    memcpy(intent->request, request, command->request->size);
}

static void wish_end(struct world *world)
{
    const struct intent *shown = wish_done(world, shows_order);
    if (shown == NULL) {
        wish_open(world);
        return;
    }
    const struct meal_order_row *order = (const void *)shown->answer;
    bool close = world_chance(world, 60);
    struct intent *intent = intent_new(world, close ? house_shop(SHOP) : caller_of(world, order),
                                       close ? &meal_close : &meal_cancel);
    memcpy(intent->request, &order->order_id, sizeof(order->order_id));
}

/* Where the ride of an order was last seen; 0: nobody looked. */
static int32_t ride_seen(const struct world *world, int64_t ride_id)
{
    int32_t state = 0;
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        const struct ride_row *ride = (const void *)intent->answer;
        bool told = intent->command == &ride_assign || intent->command == &ride_move;
        if (told && intent->known && intent->refusal == REFUSAL_none && ride->ride_id == ride_id) {
            state = ride->state;
        }
    }
    return state;
}

/* The shop pays tips to its staff, or says what is left of a dish. */
static void wish_house(struct world *world)
{
    struct tips_pay tips = { .shop_id = SHOP, .shopper_id = 1 + world_pick(world, SHOPPERS),
                             .amount_minor = 1 + world_pick(world, 9) };
    struct dish_stock stock = { .shop_id = SHOP, .dish_id = 1 + world_pick(world, DISHES),
                                .sold_out = world_chance(world, 20), .counted = world_pick(world, 2),
                                .pieces_left = world_pick(world, 9) };
    bool pays = world_chance(world, 40);
    struct intent *intent = intent_new(world, house_operator, pays ? &tips_pay : &dish_stock);
    memcpy(intent->request, pays ? (const void *)&tips : (const void *)&stock, intent->command->request->size);
}

/* Those who cook, and those who bring it. */
static void wish_work(struct world *world)
{
    static const int32_t ways[] = { RIDE_accepted, RIDE_at_kitchen, RIDE_picked_up, RIDE_at_door,
                                    RIDE_delivered, RIDE_failed,    RIDE_waiting,   RIDE_returned };
    const struct intent *shown = wish_done(world, shows_order);
    const struct meal_order_row *order = shown == NULL ? NULL : (const void *)shown->answer;
    if (order == NULL || order->last_ticket_id == 0) {
        struct courier_report report = { COURIER, world_chance(world, 80), NORTH_E6, EAST_E6 };
        struct intent *intent = intent_new(world, house_shopper(COURIER), &courier_report);
        memcpy(intent->request, &report, sizeof(report));
        return;
    }
    struct ticket_mark mark = { order->last_ticket_id, 1 + world_pick(world, 4) };
    struct ride_assign assign = { .ride_id = order->ride_id };
    struct ride_move move = { .ride_id = order->ride_id, .state = ways[world_pick(world, COUNT_OF(ways))] };
    int which = order->ride_id == 0 ? 0 : world_pick(world, 6);
    int32_t seen = ride_seen(world, order->ride_id);
    if (seen >= RIDE_assigned && seen < RIDE_delivered && world_chance(world, 75)) {
        move.state = seen + 1; /* on its way */
    }
    const struct command *command = which < 2 ? &ticket_mark : which < 3 ? &ride_assign : &ride_move;
    const void *request = which < 2 ? (const void *)&mark : which < 3 ? (const void *)&assign : (const void *)&move;
    struct intent *intent = intent_new(world, which < 3 ? house_shop(SHOP) : house_shopper(COURIER), command);
    memcpy(intent->request, request, command->request->size);
}

/* ---- what must be there ---- */

struct counts {
    int64_t lines, late, now_us;
};

static bool count_line(void *context, const void *row)
{
    (void)row;
    ((struct counts *)context)->lines++;
    return true;
}

static bool count_order(void *context, const void *row)
{
    const struct meal_order_row *order = row;
    struct counts *counts = context;
    counts->late += order->look_at_us != 0 && order->look_at_us <= counts->now_us;
    return true;
}

static void check(struct world *world)
{
    struct counts found = { .now_us = world->now_us - (world->shared != NULL ? 20 * US_PER_SECOND : 0) };
    int64_t answered = 0;
    for (int i = 0; i < world->intent_count; i++) {
        const struct intent *intent = &world->intents[i];
        if (!intent->known || intent->refusal != REFUSAL_none || !shows_order(intent)) {
            continue;
        }
        const struct meal_order_row *told = (const void *)intent->answer;
        struct meal_order_row row = { .order_id = told->order_id };
        if (!world_find(world, &meal_order_table, &row) || row.version < told->version) {
            world_wrong(world, "meals", "an order is not as far as was answered");
        }
        answered += intent->command == &meal_add;
    }
    enum status status = world_scan(world, &meal_line_table, count_line, &found);
    assert(status == STATUS_ok);
    status = world_scan(world, &meal_order_table, count_order, &found);
    assert(status == STATUS_ok);
    if (found.lines != answered) {
        world_wrong(world, "meals", "the lines are not those that were answered");
    }
    if (found.late > 0) {
        world_wrong(world, "meals", "nobody looked after an order in time");
    }
}

static const struct wish_kind kinds[] = {
    { 8, wish_join }, { 6, wish_open }, { 24, wish_add }, { 14, wish_place }, { 14, wish_bill }, { 5, wish_end },
    { 14, wish_work }, { 4, wish_house }, { 0, NULL },
};

const struct area meal_area = { .name = "meals", .wishes = kinds, .set_up = meals_set_up, .check = check };
