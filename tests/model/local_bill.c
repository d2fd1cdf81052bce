/* SPDX-License-Identifier: Apache-2.0 */
/* What is owed for a meal: bills, their trades, what is earned of them and given back. */
#include "model/local_meal_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "engine/refusal.h"
#include "model/local.h"

#define PAGE 4
#define PAY_US (15 * MINUTE)
#define CANCEL 2

/* ---- sharing ---- */

/* Half a cent counts as one. */
static int64_t service_of(int64_t food, int basis_points)
{
    int64_t parts = food * basis_points;
    int64_t up = model_canary == MODEL_CANARY_meal ? 0 : 5000;
    return (parts + up) / 10000;
}

static int64_t even_part(int64_t amount, int parts, int index)
{
    return amount / parts + (index < amount % parts ? 1 : 0);
}

static int64_t service_billed(const struct meal_order *o)
{
    int64_t service = 0;
    for (int i = 0; i < o->bill_count; i++) {
        service += o->bills[i].state != BILL_void ? o->bills[i].service : 0;
    }
    return service;
}

static bool named(const int *lines, int count, int line)
{
    for (int i = 0; i < count; i++) {
        if (lines[i] == line) {
            return true;
        }
    }
    return false;
}

/* What each of them is to pay for food; returns how many there are. `own[guest]` is its part of what nobody shares. */
static int shares_of(const struct meal_order *o, int mode, int parts, const int *lines, int count, int64_t food[16])
{
    int64_t own[ORDER_GUESTS + 1] = { 0 }, all = meal_food(o) - meal_billed(o), chosen = 0;
    for (int i = 0; i < o->line_count; i++) {
        const struct meal_line *line = &o->lines[i];
        bool free = line->state != MEAL_LINE_off && line->bill == 0;
        own[line->guest] += free ? line->total : 0;
        chosen += free && named(lines, count, i) ? line->total : 0;
    }
    if (mode == BILL_guests) {
        int64_t shared = all;
        for (int guest = 1; guest <= o->guest_count; guest++) {
            shared -= own[guest];
        }
        for (int guest = 1; guest <= o->guest_count; guest++) {
            food[guest - 1] = own[guest] + even_part(shared, o->guest_count, guest - 1);
        }
        return o->guest_count;
    }
    int bills = mode == BILL_evenly ? parts : 1;
    for (int i = 0; i < bills; i++) {
        food[i] = even_part(mode == BILL_lines ? chosen : all, bills, i);
    }
    return bills;
}

/* Which bill a line is on afterwards; `bill_of_guest` 0: none. */
static int line_bill(const struct meal_line *line, int mode, int first, bool chosen, const int *bill_of_guest)
{
    if (mode == BILL_whole || (mode == BILL_lines && chosen)) {
        return first;
    }
    if (mode == BILL_lines) {
        return 0;
    }
    int bill = mode == BILL_guests && line->guest > 0 ? bill_of_guest[line->guest] : 0;
    return bill > 0 ? bill : SHARED;
}

static int lines_check(const struct meal_order *o, const int *lines, int count)
{
    for (int i = 0; i < count; i++) {
        bool there = lines[i] < o->line_count && o->lines[lines[i]].state != MEAL_LINE_off;
        if (!there || o->lines[lines[i]].bill != 0) {
            return REFUSAL_line_unknown;
        }
    }
    return 0;
}

int meal_bills_make(struct meal_order *o, int mode, int parts, const int *lines, int count)
{
    int64_t food[16] = { 0 };
    int first = o->bill_count + 1, bill_of_guest[ORDER_GUESTS + 1] = { 0 }, made = 0;
    if ((mode == BILL_evenly && (parts < 1 || parts > 16)) || (mode == BILL_guests && o->guest_count == 0)) {
        return REFUSAL_meal_empty;
    }
    int refusal = mode == BILL_lines ? lines_check(o, lines, count) : 0;
    if (refusal != 0) {
        return refusal;
    }
    int bills = shares_of(o, mode, parts, lines, count, food);
    for (int i = 0; i < bills; i++) {
        made += food[i] > 0;
    }
    if (made == 0) {
        return REFUSAL_meal_empty;
    }
    if (o->bill_count + made > ORDER_BILLS) {
        return REFUSAL_meal_full;
    }
    for (int i = 0; i < bills; i++) {
        if (food[i] == 0) {
            continue;
        }
        int64_t more = service_of(meal_billed(o) + food[i], o->service_bp) - service_billed(o);
        struct meal_bill *b = &o->bills[o->bill_count];
        *b = (struct meal_bill){ .mode = mode, .guest = mode == BILL_guests ? i + 1 : 0, .state = BILL_open,
                                 .trade = -1, .shopper = -1, .food = food[i], .service = more > 0 ? more : 0,
                                 .fee = o->bill_count + 1 == first ? o->fee : 0 };
        o->bill_count++;
        bill_of_guest[b->guest] = o->bill_count;
    }
    for (int i = 0; i < o->line_count; i++) {
        if (o->lines[i].state != MEAL_LINE_off && o->lines[i].bill == 0) {
            o->lines[i].bill = line_bill(&o->lines[i], mode, first, named(lines, count, i), bill_of_guest);
        }
    }
    return 0;
}

