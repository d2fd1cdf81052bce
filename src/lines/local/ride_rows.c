/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/ride_rows.h"

const char *const ride_states[] = { "",        "waiting",   "assigned", "accepted", "at_kitchen", "picked_up",
                                    "at_door", "delivered", "failed",   "returned", "cancelled",  NULL };
const char *const courier_verdicts[] = { "",       "chosen",   "later", "off_duty", "full",
                                         "unseen", "declined", "gone",  NULL };

static const struct column courier_columns[] = {
    COLUMN(courier_row, courier_id, .form = FORM_id, .text = "The shopper whose wallet gets the fees."),
    COLUMN(courier_row, shop_id, .form = FORM_id),
    COLUMN(courier_row, name),
    COLUMN(courier_row, phone),
    COLUMN(courier_row, on_duty, .form = FORM_flag),
    COLUMN(courier_row, open, .text = "Deliveries that it has."),
    COLUMN(courier_row, open_most, .text = "And takes at once."),
    COLUMN(courier_row, latitude_e6),
    COLUMN(courier_row, longitude_e6),
    COLUMN(courier_row, seen_at_us, .form = FORM_instant),
    COLUMN(courier_row, idle_since_us, .form = FORM_instant),
    COLUMN(courier_row, delivered),
    COLUMN(courier_row, earned_minor, .form = FORM_amount),
    COLUMN(courier_row, changed_at_us, .form = FORM_instant),
};
const struct table courier_table = TABLE("couriers", 91, courier_row, courier_columns, 1);

static const struct column ride_columns[] = {
    COLUMN(ride_row, ride_id, .form = FORM_id),
    COLUMN(ride_row, order_id, .form = FORM_id),
    COLUMN(ride_row, shop_id, .form = FORM_id),
    COLUMN(ride_row, number),
    COLUMN(ride_row, courier_id, .form = FORM_id),
    COLUMN(ride_row, state, .form = FORM_choice, .names = ride_states),
    COLUMN(ride_row, steps),
    COLUMN(ride_row, attempts),
    COLUMN(ride_row, contact),
    COLUMN(ride_row, phone),
    COLUMN(ride_row, address),
    COLUMN(ride_row, latitude_e6),
    COLUMN(ride_row, longitude_e6),
    COLUMN(ride_row, distance_m),
    COLUMN(ride_row, fee_minor, .form = FORM_amount),
    COLUMN(ride_row, ready_by_us, .form = FORM_instant),
    COLUMN(ride_row, created_at_us, .form = FORM_instant),
    COLUMN(ride_row, accepted_at_us, .form = FORM_instant),
    COLUMN(ride_row, picked_up_at_us, .form = FORM_instant),
    COLUMN(ride_row, ended_at_us, .form = FORM_instant),
    COLUMN(ride_row, look_at_us, .form = FORM_hidden),
    COLUMN_LIST(ride_row, declined, id_shape),
};
const struct table ride_table = TABLE("rides", 92, ride_row, ride_columns, 1);

static const struct column candidate_columns[] = {
    COLUMN(step_candidate_row, courier_id, .form = FORM_id),
    COLUMN(step_candidate_row, distance_m),
    COLUMN(step_candidate_row, open),
    COLUMN(step_candidate_row, wait_s, .text = "Seconds until it could be at the kitchen."),
    COLUMN(step_candidate_row, verdict, .form = FORM_choice, .names = courier_verdicts),
};
static const struct shape candidate_shape = SHAPE("courier_candidate", step_candidate_row, candidate_columns);

static const struct column step_columns[] = {
    COLUMN(ride_step_row, ride_id, .form = FORM_id),
    COLUMN(ride_step_row, step),
    COLUMN(ride_step_row, from_state, .form = FORM_choice, .names = ride_states),
    COLUMN(ride_step_row, to_state, .form = FORM_choice, .names = ride_states),
    COLUMN(ride_step_row, at_us, .form = FORM_instant),
    COLUMN(ride_step_row, by_kind, .form = FORM_choice, .names = caller_names),
    COLUMN(ride_step_row, by_id, .form = FORM_id),
    COLUMN(ride_step_row, courier_id, .form = FORM_id),
    COLUMN(ride_step_row, reason),
    COLUMN_LIST(ride_step_row, candidates, candidate_shape,
                .text = "Each courier of the shop, and why it was this one."),
};
const struct table ride_step_table = TABLE("ride_steps", 93, ride_step_row, step_columns, 2);
