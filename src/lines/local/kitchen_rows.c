/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/kitchen_rows.h"

#include "lines/local/meal_rows.h"

const char *const ticket_states[] = { "", "queued", "cooking", "bumped", "cancelled", NULL };

static const struct column station_columns[] = {
    COLUMN(station_row, station, .least = 1, .most = STATIONS_MAX),
    COLUMN(station_row, name),
};
const struct shape station_shape = SHAPE("station", station_row, station_columns);

static const struct column hours_columns[] = {
    COLUMN(kitchen_hours, from_minute, .least = 0, .most = DAY_MINUTES,
           .text = "Minutes from midnight in the shop's zone."),
    COLUMN(kitchen_hours, to_minute, .least = 0, .most = HOURS_END_MAX,
           .text = "Beyond 1440: it works on after midnight. Equal to from_minute: closed on that day."),
};
const struct shape kitchen_hours_shape = SHAPE("kitchen_hours", kitchen_hours, hours_columns);

static const struct column kitchen_columns[] = {
    COLUMN(kitchen_row, shop_id, .form = FORM_id),
    COLUMN(kitchen_row, merchant_id, .form = FORM_id),
    COLUMN(kitchen_row, open, .form = FORM_flag),
    COLUMN(kitchen_row, latitude_e6),
    COLUMN(kitchen_row, longitude_e6),
    COLUMN(kitchen_row, pay_first, .form = FORM_flag),
    COLUMN(kitchen_row, service_bp),
    COLUMN(kitchen_row, slot_minutes),
    COLUMN(kitchen_row, slot_capacity),
    COLUMN(kitchen_row, lead_minutes),
    COLUMN(kitchen_row, session_minutes),
    COLUMN(kitchen_row, delivers, .form = FORM_flag),
    COLUMN(kitchen_row, delivery_radius_m),
    COLUMN(kitchen_row, delivery_fee_minor, .form = FORM_amount),
    COLUMN(kitchen_row, delivery_least_minor, .form = FORM_amount),
    COLUMN_LIST(kitchen_row, stations, station_shape),
    COLUMN_LIST(kitchen_row, hours, kitchen_hours_shape),
    COLUMN_LIST(kitchen_row, couriers, id_shape),
    COLUMN(kitchen_row, changed_at_us, .form = FORM_instant),
};
const struct table kitchen_table = TABLE("kitchens", 84, kitchen_row, kitchen_columns, 1);

static const struct column slot_columns[] = {
    COLUMN(kitchen_slot_row, shop_id, .form = FORM_id),
    COLUMN(kitchen_slot_row, slot_at_us, .form = FORM_instant),
    COLUMN(kitchen_slot_row, minutes),
    COLUMN(kitchen_slot_row, orders),
};
const struct table kitchen_slot_table = TABLE("kitchen_slots", 90, kitchen_slot_row, slot_columns, 2);

static const struct column day_columns[] = {
    COLUMN(kitchen_day_row, shop_id, .form = FORM_id),
    COLUMN(kitchen_day_row, day, .form = FORM_day),
    COLUMN(kitchen_day_row, orders),
    COLUMN(kitchen_day_row, tickets),
    COLUMN(kitchen_day_row, bumped),
    COLUMN(kitchen_day_row, late),
    COLUMN(kitchen_day_row, cook_us, .text = "Microseconds from firing to bumping, of all that were bumped."),
};
const struct table kitchen_day_table = TABLE("kitchen_days", 95, kitchen_day_row, day_columns, 2);

static const struct column group_columns[] = {
    COLUMN(dish_group_row, group, .least = 1, .most = DISH_GROUPS_MAX),
    COLUMN(dish_group_row, name),
    COLUMN(dish_group_row, least, .least = 0, .most = DISH_OPTIONS_MAX),
    COLUMN(dish_group_row, most, .least = 0, .most = DISH_OPTIONS_MAX),
};
const struct shape dish_group_shape = SHAPE("dish_group", dish_group_row, group_columns);

static const struct column option_columns[] = {
    COLUMN(dish_option_row, option, .least = 1, .most = DISH_OPTIONS_MAX),
    COLUMN(dish_option_row, group, .least = 1, .most = DISH_GROUPS_MAX),
    COLUMN(dish_option_row, name),
    COLUMN(dish_option_row, price_minor, .form = FORM_amount),
};
const struct shape dish_option_shape = SHAPE("dish_option", dish_option_row, option_columns);