static bool shares_by_amount(const struct meal_bill *b)
{
    return b->state != BILL_void && (b->mode == BILL_evenly || b->mode == BILL_guests);
}

static void take_back(struct meal_order *o, int bill)
{
    bool sharing = false;
    o->bills[bill - 1].state = BILL_void;
    for (int i = 0; i < o->bill_count; i++) {
        sharing = sharing || shares_by_amount(&o->bills[i]);
    }
    for (int i = 0; i < o->line_count; i++) {
        if (o->lines[i].bill == bill || (o->lines[i].bill == SHARED && !sharing)) {
            o->lines[i].bill = 0;
        }
    }
}

int meal_model_split(struct model *m, struct meal_by by, int order, int mode, int parts, const int *lines, int count)
{
    struct meal_order *o = &meals.orders[order];
    int refusal = meal_open_check(by, o);
    (void)m;
    if (refusal == 0 && o->kind != MEAL_dine_in) {
        refusal = REFUSAL_move_illegal;
    }
    return refusal != 0 ? refusal : meal_bills_make(o, mode, parts, lines, count);
}

int meal_model_unsplit(struct model *m, struct meal_by by, int order)
{
    struct meal_order *o = &meals.orders[order];
    int refusal = meal_open_check(by, o);
    if (refusal != 0) {
        return refusal;
    }
    if (meal_unpaid(o) == 0) {
        return REFUSAL_meal_empty;
    }
    if (o->kind != MEAL_dine_in) {
        return REFUSAL_move_illegal;
    }
    for (int i = 0; i < o->bill_count && !by.staff; i++) {
        if (o->bills[i].state == BILL_waiting) {
            return REFUSAL_bill_taken;
        }
    }
    for (int i = 0; i < o->bill_count; i++) {
        if (o->bills[i].state == BILL_waiting) {
            model_end(m, &m->trades[o->bills[i].trade], CANCEL);
        }
        if (o->bills[i].state == BILL_open) {
            take_back(o, i + 1);
        }
    }
    return 0;
}

/* ---- paying ---- */

static int64_t total_of(const struct meal_bill *b)
{
    return b->food + b->service + b->fee + b->tip;
}

/* Somebody has begun to pay it: the same shopper goes on with the same. */
static bool goes_on(const struct model *m, const struct meal_bill *b, const struct meal_payment *payment)
{
    const struct model_trade *t = &m->trades[b->trade];
    return payment->shopper >= 0 && !payment->pay_later && b->tip == payment->tip &&
           (t->shopper < 0 || t->shopper == payment->shopper);
}

static int payer_check(const struct model *m, struct meal_by by, const struct meal_payment *payment)
{
    if (payment->shopper < 0) {
        return 0;
    }
    if (!by.platform && payment->shopper != by.shopper) {
        return REFUSAL_forbidden;
    }
    return m->shoppers[payment->shopper].blocked ? REFUSAL_shopper_blocked : 0;
}

