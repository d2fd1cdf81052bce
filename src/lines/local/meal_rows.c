/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/meal_rows.h"

const char *const meal_kinds[] = { "", "dine_in", "take_away", "delivery", NULL };
const char *const meal_states[] = { "", "open", "waiting", "cooking", "ready", "done", "cancelled", NULL };
const char *const line_states[] = { "", "draft", "sent", "made", "off", NULL };
const char *const bill_modes[] = { "", "whole", "evenly", "guests", "lines", NULL };
const char *const bill_states[] = { "", "open", "waiting", "paid", "void", NULL };

static const struct column taken_columns[] = {
    { .name = "minutes", .kind = COLUMN_i32, .size = sizeof(int32_t) },
};
static const struct shape taken_shape = { .name = "slot_minutes",
                                          .size = sizeof(((struct meal_order_row *)0)->taken[0]),
                                          .column_count = COUNT_OF(taken_columns),
                                          .columns = taken_columns };

static const struct column order_columns[] = {
    COLUMN(meal_order_row, order_id, .form = FORM_id),
    COLUMN(meal_order_row, merchant_id, .form = FORM_id),
    COLUMN(meal_order_row, shop_id, .form = FORM_id),
    COLUMN(meal_order_row, kind, .form = FORM_choice, .names = meal_kinds),
    COLUMN(meal_order_row, state, .form = FORM_choice, .names = meal_states),
    COLUMN(meal_order_row, table_id, .form = FORM_id),
    COLUMN(meal_order_row, table_name),
    COLUMN(meal_order_row, number, .text = "That people call out; of its day."),
    COLUMN(meal_order_row, day, .form = FORM_day),
    COLUMN(meal_order_row, shopper_id, .form = FORM_id, .text = "Who opened it; null: the staff."),
    COLUMN(meal_order_row, currency),
    COLUMN(meal_order_row, pay_first, .form = FORM_flag),
    COLUMN(meal_order_row, service_bp),
    COLUMN(meal_order_row, guests),
    COLUMN(meal_order_row, lines),
    COLUMN(meal_order_row, bills),
    COLUMN(meal_order_row, drafts, .text = "Lines that the kitchen has not got yet."),
    COLUMN(meal_order_row, version, .text = "Grows with every change, also of lines, guests and bills."),
    COLUMN(meal_order_row, food_minor, .form = FORM_amount),
    COLUMN(meal_order_row, billed_minor, .form = FORM_amount, .text = "Food that is on bills."),
    COLUMN(meal_order_row, service_minor, .form = FORM_amount),
    COLUMN(meal_order_row, fee_minor, .form = FORM_amount),
    COLUMN(meal_order_row, tip_minor, .form = FORM_amount),
    COLUMN(meal_order_row, paid_minor, .form = FORM_amount),
    COLUMN(meal_order_row, returned_minor, .form = FORM_amount),
    COLUMN(meal_order_row, bills_unpaid),
    COLUMN(meal_order_row, tickets),
    COLUMN(meal_order_row, tickets_open),
    COLUMN(meal_order_row, minutes),
    COLUMN(meal_order_row, slot_at_us, .form = FORM_instant),
    COLUMN(meal_order_row, slot_minutes),
    COLUMN(meal_order_row, ready_by_us, .form = FORM_instant),
    COLUMN_LIST(meal_order_row, taken, taken_shape),
    COLUMN(meal_order_row, note),
    COLUMN(meal_order_row, contact),
    COLUMN(meal_order_row, phone),
    COLUMN(meal_order_row, address),
    COLUMN(meal_order_row, latitude_e6),
    COLUMN(meal_order_row, longitude_e6),
    COLUMN(meal_order_row, distance_m),
    COLUMN(meal_order_row, ride_id, .form = FORM_id),
    COLUMN(meal_order_row, opened_at_us, .form = FORM_instant),
    COLUMN(meal_order_row, sent_at_us, .form = FORM_instant),
    COLUMN(meal_order_row, ready_at_us, .form = FORM_instant),
    COLUMN(meal_order_row, ended_at_us, .form = FORM_instant),
    COLUMN(meal_order_row, last_ticket_id, .form = FORM_id),
    COLUMN(meal_order_row, look_at_us, .form = FORM_hidden),
    COLUMN(meal_order_row, counted, .form = FORM_hidden),
    COLUMN(meal_order_row, written_off_minor, .form = FORM_amount, .text = "Made, and paid by nobody."),
    COLUMN(meal_order_row, written_off_reason),
};
const struct table meal_order_table = TABLE("meal_orders", 86, meal_order_row, order_columns, 1);

