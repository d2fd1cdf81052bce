/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/deal_rows.h"

const char *const deal_kinds[] = { "", "voucher", "bundle", "times", "stored_value", "group", "give", NULL };
const char *const deal_states[] = { "", "live", "paused", "ended", NULL };
const char *const deal_refunds[] = { "", "any_time", "until_expiry", "never", NULL };
const char *const group_states[] = { "", "open", "stands", "failed", NULL };
const char *const deal_categories[] = { "", "dining", "drinks", "film", "karaoke", "sports", "beauty", "leisure",
                                        "family", "lodging", "travel", "services", "other", NULL };

static const struct column part_columns[] = {
    COLUMN(deal_part, merchant_id, .form = FORM_id, .flags = COLUMN_required,
           .text = "Who does it and is paid for it."),
    COLUMN(deal_part, name),
    COLUMN(deal_part, pieces, .flags = COLUMN_required, .least = 1, .most = DEAL_PIECES_MAX,
           .text = "How often one copy is redeemed there."),
    COLUMN(deal_part, share_minor, .form = FORM_amount, .flags = COLUMN_required, .least = 0, .most = AMOUNT_MAX,
           .text = "Of the price; all shares add up to it."),
};
const struct shape deal_part_shape = SHAPE("deal_part", deal_part, part_columns);

static const struct column closed_columns[] = {
    COLUMN(deal_day_closed, day, .form = FORM_day, .flags = COLUMN_required),
};
const struct shape deal_day_closed_shape = SHAPE("deal_day_closed", deal_day_closed, closed_columns);

static const struct column deal_columns[] = {
    COLUMN(deal_row, deal_id, .form = FORM_id),
    COLUMN(deal_row, merchant_id, .form = FORM_id),
    COLUMN(deal_row, shop_id, .form = FORM_id),
    COLUMN(deal_row, kind, .form = FORM_choice, .names = deal_kinds),
    COLUMN(deal_row, state, .form = FORM_choice, .names = deal_states),
    COLUMN(deal_row, stopped, .form = FORM_flag),
    COLUMN(deal_row, category, .form = FORM_choice, .names = deal_categories),
    COLUMN(deal_row, title),
    COLUMN(deal_row, currency),
    COLUMN(deal_row, price_minor, .form = FORM_amount),
    COLUMN(deal_row, list_price_minor, .form = FORM_amount),
    COLUMN(deal_row, face_minor, .form = FORM_amount),
    COLUMN(deal_row, pieces_each),
    COLUMN(deal_row, sale_from_us, .form = FORM_instant),
    COLUMN(deal_row, sale_until_us, .form = FORM_instant),
    COLUMN(deal_row, valid_from_us, .form = FORM_instant),
    COLUMN(deal_row, valid_until_us, .form = FORM_instant),
    COLUMN(deal_row, valid_days),
    COLUMN(deal_row, weekdays),
    COLUMN(deal_row, minute_from),
    COLUMN(deal_row, minute_to),
    COLUMN_LIST(deal_row, closed_days, deal_day_closed_shape),
    COLUMN(deal_row, copies_per_person),
    COLUMN(deal_row, commission_bp),
    COLUMN(deal_row, refund, .form = FORM_choice, .names = deal_refunds),
    COLUMN(deal_row, lapse_refunds, .form = FORM_flag),
    COLUMN(deal_row, group_least),
    COLUMN(deal_row, group_until_us, .form = FORM_instant),
    COLUMN(deal_row, group_state, .form = FORM_choice, .names = group_states),
    COLUMN(deal_row, seed, .form = FORM_hidden),
    COLUMN(deal_row, version),
    COLUMN(deal_row, created_at_us, .form = FORM_instant),
    COLUMN_LIST(deal_row, parts, deal_part_shape),
    COLUMN(deal_row, group_settle_us, .form = FORM_hidden),
    COLUMN(deal_row, group_next_id, .form = FORM_hidden),
};
const struct table deal_table = TABLE("deals", 51, deal_row, deal_columns, 1);
static_assert(sizeof(struct deal_row) <= ROW_SIZE_MAX, "a deal is a row");

