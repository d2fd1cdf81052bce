/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/resource_rows.h"

const char *const resource_kinds[] = { "other", "room", "court", "table", "hall", NULL };
const char *const resource_pays[] = { "at_shop", "before", "deposit", NULL };
const char *const gap_rules[] = { "any", "between", "strict", NULL };
const char *const show_states[] = { "", "open", "cancelled", NULL };

static const struct column closed_day_columns[] = {
    COLUMN(closed_day_row, day, .form = FORM_day),
};
const struct shape closed_day_shape = SHAPE("closed_day", closed_day_row, closed_day_columns);

static const struct column resource_columns[] = {
    COLUMN(resource_row, resource_id, .form = FORM_id),
    COLUMN(resource_row, shop_id, .form = FORM_id),
    COLUMN(resource_row, merchant_id, .form = FORM_id),
    COLUMN(resource_row, name),
    COLUMN(resource_row, kind, .form = FORM_choice, .names = resource_kinds),
    COLUMN(resource_row, zone, .text = "Rule of its clock; empty: always the shop's offset."),
    COLUMN(resource_row, zone_minutes, .text = "The shop's offset from UTC."),
    COLUMN(resource_row, open, .form = FORM_flag),
    COLUMN(resource_row, capacity, .text = "Places of a slot."),
    COLUMN(resource_row, people_max, .text = "Of one place; 0: no limit."),
    COLUMN(resource_row, pay, .form = FORM_choice, .names = resource_pays),
    COLUMN(resource_row, deposit_minor, .form = FORM_amount, .text = "Of one place."),
    COLUMN(resource_row, hold_minutes),
    COLUMN(resource_row, slots_most),
    COLUMN(resource_row, lead_minutes),
    COLUMN(resource_row, horizon_days),
    COLUMN(resource_row, free_minutes),
    COLUMN(resource_row, late_percent),
    COLUMN(resource_row, missed_percent),
    COLUMN(resource_row, grace_minutes),
    COLUMN(resource_row, missed_itself, .form = FORM_flag),
    COLUMN(resource_row, gap_rule, .form = FORM_choice, .names = gap_rules),
    COLUMN(resource_row, schedule_version),
    COLUMN(resource_row, map_version),
    COLUMN(resource_row, created_at_us, .form = FORM_instant),
    COLUMN_LIST(resource_row, closed_days, closed_day_shape),
};
const struct table resource_table = TABLE("resources", 72, resource_row, resource_columns, 1);

static const struct column slot_hours_columns[] = {
    COLUMN(slot_hours_row, weekday, .least = 0, .most = 6, .text = "0 Monday to 6 Sunday."),
    COLUMN(slot_hours_row, opens, .flags = COLUMN_required, .least = 0, .most = 1439, .text = "Minute of the day."),
    COLUMN(slot_hours_row, closes, .flags = COLUMN_required, .least = 1, .most = 2879,
           .text = "Minute of the day; 1440 and more are of the day after."),
};
const struct shape slot_hours_shape = SHAPE("slot_hours", slot_hours_row, slot_hours_columns);

static const struct column slot_price_columns[] = {
    COLUMN(slot_price_row, weekdays, .flags = COLUMN_required, .least = 1, .most = 127,
           .text = "A bit a weekday: 1 Monday, 2 Tuesday, 4 Wednesday, to 64 Sunday."),
    COLUMN(slot_price_row, from, .least = 0, .most = 1439, .text = "Minute of the day."),
    COLUMN(slot_price_row, to, .flags = COLUMN_required, .least = 1, .most = 1440, .text = "Minute, itself not of it."),
    COLUMN(slot_price_row, price_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 0, .most = AMOUNT_MAX),
};
const struct shape slot_price_shape = SHAPE("slot_price", slot_price_row, slot_price_columns);

static const struct column schedule_columns[] = {
    COLUMN(schedule_row, resource_id, .form = FORM_id),
    COLUMN(schedule_row, version),
    COLUMN(schedule_row, slot_minutes),
    COLUMN(schedule_row, buffer_minutes),
    COLUMN(schedule_row, price_minor, .form = FORM_amount),
    COLUMN(schedule_row, created_at_us, .form = FORM_instant),
    COLUMN_LIST(schedule_row, hours, slot_hours_shape),
    COLUMN_LIST(schedule_row, prices, slot_price_shape),
};
const struct table schedule_table = TABLE("schedules", 73, schedule_row, schedule_columns, 2);

