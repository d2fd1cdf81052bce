/* SPDX-License-Identifier: Apache-2.0 */
/* Kitchens, what is left of dishes, tickets, couriers and rides, drawn at random and made through till and model. */
#include <stdio.h>

#include "base/base.h"
#include "model/calls_meal.h"

#define DOOR_E6 30000000
#define EAST_E6 120000000

/* ---- kitchens ---- */

static void hours_draw(struct run *run, struct model_kitchen *k)
{
    static const int hours[][2] = { { 0, 1440 }, { 0, 1440 }, { 0, 1440 },   { 0, 1440 },
                                    { 480, 1320 }, { 900, 1620 }, { 660, 840 } };
    const int *same_for_all = hours[pick(run, COUNT_OF(hours))];
    for (int i = 0; i < 7; i++) {
        bool closed = same_for_all[0] != 0 && chance(run, 10);
        k->from[i] = closed ? 0 : same_for_all[0];
        k->to[i] = closed ? 0 : same_for_all[1];
    }
}

static void kitchen_set(struct run *run, int shop)
{
    static const int lengths[] = { 5, 10, 15, 30 };
    struct kitchen_row answer;
    struct model_kitchen *k = &meals.kitchens[shop];
    if (!k->there) {
        k->slot_minutes = lengths[pick(run, COUNT_OF(lengths))];
        k->session = 45 + pick(run, 300);
        k->delivers = chance(run, 90);
        hours_draw(run, k);
    }
    k->there = true;
    k->open = chance(run, 96);
    k->pay_first = chance(run, 35);
    k->service_bp = chance(run, 40) ? 0 : pick(run, 3001);
    k->capacity = 1 + pick(run, 60);
    k->lead = 1 + pick(run, 20);
    k->radius_m = 900 + pick(run, 2500);
    k->fee = pick(run, 500);
    k->least = chance(run, 60) ? 0 : pick(run, 900);
    struct kitchen_change want = { .shop_id = id_of(run, shop), .open = k->open, .latitude_e6 = DOOR_E6,
                                   .longitude_e6 = EAST_E6, .pay_first = k->pay_first, .service_bp = k->service_bp,
                                   .slot_minutes = k->slot_minutes, .slot_capacity = k->capacity,
                                   .lead_minutes = k->lead, .session_minutes = k->session, .delivers = k->delivers,
                                   .delivery_radius_m = k->radius_m, .delivery_fee_minor = k->fee,
                                   .delivery_least_minor = k->least, .stations_count = 2, .hours_count = 7,
                                   .stations = { { 1, "hot" }, { 2, "bar" } } };
    for (int i = 0; i < 7; i++) {
        want.hours[i] = (struct kitchen_hours){ k->from[i], k->to[i] };
    }
    same_refusal(run, "kitchen_change", 0, call(run, house_shop(want.shop_id), &kitchen_change, &want, &answer));
}

static void dish_open(struct run *run, int shop)
{
    uint8_t answer[256];
    struct model_dish *d = &meals.dishes[meals.dish_count];
    int merchant = run->model.shops[shop].merchant;
    *d = (struct model_dish){ .id = id_of(run, meals.dish_count), .merchant = merchant,
                              .shop = chance(run, 20) ? shop : -1, .price = chance(run, 5) ? 0 : 1 + pick(run, 1500),
                              .minutes = pick(run, 12), .station = pick(run, 3), .listed = chance(run, 95),
                              .sized = chance(run, 40) };
    struct dish_put want = { .merchant_id = id_of(run, merchant), .dish_id = d->id, .name = "a dish",
                             .shop_id = d->shop < 0 ? 0 : id_of(run, d->shop), .price_minor = d->price,
                             .minutes = d->minutes, .station = d->station, .unlisted = !d->listed,
                             .groups = { { 2, "more", 0, 2 } }, .groups_count = 1 };
    if (d->sized) {
        want.groups[want.groups_count++] = (struct dish_group_row){ 1, "size", 1, 1 };
    }
    for (int i = d->sized ? 0 : 2; i < 4; i++) {
        d->option_price[i] = i == 1 && d->price > 10 ? -pick(run, 10) : pick(run, 200);
        want.options[want.options_count++] = (struct dish_option_row){ i + 1, i < 2 ? 1 : 2, "an option",
                                                                       d->option_price[i] };
    }
    meals.dish_count++;
    same_refusal(run, "dish_put", 0, call(run, house_operator, &dish_put, &want, answer));
}

static void table_open(struct run *run, int shop)
{
    struct dining_table_row row;
    struct model_table *t = &meals.tables[meals.table_count++];
    struct table_put want = { .shop_id = id_of(run, shop), .name = "a table", .seats = 4, .seed = (int64_t)draw(run) };
    same_refusal(run, "table_put", 0, call(run, house_shop(want.shop_id), &table_put, &want, &row));
    *t = (struct model_table){ .id = row.table_id, .shop = shop, .order = -1 };
    memcpy(t->code, row.code, sizeof(row.code));
}

