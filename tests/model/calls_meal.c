/* SPDX-License-Identifier: Apache-2.0 */
/* Meals, drawn at random and made through till and model: orders, lines, bills, and what becomes of them. */
#include "model/calls_meal.h"

#include "base/base.h"

#define TIP_SHARES 6

/* ---- who and which ---- */

int meal_draw(struct run *run)
{
    int count = meals.order_count, index = -1;
    for (int tries = 0; tries < 10 && count > 0; tries++) {
        index = chance(run, 70) ? count - 1 - pick(run, count < 4 ? count : 4) : pick(run, count);
        if (!meal_over(&meals.orders[index]) || chance(run, 2)) {
            return index;
        }
    }
    return -1;
}

struct meal_by by_draw(struct run *run, const struct meal_order *o)
{
    struct meal_by by = { .shopper = -1 };
    if (o->guest_count == 0 || chance(run, 30)) {
        by.staff = true;
    } else {
        by.shopper = chance(run, 4) ? pick(run, run->model.shopper_count) : o->guests[pick(run, o->guest_count)];
    }
    return by;
}

struct caller caller_by(struct run *run, struct meal_by by, int shop)
{
    if (by.platform) {
        return house_operator;
    }
    return by.staff ? house_shop(id_of(run, shop)) : house_shopper(id_of(run, by.shopper));
}

/* ---- comparing ---- */

static int64_t shopper_id(const struct run *run, int shopper)
{
    return shopper < 0 ? 0 : id_of(run, shopper);
}

static int64_t paid_of(const struct meal_order *o)
{
    int64_t paid = 0;
    for (int i = 0; i < o->bill_count; i++) {
        const struct meal_bill *b = &o->bills[i];
        paid += b->state == BILL_paid ? b->food + b->service + b->fee + b->tip : 0;
    }
    return paid;
}

static void same_sums(struct run *run, const struct meal_order *o, const struct meal_order_row *row)
{
    int64_t tips = 0, service = 0, minutes = 0;
    for (int i = 0; i < o->bill_count; i++) {
        tips += o->bills[i].state != BILL_void ? o->bills[i].tip : 0;
        service += o->bills[i].state != BILL_void ? o->bills[i].service : 0;
    }
    for (int i = 0; i < 4; i++) {
        minutes += o->taken[i];
    }
    same(run, "an order's food", meal_food(o), row->food_minor);
    same(run, "what is on an order's bills", meal_billed(o), row->billed_minor);
    same(run, "an order's service charge", service, row->service_minor);
    same(run, "an order's tips", tips, row->tip_minor);
    same(run, "what of an order is paid", paid_of(o), row->paid_minor);
    same(run, "what of an order was returned", o->returned, row->returned_minor);
    same(run, "bills of an order that are not paid", meal_unpaid(o), row->bills_unpaid);
    same(run, "drafts of an order", meal_drafts(o), row->drafts);
    same(run, "minutes that an order takes", minutes, row->minutes);
}

void same_order(struct run *run, int index, const struct meal_order_row *row)
{
    const struct meal_order *o = &meals.orders[index];
    same(run, "an order", o->id, row->order_id);
    same(run, "an order's state", o->state, row->state);
    same(run, "an order's kind", o->kind, row->kind);
    same(run, "an order's number", o->number, row->number);
    same(run, "an order's table", o->table < 0 ? 0 : meals.tables[o->table].id, row->table_id);
    same(run, "who opened an order", shopper_id(run, o->shopper), row->shopper_id);
    same(run, "guests of an order", o->guest_count, row->guests);
    same(run, "lines of an order", o->line_count, row->lines);
    same(run, "bills of an order", o->bill_count, row->bills);
    same(run, "tickets of an order", o->ticket_count, row->tickets);
    same(run, "tickets of an order that are open", meal_tickets_open(o), row->tickets_open);
    same(run, "whether one pays first", o->pay_first, row->pay_first);
    same(run, "an order's fee", o->fee, row->fee_minor);
    same(run, "how far an order is brought", o->distance, row->distance_m);
    same(run, "the slot of an order", o->slot_us, row->slot_at_us);
    same(run, "when an order is ready", o->ready_by_us, row->ready_by_us);
    same(run, "whether the kitchen has some of it", o->sent, row->sent_at_us != 0);
    same(run, "whether the kitchen is done with it", o->ready, row->ready_at_us != 0);
    same(run, "whether an order has a ride", o->ride >= 0, row->ride_id != 0);
    if (!o->unsure) {
        same(run, "when an order is looked at", o->look_us, row->look_at_us);
    }
    same_sums(run, o, row);
}

