/* SPDX-License-Identifier: Apache-2.0 */
/* Orders, what is left of dishes, the kitchen's room and its tickets. */
#include "model/local_meal_internal.h"

#include <string.h>

#include "base/base.h"
#include "engine/refusal.h"

#define DAY_US (24 * 60 * MINUTE)
#define WEEK_MINUTES (7 * 1440)
#define PLACES_SEEN 24
#define TICKET_LINES 10

struct meal_world meals;

void meals_begin(void)
{
    memset(&meals, 0, offsetof(struct meal_world, dishes));
    for (int i = 0; i < MODEL_PEOPLE; i++) {
        meals.couriers[i].shop = -1;
    }
}

/* ---- sums ---- */

int64_t meal_food(const struct meal_order *o)
{
    int64_t food = 0;
    for (int i = 0; i < o->line_count; i++) {
        food += o->lines[i].state != MEAL_LINE_off ? o->lines[i].total : 0;
    }
    return food;
}

int64_t meal_billed(const struct meal_order *o)
{
    int64_t billed = 0;
    for (int i = 0; i < o->bill_count; i++) {
        billed += o->bills[i].state != BILL_void ? o->bills[i].food : 0;
    }
    return billed;
}

int meal_drafts(const struct meal_order *o)
{
    int drafts = 0;
    for (int i = 0; i < o->line_count; i++) {
        drafts += o->lines[i].state == MEAL_LINE_draft;
    }
    return drafts;
}

int meal_unpaid(const struct meal_order *o)
{
    int unpaid = 0;
    for (int i = 0; i < o->bill_count; i++) {
        unpaid += o->bills[i].state == BILL_open || o->bills[i].state == BILL_waiting;
    }
    return unpaid;
}

int meal_tickets_open(const struct meal_order *o)
{
    int open = 0;
    for (int i = 0; i < o->ticket_count; i++) {
        open += o->tickets[i].state == TICKET_queued || o->tickets[i].state == TICKET_cooking;
    }
    return open;
}

bool meal_over(const struct meal_order *o)
{
    return o->state == MEAL_done || o->state == MEAL_cancelled;
}

bool meal_paid_up(const struct meal_order *o)
{
    return meal_billed(o) == meal_food(o) && meal_unpaid(o) == 0;
}

/* ---- who and when ---- */

static int guest_of(const struct meal_order *o, int shopper)
{
    for (int i = 0; i < o->guest_count && shopper >= 0; i++) {
        if (o->guests[i] == shopper) {
            return i + 1;
        }
    }
    return 0;
}

int meal_open_check(struct meal_by by, const struct meal_order *o)
{
    if (!by.staff && guest_of(o, by.shopper) == 0) {
        return REFUSAL_meal_unknown;
    }
    return meal_over(o) ? REFUSAL_meal_ended : 0;
}

/* In minutes since Monday's midnight, where the shop is. */
static bool works(const struct model *m, int shop, int64_t at_us)
{
    const struct model_kitchen *k = &meals.kitchens[shop];
    int64_t local = at_us / MINUTE + m->shops[shop].zone_minutes;
    int minute = (int)((local + 3 * 1440) % WEEK_MINUTES); /* the first of January 1970 was a Thursday */
    for (int day = 0; day < 7; day++) {
        for (int again = 0; again <= WEEK_MINUTES; again += WEEK_MINUTES) {
            if (minute + again >= day * 1440 + k->from[day] && minute + again < day * 1440 + k->to[day]) {
                return true;
            }
        }
    }
    return false;
}

static int kitchen_check(const struct model *m, int shop)
{
    const struct model_kitchen *k = &meals.kitchens[shop];
    if (!k->there) {
        return REFUSAL_kitchen_unknown;
    }
    if (!m->shops[shop].open) {
        return REFUSAL_shop_closed;
    }
    return k->open && works(m, shop, m->now_us) ? 0 : REFUSAL_kitchen_closed;
}

static int day_of(const struct model *m, int shop)
{
    int date = model_date(m->now_us, m->shops[shop].zone_minutes);
    for (int i = 0; i < meals.day_count; i++) {
        if (meals.days[i].shop == shop && meals.days[i].day == date) {
            return i;
        }
    }
    assert(meals.day_count < MODEL_KITCHEN_DAYS);
    meals.days[meals.day_count] = (struct meal_day){ .shop = shop, .day = date };
    return meals.day_count++;
}