static const struct column guest_columns[] = {
    COLUMN(meal_guest_row, order_id, .form = FORM_id),
    COLUMN(meal_guest_row, guest),
    COLUMN(meal_guest_row, shopper_id, .form = FORM_id),
    COLUMN(meal_guest_row, name),
    COLUMN(meal_guest_row, joined_at_us, .form = FORM_instant),
};
const struct table meal_guest_table = TABLE("meal_guests", 94, meal_guest_row, guest_columns, 2);

static const struct column chosen_columns[] = {
    COLUMN(line_option_row, option),
    COLUMN(line_option_row, name),
    COLUMN(line_option_row, price_minor, .form = FORM_amount),
};
static const struct shape chosen_shape = SHAPE("line_option", line_option_row, chosen_columns);

static const struct column line_columns[] = {
    COLUMN(meal_line_row, order_id, .form = FORM_id),
    COLUMN(meal_line_row, line),
    COLUMN(meal_line_row, guest, .text = "Who ordered it; 0: it is for all."),
    COLUMN(meal_line_row, dish_id, .form = FORM_id),
    COLUMN(meal_line_row, name),
    COLUMN(meal_line_row, station),
    COLUMN(meal_line_row, pieces),
    COLUMN(meal_line_row, minutes),
    COLUMN(meal_line_row, unit_minor, .form = FORM_amount, .text = "A piece with its options."),
    COLUMN(meal_line_row, total_minor, .form = FORM_amount),
    COLUMN(meal_line_row, state, .form = FORM_choice, .names = line_states),
    COLUMN(meal_line_row, bill, .text = "That it is on; 0: none yet; -1: bills share it by its amount."),
    COLUMN(meal_line_row, by_staff, .form = FORM_flag),
    COLUMN(meal_line_row, ticket_id, .form = FORM_id),
    COLUMN(meal_line_row, note),
    COLUMN_LIST(meal_line_row, options, chosen_shape),
    COLUMN(meal_line_row, added_at_us, .form = FORM_instant),
};
const struct table meal_line_table = TABLE("meal_lines", 87, meal_line_row, line_columns, 2);

static const struct column bill_columns[] = {
    COLUMN(meal_bill_row, order_id, .form = FORM_id),
    COLUMN(meal_bill_row, bill),
    COLUMN(meal_bill_row, mode, .form = FORM_choice, .names = bill_modes),
    COLUMN(meal_bill_row, guest, .text = "Whose it is; 0: anybody's."),
    COLUMN(meal_bill_row, state, .form = FORM_choice, .names = bill_states),
    COLUMN(meal_bill_row, food_minor, .form = FORM_amount),
    COLUMN(meal_bill_row, service_minor, .form = FORM_amount),
    COLUMN(meal_bill_row, fee_minor, .form = FORM_amount),
    COLUMN(meal_bill_row, tip_minor, .form = FORM_amount),
    COLUMN(meal_bill_row, total_minor, .form = FORM_amount),
    COLUMN(meal_bill_row, food_left_minor, .form = FORM_amount),
    COLUMN(meal_bill_row, service_left_minor, .form = FORM_amount),
    COLUMN(meal_bill_row, fee_left_minor, .form = FORM_amount),
    COLUMN(meal_bill_row, tip_left_minor, .form = FORM_amount),
    COLUMN(meal_bill_row, trade_id, .form = FORM_id),
    COLUMN(meal_bill_row, shopper_id, .form = FORM_id),
    COLUMN(meal_bill_row, returns),
    COLUMN(meal_bill_row, earned, .form = FORM_flag),
    COLUMN(meal_bill_row, earned_transfer_id, .form = FORM_id),
    COLUMN(meal_bill_row, made_at_us, .form = FORM_instant),
    COLUMN(meal_bill_row, paid_at_us, .form = FORM_instant),
};
const struct table meal_bill_table = TABLE("meal_bills", 88, meal_bill_row, bill_columns, 2);