static void same_line(struct run *run, const struct meal_order *o, int index)
{
    const struct meal_line *line = &o->lines[index];
    struct meal_line_row row = { .order_id = o->id, .line = index + 1 };
    bool there = house_row(&run->house, &meal_line_table, &row);
    assert(there);
    same(run, "a line's guest", line->guest, row.guest);
    same(run, "a line's dish", meals.dishes[line->dish].id, row.dish_id);
    same(run, "a line's pieces", line->pieces, row.pieces);
    same(run, "a line's minutes", line->minutes, row.minutes);
    same(run, "a line's state", line->state, row.state);
    same(run, "the bill of a line", line->bill, row.bill);
    same(run, "the price of a line's piece", line->unit, row.unit_minor);
    same(run, "a line's price", line->total, row.total_minor);
    same(run, "whether a line is on a ticket", line->ticket >= 0, row.ticket_id != 0);
    if (line->ticket >= 0 && run->wrong == NULL) {
        const struct meal_ticket *t = &o->tickets[line->ticket];
        struct ticket_row ticket = { .ticket_id = row.ticket_id };
        there = house_row(&run->house, &ticket_table, &ticket);
        assert(there);
        same(run, "a ticket's state", t->state, ticket.state);
        same(run, "a ticket's station", t->station, ticket.station);
        same(run, "a ticket's minutes", t->minutes, ticket.minutes);
        same(run, "a ticket's lines", t->items, ticket.items_count);
        same(run, "how often a ticket was recalled", t->recalls, ticket.recalls);
        same(run, "how often a ticket was printed", t->prints, ticket.prints);
        same(run, "whether a ticket is late", t->late, ticket.late);
        same(run, "when a ticket is due", t->due_us, ticket.due_at_us);
    }
}

static void same_bill(struct run *run, const struct meal_order *o, int index)
{
    const struct meal_bill *b = &o->bills[index];
    struct meal_bill_row row = { .order_id = o->id, .bill = index + 1 };
    bool there = house_row(&run->house, &meal_bill_table, &row);
    assert(there);
    same(run, "a bill's way", b->mode, row.mode);
    same(run, "a bill's guest", b->guest, row.guest);
    same(run, "a bill's state", b->state, row.state);
    same(run, "food on a bill", b->food, row.food_minor);
    same(run, "service on a bill", b->service, row.service_minor);
    same(run, "the fee on a bill", b->fee, row.fee_minor);
    same(run, "the tip on a bill", b->tip, row.tip_minor);
    same(run, "a bill", b->food + b->service + b->fee + b->tip, row.total_minor);
    same(run, "food left of a bill", b->left[0], row.food_left_minor);
    same(run, "service left of a bill", b->left[1], row.service_left_minor);
    same(run, "the fee left of a bill", b->left[2], row.fee_left_minor);
    same(run, "the tip left of a bill", b->left[3], row.tip_left_minor);
    same(run, "a bill's trade", b->trade < 0 ? 0 : run->trade_ids[b->trade], row.trade_id);
    same(run, "who paid a bill", shopper_id(run, b->shopper), row.shopper_id);
    same(run, "how often of a bill was returned", b->returns, row.returns);
    same(run, "whether a bill is earned", b->earned, row.earned);
    int64_t escrow = b->trade < 0 ? 0 : run->model.trades[b->trade].in_escrow;
    same(run, "a bill's escrow", escrow,
         b->trade < 0 ? 0 : house_balance(&run->house, row.trade_id, PURPOSE_escrow, UNIT_CNY));
}

static void same_meals(struct run *run)
{
    for (int i = 0; i < meals.order_count && run->wrong == NULL; i++) {
        const struct meal_order *o = &meals.orders[i];
        struct meal_order_row row = { .order_id = o->id };
        bool there = house_row(&run->house, &meal_order_table, &row);
        assert(there);
        same_order(run, i, &row);
        for (int j = 0; j < o->line_count; j++) {
            same_line(run, o, j);
        }
        for (int j = 0; j < o->bill_count; j++) {
            same_bill(run, o, j);
        }
    }
    for (int i = 0; i < meals.table_count; i++) {
        struct dining_table_row row = { .table_id = meals.tables[i].id };
        bool there = house_row(&run->house, &dining_table_table, &row);
        assert(there);
        same(run, "what is eaten at a table", meals.tables[i].order < 0 ? 0 : meals.orders[meals.tables[i].order].id,
             row.order_id);
    }
    same_rides(run);
}