/* ---- orders begin ---- */

static struct meal_order *begin(struct model *m, int shop, int kind, int table)
{
    const struct model_kitchen *k = &meals.kitchens[shop];
    assert(meals.order_count < MODEL_ORDERS);
    struct meal_order *o = &meals.orders[meals.order_count];
    bool eaten = kind == MEAL_dine_in;
    memset(o, 0, sizeof(*o));
    o->shop = shop;
    o->kind = kind;
    o->state = MEAL_open;
    o->table = table;
    o->shopper = o->ride = -1;
    o->number = ++meals.days[day_of(m, shop)].orders;
    o->pay_first = eaten && k->pay_first;
    o->service_bp = eaten ? k->service_bp : 0;
    o->look_us = m->now_us + k->session * MINUTE;
    if (table >= 0) {
        meals.tables[table].order = meals.order_count;
    }
    meals.order_count++;
    return o;
}

static int guest_add(struct meal_order *o, int shopper)
{
    if (guest_of(o, shopper) == 0) {
        o->guests[o->guest_count++] = shopper;
        o->shopper = o->guest_count == 1 && o->shopper < 0 ? shopper : o->shopper;
    }
    return 0;
}

int meal_model_join(struct model *m, int table, int shopper, bool code_right, int *order)
{
    struct model_table *t = &meals.tables[table];
    if (m->shoppers[shopper].blocked) {
        return REFUSAL_shopper_blocked;
    }
    if (!code_right) {
        return REFUSAL_table_code_wrong;
    }
    if (t->order < 0) {
        int refusal = kitchen_check(m, t->shop);
        if (refusal != 0) {
            return refusal;
        }
        begin(m, t->shop, MEAL_dine_in, table);
    }
    *order = t->order;
    return guest_add(&meals.orders[t->order], shopper);
}

/* In metres, half a metre up. */
static int64_t metres(int64_t north_e6)
{
    int64_t cm = (north_e6 < 0 ? -north_e6 : north_e6) * 111195 / 10000;
    return (cm + 50) / 100;
}

int meal_model_open(struct model *m, struct meal_by by, const struct meal_opening *want, int *order)
{
    const struct model_kitchen *k = &meals.kitchens[want->shop];
    if (!by.staff && want->kind == MEAL_dine_in) {
        return REFUSAL_forbidden;
    }
    if (want->shopper >= 0 && m->shoppers[want->shopper].blocked) {
        return REFUSAL_shopper_blocked;
    }
    int refusal = kitchen_check(m, want->shop);
    bool later = refusal == REFUSAL_kitchen_closed && want->kind != MEAL_dine_in && k->open;
    if (refusal != 0 && !later) {
        return refusal;
    }
    bool brought = want->kind == MEAL_delivery;
    if (brought && (!k->delivers || !want->address || metres(want->north_e6) > k->radius_m)) {
        return REFUSAL_door_far;
    }
    *order = meals.order_count;
    if (want->kind == MEAL_dine_in && meals.tables[want->table].order >= 0) {
        *order = meals.tables[want->table].order;
    } else {
        struct meal_order *o = begin(m, want->shop, want->kind, want->kind == MEAL_dine_in ? want->table : -1);
        o->fee = brought ? k->fee : 0;
        o->distance = brought ? metres(want->north_e6) : 0;
    }
    return want->shopper >= 0 ? guest_add(&meals.orders[*order], want->shopper) : 0;
}

/* ---- lines ---- */

/* Whether each group has as many as it wants, and nothing is named that the dish does not have. */
static int options_check(const struct model_dish *d, const struct model_stock *stock, unsigned options)
{
    unsigned has = d->sized ? 15 : 12;
    int sizes = (options & 1) + (options >> 1 & 1);
    if ((options & ~has) != 0) {
        return REFUSAL_options_invalid;
    }
    if ((options & stock->options_out) != 0) {
        return REFUSAL_dish_sold_out;
    }
    return d->sized && sizes != 1 ? REFUSAL_options_invalid : 0;
}

