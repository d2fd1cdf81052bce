/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the ledger: accounts, transfers with their legs, holds. */
#ifndef LEDGER_LEDGER_ROWS_H
#define LEDGER_LEDGER_ROWS_H

#include "engine/row.h"

/* What an account is for; says also what kind of thing its owner is. Numbers are frozen. */
enum purpose {
    PURPOSE_clearing = 1,        /* owner 0: the bank, mirror of the outside world; the only one without a floor */
    PURPOSE_fees = 2,            /* owner 0: income */
    PURPOSE_wallet = 10,         /* shopper: owed to a shopper */
    PURPOSE_held = 11,           /* shopper: held aside from the wallet */
    PURPOSE_takings = 20,        /* shop: owed to a merchant, not yet settled */
    PURPOSE_balance = 21,        /* merchant: owed to a merchant, withdrawable */
    PURPOSE_escrow = 22,         /* trade: paid, not yet earned */
    PURPOSE_budget_platform = 30, /* campaign: the platform's share of the budget */
    PURPOSE_budget_merchant = 31, /* campaign: the merchant's share of the budget */
    PURPOSE_stock_available = 40, /* shop: pieces of a SKU that may be sold */
    PURPOSE_stock_held = 41,      /* shop: pieces that wait for their buyer */
    PURPOSE_deal_stock = 50,      /* deal: pieces for sale */
    PURPOSE_deal_held = 51,       /* deal: pieces in purchases that are not paid yet */
    PURPOSE_vouchers = 52,        /* shopper: pieces bought and neither redeemed nor returned */
    PURPOSE_redeemed = 53,        /* shop: pieces of a deal that it redeemed */
    PURPOSE_lapsed = 54,          /* deal: pieces whose time ran out */
    PURPOSE_offline_quota = 55,   /* shop: pieces that it may accept without a network */
    PURPOSE_slot_free = 56,       /* resource: places of a slot that may be booked */
    PURPOSE_slot_held = 57,       /* resource: places that wait for their payment */
    PURPOSE_slot_taken = 58,      /* resource: places that are booked */
    PURPOSE_packet = 59,          /* red packet: money that nobody has claimed yet */
    PURPOSE_tips = 60,            /* shop: given by guests, owed to its staff */
};

extern const char *const purpose_names[]; /* by number; holes are empty */

/* Why a transfer was made. Numbers are frozen. */
enum cause_kind {
    CAUSE_top_up = 1,
    CAUSE_withdraw = 2,
    CAUSE_trade_pay = 3,
    CAUSE_trade_refund = 4,
    CAUSE_campaign_fund = 5,
    CAUSE_campaign_release = 6,
    CAUSE_hold = 7,
    CAUSE_capture = 8,
    CAUSE_release = 9,
    CAUSE_import = 10,
    CAUSE_royalty = 11,
    CAUSE_royalty_return = 12,
    CAUSE_transfer = 13,
    CAUSE_deal_stock = 20,    /* pieces came on sale, or were taken off at the end */
    CAUSE_purchase_hold = 21, /* set aside for a purchase that is not paid yet */
    CAUSE_purchase_free = 22, /* and given back, as it was not */
    CAUSE_voucher_issue = 25,
    CAUSE_voucher_redeem = 26,
    CAUSE_voucher_undo = 27,
    CAUSE_voucher_give = 28,
    CAUSE_voucher_return = 29,
    CAUSE_voucher_lapse = 30,
    CAUSE_voucher_keep = 31,
    CAUSE_voucher_unkeep = 32,
    CAUSE_packet_fill = 35, /* red packets: filled by their sender, opened, the rest given back */
    CAUSE_packet_claim = 36,
    CAUSE_packet_return = 37,
    CAUSE_meal_earn = 50,   /* a meal is done: out of its escrow */
    CAUSE_meal_return = 51, /* and back into it, to be given back */
    CAUSE_meal_tips = 52,   /* paid to one of the staff */
    CAUSE_slot_open = 40,    /* places of a slot or a show came into being */
    CAUSE_slot_close = 41,   /* and were taken away, as the show was cancelled */
    CAUSE_booking_hold = 42, /* set aside for a booking that is not paid, or an offer */
    CAUSE_booking_take = 43, /* booked */
    CAUSE_booking_free = 44, /* given back by it */
    CAUSE_booking_earn = 45, /* what was paid for it is the shop's now */
    CAUSE_booking_return = 46, /* and goes back, as the shop wants */
};

extern const char *const cause_names[];

#define UNIT_CNY INT64_C(156) /* currencies are their ISO 4217 numbers; SKUs and slots are ids beyond 10^9 */

struct account_row {
    int64_t owner_id;
    int32_t purpose;
    int64_t unit;
    int64_t balance;
    int64_t floor; /* 0, except clearing */
    int64_t last_transfer_id;
    int64_t transfer_count;
    int64_t opened_at_us;
};

struct leg_row {
    int64_t from_owner_id;
    int32_t from_purpose;
    int64_t to_owner_id;
    int32_t to_purpose;
    int64_t unit;
    int64_t amount;
    int64_t from_balance;     /* after this leg */
    int64_t to_balance;       /* after this leg */
    int64_t from_previous_id; /* the transfer that touched the account before this one; 0: none */
    int64_t to_previous_id;
};

struct transfer_row {
    int64_t transfer_id;
    int64_t at_us;
    int32_t cause; /* enum cause_kind */
    int64_t reference_id;
    int32_t legs_count;
    struct leg_row legs[LEGS_MAX];
};

enum hold_state {
    HOLD_open = 1,
    HOLD_captured = 2,
    HOLD_released = 3,
    HOLD_lapsed = 4,
};

struct hold_row {
    int64_t hold_id;
    int64_t owner_id;
    int32_t purpose; /* of the account it was taken from */
    int64_t unit;
    int64_t amount;
    int64_t captured;
    int32_t state; /* enum hold_state */
    int32_t cause;
    int64_t reference_id;
    int64_t lapses_at_us;
    int64_t created_at_us;
};

extern const struct shape leg_shape;
extern const struct table account_table;
extern const struct table transfer_table;
extern const struct table hold_table;

/* Timer kinds of all folders, in one list because the engine indexes its timer commands by them. Frozen. */
enum timer_kind {
    TIMER_hold_lapse = 1,
    TIMER_trade_expire = 2,
    TIMER_lottery_draw = 3,
    TIMER_packet_return = 4,
    TIMER_deal_group_settle = 5,
    TIMER_voucher_lapse = 6,
    TIMER_booking_due = 10,
    TIMER_booking_offer = 11,
    TIMER_show_return = 12,
    TIMER_ticket_late = 14,
    TIMER_ride_look = 15,
    TIMER_meal_look = 16,
    TIMER_waiting_turn = 17,
    TIMER_count,
};

#endif
