/* SPDX-License-Identifier: Apache-2.0 */
#include "ledger/ledger_rows.h"

const char *const purpose_names[] = {
    "",
    [PURPOSE_clearing] = "clearing",
    [PURPOSE_fees] = "fees",
    [3] = "", "", "", "", "", "", "",
    [PURPOSE_wallet] = "wallet",
    [PURPOSE_held] = "held",
    [12] = "", "", "", "", "", "", "", "",
    [PURPOSE_takings] = "takings",
    [PURPOSE_balance] = "balance",
    [PURPOSE_escrow] = "escrow",
    [23] = "", "", "", "", "", "", "",
    [PURPOSE_budget_platform] = "budget_platform",
    [PURPOSE_budget_merchant] = "budget_merchant",
    [32] = "", "", "", "", "", "", "", "",
    [PURPOSE_stock_available] = "stock_available",
    [PURPOSE_stock_held] = "stock_held",
    [42] = "", "", "", "", "", "", "", "",
    [PURPOSE_deal_stock] = "deal_stock",
    [PURPOSE_deal_held] = "deal_held",
    [PURPOSE_vouchers] = "vouchers",
    [PURPOSE_redeemed] = "redeemed",
    [PURPOSE_lapsed] = "lapsed",
    [PURPOSE_offline_quota] = "offline_quota",
    [PURPOSE_slot_free] = "slot_free",
    [PURPOSE_slot_held] = "slot_held",
    [PURPOSE_slot_taken] = "slot_taken",
    [PURPOSE_packet] = "packet",
    [PURPOSE_tips] = "tips",
    NULL,
};

const char *const cause_names[] = {
    "",        "top_up",  "withdraw", "trade_pay", "trade_refund", "campaign_fund", "campaign_release", "hold",
    "capture", "release", "import",   "royalty",   "royalty_return", "transfer",
    [14] = "", "", "", "", "", "",
    [CAUSE_deal_stock] = "deal_stock", "purchase_hold", "purchase_free", "", "", /* deals */
    [CAUSE_voucher_issue] = "voucher_issue", "voucher_redeem", "voucher_undo", "voucher_give", "voucher_return",
    [CAUSE_voucher_lapse] = "voucher_lapse", "voucher_keep", "voucher_unkeep", "", "",
    [CAUSE_packet_fill] = "packet_fill", "packet_claim", "packet_return", "", "",
    [CAUSE_slot_open] = "slot_open", "slot_close", "booking_hold", "booking_take", "booking_free", "booking_earn",
    [CAUSE_booking_return] = "booking_return", "", "", "",
    [CAUSE_meal_earn] = "meal_earn", "meal_return", "meal_tips", "", "",
    NULL,
};

static const struct column account_columns[] = {
    COLUMN(account_row, owner_id, .form = FORM_id),
    COLUMN(account_row, purpose, .form = FORM_choice, .names = purpose_names),
    COLUMN(account_row, unit, .flags = COLUMN_holds_id),
    COLUMN(account_row, balance, .form = FORM_amount),
    COLUMN(account_row, floor, .form = FORM_amount),
    COLUMN(account_row, last_transfer_id, .form = FORM_id),
    COLUMN(account_row, transfer_count),
    COLUMN(account_row, opened_at_us, .form = FORM_instant),
};
const struct table account_table = TABLE("accounts", 10, account_row, account_columns, 3);

static const struct column leg_columns[] = {
    COLUMN(leg_row, from_owner_id, .form = FORM_id),
    COLUMN(leg_row, from_purpose, .form = FORM_choice, .names = purpose_names),
    COLUMN(leg_row, to_owner_id, .form = FORM_id),
    COLUMN(leg_row, to_purpose, .form = FORM_choice, .names = purpose_names),
    COLUMN(leg_row, unit),
    COLUMN(leg_row, amount, .form = FORM_amount),
    COLUMN(leg_row, from_balance, .form = FORM_amount),
    COLUMN(leg_row, to_balance, .form = FORM_amount),
    COLUMN(leg_row, from_previous_id, .form = FORM_id),
    COLUMN(leg_row, to_previous_id, .form = FORM_id),
};
const struct shape leg_shape = SHAPE("leg", leg_row, leg_columns);

static const struct column transfer_columns[] = {
    COLUMN(transfer_row, transfer_id, .form = FORM_id),
    COLUMN(transfer_row, at_us, .form = FORM_instant),
    COLUMN(transfer_row, cause, .form = FORM_choice, .names = cause_names),
    COLUMN(transfer_row, reference_id, .form = FORM_id),
    COLUMN_LIST(transfer_row, legs, leg_shape),
};
/* Unguarded: an id of its own. */
const struct table transfer_table = TABLE_UNGUARDED("transfers", 11, transfer_row, transfer_columns, 1);

static const char *const hold_states[] = { "", "open", "captured", "released", "lapsed", NULL };

static const struct column hold_columns[] = {
    COLUMN(hold_row, hold_id, .form = FORM_id),
    COLUMN(hold_row, owner_id, .form = FORM_id),
    COLUMN(hold_row, purpose, .form = FORM_choice, .names = purpose_names),
    COLUMN(hold_row, unit),
    COLUMN(hold_row, amount, .form = FORM_amount),
    COLUMN(hold_row, captured, .form = FORM_amount),
    COLUMN(hold_row, state, .form = FORM_choice, .names = hold_states),
    COLUMN(hold_row, cause, .form = FORM_choice, .names = cause_names),
    COLUMN(hold_row, reference_id, .form = FORM_id),
    COLUMN(hold_row, lapses_at_us, .form = FORM_instant),
    COLUMN(hold_row, created_at_us, .form = FORM_instant),
};
const struct table hold_table = TABLE("holds", 12, hold_row, hold_columns, 1);