int meal_model_add(struct model *m, struct meal_by by, int order, int dish, int pieces, int guest, unsigned options)
{
    struct meal_order *o = &meals.orders[order];
    const struct model_dish *d = &meals.dishes[dish];
    const struct model_stock *stock = &meals.stock[o->shop][dish];
    int refusal = meal_open_check(by, o);
    if (refusal != 0) {
        return refusal;
    }
    if (o->state != MEAL_open) {
        return REFUSAL_line_sent;
    }
    if (guest > o->guest_count) {
        return REFUSAL_shopper_unknown;
    }
    if (!d->listed || d->merchant != m->shops[o->shop].merchant || (d->shop >= 0 && d->shop != o->shop)) {
        return REFUSAL_dish_unknown;
    }
    if (stock->sold_out || (stock->counted && stock->left < pieces)) {
        return REFUSAL_dish_sold_out;
    }
    refusal = options_check(d, stock, options);
    if (refusal != 0) {
        return refusal;
    }
    assert(o->line_count < ORDER_LINES);
    struct meal_line *line = &o->lines[o->line_count++];
    *line = (struct meal_line){ .guest = guest, .dish = dish, .pieces = pieces, .minutes = d->minutes * pieces,
                                .state = MEAL_LINE_draft, .ticket = -1, .unit = d->price, .options = options };
    for (int i = 0; i < 4; i++) {
        line->unit += (options >> i & 1) != 0 ? d->option_price[i] : 0;
    }
    line->total = line->unit * pieces;
    return 0;
}

int meal_model_change(struct model *m, struct meal_by by, int order, int line, int pieces)
{
    struct meal_order *o = &meals.orders[order];
    int refusal = meal_open_check(by, o);
    (void)m;
    if (refusal != 0) {
        return refusal;
    }
    if (line >= o->line_count || o->lines[line].state == MEAL_LINE_off) {
        return REFUSAL_line_unknown;
    }
    struct meal_line *l = &o->lines[line];
    const struct model_stock *stock = &meals.stock[o->shop][l->dish];
    if (!by.staff && l->guest != 0 && l->guest != guest_of(o, by.shopper)) {
        return REFUSAL_forbidden;
    }
    if (l->bill != 0 || (l->state != MEAL_LINE_draft && !(by.staff && pieces == 0))) {
        return REFUSAL_line_sent;
    }
    if (pieces == 0) {
        l->state = MEAL_LINE_off;
        return 0;
    }
    if (stock->counted && stock->left < pieces) {
        return REFUSAL_dish_sold_out;
    }
    l->minutes = l->minutes / l->pieces * pieces;
    l->pieces = pieces;
    l->total = l->unit * pieces;
    return 0;
}

/* ---- what is left ---- */

int meal_stock_check(const struct meal_order *o, int bill)
{
    int64_t wanted[MODEL_DISHES] = { 0 };
    for (int i = 0; i < o->line_count; i++) {
        const struct meal_line *line = &o->lines[i];
        const struct model_stock *stock = &meals.stock[o->shop][line->dish];
        if (!meal_line_goes(o, line, bill)) {
            continue;
        }
        wanted[line->dish] += line->pieces;
        bool short_of = stock->counted && stock->left < wanted[line->dish];
        if (stock->sold_out || short_of || (stock->options_out & line->options) != 0) {
            return REFUSAL_dish_sold_out;
        }
    }
    return 0;
}

static void stock_take(const struct meal_order *o, int bill)
{
    for (int i = 0; i < o->line_count; i++) {
        struct model_stock *stock = &meals.stock[o->shop][o->lines[i].dish];
        stock->left -= meal_line_goes(o, &o->lines[i], bill) && stock->counted ? o->lines[i].pieces : 0;
    }
}

void meal_stock_back(struct meal_order *o)
{
    for (int i = 0; i < o->line_count; i++) {
        struct model_stock *stock = &meals.stock[o->shop][o->lines[i].dish];
        stock->left += o->lines[i].state != MEAL_LINE_off && stock->counted ? o->lines[i].pieces : 0;
    }
}

/* ---- the kitchen's room ---- */

static struct meal_slot *slot_at(int shop, int64_t at_us)
{
    for (int i = 0; i < meals.slot_count; i++) {
        if (meals.slots[i].shop == shop && meals.slots[i].at_us == at_us) {
            return &meals.slots[i];
        }
    }
    assert(meals.slot_count < MODEL_SLOTS);
    meals.slots[meals.slot_count] = (struct meal_slot){ .shop = shop, .at_us = at_us };
    return &meals.slots[meals.slot_count++];
}

