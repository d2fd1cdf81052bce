/* SPDX-License-Identifier: Apache-2.0 */
/* Where shops are, and where deals are found: each deal has a place at each of its shops, in the shop's cell. */
#include "lines/local/deal_internal.h"

const struct shop_place_row *shop_place_ask(struct view *view, int64_t shop_id)
{
    struct shop_place_row key = { .shop_id = shop_id };
    return view_ask(view, &shop_place_table, &key);
}

/* ---- the deals of a shop ---- */

static int32_t deal_index(const struct shop_place_row *shop, int64_t deal_id)
{
    for (int32_t i = 0; i < shop->deals_count; i++) {
        if (shop->deals[i].id == deal_id) {
            return i;
        }
    }
    return -1;
}

static enum refusal shop_deal_add(struct view *view, int64_t shop_id, int64_t deal_id)
{
    const struct shop_place_row *asked = shop_place_ask(view, shop_id);
    if (deal_index(asked, deal_id) >= 0) {
        return REFUSAL_none;
    }
    if (asked->deals_count == SHOP_DEALS_MAX) {
        return REFUSAL_deals_full;
    }
    struct shop_place_row *shop = view_change(view, asked);
    shop->deals[shop->deals_count++].id = deal_id;
    return REFUSAL_none;
}

static void shop_deal_remove(struct view *view, int64_t shop_id, int64_t deal_id)
{
    const struct shop_place_row *asked = shop_place_ask(view, shop_id);
    int32_t index = deal_index(asked, deal_id);
    if (index < 0) {
        return;
    }
    struct shop_place_row *shop = view_change(view, asked);
    int32_t last = --shop->deals_count;
    shop->deals[index] = shop->deals[last];
    shop->deals[last].id = 0;
}

/* ---- places ---- */

static void place_write(const struct deal_row *deal, struct deal_place_row *place, const struct shop_place_row *shop)
{
    bool found = deal->state == DEAL_live && shop->placed != 0;
    struct position at = { shop->latitude_e6, shop->longitude_e6 };
    place->cell = found ? place_cell(at) : CELL_NONE;
    place->latitude_e6 = shop->latitude_e6;
    place->longitude_e6 = shop->longitude_e6;
    place->category = deal->category;
    place->price_minor = deal->price_minor;
    place->sale_from_us = deal->sale_from_us;
    place->sale_until_us = deal->sale_until_us;
}

enum refusal deal_places_write(struct view *view, const struct deal_row *deal, const struct deal_detail_row *detail)
{
    for (int32_t i = 0; i < detail->shops_count; i++) {
        int64_t shop_id = detail->shops[i].shop_id;
        struct deal_place_row *place = view_change(view, deal_place_ask(view, deal->deal_id, shop_id));
        place->parts = detail->shops[i].parts;
        if (deal->state == DEAL_ended) {
            shop_deal_remove(view, shop_id, deal->deal_id);
        } else {
            enum refusal refusal = shop_deal_add(view, shop_id, deal->deal_id);
            if (refusal != REFUSAL_none) {
                return refusal;
            }
        }
        place_write(deal, place, shop_place_ask(view, shop_id));
    }
    return REFUSAL_none;
}

void deal_place_remove(struct view *view, int64_t deal_id, int64_t shop_id)
{
    shop_deal_remove(view, shop_id, deal_id);
    view_drop(view, deal_place_ask(view, deal_id, shop_id));
}

void shop_place_review(struct view *view, int64_t shop_id, int32_t reviews, int32_t stars)
{
    struct shop_place_row *shop = view_change(view, shop_place_ask(view, shop_id));
    shop->reviews += reviews;
    shop->stars += stars;
    bool fits = shop->reviews >= 0 && shop->stars >= shop->reviews && shop->stars <= 5 * shop->reviews;
    assert(view_unsure(view) || fits);
    /* tenths of the mean, rounded half up */
    shop->rating_tenths = shop->reviews > 0 ? (int32_t)((20 * shop->stars + shop->reviews) / (2 * shop->reviews)) : 0;
}

/* ---- commands ---- */

