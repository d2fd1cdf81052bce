/* SPDX-License-Identifier: Apache-2.0 */
/* Couriers and rides: who is asked first, which moves there are. */
#include "model/local_meal_internal.h"

#include <string.h>

#include "base/base.h"
#include "engine/refusal.h"

/* Each move that there is, one after the other. */
static const int moves[][2] = {
    { RIDE_waiting, RIDE_assigned },    { RIDE_waiting, RIDE_cancelled },   { RIDE_assigned, RIDE_accepted },
    { RIDE_assigned, RIDE_waiting },    { RIDE_assigned, RIDE_cancelled },  { RIDE_accepted, RIDE_at_kitchen },
    { RIDE_accepted, RIDE_waiting },    { RIDE_accepted, RIDE_cancelled },  { RIDE_at_kitchen, RIDE_picked_up },
    { RIDE_at_kitchen, RIDE_waiting },  { RIDE_at_kitchen, RIDE_cancelled }, { RIDE_picked_up, RIDE_at_door },
    { RIDE_picked_up, RIDE_failed },    { RIDE_at_door, RIDE_delivered },   { RIDE_at_door, RIDE_failed },
    { RIDE_failed, RIDE_picked_up },    { RIDE_failed, RIDE_returned },
};

static bool may(int from, int to)
{
    for (int i = 0; i < (int)COUNT_OF(moves); i++) {
        if (moves[i][0] == from && moves[i][1] == to) {
            return true;
        }
    }
    return model_canary == MODEL_CANARY_ride && from == RIDE_picked_up && to == RIDE_delivered;
}

bool meal_ride_over(const struct meal_order *o)
{
    int state = o->ride < 0 ? 0 : meals.rides[o->ride].state;
    return o->kind != MEAL_delivery || state == RIDE_returned || state == RIDE_cancelled;
}

static void step(struct model_ride *r, int state)
{
    if (r->steps < RIDE_STEPS) {
        r->way[r->steps] = state;
    }
    r->steps++;
}

/* The courier has one fewer. */
static void part(struct model *m, struct model_ride *r, bool delivered)
{
    struct model_courier *c = &meals.couriers[r->courier];
    c->open--;
    c->idle_us = m->now_us;
    c->delivered += delivered;
}

void meal_ride_to(struct model *m, struct model_ride *r, int state)
{
    assert(may(r->state, state));
    step(r, state);
    r->state = state;
    bool over = state == RIDE_delivered || state == RIDE_returned || state == RIDE_cancelled;
    if ((over || state == RIDE_waiting) && r->courier >= 0) {
        part(m, r, state == RIDE_delivered);
    }
    if (over || state == RIDE_accepted) {
        r->look_us = 0;
    }
    if (state == RIDE_waiting) {
        r->courier = -1;
        r->look_us = m->now_us + SECOND;
    }
}

void meal_ride_begin(struct model *m, struct meal_order *o)
{
    assert(meals.ride_count < MODEL_RIDES);
    struct model_ride *r = &meals.rides[meals.ride_count];
    int64_t before_us = o->ready_by_us - 10 * MINUTE, soon_us = m->now_us + SECOND;
    *r = (struct model_ride){ .order = (int)(o - meals.orders), .state = RIDE_waiting, .courier = -1,
                              .look_us = before_us > soon_us ? before_us : soon_us };
    o->ride = meals.ride_count++;
}

/* ---- who brings it ---- */

static bool declined(const struct model_ride *r, int courier)
{
    for (int i = 0; i < r->declined_count; i++) {
        if (r->declined[i] == courier) {
            return true;
        }
    }
    return false;
}

/* In seconds until it could be at the kitchen; -1: it cannot come. */
static int64_t wait_of(const struct model *m, const struct model_ride *r, int courier)
{
    const struct model_courier *c = &meals.couriers[courier];
    bool seen = c->seen_us != 0 && m->now_us - c->seen_us <= 10 * MINUTE;
    if (c->shop != meals.orders[r->order].shop || !c->on_duty || declined(r, courier) || c->open >= c->open_most ||
        !seen) {
        return -1;
    }
    int64_t cm = (c->north_e6 < 0 ? -c->north_e6 : c->north_e6) * 111195 / 10000, far = (cm + 50) / 100;
    return (far + 4) / 5 + 600 * c->open;
}

static int first_of(const struct model *m, const struct model_ride *r)
{
    const struct model_kitchen *k = &meals.kitchens[meals.orders[r->order].shop];
    int first = -1;
    for (int i = 0; i < k->courier_count; i++) {
        int courier = k->couriers[i];
        int64_t wait = wait_of(m, r, courier), best = first < 0 ? 0 : wait_of(m, r, first);
        int64_t idle = meals.couriers[courier].idle_us, idle_first = first < 0 ? 0 : meals.couriers[first].idle_us;
        bool sooner = first < 0 || wait < best ||
                      (wait == best && (idle < idle_first || (idle == idle_first && courier < first)));
        first = wait >= 0 && sooner ? courier : first;
    }
    return first;
}