static int slot_minutes(int shop, int64_t at_us)
{
    for (int i = 0; i < meals.slot_count; i++) {
        if (meals.slots[i].shop == shop && meals.slots[i].at_us == at_us) {
            return meals.slots[i].minutes;
        }
    }
    return 0;
}

/* Work of an order that is to be ready in a slot: out of it, then out of those before it, but not of the past. */
static bool room_find(const struct model *m, const struct meal_order *o, int64_t slot_us, int minutes, int taken[4])
{
    const struct model_kitchen *k = &meals.kitchens[o->shop];
    int64_t length_us = k->slot_minutes * MINUTE;
    for (int i = 0; i < 4; i++) {
        int64_t at_us = slot_us - i * length_us;
        int room = at_us + length_us > m->now_us ? k->capacity - slot_minutes(o->shop, at_us) : 0;
        taken[i] = (int)less(minutes, room > 0 ? room : 0);
        minutes -= taken[i];
    }
    return minutes == 0;
}

static void room_take(struct meal_order *o, int64_t slot_us, const int taken[4])
{
    o->slot_us = slot_us;
    o->slot_minutes = meals.kitchens[o->shop].slot_minutes;
    slot_at(o->shop, slot_us)->orders++;
    for (int i = 0; i < 4; i++) {
        o->taken[i] = taken[i];
        if (taken[i] > 0) {
            slot_at(o->shop, slot_us - i * o->slot_minutes * MINUTE)->minutes += taken[i];
        }
    }
}

/* When it can be ready: at that time, or in the first slot of a day's that has room; a refusal, or 0. */
static int room_look(const struct model *m, const struct meal_order *o, int64_t ready_by_us, int64_t *slot_us,
                     int taken[4])
{
    const struct model_kitchen *k = &meals.kitchens[o->shop];
    int64_t length_us = k->slot_minutes * MINUTE, first_us = m->now_us + k->lead * MINUTE;
    int minutes = 0, refusal = REFUSAL_kitchen_closed;
    for (int i = 0; i < o->line_count; i++) {
        minutes += o->lines[i].state != MEAL_LINE_off ? o->lines[i].minutes : 0;
    }
    if (!k->open) {
        return REFUSAL_kitchen_closed;
    }
    if (ready_by_us != 0) {
        if (ready_by_us > m->now_us + 7 * DAY_US || !works(m, o->shop, ready_by_us - 1)) {
            return REFUSAL_kitchen_closed;
        }
        *slot_us = (ready_by_us - 1) / length_us * length_us;
        bool fits = ready_by_us >= first_us && works(m, o->shop, *slot_us + length_us - 1) &&
                    room_find(m, o, *slot_us, minutes, taken);
        return fits ? 0 : REFUSAL_kitchen_busy;
    }
    *slot_us = (first_us - 1) / length_us * length_us;
    for (int i = 0; i < PLACES_SEEN; i++, *slot_us += length_us) {
        if (!works(m, o->shop, *slot_us + length_us - 1)) {
            continue;
        }
        if (room_find(m, o, *slot_us, minutes, taken)) {
            return 0;
        }
        refusal = REFUSAL_kitchen_busy;
    }
    return refusal;
}

void meal_slots_free(struct model *m, struct meal_order *o)
{
    if (o->slot_us == 0) {
        return;
    }
    slot_at(o->shop, o->slot_us)->orders--;
    for (int i = 0; i < 4; i++) {
        int64_t at_us = o->slot_us - i * o->slot_minutes * MINUTE;
        if (at_us + o->slot_minutes * MINUTE > m->now_us && o->taken[i] > 0) {
            slot_at(o->shop, at_us)->minutes -= o->taken[i];
            o->taken[i] = 0;
        }
    }
    o->slot_us = 0;
}

/* ---- to the kitchen ---- */

bool meal_line_goes(const struct meal_order *o, const struct meal_line *line, int bill)
{
    if (line->state != MEAL_LINE_draft) {
        return false;
    }
    /* what several share goes when nobody owes anything of it any more */
    int64_t loose = meal_food(o) - meal_billed(o);
    int unpaid = meal_unpaid(o) - (bill > 0 && o->bills[bill - 1].state == BILL_waiting);
    for (int i = 0; i < o->line_count; i++) {
        loose -= o->lines[i].state != MEAL_LINE_off && o->lines[i].bill == 0 ? o->lines[i].total : 0;
    }
    return bill == 0 || line->bill == bill || (line->bill == SHARED && unpaid == 0 && loose == 0);
}

