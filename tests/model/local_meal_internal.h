/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the model's meals share: local_meal.c orders, local_bill.c money, local_ride.c couriers. */
#ifndef TESTS_MODEL_LOCAL_MEAL_INTERNAL_H
#define TESTS_MODEL_LOCAL_MEAL_INTERNAL_H

#include "lines/local/bill_split.h"
#include "lines/local/meal.h"
#include "model/local_meal.h"
#include "model/model_internal.h"

#define SECOND INT64_C(1000000)

/* A refusal when it is not there for whoever asks, or over. */
int meal_open_check(struct meal_by by, const struct meal_order *o);
bool meal_over(const struct meal_order *o);
/* All that was ordered is on bills that are paid. */
bool meal_paid_up(const struct meal_order *o);
/* Whether this line goes to the kitchen when the bill is paid; bill 0: all do that did not. */
bool meal_line_goes(const struct meal_order *o, const struct meal_line *line, int bill);
/* Whether there is enough of what would go; for what is eaten at tables. */
int meal_stock_check(const struct meal_order *o, int bill);
void meal_kitchen_get(struct model *m, struct meal_order *o, int bill, int64_t due_us);
void meal_tickets_end(struct model *m, struct meal_order *o, int state);
void meal_slots_free(struct model *m, struct meal_order *o);
void meal_stock_back(struct meal_order *o);
/* It is over: the table is free. */
void meal_leave(struct meal_order *o, int state);
int meal_bills_make(struct meal_order *o, int mode, int parts, const int *lines, int count);
int meal_bill_settle(struct model *m, struct meal_by by, int order, int bill, const struct meal_payment *payment);
/* courier -1: nobody brought it. */
void meal_finish_it(struct model *m, struct meal_order *o, int courier);
void meal_call_it_off(struct model *m, struct meal_order *o);
void meal_ride_begin(struct model *m, struct meal_order *o);
void meal_ride_to(struct model *m, struct model_ride *r, int state);
void meal_ride_look(struct model *m, struct model_ride *r);
/* It came back, or was called off, or there never was one to wait for. */
bool meal_ride_over(const struct meal_order *o);

#endif