static const struct column shop_columns[] = {
    COLUMN(deal_shop, shop_id, .form = FORM_id, .flags = COLUMN_required),
    COLUMN(deal_shop, parts, .least = 0, .most = (1 << DEAL_PARTS_MAX) - 1,
           .text = "Bit i: part i is redeemed there; left out: those of the shop's merchant."),
};
const struct shape deal_shop_shape = SHAPE("deal_shop", deal_shop, shop_columns);

static const struct column detail_columns[] = {
    COLUMN(deal_detail_row, deal_id, .form = FORM_id),
    COLUMN(deal_detail_row, rules, .text = "In plain words."),
    COLUMN(deal_detail_row, picture, .text = "Address of a picture."),
    COLUMN_LIST(deal_detail_row, shops, deal_shop_shape, .text = "Where it is redeemed."),
    COLUMN(deal_detail_row, changed_by_kind, .form = FORM_choice, .names = caller_names),
    COLUMN(deal_detail_row, changed_by_id, .form = FORM_id),
    COLUMN(deal_detail_row, changed_at_us, .form = FORM_instant),
};
const struct table deal_detail_table = TABLE("deal_details", 52, deal_detail_row, detail_columns, 1);
static_assert(sizeof(struct deal_detail_row) <= ROW_SIZE_MAX - 256, "a detail is a row, packed as well");

static const struct column place_columns[] = {
    COLUMN(deal_place_row, deal_id, .form = FORM_id),
    COLUMN(deal_place_row, shop_id, .form = FORM_id),
    COLUMN(deal_place_row, parts),
    COLUMN(deal_place_row, cell),
    COLUMN(deal_place_row, latitude_e6),
    COLUMN(deal_place_row, longitude_e6),
    COLUMN(deal_place_row, category, .form = FORM_choice, .names = deal_categories),
    COLUMN(deal_place_row, price_minor, .form = FORM_amount),
    COLUMN(deal_place_row, sale_from_us, .form = FORM_instant),
    COLUMN(deal_place_row, sale_until_us, .form = FORM_instant),
};
const struct table deal_place_table = TABLE("deal_places", 53, deal_place_row, place_columns, 2);

static const struct column hours_columns[] = {
    COLUMN(open_hours, minute_from, .flags = COLUMN_required, .least = 0, .most = 1439),
    COLUMN(open_hours, minute_to, .flags = COLUMN_required, .least = 0, .most = 1440,
           .text = "Exclusive; before minute_from: on the next day. Both 0: closed."),
};
const struct shape open_hours_shape = SHAPE("open_hours", open_hours, hours_columns);

static const struct column shop_place_columns[] = {
    COLUMN(shop_place_row, shop_id, .form = FORM_id),
    COLUMN(shop_place_row, placed, .form = FORM_flag),
    COLUMN(shop_place_row, latitude_e6, .text = "Degrees north, in millionths."),
    COLUMN(shop_place_row, longitude_e6, .text = "Degrees east, in millionths."),
    COLUMN(shop_place_row, category, .form = FORM_choice, .names = deal_categories),
    COLUMN(shop_place_row, address),
    COLUMN_LIST(shop_place_row, hours, open_hours_shape, .text = "Monday to Sunday; empty: not said."),
    COLUMN(shop_place_row, reviews),
    COLUMN(shop_place_row, stars, .text = "Of all reviews together."),
    COLUMN(shop_place_row, rating_tenths, .text = "The mean of all stars, in tenths; 0: no review yet."),
    COLUMN_LIST(shop_place_row, deals, id_shape, .form = FORM_hidden),
};
const struct table shop_place_table = TABLE("shop_places", 54, shop_place_row, shop_place_columns, 1);