/* Of timers that are due at the same time any may be the first. */
static void learn_tickets(struct run *run, struct meal_order *o)
{
    for (int i = 0; i < o->line_count && run->wrong == NULL; i++) {
        struct meal_ticket *t = o->lines[i].ticket < 0 ? NULL : &o->tickets[o->lines[i].ticket];
        struct meal_line_row line = { .order_id = o->id, .line = i + 1 };
        if (t == NULL || !t->unsure || !house_row(&run->house, &meal_line_table, &line)) {
            continue;
        }
        struct ticket_row row = { .ticket_id = line.ticket_id };
        bool there = house_row(&run->house, &ticket_table, &row);
        assert(there);
        meals.days[t->day].late += row.late - t->late;
        t->late = row.late != 0;
        t->unsure = false;
    }
}

/* So it is when a trade's time is over and nobody looks after its order any more. */
static void learn_trades(struct run *run, const struct meal_order *o)
{
    for (int i = 0; i < o->bill_count; i++) {
        struct model_trade *t = o->bills[i].trade < 0 ? NULL : &run->model.trades[o->bills[i].trade];
        struct trade_row row = { .trade_id = t == NULL ? 0 : t->id };
        if (t != NULL && t->reason != 0 && t->paid_us == 0 && t->expires_us <= run->settled_us &&
            house_row(&run->house, &trade_table, &row) &&
            (row.close_reason == CLOSE_cancelled || row.close_reason == CLOSE_timeout)) {
            t->reason = row.close_reason;
        }
    }
}

static void learn(struct run *run)
{
    for (int i = 0; i < meals.order_count && run->wrong == NULL; i++) {
        struct meal_order *o = &meals.orders[i];
        struct meal_order_row row = { .order_id = o->id };
        if (o->unsure && house_row(&run->house, &meal_order_table, &row)) {
            same_soon(run, "when an order is looked at again", &o->look_us, row.look_at_us);
            learn_tickets(run, o);
            learn_trades(run, o);
            o->unsure = false;
        }
    }
    rides_learn(run);
}

/* An answer of both about an order; a new one is learnt. */
static void order_answer(struct run *run, const char *what, int model, enum refusal till, int index,
                         const struct meal_order_row *row)
{
    same_refusal(run, what, model, till);
    if (till == REFUSAL_none && run->wrong == NULL) {
        struct meal_order *o = &meals.orders[index];
        o->id = o->id == 0 ? row->order_id : o->id;
        same_order(run, index, row);
    }
}

/* ---- orders begin ---- */

static void join(struct run *run)
{
    struct meal_order_row row;
    int table = pick(run, meals.table_count), shopper = pick(run, run->model.shopper_count), index = 0;
    bool right = chance(run, 95);
    struct meal_join want = { .table_id = meals.tables[table].id };
    if (meals.order_count == MODEL_ORDERS) {
        return;
    }
    memcpy(want.code, meals.tables[table].code, sizeof(want.code));
    want.code[0] = right ? want.code[0] : (char)(want.code[0] == '0' ? '1' : '0');
    enum refusal till = call(run, house_shopper(id_of(run, shopper)), &meal_join, &want, &row);
    int model = meal_model_join(&run->model, table, shopper, right, &index);
    order_answer(run, "meal_join", model, till, index, &row);
}

static bool rides_go_on(void)
{
    for (int i = 0; i < meals.order_count; i++) {
        if (meals.orders[i].kind == MEAL_delivery && !meal_over(&meals.orders[i])) {
            return true;
        }
    }
    return false;
}

