/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/queue_rows.h"

const char *const place_states[] = { "", "waiting", "called", "seated", "skipped", "left", "lapsed", NULL };

static const struct column queue_number_columns[] = {
    COLUMN(queue_number_row, number),
};
static const struct shape queue_number_shape = SHAPE("queue_number", queue_number_row, queue_number_columns);

static const struct column queue_columns[] = {
    COLUMN(queue_row, queue_id, .form = FORM_id),
    COLUMN(queue_row, shop_id, .form = FORM_id),
    COLUMN(queue_row, merchant_id, .form = FORM_id),
    COLUMN(queue_row, name),
    COLUMN(queue_row, letter),
    COLUMN(queue_row, people_most),
    COLUMN(queue_row, skip_back),
    COLUMN(queue_row, open, .form = FORM_flag),
    COLUMN(queue_row, day, .form = FORM_day, .text = "Of the numbers."),
    COLUMN(queue_row, number, .text = "The last that was given out."),
    COLUMN(queue_row, called, .text = "The last that was called."),
    COLUMN(queue_row, created_at_us, .form = FORM_instant),
    COLUMN_LIST(queue_row, waiting, queue_number_shape, .text = "Numbers in the order in which they are called."),
};
const struct table queue_table = TABLE("queues", 80, queue_row, queue_columns, 1);

static const struct column queue_place_columns[] = {
    COLUMN(queue_place_row, queue_id, .form = FORM_id),
    COLUMN(queue_place_row, day, .form = FORM_day),
    COLUMN(queue_place_row, number),
    COLUMN(queue_place_row, shop_id, .form = FORM_id),
    COLUMN(queue_place_row, shopper_id, .form = FORM_id),
    COLUMN(queue_place_row, people),
    COLUMN(queue_place_row, state, .form = FORM_choice, .names = place_states),
    COLUMN(queue_place_row, calls),
    COLUMN(queue_place_row, taken_at_us, .form = FORM_instant),
    COLUMN(queue_place_row, called_at_us, .form = FORM_instant),
    COLUMN(queue_place_row, ended_at_us, .form = FORM_instant),
};
const struct table queue_place_table = TABLE("queue_places", 81, queue_place_row, queue_place_columns, 3);
