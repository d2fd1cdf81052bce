/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of royalties: who may get shares of a merchant's trades, and the shares of each trade. */
#ifndef TILL_ROYALTY_ROWS_H
#define TILL_ROYALTY_ROWS_H

#include "engine/row.h"
#include "till/party.h"

#define SETTLE_LINES_MAX 5           /* receivers of one settlement */
#define ROYALTY_PARTS_MAX LEGS_MAX   /* receivers of one trade: a refund takes all shares back in one transfer */
#define ROYALTY_SETTLES_MAX 50       /* settlements of one trade */
#define ROYALTY_RECEIVERS_MAX 1000   /* receivers bound to one merchant */
#define ROYALTY_LIST_MAX 20          /* receivers of one request to bind or unbind */
#define ROYALTY_WINDOW_DAYS 30       /* after the payment; later what was not split stays the shop's */

/* A party that shares of the merchant's trades may be paid to. */
struct royalty_relation_row {
    int64_t merchant_id;
    int32_t receiver_kind; /* enum party_kind */
    int64_t receiver_id;
    char memo[NAME_SIZE];
    char name[NAME_SIZE]; /* as the merchant gave it */
    int64_t bound_at_us;
};

struct settle_line_row {
    int32_t kind; /* enum party_kind */
    int64_t id;
    int64_t amount_minor;
    char description[NAME_SIZE];
};

/* One settlement: shares of a trade's takings, all moved in one transfer. */
struct settle_row {
    int64_t trade_id;
    char out_request_no[NUMBER_SIZE];
    int64_t settle_id;
    int64_t shop_id; /* whose takings it came from */
    int64_t at_us;
    int64_t transfer_id;  /* 0: it only ended the splitting */
    int64_t amount_minor; /* of all lines */
    int32_t finish;       /* 1: the last one of this trade */
    int32_t lines_count;
    struct settle_line_row lines[SETTLE_LINES_MAX];
};

/* What one receiver got of a trade, over all its settlements. */
struct royalty_part_row {
    int32_t kind; /* enum party_kind */
    int64_t id;
    int64_t paid_minor;
    int64_t left_minor; /* of it, after refunds took their share back */
};

/* The shares of one trade; the sum of what they have left is the trade's royalty_minor. */
struct royalty_row {
    int64_t trade_id;
    int32_t settles;
    int32_t finished;
    int32_t parts_count;
    struct royalty_part_row parts[ROYALTY_PARTS_MAX];
};

/* From the number that a settlement was given by us to its row. */
struct settle_number_row {
    int64_t settle_id;
    int64_t trade_id;
    char out_request_no[NUMBER_SIZE];
};

/* What one receiver gave back with a refund. */
struct royalty_return {
    int32_t kind; /* enum party_kind */
    int64_t id;
    int64_t amount_minor;
};

extern const struct shape royalty_return_shape;
extern const struct table royalty_relation_table;
extern const struct table settle_table;
extern const struct table royalty_table;
extern const struct table settle_number_table;

#endif