static void same_courier(struct run *run, int shopper, const struct courier_row *row)
{
    const struct model_courier *c = &meals.couriers[shopper];
    same(run, "a courier's shop", c->shop < 0 ? 0 : id_of(run, c->shop), row->shop_id);
    same(run, "whether a courier is on duty", c->on_duty, row->on_duty);
    same(run, "rides that a courier has", c->open, row->open);
    same(run, "rides that a courier takes at once", c->open_most, row->open_most);
    same(run, "when a courier was seen", c->seen_us, row->seen_at_us);
    same(run, "what a courier has brought", c->delivered, row->delivered);
    same(run, "what a courier has earned", c->earned, row->earned_minor);
}

static void enlist(struct run *run, int shop, int shopper, bool gone)
{
    struct courier_row row;
    struct courier_enlist want = { .shop_id = id_of(run, shop), .courier_id = id_of(run, shopper), .name = "a courier",
                                   .open_most = pick(run, 3), .gone = gone };
    enum refusal till = call(run, house_shop(want.shop_id), &courier_enlist, &want, &row);
    same_refusal(run, "courier_enlist", meal_model_enlist(&run->model, shop, shopper, want.open_most, gone), till);
    if (till == REFUSAL_none) {
        same_courier(run, shopper, &row);
    }
}

static void report(struct run *run, int shopper)
{
    struct courier_row row;
    int64_t north_e6 = chance(run, 30) ? 5000 : pick(run, 40000) - 20000;
    struct courier_report want = { .courier_id = id_of(run, shopper), .on_duty = chance(run, 85),
                                   .latitude_e6 = DOOR_E6 + (int32_t)north_e6, .longitude_e6 = EAST_E6 };
    enum refusal till = call(run, house_shopper(want.courier_id), &courier_report, &want, &row);
    int model = meal_model_report(&run->model, shopper, want.on_duty != 0, north_e6);
    same_refusal(run, "courier_report", model, till);
    if (till == REFUSAL_none) {
        same_courier(run, shopper, &row);
    }
}

void kitchens_open(struct run *run)
{
    int shop = pick(run, run->model.shop_count), other = pick(run, run->model.shop_count);
    kitchen_set(run, shop);
    if (other != shop && chance(run, 40)) {
        kitchen_set(run, other);
    }
    for (int i = 0; i < 3 + pick(run, MODEL_DISHES - 2) && meals.dish_count < MODEL_DISHES; i++) {
        dish_open(run, shop);
    }
    table_open(run, shop);
    table_open(run, meals.kitchens[other].there ? other : shop);
    for (int i = 0; i < run->model.shopper_count && i < 3; i++) {
        enlist(run, shop, i, false);
        report(run, i);
    }
}

static void stock_set(struct run *run)
{
    struct dish_stock_row row;
    int shop = chance(run, 85) ? meals.tables[0].shop : pick(run, run->model.shop_count);
    int dish = pick(run, meals.dish_count);
    const struct model_dish *d = &meals.dishes[dish];
    struct model_stock *stock = &meals.stock[shop][dish];
    struct model_stock now = { .sold_out = chance(run, 15), .counted = chance(run, 60), .left = pick(run, 9),
                               .options_out = chance(run, 25) ? 1u << pick(run, 4) : 0 };
    bool here = d->merchant == run->model.shops[shop].merchant && (d->shop < 0 || d->shop == shop);
    struct dish_stock want = { .shop_id = id_of(run, shop), .dish_id = d->id, .sold_out = now.sold_out,
                               .counted = now.counted, .pieces_left = now.left };
    for (int i = 0; i < 4; i++) {
        if ((now.options_out >> i & 1) != 0) {
            want.options_out[want.options_out_count++].option = i + 1;
        }
    }
    now.left = now.counted ? now.left : 0;
    enum refusal till = call(run, house_shop(want.shop_id), &dish_stock, &want, &row);
    same_refusal(run, "dish_stock", here ? 0 : REFUSAL_dish_unknown, till);
    *stock = here ? now : *stock;
}

static void tips(struct run *run)
{
    uint8_t answer[128];
    int shop = meals.tables[0].shop, shopper = pick(run, run->model.shopper_count);
    struct tips_pay want = { .shop_id = id_of(run, shop), .shopper_id = id_of(run, shopper),
                             .amount_minor = 1 + pick(run, 1 + (int)meals.kitchens[shop].tips) };
    want.amount_minor += chance(run, 10);
    enum refusal till = call(run, house_operator, &tips_pay, &want, answer);
    same_refusal(run, "tips_pay", meal_model_tips(&run->model, shop, shopper, want.amount_minor), till);
}

