/* SPDX-License-Identifier: Apache-2.0 */
#include "model/local_booking.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "engine/refusal.h"
#include "lines/local/resource_rows.h"
#include "model/local.h"
#include "model/model_internal.h"

#define DAY_US (24 * 60 * MINUTE)
#define PAGE 4
#define HELD 3
#define CONFIRMED 4
#define ARRIVED 5
#define MISSED 6
#define OVER 7
#define CANCELLED 8
#define LAPSED 9
#define PAY_BEFORE 1
#define PAY_DEPOSIT 2
#define HORIZON_US (60 * DAY_US)

struct local_bookings bookings;

int local_places(int resource, int64_t starts_us)
{
    int64_t slot_us = bookings.resources[resource].slot_us;
    int places = 0;
    for (int i = 0; i < bookings.count; i++) {
        const struct local_booking *b = &bookings.of[i];
        bool has = b->state >= HELD && b->state <= OVER; /* who missed it or was there had it */
        bool then = b->starts_us <= starts_us && starts_us < b->starts_us + b->slots * slot_us;
        places += b->show < 0 && b->resource == resource && has && then ? b->pieces : 0;
    }
    return places;
}

static int slots_free(const struct local_resource *r, const struct booking_wish *want)
{
    for (int i = 0; i < want->slots; i++) {
        int more = model_canary == MODEL_CANARY_booking;
        if (local_places(want->resource, want->starts_us + i * r->slot_us) + want->pieces > r->capacity + more) {
            return REFUSAL_slot_full;
        }
    }
    return 0;
}

/* `besides`: what is to be refused when only the places are left to be looked at. */
static int slots_check(const struct model *m, const struct local_resource *r, const struct booking_wish *want,
                       int besides)
{
    int64_t zone_us = m->shops[r->shop].zone_minutes * MINUTE;
    int64_t last_us = want->starts_us + (want->slots - 1) * r->slot_us;
    bool begins = (want->starts_us + zone_us) % r->slot_us == 0;
    bool one_day = (want->starts_us + zone_us) / DAY_US == (last_us + zone_us) / DAY_US;
    if ((want->slots > r->slots_most && !want->as_long) || !begins || !one_day) {
        return REFUSAL_slot_unknown;
    }
    if (want->starts_us <= m->now_us || want->starts_us > m->now_us + HORIZON_US) {
        return REFUSAL_slot_closed;
    }
    if (r->people_max > 0 && want->people > r->people_max * want->pieces) {
        return REFUSAL_party_too_large;
    }
    return besides != 0 ? besides : slots_free(r, want);
}

static void confirm(struct model *m, struct local_booking *b)
{
    const struct local_resource *r = &bookings.resources[b->rules];
    (void)m;
    b->state = CONFIRMED;
    b->due_us = r->missed_itself ? b->starts_us + r->grace_us : b->ends_us;
}

static int pay(struct model *m, struct local_booking *b, const struct booking_wish *want, int64_t trade_id)
{
    const struct local_resource *r = &bookings.resources[b->resource];
    if (b->pay == PAY_DEPOSIT) {
        int refusal = model_set_aside(m, b->shopper, r->shop, b->deposit, want->confirmed);
        if (refusal != 0) {
            return refusal;
        }
        b->held = true;
    }
    if (b->pay != PAY_BEFORE) {
        confirm(m, b);
        return 0;
    }
    struct model_trade *t = model_open_trade(m, r->shop, "", b->price, PAGE);
    snprintf(t->number, sizeof(t->number), "onetill:b%d", bookings.count);
    t->id = trade_id;
    t->frozen = false;
    t->business = SOLD_booking;
    t->sold = bookings.count - 1;
    t->escrow = true;
    t->shopper = b->shopper;
    t->expires_us = less(m->now_us + r->hold_us, b->starts_us);
    b->trade = m->trade_count++;
    int refusal = want->pay_later ? 0 : model_take(m, t, b->shopper, want->confirmed, false);
    m->trade_count -= refusal != 0;
    return refusal;
}