static void open_one(struct run *run)
{
    static const int kinds[] = { MEAL_dine_in, MEAL_take_away, MEAL_take_away, MEAL_delivery, MEAL_delivery };
    struct meal_order_row row;
    struct model *m = &run->model;
    int shop = chance(run, 90) ? meals.tables[0].shop : pick(run, m->shop_count), index = 0, table = -1;
    struct meal_by by = { .staff = chance(run, 25), .shopper = pick(run, m->shopper_count) };
    struct meal_opening opening = { .shop = shop, .kind = kinds[pick(run, COUNT_OF(kinds))], .table = -1,
                                    .shopper = by.staff && chance(run, 70) ? -1 : by.shopper,
                                    .north_e6 = pick(run, 30000) - 13000, .address = chance(run, 97) };
    for (int i = 0; i < meals.table_count; i++) {
        table = meals.tables[i].shop == shop ? i : table;
    }
    opening.table = table;
    if (opening.kind == MEAL_delivery && rides_go_on()) {
        opening.kind = MEAL_take_away; /* which of two rides gets a courier is left to the order of their timers */
    }
    if (meals.order_count == MODEL_ORDERS || (opening.kind == MEAL_dine_in && table < 0) ||
        !meals.kitchens[shop].there) {
        return;
    }
    struct meal_open want = { .shop_id = id_of(run, shop), .kind = opening.kind,
                              .shopper_id = by.staff ? shopper_id(run, opening.shopper) : 0,
                              .table_id = opening.kind == MEAL_dine_in ? meals.tables[table].id : 0,
                              .latitude_e6 = 30000000 + (int32_t)opening.north_e6, .longitude_e6 = 120000000 };
    memcpy(want.address, "a street", opening.address ? sizeof("a street") : 0);
    enum refusal till = call(run, caller_by(run, by, shop), &meal_open, &want, &row);
    int model = meal_model_open(m, by, &opening, &index);
    order_answer(run, "meal_open", model, till, index, &row);
}

/* ---- lines ---- */

static void begin(struct run *run);

static void add_to(struct run *run, int index)
{
    struct meal_order_row row;
    int dish = pick(run, meals.dish_count);
    if (meals.orders[index].line_count == ORDER_LINES) {
        return;
    }
    const struct meal_order *o = &meals.orders[index];
    struct meal_by by = by_draw(run, o);
    unsigned options = meals.dishes[dish].sized ? 1u << pick(run, 2) : 0;
    options ^= chance(run, 20) ? 1u << pick(run, 4) : 0;
    struct meal_add want = { .order_id = o->id, .dish_id = meals.dishes[dish].id, .pieces = 1 + pick(run, 3),
                             .for_all = chance(run, 30), .guest = by.staff ? pick(run, o->guest_count + 1) : 0 };
    want.guest += by.staff && chance(run, 3);
    for (int i = 0; i < 4; i++) {
        if ((options >> i & 1) != 0) {
            want.options[want.options_count++].option = i + 1;
        }
    }
    int guest = want.guest;
    for (int i = 0; i < o->guest_count && !by.staff; i++) {
        guest = o->guests[i] == by.shopper ? i + 1 : guest;
    }
    enum refusal till = call(run, caller_by(run, by, o->shop), &meal_add, &want, &row);
    int model = meal_model_add(&run->model, by, index, dish, want.pieces, want.for_all != 0 ? 0 : guest, options);
    order_answer(run, "meal_add", model, till, index, &row);
}

static void add(struct run *run)
{
    int index = meal_draw(run);
    if (index < 0) {
        begin(run);
    } else {
        add_to(run, index);
    }
}

static void change(struct run *run)
{
    struct meal_order_row row;
    int index = meal_draw(run);
    if (index < 0 || meals.orders[index].line_count == 0) {
        return;
    }
    const struct meal_order *o = &meals.orders[index];
    struct meal_by by = by_draw(run, o);
    struct meal_line_change want = { .order_id = o->id, .line = 1 + pick(run, o->line_count + chance(run, 3)),
                                     .pieces = pick(run, 4) };
    enum refusal till = call(run, caller_by(run, by, o->shop), &meal_line_change, &want, &row);
    int model = meal_model_change(&run->model, by, index, want.line - 1, want.pieces);
    order_answer(run, "meal_line_change", model, till, index, &row);
}

/* ---- to the kitchen ---- */

/* What the till calls the trade of a bill that was just paid, or would have called it. */
static int64_t trade_of(struct run *run, enum refusal till, int64_t order_id, int bill)
{
    struct meal_bill_row row = { .order_id = order_id, .bill = bill };
    bool there = till == REFUSAL_none && house_row(&run->house, &meal_bill_table, &row);
    return there && row.trade_id != 0 ? row.trade_id : run->model.fresh_id + run->model.id_step;
}

static void trade_keep(struct run *run, enum refusal till, int order, int bill)
{
    const struct meal_order *o = &meals.orders[order];
    if (till == REFUSAL_none && run->wrong == NULL && bill <= o->bill_count && o->bills[bill - 1].trade >= 0) {
        run->trade_ids[o->bills[bill - 1].trade] = run->model.trades[o->bills[bill - 1].trade].id;
    }
}

