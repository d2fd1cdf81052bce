/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of bookings share: who books, places, money, timers. */
#include "lines/local/booking_internal.h"

#include <stdio.h>

#include "base/checked.h"
#include "engine/engine_rows.h"
#include "ledger/ledger.h"
#include "lines/local/hoard.h"
#include "lines/local/local_internal.h"
#include "people/people.h"
#include "till/deposit.h"

const struct booking_row *booking_ask(struct view *view, int64_t booking_id)
{
    struct booking_row key = { .booking_id = booking_id };
    return view_ask(view, &booking_table, &key);
}

void booking_show(const struct moment *at, const struct booking_row *booking, void *answer)
{
    struct booking_row *shown = answer;
    *shown = *booking;
    if (booking->state == BOOKING_waiting && booking->starts_at_us <= at->now_us) {
        shown->state = BOOKING_lapsed;
    }
}

/* ---- who ---- */

static bool calls_as_shop(const struct moment *at)
{
    return at->caller.kind == CALLER_merchant || at->caller.kind == CALLER_shop || at->caller.kind == CALLER_terminal;
}

enum refusal booker_check(struct view *view, const struct moment *at, const struct shop_row *shop, int64_t shopper_id,
                          struct booker *booker)
{
    int64_t id = shopper_id == 0 && at->caller.kind == CALLER_shopper ? at->caller.id : shopper_id;
    *booker = (struct booker){ .shop = calls_as_shop(at) || id == 0,
                               .shopper = id != 0 ? shopper_ask(view, id) : NULL };
    if (booker->shop ? !access_shop(view, at, shop) : !access_shopper(at, id)) {
        return REFUSAL_forbidden;
    }
    if (booker->shopper != NULL && !row_exists(booker->shopper)) {
        return REFUSAL_shopper_unknown;
    }
    if (booker->shopper != NULL && booker->shopper->blocked != 0) {
        return REFUSAL_shopper_blocked;
    }
    return shop->open == 0 ? REFUSAL_shop_closed : REFUSAL_none;
}

enum refusal booking_side(struct view *view, const struct moment *at, const struct booking_row *booking, bool *shop)
{
    *shop = false;
    if (!row_exists(booking)) {
        return REFUSAL_booking_unknown;
    }
    *shop = calls_as_shop(at) || access_platform(at);
    bool reaches = *shop ? access_shop(view, at, shop_ask(view, booking->shop_id))
                         : booking->shopper_id != 0 && access_shopper(at, booking->shopper_id);
    return reaches ? REFUSAL_none : REFUSAL_booking_unknown;
}

enum refusal booking_time_check(const struct resource_row *resource, const struct moment *at, int64_t starts_at_us,
                                int32_t day, bool by_shop)
{
    int64_t lead_us = by_shop ? 0 : resource->lead_minutes * US_PER_MINUTE;
    if (starts_at_us <= at->now_us + lead_us || starts_at_us > at->now_us + resource->horizon_days * US_PER_DAY) {
        return REFUSAL_slot_closed;
    }
    for (int32_t i = 0; i < resource->closed_days_count; i++) {
        if (resource->closed_days[i].day == day) {
            return REFUSAL_slot_closed;
        }
    }
    return REFUSAL_none;
}

/* ---- making one ---- */

struct booking_row *booking_new(struct view *view, struct moment *at, const struct resource_row *resource,
                                const struct booker *booker, const char *note)
{
    struct booking_row key = { .booking_id = moment_id(at) };
    struct booking_row *booking = view_new(view, &booking_table, &key);
    booking->resource_id = resource->resource_id;
    booking->shop_id = resource->shop_id;
    booking->merchant_id = resource->merchant_id;
    booking->shopper_id = booker->shopper != NULL ? booker->shopper->shopper_id : 0;
    bool fits = span_copy(span_of(note), booking->note, sizeof(booking->note));
    assert(fits);
    booking->pay = booker->shop ? RESOURCE_PAY_at_shop : resource->pay;
    booking->free_minutes = resource->free_minutes;
    booking->late_percent = resource->late_percent;
    booking->missed_percent = resource->missed_percent;
    booking->grace_minutes = resource->grace_minutes;
    booking->missed_itself = resource->missed_itself;
    booking->created_at_us = at->now_us;
    booking->counted = booker->shop ? HOARD_never : HOARD_none;
    return booking;
}

