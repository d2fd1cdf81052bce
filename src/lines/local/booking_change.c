/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a booking: moved, cancelled, seen, missed, over; and asking for it. */
#include "engine/engine_rows.h"
#include "lines/local/booking_internal.h"
#include "people/people.h"

#include <stdio.h>

static const struct column ref_columns[] = {
    COLUMN(booking_ref, booking_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("booking_ref", booking_ref, ref_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct booking_ref *want = request;
    const struct booking_row *booking = booking_ask(view, want->booking_id);
    bool shop;
    enum refusal refusal = booking_side(view, at, booking, &shop);
    if (refusal == REFUSAL_none) {
        booking_show(at, booking, answer);
    }
    return refusal;
}

const struct command booking_query = {
    .name = "booking_query",
    .number = 267,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/bookings/{booking_id}",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &booking_table.shape,
    .decide = decide_query,
    .summary = "One booking as it stands.",
};

/* ---- another time ---- */

static const struct column reschedule_columns[] = {
    COLUMN(booking_reschedule, booking_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(booking_reschedule, resource_id, .form = FORM_id,
           .text = "Another one of the same shop; left out: the same."),
    COLUMN(booking_reschedule, starts_at_us, .form = FORM_instant, .flags = COLUMN_required),
};
static const struct shape reschedule_shape = SHAPE("booking_reschedule", booking_reschedule, reschedule_columns);

static bool is_free(const struct moment *at, const struct booking_row *booking)
{
    return at->now_us < booking->starts_at_us - booking->free_minutes * US_PER_MINUTE;
}

static enum refusal move_check(const struct moment *at, const struct booking_row *booking, bool shop)
{
    if (booking->state < BOOKING_confirmed) {
        return REFUSAL_booking_unconfirmed;
    }
    if (booking->state != BOOKING_confirmed) {
        return REFUSAL_booking_ended;
    }
    if (booking->show_id != 0) {
        return REFUSAL_slot_unknown;
    }
    bool in_time = shop ? at->now_us < booking->starts_at_us : is_free(at, booking);
    return in_time ? REFUSAL_none : REFUSAL_booking_late;
}

/* Whether another resource wants more beforehand than what the booking was secured with. */
static bool secured_less(const struct booking_row *booking, const struct resource_row *resource)
{
    if (resource->resource_id == booking->resource_id || resource->pay == RESOURCE_PAY_at_shop ||
        booking->pay == RESOURCE_PAY_before) {
        return false; /* what was paid is compared with the price */
    }
    return resource->pay != booking->pay || resource->deposit_minor * booking->pieces > booking->deposit_minor;
}

/* What was paid more than the other time costs goes back; a deposit is held until the other time is over. */
static enum refusal move_money(struct view *view, struct moment *at, struct booking_row *booking, int64_t price_minor)
{
    char what[32];
    if (booking->pay == RESOURCE_PAY_deposit) {
        return booking_deposit_renew(view, at, booking);
    }
    if (booking->trade_id == 0 || price_minor == booking->price_minor) {
        return REFUSAL_none;
    }
    snprintf(what, sizeof(what), "moved-%d", booking->moves);
    return booking_give_back(view, at, booking, booking->price_minor - price_minor, what);
}

static enum refusal move_slots(struct view *view, struct moment *at, struct booking_row *booking,
                               const struct resource_row *resource, const struct slot_choice *choice)
{
    int64_t price_minor = 0;
    struct booking_row before = *booking;
    for (size_t i = 0; i < choice->count; i++) {
        price_minor += choice->slots[i].price_minor * booking->pieces;
    }
    if (booking->pay == RESOURCE_PAY_before && price_minor > booking->price_minor) {
        return REFUSAL_move_dearer;
    }
    enum refusal refusal = places_give_back(view, at, &before);
    if (refusal == REFUSAL_none) {
        refusal = slots_open(view, at, resource, choice);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    booking_timer_drop(view, booking);
    booking->moves++;
    booking->resource_id = resource->resource_id;
    memset(booking->slots, 0, sizeof(booking->slots));
    booking_slots_set(booking, choice);
    refusal = places_take(view, at, booking);
    if (refusal == REFUSAL_none) {
        refusal = move_money(view, at, booking, price_minor);
    }
    booking->price_minor = price_minor;
    booking_timer_set(view, at, booking);
    return refusal == REFUSAL_none ? bookings_serve_day(view, at, before.resource_id, before.day) : refusal;
}

static enum refusal decide_reschedule(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct booking_reschedule *want = request;
    const struct booking_row *asked = booking_ask(view, want->booking_id);
    int64_t resource_id = want->resource_id != 0 ? want->resource_id : asked->resource_id;
    const struct resource_row *resource = resource_ask(view, resource_id);
    struct slot_choice choice = { 0 };
    bool shop;
    enum refusal refusal = booking_side(view, at, asked, &shop);
    if (refusal == REFUSAL_none) {
        refusal = move_check(at, asked, shop);
    }
    if (refusal == REFUSAL_none && (!row_exists(resource) || resource->shop_id != asked->shop_id)) {
        refusal = REFUSAL_resource_unknown;
    }
    if (refusal == REFUSAL_none && resource->open == 0) {
        refusal = REFUSAL_resource_closed;
    }
    bool longer = !shop && resource_id != asked->resource_id && asked->slots_count > resource->slots_most;
    if (refusal == REFUSAL_none) {
        refusal = resource->kind == RESOURCE_hall || longer
                      ? REFUSAL_slot_unknown
                      : slot_choose(view, resource, want->starts_at_us, asked->slots_count, &choice);
    }
    if (refusal == REFUSAL_none) {
        refusal = booking_time_check(resource, at, want->starts_at_us, civil_yyyymmdd(choice.day), shop);
    }
    bool crowded = resource->people_max != 0 && asked->people > (int64_t)resource->people_max * asked->pieces;
    if (refusal == REFUSAL_none && crowded) {
        refusal = REFUSAL_party_too_large;
    }
    if (refusal == REFUSAL_none && !shop && secured_less(asked, resource)) {
        refusal = REFUSAL_move_dearer;
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct booking_row *booking = view_change(view, asked);
    refusal = move_slots(view, at, booking, resource, &choice);
    memcpy(answer, booking, sizeof(*booking));
    return refusal;
}

const struct command booking_reschedule = {
    .name = "booking_reschedule",
    .number = 263,
    .method = "POST",
    .route = "/v1/bookings/{booking_id}/reschedule",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &reschedule_shape,
    .answer = &booking_table.shape,
    .decide = decide_reschedule,
    .summary = "Moves a confirmed booking to another time, as long as it can be cancelled for nothing; what it cost "
               "more goes back. The shop may until it begins.",
};

/* ---- cancelled ---- */

/* Its unpaid trade is closed, and that ends the booking. */
static enum refusal cancel_held(struct view *view, struct moment *at, struct booking_row *booking)
{
    struct trade_row *trade = view_change(view, trade_ask(view, booking->trade_id));
    if (trade->state != TRADE_wait_buyer_pay) {
        return REFUSAL_trade_unknown; /* not at hand yet */
    }
    trade_end(view, at, trade, CLOSE_cancelled);
    booking->state = BOOKING_cancelled;
    return REFUSAL_none;
}

static enum refusal cancel(struct view *view, struct moment *at, struct booking_row *booking, bool shop)
{
    if (booking->state == BOOKING_held) {
        return cancel_held(view, at, booking);
    }
    bool costs = booking->state == BOOKING_confirmed && !shop && !is_free(at, booking);
    return booking_end(view, at, booking, BOOKING_cancelled, costs ? booking->late_percent : 0, true);
}

static enum refusal decide_cancel(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct booking_ref *want = request;
    const struct booking_row *asked = booking_ask(view, want->booking_id);
    bool shop;
    enum refusal refusal = booking_side(view, at, asked, &shop);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (asked->state == BOOKING_cancelled) {
        memcpy(answer, asked, sizeof(*asked));
        return REFUSAL_none;
    }
    if (asked->state > BOOKING_confirmed) {
        return REFUSAL_booking_ended;
    }
    if (!shop && asked->state == BOOKING_confirmed && at->now_us >= asked->starts_at_us) {
        return REFUSAL_booking_late;
    }
    struct booking_row *booking = view_change(view, asked);
    refusal = cancel(view, at, booking, shop);
    memcpy(answer, booking, sizeof(*booking));
    return refusal;
}

const struct command booking_cancel = {
    .name = "booking_cancel",
    .number = 264,
    .method = "POST",
    .route = "/v1/bookings/{booking_id}/cancel",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &booking_table.shape,
    .decide = decide_cancel,
    .summary = "Ends a booking, an offer or waiting. The shopper pays what its rules say when it is late; the shop "
               "gives everything back.",
};

/* ---- at the shop ---- */

/* The booking, when it is confirmed and the caller is its shop. */
static enum refusal shop_check(struct view *view, const struct moment *at, const struct booking_row *booking)
{
    bool shop;
    enum refusal refusal = booking_side(view, at, booking, &shop);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (!shop) {
        return REFUSAL_forbidden;
    }
    if (booking->state < BOOKING_confirmed) {
        return REFUSAL_booking_unconfirmed;
    }
    return booking->state == BOOKING_confirmed ? REFUSAL_none : REFUSAL_booking_ended;
}

static enum refusal decide_arrive(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct booking_ref *want = request;
    const struct booking_row *asked = booking_ask(view, want->booking_id);
    enum refusal refusal = shop_check(view, at, asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (at->now_us < asked->starts_at_us - US_PER_DAY) {
        return REFUSAL_booking_early;
    }
    struct booking_row *booking = view_change(view, asked);
    refusal = booking_earn(view, at, booking, BOOKING_arrived);
    memcpy(answer, booking, sizeof(*booking));
    return refusal;
}

const struct command booking_arrive = {
    .name = "booking_arrive",
    .number = 265,
    .method = "POST",
    .route = "/v1/bookings/{booking_id}/arrive",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &ref_shape,
    .answer = &booking_table.shape,
    .decide = decide_arrive,
    .summary = "The guest is here: the price is the shop's, a deposit goes back.",
};

static enum refusal decide_miss(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct booking_ref *want = request;
    const struct booking_row *asked = booking_ask(view, want->booking_id);
    enum refusal refusal = shop_check(view, at, asked);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (at->now_us < asked->starts_at_us + asked->grace_minutes * US_PER_MINUTE) {
        return REFUSAL_booking_early;
    }
    struct booking_row *booking = view_change(view, asked);
    refusal = booking_end(view, at, booking, BOOKING_missed, booking->missed_percent, false);
    memcpy(answer, booking, sizeof(*booking));
    return refusal;
}

const struct command booking_miss = {
    .name = "booking_miss",
    .number = 266,
    .method = "POST",
    .route = "/v1/bookings/{booking_id}/miss",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &ref_shape,
    .answer = &booking_table.shape,
    .decide = decide_miss,
    .summary = "The guest did not come within the time of grace: the shop keeps what the rules say.",
};

/* ---- timers ---- */

static enum refusal decide_due(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    const struct booking_row *asked = booking_ask(view, due->subject_id);
    (void)answer;
    if (!row_exists(asked) || asked->state != BOOKING_confirmed || asked->due_at_us != due->due_us) {
        return REFUSAL_none;
    }
    struct booking_row *booking = view_change(view, asked);
    return booking->missed_itself != 0 ? booking_end(view, at, booking, BOOKING_missed, booking->missed_percent, false)
                                       : booking_earn(view, at, booking, BOOKING_over);
}

const struct command booking_due = {
    .name = "booking_due",
    .number = 268,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide_due,
    .summary = "A booking's time is over, or its guest has not been seen.",
};

static enum refusal decide_lapse(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct timer_due *due = request;
    const struct booking_row *asked = booking_ask(view, due->subject_id);
    (void)answer;
    bool waits = row_exists(asked) && (asked->state == BOOKING_offered || asked->state == BOOKING_waiting);
    if (!waits || asked->due_at_us != due->due_us) {
        return REFUSAL_none;
    }
    return booking_end(view, at, view_change(view, asked), BOOKING_lapsed, 0, true);
}

const struct command booking_lapse = {
    .name = "booking_lapse",
    .number = 269,
    .flags = COMMAND_internal,
    .request = &timer_due_shape,
    .answer = &nothing_shape,
    .decide = decide_lapse,
    .summary = "An offer that nobody accepted in time goes to who waits next; who waits for a time that has come waits "
               "no more.",
};
