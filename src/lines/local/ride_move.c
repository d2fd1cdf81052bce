/* SPDX-License-Identifier: Apache-2.0 */
/* Couriers: who works for a shop and where; and the moves of their rides. */
#include "lines/local/meal_internal.h"

#define OPEN_DEFAULT 3

static const struct column enlist_columns[] = {
    COLUMN(courier_enlist, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(courier_enlist, courier_id, .form = FORM_id, .flags = COLUMN_required,
           .text = "A shopper: its wallet gets the fees and tips, its token moves the rides."),
    COLUMN(courier_enlist, name, .flags = COLUMN_required, .least = 1),
    COLUMN(courier_enlist, phone),
    COLUMN(courier_enlist, open_most, .least = 0, .most = COURIER_OPEN_MAX,
           .text = "Rides it takes at once; left out: 3."),
    COLUMN(courier_enlist, gone, .form = FORM_flag, .text = "It works here no more."),
};
static const struct shape enlist_shape = SHAPE("courier_enlist", courier_enlist, enlist_columns);

/* Puts it on the kitchen's list, or takes it off; false: the list is full. */
static bool roster_set(struct kitchen_row *kitchen, int64_t courier_id, bool works_here)
{
    int32_t at = 0;
    while (at < kitchen->couriers_count && kitchen->couriers[at].id != courier_id) {
        at++;
    }
    if (works_here && at == kitchen->couriers_count) {
        if (kitchen->couriers_count == KITCHEN_COURIERS_MAX) {
            return false;
        }
        kitchen->couriers[kitchen->couriers_count++].id = courier_id;
    }
    if (!works_here && at < kitchen->couriers_count) {
        kitchen->couriers[at] = kitchen->couriers[--kitchen->couriers_count];
        kitchen->couriers[kitchen->couriers_count].id = 0;
    }
    return true;
}

static enum refusal enlist_check(struct view *view, const struct moment *at, const struct courier_enlist *want)
{
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    const struct courier_row *courier = courier_ask(view, want->courier_id);
    const struct shopper_row *shopper = shopper_ask(view, want->courier_id);
    const struct kitchen_row *kitchen = kitchen_ask(view, want->shop_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(kitchen)) {
        return REFUSAL_kitchen_unknown;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    if (want->gone != 0 && courier->shop_id != want->shop_id) {
        return REFUSAL_courier_unknown;
    }
    if (courier->shop_id != 0 && courier->shop_id != want->shop_id) {
        return REFUSAL_id_taken; /* it works for another shop */
    }
    return want->gone != 0 && courier->open > 0 ? REFUSAL_move_illegal : REFUSAL_none;
}

static enum refusal decide_enlist(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct courier_enlist *want = request;
    enum refusal refusal = enlist_check(view, at, want);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct kitchen_row *kitchen = view_change(view, kitchen_ask(view, want->shop_id));
    struct courier_row *courier = view_change(view, courier_ask(view, want->courier_id));
    if (!roster_set(kitchen, want->courier_id, want->gone == 0)) {
        return REFUSAL_menu_invalid;
    }
    courier->shop_id = want->gone == 0 ? want->shop_id : 0;
    memcpy(courier->name, want->name, sizeof(courier->name));
    memcpy(courier->phone, want->phone, sizeof(courier->phone));
    courier->open_most = want->open_most != 0 ? want->open_most : OPEN_DEFAULT;
    courier->on_duty = want->gone == 0 ? courier->on_duty : 0;
    courier->changed_at_us = at->now_us;
    memcpy(answer, courier, sizeof(*courier));
    return REFUSAL_none;
}

const struct command courier_enlist = {
    .name = "courier_enlist",
    .number = 292,
    .method = "POST",
    .route = "/v1/shops/{shop_id}/couriers",
    .http_status = 201,
    .callers = CALLERS_MERCHANT | CALLER_BIT(shop),
    .request = &enlist_shape,
    .answer = &courier_table.shape,
    .decide = decide_enlist,
    .summary = "Takes a courier on for a shop, changes what is known of it, or lets it go.",
};

static const struct column report_columns[] = {
    COLUMN(courier_report, courier_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(courier_report, on_duty, .form = FORM_flag, .flags = COLUMN_required),
    COLUMN(courier_report, latitude_e6, .flags = COLUMN_required, .text = "In millionths of a degree."),
    COLUMN(courier_report, longitude_e6, .flags = COLUMN_required),
};
static const struct shape report_shape = SHAPE("courier_report", courier_report, report_columns);

static enum refusal decide_report(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct courier_report *want = request;
    const struct courier_row *asked = courier_ask(view, want->courier_id);
    struct position place = { want->latitude_e6, want->longitude_e6 };
    if (!row_exists(asked) || asked->shop_id == 0 || !access_shopper(at, want->courier_id)) {
        return REFUSAL_courier_unknown;
    }
    if (!place_valid(place)) {
        return REFUSAL_menu_invalid;
    }
    struct courier_row *courier = view_change(view, asked);
    courier->on_duty = want->on_duty;
    courier->latitude_e6 = place.latitude_e6;
    courier->longitude_e6 = place.longitude_e6;
    courier->seen_at_us = at->now_us;
    memcpy(answer, courier, sizeof(*courier));
    return REFUSAL_none;
}

const struct command courier_report = {
    .name = "courier_report",
    .number = 293,
    .flags = COMMAND_unkeyed,
    .method = "PUT",
    .route = "/v1/couriers/{courier_id}/report",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &report_shape,
    .answer = &courier_table.shape,
    .decide = decide_report,
    .summary = "A courier says where it is, and whether it is on duty.",
};

/* ---- moves ---- */

static const struct column move_columns[] = {
    COLUMN(ride_move, ride_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(ride_move, state, .form = FORM_choice, .names = ride_states, .flags = COLUMN_required,
           .text = "assigned to accepted, at_kitchen, picked_up, at_door, delivered; waiting: the courier does not "
                   "want it; failed: nobody was there, then picked_up to try again or returned; cancelled by the "
                   "shop."),
    COLUMN(ride_move, reason),
};
static const struct shape move_shape = SHAPE("ride_move", ride_move, move_columns);

/* Who may make this move, and whether the order is as far. */
static enum refusal move_check(const struct meal_order_row *order, const struct ride_row *ride, int32_t to, bool staff)
{
    bool chosen = to == RIDE_assigned || (to == RIDE_cancelled && !staff);
    if (chosen || !ride_may((enum ride_state)ride->state, (enum ride_state)to)) {
        return REFUSAL_move_illegal;
    }
    if (to == RIDE_picked_up && order->state != MEAL_ready) {
        return REFUSAL_meal_unready;
    }
    return to == RIDE_delivered && !meal_is_paid(order) ? REFUSAL_meal_unpaid : REFUSAL_none;
}

static enum refusal decide_move(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct ride_move *want = request;
    const struct ride_row *asked = ride_ask(view, want->ride_id);
    const struct shop_row *shop = shop_ask(view, asked->shop_id);
    const struct meal_order_row *seen = meal_ask(view, asked->order_id);
    bool staff = access_shop(view, at, shop);
    bool his = asked->courier_id != 0 && at->caller.kind == CALLER_shopper && at->caller.id == asked->courier_id;
    if (!row_exists(asked) || (!staff && !his)) {
        return REFUSAL_ride_unknown;
    }
    meal_ask_all(view, seen);
    enum refusal refusal = move_check(seen, asked, want->state, staff);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct ride_row *ride = view_change(view, asked);
    struct meal_order_row *order = meal_change(view, seen);
    if (want->state == RIDE_waiting) {
        ride_decline(ride);
    }
    ride_go(view, at, ride, (enum ride_state)want->state, want->reason);
    if (want->state == RIDE_delivered) {
        refusal = meal_finish(view, at, order, ride->courier_id);
    }
    memcpy(answer, ride, sizeof(*ride));
    return refusal;
}

const struct command ride_move = {
    .name = "ride_move",
    .number = 295,
    .method = "POST",
    .route = "/v1/rides/{ride_id}/move",
    .http_status = 200,
    .callers = CALLERS_SHOP | CALLERS_SHOPPER,
    .request = &move_shape,
    .answer = &ride_table.shape,
    .decide = decide_move,
    .summary = "The courier or the shop says how far a ride is. Only legal moves are made, each is kept; delivered, "
               "the money is earned, fee and tip are the courier's.",
};