static void give(struct model *m, struct model_ride *r, int courier)
{
    meal_ride_to(m, r, RIDE_assigned);
    r->courier = courier;
    r->look_us = m->now_us + MINUTE;
    meals.couriers[courier].open++;
}

static bool search(struct model *m, struct model_ride *r)
{
    int first = first_of(m, r);
    r->attempts++;
    if (first >= 0) {
        give(m, r, first);
        return true;
    }
    if (r->steps < 100) {
        step(r, RIDE_waiting);
    }
    r->declined_count = 0;
    r->look_us = m->now_us + MINUTE;
    return false;
}

static void decline(struct model_ride *r)
{
    if (r->declined_count < 8) {
        r->declined[r->declined_count++] = r->courier;
    }
}

void meal_ride_look(struct model *m, struct model_ride *r)
{
    r->unsure = true;
    if (r->state == RIDE_assigned) {
        decline(r);
        meal_ride_to(m, r, RIDE_waiting);
    }
    search(m, r);
}

int meal_model_assign(struct model *m, int ride, int courier)
{
    struct model_ride *r = &meals.rides[ride], before = *r;
    struct model_courier couriers[MODEL_PEOPLE];
    const struct model_kitchen *k = &meals.kitchens[meals.orders[r->order].shop];
    memcpy(couriers, meals.couriers, sizeof(couriers));
    if (r->state > RIDE_at_kitchen) {
        return REFUSAL_move_illegal;
    }
    if (r->state != RIDE_waiting) {
        meal_ride_to(m, r, RIDE_waiting);
    }
    int refusal = courier < 0 ? 0 : REFUSAL_courier_unknown;
    for (int i = 0; i < k->courier_count && courier >= 0; i++) {
        const struct model_courier *c = &meals.couriers[courier];
        if (k->couriers[i] == courier) {
            refusal = c->on_duty && c->open < c->open_most ? 0 : REFUSAL_courier_absent;
        }
    }
    if (refusal == 0 && courier >= 0) {
        give(m, r, courier);
    } else if (refusal == 0 && !search(m, r)) {
        refusal = REFUSAL_courier_absent;
    }
    if (refusal != 0) {
        *r = before;
        memcpy(meals.couriers, couriers, sizeof(couriers));
    }
    return refusal;
}

int meal_model_move(struct model *m, struct meal_by by, int ride, int state)
{
    struct model_ride *r = &meals.rides[ride];
    struct meal_order *o = &meals.orders[r->order];
    if (!by.staff && (r->courier < 0 || r->courier != by.shopper)) {
        return REFUSAL_ride_unknown;
    }
    if (state == RIDE_assigned || (state == RIDE_cancelled && !by.staff) || !may(r->state, state)) {
        return REFUSAL_move_illegal;
    }
    if (state == RIDE_picked_up && o->state != MEAL_ready) {
        return REFUSAL_meal_unready;
    }
    if (state == RIDE_delivered && !meal_paid_up(o)) {
        return REFUSAL_meal_unpaid;
    }
    if (state == RIDE_waiting) {
        decline(r);
    }
    meal_ride_to(m, r, state);
    if (state == RIDE_delivered) {
        meal_finish_it(m, o, r->courier);
    }
    return 0;
}

/* ---- couriers ---- */

int meal_model_enlist(struct model *m, int shop, int shopper, int open_most, bool gone)
{
    struct model_courier *c = &meals.couriers[shopper];
    struct model_kitchen *k = &meals.kitchens[shop];
    int at = 0;
    (void)m;
    if (!k->there) {
        return REFUSAL_kitchen_unknown;
    }
    if (gone && c->shop != shop) {
        return REFUSAL_courier_unknown;
    }
    if (c->shop >= 0 && c->shop != shop) {
        return REFUSAL_id_taken;
    }
    if (gone && c->open > 0) {
        return REFUSAL_move_illegal;
    }
    while (at < k->courier_count && k->couriers[at] != shopper) {
        at++;
    }
    if (!gone && at == k->courier_count) {
        k->couriers[k->courier_count++] = shopper;
    } else if (gone) {
        k->couriers[at] = k->couriers[--k->courier_count];
    }
    c->known = true;
    c->shop = gone ? -1 : shop;
    c->open_most = open_most != 0 ? open_most : 3;
    c->on_duty = c->on_duty && !gone;
    return 0;
}

int meal_model_report(struct model *m, int shopper, bool on_duty, int64_t north_e6)
{
    struct model_courier *c = &meals.couriers[shopper];
    if (c->shop < 0) {
        return REFUSAL_courier_unknown;
    }
    c->on_duty = on_duty;
    c->north_e6 = north_e6;
    c->seen_us = m->now_us;
    return 0;
}
