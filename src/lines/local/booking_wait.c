/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The waiting list of a day or a show: who comes too late waits, and gets an offer as soon as what was wanted is free.
 * First come, first served; whom the free places do not serve keeps waiting while others further behind may be served.
 */
#include "engine/engine_rows.h"
#include "lines/local/booking_internal.h"
#include "people/people.h"

static const struct column wait_columns[] = {
    COLUMN(booking_wait, resource_id, .form = FORM_id, .text = "With `starts_at`; or ..."),
    COLUMN(booking_wait, show_id, .form = FORM_id, .text = "... a show."),
    COLUMN(booking_wait, shopper_id, .form = FORM_id, .text = "Left out: the shopper of the token."),
    COLUMN(booking_wait, starts_at_us, .form = FORM_instant),
    COLUMN(booking_wait, slots, .least = 0, .most = BOOKING_SLOTS_MAX, .text = "In a row; left out: 1."),
    COLUMN(booking_wait, pieces, .least = 0, .most = BOOKING_SEATS_MAX, .text = "Places or seats; left out: 1."),
    COLUMN(booking_wait, people, .least = 0, .most = 100000),
    COLUMN(booking_wait, note),
};
static const struct shape wait_shape = SHAPE("booking_wait", booking_wait, wait_columns);

/* ---- the lists ---- */

struct wait_list {
    int32_t *count;
    struct id_row *ids;
};

static struct wait_list waiting_of_day(struct view *view, const struct resource_day_row *asked)
{
    struct resource_day_row *day = view_change(view, asked);
    return (struct wait_list){ &day->waiting_count, day->waiting };
}

static struct wait_list waiting_of_show(struct view *view, const struct show_row *asked)
{
    struct show_row *show = view_change(view, asked);
    return (struct wait_list){ &show->waiting_count, show->waiting };
}

static const struct resource_day_row *day_ask(struct view *view, int64_t resource_id, int32_t yyyymmdd)
{
    struct resource_day_row key = { .resource_id = resource_id, .day = yyyymmdd };
    return view_ask(view, &resource_day_table, &key);
}

static void waiting_remove(struct wait_list list, int64_t booking_id)
{
    int32_t kept = 0;
    for (int32_t i = 0; i < *list.count; i++) {
        if (list.ids[i].id != booking_id) {
            list.ids[kept++] = list.ids[i];
        }
    }
    memset(&list.ids[kept], 0, sizeof(list.ids[0]) * (size_t)(*list.count - kept));
    *list.count = kept;
}

void booking_unwait(struct view *view, const struct booking_row *booking)
{
    struct wait_list list =
        booking->show_id != 0 ? waiting_of_show(view, show_ask(view, booking->show_id))
                              : waiting_of_day(view, day_ask(view, booking->resource_id, booking->day));
    waiting_remove(list, booking->booking_id);
}

/* ---- joining ---- */

/* Whether the shopper waits for some of the same time already: once is enough. */
static bool waits_already(struct view *view, const struct wait_list *list, const struct booking_row *booking)
{
    bool found = false;
    for (int32_t i = 0; i < *list->count; i++) { /* all are asked in one round */
        const struct booking_row *other = booking_ask(view, list->ids[i].id);
        found |= other->shopper_id == booking->shopper_id && other->starts_at_us < booking->ends_at_us &&
                 booking->starts_at_us < other->ends_at_us;
    }
    return found;
}

static enum refusal list_join(struct view *view, const struct moment *at, const struct wait_list *list,
                              struct booking_row *booking)
{
    if (waits_already(view, list, booking)) {
        return REFUSAL_waiting_twice;
    }
    if (*list->count == BOOKING_WAITING_MAX) {
        return REFUSAL_waiting_full;
    }
    list->ids[(*list->count)++].id = booking->booking_id;
    booking->due_at_us = booking->starts_at_us;
    booking_timer_set(view, at, booking);
    return booking_count(view, at, booking);
}

