/* SPDX-License-Identifier: Apache-2.0 */
/* Booking slots, seats of a show, and what the waiting list offers. */
#include "ledger/ledger.h"
#include "lines/local/booking_internal.h"
#include "lines/local/seats.h"
#include "people/people.h"

static int32_t or_one(int32_t value)
{
    return value != 0 ? value : 1;
}

/* ---- slots ---- */

static const struct column create_columns[] = {
    COLUMN(booking_create, resource_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(booking_create, shopper_id, .form = FORM_id,
           .text = "Left out: the shopper of the token; for a shop: somebody whom only the shop knows."),
    COLUMN(booking_create, starts_at_us, .form = FORM_instant, .flags = COLUMN_required,
           .text = "When the first slot begins."),
    COLUMN(booking_create, slots, .least = 0, .most = BOOKING_SLOTS_MAX, .text = "In a row; left out: 1."),
    COLUMN(booking_create, pieces, .least = 0, .most = SLOT_CAPACITY_MAX, .text = "Places; left out: 1."),
    COLUMN(booking_create, people, .least = 0, .most = 100000, .text = "Who come."),
    COLUMN(booking_create, pay_later, .form = FORM_flag,
           .text = "What is paid before is not taken from the wallet now: its trade waits to be paid in any way."),
    COLUMN(booking_create, confirmed, .form = FORM_flag, .text = "The shopper gave a second factor on the device."),
    COLUMN(booking_create, note),
};
static const struct shape create_shape = SHAPE("booking_create", booking_create, create_columns);

static int64_t choice_price(const struct slot_choice *choice, int32_t pieces)
{
    int64_t price_minor = 0;
    for (size_t i = 0; i < choice->count; i++) {
        price_minor += choice->slots[i].price_minor;
    }
    return price_minor > AMOUNT_MAX / pieces ? AMOUNT_MAX + 1 : price_minor * pieces; /* refused as an amount */
}

/* Chooses the slots and sees whether they may be booked by that booker. */
static enum refusal slots_check(struct view *view, const struct moment *at, const struct resource_row *resource,
                                const struct booking_create *want, const struct booker *booker,
                                struct slot_choice *choice)
{
    if (resource->kind == RESOURCE_hall || (or_one(want->slots) > resource->slots_most && !booker->shop)) {
        return REFUSAL_slot_unknown;
    }
    enum refusal refusal = slot_choose(view, resource, want->starts_at_us, or_one(want->slots), choice);
    if (refusal == REFUSAL_none) {
        refusal = booking_time_check(resource, at, want->starts_at_us, civil_yyyymmdd(choice->day), booker->shop);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    bool crowded = resource->people_max != 0 && want->people > (int64_t)resource->people_max * or_one(want->pieces);
    return crowded ? REFUSAL_party_too_large : REFUSAL_none;
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct booking_create *want = request;
    const struct resource_row *resource = resource_ask(view, want->resource_id);
    struct slot_choice choice = { 0 };
    struct booker booker;
    if (!row_exists(resource)) {
        return REFUSAL_resource_unknown;
    }
    enum refusal refusal = booker_check(view, at, shop_ask(view, resource->shop_id), want->shopper_id, &booker);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (resource->open == 0) {
        return REFUSAL_resource_closed;
    }
    refusal = slots_check(view, at, resource, want, &booker, &choice);
    if (refusal == REFUSAL_none) {
        refusal = slots_open(view, at, resource, &choice);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct booking_row *booking = booking_new(view, at, resource, &booker, want->note);
    booking->pieces = or_one(want->pieces);
    booking->people = want->people;
    booking_slots_set(booking, &choice);
    booking->price_minor = choice_price(&choice, booking->pieces);
    booking->deposit_minor = booking->pay == RESOURCE_PAY_deposit ? resource->deposit_minor * booking->pieces : 0;
    refusal = places_hold(view, at, booking);
    if (refusal == REFUSAL_none) {
        struct booking_payment payment = { want->pay_later != 0, want->confirmed != 0, resource->name,
                                           resource->hold_minutes };
        refusal = booking_secure(view, at, booking, &payment);
    }
    memcpy(answer, booking, sizeof(*booking));
    return refusal;
}

const struct command booking_create = {
    .name = "booking_create",
    .number = 259,
    .method = "POST",
    .route = "/v1/resources/{resource_id}/bookings",
    .http_status = 201,
    .callers = CALLERS_ALL,
    .request = &create_shape,
    .answer = &booking_table.shape,
    .decide = decide_create,
    .summary = "Books slots in a row. What is paid before is taken from the wallet, or waits to be paid; a deposit is "
               "set aside.",
};

/* ---- seats ---- */

static const struct column seats_columns[] = {
    COLUMN(booking_seats, show_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(booking_seats, shopper_id, .form = FORM_id,
           .text = "Left out: the shopper of the token; for a shop: somebody whom only the shop knows."),
    COLUMN(booking_seats, count, .least = 0, .most = BOOKING_SEATS_MAX,
           .text = "Without `seats`: so many side by side, the best there are; left out: 1."),
    COLUMN(booking_seats, pay_later, .form = FORM_flag,
           .text = "What is paid before is not taken from the wallet now: its trade waits to be paid in any way."),
    COLUMN(booking_seats, confirmed, .form = FORM_flag, .text = "The shopper gave a second factor on the device."),
    COLUMN(booking_seats, note),
    COLUMN_LIST(booking_seats, seats, booking_seat_shape, .text = "The very seats."),
};
static const struct shape seats_shape = SHAPE("booking_seats", booking_seats, seats_columns);

/* Price of a row's seats in a show; a map may name more prices than an older show has. */
static int64_t line_price(const struct show_row *show, const struct seat_line_row *line)
{
    return line->price < show->prices_count ? show->prices[line->price].price_minor : show->prices[0].price_minor;
}

int64_t seats_price(struct view *view, const struct show_row *show, const struct booking_row *booking)
{
    const struct seat_map_row *map = seat_map_ask(view, show->resource_id, show->map_version);
    int64_t price_minor = 0;
    for (int32_t i = 0; i < booking->seats_count; i++) {
        price_minor += line_price(show, &map->lines[booking->seats[i].line]);
    }
    return price_minor;
}

static void seats_put(struct booking_row *booking, int32_t line, int64_t picked)
{
    for (int32_t seat = 1; seat <= SEATS_OF_LINE_MAX; seat++) {
        if ((picked >> (seat - 1) & 1) != 0) {
            booking->seats[booking->seats_count++] = (struct booking_seat_row){ line, seat };
        }
    }
}

/* Nearest to the middle of its row; among rows the one that is nearest to two thirds of the way back. */
bool seats_choose(struct view *view, const struct show_row *show, enum gap_rule rule, int32_t count,
                  struct booking_row *booking)
{
    const struct seat_map_row *map = seat_map_ask(view, show->resource_id, show->map_version);
    int64_t best = 0;
    int32_t best_line = 0, best_away = INT32_MAX;
    booking->seats_count = 0;
    for (int32_t i = 0; i < map->lines_count; i++) {
        int32_t distance = 0, back = 3 * i - 2 * map->lines_count;
        int64_t taken = show_line_ask(view, show->show_id, i)->taken;
        int64_t picked = seats_pick(&map->lines[i], taken, count, rule, &distance);
        int32_t away = distance + (back < 0 ? -back : back);
        if (picked != 0 && away < best_away) {
            best = picked;
            best_line = i;
            best_away = away;
        }
    }
    seats_put(booking, best_line, best);
    return best != 0;
}

/* All the seats of a row that are wanted, when the row has them and none is named twice. */
static enum refusal line_picked(const struct booking_seats *want, const struct seat_map_row *map, int32_t line,
                                int64_t *picked)
{
    *picked = 0;
    for (int32_t i = 0; i < want->seats_count; i++) {
        int64_t bit = INT64_C(1) << (want->seats[i].seat - 1);
        if (want->seats[i].line != line) {
            continue;
        }
        if (line >= map->lines_count || (map->lines[line].seats & bit) == 0 || (*picked & bit) != 0) {
            return REFUSAL_seat_unknown;
        }
        *picked |= bit;
    }
    return REFUSAL_none;
}

/* The very seats that are wanted: first whether they exist, then whether they are free, then what they leave. */
static enum refusal seats_take(struct view *view, const struct show_row *show, enum gap_rule rule,
                               const struct booking_seats *want, struct booking_row *booking)
{
    const struct seat_map_row *map = seat_map_ask(view, show->resource_id, show->map_version);
    int64_t picked[SEAT_LINES_MAX];
    enum refusal worst = REFUSAL_none;
    for (int32_t i = 0; i < SEAT_LINES_MAX; i++) {
        if (line_picked(want, map, i, &picked[i]) != REFUSAL_none) {
            return REFUSAL_seat_unknown;
        }
        seats_put(booking, i, picked[i]);
    }
    for (int32_t i = 0; i < map->lines_count; i++) {
        int64_t taken = picked[i] != 0 ? show_line_ask(view, show->show_id, i)->taken : 0;
        if ((taken & picked[i]) != 0) {
            worst = REFUSAL_seat_taken;
        } else if (worst == REFUSAL_none && picked[i] != 0 &&
                   seats_leave_gap(&map->lines[i], taken, picked[i], rule)) {
            worst = REFUSAL_seat_gap;
        }
    }
    return worst;
}

static enum refusal show_check(const struct show_row *show, const struct resource_row *hall, const struct moment *at,
                               const struct booker *booker)
{
    if (hall->open == 0) {
        return REFUSAL_resource_closed;
    }
    if (show->state != SHOW_open) {
        return REFUSAL_slot_closed;
    }
    return booking_time_check(hall, at, show->starts_at_us, show->day, booker->shop);
}

/* The seats and their price, into the booking. */
static enum refusal seats_settle(struct view *view, const struct show_row *show, const struct resource_row *hall,
                                 const struct booking_seats *want, struct booking_row *booking)
{
    enum gap_rule rule = (enum gap_rule)hall->gap_rule;
    struct account_key places = { show->show_id, PURPOSE_slot_free, show->starts_at_us };
    if (want->seats_count > 0) {
        enum refusal refusal = seats_take(view, show, rule, want, booking);
        if (refusal != REFUSAL_none) {
            return refusal;
        }
    } else if (account_free(view, places) < or_one(want->count) ||
               !seats_choose(view, show, rule, or_one(want->count), booking)) {
        return REFUSAL_slot_full;
    }
    booking->pieces = booking->seats_count;
    booking->people = booking->seats_count;
    booking->price_minor = seats_price(view, show, booking);
    booking->deposit_minor = booking->pay == RESOURCE_PAY_deposit ? hall->deposit_minor * booking->pieces : 0;
    return seats_mark(view, booking) ? REFUSAL_none : REFUSAL_seat_taken;
}

static enum refusal decide_seats(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct booking_seats *want = request;
    const struct show_row *show = show_ask(view, want->show_id);
    const struct resource_row *hall = resource_ask(view, show->resource_id);
    struct booker booker;
    if (!row_exists(show)) {
        return REFUSAL_show_unknown;
    }
    enum refusal refusal = booker_check(view, at, shop_ask(view, show->shop_id), want->shopper_id, &booker);
    if (refusal == REFUSAL_none) {
        refusal = show_check(show, hall, at, &booker);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct booking_row *booking = booking_new(view, at, hall, &booker, want->note);
    booking->show_id = show->show_id;
    booking->day = show->day;
    booking->starts_at_us = show->starts_at_us;
    booking->ends_at_us = show->ends_at_us;
    refusal = seats_settle(view, show, hall, want, booking);
    if (refusal == REFUSAL_none) {
        refusal = places_hold(view, at, booking);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct show_row *changed = view_change(view, show);
    booking->previous_id = changed->last_booking_id;
    changed->last_booking_id = booking->booking_id;
    struct booking_payment payment = { want->pay_later != 0, want->confirmed != 0, show->title, hall->hold_minutes };
    refusal = booking_secure(view, at, booking, &payment);
    memcpy(answer, booking, sizeof(*booking));
    return refusal;
}

const struct command booking_seats = {
    .name = "booking_seats",
    .number = 260,
    .method = "POST",
    .route = "/v1/shows/{show_id}/bookings",
    .http_status = 201,
    .callers = CALLERS_ALL,
    .request = &seats_shape,
    .answer = &booking_table.shape,
    .decide = decide_seats,
    .summary = "Books seats of a show: the very ones, or the best ones side by side.",
};

/* ---- offers of the waiting list ---- */

static const struct column accept_columns[] = {
    COLUMN(booking_accept, booking_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(booking_accept, pay_later, .form = FORM_flag,
           .text = "What is paid before is not taken from the wallet now: its trade waits to be paid in any way."),
    COLUMN(booking_accept, confirmed, .form = FORM_flag, .text = "The shopper gave a second factor on the device."),
};
static const struct shape accept_shape = SHAPE("booking_accept", booking_accept, accept_columns);

static enum refusal decide_accept(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct booking_accept *want = request;
    const struct booking_row *asked = booking_ask(view, want->booking_id);
    const struct resource_row *resource = resource_ask(view, asked->resource_id);
    const struct show_row *show = show_ask(view, asked->show_id);
    bool shop;
    enum refusal refusal = booking_side(view, at, asked, &shop);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (asked->state != BOOKING_offered) {
        return asked->state < BOOKING_arrived ? REFUSAL_booking_unconfirmed : REFUSAL_booking_ended;
    }
    if (at->now_us >= asked->due_at_us) {
        return REFUSAL_booking_late; /* its timer comes in a moment */
    }
    struct booking_row *booking = view_change(view, asked);
    booking_timer_drop(view, booking);
    struct booking_payment payment = { want->pay_later != 0, want->confirmed != 0,
                                       booking->show_id != 0 ? show->title : resource->name, resource->hold_minutes };
    refusal = booking_secure(view, at, booking, &payment);
    memcpy(answer, booking, sizeof(*booking));
    return refusal;
}

const struct command booking_accept = {
    .name = "booking_accept",
    .number = 262,
    .method = "POST",
    .route = "/v1/bookings/{booking_id}/accept",
    .http_status = 200,
    .callers = CALLERS_SHOPPER,
    .request = &accept_shape,
    .answer = &booking_table.shape,
    .decide = decide_accept,
    .summary = "Takes what the waiting list offers; paid or secured as any booking.",
};