int local_book_slots(struct model *m, const struct booking_wish *want, int64_t trade_id)
{
    const struct local_resource *r = &bookings.resources[want->resource];
    if (m->shoppers[want->shopper].blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (!m->shops[r->shop].open) {
        return REFUSAL_shop_closed;
    }
    int refusal = slots_check(m, r, want, 0);
    if (refusal != 0) {
        return refusal;
    }
    assert(bookings.count < MODEL_BOOKINGS);
    struct local_booking *b = &bookings.of[bookings.count++];
    *b = (struct local_booking){ .resource = want->resource, .shopper = want->shopper, .state = HELD, .trade = -1,
                                 .slots = want->slots, .pieces = want->pieces, .pay = r->pay, .show = -1,
                                 .rules = want->resource, .people = want->people, .starts_us = want->starts_us,
                                 .ends_us = want->starts_us + want->slots * r->slot_us,
                                 .price = r->price * want->slots * want->pieces,
                                 .deposit = r->pay == PAY_DEPOSIT ? r->deposit * want->pieces : 0 };
    refusal = pay(m, b, want, trade_id);
    bookings.count -= refusal != 0;
    return refusal;
}

/* ---- seats ---- */

bool local_seat_taken(int show, int row, int seat)
{
    for (int i = 0; i < bookings.count; i++) {
        const struct local_booking *b = &bookings.of[i];
        for (int j = 0; j < b->seat_count && b->show == show && b->state >= HELD && b->state <= OVER; j++) {
            if (b->seats[j].row == row && b->seats[j].seat == seat) {
                return true;
            }
        }
    }
    return false;
}

/* Whether somebody could sit beside it there; -1: to the left. */
static bool seat_beside(const struct hall_row *row, int seat, int side)
{
    int other = seat + side, left = side < 0 ? other : seat;
    return other >= 0 && other < HALL_SEATS && row->seat[other] && !row->aisle[left];
}

/* A free seat without a free one beside it; where a row ends or an aisle is that is a gap only when it is `strict`. */
static bool is_single(const struct hall_row *row, const bool *taken, int seat, bool strict)
{
    bool left = seat_beside(row, seat, -1), right = seat_beside(row, seat, 1);
    if (!row->seat[seat] || taken[seat]) {
        return false;
    }
    bool joined = (left && !taken[seat - 1]) || (right && !taken[seat + 1]);
    return !joined && (strict || (left && right));
}

static bool leaves_gap(const struct hall_row *row, const bool *before, const bool *after, int gap)
{
    for (int i = 0; i < HALL_SEATS && gap != GAP_any; i++) {
        bool strict = gap == GAP_strict;
        if (is_single(row, after, i, strict) && !is_single(row, before, i, strict)) {
            return model_canary != MODEL_CANARY_seats;
        }
    }
    return false;
}

static void row_taken(int show, int row, bool *taken)
{
    for (int i = 0; i < HALL_SEATS; i++) {
        taken[i] = local_seat_taken(show, row, i);
    }
}

/* The very seats: whether there are such, then whether they are free, then what they leave. */
static int seats_check(const struct local_resource *hall, const struct seats_wish *want)
{
    int gap = 0;
    for (int i = 0; i < want->seat_count; i++) {
        const struct seat_place *s = &want->seats[i];
        bool twice = false;
        for (int j = 0; j < i; j++) {
            twice = twice || (want->seats[j].row == s->row && want->seats[j].seat == s->seat);
        }
        if (twice || s->row >= HALL_ROWS || !hall->rows[s->row].seat[s->seat]) {
            return REFUSAL_seat_unknown;
        }
    }
    for (int i = 0; i < want->seat_count; i++) {
        if (local_seat_taken(want->show, want->seats[i].row, want->seats[i].seat)) {
            return REFUSAL_seat_taken;
        }
    }
    for (int row = 0; row < HALL_ROWS; row++) {
        bool before[HALL_SEATS], after[HALL_SEATS];
        row_taken(want->show, row, before);
        row_taken(want->show, row, after);
        for (int i = 0; i < want->seat_count; i++) {
            after[want->seats[i].seat] = after[want->seats[i].seat] || want->seats[i].row == row;
        }
        gap = leaves_gap(&hall->rows[row], before, after, hall->gap) ? REFUSAL_seat_gap : gap;
    }
    return gap;
}

/* How far their middle is from that of the row, in half seats; -1: they cannot be had. */
static int distance_of(const struct local_resource *hall, int show, int row, int seat, int count)
{
    const struct hall_row *r = &hall->rows[row];
    bool before[HALL_SEATS], after[HALL_SEATS];
    int first = 0, last = HALL_SEATS - 1;
    row_taken(show, row, before);
    memcpy(after, before, sizeof(after));
    for (int i = seat; i < seat + count; i++) {
        if (i >= HALL_SEATS || !r->seat[i] || before[i] || (i > seat && r->aisle[i - 1])) {
            return -1;
        }
        after[i] = true;
    }
    while (!r->seat[first]) {
        first++;
    }
    while (!r->seat[last]) {
        last--;
    }
    int away = seat + seat + count - 1 - first - last;
    return leaves_gap(r, before, after, hall->gap) ? -1 : away < 0 ? -away : away;
}

/* Nearest to the middle of its row, of rows the one two thirds of the way back; false: there are none. */
static bool seats_best(const struct local_resource *hall, int show, int count, struct seat_place *best)
{
    int best_away = -1;
    for (int row = 0; row < HALL_ROWS; row++) {
        int back = 3 * row - 2 * HALL_ROWS;
        for (int seat = 0; seat < HALL_SEATS; seat++) {
            int away = distance_of(hall, show, row, seat, count);
            int sum = away + (back < 0 ? -back : back);
            if (away >= 0 && (best_away < 0 || sum < best_away)) {
                best_away = sum;
                *best = (struct seat_place){ row, seat };
            }
        }
    }
    return best_away >= 0;
}

int local_book_seats(struct model *m, const struct seats_wish *want, int64_t trade_id)
{
    const struct local_show *show = &bookings.shows[want->show];
    const struct local_resource *hall = &bookings.resources[show->hall];
    struct seat_place best = { 0, 0 };
    if (m->shoppers[want->shopper].blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (!m->shops[hall->shop].open) {
        return REFUSAL_shop_closed;
    }
    if (show->cancelled || show->starts_us <= m->now_us || show->starts_us > m->now_us + HORIZON_US) {
        return REFUSAL_slot_closed;
    }
    int refusal = want->seat_count > 0 ? seats_check(hall, want) : 0;
    if (want->seat_count == 0 && !seats_best(hall, want->show, want->count, &best)) {
        refusal = REFUSAL_slot_full;
    }
    if (refusal != 0) {
        return refusal;
    }
    assert(bookings.count < MODEL_BOOKINGS);
    struct local_booking *b = &bookings.of[bookings.count++];
    *b = (struct local_booking){ .resource = show->hall, .rules = show->hall, .shopper = want->shopper, .state = HELD,
                                 .trade = -1, .pay = hall->pay, .show = want->show, .starts_us = show->starts_us,
                                 .ends_us = show->ends_us,
                                 .seat_count = want->seat_count > 0 ? want->seat_count : want->count };
    for (int i = 0; i < b->seat_count; i++) {
        b->seats[i] = want->seat_count > 0 ? want->seats[i] : (struct seat_place){ best.row, best.seat + i };
        b->price += show->prices[hall->rows[b->seats[i].row].price];
    }
    b->pieces = b->people = b->seat_count;
    b->deposit = b->pay == PAY_DEPOSIT ? hall->deposit * b->pieces : 0;
    struct booking_wish how = { .pay_later = want->pay_later, .confirmed = want->confirmed };
    refusal = pay(m, b, &how, trade_id);
    bookings.count -= refusal != 0;
    return refusal;
}

int local_show_cancel(struct model *m, int show)
{
    struct local_show *s = &bookings.shows[show];
    if (s->cancelled) {
        return 0;
    }
    if (m->now_us >= s->ends_us) {
        return REFUSAL_booking_late;
    }
    s->cancelled = true;
    for (int i = bookings.count - 1; i >= 0; i--) {
        if (bookings.of[i].show == show && bookings.of[i].state <= CONFIRMED) {
            int refusal = local_booking_cancel(m, i, true);
            assert(refusal == 0);
        }
    }
    return 0;
}

/* The shop keeps so much of what was paid or set aside; the rest goes back as it came. */
static void money_end(struct model *m, struct local_booking *b, int percent)
{
    struct model_shop *shop = &m->shops[bookings.resources[b->resource].shop];
    struct model_shopper *s = &m->shoppers[b->shopper];
    b->fee = (b->held ? b->deposit : b->trade >= 0 ? b->price : 0) * percent / 100;
    if (b->held) {
        s->held -= b->deposit;
        s->wallet += b->deposit - b->fee;
        shop->takings += b->fee;
        b->held = false;
    } else if (b->trade >= 0) {
        struct model_trade *t = &m->trades[b->trade];
        int refusal = b->price > b->fee ? model_give_back(m, t, "", b->price - b->fee, NULL) : 0;
        assert(refusal == 0);
        shop->takings += t->in_escrow;
        t->in_escrow = 0;
    }
}

static void finish(struct model *m, struct local_booking *b, int state, int percent)
{
    money_end(m, b, percent);
    b->state = state;
    b->due_us = 0;
}

void local_booking_paid(struct model *m, const struct model_trade *t)
{
    confirm(m, &bookings.of[t->sold]);
}

void local_booking_ended(struct model *m, const struct model_trade *t)
{
    (void)m;
    bookings.of[t->sold].state = LAPSED;
    bookings.of[t->sold].due_us = 0;
}

int local_booking_cancel(struct model *m, int booking, bool by_shop)
{
    struct local_booking *b = &bookings.of[booking];
    const struct local_resource *r = &bookings.resources[b->rules];
    if (b->state == CANCELLED) {
        return 0;
    }
    if (b->state > CONFIRMED) {
        return REFUSAL_booking_ended;
    }
    if (b->state == HELD) {
        model_end(m, &m->trades[b->trade], 2);
        b->state = CANCELLED;
        return 0;
    }
    if (!by_shop && m->now_us >= b->starts_us) {
        return REFUSAL_booking_late;
    }
    bool costs = !by_shop && m->now_us >= b->starts_us - r->free_us;
    finish(m, b, CANCELLED, costs ? r->late_percent : 0);
    return 0;
}

int local_booking_move(struct model *m, int booking, int resource, int64_t starts_us, bool by_shop)
{
    struct local_booking *b = &bookings.of[booking];
    const struct local_resource *r = &bookings.resources[resource], *rules = &bookings.resources[b->rules];
    struct booking_wish want = { .resource = resource, .slots = b->slots, .pieces = b->pieces, .people = b->people,
                                 .starts_us = starts_us, .as_long = by_shop || resource == b->resource };
    int64_t price = r->price * b->slots * b->pieces;
    if (b->state != CONFIRMED) {
        return b->state < CONFIRMED ? REFUSAL_booking_unconfirmed : REFUSAL_booking_ended;
    }
    if (b->show >= 0) {
        return REFUSAL_slot_unknown;
    }
    if (m->now_us >= b->starts_us - (by_shop ? 0 : rules->free_us)) {
        return REFUSAL_booking_late;
    }
    if (r->shop != bookings.resources[b->resource].shop) {
        return REFUSAL_resource_unknown;
    }
    if (r->hall) {
        return REFUSAL_slot_unknown;
    }
    bool less_sure = resource != b->resource && r->pay != 0 && b->pay != PAY_BEFORE &&
                     (r->pay != b->pay || r->deposit * b->pieces > b->deposit);
    bool dearer = b->pay == PAY_BEFORE && price > b->price;
    int besides = (less_sure && !by_shop) || dearer ? REFUSAL_move_dearer : 0, state = b->state;
    b->state = CANCELLED; /* it does not stand in its own way */
    int refusal = slots_check(m, r, &want, besides);
    b->state = state;
    if (refusal != 0) {
        return refusal;
    }
    if (b->trade >= 0 && b->price > price) {
        refusal = model_give_back(m, &m->trades[b->trade], "", b->price - price, NULL);
        assert(refusal == 0);
    }
    b->resource = resource;
    b->starts_us = starts_us;
    b->ends_us = starts_us + b->slots * r->slot_us;
    b->price = price;
    b->moves++;
    confirm(m, b);
    return 0;
}

static int confirmed_check(const struct local_booking *b)
{
    if (b->state < CONFIRMED) {
        return REFUSAL_booking_unconfirmed;
    }
    return b->state > CONFIRMED ? REFUSAL_booking_ended : 0;
}

/* What was paid is the shop's; what was only set aside goes back. */
static void earn(struct model *m, struct local_booking *b, int state)
{
    finish(m, b, state, b->trade >= 0 ? 100 : 0);
    b->fee = 0;
}

int local_booking_arrive(struct model *m, int booking)
{
    struct local_booking *b = &bookings.of[booking];
    int refusal = confirmed_check(b);
    if (refusal == 0 && m->now_us < b->starts_us - DAY_US) {
        refusal = REFUSAL_booking_early;
    }
    if (refusal == 0) {
        earn(m, b, ARRIVED);
    }
    return refusal;
}

int local_booking_miss(struct model *m, int booking)
{
    struct local_booking *b = &bookings.of[booking];
    int refusal = confirmed_check(b);
    if (refusal == 0 && m->now_us < b->starts_us + bookings.resources[b->rules].grace_us) {
        refusal = REFUSAL_booking_early;
    }
    if (refusal == 0) {
        finish(m, b, MISSED, bookings.resources[b->rules].missed_percent);
    }
    return refusal;
}

int64_t local_booking_due(int *booking)
{
    int64_t first_us = INT64_MAX;
    for (int i = 0; i < bookings.count; i++) {
        if (bookings.of[i].due_us != 0 && bookings.of[i].due_us < first_us) {
            first_us = bookings.of[i].due_us;
            *booking = i;
        }
    }
    return first_us;
}

void local_booking_due_now(struct model *m, int booking)
{
    struct local_booking *b = &bookings.of[booking];
    const struct local_resource *r = &bookings.resources[b->rules];
    if (r->missed_itself) {
        finish(m, b, MISSED, r->missed_percent);
    } else {
        earn(m, b, OVER);
    }
}
