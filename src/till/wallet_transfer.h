/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfers to a shopper's wallet: from a shop's takings (a prize, a commission, a refund outside of any trade)
 * or from another shopper's wallet. The payer's own out_biz_no makes a transfer idempotent: the same number with
 * the same payee and amount is the same transfer. At once, in full or not at all.
 */
#ifndef TILL_WALLET_TRANSFER_H
#define TILL_WALLET_TRANSFER_H

#include "engine/command.h"
#include "till/party.h"

#define TRANSFER_TITLE_SIZE 256
#define TRANSFER_REMARK_SIZE 512
#define WALLET_ZONE_MINUTES 480 /* of the day in which a shopper's transfers count: no shop is part of them */

struct shopper_row;

struct wallet_transfer_row {
    int32_t payer_kind; /* PARTY_shop or PARTY_shopper */
    int64_t payer_id;
    char out_biz_no[NUMBER_SIZE];
    int64_t order_id; /* given by us */
    int64_t payee_id; /* a shopper */
    int64_t amount_minor;
    int32_t currency;
    char title[TRANSFER_TITLE_SIZE];
    char remark[TRANSFER_REMARK_SIZE];
    int64_t at_us;
    int64_t transfer_id;
};

/* From the number that a transfer was given by us to its row. */
struct transfer_order_row {
    int64_t order_id;
    int32_t payer_kind;
    int64_t payer_id;
    char out_biz_no[NUMBER_SIZE];
};

extern const struct table wallet_transfer_table;
extern const struct table transfer_order_table;

/* Of wallet_transfer (the shop pays) and wallet_send (the shopper pays); the other id is 0. The answer is the row. */
struct wallet_transfer {
    int64_t shop_id;
    int64_t shopper_id;
    char out_biz_no[NUMBER_SIZE];
    int64_t payee_id; /* a shopper */
    int64_t amount_minor;
    char name[NAME_SIZE]; /* when given it must be the payee's */
    char title[TRANSFER_TITLE_SIZE];
    char remark[TRANSFER_REMARK_SIZE];
};

/* Of wallet_transfer_query and wallet_send_query. */
struct wallet_transfer_query {
    int64_t shop_id;
    int64_t shopper_id;
    char out_biz_no[NUMBER_SIZE];
    int64_t order_id; /* not 0: by this alone; it must be of that payer */
};

struct shop_funds_query {
    int64_t shop_id;
};

struct shop_funds {
    int64_t shop_id;
    int32_t currency;
    int64_t available_minor; /* of the takings: what may be paid out or given back now */
    int64_t transfer_id;     /* the newest entry of the takings' statement */
};

/*
 * Books what a shopper sends out of the wallet as a payment of the day that was confirmed: asking for it is the
 * confirmation. Refuses with day_limit_reached.
 */
MUST_CHECK enum refusal wallet_day_book(struct view *view, const struct moment *at, const struct shopper_row *asked,
                                        int64_t amount_minor);

extern const struct command wallet_transfer, wallet_send;
extern const struct command wallet_transfer_query, wallet_send_query;
extern const struct command shop_funds;

#endif