static void place(struct run *run, int index)
{
    struct meal_order_row row;
    const struct meal_order *o = &meals.orders[index];
    struct meal_by by = by_draw(run, o);
    int64_t food = meal_food(o), now_us = run->house.now_us;
    int bill = o->bill_count + 1;
    struct meal_place want = { .order_id = o->id, .pay_later = chance(run, 20), .confirmed = chance(run, 85),
                               .cook_first = by.staff ? chance(run, 50) : chance(run, 3) };
    want.tip_minor = chance(run, 30) ? (int64_t)(draw(run) % (uint64_t)(food + o->fee + 2)) : 0;
    want.ready_by_us = chance(run, 70) ? 0 : now_us + (pick(run, 240) - 5) * MINUTE;
    want.ready_by_us += want.ready_by_us != 0 && chance(run, 5) ? 7 * 24 * 60 * MINUTE : 0;
    enum refusal till = call(run, caller_by(run, by, o->shop), &meal_place, &want, &row);
    struct meal_payment payment = { .shopper = by.staff ? -1 : by.shopper, .tip = want.tip_minor,
                                    .trade_id = trade_of(run, till, o->id, bill), .confirmed = want.confirmed != 0,
                                    .pay_later = want.pay_later != 0 };
    int model = meal_model_place(&run->model, by, index, want.ready_by_us, want.cook_first != 0, &payment);
    trade_keep(run, till, index, bill);
    order_answer(run, "meal_place", model, till, index, &row);
}

/* Who takes something along mostly knows what. */
static void begin(struct run *run)
{
    int before = meals.order_count;
    open_one(run);
    if (meals.order_count == before || chance(run, 30)) {
        return;
    }
    for (int i = 1 + pick(run, 3); i > 0 && run->wrong == NULL; i--) {
        add_to(run, before);
    }
    if (run->wrong == NULL && (meals.orders[before].kind != MEAL_dine_in || chance(run, 2)) && chance(run, 85)) {
        place(run, before);
    }
}

static void send(struct run *run)
{
    struct meal_order_row row;
    int index = meal_draw(run);
    if (index < 0) {
        join(run);
        return;
    }
    const struct meal_order *o = &meals.orders[index];
    if (meal_drafts(o) == 0 && chance(run, 80)) {
        add_to(run, index);
        return;
    }
    if (chance(run, o->kind == MEAL_dine_in ? 2 : 95)) {
        place(run, index);
        return;
    }
    struct meal_by by = by_draw(run, o);
    struct meal_ref want = { o->id };
    enum refusal till = call(run, caller_by(run, by, o->shop), &meal_send, &want, &row);
    order_answer(run, "meal_send", meal_model_send(&run->model, by, index), till, index, &row);
}

/* ---- money ---- */

static void split(struct run *run)
{
    struct meal_order_row row;
    int index = meal_draw(run), lines[2];
    if (index < 0 || meals.orders[index].line_count == 0 ||
        (meals.orders[index].kind != MEAL_dine_in && chance(run, 90))) {
        send(run);
        return;
    }
    const struct meal_order *o = &meals.orders[index];
    struct meal_by by = by_draw(run, o);
    bool back = o->bill_count > 0 && chance(run, 25);
    struct meal_split want = { .order_id = o->id, .mode = 1 + pick(run, 4), .parts = 1 + pick(run, 5) };
    want.lines_count = want.mode == BILL_lines ? 1 + pick(run, 2) : 0;
    for (int i = 0; i < want.lines_count; i++) {
        lines[i] = pick(run, o->line_count);
        want.lines[i].line = lines[i] + 1;
    }
    if (back) {
        struct meal_ref ref = { o->id };
        enum refusal till = call(run, caller_by(run, by, o->shop), &meal_unsplit, &ref, &row);
        order_answer(run, "meal_unsplit", meal_model_unsplit(&run->model, by, index), till, index, &row);
        return;
    }
    enum refusal till = call(run, caller_by(run, by, o->shop), &meal_split, &want, &row);
    int model = meal_model_split(&run->model, by, index, want.mode, want.parts, lines, want.lines_count);
    order_answer(run, "meal_split", model, till, index, &row);
}

/* A bill that somebody may pay, when there is one. */
static int bill_draw(struct run *run, const struct meal_order *o)
{
    int bill = 1 + pick(run, o->bill_count + chance(run, 3));
    for (int tries = 0; tries < 4 && bill <= o->bill_count; tries++) {
        if (o->bills[bill - 1].state == BILL_open || chance(run, 10)) {
            break;
        }
        bill = 1 + pick(run, o->bill_count);
    }
    return bill;
}