static void place_fill(const struct shop_row *shop, const struct shop_place_row *row, struct shop_place *place)
{
    place->row = *row;
    place->row.shop_id = shop->shop_id;
    memcpy(place->name, shop->name, sizeof(place->name));
}

static const struct column set_columns[] = {
    COLUMN(shop_place_set, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(shop_place_set, latitude_e6, .flags = COLUMN_required, .least = -LATITUDE_MAX_E6, .most = LATITUDE_MAX_E6,
           .text = "Degrees north, in millionths."),
    COLUMN(shop_place_set, longitude_e6, .flags = COLUMN_required, .least = -LONGITUDE_MAX_E6,
           .most = LONGITUDE_MAX_E6, .text = "Degrees east, in millionths."),
    COLUMN(shop_place_set, category, .form = FORM_choice, .names = deal_categories),
    COLUMN(shop_place_set, address, .text = "For people."),
    COLUMN_LIST(shop_place_set, hours, open_hours_shape, .text = "Seven, from Monday to Sunday; left out: not said."),
};
static const struct shape set_shape = SHAPE("shop_place_set", shop_place_set, set_columns);

static bool set_check(const void *request, struct complaint *complaint)
{
    const struct shop_place_set *want = request;
    bool sensible = true;
    for (int32_t i = 0; i < want->hours_count; i++) {
        const struct open_hours *hours = &want->hours[i];
        bool closed = hours->minute_from == 0 && hours->minute_to == 0;
        sensible = sensible && (closed || hours->minute_from != hours->minute_to);
    }
    return complain_unless(complaint, place_valid((struct position){ want->latitude_e6, want->longitude_e6 }),
                           "latitude_e6", "must be a place on earth") &&
           complain_unless(complaint, want->hours_count == 0 || want->hours_count == 7, "hours",
                           "must be seven, from Monday to Sunday") &&
           complain_unless(complaint, sensible, "hours", "must begin and end at different minutes");
}

static enum refusal decide_set(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shop_place_set *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    struct complaint complaint;
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    if (!set_check(want, &complaint)) {
        return REFUSAL_place_invalid;
    }
    struct shop_place_row *place = view_change(view, shop_place_ask(view, want->shop_id));
    place->placed = 1;
    place->latitude_e6 = want->latitude_e6;
    place->longitude_e6 = want->longitude_e6;
    place->category = want->category;
    memcpy(place->address, want->address, sizeof(place->address));
    place->hours_count = want->hours_count;
    memcpy(place->hours, want->hours, sizeof(place->hours));
    for (int32_t i = 0; i < place->deals_count; i++) {
        const struct deal_row *deal = deal_ask(view, place->deals[i].id);
        place_write(deal, view_change(view, deal_place_ask(view, place->deals[i].id, want->shop_id)), place);
    }
    place_fill(shop, place, answer);
    return REFUSAL_none;
}

const struct command shop_place_set = {
    .name = "shop_place_set",
    .number = 208,
    .flags = COMMAND_unkeyed,
    .method = "PUT",
    .route = "/v1/shops/{shop_id}/place",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &set_shape,
    .answer = &shop_place_shape,
    .decide = decide_set,
    .check = set_check,
    .summary = "Says where a shop is and when it is open. Its deals are found there from now on.",
};

struct shop_ref {
    int64_t shop_id;
};
static const struct column ref_columns[] = {
    COLUMN(shop_ref, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
};
static const struct shape ref_shape = SHAPE("shop_place_ref", shop_ref, ref_columns);

static enum refusal decide_query(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct shop_ref *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    (void)at;
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    place_fill(shop, shop_place_ask(view, want->shop_id), answer);
    return REFUSAL_none;
}

const struct command shop_place_query = {
    .name = "shop_place_query",
    .number = 209,
    .flags = COMMAND_reads,
    .method = "GET",
    .route = "/v1/shops/{shop_id}/place",
    .http_status = 200,
    .callers = CALLERS_ALL,
    .request = &ref_shape,
    .answer = &shop_place_shape,
    .decide = decide_query,
    .summary = "Where a shop is, when it is open, and what people think of it.",
};
