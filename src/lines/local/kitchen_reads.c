/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of the kitchen: its settings, menu and what is left, tables, tickets, times that are free, days. */
#include "lines/local/meal.h"
#include "people/people.h"
#include "till/till_reads.h"

#define AHEAD_US (7 * US_PER_DAY)
#define SLOTS_AHEAD_MAX 2017 /* of five minutes each; there are no shorter ones that one could wait for */

struct shop_ref {
    int64_t shop_id;
};
static const struct column shop_columns[] = {
    COLUMN(shop_ref, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape settings_shape = SHAPE("kitchen_settings", shop_ref, shop_columns);
static const struct shape menu_shape = SHAPE("menu_list", shop_ref, shop_columns);
static const struct shape stock_shape = SHAPE("dish_stock_list", shop_ref, shop_columns);
static const struct shape table_shape = SHAPE("dining_table_list", shop_ref, shop_columns);
static const struct shape slot_shape = SHAPE("kitchen_slot_list", shop_ref, shop_columns);
static const struct shape day_shape = SHAPE("kitchen_day_list", shop_ref, shop_columns);

/* What anybody may know of a shop that sells meals. */
static enum refusal kitchen_find(const struct read_call *call, struct read_page *page, int64_t shop_id,
                                 struct kitchen_row *kitchen)
{
    *kitchen = (struct kitchen_row){ .shop_id = shop_id };
    return read_row(call, page, &kitchen_table, kitchen) || page->status != STATUS_ok ? REFUSAL_none
                                                                                      : REFUSAL_kitchen_unknown;
}

static enum refusal settings_run(const struct read_call *call, struct read_page *page)
{
    const struct shop_ref *want = call->request;
    struct kitchen_row kitchen;
    enum refusal refusal = kitchen_find(call, page, want->shop_id, &kitchen);
    if (refusal != REFUSAL_none || page->status != STATUS_ok) {
        return refusal;
    }
    if (read_shop_check(call, page, want->shop_id) != REFUSAL_none) {
        kitchen.couriers_count = 0; /* who brings meals is the shop's own business */
    }
    read_emit_i64(page, &kitchen, want->shop_id);
    return REFUSAL_none;
}

const struct read kitchen_settings = {
    .name = "kitchen_settings",
    .route = "/v1/shops/{shop_id}/kitchen",
    .flags = READ_single,
    .callers = CALLERS_ALL,
    .request = &settings_shape,
    .element = &kitchen_table.shape,
    .run = settings_run,
    .summary = "How a shop cooks and serves: hours, delivery, stations.",
};

static enum refusal menu_run(const struct read_call *call, struct read_page *page)
{
    const struct shop_ref *want = call->request;
    struct kitchen_row kitchen;
    enum refusal refusal = kitchen_find(call, page, want->shop_id, &kitchen);
    if (refusal != REFUSAL_none || page->status != STATUS_ok) {
        return refusal;
    }
    struct list_terms terms = { .table = &dish_table,
                                .key = "dish_id",
                                .where = "merchant_id = ? AND (shop_id = 0 OR shop_id = ?) AND listed = 1 AND ",
                                .binds = { VALUE_I64(kitchen.merchant_id), VALUE_I64(want->shop_id) },
                                .bind_count = 2 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read menu_list = {
    .name = "menu_list",
    .route = "/v1/shops/{shop_id}/menu",
    .callers = CALLERS_ALL,
    .request = &menu_shape,
    .element = &dish_table.shape,
    .run = menu_run,
    .summary = "The menu of a shop: `place` says in which order it is shown. What has run out is in its stocks.",
};

static enum refusal stock_run(const struct read_call *call, struct read_page *page)
{
    const struct shop_ref *want = call->request;
    struct list_terms terms = { .table = &dish_stock_table,
                                .key = "dish_id",
                                .where = "shop_id = ? AND ",
                                .binds = { VALUE_I64(want->shop_id) },
                                .bind_count = 1 };
    list_query(call, page, &terms);
    return REFUSAL_none;
}

const struct read dish_stock_list = {
    .name = "dish_stock_list",
    .route = "/v1/shops/{shop_id}/stocks",
    .callers = CALLERS_ALL,
    .request = &stock_shape,
    .element = &dish_stock_table.shape,
    .run = stock_run,
    .summary = "Dishes of a shop that have run out or are counted; of all others there is enough.",
};

struct dish_list {
    int64_t merchant_id;
};
static const struct column dish_columns[] = {
    COLUMN(dish_list, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape dish_shape = SHAPE("dish_list", dish_list, dish_columns);

static enum refusal dish_run(const struct read_call *call, struct read_page *page)
{
    const struct dish_list *want = call->request;
    struct list_terms terms = { .table = &dish_table,
                                .key = "dish_id",
                                .where = "merchant_id = ? AND ",
                                .binds = { VALUE_I64(want->merchant_id) },
                                .bind_count = 1 };
    return list_of_merchant(call, page, want->merchant_id, &terms);
}

const struct read dish_list = {
    .name = "dish_list",
    .route = "/v1/merchants/{merchant_id}/dishes",
    .callers = CALLERS_MERCHANT,
    .request = &dish_shape,
    .element = &dish_table.shape,
    .run = dish_run,
    .summary = "All dishes of a merchant, listed or not.",
};

static enum refusal table_run(const struct read_call *call, struct read_page *page)
{
    const struct shop_ref *want = call->request;
    struct list_terms terms = { .table = &dining_table_table,
                                .key = "table_id",
                                .where = "shop_id = ? AND ",
                                .binds = { VALUE_I64(want->shop_id) },
                                .bind_count = 1 };
    return list_of_shop(call, page, want->shop_id, &terms);
}

const struct read dining_table_list = {
    .name = "dining_table_list",
    .route = "/v1/shops/{shop_id}/tables",
    .callers = CALLERS_SHOP,
    .request = &table_shape,
    .element = &dining_table_table.shape,
    .run = table_run,
    .summary = "A shop's tables with the codes of their QR, and which order is at each.",
};

static enum refusal day_run(const struct read_call *call, struct read_page *page)
{
    const struct shop_ref *want = call->request;
    struct list_terms terms = { .table = &kitchen_day_table,
                                .key = "day",
                                .newest_first = true,
                                .where = "shop_id = ? AND ",
                                .binds = { VALUE_I64(want->shop_id) },
                                .bind_count = 1 };
    return list_of_shop(call, page, want->shop_id, &terms);
}

const struct read kitchen_day_list = {
    .name = "kitchen_day_list",
    .route = "/v1/shops/{shop_id}/kitchen/days",
    .callers = CALLERS_SHOP,
    .request = &day_shape,
    .element = &kitchen_day_table.shape,
    .run = day_run,
    .summary = "What a kitchen did day by day: orders, tickets, how many were late, how long they took.",
};

/* ---- tickets ---- */

struct ticket_list {
    int64_t shop_id;
    int32_t station;
    int32_t all;
};
static const struct column ticket_columns[] = {
    COLUMN(ticket_list, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(ticket_list, station, .least = 0, .most = STATIONS_MAX, .text = "Left out: of all stations."),
    COLUMN(ticket_list, all, .form = FORM_flag, .text = "Also those that are bumped or cancelled, newest first."),
};
static const struct shape ticket_shape = SHAPE("ticket_list", ticket_list, ticket_columns);

static enum refusal ticket_run(const struct read_call *call, struct read_page *page)
{
    const struct ticket_list *want = call->request;
    struct list_terms terms = { .table = &ticket_table,
                                .key = "ticket_id",
                                .newest_first = want->all != 0,
                                .where = want->all != 0 ? "shop_id = ? AND (? = 0 OR station = ?) AND "
                                                        : "shop_id = ? AND state < 3 AND (? = 0 OR station = ?) AND ",
                                .binds = { VALUE_I64(want->shop_id), VALUE_I64(want->station),
                                           VALUE_I64(want->station) },
                                .bind_count = 3 };
    static_assert(TICKET_queued < 3 && TICKET_cooking < 3 && TICKET_bumped == 3, "as the index says");
    return list_of_shop(call, page, want->shop_id, &terms);
}

const struct read ticket_list = {
    .name = "ticket_list",
    .route = "/v1/shops/{shop_id}/tickets",
    .callers = CALLERS_SHOP,
    .request = &ticket_shape,
    .element = &ticket_table.shape,
    .run = ticket_run,
    .summary = "What a kitchen, or one of its stations, has to do, oldest first.",
};

/* ---- times that can be chosen ---- */

struct kitchen_time {
    int64_t ready_by_us;
    int32_t minutes_free;
};
static const struct column time_columns[] = {
    COLUMN(kitchen_time, ready_by_us, .form = FORM_instant),
    COLUMN(kitchen_time, minutes_free, .text = "Of kitchen work; orders may use up to three slots before it, too."),
};
static const struct shape time_shape = SHAPE("kitchen_time", kitchen_time, time_columns);

struct slots_seen {
    int64_t first_us, length_us;
    int32_t minutes[SLOTS_AHEAD_MAX];
};

static bool slot_row(void *context, const struct value *values, size_t count)
{
    struct slots_seen *seen = context;
    assert(count == 2);
    int64_t index = (values[0].i64 - seen->first_us) / seen->length_us;
    if (index >= 0 && index < SLOTS_AHEAD_MAX) {
        seen->minutes[index] += (int32_t)values[1].i64;
    }
    return true;
}

static enum refusal slot_run(const struct read_call *call, struct read_page *page)
{
    const struct shop_ref *want = call->request;
    struct kitchen_row kitchen;
    struct shop_row shop = { .shop_id = want->shop_id };
    struct slots_seen seen = { .first_us = 0 };
    enum refusal refusal = kitchen_find(call, page, want->shop_id, &kitchen);
    if (refusal != REFUSAL_none || page->status != STATUS_ok || !read_row(call, page, &shop_table, &shop)) {
        return refusal;
    }
    int64_t earliest_us = call->now_us + kitchen.lead_minutes * US_PER_MINUTE;
    int64_t after_us = max_i64(read_after_i64(call, 0), earliest_us - 1);
    seen.length_us = kitchen.slot_minutes * US_PER_MINUTE;
    seen.first_us = kitchen_slot_of(after_us, kitchen.slot_minutes);
    struct value binds[] = { VALUE_I64(want->shop_id), VALUE_I64(seen.first_us),
                             VALUE_I64(call->now_us + AHEAD_US) };
    if (!read_status(page, call->reader->ops->query(call->reader,
                                                    "SELECT slot_at_us, minutes FROM kitchen_slots WHERE shop_id = ? "
                                                    "AND slot_at_us >= ? AND slot_at_us < ?",
                                                    binds, COUNT_OF(binds), slot_row, &seen))) {
        return REFUSAL_none;
    }
    int32_t left = call->limit + 1;
    for (int32_t i = 0; i < SLOTS_AHEAD_MAX && left > 0 && kitchen.open != 0; i++) {
        int64_t end_us = seen.first_us + (i + 1) * seen.length_us;
        struct kitchen_time time = { end_us, kitchen.slot_capacity - seen.minutes[i] };
        if (end_us > call->now_us + AHEAD_US) {
            break;
        }
        if (end_us > after_us && time.minutes_free > 0 && kitchen_works(kitchen.hours, shop.zone_minutes, end_us - 1)) {
            left--;
            if (!read_emit_i64(page, &time, end_us)) {
                break;
            }
        }
    }
    return REFUSAL_none;
}

const struct read kitchen_slot_list = {
    .name = "kitchen_slot_list",
    .route = "/v1/shops/{shop_id}/kitchen/times",
    .callers = CALLERS_ALL,
    .request = &slot_shape,
    .element = &time_shape,
    .run = slot_run,
    .summary = "Times at which the kitchen can have something ready in the next seven days, and how much of it.",
};