static enum hoard_kind counts_as(const struct booking_row *booking)
{
    switch (booking->state) {
    case BOOKING_waiting:
    case BOOKING_offered:
        return HOARD_waiting;
    case BOOKING_held:
        return HOARD_booking;
    case BOOKING_confirmed:
        return booking->trade_id == 0 && booking->hold_id == 0 ? HOARD_visit : HOARD_none;
    default:
        return HOARD_none;
    }
}

enum refusal booking_count(struct view *view, const struct moment *at, struct booking_row *booking)
{
    enum hoard_kind kind = counts_as(booking);
    if (booking->counted == HOARD_never || booking->counted == (int32_t)kind) {
        return REFUSAL_none;
    }
    int64_t person_id = hoard_person(view, booking->shopper_id);
    bool unpaid = booking->counted == HOARD_booking && booking->state != BOOKING_confirmed;
    hoard_take(view, at, person_id, 0, unpaid, &booking->counted);
    return kind != HOARD_none ? hoard_add(view, at, person_id, kind, 0, &booking->counted) : REFUSAL_none;
}

void booking_slots_set(struct booking_row *booking, const struct slot_choice *choice)
{
    const struct slot_span *last = &choice->slots[choice->count - 1];
    booking->day = choice->row->day;
    booking->starts_at_us = choice->slots[0].starts_at_us;
    booking->ends_at_us = last->ends_at_us;
    booking->slots_count = (int32_t)choice->count;
    for (size_t i = 0; i < choice->count; i++) {
        booking->slots[i].starts_at_us = choice->slots[i].starts_at_us;
    }
}

/* ---- places ---- */

static struct account_key places_account(const struct booking_row *booking, enum purpose purpose, int32_t slot)
{
    bool seats = booking->show_id != 0;
    return (struct account_key){ seats ? booking->show_id : booking->resource_id, (int32_t)purpose,
                                 seats ? booking->starts_at_us : booking->slots[slot].starts_at_us };
}

static int32_t units_count(const struct booking_row *booking)
{
    return booking->show_id != 0 ? 1 : booking->slots_count;
}

static enum refusal places_move(struct view *view, struct moment *at, const struct booking_row *booking,
                                enum purpose from, enum purpose to, enum cause_kind cause)
{
    struct leg legs[BOOKING_SLOTS_MAX];
    int32_t count = units_count(booking);
    static_assert(BOOKING_SLOTS_MAX <= LEGS_MAX, "a leg for each slot");
    for (int32_t i = 0; i < count; i++) {
        legs[i] = (struct leg){ .from = places_account(booking, from, i),
                                .to = places_account(booking, to, i),
                                .amount = booking->pieces };
    }
    struct cause of = { (int32_t)cause, booking->booking_id };
    return ledger_move(view, at, of, legs, (size_t)count, NULL);
}

/* Whether as many are there as it takes, in each of its slots. */
static bool places_are(struct view *view, const struct booking_row *booking, enum purpose purpose)
{
    bool there = true;
    for (int32_t i = 0; i < units_count(booking); i++) {
        there &= account_free(view, places_account(booking, purpose, i)) >= booking->pieces; /* all are asked */
    }
    return there;
}

bool places_free(struct view *view, const struct booking_row *booking)
{
    return places_are(view, booking, PURPOSE_slot_free);
}

enum refusal places_hold(struct view *view, struct moment *at, const struct booking_row *booking)
{
    if (!places_free(view, booking)) {
        return REFUSAL_slot_full;
    }
    return places_move(view, at, booking, PURPOSE_slot_free, PURPOSE_slot_held, CAUSE_booking_hold);
}

enum refusal places_take(struct view *view, struct moment *at, const struct booking_row *booking)
{
    if (!places_free(view, booking)) {
        return REFUSAL_slot_full;
    }
    return places_move(view, at, booking, PURPOSE_slot_free, PURPOSE_slot_taken, CAUSE_booking_take);
}

static enum purpose places_where(const struct booking_row *booking)
{
    bool held = booking->state == BOOKING_held || booking->state == BOOKING_offered;
    return held ? PURPOSE_slot_held : PURPOSE_slot_taken;
}

