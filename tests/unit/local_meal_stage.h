/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A shop with a kitchen, tables, a menu, people who eat and one who brings: for tests of meals. What is refused fails
 * the test, but for the moves of rides.
 */
#ifndef TESTS_UNIT_LOCAL_MEAL_STAGE_H
#define TESTS_UNIT_LOCAL_MEAL_STAGE_H

#include "lines/local/bill_split.h"
#include "lines/local/local.h"
#include "support/house.h"

#define SHOPPERS 6
#define COURIER 7
#define TABLES 3
#define MONEY_MINOR 10000000

struct stage {
    struct house house;
    int64_t tables[TABLES];
    char codes[TABLES][TABLE_CODE_SIZE];
};

void must(enum refusal refusal);
/* The kitchen of shop 1; dishes 1 to 4 are made at stations 1, 2, none and 1. */
void kitchen_make(struct house *house, int32_t pay_first);
/* Setup and teardown: at the end the books must hold. */
int stage_open(void **state);
void books_check(struct house *house);
int stage_close(void **state);
/* Steps of guests, and of the staff when shopper_id is 0. */
struct meal_order_row join(struct stage *stage, size_t table, int64_t shopper_id);
void add(struct stage *stage, int64_t order_id, int64_t shopper_id, int64_t dish_id, int32_t pieces);
struct meal_order_row of_order(struct stage *stage, const struct command *command, int64_t order_id);
void split(struct stage *stage, int64_t order_id, enum bill_mode mode, int32_t parts);
struct meal_order_row pay(struct stage *stage, int64_t order_id, int32_t bill, int64_t shopper_id, int64_t tip);
struct meal_bill_row bill_row(struct stage *stage, int64_t order_id, int32_t bill);
/* The courier says where it is. */
void report(struct stage *stage);
/* An order of three of dish 2, to be placed. */
int64_t away(struct stage *stage, int64_t shopper_id, enum meal_kind kind);
struct meal_order_row place(struct stage *stage, int64_t order_id, int64_t shopper_id, int64_t tip);
enum refusal ride_to(struct stage *stage, int64_t ride_id, enum ride_state to);

#endif