static void ticket_due(struct model *m, const struct meal_order *o, struct meal_ticket *t, int64_t due_us)
{
    int lead = meals.kitchens[o->shop].lead;
    t->due_us = due_us != 0 ? due_us : m->now_us + (t->minutes > lead ? t->minutes : lead) * MINUTE;
}

void meal_kitchen_get(struct model *m, struct meal_order *o, int bill, int64_t due_us)
{
    int first = o->ticket_count, minutes = 0, day = day_of(m, o->shop);
    bool goes[ORDER_LINES], any = false, eaten = o->kind == MEAL_dine_in;
    for (int i = 0; i < o->line_count; i++) {
        goes[i] = meal_line_goes(o, &o->lines[i], bill);
        any = any || goes[i];
    }
    if (eaten) {
        stock_take(o, bill);
    }
    for (int i = 0; i < o->line_count; i++) {
        struct meal_line *line = &o->lines[i];
        int station = meals.dishes[line->dish].station, ticket = o->ticket_count - 1;
        if (!goes[i]) {
            continue;
        }
        line->state = station == 0 ? MEAL_LINE_made : MEAL_LINE_sent;
        while (ticket >= first && (o->tickets[ticket].station != station || o->tickets[ticket].items == TICKET_LINES)) {
            ticket--;
        }
        if (station == 0) {
            continue;
        }
        if (ticket < first) {
            assert(o->ticket_count < ORDER_TICKETS);
            ticket = o->ticket_count++;
            o->tickets[ticket] = (struct meal_ticket){ .station = station, .state = TICKET_queued, .prints = 1,
                                                       .day = day };
            meals.days[day].tickets++;
        }
        line->ticket = ticket;
        o->tickets[ticket].items++;
        o->tickets[ticket].minutes += line->minutes;
        minutes += line->minutes;
    }
    for (int i = first; i < o->ticket_count; i++) {
        ticket_due(m, o, &o->tickets[i], due_us);
    }
    if (eaten && minutes > 0) {
        int64_t length_us = meals.kitchens[o->shop].slot_minutes * MINUTE;
        slot_at(o->shop, m->now_us / length_us * length_us)->minutes += minutes;
    }
    o->sent = o->sent || any;
    o->ready = o->ready || (any && meal_tickets_open(o) == 0);
    if (!eaten) {
        o->state = meal_tickets_open(o) > 0 ? MEAL_cooking : MEAL_ready;
    }
}

int meal_model_send(struct model *m, struct meal_by by, int order)
{
    struct meal_order *o = &meals.orders[order];
    int refusal = meal_open_check(by, o);
    if (refusal != 0) {
        return refusal;
    }
    if (o->kind != MEAL_dine_in) {
        return REFUSAL_move_illegal;
    }
    if (meal_drafts(o) == 0) {
        return REFUSAL_meal_empty;
    }
    if (o->pay_first) {
        return REFUSAL_meal_unpaid;
    }
    refusal = meal_stock_check(o, 0);
    if (refusal == 0) {
        meal_kitchen_get(m, o, 0, 0);
    }
    return refusal;
}

/* Everything is taken of what is left, room is taken, and one bill is made of it. */
static int place(struct model *m, struct meal_order *o, int64_t ready_by_us)
{
    int64_t slot_us;
    int taken[4];
    int refusal = room_look(m, o, ready_by_us, &slot_us, taken);
    if (refusal == 0) {
        refusal = meal_stock_check(o, 0);
    }
    if (refusal == 0) {
        refusal = meal_bills_make(o, BILL_whole, 0, NULL, 0);
    }
    if (refusal == 0) {
        o->ready_by_us = ready_by_us != 0 ? ready_by_us : slot_us + meals.kitchens[o->shop].slot_minutes * MINUTE;
        room_take(o, slot_us, taken);
        stock_take(o, 0);
        o->state = MEAL_waiting;
    }
    return refusal;
}

