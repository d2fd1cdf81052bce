/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of purchases: who bought copies of a deal, how many a person has, what became of a deal per shop and day. */
#ifndef LINES_LOCAL_PURCHASE_ROWS_H
#define LINES_LOCAL_PURCHASE_ROWS_H

#include "lines/local/deal_rows.h"

#define PURCHASE_COPIES_MAX 20
#define PURCHASE_VOUCHERS_MAX 50 /* of one purchase: copies times parts */

enum purchase_state {
    PURCHASE_waiting = 1,  /* its trade waits for its payment; the pieces are held */
    PURCHASE_paid = 2,     /* of a group that is not settled yet; the pieces are held */
    PURCHASE_issued = 3,   /* its vouchers are the shopper's */
    PURCHASE_closed = 4,   /* never paid */
    PURCHASE_refunded = 5, /* before there were vouchers: the group failed, or the shopper left it */
};

struct purchase_row {
    int64_t purchase_id;
    int64_t deal_id;
    int64_t shop_id;    /* who sold it */
    int64_t shopper_id;
    int64_t person_id;
    int64_t trade_id;
    int32_t copies;
    int64_t price_minor;  /* of a copy */
    int64_t amount_minor; /* of all copies: the trade's price */
    int32_t pieces;       /* of all copies */
    int32_t state;        /* enum purchase_state */
    int64_t created_at_us;
    int64_t paid_at_us;
    int64_t closed_at_us; /* closed or refunded */
    int64_t previous_id;  /* of a group: the purchase that was paid before this one */
    int64_t give_id;      /* of a give-away at a token price; 0: bought */
    int32_t parts_count;
    struct purchase_part {
        int64_t share_minor; /* of one copy, as it was when it was bought */
    } parts[DEAL_PARTS_MAX];
    int64_t voucher_id;   /* the first that came of it; 0: none yet */
    int32_t counted;      /* enum hoard_kind: that its person keeps without having paid */
};

/* How much of a deal one person has: waiting, paid and issued copies, less what was returned in whole. */
struct deal_buyer_row {
    int64_t deal_id;
    int64_t person_id;
    int64_t copies;
    int64_t group_copies; /* of a group: paid and not refunded by the group */
};

/*
 * What became of a deal in a shop on a day of that shop's zone; with shop_id 0 and day 0, in all. Sold is counted when
 * vouchers come into being, at the shop that sold them; the rest where it happens. Open is sold less redeemed,
 * returned and lapsed, in pieces and in cents.
 */
struct deal_day_row {
    int64_t deal_id;
    int64_t shop_id;
    int32_t day; /* yyyymmdd */
    int64_t sold_pieces, sold_minor;         /* minor: of the price before campaigns */
    int64_t redeemed_pieces, redeemed_minor; /* undone ones are taken off again */
    int64_t returned_pieces, returned_minor;
    int64_t lapsed_pieces, lapsed_minor;
    int64_t earned_minor;     /* went to the shop: of what was redeemed, and of what lapsed without a refund */
    int64_t commission_minor; /* went to the platform */
    int64_t sold_copies;
    int64_t stock_copies;     /* only in all: came on sale, less what was taken off at the end */
    int64_t restocked_pieces; /* only in all: of those returned, on sale again */
    int64_t awaiting_minor;   /* only in all: paid for by people of an open group */
    int64_t awaiting_pieces;
    int64_t buyers;           /* only in all, of a group: people who paid and did not leave */
    int64_t last_purchase_id; /* only in all, of a group: the end of the chain of purchases */
};

extern const struct table purchase_table;
extern const struct table deal_buyer_table;
extern const struct table deal_day_table;
extern const char *const purchase_states[];

#endif
