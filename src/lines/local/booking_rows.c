/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/booking_rows.h"

const char *const booking_states[] = { "",       "waiting", "offered",   "held",   "confirmed", "arrived",
                                       "missed", "over",    "cancelled", "lapsed", NULL };

static const struct column booking_slot_columns[] = {
    COLUMN(booking_slot_row, starts_at_us, .form = FORM_instant),
};
static const struct shape booking_slot_shape = SHAPE("booking_slot", booking_slot_row, booking_slot_columns);

static const struct column booking_seat_columns[] = {
    COLUMN(booking_seat_row, line, .least = 0, .most = SEAT_LINES_MAX - 1, .text = "Row of the hall's map, from 0."),
    COLUMN(booking_seat_row, seat, .flags = COLUMN_required, .least = 1, .most = SEATS_OF_LINE_MAX,
           .text = "Place of the row, from 1."),
};
const struct shape booking_seat_shape = SHAPE("booking_seat", booking_seat_row, booking_seat_columns);

static const struct column booking_columns[] = {
    COLUMN(booking_row, booking_id, .form = FORM_id),
    COLUMN(booking_row, resource_id, .form = FORM_id),
    COLUMN(booking_row, show_id, .form = FORM_id),
    COLUMN(booking_row, shop_id, .form = FORM_id),
    COLUMN(booking_row, merchant_id, .form = FORM_id),
    COLUMN(booking_row, shopper_id, .form = FORM_id),
    COLUMN(booking_row, note),
    COLUMN(booking_row, state, .form = FORM_choice, .names = booking_states),
    COLUMN(booking_row, pay, .form = FORM_choice, .names = resource_pays),
    COLUMN(booking_row, day, .form = FORM_day, .text = "On which its slots or its show begin."),
    COLUMN(booking_row, pieces, .text = "Places of each slot, or seats."),
    COLUMN(booking_row, people),
    COLUMN(booking_row, moves, .text = "How often it was rescheduled."),
    COLUMN(booking_row, starts_at_us, .form = FORM_instant),
    COLUMN(booking_row, ends_at_us, .form = FORM_instant),
    COLUMN(booking_row, price_minor, .form = FORM_amount),
    COLUMN(booking_row, deposit_minor, .form = FORM_amount),
    COLUMN(booking_row, trade_id, .form = FORM_id, .text = "That pays it, when it is paid before."),
    COLUMN(booking_row, hold_id, .form = FORM_id, .text = "Of its deposit."),
    COLUMN(booking_row, fee_minor, .form = FORM_amount, .text = "What the shop kept when it was cancelled or missed."),
    COLUMN(booking_row, due_at_us, .form = FORM_instant,
           .text = "Until when it waits or an offer can be accepted; when a confirmed one is over or missing."),
    COLUMN(booking_row, free_minutes, .text = "Before its start it can be cancelled and moved for nothing."),
    COLUMN(booking_row, late_percent, .text = "What cancelling costs later, of price or deposit."),
    COLUMN(booking_row, missed_percent, .text = "What not coming costs."),
    COLUMN(booking_row, grace_minutes, .text = "After its start, and who has not come is missing."),
    COLUMN(booking_row, missed_itself, .form = FORM_flag,
           .text = "Who was not seen by then is taken to be missing, without the shop's saying so."),
    COLUMN(booking_row, previous_id, .form = FORM_hidden),
    COLUMN(booking_row, created_at_us, .form = FORM_instant),
    COLUMN(booking_row, confirmed_at_us, .form = FORM_instant),
    COLUMN(booking_row, ended_at_us, .form = FORM_instant),
    COLUMN_LIST(booking_row, slots, booking_slot_shape),
    COLUMN_LIST(booking_row, seats, booking_seat_shape),
    COLUMN(booking_row, counted, .form = FORM_hidden),
    COLUMN(booking_row, returns, .form = FORM_hidden),
    COLUMN(booking_row, returned_minor, .form = FORM_amount, .text = "Given back by the shop after it had ended."),
    COLUMN(booking_row, return_reason, .text = "Why, the last time."),
};
const struct table booking_table = TABLE("bookings", 76, booking_row, booking_columns, 1);