int meal_bill_settle(struct model *m, struct meal_by by, int order, int bill, const struct meal_payment *payment)
{
    struct meal_order *o = &meals.orders[order];
    struct meal_bill *b = &o->bills[bill - 1], before = *b;
    int refusal = payer_check(m, by, payment);
    if (refusal == 0 && !m->shops[o->shop].open) {
        refusal = REFUSAL_shop_closed;
    }
    if (refusal != 0) {
        return refusal;
    }
    if (b->state == BILL_paid || (b->state == BILL_waiting && !goes_on(m, b, payment))) {
        return REFUSAL_bill_taken;
    }
    bool waits = payment->shopper < 0 || payment->pay_later, new = b->state == BILL_open;
    if (new) {
        b->tip = payment->tip;
        refusal = model_amount_check(total_of(b));
        if (refusal != 0) {
            *b = before;
            return refusal;
        }
        struct model_trade *t = model_open_trade(m, o->shop, "", total_of(b), PAGE);
        snprintf(t->number, sizeof(t->number), "onetill:m%d", m->trade_count);
        t->id = payment->trade_id;
        t->frozen = false;
        t->business = SOLD_meal;
        t->sold = order * 64 + bill;
        t->escrow = true;
        t->shopper = payment->shopper;
        t->expires_us = waits ? m->now_us + PAY_US : 0;
        b->trade = m->trade_count++;
        b->state = BILL_waiting;
    }
    refusal = waits ? 0 : model_take(m, &m->trades[b->trade], payment->shopper, payment->confirmed, false);
    if (refusal != 0) {
        m->trade_count -= new;
        *b = before;
    }
    return refusal;
}

int meal_model_pay(struct model *m, struct meal_by by, int order, int bill, const struct meal_payment *payment)
{
    struct meal_order *o = &meals.orders[order];
    int refusal = meal_open_check(by, o);
    if (refusal == REFUSAL_meal_unknown) {
        return refusal;
    }
    if (bill > o->bill_count || o->bills[bill - 1].state == BILL_void) {
        return REFUSAL_bill_unknown;
    }
    const struct meal_bill *b = &o->bills[bill - 1];
    if (refusal != 0) {
        return b->state == BILL_paid ? (int)REFUSAL_bill_taken : refusal;
    }
    if (payment->tip > b->food + b->service + b->fee) {
        return REFUSAL_amount_out_of_range;
    }
    return meal_bill_settle(m, by, order, bill, payment);
}

/* ---- what the till tells ---- */

static struct meal_order *order_of(const struct model_trade *t)
{
    return &meals.orders[t->sold / 64];
}

/* Whether paying it sends something to the kitchen. */
static bool cooks_then(const struct meal_order *o)
{
    return o->kind == MEAL_dine_in ? o->pay_first : o->state == MEAL_waiting;
}

int meal_model_payable(const struct model *m, const struct model_trade *t)
{
    const struct meal_order *o = order_of(t);
    (void)m;
    return o->kind == MEAL_dine_in && cooks_then(o) ? meal_stock_check(o, t->sold % 64) : 0;
}

void meal_model_paid(struct model *m, struct model_trade *t)
{
    struct meal_order *o = order_of(t);
    struct meal_bill *b = &o->bills[t->sold % 64 - 1];
    int64_t parts[4] = { b->food, b->service, b->fee, b->tip };
    b->state = BILL_paid;
    b->shopper = t->shopper;
    memcpy(b->left, parts, sizeof(parts));
    if (cooks_then(o)) {
        meal_kitchen_get(m, o, t->sold % 64, o->ready_by_us);
        if (o->kind == MEAL_delivery) {
            meal_ride_begin(m, o);
        }
    }
    bool eaten = o->kind == MEAL_dine_in && !o->pay_first && o->sent && meal_drafts(o) == 0;
    if (eaten && meal_tickets_open(o) == 0 && meal_paid_up(o)) {
        meal_finish_it(m, o, -1);
    }
}

void meal_model_ended(struct model *m, const struct model_trade *t)
{
    struct meal_order *o = order_of(t);
    struct meal_bill *b = &o->bills[t->sold % 64 - 1];
    b->state = BILL_open;
    b->tip = 0;
    if (o->kind != MEAL_dine_in && o->state == MEAL_waiting) {
        meal_call_it_off(m, o);
    }
}

/* ---- the end ---- */

/* Food and service are the shop's. Fee and tip are whose who brought it, when its wallet can take them. */
static void earn(struct model *m, struct meal_order *o, struct meal_bill *b, int courier)
{
    struct model_shop *shop = &m->shops[o->shop];
    int64_t brought = b->left[2] + b->left[3];
    bool takes = courier >= 0 && !m->shoppers[courier].blocked && m->shoppers[courier].wallet + brought <= WALLET_MOST;
    m->trades[b->trade].in_escrow -= b->left[0] + b->left[1] + brought;
    shop->takings += b->left[0] + b->left[1];
    if (takes) {
        m->shoppers[courier].wallet += brought;
        meals.couriers[courier].earned += brought;
    } else {
        shop->takings += b->left[2];
        meals.kitchens[o->shop].tips += b->left[3];
    }
    b->earned = true;
}