static const struct column dish_columns[] = {
    COLUMN(dish_row, dish_id, .form = FORM_id),
    COLUMN(dish_row, merchant_id, .form = FORM_id),
    COLUMN(dish_row, shop_id, .form = FORM_id),
    COLUMN(dish_row, name),
    COLUMN(dish_row, about),
    COLUMN(dish_row, category),
    COLUMN(dish_row, currency),
    COLUMN(dish_row, price_minor, .form = FORM_amount),
    COLUMN(dish_row, minutes),
    COLUMN(dish_row, station),
    COLUMN(dish_row, place),
    COLUMN(dish_row, listed, .form = FORM_flag),
    COLUMN_LIST(dish_row, groups, dish_group_shape),
    COLUMN_LIST(dish_row, options, dish_option_shape),
    COLUMN(dish_row, changed_at_us, .form = FORM_instant),
};
const struct table dish_table = TABLE("dishes", 82, dish_row, dish_columns, 1);

static const struct column stock_columns[] = {
    COLUMN(dish_stock_row, shop_id, .form = FORM_id),
    COLUMN(dish_stock_row, dish_id, .form = FORM_id),
    COLUMN(dish_stock_row, sold_out, .form = FORM_flag),
    COLUMN(dish_stock_row, counted, .form = FORM_flag),
    COLUMN(dish_stock_row, pieces_left),
    COLUMN(dish_stock_row, options_out),
    COLUMN(dish_stock_row, changed_at_us, .form = FORM_instant),
    COLUMN(dish_stock_row, merchant_id, .form = FORM_id),
};
const struct table dish_stock_table = TABLE("dish_stocks", 83, dish_stock_row, stock_columns, 2);

static const struct column table_columns[] = {
    COLUMN(dining_table_row, table_id, .form = FORM_id),
    COLUMN(dining_table_row, shop_id, .form = FORM_id),
    COLUMN(dining_table_row, name),
    COLUMN(dining_table_row, seats),
    COLUMN(dining_table_row, code),
    COLUMN(dining_table_row, retired, .form = FORM_flag),
    COLUMN(dining_table_row, order_id, .form = FORM_id),
    COLUMN(dining_table_row, changed_at_us, .form = FORM_instant),
    COLUMN(dining_table_row, code_minute, .form = FORM_hidden),
    COLUMN(dining_table_row, code_misses, .form = FORM_hidden),
};
const struct table dining_table_table = TABLE("dining_tables", 85, dining_table_row, table_columns, 1);

static const struct column item_columns[] = {
    COLUMN(ticket_item_row, line),
    COLUMN(ticket_item_row, pieces),
    COLUMN(ticket_item_row, name),
    COLUMN(ticket_item_row, options),
    COLUMN(ticket_item_row, note),
};
static const struct shape ticket_item_shape = SHAPE("ticket_item", ticket_item_row, item_columns);

static const struct column ticket_columns[] = {
    COLUMN(ticket_row, ticket_id, .form = FORM_id),
    COLUMN(ticket_row, shop_id, .form = FORM_id),
    COLUMN(ticket_row, order_id, .form = FORM_id),
    COLUMN(ticket_row, station),
    COLUMN(ticket_row, number),
    COLUMN(ticket_row, kind, .form = FORM_choice, .names = meal_kinds),
    COLUMN(ticket_row, table_name),
    COLUMN(ticket_row, state, .form = FORM_choice, .names = ticket_states),
    COLUMN(ticket_row, minutes),
    COLUMN(ticket_row, late, .form = FORM_flag),
    COLUMN(ticket_row, recalls),
    COLUMN(ticket_row, prints),
    COLUMN(ticket_row, fired_at_us, .form = FORM_instant),
    COLUMN(ticket_row, start_at_us, .form = FORM_instant),
    COLUMN(ticket_row, due_at_us, .form = FORM_instant),
    COLUMN(ticket_row, started_at_us, .form = FORM_instant),
    COLUMN(ticket_row, bumped_at_us, .form = FORM_instant),
    COLUMN_LIST(ticket_row, items, ticket_item_shape),
    COLUMN(ticket_row, merchant_id, .form = FORM_id),
};
const struct table ticket_table = TABLE("tickets", 89, ticket_row, ticket_columns, 1);
