/* SPDX-License-Identifier: Apache-2.0 */
/* The menu: dishes with their options, and what is left of them in each shop. */
#include "base/checked.h"
#include "lines/local/meal_internal.h"

#define DISH_PRICE_MAX INT64_C(10000000000)
#define DISH_MINUTES_MAX 240

static const struct column put_columns[] = {
    COLUMN(dish_put, merchant_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(dish_put, dish_id, .form = FORM_id, .least = 1, .most = INT64_MAX,
           .text = "One that is there, or chosen by you up to 10^12; left out, the till gives one."),
    COLUMN(dish_put, shop_id, .form = FORM_id, .text = "The only shop that makes it; left out: all of the merchant's."),
    COLUMN(dish_put, name, .flags = COLUMN_required, .least = 1),
    COLUMN(dish_put, about),
    COLUMN(dish_put, category, .text = "Under which the menu shows it."),
    COLUMN(dish_put, currency, .least = 0, .most = 999, .text = "ISO 4217 number; left out: 156, CNY."),
    COLUMN(dish_put, price_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 0, .most = DISH_PRICE_MAX),
    COLUMN(dish_put, minutes, .least = 0, .most = DISH_MINUTES_MAX, .text = "Of kitchen work for a piece."),
    COLUMN(dish_put, station, .least = 0, .most = STATIONS_MAX,
           .text = "Which station of the kitchen makes it; left out: it needs no making."),
    COLUMN(dish_put, place, .least = 0, .most = 1000000, .text = "In the menu, lowest first."),
    COLUMN(dish_put, unlisted, .form = FORM_flag, .text = "It is off the menu."),
    COLUMN_LIST(dish_put, groups, dish_group_shape, .text = "Of options: how many of each must and may be chosen."),
    COLUMN_LIST(dish_put, options, dish_option_shape,
                .text = "Each in a group; its price comes on top, or is taken off."),
};
static const struct shape put_shape = SHAPE("dish_put", dish_put, put_columns);

static int32_t options_of(const struct dish_put *want, int32_t group)
{
    int32_t count = 0;
    for (int32_t i = 0; i < want->options_count; i++) {
        count += want->options[i].group == group;
    }
    return count;
}

/* Groups have numbers of their own, and options enough to choose from. */
static bool groups_check(const struct dish_put *want, uint32_t *groups, struct complaint *complaint)
{
    *groups = 0;
    for (int32_t i = 0; i < want->groups_count; i++) {
        const struct dish_group_row *group = &want->groups[i];
        bool numbered = group->group >= 1 && group->group <= DISH_GROUPS_MAX && (*groups >> group->group & 1) == 0;
        bool holds = complain_unless(complaint, numbered, "groups", "each has a `group` of its own, from 1 to 6") &&
                     complain_unless(complaint, group->least >= 0 && group->most >= group->least, "groups",
                                     "`most` must not be below `least`") &&
                     complain_unless(complaint, options_of(want, group->group) >= group->least, "options",
                                     "a group has fewer options than must be chosen");
        if (!holds) {
            return false;
        }
        *groups |= UINT32_C(1) << group->group;
    }
    return true;
}

static bool option_check(const struct dish_option_row *option, uint32_t groups, uint32_t seen,
                         struct complaint *complaint)
{
    bool numbered = option->option >= 1 && option->option <= DISH_OPTIONS_MAX && (seen >> option->option & 1) == 0;
    bool grouped = option->group >= 1 && option->group <= DISH_GROUPS_MAX && (groups >> option->group & 1) != 0;
    bool priced = option->price_minor <= DISH_PRICE_MAX && option->price_minor >= -DISH_PRICE_MAX;
    return complain_unless(complaint, numbered, "options", "each has an `option` of its own, from 1 to 24") &&
           complain_unless(complaint, grouped, "options", "each names a `group` that is there") &&
           complain_unless(complaint, priced, "options", "a price is out of range");
}

static bool dish_put_check(const void *request, struct complaint *complaint)
{
    const struct dish_put *want = request;
    uint32_t groups, options = 0;
    int64_t least_minor = want->price_minor;
    bool holds = groups_check(want, &groups, complaint);
    for (int32_t i = 0; holds && i < want->options_count; i++) {
        const struct dish_option_row *option = &want->options[i];
        holds = option_check(option, groups, options, complaint);
        options |= holds ? UINT32_C(1) << option->option : 0;
        least_minor += holds ? min_i64(option->price_minor, 0) : 0;
    }
    return holds && complain_unless(complaint, least_minor >= 0, "options",
                                    "no choice of them may make it worth less than nothing");
}

static void dish_fill(struct dish_row *dish, const struct dish_put *want)
{
    dish->merchant_id = want->merchant_id;
    dish->shop_id = want->shop_id;
    memcpy(dish->name, want->name, sizeof(dish->name));
    memcpy(dish->about, want->about, sizeof(dish->about));
    memcpy(dish->category, want->category, sizeof(dish->category));
    dish->currency = want->currency != 0 ? want->currency : (int32_t)UNIT_CNY;
    dish->price_minor = want->price_minor;
    dish->minutes = want->minutes;
    dish->station = want->station;
    dish->place = want->place;
    dish->listed = want->unlisted == 0;
    dish->groups_count = want->groups_count;
    memcpy(dish->groups, want->groups, sizeof(dish->groups));
    dish->options_count = want->options_count;
    memcpy(dish->options, want->options, sizeof(dish->options));
}

struct dish_kept {
    int64_t dish_id;
    int64_t merchant_id;
    int64_t shop_id;
    int64_t price_minor;
    int32_t listed;
    int64_t changed_at_us;
};
static const struct column kept_columns[] = {
    COLUMN(dish_kept, dish_id, .form = FORM_id),
    COLUMN(dish_kept, merchant_id, .form = FORM_id),
    COLUMN(dish_kept, shop_id, .form = FORM_id),
    COLUMN(dish_kept, price_minor, .form = FORM_amount),
    COLUMN(dish_kept, listed, .form = FORM_flag),
    COLUMN(dish_kept, changed_at_us, .form = FORM_instant),
};
static const struct shape kept_shape = SHAPE("dish_kept", dish_kept, kept_columns);

static enum refusal decide_put(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct dish_put *want = request;
    const struct merchant_row *merchant = merchant_ask(view, want->merchant_id);
    const struct shop_row *shop = want->shop_id != 0 ? shop_ask(view, want->shop_id) : NULL;
    const struct dish_row *asked = want->dish_id != 0 ? dish_ask(view, want->dish_id) : NULL;
    struct complaint complaint;
    if (!access_merchant(at, want->merchant_id)) {
        return REFUSAL_forbidden;
    }
    if (!row_exists(merchant)) {
        return REFUSAL_merchant_unknown;
    }
    if (shop != NULL && (!row_exists(shop) || shop->merchant_id != want->merchant_id)) {
        return REFUSAL_shop_unknown;
    }
    if (shop != NULL && want->currency != 0 && want->currency != shop->currency) {
        return REFUSAL_currency_differs;
    }
    bool mine = asked == NULL || (row_exists(asked) ? asked->merchant_id == want->merchant_id
                                                    : want->dish_id <= CHOSEN_ID_MAX);
    if (!mine) {
        return REFUSAL_dish_unknown;
    }
    if (!dish_put_check(want, &complaint)) {
        return REFUSAL_menu_invalid;
    }
    struct dish_row key = { .dish_id = asked == NULL ? moment_id(at) : want->dish_id };
    struct dish_row *dish = asked != NULL ? view_change(view, asked) : view_new(view, &dish_table, &key);
    dish_fill(dish, want);
    if (shop != NULL) {
        dish->currency = shop->currency;
    }
    dish->changed_at_us = at->now_us;
    *(struct dish_kept *)answer = (struct dish_kept){ .dish_id = dish->dish_id,
                                                      .merchant_id = dish->merchant_id,
                                                      .shop_id = dish->shop_id,
                                                      .price_minor = dish->price_minor,
                                                      .listed = dish->listed,
                                                      .changed_at_us = dish->changed_at_us };
    return REFUSAL_none;
}

const struct command dish_put = {
    .name = "dish_put",
    .number = 276,
    .method = "POST",
    .route = "/v1/merchants/{merchant_id}/dishes",
    .http_status = 201,
    .callers = CALLERS_MERCHANT,
    .request = &put_shape,
    .answer = &kept_shape,
    .decide = decide_put,
    .check = dish_put_check,
    .summary = "Puts a dish on the menu, or changes one that is there. What was ordered before keeps its name and "
               "price.",
};

/* ---- what is left ---- */

static const struct column number_columns[] = {
    COLUMN(option_number, option, .least = 1, .most = DISH_OPTIONS_MAX),
};
static const struct shape number_shape = SHAPE("option_number", option_number, number_columns);

static const struct column stock_columns[] = {
    COLUMN(dish_stock, shop_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(dish_stock, dish_id, .form = FORM_id, .flags = COLUMN_required | COLUMN_in_path),
    COLUMN(dish_stock, sold_out, .form = FORM_flag, .flags = COLUMN_required),
    COLUMN(dish_stock, counted, .form = FORM_flag, .text = "There are only `pieces_left` of it."),
    COLUMN(dish_stock, pieces_left, .least = 0, .most = 1000000),
    COLUMN_LIST(dish_stock, options_out, number_shape, .text = "Options that have run out."),
};
static const struct shape stock_shape = SHAPE("dish_stock", dish_stock, stock_columns);

static enum refusal decide_stock(const void *request, struct moment *at, struct view *view, void *answer)
{
    const struct dish_stock *want = request;
    const struct shop_row *shop = shop_ask(view, want->shop_id);
    const struct dish_row *dish = dish_ask(view, want->dish_id);
    const struct dish_stock_row *asked = dish_stock_ask(view, want->shop_id, want->dish_id);
    if (!row_exists(shop)) {
        return REFUSAL_shop_unknown;
    }
    if (!access_shop(view, at, shop)) {
        return REFUSAL_forbidden;
    }
    bool made_here = row_exists(dish) && dish->merchant_id == shop->merchant_id &&
                     (dish->shop_id == 0 || dish->shop_id == shop->shop_id);
    if (!made_here) {
        return REFUSAL_dish_unknown;
    }
    struct dish_stock_row *stock = view_change(view, asked);
    stock->merchant_id = shop->merchant_id;
    stock->sold_out = want->sold_out;
    stock->counted = want->counted;
    stock->pieces_left = want->counted != 0 ? want->pieces_left : 0;
    stock->options_out = 0;
    for (int32_t i = 0; i < want->options_out_count; i++) {
        int32_t option = want->options_out[i].option;
        if (option < 1 || option > DISH_OPTIONS_MAX) {
            return REFUSAL_options_invalid;
        }
        stock->options_out |= 1 << (option - 1);
    }
    stock->changed_at_us = at->now_us;
    memcpy(answer, stock, sizeof(*stock));
    return REFUSAL_none;
}

const struct command dish_stock = {
    .name = "dish_stock",
    .number = 277,
    .method = "PUT",
    .route = "/v1/shops/{shop_id}/dishes/{dish_id}/stock",
    .http_status = 200,
    .callers = CALLERS_SHOP,
    .request = &stock_shape,
    .answer = &dish_stock_table.shape,
    .decide = decide_stock,
    .summary = "Says what is left of a dish in a shop. From the next order on, wherever it is made, that holds.",
};
