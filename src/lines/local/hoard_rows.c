/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/hoard_rows.h"

static const struct column limits_columns[] = {
    COLUMN(hoard_limits_row, one),
    COLUMN(hoard_limits_row, purchases_most),
    COLUMN(hoard_limits_row, copies_most),
    COLUMN(hoard_limits_row, bookings_most),
    COLUMN(hoard_limits_row, visits_most),
    COLUMN(hoard_limits_row, waitings_most),
    COLUMN(hoard_limits_row, numbers_most),
    COLUMN(hoard_limits_row, meals_most),
    COLUMN(hoard_limits_row, unpaid_day_most),
    COLUMN(hoard_limits_row, unpaid_minutes),
    COLUMN(hoard_limits_row, turn_minutes),
    COLUMN(hoard_limits_row, code_misses_table),
    COLUMN(hoard_limits_row, code_misses_shopper),
};
const struct table hoard_limits_table = TABLE("hoard_limits", 100, hoard_limits_row, limits_columns, 1);

static const struct column hoard_columns[] = {
    COLUMN(hoard_row, person_id, .form = FORM_id),
    COLUMN(hoard_row, purchases),
    COLUMN(hoard_row, copies),
    COLUMN(hoard_row, bookings),
    COLUMN(hoard_row, visits),
    COLUMN(hoard_row, waitings),
    COLUMN(hoard_row, meals),
    COLUMN(hoard_row, day, .form = FORM_day),
    COLUMN(hoard_row, unpaid),
    COLUMN(hoard_row, code_minute),
    COLUMN(hoard_row, code_misses),
};
const struct table hoard_table = TABLE("hoards", 101, hoard_row, hoard_columns, 1);

static const struct column number_columns[] = {
    COLUMN(hoard_number_row, queue_id, .form = FORM_id),
    COLUMN(hoard_number_row, number),
};
static const struct shape number_shape = SHAPE("hoard_number", hoard_number_row, number_columns);

static const struct column numbers_columns[] = {
    COLUMN(hoard_numbers_row, shop_id, .form = FORM_id),
    COLUMN(hoard_numbers_row, person_id, .form = FORM_id),
    COLUMN(hoard_numbers_row, day, .form = FORM_day),
    COLUMN_LIST(hoard_numbers_row, numbers, number_shape),
};
const struct table hoard_numbers_table = TABLE("hoard_numbers", 102, hoard_numbers_row, numbers_columns, 2);