void meal_finish_it(struct model *m, struct meal_order *o, int courier)
{
    meal_tickets_end(m, o, TICKET_bumped);
    for (int i = 0; i < o->bill_count; i++) {
        if (o->bills[i].state == BILL_paid && !o->bills[i].earned) {
            earn(m, o, &o->bills[i], courier);
        }
    }
    meal_leave(o, MEAL_done);
}

static int64_t left_of(const struct meal_bill *b)
{
    return b->left[0] + b->left[1] + (b->earned ? 0 : b->left[2] + b->left[3]);
}

static int give_some_back(struct model *m, struct meal_order *o, struct meal_bill *b, int64_t amount)
{
    struct model_shop *shop = &m->shops[o->shop];
    struct model_trade *t = &m->trades[b->trade];
    if (b->earned && shop->takings < amount) {
        return REFUSAL_takings_short;
    }
    shop->takings -= b->earned ? amount : 0;
    t->in_escrow += b->earned ? amount : 0;
    int refusal = model_give_back(m, t, "", amount, NULL);
    assert(refusal == 0);
    b->returns++;
    o->returned += amount;
    for (int i = 0; i < 4; i++) {
        int64_t part = less(b->left[i], amount);
        b->left[i] -= part;
        amount -= part;
    }
    return 0;
}

void meal_call_it_off(struct model *m, struct meal_order *o)
{
    bool begun = o->ready;
    for (int i = 0; i < o->ticket_count; i++) {
        begun = begun || o->tickets[i].state == TICKET_bumped;
    }
    meal_leave(o, MEAL_cancelled);
    for (int i = 0; i < o->bill_count; i++) {
        struct meal_bill *b = &o->bills[i];
        if (b->state == BILL_waiting && m->trades[b->trade].state == WAITING) {
            model_end(m, &m->trades[b->trade], CANCEL);
        }
        if (b->state == BILL_open) {
            take_back(o, i + 1);
        } else if (b->state == BILL_paid && left_of(b) > 0) {
            give_some_back(m, o, b, left_of(b));
        }
    }
    if (o->slot_us != 0 && !begun) {
        meal_stock_back(o);
    }
    meal_slots_free(m, o);
    meal_tickets_end(m, o, TICKET_cancelled);
}

int meal_model_close(struct model *m, struct meal_by by, int order)
{
    struct meal_order *o = &meals.orders[order], before = *o;
    int refusal = meal_open_check(by, o);
    for (int i = 0; i < o->line_count && refusal == 0 && o->kind == MEAL_dine_in; i++) {
        bool unwanted = o->lines[i].state == MEAL_LINE_draft && o->lines[i].bill == 0;
        o->lines[i].state = unwanted ? MEAL_LINE_off : o->lines[i].state;
    }
    if (refusal == 0 && (meal_food(o) == 0 || (o->kind != MEAL_dine_in && o->state == MEAL_open))) {
        refusal = REFUSAL_meal_empty;
    }
    if (refusal == 0 && !meal_paid_up(o)) {
        refusal = REFUSAL_meal_unpaid;
    }
    if (refusal == 0 && !meal_ride_over(o)) {
        refusal = REFUSAL_move_illegal;
    }
    if (refusal != 0) {
        *o = before;
        return refusal;
    }
    meal_finish_it(m, o, -1);
    return 0;
}

int meal_model_cancel(struct model *m, struct meal_by by, int order)
{
    struct meal_order *o = &meals.orders[order];
    int refusal = meal_open_check(by, o);
    if (refusal != 0) {
        return refusal;
    }
    bool paid = false, placed = o->state != MEAL_open && o->state != MEAL_waiting;
    for (int i = 0; i < o->bill_count; i++) {
        paid = paid || o->bills[i].state == BILL_paid;
    }
    bool untouched = o->kind == MEAL_dine_in ? !o->sent && !paid : !placed;
    if (!by.staff && o->shopper != by.shopper) {
        return REFUSAL_forbidden;
    }
    if (!by.staff && !untouched) {
        return REFUSAL_move_illegal;
    }
    struct model_ride *r = o->ride < 0 ? NULL : &meals.rides[o->ride];
    if (r != NULL && (r->state == RIDE_picked_up || r->state == RIDE_at_door || r->state == RIDE_failed)) {
        return REFUSAL_move_illegal;
    }
    if (r != NULL && r->state <= RIDE_at_kitchen) {
        meal_ride_to(m, r, RIDE_cancelled);
    }
    meal_call_it_off(m, o);
    return 0;
}

