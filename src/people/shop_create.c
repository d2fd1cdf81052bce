/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger_rows.h"
#include "people/people.h"

#define CHINA_ZONE_MINUTES 480

const struct shop_row *shop_ask(struct view *view, int64_t shop_id)
{
    struct shop_row key = { .shop_id = shop_id };
    return view_ask(view, &shop_table, &key);
}

static const struct column create_columns[] = {
    COLUMN(shop_create, shop_id, .form = FORM_id, .least = 1, .most = CHOSEN_ID_MAX,
           .text = "Chosen by you, up to 10^12; left out, the till gives one."),
    COLUMN(shop_create, merchant_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(shop_create, name, .text = "Name that shoppers see; may be blank."),
    COLUMN(shop_create, city),
    COLUMN(shop_create, kind, .text = "What kind of shop: supermarket, snack, department_store, vending, …"),
    COLUMN(shop_create, currency, .least = 0, .most = 999, .text = "ISO 4217 number; left out: 156, CNY."),
    COLUMN(shop_create, zone_minutes, .least = -720, .most = 840,
           .text = "Offset from UTC; left out: 480, China."),
    COLUMN(shop_create, zone_utc, .form = FORM_flag, .text = "True when the shop's zone is UTC itself."),
    COLUMN_LIST(shop_create, sets, id_shape,
                .text = "Shop sets that campaigns may name. Only the platform gives them."),
};
static const struct shape create_shape = SHAPE("shop_create", shop_create, create_columns);

static void shop_fill(struct shop_row *shop, const struct shop_create *want)
{
    shop->merchant_id = want->merchant_id;
    memcpy(shop->name, want->name, sizeof(shop->name));
    memcpy(shop->city, want->city, sizeof(shop->city));
    memcpy(shop->kind, want->kind, sizeof(shop->kind));
    shop->currency = want->currency != 0 ? want->currency : (int32_t)UNIT_CNY;
    shop->zone_minutes = want->zone_minutes != 0 || want->zone_utc != 0 ? want->zone_minutes : CHINA_ZONE_MINUTES;
    shop->sets_count = want->sets_count;
    memcpy(shop->sets, want->sets, sizeof(shop->sets));
}

/* Whether the shop is what the request would make of it. */
static bool shop_agrees(const struct shop_row *shop, const struct shop_create *want)
{
    struct shop_row other = *shop;
    shop_fill(&other, want);
    return memcmp(&other, shop, sizeof(other)) == 0;
}

static enum refusal decide_create(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shop_create *want = request;
    const struct merchant_row *merchant = merchant_ask(view, want->merchant_id);
    if (!access_merchant(at, want->merchant_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(merchant)) {
        return REFUSAL_merchant_unknown;
    }
    if (want->sets_count > 0 && !access_platform(at)) {
        return REFUSAL_forbidden; /* campaigns that others pay for name sets */
    }
    const struct shop_row *asked = shop_ask(view, want->shop_id != 0 ? want->shop_id : moment_id(at));
    if (row_exists(asked)) {
        if (!shop_agrees(asked, want)) {
            return REFUSAL_id_taken;
        }
    } else {
        struct shop_row *shop = view_change(view, asked);
        shop_fill(shop, want);
        shop->open = 1;
        shop->created_at_us = at->now_us;
    }
    memcpy(answer, asked, sizeof(*asked));
    return REFUSAL_none;
}

const struct command shop_create = {
    .name = "shop_create",
    .number = 22,
    .method = "POST",
    .route = "/v1/shops",
    .http_status = 201,
    .callers = CALLERS_MERCHANT,
    .request = &create_shape,
    .answer = &shop_table.shape,
    .decide = decide_create,
    .summary = "Adds a shop to a merchant. Again with the same id and content: the same shop.",
};

struct shop_change {
    int64_t shop_id;
    char name[NAME_SIZE];
    int32_t open;
};
static const struct column change_columns[] = {
    COLUMN(shop_change, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(shop_change, name, .flags = COLUMN_required),
    COLUMN(shop_change, open, .form = FORM_flag, .flags = COLUMN_required, .text = "Whether it takes payments."),
};
static const struct shape change_shape = SHAPE("shop_change", shop_change, change_columns);

static enum refusal decide_change(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shop_change *want = request;
    const struct shop_row *asked = shop_ask(view, want->shop_id);
    if (!row_exists(asked)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_merchant(at, asked->merchant_id)) {
        return REFUSAL_forbidden;
    }
    struct shop_row *shop = view_change(view, asked);
    memcpy(shop->name, want->name, sizeof(shop->name));
    shop->open = want->open;
    memcpy(answer, shop, sizeof(*shop));
    return REFUSAL_none;
}

const struct command shop_change = {
    .name = "shop_change",
    .number = 23,
    .method = "PUT",
    .route = "/v1/shops/{shop_id}",
    .http_status = 200,
    .callers = CALLERS_MERCHANT,
    .request = &change_shape,
    .answer = &shop_table.shape,
    .decide = decide_change,
    .summary = "Renames a shop, opens or closes it.",
};

struct shop_query {
    int64_t shop_id;
};
static const struct column query_columns[] = {
    COLUMN(shop_query, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape query_shape = SHAPE("shop_query", shop_query, query_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shop_query *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    memcpy(answer, shop, sizeof(*shop));
    return REFUSAL_none;
}

const struct command shop_query = {
    .name = "shop_query",
    .number = 24,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shops/{shop_id}",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &query_shape,
    .answer = &shop_table.shape,
    .decide = decide_query,
    .summary = "One shop.",
};
