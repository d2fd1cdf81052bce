/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the trade: what is paid, its number, its refunds, and what a shop took on a day. */
#ifndef TILL_TRADE_ROWS_H
#define TILL_TRADE_ROWS_H

#include "engine/row.h"
#include "people/people_rows.h"
#include "till/royalty_rows.h"

enum trade_state {
    TRADE_wait_buyer_pay = 1,
    TRADE_success = 2,
    TRADE_finished = 3, /* paid, and no refund is possible any more */
    TRADE_closed = 4,
};

enum trade_way {
    WAY_scan = 1,    /* the shop scanned the shopper's pay code */
    WAY_dynamic = 2, /* the shopper scanned the trade's QR */
    WAY_static = 3,  /* the shopper scanned the counter's QR and typed the amount */
    WAY_page = 4,    /* the shopper pays on a page of ours */
};

/* The lines of business. Numbers are frozen. */
enum line_number {
    LINE_none = 0,
    LINE_pay = 1,
    LINE_local = 2,
    LINE_retail = 3,
};

enum close_reason {
    CLOSE_none = 0,
    CLOSE_timeout = 1,
    CLOSE_cancelled = 2, /* by the shop, whatever had happened */
    CLOSE_closed = 3,    /* by the shop, while unpaid */
    CLOSE_declined = 4,  /* by the shopper */
    CLOSE_refunded = 5,  /* in full */
};

/* One campaign's part of a trade. What is left of each part after refunds is kept beside it. */
struct discount_row {
    int64_t campaign_id;
    int64_t platform_minor;
    int64_t merchant_minor;
    int64_t platform_left_minor;
    int64_t merchant_left_minor;
};

struct trade_row {
    int64_t trade_id;
    int64_t merchant_id;
    int64_t shop_id;
    int64_t terminal_id; /* 0: none named */
    int64_t shopper_id;  /* 0: not known yet */
    char out_trade_no[NUMBER_SIZE];
    char subject[NAME_SIZE];
    int32_t currency;
    int32_t state; /* enum trade_state */
    int32_t way;   /* enum trade_way */
    int32_t close_reason;
    int64_t list_minor;     /* the price before discounts */
    int64_t discount_minor; /* list_minor = discount_minor + paid_minor once paid */
    int64_t paid_minor;
    int64_t paid_left_minor; /* of paid_minor, after refunds */
    int64_t left_minor;      /* of list_minor, after refunds: what may still be refunded */
    int32_t confirmed;       /* the shopper confirmed it */
    int32_t day;             /* yyyymmdd in the shop's zone when paid */
    int64_t created_at_us;
    int64_t paid_at_us;
    int64_t closed_at_us;
    int64_t expires_at_us;
    int64_t transfer_id; /* of the payment */
    int32_t refund_count;
    int32_t discounts_count;
    struct discount_row discounts[DISCOUNTS_MAX];
    int64_t app_id;         /* of the app that opened it; 0: none */
    int64_t scanned_at_us;  /* when its shopper scanned it before paying; 0: never */
    int64_t royalty_minor;  /* split off from its takings and not returned */
    int32_t royalty_frozen; /* 1: its takings may be split */
    int32_t line;           /* enum line_number: whose business it pays for; 0: a payment at a till, and nothing else */
    int32_t line_kind;      /* what line_id names, in the line's own numbers */
    int64_t line_id;
    int32_t escrow;         /* 1: the price went to the trade's escrow, and the line pays the shop out of it */
};

/*
 * What is known of a trade beside what it takes to pay it. There is a row only when something of it was given,
 * so that other payments cost nothing more. Texts are what the merchant's program said, for its own eyes.
 */
struct trade_detail {
    char subject[769];      /* the whole of it, when it is longer than the trade's */
    char body[385];
    char operator_id[97];
    char store_code[97];    /* the merchant's own code of the shop */
    char terminal_code[97]; /* and of the terminal */
    char passback[513];     /* comes back in each notice */
    char notify_url[ADDRESS_SIZE];
    char return_url[ADDRESS_SIZE];
    char goods[1200];       /* JSON */
    char product[65];
    char query_options[257];
    char seller_text[29];
    int32_t charset;   /* of notices: enum detail_charset */
    int32_t sign_type; /* of notices: enum detail_sign */
    int32_t app_cert;  /* 1: the app signed with its certificate */
};

enum detail_charset { DETAIL_utf8 = 0, DETAIL_gbk = 1 };
enum detail_sign { DETAIL_rsa2 = 0, DETAIL_rsa = 1 };

struct trade_detail_row {
    int64_t trade_id;
    struct trade_detail detail;
};
static_assert(sizeof(struct trade_detail_row) <= ROW_SIZE_MAX - 32, "a row of it fits, packed as well");

/* The merchant's number of a trade. The number comes first in the key: numbers are mostly given in order. */
struct trade_number_row {
    char out_trade_no[NUMBER_SIZE];
    int64_t merchant_id;
    int64_t trade_id;
};

struct refund_row {
    int64_t trade_id;
    char out_request_no[NUMBER_SIZE];
    int64_t refund_id;
    int64_t amount_minor;   /* of the list price */
    int64_t paid_minor;     /* back to the shopper */
    int64_t discount_minor; /* back to the campaigns' budgets */
    char reason[NAME_SIZE];
    int64_t at_us;
    int64_t transfer_id;
    int64_t shop_id;
    int64_t merchant_id;
    int64_t royalty_transfer_id; /* 0: no share came back with it */
    int64_t royalty_minor;       /* of all shares that came back */
    int32_t royalties_count;
    struct royalty_return royalties[ROYALTY_PARTS_MAX];
};

/* What a shop took on a day of its own zone. */
struct shop_day_row {
    int64_t shop_id;
    int32_t day; /* yyyymmdd */
    int64_t payments;
    int64_t list_minor;
    int64_t discount_minor;
    int64_t paid_minor;
    int64_t refunds;
    int64_t refunded_paid_minor;
    int64_t refunded_discount_minor;
};

extern const struct table trade_table;
extern const struct table trade_number_table;
extern const struct table trade_detail_table;
extern const struct table refund_table;
extern const struct table shop_day_table;
extern const char *const trade_states[], *const trade_ways[], *const close_reasons[], *const line_names[];

#endif