void do_kitchen(struct run *run)
{
    int which = pick(run, 10);
    if (which < 6) {
        stock_set(run);
    } else if (which < 8) {
        tips(run);
    } else {
        kitchen_set(run, meals.tables[pick(run, meals.table_count)].shop);
    }
}

/* ---- tickets ---- */

static void mark(struct run *run, int index)
{
    uint8_t answer[256];
    int line = 0;
    const struct meal_order *o = &meals.orders[index];
    int ticket = pick(run, o->ticket_count), which = pick(run, 20);
    while (o->lines[line].ticket != ticket) {
        line++;
    }
    struct meal_line_row row = { .order_id = o->id, .line = line + 1 };
    bool there = house_row(&run->house, &meal_line_table, &row);
    assert(there);
    struct ticket_mark want = { row.ticket_id, which < 4    ? TICKET_ACTION_start
                                               : which < 15 ? TICKET_ACTION_bump
                                               : which < 18 ? TICKET_ACTION_recall
                                                            : TICKET_ACTION_reprint };
    enum refusal till = call(run, house_shop(id_of(run, o->shop)), &ticket_mark, &want, answer);
    same_refusal(run, "ticket_mark", meal_model_mark(&run->model, index, ticket, want.action), till);
}

void do_ticket(struct run *run)
{
    int index = meal_draw(run);
    if (index < 0 || meals.orders[index].ticket_count == 0) {
        stock_set(run);
    } else {
        mark(run, index);
    }
}

/* ---- rides ---- */

static int64_t ride_id_of(struct run *run, int ride)
{
    struct meal_order_row order = { .order_id = meals.orders[meals.rides[ride].order].id };
    bool there = house_row(&run->house, &meal_order_table, &order);
    assert(there);
    return order.ride_id;
}

static void same_ride(struct run *run, int index, const struct ride_row *row)
{
    const struct model_ride *r = &meals.rides[index];
    same(run, "a ride's order", meals.orders[r->order].id, row->order_id);
    same(run, "a ride's state", r->state, row->state);
    same(run, "a ride's courier", r->courier < 0 ? 0 : id_of(run, r->courier), row->courier_id);
    same(run, "a ride's steps", r->steps, row->steps);
    same(run, "how often a courier was looked for", r->attempts, row->attempts);
    same(run, "who declined a ride", r->declined_count, row->declined_count);
    if (!r->unsure) {
        same(run, "when a courier is looked for", r->look_us, row->look_at_us);
    }
}

static void assign(struct run *run, int ride)
{
    struct ride_row row;
    int courier = chance(run, 50) ? -1 : pick(run, run->model.shopper_count);
    int shop = meals.orders[meals.rides[ride].order].shop;
    struct ride_assign want = { ride_id_of(run, ride), courier < 0 ? 0 : id_of(run, courier) };
    enum refusal till = call(run, house_shop(id_of(run, shop)), &ride_assign, &want, &row);
    same_refusal(run, "ride_assign", meal_model_assign(&run->model, ride, courier), till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same_ride(run, ride, &row);
    }
}

static void move(struct run *run, int ride)
{
    static const int onward[] = { 0, RIDE_assigned, RIDE_accepted, RIDE_at_kitchen, RIDE_picked_up, RIDE_at_door,
                                  RIDE_delivered, RIDE_returned, RIDE_picked_up, RIDE_waiting, RIDE_waiting };
    struct ride_row row;
    const struct model_ride *r = &meals.rides[ride];
    int shop = meals.orders[r->order].shop;
    struct meal_by by = { .staff = r->courier < 0 || chance(run, 25), .shopper = r->courier };
    by.shopper = chance(run, 4) ? pick(run, run->model.shopper_count) : by.shopper;
    struct ride_move want = { ride_id_of(run, ride), onward[r->state], "" };
    want.state = chance(run, 15) ? 1 + pick(run, 10) : want.state;
    want.state = r->state >= RIDE_picked_up && chance(run, 12) ? RIDE_failed : want.state;
    want.state = r->state == RIDE_picked_up && chance(run, 25) ? RIDE_delivered : want.state;
    enum refusal till = call(run, caller_by(run, by, shop), &ride_move, &want, &row);
    same_refusal(run, "ride_move", meal_model_move(&run->model, by, ride, want.state), till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        same_ride(run, ride, &row);
    }
}

/* Several moves at once, so that some rides come far. */
static void on_the_way(struct run *run, int ride)
{
    const struct model_ride *r = &meals.rides[ride];
    for (int i = 1 + pick(run, 4); i > 0 && run->wrong == NULL; i--) {
        if (r->state == RIDE_waiting || chance(run, 10)) {
            assign(run, ride);
        } else if (r->state == RIDE_at_kitchen && meals.orders[r->order].state == MEAL_cooking && chance(run, 80)) {
            mark(run, r->order);
        } else {
            move(run, ride);
        }
    }
}

