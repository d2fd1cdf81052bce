/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Royalties: shares of a trade's takings that are paid on to others. A merchant binds receivers; a settlement
 * of a paid trade, under the merchant's out_request_no, moves its lines from the shop's takings to receivers,
 * all or none, within the policy's share of the price, within what is left of the trade after refunds, and for
 * 30 days. A refund takes the shares back in proportion, so that the shop never pays what it gave away.
 *
 * Called from decisions.
 */
#ifndef TILL_ROYALTY_H
#define TILL_ROYALTY_H

#include "people/people.h"
#include "till/royalty_rows.h"
#include "till/trade_rows.h"

/* ---- requests ---- */

struct royalty_receiver {
    int32_t kind; /* enum party_kind */
    int64_t id;
    char memo[NAME_SIZE];
    char name[NAME_SIZE]; /* when given it must be the receiver's */
};

/* Of royalty_bind and royalty_unbind. Of the receivers of an unbinding only kind, id and name are looked at. */
struct royalty_bind {
    int64_t merchant_id;
    int32_t receivers_count;
    struct royalty_receiver receivers[ROYALTY_LIST_MAX];
};

/* Their answer. */
struct royalty_bound {
    int64_t merchant_id;
    int32_t changed;   /* how many were not bound before, or were until now */
    int64_t receivers; /* how many are bound now */
};

struct trade_settle_line {
    int32_t kind; /* enum party_kind */
    int64_t id;
    int64_t amount_minor;
    int32_t percent; /* of the price, rounded down, when no amount is given */
    char description[NAME_SIZE];
    char name[NAME_SIZE]; /* when given it must be the receiver's */
};

/* The answer is the struct settle_row. */
struct trade_settle {
    int64_t trade_id;
    char out_request_no[NUMBER_SIZE];
    int32_t finish; /* no more will be split of this trade; lines may then be missing */
    int32_t lines_count;
    struct trade_settle_line lines[SETTLE_LINES_MAX];
};

struct trade_settle_query {
    int64_t trade_id;
    char out_request_no[NUMBER_SIZE];
    int64_t settle_id; /* not 0: by this alone */
};

extern const struct command royalty_bind, royalty_unbind;
extern const struct command trade_settle, trade_settle_query;

/* ---- for refunds ---- */

/* What receivers shall give back with a refund, each named once. */
struct royalty_returns {
    int32_t count;
    const struct royalty_return *lines;
};

/*
 * Takes shares of the trade back into its shop's takings, before a refund of `refund->amount_minor` is taken
 * out of them: from each receiver in proportion to what the refund is of the rest of the price, rounded down,
 * the last refund exactly the rest; or, when `given` is not NULL, exactly what it says. The refund has its id;
 * `trade->left_minor` is that before the refund. Sets royalty_minor of both and the refund's list.
 */
enum refusal royalty_give_back(struct view *view, struct moment *at, struct trade_row *trade, struct refund_row *refund,
                               const struct royalty_returns *given);

#endif
