/* SPDX-License-Identifier: Apache-2.0 */
/* Orders begin: a guest scans the code of a table, the staff sits somebody down, a shopper orders to take away. */
#include "base/civil.h"
#include "lines/local/hoard.h"
#include "lines/local/meal_internal.h"

/* A kitchen that takes orders now. */
static enum refusal kitchen_check(const struct kitchen_row *kitchen, const struct shop_row *shop, int64_t at_us)
{
    if (!row_exists(kitchen)) {
        return REFUSAL_kitchen_unknown;
    }
    if (shop->open == 0) {
        return REFUSAL_shop_closed;
    }
    bool works = kitchen->open != 0 && kitchen_works(kitchen->hours, shop->zone_minutes, at_us);
    return works ? REFUSAL_none : REFUSAL_kitchen_closed;
}

static struct meal_order_row *order_begin(struct view *view, struct moment *at, const struct kitchen_row *kitchen,
                                          const struct shop_row *shop, enum meal_kind kind)
{
    struct kitchen_day_row *day = kitchen_day_change(view, shop, at->now_us);
    struct meal_order_row key = { .order_id = moment_id(at) };
    struct meal_order_row *order = view_new(view, &meal_order_table, &key);
    day->orders++;
    order->merchant_id = shop->merchant_id;
    order->shop_id = shop->shop_id;
    order->kind = (int32_t)kind;
    order->state = MEAL_open;
    order->number = day->orders;
    order->day = day->day;
    order->currency = shop->currency;
    order->pay_first = kind == MEAL_dine_in ? kitchen->pay_first : 0;
    order->service_bp = kind == MEAL_dine_in ? kitchen->service_bp : 0;
    order->opened_at_us = at->now_us;
    order->version = 1;
    meal_look_set(view, at, order, at->now_us + kitchen->session_minutes * US_PER_MINUTE);
    return order;
}

/* An order at a table, which shows it from now on. */
static struct meal_order_row *table_begin(struct view *view, struct moment *at, const struct kitchen_row *kitchen,
                                          const struct shop_row *shop, const struct dining_table_row *asked)
{
    struct meal_order_row *order = order_begin(view, at, kitchen, shop, MEAL_dine_in);
    struct dining_table_row *table = view_change(view, asked);
    table->order_id = order->order_id;
    order->table_id = table->table_id;
    memcpy(order->table_name, table->name, sizeof(order->table_name));
    return order;
}

/* The shopper orders along; whoever does already stays who it is. */
static enum refusal guest_add(struct view *view, struct moment *at, struct meal_order_row *order, int64_t shopper_id,
                              const char *name)
{
    for (int32_t guest = 1; guest <= order->guests; guest++) {
        if (meal_guest_ask(view, order->order_id, guest)->shopper_id == shopper_id) {
            return REFUSAL_none;
        }
    }
    if (order->guests == MEAL_GUESTS_MAX) {
        return REFUSAL_meal_full;
    }
    struct meal_guest_row key = { .order_id = order->order_id, .guest = order->guests + 1 };
    struct meal_guest_row *guest = view_new(view, &meal_guest_table, &key);
    guest->shopper_id = shopper_id;
    text_fit(name[0] != '\0' ? name : shopper_ask(view, shopper_id)->name, guest->name, sizeof(guest->name));
    guest->joined_at_us = at->now_us;
    order->guests++;
    if (order->shopper_id == 0 && order->guests == 1) {
        order->shopper_id = shopper_id;
    }
    return REFUSAL_none;
}