void do_ride(struct run *run)
{
    int count = meals.ride_count, ride = -1, shopper = pick(run, run->model.shopper_count), which = pick(run, 20);
    for (int tries = 0; tries < 6 && count > 0; tries++) {
        ride = chance(run, 60) ? count - 1 : pick(run, count);
        int state = meals.rides[ride].state;
        if ((state != RIDE_delivered && state < RIDE_returned) || chance(run, 5)) {
            break;
        }
    }
    if (which < 4 || (ride < 0 && which < 8)) {
        report(run, shopper);
    } else if (ride < 0 || which < 5) {
        enlist(run, meals.tables[pick(run, meals.table_count)].shop, shopper, chance(run, 40));
    } else {
        on_the_way(run, ride);
    }
}

/* ---- comparing ---- */

static void same_steps(struct run *run, int index, int64_t ride_id)
{
    const struct model_ride *r = &meals.rides[index];
    int from = RIDE_waiting;
    for (int i = 0; i < r->steps && i < RIDE_STEPS && run->wrong == NULL; i++) {
        struct ride_step_row row = { .ride_id = ride_id, .step = i + 1 };
        bool there = house_row(&run->house, &ride_step_table, &row);
        assert(there);
        same(run, "where a step of a ride goes", r->way[i], row.to_state);
        same(run, "where a step of a ride begins", from, row.from_state);
        from = row.to_state;
    }
}

static void same_kitchens(struct run *run)
{
    for (int i = 0; i < meals.slot_count; i++) {
        struct kitchen_slot_row row = { .shop_id = id_of(run, meals.slots[i].shop),
                                        .slot_at_us = meals.slots[i].at_us };
        house_row(&run->house, &kitchen_slot_table, &row);
        same(run, "minutes of a slot", meals.slots[i].minutes, row.minutes);
        same(run, "orders of a slot", meals.slots[i].orders, row.orders);
    }
    for (int i = 0; i < meals.day_count; i++) {
        const struct meal_day *d = &meals.days[i];
        struct kitchen_day_row row = { .shop_id = id_of(run, d->shop), .day = d->day };
        house_row(&run->house, &kitchen_day_table, &row);
        same(run, "orders of a kitchen's day", d->orders, row.orders);
        same(run, "tickets of a kitchen's day", d->tickets, row.tickets);
        same(run, "tickets that were bumped on a day", d->bumped, row.bumped);
        same(run, "tickets that were late on a day", d->late, row.late);
    }
    for (int shop = 0; shop < run->model.shop_count; shop++) {
        same(run, "tips", meals.kitchens[shop].tips,
             house_balance(&run->house, id_of(run, shop), PURPOSE_tips, UNIT_CNY));
        for (int dish = 0; dish < meals.dish_count; dish++) {
            struct dish_stock_row row = { .shop_id = id_of(run, shop), .dish_id = meals.dishes[dish].id };
            house_row(&run->house, &dish_stock_table, &row);
            same(run, "what is left of a dish", meals.stock[shop][dish].left, row.pieces_left);
        }
    }
}

void same_rides(struct run *run)
{
    for (int i = 0; i < meals.ride_count && run->wrong == NULL; i++) {
        struct ride_row row = { .ride_id = ride_id_of(run, i) };
        bool there = house_row(&run->house, &ride_table, &row);
        assert(there);
        same_ride(run, i, &row);
        same_steps(run, i, row.ride_id);
    }
    for (int i = 0; i < run->model.shopper_count && run->wrong == NULL; i++) {
        struct courier_row row = { .courier_id = id_of(run, i) };
        if (meals.couriers[i].known && house_row(&run->house, &courier_table, &row)) {
            same_courier(run, i, &row);
        }
    }
    same_kitchens(run);
}

/* What a timer did, at an instant of its own: when it looks again, and since when a courier has nothing to bring. */
void rides_learn(struct run *run)
{
    for (int i = 0; i < meals.ride_count && run->wrong == NULL; i++) {
        struct model_ride *r = &meals.rides[i];
        if (!r->unsure) {
            continue;
        }
        struct ride_row row = { .ride_id = ride_id_of(run, i) };
        bool there = house_row(&run->house, &ride_table, &row);
        assert(there);
        same_soon(run, "when a courier is looked for again", &r->look_us, row.look_at_us);
        r->unsure = false;
        for (int j = 0; j < run->model.shopper_count; j++) {
            struct courier_row courier = { .courier_id = id_of(run, j) };
            if (meals.couriers[j].idle_us != 0 && house_row(&run->house, &courier_table, &courier)) {
                same_soon(run, "since when a courier has nothing to bring", &meals.couriers[j].idle_us,
                          courier.idle_since_us);
            }
        }
    }
}
