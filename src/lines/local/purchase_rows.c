/* SPDX-License-Identifier: Apache-2.0 */
#include "lines/local/purchase_rows.h"

const char *const purchase_states[] = { "", "waiting", "paid", "issued", "closed", "refunded", NULL };

static const struct column purchase_part_columns[] = {
    COLUMN(purchase_part, share_minor, .form = FORM_amount),
};
static const struct shape purchase_part_shape = SHAPE("purchase_part", purchase_part, purchase_part_columns);

static const struct column purchase_columns[] = {
    COLUMN(purchase_row, purchase_id, .form = FORM_id),
    COLUMN(purchase_row, deal_id, .form = FORM_id),
    COLUMN(purchase_row, shop_id, .form = FORM_id),
    COLUMN(purchase_row, shopper_id, .form = FORM_id),
    COLUMN(purchase_row, person_id, .form = FORM_id),
    COLUMN(purchase_row, trade_id, .form = FORM_id),
    COLUMN(purchase_row, copies),
    COLUMN(purchase_row, price_minor, .form = FORM_amount),
    COLUMN(purchase_row, amount_minor, .form = FORM_amount),
    COLUMN(purchase_row, pieces),
    COLUMN(purchase_row, state, .form = FORM_choice, .names = purchase_states),
    COLUMN(purchase_row, created_at_us, .form = FORM_instant),
    COLUMN(purchase_row, paid_at_us, .form = FORM_instant),
    COLUMN(purchase_row, closed_at_us, .form = FORM_instant),
    COLUMN(purchase_row, previous_id, .form = FORM_hidden),
    COLUMN(purchase_row, give_id, .form = FORM_id),
    COLUMN_LIST(purchase_row, parts, purchase_part_shape, .form = FORM_hidden),
    COLUMN(purchase_row, voucher_id, .form = FORM_id, .text = "The first that came of it."),
    COLUMN(purchase_row, counted, .form = FORM_hidden),
};
const struct table purchase_table = TABLE("purchases", 55, purchase_row, purchase_columns, 1);

static const struct column buyer_columns[] = {
    COLUMN(deal_buyer_row, deal_id, .form = FORM_id),
    COLUMN(deal_buyer_row, person_id, .form = FORM_id),
    COLUMN(deal_buyer_row, copies),
    COLUMN(deal_buyer_row, group_copies),
};
const struct table deal_buyer_table = TABLE("deal_buyers", 56, deal_buyer_row, buyer_columns, 2);

#define SUM(member, ...) COLUMN(deal_day_row, member, __VA_ARGS__)
static const struct column day_columns[] = {
    SUM(deal_id, .form = FORM_id),
    SUM(shop_id, .form = FORM_id),
    SUM(day, .form = FORM_day),
    SUM(sold_pieces, .text = "In vouchers that came into being."),
    SUM(sold_minor, .form = FORM_amount, .text = "Of the price before campaigns."),
    SUM(redeemed_pieces, .text = NULL),
    SUM(redeemed_minor, .form = FORM_amount),
    SUM(returned_pieces, .text = NULL),
    SUM(returned_minor, .form = FORM_amount),
    SUM(lapsed_pieces, .text = NULL),
    SUM(lapsed_minor, .form = FORM_amount),
    SUM(earned_minor, .form = FORM_amount, .text = "Went to the shop."),
    SUM(commission_minor, .form = FORM_amount, .text = "Went to the platform."),
    SUM(sold_copies, .text = NULL),
    SUM(stock_copies, .text = "Came on sale, less what was taken off at the end."),
    SUM(restocked_pieces, .text = "Of those returned, on sale again."),
    SUM(awaiting_minor, .form = FORM_amount, .text = "Paid by people of a group that is not settled."),
    SUM(awaiting_pieces, .text = NULL),
    SUM(buyers, .text = "People of a group who have paid."),
    SUM(last_purchase_id, .form = FORM_hidden),
};
const struct table deal_day_table = TABLE("deal_days", 57, deal_day_row, day_columns, 3);