/* The staff may write down who ordered; paying is another matter. */
static enum refusal shopper_check(struct view *view, const struct moment *at, int64_t shopper_id, bool staff)
{
    const struct shopper_row *shopper = shopper_ask(view, shopper_id);
    if (!staff && !access_shopper(at, shopper_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(shopper)) {
        return REFUSAL_shopper_unknown;
    }
    return shopper->blocked != 0 ? REFUSAL_shopper_blocked : REFUSAL_none;
}

/* ---- at a table ---- */

static const struct column join_columns[] = {
    COLUMN(meal_join, table_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(meal_join, shopper_id, .form = FORM_id, .text = "Left out: the shopper of the token."),
    COLUMN(meal_join, code, .flags = COLUMN_required, .least = 1, .text = "That stands on the table."),
    COLUMN(meal_join, name, .text = "By which the others at the table know this one; left out: the shopper's."),
};
static const struct shape join_shape = SHAPE("meal_join", meal_join, join_columns);

static enum refusal decide_join(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_join *want = request;
    int64_t shopper_id = want->shopper_id != 0 ? want->shopper_id : at->caller.id;
    const struct dining_table_row *table = dining_table_ask(view, want->table_id);
    enum refusal refusal = shopper_check(view, at, shopper_id, false);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    if (!row_exists(table) || (table->retired != 0 && table->order_id == 0)) {
        return REFUSAL_table_unknown;
    }
    refusal = hoard_table_code(view, at, hoard_person(view, shopper_id), table, want->code);
    if (refusal != REFUSAL_none) {
        return refusal;
    }
    const struct shop_row *shop = shop_ask(view, table->shop_id);
    const struct kitchen_row *kitchen = kitchen_ask(view, table->shop_id);
    struct meal_order_row *order;
    bool begins = table->order_id == 0;
    if (!begins) {
        order = meal_change(view, meal_ask(view, table->order_id)); /* who is late may join also after hours */
    } else {
        refusal = kitchen_check(kitchen, shop, at->now_us);
        if (refusal != REFUSAL_none) {
            return refusal;
        }
        order = table_begin(view, at, kitchen, shop, table);
    }
    refusal = guest_add(view, at, order, shopper_id, want->name);
    if (refusal == REFUSAL_none && begins) {
        refusal = meal_count(view, at, order);
    }
    memcpy(answer, order, sizeof(*order));
    return refusal;
}

const struct command meal_join = {
    .name = "meal_join",
    .number = 279,
    .method = "POST",
    .route = "/v1/tables/{table_id}/join",
    .http_status = 201,
    .callers = CALLERS_SHOPPER,
    .request = &join_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_join,
    .summary = "A guest joins what is ordered at a table, with the code of its QR; the first one begins it. All who "
               "joined share one order.",
};

/* ---- without a code: the staff, or what is not eaten there ---- */

static const struct column open_columns[] = {
    COLUMN(meal_open, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(meal_open, shopper_id, .form = FORM_id, .text = "Left out: the shopper of the token, or nobody."),
    COLUMN(meal_open, kind, .form = FORM_choice, .names = meal_kinds, .flags = COLUMN_required),
    COLUMN(meal_open, table_id, .form = FORM_id, .text = "For dine_in, by the staff; again: the order that is there."),
    COLUMN(meal_open, name),
    COLUMN(meal_open, note, .text = "For the kitchen and who brings it."),
    COLUMN(meal_open, contact, .text = "Who gets it."),
    COLUMN(meal_open, phone),
    COLUMN(meal_open, address, .text = "Of a delivery."),
    COLUMN(meal_open, latitude_e6, .text = "Of a delivery, in millionths of a degree."),
    COLUMN(meal_open, longitude_e6),
};
static const struct shape open_shape = SHAPE("meal_open", meal_open, open_columns);

/* The order of a table, as it is or new. */
static enum refusal open_table(struct view *view, struct moment *at, const struct meal_open *want,
                               const struct shop_row *shop, struct meal_order_row **order)
{
    const struct dining_table_row *table = dining_table_ask(view, want->table_id);
    if (!row_exists(table) || table->shop_id != want->shop_id || (table->retired != 0 && table->order_id == 0)) {
        return REFUSAL_table_unknown;
    }
    const struct kitchen_row *kitchen = kitchen_ask(view, want->shop_id);
    *order = table->order_id != 0 ? meal_change(view, meal_ask(view, table->order_id))
                                  : table_begin(view, at, kitchen, shop, table);
    return REFUSAL_none;
}

static enum refusal open_away(struct view *view, struct moment *at, const struct meal_open *want,
                              const struct shop_row *shop, struct meal_order_row **opened)
{
    const struct kitchen_row *kitchen = kitchen_ask(view, want->shop_id);
    struct position door = { want->latitude_e6, want->longitude_e6 };
    struct position from = { kitchen->latitude_e6, kitchen->longitude_e6 };
    bool brought = want->kind == MEAL_delivery;
    if (brought && (kitchen->delivers == 0 || want->address[0] == '\0' || !place_valid(door) ||
                    place_distance_m(from, door) > kitchen->delivery_radius_m)) {
        return REFUSAL_door_far;
    }
    struct meal_order_row *order = order_begin(view, at, kitchen, shop, (enum meal_kind)want->kind);
    memcpy(order->note, want->note, sizeof(order->note));
    memcpy(order->contact, want->contact, sizeof(order->contact));
    memcpy(order->phone, want->phone, sizeof(order->phone));
    if (brought) {
        memcpy(order->address, want->address, sizeof(order->address));
        order->latitude_e6 = door.latitude_e6;
        order->longitude_e6 = door.longitude_e6;
        order->distance_m = (int32_t)place_distance_m(from, door);
        order->fee_minor = kitchen->delivery_fee_minor;
    }
    *opened = order;
    return REFUSAL_none;
}

static enum refusal decide_open(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct meal_open *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    bool by_shopper = at->caller.kind == CALLER_shopper;
    int64_t shopper_id = want->shopper_id != 0 ? want->shopper_id : by_shopper ? at->caller.id : 0;
    struct meal_order_row *order = NULL;
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    bool staff = access_shop(view, at, shop);
    if (!staff && (!by_shopper || want->kind == MEAL_dine_in)) {
        return REFUSAL_forbidden; /* at a table guests show that they sit there */
    }
    if (want->kind < MEAL_dine_in || want->kind > MEAL_delivery) {
        return REFUSAL_menu_invalid;
    }
    enum refusal refusal = shopper_id != 0 ? shopper_check(view, at, shopper_id, staff) : REFUSAL_none;
    if (refusal == REFUSAL_none) {
        refusal = kitchen_check(kitchen_ask(view, want->shop_id), shop, at->now_us);
    }
    if (refusal == REFUSAL_kitchen_closed && want->kind != MEAL_dine_in &&
        kitchen_ask(view, want->shop_id)->open != 0) {
        refusal = REFUSAL_none; /* it may be for later: its time is looked at when it is placed */
    }
    if (refusal == REFUSAL_none) {
        refusal = want->kind == MEAL_dine_in ? open_table(view, at, want, shop, &order)
                                             : open_away(view, at, want, shop, &order);
    }
    if (refusal == REFUSAL_none && shopper_id != 0) {
        refusal = guest_add(view, at, order, shopper_id, want->name);
    }
    if (refusal == REFUSAL_none) {
        memcpy(answer, order, sizeof(*order));
    }
    return refusal;
}

const struct command meal_open = {
    .name = "meal_open",
    .number = 280,
    .method = "POST",
    .route = "/v1/shops/{shop_id}/meals",
    .http_status = 201,
    .callers = CALLERS_ALL,
    .request = &open_shape,
    .answer = &meal_order_table.shape,
    .decide = decide_open,
    .summary = "Begins an order: to take away, to be brought, or by the staff at a table.",
};