static void pay(struct run *run)
{
    struct meal_order_row row;
    int index = meal_draw(run);
    if (index < 0 || meals.orders[index].bill_count == 0 || run->model.trade_count == MODEL_TRADES) {
        split(run);
        return;
    }
    const struct meal_order *o = &meals.orders[index];
    int bill = bill_draw(run, o), shopper = pick(run, run->model.shopper_count);
    struct meal_by by = by_draw(run, o);
    by.platform = by.staff && chance(run, 50);
    bool names = by.platform || (by.staff && chance(run, 5)) || (!by.staff && chance(run, 4));
    struct meal_pay want = { .order_id = o->id, .bill = bill, .shopper_id = names ? id_of(run, shopper) : 0,
                             .pay_later = chance(run, 15), .confirmed = chance(run, 85) };
    want.tip_minor = chance(run, 30) ? pick(run, 300) : 0;
    enum refusal till = call(run, caller_by(run, by, o->shop), &meal_pay, &want, &row);
    struct meal_payment payment = { .shopper = names ? shopper : by.staff ? -1 : by.shopper, .tip = want.tip_minor,
                                    .trade_id = trade_of(run, till, o->id, bill), .confirmed = want.confirmed != 0,
                                    .pay_later = want.pay_later != 0 };
    int model = meal_model_pay(&run->model, by, index, bill, &payment);
    trade_keep(run, till, index, bill);
    order_answer(run, "meal_pay", model, till, index, &row);
}

static void end(struct run *run)
{
    struct meal_order_row row;
    int index = meal_draw(run);
    if (index < 0) {
        begin(run);
        return;
    }
    const struct meal_order *o = &meals.orders[index];
    struct meal_by by = by_draw(run, o);
    struct meal_ref want = { o->id };
    for (int i = 0; i < o->bill_count; i++) { /* each may be given back once more */
        int trade = o->bills[i].trade;
        if (trade >= 0 && run->model.trades[trade].refund_count == MODEL_REFUNDS) {
            return;
        }
    }
    if (chance(run, 35)) {
        enum refusal till = call(run, caller_by(run, by, o->shop), &meal_cancel, &want, &row);
        order_answer(run, "meal_cancel", meal_model_cancel(&run->model, by, index), till, index, &row);
        return;
    }
    by = (struct meal_by){ .staff = true, .shopper = -1 };
    enum refusal till = call(run, caller_by(run, by, o->shop), &meal_close, &want, &row);
    order_answer(run, "meal_close", meal_model_close(&run->model, by, index), till, index, &row);
}

static void give_back(struct run *run)
{
    struct meal_order_row row;
    int index = meals.order_count > 0 ? pick(run, meals.order_count) : -1;
    if (index < 0 || meals.orders[index].bill_count == 0) {
        pay(run);
        return;
    }
    const struct meal_order *o = &meals.orders[index];
    struct meal_by by = { .staff = true, .shopper = -1 };
    int bill = 1 + pick(run, o->bill_count + chance(run, 3));
    const struct meal_bill *b = &o->bills[bill - 1];
    bool there = bill <= o->bill_count;
    int64_t left = there ? b->left[0] + b->left[1] + b->left[2] + b->left[3] : 0;
    if (there && b->trade >= 0 && run->model.trades[b->trade].refund_count > MODEL_REFUNDS - 5) {
        return;
    }
    struct meal_return want = { .order_id = o->id, .bill = bill,
                                .amount_minor = 1 + (int64_t)(draw(run) % (uint64_t)(left + 2)) };
    want.amount_minor = chance(run, 15) && left > 0 ? left : want.amount_minor;
    enum refusal till = call(run, caller_by(run, by, o->shop), &meal_return, &want, &row);
    int model = meal_model_return(&run->model, by, index, bill, want.amount_minor);
    order_answer(run, "meal_return", model, till, index, &row);
}

static const struct call_kind kinds[] = {
    { 8, join },      { 8, begin },      { 24, add },     { 5, change },    { 16, send },
    { 9, split },     { 18, pay },       { 8, end },      { 5, give_back }, { 14, do_ticket },
    { 18, do_ride },  { 4, do_kitchen }, { 0, NULL },
};

const struct part meal_part_of_model = {
    .name = "meals", .calls = kinds, .open = kitchens_open, .same = same_meals, .learn = learn
};