static const struct column day_show_columns[] = {
    COLUMN(day_show_row, show_id, .form = FORM_id),
    COLUMN(day_show_row, starts_at_us, .form = FORM_instant),
    COLUMN(day_show_row, ends_at_us, .form = FORM_instant),
};
static const struct shape day_show_shape = SHAPE("day_show", day_show_row, day_show_columns);

static const struct column resource_day_columns[] = {
    COLUMN(resource_day_row, resource_id, .form = FORM_id),
    COLUMN(resource_day_row, day, .form = FORM_day),
    COLUMN(resource_day_row, version),
    COLUMN(resource_day_row, begins_at_us, .form = FORM_instant),
    COLUMN(resource_day_row, ends_at_us, .form = FORM_instant),
    COLUMN_LIST(resource_day_row, waiting, id_shape),
    COLUMN_LIST(resource_day_row, shows, day_show_shape),
};
const struct table resource_day_table = TABLE("resource_days", 74, resource_day_row, resource_day_columns, 2);

static const struct column slot_columns[] = {
    COLUMN(slot_row, resource_id, .form = FORM_id),
    COLUMN(slot_row, starts_at_us, .form = FORM_instant),
    COLUMN(slot_row, ends_at_us, .form = FORM_instant),
    COLUMN(slot_row, day, .form = FORM_day),
    COLUMN(slot_row, capacity),
    COLUMN(slot_row, price_minor, .form = FORM_amount),
};
const struct table slot_table = TABLE("slots", 75, slot_row, slot_columns, 2);

static const struct column seat_line_columns[] = {
    COLUMN(seat_line_row, label, .flags = COLUMN_required, .least = 1, .text = "What the row is called."),
    COLUMN(seat_line_row, seats, .flags = COLUMN_required, .least = 1, .most = (INT64_C(1) << SEATS_OF_LINE_MAX) - 1,
           .text = "A bit for each seat that exists; 1 is the first place of the row."),
    COLUMN(seat_line_row, aisles, .least = 0, .most = (INT64_C(1) << SEATS_OF_LINE_MAX) - 1,
           .text = "A bit for each seat with an aisle behind it."),
    COLUMN(seat_line_row, price, .least = 0, .most = SEAT_PRICES_MAX - 1, .text = "Which of a show's prices, from 0."),
};
const struct shape seat_line_shape = SHAPE("seat_line", seat_line_row, seat_line_columns);

static const struct column seat_map_columns[] = {
    COLUMN(seat_map_row, resource_id, .form = FORM_id),
    COLUMN(seat_map_row, version),
    COLUMN(seat_map_row, created_at_us, .form = FORM_instant),
    COLUMN(seat_map_row, seats),
    COLUMN_LIST(seat_map_row, lines, seat_line_shape),
};
const struct table seat_map_table = TABLE("seat_maps", 77, seat_map_row, seat_map_columns, 2);

static const struct column show_price_columns[] = {
    COLUMN(show_price_row, price_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 0, .most = AMOUNT_MAX),
};
const struct shape show_price_shape = SHAPE("show_price", show_price_row, show_price_columns);

static const struct column show_columns[] = {
    COLUMN(show_row, show_id, .form = FORM_id),
    COLUMN(show_row, resource_id, .form = FORM_id),
    COLUMN(show_row, shop_id, .form = FORM_id),
    COLUMN(show_row, merchant_id, .form = FORM_id),
    COLUMN(show_row, title),
    COLUMN(show_row, state, .form = FORM_choice, .names = show_states),
    COLUMN(show_row, map_version),
    COLUMN(show_row, seats),
    COLUMN(show_row, day, .form = FORM_day),
    COLUMN(show_row, starts_at_us, .form = FORM_instant),
    COLUMN(show_row, ends_at_us, .form = FORM_instant),
    COLUMN(show_row, last_booking_id, .form = FORM_hidden),
    COLUMN(show_row, return_booking_id, .form = FORM_hidden),
    COLUMN(show_row, return_at_us, .form = FORM_hidden),
    COLUMN(show_row, created_at_us, .form = FORM_instant),
    COLUMN_LIST(show_row, prices, show_price_shape),
    COLUMN_LIST(show_row, waiting, id_shape, .form = FORM_hidden),
};
const struct table show_table = TABLE("shows", 78, show_row, show_columns, 1);

static const struct column show_line_columns[] = {
    COLUMN(show_line_row, show_id, .form = FORM_id),
    COLUMN(show_line_row, line),
    COLUMN(show_line_row, taken, .text = "A bit for each seat of the row that is held or booked."),
};
const struct table show_line_table = TABLE("show_lines", 79, show_line_row, show_line_columns, 2);