bool seats_mark(struct view *view, const struct booking_row *booking)
{
    for (int32_t i = 0; i < booking->seats_count; i++) {
        const struct booking_seat_row *seat = &booking->seats[i];
        const struct show_line_row *line = show_line_ask(view, booking->show_id, seat->line);
        int64_t bit = INT64_C(1) << (seat->seat - 1);
        if ((line->taken & bit) != 0) {
            return false;
        }
        struct show_line_row *changed = view_change(view, line);
        changed->taken |= bit;
    }
    return true;
}

static void seats_clear(struct view *view, const struct booking_row *booking)
{
    for (int32_t i = 0; i < booking->seats_count; i++) {
        const struct booking_seat_row *seat = &booking->seats[i];
        struct show_line_row *line = view_change(view, show_line_ask(view, booking->show_id, seat->line));
        line->taken &= ~(INT64_C(1) << (seat->seat - 1));
    }
}

enum refusal places_give_back(struct view *view, struct moment *at, const struct booking_row *booking)
{
    enum refusal refusal =
        places_move(view, at, booking, places_where(booking), PURPOSE_slot_free, CAUSE_booking_free);
    seats_clear(view, booking);
    bool gone = booking->show_id != 0 && show_ask(view, booking->show_id)->state == SHOW_cancelled;
    if (refusal == REFUSAL_none && gone) {
        struct leg leg = { .from = places_account(booking, PURPOSE_slot_free, 0),
                           .to = { 0, PURPOSE_clearing, booking->starts_at_us },
                           .amount = booking->pieces };
        refusal = ledger_move(view, at, (struct cause){ CAUSE_slot_close, booking->show_id }, &leg, 1, NULL);
    }
    return refusal;
}

/* ---- timers ---- */

static int32_t timer_of(const struct booking_row *booking)
{
    assert(booking->state == BOOKING_waiting || booking->state == BOOKING_offered ||
           booking->state == BOOKING_confirmed);
    return booking->state == BOOKING_confirmed ? TIMER_booking_due : TIMER_booking_offer;
}

void booking_timer_set(struct view *view, const struct moment *at, struct booking_row *booking)
{
    if (booking->state == BOOKING_confirmed) {
        booking->due_at_us = booking->missed_itself != 0
                                 ? booking->starts_at_us + booking->grace_minutes * US_PER_MINUTE
                                 : booking->ends_at_us;
    }
    timer_set(view, at->now_us, booking->due_at_us, timer_of(booking), booking->booking_id);
}

void booking_timer_drop(struct view *view, struct booking_row *booking)
{
    if (booking->due_at_us != 0) {
        timer_drop(view, booking->due_at_us, timer_of(booking), booking->booking_id);
        booking->due_at_us = 0;
    }
}

/* ---- money ---- */

static enum refusal booking_confirm(struct view *view, struct moment *at, struct booking_row *booking)
{
    enum refusal refusal =
        places_move(view, at, booking, PURPOSE_slot_held, PURPOSE_slot_taken, CAUSE_booking_take);
    booking->state = BOOKING_confirmed;
    booking->confirmed_at_us = at->now_us;
    booking_timer_set(view, at, booking);
    return refusal;
}

#define DEPOSIT_AFTER_US (7 * US_PER_DAY) /* a deposit outlasts its booking: long after the booking's own timer */

static enum refusal deposit_begin(struct view *view, struct moment *at, struct booking_row *booking, bool confirmed)
{
    struct deposit_terms terms = { .shop = shop_ask(view, booking->shop_id),
                                   .shopper = shopper_ask(view, booking->shopper_id),
                                   .amount_minor = booking->deposit_minor,
                                   .lapses_at_us = booking->ends_at_us + DEPOSIT_AFTER_US,
                                   .cause = { CAUSE_booking_take, booking->booking_id },
                                   .confirmed = confirmed };
    return deposit_hold(view, at, &terms, &booking->hold_id);
}

enum refusal booking_deposit_renew(struct view *view, struct moment *at, struct booking_row *booking)
{
    int32_t unit = shop_ask(view, booking->shop_id)->currency;
    enum refusal refusal = ledger_release(view, at, booking->hold_id);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    struct hold_terms terms = { .account = { booking->shopper_id, PURPOSE_wallet, unit },
                                .amount = booking->deposit_minor,
                                .lapses_at_us = booking->ends_at_us + DEPOSIT_AFTER_US,
                                .cause = { CAUSE_booking_take, booking->booking_id } };
    refusal = ledger_hold(view, at, &terms, &booking->hold_id);
    return refusal == REFUSAL_floor_reached ? REFUSAL_balance_short : refusal;
}