int meal_model_place(struct model *m, struct meal_by by, int order, int64_t ready_by_us, bool cook_first,
                     const struct meal_payment *payment)
{
    static struct meal_world before;
    struct meal_order *o = &meals.orders[order];
    const struct model_kitchen *k = &meals.kitchens[o->shop];
    int refusal = meal_open_check(by, o);
    if (refusal != 0) {
        return refusal;
    }
    if (o->kind == MEAL_dine_in || o->state != MEAL_open) {
        return REFUSAL_move_illegal;
    }
    if (cook_first && !by.staff) {
        return REFUSAL_forbidden;
    }
    if (meal_drafts(o) == 0) {
        return REFUSAL_meal_empty;
    }
    if (o->kind == MEAL_delivery && (!k->delivers || meal_food(o) < k->least)) {
        return REFUSAL_door_far;
    }
    if (payment->tip > meal_food(o) + o->fee) {
        return REFUSAL_amount_out_of_range;
    }
    if (ready_by_us != 0 && ready_by_us <= m->now_us) {
        return REFUSAL_kitchen_busy;
    }
    before = meals; /* all of it or nothing */
    refusal = place(m, o, ready_by_us);
    if (refusal == 0 && cook_first) {
        meal_kitchen_get(m, o, 0, o->ready_by_us);
        if (o->kind == MEAL_delivery) {
            meal_ride_begin(m, o);
        }
    }
    if (refusal == 0) {
        refusal = meal_bill_settle(m, by, order, o->bill_count, payment);
    }
    if (refusal != 0) {
        meals = before;
    }
    return refusal;
}

/* ---- tickets ---- */

static bool ticket_open(const struct meal_ticket *t)
{
    return t->state == TICKET_queued || t->state == TICKET_cooking;
}

static void lines_mark(struct meal_order *o, int ticket, int from, int to)
{
    for (int i = 0; i < o->line_count; i++) {
        bool on = o->lines[i].ticket == ticket && o->lines[i].state == from;
        o->lines[i].state = on ? to : o->lines[i].state;
    }
}

static void bump(struct model *m, struct meal_order *o, int ticket)
{
    struct meal_ticket *t = &o->tickets[ticket];
    t->state = TICKET_bumped;
    t->bumped_us = m->now_us;
    meals.days[t->day].bumped++;
    lines_mark(o, ticket, MEAL_LINE_sent, MEAL_LINE_made);
    if (meal_tickets_open(o) == 0) {
        o->ready = true;
        o->state = o->state == MEAL_cooking ? MEAL_ready : o->state;
    }
}

void meal_tickets_end(struct model *m, struct meal_order *o, int state)
{
    for (int i = 0; i < o->ticket_count; i++) {
        struct meal_ticket *t = &o->tickets[i];
        t->unsure = t->unsure || (ticket_open(t) && !t->late && t->due_us <= m->now_us);
        o->unsure = o->unsure || t->unsure;
        if (ticket_open(&o->tickets[i]) && state == TICKET_bumped) {
            bump(m, o, i);
        } else if (ticket_open(&o->tickets[i])) {
            o->tickets[i].state = state;
        }
    }
}

int meal_model_mark(struct model *m, int order, int ticket, int action)
{
    struct meal_order *o = &meals.orders[order];
    struct meal_ticket *t = &o->tickets[ticket];
    if (action == TICKET_ACTION_reprint) {
        t->prints++;
        return 0;
    }
    if (action == TICKET_ACTION_recall && meal_over(o)) {
        return REFUSAL_meal_ended;
    }
    bool legal = action == TICKET_ACTION_start  ? t->state == TICKET_queued
                 : action == TICKET_ACTION_bump ? ticket_open(t)
                                                : t->state == TICKET_bumped && m->now_us <= t->bumped_us + 60 * MINUTE;
    if (!legal) {
        return REFUSAL_move_illegal;
    }
    if (action == TICKET_ACTION_bump) {
        bump(m, o, ticket);
        return 0;
    }
    t->state = TICKET_cooking;
    if (action == TICKET_ACTION_recall) {
        t->recalls++;
        meals.days[t->day].bumped--;
        lines_mark(o, ticket, MEAL_LINE_made, MEAL_LINE_sent);
        o->ready = false;
        o->state = o->state == MEAL_ready ? MEAL_cooking : o->state;
    }
    return 0;
}

void meal_leave(struct meal_order *o, int state)
{
    o->state = state;
    o->look_us = 0;
    if (o->table >= 0) {
        meals.tables[o->table].order = -1;
    }
}