static enum refusal wait_for_slots(struct view *view, struct moment *at, const struct booking_wait *want,
                                   const struct resource_row *resource, const struct booker *booker,
                                   struct booking_row **to)
{
    struct slot_choice choice = { 0 };
    int32_t slots = want->slots != 0 ? want->slots : 1;
    if (resource->kind == RESOURCE_hall || slots > resource->slots_most) {
        return REFUSAL_slot_unknown;
    }
    enum refusal refusal = slot_choose(view, resource, want->starts_at_us, slots, &choice);
    if (refusal == REFUSAL_none) {
        refusal = booking_time_check(resource, at, want->starts_at_us, civil_yyyymmdd(choice.day), false);
    }
    if (refusal == REFUSAL_none) {
        refusal = slots_open(view, at, resource, &choice);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct booking_row *booking = *to = booking_new(view, at, resource, booker, want->note);
    booking->pieces = want->pieces != 0 ? want->pieces : 1;
    booking->people = want->people;
    booking_slots_set(booking, &choice);
    for (size_t i = 0; i < choice.count; i++) {
        booking->price_minor += choice.slots[i].price_minor * booking->pieces;
        if (slot_ask(view, resource->resource_id, choice.slots[i].starts_at_us)->capacity < booking->pieces) {
            return REFUSAL_party_too_large; /* would wait for ever */
        }
    }
    bool crowded = resource->people_max != 0 && want->people > (int64_t)resource->people_max * booking->pieces;
    return crowded ? REFUSAL_party_too_large : places_free(view, booking) ? REFUSAL_slot_open : REFUSAL_none;
}

static enum refusal wait_for_show(struct view *view, struct moment *at, const struct booking_wait *want,
                                  const struct show_row *show, const struct resource_row *hall,
                                  const struct booker *booker, struct booking_row **to)
{
    int32_t count = want->pieces != 0 ? want->pieces : 1;
    if (show->state != SHOW_open) {
        return REFUSAL_slot_closed;
    }
    enum refusal refusal = booking_time_check(hall, at, show->starts_at_us, show->day, false);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct booking_row *booking = *to = booking_new(view, at, hall, booker, want->note);
    booking->show_id = show->show_id;
    booking->day = show->day;
    booking->starts_at_us = show->starts_at_us;
    booking->ends_at_us = show->ends_at_us;
    booking->pieces = count;
    booking->people = count;
    if (seats_choose(view, show, (enum gap_rule)hall->gap_rule, count, booking)) {
        return REFUSAL_slot_open;
    }
    return REFUSAL_none;
}

static enum refusal decide_wait(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct booking_wait *want = request;
    const struct show_row *show = show_ask(view, want->show_id);
    const struct resource_row *resource =
        resource_ask(view, want->show_id != 0 ? show->resource_id : want->resource_id);
    struct booking_row *booking = NULL;
    struct booker booker;
    if (want->show_id != 0 && !row_exists(show)) {
        return REFUSAL_show_unknown;
    }
    if (!row_exists(resource)) {
        return REFUSAL_resource_unknown;
    }
    enum refusal refusal = booker_check(view, at, shop_ask(view, resource->shop_id), want->shopper_id, &booker);
    if (refusal == REFUSAL_none && booker.shop) {
        refusal = REFUSAL_forbidden; /* offers are accepted by shoppers */
    }
    if (refusal == REFUSAL_none && resource->open == 0) {
        refusal = REFUSAL_resource_closed;
    }
    if (refusal == REFUSAL_none) {
        refusal = want->show_id != 0 ? wait_for_show(view, at, want, show, resource, &booker, &booking)
                                     : wait_for_slots(view, at, want, resource, &booker, &booking);
    }
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    booking->state = BOOKING_waiting;
    booking->deposit_minor = booking->pay == RESOURCE_PAY_deposit ? resource->deposit_minor * booking->pieces : 0;
    struct wait_list list = want->show_id != 0
                              ? waiting_of_show(view, show)
                              : waiting_of_day(view, day_ask(view, resource->resource_id, booking->day));
    refusal = list_join(view, at, &list, booking);
    memcpy(answer, booking, sizeof(*booking));
    return refusal;
}

const struct command booking_wait = {
    .name = "booking_wait",
    .number = 261,
    .method = "POST",
    .route = "/v1/waiting",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &wait_shape,
    .answer = &booking_table.shape,
    .decide = decide_wait,
    .summary = "Waits for slots or seats that are taken. As soon as they are free the booking becomes an offer, to be "
               "accepted in time.",
};

/* ---- serving ---- */

/* The free places are its own for as long as an unpaid booking is kept, and no longer than until it begins. */
static enum refusal offer(struct view *view, struct moment *at, const struct resource_row *resource,
                          struct booking_row *booking)
{
    enum refusal refusal = places_hold(view, at, booking);
    booking_timer_drop(view, booking); /* of its waiting */
    booking->state = BOOKING_offered;
    booking->due_at_us = min_i64(at->now_us + resource->hold_minutes * US_PER_MINUTE, booking->starts_at_us);
    booking_timer_set(view, at, booking);
    return refusal;
}

/* Whether it still waits; whose time has come leaves the list. */
static bool still_waits(struct view *view, const struct moment *at, const struct booking_row *booking)
{
    if (booking->state == BOOKING_waiting && booking->starts_at_us <= at->now_us) {
        booking_unwait(view, booking);
        struct booking_row *lapsed = view_change(view, booking);
        booking_timer_drop(view, lapsed);
        lapsed->state = BOOKING_lapsed;
        lapsed->ended_at_us = at->now_us;
        enum refusal refusal = booking_count(view, at, lapsed);
        assert(refusal == REFUSAL_none); /* it counts as less */
    }
    return booking->state == BOOKING_waiting;
}

enum refusal bookings_serve_day(struct view *view, struct moment *at, int64_t resource_id, int32_t day)
{
    const struct resource_day_row *row = day_ask(view, resource_id, day);
    const struct resource_row *resource = resource_ask(view, resource_id);
    struct resource_day_row known = *row; /* the list changes on the way */
    enum refusal refusal = REFUSAL_none;
    bool asked = true;
    for (int32_t i = 0; i < known.waiting_count; i++) {
        const struct booking_row *booking = booking_ask(view, known.waiting[i].id);
        asked &= row_exists(booking) && (places_free(view, booking), true); /* everything in one round */
    }
    for (int32_t i = 0; asked && i < known.waiting_count && refusal == REFUSAL_none; i++) {
        const struct booking_row *booking = booking_ask(view, known.waiting[i].id);
        if (still_waits(view, at, booking) && places_free(view, booking)) {
            booking_unwait(view, booking);
            refusal = offer(view, at, resource, view_change(view, booking));
        }
    }
    return refusal;
}

/* An offer of a show names its seats; the booking joins the show's others. */
static enum refusal offer_seats(struct view *view, struct moment *at, const struct resource_row *hall,
                                const struct show_row *show, struct booking_row *booking)
{
    struct show_row *changed = view_change(view, show);
    booking->price_minor = seats_price(view, show, booking);
    booking->previous_id = changed->last_booking_id;
    changed->last_booking_id = booking->booking_id;
    booking_unwait(view, booking);
    bool marked = seats_mark(view, booking);
    return marked ? offer(view, at, hall, booking) : REFUSAL_seat_taken;
}

enum refusal bookings_serve_show(struct view *view, struct moment *at, int64_t show_id)
{
    const struct show_row *show = show_ask(view, show_id);
    const struct resource_row *hall = resource_ask(view, show->resource_id);
    struct show_row known = *show; /* the list changes on the way */
    enum refusal refusal = REFUSAL_none;
    bool asked = show->state == SHOW_open;
    for (int32_t i = 0; i < known.waiting_count; i++) {
        const struct booking_row *booking = booking_ask(view, known.waiting[i].id);
        asked &= row_exists(booking) && (places_free(view, booking), true); /* everything in one round */
    }
    for (int32_t i = 0; asked && i < known.waiting_count && refusal == REFUSAL_none; i++) {
        const struct booking_row *booking = booking_ask(view, known.waiting[i].id);
        struct booking_row tried = *booking;
        if (still_waits(view, at, booking) && places_free(view, booking) &&
            seats_choose(view, show, (enum gap_rule)hall->gap_rule, booking->pieces, &tried)) {
            struct booking_row *changed = view_change(view, booking);
            changed->seats_count = tried.seats_count;
            memcpy(changed->seats, tried.seats, sizeof(tried.seats));
            refusal = offer_seats(view, at, hall, show, changed);
        }
    }
    return refusal;
}
