/* SPDX-License-Identifier: Apache-2.0 */
/* A kitchen with a menu and tables, a meal that goes on; and rows alone with ids that tests know, for reads. */
#include <stdio.h>

#include "base/civil.h"
#include "lines/local/local.h"
#include "support/local_day.h"

static void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fprintf(stderr, "meals of a day: refused: %s\n", refusal_text((int)refusal)->name);
    }
    assert(refusal == REFUSAL_none);
}

static void kitchens_make(struct house *house)
{
    for (int64_t shop_id = 1; shop_id <= 2; shop_id++) {
        struct kitchen_change kitchen = { .shop_id = shop_id,
                                          .open = 1,
                                          .latitude_e6 = 30250000,
                                          .longitude_e6 = 120150000,
                                          .slot_minutes = 60,
                                          .delivers = 1,
                                          .delivery_radius_m = 5000,
                                          .hours_count = 7,
                                          .hours = { [4] = { 0, 1440 }, [5] = { 600, 1500 } },
                                          .stations_count = 1,
                                          .stations = { { 1, "炒锅 \"wok\"" } } };
        must(house_call(house, house_operator, &kitchen_change, &kitchen, NULL));
        for (int i = 0; i < 4; i++) {
            struct table_put table = { .shop_id = shop_id, .seats = i, .seed = i };
            snprintf(table.name, sizeof(table.name), "桌 %d", i);
            must(house_call(house, house_operator, &table_put, &table, NULL));
        }
    }
    for (int64_t dish_id = 1; dish_id <= 6; dish_id++) {
        struct dish_put dish = { .merchant_id = 1,
                                 .dish_id = dish_id,
                                 .shop_id = dish_id % 3 == 0 ? 2 : 0,
                                 .price_minor = 100 * dish_id,
                                 .minutes = 2,
                                 .station = 1,
                                 .unlisted = dish_id == 5,
                                 .groups_count = 1,
                                 .groups = { { 1, "辣 'hot'", 0, 1 } },
                                 .options_count = 1,
                                 .options = { { 1, 1, "很辣", 5 } } };
        struct dish_stock stock = { .shop_id = 1, .dish_id = dish_id, .sold_out = dish_id == 4 };
        snprintf(dish.name, sizeof(dish.name), "菜 \\%d", (int)dish_id);
        must(house_call(house, house_operator, &dish_put, &dish, NULL));
        if (dish.shop_id == 0) {
            must(house_call(house, house_operator, &dish_stock, &stock, NULL));
        }
    }
}

/* Orders to take away, of shoppers 1 to 3, that wait for their payment; one is in the kitchen. */
static void orders_make(struct house *house)
{
    for (int64_t shopper_id = 1; shopper_id <= 3; shopper_id++) {
        struct meal_open begin = { .shop_id = 1, .kind = MEAL_take_away, .note = "不要葱 \"O'Brien\"" };
        struct meal_add add = { .dish_id = 1, .pieces = 2, .options_count = 1, .options = { { 1 } } };
        struct meal_place place = { .pay_later = 1, .cook_first = shopper_id == 3 };
        struct caller caller = shopper_id == 3 ? house_shop(1) : house_shopper(shopper_id);
        struct meal_order_row order;
        begin.shopper_id = shopper_id;
        house->now_us += 1000;
        must(house_call(house, house_operator, &meal_open, &begin, &order));
        add.order_id = place.order_id = order.order_id;
        must(house_call(house, caller, &meal_add, &add, NULL));
        must(house_call(house, caller, &meal_place, &place, NULL));
    }
}

static void rows_put(struct house *house)
{
    struct meal_order_row order = { .order_id = LOCAL_DAY_MEAL, .merchant_id = 1, .shop_id = 1, .kind = MEAL_delivery,
                                    .state = MEAL_ready, .shopper_id = 1, .currency = 156, .ride_id = LOCAL_DAY_RIDE };
    struct ride_row ride = { .ride_id = LOCAL_DAY_RIDE, .order_id = LOCAL_DAY_MEAL, .shop_id = 1, .courier_id = 4,
                             .state = RIDE_accepted, .steps = 5, .address = "湖滨路 1 号" };
    struct courier_row courier = { .courier_id = 4, .shop_id = 1, .name = "小吴", .open = 1 };
    house_row_put(house, &meal_order_table, &order, true);
    house_row_put(house, &ride_table, &ride, true);
    house_row_put(house, &courier_table, &courier, true);
    for (int32_t i = 1; i <= 5; i++) {
        struct meal_guest_row guest = { .order_id = LOCAL_DAY_MEAL, .guest = i, .shopper_id = i, .name = "客" };
        struct meal_line_row line = { .order_id = LOCAL_DAY_MEAL, .line = i, .dish_id = i, .pieces = 1,
                                      .state = MEAL_LINE_made, .options_count = 1, .options = { { 1, "很辣", 5 } } };
        struct meal_bill_row bill = { .order_id = LOCAL_DAY_MEAL, .bill = i, .mode = 1, .state = BILL_open };
        struct ticket_row ticket = { .ticket_id = LOCAL_DAY_MEAL + i, .shop_id = 1, .order_id = LOCAL_DAY_MEAL,
                                     .station = i % 2, .kind = MEAL_delivery, .state = 1 + i % 4, .items_count = 1,
                                     .items = { { 1, 1, "菜", "很辣", "快" } } };
        struct ride_step_row step = { .ride_id = LOCAL_DAY_RIDE, .step = i, .from_state = 1, .to_state = 2,
                                      .reason = "no \"answer\"", .candidates_count = 1,
                                      .candidates = { { 4, 10, 1, 2, 1 } } };
        struct kitchen_day_row day = { .shop_id = 1, .day = 20141201 + i, .orders = i };
        house_row_put(house, &meal_guest_table, &guest, true);
        house_row_put(house, &meal_line_table, &line, true);
        house_row_put(house, &meal_bill_table, &bill, true);
        house_row_put(house, &ticket_table, &ticket, true);
        house_row_put(house, &ride_step_table, &step, true);
        house_row_put(house, &kitchen_day_table, &day, true);
    }
}

void local_day_meals(struct house *house)
{
    kitchens_make(house);
    orders_make(house);
    rows_put(house);
}
