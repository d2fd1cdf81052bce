/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bills of a day, read from durable rows: each payment and refund of a merchant's shops, and each movement of a
 * shop's takings with the balance after it. Days are those of the shop's own zone, as in the shops' daily sums.
 * They cost the payment path nothing but an index of refunds. Runs on a reader's thread.
 */
#ifndef TILL_BILL_H
#define TILL_BILL_H

#include "engine/read.h"
#include "till/till_rows.h"
#include "till/wallet_transfer.h"

#define BILL_TRADE_DAYS_MAX 16 /* a trade is paid at most so many days after it was opened */

struct bill_trades_request {
    int64_t merchant_id;
    int32_t day; /* yyyymmdd */
};

enum bill_line_kind {
    BILL_LINE_payment = 1,
    BILL_LINE_refund = 2,
};

/*
 * A shop's payments in the order of their trades, then its refunds in the order in which they were made, then the
 * next shop's. Amounts are the merchant's view: a refund's are negative.
 */
struct bill_trade_line {
    int32_t kind; /* enum bill_line_kind */
    int64_t trade_id;
    char out_trade_no[NUMBER_SIZE];
    char subject[NAME_SIZE];
    int64_t created_at_us;
    int64_t finished_at_us; /* when it was paid, or given back */
    int64_t shop_id;
    char shop_name[NAME_SIZE];
    int64_t terminal_id;
    int64_t shopper_id;
    char shopper_name[NAME_SIZE];
    int32_t currency;
    int64_t list_minor;     /* the price */
    int64_t receipt_minor;  /* what the merchant got: the price less its own discounts */
    int64_t platform_minor; /* discounts that the platform paid */
    int64_t merchant_minor; /* discounts that the merchant paid */
    int64_t paid_minor;     /* what the shopper paid */
    int64_t royalty_minor;  /* negative: split off; positive: came back with the refund */
    char out_request_no[NUMBER_SIZE]; /* of a refund */
    char reason[NAME_SIZE];           /* of a refund */
};

struct bill_account_request {
    int64_t shop_id;
    int32_t day;
};

/* Newest first: each says the balance after it. */
struct bill_account_line {
    int64_t transfer_id;
    int64_t at_us;
    int32_t cause; /* enum cause_kind */
    int64_t reference_id;
    int64_t trade_id; /* 0: it belongs to no trade */
    char number[NUMBER_SIZE]; /* the merchant's: out_trade_no, or out_biz_no of a transfer */
    char subject[TRANSFER_TITLE_SIZE];
    int64_t shopper_id; /* on the other side; 0: none, or several */
    int64_t amount_minor; /* negative: out of the takings */
    int64_t balance_minor;
};

extern const struct read bill_trades, bill_account;

#endif
