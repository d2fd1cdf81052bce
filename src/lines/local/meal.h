/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Meals: what a kitchen makes, ordered at a table, to be taken away or brought to the door.
 *
 * A table's QR leads to one order that several phones share. Lines go to the kitchen's stations as tickets; bills of
 * the order are paid by trades of the local line, each as any trade: campaigns, limits and confirmation hold. What was
 * paid lies in the trade's escrow until the meal is done; only then it is the shop's, the staff's and the courier's.
 * Refunds of such trades are made here (meal_return, meal_cancel), so that order and money agree.
 *
 * The answer of every command on an order is the order (struct meal_order_row); its version grows with every change of
 * it, its lines, guests and bills. Commands are called on the deciding thread.
 */
#ifndef LINES_LOCAL_MEAL_H
#define LINES_LOCAL_MEAL_H

#include "engine/read.h"
#include "lines/local/meal_requests.h"

struct local_part;
extern const struct local_part meal_part; /* what the line tells them of their trades */

extern const struct command kitchen_change, dish_put, dish_stock, table_put;
extern const struct command meal_join, meal_open, meal_query;
extern const struct command meal_add, meal_line_change, meal_send, meal_place;
extern const struct command meal_split, meal_unsplit, meal_pay;
extern const struct command meal_close, meal_write_off, meal_cancel, meal_return;
extern const struct command tips_pay, tips_query;
extern const struct command ticket_mark;
extern const struct command courier_enlist, courier_report, ride_assign, ride_move;
extern const struct read kitchen_settings, menu_list, dish_stock_list, dish_list, dining_table_list;
extern const struct read ticket_list, kitchen_slot_list, kitchen_day_list;
extern const struct read meal_list, meal_mine, meal_line_list, meal_guest_list, meal_bill_list, meal_ticket_list;
extern const struct read courier_list, ride_list, ride_mine, ride_detail, ride_step_list;
extern const struct command ticket_late, ride_look, meal_look; /* the timers' */

#endif