/* The trade that pays it: paid at once from the wallet, or left waiting. */
static enum refusal trade_begin(struct view *view, struct moment *at, struct booking_row *booking,
                                const struct booking_payment *payment)
{
    char number[NUMBER_SIZE];
    struct policy_row policy;
    const struct shop_row *shop = shop_ask(view, booking->shop_id);
    policy_ask(view, &policy);
    enum refusal refusal = trade_amount_check(&policy, booking->price_minor);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    snprintf(number, sizeof(number), TRADE_NUMBER_LINE "%lld", (long long)booking->booking_id);
    struct trade_terms terms = { .shop = shop,
                                 .out_trade_no = number,
                                 .subject = payment->subject,
                                 .amount_minor = booking->price_minor,
                                 .way = WAY_page,
                                 .expires_at_us = min_i64(at->now_us + payment->hold_minutes * US_PER_MINUTE,
                                                          booking->starts_at_us),
                                 .shopper_id = booking->shopper_id,
                                 .line = LINE_local,
                                 .line_kind = LOCAL_booking,
                                 .line_id = booking->booking_id,
                                 .escrow = 1 };
    struct trade_row *trade = trade_open(view, at, &terms);
    booking->trade_id = trade->trade_id;
    timer_set(view, at->now_us, trade->expires_at_us, TIMER_trade_expire, trade->trade_id);
    if (payment->pay_later) {
        trade_notify(view, at, trade, TOPIC_trade_waiting, NULL);
        return REFUSAL_none;
    }
    struct payment paying = { .policy = &policy,
                              .shop = shop,
                              .shopper = shopper_ask(view, booking->shopper_id),
                              .confirmed = payment->confirmed };
    return trade_take(view, at, trade, &paying);
}

enum refusal booking_secure(struct view *view, struct moment *at, struct booking_row *booking,
                            const struct booking_payment *payment)
{
    enum refusal refusal = REFUSAL_none;
    booking->state = BOOKING_held;
    if (booking->pay == RESOURCE_PAY_before && booking->price_minor > 0) {
        refusal = trade_begin(view, at, booking, payment);
    } else {
        if (booking->pay == RESOURCE_PAY_deposit) {
            refusal = deposit_begin(view, at, booking, payment->confirmed);
        }
        if (refusal == REFUSAL_none) {
            refusal = booking_confirm(view, at, booking);
        }
    }
    return refusal == REFUSAL_none ? booking_count(view, at, booking) : refusal;
}

static enum refusal booking_paid(struct view *view, struct moment *at, struct trade_row *trade)
{
    const struct booking_row *booking = booking_ask(view, trade->line_id);
    if (!row_exists(booking)) {
        return REFUSAL_booking_unknown; /* not at hand yet */
    }
    assert(view_unsure(view) || booking->state == BOOKING_held);
    struct booking_row *paid = view_change(view, booking);
    enum refusal refusal = booking_confirm(view, at, paid);
    return refusal == REFUSAL_none ? booking_count(view, at, paid) : refusal;
}

/* The trade is closed whatever is said here; so nothing is begun that would be refused half-way. */
static void booking_ended(struct view *view, struct moment *at, const struct trade_row *trade)
{
    const struct booking_row *asked = booking_ask(view, trade->line_id);
    bool stands = row_exists(asked) && asked->state == BOOKING_held && places_are(view, asked, PURPOSE_slot_held);
    assert(view_unsure(view) || stands);
    if (stands) {
        enum refusal refusal = booking_end(view, at, view_change(view, asked), BOOKING_lapsed, 0, true);
        assert(view_unsure(view) || refusal == REFUSAL_none);
    }
}

static enum refusal booking_refundable(struct view *view, const struct moment *at, const struct trade_row *trade)
{
    (void)view;
    (void)at;
    (void)trade;
    return REFUSAL_refund_elsewhere; /* by cancelling the booking */
}

const struct local_part booking_part = { booking_paid, booking_ended, booking_refundable };

enum refusal booking_give_back(struct view *view, struct moment *at, const struct booking_row *booking,
                               int64_t amount_minor, const char *what)
{
    struct refund_row key = { .trade_id = booking->trade_id };
    snprintf(key.out_request_no, sizeof(key.out_request_no), TRADE_NUMBER_LINE "%s", what);
    struct refund_row *refund = view_change(view, view_ask(view, &refund_table, &key));
    refund->amount_minor = amount_minor;
    struct trade_row *trade = view_change(view, trade_ask(view, booking->trade_id));
    return trade_give_back(view, at, trade, refund, CLOSE_refunded);
}

