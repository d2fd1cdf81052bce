/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "local_meal_stage.h"

#include "support/missing.h"

void must(enum refusal refusal)
{
    if (refusal != REFUSAL_none) {
        fail_msg("refused: %s", refusal_text((int)refusal)->name);
    }
}

void kitchen_make(struct house *house, int32_t pay_first)
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

int stage_open(void **state)
{
    static struct stage stage;
    struct house *house = &stage.house;
    struct merchant_create merchant = { .merchant_id = 1, .name = "Lotus" };
    struct shop_create shop = { .shop_id = 1, .merchant_id = 1, .name = "Lake" };
    house_open_missing(house, 6, 5);
    struct hoard_limits_row limits = { .meals_most = 100000 }; /* who does anything begins many meals */
    must(house_call(house, house_operator, &hoard_limits_change, &limits, NULL));
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

void books_check(struct house *house)
{
    static struct audit_report report;
    if (!house_audit(house, &report)) {
        fail_msg("%s", report.first.sentence);
    }
}

int stage_close(void **state)
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

struct meal_order_row join(struct stage *stage, size_t table, int64_t shopper_id)
{
    struct meal_join want = { .table_id = stage->tables[table] };
    struct meal_order_row order;
    memcpy(want.code, stage->codes[table], sizeof(want.code));
    must(house_call(&stage->house, house_shopper(shopper_id), &meal_join, &want, &order));
    return order;
}

void add(struct stage *stage, int64_t order_id, int64_t shopper_id, int64_t dish_id, int32_t pieces)
{
    struct meal_add want = { .order_id = order_id, .dish_id = dish_id, .pieces = pieces };
    must(house_call(&stage->house, house_shopper(shopper_id), &meal_add, &want, NULL));
}

struct meal_order_row of_order(struct stage *stage, const struct command *command, int64_t order_id)
{
    struct meal_ref want = { .order_id = order_id };
    struct meal_order_row order;
    must(house_call(&stage->house, house_shop(1), command, &want, &order));
    return order;
}

void split(struct stage *stage, int64_t order_id, enum bill_mode mode, int32_t parts)
{
    struct meal_split want = { .order_id = order_id, .mode = (int32_t)mode, .parts = parts };
    must(house_call(&stage->house, house_shop(1), &meal_split, &want, NULL));
}

struct meal_order_row pay(struct stage *stage, int64_t order_id, int32_t bill, int64_t shopper_id, int64_t tip)
{
    struct meal_pay want = { .order_id = order_id, .bill = bill, .tip_minor = tip, .confirmed = 1 };
    struct meal_order_row order;
    struct caller caller = shopper_id != 0 ? house_shopper(shopper_id) : house_shop(1);
    must(house_call(&stage->house, caller, &meal_pay, &want, &order));
    return order;
}

struct meal_bill_row bill_row(struct stage *stage, int64_t order_id, int32_t bill)
{
    struct meal_bill_row row = { .order_id = order_id, .bill = bill };
    assert_true(house_row(&stage->house, &meal_bill_table, &row));
    return row;
}

void report(struct stage *stage)
{
    struct courier_report want = { .courier_id = COURIER, .on_duty = 1, .latitude_e6 = 30275100,
                                   .longitude_e6 = 120155100 };
    must(house_call_keyed(&stage->house, house_shopper(COURIER), &courier_report, &want, NULL, NULL));
}

int64_t away(struct stage *stage, int64_t shopper_id, enum meal_kind kind)
{
    struct meal_open want = { .shop_id = 1, .kind = (int32_t)kind, .address = "here", .latitude_e6 = 30284100,
                              .longitude_e6 = 120155100 };
    struct meal_order_row order;
    must(house_call(&stage->house, house_shopper(shopper_id), &meal_open, &want, &order));
    add(stage, order.order_id, shopper_id, 2, 3);
    return order.order_id;
}

struct meal_order_row place(struct stage *stage, int64_t order_id, int64_t shopper_id, int64_t tip)
{
    struct meal_place want = { .order_id = order_id, .tip_minor = tip, .confirmed = 1 };
    struct meal_order_row order;
    must(house_call(&stage->house, house_shopper(shopper_id), &meal_place, &want, &order));
    return order;
}

enum refusal ride_to(struct stage *stage, int64_t ride_id, enum ride_state to)
{
    struct ride_move want = { .ride_id = ride_id, .state = (int32_t)to };
    return house_call(&stage->house, house_shop(1), &ride_move, &want, NULL);
}
