/* SPDX-License-Identifier: Apache-2.0 */
/* What calls_meal.c and calls_ride.c share: who speaks, which order, and comparing it. */
#ifndef TESTS_MODEL_CALLS_MEAL_H
#define TESTS_MODEL_CALLS_MEAL_H

#include "model/local_meal_internal.h"
#include "model/pair.h"

/* An order, mostly a young one that goes on; -1: there is none. */
int meal_draw(struct run *run);
struct meal_by by_draw(struct run *run, const struct meal_order *o);
struct caller caller_by(struct run *run, struct meal_by by, int shop);
void same_order(struct run *run, int index, const struct meal_order_row *row);

/* ---- kitchens and rides ---- */

void kitchens_open(struct run *run);
void do_ticket(struct run *run);
void do_ride(struct run *run);
void do_kitchen(struct run *run);
void same_rides(struct run *run);
void rides_learn(struct run *run);

#endif