/* What is left in the trade's escrow is the shop's. */
static enum refusal escrow_earn(struct view *view, struct moment *at, const struct booking_row *booking)
{
    const struct trade_row *trade = trade_ask(view, booking->trade_id);
    struct leg leg = { .from = trade_payee(trade),
                       .to = { booking->shop_id, PURPOSE_takings, trade->currency },
                       .amount = account_balance(view, trade_payee(trade)) };
    struct cause cause = { CAUSE_booking_earn, booking->booking_id };
    return leg.amount > 0 ? ledger_move(view, at, cause, &leg, 1, NULL) : REFUSAL_none;
}

static int64_t percent_of(int64_t amount_minor, int32_t percent)
{
    int64_t share = 0;
    bool fits = checked_share(amount_minor, percent, 100, ROUND_down, &share);
    assert(fits);
    return share;
}

/*
 * What of a deposit is the shop's; the rest goes back. A hold that has lapsed went back already: after days in which
 * nobody was there to fire timers its own may come first, and the booking must end all the same.
 */
static enum refusal deposit_end(struct view *view, struct moment *at, struct booking_row *booking, int64_t fee_minor)
{
    const struct shop_row *shop = shop_ask(view, booking->shop_id);
    struct account_key takings = { booking->shop_id, PURPOSE_takings, shop->currency };
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown; /* not at hand yet, and the hold may be: its unit is the shop's */
    }
    enum refusal refusal = fee_minor > 0 ? ledger_capture(view, at, booking->hold_id, takings, fee_minor)
                                         : ledger_release(view, at, booking->hold_id);
    booking->fee_minor = refusal == REFUSAL_none ? fee_minor : 0;
    return refusal == REFUSAL_hold_ended ? REFUSAL_none : refusal;
}

/* The shop keeps the percentage of what was paid or deposited, the rest goes back. */
static enum refusal money_end(struct view *view, struct moment *at, struct booking_row *booking, int32_t percent)
{
    bool paid = booking->trade_id != 0 && booking->state != BOOKING_held;
    if (booking->pay == RESOURCE_PAY_deposit && booking->hold_id != 0) {
        return deposit_end(view, at, booking, percent_of(booking->deposit_minor, percent));
    }
    if (!paid) {
        return REFUSAL_none;
    }
    booking->fee_minor = percent_of(booking->price_minor, percent);
    enum refusal refusal = REFUSAL_none;
    if (booking->price_minor > booking->fee_minor) {
        refusal = booking_give_back(view, at, booking, booking->price_minor - booking->fee_minor, "ended");
    }
    return refusal == REFUSAL_none ? escrow_earn(view, at, booking) : refusal;
}

enum refusal booking_earn(struct view *view, struct moment *at, struct booking_row *booking, enum booking_state state)
{
    assert(booking->state == BOOKING_confirmed);
    booking_timer_drop(view, booking);
    booking->state = (int32_t)state;
    booking->ended_at_us = at->now_us;
    enum refusal refusal = booking_count(view, at, booking);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (booking->trade_id != 0) {
        return escrow_earn(view, at, booking);
    }
    return booking->hold_id != 0 ? deposit_end(view, at, booking, 0) : REFUSAL_none;
}

enum refusal booking_end(struct view *view, struct moment *at, struct booking_row *booking, enum booking_state state,
                         int32_t percent, bool places)
{
    enum refusal refusal = money_end(view, at, booking, percent);
    booking_timer_drop(view, booking);
    bool waiting = booking->state == BOOKING_waiting;
    if (waiting) {
        booking_unwait(view, booking);
    } else if (places && refusal == REFUSAL_none) {
        refusal = places_give_back(view, at, booking);
    }
    booking->state = (int32_t)state;
    booking->ended_at_us = at->now_us;
    refusal = refusal == REFUSAL_none ? booking_count(view, at, booking) : refusal;
    if (refusal != REFUSAL_none || waiting || !places) {
        return refusal;
    }
    return booking->show_id != 0 ? bookings_serve_show(view, at, booking->show_id)
                                 : bookings_serve_day(view, at, booking->resource_id, booking->day);
}
