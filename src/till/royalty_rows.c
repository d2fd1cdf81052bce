/* SPDX-License-Identifier: Apache-2.0 */
#include "till/royalty_rows.h"

static const struct column relation_columns[] = {
    COLUMN(royalty_relation_row, merchant_id, .form = FORM_id),
    COLUMN(royalty_relation_row, receiver_kind, .form = FORM_choice, .names = party_kinds),
    COLUMN(royalty_relation_row, receiver_id, .form = FORM_id),
    COLUMN(royalty_relation_row, memo),
    COLUMN(royalty_relation_row, name),
    COLUMN(royalty_relation_row, bound_at_us, .form = FORM_instant),
};
const struct table royalty_relation_table =
    TABLE("royalty_relations", 45, royalty_relation_row, relation_columns, 3);

static const struct column settle_line_columns[] = {
    COLUMN(settle_line_row, kind, .form = FORM_choice, .names = party_kinds),
    COLUMN(settle_line_row, id, .form = FORM_id),
    COLUMN(settle_line_row, amount_minor, .form = FORM_amount),
    COLUMN(settle_line_row, description),
};
static const struct shape settle_line_shape = SHAPE("settle_line", settle_line_row, settle_line_columns);

static const struct column settle_columns[] = {
    COLUMN(settle_row, trade_id, .form = FORM_id),
    COLUMN(settle_row, out_request_no),
    COLUMN(settle_row, settle_id, .form = FORM_id),
    COLUMN(settle_row, shop_id, .form = FORM_id),
    COLUMN(settle_row, at_us, .form = FORM_instant),
    COLUMN(settle_row, transfer_id, .form = FORM_id),
    COLUMN(settle_row, amount_minor, .form = FORM_amount),
    COLUMN(settle_row, finish, .form = FORM_flag),
    COLUMN_LIST(settle_row, lines, settle_line_shape),
};
const struct table settle_table = TABLE("settles", 46, settle_row, settle_columns, 2);

static const struct column part_columns[] = {
    COLUMN(royalty_part_row, kind, .form = FORM_choice, .names = party_kinds),
    COLUMN(royalty_part_row, id, .form = FORM_id),
    COLUMN(royalty_part_row, paid_minor, .form = FORM_amount),
    COLUMN(royalty_part_row, left_minor, .form = FORM_amount),
};
static const struct shape part_shape = SHAPE("royalty_part", royalty_part_row, part_columns);

static const struct column royalty_columns[] = {
    COLUMN(royalty_row, trade_id, .form = FORM_id),
    COLUMN(royalty_row, settles),
    COLUMN(royalty_row, finished, .form = FORM_flag),
    COLUMN_LIST(royalty_row, parts, part_shape),
};
const struct table royalty_table = TABLE("royalties", 49, royalty_row, royalty_columns, 1);

static const struct column settle_number_columns[] = {
    COLUMN(settle_number_row, settle_id, .form = FORM_id),
    COLUMN(settle_number_row, trade_id, .form = FORM_id),
    COLUMN(settle_number_row, out_request_no),
};
const struct table settle_number_table = TABLE("settle_numbers", 50, settle_number_row, settle_number_columns, 1);

static const struct column return_columns[] = {
    COLUMN(royalty_return, kind, .form = FORM_choice, .names = party_kinds),
    COLUMN(royalty_return, id, .form = FORM_id),
    COLUMN(royalty_return, amount_minor, .form = FORM_amount),
};
const struct shape royalty_return_shape = SHAPE("royalty_return", royalty_return, return_columns);