int meal_model_return(struct model *m, struct meal_by by, int order, int bill, int64_t amount)
{
    struct meal_order *o = &meals.orders[order];
    if (meal_open_check(by, o) == REFUSAL_meal_unknown) {
        return REFUSAL_meal_unknown;
    }
    if (!by.staff) {
        return REFUSAL_forbidden;
    }
    if (bill > o->bill_count || o->bills[bill - 1].state == BILL_void) {
        return REFUSAL_bill_unknown;
    }
    struct meal_bill *b = &o->bills[bill - 1];
    if (b->state != BILL_paid) {
        return REFUSAL_meal_unpaid;
    }
    if (model_finished(m, b->trade)) {
        return REFUSAL_trade_finished;
    }
    return amount > left_of(b) ? (int)REFUSAL_refund_exceeds : give_some_back(m, o, b, amount);
}

int meal_model_tips(struct model *m, int shop, int shopper, int64_t amount)
{
    struct model_shopper *s = &m->shoppers[shopper];
    if (s->blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (s->wallet + amount > WALLET_MOST) {
        return REFUSAL_wallet_limit_reached;
    }
    if (meals.kitchens[shop].tips < amount) {
        return REFUSAL_floor_reached;
    }
    meals.kitchens[shop].tips -= amount;
    s->wallet += amount;
    return 0;
}

/* ---- what happens by itself ---- */

static bool forgotten(const struct meal_order *o)
{
    bool paid = false;
    for (int i = 0; i < o->bill_count; i++) {
        paid = paid || o->bills[i].state == BILL_paid;
    }
    if (o->kind == MEAL_dine_in) {
        return !o->sent && !paid;
    }
    return o->state == MEAL_open || (o->ride >= 0 && meals.rides[o->ride].state == RIDE_cancelled);
}

/* Nobody ends it any more: it is taken to have been eaten, fetched or brought. */
static bool past(const struct model *m, const struct meal_order *o)
{
    bool made = (o->state == MEAL_cooking || o->state == MEAL_ready) && meal_paid_up(o);
    if (o->kind == MEAL_dine_in) {
        return meal_food(o) > 0 && meal_paid_up(o) && meal_drafts(o) == 0;
    }
    if (o->kind == MEAL_take_away) {
        return made && m->now_us >= o->ready_by_us + meals.kitchens[o->shop].session * MINUTE;
    }
    return made && meal_ride_over(o);
}

static void order_look(struct model *m, struct meal_order *o)
{
    o->unsure = true;
    if (forgotten(o)) {
        meal_call_it_off(m, o);
    } else if (past(m, o)) {
        meal_finish_it(m, o, -1);
    } else {
        o->look_us = m->now_us + meals.kitchens[o->shop].session * MINUTE;
    }
}

static bool runs_late(const struct meal_ticket *t)
{
    return !t->late && (t->state == TICKET_queued || t->state == TICKET_cooking);
}

#define RIDE_BASE 1000000
#define TICKET_BASE 1000

int64_t meal_model_due(const struct model *m, int *which)
{
    int64_t first_us = INT64_MAX;
    (void)m;
    for (int i = 0; i < meals.order_count; i++) {
        const struct meal_order *o = &meals.orders[i];
        if (o->look_us != 0 && o->look_us < first_us) {
            first_us = o->look_us;
            *which = i;
        }
        for (int j = 0; j < o->ticket_count; j++) {
            if (runs_late(&o->tickets[j]) && o->tickets[j].due_us < first_us) {
                first_us = o->tickets[j].due_us;
                *which = TICKET_BASE * (j + 1) + i;
            }
        }
    }
    for (int i = 0; i < meals.ride_count; i++) {
        if (meals.rides[i].look_us != 0 && meals.rides[i].look_us < first_us) {
            first_us = meals.rides[i].look_us;
            *which = RIDE_BASE + i;
        }
    }
    return first_us;
}

void meal_model_due_now(struct model *m, int which)
{
    if (which >= RIDE_BASE) {
        meal_ride_look(m, &meals.rides[which - RIDE_BASE]);
    } else if (which >= TICKET_BASE) {
        struct meal_ticket *t = &meals.orders[which % TICKET_BASE].tickets[which / TICKET_BASE - 1];
        t->late = true;
        meals.days[t->day].late++;
    } else {
        meals.orders[which].look_us = 0;
        order_look(m, &meals.orders[which]);
    }
}
