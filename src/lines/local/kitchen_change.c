/* SPDX-License-Identifier: Apache-2.0 */
/* How a shop cooks: its kitchen's settings, and its tables with the codes of their QR. */
#include <stdio.h>

#include "base/hash.h"
#include "lines/local/meal_internal.h"
#include "lines/local/bill_split.h"

#define SLOT_DEFAULT_MINUTES 15
#define SLOT_CAPACITY_DEFAULT 60
#define LEAD_DEFAULT_MINUTES 15
#define SESSION_DEFAULT_MINUTES 240
#define CALLERS_KITCHEN (CALLERS_MERCHANT | CALLER_BIT(shop))

static const struct column change_columns[] = {
    COLUMN(kitchen_change, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(kitchen_change, open, .form = FORM_flag, .flags = COLUMN_required, .text = "Whether it takes orders."),
    COLUMN(kitchen_change, latitude_e6, .text = "Of the door where couriers pick up, in millionths of a degree."),
    COLUMN(kitchen_change, longitude_e6),
    COLUMN(kitchen_change, pay_first, .form = FORM_flag, .text = "At tables nothing is cooked before it is paid."),
    COLUMN(kitchen_change, service_bp, .least = 0, .most = SERVICE_MAX_BP,
           .text = "Service charge on what is eaten at tables, in hundredths of a percent."),
    COLUMN(kitchen_change, slot_minutes, .least = 0, .most = 60,
           .text = "Length of a slot, a part of an hour; left out: 15."),
    COLUMN(kitchen_change, slot_capacity, .least = 0, .most = 10000,
           .text = "Minutes of work that fit into a slot: cooks times its length; left out: 60."),
    COLUMN(kitchen_change, lead_minutes, .least = 0, .most = DAY_MINUTES,
           .text = "From an order to its meal, at least; left out: 15."),
    COLUMN(kitchen_change, session_minutes, .least = 0, .most = DAY_MINUTES,
           .text = "After which an order that nobody ends is looked at by itself; left out: 240."),
    COLUMN(kitchen_change, delivers, .form = FORM_flag, .text = "Brings meals to the door."),
    COLUMN(kitchen_change, delivery_radius_m, .least = 0, .most = 100000),
    COLUMN(kitchen_change, delivery_fee_minor, .form = FORM_amount, .least = 0, .most = 100000000),
    COLUMN(kitchen_change, delivery_least_minor, .form = FORM_amount, .least = 0, .most = 100000000,
           .text = "Food of a delivery, at least."),
    COLUMN_LIST(kitchen_change, stations, station_shape, .text = "Where dishes are made: each has tickets of its own."),
    COLUMN_LIST(kitchen_change, hours, kitchen_hours_shape, .text = "Of seven days, Monday first; left out: always."),
};
static const struct shape change_shape = SHAPE("kitchen_change", kitchen_change, change_columns);

static bool stations_check(const struct kitchen_change *want, struct complaint *complaint)
{
    uint32_t seen = 0;
    for (int32_t i = 0; i < want->stations_count; i++) {
        int32_t station = want->stations[i].station;
        bool holds = complain_unless(complaint, station >= 1 && station <= STATIONS_MAX, "stations",
                                     "each has a `station`, a number from 1 to 8") &&
                     complain_unless(complaint, (seen >> station & 1) == 0, "stations",
                                     "each has a `station` of its own");
        if (!holds) {
            return false;
        }
        seen |= UINT32_C(1) << station;
    }
    return true;
}

static bool kitchen_check(const void *request, struct complaint *complaint)
{
    const struct kitchen_change *want = request;
    bool hours = want->hours_count == 0 || (want->hours_count == 7 && kitchen_hours_valid(want->hours));
    struct position door = { want->latitude_e6, want->longitude_e6 };
    return complain_unless(complaint, place_valid(door), "latitude_e6", "there is no such place on earth") &&
           stations_check(want, complaint) &&
           complain_unless(complaint, want->slot_minutes == 0 || 60 % want->slot_minutes == 0, "slot_minutes",
                           "must divide an hour") &&
           complain_unless(complaint, hours, "hours", "has seven days, Monday first, each ending after it begins") &&
           complain_unless(complaint, want->delivers == 0 || want->delivery_radius_m > 0, "delivery_radius_m",
                           "must say how far it delivers");
}

static int32_t given_or(int32_t given, int32_t otherwise)
{
    return given != 0 ? given : otherwise;
}

static void kitchen_fill(struct kitchen_row *kitchen, const struct kitchen_change *want)
{
    kitchen->open = want->open;
    kitchen->latitude_e6 = want->latitude_e6;
    kitchen->longitude_e6 = want->longitude_e6;
    kitchen->pay_first = want->pay_first;
    kitchen->service_bp = want->service_bp;
    kitchen->slot_minutes = given_or(want->slot_minutes, SLOT_DEFAULT_MINUTES);
    kitchen->slot_capacity = given_or(want->slot_capacity, SLOT_CAPACITY_DEFAULT);
    kitchen->lead_minutes = given_or(want->lead_minutes, LEAD_DEFAULT_MINUTES);
    kitchen->session_minutes = given_or(want->session_minutes, SESSION_DEFAULT_MINUTES);
    kitchen->delivers = want->delivers;
    kitchen->delivery_radius_m = want->delivery_radius_m;
    kitchen->delivery_fee_minor = want->delivery_fee_minor;
    kitchen->delivery_least_minor = want->delivery_least_minor;
    kitchen->stations_count = want->stations_count;
    memcpy(kitchen->stations, want->stations, sizeof(kitchen->stations));
    kitchen->hours_count = 7;
    for (int day = 0; day < 7; day++) {
        kitchen->hours[day] = want->hours_count == 7 ? want->hours[day] : (struct kitchen_hours){ 0, DAY_MINUTES };
    }
}

static enum refusal decide_change(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct kitchen_change *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    const struct kitchen_row *asked = kitchen_ask(view, want->shop_id);
    struct complaint complaint;
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    if (!kitchen_check(want, &complaint)) {
        return REFUSAL_menu_invalid;
    }
    struct kitchen_row *kitchen = view_change(view, asked);
    kitchen->merchant_id = shop->merchant_id;
    kitchen->changed_at_us = at->now_us;
    kitchen_fill(kitchen, want);
    memcpy(answer, kitchen, sizeof(*kitchen));
    return REFUSAL_none;
}

const struct command kitchen_change = {
    .name = "kitchen_change",
    .number = 275,
    .method = "PUT",
    .route = "/v1/shops/{shop_id}/kitchen",
    .http_status = 200,
    .callers = CALLERS_KITCHEN,
    .request = &change_shape,
    .answer = &kitchen_table.shape,
    .decide = decide_change,
    .check = kitchen_check,
    .summary = "Sets how a shop cooks and serves: stations, hours, how much fits into a slot, service charge, "
               "delivery. From then on it sells meals.",
};

/* ---- tables ---- */

static const struct column table_columns[] = {
    COLUMN(table_put, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(table_put, table_id, .form = FORM_id, .text = "Left out: a new table."),
    COLUMN(table_put, name, .flags = COLUMN_required, .least = 1),
    COLUMN(table_put, seats, .least = 0, .most = 1000),
    COLUMN(table_put, retired, .form = FORM_flag, .text = "Nobody can sit down any more."),
    COLUMN(table_put, new_code, .form = FORM_flag, .text = "The code that stands there becomes void for a new one."),
    COLUMN(table_put, seed, .form = FORM_hidden),
};
static const struct shape table_shape = SHAPE("table_put", table_put, table_columns);

/* Ten digits that follow from what nobody else knows. */
static void code_write(int64_t seed, int64_t table_id, char code[TABLE_CODE_SIZE])
{
    uint64_t mixed = hash_mix((uint64_t)seed ^ hash_mix((uint64_t)table_id));
    snprintf(code, TABLE_CODE_SIZE, "%010llu", (unsigned long long)(mixed % UINT64_C(10000000000)));
}

static enum refusal decide_table(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct table_put *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    const struct dining_table_row *asked = want->table_id != 0 ? dining_table_ask(view, want->table_id) : NULL;
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(kitchen_ask(view, want->shop_id))) {
        return REFUSAL_kitchen_unknown;
    }
    if (asked != NULL && (!row_exists(asked) || asked->shop_id != want->shop_id)) {
        return REFUSAL_table_unknown;
    }
    struct dining_table_row key = { .table_id = asked == NULL ? moment_id(at) : want->table_id };
    struct dining_table_row *table =
        asked != NULL ? view_change(view, asked) : view_new(view, &dining_table_table, &key);
    table->shop_id = want->shop_id;
    memcpy(table->name, want->name, sizeof(table->name));
    table->seats = want->seats;
    table->retired = want->retired;
    table->changed_at_us = at->now_us;
    if (asked == NULL || want->new_code != 0) {
        code_write(want->seed, table->table_id, table->code);
    }
    memcpy(answer, table, sizeof(*table));
    return REFUSAL_none;
}

const struct command table_put = {
    .name = "table_put",
    .number = 278,
    .method = "POST",
    .route = "/v1/shops/{shop_id}/tables",
    .http_status = 201,
    .callers = CALLERS_KITCHEN,
    .request = &table_shape,
    .answer = &dining_table_table.shape,
    .decide = decide_table,
    .summary = "Adds a table, or changes one that is named. Its QR holds the table's id and `code`; who has both can "
               "join what is ordered there.",
};
